//! Avro's binary encoding, value by value. The generated code is made of these functions.
//!
//! Writing cannot fail. Reading never panics. It never reserves more memory than the rest of the input can account for, because lengths and
//! counts are checked against it. Depth is bounded by the schemas, which have no recursion (a chain is bounded by [`CHAIN_MAX`]).

// The generated code passes these functions around with the types of prost's fields.
#![allow(clippy::ptr_arg, clippy::trivially_copy_pass_by_ref)]

use std::{cell::Cell, collections::BTreeMap};

use prost_types::{Duration, Timestamp};

use crate::Error;

/// Longest chain of causes that is written, and that is kept when a longer one is read. Protobuf's parsers stop at a nesting of 100, and
/// rows of a store and answers put up to nine messages around and into a failure. The gateway lets in 89 causes at most.
pub const CHAIN_MAX: usize = 90;

/// Longest chain that can be read at all. Older records may have chains of this length.
const CHAIN_READ_MAX: usize = 100;

/// Number of elements for which memory is reserved before they are read.
const RESERVED_MAX: usize = 64;

const MICROS_PER_SECOND: i64 = 1_000_000;
const NANOS_PER_MICRO: i32 = 1_000;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

type Result<T> = std::result::Result<T, Error>;

// Numbers.

/// Zig-zag: seven bits a byte, least significant first. Most numbers take one byte.
#[inline]
pub fn put_int64(value: &i64, out: &mut Vec<u8>) {
    let bits = ((value << 1) ^ (value >> 63)).cast_unsigned();
    if bits < 0x80 {
        out.push(bits as u8);
    } else {
        put_bits(bits, out);
    }
}

#[inline(never)]
fn put_bits(mut bits: u64, out: &mut Vec<u8>) {
    let mut bytes = [0; 10];
    let mut length = 0;
    while bits >= 0x80 {
        bytes[length] = bits as u8 | 0x80;
        length += 1;
        bits >>= 7;
    }
    bytes[length] = bits as u8;
    out.extend_from_slice(&bytes[..=length]);
}

/// A number takes at most ten bytes. Bits above the 64th are refused.
#[inline]
pub fn get_int64(input: &mut &[u8]) -> Result<i64> {
    let bits = match input.split_first() {
        Some((byte, rest)) if *byte < 0x80 => {
            *input = rest;
            u64::from(*byte)
        }
        _ => get_bits(input)?,
    };
    Ok((bits >> 1).cast_signed() ^ -(bits & 1).cast_signed())
}

#[inline(never)]
fn get_bits(input: &mut &[u8]) -> Result<u64> {
    let mut bits = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = get_byte(input)?;
        if shift == 63 && byte > 1 {
            return Err(Error::corrupt("a number of more than 64 bits", input));
        }
        bits |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(bits);
        }
    }
    // This cannot be reached: the tenth byte has returned above, as 0 or 1, or as an error.
    Err(Error::corrupt("a number of more than 64 bits", input))
}

/// An int.
#[inline]
pub fn put_int32(value: &i32, out: &mut Vec<u8>) {
    put_int64(&i64::from(*value), out);
}

/// An int; one of more than 32 bits is refused.
#[inline]
pub fn get_int32(input: &mut &[u8]) -> Result<i32> {
    i32::try_from(get_int64(input)?).map_err(|_| Error::corrupt("an int of more than 32 bits", input))
}

/// A long.
#[inline]
pub fn put_uint32(value: &u32, out: &mut Vec<u8>) {
    put_int64(&i64::from(*value), out);
}

/// A long. One that is not an unsigned number of 32 bits is refused.
#[inline]
pub fn get_uint32(input: &mut &[u8]) -> Result<u32> {
    u32::try_from(get_int64(input)?).map_err(|_| Error::corrupt("no unsigned number of 32 bits", input))
}

/// A long with the same bits.
#[inline]
pub fn put_uint64(value: &u64, out: &mut Vec<u8>) {
    put_int64(&value.cast_signed(), out);
}

/// A long with the same bits.
#[inline]
pub fn get_uint64(input: &mut &[u8]) -> Result<u64> {
    Ok(get_int64(input)?.cast_unsigned())
}

/// Four bytes, least significant first.
#[inline]
pub fn put_float(value: &f32, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Four bytes, least significant first.
#[inline]
pub fn get_float(input: &mut &[u8]) -> Result<f32> {
    get_fixed(input).map(f32::from_le_bytes)
}

/// Eight bytes, least significant first.
#[inline]
pub fn put_double(value: &f64, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Eight bytes, least significant first.
#[inline]
pub fn get_double(input: &mut &[u8]) -> Result<f64> {
    get_fixed(input).map(f64::from_le_bytes)
}

/// A byte, 0 or 1.
#[inline]
pub fn put_bool(value: &bool, out: &mut Vec<u8>) {
    out.push(u8::from(*value));
}

/// A byte; any but 0 and 1 is refused.
#[inline]
pub fn get_bool(input: &mut &[u8]) -> Result<bool> {
    match get_byte(input)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::corrupt("no boolean", input)),
    }
}

