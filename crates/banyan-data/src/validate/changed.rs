//! Incremental validation: after a change of valid data, only what the change can affect.
//!
//! Along the change, structure is checked as in a full validation, and what is new is checked as a whole. Then
//! come the constraints elsewhere that read something that changed, under the nearest common ancestor.
//! Defaults and containers that come into use or go out of it with the change count as changed.

use std::collections::{HashMap, HashSet};

use banyan_yang::schema::{NodeKind, SchemaId};

use super::dependencies::{Affected, Check, Manner};
use super::indexes::Indexes;
use super::narrow::{Bases, bases, keys_around, referrers};
use super::touches::{Touched, Touches, Whole, instances, way_down};
use super::unique::{values_of, ways};
use super::walk::Walk;
use super::{Options, Report};
use crate::change::{Change, ChangeKind, ChangeSet, ChangedContent};
use crate::cursor::Cursor;
use crate::error::DataError;
use crate::node::{Content, Tree};
use crate::path::InstancePath;
use crate::view::{Scope, View};
use crate::xpath::Whens;

/// Validates `after`, which is what `changes` make of a tree that was valid with the same options; `indexes` are those
/// of `after`. Finds what [`full`](super::full) finds, in document order.
///
/// Costs what changed, and what the affected constraints read. A constraint that reads something which its
/// instances do not name by keys or by value is checked on all of them; the counters say how many these were.
pub fn changed(
    changes: &ChangeSet,
    after: &Tree,
    indexes: &Indexes,
    options: &Options<'_>,
) -> Report {
    let mut report = Report::default();
    report.errors = changed_in(changes, after, indexes, options, "", &mut report);
    report
}

fn changed_in(
    changes: &ChangeSet,
    after: &Tree,
    indexes: &Indexes,
    options: &Options<'_>,
    prefix: &str,
    report: &mut Report,
) -> Vec<DataError> {
    let whens = Whens::new(options.budget);
    let configuration = View::of(after).with_scope(Scope::Config).with_whens(&whens);
    let view = View::of(after)
        .with_scope(options.scope)
        .with_whens(&whens)
        .with_configuration(&configuration);
    let root = Cursor::root(&view);
    let mut incremental = Incremental {
        walk: Walk::incremental(root.schema(), options, indexes, prefix, report),
        indexes,
        touches: Touches::default(),
        checked: HashMap::new(),
        whole: Whole::default(),
    };
    if !changes.changes.is_empty() {
        incremental.inside(&root, &changes.changes);
        incremental.readers(&root);
    }
    let errors = incremental.walk.finish();
    report.counters.visited += whens.visited();
    errors
}

struct Incremental<'t, 'r> {
    walk: Walk<'t, 'r>,
    indexes: &'t Indexes,
    touches: Touches<'t>,
    /// What was checked where.
    checked: HashMap<InstancePath, HashSet<Check>>,
    whole: Whole,
}

