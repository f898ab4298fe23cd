//! The forms of arguments (RFC 7950 section 14).

use super::Version;
use crate::parse::is_identifier;
use crate::statement::Keyword;

/// What the argument of a statement must look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArgumentForm {
    /// `input` and `output` have none.
    None,
    /// Any text.
    Text,
    /// RFC 7950 6.2.
    Identifier,
    /// An identifier, with a prefix or without.
    IdentifierRef,
    /// `YYYY-MM-DD`.
    Date,
    /// `true` or `false`.
    Boolean,
    /// An integer with an optional sign, within 32 bits.
    Integer,
    /// An integer from 0 to 2^32 - 1.
    NonNegative,
    /// `unbounded`, or an integer from 1 to 2^32 - 1.
    MaxElements,
    /// 1 to 18.
    FractionDigits,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// An absolute schema node identifier.
    AbsolutePath,
    /// A descendant schema node identifier.
    DescendantPath,
    /// Absolute at the top, descendant under `uses`.
    AugmentPath,
    /// Leaf names, separated by white space.
    Key,
    /// Descendant schema node identifiers, separated by white space.
    Unique,
    /// A name without white space at its ends, not empty.
    EnumName,
    /// A feature, or in version 1.1 an expression over features.
    IfFeature,
    /// Not empty: an XPath expression, a path, a range, parsed where it is used.
    Expression,
    /// A URI; not empty.
    Uri,
}

/// The form of the argument of a statement.
pub fn argument_form(keyword: Keyword) -> ArgumentForm {
    use ArgumentForm as F;
    use Keyword::*;
    match keyword {
        Input | Output | Extension | Unknown => F::None,
        Module | Submodule | Import | Include | BelongsTo | Prefix | ExtensionDefinition
        | Argument | Feature | Identity | Typedef | Grouping | Container | Leaf | LeafList
        | List | Choice | Case | AnyData | AnyXml | Rpc | Action | Notification | Bit => {
            F::Identifier
        }
        Base | Type | Uses => F::IdentifierRef,
        Revision | RevisionDate => F::Date,
        Config | Mandatory | RequireInstance | YinElement => F::Boolean,
        Value => F::Integer,
        Position | MinElements => F::NonNegative,
        MaxElements => F::MaxElements,
        FractionDigits => F::FractionDigits,
        Status => F::OneOf(&["current", "deprecated", "obsolete"]),
        OrderedBy => F::OneOf(&["user", "system"]),
        YangVersion => F::OneOf(&["1", "1.1"]),
        Modifier => F::OneOf(&["invert-match"]),
        Deviate => F::OneOf(&["not-supported", "add", "replace", "delete"]),
        Deviation => F::AbsolutePath,
        Refine => F::DescendantPath,
        Augment => F::AugmentPath,
        Key => F::Key,
        Unique => F::Unique,
        Enum => F::EnumName,
        IfFeature => F::IfFeature,
        Must | When | Path | Range | Length => F::Expression,
        Namespace => F::Uri,
        Contact | Default | Description | ErrorAppTag | ErrorMessage | Organization | Pattern
        | Presence | Reference | Units => F::Text,
    }
}

/// What is wrong with an argument, as the predicate of a message; `None` if it has the form.
pub(super) fn violation(form: ArgumentForm, text: &str, version: Version) -> Option<String> {
    use ArgumentForm as F;
    let wrong = |fits: bool, wanted: &str| (!fits).then(|| wanted.to_owned());
    match form {
        F::None | F::Text => None,
        F::Identifier => {
            let fits = is_identifier(text);
            // RFC 6020 12, `identifier`; 1.1 has lifted it.
            if fits && version == Version::V1 && starts_with_xml(text) {
                return Some(
                    "an identifier that does not begin with `xml` (allowed since YANG 1.1)"
                        .to_owned(),
                );
            }
            wrong(
                fits,
                "an identifier: a letter or `_`, then letters, digits, `_`, `-`, `.`",
            )
        }
        F::IdentifierRef => wrong(
            is_identifier_ref(text),
            "an identifier, or prefix:identifier",
        ),
        F::Date => wrong(is_date(text), "a date YYYY-MM-DD"),
        F::Boolean => wrong(matches!(text, "true" | "false"), "`true` or `false`"),
        F::Integer => wrong(
            plain_number(text.strip_prefix('-').unwrap_or(text)) && text.parse::<i32>().is_ok(),
            "an integer from -2147483648 to 2147483647",
        ),
        F::NonNegative => wrong(
            plain_number(text) && text.parse::<u32>().is_ok(),
            "an integer from 0 to 4294967295",
        ),
        F::MaxElements => wrong(
            text == "unbounded"
                || plain_number(text) && text.parse::<u32>().is_ok_and(|number| number > 0),
            "`unbounded`, or an integer from 1 to 4294967295",
        ),
        F::FractionDigits => wrong(
            plain_number(text)
                && text
                    .parse::<u8>()
                    .is_ok_and(|number| (1..=18).contains(&number)),
            "an integer from 1 to 18",
        ),
        F::OneOf(words) => {
            if words.contains(&text) {
                return None;
            }
            let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
            Some(quoted.join(" or "))
        }
        F::AbsolutePath => wrong(
            text.strip_prefix('/').is_some_and(is_descendant_path),
            "an absolute schema node identifier, such as /prefix:a/prefix:b",
        ),
        F::DescendantPath => wrong(
            is_descendant_path(text),
            "a descendant schema node identifier, such as a/b",
        ),
        F::AugmentPath => wrong(
            is_descendant_path(text.strip_prefix('/').unwrap_or(text)),
            "a schema node identifier",
        ),
        F::Key => {
            let names: Vec<_> = text.split_ascii_whitespace().collect();
            wrong(
                !names.is_empty() && names.iter().all(|name| is_identifier_ref(name)),
                "names of leafs, separated by spaces",
            )
        }
        F::Unique => {
            let paths: Vec<_> = text.split_ascii_whitespace().collect();
            wrong(
                !paths.is_empty() && paths.iter().all(|path| is_descendant_path(path)),
                "paths of leafs, separated by spaces",
            )
        }
        F::EnumName => wrong(
            !text.is_empty() && text.trim() == text,
            "a name that is not empty and has no white space at its ends",
        ),
        // The expression itself is parsed where features are known.
        F::IfFeature if version == Version::V1 => wrong(
            is_identifier_ref(text),
            "the name of a feature (expressions are allowed since YANG 1.1)",
        ),
        F::IfFeature | F::Expression | F::Uri => {
            wrong(!text.trim().is_empty(), "an argument that is not empty")
        }
    }
}

/// `identifier` or `prefix:identifier`.
pub fn is_identifier_ref(text: &str) -> bool {
    match text.split_once(':') {
        Some((prefix, name)) => is_identifier(prefix) && is_identifier(name),
        None => is_identifier(text),
    }
}

/// A descendant schema node identifier (RFC 7950 6.5).
pub fn is_descendant_path(text: &str) -> bool {
    text.split('/').all(is_identifier_ref)
}

/// `YYYY-MM-DD`, with a month and a day that exist.
pub fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| {
        text.get(range)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse::<u32>().ok())
    };
    bytes.len() == 10
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && number(0..4).is_some()
        && number(5..7).is_some_and(|month| (1..=12).contains(&month))
        && number(8..10).is_some_and(|day| (1..=31).contains(&day))
}

/// `0`, or digits without a leading zero (RFC 7950 14, `non-negative-integer-value`).
fn plain_number(text: &str) -> bool {
    text == "0"
        || !text.starts_with('0') && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn starts_with_xml(text: &str) -> bool {
    text.get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("xml"))
}
