//! Carries one request out: operation to backend call, result to reply.

use std::sync::Arc;

use banyan_engine::backend::{Backend, Body, Call, Committed, Encoding, PartiallyLocked};
use banyan_engine::nmda::{Data, Missing, ReadFrom};
use banyan_engine::{BackendError, SessionId};
use bytes::Bytes;
use tokio::sync::mpsc;

use super::aside::{Meanwhile, Subscribed, When};
use super::error_map::rpc_errors;
use super::outgoing::{Outgoing, SendError};
use super::request::{self, CommitReply, Request};
use crate::limits::Compat;
use crate::names::{BANYAN, BASE, MONITORING, NMDA, PARTIAL_LOCK};
use crate::rpc::{ReplyEnvelope, Rpc};
use crate::rpc_error::{ErrorInfo, ErrorTag, ErrorType, RpcError};
use crate::xml::{escape_attribute, escape_text, push_declaration};

/// Operations above this size are taken apart on the blocking pool.
const LARGE_OPERATION: usize = 1 << 20;

/// What comes after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The next one.
    Continue,
    /// The end of the session.
    Close,
}

/// What a request came to.
enum Answer {
    Ok,
    Data(Begun),
    /// With the namespace of the element around the data.
    DataAndMissing(Begun, Vec<Missing>, &'static str),
    Schema(Arc<str>),
    Output(Begun),
    Committed(Committed),
    Locked(PartiallyLocked),
    Close,
}

/// Why a request failed.
enum Failure {
    Request(RpcError),
    Backend(BackendError),
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Self {
        Failure::Backend(error)
    }
}

/// Executes a request and sends its reply; meanwhile what else there is for the client.
pub(super) async fn execute(
    backend: &dyn Backend,
    call: &Call,
    transport: &str,
    rpc: Rpc,
    compat: Compat,
    subscribed: &mut Subscribed,
    out: &mut Outgoing,
) -> Result<After, SendError> {
    let Rpc {
        envelope,
        message_id,
        operation,
        wants_progress,
        acting_for,
    } = rpc;
    let mut call = match on_behalf_of(call, transport, acting_for) {
        Ok(call) => call,
        Err(error) => {
            out.message(&envelope.errors([&error])).await?;
            return Ok(After::Continue);
        }
    };
    let request = if operation.size() > LARGE_OPERATION {
        let taken_apart =
            tokio::task::spawn_blocking(move || request::read(&operation, compat)).await;
        taken_apart.unwrap_or_else(|e| Err(internal(&e.to_string())))
    } else {
        request::read(&operation, compat)
    };
    let request = match request {
        Ok(request) => request,
        Err(error) => {
            out.message(&envelope.errors([&error])).await?;
            return Ok(After::Continue);
        }
    };
    let when = match &request {
        // RFC 6241 7.8: nothing more is due to who leaves.
        Request::Subscribe(_) | Request::CloseSession => When::AfterReply,
        _ => When::Meanwhile,
    };
    let lines = wants_progress.then(|| {
        let (sender, lines) = mpsc::unbounded_channel();
        call.progress = Some(sender);
        (message_id.unwrap_or_default(), lines)
    });
    let meanwhile = Meanwhile {
        subscribed,
        when,
        lines,
    };
    let work = perform(backend, &call, request);
    let answer = meanwhile.work(work, &call, out).await?;
    if call.cancel.is_cancelled() {
        return Ok(After::Close); // Killed: nobody is owed an answer any more.
    }
    tokio::select! {
        after = reply(answer, &envelope, out) => after,
        () = call.cancel.cancelled() => Ok(After::Close),
    }
}

/// The call of a request that a front end makes for one of its users. Whether it may do so for him is for access control to
/// say; that it is a program of this machine, and nobody from outside, is said here.
fn on_behalf_of(
    call: &Call,
    transport: &str,
    acting_for: Option<String>,
) -> Result<Call, RpcError> {
    let mut call = call.clone();
    let Some(user) = acting_for.filter(|user| **user != *call.principal.user) else {
        return Ok(call);
    };
    if !matches!(transport, "unix" | "internal") {
        let error = RpcError::new(
            ErrorType::Rpc,
            ErrorTag::AccessDenied,
            format!(
                "{} may not act for {user} here: the attribute username is for front ends on the Unix socket",
                call.principal.user
            ),
        );
        return Err(error);
    }
    call.principal.acting_for = Some(user.into());
    Ok(call)
}

async fn perform(backend: &dyn Backend, call: &Call, request: Request) -> Result<Answer, Failure> {
    match request {
        Request::Get(get) => {
            let data = Begun::of(backend.get(call, get).await?).await?;
            return Ok(Answer::Data(data));
        }
        Request::GetData(get) => {
            let namespace = match get.from {
                ReadFrom::RunningAndState => BASE,
                _ => NMDA,
            };
            let Data { body, missing } = backend.get_data(call, get).await?;
            let data = Begun::of(body).await?;
            return Ok(Answer::DataAndMissing(data, missing, namespace));
        }
        Request::Edit(edit) => backend.edit(call, edit).await?,
        Request::Copy(from, to) => backend.copy(call, from, to).await?,
        Request::Delete(store) => backend.delete(call, store).await?,
        Request::Lock(store) => backend.lock(call, store).await?,
        Request::Unlock(store) => backend.unlock(call, store).await?,
        Request::Validate(what) => backend.validate(call, what).await?,
        Request::Commit(parameters, reply) => {
            let committed = backend.commit(call, parameters).await?;
            if reply == CommitReply::Report {
                return Ok(Answer::Committed(committed));
            }
        }
        Request::CancelCommit(id) => backend.cancel_commit(call, id).await?,
        Request::Discard => backend.discard(call).await?,
        Request::CloseSession => return Ok(Answer::Close),
        Request::KillSession(id) if SessionId(id) == call.session => {
            // RFC 6241 7.9: "If the value is equal to the current session ID".
            return Err(Failure::Request(
                RpcError::new(
                    ErrorType::Protocol,
                    ErrorTag::InvalidValue,
                    "a session cannot kill itself; use close-session",
                )
                .with_info(ErrorInfo::BadElement("session-id".into())),
            ));
        }
        Request::KillSession(id) => backend.kill_session(call, SessionId(id)).await?,
        Request::PartialLock(select) => {
            let locked = backend.partial_lock(call, select).await?;
            return Ok(Answer::Locked(locked));
        }
        Request::PartialUnlock(id) => backend.partial_unlock(call, id).await?,
        Request::GetSchema { name, revision } => {
            let text = backend
                .schema_text(call, &name, revision.as_deref())
                .await?;
            return Ok(Answer::Schema(text));
        }
        Request::Invoke(operation) | Request::Subscribe(operation) => {
            let output = backend.invoke(call, operation, Encoding::Xml).await?;
            return Ok(Answer::Output(Begun::of(output).await?));
        }
    }
    Ok(Answer::Ok)
}

async fn reply(
    answer: Result<Answer, Failure>,
    envelope: &ReplyEnvelope,
    out: &mut Outgoing,
) -> Result<After, SendError> {
    match answer {
        Ok(Answer::Ok) => out.message(&envelope.ok()).await?,
        Ok(Answer::Close) => {
            out.message(&envelope.ok()).await?;
            return Ok(After::Close);
        }
        Ok(Answer::Data(body)) => {
            let open = format!("{}<{}>", envelope.open(), envelope.child("data"));
            let close = format!("</data>{}", envelope.close());
            stream(body, Empty::Written, open, close, envelope, out).await?;
        }
        Ok(Answer::DataAndMissing(data, missing, namespace)) => {
            let missing = incomplete(&missing);
            let start = match namespace {
                BASE => envelope.child("data"),
                other => format!("data xmlns=\"{other}\""),
            };
            let open = format!("{}<{start}{missing}>", envelope.open());
            let close = format!("</data>{}", envelope.close());
            stream(data, Empty::Written, open, close, envelope, out).await?;
        }
        Ok(Answer::Output(body)) => {
            let (open, close) = (envelope.open(), envelope.close());
            stream(body, Empty::MeansOk, open, close, envelope, out).await?;
        }
        Ok(Answer::Schema(text)) => {
            let open = format!("{}<data xmlns=\"{MONITORING}\">", envelope.open());
            out.piece(open.as_bytes()).await?;
            out.piece(escape_text(&text).as_bytes()).await?;
            out.piece(format!("</data>{}", envelope.close()).as_bytes())
                .await?;
            out.end().await?;
        }
        Ok(Answer::Committed(committed)) => {
            out.message(&committed_reply(&committed, envelope)).await?;
        }
        Ok(Answer::Locked(locked)) => out.message(&locked_reply(&locked, envelope)).await?,
        Err(Failure::Request(error)) => out.message(&envelope.errors([&error])).await?,
        Err(Failure::Backend(error)) => backend_errors(&error, envelope, out).await?,
    }
    Ok(After::Continue)
}

/// The annotation of module banyan that tells what the data lack; nothing when they are complete.
fn incomplete(missing: &[Missing]) -> String {
    if missing.is_empty() {
        return String::new();
    }
    let told: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let told = escape_attribute(&told.join("; "));
    format!(" xmlns:by=\"{BANYAN}\" by:incomplete=\"{told}\"")
}

/// What an empty body is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    /// No data.
    Written,
    /// RFC 7950 7.14.4: no output parameters, so the reply is `<ok/>`.
    MeansOk,
}

