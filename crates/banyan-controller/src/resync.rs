//! What a start changed in running is pushed to the devices that it concerns, as soon as they are OPEN.
//!
//! A start may commit on its own: it takes back what nobody confirmed, takes over a file that was edited, merges
//! documents, upgrades. No device is connected then. What was left unpushed before on purpose (`no-networking`) is not
//! pushed by it: such devices say so in their message.

use std::collections::BTreeSet;
use std::sync::Arc;

use banyan_engine::Seq;
use banyan_engine::engine::Engine;
use banyan_engine::log::RecordHead;

use crate::controller::Controller;
use crate::device::Device;
use crate::operations::push_what_is_owed;
use crate::remedy;
use crate::takeover::same;
use crate::transaction::DeviceName;

/// How many commits of its own a start makes at most; of more, only the newest count.
const COMMITS: usize = 1000;

/// The devices whose configuration the newest commits have changed, if those are commits of a start. They may be of an
/// earlier start that did not get to push them: a device that has what it is to have gets nothing. Cost: what changed.
pub(crate) async fn owed(controller: &Arc<Controller>, engine: &Engine) -> BTreeSet<DeviceName> {
    let found = async {
        let heads = engine.history(None, COMMITS).await?;
        let own = heads.iter().take_while(|head| is_of_a_start(head));
        let Some(first) = own.last() else {
            return Ok(BTreeSet::new());
        };
        let before = Seq(first.seq.0.saturating_sub(1));
        let states = engine.two_states(before, engine.running().seq).await?;
        let (before, after) = (states.before, states.after);
        let names = controller
            .all()
            .into_iter()
            .map(|device| device.name.clone());
        let changed = names.filter(|name| {
            let of = |tree| controller.model.mount(tree, name);
            match (of(&before), of(&after)) {
                (Some(before), Some(after)) => !same(&before, &after),
                (before, after) => before.is_some() != after.is_some(),
            }
        });
        Ok::<_, banyan_engine::BackendError>(changed.collect())
    };
    found.await.unwrap_or_else(|error| {
        tracing::error!("what the start changed of devices cannot be looked up: {error}");
        BTreeSet::new()
    })
}

fn is_of_a_start(head: &RecordHead) -> bool {
    let sources = ["start internal", "file internal", "upgrade internal"];
    &*head.user == "banyan" && sources.contains(&&*head.source)
}

/// The device is OPEN: it gets what the start owes it, in the background. If it does not take it, that is its message,
/// and it is tried again when it is connected the next time.
pub(crate) fn push(controller: &Arc<Controller>, device: Arc<Device>) {
    let controller = controller.clone();
    tokio::spawn(async move {
        let Ok(engine) = controller.engine() else {
            return;
        };
        let devices = vec![device.clone()];
        match push_what_is_owed(&controller, &engine, devices).await {
            Ok(()) => {
                controller.is_paid(&device.name);
                tracing::info!(
                    device = &*device.name,
                    "has what the start changed in running"
                );
            }
            Err(error) => {
                tracing::error!(
                    device = &*device.name,
                    "what the start changed in running was not pushed: {error}"
                );
                device.update_status(|status| {
                    status.message = Some(format!(
                        "the start changed what the device is to have, and it was not pushed: {error}; push it with {}",
                        remedy::push(&device.name)
                    ));
                });
            }
        }
    });
}
