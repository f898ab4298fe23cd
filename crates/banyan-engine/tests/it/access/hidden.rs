//! What a user may not read is told by no answer and no error.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_engine::backend::{
    Backend, BoxFuture, Candidates, CommitParameters, Datastore, DiffFormat, Document, Expression,
    Filter, Get, Origin, Resolution, Result, WithDefaults,
};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::error::ErrorTag;
use banyan_engine::nmda::{GetData, ReadFrom};
use banyan_engine::participant::{Participant, Transaction};
use banyan_engine::provider::{Provider, StateRequest};
use banyan_engine::{BackendError, Engine};
use banyan_yang::compile::{Compiler, MemorySource};

use super::{
    Nothing, builder, denied, engine, get, invoke, options, path, rule, staff, with, xpath,
};
use crate::fixture::{Client, NS, item, name};

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

const NC: &str = "xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'";

/// What alice may write, and not see.
fn blind() -> String {
    path("no-name", "/t:sys/t:name", "read", "deny")
        + &path("sys", "/t:sys", "*", "permit")
        + &path("items", "/t:item", "*", "permit")
}

fn unsaid(error: &BackendError, secret: &str) {
    let all = format!("{error:?}");
    assert!(!all.contains(secret), "{all}");
}

#[tokio::test]
async fn conflicts_do_not_tell_what_others_made_of_what_is_hidden() {
    let (engine, root) = with(builder(options()).candidates(Candidates::Private), &blind()).await;
    let alice = Client::open(&engine, "alice").await;
    alice.edit(&name("by alice")).await.unwrap();
    alice.edit(&item(1, "by alice")).await.unwrap();
    let theirs = root.set(&name("secret")).await.unwrap();
    root.set(&item(1, "told")).await.unwrap();
    let candidate = Origin::Store(Datastore::Candidate);
    let errors = [
        alice.commit().await.unwrap_err(),
        engine.validate(&alice.call, candidate).await.unwrap_err(),
        engine
            .update_candidate(&alice.call, Resolution::RevertOnConflict)
            .await
            .unwrap_err(),
    ];
    for error in &errors {
        unsaid(error, "secret");
        // What she may read is told in full.
        assert!(error.to_string().contains("told"), "{error}");
    }
    engine.discard(&alice.call).await.unwrap();
    root.set(&name("secret too")).await.unwrap();
    let seq = theirs.seq.unwrap();
    let error = engine.rollback_only(&alice.call, seq).await.unwrap_err();
    unsaid(&error, "secret");
    let error = engine.rollback_only(&root.call, seq).await.unwrap_err();
    assert!(error.to_string().contains("secret too"), "{error}");
}

