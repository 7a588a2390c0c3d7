//! Jitter. It is always the same for the same schedule and time, so that a look ahead shows what will happen.

/// Seconds from the first of January of year 1 to 1970, as Go counts them.
const YEAR_1_TO_1970: i64 = 62_135_596_800;

/// Milliseconds to add to `nominal` (seconds since the epoch): less than `jitter_ms_max`, or 0 if that is 0.
///
/// Temporal's rule: Go's binary form of the time, followed by the seed, is hashed by FarmHash's fingerprint. The hash as a fraction of 2^32
/// is the fraction of the longest jitter, which counts up to 2^32 - 1 ms (49 days).
pub(super) fn jitter_ms(nominal: i64, seed: &str, jitter_ms_max: u64) -> i64 {
    if jitter_ms_max == 0 {
        return 0;
    }
    let mut hashed = Vec::with_capacity(15 + seed.len());
    // Version of Go's binary form.
    hashed.push(1);
    hashed.extend(nominal.saturating_add(YEAR_1_TO_1970).to_be_bytes());
    // Nanoseconds.
    hashed.extend(0_u32.to_be_bytes());
    // Offset from UTC in minutes. -1 stands for UTC itself.
    hashed.extend((-1_i16).to_be_bytes());
    hashed.extend(seed.as_bytes());
    let fraction = u64::from(farmhash::fingerprint32(&hashed));
    // The result is below 2^32, because both factors are.
    ((fraction * jitter_ms_max.min(u32::MAX.into())) >> 32) as i64
}
