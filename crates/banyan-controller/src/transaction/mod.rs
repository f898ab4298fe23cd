//! A transaction over many devices as a pure machine: who is told what when, and how it all ended.
//!
//! No I/O and no clock. It hears what devices report and what the commit pipeline decides, and answers
//! with orders to devices. Devices end on their own; the transaction is done when none is left.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::machine::{Ending, Goal, Order, Push, Report, Way};

/// How far a transaction is (`transactions/transaction/state`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Under way.
    Init,
    /// The result stands; devices are still at work for it.
    Resolved,
    /// Over.
    Done,
}

/// How a transaction ended (`transactions/transaction/result`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Every device did what was asked.
    Success,
    /// Nothing was changed anywhere.
    Failed,
    /// Somewhere something remains, or nobody knows.
    Error,
}

impl Phase {
    /// The name in the model.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Init => "INIT",
            Phase::Resolved => "RESOLVED",
            Phase::Done => "DONE",
        }
    }
}

impl Outcome {
    /// The name in the model.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Success => "SUCCESS",
            Outcome::Failed => "FAILED",
            Outcome::Error => "ERROR",
        }
    }
}

/// The name of a device.
pub type DeviceName = Arc<str>;

/// How far one device is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Member {
    Preparing,
    Prepared,
    Committing,
    Committed,
    /// Told to undo, or undoing on its own account.
    Leaving,
    Confirming,
    Ended(Ending),
}

#[derive(Clone, Debug)]
struct Device {
    way: Way,
    member: Member,
}

/// The first no.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The device's name, or `controller`.
    pub origin: Arc<str>,
    /// The reason, in the words of the one who refused.
    pub reason: String,
}

/// What a transaction hears.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A device reports.
    Device(DeviceName, Report),
    /// All else is ready: the devices may commit.
    Commit,
    /// The change is durable on the controller: there is only forward.
    Confirm,
    /// Somebody else refused, or gave up.
    Abort(Failure),
}

/// What a transaction wants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Tell a device.
    Tell(DeviceName, Order),
    /// The barrier: all devices have validated.
    Prepared,
    /// All devices have committed, and can still be brought back.
    Committed,
    /// Over: no device is left.
    Done(Outcome),
}

/// Past which point the transaction is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Preparing,
    AtBarrier,
    Committing,
    Held,
    Forward,
}

/// A push to several devices.
#[derive(Clone, Debug)]
pub struct Transaction {
    devices: BTreeMap<DeviceName, Device>,
    goal: Goal,
    stage: Stage,
    phase: Phase,
    outcome: Option<Outcome>,
    failure: Option<Failure>,
}

