//! A change set as `set`, `delete` and `insert` lines: the edit that makes the changes.

use std::borrow::Cow;
use std::io;

use banyan_yang::schema::{ModuleId, Schema, SchemaId};

use super::print::{Lines, annotation_tail, item};
use crate::change::{Change, ChangeKind, ChangeSet, ChangedContent, Instance};
use crate::document::PrintOptions;
use crate::meta::{Annotated, Meta};
use crate::node::{Content, Slot, Tree};
use crate::shown::{Shown, ShownChild};
use crate::value::Value;

/// Prints lines that [`parse_edit`](super::parse_edit) reads as an edit that makes these changes. Among siblings, what
/// goes stands before what comes, so that a case of a choice is free before another takes it.
///
/// # Errors
/// Those of the writer.
pub fn print_changes(changes: &ChangeSet, out: &mut dyn io::Write) -> io::Result<()> {
    let mut lines = ChangeLines {
        lines: Lines::new(out),
        // Content that came is printed through the one printer of trees, which takes the schema from a tree.
        tree: Tree::empty(changes.schema.clone()),
    };
    if let Some((_, new)) = &changes.meta {
        lines.meta(SchemaId::ROOT, new)?;
    }
    lines.changes(&changes.changes, None)?;
    lines.lines.finish()
}

struct ChangeLines<'w> {
    lines: Lines<'w>,
    tree: Tree,
}

impl ChangeLines<'_> {
    fn schema(&self) -> std::sync::Arc<Schema> {
        self.tree.schema().clone()
    }

    fn changes(&mut self, changes: &[Change], outer: Option<ModuleId>) -> io::Result<()> {
        let schema = self.schema();
        for change in changes.iter().filter(|change| goes(change)) {
            let here = self.lines.here();
            self.instance(&schema, change, outer);
            self.lines.line("delete", "")?;
            self.lines.back(here);
        }
        for change in changes {
            let here = self.lines.here();
            self.change(&schema, change, outer)?;
            self.lines.back(here);
        }
        Ok(())
    }

    /// Goes down to the instance.
    fn instance(&mut self, schema: &Schema, change: &Change, outer: Option<ModuleId>) {
        self.lines.name(schema, change.id, outer);
        match &change.instance {
            Instance::Single | Instance::Whole => {}
            Instance::Value(value) => self.lines.item(schema, change.id, value),
            Instance::Entry(keys) => {
                for (key, value) in schema.node(change.id).keys().iter().zip(keys) {
                    self.lines.item(schema, *key, value);
                }
            }
        }
    }

    fn change(
        &mut self,
        schema: &Schema,
        change: &Change,
        outer: Option<ModuleId>,
    ) -> io::Result<()> {
        let inner = Some(schema.node(change.id).module);
        match &change.kind {
            ChangeKind::Deleted { .. } => Ok(()),
            ChangeKind::Created { new, after } => {
                let here = self.lines.here();
                if let Some(neighbour) = after {
                    self.instance(schema, change, outer);
                    self.insert(schema, change.id, neighbour)?;
                    self.lines.back(here);
                }
                match new {
                    ChangedContent::Content(content) => self.content(change.id, content, outer),
                    ChangedContent::Node(node) => {
                        self.instance(schema, change, outer);
                        let options = PrintOptions::default();
                        let mut shown = Shown::new(&self.tree, &options);
                        self.lines.node(&mut shown, node)
                    }
                    ChangedContent::Value(_) if after.is_some() => Ok(()),
                    ChangedContent::Value(_) => {
                        self.instance(schema, change, outer);
                        self.lines.line("set", "")
                    }
                }
            }
            ChangeKind::Replaced { new, .. } => self.content(change.id, new, outer),
            ChangeKind::Inside {
                old,
                new,
                changes,
                moved,
            } => {
                self.instance(schema, change, outer);
                if let Some(moved) = moved {
                    self.insert(schema, change.id, &moved.new_after)?;
                }
                if old.meta() != new.meta() {
                    let new = new.meta().cloned().unwrap_or_default();
                    self.meta(change.id, &new)?;
                }
                self.changes(changes, inner)
            }
            ChangeKind::Moved(moved) => {
                self.instance(schema, change, outer);
                self.insert(schema, change.id, &moved.new_after)
            }
            ChangeKind::Mount(inside) => {
                self.instance(schema, change, outer);
                let tree = Tree::empty(inside.schema.clone());
                let around = std::mem::replace(&mut self.tree, tree);
                let done = match &inside.meta {
                    Some((_, new)) => self.meta(SchemaId::ROOT, new),
                    None => Ok(()),
                };
                let done = done.and_then(|()| self.changes(&inside.changes, None));
                self.tree = around;
                done
            }
        }
    }

    /// Lines for content that came, below the path.
    fn content(
        &mut self,
        id: SchemaId,
        content: &Content,
        outer: Option<ModuleId>,
    ) -> io::Result<()> {
        let options = PrintOptions::default();
        let slot = Slot {
            id,
            content: content.clone(),
        };
        let child = ShownChild {
            slot: Cow::Owned(slot),
            tagged: false,
        };
        let mut shown = Shown::new(&self.tree, &options);
        self.lines.child(&mut shown, &child, None, outer)
    }

    /// The place of the entry or value at the path.
    fn insert(
        &mut self,
        schema: &Schema,
        id: SchemaId,
        neighbour: &Option<Vec<Value>>,
    ) -> io::Result<()> {
        let Some(neighbour) = neighbour else {
            return self.lines.line("insert", " first");
        };
        let keys = schema.node(id).keys();
        let place = match keys {
            [] => neighbour
                .iter()
                .map(|value| item(schema, id, value))
                .collect::<String>(),
            keys => {
                let keys = keys.iter().zip(neighbour);
                keys.map(|(key, value)| item(schema, *key, value)).collect()
            }
        };
        self.lines.line("insert", &format!(" after{place}"))
    }

    /// All annotations that the node at the path, of schema node `of`, its leaves and entries have now.
    fn meta(&mut self, of: SchemaId, new: &Meta) -> io::Result<()> {
        let schema = self.schema();
        // What is not named is gone, and at least one line must say so.
        match new.own() {
            own @ Some(_) => self.lines.annotate(&annotation_tail(&schema, own))?,
            None => self.lines.annotate(" @")?,
        }
        let inner = (of != SchemaId::ROOT).then(|| schema.node(of).module);
        for (place, annotations) in &new.annotations {
            let Some(id) = place.child() else { continue };
            let here = self.lines.here();
            self.lines.name(&schema, id, inner);
            if let Annotated::Entry(_, value) = place {
                self.lines.item(&schema, id, value);
            }
            self.lines
                .annotate(&annotation_tail(&schema, Some(annotations)))?;
            self.lines.back(here);
        }
        Ok(())
    }
}

/// Whether the old instance is to be deleted before anything comes.
fn goes(change: &Change) -> bool {
    match &change.kind {
        ChangeKind::Deleted { .. } => true,
        // A mount cannot be merged into one under another schema.
        ChangeKind::Replaced { old, new } => {
            change.instance == Instance::Whole
                || matches!(old, Content::Mount(_))
                || matches!(new, Content::Mount(_))
        }
        _ => false,
    }
}
