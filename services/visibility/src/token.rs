//! Page tokens: they say where the last page ended. Clients cannot read anything from them.

use crate::{Error, Result};

/// First byte of every token. Another layout gets another number.
const VERSION: u8 = 1;

/// The place of a run in the order of results.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PageToken {
    pub(crate) close: i64,
    pub(crate) start: i64,
    pub(crate) run_id: String,
}

impl PageToken {
    /// The bytes that the client sends back.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.close.to_be_bytes());
        bytes.extend(self.start.to_be_bytes());
        bytes.extend(self.run_id.as_bytes());
        bytes
    }

    /// The token in these bytes; `None` for an empty one, which means the first page.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Option<Self>> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let decoded = || {
            let (version, rest) = bytes.split_first()?;
            let (close, rest) = rest.split_first_chunk()?;
            let (start, run_id) = rest.split_first_chunk()?;
            let run_id = String::from_utf8(run_id.to_vec()).ok()?;
            let token = Self { close: i64::from_be_bytes(*close), start: i64::from_be_bytes(*start), run_id };
            (*version == VERSION).then_some(token)
        };
        decoded().map(Some).ok_or(Error::InvalidPageToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_round_trip_and_foreign_ones_are_refused() {
        let token = PageToken { close: i64::MAX, start: -3, run_id: "run".to_owned() };
        assert_eq!(PageToken::decode(&token.encode()).expect("decodes"), Some(token));
        assert_eq!(PageToken::decode(&[]).expect("decodes"), None);
        for foreign in [&b"x"[..], &[1, 2, 3], &[2; 40], &[1; 16]] {
            assert!(matches!(PageToken::decode(foreign), Err(Error::InvalidPageToken)), "{foreign:?}");
        }
    }
}
