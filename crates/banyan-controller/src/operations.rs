//! The RPCs of `banyan-controller`: `connection-change`, `config-pull`, `controller-commit`.
//!
//! Each waits for its end and answers with the transaction's number; a failure names device and reason.

use std::sync::Arc;

use banyan_data::{Content, Node, Tree, Value, lexical};
use banyan_engine::Tid;
use banyan_engine::Until;
use banyan_engine::backend::{BoxFuture, Call, CommitParameters, Principal, Result};
use banyan_engine::engine::Engine;
use banyan_engine::error::{BackendError, ErrorLayer, ErrorTag, Report};
use banyan_engine::operation::{Operation, OperationCall};
use banyan_engine::participant::Options;
use banyan_engine::session::INTERNAL;
use banyan_yang::schema::{NodeKind, SchemaId};
use tokio::task::JoinSet;

use crate::ask::ask;
use crate::controller::Controller;
use crate::device::Device;
use crate::machine::{Ending, Goal, Order, without_data};
use crate::participant::{NAME, PushWish, confirm, description, intent, parts, require_open};
use crate::run::{Reached, Run};
use crate::takeover::{Rule, take_over};
use crate::transaction::{DeviceName, Event, Failure, Outcome, Phase};

/// Which of the RPCs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Which {
    ConnectionChange,
    ConfigPull,
    ControllerCommit,
}

/// One of the RPCs, bound to a controller.
pub struct ControllerOperation {
    controller: Arc<Controller>,
    which: Which,
}

/// All RPCs of a controller, with the paths to bind them to.
pub fn operations(controller: &Arc<Controller>) -> Vec<(String, Arc<dyn Operation>)> {
    [
        ("connection-change", Which::ConnectionChange),
        ("config-pull", Which::ConfigPull),
        ("controller-commit", Which::ControllerCommit),
    ]
    .into_iter()
    .map(|(name, which)| {
        let operation: Arc<dyn Operation> = Arc::new(ControllerOperation {
            controller: controller.clone(),
            which,
        });
        (format!("/{}:{name}", crate::model::MODULE), operation)
    })
    .collect()
}

/// The input of an RPC, defaults included.
struct Input<'a>(&'a OperationCall);

impl Input<'_> {
    fn leaf(&self, name: &str) -> Option<Value> {
        let call = self.0;
        let root = call.input.root();
        let module = call.schema.node(call.node).module;
        let id = call.schema.data_child(root.id(), module, name)?;
        match root.get(id) {
            Some(Content::Leaf(value)) => Some(value.clone()),
            _ => lexical::default_value(&call.schema, id, 0).ok(),
        }
    }

    fn device(&self) -> String {
        let pattern = self.leaf("device");
        pattern
            .as_ref()
            .and_then(Value::as_str)
            .unwrap_or("*")
            .to_owned()
    }

    /// The number of an enum, in the order of the model.
    fn choice(&self, name: &str) -> i32 {
        match self.leaf(name) {
            Some(Value::Enum(number)) => number,
            _ => 0,
        }
    }
}

fn output(call: &OperationCall, tid: Tid) -> Result<Tree> {
    let schema = &call.schema;
    let output = schema
        .children(call.node)
        .iter()
        .copied()
        .find(|child| schema.node(*child).kind == NodeKind::Output);
    let leaf = |output: SchemaId| {
        let module = schema.node(call.node).module;
        Some((output, schema.data_child(output, module, "tid")?))
    };
    let (output, leaf) = output.and_then(leaf).ok_or_else(|| {
        BackendError::new(
            ErrorTag::OperationFailed,
            "the model of the operation has no output leaf tid: use the module banyan-controller as it comes with Banyan",
        )
    })?;
    let value = Content::Leaf(Value::Uint(u64::from(tid.0)));
    let root = Node::empty(output).with_child(leaf, Some(value));
    Ok(Tree::new(schema.clone(), root))
}

