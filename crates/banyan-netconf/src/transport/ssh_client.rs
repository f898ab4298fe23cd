//! The SSH client: connects to a device or server, checks its host key, logs in, and starts the
//! subsystem `netconf`. Every failure says what was being done and what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::client::{AuthResult, Config, Handle, Handler, KeyboardInteractiveAuthResponse, Msg};
use russh::keys::known_hosts::{known_host_keys_path, learn_known_hosts_path};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{Channel, ChannelMsg, Disconnect, MethodKind, SshId};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::ssh_channel::{Farewell, into_halves};
use super::ssh_keys::{KeyFileError, load_private_key};
use super::{Peer, Reading, Transport, Writing};

/// How to log in.
#[derive(Clone)]
pub enum SshAuth {
    /// With a password; used for keyboard-interactive too, if that is all that the server offers.
    Password(String),
    /// With a private key file (mode 0600), and its passphrase if it has one.
    Key {
        /// The file.
        path: PathBuf,
        /// Its passphrase.
        passphrase: Option<String>,
    },
}

impl fmt::Debug for SshAuth {
    /// Without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SshAuth::Password(_) => f.write_str("Password"),
            SshAuth::Key { path, .. } => write!(f, "Key({})", path.display()),
        }
    }
}

/// Which host keys are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKeyPolicy {
    /// Those in this `known_hosts` file.
    Known(PathBuf),
    /// Those in the file; the key of a host that is not in it is added. A changed key is refused.
    AcceptNew(PathBuf),
    /// Any: for simulated devices and tests.
    AcceptAny,
}

/// Where to connect to, and how.
#[derive(Clone, Debug)]
pub struct SshTarget {
    /// Name or address.
    pub host: String,
    /// TCP port; 830 is NETCONF's (RFC 6242 3).
    pub port: u16,
    /// Login name.
    pub user: String,
    /// How to log in.
    pub auth: SshAuth,
    /// Which host keys are trusted.
    pub host_key: HostKeyPolicy,
    /// How long all of it may take.
    pub timeout: Duration,
    /// How long a silent connection is trusted to live; after three probes without an answer it
    /// counts as lost.
    pub keepalive: Duration,
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum SshConnectError {
    /// No TCP connection.
    #[error("{target}: cannot connect: {source}")]
    Unreachable {
        /// `host:port`.
        target: String,
        /// What the system says.
        source: io::Error,
    },
    /// It took too long.
    #[error("{target}: no answer within {seconds} s while {doing}")]
    Timeout {
        /// `host:port`.
        target: String,
        /// What was being waited for.
        doing: &'static str,
        /// The limit in seconds.
        seconds: u64,
    },
    /// The host is not in the known hosts.
    #[error(
        "{target}: the host key {fingerprint} is not known; if it is right, add it to {file} \
         (ssh-keyscan) or use the policy accept-new"
    )]
    UnknownHostKey {
        /// `host:port`.
        target: String,
        /// The key's fingerprint.
        fingerprint: String,
        /// The known_hosts file.
        file: PathBuf,
    },
    /// The host has another key than before.
    #[error(
        "{target}: the host key is now {fingerprint}, which is not the one in {file} (line {line}): \
         either the host was reinstalled, then remove that line, or somebody is in between"
    )]
    ChangedHostKey {
        /// `host:port`.
        target: String,
        /// The new key's fingerprint.
        fingerprint: String,
        /// The known_hosts file.
        file: PathBuf,
        /// The line in it.
        line: usize,
    },
    /// The known_hosts file cannot be used.
    #[error("{file}: cannot use this file of known hosts: {reason}")]
    KnownHosts {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The private key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The server did not accept the login.
    #[error(
        "{target}: user {user} was not accepted with {method} (the server offers: {offered}); \
         check the user name and the {method}"
    )]
    Authentication {
        /// `host:port`.
        target: String,
        /// The login name.
        user: String,
        /// What was tried.
        method: &'static str,
        /// What the server would take.
        offered: String,
    },
    /// The server has no NETCONF.
    #[error("{target}: the server refuses the SSH subsystem netconf; is NETCONF enabled there?")]
    NoSubsystem {
        /// `host:port`.
        target: String,
    },
    /// Anything else that SSH reports.
    #[error("{target}: SSH failed while {doing}: {reason}")]
    Ssh {
        /// `host:port`.
        target: String,
        /// What was being done.
        doing: &'static str,
        /// What SSH says.
        reason: String,
    },
}

