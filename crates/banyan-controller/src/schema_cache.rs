//! Compiled schemas on disk: one file per request, so that a start does not compile what the last one did.
//!
//! Blocking. What cannot be read or written costs time, not correctness, so it is said in the log for debugging only.

use std::fs;
use std::io;
use std::path::PathBuf;

use banyan_yang::cache::{Miss, Storage};

use crate::store::replace;

/// A directory of compiled schemas. It may be removed at any time, and be used by several processes at once.
#[derive(Clone, Debug)]
pub struct SchemaCache {
    directory: PathBuf,
}

impl SchemaCache {
    /// The schemas in `directory`, which is made when the first is written.
    pub fn new(directory: impl Into<PathBuf>) -> SchemaCache {
        SchemaCache {
            directory: directory.into(),
        }
    }

    /// Keys are hexadecimal digits, so they are names of files as they are.
    fn file(&self, key: &str) -> PathBuf {
        self.directory.join(format!("{key}.bin"))
    }
}

impl Storage for SchemaCache {
    fn read(&self, key: &str) -> Option<Vec<u8>> {
        let file = self.file(key);
        match fs::read(&file) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::debug!("{}: {error}", file.display());
                None
            }
        }
    }

    fn write(&self, key: &str, bytes: &[u8]) {
        if let Err(error) = replace(&self.file(key), bytes) {
            tracing::debug!("a compiled schema is not kept: {error}");
        }
    }

    fn missed(&self, key: &str, miss: &Miss) {
        tracing::debug!("{}: {miss}; compiled anew", self.file(key).display());
    }
}

#[cfg(test)]
mod tests {
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
    fn a_directory_that_cannot_be_made_is_no_error() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let cache = SchemaCache::new(file);
        cache.write("ab", b"one");
        assert_eq!(cache.read("ab"), None);
    }
}
