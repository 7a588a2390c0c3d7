//! Keys: how names become the bytes of topics, partitions and tables.

/// Percent-encodes "/" and "%" in one part of a topic key.
pub fn encode_part(part: &str) -> String {
    if is_plain(part) { part.to_owned() } else { part.replace('%', "%25").replace('/', "%2F") }
}

/// Whether a part of a topic key stands for itself. All bytes are looked at, because a loop without an early end takes many bytes at once.
fn is_plain(part: &str) -> bool {
    part.bytes().fold(0, |found, byte| found | u8::from(byte == b'/') | u8::from(byte == b'%')) == 0
}

/// Undoes [`encode_part`].
pub fn decode_part(part: &str) -> String {
    if part.contains('%') { part.replace("%2F", "/").replace("%25", "%") } else { part.to_owned() }
}

/// A topic key of several parts, each percent-encoded, joined by "/".
pub fn topic_key<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    // Keys are made several times per command. So there is one allocation, and most keys fit into it.
    let mut key = String::with_capacity(KEY_CAPACITY);
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            key.push('/');
        }
        push_part(&mut key, part);
    }
    key
}

/// Bytes that are enough for a namespace, a workflow id, a run id and a little more.
const KEY_CAPACITY: usize = 128;

fn push_part(key: &mut String, part: &str) {
    if is_plain(part) { key.push_str(part) } else { key.push_str(&encode_part(part)) }
}

/// The parts of a topic key, decoded.
pub fn topic_key_parts(key: &str) -> Vec<String> {
    key.split('/').map(decode_part).collect()
}

/// Hash of a partition key (`namespace/workflow_id`): murmur2 as Kafka's Java clients compute it, made non-negative.
pub fn hash(partition_key: &str) -> u32 {
    murmur2(partition_key.as_bytes()) & 0x7fff_ffff
}

/// Hash of a workflow's (or schedule's) partition key.
pub fn entity_hash(namespace: &str, id: &str) -> u32 {
    // The hash is computed several times per command. So a key that fits and needs no encoding is put together on the stack.
    let mut bytes = [0; KEY_CAPACITY];
    let (end, length) = (namespace.len(), namespace.len() + 1 + id.len());
    if length > KEY_CAPACITY || !is_plain(namespace) || !is_plain(id) {
        return hash(&topic_key([namespace, id]));
    }
    bytes[..end].copy_from_slice(namespace.as_bytes());
    bytes[end] = b'/';
    bytes[end + 1..length].copy_from_slice(id.as_bytes());
    murmur2(&bytes[..length]) & 0x7fff_ffff
}

/// Partition of a workflow id, as Java's default partitioner chooses it for the key `namespace/workflow_id`.
pub fn partition_of(namespace: &str, workflow_id: &str, partition_count: u32) -> u32 {
    entity_hash(namespace, workflow_id) % partition_count
}

/// murmur2, seed 0x9747b28c (Kafka: org.apache.kafka.common.utils.Utils.murmur2).
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut h: u32 = 0x9747_b28c ^ data.len() as u32;
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]).wrapping_mul(M);
        k ^= k >> 24;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = chunks.remainder();
    for (i, byte) in rest.iter().enumerate() {
        h ^= u32::from(*byte) << (8 * i);
    }
    if !rest.is_empty() {
        h = h.wrapping_mul(M);
    }
    h = (h ^ (h >> 13)).wrapping_mul(M);
    h ^ (h >> 15)
}

/// Writes the bytes of a table key: fixed-width numbers big-endian (byte order is number order), strings with their length first.
#[derive(Debug, Default, Clone)]
pub struct KeyBytes(Vec<u8>);

impl KeyBytes {
    /// A key of the given kind.
    pub fn new(kind: crate::Kind) -> Self {
        let mut bytes = Vec::with_capacity(KEY_CAPACITY);
        bytes.push(kind as u8);
        Self(bytes)
    }

    /// Appends the hash of an entity.
    pub fn hash(self, namespace: &str, id: &str) -> Self {
        self.u32(entity_hash(namespace, id))
    }

    /// Appends a byte.
    pub fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    /// Appends a number.
    pub fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    /// Appends a signed number such that byte order is number order.
    pub fn i64(mut self, value: i64) -> Self {
        self.0.extend((value as u64 ^ (1 << 63)).to_be_bytes());
        self
    }

    /// Appends a string, its length first. Ids are limited to 1,000 bytes, so no row has an id of more than 65,535 bytes. Requests and
    /// tokens may name one nevertheless: its key is made of its first 65,535 bytes, which finds no row.
    pub fn str(mut self, value: &str) -> Self {
        let bytes = &value.as_bytes()[..value.len().min(usize::from(u16::MAX))];
        self.0.extend((bytes.len() as u16).to_be_bytes());
        self.0.extend(bytes);
        self
    }

    /// The bytes.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// The namespace and the id in a key that begins with them: kind, hash, namespace, id. `None` for a key of another form.
pub fn entity_names(key: &[u8]) -> Option<(&str, &str)> {
    let (namespace, rest) = split_text(key.get(1 + size_of::<u32>()..)?)?;
    let (id, _) = split_text(rest)?;
    Some((namespace, id))
}

/// Splits a text off that [`KeyBytes::str`] has written.
fn split_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

/// First key after all keys that begin with `prefix`.
pub fn prefix_end(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            return end;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of Kafka's own UtilsTest.testMurmur2.
    #[test]
    fn murmur2_is_kafkas() {
        for (key, expected) in
            [("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536), ("abc", 479_470_107)]
        {
            assert_eq!(murmur2(key.as_bytes()) as i32, expected, "{key}");
        }
    }

    #[test]
    fn entities_are_hashed_as_their_topic_keys() {
        let long = "x".repeat(KEY_CAPACITY);
        for (namespace, id) in [("default", "w"), ("", ""), ("a/b", "50%"), ("default", &long), ("default", &long[..KEY_CAPACITY - 8])] {
            assert_eq!(entity_hash(namespace, id), hash(&topic_key([namespace, id])), "{namespace} {id}");
        }
    }

    #[test]
    fn parts_round_trip() {
        let key = topic_key(["a/b", "50%", "%2F", ""]);
        assert_eq!(key, "a%2Fb/50%25/%252F/");
        assert_eq!(topic_key_parts(&key), ["a/b", "50%", "%2F", ""]);
    }

    /// The key of a string that is too long must not be that of a short string and what follows it.
    #[test]
    fn a_string_that_is_too_long_has_a_key_of_its_own() {
        let long = format!("a{}", "x".repeat(usize::from(u16::MAX)));
        let key = KeyBytes::default().str(&long).str("r").finish();
        assert_eq!(key[..2], [0xff, 0xff]);
        assert_eq!(key.len(), 2 + usize::from(u16::MAX) + 3);
    }

    #[test]
    fn names_are_read_from_keys() {
        let key = KeyBytes::new(crate::Kind::Run).hash("a/b", "w").str("a/b").str("w").str("r").finish();
        assert_eq!(entity_names(&key), Some(("a/b", "w")));
        assert_eq!(entity_names(&key[..key.len() - 3]), Some(("a/b", "w")));
        for length in 0..key.len() - 4 {
            assert_eq!(entity_names(&key[..length]), None, "{length}");
        }
    }

    #[test]
    fn byte_order_is_number_order() {
        let keys: Vec<_> = [i64::MIN, -1, 0, 1, i64::MAX].map(|n| KeyBytes::default().i64(n).finish()).into();
        assert!(keys.is_sorted());
        assert_eq!(prefix_end(&[1, 0xff]), [2]);
    }
}
