//! Keeps the files of datastores: checkpoints of the log (DESIGN section 6).
//!
//! A small store's file is current before a commit is answered, named in the commit's own record, and
//! not synced: the log is durable. A large one, and one in parts, is written when commits pause. Must not decide what is
//! true: that is the log.

mod base;
mod split;
mod stored;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use banyan_data::Tree;
use banyan_yang::schema::Schema;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::bind::{self, FileForm};
use crate::files::{Files, Policy, Sync};
use crate::log::{CommitLog, LogError};
use crate::number::Seq;
use crate::pipeline::Pressure;
use crate::snapshot::Snapshot;
use crate::stores::ROLLBACK;
pub(crate) use base::base_file;
pub(crate) use stored::{OnDisk, ReadError};
use stored::{RUNNING_FACTS, digest};

/// How many unsynced files in a row there may be; each leaves a fact in the log until a synced one.
const UNSYNCED: u64 = 256;

/// The file of a datastore.
pub(crate) fn file_of(directory: &Path, store: &str) -> PathBuf {
    directory.join(format!("{store}_db"))
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
    /// Datastores whose files are not written for the time being.
    volatile: HashSet<String>,
}

/// What the files of running hold when a keeper begins.
pub(crate) struct Kept {
    /// The state.
    pub seq: Seq,
    /// Bytes.
    pub size: usize,
    /// The tree, if it is in parts that are as the log knows them.
    pub parts: Option<Tree>,
}

/// Writes the files of one directory.
pub(crate) struct Keeper {
    files: Arc<dyn Files>,
    log: Arc<dyn CommitLog>,
    directory: PathBuf,
    form: Arc<FileForm>,
    state: Mutex<State>,
    /// Held while a file is written. What the parts of split datastores hold, by the names of the datastores.
    writing: Mutex<HashMap<String, Tree>>,
    /// Whether a commit waits for the disk.
    pressure: Pressure,
    /// Told when a file is behind.
    pub behind: Arc<Notify>,
}

