//! Settings in the other language: Clixon XML from `banyan.toml`, and back, with comments on what has no counterpart.

use std::fmt::Write;

use super::key::{Clixon, Key, Kind};
use super::settings::{Dialect, Held, Settings, Word};
use super::show::{Style, held, toml_text};
use super::table::KEYS;

/// The same configuration in the other language.
pub fn converted(settings: &Settings) -> String {
    match settings.dialect {
        Dialect::Toml => xml_text(settings, Style::Written),
        Dialect::Clixon => to_toml(settings),
    }
}

fn to_toml(settings: &Settings) -> String {
    let said = Settings {
        held: settings.held.clone(),
        ..Settings::default()
    };
    let mut said = said;
    // What differs between the defaults of the two must be said.
    said_as(&mut said, settings, "access.mode");
    if said.held.contains_key("yang.path") {
        said_as(&mut said, settings, "yang.search");
    }
    if said.held.contains_key("process.user") {
        said_as(&mut said, settings, "process.privileges");
    }
    if let Some(key) = super::table::by_name("yang.features") {
        let all = match said.held.get("yang.features") {
            Some(Held::Features(modules)) => modules.contains_key("*"),
            _ => false,
        };
        if !all {
            // Modules that are not named have no features.
            said.features(key, "*", Vec::new());
        }
    }
    let mut out = toml_text(&said, Style::Written);
    if !settings.set_aside.is_empty() {
        out.push_str("\n# Without a counterpart:\n");
    }
    for option in &settings.set_aside {
        let value = on_one_line(&option.text);
        let _ = writeln!(out, "# {} = {value:?}: {}", option.name, option.reason);
    }
    out
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes the value that is in force in `settings` as a written one.
fn said_as(said: &mut Settings, settings: &Settings, name: &str) {
    if let Some(key) = super::table::by_name(name)
        && let Some(value) = held(settings, key, Style::Effective { origins: false })
    {
        said.held.insert(key.name, value);
    }
}

/// A Clixon configuration. In the effective style, defaults are written out.
pub fn xml_text(settings: &Settings, style: Style) -> String {
    let mut out = String::from("<clixon-config xmlns=\"http://clicon.org/config\">\n");
    for key in KEYS {
        match held(settings, key, style) {
            Some(held) => write_key(&mut out, settings, key, &held, style),
            None => write_absent(&mut out, settings, key),
        }
    }
    for option in &settings.set_aside {
        match option.name.as_str() {
            "restconf" | "autocli" => {
                comment(&mut out, &format!("<{}>: {}", option.name, option.reason));
            }
            // An element would be taken for an option again.
            name if !option.known => {
                let value = on_one_line(&option.text);
                comment(&mut out, &format!("{name} = {value:?}: {}", option.reason));
            }
            name => {
                comment(&mut out, &option.reason);
                element(&mut out, name, &option.text);
            }
        }
    }
    out.push_str("</clixon-config>\n");
    out
}

/// What Clixon would take for a key that is not given, where that is something else.
fn write_absent(out: &mut String, settings: &Settings, key: &Key) {
    let given = |name: &str| settings.held.contains_key(name);
    match key.name {
        "yang.features" if settings.dialect == Dialect::Toml => {
            element(out, "CLICON_FEATURE", "*:*")
        }
        "access.mode" if settings.dialect == Dialect::Toml => {
            element(out, "CLICON_NACM_MODE", settings.default_of(key))
        }
        "process.privileges" if given("process.user") => {
            element(out, "CLICON_BACKEND_PRIVILEGES", settings.default_of(key));
        }
        "yang.search" if settings.dialect == Dialect::Toml && given("yang.path") => {
            comment(
                out,
                "Clixon searches directories of modules recursively; banyan.toml does not, unless yang.search = \"recursive\"",
            );
        }
        "netconf.socket" => {
            if let Some(Held::One(word)) = held(settings, key, Style::Effective { origins: false })
            {
                element(out, "CLICON_SOCK", &word.path().display().to_string());
            }
        }
        "process.pid-file" => comment(
            out,
            "Clixon requires CLICON_BACKEND_PIDFILE; process.pid-file is not given",
        ),
        _ => {}
    }
}

fn write_key(out: &mut String, settings: &Settings, key: &Key, held: &Held, style: Style) {
    let text = |word: &Word| match (key.kind.single(), style) {
        (Kind::Path, Style::Effective { .. }) => word.path().display().to_string(),
        _ => word.text.clone(),
    };
    match (key.clixon, held) {
        (Clixon::Without, Held::One(word)) => {
            without(out, key.name, &text(word));
        }
        (Clixon::Without, _) => comment(out, &format!("{} has no counterpart in Clixon", key.name)),
        (Clixon::Leaf(names), Held::One(word)) => {
            for name in names {
                element(out, name, &text(word));
            }
        }
        (Clixon::LeafList(name), Held::Many(words)) => {
            for word in words {
                element(out, name, &text(word));
            }
        }
        (Clixon::Bits(name), Held::Many(words)) => {
            let bits: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            element(out, name, &bits.join(" "));
        }
        (Clixon::Flag(name), Held::One(word)) => {
            element(out, name, if word.text == "true" { "1" } else { "0" });
        }
        (Clixon::Named(name), Held::Named(names)) => {
            for (store, word) in names {
                let store = banyan_netconf::xml::escape_text(store);
                let status = banyan_netconf::xml::escape_text(&word.text);
                let _ = writeln!(
                    out,
                    "   <{name}><name>{store}</name><status>{status}</status></{name}>"
                );
            }
        }
        (Clixon::Debug(name), Held::One(word)) => match word.text.as_str() {
            "debug" => element(out, name, "default"),
            "trace" => element(out, name, "default detail"),
            level => without(out, key.name, level),
        },
        (Clixon::Features(name), Held::Features(modules)) => {
            if settings.dialect == Dialect::Toml && !modules.contains_key("*") {
                comment(
                    out,
                    "modules that are not named have no features in Clixon, and all of them in banyan.toml",
                );
            }
            for (module, words) in modules {
                for word in words {
                    element(out, name, &format!("{module}:{}", word.text));
                }
            }
        }
        (Clixon::Module(name, revision), Held::Many(words)) => {
            for (index, word) in words.iter().enumerate() {
                match (index, word.text.split_once('@')) {
                    (0, Some((module, date))) => {
                        element(out, name, module);
                        element(out, revision, date);
                    }
                    (0, None) => element(out, name, &word.text),
                    _ => comment(
                        out,
                        &format!(
                            "yang.load has {} too; Clixon takes one main module, or all of CLICON_YANG_MAIN_DIR",
                            word.text
                        ),
                    ),
                }
            }
        }
        // Readers never make other pairs.
        _ => {}
    }
}

fn without(out: &mut String, name: &str, value: &str) {
    comment(
        out,
        &format!("{name} = {value:?} has no counterpart in Clixon"),
    );
}

fn element(out: &mut String, name: &str, text: &str) {
    let escaped = banyan_netconf::xml::escape_text(text);
    let _ = writeln!(out, "   <{name}>{escaped}</{name}>");
}

fn comment(out: &mut String, text: &str) {
    // XML 1.0 2.5: no double hyphen inside of a comment.
    let text = text.replace("--", "- -");
    let _ = writeln!(out, "   <!-- {text} -->");
}
