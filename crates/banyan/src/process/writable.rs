//! Whether this process could make or write a file, looked at without making or opening it.

use std::io::{Error, ErrorKind, Result};
use std::path::Path;

use nix::unistd::{AccessFlags, eaccess};

/// Whether a file could be written, or made if it is not there.
///
/// # Errors
/// What the system would say: it is no file, its directory is missing, or permission is.
pub fn file(path: &Path) -> Result<()> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(_) => may(path, AccessFlags::W_OK),
        Err(error) if error.kind() == ErrorKind::NotFound => in_directory(path),
        Err(error) => Err(error),
    }
}

/// Whether something of this name could be made in its directory.
///
/// # Errors
/// The directory is missing, or permission is.
pub fn in_directory(path: &Path) -> Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Err(ErrorKind::IsADirectory.into()),
    };
    existing_directory(directory)
}

/// Whether a directory could be written, or made with those above it.
///
/// # Errors
/// Something on the way is no directory, or permission is missing.
pub fn directory(path: &Path) -> Result<()> {
    let there = path.ancestors().find(|it| it.symlink_metadata().is_ok());
    match there {
        Some(there) => existing_directory(there),
        None => existing_directory(Path::new(".")),
    }
}

fn existing_directory(path: &Path) -> Result<()> {
    if !std::fs::metadata(path)?.is_dir() {
        return Err(Error::new(
            ErrorKind::NotADirectory,
            format!("{} is not a directory", path.display()),
        ));
    }
    may(path, AccessFlags::W_OK | AccessFlags::X_OK)
}

/// As the effective user, as a write would be.
fn may(path: &Path, what: AccessFlags) -> Result<()> {
    eaccess(path, what).map_err(|error| {
        let reason = Error::from(error);
        Error::new(reason.kind(), format!("{}: {reason}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_made_is_told_and_nothing_is_made() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        std::fs::write(at("file"), "").unwrap();
        assert!(file(&at("file")).is_ok());
        assert!(file(&at("new")).is_ok());
        assert!(file(&at("none/new")).is_err());
        assert!(file(place.path()).is_err());
        assert!(file(&at("file/new")).is_err());
        assert!(directory(&at("a/b/c")).is_ok());
        assert!(directory(&at("file")).is_err());
        assert!(directory(&at("file/a")).is_err());
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
