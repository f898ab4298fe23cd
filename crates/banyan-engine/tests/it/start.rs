//! Start modes: what becomes of each store and file, when running's file is good, broken, invalid or absent.

use std::path::{Path, PathBuf};

use banyan_engine::Engine;
use banyan_engine::backend::{Datastore, Document};
use banyan_engine::engine::{Extra, StartMode, StartOptions};
use banyan_engine::files::Files;
use banyan_engine::log::CommitLog;
use banyan_engine::upgrade::report::Status;

use crate::fixture::{Client, Machine, NS, item, name, schema, schema_with_system};

/// What running's file holds.
pub const FILES: [(&str, Option<&str>); 4] = [
    (
        "good",
        Some("<config><sys xmlns=\"urn:t\"><name>a</name></sys></config>\n"),
    ),
    (
        "syntax error",
        Some("<config><sys xmlns=\"urn:t\"><name>a</name></config>\n"),
    ),
    (
        "invalid",
        Some("<config><sys xmlns=\"urn:t\"><mtu>1</mtu></sys></config>\n"),
    ),
    ("absent", None),
];

const STARTUP: &str = "<config><sys xmlns=\"urn:t\"><name>s</name></sys></config>\n";
const FAILSAFE: &str = "<config><sys xmlns=\"urn:t\"><name>f</name></sys></config>\n";

const MODES: [StartMode; 5] = [
    StartMode::None,
    StartMode::Init,
    StartMode::Running,
    StartMode::Startup,
    StartMode::RunningStartup,
];

fn file(machine: &Machine, name: &str) -> Option<String> {
    let bytes = machine
        .files
        .read(&PathBuf::from("/store").join(name))
        .unwrap();
    bytes.map(|bytes| String::from_utf8(bytes).unwrap())
}

pub fn put(machine: &Machine, name: &str, content: &str) {
    let path = PathBuf::from("/store").join(name);
    machine.files.put(&path, content.as_bytes());
}

pub fn machine(running: Option<&str>, failsafe: bool) -> Machine {
    let machine = Machine::new();
    if let Some(running) = running {
        put(&machine, "running_db", running);
    }
    put(&machine, "startup_db", STARTUP);
    if failsafe {
        put(&machine, "failsafe_db", FAILSAFE);
    }
    machine
}

pub async fn start(machine: &Machine, mode: StartMode) -> Result<Engine, String> {
    let builder = machine.builder(schema()).start(mode);
    builder.open().await.map_err(|error| error.to_string())
}

async fn shown(engine: &Engine, store: Datastore) -> String {
    Client::open(engine, "reader").await.show(store).await
}

const STORES: [&str; 5] = [
    "running_db",
    "startup_db",
    "candidate_db",
    "failsafe_db",
    "tmp_db",
];

fn all(machine: &Machine) -> Vec<Option<String>> {
    STORES.iter().map(|name| file(machine, name)).collect()
}

/// What running is after a start by the mode; `None`: the start fails.
fn expected(mode: StartMode, case: &str) -> Option<String> {
    let (a, s, nothing) = (name("a"), name("s"), String::new());
    let invalid = format!("<sys {NS}><mtu>1</mtu></sys>");
    Some(match (mode, case) {
        (StartMode::Init, _) => nothing,
        (StartMode::Startup, _) | (StartMode::RunningStartup, "absent") => s,
        (_, "good") => a,
        (_, "absent") => nothing,
        (StartMode::None, "invalid") => invalid,
        _ => return None,
    })
}

