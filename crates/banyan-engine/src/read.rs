//! Reads: a snapshot, the state that providers add, a filter, and a printer that streams.

use std::io::{self, Write};

use banyan_data::Tree;
use banyan_data::document::Layout;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::access::{self, ReadableInUse};
use crate::backend::{Body, Call, Cancel, Get, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::Engine;
use crate::error::{BackendError, ErrorTag};
use crate::monitor;
use crate::overlay::overlay;
use crate::provider::StateRequest;

/// How much is printed before a piece goes out. A smaller reply is sent whole.
const PIECE: usize = 64 * 1024;

/// How many pieces wait for a slow reader.
const WAITING: usize = 4;

impl Engine {
    /// Reads; the data are those of one moment.
    pub(crate) async fn read(&self, call: &Call, get: Get, layout: Layout) -> Result<Body> {
        let tree = self.tree_of(call.session, get.store);
        self.read_tree(call, tree, get, layout).await
    }

    /// Reads a tree, whichever datastore it is of.
    pub(crate) async fn read_tree(
        &self,
        call: &Call,
        mut tree: Tree,
        get: Get,
        layout: Layout,
    ) -> Result<Body> {
        let subject = self.0.subject(call)?;
        if get.state {
            tree = self.with_state(call, tree, &get).await?;
        }
        let mounts = self.0.mounts.clone();
        let cancel = call.cancel.clone();
        let (opening, opened) = oneshot::channel();
        let (sender, pieces) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || {
            let mut out = Streamed {
                pieces: sender,
                opening: Some(opening),
                buffer: Vec::new(),
                cancel,
            };
            // Filters are evaluated over what the user may see, so that they tell nothing of the rest.
            let tree = match &subject {
                None => tree,
                Some(subject) => subject.readable(&tree),
            };
            let printed = bind::select(tree, get.filter.as_ref(), &mounts).and_then(|selected| {
                bind::print(
                    &selected,
                    &ReadableInUse(subject),
                    get.encoding,
                    get.with_defaults,
                    get.state,
                    layout,
                    &mut out,
                )
            });
            out.finish(printed);
        });
        match opened.await {
            Ok(Opening::Whole(bytes)) => Ok(Body::Whole(bytes)),
            Ok(Opening::Failed(error)) => Err(error),
            Ok(Opening::Stream) => Ok(Body::Stream(pieces)),
            // The task panicked before its first piece.
            Err(_) => Err(BackendError::new(
                ErrorTag::OperationFailed,
                "an internal error ended the read; see the server's log",
            )),
        }
    }

    /// What the engine says of itself, as far as the read needs it.
    fn own_state(&self, get: &Get) -> Vec<serde_json::Value> {
        let schema = &self.0.schema;
        let wanted =
            |path| bind::has_top_level(schema, path) && bind::may_select(get.filter.as_ref(), path);
        let mut state = Vec::new();
        if wanted(monitor::PATH) {
            state.push(monitor::netconf_state(self));
        }
        if wanted(access::STATE_PATH) {
            state.push(self.0.access.counters.state());
        }
        state
    }

    /// Lays the state of the providers that the read needs over running. All are asked at once.
    async fn with_state(&self, call: &Call, running: Tree, get: &Get) -> Result<Tree> {
        let own = self.own_state(get);
        let mut asked = Vec::new();
        for provider in &self.0.providers {
            let paths: Vec<String> = provider
                .covers()
                .into_iter()
                .filter(|path| bind::may_select(get.filter.as_ref(), path))
                .collect();
            if paths.is_empty() {
                continue;
            }
            let provider = provider.clone();
            let request = StateRequest {
                running: running.clone(),
                paths,
                principal: call.principal.clone(),
            };
            let clock = self.0.seams.clock.clone();
            let metrics = self.0.observed.metrics.clone();
            asked.push(tokio::spawn(async move {
                let limit = provider.deadline();
                let begun = clock.monotonic();
                let answer = tokio::select! {
                    result = provider.read(request) => result,
                    () = clock.sleep(limit) => Err(BackendError::new(
                        ErrorTag::OperationFailed,
                        format!(
                            "{} gave no state within {} s; read with a filter that leaves it out",
                            provider.name(),
                            limit.as_secs_f32()
                        ),
                    )),
                };
                let time = clock.monotonic().saturating_sub(begun);
                metrics.provider(provider.name(), time, answer.is_err());
                answer
            }));
        }
        let schema = self.0.schema.clone();
        let mut tree = on_pool(move || {
            own.iter().try_fold(running, |tree, state| {
                let state = bind::state_from_json(&schema, state)?;
                Ok::<_, BackendError>(overlay(&tree, &state))
            })
        })
        .await??;
        for answer in asked {
            let state = answer.await.map_err(|error| {
                tracing::error!("a provider of state failed: {error}");
                BackendError::new(
                    ErrorTag::OperationFailed,
                    "a provider of state failed with an internal error; see the server's log",
                )
            })??;
            let below = tree.clone();
            tree = on_pool(move || overlay(&below, &state)).await?;
        }
        Ok(tree)
    }
}

/// How a reply begins.
enum Opening {
    /// It is small: this is all.
    Whole(Bytes),
    /// It comes in pieces.
    Stream,
    /// It failed before anything was sent.
    Failed(BackendError),
}

/// Sends what is printed, piece by piece; a reader that is slow holds the printer back.
struct Streamed {
    pieces: mpsc::Sender<Result<Bytes>>,
    opening: Option<oneshot::Sender<Opening>>,
    buffer: Vec<u8>,
    cancel: Cancel,
}

impl Streamed {
    fn send(&mut self) -> io::Result<()> {
        if let Some(opening) = self.opening.take() {
            let _ = opening.send(Opening::Stream);
        }
        let piece = Bytes::from(std::mem::take(&mut self.buffer));
        self.pieces
            .blocking_send(Ok(piece))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn finish(mut self, printed: Result<()>) {
        match (printed, self.opening.take()) {
            (Ok(()), Some(opening)) => {
                let _ = opening.send(Opening::Whole(self.buffer.into()));
            }
            (Err(error), Some(opening)) => {
                let _ = opening.send(Opening::Failed(error));
            }
            (Ok(()), None) if self.buffer.is_empty() => {}
            (Ok(()), None) => {
                // A reader that went away needs no rest.
                let _ = self.send();
            }
            (Err(error), None) => {
                let _ = self.pieces.blocking_send(Err(error));
            }
        }
    }
}

impl Write for Streamed {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.buffer.extend_from_slice(piece);
        if self.buffer.len() >= PIECE {
            self.send()?;
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
