//! Access control at work: what is read, edited, committed, called, explained and counted.

mod explain;
mod hidden;
mod past;
mod rules;
mod start;

use std::sync::Arc;

use banyan_data::path::InstancePath;
use banyan_data::{Node, Tree};
use banyan_engine::access::{AccessOptions, Mode};
use banyan_engine::backend::{
    Backend, BoxFuture, Datastore, Document, Encoding, Filter, Get, Origin, Result, WithDefaults,
};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::error::ErrorTag;
use banyan_engine::operation::{Operation, OperationCall};
use banyan_engine::{BackendError, Engine};

use crate::fixture::{Client, NS, item, name, schema_with_system};

const NACM: &str = "xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-acm\"";

/// Gives an empty output.
struct Nothing;

impl Operation for Nothing {
    fn call(&self, call: OperationCall) -> BoxFuture<'_, Result<Tree>> {
        Box::pin(async move {
            let output = banyan_data::operation::output(&call.schema, call.node).unwrap();
            Ok(Tree::new(call.schema, Node::empty(output)))
        })
    }
}

fn options() -> AccessOptions {
    AccessOptions {
        mode: Mode::Internal,
        first_admin: Some("root".into()),
        ..AccessOptions::default()
    }
}

fn builder(options: AccessOptions) -> EngineBuilder {
    EngineBuilder::new(schema_with_system())
        .operation("/t:item/poke", Arc::new(Nothing))
        .operation("/t:echo", Arc::new(Nothing))
        .access(options)
}

/// An engine with data, and these rules for the group `staff` of alice, and for nobody else.
async fn engine(rules: &str) -> (Engine, Client) {
    with(builder(options()), rules).await
}

/// These rules for the group `staff` of alice.
fn staff(rules: &str) -> String {
    format!(
        "<nacm {NACM}><groups><group><name>staff</name><user-name>alice</user-name></group></groups>
         <rule-list><name>staff</name><group>staff</group>{rules}</rule-list></nacm>"
    )
}

/// As [`engine`], with an engine of one's own.
async fn with(builder: EngineBuilder, rules: &str) -> (Engine, Client) {
    let engine = builder.open().await.unwrap();
    let root = Client::open(&engine, "root").await;
    let rules = staff(rules);
    root.set(&format!(
        "{rules}{}{}{}",
        item(1, "one"),
        item(2, "two"),
        name("n")
    ))
    .await
    .unwrap();
    (engine, root)
}

fn rule(name: &str, rest: &str, action: &str) -> String {
    format!("<rule><name>{name}</name>{rest}<action>{action}</action></rule>")
}

fn path(name: &str, path: &str, operations: &str, action: &str) -> String {
    rule(
        name,
        &format!(
            "<path xmlns:t='urn:t'>{path}</path><access-operations>{operations}</access-operations>"
        ),
        action,
    )
}

#[track_caller]
fn denied<T: std::fmt::Debug>(result: std::result::Result<T, BackendError>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::AccessDenied, "{error}");
    error.to_string()
}

async fn invoke(client: &Client, xml: &str) -> std::result::Result<String, BackendError> {
    let document = Document::xml(xml.as_bytes().to_vec());
    let body = client
        .engine
        .invoke(&client.call, document, Encoding::Xml)
        .await?;
    Ok(String::from_utf8(body.collect().await?.to_vec()).unwrap())
}

fn get(filter: Option<Filter>, state: bool) -> Get {
    Get {
        store: Datastore::Running,
        state,
        filter,
        with_defaults: WithDefaults::Explicit,
        encoding: Encoding::Xml,
    }
}

fn xpath(select: &str) -> Option<Filter> {
    Some(Filter::XPath {
        select: select.to_owned(),
        namespaces: vec![("t".to_owned(), "urn:t".to_owned())],
    })
}

