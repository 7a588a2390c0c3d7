//! Writing JSON.

/// Appends a string with its quotes.
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(place) = rest.find(|character: char| matches!(character, '"' | '\\' | '\0'..='\u{1f}')) {
        out.push_str(&rest[..place]);
        match rest.as_bytes()[place] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            other => out.push_str(&format!("\\u{other:04x}")),
        }
        rest = &rest[place + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Well-formed JSON without blanks, with two blanks a level.
pub fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut level = 0_usize;
    let mut is_string = false;
    let mut is_escaped = false;
    let mut characters = json.chars().peekable();
    let break_line = |out: &mut String, level: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", level));
    };
    while let Some(character) = characters.next() {
        if is_string {
            out.push(character);
            (is_string, is_escaped) = (is_escaped || character != '"', !is_escaped && character == '\\');
            continue;
        }
        match character {
            '{' | '[' => {
                out.push(character);
                match characters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(close) => out.push(close),
                    None => {
                        level += 1;
                        break_line(&mut out, level);
                    }
                }
            }
            '}' | ']' => {
                level = level.saturating_sub(1);
                break_line(&mut out, level);
                out.push(character);
            }
            ',' => {
                out.push(character);
                break_line(&mut out, level);
            }
            ':' => out.push_str(": "),
            _ => {
                is_string = character == '"';
                out.push(character);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        for text in ["", "a", "\"\\\n\r\t\u{8}\u{c}\u{1}ä😀</script>"] {
            let mut out = String::new();
            push_string(&mut out, text);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn indented_is_the_same_json() {
        let json = r#"{"a":[1,{"b":"x\\\",:{["},[],{}],"c":{},"d":null}"#;
        let shown = indented(json);
        assert_eq!(
            shown,
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x\\\\\\\",:{[\"\n    },\n    [],\n    {}\n  ],\n  \"c\": {},\n  \"d\": null\n}"
        );
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), serde_json::from_str::<serde_json::Value>(json).unwrap());
    }
}
