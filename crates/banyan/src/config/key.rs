//! What a row of the table of keys says, and what values a key takes.

use std::net::SocketAddr;
use std::time::Duration;

use banyan_yang::nearest::nearest;

/// One key of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name in `banyan.toml`, with dots between tables.
    pub name: &'static str,
    /// What it is called in a Clixon configuration.
    pub clixon: Clixon,
    /// What values it takes.
    pub kind: Kind,
    /// The value when none is given, as it would be written; empty when there is none.
    pub default: &'static str,
    /// The value when none is given in a Clixon configuration, where that differs.
    pub clixon_default: Option<&'static str>,
    /// What it means.
    pub meaning: &'static str,
    /// A line of `banyan.toml`.
    pub example: &'static str,
    /// The version of Banyan that had it first.
    pub since: &'static str,
    /// When a new value is taken up.
    pub applies: Applies,
}

/// When a changed value is taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// At the next start of the daemon.
    Restart,
    /// At the next start of the daemon; client commands read it each time that they run.
    RestartAndCommands,
}

/// The counterpart in a Clixon configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clixon {
    /// There is none.
    Without,
    /// One leaf; a later file replaces it. Several leaves: a boolean that is true when one of them is.
    Leaf(&'static [&'static str]),
    /// A leaf-list: each element is one more value.
    LeafList(&'static str),
    /// A leaf of type bits: names with blanks between them.
    Bits(&'static str),
    /// A number that is a truth value: 0 or 1.
    Flag(&'static str),
    /// A list with the leaves `name` and `status`.
    Named(&'static str),
    /// `CLICON_DEBUG`: bits that become one log level.
    Debug(&'static str),
    /// `CLICON_FEATURE`: `module:feature`.
    Features(&'static str),
    /// A module and, in a second leaf, its revision.
    Module(&'static str, &'static str),
}

impl Clixon {
    /// All names that are read.
    pub fn names(self) -> Vec<&'static str> {
        match self {
            Clixon::Without => Vec::new(),
            Clixon::Leaf(names) => names.to_vec(),
            Clixon::LeafList(name)
            | Clixon::Bits(name)
            | Clixon::Flag(name)
            | Clixon::Named(name)
            | Clixon::Debug(name)
            | Clixon::Features(name) => vec![name],
            Clixon::Module(name, revision) => vec![name, revision],
        }
    }
}

/// What values a key takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text that is not empty.
    Text,
    /// A file or directory; relative to the file that names it.
    Path,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// One of these names, each with what it means.
    Choice(&'static [(&'static str, &'static str)]),
    /// A whole number and its unit: `500ms`, `1s`, `5min`, `2h`.
    Duration,
    /// Address and port.
    Address,
    /// `name` or `name@revision` of a module.
    Module,
    /// A crypt(3) hash.
    PasswordHash,
    /// The schema path of an rpc or action.
    OperationPath,
    /// The schema path of a data node.
    SchemaPath,
    /// Several values of a kind.
    List(&'static Kind),
    /// One value of a kind for each of several names.
    Named(&'static Kind),
    /// Features by module: lists of names; `*` stands for every module, and for every feature.
    Features,
    /// Tables, each with these keys.
    Tables(&'static [Key]),
}

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong with it.
    pub message: String,
    /// What is allowed.
    pub allowed: String,
    /// What may have been meant, or what to do.
    pub remedy: Option<String>,
}

impl Kind {
    /// What is allowed, for people.
    pub fn described(&self) -> String {
        match self {
            Kind::Text => "text".to_owned(),
            Kind::Path => "a path".to_owned(),
            Kind::Boolean => "true or false".to_owned(),
            Kind::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Kind::Choice(names) => {
                let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
                names.join(", ")
            }
            Kind::Duration => "a whole number with ms, s, min or h, as 500ms".to_owned(),
            Kind::Address => "address:port, as 127.0.0.1:2022 or [::]:830".to_owned(),
            Kind::Module => "a module's name, or name@revision".to_owned(),
            Kind::PasswordHash => "a crypt(3) hash that begins with $5$ or $6$".to_owned(),
            Kind::OperationPath => "/module:rpc, or /module:container/.../action".to_owned(),
            Kind::SchemaPath => "/module:container/.../node".to_owned(),
            Kind::List(of) => format!("a list; each: {}", of.described()),
            Kind::Named(of) => format!("a table of names, each with: {}", of.described()),
            Kind::Features => "lists of features by module; * is all".to_owned(),
            Kind::Tables(_) => "tables".to_owned(),
        }
    }

    /// Whether a value is written without quotes.
    pub fn is_bare(&self) -> bool {
        matches!(self, Kind::Boolean | Kind::Integer { .. })
    }

    /// The kind of a single value.
    pub fn single(&self) -> &Kind {
        match self {
            Kind::List(of) | Kind::Named(of) => of,
            other => other,
        }
    }

    /// Checks one value.
    ///
    /// # Errors
    /// It is not one of this kind.
    pub fn check(&self, text: &str) -> Result<(), Wrong> {
        let wrong = |message: String, remedy: Option<&str>| Wrong {
            message,
            allowed: self.described(),
            remedy: remedy.map(str::to_owned),
        };
        match self {
            Kind::List(of) | Kind::Named(of) => of.check(text),
            _ if text.is_empty() => Err(wrong("the value is empty".to_owned(), None)),
            Kind::Text | Kind::Path | Kind::Features | Kind::Tables(_) => Ok(()),
            Kind::Boolean => match text {
                "true" | "false" => Ok(()),
                _ => Err(wrong(format!("{text:?} is neither true nor false"), None)),
            },
            Kind::Integer { min, max } => match text.parse::<i64>() {
                Ok(number) if (*min..=*max).contains(&number) => Ok(()),
                Ok(number) => Err(wrong(format!("{number} is out of range"), None)),
                Err(_) => Err(wrong(format!("{text:?} is no such number"), None)),
            },
            Kind::Choice(names) => {
                if names.iter().any(|(name, _)| *name == text) {
                    return Ok(());
                }
                let near = nearest(text, names.iter().map(|(name, _)| *name));
                let remedy = near.map(|near| format!("did you mean {near:?}?"));
                Err(wrong(
                    format!("{text:?} is not one of the values"),
                    remedy.as_deref(),
                ))
            }
            Kind::Duration => match duration(text) {
                Some(_) => Ok(()),
                None => Err(wrong(
                    format!("{text:?} is no length of time"),
                    Some("write the unit behind the number, without a blank: 500ms, 1s, 5min, 2h"),
                )),
            },
            Kind::Address => match text.parse::<SocketAddr>() {
                Ok(_) => Ok(()),
                Err(_) => Err(wrong(
                    format!("{text:?} is no address with a port"),
                    Some(
                        "names are not looked up: write the IP address, and the port behind a colon",
                    ),
                )),
            },
            Kind::Module => {
                let (name, revision) = match text.split_once('@') {
                    Some((name, revision)) => (name, Some(revision)),
                    None => (text, None),
                };
                if !is_identifier(name) {
                    Err(wrong(format!("{name:?} is no name of a module"), None))
                } else if revision.is_some_and(|revision| !is_revision(revision)) {
                    Err(wrong(
                        format!("{:?} is no revision", revision.unwrap_or_default()),
                        Some("a revision is a date, as 2024-05-01"),
                    ))
                } else {
                    Ok(())
                }
            }
            Kind::PasswordHash => match text.starts_with("$5$") || text.starts_with("$6$") {
                true => Ok(()),
                // The text may be the password itself: it is not repeated.
                false => Err(wrong(
                    "this is no SHA-256 or SHA-512 crypt hash".to_owned(),
                    Some("make one with `openssl passwd -6`"),
                )),
            },
            Kind::OperationPath => match text.starts_with('/') && text.contains(':') {
                true => Ok(()),
                false => Err(wrong(format!("{text:?} is no path of an operation"), None)),
            },
            Kind::SchemaPath => match text.starts_with('/') && text.contains(':') {
                true => Ok(()),
                false => Err(wrong(format!("{text:?} is no path of a data node"), None)),
            },
        }
    }
}

/// A length of time: a whole number with its unit, of at most a thousand years.
pub fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let milliseconds = number.checked_mul(match unit {
        "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    })?;
    (milliseconds <= 31_557_600_000_000).then(|| Duration::from_millis(milliseconds))
}

/// RFC 7950 14: identifier.
fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|it| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.'))
}

/// RFC 7950 14: date-arg.
fn is_revision(text: &str) -> bool {
    text.len() == 10
        && text.char_indices().all(|(index, it)| match index {
            4 | 7 => it == '-',
            _ => it.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_choice_names_what_is_allowed_and_what_is_near() {
        let kind = Kind::Choice(&[("running", ""), ("startup", "")]);
        let wrong = kind.check("runing").unwrap_err();
        assert_eq!(wrong.allowed, "running, startup");
        assert_eq!(wrong.remedy.as_deref(), Some("did you mean \"running\"?"));
    }

    #[test]
    fn numbers_are_checked_for_their_range() {
        let kind = Kind::Integer { min: 1, max: 60 };
        assert!(kind.check("60").is_ok());
        assert_eq!(kind.check("61").unwrap_err().message, "61 is out of range");
        assert!(kind.check("1.5").is_err());
        assert!(kind.check("99999999999999999999").is_err());
    }

    #[test]
    fn lengths_of_time_have_a_unit() {
        assert_eq!(duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(duration("1s"), Some(Duration::from_secs(1)));
        assert_eq!(duration("5min"), Some(Duration::from_secs(300)));
        assert_eq!(duration("2h"), Some(Duration::from_secs(7200)));
        for wrong in [
            "",
            "s",
            "1",
            "1 s",
            "-1s",
            "1.5s",
            "1d",
            "99999999999999999h",
        ] {
            assert!(Kind::Duration.check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn modules_may_have_a_revision() {
        assert!(Kind::Module.check("acme-net@2024-05-01").is_ok());
        assert!(Kind::Module.check("acme-net@latest").is_err());
        assert!(Kind::Module.check("9net").is_err());
    }

    #[test]
    fn a_password_is_not_repeated() {
        let wrong = Kind::PasswordHash.check("secret").unwrap_err();
        assert!(!format!("{wrong:?}").contains("secret"));
    }
}