/// A body whose first piece is there: from here on it can be written without a wait for who makes it, as a rule.
struct Begun {
    first: Bytes,
    rest: Option<mpsc::Receiver<Result<Bytes, BackendError>>>,
}

impl Begun {
    /// Waits for the first piece.
    ///
    /// # Errors
    /// The body begins with one: an ordinary rpc-error can still be the answer.
    async fn of(body: Body) -> Result<Begun, BackendError> {
        let (first, rest) = match body {
            Body::Whole(bytes) => (bytes, None),
            Body::Stream(mut pieces) => {
                let first = next_piece(&mut pieces).await.transpose()?;
                (first.unwrap_or_default(), Some(pieces))
            }
        };
        Ok(Begun { first, rest })
    }
}

/// Sends a body between two tags, piece by piece. An error after the first piece can only end the session.
async fn stream(
    body: Begun,
    empty: Empty,
    open: String,
    close: String,
    envelope: &ReplyEnvelope,
    out: &mut Outgoing,
) -> Result<(), SendError> {
    let Begun { first, mut rest } = body;
    if first.is_empty() && empty == Empty::MeansOk {
        return out.message(&envelope.ok()).await;
    }
    out.piece(open.as_bytes()).await?;
    out.piece(&first).await?;
    if let Some(pieces) = &mut rest {
        while let Some(piece) = next_piece(pieces).await {
            let piece = piece.map_err(|e| SendError::Interrupted(e.to_string()))?;
            out.piece(&piece).await?;
        }
    }
    out.piece(close.as_bytes()).await?;
    out.end().await
}

