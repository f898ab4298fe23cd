//! Notices: what a session's subscriptions bring it, in their order, whatever they are subscriptions to.
//!
//! A front end takes the notices of its session once, when it opens it, and sends them as its protocol has them. To
//! subscribe is an operation like any other: `create-subscription` (RFC 5277), `establish-subscription` (RFC 8639). So a
//! front end knows nothing of streams, filters and subscriptions.

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::backend::{Document, Encoding};

/// How many notices may wait for a session. Subscriptions wait for room, and each says what becomes of what they miss.
const QUEUE: usize = 64;

/// One notification for a session, already filtered, and allowed to its user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// When it happened (`eventTime`, RFC 5277 2.2.1).
    pub time: Timestamp,
    /// The notification: its element, or an object with one member.
    pub document: Document,
}

/// The notices of a session, in their order. Ends with the session.
pub type Notices = mpsc::Receiver<Notice>;

/// Where subscriptions put the notices of a session.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    /// How its front end wants them.
    pub encoding: Encoding,
    /// Waits while the front end does not take what is there.
    pub notices: mpsc::Sender<Notice>,
}

impl Mailbox {
    /// A mailbox and what comes out of it.
    pub fn new(encoding: Encoding) -> (Mailbox, Notices) {
        let (notices, taken) = mpsc::channel(QUEUE);
        (Mailbox { encoding, notices }, taken)
    }
}
