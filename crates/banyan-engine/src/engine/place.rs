//! Where an engine keeps what it has: in memory, or in a directory that is its alone while it runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Seams;
use super::build::EngineBuilder;
use super::start::StartError;
use crate::files::{Closable, DiskFiles, Files, LockError, LockGuard, MemoryFiles};
use crate::keeper;
use crate::log::{CommitLog, MemoryLog, RedbLog};
use crate::number::Seq;

/// Where an engine keeps what it has.
pub(super) enum Place {
    Memory,
    Directory(PathBuf),
}

impl EngineBuilder {
    /// The file of the log, if it is this start that makes it.
    pub(super) fn log_to_be_made(&self) -> Option<PathBuf> {
        match (&self.place, &self.seams) {
            (Place::Directory(directory), None) => {
                Some(directory.join(LOG)).filter(|file| !file.exists())
            }
            _ => None,
        }
    }

    #[expect(clippy::type_complexity, reason = "used once, taken apart at once")]
    pub(super) fn boundaries(
        &self,
    ) -> Result<(Seams, Option<PathBuf>, Option<Box<dyn LockGuard>>), StartError> {
        match &self.place {
            Place::Memory => {
                let seams = self.seams.clone().unwrap_or_else(|| Seams {
                    files: Arc::new(MemoryFiles::default()),
                    clock: self.clock.clone(),
                    log: Arc::new(MemoryLog::default()),
                });
                let files = Arc::new(Closable::new(seams.files));
                Ok((Seams { files, ..seams }, None, None))
            }
            Place::Directory(directory) => {
                let files: Arc<dyn Files> = match &self.seams {
                    Some(seams) => seams.files.clone(),
                    None => Arc::new(DiskFiles),
                };
                let lock = locked(&*files, directory)?;
                let log: Arc<dyn CommitLog> = match &self.seams {
                    Some(seams) => seams.log.clone(),
                    None => {
                        let log = RedbLog::open(&directory.join(LOG))?;
                        Arc::new(log.measured_by(self.clock.clone()))
                    }
                };
                let seams = Seams {
                    files: Arc::new(Closable::new(files)),
                    clock: self.clock.clone(),
                    log,
                };
                Ok((seams, Some(directory.clone()), Some(lock)))
            }
        }
    }
}

/// The file of the log.
pub(super) const LOG: &str = "commits.redb";

/// A log that a start has made; without a commit it goes with a start that fails.
pub(super) struct UnusedLog {
    pub seams: Seams,
    pub file: Option<PathBuf>,
}

impl UnusedLog {
    /// The start has come to its end.
    pub fn keep(mut self) {
        self.file = None;
    }
}

impl Drop for UnusedLog {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else {
            return;
        };
        if !matches!(self.seams.log.head(), Ok(Seq(0))) {
            return;
        }
        if let Err(error) = self.seams.files.remove(&file) {
            tracing::warn!("{} stays, empty: {error}", file.display());
        }
    }
}

/// The file that says who uses a directory.
pub(super) const LOCK: &str = "banyan.lock";

/// Makes the directory ours alone.
fn locked(files: &dyn Files, directory: &Path) -> Result<Box<dyn LockGuard>, StartError> {
    let unusable = |reason| StartError::Directory {
        directory: directory.to_owned(),
        reason,
    };
    files.create_directory(directory).map_err(unusable)?;
    if let Err(reason) = files.make_private(directory, &keeper::is_ours) {
        tracing::warn!(
            "{0} holds secrets: {reason}; do `chmod 700 {0}` as its owner, or keep the datastores in a directory of their own",
            directory.display()
        );
    }
    let owner = format!("pid {}", std::process::id());
    files
        .lock(&directory.join(LOCK), &owner)
        .map_err(|error| not_locked(directory, error))
}

/// Why the directory is not ours alone.
pub(super) fn not_locked(directory: &Path, error: LockError) -> StartError {
    match error {
        LockError::Held(holder) => StartError::InUse {
            directory: directory.to_owned(),
            holder: holder.unwrap_or_else(|| "its pid is not known".to_owned()),
        },
        LockError::Io(reason) => StartError::Directory {
            directory: directory.to_owned(),
            reason,
        },
    }
}
