//! Features and `if-feature` (RFC 7950 7.20).

use std::collections::HashMap;

use super::context::Compilation;
use super::cycles::{chain, cycles, dependencies_first};
use super::set::{Name, StatementRef, split_name};
use crate::diagnostic::Diagnostic;
use crate::schema::ModuleId;
use crate::statement::Keyword;

/// How deep parentheses and `not` may nest in an expression.
const MAX_DEPTH: usize = 100;

impl Compilation<'_> {
    /// Whether all `if-feature`s of a statement hold. All are looked at, for their errors.
    pub fn features_hold(&mut self, at: StatementRef) -> bool {
        let set = self.set;
        let mut hold = true;
        for condition in set.children_of(at, Keyword::IfFeature) {
            hold &= self.condition(condition);
        }
        hold
    }

    /// One `if-feature`; an expression with an error counts as false.
    fn condition(&mut self, at: StatementRef) -> bool {
        let text = self.set.argument(at);
        let tokens = tokens(text);
        let mut parser = Parser {
            tokens: &tokens,
            next: 0,
            at,
            depth: 0,
            compilation: self,
        };
        let value = parser.disjunction();
        let complete = parser.next == tokens.len();
        match value {
            Some(value) if complete => {
                if let Some(word) = glued(text) {
                    self.report_glued(at, word);
                }
                value
            }
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

    /// RFC 7950 14, `if-feature-expr`: words and parentheses are apart.
    fn report_glued(&mut self, at: StatementRef, word: &str) {
        let message = format!("`{word}` must be apart from a parenthesis");
        self.report(
            Diagnostic::error("invalid-if-feature", self.set.argument_span(at), message)
                .help("put a space between the two")
                .rfc("RFC 7950 7.20.2"),
        );
    }

    fn feature_named(&mut self, at: StatementRef, reference: &str) -> bool {
        let Some(definition) = self.definition(Keyword::Feature, at, reference) else {
            return false;
        };
        let name = self.names.intern(split_name(reference).1);
        let key = (self.set.owner(definition.unit), name);
        self.features.get(&key).copied().unwrap_or(false)
    }

    /// Whether a feature is asked for.
    fn is_asked_for(&self, module: ModuleId, name: Name) -> bool {
        let asked = self.compiler.features.get(&*self.set.module(module).name);
        asked
            .unwrap_or(&self.compiler.default_features)
            .asks_for(self.names.text(name))
    }
}

/// Decides every feature of the set: it is on if it is asked for and its own conditions hold. Reports names that were
/// asked for but do not exist.
pub(super) fn decide_all(compilation: &mut Compilation<'_>) {
    let all: Vec<_> = compilation
        .definitions
        .all_top(Keyword::Feature)
        .into_iter()
        .filter(|(_, _, definition)| !definition.dropped)
        .map(|(module, name, definition)| ((module, name), definition.at))
        .collect();
    let edges = dependencies(compilation, &all);
    let set = compilation.set;
    for cycle in cycles(&edges) {
        let span = |index: usize| set.span(all[index].1);
        let names = chain(&cycle, |index| set.argument(all[index].1).to_owned());
        let message = format!("features depend on each other: {names}");
        let mut error = Diagnostic::error("circular-feature", span(cycle[0]), message);
        for other in cycle.iter().skip(1).take(5) {
            error = error.related(span(*other), "depends on the next here");
        }
        compilation.report(
            error
                .help("remove one of these `if-feature` statements")
                .rfc("RFC 7950 7.20.1"),
        );
        // Off, and not to be looked at again.
        let last = all[cycle[cycle.len() - 1]].0;
        compilation.features.insert(last, false);
    }
    for index in dependencies_first(&edges) {
        let (key, at) = all[index];
        if !compilation.features.contains_key(&key) {
            // The conditions are looked at even if the feature is off, for their errors.
            let on = compilation.features_hold(at) && compilation.is_asked_for(key.0, key.1);
            compilation.features.insert(key, on);
        }
    }
    report_unknown(compilation);
}

/// By feature: those that its conditions name.
fn dependencies(
    compilation: &Compilation<'_>,
    all: &[((ModuleId, Name), StatementRef)],
) -> Vec<Vec<usize>> {
    let numbers: HashMap<StatementRef, usize> = all
        .iter()
        .enumerate()
        .map(|(number, (_, at))| (*at, number))
        .collect();
    let set = compilation.set;
    all.iter()
        .map(|(_, at)| {
            set.children_of(*at, Keyword::IfFeature)
                .flat_map(|condition| {
                    names_in(set.argument(condition))
                        .into_iter()
                        .filter_map(move |name| {
                            compilation.silently(Keyword::Feature, condition, name)
                        })
                })
                .filter_map(|feature| numbers.get(&feature).copied())
                .collect()
        })
        .collect()
}

fn report_unknown(compilation: &mut Compilation<'_>) {
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
                let known = compilation.definitions.names_of(Keyword::Feature, module);
                let known = known.map(|name| &**compilation.names.text(name));
                let help = match compilation.nearest(name, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "do not ask for it, or load the revision of the module that has it"
                        .to_owned(),
                };
                let warning = Diagnostic {
                    severity: crate::diagnostic::Severity::Warning,
                    ..Diagnostic::without_place("unknown-feature", message)
                };
                compilation.report(warning.help(help).rfc("RFC 7950 7.20.1"));
            }
        }
    }
}

/// The names of features in an expression.
pub(super) fn names_in(text: &str) -> Vec<&str> {
    tokens(text)
        .into_iter()
        .filter(|token| !matches!(*token, "and" | "or" | "not" | "(" | ")"))
        .collect()
}

/// An operator without a blank between it and a parenthesis.
fn glued(text: &str) -> Option<&str> {
    text.split_ascii_whitespace().find_map(|word| {
        let mut parts = word.split(['(', ')']);
        let is_operator = |part: &&str| matches!(*part, "and" | "or" | "not");
        (word.contains(['(', ')'])).then(|| parts.find(is_operator))?
    })
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
        if !crate::grammar::is_identifier_ref(name) || matches!(name, "and" | "or" | "not") {
            return None;
        }
        self.next += 1;
        Some(self.compilation.feature_named(self.at, name))
    }
}
