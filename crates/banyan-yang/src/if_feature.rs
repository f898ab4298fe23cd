//! `if-feature` expressions as boolean functions of features (RFC 7950 7.20.2): for the compiler, for diagrams, and to
//! compare what two revisions ask for. Must not know which features there are.

use std::collections::BTreeSet;
use std::fmt;

/// How deep an expression may nest, and how many features the comparison of two may have.
const MAX_DEPTH: usize = 100;
const MAX_FEATURES: usize = 12;

/// An expression; features are named as its reader wants them: as written, or as `module:name`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Condition {
    Feature(String),
    Not(Box<Condition>),
    And(Vec<Condition>),
    Or(Vec<Condition>),
}

impl Condition {
    /// Reads an expression; `qualify` says how a feature is named.
    pub fn parse(text: &str, qualify: &dyn Fn(&str) -> String) -> Option<Condition> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let tokens: Vec<&str> = spaced.split_ascii_whitespace().collect();
        let mut parser = Parser {
            tokens: &tokens,
            next: 0,
            qualify,
        };
        let condition = parser.disjunction(0)?;
        (parser.next == tokens.len()).then_some(condition)
    }

    /// Whether it holds if exactly the features that `on` names are on.
    pub fn holds(&self, on: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Condition::Feature(name) => on(name),
            Condition::Not(inner) => !inner.holds(on),
            Condition::And(operands) => operands.iter().all(|operand| operand.holds(on)),
            Condition::Or(operands) => operands.iter().any(|operand| operand.holds(on)),
        }
    }

    fn features<'a>(&'a self, found: &mut BTreeSet<&'a str>) {
        match self {
            Condition::Feature(name) => {
                found.insert(name);
            }
            Condition::Not(inner) => inner.features(found),
            Condition::And(operands) | Condition::Or(operands) => {
                operands.iter().for_each(|operand| operand.features(found));
            }
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, operands: &[Condition], word: &str| {
            for (index, operand) in operands.iter().enumerate() {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                match operand {
                    Condition::And(_) | Condition::Or(_) => write!(f, "({operand})")?,
                    _ => write!(f, "{operand}")?,
                }
            }
            Ok(())
        };
        match self {
            Condition::Feature(name) => f.write_str(name),
            Condition::Not(inner) => match **inner {
                Condition::And(_) | Condition::Or(_) => write!(f, "not ({inner})"),
                _ => write!(f, "not {inner}"),
            },
            Condition::And(operands) => joined(f, operands, "and"),
            Condition::Or(operands) => joined(f, operands, "or"),
        }
    }
}

/// Whether an expression holds when all features are on: not if it asks for the absence of one. What is no expression
/// counts as true, as for `pyang`.
pub(crate) fn can_hold(text: &str) -> bool {
    let condition = Condition::parse(text, &str::to_owned);
    condition.is_none_or(|condition| condition.holds(&|_| true))
}

/// The names of features in what may be an expression.
pub(crate) fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_ascii_whitespace() || matches!(c, '(' | ')'))
        .filter(|word| !matches!(*word, "" | "and" | "or" | "not"))
}

/// Whether all of `weak` hold whenever all of `strong` do; `None` if they have too many features to try.
pub(crate) fn implies(strong: &[Condition], weak: &[Condition]) -> Option<bool> {
    let mut features = BTreeSet::new();
    let all = strong.iter().chain(weak);
    all.for_each(|condition| condition.features(&mut features));
    if features.len() > MAX_FEATURES {
        return None;
    }
    let features: Vec<&str> = features.into_iter().collect();
    let found = (0..1u32 << features.len()).any(|chosen| {
        let on = |name: &str| {
            let place = features.iter().position(|feature| *feature == name);
            place.is_some_and(|place| chosen & (1 << place) != 0)
        };
        strong.iter().all(|condition| condition.holds(&on))
            && !weak.iter().all(|condition| condition.holds(&on))
    });
    Some(!found)
}

struct Parser<'p> {
    tokens: &'p [&'p str],
    next: usize,
    qualify: &'p dyn Fn(&str) -> String,
}

impl Parser<'_> {
    fn take(&mut self, token: &str) -> bool {
        let found = self.tokens.get(self.next) == Some(&token);
        self.next += usize::from(found);
        found
    }

    fn disjunction(&mut self, depth: usize) -> Option<Condition> {
        let mut operands = vec![self.conjunction(depth)?];
        while self.take("or") {
            operands.push(self.conjunction(depth)?);
        }
        Some(single(operands, Condition::Or))
    }

    fn conjunction(&mut self, depth: usize) -> Option<Condition> {
        let mut operands = vec![self.factor(depth)?];
        while self.take("and") {
            operands.push(self.factor(depth)?);
        }
        Some(single(operands, Condition::And))
    }

    fn factor(&mut self, depth: usize) -> Option<Condition> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.take("not") {
            return Some(Condition::Not(Box::new(self.factor(depth + 1)?)));
        }
        if self.take("(") {
            let inner = self.disjunction(depth + 1)?;
            return self.take(")").then_some(inner);
        }
        let name = *self.tokens.get(self.next)?;
        self.next += 1;
        let is_name =
            crate::grammar::is_identifier_ref(name) && !matches!(name, "and" | "or" | "not");
        is_name.then(|| Condition::Feature((self.qualify)(name)))
    }
}

fn single(mut operands: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match operands.len() {
        1 => operands.swap_remove(0),
        _ => join(operands),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(text: &str) -> Condition {
        Condition::parse(text, &|name| format!("m:{name}")).expect("an expression")
    }

    #[test]
    fn an_expression_reads_with_the_precedence_of_the_standard() {
        let text = condition("a or not b and (c or d)").to_string();
        assert_eq!(text, "m:a or (not m:b and (m:c or m:d))");
        assert_eq!(Condition::parse("a b", &str::to_owned), None);
        assert_eq!(Condition::parse("(a", &str::to_owned), None);
    }

    #[test]
    fn implication_is_decided_over_all_features() {
        let case = |strong: &str, weak: &str| implies(&[condition(strong)], &[condition(weak)]);
        assert_eq!(case("a and b", "a"), Some(true));
        assert_eq!(case("a", "a or b"), Some(true));
        assert_eq!(case("a", "b"), Some(false));
        assert_eq!(case("a or b", "a"), Some(false));
        assert_eq!(implies(&[], &[condition("a")]), Some(false));
    }

    #[test]
    fn only_the_absence_of_a_feature_cannot_hold() {
        for text in [
            "a",
            "a and b",
            "not a or b",
            "not (a and not b)",
            "notification",
            "a or not b",
        ] {
            assert!(can_hold(text), "{text}");
        }
        for text in ["not a", "a and not b", "not (a or b)", "not not not a"] {
            assert!(!can_hold(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_counts_as_true() {
        for text in ["not", "not (", "", &"not (".repeat(100_000)] {
            assert!(can_hold(text), "{}", text.len());
        }
    }
}
