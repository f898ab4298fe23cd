//! Client and server together, over pipes and Unix sockets.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use banyan_engine::backend::{
    Cancel, CommitParameters, Confirmed, Datastore, DefaultOperation, Document, EditRequest,
    Filter, Origin, TestOption, WithDefaults,
};
use banyan_netconf::client::{Client, ClientError, ClientOptions, CommitReport};
use banyan_netconf::hello::Hello;
use banyan_netconf::names;
use banyan_netconf::operations;
use banyan_netconf::rpc_error::{ErrorInfo, ErrorTag, RpcError};
use banyan_netconf::server::{Server, ServerOptions};
use banyan_netconf::transport::{Pipe, UnixListener, connect_unix, pipe, relay, user_name};
use tokio::sync::mpsc;

use crate::fake::Fake;

const EXPLICIT: WithDefaults = WithDefaults::Explicit;

fn serve(fake: &Arc<Fake>) -> Pipe {
    let (client, server) = pipe("anna");
    let serving = Server::new(fake.clone(), ServerOptions::default());
    tokio::spawn(async move {
        serving
            .serve_session(Box::new(server), Cancel::default())
            .await
    });
    client
}

async fn client(fake: &Arc<Fake>) -> Client {
    let end = serve(fake);
    let (client, _) = Client::open(Box::new(end), ClientOptions::default())
        .await
        .unwrap();
    client
}

fn edit(bytes: &str) -> EditRequest {
    EditRequest {
        target: Datastore::Candidate,
        edit: Document::xml(bytes.to_owned()),
        default_operation: DefaultOperation::Merge,
        test_option: TestOption::TestThenSet,
    }
}

fn only(error: ClientError) -> RpcError {
    match error {
        ClientError::Rpc(mut errors) if errors.len() == 1 => errors.remove(0),
        other => panic!("{other}"),
    }
}

/// Waits for something that another task does.
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
async fn an_edit_is_committed_and_read_back() {
    let fake = Arc::new(Fake::default());
    let client = client(&fake).await;
    assert_eq!(client.session_id(), 1);
    assert!(client.hello().offers(names::CANDIDATE));
    assert!(client.hello().offers("urn:ex"));
    let data = "<top xmlns=\"urn:ex\"><mtu>1500</mtu></top>";
    client.lock(Datastore::Candidate).await.unwrap();
    client.edit_config(&edit(data)).await.unwrap();
    client
        .validate(&Origin::Store(Datastore::Candidate))
        .await
        .unwrap();
    let reply = client.commit(&CommitParameters::default()).await.unwrap();
    assert!(reply.is_ok());
    client.unlock(Datastore::Candidate).await.unwrap();
    let running = client
        .get_config(Datastore::Running, None, EXPLICIT)
        .await
        .unwrap();
    assert_eq!(
        running,
        format!("<data xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\">{data}</data>")
    );
    let filter = Filter::Subtree(Document::xml("<top xmlns=\"urn:ex\"/>"));
    client
        .get(Some(&filter), WithDefaults::ReportAll)
        .await
        .unwrap();
    let inline = Origin::Inline(Document::xml("<other xmlns=\"urn:ex\"/>"));
    client
        .copy_config(&inline, Datastore::Candidate)
        .await
        .unwrap();
    client.discard_changes().await.unwrap();
    let candidate = client
        .get_config(Datastore::Candidate, None, EXPLICIT)
        .await
        .unwrap();
    assert_eq!(candidate, running);
    client.delete_config(Datastore::Candidate).await.unwrap();
    client.cancel_commit(None).await.unwrap();
    client.close().await.unwrap();
    eventually("closed", || fake.sessions().is_empty()).await;
}

