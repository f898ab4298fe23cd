//! The controller's part in a commit: a change of a device's mount goes to that device, or the commit fails.
//!
//! `begin` chooses and keeps the devices, `validate` takes them to the barrier, `commit` beyond it as far as
//! can be undone, `commit_done` makes it final. The machine behind each step is in `transaction`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use banyan_data::Tree;
use banyan_engine::Tid;
use banyan_engine::backend::BoxFuture;
use banyan_engine::error::{ErrorLayer, ErrorTag, Report};
use banyan_engine::participant::{Answer, AtStart, Participant, Phase, Refusal, Transaction};
use serde_json::json;

use crate::controller::{Controller, Pulled};
use crate::device::Device;
use crate::job::Job;
use crate::machine::{Ending, Goal, Way};
use crate::remedy;
use crate::run::{Part, Reached, Run};
use crate::transaction::{DeviceName, Event, Failure, Outcome};

/// The participant's name, and the origin of failures that are no device's.
pub(crate) const NAME: &str = "controller";

/// How long a commit waits for a device that another transaction uses.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a device that took a confirmed change back is pushed again.
const REPEATS: u32 = 3;

/// What the caller of a commit wants of the devices; without it, a commit pushes to all that it touches.
#[derive(Clone, Debug)]
pub struct PushWish {
    /// How far to go.
    pub goal: Goal,
    /// The devices that may be touched; `None` is all.
    pub devices: Option<Vec<DeviceName>>,
}

/// A push under way, by the number of its commit.
type Runs = Mutex<HashMap<Tid, Arc<tokio::sync::Mutex<Run>>>>;

/// Pushes commits to devices.
pub struct DevicePush {
    controller: Arc<Controller>,
    runs: Runs,
}

/// What may be left on devices if the program dies: written before the first device commits.
pub(crate) fn intent(run: &Run) -> serde_json::Value {
    let devices: serde_json::Map<String, serde_json::Value> = run
        .parts()
        .map(|part| {
            let way = match part.push.way {
                Way::ConfirmedPersist => "confirmed-persist",
                Way::Confirmed => "confirmed",
                Way::Candidate => "candidate",
                Way::Running => "running",
            };
            let note = json!({ "way": way, "persist-id": &*part.job.persist_id });
            (part.device.name.to_string(), note)
        })
        .collect();
    json!({ "participant": NAME, "devices": devices })
}

fn refusal(message: impl Into<String>) -> Refusal {
    Refusal::new(NAME, message)
}

impl DevicePush {
    /// The participant of a controller.
    pub fn new(controller: Arc<Controller>) -> DevicePush {
        DevicePush {
            controller,
            runs: Runs::default(),
        }
    }

    fn run_of(&self, transaction: &Transaction) -> Option<Arc<tokio::sync::Mutex<Run>>> {
        // Every change of the map is one call.
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.get(&transaction.tid).cloned()
    }

    fn pushes(&self, transaction: &Transaction) -> bool {
        !transaction.parameters.no_networking && transaction.options.get::<Pulled>().is_none()
    }

    /// The devices that the commit changes, each fit for a push.
    fn chosen(&self, transaction: &Transaction) -> Result<Vec<Arc<Device>>, Refusal> {
        let wish = transaction.options.get::<PushWish>();
        let mut names = self.controller.model.changed_mounts(&transaction.changes);
        names.sort();
        names.dedup();
        let mut devices = Vec::with_capacity(names.len());
        for name in names {
            if let Some(PushWish {
                devices: Some(allowed),
                ..
            }) = wish
                && !allowed.contains(&name)
            {
                return Err(refusal(format!(
                    "the commit changes {name}, which is not among the chosen devices; choose it too, or take its change out of the candidate"
                )));
            }
            let Some(device) = self.controller.device(&name) else {
                return Err(refusal(format!(
                    "the commit creates the device {name} together with its configuration; commit the device first, then open it ({}), then change it",
                    remedy::open(&name)
                )));
            };
            require_open(&device)?;
            devices.push(device);
        }
        Ok(devices)
    }

