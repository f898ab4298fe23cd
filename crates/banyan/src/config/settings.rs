//! Values by key, each with where it came from: what readers fill and everything else reads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::key::{Clixon, Key, Kind};
use super::problem::{Origin, Problem, Severity};
use super::table;

/// Which language the configuration is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// `banyan.toml`.
    #[default]
    Toml,
    /// `<clixon-config>`.
    Clixon,
}

/// One value.
#[derive(Debug, Clone)]
pub struct Word {
    /// As it was written.
    pub text: String,
    /// Where.
    pub origin: Origin,
    /// What relative paths are relative to.
    pub base: Arc<Path>,
}

impl Word {
    /// The value as an absolute path.
    pub fn path(&self) -> PathBuf {
        self.base.join(&self.text)
    }
}

/// A row of a key of kind [`Kind::Tables`]: the values of its keys.
pub type Row = BTreeMap<&'static str, Held>;

/// What a key holds.
#[derive(Debug, Clone)]
pub enum Held {
    /// One value.
    One(Word),
    /// Several.
    Many(Vec<Word>),
    /// One value for each name.
    Named(BTreeMap<String, Word>),
    /// Lists by module.
    Features(BTreeMap<String, Vec<Word>>),
    /// Tables, each with its place.
    Tables(Vec<(Origin, Row)>),
}

/// An option of Clixon that was given and has no effect.
#[derive(Debug, Clone)]
pub struct SetAside {
    /// Its name.
    pub name: String,
    /// Its value.
    pub text: String,
    /// Why.
    pub reason: String,
    /// Whether there is an option of this name.
    pub known: bool,
}

/// All that was said.
#[derive(Debug, Default)]
pub struct Settings {
    /// In which language the main file is.
    pub dialect: Dialect,
    /// Values by key; a key that is not here has its default.
    pub held: BTreeMap<&'static str, Held>,
    /// What was found wrong.
    pub problems: Vec<Problem>,
    /// Whether a file could not be taken apart, so that nothing can be said about what is missing.
    pub unread: bool,
    /// Options without effect.
    pub set_aside: Vec<SetAside>,
    /// `CLICON_YANG_MODULE_REVISION`, until it is joined with the module.
    pub module_revision: Option<Word>,
    /// `CLICON_YANG_MODULE_MAIN`, until it is joined with its revision.
    pub module_main: Option<Word>,
}

