//! Features and `if-feature` (RFC 7950 7.20).

use std::collections::HashMap;

use super::context::Compilation;
use super::cycles::{chain, cycles, dependencies_first};
use super::set::{Name, StatementRef, split_name};
use crate::diagnostic::Diagnostic;
use crate::if_feature::{self, Condition};
use crate::schema::ModuleId;
use crate::statement::Keyword;

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
        match Condition::parse(text, &str::to_owned) {
            Some(condition) => {
                // All of them, for their errors.
                let on: HashMap<&str, bool> = if_feature::names(text)
                    .map(|name| (name, self.feature_named(at, name)))
                    .collect();
                if let Some(word) = glued(text) {
                    self.report_glued(at, word);
                }
                condition.holds(&|name| on.get(name).copied().unwrap_or(false))
            }
            None => {
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
                    if_feature::names(set.argument(condition)).filter_map(move |name| {
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

/// An operator without a blank between it and a parenthesis.
fn glued(text: &str) -> Option<&str> {
    text.split_ascii_whitespace().find_map(|word| {
        let mut parts = word.split(['(', ')']);
        let is_operator = |part: &&str| matches!(*part, "and" | "or" | "not");
        (word.contains(['(', ')'])).then(|| parts.find(is_operator))?
    })
}
