//! Transactions over devices, played without devices.

use super::*;

struct Play {
    transaction: Transaction,
    lines: Vec<String>,
}

fn name_of(order: &Order) -> &'static str {
    match order {
        Order::Prepare(_) => "prepare",
        Order::Commit => "commit",
        Order::Confirm => "confirm",
        Order::Abort => "abort",
        _ => "?",
    }
}

impl Play {
    fn begin(goal: Goal, ways: &[(&str, Way)]) -> Play {
        let (transaction, actions) = Transaction::begin(
            goal,
            ways.iter()
                .map(|(name, way)| (Arc::from(*name), Push::new(*way, true, false, goal))),
        );
        let mut play = Play {
            transaction,
            lines: Vec::new(),
        };
        play.note(actions);
        play.lines.clear();
        play
    }

    fn note(&mut self, actions: Vec<Action>) {
        for action in actions {
            self.lines.push(match action {
                Action::Tell(name, order) => format!("{} {name}", name_of(&order)),
                Action::Prepared => "prepared".to_owned(),
                Action::Committed => "committed".to_owned(),
                Action::Done(outcome) => outcome.name().to_owned(),
            });
        }
    }

    fn event(&mut self, event: Event) -> String {
        let actions = self.transaction.step(event);
        self.note(actions);
        std::mem::take(&mut self.lines).join(", ")
    }

    fn report(&mut self, name: &str, report: Report) -> String {
        self.event(Event::Device(Arc::from(name), report))
    }

    fn all(&mut self, report: Report) {
        let names: Vec<DeviceName> = self.transaction.devices.keys().cloned().collect();
        for name in names {
            self.report(&name, report.clone());
        }
    }

    fn unchanged(reason: Option<&str>) -> Report {
        Report::Ended(Ending::Unchanged(reason.map(str::to_owned)))
    }
}

const THREE: &[(&str, Way)] = &[
    ("a", Way::ConfirmedPersist),
    ("b", Way::ConfirmedPersist),
    ("c", Way::ConfirmedPersist),
];

#[test]
fn all_devices_validate_before_any_commits_and_commit_before_any_confirms() {
    let mut play = Play::begin(Goal::Commit, THREE);
    assert_eq!(play.report("a", Report::Prepared), "");
    assert_eq!(play.report("b", Report::Prepared), "");
    assert_eq!(play.report("c", Report::Prepared), "prepared");
    assert_eq!(play.event(Event::Commit), "commit a, commit b, commit c");
    play.report("a", Report::Committed);
    play.report("b", Report::Committed);
    assert_eq!(play.report("c", Report::Committed), "committed");
    assert_eq!(play.transaction.phase(), Phase::Init);
    assert_eq!(
        play.event(Event::Confirm),
        "confirm a, confirm b, confirm c"
    );
    assert_eq!(play.transaction.phase(), Phase::Resolved);
    play.report("a", Report::Ended(Ending::Done));
    play.report("b", Report::Ended(Ending::Done));
    assert_eq!(play.report("c", Report::Ended(Ending::Done)), "SUCCESS");
    assert_eq!(play.transaction.phase(), Phase::Done);
}

#[test]
fn one_that_fails_to_validate_takes_all_others_with_it() {
    let mut play = Play::begin(Goal::Commit, THREE);
    play.report("a", Report::Prepared);
    assert_eq!(
        play.report("b", Report::Failing("mtu too big".into())),
        "abort a, abort c"
    );
    assert_eq!(play.transaction.phase(), Phase::Resolved);
    assert_eq!(play.transaction.outcome(), Some(Outcome::Failed));
    assert_eq!(play.report("c", Play::unchanged(None)), "");
    assert_eq!(play.report("b", Play::unchanged(Some("mtu too big"))), "");
    assert_eq!(play.report("a", Play::unchanged(None)), "FAILED");
    let failure = play.transaction.failure().unwrap();
    assert_eq!((&*failure.origin, &*failure.reason), ("b", "mtu too big"));
}

