//! Access control at work: what is read, edited, committed, called, explained and counted.

use std::path::Path;
use std::sync::Arc;

use banyan_data::path::InstancePath;
use banyan_data::{Node, Tree};
use banyan_engine::access::{AccessOptions, Credentials, Mode};
use banyan_engine::backend::{
    Backend, BoxFuture, Call, Datastore, Document, Encoding, Filter, Get, Origin, Principal,
    Result, Source, WithDefaults,
};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::error::ErrorTag;
use banyan_engine::files::{Files, Sync};
use banyan_engine::operation::{Operation, OperationCall};
use banyan_engine::session::INTERNAL;
use banyan_engine::{BackendError, Engine};

use crate::fixture::{Client, Machine, NS, item, name, schema, schema_with_system};

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
    let engine = builder(options()).open().await.unwrap();
    let root = Client::open(&engine, "root").await;
    let rules = format!(
        "<nacm {NACM}><groups><group><name>staff</name><user-name>alice</user-name></group></groups>
         <rule-list><name>staff</name><group>staff</group>{rules}</rule-list></nacm>"
    );
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
async fn what_may_not_be_read_is_left_out_without_a_word() {
    let rules = path("no", "/t:item[t:id='2']", "read", "deny")
        + &path("name", "/t:sys/t:name", "read", "deny");
    let (engine, root) = engine(&rules).await;
    let alice = Client::open(&engine, "alice").await;
    assert_eq!(alice.show(Datastore::Running).await, item(1, "one"));
    assert!(root.show(Datastore::Running).await.contains("two"));
    // A subtree filter does not match what is hidden, and an expression does not see it.
    let subtree = |text: String| Some(Filter::Subtree(Document::xml(text.into_bytes())));
    let read = |filter| {
        let alice = alice.clone();
        async move { alice.get(get(filter, false)).await.unwrap() }
    };
    assert_eq!(
        read(subtree(format!("<item {NS}><value>two</value></item>"))).await,
        ""
    );
    assert_eq!(
        read(subtree(format!("<item {NS}><id/></item>"))).await,
        format!("<item {NS}><id>1</id></item>")
    );
    assert_eq!(read(xpath("/t:item[t:id=2]")).await, "");
    for guess in ["n", "other"] {
        let select = format!("/t:item[t:id=1][/t:sys/t:name='{guess}']");
        assert_eq!(read(xpath(&select)).await, "");
    }
    let counted = read(xpath("/t:item[count(/t:item)=2]")).await;
    assert_eq!(counted, "");
    // Defaults of what is hidden are hidden too.
    let all = alice
        .read(Datastore::Running, WithDefaults::ReportAll)
        .await
        .unwrap();
    assert!(
        all.contains("<mtu>1500</mtu>") && !all.contains("name"),
        "{all}"
    );
    let show = "<show xmlns='urn:banyan:system'><path>/t:item[id='2']</path></show>";
    assert_eq!(
        invoke(&alice, show).await.unwrap(),
        "<text xmlns=\"urn:banyan:system\"/>"
    );
    let history =
        "<history xmlns='urn:banyan:system'><limit>1</limit><changes>true</changes></history>";
    let past = invoke(&alice, history).await.unwrap();
    assert!(past.contains("one") && !past.contains("two"), "{past}");
    let compare = "<compare xmlns='urn:banyan:system'><from>0</from><to>running</to></compare>";
    let compared = invoke(&alice, compare).await.unwrap();
    assert!(
        compared.contains("one") && !compared.contains("two") && !compared.contains("nacm"),
        "{compared}"
    );
}

#[tokio::test]
async fn an_edit_tells_nothing_of_what_is_hidden() {
    let (engine, _root) = engine(&path("no", "/t:item", "read", "deny")).await;
    let alice = Client::open(&engine, "alice").await;
    let create = |id: u32| {
        format!(
            "<item {NS} xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' nc:operation='create'><id>{id}</id></item>"
        )
    };
    let there = denied(alice.edit(&create(1)).await);
    let absent = denied(alice.edit(&create(7)).await);
    assert_eq!(there, absent);
    // A value that is guessed right is no success.
    let right = denied(alice.edit(&item(1, "one")).await);
    let wrong = denied(alice.edit(&item(1, "uno")).await);
    assert_eq!(right, wrong);
}

