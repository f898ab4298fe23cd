//! Running from its files and the log, under the module set that the store is under.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::store::Stored;
use banyan_yang::schema::Schema;

use super::{Found, Run, Start, empty, failsafe};
use crate::bind;
use crate::engine::start::StartError;
use crate::error::{BackendError, ErrorTag};
use crate::history;
use crate::keeper::{Kept as KeptFiles, OnDisk, ReadError, base_file, file_of};
use crate::number::Seq;
use crate::snapshot::Snapshot;
use crate::upgrade::pins::PinError;

/// The log has all of it.
const REMEDY: &str = "correct the file, or move it away: the commit log rebuilds it";
const REMEDY_OF_PARTS: &str =
    "correct the file, or move the directory running.d away: the commit log rebuilds it";
/// There is no log to rebuild it from: of a first start.
const FIRST: &str = "correct the file; the commit log has nothing to rebuild it from, so to move it away means to begin with an empty configuration; a store failsafe would be used instead";
/// The log has not.
const NO_REBUILD: &str = "correct the file, or restore it from a copy: the commit log does not reach back far enough to rebuild it; a store failsafe would be used instead";

/// The files hold nothing that counts.
pub(super) fn nothing_kept() -> KeptFiles {
    KeptFiles {
        seq: Seq(0),
        size: 0,
        parts: None,
        following: Default::default(),
        startup: None,
    }
}

/// The schema that the store is under: the one of its last start. The loaded one for a store that no start has marked,
/// or whose modules are not kept.
pub(super) fn current(start: &Start<'_>) -> Result<Arc<Schema>, StartError> {
    match start.epochs.pins.current()? {
        Some(digest) => {
            if let Err(error @ PinError::Missing { .. }) = start.epochs.pins.schema(&digest) {
                tracing::warn!("{error}; the data are read under the loaded modules");
            }
            Ok(start.epochs.schema(&digest)?)
        }
        None => Ok(start.epochs.loaded.clone()),
    }
}

/// Whether a file is no XML or JSON at all.
pub(super) fn is_malformed(error: &StartError) -> bool {
    let StartError::File { errors, .. } = error else {
        return false;
    };
    let mut reports = errors.reports.iter();
    reports.any(|report| report.tag == ErrorTag::MalformedMessage)
}

