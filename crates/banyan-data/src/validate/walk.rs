//! The walk of a full validation: every instance with constraints on or below it, in document order.

use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId, Unique};

use super::explain::explain;
use super::indexes::Indexes;
use super::references::{Missing, References};
use super::rules::{Rules, needs_instance};
use super::unique::repetitions;
use super::{Mounts, Options, Report};
use crate::cursor::Cursor;
use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::frame::Place;
use crate::node::{Content, Node};
use crate::view::{Scope, View, has_when};
use crate::xpath::plans::Plans;
use crate::xpath::when::{FalseWhen, first_false};
use crate::xpath::{Evaluation, Session, Stop, Whens};

/// Validates everything in `root`. Paths in errors begin with `prefix`: where the tree is mounted.
pub(super) fn walk(
    root: &Cursor<'_>,
    options: &Options<'_>,
    prefix: &str,
    report: &mut Report,
) -> Vec<DataError> {
    let mut walk = Walk::new(root.schema(), options, None, prefix, report);
    walk.instance(root);
    walk.finish()
}

/// What the checks of one tree share.
pub(super) struct Walk<'t, 'r> {
    pub(super) schema: &'t Schema,
    pub(super) options: &'r Options<'r>,
    prefix: &'r str,
    pub(super) rules: Arc<Rules>,
    plans: Arc<Plans>,
    pub(super) session: Session<'t>,
    references: References<'t>,
    report: &'r mut Report,
    found: Vec<(Cursor<'t>, DataError)>,
    order: Order,
}

/// In which order instances are checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// All, in document order, and nothing in what may not be there.
    Document,
    /// Those that a change affects, some of them twice.
    Affected,
}

impl<'t, 'r> Walk<'t, 'r> {
    fn new(
        schema: &'t Schema,
        options: &'r Options<'r>,
        indexes: Option<&'t Indexes>,
        prefix: &'r str,
        report: &'r mut Report,
    ) -> Self {
        Walk {
            schema,
            options,
            prefix,
            rules: Rules::of(schema),
            plans: Plans::of(schema),
            session: Session::new(options.budget),
            references: References::new(indexes),
            report,
            found: Vec::new(),
            order: Order::Document,
        }
    }

    /// For checks in any order, and repeatedly: [`Walk::finish`] puts what they find in document order.
    pub(super) fn incremental(
        schema: &'t Schema,
        options: &'r Options<'r>,
        indexes: &'t Indexes,
        prefix: &'r str,
        report: &'r mut Report,
    ) -> Self {
        Walk {
            order: Order::Affected,
            ..Walk::new(schema, options, Some(indexes), prefix, report)
        }
    }

