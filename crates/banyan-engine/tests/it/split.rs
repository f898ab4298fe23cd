//! Split datastores on disk: what is written, what a crash leaves, what people edit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use banyan_engine::Engine;
use banyan_engine::backend::Datastore;
use banyan_engine::engine::{StartError, StartMode};
use banyan_engine::files::{Fault, Files, StoreOptions};
use banyan_engine::log::CommitLog;
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;

use crate::fixture::{Client, Machine};

const MODEL: &str = r#"module s {
  namespace "urn:s";
  prefix s;
  import clixon-lib { prefix cl; }
  leaf note { type string; }
  container s {
    list e {
      key n;
      leaf n { type string; }
      container root { cl:xmldb-split; leaf v { type string; } leaf w { type string; } }
    }
  }
}"#;

fn compiled(model: &str) -> Arc<Schema> {
    let mut source = MemorySource::new();
    source.add(model);
    source.add(
        banyan_yang::embedded::find("clixon-lib", None)
            .unwrap()
            .text,
    );
    let compiler = Compiler::new(&source).implement("s", None);
    compiler.compile().unwrap().schema
}

fn schema() -> Arc<Schema> {
    static SCHEMA: OnceLock<Arc<Schema>> = OnceLock::new();
    SCHEMA.get_or_init(|| compiled(MODEL)).clone()
}

/// `/s/e[n="k1"]/root`, as `clixon.md` 2.2 gives it.
const K1: &str = "73337a05acbeeddad838d82afff5bdcb335fb5ad.xml";
/// `/s/e[n="o'x"]/root`.
const OX: &str = "3acfed8cc04ec30672753aeac5df2f02566a0ef1.xml";

async fn open(machine: &Machine, split: bool) -> Result<Engine, StartError> {
    let options = StoreOptions {
        split,
        ..StoreOptions::default()
    };
    machine.builder(schema()).stores(options).open().await
}

fn entry(key: &str, value: &str) -> String {
    format!("<s xmlns=\"urn:s\"><e><n>{key}</n><root><v>{value}</v></root></e></s>")
}

fn path(name: &str) -> PathBuf {
    Path::new("/store/running.d").join(name)
}

fn files(machine: &Machine) -> BTreeMap<String, String> {
    let names = machine.files.list(Path::new("/store/running.d")).unwrap();
    let content = |name: &String| {
        let bytes = machine.files.read(&path(name)).unwrap().unwrap();
        String::from_utf8(bytes).unwrap()
    };
    names
        .into_iter()
        .map(|name| (name.clone(), content(&name)))
        .collect()
}

async fn running(engine: &Engine) -> String {
    let reader = Client::open(engine, "reader").await;
    reader.show(Datastore::Running).await
}

/// Commits each edit, and stops, so that the files are current.
async fn committed(machine: &Machine, edits: &[&str]) -> String {
    let engine = open(machine, true).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    for edit in edits {
        alice.set(edit).await.unwrap();
    }
    let found = running(&engine).await;
    engine.stop().await.unwrap();
    found
}

