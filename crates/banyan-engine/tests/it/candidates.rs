//! Candidates: private ones beside each other, conflicts, and what becomes of a session's work.

use banyan_engine::BackendError;
use banyan_engine::backend::{
    Backend, Candidates, CommitParameters, Datastore, Origin, Resolution,
};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::error::ErrorTag;

use crate::fixture::{Client, Machine, NS, in_memory, item, name, schema};

/// A client whose candidate nobody else sees.
async fn private(engine: &banyan_engine::Engine, user: &str) -> Client {
    let client = Client::open(engine, user).await;
    engine
        .choose_candidate(&client.call, Candidates::Private)
        .await
        .unwrap();
    client
}

fn fact<'e>(error: &'e BackendError, name: &str) -> &'e str {
    let info = &error.reports[0].info;
    let found = info.iter().find(|(known, _)| &**known == name);
    &found.unwrap_or_else(|| panic!("no {name} in {error}")).1
}

#[tokio::test]
async fn nobody_else_sees_a_private_candidate() {
    let engine = in_memory().await;
    let alice = private(&engine, "alice").await;
    let bob = private(&engine, "bob").await;
    let carol = Client::open(&engine, "carol").await;
    alice.edit(&name("a")).await.unwrap();
    bob.edit(&item(1, "b")).await.unwrap();
    assert_eq!(alice.show(Datastore::Candidate).await, name("a"));
    assert_eq!(bob.show(Datastore::Candidate).await, item(1, "b"));
    assert_eq!(carol.show(Datastore::Candidate).await, "");
    // Disjoint changes both pass.
    alice.commit().await.unwrap();
    bob.commit().await.unwrap();
    assert_eq!(
        carol.show(Datastore::Running).await,
        name("a") + &item(1, "b")
    );
    // After its commit a candidate begins anew.
    assert_eq!(
        alice.show(Datastore::Candidate).await,
        name("a") + &item(1, "b")
    );
}

#[tokio::test]
async fn a_private_candidate_stays_on_the_running_that_it_was_first_seen_with() {
    let engine = in_memory().await;
    let alice = private(&engine, "alice").await;
    let bob = private(&engine, "bob").await;
    bob.set(&name("1")).await.unwrap();
    assert_eq!(alice.show(Datastore::Candidate).await, name("1"));
    bob.set(&name("2")).await.unwrap();
    assert_eq!(alice.show(Datastore::Candidate).await, name("1"));
    // Who writes what rests on 1 must hear of 2, even when both wrote the same once.
    alice.edit(&name("1+1")).await.unwrap();
    let error = alice.commit().await.unwrap_err();
    assert_eq!(error.reports[0].app_tag.as_deref(), Some("conflict"));
    engine.discard(&alice.call).await.unwrap();
    assert_eq!(alice.show(Datastore::Candidate).await, name("2"));
}

#[tokio::test]
async fn a_conflict_names_path_values_user_and_transaction() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = private(&engine, "alice").await;
    let bob = private(&engine, "bob").await;
    alice.edit(&name("mine")).await.unwrap();
    // Among other commits, before and after.
    bob.set(&item(1, "x")).await.unwrap();
    let theirs = bob.set(&name("theirs")).await.unwrap();
    bob.set(&item(2, "x")).await.unwrap();
    let error = alice.commit().await.unwrap_err();
    assert_eq!(error.reports.len(), 1);
    assert_eq!(error.reports[0].tag, ErrorTag::OperationFailed);
    assert_eq!(error.reports[0].path.as_deref(), Some("/t:sys/name"));
    assert_eq!(fact(&error, "mine"), "set to mine");
    assert_eq!(fact(&error, "theirs"), "set to theirs");
    assert_eq!(fact(&error, "candidate-value"), "mine");
    assert_eq!(fact(&error, "running-value"), "theirs");
    assert_eq!(fact(&error, "other-user"), "bob");
    assert_eq!(fact(&error, "other-tid"), theirs.tid.to_string());
    assert_eq!(fact(&error, "other-seq"), "2");
    insta::assert_snapshot!(error, @"/t:sys/name: this was set to mine here, and set to theirs by commit 2 of user bob (transaction 2, netconf ssh 192.0.2.1, 2027-01-15T08:00:00Z); discard the change and make it anew on what is running now, or let update decide for one side");
    // The same words for the shared candidate.
    let carol = Client::open(&engine, "carol").await;
    carol.edit(&name("c")).await.unwrap();
    bob.set(&name("again")).await.unwrap();
    let error = carol.commit().await.unwrap_err();
    assert_eq!(fact(&error, "other-user"), "bob");
    assert_eq!(fact(&error, "theirs"), "set to again");
    let error = engine
        .validate(&carol.call, Origin::Store(Datastore::Candidate))
        .await
        .unwrap_err();
    assert_eq!(fact(&error, "other-seq"), "4");
}

