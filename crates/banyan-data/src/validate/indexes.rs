//! Indexes of a tree for incremental validation: who refers to a value, where a value is, which entries have the
//! same values. Persistent: those of a tree and its successor share all that did not change.
//!
//! What is indexed follows from the schema; where it asks for nothing, nothing is kept. The rows of an index are
//! candidates: who reads them looks at the instances, because a `when` may hide them.

mod difference;
mod layout;
mod rows;

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

use self::difference::{Difference, MountChange, Side};
use self::layout::Index;
pub(super) use self::layout::{Asker, IndexId, Layout};
use self::rows::{RowChange, Rows};
use super::Mounts;
use super::dependencies::Dependencies;
use crate::btree::{BTree, Item};
use crate::node::{Node, Tree, same_schema};
use crate::path::InstancePath;
use crate::value::Value;

/// The indexes of one tree, and of the trees mounted in it. A clone costs a reference count.
#[derive(Clone)]
pub struct Indexes(Arc<Kept>);

struct Kept {
    dependencies: Arc<Dependencies>,
    extent: Extent,
    /// In the order of the layout.
    rows: Vec<Rows>,
    /// By mount point and keys.
    mounts: BTree<Arc<Mount>>,
}

/// The indexes of a mounted tree that has any.
struct Mount {
    point: SchemaId,
    keys: Vec<Value>,
    indexes: Indexes,
}

impl Item for Arc<Mount> {
    fn head(&self) -> u128 {
        head(self.point)
    }
}

fn head(point: SchemaId) -> u128 {
    u128::from(point.0)
}

/// What is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Extent {
    /// For validation and for `when`, in mounted trees too.
    All(Mounts),
    /// For `when` alone: somebody else validates the tree.
    Conditions,
}

impl Extent {
    fn of_mounts(self) -> Extent {
        match self {
            Extent::All(Mounts::Validate) => self,
            _ => Extent::Conditions,
        }
    }
}

impl Indexes {
    /// The indexes of a tree. Where mounted trees are not validated, only what `when` needs is kept of them. O(what is
    /// indexed, and the nodes around it).
    pub fn of(tree: &Tree, mounts: Mounts) -> Indexes {
        Indexes::of_extent(tree, Extent::All(mounts))
    }

    fn of_extent(tree: &Tree, extent: Extent) -> Indexes {
        Indexes::none(tree.schema(), extent).changed(tree.schema(), None, Some(tree.root()))
    }

    fn none(schema: &Schema, extent: Extent) -> Indexes {
        let dependencies = Dependencies::of(schema);
        let indexes = dependencies.layout().indexes.iter();
        Indexes(Arc::new(Kept {
            rows: indexes.map(|index| Rows::none(index.width())).collect(),
            dependencies,
            extent,
            mounts: BTree::packed(Vec::new()),
        }))
    }

    /// The indexes of `after`, when these are those of `before`, a tree under the same schema. O(change log n): what
    /// the two share is not looked at.
    pub fn after(&self, before: &Tree, after: &Tree) -> Indexes {
        if before.ptr_eq(after) {
            return self.clone();
        }
        self.changed(after.schema(), Some(before.root()), Some(after.root()))
    }

    fn changed(&self, schema: &Schema, before: Option<&Node>, after: Option<&Node>) -> Indexes {
        let kept = &*self.0;
        let layout = kept.dependencies.layout();
        let is_kept = |id| kept.extent != Extent::Conditions || layout.index(id).for_whens;
        let mut difference = Difference::new(schema, layout, &is_kept);
        difference.inside(
            SchemaId::ROOT,
            before.map_or(Side::Absent, Side::Stored),
            after.map_or(Side::Absent, Side::Stored),
        );
        let Difference { rows, mounts, .. } = difference;
        if mounts.is_empty() && rows.iter().all(RowChange::is_empty) {
            return self.clone();
        }
        let rows = kept.rows.iter().zip(rows);
        let rows = rows.map(|(rows, change)| rows.changed(change));
        Indexes(Arc::new(Kept {
            dependencies: kept.dependencies.clone(),
            extent: kept.extent,
            rows: rows.collect(),
            mounts: mounts.iter().fold(kept.mounts.clone(), |all, change| {
                self.mount_changed(all, change)
            }),
        }))
    }

    fn mount_changed(&self, mounts: BTree<Arc<Mount>>, change: &MountChange) -> BTree<Arc<Mount>> {
        let place = locate(&mounts, change.point, &change.keys);
        let known = place.ok().and_then(|at| mounts.nth(at));
        let indexes = match (&change.before, &change.after) {
            (_, None) => None,
            (Some(before), Some(after)) if same_schema(before.schema(), after.schema()) => {
                let known = known.map(|mount| mount.indexes.clone());
                let none = || Indexes::none(before.schema(), self.0.extent.of_mounts());
                Some(known.unwrap_or_else(none).after(before, after))
            }
            (_, Some(after)) => Some(Indexes::of_extent(after, self.0.extent.of_mounts())),
        };
        let mount = indexes
            .filter(|indexes| !indexes.is_empty())
            .map(|indexes| {
                Arc::new(Mount {
                    point: change.point,
                    keys: change.keys.clone(),
                    indexes,
                })
            });
        match (place, mount) {
            (Ok(at), Some(mount)) => mounts.replaced(at, mount),
            (Ok(at), None) => mounts.removed(at),
            (Err(at), Some(mount)) => mounts.inserted(at, mount),
            (Err(_), None) => mounts,
        }
    }