impl Run<'_> {
    /// Running, as files and log have it.
    pub(super) fn found(&mut self) -> Result<Found, StartError> {
        let Some(directory) = self.start.directory else {
            let running = self.replayed(empty(&self.first_schema()?), self.log().head()?)?;
            return Ok(Found {
                existed: running.seq > Seq(0),
                logged: running.clone(),
                running,
                kept: nothing_kept(),
                stated: None,
                on_disk: None,
            });
        };
        match self.on_disk(directory, "running")? {
            None => self.without_file(&self.main_file(directory)),
            Some(on_disk) => self.of_files(on_disk),
        }
    }

    /// The file of running, in the form that is written now.
    fn main_file(&self, directory: &Path) -> PathBuf {
        match self.start.form.options().split {
            true => failsafe::parts_of(directory, "running").join("0.xml"),
            false => file_of(directory, "running"),
        }
    }

    pub(super) fn on_disk(
        &self,
        directory: &Path,
        store: &str,
    ) -> Result<Option<OnDisk>, StartError> {
        let seams = self.start.seams;
        let split = self.start.form.options().split;
        OnDisk::read(
            &*seams.files,
            &*seams.log,
            self.loaded(),
            directory,
            store,
            split,
        )
        .or_else(|error| match error {
            ReadError::Keep(error) => Err(error.into()),
            ReadError::Links { file, error } => Err(StartError::File {
                file,
                errors: error,
                remedy: match store {
                    "running" => self.remedy(true)?.to_owned(),
                    _ => "correct the file".to_owned(),
                },
            }),
        })
    }

    /// What to do about files of running.
    pub(super) fn remedy(&self, split: bool) -> Result<&'static str, StartError> {
        if self.log().head()? == Seq(0) {
            return Ok(FIRST);
        }
        let tail = self.log().tail()?;
        let base = match self.start.directory {
            Some(directory) if tail > Seq(1) => {
                let file = base_file(directory, Seq(tail.0 - 1));
                self.read_single(&file)?.is_some()
            }
            _ => false,
        };
        let whole = tail <= Seq(1) || base || self.began()?.is_some_and(|seq| seq >= tail);
        Ok(match (whole, split) {
            (true, false) => REMEDY,
            (true, true) => REMEDY_OF_PARTS,
            (false, _) => NO_REBUILD,
        })
    }

    /// The newest commit that stands on nothing, if there is one.
    fn began(&self) -> Result<Option<Seq>, StartError> {
        Ok(history::began(self.log())?)
    }

    pub(super) fn read_single(&self, file: &Path) -> Result<Option<Vec<u8>>, StartError> {
        let read = self.start.seams.files.read(file);
        read.map_err(|reason| StartError::Unreadable {
            file: file.to_owned(),
            reason,
        })
    }

    pub(super) fn parse(
        &self,
        schema: &Arc<Schema>,
        on_disk: &OnDisk,
        remedy: &str,
    ) -> Result<Stored, StartError> {
        self.read_once(schema, on_disk)
            .map_err(|errors| StartError::File {
                file: on_disk.file.clone(),
                errors,
                remedy: remedy.to_owned(),
            })
    }

    /// The schema that the store was under before its first commit.
    fn first_schema(&self) -> Result<Arc<Schema>, StartError> {
        self.schema_at(Seq(0))
    }

    /// The schema that the state after a commit is under.
    fn schema_at(&self, seq: Seq) -> Result<Arc<Schema>, StartError> {
        if seq >= self.log().head()? {
            return Ok(self.current.clone());
        }
        let failed = |reason| StartError::Replay { seq, reason };
        let epochs = self.start.epochs;
        let after = self.log().history(seq, 1)?;
        if let Some(head) = after.first().filter(|head| head.seq == seq) {
            return epochs.after(head).map_err(failed);
        }
        let next = self.log().read(Seq(seq.0 + 1), 1)?;
        match next.first() {
            Some(record) => epochs.before(&record.head).map_err(failed),
            None => Ok(self.current.clone()),
        }
    }

    /// No file: everything must be in the log.
    fn without_file(&self, file: &Path) -> Result<Found, StartError> {
        let tail = self.log().tail()?;
        if self.origin(tail)?.is_none() {
            return Err(StartError::Missing {
                file: file.to_owned(),
                tail,
            });
        }
        let head = self.log().head()?;
        let gone = self.read_single(file)?.is_none();
        if head > Seq(0) && !gone {
            tracing::warn!("running is rebuilt from the {head} commits of the log");
        } else if head > Seq(0) {
            tracing::warn!(
                "{} is missing; running is rebuilt from the {head} commits of the log",
                file.display()
            );
        }
        let running = self.replayed_whole()?;
        Ok(Found {
            logged: running.clone(),
            running,
            kept: nothing_kept(),
            stated: None,
            on_disk: None,
            existed: head > Seq(0),
        })
    }

    /// Running from the log alone.
    pub(super) fn replayed_whole(&self) -> Result<Snapshot, StartError> {
        let tail = self.log().tail()?;
        let Some(origin) = self.origin(tail)? else {
            return Err(StartError::Missing {
                file: self.main_file(self.start.directory.unwrap_or(Path::new(""))),
                tail,
            });
        };
        self.replayed(origin, self.log().head()?)
    }

    /// Running before the oldest commit that the log has: empty before the first, else what the base of the history holds;
    /// `None` when that is not there.
    fn origin(&self, tail: Seq) -> Result<Option<Snapshot>, StartError> {
        if let Some(began) = self.began()?.filter(|began| *began >= tail) {
            return Ok(Some(self.before_anew(began)));
        }
        if tail <= Seq(1) {
            return Ok(Some(empty(&self.first_schema()?)));
        }
        let (Some(directory), seq) = (self.start.directory, Seq(tail.0 - 1)) else {
            return Ok(None);
        };
        let file = base_file(directory, seq);
        let Some(main) = self.read_single(&file)? else {
            return Ok(None);
        };
        let schema = self.schema_at(seq)?;
        let mounts = self.start.epochs.mounts_of(&schema);
        let stored = bind::parse_file(&schema, &main, &Default::default(), &mounts);
        let stored = stored.map_err(|errors| StartError::File {
            file,
            errors,
            remedy: "restore the file from a copy; what is left of the history rests on it"
                .to_owned(),
        })?;
        Ok(Some(Snapshot::new(stored.tree, seq)))
    }

    /// Before a commit that stands on nothing.
    fn before_anew(&self, began: Seq) -> Snapshot {
        Snapshot::new(Tree::empty(self.loaded().clone()), Seq(began.0 - 1))
    }

    fn of_files(&mut self, on_disk: OnDisk) -> Result<Found, StartError> {
        let file = &on_disk.file;
        let head = self.log().head()?;
        let tail = self.log().tail()?;
        let known = on_disk.known(self.log())?;
        // What an older file lacks may have left the log: the base is newer then.
        if known.at.is_some_and(|seq| seq.0 + 1 < tail.0) {
            return self.without_file(&file.clone());
        }
        if let Some(seq) = known.at {
            let remedy = self.remedy(on_disk.split)?;
            let stored = self.parse(&self.schema_at(seq)?, &on_disk, remedy)?;
            let kept = self.kept(&on_disk, seq, &stored.tree);
            let running = self.replayed(Snapshot::new(stored.tree, seq), head)?;
            return Ok(Found {
                logged: running.clone(),
                existed: running.seq > Seq(0) || !running.tree.root().slots().is_empty(),
                running,
                kept,
                stated: stored.modules,
                on_disk: Some(on_disk).filter(|_| seq == head),
            });
        }
        let newest = known.newest;
        // Nothing at all is what some file systems leave of a file that was renamed before its content was on
        // the disk; nobody deletes a configuration like that.
        let blank = on_disk.blank().filter(|_| head > Seq(0));
        let edited = if let Some(blank) = blank {
            Err(StartError::File {
                file: blank,
                errors: BackendError::new(
                    ErrorTag::MalformedMessage,
                    match on_disk.split {
                        true => "it is empty, as no file of a split datastore ever is",
                        false => "it is empty: not even the element <config> is there",
                    },
                ),
                remedy: self.remedy(on_disk.split)?.to_owned(),
            })
        } else {
            self.edited(&on_disk)
        };
        let (tree, stated, left_out) = match edited {
            Ok(edited) => edited,
            // Small files are not synced, so a power failure may tear one; the log has it all. What is well-formed and
            // does not fit was written by somebody, who is to know that it is not used.
            Err(error)
                if head > Seq(0)
                    && newest == head
                    && self.origin(tail)?.is_some()
                    && is_malformed(&error) =>
            {
                let (file, directory) = (file.clone(), self.start.directory);
                self.reports.clear();
                tracing::warn!("{error}");
                self.keep_damaged(directory.unwrap_or(Path::new("")), &file)?;
                return self.without_file(&file);
            }
            Err(error) => return Err(error),
        };
        let origin = self.origin(tail)?.filter(|_| head <= newest);
        let Some(origin) = origin else {
            return Err(StartError::EditedBehind {
                file: file.clone(),
                head,
                newer: head.0 - newest.0.min(head.0),
            });
        };
        let logged = self.replayed(origin, head)?;
        let name = match on_disk.split {
            true => "running.d",
            false => "running_db",
        };
        let comment = match head {
            Seq(0) => format!("first start with this {name}"),
            _ => format!("{name} was changed by hand while stopped"),
        };
        // The log knows the file from now on, unless a part of it was left out. A file that says the same in another
        // way makes no commit.
        let running = self.committed(logged.clone(), tree.clone(), "file", &comment, Vec::new())?;
        if head > Seq(0) && running.seq > head {
            tracing::warn!(
                "{} was changed by hand while stopped: its {} changes are commit {} of the history",
                on_disk.file.display(),
                self.plan.last_changes().unwrap_or_default(),
                running.seq
            );
        }
        let mut kept = nothing_kept();
        if !left_out {
            self.plan.facts(on_disk.facts(self.log(), running.seq)?);
            kept = self.kept(&on_disk, running.seq, &tree);
        }
        Ok(Found {
            running,
            logged,
            kept,
            stated,
            on_disk: Some(on_disk).filter(|_| !left_out),
            existed: true,
        })
    }

    /// What the files hold, `tree` at `seq`; files of the other form than what is written now count as none. Parts whose
    /// names are not ours (somebody made them by hand) are no measure of what differs: the next write makes all anew.
    fn kept(&self, on_disk: &OnDisk, seq: Seq, tree: &banyan_data::Tree) -> KeptFiles {
        let split = self.start.form.options().split;
        if on_disk.split != split {
            return nothing_kept();
        }
        KeptFiles {
            seq,
            size: on_disk.size(),
            parts: (split && self.names_are_ours(on_disk, tree)).then(|| tree.clone()),
            ..nothing_kept()
        }
    }

    fn names_are_ours(&self, on_disk: &OnDisk, tree: &banyan_data::Tree) -> bool {
        let links = bind::part_links(tree.schema(), &on_disk.main);
        links.is_ok_and(|links| links == self.start.form.part_names(tree))
    }

    /// Applies the log's records after `from`, up to `head`.
    fn replayed(&self, from: Snapshot, head: Seq) -> Result<Snapshot, StartError> {
        let mut at = from;
        // What is older than a commit that stands on nothing leads nowhere.
        if let Some(began) = self.began()?.filter(|began| *began > Seq(at.seq.0 + 1)) {
            at = self.before_anew(began);
        }
        while at.seq < head {
            let records = self.log().read(Seq(at.seq.0 + 1), 256)?;
            if records.is_empty() {
                break;
            }
            for record in records {
                let seq = record.head.seq;
                let tree = self.start.epochs.forward(&at.tree, &record);
                let tree = tree.map_err(|reason| StartError::Replay { seq, reason })?;
                at = Snapshot::new(tree, seq);
            }
        }
        // The last start may have changed the schema without a change of data.
        let seq = at.seq;
        let tree = self.start.epochs.rebind(&at.tree, &self.current);
        let tree = tree.map_err(|reason| StartError::Replay { seq, reason })?;
        // Records say values as texts.
        Ok(Snapshot::new(bind::resolved(&tree), seq))
    }
}
