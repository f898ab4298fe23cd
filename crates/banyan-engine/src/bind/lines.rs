//! Changes one by one, each with its path: as lines of `set` and `delete`, and as JSON for programs.

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;

use banyan_data::change::{Change, ChangeKind, ChangeSet, ChangedContent, Descend, Move};
use banyan_data::lexical::{Style, canonical};
use banyan_data::node::{Content, Node};
use banyan_data::path::{InstancePath, PathStep, Select};
use banyan_data::{Tree, Value};
use banyan_yang::schema::{Schema, SchemaId};
use serde_json::{Value as Json, json};

use super::report::print_error;
use super::{SharedMounts, path_target, path_xpath};
use crate::backend::Result;

/// One change of one instance.
struct Single {
    /// `create`, `delete`, `replace` or `move`.
    operation: &'static str,
    path: InstancePath,
    old: Option<String>,
    new: Option<String>,
    /// Whether the instance has no value and nothing that is told after it: it must be named itself.
    bare: bool,
    /// Whether it holds what no line can hold: anydata, or a list without keys.
    opaque: bool,
    /// For a place in a user's order: what it comes after now, or nothing for the first.
    place: Option<Option<InstancePath>>,
}

/// The changes as lines that make them: `set PATH VALUE`, `delete PATH`. What no such line can do is a comment.
///
/// # Errors
/// A path leads below a mount point where nothing is mounted.
pub(crate) fn lines(changes: &ChangeSet, tree: &Tree, mounts: &SharedMounts) -> Result<String> {
    written(singles(changes), tree, mounts)
}

/// Prints a tree as lines that make it: `set PATH VALUE`, in the order of its entries. What no such line can do is a
/// comment.
///
/// # Errors
/// As [`lines`], and those of the writer.
pub(crate) fn listing(tree: &Tree, mounts: &SharedMounts, out: &mut dyn Write) -> Result<()> {
    let nothing = Tree::empty(tree.schema().clone());
    let mut singles = singles(&super::diff(&nothing, tree));
    for single in &mut singles {
        // Lines that are carried out in their order bring this order about.
        single.place = None;
    }
    out.write_all(written(singles, tree, mounts)?.as_bytes())
        .map_err(print_error)
}

fn written(singles: Vec<Single>, tree: &Tree, mounts: &SharedMounts) -> Result<String> {
    let mut text = String::new();
    for single in singles {
        let path = line_path(tree, &single.path, mounts)?;
        match (single.operation, &single.new) {
            ("delete", _) => text.push_str(&format!("delete {path}\n")),
            _ if single.opaque => text.push_str(&format!(
                "# {path}: only xml and json can tell what is here\n"
            )),
            ("create" | "replace", Some(value)) => {
                text.push_str(&format!("set {path} {}\n", quoted(value)));
            }
            ("create", None) if single.bare => text.push_str(&format!("set {path}\n")),
            _ => {}
        }
        match &single.place {
            Some(Some(after)) => {
                let after = line_path(tree, after, mounts)?;
                text.push_str(&format!("# {path} comes after {after}\n"));
            }
            Some(None) => text.push_str(&format!("# {path} comes first\n")),
            None => {}
        }
    }
    Ok(text)
}

/// A path that stands on a line: an api-path, in which line breaks are escaped, if a key has one.
fn line_path(tree: &Tree, path: &InstancePath, mounts: &SharedMounts) -> Result<String> {
    let text = path_xpath(tree, path, mounts)?;
    let breaks = |it: char| it.is_control() || matches!(it, '\u{2028}' | '\u{2029}');
    match text.contains(breaks) {
        true => path_target(tree, path, mounts),
        false => Ok(text),
    }
}

/// The changes as a JSON list: `operation` (`create`, `delete`, `replace`, `move`), `path`, and for values `old` and `new` in
/// their canonical text.
///
/// # Errors
/// As [`lines`].
pub(crate) fn listed(changes: &ChangeSet, tree: &Tree, mounts: &SharedMounts) -> Result<Json> {
    let mut list = Vec::new();
    for single in singles(changes) {
        let mut entry = json!({
            "operation": single.operation,
            "path": path_xpath(tree, &single.path, mounts)?,
        });
        for (name, value) in [("old", single.old), ("new", single.new)] {
            if let Some(value) = value {
                entry[name] = value.into();
            }
        }
        match single.place {
            Some(Some(after)) => entry["after"] = path_xpath(tree, &after, mounts)?.into(),
            Some(None) => entry["after"] = Json::Null,
            None => {}
        }
        list.push(entry);
    }
    Ok(list.into())
}

