//! The history: who changed what, going back in part, what is forgotten, and out of one store into another.

use std::path::Path;
use std::time::Duration;

use banyan_data::path::{self, InstancePath};
use banyan_engine::backend::{Call, CommitParameters, Confirmed, Datastore, Principal};
use banyan_engine::files::Files;
use banyan_engine::history::{Past, Retention, Selection, Trim};
use banyan_engine::log::CommitLog;
use banyan_engine::session::INTERNAL;
use banyan_engine::{Engine, NoMounts, Seq};
use proptest::prelude::*;

use crate::fixture::{Client, Machine, NS, in_memory, item, name, schema};

const NC: &str = "xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\"";

fn at(text: &str) -> InstancePath {
    path::parse(&schema(), text, &NoMounts).unwrap()
}

/// A path with the keys left out: all entries.
fn all(text: &str) -> InstancePath {
    let mut path = at(text);
    for step in &mut path.steps {
        step.select = path::Select::None;
    }
    path
}

fn without(id: u32) -> String {
    format!("<item {NS} {NC} nc:operation=\"remove\"><id>{id}</id></item>")
}

fn labelled(label: &str) -> CommitParameters {
    CommitParameters {
        label: Some(label.to_owned()),
        ..CommitParameters::default()
    }
}

async fn places(engine: &Engine, selection: Selection) -> Vec<u64> {
    let selection = Selection {
        limit: 100,
        ..selection
    };
    let itself = Call::new(INTERNAL, Principal::user("root"));
    let heads = engine.select_history(&itself, selection).await.unwrap();
    heads.iter().map(|head| head.seq.0).collect()
}

async fn touching(engine: &Engine, path: InstancePath) -> Vec<u64> {
    let selection = Selection {
        path: Some(path),
        ..Selection::default()
    };
    places(engine, selection).await
}

#[tokio::test]
async fn commits_are_found_by_user_label_and_time() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let bob = Client::open(&engine, "bob").await;
    alice.set(&item(1, "a")).await.unwrap();
    machine.clock.advance(Duration::from_secs(60));
    let since = engine.clock().now();
    bob.edit(&item(2, "b")).await.unwrap();
    bob.commit_with(labelled("fine")).await.unwrap();
    alice.set(&item(3, "c")).await.unwrap();
    let by = |user: &str| Selection {
        user: Some(user.to_owned()),
        ..Selection::default()
    };
    assert_eq!(places(&engine, by("alice")).await, [3, 1]);
    assert_eq!(places(&engine, by("bob")).await, [2]);
    assert!(places(&engine, by("carol")).await.is_empty());
    let label = Selection {
        label: Some("fine".to_owned()),
        ..Selection::default()
    };
    assert_eq!(places(&engine, label).await, [2]);
    let young = Selection {
        since: Some(since),
        user: Some("alice".to_owned()),
        ..Selection::default()
    };
    assert_eq!(places(&engine, young).await, [3]);
}

#[tokio::test]
async fn a_clock_that_was_put_back_for_a_commit_hides_none_before_it() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let hour = Duration::from_secs(3600);
    let since = engine.clock().now();
    alice.set(&item(1, "a")).await.unwrap();
    alice.set(&item(2, "b")).await.unwrap();
    machine.clock.put_back(2 * hour);
    alice.set(&item(3, "c")).await.unwrap();
    let young = Selection {
        since: Some(since),
        ..Selection::default()
    };
    assert_eq!(places(&engine, young.clone()).await, [2, 1]);
    machine.clock.advance(2 * hour);
    alice.set(&item(4, "d")).await.unwrap();
    assert_eq!(places(&engine, young).await, [4, 2, 1]);
}

