//! Words: what the curly-brace form and the `set`-line form are made of, and how values are written as words.
//!
//! A word is bare, or in double quotes with the escapes of JSON strings (RFC 8259 section 7). `()` is the value of
//! type empty where a value must stand, `@module:name` announces an annotation, `#` begins a comment.
//! Must not know what words mean.

use std::borrow::Cow;
use std::fmt::Write as _;

use banyan_yang::schema::{Schema, SchemaId, Type};

use crate::any::AnyData;
use crate::error::ErrorKind;
use crate::input::Broken;
use crate::lexical::{
    self, JsonScalar, JsonTypes, ModuleNames, Style, ValueError, canonical, parse_json,
};
use crate::meta::Definition;
use crate::value::Value;

/// The value of type empty, where there must be a word.
pub(crate) const EMPTY: &str = "()";

/// A word of a document.
#[derive(Clone, Debug)]
pub(crate) struct Word<'a> {
    /// Without quotes and escapes.
    pub(crate) text: Cow<'a, str>,
    pub(crate) quoted: bool,
    pub(crate) offset: usize,
}

impl Word<'_> {
    /// Whether it is the value of type empty.
    fn is_empty_value(&self) -> bool {
        !self.quoted && self.text == EMPTY
    }

    /// The name of the annotation that it announces.
    pub(crate) fn annotation(&self) -> Option<&str> {
        match self.quoted {
            true => None,
            false => self.text.strip_prefix('@'),
        }
    }
}

/// What comes next in a document.
#[derive(Clone, Debug)]
pub(crate) enum Token<'a> {
    Word(Word<'a>),
    /// `{`
    Open,
    /// `}`
    Close,
    /// `[`, alone or before a word.
    ListOpen,
    /// `]`, alone or behind a word.
    ListClose,
    /// `;`
    Semicolon,
    /// A line break, where lines have a meaning.
    Line,
    /// The end of the document.
    End,
}

/// Whether the lines of a document have a meaning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breaks {
    Blank,
    Line,
}

