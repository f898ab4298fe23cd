//! Locks of running and of parts of it (RFC 6241 7.5, RFC 5717), and commits in progress.

use std::sync::Arc;
use std::time::{Duration, Instant};

use banyan_engine::backend::{
    Backend, BoxFuture, Candidates, Datastore, Document, Expression, Origin, PartiallyLocked,
};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::error::ErrorTag;
use banyan_engine::participant::{Answer, Participant, Transaction};
use banyan_engine::{BackendError, Engine};
use tokio::sync::Semaphore;

use crate::fixture::{Client, NS, in_memory, item, name, schema};

async fn private(engine: &Engine, user: &str) -> Client {
    let client = Client::open(engine, user).await;
    engine
        .choose_candidate(&client.call, Candidates::Private)
        .await
        .unwrap();
    client
}

async fn lock_parts(client: &Client, select: &[&str]) -> Result<PartiallyLocked, BackendError> {
    let select = select
        .iter()
        .map(|select| Expression {
            select: (*select).to_owned(),
            namespaces: vec![("t".to_owned(), "urn:t".to_owned())],
        })
        .collect();
    client.engine.partial_lock(&client.call, select).await
}

fn tag(error: &BackendError) -> (ErrorTag, Option<&str>) {
    (error.reports[0].tag, error.reports[0].app_tag.as_deref())
}

fn session_id(error: &BackendError) -> &str {
    &error.reports[0].info[0].1
}

/// Two users with candidates of their own, and three items in running.
async fn two() -> (Engine, Client, Client) {
    let engine = in_memory().await;
    let (alice, bob) = (
        private(&engine, "alice").await,
        private(&engine, "bob").await,
    );
    let items = item(1, "x") + &item(2, "x") + &item(3, "x");
    alice.set(&items).await.unwrap();
    (engine, alice, bob)
}

fn deleted(id: u32) -> String {
    let nc = "xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\"";
    format!("<item {NS} {nc} nc:operation=\"delete\"><id>{id}</id></item>")
}

#[tokio::test]
async fn a_partial_lock_keeps_others_off_what_it_names_and_nothing_else() {
    let (engine, alice, bob) = two().await;
    let lock = lock_parts(
        &alice,
        &[
            "/t:item[t:id='1']",
            "/t:item[t:id=1]",
            "/t:item[t:id=2]/t:value",
        ],
    )
    .await
    .unwrap();
    let nodes: Vec<&str> = lock.nodes.iter().map(|node| &*node.path).collect();
    assert_eq!(nodes, ["/t:item[id='1']", "/t:item[id='2']/value"]);
    assert_eq!(lock.nodes[0].xml, "/t:item[t:id='1']");
    assert_eq!(lock.nodes[0].namespaces, [("t".to_owned(), "urn:t".into())]);
    for refused in [item(1, "y"), deleted(1), item(2, "y"), deleted(2)] {
        let error = bob.set(&refused).await.unwrap_err();
        assert_eq!(tag(&error).0, ErrorTag::InUse, "{error}");
        assert_eq!(session_id(&error), alice.session().to_string());
        engine.discard(&bob.call).await.unwrap();
    }
    bob.set(&(item(3, "y") + &item(4, "y") + &name("b")))
        .await
        .unwrap();
    alice.set(&item(1, "mine")).await.unwrap();
    // Edits are free; the commit is not.
    bob.edit(&item(1, "later")).await.unwrap();
    engine.partial_unlock(&bob.call, lock.id).await.unwrap_err();
    engine.partial_unlock(&alice.call, lock.id).await.unwrap();
    engine.discard(&bob.call).await.unwrap();
    bob.set(&item(1, "later")).await.unwrap();
    let error = engine
        .partial_unlock(&alice.call, lock.id)
        .await
        .unwrap_err();
    assert_eq!(tag(&error).0, ErrorTag::InvalidValue);
}

