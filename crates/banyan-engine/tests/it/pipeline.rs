//! Commits: who must agree, what a refusal leaves behind, and who waits for whom.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use banyan_engine::backend::{BoxFuture, CommitParameters, Datastore};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::error::ErrorTag;
use banyan_engine::participant::{Answer, Options, Participant, Refusal, Transaction};
use banyan_engine::{Seq, Until};
use tokio::sync::Semaphore;

use crate::fixture::{Client, Machine, item, name, schema};

/// Notes what it sees; refuses in `commit` when told to; waits when there is a gate.
#[derive(Default)]
struct Watcher {
    calls: Mutex<Vec<String>>,
    refuses: Mutex<bool>,
    stuck: Mutex<bool>,
    gate: Option<Semaphore>,
}

impl Watcher {
    fn note(&self, phase: &str, tx: &Transaction) {
        let seq = tx.seq().map_or("-".to_owned(), |seq| seq.to_string());
        self.calls.lock().unwrap().push(format!("{phase} {seq}"));
    }

    fn calls(&self) -> String {
        self.calls.lock().unwrap().join(", ")
    }
}

impl Participant for Watcher {
    fn name(&self) -> &str {
        "watcher"
    }

    fn commit<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            self.note("commit", tx);
            tx.record("notes", serde_json::json!({ "base": tx.base.0 }));
            tx.trace("seen");
            if let Some(gate) = &self.gate {
                gate.acquire().await.unwrap().forget();
            }
            if *self.refuses.lock().unwrap() {
                return Err(Refusal::new("watcher", "the device is on fire"));
            }
            Ok(())
        })
    }

    fn commit_done<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, ()> {
        Box::pin(async move { self.note("commit_done", tx) })
    }

    fn revert<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            self.note("revert", tx);
            match *self.stuck.lock().unwrap() {
                true => Err(Refusal::new("watcher", "r1 keeps the change")),
                false => Ok(()),
            }
        })
    }
}

async fn watched(machine: &Machine, watcher: Watcher) -> (Client, Arc<Watcher>) {
    let watcher = Arc::new(watcher);
    let engine = machine
        .builder(schema())
        .participant(watcher.clone())
        .open()
        .await
        .unwrap();
    (Client::open(&engine, "alice").await, watcher)
}

#[tokio::test]
async fn participants_see_the_place_in_the_log_when_it_is_done_and_add_to_the_record() {
    let machine = Machine::new();
    let (alice, watcher) = watched(&machine, Watcher::default()).await;
    let committed = alice.set(&name("a")).await.unwrap();
    assert_eq!(watcher.calls(), "commit -, commit_done 1");
    assert_eq!(committed.trace, ["seen"]);
    let heads = alice.engine.history(None, 10).await.unwrap();
    assert_eq!(&*heads[0].entries[0].kind, "notes");
    assert_eq!(&*heads[0].user, "alice");
}

