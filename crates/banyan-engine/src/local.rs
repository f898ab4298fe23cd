//! The engine as a [`Backend`] in the same process: one short method per call.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::document::Layout;

use crate::backend::{
    Backend, Body, BoxFuture, Call, Candidates, CommitParameters, Committed, Datastore, Document,
    EditRequest, Encoding, Expression, Get, ModuleInfo, Origin, PartiallyLocked, Principal, Result,
    SessionEnd, Source, TestOption,
};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::Engine;
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::keeper::Content;
use crate::monitoring;
use crate::nmda::{Data, GetData, ReadFrom};
use crate::notice::Notices;
use crate::number::SessionId;
use crate::participant::Options;
use crate::pipeline::Until;

fn not_supported(message: impl Into<String>) -> BackendError {
    Report::new(
        ErrorLayer::Protocol,
        ErrorTag::OperationNotSupported,
        message,
    )
    .into()
}

impl Engine {
    async fn tree_from(&self, session: SessionId, origin: Origin) -> Result<Tree> {
        match origin {
            Origin::Store(store) => Ok(self.tree_of(session, store)),
            Origin::Inline(document) => {
                let schema = self.0.schema.clone();
                let mounts = self.0.mounts.clone();
                on_pool(move || bind::parse_config(&schema, &document, &mounts)).await?
            }
        }
    }

    /// Closes a session, for that reason or because another one has killed it.
    async fn end(&self, session: SessionId, why: SessionEnd) {
        let core = &self.0;
        let lock = core.sessions.locked(Datastore::Candidate);
        let closed = if lock.is_some_and(|lock| lock.owner == session) {
            let shared = core.candidate.clone();
            let _turn = shared.turn().await;
            let closed = core.sessions.close(session);
            // RFC 6241 8.3.5.2: a lock that ends takes the uncommitted changes with it.
            self.drop_work(&shared);
            closed
        } else {
            let own = core.sessions.own_candidate_of(session);
            let closed = core.sessions.close(session);
            if let Some(own) = own {
                self.drop_work(&own);
            }
            closed
        };
        if let Some(closed) = closed {
            let now = core.seams.clock.now();
            core.streams.session_ended(&closed, why, now);
        }
        core.backups.forget(session);
        self.session_gone(session).await;
    }

    /// Makes startup this, or empties it. A copy of running is O(1).
    pub(crate) async fn set_startup(
        &self,
        session: SessionId,
        content: Option<Content>,
    ) -> Result<()> {
        let now = self.0.seams.clock.now();
        self.0
            .sessions
            .require_free(session, Datastore::Startup, now)?;
        let kept = self.0.writing(move |core| {
            let publish = |tree: Option<Tree>| {
                let old = core.startup.swap(tree.map(Arc::new));
                core.reaper.bury(old);
                core.announced.tell();
            };
            match (&core.keeper, content) {
                (Some(keeper), Some(content)) => {
                    let publish = |tree| publish(Some(tree));
                    keeper.keep("startup", &content, &|| core.now(), publish)
                }
                (Some(keeper), None) => keeper.remove("startup", || publish(None)),
                (None, content) => {
                    publish(content.map(|content| core.content(content)));
                    Ok(())
                }
            }
        });
        kept.await?.map_err(|error| {
            BackendError::new(
                ErrorTag::OperationFailed,
                format!("startup is unchanged: {error}"),
            )
        })?;
        self.0.tell_startup(session);
        Ok(())
    }

    /// Running is what commits make it; who wants to write it directly is told how.
    fn running_is_not_writable(what: &str) -> BackendError {
        not_supported(format!(
            "{what} of running is not supported (no :writable-running capability); edit the candidate and commit"
        ))
    }
}

impl Backend for Engine {
    fn modules(&self) -> Vec<ModuleInfo> {
        bind::modules(&self.0.schema)
    }

    fn content_id(&self) -> String {
        monitoring::content_id(&self.0.schema)
    }