#[tokio::test]
async fn every_mode_does_with_every_file_what_the_table_says() {
    for mode in MODES {
        for (case, running) in FILES {
            let what = format!("{mode}, {case}");
            let machine = machine(running, false);
            let before = all(&machine);
            let started = start(&machine, mode).await;
            let Some(expected) = expected(mode, case) else {
                let error = started.err().unwrap_or_else(|| panic!("{what}: started"));
                assert!(error.contains("running_db"), "{what}: {error}");
                // Nothing was touched.
                assert_eq!(all(&machine), before, "{what}");
                assert_eq!(machine.log.head().unwrap().0, 0, "{what}");
                continue;
            };
            let engine = started.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(shown(&engine, Datastore::Running).await, expected, "{what}");
            assert_eq!(
                shown(&engine, Datastore::Candidate).await,
                expected,
                "{what}"
            );
            assert_eq!(
                shown(&engine, Datastore::Startup).await,
                name("s"),
                "{what}"
            );
            assert_eq!(
                file(&machine, "startup_db").as_deref(),
                Some(STARTUP),
                "{what}"
            );
            assert_eq!(file(&machine, "candidate_db"), None, "{what}");
            assert_eq!(file(&machine, "tmp_db"), None, "{what}");
            let unusable = case == "syntax error";
            assert_eq!(
                file(&machine, "running_db.damaged").is_some(),
                unusable,
                "{what}"
            );
            assert_eq!(
                engine.running().is_validated(),
                mode != StartMode::None,
                "{what}"
            );
            // It goes on from there, and the file says so at a stop.
            engine.stop().await.unwrap();
            let kept = file(&machine, "running_db").unwrap_or_default();
            let left = kept.split_whitespace().collect::<String>();
            let inside = expected.split_whitespace().collect::<String>();
            assert!(left.contains(&inside), "{what}: {kept}");
            drop(engine);
            let again = start(&machine, StartMode::None).await.unwrap();
            assert_eq!(
                shown(&again, Datastore::Running).await,
                expected,
                "{what}: again"
            );
        }
    }
}

#[tokio::test]
async fn failsafe_takes_the_place_of_what_cannot_be_used() {
    for mode in MODES {
        for (case, running) in FILES {
            let what = format!("{mode}, {case}");
            let machine = machine(running, true);
            let engine = start(&machine, mode)
                .await
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            let status = engine.reports().iter().map(|report| report.status).max();
            match expected(mode, case) {
                Some(expected) => {
                    assert_eq!(shown(&engine, Datastore::Running).await, expected, "{what}");
                    assert_eq!(file(&machine, "tmp_db"), None, "{what}");
                    assert!(status < Some(Status::Invalid), "{what}");
                }
                None => {
                    assert_eq!(
                        shown(&engine, Datastore::Running).await,
                        name("f"),
                        "{what}"
                    );
                    assert_eq!(file(&machine, "tmp_db").as_deref(), running, "{what}");
                    let bad = match case {
                        "invalid" => engine.reports()[0].errors[0].path == "/t:sys/mtu",
                        _ => true,
                    };
                    assert!(bad && status > Some(Status::Ok), "{what}");
                    let newest = &engine.history(None, 1).await.unwrap()[0];
                    assert!(
                        newest.comment.as_ref().unwrap().contains("failsafe"),
                        "{what}"
                    );
                }
            }
            assert_eq!(
                file(&machine, "failsafe_db").as_deref(),
                Some(FAILSAFE),
                "{what}"
            );
            assert_eq!(
                file(&machine, "startup_db").as_deref(),
                Some(STARTUP),
                "{what}"
            );
        }
    }
}

#[tokio::test]
async fn failsafe_says_which_store_was_of_no_use() {
    let running = FILES[0].1;
    let machine = machine(running, true);
    put(&machine, "startup_db", "<config><torn");
    let engine = start(&machine, StartMode::Startup).await.unwrap();
    let reports = engine.reports();
    let told: Vec<_> = reports.iter().map(|it| (&*it.store, it.status)).collect();
    assert_eq!(told, [("startup", Status::Error), ("failsafe", Status::Ok)]);
    // The file that is wrong stays for him who corrects it; what was in running is kept.
    assert_eq!(
        file(&machine, "startup_db").as_deref(),
        Some("<config><torn")
    );
    assert_eq!(file(&machine, "tmp_db").as_deref(), running);
    let newest = &engine.history(None, 1).await.unwrap()[0];
    assert!(newest.comment.as_ref().unwrap().contains("startup"));
}

