//! The steps of a push: up to the barrier, over it, back, and what a lost connection means in each.
//!
//! The rule that everything here serves: a push ends only when it is known what the device holds, or
//! when everything to find out was tried; then the ending says so.

use super::state::{
    Action, Against, CommitKind, Confirm, EditKind, Ending, Event, Goal, Order, Purpose, Push,
    Report, Request, Revert, State, Store, Sync, Timer, Way, Word,
};
use super::{Step, ended};

fn send(request: Request) -> Vec<Action> {
    vec![Action::Send(request)]
}

/// OPEN and a push is ordered.
pub(super) fn begin(push: Push) -> Step {
    if push.goal == Goal::Validate && !push.validate {
        let why = "the device cannot validate without committing (no :validate capability)";
        return (
            State::Open,
            vec![ended(Ending::Unchanged(Some(why.to_owned())))],
        );
    }
    let first = push.locks()[0];
    (State::PushLock(push), send(Request::Lock(first)))
}

/// A connection stands again: bring the device back.
pub(super) fn recover(push: Push) -> Step {
    if push.way == Way::ConfirmedPersist {
        (
            State::PushRevert(push, Revert::Cancel),
            send(Request::CancelCommit),
        )
    } else {
        check(push, Revert::Check)
    }
}

/// A connection stands again: see the push through.
pub(super) fn forward(push: Push) -> Step {
    if push.way == Way::ConfirmedPersist {
        (
            State::PushConfirm(push, Confirm::Confirming),
            send(Request::Commit(CommitKind::Confirming)),
        )
    } else {
        (
            State::PushConfirm(push, Confirm::Checking),
            send(Request::GetConfig(Against::After)),
        )
    }
}

fn check(push: Push, step: Revert) -> Step {
    (
        State::PushRevert(push, step),
        send(Request::GetConfig(Against::Before)),
    )
}

/// Notes why the push fails; the first reason stands.
fn failing(push: &mut Push, why: String, actions: &mut Vec<Action>) {
    if push.verdict.is_none() {
        actions.push(Action::Report(Report::Failing(why.clone())));
        push.verdict = Some(Ending::Unchanged(Some(why)));
    }
}

/// Undone because others failed: that is no reason of this device.
fn aborted(push: &mut Push) {
    push.verdict.get_or_insert(Ending::Unchanged(None));
}

/// Cleans up and ends: resets the candidate if it may hold the change, and releases the locks.
fn unwind(push: Push, candidate_touched: bool, mut actions: Vec<Action>) -> Step {
    if candidate_touched && push.way.has_candidate() {
        actions.push(Action::Send(Request::Discard));
        return (State::PushDiscard(push), actions);
    }
    match usize::from(push.held).checked_sub(1) {
        Some(last) => {
            actions.push(Action::Send(Request::Unlock(push.locks()[last])));
            (State::PushUnlock(push), actions)
        }
        None => {
            actions.push(ended(push.verdict.unwrap_or(Ending::Done)));
            (State::Open, actions)
        }
    }
}

/// Cleaning up failed: closing the session releases its locks and drops its candidate (RFC 6241 7.5).
fn close(push: Push, why: String) -> Step {
    (
        State::Closed,
        vec![
            Action::Disconnect,
            Action::Log(why),
            ended(push.verdict.unwrap_or(Ending::Done)),
        ],
    )
}

/// Brings a device back that has, or may have, committed.
fn revert(push: Push, mut actions: Vec<Action>) -> Step {
    if push.way == Way::Confirmed {
        // RFC 4741 8.4.1: the end of the session takes the commit back.
        actions.extend([Action::Disconnect, Action::Connect]);
        let push = Push { held: 0, ..push };
        return (State::Connecting(Purpose::Recover(push)), actions);
    }
    let (state, more) = recover(push);
    actions.extend(more);
    (state, actions)
}

/// Validated, as far as the device can.
fn at_barrier(mut push: Push) -> Step {
    if push.abort {
        aborted(&mut push);
        return unwind(push, true, Vec::new());
    }
    match push.goal {
        Goal::Validate => unwind(push, true, Vec::new()),
        Goal::Commit => (
            State::PushWait(push),
            vec![Action::Report(Report::Prepared)],
        ),
    }
}

