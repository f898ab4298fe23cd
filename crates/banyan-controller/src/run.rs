//! A push that runs: the transaction machine with real devices behind it.
//!
//! Every wait can be given up and taken up again: what happened meanwhile waits in the channel.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use banyan_engine::Tid;
use banyan_engine::backend::Call;
use banyan_engine::clock::Clock;
use tokio::sync::mpsc;

use crate::device::{Claim, Device, Work};
use crate::job::Job;
use crate::ledger::Ledger;
use crate::machine::{Goal, Order, Push, Report};
use crate::transaction::{Action, DeviceName, Event, Outcome, Transaction};

/// What takes longer is told to whoever listens.
const PROGRESS: Duration = Duration::from_secs(1);

/// Where a push has come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reached {
    /// All devices have validated.
    Prepared,
    /// All devices have committed, and can be brought back.
    Committed,
    /// It is over.
    Done(Outcome),
}

/// One device of a push.
pub struct Part {
    /// The device.
    pub device: Arc<Device>,
    /// How it takes changes.
    pub push: Push,
    /// What is to change on it.
    pub job: Arc<Job>,
    /// Keeps it for this push; `None` when the caller keeps it.
    pub _claim: Option<Claim>,
}

/// A push to several devices.
pub struct Run {
    tid: Tid,
    transaction: Transaction,
    parts: BTreeMap<DeviceName, Part>,
    waiting: VecDeque<Action>,
    reports: mpsc::UnboundedReceiver<(DeviceName, Report)>,
    reports_to: mpsc::UnboundedSender<(DeviceName, Report)>,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    call: Call,
}

impl Run {
    /// Begins a push; nothing is sent before [`Run::next`].
    pub fn begin(
        tid: Tid,
        goal: Goal,
        parts: Vec<Part>,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        call: Call,
    ) -> Run {
        let pushes = parts
            .iter()
            .map(|part| (part.device.name.clone(), part.push.clone()));
        let (transaction, actions) = Transaction::begin(goal, pushes);
        let (reports_to, reports) = mpsc::unbounded_channel();
        Run {
            tid,
            transaction,
            parts: parts
                .into_iter()
                .map(|part| (part.device.name.clone(), part))
                .collect(),
            waiting: actions.into(),
            reports,
            reports_to,
            ledger,
            clock,
            call,
        }
    }

    /// A push of its own to one device, on behalf of another push; it shows in no list.
    pub fn alone(of: &Run, tid: Tid, part: Part) -> Run {
        let ledger = Arc::new(Ledger::new(of.clock.clone()));
        Run::begin(
            tid,
            Goal::Commit,
            vec![part],
            ledger,
            of.clock.clone(),
            of.call.clone(),
        )
    }

    /// The machine, to look at.
    pub fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// The devices.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.parts.values()
    }

    /// Hears an event, and waits for what comes of it.
    pub async fn tell(&mut self, event: Event) -> Reached {
        let actions = self.transaction.step(event);
        self.waiting.extend(actions);
        self.next().await
    }

    /// Waits until the next point is reached.
    pub async fn next(&mut self) -> Reached {
        loop {
            let reached = self.carry_out();
            self.ledger.follow(self.tid, &self.transaction);
            if let Some(reached) = reached {
                return reached;
            }
            if let (crate::transaction::Phase::Done, Some(outcome)) =
                (self.transaction.phase(), self.transaction.outcome())
            {
                return Reached::Done(outcome);
            }
            tokio::select! {
                biased;
                report = self.reports.recv() => {
                    // Never closed: this holds a sender.
                    if let Some((name, report)) = report {
                        let actions = self.transaction.step(Event::Device(name, report));
                        self.waiting.extend(actions);
                    }
                }
                () = self.clock.sleep(PROGRESS) => self.progress(),
            }
        }
    }

    /// Passes orders on until a point is reached or nothing is left to do.
    fn carry_out(&mut self) -> Option<Reached> {
        while let Some(action) = self.waiting.pop_front() {
            match action {
                Action::Tell(name, order) => self.order(&name, order),
                Action::Prepared => return Some(Reached::Prepared),
                Action::Committed => return Some(Reached::Committed),
                Action::Done(outcome) => return Some(Reached::Done(outcome)),
            }
        }
        None
    }

    fn order(&self, name: &DeviceName, order: Order) {
        let Some(part) = self.parts.get(name) else {
            return;
        };
        let first = matches!(order, Order::Prepare(_));
        part.device.order(Work {
            order,
            job: first.then(|| part.job.clone()),
            reports: first.then(|| self.reports_to.clone()),
        });
    }

    /// One line per device that is not there yet.
    fn progress(&self) {
        for (name, ending) in self.transaction.endings() {
            if let (None, Some(part)) = (ending, self.parts.get(name)) {
                let status = part.device.status();
                self.call.report(format!("{name}: {}", status.state));
            }
        }
    }
}
