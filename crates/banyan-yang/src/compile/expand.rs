//! Statements to draft nodes: data definitions, operations, notifications (RFC 7950 7.5 to 7.16).

use std::sync::Arc;

use super::context::Compilation;
use super::draft::{Absent, Draft, DraftDefault, DraftId, Facts, Property};
use super::set::{StatementRef, split_name};
use super::types::DraftType;
use crate::diagnostic::Diagnostic;
use crate::schema::{ModuleId, NodeKind, OrderedBy, WhenContext};
use crate::statement::Keyword;

/// What holds for the nodes being expanded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// The module whose namespace they are in: the user's, not the grouping's (RFC 7950 7.13).
    pub module: ModuleId,
    /// How deep statements and groupings are nested.
    pub depth: usize,
    /// Whether `if-feature` means nothing, as in `yang-data` (RFC 8040 section 8).
    pub ignores_features: bool,
}

impl Scope {
    pub fn top(module: ModuleId) -> Self {
        Scope {
            module,
            depth: 0,
            ignores_features: false,
        }
    }

    pub fn deeper(self) -> Self {
        Scope {
            depth: self.depth + 1,
            ..self
        }
    }
}

/// How deep nodes may nest, `uses` counted. Published models stay below 50.
pub(super) const MAX_DEPTH: usize = 250;
/// How many nodes a schema may have, so that groupings of groupings cannot fill the memory.
pub(super) const MAX_NODES: usize = 4_000_000;