fn commit(push: Push) -> Step {
    let request = match push.way {
        Way::ConfirmedPersist | Way::Confirmed => Request::Commit(CommitKind::Confirmed),
        Way::Candidate => Request::Commit(CommitKind::Plain),
        Way::Running => Request::Edit(EditKind::Change(Store::Running)),
    };
    (State::PushCommit(push), send(request))
}

fn confirm(push: Push) -> Step {
    if push.way.is_confirmed() {
        (
            State::PushConfirm(push, Confirm::Confirming),
            send(Request::Commit(CommitKind::Confirming)),
        )
    } else {
        unwind(push, false, Vec::new())
    }
}

/// Orders while the connection is neither closed nor open.
pub(super) fn ordered(state: State, order: Order) -> Step {
    match (state, order) {
        (State::PushWait(push), Order::Commit) => commit(push),
        (State::PushWait(mut push), Order::Abort) => {
            aborted(&mut push);
            unwind(push, true, Vec::new())
        }
        (State::PushConfirm(push, Confirm::Held), Order::Confirm) => confirm(push),
        (State::PushConfirm(mut push, Confirm::Held), Order::Abort) => {
            aborted(&mut push);
            revert(push, Vec::new())
        }
        (State::PushConfirm(push, Confirm::Extending(_)), Order::Confirm) => (
            State::PushConfirm(push, Confirm::Extending(Some(Word::Confirm))),
            Vec::new(),
        ),
        (State::PushConfirm(push, Confirm::Extending(_)), Order::Abort) => (
            State::PushConfirm(push, Confirm::Extending(Some(Word::Revert))),
            Vec::new(),
        ),
        // The connection was lost and is being made again, while the transaction succeeded.
        (State::Connecting(Purpose::Recover(mut push)), Order::Confirm) => {
            push.verdict = None;
            (State::Connecting(Purpose::Forward(push)), Vec::new())
        }
        (State::PushRevert(mut push, step), Order::Confirm) => {
            push.verdict = Some(Ending::Lapsed(
                "it had begun to take the change back when the transaction succeeded".to_owned(),
            ));
            (State::PushRevert(push, step), Vec::new())
        }
        (State::PushLock(push), Order::Abort) => (State::PushLock(abort(push)), Vec::new()),
        (State::PushCheck(push), Order::Abort) => (State::PushCheck(abort(push)), Vec::new()),
        (State::PushEdit(push), Order::Abort) => (State::PushEdit(abort(push)), Vec::new()),
        (State::PushValidate(push), Order::Abort) => (State::PushValidate(abort(push)), Vec::new()),
        (State::PushCommit(push), Order::Abort) => (State::PushCommit(abort(push)), Vec::new()),
        // On its way to an end already, or an order that makes no sense here.
        (state, _) => (state, Vec::new()),
    }
}

fn abort(push: Push) -> Push {
    Push {
        abort: true,
        ..push
    }
}

/// Answers of the device during a push.
pub(super) fn answered(state: State, event: Event) -> Step {
    match state {
        State::PushLock(push) => locked(push, event),
        State::PushCheck(push) => checked(push, event),
        State::PushEdit(mut push) => match event {
            Event::Ok if push.validate && !push.abort => {
                (State::PushValidate(push), send(Request::Validate))
            }
            Event::Ok => at_barrier(push),
            event => fails(&mut push, event, true),
        },
        State::PushValidate(mut push) => match event {
            Event::Ok => at_barrier(push),
            event => fails(&mut push, event, true),
        },
        State::PushCommit(push) => committed(push, event),
        State::PushConfirm(push, step) => confirmed(push, step, event),
        State::PushRevert(push, step) => reverted(push, step, event),
        State::PushDiscard(push) => match event {
            Event::Ok => unwind(push, false, Vec::new()),
            event => close(push, reason(event)),
        },
        State::PushUnlock(mut push) => match event {
            Event::Ok => {
                push.held = push.held.saturating_sub(1);
                unwind(push, false, Vec::new())
            }
            event => close(push, reason(event)),
        },
        // An answer that nobody waits for: a late timer, or a device that speaks out of turn.
        state => (state, Vec::new()),
    }
}

