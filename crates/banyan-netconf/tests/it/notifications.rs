//! Notices on their way to the client: whole, between replies, and never in the way of anything.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use banyan_engine::backend::{Cancel, Document, Encoding, WithDefaults};
use banyan_engine::notice::Notice;
use banyan_netconf::client::{Client, ClientOptions, lend};
use banyan_netconf::names;
use banyan_netconf::server::{Server, ServerOptions};
use banyan_netconf::transport::pipe;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::fake::{Fake, notice};
use crate::raw::{BASE, HELLO_1_0, HELLO_1_1, Raw, raw_with};

const EVENT: &str = "<notification xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\">\
                     <eventTime>2026-11-28T01:02:03.25Z</eventTime><up xmlns=\"urn:ex\"/></notification>";

fn subscribing() -> Arc<Fake> {
    let fake = Arc::new(Fake::default());
    fake.subscriptions.store(true, Ordering::Relaxed);
    fake
}

async fn session(hello: &str) -> Raw {
    let mut session = raw_with(subscribing(), ServerOptions::default()).await;
    session.send(hello).await;
    session
}

/// One that fills every buffer on its way.
fn huge() -> Notice {
    let text = "x".repeat(1 << 20);
    Notice {
        document: Document::xml(format!("<huge xmlns=\"urn:ex\">{text}</huge>")),
        ..notice("huge")
    }
}

