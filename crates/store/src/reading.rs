//! Reads of a partition's rows, from anything that implements [`Reads`].

use crate::{
    Error,
    keys::{PARTITION_BYTES, Range, with_full_key},
    provider::{Order, Reads},
};

/// A row: key (without the partition) and value.
pub type Row = (Vec<u8>, Vec<u8>);

/// What `read` makes of the row under `key`.
pub(crate) fn get_with<R>(
    rows: &(impl Reads + ?Sized),
    partition: u16,
    key: &[u8],
    read: impl FnOnce(&[u8]) -> R,
) -> Result<Option<R>, Error> {
    let (mut read, mut result) = (Some(read), None);
    with_full_key(partition, key, |key| rows.get(key, &mut |value| result = read.take().map(|read| read(value))))?;
    Ok(result)
}

/// Shows the rows with `from <= key < to` to `visit`, with keys without the partition, until `visit` returns false. An empty `to` is the
/// partition's end.
pub(crate) fn walk(
    rows: &(impl Reads + ?Sized),
    partition: u16,
    (from, to): (&[u8], &[u8]),
    order: Order,
    mut visit: impl FnMut(&[u8], &[u8]) -> bool,
) -> Result<(), Error> {
    match Range::new(partition, from, to) {
        Some(range) => rows.walk(range, order, &mut |key, value| visit(&key[PARTITION_BYTES..], value)),
        None => Ok(()),
    }
}

/// The first `limit` rows.
pub(crate) fn scan(
    rows: &(impl Reads + ?Sized),
    partition: u16,
    bounds: (&[u8], &[u8]),
    order: Order,
    limit: usize,
) -> Result<Vec<Row>, Error> {
    let mut found = Vec::new();
    if limit > 0 {
        walk(rows, partition, bounds, order, |key, value| {
            found.push((key.to_vec(), value.to_vec()));
            found.len() < limit
        })?;
    }
    Ok(found)
}

/// The first rows from `from` on, until there are `rows_max` rows or `bytes_max` bytes. The flag says whether there may be more.
pub(crate) fn page(
    rows: &(impl Reads + ?Sized),
    partition: u16,
    from: &[u8],
    rows_max: usize,
    bytes_max: usize,
) -> Result<(Vec<Row>, bool), Error> {
    let (mut found, mut bytes, mut more) = (Vec::new(), 0, false);
    walk(rows, partition, (from, &[]), Order::Ascending, |key, value| {
        bytes += key.len() + value.len();
        found.push((key.to_vec(), value.to_vec()));
        more = found.len() >= rows_max || bytes >= bytes_max;
        !more
    })?;
    Ok((found, more))
}
