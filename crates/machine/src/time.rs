//! Points in time, as the command log gives them.

use std::time::Duration;

/// Milliseconds since the Unix epoch, the resolution of Kafka's log-append time. A command's `now` and every event time are of this type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Time(i64);

impl Time {
    /// The time of an optional timestamp; the epoch where there is none.
    pub fn or_epoch(timestamp: Option<prost_types::Timestamp>) -> Self {
        timestamp.map_or(Self::default(), Self::from)
    }

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This time plus `duration`. The sum is rounded up to the next millisecond, so that a timer never fires early, and it saturates.
    pub fn after(self, duration: Duration) -> Self {
        let millis = duration.as_nanos().div_ceil(1_000_000);
        Self(self.0.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX)))
    }

    /// Time from `earlier` to this one; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl From<Time> for prost_types::Timestamp {
    fn from(time: Time) -> Self {
        Self { seconds: time.0.div_euclid(1000), nanos: (time.0.rem_euclid(1000) * 1_000_000) as i32 }
    }
}

impl From<&prost_types::Timestamp> for Time {
    /// A part of a millisecond is cut off.
    fn from(timestamp: &prost_types::Timestamp) -> Self {
        Self(timestamp.seconds.saturating_mul(1000).saturating_add(i64::from(timestamp.nanos) / 1_000_000))
    }
}

impl From<prost_types::Timestamp> for Time {
    fn from(timestamp: prost_types::Timestamp) -> Self {
        Self::from(&timestamp)
    }
}

/// A protobuf duration as a standard one. A negative one gives zero.
pub fn duration(duration: &prost_types::Duration) -> Duration {
    let nanos = i128::from(duration.seconds) * 1_000_000_000 + i128::from(duration.nanos);
    u128::try_from(nanos).map_or(Duration::ZERO, |nanos| {
        Duration::new(u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX), (nanos % 1_000_000_000) as u32)
    })
}

/// An optional protobuf duration. Where it is absent or zero the result is `None`, since both are Temporal's "no limit".
pub fn duration_or_none(value: Option<&prost_types::Duration>) -> Option<Duration> {
    value.map(duration).filter(|duration| !duration.is_zero())
}

/// A standard duration as protobuf's.
pub fn to_proto(duration: Duration) -> prost_types::Duration {
    prost_types::Duration { seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX), nanos: duration.subsec_nanos() as i32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_millisecond_counts_whole() {
        assert_eq!(Time::from_millis(10).after(Duration::from_micros(1)), Time::from_millis(11));
        assert_eq!(Time::from_millis(10).after(Duration::from_millis(2)), Time::from_millis(12));
    }

    #[test]
    fn timestamps_round_trip() {
        for millis in [-1, 0, 1, 999, 1000, 1_700_000_000_123] {
            let time = Time::from_millis(millis);
            assert_eq!(Time::from(prost_types::Timestamp::from(time)), time);
        }
    }
}
