//! Events: what streams carry, and how one becomes a document for one subscriber.

use std::sync::Arc;

use banyan_data::operation::Invocation;
use jiff::Timestamp;

use super::EventFilter;
use super::own::Own;
use crate::backend::{Call, Document, Encoding, Result};
use crate::bind;
use crate::engine::Engine;

/// What an event is taken to hold beside what is counted.
const OVERHEAD: u64 = 512;

/// What the ways to what changed are taken to hold.
const WAYS: u64 = 4096;

/// What is rendered at once.
const SMALL: u64 = WAYS + 4096;

/// Something that happened.
#[derive(Debug)]
pub(crate) struct Event {
    time: Timestamp,
    size: u64,
    what: What,
}

/// What happened.
#[derive(Debug)]
enum What {
    /// A notification, bound to its schema.
    Message(Arc<Invocation>),
    /// The server tells of itself.
    Own(Own),
}

impl Event {
    /// A notification whose text has so many bytes.
    pub fn message(time: Timestamp, message: Invocation, bytes: u64) -> Event {
        Event {
            time,
            size: OVERHEAD + bytes,
            what: What::Message(Arc::new(message)),
        }
    }

    /// Something of the server itself, for which so many bytes are kept.
    pub(super) fn own(time: Timestamp, own: Own, bytes: u64) -> Event {
        Event {
            time,
            size: match &own {
                // Beside what changed, the way to it is kept twice: before and after.
                Own::Change(_) => WAYS + 2 * bytes,
                _ => OVERHEAD,
            },
            what: What::Own(own),
        }
    }

    /// When it happened (`eventTime`).
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// Whether it is rendered so fast that it need not be on the pool.
    pub fn is_small(&self) -> bool {
        self.size < SMALL
    }

    /// How much memory it holds, in bytes, roughly.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What the user behind a call gets of it: `None` when the filter or access control leaves it out (the latter is
    /// counted, RFC 8341 3.4.6). Blocking; costs what the event is about.
    ///
    /// # Errors
    /// The user acts for another, and may not; or the filter takes more steps than it may.
    pub fn render(
        &self,
        engine: &Engine,
        call: &Call,
        filter: Option<&EventFilter>,
        encoding: Encoding,
    ) -> Result<Option<Document>> {
        let message = match &self.what {
            What::Message(message) => message.clone(),
            What::Own(own) => {
                let subject = engine.0.subject(call)?;
                match own.message(engine.schema(), subject.as_deref())? {
                    Some(message) => Arc::new(message),
                    None => return Ok(None),
                }
            }
        };
        let message = match filter {
            None => message,
            Some(filter) => match filter.passed(&message)? {
                Some(passed) => Arc::new(passed),
                None => return Ok(None),
            },
        };
        let schema = message.content.schema();
        if !engine.may_hear(call, schema, message.id, &message.path)? {
            return Ok(None);
        }
        bind::print_message(engine.schema(), &message, encoding).map(Some)
    }
}