/// Pushes what running holds beyond what devices have, on behalf of the program itself.
///
/// # Errors
/// What `controller-commit` of these devices would answer.
pub(crate) async fn push_what_is_owed(
    controller: &Arc<Controller>,
    engine: &Engine,
    devices: Vec<Arc<Device>>,
) -> Result<()> {
    let operation = ControllerOperation {
        controller: controller.clone(),
        which: Which::ControllerCommit,
    };
    let call = Call::new(INTERNAL, Principal::user("banyan"));
    let tid = controller.next_tid(&call).await?;
    operation
        .push_running(engine, &call, tid, devices, Goal::Commit)
        .await
}

fn error(message: impl Into<String>) -> BackendError {
    BackendError::new(ErrorTag::OperationFailed, message)
}

impl ControllerOperation {
    async fn connection_change(&self, call: OperationCall) -> Result<Tree> {
        let input = Input(&call);
        let devices = self.controller.matching(&input.device())?;
        let (name, close, open) = match input.choice("operation") {
            1 => ("CLOSE", true, false),
            2 => ("RECONNECT", true, true),
            _ => ("OPEN", false, true),
        };
        let devices = if open { enabled(devices)? } else { devices };
        let description = format!("Controller connect {name}");
        let tid = self.begin(&call.call, description, &devices).await?;
        let mut work = JoinSet::new();
        for device in devices {
            let controller = self.controller.clone();
            let call = call.call.clone();
            work.spawn(async move {
                let who = format!("transaction {tid} of {}", call.principal.effective());
                let patience = controller.surroundings.timeout();
                let clock = controller.clock().clone();
                let claim = match device.claim(&who, patience, &*clock).await {
                    Ok(claim) => claim,
                    Err(why) => return (device, Ending::Unchanged(Some(why)), None),
                };
                let mut ending = Ending::Done;
                if close {
                    ending = ask(&device, Order::Close, None, &*clock, Some(&call)).await;
                }
                if open && ending == Ending::Done {
                    // Only what is fetched now may be taken over.
                    device.update_known(|known| known.seen = None);
                    ending = ask(&device, Order::Open, None, &*clock, Some(&call)).await;
                }
                (device, ending, Some(claim))
            });
        }
        let (done, _claims) = self.collect(tid, work).await;
        if open {
            let taken = take_over(&self.controller, &call.call, &done, Rule::UnlessPending);
            self.note_takeover(tid, taken.await)?;
        }
        self.finish(tid, &call.call)?;
        output(&call, tid)
    }

    async fn config_pull(&self, call: OperationCall) -> Result<Tree> {
        let pattern = Input(&call).device();
        let mut devices = enabled(self.controller.matching(&pattern)?)?;
        // A pattern means those that are there to be asked; a name means this one.
        if pattern.contains(['*', '?']) {
            devices.retain(|device| {
                let open = device.is_open();
                if !open {
                    let line = format!("{}: not OPEN, left out", device.name);
                    call.call.report(line);
                }
                open
            });
        }
        let tid = self.begin(&call.call, "pull".to_owned(), &devices).await?;
        let mut work = JoinSet::new();
        for device in devices {
            let controller = self.controller.clone();
            let call = call.call.clone();
            work.spawn(async move {
                let who = format!("transaction {tid} of {}", call.principal.effective());
                let patience = controller.surroundings.timeout();
                let clock = controller.clock().clone();
                let claim = match device.claim(&who, patience, &*clock).await {
                    Ok(claim) => claim,
                    Err(why) => return (device, Ending::Unchanged(Some(why)), None),
                };
                let ending = match require_open(&device) {
                    Ok(()) => ask(&device, Order::Pull, None, &*clock, Some(&call)).await,
                    Err(refusal) => Ending::Unchanged(Some(refusal.message)),
                };
                (device, ending, Some(claim))
            });
        }
        let (done, _claims) = self.collect(tid, work).await;
        let taken = take_over(&self.controller, &call.call, &done, Rule::Always).await;
        self.note_takeover(tid, taken)?;
        self.finish(tid, &call.call)?;
        output(&call, tid)
    }