    fn open_session(
        &self,
        principal: Principal,
        source: Source,
    ) -> BoxFuture<'_, Result<SessionId>> {
        Box::pin(async move {
            if self.0.stopping.is_cancelled() {
                return Err(BackendError::new(
                    ErrorTag::ResourceDenied,
                    "the server is stopping",
                ));
            }
            self.0.access.credible(&principal)?;
            let now = self.0.seams.clock.now();
            let candidates = self.0.editing.candidates;
            let sessions = &self.0.sessions;
            let id = sessions.open(principal, source, candidates, now)?;
            if let Some(session) = sessions.get(id) {
                self.0.streams.session_started(&session);
            }
            Ok(id)
        })
    }

    fn close_session(&self, session: SessionId) -> BoxFuture<'_, ()> {
        self.end_session(session, SessionEnd::Closed)
    }

    fn end_session(&self, session: SessionId, why: SessionEnd) -> BoxFuture<'_, ()> {
        Box::pin(self.end(session, why))
    }

    fn session_ended(&self, session: SessionId) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.0.sessions.end_of(session).cancelled().await })
    }

    fn notices(&self, session: SessionId, encoding: Encoding) -> Option<Notices> {
        self.0.sessions.take_notices(session, encoding)
    }

    fn kill_session<'a>(&'a self, call: &'a Call, victim: SessionId) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.permit(call, "kill-session")?;
            self.0.sessions.kill(call.session, victim)?;
            // The locks are free before the answer, as RFC 6241 7.9 wants; the front end may be slow to see its end.
            self.end(victim, SessionEnd::Other).await;
            Ok(())
        })
    }

    fn get<'a>(&'a self, call: &'a Call, get: Get) -> BoxFuture<'a, Result<Body>> {
        Box::pin(async move {
            let operation = if get.state { "get" } else { "get-config" };
            self.0.permit(call, operation)?;
            self.read(call, get, Layout::Compact).await
        })
    }

    fn get_data<'a>(&'a self, call: &'a Call, get: GetData) -> BoxFuture<'a, Result<Data>> {
        Box::pin(async move {
            let core = &self.0;
            let tree = match get.from {
                ReadFrom::Store(store) => self.tree_of(call.session, store),
                ReadFrom::Intended | ReadFrom::RunningAndState | ReadFrom::Operational => {
                    self.running().tree
                }
            };
            match get.from {
                ReadFrom::RunningAndState => core.permit(call, "get")?,
                _ => core.permit_in(call, "ietf-netconf-nmda", "get-data")?,
            }
            self.read_data(call, tree, get, Layout::Compact).await
        })
    }

    fn edit<'a>(&'a self, call: &'a Call, edit: EditRequest) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.permit(call, "edit-config")?;
            match edit.target {
                Datastore::Candidate => {}
                Datastore::Running => return Err(Self::running_is_not_writable("edit-config")),
                Datastore::Startup => {
                    return Err(not_supported(
                        "edit-config of startup is not supported; edit the candidate, commit, and copy running to startup",
                    ));
                }
            }
            self.0.sessions.require_free(
                call.session,
                Datastore::Candidate,
                self.0.seams.clock.now(),
            )?;
            let schema = self.0.schema.clone();
            let mounts = self.0.mounts.clone();
            let test_option = edit.test_option;
            let bound = on_pool(move || {
                bind::parse_edit(&schema, &edit.edit, edit.default_operation, &mounts)
            })
            .await??;
            let apply = self.guarded(call, move |candidate| bind::apply(&bound, candidate));
            if test_option == TestOption::TestOnly {
                let candidate = self.tree_of(call.session, Datastore::Candidate);
                return on_pool(move || apply(&candidate).map(drop)).await?;
            }
            self.edit_candidate(call, apply).await.map(drop)
        })
    }

    fn copy<'a>(
        &'a self,
        call: &'a Call,
        from: Origin,
        to: Datastore,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.permit(call, "copy-config")?;
            if from == Origin::Store(to) {
                return Err(Report::new(
                    ErrorLayer::Protocol,
                    ErrorTag::InvalidValue,
                    format!("source and target are the same: {}", to.name()),
                )
                .into());
            }
            if to == Datastore::Running {
                return Err(Self::running_is_not_writable("copy-config"));
            }
            let from_running = from == Origin::Store(Datastore::Running);
            let tree = self.tree_from(call.session, from.clone()).await?;
            let tree = self.permit_copy(call, &from, to, tree).await?;
            match to {
                Datastore::Candidate if from_running => self.discard(call).await,
                Datastore::Candidate => {
                    let running = self.running().tree;
                    let tree = on_pool(move || bind::shared_with(&running, tree)).await?;
                    self.replace_candidate(call, tree).await.map(drop)
                }
                _ => {
                    // Running may have moved on; what counts is what it is when the copy is made.
                    let content = match from_running {
                        true => Content::Running,
                        false => Content::Tree(tree),
                    };
                    self.set_startup(call.session, Some(content)).await
                }
            }
        })
    }

    fn delete<'a>(&'a self, call: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.permit(call, "delete-config")?;
            match store {
                // RFC 6241 7.4: the running configuration cannot be deleted.
                Datastore::Running => Err(not_supported("running cannot be deleted")),
                Datastore::Candidate => Err(not_supported(
                    "the candidate cannot be deleted; use discard-changes, or an edit that deletes its content",
                )),
                Datastore::Startup => self.set_startup(call.session, None).await,
            }
        })
    }

    fn lock<'a>(&'a self, call: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.permit(call, "lock")?;
            self.lock_store(call, store).await
        })
    }

    fn unlock<'a>(&'a self, call: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.permit(call, "unlock")?;
            self.unlock_store(call, store).await
        })
    }

    fn choose_candidate<'a>(
        &'a self,
        call: &'a Call,
        candidates: Candidates,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.0.sessions.choose(call.session, candidates) })
    }

    fn partial_lock<'a>(
        &'a self,
        call: &'a Call,
        select: Vec<Expression>,
    ) -> BoxFuture<'a, Result<PartiallyLocked>> {
        Box::pin(async move {
            self.0
                .permit_in(call, "ietf-netconf-partial-lock", "partial-lock")?;
            self.lock_parts(call, select).await
        })
    }

    fn partial_unlock<'a>(&'a self, call: &'a Call, id: u32) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0
                .permit_in(call, "ietf-netconf-partial-lock", "partial-unlock")?;
            self.0.sessions.unlock_partially(call.session, id)
        })
    }

    fn validate<'a>(&'a self, call: &'a Call, what: Origin) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.permit(call, "validate")?;
            let tree = match what {
                Origin::Store(Datastore::Candidate) => {
                    let candidate = self.candidate_on_running(call.session).await;
                    let hushed = |error| self.0.hushed(call, &self.running().tree, error);
                    candidate.map_err(hushed)?.0.tree
                }
                other => self.tree_from(call.session, other).await?,
            };
            self.examined(call, tree).await
        })
    }

    fn commit<'a>(
        &'a self,
        call: &'a Call,
        parameters: CommitParameters,
    ) -> BoxFuture<'a, Result<Committed>> {
        Box::pin(async move {
            self.0.permit(call, "commit")?;
            self.commit_candidate(call, parameters, Options::none(), Until::Commit)
                .await
        })
    }

    fn cancel_commit<'a>(
        &'a self,
        call: &'a Call,
        persist_id: Option<Arc<str>>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.permit(call, "cancel-commit")?;
            self.cancel_pending(call, persist_id.as_deref()).await
        })
    }

    fn discard<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.0.permit(call, "discard-changes")?;
            self.discard_work(call).await
        })
    }

    fn invoke<'a>(
        &'a self,
        call: &'a Call,
        operation: Document,
        encoding: Encoding,
    ) -> BoxFuture<'a, Result<Body>> {
        Box::pin(async move {
            let schema = self.0.schema.clone();
            let mounts = self.0.mounts.clone();
            // An action on what the user may not see is one on what is not there.
            let running = self.readable(call, self.running().tree).await?;
            let document = operation.clone();
            let bound =
                on_pool(move || bind::parse_operation(&schema, &operation, &running, &mounts))
                    .await??;
            let run = self.run_request(call, bound.node, bound.target, bound.input, Some(document));
            let output = within(call, run).await?;
            let bytes =
                on_pool(move || bind::print_output(&output, encoding, Layout::Compact)).await??;
            Ok(Body::Whole(bytes))
        })
    }

    fn schema_text<'a>(
        &'a self,
        call: &'a Call,
        name: &'a str,
        revision: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Arc<str>>> {
        Box::pin(async move {
            self.0
                .permit_in(call, "ietf-netconf-monitoring", "get-schema")?;
            bind::schema_text(&self.0.schema, name, revision)
        })
    }
}

/// Waits for an answer until the call's deadline, or until nobody waits any more.
pub(crate) async fn within<T>(call: &Call, answer: impl Future<Output = Result<T>>) -> Result<T> {
    let deadline = async {
        match call.deadline {
            Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        result = answer => result,
        () = deadline => Err(BackendError::new(
            ErrorTag::OperationFailed,
            "no answer before the deadline of the request; it may still be at work",
        )),
        () = call.cancel.cancelled() => Err(BackendError::new(
            ErrorTag::OperationFailed,
            "the request was cancelled",
        )),
    }
}
