//! The receiving side of a session: reads ahead, keeps the rules about `<hello>`, and hands requests
//! over in order. What cannot be answered request by request ends the session here.

use std::sync::Arc;
use std::time::Duration;

use banyan_engine::backend::{Candidates, Encoding, SessionEnd};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::ServerOptions;
use crate::framing::{Framing, FramingError};
use crate::hello::Hello;
use crate::inbound::{Inbound, InboundError};
use crate::limits::Compat;
use crate::message::Message;
use crate::names::{JSON_NOTIFICATIONS, PRIVATE_CANDIDATE, SHARED_CANDIDATE};
use crate::rpc::{Refused, ReplyEnvelope, Rpc};
use crate::rpc_error::{ErrorTag, ErrorType, RpcError};
use crate::transport::Reading;

/// The unit in which queued messages are accounted, in bytes.
const ROOM_UNIT: usize = 1024;

/// What the session has to do next.
#[derive(Debug)]
pub(super) enum Input {
    /// Answer a request.
    Rpc(Box<Rpc>),
    /// Answer a message that is no request with its error, and go on.
    Refused(Refused),
    /// Answer with an error, if there is one, and end: why, and the reason for the log.
    End(Option<Refused>, SessionEnd, String),
}

/// An input in the queue of its session, with the room that it takes up there until it is dropped.
#[derive(Debug)]
pub(super) struct Queued {
    pub input: Input,
    _room: Option<OwnedSemaphorePermit>,
}

/// What the hello exchange came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Greeted {
    /// The framing from now on.
    pub framing: Framing,
    /// Whether the client knows base:1.1 and its error-tags.
    pub base_1_1: bool,
    /// The candidate that the client asks for.
    pub candidates: Option<Candidates>,
    /// How the client wants what its subscriptions bring.
    pub notices: Encoding,
}

impl Greeted {
    /// A session without a hello of the client, as of RFC 4741.
    const OLD: Greeted = Greeted {
        framing: Framing::EndOfMessage,
        base_1_1: false,
        candidates: None,
        notices: Encoding::Xml,
    };
}

/// Reads a session's messages.
pub(super) struct Incoming {
    inbound: Inbound,
    hello_time: Duration,
    compat: Compat,
    /// Room for queued messages, in units of [`ROOM_UNIT`]: together as much as one may have alone.
    room: Arc<Semaphore>,
}

impl Incoming {
    /// The receiving side of a session that begins.
    pub(super) fn new(reading: Reading, options: &ServerOptions) -> Self {
        Incoming {
            inbound: Inbound::new(reading, options.limits, options.compat),
            hello_time: options.limits.hello_time,
            compat: options.compat,
            room: Arc::new(Semaphore::new(room_for(options.limits.message_bytes))),
        }
    }

    /// Reads to the end. The result of the hello exchange comes first, then requests.
    pub(super) async fn run(
        mut self,
        ours: Hello,
        greeted: oneshot::Sender<Greeted>,
        inputs: mpsc::Sender<Queued>,
    ) {
        let first = match self.greet(&ours).await {
            Ok((framing, first)) => {
                let _ = greeted.send(framing);
                first
            }
            Err(end) => {
                let _ = greeted.send(Greeted::OLD);
                Some(end)
            }
        };
        let mut next = first;
        loop {
            let input = match next.take() {
                Some(input) => input,
                None => self.input().await,
            };
            let last = matches!(input, Input::End(..));
            let units = u32::try_from(room_for(self.inbound.last_size())).unwrap_or(u32::MAX);
            let queued = Queued {
                input,
                _room: self.room.clone().acquire_many_owned(units).await.ok(),
            };
            // The session is over when it no longer takes its inputs.
            if inputs.send(queued).await.is_err() || last {
                return;
            }
        }
    }

