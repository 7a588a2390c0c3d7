//! RocksDB's manifest, before RocksDB reads it.
//!
//! The manifest is a log of edits: which tables there are, and how far the write-ahead logs are in them. RocksDB is not to be trusted with a
//! damaged one:
//! - Where its last record is longer than the file, RocksDB takes it for a write that the process died in, and goes on without it. A damaged
//!   length looks the same. Then a table is forgotten whose write-ahead log is gone already, and the last sequence number does not show it,
//!   because an earlier edit may have the same. The checksum covers the type and the body, not the length. So a record that fits its checksum
//!   at some other length was whole.
//! - At some types that a manifest never has, RocksDB 11 reads the same record for ever.
//!
//! The form (RocksDB, db/log_format.h): blocks of 32 KiB with pieces of `checksum u32 | length u16 | type u8 | body`, little-endian. No piece
//! goes over the end of a block. The checksum is CRC-32C, masked.

use std::{fs, io, path::Path};

const BLOCK_BYTES: usize = 32 << 10;
const HEADER_BYTES: usize = 7;
/// Types of pieces: full, first, middle, last.
const TYPES: std::ops::RangeInclusive<u8> = 1..=4;

/// Looks at the manifest that `CURRENT` in the directory names, and gives what is wrong with it. A record at its end that was not written to
/// its end is not wrong. Missing files are left to RocksDB, which tells of them.
///
/// # Errors
/// That of reading the file.
pub fn damaged(path: &Path) -> io::Result<Option<String>> {
    let Ok(current) = fs::read_to_string(path.join("CURRENT")) else { return Ok(None) };
    let name = current.trim_end();
    let bytes = match fs::read(path.join(name)) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory | io::ErrorKind::InvalidInput) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut blocks = bytes.chunks(BLOCK_BYTES).enumerate();
    let found = blocks.find_map(|(number, block)| Some((number * BLOCK_BYTES, damage(block)?)));
    Ok(found.map(|(begin, (at, what))| format!("the record at byte {} of {name} {what}", begin + at)))
}

/// Where in a block the first damaged piece begins, and what is wrong with it.
fn damage(block: &[u8]) -> Option<(usize, &'static str)> {
    let mut at = 0;
    loop {
        // What is left at the end of a block, or was left of a write at the end of the file.
        let (header, rest) = block.get(at..)?.split_first_chunk::<HEADER_BYTES>()?;
        let [c0, c1, c2, c3, l0, l1, kind] = *header;
        let expected = u32::from_le_bytes([c0, c1, c2, c3]);
        let length = usize::from(u16::from_le_bytes([l0, l1]));
        if !TYPES.contains(&kind) {
            // Room that was taken and never written to.
            return if block[at..].iter().all(|byte| *byte == 0) { None } else { Some((at, "has a type that there is not")) };
        }
        let mut sum = crc32c::crc32c(&[kind]);
        let Some(body) = rest.get(..length) else {
            let fits = rest.iter().any(|byte| {
                let fits = masked(sum) == expected;
                sum = crc32c::crc32c_append(sum, &[*byte]);
                fits
            });
            return (fits || masked(sum) == expected).then_some((at, "has a damaged length"));
        };
        if masked(crc32c::crc32c_append(sum, body)) != expected {
            return Some((at, "does not fit its checksum"));
        }
        at += HEADER_BYTES + length;
    }
}

/// A checksum as RocksDB stores it (util/crc32c.h, `Mask`).
fn masked(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(body: &[u8]) -> Vec<u8> {
        let sum = crc32c::crc32c_append(crc32c::crc32c(&[1]), body);
        let mut record = masked(sum).to_le_bytes().to_vec();
        record.extend(u16::try_from(body.len()).unwrap().to_le_bytes());
        record.push(1);
        record.extend(body);
        record
    }

    /// A block of three records; where they begin.
    fn block() -> (Vec<u8>, [usize; 3]) {
        let records = [record(b"first"), record(&[7; 300]), record(b"the last one")];
        let begins = [0, records[0].len(), records[0].len() + records[1].len()];
        (records.concat(), begins)
    }

    #[test]
    fn every_flipped_bit_is_told_of() {
        let (whole, _) = block();
        assert_eq!(damage(&whole), None);
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                assert!(damage(&damaged).is_some(), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn a_length_that_is_too_long_is_known_for_what_it_is() {
        let (mut damaged, begins) = block();
        damaged[begins[1] + 5] ^= 1 << 6;
        assert_eq!(damage(&damaged), Some((begins[1], "has a damaged length")));
    }

    #[test]
    fn a_write_that_was_cut_off_is_no_damage() {
        let (whole, begins) = block();
        for length in begins[2]..whole.len() {
            assert_eq!(damage(&whole[..length]), None, "{length} of {} bytes", whole.len());
        }
        assert_eq!(damage(&[0; 100]), None);
    }

    #[test]
    fn damage_is_found_in_every_block() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("CURRENT"), "MANIFEST-000005\n").unwrap();
        let mut bytes = record(&[1; BLOCK_BYTES - 2 * HEADER_BYTES - 3]);
        // Three bytes are too few for a header.
        bytes.extend(record(&[]));
        bytes.extend([0; 3]);
        bytes.extend(record(b"of the second block"));
        let name = directory.path().join("MANIFEST-000005");
        fs::write(&name, &bytes).unwrap();
        assert_eq!(damaged(directory.path()).unwrap(), None);
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&name, &bytes).unwrap();
        let told = damaged(directory.path()).unwrap().unwrap();
        assert_eq!(told, format!("the record at byte {BLOCK_BYTES} of MANIFEST-000005 does not fit its checksum"));
    }
}
