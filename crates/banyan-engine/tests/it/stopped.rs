//! What a stop waits for, and that nothing is written after it: another program may have the directory then.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use banyan_engine::backend::{
    Backend, CommitParameters, Committed, Confirmed, Datastore, Document, Origin,
};
use banyan_engine::clock::Clock;
use banyan_engine::engine::{EngineBuilder, Seams};
use banyan_engine::files::{Files, Policy, StoreOptions};
use banyan_engine::history::{Retention, Trim};
use banyan_engine::log::{CommitLog, Moment};
use banyan_engine::{BackendError, Engine, Tid};
use tokio::task::JoinHandle;

use crate::fixture::{Client, Machine, item, name, schema};
use crate::hooked_log::HookedLog;

/// A machine whose log is held up.
struct Site {
    machine: Machine,
    log: HookedLog,
    engine: Engine,
    alice: Client,
}

impl Site {
    async fn new(with: impl FnOnce(EngineBuilder) -> EngineBuilder) -> Site {
        let (machine, log) = (Machine::new(), HookedLog::default());
        let seams = Seams {
            files: Arc::new(machine.files.clone()),
            clock: Arc::new(machine.clock.clone()) as Arc<dyn Clock>,
            log: Arc::new(log.clone()),
        };
        let builder = EngineBuilder::new(schema())
            .directory("/store")
            .seams(seams);
        let engine = with(builder).open().await.unwrap();
        let alice = Client::open(&engine, "alice").await;
        alice.set(&name("a")).await.unwrap();
        alice.set(&name("b")).await.unwrap();
        Site {
            machine,
            log,
            engine,
            alice,
        }
    }

    fn stop(&self) -> JoinHandle<Result<(), BackendError>> {
        let engine = self.engine.clone();
        tokio::spawn(async move { engine.stop().await })
    }

    fn confirmed(&self) -> JoinHandle<Result<Committed, BackendError>> {
        let client = self.alice.clone();
        tokio::spawn(async move { client.commit_with(for_ten_minutes()).await })
    }

    /// All that is on the disk.
    fn disk(&self) -> (BTreeMap<String, Vec<u8>>, Moment) {
        let mut files = BTreeMap::new();
        for directory in ["/store", "/store/schemas", "/store/running.d"] {
            let directory = Path::new(directory);
            for name in self.machine.files.list(directory).unwrap() {
                let file = directory.join(name);
                let content = self.machine.files.read(&file).unwrap();
                files.insert(file.display().to_string(), content.unwrap());
            }
        }
        // Whoever opens the log again.
        (files, self.log.clone().moment().unwrap())
    }
}