#[tokio::test]
async fn errors_arrive_with_path_tag_and_holder() {
    let fake = Arc::new(Fake::default());
    let (one, two) = (client(&fake).await, client(&fake).await);
    let error = only(
        one.edit_config(&edit("<wrong xmlns=\"urn:ex\"/>"))
            .await
            .unwrap_err(),
    );
    assert_eq!(error.tag, ErrorTag::OperationFailed);
    assert_eq!(error.app_tag.as_deref(), Some("must-violation"));
    let path = error.path.unwrap();
    assert_eq!(path.expression, "/ex:top/ex:list[ex:name='a']/ex:mtu");
    assert!(path.namespaces.contains(&("ex".into(), "urn:ex".into())));
    one.lock(Datastore::Running).await.unwrap();
    let error = only(two.lock(Datastore::Running).await.unwrap_err());
    assert_eq!(error.tag, ErrorTag::LockDenied);
    assert_eq!(error.info, [ErrorInfo::SessionId(one.session_id())]);
    drop(one);
    eventually("the lock dies with its session", || !fake.locked()).await;
    two.lock(Datastore::Running).await.unwrap();
    let error = only(two.rpc("<unknown-thing/>").await.unwrap_err());
    assert_eq!(error.tag, ErrorTag::OperationNotSupported);
    let error = only(two.rpc("<get-config/>").await.unwrap_err());
    assert_eq!(error.tag, ErrorTag::MissingElement);
}

#[tokio::test]
async fn commit_parameters_pass_through_and_a_report_comes_back_when_asked_for() {
    let fake = Arc::new(Fake::default());
    let client = client(&fake).await;
    let parameters = CommitParameters {
        confirmed: Some(Confirmed {
            timeout: 20,
            persist: Some("p".into()),
        }),
        comment: Some("because".into()),
        debug_kicker: true,
        ..CommitParameters::default()
    };
    let reply = client
        .rpc(operations::commit_with_report(&parameters))
        .await
        .unwrap();
    let report = CommitReport::read(&reply);
    assert_eq!((report.tid, report.seq), (Some(1), Some(7)));
    assert_eq!(report.trace, ["kicker a < b"]);
    assert_eq!(fake.committed.lock().unwrap().take(), Some(parameters));
    let plain = client.commit(&CommitParameters::default()).await.unwrap();
    assert_eq!(plain.elements().count(), 1, "no more than <ok/>");
}

#[tokio::test]
async fn requests_overlap_and_each_gets_its_own_reply() {
    let fake = Arc::new(Fake::default());
    let client = client(&fake).await;
    let mut waiting = Vec::new();
    for i in 0..200 {
        let client = client.clone();
        waiting.push(tokio::spawn(async move {
            let text = format!("<echo xmlns=\"urn:ex\"><n>{i}</n></echo>");
            let reply = client.rpc(text).await.unwrap();
            let n = reply.elements().next().unwrap();
            assert_eq!(n.text(), i.to_string());
        }));
    }
    for request in waiting {
        request.await.unwrap();
    }
    let reply = client.rpc("<echo xmlns=\"urn:ex\"/>").await.unwrap();
    assert!(reply.is_ok(), "an empty output is <ok/>");
    let action = operations::action(b"<a xmlns=\"urn:ex\"><do/></a>");
    let reply = client.rpc(action).await.unwrap();
    assert!(
        reply.output().ends_with(b"<do/></a>"),
        "{:?}",
        reply.output()
    );
}

#[tokio::test]
async fn progress_lines_reach_the_request_that_they_tell_of() {
    let fake = Arc::new(Fake::default());
    let client = client(&fake).await;
    let (sender, mut lines) = mpsc::unbounded_channel();
    let reply = client
        .rpc_with_progress("<slow xmlns=\"urn:ex\"><x/></slow>", sender)
        .await
        .unwrap();
    assert!(reply.is_ok());
    assert_eq!(lines.recv().await.as_deref(), Some("first step"));
    assert_eq!(lines.recv().await.as_deref(), Some("second <step>"));
    assert_eq!(lines.recv().await, None);
}

#[tokio::test]
async fn a_killed_session_ends_in_the_middle_of_its_request() {
    let fake = Arc::new(Fake::default());
    let (victim, killer) = (client(&fake).await, client(&fake).await);
    let running = {
        let victim = victim.clone();
        tokio::spawn(async move { victim.rpc("<slow xmlns=\"urn:ex\"/>").await })
    };
    tokio::time::sleep(Duration::from_millis(20)).await;
    killer.kill_session(victim.session_id()).await.unwrap();
    running.await.unwrap().unwrap_err();
    assert_eq!(&*victim.closed().await, "the server closed the connection");
    assert_eq!(*fake.cancelled.lock().unwrap(), 1);
    let error = only(killer.kill_session(killer.session_id()).await.unwrap_err());
    assert_eq!(error.tag, ErrorTag::InvalidValue);
    let error = only(killer.kill_session(99).await.unwrap_err());
    assert_eq!(error.tag, ErrorTag::InvalidValue);
}

