//! Files that can be closed: after a stop the directory may be another program's.

use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::{Files, LockError, LockGuard, Sync, Writer};

/// See the module. What an engine, and all that it is made of, has as its files.
pub(crate) struct Closable {
    inner: Arc<dyn Files>,
    /// Whoever changes something holds it meanwhile.
    closed: RwLock<bool>,
}

impl Closable {
    /// These files, open.
    pub fn new(inner: Arc<dyn Files>) -> Closable {
        Closable {
            inner,
            closed: RwLock::default(),
        }
    }

    /// A change is in progress as long as the guard lives.
    fn changing(&self) -> io::Result<RwLockReadGuard<'_, bool>> {
        let closed = self.closed.read().unwrap_or_else(PoisonError::into_inner);
        match *closed {
            false => Ok(closed),
            true => Err(io::Error::other(
                "the engine has stopped, and the directory may be another program's; start it again",
            )),
        }
    }
}

impl Files for Closable {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        let _changing = self.changing()?;
        self.inner.create_directory(path)
    }

    fn make_private(&self, path: &Path, ours: &dyn Fn(&str) -> bool) -> io::Result<()> {
        let _changing = self.changing()?;
        self.inner.make_private(path, ours)
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        self.inner.read(path)
    }

    fn open(&self, path: &Path) -> io::Result<Option<Box<dyn Read + Send>>> {
        self.inner.open(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.inner.list(directory)
    }

    fn directories(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.inner.directories(directory)
    }

    fn write(&self, path: &Path, sync: Sync, content: &mut Writer<'_>) -> io::Result<()> {
        let _changing = self.changing()?;
        self.inner.write(path, sync, content)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let _changing = self.changing()?;
        self.inner.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let _changing = self.changing()?;
        self.inner.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.inner.sync_directory(path)
    }

    fn lock(&self, path: &Path, owner: &str) -> Result<Box<dyn LockGuard>, LockError> {
        let _changing = self.changing()?;
        self.inner.lock(path, owner)
    }

    fn hold(&self, path: &Path) -> Result<Box<dyn LockGuard>, LockError> {
        self.inner.hold(path)
    }

    fn close(&self) {
        let mut closed = self.closed.write().unwrap_or_else(PoisonError::into_inner);
        *closed = true;
        self.inner.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::MemoryFiles;

    #[test]
    fn once_closed_they_are_only_read() {
        let disk = MemoryFiles::default();
        let files = Closable::new(Arc::new(disk.clone()));
        let (a, b) = (Path::new("/s/a"), Path::new("/s/b"));
        let put = |path: &Path| files.write(path, Sync::Now, &mut |out| out.write_all(b"x"));
        put(a).unwrap();
        files.close();
        let steps = disk.steps();
        let refused = [
            put(b),
            files.rename(a, b),
            files.remove(a),
            files.create_directory(Path::new("/t")),
        ];
        for refused in refused {
            let error = refused.unwrap_err().to_string();
            assert!(error.contains("the engine has stopped"), "{error}");
        }
        assert!(files.lock(b, "me").is_err());
        assert_eq!(disk.steps(), steps);
        assert_eq!(files.read(a).unwrap().unwrap(), b"x");
        assert_eq!(files.list(Path::new("/s")).unwrap(), ["a"]);
    }
}
