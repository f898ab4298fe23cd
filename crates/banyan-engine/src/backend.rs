//! The one interface between front ends and the engine.
//!
//! Payloads are documents (encoding and bytes): a front end holds no schema and binds nothing. Two
//! implementations stand behind it: the engine in this process, and a client that speaks NETCONF over
//! the Unix socket. Must not know any protocol's wire format.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use crate::error::{BackendError, ErrorTag};
use crate::nmda::{Data, GetData};
use crate::notice::Notices;
use crate::number::{Seq, SessionId, Tid};

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The result of a call to a [`Backend`].
pub type Result<T> = std::result::Result<T, BackendError>;

/// Who makes a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Principal {
    /// The authenticated user name.
    pub user: Arc<str>,
    /// Groups that the transport vouches for (RFC 8341 3.4.4, external groups).
    pub groups: Vec<Arc<str>>,
    /// The user for whom a trusted front end acts; access control looks at this one.
    pub acting_for: Option<Arc<str>>,
}

impl Principal {
    /// A user who acts for himself.
    pub fn user(name: impl Into<Arc<str>>) -> Self {
        Principal {
            user: name.into(),
            groups: Vec::new(),
            acting_for: None,
        }
    }

    /// The name that access control, locks and history use.
    pub fn effective(&self) -> &Arc<str> {
        self.acting_for.as_ref().unwrap_or(&self.user)
    }
}

/// How a session ended, as its front end knows (RFC 6470 2.2 `termination-reason`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum SessionEnd {
    /// Its client closed it.
    #[default]
    Closed,
    /// The connection broke off.
    Dropped,
    /// Its client was silent for too long.
    Timeout,
    /// Its first message was no hello, or one with which it cannot go on.
    BadHello,
    /// For another reason: the server stops, for instance.
    Other,
}

impl SessionEnd {
    /// Its name in notifications.
    pub fn name(self) -> &'static str {
        match self {
            SessionEnd::Closed => "closed",
            SessionEnd::Dropped => "dropped",
            SessionEnd::Timeout => "timeout",
            SessionEnd::BadHello => "bad-hello",
            SessionEnd::Other => "other",
        }
    }
}

/// How a session came in: shown in lock errors, session lists and history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// The protocol: `netconf`, `restconf`, `cli`, `controller`, ...
    pub front_end: Arc<str>,
    /// The transport: `ssh`, `unix`, `stdio`, `internal`.
    pub transport: Arc<str>,
    /// The peer's address, where there is one.
    pub peer: Option<Arc<str>>,
}

/// Tells a call that nobody waits for its answer any more. Clones share the state.
#[derive(Clone, Default)]
pub struct Cancel(Arc<CancelState>);

#[derive(Default)]
struct CancelState {
    cancelled: AtomicBool,
    notify: Notify,
}

impl Cancel {
    /// Cancels; calls that look at it end at their next safe point.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        self.0.notify.notify_waiters();
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// Completes when it is cancelled.
    pub async fn cancelled(&self) {
        let notified = self.0.notify.notified();
        tokio::pin!(notified);
        // Registered before the flag is read, so a cancellation in between is not missed.
        notified.as_mut().enable();
        if !self.is_cancelled() {
            notified.await;
        }
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cancel({})", self.is_cancelled())
    }
}

/// What comes with every call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The session, as [`Backend::open_session`] gave it.
    pub session: SessionId,
    /// Who asks.
    pub principal: Principal,
    /// When the caller stops waiting; `None` means never.
    pub deadline: Option<Instant>,
    /// Set when the caller went away.
    pub cancel: Cancel,
    /// Where progress lines go (one per device and step, for instance); `None` means nobody listens.
    pub progress: Option<mpsc::UnboundedSender<String>>,
}

impl Call {
    /// A call without deadline and without progress.
    pub fn new(session: SessionId, principal: Principal) -> Self {
        Call {
            session,
            principal,
            deadline: None,
            cancel: Cancel::default(),
            progress: None,
        }
    }

    /// Sends a progress line, if anybody listens.
    pub fn report(&self, line: impl Into<String>) {
        if let Some(progress) = &self.progress {
            // A listener that went away is no error.
            let _ = progress.send(line.into());
        }
    }
}

/// The encoding of a [`Document`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Encoding {
    /// XML (RFC 7950).
    Xml,
    /// JSON (RFC 7951).
    Json,
    /// Curly braces, for people; output only.
    Text,
    /// Lines of `set PATH VALUE`; output only.
    Set,
}

