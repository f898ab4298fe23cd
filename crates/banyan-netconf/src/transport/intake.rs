//! A bounded buffer between an SSH channel and the reader of a session.
//!
//! The SSH library runs one loop for both directions of a connection, and that loop stops while a
//! channel's receiver does not take its data. So data must always be taken: this buffer does, and
//! when a peer sends far more than is being processed, it ends the stream instead of holding the
//! loop (and with it our own replies) up.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::mpsc;

/// The filling end.
pub(super) struct Intake {
    pieces: mpsc::UnboundedSender<io::Result<Bytes>>,
    queued: Arc<AtomicUsize>,
    limit: usize,
}

/// The reading end.
pub(super) struct IntakeReader {
    pieces: mpsc::UnboundedReceiver<io::Result<Bytes>>,
    current: Bytes,
    queued: Arc<AtomicUsize>,
}

/// A buffer for at most `limit` bytes.
pub(super) fn intake(limit: usize) -> (Intake, IntakeReader) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let queued = Arc::new(AtomicUsize::new(0));
    (
        Intake {
            pieces: sender,
            queued: queued.clone(),
            limit,
        },
        IntakeReader {
            pieces: receiver,
            current: Bytes::new(),
            queued,
        },
    )
}

impl Intake {
    /// Adds bytes; `false` when nobody will read any more, or the limit is exceeded.
    pub(super) fn push(&self, bytes: Bytes) -> bool {
        let queued = self.queued.fetch_add(bytes.len(), Ordering::AcqRel) + bytes.len();
        if queued > self.limit {
            let text = format!(
                "the peer sent {} bytes ahead of what was processed; it must read its replies",
                self.limit
            );
            let _ = self.pieces.send(Err(io::Error::other(text)));
            return false;
        }
        self.pieces.send(Ok(bytes)).is_ok()
    }
}

impl AsyncRead for IntakeReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.current.is_empty() {
            match ready!(self.pieces.poll_recv(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(Err(e)) => return Poll::Ready(Err(e)),
                Some(Ok(bytes)) => self.current = bytes,
            }
        }
        let count = self.current.len().min(out.remaining());
        out.put_slice(&self.current[..count]);
        self.current.advance(count);
        self.queued.fetch_sub(count, Ordering::AcqRel);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn a_flood_ends_the_stream_with_a_reason() {
        let (intake, mut reader) = intake(10);
        assert!(intake.push(Bytes::from_static(b"0123456")));
        let mut buffer = [0; 5];
        reader.read_exact(&mut buffer).await.unwrap();
        assert!(
            intake.push(Bytes::from_static(b"01234567")),
            "room was made"
        );
        assert!(!intake.push(Bytes::from_static(b"8")));
        let mut rest = Vec::new();
        let error = reader.read_to_end(&mut rest).await.unwrap_err();
        assert!(error.to_string().contains("ahead of what was processed"));
        assert_eq!(rest, b"5601234567");
    }
}
