//! How datastores are kept in files: what an operator chooses.
//!
//! Plain values; must not know files or trees. The names of Clixon's options stand beside ours.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How the content of a datastore's file is written. Both forms are read, whatever is chosen here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// XML inside of `<config>`.
    #[default]
    Xml,
    /// RFC 7951 JSON inside of `{"config": ...}`.
    Json,
}

impl FromStr for Format {
    type Err = OptionsError;

    fn from_str(text: &str) -> Result<Self, OptionsError> {
        match text {
            "xml" => Ok(Format::Xml),
            "json" => Ok(Format::Json),
            other => Err(OptionsError::Format(other.to_owned())),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Xml => "xml",
            Format::Json => "json",
        })
    }
}

/// Where a datastore lives (`CLICON_XMLDB_CACHE_STATUS`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Policy {
    /// `file-inmem`: in memory, and each change in its file.
    #[default]
    FileInMemory,
    /// `inmem`: in memory alone.
    InMemory,
    /// `file`: in its file alone, parsed each time that somebody asks. Running is kept in memory all the same:
    /// commits are compared and validated against it.
    File,
}

impl FromStr for Policy {
    type Err = OptionsError;

    fn from_str(text: &str) -> Result<Self, OptionsError> {
        match text {
            "file-inmem" => Ok(Policy::FileInMemory),
            "inmem" => Ok(Policy::InMemory),
            "file" => Ok(Policy::File),
            other => Err(OptionsError::Policy(other.to_owned())),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Policy::FileInMemory => "file-inmem",
            Policy::InMemory => "inmem",
            Policy::File => "file",
        })
    }
}

/// Why options are not accepted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OptionsError {
    /// Not a format of files.
    #[error("{0:?} is not a format of datastore files; write xml or json")]
    Format(String),
    /// Not a policy.
    #[error("{0:?} is not a policy of a datastore; write file-inmem, inmem or file")]
    Policy(String),
    /// JSON has no attributes, so it cannot hold links.
    #[error(
        "split datastores (CLICON_XMLDB_MULTI) are XML: the links to their parts are attributes, which JSON does not have; set the format (CLICON_XMLDB_FORMAT) to xml, or do not split"
    )]
    SplitJson,
}

/// How datastores are kept in files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoreOptions {
    /// How files are written (`CLICON_XMLDB_FORMAT`).
    pub format: Format,
    /// With line breaks and indentation, or compact (`CLICON_XMLDB_PRETTY`).
    pub pretty: bool,
    /// Whether nodes with `cl:xmldb-split` have files of their own (`CLICON_XMLDB_MULTI`).
    pub split: bool,
    /// Whether files name the modules that they were written with (`CLICON_XMLDB_MODSTATE`).
    pub module_state: bool,
    /// The content-id that stands with the modules (`CLICON_MODULE_SET_ID`).
    pub content_id: String,
    /// Where datastores live, by their names; `file-inmem` without an entry, but `inmem` for the candidate: it is
    /// not durable, and its file is written only for who wants to look at it.
    pub policies: BTreeMap<String, Policy>,
    /// A file is current before a commit or a copy is answered if it has at most so many bytes and is not split. To
    /// print, hash and write it before each answer takes about 6 ms at a megabyte, and a tenth of that at the default.
    pub small: usize,
    /// Other files are written when commits have paused; at the latest when they have for so long.
    pub idle: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions {
            format: Format::Xml,
            pretty: true,
            split: false,
            module_state: false,
            content_id: "0".to_owned(),
            policies: BTreeMap::new(),
            small: 64 << 10,
            idle: Duration::from_secs(2),
        }
    }
}

impl StoreOptions {
    /// Whether the options go together.
    ///
    /// # Errors
    /// JSON together with split datastores.
    pub fn check(&self) -> Result<(), OptionsError> {
        match (self.format, self.split) {
            (Format::Json, true) => Err(OptionsError::SplitJson),
            _ => Ok(()),
        }
    }

    /// Where a datastore lives.
    pub fn policy(&self, store: &str) -> Policy {
        let usual = match store {
            "candidate" => Policy::InMemory,
            _ => Policy::FileInMemory,
        };
        self.policies.get(store).copied().unwrap_or(usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_json_is_refused_with_the_remedy() {
        let options = StoreOptions {
            format: Format::Json,
            split: true,
            ..StoreOptions::default()
        };
        let error = options.check().unwrap_err().to_string();
        assert!(error.contains("CLICON_XMLDB_FORMAT"), "{error}");
    }

    #[test]
    fn names_are_those_of_clixon() {
        for policy in [Policy::FileInMemory, Policy::InMemory, Policy::File] {
            assert_eq!(policy.to_string().parse(), Ok(policy));
        }
        for format in [Format::Xml, Format::Json] {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert!("cache".parse::<Policy>().is_err());
        assert!("text".parse::<Format>().is_err());
    }
}
