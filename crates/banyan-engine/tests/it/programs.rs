//! Participants that are programs: what they are told, what their answers mean, and their end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use banyan_engine::Engine;
use banyan_engine::backend::{CommitParameters, Datastore, DiffFormat};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::error::ErrorTag;
use banyan_engine::participant::{Phase, Program};
use serde_json::{Value, json};

use crate::fixture::{Client, item, name, schema};

/// A shell script that first writes down its phase, and what it is told.
fn script(directory: &Path, participant: &str, then: &str) -> Program {
    let log = directory.join("calls");
    let told = directory.join(participant);
    let text = format!(
        "cat >{told}.$BANYAN_PHASE; echo {participant}.$BANYAN_PHASE >>{log}; {then}",
        told = told.display(),
        log = log.display(),
    );
    Program::new(participant, "sh", Phase::ALL).arguments(["-c", &text])
}

fn calls(directory: &Path) -> String {
    let text = std::fs::read_to_string(directory.join("calls")).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn told(directory: &Path, participant: &str, phase: &str) -> Value {
    let file = directory.join(format!("{participant}.{phase}"));
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

async fn with(programs: impl IntoIterator<Item = Program>) -> (Engine, Client) {
    let mut builder = EngineBuilder::new(schema());
    for program in programs {
        builder = builder.participant(Arc::new(program));
    }
    let engine = builder.open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    (engine, alice)
}

#[tokio::test]
async fn programs_are_called_phase_by_phase_in_the_order_in_which_they_are_declared() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let (_engine, alice) = with([script(at, "a", ""), script(at, "b", "")]).await;
    alice.set(&name("x")).await.unwrap();
    assert_eq!(
        calls(at),
        "a.begin b.begin a.validate b.validate a.complete b.complete a.commit b.commit \
         a.commit_done b.commit_done a.end b.end"
    );
    let validate = told(at, "a", "validate");
    assert_eq!(validate["phase"], "validate");
    assert_eq!(validate["user"], "alice");
    assert_eq!(validate["seq"], Value::Null);
    assert_eq!(told(at, "a", "end")["seq"], 1);
}

#[tokio::test]
async fn a_refusal_in_any_phase_takes_back_in_reverse_order_what_was_done() {
    for (phase, expected) in [
        ("begin", "a.begin b.begin b.abort a.abort"),
        (
            "validate",
            "a.begin b.begin c.begin a.validate b.validate c.abort b.abort a.abort",
        ),
        (
            "complete",
            "a.begin b.begin c.begin a.validate b.validate c.validate a.complete b.complete \
             c.abort b.abort a.abort",
        ),
        (
            "commit",
            "a.begin b.begin c.begin a.validate b.validate c.validate a.complete b.complete \
             c.complete a.commit b.commit b.revert a.revert c.abort b.abort a.abort",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        let refuse = format!("[ $BANYAN_PHASE != {phase} ] || {{ echo not today >&2; exit 1; }}");
        let programs = [
            script(at, "a", ""),
            script(at, "b", &refuse),
            script(at, "c", ""),
        ];
        let (engine, alice) = with(programs).await;
        let error = alice.set(&name("x")).await.unwrap_err().to_string();
        assert!(error.contains("not today"), "{error}");
        assert!(error.contains(&format!("b refused the commit in {phase}")));
        assert_eq!(calls(at), expected);
        assert_eq!(engine.running().seq.0, 0);
        // The candidate is kept.
        assert!(alice.show(Datastore::Candidate).await.contains('x'));
    }
}

#[tokio::test]
async fn a_failure_where_nobody_can_refuse_does_not_undo_the_commit() {
    for phase in ["commit_done", "end"] {
        let directory = tempfile::tempdir().unwrap();
        let fail = format!("[ $BANYAN_PHASE != {phase} ]");
        let (engine, alice) = with([script(directory.path(), "a", &fail)]).await;
        alice.set(&name("x")).await.unwrap();
        assert_eq!(engine.running().seq.0, 1);
    }
}

#[tokio::test]
async fn a_program_that_crashes_or_does_not_end_refuses() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let crash = script(at, "a", "[ $BANYAN_PHASE != validate ] || kill -KILL $$");
    let (_engine, alice) = with([crash]).await;
    let error = alice.set(&name("x")).await.unwrap_err().to_string();
    assert!(error.contains("signal: 9"), "{error}");

    let other = tempfile::tempdir().unwrap();
    let hang = script(
        other.path(),
        "a",
        "[ $BANYAN_PHASE != validate ] || sleep 600",
    );
    let hang = hang.deadline_of(Phase::Validate, Duration::from_millis(300));
    let (_engine, alice) = with([hang]).await;
    let error = alice.set(&name("x")).await.unwrap_err().to_string();
    assert!(error.contains("did not answer in validate"), "{error}");
    assert!(calls(other.path()).ends_with("a.abort"));

    let missing = Program::new("m", "/no/such/program", [Phase::Validate]);
    let (_engine, alice) = with([missing]).await;
    let error = alice.set(&name("x")).await.unwrap_err().to_string();
    assert!(
        error.contains("/no/such/program cannot be started"),
        "{error}"
    );
}

#[tokio::test]
async fn a_revert_that_fails_is_reported_and_never_called_a_plain_failure() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let stuck = "[ $BANYAN_PHASE != revert ] || { echo port 7 stays open >&2; exit 1; }";
    let refuse = "[ $BANYAN_PHASE != commit ] || exit 1";
    let (_engine, alice) = with([script(at, "a", stuck), script(at, "b", refuse)]).await;
    let error = alice.set(&name("x")).await.unwrap_err();
    let report = error
        .reports
        .iter()
        .find(|report| report.tag == ErrorTag::RollbackFailed);
    let message = &report.expect("what remains").message;
    assert!(message.contains("a could not undo its part: port 7 stays open"));
}

