//! What a restart finds: nothing that was answered is lost, and nothing is applied twice.

use std::path::Path;

use banyan_engine::backend::Datastore;
use banyan_engine::engine::{EngineBuilder, StartError, StartMode};
use banyan_engine::files::Fault;
use banyan_engine::log::CommitLog;
use banyan_engine::{Engine, Seq};
use proptest::prelude::*;

use crate::fixture::{Client, Machine, NS, item, name, schema};

const NC: &str = "xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\"";

async fn running(engine: &Engine) -> String {
    Client::open(engine, "reader")
        .await
        .show(Datastore::Running)
        .await
}

#[tokio::test]
async fn commits_survive_a_restart() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    alice.set(&item(1, "x")).await.unwrap();
    let tid = alice.set(&item(2, "y")).await.unwrap().tid;
    drop((alice, engine));
    let engine = machine.start().await.unwrap();
    assert_eq!(engine.running().seq, Seq(3));
    assert_eq!(
        running(&engine).await,
        name("a") + &item(1, "x") + &item(2, "y")
    );
    let alice = Client::open(&engine, "alice").await;
    assert!(alice.set(&name("b")).await.unwrap().tid > tid);
}

#[tokio::test]
async fn a_startup_that_breaks_the_schema_never_becomes_running() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    drop((alice, engine));
    let dangling = "<config><ref xmlns=\"urn:t\"><id>r</id><to>7</to></ref></config>";
    machine
        .files
        .put(Path::new("/store/startup_db"), dangling.as_bytes());
    let start = machine.builder(schema()).start(StartMode::Startup);
    let Err(error) = start.open().await else {
        panic!("a leafref without its target is running");
    };
    let text = error.to_string();
    assert!(
        text.starts_with("/store/startup_db breaks the schema"),
        "{text}"
    );
    assert!(text.contains("/t:ref[id='r']/to"), "{text}");
    assert_eq!(running(&machine.start().await.unwrap()).await, name("a"));
}

#[tokio::test]
async fn a_small_file_is_current_before_the_answer() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    insta::assert_snapshot!(machine.running_file(), @r#"
    <config>
       <sys xmlns="urn:t">
          <name>a</name>
       </sys>
    </config>
    "#);
}

#[tokio::test]
async fn a_file_of_the_past_is_brought_up_to_date_from_the_log() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    let old = machine.running_file();
    alice.set(&name("b")).await.unwrap();
    drop((alice, engine));
    machine
        .files
        .put(Path::new("/store/running_db"), old.as_bytes());
    let engine = machine.start().await.unwrap();
    assert_eq!(running(&engine).await, name("b"));
    assert_eq!(engine.running().seq, Seq(2));
}

#[tokio::test]
async fn without_the_file_the_log_rebuilds_running() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    drop((alice, engine));
    let without = Machine {
        files: Default::default(),
        ..machine
    };
    assert_eq!(running(&without.start().await.unwrap()).await, name("a"));
}

#[tokio::test]
async fn an_edit_of_the_file_while_stopped_becomes_a_commit() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    engine.stop().await.unwrap();
    drop((alice, engine));
    let edited = machine.running_file().replace(">a<", ">by hand<");
    machine
        .files
        .put(Path::new("/store/running_db"), edited.as_bytes());
    let engine = machine.start().await.unwrap();
    assert_eq!(running(&engine).await, name("by hand"));
    let newest = &engine.history(None, 1).await.unwrap()[0];
    assert_eq!(newest.seq, Seq(2));
    assert!(newest.comment.as_ref().unwrap().contains("by hand"));
    // It is the log's now.
    drop(engine);
    let again = machine.start().await.unwrap();
    assert_eq!(
        (again.running().seq, running(&again).await),
        (Seq(2), name("by hand"))
    );
}