impl Transaction {
    /// Begins a push to these devices: all of them are told to prepare. There must be at least one.
    pub fn begin(
        goal: Goal,
        pushes: impl IntoIterator<Item = (DeviceName, Push)>,
    ) -> (Transaction, Vec<Action>) {
        let mut devices = BTreeMap::new();
        let mut actions = Vec::new();
        for (name, push) in pushes {
            devices.insert(
                name.clone(),
                Device {
                    way: push.way,
                    member: Member::Preparing,
                },
            );
            actions.push(Action::Tell(name, Order::Prepare(push)));
        }
        let transaction = Transaction {
            devices,
            goal,
            stage: Stage::Preparing,
            phase: Phase::Init,
            outcome: None,
            failure: None,
        };
        (transaction, actions)
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// How it ended, as far as that stands.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// The first no.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// How each device ended; `None` while it has not.
    pub fn endings(&self) -> impl Iterator<Item = (&DeviceName, Option<&Ending>)> {
        self.devices.iter().map(|(name, device)| {
            let ending = match &device.member {
                Member::Ended(ending) => Some(ending),
                _ => None,
            };
            (name, ending)
        })
    }

    /// What remains where, in one sentence per device; empty unless the outcome is an error.
    pub fn remains(&self) -> Vec<String> {
        self.endings()
            .filter_map(|(name, ending)| match ending? {
                Ending::Unknown(what) => Some(format!("{name}: {what}")),
                Ending::Lapsed(what) => Some(format!("{name} lacks the change: {what}")),
                Ending::Done if self.failure.is_some() && self.goal == Goal::Commit => {
                    Some(format!("{name} holds the change"))
                }
                Ending::Done | Ending::Unchanged(_) => None,
            })
            .collect()
    }

    /// One step.
    pub fn step(&mut self, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.phase == Phase::Done {
            return actions;
        }
        match event {
            Event::Device(name, report) => self.reported(&name, report, &mut actions),
            Event::Commit if self.stage == Stage::AtBarrier && self.failure.is_none() => {
                self.stage = Stage::Committing;
                self.commit_next(&mut actions);
            }
            Event::Confirm if self.stage == Stage::Held => {
                self.stage = Stage::Forward;
                self.phase = Phase::Resolved;
                // Even a device whose failure came after the barrier goes forward now.
                self.tell(&mut actions, Order::Confirm, |member| {
                    matches!(member, Member::Committed | Member::Leaving)
                        .then_some(Member::Confirming)
                });
            }
            Event::Abort(failure) if self.stage != Stage::Forward => {
                self.fail(failure, &mut actions);
            }
            Event::Commit | Event::Confirm | Event::Abort(_) => {}
        }
        self.finish(&mut actions);
        actions
    }

    fn tell(
        &mut self,
        actions: &mut Vec<Action>,
        order: Order,
        next: impl Fn(&Member) -> Option<Member>,
    ) {
        for (name, device) in &mut self.devices {
            if let Some(member) = next(&device.member) {
                device.member = member;
                actions.push(Action::Tell(name.clone(), order.clone()));
            }
        }
    }

    fn reported(&mut self, name: &DeviceName, report: Report, actions: &mut Vec<Action>) {
        let Some(device) = self.devices.get_mut(name) else {
            return;
        };
        if matches!(device.member, Member::Ended(_)) {
            return;
        }
        match report {
            Report::Prepared => {
                if device.member == Member::Preparing {
                    device.member = Member::Prepared;
                    self.barrier(actions);
                }
            }
            Report::Committed => {
                if device.member == Member::Committing {
                    device.member = Member::Committed;
                    self.commit_next(actions);
                }
            }
            Report::Failing(reason) => {
                if self.stage != Stage::Forward {
                    device.member = Member::Leaving;
                    self.fail(
                        Failure {
                            origin: name.clone(),
                            reason,
                        },
                        actions,
                    );
                }
            }
            Report::Ended(ending) => {
                device.member = Member::Ended(ending.clone());
                match ending {
                    Ending::Done | Ending::Unchanged(None) => {}
                    Ending::Unchanged(Some(reason))
                    | Ending::Lapsed(reason)
                    | Ending::Unknown(reason) => self.fail(
                        Failure {
                            origin: name.clone(),
                            reason,
                        },
                        actions,
                    ),
                }
            }
        }
    }

    /// Passes the barrier when every device has come to it.
    fn barrier(&mut self, actions: &mut Vec<Action>) {
        let all = self
            .devices
            .values()
            .all(|device| device.member == Member::Prepared);
        let passes = self.goal == Goal::Commit && self.stage == Stage::Preparing;
        if all && passes && self.failure.is_none() {
            self.stage = Stage::AtBarrier;
            actions.push(Action::Prepared);
        }
    }

    /// Lets the next devices commit: those that can be undone best go first, those that cannot be
    /// undone well when all others have committed.
    fn commit_next(&mut self, actions: &mut Vec<Action>) {
        if self.failure.is_some() || self.stage != Stage::Committing {
            return;
        }
        let busy = |device: &Device| device.member == Member::Committing;
        if self.devices.values().any(busy) {
            return;
        }
        // The two kinds of confirmed commit go together.
        let rank = |way: Way| {
            if way.is_confirmed() {
                Way::ConfirmedPersist
            } else {
                way
            }
        };
        let next = self
            .devices
            .values()
            .filter(|device| device.member == Member::Prepared)
            .map(|device| rank(device.way))
            .min();
        match next {
            Some(next) => {
                for (name, device) in &mut self.devices {
                    if device.member == Member::Prepared && rank(device.way) == next {
                        device.member = Member::Committing;
                        actions.push(Action::Tell(name.clone(), Order::Commit));
                    }
                }
            }
            None => {
                self.stage = Stage::Held;
                actions.push(Action::Committed);
            }
        }
    }

    /// The first no stands; everybody else is told to undo.
    fn fail(&mut self, failure: Failure, actions: &mut Vec<Action>) {
        if self.failure.is_none() {
            self.failure = Some(failure);
            self.phase = Phase::Resolved;
            if self.stage != Stage::Forward {
                self.outcome = Some(Outcome::Failed);
            }
        }
        if self.stage != Stage::Forward {
            self.tell(actions, Order::Abort, |member| match member {
                Member::Preparing | Member::Prepared | Member::Committing | Member::Committed => {
                    Some(Member::Leaving)
                }
                _ => None,
            });
        }
    }

    fn finish(&mut self, actions: &mut Vec<Action>) {
        let over = self
            .devices
            .values()
            .all(|device| matches!(device.member, Member::Ended(_)));
        if !over {
            return;
        }
        let forward = self.stage == Stage::Forward;
        let clean = self.endings().all(|(_, ending)| match ending {
            Some(Ending::Done) => forward || self.goal == Goal::Validate || self.failure.is_none(),
            Some(Ending::Unchanged(_)) => !forward,
            Some(Ending::Lapsed(_) | Ending::Unknown(_)) | None => false,
        });
        let outcome = match (clean, &self.failure) {
            (true, None) => Outcome::Success,
            (true, Some(_)) => Outcome::Failed,
            (false, _) => Outcome::Error,
        };
        self.outcome = Some(outcome);
        self.phase = Phase::Done;
        actions.push(Action::Done(outcome));
    }
}
