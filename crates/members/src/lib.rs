//! Who owns the partitions: what a process learns from the beats on the `members` topic, and what it may do.
//!
//! [`Members`] is pure. It is told which beats were sent and read. It answers who is silent, who owns, whether this process should bid,
//! and until when its lease lasts. Times are milliseconds of a clock that also counts suspension. A process never measures another's time.
//! Instead it counts its *own* beats: a member is silent when enough of them have come back that were sent after the member's last beat was
//! read. So a process that was suspended, or cut off from the log, cannot take another one for dead.
//!
//! In this version one process owns all partitions, and the others stand by. A beat nevertheless tells about each partition separately. So
//! no record will have to change when processes share the partitions.

mod peer;
mod rank;

use std::collections::BTreeMap;

use klamm_messages::klamm::v1::{Member, MemberPartition};

use peer::Peer;

pub use peer::SILENT_AFTER_BEATS;

/// Time between two beats of a process, milliseconds.
pub const BEAT_INTERVAL_MS: i64 = 200;
/// Length of a lease, milliseconds: when a beat has come back, its sender may read and hand out tasks for so long from the beat's sending
/// on. This is shorter than the shortest silence, so a lease has ended before anybody else takes over.
pub const LEASE_MS: i64 = 700;
/// Role of a process that can own partitions.
pub const PROCESSOR: &str = "processor";

/// What this process does with the partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// This process owns no partition, and may bid.
    Standby,
    /// This process owns no partition, and cannot take any for now: its last attempt failed.
    Unable,
    /// This process is taking the partitions over.
    Bidding,
    /// This process owns the partitions by its take-over records at these offsets, one per partition.
    Owner(Vec<i64>),
    /// This process stops: it owns no partition and will take none.
    Leaving,
}

/// The members of a cluster, as one of them sees them.
#[derive(Debug)]
pub struct Members {
    me: Member,
    standing: Standing,
    newest_take_overs: Vec<i64>,
    number: i64,
    /// This process's beats that have not come back yet: the number of each, and when it was sent.
    sent: BTreeMap<i64, i64>,
    own_returned: u32,
    lease_until: i64,
    /// `first_as_owner`: number of the first beat that says that this process owns the partitions; `None` until that beat is made.
    /// `is_known_as_owner`: whether that beat, or a later one, has come back.
    first_as_owner: Option<i64>,
    is_known_as_owner: bool,
    peers: BTreeMap<String, Peer>,
}

impl Members {
    /// The view of the member `me`, which says who and where this process is and what versions it can decide. It knows no other member
    /// yet, and stands by.
    pub fn new(me: Member, partition_count: u32) -> Self {
        Self {
            me,
            standing: Standing::Standby,
            newest_take_overs: vec![-1; partition_count as usize],
            number: 0,
            sent: BTreeMap::new(),
            own_returned: 0,
            lease_until: i64::MIN,
            first_as_owner: None,
            is_known_as_owner: false,
            peers: BTreeMap::new(),
        }
    }

    /// What this process does with the partitions.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Says what this process does with the partitions from now on.
    pub fn set_standing(&mut self, standing: Standing) {
        if self.standing != standing {
            (self.first_as_owner, self.is_known_as_owner) = (None, false);
        }
        if let Standing::Owner(take_overs) = &standing {
            for (newest, own) in self.newest_take_overs.iter_mut().zip(take_overs) {
                *newest = (*newest).max(*own);
            }
        }
        self.standing = standing;
    }

    /// The next beat of this process, to be sent at `now`.
    pub fn beat(&mut self, now: i64) -> Member {
        // A beat that was sent so long ago (the log was away) can give no lease any more.
        self.sent.retain(|_, sent| *sent + LEASE_MS > now);
        self.number += 1;
        self.sent.insert(self.number, now);
        if matches!(self.standing, Standing::Owner(_)) {
            self.first_as_owner.get_or_insert(self.number);
        }
        let owned = |partition: usize| match &self.standing {
            Standing::Owner(take_overs) => take_overs.get(partition).copied().unwrap_or(-1),
            _ => -1,
        };
        let partitions = self.newest_take_overs.iter().enumerate().map(|(partition, newest)| MemberPartition {
            partition: partition as i32,
            newest_take_over_offset: *newest,
            owned_by_take_over_offset: owned(partition),
            bidding: self.standing == Standing::Bidding,
        });
        let roles = if self.standing == Standing::Unable { Vec::new() } else { vec![PROCESSOR.to_owned()] };
        Member {
            number: self.number,
            leaving: self.standing == Standing::Leaving,
            roles,
            partitions: partitions.collect(),
            ..self.me.clone()
        }
    }

