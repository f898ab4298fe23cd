//! Commits that nobody has confirmed: ours, which the log knows, and Clixon's, of which a first start finds the rollback.

use std::path::PathBuf;

use super::migrate::{Brought, valid};
use super::{Found, Run};
use crate::bind;
use crate::confirm::{self, Kept};
use crate::engine::start::{StartError, StartMode};
use crate::history;
use crate::keeper::{ERROR, OnDisk};
use crate::log::LogError;
use crate::number::Seq;
use crate::snapshot::Snapshot;
use crate::stores::ROLLBACK;

const REMEDY: &str = "correct the file, or move it away to start with what was not confirmed";

impl Run<'_> {
    /// A confirmed commit that was pending when the program ended is taken back (RFC 6241 8.4.1).
    pub(super) fn without_unconfirmed(&mut self, found: &Found) -> Result<Snapshot, StartError> {
        let facts = self.log().facts(confirm::FACT)?;
        let Some(text) = facts.get(confirm::FACT) else {
            return Ok(found.running.clone());
        };
        let forget = vec![(confirm::FACT.to_owned(), None)];
        if self.begins_anew {
            self.plan.facts(forget);
            return Ok(found.running.clone());
        }
        let Ok(kept) = serde_json::from_str::<Kept>(text) else {
            return Err(LogError::Damaged {
                file: "commits.redb".to_owned(),
                reason: "the pending confirmed commit cannot be read".to_owned(),
            }
            .into());
        };
        let state = history::state_at(self.log(), &found.logged, kept.revert_to, self.start.epochs);
        let failed = |reason| StartError::Replay {
            seq: kept.revert_to,
            reason,
        };
        let tree = state.map_err(failed)?;
        let schema = found.running.tree.schema();
        let tree = self.start.epochs.rebind(&tree, schema).map_err(failed)?;
        let tree = bind::resolved(&tree);
        tracing::warn!(
            "transaction {} of {} was not confirmed before the restart: it is taken back",
            kept.tid,
            kept.user
        );
        if found.running.seq > found.logged.seq {
            self.tell_edit_goes_too(found);
        }
        let comment = format!(
            "takes back transaction {}, which was not confirmed before the restart",
            kept.tid
        );
        self.committed(found.running.clone(), tree, "start", &comment, forget)
    }

    /// An edit by hand was made on what was not confirmed.
    fn tell_edit_goes_too(&mut self, found: &Found) {
        let changes = self.plan.last_changes().unwrap_or_default();
        let file = found
            .on_disk
            .as_ref()
            .map_or("running_db".into(), |it| it.file.display().to_string());
        let seq = found.running.seq;
        self.report_of("running").warnings.push(format!(
            "{file} was changed by hand while that commit was pending ({changes} changes): the edit goes too; it is commit {seq} of the history: `banyan history show {seq}` has it, and `banyan rollback --to seq:{seq}`, then `banyan diff` and `banyan commit`, brings back all that was then"
        ));
    }

    /// What a first start finds in a rollback: running as it was before a confirmed commit that another program, or one whose
    /// log is lost, has left pending. It is committed instead, as Clixon does.
    ///
    /// # Errors
    /// It cannot be read or is not valid.
    pub(super) fn of_rollback(
        &mut self,
        running: &Snapshot,
    ) -> Result<Option<Snapshot>, StartError> {
        let Some(on_disk) = self.foreign_rollback()? else {
            return Ok(None);
        };
        let file = on_disk.file.display().to_string();
        if matches!(self.start.options.mode, StartMode::None | StartMode::Init) {
            self.rollback_aside()?;
            let mode = self.start.options.mode;
            self.report_of("running").warnings.push(format!(
                "{file} was there, of a confirmed commit that was pending: in the mode {mode} nobody needs it, and it is kept with {ERROR} behind its name"
            ));
            return Ok(None);
        }
        let loaded = self.loaded().clone();
        let Brought { tree, .. } = self.brought(ROLLBACK, &on_disk, &loaded, REMEDY)?;
        self.reports.retain(|report| report.store != ROLLBACK);
        valid(&tree, Some((ROLLBACK, &on_disk)), REMEDY)?;
        self.report_of("running").warnings.push(format!(
            "{file} was there: a confirmed commit was pending, and it is taken back; what was not confirmed is commit {} of the history",
            running.seq
        ));
        let comment =
            "takes back a confirmed commit that was pending: running is what rollback held";
        let after = self.committed(running.clone(), tree, "start", comment, Vec::new())?;
        Ok(Some(after))
    }

    /// The files of a rollback of which the log knows nothing.
    fn foreign_rollback(&self) -> Result<Option<OnDisk>, StartError> {
        let Some(directory) = self.start.directory else {
            return Ok(None);
        };
        match self.is_first() && self.log().head()? == Seq(0) {
            true => self.on_disk(directory, ROLLBACK),
            false => Ok(None),
        }
    }

    /// A rollback that is of no use gets another name.
    pub(super) fn rollback_aside(&mut self) -> Result<(), StartError> {
        let files: Vec<PathBuf> = match self.foreign_rollback()? {
            Some(on_disk) => on_disk.paths(),
            None => Vec::new(),
        };
        for file in files {
            let name = self.free_name(&file, ERROR)?;
            self.plan.rename(file, name);
        }
        Ok(())
    }
}
