//! Notifications of programs: in the process ([`Engine::notify`]), and outside of it (`send-notification`).

use banyan_data::{Content, Node, Tree};
use jiff::Timestamp;

use super::{Event, NETCONF};
use crate::backend::{BoxFuture, Document, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::Engine;
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::operation::{Operation, OperationCall};

/// Where the operation is bound.
pub(crate) const PATH: &str = "/banyan:send-notification";

/// Modules whose notifications only the server itself makes.
const RESERVED: &[&str] = &[
    "nc-notifications",
    super::own::MODULE,
    "ietf-subscribed-notifications",
    "ietf-yang-push",
    "banyan",
];

impl Engine {
    /// Publishes a notification on a stream, and on the one that has all. The document is its element (its object with one
    /// member), or the way down to it for one that is tied to data (RFC 7950 7.16.2); it must be valid by its model. `time`
    /// is when it happened; now, if that is not said. Waits for no subscriber.
    ///
    /// # Errors
    /// There is no such stream or notification, the document breaks its model, or only the server itself may send it.
    pub async fn notify(
        &self,
        stream: &str,
        time: Option<Timestamp>,
        document: Document,
    ) -> Result<()> {
        let core = self.0.clone();
        core.streams.named(stream)?;
        let bytes = document.bytes.len() as u64;
        let data = self.state().over_running();
        let message = on_pool(move || {
            let message = bind::parse_message(&core.schema, &document, &core.mounts)?;
            let schema = message.content.schema();
            let definition = schema.node(message.id);
            let module = &schema.module(definition.module).name;
            if RESERVED.contains(&&**module) {
                let name = &definition.name;
                return Err(Report::new(
                    ErrorLayer::Application,
                    ErrorTag::InvalidValue,
                    format!("only the server itself sends {module}:{name}"),
                )
                .into());
            }
            bind::check_message(&message, &data)?;
            Ok::<_, BackendError>(message)
        })
        .await??;
        let time = time.unwrap_or_else(|| self.0.seams.clock.now());
        let event = Event::message(time, message, bytes);
        self.0.streams.publish(stream, event)
    }
}

/// The operation.
pub(crate) struct SendNotification;

impl Operation for SendNotification {
    fn call(&self, call: OperationCall) -> BoxFuture<'_, Result<Tree>> {
        Box::pin(async move {
            let output = banyan_data::operation::output(&call.schema, call.node);
            let output = Node::empty(output.unwrap_or(call.node));
            let empty = Tree::new(call.schema.clone(), output);
            let parameter = |name: &str| {
                let root = call.input.root();
                let id = call.schema.data_child_any_module(root.id(), name)?;
                root.get(id)
            };
            let text = |name: &str| match parameter(name)? {
                Content::Leaf(value) => value.as_str(),
                _ => None,
            };
            let time = match text("event-time") {
                None => None,
                Some(text) => Some(text.parse().map_err(|error| {
                    BackendError::new(
                        ErrorTag::InvalidValue,
                        format!("{text} is not a time: {error}"),
                    )
                })?),
            };
            let document = match parameter("notification") {
                Some(Content::Any(content)) => bind::document_of_any(&call.schema, content),
                _ => Document::xml(Vec::new()),
            };
            let stream = text("stream").unwrap_or(NETCONF);
            call.engine.notify(stream, time, document).await?;
            Ok(empty)
        })
    }
}
