//! Which rows go and come between two trees: both are walked together, and what they share by pointer is skipped.
//!
//! Rows hold what is in use as far as the data around it tell: defaults count, whatever `when` says of them. So the
//! rows below a node follow from that node alone, and whoever finds a row looks whether the instance is there.

use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use super::layout::{IndexId, Layout};
use super::rows::RowChange;
use crate::cursor::has_default;
use crate::lexical::default_value;
use crate::list::{LeafList, List};
use crate::node::{Content, Node, Tree};
use crate::value::Value;
use crate::view::case_in_use;

/// An inner node before or after a change.
#[derive(Clone, Copy)]
pub(super) enum Side<'a> {
    /// It is not there.
    Absent,
    /// A container without presence that is not stored (RFC 7950 7.5.1).
    InUse,
    /// It is stored.
    Stored(&'a Node),
}

/// What a change does to the rows.
pub(super) struct Difference<'a> {
    schema: &'a Schema,
    layout: &'a Layout,
    /// The indexes that are kept at all.
    kept: &'a dyn Fn(IndexId) -> bool,
    /// The keys of the lists around the current node.
    keys: Vec<Value>,
    /// Rows that go and come, by index.
    pub(super) rows: Vec<RowChange>,
    /// Mounted trees that are not the same in both.
    pub(super) mounts: Vec<MountChange>,
}

/// A mounted tree before and after.
pub(super) struct MountChange {
    /// The mount point.
    pub(super) point: SchemaId,
    /// The keys of the lists around it.
    pub(super) keys: Vec<Value>,
    pub(super) before: Option<Arc<Tree>>,
    pub(super) after: Option<Arc<Tree>>,
}

impl<'a> Difference<'a> {
    pub(super) fn new(
        schema: &'a Schema,
        layout: &'a Layout,
        kept: &'a dyn Fn(IndexId) -> bool,
    ) -> Self {
        Difference {
            schema,
            layout,
            kept,
            keys: Vec::new(),
            rows: layout.indexes.iter().map(|_| Default::default()).collect(),
            mounts: Vec::new(),
        }
    }

    /// The rows below an inner node. Recurses as deep as the tree.
    pub(super) fn inside(&mut self, id: SchemaId, before: Side<'a>, after: Side<'a>) {
        match (before, after) {
            (Side::Stored(before), Side::Stored(after)) if before.ptr_eq(after) => return,
            (Side::InUse, Side::InUse) | (Side::Absent, Side::Absent) => return,
            _ => {}
        }
        let layout = self.layout;
        for child in layout.ways(id) {
            self.child(*child, before, after);
        }
    }

    fn child(&mut self, id: SchemaId, before: Side<'a>, after: Side<'a>) {
        let definition = self.schema.node(id);
        match definition.kind {
            NodeKind::Leaf => {
                let (before, after) = (self.leaf(id, before), self.leaf(id, after));
                if before != after {
                    self.row(id, before, Way::Goes);
                    self.row(id, after, Way::Comes);
                }
            }
            NodeKind::LeafList => self.leaf_list(id, before, after),
            NodeKind::List => {
                let (before, after) = (list(id, before), list(id, after));
                self.entries(id, before, after);
            }
            NodeKind::Container if definition.mount_point().is_some() => {
                let (before, after) = (mounted(id, before), mounted(id, after));
                if before.is_some() || after.is_some() {
                    self.mounts.push(MountChange {
                        point: id,
                        keys: self.keys.clone(),
                        before,
                        after,
                    });
                }
            }
            _ => {
                let (before, after) = (self.container(id, before), self.container(id, after));
                self.inside(id, before, after);
            }
        }
    }

    fn entries(&mut self, id: SchemaId, before: Option<&'a List>, after: Option<&'a List>) {
        match (before, after) {
            (Some(before), Some(after)) => {
                for (old, new) in before.diff(after) {
                    self.entry(id, old, new);
                }
            }
            (before, after) => {
                for entry in before.into_iter().flatten() {
                    self.entry(id, Some(entry), None);
                }
                for entry in after.into_iter().flatten() {
                    self.entry(id, None, Some(entry));
                }
            }
        }
    }

    fn entry(&mut self, id: SchemaId, before: Option<&'a Node>, after: Option<&'a Node>) {
        let Some(either) = before.or(after) else {
            return;
        };
        let count = self.schema.node(id).keys().len();
        let around = self.keys.len();
        self.keys.extend(either.keys(count).cloned());
        let layout = self.layout;
        for index in layout.of_owner(id) {
            let (old, new) = (self.tuple(*index, before), self.tuple(*index, after));
            if old != new {
                self.emit(*index, old.as_deref(), Way::Goes);
                self.emit(*index, new.as_deref(), Way::Comes);
            }
        }
        self.inside(id, side(before), side(after));
        self.keys.truncate(around);
    }

