//! A change set as an edit: what one would have to ask a server for.

use banyan_yang::schema::SchemaId;

use super::{Change, ChangeKind, ChangeSet, ChangedContent, Instance};
use crate::edit::{Edit, EditContent, EditNode, Insert, Operation};
use crate::meta::Meta;
use crate::node::{Content, Node};

/// How much an edit made from changes insists on the state that it starts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EditForm {
    /// `create` and `delete`: it fails where the target is not what the changes start from.
    Exact,
    /// `merge` and `remove`: for servers that add and remove data by themselves (`when`, `choice`, defaults).
    Tolerant,
}

impl EditForm {
    fn coming(self) -> Operation {
        match self {
            EditForm::Exact => Operation::Create,
            EditForm::Tolerant => Operation::Merge,
        }
    }

    fn going(self) -> Operation {
        match self {
            EditForm::Exact => Operation::Delete,
            EditForm::Tolerant => Operation::Remove,
        }
    }
}

impl ChangeSet {
    /// The smallest edit that makes these changes; its default-operation is `none`. Among siblings, what goes stands
    /// before what comes, so that a case of a choice is free before another takes it.
    pub fn to_edit(&self, form: EditForm) -> Edit {
        let mut root = EditNode::new(
            SchemaId::ROOT,
            Operation::None,
            EditContent::Container(edits(&self.changes, form)),
        );
        root.meta = self.meta.as_ref().map(|(_, new)| new.clone());
        Edit {
            schema: self.schema.clone(),
            root,
        }
    }
}

fn edits(changes: &[Change], form: EditForm) -> Vec<EditNode> {
    let mut going = Vec::new();
    let mut rest = Vec::new();
    for change in changes {
        match &change.kind {
            ChangeKind::Deleted { old, .. } => going.push(deletion(change, old, form)),
            ChangeKind::Created { new, after } => {
                let insert = after.as_ref().map(place_after);
                rest.extend(creation(change, new, insert, form.coming()));
            }
            ChangeKind::Replaced { new, .. } => {
                if change.instance == Instance::Whole {
                    let gone = EditContent::Whole;
                    going.push(EditNode::new(change.id, form.going(), gone));
                    rest.extend(content_edits(change.id, new, form.coming()));
                } else {
                    rest.extend(content_edits(change.id, new, Operation::Replace));
                }
            }
            ChangeKind::Inside {
                old,
                new,
                changes,
                moved,
            } => {
                let below = edits(changes, form);
                let content = match &change.instance {
                    Instance::Entry(keys) => EditContent::Entry(keys.clone(), below),
                    _ => EditContent::Container(below),
                };
                // An entry that moves is merged, since only then a place may be given (RFC 7950 7.8.6).
                let operation = match moved {
                    Some(_) => Operation::Merge,
                    None => Operation::None,
                };
                let place = moved.as_ref().map(|moved| place_after(&moved.new_after));
                let mut edit = EditNode::new(change.id, operation, content).at(place);
                if old.meta() != new.meta() {
                    edit.meta = Some(new.meta().cloned().unwrap_or_default());
                }
                rest.push(edit);
            }
            ChangeKind::Moved(moved) => {
                let content = match &change.instance {
                    Instance::Value(value) => EditContent::LeafListEntry(value.clone()),
                    Instance::Entry(keys) => EditContent::Entry(keys.clone(), Vec::new()),
                    Instance::Single | Instance::Whole => continue,
                };
                let place = place_after(&moved.new_after);
                rest.push(EditNode::new(change.id, Operation::Merge, content).at(Some(place)));
            }
            ChangeKind::Mount(inside) => {
                let below = edits(&inside.changes, form);
                let content = EditContent::Mount(inside.schema.clone(), below);
                let mut edit = EditNode::new(change.id, Operation::None, content);
                edit.meta = inside.meta.as_ref().map(|(_, new)| new.clone());
                rest.push(edit);
            }
        }
    }
    going.append(&mut rest);
    going
}

