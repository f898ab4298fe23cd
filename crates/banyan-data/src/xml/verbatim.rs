//! The inside of an element, kept as it came: anydata, anyxml, and data under an unknown mount point.

use super::scanner::{Scanner, Token};
use crate::input::Broken;

/// Where a top-level element of the inside gets the declarations that it needs from outside.
struct Child {
    /// Offset of its `<`.
    start: usize,
    /// Offset behind its name.
    name_end: usize,
    /// Prefixes that it declares itself; empty text is the default namespace.
    declares: Vec<String>,
}

/// The inside of the element that was opened last, up to its end tag, which is consumed. Elements at its
/// top get the namespace declarations in scope that they use, so that the text stands on its own.
///
/// Whether a prefix is used is decided by its text (`prefix:` anywhere), because values hold prefixes too.
pub(crate) fn capture(scanner: &mut Scanner<'_>) -> Result<String, Broken> {
    let outside = scanner.depth().saturating_sub(1);
    let scope: Vec<(String, String)> = scanner
        .namespaces
        .in_scope()
        .filter(|(_, uri)| !uri.is_empty())
        .map(|(prefix, uri)| (prefix.to_owned(), uri.to_owned()))
        .collect();
    let no_default = scope.iter().all(|(prefix, _)| !prefix.is_empty());
    let empty = scanner.at_empty();
    let start = scanner.next_offset();
    let mut children: Vec<Child> = Vec::new();
    let end = loop {
        match scanner.next()? {
            Token::Close if scanner.depth() == outside => break scanner.offset(),
            Token::End => break scanner.offset(),
            Token::Open(open) if scanner.depth() == outside + 2 => {
                let prefix = open.prefix.map_or(0, |prefix| prefix.len() + 1);
                children.push(Child {
                    start: open.offset,
                    name_end: open.offset + 1 + prefix + open.local.len(),
                    declares: scanner
                        .namespaces
                        .declared_at(scanner.depth())
                        .map(str::to_owned)
                        .collect(),
                });
            }
            _ => {}
        }
    };
    if empty {
        return Ok(String::new());
    }
    let input = scanner.input();
    let mut text = String::new();
    let mut copied = start;
    for (index, child) in children.iter().enumerate() {
        let child_end = children.get(index + 1).map_or(end, |next| next.start);
        let segment = input.get(child.start..child_end).unwrap_or_default();
        text.push_str(input.get(copied..child.name_end).unwrap_or_default());
        copied = child.name_end;
        // Wherever the text will stand, a default namespace around it is none of its own.
        if no_default && !child.declares.iter().any(String::is_empty) {
            text.push_str(" xmlns=\"\"");
        }
        for (prefix, uri) in &scope {
            if child.declares.contains(prefix) {
                continue;
            }
            if prefix.is_empty() {
                text.push_str(&format!(" xmlns=\"{}\"", super::escape::attribute(uri)));
            } else if uses_prefix(segment, prefix) {
                text.push_str(&format!(
                    " xmlns:{prefix}=\"{}\"",
                    super::escape::attribute(uri)
                ));
            }
        }
    }
    text.push_str(input.get(copied..end).unwrap_or_default());
    Ok(text)
}

fn uses_prefix(segment: &str, prefix: &str) -> bool {
    segment.match_indices(prefix).any(|(at, _)| {
        let name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
        let begins = at == 0 || !name_byte(segment.as_bytes()[at - 1]);
        begins && segment[at + prefix.len()..].starts_with(':')
    })
}