/// Connects, authenticates and starts the subsystem.
///
/// # Errors
/// See [`SshConnectError`]. When the future is dropped, the connection is given up.
pub async fn connect_ssh(target: &SshTarget) -> Result<Box<dyn Transport>, SshConnectError> {
    let attempt = Attempt {
        target,
        name: format!("{}:{}", target.host, target.port),
        deadline: Instant::now() + target.timeout,
    };
    let key = match &target.auth {
        SshAuth::Key { path, passphrase } => {
            Some(Arc::new(load_private_key(path, passphrase.as_deref())?))
        }
        SshAuth::Password(_) => None,
    };
    let address = (target.host.as_str(), target.port);
    let stream = attempt
        .in_time("connecting", TcpStream::connect(address))
        .await?
        .map_err(|source| SshConnectError::Unreachable {
            target: attempt.name.clone(),
            source,
        })?;
    if let Err(e) = stream.set_nodelay(true) {
        tracing::debug!(target = %attempt.name, error = %e, "cannot set TCP_NODELAY");
    }
    let mut handle = attempt.exchange_keys(stream).await?;
    match (&target.auth, key) {
        (SshAuth::Password(password), _) => attempt.try_password(&mut handle, password).await?,
        (SshAuth::Key { .. }, Some(key)) => {
            let hash = match key.algorithm().is_rsa() {
                true => attempt
                    .ssh("logging in", handle.best_supported_rsa_hash())
                    .await?
                    .flatten()
                    .or(Some(HashAlg::Sha256)),
                false => None,
            };
            let key = PrivateKeyWithHashAlg::new(key, hash);
            let result = attempt
                .ssh(
                    "logging in",
                    handle.authenticate_publickey(&target.user, key),
                )
                .await?;
            if let AuthResult::Failure {
                remaining_methods, ..
            } = result
            {
                return Err(attempt.not_accepted("private key", &remaining_methods));
            }
        }
        (SshAuth::Key { .. }, None) => {} // Loaded above.
    }
    let mut channel = attempt
        .ssh("opening a channel", handle.channel_open_session())
        .await?;
    let doing = "starting the subsystem netconf";
    attempt
        .ssh(doing, channel.request_subsystem(true, "netconf"))
        .await?;
    let mut early = Vec::new();
    loop {
        match attempt.in_time(doing, channel.wait()).await? {
            Some(ChannelMsg::Success) => break,
            Some(ChannelMsg::Data { data }) => early.push(data),
            Some(ChannelMsg::Failure | ChannelMsg::Close | ChannelMsg::Eof) | None => {
                return Err(SshConnectError::NoSubsystem {
                    target: attempt.name,
                });
            }
            Some(_) => {}
        }
    }
    Ok(Box::new(SshClientTransport {
        peer: Peer {
            user: target.user.clone(),
            transport: "ssh",
            address: Some(attempt.name),
            groups: Vec::new(),
        },
        channel,
        early,
        connection: OpenConnection(Some(handle)),
    }))
}

/// One attempt to connect.
struct Attempt<'a> {
    target: &'a SshTarget,
    name: String,
    deadline: Instant,
}

impl Attempt<'_> {
    /// Waits for something until the deadline.
    async fn in_time<T>(
        &self,
        doing: &'static str,
        wait: impl Future<Output = T>,
    ) -> Result<T, SshConnectError> {
        timeout_at(self.deadline, wait)
            .await
            .map_err(|_| SshConnectError::Timeout {
                target: self.name.clone(),
                doing,
                seconds: self.target.timeout.as_secs(),
            })
    }

    /// Waits for something that SSH does.
    async fn ssh<T>(
        &self,
        doing: &'static str,
        wait: impl Future<Output = Result<T, russh::Error>>,
    ) -> Result<T, SshConnectError> {
        self.in_time(doing, wait)
            .await?
            .map_err(|e| self.ssh_error(doing, &e))
    }

    fn ssh_error(&self, doing: &'static str, error: &russh::Error) -> SshConnectError {
        SshConnectError::Ssh {
            target: self.name.clone(),
            doing,
            reason: error.to_string(),
        }
    }

    async fn exchange_keys(&self, stream: TcpStream) -> Result<Handle<Verifier>, SshConnectError> {
        let config = Config {
            client_id: SshId::Standard(
                concat!("SSH-2.0-banyan_", env!("CARGO_PKG_VERSION")).into(),
            ),
            keepalive_interval: Some(self.target.keepalive),
            keepalive_max: 3,
            nodelay: true,
            ..Config::default()
        };
        let refusal = Arc::new(Mutex::new(None));
        let verifier = Verifier {
            host: self.target.host.clone(),
            port: self.target.port,
            policy: self.target.host_key.clone(),
            refusal: refusal.clone(),
        };
        let doing = "exchanging keys";
        let connected = self
            .in_time(
                doing,
                russh::client::connect_stream(Arc::new(config), stream, verifier),
            )
            .await?;
        connected.map_err(|e| {
            // The library only says that the key was not accepted; the verifier knows why.
            let refused = refusal.lock().ok().and_then(|mut r| r.take());
            refused.unwrap_or_else(|| self.ssh_error(doing, &e))
        })
    }

    async fn try_password(
        &self,
        handle: &mut Handle<Verifier>,
        password: &str,
    ) -> Result<(), SshConnectError> {
        let user = &self.target.user;
        let doing = "logging in";
        let first = self
            .ssh(doing, handle.authenticate_password(user, password))
            .await?;
        let AuthResult::Failure {
            mut remaining_methods,
            ..
        } = first
        else {
            return Ok(());
        };
        if remaining_methods.contains(&MethodKind::Password)
            || !remaining_methods.contains(&MethodKind::KeyboardInteractive)
        {
            return Err(self.not_accepted("password", &remaining_methods));
        }
        let mut step = self
            .ssh(
                doing,
                handle.authenticate_keyboard_interactive_start(user, None),
            )
            .await?;
        for _round in 0..3 {
            match step {
                KeyboardInteractiveAuthResponse::Success => return Ok(()),
                KeyboardInteractiveAuthResponse::Failure {
                    remaining_methods: ref now,
                    ..
                } => {
                    remaining_methods = now.clone();
                    break;
                }
                KeyboardInteractiveAuthResponse::InfoRequest { ref prompts, .. } => {
                    let answers = vec![password.to_owned(); prompts.len()];
                    step = self
                        .ssh(
                            doing,
                            handle.authenticate_keyboard_interactive_respond(answers),
                        )
                        .await?;
                }
            }
        }
        match step {
            KeyboardInteractiveAuthResponse::Success => Ok(()),
            _ => Err(self.not_accepted("password", &remaining_methods)),
        }
    }

    fn not_accepted(&self, method: &'static str, offered: &[MethodKind]) -> SshConnectError {
        let offered: Vec<&str> = offered.iter().map(<&'static str>::from).collect();
        SshConnectError::Authentication {
            target: self.name.clone(),
            user: self.target.user.clone(),
            method,
            offered: match offered.is_empty() {
                true => "nothing more".to_owned(),
                false => offered.join(", "),
            },
        }
    }
}

