//! Conditions with every feature on: what is left of `if-feature` when nothing is known of a device.

/// How deep an expression may nest; deeper ones count as true.
const MAX_DEPTH: usize = 100;

/// Whether an `if-feature` holds when all features are on (RFC 7950 7.20.2): false only if it asks for the absence of
/// one. What is no expression counts as true, as for `pyang`.
pub(super) fn can_hold(text: &str) -> bool {
    if !text.contains("not") {
        return true;
    }
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut tokens = Tokens {
        rest: spaced.split_whitespace().collect(),
        depth: 0,
    };
    tokens.rest.reverse();
    tokens.disjunction().unwrap_or(true)
}

struct Tokens<'t> {
    /// The next one is the last.
    rest: Vec<&'t str>,
    depth: usize,
}

impl Tokens<'_> {
    fn take(&mut self, token: &str) -> bool {
        let found = self.rest.last() == Some(&token);
        if found {
            self.rest.pop();
        }
        found
    }

    fn disjunction(&mut self) -> Option<bool> {
        let mut value = self.conjunction()?;
        while self.take("or") {
            value |= self.conjunction()?;
        }
        Some(value)
    }

    fn conjunction(&mut self) -> Option<bool> {
        let mut value = self.factor()?;
        while self.take("and") {
            value &= self.factor()?;
        }
        Some(value)
    }

    fn factor(&mut self) -> Option<bool> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let value = if self.take("not") {
            !self.factor()?
        } else if self.take("(") {
            let value = self.disjunction()?;
            self.take(")");
            value
        } else {
            self.rest.pop().is_some()
        };
        self.depth -= 1;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::can_hold;

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