#[tokio::test]
async fn an_edited_file_that_is_behind_the_log_stops_the_start() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    let old = machine.running_file();
    engine.stop().await.unwrap();
    drop((alice, engine));
    // As after a commit whose file could not be written any more.
    let other = Machine {
        files: Default::default(),
        ..machine.clone()
    };
    other
        .files
        .put(Path::new("/store/running_db"), old.as_bytes());
    let engine = other.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    other.files.crash();
    alice.set(&name("b")).await.unwrap();
    let facts = other.log.facts("file/").unwrap();
    let newest: Vec<(&str, Option<&str>)> = facts
        .iter()
        .filter(|(_, seq)| *seq == "2")
        .map(|(name, _)| (name.as_str(), None))
        .collect();
    other.log.set(&newest).unwrap();
    drop((alice, engine));
    machine.files.put(
        Path::new("/store/running_db"),
        old.replace(">a<", ">x<").as_bytes(),
    );
    match machine.start().await {
        Err(error @ StartError::EditedBehind { .. }) => {
            insta::assert_snapshot!(error, @"/store/running_db was changed by hand, but the commit log holds 1 commits that are newer than the file it was (up to 2); move your file to another name and start: the log rebuilds it; then `banyan store load candidate FILE` with your file, `banyan diff` to see what it changes, and `banyan commit` if you want that");
        }
        other => panic!("{:?}", other.map(drop)),
    }
}

#[tokio::test]
async fn a_first_start_takes_what_is_in_the_file() {
    let machine = Machine::new();
    let file = format!("<config>{}</config>", name("made elsewhere"));
    machine
        .files
        .put(Path::new("/store/running_db"), file.as_bytes());
    let engine = machine.start().await.unwrap();
    assert_eq!(running(&engine).await, name("made elsewhere"));
    assert_eq!(engine.running().seq, Seq(1));
}

#[tokio::test]
async fn an_invalid_file_stops_the_start_and_says_where() {
    let machine = Machine::new();
    let file = format!("<config><sys {NS}><mtu>1</mtu></sys></config>");
    machine
        .files
        .put(Path::new("/store/running_db"), file.as_bytes());
    let error = machine.start().await.err().unwrap().to_string();
    assert!(error.contains("/t:sys/mtu"), "{error}");
    assert!(error.contains("correct the file"), "{error}");
}

#[tokio::test]
async fn two_engines_do_not_share_a_directory() {
    let scratch = tempfile::tempdir().unwrap();
    let open = || {
        EngineBuilder::new(schema())
            .directory(scratch.path())
            .open()
    };
    let first = open().await.unwrap();
    let error = open().await.err().unwrap().to_string();
    assert!(
        error.contains(&format!("pid {}", std::process::id())),
        "{error}"
    );
    let alice = Client::open(&first, "alice").await;
    alice.set(&name("a")).await.unwrap();
    first.stop().await.unwrap();
    // A clean stop gives the directory free.
    let second = open().await.unwrap();
    assert_eq!(running(&second).await, name("a"));
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_named() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("file");
    std::fs::write(&file, "").unwrap();
    let built = EngineBuilder::new(schema())
        .directory(file.join("store"))
        .open()
        .await;
    let error = built.err().unwrap().to_string();
    assert!(error.contains("write permission"), "{error}");
}

/// One thing that a user does.
#[derive(Clone, Debug)]
enum Step {
    Set(u32, String),
    Delete(u32),
    Name(String),
    Commit,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = "[a-c]{0,3}";
    let step = prop_oneof![
        4 => (0..6u32, value).prop_map(|(id, value)| Step::Set(id, value)),
        2 => (0..6u32).prop_map(Step::Delete),
        1 => value.prop_map(Step::Name),
        4 => Just(Step::Commit),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..30)
}

