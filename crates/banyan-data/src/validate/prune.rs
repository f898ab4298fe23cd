//! Taking out data whose `when` is false, as a datastore does at an edit and at commit (RFC 7950 8.2, 8.3.2).

use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

use super::rules::Rules;
use super::unions::resolve_unions;
use crate::cursor::Cursor;
use crate::frame::Place;
use crate::list::{LeafList, List};
use crate::node::{Content, Node, Slot, Tree};
use crate::path::{InstancePath, PathStep, Select};
use crate::value::Value;
use crate::view::{Scope, View, has_when};
use crate::xpath::Whens;

/// Passes after which no more is taken out. One pass follows the conditions in their order of dependency; another
/// is needed only when what was taken out switches defaults of another case on.
pub(super) const PASSES: usize = 8;

/// The tree without all data whose `when` is false, and with the values of unions of the members that accept them
/// ([`resolve_unions`]); and the paths of what was taken out, topmost nodes only. `budget` is that of one condition, in
/// steps; a condition that passes it counts as true.
///
/// What a condition reads is taken out before the condition is evaluated: a node that goes takes with it what
/// depends on it. Subtrees without conditions are shared, and not looked into.
pub fn settle_all(tree: &Tree, budget: u64) -> (Tree, Vec<InstancePath>) {
    let mut tree = tree.clone();
    let mut removed = Vec::new();
    for _ in 0..PASSES {
        tree = resolve_unions(&tree, budget).0;
        let before = removed.len();
        let changed = {
            let whens = Whens::new(budget);
            let configuration = View::of(&tree)
                .with_scope(Scope::Config)
                .with_whens_on_all(&whens);
            let view = View::of(&tree)
                .with_whens_on_all(&whens)
                .with_configuration(&configuration);
            let root = Cursor::root(&view);
            Pruning::new(root.schema(), budget, &mut removed).node(&root, tree.root())
        };
        if let Some(root) = changed {
            tree = Tree::new(tree.schema().clone(), root);
        }
        if removed.len() == before {
            break;
        }
    }
    (tree, removed)
}

/// Looks through subtrees for what has to go.
pub(super) struct Pruning<'r> {
    rules: Arc<Rules>,
    budget: u64,
    removed: &'r mut Vec<InstancePath>,
    /// Nodes visited.
    pub(super) visited: u64,
}

/// The paths of what is in a mounted tree, from the root of the outermost.
pub(super) fn inside_mount(
    mount: &Cursor<'_>,
    paths: Vec<InstancePath>,
) -> impl Iterator<Item = InstancePath> {
    let mount = mount.path();
    paths.into_iter().map(move |path| InstancePath {
        steps: mount.steps.iter().cloned().chain(path.steps).collect(),
    })
}

