//! Access control of notifications (RFC 8341 3.4.6), and of what changes are about.

use std::sync::Arc;

use banyan_engine::Engine;
use banyan_engine::access::{AccessOptions, Mode};
use banyan_engine::backend::{Datastore, Document, Encoding, Filter, Get};
use banyan_engine::clock::Clock;
use banyan_engine::engine::EngineBuilder;
use banyan_engine::error::ErrorTag;

use super::{Subscriber, alarm, clock, create, invoke, item, notify, options, schema};
use crate::fixture::Client;

const NACM: &str = "xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-acm\"";

fn rule(name: &str, rest: &str, action: &str) -> String {
    format!("<rule><name>{name}</name>{rest}<action>{action}</action></rule>")
}

fn path(name: &str, path: &str, action: &str) -> String {
    rule(
        name,
        &format!("<path xmlns:e='urn:e'>{path}</path><access-operations>read</access-operations>"),
        action,
    )
}

/// An engine with these rules for alice; bob has none, and root may do all.
async fn engine(defaults: &str, rules: &str) -> (Engine, Client) {
    let seam: Arc<dyn Clock> = Arc::new(clock());
    let engine = EngineBuilder::new(schema())
        .clock(seam)
        .streams(options())
        .access(AccessOptions {
            mode: Mode::Internal,
            first_admin: Some("root".into()),
            ..AccessOptions::default()
        })
        .open()
        .await
        .unwrap();
    let root = Client::open(&engine, "root").await;
    root.set(&format!(
        "<nacm {NACM}>{defaults}<groups><group><name>staff</name><user-name>alice</user-name></group></groups>
         <rule-list><name>staff</name><group>staff</group>{rules}</rule-list></nacm>"
    ))
    .await
    .unwrap();
    (engine, root)
}