thread_local! {
    /// How many values this thread has encoded that do not come back as they were.
    static LOSSES: Cell<u64> = const { Cell::new(0) };
}

/// How many values this thread has encoded so far that do not come back as they were (see the crate's documentation). What is encoded while the
/// number stays the same comes back whole.
pub fn losses() -> u64 {
    LOSSES.get()
}

/// Notes whether a value is lost.
#[inline]
fn note_loss(is_lost: bool) {
    if is_lost {
        LOSSES.set(LOSSES.get().wrapping_add(1));
    }
}

/// An enum, as the index of its number in `numbers`. A number that is not there is written as the first one, the default.
#[inline]
pub fn put_enum(number: i32, numbers: &[i32], out: &mut Vec<u8>) {
    let at_its_place = usize::try_from(number).ok().filter(|place| numbers.get(*place) == Some(&number));
    let place = at_its_place.or_else(|| numbers.iter().position(|known| *known == number));
    note_loss(place.is_none());
    let place = place.unwrap_or(0);
    put_int64(&(place as i64), out);
}

/// The number at the index that is read.
#[inline]
pub fn get_enum(input: &mut &[u8], numbers: &[i32]) -> Result<i32> {
    let place = get_int64(input)?;
    let number = usize::try_from(place).ok().and_then(|place| numbers.get(place));
    number.copied().ok_or_else(|| Error::corrupt("no symbol of the enum", input))
}

// Times.

/// Microseconds since the epoch. What is finer is cut off, and a time beyond 64 bits becomes the last one.
#[inline]
pub fn put_timestamp(value: &Timestamp, out: &mut Vec<u8>) {
    let micros = i128::from(value.seconds) * i128::from(MICROS_PER_SECOND) + i128::from(value.nanos.div_euclid(NANOS_PER_MICRO));
    let is_normal = (0..NANOS_PER_SECOND as i32).contains(&value.nanos) && value.nanos % NANOS_PER_MICRO == 0;
    note_loss(!is_normal || i64::try_from(micros).is_err());
    put_int64(&saturated(micros), out);
}

/// The time that is so many microseconds after the epoch.
#[inline]
pub fn get_timestamp(input: &mut &[u8]) -> Result<Timestamp> {
    let micros = get_int64(input)?;
    // The remainder is below a million: its nanoseconds fit.
    let nanos = micros.rem_euclid(MICROS_PER_SECOND) as i32 * NANOS_PER_MICRO;
    Ok(Timestamp { seconds: micros.div_euclid(MICROS_PER_SECOND), nanos })
}

/// Nanoseconds. A duration beyond 64 bits (292 years) becomes the longest one.
#[inline]
pub fn put_duration(value: &Duration, out: &mut Vec<u8>) {
    let nanos = i128::from(value.seconds) * i128::from(NANOS_PER_SECOND) + i128::from(value.nanos);
    let is_normal = i64::from(value.nanos).abs() < NANOS_PER_SECOND
        && (value.seconds == 0 || value.nanos == 0 || (value.seconds < 0) == (value.nanos < 0));
    note_loss(!is_normal || i64::try_from(nanos).is_err());
    put_int64(&saturated(nanos), out);
}

/// A duration of so many nanoseconds.
#[inline]
pub fn get_duration(input: &mut &[u8]) -> Result<Duration> {
    let nanos = get_int64(input)?;
    // Seconds and the rest have the same sign, as protobuf requires. The rest is below a thousand million.
    Ok(Duration { seconds: nanos / NANOS_PER_SECOND, nanos: (nanos % NANOS_PER_SECOND) as i32 })
}

#[inline]
fn saturated(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

// Bytes and text.

/// Length, then the bytes: `Bytes`, or the `Vec` of Google's `Any`.
#[inline]
pub fn put_bytes(value: &impl AsRef<[u8]>, out: &mut Vec<u8>) {
    let bytes = value.as_ref();
    put_int64(&(bytes.len() as i64), out);
    out.extend_from_slice(bytes);
}

/// Length, then the bytes. They are copied: a part of the record would hold the whole of it in memory.
#[inline]
pub fn get_bytes<B: From<Vec<u8>>>(input: &mut &[u8]) -> Result<B> {
    get_slice(input).map(|bytes| bytes.to_vec().into())
}

/// Length in bytes, then UTF-8.
#[inline]
pub fn put_string(value: &String, out: &mut Vec<u8>) {
    put_int64(&(value.len() as i64), out);
    out.extend_from_slice(value.as_bytes());
}

/// Length in bytes, then UTF-8. Other bytes are refused.
#[inline]
pub fn get_string(input: &mut &[u8]) -> Result<String> {
    get_str(input).map(str::to_owned)
}

/// A text that borrows from the input.
#[inline]
pub fn get_str<'a>(input: &mut &'a [u8]) -> Result<&'a str> {
    let bytes = get_slice(input)?;
    std::str::from_utf8(bytes).map_err(|_| Error::corrupt("text that is not UTF-8", input))
}

