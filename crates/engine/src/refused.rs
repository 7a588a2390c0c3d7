//! Commands whose outputs the log does not take.
//!
//! The refusal comes only when the command's batch is committed. Then the command is *condemned*: the partition is
//! [built anew](crate::recover::rebuild) and passes the command over ([`crate::dead_letters`]). Nothing is stored about that. Another owner
//! decides the command again, gets the same refusal, and condemns the command again.

use klamm_log::{Error as LogError, Offset};
use klamm_machine::Machine;

use crate::{Codec, Partition, dead_letters::Letter, outputs::command_offset, target::Target, topic};

impl<M: Machine, C: Codec<M::Event>> Partition<M, C> {
    /// To be called when the log has refused the batch under way with this error. True when commands of the batch were condemned: then the
    /// partition has to be built anew. False when the error has another cause.
    pub fn condemn_refused(&mut self, error: &LogError) -> bool {
        let LogError::TooLarge { topic, size, .. } = error else { return false };
        let Some(batch) = &self.in_flight else { return false };
        let letters = self.settings.topics.full(topic::COMMANDS_DEAD_LETTERS);
        // The last output is the `~partition` record, which no command is to blame for.
        let outputs = batch.outputs.split_last().map_or(&[][..], |(_, outputs)| outputs);
        let refused = outputs.iter().filter(|output| *output.topic == **topic && output.record.size() >= *size);
        let refused: Vec<_> = refused.filter_map(|output| Some((command_offset(&output.record)?, output.topic == letters))).collect();
        for &(offset, is_letter) in &refused {
            self.condemn(offset, is_letter, error);
        }
        !refused.is_empty()
    }

    /// To be called when the log has refused records that this partition sends to `target`. Returns the same as
    /// [`Partition::condemn_refused`].
    pub fn condemn_sender(&mut self, target: &Target, error: &LogError) -> bool {
        if !matches!(error, LogError::TooLarge { .. }) {
            return false;
        }
        // The log refuses a group as a whole. The largest record of it is to blame.
        let to_target = self.unsent.iter().filter(|outgoing| outgoing.target == *target);
        let largest = to_target.max_by_key(|outgoing| outgoing.record.size());
        let Some(cause) = largest.map(|outgoing| outgoing.cause) else { return false };
        self.condemn(cause, false, error);
        true
    }

    fn condemn(&mut self, offset: Offset, is_letter: bool, error: &LogError) {
        let before = self.condemned.get(&offset).copied();
        let letter = match before {
            None if !is_letter => Letter::Whole,
            None | Some(Letter::Whole) => Letter::Cut,
            Some(_) => Letter::Missing,
        };
        tracing::error!(partition = self.number, offset, error = %error, "the log refuses an output of a command: the command is passed over");
        self.condemned.insert(offset, letter);
    }
}