#[tokio::test]
async fn nobody_commits_what_he_may_not_write_though_another_edited_it() {
    let (engine, root) = engine(&path("items", "/t:item", "*", "permit")).await;
    let alice = Client::open(&engine, "alice").await;
    let bob = Client::open(&engine, "bob").await;
    root.edit(&name("by root")).await.unwrap();
    root.edit(&item(1, "by root")).await.unwrap();
    insta::assert_snapshot!(denied(alice.commit().await), @"/t:sys/name: alice may not update this: no rule fits, and write-default denies it");
    insta::assert_snapshot!(denied(bob.commit().await), @"
    /t:sys/name: bob may not update this: no rule fits, and write-default denies it
    /t:item[id='1']/value: bob may not update this: no rule fits, and write-default denies it
    ");
    assert!(
        alice
            .show(Datastore::Running)
            .await
            .contains("<value>one</value>")
    );
    // Nor does he put it where the next start takes it from.
    let copy = |client: &Client, from, to| {
        let client = client.clone();
        async move {
            client
                .engine
                .copy(&client.call, Origin::Store(from), to)
                .await
        }
    };
    denied(copy(&alice, Datastore::Candidate, Datastore::Startup).await);
    // RFC 8341 3.2.5: running to startup takes the operation alone.
    copy(&bob, Datastore::Running, Datastore::Startup)
        .await
        .unwrap();
    // To discard takes no right to write (RFC 8341 3.2.8).
    engine.discard(&bob.call).await.unwrap();
    alice.set(&item(1, "by alice")).await.unwrap();
}

#[tokio::test]
async fn an_edit_is_refused_with_the_place_and_the_rule() {
    let rules = [
        path("not-two", "/t:item[t:id='2']", "update delete", "deny"),
        path("items", "/t:item", "create update delete", "permit"),
    ];
    let (engine, _root) = engine(&rules.concat()).await;
    let alice = Client::open(&engine, "alice").await;
    alice.edit(&item(3, "three")).await.unwrap();
    insta::assert_snapshot!(denied(alice.edit(&item(2, "changed")).await), @"/t:item[id='2']/value: alice may not update this: rule not-two (number 1 of rule-list staff) denies it");
    let delete = |id: u32| {
        format!(
            "<item {NS} xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' nc:operation='delete'><id>{id}</id></item>"
        )
    };
    denied(alice.edit(&delete(2)).await);
    alice.edit(&delete(1)).await.unwrap();
    // By paths and by JSON just the same.
    let by_path = "<edit-path xmlns='urn:banyan:system'><edit><position>1</position><path>/t:item[id='2']/value</path><value>x</value></edit></edit-path>";
    denied(invoke(&alice, by_path).await);
    let by_json = "<edit-json xmlns='urn:banyan:system'><json>{\"t:sys\":{\"name\":\"x\"}}</json></edit-json>";
    denied(invoke(&alice, by_json).await);
    let rollback = "<rollback xmlns='urn:banyan:system'><to>0</to></rollback>";
    denied(invoke(&alice, rollback).await);
    alice.commit().await.unwrap();
}

#[tokio::test]
async fn operations_and_actions_are_asked_for() {
    let rpc = "<module-name>t</module-name><rpc-name>echo</rpc-name>";
    let rules = rule("no-echo", rpc, "deny")
        + &path("no-poke", "/t:item[t:id='1']/t:poke", "exec", "deny")
        + &path("hidden", "/t:item[t:id='2']", "read", "deny");
    let (engine, root) = engine(&rules).await;
    root.set(&item(3, "three")).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let echo = format!("<echo {NS}><text>x</text></echo>");
    insta::assert_snapshot!(denied(invoke(&alice, &echo).await), @"alice may not call t:echo: rule no-echo (number 1 of rule-list staff) denies it");
    // Nor in a roundabout way.
    let call = "<call xmlns='urn:banyan:system'><operation>t:echo</operation><input>{\"text\":\"x\"}</input></call>";
    denied(invoke(&alice, call).await);
    let poke = |id: u32| {
        format!(
            "<action xmlns='urn:ietf:params:xml:ns:yang:1'><item {NS}><id>{id}</id><poke/></item></action>"
        )
    };
    insta::assert_snapshot!(denied(invoke(&alice, &poke(1)).await), @"/t:item[id='1']: alice may not call the action poke here: rule no-poke (number 2 of rule-list staff) denies it");
    invoke(&alice, &poke(3)).await.unwrap();
    // What is hidden is as what is not there.
    let hidden = invoke(&alice, &poke(2)).await.unwrap_err();
    let absent = invoke(&alice, &poke(9)).await.unwrap_err();
    assert_eq!(hidden.reports[0].tag, ErrorTag::DataMissing);
    assert_eq!(hidden.to_string().replace('2', "9"), absent.to_string());
    // RFC 8341 3.4.4, 11
    let bob = Client::open(&engine, "bob").await;
    insta::assert_snapshot!(denied(engine.kill_session(&alice.call, bob.session()).await), @"alice may not call ietf-netconf:kill-session: it takes a rule that permits it (RFC 8341 3.4.4), and there is none");
    denied(engine.delete(&alice.call, Datastore::Startup).await);
    engine
        .kill_session(&root.call, bob.session())
        .await
        .unwrap();
}

#[tokio::test]
async fn refusals_are_counted_for_who_may_read_the_counters() {
    let rpc = "<module-name>t</module-name><rpc-name>echo</rpc-name>";
    let (engine, root) = engine(&rule("no-echo", rpc, "deny")).await;
    let alice = Client::open(&engine, "alice").await;
    denied(invoke(&alice, &format!("<echo {NS}><text>x</text></echo>")).await);
    denied(alice.edit(&item(1, "x")).await);
    denied(alice.edit(&item(1, "y")).await);
    let acm = engine.schema().module_by_name("ietf-netconf-acm").unwrap();
    assert!(acm.index() > 0);
    let state = root.get(get(None, true)).await.unwrap();
    for counter in [
        "<denied-operations>1</denied-operations>",
        "<denied-data-writes>2</denied-data-writes>",
        "<denied-notifications>0</denied-notifications>",
    ] {
        assert!(state.contains(counter), "{counter} {state}");
    }
    let state = alice.get(get(None, true)).await.unwrap();
    assert!(!state.contains("denied"), "{state}");
}

#[tokio::test]
async fn who_hears_a_notification() {
    let (engine, root) = engine(&path("no", "/t:item[t:id='2']", "read", "deny")).await;
    let alice = Client::open(&engine, "alice").await;
    let schema = engine.schema();
    let banyan = schema.module_by_name("ietf-netconf-acm").unwrap();
    assert!(
        schema
            .data_child(banyan_yang::schema::SchemaId::ROOT, banyan, "nacm")
            .is_some()
    );
    let item = schema
        .data_child(
            banyan_yang::schema::SchemaId::ROOT,
            schema.module_by_name("t").unwrap(),
            "item",
        )
        .unwrap();
    // The model has no notification; an action stands for one that is tied to data.
    let tied = schema
        .children(item)
        .iter()
        .copied()
        .find(|id| &*schema.node(*id).name == "poke")
        .unwrap();
    let at = |id: u64| InstancePath {
        steps: vec![banyan_data::path::PathStep {
            node: item,
            select: banyan_data::path::Select::Keys(vec![banyan_data::Value::Uint(id)]),
        }],
    };
    assert!(engine.may_hear(&alice.call, schema, tied, &at(1)).unwrap());
    assert!(!engine.may_hear(&alice.call, schema, tied, &at(2)).unwrap());
    assert!(engine.may_hear(&root.call, schema, tied, &at(2)).unwrap());
    let state = root.get(get(None, true)).await.unwrap();
    assert!(
        state.contains("<denied-notifications>1</denied-notifications>"),
        "{state}"
    );
}
