//! Locks as requests: what must be over before one is granted, and what goes when one is given back.
//!
//! The table of locks is in `session`. A lock of running, or of parts of it, is entered first, which keeps new commits
//! of others out, and granted when the commits that were in progress are over.

use banyan_data::path::InstancePath;

use crate::backend::{Call, Datastore, Expression, LockedNode, PartiallyLocked, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::Engine;
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::number::Tid;
use crate::pipeline::patience;
use crate::reserve::{Prefix, Touched};
use crate::session::{INTERNAL, prefix};

/// How many nodes a partial lock may name.
const MAX_NODES: usize = 10_000;

/// The reservation under which a lock waits; no transaction has this number.
const WAITING: Tid = Tid(0);

impl Engine {
    /// RFC 6241 7.5.
    pub(crate) async fn lock_store(&self, call: &Call, store: Datastore) -> Result<()> {
        let core = &self.0;
        match store {
            Datastore::Startup => {}
            Datastore::Candidate => return self.lock_candidate(call).await,
            Datastore::Running => self.require_none_of_others(call, None)?,
        }
        core.sessions
            .lock(call.session, store, core.seams.clock.now())?;
        if store == Datastore::Running
            && let Err(error) = self.commits_are_over(call, vec![Prefix::new()]).await
        {
            // Taken back what was entered a moment ago; that cannot fail but by the end of the session.
            let _ = core
                .sessions
                .unlock(call.session, store, core.seams.clock.now());
            return Err(error);
        }
        Ok(())
    }

    async fn lock_candidate(&self, call: &Call) -> Result<()> {
        let core = &self.0;
        let candidate = core.candidate_of(call.session);
        // Edits under way come to their end first: none may land in a candidate that is locked.
        let _turn = candidate.turn().await;
        let free = core
            .sessions
            .locked_for(call.session, Datastore::Candidate)
            .is_none();
        // RFC 6241 7.5: a candidate that has been modified cannot be locked.
        if free && let Some(work) = candidate.modified() {
            return Err(Report::new(
                ErrorLayer::Protocol,
                ErrorTag::LockDenied,
                format!(
                    "the candidate has uncommitted changes of {}; commit or discard them first",
                    core.sessions.describe(work.by)
                ),
            )
            .with_info("session-id", work.by.to_string())
            .into());
        }
        let now = core.seams.clock.now();
        core.sessions.lock(call.session, Datastore::Candidate, now)
    }

    /// RFC 6241 7.6 and 8.3.5.2: with the lock of the candidate go the changes that were not committed.
    pub(crate) async fn unlock_store(&self, call: &Call, store: Datastore) -> Result<()> {
        let core = &self.0;
        let now = core.seams.clock.now();
        if store != Datastore::Candidate {
            return core.sessions.unlock(call.session, store, now);
        }
        let candidate = core.candidate_of(call.session);
        let _turn = candidate.turn().await;
        core.sessions.unlock(call.session, store, now)?;
        self.drop_work(&candidate);
        Ok(())
    }

    /// RFC 5717 2.4.1.
    pub(crate) async fn lock_parts(
        &self,
        call: &Call,
        select: Vec<Expression>,
    ) -> Result<PartiallyLocked> {
        let core = &self.0;
        self.require_none_of_others(call, Some("outstanding-confirmed-commit"))?;
        let nodes = self.selected_nodes(call, &select).await?;
        let parts: Vec<Prefix> = nodes.iter().map(|node| node.prefix.clone()).collect();
        let texts = select.into_iter().map(|one| one.select).collect();
        let now = core.seams.clock.now();
        let id = core
            .sessions
            .lock_partially(call.session, texts, nodes.clone(), now)?;
        if let Err(error) = self.commits_are_over(call, parts).await {
            let _ = core.sessions.unlock_partially(call.session, id);
            return Err(error);
        }
        Ok(PartiallyLocked { id, nodes })
    }

    /// The nodes of running that the expressions select, each once. RFC 5717 2.4.1: who may not read a node may not lock
    /// it either; to him it is not there.
    async fn selected_nodes(&self, call: &Call, select: &[Expression]) -> Result<Vec<LockedNode>> {
        let running = self.readable(call, self.running().tree).await?;
        let mounts = self.0.mounts.clone();
        let select = select.to_vec();
        on_pool(move || {
            let mut paths: Vec<InstancePath> = Vec::new();
            for one in &select {
                paths.extend(bind::lockable(&running, one, &mounts)?);
            }
            paths.sort();
            paths.dedup();
            if paths.is_empty() {
                let mut report = Report::new(
                    ErrorLayer::Protocol,
                    ErrorTag::OperationFailed,
                    "no expression selects anything that running holds; there is nothing to lock",
                );
                report.app_tag = Some("no-matches".into());
                return Err(report.into());
            }
            if paths.len() > MAX_NODES {
                return Err(BackendError::new(
                    ErrorTag::ResourceDenied,
                    format!(
                        "the expressions select {} nodes, and a partial lock names at most {MAX_NODES}; lock what is above them",
                        paths.len()
                    ),
                ));
            }
            paths
                .iter()
                .map(|path| {
                    let (path_text, xml) = bind::path_names(&running, path, &mounts)?;
                    Ok(LockedNode {
                        prefix: prefix(path),
                        path: path_text.into(),
                        xml: xml.text,
                        namespaces: xml.namespaces,
                    })
                })
                .collect()
        })
        .await?
    }

    /// Fails while a confirmed commit of another session waits for its confirmation: it may take running back.
    fn require_none_of_others(&self, call: &Call, app_tag: Option<&str>) -> Result<()> {
        let core = &self.0;
        let pending = core.pending().clone();
        let Some(pending) = pending.filter(|pending| pending.session != call.session) else {
            return Ok(());
        };
        let by = core.sessions.described(pending.session);
        let mut report = pending.in_the_way(by, core.seams.clock.now());
        report.tag = ErrorTag::LockDenied;
        // RFC 6241 7.5: zero, when it is no session that is in the way.
        if report.info.is_empty() {
            report = report.with_info("session-id", INTERNAL.to_string());
        }
        report.app_tag = app_tag.map(Into::into);
        Err(report.into())
    }

    /// Waits for the commits in progress that touch these parts of running. None that begins later can: it meets the
    /// lock, which is in the table already.
    async fn commits_are_over(&self, call: &Call, parts: Vec<Prefix>) -> Result<()> {
        let core = &self.0;
        let _one = core.locking.lock().await;
        let holder = core.sessions.describe(call.session);
        let waited = core
            .reservations
            .take(
                WAITING,
                &Touched::at(parts),
                &holder,
                patience(call),
                &*core.seams.clock,
            )
            .await;
        match waited {
            Ok(reserved) => {
                drop(reserved);
                Ok(())
            }
            Err(in_the_way) => Err(Report::new(
                ErrorLayer::Protocol,
                ErrorTag::LockDenied,
                format!("a commit is in progress: {in_the_way}; ask for the lock when it is over"),
            )
            .with_info("session-id", "0")
            .into()),
        }
    }
}
