//! A NETCONF client over any [`Transport`]: the CLI's commands, the controller's device sessions and
//! tests all use this one.
//!
//! Requests may overlap: replies are matched by message-id, not by order. Cloning a [`Client`] is
//! cheap; the session ends when the last clone is dropped. Payloads stay XML: nothing here knows a
//! schema.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use banyan_engine::backend::{
    CommitParameters, Datastore, EditRequest, Filter, Origin, WithDefaults,
};
use bytes::{Bytes, BytesMut};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::framing::{Decoder, Encoder, Framing, FramingError};
use crate::hello::Hello;
use crate::limits::{Compat, Limits};
use crate::message::{self, Message};
use crate::names::BANYAN;
use crate::operations;
use crate::reply::{Notification, RpcReply};
use crate::rpc::open_rpc;
use crate::rpc_error::RpcError;
use crate::transport::{Peer, Reading, Transport, Writing};

/// Messages above this size are parsed on the blocking pool.
const LARGE_MESSAGE: usize = 1 << 20;
/// How many notifications may wait to be taken; more are dropped, and counted.
const NOTIFICATION_QUEUE: usize = 4096;

/// Why a request, or the whole session, failed.
#[derive(Clone, Debug, Error)]
pub enum ClientError {
    /// The server answered with errors.
    #[error("{}", join_errors(.0))]
    Rpc(Vec<RpcError>),
    /// The hello exchange failed.
    #[error("the NETCONF session could not begin: {reason}")]
    Hello {
        /// Why.
        reason: String,
    },
    /// No reply in time. The request may still take effect.
    #[error("no reply within {} s to <{operation}>; it may still take effect on the server", .after.as_secs_f32())]
    Timeout {
        /// The operation's name.
        operation: String,
        /// How long was waited.
        after: Duration,
    },
    /// The session has ended. A request under way may or may not have taken effect.
    #[error("the NETCONF session has ended: {reason}")]
    Closed {
        /// Why.
        reason: Arc<str>,
    },
    /// The request cannot be sent on this session.
    #[error(transparent)]
    Framing(#[from] FramingError),
    /// The reply is not one to this operation.
    #[error("the server's reply to <{operation}> holds no {expected}")]
    UnexpectedReply {
        /// The operation's name.
        operation: &'static str,
        /// What was expected in it.
        expected: &'static str,
    },
}

fn join_errors(errors: &[RpcError]) -> String {
    let lines: Vec<String> = errors.iter().map(RpcError::to_string).collect();
    lines.join("\n")
}

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Bounds on what is accepted from the server.
    pub limits: Limits,
    /// How long a request waits for its reply.
    pub timeout: Duration,
    /// What we say in our hello.
    pub hello: Hello,
    /// Lenient: the server's hello may lack its namespace or session-id.
    pub compat: Compat,
}

impl Default for ClientOptions {
    fn default() -> Self {
        ClientOptions {
            limits: Limits::default(),
            timeout: Duration::from_secs(60),
            hello: Hello::client(),
            compat: Compat::Strict,
        }
    }
}

/// A session with a server.
#[derive(Clone, Debug)]
pub struct Client {
    session: Arc<Session>,
    timeout: Duration,
}

/// What a commit told about itself; all empty from a server that is not Banyan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitReport {
    /// The number of the attempt.
    pub tid: Option<u32>,
    /// The place in the commit log; `None` when nothing had changed.
    pub seq: Option<u64>,
    /// Lines that debug parameters asked for.
    pub trace: Vec<String>,
    /// Remarks of the server.
    pub warnings: Vec<RpcError>,
}

#[derive(Debug)]
struct Session {
    peer: Peer,
    hello: Hello,
    framing: Framing,
    pending: Arc<Pending>,
    outgoing: mpsc::Sender<Bytes>,
    next_id: AtomicU64,
    reader: AbortHandle,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.reader.abort(); // The writer ends by itself, after what was sent is out.
    }
}

/// The requests under way.
#[derive(Debug)]
struct Pending {
    waiting: Mutex<HashMap<String, Waiting>>,
    /// Why the session ended, once it has.
    closed: watch::Sender<Option<Arc<str>>>,
    dropped_notifications: AtomicU64,
}

