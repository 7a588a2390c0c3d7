//! Splits a filter's text into tokens.

use crate::{Error, Result};

/// Most bytes of a filter. Temporal bounds a filter only by the size of a gRPC message.
pub(super) const BYTES_MAX: usize = 1 << 20;

/// Most tokens of a filter: enough for as many conditions and values as it may have, and for the marks between them.
const TOKENS_MAX: usize = 250_000;

/// The text before the filter in the statement that Temporal's parser sees. Error positions count from its beginning.
const STATEMENT: &str = "select * from table1 ";

/// A token and where it ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spanned {
    pub(super) token: Token,
    /// Byte offset of the end in the filter.
    pub(super) end: usize,
}

/// Smallest parts of a filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or a keyword, as written.
    Word(String),
    /// A back-quoted name.
    Quoted(String),
    /// A string in single or double quotes. Escapes are resolved.
    Text(String),
    /// A number without sign, as written.
    Number(String),
    /// An operator or a punctuation mark.
    Symbol(&'static str),
    /// The end of the filter.
    End,
}

/// Operators and punctuation, longer ones first.
const SYMBOLS: &[&str] = &[
    "<=>", "<=", ">=", "<>", "!=", "&&", "||", "<<", ">>", "=", "<", ">", "(", ")", ",", "+", "-", "*", "/", "%", "!", ";", ".", "&", "|",
    "^", "~",
];

/// A syntax error at the end of a token. `position` is a byte offset in the filter; `near` is the token's text, where it has one.
pub(super) fn syntax_error(where_: bool, position: usize, near: Option<&str>) -> Error {
    let before = STATEMENT.len() + if where_ { "where ".len() } else { 0 };
    // Temporal's parser has read one character beyond the token, and counts from 1.
    let position = before + position + 1;
    let near = near.map(|near| format!(" near '{near}'")).unwrap_or_default();
    Error::InvalidQuery(format!("malformed SQL query: syntax error at position {position}{near}"))
}

/// The error when a filter has more of something than is allowed.
pub(super) fn too_many(max: usize, what: &str) -> Error {
    Error::InvalidQuery(format!("malformed SQL query: more than {max} {what}"))
}

/// The tokens of `text`, with a [`Token::End`] after them.
pub(super) fn tokens(text: &str, where_: bool) -> Result<Vec<Spanned>> {
    if text.len() > BYTES_MAX {
        return Err(too_many(BYTES_MAX, "bytes"));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        if tokens.len() > TOKENS_MAX {
            return Err(too_many(TOKENS_MAX, "names, values and symbols"));
        }
        rest = rest.trim_start();
        let at = text.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            tokens.push(Spanned { token: Token::End, end: text.len() });
            return Ok(tokens);
        };
        let (token, length) = match first {
            '\'' | '"' => string(rest, first).ok_or_else(|| syntax_error(where_, text.len(), Some(&rest[1..])))?,
            '`' => {
                let end = rest[1..].find('`').filter(|&length| length > 0);
                let end = end.ok_or_else(|| syntax_error(where_, text.len(), Some(&rest[1..])))?;
                (Token::Quoted(rest[1..=end].to_owned()), end + 2)
            }
            '0'..='9' => number(rest),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => number(rest),
            c if is_word_start(c) => {
                let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
                (Token::Word(rest[..length].to_owned()), length)
            }
            other => match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                Some(symbol) => (Token::Symbol(symbol), symbol.len()),
                None => return Err(syntax_error(where_, at + other.len_utf8(), Some(&other.to_string()))),
            },
        };
        tokens.push(Spanned { token, end: at + length });
        rest = &rest[length..];
    }
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '@'
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '@' | '$' | '.')
}

/// A string in quotes, and its length including the quotes. A doubled quote and a backslash escape stand for one character. `None` when the
/// string does not end.
fn string(rest: &str, quote: char) -> Option<(Token, usize)> {
    let mut value = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            match chars.peek() {
                Some((_, next)) if *next == quote => {
                    value.push(quote);
                    chars.next();
                }
                _ => return Some((Token::Text(value), at + 1)),
            }
        } else if c == '\\' {
            let (_, escaped) = chars.next()?;
            value.push(match escaped {
                '0' => '\0',
                'b' => '\u{8}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'Z' => '\u{1a}',
                other => other,
            });
        } else {
            value.push(c);
        }
    }
    None
}

/// A number without sign, and its length: digits, a fraction, an exponent.
fn number(rest: &str) -> (Token, usize) {
    let bytes = rest.as_bytes();
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let after = digits(end + 1 + sign);
        if after > end + 1 + sign {
            end = after;
        }
    }
    (Token::Number(rest[..end].to_owned()), end)
}