/// Bytes that borrow from the input.
#[inline]
pub fn get_slice<'a>(input: &mut &'a [u8]) -> Result<&'a [u8]> {
    let length = get_int64(input)?;
    let (bytes, rest) = usize::try_from(length)
        .ok()
        .and_then(|length| input.split_at_checked(length))
        .ok_or_else(|| Error::corrupt("a length beyond the end", input))?;
    *input = rest;
    Ok(bytes)
}

/// Bytes whose number is known from the schema.
#[inline]
pub fn get_fixed<const N: usize>(input: &mut &[u8]) -> Result<[u8; N]> {
    let (bytes, rest) = input.split_first_chunk().ok_or_else(|| Error::corrupt("the end inside a value", input))?;
    *input = rest;
    Ok(*bytes)
}

#[inline]
fn get_byte(input: &mut &[u8]) -> Result<u8> {
    let (byte, rest) = input.split_first().ok_or_else(|| Error::corrupt("the end inside a value", input))?;
    *input = rest;
    Ok(*byte)
}

// Nullable values: the union ["null", T].

/// The mark of branch 1: a value follows.
#[inline]
pub fn put_present(out: &mut Vec<u8>) {
    out.push(2);
}

/// Nulls for `count` fields in a row.
#[inline]
pub fn put_nulls(count: usize, out: &mut Vec<u8>) {
    out.resize(out.len() + count, 0);
}

/// Reads the branch: whether a value follows.
#[inline]
pub fn get_present(input: &mut &[u8]) -> Result<bool> {
    match get_int64(input)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::corrupt("no branch of a nullable value", input)),
    }
}

/// Branch 0 for no value; else branch 1 and the value.
#[inline]
pub fn put_nullable<T>(value: &Option<T>, put: impl FnOnce(&T, &mut Vec<u8>), out: &mut Vec<u8>) {
    match value {
        None => out.push(0),
        Some(value) => {
            put_present(out);
            put(value, out);
        }
    }
}

/// Branch 0 for no value; else branch 1 and the value.
#[inline]
pub fn get_nullable<T>(input: &mut &[u8], get: impl FnOnce(&mut &[u8]) -> Result<T>) -> Result<Option<T>> {
    if get_present(input)? { get(input).map(Some) } else { Ok(None) }
}

/// Reads `cases` nullable fields in a row, of which at most one is set. `get` reads the case of a given number.
#[inline]
pub fn get_oneof<T>(input: &mut &[u8], cases: usize, get: impl Fn(usize, &mut &[u8]) -> Result<T>) -> Result<Option<T>> {
    let mut set = None;
    for case in 0..cases {
        if get_present(input)? {
            if set.is_some() {
                return Err(Error::corrupt("two cases of a oneof", input));
            }
            set = Some(get(case, input)?);
        }
    }
    Ok(set)
}

// Arrays, chains and maps. They are blocks, each a count with its items; a count of 0 ends them.

/// All items in one block.
#[inline]
pub fn put_array<T>(items: &Vec<T>, put: impl Fn(&T, &mut Vec<u8>), out: &mut Vec<u8>) {
    if !items.is_empty() {
        put_int64(&(items.len() as i64), out);
        for item in items {
            put(item, out);
        }
    }
    out.push(0);
}

/// Items of all blocks.
#[inline]
pub fn get_array<T>(input: &mut &[u8], get: impl Fn(&mut &[u8]) -> Result<T>) -> Result<Vec<T>> {
    let mut items = Vec::new();
    while let Some(count) = get_block(input)? {
        items.reserve(count.min(RESERVED_MAX));
        for _ in 0..count {
            items.push(get(input)?);
        }
    }
    Ok(items)
}

/// The number of items in the next block; `None` at the end. An item takes at least one byte, so a count above the bytes left is refused.
#[inline]
pub fn get_block(input: &mut &[u8]) -> Result<Option<usize>> {
    let mut count = get_int64(input)?;
    if count == 0 {
        return Ok(None);
    }
    if count < 0 {
        // The block's size in bytes follows, for readers that skip the block.
        get_int64(input)?;
        count = count.checked_neg().ok_or_else(|| Error::corrupt("a count beyond the end", input))?;
    }
    match usize::try_from(count) {
        Ok(count) if count <= input.len() => Ok(Some(count)),
        _ => Err(Error::corrupt("a count beyond the end", input)),
    }
}