#[test]
fn one_that_fails_to_commit_takes_back_those_that_have() {
    let mut play = Play::begin(Goal::Commit, THREE);
    play.all(Report::Prepared);
    play.event(Event::Commit);
    play.report("a", Report::Committed);
    assert_eq!(
        play.report("b", Report::Failing("disk full".into())),
        "abort a, abort c"
    );
    play.report("a", Play::unchanged(None));
    play.report("b", Play::unchanged(Some("disk full")));
    assert_eq!(play.report("c", Play::unchanged(None)), "FAILED");
    assert!(play.transaction.remains().is_empty());
}

#[test]
fn the_first_reason_stands() {
    let mut play = Play::begin(Goal::Commit, THREE);
    play.report("b", Report::Failing("first".into()));
    play.report("a", Report::Failing("second".into()));
    assert_eq!(&*play.transaction.failure().unwrap().origin, "b");
}

#[test]
fn devices_that_can_be_undone_least_commit_last() {
    let mut play = Play::begin(
        Goal::Commit,
        &[
            ("a", Way::Running),
            ("b", Way::Candidate),
            ("c", Way::Confirmed),
            ("d", Way::ConfirmedPersist),
        ],
    );
    play.all(Report::Prepared);
    assert_eq!(play.event(Event::Commit), "commit c, commit d");
    assert_eq!(play.report("c", Report::Committed), "");
    assert_eq!(play.report("d", Report::Committed), "commit b");
    assert_eq!(play.report("b", Report::Committed), "commit a");
    assert_eq!(play.report("a", Report::Committed), "committed");
}

#[test]
fn a_device_that_cannot_be_brought_back_makes_it_an_error_that_says_what_remains() {
    let mut play = Play::begin(Goal::Commit, &THREE[..2]);
    play.all(Report::Prepared);
    play.event(Event::Commit);
    play.report("a", Report::Committed);
    play.report("b", Report::Failing("eof".into()));
    play.report("a", Play::unchanged(None));
    assert_eq!(
        play.report("b", Report::Ended(Ending::Unknown("it may hold it".into()))),
        "ERROR"
    );
    assert_eq!(play.transaction.remains(), ["b: it may hold it"]);
}

#[test]
fn the_controllers_own_refusal_undoes_all_devices() {
    let mut play = Play::begin(Goal::Commit, &THREE[..2]);
    play.all(Report::Prepared);
    play.event(Event::Commit);
    play.all(Report::Committed);
    let refusal = Failure {
        origin: "controller".into(),
        reason: "the disk is full".into(),
    };
    assert_eq!(play.event(Event::Abort(refusal)), "abort a, abort b");
    play.report("a", Play::unchanged(None));
    assert_eq!(play.report("b", Play::unchanged(None)), "FAILED");
    assert_eq!(&*play.transaction.failure().unwrap().origin, "controller");
}

#[test]
fn after_the_point_of_no_return_there_is_only_forward() {
    let mut play = Play::begin(Goal::Commit, &THREE[..2]);
    play.all(Report::Prepared);
    play.event(Event::Commit);
    play.all(Report::Committed);
    play.event(Event::Confirm);
    assert_eq!(play.report("a", Report::Failing("eof".into())), "");
    assert_eq!(
        play.event(Event::Abort(Failure {
            origin: "controller".into(),
            reason: "late".into()
        })),
        ""
    );
    play.report("a", Report::Ended(Ending::Lapsed("timer".into())));
    assert_eq!(play.report("b", Report::Ended(Ending::Done)), "ERROR");
    assert_eq!(
        play.transaction.remains(),
        ["a lacks the change: timer", "b holds the change"]
    );
}

#[test]
fn a_validation_ends_in_success_without_a_commit() {
    let mut play = Play::begin(Goal::Validate, &THREE[..2]);
    assert_eq!(play.report("a", Report::Ended(Ending::Done)), "");
    assert_eq!(play.report("b", Report::Ended(Ending::Done)), "SUCCESS");
    assert_eq!(play.event(Event::Commit), "");
}
