//! Stores that name a commit: what they hold is running as it was after it, and their files follow (DESIGN section 6).
//!
//! A copy of running is one fact in the log, `store/NAME`, whatever its size; the tree is that of running, in memory.
//! The file is written as running's own is: when commits pause, when it is far behind, at a clean stop. While the fact
//! is there it is the truth, and a start makes the store from running and the reverses of what was committed since.
//!
//! The fact says which file of ours it takes the place of, so that what somebody has edited meanwhile (after a kill) is
//! known and kept:
//!
//! 1. The new file is written beside the old one, and synced.
//! 2. The fact gets the new file's SHA-256, too.
//! 3. The new file is renamed over the old one, and the directory is synced.
//! 4. The fact goes.
//!
//! A crash in between repeats it. Parts of split datastores are in a manifest of their own (see `split`): for those the
//! fact goes when the whole set is in its place.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use banyan_data::Tree;

use super::{KeepError, Keeper};
use crate::error::BackendError;
use crate::log::{CommitLog, LogError};
use crate::number::Seq;
use crate::snapshot::Snapshot;
use crate::stores::ROLLBACK;

/// The prefix of the facts; then the store's name.
const FACTS: &str = "store/";

/// The fact that names the schema that the file of startup was written under.
pub(crate) const STARTUP_SCHEMA: &str = "schema/startup";

/// The prefix of the facts with the SHA-256 of files that followed; then the store's name.
pub(super) const WROTE: &str = "wrote/";

pub(super) fn fact(store: &str) -> String {
    format!("{FACTS}{store}")
}

/// A file of ours.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) enum Was {
    /// It was there, and nobody has looked at it.
    #[default]
    Unknown,
    /// It was not there.
    Absent,
    /// Its SHA-256 in hexadecimal.
    Hash(String),
}

/// What the log knows of a store that names a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Pointer {
    /// The commit.
    pub seq: Seq,
    /// The file that is to be replaced.
    pub was: Was,
    /// The SHA-256 of the one that is about to take its place.
    pub next: Option<String>,
}

