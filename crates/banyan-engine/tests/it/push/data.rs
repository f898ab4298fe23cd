//! What updates tell of datastores.

use banyan_engine::backend::{Backend, Encoding};
use banyan_engine::nmda::Origin;
use banyan_engine::state::StateUpdate;

use super::*;

#[tokio::test]
async fn a_subscriber_to_changes_gets_all_there_is_and_then_what_changes() {
    let engine = engine().await;
    let root = Client::open(&engine, "root").await;
    root.set(&port("a", 1)).await.unwrap();
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    let id = alice.establish("running", ON_CHANGE).await.unwrap();
    assert_eq!(
        alice.text().await,
        format!(
            "<push-update xmlns=\"{YP}\"><id>{id}</id><datastore-contents>\
             <c xmlns=\"urn:p\"><port><name>a</name><mtu>1</mtu></port></c></datastore-contents></push-update>"
        )
    );
    root.set(&format!(
        "<c {P} xmlns:p='urn:p'><kind>p:fast</kind><port><name>a</name><mtu>2</mtu><alias>x&amp;</alias></port></c>"
    ))
    .await
    .unwrap();
    let text = alice.text().await;
    insta::assert_snapshot!(text, @r#"<push-change-update xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-push"><id>1</id><datastore-changes><yang-patch><patch-id>1</patch-id><edit><edit-id>1</edit-id><operation>create</operation><target>/p:c/kind</target><value><kind xmlns="urn:p" xmlns:p="urn:p">p:fast</kind></value></edit><edit><edit-id>2</edit-id><operation>replace</operation><target>/p:c/port=a/mtu</target><value><mtu xmlns="urn:p">2</mtu></value></edit><edit><edit-id>3</edit-id><operation>create</operation><target>/p:c/port=a/alias=x%26</target><value><alias xmlns="urn:p">x&amp;</alias></value></edit></yang-patch></datastore-changes></push-change-update>"#);
    root.set(&format!(
        "<c {P} xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'><port nc:operation='delete'><name>a</name></port></c>"
    ))
    .await
    .unwrap();
    let text = alice.text().await;
    insta::assert_snapshot!(text, @r#"<push-change-update xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-push"><id>1</id><datastore-changes><yang-patch><patch-id>2</patch-id><edit><edit-id>1</edit-id><operation>delete</operation><target>/p:c/port=a</target></edit></yang-patch></datastore-changes></push-change-update>"#);
    alice.hears_nothing().await;
}

#[tokio::test]
async fn entries_that_users_order_come_and_move_behind_others() {
    let engine = engine().await;
    let root = Client::open(&engine, "root").await;
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Json).await;
    alice
        .establish("running", &(subtree(&format!("<c {P}/>")) + ON_CHANGE))
        .await
        .unwrap();
    alice.hear().await;
    let order = |ids: &[u8]| {
        let rules: String = ids
            .iter()
            .map(|id| format!("<rule><id>{id}</id></rule>"))
            .collect();
        format!(
            "<c {P} xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' nc:operation='replace'>{rules}</c>"
        )
    };
    for ids in [&[1u8, 2, 3][..], &[3, 1, 2], &[2, 4, 3], &[4], &[5, 4, 6]] {
        root.set(&order(ids)).await.unwrap();
        alice.hear().await;
        assert_eq!(alice.tree, alice.running(None).await, "{ids:?}");
    }
}

#[tokio::test]
async fn only_what_a_filter_selects_is_told() {
    let engine = engine().await;
    let root = Client::open(&engine, "root").await;
    root.set(&port("a", 1)).await.unwrap();
    let filters = [
        subtree(&format!("<c {P}><port><name>a</name><mtu/></port></c>")),
        xpath("/q:c/q:port[q:name='a']/q:mtu"),
        xpath("/q:c/q:port[q:mtu &lt; 1000][q:name='a']/q:mtu"),
        xpath("/p:c/p:port[p:name='a']/mtu"),
    ];
    let mut subscribers = Vec::new();
    for filter in &filters {
        let mut alice = Subscriber::open(&engine, "alice", Encoding::Json).await;
        alice
            .establish("running", &(filter.clone() + ON_CHANGE))
            .await
            .unwrap_or_else(|error| panic!("{filter}: {error}"));
        alice.hear().await;
        subscribers.push(alice);
    }
    root.set(&port("b", 1)).await.unwrap();
    root.set(&format!(
        "<c {P}><port><name>a</name><alias>z</alias></port></c>"
    ))
    .await
    .unwrap();
    for alice in &mut subscribers {
        alice.hears_nothing().await;
    }
    root.set(&port("a", 2)).await.unwrap();
    for alice in &mut subscribers {
        alice.hear().await;
        assert_eq!(
            printed(&alice.tree),
            "<c xmlns=\"urn:p\"><port><name>a</name><mtu>2</mtu></port></c>"
        );
        assert_eq!(alice.heard, ["push-update", "push-change-update"]);
    }
}

#[tokio::test]
async fn state_that_a_program_pushes_reaches_a_subscriber_to_operational() {
    let engine = engine().await;
    let root = Client::open(&engine, "root").await;
    root.set(&port("a", 1)).await.unwrap();
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    alice
        .establish(
            "operational",
            &(subtree(&format!("<c {P}/><clock {P}/>")) + ON_CHANGE),
        )
        .await
        .unwrap();
    alice.hear().await;
    assert_eq!(
        printed(&alice.tree),
        "<c xmlns=\"urn:p\"><port><name>a</name><mtu>1</mtu></port></c>"
    );
    // As a program outside does it.
    let push = r#"<push-state xmlns="urn:banyan:system"><source>driver</source>
        <put>{"p:c": {"port": [{"name": "a", "up": true}]}, "p:clock": {"drift": 7}}</put></push-state>"#;
    let document = Document::xml(push.as_bytes().to_vec());
    engine
        .invoke(&root.call, document, Encoding::Xml)
        .await
        .unwrap();
    alice.hear().await;
    assert_eq!(
        printed(&alice.tree),
        "<c xmlns=\"urn:p\"><port><name>a</name><mtu>1</mtu><up>true</up></port></c>\
         <clock xmlns=\"urn:p\"><drift>7</drift></clock>"
    );
    // Configuration in use is part of it.
    root.set(&port("a", 2)).await.unwrap();
    alice.hear().await;
    assert!(printed(&alice.tree).contains("<mtu>2</mtu><up>true</up>"));
    let source = engine.state().source("driver", Origin::System);
    source.change(StateUpdate::new().clear()).await.unwrap();
    alice.hear().await;
    assert_eq!(
        printed(&alice.tree),
        "<c xmlns=\"urn:p\"><port><name>a</name><mtu>2</mtu></port></c>"
    );
}

#[tokio::test]
async fn startup_is_told_when_it_is_copied_to_and_emptied() {
    let engine = engine().await;
    let root = Client::open(&engine, "root").await;
    root.set(&port("a", 1)).await.unwrap();
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Json).await;
    alice.establish("startup", ON_CHANGE).await.unwrap();
    alice.hear().await;
    assert_eq!(printed(&alice.tree), "");
    let running = banyan_engine::backend::Origin::Store(Datastore::Running);
    engine
        .copy(&root.call, running, Datastore::Startup)
        .await
        .unwrap();
    alice.hear().await;
    assert!(printed(&alice.tree).contains("<mtu>1</mtu>"));
    engine.delete(&root.call, Datastore::Startup).await.unwrap();
    alice.hear().await;
    assert_eq!(printed(&alice.tree), "");
}