    /// The values of a list's index in one entry, if all of them are there.
    fn tuple(&self, index: IndexId, entry: Option<&'a Node>) -> Option<Vec<Value>> {
        let ways = &self.layout.index(index).values;
        ways.iter()
            .map(|way| {
                let (leaf, above) = way.split_last()?;
                let inner = above
                    .iter()
                    .fold(side(entry), |node, id| self.container(*id, node));
                self.leaf(*leaf, inner)
            })
            .collect()
    }

    fn leaf_list(&mut self, id: SchemaId, before: Side<'a>, after: Side<'a>) {
        if let (Some(before), Some(after)) = (leaf_list(id, before), leaf_list(id, after))
            && !before.duplicates_allowed()
            && !after.duplicates_allowed()
        {
            for (old, new) in before.diff(after) {
                if old != new {
                    self.row(id, old.cloned(), Way::Goes);
                    self.row(id, new.cloned(), Way::Comes);
                }
            }
            return;
        }
        let (before, after) = (self.values(id, before), self.values(id, after));
        for value in before.iter().filter(|value| !after.contains(value)) {
            self.row(id, Some(value.clone()), Way::Goes);
        }
        for value in after.iter().filter(|value| !before.contains(value)) {
            self.row(id, Some(value.clone()), Way::Comes);
        }
    }

    /// The values of a leaf-list that are in use.
    fn values(&self, id: SchemaId, node: Side<'a>) -> std::collections::BTreeSet<Value> {
        match leaf_list(id, node) {
            Some(values) => values.iter().cloned().collect(),
            None if self.is_in_use(id, node) => {
                let count = self.schema.node(id).defaults().len();
                let default = |index| default_value(self.schema, id, index).ok();
                (0..count).filter_map(default).collect()
            }
            None => Default::default(),
        }
    }

    /// The value of a leaf that is in use.
    fn leaf(&self, id: SchemaId, node: Side<'a>) -> Option<Value> {
        match stored(id, node) {
            Some(Content::Leaf(value)) => Some(value.clone()),
            None if self.is_in_use(id, node) => default_value(self.schema, id, 0).ok(),
            _ => None,
        }
    }

    fn container(&self, id: SchemaId, node: Side<'a>) -> Side<'a> {
        match stored(id, node) {
            Some(Content::Container(inner)) => Side::Stored(inner),
            None if self.is_in_use(id, node) => Side::InUse,
            _ => Side::Absent,
        }
    }

    /// Whether an absent child has a default, or is one.
    fn is_in_use(&self, id: SchemaId, node: Side<'a>) -> bool {
        let parent = match node {
            Side::Absent => return false,
            Side::InUse => None,
            Side::Stored(node) => Some(node),
        };
        has_default(self.schema, id) && case_in_use(self.schema, parent, id)
    }

    /// Notes the rows of an instance of a leaf or leaf-list.
    fn row(&mut self, id: SchemaId, value: Option<Value>, way: Way) {
        let layout = self.layout;
        for index in layout.of_owner(id) {
            self.emit(*index, value.as_ref().map(std::slice::from_ref), way);
        }
    }

    fn emit(&mut self, id: IndexId, values: Option<&[Value]>, way: Way) {
        let index = self.layout.index(id);
        let Some(values) = values.filter(|_| !index.is_key && (self.kept)(id)) else {
            return;
        };
        let change = &mut self.rows[id.0];
        let rows = match way {
            Way::Goes => &mut change.gone,
            Way::Comes => &mut change.came,
        };
        rows.push(index.row(&self.keys, values));
    }
}

#[derive(Clone, Copy)]
enum Way {
    Goes,
    Comes,
}

fn side(node: Option<&Node>) -> Side<'_> {
    node.map_or(Side::Absent, Side::Stored)
}

fn stored<'a>(id: SchemaId, node: Side<'a>) -> Option<&'a Content> {
    match node {
        Side::Stored(node) => node.get(id),
        _ => None,
    }
}

fn list<'a>(id: SchemaId, node: Side<'a>) -> Option<&'a List> {
    match stored(id, node)? {
        Content::List(list) => Some(list),
        _ => None,
    }
}

fn leaf_list<'a>(id: SchemaId, node: Side<'a>) -> Option<&'a LeafList> {
    match stored(id, node)? {
        Content::LeafList(values) => Some(values),
        _ => None,
    }
}

fn mounted(id: SchemaId, node: Side<'_>) -> Option<Arc<Tree>> {
    match stored(id, node)? {
        Content::Mount(tree) => Some(tree.clone()),
        _ => None,
    }
}