#[tokio::test]
async fn commits_are_found_by_what_they_touched() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    for edit in [
        item(1, "a"),
        item(2, "b"),
        name("x"),
        item(1, "c"),
        without(1),
        format!("<item {NS}><id>1</id></item>"),
    ] {
        alice.set(&edit).await.unwrap();
    }
    assert_eq!(touching(&engine, at("/t:item[id='1']")).await, [6, 5, 4, 1]);
    // The last one made the entry without the leaf.
    assert_eq!(
        touching(&engine, at("/t:item[id='1']/value")).await,
        [5, 4, 1]
    );
    assert_eq!(touching(&engine, at("/t:item[id='2']")).await, [2]);
    assert_eq!(touching(&engine, at("/t:item")).await, [6, 5, 4, 2, 1]);
    assert_eq!(
        touching(&engine, all("/t:item[id='1']/value")).await,
        [5, 4, 2, 1]
    );
    assert_eq!(touching(&engine, at("/t:sys/name")).await, [3]);
    assert!(touching(&engine, at("/t:sys/mtu")).await.is_empty());
}

#[tokio::test]
async fn one_commit_is_taken_out_and_the_rest_stays() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    for edit in [item(1, "a"), item(2, "b"), name("x")] {
        alice.set(&edit).await.unwrap();
    }
    alice.edit(&item(3, "not committed")).await.unwrap();
    engine.rollback_only(&alice.call, Seq(2)).await.unwrap();
    let candidate = alice.show(Datastore::Candidate).await;
    assert!(!candidate.contains("<id>2</id>"), "{candidate}");
    for kept in ["<id>1</id>", "<id>3</id>", "<name>x</name>"] {
        assert!(candidate.contains(kept), "{candidate}");
    }
    alice.commit().await.unwrap();
    assert_eq!(engine.running().seq, Seq(4));
}

#[tokio::test]
async fn where_later_commits_changed_the_same_both_values_and_the_commit_are_named() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    let bob = Client::open(&engine, "bob").await;
    alice.set(&item(1, "first")).await.unwrap();
    alice.set(&item(1, "second")).await.unwrap();
    let third = bob.set(&item(1, "third")).await.unwrap();
    let error = engine.rollback_only(&alice.call, Seq(2)).await.unwrap_err();
    let text = error.to_string();
    for part in ["/t:item[id='1']/value", "first", "third", "bob"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let info = &error.reports[0].info;
    let tid = third.tid.to_string();
    assert!(
        info.iter()
            .any(|(name, value)| &**name == "other-tid" && *value == tid),
        "{info:?}"
    );
    assert_eq!(
        alice.show(Datastore::Candidate).await,
        alice.show(Datastore::Running).await
    );
}

#[tokio::test]
async fn one_subtree_becomes_what_it_was() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    for edit in [item(1, "old"), item(2, "old"), name("x")] {
        alice.set(&edit).await.unwrap();
    }
    let both = format!("{}{}{}", item(1, "new"), without(2), name("y"));
    alice.set(&both).await.unwrap();
    let past = Past::After(Seq(3));
    engine
        .rollback_subtree(&alice.call, past, at("/t:item[id='2']"))
        .await
        .unwrap();
    let candidate = alice.show(Datastore::Candidate).await;
    for part in ["<value>new</value>", "<value>old</value>", "<name>y</name>"] {
        assert!(candidate.contains(part), "{candidate}");
    }
    engine
        .rollback_subtree(&alice.call, past, at("/t:sys"))
        .await
        .unwrap();
    let candidate = alice.show(Datastore::Candidate).await;
    assert!(candidate.contains("<name>x</name>"), "{candidate}");
}

#[tokio::test]
async fn two_states_of_the_past_are_compared() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    for value in ["a", "b", "c"] {
        alice.set(&item(1, value)).await.unwrap();
    }
    let compared = engine.two_states(Seq(1), Seq(2)).await.unwrap();
    let changes = banyan_data::change::diff(&compared.before, &compared.after).to_string();
    assert!(changes.contains("a") && changes.contains("b") && !changes.contains('c'));
    let back = engine.two_states(Seq(2), Seq(1)).await.unwrap();
    let undone = banyan_data::change::diff(&back.after, &back.before);
    assert_eq!(undone.to_string(), changes);
}

fn keep(machine: &Machine, retention: Retention) -> banyan_engine::engine::EngineBuilder {
    machine.builder(schema()).retention(retention)
}

fn commits(count: u64) -> Retention {
    Retention {
        commits: Some(count),
        ..Retention::default()
    }
}