/// The words of an event that is not the one hoped for.
fn reason(event: Event) -> String {
    match event {
        Event::Refused(why) | Event::Lost(why) => why,
        Event::Different(what) => format!("{DIFFERENT}: {what}; {TAKE_OVER}"),
        other => format!("an answer out of turn: {other:?}"),
    }
}

const DIFFERENT: &str = "the device has other configuration than it last had";

const TAKE_OVER: &str = "take it over with config-pull, or undo it on the device";

/// A reason without the data of the device that it names, for who may not read them.
pub fn without_data(reason: &str) -> String {
    match reason.split_once(DIFFERENT) {
        Some((before, _)) => format!("{before}{DIFFERENT}; {TAKE_OVER}"),
        None => reason.to_owned(),
    }
}

fn fails(push: &mut Push, event: Event, candidate_touched: bool) -> Step {
    let mut actions = Vec::new();
    failing(push, reason(event), &mut actions);
    unwind(push.clone(), candidate_touched, actions)
}

fn locked(mut push: Push, event: Event) -> Step {
    if event != Event::Ok {
        return fails(&mut push, event, false);
    }
    push.held += 1;
    if push.abort {
        aborted(&mut push);
        return unwind(push, false, Vec::new());
    }
    match push.locks().get(usize::from(push.held)) {
        Some(&next) => (State::PushLock(push), send(Request::Lock(next))),
        None => (
            State::PushCheck(push),
            send(Request::GetConfig(Against::Before)),
        ),
    }
}

fn checked(mut push: Push, event: Event) -> Step {
    if event != Event::Equal {
        return fails(&mut push, event, false);
    }
    if push.abort {
        aborted(&mut push);
        return unwind(push, false, Vec::new());
    }
    if push.way.has_candidate() {
        (
            State::PushEdit(push),
            send(Request::Edit(EditKind::Change(Store::Candidate))),
        )
    } else if push.validate {
        (
            State::PushValidate(push),
            send(Request::Edit(EditKind::Test)),
        )
    } else {
        at_barrier(push)
    }
}

fn committed(mut push: Push, event: Event) -> Step {
    match event {
        Event::Ok if push.abort => {
            aborted(&mut push);
            revert(push, Vec::new())
        }
        Event::Ok => (
            State::PushConfirm(push, Confirm::Held),
            vec![Action::Report(Report::Committed)],
        ),
        event => {
            // RFC 6241 8.3.4.1 promises that a failed commit changed nothing, 8.5 does not for edits of
            // running; so look.
            let mut actions = Vec::new();
            failing(&mut push, reason(event), &mut actions);
            let (state, more) = check(push, Revert::Check);
            actions.extend(more);
            (state, actions)
        }
    }
}

fn confirmed(mut push: Push, step: Confirm, event: Event) -> Step {
    match (step, event) {
        (Confirm::Held, Event::Timeout(Timer::Extend)) => (
            State::PushConfirm(push, Confirm::Extending(None)),
            send(Request::Commit(CommitKind::Confirmed)),
        ),
        (Confirm::Extending(None), Event::Ok) => {
            (State::PushConfirm(push, Confirm::Held), Vec::new())
        }
        (Confirm::Extending(Some(Word::Confirm)), _) => confirm(push),
        (Confirm::Extending(Some(Word::Revert)), _) => {
            aborted(&mut push);
            revert(push, Vec::new())
        }
        (Confirm::Extending(None), event) => {
            let mut actions = Vec::new();
            failing(&mut push, reason(event), &mut actions);
            revert(push, actions)
        }
        (Confirm::Confirming, Event::Ok) | (Confirm::Checking, Event::Equal) => {
            push.verdict = None;
            unwind(push, false, Vec::new())
        }
        (Confirm::Confirming, _) => (
            State::PushConfirm(push, Confirm::Checking),
            send(Request::GetConfig(Against::After)),
        ),
        (Confirm::Checking, Event::Different(what)) => {
            push.verdict = Some(Ending::Lapsed(format!(
                "the device took the confirmed change back: {what}"
            )));
            unwind(push, false, Vec::new())
        }
        (Confirm::Checking, event) => {
            push.verdict = Some(Ending::Unknown(reason(event)));
            unwind(push, false, Vec::new())
        }
        (Confirm::Held, _) => (State::PushConfirm(push, Confirm::Held), Vec::new()),
    }
}