async fn play(machine: &Machine, steps: &[Step]) {
    let mut engine = machine.start().await.unwrap();
    let mut alice = Client::open(&engine, "alice").await;
    for step in steps {
        match step {
            Step::Set(id, value) => alice.edit(&item(*id, value)).await.unwrap(),
            Step::Delete(id) => alice
                .edit(&format!(
                    "<item {NS} {NC} nc:operation=\"remove\"><id>{id}</id></item>"
                ))
                .await
                .unwrap(),
            Step::Name(text) => alice.edit(&name(text)).await.unwrap(),
            Step::Commit => drop(alice.commit().await.unwrap()),
            Step::Restart => {
                let before = (running(&engine).await, engine.running().seq);
                drop((alice, engine));
                engine = machine.start().await.unwrap();
                alice = Client::open(&engine, "alice").await;
                assert_eq!((running(&engine).await, engine.running().seq), before);
            }
        }
    }
    // Every state of the past can be had again, by the reverses alone.
    let head = engine.running().seq.0;
    let mut replayed = banyan_data::Tree::empty(schema());
    for seq in 1..=head {
        let (before, after) = engine.around(Seq(seq)).await.unwrap();
        assert!(banyan_data::change::diff(&replayed, &before).is_empty());
        replayed = after;
    }
    assert!(banyan_data::change::diff(&replayed, &engine.running().tree).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn files_and_log_give_back_what_was_committed(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let machine = Machine::new();
        runtime.block_on(play(&machine, &steps));
    }
}

/// Commits `a`, then lets the machine fail at a step while `b` is committed and the files are written; starts
/// again, and says what is there.
async fn after_fault(step: usize, fault: Fault) -> Option<(bool, String)> {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    machine.files.fail_at(step, fault);
    let from = machine.files.steps();
    let answered = alice.set(&name("b")).await.is_ok();
    // The stop writes the file with all ceremony, as the idle path does.
    let stopped = engine.stop().await;
    let reached = machine.files.steps() > from + step || machine.files.crashed();
    drop((alice, engine, stopped));
    machine.files.restart();
    if !reached {
        return None;
    }
    let engine = machine.start().await.unwrap_or_else(|error| {
        panic!("{fault:?} at step {step}: {error}");
    });
    Some((answered, running(&engine).await))
}

#[tokio::test]
async fn no_fault_at_any_step_loses_an_answered_commit() {
    for fault in [
        Fault::Fail,
        Fault::Short,
        Fault::CrashBefore,
        Fault::CrashAfter,
    ] {
        let mut reached = 0;
        for step in 0..20 {
            let Some((answered, found)) = after_fault(step, fault).await else {
                break;
            };
            reached += 1;
            // The log took the commit, so it is answered whatever the files do.
            assert!(answered, "{fault:?} at step {step}");
            assert_eq!(found, name("b"), "{fault:?} at step {step}");
        }
        assert!(reached >= 4, "{fault:?}: only {reached} steps");
    }
}

#[tokio::test]
async fn a_log_that_fails_at_any_write_loses_nothing_that_was_answered() {
    for write in 0..6 {
        let machine = Machine::new();
        let engine = machine.start().await.unwrap();
        let alice = Client::open(&engine, "alice").await;
        alice.set(&name("a")).await.unwrap();
        machine.log.fail_from(write);
        let mut last = name("a");
        for text in ["b", "c"] {
            if alice.set(&name(text)).await.is_ok() {
                last = name(text);
            }
        }
        let _ = engine.stop().await;
        drop((alice, engine));
        machine.log.set_failing(false);
        let engine = machine.start().await.unwrap();
        assert_eq!(running(&engine).await, last, "write {write}");
    }
}

#[tokio::test]
async fn a_large_file_is_written_when_commits_pause() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let many: String = (0..20_000)
        .map(|id| item(id, "a value of some length"))
        .collect();
    alice.set(&many).await.unwrap();
    assert_eq!(machine.running_file(), "");
    for _ in 0..1000 {
        machine.clock.advance(std::time::Duration::from_secs(1));
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        if !machine.running_file().is_empty() {
            break;
        }
    }
    assert!(machine.running_file().len() > 1 << 20);
    // What comes after it is in the log alone, and found there.
    alice.set(&name("later")).await.unwrap();
    assert!(!machine.running_file().contains("later"));
    let before = engine.running();
    machine.files.crash();
    drop((alice, engine));
    machine.files.restart();
    let engine = machine.start().await.unwrap();
    assert_eq!(engine.running().seq, Seq(2));
    assert!(banyan_data::change::diff(&before.tree, &engine.running().tree).is_empty());
}

#[tokio::test]
async fn on_disk_commits_survive_an_end_without_a_stop() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("store");
    for round in 1..=3u64 {
        let engine = EngineBuilder::new(schema())
            .directory(&directory)
            .open()
            .await
            .unwrap();
        assert_eq!(engine.running().seq, Seq(round - 1));
        let alice = Client::open(&engine, "alice").await;
        alice.set(&name(&format!("round {round}"))).await.unwrap();
        assert_eq!(running(&engine).await, name(&format!("round {round}")));
    }
    assert!(directory.join("running_db").exists());
}
