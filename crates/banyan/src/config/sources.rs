//! Where values come from, in the order in which later ones go before: file, directory of more files, environment,
//! command line.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use banyan_yang::nearest::nearest;

use super::key::{Key, Kind};
use super::problem::{Origin, Problem, Text};
use super::settings::{Dialect, Held, Settings, Word};
use super::table::{self, KEYS};
use super::toml_file::unknown;
use super::{Config, ConfigError, build, clixon_file, toml_file};

/// The variables that are no keys.
const OTHER_VARIABLES: &[&str] = &[
    "BANYAN_SOCKET",
    "BANYAN_LOG",
    "BANYAN_USER",
    "BANYAN_PATH",
    "BANYAN_TID",
    "BANYAN_PYTHON",
];

/// What to read.
#[derive(Debug, Default)]
pub struct Sources {
    /// The main file.
    pub file: Option<PathBuf>,
    /// The directory of more files, instead of the one that the file names.
    pub directory: Option<PathBuf>,
    /// Environment variables: names and values.
    pub environment: Vec<(String, String)>,
    /// `KEY=VALUE`, as `-o` has it.
    pub overrides: Vec<String>,
    /// Values of other flags: key, value, and the flag as it was given.
    pub flags: Vec<(&'static str, String, String)>,
}

/// A configuration that can be used, and all that was said.
#[derive(Debug)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// Where they came from, and what is worth a warning.
    pub settings: Settings,
}

impl Sources {
    /// A file alone.
    pub fn new(file: &Path) -> Sources {
        Sources {
            file: Some(file.to_owned()),
            ..Sources::default()
        }
    }

    /// And the variables `BANYAN_*` of this process.
    pub fn with_environment(mut self) -> Sources {
        self.environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("BANYAN_"))
            .collect();
        self.environment.sort();
        self
    }

    /// Whether environment or `-o` say where the store is, so that no file is needed.
    pub fn names_store(&self) -> bool {
        let begins = |text: &String| {
            text.starts_with("store.directory=") || text.starts_with("CLICON_XMLDB_DIR=")
        };
        self.environment
            .iter()
            .any(|(name, _)| name == "BANYAN_STORE_DIRECTORY")
            || self.overrides.iter().any(begins)
    }

    /// Reads everything and makes the typed configuration.
    ///
    /// # Errors
    /// The file cannot be read, or something is wrong: all of it is told.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        let mut settings = self.read()?;
        match build::config(&mut settings) {
            Some(config) => Ok(Loaded { config, settings }),
            None => Err(ConfigError::Refused(settings.problems)),
        }
    }

    /// Reads everything.
    ///
    /// # Errors
    /// The main file cannot be read. What is wrong inside of it is among the problems of the settings.
    pub fn read(&self) -> Result<Settings, ConfigError> {
        let mut settings = Settings::default();
        if let Some(file) = &self.file {
            let text = read_file(file)?;
            settings.dialect = dialect(&text.text);
            let base = base_of(file).map_err(|error| ConfigError::Read {
                path: file.clone(),
                reason: error.to_string(),
            })?;
            read_text(&text, &base, &mut settings);
            self.directory(&base, &mut settings);
        }
        let here: Arc<Path> = std::env::current_dir().unwrap_or_default().into();
        for (name, value) in &self.environment {
            variable(&mut settings, name, value, &here);
        }
        for text in &self.overrides {
            over(&mut settings, text, &here);
        }
        for (name, value, flag) in &self.flags {
            if let Some(key) = table::by_name(name) {
                let origin = Origin::CommandLine(flag.clone());
                settings.held.remove(key.name);
                given(&mut settings, key, flag, value, origin, &here);
            }
        }
        settings.join();
        Ok(settings)
    }

    /// The files of the directory of more configuration, in the order of their names.
    fn directory(&self, base: &Path, settings: &mut Settings) {
        let (directory, origin) = match (&self.directory, settings.held.get("config.directory")) {
            (Some(directory), _) => (directory.clone(), Origin::CommandLine("-E".to_owned())),
            (None, Some(Held::One(word))) => (base.join(&word.text), word.origin.clone()),
            _ => return,
        };
        let extension = match settings.dialect {
            Dialect::Toml => "toml",
            Dialect::Clixon => "xml",
        };
        let entries = std::fs::read_dir(&directory).and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<PathBuf>, _>>()
        });
        let mut files = match entries {
            Ok(files) => files,
            Err(error) => {
                let message = format!(
                    "the directory of more configuration, {}, cannot be read: {error}",
                    directory.display()
                );
                settings.problem(
                    Problem::error(origin, message).remedy("create it, or name another one"),
                );
                return;
            }
        };
        files.retain(|file| file.extension().is_some_and(|it| it == extension));
        files.sort();
        for file in files {
            match read_file(&file).and_then(|text| {
                base_of(&file)
                    .map(|base| (text, base))
                    .map_err(|error| ConfigError::Read {
                        path: file.clone(),
                        reason: error.to_string(),
                    })
            }) {
                Ok((text, base)) => read_text(&text, &base, settings),
                Err(error) => settings.problem(Problem::error(origin.clone(), error.to_string())),
            }
        }
    }
}

fn base_of(file: &Path) -> std::io::Result<Arc<Path>> {
    let absolute = std::path::absolute(file)?;
    Ok(absolute.parent().unwrap_or(Path::new("/")).into())
}

fn read_text(text: &Text, base: &Arc<Path>, settings: &mut Settings) {
    match dialect(&text.text) {
        Dialect::Toml => toml_file::read(text, base, settings),
        Dialect::Clixon => clixon_file::read(text, base, settings),
    }
}

