//! The device connection as a pure state machine: `step(state, event) -> (state, actions)`.
//!
//! No I/O, no clock, no trees: the driver (`session`) carries the actions out and feeds events back,
//! one at a time. Requests are strictly one after the other, so an answer belongs to the last one sent.

mod push;
mod state;
#[cfg(test)]
mod tests;

pub use push::without_data;
pub use state::{
    Action, Against, CommitKind, Confirm, EditKind, Ending, Event, Goal, Order, Purpose, Push,
    Report, Request, Revert, State, Store, Sync, Timer, Way, Word,
};

/// The new state, and what is to be done.
pub type Step = (State, Vec<Action>);

/// One step of a connection. Total: an event that cannot happen in a state leaves it, or closes the
/// connection when the device spoke out of turn.
pub fn step(state: State, event: Event) -> Step {
    match event {
        Event::Lost(why) => push::lost(state, why),
        Event::Timeout(Timer::Reply) => {
            let why = format!("no answer from the device in state {}", state.name());
            let (state, mut actions) = push::lost(state, why);
            actions.insert(0, Action::Disconnect);
            (state, actions)
        }
        Event::Order(order) => ordered(state, order),
        event => answered(state, event),
    }
}

fn ended(ending: Ending) -> Action {
    Action::Report(Report::Ended(ending))
}

fn ordered(state: State, order: Order) -> Step {
    match (state, order) {
        (State::Closed, Order::Open) => (State::Connecting(Purpose::Open), vec![Action::Connect]),
        (State::Closed, Order::Recover(push)) => (
            State::Connecting(Purpose::Recover(push)),
            vec![Action::Connect],
        ),
        (State::Closed, Order::Forward(push)) => (
            State::Connecting(Purpose::Forward(push)),
            vec![Action::Connect],
        ),
        (State::Closed, Order::Close) => (State::Closed, vec![ended(Ending::Done)]),
        (State::Closed, _) => (
            State::Closed,
            vec![ended(Ending::Unchanged(Some(
                "the device is not connected".to_owned(),
            )))],
        ),
        (State::Open, Order::Open) => (State::Open, vec![ended(Ending::Done)]),
        (State::Open, Order::Close) => {
            (State::Closed, vec![Action::Disconnect, ended(Ending::Done)])
        }
        (State::Open, Order::Pull) => (
            State::DeviceSync(Sync::Pull),
            vec![Action::Send(Request::GetConfig(Against::Nothing))],
        ),
        (State::Open, Order::Prepare(push)) => push::begin(push),
        (State::Open, Order::Recover(push)) => push::recover(push),
        (State::Open, Order::Forward(push)) => push::forward(push),
        (State::Open, _) => (State::Open, Vec::new()),
        (state, Order::Close) => {
            let (state, mut actions) = push::lost(state, "it was disconnected by order".to_owned());
            actions.insert(0, Action::Disconnect);
            (state, actions)
        }
        (state, order) => push::ordered(state, order),
    }
}

fn answered(state: State, event: Event) -> Step {
    match (state, event) {
        (State::Connecting(Purpose::Open), Event::Hello { lists_modules }) => (
            State::SchemaList,
            vec![if lists_modules {
                Action::Send(Request::SchemaList)
            } else {
                Action::ListFromHello
            }],
        ),
        (State::Connecting(Purpose::Recover(push)), Event::Hello { .. }) => push::recover(push),
        (State::Connecting(Purpose::Forward(push)), Event::Hello { .. }) => push::forward(push),
        (State::SchemaList, Event::Modules { missing }) => fetch(missing, Vec::new()),
        (State::SchemaOne { left }, Event::Ok) if left > 0 => fetch(left - 1, Vec::new()),
        // A device that lists a module which it cannot hand out is no reason to give up: the compiler
        // is lenient and says what it had to leave out.
        (State::SchemaOne { left }, Event::Refused(why)) if left > 0 => {
            fetch(left - 1, vec![Action::Log(why)])
        }
        (State::SchemaOne { .. }, Event::Compiled) => (
            State::DeviceSync(Sync::Connect),
            vec![Action::Send(Request::GetConfig(Against::Nothing))],
        ),
        (State::DeviceSync(_), Event::Ok) => (State::Open, vec![ended(Ending::Done)]),
        (State::DeviceSync(Sync::Pull), Event::Refused(why)) => {
            (State::Open, vec![ended(Ending::Unchanged(Some(why)))])
        }
        (
            State::Connecting(Purpose::Open)
            | State::SchemaList
            | State::SchemaOne { .. }
            | State::DeviceSync(Sync::Connect),
            Event::Refused(why),
        ) => (
            State::Closed,
            vec![
                Action::Disconnect,
                Action::Log(why.clone()),
                ended(Ending::Unchanged(Some(why))),
            ],
        ),
        (state, event) => push::answered(state, event),
    }
}

/// Fetches the next module, or compiles when all are there.
fn fetch(left: u32, mut actions: Vec<Action>) -> Step {
    actions.push(if left == 0 {
        Action::Compile
    } else {
        Action::Send(Request::GetSchema)
    });
    (State::SchemaOne { left }, actions)
}
