//! Files in memory: for engines without a disk, and for tests, where they fail at a given step and forget

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Files, LockError, LockGuard, Sync, Writer};

/// What happens at a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The step fails and has no effect; later ones work again.
    Fail,
    /// A write puts half of its content there and fails, as a full disk does; other steps just fail.
    Short,
    /// The machine stops before the step: it and all later steps fail until [`MemoryFiles::restart`].
    CrashBefore,
    /// The machine stops after the step.
    CrashAfter,
}

#[derive(Default)]
struct State {
    /// What a reader sees now.
    seen: BTreeMap<PathBuf, Vec<u8>>,
    /// What is there after a crash.
    kept: BTreeMap<PathBuf, Vec<u8>>,
    /// Renames and removals that wait for the directory's sync.
    steps: usize,
    fault: Option<(usize, Fault)>,
    crashed: bool,
}

/// A file system in memory. Clones share it. Steps are writes, renames, removals and directory syncs,
/// counted from 0.
#[derive(Clone, Default)]
pub struct MemoryFiles(Arc<Mutex<State>>);

struct NoLock;

impl LockGuard for NoLock {}

fn failure(what: &str) -> io::Error {
    io::Error::other(format!("injected: {what}"))
}

impl MemoryFiles {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the given step fail, counted from now.
    pub fn fail_at(&self, step: usize, fault: Fault) {
        let mut state = self.state();
        state.fault = Some((state.steps + step, fault));
    }

    /// How many steps there were.
    pub fn steps(&self) -> usize {
        self.state().steps
    }

    /// Whether the machine has stopped.
    pub fn crashed(&self) -> bool {
        self.state().crashed
    }

    /// Stops the machine now.
    pub fn crash(&self) {
        self.state().crashed = true;
    }

    /// Starts again with what had been synced.
    pub fn restart(&self) {
        let mut state = self.state();
        state.crashed = false;
        state.fault = None;
        state.seen = state.kept.clone();
    }

    /// Changes a file behind the engine's back, durably.
    pub fn put(&self, path: &Path, content: &[u8]) {
        let mut state = self.state();
        state.seen.insert(path.to_owned(), content.to_owned());
        state.kept.insert(path.to_owned(), content.to_owned());
    }

    /// Runs a step: `work` changes the state, and gets `true` when it must do half of its work.
    fn step(&self, what: &str, work: impl FnOnce(&mut State, bool)) -> io::Result<()> {
        let mut state = self.state();
        if state.crashed {
            return Err(failure("the machine has stopped"));
        }
        let number = state.steps;
        state.steps += 1;
        let fault = state
            .fault
            .filter(|(step, _)| *step == number)
            .map(|(_, fault)| fault);
        match fault {
            None => {
                work(&mut state, false);
                Ok(())
            }
            Some(Fault::Fail) => Err(failure(what)),
            Some(Fault::Short) => {
                if what == "write" {
                    work(&mut state, true);
                }
                Err(failure("no space left on device"))
            }
            Some(Fault::CrashBefore) => {
                state.crashed = true;
                Err(failure(what))
            }
            Some(Fault::CrashAfter) => {
                work(&mut state, false);
                state.crashed = true;
                Err(failure(what))
            }
        }
    }
}

impl Files for MemoryFiles {
    fn create_directory(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        Ok(self.state().seen.get(path).cloned())
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        let files = state.seen.keys();
        let here = files.filter(|file| file.parent() == Some(directory));
        let names = here.filter_map(|file| file.file_name()?.to_str().map(str::to_owned));
        Ok(names.collect())
    }

    fn write(&self, path: &Path, sync: Sync, content: &mut Writer<'_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        content(&mut bytes as &mut dyn Write)?;
        self.step("write", |state, half| {
            if half {
                bytes.truncate(bytes.len() / 2);
            }
            // A synced file's name survives as well: the strictest order is not assumed for new files,
            // because nothing reads a temporary file after a crash.
            if sync == Sync::Now && !half {
                state.kept.insert(path.to_owned(), bytes.clone());
            } else if let Some(kept) = state.kept.get_mut(path) {
                // Overwritten and not synced: the worst that the disk can hold is a torn file.
                *kept = bytes[..bytes.len() / 2].to_vec();
            }
            state.seen.insert(path.to_owned(), bytes);
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename", |state, _| {
            if let Some(content) = state.seen.remove(from) {
                state.seen.insert(to.to_owned(), content);
            }
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step("remove", |state, _| {
            state.seen.remove(path);
        })
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.step("sync", |state, _| {
            // Names of the directory become as they are seen; contents that were never synced may be
            // torn, and stay what they were if the name existed.
            let State { seen, kept, .. } = state;
            kept.retain(|file, _| file.parent() != Some(path) || seen.contains_key(file));
            for (file, content) in seen.iter() {
                if file.parent() == Some(path) {
                    kept.insert(file.clone(), content.clone());
                }
            }
        })
    }

    fn lock(&self, _path: &Path, _owner: &str) -> Result<Box<dyn LockGuard>, LockError> {
        Ok(Box::new(NoLock))
    }
}
