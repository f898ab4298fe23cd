//! The start: running from its file and the log (DESIGN section 6).
//!
//! The log is the truth. A file is believed when the log knows its hash; a file that somebody edited is
//! believed when the log has nothing newer, and its difference becomes a commit.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::store::{ModuleState, Stored};
use banyan_yang::schema::Schema;

use super::Seams;
use super::build::StartMode;
use super::start::StartError;
use crate::backend::Source;
use crate::bind::{self, FileForm, SharedMounts};
use crate::confirm::{self, Kept};
use crate::error::{BackendError, ErrorTag};
use crate::history;
use crate::keeper::{KeepError, Kept as KeptFiles, OnDisk, ReadError, file_of};
use crate::log::{Appended, CommitLog, LogError, RecordHead};
use crate::number::{Seq, Tid};
use crate::pipeline;
use crate::session::source_line;
use crate::snapshot::Snapshot;
use crate::tids::Tids;

const REMEDY: &str = "correct the file, or move it away: the commit log rebuilds it";
const STARTUP_REMEDY: &str = "correct the file, or remove it to begin with an empty startup";

/// What a start found.
pub(super) struct Recovered {
    pub running: Snapshot,
    pub startup: Option<Tree>,
    /// What running's files hold.
    pub kept: KeptFiles,
    /// The modules that the file of running names.
    pub stated: Option<ModuleState>,
}

struct Start<'a> {
    seams: &'a Seams,
    schema: &'a Arc<Schema>,
    mounts: &'a SharedMounts,
    form: &'a FileForm,
}

/// Running as it was found in files, before the log has been replayed on it.
struct Found {
    running: Snapshot,
    kept: KeptFiles,
    stated: Option<ModuleState>,
}

/// Recovers running and startup.
pub(super) fn recover(
    seams: &Seams,
    directory: Option<&Path>,
    schema: &Arc<Schema>,
    mounts: &SharedMounts,
    form: &FileForm,
    mode: StartMode,
) -> Result<Recovered, StartError> {
    let start = Start {
        seams,
        schema,
        mounts,
        form,
    };
    let mut recovered = match directory {
        Some(directory) => start.of_directory(directory)?,
        None => Recovered {
            running: start.replayed(start.empty(), seams.log.head()?)?,
            startup: None,
            kept: nothing_kept(),
            stated: None,
        },
    };
    // Records say values as texts.
    recovered.running = Snapshot::new(
        bind::resolved(&recovered.running.tree),
        recovered.running.seq,
    );
    bind::validate_full(&recovered.running.tree).map_err(StartError::Invalid)?;
    recovered.running = start.without_unconfirmed(recovered.running)?;
    if mode == StartMode::Startup {
        let startup = recovered.startup.clone();
        let tree = startup.unwrap_or_else(|| Tree::empty(schema.clone()));
        // Commits are validated by what they change, so running has to be valid before the first.
        bind::validate_full(&tree).map_err(|errors| match (directory, &recovered.startup) {
            (Some(directory), Some(_)) => StartError::File {
                file: file_of(directory, "startup"),
                errors,
                remedy: STARTUP_REMEDY.to_owned(),
            },
            _ => StartError::Invalid(errors),
        })?;
        recovered.running = start.committed(
            recovered.running,
            tree,
            "start",
            "running is what startup holds",
            &[],
        )?;
    }
    // Now, and not when the first commit needs them.
    recovered.running.indexes();
    Ok(recovered)
}

fn nothing_kept() -> KeptFiles {
    KeptFiles {
        seq: Seq(0),
        size: 0,
        parts: None,
    }
}