#[tokio::test]
async fn a_refusal_leaves_running_log_and_candidate_as_they_were() {
    let machine = Machine::new();
    let (alice, watcher) = watched(&machine, Watcher::default()).await;
    *watcher.refuses.lock().unwrap() = true;
    let error = alice.set(&name("a")).await.unwrap_err();
    assert!(
        error.to_string().contains("the device is on fire"),
        "{error}"
    );
    assert_eq!(watcher.calls(), "commit -, revert -");
    assert_eq!(alice.engine.running().seq, Seq(0));
    assert!(alice.engine.history(None, 10).await.unwrap().is_empty());
    assert_eq!(alice.show(Datastore::Candidate).await, name("a"));
    *watcher.refuses.lock().unwrap() = false;
    alice.commit().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_undone_is_said() {
    let machine = Machine::new();
    let (alice, watcher) = watched(&machine, Watcher::default()).await;
    *watcher.refuses.lock().unwrap() = true;
    *watcher.stuck.lock().unwrap() = true;
    let error = alice.set(&name("a")).await.unwrap_err();
    let last = error.reports.last().unwrap();
    assert_eq!(last.tag, ErrorTag::RollbackFailed);
    assert!(last.message.contains("r1 keeps the change"), "{error}");
}

#[tokio::test]
async fn a_full_disk_fails_commits_and_nothing_else() {
    let machine = Machine::new();
    let (alice, watcher) = watched(&machine, Watcher::default()).await;
    alice.set(&name("a")).await.unwrap();
    machine.log.set_failing(true);
    let error = alice.set(&name("b")).await.unwrap_err();
    assert!(error.to_string().contains("no space left"), "{error}");
    assert!(watcher.calls().ends_with("commit -, revert -"));
    assert_eq!(alice.show(Datastore::Running).await, name("a"));
    machine.log.set_failing(false);
    assert_eq!(alice.commit().await.unwrap().seq, Some(Seq(2)));
    assert_eq!(alice.show(Datastore::Running).await, name("b"));
}

#[tokio::test]
async fn a_rehearsal_changes_nothing() {
    let machine = Machine::new();
    let (alice, watcher) = watched(&machine, Watcher::default()).await;
    alice.edit(&name("a")).await.unwrap();
    let rehearsed = alice
        .engine
        .commit_candidate(
            &alice.call,
            CommitParameters::default(),
            Options::none(),
            Until::Complete,
        )
        .await
        .unwrap();
    assert_eq!(rehearsed.seq, None);
    assert_eq!(watcher.calls(), "");
    assert_eq!(alice.engine.running().seq, Seq(0));
}

async fn change(client: &Client, xml: String) -> Result<(), banyan_engine::BackendError> {
    let source = banyan_engine::backend::Source {
        front_end: "test".into(),
        transport: "internal".into(),
        peer: None,
    };
    client
        .engine
        .change(
            &client.call,
            source,
            CommitParameters::default(),
            Options::none(),
            move |running| {
                let edit = banyan_data::xml::parse_edit(
                    running.schema(),
                    xml.as_bytes(),
                    banyan_data::edit::Operation::Merge,
                    &Default::default(),
                )
                .unwrap();
                Ok(edit.apply(running).unwrap())
            },
        )
        .await
        .map(drop)
}

#[tokio::test]
async fn a_slow_participant_holds_up_only_who_touches_the_same() {
    let watcher = Arc::new(Watcher {
        gate: Some(Semaphore::new(0)),
        ..Watcher::default()
    });
    let engine = EngineBuilder::new(schema())
        .participant(watcher.clone())
        .open()
        .await
        .unwrap();
    let alice = Client::open(&engine, "alice").await;
    let begin = |xml: String| {
        let alice = alice.clone();
        tokio::spawn(async move { change(&alice, xml).await })
    };
    let slow = begin(item(1, "slow"));
    while watcher.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    // A commit of something else reaches the participant: it does not wait for the first.
    let beside = begin(item(2, "beside"));
    while watcher.calls() != "commit -, commit -" {
        tokio::task::yield_now().await;
    }
    // One of the same item waits, and says for whom when its patience is over.
    let mut hurried = alice.clone();
    hurried.call.deadline = Some(Instant::now() + Duration::from_millis(50));
    let error = change(&hurried, item(1, "same"))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("another commit touches the same data"),
        "{error}"
    );
    assert!(error.contains("user alice"), "{error}");
    watcher.gate.as_ref().unwrap().add_permits(2);
    slow.await.unwrap().unwrap();
    beside.await.unwrap().unwrap();
    assert_eq!(engine.running().seq, Seq(2));
    assert_eq!(
        alice.show(Datastore::Running).await,
        item(1, "slow") + &item(2, "beside")
    );
}

#[tokio::test]
async fn two_participants_of_one_name_are_a_mistake() {
    let built = EngineBuilder::new(schema())
        .participant(Arc::new(Watcher::default()))
        .participant(Arc::new(Watcher::default()))
        .open()
        .await;
    assert!(built.is_err());
}
