//! Candidate, running and startup: edits, copies, locks, reads.

use banyan_engine::backend::{
    Backend, Datastore, DefaultOperation, Document, EditRequest, Encoding, Filter, Get, Origin,
    TestOption, WithDefaults,
};
use banyan_engine::error::ErrorTag;

use crate::fixture::{Client, NS, in_memory, item, name};

#[tokio::test]
async fn an_edit_is_in_force_after_the_commit_and_not_before() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    alice.edit(&name("a")).await.unwrap();
    assert_eq!(alice.show(Datastore::Candidate).await, name("a"));
    assert_eq!(alice.show(Datastore::Running).await, "");
    let committed = alice.commit().await.unwrap();
    assert_eq!(committed.seq.unwrap().0, 1);
    assert_eq!(alice.show(Datastore::Running).await, name("a"));
}

#[tokio::test]
async fn a_commit_without_a_change_is_not_logged() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    let again = alice.commit().await.unwrap();
    assert_eq!(again.seq, None);
    assert_eq!(engine.running().seq.0, 1);
}

#[tokio::test]
async fn discarding_makes_the_candidate_running() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    alice.edit(&name("a")).await.unwrap();
    engine.discard(&alice.call).await.unwrap();
    assert_eq!(alice.show(Datastore::Candidate).await, "");
}

#[tokio::test]
async fn an_invalid_candidate_is_refused_and_kept() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    alice
        .edit(&format!("<sys {NS}><mtu>10</mtu></sys>"))
        .await
        .unwrap();
    let error = alice.commit().await.unwrap_err();
    assert_eq!(error.reports[0].app_tag.as_deref(), Some("must-violation"));
    assert_eq!(error.reports[0].path.as_deref(), Some("/t:sys/mtu"));
    assert_eq!(engine.running().seq.0, 0);
    assert!(
        alice
            .show(Datastore::Candidate)
            .await
            .contains("<mtu>10</mtu>")
    );
    engine
        .validate(&alice.call, Origin::Store(Datastore::Candidate))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn deleting_a_leafref_target_is_refused() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    let reference = format!("<ref {NS}><id>r</id><to>7</to></ref>");
    alice.set(&(item(7, "x") + &reference)).await.unwrap();
    let nc = "xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\"";
    let deletion = format!("<item {NS} {nc} nc:operation=\"delete\"><id>7</id></item>");
    let error = alice.set(&deletion).await.unwrap_err();
    assert_eq!(
        error.reports[0].app_tag.as_deref(),
        Some("instance-required")
    );
}

#[tokio::test]
async fn two_who_change_different_things_both_succeed_and_conflicts_are_named() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    alice.edit(&item(1, "a")).await.unwrap();
    // Meanwhile running changes below the candidate.
    let other = engine.change(
        &alice.call,
        internal(),
        Default::default(),
        Default::default(),
        |running| {
            let edit = banyan_data::xml::parse_edit(
                running.schema(),
                item(2, "b").as_bytes(),
                banyan_data::edit::Operation::Merge,
                &Default::default(),
            )
            .unwrap();
            Ok(edit.apply(running).unwrap())
        },
    );
    other.await.unwrap();
    alice.commit().await.unwrap();
    assert_eq!(
        alice.show(Datastore::Running).await,
        item(1, "a") + &item(2, "b")
    );
}

fn internal() -> banyan_engine::backend::Source {
    banyan_engine::backend::Source {
        front_end: "test".into(),
        transport: "internal".into(),
        peer: None,
    }
}

#[tokio::test]
async fn running_is_written_by_commits_only() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    let request = EditRequest {
        target: Datastore::Running,
        edit: Document::xml(name("a").into_bytes()),
        default_operation: DefaultOperation::Merge,
        test_option: TestOption::Set,
    };
    let error = engine.edit(&alice.call, request).await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::OperationNotSupported);
    for to in [Datastore::Running] {
        engine
            .copy(&alice.call, Origin::Store(Datastore::Candidate), to)
            .await
            .unwrap_err();
        engine.delete(&alice.call, to).await.unwrap_err();
    }
}

#[tokio::test]
async fn startup_is_a_copy_that_later_commits_do_not_touch() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    engine
        .copy(
            &alice.call,
            Origin::Store(Datastore::Running),
            Datastore::Startup,
        )
        .await
        .unwrap();
    alice.set(&name("b")).await.unwrap();
    assert_eq!(alice.show(Datastore::Startup).await, name("a"));
    engine
        .copy(
            &alice.call,
            Origin::Store(Datastore::Startup),
            Datastore::Candidate,
        )
        .await
        .unwrap();
    alice.commit().await.unwrap();
    assert_eq!(alice.show(Datastore::Running).await, name("a"));
    engine
        .delete(&alice.call, Datastore::Startup)
        .await
        .unwrap();
    assert_eq!(alice.show(Datastore::Startup).await, "");
}

