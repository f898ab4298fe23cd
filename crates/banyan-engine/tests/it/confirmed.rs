//! Confirmed commits (RFC 6241 8.4): they take themselves back unless somebody confirms.

use std::path::Path;
use std::time::Duration;

use banyan_engine::backend::{
    Backend, CommitParameters, Confirmed, Datastore, Document, Encoding, Filter, Get, WithDefaults,
};
use banyan_engine::engine::StartError;
use banyan_engine::error::ErrorTag;
use banyan_engine::files::Files;

use crate::fixture::{Client, Machine, item, name, schema_with_system, updated_schema};

fn for_seconds(timeout: u32, persist: Option<&str>) -> CommitParameters {
    CommitParameters {
        confirmed: Some(Confirmed {
            timeout,
            persist: persist.map(Into::into),
        }),
        ..CommitParameters::default()
    }
}

fn with_id(id: &str) -> CommitParameters {
    CommitParameters {
        persist_id: Some(id.into()),
        ..CommitParameters::default()
    }
}

/// Running was "a", and is "b" until somebody confirms.
async fn pending(persist: Option<&str>) -> (Machine, Client) {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    alice.edit(&name("b")).await.unwrap();
    alice.commit_with(for_seconds(60, persist)).await.unwrap();
    (machine, alice)
}

async fn running_becomes(client: &Client, expected: &str) {
    for _ in 0..1000 {
        if client.show(Datastore::Running).await == name(expected) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("running stays {}", client.show(Datastore::Running).await);
}

async fn running_stays(client: &Client, expected: &str) {
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(client.show(Datastore::Running).await, name(expected));
}

#[tokio::test]
async fn without_confirmation_running_is_taken_back_in_time() {
    let (machine, alice) = pending(None).await;
    machine.clock.advance(Duration::from_secs(59));
    running_stays(&alice, "b").await;
    machine.clock.advance(Duration::from_secs(2));
    running_becomes(&alice, "a").await;
    let newest = &alice.engine.history(None, 1).await.unwrap()[0];
    assert!(
        newest
            .comment
            .as_ref()
            .unwrap()
            .contains("not confirmed in time")
    );
}

#[tokio::test]
async fn a_commit_of_the_same_session_confirms() {
    let (machine, alice) = pending(None).await;
    alice.commit().await.unwrap();
    machine.clock.advance(Duration::from_secs(120));
    running_stays(&alice, "b").await;
}

#[tokio::test]
async fn the_timer_of_a_confirmed_one_does_not_touch_the_next() {
    let (machine, alice) = pending(None).await;
    alice.commit().await.unwrap();
    machine.clock.advance(Duration::from_secs(30));
    alice.edit(&name("c")).await.unwrap();
    alice.commit_with(for_seconds(60, None)).await.unwrap();
    machine.clock.advance(Duration::from_secs(40));
    running_stays(&alice, "c").await;
    machine.clock.advance(Duration::from_secs(21));
    running_becomes(&alice, "b").await;
}

#[tokio::test]
async fn another_confirmed_commit_extends_the_time() {
    let (machine, alice) = pending(None).await;
    machine.clock.advance(Duration::from_secs(50));
    alice.edit(&name("c")).await.unwrap();
    alice.commit_with(for_seconds(60, None)).await.unwrap();
    machine.clock.advance(Duration::from_secs(50));
    running_stays(&alice, "c").await;
    machine.clock.advance(Duration::from_secs(11));
    // Back to before the first of the two.
    running_becomes(&alice, "a").await;
}

#[tokio::test]
async fn nobody_else_confirms_without_the_id() {
    let (_machine, alice) = pending(Some("secret")).await;
    let bob = Client::open(&alice.engine, "bob").await;
    let error = bob.commit().await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::InUse);
    let wrong = bob.commit_with(with_id("guess")).await.unwrap_err();
    assert_eq!(wrong.reports[0].tag, ErrorTag::InvalidValue);
    bob.commit_with(with_id("secret")).await.unwrap();
    running_stays(&alice, "b").await;
    let late = bob.commit_with(with_id("secret")).await.unwrap_err();
    assert_eq!(late.reports[0].tag, ErrorTag::InvalidValue);
}

#[tokio::test]
async fn the_end_of_the_session_takes_it_back_unless_it_persists() {
    for (persist, expected) in [(None, "a"), (Some("id"), "b")] {
        let (_machine, alice) = pending(persist).await;
        let bob = Client::open(&alice.engine, "bob").await;
        alice.engine.close_session(alice.session()).await;
        running_becomes(&bob, expected).await;
    }
}

