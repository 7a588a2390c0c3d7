//! How much an outcome may hold. An outcome repeats what stands on several events and must fit into one record, or the run could not close.

/// Bytes of all payloads and texts of an outcome. With ids and names it stays below the topics' 6 MiB.
const BYTES_MAX: usize = 4 << 20;
/// Bytes of one message or stack trace.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Bytes that are left.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self::of(BYTES_MAX)
    }
}

impl Budget {
    /// So many bytes.
    pub(super) fn of(bytes: usize) -> Self {
        Self(bytes)
    }

    /// Takes so many bytes, if there are enough.
    pub(super) fn takes(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }

    /// The beginning of a text.
    pub(super) fn text(&mut self, text: &str) -> String {
        let mut end = text.len().min(TEXT_BYTES_MAX).min(self.0);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.0 -= end;
        text[..end].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        let mut budget = Budget::of(4);
        assert_eq!(budget.text("aé€"), "aé");
        assert_eq!(budget.text("€"), "");
        assert_eq!(budget.text("bc"), "b");
        assert_eq!(Budget::default().text(&"x".repeat(TEXT_BYTES_MAX + 1)).len(), TEXT_BYTES_MAX);
    }
}