impl Settings {
    /// Notes a problem.
    pub fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Whether the configuration cannot be used.
    pub fn has_errors(&self) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.severity == Severity::Error)
    }

    /// Checks a value; what is wrong with it becomes a problem.
    pub fn check(&mut self, called: &str, kind: &Kind, word: &Word) -> bool {
        match kind.check(&word.text) {
            Ok(()) => true,
            Err(wrong) => {
                let mut origin = word.origin.clone();
                if let (Kind::PasswordHash, Origin::File(place)) = (kind.single(), &mut origin) {
                    // The line may hold the password itself.
                    place.text = "".into();
                }
                self.problem(Problem {
                    severity: Severity::Error,
                    origin,
                    key: Some(called.to_owned()),
                    message: format!("{called}: {}", wrong.message),
                    allowed: Some(wrong.allowed),
                    remedy: wrong.remedy,
                });
                false
            }
        }
    }

    /// Sets a single value.
    pub fn set(&mut self, key: &'static Key, called: &str, word: Word) {
        if self.check(called, &key.kind, &word) {
            self.held.insert(key.name, Held::One(word));
        }
    }

    /// Adds to a list.
    pub fn append(&mut self, key: &'static Key, called: &str, word: Word) {
        if !self.check(called, &key.kind, &word) {
            return;
        }
        match self.held.get_mut(key.name) {
            Some(Held::Many(words)) => words.push(word),
            _ => {
                self.held.insert(key.name, Held::Many(vec![word]));
            }
        }
    }

    /// Sets the value of a name.
    pub fn name(&mut self, key: &'static Key, called: &str, name: &str, word: Word) {
        if !self.check(called, &key.kind, &word) {
            return;
        }
        let held = self
            .held
            .entry(key.name)
            .or_insert_with(|| Held::Named(BTreeMap::new()));
        if let Held::Named(names) = held {
            names.insert(name.to_owned(), word);
        }
    }

    /// Adds features of a module.
    pub fn features(&mut self, key: &'static Key, module: &str, words: Vec<Word>) {
        let held = self
            .held
            .entry(key.name)
            .or_insert_with(|| Held::Features(BTreeMap::new()));
        if let Held::Features(modules) = held {
            modules.entry(module.to_owned()).or_default().extend(words);
        }
    }

    /// A value of a Clixon option, from a file, `-o` or a flag.
    pub fn set_clixon(&mut self, key: &'static Key, name: &str, word: Word) {
        match key.clixon {
            Clixon::Without => {}
            Clixon::Leaf(names) => {
                let already =
                    matches!(self.held.get(key.name), Some(Held::One(it)) if it.text == "true");
                if names.len() > 1 && word.text == "false" && already {
                    return;
                }
                self.set(key, name, word);
            }
            Clixon::LeafList(_) => self.append(key, name, word),
            Clixon::Bits(_) => {
                self.held.remove(key.name);
                for bit in word.text.split_whitespace() {
                    let bit = Word {
                        text: bit.to_owned(),
                        ..word.clone()
                    };
                    self.append(key, name, bit);
                }
            }
            Clixon::Flag(_) => {
                let text = match word.text.as_str() {
                    "0" => "false",
                    "1" => "true",
                    other => other,
                };
                let text = text.to_owned();
                self.set(key, name, Word { text, ..word });
            }
            Clixon::Named(_) => {
                // In a file it has elements inside; on the command line it is written as `name:status`.
                match word.text.split_once(':') {
                    Some((store, status)) => {
                        let store = store.to_owned();
                        let text = status.to_owned();
                        self.name(key, name, &store, Word { text, ..word });
                    }
                    None => {
                        let message = format!("{name} takes a name and a status");
                        self.problem(Problem::error(word.origin, message).about(name));
                    }
                }
            }
            Clixon::Debug(_) => {
                let level = debug_level(&word.text);
                self.set(
                    key,
                    name,
                    Word {
                        text: level,
                        ..word
                    },
                );
            }
            Clixon::Features(_) => match word.text.split_once(':') {
                Some((module, feature)) if !module.is_empty() && !feature.is_empty() => {
                    let module = module.to_owned();
                    let word = Word {
                        text: feature.to_owned(),
                        ..word
                    };
                    self.features(key, &module, vec![word]);
                }
                _ => {
                    let problem = Problem {
                        allowed: Some(
                            "module:feature; * stands for all modules, or all features".to_owned(),
                        ),
                        ..Problem::error(
                            word.origin,
                            format!("{name}: {:?} is no feature", word.text),
                        )
                        .about(name)
                    };
                    self.problem(problem);
                }
            },
            Clixon::Module(main, _) if name == main => {
                if self.check(name, &key.kind, &word) {
                    self.module_main = Some(word);
                }
            }
            Clixon::Module(..) => self.module_revision = Some(word),
        }
    }

    /// Joins what two options of Clixon say together, when all sources are read.
    pub fn join(&mut self) {
        let revision = self.module_revision.take();
        let Some(mut module) = self.module_main.take() else {
            return;
        };
        if let Some(Held::One(file)) = self.held.get("yang.main-file") {
            let note = format!(
                "CLICON_YANG_MODULE_MAIN {:?} is not used, because {} is",
                module.text, file.text
            );
            let problem = Problem::note(module.origin, note);
            self.problem(problem.about("CLICON_YANG_MODULE_MAIN"));
            return;
        }
        if let Some(revision) = revision
            && !module.text.contains('@')
        {
            module.text = format!("{}@{}", module.text, revision.text);
        }
        if let Some(key) = table::by_name("yang.load") {
            self.append(key, "CLICON_YANG_MODULE_MAIN", module);
        }
    }

    /// Where the value of a key is from; of a list the first.
    pub fn origin(&self, key: &str) -> Origin {
        let first = self.held.get(key).map(spoken).unwrap_or_default();
        let first = first.into_iter().next();
        first.map_or(Origin::Default, |(_, word)| word.origin.clone())
    }

    /// Where a key of the table `[[table]]` with this number is from; without it, where that table begins.
    pub fn origin_in(&self, table: &str, number: usize, key: &str) -> Origin {
        let Some(Held::Tables(rows)) = self.held.get(table) else {
            return Origin::Default;
        };
        let Some((place, row)) = rows.get(number) else {
            return Origin::Default;
        };
        let words = row.get(key).map(spoken).unwrap_or_default();
        let first = words.into_iter().next();
        first.map_or(place.clone(), |(_, word)| word.origin.clone())
    }

    /// Where the value is from that a message speaks of, among those of these keys: the longest one that it has in it.
    pub fn origin_of_mentioned(&self, keys: &[&str], message: &str) -> Origin {
        let held = keys.iter().filter_map(|key| self.held.get(key));
        let said = held.flat_map(spoken).filter(|(said, word)| {
            mentions(message, said) || mentions(message, &word.path().display().to_string())
        });
        said.max_by_key(|(said, _)| said.len())
            .map_or(Origin::Default, |(_, word)| word.origin.clone())
    }

    /// The default of a key in this dialect; empty when there is none.
    pub fn default_of(&self, key: &Key) -> &'static str {
        match (self.dialect, key.clixon_default) {
            (Dialect::Clixon, Some(default)) => default,
            _ => key.default,
        }
    }
}

