//! `banyan restore`: a directory of datastores from a backup. No daemon may run on it.
//!
//! The backup is read twice: whole, to see that it is as it was taken, before anything is touched; then into a directory
//! beside the one that is meant, which takes its place in one step.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use banyan_engine::backup::{About, RestoreError, Restoring};
use banyan_engine::files::{DiskFiles, Files, LockError, LockGuard};
use clap::Args;

use crate::args::Serve;
use crate::client::{CommandError, print};
use crate::serve;

/// `banyan restore`
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup.
    pub file: PathBuf,
    /// The directory of the datastores; that of the configuration when not given.
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// The configuration that names the directory. `banyan.toml` when not given.
    #[arg(short = 'f', long, value_name = "FILE", conflicts_with = "into")]
    config: Option<PathBuf>,
    /// Where there is something already: keep it as DIR.before-restore, and put the backup in its place.
    #[arg(long)]
    replace: bool,
    /// Only look whether the backup is whole, and say what it is of.
    #[arg(long, conflicts_with_all = ["into", "config", "replace"])]
    check: bool,
}

/// Files that are there although nothing is kept yet.
const NOTHING: [&str; 2] = [LOCK, "banyan.sock"];

const LOCK: &str = "banyan.lock";

/// `banyan restore`
///
/// # Errors
/// The backup is not as it was taken, or the directory is in use, occupied or cannot be written; nothing was changed.
pub fn run(arguments: &Restore) -> Result<(), CommandError> {
    let about = read(&arguments.file, Restoring::check())?;
    let of = described(&about);
    if arguments.check {
        print(&format!("{}: {of}; it is whole", arguments.file.display()));
        return Ok(());
    }
    let directory = target(arguments)?;
    let target = Target::look(&directory)?;
    if target.occupied && !arguments.replace {
        return Err(refused(format!(
            "{} is not empty; give --replace, which keeps what is there as {}, or another directory with --into",
            target.directory.display(),
            target.before().display()
        )));
    }
    target.restore(&arguments.file)?;
    print(&format!("{}: {of}", directory.display()));
    if target.occupied {
        print(&format!(
            "what was there is in {}",
            target.before().display()
        ));
    }
    Ok(())
}

fn refused(reason: impl std::fmt::Display) -> CommandError {
    CommandError::Refused(format!("{reason}; nothing was changed"))
}

/// Keeps daemons away from a directory, in the name of this command.
///
/// # Errors
/// One uses it, or it cannot be written.
pub fn locked(directory: &Path, command: &str) -> Result<Box<dyn LockGuard>, CommandError> {
    let owner = format!("{command}, pid {}", std::process::id());
    let lock = DiskFiles.lock(&directory.join(LOCK), &owner);
    lock.map_err(|error| match error {
        LockError::Held(holder) => refused(format!(
            "{} is in use by another banyan ({}); stop that one first",
            directory.display(),
            holder.as_deref().unwrap_or("its pid is not known")
        )),
        LockError::Io(error) => refused(format!("{} cannot be used: {error}", directory.display())),
    })
}

fn described(about: &About) -> String {
    let (Some(tid), Some(committed)) = (about.tid, about.committed) else {
        return "no commit yet".to_owned();
    };
    let pending = match about.pending {
        true => ", which waits for its confirmation and is taken back by the next start",
        false => "",
    };
    format!(
        "commit {}, transaction {tid} of {committed}{pending}",
        about.seq
    )
}

/// The directory that is meant.
fn target(arguments: &Restore) -> Result<PathBuf, CommandError> {
    if let Some(directory) = &arguments.into {
        return Ok(directory.clone());
    }
    let serve = Serve {
        config: arguments.config.clone(),
        ..Serve::default()
    };
    let loaded = serve::configuration(&serve).map_err(|error| {
        CommandError::Usage(format!(
            "{error}\nwhich directory? give --into DIR, or the configuration with -f FILE"
        ))
    })?;
    Ok(loaded.config.store.directory)
}

