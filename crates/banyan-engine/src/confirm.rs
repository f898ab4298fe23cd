//! Confirmed commit (RFC 6241 8.4): a commit that takes itself back unless it is confirmed in time.
//!
//! Lives here: who may confirm what, and what is kept for a restart. Time and the commit that takes
//! back are the engine's business.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::backend::{CommitParameters, Confirmed, Principal};
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::number::{Seq, SessionId, Tid};
use crate::participant::Transaction;
use crate::session::age;
use crate::snapshot::Snapshot;

/// The fact that names a pending confirmed commit.
pub(crate) const FACT: &str = "confirmed-commit";

/// A commit that waits for its confirmation.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// Running before it.
    pub revert: Snapshot,
    /// Running as it left it; what others commit meanwhile is not taken back.
    pub made: Snapshot,
    /// The attempt that began or extended it: an old timer sees by it that it is old.
    pub tid: Tid,
    /// Who committed it.
    pub principal: Principal,
    /// Who must confirm, unless it persists.
    pub session: SessionId,
    /// The id that confirms it from any session.
    pub persist: Option<Arc<str>>,
    /// When it was begun or extended.
    pub since: Timestamp,
    /// How long it waits from then on.
    pub timeout: Duration,
}

/// What is kept on disk of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Kept {
    /// The place in the log to go back to.
    pub revert_to: Seq,
    /// The attempt that is pending.
    pub tid: Tid,
    /// When it runs out.
    pub until: Timestamp,
    /// Its persist-id.
    pub persist: Option<Arc<str>>,
    /// Who committed it.
    pub user: Arc<str>,
}

/// What a commit means for confirmation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Nothing.
    Plain,
    /// It begins a confirmed commit, or extends the pending one.
    Await {
        wanted: Confirmed,
        /// The place to go back to, when one is pending already.
        extends: Option<Seq>,
    },
    /// It confirms the pending one, or takes it back: either way nothing is pending after it.
    Settle,
}

impl Step {
    /// What the commit's parameters mean (RFC 6241 8.4.1).
    ///
    /// # Errors
    /// A confirmed commit of somebody else is pending, or the persist-id is wrong.
    pub fn of(
        parameters: &CommitParameters,
        session: SessionId,
        pending: Option<&Pending>,
        describe: impl Fn(SessionId) -> Option<String>,
        now: Timestamp,
    ) -> Result<Step, BackendError> {
        if let Some(pending) = pending {
            pending.require_right(session, parameters.persist_id.as_deref(), describe, now)?;
        } else if let Some(id) = &parameters.persist_id {
            return Err(unknown_id(id));
        }
        Ok(match (&parameters.confirmed, pending) {
            (Some(wanted), pending) => Step::Await {
                wanted: Confirmed {
                    // What persists goes on to: only its time, a confirmation or cancel-commit end it.
                    persist: wanted.persist.clone().or_else(|| pending?.persist.clone()),
                    ..wanted.clone()
                },
                extends: pending.map(|pending| pending.revert.seq),
            },
            (None, Some(_)) => Step::Settle,
            (None, None) => Step::Plain,
        })
    }

    /// What must be written together with the commit's record: the fact's name and its new value.
    pub fn fact(
        &self,
        before: &Snapshot,
        transaction: &Transaction,
        now: Timestamp,
    ) -> Option<(&'static str, Option<String>)> {
        match self {
            Step::Plain => None,
            Step::Settle => Some((FACT, None)),
            Step::Await { wanted, extends } => {
                let kept = Kept {
                    revert_to: extends.unwrap_or(before.seq),
                    tid: transaction.tid,
                    until: later(now, wanted.timeout),
                    persist: wanted.persist.clone(),
                    user: transaction.principal.effective().clone(),
                };
                // A struct of numbers and strings always has a JSON text.
                Some((FACT, serde_json::to_string(&kept).ok()))
            }
        }
    }
}

/// `seconds` after `now`; at the end of time when that is past it.
pub(crate) fn later(now: Timestamp, seconds: u32) -> Timestamp {
    now.checked_add(jiff::SignedDuration::from_secs(i64::from(seconds)))
        .unwrap_or(Timestamp::MAX)
}

/// The error about a persist-id that no pending commit has.
pub(crate) fn unknown_id(id: &str) -> BackendError {
    Report::new(
        ErrorLayer::Protocol,
        ErrorTag::InvalidValue,
        format!("no confirmed commit with persist-id \"{id}\" is pending; it was confirmed, cancelled, or has run out"),
    )
    .with_info("bad-element", "persist-id")
    .into()
}

impl Pending {
    /// Fails unless the session, with that persist-id, may confirm, extend or cancel it.
    ///
    /// # Errors
    /// `invalid-value` for a wrong persist-id; `in-use` for a session without the right.
    pub fn require_right(
        &self,
        session: SessionId,
        persist_id: Option<&str>,
        describe: impl Fn(SessionId) -> Option<String>,
        now: Timestamp,
    ) -> Result<(), BackendError> {
        match (&self.persist, persist_id) {
            (Some(persist), Some(given)) if **persist == *given => Ok(()),
            (_, Some(given)) => Err(unknown_id(given)),
            (None, None) if self.session == session => Ok(()),
            (_, None) => Err(self.in_the_way(describe(self.session), now).into()),
        }
    }

    /// How many seconds are left.
    pub fn left(&self, now: Timestamp) -> i64 {
        let timeout = i64::try_from(self.timeout.as_secs()).unwrap_or(i64::MAX);
        let age = now.as_second() - self.since.as_second();
        timeout.saturating_sub(age).max(0)
    }

    /// What keeps others out, and the ways out; `by` is its session, while that is open.
    pub fn in_the_way(&self, by: Option<String>, now: Timestamp) -> Report {
        let left = self.left(now);
        let who = match &by {
            Some(session) => session.clone(),
            None => format!("user {}, whose session is over", self.principal.effective()),
        };
        let remedy = match (&self.persist, &by) {
            (Some(_), _) => format!(
                "confirm it (`banyan commit --persist-id ID`) or take it back (`banyan commit --cancel --persist-id ID`), with the id that it was made with; else it takes itself back in {left} s"
            ),
            (None, Some(_)) => format!(
                "its session confirms it or takes it back; else it takes itself back in {left} s, or at once with `banyan kill-session {}`",
                self.session
            ),
            (None, None) => "it is being taken back: try again in a moment".to_owned(),
        };
        let report = Report::new(
            ErrorLayer::Protocol,
            ErrorTag::InUse,
            format!(
                "a confirmed commit of {who}, {} old, waits for its confirmation: {remedy}",
                age(self.since, now)
            ),
        );
        match by {
            Some(_) => report.with_info("session-id", self.session.to_string()),
            None => report,
        }
    }
}
