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

/// What goes wrong, and when: each fault at a step of its own, and how much the disk holds.
///
/// ```
/// # use banyan_engine::files::{Fault, FaultPlan, MemoryFiles};
/// let files = MemoryFiles::default();
/// // The second step fails, the machine stops after the fifth, and the disk holds 4 000 bytes.
/// let plan = FaultPlan::new()
///     .at(1, Fault::Fail)
///     .at(4, Fault::CrashAfter)
///     .full_at(4000);
/// files.follow(&plan);
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FaultPlan {
    faults: BTreeMap<usize, Fault>,
    capacity: Option<usize>,
}

impl FaultPlan {
    /// Nothing goes wrong.
    pub fn new() -> Self {
        FaultPlan::default()
    }

    /// The given step, counted from 0 when the plan begins, has this fault.
    pub fn at(mut self, step: usize, fault: Fault) -> Self {
        self.faults.insert(step, fault);
        self
    }

    /// All files together have at most this many bytes: a write that would pass that puts there what fits, and fails,
    /// until files are removed or another plan is followed.
    pub fn full_at(mut self, bytes: usize) -> Self {
        self.capacity = Some(bytes);
        self
    }
}

#[derive(Default)]
struct State {
    /// What a reader sees now.
    seen: BTreeMap<PathBuf, Vec<u8>>,
    /// What is there after a crash.
    kept: BTreeMap<PathBuf, Vec<u8>>,
    steps: usize,
    /// By the number of the step.
    faults: BTreeMap<usize, Fault>,
    capacity: Option<usize>,
    crashed: bool,
}

/// A file system in memory. Clones share it. Steps are writes, syncs of files, renames, removals and syncs of
/// directories, counted from 0: a file that is written and synced is two steps.
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
        self.follow(&FaultPlan::new().at(step, fault));
    }

    /// Lets happen what the plan says, counted from now, and nothing of an older plan.
    pub fn follow(&self, plan: &FaultPlan) {
        let mut state = self.state();
        let now = state.steps;
        let faults = plan.faults.iter();
        state.faults = faults.map(|(step, fault)| (now + step, *fault)).collect();
        state.capacity = plan.capacity;
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
        state.faults.clear();
        state.capacity = None;
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
        let fault = state.faults.remove(&number);
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

    fn directories(&self, directory: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        let below = state.seen.keys().filter_map(|file| {
            let mut rest = file.strip_prefix(directory).ok()?.iter();
            let name = rest.next()?.to_str()?.to_owned();
            rest.next().map(|_| name)
        });
        let names: std::collections::BTreeSet<String> = below.collect();
        Ok(names.into_iter().collect())
    }

    fn write(&self, path: &Path, sync: Sync, content: &mut Writer<'_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        content(&mut bytes as &mut dyn Write)?;
        let mut fits = true;
        self.step("write", |state, half| {
            if half {
                bytes.truncate(bytes.len() / 2);
            }
            if let Some(capacity) = state.capacity {
                let others = state.seen.iter().filter(|(file, _)| *file != path);
                let used: usize = others.map(|(_, content)| content.len()).sum();
                let free = capacity.saturating_sub(used);
                fits = bytes.len() <= free;
                bytes.truncate(free);
            }
            if let Some(kept) = state.kept.get_mut(path) {
                // Overwritten and not synced: the worst that the disk can hold is a torn file.
                *kept = bytes[..bytes.len() / 2].to_vec();
            }
            state.seen.insert(path.to_owned(), bytes);
        })?;
        if !fits {
            return Err(failure("no space left on device"));
        }
        match sync {
            Sync::Later => Ok(()),
            // A synced file's name survives as well: the strictest order is not assumed for new files,
            // because nothing reads a temporary file after a crash that was not announced in the log before.
            Sync::Now => self.step("sync of the file", |state, _| {
                if let Some(content) = state.seen.get(path) {
                    state.kept.insert(path.to_owned(), content.clone());
                }
            }),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn write(files: &MemoryFiles, name: &str, content: &[u8]) -> io::Result<()> {
        files.write(Path::new(name), Sync::Now, &mut |out| {
            out.write_all(content)
        })
    }

    #[test]
    fn a_full_disk_takes_what_fits_and_works_again_when_there_is_space() {
        let files = MemoryFiles::default();
        files.follow(&FaultPlan::new().full_at(10));
        write(&files, "/a", b"12345678").unwrap();
        let error = write(&files, "/b", b"12345").unwrap_err().to_string();
        assert!(error.contains("no space left"), "{error}");
        assert_eq!(files.read(Path::new("/b")).unwrap().unwrap(), b"12");
        files.remove(Path::new("/a")).unwrap();
        write(&files, "/b", b"12345").unwrap();
    }

    #[test]
    fn a_crash_between_a_write_and_its_sync_tears_what_was_there() {
        let files = MemoryFiles::default();
        write(&files, "/a", b"old!").unwrap();
        let plan = FaultPlan::new()
            .at(0, Fault::Fail)
            .at(3, Fault::CrashBefore);
        files.follow(&plan);
        write(&files, "/a", b"none").unwrap_err();
        write(&files, "/a", b"new!").unwrap();
        // Two steps a write: the fourth is that of the last one.
        write(&files, "/a", b"last").unwrap_err();
        files.restart();
        assert_eq!(files.read(Path::new("/a")).unwrap().unwrap(), b"new!");
        files.follow(&FaultPlan::new().at(1, Fault::CrashBefore));
        write(&files, "/a", b"last").unwrap_err();
        files.restart();
        assert_eq!(files.read(Path::new("/a")).unwrap().unwrap(), b"la");
    }
}