/// Reads a backup, member by member.
fn read(file: &Path, mut restoring: Restoring) -> Result<About, CommandError> {
    let failed = |error: RestoreError| refused(format!("{}: {error}", file.display()));
    let archive = File::open(file)
        .map_err(|error| CommandError::Usage(format!("cannot read {}: {error}", file.display())))?;
    let ended = Cell::new(false);
    let mut archive = tar::Archive::new(ToItsEnd {
        inner: BufReader::with_capacity(256 << 10, archive),
        ended: &ended,
    });
    // What is wrong between members. The reason alone does not say that there is nothing more.
    let broken = |error: io::Error| match ended.get() {
        true => RestoreError::CutShort,
        false => RestoreError::Damaged {
            member: "the archive".to_owned(),
            reason: format!("cannot be read on ({error})"),
        },
    };
    let entries = archive.entries().map_err(|error| failed(broken(error)))?;
    for entry in entries {
        let mut entry = entry.map_err(|error| failed(broken(error)))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(failed(RestoreError::Damaged {
                member: name,
                reason: "is no regular file".to_owned(),
            }));
        }
        restoring.member(&name, &mut entry).map_err(failed)?;
    }
    restoring.finish().map_err(failed)
}

/// Remembers whether its end was reached.
struct ToItsEnd<'a, R> {
    inner: R,
    ended: &'a Cell<bool>,
}

impl<R: Read> Read for ToItsEnd<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.ended.set(read == 0 && !into.is_empty());
        Ok(read)
    }
}

/// Where a backup goes.
struct Target {
    directory: PathBuf,
    occupied: bool,
    /// Keeps daemons away; `None` where there is nothing yet.
    _lock: Option<Box<dyn LockGuard>>,
}

impl Target {
    /// Looks what is there, and keeps daemons away from it.
    fn look(directory: &Path) -> Result<Target, CommandError> {
        let unusable =
            |error: io::Error| refused(format!("{} cannot be used: {error}", directory.display()));
        let directory = match fs::canonicalize(directory) {
            // A link goes on leading to it.
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Target {
                    directory: std::path::absolute(directory).map_err(unusable)?,
                    occupied: false,
                    _lock: None,
                });
            }
            Err(error) => return Err(unusable(error)),
        };
        let lock = locked(&directory, "banyan restore")?;
        let mut occupied = false;
        for entry in fs::read_dir(&directory).map_err(unusable)? {
            let name = entry.map_err(unusable)?.file_name();
            occupied |= !NOTHING.iter().any(|nothing| name == *nothing);
        }
        Ok(Target {
            directory,
            occupied,
            _lock: Some(lock),
        })
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.directory.clone().into_os_string();
        name.push(ending);
        name.into()
    }

    /// Where what is there is kept.
    fn before(&self) -> PathBuf {
        self.beside(".before-restore")
    }

    /// Makes the directory beside this one, and puts it here.
    fn restore(&self, file: &Path) -> Result<(), CommandError> {
        let before = self.before();
        if self.occupied && before.symlink_metadata().is_ok() {
            return Err(refused(format!(
                "{} is there from an earlier restore; move it away or remove it",
                before.display()
            )));
        }
        let made = self.beside(".restoring");
        let failed =
            |error: io::Error| refused(format!("{} cannot be written: {error}", made.display()));
        match fs::remove_dir_all(&made) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        if let Some(parent) = made.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let restoring = Restoring::into_directory(&made);
        let done = restoring
            .map_err(refused)
            .and_then(|restoring| read(file, restoring))
            .and_then(|_| self.give_to_owner(&made).map_err(failed))
            .and_then(|()| self.put_here(&made).map_err(failed));
        if done.is_err() {
            // What counts is what went wrong before.
            let _ = fs::remove_dir_all(&made);
        }
        done
    }

    /// Who had the directory has the new one: root may restore for the user of the daemon.
    fn give_to_owner(&self, made: &Path) -> io::Result<()> {
        let Ok(was) = fs::metadata(&self.directory) else {
            return Ok(());
        };
        let is = fs::metadata(made)?;
        if (was.uid(), was.gid()) == (is.uid(), is.gid()) {
            return Ok(());
        }
        give(made, was.uid(), was.gid())
    }

    fn put_here(&self, made: &Path) -> io::Result<()> {
        let before = self.before();
        if self.occupied {
            fs::rename(&self.directory, &before)?;
        } else if self.directory.exists() {
            for name in NOTHING {
                DiskFiles.remove(&self.directory.join(name))?;
            }
            fs::remove_dir(&self.directory)?;
        }
        if let Err(error) = fs::rename(made, &self.directory) {
            if self.occupied {
                fs::rename(&before, &self.directory)?;
            }
            return Err(error);
        }
        match self.directory.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }
}

fn give(path: &Path, uid: u32, gid: u32) -> io::Result<()> {
    std::os::unix::fs::lchown(path, Some(uid), Some(gid))?;
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), uid, gid)?;
        }
    }
    Ok(())
}