#[tokio::test]
async fn partial_and_global_locks_exclude_each_other_between_sessions() {
    let (engine, alice, bob) = two().await;
    lock_parts(&alice, &["/t:item[t:id='1']"]).await.unwrap();
    let error = engine
        .lock(&bob.call, Datastore::Running)
        .await
        .unwrap_err();
    assert_eq!(tag(&error).0, ErrorTag::LockDenied);
    assert_eq!(session_id(&error), alice.session().to_string());
    for overlapping in ["/t:item", "/t:item[t:id='1']/t:value", "/"] {
        let error = lock_parts(&bob, &[overlapping]).await.unwrap_err();
        assert_eq!(tag(&error).0, ErrorTag::LockDenied, "{overlapping}");
        assert_eq!(session_id(&error), alice.session().to_string());
    }
    // A session may have several, also of the same.
    let again = lock_parts(&alice, &["/t:item[t:id='1']/t:value"])
        .await
        .unwrap();
    assert_eq!(again.id, 2);
    lock_parts(&bob, &["/t:item[t:id='2']"]).await.unwrap();
    engine.close_session(alice.session()).await;
    lock_parts(&bob, &["/t:item"]).await.unwrap();
    engine.lock(&bob.call, Datastore::Running).await.unwrap();
    let carol = private(&engine, "carol").await;
    let error = lock_parts(&carol, &["/t:item[t:id='3']"])
        .await
        .unwrap_err();
    assert_eq!(session_id(&error), bob.session().to_string());
}

#[tokio::test]
async fn a_wrong_selection_says_what_is_wrong() {
    let (_engine, alice, _bob) = two().await;
    for (select, expected) in [
        (
            "/t:item[t:id='9']",
            (ErrorTag::OperationFailed, "no-matches"),
        ),
        ("count(/t:item)", (ErrorTag::InvalidValue, "not-a-node-set")),
        (
            "/t:item[",
            (ErrorTag::InvalidValue, "invalid-lock-specification"),
        ),
        (
            "/q:item",
            (ErrorTag::InvalidValue, "invalid-lock-specification"),
        ),
    ] {
        let error = lock_parts(&alice, &[select]).await.unwrap_err();
        assert_eq!(tag(&error), (expected.0, Some(expected.1)), "{error}");
    }
    assert!(alice.engine.sessions().partial_locks().is_empty());
}

#[tokio::test]
async fn a_partial_lock_waits_for_no_confirmed_commit_of_another() {
    let (_engine, alice, bob) = two().await;
    alice.edit(&name("a")).await.unwrap();
    let confirmed = banyan_engine::backend::CommitParameters {
        confirmed: Some(banyan_engine::backend::Confirmed {
            timeout: 60,
            persist: None,
        }),
        ..Default::default()
    };
    alice.commit_with(confirmed).await.unwrap();
    let error = lock_parts(&bob, &["/t:item[t:id='1']"]).await.unwrap_err();
    assert_eq!(
        tag(&error),
        (ErrorTag::LockDenied, Some("outstanding-confirmed-commit"))
    );
    lock_parts(&alice, &["/t:item[t:id='1']"]).await.unwrap();
}

#[tokio::test]
async fn a_failed_commit_leaves_no_lock_that_was_not_there_before() {
    let (engine, alice, _bob) = two().await;
    let locks = || {
        let sessions = engine.sessions();
        let stores = [Datastore::Running, Datastore::Candidate, Datastore::Startup];
        let global = stores.map(|store| sessions.locked(store));
        (global, sessions.partial_locks(), sessions.private_locks())
    };
    let before = locks();
    alice
        .set(&format!("<sys {NS}><mtu>1</mtu></sys>"))
        .await
        .unwrap_err();
    assert_eq!(locks(), before);
}

/// RFC 5717 2.1.1: the nodes are those that are there when the lock is granted.
#[tokio::test]
async fn what_comes_later_is_not_locked_though_it_matches() {
    let (engine, alice, bob) = two().await;
    let lock = lock_parts(&alice, &["/t:item"]).await.unwrap();
    assert_eq!(lock.nodes.len(), 3);
    bob.set(&item(4, "y")).await.unwrap();
    bob.set(&item(4, "z")).await.unwrap();
    bob.set(&item(3, "y")).await.unwrap_err();
    engine.discard(&bob.call).await.unwrap();
    // A node that its owner deletes stays locked: nobody makes another in its place.
    alice.set(&deleted(3)).await.unwrap();
    let error = bob.set(&item(3, "mine")).await.unwrap_err();
    assert_eq!(tag(&error).0, ErrorTag::InUse);
}

