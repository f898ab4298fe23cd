//! Writing a YANG Patch.

use std::io;
use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

use super::PatchOperation;
use crate::change::{Change, ChangeKind, ChangeSet, ChangedContent, Instance};
use crate::document::{Layout, PrintOptions};
use crate::json;
use crate::lexical::{JsonForm, Style, canonical, json_form};
use crate::list::{LeafList, List};
use crate::meta::{Annotated, Meta, defined_ones};
use crate::node::{Content, Node, Slot, Tree};
use crate::path::{PathStep, Select, api_path};
use crate::value::Value;

/// The change set as a YANG Patch in JSON, one edit for each change, indented ones on lines of their own. `patch_id` is
/// for people. O(changes and what
/// they create).
///
/// # Errors
/// Content that JSON cannot hold: anydata that came as XML from a place without a schema.
pub fn to_yang_patch(changes: &ChangeSet, patch_id: &str, layout: Layout) -> io::Result<String> {
    let mut writer = Writer {
        out: String::from(r#"{"ietf-yang-patch:yang-patch":{"patch-id":"#),
        layout,
        count: 0,
        target: String::new(),
        module: None,
    };
    writer.text(patch_id)?;
    writer.out.push_str(r#","edit":["#);
    if let Some((_, new)) = &changes.meta {
        writer.metadata(&changes.schema, new)?;
    }
    writer.changes(&changes.schema, &changes.changes)?;
    if layout != Layout::Compact {
        writer.out.push('\n');
    }
    writer.out.push_str("]}}");
    Ok(writer.out)
}

struct Writer {
    out: String,
    layout: Layout,
    count: usize,
    /// The path of what is being written, as an api-path.
    target: String,
    /// The module of its last step.
    module: Option<Arc<str>>,
}

impl Writer {
    fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.push_str(&serde_json::to_string(text)?);
        Ok(())
    }

    fn member(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.out.push_str(",\"");
        self.out.push_str(name);
        self.out.push_str("\":");
        self.text(text)
    }

    /// Begins an edit of the current target.
    fn edit(&mut self, operation: PatchOperation) -> io::Result<()> {
        if self.count > 0 {
            self.out.push(',');
        }
        self.count += 1;
        let id = self.count.to_string();
        if let Layout::Indented(width) = self.layout {
            self.out.push('\n');
            self.out.push_str(&" ".repeat(usize::from(width)));
        }
        self.out.push_str("{\"edit-id\":");
        self.text(&id)?;
        self.member("operation", operation.name())?;
        let target = match self.target.as_str() {
            "" => "/".to_owned(),
            target => target.to_owned(),
        };
        self.member("target", &target)
    }

    fn changes(&mut self, schema: &Arc<Schema>, changes: &[Change]) -> io::Result<()> {
        // What goes stands first, so that a case of a choice is free before another takes it.
        let goes = |change: &&Change| matches!(change.kind, ChangeKind::Deleted { .. });
        for change in changes.iter().filter(goes) {
            self.change(schema, change)?;
        }
        for change in changes.iter().filter(|change| !goes(change)) {
            self.change(schema, change)?;
        }
        Ok(())
    }

    fn change(&mut self, schema: &Arc<Schema>, change: &Change) -> io::Result<()> {
        let (length, module) = (self.target.len(), self.module.clone());
        // Steps of changes never go by position, so this always succeeds.
        let _ = api_path::push_step(&mut self.target, schema, &mut self.module, &change.step());
        let parent = self.target[..length].to_owned();
        match &change.kind {
            ChangeKind::Created { new, after } => {
                self.edit(match after {
                    Some(_) => PatchOperation::Insert,
                    None => PatchOperation::Create,
                })?;
                if let Some(neighbour) = after {
                    self.place(schema, &parent, &module, change.id, neighbour)?;
                }
                self.value(schema, change.id, &content_of(schema, change, new))?;
                self.out.push('}');
            }
            ChangeKind::Deleted { .. } => {
                self.edit(PatchOperation::Delete)?;
                self.out.push('}');
            }
            ChangeKind::Replaced { new, .. } => {
                self.edit(PatchOperation::Replace)?;
                self.value(schema, change.id, new)?;
                self.out.push('}');
            }
            ChangeKind::Inside {
                old,
                new,
                changes,
                moved,
            } => {
                if let Some(moved) = moved {
                    self.moved(schema, &parent, &module, change.id, &moved.new_after)?;
                }
                self.changes(schema, changes)?;
                // After the changes inside, which bring and take what is annotated.
                if old.meta() != new.meta() {
                    self.metadata(schema, &new.meta().cloned().unwrap_or_default())?;
                }
            }
            ChangeKind::Moved(moved) => {
                self.moved(schema, &parent, &module, change.id, &moved.new_after)?;
            }
            ChangeKind::Mount(inside) => {
                self.changes(&inside.schema, &inside.changes)?;
                if let Some((_, new)) = &inside.meta {
                    self.metadata(&inside.schema, new)?;
                }
            }
        }
        self.target.truncate(length);
        self.module = module;
        Ok(())
    }

    fn moved(
        &mut self,
        schema: &Schema,
        parent: &str,
        module: &Option<Arc<str>>,
        id: SchemaId,
        neighbour: &Option<Vec<Value>>,
    ) -> io::Result<()> {
        self.edit(PatchOperation::Move)?;
        self.place(schema, parent, module, id, neighbour)?;
        self.out.push('}');
        Ok(())
    }

    /// `where` and `point` (RFC 8072 2.5).
    fn place(
        &mut self,
        schema: &Schema,
        parent: &str,
        module: &Option<Arc<str>>,
        id: SchemaId,
        neighbour: &Option<Vec<Value>>,
    ) -> io::Result<()> {
        let Some(key) = neighbour else {
            return self.member("where", "first");
        };
        let select = match (schema.node(id).keys().is_empty(), key.as_slice()) {
            (true, [value]) => Select::Value(value.clone()),
            _ => Select::Keys(key.clone()),
        };
        let mut point = parent.to_owned();
        let step = PathStep { node: id, select };
        let _ = api_path::push_step(&mut point, schema, &mut module.clone(), &step);
        self.member("point", &point)?;
        self.member("where", "after")
    }

    /// The instance under its qualified name, as RFC 7951 writes it.
    fn value(&mut self, schema: &Arc<Schema>, id: SchemaId, content: &Content) -> io::Result<()> {
        let parent = schema.node(id).data_parent().unwrap_or(SchemaId::ROOT);
        let slot = Slot {
            id,
            content: content.clone(),
        };
        let tree = Tree::new(schema.clone(), Node::new(parent, vec![slot]));
        let mut bytes = Vec::new();
        json::print(&tree, &PrintOptions::default(), &mut bytes)?;
        self.out.push_str(",\"value\":");
        let text = String::from_utf8(bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.out.push_str(&text);
        Ok(())
    }

    /// An edit that says what annotations the target, its leaves and entries have from now on.
    fn metadata(&mut self, schema: &Schema, meta: &Meta) -> io::Result<()> {
        self.edit(PatchOperation::Merge)?;
        self.out.push_str(",\"banyan:metadata\":{");
        for (index, (place, annotations)) in meta.annotations.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.text(&metadata_place(schema, place))?;
            self.out.push_str(":{");
            let annotations = defined_ones(schema, Some(annotations));
            for (index, (definition, value)) in annotations.enumerate() {
                let (module, name) = &definition.name;
                if index > 0 {
                    self.out.push(',');
                }
                self.text(&format!("{module}:{name}"))?;
                self.out.push(':');
                let text = canonical(schema, definition.ty, value, Style::Json);
                match json_form(definition.ty, value) {
                    JsonForm::EmptyArray => self.out.push_str("[null]"),
                    JsonForm::Bare => self.out.push_str(&text),
                    JsonForm::String => self.text(&text)?,
                }
            }
            self.out.push('}');
        }
        self.out.push_str("}}");
        Ok(())
    }
}

/// `@` is the node itself, `@name` its leaf (RFC 7952 5.2), `@name=value` an entry of its leaf-list, which is named as
/// in an api-path: the values of the others may not be in the patch.
fn metadata_place(schema: &Schema, place: &Annotated) -> String {
    let (node, select) = match place {
        Annotated::Node => return "@".to_owned(),
        Annotated::Child(id) => (*id, Select::None),
        Annotated::Entry(id, value) => (*id, Select::Value(value.clone())),
    };
    let mut name = String::new();
    // Only a step by position has no name.
    let _ = api_path::push_step(&mut name, schema, &mut None, &PathStep { node, select });
    format!("@{}", name.trim_start_matches('/'))
}

/// What was created, as the content of its parent.
fn content_of(schema: &Schema, change: &Change, new: &ChangedContent) -> Content {
    let ordered_by = schema.node(change.id).ordered_by;
    match (new, &change.instance) {
        (ChangedContent::Node(node), Instance::Entry(keys)) => {
            Content::List(List::of(node.clone(), keys.len(), ordered_by))
        }
        (ChangedContent::Node(node), _) => Content::Container(node.clone()),
        (ChangedContent::Value(value), _) => {
            Content::LeafList(LeafList::of(value.clone(), ordered_by, false))
        }
        (ChangedContent::Content(content), _) => content.clone(),
    }
}
