//! Imports of a history and confirmed commits: neither goes back to a commit of a history that is not there any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use banyan_engine::access::{AccessOptions, Mode};
use banyan_engine::backend::{BoxFuture, CommitParameters, Committed, Confirmed, Datastore};
use banyan_engine::clock::Clock;
use banyan_engine::engine::{EngineBuilder, Seams, StartError};
use banyan_engine::log::CommitLog;
use banyan_engine::participant::{Answer, Participant, Transaction};
use banyan_engine::{BackendError, Engine, Seq};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::fixture::{Client, Machine, item, schema_with_system};
use crate::hooked_log::HookedLog;

/// Takes long to validate, once it is told to.
#[derive(Default)]
struct Slow {
    holds: AtomicBool,
    reached: Notify,
    go: Notify,
}

impl Participant for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    fn validate<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            if self.holds.swap(false, Ordering::SeqCst) {
                self.reached.notify_one();
                self.go.notified().await;
            }
            Ok(())
        })
    }
}

/// A daemon whose start has made one commit, which an import replaces.
struct Site {
    machine: Machine,
    log: HookedLog,
    slow: Arc<Slow>,
    engine: Engine,
    root: Client,
}

fn daemon(machine: &Machine, log: &HookedLog) -> EngineBuilder {
    let seams = Seams {
        files: Arc::new(machine.files.clone()),
        clock: Arc::new(machine.clock.clone()) as Arc<dyn Clock>,
        log: Arc::new(log.clone()),
    };
    let access = AccessOptions {
        mode: Mode::Internal,
        first_admin: Some("root".into()),
        ..AccessOptions::default()
    };
    EngineBuilder::new(schema_with_system())
        .directory("/store")
        .seams(seams)
        .access(access)
}

impl Site {
    async fn new() -> Site {
        let (machine, log) = (Machine::new(), HookedLog::default());
        let slow = Arc::new(Slow::default());
        let builder = daemon(&machine, &log).participant(slow.clone());
        let engine = builder.open().await.unwrap();
        assert_eq!(engine.running().seq, Seq(1));
        let root = Client::open(&engine, "root").await;
        Site {
            machine,
            log,
            slow,
            engine,
            root,
        }
    }

    fn import(&self, text: &str) -> JoinHandle<Result<(usize, Seq), BackendError>> {
        let (engine, call, text) = (self.engine.clone(), self.root.call.clone(), text.to_owned());
        tokio::spawn(async move { engine.import_history(&call, &text).await })
    }

    /// A confirmed commit of what the candidate holds.
    async fn confirmed(&self) -> JoinHandle<Result<Committed, BackendError>> {
        let client = Client::open(&self.engine, "root").await;
        let parameters = CommitParameters {
            confirmed: Some(Confirmed {
                timeout: 600,
                persist: Some("p".into()),
            }),
            ..CommitParameters::default()
        };
        tokio::spawn(async move { client.commit_with(parameters).await })
    }

    /// What the next start makes running, after a kill. A start takes back what nobody confirmed.
    async fn restarted(self) -> String {
        let Site {
            machine,
            log,
            engine,
            root,
            ..
        } = self;
        drop((engine, root));
        let engine = loop {
            match daemon(&machine, &log).open().await {
                Ok(engine) => break engine,
                Err(StartError::InUse { .. }) => {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Err(error) => panic!("{error}"),
            }
        };
        let root = Client::open(&engine, "root").await;
        root.show(Datastore::Running).await
    }
}

/// The history of such a daemon, and running after it.
async fn export() -> (String, String) {
    let Site { engine, root, .. } = Site::new().await;
    for value in ["a", "b", "c"] {
        root.set(&item(1, value)).await.unwrap();
    }
    let exported = engine.export_history(&root.call, None, None, 100).await;
    (exported.unwrap().text, root.show(Datastore::Running).await)
}

/// Long enough for a task to end or to wait for another, as a rule.
async fn a_while<T>(task: &JoinHandle<T>) {
    for _ in 0..100 {
        if task.is_finished() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_confirmed_commit_without_change_waits_for_an_import_that_asks_participants() {
    let (text, running) = export().await;
    let site = Site::new().await;
    site.slow.holds.store(true, Ordering::SeqCst);
    let import = site.import(&text);
    site.slow.reached.notified().await;
    let commit = site.confirmed().await;
    a_while(&commit).await;
    site.slow.go.notify_one();
    assert_eq!(import.await.unwrap().unwrap(), (4, Seq(4)));
    assert_eq!(commit.await.unwrap().unwrap().seq, None);
    assert_eq!(site.root.show(Datastore::Running).await, running);
    // It goes back to the head of the history that there is.
    let kept = site.log.facts("confirmed-commit").unwrap();
    assert!(
        kept["confirmed-commit"].contains("\"revert-to\":4"),
        "{kept:?}"
    );
    assert_eq!(site.restarted().await, running);
}

#[tokio::test]
async fn a_confirmed_commit_that_comes_while_an_import_is_written_waits_for_it() {
    let (text, running) = export().await;
    let site = Site::new().await;
    site.log.hold("replace");
    let import = site.import(&text);
    site.log.reached().await;
    let commit = site.confirmed().await;
    a_while(&commit).await;
    let waits = !commit.is_finished();
    site.log.release();
    assert!(waits);
    assert_eq!(import.await.unwrap().unwrap(), (4, Seq(4)));
    assert_eq!(commit.await.unwrap().unwrap().seq, None);
    assert_eq!(site.restarted().await, running);
}

#[tokio::test]
async fn an_import_waits_for_a_confirmed_commit_in_progress_and_is_refused_then() {
    let (text, _) = export().await;
    let site = Site::new().await;
    site.root.edit(&item(9, "mine")).await.unwrap();
    site.slow.holds.store(true, Ordering::SeqCst);
    let commit = site.confirmed().await;
    site.slow.reached.notified().await;
    let import = site.import(&text);
    a_while(&import).await;
    site.slow.go.notify_one();
    assert_eq!(commit.await.unwrap().unwrap().seq, Some(Seq(2)));
    let error = import.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("waits for its confirmation"), "{error}");
    let running = site.root.show(Datastore::Running).await;
    assert!(running.contains("mine"), "{running}");
    // Nobody confirms: the start takes it back, and finds the history that there was.
    let running = site.restarted().await;
    assert!(!running.contains("<item"), "{running}");
}

#[tokio::test]
async fn an_import_that_waits_for_a_confirmed_commit_ends_when_nobody_waits_for_it() {
    let (text, _) = export().await;
    let site = Site::new().await;
    site.root.edit(&item(9, "mine")).await.unwrap();
    site.slow.holds.store(true, Ordering::SeqCst);
    let commit = site.confirmed().await;
    site.slow.reached.notified().await;
    let import = site.import(&text);
    a_while(&import).await;
    site.root.call.cancel.cancel();
    let error = import.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("the request was cancelled"), "{error}");
    site.slow.go.notify_one();
    commit.await.unwrap().unwrap();
}
