//! What a start says of the stores: the status of each, what is wrong where, and what to do.

use std::path::Path;

use banyan_engine::Engine;
use banyan_engine::backend::Datastore;
use banyan_engine::engine::StartMode;
use banyan_engine::files::Files;
use banyan_engine::log::CommitLog;
use banyan_engine::upgrade::report::Status;

use crate::fixture::{Client, Machine, item, schema, schema_with_system};
use crate::start::{FILES, machine, put, start};

#[tokio::test]
async fn a_first_start_has_no_log_that_rebuilds_the_file() {
    for (case, running) in [FILES[1], FILES[2]] {
        let machine = machine(running, false);
        let error = start(&machine, StartMode::Running).await.err().unwrap();
        assert!(
            error.contains("correct the file") && error.contains("empty configuration"),
            "{case}: {error}"
        );
        assert!(!error.contains("log rebuilds it"), "{case}: {error}");
    }
}

#[tokio::test]
async fn what_is_missing_is_called_by_its_name() {
    use banyan_engine::files::StoreOptions;
    for (split, missing) in [
        (true, "running.d/0.xml is missing"),
        (false, "running_db is missing"),
    ] {
        let machine = Machine::new();
        let options = || StoreOptions {
            split,
            ..StoreOptions::default()
        };
        let started = || machine.builder(schema()).stores(options()).open();
        let engine = started().await.unwrap();
        let alice = Client::open(&engine, "alice").await;
        for value in ["x", "y", "z"] {
            alice.set(&item(1, value)).await.unwrap();
        }
        engine.stop().await.unwrap();
        drop((alice, engine));
        machine.log.trim(banyan_engine::Seq(3)).unwrap();
        let main = match split {
            true => "/store/running.d/0.xml",
            false => "/store/running_db",
        };
        machine.files.remove(Path::new(main)).unwrap();
        let error = started().await.err().unwrap().to_string();
        assert!(error.contains(missing), "{error}");
    }
}

/// Name and status of each store, in order.
fn told(engine: &Engine) -> Vec<(&str, Status)> {
    let reports = engine.reports().iter();
    reports.map(|it| (&*it.store, it.status)).collect()
}

#[tokio::test]
async fn each_store_that_was_read_has_its_status() {
    let good = machine(FILES[0].1, false);
    let engine = start(&good, StartMode::Running).await.unwrap();
    let ok = ("running", Status::Ok);
    assert_eq!(told(&engine), [ok, ("startup", Status::NotValidated)]);
    drop(engine);
    let engine = start(&good, StartMode::Startup).await.unwrap();
    assert_eq!(told(&engine), [ok, ("startup", Status::Ok)]);

    let unseen = machine(FILES[2].1, false);
    let engine = start(&unseen, StartMode::None).await.unwrap();
    let not_validated = ("running", Status::NotValidated);
    assert_eq!(
        told(&engine),
        [not_validated, ("startup", Status::NotValidated)]
    );

    let broken = machine(FILES[0].1, false);
    put(&broken, "startup_db", "<config>\n  <nothing/>\n</config>");
    let engine = start(&broken, StartMode::Running).await.unwrap();
    assert_eq!(told(&engine), [ok, ("startup", Status::Error)]);
    let found = &engine.reports()[1].errors[0];
    assert_eq!(
        found.place.as_ref().unwrap().to_string(),
        "/store/startup_db:2:3"
    );
    assert!(!found.message.contains("line 2"), "{found}");
}

#[tokio::test]
async fn what_breaks_a_rule_is_invalid_and_has_place_expression_and_values() {
    let dangling = "<config>\n <ref xmlns=\"urn:t\"><id>r</id>\n  <to>7</to></ref>\n <sys xmlns=\"urn:t\"><mtu>1</mtu></sys></config>";
    let machine = machine(Some(dangling), false);
    put(&machine, "startup_db", "<config><torn");
    let error = machine.builder(schema()).open().await.err().unwrap();
    assert_eq!(
        (error.store(), error.status()),
        ("running", Status::Invalid)
    );
    let text = error.to_string();
    for part in [
        "/t:ref[id='r']/to (/store/running_db:3:3)",
        "/t:sys/mtu (/store/running_db:4:21)",
        "must \". >= 68\"",
        ". = 1",
        // The other one is told too.
        "/store/startup_db:1:",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let reports = error.reports();
    let told: Vec<_> = reports.iter().map(|it| (&*it.store, it.status)).collect();
    assert_eq!(
        told,
        [("running", Status::Invalid), ("startup", Status::Error)]
    );
    assert_eq!(reports[0].errors.len(), 2);
}

#[tokio::test]
async fn a_start_that_fails_makes_no_log() {
    use banyan_engine::engine::EngineBuilder;
    let scratch = tempfile::tempdir().unwrap();
    let put = |content: &str| std::fs::write(scratch.path().join("running_db"), content).unwrap();
    let started = || {
        EngineBuilder::new(schema())
            .directory(scratch.path())
            .open()
    };
    put(FILES[2].1.unwrap());
    started().await.err().unwrap();
    let left = |name: &str| scratch.path().join(name).exists();
    assert!(!left("commits.redb") && !left("schemas"));
    put(FILES[0].1.unwrap());
    let engine = started().await.unwrap();
    engine.stop().await.unwrap();
    drop(engine);
    // A log that was there stays.
    put(FILES[2].1.unwrap());
    started().await.err().unwrap();
    assert!(left("commits.redb"));
}

#[tokio::test]
async fn the_status_of_the_whole_is_that_of_what_is_used() {
    for (mode, status) in [
        (StartMode::Running, "ok"),
        (StartMode::None, "not-validated"),
    ] {
        let machine = machine(FILES[0].1, false);
        let builder = machine.builder(schema_with_system()).start(mode);
        let engine = builder.open().await.unwrap();
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
        let whole = format!("</time><status>{status}</status>");
        let startup = "<name>startup</name><status>not-validated</status>";
        assert!(state.contains(&whole) && state.contains(startup), "{state}");
    }
}
