//! Events: what streams carry, and how one becomes a document for one subscriber.

use std::sync::Arc;

use banyan_data::operation::Invocation;
use jiff::Timestamp;

use super::EventFilter;
use crate::backend::{Call, Document, Encoding, Result};
use crate::bind;
use crate::engine::Engine;

/// What an event is taken to hold beside what is counted.
const OVERHEAD: u64 = 512;

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

    /// When it happened (`eventTime`).
    pub fn time(&self) -> Timestamp {
        self.time
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