#[derive(Debug)]
struct Waiting {
    reply: oneshot::Sender<RpcReply>,
    progress: Option<mpsc::UnboundedSender<String>>,
}

impl Pending {
    fn waiting(&self) -> MutexGuard<'_, HashMap<String, Waiting>> {
        // A panic elsewhere leaves the map whole: every change to it is one call.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, reason: &str) {
        self.closed.send_if_modified(|closed| {
            let first = closed.is_none();
            if first {
                *closed = Some(Arc::from(reason));
            }
            first
        });
        self.waiting().clear(); // Their receivers see the end, and ask why.
    }

    fn closed_error(&self) -> ClientError {
        let reason = self.closed.borrow().clone();
        ClientError::Closed {
            reason: reason.unwrap_or_else(|| Arc::from("the connection is closed")),
        }
    }
}

/// Removes a request that is given up.
struct GiveUp<'a>(&'a Pending, &'a str);

impl Drop for GiveUp<'_> {
    fn drop(&mut self) {
        self.0.waiting().remove(self.1);
    }
}

impl Client {
    /// Begins a session: sends our hello at once, waits for the server's. Notifications of the
    /// session arrive at the receiver.
    ///
    /// # Errors
    /// No usable hello within `limits.hello_time`.
    pub async fn open(
        transport: Box<dyn Transport>,
        options: ClientOptions,
    ) -> Result<(Client, mpsc::Receiver<Notification>), ClientError> {
        let peer = transport.peer().clone();
        let (reading, mut writing) = transport.into_halves();
        let mut incoming = Incoming {
            reading,
            decoder: Decoder::new(Framing::EndOfMessage, options.limits.message_bytes),
            limits: options.limits,
            compat: options.compat,
        };
        let broken = |reason: String| ClientError::Hello { reason };
        let greeting = Encoder::new(Framing::EndOfMessage)
            .message(options.hello.print().as_bytes())
            .map_err(ClientError::Framing)?;
        let exchange = async {
            // Both at once: a peer that waits for ours, or whose hello fills its buffers.
            let (sent, received) = tokio::join!(
                async {
                    writing.write_all(&greeting).await?;
                    writing.flush().await
                },
                incoming.next()
            );
            match received {
                Ok(Some(Message::Hello(hello))) => {
                    sent.map_err(|e| broken(format!("our hello could not be sent: {e}")))?;
                    Ok(hello)
                }
                Ok(Some(_)) => Err(broken("the server's first message is no <hello>".into())),
                Ok(None) => Err(broken(
                    "the server closed the connection before its <hello>".into(),
                )),
                Err(reason) => Err(broken(reason)),
            }
        };
        let hello = timeout(options.limits.hello_time, exchange)
            .await
            .map_err(|_| {
                let seconds = options.limits.hello_time.as_secs_f32();
                broken(format!("no <hello> from the server within {seconds} s"))
            })??;
        if hello.session_id.is_none() && options.compat == Compat::Strict {
            return Err(broken(
                "the server's <hello> has no session-id (RFC 6241 8.1)".into(),
            ));
        }
        let framing = options.hello.framing_with(&hello).ok_or_else(|| {
            broken("the server offers neither base:1.0 nor base:1.1 (RFC 6241 8.1)".into())
        })?;
        incoming.decoder.set_framing(framing);
        let pending = Arc::new(Pending {
            waiting: Mutex::new(HashMap::new()),
            closed: watch::Sender::new(None),
            dropped_notifications: AtomicU64::new(0),
        });
        let (outgoing, to_send) = mpsc::channel(16);
        let (notify, notifications) = mpsc::channel(NOTIFICATION_QUEUE);
        tokio::spawn(write_messages(writing, to_send, pending.clone()));
        let reader = tokio::spawn(read_messages(incoming, notify, pending.clone()));
        let client = Client {
            timeout: options.timeout,
            session: Arc::new(Session {
                peer,
                hello,
                framing,
                pending,
                outgoing,
                next_id: AtomicU64::new(1),
                reader: reader.abort_handle(),
            }),
        };
        Ok((client, notifications))
    }

