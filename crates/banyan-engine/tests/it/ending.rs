//! Commits that are cut short before their point of no return: kill-session, a stop of the program; and those that go on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use banyan_data::Tree;
use banyan_engine::backend::{
    Backend, BoxFuture, Call, CommitParameters, Confirmed, Datastore, Origin, Principal, Source,
};
use banyan_engine::engine::StartMode;
use banyan_engine::participant::{Answer, Options, Participant, Phase, Program, Transaction};
use banyan_engine::session::INTERNAL;
use banyan_engine::{BackendError, Engine, Seq};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::fixture::{Client, Machine, NS, item, name, schema, updated_schema};

/// Never answers in one phase.
struct Sleeper {
    sleeps_in: Phase,
    reached: Notify,
    calls: Mutex<Vec<&'static str>>,
}

impl Sleeper {
    fn in_phase(sleeps_in: Phase) -> Arc<Sleeper> {
        Arc::new(Sleeper {
            sleeps_in,
            reached: Notify::new(),
            calls: Mutex::default(),
        })
    }

    fn asked(&self, phase: Phase) -> BoxFuture<'_, Answer> {
        self.calls.lock().unwrap().push(phase.name());
        Box::pin(async move {
            if phase == self.sleeps_in {
                self.reached.notify_one();
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    }

    fn told(&self, phase: Phase) -> BoxFuture<'_, ()> {
        let answer = self.asked(phase);
        Box::pin(async move { answer.await.unwrap_or_default() })
    }

    fn calls(&self) -> String {
        self.calls.lock().unwrap().join(" ")
    }
}

impl Participant for Sleeper {
    fn name(&self) -> &str {
        "sleeper"
    }
    fn begin<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.asked(Phase::Begin)
    }
    fn validate<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.asked(Phase::Validate)
    }
    fn commit<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.asked(Phase::Commit)
    }
    fn commit_done<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, ()> {
        self.told(Phase::CommitDone)
    }
    fn revert<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.asked(Phase::Revert)
    }
    fn abort<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, ()> {
        self.told(Phase::Abort)
    }
}

async fn engine_with(machine: &Machine, sleeper: &Arc<Sleeper>) -> Engine {
    let builder = machine.builder(schema()).participant(sleeper.clone());
    builder.open().await.unwrap()
}

type Ending = JoinHandle<Result<Option<Seq>, BackendError>>;

/// Starts a commit, and waits until it sleeps.
async fn asleep(sleeper: &Sleeper, client: &Client, xml: &str) -> Ending {
    client.edit(xml).await.unwrap();
    let committing = client.clone();
    let commit = tokio::spawn(async move { committing.commit().await.map(|done| done.seq) });
    sleeper.reached.notified().await;
    commit
}

#[tokio::test]
async fn kill_session_takes_back_a_commit_before_its_point_of_no_return() {
    for (phase, calls) in [
        (Phase::Begin, "begin abort"),
        (Phase::Validate, "begin validate abort"),
        (Phase::Commit, "begin validate commit revert abort"),
    ] {
        let machine = Machine::new();
        let sleeper = Sleeper::in_phase(phase);
        let engine = engine_with(&machine, &sleeper).await;
        let alice = Client::open(&engine, "alice").await;
        let bob = Client::open(&engine, "bob").await;
        let commit = asleep(&sleeper, &alice, &name("a")).await;
        engine
            .kill_session(&bob.call, alice.session())
            .await
            .unwrap();
        let error = commit.await.unwrap().unwrap_err().to_string();
        assert!(
            error.contains("running is unchanged: its session was ended with kill-session"),
            "{error}"
        );
        assert!(
            error.contains(&format!("sleeper was in {}", phase.name())),
            "{error}"
        );
        assert_eq!(sleeper.calls(), calls);
        assert_eq!(engine.running().seq, Seq(0));
    }
}

#[tokio::test]
async fn after_the_point_of_no_return_a_killed_session_has_committed() {
    let machine = Machine::new();
    let sleeper = Sleeper::in_phase(Phase::CommitDone);
    let engine = engine_with(&machine, &sleeper).await;
    let alice = Client::open(&engine, "alice").await;
    let bob = Client::open(&engine, "bob").await;
    let commit = asleep(&sleeper, &alice, &name("a")).await;
    engine
        .kill_session(&bob.call, alice.session())
        .await
        .unwrap();
    machine.clock.advance(Duration::from_secs(61));
    assert_eq!(commit.await.unwrap().unwrap(), Some(Seq(1)));
    assert_eq!(sleeper.calls(), "begin validate commit commit_done");
    assert_eq!(bob.show(Datastore::Running).await, name("a"));
}

