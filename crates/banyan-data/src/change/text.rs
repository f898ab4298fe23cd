//! Change sets for people: lines with `+`, `-` and `~` in front, between the names that lead to them.
//!
//! ```text
//!  interfaces {
//!    interface eth0 {
//! -    mtu 1500;
//! +    mtu 9000;
//!    }
//! ~  interface eth1: moved to the front
//!  }
//! ```

use std::borrow::Cow;
use std::fmt::{self, Write};

use banyan_yang::schema::{Schema, SchemaId};

use super::{Change, ChangeKind, ChangeSet, ChangedContent, Instance, Move};
use crate::any::AnyData;
use crate::lexical::{Style, canonical};
use crate::node::{Content, Node};
use crate::value::Value;

impl fmt::Display for ChangeSet {
    /// The difference as `+` and `-` lines; nothing when there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.meta.is_some() {
            writeln!(f, "~metadata changed")?;
        }
        let mut lines = Lines { out: f, depth: 0 };
        lines.changes(&self.schema, &self.changes)
    }
}

/// What a line says about its content.
#[derive(Clone, Copy)]
enum Mark {
    /// It only leads to what changed.
    Context,
    /// It came.
    New,
    /// It went.
    Old,
    /// It is the same, elsewhere or with other metadata.
    Other,
}

struct Lines<'a, 'f> {
    out: &'a mut fmt::Formatter<'f>,
    depth: usize,
}

impl Lines<'_, '_> {
    fn line(&mut self, mark: Mark, text: impl fmt::Display) -> fmt::Result {
        let mark = match mark {
            Mark::Context => ' ',
            Mark::New => '+',
            Mark::Old => '-',
            Mark::Other => '~',
        };
        let indent = self.depth * 2;
        writeln!(self.out, "{mark}{:indent$}{text}", "")
    }

    fn changes(&mut self, schema: &Schema, changes: &[Change]) -> fmt::Result {
        for change in changes {
            self.change(schema, change)?;
        }
        Ok(())
    }

    fn change(&mut self, schema: &Schema, change: &Change) -> fmt::Result {
        let title = title(schema, change.id, &change.instance);
        match &change.kind {
            ChangeKind::Created { new, .. } => self.changed(Mark::New, schema, change, new),
            ChangeKind::Deleted { old, .. } => self.changed(Mark::Old, schema, change, old),
            ChangeKind::Replaced { old, new } => {
                self.content(Mark::Old, schema, change.id, old)?;
                self.content(Mark::New, schema, change.id, new)
            }
            ChangeKind::Inside {
                old,
                new,
                changes,
                moved,
            } => {
                if let Some(moved) = moved {
                    self.moved(schema, change.id, &title, moved)?;
                }
                if old.meta() != new.meta() {
                    self.line(Mark::Other, format_args!("{title}: metadata changed"))?;
                }
                self.inside(&title, |lines| lines.changes(schema, changes))
            }
            ChangeKind::Moved(moved) => self.moved(schema, change.id, &title, moved),
            ChangeKind::Mount(below) => {
                self.inside(&title, |lines| lines.changes(&below.schema, &below.changes))
            }
        }
    }

    fn inside(&mut self, title: &str, below: impl FnOnce(&mut Self) -> fmt::Result) -> fmt::Result {
        self.line(Mark::Context, format_args!("{title} {{"))?;
        self.depth += 1;
        below(self)?;
        self.depth -= 1;
        self.line(Mark::Context, "}")
    }

    fn moved(&mut self, schema: &Schema, id: SchemaId, title: &str, moved: &Move) -> fmt::Result {
        match &moved.new_after {
            None => self.line(Mark::Other, format_args!("{title}: moved to the front")),
            Some(key) => {
                let neighbour = match schema.node(id).keys().is_empty() {
                    true => key.iter().map(|value| word(schema, id, value)).collect(),
                    false => key_words(schema, id, key),
                };
                let neighbour = neighbour.join(" ");
                self.line(
                    Mark::Other,
                    format_args!("{title}: moved after {neighbour}"),
                )
            }
        }
    }