fn place_after(neighbour: &Option<Vec<crate::value::Value>>) -> Insert {
    match neighbour {
        None => Insert::First,
        Some(key) => Insert::After(key.clone()),
    }
}

fn deletion(change: &Change, old: &ChangedContent, form: EditForm) -> EditNode {
    let content = match (&change.instance, old) {
        (Instance::Entry(keys), _) => EditContent::Entry(keys.clone(), Vec::new()),
        (Instance::Value(value), _) => EditContent::LeafListEntry(value.clone()),
        (Instance::Whole, _) => EditContent::Whole,
        (Instance::Single, ChangedContent::Content(content)) => match content {
            Content::Leaf(_) => EditContent::Leaf(None),
            Content::Any(_) => EditContent::Any(None),
            Content::Mount(tree) => EditContent::Mount(tree.schema().clone(), Vec::new()),
            _ => EditContent::Whole,
        },
        (Instance::Single, _) => EditContent::Container(Vec::new()),
    };
    EditNode::new(change.id, form.going(), content)
}

fn creation(
    change: &Change,
    new: &ChangedContent,
    insert: Option<Insert>,
    operation: Operation,
) -> Vec<EditNode> {
    match (new, &change.instance) {
        (ChangedContent::Node(node), Instance::Entry(keys)) => {
            vec![entry_edit(node, keys.len(), operation).at(insert)]
        }
        (ChangedContent::Node(node), _) => vec![container_edit(node, operation)],
        (ChangedContent::Value(value), _) => {
            let content = EditContent::LeafListEntry(value.clone());
            vec![EditNode::new(change.id, operation, content).at(insert)]
        }
        (ChangedContent::Content(content), _) => content_edits(change.id, content, operation),
    }
}

fn container_edit(node: &Node, operation: Operation) -> EditNode {
    let children = EditContent::Container(children(node, 0, operation));
    let mut edit = EditNode::new(node.id(), operation, children);
    edit.meta = node.meta().cloned();
    edit
}

fn entry_edit(node: &Node, key_count: usize, operation: Operation) -> EditNode {
    let keys = node.keys(key_count).cloned().collect();
    let content = EditContent::Entry(keys, children(node, key_count, operation));
    let mut edit = EditNode::new(node.id(), operation, content);
    edit.meta = node.meta().cloned();
    edit
}

fn children(node: &Node, key_count: usize, operation: Operation) -> Vec<EditNode> {
    let slots = node.slots().iter().skip(key_count);
    slots
        .flat_map(|slot| content_edits(slot.id, &slot.content, operation))
        .collect()
}

/// Edits that put `content` in place.
pub(crate) fn content_edits(
    id: SchemaId,
    content: &Content,
    operation: Operation,
) -> Vec<EditNode> {
    match content {
        Content::Leaf(value) => {
            let content = EditContent::Leaf(Some(value.clone()));
            vec![EditNode::new(id, operation, content)]
        }
        Content::LeafList(list) => list
            .iter()
            .map(|value| EditNode::new(id, operation, EditContent::LeafListEntry(value.clone())))
            .collect(),
        Content::Container(node) => vec![container_edit(node, operation)],
        Content::List(list) => list
            .iter()
            .map(|entry| entry_edit(entry, list.key_count(), operation))
            .collect(),
        Content::Any(data) => {
            let content = EditContent::Any(Some(data.clone()));
            vec![EditNode::new(id, operation, content)]
        }
        Content::Mount(tree) => {
            let below = children(tree.root(), 0, operation);
            let content = EditContent::Mount(tree.schema().clone(), below);
            let mut edit = EditNode::new(id, operation, content);
            edit.meta = tree.root().meta().cloned() as Option<Meta>;
            vec![edit]
        }
    }
}

/// The edit that puts all of a tree in place.
impl Edit {
    /// The edit whose every node has `operation` and that carries all of `tree`: its default-operation too.
    pub fn of_tree(tree: &crate::Tree, operation: Operation) -> Edit {
        Edit {
            schema: tree.schema().clone(),
            root: {
                let mut root = container_edit(tree.root(), operation);
                root.id = tree.root().id();
                root
            },
        }
    }
}
