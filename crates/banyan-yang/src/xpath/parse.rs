//! From tokens to the syntax tree: recursive descent with operator precedence (XPath 1.0 section 3).

use super::lex::{Kind, Token, tokens};
use super::{
    ArithOp, Axis, CompareOp, Expr, Function, LocationPath, NodeTest, Offset, Step, XPathError,
    XPathProblem,
};
use crate::nearest::nearest;

/// How deep parentheses, predicates and arguments may nest.
pub const MAX_DEPTH: usize = 64;

/// How many operators that lean on a left neighbour of their kind (`a - b - c`, `--a`) one expression may
/// have in all. `or`, `and` and `|` do not count: they make one node, however long.
pub const MAX_CHAIN: usize = 256;

/// Parses an XPath 1.0 expression. Prefixes stay unresolved.
///
/// The height of the result is at most a small multiple of [`MAX_DEPTH`] plus [`MAX_CHAIN`], whatever the
/// text, so it is safe to recurse over it.
///
/// # Errors
/// [`XPathError`] with the byte offset of the first token that does not fit, and what would have.
pub fn parse(text: &str) -> Result<Expr, XPathError> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        text,
        tokens,
        next: 0,
        depth: 0,
        chain: 0,
    };
    let expr = parser.expr()?;
    match parser.peek() {
        Kind::End => Ok(expr),
        _ => Err(parser.unexpected("an operator or the end of the expression")),
    }
}

/// Where `$name` stands first in an expression, in bytes from its beginning.
pub fn variable_offset(text: &str, name: &str) -> Option<usize> {
    let tokens = tokens(text).ok()?;
    let found = tokens
        .iter()
        .find(|token| token.kind == Kind::Variable(name));
    found.map(|token| token.offset)
}

struct Parser<'a> {
    text: &'a str,
    /// Never empty: the last is [`Kind::End`], which is never consumed.
    tokens: Vec<Token<'a>>,
    next: usize,
    depth: usize,
    chain: usize,
}

/// A binary operator with its precedence; a higher number binds tighter.
#[derive(Clone, Copy)]
enum Binary {
    Or,
    And,
    Compare(CompareOp),
    Arith(ArithOp),
}

impl Binary {
    fn of(kind: Kind<'_>) -> Option<Self> {
        Some(match kind {
            Kind::Or => Self::Or,
            Kind::And => Self::And,
            Kind::Equal => Self::Compare(CompareOp::Equal),
            Kind::NotEqual => Self::Compare(CompareOp::NotEqual),
            Kind::Less => Self::Compare(CompareOp::Less),
            Kind::LessOrEqual => Self::Compare(CompareOp::LessOrEqual),
            Kind::Greater => Self::Compare(CompareOp::Greater),
            Kind::GreaterOrEqual => Self::Compare(CompareOp::GreaterOrEqual),
            Kind::Plus => Self::Arith(ArithOp::Add),
            Kind::Minus => Self::Arith(ArithOp::Subtract),
            Kind::Multiply => Self::Arith(ArithOp::Multiply),
            Kind::Div => Self::Arith(ArithOp::Divide),
            Kind::Mod => Self::Arith(ArithOp::Modulo),
            _ => return None,
        })
    }

    fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Compare(CompareOp::Equal | CompareOp::NotEqual) => 3,
            Self::Compare(_) => 4,
            Self::Arith(ArithOp::Add | ArithOp::Subtract) => 5,
            Self::Arith(_) => 6,
        }
    }
}

