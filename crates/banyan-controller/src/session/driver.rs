//! The loop of a session: waits for what happens next, steps the machine, carries its actions out.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use banyan_data::Tree;
use banyan_engine::backend::BoxFuture;
use banyan_netconf::client::Client;
use tokio::sync::mpsc;

use super::Surroundings;
use super::answer::{Completed, Kept};
use super::request::{self, Material, Pending};
use crate::device::{Abilities, Device, Reports, Work};
use crate::job::{Job, difference};
use crate::machine::{Action, Ending, Event, Order, Purpose, Report, Request, State, Timer, step};
use crate::modules::{DeviceModule, ModuleSet};
use crate::remedy;

/// The longest pause between two attempts to connect a device that went away.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

pub(super) struct Driver {
    device: Arc<Device>,
    orders: mpsc::UnboundedReceiver<Work>,
    surroundings: Arc<Surroundings>,
    state: State,
    client: Option<Client>,
    pending: Option<Pending>,
    timer: Option<(Timer, BoxFuture<'static, ()>)>,
    modules: ModuleSet,
    missing: VecDeque<DeviceModule>,
    job: Option<Arc<Job>>,
    reports: Option<Reports>,
    /// It was open by order, in this life of the program or an earlier one, and is to be open again when the connection
    /// goes or cannot be made.
    keep_open: bool,
    /// Failed attempts since it was last open.
    failures: u32,
    retry: Option<BoxFuture<'static, ()>>,
}

/// What wakes the loop.
enum Wake {
    Completed(Completed),
    Work(Option<Work>),
    Timer,
    Closed(Arc<str>),
    Retry,
}

/// Waits for a future that may not be there.
async fn if_any<T>(future: Option<&mut Pin<Box<dyn Future<Output = T> + Send>>>) -> T {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}

impl Driver {
    pub fn new(
        device: Arc<Device>,
        orders: mpsc::UnboundedReceiver<Work>,
        surroundings: Arc<Surroundings>,
    ) -> Driver {
        Driver {
            device,
            orders,
            surroundings,
            state: State::Closed,
            client: None,
            pending: None,
            timer: None,
            modules: ModuleSet::default(),
            missing: VecDeque::new(),
            job: None,
            reports: None,
            keep_open: false,
            failures: 0,
            retry: None,
        }
    }

    pub async fn run(mut self) {
        loop {
            let event = match self.wake().await {
                Wake::Completed(completed) => {
                    self.pending = None;
                    self.keep(completed.kept);
                    Some(completed.event)
                }
                Wake::Work(None) => return,
                Wake::Work(Some(work)) => self.accept(work),
                Wake::Timer => self.timer.take().map(|(timer, _)| Event::Timeout(timer)),
                Wake::Closed(why) => Some(Event::Lost(why.to_string())),
                Wake::Retry => {
                    self.retry = None;
                    Some(Event::Order(Order::Open))
                }
            };
            if let Some(event) = event {
                self.advance(event);
            }
        }
    }

    async fn wake(&mut self) -> Wake {
        let idle = self.pending.is_none();
        let client = self.client.clone();
        let closed = async {
            match client {
                Some(client) if idle => client.closed().await,
                _ => pending().await,
            }
        };
        tokio::select! {
            biased;
            completed = if_any(self.pending.as_mut()) => Wake::Completed(completed),
            work = self.orders.recv() => Wake::Work(work),
            () = if_any(self.timer.as_mut().map(|(_, sleep)| sleep)) => Wake::Timer,
            why = closed => Wake::Closed(why),
            () = if_any(self.retry.as_mut()) => Wake::Retry,
        }
    }

