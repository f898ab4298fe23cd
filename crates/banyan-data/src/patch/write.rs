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
    let mut json = InJson {
        out: String::from(r#"{"ietf-yang-patch:yang-patch":{"patch-id":"#),
        layout,
        count: 0,
    };
    json.text(patch_id)?;
    json.out.push_str(r#","edit":["#);
    let mut json = written(changes, json)?;
    if layout != Layout::Compact {
        json.out.push('\n');
    }
    json.out.push_str("]}}");
    Ok(json.out)
}

/// An edit of a YANG Patch (RFC 8072 2.5), for whoever writes it in another form.
#[derive(Clone, Debug)]
pub struct OneEdit {
    /// `create`, `delete`, `insert`, `move` or `replace`.
    pub operation: &'static str,
    /// What is edited, as an api-path from the root of the datastore.
    pub target: String,
    /// Of an `insert` and a `move`: the entry behind which the target is to stand; `None` is at the front.
    pub point: Option<Option<String>>,
    /// The value under its name, as the only child of the root.
    pub value: Option<Tree>,
}

/// The change set as the edits of a YANG Patch, one for each change, without what it does to annotations. O(changes).
pub fn edits_of(changes: &ChangeSet) -> Vec<OneEdit> {
    // Nothing is printed, so nothing can fail.
    written(changes, Collected::default()).unwrap_or_default().0
}

/// Writes all edits of a change set.
fn written<S: Sink>(changes: &ChangeSet, sink: S) -> io::Result<S> {
    let mut writer = Writer {
        sink,
        target: String::new(),
        module: None,
    };
    if let Some((_, new)) = &changes.meta {
        writer.metadata(&changes.schema, new)?;
    }
    writer.changes(&changes.schema, &changes.changes)?;
    Ok(writer.sink)
}

/// Where edits go, part by part.
trait Sink {
    /// Begins an edit.
    fn edit(&mut self, operation: PatchOperation, target: &str) -> io::Result<()>;
    /// Where an entry is to stand (RFC 8072 2.5 `where` and `point`).
    fn place(&mut self, point: Option<String>) -> io::Result<()>;
    /// The instance under its qualified name.
    fn value(&mut self, value: Tree) -> io::Result<()>;
    /// What annotations the target, its leaves and entries have from now on.
    fn metadata(&mut self, schema: &Schema, meta: &Meta) -> io::Result<()>;
    /// Ends the edit.
    fn end(&mut self);
}

/// RFC 7951.
struct InJson {
    out: String,
    layout: Layout,
    count: usize,
}

impl InJson {
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
}

impl Sink for InJson {
    fn edit(&mut self, operation: PatchOperation, target: &str) -> io::Result<()> {
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
        self.member("target", target)
    }

    fn place(&mut self, point: Option<String>) -> io::Result<()> {
        let Some(point) = point else {
            return self.member("where", "first");
        };
        self.member("point", &point)?;
        self.member("where", "after")
    }

    fn value(&mut self, value: Tree) -> io::Result<()> {
        let mut bytes = Vec::new();
        let options = PrintOptions {
            exact: true,
            ..PrintOptions::default()
        };
        json::print(&value, &options, &mut bytes)?;
        self.out.push_str(",\"value\":");
        let text = String::from_utf8(bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.out.push_str(&text);
        Ok(())
    }

    fn metadata(&mut self, schema: &Schema, meta: &Meta) -> io::Result<()> {
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
        self.out.push('}');
        Ok(())
    }

    fn end(&mut self) {
        self.out.push('}');
    }
}

/// Edits with their values as trees.
#[derive(Default)]
struct Collected(Vec<OneEdit>);

impl Sink for Collected {
    fn edit(&mut self, operation: PatchOperation, target: &str) -> io::Result<()> {
        self.0.push(OneEdit {
            operation: operation.name(),
            target: target.to_owned(),
            point: None,
            value: None,
        });
        Ok(())
    }

    fn place(&mut self, point: Option<String>) -> io::Result<()> {
        if let Some(edit) = self.0.last_mut() {
            edit.point = Some(point);
        }
        Ok(())
    }

    fn value(&mut self, value: Tree) -> io::Result<()> {
        if let Some(edit) = self.0.last_mut() {
            edit.value = Some(value);
        }
        Ok(())
    }

    fn metadata(&mut self, _: &Schema, _: &Meta) -> io::Result<()> {
        self.0.pop();
        Ok(())
    }

    fn end(&mut self) {}
}

struct Writer<S> {
    sink: S,
    /// The path of what is being written, as an api-path.
    target: String,
    /// The module of its last step.
    module: Option<Arc<str>>,
}

impl<S: Sink> Writer<S> {
    /// Begins an edit of the current target.
    fn edit(&mut self, operation: PatchOperation) -> io::Result<()> {
        let target = match self.target.as_str() {
            "" => "/",
            target => target,
        };
        self.sink.edit(operation, target)
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
                self.sink.end();
            }
            ChangeKind::Deleted { .. } => {
                self.edit(PatchOperation::Delete)?;
                self.sink.end();
            }
            ChangeKind::Replaced { new, .. } => {
                self.edit(PatchOperation::Replace)?;
                self.value(schema, change.id, new)?;
                self.sink.end();
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
        self.sink.end();
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
            return self.sink.place(None);
        };
        let select = match (schema.node(id).keys().is_empty(), key.as_slice()) {
            (true, [value]) => Select::Value(value.clone()),
            _ => Select::Keys(key.clone()),
        };
        let mut point = parent.to_owned();
        let step = PathStep { node: id, select };
        let _ = api_path::push_step(&mut point, schema, &mut module.clone(), &step);
        self.sink.place(Some(point))
    }

    /// The instance, under a root of its own.
    fn value(&mut self, schema: &Arc<Schema>, id: SchemaId, content: &Content) -> io::Result<()> {
        let parent = schema.node(id).data_parent().unwrap_or(SchemaId::ROOT);
        let slot = Slot {
            id,
            content: content.clone(),
        };
        self.sink
            .value(Tree::new(schema.clone(), Node::new(parent, vec![slot])))
    }

    /// An edit that says what annotations the target, its leaves and entries have from now on.
    fn metadata(&mut self, schema: &Schema, meta: &Meta) -> io::Result<()> {
        self.edit(PatchOperation::Merge)?;
        self.sink.metadata(schema, meta)?;
        self.sink.end();
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