#[tokio::test]
async fn a_request_without_reply_times_out_and_the_session_lives() {
    let fake = Arc::new(Fake::default());
    let client = client(&fake).await;
    let hasty = client.with_timeout(Duration::from_millis(50));
    let error = hasty.rpc("<slow xmlns=\"urn:ex\"/>").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no reply within 0.05 s to <slow>; it may still take effect on the server"
    );
    assert!(!client.is_closed());
}

#[tokio::test]
async fn get_schema_gives_the_text_as_it_is() {
    let fake = Arc::new(Fake::default());
    let client = client(&fake).await;
    let text = client.get_schema("ex", None).await.unwrap();
    assert_eq!(text, "module ex { must \"a < b\"; }");
    let error = only(client.get_schema("none", None).await.unwrap_err());
    assert_eq!(error.tag, ErrorTag::InvalidValue);
}

#[tokio::test]
async fn fifty_megabytes_stream_in_both_framings() {
    let fake = Arc::new(Fake::default());
    // The old framing with less, for it is slow without optimisation.
    for (version, megabytes) in [(names::BASE_1_0, 5), (names::BASE_1_1, 50)] {
        fake.megabytes.store(megabytes, Ordering::Relaxed);
        let end = serve(&fake);
        let hello = Hello {
            capabilities: vec![version.to_owned()],
            session_id: None,
        };
        let options = ClientOptions {
            hello,
            ..ClientOptions::default()
        };
        let (client, _) = Client::open(Box::new(end), options).await.unwrap();
        let data = client
            .get_config(Datastore::Startup, None, EXPLICIT)
            .await
            .unwrap();
        assert!(
            data.len() > megabytes * 1_000_000,
            "{version}: {}",
            data.len()
        );
        // A large edit goes the other way.
        let big = format!("<top xmlns=\"urn:ex\">{}</top>", "<e/>".repeat(1 << 18));
        client.edit_config(&edit(&big)).await.unwrap();
        let candidate = client
            .get_config(Datastore::Candidate, None, EXPLICIT)
            .await
            .unwrap();
        assert!(candidate.len() > big.len());
    }
}

#[tokio::test]
async fn a_relay_passes_everything_and_ends_with_the_server() {
    let fake = Arc::new(Fake::default());
    let (end, middle) = pipe("anna");
    let relaying = tokio::spawn(relay(Box::new(middle), Box::new(serve(&fake))));
    let (client, _) = Client::open(Box::new(end), ClientOptions::default())
        .await
        .unwrap();
    client.get(None, EXPLICIT).await.unwrap();
    client.close().await.unwrap();
    relaying.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_lost_server_fails_all_requests_with_the_reason() {
    let (end, server) = pipe("anna");
    drop(server);
    let error = Client::open(Box::new(end), ClientOptions::default())
        .await
        .unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("the NETCONF session could not begin"),
        "{error}"
    );
}

#[tokio::test]
async fn a_unix_socket_gives_the_peers_login_name_and_stops_gracefully() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("netconf.sock");
    let listener = UnixListener::bind(&path, 0o600).unwrap();
    let fake = Arc::new(Fake::default());
    let stop = Cancel::default();
    let server = Server::new(fake.clone(), ServerOptions::default());
    let serving = {
        let stop = stop.clone();
        tokio::spawn(async move { server.serve(listener, stop).await })
    };
    let transport = connect_unix(&path).await.unwrap();
    let (client, _) = Client::open(transport, ClientOptions::default())
        .await
        .unwrap();
    client.get(None, EXPLICIT).await.unwrap();
    let uid = {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(&path).unwrap().uid()
    };
    assert_eq!(fake.sessions(), [(user_name(uid), "unix".to_owned())]);
    stop.cancel();
    serving.await.unwrap().unwrap();
    assert_eq!(&*client.closed().await, "the server closed the connection");
    assert!(fake.sessions().is_empty());
    let error = connect_unix(&path).await.err().unwrap().to_string();
    assert!(error.contains("is the server running?"), "{error}");
}