#[tokio::test]
async fn a_failsafe_that_is_invalid_itself_does_not_hide_why_it_was_needed() {
    let machine = machine(FILES[2].1, true);
    put(&machine, "failsafe_db", "<config><nothing/></config>");
    let before = all(&machine);
    let error = start(&machine, StartMode::Running).await.err().unwrap();
    assert!(
        error.contains("/t:sys/mtu") && error.contains("failsafe_db"),
        "{error}"
    );
    assert_eq!(all(&machine), before);
}

#[tokio::test]
async fn a_startup_that_cannot_be_used_stops_only_the_start_that_needs_it() {
    for bad in [
        "<config>",
        "<config><sys xmlns=\"urn:t\"><mtu>1</mtu></sys></config>",
    ] {
        let machine = machine(FILES[0].1, false);
        put(&machine, "startup_db", bad);
        let before = all(&machine);
        let error = start(&machine, StartMode::Startup).await.err().unwrap();
        assert!(error.contains("startup_db"), "{error}");
        assert_eq!(all(&machine), before);
        let engine = start(&machine, StartMode::Running).await.unwrap();
        assert_eq!(shown(&engine, Datastore::Running).await, name("a"));
        assert_eq!(file(&machine, "startup_db").as_deref(), Some(bad));
    }
}

#[tokio::test]
async fn the_first_commit_after_mode_none_validates_everything() {
    let machine = machine(FILES[2].1, false);
    let engine = start(&machine, StartMode::None).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let error = alice.set(&item(1, "x")).await.unwrap_err().to_string();
    assert!(error.contains("/t:sys/mtu"), "{error}");
    // With what was wrong corrected it goes through, and the next ones validate what they change.
    alice
        .edit(&format!("<sys {NS}><mtu>100</mtu></sys>"))
        .await
        .unwrap();
    alice.commit().await.unwrap();
    assert!(engine.running().is_validated());
    alice.set(&item(2, "y")).await.unwrap();
}

#[tokio::test]
async fn extra_documents_are_merged_after_a_good_start() {
    let extra = |content: &str| Extra {
        name: "extra.xml".to_owned(),
        content: Document::xml(content.as_bytes().to_vec()),
    };
    let merged = format!("<config>{}</config>", item(1, "extra"));
    let with_name = name("a") + &item(1, "extra");
    for (mode, expected) in [
        (StartMode::None, name("a")),
        (StartMode::Init, item(1, "extra")),
        (StartMode::Running, with_name),
        (StartMode::Startup, name("s") + &item(1, "extra")),
    ] {
        let machine = machine(FILES[0].1, false);
        let builder = machine.builder(schema()).start(mode).extra(extra(&merged));
        let engine = builder.open().await.unwrap();
        assert_eq!(shown(&engine, Datastore::Running).await, expected, "{mode}");
    }
    for bad in [
        "<config><nothing/></config>",
        "<config><ref xmlns=\"urn:t\"><id>r</id><to>7</to></ref></config>",
    ] {
        let machine = machine(FILES[0].1, false);
        let before = all(&machine);
        let error = machine.builder(schema()).extra(extra(bad)).open().await;
        assert!(error.err().unwrap().to_string().starts_with("extra.xml"));
        assert_eq!(all(&machine), before);
    }
}

#[tokio::test]
async fn a_rehearsal_changes_nothing_and_says_what_a_start_would_do() {
    let machine = machine(FILES[0].1, true);
    let before = all(&machine);
    let builder = machine.builder(schema()).start(StartMode::Startup);
    let rehearsal = builder.rehearse().await.unwrap();
    assert_eq!(all(&machine), before);
    assert_eq!(machine.log.head().unwrap().0, 0);
    assert!(machine.log.facts("").unwrap().is_empty());
    assert_eq!(rehearsal.running.seq.0, 2);
    assert!(rehearsal.changes[1].contains("running is what startup holds"));
    assert!(
        rehearsal.changes[1].contains('s'),
        "{:?}",
        rehearsal.changes
    );

    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("store");
    let builder = banyan_engine::engine::EngineBuilder::new(schema()).directory(&directory);
    builder.rehearse().await.unwrap();
    assert!(!directory.exists());
}