#[tokio::test]
async fn it_can_be_cancelled() {
    let (_machine, alice) = pending(Some("id")).await;
    alice
        .engine
        .cancel_commit(&alice.call, None)
        .await
        .unwrap_err();
    alice
        .engine
        .cancel_commit(&alice.call, Some("id".into()))
        .await
        .unwrap();
    assert_eq!(alice.show(Datastore::Running).await, name("a"));
    alice
        .engine
        .cancel_commit(&alice.call, Some("id".into()))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn a_restart_takes_it_back() {
    let (machine, alice) = pending(Some("id")).await;
    drop(alice);
    let engine = machine.start().await.unwrap();
    let bob = Client::open(&engine, "bob").await;
    assert_eq!(bob.show(Datastore::Running).await, name("a"));
    assert_eq!(engine.running().seq.0, 3);
    // And only once.
    drop((bob, engine));
    assert_eq!(machine.start().await.unwrap().running().seq.0, 3);
}

#[tokio::test]
async fn a_restart_with_modules_that_refuse_what_was_there_before_does_not_take_it_back() {
    let (machine, alice) = pending(Some("id")).await;
    drop(alice);
    let updated = updated_schema(
        "leaf name { type string; }",
        "leaf name { type string; must \". != 'a'\"; }",
    );
    let start = machine.builder(updated).open().await;
    assert!(matches!(start, Err(StartError::Upgrade(_))));
    // With the modules of before it is.
    let bob = Client::open(&machine.start().await.unwrap(), "bob").await;
    assert_eq!(bob.show(Datastore::Running).await, name("a"));
}

#[tokio::test]
async fn running_under_anothers_confirmed_commit_cannot_be_locked() {
    let (_machine, alice) = pending(None).await;
    let bob = Client::open(&alice.engine, "bob").await;
    let error = bob
        .engine
        .lock(&bob.call, Datastore::Running)
        .await
        .unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::LockDenied);
}

/// What there is of confirmed commits: facts in the log, and files.
fn traces(machine: &Machine, client: &Client) -> (usize, bool) {
    let facts = client.engine.log().facts("confirmed-commit").unwrap();
    let file = machine.files.read(Path::new("/store/rollback_db")).unwrap();
    (facts.len(), file.is_some())
}

#[tokio::test]
async fn a_refused_confirmed_commit_leaves_no_trace() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    alice
        .edit("<sys xmlns=\"urn:t\"><name>b</name><mtu>1</mtu></sys>")
        .await
        .unwrap();
    alice
        .commit_with(for_seconds(60, Some("id")))
        .await
        .unwrap_err();
    assert_eq!(traces(&machine, &alice), (0, false));
    let error = engine.cancel_commit(&alice.call, None).await.unwrap_err();
    assert!(error.to_string().contains("nothing to cancel"), "{error}");
    let error = alice.commit_with(with_id("id")).await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::InvalidValue);
    // No timer either, and others are free to commit.
    machine.clock.advance(Duration::from_secs(120));
    running_stays(&alice, "a").await;
    assert_eq!(engine.running().seq.0, 1);
    let bob = Client::open(&engine, "bob").await;
    engine.discard(&bob.call).await.unwrap();
    bob.set(&name("c")).await.unwrap();
}