/// The chain that begins at `first`, as an array, nearest first. Elements deeper than [`CHAIN_MAX`] are left out.
pub fn put_chain<'a, T>(first: Option<&'a T>, next: impl Fn(&'a T) -> Option<&'a T>, put: impl Fn(&T, &mut Vec<u8>), out: &mut Vec<u8>) {
    let links = || std::iter::successors(first, |link| next(link)).take(CHAIN_MAX);
    let count = links().count();
    note_loss(count == CHAIN_MAX && links().last().is_some_and(|link| next(link).is_some()));
    if count > 0 {
        put_int64(&(count as i64), out);
        links().for_each(|link| put(link, out));
    }
    out.push(0);
}

/// Makes a chain of an array: `link` makes its second argument the next of its first. Elements deeper than [`CHAIN_MAX`] are left out.
pub fn get_chain<T>(
    input: &mut &[u8],
    get: impl Fn(&mut &[u8]) -> Result<T>,
    link: impl Fn(&mut T, Option<Box<T>>),
) -> Result<Option<Box<T>>> {
    let mut links = Vec::new();
    while let Some(count) = get_block(input)? {
        if links.len() + count > CHAIN_READ_MAX {
            return Err(Error::corrupt("too long a chain", input));
        }
        for _ in 0..count {
            links.push(get(input)?);
        }
    }
    links.truncate(CHAIN_MAX);
    Ok(links.into_iter().rev().fold(None, |next, mut nearer| {
        link(&mut nearer, next);
        Some(Box::new(nearer))
    }))
}

/// In the order of its keys.
#[inline]
pub fn put_map<T>(map: &BTreeMap<String, T>, put: impl Fn(&T, &mut Vec<u8>), out: &mut Vec<u8>) {
    if !map.is_empty() {
        put_int64(&(map.len() as i64), out);
        for (key, value) in map {
            put_string(key, out);
            put(value, out);
        }
    }
    out.push(0);
}

/// When a key occurs twice the last value counts.
#[inline]
pub fn get_map<T>(input: &mut &[u8], get: impl Fn(&mut &[u8]) -> Result<T>) -> Result<BTreeMap<String, T>> {
    let mut map = BTreeMap::new();
    while let Some(count) = get_block(input)? {
        for _ in 0..count {
            let key = get_string(input)?;
            map.insert(key, get(input)?);
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_come_back_whole_is_counted() {
        fn lost<T: PartialEq>(value: T, put: impl Fn(&T, &mut Vec<u8>), get: impl Fn(&mut &[u8]) -> Result<T>) -> bool {
            let (before, mut bytes) = (losses(), Vec::new());
            put(&value, &mut bytes);
            let is_noted = losses() != before;
            assert_eq!(is_noted, get(&mut bytes.as_slice()).ok().as_ref() != Some(&value));
            is_noted
        }
        let numbers = [i64::MIN, -1_000_000_000_000, -7, -1, 0, 1, 7, 9_223_372_036, 1_000_000_000_000, i64::MAX];
        let parts = [
            i32::MIN,
            -1_500_000_000,
            -1_000_000_000,
            -999_999_999,
            -1_000,
            -1,
            0,
            1,
            1_000,
            999_999_000,
            999_999_999,
            1_000_000_000,
            i32::MAX,
        ];
        let (mut times, mut durations) = (0, 0);
        for seconds in numbers {
            for nanos in parts {
                times += usize::from(lost(Timestamp { seconds, nanos }, put_timestamp, get_timestamp));
                durations += usize::from(lost(Duration { seconds, nanos }, put_duration, get_duration));
            }
        }
        assert!(times > 50 && times < 130 && durations > 50 && durations < 130, "{times}, {durations}");
        let known = [0, 1, 5];
        assert!([-1, 2, 6].iter().all(|number| lost(*number, |n, out| put_enum(*n, &known, out), |input| get_enum(input, &known))));
        assert!(!known.iter().any(|number| lost(*number, |n, out| put_enum(*n, &known, out), |input| get_enum(input, &known))));
    }

    #[test]
    fn a_chain_that_is_cut_is_counted() {
        struct Link(Option<Box<Link>>);
        for (length, is_cut) in [(0, false), (1, false), (CHAIN_MAX, false), (CHAIN_MAX + 1, true)] {
            let first = (0..length).fold(None, |next, _| Some(Box::new(Link(next))));
            let before = losses();
            put_chain(first.as_deref(), |link: &Link| link.0.as_deref(), |_, out| out.push(0), &mut Vec::new());
            assert_eq!(losses() != before, is_cut, "{length}");
        }
    }
}