    /// The same session, with another time that requests wait.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Client {
        Client {
            session: self.session.clone(),
            timeout,
        }
    }

    /// The server's hello: its capabilities.
    pub fn hello(&self) -> &Hello {
        &self.session.hello
    }

    /// The session-id that the server gave; 0 if it gave none (lenient).
    pub fn session_id(&self) -> u32 {
        self.session.hello.session_id.unwrap_or(0)
    }

    /// Who the server is, as the transport knows it.
    pub fn peer(&self) -> &Peer {
        &self.session.peer
    }

    /// Waits until the session has ended, and tells why.
    pub async fn closed(&self) -> Arc<str> {
        let mut closed = self.session.pending.closed.subscribe();
        let reason = closed.wait_for(Option::is_some).await;
        reason
            .ok()
            .and_then(|r| r.clone())
            .unwrap_or_else(|| Arc::from("the connection is closed"))
    }

    /// Has the session ended?
    pub fn is_closed(&self) -> bool {
        self.session.pending.closed.borrow().is_some()
    }

    /// How many notifications were dropped because nobody took them.
    pub fn dropped_notifications(&self) -> u64 {
        let counter = &self.session.pending.dropped_notifications;
        counter.load(Ordering::Relaxed)
    }

    /// Sends an operation (one element; without a namespace of its own it is in the base one) and
    /// waits for its reply.
    ///
    /// # Errors
    /// [`ClientError::Rpc`] for rpc-errors of severity error; warnings come with the reply.
    pub async fn rpc(&self, operation: impl AsRef<[u8]>) -> Result<RpcReply, ClientError> {
        self.send(operation.as_ref(), None).await
    }

    /// The same, with progress lines while it runs, if the server is Banyan.
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn rpc_with_progress(
        &self,
        operation: impl AsRef<[u8]>,
        progress: mpsc::UnboundedSender<String>,
    ) -> Result<RpcReply, ClientError> {
        self.send(operation.as_ref(), Some(progress)).await
    }

    /// Reads configuration and state (RFC 6241 7.7); the `<data>` element.
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn get(
        &self,
        filter: Option<&Filter>,
        with_defaults: WithDefaults,
    ) -> Result<Bytes, ClientError> {
        self.data("get", operations::get(filter, with_defaults))
            .await
    }

    /// Reads a datastore (RFC 6241 7.1); the `<data>` element.
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn get_config(
        &self,
        source: Datastore,
        filter: Option<&Filter>,
        with_defaults: WithDefaults,
    ) -> Result<Bytes, ClientError> {
        let operation = operations::get_config(source, filter, with_defaults);
        self.data("get-config", operation).await
    }

    /// Edits a datastore (RFC 6241 7.2); the edit is the content of `<config>`.
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn edit_config(&self, edit: &EditRequest) -> Result<RpcReply, ClientError> {
        self.rpc(operations::edit_config(edit)).await
    }

    /// Replaces a datastore (RFC 6241 7.3).
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn copy_config(&self, from: &Origin, to: Datastore) -> Result<RpcReply, ClientError> {
        self.rpc(operations::copy_config(from, to)).await
    }

    /// Deletes a datastore (RFC 6241 7.4).
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn delete_config(&self, target: Datastore) -> Result<RpcReply, ClientError> {
        self.rpc(operations::delete_config(target)).await
    }

    /// Locks a datastore (RFC 6241 7.5).
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn lock(&self, target: Datastore) -> Result<RpcReply, ClientError> {
        self.rpc(operations::lock(target)).await
    }

    /// Releases a lock (RFC 6241 7.6).
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn unlock(&self, target: Datastore) -> Result<RpcReply, ClientError> {
        self.rpc(operations::unlock(target)).await
    }

    /// Validates (RFC 6241 8.6).
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn validate(&self, what: &Origin) -> Result<RpcReply, ClientError> {
        self.rpc(operations::validate(what)).await
    }

    /// Commits the candidate (RFC 6241 8.3.4.1, 8.4). Use [`operations::commit_with_report`] with
    /// [`Client::rpc`] and [`CommitReport::read`] to learn what a Banyan server did.
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn commit(&self, parameters: &CommitParameters) -> Result<RpcReply, ClientError> {
        self.rpc(operations::commit(parameters)).await
    }

    /// Takes a confirmed commit back (RFC 6241 8.4.4.1).
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn cancel_commit(&self, persist_id: Option<&str>) -> Result<RpcReply, ClientError> {
        self.rpc(operations::cancel_commit(persist_id)).await
    }

    /// Makes the candidate equal to running (RFC 6241 8.3.4.2).
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn discard_changes(&self) -> Result<RpcReply, ClientError> {
        self.rpc("<discard-changes/>").await
    }

    /// The YANG text of a module (RFC 6022 3.1).
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn get_schema(
        &self,
        name: &str,
        revision: Option<&str>,
    ) -> Result<String, ClientError> {
        let reply = self.rpc(operations::get_schema(name, revision)).await?;
        match reply.data_element() {
            Some(data) => Ok(data.text()),
            None => Err(ClientError::UnexpectedReply {
                operation: "get-schema",
                expected: "<data>",
            }),
        }
    }

    /// Ends another session (RFC 6241 7.9).
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn kill_session(&self, id: u32) -> Result<RpcReply, ClientError> {
        self.rpc(operations::kill_session(id)).await
    }

    /// Ends this session in good order (RFC 6241 7.8). Dropping the client ends it too, without
    /// waiting for the server.
    ///
    /// # Errors
    /// As [`Client::rpc`]; the session is over in any case.
    pub async fn close(self) -> Result<(), ClientError> {
        self.rpc("<close-session/>").await.map(drop)
    }

    async fn data(&self, name: &'static str, operation: String) -> Result<Bytes, ClientError> {
        let reply = self.rpc(operation).await?;
        reply.data().ok_or(ClientError::UnexpectedReply {
            operation: name,
            expected: "<data>",
        })
    }

    async fn send(
        &self,
        operation: &[u8],
        progress: Option<mpsc::UnboundedSender<String>>,
    ) -> Result<RpcReply, ClientError> {
        let session = &self.session;
        let id = session.next_id.fetch_add(1, Ordering::Relaxed).to_string();
        let open = open_rpc(&id, progress.is_some());
        let mut request = BytesMut::with_capacity(open.len() + operation.len() + 64);
        let mut encoder = Encoder::new(session.framing);
        encoder.write(open.as_bytes(), &mut request)?;
        encoder.write(operation, &mut request)?;
        encoder.write(b"</rpc>", &mut request)?;
        encoder.finish(&mut request);
        let (sender, reply) = oneshot::channel();
        session.pending.waiting().insert(
            id.clone(),
            Waiting {
                reply: sender,
                progress,
            },
        );
        let _give_up = GiveUp(&session.pending, &id);
        if self.is_closed() {
            return Err(session.pending.closed_error());
        }
        let exchange = async {
            if session.outgoing.send(request.freeze()).await.is_err() {
                return Err(session.pending.closed_error());
            }
            reply.await.map_err(|_| session.pending.closed_error())
        };
        let reply = timeout(self.timeout, exchange)
            .await
            .map_err(|_| ClientError::Timeout {
                operation: operation_name(operation),
                after: self.timeout,
            })??;
        if reply.errors.is_empty() {
            Ok(reply)
        } else {
            Err(ClientError::Rpc(reply.errors))
        }
    }
}

