//! `netconf-config-change` (RFC 6470 2.2): who changed what of a configuration, as far as the subscriber may read it.
//!
//! The event keeps both trees; its edits come from their difference, which costs what changed.

use std::sync::Arc;

use banyan_data::change::{Change, ChangeKind, ChangeSet, Instance};
use banyan_data::lexical::{self, ModuleNames};
use banyan_data::operation::Invocation;
use banyan_data::path::{InstancePath, PathStep, Select};
use banyan_data::{Content, List, Node, Slot, Tree, Value};
use banyan_yang::schema::{OrderedBy, Schema, SchemaId};

use super::own::By;
use crate::access::Subject;
use crate::backend::{Datastore, Result};
use crate::bind;
use crate::error::{BackendError, ErrorTag};

/// A change of a configuration.
#[derive(Debug)]
pub(crate) struct ConfigChange {
    /// Who made it; `None` is the server itself.
    pub by: Option<By>,
    /// Of which datastore: running or startup.
    pub datastore: Datastore,
    /// What it was and is, where that is told, with the difference if it is at hand.
    pub trees: Option<(Tree, Tree, Option<Arc<ChangeSet>>)>,
}

/// What became of an instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Became {
    Created,
    Deleted,
    Replaced,
    /// It moved, or something changed that has no place of its own.
    Merged,
}

impl Became {
    /// RFC 6241 `edit-operation-type`
    fn name(self) -> &'static str {
        match self {
            Became::Created => "create",
            Became::Deleted => "delete",
            Became::Replaced => "replace",
            Became::Merged => "merge",
        }
    }
}

impl ConfigChange {
    /// The notification `id` for a user; `None` when he may read nothing of what changed.
    pub(super) fn message(
        &self,
        schema: &Arc<Schema>,
        id: SchemaId,
        subject: Option<&Subject>,
    ) -> Result<Option<Invocation>> {
        let by = match &self.by {
            Some(by) => by.json(),
            None => serde_json::json!({ "server": [null] }),
        };
        let content = serde_json::json!({ "changed-by": by, "datastore": self.datastore.name() });
        let message = bind::message_from_json(schema, id, &content)?;
        let Some((before, after, changes)) = &self.trees else {
            return Ok(Some(message));
        };
        let changes = match changes {
            Some(changes) => changes.clone(),
            None => Arc::new(bind::diff(before, after)),
        };
        let mut seen = Seen {
            before,
            after,
            subject,
            path: InstancePath::default(),
            mount: None,
            edits: Vec::new(),
        };
        seen.all(&changes.changes);
        let edits = edits(schema, id, &seen.edits).ok_or_else(not_the_standard)?;
        Ok(edits.map(|edits| Invocation {
            content: with(&message.content, edits),
            ..message
        }))
    }
}

fn not_the_standard() -> BackendError {
    BackendError::new(
        ErrorTag::OperationFailed,
        "the module ietf-netconf-notifications on the path of modules is not the standard one",
    )
}

fn with(content: &Tree, edits: Slot) -> Tree {
    let root = content
        .root()
        .with_child(edits.id, Some(edits.content.clone()));
    content.with_root(root)
}

/// The list of edits; `Some(None)` when there are none, `None` when the module has no such list.
fn edits(
    schema: &Schema,
    notification: SchemaId,
    edits: &[(InstancePath, Became)],
) -> Option<Option<Slot>> {
    let list = schema.data_child_any_module(notification, "edit")?;
    let target = schema.data_child_any_module(list, "target")?;
    let operation = schema.data_child_any_module(list, "operation")?;
    let definition = schema.node(operation);
    let names = ModuleNames {
        default: Some(definition.module),
    };
    let value = |became: Became| {
        let ty = definition.ty.as_ref()?;
        lexical::parse(schema, ty, became.name(), &names).ok()
    };
    let entries: Option<Vec<Node>> = edits
        .iter()
        .map(|(path, became)| {
            let leaf = |id, value| Slot {
                id,
                content: Content::Leaf(value),
            };
            let path = Value::instance(path.clone());
            let mut slots = vec![leaf(target, path), leaf(operation, value(*became)?)];
            slots.sort_by_key(|slot| slot.id);
            Some(Node::new(list, slots))
        })
        .collect();
    let entries = entries?;
    if entries.is_empty() {
        return Some(None);
    }
    let list_of = List::from_entries(entries, 0, OrderedBy::System).ok()?;
    Some(Some(Slot {
        id: list,
        content: Content::List(list_of),
    }))
}

/// The edits that a user may read.
struct Seen<'a> {
    before: &'a Tree,
    after: &'a Tree,
    subject: Option<&'a Subject>,
    path: InstancePath,
    /// How many steps lead to the mount point that is passed. What is below has no name in the schema around it: the
    /// edit is one of the mount point.
    mount: Option<usize>,
    edits: Vec<(InstancePath, Became)>,
}

impl Seen<'_> {
    // As deep as the trees, which are bounded.
    fn all(&mut self, changes: &[Change]) {
        for change in changes {
            self.path.steps.push(PathStep {
                node: change.id,
                select: select(&change.instance),
            });
            self.one(&change.kind);
            self.path.steps.pop();
        }
    }

    fn one(&mut self, kind: &ChangeKind) {
        match kind {
            ChangeKind::Created { .. } => self.edit(Became::Created),
            ChangeKind::Deleted { .. } => self.edit(Became::Deleted),
            ChangeKind::Replaced { .. } => self.edit(Became::Replaced),
            ChangeKind::Moved(_) => self.edit(Became::Merged),
            ChangeKind::Inside { changes, moved, .. } => {
                if moved.is_some() || changes.is_empty() {
                    self.edit(Became::Merged);
                }
                self.all(changes);
            }
            ChangeKind::Mount(inside) => {
                let outer = self.mount;
                self.mount = outer.or(Some(self.path.steps.len()));
                self.all(&inside.changes);
                self.mount = outer;
            }
        }
    }

    fn edit(&mut self, became: Became) {
        let tree = match became {
            Became::Deleted => self.before,
            _ => self.after,
        };
        if self
            .subject
            .is_some_and(|subject| !subject.shows(tree, &self.path))
        {
            return;
        }
        match self.mount {
            None => self.edits.push((self.path.clone(), became)),
            Some(steps) => {
                let steps = self.path.steps[..steps].to_vec();
                let edit = (InstancePath { steps }, Became::Merged);
                if self.edits.last() != Some(&edit) {
                    self.edits.push(edit);
                }
            }
        }
    }
}

fn select(instance: &Instance) -> Select {
    match instance {
        Instance::Single | Instance::Whole => Select::None,
        Instance::Entry(keys) => Select::Keys(keys.clone()),
        Instance::Value(value) => Select::Value(value.clone()),
    }
}
