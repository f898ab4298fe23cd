//! Prints a syntax tree as XPath text, abbreviated where XPath has an abbreviation; the text parses to the
//! same tree.

use std::fmt::{self, Display, Formatter, Write};

use super::{ArithOp, Axis, CompareOp, Expr, LocationPath, NodeTest, Step};

const UNARY: u8 = 7;
const UNION: u8 = 8;
const PATH: u8 = 9;
const PRIMARY: u8 = 10;

impl Expr {
    /// How tightly the outermost operator binds; an operand that binds less than its place asks for is put
    /// in parentheses.
    fn precedence(&self) -> u8 {
        match self {
            Self::Or(_) => 1,
            Self::And(_) => 2,
            Self::Compare(op, ..) => compare_precedence(*op),
            Self::Arith(op, ..) => arith_precedence(*op),
            Self::Negate(_) => UNARY,
            Self::Union(_) => UNION,
            // A lone `/` would take a following name or `*` for its first step.
            Self::Path(path) if path.steps.is_empty() => 0,
            Self::Path(_) | Self::Filter { .. } => PATH,
            Self::Number(_) | Self::Literal(_) | Self::Variable(_) | Self::Call { .. } => PRIMARY,
        }
    }
}

fn compare_precedence(op: CompareOp) -> u8 {
    match op {
        CompareOp::Equal | CompareOp::NotEqual => 3,
        _ => 4,
    }
}

fn arith_precedence(op: ArithOp) -> u8 {
    match op {
        ArithOp::Add | ArithOp::Subtract => 5,
        _ => 6,
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(operands) => joined(f, operands, " or ", 2),
            Self::And(operands) => joined(f, operands, " and ", 3),
            Self::Union(operands) => joined(f, operands, " | ", PATH),
            Self::Compare(op, left, right) => {
                infix(f, left, op.symbol(), right, compare_precedence(*op))
            }
            Self::Arith(op, left, right) => {
                infix(f, left, op.symbol(), right, arith_precedence(*op))
            }
            Self::Negate(operand) => {
                f.write_char('-')?;
                operand_at(f, operand, UNARY)
            }
            Self::Path(path) => path.fmt(f),
            Self::Filter {
                primary,
                predicates,
                path,
            } => {
                operand_at(f, primary, PRIMARY)?;
                write_predicates(f, predicates)?;
                write_steps(f, path, true)
            }
            Self::Number(value) => write_number(f, *value),
            Self::Literal(text) => write_literal(f, text),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Call { function, args, .. } => {
                write!(f, "{}(", function.name())?;
                for (position, arg) in args.iter().enumerate() {
                    if position > 0 {
                        f.write_str(", ")?;
                    }
                    arg.fmt(f)?;
                }
                f.write_char(')')
            }
        }
    }
}

fn operand_at(f: &mut Formatter<'_>, operand: &Expr, lowest: u8) -> fmt::Result {
    if operand.precedence() < lowest {
        write!(f, "({operand})")
    } else {
        operand.fmt(f)
    }
}

fn joined(f: &mut Formatter<'_>, operands: &[Expr], operator: &str, lowest: u8) -> fmt::Result {
    for (position, operand) in operands.iter().enumerate() {
        if position > 0 {
            f.write_str(operator)?;
        }
        operand_at(f, operand, lowest)?;
    }
    Ok(())
}

fn infix(
    f: &mut Formatter<'_>,
    left: &Expr,
    symbol: &str,
    right: &Expr,
    precedence: u8,
) -> fmt::Result {
    operand_at(f, left, precedence)?;
    write!(f, " {symbol} ")?;
    operand_at(f, right, precedence + 1)
}

fn write_number(f: &mut Formatter<'_>, value: f64) -> fmt::Result {
    if value.is_infinite() {
        // More digits than a double holds: the only way to write infinity in XPath 1.0.
        write!(f, "1{}", "0".repeat(309))
    } else {
        write!(f, "{value}")
    }
}

fn write_literal(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    if !text.contains('\'') {
        write!(f, "'{text}'")
    } else if !text.contains('"') {
        write!(f, "\"{text}\"")
    } else {
        // XPath 1.0 has no escapes. The parser never makes such a literal, but a program may.
        let pieces: Vec<String> = text.split('\'').map(|piece| format!("'{piece}'")).collect();
        write!(f, "concat({})", pieces.join(", \"'\", "))
    }
}

impl Display for LocationPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.absolute && self.steps.is_empty() {
            return f.write_char('/');
        }
        write_steps(f, &self.steps, self.absolute)
    }
}

/// Writes steps, each after a separator; `lead` tells if the first has one, too.
fn write_steps(f: &mut Formatter<'_>, steps: &[Step], lead: bool) -> fmt::Result {
    let mut separated = !lead;
    for (position, step) in steps.iter().enumerate() {
        let is_last = position + 1 == steps.len();
        let after_separator = position > 0 || lead;
        if after_separator && !is_last && !separated && is_any_depth(step) {
            f.write_str("//")?;
            separated = true;
            continue;
        }
        if !separated {
            f.write_char('/')?;
        }
        step.fmt(f)?;
        separated = false;
    }
    Ok(())
}

fn is_any_depth(step: &Step) -> bool {
    step.axis == Axis::DescendantOrSelf && step.test == NodeTest::Node && step.predicates.is_empty()
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.test == NodeTest::Node && self.predicates.is_empty() {
            match self.axis {
                Axis::Parent => return f.write_str(".."),
                Axis::SelfNode => return f.write_char('.'),
                _ => {}
            }
        }
        match self.axis {
            Axis::Child => {}
            Axis::Attribute => f.write_char('@')?,
            axis => write!(f, "{}::", axis.name())?,
        }
        self.test.fmt(f)?;
        write_predicates(f, &self.predicates)
    }
}

