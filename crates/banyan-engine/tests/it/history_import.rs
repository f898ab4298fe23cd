//! A history goes into a store that has only what its start has made, with the modules that it was written under.

use std::path::Path;

use banyan_engine::access::{AccessOptions, Mode};
use banyan_engine::backend::{Backend, CommitParameters, Datastore, DiffFormat};
use banyan_engine::engine::{EngineBuilder, StartError};
use banyan_engine::files::Files;
use banyan_engine::history::Past;
use banyan_engine::log::CommitLog;
use banyan_engine::{Engine, Seq};

use crate::fixture::{
    Client, Machine, item, name, schema, schema_with_system, unsealed, updated_schema,
};

/// As a daemon starts: access control is on, and whoever started it is its administrator.
fn daemon(machine: &Machine, first_admin: &str) -> EngineBuilder {
    machine.builder(schema_with_system()).access(AccessOptions {
        mode: Mode::Internal,
        first_admin: Some(first_admin.into()),
        ..AccessOptions::default()
    })
}

async fn again(machine: &Machine) -> Engine {
    loop {
        match daemon(machine, "root").open().await {
            Ok(engine) => return engine,
            Err(StartError::InUse { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

async fn exported(client: &Client, from: Option<Seq>) -> String {
    let exported = client.engine.export_history(&client.call, from, None, 1000);
    exported.await.unwrap().text
}

/// The history of a daemon that root has started, and running after it.
async fn site() -> (String, String) {
    let engine = daemon(&Machine::new(), "root").open().await.unwrap();
    let root = Client::open(&engine, "root").await;
    for value in ["a", "b", "c"] {
        root.set(&item(1, value)).await.unwrap();
    }
    (
        exported(&root, None).await,
        root.show(Datastore::Running).await,
    )
}

#[tokio::test]
async fn what_the_start_made_gives_way() {
    let (text, running) = site().await;
    let machine = Machine::new();
    let engine = daemon(&machine, "root").open().await.unwrap();
    assert_eq!(engine.running().seq, Seq(1));
    let root = Client::open(&engine, "root").await;
    let imported = engine.import_history(&root.call, &text).await.unwrap();
    assert_eq!(imported, (4, Seq(4)));
    assert_eq!(root.show(Datastore::Running).await, running);
    assert_eq!(exported(&root, None).await, text);
    // It goes on, and a restart finds it, by the file and by the log.
    root.set(&item(2, "d")).await.unwrap();
    let running = root.show(Datastore::Running).await;
    engine.stop().await.unwrap();
    drop((engine, root));
    for file in [true, false] {
        if !file {
            machine
                .files
                .remove(Path::new("/store/running_db"))
                .unwrap();
        }
        let engine = again(&machine).await;
        let root = Client::open(&engine, "root").await;
        assert_eq!(engine.running().seq, Seq(5));
        assert_eq!(root.show(Datastore::Running).await, running);
        engine.past(Past::After(Seq(0))).await.unwrap();
        engine.stop().await.unwrap();
    }
}

#[tokio::test]
async fn what_somebody_committed_does_not_give_way() {
    let (text, _) = site().await;
    let engine = daemon(&Machine::new(), "root").open().await.unwrap();
    let root = Client::open(&engine, "root").await;
    root.set(&name("mine")).await.unwrap();
    let error = engine.import_history(&root.call, &text).await.unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("commit 2 is by root") && said.contains("--from 3"),
        "{said}"
    );
    assert_eq!(engine.running().seq, Seq(2));
    // A history that is not longer cannot be told from what is there.
    let engine = daemon(&Machine::new(), "root").open().await.unwrap();
    let root = Client::open(&engine, "root").await;
    let first = text.lines().next().unwrap();
    let error = engine.import_history(&root.call, first).await.unwrap_err();
    assert!(error.to_string().contains("longer"), "{error}");
}

/// Each write of the log fails once: afterwards the store is what it was, or has the import.
#[tokio::test]
async fn an_import_that_fails_leaves_one_history_or_the_other() {
    let (text, running) = site().await;
    for write in 0..6 {
        let machine = Machine::new();
        let engine = daemon(&machine, "root").open().await.unwrap();
        let root = Client::open(&engine, "root").await;
        let before = root.show(Datastore::Running).await;
        machine.log.fail_from(write);
        let imported = engine.import_history(&root.call, &text).await;
        let expected = match &imported {
            Ok(_) => (Seq(4), running.clone()),
            Err(_) => (Seq(1), before),
        };
        machine.log.set_failing(false);
        assert_eq!(engine.running().seq, expected.0, "write {write}");
        // It goes on without a restart.
        if imported.is_err() {
            engine.import_history(&root.call, &text).await.unwrap();
        }
        assert_eq!(machine.log.tail().unwrap(), Seq(1));
        drop((engine, root));
        let engine = again(&machine).await;
        let root = Client::open(&engine, "root").await;
        assert_eq!(
            root.show(Datastore::Running).await,
            running,
            "write {write}"
        );
    }
}

#[tokio::test]
async fn a_reverse_that_does_not_undo_its_change_is_refused_with_its_place() {
    let engine = crate::fixture::in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    for value in ["one", "two", "three"] {
        alice.set(&item(1, value)).await.unwrap();
    }
    let text = exported(&alice, None).await;
    let mut lines: Vec<String> = unsealed(&text).lines().map(str::to_owned).collect();
    // The reverse of the third commit sets what the second one made.
    lines[2] = lines[2].replace("\"two\"", "\"other\"");
    let other = crate::fixture::in_memory().await;
    let bob = Client::open(&other, "bob").await;
    let error = other
        .import_history(&bob.call, &lines.join("\n"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("reverse of commit 3"), "{error}");
    assert_eq!(other.running().seq, Seq(0));
    other.import_history(&bob.call, &text).await.unwrap();
}

#[tokio::test]
async fn a_line_that_was_changed_is_refused_by_its_number() {
    let engine = crate::fixture::in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    for value in ["one", "two", "three"] {
        alice.set(&item(1, value)).await.unwrap();
    }
    let text = exported(&alice, None).await;
    let line = |number: usize| text.lines().nth(number - 1).unwrap();
    let other = crate::fixture::in_memory().await;
    let bob = Client::open(&other, "bob").await;
    let tid = |number: usize| {
        let record: serde_json::Value = serde_json::from_str(line(number)).unwrap();
        record["tid"].clone()
    };
    let with_tid = |text: &str, number: usize, other: serde_json::Value| {
        let (from, to) = (
            format!("\"tid\":{},", tid(number)),
            format!("\"tid\":{other},"),
        );
        text.replace(&from, &to)
    };
    let bare = unsealed(&text);
    let comment = "\"comment\":\"a\\u001b[0m\",\"schema\"";
    for (wrong, said) in [
        (with_tid(&text, 3, 900_000.into()), "line 3: it was changed"),
        (
            text.replace("\"user\":\"alice\"", "\"user\":\"bob\""),
            "line 1: it was changed",
        ),
        // What an older program has exported has no hash.
        (with_tid(&bare, 2, tid(1)), "line 2: transaction"),
        (
            bare.replacen("\"schema\"", comment, 1),
            "line 1: comment holds the character U+001B",
        ),
    ] {
        let error = other.import_history(&bob.call, &wrong).await.unwrap_err();
        assert!(error.to_string().contains(said), "{said}: {error}");
        assert_eq!(other.running().seq, Seq(0));
    }
    other.import_history(&bob.call, &bare).await.unwrap();
    assert_eq!(exported(&bob, None).await, text);
}

#[tokio::test]
async fn a_history_across_an_upgrade_brings_its_modules() {
    let newer = || {
        updated_schema(
            "leaf name { type string; }",
            "leaf name { type string; } leaf place { type string; }",
        )
    };
    let machine = Machine::new();
    let engine = machine.builder(schema()).open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    for value in ["a", "b"] {
        alice.set(&item(1, value)).await.unwrap();
    }
    engine.stop().await.unwrap();
    drop((engine, alice));
    let engine = machine.builder(newer()).open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&item(1, "c")).await.unwrap();
    let text = exported(&alice, None).await;
    let sets = text
        .lines()
        .filter(|line| line.starts_with("{\"module-set\""));
    assert_eq!(sets.count(), 1, "{text}");

    let place = Machine::new();
    let other = place.builder(newer()).open().await.unwrap();
    let bob = Client::open(&other, "bob").await;
    let (count, head) = other.import_history(&bob.call, &text).await.unwrap();
    assert_eq!((count as u64, head), (head.0, engine.running().seq));
    assert_eq!(
        bob.show(Datastore::Running).await,
        alice.show(Datastore::Running).await
    );
    assert_eq!(exported(&bob, None).await, text);
    let running = bob.show(Datastore::Running).await;
    other.stop().await.unwrap();
    drop((other, bob));
    let other = place.builder(newer()).open().await.unwrap();
    let bob = Client::open(&other, "bob").await;
    assert_eq!(bob.show(Datastore::Running).await, running);
    let past = other.past(Past::After(Seq(1))).await.unwrap();
    assert_eq!(past.tree.schema().digest(), schema().digest());

    // Without the modules it says what is missing; under the old ones, that it ends under others.
    let bare: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("{\"module-set\""))
        .collect();
    let empty = Machine::new().builder(newer()).open().await.unwrap();
    let carol = Client::open(&empty, "carol").await;
    let error = empty
        .import_history(&carol.call, &bare.join("\n"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("does not bring them"), "{error}");
    let old = Machine::new().builder(schema()).open().await.unwrap();
    let carol = Client::open(&old, "carol").await;
    let error = old.import_history(&carol.call, &text).await.unwrap_err();
    assert!(error.to_string().contains("other modules"), "{error}");
}

#[tokio::test]
async fn no_number_of_a_transaction_comes_twice_after_an_import_and_a_kill() {
    let (text, _) = site().await;
    let machine = Machine::new();
    let engine = daemon(&machine, "root").open().await.unwrap();
    let root = Client::open(&engine, "root").await;
    // So that many numbers are promised, in memory too.
    root.edit(&item(7, "x")).await.unwrap();
    let rehearsed = CommitParameters {
        dry_run: Some(DiffFormat::Text),
        ..CommitParameters::default()
    };
    root.commit_with(rehearsed).await.unwrap();
    engine.discard(&root.call).await.unwrap();
    engine.import_history(&root.call, &text).await.unwrap();
    root.set(&item(2, "d")).await.unwrap();
    let last = root.set(&item(3, "e")).await.unwrap().tid;
    machine.files.crash();
    drop((engine, root));
    machine.files.restart();
    let engine = again(&machine).await;
    let root = Client::open(&engine, "root").await;
    assert!(root.set(&item(4, "f")).await.unwrap().tid > last);
}
