//! Files that commands write: whole or not at all, and for their owner alone, because configurations hold secrets.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file in the making. Until it is finished, what is there under its name stays.
pub(super) struct Saved {
    out: BufWriter<File>,
    /// Where it is written, and the name that it will have. `None` for what is no file, as `/dev/stderr`: that is written to.
    names: Option<(PathBuf, PathBuf)>,
}

impl Saved {
    /// Begins the file.
    ///
    /// # Errors
    /// The directory refuses it.
    pub fn create(file: &Path) -> io::Result<Saved> {
        let special = fs::metadata(file).is_ok_and(|found| !found.is_file());
        if special {
            let out = OpenOptions::new().write(true).open(file)?;
            return Ok(Saved {
                out: BufWriter::new(out),
                names: None,
            });
        }
        // A link goes on leading to the file.
        let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let mut temporary = file.clone().into_os_string();
        temporary.push(format!(".{}.new", std::process::id()));
        let temporary = PathBuf::from(temporary);
        let out = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        Ok(Saved {
            out: BufWriter::new(out),
            names: Some((temporary, file)),
        })
    }

    /// Puts the file in its place, when the disk has it.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        if let Some((temporary, file)) = &self.names {
            self.out.get_ref().sync_all()?;
            fs::rename(temporary, file)?;
            self.names = None;
        }
        Ok(())
    }
}

impl Write for Saved {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.out.write(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Seek for Saved {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.out.seek(to)
    }
}

impl Drop for Saved {
    fn drop(&mut self) {
        if let Some((temporary, _)) = &self.names {
            // Nobody is left to be told.
            let _ = fs::remove_file(temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_that_is_not_finished_leaves_what_was_there() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("export");
        fs::write(&file, "old").unwrap();
        let mut saved = Saved::create(&file).unwrap();
        saved.write_all(b"half").unwrap();
        drop(saved);
        assert_eq!(fs::read(&file).unwrap(), b"old");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_finished_file_is_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("export");
        let mut saved = Saved::create(&file).unwrap();
        saved.write_all(b"secrets").unwrap();
        saved.finish().unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"secrets");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_file_is_written_to() {
        let mut saved = Saved::create(Path::new("/dev/null")).unwrap();
        saved.write_all(b"x").unwrap();
        saved.finish().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