impl Compilation<'_> {
    /// Whether the `if-feature`s of a statement leave its nodes in the schema; their errors are reported anyway.
    pub fn enabled(&mut self, at: StatementRef, scope: Scope) -> bool {
        self.features_hold(at) || scope.ignores_features
    }

    /// Expands the substatements of a statement as children of `parent`.
    pub fn expand_children(&mut self, at: StatementRef, parent: DraftId, scope: Scope) {
        let set = self.set;
        for child in set.children(at) {
            self.expand_child(child, parent, scope);
        }
    }

    fn expand_child(&mut self, at: StatementRef, parent: DraftId, scope: Scope) {
        let kind = match self.set.keyword(at) {
            Keyword::Uses => return self.expand_uses(at, parent, scope),
            Keyword::Extension => return self.expand_extension(at, parent, scope),
            keyword => node_kind(keyword),
        };
        let Some(kind) = kind else {
            return;
        };
        if scope.depth > MAX_DEPTH {
            let message =
                format!("nodes are nested more than {MAX_DEPTH} deep; this one is left out");
            let span = self.set.span(at);
            return self.report(
                Diagnostic::error("too-deep", span, message)
                    .help("let groupings and nodes be nested less deeply"),
            );
        }
        let in_choice = self.drafts.get(parent).kind == NodeKind::Choice;
        if !self.fits(kind, parent, at) {
            return;
        }
        if in_choice && kind != NodeKind::Case {
            // RFC 7950 7.9.2: the case statement may be omitted.
            let name = self.set.argument(at);
            let case = self.draft(NodeKind::Case, name, at, parent, scope.module);
            if let Some(case) = self.add_node(case) {
                self.expand_node(kind, at, case, scope);
            }
            return;
        }
        self.expand_node(kind, at, parent, scope);
    }

    /// Whether a node of a kind can stand under `parent`: grammar has checked statements, not what
    /// `uses` and `augment` put together.
    fn fits(&mut self, kind: NodeKind, parent: DraftId, at: StatementRef) -> bool {
        let holder = self.drafts.get(parent).kind;
        let fits = match kind {
            NodeKind::Case => holder == NodeKind::Choice,
            NodeKind::Action => matches!(holder, NodeKind::Container | NodeKind::List),
            NodeKind::Notification => {
                matches!(
                    holder,
                    NodeKind::Container | NodeKind::List | NodeKind::Root
                )
            }
            _ => !matches!(
                holder,
                NodeKind::Leaf
                    | NodeKind::LeafList
                    | NodeKind::AnyData
                    | NodeKind::AnyXml
                    | NodeKind::Rpc
                    | NodeKind::Action
            ),
        };
        if !fits {
            let message = format!(
                "`{}` cannot be a child of a {}",
                self.set.describe(at),
                holder.keyword()
            );
            let (span, place) = (self.set.span(at), self.draft_span(parent));
            let mut error = Diagnostic::error("misplaced-node", span, message)
                .help("check what the `uses` or `augment` that brings it here adds to")
                .rfc("RFC 7950 7.17");
            if holder != NodeKind::Root {
                error = error.related(place, "the parent");
            }
            self.report(error);
        }
        fits
    }

    /// A node of which nothing is known yet but its statement.
    pub fn draft(
        &mut self,
        kind: NodeKind,
        name: &str,
        at: StatementRef,
        parent: DraftId,
        module: ModuleId,
    ) -> Draft {
        let name = self.names.intern(name);
        let facts = self.no_facts.clone();
        Draft::new(kind, name, module, parent, at, facts)
    }

    /// Adds a node; a name that is taken is reported (RFC 7950 6.2.1).
    pub fn add_node(&mut self, draft: Draft) -> Option<DraftId> {
        let (name, parent, span) = (draft.name, draft.parent, self.set.span(draft.at));
        if self.drafts.len() >= MAX_NODES {
            if self.drafts.len() == MAX_NODES {
                let message =
                    format!("the schema has more than {MAX_NODES} nodes; the rest is left out");
                self.report(
                    Diagnostic::error("too-large", span, message)
                        .help("look for groupings that use several others, over and over"),
                );
                // One more node, so that it is said only once.
            } else {
                return None;
            }
        }
        match self.drafts.add(draft) {
            Ok(id) => Some(id),
            Err(other) => {
                let first = self.draft_span(other);
                let message = format!(
                    "there is already a node `{}` in {}",
                    self.names.text(name),
                    self.place(parent)
                );
                self.report(
                    Diagnostic::error("duplicate-node", span, message)
                        .related(first, "the first one")
                        .help("rename one of them")
                        .rfc("RFC 7950 6.2.1"),
                );
                None
            }
        }
    }

    /// A node for a message: `container c`, or the module.
    pub fn place(&self, id: DraftId) -> String {
        if id == DraftId::ROOT {
            return "the module".to_owned();
        }
        let draft = self.drafts.get(id);
        format!("{} {}", draft.kind.keyword(), self.names.text(draft.name))
    }

    fn expand_node(&mut self, kind: NodeKind, at: StatementRef, parent: DraftId, scope: Scope) {
        let mut draft = self.draft(kind, self.set.argument(at), at, parent, scope.module);
        (draft.facts, draft.absent) = self.facts_of(kind, at, scope.module);
        if scope.ignores_features && draft.absent == Some(Absent::Feature) {
            draft.absent = None;
        }
        let Some(id) = self.add_node(draft) else {
            return;
        };
        match kind {
            NodeKind::Leaf | NodeKind::LeafList | NodeKind::AnyData | NodeKind::AnyXml => {}
            NodeKind::Rpc | NodeKind::Action => self.expand_operation(at, id, scope),
            _ => self.expand_children(at, id, scope.deeper()),
        }
    }

    /// What a definition says about its node, and whether it says that there is none. Worked out once for all nodes
    /// that a grouping gives to a module.
    fn facts_of(
        &mut self,
        kind: NodeKind,
        at: StatementRef,
        module: ModuleId,
    ) -> (Arc<Facts>, Option<Absent>) {
        let is_repeated = !self.groupings_in_progress.is_empty();
        if is_repeated && let Some((facts, absent)) = self.facts.get(&(at, module)) {
            return (facts.clone(), *absent);
        }
        let set = self.set;
        let context = match kind {
            NodeKind::Choice | NodeKind::Case => WhenContext::Parent,
            _ => WhenContext::Node,
        };
        let mut facts = Facts::of(self.status(at));
        if let Some(when) = self.when_of(at, module, context) {
            facts.add(Property::When(Box::new(when)));
        }
        let mut absent = (!self.features_hold(at)).then_some(Absent::Feature);
        for child in set.children(at) {
            match set.keyword(child) {
                Keyword::OrderedBy if set.argument(child) == "user" => {
                    facts.ordered_by = OrderedBy::User;
                }
                Keyword::Key => facts.set(Property::Key(child)),
                // Found in the statement when somebody asks.
                Keyword::Description => {}
                Keyword::Type => {
                    if !self.set_type(&mut facts, child) {
                        self.report_without_type(at);
                        absent.get_or_insert(Absent::Error);
                    }
                }
                _ => self.set_property(&mut facts, kind, module, child),
            }
        }
        let facts = self.alike(facts);
        if is_repeated {
            self.facts.insert((at, module), (facts.clone(), absent));
        }
        (facts, absent)
    }

    /// Facts to be shared by nodes: most leafs have nothing but a type.
    fn alike(&mut self, facts: Facts) -> Arc<Facts> {
        if !facts.properties().is_empty() {
            return Arc::new(facts);
        }
        // The table keeps the type alive, so that its address names it.
        let ty = facts.ty.as_ref().map_or(0, DraftType::address);
        let key = (ty, facts.status, facts.presence, facts.ordered_by);
        let shared = self.plain_facts.entry(key);
        shared.or_insert_with(|| Arc::new(facts)).clone()
    }

    /// Gives a leaf its type, with the default and units of the typedef; `false` if the type has an error.
    pub fn set_type(&mut self, facts: &mut Facts, at: StatementRef) -> bool {
        let Some(resolved) = self.resolve_type(at) else {
            return false;
        };
        let default = resolved.default.map(|at| DraftDefault {
            text: self.shared_argument(at),
            at,
        });
        facts.remove(|property| matches!(property, Property::TypeDefault(_)));
        if let Some(default) = default {
            facts.add(Property::TypeDefault(default));
        }
        if let Some(units) = resolved.units
            && facts.units().is_none()
        {
            facts.set(Property::Units(self.shared_argument(units)));
        }
        facts.ty = Some(resolved.ty);
        true
    }

    /// A leaf whose type has an error is left out.
    pub fn report_without_type(&mut self, leaf: StatementRef) {
        if !self.is_strict() {
            self.report_left_out(leaf, "its type has errors");
        }
    }

    /// Changes what statements say about a node.
    pub fn change(&mut self, id: DraftId, change: impl FnOnce(&mut Self, &mut Facts)) {
        let none = self.no_facts.clone();
        let mut facts = std::mem::replace(&mut self.drafts.get_mut(id).facts, none);
        change(self, Arc::make_mut(&mut facts));
        self.drafts.get_mut(id).facts = facts;
    }

    /// Changes what statements say about a node of a grouping, as the statement `at` wants it for a module. Nodes that
    /// shared their facts before share them after.
    pub fn change_alike(
        &mut self,
        id: DraftId,
        at: StatementRef,
        module: ModuleId,
        change: impl FnOnce(&mut Self, &mut Facts),
    ) {
        let before = self.drafts.get(id).facts.clone();
        // The table keeps `before` alive, so that its address names it.
        let key = (Arc::as_ptr(&before).addr(), at, module);
        if let Some((_, after)) = self.changed_facts.get(&key) {
            self.drafts.get_mut(id).facts = after.clone();
            return;
        }
        self.change(id, change);
        let after = self.drafts.get(id).facts.clone();
        self.changed_facts.insert(key, (before, after));
    }

    /// RFC 7950 7.14: `input` and `output` are there even when not written.
    fn expand_operation(&mut self, at: StatementRef, id: DraftId, scope: Scope) {
        let set = self.set;
        for (keyword, kind, name) in [
            (Keyword::Input, NodeKind::Input, "input"),
            (Keyword::Output, NodeKind::Output, "output"),
        ] {
            let written = set.child(at, keyword);
            let mut side = self.draft(kind, name, written.unwrap_or(at), id, scope.module);
            if let Some(written) = written {
                (side.facts, side.absent) = self.facts_of(kind, written, scope.module);
            }
            let Some(side) = self.add_node(side) else {
                continue;
            };
            if let Some(written) = written {
                self.expand_children(written, side, scope.deeper());
            }
        }
    }

    /// Extension statements are properties of their parent, but for those that define something.
    fn expand_extension(&mut self, at: StatementRef, parent: DraftId, scope: Scope) {
        let (_, name) = split_name(self.set.tree(at).keyword_text(at.id));
        let top = parent == DraftId::ROOT;
        match name {
            "action" => self.expand_tailf_action(at, parent, scope),
            "structure" | "yang-data" if top => self.expand_structure(at, scope),
            "annotation" if top => self.expand_annotation(at, scope),
            _ => {}
        }
    }

    /// `action` of tailf-common came before YANG 1.1 had actions, and has their shape.
    fn expand_tailf_action(&mut self, at: StatementRef, parent: DraftId, scope: Scope) {
        let Some(extension) = self.extension_of(at, "tailf-common") else {
            return;
        };
        let Some(name) = extension.argument.clone() else {
            return;
        };
        let span = self.set.span(at);
        if scope.depth > MAX_DEPTH {
            let message =
                format!("nodes are nested more than {MAX_DEPTH} deep; this one is left out");
            return self.report(
                Diagnostic::error("too-deep", span, message)
                    .help("let groupings and nodes be nested less deeply"),
            );
        }
        let kind = match parent {
            // Nothing that could be named is around it: whoever calls it calls an rpc.
            DraftId::ROOT => NodeKind::Rpc,
            _ => NodeKind::Action,
        };
        if kind == NodeKind::Rpc {
            let message = format!("the action `{name}` stands at the top of a module");
            self.report(
                Diagnostic::warning("action-at-top", span, message)
                    .help("it becomes an rpc; write `rpc`, or put it into a container or list")
                    .rfc("RFC 7950 7.15"),
            );
        } else if !self.fits(kind, parent, at) {
            return;
        }
        let mut action = self.draft(kind, &name, at, parent, scope.module);
        let mut facts = Facts::of(self.status(at));
        for extension in std::iter::once(extension).chain(self.extensions(at)) {
            facts.add(Property::Extension(Box::new(extension)));
        }
        action.facts = Arc::new(facts);
        if !self.enabled(at, scope) {
            action.leave_out(Absent::Feature);
        }
        if let Some(id) = self.add_node(action) {
            self.expand_operation(at, id, scope);
        }
    }

    /// The path of a draft node, for messages.
    pub fn draft_path(&self, id: DraftId) -> String {
        let mut steps: Vec<(ModuleId, Arc<str>)> = Vec::new();
        let mut at = id;
        while at != DraftId::ROOT {
            let draft = self.drafts.get(at);
            steps.push((draft.module, self.names.text(draft.name).clone()));
            at = draft.parent;
        }
        let mut path = String::new();
        let mut module = None;
        for (owner, name) in steps.into_iter().rev() {
            path.push('/');
            if module != Some(owner) {
                path.push_str(&self.set.module(owner).name);
                path.push(':');
                module = Some(owner);
            }
            path.push_str(&name);
        }
        if path.is_empty() {
            "/".to_owned()
        } else {
            path
        }
    }
}

fn node_kind(keyword: Keyword) -> Option<NodeKind> {
    Some(match keyword {
        Keyword::Container => NodeKind::Container,
        Keyword::List => NodeKind::List,
        Keyword::Leaf => NodeKind::Leaf,
        Keyword::LeafList => NodeKind::LeafList,
        Keyword::Choice => NodeKind::Choice,
        Keyword::Case => NodeKind::Case,
        Keyword::AnyData => NodeKind::AnyData,
        Keyword::AnyXml => NodeKind::AnyXml,
        Keyword::Rpc => NodeKind::Rpc,
        Keyword::Action => NodeKind::Action,
        Keyword::Notification => NodeKind::Notification,
        _ => return None,
    })
}
