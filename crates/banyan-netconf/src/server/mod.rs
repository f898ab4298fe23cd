//! The NETCONF server: serves any [`Backend`] over any transport.
//!
//! One task per session answers its requests in order and sends its notices between them; a second one reads ahead
//! within limits. What
//! a request means is the backend's business: here envelopes are read, operations are taken apart,
//! and replies are written as they are produced.

mod aside;
mod capabilities;
mod error_map;
mod execute;
mod incoming;
mod outgoing;
mod request;
mod session;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use banyan_engine::backend::{Backend, Cancel};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::limits::{Compat, Limits};
use crate::names;
use crate::transport::{Listener, Transport};

pub use error_map::rpc_errors;

/// How a server behaves.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Bounds on what is accepted from clients.
    pub limits: Limits,
    /// How strictly envelopes are read.
    pub compat: Compat,
    /// Protocol capabilities beside base:1.0, base:1.1 and those of the modules.
    pub capabilities: Vec<String>,
    /// How long sessions may take to end when the server stops.
    pub grace: Duration,
}

impl Default for ServerOptions {
    /// A server with candidate, confirmed commit, startup, validation and XPath.
    fn default() -> Self {
        let capabilities = [
            names::CANDIDATE,
            names::CONFIRMED_COMMIT_1_1,
            names::ROLLBACK_ON_ERROR,
            names::VALIDATE_1_1,
            names::STARTUP,
            names::XPATH,
        ];
        let with_defaults = "urn:ietf:params:netconf:capability:with-defaults:1.0\
                             ?basic-mode=explicit&also-supported=report-all,report-all-tagged,trim";
        ServerOptions {
            limits: Limits::default(),
            compat: Compat::Strict,
            capabilities: capabilities
                .into_iter()
                .chain([with_defaults])
                .map(str::to_owned)
                .collect(),
            grace: Duration::from_secs(5),
        }
    }
}

/// A server of one backend. Cloning is cheap.
#[derive(Clone)]
pub struct Server {
    backend: Arc<dyn Backend>,
    options: Arc<ServerOptions>,
}

impl Server {
    /// A server of this backend.
    pub fn new(backend: Arc<dyn Backend>, options: ServerOptions) -> Self {
        Server {
            backend,
            options: Arc::new(options),
        }
    }

    /// Serves everybody whom the listener lets in, until `stop`. Then requests under way are
    /// finished (within `grace`), sessions are closed, and their locks released.
    ///
    /// # Errors
    /// The listener broke.
    pub async fn serve<L: Listener>(&self, mut listener: L, stop: Cancel) -> io::Result<()> {
        let mut sessions = JoinSet::new();
        let ended = loop {
            tokio::select! {
                () = stop.cancelled() => break Ok(()),
                accepted = listener.accept() => match accepted {
                    Ok(transport) => {
                        let (server, stop) = (self.clone(), stop.clone());
                        sessions.spawn(async move { server.serve_session(transport, stop).await });
                    }
                    Err(e) => break Err(e),
                },
                Some(ended) = sessions.join_next() => {
                    if let Err(e) = ended {
                        tracing::error!(error = %e, "a NETCONF session crashed");
                    }
                }
            }
        };
        drop(listener);
        let all = async { while sessions.join_next().await.is_some() {} };
        if timeout(self.options.grace, all).await.is_err() {
            tracing::warn!("NETCONF sessions did not end in time and were cut off");
            sessions.shutdown().await;
        }
        ended
    }

    /// Serves one session to its end: the client closes it, another kills it, or `stop`.
    pub async fn serve_session(&self, transport: Box<dyn Transport>, stop: Cancel) {
        session::run(self.backend.clone(), self.options.clone(), transport, stop).await;
    }
}