/// RFC 5717 2.4.1: all of it or nothing.
#[tokio::test]
async fn a_lock_that_is_denied_in_part_locks_nothing() {
    let (engine, alice, bob) = two().await;
    let carol = private(&engine, "carol").await;
    lock_parts(&alice, &["/t:item[t:id='1']"]).await.unwrap();
    let error = lock_parts(&bob, &["/t:item[t:id='3']", "/t:item[t:id='1']"])
        .await
        .unwrap_err();
    assert_eq!(tag(&error).0, ErrorTag::LockDenied);
    assert_eq!(session_id(&error), alice.session().to_string());
    lock_parts(&carol, &["/t:item[t:id='3']"]).await.unwrap();
    // One wrong expression of several is enough, too.
    lock_parts(&bob, &["/t:item[t:id='2']", "/t:item["])
        .await
        .unwrap_err();
    assert_eq!(engine.sessions().partial_locks().len(), 2);
    // One that selects nothing beside one that does is not.
    let lock = lock_parts(&bob, &["/t:item[t:id='2']", "/t:item[t:id='9']"]);
    assert_eq!(lock.await.unwrap().nodes.len(), 1);
}

/// RFC 5717 2.1.2 and RFC 6241 7.9.
#[tokio::test]
async fn the_locks_of_a_killed_session_are_gone_before_the_answer() {
    let (engine, alice, bob) = two().await;
    lock_parts(&alice, &["/t:item[t:id='1']"]).await.unwrap();
    lock_parts(&alice, &["/t:item[t:id='2']"]).await.unwrap();
    engine
        .kill_session(&bob.call, alice.session())
        .await
        .unwrap();
    lock_parts(&bob, &["/t:item"]).await.unwrap();
}

/// RFC 5717 2.1: partial locks are of running alone, and of its changes by whatever way.
#[tokio::test]
async fn a_partial_lock_holds_for_every_way_into_running_and_for_no_other_datastore() {
    let (engine, alice, bob) = two().await;
    let lock = lock_parts(&alice, &["/t:item[t:id='1']"]).await.unwrap();
    // Another datastore is free, and its own candidate may be anything.
    let running = Origin::Store(Datastore::Running);
    engine
        .copy(&bob.call, running, Datastore::Startup)
        .await
        .unwrap();
    let other = Origin::Inline(Document::xml(item(1, "startup").into_bytes()));
    engine
        .copy(&bob.call, other.clone(), Datastore::Startup)
        .await
        .unwrap();
    engine.lock(&bob.call, Datastore::Startup).await.unwrap();
    engine
        .copy(&bob.call, other, Datastore::Candidate)
        .await
        .unwrap();
    let error = bob.commit().await.unwrap_err();
    assert_eq!(tag(&error).0, ErrorTag::InUse);
    engine.discard(&bob.call).await.unwrap();
    // A commit of what a rollback has put into the candidate is one like any other.
    engine
        .rollback_only(&bob.call, engine.running().seq)
        .await
        .unwrap();
    let error = bob.commit().await.unwrap_err();
    assert_eq!(tag(&error).0, ErrorTag::InUse, "{error}");
    engine.partial_unlock(&alice.call, lock.id).await.unwrap();
}

#[tokio::test]
async fn what_is_not_stored_is_not_locked_and_a_session_may_lock_all_beside_its_parts() {
    let (engine, alice, bob) = two().await;
    lock_parts(&alice, &["/t:sys | /t:item[t:id='1']"])
        .await
        .unwrap();
    // `sys` holds nothing yet, so it is not stored, and not locked.
    bob.set(&name("free")).await.unwrap();
    let all = format!(
        "<sys {NS} xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\" nc:operation=\"delete\"/>"
    );
    bob.set(&all).await.unwrap();
    engine.lock(&alice.call, Datastore::Running).await.unwrap();
    let error = bob.set(&name("x")).await.unwrap_err();
    assert_eq!(tag(&error).0, ErrorTag::InUse);
    assert_eq!(session_id(&error), alice.session().to_string());
}

