//! A backend that fails on purpose: the simulated device's engine with delays and refusals before it.

use std::sync::Arc;
use std::time::Duration;

use banyan_engine::backend::{
    Backend, Body, BoxFuture, Call, Candidates, CommitParameters, Committed, Datastore, Document,
    EditRequest, Encoding, Expression, Get, ModuleInfo, Origin, PartiallyLocked, Principal, Result,
    SessionEnd, Source,
};
use banyan_engine::error::{BackendError, ErrorTag};
use banyan_engine::nmda::{Data, GetData};
use banyan_engine::notice::Notices;
use banyan_engine::number::SessionId;
use tokio::sync::Notify;

use crate::args::Fail;

/// The engine of a device, with faults.
pub struct Faulty {
    inner: Arc<dyn Backend>,
    fail: Option<Fail>,
    delay: Duration,
    /// Wakes all sessions when the device drops its connections.
    drop: Notify,
}

impl Faulty {
    /// Puts faults before a backend.
    pub fn new(inner: Arc<dyn Backend>, fail: Option<Fail>, delay: Duration) -> Self {
        Faulty {
            inner,
            fail,
            delay,
            drop: Notify::new(),
        }
    }

    async fn pause(&self) {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
    }

    fn refused(&self, what: &str) -> BackendError {
        BackendError::new(
            ErrorTag::OperationFailed,
            format!("simulated {what} failure"),
        )
    }
}

impl Backend for Faulty {
    fn modules(&self) -> Vec<ModuleInfo> {
        self.inner.modules()
    }

    fn content_id(&self) -> String {
        self.inner.content_id()
    }

    fn open_session(
        &self,
        principal: Principal,
        source: Source,
    ) -> BoxFuture<'_, Result<SessionId>> {
        self.inner.open_session(principal, source)
    }

    fn close_session(&self, session: SessionId) -> BoxFuture<'_, ()> {
        self.inner.close_session(session)
    }

    fn end_session(&self, session: SessionId, why: SessionEnd) -> BoxFuture<'_, ()> {
        self.inner.end_session(session, why)
    }

    fn session_ended(&self, session: SessionId) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            tokio::select! {
                () = self.inner.session_ended(session) => {}
                () = self.drop.notified() => {}
            }
        })
    }

    fn notices(&self, session: SessionId, encoding: Encoding) -> Option<Notices> {
        self.inner.notices(session, encoding)
    }

    fn kill_session<'a>(&'a self, call: &'a Call, victim: SessionId) -> BoxFuture<'a, Result<()>> {
        self.inner.kill_session(call, victim)
    }

    fn get<'a>(&'a self, call: &'a Call, get: Get) -> BoxFuture<'a, Result<Body>> {
        self.inner.get(call, get)
    }

    fn get_data<'a>(&'a self, call: &'a Call, get: GetData) -> BoxFuture<'a, Result<Data>> {
        self.inner.get_data(call, get)
    }

    fn edit<'a>(&'a self, call: &'a Call, edit: EditRequest) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.pause().await;
            self.inner.edit(call, edit).await
        })
    }

    fn copy<'a>(
        &'a self,
        call: &'a Call,
        from: Origin,
        to: Datastore,
    ) -> BoxFuture<'a, Result<()>> {
        self.inner.copy(call, from, to)
    }

    fn delete<'a>(&'a self, call: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>> {
        self.inner.delete(call, store)
    }

    fn lock<'a>(&'a self, call: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>> {
        self.inner.lock(call, store)
    }

    fn unlock<'a>(&'a self, call: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>> {
        self.inner.unlock(call, store)
    }

    fn choose_candidate<'a>(
        &'a self,
        call: &'a Call,
        candidates: Candidates,
    ) -> BoxFuture<'a, Result<()>> {
        self.inner.choose_candidate(call, candidates)
    }

    fn partial_lock<'a>(
        &'a self,
        call: &'a Call,
        select: Vec<Expression>,
    ) -> BoxFuture<'a, Result<PartiallyLocked>> {
        self.inner.partial_lock(call, select)
    }

    fn partial_unlock<'a>(&'a self, call: &'a Call, id: u32) -> BoxFuture<'a, Result<()>> {
        self.inner.partial_unlock(call, id)
    }

    fn validate<'a>(&'a self, call: &'a Call, what: Origin) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.pause().await;
            if self.fail == Some(Fail::Validate) {
                return Err(self.refused("validate"));
            }
            self.inner.validate(call, what).await
        })
    }

    fn commit<'a>(
        &'a self,
        call: &'a Call,
        parameters: CommitParameters,
    ) -> BoxFuture<'a, Result<Committed>> {
        Box::pin(async move {
            self.pause().await;
            match self.fail {
                Some(Fail::Commit) => Err(self.refused("commit")),
                Some(Fail::Drop) => {
                    self.drop.notify_waiters();
                    // The sessions end now; whoever asked gets no answer.
                    std::future::pending().await
                }
                _ => self.inner.commit(call, parameters).await,
            }
        })
    }

    fn cancel_commit<'a>(
        &'a self,
        call: &'a Call,
        persist_id: Option<Arc<str>>,
    ) -> BoxFuture<'a, Result<()>> {
        self.inner.cancel_commit(call, persist_id)
    }

    fn discard<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<()>> {
        self.inner.discard(call)
    }

    fn invoke<'a>(
        &'a self,
        call: &'a Call,
        operation: Document,
        encoding: Encoding,
    ) -> BoxFuture<'a, Result<Body>> {
        self.inner.invoke(call, operation, encoding)
    }

    fn schema_text<'a>(
        &'a self,
        call: &'a Call,
        name: &'a str,
        revision: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Arc<str>>> {
        self.inner.schema_text(call, name, revision)
    }
}
