//! The sending side of a session: whole messages, and replies that stream with back-pressure.

use bytes::BytesMut;
use thiserror::Error;
use tokio::io::AsyncWriteExt;

use crate::framing::{Encoder, Framing, FramingError};
use crate::transport::Writing;

/// Why nothing more can be sent on a session.
#[derive(Debug, Error)]
pub(super) enum SendError {
    /// The client is gone.
    #[error("the connection is lost: {0}")]
    Io(#[from] std::io::Error),
    /// A reply cannot be expressed in the session's framing.
    #[error(transparent)]
    Framing(#[from] FramingError),
    /// The backend failed in the middle of a reply, which cannot be taken back.
    #[error("a reply broke off: {0}")]
    Interrupted(String),
}

/// Writes messages.
pub(super) struct Outgoing {
    writing: Writing,
    encoder: Encoder,
    ready: BytesMut,
}

impl Outgoing {
    /// The sending side of a session that begins.
    pub(super) fn new(writing: Writing) -> Self {
        Outgoing {
            writing,
            encoder: Encoder::new(Framing::EndOfMessage),
            ready: BytesMut::new(),
        }
    }

    /// Switches the framing, after our hello was sent.
    pub(super) fn set_framing(&mut self, framing: Framing) {
        self.encoder.set_framing(framing);
    }

    /// Sends one whole message.
    pub(super) async fn message(&mut self, message: &str) -> Result<(), SendError> {
        self.piece(message.as_bytes()).await?;
        self.end().await
    }

    /// Sends a piece of a message; waits while the client does not read.
    pub(super) async fn piece(&mut self, piece: &[u8]) -> Result<(), SendError> {
        self.encoder.write(piece, &mut self.ready)?;
        self.write_out().await
    }

    /// Ends a message.
    pub(super) async fn end(&mut self) -> Result<(), SendError> {
        self.encoder.finish(&mut self.ready);
        self.write_out().await?;
        self.writing.flush().await?;
        Ok(())
    }

    async fn write_out(&mut self) -> Result<(), SendError> {
        if !self.ready.is_empty() {
            // Split off first: a cancelled write must not be repeated from its beginning.
            let ready = self.ready.split();
            self.writing.write_all(&ready).await?;
        }
        Ok(())
    }
}
