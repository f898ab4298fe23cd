//! Datastores by name, their policies, and the forms of their files.

use std::path::Path;

use banyan_data::edit::Operation;
use banyan_data::xml::parse_edit;
use banyan_engine::Engine;
use banyan_engine::backend::{CommitParameters, Confirmed, Datastore, Document};
use banyan_engine::engine::StartError;
use banyan_engine::files::{FaultPlan, Files, Format, Policy, StoreOptions};

use crate::counted::Counted;
use crate::fixture::{Client, Machine, in_memory, item, name, schema};

fn file(machine: &Machine, name: &str) -> Option<String> {
    let bytes = machine.files.read(&Path::new("/store").join(name)).unwrap();
    bytes.map(|bytes| String::from_utf8(bytes).unwrap())
}

async fn start(machine: &Machine, options: StoreOptions) -> Engine {
    machine
        .builder(schema())
        .stores(options)
        .open()
        .await
        .unwrap()
}

async fn put(alice: &Client, store: &str, xml: &str) {
    let edit = parse_edit(
        alice.engine.schema(),
        xml.as_bytes(),
        Operation::Merge,
        &Default::default(),
    );
    let stores = alice.engine.stores();
    stores.put(&alice.call, store, edit.unwrap()).await.unwrap();
}

async fn text(engine: &Engine, store: &str) -> String {
    let tree = engine.stores().get(store).await.unwrap();
    let mut out = Vec::new();
    banyan_data::xml::print(&tree, &Default::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

async fn names(engine: &Engine) -> Vec<String> {
    let list = engine.stores().list().await.unwrap();
    list.into_iter().map(|store| store.name).collect()
}

#[tokio::test]
async fn every_form_is_written_and_read_whatever_the_next_start_writes() {
    let forms = [
        (Format::Xml, true),
        (Format::Xml, false),
        (Format::Json, true),
        (Format::Json, false),
    ];
    let machine = Machine::new();
    let mut last = String::new();
    for (round, (format, pretty)) in forms.iter().cycle().take(8).enumerate() {
        for module_state in [false, true] {
            let options = StoreOptions {
                format: *format,
                pretty: *pretty,
                module_state,
                ..StoreOptions::default()
            };
            let engine = start(&machine, options).await;
            let alice = Client::open(&engine, "alice").await;
            assert_eq!(alice.show(Datastore::Running).await, last);
            last = name(&format!("{round} {module_state}"));
            alice.set(&last).await.unwrap();
            let stores = engine.stores();
            stores
                .copy(&alice.call, "running", "startup")
                .await
                .unwrap();
            engine.stop().await.unwrap();
            let written = machine.running_file();
            assert_eq!(file(&machine, "startup_db").unwrap(), written);
            assert_eq!(written.contains("yang-library"), module_state, "{written}");
            assert_eq!(written.starts_with('{'), *format == Format::Json);
            assert_eq!(written.contains("\n   "), *pretty);
            drop((alice, engine));
            // Hand-edited, the file is read in the same way.
            let edited = written.replace(&format!("{round} {module_state}"), "by hand");
            assert_ne!(edited, written);
            let path = Path::new("/store/running_db");
            machine.files.put(path, edited.as_bytes());
            last = name("by hand");
        }
    }
}

#[tokio::test]
async fn the_modules_of_a_file_are_told_to_whoever_wants_them() {
    let machine = Machine::new();
    let on = StoreOptions {
        module_state: true,
        content_id: "42".to_owned(),
        ..StoreOptions::default()
    };
    let engine = start(&machine, on.clone()).await;
    assert_eq!(engine.stated_modules(), None);
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    engine.stop().await.unwrap();
    drop((alice, engine));
    insta::assert_snapshot!(machine.running_file(), @r#"
    <config>
       <sys xmlns="urn:t">
          <name>a</name>
       </sys>
       <yang-library xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library">
          <module-set>
             <name>top</name>
             <module>
                <name>t</name>
                <namespace>urn:t</namespace>
             </module>
          </module-set>
          <content-id>42</content-id>
       </yang-library>
    </config>
    "#);
    let engine = start(&machine, on).await;
    let stated = engine.stated_modules().unwrap();
    assert_eq!(stated.content_id, "42");
    assert_eq!(&*stated.modules[0].namespace, "urn:t");
    // They are no data.
    let reader = Client::open(&engine, "reader").await;
    assert_eq!(reader.show(Datastore::Running).await, name("a"));
    engine.stop().await.unwrap();
    drop((reader, engine));
    let off = start(&machine, StoreOptions::default()).await;
    assert_eq!(off.stated_modules(), None);
    assert_eq!(off.running().seq.0, 1);
}

#[tokio::test]
async fn json_cannot_be_split() {
    let options = StoreOptions {
        format: Format::Json,
        split: true,
        ..StoreOptions::default()
    };
    let opened = Machine::new()
        .builder(schema())
        .stores(options)
        .open()
        .await;
    assert!(matches!(opened, Err(StartError::Options(_))));
}

#[tokio::test]
async fn named_stores_survive_a_restart_and_can_be_copied_and_deleted() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    let stores = engine.stores();
    stores
        .copy(&alice.call, "running", "failsafe")
        .await
        .unwrap();
    put(&alice, "lab-2", &item(1, "x")).await;
    put(&alice, "lab-2", &item(2, "y")).await;
    assert_eq!(
        names(&engine).await,
        ["candidate", "failsafe", "lab-2", "running"]
    );
    assert_eq!(
        file(&machine, "lab-2_db").unwrap(),
        "<config>\n   <item xmlns=\"urn:t\">\n      <id>1</id>\n      <value>x</value>\n   </item>\n   <item xmlns=\"urn:t\">\n      <id>2</id>\n      <value>y</value>\n   </item>\n</config>\n"
    );
    drop((alice, stores, engine));
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let stores = engine.stores();
    assert_eq!(text(&engine, "failsafe").await, name("a"));
    let items = item(1, "x") + &item(2, "y");
    assert_eq!(text(&engine, "lab-2").await, items);
    stores
        .copy(&alice.call, "lab-2", "candidate")
        .await
        .unwrap();
    assert_eq!(alice.show(Datastore::Candidate).await, items);
    // Into running it is a commit.
    stores.copy(&alice.call, "lab-2", "running").await.unwrap();
    assert_eq!(alice.show(Datastore::Running).await, items);
    let newest = &engine.history(None, 1).await.unwrap()[0];
    assert_eq!(&*newest.user, "alice");
    stores.delete(&alice.call, "lab-2").await.unwrap();
    assert_eq!(file(&machine, "lab-2_db"), None);
    assert!(stores.get("lab-2").await.is_err());
    assert!(stores.delete(&alice.call, "lab-2").await.is_err());
    for refused in ["running", "candidate", "rollback", "../x", "", "a/b"] {
        assert!(
            stores.delete(&alice.call, refused).await.is_err(),
            "{refused}"
        );
    }
    stores.delete(&alice.call, "startup").await.unwrap();
}

#[tokio::test]
async fn a_document_replaces_what_a_store_holds() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    let stores = engine.stores();
    for document in [
        format!("<config>{}</config>", name("a")),
        r#"{"config":{"t:sys":{"name":"a"}}}"#.to_owned(),
    ] {
        put(&alice, "tmp", &item(1, "x")).await;
        let document = Document::xml(document.into_bytes());
        stores.load(&alice.call, "tmp", document).await.unwrap();
        assert_eq!(text(&engine, "tmp").await, name("a"));
    }
    let wrong = Document::xml(b"<config><nothing xmlns=\"urn:t\"/></config>".to_vec());
    stores.load(&alice.call, "tmp", wrong).await.unwrap_err();
    assert_eq!(text(&engine, "tmp").await, name("a"));
}

#[tokio::test]
async fn policies_say_what_is_in_memory_and_what_is_in_files() {
    let machine = Machine::new();
    let policies = [("lab", Policy::InMemory), ("disk", Policy::File)];
    let options = StoreOptions {
        policies: policies
            .map(|(name, policy)| (name.to_owned(), policy))
            .into(),
        ..StoreOptions::default()
    };
    let engine = start(&machine, options).await;
    let alice = Client::open(&engine, "alice").await;
    for store in ["lab", "disk", "usual"] {
        put(&alice, store, &name(store)).await;
        assert_eq!(text(&engine, store).await, name(store));
    }
    let list = engine.stores().list().await.unwrap();
    let described = |wanted: &str| {
        let store = list.iter().find(|store| store.name == wanted).unwrap();
        let there = file(&machine, &format!("{wanted}_db")).is_some();
        (store.policy, store.in_memory, there)
    };
    assert_eq!(described("lab"), (Policy::InMemory, true, false));
    assert_eq!(described("disk"), (Policy::File, false, true));
    assert_eq!(described("usual"), (Policy::FileInMemory, true, true));
    // What is in the file alone is read each time.
    let path = Path::new("/store/disk_db");
    let new = format!("<config>{}</config>", name("other"));
    machine.files.put(path, new.as_bytes());
    assert_eq!(text(&engine, "disk").await, name("other"));
}

#[tokio::test]
async fn a_volatile_store_is_written_when_it_is_volatile_no_more() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let stores = engine.stores();
    put(&alice, "lab", &item(1, "x")).await;
    let before = file(&machine, "lab_db");
    stores.set_volatile("lab", true).await.unwrap();
    put(&alice, "lab", &item(2, "y")).await;
    assert_eq!(file(&machine, "lab_db"), before);
    assert_eq!(text(&engine, "lab").await, item(1, "x") + &item(2, "y"));
    stores.set_volatile("lab", false).await.unwrap();
    assert!(file(&machine, "lab_db").unwrap().contains(">y<"));

    // Commits are in the log, so nothing is lost of a volatile running.
    stores.set_volatile("running", true).await.unwrap();
    alice.set(&name("a")).await.unwrap();
    assert_eq!(machine.running_file(), "");
    drop((alice, stores, engine));
    let engine = machine.start().await.unwrap();
    assert_eq!(text(&engine, "running").await, name("a"));
}

