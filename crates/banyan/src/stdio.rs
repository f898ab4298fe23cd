//! `banyan netconf`: NETCONF on standard input and output, for `Subsystem netconf` of OpenSSH's server.
//!
//! Stateless: bytes pass between the standard streams and the daemon's Unix socket, where the kernel
//! vouches for the user that OpenSSH has authenticated.

use banyan_netconf::transport::{Stdio, relay};

use crate::args::Connect;
use crate::client::{CommandError, connect_to, socket_of};

/// Relays until the daemon ends the session.
pub async fn run(connect: Connect) -> Result<(), CommandError> {
    let socket = socket_of(&connect)?;
    let broken =
        |error: std::io::Error| CommandError::Unreachable(format!("{}: {error}", socket.display()));
    let daemon = connect_to(&socket).await?;
    relay(Box::new(Stdio::new().map_err(broken)?), daemon)
        .await
        .map_err(broken)
}
