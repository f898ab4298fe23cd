//! The parts of a commit that are measured, and what is counted in them.

use crate::participant::Phase;

/// A part of a commit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// Waits for another commit of the same candidate.
    Turn,
    /// Writes a promise of transaction numbers, once in many commits.
    Promise,
    /// Waits for another commit that touches the same data.
    Reservation,
    /// Steps 1 to 3: rebase to validation.
    Prepare,
    /// Brings the change onto what others have committed since.
    Rebase,
    /// Takes out what `when` and `choice` switch off, and resolves unions.
    Settle,
    /// Finds what differs.
    Diff,
    /// Checks that the user may make the change.
    Access,
    /// Checks what the change can affect.
    Validate,
    /// Participants, up to the point of no return.
    Participants,
    /// One participant in one phase.
    Ask(Phase),
    /// Participants undo what they did.
    TakeBack,
    /// Gets a place on the head, under the lock that all commits share.
    Place,
    /// Waits until the disk has the commit.
    Durable,
    /// Waits for the batch before.
    BatchWait,
    /// Writes the records of the batch, and the file of a small running, as text.
    Print,
    /// Appends the batch to the commit log.
    Append,
    /// The log waits for the disk; the rest of the append is writing.
    Sync,
    /// Makes it running.
    Publish,
    /// Participants learn that it is done.
    Finish,
}

impl Stage {
    /// Its name in timings, traces and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Turn => "turn",
            Stage::Promise => "promise",
            Stage::Reservation => "reservation",
            Stage::Prepare => "prepare",
            Stage::Rebase => "rebase",
            Stage::Settle => "settle",
            Stage::Diff => "diff",
            Stage::Access => "access",
            Stage::Validate => "validate",
            Stage::Participants => "participants",
            Stage::Ask(phase) => phase.name(),
            Stage::TakeBack => "take-back",
            Stage::Place => "place",
            Stage::Durable => "durable",
            Stage::BatchWait => "batch-wait",
            Stage::Print => "print",
            Stage::Append => "append",
            Stage::Sync => "sync",
            Stage::Publish => "publish",
            Stage::Finish => "finish",
        }
    }

    /// What it says of a commit that it was this that failed; `None` for what only follows from a failure.
    pub(crate) fn failure(self) -> Option<CommitResult> {
        Some(match self {
            Stage::Turn | Stage::Reservation => CommitResult::Busy,
            Stage::Rebase => CommitResult::Conflict,
            Stage::Access => CommitResult::Denied,
            Stage::Settle | Stage::Validate => CommitResult::Invalid,
            Stage::Ask(Phase::Begin | Phase::Validate | Phase::Complete | Phase::Commit) => {
                CommitResult::Vetoed
            }
            Stage::Ask(_) | Stage::TakeBack | Stage::Finish => return None,
            // What these hold says more.
            Stage::Prepare | Stage::Participants | Stage::Place => return None,
            Stage::Promise
            | Stage::Diff
            | Stage::Durable
            | Stage::BatchWait
            | Stage::Print
            | Stage::Append
            | Stage::Sync
            | Stage::Publish => CommitResult::Failed,
        })
    }
}

/// What became of a commit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CommitResult {
    /// It is in force.
    Committed,
    /// There was nothing to change.
    Unchanged,
    /// It was a rehearsal, and could be committed.
    Rehearsed,
    /// Others have changed the same.
    Conflict,
    /// The user may not make this change.
    Denied,
    /// The result would not be valid.
    Invalid,
    /// Another commit, or a lock, was in the way for too long.
    Busy,
    /// A participant refused.
    Vetoed,
    /// The caller went away before it began.
    Cancelled,
    /// The disk refused, or an internal error.
    Failed,
}

impl CommitResult {
    /// All of them.
    pub const ALL: [CommitResult; 10] = [
        CommitResult::Committed,
        CommitResult::Unchanged,
        CommitResult::Rehearsed,
        CommitResult::Conflict,
        CommitResult::Denied,
        CommitResult::Invalid,
        CommitResult::Busy,
        CommitResult::Vetoed,
        CommitResult::Cancelled,
        CommitResult::Failed,
    ];

    /// Its name in timings, traces and metrics.
    pub fn name(self) -> &'static str {
        match self {
            CommitResult::Committed => "committed",
            CommitResult::Unchanged => "unchanged",
            CommitResult::Rehearsed => "rehearsed",
            CommitResult::Conflict => "conflict",
            CommitResult::Denied => "denied",
            CommitResult::Invalid => "invalid",
            CommitResult::Busy => "busy",
            CommitResult::Vetoed => "vetoed",
            CommitResult::Cancelled => "cancelled",
            CommitResult::Failed => "failed",
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Count {
    /// Places that changed.
    Changes,
    /// Places that others have changed as well.
    Conflicts,
    /// Constraints that were looked at.
    Considered,
    /// Those among them that had to be evaluated.
    Evaluated,
    /// Nodes that were visited.
    Nodes,
    /// Bytes of the commit's record: the change and its reverse.
    Bytes,
    /// Commits that were written together.
    Batch,
}

impl Count {
    /// Its name in timings and traces.
    pub fn name(self) -> &'static str {
        match self {
            Count::Changes => "changes",
            Count::Conflicts => "conflicts",
            Count::Considered => "considered",
            Count::Evaluated => "evaluated",
            Count::Nodes => "nodes",
            Count::Bytes => "bytes",
            Count::Batch => "batch",
        }
    }
}
