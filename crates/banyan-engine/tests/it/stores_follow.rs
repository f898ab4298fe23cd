//! Copies of running name a commit, and their files follow.

use std::path::{Path, PathBuf};
use std::time::Duration;

use banyan_data::edit::Operation;
use banyan_data::xml::parse_edit;
use banyan_engine::backend::{Backend, CommitParameters, Confirmed, Datastore, Origin};
use banyan_engine::clock::{Clock, ManualClock};
use banyan_engine::engine::StartMode;
use banyan_engine::files::{Fault, Files, Policy, StoreOptions};
use banyan_engine::history::Retention;
use banyan_engine::log::CommitLog;
use banyan_engine::upgrade::{self, Upgrade};
use banyan_engine::{BackendError, Engine};

use crate::counted::Counted;
use crate::fixture::{Client, Machine, NS, item, name, schema, updated_schema};

/// No file is small.
pub fn large() -> StoreOptions {
    StoreOptions {
        small: 0,
        ..StoreOptions::default()
    }
}

fn split() -> StoreOptions {
    StoreOptions {
        split: true,
        ..StoreOptions::default()
    }
}

fn path(name: &str) -> PathBuf {
    Path::new("/store").join(name)
}

fn file(machine: &Machine, name: &str) -> Option<String> {
    let bytes = machine.files.read(&path(name)).unwrap();
    bytes.map(|bytes| String::from_utf8(bytes).unwrap())
}

/// The facts of stores that name commits.
fn named(machine: &Machine) -> Vec<String> {
    let facts = machine.log.facts("store/").unwrap();
    facts
        .into_iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect()
}

async fn start(machine: &Machine, options: StoreOptions) -> Client {
    let engine = machine.builder(schema()).stores(options).open().await;
    Client::open(&engine.unwrap(), "alice").await
}

/// The machine stops, and what was not synced is lost.
fn kill(machine: &Machine, alice: Client) {
    machine.files.crash();
    drop(alice);
    machine.files.restart();
}

async fn copy(alice: &Client, from: &str, to: &str) -> Result<(), BackendError> {
    let copied = alice.engine.stores().copy(&alice.call, from, to).await;
    copied.map(drop)
}

async fn put(alice: &Client, store: &str, xml: &str) -> Result<(), BackendError> {
    let schema = alice.engine.schema();
    let edit = parse_edit(
        schema,
        xml.as_bytes(),
        Operation::Merge,
        &Default::default(),
    );
    let stores = alice.engine.stores();
    stores
        .put(&alice.call, store, edit.unwrap())
        .await
        .map(drop)
}

