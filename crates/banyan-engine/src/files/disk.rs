//! Files on disk.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::{Files, LockError, LockGuard, Sync, Writer};

/// The file system.
#[derive(Clone, Copy, Default, Debug)]
pub struct DiskFiles;

struct LockedFile(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

impl LockGuard for LockedFile {}

/// A file that must be on the disk in the end goes there piece by piece: a sync of another file, as that of a commit,
/// can have to wait for all that is written and not yet on the disk.
struct Pieces {
    file: File,
    sync: Sync,
    unsynced: usize,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        const PIECE: usize = 1 << 20;
        let written = self.file.write(bytes)?;
        self.unsynced += written;
        if self.sync == Sync::Now && self.unsynced >= PIECE {
            self.unsynced = 0;
            self.file.sync_data()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Files for DiskFiles {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        // Its name must be there after a crash, or all that is in it is gone.
        match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => self.sync_directory(parent),
            _ => self.sync_directory(Path::new(".")),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            // What is no text is no file of ours.
            if let (true, Ok(name)) = (
                entry.file_type()?.is_file(),
                entry.file_name().into_string(),
            ) {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn write(&self, path: &Path, sync: Sync, content: &mut Writer<'_>) -> io::Result<()> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        let pieces = Pieces {
            file,
            sync,
            unsynced: 0,
        };
        let mut buffered = BufWriter::with_capacity(64 * 1024, pieces);
        content(&mut buffered)?;
        let pieces = buffered
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        match sync {
            Sync::Now => pieces.file.sync_all(),
            Sync::Later => Ok(()),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn lock(&self, path: &Path, owner: &str) -> Result<Box<dyn LockGuard>, LockError> {
        // Not truncated at open: the file names the holder until the lock is ours.
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let named = file.read_to_string(&mut holder).is_ok();
                let holder = holder.trim();
                return Err(LockError::Held(
                    (named && !holder.is_empty()).then(|| holder.to_owned()),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(owner.as_bytes())?;
        Ok(Box::new(LockedFile(file)))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_owner_can_read_what_is_written() {
        let scratch = tempfile::tempdir().unwrap();
        let directory = scratch.path().join("store");
        DiskFiles.create_directory(&directory).unwrap();
        let file = directory.join("running_db");
        DiskFiles
            .write(&file, Sync::Now, &mut |out| out.write_all(b"<config/>"))
            .unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&file)), (0o700, 0o600));
        assert_eq!(DiskFiles.read(&file).unwrap().unwrap(), b"<config/>");
    }

    #[test]
    fn an_absent_file_reads_as_nothing_and_can_be_removed() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("absent");
        assert_eq!(DiskFiles.read(&file).unwrap(), None);
        DiskFiles.remove(&file).unwrap();
        assert!(DiskFiles.list(&file).unwrap().is_empty());
    }

    #[test]
    fn files_of_a_directory_are_listed_and_directories_are_not() {
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join("0.xml"), "").unwrap();
        fs::create_dir(scratch.path().join("sub")).unwrap();
        assert_eq!(DiskFiles.list(scratch.path()).unwrap(), ["0.xml"]);
    }

    #[test]
    fn a_second_lock_is_refused_and_names_the_first_owner() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("lock");
        let held = DiskFiles.lock(&file, "pid 7").unwrap();
        match DiskFiles.lock(&file, "pid 8") {
            Err(LockError::Held(Some(owner))) => assert_eq!(owner, "pid 7"),
            other => panic!("{:?}", other.err()),
        }
        drop(held);
        DiskFiles.lock(&file, "pid 8").unwrap();
    }
}
