//! Taking out data whose `when` a change has made false (RFC 7950 8.2, 8.3.2), and giving the values of unions the
//! member that accepts them now (RFC 7950 9.12), at the cost of the change.
//!
//! What came with the change is looked through; elsewhere the conditions and references that read something that
//! changed are evaluated once more. What goes is a change of its own, after which the same is done again.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use super::dependencies::{Check, Manner};
use super::indexes::Indexes;
use super::narrow::{Bases, bases, keys_around};
use super::prune::{PASSES, Pruning, inside_mount};
use super::references::References;
use super::touches::{Touches, Whole, instances, way_down};
use super::unions::{Resolved, Unions, in_mount, with_values};
use crate::change::{Change, ChangeKind, ChangeSet, diff};
use crate::cursor::Cursor;
use crate::frame::Place;
use crate::node::{Content, Node, Slot, Tree};
use crate::path::{InstancePath, PathStep, Select};
use crate::value::Value;
use crate::view::{Scope, View, has_when};
use crate::xpath::Whens;

/// What is left of a tree after a change.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The tree without data whose `when` is false, and with unions as they are resolved in it.
    pub tree: Tree,
    /// Its indexes.
    pub indexes: Indexes,
    /// The paths of what was taken out, topmost nodes only.
    pub removed: Vec<InstancePath>,
    /// The paths of leaves whose value is of another member of its union than it was in `after`; the same text.
    pub resolved: Vec<InstancePath>,
    /// Nodes visited, those that conditions visited included.
    pub visited: u64,
}

/// What [`settle_all`](super::settle_all) makes of `after`, which is what `changes` make of a tree that was settled;
/// `indexes` are those of `after`. `budget` is that of one condition, in steps; a condition
/// that passes it counts as true.
///
/// Costs what changed, and the conditions that read what changed: where these name it by keys, on the instances that do,
/// else on all under the nearest common ancestor.
pub fn settle(changes: &ChangeSet, after: &Tree, indexes: &Indexes, budget: u64) -> Settled {
    let mut settled = Settled {
        tree: after.clone(),
        indexes: indexes.clone(),
        removed: Vec::new(),
        resolved: Vec::new(),
        visited: 0,
    };
    let mut changes = vec![Cow::Borrowed(changes)];
    for _ in 0..PASSES {
        let found = pass(&changes, &mut settled, budget);
        // Conditions may read which member a value took, so they are looked at when that is known.
        if !found.resolved.is_empty() {
            let resolved = with_values(&settled.tree, &found.resolved);
            changes.push(Cow::Owned(settled.go_on_with(resolved)));
            let paths = found.resolved.into_iter().map(|(path, _)| path);
            settled.resolved.extend(paths);
        } else if !found.gone.is_empty() {
            let left = without(&settled.tree, &found.gone);
            changes = vec![Cow::Owned(settled.go_on_with(left))];
            settled.removed.extend(found.gone);
        } else {
            break;
        }
    }
    settled.resolved.sort();
    settled.resolved.dedup();
    settled
}

impl Settled {
    /// Puts another tree in the place of this one, and says what that changes.
    fn go_on_with(&mut self, tree: Tree) -> ChangeSet {
        let changes = diff(&self.tree, &tree);
        self.indexes = self.indexes.after(&self.tree, &tree);
        self.tree = tree;
        changes
    }
}

/// What one look at a tree has found.
#[derive(Default)]
struct Found {
    /// The paths of what has to go, topmost nodes only.
    gone: Vec<InstancePath>,
    resolved: Vec<Resolved>,
}

