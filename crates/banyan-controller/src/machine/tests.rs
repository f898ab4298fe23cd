//! The connection's tables: event in, state and actions out.

use super::*;

fn push(way: Way) -> Push {
    Push::new(way, true, false, Goal::Commit)
}

fn ok() -> Event {
    Event::Ok
}

fn order(order: Order) -> Event {
    Event::Order(order)
}

fn refused(text: &str) -> Event {
    Event::Refused(text.to_owned())
}

fn short(action: &Action) -> String {
    match action {
        Action::Send(request) => format!("{request:?}"),
        Action::Report(report) => format!("! {report:?}"),
        Action::Log(_) => "Log".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Plays events from a state; one line per event: the new state's name and the actions.
fn play(mut state: State, events: Vec<Event>) -> (State, Vec<String>) {
    let mut lines = Vec::new();
    for event in events {
        let (next, actions) = step(state, event);
        let actions: Vec<String> = actions.iter().map(short).collect();
        lines.push(
            format!("{} {}", next.name(), actions.join(", "))
                .trim_end()
                .to_owned(),
        );
        state = next;
    }
    (state, lines)
}

fn table(state: State, rows: Vec<(Event, &str)>) -> State {
    let (events, expected): (Vec<Event>, Vec<&str>) = rows.into_iter().unzip();
    let (state, lines) = play(state, events);
    assert_eq!(lines, expected);
    state
}

/// The state before the barrier is left, with the locks that the way takes.
fn waiting(way: Way) -> State {
    let mut push = push(way);
    push.held = 1;
    State::PushWait(push)
}

#[test]
fn a_device_is_opened_step_by_step() {
    let state = table(
        State::Closed,
        vec![
            (order(Order::Open), "CONNECTING Connect"),
            (
                Event::Hello {
                    lists_modules: true,
                },
                "SCHEMA-LIST SchemaList",
            ),
            (Event::Modules { missing: 2 }, "SCHEMA-ONE GetSchema"),
            (ok(), "SCHEMA-ONE GetSchema"),
            (ok(), "SCHEMA-ONE Compile"),
            (Event::Compiled, "DEVICE-SYNC GetConfig(Nothing)"),
            (ok(), "OPEN ! Ended(Done)"),
        ],
    );
    assert_eq!(state.timer(), None);
}

#[test]
fn a_device_without_a_schema_list_is_opened_with_the_modules_of_its_hello() {
    table(
        State::Connecting(Purpose::Open),
        vec![
            (
                Event::Hello {
                    lists_modules: false,
                },
                "SCHEMA-LIST ListFromHello",
            ),
            (Event::Modules { missing: 0 }, "SCHEMA-ONE Compile"),
        ],
    );
}

#[test]
fn a_module_that_cannot_be_fetched_does_not_stop_the_opening() {
    table(
        State::SchemaOne { left: 2 },
        vec![
            (refused("no such schema"), "SCHEMA-ONE Log, GetSchema"),
            (ok(), "SCHEMA-ONE Compile"),
        ],
    );
}

#[test]
fn what_fails_while_opening_closes_and_says_why() {
    for state in [
        State::Connecting(Purpose::Open),
        State::SchemaList,
        State::SchemaOne { left: 0 },
        State::DeviceSync(Sync::Connect),
    ] {
        table(
            state.clone(),
            vec![(
                refused("no"),
                "CLOSED Disconnect, Log, ! Ended(Unchanged(Some(\"no\")))",
            )],
        );
        table(
            state.clone(),
            vec![(
                Event::Lost("refused".into()),
                "CLOSED Log, ! Ended(Unchanged(Some(\"refused\")))",
            )],
        );
        let (after, lines) = play(state, vec![Event::Timeout(Timer::Reply)]);
        assert_eq!(after, State::Closed);
        assert!(
            lines[0].contains("no answer from the device in state"),
            "{lines:?}"
        );
    }
}

#[test]
fn a_failed_pull_leaves_the_connection_open() {
    table(
        State::Open,
        vec![
            (order(Order::Pull), "DEVICE-SYNC GetConfig(Nothing)"),
            (
                refused("access denied"),
                "OPEN ! Ended(Unchanged(Some(\"access denied\")))",
            ),
        ],
    );
}

#[test]
fn a_push_with_confirmed_commit_goes_from_open_to_open() {
    table(
        State::Open,
        vec![
            (
                order(Order::Prepare(push(Way::ConfirmedPersist))),
                "PUSH-LOCK Lock(Candidate)",
            ),
            (ok(), "PUSH-CHECK GetConfig(Before)"),
            (Event::Equal, "PUSH-EDIT Edit(Change(Candidate))"),
            (ok(), "PUSH-VALIDATE Validate"),
            (ok(), "PUSH-WAIT ! Prepared"),
            (order(Order::Commit), "PUSH-COMMIT Commit(Confirmed)"),
            (ok(), "PUSH-CONFIRM ! Committed"),
            (order(Order::Confirm), "PUSH-CONFIRM Commit(Confirming)"),
            (ok(), "PUSH-UNLOCK Unlock(Candidate)"),
            (ok(), "OPEN ! Ended(Done)"),
        ],
    );
}

#[test]
fn a_push_with_a_plain_candidate_needs_no_confirmation() {
    table(
        waiting(Way::Candidate),
        vec![
            (order(Order::Commit), "PUSH-COMMIT Commit(Plain)"),
            (ok(), "PUSH-CONFIRM ! Committed"),
            (order(Order::Confirm), "PUSH-UNLOCK Unlock(Candidate)"),
            (ok(), "OPEN ! Ended(Done)"),
        ],
    );
}

#[test]
fn a_push_to_writable_running_is_tested_first_and_edits_after_the_barrier() {
    table(
        State::Open,
        vec![
            (
                order(Order::Prepare(push(Way::Running))),
                "PUSH-LOCK Lock(Running)",
            ),
            (ok(), "PUSH-CHECK GetConfig(Before)"),
            (Event::Equal, "PUSH-VALIDATE Edit(Test)"),
            (ok(), "PUSH-WAIT ! Prepared"),
            (order(Order::Commit), "PUSH-COMMIT Edit(Change(Running))"),
            (ok(), "PUSH-CONFIRM ! Committed"),
        ],
    );
}

#[test]
fn running_is_locked_too_where_others_can_write_to_it() {
    table(
        State::Open,
        vec![
            (
                order(Order::Prepare(Push::new(
                    Way::Candidate,
                    false,
                    true,
                    Goal::Commit,
                ))),
                "PUSH-LOCK Lock(Running)",
            ),
            (ok(), "PUSH-LOCK Lock(Candidate)"),
            (
                refused("locked by 7"),
                "PUSH-UNLOCK ! Failing(\"locked by 7\"), Unlock(Running)",
            ),
            (ok(), "OPEN ! Ended(Unchanged(Some(\"locked by 7\")))"),
        ],
    );
}

#[test]
fn a_validation_only_push_leaves_nothing_behind() {
    table(
        State::Open,
        vec![
            (
                order(Order::Prepare(Push::new(
                    Way::Candidate,
                    true,
                    false,
                    Goal::Validate,
                ))),
                "PUSH-LOCK Lock(Candidate)",
            ),
            (ok(), "PUSH-CHECK GetConfig(Before)"),
            (Event::Equal, "PUSH-EDIT Edit(Change(Candidate))"),
            (ok(), "PUSH-VALIDATE Validate"),
            (ok(), "PUSH-DISCARD Discard"),
            (ok(), "PUSH-UNLOCK Unlock(Candidate)"),
            (ok(), "OPEN ! Ended(Done)"),
        ],
    );
}

#[test]
fn a_device_that_has_drifted_refuses() {
    let mut held = push(Way::Candidate);
    held.held = 1;
    let (_, lines) = play(
        State::PushCheck(held),
        vec![Event::Different("/x:mtu is 9 there".into()), ok()],
    );
    assert!(lines[0].starts_with("PUSH-UNLOCK ! Failing"), "{lines:?}");
    assert!(lines[1].contains("/x:mtu is 9 there"), "{lines:?}");
}

#[test]
fn a_refusal_before_the_barrier_discards_and_unlocks() {
    let mut held = push(Way::ConfirmedPersist);
    held.held = 1;
    for state in [State::PushEdit(held.clone()), State::PushValidate(held)] {
        table(
            state,
            vec![
                (
                    refused("too big"),
                    "PUSH-DISCARD ! Failing(\"too big\"), Discard",
                ),
                (ok(), "PUSH-UNLOCK Unlock(Candidate)"),
                (ok(), "OPEN ! Ended(Unchanged(Some(\"too big\")))"),
            ],
        );
    }
}

#[test]
fn an_abort_is_obeyed_at_the_next_answer() {
    table(
        State::Open,
        vec![
            (
                order(Order::Prepare(push(Way::Candidate))),
                "PUSH-LOCK Lock(Candidate)",
            ),
            (order(Order::Abort), "PUSH-LOCK"),
            (ok(), "PUSH-UNLOCK Unlock(Candidate)"),
            (ok(), "OPEN ! Ended(Unchanged(None))"),
        ],
    );
    table(
        waiting(Way::Candidate),
        vec![(order(Order::Abort), "PUSH-DISCARD Discard")],
    );
}

#[test]
fn a_refused_commit_is_checked_before_it_is_called_unchanged() {
    let state = table(
        waiting(Way::ConfirmedPersist),
        vec![
            (order(Order::Commit), "PUSH-COMMIT Commit(Confirmed)"),
            (
                refused("disk full"),
                "PUSH-REVERT ! Failing(\"disk full\"), GetConfig(Before)",
            ),
        ],
    );
    table(
        state.clone(),
        vec![
            (Event::Equal, "PUSH-DISCARD Discard"),
            (ok(), "PUSH-UNLOCK Unlock(Candidate)"),
            (ok(), "OPEN ! Ended(Unchanged(Some(\"disk full\")))"),
        ],
    );
    table(
        state,
        vec![
            (
                Event::Different("half".into()),
                "PUSH-REVERT Edit(Restore(Candidate))",
            ),
            (ok(), "PUSH-REVERT Commit(Plain)"),
            (ok(), "PUSH-REVERT GetConfig(Before)"),
            (Event::Equal, "PUSH-DISCARD Discard"),
        ],
    );
}

#[test]
fn a_commit_is_undone_as_the_device_can() {
    table(
        State::PushConfirm(push(Way::ConfirmedPersist), Confirm::Held),
        vec![
            (order(Order::Abort), "PUSH-REVERT CancelCommit"),
            (ok(), "PUSH-REVERT GetConfig(Before)"),
            (Event::Equal, "PUSH-DISCARD Discard"),
            (ok(), "OPEN ! Ended(Unchanged(None))"),
        ],
    );
    table(
        State::PushConfirm(push(Way::Confirmed), Confirm::Held),
        vec![
            (order(Order::Abort), "CONNECTING Disconnect, Connect"),
            (
                Event::Hello {
                    lists_modules: true,
                },
                "PUSH-REVERT GetConfig(Before)",
            ),
        ],
    );
    table(
        State::PushConfirm(push(Way::Running), Confirm::Held),
        vec![
            (order(Order::Abort), "PUSH-REVERT GetConfig(Before)"),
            (
                Event::Different("it".into()),
                "PUSH-REVERT Edit(Restore(Running))",
            ),
            (ok(), "PUSH-REVERT GetConfig(Before)"),
        ],
    );
}

#[test]
fn a_device_that_cannot_be_brought_back_is_never_called_unchanged() {
    let (state, lines) = play(
        State::PushRevert(push(Way::Running), Revert::Edit),
        vec![refused("read-only")],
    );
    assert_eq!(state, State::Open);
    assert_eq!(
        lines,
        ["OPEN ! Ended(Unknown(\"it could not be brought back: read-only\"))"]
    );
}

#[test]
fn a_connection_lost_before_the_commit_leaves_the_device_unchanged() {
    for state in [
        State::PushLock(push(Way::Candidate)),
        State::PushCheck(push(Way::Candidate)),
        State::PushEdit(push(Way::Candidate)),
        State::PushValidate(push(Way::Candidate)),
        State::PushWait(push(Way::Candidate)),
    ] {
        table(
            state,
            vec![(
                Event::Lost("eof".into()),
                "CLOSED Log, ! Failing(\"eof\"), ! Ended(Unchanged(Some(\"eof\")))",
            )],
        );
    }
}

#[test]
fn a_connection_lost_during_the_commit_is_made_again_to_bring_the_device_back() {
    table(
        State::PushCommit(push(Way::ConfirmedPersist)),
        vec![
            (
                Event::Lost("eof".into()),
                "CONNECTING ! Failing(\"eof\"), Log, Connect",
            ),
            (
                Event::Hello {
                    lists_modules: true,
                },
                "PUSH-REVERT CancelCommit",
            ),
            (refused("nothing pending"), "PUSH-REVERT GetConfig(Before)"),
            (Event::Equal, "PUSH-DISCARD Discard"),
            (ok(), "OPEN ! Ended(Unchanged(Some(\"eof\")))"),
        ],
    );
}

#[test]
fn after_the_last_attempt_the_ending_says_what_remains() {
    let (state, lines) = play(
        State::PushCommit(push(Way::Running)),
        vec![Event::Lost("eof".into()); 4],
    );
    assert_eq!(state, State::Closed);
    assert!(
        lines[3].contains("Unknown(\"eof; it cannot be asked: the device may hold the change\")"),
        "{lines:?}"
    );
}

#[test]
fn a_confirmation_is_repeated_after_a_lost_connection() {
    let state = table(
        State::PushConfirm(push(Way::ConfirmedPersist), Confirm::Confirming),
        vec![
            (Event::Lost("eof".into()), "CONNECTING Log, Connect"),
            (
                Event::Hello {
                    lists_modules: true,
                },
                "PUSH-CONFIRM Commit(Confirming)",
            ),
            (refused("nothing pending"), "PUSH-CONFIRM GetConfig(After)"),
        ],
    );
    table(state.clone(), vec![(Event::Equal, "OPEN ! Ended(Done)")]);
    let (_, lines) = play(state, vec![Event::Different("it is gone".into())]);
    assert!(lines[0].contains("Lapsed("), "{lines:?}");
}

#[test]
fn the_devices_timer_is_extended_while_others_are_awaited() {
    let held = State::PushConfirm(push(Way::ConfirmedPersist), Confirm::Held);
    assert_eq!(held.timer(), Some(Timer::Extend));
    table(
        held,
        vec![
            (
                Event::Timeout(Timer::Extend),
                "PUSH-CONFIRM Commit(Confirmed)",
            ),
            (order(Order::Confirm), "PUSH-CONFIRM"),
            (ok(), "PUSH-CONFIRM Commit(Confirming)"),
        ],
    );
}

#[test]
fn a_connection_lost_while_held_goes_forward_when_the_transaction_succeeds() {
    table(
        State::PushConfirm(push(Way::ConfirmedPersist), Confirm::Held),
        vec![
            (
                Event::Lost("eof".into()),
                "CONNECTING ! Failing(\"eof\"), Log, Connect",
            ),
            (order(Order::Confirm), "CONNECTING"),
            (
                Event::Hello {
                    lists_modules: true,
                },
                "PUSH-CONFIRM Commit(Confirming)",
            ),
            (ok(), "OPEN ! Ended(Done)"),
        ],
    );
}

#[test]
fn no_timer_runs_where_a_device_waits_for_others() {
    assert_eq!(waiting(Way::ConfirmedPersist).timer(), None);
    assert_eq!(
        State::PushConfirm(push(Way::Running), Confirm::Held).timer(),
        None
    );
    assert_eq!(State::Open.timer(), None);
    assert_eq!(
        State::PushLock(push(Way::Running)).timer(),
        Some(Timer::Reply)
    );
}

#[test]
fn a_lock_that_cannot_be_released_costs_the_session_and_not_the_result() {
    let mut held = push(Way::Candidate);
    held.held = 1;
    table(
        State::PushUnlock(held),
        vec![(refused("what?"), "CLOSED Disconnect, Log, ! Ended(Done)")],
    );
}