#[tokio::test]
async fn commits_leave_the_history_by_count_age_and_size() {
    for retention in [
        commits(2),
        Retention {
            age: Some(Duration::from_secs(150)),
            ..Retention::default()
        },
        Retention {
            bytes: Some(1200),
            ..Retention::default()
        },
    ] {
        let machine = Machine::new();
        let engine = keep(&machine, retention.clone()).open().await.unwrap();
        let alice = Client::open(&engine, "alice").await;
        for value in 0..6 {
            machine.clock.advance(Duration::from_secs(100));
            alice.set(&item(1, &value.to_string())).await.unwrap();
        }
        let rehearsed = engine.trim_history_when(Trim::Rehearse).await.unwrap();
        assert_eq!(machine.log.tail().unwrap(), Seq(1));
        let gone = engine.trim_history_when(Trim::Now).await.unwrap();
        assert_eq!(gone, rehearsed, "{retention:?}");
        assert_eq!((gone.was, gone.from), (Seq(1), Seq(5)), "{retention:?}");
        assert_eq!(machine.log.tail().unwrap(), Seq(5));
        assert_eq!(engine.trim_history().await.unwrap(), 0);
        let error = engine.past(Past::After(Seq(2))).await.unwrap_err();
        assert!(error.to_string().contains("from 4 to 6"), "{error}");
    }
}

