//! What one push is to change on one device: the trees on both sides, and the documents made from them.
//!
//! The only place that turns differences into edits for a device and into words for people.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::change::{EditForm, diff};
use banyan_data::document::{Holds, Layout, ParseOptions, PrintOptions, Strictness};
use banyan_data::validate::resolve_unions;
use banyan_data::xml;
use banyan_data::xpath::DEFAULT_BUDGET;
use banyan_yang::schema::Schema;
use bytes::Bytes;

/// How many differences a message names before it says that there are more.
const NAMED: usize = 5;

/// One push to one device.
#[derive(Debug)]
pub struct Job {
    /// What the device had when it and the controller last agreed.
    pub before: Arc<Tree>,
    /// What it is to have.
    pub after: Arc<Tree>,
    /// The minimal edit from one to the other: the content of `<config>`.
    pub edit: Bytes,
    /// The name of the commit on the device (RFC 6241 8.4.5.1).
    pub persist_id: Arc<str>,
}

impl Job {
    /// The push from `before` to `after`; `None` when they are equal.
    ///
    /// # Errors
    /// The difference cannot be written.
    pub fn new(
        before: Arc<Tree>,
        after: Arc<Tree>,
        persist_id: Arc<str>,
    ) -> Result<Option<Job>, String> {
        let edit = edit_between(&before, &after)?;
        Ok(edit.map(|edit| Job {
            before,
            after,
            edit,
            persist_id,
        }))
    }
}

/// The minimal edit from one tree to another; `None` when they are equal. O(change) when they share.
///
/// # Errors
/// It cannot be written.
pub fn edit_between(from: &Tree, to: &Tree) -> Result<Option<Bytes>, String> {
    let changes = diff(from, to);
    if changes.is_empty() {
        return Ok(None);
    }
    let mut out = Vec::new();
    let edit = changes.to_edit(EditForm::Tolerant);
    xml::print_edit(&edit, Layout::Compact, &mut out)
        .map_err(|error| format!("the edit cannot be written: {error}"))?;
    Ok(Some(Bytes::from(out)))
}

/// What differs, in a few words: `+` for what only `to` has, `-` for what only `from` has. `None` when
/// nothing does.
pub fn difference(from: &Tree, to: &Tree) -> Option<String> {
    let changes = diff(from, to);
    (!changes.is_empty()).then(|| in_words(&changes.to_string()))
}

/// The lines of a difference as one line: each with the names that lead to it, what is created or deleted
/// as a whole by its name alone.
fn in_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut more = 0;
    let mut path: Vec<&str> = Vec::new();
    let mut inside = 0;
    for line in text.lines() {
        let mark = line.chars().next().unwrap_or(' ');
        let rest = line[mark.len_utf8()..].trim().trim_end_matches(';');
        let opens = rest.strip_suffix('{').map(str::trim);
        match (mark, opens) {
            (' ', Some(name)) => path.push(name),
            (' ', None) => drop(path.pop()),
            (_, None) if rest == "}" => inside -= 1,
            (_, opens) => {
                let whole = inside == 0;
                if whole && words.len() < NAMED {
                    let mut line = format!("{mark}");
                    for name in &path {
                        line.push_str(name);
                        line.push('/');
                    }
                    line.push_str(opens.unwrap_or(rest));
                    words.push(line);
                } else if whole {
                    more += 1;
                }
                inside += i32::from(opens.is_some());
            }
        }
    }
    let mut words = words.join("; ");
    if more > 0 {
        words.push_str(&format!(" (and {more} more)"));
    }
    words
}

/// `new`, sharing with `old` all that is equal, so that later differences cost what changed.
pub fn shared_with(old: Option<&Tree>, new: Tree) -> Tree {
    match old {
        Some(old) if Arc::ptr_eq(old.schema(), new.schema()) => new.reshared(old),
        _ => new,
    }
}

/// The configuration in a device's answer (its `data` element). Lenient: devices are what they are.
///
/// # Errors
/// What does not fit the device's own models, at most a few places.
pub fn read_config(schema: &Arc<Schema>, data: &[u8]) -> Result<Tree, String> {
    let options = ParseOptions {
        strictness: Strictness::Lenient,
        holds: Holds::Config,
        ..ParseOptions::default()
    };
    let read = xml::parse_data(schema, data, &options);
    // As the controller's own trees have them, so that a union is no difference.
    let read = read.map(|tree| resolve_unions(&tree, DEFAULT_BUDGET).0);
    read.map_err(|errors| {
        let words: Vec<String> = errors.iter().take(NAMED).map(ToString::to_string).collect();
        let more = errors.len().saturating_sub(NAMED);
        let more = if more > 0 {
            format!(" (and {more} more)")
        } else {
            String::new()
        };
        format!(
            "the device's configuration does not fit its own models: {}{more}",
            words.join("; ")
        )
    })
}

/// A configuration as a document, for the disk.
///
/// # Errors
/// It cannot be written.
pub fn print_config(tree: &Tree) -> Result<Vec<u8>, String> {
    let mut out = b"<config>".to_vec();
    xml::print(tree, &PrintOptions::default(), &mut out)
        .map_err(|error| format!("the configuration cannot be written: {error}"))?;
    out.extend_from_slice(b"</config>");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn a_difference_is_told_in_one_line() {
        let text = " box {\n-  mtu 1500;\n+  mtu 9000;\n+  port 1 {\n+    speed 10;\n+  }\n }\n~other moved\n";
        assert_eq!(
            in_words(text),
            "-box/mtu 1500; +box/mtu 9000; +box/port 1; ~other moved"
        );
    }

    #[test]
    fn of_many_differences_the_first_are_named() {
        let text = "+a 1;\n".repeat(8);
        assert!(in_words(&text).ends_with("+a 1 (and 3 more)"));
    }
}
