//! The receiving half of a session, the same for client and server: bytes to messages.

use thiserror::Error;
use tokio::io::AsyncReadExt;

use crate::framing::{Decoder, Framing, FramingError};
use crate::limits::{Compat, Limits};
use crate::message::{self, Message};
use crate::rpc::Refused;
use crate::transport::Reading;

/// Messages above this size are parsed on the blocking pool.
const LARGE_MESSAGE: usize = 1 << 20;

/// Why no more messages come.
#[derive(Debug, Error)]
pub(crate) enum InboundError {
    /// The connection broke.
    #[error("the connection is lost: {0}")]
    Lost(#[from] std::io::Error),
    /// The peer does not keep the framing, or its limits.
    #[error(transparent)]
    Framing(#[from] FramingError),
    /// The parser's task crashed.
    #[error("reading a message failed: {0}")]
    Crashed(String),
}

/// Reads messages.
pub(crate) struct Inbound {
    reading: Reading,
    decoder: Decoder,
    limits: Limits,
    compat: Compat,
    last_size: usize,
}

impl Inbound {
    /// At the begin of a session: end-of-message framing, for the hello.
    pub(crate) fn new(reading: Reading, limits: Limits, compat: Compat) -> Self {
        Inbound {
            reading,
            decoder: Decoder::new(Framing::EndOfMessage, limits.message_bytes),
            limits,
            compat,
            last_size: 0,
        }
    }

    /// Switches the framing, after the hello exchange.
    pub(crate) fn set_framing(&mut self, framing: Framing) {
        self.decoder.set_framing(framing);
    }

    /// The size of the last message in bytes.
    pub(crate) fn last_size(&self) -> usize {
        self.last_size
    }

    /// The next message, or what is to be answered to it; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Result<Option<Result<Message, Refused>>, InboundError> {
        let bytes = loop {
            if let Some(bytes) = self.decoder.next_message()? {
                break bytes;
            }
            if self.reading.read_buf(self.decoder.buffer_mut()).await? == 0 {
                self.decoder.finish()?;
                return Ok(None);
            }
        };
        self.last_size = bytes.len();
        let (limits, compat) = (self.limits, self.compat);
        if bytes.len() <= LARGE_MESSAGE {
            return Ok(Some(message::read(bytes, &limits, compat)));
        }
        tokio::task::spawn_blocking(move || message::read(bytes, &limits, compat))
            .await
            .map(Some)
            .map_err(|e| InboundError::Crashed(e.to_string()))
    }
}
