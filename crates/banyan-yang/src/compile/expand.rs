//! Statements to draft nodes: data definitions, operations, notifications (RFC 7950 7.5 to 7.16).

use std::sync::Arc;

use super::context::Compilation;
use super::draft::{Absent, Draft, DraftDefault, DraftId};
use super::property::note_extension;
use super::set::StatementRef;
use crate::diagnostic::Diagnostic;
use crate::schema::{ModuleId, NodeKind, OrderedBy, WhenContext};
use crate::source::Span;
use crate::statement::Keyword;

/// What holds for the nodes being expanded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// The module whose namespace they are in: the user's, not the grouping's (RFC 7950 7.13).
    pub module: ModuleId,
    /// How deep statements and groupings are nested.
    pub depth: usize,
}

impl Scope {
    pub fn top(module: ModuleId) -> Self {
        Scope { module, depth: 0 }
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
            return self.report(Diagnostic::error("too-deep", span, message));
        }
        let in_choice = self.drafts.get(parent).kind == NodeKind::Choice;
        if !self.fits(kind, parent, at) {
            return;
        }
        if in_choice && kind != NodeKind::Case {
            // RFC 7950 7.9.2: the case statement may be omitted.
            let name = self.set.argument(at);
            let span = self.set.span(at);
            if let Some(case) = self.add_node(NodeKind::Case, name, at, span, parent, scope.module)
            {
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
            let (span, place) = (self.set.span(at), self.drafts.get(parent).span);
            let mut error = Diagnostic::error("misplaced-node", span, message).rfc("RFC 7950 7.17");
            if holder != NodeKind::Root {
                error = error.related(place, "the parent");
            }
            self.report(error);
        }
        fits
    }

    /// Adds an empty node; a name that is taken is reported (RFC 7950 6.2.1).
    pub fn add_node(
        &mut self,
        kind: NodeKind,
        name: &str,
        at: StatementRef,
        span: Span,
        parent: DraftId,
        module: ModuleId,
    ) -> Option<DraftId> {
        if self.drafts.len() >= MAX_NODES {
            if self.drafts.len() == MAX_NODES {
                let message =
                    format!("the schema has more than {MAX_NODES} nodes; the rest is left out");
                self.report(Diagnostic::error("too-large", span, message));
                // One more node, so that it is said only once.
            } else {
                return None;
            }
        }
        let name = self.names.intern(name);
        let mut draft = Draft::new(kind, name, module, parent, span);
        draft.at = Some(at);
        match self.drafts.add(draft) {
            Ok(id) => Some(id),
            Err(other) => {
                let first = self.drafts.get(other).span;
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
        let set = self.set;
        let name = set.argument(at);
        let Some(id) = self.add_node(kind, name, at, set.span(at), parent, scope.module) else {
            return;
        };
        let status = self.status(at);
        let draft = self.drafts.get_mut(id);
        draft.status = status;
        if !self.features_hold(at) {
            self.drafts.get_mut(id).leave_out(Absent::Feature);
        }
        let context = match kind {
            NodeKind::Choice | NodeKind::Case => WhenContext::Parent,
            _ => WhenContext::Node,
        };
        let when = self.when_of(at, scope.module, context);
        self.drafts.get_mut(id).whens.extend(when);
        for child in set.children(at) {
            match set.keyword(child) {
                Keyword::OrderedBy if set.argument(child) == "user" => {
                    self.drafts.get_mut(id).ordered_by = OrderedBy::User;
                }
                Keyword::Key => self.drafts.get_mut(id).key = Some(child),
                Keyword::Type => self.set_type(id, child),
                _ => self.set_property(id, child),
            }
        }
        match kind {
            NodeKind::Leaf | NodeKind::LeafList | NodeKind::AnyData | NodeKind::AnyXml => {}
            NodeKind::Rpc | NodeKind::Action => self.expand_operation(at, id, scope),
            _ => self.expand_children(at, id, scope.deeper()),
        }
    }

    /// Gives a leaf its type, with the default and units of the typedef. A leaf whose type has an error is left out.
    pub fn set_type(&mut self, id: DraftId, at: StatementRef) {
        let Some(resolved) = self.resolve_type(at) else {
            if let Some(leaf) = self.drafts.get(id).at
                && !self.is_strict()
            {
                self.report_left_out(leaf, "its type has errors");
            }
            self.drafts.get_mut(id).leave_out(Absent::Error);
            return;
        };
        let default = resolved.default.map(|at| DraftDefault {
            text: self.shared_argument(at),
            at,
        });
        let units = resolved.units.map(|at| self.shared_argument(at));
        let draft = self.drafts.get_mut(id);
        draft.ty = Some(resolved.ty);
        draft.type_default = default;
        if draft.units.is_none() {
            draft.units = units;
        }
    }

    /// RFC 7950 7.14: `input` and `output` are there even when not written.
    fn expand_operation(&mut self, at: StatementRef, id: DraftId, scope: Scope) {
        let set = self.set;
        for (keyword, kind, name) in [
            (Keyword::Input, NodeKind::Input, "input"),
            (Keyword::Output, NodeKind::Output, "output"),
        ] {
            let written = set.child(at, keyword);
            let place = written.unwrap_or(at);
            let Some(side) = self.add_node(kind, name, place, set.span(place), id, scope.module)
            else {
                continue;
            };
            if let Some(written) = written {
                for child in set.children(written) {
                    self.set_property(side, child);
                }
                self.expand_children(written, side, scope.deeper());
            }
        }
    }

    /// Extension statements are properties of their parent, but for `action` of tailf-common, which came before
    /// YANG 1.1 had actions and has their shape.
    fn expand_extension(&mut self, at: StatementRef, parent: DraftId, scope: Scope) {
        if !self.set.tree(at).keyword_text(at.id).ends_with(":action") {
            return;
        }
        let Some(extension) = self.extension(at) else {
            return;
        };
        let Some(name) = extension.argument.clone() else {
            return;
        };
        if &*extension.module != "tailf-common"
            || !crate::parse::is_identifier(&name)
            || scope.depth > MAX_DEPTH
            || !self.fits_action(parent)
        {
            return;
        }
        let span = self.set.span(at);
        if let Some(id) = self.add_node(NodeKind::Action, &name, at, span, parent, scope.module) {
            note_extension(self.drafts.get_mut(id), extension);
            let description = self.description(at);
            self.drafts.get_mut(id).description = description;
            self.expand_operation(at, id, scope);
        }
    }

    fn fits_action(&self, parent: DraftId) -> bool {
        matches!(
            self.drafts.get(parent).kind,
            NodeKind::Container | NodeKind::List
        )
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
