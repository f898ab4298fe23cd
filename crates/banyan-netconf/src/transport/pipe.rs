//! A transport inside the process: for embedding, and for tests.

use tokio::io::{DuplexStream, duplex, split};

use super::{Peer, Reading, Transport, Writing};

/// How many bytes may be under way before the writer waits.
const PIPE_BYTES: usize = 64 * 1024;

/// One end of a pipe.
#[derive(Debug)]
pub struct Pipe {
    peer: Peer,
    stream: DuplexStream,
}

/// The client's and the server's end of a new pipe, for a user that the caller vouches for.
pub fn pipe(user: &str) -> (Pipe, Pipe) {
    let (client, server) = duplex(PIPE_BYTES);
    let peer = Peer {
        user: user.to_owned(),
        transport: "internal",
        address: None,
        groups: Vec::new(),
    };
    let end = |stream| Pipe {
        peer: peer.clone(),
        stream,
    };
    (end(client), end(server))
}

impl Transport for Pipe {
    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn into_halves(self: Box<Self>) -> (Reading, Writing) {
        let (reading, writing) = split(self.stream);
        (Box::new(reading), Box::new(writing))
    }
}