#[tokio::test]
async fn a_locked_candidate_is_edited_by_its_owner_alone() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    let bob = Client::open(&engine, "bob").await;
    engine
        .lock(&alice.call, Datastore::Candidate)
        .await
        .unwrap();
    let error = bob.edit(&name("b")).await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::InUse);
    assert!(error.to_string().contains("user alice"), "{error}");
    let denied = engine
        .lock(&bob.call, Datastore::Candidate)
        .await
        .unwrap_err();
    assert_eq!(denied.reports[0].tag, ErrorTag::LockDenied);
    assert_eq!(
        denied.reports[0].info,
        [("session-id".into(), alice.session().to_string())]
    );
    bob.commit().await.unwrap_err();
    alice.set(&name("a")).await.unwrap();
}

#[tokio::test]
async fn a_modified_candidate_cannot_be_locked() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    let bob = Client::open(&engine, "bob").await;
    alice.edit(&name("a")).await.unwrap();
    let error = engine
        .lock(&bob.call, Datastore::Candidate)
        .await
        .unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::LockDenied);
    engine.discard(&alice.call).await.unwrap();
    engine.lock(&bob.call, Datastore::Candidate).await.unwrap();
}

#[tokio::test]
async fn the_end_of_a_candidate_lock_discards_what_was_not_committed() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    engine
        .lock(&alice.call, Datastore::Candidate)
        .await
        .unwrap();
    alice.edit(&name("a")).await.unwrap();
    engine
        .unlock(&alice.call, Datastore::Candidate)
        .await
        .unwrap();
    assert_eq!(alice.show(Datastore::Candidate).await, "");

    engine
        .lock(&alice.call, Datastore::Candidate)
        .await
        .unwrap();
    alice.edit(&name("a")).await.unwrap();
    let bob = Client::open(&engine, "bob").await;
    engine
        .kill_session(&bob.call, alice.session())
        .await
        .unwrap();
    assert_eq!(bob.show(Datastore::Candidate).await, "");
    engine.session_ended(alice.session()).await;
    engine.lock(&bob.call, Datastore::Candidate).await.unwrap();
}

#[tokio::test]
async fn a_failing_edit_leaves_the_candidate_as_it_was() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    alice.edit(&name("a")).await.unwrap();
    alice.edit("<sys").await.unwrap_err();
    alice
        .edit(&format!("<sys {NS}><name>b</name><mtu>many</mtu></sys>"))
        .await
        .unwrap_err();
    assert_eq!(alice.show(Datastore::Candidate).await, name("a"));
}

fn running(filter: Option<Filter>, with_defaults: WithDefaults) -> Get {
    Get {
        store: Datastore::Running,
        state: false,
        filter,
        with_defaults,
        encoding: Encoding::Xml,
    }
}

#[tokio::test]
async fn an_xpath_filter_selects_nodes_with_their_keys() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    alice
        .set(&(name("a") + &item(1, "x") + &item(2, "y")))
        .await
        .unwrap();
    let select = |select: &str| {
        let filter = Filter::XPath {
            select: select.to_owned(),
            namespaces: vec![("p".to_owned(), "urn:t".to_owned())],
        };
        running(Some(filter), WithDefaults::Explicit)
    };
    let all_of = "/p:item[p:value='x']";
    assert_eq!(alice.get(select(all_of)).await.unwrap(), item(1, "x"));
    // Module names and names alone do as well.
    let leaf = "/t:sys/name | /item[id='2']/value";
    assert_eq!(
        alice.get(select(leaf)).await.unwrap(),
        name("a") + &item(2, "y")
    );
    alice.get(select("1 + 1")).await.unwrap_err();
    alice.get(select("/p:item[")).await.unwrap_err();
}

#[tokio::test]
async fn a_subtree_filter_matches_contents() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    alice
        .set(&(name("a") + &item(1, "x") + &item(2, "y")))
        .await
        .unwrap();
    let select = |filter: String| {
        let filter = Filter::Subtree(Document::xml(filter.into_bytes()));
        running(Some(filter), WithDefaults::Explicit)
    };
    let one = select(format!("<item {NS}><id>2</id></item>"));
    assert_eq!(alice.get(one).await.unwrap(), item(2, "y"));
    let all = select(format!("<sys {NS}/>"));
    assert_eq!(alice.get(all).await.unwrap(), name("a"));
    assert_eq!(alice.get(select(String::new())).await.unwrap(), "");
}

#[tokio::test]
async fn defaults_in_use_are_shown_on_request() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("a")).await.unwrap();
    let shown = alice.get(running(None, WithDefaults::ReportAll)).await;
    assert_eq!(
        shown.unwrap(),
        format!("<sys {NS}><name>a</name><mtu>1500</mtu></sys>")
    );
}

#[tokio::test]
async fn a_large_reply_comes_in_pieces() {
    let engine = in_memory().await;
    let alice = Client::open(&engine, "alice").await;
    let many: String = (0..5000)
        .map(|id| item(id, "some value or other"))
        .collect();
    alice.set(&many).await.unwrap();
    let get = Get {
        store: Datastore::Running,
        state: false,
        filter: None,
        with_defaults: WithDefaults::Explicit,
        encoding: Encoding::Xml,
    };
    let body = engine.get(&alice.call, get).await.unwrap();
    assert!(matches!(body, banyan_engine::backend::Body::Stream(_)));
    assert_eq!(body.collect().await.unwrap(), many.as_bytes());
}