#[tokio::test]
async fn the_background_trims_from_time_to_time() {
    let machine = Machine::new();
    let engine = keep(&machine, commits(1)).open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    for value in ["a", "b", "c"] {
        alice.set(&item(1, value)).await.unwrap();
    }
    while machine.log.tail().unwrap() < Seq(3) {
        machine.clock.advance(Duration::from_secs(700));
        tokio::task::yield_now().await;
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test]
async fn a_start_trims_soon() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    for value in ["a", "b", "c"] {
        alice.set(&item(1, value)).await.unwrap();
    }
    engine.stop().await.unwrap();
    drop((engine, alice));
    // Who is restarted every few minutes trims, too.
    let _engine = keep(&machine, commits(1)).open().await.unwrap();
    let mut passed = 0;
    while machine.log.tail().unwrap() < Seq(3) {
        assert!(passed < 300, "it waits for the next look");
        machine.clock.advance(Duration::from_secs(1));
        passed += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_restart_finds_running_without_its_file_or_with_a_torn_or_an_edited_one() {
    for fate in ["as it was", "missing", "torn", "edited"] {
        let machine = Machine::new();
        let engine = keep(&machine, commits(2)).open().await.unwrap();
        let alice = Client::open(&engine, "alice").await;
        for value in ["a", "b", "c", "d", "e"] {
            alice.set(&item(1, value)).await.unwrap();
        }
        engine.trim_history().await.unwrap();
        alice.set(&item(2, "f")).await.unwrap();
        let expected = alice.show(Datastore::Running).await;
        engine.stop().await.unwrap();
        drop((engine, alice));
        let file = Path::new("/store/running_db");
        let write = |text: &str| {
            machine
                .files
                .write(file, banyan_engine::files::Sync::Now, &mut |out| {
                    out.write_all(text.as_bytes())
                })
                .unwrap();
        };
        match fate {
            "missing" => machine.files.remove(file).unwrap(),
            "torn" => write("<config><item xmlns"),
            "edited" => write(&machine.running_file().replace(">f<", ">g<")),
            _ => {}
        }
        let engine = machine.start().await.unwrap();
        let alice = Client::open(&engine, "alice").await;
        let found = alice.show(Datastore::Running).await;
        match fate {
            "edited" => {
                assert_eq!(found, expected.replace(">f<", ">g<"), "{fate}");
                assert_eq!(engine.running().seq, Seq(7));
            }
            _ => assert_eq!(found, expected, "{fate}"),
        }
        alice.set(&item(3, "goes on")).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_pending_confirmed_commit_needs_is_kept() {
    let machine = Machine::new();
    let engine = keep(&machine, commits(1)).open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let pending = |id: &str| CommitParameters {
        confirmed: Some(Confirmed {
            timeout: 100_000,
            persist: Some(id.into()),
        }),
        ..CommitParameters::default()
    };
    alice.set(&item(1, "a")).await.unwrap();
    alice.edit(&item(1, "b")).await.unwrap();
    alice.commit_with(pending("p")).await.unwrap();
    // Extended, it still goes back to where it began.
    for value in ["c", "d"] {
        alice.edit(&item(1, value)).await.unwrap();
        let extended = CommitParameters {
            persist_id: Some("p".into()),
            ..pending("p")
        };
        alice.commit_with(extended).await.unwrap();
    }
    engine.trim_history().await.unwrap();
    assert_eq!(machine.log.tail().unwrap(), Seq(2));
    engine.stop().await.unwrap();
    drop((engine, alice));
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    assert!(
        alice
            .show(Datastore::Running)
            .await
            .contains("<value>a</value>")
    );
}

async fn exported(client: &Client, from: Option<Seq>) -> String {
    let exported = client.engine.export_history(&client.call, from, None, 1000);
    exported.await.unwrap().text
}

#[tokio::test]
async fn a_range_without_commits_is_no_export() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    assert_eq!(exported(&alice, None).await, "");
    alice.set(&item(1, "a")).await.unwrap();
    alice.set(&item(1, "b")).await.unwrap();
    let export = |from, to| engine.export_history(&alice.call, Some(Seq(from)), to, 9);
    for (from, to, why) in [
        (9, None, "there is no commit 9; the newest is 2"),
        (2, Some(Seq(1)), "commit 1 comes before commit 2"),
    ] {
        let error = export(from, to).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    // Nothing new yet.
    assert_eq!(export(3, None).await.unwrap().text, "");
}

#[tokio::test]
async fn a_history_goes_into_an_empty_store_and_then_on() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    for value in ["a", "b", "c"] {
        alice.set(&item(1, value)).await.unwrap();
    }
    let text = exported(&alice, None).await;
    assert_eq!(text.lines().count(), 3);

    let machine = Machine::new();
    let other = machine.start().await.unwrap();
    let bob = Client::open(&other, "bob").await;
    let imported = other.import_history(&bob.call, &text).await.unwrap();
    assert_eq!(imported, (3, Seq(3)));
    assert_eq!(
        bob.show(Datastore::Running).await,
        alice.show(Datastore::Running).await
    );
    // Both go on; what the first has more is appended.
    alice.set(&item(2, "d")).await.unwrap();
    let error = other.import_history(&bob.call, &text).await.unwrap_err();
    assert!(error.to_string().contains("--from 4"), "{error}");
    let more = exported(&alice, Some(Seq(4))).await;
    other.import_history(&bob.call, &more).await.unwrap();
    let committed = bob.set(&item(3, "own")).await.unwrap();
    assert_eq!(committed.seq, Some(Seq(5)));
    let heads = other.history(None, 10).await.unwrap();
    assert!(committed.tid > heads[1].tid);
    assert_eq!(&*heads[1].user, "alice");
    let gap = exported(&alice, Some(Seq(2))).await;
    other.import_history(&bob.call, &gap).await.unwrap_err();

    other.stop().await.unwrap();
    let running = bob.show(Datastore::Running).await;
    drop((other, bob));
    let other = machine.start().await.unwrap();
    let bob = Client::open(&other, "bob").await;
    assert_eq!(bob.show(Datastore::Running).await, running);
}

#[tokio::test]
async fn what_is_no_history_is_refused_with_its_line() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    alice.set(&item(1, "a")).await.unwrap();
    let text = crate::fixture::unsealed(&exported(&alice, None).await);
    let empty = in_memory().await;
    let bob = Client::open(&empty, "bob").await;
    for (wrong, part) in [
        (format!("{text}{{}}"), "line 2"),
        (
            text.replace("\"schema\":\"", "\"schema\":\"0"),
            "other modules",
        ),
        (text.replace("\"seq\":1", "\"seq\":2"), "first commit"),
        (text.replace("\"create\"", "\"delete\""), "does not fit"),
    ] {
        let error = empty.import_history(&bob.call, &wrong).await.unwrap_err();
        assert!(error.to_string().contains(part), "{part}: {error}");
        assert_eq!(empty.running().seq, Seq(0));
    }
}

/// A change: an item gets a value, or goes; or the system a name.
fn edits() -> impl Strategy<Value = Vec<String>> {
    let edit = prop_oneof![
        4 => (0..4u32, 0..3u8).prop_map(|(id, value)| item(id, &value.to_string())),
        2 => (0..4u32).prop_map(without),
        1 => (0..3u8).prop_map(|value| name(&value.to_string())),
    ];
    prop::collection::vec(edit, 1..12)
}

async fn committed(engine: &Engine, edits: &[String]) -> Client {
    let alice = Client::open(engine, "alice").await;
    for edit in edits {
        alice.set(edit).await.unwrap();
    }
    alice
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn to_take_out_the_newest_commit_is_to_go_back_by_one(edits in edits()) {
        block_on(async {
            let engine = in_memory().await;
            let alice = committed(&engine, &edits).await;
            let head = engine.running().seq;
            if head == Seq(0) {
                return;
            }
            engine.rollback_only(&alice.call, head).await.unwrap();
            let only = alice.show(Datastore::Candidate).await;
            engine.rollback(&alice.call, Past::Steps(1)).await.unwrap();
            assert_eq!(only, alice.show(Datastore::Candidate).await);
        });
    }

    #[test]
    fn an_import_of_an_export_is_the_same_history(edits in edits()) {
        block_on(async {
            let engine = in_memory().await;
            let alice = committed(&engine, &edits).await;
            let text = exported(&alice, None).await;
            let other = in_memory().await;
            let bob = Client::open(&other, "bob").await;
            other.import_history(&bob.call, &text).await.unwrap();
            assert_eq!(exported(&bob, None).await, text);
            assert_eq!(
                bob.show(Datastore::Running).await,
                alice.show(Datastore::Running).await
            );
            for seq in 0..=engine.running().seq.0 {
                let past = |engine: &Engine| {
                    let engine = engine.clone();
                    async move { engine.past(Past::After(Seq(seq))).await.unwrap().tree }
                };
                let (here, there) = (past(&engine).await, past(&other).await);
                assert!(banyan_data::change::diff(&here, &there).is_empty());
            }
        });
    }

    #[test]
    fn what_touched_a_place_is_what_changed_it(edits in edits()) {
        block_on(async {
            let engine = in_memory().await;
            committed(&engine, &edits).await;
            for text in ["/t:item[id='1']", "/t:item[id='2']/value", "/t:sys/name"] {
                let path = at(text);
                let mut expected = Vec::new();
                for seq in (1..=engine.running().seq.0).rev() {
                    let (before, after) = engine.around(Seq(seq)).await.unwrap();
                    let shown = |tree: &banyan_data::Tree| format!("{:?}", tree.get(&path));
                    if shown(&before) != shown(&after) {
                        expected.push(seq);
                    }
                }
                assert_eq!(touching(&engine, at(text)).await, expected, "{}", text);
            }
        });
    }

    #[test]
    fn retention_never_breaks_a_restart(edits in edits(), count in 1..5u64, files in any::<bool>()) {
        block_on(async {
            let machine = Machine::new();
            let engine = keep(&machine, commits(count)).open().await.unwrap();
            let alice = Client::open(&engine, "alice").await;
            for (index, edit) in edits.iter().enumerate() {
                alice.set(edit).await.unwrap();
                if index % 3 == 1 {
                    engine.trim_history().await.unwrap();
                }
            }
            let (running, seq) = (alice.show(Datastore::Running).await, engine.running().seq);
            // No clean stop.
            drop((alice, engine));
            if files {
                machine.files.remove(Path::new("/store/running_db")).unwrap();
            }
            let engine = loop {
                match machine.start().await {
                    Ok(engine) => break engine,
                    Err(banyan_engine::engine::StartError::InUse { .. }) => {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    Err(error) => panic!("{error}"),
                }
            };
            let alice = Client::open(&engine, "alice").await;
            assert_eq!(alice.show(Datastore::Running).await, running);
            assert_eq!(engine.running().seq, seq);
        });
    }
}