#[tokio::test]
async fn a_killed_session_waits_for_nobody() {
    let machine = Machine::new();
    let sleeper = Sleeper::in_phase(Phase::Commit);
    let builder = machine.builder(schema()).participant(sleeper.clone());
    let builder = builder.candidates(banyan_engine::backend::Candidates::Private);
    let engine = builder.open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let bob = Client::open(&engine, "bob").await;
    let carol = Client::open(&engine, "carol").await;
    let first = asleep(&sleeper, &alice, &name("a")).await;
    // Waits for the reservation of the same data.
    bob.edit(&name("b")).await.unwrap();
    let waiting = bob.clone();
    let second = tokio::spawn(async move { waiting.commit().await });
    // Long enough to come there, as a rule.
    tokio::time::sleep(Duration::from_millis(200)).await;
    engine
        .kill_session(&carol.call, bob.session())
        .await
        .unwrap();
    let error = second.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("kill-session"), "{error}");
    assert_eq!(
        sleeper.calls(),
        "begin validate commit",
        "the other goes on"
    );
    engine
        .kill_session(&carol.call, alice.session())
        .await
        .unwrap();
    first.await.unwrap().unwrap_err();
}

/// A change of running by a program in the same process, for a session.
async fn changed(
    client: &Client,
    edit: impl FnOnce() + Send + 'static,
) -> Result<Option<Seq>, BackendError> {
    let source = Source {
        front_end: "test".into(),
        transport: "internal".into(),
        peer: None,
    };
    let (parameters, options) = (CommitParameters::default(), Options::none());
    // Nothing becomes of what is there.
    let empty = move |tree: &Tree| {
        edit();
        Ok(Tree::empty(tree.schema().clone()))
    };
    let engine = &client.engine;
    let changed = engine.change(&client.call, source, parameters, options, empty);
    changed.await.map(|committed| committed.seq)
}

#[tokio::test]
async fn a_session_that_is_gone_commits_nothing() {
    let engine = Machine::new().start().await.unwrap();
    let bob = Client::open(&engine, "bob").await;
    bob.set(&item(1, "x")).await.unwrap();
    engine
        .stores()
        .copy(&bob.call, "running", "s")
        .await
        .unwrap();
    bob.set(&item(2, "y")).await.unwrap();
    let lines = engine.export_history(&bob.call, None, None, 9).await;
    let next = lines.unwrap().text.replace("\"seq\":2", "\"seq\":3");
    let next = next.lines().nth(1).unwrap().replace("\"2\"", "\"3\"");
    for killed in [true, false] {
        let alice = Client::open(&engine, "alice").await;
        alice.edit(&name("a")).await.unwrap();
        match killed {
            true => {
                let victim = alice.session();
                engine.kill_session(&bob.call, victim).await.unwrap();
            }
            false => engine.close_session(alice.session()).await,
        }
        let refused = [
            alice.commit().await.map(|committed| committed.seq),
            changed(&alice, || ()).await,
            validated(&alice).await.map(|()| None),
            engine
                .stores()
                .copy(&alice.call, "s", "running")
                .await
                .map(|_| None),
            engine
                .import_history(&alice.call, &next)
                .await
                .map(|_| None),
        ];
        for refused in refused {
            let error = refused.unwrap_err().to_string();
            let gone = format!("session {} is not open", alice.session());
            assert!(error.contains(&gone), "{error}");
        }
        assert_eq!(engine.running().seq, Seq(2));
        engine.discard(&bob.call).await.unwrap();
    }
    // What the engine does on its own, and what others do in it, needs no session.
    let itself = Client {
        engine: engine.clone(),
        call: Call::new(INTERNAL, Principal::user("root")),
    };
    assert_eq!(changed(&itself, || ()).await.unwrap(), Some(Seq(3)));
}

