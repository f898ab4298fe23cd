//! Tokens of a YANG text (RFC 7950 6.1).
//!
//! Lives here: white space, comments, quoted and unquoted strings, and the rules that turn a double-quoted
//! string into its value. What is allowed in version 1.0 and forbidden in 1.1 is reported as such, because the
//! version is not known before the whole text is read. Must not know statements.

use std::borrow::Cow;

use crate::diagnostic::{Diagnostic, MAX_FINDINGS};
use crate::source::{SourceId, Span};

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenKind {
    /// `;`
    Semicolon,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// A string without quotes; `+` is one too.
    Unquoted,
    /// `'...'`, without rules of its own.
    SingleQuoted,
    /// `"..."`, with trimming and escapes.
    DoubleQuoted,
    /// The end of the text.
    End,
}

/// A token; for quoted strings the span covers the quotes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is.
    pub span: Span,
    /// Whether a quoted string has its closing quote.
    pub closed: bool,
}

/// Reads tokens; never fails, and always moves on.
pub struct Lexer<'a> {
    text: &'a str,
    source: SourceId,
    at: usize,
    /// Errors of the text.
    pub errors: Vec<Diagnostic>,
    /// What is an error in version 1.1 only.
    pub errors_in_1_1: Vec<Diagnostic>,
}

impl<'a> Lexer<'a> {
    /// A lexer at the start of a text; a byte order mark is skipped.
    pub fn new(source: SourceId, text: &'a str) -> Self {
        Lexer {
            text,
            source,
            at: if text.starts_with('\u{feff}') { 3 } else { 0 },
            errors: Vec::new(),
            errors_in_1_1: Vec::new(),
        }
    }

    /// A lexer in the middle of a text.
    pub(crate) fn starting_at(source: SourceId, text: &'a str, at: usize) -> Self {
        Lexer {
            at: if text.is_char_boundary(at) {
                at
            } else {
                text.len()
            },
            ..Lexer::new(source, text)
        }
    }

    /// The next token, after white space and comments.
    pub fn next_token(&mut self) -> Token {
        self.skip_space();
        let start = self.at;
        let Some(first) = self.text.as_bytes().get(start).copied() else {
            return self.token(TokenKind::End, start);
        };
        match first {
            b';' => self.single(TokenKind::Semicolon),
            b'{' => self.single(TokenKind::OpenBrace),
            b'}' => self.single(TokenKind::CloseBrace),
            b'"' => self.quoted(TokenKind::DoubleQuoted, b'"'),
            b'\'' => self.quoted(TokenKind::SingleQuoted, b'\''),
            _ => self.unquoted(),
        }
    }

    /// Consumes a `+` that comes next. Only after a quoted string is it a token of its own.
    pub fn take_plus(&mut self) -> bool {
        self.skip_space();
        let found = self.text[self.at..].starts_with('+');
        self.at += usize::from(found);
        found
    }

    /// Notes an error of the text. Beyond as many as are kept in the end it is forgotten: a text may have one a byte.
    pub(crate) fn report(&mut self, error: Diagnostic) {
        if self.errors.len() < MAX_FINDINGS {
            self.errors.push(error);
        }
    }

    fn report_in_1_1(&mut self, error: Diagnostic) {
        if self.errors_in_1_1.len() < MAX_FINDINGS {
            self.errors_in_1_1.push(error);
        }
    }

    fn single(&mut self, kind: TokenKind) -> Token {
        let start = self.at;
        self.at += 1;
        self.token(kind, start)
    }

