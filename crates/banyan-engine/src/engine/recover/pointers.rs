//! Stores that name a commit: what they hold is made from running and the reverses of what came after it.
//!
//! The log wins over their files, which have not followed yet. Such a file that is not as we left it was edited by hand
//! after a kill, and is kept under another name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use banyan_data::Tree;

use super::{Migrated, Run};
use crate::bind;
use crate::engine::start::StartError;
use crate::error::{BackendError, ErrorTag};
use crate::history;
use crate::keeper::{self, EDITED, Following, Pointer, Was, digest, file_of};
use crate::snapshot::Snapshot;
use crate::stores::ROLLBACK;
use crate::upgrade::report::Report;
use crate::upgrade::{self, Old};

const STARTUP: &str = "startup";

/// The stores that name commits.
#[derive(Default)]
pub(super) struct Pointed {
    /// As the log has them, under the schema of their time.
    named: BTreeMap<String, (Pointer, Result<Tree, BackendError>)>,
    /// Those that are settled.
    following: BTreeMap<String, Following>,
    /// Files that get other names.
    aside: Vec<(PathBuf, PathBuf)>,
}

impl Run<'_> {
    /// Makes what the stores hold that name commits, from running as the log has it; `None` when it has not.
    pub(super) fn point(&mut self, logged: Option<&Snapshot>) -> Result<(), StartError> {
        let Some(directory) = self.start.directory else {
            return Ok(());
        };
        for (store, pointer) in keeper::pointers(self.log())? {
            if store == ROLLBACK || self.pointed.named.contains_key(&store) {
                continue;
            }
            let state = match logged {
                Some(now) => history::state_at(self.log(), now, pointer.seq, self.start.epochs),
                None => Err(BackendError::new(
                    ErrorTag::OperationFailed,
                    "the commit log cannot rebuild it",
                )),
            };
            let state = state.map(|tree| bind::resolved(&tree)).map_err(|error| {
                let reason = format!(
                    "the store {store} is what running was after commit {}, which cannot be had any more: {error}; copy to it again, or delete it",
                    pointer.seq
                );
                BackendError::new(ErrorTag::OperationFailed, reason)
            });
            if let Ok(tree) = &state {
                self.keep_edited(directory, &store, &pointer, tree)?;
            }
            self.pointed.named.insert(store, (pointer, state));
        }
        Ok(())
    }

    /// What startup holds if it names a commit, under the loaded modules.
    pub(super) fn pointed_startup(&mut self) -> Option<Result<Tree, StartError>> {
        let (pointer, state) = self.pointed.named.get(STARTUP)?.clone();
        let under = self.under_loaded(STARTUP, &pointer, state);
        Some(match under {
            Ok((tree, migrated)) => {
                self.follow(STARTUP, pointer, Ok(tree.clone()));
                if migrated {
                    self.plan.named.push(Migrated {
                        store: STARTUP.to_owned(),
                        tree: tree.clone(),
                    });
                }
                Ok(tree)
            }
            Err(error) => {
                let reason = BackendError::new(ErrorTag::OperationFailed, error.to_string());
                self.follow(STARTUP, pointer, Err(reason));
                Err(error)
            }
        })
    }

    /// The stores whose files are to follow. What does not fit the loaded modules stays named as it is.
    pub(super) fn following(&mut self) -> BTreeMap<String, Following> {
        for (store, (pointer, state)) in std::mem::take(&mut self.pointed.named) {
            if self.pointed.following.contains_key(&store) {
                continue;
            }
            let under = self.under_loaded(&store, &pointer, state);
            let tree = under.map(|(tree, _)| tree).map_err(|error| {
                tracing::error!("{error}\nthe store {store} cannot be used until then");
                let mut report = Report::of(&store);
                report.fail(error.status(), error.findings());
                self.reports.push(report);
                BackendError::new(ErrorTag::OperationFailed, error.to_string())
            });
            self.follow(&store, pointer, tree);
        }
        for (file, name) in std::mem::take(&mut self.pointed.aside) {
            self.plan.rename(file, name);
        }
        std::mem::take(&mut self.pointed.following)
    }

    fn follow(&mut self, store: &str, pointer: Pointer, tree: Result<Tree, BackendError>) {
        let following = Following::found(pointer, tree);
        self.pointed.following.insert(store.to_owned(), following);
    }

    /// A state of the past under the loaded modules, by the same steps as a file; and whether it had to be changed.
    fn under_loaded(
        &mut self,
        store: &str,
        pointer: &Pointer,
        state: Result<Tree, BackendError>,
    ) -> Result<(Tree, bool), StartError> {
        let seq = pointer.seq;
        let tree = state.map_err(|reason| StartError::Replay { seq, reason })?;
        if self.is_loaded(&tree) && !self.has_general_steps() {
            return Ok((tree, false));
        }
        let printed = upgrade::epochs::plain(&tree).map_err(super::migrate::unprintable)?;
        let done = self.upgrade(&Old {
            store,
            file: &format!("{store} (running after commit {seq})"),
            main: &printed,
            parts: None,
            printed: None,
            schema: Some(tree.schema()),
        });
        let directory = self.start.directory.map(PathBuf::from).unwrap_or_default();
        let tree = self.accepted(done, &file_of(&directory, store), true)?;
        Ok((tree, true))
    }

    /// Plans another name for a file that is not as we left it.
    fn keep_edited(
        &mut self,
        directory: &Path,
        store: &str,
        pointer: &Pointer,
        tree: &Tree,
    ) -> Result<(), StartError> {
        let file = file_of(directory, store);
        if let Some(content) = self.read_single(&file)? {
            let edited = match &pointer.was {
                _ if pointer.knows(&digest(&content)) => false,
                Was::Hash(_) | Was::Absent => true,
                Was::Unknown => !self.says(&content, tree),
            };
            if edited {
                self.keep_aside(&file, store)?;
            }
        }
        let seams = self.start.seams;
        for file in keeper::edited_parts(&*seams.files, self.log(), directory, store)? {
            self.keep_aside(&file, store)?;
        }
        Ok(())
    }

    /// Whether a file says what the tree says.
    fn says(&self, content: &[u8], tree: &Tree) -> bool {
        let mounts = self.start.epochs.mounts_of(tree.schema());
        let none = BTreeMap::new();
        let parsed = bind::parse_file(tree.schema(), content, &none, &mounts);
        parsed.is_ok_and(|stored| bind::diff(tree, &stored.tree).is_empty())
    }

    fn keep_aside(&mut self, file: &Path, store: &str) -> Result<(), StartError> {
        // Nobody has to lose one edit for the next.
        let kept = self.free_name(file, EDITED)?;
        tracing::warn!(
            "{} is not what the program left there, but {store} had been copied from running after that: the copy counts, and the file is kept as {}; `banyan store load {store} FILE` takes it over",
            file.display(),
            kept.display()
        );
        self.pointed.aside.push((file.to_owned(), kept));
        Ok(())
    }
}
