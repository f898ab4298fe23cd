//! From text to statements (RFC 7950 6.3), whatever the text.
//!
//! The parser never stops at an error: it reports, repairs and goes on, so that one run shows all that is
//! wrong. It keeps its own stack, so that nesting cannot exhaust the thread's. Must not judge which statement
//! may stand where.

use std::borrow::Cow;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::lex::{Lexer, Token, TokenKind, string_value, value_at};
use crate::nearest::nearest;
use crate::source::{SourceId, SourceMap, Span};
use crate::statement::{Argument, ArgumentValue, Keyword, StatementId, SyntaxTree};

/// How deep statements may nest. Published modules stay below 40.
pub const MAX_DEPTH: usize = 200;

/// Parses a text of `sources`. Errors go to `diagnostics`; statements that cannot be understood are dropped from
/// the tree. Linear in the size of the text.
pub fn parse(sources: &SourceMap, source: SourceId, diagnostics: &mut Diagnostics) -> SyntaxTree {
    let text = sources.shared_text(source).unwrap_or_else(|| Arc::from(""));
    parse_text(source, &text, diagnostics)
}

/// As [`parse`], of a text that is in no map yet.
pub(crate) fn parse_text(
    source: SourceId,
    text: &Arc<str>,
    diagnostics: &mut Diagnostics,
) -> SyntaxTree {
    let mut parser = Parser {
        lexer: Lexer::new(source, text),
        text,
        tree: SyntaxTree::new(source, text.clone()),
        pending: None,
        open: Vec::new(),
    };
    parser.statements();
    let Parser {
        lexer, mut tree, ..
    } = parser;
    tree.complete();
    lexer
        .errors
        .into_iter()
        .for_each(|error| diagnostics.push(error));
    if version(&tree) == Some("1.1") {
        lexer
            .errors_in_1_1
            .into_iter()
            .for_each(|error| diagnostics.push(error));
    }
    tree
}

/// The argument of `yang-version`, if the text has one.
fn version(tree: &SyntaxTree) -> Option<&str> {
    tree.child_argument(tree.root()?, Keyword::YangVersion)
}

/// The value of an argument whose place is known, as with [`crate::schema::SchemaNode::description`]: its quotes
/// are taken off and its lines trimmed (RFC 7950 6.1.3).
pub fn argument_at(sources: &SourceMap, span: Span) -> String {
    value_at(sources.text(span.source), span)
}

/// The argument of the `description` of the statement that begins at a place, if its keyword is the one that is wanted.
pub(crate) fn description_at(
    sources: &SourceMap,
    span: Span,
    keyword: Option<&str>,
) -> Option<String> {
    let text = sources.text(span.source);
    let mut lexer = Lexer::starting_at(span.source, text, span.start as usize);
    let first = string_value(text, &lexer.next_token());
    if keyword.is_some_and(|keyword| first != keyword) {
        return None;
    }
    let (mut depth, mut starts) = (0usize, false);
    loop {
        let token = lexer.next_token();
        let at_start = std::mem::replace(&mut starts, true);
        match token.kind {
            TokenKind::End => return None,
            TokenKind::OpenBrace => depth += 1,
            TokenKind::CloseBrace => depth = depth.saturating_sub(1),
            TokenKind::Semicolon => {}
            _ if at_start && depth == 1 && string_value(text, &token) == "description" => {
                let argument = lexer.next_token();
                let place = Span {
                    end: text.len() as u32,
                    ..argument.span
                };
                return Some(value_at(text, place));
            }
            _ => {
                starts = false;
                continue;
            }
        }
        if depth == 0 {
            return None;
        }
    }
}

/// The statement that begins at a place, with its substatements, as with
/// [`crate::schema::ExtensionInstance::span`]: for those who understand an extension. Its root is the statement.
pub fn statement_at(sources: &SourceMap, span: Span) -> SyntaxTree {
    let text = sources
        .shared_text(span.source)
        .unwrap_or_else(|| Arc::from(""));
    let mut parser = Parser {
        lexer: Lexer::starting_at(span.source, &text, span.start as usize),
        text: &text,
        tree: SyntaxTree::new(span.source, text.clone()),
        pending: None,
        open: Vec::new(),
    };
    let keyword = parser.next();
    if keyword.kind == TokenKind::Unquoted {
        parser.statement(keyword);
        while !parser.open.is_empty() {
            let token = parser.next();
            match token.kind {
                TokenKind::CloseBrace => {
                    parser.open.pop();
                }
                TokenKind::End => break,
                TokenKind::OpenBrace | TokenKind::Semicolon => {}
                _ => parser.statement(token),
            }
        }
    }
    parser.tree
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    text: &'a str,
    tree: SyntaxTree,
    /// A token that was read too early.
    pending: Option<Token>,
    /// Statements whose block is open.
    open: Vec<StatementId>,
}

