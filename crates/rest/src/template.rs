//! Templates of paths (google/api/http.proto): literals and variables, one segment each.

/// A template such as `/namespaces/{namespace}/workflows/{execution.workflow_id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    segments: Vec<Segment>,
}

/// A segment between slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// This text.
    Literal(String),
    /// Any text, which is the value of the field at this path.
    Variable(String),
}

impl Template {
    /// A template from its text. `None`: it has parts that Temporal's API has no use for (`*`, `**`, verbs, variables of several segments).
    pub fn parse(text: &str) -> Option<Self> {
        let segments = text.strip_prefix('/')?.split('/').map(|segment| {
            if let Some(variable) = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) {
                let variable = variable.strip_suffix("=*").unwrap_or(variable);
                let is_path = !variable.is_empty() && !variable.contains(['*', '{', '}', '=']);
                return is_path.then(|| Segment::Variable(variable.to_owned()));
            }
            (!segment.is_empty() && !segment.contains(['{', '}', '*', ':'])).then(|| Segment::Literal(segment.to_owned()))
        });
        Some(Self { segments: segments.collect::<Option<_>>()? })
    }

    /// The variables and their values, when the segments of a path fit. The segments are percent-decoded.
    pub fn fit(&self, path: &[String]) -> Option<Vec<(&str, String)>> {
        if path.len() != self.segments.len() {
            return None;
        }
        let mut values = Vec::new();
        for (segment, text) in self.segments.iter().zip(path) {
            match segment {
                Segment::Literal(literal) if literal == text => {}
                Segment::Literal(_) => return None,
                Segment::Variable(variable) => values.push((variable.as_str(), text.clone())),
            }
        }
        Some(values)
    }

    /// The segments.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

/// The segments of a path, percent-decoded each. So a value may hold a slash as `%2F`. `None`: an escape is broken, or what it says is not UTF-8.
pub fn segments(path: &str) -> Option<Vec<String>> {
    path.strip_prefix('/')?.split('/').map(|segment| unescaped(segment, false)).collect()
}

/// A text with its percent escapes resolved. `plus_is_blank`: as in queries.
pub fn unescaped(text: &str, plus_is_blank: bool) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                out.push((high * 16 + low) as u8);
            }
            b'+' if plus_is_blank => out.push(b' '),
            byte => out.push(byte),
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_take_one_segment() {
        let template = Template::parse("/namespaces/{namespace}/workflows/{execution.workflow_id}").unwrap();
        let fit = |path: &str| template.fit(&segments(path)?);
        assert_eq!(
            fit("/namespaces/default/workflows/a%2Fb%20c+d"),
            Some(vec![("namespace", "default".to_owned()), ("execution.workflow_id", "a/b c+d".to_owned())])
        );
        for path in [
            "/namespaces/default/workflows",
            "/namespaces/default/workflow/a",
            "/namespaces/default/workflows/a/b",
            "",
            "/",
            "/%zz",
            "/%ff",
        ] {
            assert_eq!(fit(path), None, "{path}");
        }
        assert!(fit("/namespaces//workflows/").is_some());
    }

    #[test]
    fn other_templates_are_refused() {
        for text in ["", "a", "/a/*", "/a/**", "/{a=b/*}", "/a:verb", "/{}", "/a//b"] {
            assert_eq!(Template::parse(text), None, "{text}");
        }
        assert!(Template::parse("/{a=*}/b").is_some());
    }
}
