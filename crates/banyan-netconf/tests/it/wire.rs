//! What the server does with bytes: hello rules, framing, broken messages, limits.

use std::time::Duration;

use banyan_engine::backend::SessionEnd;
use banyan_netconf::limits::{Compat, Limits};
use banyan_netconf::server::ServerOptions;

use crate::raw::{BASE, HELLO_1_0, HELLO_1_1, raw};

fn small() -> ServerOptions {
    ServerOptions {
        limits: Limits {
            message_bytes: 200_000,
            depth: 50,
            hello_time: Duration::from_secs(5),
            ..Limits::default()
        },
        ..ServerOptions::default()
    }
}

#[tokio::test]
async fn a_1_0_client_talks_with_delimiters() {
    let mut session = raw(small()).await;
    session.send(HELLO_1_0).await;
    session
        .send(&format!(
            "<rpc {BASE} message-id=\"1\" x=\"y\"><get/></rpc>]]>]]>"
        ))
        .await;
    assert_eq!(
        session.until("]]>]]>").await,
        format!("<rpc-reply {BASE} message-id=\"1\" x=\"y\"><data></data></rpc-reply>]]>]]>")
    );
    session
        .send(&format!(
            "<rpc {BASE} message-id=\"2\"><close-session/></rpc>]]>]]>"
        ))
        .await;
    let reply = session.rest().await;
    assert!(
        reply.contains("message-id=\"2\"><ok/></rpc-reply>]]>]]>"),
        "{reply}"
    );
}

#[tokio::test]
async fn a_1_1_client_may_send_everything_at_once_and_close_its_side() {
    let mut session = raw(small()).await;
    let mut all = HELLO_1_1.to_owned();
    for id in 1..=100 {
        let rpc = format!("<rpc {BASE} message-id=\"{id}\"><discard-changes/></rpc>");
        all.push_str(&format!(
            "\n#5\n{}\n#{}\n{}\n##\n",
            &rpc[..5],
            rpc.len() - 5,
            &rpc[5..]
        ));
    }
    session.send(&all).await;
    session.finish().await;
    let replies = session.rest().await;
    let ids: Vec<&str> = replies
        .split("message-id=\"")
        .skip(1)
        .map(|r| r.split('"').next().unwrap())
        .collect();
    let expected: Vec<String> = (1..=100).map(|i| i.to_string()).collect();
    assert_eq!(ids, expected, "answered in order, all of them");
}

#[tokio::test]
async fn a_broken_message_gets_an_error_and_the_session_goes_on() {
    let mut session = raw(small()).await;
    session.send(HELLO_1_1).await;
    for (message, tag) in [
        (
            format!("<rpc {BASE} message-id=\"1\"><get></rpc>"),
            "malformed-message",
        ),
        (
            format!("<rpc {BASE} message-id=\"1\">{}", "<a>".repeat(10_000)),
            "too-big",
        ),
        (
            "<rpc message-id=\"1\"><get/></rpc>".to_owned(),
            "unknown-namespace",
        ),
        (format!("<rpc {BASE}><get/></rpc>"), "missing-attribute"),
        ("no xml".to_owned(), "malformed-message"),
    ] {
        session.send_chunk(&message).await;
        let reply = session.until("\n##\n").await;
        assert!(
            reply.contains(&format!("<error-tag>{tag}</error-tag>")),
            "{reply}"
        );
    }
    session
        .send_chunk(&format!("<rpc {BASE} message-id=\"9\"><get/></rpc>"))
        .await;
    assert!(session.until("\n##\n").await.contains("<data></data>"));
}

#[tokio::test]
async fn a_1_0_client_never_sees_malformed_message() {
    let mut session = raw(small()).await;
    session.send(HELLO_1_0).await;
    session.send("<rpc>]]>]]>").await;
    let reply = session.until("]]>]]>").await;
    assert!(
        reply.contains("<error-tag>operation-failed</error-tag>"),
        "{reply}"
    );
}