/// The text of a fact is none of ours.
#[derive(Debug)]
pub(crate) struct NoPointer;

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let was = match &self.was {
            Was::Unknown => "?",
            Was::Absent => "-",
            Was::Hash(hash) => hash,
        };
        write!(f, "{} {was}", self.seq)?;
        match &self.next {
            Some(next) => write!(f, " {next}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Pointer {
    type Err = NoPointer;

    fn from_str(text: &str) -> Result<Self, NoPointer> {
        let mut words = text.split(' ');
        let seq = words.next().and_then(|seq| seq.parse().ok()).map(Seq);
        let was = match words.next() {
            Some("?") => Was::Unknown,
            Some("-") => Was::Absent,
            Some(hash) => Was::Hash(hash.to_owned()),
            None => return Err(NoPointer),
        };
        Ok(Pointer {
            seq: seq.ok_or(NoPointer)?,
            was,
            next: words.next().map(str::to_owned),
        })
    }
}

impl Pointer {
    /// Whether a file with this SHA-256 is what we have put there.
    pub fn knows(&self, hash: &str) -> bool {
        matches!(&self.was, Was::Hash(was) if was == hash) || self.next.as_deref() == Some(hash)
    }
}

/// The stores that name commits, by their names.
///
/// # Errors
/// The log cannot be read, or a fact is not ours.
pub(crate) fn pointers(log: &dyn CommitLog) -> Result<BTreeMap<String, Pointer>, LogError> {
    let facts = log.facts(FACTS)?.into_iter();
    let pointers = facts.map(|(fact, text)| {
        let store = fact.strip_prefix(FACTS).unwrap_or(&fact).to_owned();
        let pointer = text.parse().map_err(|NoPointer| LogError::Damaged {
            file: "commits.redb".to_owned(),
            reason: format!("what the store {store} names cannot be read: {text:?}"),
        })?;
        Ok((store, pointer))
    });
    pointers.collect()
}

/// A store whose file follows.
#[derive(Clone, Debug)]
pub(crate) struct Following {
    /// The commit that it names.
    pub seq: Seq,
    /// What it holds; or why that cannot be said, after a start.
    pub tree: Result<Tree, BackendError>,
    /// What the log knows; `None` for rollback, which the fact of the confirmed commit names.
    pub pointer: Option<Pointer>,
    /// When it was copied, on the monotonic clock.
    since: Duration,
    /// One for each copy.
    number: u64,
}

impl Following {
    /// As a start has found it.
    pub fn found(pointer: Pointer, tree: Result<Tree, BackendError>) -> Following {
        Following {
            seq: pointer.seq,
            tree,
            pointer: Some(pointer),
            since: Duration::ZERO,
            number: 0,
        }
    }
}

impl Keeper {
    /// The stores whose files follow, the commits that they name, and when they were copied.
    pub(super) fn followers(&self) -> Vec<(String, Seq, Duration)> {
        let volatile = self.state().volatile.clone();
        let following = self.following();
        let writable = following
            .iter()
            .filter(|(store, it)| it.tree.is_ok() && !volatile.contains(*store));
        let listed = writable.map(|(store, it)| (store.clone(), it.seq, it.since));
        listed.collect()
    }

    /// What a store holds that names a commit; `None` for one that is in its file.
    ///
    /// # Errors
    /// The last start could not make it from the history, or not under the loaded modules.
    pub fn followed(&self, store: &str) -> Result<Option<Tree>, BackendError> {
        let following = self.following();
        following.get(store).map(|it| it.tree.clone()).transpose()
    }

    /// The oldest commit that a store names, of those that the log can lead back to: what came after it must stay.
    pub fn oldest_followed(&self, tail: Seq) -> Option<Seq> {
        let following = self.following();
        let named = following.values().map(|it| it.seq);
        named.filter(|seq| seq.0 + 1 >= tail.0).min()
    }

    /// Makes a store what running is now, by a fact in the log; `false`, and nothing is done, if `running` has nothing to
    /// say any more. `done` is called when it is durable, and before any other change of a store. O(1); waits for no
    /// file.
    ///
    /// # Errors
    /// The log refuses; the store is what it was.
    pub(super) fn follow(
        &self,
        store: &str,
        running: &dyn Fn() -> Option<Snapshot>,
        done: impl FnOnce(Tree),
    ) -> Result<bool, KeepError> {
        let _placing = self.placing();
        let was = self.file_was(store)?;
        let (old, new) = {
            // Looked at under the lock, so that who forgets history sees either this, or an older running than this.
            let mut following = self.following();
            let Some(running) = running() else {
                return Ok(false);
            };
            let old = following.get(store).cloned();
            let pointer = (store != ROLLBACK).then_some(Pointer {
                seq: running.seq,
                was,
                next: None,
            });
            let new = Following {
                seq: running.seq,
                tree: Ok(running.tree),
                pointer,
                since: self.clock.monotonic(),
                number: old.as_ref().map_or(0, |old| old.number) + 1,
            };
            following.insert(store.to_owned(), new.clone());
            (old, new)
        };
        let noted = match &new.pointer {
            Some(pointer) => self.note(&fact(store), &pointer.to_string()),
            None => Ok(()),
        };
        if let Err(error) = noted {
            let mut following = self.following();
            match old {
                Some(old) => following.insert(store.to_owned(), old),
                None => following.remove(store),
            };
            return Err(error.into());
        }
        if let Ok(tree) = new.tree {
            done(tree);
        }
        self.behind.notify_one();
        Ok(true)
    }

    /// Sets a fact. A log that fails may have taken it all the same: then it is opened again and asked.
    fn note(&self, name: &str, value: &str) -> Result<(), LogError> {
        let Err(error) = self.log.set(&[(name, Some(value))]) else {
            return Ok(());
        };
        match self.log.facts(name) {
            Ok(facts) if facts.get(name).is_some_and(|found| found == value) => Ok(()),
            _ => Err(error),
        }
    }

    /// The file of a store, as far as that can be said without reading it.
    fn file_was(&self, store: &str) -> Result<Was, KeepError> {
        {
            let state = self.state();
            if let Some(known) = state.known.get(store) {
                return Ok(known.clone());
            }
            if let Some(hash) = state.wrote.get(store) {
                return Ok(Was::Hash(hash.clone()));
            }
        }
        let names = self.files.list(&self.directory);
        let names = names.map_err(|reason| super::failed(&self.directory, reason))?;
        Ok(match names.contains(&format!("{store}_db")) {
            true => Was::Unknown,
            false => Was::Absent,
        })
    }

    /// Notes what is in the single file of a store.
    pub(super) fn file_is(&self, store: &str, was: Was) {
        self.state().known.insert(store.to_owned(), was);
    }

    /// Which copy of a store is to be written; `None` for one that does not follow.
    pub(super) fn turn_of(&self, store: &str) -> Option<(Tree, u64)> {
        let following = self.following();
        let it = following.get(store)?;
        Some((it.tree.clone().ok()?, it.number))
    }

    /// Whether the store is still what that copy has made it. The caller is placing.
    pub(super) fn is_turn(&self, store: &str, number: u64) -> bool {
        let following = self.following();
        following.get(store).is_some_and(|it| it.number == number)
    }

    /// Before a file takes its place: the log learns its SHA-256 if the store names a commit. The caller is placing.
    pub(super) fn announce(&self, store: &str, hash: &str) -> Result<(), LogError> {
        let announced = {
            let mut following = self.following();
            let pointer = following.get_mut(store).and_then(|it| it.pointer.as_mut());
            let Some(pointer) = pointer else {
                return Ok(());
            };
            pointer.next = Some(hash.to_owned());
            pointer.to_string()
        };
        self.log.set(&[(&fact(store), Some(&announced))])
    }

    /// The files of a store are in their places (`written`), or gone: it names no commit any more. The caller is placing.
    pub(super) fn arrived(&self, store: &str, written: bool) -> Result<(), LogError> {
        let mut facts = Vec::new();
        let pointer = fact(store);
        let named = self.following().get(store).map(|it| it.pointer.is_some());
        if named == Some(true) {
            facts.push((pointer.as_str(), None));
        }
        let schema = Some(self.schema.as_str()).filter(|_| written);
        let startup = store == "startup";
        if startup && self.state().startup_schema.as_deref() != schema {
            facts.push((STARTUP_SCHEMA, schema));
        }
        // The next start has not read the file when it is copied to again. Not worth a sync of its own.
        let wrote = format!("{WROTE}{store}");
        let (before, now) = {
            let state = self.state();
            let now = match state.known.get(store) {
                Some(Was::Hash(hash)) if written => Some(hash.clone()),
                _ => None,
            };
            (state.wrote.get(store).cloned(), now)
        };
        if before != now && (before.is_some() || !facts.is_empty()) {
            facts.push((wrote.as_str(), now.as_deref()));
        }
        if !facts.is_empty() {
            self.log.set(&facts)?;
            let mut state = self.state();
            match now {
                Some(hash) => state.wrote.insert(store.to_owned(), hash),
                None => state.wrote.remove(store),
            };
        }
        if startup {
            self.state().startup_schema = schema.map(str::to_owned);
        }
        self.following().remove(store);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_read_as_it_was_written() {
        for (was, next) in [
            (Was::Unknown, None),
            (Was::Absent, Some("ab".to_owned())),
            (Was::Hash("cd".to_owned()), None),
            (Was::Hash("cd".to_owned()), Some("ab".to_owned())),
        ] {
            let seq = Seq(7);
            let pointer = Pointer { seq, was, next };
            assert_eq!(pointer.to_string().parse::<Pointer>().unwrap(), pointer);
        }
        for wrong in ["", "7", "x -", "- 7"] {
            assert!(wrong.parse::<Pointer>().is_err(), "{wrong:?}");
        }
    }
}
