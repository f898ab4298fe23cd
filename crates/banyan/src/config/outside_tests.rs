//! Values from the environment and from `-o`: for every key, and so for every type, they mean what they mean in a file.

use toml::{Table, Value};

use super::Sources;
use super::key::{Key, Kind};
use super::problem::Severity;
use super::show::{Style, json_text};
use super::table::{self, KEYS};

/// The value of a key in the configuration that the sources make, without its place.
fn value_of(key: &Key, sources: Sources) -> serde_json::Value {
    let settings = sources.read().unwrap_or_else(|error| panic!("{error}"));
    let wrong: Vec<String> = settings
        .problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(ToString::to_string)
        .collect();
    assert!(wrong.is_empty(), "{}: {wrong:?}", key.name);
    let shown = json_text(&settings, Style::Effective { origins: false });
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    shown[key.name].clone()
}

/// The value in a key's example, and the example as a file.
fn example(key: &Key) -> (Value, String) {
    let (section, name) = key.name.split_once('.').unwrap();
    let file = format!("[{section}]\n{}\n", key.example);
    let mut table: Table = toml::from_str(&file).unwrap();
    let section = table.remove(section).unwrap();
    (section[name].clone(), file)
}

/// As it is written outside of a file: what does not fit into one value is several.
fn outside(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(_) => vec![value.to_string()],
        Value::Table(named) => named
            .iter()
            .flat_map(|(name, value)| match value {
                Value::Array(features) => features
                    .iter()
                    .map(|feature| format!("{name}:{}", feature.as_str().unwrap()))
                    .collect(),
                value => vec![format!("{name}:{}", value.as_str().unwrap())],
            })
            .collect(),
        other => vec![other.to_string()],
    }
}

#[test]
fn every_key_can_be_overridden_and_means_the_same() {
    // Relative paths are relative to the file, and outside of one to the current directory.
    let file = std::env::current_dir().unwrap().join("outside-tests.toml");
    let mut kinds = std::collections::BTreeSet::new();
    for key in KEYS {
        if matches!(key.kind, Kind::Tables(_)) || key.name == "config.directory" {
            continue;
        }
        let (value, text) = example(key);
        let directory = tempfile::tempdir_in(file.parent().unwrap()).unwrap();
        let written = directory.path().join("banyan.toml");
        std::fs::write(&written, text).unwrap();
        let here = file.parent().unwrap().display().to_string();
        let there = directory.path().display().to_string();
        let wanted = value_of(key, Sources::new(&written))
            .to_string()
            .replace(&there, &here);
        assert_ne!(wanted, "null", "{}", key.name);
        let values = outside(&value);
        let given = Sources {
            overrides: values
                .iter()
                .map(|value| format!("{}={value}", key.name))
                .collect(),
            ..Sources::default()
        };
        assert_eq!(value_of(key, given).to_string(), wanted, "-o {}", key.name);
        kinds.insert(format!("{:?}", std::mem::discriminant(&key.kind)));
        let Some(variable) = table::environment(key) else {
            continue;
        };
        let given = Sources {
            environment: vec![(variable.clone(), values[0].clone())],
            ..Sources::default()
        };
        assert_eq!(value_of(key, given).to_string(), wanted, "{variable}");
    }
    // Text, path, boolean, integer, choice, duration, address, list, named values, features.
    assert_eq!(kinds.len(), 10);
}

#[test]
fn a_wrong_value_from_outside_is_refused_as_one_in_a_file() {
    for (key, value) in [
        ("store.pretty", "maybe"),
        ("store.small-file", "many"),
        ("store.small-file", "-1"),
        ("store.format", "yaml"),
        ("log.slow-commit", "soon"),
        ("netconf.ssh", "localhost"),
        ("yang.load", "a b"),
        ("yang.load", "[\"a\""),
        ("log.destination", "paper"),
        ("netconf.socket", ""),
    ] {
        let variable = table::by_name(key).and_then(table::environment).unwrap();
        let from = [
            Sources {
                overrides: vec![format!("{key}={value}")],
                ..Sources::default()
            },
            Sources {
                environment: vec![(variable.clone(), value.to_owned())],
                ..Sources::default()
            },
        ];
        for (sources, origin) in from.into_iter().zip([format!("-o {key}"), variable]) {
            let settings = sources.read().unwrap();
            let problem = settings
                .problems
                .iter()
                .find(|problem| problem.severity == Severity::Error);
            let problem = problem.unwrap_or_else(|| panic!("{key}={value} is accepted"));
            let told = problem.to_string();
            assert!(told.contains(&origin), "{told}");
            assert_eq!(problem.json()["file"], serde_json::Value::Null);
            assert!(problem.key.is_some(), "{told}");
        }
    }
}
