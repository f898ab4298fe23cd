//! A start without its last step: it says what it would do, and changes nothing.
//!
//! Nothing on the disk is touched, not even by what has to be mended before it can be read: files and the log are
//! written in memory alone.

use std::path::PathBuf;
use std::sync::Arc;

use super::Seams;
use super::build::EngineBuilder;
use super::place::{LOCK, LOG, Place, not_locked};
use super::recover;
use super::start::StartError;
use crate::bind::FileForm;
use crate::files::{DiskFiles, Files, LockGuard, RehearsedFiles};
use crate::log::rehearsed_log;
use crate::snapshot::Snapshot;
use crate::upgrade::report::Report;

/// What a start would do.
pub struct Rehearsal {
    /// How the stores would stand.
    pub reports: Vec<Report>,
    /// What running would be.
    pub running: Snapshot,
    /// What the start would commit, line by line.
    pub changes: Vec<String>,
}

/// What a rehearsal works with; the directory is held as long as the last is.
type Boundaries = (Seams, Option<PathBuf>, Option<Box<dyn LockGuard>>);

impl EngineBuilder {
    /// Does all that a start does, but writes nothing: what running would be, and what would be done to it. Who may read the
    /// directory may do this; nobody else may use it meanwhile.
    ///
    /// # Errors
    /// As [`EngineBuilder::open`].
    pub async fn rehearse(self) -> Result<Rehearsal, StartError> {
        let stopped = || StartError::Registration("the runtime stops".to_owned());
        tokio::task::spawn_blocking(move || self.rehearsed())
            .await
            .map_err(|error| match error.try_into_panic() {
                Ok(payload) => std::panic::resume_unwind(payload),
                Err(_) => stopped(),
            })?
    }

    fn rehearsed(self) -> Result<Rehearsal, StartError> {
        self.check()?;
        let (seams, directory, _held) = self.rehearsed_boundaries()?;
        let form = FileForm::new(self.stores.clone(), &self.schema);
        let epochs = self.epochs(&seams, directory.as_deref());
        let recovered =
            recover::recover(&self.starting(&seams, directory.as_deref(), &epochs, &form))?;
        Ok(Rehearsal {
            changes: recovered.plan.described(),
            running: recovered.running,
            reports: recovered.reports,
        })
    }

    fn rehearsed_boundaries(&self) -> Result<Boundaries, StartError> {
        let Place::Directory(directory) = &self.place else {
            return self.boundaries();
        };
        let files: Arc<dyn Files> = match &self.seams {
            Some(seams) => seams.files.clone(),
            None => Arc::new(DiskFiles),
        };
        let held = files.hold(&directory.join(LOCK));
        let held = held.map_err(|error| not_locked(directory, error))?;
        let log = match &self.seams {
            // A recovery only reads it.
            Some(seams) => seams.log.clone(),
            None => rehearsed_log(&directory.join(LOG))?,
        };
        let seams = Seams {
            files: Arc::new(RehearsedFiles::new(files)),
            clock: self.clock.clone(),
            log,
        };
        Ok((seams, Some(directory.clone()), Some(held)))
    }
}