async fn text(engine: &Engine, store: &str) -> String {
    let tree = engine.stores().get(store).await.unwrap();
    let mut out = Vec::new();
    banyan_data::xml::print(&tree, &Default::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Waits for what is done in the background, while time passes.
async fn eventually(clock: &ManualClock, step: Duration, done: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if done() {
            return;
        }
        clock.advance(step);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("it never came");
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_copy_of_running_writes_no_file_before_its_answer_whatever_its_size() {
    for count in [10, 2_000] {
        let machine = Machine::new();
        let files = Counted::of(&machine);
        let engine = files.builder(&machine, large()).open().await.unwrap();
        let alice = Client::open(&engine, "alice").await;
        let items: String = (0..count).map(|id| item(id, "x")).collect();
        alice.set(&items).await.unwrap();
        // Running's own file may be written beside: it is the same number of bytes each time.
        eventually(&machine.clock, SECOND, || {
            file(&machine, "running_db").is_some()
        })
        .await;
        let before = files.bytes();
        copy(&alice, "running", "startup").await.unwrap();
        copy(&alice, "running", "lab").await.unwrap();
        copy(&alice, "candidate", "other").await.unwrap();
        assert_eq!(files.bytes(), before, "{count} entries");
        assert_eq!(
            named(&machine),
            ["store/lab 1 -", "store/other 1 -", "store/startup 1 -"]
        );
        // They are running, in memory too.
        let running = engine.running().tree;
        for store in ["startup", "lab", "other"] {
            assert!(
                engine.stores().get(store).await.unwrap().ptr_eq(&running),
                "{store}"
            );
        }
        // What is not running is written before the answer.
        put(&alice, "lab", &name("b")).await.unwrap();
        assert!(files.bytes() > before);
        assert_eq!(named(&machine), ["store/other 1 -", "store/startup 1 -"]);
    }
}

#[tokio::test]
async fn a_small_store_is_in_its_file_before_the_answer() {
    let machine = Machine::new();
    let alice = start(&machine, StoreOptions::default()).await;
    alice.set(&name("a")).await.unwrap();
    copy(&alice, "running", "startup").await.unwrap();
    assert!(file(&machine, "startup_db").unwrap().contains(">a<"));
    assert!(named(&machine).is_empty());
}

#[tokio::test]
async fn the_file_follows_when_commits_pause_and_at_a_clean_stop() {
    for options in [large(), split()] {
        let machine = Machine::new();
        let alice = start(&machine, options.clone()).await;
        alice.set(&name("a")).await.unwrap();
        copy(&alice, "running", "startup").await.unwrap();
        alice.set(&name("b")).await.unwrap();
        copy(&alice, "running", "lab").await.unwrap();
        alice.set(&name("c")).await.unwrap();
        assert_eq!(named(&machine).len(), 2);
        eventually(&machine.clock, SECOND, || named(&machine).is_empty()).await;
        let place = |store: &str| match options.split {
            true => format!("{store}.d/0.xml"),
            false => format!("{store}_db"),
        };
        assert!(file(&machine, &place("startup")).unwrap().contains(">a<"));
        assert!(file(&machine, &place("lab")).unwrap().contains(">b<"));
        copy(&alice, "running", "lab").await.unwrap();
        alice.engine.stop().await.unwrap();
        assert!(named(&machine).is_empty());
        assert!(file(&machine, &place("lab")).unwrap().contains(">c<"));
        drop(alice);
        let alice = start(&machine, options).await;
        assert_eq!(text(&alice.engine, "startup").await, name("a"));
        assert_eq!(text(&alice.engine, "lab").await, name("c"));
    }
}

#[tokio::test]
async fn a_kill_before_the_file_loses_nothing() {
    for options in [large(), split()] {
        let machine = Machine::new();
        let alice = start(&machine, options.clone()).await;
        alice.set(&name("a")).await.unwrap();
        copy(&alice, "running", "startup").await.unwrap();
        alice.set(&name("b")).await.unwrap();
        copy(&alice, "running", "lab").await.unwrap();
        // A second copy before the file of the first is written.
        copy(&alice, "running", "startup").await.unwrap();
        alice.set(&item(1, "x")).await.unwrap();
        for _ in 0..3 {
            kill(&machine, start(&machine, options.clone()).await);
        }
        let alice = start(&machine, options.clone()).await;
        assert_eq!(text(&alice.engine, "startup").await, name("b"));
        assert_eq!(text(&alice.engine, "lab").await, name("b"));
        let list = alice.engine.stores().list().await.unwrap();
        assert!(
            list.iter()
                .any(|store| store.name == "lab" && store.in_memory)
        );
        // Gone is gone, also what was only named.
        let stores = alice.engine.stores();
        stores.delete(&alice.call, "lab").await.unwrap();
        stores.delete(&alice.call, "startup").await.unwrap();
        kill(&machine, alice);
        let alice = start(&machine, options).await;
        assert_eq!(text(&alice.engine, "startup").await, "");
        assert!(alice.engine.stores().get("lab").await.is_err());
        // And nobody thought that a person had been at work.
        let names = machine.files.list(Path::new("/store")).unwrap();
        assert!(
            !names.iter().any(|name| name.contains("edited")),
            "{names:?}"
        );
    }
}

#[tokio::test]
async fn a_start_can_begin_with_a_startup_whose_file_has_not_followed() {
    let machine = Machine::new();
    let alice = start(&machine, large()).await;
    alice.set(&name("a")).await.unwrap();
    let to = Datastore::Startup;
    let from = Origin::Store(Datastore::Running);
    alice.engine.copy(&alice.call, from, to).await.unwrap();
    alice.set(&name("b")).await.unwrap();
    kill(&machine, alice);
    let mode = machine.builder(schema()).stores(large());
    let engine = mode.start(StartMode::Startup).open().await.unwrap();
    assert_eq!(text(&engine, "running").await, name("a"));
    assert_eq!(text(&engine, "startup").await, name("a"));
}

#[tokio::test]
async fn policies_and_volatile_stores_are_kept_as_they_say() {
    let machine = Machine::new();
    let policies = [("mem", Policy::InMemory), ("disk", Policy::File)];
    let options = StoreOptions {
        policies: policies
            .map(|(name, policy)| (name.to_owned(), policy))
            .into(),
        ..large()
    };
    let alice = start(&machine, options.clone()).await;
    alice.set(&name("a")).await.unwrap();
    for store in ["mem", "disk", "volatile"] {
        copy(&alice, "running", store).await.unwrap();
        assert_eq!(text(&alice.engine, store).await, name("a"));
    }
    assert_eq!(named(&machine), ["store/disk 1 -", "store/volatile 1 -"]);
    // What was answered before is in the file from then on.
    let stores = alice.engine.stores();
    stores.set_volatile("volatile", true).await.unwrap();
    assert_eq!(named(&machine), ["store/disk 1 -"]);
    alice.set(&name("b")).await.unwrap();
    copy(&alice, "running", "volatile").await.unwrap();
    assert_eq!(text(&alice.engine, "volatile").await, name("b"));
    kill(&machine, alice);
    let alice = start(&machine, options).await;
    assert!(alice.engine.stores().get("mem").await.is_err());
    assert_eq!(text(&alice.engine, "disk").await, name("a"));
    assert_eq!(text(&alice.engine, "volatile").await, name("a"));
    eventually(&machine.clock, SECOND, || named(&machine).is_empty()).await;
    let list = alice.engine.stores().list().await.unwrap();
    let disk = list.iter().find(|store| store.name == "disk").unwrap();
    assert!(!disk.in_memory);
    assert_eq!(text(&alice.engine, "disk").await, name("a"));
}

#[tokio::test]
async fn failsafe_rests_on_no_log() {
    let machine = Machine::new();
    let alice = start(&machine, large()).await;
    alice.set(&name("a")).await.unwrap();
    copy(&alice, "running", "failsafe").await.unwrap();
    assert!(named(&machine).is_empty());
    assert!(file(&machine, "failsafe_db").unwrap().contains(">a<"));
}

#[tokio::test]
async fn what_a_confirmed_commit_goes_back_to_is_no_fact_of_its_own() {
    let machine = Machine::new();
    let alice = start(&machine, large()).await;
    alice.set(&name("a")).await.unwrap();
    alice.edit(&name("b")).await.unwrap();
    let confirmed = Some(Confirmed {
        timeout: 600,
        persist: None,
    });
    let parameters = CommitParameters {
        confirmed,
        ..CommitParameters::default()
    };
    alice.commit_with(parameters).await.unwrap();
    let written = || file(&machine, "rollback_db").is_some_and(|text| text.contains(">a<"));
    eventually(&machine.clock, SECOND, written).await;
    assert!(named(&machine).is_empty());
    copy(&alice, "rollback", "lab").await.unwrap();
    assert_eq!(text(&alice.engine, "lab").await, name("a"));
    alice.commit().await.unwrap();
    eventually(&machine.clock, SECOND, || {
        file(&machine, "rollback_db").is_none()
    })
    .await;
}

#[tokio::test]
async fn a_file_that_was_edited_while_its_store_named_a_commit_is_kept() {
    let machine = Machine::new();
    let alice = start(&machine, large()).await;
    alice.set(&name("a")).await.unwrap();
    copy(&alice, "running", "startup").await.unwrap();
    alice.engine.stop().await.unwrap();
    drop(alice);
    for round in ["b", "c"] {
        let alice = start(&machine, large()).await;
        alice.set(&name(round)).await.unwrap();
        copy(&alice, "running", "startup").await.unwrap();
        kill(&machine, alice);
        let old = file(&machine, "startup_db").unwrap();
        let edited = old.replace("</name>", " by hand</name>");
        assert_ne!(edited, old);
        machine.files.put(&path("startup_db"), edited.as_bytes());
        let alice = start(&machine, large()).await;
        assert_eq!(text(&alice.engine, "startup").await, name(round));
        alice.engine.stop().await.unwrap();
        assert!(
            file(&machine, "startup_db")
                .unwrap()
                .contains(&format!(">{round}<"))
        );
    }
    // The second edit does not cost the first.
    assert!(
        file(&machine, "startup_db.edited")
            .unwrap()
            .contains(">a by hand<")
    );
    assert!(
        file(&machine, "startup_db.edited.2")
            .unwrap()
            .contains(">b by hand<")
    );
}

#[tokio::test]
async fn an_edited_part_of_a_split_store_that_named_a_commit_is_kept() {
    let machine = Machine::new();
    let alice = start(&machine, split()).await;
    alice.set(&name("a")).await.unwrap();
    copy(&alice, "running", "lab").await.unwrap();
    alice.engine.stop().await.unwrap();
    drop(alice);
    let alice = start(&machine, split()).await;
    alice.set(&name("b")).await.unwrap();
    copy(&alice, "running", "lab").await.unwrap();
    kill(&machine, alice);
    let edited = file(&machine, "lab.d/0.xml")
        .unwrap()
        .replace(">a<", ">by hand<");
    machine.files.put(&path("lab.d/0.xml"), edited.as_bytes());
    let alice = start(&machine, split()).await;
    assert_eq!(text(&alice.engine, "lab").await, name("b"));
    alice.engine.stop().await.unwrap();
    assert!(file(&machine, "lab.d/0.xml").unwrap().contains(">b<"));
    assert!(
        file(&machine, "lab.d/0.xml.edited")
            .unwrap()
            .contains(">by hand<")
    );
}

#[tokio::test]
async fn no_fault_while_a_file_follows_loses_a_copy_that_was_answered() {
    let faults = [
        Fault::Fail,
        Fault::Short,
        Fault::CrashBefore,
        Fault::CrashAfter,
    ];
    for options in [large(), split()] {
        for fault in faults {
            for step in 0..40 {
                let machine = Machine::new();
                let alice = start(&machine, options.clone()).await;
                alice.set(&name("a")).await.unwrap();
                copy(&alice, "running", "lab").await.unwrap();
                alice.engine.stop().await.unwrap();
                drop(alice);
                let alice = start(&machine, options.clone()).await;
                alice.set(&name("b")).await.unwrap();
                copy(&alice, "running", "lab").await.unwrap();
                machine.files.fail_at(step, fault);
                let from = machine.files.steps();
                let put = put(&alice, "lab", &item(1, "x")).await.is_ok();
                let stopped = alice.engine.stop().await.is_ok();
                let reached = machine.files.steps() > from + step || machine.files.crashed();
                kill(&machine, alice);
                let alice = start(&machine, options.clone()).await;
                let (copied, changed) = (name("b"), name("b") + &item(1, "x"));
                let found = text(&alice.engine, "lab").await;
                let when = format!("{fault:?} at step {step}: {put} {stopped} {found}");
                // What was not answered may be there, or not.
                assert!(found == changed || (!put && found == copied), "{when}");
                alice.engine.stop().await.unwrap();
                assert!(named(&machine).is_empty(), "{when}");
                let names = machine.files.list(Path::new("/store")).unwrap();
                assert!(
                    !names.iter().any(|name| name.contains("edited")),
                    "{when} {names:?}"
                );
                if !reached {
                    assert!(step > 5, "{when}");
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_log_that_fails_at_any_write_leaves_a_store_that_was_answered() {
    for write in 0..6 {
        let machine = Machine::new();
        let alice = start(&machine, large()).await;
        alice.set(&name("a")).await.unwrap();
        copy(&alice, "running", "lab").await.unwrap();
        alice.set(&name("b")).await.unwrap();
        machine.log.fail_from(write);
        let copied = copy(&alice, "running", "lab").await.is_ok();
        let put = put(&alice, "lab", &item(1, "x")).await.is_ok();
        let _ = alice.engine.stop().await;
        machine.log.set_failing(false);
        kill(&machine, alice);
        let alice = start(&machine, large()).await;
        let found = text(&alice.engine, "lab").await;
        let first = if copied { "b" } else { "a" };
        let expected = match put {
            true => name(first) + &item(1, "x"),
            false => name(first),
        };
        let also = name(first) + &item(1, "x");
        assert!(
            found == expected || (!put && found == also),
            "write {write}: {found}"
        );
    }
}

#[tokio::test]
async fn history_that_a_store_needs_is_not_forgotten() {
    let machine = Machine::new();
    let retention = Retention {
        commits: Some(1),
        ..Retention::default()
    };
    let builder = machine
        .builder(schema())
        .stores(large())
        .retention(retention);
    let engine = builder.open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    for text in ["a", "b", "c"] {
        alice.set(&name(text)).await.unwrap();
    }
    copy(&alice, "running", "lab").await.unwrap();
    for text in ["d", "e", "f"] {
        alice.set(&name(text)).await.unwrap();
    }
    // The file cannot be written: the first write is that of running's.
    let stores = engine.stores();
    stores.set_volatile("running", true).await.unwrap();
    machine.files.fail_at(0, Fault::Fail);
    engine.trim_history().await.unwrap();
    assert_eq!(named(&machine), ["store/lab 3 -"]);
    assert_eq!(machine.log.tail().unwrap().0, 4);
    // It can: then nothing holds the history back.
    engine.trim_history().await.unwrap();
    assert!(named(&machine).is_empty());
    assert_eq!(machine.log.tail().unwrap().0, 6);
    drop((stores, engine));
    kill(&machine, alice);
    let alice = start(&machine, large()).await;
    assert_eq!(text(&alice.engine, "lab").await, name("c"));
}

#[tokio::test]
async fn an_upgrade_migrates_what_stores_name() {
    let machine = Machine::new();
    let alice = start(&machine, large()).await;
    alice.set(&(name("a") + &item(1, "x"))).await.unwrap();
    copy(&alice, "running", "startup").await.unwrap();
    copy(&alice, "running", "lab").await.unwrap();
    alice.set(&item(1, "y")).await.unwrap();
    kill(&machine, alice);
    let new = updated_schema("leaf value { type string; }", "leaf other { type string; }");
    // The policy refuse: running does not fit, so nothing happens.
    let refused = machine.builder(new.clone()).stores(large()).open().await;
    assert!(refused.is_err());
    assert_eq!(named(&machine).len(), 2);
    let how = Upgrade {
        policy: upgrade::Policy::LeaveOut,
        ..Upgrade::default()
    };
    let upgraded = || {
        machine
            .builder(new.clone())
            .stores(large())
            .upgrade(how.clone())
    };
    let engine = upgraded().open().await.unwrap();
    let left = name("a") + &format!("<item {NS}><id>1</id></item>");
    for store in ["startup", "lab"] {
        assert_eq!(text(&engine, store).await, left, "{store}");
        let aside = file(&machine, &format!("{store}.left-out")).unwrap();
        assert!(aside.contains(">x<"), "{aside}");
    }
    engine.stop().await.unwrap();
    assert!(named(&machine).is_empty());
    drop(engine);
    let engine = upgraded().open().await.unwrap();
    for store in ["startup", "lab"] {
        assert_eq!(text(&engine, store).await, left, "{store}");
    }
}

#[tokio::test]
async fn a_file_waits_for_twenty_times_as_long_as_its_last_write_took() {
    for options in [large(), split()] {
        let machine = Machine::new();
        let files = Counted::of(&machine);
        let engine = files.builder(&machine, options).open().await.unwrap();
        let alice = Client::open(&engine, "alice").await;
        let pause = async |took: u64| {
            *files.takes.lock().unwrap() = Duration::from_millis(took);
            // This one is written after what the last one took.
            alice.set(&name(&format!("before {took}"))).await.unwrap();
            let ms = Duration::from_millis(10);
            let mut bytes = files.bytes();
            eventually(&machine.clock, ms, || files.bytes() > bytes).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            alice.set(&name(&format!("after {took}"))).await.unwrap();
            bytes = files.bytes();
            let begun = machine.clock.monotonic();
            eventually(&machine.clock, ms, || files.bytes() > bytes).await;
            machine.clock.monotonic() - begun
        };
        let (short, long) = (pause(0).await, pause(40).await);
        // It looks when it wakes up, so up to one more pause goes by.
        let within = |time: Duration, from: u64, to: u64| {
            let (from, to) = (Duration::from_millis(from), Duration::from_millis(to));
            assert!(from <= time && time <= to, "{time:?}");
        };
        within(short, 50, 400);
        within(long, 800, 2_000);
    }
}

#[tokio::test]
async fn a_start_that_rebuilt_running_from_the_log_writes_its_file_at_once() {
    let machine = Machine::new();
    let alice = start(&machine, large()).await;
    alice.set(&name("a")).await.unwrap();
    kill(&machine, alice);
    assert_eq!(file(&machine, "running_db"), None);
    let _alice = start(&machine, large()).await;
    // No time passes.
    eventually(&machine.clock, Duration::ZERO, || {
        file(&machine, "running_db").is_some_and(|text| text.contains(">a<"))
    })
    .await;
}
