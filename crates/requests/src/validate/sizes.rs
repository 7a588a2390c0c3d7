//! Sizes of payloads.

use prost::Message;

use crate::{
    fault::{Fault, Result},
    limits::Limits,
    warnings,
};

/// True when a field is too large: above the limit, and also above the size below which fields are never refused.
pub fn blob_exceeds<M: Message>(blob: Option<&M>, limits: &Limits) -> bool {
    size_exceeds(blob.map_or(0, Message::encoded_len), limits)
}

fn size_exceeds(size: usize, limits: &Limits) -> bool {
    warnings::above("blob_bytes", size, limits.blob_warn_bytes);
    size > limits.blob_warn_bytes && size > limits.blob_bytes
}

/// Refuses fields whose sizes are too large together.
pub fn blob_size(size: usize, limits: &Limits) -> Result<()> {
    if size_exceeds(size, limits) { Err(Fault::invalid("Blob data size exceeds limit.")) } else { Ok(()) }
}

/// Refuses a field that is too large.
pub fn blob<M: Message>(blob: Option<&M>, limits: &Limits) -> Result<()> {
    blob_size(blob.map_or(0, Message::encoded_len), limits)
}

/// Refuses a memo that is too large.
pub fn memo<M: Message>(memo: Option<&M>, limits: &Limits) -> Result<()> {
    let size = memo.map_or(0, Message::encoded_len);
    warnings::above("memo_bytes", size, limits.memo_warn_bytes);
    if size > limits.memo_warn_bytes && size > limits.memo_bytes {
        return Err(Fault::invalid("Memo size exceeds limit."));
    }
    Ok(())
}