impl<'t> Incremental<'t, '_> {
    /// The changes in one instance. Recurses as deep as the tree.
    fn inside(&mut self, node: &Cursor<'t>, changes: &'t [Change]) {
        self.walk.structure(node);
        for change in changes {
            self.change(node, change);
        }
    }

    fn change(&mut self, node: &Cursor<'t>, change: &'t Change) {
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
                self.touches.changed(node, change, Manner::Changed);
                for instance in instances(node, change) {
                    self.mounted(&instance, changes);
                }
            }
            ChangeKind::Created { new, .. } => {
                let came = !matches!(new, ChangedContent::Content(Content::LeafList(_)));
                self.instance_changed(node, change, came);
            }
            ChangeKind::Deleted { .. } | ChangeKind::Replaced { .. } => {
                self.instance_changed(node, change, false);
            }
        }
    }

    /// An instance that came, went or was replaced, with what that switches on or off beside it.
    fn instance_changed(&mut self, node: &Cursor<'t>, change: &'t Change, came: bool) {
        for instance in instances(node, change) {
            self.walk.whole(&instance);
            self.whole.insert(&instance);
        }
        let manner = if came { Manner::Came } else { Manner::Changed };
        self.touches
            .instance(self.walk.schema(), node, change, manner);
    }

    fn mounted(&mut self, mount: &Cursor<'t>, changes: &ChangeSet) {
        if let crate::frame::Place::Mount(tree) = mount.frame().place() {
            let keys = keys_around(mount);
            self.walk.in_mount(mount, |options, prefix, report| {
                let indexes = self.indexes.mounted(mount.id(), &keys, tree.schema());
                changed_in(changes, tree, &indexes, options, prefix, report)
            });
        }
    }

    /// The constraints that read what was touched, and those that read anything.
    fn readers(&mut self, root: &Cursor<'t>) {
        let schema = self.walk.schema();
        let dependencies = self.indexes.dependencies();
        for check in dependencies.anything().iter().filter(is_validated) {
            self.recheck_once(root, *check);
        }
        while let Some(touched) = self.touches.next() {
            for affected in &*dependencies.affected(schema, touched.id, touched.manner) {
                self.affected(root, &touched, affected);
            }
            for (leaf, path) in referrers(self.indexes, &touched) {
                self.recheck_at(root, path, &[Check::Own(leaf)]);
            }
        }
    }

    fn affected(&mut self, root: &Cursor<'t>, touched: &Touched<'t>, affected: &Affected) {
        let scope = touched.scope(affected.reach.ancestor);
        let is_open = |check: &&Check| !self.whole.has_all(&scope, check.bearer());
        let checks = affected.checks.iter().filter(is_validated).filter(is_open);
        let checks: Vec<Check> = checks.copied().collect();
        if checks.is_empty() {
            return;
        }
        match bases(self.indexes, touched, &scope, &affected.reach) {
            Bases::All => {
                for check in checks {
                    match check {
                        Check::Unique(list) => self.uniques(touched, list),
                        _ => self.recheck_once(&scope, check),
                    }
                }
            }
            Bases::Some(paths) => {
                for path in paths {
                    self.recheck_at(root, path, &checks);
                }
            }
        }
    }

    fn recheck_at(&mut self, root: &Cursor<'t>, path: InstancePath, checks: &[Check]) {
        if self.whole.covers(&path) {
            return;
        }
        let Some(scope) = root.find(&path) else {
            return;
        };
        let known = self.checked.entry(path).or_default();
        let is_new = |check: &&Check| known.insert(**check);
        let checks: Vec<Check> = checks.iter().filter(is_new).copied().collect();
        for check in checks {
            self.recheck(&scope, check);
        }
    }

    fn recheck_once(&mut self, scope: &Cursor<'t>, check: Check) {
        if self.is_new(scope, check) {
            self.recheck(scope, check);
        }
    }

    /// Notes that a check is done at a place, unless it was before.
    fn is_new(&mut self, scope: &Cursor<'t>, check: Check) -> bool {
        self.checked.entry(scope.path()).or_default().insert(check)
    }

    /// The `unique`s of the entries of `list` that were touched, or in which something was.
    fn uniques(&mut self, touched: &Touched<'t>, list: SchemaId) {
        let entries = if touched.id == list {
            touched.instances()
        } else {
            vec![touched.scope(list)]
        };
        for entry in entries {
            if self.is_new(&entry, Check::Unique(list)) {
                self.uniques_of(&entry);
            }
        }
    }

    /// RFC 7950 7.8.3 for one entry: those that have the same values are found by the index.
    fn uniques_of(&mut self, entry: &Cursor<'t>) {
        let schema = self.walk.schema();
        let Some(list) = entry.parent() else { return };
        for unique in schema.node(entry.id()).uniques() {
            let ways = ways(schema, entry.id(), unique);
            let Some(index) = self.indexes.layout().find(list.id(), entry.id(), &ways) else {
                if self.is_new(&list, Check::Unique(entry.id())) {
                    self.walk.uniques(&list, entry.id());
                }
                continue;
            };
            self.walk.evaluated();
            let Some(values) = values_of(entry, &ways) else {
                continue;
            };
            let found = self
                .indexes
                .with_values(index, &keys_around(&list), &values);
            let top = entry.top();
            let same = found
                .paths(schema, entry.id())
                .filter_map(|path| top.find(&path))
                .filter(|other| values_of(other, &ways).as_ref() == Some(&values));
            let mut same: Vec<Cursor<'t>> = same.collect();
            same.sort();
            if let Some((first, others)) = same.split_first() {
                for other in others {
                    self.walk.not_unique(first, other, unique);
                }
            }
        }
    }

    /// Does a check on all instances of its bearer below `scope` (or on `scope` itself).
    fn recheck(&mut self, scope: &Cursor<'t>, check: Check) {
        let schema = self.walk.schema();
        if let Some(way) = way_down(schema, scope.id(), check.bearer()) {
            self.recheck_on(scope, &way, check);
        }
    }

    fn recheck_on(&mut self, node: &Cursor<'t>, way: &[SchemaId], check: Check) {
        if self.whole.has(node) {
            return;
        }
        match (way, check) {
            ([], check) => {
                // The scope is the bearer itself.
                match check {
                    Check::Own(_) => self.walk.own(node),
                    Check::Presence(_) if node.frame().is_stored() => self.walk.presence(node),
                    Check::Presence(id) => {
                        if let Some(parent) = node.parent() {
                            self.touches.all(&parent, id);
                        }
                    }
                    // Those are looked up by the entry; and what is settled is so before.
                    Check::Unique(_) | Check::Member(_) => {}
                }
            }
            (_, Check::Unique(_) | Check::Member(_)) => {}
            ([id], Check::Own(_)) => {
                for instance in node.instances(*id) {
                    if !self.whole.has(&instance) {
                        self.walk.own(&instance);
                    }
                }
            }
            ([id], Check::Presence(_)) => {
                let is_stored = node.node().is_some_and(|stored| stored.get(*id).is_some());
                if is_stored {
                    for instance in node.instances(*id) {
                        self.walk.presence(&instance);
                    }
                } else {
                    self.walk.structure(node);
                    let definition = self.walk.schema().node(*id);
                    // A default or container may be in use now, or no longer.
                    if !definition.defaults().is_empty() || definition.kind == NodeKind::Container {
                        self.touches.all(node, *id);
                    }
                }
            }
            ([id, rest @ ..], check) => {
                for instance in node.instances(*id) {
                    self.recheck_on(&instance, rest, check);
                }
            }
        }
    }
}

/// Whether it says what is valid.
fn is_validated(check: &&Check) -> bool {
    !matches!(check, Check::Member(_))
}