fn for_ten_minutes() -> CommitParameters {
    CommitParameters {
        confirmed: Some(Confirmed {
            timeout: 600,
            persist: Some("p".into()),
        }),
        ..CommitParameters::default()
    }
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
async fn a_stop_waits_for_what_is_written_after_a_confirmed_commit() {
    let site = Site::new(|builder| builder).await;
    // Without a change there is no record that has the fact with it.
    site.log.hold("set confirmed-commit");
    let commit = site.confirmed();
    site.log.reached().await;
    let stop = site.stop();
    a_while(&stop).await;
    site.log.release();
    assert_eq!(commit.await.unwrap().unwrap().seq, None);
    stop.await.unwrap().unwrap();
    let done = site.log.done();
    let at = |write: &str| done.iter().rposition(|done| done == write);
    assert!(at("set confirmed-commit") < at("close"), "{done:?}");
    assert_eq!(done.last().unwrap(), "close");
    let (_, moment) = site.disk();
    assert!(moment.facts.contains_key("confirmed-commit"), "{moment:?}");
}

#[tokio::test]
async fn a_stop_waits_for_a_store_that_is_being_written() {
    let site = Site::new(|builder| builder).await;
    site.log.hold("set schema/startup");
    let (engine, call) = (site.engine.clone(), site.alice.call.clone());
    let copy = tokio::spawn(async move {
        let from = Origin::Store(Datastore::Running);
        engine.copy(&call, from, Datastore::Startup).await
    });
    site.log.reached().await;
    let stop = site.stop();
    a_while(&stop).await;
    site.log.release();
    copy.await.unwrap().unwrap();
    stop.await.unwrap().unwrap();
    assert_eq!(site.log.done().last().unwrap(), "close");
    let (files, _) = site.disk();
    let startup = String::from_utf8(files["/store/startup_db"].clone()).unwrap();
    assert!(startup.contains("<name>b</name>"), "{startup}");
}

#[tokio::test]
async fn after_a_stop_nothing_is_written_and_everybody_is_told() {
    let kept = |store: &str| (store.to_owned(), Policy::FileInMemory);
    let site = Site::new(|builder| {
        let stores = StoreOptions {
            policies: [kept("candidate")].into(),
            ..StoreOptions::default()
        };
        builder.stores(stores).retention(Retention {
            commits: Some(1),
            ..Retention::default()
        })
    })
    .await;
    let Site { engine, alice, .. } = &site;
    let stores = engine.stores();
    let call = &alice.call;
    stores.copy(call, "running", "mine").await.unwrap();
    stores.set_volatile("mine", true).await.unwrap();
    let exported = engine.export_history(call, None, None, 9).await.unwrap();
    site.confirmed().await.unwrap().unwrap();
    alice.edit(&item(1, "x")).await.unwrap();
    engine.stop().await.unwrap();
    let before = site.disk();
    let content =
        || Document::xml(&b"<config><sys xmlns=\"urn:t\"><name>z</name></sys></config>"[..]);
    let tid = Tid(900);
    let refused = [
        ("commit", alice.commit().await.map(drop)),
        ("confirm", {
            let parameters = CommitParameters {
                persist_id: Some("p".into()),
                ..CommitParameters::default()
            };
            alice.commit_with(parameters).await.map(drop)
        }),
        ("cancel", engine.cancel_commit(call, Some("p".into())).await),
        ("import", {
            let imported = engine.import_history(call, &exported.text).await;
            imported.map(drop)
        }),
        ("trim", engine.trim_history_when(Trim::Now).await.map(drop)),
        ("intend", engine.intend(tid, serde_json::json!({})).await),
        ("forget", engine.forget_intent(tid).await),
        (
            "copy",
            stores.copy(call, "running", "other").await.map(drop),
        ),
        ("load", stores.load(call, "mine", content()).await.map(drop)),
        ("delete", stores.delete(call, "mine").await),
        ("volatile", stores.set_volatile("mine", false).await),
        ("startup", {
            let from = Origin::Store(Datastore::Running);
            engine.copy(call, from, Datastore::Startup).await
        }),
        ("no startup", engine.delete(call, Datastore::Startup).await),
        ("log", {
            let set = engine.log().set(&[("x", Some("y"))]);
            set.map_err(|error| {
                BackendError::new(
                    banyan_engine::error::ErrorTag::OperationFailed,
                    error.to_string(),
                )
            })
        }),
    ];
    for (what, refused) in refused {
        let error = refused.expect_err(what).to_string();
        assert!(error.contains("stop"), "{what}: {error}");
        assert!(
            !error.contains("another program's"),
            "{what} came to the disk: {error}"
        );
    }
    // Nor do timers: that of the confirmed commit, those of files and of the history.
    for _ in 0..20 {
        site.machine.clock.advance(Duration::from_secs(3600));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(site.disk(), before);
    // It is over already.
    engine.stop().await.unwrap();
    assert_eq!(site.disk(), before);
    let again = site.machine.builder(schema());
    let seams = Seams {
        files: Arc::new(site.machine.files.clone()),
        clock: Arc::new(site.machine.clock.clone()) as Arc<dyn Clock>,
        log: Arc::new(site.log.clone()),
    };
    let again = again.seams(seams).open().await.unwrap();
    let bob = Client::open(&again, "bob").await;
    assert_eq!(bob.show(Datastore::Running).await, name("b"));
}
