//! The machinery of a client's session: which requests wait, and the two tasks that write and read.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use super::ClientError;
use crate::framing::Framing;
use crate::hello::Hello;
use crate::inbound::Inbound;
use crate::message::Message;
use crate::names::BANYAN;
use crate::reply::{Notification, RpcReply};
use crate::transport::{Peer, Writing};

/// What all clones of a client share; the session ends with it.
#[derive(Debug)]
pub(super) struct Session {
    pub peer: Peer,
    pub hello: Hello,
    pub framing: Framing,
    pub pending: Arc<Pending>,
    pub outgoing: mpsc::Sender<Bytes>,
    pub next_id: AtomicU64,
    /// For whom every request is made.
    pub acting_for: Option<String>,
    pub reader: AbortHandle,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.reader.abort(); // The writer ends by itself, after what was sent is out.
    }
}

/// The requests under way.
#[derive(Debug)]
pub(super) struct Pending {
    pub waiting: Mutex<HashMap<String, Waiting>>,
    /// Why the session ended, once it has.
    pub closed: watch::Sender<Option<Arc<str>>>,
    pub dropped_notifications: AtomicU64,
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub reply: oneshot::Sender<RpcReply>,
    pub progress: Option<mpsc::UnboundedSender<String>>,
}

impl Pending {
    /// No requests yet.
    pub(super) fn new() -> Self {
        Pending {
            waiting: Mutex::new(HashMap::new()),
            closed: watch::Sender::new(None),
            dropped_notifications: AtomicU64::new(0),
        }
    }

    pub(super) fn waiting(&self) -> MutexGuard<'_, HashMap<String, Waiting>> {
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

    pub(super) fn closed_error(&self) -> ClientError {
        let reason = self.closed.borrow().clone();
        ClientError::Closed {
            reason: reason.unwrap_or_else(|| Arc::from("the connection is closed")),
        }
    }
}

/// Removes a request that is given up.
pub(super) struct GiveUp<'a>(pub &'a Pending, pub &'a str);

impl Drop for GiveUp<'_> {
    fn drop(&mut self) {
        self.0.waiting().remove(self.1);
    }
}

pub(super) async fn write_messages(
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

pub(super) async fn read_messages(
    mut inbound: Inbound,
    notify: mpsc::Sender<Notification>,
    pending: Arc<Pending>,
) {
    let reason = loop {
        let message = match inbound.next().await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(refused))) => {
                break format!("the server sent what cannot be read: {}", refused.error);
            }
            Ok(None) => break "the server closed the connection".to_owned(),
            Err(e) => break e.to_string(),
        };
        match message {
            Message::Reply(reply) => deliver(*reply, &pending),
            Message::Notification(event) => {
                if let Some(event) = own_progress(event, &pending)
                    && notify.try_send(event).is_err()
                    && !notify.is_closed()
                {
                    let counter = &pending.dropped_notifications;
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            }
            Message::Hello(_) | Message::Rpc(_) => {
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