    /// Takes note of a beat that was read from the topic. To be called for every beat, including this process's own, in the order of the
    /// topic.
    pub fn read(&mut self, beat: &Member) {
        if beat.member == self.me.member {
            self.came_back(beat.number);
            return;
        }
        match self.peers.get_mut(&beat.member) {
            // An append in doubt is repeated, so the same beat may stand on the topic twice. The second one says nothing new.
            Some(peer) if peer.beat.number >= beat.number => {}
            Some(peer) => *peer = Peer::read(beat, self.number),
            None => {
                self.peers.insert(beat.member.clone(), Peer::read(beat, self.number));
            }
        }
    }

    fn came_back(&mut self, number: i64) {
        let Some(sent) = self.sent.remove(&number) else { return };
        self.own_returned = self.own_returned.saturating_add(1);
        self.is_known_as_owner |= self.first_as_owner.is_some_and(|first| number >= first);
        // The topic is read in order, so every beat before this one is known by now. If this process slept for long and somebody took
        // over meanwhile, then that beat is among them.
        if !self.is_contested() {
            self.lease_until = self.lease_until.max(sent + LEASE_MS);
        }
        self.peers.values_mut().for_each(|peer| peer.own_beat_came_back(number));
        // A member that has been silent for very long is gone for good: a process that starts has a new name.
        self.peers.retain(|_, peer| !peer.is_forgotten());
    }

    /// Until when this process may read and hand out tasks, by the clock of [`Members::beat`]. Before a beat has come back, this is in the
    /// far past.
    pub fn lease_until(&self) -> i64 {
        self.lease_until
    }

    /// The live member that owns all partitions, if it is not this one.
    pub fn owner(&self) -> Option<&Member> {
        let owners = self.live().filter(|beat| beat.owns_all());
        owners.max_by_key(|beat| beat.partitions.first().map(|partition| partition.owned_by_take_over_offset))
    }

    /// True when this process should take the partitions over. Then no live member owns them or bids, this process has listened long enough
    /// to
    /// know all live members, and it ranks first among those that could take over.
    pub fn should_bid(&self) -> bool {
        self.standing == Standing::Standby
            && self.own_returned >= SILENT_AFTER_BEATS
            && self.owner().is_none()
            && !self.live().any(Claims::bids)
            && self.live().filter(|beat| beat.can_own(&self.me)).all(|beat| rank::of(&beat.member) < rank::of(&self.me.member))
    }

    /// True when this process is an owner and another process has taken over, or is about to: a beat shows a newer take-over record, or a
    /// live member bids.
    fn is_contested(&self) -> bool {
        let Standing::Owner(take_overs) = &self.standing else { return false };
        let newer = |partition: &MemberPartition| {
            let own = usize::try_from(partition.partition).ok().and_then(|index| take_overs.get(index));
            own.is_some_and(|own| partition.newest_take_over_offset.max(partition.owned_by_take_over_offset) > *own)
        };
        self.peers.values().any(|peer| peer.beat.partitions.iter().any(newer)) || self.live().any(Claims::bids)
    }

    /// True when no other process can act as an owner any more without knowing these take-over records of this one, one per partition.
    /// Two things are needed. The beats of all live members that own or bid show that they have read the records. And a beat of this
    /// process that says it owns the partitions has come back: a silent member that wakes reads this beat before any new one of its own,
    /// so it gets no lease.
    pub fn all_have_read(&self, take_overs: &[i64]) -> bool {
        self.is_known_as_owner
            && self.live().all(|beat| {
                beat.partitions.iter().filter(|partition| partition.bidding || partition.owned_by_take_over_offset >= 0).all(|partition| {
                    let own = usize::try_from(partition.partition).ok().and_then(|index| take_overs.get(index));
                    own.is_none_or(|own| partition.newest_take_over_offset >= *own)
                })
            })
    }

    /// The last beats of the other members that are neither silent nor leaving.
    pub fn live(&self) -> impl Iterator<Item = &Member> {
        self.peers.values().filter(|peer| peer.is_live()).map(|peer| &peer.beat)
    }
}

/// What a beat claims.
trait Claims {
    fn owns_all(&self) -> bool;
    fn bids(&self) -> bool;
    fn can_own(&self, like: &Member) -> bool;
}

impl Claims for Member {
    fn owns_all(&self) -> bool {
        !self.partitions.is_empty() && self.partitions.iter().all(|partition| partition.owned_by_take_over_offset >= 0)
    }

    fn bids(&self) -> bool {
        self.partitions.iter().any(|partition| partition.bidding)
    }

    /// Whether this member could take over as well as `like`: it has the role, and its newest decision version is not lower.
    fn can_own(&self, like: &Member) -> bool {
        self.roles.iter().any(|role| role == PROCESSOR) && self.highest_decision_version >= like.highest_decision_version
    }
}
