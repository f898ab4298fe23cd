//! Properties of nodes: which kind of node has which (RFC 7950 7.5 to 7.11), and how statements set them.

use super::context::Compilation;
use super::draft::{Draft, DraftDefault, DraftId, Set};
use super::set::StatementRef;
use crate::diagnostic::Diagnostic;
use crate::grammar::Version;
use crate::schema::{ExtensionInstance, Must, NodeKind, When, WhenContext};
use crate::statement::Keyword;

/// Whether nodes of a kind can have a property.
pub(super) fn has_property(kind: NodeKind, property: Keyword) -> bool {
    use NodeKind::*;
    match property {
        Keyword::Default => matches!(kind, Leaf | LeafList | Choice),
        Keyword::Mandatory => matches!(kind, Leaf | Choice | AnyData | AnyXml),
        Keyword::Presence => kind == Container,
        Keyword::MinElements | Keyword::MaxElements => matches!(kind, List | LeafList),
        Keyword::Unique => kind == List,
        Keyword::Units | Keyword::Type => matches!(kind, Leaf | LeafList),
        Keyword::Config => kind.is_data() || kind == Choice,
        Keyword::Must => kind.is_data() || matches!(kind, Input | Output | Notification),
        _ => true,
    }
}

impl Compilation<'_> {
    /// Sets a property from its statement; those that a node can have several of are added.
    pub fn set_property(&mut self, id: DraftId, at: StatementRef) {
        let set = self.set;
        let span = set.span(at);
        let text = set.argument(at);
        let boolean = Set {
            value: text == "true",
            span,
        };
        match set.keyword(at) {
            Keyword::Config => self.drafts.get_mut(id).config = Some(boolean),
            Keyword::Mandatory => self.drafts.get_mut(id).mandatory = Some(boolean),
            Keyword::Presence => self.drafts.get_mut(id).presence = true,
            Keyword::MinElements => {
                let value = text.parse().unwrap_or(0); // The grammar has checked it.
                self.drafts.get_mut(id).min_elements = Some(Set { value, span });
            }
            Keyword::MaxElements => {
                let value = text.parse().ok(); // `unbounded` is none.
                self.drafts.get_mut(id).max_elements = Some(Set { value, span });
            }
            Keyword::Default => {
                let text = self.shared_argument(at);
                self.drafts
                    .get_mut(id)
                    .defaults
                    .push(DraftDefault { text, at });
            }
            Keyword::Units => {
                let units = self.shared_argument(at);
                self.drafts.get_mut(id).units = Some(units);
            }
            Keyword::Description => {
                self.drafts.get_mut(id).description = Some(set.argument_span(at));
            }
            Keyword::Unique => self.drafts.get_mut(id).uniques.push(at),
            Keyword::Must => {
                let must = self.must(at, id);
                self.drafts.get_mut(id).musts.extend(must);
            }
            Keyword::Extension => {
                let extension = self.extension(at);
                if let Some(extension) = extension {
                    if is_mount_point(&extension) {
                        self.check_mount_point(id, at);
                    }
                    note_extension(self.drafts.get_mut(id), extension);
                }
            }
            _ => {}
        }
    }

    /// RFC 8528 3.1
    fn check_mount_point(&mut self, id: DraftId, at: StatementRef) {
        let draft = self.drafts.get(id);
        let problem = if !matches!(draft.kind, NodeKind::Container | NodeKind::List) {
            "stands in a container or list, nowhere else"
        } else if draft.mount_point.is_some() {
            "can stand only once in a container or list"
        } else if self.set.version(at) == Version::V1 {
            "cannot be used in a module of YANG version 1"
        } else {
            return;
        };
        let message = format!("a mount point {problem}");
        let error = Diagnostic::error("invalid-mount-point", self.set.span(at), message);
        self.report(error.rfc("RFC 8528 3.1"));
    }

    fn must(&mut self, at: StatementRef, id: DraftId) -> Option<Must> {
        let module = self.drafts.get(id).module;
        Some(Must {
            expression: self.expression(at, module)?,
            error_message: self.shared_child_argument(at, Keyword::ErrorMessage),
            error_app_tag: self.shared_child_argument(at, Keyword::ErrorAppTag),
        })
    }

    /// The `when` of a statement, for nodes of a module (RFC 7950 7.21.5).
    pub fn when_of(
        &mut self,
        at: StatementRef,
        module: crate::schema::ModuleId,
        context: WhenContext,
    ) -> Option<When> {
        let when = self.set.child(at, Keyword::When)?;
        Some(When {
            expression: self.expression(when, module)?,
            context,
        })
    }

    /// Reports a property on a kind of node that cannot have it; `true` if it fits.
    pub fn check_property(&mut self, id: DraftId, at: StatementRef, rfc: &'static str) -> bool {
        let set = self.set;
        let keyword = set.keyword(at);
        let draft = self.drafts.get(id);
        if has_property(draft.kind, keyword) {
            return true;
        }
        let message = format!(
            "`{}` does not fit a {}",
            keyword.text(),
            draft.kind.keyword()
        );
        let target = draft.span;
        self.report(
            Diagnostic::error("misplaced-property", set.span(at), message)
                .related(target, "this node")
                .rfc(rfc),
        );
        false
    }
}

fn is_mount_point(extension: &ExtensionInstance) -> bool {
    &*extension.module == "ietf-yang-schema-mount" && &*extension.name == "mount-point"
}

/// Keeps a use of an extension on a node.
pub(super) fn note_extension(draft: &mut Draft, extension: ExtensionInstance) {
    let holds = matches!(draft.kind, NodeKind::Container | NodeKind::List);
    if is_mount_point(&extension) && holds && draft.mount_point.is_none() {
        draft.mount_point = extension.argument.clone();
    }
    draft.extensions.push(extension);
}
