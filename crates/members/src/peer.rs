//! Another member.

use klamm_messages::klamm::v1::Member;

/// A member counts as silent when so many of this process's beats have come back since the member's last beat.
pub const SILENT_AFTER_BEATS: u32 = 5;

/// A member is forgotten when so many of this process's beats have come back since the member's last beat: after about a minute.
const FORGOTTEN_AFTER_BEATS: u32 = 300;

/// Another member, as its last beat shows it.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) beat: Member,
    /// Number of this process's last beat that had been sent when the member's beat was read.
    own_sent: i64,
    /// How many of this process's later beats have come back.
    own_returned: u32,
}

impl Peer {
    /// The member as `beat` shows it. `own_sent`: number of this process's last beat that had been sent when `beat` was read.
    pub(crate) fn read(beat: &Member, own_sent: i64) -> Self {
        Self { beat: beat.clone(), own_sent, own_returned: 0 }
    }

    /// Takes note that this process's beat of this number was read.
    pub(crate) fn own_beat_came_back(&mut self, number: i64) {
        if number > self.own_sent {
            self.own_returned = self.own_returned.saturating_add(1);
        }
    }

    /// Whether the member is neither silent nor leaving.
    pub(crate) fn is_live(&self) -> bool {
        self.own_returned < SILENT_AFTER_BEATS && !self.beat.leaving
    }

    /// True when the member has been silent for so long that nothing about it matters any more.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.own_returned >= FORGOTTEN_AFTER_BEATS
    }
}
