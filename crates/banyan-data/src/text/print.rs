//! A tree as nested braces.

use std::io;

use banyan_yang::schema::{ModuleId, NodeKind, Schema, SchemaId};

use crate::document::{Layout, PrintOptions};
use crate::meta::{Annotations, Meta, defined_ones};
use crate::node::{Content, Node, Tree};
use crate::shown::{Shown, ShownChild};
use crate::sink::Sink;
use crate::value::Value;
use crate::words::{EMPTY, annotation_words, any_words, value_word};

/// How far a level is indented when the options do not say.
const INDENT: u8 = 4;

/// Prints the children of the tree's root, so that [`parse_data`](super::parse_data) reads back the same tree.
///
/// # Errors
/// Those of the writer.
pub fn print(tree: &Tree, options: &PrintOptions<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let width = match options.layout {
        Layout::Compact => INDENT,
        Layout::Indented(width) => width,
    };
    let mut lines = Lines {
        sink: Sink::new(out),
        width: usize::from(width),
        depth: 0,
    };
    children(
        &mut lines,
        &mut Shown::new(tree, options),
        tree.root(),
        None,
    )?;
    lines.sink.finish()
}

struct Lines<'w> {
    sink: Sink<'w>,
    width: usize,
    depth: usize,
}

impl Lines<'_> {
    fn begin(&mut self, schema: &Schema, id: SchemaId, outer: Option<ModuleId>) -> io::Result<()> {
        self.sink.blanks(self.width * self.depth)?;
        let node = schema.node(id);
        if outer != Some(node.module) {
            self.sink.put(&schema.module(node.module).name)?;
            self.sink.put(":")?;
        }
        self.sink.put(&node.name)
    }

    fn open(&mut self) -> io::Result<()> {
        self.depth += 1;
        self.sink.put(" {\n")
    }

    fn close(&mut self) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        self.sink.blanks(self.width * self.depth)?;
        self.sink.put("}\n")
    }

    fn word(&mut self, text: &str) -> io::Result<()> {
        self.sink.put(" ")?;
        self.sink.put(text)
    }

    /// A leaf's value; nothing for type empty.
    fn value(&mut self, schema: &Schema, id: SchemaId, value: &Value) -> io::Result<()> {
        value_word(schema, id, value).map_or(Ok(()), |text| self.word(&text))
    }

    /// A value among others: a key, or one of a leaf-list.
    fn item(&mut self, schema: &Schema, id: SchemaId, value: &Value) -> io::Result<()> {
        self.word(value_word(schema, id, value).as_deref().unwrap_or(EMPTY))
    }

    fn annotations(
        &mut self,
        schema: &Schema,
        annotations: Option<&Annotations>,
    ) -> io::Result<()> {
        defined_ones(schema, annotations)
            .try_for_each(|annotation| self.word(&annotation_words(schema, annotation)))
    }
}

fn children(
    lines: &mut Lines<'_>,
    shown: &mut Shown<'_>,
    node: &Node,
    outer: Option<ModuleId>,
) -> io::Result<()> {
    let schema = shown.schema();
    let own = node.meta().and_then(Meta::own);
    for annotation in defined_ones(schema, own) {
        lines.sink.blanks(lines.width * lines.depth)?;
        lines.sink.put(&annotation_words(schema, annotation))?;
        lines.sink.put(";\n")?;
    }
    let is_entry = schema.node(node.id()).kind == NodeKind::List;
    for child in shown.children(node) {
        // The keys stand behind the name of the entry; what is annotated needs a line nevertheless.
        let is_key = is_entry && schema.node(child.slot.id).is_key;
        if !is_key || child.annotations(node.meta(), None).is_some() {
            print_child(lines, shown, &child, node.meta(), outer)?;
        }
    }
    Ok(())
}

/// `{ ... }`, the node entered and left.
fn block(lines: &mut Lines<'_>, shown: &mut Shown<'_>, node: &Node) -> io::Result<()> {
    let module = shown.schema().node(node.id()).module;
    lines.open()?;
    shown.enter(node);
    children(lines, shown, node, Some(module))?;
    shown.leave();
    lines.close()
}

fn print_child(
    lines: &mut Lines<'_>,
    shown: &mut Shown<'_>,
    child: &ShownChild<'_>,
    meta: Option<&Meta>,
    outer: Option<ModuleId>,
) -> io::Result<()> {
    let schema = shown.schema();
    let id = child.slot.id;
    if let Content::List(list) = &child.slot.content {
        let keys = schema.node(id).keys();
        for entry in list.iter() {
            lines.begin(schema, id, outer)?;
            for (key, value) in keys.iter().zip(entry.keys(keys.len())) {
                lines.item(schema, *key, value)?;
            }
            block(lines, shown, entry)?;
        }
        return Ok(());
    }
    lines.begin(schema, id, outer)?;
    match &child.slot.content {
        Content::Container(node) => return block(lines, shown, node),
        Content::Mount(tree) => {
            lines.open()?;
            children(lines, &mut shown.mounted(tree), tree.root(), None)?;
            return lines.close();
        }
        Content::Leaf(value) => {
            lines.value(schema, id, value)?;
            lines.annotations(schema, child.annotations(meta, None).as_deref())?;
        }
        Content::LeafList(list) => {
            lines.sink.put(" [")?;
            for value in list.iter() {
                lines.item(schema, id, value)?;
                lines.annotations(schema, child.annotations(meta, Some(value)).as_deref())?;
            }
            lines.sink.put(" ]")?;
        }
        Content::Any(any) => {
            lines.word(&any_words(any))?;
            lines.annotations(schema, child.annotations(meta, None).as_deref())?;
        }
        // Above.
        Content::List(_) => {}
    }
    lines.sink.put(";\n")
}