#[tokio::test]
async fn a_pending_confirmed_commit_shows_what_it_goes_back_to() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    assert!(engine.stores().get("rollback").await.is_err());
    alice.edit(&name("b")).await.unwrap();
    let confirmed = CommitParameters {
        confirmed: Some(Confirmed {
            timeout: 60,
            persist: None,
        }),
        ..CommitParameters::default()
    };
    alice.commit_with(confirmed).await.unwrap();
    assert_eq!(text(&engine, "rollback").await, name("a"));
    let there = |wanted: bool| {
        let machine = machine.clone();
        async move {
            for _ in 0..500 {
                if file(&machine, "rollback_db").is_some() == wanted {
                    return true;
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            false
        }
    };
    assert!(there(true).await);
    assert!(file(&machine, "rollback_db").unwrap().contains(">a<"));
    let stores = engine.stores();
    stores
        .copy(&alice.call, "running", "rollback")
        .await
        .unwrap_err();
    alice.commit().await.unwrap();
    assert!(there(false).await);
    assert!(!names(&engine).await.contains(&"rollback".to_owned()));
}

#[tokio::test]
async fn the_candidate_has_a_file_only_when_its_policy_asks_for_one_and_is_lost_at_a_restart() {
    let machine = Machine::new();
    let asked = StoreOptions {
        policies: [("candidate".to_owned(), Policy::FileInMemory)].into(),
        ..StoreOptions::default()
    };
    for (options, wanted) in [(StoreOptions::default(), false), (asked, true)] {
        let engine = start(&machine, options).await;
        let alice = Client::open(&engine, "alice").await;
        alice.edit(&name("not yet")).await.unwrap();
        let written = || file(&machine, "candidate_db").is_some_and(|it| it.contains("not yet"));
        for _ in 0..200 {
            machine.clock.advance(std::time::Duration::from_secs(1));
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            if written() {
                break;
            }
        }
        assert_eq!(written(), wanted);
        engine.stop().await.unwrap();
    }
    let engine = machine.start().await.unwrap();
    let reader = Client::open(&engine, "reader").await;
    assert_eq!(reader.show(Datastore::Candidate).await, "");
}

#[tokio::test]
async fn a_full_disk_keeps_the_file_whole_and_the_commit_safe() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    let before = machine.running_file();
    machine
        .files
        .follow(&FaultPlan::new().full_at(before.len() + 10));
    let stores = engine.stores();
    let refused = stores
        .copy(&alice.call, "running", "lab")
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("lab is unchanged"),
        "{refused}"
    );
    assert_eq!(names(&engine).await, ["candidate", "running"]);
    alice.set(&name("b")).await.unwrap();
    assert_eq!(machine.running_file(), before);
    machine.files.follow(&FaultPlan::new());
    stores.copy(&alice.call, "running", "lab").await.unwrap();
    engine.stop().await.unwrap();
    assert!(machine.running_file().contains(">b<"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_does_not_wait_for_the_file_of_another_store() {
    let machine = Machine::new();
    let files = Counted::of(&machine);
    let builder = files.builder(&machine, StoreOptions::default());
    let alice = Client::open(&builder.open().await.unwrap(), "alice").await;
    alice.edit(&item(1, "a")).await.unwrap();
    let lab = files.lab.clone();
    let held = lab.lock().await;
    let copying = {
        let (engine, call) = (alice.engine.clone(), alice.call.clone());
        tokio::spawn(async move { engine.stores().copy(&call, "candidate", "lab").await })
    };
    // Its file and those of running are written one beside the other.
    let bob = Client::open(&alice.engine, "bob").await;
    for number in 2..5 {
        let edit = name(&number.to_string());
        let commit = bob.set(&edit);
        let in_time = tokio::time::timeout(std::time::Duration::from_secs(60), commit).await;
        in_time.expect("it waits for the other file").unwrap();
        assert!(machine.running_file().contains(&number.to_string()));
    }
    assert!(!copying.is_finished());
    drop(held);
    copying.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_empty_document_is_not_believed() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    let stores = engine.stores();
    for nothing in [
        "",
        " \n\t",
        "<?xml version=\"1.0\"?>\n",
        "<!-- no --> <!-- thing -->",
    ] {
        for store in ["running", "candidate", "startup", "lab"] {
            let document = Document::xml(nothing.as_bytes().to_vec());
            let error = stores.load(&alice.call, store, document).await.unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains("is empty") && error.contains("<config/>"),
                "{error}"
            );
        }
    }
    assert_eq!(alice.show(Datastore::Running).await, name("a"));
    for meant in ["<?xml version=\"1.0\"?><config/>", "{}"] {
        alice.set(&name("a")).await.unwrap();
        let document = Document::xml(meant.as_bytes().to_vec());
        stores.load(&alice.call, "running", document).await.unwrap();
        assert_eq!(alice.show(Datastore::Running).await, "", "{meant}");
    }
}