    fn token(&self, kind: TokenKind, start: usize) -> Token {
        Token {
            kind,
            span: self.span(start, self.at),
            closed: true,
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span {
            source: self.source,
            start: start as u32,
            end: end as u32,
        }
    }

    fn skip_space(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
                self.at += 1;
            }
            let rest = &self.text[self.at..];
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if let Some(comment) = rest.strip_prefix("/*") {
                match comment.find("*/") {
                    Some(end) => self.at += end + 4,
                    None => {
                        self.report(
                            Diagnostic::error(
                                "unterminated-comment",
                                self.span(self.at, self.at + 2),
                                "this comment has no end",
                            )
                            .help("close it with `*/`")
                            .rfc("RFC 7950 6.1.1"),
                        );
                        self.at = self.text.len();
                    }
                }
            } else {
                return;
            }
        }
    }

    fn unquoted(&mut self) -> Token {
        let start = self.at;
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' | b'}' => break,
                b'/' if self.at > start && matches!(bytes.get(self.at + 1), Some(b'/' | b'*')) => {
                    break;
                }
                _ => self.at += 1,
            }
        }
        let token = self.token(TokenKind::Unquoted, start);
        let text = &self.text[start..self.at];
        self.check_characters(start, text);
        if let Some(quote) = text.find(['"', '\'']) {
            // RFC 7950 6.1.3; version 1.0 allowed it.
            self.report_in_1_1(
                Diagnostic::error(
                    "quote-in-unquoted-string",
                    self.span(start + quote, start + quote + 1),
                    "an unquoted string must not contain a quote",
                )
                .help("put the whole string in quotes")
                .rfc("RFC 7950 6.1.3"),
            );
        }
        if let Some(end) = text.find("*/") {
            self.report(
                Diagnostic::error(
                    "comment-in-unquoted-string",
                    self.span(start + end, start + end + 2),
                    "an unquoted string must not contain `*/`",
                )
                .help("put the whole string in quotes")
                .rfc("RFC 7950 6.1.3"),
            );
        }
        token
    }

    fn quoted(&mut self, kind: TokenKind, quote: u8) -> Token {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        let mut closed = false;
        while let Some(byte) = bytes.get(self.at).copied() {
            self.at += 1;
            if byte == quote {
                closed = true;
                break;
            }
            // A backslash takes the next character with it, but only in double quotes.
            if byte == b'\\' && quote == b'"' && self.at < bytes.len() {
                self.at += 1;
            }
        }
        // An escape may have stepped into a longer character.
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        let inner_end = if closed { self.at - 1 } else { self.at };
        let inner = &self.text[start + 1..inner_end];
        self.check_characters(start + 1, inner);
        if !closed {
            self.report(
                Diagnostic::error(
                    "unterminated-string",
                    self.span(start, start + 1),
                    "this string has no closing quote",
                )
                .help(match kind {
                    TokenKind::DoubleQuoted => {
                        "add the closing `\"`; a `\"` inside of the string is written `\\\"`"
                    }
                    _ => "add the closing `'`; a string that holds a `'` needs double quotes",
                })
                .rfc("RFC 7950 6.1.3"),
            );
        }
        if kind == TokenKind::DoubleQuoted {
            self.check_escapes(start + 1, inner);
        }
        Token {
            closed,
            ..self.token(kind, start)
        }
    }

    fn check_escapes(&mut self, start: usize, inner: &str) {
        let bytes = inner.as_bytes();
        let mut at = 0;
        while let Some(found) = inner.get(at..).and_then(|rest| rest.find('\\')) {
            at += found;
            if !matches!(bytes.get(at + 1), Some(b'n' | b't' | b'"' | b'\\')) {
                let next = inner[at + 1..].chars().next().map_or(0, char::len_utf8);
                // RFC 7950 6.1.3; version 1.0 leaves the backslash as it is.
                self.report_in_1_1(
                    Diagnostic::error(
                        "unknown-escape",
                        self.span(start + at, start + at + 1 + next),
                        "only \\n, \\t, \\\" and \\\\ may be escaped in double quotes",
                    )
                    .help("use single quotes, where a backslash is an ordinary character, or double it")
                    .rfc("RFC 7950 6.1.3"),
                );
                at += 1 + next;
            } else {
                at += 2;
            }
        }
    }

    /// RFC 7950 14, `yang-char`.
    fn check_characters(&mut self, start: usize, text: &str) {
        let suspicious =
            |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\r' | b'\n') || *byte >= 0xEF;
        if !text.as_bytes().iter().any(suspicious) {
            return;
        }
        for (at, c) in text.char_indices() {
            let forbidden = matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f')
                || matches!(u32::from(c), 0xFDD0..=0xFDEF)
                || u32::from(c) & 0xFFFE == 0xFFFE;
            if forbidden {
                self.report(
                    Diagnostic::error(
                        "forbidden-character",
                        self.span(start + at, start + at + c.len_utf8()),
                        format!(
                            "the character U+{:04X} is not allowed in YANG",
                            u32::from(c)
                        ),
                    )
                    .help("remove it")
                    .rfc("RFC 7950 14 (yang-char)"),
                );
                return;
            }
        }
    }
}

/// Where byte `offset` of an argument's value stands in the text, to the end of its string; `argument` covers all
/// quotes and joins. `None` beyond the end of the value.
pub(crate) fn place_in_value(text: &str, argument: Span, offset: usize) -> Option<Span> {
    let mut lexer = Lexer::starting_at(argument.source, text, argument.start as usize);
    let mut before = 0;
    loop {
        let token = lexer.next_token();
        let value = string_value(text, &token);
        if let Some(within) = offset.checked_sub(before)
            && within < value.len()
        {
            let quote = u32::from(token.kind != TokenKind::Unquoted);
            let start = match value {
                Cow::Borrowed(_) => token.span.start + quote + within as u32,
                Cow::Owned(_) => place_in_string(text, &token, within),
            };
            let end = token.span.end - if token.closed { quote } else { 0 };
            return Some(Span {
                start,
                end,
                ..token.span
            });
        }
        before += value.len();
        if !lexer.take_plus() {
            return None;
        }
    }
}

