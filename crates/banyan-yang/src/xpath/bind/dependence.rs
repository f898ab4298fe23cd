//! What the value of an expression depends on beside the tree, and so how often it has to be computed.

use super::super::{Expr, Function, Per, Step};

/// What an expression asks of its surroundings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Dependence {
    /// The context node, its position, or the size of its set.
    pub(super) context: bool,
    /// `current()` or a variable: the same all through one evaluation.
    pub(super) evaluation: bool,
}

impl Dependence {
    /// What `expr` asks of the place where it stands.
    pub(super) fn of(expr: &Expr) -> Self {
        match expr {
            Expr::Number(_) | Expr::Literal(_) => Self::default(),
            Expr::Variable(_) => Self::EVALUATION,
            Expr::Path(path) => Self {
                context: !path.absolute,
                ..Self::of_steps(&path.steps)
            },
            Expr::Filter {
                primary,
                predicates,
                path,
            } => Self::of(primary)
                .or(Self::of_predicates(predicates))
                .or(Self::of_steps(path)),
            Expr::Compare(_, left, right) | Expr::Arith(_, left, right) => {
                Self::of(left).or(Self::of(right))
            }
            Expr::Negate(operand) => Self::of(operand),
            Expr::Or(operands) | Expr::And(operands) | Expr::Union(operands) => Self::all(operands),
            Expr::Call { function, args, .. } => match function {
                Function::Position | Function::Last | Function::Lang => Self::CONTEXT,
                Function::Current => Self::EVALUATION,
                _ if args.is_empty() && function.defaults_to_context() => Self::CONTEXT,
                _ => Self::all(args),
            },
        }
    }

    const CONTEXT: Self = Self {
        context: true,
        evaluation: false,
    };

    const EVALUATION: Self = Self {
        context: false,
        evaluation: true,
    };

    fn or(self, other: Self) -> Self {
        Self {
            context: self.context || other.context,
            evaluation: self.evaluation || other.evaluation,
        }
    }

    fn all(exprs: &[Expr]) -> Self {
        let parts = exprs.iter().map(Self::of);
        parts.fold(Self::default(), Self::or)
    }

    /// Predicates have contexts of their own, which are no concern of the place where the path stands.
    fn of_predicates(predicates: &[Expr]) -> Self {
        Self {
            context: false,
            ..Self::all(predicates)
        }
    }

    fn of_steps(steps: &[Step]) -> Self {
        let parts = steps
            .iter()
            .map(|step| Self::of_predicates(&step.predicates));
        parts.fold(Self::default(), Self::or)
    }

    /// How often a value has to be computed; `None` is for each context node.
    pub(super) fn per(self) -> Option<Per> {
        match self {
            Self { context: true, .. } => None,
            Self {
                evaluation: true, ..
            } => Some(Per::Evaluation),
            _ => Some(Per::Tree),
        }
    }
}

/// True if `expr` looks at nodes other than those that are at hand: only then is keeping its value worth a look-up.
pub(super) fn walks(expr: &Expr) -> bool {
    match expr {
        Expr::Number(_) | Expr::Literal(_) | Expr::Variable(_) => false,
        Expr::Path(path) => !path.steps.is_empty(),
        Expr::Filter { .. } => true,
        Expr::Compare(_, left, right) | Expr::Arith(_, left, right) => walks(left) || walks(right),
        Expr::Negate(operand) => walks(operand),
        Expr::Or(operands) | Expr::And(operands) | Expr::Union(operands) => {
            operands.iter().any(walks)
        }
        Expr::Call { function, args, .. } => *function == Function::Deref || args.iter().any(walks),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xpath::parse;

    #[track_caller]
    fn check(per: Option<Per>, texts: &[&str]) {
        for text in texts {
            let expr = parse(text).unwrap();
            assert_eq!(Dependence::of(&expr).per(), per, "{text}");
        }
    }

    #[test]
    fn what_starts_at_the_root_holds_for_the_tree() {
        let texts = [
            "/a/b",
            "count(/a[position() = last()]) + 1",
            "/a[b = string()]",
            "deref(/a/b)/..",
            "(/a | /b)[last()]",
            "'x'",
            "derived-from(/a, 'x')",
        ];
        check(Some(Per::Tree), &texts);
    }

    #[test]
    fn current_and_variables_hold_for_an_evaluation() {
        let texts = [
            "current()/../a",
            "/a[b = current()]/c",
            "/a/b = $v",
            "/a[b[c = $v]]",
            "(/a)[$v]",
        ];
        check(Some(Per::Evaluation), &texts);
    }

    #[test]
    fn the_context_and_its_position_hold_for_themselves_alone() {
        let texts = [
            "a",
            "..",
            "/a = b",
            "position()",
            "last() - 1",
            "string()",
            "count(/a) + position()",
            "lang('en')",
            "(a | /b)/c",
            "deref(.)",
        ];
        check(None, &texts);
    }
}