const CASES: &str = "module c { yang-version 1.1; namespace 'urn:c'; prefix c;
  choice way { case one { leaf open { type string; } } case two { leaf closed { type string; } } }
  list host { key name; unique addr; leaf name { type string; } leaf addr { type string; }
    action poke; notification moved; }
  leaf limit { type uint8; }
  rpc ask { input {
    leaf size { type uint8; must '. <= /c:limit'; }
    leaf host { type leafref { path '/c:host/c:name'; } }
    leaf addr { type leafref { path \"/c:host[c:name=current()/../host]/c:addr\"; } } } }
  notification alarm; }";

pub(super) async fn with_cases(rules: &str) -> (Engine, Client, Client) {
    let mut source = MemorySource::new();
    source.add(CASES);
    for module in banyan_yang::embedded::MODULES {
        source.add(module.text);
    }
    let implemented = [
        "c",
        "ietf-netconf",
        "ietf-netconf-monitoring",
        "banyan",
        "ietf-netconf-acm",
    ];
    let compiler = implemented
        .iter()
        .fold(Compiler::new(&source), |compiler, module| {
            compiler.implement(module, None)
        });
    let schema = compiler.compile().unwrap().schema;
    let builder = EngineBuilder::new(schema)
        .candidates(Candidates::Private)
        .operation("/c:ask", Arc::new(Nothing))
        .access(options());
    let engine = builder.open().await.unwrap();
    let root = Client::open(&engine, "root").await;
    root.set(&staff(rules)).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    (engine, root, alice)
}

#[tokio::test]
async fn a_conflict_with_another_case_does_not_tell_what_is_hidden_there() {
    let rules = rule(
        "no",
        "<path>/c:closed</path><access-operations>read</access-operations>",
        "deny",
    ) + &rule("open", "<path>/c:open</path>", "permit");
    let (_engine, root, alice) = with_cases(&rules).await;
    alice.edit("<open xmlns='urn:c'>mine</open>").await.unwrap();
    root.set("<closed xmlns='urn:c'>secret</closed>")
        .await
        .unwrap();
    let error = alice.commit().await.unwrap_err();
    unsaid(&error, "secret");
    unsaid(&error, "closed");
    insta::assert_snapshot!(error, @"/c:open: this was changed here, and others have changed what alice may not read and what does not go with it; discard the change, or ask who may read both");
}

#[tokio::test]
async fn equal_values_of_an_entry_that_is_hidden_are_not_told_where_they_are() {
    let rules = rule(
        "no",
        "<path>/c:host[c:name='secret']</path><access-operations>read</access-operations>",
        "deny",
    ) + &rule("hosts", "<path>/c:host</path>", "permit");
    let (_engine, root, alice) = with_cases(&rules).await;
    let host = |name: &str, addr: &str| {
        format!("<host xmlns='urn:c'><name>{name}</name><addr>{addr}</addr></host>")
    };
    root.set(&host("secret", "a")).await.unwrap();
    root.set(&host("known", "b")).await.unwrap();
    for (addr, secret) in [("a", true), ("b", false)] {
        alice.edit(&host("zoe", addr)).await.unwrap();
        let error = alice.commit().await.unwrap_err();
        unsaid(&error, "secret");
        assert_eq!(error.to_string().contains("known"), !secret, "{error}");
        assert!(
            error.to_string().contains("must differ between entries"),
            "{error}"
        );
    }
}

/// Refuses, notes and traces as participants do that look at all data.
struct Talker;

impl Participant for Talker {
    fn name(&self) -> &str {
        "talker"
    }

    fn complete<'a>(
        &'a self,
        transaction: &'a Transaction,
    ) -> BoxFuture<'a, banyan_engine::participant::Answer> {
        transaction.trace("kicker: secret");
        transaction.record("kicks", serde_json::json!({ "path": "secret" }));
        Box::pin(std::future::ready(Ok(())))
    }
}

#[tokio::test]
async fn what_participants_note_and_trace_is_for_who_may_read_all() {
    let (_engine, root) = with(builder(options()).participant(Arc::new(Talker)), &blind()).await;
    let alice = Client::open(&root.engine, "alice").await;
    let committed = alice.set(&item(1, "x")).await.unwrap();
    insta::assert_snapshot!(committed.trace.join("\n"), @"what was asked for may tell of data that alice may not read; ask who may read all");
    let history = "<history xmlns='urn:banyan:system'><limit>1</limit></history>";
    let told = invoke(&alice, history).await.unwrap();
    assert!(
        told.contains("<user>alice</user>") && !told.contains("secret"),
        "{told}"
    );
    let told = invoke(&root, history).await.unwrap();
    assert!(told.contains("secret"), "{told}");
    assert_eq!(
        root.set(&item(1, "y")).await.unwrap().trace,
        ["kicker: secret"]
    );
}

#[tokio::test]
async fn a_rehearsal_and_a_comparison_show_what_may_be_read() {
    let (engine, root) = engine(&blind()).await;
    root.edit(&name("secret")).await.unwrap();
    root.edit(&item(1, "told")).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    for format in [
        DiffFormat::Text,
        DiffFormat::Xml,
        DiffFormat::Json,
        DiffFormat::Set,
    ] {
        let rehearsal = CommitParameters {
            dry_run: Some(format),
            ..CommitParameters::default()
        };
        let diff = alice.commit_with(rehearsal).await.unwrap().diff.unwrap();
        assert!(diff.contains("told") && !diff.contains("secret"), "{diff}");
        let compare = format!(
            "<compare xmlns='urn:banyan:system'><from>running</from><to>candidate</to><format>{}</format></compare>",
            format.name()
        );
        let diff = invoke(&alice, &compare).await.unwrap();
        assert!(diff.contains("told") && !diff.contains("secret"), "{diff}");
    }
    let get = Get {
        store: Datastore::Candidate,
        ..get(None, false)
    };
    assert!(!alice.get(get).await.unwrap().contains("secret"));
}

/// Fails for what it covers.
struct Broken;

impl Provider for Broken {
    fn name(&self) -> &str {
        "broken"
    }

    fn covers(&self) -> Vec<String> {
        vec!["/t:seen".to_owned()]
    }

    fn read(&self, _: StateRequest) -> BoxFuture<'_, Result<Tree>> {
        let error = BackendError::new(ErrorTag::OperationFailed, "the secret sensor is lost");
        Box::pin(std::future::ready(Err(error)))
    }
}

