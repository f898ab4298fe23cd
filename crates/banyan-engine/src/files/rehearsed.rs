//! Files that are read where they are, and written in memory alone: for a start that only says what it would do.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Files, LockError, LockGuard, Sync, Writer};

/// See the module. Nothing of what is written is ever on the disk.
pub struct RehearsedFiles {
    inner: Arc<dyn Files>,
    /// What was written; `None`: removed.
    written: Mutex<BTreeMap<PathBuf, Option<Vec<u8>>>>,
}

impl RehearsedFiles {
    /// On these files.
    pub fn new(inner: Arc<dyn Files>) -> RehearsedFiles {
        RehearsedFiles {
            inner,
            written: Mutex::default(),
        }
    }

    fn written(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Option<Vec<u8>>>> {
        // Every change is a single insert.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files for RehearsedFiles {
    fn create_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match self.written().get(path) {
            Some(content) => Ok(content.clone()),
            None => self.inner.read(path),
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut names = self.inner.list(directory)?;
        for (path, content) in &*self.written() {
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(name) = name.filter(|_| path.parent() == Some(directory)) else {
                continue;
            };
            names.retain(|known| known != name);
            if content.is_some() {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn directories(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.inner.directories(directory)
    }

    fn write(&self, path: &Path, _: Sync, content: &mut Writer<'_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        content(&mut bytes)?;
        self.written().insert(path.to_owned(), Some(bytes));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let Some(content) = self.read(from)? else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let mut written = self.written();
        written.insert(from.to_owned(), None);
        written.insert(to.to_owned(), Some(content));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.written().insert(path.to_owned(), None);
        Ok(())
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, path: &Path, _: &str) -> Result<Box<dyn LockGuard>, LockError> {
        self.inner.hold(path)
    }

    fn hold(&self, path: &Path) -> Result<Box<dyn LockGuard>, LockError> {
        self.inner.hold(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::MemoryFiles;

    #[test]
    fn what_is_written_is_seen_here_and_nowhere_else() {
        let disk = MemoryFiles::default();
        for name in ["a", "b", "c"] {
            disk.put(&Path::new("/s").join(name), name.as_bytes());
        }
        let files = RehearsedFiles::new(Arc::new(disk.clone()));
        let path = |name: &str| Path::new("/s").join(name);
        files
            .write(&path("d"), Sync::Now, &mut |out| out.write_all(b"new"))
            .unwrap();
        files.rename(&path("d"), &path("a")).unwrap();
        files.rename(&path("b"), &path("e")).unwrap();
        files.remove(&path("c")).unwrap();
        let mut names = files.list(Path::new("/s")).unwrap();
        names.sort();
        assert_eq!(names, ["a", "e"]);
        assert_eq!(files.read(&path("a")).unwrap().unwrap(), b"new");
        assert_eq!(files.read(&path("e")).unwrap().unwrap(), b"b");
        assert_eq!(files.read(&path("c")).unwrap(), None);
        assert!(files.rename(&path("c"), &path("a")).is_err());
        let mut names = disk.list(Path::new("/s")).unwrap();
        names.sort();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(disk.read(&path("a")).unwrap().unwrap(), b"a");
    }
}