#[tokio::test]
async fn the_files_are_those_of_clixon() {
    let machine = Machine::new();
    committed(&machine, &[&entry("k1", "foo"), &entry("o'x", "bar")]).await;
    let files = files(&machine);
    insta::assert_snapshot!(files["0.xml"], @r#"
    <config>
       <s xmlns="urn:s">
          <e>
             <n>k1</n>
             <root xmlns:cl="http://clicon.org/lib" cl:link="73337a05acbeeddad838d82afff5bdcb335fb5ad.xml"/>
          </e>
          <e>
             <n>o'x</n>
             <root xmlns:cl="http://clicon.org/lib" cl:link="3acfed8cc04ec30672753aeac5df2f02566a0ef1.xml"/>
          </e>
       </s>
    </config>
    "#);
    assert_eq!(files[K1], "<v>foo</v>\n");
    assert_eq!(files[OX], "<v>bar</v>\n");
    assert_eq!(files.len(), 3);
    assert_eq!(machine.running_file(), "");
}

#[tokio::test]
async fn only_changed_parts_are_written_also_after_a_restart_and_stale_ones_go() {
    let machine = Machine::new();
    let many: String = (0..30)
        .map(|n| format!("<e><n>{n}</n><root><v>x</v></root></e>"))
        .collect();
    let many = format!("<s xmlns=\"urn:s\">{many}</s>");
    committed(&machine, &[&many, &entry("k1", "foo")]).await;
    machine.files.put(&path("0123abcd.xml"), b"<left/>");
    committed(&machine, &[]).await;
    assert_eq!(files(&machine).len(), 32);
    let steps = machine.files.steps();
    committed(&machine, &[&entry("k1", "new")]).await;
    // The part, its sync and its rename, and two syncs of the directory: 0.xml and 30 other parts stay.
    assert_eq!(machine.files.steps() - steps, 5);
    assert_eq!(files(&machine)[K1], "<v>new</v>\n");
    let delete = format!(
        "<s xmlns=\"urn:s\" xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\">{}</s>",
        "<e nc:operation=\"delete\"><n>k1</n></e>"
    );
    committed(&machine, &[&delete]).await;
    assert!(!files(&machine).contains_key(K1));
    assert!(!files(&machine)["0.xml"].contains(K1));
}

#[tokio::test]
async fn a_restart_finds_what_was_committed_also_after_the_files() {
    let machine = Machine::new();
    committed(
        &machine,
        &[&entry("k1", "foo"), "<note xmlns=\"urn:s\">n</note>"],
    )
    .await;
    let engine = open(&machine, true).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&entry("k1", "later")).await.unwrap();
    let before = running(&engine).await;
    assert!(files(&machine)[K1].contains("foo"));
    machine.files.crash();
    drop((alice, engine));
    machine.files.restart();
    let engine = open(&machine, true).await.unwrap();
    assert_eq!(running(&engine).await, before);
    assert_eq!(engine.running().seq.0, 3);
}

#[tokio::test]
async fn the_option_can_be_changed_and_nothing_of_the_other_form_stays() {
    let machine = Machine::new();
    let found = committed(&machine, &[&entry("k1", "foo")]).await;
    for split in [false, true, false] {
        let engine = open(&machine, split).await.unwrap();
        assert_eq!(running(&engine).await, found, "{split}");
        engine.stop().await.unwrap();
        assert_eq!(machine.running_file().is_empty(), split);
        assert_eq!(files(&machine).is_empty(), !split);
        assert_eq!(engine.running().seq.0, 1);
    }
}

#[tokio::test]
async fn an_upgrade_keeps_the_parts() {
    let machine = Machine::new();
    let before = committed(&machine, &[&entry("k1", "a"), &entry("o'x", "b")]).await;
    let parts = files(&machine);
    let newer = compiled(&MODEL.replace("leaf note", "leaf more { type string; } leaf note"));
    for _ in 0..2 {
        let options = StoreOptions {
            split: true,
            ..StoreOptions::default()
        };
        let builder = machine.builder(newer.clone()).stores(options);
        let engine = builder.open().await.unwrap();
        assert_eq!(running(&engine).await, before);
        engine.stop().await.unwrap();
        assert_eq!(files(&machine), parts);
    }
}

#[tokio::test]
async fn an_edit_by_hand_of_a_part_becomes_a_commit() {
    let machine = Machine::new();
    committed(&machine, &[&entry("k1", "foo"), &entry("k2", "x")]).await;
    machine.files.put(&path(K1), b"<v>by hand</v>");
    let engine = open(&machine, true).await.unwrap();
    assert!(running(&engine).await.contains("by hand"));
    let newest = &engine.history(None, 1).await.unwrap()[0];
    assert_eq!(newest.seq.0, 3);
    insta::assert_snapshot!(newest.comment.as_deref().unwrap(), @"running.d was changed by hand while stopped");
    drop(engine);
    let again = open(&machine, true).await.unwrap();
    assert_eq!(again.running().seq.0, 3);
}

#[tokio::test]
async fn an_edit_by_hand_is_refused_when_the_log_is_ahead() {
    let machine = Machine::new();
    committed(&machine, &[&entry("k1", "foo")]).await;
    let engine = open(&machine, true).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    machine.files.crash();
    alice.set(&entry("k1", "later")).await.unwrap();
    drop((alice, engine));
    machine.files.restart();
    machine.files.put(&path(K1), b"<v>by hand</v>");
    let error = open(&machine, true).await.err().unwrap().to_string();
    assert!(
        error.contains("/store/running.d/0.xml was changed by hand"),
        "{error}"
    );
}

