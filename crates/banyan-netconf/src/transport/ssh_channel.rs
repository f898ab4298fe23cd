//! An SSH channel as a pair of byte streams, the same for both sides of a connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use russh::{Channel, ChannelId, ChannelMsg, ChannelWriteHalf};
use tokio::io::AsyncWrite;

use super::intake::intake;
use super::{Reading, Writing};

/// How far a peer may send ahead of what is processed, in bytes. Far above any window that a
/// client which reads its replies could fill.
const INTAKE_BYTES: usize = 64 << 20;

/// What the peer is told when the stream is closed.
#[derive(Clone, Copy)]
pub(super) enum Farewell {
    /// A server's: exit status 0, so that `ssh -s` ends well.
    ExitStatus,
    /// A client's: nothing to add.
    None,
}

/// Turns an open channel, on which the subsystem has started, into streams. `early` are bytes that
/// came before. `guard` lives as long as the stream to the peer.
pub(super) fn into_halves<S, G>(
    channel: Channel<S>,
    early: Vec<Bytes>,
    farewell: Farewell,
    guard: G,
) -> (Reading, Writing)
where
    S: From<(ChannelId, ChannelMsg)> + Send + Sync + 'static,
    G: Send + Unpin + 'static,
{
    let (mut incoming, outgoing) = channel.split();
    let (filling, reading) = intake(INTAKE_BYTES);
    for bytes in early {
        filling.push(bytes);
    }
    tokio::spawn(async move {
        while let Some(message) = incoming.wait().await {
            let wanted = match message {
                ChannelMsg::Data { data } => filling.push(data),
                ChannelMsg::Eof | ChannelMsg::Close => false,
                _ => true,
            };
            if !wanted {
                break;
            }
        }
        // The reader sees the end now; what still comes is taken and dropped, so that the loop of
        // the connection does not stop.
        drop(filling);
        while incoming.wait().await.is_some() {}
    });
    let writing = ChannelWriter {
        bytes: Box::pin(outgoing.make_writer()),
        channel: Some((outgoing, guard)),
        farewell,
    };
    (Box::new(reading), Box::new(writing))
}

/// Writes to a channel, and closes it in good order when it is dropped.
struct ChannelWriter<S, G>
where
    S: From<(ChannelId, ChannelMsg)> + Send + Sync + 'static,
    G: Send + Unpin + 'static,
{
    bytes: Pin<Box<dyn AsyncWrite + Send>>,
    channel: Option<(ChannelWriteHalf<S>, G)>,
    farewell: Farewell,
}

impl<S, G> AsyncWrite for ChannelWriter<S, G>
where
    S: From<(ChannelId, ChannelMsg)> + Send + Sync + 'static,
    G: Send + Unpin + 'static,
{
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0)); // The channel itself would call this an error.
        }
        self.bytes.as_mut().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.bytes.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(())) // The end is announced when the writer is dropped.
    }
}

impl<S, G> Drop for ChannelWriter<S, G>
where
    S: From<(ChannelId, ChannelMsg)> + Send + Sync + 'static,
    G: Send + Unpin + 'static,
{
    fn drop(&mut self) {
        let Some((channel, guard)) = self.channel.take() else {
            return;
        };
        let farewell = self.farewell;
        let close = async move {
            // Errors mean that the connection is gone, which is what was wanted.
            if matches!(farewell, Farewell::ExitStatus) {
                let _ = channel.exit_status(0).await;
            }
            let _ = channel.eof().await;
            let _ = channel.close().await;
            drop(guard);
        };
        // Without a runtime the process is ending, and the connection with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(close);
        }
    }
}