#[tokio::test]
async fn a_provider_of_what_is_hidden_is_not_asked_and_does_not_fail_the_read() {
    let rules = path("no", "/t:seen", "read", "deny");
    let (engine, root) = with(builder(options()).provider(Arc::new(Broken)), &rules).await;
    let alice = Client::open(&engine, "alice").await;
    assert!(
        alice
            .get(get(None, true))
            .await
            .unwrap()
            .contains("<value>one</value>")
    );
    let read = GetData::of(ReadFrom::Operational);
    let told = engine.get_data(&alice.call, read.clone()).await.unwrap();
    assert!(told.missing.is_empty(), "{:?}", told.missing);
    let told = engine.get_data(&root.call, read).await.unwrap();
    assert_eq!(told.missing.len(), 1);
    let error = root.get(get(None, true)).await.unwrap_err();
    assert!(
        error.to_string().contains("the secret sensor is lost"),
        "{error}"
    );
}

#[tokio::test]
async fn a_lock_of_what_is_hidden_does_not_tell_its_name() {
    let rules = path("no", "/t:item[t:id='2']", "read", "deny");
    let (engine, root) = engine(&rules).await;
    let alice = Client::open(&engine, "alice").await;
    let lock = |id: u32| {
        let root = root.clone();
        let select = vec![Expression {
            select: format!("/t:item[t:id='{id}']"),
            namespaces: vec![("t".to_owned(), "urn:t".to_owned())],
        }];
        async move { root.engine.partial_lock(&root.call, select).await.unwrap() }
    };
    lock(1).await;
    lock(2).await;
    let state = |client: &Client| {
        let client = client.clone();
        async move {
            client
                .get(get(xpath("/*[local-name()='netconf-state']"), true))
                .await
                .unwrap()
        }
    };
    let told = state(&alice).await;
    assert_eq!(told.matches("<lock-id>").count(), 2, "{told}");
    assert!(
        told.contains("id='1'") && !told.contains("id='2'"),
        "{told}"
    );
    assert!(state(&root).await.contains("id='2'"));
    // She cannot lock it, and what is hidden is as what is not there.
    let select = |id: u32| {
        vec![Expression {
            select: format!("/t:item[t:id='{id}']"),
            namespaces: vec![("t".to_owned(), "urn:t".to_owned())],
        }]
    };
    let hidden = engine
        .partial_lock(&alice.call, select(2))
        .await
        .unwrap_err();
    let absent = engine
        .partial_lock(&alice.call, select(9))
        .await
        .unwrap_err();
    assert_eq!(hidden, absent);
}