/// All values of a key, in tables too, each with what it says; of features the module too, and of modules the name
/// without its revision.
fn spoken(held: &Held) -> Vec<(&str, &Word)> {
    fn text(word: &Word) -> (&str, &Word) {
        let name = word.text.split('@').next().unwrap_or_default();
        (name, word)
    }
    match held {
        Held::One(word) => vec![text(word)],
        Held::Many(words) => words.iter().map(text).collect(),
        Held::Named(words) => words.values().map(text).collect(),
        Held::Features(modules) => modules
            .iter()
            .flat_map(|(module, words)| {
                let module = words.first().map(|word| (module.as_str(), word));
                module.into_iter().chain(words.iter().map(text))
            })
            .collect(),
        Held::Tables(rows) => rows
            .iter()
            .flat_map(|(_, row)| row.values().flat_map(spoken))
            .collect(),
    }
}

/// Whether a message has a value in it, as a word of its own.
fn mentions(message: &str, value: &str) -> bool {
    let inside = |it: char| it.is_alphanumeric() || matches!(it, '-' | '_' | '.');
    let mut found = message.match_indices(value);
    !value.is_empty()
        && found.any(|(at, _)| {
            let before = message.get(..at).and_then(|it| it.chars().next_back());
            let after = message.get(at + value.len()..);
            let after = after.and_then(|it| it.chars().next());
            !before.is_some_and(inside) && !after.is_some_and(inside)
        })
}

/// The log level of debug bits: a number, names, or a level as it is.
pub fn debug_level(text: &str) -> String {
    /// `detail` and its two finer ones; the first is the 24th position.
    const DETAIL: u64 = 0b111 << 24;
    if let Ok(bits) = text.parse::<u64>() {
        let level = match bits {
            0 => "info",
            bits if bits & DETAIL != 0 => "trace",
            _ => "debug",
        };
        return level.to_owned();
    }
    const BITS: &[&str] = &[
        "default",
        "msg",
        "init",
        "xml",
        "xpath",
        "yang",
        "backend",
        "cli",
        "netconf",
        "restconf",
        "snmp",
        "nacm",
        "proc",
        "datastore",
        "event",
        "rpc",
        "stream",
        "parse",
        "validate",
        "app",
        "app2",
        "app3",
    ];
    let names: Vec<&str> = text
        .split([' ', ',', '\n', '\t'])
        .filter(|it| !it.is_empty())
        .collect();
    let detail = |name: &str| matches!(name, "detail" | "detail2" | "detail3");
    if !names.is_empty() && names.iter().all(|name| detail(name) || BITS.contains(name)) {
        let level = if names.iter().any(|name| detail(name)) {
            "trace"
        } else {
            "debug"
        };
        return level.to_owned();
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{debug_level, mentions};

    #[test]
    fn a_value_is_mentioned_as_a_word_of_its_own() {
        let message = "module acme has no feature `fast-er`; see /a/b.toml";
        for (value, expected) in [
            ("acme", true),
            ("acm", false),
            ("fast", false),
            ("fast-er", true),
            ("/a/b.toml", true),
            ("/a/b", false),
            ("", false),
        ] {
            assert_eq!(mentions(message, value), expected, "{value}");
        }
    }

    #[test]
    fn debug_bits_become_a_level() {
        for (text, level) in [
            ("0", "info"),
            ("1", "debug"),
            ("16777217", "trace"),
            ("msg backend", "debug"),
            ("msg detail", "trace"),
            ("warn", "warn"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(debug_level(text), level, "{text}");
        }
    }
}