impl CommitReport {
    /// Reads what a Banyan server added to its reply to a commit.
    pub fn read(reply: &RpcReply) -> CommitReport {
        let mut report = CommitReport {
            warnings: reply.warnings.clone(),
            ..CommitReport::default()
        };
        let Some(committed) = reply.elements().find(|e| e.is(BANYAN, "committed")) else {
            return report;
        };
        for child in committed.children() {
            match child.local() {
                "tid" => report.tid = child.text().parse().ok(),
                "seq" => report.seq = child.text().parse().ok(),
                "trace" => report.trace.push(child.text()),
                _ => {}
            }
        }
        report
    }
}

/// The name of an operation's element, for messages.
fn operation_name(operation: &[u8]) -> String {
    let text = String::from_utf8_lossy(&operation[..operation.len().min(200)]).into_owned();
    let name = text.trim_start().trim_start_matches('<');
    let end = name.find(|c: char| c.is_whitespace() || c == '>' || c == '/');
    name[..end.unwrap_or(name.len())].to_owned()
}

async fn write_messages(
    mut writing: Writing,
    mut to_send: mpsc::Receiver<Bytes>,
    pending: Arc<Pending>,
) {
    while let Some(message) = to_send.recv().await {
        let sent = async {
            writing.write_all(&message).await?;
            writing.flush().await
        };
        if let Err(e) = sent.await {
            pending.close(&format!("the connection is lost: {e}"));
            return;
        }
    }
    let _ = writing.shutdown().await;
}