#[tokio::test]
async fn a_confirmed_commit_that_is_over_leaves_no_trace() {
    for ending in ["confirmed", "cancelled", "timeout", "session"] {
        let (machine, alice) = pending(None).await;
        assert_eq!(traces(&machine, &alice).0, 1);
        let bob = Client::open(&alice.engine, "bob").await;
        let expected = match ending {
            "confirmed" => {
                alice.commit().await.unwrap();
                "b"
            }
            "cancelled" => {
                let engine = &alice.engine;
                engine.cancel_commit(&alice.call, None).await.unwrap();
                "a"
            }
            "timeout" => {
                machine.clock.advance(Duration::from_secs(61));
                "a"
            }
            _ => {
                alice.engine.close_session(alice.session()).await;
                "a"
            }
        };
        running_becomes(&bob, expected).await;
        for _ in 0..1000 {
            if traces(&machine, &bob) == (0, false) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(traces(&machine, &bob), (0, false), "{ending}");
        // The lock table and the next commit know nothing of it.
        bob.engine
            .lock(&bob.call, Datastore::Running)
            .await
            .unwrap();
        bob.set(&name("c")).await.unwrap();
    }
}

#[tokio::test]
async fn an_extension_may_change_the_time_and_the_name() {
    let (machine, alice) = pending(Some("one")).await;
    machine.clock.advance(Duration::from_secs(50));
    let bob = Client::open(&alice.engine, "bob").await;
    let mut longer = for_seconds(600, Some("two"));
    longer.persist_id = Some("one".into());
    bob.commit_with(longer).await.unwrap();
    machine.clock.advance(Duration::from_secs(500));
    running_stays(&alice, "b").await;
    let old = alice.commit_with(with_id("one")).await.unwrap_err();
    assert_eq!(old.reports[0].tag, ErrorTag::InvalidValue);
    alice.commit_with(with_id("two")).await.unwrap();
    machine.clock.advance(Duration::from_secs(1000));
    running_stays(&alice, "b").await;
}

#[tokio::test]
async fn an_extension_without_a_name_keeps_that_of_what_it_extends() {
    let (machine, alice) = pending(Some("id")).await;
    let bob = Client::open(&alice.engine, "bob").await;
    let extends = CommitParameters {
        persist_id: Some("id".into()),
        ..for_seconds(60, None)
    };
    bob.commit_with(extends).await.unwrap();
    bob.engine.close_session(bob.session()).await;
    machine.clock.advance(Duration::from_secs(59));
    running_stays(&alice, "b").await;
    alice.commit_with(with_id("id")).await.unwrap();
    machine.clock.advance(Duration::from_secs(120));
    running_stays(&alice, "b").await;
}

#[tokio::test]
async fn what_extends_a_confirmed_commit_is_taken_back_with_it() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let bob = Client::open(&engine, "bob").await;
    alice.set(&name("a")).await.unwrap();
    alice.edit(&name("b")).await.unwrap();
    alice
        .commit_with(for_seconds(60, Some("id")))
        .await
        .unwrap();
    // By the id, another may commit while it is pending; that extends it.
    bob.edit(&item(1, "x")).await.unwrap();
    let mut extends = for_seconds(60, Some("id"));
    extends.persist_id = Some("id".into());
    bob.commit_with(extends).await.unwrap();
    engine
        .cancel_commit(&bob.call, Some("id".into()))
        .await
        .unwrap();
    assert_eq!(alice.show(Datastore::Running).await, name("a"));
}

/// RFC 6241 7.9: the death of the session, by whomever, is its end.
#[tokio::test]
async fn a_killed_session_takes_its_confirmed_commit_back_unless_it_persists() {
    for (persist, expected) in [(None, "a"), (Some("id"), "b")] {
        let (_machine, alice) = pending(persist).await;
        let bob = Client::open(&alice.engine, "bob").await;
        bob.engine
            .kill_session(&bob.call, alice.session())
            .await
            .unwrap();
        running_becomes(&bob, expected).await;
    }
}

/// RFC 6241 8.4.1: "If a second confirmed commit ... the new timer replaces the old", shorter as well as longer.
#[tokio::test]
async fn an_extension_may_also_shorten_the_time() {
    let (machine, alice) = pending(None).await;
    alice.commit_with(for_seconds(10, None)).await.unwrap();
    machine.clock.advance(Duration::from_secs(11));
    running_becomes(&alice, "a").await;
}

/// RFC 6241 8.4.1: with a confirming commit goes what the candidate holds by then.
#[tokio::test]
async fn a_confirming_commit_commits_what_was_added_meanwhile() {
    let (machine, alice) = pending(None).await;
    alice.edit(&item(1, "x")).await.unwrap();
    alice.commit().await.unwrap();
    machine.clock.advance(Duration::from_secs(120));
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(
        alice.show(Datastore::Running).await,
        name("b") + &item(1, "x")
    );
}

/// A confirming commit that fails confirms nothing: the time still runs.
#[tokio::test]
async fn a_confirming_commit_that_is_refused_leaves_the_first_one_pending() {
    let (machine, alice) = pending(None).await;
    alice
        .edit("<sys xmlns=\"urn:t\"><mtu>1</mtu></sys>")
        .await
        .unwrap();
    alice.commit().await.unwrap_err();
    alice.engine.discard(&alice.call).await.unwrap();
    running_stays(&alice, "b").await;
    machine.clock.advance(Duration::from_secs(61));
    running_becomes(&alice, "a").await;
}

/// RFC 6241 8.4.4.1: without a persist-id it is cancelled by the session that made it alone.
#[tokio::test]
async fn another_session_cancels_only_by_the_id() {
    let (_machine, alice) = pending(None).await;
    let bob = Client::open(&alice.engine, "bob").await;
    let engine = &alice.engine;
    let error = engine.cancel_commit(&bob.call, None).await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::InUse);
    let error = engine
        .cancel_commit(&bob.call, Some("guess".into()))
        .await
        .unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::InvalidValue);
    running_stays(&alice, "b").await;
    engine.cancel_commit(&alice.call, None).await.unwrap();
    running_becomes(&bob, "a").await;

    let (_machine, alice) = pending(Some("id")).await;
    let bob = Client::open(&alice.engine, "bob").await;
    let cancelled = alice.engine.cancel_commit(&bob.call, Some("id".into()));
    cancelled.await.unwrap();
    running_becomes(&bob, "a").await;
}