    async fn choose_and_keep(&self, transaction: &Transaction) -> Answer {
        if !self.pushes(transaction) {
            return Ok(());
        }
        let devices = self.chosen(transaction)?;
        if devices.is_empty() {
            return Ok(());
        }
        let goal = transaction
            .options
            .get::<PushWish>()
            .map_or(Goal::Commit, |wish| wish.goal);
        let who = format!(
            "transaction {} of {}",
            transaction.tid,
            transaction.principal.effective()
        );
        let parts = parts(
            &self.controller,
            devices,
            &transaction.after,
            goal,
            transaction.tid,
            &who,
        )
        .await
        .map_err(|failure| refusal(format!("{}: {}", failure.origin, failure.reason)))?;
        if parts.is_empty() {
            return Ok(());
        }
        let ledger = self.controller.ledger.clone();
        ledger.begin(
            transaction.tid,
            transaction.principal.effective().clone(),
            description(goal),
            parts.iter().map(|part| part.device.name.clone()),
        );
        let run = Run::begin(
            transaction.tid,
            goal,
            parts,
            ledger,
            self.controller.clock().clone(),
            transaction.call.clone(),
        );
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.insert(transaction.tid, Arc::new(tokio::sync::Mutex::new(run)));
        Ok(())
    }

    async fn to_the_barrier(&self, transaction: &Transaction) -> Answer {
        let Some(run) = self.run_of(transaction) else {
            return Ok(());
        };
        let mut run = run.lock().await;
        match run.next().await {
            Reached::Prepared | Reached::Committed | Reached::Done(Outcome::Success) => Ok(()),
            Reached::Done(_) => Err(self.failed(&run, transaction)),
        }
    }

    async fn over_the_barrier(&self, transaction: &Transaction) -> Answer {
        let Some(run) = self.run_of(transaction) else {
            return Ok(());
        };
        let mut run = run.lock().await;
        let note = intent(&run);
        let engine = self
            .controller
            .engine()
            .map_err(|error| refusal(error.to_string()))?;
        engine
            .intend(transaction.tid, note.clone())
            .await
            .map_err(|error| refusal(format!("nothing was sent to be committed: {error}")))?;
        transaction.record("devices", note);
        match run.tell(Event::Commit).await {
            Reached::Committed => Ok(()),
            _ => Err(self.failed(&run, transaction)),
        }
    }

    async fn make_final(&self, transaction: &Transaction) {
        if let Some(run) = self.run_of(transaction) {
            let mut run = run.lock().await;
            confirm(&self.controller, transaction.tid, &mut run).await;
        }
        if self.controller.model.touches_settings(&transaction.changes) {
            self.controller.reconcile(&transaction.after).await;
        }
    }

    async fn undo(&self, transaction: &Transaction) -> Answer {
        let Some(run) = self.run_of(transaction) else {
            return Ok(());
        };
        let mut run = run.lock().await;
        match run.tell(Event::Abort(given_up())).await {
            Reached::Done(Outcome::Error) => {
                let remains = run.transaction().remains().join("; ");
                Err(refusal(format!(
                    "these devices may not be as they were before: {remains}; look at them, and take over what they have with config-pull"
                )))
            }
            _ => {
                self.forget_intent(transaction.tid).await;
                Ok(())
            }
        }
    }

    async fn end_undone(&self, transaction: &Transaction) {
        if let Some(run) = self.run_of(transaction) {
            let mut run = run.lock().await;
            run.tell(Event::Abort(given_up())).await;
        }
        self.forget(transaction);
    }

    fn forget(&self, transaction: &Transaction) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.remove(&transaction.tid);
    }

    async fn forget_intent(&self, tid: Tid) {
        if let Ok(engine) = self.controller.engine()
            && let Err(error) = engine.forget_intent(tid).await
        {
            tracing::warn!("{error}");
        }
    }

    /// The refusal of a push that failed: the first device, in its own words, and what remains.
    fn failed(&self, run: &Run, transaction: &Transaction) -> Refusal {
        let tid = transaction.tid;
        let engine = self.controller.engine();
        // What differs on a device was looked for in all of its data.
        let reads_all = engine.is_ok_and(|engine| engine.may_read_all(&transaction.call));
        let summary = match self.controller.ledger.entry(tid) {
            None => format!("transaction {tid} failed"),
            Some(entry) if reads_all => entry.summary(),
            Some(entry) => entry.summary_without_data(),
        };
        let remains = run.transaction().remains().into_iter().map(|line| {
            Report::new(
                ErrorLayer::Application,
                ErrorTag::RollbackFailed,
                format!("device {line}"),
            )
        });
        refusal(summary).with_reports(remains)
    }
}

