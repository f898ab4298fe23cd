//! Files in memory that count, take time, and wait.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use banyan_engine::clock::{Clock, ManualClock};
use banyan_engine::engine::{EngineBuilder, Seams};
use banyan_engine::files::{Files, LockError, LockGuard, MemoryFiles, StoreOptions, Sync, Writer};

use crate::fixture::{Machine, schema};

/// Files that count what is written, and that take their time.
#[derive(Clone)]
pub struct Counted {
    inner: MemoryFiles,
    bytes: Arc<AtomicU64>,
    clock: ManualClock,
    /// How long a write takes.
    pub takes: Arc<Mutex<Duration>>,
    /// Held by a test for as long as no file of the store lab may be written.
    pub lab: Arc<tokio::sync::Mutex<()>>,
}

impl Counted {
    pub fn of(machine: &Machine) -> Counted {
        Counted {
            inner: machine.files.clone(),
            bytes: Arc::default(),
            clock: machine.clock.clone(),
            takes: Arc::default(),
            lab: Arc::default(),
        }
    }

    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn builder(&self, machine: &Machine, options: StoreOptions) -> EngineBuilder {
        let seams = Seams {
            files: Arc::new(self.clone()),
            clock: Arc::new(machine.clock.clone()) as Arc<dyn Clock>,
            log: Arc::new(machine.log.clone()),
        };
        machine.builder(schema()).seams(seams).stores(options)
    }
}

impl Files for Counted {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.inner.create_directory(path)
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        self.inner.read(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.inner.list(directory)
    }

    fn directories(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.inner.directories(directory)
    }

    fn write(&self, path: &Path, sync: Sync, content: &mut Writer<'_>) -> io::Result<()> {
        self.clock.advance(*self.takes.lock().unwrap());
        if path.ends_with("lab_db.new") {
            drop(self.lab.blocking_lock());
        }
        self.inner.write(path, sync, &mut |out| {
            let mut bytes = Vec::new();
            content(&mut bytes)?;
            let count = bytes.len() as u64;
            self.bytes.fetch_add(count, Ordering::Relaxed);
            out.write_all(&bytes)
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.inner.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.inner.sync_directory(path)
    }

    fn lock(&self, path: &Path, owner: &str) -> Result<Box<dyn LockGuard>, LockError> {
        self.inner.lock(path, owner)
    }
}