#[tokio::test]
async fn sessions_that_break_the_hello_rules_are_ended() {
    let with_id = HELLO_1_0.replace("</hello>", "<session-id>4</session-id></hello>");
    let without_version = HELLO_1_0.replace("base:1.0</cap", "base:9.9</cap");
    let second = format!("{HELLO_1_0}{HELLO_1_0}");
    for (text, reply) in [
        (with_id.as_str(), ""),
        (without_version.as_str(), ""),
        (second.as_str(), ""),
        ("<hello", ""),
        ("garbage]]>]]>", "<error-tag>operation-failed</error-tag>"),
        (
            "<rpc xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\" message-id=\"1\"><get/></rpc>]]>]]>",
            "the first message must be &lt;hello&gt;",
        ),
    ] {
        let mut session = raw(small()).await;
        session.send(text).await;
        session.finish().await;
        let rest = session.rest().await;
        assert!(rest.contains(reply), "{text}: {rest}");
        assert_eq!(rest.is_empty(), reply.is_empty(), "{text}: {rest}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_not_waited_for() {
    let mut session = raw(small()).await;
    assert_eq!(session.rest().await, "");
}

#[tokio::test]
async fn broken_chunks_end_the_session() {
    let mut session = raw(small()).await;
    session.send(HELLO_1_1).await;
    session.send("<rpc/>]]>]]>").await;
    assert_eq!(session.rest().await, "");
}

#[tokio::test]
async fn a_message_above_the_limit_is_answered_and_ends_the_session() {
    let mut session = raw(small()).await;
    session.send(HELLO_1_1).await;
    session.send("\n#300000\n").await;
    let reply = session.rest().await;
    assert!(reply.contains("<error-tag>too-big</error-tag>"), "{reply}");
    assert!(reply.contains("limit of 200000 bytes"), "{reply}");
}

#[tokio::test]
async fn lenient_sessions_work_as_the_manuals_show() {
    let options = ServerOptions {
        compat: Compat::Lenient,
        ..small()
    };
    let mut session = raw(options).await;
    session
        .send("<rpc><echo xmlns=\"urn:ex\"><stream>EXAMPLE</stream></echo></rpc>]]>]]>")
        .await;
    let reply = session.until("]]>]]>").await;
    assert_eq!(
        reply,
        format!("<rpc-reply {BASE}><stream>EXAMPLE</stream></rpc-reply>]]>]]>")
    );
    session
        .send("<rpc><get-config><source><candidate/></source></get-config></rpc>]]>]]>")
        .await;
    assert!(session.until("]]>]]>").await.contains("<data></data>"));
}

#[tokio::test]
async fn a_failure_in_the_middle_of_a_reply_ends_the_session() {
    let mut session = raw(small()).await;
    session.send(HELLO_1_1).await;
    session
        .send_chunk(&format!(
            "<rpc {BASE} message-id=\"1\"><late-failure xmlns=\"urn:ex\"/></rpc>"
        ))
        .await;
    let rest = session.rest().await;
    assert!(!rest.contains("</rpc-reply>"), "{rest}");
}

#[tokio::test]
async fn stopping_the_server_ends_idle_sessions() {
    let mut session = raw(small()).await;
    session.send(HELLO_1_1).await;
    session.stop.cancel();
    assert_eq!(session.rest().await, "");
}

#[tokio::test]
async fn the_backend_hears_how_a_session_ended() {
    let get = format!("<rpc {BASE} message-id=\"1\"><get/></rpc>");
    let close = get.replace("get", "close-session");
    let hello_with_id = HELLO_1_0.replace("</hello>", "<session-id>4</session-id></hello>");
    for (said, why) in [
        (format!("{HELLO_1_0}{close}]]>]]>"), SessionEnd::Closed),
        (format!("{HELLO_1_0}{get}]]>]]>"), SessionEnd::Dropped),
        (format!("{HELLO_1_0}<rpc"), SessionEnd::Dropped),
        (hello_with_id, SessionEnd::BadHello),
        (format!("{get}]]>]]>"), SessionEnd::BadHello),
        (format!("{HELLO_1_0}{HELLO_1_0}"), SessionEnd::Other),
        (format!("{HELLO_1_1}nonsense"), SessionEnd::Other),
    ] {
        let mut session = raw(small()).await;
        session.send(&said).await;
        session.finish().await;
        session.rest().await;
        assert_eq!(*session.fake.ends.lock().unwrap(), [why], "{said}");
    }
    let hasty = ServerOptions {
        limits: Limits {
            hello_time: Duration::from_millis(20),
            ..Limits::default()
        },
        ..ServerOptions::default()
    };
    let mut session = raw(hasty).await;
    session.rest().await;
    assert_eq!(*session.fake.ends.lock().unwrap(), [SessionEnd::Timeout]);
}
