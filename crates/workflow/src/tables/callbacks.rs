//! Table of completion callbacks that are to be called now.

use klamm_machine::{
    Kind, Table,
    key::{self, KeyBytes},
};
use klamm_messages::klamm::v1::CallbackRow;

/// Callbacks of closed runs whose next attempt is due. The key begins with the destination, so that whoever makes the calls can pass over a
/// destination that is slow. Only `apply` changes these rows.
#[derive(Debug)]
pub struct Callbacks;

impl Table for Callbacks {
    const KIND: Kind = Kind::Callback;
    type Key = CallbackRow;
    type Row = CallbackRow;

    fn key(row: &CallbackRow) -> Vec<u8> {
        KeyBytes::new(Self::KIND)
            .str(&row.destination)
            .hash(&row.namespace, &row.workflow_id)
            .str(&row.namespace)
            .str(&row.workflow_id)
            .str(&row.run_id)
            .i64(i64::from(row.callback))
            .i64(i64::from(row.attempt))
            .finish()
    }
}

impl Callbacks {
    /// The range of all keys.
    pub fn all() -> (Vec<u8>, Vec<u8>) {
        let from = KeyBytes::new(Self::KIND).finish();
        let to = key::prefix_end(&from);
        (from, to)
    }

    /// The end of the keys of one destination.
    pub fn end_of(destination: &str) -> Vec<u8> {
        key::prefix_end(&KeyBytes::new(Self::KIND).str(destination).finish())
    }
}

/// Scheme and host of a URL: what stands before its path, query or fragment.
pub fn destination(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    &url[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_a_scheme_and_a_host() {
        for (url, expected) in [
            ("http://host:80/path?q", "http://host:80"),
            ("https://host?q", "https://host"),
            ("https://host#f", "https://host"),
            ("http://host", "http://host"),
            ("temporal://system", "temporal://system"),
            ("", ""),
            ("://", "://"),
        ] {
            assert_eq!(destination(url), expected);
        }
    }

    #[test]
    fn the_keys_of_a_destination_stand_together() {
        let row = |destination: &str| CallbackRow { destination: destination.to_owned(), ..CallbackRow::default() };
        let end = Callbacks::end_of("http://a");
        assert!(Callbacks::key(&row("http://a")) < end);
        assert!(Callbacks::key(&row("http://b")) >= end);
    }
}
