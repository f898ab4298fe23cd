//! The pid file: the daemon's process id, and a lock on the file while it runs.
//!
//! The lock, not the number, says whether a daemon runs: it goes with the process, however that ends.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::writable;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long a daemon may take to stop: it answers requests under way and writes its checkpoint.
const PATIENCE: Duration = Duration::from_secs(90);

/// Why the pid file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PidFileError {
    /// It cannot be opened or written.
    #[error("the pid file {} cannot be used: {source}; does its directory exist, and may this user write there?", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another daemon runs.
    #[error("another daemon (pid {pid}) has the pid file {}; stop it with `banyan serve -z`, or choose another process.pid-file", path.display())]
    Held {
        /// The file.
        path: PathBuf,
        /// What is in it.
        pid: String,
    },
    /// There is none to find the daemon by.
    #[error(
        "-z finds the daemon by its pid file, and the configuration names none; add process.pid-file"
    )]
    NotNamed,
    /// The old daemon is there, and cannot be stopped.
    #[error("the daemon with pid {pid} ({}) was not stopped: {reason}", path.display())]
    NotStopped {
        /// The file.
        path: PathBuf,
        /// The process.
        pid: String,
        /// Why not.
        reason: String,
    },
}

/// The pid file of this process; removed when it is dropped.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: File,
}

impl PidFile {
    /// Locks the file and writes our process id into it.
    ///
    /// # Errors
    /// Another daemon holds it, or it cannot be written.
    pub fn take(path: &Path) -> Result<PidFile, PidFileError> {
        let failed = |source| PidFileError::Io {
            path: path.to_owned(),
            source,
        };
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(PidFileError::Held {
                    path: path.to_owned(),
                    pid: content(&mut file),
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(PidFile {
            path: path.to_owned(),
            file,
        })
    }
}

/// Whether a daemon could take the file, without taking it.
///
/// # Errors
/// As [`PidFile::take`].
pub fn check(path: &Path) -> Result<(), PidFileError> {
    let failed = |source| PidFileError::Io {
        path: path.to_owned(),
        source,
    };
    writable::file(path).map_err(failed)?;
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file.map_err(failed)?,
    };
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Err(PidFileError::Held {
            path: path.to_owned(),
            pid: content(&mut file),
        }),
        _ => Ok(()),
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Without root's privileges the name may have to stay; an empty file misleads nobody.
        let _ = self.file.set_len(0);
        let _ = std::fs::remove_file(&self.path);
    }
}

fn content(file: &mut File) -> String {
    let mut text = String::new();
    // Another daemon writes it within the moment.
    let _ = file.take(32).read_to_string(&mut text);
    match text.trim() {
        "" => "not known".to_owned(),
        pid => pid.to_owned(),
    }
}

/// What `-z` has done.
#[derive(Debug, PartialEq, Eq)]
pub enum Stopped {
    /// This process was stopped.
    Process(i32),
    /// There was none.
    Nobody,
}

/// Stops the daemon that holds the file, and waits for its end.
///
/// # Errors
/// It cannot be told to stop, or does not.
pub fn stop_holder(path: &Path) -> Result<Stopped, PidFileError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Stopped::Nobody),
        Err(source) => {
            return Err(PidFileError::Io {
                path: path.to_owned(),
                source,
            });
        }
    };
    if file.try_lock_shared().is_ok() {
        return Ok(Stopped::Nobody);
    }
    let text = content(&mut file);
    let not_stopped = |reason: String| PidFileError::NotStopped {
        path: path.to_owned(),
        pid: text.clone(),
        reason,
    };
    let pid = match text.parse::<i32>() {
        Ok(pid) if pid > 1 => pid,
        _ => return Err(not_stopped("the file holds no process id".to_owned())),
    };
    kill(Pid::from_raw(pid), Signal::SIGTERM).map_err(|error| not_stopped(error.to_string()))?;
    let deadline = Instant::now() + PATIENCE;
    while file.try_lock_shared().is_err() {
        if Instant::now() > deadline {
            return Err(not_stopped(format!(
                "it still runs after {} s",
                PATIENCE.as_secs()
            )));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(Stopped::Process(pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_does_not_get_the_file_and_is_told_who_has_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pid");
        let first = PidFile::take(&path).unwrap();
        let error = PidFile::take(&path).unwrap_err().to_string();
        assert!(
            error.contains(&format!("pid {}", std::process::id())),
            "{error}"
        );
        drop(first);
        assert!(!path.exists());
    }

    #[test]
    fn the_file_of_a_daemon_that_was_killed_is_taken_over_and_nobody_is_killed_for_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pid");
        // A process that is not ours to stop.
        std::fs::write(&path, "1\n").unwrap();
        assert_eq!(stop_holder(&path).unwrap(), Stopped::Nobody);
        let held = PidFile::take(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{}\n", std::process::id()));
        drop(held);
        assert_eq!(stop_holder(&path).unwrap(), Stopped::Nobody);
    }
}