fn singles(changes: &ChangeSet) -> Vec<Single> {
    let mut found = Vec::new();
    // What goes stands first, so that a case of a choice is free before another takes it.
    for goes in [true, false] {
        changes.walk(|schema, path, change| {
            if matches!(change.kind, ChangeKind::Deleted { .. }) == goes {
                single(schema, path, change, &mut found);
            }
            Descend::Into
        });
    }
    found
}

fn of(operation: &'static str, path: &InstancePath) -> Single {
    Single {
        operation,
        path: path.clone(),
        old: None,
        new: None,
        bare: false,
        opaque: false,
        place: None,
    }
}

fn single(schema: &Arc<Schema>, path: &InstancePath, change: &Change, found: &mut Vec<Single>) {
    let place = |neighbour: &Option<Vec<Value>>| {
        neighbour.as_ref().map(|key| {
            let mut place = path.clone();
            if let Some(last) = place.steps.last_mut() {
                last.select = match (schema.node(change.id).keys().is_empty(), key.as_slice()) {
                    (true, [value]) => Select::Value(value.clone()),
                    _ => Select::Keys(key.clone()),
                };
            }
            place
        })
    };
    let moved = |moved: &Move| Single {
        place: Some(place(&moved.new_after)),
        ..of("move", path)
    };
    match &change.kind {
        ChangeKind::Created { new, after } => {
            let first = found.len();
            match new {
                ChangedContent::Node(node) => created(schema, path, node, found),
                ChangedContent::Content(content) => content_created(schema, path, content, found),
                ChangedContent::Value(_) => found.push(Single {
                    bare: true,
                    ..of("create", path)
                }),
            }
            if let (Some(after), Some(created)) = (after, found.get_mut(first)) {
                created.place = Some(place(after));
            }
        }
        ChangeKind::Deleted { old, .. } => found.push(Single {
            old: match old {
                ChangedContent::Content(Content::Leaf(value)) => text(schema, change.id, value),
                _ => None,
            },
            ..of("delete", path)
        }),
        ChangeKind::Replaced { old, new } => {
            let value = |content: &Content| match content {
                Content::Leaf(value) => text(schema, change.id, value),
                _ => None,
            };
            found.push(Single {
                old: value(old),
                new: value(new),
                opaque: !matches!(new, Content::Leaf(_)),
                ..of("replace", path)
            });
        }
        ChangeKind::Inside {
            moved: Some(it), ..
        }
        | ChangeKind::Moved(it) => found.push(moved(it)),
        ChangeKind::Inside { .. } | ChangeKind::Mount(_) => {}
    }
}

/// A container or entry that came, and then what is in it.
fn created(schema: &Arc<Schema>, path: &InstancePath, node: &Node, found: &mut Vec<Single>) {
    let keys = schema.node(node.id()).keys();
    let slots = node.slots().iter().filter(|slot| !keys.contains(&slot.id));
    let slots: Vec<_> = slots.collect();
    found.push(Single {
        bare: slots.is_empty(),
        ..of("create", path)
    });
    for slot in slots {
        let below = below(path, slot.id, Select::None);
        content_created(schema, &below, &slot.content, found);
    }
}

fn below(path: &InstancePath, node: SchemaId, select: Select) -> InstancePath {
    let mut below = path.clone();
    below.steps.push(PathStep { node, select });
    below
}

fn selecting(path: &InstancePath, select: Select) -> InstancePath {
    let mut selecting = path.clone();
    if let Some(last) = selecting.steps.last_mut() {
        last.select = select;
    }
    selecting
}

fn content_created(
    schema: &Arc<Schema>,
    path: &InstancePath,
    content: &Content,
    found: &mut Vec<Single>,
) {
    let opaque = || Single {
        opaque: true,
        ..of("create", path)
    };
    match content {
        Content::Leaf(value) => {
            let id = path.steps.last().map(|step| step.node);
            let value = id.and_then(|id| text(schema, id, value));
            found.push(Single {
                bare: value.is_none(),
                new: value,
                ..of("create", path)
            });
        }
        Content::LeafList(list) => {
            for value in list.iter() {
                found.push(Single {
                    bare: true,
                    ..of("create", &selecting(path, Select::Value(value.clone())))
                });
            }
        }
        Content::Container(node) => created(schema, path, node, found),
        Content::List(list) if list.key_count() == 0 => found.push(opaque()),
        Content::List(list) => {
            for entry in list.iter() {
                let keys = entry.keys(list.key_count()).cloned().collect();
                created(schema, &selecting(path, Select::Keys(keys)), entry, found);
            }
        }
        Content::Any(_) => found.push(opaque()),
        Content::Mount(tree) => {
            for slot in tree.root().slots() {
                let below = below(path, slot.id, Select::None);
                content_created(tree.schema(), &below, &slot.content, found);
            }
        }
    }
}

