//! Another member.

use klamm_messages::klamm::v1::Member;

use crate::SILENT_AFTER_BEATS;

/// Own beats that come back after a member's last one until it is forgotten: about a minute.
const FORGOTTEN_AFTER_BEATS: u32 = 300;

/// Another member, by its last beat.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) beat: Member,
    /// Number of the last own beat that had been sent when its beat was read.
    own_sent: i64,
    /// Own beats sent later that have come back.
    own_returned: u32,
}

impl Peer {
    /// A beat was read when own beats up to `own_sent` had been sent.
    pub(crate) fn read(beat: &Member, own_sent: i64) -> Self {
        Self { beat: beat.clone(), own_sent, own_returned: 0 }
    }

    /// An own beat was read.
    pub(crate) fn own_beat_came_back(&mut self, number: i64) {
        if number > self.own_sent {
            self.own_returned = self.own_returned.saturating_add(1);
        }
    }

    /// Neither silent nor leaving.
    pub(crate) fn is_live(&self) -> bool {
        self.own_returned < SILENT_AFTER_BEATS && !self.beat.leaving
    }

    /// Silent for so long that nothing of it matters any more.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.own_returned >= FORGOTTEN_AFTER_BEATS
    }
}
