//! Answers requests that cannot be read with a code that says whose fault it is.
//!
//! A request above the message limit is answered as Go's gRPC answers it. SDKs look for ResourceExhausted with exactly these texts: then
//! they fail the workflow task (cause GRPC_MESSAGE_TOO_LARGE) instead of sending the same request again and again. tonic's own texts
//! differ. A request that is no message of its type is an invalid argument. tonic answers Internal, which clients take for a fault of the
//! server and retry.

use tonic::{Code, codegen::http};

/// How tonic begins its message about a request beyond the limit.
const TOO_LARGE: &str = "Error, decoded message length too large: found ";
/// How tonic begins its message about a request that is too large once it is decompressed (ResourceExhausted).
const TOO_LARGE_DECOMPRESSED: &str = "Error decompressing: size limit, of ";

/// How tonic and prost begin their messages about requests that cannot be decoded. No handler answers Internal with such a text. (A wrong
/// compression flag stays Internal, as gRPC's own specification demands.)
const UNDECODABLE: [&str; 4] =
    ["failed to decode Protobuf message: ", "Error decompressing: ", "Unexpected EOF decoding stream.", "Missing request message."];

/// Rewrites these statuses in the headers of an answer.
pub(crate) fn rewrite(headers: &mut http::HeaderMap) {
    let code = headers.get("grpc-status").map(|code| Code::from_bytes(code.as_bytes()));
    let Some(Code::OutOfRange | Code::ResourceExhausted | Code::Internal) = code else {
        return;
    };
    let Some(said) = tonic::Status::from_header_map(headers) else {
        return;
    };
    let Some(status) = rewritten(said.code(), said.message()) else {
        return;
    };
    headers.remove("grpc-status");
    headers.remove("grpc-message");
    // Adding a status fails only when its message cannot be a header, and tonic encodes messages so that they can.
    let _ = status.add_header(headers);
}

fn rewritten(code: Code, message: &str) -> Option<tonic::Status> {
    if code == Code::Internal {
        let is_undecodable = UNDECODABLE.iter().any(|beginning| message.starts_with(beginning));
        return is_undecodable.then(|| tonic::Status::invalid_argument(format!("The request cannot be read: {message}")));
    }
    let (sizes, is_decompressed) = match message.strip_prefix(TOO_LARGE) {
        Some(sizes) => (sizes, false),
        None => (message.strip_prefix(TOO_LARGE_DECOMPRESSED)?, true),
    };
    let mut numbers = sizes.split(|c: char| !c.is_ascii_digit()).filter(|text| !text.is_empty());
    let (first, second) = (numbers.next().unwrap_or("0"), numbers.next().unwrap_or("0"));
    Some(tonic::Status::resource_exhausted(if is_decompressed {
        format!("grpc: received message after decompression larger than max {first}")
    } else {
        format!("grpc: received message larger than max ({first} vs. {second})")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_these_statuses_are_rewritten() {
        let header_map = |status: tonic::Status| {
            let mut headers = http::HeaderMap::new();
            status.add_header(&mut headers).unwrap();
            rewrite(&mut headers);
            let status = tonic::Status::from_header_map(&headers).unwrap();
            (status.code(), status.message().to_owned())
        };
        assert_eq!(
            header_map(tonic::Status::out_of_range(
                "Error, decoded message length too large: found 5000000 bytes, the limit is: 4194304 bytes"
            )),
            (Code::ResourceExhausted, "grpc: received message larger than max (5000000 vs. 4194304)".to_owned())
        );
        assert_eq!(
            header_map(tonic::Status::resource_exhausted(
                "Error decompressing: size limit, of 4194304 bytes, exceeded while decompressing message"
            )),
            (Code::ResourceExhausted, "grpc: received message after decompression larger than max 4194304".to_owned())
        );
        assert_eq!(header_map(tonic::Status::resource_exhausted("too many")), (Code::ResourceExhausted, "too many".to_owned()));
        assert_eq!(
            header_map(tonic::Status::internal("failed to decode Protobuf message: invalid varint")),
            (Code::InvalidArgument, "The request cannot be read: failed to decode Protobuf message: invalid varint".to_owned())
        );
        assert_eq!(header_map(tonic::Status::internal("a bug")), (Code::Internal, "a bug".to_owned()));
        assert_eq!(header_map(tonic::Status::out_of_range("other")), (Code::OutOfRange, "other".to_owned()));
        assert_eq!(header_map(tonic::Status::not_found("gone")), (Code::NotFound, "gone".to_owned()));
    }
}