#[tokio::test]
async fn broken_sets_are_explained_and_rebuilt_where_the_log_can() {
    for (name, content, wanted) in [
        (
            K1,
            Some("<v>"),
            "73337a05acbeeddad838d82afff5bdcb335fb5ad.xml: ",
        ),
        (K1, None, "is missing"),
        (
            "0.xml",
            Some(
                "<config><s xmlns=\"urn:s\" xmlns:cl=\"http://clicon.org/lib\" cl:link=\"../x.xml\"/></config>",
            ),
            "../x.xml",
        ),
    ] {
        let machine = Machine::new();
        let found = committed(&machine, &[&entry("k1", "foo")]).await;
        match content {
            Some(content) => machine.files.put(&path(name), content.as_bytes()),
            None => machine.files.remove(&path(name)).unwrap(),
        }
        // A log that does not reach back cannot rebuild it, so the files are explained.
        let cut = machine.clone();
        let opened = open(&cut, true).await;
        if name == "0.xml" {
            let error = opened.err().unwrap().to_string();
            assert!(error.contains(wanted), "{error}");
            continue;
        }
        assert_eq!(running(&opened.unwrap()).await, found);
        let damaged = |name: &str| {
            let file = path(&format!("{name}.damaged"));
            machine.files.read(&file).unwrap()
        };
        // What is damaged, and not what is as it was written.
        assert_eq!(
            damaged(K1),
            content.map(|content| content.as_bytes().to_vec())
        );
        assert_eq!(damaged("0.xml"), None);
    }
    let machine = Machine::new();
    committed(&machine, &[&entry("k1", "foo"), &entry("k1", "bar")]).await;
    machine.log.trim(banyan_engine::Seq(2)).unwrap();
    machine.files.put(&path(K1), b"<v>");
    let error = open(&machine, true).await.err().unwrap().to_string();
    assert!(error.contains(&format!("{K1}: ")), "{error}");
}

#[tokio::test]
async fn the_form_of_the_manual_and_a_plain_file_are_read_at_a_first_start() {
    let machine = Machine::new();
    let main = "<config><s xmlns=\"urn:s\"><e><n>a</n><root xmlns:cl=\"http://clicon.org/lib\" cl:link=\"35819a66.xml\"/></e></s></config>";
    machine.files.put(&path("0.xml"), main.as_bytes());
    machine
        .files
        .put(&path("35819a66.xml"), b"<config>\n  <v>foo</v>\n</config>");
    let found = committed(&machine, &["<note xmlns=\"urn:s\">n</note>"]).await;
    assert!(found.contains("<root><v>foo</v></root>"), "{found}");
    assert_eq!(names(&machine), ["0.xml", &part("a")]);

    let machine = Machine::new();
    let plain = format!("<config>{}</config>", entry("k1", "foo"));
    machine
        .files
        .put(Path::new("/store/running_db"), plain.as_bytes());
    let found = committed(&machine, &[]).await;
    assert_eq!(found, entry("k1", "foo"));
    assert_eq!(files(&machine)[K1], "<v>foo</v>\n");
}

#[tokio::test]
async fn parts_with_hand_edits_are_kept_however_many_there_are() {
    let machine = Machine::new();
    let found = committed(&machine, &[&entry("k1", "foo"), &entry("k2", "bar")]).await;
    for (round, ending) in [("first", ".damaged"), ("second", ".damaged.2")] {
        let (typo, whole) = (format!("<v>{round}</v"), format!("<v>{round}</v>\n"));
        machine.files.put(&path(K1), typo.as_bytes());
        machine.files.put(&path(&part("k2")), whole.as_bytes());
        let engine = open(&machine, true).await.unwrap();
        assert_eq!(running(&engine).await, found);
        engine.stop().await.unwrap();
        // The whole one is lost with the other: it was one edit.
        for (name, content) in [(K1.to_owned(), &typo), (part("k2"), &whole)] {
            let kept = machine
                .files
                .read(&path(&format!("{name}{ending}")))
                .unwrap();
            assert_eq!(kept.as_deref(), Some(content.as_bytes()), "{name}{ending}");
        }
        assert_eq!(files(&machine)[K1], "<v>foo</v>\n");
    }
}

