//! Tokens of an XPath expression (XPath 1.0 section 3.7), with its rules of disambiguation applied:
//! the parser never has to ask whether `*` multiplies or `and` is a name.

use super::{XPathError, XPathProblem};
use crate::xml_names::{continues_name, starts_name};

/// A token and where it begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) offset: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind<'a> {
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    Dot,
    DotDot,
    At,
    Comma,
    ColonColon,
    Slash,
    SlashSlash,
    Pipe,
    Plus,
    Minus,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Multiply,
    And,
    Or,
    Div,
    Mod,
    /// The name test `*`.
    Star,
    /// The name test `prefix:*`.
    PrefixStar(&'a str),
    /// A name, perhaps with a prefix: of a node, a function, an axis or a node type.
    Name {
        prefix: Option<&'a str>,
        local: &'a str,
    },
    /// `$name`, without the dollar sign.
    Variable(&'a str),
    Literal(&'a str),
    Number(f64),
    End,
}

impl Kind<'_> {
    /// True if, after this token, `*` and `and`, `or`, `div`, `mod` are operators: "if there is a preceding
    /// token and the preceding token is not one of @, ::, (, [, , or an Operator".
    fn ends_operand(self) -> bool {
        matches!(
            self,
            Kind::CloseParen
                | Kind::CloseBracket
                | Kind::Dot
                | Kind::DotDot
                | Kind::Star
                | Kind::PrefixStar(_)
                | Kind::Name { .. }
                | Kind::Variable(_)
                | Kind::Literal(_)
                | Kind::Number(_)
        )
    }
}

/// All tokens of `text`, with [`Kind::End`] last.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, XPathError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens: Vec<Token<'_>> = Vec::new();
    loop {
        lexer.skip_space();
        let offset = lexer.at;
        let after_operand = tokens.last().is_some_and(|token| token.kind.ends_operand());
        let kind = lexer.next(after_operand)?;
        tokens.push(Token { kind, offset });
        if kind == Kind::End {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at += self.length_while(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
    }

    fn length_while(&self, accept: impl Fn(char) -> bool) -> usize {
        let rest = self.rest();
        rest.find(|c| !accept(c)).unwrap_or(rest.len())
    }

    fn eat(&mut self, symbol: &str) -> bool {
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        found
    }

    fn next(&mut self, after_operand: bool) -> Result<Kind<'a>, XPathError> {
        let Some(first) = self.rest().chars().next() else {
            return Ok(Kind::End);
        };
        if first == '"' || first == '\'' {
            return self.literal(first);
        }
        let second = self.rest().chars().nth(1);
        if first.is_ascii_digit() || (first == '.' && second.is_some_and(|c| c.is_ascii_digit())) {
            return Ok(self.number());
        }
        if starts_name(first) {
            return Ok(self.name(after_operand));
        }
        if first == '$' {
            return self.variable();
        }
        self.symbol(first, after_operand)
    }

    fn symbol(&mut self, first: char, after_operand: bool) -> Result<Kind<'a>, XPathError> {
        // Longer symbols stand before those that they begin with.
        const SYMBOLS: &[(&str, Kind<'static>)] = &[
            ("::", Kind::ColonColon),
            ("..", Kind::DotDot),
            ("//", Kind::SlashSlash),
            ("!=", Kind::NotEqual),
            ("<=", Kind::LessOrEqual),
            (">=", Kind::GreaterOrEqual),
            ("(", Kind::OpenParen),
            (")", Kind::CloseParen),
            ("[", Kind::OpenBracket),
            ("]", Kind::CloseBracket),
            (".", Kind::Dot),
            ("@", Kind::At),
            (",", Kind::Comma),
            ("/", Kind::Slash),
            ("|", Kind::Pipe),
            ("+", Kind::Plus),
            ("-", Kind::Minus),
            ("=", Kind::Equal),
            ("<", Kind::Less),
            (">", Kind::Greater),
        ];
        if self.eat("*") {
            return Ok(if after_operand {
                Kind::Multiply
            } else {
                Kind::Star
            });
        }
        for &(symbol, kind) in SYMBOLS {
            if self.eat(symbol) {
                return Ok(kind);
            }
        }
        Err(XPathError {
            offset: self.at,
            problem: XPathProblem::Character(first),
        })
    }

    fn literal(&mut self, quote: char) -> Result<Kind<'a>, XPathError> {
        let body = &self.rest()[1..];
        let Some(length) = body.find(quote) else {
            return Err(XPathError {
                offset: self.at,
                problem: XPathProblem::OpenLiteral(quote),
            });
        };
        self.at += length + 2;
        Ok(Kind::Literal(&body[..length]))
    }

    /// `Digits ('.' Digits?)? | '.' Digits`: XPath 1.0 has no exponents.
    fn number(&mut self) -> Kind<'a> {
        let start = self.at;
        self.at += self.length_while(|c| c.is_ascii_digit());
        if self.eat(".") {
            self.at += self.length_while(|c| c.is_ascii_digit());
        }
        // Digits with at most one dot, and at least one digit: always a number to Rust, too.
        Kind::Number(self.text[start..self.at].parse().unwrap_or(f64::NAN))
    }

    fn ncname(&mut self) -> &'a str {
        let start = self.at;
        self.at += self.length_while(continues_name);
        &self.text[start..self.at]
    }

    /// The local part after a prefix, if the next characters are `:` and a name, but not `::`.
    fn after_colon(&mut self) -> Option<&'a str> {
        let local = self.rest().strip_prefix(':')?;
        if !local.starts_with(starts_name) {
            return None;
        }
        self.at += 1;
        Some(self.ncname())
    }

    fn name(&mut self, after_operand: bool) -> Kind<'a> {
        let first = self.ncname();
        if after_operand {
            match first {
                "and" => return Kind::And,
                "or" => return Kind::Or,
                "div" => return Kind::Div,
                "mod" => return Kind::Mod,
                _ => {}
            }
        }
        if let Some(local) = self.after_colon() {
            Kind::Name {
                prefix: Some(first),
                local,
            }
        } else if self.eat(":*") {
            Kind::PrefixStar(first)
        } else {
            Kind::Name {
                prefix: None,
                local: first,
            }
        }
    }

    fn variable(&mut self) -> Result<Kind<'a>, XPathError> {
        let dollar = self.at;
        self.at += 1;
        let start = self.at;
        if !self.rest().starts_with(starts_name) {
            return Err(XPathError {
                offset: dollar,
                problem: XPathProblem::Character('$'),
            });
        }
        self.ncname();
        self.after_colon();
        Ok(Kind::Variable(&self.text[start..self.at]))
    }
}