/// Three commits, of which the log has the last alone, and a file that is no use.
async fn beyond_rebuilding(machine: &Machine) {
    let engine = start(machine, StartMode::Running).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    for value in ["x", "y", "z"] {
        alice.set(&item(1, value)).await.unwrap();
    }
    engine.stop().await.unwrap();
    machine.log.trim(banyan_engine::Seq(3)).unwrap();
    put(machine, "running_db", "<config><torn");
}

#[tokio::test]
async fn failsafe_begins_anew_where_running_cannot_be_rebuilt() {
    for killed in [false, true] {
        let machine = Machine::new();
        beyond_rebuilding(&machine).await;
        let error = start(&machine, StartMode::Running).await.err().unwrap();
        assert!(
            error.contains("cannot be read") && error.contains("failsafe"),
            "{error}"
        );
        put(&machine, "failsafe_db", FAILSAFE);
        let engine = start(&machine, StartMode::Running).await.unwrap();
        assert_eq!(shown(&engine, Datastore::Running).await, name("f"));
        assert_eq!(engine.running().seq.0, 4);
        for kept in ["tmp_db", "running_db.damaged"] {
            assert_eq!(
                file(&machine, kept).as_deref(),
                Some("<config><torn"),
                "{kept}"
            );
        }
        let report = &engine.reports()[0];
        assert_eq!((&*report.store, report.status), ("running", Status::Error));
        let history = engine.history(None, 9).await.unwrap();
        assert_eq!(history.len(), 2);
        let comment = history[0].comment.as_deref().unwrap();
        assert!(
            comment.contains("states before this commit are not known"),
            "{comment}"
        );
        // The break is honest: its own change is all of it, and nothing leads behind it.
        let (before, after) = engine.around(banyan_engine::Seq(4)).await.unwrap();
        assert!(before.root().slots().is_empty() && !after.root().slots().is_empty());
        use banyan_engine::history::Past;
        for past in [Past::Steps(1), Past::After(banyan_engine::Seq(2))] {
            let error = engine.past(past).await.err().unwrap().to_string();
            assert!(error.contains("began anew"), "{error}");
        }
        let alice = Client::open(&engine, "alice").await;
        alice.set(&item(5, "later")).await.unwrap();
        if !killed {
            engine.stop().await.unwrap();
        }
        drop((alice, engine));
        let expected = name("f") + &item(5, "later");
        for file in [None, Some("running_db")] {
            if let Some(file) = file {
                machine
                    .files
                    .remove(&PathBuf::from("/store").join(file))
                    .unwrap();
            }
            // Nothing but the log is needed any more.
            let _ = machine.files.remove(Path::new("/store/failsafe_db"));
            let engine = start(&machine, StartMode::Running).await.unwrap();
            assert_eq!(shown(&engine, Datastore::Running).await, expected);
            assert_eq!(engine.running().seq.0, 5);
        }
    }
}

