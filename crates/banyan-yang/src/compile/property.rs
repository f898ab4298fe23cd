//! Properties of nodes: which kind of node has which (RFC 7950 7.5 to 7.11), and how statements set them.

use super::context::Compilation;
use super::draft::{DraftDefault, DraftId, Facts, Property, Set};
use super::set::StatementRef;
use crate::diagnostic::Diagnostic;
use crate::grammar::Version;
use crate::schema::{ExtensionInstance, ModuleId, Must, NodeKind, When, WhenContext};
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
        Keyword::Must => {
            kind.is_data() || matches!(kind, Input | Output | Notification | Structure)
        }
        _ => true,
    }
}

impl Compilation<'_> {
    /// Sets a property from its statement, for a node of this kind in the namespace of `module`; those that a node can
    /// have several of are added.
    pub fn set_property(
        &mut self,
        facts: &mut Facts,
        kind: NodeKind,
        module: ModuleId,
        at: StatementRef,
    ) {
        let set = self.set;
        let span = set.span(at);
        let boolean = || {
            let value = set.argument(at) == "true";
            Set { value, span }
        };
        match set.keyword(at) {
            Keyword::Config => facts.set(Property::Config(boolean())),
            Keyword::Mandatory => facts.set(Property::Mandatory(boolean())),
            Keyword::Presence => facts.presence = true,
            Keyword::MinElements => {
                let value = set.argument(at).parse().unwrap_or(0); // The grammar has checked it.
                facts.set(Property::MinElements(Set { value, span }));
            }
            Keyword::MaxElements => {
                let value = set.argument(at).parse().ok(); // `unbounded` is none.
                facts.set(Property::MaxElements(Set { value, span }));
            }
            Keyword::Default => {
                let text = self.shared_argument(at);
                facts.add(Property::Default(DraftDefault { text, at }));
            }
            Keyword::Units => {
                facts.set(Property::Units(self.shared_argument(at)));
            }
            Keyword::Description => {
                facts.set(Property::Description(set.argument_span(at)));
            }
            Keyword::Unique => facts.add(Property::Unique(at)),
            Keyword::Must => {
                if let Some(must) = self.must(at, module) {
                    facts.add(Property::Must(Box::new(must)));
                }
            }
            Keyword::Extension => {
                if let Some(extension) = self.extension(at) {
                    if is_mount_point(&extension) {
                        if !self.may_be_mount_point(facts, kind, module, &extension) {
                            return;
                        }
                        let label = extension.argument.clone().map(Property::MountPoint);
                        label.into_iter().for_each(|label| facts.set(label));
                    }
                    facts.add(Property::Extension(Box::new(extension)));
                }
            }
            _ => {}
        }
    }

    /// RFC 8528 3.1: what `uses` and deviations put together; the grammar has looked at each text.
    fn may_be_mount_point(
        &mut self,
        facts: &Facts,
        kind: NodeKind,
        user: ModuleId,
        extension: &ExtensionInstance,
    ) -> bool {
        let user = self.set.module(user);
        let own = user.units.first().map(|unit| self.set.unit(*unit).version);
        let (problem, help) = if !matches!(kind, NodeKind::Container | NodeKind::List) {
            (
                format!("a {} cannot be a mount point", kind.keyword()),
                "put it on a container or list",
            )
        } else if facts.mount_point().is_some() {
            (
                "the node is a mount point already".to_owned(),
                "remove one of the two",
            )
        } else if own == Some(Version::V1) {
            (
                format!(
                    "module {} is of YANG version 1 and cannot have mount points",
                    user.name
                ),
                "add `yang-version 1.1;` to the module",
            )
        } else {
            return true;
        };
        self.report(
            Diagnostic::error("invalid-mount-point", extension.span, problem)
                .help(help)
                .rfc("RFC 8528 3.1"),
        );
        false
    }

    fn must(&mut self, at: StatementRef, module: ModuleId) -> Option<Must> {
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
        module: ModuleId,
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
        let target = set.span(draft.at);
        self.report(
            Diagnostic::error("misplaced-property", set.span(at), message)
                .related(target, "this node")
                .help("remove it, or name another node")
                .rfc(rfc),
        );
        false
    }
}

fn is_mount_point(extension: &ExtensionInstance) -> bool {
    &*extension.module == "ietf-yang-schema-mount" && &*extension.name == "mount-point"
}
