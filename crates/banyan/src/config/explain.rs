//! What the table says about a key, an option of Clixon or a flag: for a terminal, and as the documentation.

use std::fmt::Write;

use banyan_yang::nearest::nearest;

use super::clixon_file;
use super::key::{Applies, Clixon, Key, Kind};
use super::options::{self, ClixonOption, FLAGS, Fate};
use super::table::{self, KEYS};

/// What is known about a name: a key, a key of a table (`user.keys`), an option, a flag, or the beginning of such a name. `None` if
/// nothing is.
pub fn explained(name: &str) -> Option<String> {
    if let Some(flag) = FLAGS.iter().find(|(flag, _)| *flag == name) {
        return Some(format!(
            "{}\n  clixon_backend's flag; here: {}\n",
            flag.0, flag.1
        ));
    }
    if let Some(key) = table::by_name(name).or_else(|| table::by_clixon(name)) {
        return Some(about(key, key.name));
    }
    let variable = |key: &&Key| table::environment(key).as_deref() == Some(name);
    if let Some(key) = KEYS.iter().find(variable) {
        return Some(about(key, key.name));
    }
    if let Some(key) = in_table(name) {
        return Some(about(key, name));
    }
    if let Some(option) = options::option(name) {
        return Some(about_option(option));
    }
    let keys = KEYS.iter().filter(|key| key.name.starts_with(name));
    let mut lines: Vec<String> = keys
        .map(|key| format!("{:<40} {}", key.name, first_sentence(key.meaning)))
        .collect();
    let upper = name.to_uppercase();
    let mut clixon: Vec<&str> = clixon_file::names()
        .filter(|option| {
            option.starts_with(&upper) || option.trim_start_matches("CLICON_").starts_with(&upper)
        })
        .collect();
    clixon.sort_unstable();
    lines.extend(
        clixon
            .into_iter()
            .map(|option| format!("{option:<40} {}", summary(option))),
    );
    match lines.is_empty() {
        true => None,
        false => Some(format!("{}\n", lines.join("\n"))),
    }
}

/// The name of a key, an option or an environment variable that may have been meant by `name`.
pub fn near(name: &str) -> Option<String> {
    let mut names: Vec<String> = KEYS.iter().filter_map(table::environment).collect();
    names.extend(KEYS.iter().map(|key| key.name.to_owned()));
    names.extend(clixon_file::names().map(str::to_owned));
    nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
}

/// The key `timeout` of `operation.timeout`, or of `operation[].timeout`.
fn in_table(name: &str) -> Option<&'static Key> {
    let (table, name) = name.split_once('.')?;
    match &table::by_name(table.trim_end_matches("[]"))?.kind {
        Kind::Tables(keys) => keys.iter().find(|key| key.name == name),
        _ => None,
    }
}

fn summary(option: &str) -> String {
    match (table::by_clixon(option), options::option(option)) {
        (Some(key), _) => format!("is {}", key.name),
        (None, Some(option)) => fate(option),
        (None, None) => String::new(),
    }
}

fn fate(option: &ClixonOption) -> String {
    match option.fate {
        Fate::NoEffect => "accepted, without effect".to_owned(),
        Fate::Always(value) => format!("always {value}"),
        Fate::Only(value) => format!("only {value} is accepted"),
        Fate::Later => "not supported yet".to_owned(),
        Fate::Obsolete => "obsolete".to_owned(),
    }
}

fn about_option(option: &ClixonOption) -> String {
    format!("{}\n  {}: {}.\n", option.name, fate(option), option.reason)
}

fn first_sentence(text: &str) -> &str {
    text.split_once(". ").map_or(text, |(first, _)| first)
}

fn default_of(key: &Key) -> String {
    match (key.default, key.clixon_default) {
        ("", _) => "none".to_owned(),
        (default, Some(clixon)) => format!("{default}; in a Clixon configuration {clixon}"),
        (default, None) => default.to_owned(),
    }
}

fn applies(key: &Key) -> &'static str {
    match key.applies {
        Applies::Restart => "at the next start",
        Applies::RestartAndCommands => "at the next start; client commands read it each time",
    }
}

