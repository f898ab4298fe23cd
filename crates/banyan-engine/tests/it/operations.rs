//! RPCs and actions: checked input and output, programs, and the operations of our own module.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use banyan_data::Tree;
use banyan_engine::backend::{
    Backend, BoxFuture, Datastore, Document, Encoding, Get, Result, WithDefaults,
};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::exec::Exec;
use banyan_engine::operation::{Operation, OperationCall};
use banyan_engine::provider::{Provider, StateRequest};
use banyan_engine::{BackendError, Engine};

use crate::fixture::{Client, NS, item, name, schema, schema_with_system};

/// Gives its input back.
struct Echo;

impl Operation for Echo {
    fn call(&self, call: OperationCall) -> BoxFuture<'_, Result<Tree>> {
        Box::pin(async move {
            let output = banyan_data::operation::output(&call.schema, call.node).unwrap();
            let mut text = Vec::new();
            banyan_data::json::print(&call.input, &Default::default(), &mut text).unwrap();
            Ok(banyan_data::operation::parse_parameters(
                &call.schema,
                output,
                banyan_data::document::Encoding::Json,
                &text,
                &Default::default(),
            )
            .unwrap())
        })
    }
}

async fn invoke(client: &Client, xml: &str) -> std::result::Result<String, BackendError> {
    let document = Document::xml(xml.as_bytes().to_vec());
    let body = client
        .engine
        .invoke(&client.call, document, Encoding::Xml)
        .await?;
    let bytes = body.collect().await?;
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

async fn with(path: &str, operation: Arc<dyn Operation>) -> Client {
    let engine = EngineBuilder::new(schema())
        .operation(path, operation)
        .open()
        .await
        .unwrap();
    Client::open(&engine, "alice").await
}

#[tokio::test]
async fn an_rpc_gets_its_input_and_gives_its_output() {
    let alice = with("/t:echo", Arc::new(Echo)).await;
    let reply = invoke(&alice, &format!("<echo {NS}><text>hi</text></echo>")).await;
    assert_eq!(reply.unwrap(), format!("<text {NS}>hi</text>"));
}

#[tokio::test]
async fn input_is_checked_before_the_call() {
    let alice = with("/t:echo", Arc::new(Echo)).await;
    let error = invoke(&alice, &format!("<echo {NS}/>")).await.unwrap_err();
    assert!(error.to_string().contains("text"), "{error}");
    invoke(&alice, &format!("<echo {NS}><no/></echo>"))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn an_operation_without_implementation_says_so() {
    let engine = EngineBuilder::new(schema()).open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let error = invoke(&alice, &format!("<echo {NS}><text>x</text></echo>"))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("nothing is bound to /t:echo"),
        "{error}"
    );
}

#[tokio::test]
async fn a_binding_of_what_the_modules_do_not_have_stops_the_start() {
    let built = EngineBuilder::new(schema())
        .operation("/t:ecco", Arc::new(Echo))
        .open()
        .await;
    assert!(built.err().unwrap().to_string().contains("/t:ecco"));
}

/// A program in a file of its own.
fn program(directory: &Path, text: &str) -> PathBuf {
    let file = directory.join("program");
    std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    file
}

async fn bound_to(path: &str, script: &str, timeout: Duration) -> (Client, tempfile::TempDir) {
    let scratch = tempfile::tempdir().unwrap();
    let mut exec = Exec::new(program(scratch.path(), script));
    exec.timeout = timeout;
    (with(path, Arc::new(exec)).await, scratch)
}

const PATIENCE: Duration = Duration::from_secs(20);

async fn echoed(script: &str) -> std::result::Result<String, BackendError> {
    let (alice, _scratch) = bound_to("/t:echo", script, PATIENCE).await;
    invoke(
        &alice,
        &format!("<echo {NS}><text>hi</text><tid>7</tid></echo>"),
    )
    .await
}

#[tokio::test]
async fn a_program_gets_json_and_gives_json() {
    let reply = echoed(
        r#"read -r line; printf '{"text": "%s %s %s"}' "$BANYAN_USER" "$BANYAN_TID" "$(printf %s "$line" | tr -d '"')""#,
    );
    assert_eq!(
        reply.await.unwrap(),
        format!("<text {NS}>alice 7 {{t:text:hi,t:tid:7}}</text>")
    );
    assert_eq!(echoed("cat > /dev/null").await.unwrap(), "");
}

#[tokio::test]
async fn what_a_program_says_when_it_fails_is_passed_on() {
    let error = echoed("echo 'no such host' >&2; exit 3").await.unwrap_err();
    assert!(error.to_string().contains("exit status: 3"), "{error}");
    assert!(error.to_string().contains("no such host"), "{error}");
    let error = echoed("echo '{\"number\": 1000}'").await.unwrap_err();
    assert!(
        error.to_string().contains("what the model does not allow"),
        "{error}"
    );
    let (alice, _scratch) = bound_to("/t:echo", "exec sleep 30", Duration::from_millis(200)).await;
    let error = invoke(&alice, &format!("<echo {NS}><text>x</text></echo>"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("was killed"), "{error}");
}

#[tokio::test]
async fn an_action_runs_on_an_instance_that_exists() {
    let script = r#"printf '{"t:said": "%s"}' "$BANYAN_PATH""#;
    let (alice, _scratch) = bound_to("/t:item/poke", script, PATIENCE).await;
    alice.set(&item(1, "x")).await.unwrap();
    let action = |id: u32| {
        format!(
            "<action xmlns=\"urn:ietf:params:xml:ns:yang:1\"><item {NS}><id>{id}</id><poke/></item></action>"
        )
    };
    assert_eq!(
        invoke(&alice, &action(1)).await.unwrap(),
        format!("<said {NS}>/t:item[id='1']</said>")
    );
    let error = invoke(&alice, &action(2)).await.unwrap_err();
    assert_eq!(
        error.reports[0].tag,
        banyan_engine::error::ErrorTag::DataMissing
    );
}

/// Counts to three.
struct Counter;

impl Provider for Counter {
    fn name(&self) -> &str {
        "counter"
    }

    fn covers(&self) -> Vec<String> {
        vec!["/t:seen".to_owned()]
    }

    fn read(&self, request: StateRequest) -> BoxFuture<'_, Result<Tree>> {
        Box::pin(async move {
            Ok(banyan_data::json::parse_data(
                request.running.schema(),
                br#"{"t:seen": {"count": 3}}"#,
                &Default::default(),
            )
            .unwrap())
        })
    }
}

#[tokio::test]
async fn a_get_joins_state_and_configuration() {
    let engine = EngineBuilder::new(schema())
        .provider(Arc::new(Counter))
        .open()
        .await
        .unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    let get = Get {
        store: Datastore::Running,
        state: true,
        filter: None,
        with_defaults: WithDefaults::Explicit,
        encoding: Encoding::Xml,
    };
    assert_eq!(
        alice.get(get).await.unwrap(),
        name("a") + &format!("<seen {NS}><count>3</count></seen>")
    );
    assert_eq!(alice.show(Datastore::Running).await, name("a"));
}

async fn system() -> (Engine, Client) {
    let engine = EngineBuilder::new(schema_with_system())
        .operation("/t:echo", Arc::new(Echo))
        .open()
        .await
        .unwrap();
    let alice = Client::open(&engine, "alice").await;
    (engine, alice)
}

async fn ours(client: &Client, json: serde_json::Value) -> serde_json::Value {
    let document = Document::json(json.to_string().into_bytes());
    let body = client
        .engine
        .invoke(&client.call, document, Encoding::Json)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let bytes = body.collect().await.unwrap();
    match bytes.is_empty() {
        true => serde_json::json!({}),
        false => serde_json::from_slice(&bytes).unwrap(),
    }
}

fn text(reply: &serde_json::Value) -> &str {
    reply["banyan:text"].as_str().unwrap()
}

/// RFC 9144, as a client of NETCONF sends it.
async fn compared(client: &Client, source: &str, target: &str, more: &str) -> String {
    let compare = "urn:ietf:params:xml:ns:yang:ietf-nmda-compare";
    let stores = "urn:ietf:params:xml:ns:yang:ietf-datastores";
    let request = format!(
        "<compare xmlns=\"{compare}\" xmlns:ds=\"{stores}\"><source>ds:{source}</source>\
         <target>ds:{target}</target>{more}</compare>"
    );
    let reply = invoke(client, &request).await;
    reply.unwrap_or_else(|error| format!("{:?} {error}", error.reports[0].tag))
}

#[tokio::test]
async fn two_datastores_are_compared_as_a_patch() {
    let (_engine, alice) = system().await;
    alice
        .set(&(name("old") + &item(1, "x") + &item(2, "x")))
        .await
        .unwrap();
    let nc = "xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\"";
    let gone = format!("<item {NS} {nc} nc:operation=\"delete\"><id>2</id></item>");
    alice
        .edit(&(name("new") + &gone + &item(3, "y")))
        .await
        .unwrap();
    let reply = compared(&alice, "running", "candidate", "").await;
    for part in [
        "<operation>replace</operation><target>/t:sys/name</target>",
        "<value><name xmlns=\"urn:t\">new</name></value><source-value><name xmlns=\"urn:t\">old</name></source-value>",
        "<operation>delete</operation><target>/t:item=2</target>\
         <source-value><item xmlns=\"urn:t\"><id>2</id><value>x</value></item></source-value>",
        "<operation>create</operation><target>/t:item=3</target>",
    ] {
        assert!(reply.contains(part), "{part} in {reply}");
    }
    let reply = compared(
        &alice,
        "candidate",
        "running",
        &format!("<subtree-filter><sys {NS}/></subtree-filter>"),
    )
    .await;
    assert!(
        reply.contains("<name xmlns=\"urn:t\">old</name></value>"),
        "{reply}"
    );
    assert!(!reply.contains("item"), "{reply}");
    // Prefixes of the modules, or their names.
    for select in ["/t:item[t:id=3]", "/t:item[t:id='3']/t:value"] {
        let filter = format!("<xpath-filter>{select}</xpath-filter>");
        let reply = compared(&alice, "running", "candidate", &filter).await;
        assert!(reply.contains("/t:item=3"), "{reply}");
        assert!(!reply.contains("sys"), "{reply}");
    }
    let reply = compared(
        &alice,
        "running",
        "candidate",
        "<xpath-filter>/t:ref</xpath-filter>",
    )
    .await;
    assert!(reply.contains("<no-matches"), "{reply}");
    let reply = compared(&alice, "running", "intended", "").await;
    assert!(
        reply.contains("<patch-id>") && !reply.contains("<edit>"),
        "{reply}"
    );
    let reply = compared(&alice, "running", "operational", "").await;
    assert!(!reply.contains("<edit>"), "{reply}");
    let reply = compared(&alice, "running", "operational", "<all/>").await;
    assert!(reply.contains("netconf-state"), "{reply}");
    let reply = compared(&alice, "running", "dynamic", "").await;
    assert!(reply.starts_with("InvalidValue"), "{reply}");
}

#[tokio::test]
async fn a_path_in_any_spelling_is_resolved_for_who_has_no_schema() {
    let (_engine, alice) = system().await;
    for (path, xpath, config) in [
        ("/item{2}/value", "/t:item[id='2']/value", true),
        ("/t:item=2", "/t:item[id='2']", true),
        ("/item/value", "/t:item/value", true),
        ("/seen/count", "/t:seen/count", false),
    ] {
        let request = serde_json::json!({ "banyan:resolve-path": { "path": path } });
        let reply = ours(&alice, request).await;
        let expected = serde_json::json!({ "banyan:xpath": xpath, "banyan:config": config });
        assert_eq!(reply, expected, "{path}");
    }
    let wrong = "<resolve-path xmlns=\"urn:banyan:system\"><path>/nowhere</path></resolve-path>";
    let error = invoke(&alice, wrong).await.unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[tokio::test]
async fn the_history_is_listed_and_rolled_back() {
    let (_engine, alice) = system().await;
    for value in ["a", "b", "c"] {
        alice.set(&name(value)).await.unwrap();
    }
    let listed = ours(
        &alice,
        serde_json::json!({"banyan:history": {"limit": 2, "changes": true}}),
    )
    .await;
    let commits = listed["banyan:commit"].as_array().unwrap();
    assert_eq!(commits.len(), 2);
    assert_eq!(commits[0]["seq"], "3");
    assert_eq!(commits[0]["user"], "alice");
    let diff = commits[0]["diff"].as_str().unwrap();
    assert!(diff.contains("- ") && diff.contains("+ "), "{diff}");

    ours(
        &alice,
        serde_json::json!({"banyan:rollback": {"steps": "2"}}),
    )
    .await;
    assert_eq!(alice.show(Datastore::Running).await, name("c"));
    assert_eq!(alice.show(Datastore::Candidate).await, name("a"));
    let compared = ours(&alice, serde_json::json!({"banyan:compare": {}})).await;
    assert!(text(&compared).contains('a'), "{compared}");
    alice.commit().await.unwrap();
    assert_eq!(alice.show(Datastore::Running).await, name("a"));
}

#[tokio::test]
async fn people_edit_by_paths() {
    let (_engine, alice) = system().await;
    let edit = serde_json::json!({"banyan:edit-path": {"edit": [
        {"position": 1, "path": "/sys/name", "value": "edge"},
        {"position": 2, "path": "/item{3}/value three"},
        {"position": 3, "path": "/t:item[id='4']"},
    ]}});
    ours(&alice, edit).await;
    let shown = ours(
        &alice,
        serde_json::json!({"banyan:show": {"store": "candidate", "format": "xml"}}),
    )
    .await;
    // For people, so it is indented.
    let lines: String = text(&shown).lines().map(str::trim_start).collect();
    assert_eq!(
        lines,
        name("edge") + &item(3, "three") + &format!("<item {NS}><id>4</id></item>")
    );
    let shown = ours(
        &alice,
        serde_json::json!({"banyan:show": {"store": "candidate", "path": "/item{3}", "format": "json"}}),
    )
    .await;
    assert!(text(&shown).contains("three") && !text(&shown).contains("edge"));
}

#[tokio::test]
async fn people_edit_by_json_and_call_by_name() {
    let (_engine, alice) = system().await;
    ours(
        &alice,
        serde_json::json!({"banyan:edit-json": {"json": "{\"t:sys\": {\"name\": \"j\"}}"}}),
    )
    .await;
    assert_eq!(alice.show(Datastore::Candidate).await, name("j"));
    let said = ours(
        &alice,
        serde_json::json!({"banyan:call": {
            "operation": "t:echo", "input": "{\"text\": \"hello\"}", "format": "json"
        }}),
    )
    .await;
    assert!(text(&said).contains("hello"), "{said}");
}