/// The canonical text of a leaf; `None` for type empty, which has none.
fn text(schema: &Schema, id: SchemaId, value: &Value) -> Option<String> {
    if matches!(value.innermost(), Value::Empty) {
        return None;
    }
    let ty = schema.node(id).ty.as_ref()?;
    Some(canonical(schema, ty, value, Style::Json).into_owned())
}

/// The text as one word.
fn quoted(text: &str) -> Cow<'_, str> {
    let plain = |character: char| !character.is_whitespace() && !"\"'\\#".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        Cow::Borrowed(text)
    } else {
        Json::from(text).to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use banyan_data::document::ParseOptions;
    use banyan_data::json::parse_data;
    use banyan_yang::compile::{Compiler, MemorySource};
    use proptest::prelude::*;

    use super::*;
    use crate::bind::{NoMounts, apply_path_edit};
    use crate::system::PathEdit;

    const MODEL: &str = "module t { yang-version 1.1; namespace urn:t; prefix t;
        list l { key 'a b'; leaf a { type string; } leaf b { type string; } leaf w { type string; }
          leaf e { type empty; } leaf u { type union { type int8; type empty; } } }
        leaf-list many { type string; } list no { key k; leaf k { type empty; } leaf e { type empty; } } }";

    fn schema() -> Arc<Schema> {
        let mut source = MemorySource::new();
        source.add(MODEL);
        let compiler = Compiler::new(&source).implement("t", None);
        compiler.compile().expect("a module").schema
    }

    /// The word that stands behind a path, as the client reads it.
    fn word(text: &str) -> Option<String> {
        match text.trim() {
            "" => None,
            word if word.starts_with('"') => Some(serde_json::from_str(word).expect("a string")),
            word => Some(word.to_owned()),
        }
    }

    proptest! {
        #[test]
        fn lines_make_what_they_were_printed_of(
            keys in prop::collection::vec(("['\" a\\n\u{2028}\\[\\]]{0,4}|\\PC{0,4}", "['\"\\t/]{0,3}"), 0..4),
            word_of in prop::option::of("['\" #\\\\a\\n]{0,4}"),
            [e, u] in any::<[bool; 2]>(),
        ) {
            let mounts: SharedMounts = Arc::new(NoMounts);
            let mut entries = serde_json::Map::new();
            for (a, b) in &keys {
                let mut entry = json!({ "a": a, "b": b });
                if let Some(word) = &word_of {
                    entry["w"] = word.as_str().into();
                }
                for (name, there) in [("e", e), ("u", u)] {
                    if there {
                        entry[name] = json!([null]);
                    }
                }
                entries.insert(format!("{a}\u{0}{b}"), entry);
            }
            let entries: Vec<Json> = entries.into_iter().map(|(_, entry)| entry).collect();
            let mut many: Vec<&String> = keys.iter().map(|(a, _)| a).collect();
            many.sort();
            many.dedup();
            let document = json!({ "t:l": entries, "t:many": many, "t:no": [{ "k": [null], "e": [null] }] });
            let schema = schema();
            let tree = parse_data(&schema, document.to_string().as_bytes(), &ParseOptions::default()).expect("data");
            let mut text = Vec::new();
            listing(&tree, &mounts, &mut text).expect("lines");
            let text = String::from_utf8(text).expect("UTF-8");
            let mut made = Tree::empty(schema);
            for line in text.lines() {
                let rest = line.strip_prefix("set ").expect("a line that sets");
                // The path is the longest beginning that is one: what is behind it is a word.
                let blanks = rest.match_indices(' ').map(|(at, _)| at).chain([rest.len()]);
                let ends: Vec<usize> = blanks.collect();
                let is_path = |end: &usize| crate::bind::parse_path(&made, &rest[..*end], &mounts).is_ok();
                let end = ends.into_iter().find(is_path);
                let end = end.ok_or_else(|| TestCaseError::fail(format!("no path in {line:?}")))?;
                let edit = PathEdit {
                    path: rest[..end].to_owned(),
                    operation: "merge".to_owned(),
                    value: word(&rest[end..]),
                };
                let applied = apply_path_edit(&made, &edit, &mounts);
                made = applied.map_err(|error| TestCaseError::fail(format!("{line:?}: {error}")))?;
            }
            prop_assert_eq!(&made, &tree, "{}", text);
        }
    }
}