impl<'r> Pruning<'r> {
    pub(super) fn new(
        schema: &Schema,
        budget: u64,
        removed: &'r mut Vec<InstancePath>,
    ) -> Pruning<'r> {
        Pruning {
            rules: Rules::of(schema),
            budget,
            removed,
            visited: 0,
        }
    }

    /// Notes what has to go inside of an instance that may itself be there.
    pub(super) fn instance(&mut self, at: &Cursor<'_>) {
        match at.frame().place() {
            Place::Mount(tree) => {
                self.mount(at, tree);
            }
            _ => {
                if let Some(node) = at.node() {
                    self.node(at, node);
                }
            }
        }
    }

    /// The node without what has to go; `None` when nothing has to. Recurses as deep as the tree.
    fn node(&mut self, at: &Cursor<'_>, node: &Node) -> Option<Node> {
        let (schema, parent, _) = at.frame().inside()?;
        self.visited += 1;
        if !self.rules.whens_inside(parent) {
            return None;
        }
        let mut slots = Vec::with_capacity(node.slots().len());
        let mut changed = false;
        for slot in node.slots() {
            match self.content(at, schema, slot) {
                Outcome::Same => slots.push(slot.clone()),
                Outcome::Gone => changed = true,
                Outcome::Changed(content) => {
                    changed = true;
                    let id = slot.id;
                    slots.push(Slot { id, content });
                }
            }
        }
        changed.then(|| node.with_slots(slots))
    }

    fn content(&mut self, at: &Cursor<'_>, schema: &Schema, slot: &Slot) -> Outcome {
        let id = slot.id;
        let conditional = has_when(schema, id);
        if !conditional && !self.rules.whens_inside(id) && !is_mount(&slot.content) {
            return Outcome::Same;
        }
        match &slot.content {
            Content::List(list) => self.list(at, id, list, conditional),
            Content::LeafList(values) => self.leaf_list(at, id, values),
            content => {
                let Some(child) = at.child(id) else {
                    self.gone(at, id, Select::None);
                    return Outcome::Gone;
                };
                match content {
                    Content::Container(node) => match self.node(&child, node) {
                        None => Outcome::Same,
                        Some(node) if node.slots().is_empty() && !schema.node(id).presence => {
                            Outcome::Gone
                        }
                        Some(node) => Outcome::Changed(Content::Container(node)),
                    },
                    Content::Mount(tree) => match self.mount(&child, tree) {
                        Some(pruned) => Outcome::Changed(Content::Mount(Arc::new(pruned))),
                        None => Outcome::Same,
                    },
                    _ => Outcome::Same,
                }
            }
        }
    }

    /// The mounted tree without what has to go; `None` when nothing has to.
    fn mount(&mut self, mount: &Cursor<'_>, tree: &Tree) -> Option<Tree> {
        let (pruned, paths) = settle_all(tree, self.budget);
        if paths.is_empty() {
            return None;
        }
        self.removed.extend(inside_mount(mount, paths));
        Some(pruned)
    }

    fn list(&mut self, at: &Cursor<'_>, id: SchemaId, list: &List, conditional: bool) -> Outcome {
        let mut kept = Vec::with_capacity(list.len());
        let mut changed = false;
        for entry in at.instances(id) {
            let Some(node) = entry.node() else { continue };
            match self.node(&entry, node) {
                None => kept.push(node.clone()),
                Some(node) => {
                    changed = true;
                    kept.push(node);
                }
            }
        }
        if kept.len() < list.len() {
            changed = true;
            self.gone_entries(at, id, list, &kept, conditional);
        }
        if !changed {
            return Outcome::Same;
        }
        if kept.is_empty() {
            return Outcome::Gone;
        }
        // The entries had distinct keys before and still have.
        match List::from_entries(kept, list.key_count(), list.ordered_by()) {
            Ok(list) => Outcome::Changed(Content::List(list)),
            Err(_) => Outcome::Same,
        }
    }

    fn gone_entries(
        &mut self,
        at: &Cursor<'_>,
        id: SchemaId,
        list: &List,
        kept: &[Node],
        conditional: bool,
    ) {
        if kept.is_empty() || !conditional {
            return self.gone(at, id, Select::None);
        }
        let count = list.key_count();
        let keys = |node: &Node| node.keys(count).cloned().collect::<Vec<Value>>();
        let kept: std::collections::HashSet<Vec<Value>> = kept.iter().map(keys).collect();
        for node in list.iter() {
            let keys = keys(node);
            if !kept.contains(&keys) {
                self.gone(at, id, Select::Keys(keys));
            }
        }
    }

    fn leaf_list(&mut self, at: &Cursor<'_>, id: SchemaId, values: &LeafList) -> Outcome {
        let kept: Vec<Value> = at
            .instances(id)
            .filter(|entry| matches!(entry.frame().place(), Place::LeafListEntry { .. }))
            .filter_map(|entry| entry.value().cloned())
            .collect();
        if kept.len() == values.len() {
            return Outcome::Same;
        }
        if kept.is_empty() {
            self.gone(at, id, Select::None);
            return Outcome::Gone;
        }
        for value in values.iter().filter(|value| !kept.contains(value)) {
            self.gone(at, id, Select::Value(value.clone()));
        }
        match LeafList::from_values(kept, values.ordered_by(), values.duplicates_allowed()) {
            Ok(values) => Outcome::Changed(Content::LeafList(values)),
            Err(_) => Outcome::Same,
        }
    }

    fn gone(&mut self, at: &Cursor<'_>, id: SchemaId, select: Select) {
        let mut path = at.path();
        path.steps.push(PathStep { node: id, select });
        self.removed.push(path);
    }
}

enum Outcome {
    Same,
    Gone,
    Changed(Content),
}

/// A mounted schema has conditions of its own.
fn is_mount(content: &Content) -> bool {
    matches!(content, Content::Mount(_))
}
