//! What a change touches, directly or through what it switches on or off, and where those are who read it.
//!
//! Shared by incremental validation and by [`settle`](super::settle()), which differ in what they do there.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use super::dependencies::Manner;
use crate::change::{Change, ChangeKind, ChangedContent, Instance};
use crate::cursor::Cursor;
use crate::lexical::default_value;
use crate::list::List;
use crate::node::{Content, Node};
use crate::path::{InstancePath, PathStep, Select};
use crate::value::Value;
use crate::view::case_chain;

/// Instances of a data node below `parent` that came, went or changed.
pub(super) struct Touched<'t> {
    pub(super) parent: Cursor<'t>,
    pub(super) id: SchemaId,
    pub(super) manner: Manner,
    which: Which<'t>,
    /// What [`Touched::values_of`] has gathered, by leaf.
    values: RefCell<HashMap<SchemaId, Rc<[Value]>>>,
}

/// Which instances.
enum Which<'t> {
    /// That of a change.
    Changed(&'t Change),
    /// A stored one.
    Stored(Select),
    /// Whatever is stored there, or in use.
    All,
}

impl<'t> Touched<'t> {
    /// The instance of `ancestor`, a schema node above, that they are in.
    pub(super) fn scope(&self, ancestor: SchemaId) -> Cursor<'t> {
        let mut scope = self.parent.clone();
        while scope.id() != ancestor {
            match scope.parent() {
                Some(parent) => scope = parent,
                None => break,
            }
        }
        scope
    }

    /// The instances themselves, as far as they are there now.
    pub(super) fn instances(&self) -> Vec<Cursor<'t>> {
        match &self.which {
            Which::Changed(change) => instances(&self.parent, change),
            Which::Stored(Select::Keys(keys)) => {
                self.parent.entry(self.id, keys).into_iter().collect()
            }
            _ => self.parent.instances(self.id).collect(),
        }
    }

    /// Which of the instances below `parent` are meant, as a path step says it.
    pub(super) fn select(&self) -> Select {
        match &self.which {
            Which::Changed(change) => change.step().select,
            Which::Stored(select) => select.clone(),
            Which::All => Select::None,
        }
    }

    /// The values of a leaf, ascending, in what was touched, before and after, or in the list entry around it. May be more
    /// than changed.
    pub(super) fn values_of(&self, schema: &Schema, leaf: SchemaId) -> Rc<[Value]> {
        let mut known = self.values.borrow_mut();
        let values = known.entry(leaf);
        values
            .or_insert_with(|| self.gathered(schema, leaf).into())
            .clone()
    }

    fn gathered(&self, schema: &Schema, leaf: SchemaId) -> Vec<Value> {
        let mut values = Vec::new();
        match way_down(schema, self.id, leaf) {
            Some(way) => {
                self.gather(&way, &mut values);
                let defaults = 0..schema.node(leaf).defaults().len();
                values.extend(defaults.filter_map(|index| default_value(schema, leaf, index).ok()));
            }
            None => {
                let list = schema.node(leaf).data_parent();
                let entry = list.map(|list| self.scope(list));
                let key = entry.and_then(|entry| entry.child(leaf));
                values.extend(key.and_then(|key| key.value().cloned()));
            }
        }
        values.sort_unstable();
        values.dedup();
        values
    }

    fn gather(&self, way: &[SchemaId], values: &mut Vec<Value>) {
        let stored = || self.parent.node()?.get(self.id);
        let entry = |keys: &[Value]| match stored() {
            Some(Content::List(list)) => list.get(keys),
            _ => None,
        };
        match &self.which {
            Which::All => in_content(stored(), way, values),
            Which::Stored(Select::Keys(keys)) => in_node(entry(keys), way, values),
            Which::Stored(Select::Value(value)) => values.push(value.clone()),
            Which::Stored(_) => in_content(stored(), way, values),
            Which::Changed(change) => match &change.kind {
                ChangeKind::Created { new, .. } => in_changed(new, way, values),
                ChangeKind::Deleted { old, .. } => in_changed(old, way, values),
                ChangeKind::Replaced { old, new } => {
                    in_content(Some(old), way, values);
                    in_content(Some(new), way, values);
                }
                ChangeKind::Inside { new, .. } => in_node(Some(new), way, values),
                ChangeKind::Moved(_) => match &change.instance {
                    Instance::Entry(keys) => in_node(entry(keys), way, values),
                    Instance::Value(value) => values.push(value.clone()),
                    Instance::Single | Instance::Whole => in_content(stored(), way, values),
                },
                // What is in it belongs to another schema.
                ChangeKind::Mount(_) => {}
            },
        }
    }
}

/// The values of the leaf at the end of `way`. Recurses as deep as the tree.
fn in_node(node: Option<&Node>, way: &[SchemaId], values: &mut Vec<Value>) {
    if let (Some(node), [id, rest @ ..]) = (node, way) {
        in_content(node.get(*id), rest, values);
    }
}

fn in_content(content: Option<&Content>, way: &[SchemaId], values: &mut Vec<Value>) {
    let entries = |list: &List, values: &mut Vec<Value>| {
        for entry in list {
            in_node(Some(entry), way, values);
        }
    };
    match content {
        Some(Content::Leaf(value)) => values.push(value.clone()),
        Some(Content::LeafList(all)) => values.extend(all.iter().cloned()),
        Some(Content::Container(node)) => in_node(Some(node), way, values),
        Some(Content::List(list)) => entries(list, values),
        Some(Content::Any(_) | Content::Mount(_)) | None => {}
    }
}

