//! Passes bytes between two transports: `banyan netconf` under an OpenSSH `Subsystem` line relays its
//! standard input and output to the Unix socket of the server, where the kernel vouches for the user.

use std::io;

use tokio::io::{AsyncWriteExt, copy};

use super::Transport;

/// Relays until the server has closed its side. When the client's input ends, the server is told so
/// (its replies still pass).
///
/// A relayed standard input keeps a thread waiting in a read that cannot be cancelled: a program that
/// is done must leave with `std::process::exit`.
///
/// # Errors
/// A connection broke.
pub async fn relay(client: Box<dyn Transport>, server: Box<dyn Transport>) -> io::Result<()> {
    let (mut from_client, mut to_client) = client.into_halves();
    let (mut from_server, mut to_server) = server.into_halves();
    let forth = async {
        copy(&mut from_client, &mut to_server).await?;
        to_server.shutdown().await?;
        std::future::pending::<io::Result<()>>().await
    };
    let back = async {
        copy(&mut from_server, &mut to_client).await?;
        to_client.flush().await?;
        to_client.shutdown().await
    };
    tokio::select! {
        ended = forth => ended,
        ended = back => ended,
    }
}
