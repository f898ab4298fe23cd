//! The files of the datastores beside running: written before the answer, or following (see `follow`).

use std::collections::BTreeSet;

use banyan_data::Tree;
use banyan_yang::schema::Schema;

use super::follow::Was;
use super::measured::{Limited, Measured};
use super::{KeepError, Keeper, OnDisk, ReadError, failed, file_of};
use crate::files::Sync;
use crate::snapshot::Snapshot;

/// What is to be in a store.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// This.
    Tree(Tree),
    /// What running is when its turn comes.
    Running,
}

/// The store that helps when running and the log cannot be used: its file rests on neither.
const FAILSAFE: &str = "failsafe";

impl Keeper {
    /// Makes a store this, durably, and then calls `done` with what it is. A large store that is running, or what running
    /// is now, is O(1): it names the commit, and its file follows. Any other file is written before. A store without a
    /// file is in memory only. Blocking.
    ///
    /// # Errors
    /// The disk or the log refuses; the store is what it was.
    pub fn keep(
        &self,
        store: &str,
        content: &Content,
        running: &dyn Fn() -> Snapshot,
        done: impl FnOnce(Tree),
    ) -> Result<(), KeepError> {
        let now = running();
        let is_running = match content {
            Content::Tree(tree) => tree.ptr_eq(&now.tree),
            Content::Running => true,
        };
        let mut done = Some(done);
        if is_running && store != FAILSAFE && self.has_file(store) && self.is_large(&now.tree) {
            let still = || match content {
                Content::Tree(tree) => Some(running()).filter(|now| now.tree.ptr_eq(tree)),
                Content::Running => Some(running()),
            };
            let followed = self.follow(store, &still, |tree| {
                if let Some(done) = done.take() {
                    done(tree);
                }
            })?;
            if followed {
                return Ok(());
            }
        }
        let tree = match content {
            Content::Tree(tree) => tree.clone(),
            Content::Running => now.tree,
        };
        self.save(store, &tree, || {
            if let Some(done) = done.take() {
                done(tree.clone());
            }
        })
    }

    /// Whether running, which this is, is not written before an answer. Costs at most the printing of a small file.
    fn is_large(&self, tree: &Tree) -> bool {
        let small = self.form.options().small;
        if self.splits() || self.state().size > small {
            return true;
        }
        // The failure that matters is that of the write itself.
        self.form.print(tree, &mut Limited::to(small)).is_err()
    }

    /// Writes another store's file, safely, and then calls `done`; only that for one that has no file. Blocking.
    ///
    /// # Errors
    /// The disk or the log refuses; the old file stays, and what the store named.
    pub fn save(&self, store: &str, tree: &Tree, done: impl FnOnce()) -> Result<(), KeepError> {
        let turn = self.turns.of(store);
        let mut parts = turn.begin();
        if !self.has_file(store) {
            let _placing = self.placing();
            done();
            return Ok(());
        }
        let begun = self.clock.monotonic();
        if self.splits() {
            self.write_parts(&mut parts, store, tree, None)?;
            let _placing = self.placing();
            self.arrived(store, true)?;
            done();
        } else {
            self.spare_ignored(store)?;
            let hash = self.write_beside(store, tree)?;
            let _placing = self.placing();
            self.put_in_place(store, hash)?;
            done();
        }
        self.took(store, begun);
        match self.splits() {
            true => Ok(()),
            false => self.remove_set(store),
        }
    }