/// How differences are written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum DiffFormat {
    /// Lines with + and -, for people.
    #[default]
    Text,
    /// The content of an edit-config (RFC 6241 7.2).
    Xml,
    /// A YANG Patch (RFC 8072).
    Json,
    /// Lines of `set PATH VALUE` and `delete PATH`.
    Set,
}

impl DiffFormat {
    /// The format of that name.
    pub fn named(name: &str) -> Option<DiffFormat> {
        let all = [Self::Text, Self::Xml, Self::Json, Self::Set];
        all.into_iter().find(|format| format.name() == name)
    }

    /// Its name in requests.
    pub fn name(self) -> &'static str {
        match self {
            DiffFormat::Text => "text",
            DiffFormat::Xml => "xml",
            DiffFormat::Json => "json",
            DiffFormat::Set => "set",
        }
    }
}

/// A piece of data or an operation in some encoding. XML carries all namespace declarations that it needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// How the bytes are to be read.
    pub encoding: Encoding,
    /// For data: the top-level nodes one after the other (XML), or one object (JSON). For an operation:
    /// its element, or an object with one member.
    pub bytes: Bytes,
}

impl Document {
    /// An XML document.
    pub fn xml(bytes: impl Into<Bytes>) -> Self {
        Document {
            encoding: Encoding::Xml,
            bytes: bytes.into(),
        }
    }

    /// A JSON document.
    pub fn json(bytes: impl Into<Bytes>) -> Self {
        Document {
            encoding: Encoding::Json,
            bytes: bytes.into(),
        }
    }
}

/// A reply's content. Large ones stream, so that nobody holds them whole.
#[derive(Debug)]
pub enum Body {
    /// Everything, at once.
    Whole(Bytes),
    /// Piece by piece; the channel is bounded, so a slow reader holds the printer back.
    Stream(mpsc::Receiver<Result<Bytes>>),
}

impl Body {
    /// Collects the body; for callers that need it whole.
    pub async fn collect(self) -> Result<Bytes> {
        match self {
            Body::Whole(bytes) => Ok(bytes),
            Body::Stream(mut pieces) => {
                let mut all = Vec::new();
                while let Some(piece) = pieces.recv().await {
                    all.extend_from_slice(&piece?);
                }
                Ok(Bytes::from(all))
            }
        }
    }
}

/// A datastore that can be named in a request (RFC 8342).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Datastore {
    /// The configuration in force.
    Running,
    /// The work copy: the shared one, or the session's own ([`Candidates`]); lost at a restart.
    Candidate,
    /// What the next start begins with.
    Startup,
}

impl Datastore {
    /// Its name in protocols and file names.
    pub fn name(self) -> &'static str {
        match self {
            Datastore::Running => "running",
            Datastore::Candidate => "candidate",
            Datastore::Startup => "startup",
        }
    }
}

/// Which candidate a session works on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Candidates {
    /// The one that all sessions share (RFC 6241 8.3); it outlives them.
    #[default]
    Shared,
    /// One of its own, which nobody else sees and which ends with it (draft-ietf-netconf-privcand).
    Private,
}

/// What becomes of conflicts when a candidate is brought onto what is running now
/// (draft-ietf-netconf-privcand, `resolution-mode`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Resolution {
    /// They are listed, and nothing is changed.
    #[default]
    RevertOnConflict,
    /// What the candidate has is kept.
    PreferCandidate,
    /// What is running takes its place.
    PreferRunning,
}

/// What of a datastore is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Filter {
    /// RFC 6241 section 6: the content of the `filter` element.
    Subtree(Document),
    /// RFC 6241 8.9: an expression and what its prefixes stand for. Names without a prefix, and prefixes
    /// that are module names, are understood as well.
    XPath {
        /// The expression; must yield a node set.
        select: String,
        /// Prefix and namespace URI.
        namespaces: Vec<(String, String)>,
    },
}

/// An XPath expression of a request, with what its prefixes stand for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expression {
    /// The expression.
    pub select: String,
    /// Prefix and namespace URI. Module names do as prefixes too.
    pub namespaces: Vec<(String, String)>,
}

/// A node that a partial lock names; what is beneath it is locked too.
#[derive(Clone, PartialEq, Debug)]
pub struct LockedNode {
    /// Its path, as RFC 7951 writes it.
    pub path: Arc<str>,
    /// Its path, as XML writes it.
    pub xml: String,
    /// Prefix and namespace URI of all prefixes of `xml`.
    pub namespaces: Vec<(String, Arc<str>)>,
    pub(crate) prefix: crate::reserve::Prefix,
}

impl LockedNode {
    /// A node as a backend without schema knows it.
    pub fn named(path: Arc<str>, xml: String, namespaces: Vec<(String, Arc<str>)>) -> Self {
        LockedNode {
            path,
            xml,
            namespaces,
            prefix: Vec::new(),
        }
    }
}