#[tokio::test]
async fn a_program_lists_errors_with_their_places() {
    let refuse = r#"echo '[{"message": "too small", "path": "/t:sys/mtu"}, {"message": "no reason", "path": "nowhere"}]'; exit 1"#;
    let program = Program::new("checker", "sh", [Phase::Validate]).arguments(["-c", refuse]);
    let (_engine, alice) = with([program]).await;
    let error = alice.set(&name("x")).await.unwrap_err();
    let [first, small, nowhere] = &error.reports[..] else {
        panic!("{error}");
    };
    assert!(first.message.contains("found 2 errors"), "{error}");
    assert_eq!(small.message, "too small");
    assert_eq!(small.path.as_deref(), Some("/t:sys/mtu"));
    assert_eq!(small.path_namespaces.len(), 1);
    assert_eq!(nowhere.message, "no reason (at nowhere)");
}

#[tokio::test]
async fn a_program_is_told_its_part_of_the_change_and_not_called_for_others() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let program = script(at, "a", "")
        .interested_in(&schema(), ["/t:item"])
        .unwrap()
        .with_trees(true);
    let (_engine, alice) = with([program]).await;
    alice.set(&name("x")).await.unwrap();
    assert_eq!(calls(at), "");
    alice
        .set(&format!("{}{}", item(1, "a"), name("y")))
        .await
        .unwrap();
    let first = told(at, "a", "commit");
    assert_eq!(
        first["changes"],
        json!([
            {"operation": "create", "path": "/t:item[id='1']"},
            {"operation": "create", "path": "/t:item[id='1']/value", "new": "a"},
        ])
    );
    assert_eq!(first["before"], json!({}));
    assert_eq!(first["after"], json!({"t:item": [{"id": 1, "value": "a"}]}));
    alice.set(&item(1, "b")).await.unwrap();
    let second = told(at, "a", "commit");
    assert_eq!(
        second["changes"],
        json!([{"operation": "replace", "path": "/t:item[id='1']/value", "old": "a", "new": "b"}])
    );
    let reverse = second["reverse"]["ietf-yang-patch:yang-patch"]["edit"].clone();
    assert_eq!(reverse[0]["target"], "/t:item=1/value");
    assert_eq!(reverse[0]["value"], json!({"t:value": "a"}));
}

#[tokio::test]
async fn a_leaf_is_told_out_of_an_entry_that_comes_or_goes_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let program = script(at, "a", "")
        .interested_in(&schema(), ["/t:item/value"])
        .unwrap();
    let (_engine, alice) = with([program]).await;
    // An entry without the leaf has nothing of it.
    alice
        .set("<item xmlns=\"urn:t\"><id>1</id></item>")
        .await
        .unwrap();
    assert_eq!(calls(at), "");
    alice.set(&item(2, "b")).await.unwrap();
    let patch = told(at, "a", "commit")["patch"]["ietf-yang-patch:yang-patch"]["edit"].clone();
    assert_eq!(
        patch[0]["value"],
        json!({"t:item": [{"id": 2, "value": "b"}]})
    );
}

#[test]
fn a_path_that_the_model_does_not_have_is_refused_with_a_suggestion() {
    let program = Program::new("a", "true", [Phase::Commit]);
    let error = program.interested_in(&schema(), ["/t:itme"]).err();
    let error = error.expect("no such path").to_string();
    assert!(error.contains("item"), "{error}");
}

#[tokio::test]
async fn a_dry_run_asks_the_programs_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let (engine, alice) = with([script(at, "a", "")]).await;
    alice.edit(&name("x")).await.unwrap();
    for (format, expected) in [
        (DiffFormat::Text, "+    name x;"),
        (DiffFormat::Set, "set /t:sys/name x\n"),
        (DiffFormat::Json, "ietf-yang-patch:yang-patch"),
        (DiffFormat::Xml, "<name>x</name>"),
    ] {
        let parameters = CommitParameters {
            dry_run: Some(format),
            ..CommitParameters::default()
        };
        let committed = alice.commit_with(parameters).await.unwrap();
        let diff = committed.diff.unwrap();
        assert!(
            diff.replace("+  ", "+    ").contains(expected) || diff.contains(expected),
            "{format:?}: {diff}"
        );
        assert_eq!(committed.seq, None);
    }
    assert_eq!(engine.running().seq.0, 0);
    assert!(calls(at).starts_with("a.begin a.validate a.complete a.abort a.begin"));
    assert!(!calls(at).contains("commit"));
    assert!(alice.show(Datastore::Candidate).await.contains('x'));
}

#[tokio::test]
async fn what_a_program_prints_before_it_fails_is_its_reason() {
    for (script, reason) in [
        ("echo no room; exit 1", "in validate: no room;"),
        ("exit 3", "failed (exit status: 3) and said nothing"),
    ] {
        let program = Program::new("checker", "sh", [Phase::Validate]).arguments(["-c", script]);
        let (_engine, alice) = with([program]).await;
        let error = alice.set(&name("x")).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
