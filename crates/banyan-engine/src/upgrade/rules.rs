//! Declarative migration rules: a TOML file of `[[rule]]`, each a step for a range of revisions of a module.
//!
//! ```toml
//! [[rule]]
//! module = "acme-if"
//! from = "2024-01-01"     # data of this revision and newer; may be left out
//! to = "2025-06-01"       # what the rule leads to; without it any change, and the removal
//! at = "/acme-if:interfaces/interface[name='lo']/mtu"
//! rename = "max-mtu"      # or one of: move, delete, default, map, insert
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_data::document::Limits;
use banyan_data::untyped::{Document, KnownModules};
use serde::Deserialize;

use super::action::{self, Action};
use super::migration::{Migrating, Migration, MigrationError, Range};
use super::path::RulePath;

/// Why a file of rules cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct RuleError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    #[serde(default)]
    rule: Vec<toml::Spanned<Written>>,
}

/// A rule as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    module: String,
    from: Option<String>,
    to: Option<String>,
    at: String,
    rename: Option<String>,
    #[serde(rename = "move")]
    to_path: Option<String>,
    delete: Option<bool>,
    default: Option<String>,
    map: Option<BTreeMap<String, String>>,
    insert: Option<String>,
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// `file:line: rename /m:a`.
    name: String,
    range: Range,
    at: RulePath,
    action: Action,
}

/// Reads a file of rules; `file` is its name in messages.
///
/// # Errors
/// It is not TOML, or a rule says nothing, too much or something wrong. The first error is given.
pub fn parse(text: &str, file: &str) -> Result<Vec<Arc<dyn Migration>>, RuleError> {
    let line_of = |offset: usize| 1 + text.get(..offset).unwrap_or("").matches('\n').count();
    let failed = |offset: usize, message: String| RuleError {
        file: file.to_owned(),
        line: line_of(offset),
        message,
    };
    let rules: RuleFile = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        failed(start, error.message().to_owned())
    })?;
    let mut steps: Vec<Arc<dyn Migration>> = Vec::new();
    for written in rules.rule {
        let start = written.span().start;
        let name = format!("{file}:{}", line_of(start));
        let rule = rule(written.into_inner(), name).map_err(|message| failed(start, message))?;
        steps.push(Arc::new(rule));
    }
    Ok(steps)
}

fn rule(written: Written, name: String) -> Result<Rule, String> {
    let module = &written.module;
    let range = Range::new(module, written.from.as_deref(), written.to.as_deref())?;
    let path = |what: &str, text: &str| {
        RulePath::parse(text, module).map_err(|wrong| format!("{what} `{text}`: {wrong}"))
    };
    let at = path("at", &written.at)?;
    let mut actions = Vec::new();
    if let Some(new) = &written.rename {
        let (prefix, local) = match new.split_once(':') {
            Some((module, local)) => (Some(Arc::from(module)), local),
            None => (None, &**new),
        };
        actions.push(Action::Rename {
            module: prefix,
            name: local.into(),
        });
    }
    if let Some(to) = &written.to_path {
        actions.push(Action::Move(path("move", to)?));
    }
    match written.delete {
        Some(true) => actions.push(Action::Delete),
        Some(false) => return Err("`delete = false` says nothing; remove the rule".to_owned()),
        None => {}
    }
    if let Some(value) = written.default {
        actions.push(Action::Default(value));
    }
    if let Some(values) = written.map {
        actions.push(Action::Map(values));
    }
    if let Some(content) = &written.insert {
        // What the prefixes of modules mean is not known here: namespaces, or names of modules in JSON.
        let limits = Limits::default();
        let read = Document::read(content.as_bytes(), KnownModules::default(), &limits)
            .map_err(|error| format!("insert: {error}"))?;
        actions.push(Action::Insert(read.root.children));
    }
    let mut actions = actions.into_iter();
    let one = "give one of rename, move, delete, default, map, insert";
    let Some(action) = actions.next() else {
        return Err(format!("the rule does nothing; {one}"));
    };
    if actions.next().is_some() {
        return Err(format!("the rule does several things; {one}"));
    }
    if at.steps.is_empty() && !matches!(action, Action::Insert(_)) {
        return Err("at `/`: only `insert` can be done there".to_owned());
    }
    Ok(Rule {
        name: format!("{name}: {} {}", action.name(), written.at),
        range,
        at,
        action,
    })
}

impl Migration for Rule {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn range(&self) -> Option<&Range> {
        Some(&self.range)
    }

    fn migrate(&self, data: &mut Migrating<'_>) -> Result<(), MigrationError> {
        action::apply(&self.action, &self.at, data).map_err(|reason| MigrationError {
            step: self.name.clone(),
            reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        parse(text, "r.toml").err().unwrap().to_string()
    }

    #[test]
    fn what_is_wrong_in_a_file_of_rules_is_told_with_its_line() {
        assert_eq!(
            wrong("[[rule]]\nmodule = 'm'\nat = '/a'\n"),
            "r.toml:1: the rule does nothing; give one of rename, move, delete, default, map, insert"
        );
        let two = "\n[[rule]]\nmodule = 'm'\nat = '/a'\ndelete = true\nrename = 'b'\n";
        assert!(wrong(two).starts_with("r.toml:2: the rule does several things"));
        let date = "[[rule]]\nmodule = 'm'\nto = '2020-1-1'\nat = '/a'\ndelete = true\n";
        assert!(wrong(date).contains("`2020-1-1` is no revision"));
        let path = "[[rule]]\nmodule = 'm'\nat = 'a'\ndelete = true\n";
        assert!(wrong(path).contains("at `a`: `/` is missing"));
        let key = "[[rule]]\nmodule = 'm'\nat = '/a'\nremove = true\n";
        assert!(
            wrong(key).starts_with("r.toml:4: unknown field `remove`"),
            "{}",
            wrong(key)
        );
        let insert = "[[rule]]\nmodule = 'm'\nat = '/a'\ninsert = '<b>'\n";
        assert!(wrong(insert).contains("insert: "));
        assert!(parse("", "r.toml").unwrap().is_empty());
    }
}
