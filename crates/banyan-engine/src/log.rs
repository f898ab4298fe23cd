//! The commit log: the truth about running, one record per commit.
//!
//! Lives here: the seam, the record and its errors. Blocking; callers run it on a blocking pool. Must
//! not know what a change means: changes are YANG Patch documents (RFC 8072), kept as text.

mod medium;
mod memory;
mod redb;
mod rehearsed;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::medium::Medium;
pub use self::memory::MemoryLog;
pub use self::redb::{Compacted, RedbLog};
pub(crate) use self::rehearsed::rehearsed_log;
use crate::number::{Seq, Tid};

/// Why the log did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The disk refused: full, read-only, failing.
    #[error("the commit log {file} cannot be written or read: {reason}")]
    Storage {
        /// The log's file.
        file: String,
        /// The system's reason.
        reason: String,
    },
    /// What is in the file is not a commit log of ours.
    #[error(
        "the commit log {file} is damaged: {reason}; move it away and start from running_db, or restore a copy"
    )]
    Damaged {
        /// The log's file.
        file: String,
        /// What was found.
        reason: String,
    },
    /// Its engine has stopped.
    #[error(
        "the commit log {file} is closed, because the engine has stopped: nothing is read or written any more; start it again"
    )]
    Closed {
        /// The log's file.
        file: String,
    },
    /// Another process has it open.
    #[error("the commit log {file} is in use by another process")]
    InUse {
        /// The log's file.
        file: String,
    },
}

/// What the history shows of a commit.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecordHead {
    /// Its place, from 1.
    pub seq: Seq,
    /// The attempt that became it.
    pub tid: Tid,
    /// When it was logged.
    pub time: Timestamp,
    /// Who committed.
    pub user: Arc<str>,
    /// How he came in: front end, transport and peer, separated by blanks.
    pub source: String,
    /// His comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// His label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// SHA-256 of the schema that the change is written in, in hexadecimal.
    pub schema: String,
    /// How many places changed.
    pub changes: u64,
    /// What participants added: kicks, device decisions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
}

/// What a participant adds to a record.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// What it is about: `kicks`, `devices`, ...
    pub kind: Arc<str>,
    /// Its content; the participant knows what it means.
    pub value: serde_json::Value,
}

/// One commit.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// Who, when, why.
    pub head: RecordHead,
    /// The net change, as a YANG Patch document.
    pub change: Arc<str>,
    /// Its reverse.
    pub reverse: Arc<str>,
}

/// What became of records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Appended {
    /// They are durable, and the last of them is at this place.
    At(Seq),
    /// Somebody else was faster: the head is not the expected one but this. Nothing was written.
    HeadMoved(Seq),
}

/// Named small values that are written together with records, or alone: what must be known at the next
/// start and is not configuration. `None` removes.
pub type Facts<'a> = &'a [(&'a str, Option<&'a str>)];

/// Where a log stands at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The place of the newest record.
    pub head: Seq,
    /// The place of the oldest one.
    pub tail: Seq,
    /// All facts.
    pub facts: BTreeMap<String, String>,
}

/// The seam for the log. Every write is durable when the call returns.
pub trait CommitLog: Send + Sync {
    /// The place of the newest record; 0 when there is none.
    fn head(&self) -> Result<Seq, LogError>;

    /// The place of the oldest record that is still kept; one above the head when there is none.
    fn tail(&self) -> Result<Seq, LogError>;

    /// Adds records after `expected_head`, and sets facts, the later ones last: all in one step, or nothing. The
    /// records' own places must follow `expected_head` without a gap.
    fn append(
        &self,
        expected_head: Seq,
        records: &[Record],
        facts: Facts<'_>,
    ) -> Result<Appended, LogError>;

    /// Puts records in the place of all that there are: they begin with the first place, and facts are set, all in one step
    /// or nothing. For a history that begins anew; a log that has no use for that refuses.
    fn replace(
        &self,
        expected_head: Seq,
        records: &[Record],
        facts: Facts<'_>,
    ) -> Result<Appended, LogError> {
        let _ = (expected_head, records, facts);
        Err(LogError::Storage {
            file: "commits.redb".to_owned(),
            reason: "this log cannot begin anew".to_owned(),
        })
    }

    /// The records from `from` on, at most `limit`.
    fn read(&self, from: Seq, limit: usize) -> Result<Vec<Record>, LogError>;

    /// The heads of records up to `newest`, the newest first, at most `limit`.
    fn history(&self, newest: Seq, limit: usize) -> Result<Vec<RecordHead>, LogError>;

    /// Forgets all records before `seq`.
    fn trim(&self, seq: Seq) -> Result<(), LogError>;

    /// Sets facts.
    fn set(&self, facts: Facts<'_>) -> Result<(), LogError>;

    /// The facts whose names begin with `prefix`.
    fn facts(&self, prefix: &str) -> Result<BTreeMap<String, String>, LogError>;

    /// Where it stands, and all facts: nothing is written in between.
    fn moment(&self) -> Result<Moment, LogError> {
        loop {
            let (head, tail) = (self.head()?, self.tail()?);
            let facts = self.facts("")?;
            // Facts are those of a record once it is there.
            if (head, tail) == (self.head()?, self.tail()?) {
                return Ok(Moment { head, tail, facts });
            }
        }
    }

    /// How long the last append waited for the disk alone: what it is made of apart from that is writing. `None` where
    /// there is no disk, or nobody measures. There is one who appends at a time, and he asks.
    fn last_sync(&self) -> Option<Duration> {
        None
    }

    /// Bytes of its file, if it has one and that can be told. Cheap.
    fn size(&self) -> Option<u64> {
        None
    }

    /// The end: waits for calls in progress, gives the file free, and refuses all later calls with [`LogError::Closed`], for
    /// good: another program may have the file then. For a log without a file it is enough to do nothing.
    fn close(&self) {}
}
