//! Makes a handler's answer ready for the transport: notes how large it is, and whether it is worth compressing.

use klamm_connections::AnswerBytes;
use prost::Message;
use tonic::Response;

/// Smaller answers are not compressed, even for callers that compress: setting up a compression costs more than sending so few bytes.
const COMPRESSED_FROM_BYTES: usize = 1024;

/// The response with this message. It carries the message's size. With it the connection counts the bytes that its client leaves unread.
pub(crate) fn answer<M: Message>(message: M) -> Response<M> {
    let bytes = message.encoded_len();
    let mut response = Response::new(message);
    response.extensions_mut().insert(AnswerBytes(bytes));
    if bytes < COMPRESSED_FROM_BYTES {
        response.disable_compression();
    }
    response
}