fn given_up() -> Failure {
    Failure {
        origin: NAME.into(),
        reason: "the commit was given up on the controller; its answer says why".to_owned(),
    }
}

/// What a push is called in the list of transactions.
pub(crate) fn description(goal: Goal) -> &'static str {
    match goal {
        Goal::Validate => "Controller commit push:VALIDATE",
        Goal::Commit => "Controller commit push:COMMIT",
    }
}

/// A device that is not OPEN refuses.
pub(crate) fn require_open(device: &Device) -> Result<(), Refusal> {
    let name = &device.name;
    if !device.settings.enabled {
        return Err(refusal(format!(
            "the device {name} is disabled; enable it and open it, or commit with --no-networking"
        )));
    }
    if device.is_open() {
        return Ok(());
    }
    let status = device.status();
    let why = status.message.map_or(String::new(), |m| format!(" ({m})"));
    Err(refusal(format!(
        "the device {name} is {}, not OPEN{why}; open it with {}, or commit with --no-networking",
        status.state,
        remedy::open(name)
    )))
}

/// Keeps the devices and works out what changes on each; devices that have it already are left out.
pub(crate) async fn parts(
    controller: &Arc<Controller>,
    devices: Vec<Arc<Device>>,
    after: &Tree,
    goal: Goal,
    tid: Tid,
    who: &str,
) -> Result<Vec<Part>, Failure> {
    let failure = |name: &DeviceName, reason: String| Failure {
        origin: name.clone(),
        reason,
    };
    let claims = controller
        .claim_all(&devices, who, PATIENCE)
        .await
        .map_err(|(name, why)| failure(&name, why))?;
    let controller = controller.clone();
    let after = after.clone();
    let work = move || {
        let mut parts = Vec::with_capacity(devices.len());
        for (device, claim) in devices.into_iter().zip(claims) {
            let known = device.known();
            let (Some(schema), Some(synced)) = (known.schema, known.synced) else {
                let why = "what the device has is not known; fetch it with ";
                return Err(failure(
                    &device.name,
                    why.to_owned() + &remedy::pull(&device.name),
                ));
            };
            let Some(abilities) = device.status().abilities else {
                let why = "the device offers neither a candidate nor a writable running datastore";
                return Err(failure(&device.name, why.to_owned()));
            };
            let wanted = controller
                .model
                .mount(&after, &device.name)
                .unwrap_or_else(|| Arc::new(Tree::empty(schema.clone())));
            if !Arc::ptr_eq(wanted.schema(), &schema) || !Arc::ptr_eq(synced.schema(), &schema) {
                let why = "the device has other modules than its configuration in the controller was made with; fetch it again with ";
                return Err(failure(
                    &device.name,
                    why.to_owned() + &remedy::pull(&device.name),
                ));
            }
            let job = Job::new(synced, wanted, persist_id(tid))
                .map_err(|why| failure(&device.name, why))?;
            if let Some(job) = job {
                parts.push(Part {
                    push: abilities.push(goal),
                    device,
                    job: Arc::new(job),
                    _claim: Some(claim),
                });
            }
        }
        Ok(parts)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(parts) => parts,
        Err(error) => Err(Failure {
            origin: NAME.into(),
            reason: format!("internal error: {error}"),
        }),
    }
}

/// The name of a transaction's commit on the devices.
pub(crate) fn persist_id(tid: Tid) -> Arc<str> {
    Arc::from(format!("banyan-{tid}"))
}

