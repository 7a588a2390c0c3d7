//! Small damages to bytes that were right.

use crate::random::Random;

/// Longest result, so that repetition ends.
const LENGTH_MAX: usize = 256 << 10;

/// Damages `bytes` in one to four places: bits, bytes, whole stretches gone, doubled, repeated many times, or of another input.
pub fn mutate(mut bytes: Vec<u8>, other: &[u8], random: &mut Random) -> Vec<u8> {
    for _ in 0..1 + random.below(4) {
        let length = bytes.len();
        let at = random.below(length + 1);
        let end = (at + random.below(1 + 16.min(length.saturating_sub(at)))).min(length);
        match random.below(9) {
            0 if at < length => bytes[at] ^= 1 << random.below(8),
            1 if at < length => bytes[at] = random.bits() as u8,
            2 => bytes.insert(at, *random.pick(&[0, 1, 0x7f, 0x80, 0xff, b'(', b')', b'"', b'\'', b'-', b'9'])),
            3 => drop(bytes.drain(at..end)),
            4 => bytes.truncate(at),
            5 => {
                let stretch = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, stretch));
            }
            6 if random.chance(1, 4) => {
                let stretch = bytes[at..end].to_vec();
                let count = 1 << random.below(14);
                drop(bytes.splice(at..at, stretch.repeat(count)));
            }
            7 if !other.is_empty() => {
                let from = random.below(other.len());
                let to = (from + random.below(32)).min(other.len());
                drop(bytes.splice(at..end, other[from..to].iter().copied()));
            }
            _ => {
                let number = random.int();
                drop(bytes.splice(at..end, number.to_string().into_bytes()));
            }
        }
        bytes.truncate(LENGTH_MAX);
    }
    bytes
}

/// The same of a text.
pub fn mutate_text(text: &str, other: &str, random: &mut Random) -> String {
    let bytes = mutate(text.as_bytes().to_vec(), other.as_bytes(), random);
    String::from_utf8_lossy(&bytes).into_owned()
}
