//! What the program's configuration says about access control.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Where the rules of RFC 8341 are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// There are none: every user may do everything.
    #[default]
    Disabled,
    /// In running, at `/ietf-netconf-acm:nacm`.
    Internal,
    /// In this file: a `config` (or `data`) element with `nacm` in it, or an RFC 7951 object. Read at the start.
    External(PathBuf),
}

/// For whom a user may act ([`crate::backend::Principal::acting_for`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Credentials {
    /// For anybody: what a front end says is believed.
    None,
    /// For nobody but himself.
    Exact,
    /// For himself; root and the users named in [`AccessOptions::proxies`] for anybody.
    #[default]
    Except,
}

/// Access control, as [`crate::engine::EngineBuilder::access`] takes it. The default is none at all, which suits an
/// engine that is embedded in one program.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccessOptions {
    /// Where the rules are.
    pub mode: Mode,
    /// The user of the recovery session, for whom no rule counts (RFC 8341 2.3).
    pub recovery_user: Option<Arc<str>>,
    /// No rule counts, not even a default, while there is no `/nacm`.
    pub disabled_on_empty: bool,
    /// For whom a user may act.
    pub credentials: Credentials,
    /// The users of trusted front ends, for [`Credentials::Except`].
    pub proxies: Vec<Arc<str>>,
    /// The groups that transports are configured to vouch for, by user: so that it can be explained what follows from them.
    /// For sessions, those of [`crate::backend::Principal::groups`] count.
    pub vouched: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// Who becomes an administrator, by a commit of its own, when an engine with [`Mode::Internal`] starts for the first
    /// time. Without one, and without rules, nobody but the recovery user may write.
    pub first_admin: Option<Arc<str>>,
}