    fn changed(
        &mut self,
        mark: Mark,
        schema: &Schema,
        change: &Change,
        content: &ChangedContent,
    ) -> fmt::Result {
        match content {
            ChangedContent::Node(node) => {
                let title = title(schema, change.id, &change.instance);
                let keys = match &change.instance {
                    Instance::Entry(keys) => keys.len(),
                    _ => 0,
                };
                self.node(mark, schema, &title, node, keys)
            }
            ChangedContent::Content(content) => self.content(mark, schema, change.id, content),
            ChangedContent::Value(value) => self.leaf(mark, schema, change.id, value),
        }
    }

    fn node(
        &mut self,
        mark: Mark,
        schema: &Schema,
        title: &str,
        node: &Node,
        key_count: usize,
    ) -> fmt::Result {
        let slots = node.slots().get(key_count..).unwrap_or(&[]);
        if slots.is_empty() {
            return self.line(mark, format_args!("{title};"));
        }
        self.line(mark, format_args!("{title} {{"))?;
        self.depth += 1;
        for slot in slots {
            self.content(mark, schema, slot.id, &slot.content)?;
        }
        self.depth -= 1;
        self.line(mark, "}")
    }

    fn leaf(&mut self, mark: Mark, schema: &Schema, id: SchemaId, value: &Value) -> fmt::Result {
        let name = name(schema, id);
        match value.innermost() {
            Value::Empty => self.line(mark, format_args!("{name};")),
            _ => self.line(mark, format_args!("{name} {};", word(schema, id, value))),
        }
    }

    fn content(
        &mut self,
        mark: Mark,
        schema: &Schema,
        id: SchemaId,
        content: &Content,
    ) -> fmt::Result {
        match content {
            Content::Leaf(value) => self.leaf(mark, schema, id, value),
            Content::LeafList(list) => list
                .iter()
                .try_for_each(|value| self.leaf(mark, schema, id, value)),
            Content::Container(node) => self.node(mark, schema, &name(schema, id), node, 0),
            Content::List(list) => list.iter().try_for_each(|entry| {
                let keys: Vec<Value> = entry.keys(list.key_count()).cloned().collect();
                let title = title(schema, id, &Instance::Entry(keys));
                self.node(mark, schema, &title, entry, list.key_count())
            }),
            Content::Any(data) => {
                let (AnyData::Xml(text) | AnyData::Json(text)) = &**data;
                self.line(mark, format_args!("{} {};", name(schema, id), quoted(text)))
            }
            Content::Mount(tree) => {
                self.node(mark, tree.schema(), &name(schema, id), tree.root(), 0)
            }
        }
    }
}

/// The name, with its module's in front where siblings share it.
fn name(schema: &Schema, id: SchemaId) -> Cow<'_, str> {
    let node = schema.node(id);
    if crate::path::is_ambiguous(schema, id) {
        let module = &schema.module(node.module).name;
        return format!("{module}:{}", node.name).into();
    }
    Cow::Borrowed(&node.name)
}

/// The name, and the keys of an entry or the value of a leaf-list entry.
fn title(schema: &Schema, id: SchemaId, instance: &Instance) -> String {
    let mut title = name(schema, id).into_owned();
    let words = match instance {
        Instance::Single | Instance::Whole => Vec::new(),
        Instance::Entry(keys) => key_words(schema, id, keys),
        Instance::Value(value) => vec![word(schema, id, value)],
    };
    for word in words {
        // Writing to a String cannot fail.
        let _ = write!(title, " {word}");
    }
    title
}

fn key_words(schema: &Schema, list: SchemaId, keys: &[Value]) -> Vec<String> {
    let ids = schema.node(list).keys();
    let words = ids.iter().zip(keys);
    words.map(|(id, key)| word(schema, *id, key)).collect()
}

fn word(schema: &Schema, id: SchemaId, value: &Value) -> String {
    match &schema.node(id).ty {
        Some(ty) => quoted(&canonical(schema, ty, value, Style::Json)).into_owned(),
        None => String::new(),
    }
}

/// The text as one word: in quotes when it is empty or holds blanks or punctuation of the notation.
fn quoted(text: &str) -> Cow<'_, str> {
    let plain = |character: char| !character.is_whitespace() && !"\"\\{};".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        Cow::Borrowed(text)
    } else {
        format!("{text:?}").into()
    }
}
