//! What a session is sent beside its replies: the notices of its subscriptions (RFC 5277 4) and progress lines. Each is a
//! whole message, between two others, never inside of one.

use std::future::{Future, pending};

use banyan_engine::backend::{Backend, Call, Document, Encoding};
use banyan_engine::notice::{Notice, Notices};
use tokio::sync::mpsc;

use super::outgoing::{Outgoing, SendError};
use crate::names::{BANYAN, NOTIFICATION};
use crate::rpc::progress;
use crate::xml::escape_text;

/// The notices of a session on their way out.
pub(super) struct Subscribed(Option<Notices>);

impl Subscribed {
    /// Takes the notices of a session from the backend.
    pub(super) fn take(backend: &dyn Backend, call: &Call, encoding: Encoding) -> Self {
        Subscribed(backend.notices(call.session, encoding))
    }

    /// The next one; none ever comes where there are no subscriptions, or no more.
    pub(super) async fn next(&mut self) -> Notice {
        if let Some(notices) = &mut self.0 {
            if let Some(notice) = notices.recv().await {
                return notice;
            }
            self.0 = None;
        }
        pending().await
    }

    /// Sends what waits now, and nothing that comes in the meantime.
    pub(super) async fn send_waiting(&mut self, out: &mut Outgoing) -> Result<(), SendError> {
        let Some(notices) = &mut self.0 else {
            return Ok(());
        };
        for _ in 0..notices.len() {
            match notices.try_recv() {
                Ok(notice) => send(&notice, out).await?,
                Err(_) => break,
            }
        }
        Ok(())
    }
}

/// Sends one notice as a `<notification>` (RFC 5277 4); its time in UTC, with the fraction that it has.
pub(super) async fn send(notice: &Notice, out: &mut Outgoing) -> Result<(), SendError> {
    let time = notice.time;
    let open = format!("<notification xmlns=\"{NOTIFICATION}\"><eventTime>{time}</eventTime>");
    out.piece(open.as_bytes()).await?;
    match notice.document.encoding {
        Encoding::Xml => out.piece(&notice.document.bytes).await?,
        _ => out.piece(in_element(&notice.document).as_bytes()).await?,
    }
    out.piece(b"</notification>").await?;
    out.end().await
}

/// What is no XML, as the client has asked for it.
fn in_element(document: &Document) -> String {
    let text = escape_text(&String::from_utf8_lossy(&document.bytes));
    format!("<json xmlns=\"{BANYAN}\">{text}</json>")
}

/// When the notices of a session may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// While its request is worked on.
    Meanwhile,
    /// After its reply: the request starts what sends them (RFC 8639 2.4.2).
    AfterReply,
}

/// What goes out while a request is worked on.
pub(super) struct Meanwhile<'a> {
    /// The notices of the session.
    pub subscribed: &'a mut Subscribed,
    /// When they may go out.
    pub when: When,
    /// The `message-id` of the request and its progress lines, if it wants them.
    pub lines: Option<(String, mpsc::UnboundedReceiver<String>)>,
}

/// Something to send.
enum Aside {
    Line(String),
    Notice(Notice),
}

impl Meanwhile<'_> {
    /// Waits for the work of a request, and sends meanwhile what there is to send. The work goes on while the client reads
    /// nothing of it, and when the client is gone: a transaction must not stand still with what it has reserved.
    ///
    /// # Errors
    /// The client is gone. The work is done nevertheless.
    pub(super) async fn work<T>(
        mut self,
        work: impl Future<Output = T>,
        call: &Call,
        out: &mut Outgoing,
    ) -> Result<T, SendError> {
        tokio::pin!(work);
        let done = loop {
            let aside = tokio::select! {
                biased;
                line = next_line(&mut self.lines) => Aside::Line(line),
                done = &mut work => break done,
                notice = self.subscribed.next(), if self.when == When::Meanwhile => Aside::Notice(notice),
            };
            let sending = aside.send(out);
            tokio::pin!(sending);
            let sent = tokio::select! {
                sent = &mut sending => sent,
                () = call.cancel.cancelled() => return Ok(work.await),
                done = &mut work => {
                    unless_killed(call, sending).await?;
                    break done;
                }
            };
            if let Err(lost) = sent {
                work.await;
                return Err(lost);
            }
        };
        unless_killed(call, self.rest(out)).await?;
        Ok(done)
    }

    /// Sends what waits when the work is done.
    async fn rest(mut self, out: &mut Outgoing) -> Result<(), SendError> {
        if let Some((id, lines)) = &mut self.lines {
            while let Ok(line) = lines.try_recv() {
                out.message(&progress(id, &line)).await?;
            }
        }
        if self.when == When::Meanwhile {
            // What was before the reply comes before it: after the one to delete-subscription nothing of it may come
            // (RFC 8639 2.4.4).
            self.subscribed.send_waiting(out).await?;
        }
        Ok(())
    }
}

/// Waits for what is being sent; not for a client that was killed, which is owed nothing any more.
async fn unless_killed(
    call: &Call,
    sending: impl Future<Output = Result<(), SendError>>,
) -> Result<(), SendError> {
    tokio::select! {
        sent = sending => sent,
        () = call.cancel.cancelled() => Ok(()),
    }
}

impl Aside {
    async fn send(self, out: &mut Outgoing) -> Result<(), SendError> {
        match self {
            Aside::Line(message) => out.message(&message).await,
            Aside::Notice(notice) => send(&notice, out).await,
        }
    }
}

/// The next progress line as a message; none ever comes where nobody asked for them.
async fn next_line(lines: &mut Option<(String, mpsc::UnboundedReceiver<String>)>) -> String {
    if let Some((id, lines)) = lines
        && let Some(line) = lines.recv().await
    {
        return progress(id, &line);
    }
    pending().await
}
