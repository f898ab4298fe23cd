//! Random edits of the data of any schema.

use std::sync::Arc;

use banyan_data::any::AnyData;
use banyan_data::edit::{Edit, EditContent, EditNode, Insert, Operation};
use banyan_data::{Content, Node, Tree, Value};
use banyan_yang::schema::{NodeKind, OrderedBy, SchemaId};

use crate::dice::Dice;
use crate::values::value;

/// An edit of the configuration in `tree` that mostly finds what it names; it may yet be refused, as when two cases of
/// a choice are chosen at once.
pub fn edit(tree: &Tree, dice: &mut Dice) -> Edit {
    let mut editor = Editor { tree, dice };
    let nodes = editor.inside(SchemaId::ROOT, Some(tree.root()), Operation::Merge);
    Edit {
        schema: tree.schema().clone(),
        root: EditNode::new(
            SchemaId::ROOT,
            Operation::Merge,
            EditContent::Container(nodes),
        ),
    }
}

struct Editor<'a> {
    tree: &'a Tree,
    dice: &'a mut Dice,
}

impl Editor<'_> {
    /// Edits of some children. `operation` is that of the parent.
    fn inside(&mut self, id: SchemaId, node: Option<&Node>, operation: Operation) -> Vec<EditNode> {
        let schema = self.tree.schema().clone();
        let free: Vec<SchemaId> = schema
            .data_children(id)
            .iter()
            .copied()
            .filter(|child| !schema.node(*child).is_key && schema.node(*child).config)
            .collect();
        let mut chosen: Vec<SchemaId> = (0..=self.dice.below(3))
            .filter_map(|_| self.dice.pick(&free).copied())
            .collect();
        chosen.sort_unstable();
        chosen.dedup();
        let content = |child| node.and_then(|node| node.get(child));
        let edits = chosen.into_iter();
        edits
            .filter_map(|child| self.child(child, content(child), operation))
            .collect()
    }

    fn child(&mut self, id: SchemaId, old: Option<&Content>, outer: Operation) -> Option<EditNode> {
        let replaces = outer == Operation::Replace;
        let old = old.filter(|_| !replaces);
        match self.tree.schema().node(id).kind {
            NodeKind::Leaf => {
                if old.is_some() && self.dice.chance(40) {
                    return Some(EditNode::new(
                        id,
                        Operation::Delete,
                        EditContent::Leaf(None),
                    ));
                }
                let value = value(self.tree, id, self.dice)?;
                let operation = self.putting(replaces, old.is_some());
                Some(EditNode::new(id, operation, EditContent::Leaf(Some(value))))
            }
            NodeKind::LeafList => self.leaf_list(id, old, replaces),
            NodeKind::List => self.entry(id, old, replaces),
            NodeKind::Container => {
                let node = match old {
                    Some(Content::Container(node)) => Some(node),
                    _ => None,
                };
                self.node(id, node, replaces, EditContent::Container)
            }
            NodeKind::AnyData => {
                let text = format!("{{\"a\":{}}}", self.dice.below(2));
                let any = Arc::new(AnyData::Json(text.into()));
                Some(EditNode::new(
                    id,
                    Operation::Replace,
                    EditContent::Any(Some(any)),
                ))
            }
            _ => None,
        }
    }

    /// How something is put.
    fn putting(&mut self, replaces: bool, is_there: bool) -> Operation {
        match self.dice.below(3) {
            _ if replaces => Operation::Replace,
            0 => Operation::Merge,
            1 if !is_there => Operation::Create,
            _ => Operation::Replace,
        }
    }

    /// An edit of a container or entry: it goes, is put anew, or is changed inside.
    fn node(
        &mut self,
        id: SchemaId,
        node: Option<&Node>,
        replaces: bool,
        content: impl FnOnce(Vec<EditNode>) -> EditContent,
    ) -> Option<EditNode> {
        if node.is_some() && self.dice.chance(20) {
            return Some(EditNode::new(id, Operation::Delete, content(Vec::new())));
        }
        let operation = if replaces || self.dice.chance(12) {
            Operation::Replace
        } else {
            Operation::Merge
        };
        let node = node.filter(|_| operation == Operation::Merge);
        let inside = self.inside(id, node, operation);
        Some(EditNode::new(id, operation, content(inside)))
    }

    fn leaf_list(
        &mut self,
        id: SchemaId,
        old: Option<&Content>,
        replaces: bool,
    ) -> Option<EditNode> {
        let old: Vec<Value> = match old {
            Some(Content::LeafList(values)) => values.iter().cloned().collect(),
            _ => Vec::new(),
        };
        if !old.is_empty() && self.dice.chance(40) {
            let value = self.dice.pick(&old)?.clone();
            return Some(EditNode::new(
                id,
                Operation::Delete,
                EditContent::LeafListEntry(value),
            ));
        }
        let value = value(self.tree, id, self.dice)?;
        let others: Vec<Vec<Value>> = old
            .into_iter()
            .filter(|other| *other != value)
            .map(|other| vec![other])
            .collect();
        let operation = if replaces {
            Operation::Replace
        } else {
            Operation::Merge
        };
        let insert = self.place(id, &others);
        Some(EditNode::new(id, operation, EditContent::LeafListEntry(value)).at(insert))
    }

    fn entry(&mut self, id: SchemaId, old: Option<&Content>, replaces: bool) -> Option<EditNode> {
        let list = match old {
            Some(Content::List(list)) => Some(list),
            _ => None,
        };
        let existing = list
            .filter(|_| self.dice.chance(60))
            .and_then(|list| list.nth(self.dice.below(list.len())));
        let count = self.tree.schema().node(id).keys().len();
        let keys: Vec<Value> = match existing {
            Some(entry) => entry.keys(count).cloned().collect(),
            None => {
                let schema = self.tree.schema().clone();
                let keys = schema.node(id).keys().iter();
                keys.map(|key| value(self.tree, *key, self.dice))
                    .collect::<Option<_>>()?
            }
        };
        let node = list.and_then(|list| list.get(&keys));
        let others: Vec<Vec<Value>> = list
            .into_iter()
            .flatten()
            .map(|entry| entry.keys(count).cloned().collect())
            .filter(|other| *other != keys)
            .collect();
        let edit = self.node(id, node, replaces, |inside| {
            EditContent::Entry(keys, inside)
        })?;
        if edit.operation == Operation::Delete {
            return Some(edit);
        }
        let insert = self.place(id, &others);
        Some(edit.at(insert))
    }

    /// Where an entry of a user-ordered list goes.
    fn place(&mut self, id: SchemaId, others: &[Vec<Value>]) -> Option<Insert> {
        if self.tree.schema().node(id).ordered_by == OrderedBy::System || !self.dice.chance(50) {
            return None;
        }
        let other = self.dice.pick(others).cloned();
        Some(match (self.dice.below(4), other) {
            (0, Some(other)) => Insert::Before(other),
            (1, Some(other)) => Insert::After(other),
            (2, _) => Insert::First,
            _ => Insert::Last,
        })
    }
}
