//! What carries NETCONF: a stream of bytes each way, and who is at the other end.
//!
//! [`Transport`] is the seam; the rest of the crate knows no socket and no SSH. A transport
//! authenticates its peer before it exists (RFC 6241 2.2): whoever holds one may trust
//! [`Peer::user`].

mod intake;
mod pipe;
mod relay;
mod ssh_channel;
mod ssh_client;
mod ssh_keys;
mod ssh_server;
mod stdio;
mod unix;

use std::future::Future;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

pub use pipe::{Pipe, pipe};
pub use relay::relay;
pub use ssh_client::{HostKeyPolicy, SshAuth, SshConnectError, SshTarget, connect_ssh};
pub use ssh_keys::{KeyFileError, hash_password, host_key_fingerprint};
pub use ssh_server::{SshListener, SshServerConfig, SshServerError, SshUser};
pub use stdio::Stdio;
pub use unix::{UnixBindError, UnixListener, check_socket, connect_unix, group_names, user_name};

/// The receiving half of a transport.
pub type Reading = Box<dyn AsyncRead + Send + Unpin>;
/// The sending half of a transport.
pub type Writing = Box<dyn AsyncWrite + Send + Unpin>;

/// A connected, authenticated byte stream to one peer.
pub trait Transport: Send {
    /// Who is at the other end.
    fn peer(&self) -> &Peer;

    /// Takes the stream apart. Dropping both halves closes the connection; what was written before
    /// is still delivered.
    fn into_halves(self: Box<Self>) -> (Reading, Writing);
}

/// The other end of a transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// On a server: the authenticated user name. On a client: the name it logged in with.
    pub user: String,
    /// `ssh`, `unix`, `stdio` or `internal`.
    pub transport: &'static str,
    /// Where the peer is, as far as the transport knows.
    pub address: Option<String>,
    /// On a server: the groups of the user that the transport vouches for (RFC 8341 3.4.4, 4).
    pub groups: Vec<String>,
}

/// Where transports come from on the server side.
pub trait Listener: Send {
    /// Waits for the next connection that wants NETCONF and is authenticated. What goes wrong with
    /// one connection is logged and does not end the listener. Cancelling the wait loses nothing.
    ///
    /// # Errors
    /// The listener itself is broken and will not give any more.
    fn accept(&mut self) -> impl Future<Output = io::Result<Box<dyn Transport>>> + Send;
}
