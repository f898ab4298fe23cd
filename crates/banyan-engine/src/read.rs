//! Reads: a snapshot, the state that providers add, a filter, and a printer that streams.

use std::io::{self, Write};

use banyan_data::Tree;
use banyan_data::document::Layout;
use banyan_data::path::InstancePath;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::backend::{Body, Call, Cancel, Get, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::Engine;
use crate::error::{BackendError, ErrorTag};
use crate::nmda::{self, Data, GetData, OnMissing};
use crate::operational::{self, Choice, Joined};

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

    /// Reads a tree, whichever datastore it is of. State that is missing is an error: the answer could not tell.
    pub(crate) async fn read_tree(
        &self,
        call: &Call,
        tree: Tree,
        get: Get,
        layout: Layout,
    ) -> Result<Body> {
        let get = GetData {
            on_missing: OnMissing::Fail,
            ..get.into()
        };
        Ok(self.read_data(call, tree, get, layout).await?.body)
    }

    /// Reads a tree, and the state that belongs to it.
    pub(crate) async fn read_data(
        &self,
        call: &Call,
        tree: Tree,
        get: GetData,
        layout: Layout,
    ) -> Result<Data> {
        let subject = self.0.subject(call)?;
        let choice = Choice::of(&self.0.schema, &get)?;
        let state = get.from.has_state();
        let mut reach = None;
        if state || operational::fills(&get) {
            let (schema, mounts) = (self.0.schema.clone(), self.0.mounts.clone());
            let filter = get.filter.clone();
            reach = on_pool(move || bind::reach(&schema, filter.as_ref(), &mounts)).await??;
        }
        let mut missing = Vec::new();
        let mut layers = Vec::new();
        if state {
            // Who may not see an answer is not told that it is missing.
            let hidden = |cover: &InstancePath| {
                let subject = subject.as_ref();
                subject.is_some_and(|subject| subject.hides(&tree, cover))
            };
            let wants =
                |cover: &InstancePath| choice.wants(&self.0.schema, cover) && !hidden(cover);
            let asked = self.ask(call, &tree, reach.as_deref(), wants).await?;
            (missing, layers) = (asked.missing, asked.layers);
            if get.on_missing == OnMissing::Fail && !missing.is_empty() {
                return Err(nmda::incomplete(&missing));
            }
        }
        let mut joined = Joined::without_state(tree, reach);
        if !layers.is_empty() {
            joined = on_pool(move || joined.under(layers)).await?;
        }
        let mounts = self.0.mounts.clone();
        let body = streamed(call.cancel.clone(), move |out| {
            operational::print(&joined, subject, &get, &choice, &mounts, layout, out)
        });
        let body = body.await?;
        Ok(Data { body, missing })
    }
}

/// What a printer prints: all of it when it is small, else piece by piece while it prints.
async fn streamed(
    cancel: Cancel,
    print: impl FnOnce(&mut dyn Write) -> Result<()> + Send + 'static,
) -> Result<Body> {
    let (opening, opened) = oneshot::channel();
    let (sender, pieces) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut out = Streamed {
            pieces: sender,
            opening: Some(opening),
            buffer: Vec::new(),
            cancel,
        };
        let printed = print(&mut out);
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
