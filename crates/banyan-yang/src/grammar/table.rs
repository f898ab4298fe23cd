//! The exhaustive table of substatements (RFC 7950 section 14; RFC 6020 section 12 for version 1.0).

use super::Version;
use crate::statement::Keyword::{self, *};

/// How often a substatement may stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Occurs {
    /// `0..1`
    Optional,
    /// `1`
    Once,
    /// `0..n`
    Any,
    /// `1..n`
    Some,
    /// `0..1` in version 1.0, `0..n` in 1.1.
    OptionalThenAny,
}

impl Occurs {
    /// The least number.
    pub fn min(self) -> u32 {
        match self {
            Occurs::Once | Occurs::Some => 1,
            _ => 0,
        }
    }

    /// The greatest number.
    pub fn max(self, version: Version) -> u32 {
        match self {
            Occurs::Optional | Occurs::Once => 1,
            Occurs::OptionalThenAny if version == Version::V1 => 1,
            _ => u32::MAX,
        }
    }
}

/// One substatement of a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Its keyword.
    pub keyword: Keyword,
    /// How often.
    pub occurs: Occurs,
    /// The first version that allows it.
    pub since: Version,
}

const fn rule(keyword: Keyword, occurs: Occurs) -> Rule {
    Rule {
        keyword,
        occurs,
        since: Version::V1,
    }
}

/// `0..1`
const fn opt(keyword: Keyword) -> Rule {
    rule(keyword, Occurs::Optional)
}

/// `0..n`
const fn any(keyword: Keyword) -> Rule {
    rule(keyword, Occurs::Any)
}

/// `1`
const fn one(keyword: Keyword) -> Rule {
    rule(keyword, Occurs::Once)
}

/// Only in version 1.1.
const fn v1_1(rule: Rule) -> Rule {
    Rule {
        since: Version::V1_1,
        ..rule
    }
}

/// Data definitions, as a grouping, container, list, input, ... holds them.
macro_rules! with_data {
    ($($rule:expr),* $(,)?) => {
        const { &[any(Container), any(Leaf), any(LeafList), any(List), any(Choice), v1_1(any(AnyData)),
          any(AnyXml), any(Uses), $($rule),*] }
    };
}

/// What almost every definition may have.
macro_rules! documented {
    ($($rule:expr),* $(,)?) => {
        const { &[opt(Description), opt(Reference), opt(Status), $($rule),*] }
    };
}

/// These, and no more.
macro_rules! only {
    ($($rule:expr),* $(,)?) => {
        const { &[$($rule),*] }
    };
}

macro_rules! body {
    ($($rule:expr),* $(,)?) => {
        with_data![
            opt(YangVersion), any(Import), any(Include), opt(Organization), opt(Contact),
            opt(Description), opt(Reference), any(Revision), any(ExtensionDefinition), any(Feature),
            any(Identity), any(Typedef), any(Grouping), any(Augment), any(Rpc), any(Notification),
            any(Deviation), $($rule),*
        ]
    };
}

const DOCUMENTED_ONLY: &[Rule] = &[opt(Description), opt(Reference)];
const CONSTRAINT: &[Rule] = &[
    opt(Description),
    opt(Reference),
    opt(ErrorMessage),
    opt(ErrorAppTag),
];
const IN_OUT: &[Rule] = with_data![any(Typedef), any(Grouping), v1_1(any(Must))];
const OPERATION: &[Rule] = documented![
    any(IfFeature),
    any(Typedef),
    any(Grouping),
    opt(Input),
    opt(Output)
];
const ANY_NODE: &[Rule] = documented![
    opt(When),
    any(IfFeature),
    any(Must),
    opt(Config),
    opt(Mandatory)
];

/// What the extension statements that define trees of their own may hold.
pub(super) mod with_structure {
    use super::*;

    /// RFC 8040 8: data definitions, and nothing else.
    pub(in super::super) const YANG_DATA: &[Rule] = with_data![];
    /// RFC 8791 4
    pub(in super::super) const STRUCTURE: &[Rule] = with_data![
        any(Must),
        opt(Status),
        opt(Description),
        opt(Reference),
        any(Typedef),
        any(Grouping),
    ];
    /// RFC 8791 4
    pub(in super::super) const AUGMENT: &[Rule] =
        with_data![opt(Status), opt(Description), opt(Reference), any(Case),];
}

/// What other known extension statements may hold.
pub(super) mod with_documentation {
    use super::*;

    /// RFC 7952 3
    pub(in super::super) const ANNOTATION: &[Rule] =
        documented![one(Type), opt(Units), any(IfFeature)];
    /// RFC 8528 3.1 says nothing of substatements.
    pub(in super::super) const MOUNT_POINT: &[Rule] = documented![];
    /// As tailf-common says.
    pub(in super::super) const ACTION: &[Rule] = OPERATION;
}