    /// What was found, in document order.
    pub(super) fn finish(mut self) -> Vec<DataError> {
        self.report.counters.visited += self.session.visited();
        if self.order == Order::Affected {
            self.found.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        self.found.into_iter().map(|(_, error)| error).collect()
    }

    pub(super) fn schema(&self) -> &'t Schema {
        self.schema
    }

    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= self.options.errors
    }

    pub(super) fn error(
        &self,
        at: &Cursor<'_>,
        kind: ErrorKind,
        message: impl Into<String>,
    ) -> DataError {
        let path = format!("{}{}", self.prefix, at.error_path().0);
        DataError::new(kind, ErrorPath(path.into()), message)
    }

    pub(super) fn report(&mut self, at: &Cursor<'t>, error: DataError) {
        let is_known = || self.found.iter().any(|(_, known)| *known == error);
        let known = match self.order {
            Order::Affected => {
                is_known() || self.is_hidden(at, error.kind == ErrorKind::WhenViolation)
            }
            // Values of a leaf-list of state may repeat, and look alike in errors.
            Order::Document => may_repeat(at) && is_known(),
        };
        if !known && !self.is_full() {
            self.found.push((at.clone(), error));
        }
    }

    /// Whether the node is in data that may not be there: what is wrong inside of them does not matter.
    fn is_hidden(&self, at: &Cursor<'t>, above_only: bool) -> bool {
        let first = if above_only {
            at.parent()
        } else {
            Some(at.clone())
        };
        std::iter::successors(first, Cursor::parent).any(|node| {
            has_when(self.schema, node.id())
                && matches!(
                    first_false(&node, &self.session, self.options.budget),
                    Ok(Some(_))
                )
        })
    }

    pub(super) fn evaluated(&mut self) {
        self.report.counters.considered += 1;
        self.report.counters.evaluated += 1;
    }

    /// An expression that could not be evaluated.
    fn stopped(&mut self, at: &Cursor<'t>, keyword: &str, text: &str, stop: &Stop) {
        let message = format!("{keyword} \"{text}\" cannot be evaluated: {stop}");
        let error = self.error(at, ErrorKind::Expression, message);
        self.report(at, error);
    }

    /// All constraints on and in one instance that exists.
    pub(super) fn instance(&mut self, node: &Cursor<'t>) {
        if self.is_full() {
            return;
        }
        self.own(node);
        match node.frame().place() {
            Place::Mount(tree) => self.in_mount(node, |options, prefix, report| {
                let whens = Whens::new(options.budget);
                let configuration = View::of(tree).with_scope(Scope::Config).with_whens(&whens);
                let view = View::of(tree)
                    .with_scope(options.scope)
                    .with_whens(&whens)
                    .with_configuration(&configuration);
                let errors = walk(&Cursor::root(&view), options, prefix, report);
                report.counters.visited += whens.visited();
                errors
            }),
            _ => self.children(node),
        }
    }

    /// An instance that is new, with all that is in it: its keys, whether it may be there, its constraints.
    pub(super) fn whole(&mut self, node: &Cursor<'t>) {
        if matches!(node.frame().place(), Place::Entry { .. }) {
            self.keys(node);
        }
        if self.when_holds(node) {
            self.instance(node);
        }
    }

    /// The constraints on one instance alone: its `must`s, and what it refers to.
    pub(super) fn own(&mut self, node: &Cursor<'t>) {
        self.report.counters.visited += 1;
        self.musts(node);
        if matches!(node.definition().kind, NodeKind::Leaf | NodeKind::LeafList) {
            self.reference(node);
        }
    }

    /// Whether one instance may be there.
    pub(super) fn presence(&mut self, node: &Cursor<'t>) {
        self.when_holds(node);
    }

    /// Adds what `validate` finds in a mounted tree, if mounted trees are validated.
    pub(super) fn in_mount(
        &mut self,
        mount: &Cursor<'t>,
        validate: impl FnOnce(&Options<'_>, &str, &mut Report) -> Vec<DataError>,
    ) {
        if self.options.mounts == Mounts::Skip {
            return;
        }
        let prefix = format!("{}{}", self.prefix, mount.error_path().0);
        for error in validate(self.options, &prefix, self.report) {
            self.report(mount, error);
        }
    }

    /// RFC 7950 7.5.3.
    fn musts(&mut self, node: &Cursor<'t>) {
        let plans = self.plans.clone();
        let node = &node.for_constraints();
        for (must, plan) in plans.musts(self.schema, node.id()) {
            self.evaluated();
            self.session.renew(self.options.budget);
            let evaluation = Evaluation::new(plan, self.schema, node.clone(), &self.session);
            match evaluation.holds(&plan.expr, node.clone()) {
                Ok(true) => {}
                Ok(false) => {
                    let budget = self.options.budget;
                    let constraint = explain("must", &must.expression, plan, node, budget);
                    let message = match &must.error_message {
                        Some(message) => message.to_string(),
                        None => "must constraint is not met".to_owned(),
                    };
                    // RFC 7950 15.4
                    let tag = must.error_app_tag.clone();
                    let error = self
                        .error(node, ErrorKind::MustViolation, message)
                        .with_app_tag(tag.unwrap_or_else(|| "must-violation".into()))
                        .with_yang(must.expression.span)
                        .with_constraint(constraint);
                    self.report(node, error);
                }
                Err(stop) => self.stopped(node, "must", &must.expression.text, &stop),
            }
        }
    }

    /// RFC 7950 9.9, 9.13.
    fn reference(&mut self, leaf: &Cursor<'t>) {
        let leaf = &leaf.for_constraints();
        let definition = leaf.definition();
        if !definition.ty.as_ref().is_some_and(|ty| needs_instance(ty)) {
            return;
        }
        self.evaluated();
        self.session.renew(self.options.budget);
        let plans = self.plans.clone();
        let message = match self.references.missing(leaf, &self.session, &plans) {
            Ok(None) => return,
            Ok(Some(Missing::Leafref(path))) => format!(
                "\"{}\" refers to a node that does not exist: nothing at {path} has this value",
                leaf.frame().text()
            ),
            Ok(Some(Missing::Instance)) => {
                format!("{} does not exist", leaf.frame().text())
            }
            Err(stop) => return self.stopped(leaf, "path of", &definition.name, &stop),
        };
        // RFC 7950 15.5
        let error = self
            .error(leaf, ErrorKind::InstanceRequired, message)
            .with_help("create what it refers to, or change or delete the reference")
            .with_app_tag("instance-required")
            .with_yang(definition.span);
        self.report(leaf, error);
    }

    /// The constraints on the children of an instance: which may and must be there, and how many.
    fn children(&mut self, node: &Cursor<'t>) {
        let Some((_, parent, stored)) = node.frame().inside() else {
            return;
        };
        let scope = self.options.scope;
        self.state_in_config(node, stored);
        if !self.rules.inside(scope, parent) {
            return;
        }
        for choice in self.rules.clone().choices(parent) {
            self.choice(node, stored, *choice);
        }
        for id in self.schema.data_children(parent).iter().copied() {
            let in_scope = scope == Scope::All || self.schema.node(id).config;
            let constrained = self.rules.on(scope, id) || self.rules.inside(scope, id);
            if in_scope && constrained && !self.is_full() {
                self.child(node, stored, id);
            }
        }
    }

    /// One data node below an instance, with all its instances.
    fn child(&mut self, node: &Cursor<'t>, stored: Option<&'t Node>, id: SchemaId) {
        let content = stored.and_then(|stored| stored.get(id));
        let Some(content) = content else {
            return self.absent(node, stored, id);
        };
        match content {
            Content::List(list) => {
                self.count(node, id, list.len());
                self.entries(node, id);
            }
            Content::LeafList(values) => {
                self.count(node, id, values.len());
                self.entries(node, id);
            }
            _ => {
                for instance in node.instances(id) {
                    if self.when_holds(&instance) {
                        self.instance(&instance);
                    }
                }
            }
        }
    }

    /// RFC 7950 8.3.1: data whose `when` is false may not be there.
    fn when_holds(&mut self, instance: &Cursor<'t>) -> bool {
        if !has_when(self.schema, instance.id()) {
            return true;
        }
        self.evaluated();
        match first_false(instance, &self.session, self.options.budget) {
            Ok(None) => true,
            Ok(Some(broken)) => {
                self.false_when(instance, &broken);
                false
            }
            Err(stop) => {
                self.stopped(instance, "when of", &instance.definition().name, &stop);
                true
            }
        }
    }

    fn false_when(&mut self, instance: &Cursor<'t>, broken: &FalseWhen<'t>) {
        let bearer = self.schema.node(broken.bearer);
        let message = match bearer.kind {
            NodeKind::Case | NodeKind::Choice => format!(
                "it may not be there: the when condition of {} '{}' is not met",
                bearer.kind.keyword(),
                bearer.name
            ),
            _ => "it may not be there: its when condition is not met".to_owned(),
        };
        let mut error = self
            .error(instance, ErrorKind::WhenViolation, message)
            .with_help("delete it, or change what the condition reads");
        if let Some(when) = broken.when() {
            error = error.with_yang(when.expression.span);
        }
        let plans = self.plans.clone();
        if let Some((when, plan)) = plans.whens(self.schema, broken.bearer).nth(broken.index) {
            let budget = self.options.budget;
            let context = &broken.context;
            let constraint = explain("when", &when.expression, plan, context, budget);
            error = error.with_constraint(constraint);
        }
        self.report(instance, error);
    }

    /// Entries of a list or leaf-list, and what holds between them.
    fn entries(&mut self, node: &Cursor<'t>, id: SchemaId) {
        let definition = self.schema.node(id);
        let scope = self.options.scope;
        let per_entry = self.rules.inside(scope, id)
            || !definition.musts().is_empty()
            || !definition.keys().is_empty()
            || has_when(self.schema, id)
            || definition.ty.as_ref().is_some_and(|ty| needs_instance(ty));
        if per_entry {
            for entry in node.instances(id) {
                if self.is_full() {
                    return;
                }
                self.keys(&entry);
                if self.when_holds(&entry) {
                    self.instance(&entry);
                }
            }
        }
        self.uniques(node, id);
    }

    /// RFC 7950 7.8.3: what differs between the entries of a list.
    pub(super) fn uniques(&mut self, node: &Cursor<'t>, id: SchemaId) {
        let definition = self.schema.node(id);
        for unique in definition.uniques() {
            self.evaluated();
            let entries: Vec<Cursor<'t>> = node.instances(id).collect();
            for (first, second) in repetitions(self.schema, id, unique, &entries) {
                self.not_unique(&first, &second, unique);
            }
        }
    }

    /// Reports that an entry has the same values as an earlier one.
    pub(super) fn not_unique(&mut self, first: &Cursor<'t>, second: &Cursor<'t>, unique: &Unique) {
        let names: Vec<String> = unique
            .leaves
            .iter()
            .map(|leaf| format!("'{}'", self.schema.node(*leaf).name))
            .collect();
        let message = format!(
            "the values of {} must differ between entries; {} has the same",
            names.join(", "),
            first.error_path()
        );
        // RFC 7950 15.1
        let error = self
            .error(second, ErrorKind::NotUnique, message)
            .with_help("change one of the values in one of the entries")
            .with_app_tag("data-not-unique")
            .with_yang(unique.span);
        self.report(second, error);
    }
}

/// Whether it is an entry of a leaf-list whose values may repeat (RFC 7950 7.7).
fn may_repeat(at: &Cursor<'_>) -> bool {
    matches!(at.frame().place(), Place::LeafListEntry { list, .. } if list.duplicates_allowed())
}