/// Decides about the server's host key.
struct Verifier {
    host: String,
    port: u16,
    policy: HostKeyPolicy,
    refusal: Arc<Mutex<Option<SshConnectError>>>,
}

impl Verifier {
    fn verify(&self, key: &PublicKey) -> Result<(), SshConnectError> {
        let (file, learn) = match &self.policy {
            HostKeyPolicy::AcceptAny => return Ok(()),
            HostKeyPolicy::Known(file) => (file, false),
            HostKeyPolicy::AcceptNew(file) => (file, true),
        };
        let target = format!("{}:{}", self.host, self.port);
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let broken = |e: russh::keys::Error| SshConnectError::KnownHosts {
            file: file.clone(),
            reason: e.to_string(),
        };
        let known = known_host_keys_path(&self.host, self.port, file).map_err(broken)?;
        if known.iter().any(|(_, k)| k.key_data() == key.key_data()) {
            return Ok(());
        }
        match known.first() {
            // A key of another algorithm counts as changed too: else an attacker would only have
            // to offer another algorithm.
            Some((line, _)) => Err(SshConnectError::ChangedHostKey {
                target,
                fingerprint,
                file: file.clone(),
                line: *line,
            }),
            None if learn => self.learn(key, file).map_err(broken),
            None => Err(SshConnectError::UnknownHostKey {
                target,
                fingerprint,
                file: file.clone(),
            }),
        }
    }

    fn learn(&self, key: &PublicKey, file: &Path) -> Result<(), russh::keys::Error> {
        tracing::info!(host = %self.host, port = self.port, fingerprint = %key.fingerprint(HashAlg::Sha256), "new host key accepted");
        learn_known_hosts_path(&self.host, self.port, key, file)
    }
}

impl Handler for Verifier {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        offered: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let verdict = match offered {
            PublicKeyOrCertificate::PublicKey { key, .. } => self.verify(key),
            PublicKeyOrCertificate::Certificate(certificate) => {
                self.verify(&PublicKey::from(certificate.public_key().clone()))
            }
        };
        let accepted = verdict.is_ok();
        if let (Err(error), Ok(mut refusal)) = (verdict, self.refusal.lock()) {
            *refusal = Some(error);
        }
        Ok(accepted)
    }
}

/// A channel to a server, with the connection that it runs on.
struct SshClientTransport {
    peer: Peer,
    channel: Channel<Msg>,
    early: Vec<bytes::Bytes>,
    connection: OpenConnection,
}

/// Says goodbye when the channel is done.
struct OpenConnection(Option<Handle<Verifier>>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        if let (Some(handle), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(async move {
                // An error means that the connection is gone already.
                let _ = handle
                    .disconnect(Disconnect::ByApplication, "done", "en")
                    .await;
            });
        }
    }
}

impl Transport for SshClientTransport {
    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn into_halves(self: Box<Self>) -> (Reading, Writing) {
        into_halves(self.channel, self.early, Farewell::None, self.connection)
    }
}