#[tokio::test]
async fn the_maker_of_a_deletion_is_named_too() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = private(&engine, "alice").await;
    let bob = private(&engine, "bob").await;
    bob.set(&(item(1, "x") + &item(2, "x"))).await.unwrap();
    alice.edit(&item(1, "mine")).await.unwrap();
    let nc = "xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\"";
    bob.set(&format!(
        "<item {NS} {nc} nc:operation=\"delete\"><id>1</id></item>"
    ))
    .await
    .unwrap();
    bob.set(&item(2, "y")).await.unwrap();
    let error = alice.commit().await.unwrap_err();
    assert_eq!(
        error.reports[0].path.as_deref(),
        Some("/t:item[id='1']"),
        "{error}"
    );
    assert_eq!(fact(&error, "theirs"), "deleted");
    assert_eq!(fact(&error, "other-seq"), "2");
}

#[tokio::test]
async fn update_brings_a_candidate_onto_running_and_decides_as_it_is_told() {
    let engine = in_memory().await;
    for (resolution, expected) in [
        (Resolution::PreferCandidate, "mine"),
        (Resolution::PreferRunning, "theirs"),
    ] {
        let alice = private(&engine, "alice").await;
        let bob = private(&engine, "bob").await;
        alice
            .edit(&(name("mine") + &item(7, expected)))
            .await
            .unwrap();
        bob.set(&(name("theirs") + &item(8, expected)))
            .await
            .unwrap();
        let before = alice.show(Datastore::Candidate).await;
        let error = engine
            .update_candidate(&alice.call, Resolution::RevertOnConflict)
            .await
            .unwrap_err();
        assert_eq!(fact(&error, "other-user"), "bob");
        assert_eq!(alice.show(Datastore::Candidate).await, before);
        engine
            .update_candidate(&alice.call, resolution)
            .await
            .unwrap();
        let both = name(expected) + &item(7, expected) + &item(8, expected);
        assert_eq!(alice.show(Datastore::Candidate).await, both);
        alice.commit().await.unwrap();
        assert_eq!(alice.show(Datastore::Running).await, both);
        bob.edit(&name("start")).await.unwrap();
        let _ = bob.commit().await;
    }
}

#[tokio::test]
async fn a_private_candidate_ends_with_its_session() {
    let engine = EngineBuilder::new(schema())
        .candidates(Candidates::Private)
        .open()
        .await
        .unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.edit(&name("a")).await.unwrap();
    engine.close_session(alice.session()).await;
    let bob = Client::open(&engine, "bob").await;
    assert_eq!(bob.show(Datastore::Candidate).await, "");
    // What the ended session still does reaches nobody.
    alice.edit(&name("late")).await.unwrap();
    alice.commit().await.unwrap_err();
    assert_eq!(engine.candidate().root().slots().len(), 0);
}

#[tokio::test]
async fn the_choice_of_a_candidate_comes_before_its_use() {
    let engine = in_memory().await;
    let alice = private(&engine, "alice").await;
    alice.edit(&name("a")).await.unwrap();
    engine
        .choose_candidate(&alice.call, Candidates::Shared)
        .await
        .unwrap_err();
    engine
        .choose_candidate(&alice.call, Candidates::Private)
        .await
        .unwrap();
    assert_eq!(alice.show(Datastore::Candidate).await, name("a"));
}

#[tokio::test]
async fn locks_of_private_candidates_are_in_nobodys_way() {
    let engine = in_memory().await;
    let alice = private(&engine, "alice").await;
    let bob = private(&engine, "bob").await;
    for client in [&alice, &bob] {
        engine
            .lock(&client.call, Datastore::Candidate)
            .await
            .unwrap();
        engine
            .lock(&client.call, Datastore::Candidate)
            .await
            .unwrap_err();
    }
    bob.set(&name("b")).await.unwrap();
    // With the lock go the changes.
    alice.edit(&item(1, "x")).await.unwrap();
    engine
        .unlock(&alice.call, Datastore::Candidate)
        .await
        .unwrap();
    assert_eq!(alice.show(Datastore::Candidate).await, name("b"));
}