/// Holds up whoever sets the system's name, or item 1.
struct Slow {
    reached: Semaphore,
    gate: Semaphore,
}

impl Slow {
    fn new() -> Arc<Slow> {
        Arc::new(Slow {
            reached: Semaphore::new(0),
            gate: Semaphore::new(0),
        })
    }
}

impl Participant for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    fn commit<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            if tx.parameters.comment.as_deref() == Some("slow") {
                self.reached.add_permits(1);
                self.gate.acquire().await.unwrap().forget();
            }
            Ok(())
        })
    }
}

/// An engine in which a commit of item 1 by alice hangs in a participant.
async fn hanging() -> (
    Engine,
    Client,
    Arc<Slow>,
    tokio::task::JoinHandle<Result<(), BackendError>>,
) {
    let slow = Slow::new();
    let engine = EngineBuilder::new(schema())
        .participant(slow.clone())
        .candidates(Candidates::Private)
        .open()
        .await
        .unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&item(1, "x")).await.unwrap();
    alice.edit(&item(1, "slow")).await.unwrap();
    let commit = {
        let alice = alice.clone();
        tokio::spawn(async move {
            let parameters = banyan_engine::backend::CommitParameters {
                comment: Some("slow".to_owned()),
                ..Default::default()
            };
            alice.commit_with(parameters).await.map(drop)
        })
    };
    slow.reached.acquire().await.unwrap().forget();
    (engine, alice, slow, commit)
}

fn hurried(client: &Client) -> Client {
    let mut client = client.clone();
    client.call.deadline = Some(Instant::now() + Duration::from_millis(50));
    client
}

#[tokio::test]
async fn while_a_participant_is_slow_others_commit_what_it_does_not_touch() {
    let (engine, _alice, slow, commit) = hanging().await;
    let bob = Client::open(&engine, "bob").await;
    bob.set(&(item(2, "beside") + &name("beside")))
        .await
        .unwrap();
    // Who touches the same waits until its deadline, and hears for whom.
    bob.edit(&item(1, "same")).await.unwrap();
    let error = hurried(&bob).commit().await.unwrap_err();
    assert_eq!(tag(&error).0, ErrorTag::InUse);
    assert!(error.to_string().contains("user alice"), "{error}");
    assert!(!commit.is_finished());
    slow.gate.add_permits(1);
    commit.await.unwrap().unwrap();
    let error = bob.commit().await.unwrap_err();
    assert_eq!(tag(&error).1, Some("conflict"));
    assert_eq!(engine.running().seq.0, 3);
}

#[tokio::test]
async fn a_lock_is_granted_when_the_commits_that_touch_it_are_over() {
    let (engine, _alice, slow, commit) = hanging().await;
    let bob = Client::open(&engine, "bob").await;
    bob.set(&item(2, "x")).await.unwrap();
    // Something else is free at once.
    lock_parts(&bob, &["/t:item[t:id='2']"]).await.unwrap();
    let error = lock_parts(&hurried(&bob), &["/t:item[t:id='1']"])
        .await
        .unwrap_err();
    assert_eq!(tag(&error).0, ErrorTag::LockDenied);
    assert!(error.to_string().contains("user alice"), "{error}");
    assert_eq!(engine.sessions().partial_locks().len(), 1);
    let error = engine
        .lock(&hurried(&bob).call, Datastore::Running)
        .await
        .unwrap_err();
    assert_eq!(tag(&error).0, ErrorTag::LockDenied);
    assert_eq!(engine.sessions().locked(Datastore::Running), None);
    let waiting = {
        let bob = bob.clone();
        tokio::spawn(async move { bob.engine.lock(&bob.call, Datastore::Running).await })
    };
    slow.gate.add_permits(1);
    commit.await.unwrap().unwrap();
    waiting.await.unwrap().unwrap();
    let carol = Client::open(&engine, "carol").await;
    let error = carol.set(&item(3, "x")).await.unwrap_err();
    assert_eq!(session_id(&error), bob.session().to_string());
}