    /// Writes the file of a store that names a commit; nothing for one that does not, or is volatile. Blocking; commits
    /// go before it.
    ///
    /// # Errors
    /// The disk or the log refuses; the store still names its commit.
    pub fn write_follower(&self, store: &str) -> Result<(), KeepError> {
        let turn = self.turns.of(store);
        let mut parts = turn.begin();
        let volatile = self.state().volatile.contains(store);
        let Some((tree, number)) = self.turn_of(store).filter(|_| !volatile) else {
            return Ok(());
        };
        let begun = self.clock.monotonic();
        if self.splits() {
            self.write_parts(&mut parts, store, &tree, None)?;
            let _placing = self.placing();
            if self.is_turn(store, number) {
                self.arrived(store, true)?;
            }
        } else {
            self.spare_ignored(store)?;
            let hash = self.write_beside(store, &tree)?;
            let placing = self.placing();
            if !self.is_turn(store, number) {
                // It was copied again: that one is written next.
                let temporary = self.beside(store);
                let removed = self.files.remove(&temporary);
                return removed.map_err(|reason| failed(&temporary, reason));
            }
            self.put_in_place(store, hash)?;
            drop(placing);
            self.remove_set(store)?;
        }
        self.took(store, begun);
        Ok(())
    }

    /// Writes all files that are to follow, those of running and of stores that name commits. Blocking.
    ///
    /// # Errors
    /// The disk or the log refuses one of them; the others are tried all the same, and nothing is lost.
    pub fn write_all(&self, running: &Snapshot) -> Result<(), KeepError> {
        let mut written = self.checkpoint(running);
        for (store, ..) in self.followers() {
            written = written.and(self.write_follower(&store));
        }
        written
    }

    fn beside(&self, store: &str) -> std::path::PathBuf {
        self.directory.join(format!("{store}_db.new"))
    }

    /// Writes and syncs the new file beside the old one; gives its SHA-256.
    fn write_beside(&self, store: &str, tree: &Tree) -> Result<String, KeepError> {
        let temporary = self.beside(store);
        let mut hash = String::new();
        let written = self.files.write(&temporary, Sync::Now, &mut |out| {
            let mut measured = Measured::new(out, &self.pressure);
            self.form.print(tree, &mut measured)?;
            (_, hash) = measured.finish();
            Ok(())
        });
        written.map_err(|reason| failed(&temporary, reason))?;
        Ok(hash)
    }

    /// Puts the new file in the place of the old one. The caller is placing.
    fn put_in_place(&self, store: &str, hash: String) -> Result<(), KeepError> {
        let file = file_of(&self.directory, store);
        let at = |reason| failed(&file, reason);
        self.announce(store, &hash)?;
        let temporary = self.beside(store);
        self.files.rename(&temporary, &file).map_err(at)?;
        self.file_is(store, Was::Hash(hash));
        self.files.sync_directory(&self.directory).map_err(at)?;
        Ok(self.arrived(store, true)?)
    }

    /// Removes another store and its file, and then calls `done`. Blocking.
    ///
    /// # Errors
    /// The disk or the log refuses.
    pub fn remove(&self, store: &str, done: impl FnOnce()) -> Result<(), KeepError> {
        let turn = self.turns.of(store);
        let mut parts = turn.begin();
        *parts = None;
        let _placing = self.placing();
        self.spare_ignored(store)?;
        self.remove_single(store)?;
        self.file_is(store, Was::Absent);
        self.remove_set(store)?;
        self.arrived(store, false)?;
        done();
        Ok(())
    }

    /// The files of another store, if there are any. Blocking.
    ///
    /// # Errors
    /// The disk refuses, or the main file is not well-formed.
    pub fn load(&self, schema: &Schema, store: &str) -> Result<Option<OnDisk>, ReadError> {
        let turn = self.turns.of(store);
        let _parts = turn.begin();
        let on_disk = OnDisk::read(
            &*self.files,
            &*self.log,
            schema,
            &self.directory,
            store,
            self.splits(),
        )?;
        if let Some(single) = on_disk.as_ref().filter(|it| !it.split) {
            self.file_is(store, Was::Hash(single.digest().to_owned()));
        }
        Ok(on_disk)
    }

    /// The names of the datastores that are kept. Blocking.
    ///
    /// # Errors
    /// The directory or the log cannot be read.
    pub fn names(&self) -> Result<BTreeSet<String>, KeepError> {
        let mut names = super::names(&*self.files, &*self.log, &self.directory)?;
        names.extend(self.following().keys().cloned());
        Ok(names)
    }
}
