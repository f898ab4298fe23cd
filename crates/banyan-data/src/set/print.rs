//! A tree as `set` lines.

use std::io;

use banyan_yang::schema::{ModuleId, NodeKind, Schema, SchemaId};

use crate::document::PrintOptions;
use crate::list::List;
use crate::meta::{Annotations, Meta, defined_ones};
use crate::node::{Content, Node, Tree};
use crate::shown::{Shown, ShownChild};
use crate::sink::Sink;
use crate::value::Value;
use crate::words::{EMPTY, annotation_words, any_words, value_word};

/// Prints a line for each leaf, each entry of a leaf-list, and each list entry or presence container in which nothing
/// else is, so that [`parse_data`](super::parse_data) reads back the same tree.
///
/// # Errors
/// Those of the writer.
pub fn print(tree: &Tree, options: &PrintOptions<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut lines = Lines::new(out);
    lines.children(&mut Shown::new(tree, options), tree.root(), None)?;
    lines.finish()
}

/// Writes lines below a path.
pub(super) struct Lines<'w> {
    sink: Sink<'w>,
    /// The path, a blank before each word.
    path: String,
    /// How many lines say that something is there.
    count: usize,
}

impl<'w> Lines<'w> {
    pub(super) fn new(out: &'w mut dyn io::Write) -> Self {
        Lines {
            sink: Sink::new(out),
            path: String::new(),
            count: 0,
        }
    }

    pub(super) fn finish(self) -> io::Result<()> {
        self.sink.finish()
    }

    /// `VERB PATH TAIL`; the tail begins with a blank, unless it is empty.
    pub(super) fn line(&mut self, verb: &str, tail: &str) -> io::Result<()> {
        self.count += 1;
        for part in [verb, &self.path, tail, "\n"] {
            self.sink.put(part)?;
        }
        Ok(())
    }

    /// `annotate PATH TAIL`, which says nothing about whether the node is there.
    pub(super) fn annotate(&mut self, tail: &str) -> io::Result<()> {
        self.line("annotate", tail)?;
        self.count -= 1;
        Ok(())
    }

    /// Goes down by a name.
    pub(super) fn name(&mut self, schema: &Schema, id: SchemaId, outer: Option<ModuleId>) {
        let node = schema.node(id);
        self.path.push(' ');
        if outer != Some(node.module) {
            self.path.push_str(&schema.module(node.module).name);
            self.path.push(':');
        }
        self.path.push_str(&node.name);
    }

    /// Goes down by a key or value.
    pub(super) fn item(&mut self, schema: &Schema, id: SchemaId, value: &Value) {
        self.path.push_str(&item(schema, id, value));
    }

    /// Goes down by the number of an entry without key, from 1.
    fn number(&mut self, number: usize) {
        self.path.push(' ');
        self.path.push_str(&number.to_string());
    }

    /// Where the path stands, to come back with [`Lines::back`].
    pub(super) fn here(&self) -> usize {
        self.path.len()
    }

    /// Comes back up.
    pub(super) fn back(&mut self, to: usize) {
        self.path.truncate(to);
    }

    /// Lines for what is shown below the node at the path.
    fn children(
        &mut self,
        shown: &mut Shown<'_>,
        node: &Node,
        outer: Option<ModuleId>,
    ) -> io::Result<()> {
        let schema = shown.schema();
        self.own_annotations(schema, node.meta())?;
        let is_entry = schema.node(node.id()).kind == NodeKind::List;
        for child in shown.children(node) {
            // The keys stand behind the name of the entry; what is annotated needs a line nevertheless.
            let is_key = is_entry && schema.node(child.slot.id).is_key;
            if !is_key || child.annotations(node.meta(), None).is_some() {
                self.child(shown, &child, node.meta(), outer)?;
            }
        }
        Ok(())
    }

    fn own_annotations(&mut self, schema: &Schema, meta: Option<&Meta>) -> io::Result<()> {
        match meta.and_then(Meta::own) {
            own @ Some(_) => self.annotate(&annotation_tail(schema, own)),
            None => Ok(()),
        }
    }

    /// Lines for a child of the node at the path, whose metadata `meta` is.
    pub(super) fn child(
        &mut self,
        shown: &mut Shown<'_>,
        child: &ShownChild<'_>,
        meta: Option<&Meta>,
        outer: Option<ModuleId>,
    ) -> io::Result<()> {
        let schema = shown.schema();
        let id = child.slot.id;
        let here = self.here();
        self.name(schema, id, outer);
        match &child.slot.content {
            Content::Leaf(value) => {
                let mut tail = leaf_tail(schema, id, value);
                tail.push_str(&annotation_tail(
                    schema,
                    child.annotations(meta, None).as_deref(),
                ));
                self.line("set", &tail)?;
            }
            Content::Any(any) => {
                let annotations = annotation_tail(schema, child.annotations(meta, None).as_deref());
                self.line("set", &format!(" {}{annotations}", any_words(any)))?;
            }
            Content::LeafList(list) => {
                for value in list.iter() {
                    let annotations = child.annotations(meta, Some(value));
                    let mut tail = item(schema, id, value);
                    tail.push_str(&annotation_tail(schema, annotations.as_deref()));
                    self.line("set", &tail)?;
                }
            }
            Content::Container(node) => self.node(shown, node)?,
            Content::List(list) => self.list(shown, id, list)?,
            Content::Mount(tree) => {
                let before = self.count;
                self.children(&mut shown.mounted(tree), tree.root(), None)?;
                // An empty tree says under which schema the mount point is.
                if self.count == before {
                    self.line("set", "")?;
                }
            }
        }
        self.back(here);
        Ok(())
    }

    fn list(&mut self, shown: &mut Shown<'_>, id: SchemaId, list: &List) -> io::Result<()> {
        let schema = shown.schema();
        let keys = schema.node(id).keys();
        let here = self.here();
        for (index, entry) in list.iter().enumerate() {
            for (key, value) in keys.iter().zip(entry.keys(keys.len())) {
                self.item(schema, *key, value);
            }
            if keys.is_empty() {
                self.number(index + 1);
            }
            self.node(shown, entry)?;
            self.back(here);
        }
        Ok(())
    }

    /// Lines for the container or entry at the path.
    pub(super) fn node(&mut self, shown: &mut Shown<'_>, node: &Node) -> io::Result<()> {
        let before = self.count;
        let definition = shown.schema().node(node.id());
        shown.enter(node);
        self.children(shown, node, Some(definition.module))?;
        shown.leave();
        // Nothing in it says that it is there.
        if self.count == before && !definition.is_np_container() {
            self.line("set", "")?;
        }
        Ok(())
    }
}

/// A key, or a value of a leaf-list, with a blank before it.
pub(super) fn item(schema: &Schema, id: SchemaId, value: &Value) -> String {
    let word = value_word(schema, id, value);
    format!(" {}", word.as_deref().unwrap_or(EMPTY))
}

/// A leaf's value with a blank before it; nothing for type empty.
fn leaf_tail(schema: &Schema, id: SchemaId, value: &Value) -> String {
    value_word(schema, id, value).map_or(String::new(), |word| format!(" {word}"))
}

/// Annotations with a blank before each.
pub(super) fn annotation_tail(schema: &Schema, annotations: Option<&Annotations>) -> String {
    defined_ones(schema, annotations).fold(String::new(), |tail, annotation| {
        tail + " " + &annotation_words(schema, annotation)
    })
}