#[tokio::test]
async fn a_copy_into_a_private_candidate_is_made_on_running_as_it_is() {
    let engine = in_memory().await;
    let alice = private(&engine, "alice").await;
    let bob = private(&engine, "bob").await;
    alice.edit(&name("a")).await.unwrap();
    bob.set(&name("b")).await.unwrap();
    let document = banyan_engine::backend::Document::xml(item(1, "x").into_bytes());
    engine
        .copy(&alice.call, Origin::Inline(document), Datastore::Candidate)
        .await
        .unwrap();
    alice.commit().await.unwrap();
    assert_eq!(bob.show(Datastore::Running).await, item(1, "x"));
    engine
        .copy(
            &alice.call,
            Origin::Store(Datastore::Running),
            Datastore::Candidate,
        )
        .await
        .unwrap();
    assert_eq!(alice.show(Datastore::Candidate).await, item(1, "x"));
}

#[tokio::test]
async fn with_autolock_the_first_edit_locks_and_commit_or_discard_unlock() {
    let engine = EngineBuilder::new(schema())
        .autolock(true)
        .open()
        .await
        .unwrap();
    let alice = Client::open(&engine, "alice").await;
    let bob = Client::open(&engine, "bob").await;
    let locked = || engine.sessions().locked(Datastore::Candidate);
    // An edit that fails leaves no lock.
    alice
        .edit("<sys xmlns=\"urn:t\"><no/></sys>")
        .await
        .unwrap_err();
    assert_eq!(locked(), None);
    alice.edit(&name("a")).await.unwrap();
    assert_eq!(locked().unwrap().owner, alice.session());
    let error = bob.edit(&item(1, "b")).await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::InUse);
    assert!(error.to_string().contains("user alice"), "{error}");
    // A commit that is refused keeps the changes, and so the lock.
    alice
        .edit(&format!("<sys {NS}><mtu>1</mtu></sys>"))
        .await
        .unwrap();
    alice.commit().await.unwrap_err();
    assert!(locked().is_some());
    engine.discard(&alice.call).await.unwrap();
    assert_eq!(locked(), None);
    bob.set(&item(1, "b")).await.unwrap();
    assert_eq!(locked(), None);
    // A session that goes takes its changes along.
    bob.edit(&item(2, "b")).await.unwrap();
    engine.close_session(bob.session()).await;
    assert_eq!(locked(), None);
    assert_eq!(alice.show(Datastore::Candidate).await, item(1, "b"));
    // A lock that was asked for stays.
    engine
        .lock(&alice.call, Datastore::Candidate)
        .await
        .unwrap();
    alice.set(&item(3, "a")).await.unwrap();
    assert_eq!(locked().unwrap().owner, alice.session());
}

#[tokio::test]
async fn with_autocommit_an_edit_is_in_force_or_refused() {
    for candidates in [Candidates::Shared, Candidates::Private] {
        let engine = EngineBuilder::new(schema())
            .autocommit(true)
            .candidates(candidates)
            .open()
            .await
            .unwrap();
        let alice = Client::open(&engine, "alice").await;
        alice.edit(&name("a")).await.unwrap();
        assert_eq!(alice.show(Datastore::Running).await, name("a"));
        alice
            .edit(&format!("<sys {NS}><mtu>1</mtu></sys>"))
            .await
            .unwrap_err();
        assert_eq!(alice.show(Datastore::Candidate).await, name("a"));
        alice.edit(&name("b")).await.unwrap();
        assert_eq!(engine.running().seq.0, 2);
    }
}

#[tokio::test]
async fn a_confirmed_commit_of_a_private_candidate_is_confirmed_by_its_session() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = private(&engine, "alice").await;
    let bob = private(&engine, "bob").await;
    alice.edit(&name("a")).await.unwrap();
    let confirmed = CommitParameters {
        confirmed: Some(banyan_engine::backend::Confirmed {
            timeout: 60,
            persist: None,
        }),
        ..CommitParameters::default()
    };
    alice.commit_with(confirmed).await.unwrap();
    let error = bob.set(&item(1, "b")).await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::InUse);
    alice.commit().await.unwrap();
    bob.commit().await.unwrap();
    assert_eq!(
        bob.show(Datastore::Running).await,
        name("a") + &item(1, "b")
    );
}
