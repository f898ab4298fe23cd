//! The built-in SSH server (RFC 6242): authenticates users and gives one transport for each channel
//! on which the subsystem `netconf` starts. It has no shell, no commands, no forwarding.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use russh::keys::PublicKey;
use russh::server::{
    Auth, ChannelOpenHandle, Config, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelOpenFailure, MethodKind, MethodSet, SshId};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Sleep;

use super::ssh_channel::{Farewell, into_halves};
use super::ssh_keys::{
    KeyFileError, is_password_hash, load_or_make_host_key, load_private_key, verify_password,
};
use super::unix::out_of_descriptors;
use super::{Listener, Peer, Reading, Transport, Writing};

/// A user who may log in.
#[derive(Clone, Debug, Default)]
pub struct SshUser {
    /// The login name.
    pub name: String,
    /// Public keys, as lines of an OpenSSH `authorized_keys` file. Lines with options are refused:
    /// a restriction that is not kept is worse than none.
    pub authorized_keys: Vec<String>,
    /// A crypt(3) hash (`$6$` or `$5$`); `None`: no password is accepted.
    pub password_hash: Option<String>,
    /// The groups that the server vouches for (RFC 8341 3.4.4, 4).
    pub groups: Vec<String>,
}

/// How the SSH server runs.
#[derive(Clone, Debug)]
pub struct SshServerConfig {
    /// Where to listen.
    pub address: SocketAddr,
    /// The private host key; made at the first start, mode 0600.
    pub host_key: PathBuf,
    /// Who may log in.
    pub users: Vec<SshUser>,
    /// How long a connection may take to authenticate.
    pub login_time: Duration,
    /// How many connections may be open at once.
    pub max_connections: usize,
    /// How many sessions one connection may have open at once.
    pub max_sessions: usize,
    /// How long a connection may be silent before it is probed; after three probes without an
    /// answer it is closed.
    pub keepalive: Duration,
}

impl SshServerConfig {
    /// The usual configuration for an address, a host key and users.
    pub fn new(address: SocketAddr, host_key: PathBuf, users: Vec<SshUser>) -> Self {
        SshServerConfig {
            address,
            host_key,
            users,
            login_time: Duration::from_secs(60),
            max_connections: 1000,
            max_sessions: 10,
            keepalive: Duration::from_secs(60),
        }
    }
}

/// Why the SSH server cannot start.
#[derive(Debug, Error)]
pub enum SshServerError {
    /// The host key cannot be used.
    #[error("SSH host key: {0}")]
    HostKey(#[from] KeyFileError),
    /// The port is taken, or not ours to take.
    #[error("cannot listen for SSH on {address}: {source}; is another server running there?")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A line of a user's keys is no public key.
    #[error(
        "user {user}: this is not an authorized_keys line without options: \"{line}\": {reason}"
    )]
    AuthorizedKey {
        /// The user.
        user: String,
        /// The line.
        line: String,
        /// Why not.
        reason: String,
    },
    /// A password hash has a form that we cannot check.
    #[error(
        "user {user}: the password hash must be a crypt(3) hash that begins with $6$ or $5$; \
         make one with: openssl passwd -6"
    )]
    PasswordHash {
        /// The user.
        user: String,
    },
}

/// A listening SSH server. Dropping it ends accepting; sessions that exist go on.
#[derive(Debug)]
pub struct SshListener {
    address: SocketAddr,
    transports: mpsc::Receiver<Box<dyn Transport>>,
    accepting: JoinHandle<()>,
}

impl SshListener {
    /// Checks the configuration and listens.
    ///
    /// # Errors
    /// See [`SshServerError`].
    pub async fn bind(config: SshServerConfig) -> Result<Self, SshServerError> {
        let key = load_or_make_host_key(&config.host_key)?;
        let users = credentials(&config.users)?;
        let bind_error = |source| SshServerError::Bind {
            address: config.address,
            source,
        };
        let listener = TcpListener::bind(config.address)
            .await
            .map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        let mut methods = MethodSet::empty();
        methods.push(MethodKind::PublicKey);
        methods.push(MethodKind::Password);
        let ssh = Config {
            server_id: SshId::Standard(
                concat!("SSH-2.0-banyan_", env!("CARGO_PKG_VERSION")).into(),
            ),
            methods,
            auth_rejection_time: Duration::from_millis(500),
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: vec![key],
            max_auth_attempts: 6,
            inactivity_timeout: None,
            keepalive_interval: Some(config.keepalive),
            keepalive_max: 3,
            nodelay: true,
            ..Config::default()
        };
        let (sender, transports) = mpsc::channel(config.max_sessions);
        let shared = Arc::new(Shared {
            users,
            ssh: Arc::new(ssh),
            transports: sender,
            login_time: config.login_time,
            max_sessions: config.max_sessions,
        });
        let accepting = tokio::spawn(accept_connections(listener, shared, config.max_connections));
        Ok(SshListener {
            address,
            transports,
            accepting,
        })
    }

