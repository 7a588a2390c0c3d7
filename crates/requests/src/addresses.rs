//! Addresses that the server may call for its clients.

use std::fmt;

use serde::{Deserialize, Serialize, de::Error as _};

/// Which hosts may be called. Without any rule, none: a client must not be able to make the server call what only the server can reach.
///
/// Temporal: callback.allowedAddresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    /// `host:port`; each `*` stands for any number of characters.
    pattern: String,
    /// Plain HTTP is allowed, too.
    insecure: bool,
}

/// What the rules say of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be called.
    Allowed,
    /// It may be called over HTTPS only.
    NeedsHttps,
    /// No rule is about it.
    Unknown,
}

impl Addresses {
    /// Rules of the form `host:port`, for HTTPS, or `http://host:port`, for HTTP as well. Each `*` stands for any number of characters.
    ///
    /// # Errors
    /// The rule that is none.
    pub fn new(rules: &[String]) -> Result<Self, String> {
        let rule = |text: &String| {
            let (pattern, insecure) = match text.strip_prefix("http://") {
                Some(pattern) => (pattern, true),
                None => (text.strip_prefix("https://").unwrap_or(text), false),
            };
            let is_address = !pattern.is_empty() && !pattern.contains(['/', ' ', '@']);
            is_address.then(|| Rule { pattern: pattern.to_owned(), insecure }).ok_or_else(|| text.clone())
        };
        rules.iter().map(rule).collect::<Result<_, _>>().map(Self)
    }

    /// What the first rule says that is about the host (with its port, where the URL has one).
    pub fn verdict(&self, host: &str, is_https: bool) -> Verdict {
        match self.0.iter().find(|rule| matches(&rule.pattern, host)) {
            Some(rule) if is_https || rule.insecure => Verdict::Allowed,
            Some(_) => Verdict::NeedsHttps,
            None => Verdict::Unknown,
        }
    }
}

/// Whether the text is what the pattern stands for. Each part between two `*` is looked for behind the one before, so this takes no longer
/// than the product of both lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').map_or(("", rest), |(middle, last)| (middle, last));
    let Some(mut text) = text.strip_suffix(last) else { return false };
    for part in middle.split('*') {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    true
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.insecure { "http://" } else { "" }, self.pattern)
    }
}

impl Serialize for Addresses {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(ToString::to_string))
    }
}

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rules = Vec::<String>::deserialize(deserializer)?;
        Self::new(&rules).map_err(|rule| D::Error::custom(format!("{rule:?} is no address: write host:port, or http://host:port")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, text, expected) in [
            ("*", "anything", true),
            ("*", "", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("a*", "ba", false),
            ("prefix.*.domain", "prefix.a.b.domain", true),
            ("prefix.*.domain", "prefix.domain", false),
            ("a*a", "a", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c", false),
            ("*:80", "host:8080", false),
            ("**", "x", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn the_first_rule_that_is_about_a_host_counts() {
        let rules = Addresses::new(&["a".to_owned(), "http://*".to_owned()]).unwrap();
        assert_eq!(rules.verdict("a", false), Verdict::NeedsHttps);
        assert_eq!(rules.verdict("a", true), Verdict::Allowed);
        assert_eq!(rules.verdict("b", false), Verdict::Allowed);
        assert_eq!(Addresses::default().verdict("b", true), Verdict::Unknown);
        assert_eq!(Addresses::new(&["http://a/b".to_owned()]), Err("http://a/b".to_owned()));
    }
}
