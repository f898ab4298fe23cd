//! Standard input and output as a transport: `banyan netconf` under an OpenSSH `Subsystem` line.

use std::os::unix::fs::MetadataExt;

use super::unix::user_name;
use super::{Peer, Reading, Transport, Writing};

/// The process's standard input and output. sshd has authenticated the user and runs the process
/// as him.
#[derive(Debug)]
pub struct Stdio {
    peer: Peer,
}

impl Stdio {
    /// The transport for this process.
    ///
    /// # Errors
    /// `/proc` is not there, so the user of this process cannot be told.
    pub fn new() -> std::io::Result<Self> {
        let uid = std::fs::metadata("/proc/self")?.uid();
        // sshd sets SSH_CONNECTION for the programs it starts; it is shown, never trusted.
        let address = std::env::var("SSH_CONNECTION")
            .ok()
            .and_then(|c| c.split(' ').next().map(str::to_owned));
        Ok(Stdio {
            peer: Peer {
                user: user_name(uid),
                transport: "stdio",
                address,
                groups: Vec::new(),
            },
        })
    }
}

impl Transport for Stdio {
    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn into_halves(self: Box<Self>) -> (Reading, Writing) {
        (Box::new(tokio::io::stdin()), Box::new(tokio::io::stdout()))
    }
}