    /// The address that is listened on, with the port that the system chose if 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for SshListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Listener for SshListener {
    async fn accept(&mut self) -> io::Result<Box<dyn Transport>> {
        self.transports
            .recv()
            .await
            .ok_or_else(|| io::Error::other("the SSH listener has stopped"))
    }
}

impl SshServerConfig {
    /// What is wrong with host key and users: all of it, not the first alone. A host key that is not there would be made;
    /// nothing is made here, and nobody listens.
    pub fn faults(&self) -> Vec<SshServerError> {
        let key = match self.host_key.exists() {
            true => load_private_key(&self.host_key, None).err(),
            false => None,
        };
        let users = self.users.iter();
        let users = users.filter_map(|user| Credentials::read(user).err());
        key.map(SshServerError::HostKey)
            .into_iter()
            .chain(users)
            .collect()
    }
}

/// By the names of the users.
fn credentials(users: &[SshUser]) -> Result<HashMap<String, Credentials>, SshServerError> {
    let read = users
        .iter()
        .map(|user| Ok((user.name.clone(), Credentials::read(user)?)));
    read.collect()
}

/// What proves that somebody is a user, and what he is then.
struct Credentials {
    keys: Vec<PublicKey>,
    password_hash: Option<Arc<str>>,
    groups: Vec<String>,
}

impl Credentials {
    fn read(user: &SshUser) -> Result<Self, SshServerError> {
        let mut keys = Vec::new();
        for line in user.authorized_keys.iter().map(|l| l.trim()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = PublicKey::from_openssh(line).map_err(|e| SshServerError::AuthorizedKey {
                user: user.name.clone(),
                line: line.to_owned(),
                reason: e.to_string(),
            })?;
            keys.push(key);
        }
        if let Some(hash) = &user.password_hash
            && !is_password_hash(hash)
        {
            return Err(SshServerError::PasswordHash {
                user: user.name.clone(),
            });
        }
        Ok(Credentials {
            keys,
            password_hash: user.password_hash.as_deref().map(Arc::from),
            groups: user.groups.clone(),
        })
    }
}

/// What all connections have in common.
struct Shared {
    users: HashMap<String, Credentials>,
    ssh: Arc<Config>,
    transports: mpsc::Sender<Box<dyn Transport>>,
    login_time: Duration,
    max_sessions: usize,
}

impl Shared {
    fn groups_of(&self, user: &str) -> Vec<String> {
        let credentials = self.users.get(user);
        credentials.map_or_else(Vec::new, |credentials| credentials.groups.clone())
    }
}