impl Start<'_> {
    fn log(&self) -> &dyn CommitLog {
        &*self.seams.log
    }

    fn empty(&self) -> Snapshot {
        Snapshot::new(Tree::empty(self.schema.clone()), Seq(0))
    }

    fn of_directory(&self, directory: &Path) -> Result<Recovered, StartError> {
        let startup = match self.on_disk(directory, "startup")? {
            Some(on_disk) => Some(self.parse(&on_disk, STARTUP_REMEDY)?.tree),
            None => None,
        };
        let found = match self.on_disk(directory, "running")? {
            None => self.without_file(&file_of(directory, "running"))?,
            Some(on_disk) => self.of_files(&on_disk)?,
        };
        Ok(Recovered {
            running: found.running,
            startup,
            kept: found.kept,
            // Who does not want the modules in files does not look at them either.
            stated: found.stated.filter(|_| self.form.options().module_state),
        })
    }

    fn on_disk(&self, directory: &Path, store: &str) -> Result<Option<OnDisk>, StartError> {
        let seams = self.seams;
        let split = self.form.options().split;
        OnDisk::read(
            &*seams.files,
            &*seams.log,
            self.schema,
            directory,
            store,
            split,
        )
        .map_err(|error| match error {
            ReadError::Keep(KeepError::Log(error)) => error.into(),
            ReadError::Keep(KeepError::File { file, reason }) => StartError::Unreadable {
                file: file.into(),
                reason,
            },
            ReadError::Links { file, error } => StartError::File {
                file,
                errors: error,
                remedy: REMEDY.to_owned(),
            },
        })
    }

    fn parse(&self, on_disk: &OnDisk, remedy: &str) -> Result<Stored, StartError> {
        bind::parse_file(self.schema, &on_disk.main, &on_disk.parts, self.mounts).map_err(
            |errors| StartError::File {
                file: on_disk.file.clone(),
                errors,
                remedy: remedy.to_owned(),
            },
        )
    }

    /// No file: everything must be in the log.
    fn without_file(&self, file: &Path) -> Result<Found, StartError> {
        let head = self.log().head()?;
        let tail = self.log().tail()?;
        if tail > Seq(1) {
            return Err(StartError::Missing {
                file: file.to_owned(),
                tail,
            });
        }
        if head > Seq(0) {
            tracing::warn!(
                "{} is missing; running is rebuilt from the {head} commits of the log",
                file.display()
            );
        }
        Ok(Found {
            running: self.replayed(self.empty(), head)?,
            kept: nothing_kept(),
            stated: None,
        })
    }

    fn of_files(&self, on_disk: &OnDisk) -> Result<Found, StartError> {
        let file = &on_disk.file;
        let head = self.log().head()?;
        let tail = self.log().tail()?;
        let known = on_disk.known(self.log())?;
        if let Some(seq) = known.at {
            let stored = self.parse(on_disk, REMEDY)?;
            let kept = self.kept(on_disk, seq, &stored.tree);
            return Ok(Found {
                running: self.replayed(Snapshot::new(stored.tree, seq), head)?,
                kept,
                stated: stored.modules,
            });
        }
        let newest = known.newest;
        // Nothing at all is what some file systems leave of a file that was renamed before its content was on
        // the disk; nobody deletes a configuration like that.
        let parsed = if head > Seq(0) && on_disk.is_blank() {
            Err(StartError::File {
                file: file.clone(),
                errors: BackendError::new(
                    ErrorTag::MalformedMessage,
                    "it is empty: not even the element <config> is there",
                ),
                remedy: REMEDY.to_owned(),
            })
        } else {
            self.parse(on_disk, REMEDY)
        };
        let edited = match parsed {
            Ok(stored) => stored,
            // Small files are not synced, so a power failure may tear one; the log has it all.
            Err(error) if head > Seq(0) && tail == Seq(1) && newest == head => {
                self.set_aside(file)?;
                tracing::warn!("{error}\nkept as {}.damaged", file.display());
                return self.without_file(file);
            }
            Err(error) => return Err(error),
        };
        if head > newest {
            return Err(StartError::EditedBehind {
                file: file.clone(),
                head,
                newer: head.0 - newest.0,
            });
        }
        bind::validate_full(&edited.tree).map_err(|errors| StartError::File {
            file: file.clone(),
            errors,
            remedy: REMEDY.to_owned(),
        })?;
        let before = if tail == Seq(1) {
            self.replayed(self.empty(), head)?
        } else {
            return Err(StartError::EditedBehind {
                file: file.clone(),
                head,
                newer: 0,
            });
        };
        let name = match on_disk.split {
            true => "running.d",
            false => "running_db",
        };
        let message = match head {
            Seq(0) => format!("first start with this {name}"),
            _ => format!("{name} was changed by hand while stopped"),
        };
        // The log knows the file from now on. A file that says the same in another way makes no commit.
        let same = bind::diff(&before.tree, &edited.tree).is_empty();
        let seq = Seq(before.seq.0 + u64::from(!same));
        let facts = on_disk.facts(self.log(), seq)?;
        let facts: Vec<(&str, Option<&str>)> = facts
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()))
            .collect();
        let kept = self.kept(on_disk, seq, &edited.tree);
        Ok(Found {
            running: self.committed(before, edited.tree, "file", &message, &facts)?,
            kept,
            stated: edited.modules,
        })
    }

    /// What the files hold, `tree` at `seq`; files of the other form than what is written now count as none.
    fn kept(&self, on_disk: &OnDisk, seq: Seq, tree: &Tree) -> KeptFiles {
        let split = self.form.options().split;
        if on_disk.split != split {
            return nothing_kept();
        }
        KeptFiles {
            seq,
            size: on_disk.size(),
            parts: split.then(|| tree.clone()),
        }
    }

    fn set_aside(&self, file: &Path) -> Result<(), StartError> {
        let mut damaged = file.as_os_str().to_owned();
        damaged.push(".damaged");
        self.seams
            .files
            .rename(file, &PathBuf::from(damaged))
            .map_err(|reason| StartError::Unreadable {
                file: file.to_owned(),
                reason,
            })
    }

    /// Applies the log's records after `from`, up to `head`.
    fn replayed(&self, from: Snapshot, head: Seq) -> Result<Snapshot, StartError> {
        let mut at = from;
        while at.seq < head {
            let records = self.log().read(Seq(at.seq.0 + 1), 256)?;
            if records.is_empty() {
                break;
            }
            for record in records {
                let tree =
                    bind::apply_patch(&at.tree, &record.change, self.mounts).map_err(|reason| {
                        StartError::Replay {
                            seq: record.head.seq,
                            reason,
                        }
                    })?;
                at = Snapshot::new(tree, record.head.seq);
            }
        }
        Ok(at)
    }

    /// Logs a change that the start itself makes; no participant exists yet.
    fn committed(
        &self,
        before: Snapshot,
        after: Tree,
        front_end: &str,
        comment: &str,
        facts: &[(&str, Option<&str>)],
    ) -> Result<Snapshot, StartError> {
        let changes = bind::diff(&before.tree, &after);
        if changes.is_empty() {
            if !facts.is_empty() {
                self.log().set(facts)?;
            }
            return Ok(Snapshot::new(after, before.seq));
        }
        let tids = Tids::recover(self.log())?;
        let (tid, _): (Tid, bool) = tids.next();
        let (name, value) = tids.exact();
        let seq = Seq(before.seq.0 + 1);
        let head = RecordHead {
            seq,
            tid,
            time: self.seams.clock.now(),
            user: Arc::from("banyan"),
            source: source_line(&Source {
                front_end: Arc::from(front_end),
                transport: Arc::from("internal"),
                peer: None,
            }),
            comment: Some(comment.to_owned()),
            label: None,
            schema: bind::hex(self.schema.digest()),
            changes: bind::count(&changes),
            entries: Vec::new(),
        };
        let record = pipeline::record(head, &changes)
            .map_err(|reason| StartError::Replay { seq, reason })?;
        let mut all = vec![(name, Some(value.as_str()))];
        all.extend_from_slice(facts);
        match self.log().append(before.seq, &[record], &all)? {
            Appended::At(seq) => Ok(Snapshot::new(after, seq)),
            Appended::HeadMoved(_) => Err(LogError::InUse {
                file: "commits.redb".to_owned(),
            }
            .into()),
        }
    }

    /// A confirmed commit that was pending when the program ended is taken back (RFC 6241 8.4.1).
    fn without_unconfirmed(&self, running: Snapshot) -> Result<Snapshot, StartError> {
        let facts = self.log().facts(confirm::FACT)?;
        let Some(text) = facts.get(confirm::FACT) else {
            return Ok(running);
        };
        let Ok(kept) = serde_json::from_str::<Kept>(text) else {
            return Err(LogError::Damaged {
                file: "commits.redb".to_owned(),
                reason: "the pending confirmed commit cannot be read".to_owned(),
            }
            .into());
        };
        let tree = history::state_at(self.log(), &running, kept.revert_to, self.mounts).map_err(
            |reason| StartError::Replay {
                seq: kept.revert_to,
                reason,
            },
        )?;
        let tree = bind::resolved(&tree);
        // It was valid, but perhaps under other modules.
        bind::validate_full(&tree).map_err(StartError::Invalid)?;
        tracing::warn!(
            "transaction {} of {} was not confirmed before the restart: it is taken back",
            kept.tid,
            kept.user
        );
        let comment = format!(
            "takes back transaction {}, which was not confirmed before the restart",
            kept.tid
        );
        self.committed(running, tree, "start", &comment, &[(confirm::FACT, None)])
    }
}
