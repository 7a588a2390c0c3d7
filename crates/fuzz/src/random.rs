//! Random choices from a seed.

use rand::{Rng, SeedableRng, rngs::StdRng};

/// A source of choices; the same seed gives the same ones.
#[derive(Debug)]
pub struct Random(StdRng);

/// Numbers at the edges of something.
const EDGES: &[i64] = &[
    i64::MIN,
    i64::MIN + 1,
    -9_223_372_037,
    i32::MIN as i64,
    -62_135_596_801,
    -1_000_000_000,
    -2,
    -1,
    0,
    1,
    2,
    3,
    59,
    60,
    100,
    127,
    128,
    255,
    1000,
    65_535,
    65_536,
    999_999_999,
    1_000_000_000,
    1_700_000_000,
    i32::MAX as i64,
    u32::MAX as i64,
    4_102_444_800,
    9_223_372_036,
    253_402_300_800,
    315_576_000_001,
    i64::MAX - 1,
    i64::MAX,
];

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// A number below `end`; 0 when that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.0.random_range(0..end) }
    }

    /// True `times` out of `of`.
    pub fn chance(&mut self, times: usize, of: usize) -> bool {
        self.below(of) < times
    }

    /// One of them.
    ///
    /// # Panics
    /// When there is none: a mistake in a target.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.random()
    }

    /// A number that is likely to be at an edge of something, or small.
    pub fn int(&mut self) -> i64 {
        match self.below(8) {
            0..4 => *self.pick(EDGES),
            4..7 => self.below(20) as i64,
            _ => self.bits() as i64,
        }
    }

    /// A number with a fraction, or none.
    pub fn float(&mut self) -> f64 {
        match self.below(6) {
            0 => *self.pick(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE, f64::MAX]),
            1..3 => f64::from_bits(self.bits()),
            _ => self.int() as f64 / 8.0,
        }
    }

    /// Up to `length_max` random bytes.
    pub fn bytes(&mut self, length_max: usize) -> Vec<u8> {
        let length = self.below(length_max + 1);
        (0..length).map(|_| self.bits() as u8).collect()
    }

    /// A short text, now and then a long or a strange one.
    pub fn text(&mut self) -> String {
        match self.below(12) {
            0 => String::new(),
            1 => "x".repeat(self.below(3000)),
            2 => (0..self.below(12)).filter_map(|_| char::from_u32(self.bits() as u32 % 0x11_0000)).collect(),
            3 => (*self.pick(&["\0", "a/b%2F", "~partition", "é🦀\u{202e}", "'; DROP", "../..", "temporal-sys-", "\r\n"])).to_owned(),
            _ => (0..1 + self.below(8)).map(|_| char::from(b'a' + self.below(26) as u8)).collect(),
        }
    }
}
