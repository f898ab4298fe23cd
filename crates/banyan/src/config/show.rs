//! Settings as `banyan.toml` and as JSON: what `config show` prints, and one direction of `config convert`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::key::{Key, Kind};
use super::problem::Origin;
use super::settings::{Held, Row, Settings, Word};
use super::table::KEYS;

/// How values are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// What is in force: defaults too, paths absolute, no password hashes.
    Effective {
        /// With the place of each value.
        origins: bool,
    },
    /// What was said, as it was written.
    Written,
}

impl Style {
    fn effective(self) -> bool {
        matches!(self, Style::Effective { .. })
    }

    fn origins(self) -> bool {
        self == Style::Effective { origins: true }
    }
}

/// What a key holds, or its default.
pub fn held(settings: &Settings, key: &Key, style: Style) -> Option<Held> {
    if let Some(held) = settings.held.get(key.name) {
        return Some(held.clone());
    }
    if !style.effective() {
        return None;
    }
    let word = |text: &str| Word {
        text: text.to_owned(),
        origin: Origin::Default,
        base: Arc::from(Path::new("")),
    };
    let in_store = match key.name {
        "netconf.socket" => Some("banyan.sock"),
        "netconf.host-key" => Some("ssh_host_ed25519_key"),
        "log.file" => Some("banyan.log"),
        _ => None,
    };
    if let (Some(name), Some(Held::One(directory))) =
        (in_store, settings.held.get("store.directory"))
    {
        return Some(Held::One(Word {
            text: name.to_owned(),
            origin: Origin::Default,
            base: directory.path().into(),
        }));
    }
    match (&key.kind, settings.default_of(key)) {
        (_, "") => None,
        (Kind::List(_), list) => {
            let items = list.trim_matches(['[', ']']).split(", ");
            Some(Held::Many(
                items.map(|item| word(item.trim_matches('"'))).collect(),
            ))
        }
        (_, default) => Some(Held::One(word(default))),
    }
}

/// A value as text.
fn value(kind: &Kind, word: &Word, style: Style) -> String {
    match kind.single() {
        Kind::Path if style.effective() => word.path().display().to_string(),
        // Who reads a printed configuration need not be able to guess passwords at leisure.
        Kind::PasswordHash if style.effective() => {
            format!("{}...", word.text.get(..3).unwrap_or_default())
        }
        _ => word.text.clone(),
    }
}

/// A value in TOML.
fn toml_value(kind: &Kind, word: &Word, style: Style) -> String {
    let text = value(kind, word, style);
    match kind.single().is_bare() {
        true => text,
        false => toml::Value::String(text).to_string(),
    }
}

fn toml_list(kind: &Kind, words: &[Word], style: Style) -> String {
    let items: Vec<String> = words
        .iter()
        .map(|word| toml_value(kind, word, style))
        .collect();
    format!("[{}]", items.join(", "))
}

fn toml_held(kind: &Kind, held: &Held, style: Style) -> String {
    match held {
        Held::One(word) => toml_value(kind, word, style),
        Held::Many(words) => toml_list(kind, words, style),
        Held::Named(names) => {
            let names = names.iter().map(|(name, word)| {
                let name = toml::Value::String(name.clone());
                format!("{name} = {}", toml_value(kind, word, style))
            });
            format!("{{ {} }}", names.collect::<Vec<_>>().join(", "))
        }
        Held::Features(modules) => {
            let modules = modules.iter().map(|(module, words)| {
                let name = toml::Value::String(module.clone());
                format!("{name} = {}", toml_list(&Kind::Text, words, style))
            });
            format!("{{ {} }}", modules.collect::<Vec<_>>().join(", "))
        }
        Held::Tables(_) => String::new(),
    }
}

/// Where the values of a key are from; of a list, each place once.
fn origin_of(held: &Held) -> String {
    let words: Vec<&Word> = match held {
        Held::One(word) => vec![word],
        Held::Many(words) => words.iter().collect(),
        Held::Named(names) => names.values().collect(),
        Held::Features(modules) => modules.values().flatten().collect(),
        Held::Tables(_) => Vec::new(),
    };
    let mut origins: Vec<String> = words.iter().map(|word| word.origin.to_string()).collect();
    origins.dedup();
    origins.join(", ")
}

/// `banyan.toml`.
pub fn toml_text(settings: &Settings, style: Style) -> String {
    let mut out = String::new();
    let mut section = "";
    for key in KEYS {
        let Some(held) = held(settings, key, style) else {
            continue;
        };
        if let (Kind::Tables(keys), Held::Tables(rows)) = (&key.kind, &held) {
            for (origin, row) in rows {
                tables(&mut out, key.name, keys, origin, row, style);
            }
            continue;
        }
        let (table, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if table != section {
            let blank = if out.is_empty() { "" } else { "\n" };
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{blank}[{table}]");
            section = table;
        }
        let line = format!("{name} = {}", toml_held(&key.kind, &held, style));
        match style.origins() {
            true => {
                let _ = writeln!(out, "{line:<40} # {}", origin_of(&held));
            }
            false => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}

fn tables(out: &mut String, name: &str, keys: &[Key], origin: &Origin, row: &Row, style: Style) {
    let place = match style.origins() {
        true => format!(" # {origin}"),
        false => String::new(),
    };
    let _ = writeln!(out, "\n[[{name}]]{place}");
    for key in keys {
        if let Some(held) = row.get(key.name) {
            let _ = writeln!(out, "{} = {}", key.name, toml_held(&key.kind, held, style));
        }
    }
}

/// JSON: an object with one member per key; with origins, each is an object of value and origin.
pub fn json_text(settings: &Settings, style: Style) -> String {
    let mut object = Map::new();
    for key in KEYS {
        let Some(held) = held(settings, key, style) else {
            continue;
        };
        let mut json = json_held(&key.kind, &held, style);
        if style.origins() && !matches!(key.kind, Kind::Tables(_)) {
            json = Value::Object(Map::from_iter([
                ("value".to_owned(), json),
                ("origin".to_owned(), Value::String(origin_of(&held))),
            ]));
        }
        object.insert(key.name.to_owned(), json);
    }
    let mut text = format!("{:#}", Value::Object(object));
    text.push('\n');
    text
}

fn json_held(kind: &Kind, held: &Held, style: Style) -> Value {
    let one = |word: &Word| {
        let text = value(kind, word, style);
        match kind.single() {
            Kind::Boolean => Value::Bool(text == "true"),
            Kind::Integer { .. } => text.parse::<i64>().map_or(Value::Null, Value::from),
            _ => Value::String(text),
        }
    };
    match held {
        Held::One(word) => one(word),
        Held::Many(words) => words.iter().map(one).collect(),
        Held::Named(names) => {
            let members = names.iter().map(|(name, word)| (name.clone(), one(word)));
            Value::Object(members.collect())
        }
        Held::Features(modules) => {
            let plain: BTreeMap<&String, Vec<&String>> = modules
                .iter()
                .map(|(module, words)| (module, words.iter().map(|word| &word.text).collect()))
                .collect();
            serde_json::to_value(plain).unwrap_or_default()
        }
        Held::Tables(rows) => {
            let Kind::Tables(keys) = kind else {
                return Value::Null;
            };
            let row = |row: &Row| {
                let members = keys.iter().filter_map(|key| {
                    let held = row.get(key.name)?;
                    Some((key.name.to_owned(), json_held(&key.kind, held, style)))
                });
                Value::Object(members.collect())
            };
            rows.iter().map(|(_, it)| row(it)).collect()
        }
    }
}
