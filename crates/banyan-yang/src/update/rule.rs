//! The rules of RFC 7950 section 11 (RFC 6020 section 10), one name for each sentence.

/// A sentence of the section that judges a change. Those of the list ("may be revised in any of the following
/// ways") stand in its order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rule {
    /// A published change needs a new `revision`.
    Revision,
    /// The name of a module stays.
    ModuleName,
    /// The `namespace` stays.
    Namespace,
    /// No definition is removed, obsolete ones included.
    NoRemoval,
    /// List: enums are added, the values of the old ones stay.
    Enum,
    /// List: bits are added, the positions of the old ones stay.
    Bit,
    /// List: `range`, `length` and `pattern` let more values through.
    ValueSpace,
    /// List: a `default` is added to a leaf that has none.
    Default,
    /// List: `units` are added.
    Units,
    /// List: a `reference` is added or updated.
    Reference,
    /// List: a `must` is removed or relaxed.
    Must,
    /// List: a `when` is removed or relaxed. Not in RFC 6020.
    When,
    /// List: `mandatory` is removed or becomes false.
    Mandatory,
    /// List: `min-elements` is removed or lowered.
    MinElements,
    /// List: `max-elements` is removed or raised.
    MaxElements,
    /// List: a `description` changes, and the meaning does not.
    Description,
    /// List: a `base` is added to an identity. Not in RFC 6020.
    IdentityBase,
    /// List: a `base` is removed from an identityref that has others. Not in RFC 6020.
    IdentityrefBase,
    /// List: typedefs, groupings, rpcs, notifications, extensions, features, identities are added.
    NewDefinition,
    /// List: data definitions are added that are not mandatory, or depend on a new feature.
    NewData,
    /// List: a `case` is added.
    NewCase,
    /// List: state data becomes configuration that is not mandatory.
    Config,
    /// List: an `if-feature` is removed from a node that is not mandatory.
    IfFeature,
    /// List: `status` goes from current to deprecated to obsolete.
    Status,
    /// List: a `type` is replaced by one of the same syntax and meaning.
    Type,
    /// List: a module is split into submodules.
    Submodules,
    /// List: the `prefix` changes together with its uses.
    Prefix,
    /// Whatever else changes the meaning needs a new definition with a new name.
    NewName,
    /// Data definitions keep their order.
    Order,
    /// The section does not speak of it.
    None,
}

impl Rule {
    /// The section that states it for a module of the given version.
    pub fn section(self, yang_1_1: bool) -> &'static str {
        match (self, yang_1_1) {
            (Rule::None, _) => "",
            (_, true) => "RFC 7950 11",
            (_, false) => "RFC 6020 10",
        }
    }

    /// The sentence, in our words.
    pub fn text(self) -> &'static str {
        match self {
            Rule::Revision => "a published change needs a new `revision` statement",
            Rule::ModuleName => "the name of a module must not change",
            Rule::Namespace => "the namespace of a module must not change",
            Rule::NoRemoval => "definitions, obsolete ones included, must not be removed",
            Rule::Enum => "enums may be added; those that there were keep their values",
            Rule::Bit => "bits may be added; those that there were keep their positions",
            Rule::ValueSpace => "a range, length or pattern may only allow more values",
            Rule::Default => "a default may only be added, to a leaf that has none",
            Rule::Units => "units may only be added",
            Rule::Reference => "a reference may be added or updated",
            Rule::Must => "a `must` may only be removed or relaxed",
            Rule::When => "a `when` may only be removed or relaxed",
            Rule::Mandatory => "`mandatory` may only be removed or become false",
            Rule::MinElements => "`min-elements` may only be removed or lowered",
            Rule::MaxElements => "`max-elements` may only be removed or raised",
            Rule::Description => "a description may change if the meaning does not",
            Rule::IdentityBase => "an identity may only get further bases",
            Rule::IdentityrefBase => "an identityref may only lose bases, and must keep one",
            Rule::NewDefinition => {
                "typedefs, groupings, rpcs, notifications, extensions, features and identities may be added"
            }
            Rule::NewData => {
                "data may be added if they are not mandatory, or depend on a feature that is new"
            }
            Rule::NewCase => "a case may be added",
            Rule::Config => "state data may become configuration that is not mandatory",
            Rule::IfFeature => {
                "an `if-feature` may only be removed, from a node that is not mandatory"
            }
            Rule::Status => "status may only go from current to deprecated to obsolete",
            Rule::Type => "a type may only be replaced by one of the same syntax and meaning",
            Rule::Submodules => "a module may be split into submodules, and they may be merged",
            Rule::Prefix => "the prefix may change together with its uses",
            Rule::NewName => "whatever else changes the meaning of a definition needs a new name",
            Rule::Order => "data definitions must not be reordered",
            Rule::None => "the update rules do not speak of it",
        }
    }
}

/// What the section says about a change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verdict {
    /// It is not allowed.
    Forbidden,
    /// It is allowed if it only relaxes, and that could not be shown: a person has to look.
    Unproven,
    /// It is allowed.
    Allowed,
    /// The section does not decide: an extension's own definition does.
    Unruled,
    /// Only text for people changed.
    Editorial,
}

impl Verdict {
    /// True if the change cannot be published as it is: it is forbidden, or was not shown to be allowed.
    pub fn breaks(self) -> bool {
        matches!(self, Verdict::Forbidden | Verdict::Unproven)
    }

    /// One word for it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Forbidden => "forbidden",
            Verdict::Unproven => "unproven",
            Verdict::Allowed => "allowed",
            Verdict::Unruled => "unruled",
            Verdict::Editorial => "editorial",
        }
    }
}