fn write_predicates(f: &mut Formatter<'_>, predicates: &[Expr]) -> fmt::Result {
    predicates
        .iter()
        .try_for_each(|predicate| write!(f, "[{predicate}]"))
}

impl Display for NodeTest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name {
                prefix: Some(prefix),
                local,
            } => write!(f, "{prefix}:{local}"),
            Self::Name {
                prefix: None,
                local,
            } => f.write_str(local),
            Self::Any => f.write_char('*'),
            Self::AnyInPrefix(prefix) => write!(f, "{prefix}:*"),
            Self::Node => f.write_str("node()"),
            Self::Text => f.write_str("text()"),
            Self::Comment => f.write_str("comment()"),
            Self::ProcessingInstruction(None) => f.write_str("processing-instruction()"),
            Self::ProcessingInstruction(Some(target)) => {
                f.write_str("processing-instruction(")?;
                write_literal(f, target)?;
                f.write_char(')')
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::xpath::{Function, Offset, parse};

    fn name() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z][a-z0-9.-]{0,5}",
            Just("and".to_owned()),
            Just("div".to_owned()),
            Just("node".to_owned())
        ]
    }

    fn node_test() -> impl Strategy<Value = NodeTest> {
        prop_oneof![
            4 => (proptest::option::of(name()), name()).prop_map(|(prefix, local)| NodeTest::Name { prefix, local }),
            1 => Just(NodeTest::Any),
            1 => name().prop_map(NodeTest::AnyInPrefix),
            2 => Just(NodeTest::Node),
            1 => Just(NodeTest::Text),
            1 => Just(NodeTest::ProcessingInstruction(Some("x".to_owned()))),
        ]
    }

    fn steps(expr: impl Strategy<Value = Expr>) -> impl Strategy<Value = Vec<Step>> {
        let step = (
            proptest::sample::select(&Axis::ALL[..]),
            node_test(),
            proptest::collection::vec(expr, 0..2),
        )
            .prop_map(|(axis, test, predicates)| Step {
                axis,
                test,
                predicates,
                at: Offset::default(),
            });
        proptest::collection::vec(step, 1..4)
    }

    fn call(function: Function, args: Vec<Expr>) -> Option<Expr> {
        function.accepts(args.len()).then_some(Expr::Call {
            function,
            args,
            at: Offset::default(),
        })
    }

    /// Any tree that the parser can make.
    fn expr() -> impl Strategy<Value = Expr> {
        let functions: Vec<Function> = Function::all().collect();
        let leaf = prop_oneof![
            (0.0..1e12f64).prop_map(Expr::Number),
            (0u32..20).prop_map(|number| Expr::Number(f64::from(number))),
            "[a-z '/]{0,6}".prop_map(Expr::Literal),
            name().prop_map(Expr::Variable),
            Just(Expr::Path(LocationPath {
                absolute: true,
                steps: Vec::new()
            })),
        ];
        leaf.prop_recursive(5, 40, 4, move |inner| {
            let several = proptest::collection::vec(inner.clone(), 2..4);
            let boxed = || inner.clone().prop_map(Box::new);
            let compare = proptest::sample::select(vec![CompareOp::Equal, CompareOp::Less, CompareOp::GreaterOrEqual]);
            let arith = proptest::sample::select(vec![ArithOp::Add, ArithOp::Subtract, ArithOp::Multiply, ArithOp::Divide]);
            prop_oneof![
                1 => several.clone().prop_map(Expr::Or),
                1 => several.clone().prop_map(Expr::And),
                1 => several.prop_map(Expr::Union),
                1 => (compare, boxed(), boxed()).prop_map(|(op, left, right)| Expr::Compare(op, left, right)),
                1 => (arith, boxed(), boxed()).prop_map(|(op, left, right)| Expr::Arith(op, left, right)),
                1 => boxed().prop_map(Expr::Negate),
                3 => (any::<bool>(), steps(inner.clone()))
                    .prop_map(|(absolute, steps)| Expr::Path(LocationPath { absolute, steps })),
                2 => (boxed(), proptest::collection::vec(inner.clone(), 1..3), proptest::option::of(steps(inner.clone())))
                    .prop_map(|(primary, predicates, path)| Expr::Filter {
                        primary,
                        predicates,
                        path: path.unwrap_or_default(),
                    }),
                1 => (proptest::sample::select(functions.clone()), proptest::collection::vec(inner, 0..4))
                    .prop_filter_map("arity", |(function, args)| call(function, args)),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_printed_tree_parses_to_itself(tree in expr()) {
            let text = tree.to_string();
            prop_assert_eq!(parse(&text), Ok(tree), "{}", text);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_soup_of_tokens_makes_the_parser_panic(
            tokens in proptest::collection::vec(proptest::sample::select(vec![
                "a", "b:c", "/", "//", "..", ".", "[", "]", "(", ")", "*", "and", "or", "-", "=", "'s'", "1", "|",
                "::", "self", "count", "text", ",", "$v", "@", " ",
            ]), 0..30)
        ) {
            if let Ok(tree) = parse(&tokens.concat()) {
                prop_assert_eq!(parse(&tree.to_string()), Ok(tree));
            }
        }
    }

    #[test]
    fn a_literal_with_both_quotes_prints_as_a_concatenation() {
        let literal = Expr::Literal("a'b\"c".to_owned());
        assert_eq!(literal.to_string(), r#"concat('a', "'", 'b"c')"#);
    }
}
