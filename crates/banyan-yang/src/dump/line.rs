//! A JSON object on one line, in the making.

use std::fmt::{Display, Write};

/// Members in the order in which they are added; what is not there is not written.
pub(super) struct Line(String);

impl Line {
    pub(super) fn new() -> Self {
        Self("{".to_owned())
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }

    /// Whether no member was added.
    pub(super) fn is_empty(&self) -> bool {
        self.0.len() == 1
    }

    /// A member whose value is JSON already.
    pub(super) fn json(&mut self, name: &str, value: impl Display) {
        if !self.is_empty() {
            self.0.push(',');
        }
        push_string(&mut self.0, name);
        // Writing to a string cannot fail.
        let _ = write!(self.0, ":{value}");
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.json(name, string(value));
    }

    pub(super) fn optional(&mut self, name: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.text(name, value.as_ref());
        }
    }

    /// `true`, or nothing.
    pub(super) fn flag(&mut self, name: &str, set: bool) {
        if set {
            self.json(name, true);
        }
    }

    /// An array of JSON values; nothing when there is none.
    pub(super) fn array(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        let values: Vec<String> = values.into_iter().collect();
        if !values.is_empty() {
            self.json(name, format_args!("[{}]", values.join(",")));
        }
    }

    /// An array of strings; nothing when there is none.
    pub(super) fn texts(&mut self, name: &str, values: impl IntoIterator<Item = impl AsRef<str>>) {
        self.array(name, values.into_iter().map(|value| string(value.as_ref())));
    }

    /// What a violated constraint answers.
    pub(super) fn errors(&mut self, message: Option<&str>, app_tag: Option<&str>) {
        self.optional("error-message", message);
        self.optional("error-app-tag", app_tag);
    }
}

/// A JSON string.
pub(super) fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_string(&mut out, text);
    out
}

fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_json_wants_it() {
        assert_eq!(string("a\"b\\c\n\t\u{1}ø"), r#""a\"b\\c\n\t\u0001ø""#);
    }

    #[test]
    fn what_is_not_there_is_not_written() {
        let mut line = Line::new();
        line.flag("a", false);
        line.texts("b", [""; 0]);
        line.optional("c", None::<&str>);
        line.text("d", "x");
        line.flag("e", true);
        assert_eq!(line.finish(), r#"{"d":"x","e":true}"#);
    }
}