    async fn controller_commit(&self, call: OperationCall) -> Result<Tree> {
        let input = Input(&call);
        let pattern = input.device();
        let goal = match input.choice("push") {
            0 => None,
            1 => Some(Goal::Validate),
            _ => Some(Goal::Commit),
        };
        let Some(goal) = goal else {
            let parameters = CommitParameters {
                no_networking: true,
                ..CommitParameters::default()
            };
            let committed = call
                .engine
                .commit_candidate(&call.call, parameters, Options::none(), Until::Commit)
                .await?;
            return output(&call, committed.tid);
        };
        let devices = self.controller.matching(&pattern)?;
        let wish = PushWish {
            goal,
            devices: Some(devices.iter().map(|device| device.name.clone()).collect()),
        };
        let until = match goal {
            Goal::Validate => Until::Complete,
            Goal::Commit => Until::Commit,
        };
        let committed = call
            .engine
            .commit_candidate(
                &call.call,
                CommitParameters::default(),
                Options::none().with(wish),
                until,
            )
            .await?;
        let nothing_changed =
            committed.seq.is_none() && self.controller.ledger.entry(committed.tid).is_none();
        if nothing_changed {
            self.push_running(&call.engine, &call.call, committed.tid, devices, goal)
                .await?;
        }
        output(&call, committed.tid)
    }

    /// Pushes what running holds beyond what the devices have.
    async fn push_running(
        &self,
        engine: &Engine,
        call: &Call,
        tid: Tid,
        devices: Vec<Arc<Device>>,
        goal: Goal,
    ) -> Result<()> {
        let running = engine.running().tree;
        let user = call.principal.effective().clone();
        let who = format!("transaction {tid} of {user}");
        let devices = devices
            .into_iter()
            .filter(|device| device.settings.enabled && device.known().synced.is_some())
            .collect();
        let parts = parts(&self.controller, devices, &running, goal, tid, &who)
            .await
            .map_err(|failure| error(format!("{}: {}", failure.origin, failure.reason)))?;
        for part in &parts {
            require_open(&part.device).map_err(|refusal| error(refusal.message))?;
        }
        let ledger = self.controller.ledger.clone();
        let names = parts.iter().map(|part| part.device.name.clone());
        ledger.begin(tid, user, description(goal), names);
        if parts.is_empty() {
            ledger.update(tid, |entry| {
                entry.phase = Phase::Done;
                entry.outcome = Some(Outcome::Success);
            });
            return Ok(());
        }
        let clock = self.controller.clock().clone();
        let mut run = Run::begin(tid, goal, parts, ledger, clock, call.clone());
        if run.next().await == Reached::Prepared {
            let mut note = intent(&run);
            engine.intend(tid, note.clone()).await?;
            if run.tell(Event::Commit).await == Reached::Committed {
                // No record of the log says that this push is to be seen through, so the intent does.
                note["decided"] = true.into();
                match engine.intend(tid, note).await {
                    Ok(()) => confirm(&self.controller, tid, &mut run).await,
                    Err(failed) => {
                        let failure = Failure {
                            origin: NAME.into(),
                            reason: failed.to_string(),
                        };
                        run.tell(Event::Abort(failure)).await;
                    }
                }
            }
            if run.transaction().outcome() == Some(Outcome::Failed) {
                engine.forget_intent(tid).await?;
            }
        }
        self.finish(tid, call)
    }

    async fn begin(
        &self,
        call: &Call,
        description: String,
        devices: &[Arc<Device>],
    ) -> Result<Tid> {
        let tid = self.controller.next_tid(call).await?;
        let names = devices.iter().map(|device| device.name.clone());
        let user = call.principal.effective().clone();
        self.controller.ledger.begin(tid, user, description, names);
        Ok(tid)
    }

