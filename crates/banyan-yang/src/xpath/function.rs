//! The functions of an XPath expression: XPath 1.0 section 4 and YANG's own (RFC 7950 section 10).

/// A function of the core library or of YANG 1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// `number last()`
    Last,
    /// `number position()`
    Position,
    /// `number count(node-set)`
    Count,
    /// `node-set id(object)`: always empty, YANG data have no XML identifiers.
    Id,
    /// `string local-name(node-set?)`
    LocalName,
    /// `string namespace-uri(node-set?)`
    NamespaceUri,
    /// `string name(node-set?)`
    Name,
    /// `string string(object?)`
    String,
    /// `string concat(string, string, string*)`
    Concat,
    /// `boolean starts-with(string, string)`
    StartsWith,
    /// `boolean contains(string, string)`
    Contains,
    /// `string substring-before(string, string)`
    SubstringBefore,
    /// `string substring-after(string, string)`
    SubstringAfter,
    /// `string substring(string, number, number?)`
    Substring,
    /// `number string-length(string?)`
    StringLength,
    /// `string normalize-space(string?)`
    NormalizeSpace,
    /// `string translate(string, string, string)`
    Translate,
    /// `boolean boolean(object)`
    Boolean,
    /// `boolean not(boolean)`
    Not,
    /// `boolean true()`
    True,
    /// `boolean false()`
    False,
    /// `boolean lang(string)`
    Lang,
    /// `number number(object?)`
    Number,
    /// `number sum(node-set)`
    Sum,
    /// `number floor(number)`
    Floor,
    /// `number ceiling(number)`
    Ceiling,
    /// `number round(number)`
    Round,
    /// `node-set current()` (RFC 7950 10.1.1)
    Current,
    /// `boolean re-match(string, string)` (RFC 7950 10.2.1)
    ReMatch,
    /// `node-set deref(node-set)` (RFC 7950 10.3.1)
    Deref,
    /// `boolean derived-from(node-set, string)` (RFC 7950 10.4.1)
    DerivedFrom,
    /// `boolean derived-from-or-self(node-set, string)` (RFC 7950 10.4.2)
    DerivedFromOrSelf,
    /// `number enum-value(node-set)` (RFC 7950 10.5.1)
    EnumValue,
    /// `boolean bit-is-set(node-set, string)` (RFC 7950 10.6.1)
    BitIsSet,
}

/// Name, fewest and most arguments; `None` is any number of them.
const TABLE: &[(Function, &str, usize, Option<usize>)] = {
    use Function::*;
    &[
        (Last, "last", 0, Some(0)),
        (Position, "position", 0, Some(0)),
        (Count, "count", 1, Some(1)),
        (Id, "id", 1, Some(1)),
        (LocalName, "local-name", 0, Some(1)),
        (NamespaceUri, "namespace-uri", 0, Some(1)),
        (Name, "name", 0, Some(1)),
        (String, "string", 0, Some(1)),
        (Concat, "concat", 2, None),
        (StartsWith, "starts-with", 2, Some(2)),
        (Contains, "contains", 2, Some(2)),
        (SubstringBefore, "substring-before", 2, Some(2)),
        (SubstringAfter, "substring-after", 2, Some(2)),
        (Substring, "substring", 2, Some(3)),
        (StringLength, "string-length", 0, Some(1)),
        (NormalizeSpace, "normalize-space", 0, Some(1)),
        (Translate, "translate", 3, Some(3)),
        (Boolean, "boolean", 1, Some(1)),
        (Not, "not", 1, Some(1)),
        (True, "true", 0, Some(0)),
        (False, "false", 0, Some(0)),
        (Lang, "lang", 1, Some(1)),
        (Number, "number", 0, Some(1)),
        (Sum, "sum", 1, Some(1)),
        (Floor, "floor", 1, Some(1)),
        (Ceiling, "ceiling", 1, Some(1)),
        (Round, "round", 1, Some(1)),
        (Current, "current", 0, Some(0)),
        (ReMatch, "re-match", 2, Some(2)),
        (Deref, "deref", 1, Some(1)),
        (DerivedFrom, "derived-from", 2, Some(2)),
        (DerivedFromOrSelf, "derived-from-or-self", 2, Some(2)),
        (EnumValue, "enum-value", 1, Some(1)),
        (BitIsSet, "bit-is-set", 2, Some(2)),
    ]
};

impl Function {
    /// All functions.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    /// The function with that name.
    pub fn named(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The name as written in an expression.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// True if the function takes `given` arguments.
    pub fn accepts(self, given: usize) -> bool {
        let (_, _, fewest, most) = *self.row();
        given >= fewest && most.is_none_or(|most| given <= most)
    }

    /// True for the functions that only YANG has; those other than `current` came with YANG 1.1.
    pub fn is_yang(self) -> bool {
        self as usize >= Self::Current as usize
    }

    /// True if the result is a node-set.
    pub fn gives_nodes(self) -> bool {
        matches!(self, Self::Id | Self::Current | Self::Deref)
    }

    /// True if, with no arguments, the function works on the context node.
    pub fn defaults_to_context(self) -> bool {
        matches!(
            self,
            Self::LocalName
                | Self::NamespaceUri
                | Self::Name
                | Self::String
                | Self::StringLength
                | Self::NormalizeSpace
                | Self::Number
        )
    }

    /// How many arguments it takes, for a message: `1 argument`, `2 or 3 arguments`.
    pub(super) fn arity_text(self) -> std::string::String {
        match *self.row() {
            (_, _, 0, Some(0)) => "no arguments".to_owned(),
            (_, _, 1, Some(1)) => "1 argument".to_owned(),
            (_, _, 0, Some(1)) => "no argument or 1".to_owned(),
            (_, _, fewest, None) => format!("{fewest} or more arguments"),
            (_, _, fewest, Some(most)) if fewest == most => format!("{most} arguments"),
            (_, _, fewest, Some(most)) => format!("{fewest} or {most} arguments"),
        }
    }

    fn row(self) -> &'static (Self, &'static str, usize, Option<usize>) {
        // The table has one row per function in the order of the enum (tested), so this is in bounds.
        &TABLE[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (position, row) in TABLE.iter().enumerate() {
            assert_eq!(row.0 as usize, position, "{}", row.1);
        }
        assert_eq!(TABLE.len(), Function::BitIsSet as usize + 1);
    }
}