#[tokio::test]
async fn validation_does_not_tell_of_what_is_hidden() {
    let rules = path("ref", "/t:ref", "read", "deny") + &path("items", "/t:item", "*", "permit");
    let (engine, root) = engine(&rules).await;
    root.set(&format!("<ref {NS}><id>secret</id><to>1</to></ref>"))
        .await
        .unwrap();
    let alice = Client::open(&engine, "alice").await;
    let delete = format!(
        "<item {NS} xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' nc:operation='delete'><id>1</id></item>"
    );
    alice.edit(&delete).await.unwrap();
    let error = alice.commit().await.unwrap_err();
    insta::assert_snapshot!(error, @"data that alice may not read do not fit the change; ask who may read them");
    let error = engine
        .validate(&alice.call, Origin::Store(Datastore::Candidate))
        .await
        .unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
    let error = engine
        .validate(&root.call, Origin::Store(Datastore::Candidate))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("secret"), "{error}");
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
async fn the_first_start_makes_one_administrator_by_a_commit() {
    let machine = Machine::new();
    let start =
        |options: AccessOptions| machine.builder(schema_with_system()).access(options).open();
    let first = start(options()).await.unwrap();
    let history = first.history(None, 10).await.unwrap();
    assert_eq!(history.len(), 1);
    insta::assert_snapshot!(history[0].comment.as_deref().unwrap(), @"access control: root, who started the program first, is an administrator");
    assert_eq!(&*history[0].user, "root");
    let root = Client::open(&first, "root").await;
    root.set(&name("x")).await.unwrap();
    let other = Client::open(&first, "other").await;
    denied(other.edit(&name("y")).await);
    assert_eq!(other.show(Datastore::Running).await, name("x"));
    first.stop().await.unwrap();
    // Another who starts it later is none.
    let again = start(AccessOptions {
        first_admin: Some("other".into()),
        ..options()
    })
    .await
    .unwrap();
    assert_eq!(again.running().seq.0, 2);
    denied(Client::open(&again, "other").await.edit(&name("y")).await);
    Client::open(&again, "root")
        .await
        .edit(&name("z"))
        .await
        .unwrap();
}

#[tokio::test]
async fn without_an_administrator_only_the_recovery_user_writes() {
    let engine = builder(AccessOptions {
        first_admin: None,
        recovery_user: Some("rescue".into()),
        ..options()
    })
    .open()
    .await
    .unwrap();
    denied(Client::open(&engine, "root").await.edit(&name("x")).await);
    Client::open(&engine, "rescue")
        .await
        .set(&name("x"))
        .await
        .unwrap();
    // And the program itself.
    let itself = Client {
        engine: engine.clone(),
        call: Call::new(INTERNAL, Principal::user("root")),
    };
    itself.set(&name("y")).await.unwrap();
}

#[tokio::test]
async fn while_there_are_no_rules_it_may_be_off() {
    let engine = builder(AccessOptions {
        disabled_on_empty: true,
        ..options()
    })
    .open()
    .await
    .unwrap();
    let bob = Client::open(&engine, "bob").await;
    bob.set(&name("x")).await.unwrap();
    bob.set(&format!(
        "<nacm {NACM}><read-default>permit</read-default></nacm>"
    ))
    .await
    .unwrap();
    denied(bob.edit(&name("y")).await);
}

#[tokio::test]
async fn who_may_act_for_whom() {
    let source = || Source {
        front_end: "restconf".into(),
        transport: "unix".into(),
        peer: None,
    };
    let acting = |user: &str| Principal {
        acting_for: Some("alice".into()),
        ..Principal::user(user)
    };
    for (credentials, www, root, nobody) in [
        (Credentials::None, true, true, true),
        (Credentials::Except, true, true, false),
        (Credentials::Exact, false, false, false),
    ] {
        let engine = builder(AccessOptions {
            credentials,
            proxies: vec!["www".into()],
            ..options()
        })
        .open()
        .await
        .unwrap();
        for (user, expected) in [
            ("www", www),
            ("root", root),
            ("nobody", nobody),
            ("alice", true),
        ] {
            let opened = engine.open_session(acting(user), source()).await;
            assert_eq!(opened.is_ok(), expected, "{credentials:?} {user}");
        }
        // In each call too, and with the rights of the other.
        let session = engine
            .open_session(Principal::user("root"), source())
            .await
            .unwrap();
        let call = Call::new(session, acting("root"));
        let client = Client {
            engine: engine.clone(),
            call,
        };
        denied(client.edit(&name("x")).await);
    }
}

#[tokio::test]
async fn rules_of_a_file() {
    let machine = Machine::new();
    let file = Path::new("/etc/nacm.xml");
    let start = || {
        let options = AccessOptions {
            mode: Mode::External(file.to_owned()),
            ..options()
        };
        machine.builder(schema_with_system()).access(options).open()
    };
    let error = start().await.err().unwrap();
    assert!(error.to_string().contains("/etc/nacm.xml"), "{error}");
    let rules = format!(
        "<config><nacm {NACM}><groups><group><name>a</name><user-name>alice</user-name></group></groups>
         <rule-list><name>a</name><group>a</group>{}</rule-list></nacm></config>",
        path("name", "/t:sys/t:name", "*", "permit")
    );
    let mut write = |out: &mut dyn std::io::Write| out.write_all(rules.as_bytes());
    machine.files.write(file, Sync::Later, &mut write).unwrap();
    let engine = start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("x")).await.unwrap();
    denied(alice.edit(&item(1, "x")).await);
    assert_eq!(
        engine.running().seq.0,
        1,
        "no administrator is put into running"
    );
}

