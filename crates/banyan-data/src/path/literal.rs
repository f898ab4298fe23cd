//! Values in quotes, in the predicates of paths and in instance-identifiers.
//!
//! The grammar of RFC 7950 14 and of XPath 1.0 has no escape, so a value with both kinds of quote has no literal. XPath's
//! way out is `concat('it', "'", 's "so"')`: it is written where there is no other, and read wherever a literal is. An
//! expression with it means the same to any XPath evaluator.

use std::borrow::Cow;

/// A value as a literal.
pub fn quoted(text: &str) -> String {
    match (text.contains('\''), text.contains('"')) {
        (false, _) => format!("'{text}'"),
        (true, false) => format!("\"{text}\""),
        (true, true) => {
            let mut out = String::from("concat(");
            for (index, piece) in text.split_inclusive('\'').enumerate() {
                if index > 0 {
                    out.push(',');
                }
                let (plain, apostrophe) = match piece.strip_suffix('\'') {
                    Some(plain) => (plain, true),
                    None => (piece, false),
                };
                match (plain.is_empty(), apostrophe) {
                    (true, _) => out.push_str("\"'\""),
                    (false, true) => out.push_str(&format!("'{plain}',\"'\"")),
                    (false, false) => out.push_str(&format!("'{plain}'")),
                }
            }
            out.push(')');
            out
        }
    }
}

/// The value of the literal that the text begins with, and what is behind it.
///
/// # Errors
/// There is none, or it does not end.
pub fn read(text: &str) -> Result<(Cow<'_, str>, &str), &'static str> {
    let Some(arguments) = text.strip_prefix("concat") else {
        let (literal, rest) = simple(text)?;
        return Ok((Cow::Borrowed(literal), rest));
    };
    let mut rest = blanks(arguments)
        .strip_prefix('(')
        .ok_or("( is missing behind concat")?;
    let mut whole = String::new();
    loop {
        let (literal, after) = simple(blanks(rest))?;
        whole.push_str(literal);
        rest = blanks(after);
        if let Some(after) = rest.strip_prefix(')') {
            return Ok((Cow::Owned(whole), after));
        }
        rest = rest
            .strip_prefix(',')
            .ok_or("a comma or ) is missing in concat()")?;
    }
}

fn blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\r', '\n'])
}

fn simple(text: &str) -> Result<(&str, &str), &'static str> {
    let quote = match text.as_bytes().first() {
        Some(b'\'') => '\'',
        Some(b'"') => '"',
        _ => return Err("a quoted value is missing"),
    };
    text[1..].split_once(quote).ok_or("a quote is not closed")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_quotes_need_concat() {
        assert_eq!(quoted("a"), "'a'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("o'x"), "\"o'x\"");
        assert_eq!(quoted("o''x\"y'"), "concat('o',\"'\",\"'\",'x\"y',\"'\")");
        let spaced = "concat ( 'a' ,\n\"'\" )]";
        assert_eq!(read(spaced), Ok((Cow::Borrowed("a'"), "]")));
        for wrong in [
            "",
            "a",
            "'a",
            "concat",
            "concat()",
            "concat('a'",
            "concat('a' 'b')",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_literal_reads_back(text in "['\"a, )(\\n]{0,8}") {
            let literal = format!("{}] rest", quoted(&text));
            let (read, rest) = read(&literal).unwrap();
            prop_assert_eq!((&*read, rest), (&*text, "] rest"));
        }
    }
}
