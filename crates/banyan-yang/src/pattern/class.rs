//! Sets of characters: the multi-character escapes and `\p{...}` (XML Schema part 2, F.1.1).

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use super::blocks::block;
use crate::xml_names::{NAME_FURTHER, NAME_START};

/// The categories of F.1.1, table 1. `Cs` is left out there: XML has no surrogates.
const CATEGORIES: &[&str] = &[
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Z", "Zs", "Zl", "Zp", "S", "Sm", "Sc", "Sk", "So", "C",
    "Cc", "Cf", "Co", "Cn",
];

/// The set of exactly `c`.
pub(super) fn single(c: char) -> ClassUnicode {
    set(&[(c, c)])
}

/// The set of all characters of `ranges`.
pub(super) fn set(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(
        ranges
            .iter()
            .map(|&(low, high)| ClassUnicodeRange::new(low, high)),
    )
}

/// The wildcard `.`: all but the ends of lines.
pub(super) fn wildcard() -> ClassUnicode {
    negated(set(&[('\n', '\n'), ('\r', '\r')]))
}

/// The set behind a multi-character escape: `\s`, `\i`, `\c`, `\d`, `\w` and their complements.
pub(super) fn multi_character(letter: char) -> Option<ClassUnicode> {
    let positive = match letter.to_ascii_lowercase() {
        's' => set(&[('\t', '\n'), ('\r', '\r'), (' ', ' ')]),
        'i' => initial(),
        'c' => {
            let mut name = initial();
            name.union(&set(NAME_FURTHER));
            name
        }
        'd' => category("Nd")?,
        'w' => {
            let mut apart = category("P")?;
            apart.union(&category("Z")?);
            apart.union(&category("C")?);
            negated(apart)
        }
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() {
        negated(positive)
    } else {
        positive
    })
}

/// The set behind `\p{name}`: a category, or a block if the name begins with `Is`.
pub(super) fn property(name: &str) -> Option<ClassUnicode> {
    if let Some(name) = name.strip_prefix("Is") {
        let ranges = block(name);
        return (!ranges.is_empty()).then(|| set(&ranges));
    }
    CATEGORIES.contains(&name).then(|| category(name))?
}

/// The complement.
pub(super) fn negated(mut class: ClassUnicode) -> ClassUnicode {
    class.negate();
    class
}

fn initial() -> ClassUnicode {
    let mut initial = set(NAME_START);
    initial.union(&single(':'));
    initial
}

/// A general category, out of `regex_syntax`'s Unicode tables.
fn category(name: &str) -> Option<ClassUnicode> {
    let hir = regex_syntax::parse(&format!(r"\p{{{name}}}")).ok()?;
    match hir.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        // A category of one character: Zl and Zp.
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0)
            .ok()?
            .chars()
            .next()
            .map(single),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_of_xml_schema_is_known() {
        for name in CATEGORIES {
            assert!(property(name).is_some(), "{name}");
        }
        assert!(property("Cs").is_none() && property("Greek").is_none());
    }

    #[test]
    fn every_escape_letter_has_its_complement() {
        for letter in "sicdw".chars() {
            let positive = multi_character(letter).expect("known");
            let negative = multi_character(letter.to_ascii_uppercase()).expect("known");
            assert_eq!(negated(positive), negative, "\\{letter}");
        }
    }
}