    /// RFC 6241 8.1. In a lenient session a request may come in the place of the hello.
    async fn greet(&mut self, ours: &Hello) -> Result<(Greeted, Option<Input>), Input> {
        let hello_time = self.hello_time;
        let first = match tokio::time::timeout(hello_time, self.message()).await {
            Ok(first) => first?,
            Err(_) => {
                let seconds = hello_time.as_secs();
                let reason = format!("the client sent no <hello> within {seconds} s");
                return Err(end(SessionEnd::Timeout, reason));
            }
        };
        let old = Greeted::OLD;
        let hello = match (first, self.compat) {
            (Ok(Message::Hello(hello)), _) => hello,
            (Ok(Message::Rpc(rpc)), Compat::Lenient) => return Ok((old, Some(Input::Rpc(rpc)))),
            (Err(refused), Compat::Lenient) => return Ok((old, Some(Input::Refused(refused)))),
            (Ok(other), _) => {
                let envelope = match other {
                    Message::Rpc(rpc) => rpc.envelope,
                    _ => ReplyEnvelope::anonymous(),
                };
                let error = RpcError::new(
                    ErrorType::Protocol,
                    ErrorTag::OperationFailed,
                    "the first message must be <hello> (RFC 6241 8.1); \
                     the option compat.lenient accepts sessions without one",
                );
                let reason = error.to_string();
                let refused = Refused {
                    envelope,
                    error: Box::new(error),
                };
                return Err(Input::End(Some(refused), SessionEnd::BadHello, reason));
            }
            (Err(refused), _) => {
                let reason = refused.error.to_string();
                return Err(Input::End(Some(refused), SessionEnd::BadHello, reason));
            }
        };
        if hello.session_id.is_some() {
            // RFC 6241 8.1: the server must terminate the session.
            let reason = "the client's <hello> holds a session-id";
            return Err(end(SessionEnd::BadHello, reason.into()));
        }
        let Some(framing) = ours.framing_with(&hello) else {
            let reason = "the client offers neither base:1.0 nor base:1.1";
            return Err(end(SessionEnd::BadHello, reason.into()));
        };
        self.inbound.set_framing(framing);
        let base_1_1 = framing == Framing::Chunked;
        let candidates = if ours.offers(PRIVATE_CANDIDATE) && hello.offers(PRIVATE_CANDIDATE) {
            Some(Candidates::Private)
        } else if hello.offers(SHARED_CANDIDATE) {
            Some(Candidates::Shared)
        } else {
            None
        };
        let notices = match hello.offers(JSON_NOTIFICATIONS) {
            true => Encoding::Json,
            false => Encoding::Xml,
        };
        let greeted = Greeted {
            framing,
            base_1_1,
            candidates,
            notices,
        };
        Ok((greeted, None))
    }

    async fn input(&mut self) -> Input {
        match self.message().await {
            Err(end) => end,
            Ok(Err(refused)) => Input::Refused(refused),
            Ok(Ok(Message::Rpc(rpc))) => Input::Rpc(rpc),
            Ok(Ok(Message::Hello(_))) => {
                end(SessionEnd::Other, "the client sent a second <hello>".into())
            }
            Ok(Ok(Message::Reply(_) | Message::Notification(_))) => {
                let reason = "the client sent a message that only a server may send";
                end(SessionEnd::Other, reason.into())
            }
        }
    }

    /// The next message or its error, or the end of the session.
    async fn message(&mut self) -> Result<Result<Message, Refused>, Input> {
        match self.inbound.next().await {
            Ok(Some(message)) => Ok(message),
            Ok(None) => {
                let reason = "the client closed the connection";
                Err(end(SessionEnd::Dropped, reason.to_owned()))
            }
            Err(e @ InboundError::Framing(FramingError::MessageTooLarge { .. })) => {
                let error = RpcError::new(ErrorType::Rpc, ErrorTag::TooBig, e.to_string());
                let refused = Refused {
                    envelope: ReplyEnvelope::anonymous(),
                    error: Box::new(error),
                };
                Err(Input::End(Some(refused), SessionEnd::Other, e.to_string()))
            }
            // RFC 6242 4.2: the session is terminated.
            Err(e) => {
                let why = match e {
                    InboundError::Lost(_)
                    | InboundError::Framing(FramingError::Truncated { .. }) => SessionEnd::Dropped,
                    _ => SessionEnd::Other,
                };
                Err(end(why, e.to_string()))
            }
        }
    }
}

/// How many units of room a message of that size takes.
fn room_for(bytes: usize) -> usize {
    (bytes / ROOM_UNIT + 1).min(Semaphore::MAX_PERMITS)
}

fn end(why: SessionEnd, reason: String) -> Input {
    Input::End(None, why, reason)
}