fn about(key: &Key, name: &str) -> String {
    let mut out = format!("{name}\n");
    for line in wrapped(key.meaning, 96) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {line}");
    }
    let _ = writeln!(out, "\n  values:      {}", key.kind.described());
    if let Kind::Choice(names) = key.kind.single() {
        for (name, meaning) in *names {
            let _ = writeln!(out, "    {name:<10} {meaning}");
        }
    }
    if let Kind::Tables(keys) = &key.kind {
        for key in *keys {
            let _ = writeln!(out, "    {:<14} {}", key.name, key.meaning);
        }
    } else {
        let _ = writeln!(out, "  default:     {}", default_of(key));
    }
    let (table, _) = name.split_once('.').unwrap_or(("", name));
    match (table, &key.kind) {
        (_, Kind::Tables(_)) | ("", _) => {
            let _ = writeln!(out, "  example:     {}", key.example);
        }
        (table, _) => {
            let _ = writeln!(
                out,
                "  example:     [{table}]\n               {}",
                key.example
            );
        }
    }
    let names = key.clixon.names();
    if !names.is_empty() {
        let _ = writeln!(out, "  Clixon:      {}", names.join(", "));
    }
    if let Some(variable) = table::environment(key).filter(|_| table::by_name(name).is_some()) {
        let _ = writeln!(out, "  environment: {variable}");
    }
    let _ = writeln!(out, "  taken up:    {}", applies(key));
    let _ = writeln!(out, "  since:       {}", key.since);
    out
}

/// Words in lines of at most `width` characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Every key, for a terminal.
pub fn everything() -> String {
    KEYS.iter()
        .map(|key| about(key, key.name))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The page `docs/configuration.md`.
pub fn markdown() -> String {
    let mut out = String::from(include_str!("configuration-head.md"));
    let mut section = "";
    for key in KEYS {
        let (table, _) = key.name.split_once('.').unwrap_or((key.name, ""));
        if table != section {
            let _ = writeln!(out, "\n### {table}");
            section = table;
        }
        markdown_key(&mut out, key);
    }
    out.push_str("\n## Options of Clixon\n\nAll options of Clixon 7.9, and older ones that files may still have.\n");
    out.push_str("\n| option | here | why |\n|---|---|---|\n");
    let mut names: Vec<&str> = clixon_file::names().collect();
    names.sort_unstable();
    for name in names {
        let why = match (
            options::option(name),
            table::by_clixon(name).map(|key| key.clixon),
        ) {
            (Some(option), _) => option.reason,
            (None, Some(Clixon::Debug(_))) => "any bit is `debug`, one of detail `trace`",
            (None, Some(Clixon::Features(_))) => "`module:feature`; `*` stands for all",
            _ => "",
        };
        let what = match table::by_clixon(name) {
            Some(key) => format!("`{}`", key.name),
            None => summary(name),
        };
        let why = why.replace('<', "&lt;");
        let _ = writeln!(out, "| `{name}` | {what} | {why} |");
    }
    out.push_str("\n## Flags of clixon_backend\n\n| flag | `banyan serve` |\n|---|---|\n");
    for (flag, here) in FLAGS {
        let _ = writeln!(out, "| `{flag}` | {} |", here.replace('|', "\\|"));
    }
    out
}

fn markdown_key(out: &mut String, key: &Key) {
    let _ = writeln!(out, "\n#### `{}`\n", key.name);
    for line in wrapped(key.meaning, 116) {
        let _ = writeln!(out, "{}", line.replace('*', "\\*").replace('<', "&lt;"));
    }
    out.push('\n');
    if let Kind::Tables(keys) = &key.kind {
        out.push_str("| key | values | default | |\n|---|---|---|---|\n");
        for key in *keys {
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} |",
                key.name,
                key.kind.described(),
                default_of(key),
                key.meaning
            );
        }
        return;
    }
    match key.kind.single() {
        Kind::Choice(names) => {
            let list = matches!(key.kind, Kind::List(_));
            let _ = writeln!(out, "- values{}:", if list { ", one or more" } else { "" });
            for (name, meaning) in *names {
                let _ = writeln!(out, "  - `{name}`: {meaning}");
            }
        }
        _ => {
            let _ = writeln!(
                out,
                "- values: {}",
                key.kind.described().replace('*', "\\*")
            );
        }
    }
    let _ = writeln!(out, "- default: {}", default_of(key));
    let _ = writeln!(out, "- example: `{}`", key.example);
    let names: Vec<String> = key
        .clixon
        .names()
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    if !names.is_empty() {
        let _ = writeln!(out, "- Clixon: {}", names.join(", "));
    }
    if let Some(variable) = table::environment(key) {
        let _ = writeln!(out, "- environment: `{variable}`");
    }
    let _ = writeln!(out, "- taken up: {}; since {}", applies(key), key.since);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_a_name_of_any_spelling_finds_what_was_meant() {
        for (slip, meant) in [
            ("store.directry", "store.directory"),
            ("CLICON_XMLDB_FORMT", "CLICON_XMLDB_FORMAT"),
            ("BANYAN_LOG_LEVL", "BANYAN_LOG_LEVEL"),
        ] {
            assert_eq!(explained(slip), None, "{slip}");
            assert_eq!(near(slip).as_deref(), Some(meant));
        }
        assert_eq!(near("nothing like it"), None);
    }
}