#[tokio::test]
async fn a_subscriber_who_does_not_read_gets_fewer_and_larger_updates_and_holds_up_nobody() {
    let engine = engine().await;
    let root = Client::open(&engine, "root").await;
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Json).await;
    alice.establish("running", ON_CHANGE).await.unwrap();
    for mtu in 0..200 {
        root.set(&port("a", mtu)).await.unwrap();
    }
    let expected = alice.running(None).await;
    alice.hear_until(&expected).await;
    // The mailbox, and a few that were on their way.
    assert!(alice.heard.len() < 80, "{}", alice.heard.len());
}

#[tokio::test]
async fn without_sync_on_start_only_changes_are_told_and_kinds_can_be_left_out() {
    let engine = engine().await;
    let root = Client::open(&engine, "root").await;
    root.set(&port("a", 1)).await.unwrap();
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    alice
        .establish(
            "running",
            "<yp:on-change><yp:sync-on-start>false</yp:sync-on-start>\
             <yp:excluded-change>create</yp:excluded-change></yp:on-change>",
        )
        .await
        .unwrap();
    root.set(&port("b", 1)).await.unwrap();
    alice.hears_nothing().await;
    root.set(&ports(&[("a", 2), ("c", 1)])).await.unwrap();
    let text = alice.text().await;
    assert!(text.contains("<operation>replace</operation>"), "{text}");
    assert!(!text.contains("<operation>create</operation>"), "{text}");
}
