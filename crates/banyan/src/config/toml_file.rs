//! Reads `banyan.toml` into settings, each value with its place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use banyan_yang::nearest::nearest;
use toml::de::{DeTable, DeValue};

use super::key::{Key, Kind};
use super::problem::{Origin, Problem, Text};
use super::settings::{Held, Row, Settings, Word};
use super::table::{self, KEYS};

/// Reads one file.
pub fn read(text: &Text, base: &Arc<Path>, settings: &mut Settings) {
    let (document, errors) = DeTable::parse_recoverable(&text.text);
    for error in &errors {
        let origin = text.origin(error.span().map_or(0, |span| span.start));
        let message = format!("this is not TOML: {}", error.message().trim_end());
        settings.problem(Problem::error(origin, message));
    }
    if !errors.is_empty() {
        // What recovery makes of the rest would be reported as wrong values.
        settings.unread = true;
        return;
    }
    let mut reader = Reader {
        text,
        base,
        settings,
    };
    reader.section("", document.get_ref());
}

struct Reader<'a> {
    text: &'a Text,
    base: &'a Arc<Path>,
    settings: &'a mut Settings,
}

impl Reader<'_> {
    fn origin(&self, span: Range<usize>) -> Origin {
        self.text.origin(span.start)
    }

    fn word(&self, text: &str, span: Range<usize>) -> Word {
        Word {
            text: text.to_owned(),
            origin: self.origin(span),
            base: self.base.clone(),
        }
    }

    /// The keys below a dotted prefix, which is empty at the top.
    fn section(&mut self, prefix: &str, table: &DeTable<'_>) {
        // In the order of the text, as a person reads.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name = match prefix {
                "" => key.get_ref().to_string(),
                prefix => format!("{prefix}.{}", key.get_ref()),
            };
            let inside = format!("{name}.");
            if let Some(known) = table::by_name(&name) {
                self.key(known, &name, value.span(), value.get_ref());
            } else if KEYS.iter().any(|key| key.name.starts_with(&inside)) {
                match value.get_ref() {
                    DeValue::Table(table) => self.section(&name, table),
                    _ => {
                        let origin = self.origin(key.span());
                        let problem =
                            Problem::error(origin, format!("{name} is a table, and no value"))
                                .about(&name);
                        self.settings
                            .problem(problem.remedy(format!(
                                "write [{name}], and its keys in the lines below"
                            )));
                    }
                }
            } else {
                let problem = unknown(
                    self.origin(key.span()),
                    &name,
                    KEYS.iter().map(|key| key.name),
                );
                self.settings.problem(problem);
            }
        }
    }

    fn key(&mut self, key: &'static Key, called: &str, span: Range<usize>, value: &DeValue<'_>) {
        if let Some(held) = self.value(key, called, span, value) {
            self.store(key, held);
        }
    }

    /// A later file replaces single values and adds to lists.
    fn store(&mut self, key: &'static Key, held: Held) {
        match (self.settings.held.get_mut(key.name), held) {
            (Some(Held::Many(old)), Held::Many(new)) => old.extend(new),
            (Some(Held::Tables(old)), Held::Tables(new)) => old.extend(new),
            (Some(Held::Named(old)), Held::Named(new)) => old.extend(new),
            (Some(Held::Features(old)), Held::Features(new)) => {
                for (module, words) in new {
                    old.entry(module).or_default().extend(words);
                }
            }
            (_, held) => {
                self.settings.held.insert(key.name, held);
            }
        }
    }

    fn value(
        &mut self,
        key: &Key,
        called: &str,
        span: Range<usize>,
        value: &DeValue<'_>,
    ) -> Option<Held> {
        match &key.kind {
            Kind::List(of) => {
                let DeValue::Array(items) = value else {
                    return self.no_such_type(called, span, "a list in brackets", value);
                };
                let mut words = Vec::new();
                for item in items.iter() {
                    words.extend(self.scalar(of, called, item.span(), item.get_ref()));
                }
                Some(Held::Many(words))
            }
            Kind::Named(of) => {
                let DeValue::Table(names) = value else {
                    return self.no_such_type(called, span, "a table: { name = \"value\" }", value);
                };
                let mut named = BTreeMap::new();
                for (name, value) in names.iter() {
                    let called = format!("{called}.{}", name.get_ref());
                    if let Some(word) = self.scalar(of, &called, value.span(), value.get_ref()) {
                        named.insert(name.get_ref().to_string(), word);
                    }
                }
                Some(Held::Named(named))
            }
            Kind::Features => {
                let DeValue::Table(modules) = value else {
                    return self.no_such_type(
                        called,
                        span,
                        "a table: { module = [\"feature\"] }",
                        value,
                    );
                };
                let mut features = BTreeMap::new();
                for (module, names) in modules.iter() {
                    let called = format!("{called}.{}", module.get_ref());
                    let DeValue::Array(names) = names.get_ref() else {
                        let given = names.get_ref();
                        self.no_such_type::<()>(&called, names.span(), "a list in brackets", given);
                        continue;
                    };
                    let mut words = Vec::new();
                    for name in names.iter() {
                        words.extend(self.scalar(
                            &Kind::Text,
                            &called,
                            name.span(),
                            name.get_ref(),
                        ));
                    }
                    features.insert(module.get_ref().to_string(), words);
                }
                Some(Held::Features(features))
            }
            Kind::Tables(keys) => {
                let DeValue::Array(tables) = value else {
                    return self.no_such_type(
                        called,
                        span,
                        &format!("tables: [[{called}]]"),
                        value,
                    );
                };
                let mut rows = Vec::new();
                for (index, table) in tables.iter().enumerate() {
                    let called = format!("{called}[{index}]");
                    match table.get_ref() {
                        DeValue::Table(entries) => {
                            rows.push((
                                self.origin(table.span()),
                                self.row(keys, &called, entries),
                            ));
                        }
                        other => {
                            self.no_such_type::<()>(&called, table.span(), "a table", other);
                        }
                    }
                }
                Some(Held::Tables(rows))
            }
            kind => self.scalar(kind, called, span, value).map(Held::One),
        }
    }

    fn row(&mut self, keys: &'static [Key], called: &str, entries: &DeTable<'_>) -> Row {
        let mut row = Row::new();
        let mut sorted: Vec<_> = entries.iter().collect();
        sorted.sort_by_key(|(key, _)| key.span().start);
        for (name, value) in sorted {
            let name_text: &str = name.get_ref();
            let full = format!("{called}.{name_text}");
            match keys.iter().find(|key| key.name == name_text) {
                Some(key) => {
                    if let Some(held) = self.value(key, &full, value.span(), value.get_ref()) {
                        row.insert(key.name, held);
                    }
                }
                None => {
                    let mut problem = unknown(
                        self.origin(name.span()),
                        name_text,
                        keys.iter().map(|key| key.name),
                    );
                    problem.message = format!("unknown key `{full}`");
                    problem.key = Some(full);
                    self.settings.problem(problem);
                }
            }
        }
        row
    }

    /// A single value as text, if it is of the kind's TOML type and its value is allowed.
    fn scalar(
        &mut self,
        kind: &Kind,
        called: &str,
        span: Range<usize>,
        value: &DeValue<'_>,
    ) -> Option<Word> {
        let text = match (kind, value) {
            (Kind::Boolean, DeValue::Boolean(value)) => value.to_string(),
            (Kind::Integer { .. }, DeValue::Integer(value)) => {
                match i64::from_str_radix(value.as_str(), value.radix()) {
                    Ok(number) => number.to_string(),
                    // Too large for any kind: the range is told.
                    Err(_) => value.as_str().to_owned(),
                }
            }
            (Kind::Boolean, _) => {
                return self.no_such_type(called, span, "true or false, without quotes", value);
            }
            (Kind::Integer { .. }, _) => {
                return self.no_such_type(called, span, &kind.described(), value);
            }
            (_, DeValue::String(value)) => value.to_string(),
            _ => return self.no_such_type(called, span, "a string in quotes", value),
        };
        let word = self.word(&text, span);
        self.settings.check(called, kind, &word).then_some(word)
    }

    fn no_such_type<T>(
        &mut self,
        called: &str,
        span: Range<usize>,
        wanted: &str,
        value: &DeValue<'_>,
    ) -> Option<T> {
        let given = match value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let problem = Problem::error(
            self.origin(span),
            format!("{called}: {given} is not what it takes"),
        )
        .about(called);
        self.settings.problem(Problem {
            allowed: Some(wanted.to_owned()),
            ..problem
        });
        None
    }
}

/// An unknown key, with the one that may have been meant.
pub fn unknown<'a>(
    origin: Origin,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Problem {
    let problem = Problem::error(origin, format!("unknown key `{name}`")).about(name);
    // The same word in another table is meant more often than a similar one.
    let last = name.rsplit('.').next().unwrap_or(name);
    let same = known
        .clone()
        .find(|key| key.rsplit('.').next() == Some(last));
    match nearest(name, known).or(same) {
        Some(near) => problem.remedy(format!("did you mean `{near}`?")),
        None if name.starts_with("CLICON_") => problem.remedy(match table::by_clixon(name) {
            Some(key) => format!("in banyan.toml it is `{}`; `banyan config convert` translates whole files", key.name),
            None => "names of Clixon belong into a Clixon configuration; `banyan config convert` translates whole files".to_owned(),
        }),
        None => problem.remedy("`banyan config explain --all` lists the keys"),
    }
}