/// Where byte `within` of the value of a double-quoted string stands: at the end of the longest beginning of the
/// string whose value does not reach that far. A string too long to be searched counts as one place.
fn place_in_string(text: &str, token: &Token, within: usize) -> u32 {
    const SEARCHED: usize = 4096;
    let (start, end) = (token.span.start + 1, token.span.end);
    let inner = text.get(start as usize..end as usize).unwrap_or("");
    if inner.len() > SEARCHED {
        return start;
    }
    let reaches = |character: &(usize, char)| {
        let beginning = Token {
            span: Span {
                end: start + (character.0 + character.1.len_utf8()) as u32,
                ..token.span
            },
            closed: false,
            ..*token
        };
        string_value(text, &beginning).len() > within
    };
    let found = inner.char_indices().find(reaches);
    start + found.map_or(0, |(at, _)| at as u32)
}

/// The value of a string token (RFC 7950 6.1.3). `text` is the whole source; `span` covers the quotes.
/// Borrowed when the text between the quotes is the value already.
pub fn string_value<'a>(text: &'a str, token: &Token) -> Cow<'a, str> {
    let (start, end) = (token.span.start as usize, token.span.end as usize);
    if token.kind == TokenKind::Unquoted {
        return Cow::Borrowed(text.get(start..end).unwrap_or(""));
    }
    let end = if token.closed {
        end.saturating_sub(1)
    } else {
        end
    };
    let inner = text.get(start + 1..end).unwrap_or("");
    if token.kind != TokenKind::DoubleQuoted || !inner.contains(['\n', '\\']) {
        return Cow::Borrowed(inner);
    }
    // Only lines after the first are indented. (Many strings on one long line must not each look back over it.)
    let column = if inner.contains('\n') {
        column_of(text, start)
    } else {
        0
    };
    let mut value = String::with_capacity(inner.len());
    let mut lines = inner.split('\n').enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let carriage_return = lines.peek().is_some() && line.ends_with('\r');
        let mut line = if carriage_return {
            &line[..line.len() - 1]
        } else {
            line
        };
        if lines.peek().is_some() {
            // White space before a line break goes. (An escaped \t is not yet white space.)
            line = line.trim_end_matches([' ', '\t']);
        }
        if number > 0 {
            line = push_indent_rest(&mut value, line, column + 1);
        }
        push_unescaped(&mut value, line);
        if lines.peek().is_some() {
            value.push_str(if carriage_return { "\r\n" } else { "\n" });
        }
    }
    Cow::Owned(value)
}

/// The value of an argument whose place is known: its quotes are taken off, its lines trimmed, its pieces joined
/// (RFC 7950 6.1.3). Linear in its length.
pub(crate) fn value_at(text: &str, argument: Span) -> String {
    let Some(clipped) = text.get(..argument.end as usize) else {
        return String::new();
    };
    let mut lexer = Lexer::starting_at(argument.source, clipped, argument.start as usize);
    let mut value = String::new();
    loop {
        let token = lexer.next_token();
        if token.kind == TokenKind::End {
            return value;
        }
        value.push_str(&string_value(text, &token));
        if !lexer.take_plus() {
            return value;
        }
    }
}

/// The column of a quote, a tab before it being eight wide. Linear in its line.
fn column_of(text: &str, quote: usize) -> usize {
    let line_start = text[..quote].rfind('\n').map_or(0, |at| at + 1);
    text[line_start..quote]
        .chars()
        .map(|c| if c == '\t' { 8 } else { 1 })
        .sum()
}

/// Strips up to `width` columns of leading white space; a tab is eight, and what is left of a tab becomes spaces.
fn push_indent_rest<'a>(value: &mut String, line: &'a str, width: usize) -> &'a str {
    let mut stripped = 0;
    for (at, byte) in line.bytes().enumerate() {
        if stripped >= width {
            return &line[at..];
        }
        match byte {
            b' ' => stripped += 1,
            b'\t' => {
                stripped += 8;
                value.extend(std::iter::repeat_n(' ', stripped.saturating_sub(width)));
            }
            _ => return &line[at..],
        }
    }
    ""
}

