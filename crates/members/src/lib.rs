//! Who owns the partitions: what a process learns from the beats on the `members` topic, and what it may do.
//!
//! [`Members`] is pure: it is told which beats were sent and read, and answers who is silent, who owns, whether this process
//! shall bid, and until when its lease lasts. Times are milliseconds of a clock that counts suspension. A process never measures
//! another's time: a member is silent when enough of *my own* beats, sent after I had read its last one, have come back. So a process
//! that was suspended, or cut off from the log, cannot take another for dead.
//!
//! In this version one process owns all partitions and the others stand by; the beats tell of each partition by itself, so that
//! sharing them out changes no record.

mod peer;
mod rank;

use std::collections::BTreeMap;

use klamm_messages::klamm::v1::{Member, MemberPartition};

use peer::Peer;

/// Own beats that come back after a member's last one until it counts as silent.
pub const SILENT_AFTER_BEATS: u32 = 5;
/// Time between two beats of a process, milliseconds.
pub const BEAT_INTERVAL_MS: i64 = 200;
/// How long a beat that came back lets its sender read and hand out tasks, counted from its sending, milliseconds. Shorter than the
/// shortest silence: a lease has ended before anybody else takes over.
pub const LEASE_MS: i64 = 700;
/// Role of a process that can own partitions.
pub const PROCESSOR: &str = "processor";

/// What this process does with the partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It owns none, and may bid.
    Standby,
    /// It owns none, and cannot take any for now (its last attempt failed).
    Unable,
    /// It is taking them over.
    Bidding,
    /// It owns them by its take-over records at these offsets, one per partition.
    Owner(Vec<i64>),
    /// It stops: it owns none and will take none.
    Leaving,
}

/// The members of a cluster, as one of them sees them.
#[derive(Debug)]
pub struct Members {
    me: Member,
    standing: Standing,
    newest_take_overs: Vec<i64>,
    number: i64,
    /// Own beats under way: number and when it was sent.
    sent: BTreeMap<i64, i64>,
    own_returned: u32,
    lease_until: i64,
    /// Number of the first beat that tells of the ownership in force, once it is made, and whether such a beat has come back.
    first_as_owner: Option<i64>,
    is_known_as_owner: bool,
    peers: BTreeMap<String, Peer>,
}

impl Members {
    /// The member `me`, which says who and where it is and what versions it can decide; it knows nobody yet and stands by.
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

    /// What this process does.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// This process does something else from now on.
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

    /// The next beat, to be sent at `now`.
    pub fn beat(&mut self, now: i64) -> Member {
        // Beats that never came back (the log was away) hold no lease any more.
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

    /// A beat was read from the topic, one's own included, in the order of the topic.
    pub fn read(&mut self, beat: &Member) {
        if beat.member == self.me.member {
            self.came_back(beat.number);
            return;
        }
        match self.peers.get_mut(&beat.member) {
            // A beat that was sent again after its first append was in doubt says nothing new.
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
        // All beats before this one have been read: those of somebody who took over during a long sleep, too.
        if !self.is_contested() {
            self.lease_until = self.lease_until.max(sent + LEASE_MS);
        }
        self.peers.values_mut().for_each(|peer| peer.own_beat_came_back(number));
        // Who has been silent for long has gone; a new process has a new name.
        self.peers.retain(|_, peer| !peer.is_forgotten());
    }

    /// Until when this process may read and hand out tasks, by the clock of [`Members::beat`]; the far past before the first beat has
    /// come back.
    pub fn lease_until(&self) -> i64 {
        self.lease_until
    }

    /// The live member that owns all partitions, if it is not this one.
    pub fn owner(&self) -> Option<&Member> {
        let owners = self.live().filter(|beat| beat.owns_all());
        owners.max_by_key(|beat| beat.partitions.first().map(|partition| partition.owned_by_take_over_offset))
    }

    /// True when this process shall take the partitions over: nobody live owns them or bids, everybody live has been heard, and this
    /// process ranks first among those that could.
    pub fn should_bid(&self) -> bool {
        self.standing == Standing::Standby
            && self.own_returned >= SILENT_AFTER_BEATS
            && self.owner().is_none()
            && !self.live().any(Claims::bids)
            && self.live().filter(|beat| beat.can_own(&self.me)).all(|beat| rank::of(&beat.member) < rank::of(&self.me.member))
    }

    /// True for an owner that another one has followed, or is about to: a beat shows a newer take-over record, or somebody live bids.
    fn is_contested(&self) -> bool {
        let Standing::Owner(take_overs) = &self.standing else { return false };
        let newer = |partition: &MemberPartition| {
            let own = usize::try_from(partition.partition).ok().and_then(|index| take_overs.get(index));
            own.is_some_and(|own| partition.newest_take_over_offset.max(partition.owned_by_take_over_offset) > *own)
        };
        self.peers.values().any(|peer| peer.beat.partitions.iter().any(newer)) || self.live().any(Claims::bids)
    }

    /// True when nobody live who owns or bids for a partition can still be unaware of these take-over records, one per partition, and a
    /// beat that shows them has come back: whoever was silent and wakes reads that beat before one of its own.
    pub fn all_have_read(&self, take_overs: &[i64]) -> bool {
        self.is_known_as_owner
            && self.live().all(|beat| {
                beat.partitions.iter().filter(|partition| partition.bidding || partition.owned_by_take_over_offset >= 0).all(|partition| {
                    let own = usize::try_from(partition.partition).ok().and_then(|index| take_overs.get(index));
                    own.is_none_or(|own| partition.newest_take_over_offset >= *own)
                })
            })
    }

    /// Last beats of the other members that are neither silent nor leaving.
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

    /// Whether it could take over what `like` could: it processes, and decides the same newest version.
    fn can_own(&self, like: &Member) -> bool {
        self.roles.iter().any(|role| role == PROCESSOR) && self.highest_decision_version >= like.highest_decision_version
    }
}
