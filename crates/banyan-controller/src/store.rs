//! The controller's directory: module texts, what each device last had, host keys.
//!
//! Every file is replaced in one step (temporary file, sync, rename). Blocking: callers use a blocking
//! pool. Knows names and bytes, not what they mean.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path}: {doing} failed: {source}; check that the directory exists, is writable and has room"
)]
pub struct StoreError {
    path: PathBuf,
    doing: &'static str,
    source: io::Error,
}

fn at(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError {
        path,
        doing,
        source,
    }
}

/// The controller's directory.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    looks_only: bool,
}

/// A name as a file name: letters, digits, `-`, `_` and inner dots stay, all else is written as %XX.
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for (index, byte) in name.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'@')
            || (byte == b'.' && index > 0);
        if plain {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

impl Store {
    /// The store in this directory, which is made (readable by its owner only) if it is not there.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn open(root: &Path) -> Result<Store, StoreError> {
        let store = Store {
            root: root.to_owned(),
            looks_only: false,
        };
        for path in [root.to_owned(), store.yang(), store.root.join("devices")] {
            make_directory(&path).map_err(at(&path, "making the directory"))?;
        }
        Ok(store)
    }

    /// The store in this directory for who only looks: it need not be there, and nothing in it is made or changed.
    pub fn looking(root: &Path) -> Store {
        Store {
            root: root.to_owned(),
            looks_only: true,
        }
    }

    /// Where relative file names of the configuration begin.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn yang(&self) -> PathBuf {
        self.root.join("yang")
    }

    /// The file of a module's text.
    pub fn module(&self, file_name: &str) -> PathBuf {
        self.yang().join(escape(file_name))
    }

    /// Where compiled schemas are kept.
    pub fn schemas(&self) -> PathBuf {
        self.root.join("schemas")
    }

    /// Whether nothing is to be changed here.
    pub fn looks_only(&self) -> bool {
        self.looks_only
    }

    fn may_change(&self, path: &Path, doing: &'static str) -> Result<(), StoreError> {
        match self.looks_only {
            true => Err(at(path, doing)(io::ErrorKind::ReadOnlyFilesystem.into())),
            false => Ok(()),
        }
    }

    /// The list of modules that a device was last seen to have.
    pub fn device_modules(&self, device: &str) -> PathBuf {
        self.device(device).join("modules.json")
    }

    /// What a device last had.
    pub fn device_synced(&self, device: &str) -> PathBuf {
        self.device(device).join("synced.xml")
    }

    /// The host key that is accepted for a device.
    pub fn device_known_hosts(&self, device: &str) -> PathBuf {
        self.device(device).join("known_hosts")
    }

    /// All that is kept of a device.
    pub fn device(&self, device: &str) -> PathBuf {
        self.root.join("devices").join(escape(device))
    }

    /// The content of a file; `None` when it does not exist.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        match fs::read(path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(path, "reading")(error)),
        }
    }

    /// Makes or replaces a file in one step, durably.
    ///
    /// # Errors
    /// It cannot be written; then the old content stands.
    pub fn write(&self, path: &Path, content: &[u8]) -> Result<(), StoreError> {
        self.may_change(path, "writing")?;
        replace(path, content)
    }

    /// Removes a file; absence is no error.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(&self, path: &Path) -> Result<(), StoreError> {
        self.may_change(path, "removing")?;
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(at(path, "removing")(error))
            }
            _ => Ok(()),
        }
    }

    /// Forgets a device: what it had, and its host key. Which modules it had is kept, because commits of the
    /// past can be read with these only.
    ///
    /// # Errors
    /// Its files cannot be removed.
    pub fn forget_device(&self, device: &str) -> Result<(), StoreError> {
        let path = self.device(device);
        let modules = self.device_modules(device);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(at(&path, "reading the directory"))?,
        };
        for entry in entries {
            let file = entry.map_err(at(&path, "reading the directory"))?.path();
            if file != modules {
                self.remove(&file)?;
            }
        }
        Ok(())
    }
}

/// Makes or replaces a file in one step, durably; its directory is made if it is not there.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    if let Some(parent) = path.parent() {
        make_directory(parent).map_err(at(parent, "making the directory"))?;
    }
    // Two devices may fetch the same module at once: each writer has a file of its own.
    static WRITERS: AtomicU64 = AtomicU64::new(0);
    let writer = WRITERS.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("tmp{}-{writer}", std::process::id()));
    let written = (|| {
        let mut file = create_private(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        match path.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    })();
    if written.is_err() {
        // The error that counts is the first one.
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(at(path, "writing"))
}

fn make_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        for name in ["../x", ".", "..", "a/b", "ä"] {
            let path = store.device(name);
            assert_eq!(
                path.parent().unwrap(),
                directory.path().join("devices"),
                "{name}"
            );
        }
        assert_ne!(store.device("a/b"), store.device("a%2Fb"));
        assert!(
            store
                .module("a@2020-01-01.yang")
                .ends_with("a@2020-01-01.yang")
        );
    }

    #[test]
    fn what_is_written_is_read_back_and_a_missing_file_is_no_error() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let path = store.device_synced("r1");
        assert_eq!(store.read(&path).unwrap(), None);
        store.write(&path, b"one").unwrap();
        store.write(&path, b"two").unwrap();
        assert_eq!(store.read(&path).unwrap().unwrap(), b"two");
        assert_eq!(fs::read_dir(store.device("r1")).unwrap().count(), 1);
        store.write(&store.device_modules("r1"), b"{}").unwrap();
        store.forget_device("r1").unwrap();
        assert_eq!(store.read(&path).unwrap(), None);
        assert!(store.read(&store.device_modules("r1")).unwrap().is_some());
    }
}
