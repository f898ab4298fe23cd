//! A backend without a schema: datastores are bytes, locks and sessions are real.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use banyan_engine::backend::{
    Backend, Body, BoxFuture, Call, CommitParameters, Committed, Datastore, Document, EditRequest,
    Encoding, Get, ModuleInfo, Origin, Principal, Result, SessionEnd, Source,
};
use banyan_engine::error::{BackendError, ErrorLayer, ErrorTag, Report};
use banyan_engine::notice::{Notice, Notices};
use banyan_engine::{Seq, SessionId, Tid};
use banyan_netconf::names;
use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

#[derive(Default)]
struct State {
    stores: BTreeMap<&'static str, Bytes>,
    sessions: HashMap<SessionId, (Principal, Source, Arc<Notify>)>,
    locks: HashMap<Datastore, SessionId>,
    last_session: u32,
    tid: u32,
}

/// See the module.
#[derive(Default)]
pub struct Fake {
    state: Mutex<State>,
    /// The last commit's parameters, for a look from outside.
    pub committed: Mutex<Option<CommitParameters>>,
    /// How large the startup datastore pretends to be.
    pub megabytes: AtomicUsize,
    /// How many calls ended because they were cancelled.
    pub cancelled: Mutex<u32>,
    /// Whether it has subscriptions.
    pub subscriptions: AtomicBool,
    /// Lets operations go on that wait for it.
    pub go_on: Arc<Notify>,
    /// How many operations began to wait for it.
    pub waited: AtomicUsize,
    /// How many operations went on.
    pub went_on: AtomicUsize,
    /// How sessions ended.
    pub ends: Mutex<Vec<SessionEnd>>,
    /// How the last session wanted its notices.
    pub wanted: Mutex<Option<Encoding>>,
    mailboxes: Mutex<HashMap<SessionId, mpsc::Sender<Notice>>>,
}

impl Fake {
    /// User and transport of every open session.
    pub fn sessions(&self) -> Vec<(String, String)> {
        let state = self.state.lock().unwrap();
        let mut all: Vec<_> = state
            .sessions
            .values()
            .map(|(p, s, _)| (p.user.to_string(), s.transport.to_string()))
            .collect();
        all.sort();
        all
    }

    /// The groups that transports vouched for, of every open session.
    pub fn groups(&self) -> Vec<Vec<String>> {
        let state = self.state.lock().unwrap();
        let of = |principal: &Principal| principal.groups.iter().map(ToString::to_string).collect();
        state
            .sessions
            .values()
            .map(|(principal, _, _)| of(principal))
            .collect()
    }

    /// Where the notices of a session are put, once its front end takes them.
    pub async fn mailbox(&self, session: u32) -> mpsc::Sender<Notice> {
        loop {
            let mailbox = self
                .mailboxes
                .lock()
                .unwrap()
                .get(&SessionId(session))
                .cloned();
            match mailbox {
                Some(mailbox) => return mailbox,
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }

    pub fn locked(&self) -> bool {
        !self.state.lock().unwrap().locks.is_empty()
    }

    fn content(&self, store: Datastore) -> Bytes {
        let state = self.state.lock().unwrap();
        state.stores.get(store.name()).cloned().unwrap_or_default()
    }

    fn put(&self, store: Datastore, bytes: Bytes) {
        let mut state = self.state.lock().unwrap();
        state.stores.insert(store.name(), bytes);
    }

    fn origin(&self, from: Origin) -> Bytes {
        match from {
            Origin::Store(store) => self.content(store),
            Origin::Inline(document) => document.bytes,
        }
    }
}

/// A stream of about `megabytes` of XML.
fn large(megabytes: usize) -> Body {
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        let _ = sender.send(Ok("<big xmlns=\"urn:big\">".into())).await;
        let piece = Bytes::from("<e>0123456789</e>".repeat(1024 * 1024 / 17));
        for _ in 0..megabytes {
            if sender.send(Ok(piece.clone())).await.is_err() {
                return;
            }
        }
        let _ = sender.send(Ok("</big>".into())).await;
    });
    Body::Stream(receiver)
}

/// A notice of an event of that name.
pub fn notice(name: &str) -> Notice {
    Notice {
        time: "2026-11-28T01:02:03.25Z".parse().unwrap(),
        document: Document::xml(format!("<{name} xmlns=\"urn:ex\"/>")),
    }
}

