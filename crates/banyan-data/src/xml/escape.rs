//! Characters that XML text and attribute values cannot hold as they are.

use std::borrow::Cow;

/// Text of an element. `>` is escaped because of `]]>`, the carriage return because a parser would drop it.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    escape(text, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#13;"),
        _ => None,
    })
}

/// A value between double quotes. Blanks other than the space are escaped because a parser makes spaces of them.
pub(crate) fn attribute(text: &str) -> Cow<'_, str> {
    escape(text, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'"' => Some("&quot;"),
        b'\r' => Some("&#13;"),
        b'\n' => Some("&#10;"),
        b'\t' => Some("&#9;"),
        _ => None,
    })
}

/// Whether a document can hold the character, escaped or not (XML 1.0 2.2).
pub(crate) fn can_hold(character: char) -> bool {
    !matches!(
        character,
        '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}'
    )
}

fn escape(text: &str, replacement: impl Fn(u8) -> Option<&'static str>) -> Cow<'_, str> {
    let Some(first) = text.bytes().position(|byte| replacement(byte).is_some()) else {
        return text.into();
    };
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate().skip(first) {
        if let Some(replacement) = replacement(byte) {
            // What is replaced is ASCII, so both ends are character boundaries.
            escaped.push_str(&text[copied..at]);
            escaped.push_str(replacement);
            copied = at + 1;
        }
    }
    escaped.push_str(&text[copied..]);
    escaped.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_a_parser() {
        assert_eq!(text("plain ø"), "plain ø");
        assert_eq!(text("ø<&>\r"), "ø&lt;&amp;&gt;&#13;");
        assert_eq!(attribute("a\"\n"), "a&quot;&#10;");
    }
}