    /// Number of rows, those of mounted trees included.
    pub fn len(&self) -> usize {
        let mounted = self.0.mounts.iter().map(|mount| mount.indexes.len());
        self.0.rows.iter().map(Rows::len).sum::<usize>() + mounted.sum::<usize>()
    }

    /// Whether there are no rows at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The indexes of the tree that is mounted at an instance of `point`, in list entries with these keys.
    pub(super) fn mounted(&self, point: SchemaId, keys: &[Value], schema: &Schema) -> Indexes {
        let found = locate(&self.0.mounts, point, keys).ok();
        match found.and_then(|at| self.0.mounts.nth(at)) {
            Some(mount) => mount.indexes.clone(),
            None => Indexes::none(schema, self.0.extent.of_mounts()),
        }
    }

    pub(super) fn dependencies(&self) -> &Arc<Dependencies> {
        &self.0.dependencies
    }

    pub(super) fn layout(&self) -> &Layout {
        self.0.dependencies.layout()
    }

    /// The instances that have these values, among those in the instance of the index's scope that is in list entries
    /// with these keys. O(log n).
    pub(super) fn with_values(&self, id: IndexId, keys: &[Value], values: &[Value]) -> Matches<'_> {
        let index = self.layout().index(id);
        let prefix = index.prefix(keys, values);
        if index.is_key {
            let row = [prefix.as_slice(), values].concat();
            return Matches {
                index,
                rows: Matching::Key(row),
            };
        }
        self.matching(id, &|row| row[..prefix.len().min(row.len())].cmp(&prefix))
    }

    /// The instances for whose rows `probe` says `Equal`. O(log n).
    pub(super) fn matching(
        &self,
        id: IndexId,
        probe: &dyn Fn(&[Value]) -> Ordering,
    ) -> Matches<'_> {
        let rows = &self.0.rows[id.0];
        Matches {
            index: self.layout().index(id),
            rows: Matching::Kept(rows, rows.range(probe)),
        }
    }
}

/// Instances that an index has found.
pub(super) struct Matches<'i> {
    index: &'i Index,
    rows: Matching<'i>,
}

enum Matching<'i> {
    /// The list entry whose only key is the value, if there is one.
    Key(Vec<Value>),
    Kept(&'i Rows, Range<usize>),
}

impl Matches<'_> {
    /// How many there are; where nobody knows without a look at the tree, one. O(1).
    pub(super) fn len(&self) -> usize {
        match &self.rows {
            Matching::Key(_) => 1,
            Matching::Kept(_, range) => range.len(),
        }
    }

    /// The paths of the instances of `above`, the index's owner or a node above it, in which they are. O(1) each.
    pub(super) fn paths<'m>(
        &'m self,
        schema: &'m Schema,
        above: SchemaId,
    ) -> Box<dyn Iterator<Item = InstancePath> + 'm> {
        let path = move |row: &[Value]| self.index.path(schema, row, above);
        match &self.rows {
            Matching::Key(row) => Box::new(std::iter::once(path(row))),
            Matching::Kept(rows, range) => Box::new(rows.at(range.clone()).map(path)),
        }
    }
}

fn locate(mounts: &BTree<Arc<Mount>>, point: SchemaId, keys: &[Value]) -> Result<usize, usize> {
    mounts.locate(Some(head(point)), |mount| {
        let order = mount.point.cmp(&point);
        order.then_with(|| mount.keys.as_slice().cmp(keys))
    })
}

impl PartialEq for Indexes {
    /// The same rows, mounted trees included.
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (&*self.0, &*other.0);
        let same_mount = |(a, b): (&Arc<Mount>, &Arc<Mount>)| {
            a.point == b.point && a.keys == b.keys && a.indexes == b.indexes
        };
        one.rows.len() == other.rows.len()
            && one
                .rows
                .iter()
                .zip(&other.rows)
                .all(|(a, b)| a.len() == b.len() && a.at(0..a.len()).eq(b.at(0..b.len())))
            && one.mounts.len() == other.mounts.len()
            && one.mounts.iter().zip(other.mounts.iter()).all(same_mount)
    }
}

impl fmt::Debug for Indexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for (index, rows) in self.layout().indexes.iter().zip(&self.0.rows) {
            let rows: Vec<_> = rows.at(0..rows.len()).collect();
            list.entry(&(index.scope.0, index.owner.0, rows));
        }
        let mounts = self.0.mounts.iter();
        list.entries(mounts.map(|mount| (mount.point.0, &mount.keys, &mount.indexes)));
        list.finish()
    }
}
