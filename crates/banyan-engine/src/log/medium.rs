//! Where the bytes of the commit log are: the seam below redb, at which tests let a disk fail.
//!
//! Also here: what must happen after a failed sync. The system may then have dropped what it could not write and show
//! it all the same: what is read is not what the disk has, and a later sync says nothing of it. So before the log is
//! believed again, everything that is read is written once more and synced.

use std::cell::Cell;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::clock::Clock;

/// Where the bytes of a log are. Blocking.
pub trait Medium: Send + Sync {
    /// What messages call it.
    fn name(&self) -> String;

    /// Opens it; `None` when there is none. It is opened again after each failure. What is opened once is there after a
    /// crash, too.
    ///
    /// # Errors
    /// The system refuses.
    fn open(&self) -> io::Result<Option<Box<dyn StorageBackend>>>;

    /// Makes an empty one that is not there yet for [`Medium::open`]: what is half made is never taken for a log.
    ///
    /// # Errors
    /// The system refuses.
    fn make(&self) -> io::Result<Box<dyn StorageBackend>>;

    /// The one that was made is complete and synced: from now on it is what is opened.
    ///
    /// # Errors
    /// The system refuses.
    fn establish(&self) -> io::Result<()>;

    /// How many bytes it has; `None` where that is not known.
    fn size(&self) -> Option<u64> {
        None
    }
}

/// A file that only its owner can read.
pub(super) struct FileMedium(PathBuf);

impl FileMedium {
    pub fn new(path: &Path) -> FileMedium {
        FileMedium(path.to_owned())
    }

    fn unfinished(&self) -> PathBuf {
        let mut name = self.0.as_os_str().to_owned();
        name.push(".new");
        name.into()
    }
}

impl Medium for FileMedium {
    fn name(&self) -> String {
        self.0.display().to_string()
    }

    fn open(&self) -> io::Result<Option<Box<dyn StorageBackend>>> {
        let file = match OpenOptions::new().read(true).write(true).open(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        // Whoever has made it may not have come to this.
        match self.0.parent() {
            Some(directory) if !directory.as_os_str().is_empty() => File::open(directory)?,
            _ => File::open(".")?,
        }
        .sync_all()?;
        Ok(Some(backend(file)?))
    }

    fn make(&self) -> io::Result<Box<dyn StorageBackend>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.unfinished())?;
        backend(file)
    }

    fn establish(&self) -> io::Result<()> {
        std::fs::rename(self.unfinished(), &self.0)
    }

    fn size(&self) -> Option<u64> {
        std::fs::metadata(&self.0).ok().map(|file| file.len())
    }
}

fn backend(file: File) -> io::Result<Box<dyn StorageBackend>> {
    restrict(&file)?;
    let backend = FileBackend::new(file).map_err(io::Error::other)?;
    Ok(Box::new(backend))
}

/// Only the owner may read what was configured, also in a file that others have put there.
fn restrict(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

/// What is known of syncs: whether one has failed since everything was last written again, and how long they took.
/// Clones share it.
#[derive(Clone, Default)]
pub(super) struct Syncs(Arc<Inner>);

#[derive(Default)]
struct Inner {
    in_doubt: AtomicBool,
    /// Nothing is measured without it.
    clock: OnceLock<Arc<dyn Clock>>,
}

thread_local! {
    /// How long syncs have kept this thread waiting since somebody looked: who writes syncs on his own thread.
    static WAITED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

impl Syncs {
    /// Measures from now on; only the first clock counts.
    pub fn measure(&self, clock: Arc<dyn Clock>) {
        // A second one would be the same clock.
        let _ = self.0.clock.set(clock);
    }

    /// How long syncs have kept this thread waiting since the last call; `None` when nothing is measured.
    pub fn waited(&self) -> Option<Duration> {
        let waited = WAITED.take();
        self.0.clock.get().map(|_| waited)
    }

    fn sync(&self, backend: &dyn StorageBackend) -> io::Result<()> {
        let clock = self.0.clock.get();
        let begun = clock.map(|clock| clock.monotonic());
        let synced = backend.sync_data();
        if let (Some(clock), Some(begun)) = (clock, begun) {
            let took = clock.monotonic().saturating_sub(begun);
            WAITED.set(WAITED.get() + took);
        }
        if synced.is_err() {
            self.0.in_doubt.store(true, Ordering::Release);
        }
        synced
    }

    /// Opens the medium; after a failed sync, writes all of it again first. `None` when there is none.
    ///
    /// # Errors
    /// The system refuses; then it is as much in doubt as before.
    pub fn open(&self, medium: &dyn Medium) -> io::Result<Option<Watched>> {
        let Some(inner) = medium.open()? else {
            return Ok(None);
        };
        if self.0.in_doubt.load(Ordering::Acquire) {
            let written = written_again(&*inner);
            if let Err(error) = written {
                // It is not handed on, so nobody else would.
                let _ = inner.close();
                return Err(error);
            }
            self.0.in_doubt.store(false, Ordering::Release);
        }
        Ok(Some(self.watched(inner)))
    }

    /// Makes an empty one.
    ///
    /// # Errors
    /// The system refuses.
    pub fn make(&self, medium: &dyn Medium) -> io::Result<Watched> {
        Ok(self.watched(medium.make()?))
    }

    fn watched(&self, inner: Box<dyn StorageBackend>) -> Watched {
        Watched {
            inner,
            syncs: self.clone(),
        }
    }
}

/// Writes what is read, and syncs it. The bytes stay what they are, so an end in between does no harm.
fn written_again(backend: &dyn StorageBackend) -> io::Result<()> {
    const PIECE: usize = 256 << 10;
    let length = backend.len()?;
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    while at < length {
        let size = usize::try_from(length - at).map_or(PIECE, |left| left.min(PIECE));
        backend.read(at, &mut piece[..size])?;
        backend.write(at, &piece[..size])?;
        at += size as u64;
    }
    backend.sync_data()
}

/// A medium whose syncs are watched.
pub(super) struct Watched {
    inner: Box<dyn StorageBackend>,
    syncs: Syncs,
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

type Lock<T> = Result<T, redb::BackendError>;

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.syncs.sync(&*self.inner)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Lock<bool> {
        self.inner.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Lock<bool> {
        self.inner.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Lock<()> {
        self.inner.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Lock<()> {
        self.inner.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Lock<()> {
        self.inner.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Lock<bool> {
        self.inner.query_lock_range(start, end)
    }
}