/// Looks at what the changes can affect, all of which led to the tree.
fn pass(changes: &[Cow<'_, ChangeSet>], settled: &mut Settled, budget: u64) -> Found {
    if changes.iter().all(|changes| changes.changes.is_empty()) {
        return Found::default();
    }
    let (tree, indexes) = (settled.tree.clone(), settled.indexes.clone());
    let whens = Whens::new(budget);
    let configuration = View::of(&tree)
        .with_scope(Scope::Config)
        .with_whens_on_all(&whens);
    let view = View::of(&tree)
        .with_whens_on_all(&whens)
        .with_configuration(&configuration);
    let root = Cursor::root(&view);
    let references = References::new(Some(&indexes));
    let mut pass = Pass {
        schema: root.schema(),
        indexes: &indexes,
        budget,
        touches: Touches::default(),
        whole: Whole::default(),
        gone: Vec::new(),
        unions: Unions::new(root.schema(), references, budget),
        visited: 0,
    };
    for changes in changes {
        pass.inside(&root, &changes.changes);
    }
    pass.readers(&root);
    settled.visited += pass.visited + pass.unions.visited() + whens.visited();
    Found {
        gone: topmost(pass.gone),
        resolved: pass.unions.found,
    }
}

struct Pass<'t> {
    schema: &'t Schema,
    indexes: &'t Indexes,
    budget: u64,
    touches: Touches<'t>,
    whole: Whole,
    gone: Vec<InstancePath>,
    unions: Unions<'t>,
    visited: u64,
}

impl<'t> Pass<'t> {
    /// The changes in one instance. Recurses as deep as the tree.
    fn inside(&mut self, node: &Cursor<'t>, changes: &'t [Change]) {
        for change in changes {
            self.visited += 1;
            self.change(node, change);
        }
    }

    fn change(&mut self, node: &Cursor<'t>, change: &'t Change) {
        let id = change.id;
        if has_when(self.schema, id) {
            self.hidden_instance(node, change);
        }
        match &change.kind {
            ChangeKind::Inside { changes, moved, .. } => {
                if moved.is_some() {
                    self.touches.changed(node, change, Manner::Changed);
                }
                for instance in instances(node, change) {
                    self.inside(&instance, changes);
                }
            }
            ChangeKind::Moved(_) => self.touches.changed(node, change, Manner::Changed),
            ChangeKind::Mount(changes) => {
                for instance in instances(node, change) {
                    if let Place::Mount(tree) = instance.frame().place() {
                        let keys = keys_around(&instance);
                        let indexes = self.indexes.mounted(id, &keys, tree.schema());
                        let inner = settle(changes, tree, &indexes, self.budget);
                        self.visited += inner.visited;
                        let values = inner.resolved.into_iter();
                        let values: Vec<Resolved> = values
                            .filter_map(|path| {
                                let value = inner.tree.value_at(&path)?.clone();
                                Some((path, value))
                            })
                            .collect();
                        self.unions.found.extend(in_mount(&instance, values));
                        self.gone.extend(inside_mount(&instance, inner.removed));
                    }
                }
            }
            ChangeKind::Created { .. } | ChangeKind::Replaced { .. } => {
                for instance in instances(node, change) {
                    let mut pruning = Pruning::new(self.schema, self.budget, &mut self.gone);
                    pruning.instance(&instance);
                    self.visited += pruning.visited;
                    self.unions.instance(&instance);
                    self.whole.insert(&instance);
                }
                self.touches
                    .instance(self.schema, node, change, Manner::Changed);
            }
            ChangeKind::Deleted { .. } => {
                self.touches
                    .instance(self.schema, node, change, Manner::Changed);
            }
        }
    }

