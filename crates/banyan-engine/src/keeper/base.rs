//! The base of the history: running as it was before the oldest commit that the log keeps, in a file of its own.

use std::path::{Path, PathBuf};

use banyan_data::Tree;

use super::stored::RUNNING_FACTS;
use super::{KeepError, Keeper, failed};
use crate::files::Sync;
use crate::number::Seq;

const PREFIX: &str = "history-base.";
/// What a base is called while it is written.
const NEW: &str = "history-base-new";

/// The name of that file.
pub(crate) fn base_name(seq: Seq) -> String {
    format!("{PREFIX}{seq}")
}

/// The fact that names a file of running by its SHA-256; its value is the commit.
pub(crate) fn running_fact(sum: &str) -> String {
    format!("{RUNNING_FACTS}{sum}")
}

/// Whether a fact is about the files of this directory as they are, which a copy elsewhere does not have.
pub(crate) fn is_of_files(fact: &str) -> bool {
    ["file/", "part/", "parts/", "store/", "wrote/", "log/"]
        .iter()
        .any(|prefix| fact.starts_with(prefix))
}

/// The file with running as it was after commit `seq`. Its name says what it holds, and it is whole when it is there.
pub(crate) fn base_file(directory: &Path, seq: Seq) -> PathBuf {
    directory.join(base_name(seq))
}

impl Keeper {
    /// Where the files are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether running's file is written with every commit.
    pub fn is_small(&self) -> bool {
        self.state().size <= self.form.options().small
    }

    /// The oldest state that a file of running may hold after a crash; `None` when it has no file.
    pub fn oldest(&self) -> Option<Seq> {
        self.has_file("running").then(|| self.state().synced)
    }

    /// Lets the history begin anew: running has no file while `replace` does it, so that the log alone says what running is,
    /// before and after. The file is written again at once. Blocking; a state that is written later must be newer than
    /// `head`, so that no write of the old one, which waits for its turn, can come behind.
    ///
    /// # Errors
    /// The disk or the log refuses, or `replace` does.
    pub fn begin_anew<T, E>(
        &self,
        head: Seq,
        replace: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, KeepError> {
        let turn = self.turns.of("running");
        let mut parts = turn.begin();
        let _placing = self.placing();
        *parts = None;
        self.state().at_once = true;
        let removed = self
            .remove_single("running")
            .and_then(|()| self.remove_set("running"));
        let replaced = removed.map(|()| replace());
        let mut state = self.state();
        match &replaced {
            Ok(Ok(_)) => (state.written, state.synced) = (head, head),
            // What was is still so, and its file is gone.
            _ => (state.written, state.synced) = (Seq(0), Seq(0)),
        }
        drop(state);
        self.behind.notify_one();
        replaced
    }

    /// Whether a store names a commit.
    pub fn is_followed(&self) -> bool {
        !self.following().is_empty()
    }

    /// Writes a base, safely. Blocking; commits go before it.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write_base(&self, seq: Seq, tree: &Tree) -> Result<(), KeepError> {
        let file = base_file(&self.directory, seq);
        let temporary = self.directory.join(NEW);
        self.files
            .write(&temporary, Sync::Now, &mut |out| {
                let mut measured = super::Measured::new(out, &self.pressure);
                self.form.print(tree, &mut measured)
            })
            .map_err(|reason| failed(&temporary, reason))?;
        self.files
            .rename(&temporary, &file)
            .and_then(|()| self.files.sync_directory(&self.directory))
            .map_err(|reason| failed(&file, reason))
    }

    /// Removes what a crash in the middle of a trimming has left: bases that the history does not begin with, and half of
    /// one. Blocking.
    ///
    /// # Errors
    /// The log or the disk refuses.
    pub fn sweep_bases(&self) -> Result<(), KeepError> {
        let tail = self.log.tail()?;
        self.remove_bases(Seq(tail.0.saturating_sub(1)))
    }

    /// Removes all bases but that of `kept`, and half of one.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn remove_bases(&self, kept: Seq) -> Result<(), KeepError> {
        let names = self
            .files
            .list(&self.directory)
            .map_err(|reason| failed(&self.directory, reason))?;
        for name in names {
            let seq = name.strip_prefix(PREFIX).and_then(|seq| seq.parse().ok());
            if name == NEW || seq.is_some_and(|seq| Seq(seq) != kept) {
                let file = self.directory.join(&name);
                self.files
                    .remove(&file)
                    .map_err(|reason| failed(&file, reason))?;
            }
        }
        Ok(())
    }
}