impl<'a> Parser<'a> {
    fn token(&self) -> Token<'a> {
        self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn peek(&self) -> Kind<'a> {
        self.token().kind
    }

    fn peek_second(&self) -> Kind<'a> {
        self.tokens
            .get(self.next + 1)
            .map_or(Kind::End, |token| token.kind)
    }

    fn advance(&mut self) {
        self.next = (self.next + 1).min(self.tokens.len() - 1);
    }

    fn eat(&mut self, kind: Kind<'_>) -> bool {
        let found = self.peek() == kind;
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, kind: Kind<'_>, expected: &'static str) -> Result<(), XPathError> {
        if self.eat(kind) {
            Ok(())
        } else {
            Err(self.unexpected(expected))
        }
    }

    fn error(&self, problem: XPathProblem) -> XPathError {
        XPathError {
            offset: self.token().offset,
            problem,
        }
    }

    fn unexpected(&self, expected: &'static str) -> XPathError {
        let start = self.token().offset;
        let end = self
            .tokens
            .get(self.next + 1)
            .map_or(start, |token| token.offset);
        let found = match self.peek() {
            Kind::End => "the end".to_owned(),
            _ => format!("'{}'", self.text[start..end].trim_end()),
        };
        self.error(XPathProblem::Unexpected { found, expected })
    }

    /// Runs `parse` one level deeper.
    fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, XPathError>,
    ) -> Result<T, XPathError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(XPathProblem::TooDeep { limit: MAX_DEPTH }));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// Accounts for one operator more that leans on its left neighbour.
    fn link(&mut self) -> Result<(), XPathError> {
        if self.chain == MAX_CHAIN {
            return Err(self.error(XPathProblem::TooDeep { limit: MAX_CHAIN }));
        }
        self.chain += 1;
        Ok(())
    }

    fn expr(&mut self) -> Result<Expr, XPathError> {
        self.nested(|parser| parser.binary(1))
    }

    /// Operators of at least `lowest` precedence, left-associative.
    fn binary(&mut self, lowest: u8) -> Result<Expr, XPathError> {
        let mut left = self.unary()?;
        let mut previous = None;
        while let Some(operator) = Binary::of(self.peek()) {
            let precedence = operator.precedence();
            if precedence < lowest {
                break;
            }
            // Precedence only falls along this loop, so that only operators of one level can pile up.
            if previous.replace(precedence) == Some(precedence) {
                self.link()?;
            }
            left = match operator {
                Binary::Or => Expr::Or(self.operands(left, Kind::Or, precedence)?),
                Binary::And => Expr::And(self.operands(left, Kind::And, precedence)?),
                Binary::Compare(op) => {
                    self.advance();
                    Expr::Compare(op, Box::new(left), Box::new(self.binary(precedence + 1)?))
                }
                Binary::Arith(op) => {
                    self.advance();
                    Expr::Arith(op, Box::new(left), Box::new(self.binary(precedence + 1)?))
                }
            };
        }
        Ok(left)
    }

    /// The operands of `or` or `and`, of which the first has been read.
    fn operands(
        &mut self,
        first: Expr,
        operator: Kind<'_>,
        precedence: u8,
    ) -> Result<Vec<Expr>, XPathError> {
        let mut operands = vec![first];
        while self.eat(operator) {
            operands.push(self.binary(precedence + 1)?);
        }
        operands.shrink_to_fit();
        Ok(operands)
    }

    fn unary(&mut self) -> Result<Expr, XPathError> {
        let mut signs = 0;
        while self.peek() == Kind::Minus {
            if signs > 0 {
                self.link()?;
            }
            self.advance();
            signs += 1;
        }
        let mut expr = self.union()?;
        for _ in 0..signs {
            expr = Expr::Negate(Box::new(expr));
        }
        Ok(expr)
    }

    fn union(&mut self) -> Result<Expr, XPathError> {
        let first = self.path()?;
        if self.peek() != Kind::Pipe {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.eat(Kind::Pipe) {
            operands.push(self.path()?);
        }
        operands.shrink_to_fit();
        Ok(Expr::Union(operands))
    }

    fn path(&mut self) -> Result<Expr, XPathError> {
        if let Some(primary) = self.primary()? {
            return self.filter(primary);
        }
        let mut steps = Vec::new();
        let absolute = match self.peek() {
            Kind::Slash => {
                self.advance();
                if self.begins_step() {
                    self.relative_path(&mut steps)?;
                }
                true
            }
            Kind::SlashSlash => {
                self.advance();
                steps.push(any_depth());
                self.relative_path(&mut steps)?;
                true
            }
            _ => {
                self.relative_path(&mut steps)?;
                false
            }
        };
        Ok(Expr::Path(LocationPath { absolute, steps }))
    }

    /// A primary expression (XPath 1.0 section 3.1), or `None` if a location path stands here.
    fn primary(&mut self) -> Result<Option<Expr>, XPathError> {
        let expr = match self.peek() {
            Kind::Variable(name) => Expr::Variable(name.to_owned()),
            Kind::Literal(text) => Expr::Literal(text.to_owned()),
            Kind::Number(value) => Expr::Number(value),
            Kind::OpenParen => {
                self.advance();
                let inner = self.expr()?;
                self.expect(Kind::CloseParen, "')'")?;
                return Ok(Some(inner));
            }
            Kind::Name { prefix, local }
                if self.peek_second() == Kind::OpenParen && !is_node_type(prefix, local) =>
            {
                return self.call(prefix, local).map(Some);
            }
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(expr))
    }

    fn call(&mut self, prefix: Option<&str>, local: &str) -> Result<Expr, XPathError> {
        let start = self.token().offset;
        let function = match prefix {
            None => Function::named(local),
            Some(_) => None,
        };
        let Some(function) = function else {
            let nearest = nearest(local, Function::all().map(Function::name));
            let name =
                prefix.map_or_else(|| local.to_owned(), |prefix| format!("{prefix}:{local}"));
            return Err(self.error(XPathProblem::UnknownFunction { name, nearest }));
        };
        self.advance();
        self.advance();
        let mut args = Vec::new();
        if self.peek() != Kind::CloseParen {
            args.push(self.expr()?);
            while self.eat(Kind::Comma) {
                args.push(self.expr()?);
            }
            args.shrink_to_fit();
        }
        self.expect(Kind::CloseParen, "',' or ')'")?;
        if !function.accepts(args.len()) {
            let problem = XPathProblem::Arity {
                function,
                given: args.len(),
            };
            return Err(XPathError {
                offset: start,
                problem,
            });
        }
        Ok(Expr::Call {
            function,
            args,
            at: Offset(Some(start)),
        })
    }

    fn filter(&mut self, primary: Expr) -> Result<Expr, XPathError> {
        let predicates = self.predicates()?;
        let mut path = Vec::new();
        if self.eat(Kind::SlashSlash) {
            path.push(any_depth());
            self.relative_path(&mut path)?;
        } else if self.eat(Kind::Slash) {
            self.relative_path(&mut path)?;
        }
        if predicates.is_empty() && path.is_empty() {
            return Ok(primary);
        }
        Ok(Expr::Filter {
            primary: Box::new(primary),
            predicates,
            path,
        })
    }

    fn begins_step(&self) -> bool {
        matches!(
            self.peek(),
            Kind::Dot
                | Kind::DotDot
                | Kind::At
                | Kind::Star
                | Kind::PrefixStar(_)
                | Kind::Name { .. }
        )
    }

    fn relative_path(&mut self, steps: &mut Vec<Step>) -> Result<(), XPathError> {
        loop {
            steps.push(self.step()?);
            if self.eat(Kind::SlashSlash) {
                steps.push(any_depth());
            } else if !self.eat(Kind::Slash) {
                steps.shrink_to_fit();
                return Ok(());
            }
        }
    }

    fn step(&mut self) -> Result<Step, XPathError> {
        let at = Offset(Some(self.token().offset));
        if self.eat(Kind::DotDot) {
            return self.abbreviated(Axis::Parent, at);
        }
        if self.eat(Kind::Dot) {
            return self.abbreviated(Axis::SelfNode, at);
        }
        let axis = if self.eat(Kind::At) {
            Axis::Attribute
        } else if let (
            Kind::Name {
                prefix: None,
                local,
            },
            Kind::ColonColon,
        ) = (self.peek(), self.peek_second())
        {
            let Some(axis) = Axis::named(local) else {
                let nearest = nearest(local, Axis::ALL.map(Axis::name));
                return Err(self.error(XPathProblem::UnknownAxis {
                    name: local.to_owned(),
                    nearest,
                }));
            };
            self.advance();
            self.advance();
            axis
        } else {
            Axis::Child
        };
        let test = self.node_test()?;
        let predicates = self.predicates()?;
        Ok(Step {
            axis,
            test,
            predicates,
            at,
        })
    }

    fn abbreviated(&self, axis: Axis, at: Offset) -> Result<Step, XPathError> {
        // XPath 1.0 section 2.5: `.` and `..` are whole steps, without predicates.
        if self.peek() == Kind::OpenBracket {
            return Err(self.error(XPathProblem::PredicateAfterDot));
        }
        Ok(Step {
            axis,
            test: NodeTest::Node,
            predicates: Vec::new(),
            at,
        })
    }

    fn node_test(&mut self) -> Result<NodeTest, XPathError> {
        let test = match self.peek() {
            Kind::Star => NodeTest::Any,
            Kind::PrefixStar(prefix) => NodeTest::AnyInPrefix(prefix.to_owned()),
            Kind::Name { prefix, local } if self.peek_second() == Kind::OpenParen => {
                if !is_node_type(prefix, local) {
                    return Err(self.unexpected(
                        "a node test (a function call cannot be a step in XPath 1.0)",
                    ));
                }
                return self.node_type(local);
            }
            Kind::Name { prefix, local } => NodeTest::Name {
                prefix: prefix.map(str::to_owned),
                local: local.to_owned(),
            },
            _ => return Err(self.unexpected("a name, '*', '.', '..' or another step of a path")),
        };
        self.advance();
        Ok(test)
    }

    fn node_type(&mut self, name: &str) -> Result<NodeTest, XPathError> {
        self.advance();
        self.advance();
        let test = match name {
            "text" => NodeTest::Text,
            "comment" => NodeTest::Comment,
            "node" => NodeTest::Node,
            _ => {
                let target = match self.peek() {
                    Kind::Literal(target) => {
                        self.advance();
                        Some(target.to_owned())
                    }
                    _ => None,
                };
                NodeTest::ProcessingInstruction(target)
            }
        };
        self.expect(Kind::CloseParen, "')'")?;
        Ok(test)
    }

    fn predicates(&mut self) -> Result<Vec<Expr>, XPathError> {
        let mut predicates = Vec::new();
        while self.eat(Kind::OpenBracket) {
            predicates.push(self.expr()?);
            self.expect(Kind::CloseBracket, "']'")?;
        }
        predicates.shrink_to_fit();
        Ok(predicates)
    }
}

fn any_depth() -> Step {
    Step {
        axis: Axis::DescendantOrSelf,
        test: NodeTest::Node,
        predicates: Vec::new(),
        at: Offset::default(),
    }
}

fn is_node_type(prefix: Option<&str>, local: &str) -> bool {
    prefix.is_none()
        && matches!(
            local,
            "node" | "text" | "comment" | "processing-instruction"
        )
}
