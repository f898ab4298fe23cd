//! Keeps the files of datastores: checkpoints of the log (DESIGN section 6).
//!
//! A small store's file is current before a commit is answered, named in the commit's own record, and
//! not synced: the log is durable. A large one, and one in parts, is written when commits pause; so is that of a large
//! store that running was copied to. Must not decide what is true: that is the log.

mod aside;
mod base;
mod follow;
mod measured;
mod pause;
mod split;
mod store;
mod stored;
mod turns;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use banyan_data::Tree;
use tokio::sync::Notify;

use crate::bind::FileForm;
use crate::clock::Clock;
use crate::files::{Files, Policy, Sync};
use crate::log::{CommitLog, LogError};
use crate::number::Seq;
use crate::pipeline::Pressure;
use crate::snapshot::Snapshot;
use crate::stores::ROLLBACK;
pub(crate) use aside::{BEFORE, DAMAGED, EDITED, ERROR, free_name, ignored, is_kept_aside};
pub(crate) use base::{base_file, base_name, is_of_files, running_fact};
use follow::WROTE;
pub(crate) use follow::{Following, Pointer, STARTUP_SCHEMA, Was, pointers};
use measured::{Limited, Measured};
pub(crate) use pause::Behind;
pub(crate) use split::{edited_parts, unknown_files};
pub(crate) use store::Content;
use stored::RUNNING_FACTS;
pub(crate) use stored::{OnDisk, ReadError, digest};
use turns::Turns;

/// The file of a datastore.
pub(crate) fn file_of(directory: &Path, store: &str) -> PathBuf {
    directory.join(format!("{store}_db"))
}