#[tokio::test]
async fn failsafe_begins_anew_where_a_commit_cannot_be_replayed() {
    let machine = Machine::new();
    let engine = start(&machine, StartMode::Running).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&item(1, "x")).await.unwrap();
    let old = file(&machine, "running_db").unwrap();
    alice.set(&item(1, "y")).await.unwrap();
    drop((alice, engine));
    // The file is behind, and the record after it says what cannot be.
    let record = machine
        .log
        .read(banyan_engine::Seq(2), 1)
        .unwrap()
        .remove(0);
    let log = banyan_engine::log::MemoryLog::default();
    let first = machine.log.read(banyan_engine::Seq(1), 1).unwrap();
    let facts = machine.log.facts("").unwrap();
    let facts: Vec<(&str, Option<&str>)> = facts
        .iter()
        .map(|(name, value)| (&**name, Some(&**value)))
        .collect();
    log.append(banyan_engine::Seq(0), &first, &facts).unwrap();
    let broken = banyan_engine::log::Record {
        change: record.change.replace("\"y\"", "{}").into(),
        ..record
    };
    log.append(banyan_engine::Seq(1), &[broken], &[]).unwrap();
    let machine = Machine { log, ..machine };
    put(&machine, "running_db", &old);
    let error = start(&machine, StartMode::Running).await.err().unwrap();
    assert!(
        error.contains("commit 2 of the log cannot be replayed"),
        "{error}"
    );
    put(&machine, "failsafe_db", FAILSAFE);
    for _ in 0..2 {
        let engine = start(&machine, StartMode::Running).await.unwrap();
        assert_eq!(shown(&engine, Datastore::Running).await, name("f"));
        assert_eq!(engine.running().seq.0, 3);
        // The log alone is enough from now on.
        drop(engine);
        for file in ["failsafe_db", "running_db"] {
            machine
                .files
                .remove(&PathBuf::from("/store").join(file))
                .unwrap();
        }
    }
}

#[tokio::test]
async fn the_history_is_trimmed_across_a_commit_that_stands_on_nothing() {
    let machine = Machine::new();
    beyond_rebuilding(&machine).await;
    put(&machine, "failsafe_db", FAILSAFE);
    drop(start(&machine, StartMode::Running).await.unwrap());
    for kept in [2, 1] {
        let retention = banyan_engine::history::Retention {
            commits: Some(kept),
            ..Default::default()
        };
        let engine = machine.builder(schema()).retention(retention).open().await;
        let engine = engine.unwrap();
        let alice = Client::open(&engine, "alice").await;
        alice.set(&item(kept as u32, "more")).await.unwrap();
        engine.trim_history().await.unwrap();
        let expected = shown(&engine, Datastore::Running).await;
        engine.stop().await.unwrap();
        drop((alice, engine));
        machine
            .files
            .remove(Path::new("/store/running_db"))
            .unwrap();
        let engine = start(&machine, StartMode::Running).await.unwrap();
        assert_eq!(shown(&engine, Datastore::Running).await, expected);
    }
    assert_eq!(machine.log.tail().unwrap(), machine.log.head().unwrap());
}

#[tokio::test]
async fn startup_begins_anew_where_running_cannot_be_rebuilt() {
    let machine = Machine::new();
    beyond_rebuilding(&machine).await;
    put(&machine, "startup_db", STARTUP);
    let engine = start(&machine, StartMode::Startup).await.unwrap();
    assert_eq!(shown(&engine, Datastore::Running).await, name("s"));
    drop(engine);
    let engine = start(&machine, StartMode::Running).await.unwrap();
    assert_eq!(shown(&engine, Datastore::Running).await, name("s"));
    assert!(file(&machine, "running_db.damaged").is_some());
}

