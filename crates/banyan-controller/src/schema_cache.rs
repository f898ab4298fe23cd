//! Compiled schemas on disk: one file per request, so that a start does not compile what the last one did.
//!
//! Blocking. What cannot be read or written costs time, not correctness, so it is said in the log for debugging only.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use banyan_yang::cache::{Miss, Storage};

use crate::store::replace;

/// How many files are kept when one is written: those that were used last. Enough for the sets of a network's device
/// types in several releases; a set of a thousand modules is some 30 MB.
pub const KEPT: usize = 64;

/// Digits of a key.
const KEY: usize = 64;

/// A directory of compiled schemas. It may be removed at any time, and be used by several processes at once. What was
/// not used for longest goes when there are more than [`KEPT`].
#[derive(Clone, Debug)]
pub struct SchemaCache {
    directory: PathBuf,
    looks_only: bool,
}

impl SchemaCache {
    /// The schemas in `directory`, which is made when the first is written.
    pub fn new(directory: impl Into<PathBuf>) -> SchemaCache {
        SchemaCache {
            directory: directory.into(),
            looks_only: false,
        }
    }

    /// The same for who only looks: what is there is used, and nothing is made, changed or removed.
    pub fn looking(self) -> SchemaCache {
        SchemaCache {
            looks_only: true,
            ..self
        }
    }

    /// Keys are hexadecimal digits, so they are names of files as they are.
    fn file(&self, key: &str) -> PathBuf {
        self.directory.join(format!("{key}.bin"))
    }

    /// Removes all but the [`KEPT`] files that were used last. Other files are let alone: the directory is the user's.
    fn prune(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let key = name.to_str().and_then(|name| name.strip_suffix(".bin"));
            let is_key =
                |key: &str| key.len() == KEY && key.bytes().all(|digit| digit.is_ascii_hexdigit());
            if key.is_some_and(is_key) {
                // Another process may have removed it.
                let used = entry.metadata().and_then(|it| it.modified());
                files.extend(used.ok().map(|used| (used, entry.path())));
            }
        }
        files.sort_unstable_by(|one, other| other.cmp(one));
        for (_, file) in files.iter().skip(KEPT) {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => tracing::debug!("{}: not used for long, removed", file.display()),
            }
        }
        Ok(())
    }
}

/// Says that a file is in use; where that is refused, it counts as old as it was written.
fn touch(file: &Path) {
    let touched = File::options()
        .append(true)
        .open(file)
        .and_then(|open| open.set_modified(SystemTime::now()));
    if let Err(error) = touched {
        tracing::debug!("{}: {error}", file.display());
    }
}

impl Storage for SchemaCache {
    fn read(&self, key: &str) -> Option<Vec<u8>> {
        let file = self.file(key);
        match fs::read(&file) {
            Ok(bytes) => {
                if !self.looks_only {
                    touch(&file);
                }
                Some(bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::debug!("{}: {error}", file.display());
                None
            }
        }
    }

    fn write(&self, key: &str, bytes: &[u8]) {
        if self.looks_only {
            return;
        }
        if let Err(error) = replace(&self.file(key), bytes) {
            tracing::debug!("a compiled schema is not kept: {error}");
        } else if let Err(error) = self.prune() {
            tracing::debug!("{}: {error}", self.directory.display());
        }
    }

    fn missed(&self, key: &str, miss: &Miss) {
        tracing::debug!("{}: {miss}; compiled anew", self.file(key).display());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_kept_is_found_under_its_key_only() {
        let directory = tempfile::tempdir().unwrap();
        let cache = SchemaCache::new(directory.path().join("schemas"));
        assert_eq!(cache.read("ab"), None);
        cache.write("ab", b"one");
        cache.write("ab", b"two");
        assert_eq!(cache.read("ab").as_deref(), Some(&b"two"[..]));
        assert_eq!(cache.read("cd"), None);
        let files = fs::read_dir(directory.path().join("schemas")).unwrap();
        assert_eq!(files.count(), 1);
    }

    #[test]
    fn who_only_looks_finds_what_is_there_and_leaves_no_trace() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("schemas");
        let looking = SchemaCache::new(&place).looking();
        looking.write("ab", b"one");
        assert!(!place.exists());
        let cache = SchemaCache::new(&place);
        cache.write("ab", b"one");
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(5);
        let file = File::options().append(true).open(cache.file("ab"));
        file.unwrap().set_modified(long_ago).unwrap();
        looking.write("ab", b"two");
        assert_eq!(looking.read("ab").as_deref(), Some(&b"one"[..]));
        let seen = fs::metadata(cache.file("ab")).unwrap().modified().unwrap();
        assert_eq!(seen, long_ago);
    }

    #[test]
    fn the_files_that_were_used_last_are_kept_and_others_let_alone() {
        let directory = tempfile::tempdir().unwrap();
        let cache = SchemaCache::new(directory.path());
        fs::write(directory.path().join("notes.bin"), "mine").unwrap();
        let key = |at: usize| format!("{at:064x}");
        for at in 0..KEPT {
            cache.write(&key(at), b"one");
            let file = File::options().append(true).open(cache.file(&key(at)));
            let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(at as u64);
            file.unwrap().set_modified(long_ago).unwrap();
        }
        // The oldest is used, so that the next one is it.
        assert!(cache.read(&key(0)).is_some());
        cache.write(&key(KEPT), b"one");
        assert_eq!(cache.read(&key(1)), None);
        assert!(
            [0, 2, KEPT]
                .iter()
                .all(|at| cache.read(&key(*at)).is_some())
        );
        let files = fs::read_dir(directory.path()).unwrap();
        assert_eq!(files.count(), KEPT + 1);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_no_error() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let cache = SchemaCache::new(file);
        cache.write("ab", b"one");
        assert_eq!(cache.read("ab"), None);
    }
}