/// The next piece that is not empty.
async fn next_piece(
    pieces: &mut mpsc::Receiver<Result<Bytes, BackendError>>,
) -> Option<Result<Bytes, BackendError>> {
    loop {
        match pieces.recv().await {
            Some(Ok(bytes)) if bytes.is_empty() => {}
            other => return other,
        }
    }
}

async fn backend_errors(
    error: &BackendError,
    envelope: &ReplyEnvelope,
    out: &mut Outgoing,
) -> Result<(), SendError> {
    let mut errors = rpc_errors(error);
    if errors.is_empty() {
        errors.push(internal("the operation failed without a reason"));
    }
    out.message(&envelope.errors(&errors)).await
}

/// The output that the module banyan gives `<commit>`.
fn committed_reply(committed: &Committed, envelope: &ReplyEnvelope) -> String {
    let mut reply = envelope.open();
    let mut leaf = |name: &str, value: &str| {
        let value = escape_text(value);
        reply.push_str(&format!("<{name} xmlns=\"{BANYAN}\">{value}</{name}>"));
    };
    leaf("tid", &committed.tid.to_string());
    if let Some(seq) = committed.seq {
        leaf("seq", &seq.to_string());
        leaf("changes", &committed.changes.to_string());
    }
    if let Some(diff) = &committed.diff {
        leaf("diff", diff);
    }
    for line in &committed.trace {
        leaf("trace", line);
    }
    for warning in &committed.warnings {
        leaf("warning", warning);
    }
    reply.push_str(&envelope.close());
    reply
}

/// RFC 5717 2.4.1: the lock's number, and the nodes that it names.
fn locked_reply(locked: &PartiallyLocked, envelope: &ReplyEnvelope) -> String {
    let mut reply = envelope.open();
    reply.push_str(&format!(
        "<lock-id xmlns=\"{PARTIAL_LOCK}\">{}</lock-id>",
        locked.id
    ));
    for node in &locked.nodes {
        reply.push_str(&format!("<locked-node xmlns=\"{PARTIAL_LOCK}\""));
        for (prefix, uri) in &node.namespaces {
            push_declaration(prefix, uri, &mut reply);
        }
        reply.push('>');
        reply.push_str(&escape_text(&node.xml));
        reply.push_str("</locked-node>");
    }
    reply.push_str(&envelope.close());
    reply
}

fn internal(reason: &str) -> RpcError {
    RpcError::new(ErrorType::Application, ErrorTag::OperationFailed, reason)
}
