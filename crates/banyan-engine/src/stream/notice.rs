//! From events to notices: what a subscription of any kind does with what it reads.

use std::sync::Arc;

use banyan_yang::schema::SchemaId;
use jiff::Timestamp;
use serde_json::Value;

use super::{Event, EventFilter};
use crate::backend::{Call, Document, Encoding, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::Engine;
use crate::notice::{Mailbox, Notice};

/// What the user behind a call gets of an event; `None` is nothing. On the pool, when that may take a while.
pub(crate) async fn rendered(
    engine: &Engine,
    call: &Call,
    filter: &Option<Arc<EventFilter>>,
    mailbox: &Mailbox,
    event: Arc<Event>,
) -> Result<Option<Document>> {
    let encoding = mailbox.encoding;
    let rendered = if event.is_small() {
        event.render(engine, call, filter.as_deref(), encoding)
    } else {
        let (engine, call, filter) = (engine.clone(), call.clone(), filter.clone());
        let event = event.clone();
        on_pool(move || event.render(&engine, &call, filter.as_deref(), encoding)).await?
    };
    // It may hold the last reference to a tree that is large.
    engine.0.reaper.bury(event);
    rendered
}

/// A notification of the top level that the server makes of itself; `None`: the schema does not have it.
pub(crate) fn of_the_server(
    engine: &Engine,
    module: &str,
    name: &str,
    content: &Value,
    encoding: Encoding,
) -> Result<Option<Document>> {
    let schema = engine.schema();
    let id = schema
        .module_by_name(module)
        .and_then(|module| schema.schema_child(SchemaId::ROOT, module, name));
    let Some(id) = id else {
        return Ok(None);
    };
    let message = bind::message_from_json(schema, id, content)?;
    bind::print_message(schema, &message, encoding).map(Some)
}

/// Puts a notice into a mailbox, when there is room.
///
/// # Errors
/// Nobody takes what is in it any more.
pub(crate) async fn send(
    mailbox: &Mailbox,
    time: Timestamp,
    document: Document,
) -> std::result::Result<(), tokio::sync::mpsc::error::SendError<Notice>> {
    mailbox.notices.send(Notice { time, document }).await
}
