//! Where the engine asks: one short method for each kind of request. All of them cost O(1) for whom no rule counts.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::change::ChangeSet;
use banyan_data::document::{Mounts, Unstored};
use banyan_data::in_use::InUse;
use banyan_data::path::{InstancePath, Select};
use banyan_data::{Node, Slot};
use banyan_yang::schema::{Schema, SchemaId};

use super::place::Place;
use super::policy::{self, Operation, Policy};
use super::read::{Floor, seen};
use super::subject::{Decision, Subject, is_tied};
use super::write::Denied;
use super::{Counters, denied_report};
use crate::backend::{Call, Datastore, Origin, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::{Core, Engine};
use crate::error::{BackendError, ErrorLayer, Report};

/// The module of the protocol's own operations.
const NETCONF: &str = "ietf-netconf";

impl Core {
    /// The user behind a call, if rules count for him.
    pub fn subject(&self, call: &Call) -> Result<Option<Arc<Subject>>> {
        self.access.subject(call, &self.running.load().tree)
    }

    /// Fails when the user may not call an operation of the protocol (RFC 8341 3.4.4).
    pub fn permit(&self, call: &Call, name: &str) -> Result<()> {
        self.permit_in(call, NETCONF, name)
    }

    /// As [`Core::permit`], for an rpc of any module.
    pub fn permit_in(&self, call: &Call, module: &str, name: &str) -> Result<()> {
        let Some(subject) = self.subject(call)? else {
            return Ok(());
        };
        let schema = &self.schema;
        let node = schema
            .module_by_name(module)
            .and_then(|module| schema.rpc(module, name));
        let deny = node.and_then(|node| schema.node(node).default_deny());
        let decision = subject.operation(module, name, deny);
        if decision.permit {
            return Ok(());
        }
        Counters::count(&self.access.counters.operations);
        let why = subject.because(decision, Operation::Exec);
        let aid = self.access.aid(&self.running.load().tree, false);
        let message = format!(
            "{} may not call {module}:{name}: {why}{aid}",
            subject.user()
        );
        Err(denied_report(ErrorLayer::Protocol, message).into())
    }

    /// Fails when the change holds what the user may not write: it is checked against the one who commits, whoever made
    /// it (RFC 8341 3.2.7).
    pub fn permit_changes(&self, call: &Call, changes: &ChangeSet) -> Result<()> {
        match self.subject(call)? {
            None => Ok(()),
            Some(subject) => self.permit_writes(&subject, changes),
        }
    }

    fn permit_writes(&self, subject: &Subject, changes: &ChangeSet) -> Result<()> {
        let denied = subject.denied(changes);
        if denied.is_empty() {
            return Ok(());
        }
        Counters::count(&self.access.counters.writes);
        let tree = &self.running.load().tree;
        let reports = denied
            .iter()
            .map(|denied| self.refusal(subject, tree, denied));
        let mut reports: Vec<Report> = reports.collect();
        reports.dedup();
        Err(BackendError { reports })
    }

    fn refusal(&self, subject: &Subject, tree: &Tree, denied: &Denied) -> Report {
        let why = subject.because(denied.decision, denied.operation);
        let (user, verb) = (subject.user(), denied.operation.name());
        let top = denied.path.steps.first().map(|step| step.node);
        let of_rules = top.is_some() && top == policy::place(tree.schema());
        let aid = self.access.aid(tree, of_rules);
        // RFC 8341 3.2.4: what the user may not see is not named.
        if !denied.seen {
            let message = format!(
                "{user} may not {verb} what is changed here and may not be read by {user}: {why}{aid}"
            );
            return denied_report(ErrorLayer::Application, message);
        }
        let mut report = denied_report(
            ErrorLayer::Application,
            format!("{user} may not {verb} this: {why}{aid}"),
        );
        report.path = bind::path_xpath(tree, &denied.path, &self.mounts)
            .ok()
            .map(Arc::from);
        report
    }

    /// Fails when the rules that a change brings cannot be understood: they would count for nothing.
    pub fn sound_rules(&self, before: &Tree, after: &Tree) -> Result<()> {
        if policy::same(before, after) || self.access.options().mode != super::Mode::Internal {
            return Ok(());
        }
        Policy::of(after, false)?.sound()
    }
}

impl Engine {
    /// The part of a tree that the user may see.
    pub(crate) async fn readable(&self, call: &Call, tree: Tree) -> Result<Tree> {
        match self.0.subject(call)? {
            None => Ok(tree),
            Some(subject) => on_pool(move || subject.readable(&tree)).await,
        }
    }

    /// What is to be copied: what the user may not read is left out, and the rest must be his to write (RFC 8341 3.2.5).
    pub(crate) async fn permit_copy(
        &self,
        call: &Call,
        from: &Origin,
        to: Datastore,
        tree: Tree,
    ) -> Result<Tree> {
        let free = *from == Origin::Store(Datastore::Running) && to == Datastore::Startup;
        let Some(subject) = self.0.subject(call)?.filter(|_| !free) else {
            return Ok(tree);
        };
        let inline = matches!(from, Origin::Inline(_));
        let (core, target) = (self.0.clone(), self.tree_of(call.session, to));
        on_pool(move || {
            let tree = match inline {
                true => tree,
                false => subject.readable(&tree),
            };
            core.permit_writes(&subject, &bind::diff(&target, &tree))?;
            Ok(tree)
        })
        .await?
    }

    /// Guards a change of a datastore: what it makes of the tree is checked against the user's rules. It is tried on what
    /// the user may see first, so that neither an error nor a success tells of the rest: a value that is guessed right
    /// is refused as one that is not.
    pub(crate) fn guarded<F>(
        &self,
        call: &Call,
        change: F,
    ) -> impl FnOnce(&Tree) -> Result<Tree> + Send + use<F>
    where
        F: Fn(&Tree) -> Result<Tree> + Send + 'static,
    {
        let core = self.0.clone();
        let call = call.clone();
        move |tree| {
            let Some(subject) = core.subject(&call)? else {
                return change(tree);
            };
            let permit = |before: &Tree, after: &Tree| {
                core.permit_writes(&subject, &bind::diff(before, after))
            };
            let seen = subject.readable(tree);
            let mut failed = None;
            if !seen.ptr_eq(tree) {
                match change(&seen) {
                    Ok(after) => permit(&seen, &after)?,
                    // Who may write what he cannot see may still delete it.
                    Err(error) => failed = Some(error),
                }
            }
            let done = change(tree).and_then(|after| permit(tree, &after).map(|()| after));
            match failed {
                Some(error) => done.map_err(|_| error),
                None => done,
            }
        }
    }

    /// Fails when the user may not call the rpc, or the action on its instance (RFC 8341 3.4.4, 3.4.5).
    pub(crate) fn permit_operation(
        &self,
        call: &Call,
        schema: &Arc<Schema>,
        node: SchemaId,
        target: Option<&InstancePath>,
    ) -> Result<()> {
        let core = &self.0;
        let definition = schema.node(node);
        let Some(target) = target else {
            let module = &schema.module(definition.module).name;
            return core.permit_in(call, module, &definition.name);
        };
        let Some(subject) = core.subject(call)? else {
            return Ok(());
        };
        let running = self.running().tree;
        let (place, floor) = subject.along(&running, target);
        // RFC 8341 3.1.3: all nodes that lead to the action must be readable.
        let (operation, decision) = match seen(&place, floor).0 || target.steps.is_empty() {
            true => (Operation::Exec, place.unnamed(node).decide(Operation::Exec)),
            false => (Operation::Read, place.decide(Operation::Read)),
        };
        if decision.permit && operation == Operation::Exec {
            return Ok(());
        }
        Counters::count(&core.access.counters.operations);
        let why = subject.because(decision, operation);
        let (user, name) = (subject.user(), &definition.name);
        let mut report = denied_report(
            ErrorLayer::Application,
            format!("{user} may not call the action {name} here: {why}"),
        );
        report.path = bind::path_xpath(&running, target, &core.mounts)
            .ok()
            .map(Arc::from);
        Err(report.into())
    }

    /// Whether the user of a session may get a notification (RFC 8341 3.4.6), which is counted when not. `node` is the
    /// notification in `schema`, and `at` the instance that it belongs to; empty at the top level. A stream asks for
    /// each subscriber before it sends; it must not ask in the place of the subscriber.
    ///
    /// # Errors
    /// The user acts for another, and may not.
    pub fn may_hear(
        &self,
        call: &Call,
        schema: &Arc<Schema>,
        node: SchemaId,
        at: &InstancePath,
    ) -> Result<bool> {
        let core = &self.0;
        let Some(subject) = core.subject(call)? else {
            return Ok(true);
        };
        let hears = subject.hears(&self.running().tree, schema, node, at).permit;
        if !hears {
            Counters::count(&core.access.counters.notifications);
        }
        Ok(hears)
    }
}

impl Subject {
    /// The place of an instance, and what denies the way to it.
    pub(super) fn along(&self, tree: &Tree, path: &InstancePath) -> (Place<'_>, Floor) {
        let mut place = self.root(tree.schema());
        let mut floor = None;
        for (depth, step) in path.steps.iter().enumerate() {
            if depth > 0 {
                floor = seen(&place, floor).1;
            }
            let mount = place.schema().node(place.id()).mount_point().is_some();
            if mount {
                let above = InstancePath {
                    steps: path.steps[..depth].to_vec(),
                };
                if let Some(below) = tree.schema_at(&above) {
                    place = place.mounted(&below);
                }
            }
            let keys = match &step.select {
                Select::Keys(keys) => keys.as_slice(),
                Select::Value(value) => std::slice::from_ref(value),
                Select::None | Select::Position(_) => &[],
            };
            place = place.child(step.node, keys);
        }
        (place, floor)
    }

    /// Whether the user may see an instance.
    pub(super) fn sees(&self, tree: &Tree, path: &InstancePath) -> bool {
        if path.steps.is_empty() {
            return true;
        }
        let (place, floor) = self.along(tree, path);
        seen(&place, floor).0
    }

    /// What decides about a notification: one of the top level, or one that is tied to an instance.
    pub(super) fn hears(
        &self,
        tree: &Tree,
        schema: &Arc<Schema>,
        node: SchemaId,
        at: &InstancePath,
    ) -> Decision {
        let definition = schema.node(node);
        let module = &schema.module(definition.module).name;
        // RFC 8341 3.4.6, 3: the ends of replays and of subscriptions are always told.
        let ends = matches!(&*definition.name, "replayComplete" | "notificationComplete");
        if ends && &**module == "nc-notifications" {
            return Decision {
                permit: true,
                reason: super::subject::Reason::Default,
            };
        }
        if at.steps.is_empty() || !is_tied(definition.kind) {
            return self.notification(module, &definition.name, definition.default_deny());
        }
        let (place, floor) = self.along(tree, at);
        if !seen(&place, floor).0 {
            return Decision {
                permit: false,
                ..place.decide(Operation::Read)
            };
        }
        place.unnamed(node).decide(Operation::Read)
    }
}

/// What is in use beside what is stored, for a user: a default that he may not read is not shown.
pub(crate) struct ReadableInUse(pub Option<Arc<Subject>>);

impl Unstored for ReadableInUse {
    fn children(&self, tree: &Tree, path: &InstancePath, node: &Node) -> Vec<Slot> {
        let mut slots = InUse.children(tree, path, node);
        if let Some(subject) = &self.0
            && !slots.is_empty()
        {
            let (mut place, mut floor) = subject.along(tree, path);
            if !path.steps.is_empty() {
                floor = seen(&place, floor).1;
            }
            // The children of a mount point are those of what is mounted there.
            if place.schema().node(place.id()).mount_point().is_some()
                && let Some(below) = tree.schema_at(path)
            {
                place = place.mounted(&below);
            }
            slots.retain(|slot| seen(&place.unnamed(slot.id), floor).0);
        }
        slots
    }
}
