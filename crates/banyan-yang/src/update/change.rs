//! What a comparison finds.

use std::fmt;

use super::{Rule, Verdict};
use crate::schema::{NodeKind, SchemaId};
use crate::source::Span;

/// What a change is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Subject {
    /// The module itself.
    Module,
    /// A feature.
    Feature,
    /// An identity.
    Identity,
    /// An extension.
    Extension,
    /// A typedef at the top of a module.
    Typedef,
    /// A grouping at the top of a module, or a node in it.
    Grouping,
    /// A schema node.
    Node,
}

impl Subject {
    /// One word for it.
    pub fn name(self) -> &'static str {
        match self {
            Subject::Module => "module",
            Subject::Feature => "feature",
            Subject::Identity => "identity",
            Subject::Extension => "extension",
            Subject::Typedef => "typedef",
            Subject::Grouping => "grouping",
            Subject::Node => "node",
        }
    }
}

macro_rules! aspects {
    ($($variant:ident $text:literal),* $(,)?) => {
        /// What of the subject changed: the statement's keyword, or a word of ours.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Aspect {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
        }

        impl Aspect {
            /// The word for it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Aspect::$variant => $text,)*
                }
            }
        }
    };
}

aspects! {
    Definition "definition", Name "name", Kind "kind", Place "place", Order "order",
    Namespace "namespace", Prefix "prefix", Revision "revision", YangVersion "yang-version",
    Organization "organization", Contact "contact", Submodules "submodules",
    Implemented "conformance",
    Type "type", Range "range", Length "length", Pattern "pattern", Enum "enum", Bit "bit",
    FractionDigits "fraction-digits", Path "path", RequireInstance "require-instance", Base "base",
    Default "default", Units "units", Must "must", When "when", Mandatory "mandatory",
    Presence "presence", Config "config", Status "status", IfFeature "if-feature",
    Key "key", Unique "unique", MinElements "min-elements", MaxElements "max-elements",
    OrderedBy "ordered-by", ErrorAppTag "error-app-tag", ErrorMessage "error-message",
    Argument "argument", Extension "extension", Description "description", Reference "reference",
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One difference between two schemas.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// What it is about.
    pub subject: Subject,
    /// Its name: `/module:a/b`, `module:name`, for nodes of a grouping `module:grouping/a/b`.
    pub path: String,
    /// The kind of the schema node, if it is one.
    pub kind: Option<NodeKind>,
    /// What of it changed.
    pub aspect: Aspect,
    /// What it was; `None` if it is new.
    pub old: Option<String>,
    /// What it is; `None` if it is gone.
    pub new: Option<String>,
    /// Where the old text has it.
    pub old_place: Option<Span>,
    /// Where the new text has it.
    pub new_place: Option<Span>,
    /// The node in the old schema.
    pub old_node: Option<SchemaId>,
    /// The node in the new schema.
    pub new_node: Option<SchemaId>,
    /// Whether it is allowed.
    pub verdict: Verdict,
    /// By which rule.
    pub rule: Rule,
    /// The section that states the rule; empty if there is none.
    pub section: &'static str,
    /// What is special in this case; empty if the rule says all.
    pub reason: String,
    /// The typedef or grouping of which this is a use: its own change is listed too.
    pub through: Option<String>,
}

impl Change {
    /// `old -> new`, `added new` or `removed old`.
    pub fn what(&self) -> String {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => format!("{old} -> {new}"),
            (None, Some(new)) => format!("{new} added").trim_start().to_owned(),
            (Some(old), None) => format!("{old} removed").trim_start().to_owned(),
            (None, None) => "changed".to_owned(),
        }
    }
}
