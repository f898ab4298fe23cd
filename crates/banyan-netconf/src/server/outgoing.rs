//! The sending side of a session: whole messages, and replies that stream with back-pressure.

use std::borrow::Cow;

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

/// What XML cannot hold (XML 1.0 2.2) as U+FFFD. One pass, without a copy where there is nothing to replace.
fn printable(text: &[u8]) -> Cow<'_, [u8]> {
    let is_control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    // U+FFFE and U+FFFF; the first byte is rare.
    let is_none =
        |rest: &[u8]| rest.starts_with(b"\xEF\xBF\xBE") || rest.starts_with(b"\xEF\xBF\xBF");
    let wrong = |at: usize| is_control(text[at]) || text[at] == 0xEF && is_none(&text[at..]);
    let Some(first) = (0..text.len()).find(|at| wrong(*at)) else {
        return Cow::Borrowed(text);
    };
    let mut out = text[..first].to_vec();
    let mut at = first;
    while at < text.len() {
        match wrong(at) {
            true => {
                out.extend_from_slice("\u{FFFD}".as_bytes());
                at += if is_control(text[at]) { 1 } else { 3 };
            }
            false => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    Cow::Owned(out)
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

    /// Sends a piece of a message; waits while the client does not read. A character that XML cannot hold, which texts of
    /// programs, devices and the system may have, is replaced.
    pub(super) async fn piece(&mut self, piece: &[u8]) -> Result<(), SendError> {
        self.encoder.write(&printable(piece), &mut self.ready)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        let plain = "a\t\r\n<\u{7f}\u{85}\u{FFFD}\u{1F333}";
        assert!(matches!(printable(plain.as_bytes()), Cow::Borrowed(_)));
        let text = "\0a\u{1b}[31m\u{FFFE}b\u{FFFF}";
        let shown = "\u{FFFD}a\u{FFFD}[31m\u{FFFD}b\u{FFFD}";
        assert_eq!(&*printable(text.as_bytes()), shown.as_bytes());
    }
}
