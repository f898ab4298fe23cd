//! Reads of the Network Management Datastore Architecture (RFC 8342) as front ends ask for them: any datastore, with
//! origins, and with a word on what is missing.

use std::fmt;

use crate::backend::{Body, Datastore, Encoding, Filter, Get, WithDefaults};
use crate::error::{BackendError, ErrorTag};

/// Where a node of the operational datastore comes from (RFC 8342 5.3.4): identities of ietf-origin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Origin {
    /// The intended configuration.
    Intended,
    /// A dynamic configuration datastore.
    Dynamic,
    /// The system itself.
    #[default]
    System,
    /// Learned from other systems by a protocol.
    Learned,
    /// A default of the schema that is in use.
    Default,
    /// It cannot be told.
    Unknown,
}

impl Origin {
    /// The name of its identity.
    pub fn name(self) -> &'static str {
        match self {
            Origin::Intended => "intended",
            Origin::Dynamic => "dynamic",
            Origin::System => "system",
            Origin::Learned => "learned",
            Origin::Default => "default",
            Origin::Unknown => "unknown",
        }
    }

    /// The origin of that name.
    pub fn named(name: &str) -> Option<Origin> {
        use Origin::{Default, Dynamic, Intended, Learned, System, Unknown};
        [Intended, Dynamic, System, Learned, Default, Unknown]
            .into_iter()
            .find(|origin| origin.name() == name)
    }
}

/// What is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReadFrom {
    /// A conventional datastore; configuration alone.
    Store(Datastore),
    /// What the system tries to apply: running, since nothing is expanded on the way.
    Intended,
    /// Running, and the state beside it (RFC 6241 7.7 `get`).
    RunningAndState,
    /// What is in use: configuration, state, and defaults (RFC 8342 5.3).
    Operational,
}

impl ReadFrom {
    /// Whether state is read.
    pub fn has_state(self) -> bool {
        matches!(self, ReadFrom::RunningAndState | ReadFrom::Operational)
    }
}

/// An identity by the namespace of its module and its name: how a front end without a schema knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdentityName {
    /// The namespace of the module that defines it.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// RFC 8526 3.1.1 `origin-filter` and `negated-origin-filter`: of configuration nodes; state never matches.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum OriginFilter {
    /// All nodes.
    #[default]
    Any,
    /// Only nodes with one of these origins, or one derived from it.
    Only(Vec<IdentityName>),
    /// Only nodes with none of these origins, nor one derived from it.
    Without(Vec<IdentityName>),
}

/// What becomes of a read when a provider of state is late or fails.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum OnMissing {
    /// What is there is answered, and what is missing is told ([`Data::missing`]).
    #[default]
    Tell,
    /// The read fails.
    Fail,
}

/// A read of any datastore (RFC 8526 3.1.1 `get-data`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GetData {
    /// Where from.
    pub from: ReadFrom,
    /// What of it; `None` is everything.
    pub filter: Option<Filter>,
    /// `Some(true)`: configuration nodes alone; `Some(false)`: state nodes alone, and the way to them.
    pub config: Option<bool>,
    /// By origin; operational only.
    pub origins: OriginFilter,
    /// Levels below and with each selected node; `None` is all.
    pub max_depth: Option<u16>,
    /// Whether nodes bear their origin; operational only.
    pub with_origin: bool,
    /// How defaults are shown; `None` is the datastore's own way: all in use for operational, else what was set.
    pub with_defaults: Option<WithDefaults>,
    /// What becomes of it when a provider is late or fails.
    pub on_missing: OnMissing,
    /// The encoding of the reply.
    pub encoding: Encoding,
}

impl GetData {
    /// Everything of a datastore, in XML.
    pub fn of(from: ReadFrom) -> GetData {
        GetData {
            from,
            filter: None,
            config: None,
            origins: OriginFilter::Any,
            max_depth: None,
            with_origin: false,
            with_defaults: None,
            on_missing: OnMissing::default(),
            encoding: Encoding::Xml,
        }
    }
}

impl GetData {
    /// The same as a plain read.
    ///
    /// # Errors
    /// It is more than that.
    pub(crate) fn plain(self) -> Result<Get, BackendError> {
        let store = match self.from {
            ReadFrom::Store(store) => Some(store),
            ReadFrom::RunningAndState | ReadFrom::Intended => Some(Datastore::Running),
            ReadFrom::Operational => None,
        };
        let more = self.config.is_some()
            || self.origins != OriginFilter::Any
            || self.max_depth.is_some()
            || self.with_origin;
        match store {
            Some(store) if !more => Ok(Get {
                store,
                state: self.from == ReadFrom::RunningAndState,
                filter: self.filter,
                with_defaults: self.with_defaults.unwrap_or_default(),
                encoding: self.encoding,
            }),
            _ => Err(BackendError::new(
                ErrorTag::OperationNotSupported,
                "there is no operational datastore here, and no choice of origins, depth or configuration",
            )),
        }
    }
}

impl From<Get> for GetData {
    fn from(get: Get) -> GetData {
        GetData {
            filter: get.filter,
            with_defaults: Some(get.with_defaults),
            encoding: get.encoding,
            ..GetData::of(match get.state {
                true => ReadFrom::RunningAndState,
                false => ReadFrom::Store(get.store),
            })
        }
    }
}

/// State that a reply should have and does not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// The provider that owes it.
    pub provider: String,
    /// The instances that it was asked for, as RFC 7951 6.11 writes them; without keys, all entries of a list.
    pub paths: Vec<String>,
    /// Why it is missing.
    pub reason: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is missing: {}: {}",
            self.paths.join(" and "),
            self.provider,
            self.reason
        )
    }
}

/// The answer to a [`GetData`].
#[derive(Debug)]
pub struct Data {
    /// The data.
    pub body: Body,
    /// What they lack; empty when they are complete.
    pub missing: Vec<Missing>,
}

/// The error of a read that wants all or nothing.
pub(crate) fn incomplete(missing: &[Missing]) -> BackendError {
    let mut error = BackendError {
        reports: Vec::new(),
    };
    for missing in missing {
        let message = format!("{missing}; read with a filter that leaves it out");
        let report = BackendError::new(ErrorTag::OperationFailed, message).reports;
        error.reports.extend(report);
    }
    error
}