impl Parser<'_> {
    fn next(&mut self) -> Token {
        self.pending
            .take()
            .unwrap_or_else(|| self.lexer.next_token())
    }

    fn error(&mut self, diagnostic: Diagnostic) {
        self.lexer.report(diagnostic);
    }

    fn statements(&mut self) {
        loop {
            let token = self.next();
            match token.kind {
                TokenKind::End => return self.end(token),
                TokenKind::CloseBrace => {
                    if self.open.pop().is_none() {
                        self.error(
                            Diagnostic::error(
                                "unexpected-brace",
                                token.span,
                                "this `}` closes nothing",
                            )
                            .help("remove it, or look for a `}` too many above")
                            .rfc("RFC 7950 6.3"),
                        );
                    }
                }
                TokenKind::Semicolon => self.error(
                    Diagnostic::error("unexpected-semicolon", token.span, "this `;` ends nothing")
                        .help("a block `{ ... }` is not followed by `;`")
                        .rfc("RFC 7950 6.3"),
                ),
                TokenKind::OpenBrace => {
                    self.error(
                        Diagnostic::error(
                            "unexpected-brace",
                            token.span,
                            "a block without a statement",
                        )
                        .help("a keyword must stand before `{`")
                        .rfc("RFC 7950 6.3"),
                    );
                    let parent = self.open.last().copied();
                    let block = self.tree.add(parent, Keyword::Unknown, token.span, None);
                    self.tree.drop_statement(block);
                    self.open_block(block, token);
                }
                _ => self.statement(token),
            }
        }
    }

    /// Whether the text ends inside of a string or comment: what is missing before the end may stand in there.
    fn is_swallowed(&self) -> bool {
        let mut errors = self.lexer.errors.iter();
        errors.any(|error| matches!(error.code, "unterminated-string" | "unterminated-comment"))
    }

    fn end(&mut self, token: Token) {
        if self.is_swallowed() {
            self.open.clear();
        }
        while let Some(open) = self.open.pop() {
            if !self.open.is_empty() && self.open.len() > 3 {
                continue; // The outermost few tell enough.
            }
            let what = self.tree.describe(open);
            let span = self.tree.span(open);
            self.error(
                Diagnostic::error(
                    "unclosed-block",
                    span,
                    format!("the block of `{what}` is not closed"),
                )
                .related(token.span, "the text ends here")
                .help("add the missing `}`")
                .rfc("RFC 7950 6.3"),
            );
        }
    }

    fn statement(&mut self, keyword: Token) {
        let known = self.keyword(keyword);
        let argument = self.argument(known.is_prose());
        let parent = self.open.last().copied();
        let id = self.tree.add(parent, known, keyword.span, argument);
        if known == Keyword::Unknown {
            self.tree.drop_statement(id);
        }
        let token = self.next();
        match token.kind {
            TokenKind::Semicolon => {}
            TokenKind::OpenBrace => self.open_block(id, token),
            _ => self.missing_end(id, token),
        }
    }

    fn keyword(&mut self, token: Token) -> Keyword {
        let text = self.slice(token.span);
        if token.kind != TokenKind::Unquoted {
            self.error(
                Diagnostic::error(
                    "quoted-keyword",
                    token.span,
                    "a keyword is expected here, not a string",
                )
                .help(
                    "a string can only be the argument of a statement; pieces are joined with `+`",
                )
                .rfc("RFC 7950 6.3"),
            );
            return Keyword::Unknown;
        }
        if let Some(keyword) = Keyword::from_text(text) {
            return keyword;
        }
        if let Some((prefix, name)) = text.split_once(':')
            && is_identifier(prefix)
            && is_identifier(name)
        {
            return Keyword::Extension;
        }
        let mut error = Diagnostic::error(
            "unknown-keyword",
            token.span,
            format!("`{}` is not a YANG statement", shorten(text)),
        )
        .rfc("RFC 7950 6.3");
        error = error.help(
            match nearest(text, Keyword::ALL.iter().map(|keyword| keyword.text())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "remove it; if it is an extension, write its prefix too, `prefix:name`"
                    .to_owned(),
            },
        );
        self.error(error);
        Keyword::Unknown
    }

    /// An argument, if one follows: a string, or quoted strings joined with `+`.
    fn argument(&mut self, is_prose: bool) -> Option<Argument> {
        let first = self.next();
        match first.kind {
            TokenKind::Unquoted => {
                return Some(Argument {
                    span: first.span,
                    value: ArgumentValue::Verbatim(first.span),
                });
            }
            TokenKind::SingleQuoted | TokenKind::DoubleQuoted => {}
            _ => {
                self.pending = Some(first);
                return None;
            }
        }
        let mut value = match is_prose {
            true => Cow::Borrowed(""),
            false => string_value(self.text, &first),
        };
        let mut span = first.span;
        let mut joined = false;
        while self.lexer.take_plus() {
            let next = self.next();
            if !matches!(next.kind, TokenKind::SingleQuoted | TokenKind::DoubleQuoted) {
                // RFC 7950 6.1.3.1
                self.error(
                    Diagnostic::error(
                        "unquoted-concatenation",
                        next.span,
                        "only a quoted string can follow `+`",
                    )
                    .help("put it in quotes")
                    .rfc("RFC 7950 6.1.3.1"),
                );
                if next.kind != TokenKind::Unquoted {
                    self.pending = Some(next);
                    break;
                }
            }
            if !is_prose {
                value.to_mut().push_str(&string_value(self.text, &next));
            }
            span = span.to(next.span);
            joined = true;
        }
        let changes =
            || first.kind == TokenKind::DoubleQuoted && self.slice(span).contains(['\n', '\\']);
        let value = match value {
            _ if is_prose && (joined || changes()) => ArgumentValue::Prose,
            Cow::Borrowed(_) if !joined => ArgumentValue::Verbatim(Span {
                start: span.start + 1,
                end: if first.closed { span.end - 1 } else { span.end },
                ..span
            }),
            value => ArgumentValue::Composed(value.into()),
        };
        Some(Argument { span, value })
    }

    fn open_block(&mut self, id: StatementId, brace: Token) {
        if self.open.len() < MAX_DEPTH {
            self.open.push(id);
            return;
        }
        self.error(
            Diagnostic::error(
                "too-deep",
                brace.span,
                format!("statements are nested more than {MAX_DEPTH} deep; this block is left out"),
            )
            .help("move inner parts to groupings"),
        );
        let mut depth = 1usize;
        while depth > 0 {
            let token = self.next();
            match token.kind {
                TokenKind::OpenBrace => depth += 1,
                TokenKind::CloseBrace => depth -= 1,
                TokenKind::End => {
                    self.pending = Some(token);
                    return;
                }
                _ => {}
            }
        }
    }

    /// Neither `;` nor `{` follows a statement.
    fn missing_end(&mut self, id: StatementId, token: Token) {
        if token.kind == TokenKind::End && self.is_swallowed() {
            self.pending = Some(token);
            return;
        }
        let end = self.tree.span(id).end;
        let what = self.tree.describe(id);
        let place = Span {
            start: end.saturating_sub(1),
            ..self.tree.span(id)
        };
        let mut error = Diagnostic::error(
            "missing-semicolon",
            place,
            format!("`;` or `{{` is missing after `{what}`"),
        )
        .help("end the statement with `;`, or open its block with `{`")
        .rfc("RFC 7950 6.3");
        let rest = self.text.get(end as usize..).unwrap_or("");
        if rest.starts_with("//") || rest.starts_with("/*") {
            error = error.help("a comment starts inside this argument; put it in quotes");
        }
        let same_line = !self
            .text
            .get(end as usize..token.span.start as usize)
            .unwrap_or("")
            .contains('\n');
        let is_string = !matches!(token.kind, TokenKind::CloseBrace | TokenKind::End);
        if is_string && same_line {
            error = error
                .help("an argument with spaces must be in quotes, and its pieces joined with `+`");
        }
        self.error(error);
        if !(is_string && same_line) {
            // Most likely a forgotten `;`: go on as if it were there.
            self.pending = Some(token);
            return;
        }
        // Strings on the same line belong to the argument that was not quoted.
        loop {
            let token = self.next();
            match token.kind {
                TokenKind::Semicolon => return,
                TokenKind::OpenBrace => return self.open_block(id, token),
                TokenKind::CloseBrace | TokenKind::End => {
                    self.pending = Some(token);
                    return;
                }
                _ => {}
            }
        }
    }

    fn slice(&self, span: Span) -> &str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }
}

/// RFC 7950 6.2.
pub fn is_identifier(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes
        .first()
        .is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// A text short enough for a message.
pub fn shorten(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(57).collect();
    short.push_str("...");
    short
}

#[cfg(test)]
mod tests;
