//! Writing XML: escaping, declarations, simple elements.

use quick_xml::escape::{escape as escape_markup, partial_escape};

/// Appends ` xmlns:prefix="uri"`, or ` xmlns="uri"` for the empty prefix.
pub fn push_declaration(prefix: &str, uri: &str, out: &mut String) {
    out.push_str(" xmlns");
    if !prefix.is_empty() {
        out.push(':');
        out.push_str(prefix);
    }
    out.push_str("=\"");
    out.push_str(&escape_attribute(uri));
    out.push('"');
}

/// Text as character data: `<`, `>`, `&` and carriage return are written as references, so that
/// the framing delimiter cannot arise.
pub fn escape_text(text: &str) -> String {
    partial_escape(text).into_owned()
}

/// Text as the value of an attribute in double quotes.
pub fn escape_attribute(text: &str) -> String {
    escape_markup(text)
        .replace('\n', "&#10;")
        .replace('\t', "&#9;")
}

/// Appends `<name>text</name>`.
pub fn push_element(name: &str, text: &str, out: &mut String) {
    out.push('<');
    out.push_str(name);
    out.push('>');
    out.push_str(&escape_text(text));
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}
