//! Features and `if-feature` (RFC 7950 7.20).

use super::context::Compilation;
use super::set::{StatementRef, split_name};
use crate::diagnostic::Diagnostic;
use crate::schema::ModuleId;
use crate::statement::Keyword;

/// What is known of a feature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FeatureState {
    On,
    Off,
    /// Being decided: meeting it again is a cycle.
    Open,
}

/// How deep parentheses and `not` may nest in an expression, and features may depend on each other.
const MAX_DEPTH: usize = 100;

impl Compilation<'_> {
    /// Whether all `if-feature`s of a statement hold.
    pub fn features_hold(&mut self, at: StatementRef) -> bool {
        self.features_hold_within(at, 0)
    }

    fn features_hold_within(&mut self, at: StatementRef, depth: usize) -> bool {
        let set = self.set;
        let mut hold = true;
        for condition in set.children_of(at, Keyword::IfFeature) {
            hold &= self.condition(condition, depth);
        }
        hold
    }

    /// One `if-feature`; an expression with an error counts as false.
    fn condition(&mut self, at: StatementRef, depth: usize) -> bool {
        let text = self.set.argument(at);
        let tokens = tokens(text);
        let mut parser = Parser {
            tokens: &tokens,
            next: 0,
            at,
            depth: 0,
            feature_depth: depth,
            compilation: self,
        };
        let value = parser.disjunction();
        let complete = parser.next == tokens.len();
        match value {
            Some(value) if complete => value,
            _ => {
                let span = self.set.argument_span(at);
                self.report(
                    Diagnostic::error(
                        "invalid-if-feature",
                        span,
                        format!("`{text}` is not an expression over features"),
                    )
                    .help("write names joined by `and`, `or`, `not` and parentheses")
                    .rfc("RFC 7950 7.20.2"),
                );
                false
            }
        }
    }

    fn feature_named(&mut self, at: StatementRef, reference: &str, depth: usize) -> bool {
        let Some(definition) = self.definition(Keyword::Feature, at, reference) else {
            return false;
        };
        let (_, name) = split_name(reference);
        let module = self.set.owner(definition.unit);
        self.feature(module, name, definition, depth)
    }

    /// Whether a feature is on: asked for, and its own conditions hold.
    pub fn feature(
        &mut self,
        module: ModuleId,
        name: &str,
        definition: StatementRef,
        depth: usize,
    ) -> bool {
        let key = (module, self.names.intern(name));
        match self.features.get(&key) {
            Some(FeatureState::On) => return true,
            Some(FeatureState::Off) => return false,
            Some(FeatureState::Open) => {
                self.report_circular_feature(definition, "depends on itself");
                return false;
            }
            None => {}
        }
        if depth > MAX_DEPTH {
            self.report_circular_feature(definition, "depends on too many others");
            return false;
        }
        self.features.insert(key, FeatureState::Open);
        let module_name = &*self.set.module(module).name;
        let asked = self
            .compiler
            .features
            .get(module_name)
            .unwrap_or(&self.compiler.default_features)
            .asks_for(name);
        // The conditions are looked at even if the feature is off, for their errors.
        let on = self.features_hold_within(definition, depth + 1) && asked;
        let state = if on {
            FeatureState::On
        } else {
            FeatureState::Off
        };
        self.features.insert(key, state);
        on
    }

    fn report_circular_feature(&mut self, definition: StatementRef, problem: &str) {
        let message = format!("`{}` {problem}", self.set.describe(definition));
        self.report(
            Diagnostic::error("circular-feature", self.set.span(definition), message)
                .rfc("RFC 7950 7.20.1"),
        );
    }
}

/// Decides every feature of the set, and reports names that were asked for but do not exist.
pub(super) fn decide_all(compilation: &mut Compilation<'_>) {
    for (module, name, definition) in compilation.definitions.all_top(Keyword::Feature) {
        if !definition.dropped {
            let name = compilation.names.text(name).clone();
            compilation.feature(module, &name, definition.at, 0);
        }
    }
    let asked = &compilation.compiler.features;
    for module in compilation.set.module_ids() {
        let entry = compilation.set.module(module);
        let Some(super::Features::Only(names)) = asked.get(&*entry.name) else {
            continue;
        };
        for name in names {
            let known = compilation.names.find(name).is_some_and(|name| {
                compilation
                    .definitions
                    .top(Keyword::Feature, module, name)
                    .is_some()
            });
            if !known {
                let message = format!("module {} has no feature `{name}`", entry.name);
                compilation.report(Diagnostic {
                    severity: crate::diagnostic::Severity::Warning,
                    ..Diagnostic::without_place("unknown-feature", message)
                });
            }
        }
    }
}

fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    for word in text.split_ascii_whitespace() {
        let mut rest = word;
        while let Some(at) = rest.find(['(', ')']) {
            if at > 0 {
                tokens.push(&rest[..at]);
            }
            tokens.push(&rest[at..=at]);
            rest = &rest[at + 1..];
        }
        if !rest.is_empty() {
            tokens.push(rest);
        }
    }
    tokens
}

/// `or` binds less than `and`, and that less than `not`. `None`: not an expression.
struct Parser<'p, 'a> {
    tokens: &'p [&'p str],
    next: usize,
    at: StatementRef,
    depth: usize,
    feature_depth: usize,
    compilation: &'p mut Compilation<'a>,
}

impl Parser<'_, '_> {
    fn take(&mut self, token: &str) -> bool {
        let found = self.tokens.get(self.next) == Some(&token);
        self.next += usize::from(found);
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
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let value = self.bounded_factor();
        self.depth -= 1;
        value
    }

    fn bounded_factor(&mut self) -> Option<bool> {
        if self.take("not") {
            return self.factor().map(|value| !value);
        }
        if self.take("(") {
            let value = self.disjunction()?;
            return self.take(")").then_some(value);
        }
        let name = *self.tokens.get(self.next)?;
        if !crate::grammar::is_identifier_ref(name) || matches!(name, "and" | "or") {
            return None;
        }
        self.next += 1;
        let depth = self.feature_depth;
        Some(self.compilation.feature_named(self.at, name, depth))
    }
}