#[tokio::test]
async fn expressions_see_what_may_be_read_and_nothing_else() {
    let rules = path("two", "/t:item[t:id='2']", "read", "deny")
        + &path("name", "/t:sys/t:name", "read", "deny")
        + &path("mtu", "/t:sys/t:mtu", "read", "deny");
    let (engine, root) = engine(&rules).await;
    root.set(&format!("<ref {NS}><id>r</id><to>2</to></ref>"))
        .await
        .unwrap();
    let alice = Client::open(&engine, "alice").await;
    // Each selects item 1 where it holds.
    let expressions = [
        "count(/t:item) = 2",
        "count(//t:value) = 2",
        "sum(/t:item/t:id) = 3",
        "/t:item/t:value = 'two'",
        "/t:sys/t:name = 'n'",
        "string-length(/t:sys/t:name) = 1",
        "/t:sys/t:mtu = 1500",
        "/t:sys/t:mtu = 900",
        "deref(/t:ref/t:to)/../t:value = 'two'",
        "/t:item[last()]/t:id = 2",
        "boolean(/nacm:nacm/nacm:groups/nacm:group)",
        "following-sibling::t:item",
    ];
    let answers = |client: &Client| {
        let client = client.clone();
        async move {
            let mut answers = Vec::new();
            for expression in expressions {
                for with_defaults in [WithDefaults::Explicit, WithDefaults::ReportAll] {
                    let read = Get {
                        filter: Some(Filter::XPath {
                            select: format!("/t:item[t:id='1'][{expression}]"),
                            namespaces: vec![
                                ("t".to_owned(), "urn:t".to_owned()),
                                (
                                    "nacm".to_owned(),
                                    "urn:ietf:params:xml:ns:yang:ietf-netconf-acm".to_owned(),
                                ),
                            ],
                        }),
                        with_defaults,
                        ..get(None, false)
                    };
                    let found = client.get(read).await.unwrap();
                    answers.push((expression, with_defaults, !found.is_empty()));
                }
            }
            answers
        }
    };
    let (alices, roots) = (answers(&alice).await, answers(&root).await);
    for (expression, with_defaults, holds) in &roots {
        assert_eq!(
            *holds,
            !expression.contains("900"),
            "{expression} {with_defaults:?}"
        );
    }
    // What is hidden becomes something else, and nothing of it is seen.
    root.set(&format!(
        "<sys {NS}><name>other</name><mtu>900</mtu></sys>{}{}",
        item(2, "deux"),
        item(3, "trois")
    ))
    .await
    .unwrap();
    root.set(&format!(
        "<item {NS} {NC} nc:operation='delete'><id>3</id></item>"
    ))
    .await
    .unwrap();
    assert_eq!(answers(&alice).await, alices);
    assert_ne!(answers(&root).await, roots);
    for (expression, _, holds) in &alices {
        // The default of the model is known to all who know the model.
        assert!(!holds || expression.contains("1500"), "{expression}");
    }
    for with_defaults in [
        WithDefaults::ReportAll,
        WithDefaults::ReportAllTagged,
        WithDefaults::Trim,
    ] {
        let told = alice.read(Datastore::Running, with_defaults).await.unwrap();
        assert!(!told.contains("mtu") && !told.contains("deux"), "{told}");
    }
    let operational = GetData::of(ReadFrom::Operational);
    let told = engine.get_data(&alice.call, operational).await.unwrap();
    let told = told.body.collect().await.unwrap();
    let told = String::from_utf8_lossy(&told);
    assert!(
        !told.contains("mtu") && !told.contains("deux") && told.contains("one"),
        "{told}"
    );
}

#[tokio::test]
async fn what_is_copied_is_what_may_be_read() {
    let rules = path("no", "/t:item[t:id='2']", "read", "deny")
        + &path("items", "/t:item", "*", "permit")
        + &rule("stores", "<module-name>banyan</module-name>", "permit");
    let (engine, root) = engine(&rules).await;
    let alice = Client::open(&engine, "alice").await;
    // Into a store of her own only what she may also write would get.
    let error = engine
        .stores()
        .copy(&alice.call, "running", "mine")
        .await
        .unwrap_err();
    denied::<()>(Err(error.clone()));
    unsaid(&error, "two");
    engine
        .stores()
        .copy(&root.call, "running", "full")
        .await
        .unwrap();
    let show = "<show xmlns='urn:banyan:system'><store>full</store></show>";
    let told = invoke(&alice, show).await.unwrap();
    assert!(
        told.contains("one") && !told.contains("two") && !told.contains("rule-list"),
        "{told}"
    );
    let delete = format!("<item {NS} {NC} nc:operation='delete'><id>2</id></item>");
    root.set(&delete).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_the_input_of_an_rpc_tells_no_values_that_are_hidden() {
    let hidden = ["/c:limit", "/c:host"].map(|path| {
        let what = format!("<path>{path}</path><access-operations>read</access-operations>");
        rule(&path[3..], &what, "deny")
    });
    let may = "<module-name>c</module-name><rpc-name>ask</rpc-name>";
    let rules = hidden.concat() + &rule("ask", may, "permit");
    let (_engine, root, alice) = with_cases(&rules).await;
    root.set(
        "<limit xmlns='urn:c'>77</limit><host xmlns='urn:c'><name>db</name><addr>secret</addr></host>",
    )
    .await
    .unwrap();
    let wrong = [
        "<size>80</size>",
        "<host>nowhere</host>",
        "<host>db</host><addr>guessed</addr>",
    ];
    for input in wrong {
        let ask = format!("<ask xmlns='urn:c'>{input}</ask>");
        let told = format!("{:?}", invoke(&root, &ask).await.unwrap_err());
        assert_eq!(told.contains("77"), input.contains("size"), "{told}");
        let told = format!("{:?}", invoke(&alice, &ask).await.unwrap_err());
        // What is wrong, and not what would be right.
        assert!(!told.contains("77") && !told.contains("secret"), "{told}");
        assert!(
            told.contains("size") || told.contains("host") || told.contains("addr"),
            "{told}"
        );
    }
}
