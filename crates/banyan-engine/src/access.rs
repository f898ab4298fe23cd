//! Access control (NACM, RFC 8341): who may read, change, call and hear what.
//!
//! The rules are `/ietf-netconf-acm:nacm` of running (or of a file), read once for each change of it. What they say of one
//! user is a [`Subject`], kept as long as the rules are. Must not know sessions, locks or the wire.

mod below;
mod explain;
mod first;
mod guard;
mod hush;
mod lockout;
mod options;
mod path;
mod place;
mod policy;
mod read;
mod state;
mod stray;
mod subject;
#[cfg(test)]
pub(crate) mod tests;
mod trie;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arc_swap::ArcSwapOption;
use banyan_data::Tree;
use banyan_yang::schema::Schema;

pub(crate) use explain::Question;
pub(crate) use guard::ReadableInUse;
pub use options::{AccessOptions, Credentials, Mode};
pub use policy::Operation;
pub(crate) use state::PATH as STATE_PATH;
pub use subject::Subject;

use crate::backend::{Call, Document, Principal, Result};
use crate::bind::{self, SharedMounts};
use crate::engine::StartError;
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::files::Files;
use crate::session::INTERNAL;
use policy::Policy;

/// What was refused since the start (RFC 8341 3.4.2 to 3.4.6).
#[derive(Default)]
pub(crate) struct Counters {
    /// Operations.
    pub operations: AtomicU32,
    /// Requests to write.
    pub writes: AtomicU32,
    /// Notifications.
    pub notifications: AtomicU32,
}

impl Counters {
    fn count(counter: &AtomicU32) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// The access control of an engine.
pub(crate) struct Access {
    options: AccessOptions,
    /// The rules of a file.
    external: Option<Arc<Policy>>,
    /// The rules of running, when they were last asked for.
    internal: ArcSwapOption<Policy>,
    pub counters: Counters,
}

impl Access {
    /// Reads the file of the rules, where there is one.
    ///
    /// # Errors
    /// The file cannot be read or does not fit the schema, or the schema lacks the module of the rules.
    pub fn open(
        options: AccessOptions,
        files: &dyn Files,
        schema: &Arc<Schema>,
        mounts: &SharedMounts,
    ) -> std::result::Result<Access, StartError> {
        if options.mode != Mode::Disabled && policy::place(schema).is_none() {
            return Err(StartError::Registration(format!(
                "access control is on, but the module {} is not loaded; load it, or set its mode to disabled",
                policy::MODULE
            )));
        }
        let external = match &options.mode {
            Mode::External(file) => {
                let tree = external(file, files, schema, mounts)?;
                let policy = Policy::of(&tree, options.disabled_on_empty)
                    .and_then(|policy| policy.sound().map(|()| policy))
                    .map_err(|errors| wrong_file(file, errors))?;
                Some(Arc::new(policy))
            }
            Mode::Disabled | Mode::Internal => None,
        };
        Ok(Access {
            options,
            external,
            internal: ArcSwapOption::empty(),
            counters: Counters::default(),
        })
    }

    /// Logs the rules that fit nothing; at the start, when it is known which modules there are.
    pub fn tell_strays(&self, running: &Tree) {
        if let Ok(Some(policy)) = self.policy(running) {
            for stray in stray::strays(&policy, running.schema()) {
                tracing::warn!("{stray}");
            }
        }
    }

    pub fn options(&self) -> &AccessOptions {
        &self.options
    }

    /// The rules in force; `None` when access control is off. O(1) unless `/nacm` changed.
    fn policy(&self, running: &Tree) -> Result<Option<Arc<Policy>>> {
        match self.options.mode {
            Mode::Disabled => return Ok(None),
            Mode::External(_) => return Ok(self.external.clone().filter(|policy| policy.enabled)),
            Mode::Internal => {}
        }
        let known = self.internal.load_full();
        let policy = match known.filter(|policy| policy.is_of(running)) {
            Some(policy) => policy,
            None => {
                let policy = Arc::new(Policy::of(running, self.options.disabled_on_empty)?);
                self.internal.store(Some(policy.clone()));
                policy
            }
        };
        Ok(Some(policy).filter(|policy| policy.enabled))
    }

    /// The user behind a call, if rules count for him: not for the program itself, not for the recovery user, and not
    /// while access control is off.
    ///
    /// # Errors
    /// The user acts for another, and may not.
    pub fn subject(&self, call: &Call, running: &Tree) -> Result<Option<Arc<Subject>>> {
        if call.session == INTERNAL {
            return Ok(None);
        }
        self.credible(&call.principal)?;
        let recovery = self.options.recovery_user.as_ref();
        if recovery == Some(call.principal.effective()) {
            return Ok(None);
        }
        let policy = self.policy(running)?;
        Ok(policy.map(|policy| policy.subject(&call.principal)))
    }

    /// Whether a user may act for the one for whom he does.
    pub fn credible(&self, principal: &Principal) -> Result<()> {
        let Some(other) = &principal.acting_for else {
            return Ok(());
        };
        let user = &principal.user;
        let trusted = other == user
            || match self.options.credentials {
                Credentials::None => true,
                Credentials::Exact => false,
                Credentials::Except => &**user == "root" || self.options.proxies.contains(user),
            };
        if trusted || self.options.mode == Mode::Disabled {
            return Ok(());
        }
        Err(denied_report(
            ErrorLayer::Protocol,
            format!("{user} may not act for {other}; name {user} among the users of trusted front ends to allow it"),
        )
        .into())
    }
}

fn external(
    file: &std::path::Path,
    files: &dyn Files,
    schema: &Arc<Schema>,
    mounts: &SharedMounts,
) -> std::result::Result<Tree, StartError> {
    let unreadable = |reason| StartError::Unreadable {
        file: file.to_owned(),
        reason,
    };
    let bytes = files
        .read(file)
        .map_err(unreadable)?
        .ok_or_else(|| unreadable(std::io::ErrorKind::NotFound.into()))?;
    let json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let document = if json {
        Document::json(bytes)
    } else {
        Document::xml(bytes)
    };
    bind::parse_config(schema, &document, mounts).map_err(|errors| wrong_file(file, errors))
}

fn wrong_file(file: &std::path::Path, errors: BackendError) -> StartError {
    StartError::File {
        file: file.to_owned(),
        errors,
        remedy: "correct the rules of access control in it, or name another file".to_owned(),
    }
}

fn denied_report(layer: ErrorLayer, message: impl Into<String>) -> Report {
    Report::new(layer, ErrorTag::AccessDenied, message)
}
