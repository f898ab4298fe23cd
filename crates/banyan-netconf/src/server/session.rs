//! One session: hello exchange, then request after request, and notices in between, until somebody ends it. However it ends,
//! the backend's session is closed, and its locks with it.

use std::sync::Arc;
use std::time::Duration;

use banyan_engine::SessionId;
use banyan_engine::backend::{
    Backend, Call, Cancel, Candidates, Encoding, Principal, SessionEnd, Source,
};
use banyan_engine::notice::Notice;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::ServerOptions;
use super::aside::{self, Subscribed};
use super::capabilities;
use super::execute::{After, execute};
use super::incoming::{Incoming, Input, Queued};
use super::outgoing::{Outgoing, SendError};
use crate::hello::Hello;
use crate::rpc::Refused;
use crate::transport::Transport;

/// How long a request of a killed session may take to notice that it is cancelled.
const CANCEL_TIME: Duration = Duration::from_secs(10);
/// How long a notification that is being sent may take when the server stops.
const FINISH_TIME: Duration = Duration::from_secs(1);

/// What a session has to do next.
enum Next {
    /// Look at what the client sent; `None`: the reader is gone.
    Input(Option<Queued>),
    /// Send a notification.
    Notice(Notice),
}

/// Serves a session to its end.
pub(super) async fn run(
    backend: Arc<dyn Backend>,
    options: Arc<ServerOptions>,
    transport: Box<dyn Transport>,
    stop: Cancel,
) {
    let peer = transport.peer().clone();
    let mut principal = Principal::user(peer.user.as_str());
    principal.groups = peer
        .groups
        .iter()
        .map(|group| Arc::from(&**group))
        .collect();
    let source = Source {
        front_end: "netconf".into(),
        transport: peer.transport.into(),
        peer: peer.address.as_deref().map(Arc::from),
    };
    let id = match backend.open_session(principal.clone(), source).await {
        Ok(id) => id,
        Err(e) => {
            tracing::warn!(user = peer.user, error = %e, "no NETCONF session could be opened");
            drop(transport.into_halves()); // Closes the connection in good order.
            return;
        }
    };
    let mut open = OpenSession {
        backend: Some(backend.clone()),
        id,
    };
    tracing::info!(session = %id, user = peer.user, transport = peer.transport, "NETCONF session begins");
    let call = Call::new(id, principal);
    let ended = converse(&*backend, &options, &call, transport, &stop).await;
    let why = match &ended {
        Ok(end) => end.why,
        Err(_) => SessionEnd::Dropped,
    };
    open.close(why).await;
    match ended {
        Ok(Ended { reason, .. }) => tracing::info!(session = %id, reason, "NETCONF session ended"),
        Err(e) => tracing::info!(session = %id, reason = %e, "NETCONF session lost"),
    }
}

/// How a session ended, and the same for people.
struct Ended {
    why: SessionEnd,
    reason: String,
}

impl Ended {
    fn new(why: SessionEnd, reason: impl Into<String>) -> Ended {
        Ended {
            why,
            reason: reason.into(),
        }
    }

    /// The backend knows who killed it.
    fn killed() -> Ended {
        Ended::new(SessionEnd::Other, "killed")
    }

    fn stopped() -> Ended {
        Ended::new(SessionEnd::Other, "the server stops")
    }
}

