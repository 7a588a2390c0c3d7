//! Whether a body begins with a well-formed JSON value. The texts of refusals are those of Go's encoding/json, through which Temporal's
//! server reads bodies.

use super::Invalid;

/// Levels of arrays and objects within each other, as in encoding/json.
const DEPTH_MAX: usize = 10_000;

/// The first JSON value in `text`. `None`: there are only blanks. What follows the value is left alone, as Temporal's server does.
pub fn check(text: &[u8]) -> Result<Option<&[u8]>, Invalid> {
    let start = text.iter().position(|byte| !is_space(*byte));
    let Some(start) = start else { return Ok(None) };
    let mut scanner = Scanner { text, at: start, open: Vec::new() };
    scanner.value()?;
    Ok(Some(&text[start..scanner.at]))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    /// The arrays and objects that are open, each by its first byte.
    open: Vec<u8>,
}

/// What may come next.
enum Next {
    /// A value.
    Value,
    /// A value, or the end of the array that has just been opened.
    FirstElement,
    /// A key, or the end of the object that has just been opened.
    FirstKey,
    /// A key.
    Key,
    /// A comma, or the end of what is open.
    AfterValue,
}

impl Scanner<'_> {
    /// Reads one value. There is no recursion, because the depth is the client's choice.
    fn value(&mut self) -> Result<(), Invalid> {
        let mut next = Next::Value;
        loop {
            next = match next {
                Next::Value | Next::FirstElement => {
                    let byte = self.skip_space()?;
                    match byte {
                        b'{' => {
                            self.enter(byte)?;
                            Next::FirstKey
                        }
                        b'[' => {
                            self.enter(byte)?;
                            Next::FirstElement
                        }
                        b']' if matches!(next, Next::FirstElement) => {
                            self.leave();
                            Next::AfterValue
                        }
                        _ => {
                            self.scalar(byte)?;
                            Next::AfterValue
                        }
                    }
                }
                Next::FirstKey | Next::Key => match self.skip_space()? {
                    b'}' if matches!(next, Next::FirstKey) => {
                        self.leave();
                        Next::AfterValue
                    }
                    b'"' => {
                        self.string()?;
                        match self.skip_space()? {
                            b':' => self.at += 1,
                            byte => return Err(unexpected(byte, "after object key")),
                        }
                        Next::Value
                    }
                    byte => return Err(unexpected(byte, "looking for beginning of object key string")),
                },
                Next::AfterValue => {
                    let Some(&open) = self.open.last() else { return Ok(()) };
                    match (open, self.skip_space()?) {
                        (b'{', b',') => {
                            self.at += 1;
                            Next::Key
                        }
                        (_, b',') => {
                            self.at += 1;
                            Next::Value
                        }
                        (b'{', b'}') | (b'[', b']') => {
                            self.leave();
                            Next::AfterValue
                        }
                        (b'{', byte) => return Err(unexpected(byte, "after object key:value pair")),
                        (_, byte) => return Err(unexpected(byte, "after array element")),
                    }
                }
            };
        }
    }

    fn enter(&mut self, byte: u8) -> Result<(), Invalid> {
        if self.open.len() >= DEPTH_MAX {
            return Err(Invalid("exceeded max depth".to_owned()));
        }
        self.open.push(byte);
        self.at += 1;
        Ok(())
    }

    fn leave(&mut self) {
        self.open.pop();
        self.at += 1;
    }

    fn peek(&self) -> Result<u8, Invalid> {
        self.text.get(self.at).copied().ok_or_else(|| Invalid("unexpected EOF".to_owned()))
    }

    fn skip_space(&mut self) -> Result<u8, Invalid> {
        while is_space(self.peek()?) {
            self.at += 1;
        }
        self.peek()
    }

    fn scalar(&mut self, byte: u8) -> Result<(), Invalid> {
        match byte {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            byte => Err(unexpected(byte, "looking for beginning of value")),
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), Invalid> {
        for expected in word.bytes() {
            let byte = self.peek()?;
            if byte != expected {
                return Err(unexpected(byte, &format!("in literal {word} (expecting {})", quoted(expected))));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Invalid> {
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => {
                    self.at += 1;
                    match self.peek()? {
                        b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => self.at += 1,
                        b'u' => {
                            self.at += 1;
                            for _ in 0..4 {
                                let byte = self.peek()?;
                                if !byte.is_ascii_hexdigit() {
                                    return Err(unexpected(byte, "in \\u hexadecimal character escape"));
                                }
                                self.at += 1;
                            }
                        }
                        byte => return Err(unexpected(byte, "in string escape code")),
                    }
                }
                byte if byte < 0x20 => return Err(unexpected(byte, "in string literal")),
                _ => self.at += 1,
            }
        }
    }

    fn number(&mut self) -> Result<(), Invalid> {
        let more = |scanner: &Self| scanner.text.get(scanner.at).copied();
        if self.peek()? == b'-' {
            self.at += 1;
        }
        match self.peek()? {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits(),
            byte => return Err(unexpected(byte, "in numeric literal")),
        }
        if more(self) == Some(b'.') {
            self.at += 1;
            self.digit("after decimal point in numeric literal")?;
        }
        if let Some(b'e' | b'E') = more(self) {
            self.at += 1;
            if let b'+' | b'-' = self.peek()? {
                self.at += 1;
            }
            self.digit("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn digit(&mut self, place: &str) -> Result<(), Invalid> {
        match self.peek()? {
            b'0'..=b'9' => {
                self.digits();
                Ok(())
            }
            byte => Err(unexpected(byte, place)),
        }
    }

    fn digits(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }
}

fn unexpected(byte: u8, place: &str) -> Invalid {
    Invalid(format!("invalid character {} {place}", quoted(byte)))
}

/// A byte as encoding/json quotes it: as the character of this number.
fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        b'\\' => r"'\\'".to_owned(),
        b'\n' => r"'\n'".to_owned(),
        b'\r' => r"'\r'".to_owned(),
        b'\t' => r"'\t'".to_owned(),
        0x07 => r"'\a'".to_owned(),
        0x08 => r"'\b'".to_owned(),
        0x0b => r"'\v'".to_owned(),
        0x0c => r"'\f'".to_owned(),
        0x20..=0x7e | 0xa1..=0xac | 0xae..=0xff => format!("'{}'", char::from(byte)),
        0x80..=0xa0 | 0xad => format!("'\\u{byte:04x}'"),
        _ => format!("'\\x{byte:02x}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_end_where_they_end() {
        for (text, value) in [
            ("", None),
            (" \n\t\r", None),
            (" {} ", Some("{}")),
            ("{}x", Some("{}")),
            (
                "[1, 2.5e-3, \"\\u00e4\\\"\", null, true, false, {\"a\": []}] 7",
                Some("[1, 2.5e-3, \"\\u00e4\\\"\", null, true, false, {\"a\": []}]"),
            ),
            ("-0.0 1", Some("-0.0")),
            ("\"ä\"", Some("\"ä\"")),
        ] {
            assert_eq!(check(text.as_bytes()), Ok(value.map(str::as_bytes)), "{text}");
        }
    }

    #[test]
    fn refusals_are_those_of_go() {
        for (text, refusal) in [
            ("x", "invalid character 'x' looking for beginning of value"),
            ("{", "unexpected EOF"),
            ("{\"a\"", "unexpected EOF"),
            ("{a", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\" 1", "invalid character '1' after object key"),
            ("{\"a\":1 \"b\"", "invalid character '\"' after object key:value pair"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("[1 2]", "invalid character '2' after array element"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("[}", "invalid character '}' looking for beginning of value"),
            ("\"a\nb\"", "invalid character '\\n' in string literal"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            ("\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
            ("trux", "invalid character 'x' in literal true (expecting 'e')"),
            ("nul", "unexpected EOF"),
            ("\u{1}", "invalid character '\\x01' looking for beginning of value"),
            ("ä", "invalid character 'Ã' looking for beginning of value"),
        ] {
            assert_eq!(check(text.as_bytes()), Err(Invalid(refusal.to_owned())), "{text}");
        }
        assert_eq!(check(&[b'['; DEPTH_MAX + 1]), Err(Invalid("exceeded max depth".to_owned())));
    }
}