#[tokio::test]
async fn a_session_that_is_killed_at_the_beginning_of_its_commit_is_heard_of_to_the_end() {
    // Also where nothing is left to change: what there was may have gone with the session.
    for something in [true, false] {
        let engine = Machine::new().start().await.unwrap();
        let bob = Client::open(&engine, "bob").await;
        if something {
            bob.set(&item(1, "x")).await.unwrap();
        }
        let before = engine.running().seq;
        let alice = Client::open(&engine, "alice").await;
        let (killing, victim) = (bob.clone(), alice.session());
        let runtime = tokio::runtime::Handle::current();
        let kill = move || {
            let killed = killing.engine.kill_session(&killing.call, victim);
            runtime.block_on(killed).unwrap();
        };
        let error = changed(&alice, kill).await.unwrap_err().to_string();
        assert!(
            error.contains("its session was ended with kill-session"),
            "{error}"
        );
        assert_eq!(engine.running().seq, before);
    }
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_its_commit_at_work() {
    let machine = Machine::new();
    let sleeper = Sleeper::in_phase(Phase::Commit);
    let engine = engine_with(&machine, &sleeper).await;
    let alice = Client::open(&engine, "alice").await;
    let commit = asleep(&sleeper, &alice, &name("a")).await;
    // Nobody waits for the answer any more, and the session is closed.
    commit.abort();
    let closing = (engine.clone(), alice.session());
    let closed = tokio::spawn(async move { closing.0.close_session(closing.1).await });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(sleeper.calls(), "begin validate commit");
    // It ends as it would have: here by the deadline of who sleeps.
    machine.clock.advance(Duration::from_secs(61));
    closed.await.unwrap();
    while !sleeper.calls().ends_with("abort") {
        tokio::task::yield_now().await;
    }
    assert_eq!(sleeper.calls(), "begin validate commit revert abort");
}

#[tokio::test]
async fn a_program_at_work_is_killed_with_the_session() {
    let machine = Machine::new();
    let directory = tempfile::tempdir().unwrap();
    let (at, back) = (directory.path().join("at"), directory.path().join("back"));
    let script = format!(
        "case $BANYAN_PHASE in commit) touch {}; sleep 600;; *) echo $BANYAN_PHASE >>{};; esac",
        at.display(),
        back.display()
    );
    let phases = [Phase::Commit, Phase::Revert, Phase::Abort];
    let program = Program::new("p", "sh", phases).arguments(["-c", &script]);
    let builder = machine.builder(schema()).participant(Arc::new(program));
    let engine = builder.open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let bob = Client::open(&engine, "bob").await;
    alice.edit(&name("a")).await.unwrap();
    let committing = alice.clone();
    let commit = tokio::spawn(async move { committing.commit().await });
    while !at.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    engine
        .kill_session(&bob.call, alice.session())
        .await
        .unwrap();
    commit.await.unwrap().unwrap_err();
    assert_eq!(std::fs::read_to_string(&back).unwrap(), "revert\nabort\n");
}

#[tokio::test]
async fn a_stop_waits_for_commits_in_progress_then_takes_them_back() {
    for (phase, calls) in [
        (Phase::Validate, "begin validate abort"),
        (Phase::Commit, "begin validate commit revert abort"),
    ] {
        let machine = Machine::new();
        let sleeper = Sleeper::in_phase(phase);
        let engine = engine_with(&machine, &sleeper).await;
        let alice = Client::open(&engine, "alice").await;
        let commit = asleep(&sleeper, &alice, &name("a")).await;
        let stopped = engine.clone();
        let stop = tokio::spawn(async move { stopped.wind_down(Duration::from_secs(5)).await });
        tokio::task::yield_now().await;
        // Nobody begins any more; who reads is served.
        let bob = Client::open(&engine, "bob").await;
        let error = bob.set(&item(1, "x")).await.unwrap_err().to_string();
        assert!(error.contains("the server is stopping"), "{error}");
        assert_eq!(bob.show(Datastore::Running).await, "");
        assert!(!commit.is_finished() && !stop.is_finished());
        machine.clock.advance(Duration::from_secs(6));
        let error = commit.await.unwrap().unwrap_err().to_string();
        assert!(error.contains("the server stops"), "{error}");
        stop.await.unwrap();
        assert_eq!(sleeper.calls(), calls);
        engine.stop().await.unwrap();
        assert_eq!(machine.start().await.unwrap().running().seq, Seq(0));
    }
}

#[tokio::test]
async fn a_stop_waits_as_long_as_it_was_told() {
    let machine = Machine::new();
    let sleeper = Sleeper::in_phase(Phase::Commit);
    let builder = machine.builder(schema()).participant(sleeper.clone());
    let builder = builder.stop_timeout(Duration::from_secs(5));
    let engine = builder.open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let commit = asleep(&sleeper, &alice, &name("a")).await;
    let asleep_before = machine.clock.sleepers();
    let stopping = engine.clone();
    let stop = tokio::spawn(async move { stopping.stop().await });
    while machine.clock.sleepers() == asleep_before {
        tokio::task::yield_now().await;
    }
    assert!(!commit.is_finished() && !stop.is_finished());
    machine.clock.advance(Duration::from_secs(6));
    // Without it the test would wait for ever.
    let ended = tokio::time::timeout(Duration::from_secs(60), commit).await;
    let error = ended.unwrap().unwrap().unwrap_err().to_string();
    assert!(error.contains("the server stops"), "{error}");
    stop.await.unwrap().unwrap();
}

#[tokio::test]
async fn told_again_a_stop_waits_no_longer() {
    let machine = Machine::new();
    let sleeper = Sleeper::in_phase(Phase::Commit);
    let engine = engine_with(&machine, &sleeper).await;
    let alice = Client::open(&engine, "alice").await;
    let commit = asleep(&sleeper, &alice, &name("a")).await;
    let stopped = engine.clone();
    let stop = tokio::spawn(async move { stopped.wind_down(Duration::from_secs(3600)).await });
    tokio::task::yield_now().await;
    engine.cut_commits();
    commit.await.unwrap().unwrap_err();
    stop.await.unwrap();
    assert_eq!(sleeper.calls(), "begin validate commit revert abort");
}

#[tokio::test]
async fn a_confirmed_commit_of_a_session_is_taken_back_while_the_program_stops() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.edit(&name("a")).await.unwrap();
    let parameters = CommitParameters {
        confirmed: Some(Confirmed {
            timeout: 600,
            persist: None,
        }),
        ..CommitParameters::default()
    };
    alice.commit_with(parameters).await.unwrap();
    engine.wind_down(Duration::from_secs(5)).await;
    engine.close_session(alice.session()).await;
    assert_eq!(engine.running().seq, Seq(2));
    assert!(engine.running().tree.root().slots().is_empty());
}

