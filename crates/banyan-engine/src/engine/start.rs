//! Why an engine does not start: what was found, and what to do.

use std::path::PathBuf;

use crate::error::BackendError;
use crate::files::OptionsError;
use crate::log::LogError;
use crate::number::Seq;

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The directory cannot be made or written.
    #[error("{} cannot be used as the directory of the datastores: {reason}; give the user of this program write permission there, or name another directory", .directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// Another engine uses the directory.
    #[error("{} is in use by another banyan ({holder}); stop that one first, or name another directory", .directory.display())]
    InUse {
        /// The directory.
        directory: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// The commit log cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A file cannot be read from the disk.
    #[error("{} cannot be read: {reason}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// A datastore's file is not what the schema says.
    #[error("{} does not fit the schema:\n{errors}\n{remedy}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong in it.
        errors: BackendError,
        /// What to do.
        remedy: String,
    },
    /// The file was edited while the log holds commits that came after what it was made from.
    #[error("{} was changed by hand, but the commit log holds {newer} commits that are newer than the file it was (up to {head}); keep your file under another name, start without it, and load it into the candidate to see the difference", .file.display())]
    EditedBehind {
        /// The file.
        file: PathBuf,
        /// The newest commit of the log.
        head: Seq,
        /// How many commits the file lacks.
        newer: u64,
    },
    /// The file is gone, and the log does not reach back to the beginning.
    #[error("{} is missing, and the commit log begins at {tail}: running cannot be rebuilt; restore the file from a copy, or move commits.redb away to begin anew with an empty configuration", .file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// The oldest commit that the log has.
        tail: Seq,
    },
    /// A record of the log cannot be applied.
    #[error(
        "commit {seq} of the log cannot be replayed: {reason}; start with the modules that the commit was made with"
    )]
    Replay {
        /// The commit.
        seq: Seq,
        /// What was wrong.
        reason: BackendError,
    },
    /// What was recovered breaks the schema.
    #[error(
        "the configuration is not valid under the loaded modules:\n{0}\nload the modules that it was made with, or correct running_db by hand while the program is stopped"
    )]
    Invalid(BackendError),
    /// The options of the datastores do not go together.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// Something is registered twice, or for what the schema does not have.
    #[error("{0}")]
    Registration(String),
    /// The commit that makes the first user an administrator was refused.
    #[error(
        "the first user cannot be made an administrator: {0}; correct what refuses it, or start without an administrator (see the chapter on access control)"
    )]
    FirstAdmin(BackendError),
}
