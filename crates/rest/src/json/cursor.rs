//! A walk over a JSON value that `check` has found well formed. It knows where each token stands, because refusals name the place.

use super::Invalid;

/// A kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `}` or `]`
    Close,
    /// A string. Keys of objects are strings, too.
    String,
    /// A number.
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
    /// The end of the text.
    End,
}

/// A token, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Its text; of an object or array only the first byte.
    pub raw: &'a [u8],
    /// Offset of its first byte.
    pub at: usize,
}

impl Token<'_> {
    /// Its text, for refusals.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.raw).into_owned()
    }
}

/// Where a walk stands.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// A walk over well-formed text.
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The next token, which stays the next one. Commas and colons are passed over.
    pub fn peek(&mut self) -> Token<'a> {
        while self.text.get(self.at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b':')) {
            self.at += 1;
        }
        let (kind, length) = match self.text.get(self.at) {
            None => (Kind::End, 0),
            Some(b'{') => (Kind::Object, 1),
            Some(b'[') => (Kind::Array, 1),
            Some(b'}' | b']') => (Kind::Close, 1),
            Some(b'"') => (Kind::String, self.string_length()),
            Some(b't' | b'f') => (Kind::Bool, self.word_length()),
            Some(b'n') => (Kind::Null, self.word_length()),
            Some(_) => (Kind::Number, self.word_length()),
        };
        Token { kind, raw: &self.text[self.at..self.at + length], at: self.at }
    }

    /// The next token. The walk goes on behind it.
    pub fn next(&mut self) -> Token<'a> {
        let token = self.peek();
        self.at += token.raw.len();
        token
    }

    /// Passes over a value, and gives its text.
    pub fn skip_value(&mut self) -> &'a [u8] {
        let start = self.peek().at;
        let mut open = 0_usize;
        loop {
            match self.next().kind {
                Kind::Object | Kind::Array => open += 1,
                Kind::Close => open = open.saturating_sub(1),
                _ => {}
            }
            if open == 0 {
                return &self.text[start..self.at];
            }
        }
    }

    /// What a string token says.
    pub fn string(&self, token: Token<'_>) -> Result<String, Invalid> {
        let inner = token.raw.get(1..token.raw.len().saturating_sub(1)).unwrap_or_default();
        let inner = std::str::from_utf8(inner).map_err(|_| self.syntax(token.at, "invalid UTF-8 in string"))?;
        if !inner.contains('\\') {
            return Ok(inner.to_owned());
        }
        let mut said = String::with_capacity(inner.len());
        let mut rest = inner;
        while let Some(place) = rest.find('\\') {
            said.push_str(&rest[..place]);
            let (character, length) = escape(&rest[place..]).ok_or_else(|| {
                let shown = rest.get(place..place + 6).unwrap_or(&rest[place..]);
                self.syntax(token.at, &format!("invalid escape code {shown:?} in string"))
            })?;
            said.push(character);
            rest = &rest[place + length..];
        }
        said.push_str(rest);
        Ok(said)
    }

    /// A refusal with the place of its cause.
    pub fn error(&self, at: usize, what: &str) -> Invalid {
        let (line, column) = self.place(at);
        Invalid(format!("temporalproto: (line {line}:{column}): {what}"))
    }

    /// A refusal of a token that may not stand here.
    pub fn unexpected(&self, token: Token<'_>) -> Invalid {
        self.syntax(token.at, &format!("unexpected token {}", token.text()))
    }

    fn syntax(&self, at: usize, what: &str) -> Invalid {
        let (line, column) = self.place(at);
        Invalid(format!("temporalproto: syntax error (line {line}:{column}): {what}"))
    }

    fn place(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..at];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
        (line, String::from_utf8_lossy(&before[start..]).chars().count() + 1)
    }

    fn string_length(&self) -> usize {
        let mut length = 1;
        loop {
            match self.text.get(self.at + length) {
                Some(b'\\') => length += 2,
                Some(b'"') => return length + 1,
                Some(_) => length += 1,
                None => return self.text.len() - self.at,
            }
        }
    }

    fn word_length(&self) -> usize {
        self.text[self.at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')).count().max(1)
    }
}

/// The character of an escape, and the escape's length. `None`: half a surrogate pair.
fn escape(text: &str) -> Option<(char, usize)> {
    let simple = match text.as_bytes().get(1)? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let unit = |at: usize| u32::from_str_radix(text.get(at + 2..at + 6)?, 16).ok();
            let first = unit(0)?;
            if !(0xd800..0xe000).contains(&first) {
                return Some((char::from_u32(first)?, 6));
            }
            let second = text.get(6..8).filter(|next| *next == "\\u").and_then(|_| unit(6))?;
            let pair = char::decode_utf16([first as u16, second as u16]).next()?.ok()?;
            return Some((pair, 12));
        }
        other => char::from(*other),
    };
    Some((simple, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_say_what_they_escape() {
        for (text, said) in [(r#""""#, ""), (r#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{c}\n\r\t"), (r#""\u00e4ä\ud83d\ude00""#, "ää😀")]
        {
            let mut cursor = Cursor::new(text.as_bytes());
            let token = cursor.next();
            assert_eq!(token.kind, Kind::String);
            assert_eq!(cursor.string(token), Ok(said.to_owned()));
        }
        let mut cursor = Cursor::new(br#"{ "\ud83dx": 1}"#);
        cursor.next();
        let token = cursor.next();
        let refusal = r#"temporalproto: syntax error (line 1:3): invalid escape code "\\ud83d" in string"#;
        assert_eq!(cursor.string(token), Err(Invalid(refusal.to_owned())));
        let mut cursor = Cursor::new(b"\"\xff\"");
        let token = cursor.next();
        assert_eq!(cursor.string(token), Err(Invalid("temporalproto: syntax error (line 1:1): invalid UTF-8 in string".to_owned())));
    }

    #[test]
    fn places_are_lines_and_characters() {
        let mut cursor = Cursor::new("{\n \"ä\": [7, {}],\n \"ö\" : tru}".as_bytes());
        cursor.next();
        cursor.next();
        assert_eq!(cursor.clone().skip_value(), b"[7, {}]");
        let seven = {
            cursor.next();
            cursor.next()
        };
        assert_eq!(cursor.error(seven.at, "x"), Invalid("temporalproto: (line 2:8): x".to_owned()));
        assert_eq!(cursor.next().kind, Kind::Object);
    }
}