    /// Takes an order, if it can be taken in this state.
    fn accept(&mut self, work: Work) -> Option<Event> {
        match &work.order {
            // Nobody waits for the answer: the controller wants it to be open, as it was before a start.
            Order::Open if work.reports.is_none() => self.keep_open = self.device.settings.enabled,
            Order::Open | Order::Pull | Order::Prepare(_) => {}
            Order::Recover(_) | Order::Forward(_) => {}
            Order::Close => {
                self.keep_open = false;
                self.retry = None;
            }
            // Part of what is under way.
            Order::Commit | Order::Confirm | Order::Abort => return Some(Event::Order(work.order)),
        }
        let stable = matches!(self.state, State::Closed | State::Open);
        match (stable, work.reports) {
            (true, reports) => {
                self.retry = None;
                self.reports = reports;
                self.job = work.job;
                Some(Event::Order(work.order))
            }
            // Connecting on its own account: whoever wants that may wait for it.
            (false, Some(reports)) if self.reports.is_none() && work.order == Order::Open => {
                self.reports = Some(reports);
                None
            }
            (false, reports) if work.order == Order::Close => {
                if let Some(reports) = reports {
                    let done = Report::Ended(Ending::Done);
                    // The asker may have gone.
                    let _ = reports.send((self.device.name.clone(), done));
                }
                Some(Event::Order(Order::Close))
            }
            (false, reports) => {
                let why = format!("the device is busy ({})", self.state.name());
                if let Some(reports) = reports {
                    let ended = Report::Ended(Ending::Unchanged(Some(why)));
                    let _ = reports.send((self.device.name.clone(), ended));
                }
                None
            }
        }
    }

    fn keep(&mut self, kept: Kept) {
        match kept {
            Kept::Nothing => {}
            Kept::Client(client) => {
                let hello = client.hello().clone();
                self.device.update_status(|status| {
                    status.abilities = Abilities::of(&hello);
                    status.capabilities = hello.capabilities;
                });
                self.client = Some(client);
            }
            Kept::Modules(set, missing) => {
                self.modules = set;
                self.missing = missing;
            }
            Kept::Schema(schema) => self
                .device
                .update_known(|known| known.schema = Some(schema)),
            Kept::Config(tree) => self.device.update_known(|known| known.seen = Some(tree)),
        }
    }

    fn advance(&mut self, event: Event) {
        let before = self.state.name();
        let (state, actions) = step(std::mem::replace(&mut self.state, State::Closed), event);
        self.state = state;
        let sends = actions.iter().any(|action| {
            matches!(
                action,
                Action::Send(_) | Action::Connect | Action::ListFromHello | Action::Compile
            )
        });
        if sends || before != self.state.name() {
            self.arm_timer();
        }
        self.publish(before);
        for action in actions {
            self.carry_out(action);
        }
        if self.state == State::Closed {
            self.client = None;
            self.pending = None;
            self.plan_retry();
        }
    }

    fn arm_timer(&mut self) {
        self.timer = self.state.timer().map(|timer| {
            let duration = match timer {
                Timer::Reply => self.surroundings.timeout(),
                Timer::Extend => self.surroundings.confirm_timeout() / 2,
            };
            (timer, self.surroundings.clock.sleep(duration))
        });
    }

    /// Shows the state; the time counts only between CLOSED and OPEN.
    fn publish(&mut self, before: &'static str) {
        let state = self.state.name();
        if state == before {
            return;
        }
        tracing::debug!(device = &*self.device.name, "{before} -> {state}");
        let now = self.surroundings.clock.now();
        let opened = before == "DEVICE-SYNC" && state == "OPEN";
        if opened {
            self.keep_open = self.device.settings.enabled;
            self.failures = 0;
        }
        self.device.update_status(|status| {
            status.state = state;
            if opened || state == "CLOSED" {
                status.since = Some(now);
            }
            if opened {
                status.message = None;
            }
        });
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Connect => {
                self.client = None;
                let delay = match &self.state {
                    State::Connecting(Purpose::Recover(push) | Purpose::Forward(push)) => {
                        Duration::from_secs(u64::from(2u8.saturating_sub(push.attempts)))
                    }
                    _ => Duration::ZERO,
                };
                let device = self.device.clone();
                self.pending = Some(request::connect(device, self.surroundings.clone(), delay));
            }
            Action::Disconnect => {
                self.client = None;
                self.pending = None;
            }
            Action::ListFromHello => self.list_modules(false),
            Action::Send(Request::SchemaList) => self.list_modules(true),
            Action::Send(Request::GetSchema) => {
                if let (Some(client), Some(module)) =
                    (self.client.clone(), self.missing.pop_front())
                {
                    let surroundings = self.surroundings.clone();
                    self.pending = Some(request::get_schema(client, surroundings, module));
                }
            }
            Action::Send(request) => self.send(request),
            Action::Compile => {
                let (device, set) = (self.device.clone(), std::mem::take(&mut self.modules));
                self.pending = Some(request::compile(device, self.surroundings.clone(), set));
            }
            Action::Log(line) => {
                tracing::info!(device = &*self.device.name, "{line}");
                self.device
                    .update_status(|status| status.message = Some(line));
            }
            Action::Report(report) => self.report(report),
        }
    }

