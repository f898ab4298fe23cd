//! Random configurations: both languages, and what is printed of them, must mean the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::convert::converted;
use super::key::{Clixon, Key, Kind};
use super::problem::{Origin, Text};
use super::settings::{Held, Settings, Word};
use super::show::{Style, toml_text};
use super::table::KEYS;
use super::{Missing, build, clixon_file, toml_file};

/// Texts that are hard on one of the two languages.
const TEXTS: &[&str] = &[
    "/a",
    "/with a/blank",
    "/quote\"'s",
    "/amp&lt<",
    "/]]>",
    "/\u{fc}ber",
    "/back\\slash",
    "#no",
    "/a--b",
    "x",
];

fn word(text: &str) -> Word {
    Word {
        text: text.to_owned(),
        origin: Origin::Default,
        base: Arc::from(Path::new("/base")),
    }
}

/// A value of a kind, chosen by a number.
fn value(kind: &Kind, choice: usize) -> Word {
    let of = |list: &[&str]| word(list[choice % list.len()]);
    match kind {
        Kind::Boolean => of(&["true", "false"]),
        Kind::Integer { min, max } => word(&(min + choice as i64 % (max - min + 1)).to_string()),
        Kind::Choice(names) => word(names[choice % names.len()].0),
        Kind::Duration => of(&["500ms", "1s", "5min"]),
        Kind::Address => of(&["127.0.0.1:1", "[::1]:830"]),
        Kind::Module => of(&["acme", "acme-net@2024-05-01"]),
        Kind::PasswordHash => of(&["$6$a$b", "$5$c$d"]),
        Kind::OperationPath | Kind::SchemaPath => of(&["/m:a", "/m:b/c"]),
        _ => of(TEXTS),
    }
}

fn held(key: &Key, choice: usize) -> Held {
    let some = |kind: &Kind| -> Vec<Word> {
        (0..choice % 3)
            .map(|index| value(kind, choice / 3 + index))
            .collect()
    };
    match &key.kind {
        Kind::List(of) => Held::Many(some(of)),
        Kind::Named(of) => {
            let names = ["validate", "commit"].map(str::to_owned);
            Held::Named(names.into_iter().zip(some(of)).collect())
        }
        Kind::Features => Held::Features(BTreeMap::from([
            ("acme".to_owned(), vec![word("x"), word("*")]),
            ("net-work".to_owned(), vec![word("y")]),
            ("*".to_owned(), some(&Kind::Choice(&[("f", ""), ("*", "")]))),
        ])),
        Kind::Tables(keys) => {
            let row = keys.iter().map(|key| {
                (
                    key.name,
                    match held(key, choice + 1) {
                        Held::Many(_) if key.name != "phases" => {
                            Held::Many(vec![word("./x"), word("y")])
                        }
                        Held::Many(_) => Held::Many(vec![word("validate"), word("end")]),
                        other => other,
                    },
                )
            });
            Held::Tables(vec![(Origin::Default, row.collect())])
        }
        kind => Held::One(value(kind, choice)),
    }
}

/// A configuration from numbers: one for each key.
fn settings(choices: &[Option<u8>]) -> Settings {
    let mut settings = Settings::default();
    for (key, choice) in KEYS.iter().zip(choices) {
        let chosen = choice.map(usize::from);
        let must = matches!(key.name, "store.directory");
        if let Some(choice) = chosen.or(must.then_some(0)) {
            settings.held.insert(key.name, held(key, choice));
        }
    }
    // What the engine refuses, and the search for more files.
    settings.held.remove("store.split");
    settings.held.remove("access.mode");
    settings.held.remove("config.directory");
    settings
}

/// Leaves out what a Clixon configuration cannot say, and says what its defaults would be.
fn without_counterparts(settings: &mut Settings) {
    settings.held.retain(|name, _| {
        let key = KEYS.iter().find(|key| key.name == *name);
        key.is_some_and(|key| key.clixon != Clixon::Without)
    });
    for name in [
        "yang.search",
        "yang.features",
        "log.level",
        "process.privileges",
    ] {
        if let Some(key) = KEYS.iter().find(|key| key.name == name) {
            let choice = match name {
                "yang.search" => 1,
                "log.level" => 3,
                _ => 4,
            };
            settings
                .held
                .entry(key.name)
                .or_insert_with(|| held(key, choice));
        }
    }
    settings.held.insert("log.level", Held::One(word("trace")));
    settings.held.remove("yang.main-file");
    // A list that is empty is no element at all, which is the default.
    settings
        .held
        .retain(|_, held| !matches!(held, Held::Many(words) if words.is_empty()));
    if let Some(Held::Many(words)) = settings.held.get_mut("yang.load") {
        words.truncate(1);
    }
}

/// What a text means.
fn meaning(text: &str) -> String {
    let base: Arc<Path> = Path::new("/base").into();
    let file = Text {
        file: Arc::new("file".into()),
        text: text.into(),
    };
    let mut settings = Settings {
        dialect: super::sources::dialect(text),
        ..Settings::default()
    };
    match settings.dialect {
        super::Dialect::Toml => toml_file::read(&file, &base, &mut settings),
        super::Dialect::Clixon => clixon_file::read(&file, &base, &mut settings),
    }
    settings.join();
    match build::config(&mut settings) {
        Some(mut config) => {
            config.yang.missing = Missing::Refused;
            format!("{config:#?}")
        }
        None => panic!("{:?}\n{text}", settings.problems),
    }
}

fn choices() -> impl Strategy<Value = Vec<Option<u8>>> {
    vec(proptest::option::of(any::<u8>()), KEYS.len())
}

proptest! {
    #[test]
    fn what_is_shown_means_what_is_in_force(choices in choices()) {
        let settings = settings(&choices);
        let written = toml_text(&settings, Style::Written);
        let mut read = settings;
        // Hashes are not shown.
        read.held.remove("user");
        let shown = toml_text(&read, Style::Effective { origins: true });
        let written = match written.split_once("\n[[user]]") {
            None => written,
            Some(_) => toml_text(&read, Style::Written),
        };
        prop_assert_eq!(meaning(&written), meaning(&shown));
    }

    #[test]
    fn both_languages_mean_the_same(choices in choices()) {
        let mut settings = settings(&choices);
        without_counterparts(&mut settings);
        let toml = toml_text(&settings, Style::Written);
        let xml = converted(&settings);
        prop_assert_eq!(meaning(&toml), meaning(&xml), "{}\n{}", toml, xml);
    }
}
