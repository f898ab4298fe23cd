//! Where the rules come from, and for whom none counts: the first start, the recovery user, a file, front ends.

use std::path::Path;

use banyan_engine::access::{AccessOptions, Credentials, Mode};
use banyan_engine::backend::{Backend, Call, Datastore, Principal, Source};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::files::{Files, Sync};
use banyan_engine::session::INTERNAL;

use super::{NACM, builder, denied, options, path};
use crate::fixture::{Client, Machine, item, name, schema, schema_with_system};

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
async fn a_running_that_was_not_validated_gets_its_administrator_all_the_same() {
    use banyan_engine::engine::StartMode;
    let machine = Machine::new();
    let invalid = format!(
        "<config><sys {}><mtu>1</mtu></sys></config>",
        crate::fixture::NS
    );
    machine
        .files
        .put(Path::new("/store/running_db"), invalid.as_bytes());
    let started = |mode| {
        let builder = machine.builder(schema_with_system()).access(options());
        builder.start(mode).open()
    };
    let engine = started(StartMode::None).await.unwrap();
    assert_eq!(engine.running().seq.0, 2);
    // What was wrong stays to be found by the first commit of somebody.
    assert!(!engine.running().is_validated());
    let root = Client::open(&engine, "root").await;
    let error = root.set(&item(1, "x")).await.unwrap_err().to_string();
    assert!(error.contains("/t:sys/mtu"), "{error}");
    root.edit(&format!("<sys {}><mtu>100</mtu></sys>", crate::fixture::NS))
        .await
        .unwrap();
    root.commit().await.unwrap();
    assert!(engine.running().is_validated());
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
async fn without_its_module_it_does_not_start() {
    let error = EngineBuilder::new(schema())
        .access(options())
        .open()
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("ietf-netconf-acm"), "{error}");
}
