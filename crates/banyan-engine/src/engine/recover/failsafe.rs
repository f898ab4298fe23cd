//! The store failsafe in the place of what cannot be used.

use std::path::{Path, PathBuf};

use banyan_data::Tree;

use super::migrate::{Brought, valid};
use super::{Found, Made, Recovered, Run, base};
use crate::bind;
use crate::confirm;
use crate::engine::start::StartError;
use crate::keeper::{BEFORE, file_of};
use crate::snapshot::Snapshot;
use crate::upgrade::report::{Report, Status};
use crate::upgrade::unfit;

/// Its name.
pub(super) const FAILSAFE: &str = "failsafe";
/// Where what was in running is kept.
const TMP: &str = "tmp";

impl Run<'_> {
    /// The store failsafe in the place of what cannot be used; without one the start fails.
    pub(super) fn failsafe(
        mut self,
        error: StartError,
        found: Option<Found>,
    ) -> Result<Recovered, StartError> {
        let Some(directory) = self.start.directory.filter(|_| error.is_about_data()) else {
            return Err(error);
        };
        self.plan = Default::default();
        self.rollback_aside()?;
        self.reports
            .retain(|report| report.status < Status::Invalid && report.store != "startup");
        let Some(tree) = self.failsafe_tree(directory, &error)? else {
            return Err(self.with_faults_of_startup(error));
        };
        let before = match found {
            Some(found) => Some(found.logged),
            // The log has all of it, or nobody has.
            None => self.replayed_whole().ok(),
        };
        self.begins_anew = before.is_none();
        let before = match before {
            Some(before) => before,
            None => self.nothing_before()?,
        };
        if !self.begins_anew {
            self.point(Some(&before))?;
        }
        // Clixon keeps it there too.
        let kept = self.keep_unusable(directory)?;
        let broken = error.store();
        let mut comment = format!("failsafe: {broken} could not be used");
        if kept {
            comment.push_str("; what was in running is kept in the store tmp");
        }
        if self.begins_anew {
            comment.push_str(
                "; running could not be rebuilt from the log: states before this commit are not known",
            );
        }
        self.note_startup(directory)?;
        let forget = vec![(confirm::FACT.to_owned(), None)];
        let running = self.committed(before, tree, "start", &comment, forget)?;
        let mut report = Report::of(broken);
        report.fail(error.status(), error.findings());
        let remedy = error.remedy();
        report.warnings = std::iter::once(comment).chain(remedy).collect();
        self.reports.insert(0, report);
        // Its mention says that it is in force.
        if !self.reports.iter().any(|it| it.store == FAILSAFE) {
            self.reports.push(Report::of(FAILSAFE));
        }
        let made = Made {
            running,
            startup: None,
        };
        self.finish(made, base::nothing_kept(), None)
    }

    /// What failsafe holds, under the loaded modules and valid; `None` without one.
    fn failsafe_tree(
        &mut self,
        directory: &Path,
        error: &StartError,
    ) -> Result<Option<Tree>, StartError> {
        let refused = |reason| StartError::Failsafe {
            reason: Box::new(reason),
            error: error.to_string(),
        };
        let Some(on_disk) = self.on_disk(directory, FAILSAFE).map_err(refused)? else {
            return Ok(None);
        };
        let schema = self.noted(FAILSAFE, &on_disk)?;
        let brought = self.brought(FAILSAFE, &on_disk, &schema, super::named::REMEDY);
        let Brought { tree, .. } = brought.map_err(refused)?;
        valid(&tree, Some((FAILSAFE, &on_disk)), "correct the file").map_err(refused)?;
        Ok(Some(tree))
    }

    /// The state before a commit that begins anew: nobody knows it.
    pub(super) fn nothing_before(&self) -> Result<Snapshot, StartError> {
        let empty = Tree::empty(self.loaded().clone());
        Ok(Snapshot::new(empty, self.log().head()?))
    }

    /// The files of running, usable or not, become the store tmp, under the modules that they were written under. Gives
    /// whether there are any.
    fn keep_unusable(&mut self, directory: &Path) -> Result<bool, StartError> {
        let single = file_of(directory, "running");
        let parts = parts_of(directory, "running");
        let files = &self.start.seams.files;
        let listed = files.list(&parts);
        let mut names = listed.map_err(|reason| StartError::Unreadable {
            file: parts.clone(),
            reason,
        })?;
        names.retain(|name| name.ends_with(".xml"));
        let split = self.start.form.options().split && !names.is_empty();
        let main = match split {
            true => parts.join("0.xml"),
            false => single,
        };
        let mut kept = false;
        let copied = match split {
            true => names
                .iter()
                .map(|name| (parts.join(name), parts_of(directory, TMP).join(name)))
                .collect(),
            false => vec![(main.clone(), file_of(directory, TMP))],
        };
        for (from, to) in copied {
            if let Some(content) = self.read_single(&from)? {
                self.spare(&to, &content)?;
                self.plan.file(to, content);
                kept = true;
            }
        }
        // A file that nobody knows would be taken for an edit of what runs now.
        if kept && self.begins_anew {
            self.keep_damaged(directory, &main)?;
        }
        let digest = bind::hex(self.current.digest());
        if digest != bind::hex(self.loaded().digest())
            && let Ok(Some(on_disk)) = self.on_disk(directory, "running")
        {
            let noted = unfit::value(&digest, &on_disk);
            self.plan.facts(vec![(unfit::fact(TMP), Some(noted))]);
        }
        Ok(kept)
    }
}

impl Run<'_> {
    /// What is in the store tmp already, and is something else, gets another name.
    fn spare(&mut self, file: &Path, content: &[u8]) -> Result<(), StartError> {
        let there = self.read_single(file)?;
        if there.is_some_and(|there| there != content) {
            let name = self.free_name(file, BEFORE)?;
            self.plan.rename(file.to_owned(), name);
        }
        Ok(())
    }
}

pub(super) fn parts_of(directory: &Path, store: &str) -> PathBuf {
    directory.join(format!("{store}.d"))
}
