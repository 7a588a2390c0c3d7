//! The codec of Temporal's services: protobuf, with a bound on how many messages one request may hold.
//!
//! An empty message inside a message takes two bytes on the wire, and hundreds as a struct: 4 MiB of them would become a gigabyte. So the
//! messages are counted before they are decoded. The count walks over the bytes and knows which fields hold messages.

use std::{cmp::Ordering, marker::PhantomData};

use prost::{
    Message, Name,
    bytes::Buf,
    encoding::{WireType, decode_key, decode_varint},
};
use tonic::{
    Status,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder},
};
use tonic_prost::ProstCodec;

/// Messages that a request may hold. A request of 4 MiB whose every 40 bytes hold a payload with its metadata and data has about as many.
pub const MESSAGES_MAX: usize = 100_000;

/// A buffer begins with so many bytes, and grows when a message needs more. Most messages fit. tonic's own 8 KiB would be kept for as long as
/// any payload of a request is, because payloads are not copied out of the buffer.
const BUFFER_BYTES: usize = 1024;

/// While several messages of a stream are ready, they are sent together up to so many bytes (tonic's default).
const YIELD_BYTES: usize = 32 << 10;

/// How many levels of messages within messages are looked at. Protobuf's decoder refuses deeper ones.
const DEPTH_MAX: usize = 100;

/// The fields of a message that hold messages: field number, and index of the field's type in the table.
struct Shape {
    name: &'static str,
    fields: &'static [(i32, usize)],
}

include!(concat!(env!("OUT_DIR"), "/shapes.rs"));

/// prost's codec, with a bound: it refuses requests of too many messages.
#[derive(Debug, Clone)]
pub struct BoundedCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for BoundedCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for BoundedCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Name + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = <ProstCodec<T, U> as Codec>::Encoder;
    type Decoder = BoundedDecoder<<ProstCodec<T, U> as Codec>::Decoder>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::raw_encoder(buffers())
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder { inner: ProstCodec::<T, U>::raw_decoder(buffers()), shape: shape_of::<U>() }
    }
}

/// Place of a message in the table. Each call looks for that of its request, so the name is not put together. (Requests are not nested in other
/// messages.)
fn shape_of<M: Name>() -> Option<usize> {
    let of = |shape: &Shape| {
        let (full, package) = (shape.name.as_bytes(), M::PACKAGE.as_bytes());
        let Some((begin, rest)) = full.split_at_checked(package.len()) else { return full.cmp(package) };
        let after_package = || match rest.split_first() {
            Some((dot, name)) => dot.cmp(&b'.').then_with(|| name.cmp(M::NAME.as_bytes())),
            None => Ordering::Less,
        };
        begin.cmp(package).then_with(after_package)
    };
    SHAPES.binary_search_by(of).ok()
}

fn buffers() -> BufferSettings {
    BufferSettings::new(BUFFER_BYTES, YIELD_BYTES)
}

/// See [`BoundedCodec`].
#[derive(Debug)]
pub struct BoundedDecoder<D> {
    inner: D,
    shape: Option<usize>,
}

impl<D: Decoder<Error = Status>> Decoder for BoundedDecoder<D> {
    type Item = D::Item;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<D::Item>, Status> {
        // tonic hands over a whole message in one piece.
        if let Some(shape) = self.shape
            && !is_bounded(shape, buffer.chunk(), MESSAGES_MAX)
        {
            return Err(Status::invalid_argument(format!("The request holds more than {MESSAGES_MAX} messages.")));
        }
        self.inner.decode(buffer)
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.inner.buffer_settings()
    }
}

/// Whether a message of this shape holds at most so many others. True for bytes that are no message, because decoding them says what is
/// wrong.
fn is_bounded(shape: usize, bytes: &[u8], messages_max: usize) -> bool {
    let mut left = messages_max;
    count(shape, bytes, DEPTH_MAX, &mut left).is_some()
}

/// Subtracts the number of messages from `left`; `None` when they are more than that.
fn count(shape: usize, mut bytes: &[u8], depth: usize, left: &mut usize) -> Option<()> {
    // At the end of the bytes the decoder would make an error, which takes memory.
    while !bytes.is_empty()
        && let Ok((number, wire_type)) = decode_key(&mut bytes)
    {
        let length = match wire_type {
            WireType::Varint => match decode_varint(&mut bytes) {
                Ok(_) => 0,
                Err(_) => return Some(()),
            },
            WireType::SixtyFourBit => 8,
            WireType::ThirtyTwoBit => 4,
            WireType::LengthDelimited => match decode_varint(&mut bytes) {
                Ok(length) => usize::try_from(length).unwrap_or(usize::MAX),
                Err(_) => return Some(()),
            },
            WireType::StartGroup | WireType::EndGroup => 0,
        };
        let Some((value, rest)) = bytes.split_at_checked(length) else { return Some(()) };
        bytes = rest;
        if wire_type == WireType::LengthDelimited
            && let Ok(place) = SHAPES[shape].fields.binary_search_by_key(&i64::from(number), |(field, _)| i64::from(*field))
        {
            *left = left.checked_sub(1)?;
            if depth > 0 {
                count(SHAPES[shape].fields[place].1, value, depth - 1, left)?;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::{
        command::v1::Command,
        common::v1::{Memo, Payload, Payloads},
        workflowservice::v1::{RespondWorkflowTaskCompletedRequest, SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest},
    };

    use super::*;

    fn bounded<M: Message + Name>(message: &M, messages_max: usize) -> bool {
        let shape = shape_of::<M>().expect("a message of the services");
        is_bounded(shape, &message.encode_to_vec(), messages_max)
    }

    #[test]
    fn messages_are_counted_wherever_they_stand() {
        let commands = RespondWorkflowTaskCompletedRequest { commands: vec![Command::default(); 50], ..Default::default() };
        assert!(bounded(&commands, 50) && !bounded(&commands, 49));
        // The list counts too.
        let input = Some(Payloads { payloads: vec![Payload { data: vec![7; 1000].into(), ..Payload::default() }; 50] });
        let signal = SignalWorkflowExecutionRequest { input, ..Default::default() };
        assert!(bounded(&signal, 51) && !bounded(&signal, 50));
        // An entry of a map is a message that holds one.
        let fields = (0..50).map(|n| (n.to_string(), Payload { data: vec![7].into(), ..Payload::default() })).collect();
        let start = StartWorkflowExecutionRequest { memo: Some(Memo { fields }), ..Default::default() };
        assert!(bounded(&start, 101) && !bounded(&start, 100));
    }

    #[test]
    fn whatever_the_bytes_are_they_are_walked_to_their_end() {
        let place = |name: &str| SHAPES.binary_search_by(|shape| shape.name.cmp(name)).expect("a message of the services");
        let shape = place("temporal.api.workflowservice.v1.RespondActivityTaskFailedRequest");
        for bytes in [&[0xff; 30][..], &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], &[0x0b, 0x0c], &[0x12, 5, 1]] {
            assert!(is_bounded(shape, bytes, 10));
        }
        let deep = (0..10_000).fold(Vec::new(), |inner: Vec<u8>, _| {
            let mut message = vec![0x22];
            prost::encoding::encode_varint(inner.len() as u64, &mut message);
            [message, inner].concat()
        });
        assert!(is_bounded(place("temporal.api.failure.v1.Failure"), &deep, 1000));
    }
}
