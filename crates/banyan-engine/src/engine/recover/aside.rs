//! Files that get other names, and files that are not used: said, and never overwritten.

use std::path::{Path, PathBuf};

use super::Run;
use crate::engine::start::StartError;
use crate::keeper::{self, DAMAGED};
use crate::stores::ROLLBACK;
use crate::upgrade::report::{Report, Status};

impl Run<'_> {
    /// A name that is free, and that nothing else of this start is to get.
    pub(super) fn free_name(&self, file: &Path, ending: &str) -> Result<PathBuf, StartError> {
        let planned = |name: &Path| self.plan.takes(name);
        let files = &*self.start.seams.files;
        Ok(keeper::free_name(files, file, ending, &planned)?)
    }

    /// Plans other names for the files of running, whose main one is `main`: for all of them that the log does not know as
    /// they are, as what is rebuilt takes their places.
    pub(super) fn keep_damaged(&mut self, directory: &Path, main: &Path) -> Result<(), StartError> {
        let mut files = vec![main.to_owned()];
        if main.parent() != Some(directory) {
            let seams = self.start.seams;
            files = keeper::unknown_files(&*seams.files, &*seams.log, directory, "running")?;
        }
        for file in files {
            let name = self.free_name(&file, DAMAGED)?;
            tracing::warn!("{} is kept as {}", file.display(), name.display());
            self.plan.rename(file, name);
        }
        Ok(())
    }

    /// Says what somebody has put beside a store in the form that is not read.
    pub(super) fn tell_ignored(&mut self) -> Result<(), StartError> {
        let Some(directory) = self.start.directory else {
            return Ok(());
        };
        let (files, log) = (&*self.start.seams.files, &*self.start.seams.log);
        let splits = self.start.form.options().split;
        let mut found = Vec::new();
        for store in keeper::names(files, log, directory)? {
            if store == ROLLBACK || store == "candidate" {
                continue;
            }
            let ignored = keeper::ignored(files, log, directory, &store, splits)?;
            found.extend(ignored.into_iter().next().map(|file| (store, file)));
        }
        for (store, file) in found {
            let (file, other) = match splits {
                true => (file, format!("{store}.d")),
                false => (file.with_file_name("0.xml"), format!("{store}_db")),
            };
            let target = match &*store {
                "running" => "candidate",
                store => store,
            };
            let warning = format!(
                "{} is not used, and not what the program left there: the store is read from {other}; to take it over, `banyan store load {target} FILE`; else move it away (the next write of the store keeps it with .edited behind its name)",
                file.display()
            );
            if !self.reports.iter().any(|report| report.store == store) {
                let mut report = Report::of(&store);
                report.status = Status::NotValidated;
                self.reports.push(report);
            }
            self.report_of(&store).warnings.push(warning);
        }
        Ok(())
    }

    /// Says that the log of a directory that was used before is not there.
    pub(super) fn tell_missing_log(&mut self) -> Result<(), StartError> {
        let Some(directory) = self.start.directory.filter(|_| self.is_first()) else {
            return Ok(());
        };
        let list = |directory: &Path| {
            let listed = self.start.seams.files.list(directory);
            listed.map_err(|reason| StartError::Unreadable {
                file: directory.to_owned(),
                reason,
            })
        };
        let sets = list(&directory.join("schemas"))?;
        let bases = list(directory)?;
        let used = sets.iter().any(|name| name.ends_with(".set"))
            || bases.iter().any(|name| name.starts_with("history-base"));
        if used {
            self.report_of("running").warnings.push(format!(
                "{} is missing, although the directory was used before: the history begins anew with what the files hold, and what was committed after they were written is not known; if the log is only misplaced, stop the program, put it back and start again",
                directory.join("commits.redb").display()
            ));
        }
        Ok(())
    }
}