fn violation() -> BackendError {
    let mut report = Report::new(
        ErrorLayer::Application,
        ErrorTag::OperationFailed,
        "too large",
    );
    report.app_tag = Some("must-violation".into());
    report.path = Some("/ex:top/list[name='a']/mtu".into());
    report.path_namespaces = vec![("ex".into(), "urn:ex".into())];
    report.into()
}

fn ready<'a, T: Send + 'a>(value: Result<T>) -> BoxFuture<'a, Result<T>> {
    Box::pin(async move { value })
}

impl Backend for Fake {
    fn modules(&self) -> Vec<ModuleInfo> {
        let module = |name: &str, namespace: &str| ModuleInfo {
            name: name.into(),
            revision: Some("2026-01-01".into()),
            namespace: namespace.into(),
            features: vec![],
            yang_1_1: false,
            implemented: true,
        };
        let mut modules = vec![module("ex", "urn:ex")];
        if self.subscriptions.load(Ordering::Relaxed) {
            modules.push(module("notifications", names::NOTIFICATION));
        }
        modules
    }

    fn content_id(&self) -> String {
        "abc".into()
    }

    fn open_session(
        &self,
        principal: Principal,
        source: Source,
    ) -> BoxFuture<'_, Result<SessionId>> {
        let mut state = self.state.lock().unwrap();
        state.last_session += 1;
        let id = SessionId(state.last_session);
        let session = (principal, source, Arc::new(Notify::new()));
        state.sessions.insert(id, session);
        ready(Ok(id))
    }

    fn close_session(&self, session: SessionId) -> BoxFuture<'_, ()> {
        self.mailboxes.lock().unwrap().remove(&session);
        let mut state = self.state.lock().unwrap();
        state.sessions.remove(&session);
        state.locks.retain(|_, holder| *holder != session);
        Box::pin(async {})
    }

    fn end_session(&self, session: SessionId, why: SessionEnd) -> BoxFuture<'_, ()> {
        self.ends.lock().unwrap().push(why);
        self.close_session(session)
    }

    fn session_ended(&self, session: SessionId) -> BoxFuture<'_, ()> {
        let state = self.state.lock().unwrap();
        let notify = state.sessions.get(&session).map(|s| s.2.clone());
        Box::pin(async move {
            if let Some(notify) = notify {
                notify.notified().await;
            }
        })
    }

    fn notices(&self, session: SessionId, encoding: Encoding) -> Option<Notices> {
        if !self.subscriptions.load(Ordering::Relaxed) {
            return None;
        }
        *self.wanted.lock().unwrap() = Some(encoding);
        let (sender, notices) = mpsc::channel(4);
        self.mailboxes.lock().unwrap().insert(session, sender);
        Some(notices)
    }

    fn kill_session<'a>(&'a self, _: &'a Call, victim: SessionId) -> BoxFuture<'a, Result<()>> {
        let state = self.state.lock().unwrap();
        ready(match state.sessions.get(&victim) {
            Some((_, _, notify)) => {
                notify.notify_one();
                Ok(())
            }
            None => Err(BackendError::new(ErrorTag::InvalidValue, "no such session")),
        })
    }

    fn get<'a>(&'a self, _: &'a Call, get: Get) -> BoxFuture<'a, Result<Body>> {
        if get.store == Datastore::Startup {
            return ready(Ok(large(self.megabytes.load(Ordering::Relaxed))));
        }
        ready(Ok(Body::Whole(self.content(get.store))))
    }

    fn edit<'a>(&'a self, _: &'a Call, edit: EditRequest) -> BoxFuture<'a, Result<()>> {
        if String::from_utf8_lossy(&edit.edit.bytes).contains("wrong") {
            return ready(Err(violation()));
        }
        self.put(edit.target, edit.edit.bytes);
        ready(Ok(()))
    }

    fn copy<'a>(&'a self, _: &'a Call, from: Origin, to: Datastore) -> BoxFuture<'a, Result<()>> {
        let bytes = self.origin(from);
        self.put(to, bytes);
        ready(Ok(()))
    }

    fn delete<'a>(&'a self, _: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>> {
        self.put(store, Bytes::new());
        ready(Ok(()))
    }

    fn lock<'a>(&'a self, call: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>> {
        let mut state = self.state.lock().unwrap();
        ready(match state.locks.get(&store) {
            Some(holder) => Err(Report::new(
                ErrorLayer::Protocol,
                ErrorTag::LockDenied,
                format!("{} is locked by session {holder}", store.name()),
            )
            .with_info("session-id", holder.to_string())
            .into()),
            None => {
                state.locks.insert(store, call.session);
                Ok(())
            }
        })
    }

    fn unlock<'a>(&'a self, _: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>> {
        self.state.lock().unwrap().locks.remove(&store);
        ready(Ok(()))
    }

    fn validate<'a>(&'a self, _: &'a Call, what: Origin) -> BoxFuture<'a, Result<()>> {
        let wrong = String::from_utf8_lossy(&self.origin(what)).contains("wrong");
        ready(if wrong { Err(violation()) } else { Ok(()) })
    }

    fn commit<'a>(
        &'a self,
        _: &'a Call,
        parameters: CommitParameters,
    ) -> BoxFuture<'a, Result<Committed>> {
        let candidate = self.content(Datastore::Candidate);
        self.put(Datastore::Running, candidate);
        let trace = match parameters.debug_kicker {
            true => vec!["kicker a < b".to_owned()],
            false => vec![],
        };
        *self.committed.lock().unwrap() = Some(parameters);
        let mut state = self.state.lock().unwrap();
        state.tid += 1;
        ready(Ok(Committed {
            tid: Tid(state.tid),
            seq: Some(Seq(7)),
            changes: 1,
            trace,
            diff: None,
            warnings: Vec::new(),
        }))
    }

    fn cancel_commit<'a>(&'a self, _: &'a Call, _: Option<Arc<str>>) -> BoxFuture<'a, Result<()>> {
        ready(Ok(()))
    }

    fn discard<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Result<()>> {
        let running = self.content(Datastore::Running);
        self.put(Datastore::Candidate, running);
        ready(Ok(()))
    }

    /// `<echo>` gives its content back, `<slow>` reports progress and ends when it is cancelled
    /// (or, with content, at once), `<late-failure>` fails in the middle of its output. `<waiting>` ends when it is told to,
    /// `<late-output>` waits before its output begins. `<create-subscription>` and `<delete-subscription>` put a notice
    /// into the mailbox of their session.
    fn invoke<'a>(
        &'a self,
        call: &'a Call,
        operation: Document,
        _: Encoding,
    ) -> BoxFuture<'a, Result<Body>> {
        let text = String::from_utf8_lossy(&operation.bytes).into_owned();
        Box::pin(async move {
            let name = text.trim_start_matches('<');
            let name = name.split([' ', '>', '/']).next().unwrap_or("");
            let inner = text
                .split_once('>')
                .and_then(|(_, rest)| rest.rsplit_once("</"))
                .map_or("", |(inner, _)| inner);
            match name {
                "echo" | "action" => Ok(Body::Whole(Bytes::from(inner.to_owned()))),
                "slow" => {
                    call.report("first step");
                    call.report("second <step>");
                    if inner.is_empty() {
                        call.cancel.cancelled().await;
                        *self.cancelled.lock().unwrap() += 1;
                    }
                    Ok(Body::Whole(Bytes::new()))
                }
                "waiting" => {
                    self.waited.fetch_add(1, Ordering::Relaxed);
                    self.go_on.notified().await;
                    self.went_on.fetch_add(1, Ordering::Relaxed);
                    Ok(Body::Whole(Bytes::new()))
                }
                "late-output" => {
                    self.waited.fetch_add(1, Ordering::Relaxed);
                    let (sender, receiver) = mpsc::channel(1);
                    let go_on = self.go_on.clone();
                    tokio::spawn(async move {
                        go_on.notified().await;
                        let _ = sender.send(Ok("<out xmlns=\"urn:ex\"/>".into())).await;
                    });
                    Ok(Body::Stream(receiver))
                }
                "create-subscription" | "delete-subscription" => {
                    let sent = self.mailbox(call.session.0).await.send(notice(name)).await;
                    sent.map(|()| Body::Whole(Bytes::new())).map_err(|_| {
                        BackendError::new(ErrorTag::OperationFailed, "the session is gone")
                    })
                }
                "late-failure" => {
                    let (sender, receiver) = mpsc::channel(2);
                    let _ = sender.send(Ok("<out xmlns=\"urn:ex\">".into())).await;
                    let _ = sender.send(Err(violation())).await;
                    Ok(Body::Stream(receiver))
                }
                other => Err(Report::new(
                    ErrorLayer::Protocol,
                    ErrorTag::OperationNotSupported,
                    format!("there is no operation <{other}>"),
                )
                .into()),
            }
        })
    }

    fn schema_text<'a>(
        &'a self,
        _: &'a Call,
        name: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Arc<str>>> {
        ready(match name {
            "ex" => Ok("module ex { must \"a < b\"; }".into()),
            _ => Err(BackendError::new(ErrorTag::InvalidValue, "no such module")),
        })
    }
}