#[tokio::test]
async fn a_confirmed_commit_whose_session_ends_before_it_is_pending_is_taken_back() {
    let machine = Machine::new();
    let sleeper = Sleeper::in_phase(Phase::CommitDone);
    let engine = engine_with(&machine, &sleeper).await;
    let alice = Client::open(&engine, "alice").await;
    alice.edit(&name("a")).await.unwrap();
    let committing = alice.clone();
    let commit = tokio::spawn(async move {
        let parameters = CommitParameters {
            confirmed: Some(Confirmed {
                timeout: 4_000_000,
                persist: None,
            }),
            ..CommitParameters::default()
        };
        committing.commit_with(parameters).await
    });
    sleeper.reached.notified().await;
    // It is durable, and nobody can take it back yet.
    let (closing, session) = (engine.clone(), alice.session());
    let closed = tokio::spawn(async move { closing.close_session(session).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    machine.clock.advance(Duration::from_secs(61));
    let _ = commit.await.unwrap();
    closed.await.unwrap();
    for _ in 0..1000 {
        if engine.running().seq == Seq(2) {
            break;
        }
        machine.clock.advance(Duration::from_secs(61));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(engine.running().seq, Seq(2));
    assert!(engine.running().tree.root().slots().is_empty());
}

/// `validate` of what a session's candidate holds.
async fn validated(client: &Client) -> Result<(), BackendError> {
    let candidate = Origin::Store(Datastore::Candidate);
    client.engine.validate(&client.call, candidate).await
}

#[tokio::test]
async fn validate_asks_participants_and_tells_them_that_it_is_over() {
    let machine = Machine::new();
    let sleeper = Sleeper::in_phase(Phase::Commit);
    let engine = engine_with(&machine, &sleeper).await;
    let alice = Client::open(&engine, "alice").await;
    alice.edit(&name("a")).await.unwrap();
    validated(&alice).await.unwrap();
    assert_eq!(sleeper.calls(), "begin validate abort");
    assert_eq!(engine.running().seq, Seq(0));
    // There is nothing to ask about.
    let running = Origin::Store(Datastore::Running);
    engine.validate(&alice.call, running).await.unwrap();
    assert_eq!(sleeper.calls(), "begin validate abort");

    let program = Program::new("no", "sh", [Phase::Validate])
        .arguments(["-c", "echo not on a Friday >&2; exit 1"]);
    let builder = Machine::new().builder(schema());
    let engine = builder.participant(Arc::new(program)).open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.edit(&name("a")).await.unwrap();
    let error = validated(&alice).await.unwrap_err().to_string();
    assert!(error.contains("not on a Friday"), "{error}");
}

#[tokio::test]
async fn after_a_start_without_validation_validate_says_what_commit_says() {
    let machine = Machine::new();
    let lax = updated_schema(" must \". >= 68\";", "");
    {
        let engine = machine.builder(lax.clone()).open().await.unwrap();
        let alice = Client::open(&engine, "alice").await;
        alice
            .set(&format!("<sys {NS}><mtu>60</mtu></sys>"))
            .await
            .unwrap();
        engine.stop().await.unwrap();
    }
    let engine = machine
        .builder(schema())
        .start(StartMode::None)
        .open()
        .await
        .unwrap();
    let alice = Client::open(&engine, "alice").await;
    let running = Origin::Store(Datastore::Running);
    let error = engine
        .validate(&alice.call, running)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("mtu") || error.contains(">= 68"), "{error}");
    alice.edit(&item(1, "x")).await.unwrap();
    validated(&alice).await.unwrap_err();
    alice.commit().await.unwrap_err();
}