/// Takes a document apart.
pub(crate) struct Scanner<'a> {
    input: &'a str,
    breaks: Breaks,
    at: usize,
    /// Where the last token began.
    offset: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(input: &'a str, breaks: Breaks) -> Self {
        Scanner {
            input,
            breaks,
            at: 0,
            offset: 0,
        }
    }

    /// Where the last token began.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    fn rest(&self) -> &'a str {
        self.input.get(self.at..).unwrap_or_default()
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Result<Token<'a>, Broken> {
        self.pass_blanks();
        self.offset = self.at;
        let Some(first) = self.rest().chars().next() else {
            return Ok(Token::End);
        };
        let token = match first {
            '{' => Token::Open,
            '}' => Token::Close,
            '[' => Token::ListOpen,
            ']' => Token::ListClose,
            ';' => Token::Semicolon,
            '\n' => Token::Line,
            '"' => return self.quoted(),
            _ => return self.bare(),
        };
        self.at += first.len_utf8();
        Ok(token)
    }

    /// Passes over blanks and comments, and over line breaks that mean nothing.
    fn pass_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let is_blank = |character: char| {
                character.is_whitespace() && (character != '\n' || self.breaks == Breaks::Blank)
            };
            let blanks = rest.len() - rest.trim_start_matches(is_blank).len();
            self.at += blanks;
            let rest = self.rest();
            if !rest.starts_with('#') {
                return;
            }
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
    }

    fn bare(&mut self) -> Result<Token<'a>, Broken> {
        let rest = self.rest();
        let mut open = 0usize;
        let end = rest.char_indices().find(|(_, character)| {
            match character {
                '[' => open += 1,
                ']' if open == 0 => return true,
                ']' => open -= 1,
                _ => {}
            }
            ends_word(*character)
        });
        let end = end.map_or(rest.len(), |(at, _)| at);
        let text = rest.get(..end).unwrap_or_default();
        if let Some(wrong) = rest.get(end..).and_then(|after| after.chars().next())
            && (matches!(wrong, '"' | '\\') || (wrong.is_control() && !wrong.is_whitespace()))
        {
            return Err(Broken {
                kind: ErrorKind::Malformed,
                offset: self.at + end,
                message: format!("the character {wrong:?} stands outside of quotes"),
                help: Some("put the word in double quotes; in them write \\\" and \\\\".to_owned()),
            });
        }
        self.at += end;
        Ok(Token::Word(Word {
            text: Cow::Borrowed(text),
            quoted: false,
            offset: self.offset,
        }))
    }

    fn quoted(&mut self) -> Result<Token<'a>, Broken> {
        let start = self.at + 1;
        let inside = self.input.get(start..).unwrap_or_default();
        let mut text = Cow::Borrowed("");
        let mut from = 0;
        let mut characters = inside.char_indices();
        let end = loop {
            match characters.next() {
                None => return Err(self.no_end_quote()),
                Some((_, '\n')) if self.breaks == Breaks::Line => return Err(self.no_end_quote()),
                Some((at, '"')) => break at,
                Some((at, '\\')) => {
                    let text = text.to_mut();
                    text.push_str(&inside[from..at]);
                    text.push(self.escape(start + at, &mut characters)?);
                    from = characters.offset();
                }
                Some(_) => {}
            }
        };
        match &mut text {
            Cow::Borrowed(text) => *text = &inside[..end],
            Cow::Owned(text) => text.push_str(&inside[from..end]),
        }
        self.at = start + end + 1;
        // Nothing may be glued to the quotes but what ends a word.
        match self.rest().chars().next() {
            Some(next) if next == '"' || !(ends_word(next) || next == ']') => Err(Broken {
                kind: ErrorKind::Malformed,
                offset: self.at,
                message: format!("the character {next:?} stands behind a closing quote"),
                help: Some("put a blank between two words; in quotes write \\\"".to_owned()),
            }),
            _ => Ok(Token::Word(Word {
                text,
                quoted: true,
                offset: self.offset,
            })),
        }
    }

    fn no_end_quote(&self) -> Broken {
        Broken {
            kind: ErrorKind::Malformed,
            offset: self.offset,
            message: "the quote that begins here does not end".to_owned(),
            help: Some("close it with \"; a line break in quotes is \\n".to_owned()),
        }
    }

    /// What a backslash at `offset` means with the characters behind it.
    fn escape(
        &self,
        offset: usize,
        characters: &mut std::str::CharIndices<'_>,
    ) -> Result<char, Broken> {
        let wrong = || {
            Broken {
            kind: ErrorKind::Malformed,
            offset,
            message: "a backslash is followed by what is no escape".to_owned(),
            help: Some(
                "write \\\\ for a backslash itself, \\\", \\n, \\r, \\t, or \\u and four hexadecimal digits"
                    .to_owned(),
            ),
        }
        };
        let unit = |characters: &mut std::str::CharIndices<'_>| {
            (0..4).try_fold(0u32, |unit, _| {
                let digit = characters.next()?.1.to_digit(16)?;
                Some(unit * 16 + digit)
            })
        };
        match characters.next().map(|(_, character)| character) {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some(itself @ ('"' | '\\' | '/')) => Ok(itself),
            Some('u') => {
                let first = unit(characters).ok_or_else(wrong)?;
                if !(0xD800..0xDC00).contains(&first) {
                    return char::from_u32(first).ok_or_else(wrong);
                }
                // Characters beyond 16 bits are two escapes, as in JSON.
                let marks = [characters.next(), characters.next()];
                let is_second = matches!(marks, [Some((_, '\\')), Some((_, 'u'))]);
                let second =
                    unit(characters).filter(|it| is_second && (0xDC00..0xE000).contains(it));
                let second = second.ok_or_else(wrong)?;
                char::from_u32(0x10000 + (first - 0xD800) * 0x400 + (second - 0xDC00))
                    .ok_or_else(wrong)
            }
            None => Err(self.no_end_quote()),
            Some(_) => Err(wrong()),
        }
    }
}

/// Whether a bare word ends before this character.
fn ends_word(character: char) -> bool {
    character.is_whitespace() || character.is_control() || "{};\"\\#".contains(character)
}

/// A text as a word: bare where that reads back as the same text, else in quotes.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    let mut open = 0usize;
    let balanced = text.chars().all(|character| {
        match character {
            '[' => open += 1,
            ']' if open == 0 => return false,
            ']' => open -= 1,
            _ => {}
        }
        true
    }) && open == 0;
    let bare = balanced
        && !text.is_empty()
        && text != EMPTY
        && !text.starts_with(['[', '@'])
        && !text.contains(ends_word);
    match bare {
        true => Cow::Borrowed(text),
        false => Cow::Owned(quoted(text)),
    }
}

/// A text in quotes. A quoted word is one line, whatever is in it.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Control characters lie below U+0100. Terminals and editors take the separators for line breaks.
            other
                if other.is_control() || matches!(other, '\u{2028}' | '\u{2029}' | '\u{feff}') =>
            {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(other));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A value of a leaf, leaf-list or key as a word; `None` for the value of type empty.