/// A partial lock that was granted (RFC 5717 2.4.1).
#[derive(Clone, PartialEq, Debug)]
pub struct PartiallyLocked {
    /// Its number.
    pub id: u32,
    /// The nodes that it names.
    pub nodes: Vec<LockedNode>,
}

/// RFC 6243.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum WithDefaults {
    /// Only what was set.
    #[default]
    Explicit,
    /// Defaults in use too.
    ReportAll,
    /// Defaults in use too, marked.
    ReportAllTagged,
    /// Nothing that equals its default.
    Trim,
}

/// A read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Get {
    /// Where from.
    pub store: Datastore,
    /// `true`: state data too (RFC 6241 7.7 `get`; then `store` is running).
    pub state: bool,
    /// What of it; `None` is everything.
    pub filter: Option<Filter>,
    /// How defaults are shown.
    pub with_defaults: WithDefaults,
    /// The encoding of the reply.
    pub encoding: Encoding,
}

/// RFC 6241 7.2 `default-operation`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum DefaultOperation {
    /// Merge.
    #[default]
    Merge,
    /// Replace.
    Replace,
    /// Only what carries an operation of its own.
    None,
}

/// RFC 6241 7.2 `test-option`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum TestOption {
    /// Validate, then set. Banyan validates a candidate at commit; here the edit itself is tested.
    #[default]
    TestThenSet,
    /// Set without a test.
    Set,
    /// Test only.
    TestOnly,
}

/// An edit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EditRequest {
    /// Which datastore.
    pub target: Datastore,
    /// The edit: data with `operation` attributes.
    pub edit: Document,
    /// What holds for nodes without an operation.
    pub default_operation: DefaultOperation,
    /// Whether to test, set, or both.
    pub test_option: TestOption,
}

/// Where a copy or a validation takes its data from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A datastore.
    Store(Datastore),
    /// Data in the request.
    Inline(Document),
}

/// RFC 6241 8.4 confirmed commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Confirmed {
    /// Seconds until the commit is taken back.
    pub timeout: u32,
    /// Survives the session, and is confirmed by this id.
    pub persist: Option<Arc<str>>,
}

/// What a commit may be told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CommitParameters {
    /// Take it back unless it is confirmed.
    pub confirmed: Option<Confirmed>,
    /// Confirms (or extends) the pending commit of that id.
    pub persist_id: Option<Arc<str>>,
    /// A comment for the history.
    pub comment: Option<String>,
    /// A label for the history.
    pub label: Option<String>,
    /// Change the tree only; push nothing to devices.
    pub no_networking: bool,
    /// Say how kickers were evaluated.
    pub debug_kicker: bool,
    /// Change nothing: rebase, check and ask the participants, and say in this format what would change.
    pub dry_run: Option<DiffFormat>,
}

/// What a commit did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Committed {
    /// The attempt's number.
    pub tid: Tid,
    /// Its place in the log; `None` when nothing had changed.
    pub seq: Option<Seq>,
    /// How many places of running it has changed.
    pub changes: u64,
    /// Lines that debug parameters asked for.
    pub trace: Vec<String>,
    /// What would change, for a dry run: as far as the committer may read it.
    pub diff: Option<String>,
    /// What the committer should know of what it did, a sentence each: that he may not change the rules of access control
    /// any more, for instance. It is in the daemon's log too.
    pub warnings: Vec<String>,
}

/// A module as `hello` and monitoring announce it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModuleInfo {
    /// Its name.
    pub name: Arc<str>,
    /// Its revision, or nothing.
    pub revision: Option<Arc<str>>,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Features that are on.
    pub features: Vec<Arc<str>>,
    /// Whether it is YANG 1.1 (then `hello` leaves it out, RFC 7950 5.6.4).
    pub yang_1_1: bool,
    /// Implemented, or only imported.
    pub implemented: bool,
}

/// The answer of a backend that does not do something.
fn unsupported<T: Send + 'static>(what: &str) -> BoxFuture<'static, Result<T>> {
    let error = BackendError::new(
        ErrorTag::OperationNotSupported,
        format!("{what} is not supported here"),
    );
    Box::pin(std::future::ready(Err(error)))
}

/// The engine, as front ends see it.
pub trait Backend: Send + Sync {
    /// The module set, for `hello` and for translation tables.
    fn modules(&self) -> Vec<ModuleInfo>;

    /// The content-id of the module set (RFC 8525, RFC 7950 5.6.4).
    fn content_id(&self) -> String;