fn reverted(mut push: Push, step: Revert, event: Event) -> Step {
    let store = if push.way.has_candidate() {
        Store::Candidate
    } else {
        Store::Running
    };
    match (step, event) {
        // A refusal may mean that nothing is pending any more; so look.
        (Revert::Cancel, _) => check(push, Revert::Check),
        (Revert::Check | Revert::CheckAgain, Event::Equal) => {
            aborted(&mut push);
            unwind(push, true, Vec::new())
        }
        (Revert::Check, Event::Different(_)) => (
            State::PushRevert(push, Revert::Edit),
            send(Request::Edit(EditKind::Restore(store))),
        ),
        (Revert::Edit, Event::Ok) if store == Store::Candidate => (
            State::PushRevert(push, Revert::Commit),
            send(Request::Commit(CommitKind::Plain)),
        ),
        (Revert::Edit | Revert::Commit, Event::Ok) => check(push, Revert::CheckAgain),
        (_, event) => {
            let why = match event {
                Event::Different(what) => {
                    format!("it could not be brought back, what remains is: {what}")
                }
                event => format!("it could not be brought back: {}", reason(event)),
            };
            push.verdict = Some(Ending::Unknown(why));
            unwind(push, true, Vec::new())
        }
    }
}

/// The connection is gone (or the device silent, which comes to the same).
pub(super) fn lost(state: State, why: String) -> Step {
    let log = Action::Log(why.clone());
    match state {
        State::Closed => (State::Closed, Vec::new()),
        State::Open => (State::Closed, vec![log]),
        State::Connecting(Purpose::Open)
        | State::SchemaList
        | State::SchemaOne { .. }
        | State::DeviceSync(Sync::Connect | Sync::Pull) => (
            State::Closed,
            vec![log, ended(Ending::Unchanged(Some(why)))],
        ),
        State::Connecting(Purpose::Recover(push)) | State::PushRevert(push, _) => {
            again(push, why, Purpose::Recover, log)
        }
        State::Connecting(Purpose::Forward(push))
        | State::PushConfirm(push, Confirm::Confirming | Confirm::Checking) => {
            again(push, why, Purpose::Forward, log)
        }
        State::PushConfirm(push, Confirm::Extending(Some(Word::Confirm))) => {
            again(push, why, Purpose::Forward, log)
        }
        // The commit may have reached the device.
        State::PushCommit(mut push) | State::PushConfirm(mut push, _) => {
            let mut actions = Vec::new();
            failing(&mut push, why.clone(), &mut actions);
            let (state, more) = again(push, why, Purpose::Recover, log);
            actions.extend(more);
            (state, actions)
        }
        // Nothing was committed: the device drops the candidate and the locks with the session.
        State::PushLock(mut push)
        | State::PushCheck(mut push)
        | State::PushEdit(mut push)
        | State::PushValidate(mut push)
        | State::PushWait(mut push) => {
            let mut actions = vec![log];
            failing(&mut push, why, &mut actions);
            actions.push(ended(push.verdict.unwrap_or(Ending::Unchanged(None))));
            (State::Closed, actions)
        }
        State::PushDiscard(push) | State::PushUnlock(push) => (
            State::Closed,
            vec![log, ended(push.verdict.unwrap_or(Ending::Done))],
        ),
    }
}

/// Connects again to find out where the device stands, as long as attempts are left.
fn again(mut push: Push, why: String, purpose: fn(Push) -> Purpose, log: Action) -> Step {
    push.held = 0;
    if push.attempts == 0 {
        let remains = match push.way {
            Way::ConfirmedPersist | Way::Confirmed => {
                "the device takes an unconfirmed change back by itself when its time runs out"
            }
            Way::Candidate | Way::Running => "the device may hold the change",
        };
        let ending = Ending::Unknown(format!("{why}; it cannot be asked: {remains}"));
        return (State::Closed, vec![log, ended(ending)]);
    }
    push.attempts -= 1;
    (State::Connecting(purpose(push)), vec![log, Action::Connect])
}
