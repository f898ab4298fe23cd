//! Imports of a history whose outcome the disk does not tell.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use banyan_engine::backend::Datastore;
use banyan_engine::clock::ManualClock;
use banyan_engine::engine::{EngineBuilder, Seams, StartMode};
use banyan_engine::files::MemoryFiles;
use banyan_engine::log::{Appended, CommitLog, Facts, LogError, MemoryLog, Record, RecordHead};
use banyan_engine::{Engine, Seq};

use crate::fixture::{Client, in_memory, item, schema};

/// What the next append does.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Fate {
    #[default]
    Write,
    /// It fails, and has no effect.
    Refuse,
    /// It is written, and fails all the same.
    WriteAndFail,
}

/// A log that fails when it is told to.
#[derive(Clone, Default)]
struct Doubtful {
    log: MemoryLog,
    fate: Arc<Mutex<Fate>>,
    unreadable: Arc<AtomicBool>,
}

impl Doubtful {
    fn next(&self, fate: Fate, unreadable: bool) {
        *self.fate.lock().unwrap() = fate;
        self.unreadable.store(unreadable, Ordering::SeqCst);
    }

    fn readable(&self) -> Result<&MemoryLog, LogError> {
        match self.unreadable.load(Ordering::SeqCst) {
            true => Err(failed("the disk is gone")),
            false => Ok(&self.log),
        }
    }
}

fn failed(reason: &str) -> LogError {
    LogError::Storage {
        file: "(test)".to_owned(),
        reason: reason.to_owned(),
    }
}

impl CommitLog for Doubtful {
    fn head(&self) -> Result<Seq, LogError> {
        self.readable()?.head()
    }

    fn tail(&self) -> Result<Seq, LogError> {
        self.readable()?.tail()
    }

    fn append(
        &self,
        expected: Seq,
        records: &[Record],
        facts: Facts<'_>,
    ) -> Result<Appended, LogError> {
        let fate = std::mem::take(&mut *self.fate.lock().unwrap());
        if fate != Fate::Refuse {
            let appended = self.log.append(expected, records, facts)?;
            if fate == Fate::Write {
                return Ok(appended);
            }
        }
        Err(failed("the sync failed"))
    }

    fn read(&self, from: Seq, limit: usize) -> Result<Vec<Record>, LogError> {
        self.readable()?.read(from, limit)
    }

    fn history(&self, newest: Seq, limit: usize) -> Result<Vec<RecordHead>, LogError> {
        self.readable()?.history(newest, limit)
    }

    fn trim(&self, seq: Seq) -> Result<(), LogError> {
        self.log.trim(seq)
    }

    fn set(&self, facts: Facts<'_>) -> Result<(), LogError> {
        self.log.set(facts)
    }

    fn facts(&self, prefix: &str) -> Result<BTreeMap<String, String>, LogError> {
        self.readable()?.facts(prefix)
    }
}

/// An export of three commits, and what running is after them.
async fn export() -> (String, String) {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    for value in ["a", "b", "c"] {
        alice.set(&item(1, value)).await.unwrap();
    }
    let exported = engine.export_history(&alice.call, None, None, 100).await;
    (exported.unwrap().text, alice.show(Datastore::Running).await)
}

async fn start(log: &Doubtful) -> (Engine, Client) {
    let now = jiff::Timestamp::from_second(1_800_000_000).unwrap();
    let seams = Seams {
        files: Arc::new(MemoryFiles::default()),
        clock: Arc::new(ManualClock::at(now)),
        log: Arc::new(log.clone()),
    };
    let builder = EngineBuilder::new(schema())
        .directory("/store")
        .seams(seams);
    let engine = builder.open().await.unwrap();
    let client = Client::open(&engine, "bob").await;
    (engine, client)
}

#[tokio::test]
async fn an_import_that_the_disk_has_in_spite_of_a_failure_is_done() {
    let (text, running) = export().await;
    let log = Doubtful::default();
    let (engine, bob) = start(&log).await;
    log.next(Fate::WriteAndFail, false);
    let imported = engine.import_history(&bob.call, &text).await.unwrap();
    assert_eq!(imported, (3, Seq(3)));
    assert_eq!(bob.show(Datastore::Running).await, running);
    let next = bob.set(&item(2, "d")).await.unwrap();
    assert_eq!(next.seq, Some(Seq(4)));
}

#[tokio::test]
async fn an_import_that_the_disk_does_not_have_changes_nothing_and_works_later() {
    let (text, running) = export().await;
    let log = Doubtful::default();
    let (engine, bob) = start(&log).await;
    log.next(Fate::Refuse, false);
    let error = engine.import_history(&bob.call, &text).await.unwrap_err();
    for part in [
        "the import could not be written, running is unchanged",
        "the sync failed",
        "import again (no restart is needed)",
    ] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    assert_eq!(bob.show(Datastore::Running).await, "");
    engine.import_history(&bob.call, &text).await.unwrap();
    assert_eq!(bob.show(Datastore::Running).await, running);
}

#[tokio::test]
async fn an_import_of_which_nobody_knows_whether_the_disk_has_it_is_found_later() {
    let (text, running) = export().await;
    for (fate, imported) in [(Fate::WriteAndFail, true), (Fate::Refuse, false)] {
        for by_commit in [true, false] {
            let log = Doubtful::default();
            let (engine, bob) = start(&log).await;
            log.next(fate, true);
            let error = engine.import_history(&bob.call, &text).await.unwrap_err();
            for part in [
                "the import could not be written, and the log cannot be read either",
                "running stays at commit 0",
                "look at the history before importing again",
            ] {
                assert!(error.to_string().contains(part), "{part}: {error}");
            }
            assert_eq!(engine.running().seq, Seq(0));
            log.next(Fate::Write, false);
            if by_commit {
                let next = bob.set(&item(2, "d")).await.unwrap();
                let place = if imported { 4 } else { 1 };
                assert_eq!(next.seq, Some(Seq(place)));
                let found = bob.show(Datastore::Running).await;
                assert_eq!(found.contains("<value>c</value>"), imported, "{found}");
                continue;
            }
            let again = engine.import_history(&bob.call, &text).await;
            assert_eq!(again.is_err(), imported, "{again:?}");
            if let Err(error) = again {
                assert!(
                    error.to_string().contains("has moved to commit 3"),
                    "{error}"
                );
            }
            assert_eq!(bob.show(Datastore::Running).await, running);
            bob.set(&item(2, "d")).await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_import_on_what_was_not_validated_validates_all_of_it() {
    // The target of the reference is not there.
    let machine = crate::fixture::Machine::new();
    let file = std::path::Path::new("/store/running_db");
    let dangling = "<config><ref xmlns=\"urn:t\"><id>x</id><to>7</to></ref></config>";
    machine.files.put(file, dangling.as_bytes());
    let builder = machine.builder(schema()).start(StartMode::None);
    let engine = builder.open().await.unwrap();
    let bob = Client::open(&engine, "bob").await;
    let head = engine.history(None, 1).await.unwrap().remove(0);
    assert_eq!(head.seq, Seq(1));
    let (text, _) = export().await;
    // The same change as the second commit, as an export of a store with the same past has it.
    let text = crate::fixture::unsealed(&text);
    let first = text.lines().next().unwrap();
    let second = first.replace("\"seq\":1", "\"seq\":2");
    let error = engine.import_history(&bob.call, &second).await.unwrap_err();
    assert!(error.to_string().contains("7"), "{error}");
    assert_eq!(engine.running().seq, Seq(1));
}