/// The conversation; the result is the reason for its end.
async fn converse(
    backend: &dyn Backend,
    options: &ServerOptions,
    call: &Call,
    transport: Box<dyn Transport>,
    stop: &Cancel,
) -> Result<Ended, SendError> {
    let killed = backend.session_ended(call.session);
    tokio::pin!(killed);
    let capabilities = capabilities::announced(backend, options);
    let ours = Hello::server(capabilities, call.session.0);
    let via = transport.peer().transport;
    let (reading, writing) = transport.into_halves();
    let (greeted, greeting) = oneshot::channel();
    let (queue, mut inputs) = mpsc::channel(options.limits.pipeline.max(1));
    let reader = Incoming::new(reading, options).run(ours.clone(), greeted, queue);
    let _reader = AbortOnDrop(tokio::spawn(reader));
    let mut out = Outgoing::new(writing);
    // RFC 6241 8.1: both sides send at once, without waiting for the other.
    if let Ok(sent) = timeout(options.limits.hello_time, out.message(&ours.print())).await {
        sent?;
    } else {
        let reason = "the client does not read our <hello>";
        return Ok(Ended::new(SessionEnd::Timeout, reason));
    }
    let greeted = tokio::select! {
        greeted = greeting => greeted,
        () = &mut killed => return Ok(Ended::killed()),
        () = stop.cancelled() => return Ok(Ended::stopped()),
    };
    // The reader always sends; without it, the queue below is closed too.
    let base_1_1 = greeted.as_ref().is_ok_and(|g| g.base_1_1);
    let encoding = greeted.as_ref().map_or(Encoding::Xml, |g| g.notices);
    let mut subscribed = Subscribed::take(backend, call, encoding);
    if let Ok(greeted) = greeted {
        out.set_framing(greeted.framing);
        if let Some(candidates) = greeted.candidates
            && let Err(error) = backend.choose_candidate(call, candidates).await
        {
            // A client that believes to be alone must not get the candidate of all; of the other there is but one.
            if candidates == Candidates::Private {
                let reason = format!("it can have no private candidate: {error}");
                return Ok(Ended::new(SessionEnd::BadHello, reason));
            }
        }
    }
    loop {
        let next = async {
            // Neither of the two may starve the other.
            tokio::select! {
                queued = inputs.recv() => Next::Input(queued),
                notice = subscribed.next() => Next::Notice(notice),
            }
        };
        let next = tokio::select! {
            biased;
            () = &mut killed => return Ok(Ended::killed()),
            () = stop.cancelled() => return Ok(Ended::stopped()),
            next = next => next,
        };
        let queued = match next {
            Next::Input(queued) => queued,
            Next::Notice(notice) => {
                let sending = aside::send(&notice, &mut out);
                tokio::pin!(sending);
                tokio::select! {
                    sent = &mut sending => sent?,
                    () = &mut killed => return Ok(Ended::killed()),
                    () = stop.cancelled() => {
                        // A client that reads gets it whole.
                        let _ = timeout(FINISH_TIME, sending).await;
                        return Ok(Ended::stopped());
                    }
                }
                continue;
            }
        };
        let Some(queued) = queued else {
            let reason = "the reader of the session crashed";
            return Ok(Ended::new(SessionEnd::Other, reason));
        };
        match queued.input {
            Input::Refused(refused) => refuse(refused, base_1_1, &mut out).await?,
            Input::End(refused, why, reason) => {
                if let Some(refused) = refused {
                    refuse(refused, base_1_1, &mut out).await?;
                }
                return Ok(Ended::new(why, reason));
            }
            Input::Rpc(rpc) => {
                let work = execute(
                    backend,
                    call,
                    via,
                    *rpc,
                    options.compat,
                    &mut subscribed,
                    &mut out,
                );
                tokio::pin!(work);
                let after = tokio::select! {
                    after = &mut work => after?,
                    () = &mut killed => {
                        // RFC 6241 7.9: operations under way are aborted.
                        call.cancel.cancel();
                        let _ = timeout(CANCEL_TIME, work).await;
                        return Ok(Ended::killed());
                    }
                };
                match after {
                    After::Continue => {}
                    After::Close => {
                        return Ok(Ended::new(SessionEnd::Closed, "closed by the client"));
                    }
                }
            }
        }
    }
}

async fn refuse(refused: Refused, base_1_1: bool, out: &mut Outgoing) -> Result<(), SendError> {
    let error = match base_1_1 {
        true => *refused.error,
        false => refused.error.for_base_1_0(),
    };
    out.message(&refused.envelope.errors([&error])).await
}

/// A task that ends with its owner.
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A session of the backend. Closed in the ordinary way by [`OpenSession::close`]; if the task is
/// cut off before, by being dropped.
struct OpenSession {
    backend: Option<Arc<dyn Backend>>,
    id: SessionId,
}

impl OpenSession {
    async fn close(&mut self, why: SessionEnd) {
        if let Some(backend) = self.backend.take() {
            backend.end_session(self.id, why).await;
        }
    }
}

impl Drop for OpenSession {
    fn drop(&mut self) {
        if let (Some(backend), Ok(runtime)) =
            (self.backend.take(), tokio::runtime::Handle::try_current())
        {
            let id = self.id;
            runtime.spawn(async move { backend.end_session(id, SessionEnd::Other).await });
        }
    }
}
