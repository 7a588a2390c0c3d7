//! In which of four forms JSON is written and read.

/// How JSON stands in answers, and how payloads are read in requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Indented by two blanks a level.
    pub pretty: bool,
    /// A payload of JSON stands as its value, and a list of payloads as an array.
    pub shorthand: bool,
}

impl Default for Form {
    fn default() -> Self {
        Self { pretty: false, shorthand: true }
    }
}

impl Form {
    /// The form that a media type names (`application/json+pretty+no-payload-shorthand`). `None`: the type is none of the four.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let suffix = essence.get(..16).filter(|start| start.eq_ignore_ascii_case("application/json")).map(|_| &essence[16..])?;
        match suffix {
            "" => Some(Self::default()),
            "+pretty" => Some(Self { pretty: true, shorthand: true }),
            "+no-payload-shorthand" => Some(Self { pretty: false, shorthand: false }),
            "+pretty+no-payload-shorthand" => Some(Self { pretty: true, shorthand: false }),
            _ => None,
        }
    }

    /// The form of a request's answer: by the `Accept` header, then by the query parameters `pretty` and `noPayloadShorthand`.
    pub fn asked(accept: Option<&str>, query: &[(String, String)]) -> Self {
        let has = |name: &str| query.iter().any(|(key, _)| key == name);
        if has("pretty") || has("noPayloadShorthand") {
            return Self { pretty: has("pretty"), shorthand: !has("noPayloadShorthand") };
        }
        accept.and_then(|accept| accept.split(',').find_map(Self::of_media_type)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_asked_by_header_or_query() {
        let form = |pretty, shorthand| Form { pretty, shorthand };
        let asked =
            |accept, query: &[&str]| Form::asked(accept, &query.iter().map(|key| ((*key).to_owned(), String::new())).collect::<Vec<_>>());
        assert_eq!(asked(None, &[]), form(false, true));
        assert_eq!(asked(Some("*/*"), &[]), form(false, true));
        assert_eq!(asked(Some("text/html, application/json+pretty;q=1"), &[]), form(true, true));
        assert_eq!(asked(Some("application/json+pretty+no-payload-shorthand"), &[]), form(true, false));
        assert_eq!(asked(Some("application/json+no-payload-shorthand"), &["pretty"]), form(true, true));
        assert_eq!(asked(None, &["noPayloadShorthand"]), form(false, false));
        assert_eq!(asked(None, &["noPayloadShorthand", "pretty"]), form(true, false));
        assert_eq!(Form::of_media_type("application/jsonp"), None);
        assert_eq!(Form::of_media_type("äpplication/json"), None);
        assert_eq!(Form::of_media_type("text/plain"), None);
    }
}