#[tokio::test]
async fn what_a_start_mode_replaces_is_told_with_the_way_back() {
    for mode in [StartMode::Startup, StartMode::Init] {
        let machine = Machine::new();
        put(&machine, "startup_db", STARTUP);
        let engine = start(&machine, StartMode::Running).await.unwrap();
        let alice = Client::open(&engine, "alice").await;
        alice.set(&name("kept")).await.unwrap();
        alice.set(&item(1, "kept")).await.unwrap();
        engine.stop().await.unwrap();
        drop((alice, engine));
        let engine = start(&machine, mode).await.unwrap();
        let told = &engine.reports()[0].warnings[0];
        for part in [
            "commit 2 of alice",
            "changes)",
            "`banyan rollback --to seq:2`",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
        let alice = Client::open(&engine, "alice").await;
        use banyan_engine::history::Past;
        let back = Past::After(banyan_engine::Seq(2));
        engine.rollback(&alice.call, back).await.unwrap();
        assert_eq!(
            alice.show(Datastore::Candidate).await,
            name("kept") + &item(1, "kept")
        );
        // Nothing is replaced a second time, and nothing is told.
        engine.stop().await.unwrap();
        drop((alice, engine));
        let engine = start(&machine, mode).await.unwrap();
        assert!(engine.reports()[0].warnings.is_empty());
    }
}

/// Name, time of the last change and content of every file in a directory, and the directories' own times.
fn traces(directory: &Path) -> Vec<(PathBuf, std::time::SystemTime, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(path) = open.pop() {
        let changed = std::fs::metadata(&path).unwrap().modified().unwrap();
        if path.is_dir() {
            found.push((path.clone(), changed, Vec::new()));
            open.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|it| it.unwrap().path()),
            );
        } else {
            let content = std::fs::read(&path).unwrap();
            found.push((path, changed, content));
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_rehearsal_leaves_no_trace_on_the_disk_not_even_after_a_kill() {
    use banyan_engine::engine::EngineBuilder;
    let scratch = tempfile::tempdir().unwrap();
    let (directory, killed) = (scratch.path().join("store"), scratch.path().join("killed"));
    let engine = EngineBuilder::new(schema())
        .directory(&directory)
        .open()
        .await
        .unwrap();
    let alice = Client::open(&engine, "alice").await;
    for value in 0..20 {
        alice.set(&item(value, "x")).await.unwrap();
    }
    let busy = EngineBuilder::new(schema())
        .directory(&directory)
        .rehearse()
        .await;
    let busy = busy.err().unwrap().to_string();
    assert!(busy.contains("in use by another banyan (pid"), "{busy}");
    // What a kill leaves: the log is open, and was not closed.
    for (path, _, content) in traces(&directory) {
        let copy = killed.join(path.strip_prefix(&directory).unwrap());
        match path.is_dir() {
            true => std::fs::create_dir(copy).unwrap(),
            false => std::fs::write(copy, content).unwrap(),
        }
    }
    std::fs::remove_file(killed.join("running_db")).unwrap();
    engine.stop().await.unwrap();
    drop((alice, engine));
    for (directory, seq) in [(directory, 20), (killed, 20)] {
        let before = traces(&directory);
        for mode in MODES {
            let builder = EngineBuilder::new(schema())
                .directory(&directory)
                .start(mode);
            let rehearsal = builder.rehearse().await.unwrap();
            assert!(rehearsal.running.seq.0 >= seq, "{mode}");
        }
        assert!(traces(&directory) == before, "{}", directory.display());
        let engine = EngineBuilder::new(schema())
            .directory(&directory)
            .open()
            .await
            .unwrap();
        assert_eq!(engine.running().seq.0, seq);
    }
}

#[tokio::test]
async fn how_the_start_went_is_state() {
    let machine = machine(FILES[2].1, true);
    let engine = machine.builder(schema_with_system()).open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let state = alice
        .get(banyan_engine::backend::Get {
            store: Datastore::Running,
            state: true,
            filter: Some(banyan_engine::backend::Filter::XPath {
                select: "/by:start".to_owned(),
                namespaces: vec![("by".into(), "urn:banyan:system".into())],
            }),
            with_defaults: banyan_engine::backend::WithDefaults::Explicit,
            encoding: banyan_engine::backend::Encoding::Xml,
        })
        .await
        .unwrap();
    for part in [
        "<mode>running</mode>",
        "<status>invalid</status>",
        "<name>running</name><status>invalid</status>",
        "<name>failsafe</name><status>ok</status>",
        "<kind>error</kind>",
        "<path>/t:sys/mtu</path>",
        "<place>/store/running_db:1:28</place>",
        "[must \". &gt;= 68\"",
        "with . = 1",
    ] {
        assert!(state.contains(part), "{part} in {state}");
    }
}

#[test]
fn modes_are_called_as_in_clixon() {
    for mode in MODES {
        assert_eq!(mode.to_string().parse::<StartMode>().unwrap(), mode);
    }
    assert_eq!(StartOptions::default().mode, StartMode::Running);
    let unknown = "sideways".parse::<StartMode>().unwrap_err().to_string();
    assert!(unknown.contains("running-startup"));
    assert!(Path::new("/store").is_absolute());
}