#[tokio::test]
async fn an_emptied_part_is_damage() {
    let machine = Machine::new();
    let found = committed(&machine, &[&entry("k1", "foo")]).await;
    let engine = open(&machine, true).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let stores = engine.stores();
    stores.copy(&alice.call, "running", "lab").await.unwrap();
    engine.stop().await.unwrap();
    machine.files.put(&path(K1), b"");
    machine
        .files
        .put(&Path::new("/store/lab.d").join(K1), b" \n");
    let engine = open(&machine, true).await.unwrap();
    assert_eq!(running(&engine).await, found);
    assert_eq!(engine.running().seq.0, 1, "no commit");
    let kept = machine.files.read(&path(&format!("{K1}.damaged"))).unwrap();
    assert!(kept.is_some());
    // Nothing can rebuild this one.
    let error = engine.stores().get("lab").await.unwrap_err().to_string();
    assert!(error.contains("it is empty"), "{error}");
}

fn warnings(engine: &Engine, store: &str) -> String {
    let reports = engine.reports().iter().filter(|it| it.store == store);
    reports
        .flat_map(|it| it.warnings.clone())
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test]
async fn what_is_put_beside_a_store_in_the_other_form_is_told_and_never_removed() {
    let machine = Machine::new();
    let found = committed(&machine, &[&entry("k1", "foo")]).await;
    let engine = open(&machine, true).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    for store in ["startup", "lab"] {
        engine
            .stores()
            .copy(&alice.call, "running", store)
            .await
            .unwrap();
    }
    engine.stop().await.unwrap();
    let hand = format!("<config>{}</config>", entry("hand", "made"));
    for store in ["running", "startup", "lab"] {
        let file = Path::new("/store").join(format!("{store}_db"));
        machine.files.put(&file, hand.as_bytes());
    }
    // At each start.
    for _ in 0..2 {
        let engine = open(&machine, true).await.unwrap();
        assert_eq!(running(&engine).await, found);
        for store in ["running", "startup", "lab"] {
            let told = warnings(&engine, store);
            assert!(
                told.contains(&format!("/store/{store}_db is not used")),
                "{told}"
            );
            assert!(told.contains("store load"), "{told}");
        }
        engine.stop().await.unwrap();
    }
    let engine = open(&machine, true).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    for store in ["startup", "lab"] {
        engine
            .stores()
            .copy(&alice.call, "running", store)
            .await
            .unwrap();
    }
    alice.set(&entry("k2", "x")).await.unwrap();
    engine.stop().await.unwrap();
    for store in ["startup", "lab"] {
        let there = |name: String| machine.files.read(&Path::new("/store").join(name)).unwrap();
        let (file, kept) = (
            there(format!("{store}_db")),
            there(format!("{store}_db.edited")),
        );
        // It is where it was, or under the other name.
        let kept = kept.or(file);
        assert_eq!(kept.as_deref(), Some(hand.as_bytes()), "{store}");
    }
    // The other way round.
    let engine = open(&machine, false).await.unwrap();
    assert!(running(&engine).await.contains("<n>hand</n>"));
    engine.stop().await.unwrap();
    machine.files.put(&path("0.xml"), hand.as_bytes());
    let engine = open(&machine, false).await.unwrap();
    let told = warnings(&engine, "running");
    assert!(
        told.contains("/store/running.d/0.xml is not used"),
        "{told}"
    );
    let alice = Client::open(&engine, "alice").await;
    alice.set(&entry("k3", "x")).await.unwrap();
    engine.stop().await.unwrap();
    let kept = [path("0.xml"), path("0.xml.edited")].map(|file| machine.files.read(&file).unwrap());
    assert!(kept.contains(&Some(hand.clone().into_bytes())));
}

/// The name of the part of an entry, as the main file links to it.
fn part(key: &str) -> String {
    use sha1::{Digest, Sha1};
    let hash = Sha1::digest(format!("/s/e[n=\"{key}\"]/root"));
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.xml")
}

fn names(machine: &Machine) -> Vec<String> {
    files(machine).into_keys().collect()
}

