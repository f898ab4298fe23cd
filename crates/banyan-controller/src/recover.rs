//! After a crash: pushes that were between the barrier and their end are brought to one.
//!
//! An intent names the devices. If the commit is in the log (or the intent says that it was decided), the
//! devices are confirmed; else they are brought back. The outcome of a device needs no record of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use banyan_data::Tree;
use banyan_engine::backend::Call;
use banyan_engine::engine::Engine;
use banyan_engine::{Seq, Tid};
use bytes::Bytes;
use serde_json::Value as Json;

use crate::ask::ask;
use crate::controller::Controller;
use crate::device::Device;
use crate::job::Job;
use crate::machine::{Ending, Goal, Order, Push, Way};
use crate::participant::{NAME, persist_id};
use crate::remedy;
use crate::transaction::DeviceName;

/// How many records are looked at in one piece.
const PIECE: usize = 1000;

/// Settles what earlier lives of the program left behind, and returns the devices concerned. What cannot be settled now stays
/// for the next start, and is shown as the device's message.
pub(crate) async fn settle(controller: &Arc<Controller>, engine: &Engine) -> BTreeSet<DeviceName> {
    let intents = match engine.intents().await {
        Ok(intents) => intents,
        Err(error) => {
            tracing::error!("interrupted pushes cannot be looked up: {error}");
            return BTreeSet::new();
        }
    };
    let mut concerned = BTreeSet::new();
    for (tid, note) in intents {
        if note["participant"].as_str() == Some(NAME) {
            concerned.extend(settle_one(controller, engine, tid, &note).await);
        }
    }
    concerned
}

async fn settle_one(
    controller: &Arc<Controller>,
    engine: &Engine,
    tid: Tid,
    note: &Json,
) -> Vec<DeviceName> {
    let forward = match note["decided"].as_bool() {
        Some(true) => true,
        _ => match in_log(engine, tid).await {
            Ok(found) => found,
            Err(error) => {
                // Not knowing is no ground for undoing what may have been answered: the next start asks again.
                tracing::error!("transaction {tid} cannot be looked up in the commit log: {error}");
                return Vec::new();
            }
        },
    };
    let mut concerned = Vec::new();
    let mut settled = true;
    let devices = note["devices"].as_object();
    for (name, part) in devices.into_iter().flatten() {
        let Some(device) = controller.device(name) else {
            // No longer managed: its own timer takes an unconfirmed commit back.
            continue;
        };
        concerned.push(device.name.clone());
        let way = match part["way"].as_str() {
            Some("confirmed-persist") => Way::ConfirmedPersist,
            Some("confirmed") => Way::Confirmed,
            Some("candidate") => Way::Candidate,
            _ => Way::Running,
        };
        let id = part["persist-id"]
            .as_str()
            .map_or_else(|| persist_id(tid), Arc::from);
        settled &= settle_device(controller, engine, &device, tid, way, id, forward).await;
    }
    if settled && let Err(error) = engine.forget_intent(tid).await {
        tracing::warn!("{error}");
    }
    concerned
}

/// Whether the transaction was committed. Cost: the history, once for each push that was interrupted.
async fn in_log(engine: &Engine, tid: Tid) -> Result<bool, String> {
    let log = engine.log().clone();
    let looking = tokio::task::spawn_blocking(move || {
        let mut newest = log.head()?;
        while newest > Seq(0) {
            let heads = log.history(newest, PIECE)?;
            if heads.iter().any(|head| head.tid == tid) {
                return Ok(true);
            }
            if heads.len() < PIECE {
                break;
            }
            newest = Seq(newest.0.saturating_sub(PIECE as u64));
        }
        Ok::<bool, banyan_engine::log::LogError>(false)
    });
    match looking.await {
        Ok(found) => found.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

async fn settle_device(
    controller: &Arc<Controller>,
    engine: &Engine,
    device: &Arc<Device>,
    tid: Tid,
    way: Way,
    id: Arc<str>,
    forward: bool,
) -> bool {
    let clock = controller.clock().clone();
    let who = format!("the recovery of transaction {tid}");
    let patience = controller.surroundings.timeout();
    let Ok(_claim) = device.claim(&who, patience, &*clock).await else {
        return false;
    };
    let known = device.known();
    let Some(schema) = known.schema else {
        return false;
    };
    let empty = || Arc::new(Tree::empty(schema.clone()));
    let after = controller
        .model
        .mount(&engine.running().tree, &device.name)
        .unwrap_or_else(empty);
    let before = match known.synced {
        Some(synced) => synced,
        // Going forward does not need it; going back to a guess would delete what others answered for.
        None if forward => empty(),
        None => {
            let message = format!(
                "transaction {tid} was interrupted, and what the device had before is not known: compare it by hand, then take over what it has with {}",
                remedy::pull(&device.name)
            );
            device.update_status(|status| status.message = Some(message));
            return false;
        }
    };
    let job = Arc::new(Job {
        before,
        after: after.clone(),
        edit: Bytes::new(),
        persist_id: id,
    });
    let push = Push::new(way, false, false, Goal::Commit);
    let order = if forward {
        Order::Forward(push)
    } else {
        Order::Recover(push)
    };
    let nobody: Option<&Call> = None;
    let ending = ask(device, order, Some(job), &*clock, nobody).await;
    tracing::info!(
        device = &*device.name,
        "transaction {tid} after a restart: {ending:?}"
    );
    let settled = match ending {
        Ending::Done => {
            controller.agree(device, after);
            true
        }
        Ending::Unchanged(_) => true,
        Ending::Lapsed(why) => {
            // What it has now is what the next push starts from.
            if let Some(seen) = device.known().seen {
                controller.agree(device, seen);
            }
            let message = format!(
                "transaction {tid} was interrupted, and the device took it back ({why}); push it again with {}",
                remedy::push(&device.name)
            );
            device.update_status(|status| status.message = Some(message));
            true
        }
        Ending::Unknown(why) => {
            let message = format!("transaction {tid} was interrupted: {why}");
            device.update_status(|status| status.message = Some(message));
            false
        }
    };
    // The session was opened without a look at the modules: the full way follows.
    ask(device, Order::Close, None, &*clock, nobody).await;
    settled
}