fn push_unescaped(value: &mut String, line: &str) {
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        let (replacement, length) = match rest.as_bytes().get(at + 1) {
            Some(b'n') => ("\n", 2),
            Some(b't') => ("\t", 2),
            Some(b'"') => ("\"", 2),
            Some(b'\\') => ("\\", 2),
            // Version 1.0: the backslash stays.
            _ => ("\\", 1),
        };
        value.push_str(replacement);
        rest = &rest[at + length..];
    }
    value.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(
        text: &str,
    ) -> (
        Vec<(TokenKind, String)>,
        Vec<&'static str>,
        Vec<&'static str>,
    ) {
        let mut lexer = Lexer::new(SourceId(0), text);
        let mut tokens = Vec::new();
        loop {
            let token = lexer.next_token();
            if token.kind == TokenKind::End {
                break;
            }
            tokens.push((token.kind, string_value(text, &token).into_owned()));
        }
        let codes = |found: &[Diagnostic]| found.iter().map(|d| d.code).collect();
        (tokens, codes(&lexer.errors), codes(&lexer.errors_in_1_1))
    }

    fn value(text: &str) -> String {
        let (tokens, errors, _) = tokens(text);
        assert_eq!(errors, [""; 0]);
        tokens
            .last()
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    }

    #[test]
    fn comments_and_white_space_separate_tokens() {
        let (found, errors, _) = tokens("a /* x { */ b // c ;\n{d}/**/;");
        let texts: Vec<_> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(
            texts,
            ["a", "b", "{", "d", "}", ";"].map(|t| if t.len() == 1 && "{};".contains(t) {
                ""
            } else {
                t
            })
        );
        assert!(errors.is_empty());
    }

    #[test]
    fn a_comment_sequence_in_quotes_is_text() {
        assert_eq!(value("\"http://a/*b*/\""), "http://a/*b*/");
        assert_eq!(value("'// no comment'"), "// no comment");
    }

    #[test]
    fn single_quotes_keep_everything() {
        assert_eq!(value("'a\\n  \n  b\"'"), "a\\n  \n  b\"");
    }

    #[test]
    fn double_quotes_unescape_four_sequences() {
        assert_eq!(value(r#""a\nb\tc\"d\\e""#), "a\nb\tc\"d\\e");
    }

    #[test]
    fn an_unknown_escape_is_kept_and_reported_for_1_1() {
        let (found, _, in_1_1) = tokens(r#""\d\ø+""#);
        assert_eq!(found[0].1, "\\d\\ø+");
        assert_eq!(in_1_1, ["unknown-escape", "unknown-escape"]);
    }

    #[test]
    fn indentation_up_to_the_quote_is_stripped() {
        // The quote is in column 3, so three columns go.
        assert_eq!(value("x \"a\n   b\n     c\n d\n\ne\""), "a\nb\n  c\nd\n\ne");
    }

    #[test]
    fn a_tab_counts_as_eight_columns() {
        assert_eq!(value("x   \"a\n\tb\""), "a\n   b");
        assert_eq!(value("\t\"a\n\t b\""), "a\nb");
        assert_eq!(value("\t\"a\n\t  b\""), "a\n b");
    }

    #[test]
    fn white_space_before_a_line_break_is_stripped() {
        assert_eq!(value("\"a  \t\n b \""), "a\nb ");
        assert_eq!(value("\"a \r\n b\""), "a\r\nb");
        assert_eq!(value("\"a\\t\n b\""), "a\t\nb");
    }

    #[test]
    fn quotes_inside_an_unquoted_string_are_an_error_in_1_1_only() {
        let (found, errors, in_1_1) = tokens("a\"b ;");
        assert_eq!(found[0].1, "a\"b");
        assert!(errors.is_empty());
        assert_eq!(in_1_1, ["quote-in-unquoted-string"]);
    }

    #[test]
    fn an_unquoted_string_ends_where_a_comment_starts() {
        let (found, ..) = tokens("http://x\n;");
        assert_eq!(found[0].1, "http:");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn what_is_not_closed_is_reported_at_its_start() {
        assert_eq!(tokens("\"abc").1, ["unterminated-string"]);
        assert_eq!(tokens("'abc").1, ["unterminated-string"]);
        assert_eq!(tokens("/* abc").1, ["unterminated-comment"]);
        assert_eq!(tokens("\"a\\").1, ["unterminated-string"]);
    }

    #[test]
    fn control_characters_and_noncharacters_are_reported() {
        assert_eq!(tokens("'a\u{1}'").1, ["forbidden-character"]);
        assert_eq!(tokens("'a\u{fffe}'").1, ["forbidden-character"]);
        assert!(tokens("'a\u{10000}\t'").1.is_empty());
    }
}