fn in_changed(content: &ChangedContent, way: &[SchemaId], values: &mut Vec<Value>) {
    match content {
        ChangedContent::Node(node) => in_node(Some(node), way, values),
        ChangedContent::Content(content) => in_content(Some(content), way, values),
        ChangedContent::Value(value) => values.push(value.clone()),
    }
}

/// What was touched and waits to be looked at; each once.
#[derive(Default)]
pub(super) struct Touches<'t> {
    open: Vec<Touched<'t>>,
    seen: HashSet<(InstancePath, SchemaId, Option<Select>)>,
}

impl<'t> Touches<'t> {
    /// Notes all instances of `id` below `parent`, stored or in use.
    pub(super) fn all(&mut self, parent: &Cursor<'t>, id: SchemaId) {
        self.once(parent, id, Which::All);
    }

    /// Notes a stored instance of `id` below `parent`.
    pub(super) fn stored(&mut self, parent: &Cursor<'t>, id: SchemaId, select: Select) {
        self.once(parent, id, Which::Stored(select));
    }

    fn once(&mut self, parent: &Cursor<'t>, id: SchemaId, which: Which<'t>) {
        let select = match &which {
            Which::Stored(select) => Some(select.clone()),
            _ => None,
        };
        if self.seen.insert((parent.path(), id, select)) {
            self.open.push(Touched {
                parent: parent.clone(),
                id,
                manner: Manner::Changed,
                which,
                values: RefCell::default(),
            });
        }
    }

    /// Notes the instance of a change.
    pub(super) fn changed(&mut self, parent: &Cursor<'t>, change: &'t Change, manner: Manner) {
        self.open.push(Touched {
            parent: parent.clone(),
            id: change.id,
            manner,
            which: Which::Changed(change),
            values: RefCell::default(),
        });
    }

    /// Notes an instance that came, went or was replaced, and what that switches on or off beside it.
    pub(super) fn instance(
        &mut self,
        schema: &Schema,
        node: &Cursor<'t>,
        change: &'t Change,
        manner: Manner,
    ) {
        self.changed(node, change, manner);
        // RFC 7950 7.6.1, 7.9.3: data in one case switch the defaults of the others off, and their own on.
        if let Some(choice) = case_chain(schema, change.id).last()
            && let Some((_, parent, _)) = node.frame().inside()
        {
            for sibling in schema.data_children(parent).iter().copied() {
                if sibling != change.id && case_chain(schema, sibling).any(|above| above == choice)
                {
                    self.all(node, sibling);
                }
            }
        }
    }

    /// The next one to be looked at.
    pub(super) fn next(&mut self) -> Option<Touched<'t>> {
        self.open.pop()
    }
}

/// Instances that were looked at as a whole, with all that is in them, because a change brought them: nothing in them
/// needs another look.
#[derive(Default)]
pub(super) struct Whole {
    paths: HashSet<Vec<PathStep>>,
    /// The schema nodes of these, so that most others need no look at their paths.
    ids: HashSet<SchemaId>,
}

impl Whole {
    /// Notes one.
    pub(super) fn insert(&mut self, node: &Cursor<'_>) {
        self.paths.insert(node.path().steps);
        self.ids.insert(node.id());
    }

    /// Whether `node` is one of them. O(depth).
    pub(super) fn has(&self, node: &Cursor<'_>) -> bool {
        self.ids.contains(&node.id()) && self.paths.contains(&node.path().steps)
    }

    /// Whether the instance at a path is one of them, or in one. O(depth²).
    pub(super) fn covers(&self, path: &InstancePath) -> bool {
        (0..path.steps.len()).any(|last| {
            self.ids.contains(&path.steps[last].node) && self.paths.contains(&path.steps[..=last])
        })
    }

    /// Whether all instances of `bearer` below `scope` are in one of them, a container. O(depth).
    pub(super) fn has_all(&self, scope: &Cursor<'_>, bearer: SchemaId) -> bool {
        let schema = scope.schema();
        let way = way_down(schema, scope.id(), bearer).unwrap_or_default();
        let first = way.first().filter(|id| self.ids.contains(id));
        let is_container = |id: &&SchemaId| schema.node(**id).kind == NodeKind::Container;
        let container = first.filter(is_container).and_then(|id| scope.child(*id));
        container.is_some_and(|container| self.has(&container))
    }
}

/// The data nodes from below `scope` down to `bearer`; empty when they are the same, `None` when `bearer` is not
/// there (it belongs to an operation).
pub(super) fn way_down(
    schema: &Schema,
    scope: SchemaId,
    bearer: SchemaId,
) -> Option<Vec<SchemaId>> {
    let mut way = vec![bearer];
    while let Some(id) = way.last().copied().filter(|id| *id != scope) {
        way.push(schema.node(id).data_parent()?);
    }
    way.pop();
    way.reverse();
    Some(way)
}

/// The instances of a change that are there, or in use, after it.
pub(super) fn instances<'t>(node: &Cursor<'t>, change: &Change) -> Vec<Cursor<'t>> {
    match &change.instance {
        Instance::Single | Instance::Whole => node.instances(change.id).collect(),
        Instance::Entry(keys) => node.entry(change.id, keys).into_iter().collect(),
        Instance::Value(value) => node.leaf_list_entry(change.id, value).into_iter().collect(),
    }
}