/// The substatements that a statement may hold; extension statements may stand everywhere.
pub fn substatements(parent: Keyword) -> &'static [Rule] {
    match parent {
        Module => body![one(Namespace), one(Prefix)],
        Submodule => body![one(BelongsTo)],
        Import => only![
            one(Prefix),
            opt(RevisionDate),
            v1_1(opt(Description)),
            v1_1(opt(Reference)),
        ],
        Include => only![
            opt(RevisionDate),
            v1_1(opt(Description)),
            v1_1(opt(Reference)),
        ],
        BelongsTo => only![one(Prefix)],
        Revision => DOCUMENTED_ONLY,
        ExtensionDefinition => documented![opt(Argument)],
        Argument => only![opt(YinElement)],
        Feature => documented![any(IfFeature)],
        Identity => documented![v1_1(any(IfFeature)), rule(Base, Occurs::OptionalThenAny)],
        Typedef => documented![one(Type), opt(Units), opt(Default)],
        // Which restrictions fit which base type is a matter of the type, not of the grammar.
        Type => only![
            opt(FractionDigits),
            opt(Range),
            opt(Length),
            any(Pattern),
            any(Enum),
            any(Bit),
            opt(Path),
            rule(Base, Occurs::OptionalThenAny),
            opt(RequireInstance),
            any(Type),
        ],
        Range | Length | Must => CONSTRAINT,
        Pattern => only![
            opt(Description),
            opt(Reference),
            opt(ErrorMessage),
            opt(ErrorAppTag),
            v1_1(opt(Modifier)),
        ],
        Enum => documented![v1_1(any(IfFeature)), opt(Value)],
        Bit => documented![v1_1(any(IfFeature)), opt(Position)],
        When => DOCUMENTED_ONLY,
        Grouping => with_data![
            opt(Description),
            opt(Reference),
            opt(Status),
            any(Typedef),
            any(Grouping),
            v1_1(any(Action)),
            v1_1(any(Notification)),
        ],
        Container => with_data![
            opt(Description),
            opt(Reference),
            opt(Status),
            opt(When),
            any(IfFeature),
            any(Must),
            opt(Presence),
            opt(Config),
            any(Typedef),
            any(Grouping),
            v1_1(any(Action)),
            v1_1(any(Notification)),
        ],
        List => with_data![
            opt(Description),
            opt(Reference),
            opt(Status),
            opt(When),
            any(IfFeature),
            any(Must),
            opt(Key),
            any(Unique),
            opt(Config),
            opt(MinElements),
            opt(MaxElements),
            opt(OrderedBy),
            any(Typedef),
            any(Grouping),
            v1_1(any(Action)),
            v1_1(any(Notification)),
        ],
        Leaf => documented![
            opt(When),
            any(IfFeature),
            one(Type),
            opt(Units),
            any(Must),
            opt(Default),
            opt(Config),
            opt(Mandatory),
        ],
        LeafList => documented![
            opt(When),
            any(IfFeature),
            one(Type),
            opt(Units),
            any(Must),
            v1_1(any(Default)),
            opt(Config),
            opt(MinElements),
            opt(MaxElements),
            opt(OrderedBy),
        ],
        Choice => documented![
            opt(When),
            any(IfFeature),
            opt(Default),
            opt(Config),
            opt(Mandatory),
            any(Case),
            any(Container),
            any(Leaf),
            any(LeafList),
            any(List),
            v1_1(any(Choice)),
            v1_1(any(AnyData)),
            any(AnyXml),
        ],
        Case => with_data![
            opt(Description),
            opt(Reference),
            opt(Status),
            opt(When),
            any(IfFeature),
        ],
        AnyData | AnyXml => ANY_NODE,
        Uses => documented![opt(When), any(IfFeature), any(Refine), any(Augment)],
        Refine => only![
            opt(Description),
            opt(Reference),
            v1_1(any(IfFeature)),
            any(Must),
            opt(Presence),
            rule(Default, Occurs::OptionalThenAny),
            opt(Config),
            opt(Mandatory),
            opt(MinElements),
            opt(MaxElements),
        ],
        Augment => with_data![
            opt(Description),
            opt(Reference),
            opt(Status),
            opt(When),
            any(IfFeature),
            any(Case),
            v1_1(any(Action)),
            v1_1(any(Notification)),
        ],
        Rpc | Action => OPERATION,
        Input | Output => IN_OUT,
        Notification => with_data![
            opt(Description),
            opt(Reference),
            opt(Status),
            any(IfFeature),
            v1_1(any(Must)),
            any(Typedef),
            any(Grouping),
        ],
        Deviation => only![
            opt(Description),
            opt(Reference),
            rule(Deviate, Occurs::Some),
        ],
        // What fits depends on the argument: see `deviate_substatements`.
        _ => only![],
    }
}

/// The substatements that `deviate` may hold, by its argument (RFC 7950 7.20.3.2).
pub fn deviate_substatements(argument: &str) -> &'static [Rule] {
    const DEFAULT: Rule = rule(Default, Occurs::OptionalThenAny);
    match argument {
        "add" => only![
            opt(Units),
            any(Must),
            any(Unique),
            DEFAULT,
            opt(Config),
            opt(Mandatory),
            opt(MinElements),
            opt(MaxElements),
        ],
        "replace" => only![
            opt(Type),
            opt(Units),
            DEFAULT,
            opt(Config),
            opt(Mandatory),
            opt(MinElements),
            opt(MaxElements),
        ],
        "delete" => only![opt(Units), any(Must), any(Unique), DEFAULT],
        _ => only![],
    }
}
