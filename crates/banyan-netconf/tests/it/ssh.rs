//! SSH on loopback: our client against our server, and OpenSSH's against our server.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use banyan_engine::backend::{Cancel, Datastore, WithDefaults};
use banyan_netconf::client::{Client, ClientOptions};
use banyan_netconf::server::{Server, ServerOptions};
use banyan_netconf::transport::{
    HostKeyPolicy, SshAuth, SshConnectError, SshListener, SshServerConfig, SshServerError,
    SshTarget, SshUser, connect_ssh, hash_password, host_key_fingerprint,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::fake::Fake;
use crate::raw::{BASE, HELLO_1_1};

pub struct Running {
    dir: TempDir,
    pub fake: Arc<Fake>,
    pub address: SocketAddr,
    stop: Cancel,
}

/// A server whose user anna has a password and, if there is ssh-keygen, a key in `id`.
pub async fn running() -> Running {
    let dir = tempfile::tempdir().unwrap();
    let mut keys = Vec::new();
    if let Ok(status) = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(dir.path().join("id"))
        .status()
    {
        assert!(status.success());
        keys.push(std::fs::read_to_string(dir.path().join("id.pub")).unwrap());
    }
    let user = SshUser {
        name: "anna".into(),
        authorized_keys: keys,
        password_hash: Some(hash_password("sesame").unwrap()),
        groups: vec!["operators".into()],
    };
    let address = "127.0.0.1:0".parse().unwrap();
    let config = SshServerConfig::new(address, dir.path().join("host_key"), vec![user]);
    let listener = SshListener::bind(config).await.unwrap();
    let address = listener.address();
    let (fake, stop) = (Arc::new(Fake::default()), Cancel::default());
    let server = Server::new(fake.clone(), ServerOptions::default());
    let until = stop.clone();
    tokio::spawn(async move { server.serve(listener, until).await });
    Running {
        dir,
        fake,
        address,
        stop,
    }
}

impl Running {
    fn target(&self, password: &str) -> SshTarget {
        SshTarget {
            host: "127.0.0.1".into(),
            port: self.address.port(),
            user: "anna".into(),
            auth: SshAuth::Password(password.into()),
            host_key: HostKeyPolicy::AcceptAny,
            timeout: Duration::from_secs(20),
            keepalive: Duration::from_secs(30),
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }
}

async fn refused(target: &SshTarget) -> SshConnectError {
    connect_ssh(target).await.err().unwrap()
}

async fn open(target: &SshTarget) -> Client {
    let transport = connect_ssh(target).await.unwrap();
    let (client, _) = Client::open(transport, ClientOptions::default())
        .await
        .unwrap();
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_opens_a_session_and_a_wrong_one_does_not() {
    let server = running().await;
    let client = open(&server.target("sesame")).await;
    client.get(None, WithDefaults::Explicit).await.unwrap();
    assert_eq!(
        server.fake.sessions(),
        [("anna".to_owned(), "ssh".to_owned())]
    );
    assert_eq!(server.fake.groups(), [["operators"]]);
    let error = refused(&server.target("wrong")).await.to_string();
    assert!(
        error.contains("user anna was not accepted with password"),
        "{error}"
    );
    let mut unknown = server.target("sesame");
    unknown.user = "eve".into();
    assert!(matches!(
        refused(&unknown).await,
        SshConnectError::Authentication { .. }
    ));
    client.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_reply_streams_over_ssh_while_requests_are_pipelined() {
    let server = running().await;
    server.fake.megabytes.store(20, Ordering::Relaxed);
    let client = open(&server.target("sesame")).await;
    let mut waiting = Vec::new();
    for _ in 0..300 {
        let client = client.clone();
        waiting.push(tokio::spawn(async move {
            client
                .rpc("<echo xmlns=\"urn:ex\"><n/></echo>")
                .await
                .unwrap();
        }));
    }
    let data = client
        .get_config(Datastore::Startup, None, WithDefaults::Explicit)
        .await
        .unwrap();
    assert!(data.len() > 20_000_000);
    for request in waiting {
        request.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_keys_are_learned_once_and_a_changed_one_is_refused() {
    let server = running().await;
    let file = server.path("known_hosts");
    let mut target = server.target("sesame");
    target.host_key = HostKeyPolicy::Known(file.clone());
    let error = refused(&target).await.to_string();
    let fingerprint = host_key_fingerprint(&server.path("host_key")).unwrap();
    assert!(
        error.contains(&format!("the host key {fingerprint} is not known")),
        "{error}"
    );
    target.host_key = HostKeyPolicy::AcceptNew(file.clone());
    drop(open(&target).await);
    target.host_key = HostKeyPolicy::Known(file.clone());
    drop(open(&target).await);
    let other = running().await;
    let line = std::fs::read_to_string(&file).unwrap();
    let own = format!(":{} ", server.address.port());
    let line = line.replace(&own, &format!(":{} ", other.address.port()));
    std::fs::write(&file, line).unwrap();
    let mut target = other.target("sesame");
    target.host_key = HostKeyPolicy::AcceptNew(file);
    assert!(matches!(
        refused(&target).await,
        SshConnectError::ChangedHostKey { .. }
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_fails_says_what_was_being_done() {
    let server = running().await;
    let mut target = server.target("sesame");
    target.auth = SshAuth::Key {
        path: server.path("missing"),
        passphrase: None,
    };
    assert!(matches!(refused(&target).await, SshConnectError::Key(_)));
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut target = server.target("sesame");
    target.port = silent.local_addr().unwrap().port();
    target.timeout = Duration::from_millis(200);
    let error = refused(&target).await.to_string();
    assert!(error.contains("while exchanging keys"), "{error}");
    drop(silent);
    assert!(matches!(
        refused(&target).await,
        SshConnectError::Unreachable { .. }
    ));
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let try_user = |user: SshUser| {
        SshListener::bind(SshServerConfig::new(
            address,
            dir.path().join("k"),
            vec![user],
        ))
    };
    let error = try_user(SshUser {
        name: "a".into(),
        password_hash: Some("plain".into()),
        ..SshUser::default()
    })
    .await
    .unwrap_err();
    assert!(
        matches!(error, SshServerError::PasswordHash { .. }),
        "{error}"
    );
    let error = try_user(SshUser {
        name: "a".into(),
        authorized_keys: vec!["no-pty ssh-ed25519 AAAA".into()],
        ..SshUser::default()
    })
    .await
    .unwrap_err();
    assert!(
        matches!(error, SshServerError::AuthorizedKey { .. }),
        "{error}"
    );
    let taken = tokio::net::TcpListener::bind(address).await.unwrap();
    let config = SshServerConfig::new(taken.local_addr().unwrap(), dir.path().join("k"), vec![]);
    let error = SshListener::bind(config).await.unwrap_err();
    assert!(matches!(error, SshServerError::Bind { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_client_logs_in_with_a_key() {
    let server = running().await;
    let path = server.path("id");
    if !path.exists() {
        println!("skipped: there is no ssh-keygen to make a key with");
        return;
    }
    let mut target = server.target("");
    target.auth = SshAuth::Key {
        path,
        passphrase: None,
    };
    let client = open(&target).await;
    client.get(None, WithDefaults::Explicit).await.unwrap();
    server.stop.cancel();
    assert_eq!(&*client.closed().await, "the server closed the connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssh_runs_the_subsystem_and_ends_well() {
    let server = running().await;
    server.fake.megabytes.store(50, Ordering::Relaxed);
    let Some(mut ssh) = openssh(&server, &["-s", "127.0.0.1", "netconf"]) else {
        return;
    };
    let mut stdin = ssh.stdin.take().unwrap();
    let rpc = format!(
        "<rpc {BASE} message-id=\"1\"><get-config><source><startup/></source></get-config></rpc>"
    );
    let input = format!("{HELLO_1_1}\n#{}\n{rpc}\n##\n", rpc.len());
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin); // The end of input does not cut off the reply.
    let output = tokio::time::timeout(Duration::from_secs(60), ssh.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.len() > 50_000_000, "{}", text.len());
    assert!(text.ends_with("</big></data></rpc-reply>\n##\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssh_gets_no_shell_and_no_commands() {
    let server = running().await;
    let Some(mut ssh) = openssh(&server, &["127.0.0.1", "id"]) else {
        return;
    };
    let mut errors = String::new();
    let mut stderr = ssh.stderr.take().unwrap();
    tokio::time::timeout(Duration::from_secs(20), stderr.read_to_string(&mut errors))
        .await
        .unwrap()
        .unwrap();
    assert!(!ssh.wait().await.unwrap().success());
    assert!(
        errors.contains("exec request failed") || errors.contains("netconf"),
        "{errors}"
    );
}

/// OpenSSH's client with anna's key, or `None` where it is not installed.
fn openssh(server: &Running, arguments: &[&str]) -> Option<tokio::process::Child> {
    if !Path::new("/usr/bin/ssh").exists() || !server.path("id").exists() {
        println!("skipped: there is no OpenSSH client here");
        return None;
    }
    let port = server.address.port().to_string();
    let child = tokio::process::Command::new("/usr/bin/ssh")
        .args(["-F", "none", "-p", &port, "-l", "anna", "-i"])
        .arg(server.path("id"))
        .args([
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "BatchMode=yes",
            "-o",
        ])
        .arg(format!(
            "UserKnownHostsFile={}",
            server.path("hosts").display()
        ))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    Some(child)
}
