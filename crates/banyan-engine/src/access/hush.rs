//! What errors and remarks tell besides data: no more than the user may read (RFC 8341 3.2.4).
//!
//! Validation, rebasing and participants work on all data, and what they say may name any of them.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_yang::schema::Schema;

use super::place::Uniform;
use super::policy::Operation;
use super::subject::Subject;
use crate::backend::{Call, Result};
use crate::bind;
use crate::engine::{Core, Engine};
use crate::error::{BackendError, ErrorTag, Report};
use crate::log::RecordHead;

/// The error-app-tag of entries that have the same values (RFC 7950 15.1).
const NOT_UNIQUE: &str = "data-not-unique";

impl Subject {
    /// Whether the user may read all that there is and all that may come.
    pub(super) fn reads_all(&self, schema: &Arc<Schema>) -> bool {
        matches!(
            self.root(schema).uniform(Operation::Read),
            Uniform::Permit(_)
        )
    }
}

impl Engine {
    /// Whether whoever calls may read all that there is and all that may come: what was found by looking at all data is for
    /// him alone.
    pub fn may_read_all(&self, call: &Call) -> bool {
        self.0.reads_all(call).unwrap_or(false)
    }

    /// What is wrong with the parameters of an operation, without the values of data that the caller may not read: a rule
    /// of its input may look at any data.
    pub(crate) fn hushed_parameters(&self, call: &Call, mut error: BackendError) -> BackendError {
        if !self.may_read_all(call) {
            for report in &mut error.reports {
                report.info.retain(|(name, _)| &**name != "with");
            }
        }
        error
    }

    /// Whether a user may see all of these instances, as RFC 7951 writes their paths.
    pub(crate) fn sees_all(&self, subject: &Subject, paths: &[&str]) -> bool {
        let running = self.running().tree;
        paths.iter().all(|path| {
            let path = bind::parse_path(&running, path, self.mounts());
            path.is_ok_and(|path| subject.sees(&running, &path))
        })
    }
}

impl Core {
    /// Whether whoever calls may read all that there is and all that may come.
    ///
    /// # Errors
    /// He acts for another, and may not.
    pub fn reads_all(&self, call: &Call) -> Result<bool> {
        let subject = self.subject(call)?;
        Ok(subject.is_none_or(|subject| subject.reads_all(&self.schema)))
    }

    /// What a user may know of a commit that changed `before` to `after`: that there was one, of whom and when. What
    /// participants have noted names what they looked at, and is for who may read all; comment and label are for the
    /// committer, and for who may read all that it changed.
    pub fn hush_record(
        &self,
        subject: &Subject,
        head: &mut RecordHead,
        around: impl FnOnce() -> Result<(Tree, Tree)>,
    ) {
        head.entries.clear();
        let says = head.comment.is_some() || head.label.is_some();
        if !says || head.user == *subject.user() {
            return;
        }
        // What cannot be looked at is not told.
        let reads =
            around().is_ok_and(|(before, after)| subject.reads(&bind::diff(&before, &after)));
        if !reads {
            head.comment = None;
            head.label = None;
        }
    }

    /// Lines that participants have left for the committer: they look at all data, so they are for who may read all.
    pub fn heard(&self, call: &Call, trace: Vec<String>) -> Vec<String> {
        if trace.is_empty() || self.reads_all(call).unwrap_or(false) {
            return trace;
        }
        let user = call.principal.effective();
        vec![format!(
            "what was asked for may tell of data that {user} may not read; ask who may read all"
        )]
    }

    /// An error without what the user may not see: validation runs on all data, and tells of them.
    pub fn hushed(&self, call: &Call, tree: &Tree, mut error: BackendError) -> BackendError {
        let Ok(Some(subject)) = self.subject(call) else {
            return error;
        };
        if subject.reads_all(tree.schema()) {
            return error;
        }
        for report in &mut error.reports {
            if report.tag != ErrorTag::AccessDenied {
                self.hush(&subject, tree, report);
            }
        }
        error.reports.dedup();
        error
    }

    fn hush(&self, subject: &Subject, tree: &Tree, report: &mut Report) {
        let Some(path) = report.path.clone() else {
            return;
        };
        let sees = |path: &str| {
            let path = bind::parse_path(tree, path, &self.mounts);
            path.is_ok_and(|path| subject.sees(tree, &path))
        };
        report.info.retain(|(name, _)| &**name != "with");
        let user = subject.user();
        if !sees(&path) {
            report.path = None;
            report.info.clear();
            report.message = format!(
                "data that {user} may not read do not fit the change; ask who may read them"
            );
            return;
        }
        let other = |(name, _): &(Arc<str>, String)| &**name == bind::OTHER_PATH;
        if let Some(at) = report.info.iter().position(other)
            && !sees(&report.info[at].1)
        {
            report.info.clear();
            report.message = format!(
                "this was changed here, and others have changed what {user} may not read and what does not go with it; \
                 discard the change, or ask who may read both"
            );
        }
        // The other entry is named by its keys.
        if report.app_tag.as_deref() == Some(NOT_UNIQUE)
            && let Some((rule, rest)) = report.message.split_once("; ")
            && let Some((entry, _)) = rest.split_once(" has the same")
            && !sees(entry)
        {
            report.message = format!(
                "{rule}; an entry that {user} may not read has the same: choose other values"
            );
        }
    }
}
