//! One session for several: peers whose requests are carried out within a session that somebody else has opened, so that
//! they have its locks and its candidate.

use tokio::sync::mpsc;

use super::{Client, ClientError};
use crate::framing::{Encoder, Framing};
use crate::inbound::Inbound;
use crate::limits::{Compat, Limits};
use crate::message::Message;
use crate::names::{BASE, INTERLEAVE_1_0, NOTIFICATION, NOTIFICATION_1_0, SUBSCRIBED};
use crate::reply::RpcReply;
use crate::rpc::{ReplyEnvelope, Rpc, progress};
use crate::rpc_error::{ErrorTag, ErrorType, RpcError};
use crate::transport::{Transport, Writing};
use crate::xml::Fragment;
use bytes::BytesMut;
use tokio::io::AsyncWriteExt;

/// Serves the peer of `transport` within the session of `client`, until one of the two ends. The peer sees the session's
/// capabilities, but for notifications, and its session-id. When it closes its session, the one that it was lent goes on.
///
/// Returns the reason why it ended, if that was not the peer's wish.
pub async fn lend(client: Client, transport: Box<dyn Transport>) -> Result<(), String> {
    let (reading, writing) = transport.into_halves();
    let limits = Limits::default();
    let mut inbound = Inbound::new(reading, limits, Compat::Strict);
    let mut out = Out {
        writing,
        encoder: Encoder::new(Framing::EndOfMessage),
    };
    let mut ours = client.hello().clone();
    ours.capabilities
        .retain(|it| it != NOTIFICATION_1_0 && it != INTERLEAVE_1_0);
    out.message(&ours.print()).await?;
    let hello = match inbound.next().await {
        Ok(Some(Ok(Message::Hello(hello)))) => hello,
        Ok(None) => return Ok(()),
        Ok(Some(_)) => return Err("the peer's first message is no <hello>".to_owned()),
        Err(error) => return Err(error.to_string()),
    };
    let framing = client
        .hello()
        .framing_with(&hello)
        .ok_or("the peer has no version of the protocol in common")?;
    inbound.set_framing(framing);
    out.encoder.set_framing(framing);
    loop {
        let rpc = match inbound.next().await.map_err(|error| error.to_string())? {
            None => return Ok(()),
            Some(Ok(Message::Rpc(rpc))) => rpc,
            Some(Ok(_)) => return Err("the peer sent what is no request".to_owned()),
            Some(Err(refused)) => {
                out.message(&refused.envelope.errors([&*refused.error]))
                    .await?;
                continue;
            }
        };
        if rpc.operation.is(BASE, "close-session") {
            return out.message(&rpc.envelope.ok()).await;
        }
        if starts_subscription(&rpc.operation) {
            let error = RpcError::new(
                ErrorType::Protocol,
                ErrorTag::OperationNotSupported,
                "the notifications of a lent session go to who has lent it; subscribe in a session of your own",
            );
            out.message(&rpc.envelope.errors([&error])).await?;
            continue;
        }
        if rpc.acting_for.is_some() && rpc.acting_for != client.session.acting_for {
            let error = RpcError::new(
                ErrorType::Rpc,
                ErrorTag::AccessDenied,
                "nobody acts for another user in a session that he was lent: who lends it says for whom it is",
            );
            out.message(&rpc.envelope.errors([&error])).await?;
            continue;
        }
        let reply = carried_out(&client, &rpc, &mut out).await?;
        out.message(&reply).await?;
    }
}

/// Whether an operation brings notifications, of which no session but the one that is lent would hear.
fn starts_subscription(operation: &Fragment) -> bool {
    operation.is(NOTIFICATION, "create-subscription")
        || operation.is(SUBSCRIBED, "establish-subscription")
}

/// The sending side.
struct Out {
    writing: Writing,
    encoder: Encoder,
}

impl Out {
    async fn message(&mut self, text: &str) -> Result<(), String> {
        let mut ready = BytesMut::with_capacity(text.len() + 32);
        self.encoder
            .write(text.as_bytes(), &mut ready)
            .map_err(|error| error.to_string())?;
        self.encoder.finish(&mut ready);
        let sent = async {
            self.writing.write_all(&ready).await?;
            self.writing.flush().await
        };
        sent.await.map_err(|error| error.to_string())
    }
}

/// The reply to a request, as the peer gets it.
async fn carried_out(client: &Client, rpc: &Rpc, out: &mut Out) -> Result<String, String> {
    let operation = rpc.operation.document();
    let result = if rpc.wants_progress {
        let (sender, mut lines) = mpsc::unbounded_channel();
        let work = client.rpc_with_progress(&operation, sender);
        tokio::pin!(work);
        let id = rpc.message_id.clone().unwrap_or_default();
        loop {
            tokio::select! {
                biased;
                Some(line) = lines.recv() => out.message(&progress(&id, &line)).await?,
                result = &mut work => break result,
            }
        }
    } else {
        client.rpc(&operation).await
    };
    Ok(match result {
        Ok(reply) => answered(&rpc.envelope, &reply),
        Err(ClientError::Rpc(errors)) => rpc.envelope.errors(&errors),
        Err(error @ ClientError::Closed { .. }) => return Err(error.to_string()),
        Err(error) => {
            let message = error.to_string();
            let error = RpcError::new(ErrorType::Application, ErrorTag::OperationFailed, message);
            rpc.envelope.errors([&error])
        }
    })
}

fn answered(envelope: &ReplyEnvelope, reply: &RpcReply) -> String {
    if reply.is_ok() && reply.warnings.is_empty() {
        return envelope.ok();
    }
    let mut text = envelope.open();
    for warning in &reply.warnings {
        warning.print(&mut text);
    }
    for element in reply.elements() {
        text.push_str(&String::from_utf8_lossy(&element.document()));
    }
    text.push_str(&envelope.close());
    text
}
