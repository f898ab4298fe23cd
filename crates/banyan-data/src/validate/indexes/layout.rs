//! What is indexed: derived from a schema's constraints, once.
//!
//! An index has a row for each instance of its *owner*: the keys of the lists around its *scope*, the values of
//! certain leaves, and the keys of the lists between scope and owner. So the instances that have a value, within
//! one instance of the scope, stand side by side.

use std::collections::HashMap;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use crate::path::{InstancePath, PathStep, Select};
use crate::value::Value;

/// An index of a [`Layout`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(in crate::validate) struct IndexId(pub(super) usize);

/// All indexes of a schema.
#[derive(Debug, Default)]
pub(in crate::validate) struct Layout {
    pub(super) indexes: Vec<Index>,
    by_owner: HashMap<SchemaId, Vec<IndexId>>,
    /// The children of a node in which owners are, themselves included; mount points, too.
    ways: HashMap<SchemaId, Vec<SchemaId>>,
}

/// One index.
#[derive(Debug, PartialEq)]
pub(in crate::validate) struct Index {
    /// Rows within one instance of it are side by side.
    pub(super) scope: SchemaId,
    /// The node whose instances have rows: a leaf, leaf-list or list.
    pub(super) owner: SchemaId,
    /// Where in an instance of a list the values are, as the data nodes on the way; none for leaf and leaf-list, which
    /// are their own value.
    pub(super) values: Vec<Vec<SchemaId>>,
    /// How many keys lists have from the root to the scope.
    outer: usize,
    /// How many they have from there to the owner.
    inner: usize,
    /// Whether the only key between scope and owner is the value: then the list itself is the index.
    pub(super) is_key: bool,
    /// Whether `when` conditions are found by it, and not only what a validation looks for.
    pub(super) for_whens: bool,
}

/// Who asks for an index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::validate) enum Asker {
    /// `when`: conditions are evaluated in mounted trees, too, which others validate.
    Condition,
    /// All else.
    Constraint,
}

impl Layout {
    /// The index of `owner` by its value, or of a list by values in its entries, within `scope`. `None` where there
    /// can be none: state data may have no keys, and operations are no part of the datastore.
    pub(in crate::validate) fn want(
        &mut self,
        schema: &Schema,
        scope: SchemaId,
        owner: SchemaId,
        values: Vec<Vec<SchemaId>>,
        asker: Asker,
    ) -> Option<IndexId> {
        let for_whens = asker == Asker::Condition;
        if let Some(known) = self.find(scope, owner, &values) {
            self.indexes[known.0].for_whens |= for_whens;
            return Some(known);
        }
        let definition = schema.node(owner);
        if !definition.config {
            return None;
        }
        let outer = key_count(schema, scope)?;
        let inner = key_count(schema, owner)?.checked_sub(outer)?;
        let list = definition.data_parent();
        let is_sole_key = list.is_some_and(|list| schema.node(list).keys() == [owner]);
        let id = IndexId(self.indexes.len());
        self.indexes.push(Index {
            scope,
            owner,
            values,
            outer,
            inner,
            is_key: is_sole_key && inner == 1,
            for_whens,
        });
        self.by_owner.entry(owner).or_default().push(id);
        if !self.index(id).is_key {
            self.lead_to(schema, owner);
        }
        Some(id)
    }

    /// Adds the ways to what is mounted, which has indexes of its own.
    pub(in crate::validate) fn lead_to_mounts(&mut self, schema: &Schema) {
        for (id, node) in schema.nodes() {
            if node.mount_point().is_some() && key_count(schema, id).is_some() {
                self.lead_to(schema, id);
            }
        }
    }

    fn lead_to(&mut self, schema: &Schema, mut id: SchemaId) {
        while let Some(parent) = schema.node(id).data_parent() {
            let ways = self.ways.entry(parent).or_default();
            let Err(at) = ways.binary_search(&id) else {
                return;
            };
            ways.insert(at, id);
            id = parent;
        }
    }

    /// The index of that scope, owner and values, if there is one.
    pub(in crate::validate) fn find(
        &self,
        scope: SchemaId,
        owner: SchemaId,
        values: &[Vec<SchemaId>],
    ) -> Option<IndexId> {
        let ids = self.by_owner.get(&owner)?.iter().copied();
        ids.into_iter().find(|id| {
            let index = self.index(*id);
            index.scope == scope && index.values == values
        })
    }

    pub(in crate::validate) fn index(&self, id: IndexId) -> &Index {
        &self.indexes[id.0]
    }

    /// The node whose instances the index finds.
    pub(in crate::validate) fn owner(&self, id: IndexId) -> SchemaId {
        self.index(id).owner
    }

    pub(super) fn of_owner(&self, owner: SchemaId) -> &[IndexId] {
        self.by_owner.get(&owner).map_or(&[], Vec::as_slice)
    }

    pub(super) fn ways(&self, id: SchemaId) -> &[SchemaId] {
        self.ways.get(&id).map_or(&[], Vec::as_slice)
    }
}

impl Index {
    fn value_count(&self) -> usize {
        self.values.len().max(1)
    }

    pub(super) fn width(&self) -> usize {
        self.outer + self.value_count() + self.inner
    }

    /// The row of an instance: the keys of the lists from the root to it, and its values.
    pub(super) fn row(&self, keys: &[Value], values: &[Value]) -> Vec<Value> {
        let (outer, inner) = keys.split_at(self.outer.min(keys.len()));
        [outer, values, inner].concat()
    }

    /// What the rows begin with that are in the instance of the scope with these keys around it (more are left out),
    /// and have these values.
    pub(super) fn prefix(&self, keys: &[Value], values: &[Value]) -> Vec<Value> {
        [&keys[..self.outer.min(keys.len())], values].concat()
    }

    /// The keys of the lists around and at the instance of a row.
    fn keys<'r>(&self, row: &'r [Value]) -> impl Iterator<Item = &'r Value> {
        let (outer, rest) = row.split_at(self.outer.min(row.len()));
        outer.iter().chain(rest.iter().skip(self.value_count()))
    }

    /// The path of the instance of a row, or of the instance of `above`, a node above the owner.
    pub(super) fn path(&self, schema: &Schema, row: &[Value], above: SchemaId) -> InstancePath {
        let mut nodes = vec![above];
        while let Some(parent) = nodes.last().and_then(|id| schema.node(*id).data_parent()) {
            nodes.push(parent);
        }
        let mut keys = self.keys(row);
        // The last one is the root, which is no step.
        let steps = nodes.iter().rev().skip(1).map(|id| {
            let definition = schema.node(*id);
            let select = match definition.kind {
                NodeKind::List => Select::Keys(
                    keys.by_ref()
                        .take(definition.keys().len())
                        .cloned()
                        .collect(),
                ),
                NodeKind::LeafList => row
                    .get(self.outer)
                    .map_or(Select::None, |value| Select::Value(value.clone())),
                _ => Select::None,
            };
            PathStep { node: *id, select }
        });
        InstancePath {
            steps: steps.collect(),
        }
    }
}

/// How many keys the lists have from the root to `id`, itself included; `None` when one of them has none, or
/// something around is no data node.
fn key_count(schema: &Schema, id: SchemaId) -> Option<usize> {
    let mut count = 0;
    let mut at = id;
    while at != SchemaId::ROOT {
        let node = schema.node(at);
        let has_keys = node.kind != NodeKind::List || !node.keys().is_empty();
        if !node.kind.is_data() || !has_keys {
            return None;
        }
        count += node.keys().len();
        at = node.data_parent()?;
    }
    Some(count)
}