async fn read_messages(
    mut incoming: Incoming,
    notify: mpsc::Sender<Notification>,
    pending: Arc<Pending>,
) {
    let reason = loop {
        match incoming.next().await {
            Ok(None) => break "the server closed the connection".to_owned(),
            Err(reason) => break reason,
            Ok(Some(Message::Reply(reply))) => deliver(*reply, &pending),
            Ok(Some(Message::Notification(event))) => {
                if let Some(event) = own_progress(event, &pending)
                    && notify.try_send(event).is_err()
                    && !notify.is_closed()
                {
                    pending
                        .dropped_notifications
                        .fetch_add(1, Ordering::Relaxed);
                }
            }
            Ok(Some(Message::Hello(_) | Message::Rpc(_))) => {
                break "the server sent a message that only a client may send".to_owned();
            }
        }
    };
    pending.close(&reason);
}

fn deliver(reply: RpcReply, pending: &Pending) {
    let mut waiting = pending.waiting();
    let id = match &reply.message_id {
        Some(id) => Some(id.clone()),
        // A server that could not read our message-id: clear only when one request is under way.
        None if waiting.len() == 1 => waiting.keys().next().cloned(),
        None => None,
    };
    match id.and_then(|id| waiting.remove(&id)) {
        // The requester may have gone in between.
        Some(request) => drop(request.reply.send(reply)),
        None => tracing::debug!(id = ?reply.message_id, "a reply that nobody waits for"),
    }
}

/// Takes progress notifications out of the stream and gives them to the request that they tell of.
fn own_progress(event: Notification, pending: &Pending) -> Option<Notification> {
    if !event.event.is(BANYAN, "progress") {
        return Some(event);
    }
    let id = event.event.child(BANYAN, "message-id")?.text();
    let line = event.event.child(BANYAN, "line")?.text();
    if let Some(progress) = pending.waiting().get(&id).and_then(|w| w.progress.as_ref()) {
        let _ = progress.send(line);
    }
    None
}

/// The receiving side of a session.
struct Incoming {
    reading: Reading,
    decoder: Decoder,
    limits: Limits,
    compat: Compat,
}

impl Incoming {
    /// The next message, `None` at the end; the error is a reason for people.
    async fn next(&mut self) -> Result<Option<Message>, String> {
        let bytes = loop {
            if let Some(bytes) = self.decoder.next_message().map_err(|e| e.to_string())? {
                break bytes;
            }
            let read = self.reading.read_buf(self.decoder.buffer_mut()).await;
            if read.map_err(|e| format!("the connection is lost: {e}"))? == 0 {
                self.decoder.finish().map_err(|e| e.to_string())?;
                return Ok(None);
            }
        };
        let (limits, compat) = (self.limits, self.compat);
        let parsed = if bytes.len() > LARGE_MESSAGE {
            tokio::task::spawn_blocking(move || message::read(bytes, &limits, compat))
                .await
                .map_err(|e| format!("reading a message failed: {e}"))?
        } else {
            message::read(bytes, &limits, compat)
        };
        parsed
            .map(Some)
            .map_err(|refused| format!("the server sent what cannot be read: {}", refused.error))
    }
}
