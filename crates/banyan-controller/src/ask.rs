//! Orders to one device outside of a push, and waiting for how they end.

use std::sync::Arc;
use std::time::Duration;

use banyan_engine::backend::Call;
use banyan_engine::clock::Clock;
use tokio::sync::mpsc;

use crate::device::{Device, Work};
use crate::job::Job;
use crate::machine::{Ending, Order, Report};

/// What takes longer is told to whoever listens.
const PROGRESS: Duration = Duration::from_secs(1);

/// Gives an order and waits for its end; every state has its own timer, so this ends.
pub async fn ask(
    device: &Arc<Device>,
    order: Order,
    job: Option<Arc<Job>>,
    clock: &dyn Clock,
    call: Option<&Call>,
) -> Ending {
    let (reports, mut answers) = mpsc::unbounded_channel();
    device.order(Work {
        order,
        job,
        reports: Some(reports),
    });
    loop {
        tokio::select! {
            biased;
            answer = answers.recv() => match answer {
                Some((_, Report::Ended(ending))) => return ending,
                Some(_) => {}
                None => {
                    let why = "the device was removed from the configuration, or its settings were changed";
                    return Ending::Unknown(why.to_owned());
                }
            },
            () = clock.sleep(PROGRESS) => {
                if let Some(call) = call {
                    call.report(format!("{}: {}", device.name, device.status().state));
                }
            }
        }
    }
}