#[tokio::test]
async fn parts_with_names_of_others_get_ours_with_the_first_commit_whatever_it_changes() {
    for edit in [entry("a", "new"), entry("b", "bar")] {
        let machine = Machine::new();
        let main = "<config><s xmlns=\"urn:s\"><e><n>a</n><root xmlns:cl=\"http://clicon.org/lib\" cl:link=\"mine.xml\"/></e></s></config>";
        machine.files.put(&path("0.xml"), main.as_bytes());
        machine.files.put(&path("mine.xml"), b"<v>foo</v>");
        let found = committed(&machine, &[&edit]).await;
        let engine = open(&machine, true).await.unwrap();
        assert_eq!(running(&engine).await, found);
        assert_eq!(machine.log.head().unwrap().0, 2, "no commit by the restart");
        engine.stop().await.unwrap();
        let mut expected = vec!["0.xml".to_owned(), part("a")];
        if edit.contains("<n>b</n>") {
            expected.push(part("b"));
        }
        expected.sort();
        assert_eq!(names(&machine), expected);
    }
}

#[tokio::test]
async fn other_stores_are_split_too() {
    let machine = Machine::new();
    let engine = open(&machine, true).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&entry("k1", "foo")).await.unwrap();
    for store in ["startup", "lab"] {
        engine
            .stores()
            .copy(&alice.call, "running", store)
            .await
            .unwrap();
    }
    alice.set(&entry("k1", "later")).await.unwrap();
    engine.stop().await.unwrap();
    for store in ["startup", "lab"] {
        let directory = Path::new("/store").join(format!("{store}.d"));
        let mut names = machine.files.list(&directory).unwrap();
        names.sort();
        assert_eq!(names, ["0.xml", K1]);
    }
    drop((alice, engine));
    let options = StoreOptions {
        split: true,
        ..StoreOptions::default()
    };
    let builder = machine.builder(schema()).stores(options);
    let engine = builder.start(StartMode::Startup).open().await.unwrap();
    assert_eq!(running(&engine).await, entry("k1", "foo"));
    let alice = Client::open(&engine, "alice").await;
    engine.stores().delete(&alice.call, "lab").await.unwrap();
    assert!(
        machine
            .files
            .list(Path::new("/store/lab.d"))
            .unwrap()
            .is_empty()
    );
}

/// Commits, lets the machine fail at a step of the next write of the files, starts again.
async fn after_fault(step: usize, fault: Fault) -> Option<(String, String)> {
    let machine = Machine::new();
    committed(
        &machine,
        &[&entry("k1", "a"), &entry("k2", "a"), &entry("gone", "a")],
    )
    .await;
    let engine = open(&machine, true).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let delete = "<s xmlns=\"urn:s\" xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><e nc:operation=\"delete\"><n>gone</n></e></s>";
    for edit in [
        &entry("k1", "b"),
        &entry("k2", "b"),
        &entry("k3", "b"),
        delete,
    ] {
        alice.set(edit).await.unwrap();
    }
    let wanted = running(&engine).await;
    machine.files.fail_at(step, fault);
    let from = machine.files.steps();
    let stopped = engine.stop().await;
    let reached = machine.files.steps() > from + step || machine.files.crashed();
    drop((alice, engine, stopped));
    machine.files.restart();
    if !reached {
        return None;
    }
    let engine = open(&machine, true).await.unwrap_or_else(|error| {
        panic!("{fault:?} at step {step}: {error}\n{:?}", files(&machine));
    });
    let found = running(&engine).await;
    engine.stop().await.unwrap();
    let left = files(&machine);
    assert_eq!(left.len(), 4, "{fault:?} at step {step}: {left:?}");
    Some((found, wanted))
}

#[tokio::test]
async fn no_fault_at_any_step_tears_the_set_apart() {
    for fault in [
        Fault::Fail,
        Fault::Short,
        Fault::CrashBefore,
        Fault::CrashAfter,
    ] {
        let mut reached = 0;
        for step in 0..40 {
            let Some((found, wanted)) = after_fault(step, fault).await else {
                break;
            };
            reached += 1;
            assert_eq!(found, wanted, "{fault:?} at step {step}");
        }
        assert!(reached >= 11, "{fault:?}: only {reached} steps");
    }
}
