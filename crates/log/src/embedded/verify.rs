//! Reads the whole log once, so that a damaged block is found when the log is opened, and not on the day when somebody needs the block.

use super::{core::Core, errors};
use crate::Error;

/// A log with at most so many bytes of table files is read before it is opened (some tens of milliseconds). A larger one is read in the
/// background.
pub(super) const AT_OPEN_BYTES_MAX: u64 = 64 << 20;

/// In the background, reading pauses after so many bytes.
pub(super) const PART_BYTES: usize = 4 << 20;

impl Core {
    /// Reads all rows; reading checks their checksums. After each part `goes_on` says whether to go on. Damage is noted in
    /// [`Core::damage`].
    pub(super) fn verify(&self, mut goes_on: impl FnMut() -> bool) -> Result<(), Error> {
        let mut bytes = 0;
        for row in self.range(&[], &[0xff; 17]) {
            let (key, value) = match row.map_err(errors::reading) {
                Ok(row) => row,
                Err(error) => {
                    *self.damage.lock() = Some(error.to_string());
                    return Err(error);
                }
            };
            bytes += key.len() + value.len();
            if bytes >= PART_BYTES {
                bytes = 0;
                if !goes_on() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