    /// The conditions and unions that read what was touched, and those that read anything.
    fn readers(&mut self, root: &Cursor<'t>) {
        let dependencies = self.indexes.dependencies();
        let mut checked: HashSet<(InstancePath, Check)> = HashSet::new();
        for check in dependencies.anything().iter().copied() {
            if is_settled(&check) && checked.insert((InstancePath::default(), check)) {
                self.recheck(root, check);
            }
        }
        while let Some(touched) = self.touches.next() {
            for affected in &*dependencies.affected(self.schema, touched.id, touched.manner) {
                let scope = touched.scope(affected.reach.ancestor);
                let is_open = |check: &Check| !self.whole.has_all(&scope, check.bearer());
                let checks = affected.checks.iter().copied();
                let checks: Vec<Check> = checks.filter(is_settled).filter(is_open).collect();
                if checks.is_empty() {
                    continue;
                }
                match bases(self.indexes, &touched, &scope, &affected.reach) {
                    Bases::All => {
                        for check in checks {
                            if checked.insert((scope.path(), check)) {
                                self.recheck(&scope, check);
                            }
                        }
                    }
                    Bases::Some(paths) => {
                        let open = paths.into_iter().filter(|path| !self.whole.covers(path));
                        let open: Vec<InstancePath> = open.collect();
                        for path in &open {
                            for check in &checks {
                                if checked.insert((path.clone(), *check)) {
                                    self.recheck_at(root, path.clone(), *check);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The instances of `bearer` below the node at a path, or that node itself, which may be hidden.
    fn recheck_at(&mut self, root: &Cursor<'t>, mut path: InstancePath, check: Check) {
        let bearer = check.bearer();
        match path.steps.last() {
            Some(step) if step.node == bearer && matches!(check, Check::Presence(_)) => {
                let select = step.select.clone();
                path.steps.pop();
                if let Some(parent) = root.find(&path) {
                    self.visited += 1;
                    self.absent_or_hidden(&parent, bearer, &select);
                }
            }
            _ => {
                if let Some(scope) = root.find(&path) {
                    self.recheck(&scope, check);
                }
            }
        }
    }

    /// The instances of a check's bearer below `scope`, or `scope` itself.
    fn recheck(&mut self, scope: &Cursor<'t>, check: Check) {
        if let Some(way) = way_down(self.schema, scope.id(), check.bearer()) {
            self.recheck_on(scope, &way, check);
        }
    }

    fn recheck_on(&mut self, node: &Cursor<'t>, way: &[SchemaId], check: Check) {
        if self.whole.has(node) {
            return;
        }
        self.visited += 1;
        match way {
            [] if matches!(check, Check::Member(_)) => self.unions.leaf(node),
            // The scope is the bearer itself.
            [] => {
                if let (Some(parent), Some(step)) = (node.parent(), node.path().steps.last()) {
                    self.absent_or_hidden(&parent, node.id(), &step.select);
                }
            }
            [id] if matches!(check, Check::Presence(_)) => {
                self.absent_or_hidden(node, *id, &Select::None);
            }
            [id, rest @ ..] => {
                for instance in node.instances(*id) {
                    self.recheck_on(&instance, rest, check);
                }
            }
        }
    }

    /// Finds out whether instances of `id` below `node` may not be there: the one that is selected, else all.
    fn absent_or_hidden(&mut self, node: &Cursor<'t>, id: SchemaId, select: &Select) {
        let Some(content) = node.node().and_then(|node| node.get(id)) else {
            let definition = self.schema.node(id);
            // A default or container may be in use now, or no longer.
            if !definition.defaults().is_empty() || definition.kind == NodeKind::Container {
                self.touches.all(node, id);
            }
            return;
        };
        match (content, select) {
            (Content::List(list), Select::Keys(keys)) => {
                if list.get(keys).is_some() {
                    self.hidden(node, id, select.clone());
                }
            }
            (Content::LeafList(values), Select::Value(value)) => {
                if values.contains(value) {
                    self.hidden(node, id, select.clone());
                }
            }
            (Content::List(list), _) if list.key_count() > 0 => {
                for entry in list {
                    let keys: Vec<Value> = entry.keys(list.key_count()).cloned().collect();
                    self.hidden(node, id, Select::Keys(keys));
                }
            }
            (Content::LeafList(values), _) if !values.duplicates_allowed() => {
                for value in values {
                    self.hidden(node, id, Select::Value(value.clone()));
                }
            }
            // Entries that have no name go together; their conditions can hardly tell them apart.
            _ => self.hidden(node, id, Select::None),
        }
    }

    /// Notes a stored instance that is hidden.
    fn hidden(&mut self, node: &Cursor<'t>, id: SchemaId, select: Select) {
        self.visited += 1;
        let step = PathStep { node: id, select };
        if node.step(&step).is_none() {
            // What nobody reads need not be remembered, and that is most of what goes.
            let dependencies = self.indexes.dependencies();
            let readers = dependencies.affected(self.schema, id, Manner::Changed);
            if !readers.is_empty() {
                self.touches.stored(node, id, step.select.clone());
            }
            self.go(node, step);
        }
    }

    /// Whether the very instance of a change may not be there.
    fn hidden_instance(&mut self, node: &Cursor<'t>, change: &Change) {
        let id = change.id;
        if node.node().and_then(|node| node.get(id)).is_none() {
            return;
        }
        self.absent_or_hidden(node, id, &change.step().select);
    }

    fn go(&mut self, at: &Cursor<'t>, step: PathStep) {
        let mut path = at.path();
        path.steps.push(step);
        self.gone.push(path);
    }
}

/// Whether it is settled, and not only validated.
fn is_settled(check: &Check) -> bool {
    matches!(check, Check::Presence(_) | Check::Member(_))
}

/// The paths that are below no other.
fn topmost(mut paths: Vec<InstancePath>) -> Vec<InstancePath> {
    paths.sort_unstable();
    let mut kept: Vec<InstancePath> = Vec::with_capacity(paths.len());
    for path in paths {
        let covered = kept
            .last()
            .is_some_and(|above| path.steps.starts_with(&above.steps));
        if !covered {
            kept.push(path);
        }
    }
    kept
}

/// A step of a path, and those after it.
type Way<'p> = (&'p PathStep, &'p [PathStep]);

/// The ways on, of those that begin with one step.
fn onward<'p>(ways: &[Way<'p>]) -> Vec<Way<'p>> {
    let rest = ways.iter().filter_map(|(_, rest)| rest.split_first());
    rest.collect()
}

/// The tree without what is at these paths, which ascend, and none of which is below another. A node is copied once,
/// however much of it goes.
fn without(tree: &Tree, paths: &[InstancePath]) -> Tree {
    let ways = paths.iter().filter_map(|path| path.steps.split_first());
    let ways: Vec<Way<'_>> = ways.collect();
    tree.with_root(node_without(tree.schema(), tree.root(), &ways))
}

/// The node without what is there. Recurses as deep as the paths.
fn node_without(schema: &Schema, node: &Node, ways: &[Way<'_>]) -> Node {
    let mut children = ways.chunk_by(|(a, _), (b, _)| a.node == b.node).peekable();
    let mut slots = Vec::with_capacity(node.slots().len());
    for slot in node.slots() {
        let id = |ways: &&[Way<'_>]| ways.first().map(|(step, _)| step.node);
        while children.next_if(|ways| id(ways) < Some(slot.id)).is_some() {}
        let content = match children.next_if(|ways| id(ways) == Some(slot.id)) {
            Some(ways) => content_without(schema, slot, ways),
            None => Some(slot.content.clone()),
        };
        slots.extend(content.map(|content| Slot {
            id: slot.id,
            content,
        }));
    }
    node.with_slots(slots)
}

/// What is left of a child, if anything is; all of the ways begin at it.
fn content_without(schema: &Schema, slot: &Slot, ways: &[Way<'_>]) -> Option<Content> {
    let goes = |ways: &[Way<'_>]| ways.iter().any(|(_, rest)| rest.is_empty());
    let is_all = |(step, rest): &Way<'_>| rest.is_empty() && step.select == Select::None;
    if ways.iter().any(is_all) {
        return None;
    }
    match &slot.content {
        Content::List(list) => {
            let mut left = Some(list.clone());
            for ways in ways.chunk_by(|(a, _), (b, _)| a.select == b.select) {
                let Some((
                    PathStep {
                        select: Select::Keys(keys),
                        ..
                    },
                    _,
                )) = ways.first()
                else {
                    continue;
                };
                let list = left?;
                left = if goes(ways) {
                    list.without(keys)
                } else {
                    let entry = list.get(keys);
                    let entry = entry.map(|entry| node_without(schema, entry, &onward(ways)));
                    Some(entry.map_or_else(|| list.clone(), |entry| list.with_entry(entry)))
                };
            }
            left.map(Content::List)
        }
        Content::LeafList(values) => {
            let mut gone = ways.iter().filter_map(|(step, _)| match &step.select {
                Select::Value(value) => Some(value),
                _ => None,
            });
            gone.try_fold(values.clone(), |left, value| left.without(value))
                .map(Content::LeafList)
        }
        _ if goes(ways) => None,
        Content::Container(inner) => {
            let inner = node_without(schema, inner, &onward(ways));
            let stays = !inner.slots().is_empty() || schema.node(slot.id).presence;
            stays.then_some(Content::Container(inner))
        }
        Content::Mount(tree) => {
            let root = node_without(tree.schema(), tree.root(), &onward(ways));
            Some(Content::Mount(Arc::new(tree.with_root(root))))
        }
        content => Some(content.clone()),
    }
}
