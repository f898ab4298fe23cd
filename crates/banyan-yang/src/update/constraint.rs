//! Whether one `must` or `when` holds wherever another does, as far as their shape shows it.

use std::sync::Arc;

use crate::schema::{Expression, ModuleId, Schema};
use crate::xpath::{CompareOp, Expr, LocationPath, NodeTest, Step};

/// The syntax tree with module names instead of prefixes, so that two texts compare whatever their prefixes are.
/// Names without prefix stay so if they mean `home`.
pub(super) fn qualified(schema: &Schema, expression: &Expression, home: ModuleId) -> Expr {
    let namer = Namer {
        schema,
        expression,
        home,
    };
    namer.expr(&expression.expr)
}

struct Namer<'a> {
    schema: &'a Schema,
    expression: &'a Expression,
    home: ModuleId,
}

impl Namer<'_> {
    fn expr(&self, expr: &Expr) -> Expr {
        let boxed = |expr: &Expr| Box::new(self.expr(expr));
        match expr {
            Expr::Or(operands) => Expr::Or(self.all(operands)),
            Expr::And(operands) => Expr::And(self.all(operands)),
            Expr::Union(operands) => Expr::Union(self.all(operands)),
            Expr::Compare(op, left, right) => Expr::Compare(*op, boxed(left), boxed(right)),
            Expr::Arith(op, left, right) => Expr::Arith(*op, boxed(left), boxed(right)),
            Expr::Negate(operand) => Expr::Negate(boxed(operand)),
            Expr::Path(path) => Expr::Path(LocationPath {
                absolute: path.absolute,
                steps: self.steps(&path.steps),
            }),
            Expr::Filter {
                primary,
                predicates,
                path,
            } => Expr::Filter {
                primary: boxed(primary),
                predicates: self.all(predicates),
                path: self.steps(path),
            },
            Expr::Literal(text) => Expr::Literal(self.literal(text)),
            Expr::Call { function, args, at } => Expr::Call {
                at: *at,
                function: *function,
                args: self.all(args),
            },
            Expr::Number(_) | Expr::Variable(_) => expr.clone(),
        }
    }

    fn all(&self, exprs: &[Expr]) -> Vec<Expr> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn steps(&self, steps: &[Step]) -> Vec<Step> {
        let step = |step: &Step| Step {
            axis: step.axis,
            test: self.test(&step.test),
            predicates: self.all(&step.predicates),
            at: step.at,
        };
        steps.iter().map(step).collect()
    }

    fn test(&self, test: &NodeTest) -> NodeTest {
        match test {
            NodeTest::Name { prefix, local } => NodeTest::Name {
                prefix: self.module(prefix.as_deref()),
                local: local.clone(),
            },
            NodeTest::AnyInPrefix(prefix) => {
                let name = self.meaning(prefix).map(|name| name.to_string());
                NodeTest::AnyInPrefix(name.unwrap_or_else(|| prefix.clone()))
            }
            _ => test.clone(),
        }
    }

    /// The module's name, unless it is the home of the expression.
    fn module(&self, prefix: Option<&str>) -> Option<String> {
        let module = self.expression.prefixes.module(prefix);
        match module {
            Some(module) if module == self.home => None,
            Some(module) => Some(self.schema.module(module).name.to_string()),
            None => prefix.map(str::to_owned),
        }
    }

    fn meaning(&self, prefix: &str) -> Option<&Arc<str>> {
        let module = self.expression.prefixes.module(Some(prefix))?;
        Some(&self.schema.module(module).name)
    }

    /// A literal may be the name of an identity, and its prefix then has a meaning.
    fn literal(&self, text: &str) -> String {
        let named = text.split_once(':').and_then(|(prefix, local)| {
            let is_name = crate::parse::is_identifier(local);
            let module = self.meaning(prefix).filter(|_| is_name)?;
            Some(format!("{module}:{local}"))
        });
        named.unwrap_or_else(|| text.to_owned())
    }
}

/// True if `weak` can be seen to be true wherever `strong` is. False means: not seen.
pub(super) fn implies(strong: &Expr, weak: &Expr) -> bool {
    if strong == weak {
        return true;
    }
    if let Expr::And(operands) = weak {
        return operands.iter().all(|operand| implies(strong, operand));
    }
    if let Expr::Or(operands) = strong {
        return operands.iter().all(|operand| implies(operand, weak));
    }
    if let Expr::Or(operands) = weak
        && operands.iter().any(|operand| implies(strong, operand))
    {
        return true;
    }
    if let Expr::And(operands) = strong
        && operands.iter().any(|operand| implies(operand, weak))
    {
        return true;
    }
    match (strong, weak) {
        (Expr::Compare(op, left, right), Expr::Compare(weak_op, weak_left, weak_right)) => {
            bounds(*op, left, right)
                .zip(bounds(*weak_op, weak_left, weak_right))
                .is_some_and(|(strong, weak)| bound_implies(strong, weak))
        }
        _ => false,
    }
}

/// A comparison with a number: what is compared, how, with which number.
type Bound<'e> = (&'e Expr, CompareOp, f64);

fn bounds<'e>(op: CompareOp, left: &'e Expr, right: &'e Expr) -> Option<Bound<'e>> {
    match (number(left), number(right)) {
        (None, Some(value)) => Some((left, op, value)),
        (Some(value), None) => Some((right, op.mirrored(), value)),
        _ => None,
    }
}

fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Number(value) => Some(*value),
        Expr::Negate(inner) => number(inner).map(|value| -value),
        _ => None,
    }
}

/// Sound for node-sets too: the node that meets the strong bound meets the weak one.
fn bound_implies((of, op, value): Bound<'_>, (weak_of, weak_op, weak): Bound<'_>) -> bool {
    use CompareOp::*;
    of == weak_of
        && match (op, weak_op) {
            (Greater | GreaterOrEqual | Equal, GreaterOrEqual) => value >= weak,
            (Greater, Greater) => value >= weak,
            (GreaterOrEqual | Equal, Greater) => value > weak,
            (Less | LessOrEqual | Equal, LessOrEqual) => value <= weak,
            (Less, Less) => value <= weak,
            (LessOrEqual | Equal, Less) => value < weak,
            (Equal, NotEqual) => value != weak,
            (Greater, NotEqual) => value >= weak,
            (Less, NotEqual) => value <= weak,
            (GreaterOrEqual, NotEqual) => value > weak,
            (LessOrEqual, NotEqual) => value < weak,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xpath::parse;

    fn seen(strong: &str, weak: &str) -> bool {
        implies(&parse(strong).expect("xpath"), &parse(weak).expect("xpath"))
    }

    #[test]
    fn what_follows_from_the_shape_is_seen() {
        for (strong, weak) in [
            ("a and b", "b"),
            ("a", "a or b"),
            ("a and b", "(b or c) and a"),
            ("a or b", "b or c or a"),
            (". > 5", ". >= 5"),
            (". > 5", ". > 3"),
            ("5 < .", ". != 5"),
            (". = 7", "6 < ."),
            (". <= -2", ". < -1"),
        ] {
            assert!(seen(strong, weak), "{strong} => {weak}");
        }
    }

    #[test]
    fn what_does_not_follow_is_not_claimed() {
        for (strong, weak) in [
            ("a or b", "a"),
            ("a", "a and b"),
            (". >= 5", ". > 5"),
            (". > 3", ". > 5"),
            ("../a > 5", "../b > 3"),
            ("a", "b"),
            ("not(a)", "not(a or b)"),
        ] {
            assert!(!seen(strong, weak), "{strong} => {weak}");
        }
    }
}