    /// Waits for all devices; notes how each ended; returns those that did as asked, and all claims.
    async fn collect<C: Send + 'static>(
        &self,
        tid: Tid,
        mut work: JoinSet<(Arc<Device>, Ending, Option<C>)>,
    ) -> (Vec<Arc<Device>>, Vec<C>) {
        let (mut done, mut claims) = (Vec::new(), Vec::new());
        while let Some(joined) = work.join_next().await {
            let Ok((device, ending, claim)) = joined else {
                continue;
            };
            claims.extend(claim);
            let name = device.name.clone();
            if ending == Ending::Done {
                done.push(device);
            }
            self.note_ending(tid, name, ending);
        }
        done.sort_by(|a, b| a.name.cmp(&b.name));
        (done, claims)
    }

    fn note_ending(&self, tid: Tid, name: DeviceName, ending: Ending) {
        self.controller.ledger.update(tid, |entry| {
            let reason = match &ending {
                Ending::Done => None,
                Ending::Unchanged(reason) => reason.clone().or(Some("it was given up".to_owned())),
                Ending::Lapsed(reason) | Ending::Unknown(reason) => Some(reason.clone()),
            };
            if let (Some(reason), None) = (reason, &entry.failure) {
                entry.phase = Phase::Resolved;
                entry.outcome = Some(Outcome::Failed);
                entry.failure = Some(Failure {
                    origin: name.clone(),
                    reason,
                });
            }
            entry.devices.insert(name, Some(ending));
        });
    }

    fn note_takeover(&self, tid: Tid, taken: Result<()>) -> Result<()> {
        if let Err(failed) = &taken {
            self.controller.ledger.update(tid, |entry| {
                entry.phase = Phase::Done;
                entry.outcome = Some(Outcome::Failed);
                entry.failure = Some(Failure {
                    origin: NAME.into(),
                    reason: failed.to_string(),
                });
            });
        }
        taken
    }

    /// The transaction is over: success, or an error that says what every device said.
    fn finish(&self, tid: Tid, call: &Call) -> Result<()> {
        self.controller.ledger.update(tid, |entry| {
            entry.phase = Phase::Done;
            entry.outcome.get_or_insert(Outcome::Success);
        });
        let Some(entry) = self.controller.ledger.entry(tid) else {
            return Ok(());
        };
        if entry.outcome == Some(Outcome::Success) {
            return Ok(());
        }
        // What differs on a device was looked for in all of its data.
        let engine = self.controller.engine();
        let reads_all = engine.is_ok_and(|engine| engine.may_read_all(call));
        let mut failed = error(match reads_all {
            true => entry.summary(),
            false => entry.summary_without_data(),
        });
        for (name, ending) in &entry.devices {
            let first = entry.failure.as_ref().is_some_and(|f| f.origin == *name);
            let why = match ending {
                Some(Ending::Unchanged(Some(why)) | Ending::Lapsed(why)) if !first => why,
                Some(Ending::Unknown(why)) => why,
                _ => continue,
            };
            let layer = ErrorLayer::Application;
            let tag = ErrorTag::OperationFailed;
            let why = match reads_all {
                true => why.clone(),
                false => without_data(why),
            };
            let report = Report::new(layer, tag, format!("{name}: {why}"));
            failed.reports.push(report);
        }
        Err(failed)
    }
}

/// Disabled devices are left out; it is an error if none is left.
fn enabled(mut devices: Vec<Arc<Device>>) -> Result<Vec<Arc<Device>>> {
    devices.retain(|device| device.settings.enabled);
    if devices.is_empty() {
        return Err(error(
            "all devices that match are disabled; set enabled to true in /devices/device and commit",
        ));
    }
    Ok(devices)
}

impl Operation for ControllerOperation {
    fn call(&self, call: OperationCall) -> BoxFuture<'_, Result<Tree>> {
        match self.which {
            Which::ConnectionChange => Box::pin(self.connection_change(call)),
            Which::ConfigPull => Box::pin(self.config_pull(call)),
            Which::ControllerCommit => Box::pin(self.controller_commit(call)),
        }
    }
}