fn rpc(id: u32, operation: &str) -> String {
    format!("<rpc {BASE} message-id=\"{id}\">{operation}</rpc>")
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn notifications_are_announced_only_by_a_backend_that_has_them() {
    for served in [true, false] {
        let fake = Arc::new(Fake::default());
        fake.subscriptions.store(served, Ordering::Relaxed);
        let (end, server) = pipe("anna");
        let serving = Server::new(fake, ServerOptions::default());
        tokio::spawn(async move {
            serving
                .serve_session(Box::new(server), Cancel::default())
                .await
        });
        let (client, _) = Client::open(Box::new(end), ClientOptions::default())
            .await
            .unwrap();
        assert_eq!(client.hello().offers(names::NOTIFICATION_1_0), served);
        assert_eq!(client.hello().offers(names::INTERLEAVE_1_0), served);
    }
}

#[tokio::test]
async fn a_notice_is_a_whole_message_in_both_framings() {
    let mut old = session(HELLO_1_0).await;
    old.fake.mailbox(1).await.send(notice("up")).await.unwrap();
    assert_eq!(old.until("]]>]]>").await, format!("{EVENT}]]>]]>"));
    old.send(&format!("{}]]>]]>", rpc(1, "<close-session/>")))
        .await;
    assert!(old.rest().await.ends_with("<ok/></rpc-reply>]]>]]>"));

    let mut new = session(HELLO_1_1).await;
    new.fake.mailbox(1).await.send(notice("up")).await.unwrap();
    let message = new.until("\n##\n").await;
    let mut content = String::new();
    let mut rest = &*message;
    while let Some(chunk) = rest.strip_prefix("\n#").filter(|c| !c.starts_with('#')) {
        let (length, data) = chunk.split_once('\n').unwrap();
        let (data, after) = data.split_at(length.parse().unwrap());
        content.push_str(data);
        rest = after;
    }
    assert_eq!(content, EVENT);
    new.send_chunk(&rpc(1, "<close-session/>")).await;
    assert!(new.rest().await.contains("<ok/></rpc-reply>"));
}

#[tokio::test]
async fn a_request_that_takes_long_holds_no_notice_back() {
    let mut session = session(HELLO_1_0).await;
    let operations = [
        "<waiting xmlns=\"urn:ex\"/>",
        "<late-output xmlns=\"urn:ex\"/>",
    ];
    for (before, operation) in operations.iter().enumerate() {
        session.send(&format!("{}]]>]]>", rpc(1, operation))).await;
        let fake = session.fake.clone();
        eventually("the request is begun", || {
            fake.waited.load(Ordering::Relaxed) > before
        })
        .await;
        session
            .fake
            .mailbox(1)
            .await
            .send(notice("up"))
            .await
            .unwrap();
        assert_eq!(session.until("]]>]]>").await, format!("{EVENT}]]>]]>"));
        session.fake.go_on.notify_one();
        let reply = session.until("]]>]]>").await;
        assert!(reply.starts_with("<rpc-reply"), "{reply}");
    }
}

#[tokio::test]
async fn what_a_request_starts_comes_after_its_reply_and_what_it_ends_before() {
    let mut session = session(HELLO_1_0).await;
    let create = format!("<create-subscription xmlns=\"{}\"/>", names::NOTIFICATION);
    session.send(&format!("{}]]>]]>", rpc(1, &create))).await;
    assert!(session.until("]]>]]>").await.contains("<ok/>"));
    let event = session.until("]]>]]>").await;
    assert!(event.contains("<create-subscription"), "{event}");

    let delete = format!("<delete-subscription xmlns=\"{}\"/>", names::SUBSCRIBED);
    session.send(&format!("{}]]>]]>", rpc(2, &delete))).await;
    let event = session.until("]]>]]>").await;
    assert!(event.contains("<delete-subscription"), "{event}");
    assert!(session.until("]]>]]>").await.contains("<ok/>"));
}

#[tokio::test]
async fn work_goes_on_while_the_client_reads_nothing_and_a_kill_ends_it() {
    let mut session = session(HELLO_1_1).await;
    session
        .send_chunk(&rpc(1, "<waiting xmlns=\"urn:ex\"/>"))
        .await;
    let fake = session.fake.clone();
    eventually("the request is begun", || {
        fake.waited.load(Ordering::Relaxed) == 1
    })
    .await;
    for _ in 0..3 {
        session.fake.mailbox(1).await.send(huge()).await.unwrap();
    }
    // The first one is being written, and nobody reads.
    let mailbox = session.fake.mailbox(1).await;
    eventually("one is taken", || mailbox.capacity() > 1).await;
    session.fake.go_on.notify_one();
    eventually("the work is done", || {
        fake.went_on.load(Ordering::Relaxed) == 1
    })
    .await;
    kill(&session.fake).await;
    let ended = timeout(Duration::from_secs(9), &mut session.session).await;
    ended.expect("it ends without its client").unwrap();
    assert!(session.fake.sessions().is_empty());
}

#[tokio::test]
async fn a_client_that_wants_json_gets_it_as_text() {
    let fake = subscribing();
    let (end, server) = pipe("anna");
    let serving = Server::new(fake.clone(), ServerOptions::default());
    tokio::spawn(async move {
        serving
            .serve_session(Box::new(server), Cancel::default())
            .await
    });
    let mut options = ClientOptions::default();
    let wish = names::JSON_NOTIFICATIONS.to_owned();
    options.hello.capabilities.push(wish);
    let (client, mut events) = Client::open(Box::new(end), options).await.unwrap();
    client.get(None, WithDefaults::Explicit).await.unwrap();
    assert_eq!(fake.wanted.lock().unwrap().take(), Some(Encoding::Json));
    let json = "{\"ex:up\":{\"why\":\"a < b & ]]>\"}}";
    let up = Notice {
        document: Document::json(json),
        ..notice("up")
    };
    fake.mailbox(1).await.send(up).await.unwrap();
    let event = events.recv().await.unwrap();
    assert_eq!(event.json().as_deref(), Some(json));
    fake.mailbox(1).await.send(notice("up")).await.unwrap();
    assert_eq!(events.recv().await.unwrap().json(), None);
}

#[tokio::test]
async fn a_session_that_is_lent_has_no_notifications_and_says_so() {
    let fake = subscribing();
    let (end, server) = pipe("anna");
    let serving = Server::new(fake.clone(), ServerOptions::default());
    tokio::spawn(async move {
        serving
            .serve_session(Box::new(server), Cancel::default())
            .await
    });
    let (holder, _) = Client::open(Box::new(end), ClientOptions::default())
        .await
        .unwrap();
    let (end, lent) = pipe("anna");
    tokio::spawn(lend(holder.clone(), Box::new(lent)));
    let (guest, _) = Client::open(Box::new(end), ClientOptions::default())
        .await
        .unwrap();
    assert!(holder.hello().offers(names::NOTIFICATION_1_0));
    assert!(!guest.hello().offers(names::NOTIFICATION_1_0));
    assert!(!guest.hello().offers(names::INTERLEAVE_1_0));
    let create = format!("<create-subscription xmlns=\"{}\"/>", names::NOTIFICATION);
    let refused = guest.rpc(create).await.unwrap_err().to_string();
    assert!(refused.contains("a session of your own"), "{refused}");
    guest.get(None, WithDefaults::Explicit).await.unwrap();
}

/// Ends session 1 as another session does it.
async fn kill(fake: &Arc<Fake>) {
    let (end, server) = pipe("bert");
    let serving = Server::new(fake.clone(), ServerOptions::default());
    tokio::spawn(async move {
        serving
            .serve_session(Box::new(server), Cancel::default())
            .await
    });
    let (killer, _) = Client::open(Box::new(end), ClientOptions::default())
        .await
        .unwrap();
    killer.kill_session(1).await.unwrap();
    killer.close().await.unwrap();
    eventually("the killer is gone", || {
        fake.sessions().iter().all(|(user, _)| user != "bert")
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_while_a_notification_is_written() {
    for stops in [true, false] {
        let mut session = session(HELLO_1_1).await;
        session.fake.mailbox(1).await.send(huge()).await.unwrap();
        let mailbox = session.fake.mailbox(1).await;
        eventually("it is taken", || {
            mailbox.capacity() == mailbox.max_capacity()
        })
        .await;
        match stops {
            true => session.stop.cancel(),
            false => kill(&session.fake).await,
        }
        let ended = timeout(Duration::from_secs(9), &mut session.session).await;
        ended.expect("it ends without its client").unwrap();
        assert!(session.fake.sessions().is_empty());
        assert!(mailbox.is_closed(), "subscriptions see the end");
    }
}

#[tokio::test]
async fn a_client_that_reads_gets_the_last_notification_whole_when_the_server_stops() {
    let mut session = session(HELLO_1_0).await;
    session.fake.mailbox(1).await.send(huge()).await.unwrap();
    session.until("<huge").await;
    session.stop.cancel();
    let rest = session.rest().await;
    assert!(rest.ends_with("</notification>]]>]]>"));
}

#[tokio::test]
async fn a_client_gets_notifications_beside_replies_and_progress() {
    let fake = subscribing();
    let (end, server) = pipe("anna");
    let serving = Server::new(fake.clone(), ServerOptions::default());
    tokio::spawn(async move {
        serving
            .serve_session(Box::new(server), Cancel::default())
            .await
    });
    let (client, mut events) = Client::open(Box::new(end), ClientOptions::default())
        .await
        .unwrap();
    for n in 0..50 {
        fake.mailbox(1)
            .await
            .send(notice(&format!("e{n}")))
            .await
            .unwrap();
        let (sender, mut lines) = mpsc::unbounded_channel();
        client
            .rpc_with_progress("<slow xmlns=\"urn:ex\"><x/></slow>", sender)
            .await
            .unwrap();
        assert_eq!(lines.recv().await.as_deref(), Some("first step"));
        client.get(None, WithDefaults::Explicit).await.unwrap();
    }
    for n in 0..50 {
        let event = events.recv().await.unwrap();
        assert_eq!(event.event.local(), format!("e{n}"));
        assert_eq!(event.event_time, "2026-11-28T01:02:03.25Z");
    }
    assert_eq!(client.dropped_notifications(), 0);
}
