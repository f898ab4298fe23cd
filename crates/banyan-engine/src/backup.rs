//! Backups: everything that a daemon keeps, as it was after one commit, taken while commits go on; and back.
//!
//! A backup is a sequence of *members*, each a name and bytes; what they are packed in is the business of the caller:
//!
//! | member | what |
//! |---|---|
//! | `backup.json` | the commit that it is the state of, when it was taken and by which program |
//! | `schemas/DIGEST.set` | the module sets that data and history were written under |
//! | `history-base.SEQ` | running before the oldest commit, if the history was trimmed |
//! | `running_db` | running after the commit, as the options of the datastores say |
//! | `startup_db`, `NAME_db` | the other datastores that have files |
//! | what the program adds | as host keys, and what devices last had |
//! | `facts.json` | what the log knows beside the commits |
//! | `commits.jsonl` | the commits, as `banyan history export` writes them |
//! | `SHA256SUMS` | the SHA-256 of each member before it, as `sha256sum -c` reads it |
//!
//! It is of one moment because trees and records never change: the head of the log and its facts are read in one
//! transaction, records up to that head stay what they are, and the trees are held. Trimming of the history waits until
//! the backup is over. Commits do not.

mod members;
mod restore;
mod take;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

pub use self::restore::{RestoreError, Restoring};
pub use self::take::{Backup, Piece};
use crate::number::{Seq, SessionId, Tid};

const ABOUT: &str = "backup.json";
const FACTS: &str = "facts.json";
const COMMITS: &str = "commits.jsonl";
const SUMS: &str = "SHA256SUMS";

/// The layout of backups.
const FORMAT: u32 = 1;

/// What a backup says about itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct About {
    /// Its layout.
    format: u32,
    /// The program that took it, with its version.
    pub program: String,
    /// The commit that it is the state of; 0 when there was none yet.
    pub seq: Seq,
    /// The transaction of that commit.
    pub tid: Option<Tid>,
    /// When it was committed.
    pub committed: Option<jiff::Timestamp>,
    /// When the backup was begun.
    pub taken: jiff::Timestamp,
    /// The oldest commit in it.
    pub tail: Seq,
    /// Whether that commit waits for its confirmation: a start takes it back, as any restart does.
    pub pending: bool,
}

/// More files for backups: their names in the backup, relative to the directory of the datastores, and where they are
/// now. Asked at each backup; blocking.
pub type MoreFiles = dyn Fn() -> io::Result<Vec<(String, PathBuf)>> + Send + Sync;

type BySession = HashMap<SessionId, Arc<tokio::sync::Mutex<Backup>>>;

/// The backups in progress.
#[derive(Default)]
pub(crate) struct Backups {
    /// Locked while the history is trimmed. Clones of what is in it are backups in progress.
    trimming: Mutex<Arc<()>>,
    /// Those that are handed out piece by piece.
    sessions: Mutex<BySession>,
}

/// Keeps the history from being trimmed while it lives.
pub(crate) struct NoTrimming(#[expect(dead_code, reason = "it counts")] Arc<()>);

impl Backups {
    /// From now on nothing is trimmed; waits until a trimming in progress is over. Blocking.
    pub fn hold_trimming(&self) -> NoTrimming {
        NoTrimming(self.trimming().clone())
    }

    fn trimming(&self) -> MutexGuard<'_, Arc<()>> {
        self.trimming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to trim, unless a backup is in progress.
    pub fn may_trim(&self) -> Option<MutexGuard<'_, Arc<()>>> {
        let turn = self.trimming();
        (Arc::strong_count(&turn) == 1).then_some(turn)
    }

    fn sessions(&self) -> MutexGuard<'_, BySession> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The backup that a session has begun, in the place of one that it has begun before.
    pub fn begin(&self, session: SessionId, backup: Backup) {
        let backup = Arc::new(tokio::sync::Mutex::new(backup));
        self.sessions().insert(session, backup);
    }

    /// The backup of a session.
    pub fn of(&self, session: SessionId) -> Option<Arc<tokio::sync::Mutex<Backup>>> {
        self.sessions().get(&session).cloned()
    }

    /// The session is gone, or has all of it.
    pub fn forget(&self, session: SessionId) {
        self.sessions().remove(&session);
    }

    /// The engine stops.
    pub fn forget_all(&self) {
        self.sessions().clear();
    }
}
