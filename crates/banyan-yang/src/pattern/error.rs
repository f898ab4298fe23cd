//! Why a text is not a regular expression of XML Schema.

/// A pattern that does not parse. Shows as one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} (at byte {offset} of the pattern)")]
pub struct PatternError {
    /// Where, in bytes from the beginning of the pattern.
    pub offset: usize,
    /// What is wrong there.
    pub problem: PatternProblem,
}

/// What is wrong with a pattern (section numbers are of XML Schema part 2, appendix F).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternProblem {
    /// `?`, `*`, `+` or `{` with nothing before it.
    #[error("'{0}' has nothing to repeat; write \\{0} for the character itself")]
    NothingToRepeat(char),
    /// A quantifier after a quantifier: XML Schema has no lazy or possessive ones.
    #[error(
        "'{0}' follows a quantifier: there are no lazy or possessive ones; group what is to be repeated with ( )"
    )]
    DoubleQuantifier(char),
    /// A quantity that is not `{n}`, `{n,}` or `{n,m}`.
    #[error("a quantity is written {{n}}, {{n,}} or {{n,m}}")]
    Quantity,
    /// A quantity whose bounds are in the wrong order.
    #[error("the least number of repetitions, {least}, is above the greatest, {greatest}")]
    QuantityOrder {
        /// The first bound.
        least: u32,
        /// The second bound.
        greatest: u32,
    },
    /// `(?`: look-around, flags, groups of other dialects.
    #[error(
        "XML Schema has no '(?...)': no look-around, no flags, no special groups; a plain ( ) captures nothing"
    )]
    SpecialGroup,
    /// `\1`: what a group has matched.
    #[error("XML Schema has no back-references such as '\\{0}'")]
    BackReference(char),
    /// `(` without `)`.
    #[error("this '(' has no matching ')'")]
    OpenGroup,
    /// `)` without `(`.
    #[error("this ')' has no matching '('; write \\) for the character itself")]
    ClosedGroup,
    /// `[` without `]`.
    #[error("this '[' has no matching ']'")]
    OpenClass,
    /// `]` outside of a class, or `[` inside of one.
    #[error("write \\{0} for the character itself")]
    Bracket(char),
    /// `[]` or `[^]`.
    #[error("a character class needs at least one character")]
    EmptyClass,
    /// A range whose ends are in the wrong order.
    #[error("the range {from}-{to} is backwards")]
    RangeOrder {
        /// The first end.
        from: char,
        /// The second end.
        to: char,
    },
    /// A range that ends in a class such as `\d`.
    #[error("a range must end in a character; write \\- for the character '-'")]
    RangeEnd,
    /// Something behind a subtracted class.
    #[error("only ']' may follow a subtracted class")]
    AfterSubtraction,
    /// A backslash with nothing behind it.
    #[error("the pattern ends in the middle of an escape")]
    OpenEscape,
    /// An escape that XML Schema does not have.
    #[error("there is no escape '\\{0}'")]
    UnknownEscape(char),
    /// `\p{...}` with a name that is neither a category nor a block.
    #[error("'{0}' is no Unicode category or block")]
    UnknownProperty(String),
    /// `\p` without `{...}`.
    #[error("\\p and \\P need a name in braces, such as \\p{{L}} or \\p{{IsGreek}}")]
    PropertyName,
    /// More nested groups or classes than are accepted.
    #[error("groups and classes nest deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Repetitions that multiply to a larger automaton than is accepted.
    #[error("its repetitions multiply to more than {limit} character ranges")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// A number of repetitions that does not fit 32 bits.
    #[error("a number of repetitions can be {} at most", u32::MAX)]
    Count,
}
