//! Cuts texts.

/// Cuts a text to at most `bytes_max` bytes, between two characters.
pub fn cut(text: &mut String, bytes_max: usize) {
    let mut at = bytes_max.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text.truncate(at);
}
