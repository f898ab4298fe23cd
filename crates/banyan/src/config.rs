//! The configuration of the program: `banyan.toml` into one typed [`Config`].
//!
//! Relative paths are relative to the file's directory. Unknown keys and wrong values are errors that
//! name file, line and remedy. Must not open, create or connect to anything that it names.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Everything that `banyan serve` needs to know.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Where data are kept.
    pub store: Store,
    /// Which models make the tree.
    #[serde(default)]
    pub yang: Yang,
    /// The NETCONF server.
    #[serde(default)]
    pub netconf: Netconf,
    /// Who may come in through SSH.
    #[serde(default)]
    pub user: Vec<User>,
    /// What to put up with.
    #[serde(default)]
    pub compat: Compat,
    /// RPCs and actions that programs carry out.
    #[serde(default)]
    pub operation: Vec<Operation>,
}

/// `[store]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Store {
    /// The directory of the datastores; made when absent, readable by its owner only.
    pub directory: PathBuf,
}

/// `[yang]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Yang {
    /// Directories with `.yang` files, searched in this order, before the modules that Banyan brings.
    #[serde(default)]
    pub path: Vec<PathBuf>,
    /// The modules to implement: `name` or `name@revision`.
    #[serde(default)]
    pub load: Vec<String>,
    /// Features that are on, by module; a module that is not named has all of its features.
    #[serde(default)]
    pub features: BTreeMap<String, Vec<String>>,
}

/// `[netconf]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Netconf {
    /// The Unix socket; `banyan.sock` in the store's directory when not given.
    pub socket: Option<PathBuf>,
    /// Where SSH listens; nowhere when not given.
    pub ssh: Option<SocketAddr>,
    /// The SSH host key; made on the first start. `ssh_host_ed25519_key` in the store's directory when not given.
    pub host_key: Option<PathBuf>,
}

/// `[[user]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct User {
    /// The user's name.
    pub name: String,
    /// A crypt(3) hash (`$5$` or `$6$`), as `openssl passwd -6` prints it.
    pub password_hash: Option<String>,
    /// Public keys, as lines of `authorized_keys`.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// `[compat]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Compat {
    /// Accept messages without base namespace, hello or message-id.
    #[serde(default)]
    pub lenient: bool,
}

/// `[[operation]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Operation {
    /// The schema path of the rpc or action: `/module:name` or `/module:container/list/action`.
    pub path: String,
    /// Program and arguments; a program with a slash is relative to the configuration file.
    pub exec: Vec<String>,
    /// Seconds that it may take.
    #[serde(default = "thirty")]
    pub timeout: u64,
}

fn thirty() -> u64 {
    30
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {source}; give another file with --config, or create it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML, or has an unknown key or a wrong value. The text has line and excerpt.
    #[error("{}: {message}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        message: String,
    },
    /// A value that is well-formed but cannot be meant.
    #[error("{}: {key}: {message}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What is wrong with it, and what to do.
        message: String,
    },
}

impl Config {
    /// Reads the file at `path`.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let base = std::path::absolute(path)
            .map_err(|source| ConfigError::Read {
                path: path.to_owned(),
                source,
            })?
            .parent()
            .unwrap_or(Path::new("/"))
            .to_owned();
        Config::parse(&text, path, &base)
    }

    fn parse(text: &str, path: &Path, base: &Path) -> Result<Config, ConfigError> {
        let mut config: Config = toml::from_str(text).map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            message: with_suggestion(error.to_string().trim_end().to_owned()),
        })?;
        config.store.directory = base.join(&config.store.directory);
        for directory in &mut config.yang.path {
            *directory = base.join(&*directory);
        }
        for place in [&mut config.netconf.socket, &mut config.netconf.host_key]
            .into_iter()
            .flatten()
        {
            *place = base.join(&*place);
        }
        for (index, operation) in config.operation.iter_mut().enumerate() {
            let wrong = |what: &str, message: &str| ConfigError::Value {
                path: path.to_owned(),
                key: format!("operation[{index}].{what}"),
                message: message.to_owned(),
            };
            if !operation.path.starts_with('/') || !operation.path.contains(':') {
                return Err(wrong(
                    "path",
                    "write it as /module:name, or /module:container/.../action",
                ));
            }
            let Some(program) = operation.exec.first_mut() else {
                return Err(wrong(
                    "exec",
                    "is empty: give the program and its arguments",
                ));
            };
            if program.contains('/') {
                *program = base.join(&*program).to_string_lossy().into_owned();
            }
        }
        for user in &config.user {
            if let Some(hash) = &user.password_hash
                && !(hash.starts_with("$5$") || hash.starts_with("$6$"))
            {
                return Err(ConfigError::Value {
                    path: path.to_owned(),
                    key: format!("user {:?}.password-hash", user.name),
                    message:
                        "is no SHA-256 or SHA-512 crypt hash: make one with `openssl passwd -6`"
                            .to_owned(),
                });
            }
        }
        Ok(config)
    }

    /// The Unix socket of the NETCONF server.
    pub fn socket(&self) -> PathBuf {
        self.netconf
            .socket
            .clone()
            .unwrap_or_else(|| self.store.directory.join("banyan.sock"))
    }

    /// The SSH host key.
    pub fn host_key(&self) -> PathBuf {
        self.netconf
            .host_key
            .clone()
            .unwrap_or_else(|| self.store.directory.join("ssh_host_ed25519_key"))
    }
}

/// Adds the nearest known key to serde's list of all of them.
fn with_suggestion(message: String) -> String {
    let Some((_, rest)) = message.split_once("unknown field `") else {
        return message;
    };
    let mut quoted = rest.split('`');
    let Some(unknown) = quoted.next() else {
        return message;
    };
    // What stands between backquotes after the unknown name are the known ones, every second piece.
    let nearest = quoted
        .skip(1)
        .step_by(2)
        .min_by_key(|known| distance(unknown, known));
    match nearest {
        Some(nearest) if distance(unknown, nearest) <= 1 + unknown.len() / 3 => {
            format!("{message}\ndid you mean `{nearest}`?")
        }
        _ => message,
    }
}

/// Levenshtein's distance, for short names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("banyan.toml"), Path::new("/etc/banyan"))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn relative_paths_are_relative_to_the_file() {
        let config =
            parse("store.directory = 'db'\n[yang]\npath = ['yang', '/usr/share/yang']\n").unwrap();
        assert_eq!(config.store.directory, Path::new("/etc/banyan/db"));
        assert_eq!(
            config.yang.path,
            [Path::new("/etc/banyan/yang"), Path::new("/usr/share/yang")]
        );
        assert_eq!(config.socket(), Path::new("/etc/banyan/db/banyan.sock"));
    }

    #[test]
    fn an_unknown_key_is_an_error_with_line_and_suggestion() {
        let error = parse("[store]\ndirectry = 'db'\n").unwrap_err();
        assert!(
            error.contains("banyan.toml") && error.contains("line 2"),
            "{error}"
        );
        assert!(error.contains("did you mean `directory`?"), "{error}");
    }

    #[test]
    fn a_plain_password_is_refused_with_the_remedy() {
        let error =
            parse("store.directory = 'db'\n[[user]]\nname = 'a'\npassword-hash = 'secret'\n")
                .unwrap_err();
        assert!(error.contains("openssl passwd -6"), "{error}");
    }

    #[test]
    fn an_operation_needs_a_program() {
        let error =
            parse("store.directory = 'db'\n[[operation]]\npath = '/m:r'\nexec = []\n").unwrap_err();
        assert!(error.contains("operation[0].exec"), "{error}");
    }
}