/// RFC 6241 7.5: running cannot be locked while another session's waits; by its own session it can, and the taking back
/// goes past no lock of another.
#[tokio::test]
async fn the_session_of_a_confirmed_commit_may_lock_running() {
    let (machine, alice) = pending(None).await;
    let engine = &alice.engine;
    engine.lock(&alice.call, Datastore::Running).await.unwrap();
    machine.clock.advance(Duration::from_secs(61));
    running_becomes(&alice, "a").await;
}

#[tokio::test]
async fn every_way_into_running_keeps_the_rule() {
    let (_machine, alice) = pending(Some("p")).await;
    let bob = Client::open(&alice.engine, "bob").await;
    let stores = bob.engine.stores();
    let document = || Document::xml(format!("<config>{}</config>", name("c")).into_bytes());
    stores.load(&bob.call, "lab", document()).await.unwrap();
    let history = alice
        .engine
        .export_history(&bob.call, None, None, 9)
        .await
        .unwrap()
        .text;
    for refused in [
        stores.copy(&bob.call, "lab", "running").await.err(),
        stores.load(&bob.call, "running", document()).await.err(),
        bob.engine.import_history(&bob.call, &history).await.err(),
        bob.commit().await.err(),
    ] {
        let error = refused.expect("it is pending");
        assert_eq!(error.reports[0].tag, ErrorTag::InUse, "{error}");
        let text = error.to_string();
        assert!(
            text.contains("banyan commit --cancel --persist-id ID"),
            "{text}"
        );
        assert!(text.contains("in 60 s"), "{text}");
    }
    running_stays(&alice, "b").await;
    alice.commit_with(with_id("p")).await.unwrap();
    stores.copy(&bob.call, "lab", "running").await.unwrap();
    assert_eq!(bob.show(Datastore::Running).await, name("c"));
}

#[tokio::test]
async fn what_its_own_session_copies_into_running_confirms_it() {
    let (machine, alice) = pending(None).await;
    let stores = alice.engine.stores();
    let document = Document::xml(format!("<config>{}</config>", name("c")).into_bytes());
    stores.load(&alice.call, "running", document).await.unwrap();
    machine.clock.advance(Duration::from_secs(61));
    running_stays(&alice, "c").await;
}

#[tokio::test]
async fn the_error_names_the_ways_out_and_no_session_that_is_gone() {
    let (_machine, alice) = pending(None).await;
    let bob = Client::open(&alice.engine, "bob").await;
    let error = bob.commit().await.unwrap_err();
    let kill = format!("banyan kill-session {}", alice.session());
    assert!(error.to_string().contains(&kill), "{error}");
    assert_eq!(&*error.reports[0].info[0].1, alice.session().to_string());

    let (_machine, alice) = pending(Some("p")).await;
    alice.engine.close_session(alice.session()).await;
    let bob = Client::open(&alice.engine, "bob").await;
    let error = bob.commit().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("of user alice, whose session is over"),
        "{error}"
    );
    assert_eq!(error.reports[0].info, []);
    let error = bob
        .engine
        .lock(&bob.call, Datastore::Running)
        .await
        .unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::LockDenied);
    assert_eq!(error.reports[0].info, [("session-id".into(), "0".into())]);
}

#[tokio::test]
async fn what_is_pending_is_state() {
    let machine = Machine::new();
    let engine = machine.builder(schema_with_system()).open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let state = async || {
        let get = Get {
            store: Datastore::Running,
            state: true,
            filter: Some(Filter::XPath {
                select: "/banyan:pending-confirmed-commit".to_owned(),
                namespaces: Vec::new(),
            }),
            with_defaults: WithDefaults::Explicit,
            encoding: Encoding::Json,
        };
        alice.get(get).await.unwrap()
    };
    assert!(!state().await.contains("pending"), "{}", state().await);
    alice.edit(&name("b")).await.unwrap();
    let tid = alice
        .commit_with(for_seconds(60, Some("p")))
        .await
        .unwrap()
        .tid;
    machine.clock.advance(Duration::from_secs(7));
    let shown: serde_json::Value = serde_json::from_str(&state().await).unwrap();
    let pending = &shown["banyan:pending-confirmed-commit"];
    let expected = serde_json::json!({
        "tid": tid.0, "seq": "1", "user": "alice", "session-id": alice.session().0, "persists": true,
        "persist-id": "p", "since": pending["since"], "remaining": 53,
    });
    assert_eq!(*pending, expected);
    alice.commit_with(with_id("p")).await.unwrap();
    assert!(!state().await.contains("pending"));
}
