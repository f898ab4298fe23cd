//! Candidates: the shared one, and those that sessions have for themselves (draft-ietf-netconf-privcand).
//!
//! Holds what is being worked on and whose turn it is. Knows neither locks nor commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arc_swap::ArcSwapOption;
use banyan_data::Tree;
use tokio::sync::{Mutex, MutexGuard};

use crate::backend::{Candidates, Datastore, Result};
use crate::blocking::on_pool;
use crate::conflict;
use crate::engine::{Core, Engine};
use crate::number::SessionId;
use crate::session::INTERNAL;
use crate::snapshot::Snapshot;

/// How candidates are worked on.
#[derive(Clone, Copy, Default)]
pub(crate) struct Editing {
    /// Which candidate a session has that asks for none.
    pub candidates: Candidates,
    /// Whether the first edit of the shared candidate locks it.
    pub autolock: bool,
    /// Whether each edit is committed at once.
    pub autocommit: bool,
}

/// What a candidate holds, and what it was made from.
pub(crate) struct WorkTree {
    /// The running that it was made from.
    pub base: Snapshot,
    /// The data.
    pub tree: Tree,
    /// The session that changed it last.
    pub by: SessionId,
}

impl WorkTree {
    /// Running as it is, for a session to work on.
    pub fn on(base: Snapshot, by: SessionId) -> WorkTree {
        WorkTree {
            tree: base.tree.clone(),
            base,
            by,
        }
    }

    /// Whether there is something to commit, or to lose.
    pub fn is_modified(&self) -> bool {
        !self.tree.ptr_eq(&self.base.tree)
    }
}

/// A candidate.
#[derive(Default)]
pub(crate) struct Candidate {
    /// Whose it is; `None`: everybody's.
    owner: Option<SessionId>,
    /// `None`: equal to running, whatever that is. A private one is pinned to a running by its first use.
    work: ArcSwapOption<WorkTree>,
    /// Held by who changes it.
    turn: Mutex<()>,
    /// Held by a commit of it, and by whom.
    committing: Mutex<()>,
    committer: AtomicU32,
}

impl std::fmt::Debug for Candidate {
    /// Without the data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate")
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

impl Candidate {
    /// An own candidate of a session.
    pub fn private(owner: SessionId) -> Candidate {
        Candidate {
            owner: Some(owner),
            ..Candidate::default()
        }
    }

    /// Whether one session has it for itself.
    pub fn is_private(&self) -> bool {
        self.owner.is_some()
    }

    /// Waits until nobody changes it, and keeps others from changing it.
    pub async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Waits until no other commit of it is in progress.
    pub async fn commit_turn(&self, by: SessionId) -> MutexGuard<'_, ()> {
        let turn = self.committing.lock().await;
        self.committer.store(by.0, Ordering::Relaxed);
        turn
    }

    /// The session that commits it, or did so last.
    pub fn committer(&self) -> SessionId {
        SessionId(self.committer.load(Ordering::Relaxed))
    }

    /// What it holds; `None` when it is running.
    pub fn work(&self) -> Option<Arc<WorkTree>> {
        self.work.load_full()
    }

    /// The changes that are not committed.
    pub fn modified(&self) -> Option<Arc<WorkTree>> {
        self.work().filter(|work| work.is_modified())
    }

    /// Puts something else in the place of what it held; the caller has the turn. Edits that cancel each other out leave
    /// nothing to commit, but a private candidate stays on the running that it was made from.
    pub fn put(&self, work: impl Into<Arc<WorkTree>>) {
        let work = work.into();
        let kept = work.is_modified() || self.is_private();
        self.work.store(kept.then_some(work));
    }

    /// Makes it running again and returns what it held; the caller has the turn.
    pub fn take(&self) -> Option<Arc<WorkTree>> {
        self.work.swap(None)
    }
}

impl Core {
    /// The candidate that a session works on. What a session still does that is over must not get into the shared one,
    /// so it gets an empty one that nobody will see; the engine itself, and callers without a session, share.
    pub fn candidate_of(&self, session: SessionId) -> Arc<Candidate> {
        let private = self.editing.candidates == Candidates::Private;
        match self.sessions.own_candidate_of(session) {
            Some(own) => own,
            None if private && session != INTERNAL && !self.sessions.is_open(session) => {
                Arc::new(Candidate::private(session))
            }
            None => self.candidate.clone(),
        }
    }

    /// What a candidate holds. The first look at a private one makes it from running, so that whoever has read it
    /// hears of what others commit since.
    pub fn work_on(&self, candidate: &Candidate) -> Arc<WorkTree> {
        let by = candidate.owner.unwrap_or(INTERNAL);
        let fresh = || Arc::new(WorkTree::on(Snapshot::clone(&self.running.load()), by));
        if !candidate.is_private() {
            return candidate.work().unwrap_or_else(fresh);
        }
        let mut pinned = None;
        candidate.work.rcu(|now| {
            let work = now.clone().unwrap_or_else(fresh);
            pinned = Some(work.clone());
            Some(work)
        });
        pinned.unwrap_or_else(fresh)
    }

    /// After a commit of `work`: the candidate is running again, or, if it was edited meanwhile, what was
    /// added since.
    pub async fn settle_candidate(
        &self,
        candidate: &Candidate,
        work: &Arc<WorkTree>,
        after: Option<&Snapshot>,
    ) {
        let _turn = candidate.turn().await;
        let Some(now) = candidate.work() else { return };
        if Arc::ptr_eq(&now, work) {
            candidate.take();
            return;
        }
        // What was committed is in running: the rest is the difference from it.
        if let Some(after) = after {
            candidate.put(WorkTree {
                base: Snapshot::new(work.tree.clone(), after.seq),
                tree: now.tree.clone(),
                by: now.by,
            });
        }
    }
}

impl Engine {
    /// The shared candidate, now. O(1), never blocks.
    pub fn candidate(&self) -> Tree {
        self.0.work_on(&self.0.candidate).tree.clone()
    }

    /// What a session sees in a datastore. O(1), never blocks.
    pub fn tree_of(&self, session: SessionId, store: Datastore) -> Tree {
        match store {
            Datastore::Running => self.running().tree,
            Datastore::Candidate => {
                let candidate = self.0.candidate_of(session);
                self.0.work_on(&candidate).tree.clone()
            }
            Datastore::Startup => match &*self.0.startup.load() {
                Some(tree) => Tree::clone(tree),
                None => Tree::empty(self.0.schema.clone()),
            },
        }
    }

    /// The session's candidate as it would be committed now, its changes on top of running, and that running.
    ///
    /// # Errors
    /// It and running changed the same things since; the conflicts are listed.
    pub(crate) async fn candidate_on_running(
        &self,
        session: SessionId,
    ) -> Result<(Snapshot, Snapshot)> {
        let core = self.0.clone();
        let work = core.work_on(&core.candidate_of(session));
        let running = self.running();
        on_pool(move || {
            let tree = conflict::rebased(&core, &work.base, &work.tree, &running)?;
            Ok((Snapshot::new(tree, running.seq), running))
        })
        .await?
    }
}