/// What a text is: XML begins with `<`, which TOML cannot.
pub fn dialect(text: &str) -> Dialect {
    match text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('<')
    {
        true => Dialect::Clixon,
        false => Dialect::Toml,
    }
}

/// A file's text.
///
/// # Errors
/// It cannot be read, is empty, or is no text.
pub fn read_file(path: &Path) -> Result<Text, ConfigError> {
    let failed = |reason: String| ConfigError::Read {
        path: path.to_owned(),
        reason,
    };
    let directory = || {
        failed(format!(
            "it is a directory; name the file in it, as {}",
            path.join("banyan.toml").display()
        ))
    };
    if path.is_dir() {
        return Err(directory());
    }
    let bytes = std::fs::read(path).map_err(|error| {
        let create = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "; the smallest one is the line `store.directory = \"store\"`, and `banyan config explain --all` lists the keys"
            }
            _ => "",
        };
        failed(format!(
            "{error}; give another file with --config, or create it{create}"
        ))
    })?;
    let text = match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => text,
        Ok(text) => {
            let line = text
                .split('\0')
                .next()
                .unwrap_or_default()
                .matches('\n')
                .count()
                + 1;
            return Err(failed(format!("it is no text: line {line} has a byte 0")));
        }
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let line = error
                .as_bytes()
                .iter()
                .take(good)
                .filter(|byte| **byte == b'\n')
                .count()
                + 1;
            return Err(failed(format!("it is no text: line {line} is not UTF-8")));
        }
    };
    if text.trim().is_empty() {
        return Err(failed(
            "it is empty; it needs at least `store.directory = \"store\"`".to_owned(),
        ));
    }
    Ok(Text {
        file: Arc::new(path.to_owned()),
        text: text.into(),
    })
}

/// An environment variable.
fn variable(settings: &mut Settings, name: &str, value: &str, base: &Arc<Path>) {
    if OTHER_VARIABLES.contains(&name) {
        return;
    }
    let named = |key: &&Key| table::environment(key).as_deref() == Some(name);
    let origin = Origin::Environment(name.to_owned());
    match KEYS.iter().find(named) {
        Some(key) => given(settings, key, name, value, origin, base),
        None => {
            let names: Vec<String> = KEYS.iter().filter_map(table::environment).collect();
            // Other programs may have variables that begin so; only a likely slip is worth a word.
            if let Some(near) = nearest(name, names.iter().map(String::as_str)) {
                let problem = Problem::warning(
                    origin,
                    format!("the environment variable {name} is not read"),
                )
                .about(name);
                settings.problem(problem.remedy(format!("did you mean {near}?")));
            }
        }
    }
}

/// `KEY=VALUE` of `-o`.
fn over(settings: &mut Settings, text: &str, base: &Arc<Path>) {
    let origin = Origin::CommandLine(format!("-o {text}"));
    let Some((name, value)) = text.split_once('=') else {
        let problem = Problem::error(origin, format!("-o {text}: there is no = in it"));
        settings.problem(problem.remedy("write -o KEY=VALUE, as -o log.level=debug"));
        return;
    };
    let (name, value) = (name.trim(), value.trim());
    if let Some(key) = table::by_name(name) {
        given(settings, key, name, value, origin, base);
        return;
    }
    let word = Word {
        text: value.to_owned(),
        origin: origin.clone(),
        base: base.clone(),
    };
    if let Some(key) = table::by_clixon(name) {
        settings.set_clixon(key, name, word);
    } else if name.starts_with("CLICON_") {
        clixon_file::option(settings, name, word, origin);
    } else {
        settings.problem(unknown(origin, name, KEYS.iter().map(|key| key.name)));
    }
}

/// A value outside of a file: a list in brackets is the whole list, anything else is one more value.
fn given(
    settings: &mut Settings,
    key: &'static Key,
    called: &str,
    value: &str,
    origin: Origin,
    base: &Arc<Path>,
) {
    let word = |text: String| Word {
        text,
        origin: origin.clone(),
        base: base.clone(),
    };
    match &key.kind {
        Kind::List(_) if value.starts_with('[') => {
            let parsed = toml::from_str::<toml::Table>(&format!("list = {value}"))
                .ok()
                .and_then(|mut table| table.remove("list"))
                .and_then(|list| list.try_into::<Vec<String>>().ok());
            let Some(parsed) = parsed else {
                let problem =
                    Problem::error(origin, format!("{called}: {value} is no list")).about(called);
                settings.problem(
                    problem.remedy("write [\"a\", \"b\"], or a single value without brackets"),
                );
                return;
            };
            settings.held.insert(key.name, Held::Many(Vec::new()));
            for text in parsed {
                settings.append(key, called, word(text));
            }
        }
        Kind::List(_) => settings.append(key, called, word(value.to_owned())),
        Kind::Features => match value.split_once(':') {
            Some((module, feature)) => {
                settings.features(key, module, vec![word(feature.to_owned())])
            }
            None => {
                let problem = Problem::error(origin, format!("{called}: {value:?} is no feature"))
                    .about(called);
                settings.problem(problem.remedy("write module:feature; * stands for all"));
            }
        },
        Kind::Named(_) => match value.split_once(':') {
            Some((name, value)) => settings.name(key, called, name, word(value.to_owned())),
            None => {
                let message = format!("{called}: {value:?} has no name");
                let problem = Problem::error(origin, message).about(called);
                settings.problem(problem.remedy("write name:value, as startup:file"));
            }
        },
        Kind::Tables(_) => {
            let problem = Problem::error(origin, format!("{called} is a table")).about(called);
            settings
                .problem(problem.remedy(format!("write it into the file, as [[{}]]", key.name)));
        }
        _ => settings.set(key, called, word(value.to_owned())),
    }
}