    /// Opens a session; its locks and work live as long as it does.
    fn open_session(
        &self,
        principal: Principal,
        source: Source,
    ) -> BoxFuture<'_, Result<SessionId>>;

    /// Closes a session: releases its locks and discards what it alone held. Unknown ids are ignored.
    fn close_session(&self, session: SessionId) -> BoxFuture<'_, ()>;

    /// As [`Backend::close_session`], and says how it ended (RFC 6470 `termination-reason`).
    fn end_session(&self, session: SessionId, why: SessionEnd) -> BoxFuture<'_, ()> {
        let _ = why;
        self.close_session(session)
    }

    /// Completes when the session was killed by another (RFC 6241 7.9) or the engine stops.
    fn session_ended(&self, session: SessionId) -> BoxFuture<'_, ()>;

    /// The notices of a session, in this encoding; a front end takes them once. `None`: the session is not open, they are
    /// taken already, or the backend has no subscriptions.
    fn notices(&self, session: SessionId, encoding: Encoding) -> Option<Notices> {
        let _ = (session, encoding);
        None
    }

    /// Kills another session (RFC 6241 7.9).
    fn kill_session<'a>(&'a self, call: &'a Call, victim: SessionId) -> BoxFuture<'a, Result<()>>;

    /// Reads.
    fn get<'a>(&'a self, call: &'a Call, get: Get) -> BoxFuture<'a, Result<Body>>;

    /// Reads from any datastore, operational among them (RFC 8526 3.1.1); says what state is missing. A backend that has
    /// nothing beside [`Backend::get`] reads what that can.
    fn get_data<'a>(&'a self, call: &'a Call, get: GetData) -> BoxFuture<'a, Result<Data>> {
        Box::pin(async move {
            let body = self.get(call, get.plain()?).await?;
            let missing = Vec::new();
            Ok(Data { body, missing })
        })
    }

    /// Edits a datastore.
    fn edit<'a>(&'a self, call: &'a Call, edit: EditRequest) -> BoxFuture<'a, Result<()>>;

    /// Replaces a datastore by another, or by data in the request.
    fn copy<'a>(&'a self, call: &'a Call, from: Origin, to: Datastore)
    -> BoxFuture<'a, Result<()>>;

    /// Empties a datastore; never running.
    fn delete<'a>(&'a self, call: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>>;

    /// Locks a datastore for the session (RFC 6241 7.5).
    fn lock<'a>(&'a self, call: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>>;

    /// Releases the session's lock.
    fn unlock<'a>(&'a self, call: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>>;

    /// Says which candidate the session works on, before its first use.
    fn choose_candidate<'a>(
        &'a self,
        call: &'a Call,
        candidates: Candidates,
    ) -> BoxFuture<'a, Result<()>> {
        let _ = (call, candidates);
        unsupported("the choice of a candidate")
    }

    /// Locks parts of running for the session (RFC 5717 2.4.1).
    fn partial_lock<'a>(
        &'a self,
        call: &'a Call,
        select: Vec<Expression>,
    ) -> BoxFuture<'a, Result<PartiallyLocked>> {
        let _ = (call, select);
        unsupported("partial-lock")
    }

    /// Releases a partial lock of the session.
    fn partial_unlock<'a>(&'a self, call: &'a Call, id: u32) -> BoxFuture<'a, Result<()>> {
        let _ = (call, id);
        unsupported("partial-unlock")
    }

    /// Validates (RFC 6241 8.6).
    fn validate<'a>(&'a self, call: &'a Call, what: Origin) -> BoxFuture<'a, Result<()>>;

    /// Commits the candidate (RFC 6241 8.3.4).
    fn commit<'a>(
        &'a self,
        call: &'a Call,
        parameters: CommitParameters,
    ) -> BoxFuture<'a, Result<Committed>>;

    /// Takes a pending confirmed commit back (RFC 6241 8.4.4).
    fn cancel_commit<'a>(
        &'a self,
        call: &'a Call,
        persist_id: Option<Arc<str>>,
    ) -> BoxFuture<'a, Result<()>>;

    /// Makes the candidate equal to running (RFC 6241 8.3.4).
    fn discard<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<()>>;

    /// Calls an rpc, or an action (XML: inside `<action xmlns="urn:ietf:params:xml:ns:yang:1">`). The reply
    /// is the content of the output; empty means `ok`.
    fn invoke<'a>(
        &'a self,
        call: &'a Call,
        operation: Document,
        encoding: Encoding,
    ) -> BoxFuture<'a, Result<Body>>;

    /// The YANG text of a module or submodule (RFC 6022 3.1).
    fn schema_text<'a>(
        &'a self,
        call: &'a Call,
        name: &'a str,
        revision: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Arc<str>>>;
}
