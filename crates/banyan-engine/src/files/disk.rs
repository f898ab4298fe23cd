//! Files on disk.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::{Files, LockError, LockGuard, Sync, Unlocked, Writer};

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

/// The names in a directory of what is of a kind.
fn entries(directory: &Path, kind: impl Fn(&fs::FileType) -> bool) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        // What is no text is no name of ours.
        if let (true, Ok(name)) = (kind(&entry.file_type()?), entry.file_name().into_string()) {
            names.push(name);
        }
    }
    Ok(names)
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

    fn make_private(&self, path: &Path, ours: &dyn Fn(&str) -> bool) -> io::Result<()> {
        const OTHERS: u32 = 0o077;
        const STICKY: u32 = 0o1000;
        let found = fs::metadata(path)?;
        if found.mode() & OTHERS == 0 {
            return Ok(());
        }
        let refused = |why: String| {
            let others = format!(
                "others may use it (mode {:04o}), and {why}",
                found.mode() & 0o7777
            );
            Err(io::Error::new(io::ErrorKind::PermissionDenied, others))
        };
        if found.uid() != nix::unistd::geteuid().as_raw() {
            return refused(format!("it belongs to another user ({})", found.uid()));
        }
        if found.mode() & STICKY != 0 {
            return refused("it is shared".to_owned());
        }
        for entry in fs::read_dir(path)? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            if !ours(&name) {
                return refused(format!("it has other things in it ({name})"));
            }
        }
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn open(&self, path: &Path) -> io::Result<Option<Box<dyn Read + Send>>> {
        match File::open(path) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        entries(directory, fs::FileType::is_file)
    }

    fn directories(&self, directory: &Path) -> io::Result<Vec<String>> {
        entries(directory, fs::FileType::is_dir)
    }

    fn write(&self, path: &Path, sync: Sync, content: &mut Writer<'_>) -> io::Result<()> {
        let new = || {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600).open(path)
        };
        let file = new().or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                self.remove(path)?;
                new()
            }
            _ => Err(error),
        })?;
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
        taken(&mut file)?;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(owner.as_bytes())?;
        Ok(Box::new(LockedFile(file)))
    }

    fn hold(&self, path: &Path) -> Result<Box<dyn LockGuard>, LockError> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Box::new(Unlocked));
            }
            other => other?,
        };
        taken(&mut file)?;
        Ok(Box::new(LockedFile(file)))
    }
}

/// Takes the lock of a file; if another process has it, the file says which.
fn taken(file: &mut File) -> Result<(), LockError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let named = file.read_to_string(&mut holder).is_ok();
            let holder = holder.trim();
            Err(LockError::Held(
                (named && !holder.is_empty()).then(|| holder.to_owned()),
            ))
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn only_the_owner_can_read_what_is_written() {
        let scratch = tempfile::tempdir().unwrap();
        let directory = scratch.path().join("store");
        DiskFiles.create_directory(&directory).unwrap();
        let file = directory.join("running_db");
        DiskFiles
            .write(&file, Sync::Now, &mut |out| out.write_all(b"<config/>"))
            .unwrap();
        assert_eq!((mode(&directory), mode(&file)), (0o700, 0o600));
        assert_eq!(DiskFiles.read(&file).unwrap().unwrap(), b"<config/>");
    }

    #[test]
    fn what_is_written_is_another_file_than_what_was_there() {
        let scratch = tempfile::tempdir().unwrap();
        let (file, kept) = (scratch.path().join("a"), scratch.path().join("b"));
        let write = |text: &'static [u8]| {
            let written = DiskFiles.write(&file, Sync::Later, &mut |out| out.write_all(text));
            written.unwrap();
        };
        write(b"old");
        fs::hard_link(&file, &kept).unwrap();
        write(b"new");
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::read(&kept).unwrap(), b"old");
    }

    #[test]
    fn a_directory_becomes_private_only_if_it_is_ours_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let directory = scratch.path().join("store");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("running_db"), "").unwrap();
        let ours = |name: &str| name.ends_with("_db");
        let set = |mode| fs::set_permissions(&directory, fs::Permissions::from_mode(mode)).unwrap();
        set(0o755);
        DiskFiles.make_private(&directory, &ours).unwrap();
        assert_eq!(mode(&directory), 0o700);
        // Like /tmp.
        set(0o1777);
        let error = DiskFiles.make_private(&directory, &ours).unwrap_err();
        assert!(error.to_string().contains("shared"), "{error}");
        assert_eq!(mode(&directory), 0o1777);
        // Like /etc.
        set(0o755);
        fs::write(directory.join("hosts"), "").unwrap();
        let error = DiskFiles.make_private(&directory, &ours).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("0755") && error.contains("hosts"), "{error}");
        assert_eq!(mode(&directory), 0o755);
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
