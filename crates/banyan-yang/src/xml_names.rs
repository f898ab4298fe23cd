//! Which characters may stand in an XML name (XML 1.0, section 2.3).
//!
//! Both the XPath lexer and the translation of XSD patterns (`\i`, `\c`) need this, so it lives beside
//! them. Nothing else of XML belongs here.

/// The ranges of `NameStartChar` (XML 1.0 [4]) without the colon, sorted.
pub(crate) const NAME_START: &[(char, char)] = &[
    ('A', 'Z'),
    ('_', '_'),
    ('a', 'z'),
    ('\u{C0}', '\u{D6}'),
    ('\u{D8}', '\u{F6}'),
    ('\u{F8}', '\u{2FF}'),
    ('\u{370}', '\u{37D}'),
    ('\u{37F}', '\u{1FFF}'),
    ('\u{200C}', '\u{200D}'),
    ('\u{2070}', '\u{218F}'),
    ('\u{2C00}', '\u{2FEF}'),
    ('\u{3001}', '\u{D7FF}'),
    ('\u{F900}', '\u{FDCF}'),
    ('\u{FDF0}', '\u{FFFD}'),
    ('\u{10000}', '\u{EFFFF}'),
];

/// What `NameChar` (XML 1.0 [4a]) allows beside [`NAME_START`], sorted.
pub(crate) const NAME_FURTHER: &[(char, char)] = &[
    ('-', '.'),
    ('0', '9'),
    ('\u{B7}', '\u{B7}'),
    ('\u{300}', '\u{36F}'),
    ('\u{203F}', '\u{2040}'),
];

/// True if an `NCName` (a name without colon) may begin with `c`.
pub(crate) fn starts_name(c: char) -> bool {
    holds(NAME_START, c)
}

/// True if `c` may stand in an `NCName` after its first character.
pub(crate) fn continues_name(c: char) -> bool {
    holds(NAME_START, c) || holds(NAME_FURTHER, c)
}

fn holds(ranges: &[(char, char)], c: char) -> bool {
    ranges
        .binary_search_by(|&(low, high)| {
            if high < c {
                std::cmp::Ordering::Less
            } else if low > c {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            }
        })
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_with_letters_and_go_on_with_digits_dots_and_hyphens() {
        assert!(starts_name('a') && starts_name('_') && starts_name('é'));
        assert!(!starts_name('-') && !starts_name('1') && !starts_name(':'));
        assert!(continues_name('-') && continues_name('.') && continues_name('9'));
        assert!(!continues_name(' ') && !continues_name('/') && !continues_name(':'));
    }
}
