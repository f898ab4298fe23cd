//! What the server tells of itself (RFC 6470).

use std::time::Duration;

use banyan_engine::SessionId;
use banyan_engine::backend::{
    Backend, CommitParameters, Confirmed, Datastore, Origin, Principal, SessionEnd, Source,
};

use super::{NS, Subscriber, engine, item};
use crate::fixture::Client;

fn filter(name: &str) -> String {
    format!(
        "<filter><{name} xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-notifications\"/></filter>"
    )
}

#[tokio::test]
async fn a_commit_is_told_with_who_made_it_and_each_of_its_edits() {
    let (engine, _) = engine().await;
    let bob = Client::open(&engine, "bob").await;
    bob.set(&format!(
        "{}{}",
        item(1, "<value>a</value><order>x</order><order>y</order>"),
        item(2, "")
    ))
    .await
    .unwrap();
    let mut alice =
        Subscriber::subscribed(&engine, "alice", &filter("netconf-config-change")).await;
    bob.edit(&item(1, "<value>b</value>")).await.unwrap();
    bob.edit(&format!(
        "<item {NS} xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' nc:operation='delete'><id>2</id></item>"
    ))
    .await
    .unwrap();
    bob.edit(&item(3, "<value>c</value>")).await.unwrap();
    bob.edit(&format!(
        "<item {NS}><id>1</id><order xmlns:y='urn:ietf:params:xml:ns:yang:1' y:insert='first'>y</order></item><sys {NS}><name>n</name></sys>"
    ))
    .await
    .unwrap();
    bob.commit().await.unwrap();
    insta::assert_snapshot!(alice.text().await.replace("><", ">\n<"), @r#"
    <netconf-config-change xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-notifications">
    <changed-by>
    <username>bob</username>
    <session-id>1</session-id>
    <source-host>192.0.2.1</source-host>
    </changed-by>
    <datastore>running</datastore>
    <edit>
    <target xmlns:e="urn:e">/e:sys</target>
    <operation>create</operation>
    </edit>
    <edit>
    <target xmlns:e="urn:e">/e:item[e:id='1']/e:value</target>
    <operation>replace</operation>
    </edit>
    <edit>
    <target xmlns:e="urn:e">/e:item[e:id='1']/e:order[.='y']</target>
    <operation>merge</operation>
    </edit>
    <edit>
    <target xmlns:e="urn:e">/e:item[e:id='2']</target>
    <operation>delete</operation>
    </edit>
    <edit>
    <target xmlns:e="urn:e">/e:item[e:id='3']</target>
    <operation>create</operation>
    </edit>
    </netconf-config-change>
    "#);
}

#[tokio::test]
async fn commits_are_told_in_the_order_of_the_log() {
    let (engine, _) = engine().await;
    let mut alice =
        Subscriber::subscribed(&engine, "alice", &filter("netconf-config-change")).await;
    let mut writers = Vec::new();
    for number in 0..8u32 {
        let engine = engine.clone();
        writers.push(tokio::spawn(async move {
            for round in 0..10 {
                let user = Client::open(&engine, &format!("u{number}")).await;
                engine
                    .choose_candidate(&user.call, banyan_engine::backend::Candidates::Private)
                    .await
                    .unwrap();
                let text = format!("<value>{round}</value>");
                user.set(&item(number * 100 + round, &text)).await.unwrap();
            }
        }));
    }
    let mut seen = Vec::new();
    for _ in 0..80 {
        let text = alice.text().await;
        let (_, user) = text.split_once("<username>").unwrap();
        seen.push(user.split('<').next().unwrap().to_owned());
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let heads = engine.log().history(banyan_engine::Seq(80), 80).unwrap();
    let mut logged: Vec<(u64, String)> = heads
        .iter()
        .map(|head| (head.seq.0, head.user.to_string()))
        .collect();
    logged.sort();
    let logged: Vec<String> = logged.into_iter().map(|(_, user)| user).collect();
    assert_eq!(seen, logged);
}

#[tokio::test]
async fn a_change_of_startup_is_told_without_edits() {
    let (engine, _) = engine().await;
    let mut alice =
        Subscriber::subscribed(&engine, "alice", &filter("netconf-config-change")).await;
    let bob = Client::open(&engine, "bob").await;
    let running = Origin::Store(Datastore::Running);
    engine
        .copy(&bob.call, running, Datastore::Startup)
        .await
        .unwrap();
    insta::assert_snapshot!(alice.text().await, @r#"<netconf-config-change xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"><changed-by><username>bob</username><session-id>2</session-id><source-host>192.0.2.1</source-host></changed-by><datastore>startup</datastore></netconf-config-change>"#);
    engine.delete(&bob.call, Datastore::Startup).await.unwrap();
    assert!(
        alice
            .text()
            .await
            .contains("<datastore>startup</datastore>")
    );
}

#[tokio::test]
async fn sessions_begin_and_end_with_a_reason() {
    let (engine, _) = engine().await;
    let mut alice = Subscriber::subscribed(&engine, "alice", "").await;
    let bob = Client::open(&engine, "bob").await;
    insta::assert_snapshot!(alice.text().await, @r#"<netconf-session-start xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"><username>bob</username><session-id>2</session-id><source-host>192.0.2.1</source-host></netconf-session-start>"#);
    engine.close_session(bob.session()).await;
    insta::assert_snapshot!(alice.text().await, @r#"<netconf-session-end xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"><username>bob</username><session-id>2</session-id><source-host>192.0.2.1</source-host><termination-reason>closed</termination-reason></netconf-session-end>"#);
    let carol = Client::open(&engine, "carol").await;
    alice.text().await;
    engine
        .end_session(carol.session(), SessionEnd::Dropped)
        .await;
    assert!(alice.text().await.contains("<termination-reason>dropped<"));
    let dave = Client::open(&engine, "dave").await;
    alice.text().await;
    engine
        .kill_session(&alice.client.call, dave.session())
        .await
        .unwrap();
    insta::assert_snapshot!(alice.text().await, @r#"<netconf-session-end xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"><username>dave</username><session-id>4</session-id><source-host>192.0.2.1</source-host><killed-by>1</killed-by><termination-reason>killed</termination-reason></netconf-session-end>"#);
    // The front end sees it and closes: that is no second end.
    engine.close_session(dave.session()).await;
    let local = Source {
        front_end: "cli".into(),
        transport: "unix".into(),
        peer: Some("pid 17".into()),
    };
    let session: SessionId = engine
        .open_session(Principal::user("eve"), local)
        .await
        .unwrap();
    let text = alice.text().await;
    assert!(text.contains(&format!("<session-id>{session}<")), "{text}");
    assert!(!text.contains("source-host"), "{text}");
}

#[tokio::test]
async fn the_steps_of_confirmed_commits_are_told() {
    let (engine, clock) = engine().await;
    let name = filter("netconf-confirmed-commit");
    let mut alice = Subscriber::subscribed(&engine, "alice", &name).await;
    let bob = Client::open(&engine, "bob").await;
    let confirmed = |timeout| CommitParameters {
        confirmed: Some(Confirmed {
            timeout,
            persist: None,
        }),
        ..CommitParameters::default()
    };
    let commit = async |timeout: u32, value: &str| {
        let value = format!("<value>{value}</value>");
        bob.edit(&item(1, &value)).await.unwrap();
        bob.commit_with(confirmed(timeout)).await.unwrap();
    };
    commit(600, "a").await;
    insta::assert_snapshot!(alice.text().await, @r#"<netconf-confirmed-commit xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"><username>bob</username><session-id>2</session-id><source-host>192.0.2.1</source-host><confirm-event>start</confirm-event><timeout>600</timeout></netconf-confirmed-commit>"#);
    commit(300, "b").await;
    insta::assert_snapshot!(alice.text().await, @r#"<netconf-confirmed-commit xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"><username>bob</username><session-id>2</session-id><source-host>192.0.2.1</source-host><confirm-event>extend</confirm-event><timeout>300</timeout></netconf-confirmed-commit>"#);
    bob.commit().await.unwrap();
    insta::assert_snapshot!(alice.text().await, @r#"<netconf-confirmed-commit xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"><username>bob</username><session-id>2</session-id><source-host>192.0.2.1</source-host><confirm-event>complete</confirm-event></netconf-confirmed-commit>"#);
    commit(600, "c").await;
    alice.text().await;
    engine.cancel_commit(&bob.call, None).await.unwrap();
    insta::assert_snapshot!(alice.text().await, @r#"<netconf-confirmed-commit xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"><username>bob</username><session-id>2</session-id><source-host>192.0.2.1</source-host><confirm-event>cancel</confirm-event></netconf-confirmed-commit>"#);
    commit(60, "d").await;
    alice.text().await;
    clock.advance(Duration::from_secs(61));
    insta::assert_snapshot!(alice.text().await, @r#"<netconf-confirmed-commit xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"><confirm-event>timeout</confirm-event></netconf-confirmed-commit>"#);
    commit(60, "e").await;
    alice.text().await;
    engine.close_session(bob.session()).await;
    let text = alice.text().await;
    assert!(text.contains("<confirm-event>cancel<"), "{text}");
    assert!(text.contains("<username>bob<"), "{text}");
}

#[tokio::test]
async fn what_the_server_takes_back_by_itself_is_its_own_change() {
    let (engine, clock) = engine().await;
    let bob = Client::open(&engine, "bob").await;
    let mut alice =
        Subscriber::subscribed(&engine, "alice", &filter("netconf-config-change")).await;
    bob.edit(&item(1, "")).await.unwrap();
    let confirmed = Some(Confirmed {
        timeout: 60,
        persist: None,
    });
    bob.commit_with(CommitParameters {
        confirmed,
        ..CommitParameters::default()
    })
    .await
    .unwrap();
    alice.text().await;
    clock.advance(Duration::from_secs(61));
    insta::assert_snapshot!(alice.text().await, @r#"<netconf-config-change xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"><changed-by><server/></changed-by><datastore>running</datastore><edit><target xmlns:e="urn:e">/e:item[e:id='1']</target><operation>delete</operation></edit></netconf-config-change>"#);
}