/// Past the point of no return: confirms on all devices, pushes again to those that took it back, and
/// notes what every device has.
pub(crate) async fn confirm(controller: &Arc<Controller>, tid: Tid, run: &mut Run) {
    run.tell(Event::Confirm).await;
    let mut repeated = Vec::new();
    let mut settled = true;
    let endings: Vec<(DeviceName, Option<Ending>)> = run
        .transaction()
        .endings()
        .map(|(name, ending)| (name.clone(), ending.cloned()))
        .collect();
    for (name, ending) in endings {
        let Some(part) = run.parts().find(|part| part.device.name == name) else {
            continue;
        };
        let (device, job) = (part.device.clone(), part.job.clone());
        let kept = match ending {
            Some(Ending::Done) => true,
            // It took the change back by itself, or lost its session and with it the change.
            Some(Ending::Lapsed(_) | Ending::Unchanged(_)) => {
                tracing::warn!(
                    device = &*name,
                    ?ending,
                    "the device took the change back; pushed again"
                );
                let again = push_again(controller, tid, run, &device, &job).await;
                repeated.push((name.clone(), again));
                again
            }
            _ => false,
        };
        if kept {
            controller.agree(&device, job.after.clone());
        } else {
            settled = false;
            let message = format!(
                "transaction {tid} is committed, but it is not known whether the device has it; it is asked when it is connected again"
            );
            device.update_status(|status| status.message = Some(message));
        }
    }
    if !repeated.is_empty() {
        controller.ledger.update(tid, |entry| {
            for (name, done) in &repeated {
                if *done {
                    entry.devices.insert(name.clone(), Some(Ending::Done));
                }
            }
            let all = |ending: &Option<Ending>| *ending == Some(Ending::Done);
            if entry.devices.values().all(all) {
                entry.outcome = Some(Outcome::Success);
                entry.failure = None;
            }
        });
    }
    // An intent that is not settled stays: it is looked at again at the next start.
    if settled
        && let Ok(engine) = controller.engine()
        && let Err(error) = engine.forget_intent(tid).await
    {
        tracing::warn!("{error}");
    }
}

/// Pushes what a device lacks, from what it was last seen to have.
async fn push_again(
    controller: &Arc<Controller>,
    tid: Tid,
    run: &Run,
    device: &Arc<Device>,
    job: &Arc<Job>,
) -> bool {
    for attempt in 0..REPEATS {
        controller
            .clock()
            .sleep(Duration::from_secs(u64::from(attempt)))
            .await;
        let Some(abilities) = device.status().abilities.filter(|_| device.is_open()) else {
            continue;
        };
        let seen = device.known().seen.unwrap_or_else(|| job.before.clone());
        let Ok(Some(again)) = Job::new(seen, job.after.clone(), job.persist_id.clone()) else {
            return true;
        };
        let part = Part {
            device: device.clone(),
            push: abilities.push(Goal::Commit),
            job: Arc::new(again),
            _claim: None,
        };
        let mut once = Run::alone(run, tid, part);
        if once.next().await == Reached::Prepared
            && once.tell(Event::Commit).await == Reached::Committed
            && once.tell(Event::Confirm).await == Reached::Done(Outcome::Success)
        {
            return true;
        }
    }
    false
}

impl Participant for DevicePush {
    fn name(&self) -> &str {
        NAME
    }

    fn interested(&self, transaction: &Transaction) -> bool {
        self.controller.model.touches_devices(&transaction.changes)
    }

    /// No device is connected yet. What a device lacks is pushed when it is OPEN again: see `resync`.
    fn at_start(&self) -> AtStart {
        AtStart::Nothing
    }

    fn deadline(&self, phase: Phase) -> Duration {
        let answer = self.controller.surroundings.timeout();
        match phase {
            Phase::Begin => PATIENCE * 6,
            // Each state has its own timer; this is only the bound behind them.
            _ => answer * 20,
        }
    }

    fn begin<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(self.choose_and_keep(transaction))
    }

    fn validate<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(self.to_the_barrier(transaction))
    }

    fn commit<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(self.over_the_barrier(transaction))
    }

    fn commit_done<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, ()> {
        Box::pin(self.make_final(transaction))
    }

    fn end<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, ()> {
        self.forget(transaction);
        Box::pin(std::future::ready(()))
    }

    fn revert<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(self.undo(transaction))
    }

    fn abort<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, ()> {
        Box::pin(self.end_undone(transaction))
    }
}
