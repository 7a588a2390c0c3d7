//! Checks and caps the durations of requests: none may be negative (Temporal: common/primitives/timestamp/duration.go).

use prost_types::Duration;

/// Longest duration: 100 years of 365 days. Longer ones are cut to this.
const SECONDS_MAX: i64 = 100 * 365 * 24 * 3600;

/// Caps a duration. `Err` says what is wrong with it.
pub fn check_and_cap(duration: Option<&mut Duration>) -> Result<(), &'static str> {
    let Some(duration) = duration else {
        return Ok(());
    };
    if (duration.seconds > 0 && duration.nanos < 0) || (duration.seconds < 0 && duration.nanos > 0) {
        return Err("duration has seconds and nanos with different signs");
    }
    if duration.seconds < 0 || duration.nanos < 0 {
        return Err("negative duration");
    }
    duration.seconds = duration.seconds.saturating_add(i64::from(duration.nanos / 1_000_000_000));
    duration.nanos %= 1_000_000_000;
    if duration.seconds > SECONDS_MAX || (duration.seconds == SECONDS_MAX && duration.nanos > 0) {
        *duration = Duration { seconds: SECONDS_MAX, nanos: 0 };
    }
    Ok(())
}

/// Nanoseconds of a duration. A missing duration has 0.
pub fn nanos(duration: Option<&Duration>) -> i128 {
    duration.map_or(0, |duration| i128::from(duration.seconds) * 1_000_000_000 + i128::from(duration.nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_ones_are_refused_and_long_ones_capped() {
        let check = |seconds, nanos| {
            let mut duration = Duration { seconds, nanos };
            check_and_cap(Some(&mut duration)).map(|()| (duration.seconds, duration.nanos))
        };
        assert_eq!(check(1, 5), Ok((1, 5)));
        assert_eq!(check(-1, 0), Err("negative duration"));
        assert_eq!(check(0, -1), Err("negative duration"));
        assert_eq!(check(1, -1), Err("duration has seconds and nanos with different signs"));
        assert_eq!(check(i64::MAX, 999_999_999), Ok((SECONDS_MAX, 0)));
        assert_eq!(check_and_cap(None), Ok(()));
    }
}