pub(crate) fn value_word<'v>(
    schema: &'v Schema,
    id: SchemaId,
    value: &'v Value,
) -> Option<Cow<'v, str>> {
    word_of_type(schema, schema.node(id).ty.as_ref()?, value)
}

fn word_of_type<'v>(schema: &'v Schema, ty: &'v Type, value: &'v Value) -> Option<Cow<'v, str>> {
    if matches!(value.innermost(), Value::Empty) {
        return None;
    }
    let text = canonical(schema, ty, value, Style::Json);
    Some(match text {
        Cow::Borrowed(text) => word(text),
        Cow::Owned(text) => Cow::Owned(word(&text).into_owned()),
    })
}

/// An annotation as two words.
pub(crate) fn annotation_words(
    schema: &Schema,
    (definition, value): (Definition<'_>, &Value),
) -> String {
    let (module, name) = &definition.name;
    let value = word_of_type(schema, definition.ty, value);
    format!("@{module}:{name} {}", value.as_deref().unwrap_or(EMPTY))
}

/// The value of an annotation that a word means.
pub(crate) fn annotation_value(
    schema: &Schema,
    definition: &Definition<'_>,
    word: &Word<'_>,
) -> Result<Value, ValueError> {
    let names = definition.names();
    if word.is_empty_value() {
        return empty_value(schema, definition.ty, &names);
    }
    lexical::parse(schema, definition.ty, &word.text, &names)
}

fn empty_value(schema: &Schema, ty: &Type, names: &ModuleNames) -> Result<Value, ValueError> {
    let empty = JsonScalar::EmptyArray;
    parse_json(schema, ty, empty, names, JsonTypes::Strict)
}

/// What is kept verbatim as two words: its format and its text.
pub(crate) fn any_words(any: &AnyData) -> String {
    match any {
        AnyData::Xml(text) => format!("xml {}", quoted(text)),
        AnyData::Json(text) => format!("json {}", quoted(text)),
    }
}

/// The value of the leaf, leaf-list or key `id` that a word means, or its absence.
pub(crate) fn value_of(
    schema: &Schema,
    id: SchemaId,
    word: Option<&Word<'_>>,
) -> Result<Value, ValueError> {
    let definition = schema.node(id);
    let Some(ty) = &definition.ty else {
        return Err(ValueError::new("the node has no type"));
    };
    let names = ModuleNames {
        default: Some(definition.module),
    };
    match word.filter(|word| !word.is_empty_value()) {
        Some(word) => lexical::parse(schema, ty, &word.text, &names),
        None => empty_value(schema, ty, &names).map_err(|_| {
            ValueError::new(format!("{} needs a value", definition.name))
                .with_help("write the value behind the name; the empty string is \"\"")
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Result<Vec<(String, bool)>, String> {
        let mut scanner = Scanner::new(text, Breaks::Line);
        let mut words = Vec::new();
        loop {
            match scanner.next().map_err(|broken| broken.message)? {
                Token::Word(word) => words.push((word.text.into_owned(), word.quoted)),
                Token::End => return Ok(words),
                other => words.push((format!("{other:?}"), false)),
            }
        }
    }

    #[test]
    fn brackets_inside_of_words_belong_to_them() {
        let bare = |text: &str| (text.to_owned(), false);
        assert_eq!(
            words("[a[x]b c]").unwrap(),
            [
                bare("ListOpen"),
                bare("a[x]b"),
                bare("c"),
                bare("ListClose")
            ]
        );
        assert_eq!(
            words("a#b\n# c\nd").unwrap(),
            [bare("a"), bare("Line"), bare("Line"), bare("d")]
        );
        assert_eq!(
            words(r#""a\u00e9\ud83d\ude00""#).unwrap(),
            [("aé😀".to_owned(), true)]
        );
    }

    #[test]
    fn what_is_no_word_is_refused() {
        for text in [
            "\"a",
            "a\"b",
            "\"a\"b",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\u12",
            "a\\b",
            "a\u{1}",
        ] {
            assert!(words(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_word_reads_back_as_its_text(text in "\\PC{0,12}|[\\x00-\\x7f\u{85}\u{2028}]{0,12}|[\\[\\]@()a]{0,6}") {
            let line = format!("{} {}", word(&text), quoted(&text));
            prop_assert!(!line.contains('\n'));
            let read = words(&line).unwrap();
            prop_assert_eq!(read.len(), 2);
            prop_assert_eq!(&read[0].0, &text);
            prop_assert_eq!(&read[1].0, &text);
        }
    }
}