/// Whether a name in the directory of the datastores is one of those that Banyan gives.
pub(crate) fn is_ours(name: &str) -> bool {
    let exact = [
        "schemas",
        "yang",
        "controller",
        "devices",
        "banyan.lock",
        "banyan.log",
        "banyan.sock",
    ];
    let begins = ["commits.redb", "history-base"];
    let ends = ["_db", ".d", ".new"];
    exact.contains(&name)
        || begins.iter().any(|begin| name.starts_with(begin))
        || ends.iter().any(|end| name.ends_with(end))
        || is_kept_aside(name)
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    /// The file.
    #[error("{file} cannot be written: {reason}")]
    File { file: String, reason: io::Error },
    /// The log that must know of it.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// A small store, printed.
pub(crate) struct Printed {
    bytes: Vec<u8>,
    name: String,
    seq: String,
}

impl Printed {
    /// The fact that names the file.
    pub fn fact(&self) -> (&str, Option<&str>) {
        (&self.name, Some(&self.seq))
    }
}

struct State {
    /// The size of the file when it was last printed; decides whether the next one is tried.
    size: usize,
    /// The newest state in the file.
    written: Seq,
    /// The newest state that is safe in the file.
    synced: Seq,
    /// Facts of files that were written since the last synced one.
    unsynced: u64,
    /// There is no file of running that is worth anything: it is written without a pause.
    at_once: bool,
    /// Datastores whose files are not written for the time being.
    volatile: HashSet<String>,
    /// What the last write of each file took.
    costs: HashMap<String, Duration>,
    /// The single files of other stores, as they were read or written last.
    known: HashMap<String, Was>,
    /// The SHA-256 of single files of other stores that the log knows.
    wrote: HashMap<String, String>,
    /// The schema that the log says startup's file was written under.
    startup_schema: Option<String>,
}

/// What the files of running hold when a keeper begins.
pub(crate) struct Kept {
    /// The state.
    pub seq: Seq,
    /// Bytes.
    pub size: usize,
    /// The tree, if it is in parts that are as the log knows them.
    pub parts: Option<Tree>,
    /// Other stores that name commits.
    pub following: BTreeMap<String, Following>,
    /// The single file of startup, if it was read.
    pub startup: Option<Was>,
}

/// Where a keeper works, and with what.
pub(crate) struct Place {
    pub files: Arc<dyn Files>,
    pub log: Arc<dyn CommitLog>,
    pub clock: Arc<dyn Clock>,
    pub directory: PathBuf,
    pub form: Arc<FileForm>,
    /// The digest of the schema that files are written under.
    pub schema: String,
    /// Whether a commit waits for the disk.
    pub pressure: Pressure,
}

/// Writes the files of one directory.
pub(crate) struct Keeper {
    files: Arc<dyn Files>,
    log: Arc<dyn CommitLog>,
    clock: Arc<dyn Clock>,
    directory: PathBuf,
    form: Arc<FileForm>,
    schema: String,
    state: Mutex<State>,
    /// Held while files of a datastore are written.
    turns: Turns,
    /// Held while it changes what a store is: for a few writes of the log, never for that of a file. Taken after a turn.
    placing: Mutex<()>,
    /// Stores that name commits. Held for a look only.
    following: Mutex<BTreeMap<String, Following>>,
    /// Whether a commit waits for the disk.
    pressure: Pressure,
    /// Told when a file is behind.
    pub behind: Arc<Notify>,
}

impl Keeper {
    /// A keeper of a directory whose files hold this.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn new(place: Place, kept: Kept) -> Result<Keeper, LogError> {
        let mut schema = place.log.facts(STARTUP_SCHEMA)?;
        let wrote = place.log.facts(WROTE)?.into_iter();
        let wrote =
            wrote.filter_map(|(fact, hash)| Some((fact.strip_prefix(WROTE)?.to_owned(), hash)));
        let known = kept.startup.map(|was| ("startup".to_owned(), was));
        Ok(Keeper {
            state: Mutex::new(State {
                size: kept.size,
                written: kept.seq,
                synced: kept.seq,
                unsynced: 0,
                at_once: false,
                volatile: HashSet::new(),
                costs: HashMap::new(),
                known: known.into_iter().collect(),
                wrote: wrote.collect(),
                startup_schema: schema.remove(STARTUP_SCHEMA),
            }),
            files: place.files,
            log: place.log,
            clock: place.clock,
            directory: place.directory,
            form: place.form,
            schema: place.schema,
            pressure: place.pressure,
            turns: Turns::with_running(kept.parts),
            placing: Mutex::default(),
            following: Mutex::new(kept.following),
            behind: Arc::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn placing(&self) -> MutexGuard<'_, ()> {
        self.placing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn following(&self) -> MutexGuard<'_, BTreeMap<String, Following>> {
        // Every change is a single insert or remove.
        self.following
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of running's file when it was last written.
    pub fn size(&self) -> u64 {
        self.state().size as u64
    }

    fn splits(&self) -> bool {
        self.form.options().split
    }

    /// Whether a datastore has a file: its policy says so, and writing is not suspended.
    pub fn has_file(&self, store: &str) -> bool {
        self.form.options().policy(store) != Policy::InMemory
            && !self.state().volatile.contains(store)
    }

    /// Suspends the writing of a datastore's file, or lets it go on.
    pub fn set_volatile(&self, store: &str, volatile: bool) {
        {
            let mut state = self.state();
            match volatile {
                true => state.volatile.insert(store.to_owned()),
                false => state.volatile.remove(store),
            };
        }
        self.behind.notify_one();
    }

    /// Prints running for its file, if it is small.
    pub fn print(&self, after: &Snapshot) -> Option<Printed> {
        // A store that was large is tried again when its file has been written by the idle path.
        let small = self.form.options().small;
        if self.splits() || !self.has_file("running") || self.state().size > small {
            return None;
        }
        let mut limited = Limited::to(small);
        if let Err(error) = self.form.print(&after.tree, &mut limited) {
            if !limited.is_full() {
                tracing::error!("running cannot be printed: {error}");
            }
            self.state().size = small.saturating_add(1);
            return None;
        }
        let bytes = limited.bytes;
        Some(Printed {
            name: format!("{RUNNING_FACTS}{}", digest(&bytes)),
            seq: after.seq.to_string(),
            bytes,
        })
    }

    /// A commit is durable: writes the small file, or notes that the large one is behind.
    pub fn committed(&self, printed: Option<Printed>, after: &Snapshot) {
        let Some(printed) = printed else {
            self.behind.notify_one();
            return;
        };
        let written = {
            let turn = self.turns.of("running");
            let _parts = turn.begin();
            self.replace_running(&printed.bytes)
        };
        let mut state = self.state();
        state.size = printed.bytes.len();
        state.unsynced += 1;
        match written {
            Ok(()) => state.written = after.seq,
            // The log has it; the idle path tries again.
            Err(error) => tracing::warn!("{error}; the commit is safe in the log"),
        }
        drop(state);
        self.behind.notify_one();
    }

    /// Writes running's file if it is behind, safely: temporary file, its name and place in the log, rename,
    /// directory. At every moment the file's hash is in the log. A file of a newer state stays. Blocking.
    ///
    /// # Errors
    /// The disk refuses; the old file stays, and nothing is lost.
    pub fn checkpoint(&self, running: &Snapshot) -> Result<(), KeepError> {
        let turn = self.turns.of("running");
        let mut parts = turn.begin();
        let newer = {
            let state = self.state();
            // A commit that came while this one waited for its turn has written its own.
            state.synced >= running.seq || state.written > running.seq
        };
        if newer || !self.has_file("running") {
            return Ok(());
        }
        let begun = self.clock.monotonic();
        let size = if self.splits() {
            self.write_parts(&mut parts, "running", &running.tree, Some(running.seq))?
        } else {
            self.write_running(running)?
        };
        self.took("running", begun);
        let mut state = self.state();
        state.at_once = false;
        state.size = size;
        state.written = running.seq;
        state.synced = running.seq;
        state.unsynced = 0;
        Ok(())
    }

    fn write_running(&self, running: &Snapshot) -> Result<usize, KeepError> {
        self.spare_ignored("running")?;
        let file = file_of(&self.directory, "running");
        let temporary = self.directory.join("running_db.new");
        let (mut size, mut hash) = (0, String::new());
        self.files
            .write(&temporary, Sync::Now, &mut |out| {
                let mut measured = Measured::new(out, &self.pressure);
                self.form.print(&running.tree, &mut measured)?;
                (size, hash) = measured.finish();
                Ok(())
            })
            .map_err(|reason| failed(&temporary, reason))?;
        let name = format!("{RUNNING_FACTS}{hash}");
        let seq = running.seq.to_string();
        self.log.set(&[(&name, Some(&seq))])?;
        self.files
            .rename(&temporary, &file)
            .and_then(|()| self.files.sync_directory(&self.directory))
            .map_err(|reason| failed(&file, reason))?;
        // Older files can no longer come back, so the log need not know them. A commit meanwhile may have noted
        // a newer file, which is about to take this one's place.
        let older = |seq: &str| seq.parse().is_ok_and(|seq: u64| seq <= running.seq.0);
        let old: Vec<String> = self
            .log
            .facts(RUNNING_FACTS)?
            .into_iter()
            .filter(|(known, seq)| *known != name && older(seq))
            .map(|(known, _)| known)
            .collect();
        let facts: Vec<(&str, Option<&str>)> = old.iter().map(|old| (old.as_str(), None)).collect();
        if !facts.is_empty() {
            self.log.set(&facts)?;
        }
        // The parts of a time when the datastore was split.
        self.remove_set("running")?;
        Ok(size)
    }

    /// Writes the parts of a datastore that differ from those on disk.
    fn write_parts(
        &self,
        parts: &mut Option<Tree>,
        store: &str,
        tree: &Tree,
        seq: Option<Seq>,
    ) -> Result<usize, KeepError> {
        // Nobody knows what is there when this fails. What was written under other modules (an upgrade) is no measure:
        // nothing of it is equal, and its parts would count as gone, although they have the names of the new ones.
        let same_schema = |last: &Tree| Arc::ptr_eq(last.schema(), tree.schema());
        let last = parts.take().filter(same_schema);
        if last.is_none() {
            self.spare_ignored(store)?;
        }
        let size = self.write_set(store, last.as_ref(), tree, seq)?;
        if last.is_none() {
            self.remove_single(store)?;
        }
        *parts = Some(tree.clone());
        Ok(size)
    }

    /// Removes what a crash has left: half-written files of datastores that are one file, and those of rollback, which
    /// is there only while a confirmed commit is pending; the start has taken that back. Blocking.
    ///
    /// # Errors
    /// The disk or the log refuses.
    pub fn sweep_left_over(&self) -> Result<(), KeepError> {
        self.remove(ROLLBACK, || ())?;
        let names = self.files.list(&self.directory);
        for name in names.map_err(|reason| failed(&self.directory, reason))? {
            if !name.ends_with("_db.new") {
                continue;
            }
            let file = self.directory.join(name);
            self.files
                .remove(&file)
                .map_err(|reason| failed(&file, reason))?;
        }
        Ok(())
    }

    /// Replaces the small file of running; the log makes it durable.
    fn replace_running(&self, content: &[u8]) -> Result<(), KeepError> {
        let file = file_of(&self.directory, "running");
        let temporary = self.directory.join("running_db.new");
        self.files
            .write(&temporary, Sync::Later, &mut |out| out.write_all(content))
            .and_then(|()| self.files.rename(&temporary, &file))
            .map_err(|reason| failed(&file, reason))
    }
}

/// The names of the datastores that have files in a directory. Blocking.
///
/// # Errors
/// The directory or the log cannot be read.
pub(crate) fn names(
    files: &dyn Files,
    log: &dyn CommitLog,
    directory: &Path,
) -> Result<BTreeSet<String>, KeepError> {
    let found = files.list(directory);
    let found = found.map_err(|reason| failed(directory, reason))?;
    let single = found.iter().filter_map(|file| file.strip_suffix("_db"));
    let mut names: BTreeSet<String> = single.map(str::to_owned).collect();
    names.extend(split::names(log)?);
    // Also those that somebody has put there.
    let directories = files.directories(directory);
    for name in directories.map_err(|reason| failed(directory, reason))? {
        let Some(store) = name.strip_suffix(".d") else {
            continue;
        };
        let main = split::main_file(directory, store);
        let there = files.open(&main).map_err(|reason| failed(&main, reason))?;
        if there.is_some() {
            names.insert(store.to_owned());
        }
    }
    Ok(names)
}

fn failed(file: &Path, reason: io::Error) -> KeepError {
    KeepError::File {
        file: file.display().to_string(),
        reason,
    }
}
