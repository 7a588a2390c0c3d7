//! How many starts may be without an answer.

use prost::Message;

use crate::{
    limits::{STARTS_BYTES_MAX, STARTS_MAX},
    work::Work,
};

impl Work<'_, '_> {
    /// How many more starts that nothing else holds back may be sent: no more than so many are unanswered, at least one.
    pub(crate) fn starts_left(&self) -> usize {
        let new = self.progress.buffer.iter().filter(|action| action.action == 0).count();
        self.unanswered_max().saturating_sub(self.progress.starting.len()).saturating_sub(new)
    }

    /// Whether starts are held back until others are answered: the answers will go on.
    pub(crate) fn waits_for_answers(&self) -> bool {
        let count = self.progress.starting.len();
        // At least one may be.
        count > 0 && count >= self.unanswered_max()
    }

    /// Most starts that may be unanswered.
    fn unanswered_max(&self) -> usize {
        let bytes = self.action().map_or(0, Message::encoded_len) + self.outcome().encoded_len();
        (STARTS_BYTES_MAX / bytes.max(1)).clamp(1, STARTS_MAX)
    }
}
