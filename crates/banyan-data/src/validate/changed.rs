//! Incremental validation: after a change of valid data, only what the change can affect.
//!
//! Along the change, structure is checked as in a full validation, and what is new is checked as a whole. Then
//! come the constraints elsewhere that read something that changed, under the nearest common ancestor.
//! Defaults and containers that come into use or go out of it with the change count as changed.

use std::collections::HashSet;

use banyan_yang::schema::{NodeKind, SchemaId};

use super::dependencies::{Check, Dependencies, Manner};
use super::touches::{Touches, instances, way_down};
use super::walk::Walk;
use super::{Options, Report};
use crate::change::{Change, ChangeKind, ChangeSet, ChangedContent};
use crate::cursor::Cursor;
use crate::error::DataError;
use crate::node::{Content, Tree};
use crate::path::InstancePath;
use crate::view::{Scope, View};
use crate::xpath::Whens;

/// Validates `after`, which is what `changes` make of a tree that was valid with the same options. Finds what
/// [`full`](super::full) finds, in document order.
///
/// Costs what changed, and what the affected constraints read. A constraint that reads entries of a list from
/// outside of it is checked on all its instances; the counters say how many these were.
pub fn changed(changes: &ChangeSet, after: &Tree, options: &Options<'_>) -> Report {
    let mut report = Report::default();
    report.errors = changed_in(changes, after, options, "", &mut report);
    report
}

fn changed_in(
    changes: &ChangeSet,
    after: &Tree,
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
        walk: Walk::incremental(root.schema(), options, prefix, report),
        touches: Touches::default(),
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
    touches: Touches<'t>,
}

impl<'t> Incremental<'t, '_> {
    /// The changes in one instance. Recurses as deep as the tree.
    fn inside(&mut self, node: &Cursor<'t>, changes: &[Change]) {
        self.walk.structure(node);
        for change in changes {
            self.change(node, change);
        }
    }

    fn change(&mut self, node: &Cursor<'t>, change: &Change) {
        let id = change.id;
        match &change.kind {
            ChangeKind::Inside { changes, moved, .. } => {
                if moved.is_some() {
                    self.touches.touch(node, id, Manner::Changed);
                }
                for instance in instances(node, change) {
                    self.inside(&instance, changes);
                }
            }
            ChangeKind::Moved(_) => self.touches.touch(node, id, Manner::Changed),
            ChangeKind::Mount(changes) => {
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
    fn instance_changed(&mut self, node: &Cursor<'t>, change: &Change, came: bool) {
        let id = change.id;
        for instance in instances(node, change) {
            self.walk.whole(&instance);
        }
        let manner = if came { Manner::Came } else { Manner::Changed };
        self.touches.instance(self.walk.schema(), node, id, manner);
    }

    fn mounted(&mut self, mount: &Cursor<'t>, changes: &ChangeSet) {
        if let crate::frame::Place::Mount(tree) = mount.frame().place() {
            self.walk.in_mount(mount, |options, prefix, report| {
                changed_in(changes, tree, options, prefix, report)
            });
        }
    }

    /// The constraints that read what was touched, and those that read anything.
    fn readers(&mut self, root: &Cursor<'t>) {
        let schema = self.walk.schema();
        let dependencies = Dependencies::of(schema);
        let mut checked: HashSet<(InstancePath, Check)> = HashSet::new();
        for check in dependencies.anything() {
            if checked.insert((InstancePath::default(), *check)) {
                self.recheck(root, *check);
            }
        }
        while let Some(touched) = self.touches.next() {
            for (check, ancestor) in dependencies.affected(schema, touched.id, touched.manner) {
                let scope = touched.scope(ancestor);
                if checked.insert((scope.path(), check)) {
                    self.recheck(&scope, check);
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
        match (way, check) {
            ([], check) => {
                // The scope is the bearer itself.
                match check {
                    Check::Own(_) => self.walk.own(node),
                    Check::Presence(_) if node.frame().is_stored() => self.walk.presence(node),
                    Check::Presence(id) => {
                        if let Some(parent) = node.parent() {
                            self.touches.touch(&parent, id, Manner::Changed);
                        }
                    }
                    Check::Unique(_) => {}
                }
            }
            ([id], Check::Unique(_)) => self.walk.uniques(node, *id),
            ([id], Check::Own(_)) => {
                for instance in node.instances(*id) {
                    self.walk.own(&instance);
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
                        self.touches.touch(node, *id, Manner::Changed);
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