#[tokio::test]
async fn a_rule_that_cannot_be_understood_is_refused() {
    let (_engine, root) = engine(&path("items", "/t:item", "*", "permit")).await;
    let bad = format!(
        "<nacm {NACM}><rule-list><name>staff</name>{}</rule-list></nacm>",
        path("bad", "/t:item[", "*", "deny")
    );
    root.edit(&bad).await.unwrap();
    let error = root.commit().await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::InvalidValue, "{error}");
    assert!(
        error.to_string().contains("rule[name='bad']/path"),
        "{error}"
    );
}

#[tokio::test]
async fn without_its_module_it_does_not_start() {
    let error = EngineBuilder::new(schema())
        .access(options())
        .open()
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("ietf-netconf-acm"), "{error}");
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

async fn explained(client: &Client, input: &str) -> std::result::Result<String, BackendError> {
    let call = format!("<access-explain xmlns='urn:banyan:system'>{input}</access-explain>");
    let answer = invoke(client, &call).await?;
    Ok(answer
        .replace(" xmlns=\"urn:banyan:system\"", "")
        .replace("><", ">\n<"))
}

#[tokio::test]
async fn what_decides_is_explained() {
    let rules = path("no", "/t:item[t:id='2']", "update", "deny")
        + &path("name", "/t:sys/t:name", "*", "permit");
    let (engine, root) = engine(&rules).await;
    let ask = |user: &str, operation: &str, path: &str| {
        let input =
            format!("<user>{user}</user><operation>{operation}</operation><path>{path}</path>");
        let root = root.clone();
        async move { explained(&root, &input).await.unwrap() }
    };
    insta::assert_snapshot!(ask("alice", "update", "/t:item[id='2']/value").await, @"
    <permitted>false</permitted>
    <reason>rule no (number 1 of rule-list staff) denies it</reason>
    <group>staff</group>
    <rule-list>staff</rule-list>
    <rule>no</rule>
    <rule-number>1</rule-number>
    <change>a rule before rule no (number 1 of rule-list staff) that permits update of /t:item[id='2']/value, or another action of that rule</change>
    ");
    insta::assert_snapshot!(ask("bob", "create", "/t:sys/name").await, @"
    <permitted>false</permitted>
    <reason>no rule fits, and write-default denies it</reason>
    <change>bob is in no group, so that no rule counts: put bob into a group with a rule-list that permits create of /t:sys/name</change>
    ");
    assert!(
        ask("bob", "read", "/ietf-netconf-acm:nacm")
            .await
            .contains("nacm:default-deny-all")
    );
    assert!(
        ask("alice", "exec", "t:echo")
            .await
            .contains("exec-default permits it")
    );
    assert!(
        ask("alice", "exec", "/t:item[id='1']/poke")
            .await
            .contains("<permitted>true")
    );
    assert!(
        ask("root", "exec", "ietf-netconf:kill-session")
            .await
            .contains("permit-all (number 1 of rule-list admin)")
    );
    // About himself anybody may ask.
    let alice = Client::open(&engine, "alice").await;
    let own = explained(
        &alice,
        "<operation>delete</operation><path>/t:sys/name</path>",
    )
    .await
    .unwrap();
    assert!(
        own.contains("rule name (number 2 of rule-list staff) permits it"),
        "{own}"
    );
    denied(
        explained(
            &alice,
            "<user>bob</user><operation>read</operation><path>/t:sys</path>",
        )
        .await,
    );
    denied(
        explained(
            &alice,
            "<group>admin</group><operation>read</operation><path>/t:sys</path>",
        )
        .await,
    );
    let nowhere = explained(&root, "<operation>exec</operation><path>t:nothing</path>")
        .await
        .unwrap_err();
    assert_eq!(nowhere.reports[0].tag, ErrorTag::InvalidValue);
}

#[tokio::test]
async fn rules_change_with_a_commit() {
    let (engine, root) = engine(&path("items", "/t:item", "*", "permit")).await;
    let alice = Client::open(&engine, "alice").await;
    alice.set(&item(1, "a")).await.unwrap();
    let off = format!(
        "<nacm {NACM} xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'><rule-list nc:operation='delete'><name>staff</name></rule-list></nacm>"
    );
    root.set(&off).await.unwrap();
    denied(alice.edit(&item(1, "b")).await);
}