async fn denied(root: &Client) -> String {
    let get = Get {
        store: Datastore::Running,
        state: true,
        filter: Some(Filter::Subtree(Document::xml(
            format!("<nacm {NACM}><denied-notifications/></nacm>").into_bytes(),
        ))),
        with_defaults: Default::default(),
        encoding: Encoding::Xml,
    };
    let state = root.get(get).await.unwrap();
    let (_, rest) = state.split_once("<denied-notifications>").unwrap();
    rest.split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_notification_that_a_rule_denies_is_left_out_and_counted() {
    let rules = rule(
        "no alarms",
        "<module-name>e</module-name><notification-name>alarm</notification-name><access-operations>read</access-operations>",
        "deny",
    );
    let (engine, root) = engine("<read-default>permit</read-default>", &rules).await;
    let mut alice = Subscriber::subscribed(&engine, "alice", "<stream>plant</stream>").await;
    let mut bob = Subscriber::subscribed(&engine, "bob", "<stream>plant</stream>").await;
    let poked = item(1, "<poked><how>x</how></poked>");
    notify(&engine, "plant", &alarm("minor", "secret"))
        .await
        .unwrap();
    notify(&engine, "plant", &poked).await.unwrap();
    assert_eq!(bob.texts(1).await, ["secret"]);
    assert_eq!(alice.text().await, poked);
    assert_eq!(denied(&root).await, "1");
    // What the filter leaves out is not denied.
    let filter = "<stream>plant</stream><filter type='xpath' select='//e:poked'/>";
    let mut picky = Subscriber::subscribed(&engine, "alice", filter).await;
    notify(&engine, "plant", &alarm("minor", "secret"))
        .await
        .unwrap();
    notify(&engine, "plant", &poked).await.unwrap();
    picky.text().await;
    alice.text().await;
    assert_eq!(denied(&root).await, "2");
}

#[tokio::test]
async fn where_reading_is_denied_by_default_a_rule_lets_a_notification_through() {
    let rules = rule(
        "alarms",
        "<module-name>e</module-name><notification-name>alarm</notification-name><access-operations>read</access-operations>",
        "permit",
    );
    let (engine, root) = engine("<read-default>deny</read-default>", &rules).await;
    let past =
        "<startTime>2027-01-15T07:00:00Z</startTime><stopTime>2027-01-15T08:00:00Z</stopTime>";
    notify(&engine, "NETCONF", &alarm("minor", "heard"))
        .await
        .unwrap();
    let mut alice = Subscriber::subscribed(&engine, "alice", past).await;
    let mut bob = Subscriber::subscribed(&engine, "bob", past).await;
    // The ends of replay and subscription are for everybody.
    assert_eq!(
        alice.texts(3).await,
        ["heard", "replayComplete", "notificationComplete"]
    );
    assert_eq!(
        bob.texts(2).await,
        ["replayComplete", "notificationComplete"]
    );
    let count: u32 = denied(&root).await.parse().unwrap();
    assert!(count > 0);
}

#[tokio::test]
async fn a_notification_that_is_tied_to_data_needs_the_way_to_them() {
    let rules = format!(
        "{}{}",
        path("not two", "/e:item[e:id='2']", "deny"),
        path("not the poke of three", "/e:item[e:id='3']/e:poked", "deny")
    );
    let (engine, _) = engine("<read-default>permit</read-default>", &rules).await;
    let mut alice = Subscriber::subscribed(&engine, "alice", "<stream>plant</stream>").await;
    for id in [1, 2, 3, 4] {
        let poked = item(id, "<poked><how>x</how></poked>");
        notify(&engine, "plant", &poked).await.unwrap();
    }
    assert!(alice.text().await.contains("<id>1</id>"));
    assert!(alice.text().await.contains("<id>4</id>"));
}

#[tokio::test]
async fn edits_are_told_to_each_as_far_as_he_may_read_them() {
    let rules = format!(
        "{}{}",
        path("no secrets", "/e:item/e:secret", "deny"),
        path("not two", "/e:item[e:id='2']", "deny")
    );
    let (engine, root) = engine("<read-default>permit</read-default>", &rules).await;
    let filter = "<filter><netconf-config-change xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-notifications'><edit/></netconf-config-change></filter>";
    root.set(&format!("{}{}", item(1, ""), item(2, "")))
        .await
        .unwrap();
    let mut alice = Subscriber::subscribed(&engine, "alice", filter).await;
    let mut bob = Subscriber::subscribed(&engine, "bob", filter).await;
    root.set(&format!(
        "{}{}",
        item(1, "<secret>s</secret><value>v</value>"),
        item(2, "<value>w</value>")
    ))
    .await
    .unwrap();
    insta::assert_snapshot!(alice.text().await, @r#"<netconf-config-change xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"><edit><target xmlns:e="urn:e">/e:item[e:id='1']/e:value</target><operation>create</operation></edit></netconf-config-change>"#);
    insta::assert_snapshot!(bob.text().await, @r#"<netconf-config-change xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"><edit><target xmlns:e="urn:e">/e:item[e:id='1']/e:value</target><operation>create</operation></edit><edit><target xmlns:e="urn:e">/e:item[e:id='1']/e:secret</target><operation>create</operation></edit><edit><target xmlns:e="urn:e">/e:item[e:id='2']/e:value</target><operation>create</operation></edit></netconf-config-change>"#);
    // Of these alice may read nothing: she does not hear of them.
    root.set(&item(1, "<secret>t</secret>")).await.unwrap();
    let nc = "xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' nc:operation='delete'";
    root.set(&format!("<item xmlns='urn:e' {nc}><id>2</id></item>"))
        .await
        .unwrap();
    // A deleted instance counts by what was there before.
    root.set(&format!("<item xmlns='urn:e' {nc}><id>1</id></item>"))
        .await
        .unwrap();
    insta::assert_snapshot!(alice.text().await, @r#"<netconf-config-change xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"><edit><target xmlns:e="urn:e">/e:item[e:id='1']</target><operation>delete</operation></edit></netconf-config-change>"#);
    bob.text().await;
    assert!(bob.text().await.contains("delete"));
    assert_eq!(denied(&root).await, "0");
}

#[tokio::test]
async fn subscribing_and_sending_are_operations_that_rules_decide_about() {
    let rules = format!(
        "{}{}",
        rule(
            "no subscriptions",
            "<module-name>notifications</module-name><rpc-name>create-subscription</rpc-name><access-operations>exec</access-operations>",
            "deny",
        ),
        rule(
            "sends",
            "<module-name>banyan</module-name><rpc-name>send-notification</rpc-name><access-operations>exec</access-operations>",
            "permit",
        )
    );
    let (engine, _) = engine("", &rules).await;
    let alice = Subscriber::open(&engine, "alice").await;
    let bob = Subscriber::open(&engine, "bob").await;
    let send = format!(
        "<send-notification xmlns=\"urn:banyan:system\"><notification>{}</notification></send-notification>",
        alarm("minor", "x")
    );
    let error = invoke(&alice.client, &create("")).await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::AccessDenied);
    invoke(&alice.client, &send).await.unwrap();
    let error = invoke(&bob.client, &send).await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::AccessDenied);
    invoke(&bob.client, &create("")).await.unwrap();
}
