//! anydata come back as they were committed: from rollbacks, the log, files of both formats and exports.

use std::path::Path;
use std::sync::Arc;

use banyan_engine::backend::Datastore;
use banyan_engine::engine::StartError;
use banyan_engine::files::{Files, Format, StoreOptions};
use banyan_engine::history::Past;
use banyan_engine::{Engine, Seq};
use banyan_yang::schema::Schema;

use crate::fixture::{Client, Machine, updated_schema};

const CONTENT: &str =
    "<foo xmlns=\"urn:q\" n=\"1\"><z/>text<a>&amp;</a></foo><sys xmlns=\"urn:t\"/>";

fn schema() -> Arc<Schema> {
    updated_schema(
        "leaf name { type string; }",
        "leaf name { type string; } anydata any;",
    )
}

async fn started(machine: &Machine, format: Format) -> Engine {
    loop {
        let options = StoreOptions {
            format,
            ..StoreOptions::default()
        };
        match machine.builder(schema()).stores(options).open().await {
            Ok(engine) => return engine,
            Err(StartError::InUse { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn anydata_come_back_from_everywhere_as_they_were_committed() {
    let machine = Machine::new();
    let engine = started(&machine, Format::Xml).await;
    let alice = Client::open(&engine, "alice").await;
    alice
        .set(&format!("<sys xmlns=\"urn:t\"><any>{CONTENT}</any></sys>"))
        .await
        .unwrap();
    let running = alice.show(Datastore::Running).await;
    assert!(running.contains(CONTENT), "{running}");
    let nc = "urn:ietf:params:xml:ns:netconf:base:1.0";
    let gone =
        format!("<sys xmlns=\"urn:t\"><any xmlns:nc=\"{nc}\" nc:operation=\"delete\"/></sys>");
    alice.set(&gone).await.unwrap();
    engine.rollback(&alice.call, Past::Steps(1)).await.unwrap();
    alice.commit().await.unwrap();
    assert_eq!(alice.show(Datastore::Running).await, running);
    let text = engine
        .export_history(&alice.call, None, None, 10)
        .await
        .unwrap()
        .text;
    assert_eq!(engine.running().seq, Seq(3));
    engine.stop().await.unwrap();
    drop((engine, alice));
    // From the file and without it, in one format after the other; nothing is taken for a change by hand.
    for (format, file) in [
        (Format::Json, true),
        (Format::Json, true),
        (Format::Json, false),
        (Format::Xml, true),
        (Format::Xml, false),
    ] {
        if !file {
            machine
                .files
                .remove(Path::new("/store/running_db"))
                .unwrap();
        }
        let engine = started(&machine, format).await;
        let alice = Client::open(&engine, "alice").await;
        assert_eq!(
            alice.show(Datastore::Running).await,
            running,
            "{format:?} {file}"
        );
        assert_eq!(engine.running().seq, Seq(3), "{format:?} {file}");
        engine.stop().await.unwrap();
    }
    let other = started(&Machine::new(), Format::Xml).await;
    let bob = Client::open(&other, "bob").await;
    other.import_history(&bob.call, &text).await.unwrap();
    assert_eq!(bob.show(Datastore::Running).await, running);
}
