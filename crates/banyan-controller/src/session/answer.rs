//! What becomes of a request: its answer as the machine hears it, and what the driver keeps of it.

use std::collections::VecDeque;
use std::sync::Arc;

use banyan_data::Tree;
use banyan_netconf::client::{Client, ClientError};
use banyan_yang::schema::Schema;

use crate::machine::Event;
use crate::modules::{DeviceModule, ModuleSet};

/// Something that was under way has ended.
pub(super) struct Completed {
    /// What the machine hears.
    pub event: Event,
    /// What is to be kept.
    pub kept: Kept,
}

/// What an answer brings, beside its event.
pub(super) enum Kept {
    /// Nothing.
    Nothing,
    /// A session.
    Client(Client),
    /// The modules, and which of them must be fetched.
    Modules(ModuleSet, VecDeque<DeviceModule>),
    /// The schema.
    Schema(Arc<Schema>),
    /// The configuration that the device has now.
    Config(Arc<Tree>),
}

impl From<Event> for Completed {
    fn from(event: Event) -> Self {
        Completed {
            event,
            kept: Kept::Nothing,
        }
    }
}

impl From<ClientError> for Completed {
    fn from(error: ClientError) -> Self {
        let event = match error {
            ClientError::Closed { .. } | ClientError::Timeout { .. } => {
                Event::Lost(error.to_string())
            }
            other => Event::Refused(other.to_string()),
        };
        event.into()
    }
}

/// Runs what blocks on a pool; a panic there is a refusal, not the end of the session.
pub(super) async fn on_pool<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, Completed> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(why)) => Err(Event::Refused(why).into()),
        Err(_) => Err(Event::Refused(
            "an internal error occurred while reading the device's answer; see the log".to_owned(),
        )
        .into()),
    }
}