async fn accept_connections(listener: TcpListener, shared: Arc<Shared>, max_connections: usize) {
    let connections = Arc::new(Semaphore::new(max_connections));
    loop {
        // Never closed, so this cannot fail; beyond the limit, connections wait in the backlog.
        let Ok(permit) = connections.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, address)) => {
                tokio::spawn(serve_connection(stream, address, shared.clone(), permit));
            }
            Err(e) => {
                if !out_of_descriptors(&e) {
                    tracing::error!(error = %e, "cannot accept SSH connections");
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn serve_connection(
    stream: TcpStream,
    address: SocketAddr,
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
) {
    if let Err(e) = stream.set_nodelay(true) {
        tracing::debug!(%address, error = %e, "cannot set TCP_NODELAY");
    }
    let authenticated = Arc::new(AtomicBool::new(false));
    let stream = LoginDeadline {
        stream,
        deadline: Box::pin(tokio::time::sleep(shared.login_time)),
        authenticated: authenticated.clone(),
    };
    let connection = Connection {
        address,
        user: None,
        authenticated,
        opened: HashMap::new(),
        slots: Arc::new(Semaphore::new(shared.max_sessions)),
        shared: shared.clone(),
    };
    let ended = match russh::server::run_stream(shared.ssh.clone(), stream, connection).await {
        Ok(running) => running.await,
        Err(e) => Err(e),
    };
    if let Err(e) = ended {
        tracing::debug!(%address, error = %e, "SSH connection ended");
    }
}

/// One connection, as the SSH library calls it.
struct Connection {
    address: SocketAddr,
    user: Option<String>,
    authenticated: Arc<AtomicBool>,
    /// Channels that are open and on which no subsystem was started yet.
    opened: HashMap<ChannelId, (Channel<Msg>, OwnedSemaphorePermit)>,
    slots: Arc<Semaphore>,
    shared: Arc<Shared>,
}

impl Connection {
    fn knows_key(&self, user: &str, key: &PublicKey) -> bool {
        self.shared.users.get(user).is_some_and(|credentials| {
            credentials
                .keys
                .iter()
                .any(|k| k.key_data() == key.key_data())
        })
    }

    fn accept_user(&mut self, user: &str, method: &str) -> Auth {
        tracing::info!(user, address = %self.address, method, "SSH login");
        self.user = Some(user.to_owned());
        self.authenticated.store(true, Ordering::Release);
        Auth::Accept
    }

    fn reject_user(&self, user: &str, method: &str) -> Auth {
        tracing::warn!(user, address = %self.address, method, "SSH login refused");
        Auth::reject()
    }

    /// Answers a request for anything but the subsystem.
    fn refuse(
        &mut self,
        channel: ChannelId,
        what: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let text = format!("this server offers only the subsystem netconf, not {what}\r\n");
        session.channel_failure(channel)?;
        session.extended_data(channel, 1, text.into_bytes())?;
        session.close(channel)?;
        self.opened.remove(&channel);
        Ok(())
    }
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        let hash = self
            .shared
            .users
            .get(user)
            .and_then(|c| c.password_hash.clone());
        let Some(hash) = hash else {
            return Ok(self.reject_user(user, "password"));
        };
        let password = password.to_owned();
        let verified = tokio::task::spawn_blocking(move || verify_password(&password, &hash)).await;
        if verified.unwrap_or(false) {
            Ok(self.accept_user(user, "password"))
        } else {
            Ok(self.reject_user(user, "password"))
        }
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        if self.knows_key(user, offer.public_key) {
            Ok(Auth::Accept)
        } else {
            Ok(Auth::reject())
        }
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        if self.knows_key(user, key.public_key) {
            Ok(self.accept_user(user, "publickey"))
        } else {
            Ok(self.reject_user(user, "publickey"))
        }
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        match self.slots.clone().try_acquire_owned() {
            Ok(slot) => {
                self.opened.insert(channel.id(), (channel, slot));
                reply.accept().await;
            }
            Err(_) => reply.reject(ChannelOpenFailure::ResourceShortage).await,
        }
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        if name != "netconf" {
            return self.refuse(id, &format!("\"{name}\""), session);
        }
        let (Some((channel, slot)), Some(user)) = (self.opened.remove(&id), self.user.clone())
        else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let transport = SshTransport {
            peer: Peer {
                groups: self.shared.groups_of(&user),
                user,
                transport: "ssh",
                address: Some(self.address.to_string()),
            },
            channel,
            slot,
        };
        // The loop of the connection must not wait here.
        if self
            .shared
            .transports
            .try_send(Box::new(transport))
            .is_err()
        {
            tracing::warn!(address = %self.address, "no room for another NETCONF session");
            session.close(id)?;
        }
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        self.opened.remove(&id);
        Ok(())
    }

    async fn shell_request(
        &mut self,
        id: ChannelId,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse(id, "a shell", session)
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        _: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.refuse(id, "commands", session)
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(russh::Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }
}

/// A channel with the subsystem on it.
struct SshTransport {
    peer: Peer,
    channel: Channel<Msg>,
    slot: OwnedSemaphorePermit,
}

impl Transport for SshTransport {
    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn into_halves(self: Box<Self>) -> (Reading, Writing) {
        into_halves(self.channel, Vec::new(), Farewell::ExitStatus, self.slot)
    }
}

/// A connection that ends by itself unless somebody authenticates on it in time, at whatever
/// point of the handshake it stands.
struct LoginDeadline {
    stream: TcpStream,
    deadline: Pin<Box<Sleep>>,
    authenticated: Arc<AtomicBool>,
}

impl AsyncRead for LoginDeadline {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.authenticated.load(Ordering::Acquire) && self.deadline.as_mut().poll(cx).is_ready()
        {
            let error = io::Error::new(io::ErrorKind::TimedOut, "nobody logged in in time");
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_read(cx, out)
    }
}

impl AsyncWrite for LoginDeadline {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