    fn list_modules(&mut self, ask: bool) {
        if let Some(client) = self.client.clone() {
            let surroundings = self.surroundings.clone();
            self.pending = Some(request::list_modules(client, surroundings, ask));
        }
    }

    fn send(&mut self, request: Request) {
        // Without a session the reply timer ends the state.
        let Some(client) = self.client.clone() else {
            return;
        };
        let known = self.device.known();
        let material = Material {
            client,
            schema: known.schema,
            synced: known.synced,
            seen: known.seen,
            job: self.job.clone(),
            way: self.state.push().map(|push| push.way),
            surroundings: self.surroundings.clone(),
        };
        self.pending = Some(request::send(request, material));
    }

    fn report(&mut self, report: Report) {
        let over = matches!(report, Report::Ended(_));
        if over {
            self.job = None;
        }
        let reports = if over {
            self.reports.take()
        } else {
            self.reports.clone()
        };
        match reports {
            // The asker may have gone; the machine comes to its end without him.
            Some(reports) => drop(reports.send((self.device.name.clone(), report))),
            None if report == Report::Ended(Ending::Done) && self.state == State::Open => {
                self.compare_after_reconnect();
            }
            None => {}
        }
    }

    /// A connection that came back on its own changes nothing in the controller; but if the device has
    /// changed meanwhile, that is said.
    fn compare_after_reconnect(&self) {
        let known = self.device.known();
        let Some(seen) = known.seen else {
            return;
        };
        let intended = self.surroundings.intended(&self.device.name);
        if intended.is_some_and(|intended| difference_of(&intended, &seen).is_none()) {
            // A crash may have kept the last agreement from the disk.
            let now = self.surroundings.clock.now();
            self.device.update_known(|known| known.synced = Some(seen));
            self.device
                .update_status(|status| status.synced_at = Some(now));
            return;
        }
        let Some(synced) = known.synced else {
            return;
        };
        let name = &self.device.name;
        let drifted = difference_of(&synced, &seen);
        let message = match &drifted {
            Some(words) => format!(
                "the device was changed while it was not connected: {words}; take its configuration over with {}",
                remedy::pull(name)
            ),
            None => remedy::not_pushed(name),
        };
        self.device
            .update_status(|status| status.message = Some(message));
        if drifted.is_none() {
            self.surroundings.is_behind(name);
        }
    }

    fn plan_retry(&mut self) {
        if !self.keep_open || self.retry.is_some() {
            return;
        }
        let pause = Duration::from_secs(1 << self.failures.min(6)).min(LONGEST_PAUSE);
        self.failures += 1;
        self.retry = Some(self.surroundings.clock.sleep(pause));
        let next = format!("trying again in {} s", pause.as_secs());
        self.device.update_status(|status| {
            status.message = Some(match status.message.take() {
                Some(why) => format!("{why}; {next}"),
                None => next,
            });
        });
    }
}

/// What differs; trees of different schemas always do.
fn difference_of(a: &Tree, b: &Tree) -> Option<String> {
    if Arc::ptr_eq(a.schema(), b.schema()) {
        difference(a, b)
    } else {
        Some("it has other modules".to_owned())
    }
}
