//! A NETCONF client over any [`Transport`]: the CLI's commands, the controller's device sessions and
//! tests all use this one.
//!
//! Requests may overlap: replies are matched by message-id, not by order. Cloning a [`Client`] is
//! cheap; the session ends when the last clone is dropped. Payloads stay XML: nothing here knows a
//! schema.

mod lend;
mod session;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use banyan_engine::backend::{
    CommitParameters, Datastore, EditRequest, Filter, Origin, WithDefaults,
};
use bytes::{Bytes, BytesMut};
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::framing::{Encoder, Framing, FramingError};
use crate::hello::Hello;
use crate::inbound::Inbound;
use crate::limits::{Compat, Limits};
use crate::message::Message;
use crate::names::{BANYAN, ROLLBACK_ON_ERROR};
use crate::operations::{self, OnError};
use crate::reply::{Notification, RpcReply};
use crate::rpc::open_rpc;
use crate::rpc_error::RpcError;
use crate::subscriptions;
use crate::transport::{Peer, Transport};
pub use lend::lend;
use session::{GiveUp, Pending, Session, Waiting, read_messages, write_messages};

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
    /// For whom every request is made, where the server trusts its peer to say that; without it for the peer itself.
    pub acting_for: Option<String>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        ClientOptions {
            limits: Limits::default(),
            timeout: Duration::from_secs(60),
            hello: Hello::client(),
            compat: Compat::Strict,
            acting_for: None,
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
    /// How many places have changed.
    pub changes: u64,
    /// Lines that debug parameters asked for.
    pub trace: Vec<String>,
    /// What would change, for a dry run.
    pub diff: Option<String>,
    /// What the committer should know, a sentence each.
    pub remarks: Vec<String>,
    /// Errors of severity warning.
    pub warnings: Vec<RpcError>,
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
        let mut inbound = Inbound::new(reading, options.limits, options.compat);
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
                inbound.next()
            );
            match received {
                Ok(Some(Ok(Message::Hello(hello)))) => {
                    sent.map_err(|e| broken(format!("our hello could not be sent: {e}")))?;
                    Ok(hello)
                }
                Ok(Some(Ok(_))) => Err(broken("the server's first message is no <hello>".into())),
                Ok(Some(Err(refused))) => Err(broken(format!(
                    "the server's first message cannot be read: {}",
                    refused.error
                ))),
                Ok(None) => Err(broken(
                    "the server closed the connection before its <hello>".into(),
                )),
                Err(e) => Err(broken(e.to_string())),
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
        inbound.set_framing(framing);
        let pending = Arc::new(Pending::new());
        let (outgoing, to_send) = mpsc::channel(16);
        let (notify, notifications) = mpsc::channel(NOTIFICATION_QUEUE);
        tokio::spawn(write_messages(writing, to_send, pending.clone()));
        let reader = tokio::spawn(read_messages(inbound, notify, pending.clone()));
        let client = Client {
            timeout: options.timeout,
            session: Arc::new(Session {
                peer,
                hello,
                framing,
                pending,
                outgoing,
                next_id: AtomicU64::new(1),
                acting_for: options.acting_for,
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

    /// Edits a datastore (RFC 6241 7.2); the edit is the content of `<config>`. Done whole or not
    /// at all, if the server can do that (`:rollback-on-error`, RFC 6241 8.5).
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn edit_config(&self, edit: &EditRequest) -> Result<RpcReply, ClientError> {
        let on_error = match self.hello().offers(ROLLBACK_ON_ERROR) {
            true => OnError::Rollback,
            false => OnError::Unstated,
        };
        self.rpc(operations::edit_config(edit, on_error)).await
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

    /// Subscribes to a stream (RFC 5277 2.1.1). What happens arrives at the receiver that [`Client::open`] gave.
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn create_subscription(
        &self,
        events: &subscriptions::Events<'_>,
    ) -> Result<RpcReply, ClientError> {
        self.rpc(events.operation()).await
    }

    /// Subscribes to a datastore (RFC 8641 4.4.1), and tells the number of the subscription. Updates arrive at the receiver
    /// that [`Client::open`] gave.
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn establish_subscription(
        &self,
        data: &subscriptions::Data<'_>,
    ) -> Result<u32, ClientError> {
        let reply = self.rpc(data.operation()).await?;
        let id = reply.elements().find(|element| element.local() == "id");
        id.and_then(|id| id.text().trim().parse().ok())
            .ok_or(ClientError::UnexpectedReply {
                operation: "establish-subscription",
                expected: "<id>",
            })
    }

    /// Ends a subscription of this session (RFC 8639 2.4.4).
    ///
    /// # Errors
    /// As [`Client::rpc`].
    pub async fn delete_subscription(&self, id: u32) -> Result<RpcReply, ClientError> {
        self.rpc(subscriptions::delete(id)).await
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
        let open = open_rpc(&id, progress.is_some(), session.acting_for.as_deref());
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
    /// Reads what a Banyan server answers to a commit with wishes.
    pub fn read(reply: &RpcReply) -> CommitReport {
        let mut report = CommitReport {
            warnings: reply.warnings.clone(),
            ..CommitReport::default()
        };
        for leaf in reply.elements().filter(|e| e.namespace() == BANYAN) {
            match leaf.local() {
                "tid" => report.tid = leaf.text().parse().ok(),
                "seq" => report.seq = leaf.text().parse().ok(),
                "changes" => report.changes = leaf.text().parse().unwrap_or_default(),
                "trace" => report.trace.push(leaf.text()),
                "warning" => report.remarks.push(leaf.text()),
                "diff" => report.diff = Some(leaf.text()),
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
