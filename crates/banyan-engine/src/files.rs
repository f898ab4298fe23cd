//! The seam for files: few operations, each one a step at which a crash may happen.
//!
//! Blocking; callers run it on a blocking pool. Must not know what is in the files.

mod closable;
mod disk;
mod memory;
mod options;
mod rehearsed;

use std::io::{self, Read, Write};
use std::path::Path;

pub(crate) use closable::Closable;
pub use disk::DiskFiles;
pub use memory::{Fault, FaultPlan, MemoryFiles};
pub use options::{Format, OptionsError, Policy, StoreOptions};
pub use rehearsed::RehearsedFiles;

/// Writes a file's content piece by piece, so that nobody holds it whole.
pub type Writer<'a> = dyn FnMut(&mut dyn Write) -> io::Result<()> + 'a;

/// Whether a written file must be on disk when the call returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sync {
    /// `fsync` before return.
    Now,
    /// The system may write it later: something else is durable.
    Later,
}

/// Keeps a lock file locked until it is dropped.
pub trait LockGuard: Send + std::marker::Sync {}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it; what it wrote into the file, if that can be read.
    #[error("held by {}", .0.as_deref().unwrap_or("another process"))]
    Held(Option<String>),
    /// The file cannot be made or locked.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// File operations of the engine. Errors are the system's own; who calls adds path and remedy.
pub trait Files: Send + std::marker::Sync {
    /// Makes a directory, and its parents, that only the owner can read; an existing one is left alone.
    fn create_directory(&self, path: &Path) -> io::Result<()>;

    /// Takes the rights of others on an existing directory away: it holds secrets. One that is not ours alone is left as it
    /// is: it has another owner, is shared (sticky), or has files for which `ours` is false.
    ///
    /// # Errors
    /// Others can still look into it; the text says why.
    fn make_private(&self, path: &Path, ours: &dyn Fn(&str) -> bool) -> io::Result<()> {
        let _ = (path, ours);
        Ok(())
    }

    /// The whole file; `None` when it does not exist.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;

    /// The file, to be read piece by piece; `None` when it does not exist. What is read is the file that it was then, also
    /// when another takes its place.
    fn open(&self, path: &Path) -> io::Result<Option<Box<dyn Read + Send>>> {
        let content = self.read(path)?;
        Ok(content.map(|content| Box::new(io::Cursor::new(content)) as Box<dyn Read + Send>))
    }

    /// The names of the regular files in a directory, in no order; none when it does not exist.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// The names of the directories in a directory, in no order; none when it does not exist.
    fn directories(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// Makes the file, readable by the owner only, with what `content` writes. One that is there is removed first: written
    /// over, and renamed without a sync, it could come back after a crash, under the new name, as it was.
    fn write(&self, path: &Path, sync: Sync, content: &mut Writer<'_>) -> io::Result<()>;

    /// Renames; replaces what is there, at once.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes the file; absence is no error.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes renames and removals in the directory durable.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;

    /// Locks the file against other processes and writes `owner` into it.
    fn lock(&self, path: &Path, owner: &str) -> Result<Box<dyn LockGuard>, LockError>;

    /// Locks the file against other processes without a change of it; nothing where there is none: nobody uses it then. In
    /// memory there are no other processes.
    fn hold(&self, path: &Path) -> Result<Box<dyn LockGuard>, LockError> {
        let _ = path;
        Ok(Box::new(Unlocked))
    }

    /// The engine has stopped. It waits for changes in progress and refuses all later ones itself, so that files need do
    /// nothing here.
    fn close(&self) {}
}

/// There is nothing to lock.
struct Unlocked;

impl LockGuard for Unlocked {}