impl Keeper {
    /// A keeper of a directory whose files of running hold this.
    pub fn new(
        files: Arc<dyn Files>,
        log: Arc<dyn CommitLog>,
        directory: PathBuf,
        form: Arc<FileForm>,
        kept: Kept,
        pressure: Pressure,
    ) -> Keeper {
        let parts = kept.parts.map(|tree| ("running".to_owned(), tree));
        Keeper {
            files,
            log,
            directory,
            form,
            pressure,
            state: Mutex::new(State {
                size: kept.size,
                written: kept.seq,
                synced: kept.seq,
                unsynced: 0,
                volatile: HashSet::new(),
            }),
            writing: Mutex::new(parts.into_iter().collect()),
            behind: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self) -> MutexGuard<'_, HashMap<String, Tree>> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of running's file when it was last written.
    pub fn size(&self) -> u64 {
        self.state().size as u64
    }

    fn splits(&self) -> bool {
        self.form.options().split
    }

    /// How long commits must pause before files are written that are not current before the answer.
    pub fn idle(&self) -> Duration {
        self.form.options().idle
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
        let mut limited = Limited {
            bytes: Vec::new(),
            small,
        };
        if let Err(error) = self.form.print(&after.tree, &mut limited) {
            if limited.bytes.len() < small {
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
            let _turn = self.turn();
            self.replace("running", Sync::Later, &mut |out| {
                out.write_all(&printed.bytes)
            })
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

    /// Whether a file should be written although commits do not pause.
    pub fn overdue(&self, running: Seq) -> bool {
        let state = self.state();
        state.unsynced > UNSYNCED || running.0 - state.written.0 > 10_000
    }

    /// Writes running's file if it is behind, safely: temporary file, its name and place in the log, rename,
    /// directory. At every moment the file's hash is in the log. Blocking.
    ///
    /// # Errors
    /// The disk refuses; the old file stays, and nothing is lost.
    pub fn checkpoint(&self, running: &Snapshot) -> Result<(), KeepError> {
        let mut turn = self.turn();
        if self.state().synced >= running.seq || !self.has_file("running") {
            return Ok(());
        }
        let size = if self.splits() {
            self.write_parts(&mut turn, "running", &running.tree, Some(running.seq))?
        } else {
            self.write_running(running)?
        };
        let mut state = self.state();
        state.size = size;
        state.written = running.seq;
        state.synced = running.seq;
        state.unsynced = 0;
        Ok(())
    }

    fn write_running(&self, running: &Snapshot) -> Result<usize, KeepError> {
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
        turn: &mut HashMap<String, Tree>,
        store: &str,
        tree: &Tree,
        seq: Option<Seq>,
    ) -> Result<usize, KeepError> {
        // Nobody knows what is there when this fails. What was written under other modules (an upgrade) is no measure:
        // nothing of it is equal, and its parts would count as gone, although they have the names of the new ones.
        let same_schema = |last: &Tree| Arc::ptr_eq(last.schema(), tree.schema());
        let last = turn.remove(store).filter(same_schema);
        let size = self.write_set(store, last.as_ref(), tree, seq)?;
        if last.is_none() {
            self.remove_single(store)?;
        }
        turn.insert(store.to_owned(), tree.clone());
        Ok(size)
    }

    /// Writes another store's file, safely, before it returns; nothing for one that has none. Blocking.
    ///
    /// # Errors
    /// The disk refuses; the old file stays.
    pub fn save(&self, store: &str, tree: &Tree) -> Result<(), KeepError> {
        let mut turn = self.turn();
        if !self.has_file(store) {
            return Ok(());
        }
        if self.splits() {
            return self.write_parts(&mut turn, store, tree, None).map(drop);
        }
        self.replace(store, Sync::Now, &mut |out| self.form.print(tree, out))?;
        self.files
            .sync_directory(&self.directory)
            .map_err(|reason| failed(&self.directory, reason))?;
        self.remove_set(store)
    }

    /// Removes another store's file. Blocking.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn remove(&self, store: &str) -> Result<(), KeepError> {
        let mut turn = self.turn();
        turn.remove(store);
        self.remove_single(store)?;
        self.remove_set(store)
    }

    /// The files of another store, if there are any. Blocking.
    ///
    /// # Errors
    /// The disk refuses, or the main file is not well-formed.
    pub fn load(&self, schema: &Schema, store: &str) -> Result<Option<OnDisk>, ReadError> {
        let _turn = self.turn();
        OnDisk::read(
            &*self.files,
            &*self.log,
            schema,
            &self.directory,
            store,
            self.splits(),
        )
    }

    /// Removes what a crash has left: half-written files of datastores that are one file, and those of rollback, which
    /// is there only while a confirmed commit is pending; the start has taken that back. Blocking.
    ///
    /// # Errors
    /// The disk or the log refuses.
    pub fn sweep_left_over(&self) -> Result<(), KeepError> {
        self.remove(ROLLBACK)?;
        let _turn = self.turn();
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

    /// The names of the datastores that have files. Blocking.
    ///
    /// # Errors
    /// The directory or the log cannot be read.
    pub fn names(&self) -> Result<BTreeSet<String>, KeepError> {
        let files = self
            .files
            .list(&self.directory)
            .map_err(|reason| failed(&self.directory, reason))?;
        let single = files.iter().filter_map(|file| file.strip_suffix("_db"));
        let mut names: BTreeSet<String> = single.map(str::to_owned).collect();
        names.extend(split::names(&*self.log)?);
        Ok(names)
    }

    fn replace(
        &self,
        store: &str,
        sync: Sync,
        content: &mut crate::files::Writer<'_>,
    ) -> Result<(), KeepError> {
        let file = file_of(&self.directory, store);
        let temporary = self.directory.join(format!("{store}_db.new"));
        self.files
            .write(&temporary, sync, content)
            .and_then(|()| self.files.rename(&temporary, &file))
            .map_err(|reason| failed(&file, reason))
    }
}

fn failed(file: &Path, reason: io::Error) -> KeepError {
    KeepError::File {
        file: file.display().to_string(),
        reason,
    }
}

/// Collects up to `small` bytes.
struct Limited {
    bytes: Vec<u8>,
    small: usize,
}

impl Write for Limited {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + piece.len() > self.small {
            self.bytes.resize(self.small, 0);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts and hashes what passes, and steps aside for commits.
struct Measured<'a> {
    out: &'a mut dyn Write,
    size: usize,
    hash: Sha256,
    pressure: &'a Pressure,
}

impl<'a> Measured<'a> {
    fn new(out: &'a mut dyn Write, pressure: &'a Pressure) -> Self {
        Measured {
            out,
            size: 0,
            hash: Sha256::new(),
            pressure,
        }
    }

    /// How many bytes passed, and their SHA-256 in hexadecimal.
    fn finish(self) -> (usize, String) {
        (self.size, bind::hex(&self.hash.finalize()))
    }
}

impl Write for Measured<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        const STRETCH: usize = 128 << 10;
        let written = self.out.write(piece)?;
        self.hash.update(&piece[..written]);
        let before = self.size / STRETCH;
        self.size += written;
        if self.size / STRETCH > before {
            step_aside(self.pressure);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Waits until no commit does, but not for ever: a file must come to its end under constant load too, at about
/// 10 MB/s.
fn step_aside(pressure: &Pressure) {
    const PATIENCE: u32 = 25;
    for _ in 0..PATIENCE {
        if !pressure.is_on() {
            return;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}
