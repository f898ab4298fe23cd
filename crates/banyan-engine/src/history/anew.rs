//! Commits that stand on nothing: running could not be rebuilt, and a start put something else in its place.
//!
//! Such a commit has all of the new configuration as its change. The log is replayed from there, and nothing leads back
//! behind it: older commits are listed, states of running before it are not known.

use crate::log::{CommitLog, Entry, LogError, RecordHead};
use crate::number::Seq;

/// The kind of the entry in the record.
const ENTRY: &str = "begins-anew";

/// The fact that names the newest of these commits.
const FACT: &str = "history/began-anew";

/// The entry that marks the record.
pub(crate) fn anew_entry() -> Entry {
    Entry {
        kind: ENTRY.into(),
        value: serde_json::json!({ "reason": "running could not be rebuilt from its files and the log" }),
    }
}

/// Whether a record has the mark.
pub(crate) fn begins_anew(head: &RecordHead) -> bool {
    head.entries.iter().any(|entry| &*entry.kind == ENTRY)
}

/// The fact that goes with the record.
pub(crate) fn began_at(seq: Seq) -> (String, Option<String>) {
    (FACT.to_owned(), Some(seq.to_string()))
}

/// The fact that goes with records of which none has the mark, in the place of others.
pub(crate) fn never_began() -> (String, Option<String>) {
    (FACT.to_owned(), None)
}

/// The newest commit that stands on nothing.
///
/// # Errors
/// The log cannot be read.
pub(crate) fn began(log: &dyn CommitLog) -> Result<Option<Seq>, LogError> {
    let fact = log.facts(FACT)?.remove(FACT);
    Ok(fact.and_then(|seq| seq.parse().ok()).map(Seq))
}
