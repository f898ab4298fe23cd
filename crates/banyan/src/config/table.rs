//! The table of keys. Readers, `-o`, environment, `config show`, `explain`, `convert` and the documentation all go by it.
//!
//! A new key is a row in one of the parts, a field in [`super::Config`], and a line in `build.rs`.

mod datastores;
mod models;
mod programs;
mod service;
mod watching;

use super::key::{Applies, Clixon, Key, Kind};

const FIRST: &str = "0.1.0";

/// The parts of the table, in the order of the documentation.
const PARTS: [&[Key]; 5] = [
    datastores::KEYS,
    models::KEYS,
    service::KEYS,
    watching::KEYS,
    programs::KEYS,
];

/// All keys, in the order of the documentation.
pub static KEYS: &[Key] = &joined::<{ count() }>();

const fn count() -> usize {
    let (mut part, mut count) = (0, 0);
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
}

/// The parts as one. Evaluated by the compiler, so that an index that is out of bounds is an error of the build.
const fn joined<const N: usize>() -> [Key; N] {
    let mut all = [PARTS[0][0]; N];
    let (mut part, mut at) = (0, 0);
    while part < PARTS.len() {
        let mut row = 0;
        while row < PARTS[part].len() {
            all[at] = PARTS[part][row];
            (row, at) = (row + 1, at + 1);
        }
        part += 1;
    }
    all
}

/// A row of a table inside of the table: a key of each `[[...]]`.
pub(super) const fn in_table(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    meaning: &'static str,
    example: &'static str,
) -> Key {
    Key {
        name,
        clixon: Clixon::Without,
        kind,
        default,
        clixon_default: None,
        meaning,
        example,
        since: FIRST,
        applies: Applies::Restart,
    }
}

/// The key of that name in `banyan.toml`.
pub fn by_name(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The key that a Clixon option maps to.
pub fn by_clixon(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.clixon.names().contains(&name))
}

/// The environment variable of a key; none for tables and maps.
pub fn environment(key: &Key) -> Option<String> {
    match key.kind {
        Kind::Tables(_) | Kind::Features | Kind::Named(_) => None,
        _ => Some(format!(
            "BANYAN_{}",
            key.name.to_uppercase().replace(['.', '-'], "_")
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_options_and_environment_are_unique() {
        let mut seen = HashSet::new();
        for key in KEYS {
            assert!(seen.insert(key.name.to_owned()), "{}", key.name);
            for name in key.clixon.names() {
                assert!(
                    name.starts_with("CLICON_") && seen.insert(name.to_owned()),
                    "{name}"
                );
            }
            if let Some(name) = environment(key) {
                assert!(seen.insert(name.clone()), "{name}");
            }
        }
    }

    #[test]
    fn defaults_and_examples_are_values_of_their_kind() {
        for key in KEYS {
            for default in [Some(key.default), key.clixon_default]
                .into_iter()
                .flatten()
            {
                if !default.is_empty() && !matches!(key.kind, Kind::List(_)) {
                    assert_eq!(key.kind.check(default), Ok(()), "{}", key.name);
                }
            }
            let parsed = toml::from_str::<toml::Table>(key.example);
            assert!(parsed.is_ok(), "{}: {parsed:?}", key.name);
        }
    }
}
