//! A client that writes bytes as they are given, to try what a well-behaved one never sends.

use std::sync::Arc;
use std::time::Duration;

use banyan_engine::backend::Cancel;
use banyan_netconf::server::{Server, ServerOptions};
use banyan_netconf::transport::{Reading, Transport, Writing, pipe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::fake::Fake;

pub const HELLO_1_0: &str = "<hello xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>]]>]]>";
pub const HELLO_1_1: &str = "<hello xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><capabilities><capability>urn:ietf:params:netconf:base:1.1</capability></capabilities></hello>]]>]]>";
pub const BASE: &str = "xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"";

pub struct Raw {
    reading: Reading,
    writing: Writing,
    pub fake: Arc<Fake>,
    pub session: JoinHandle<()>,
    pub stop: Cancel,
}

/// A session with a server of a fresh fake backend; the server's hello is read already.
pub async fn raw(options: ServerOptions) -> Raw {
    raw_with(Arc::new(Fake::default()), options).await
}

/// The same with a backend that is there already, and has no session yet.
pub async fn raw_with(fake: Arc<Fake>, options: ServerOptions) -> Raw {
    let (client, server) = pipe("anna");
    let stop = Cancel::default();
    let session = {
        let (fake, stop) = (fake.clone(), stop.clone());
        tokio::spawn(async move {
            let server_side = Server::new(fake, options);
            server_side.serve_session(Box::new(server), stop).await;
        })
    };
    let (reading, writing) = Box::new(client).into_halves();
    let mut raw = Raw {
        reading,
        writing,
        fake,
        session,
        stop,
    };
    let hello = raw.until("]]>]]>").await;
    assert!(hello.contains("<session-id>1</session-id>"), "{hello}");
    raw
}

impl Raw {
    pub async fn send(&mut self, text: &str) {
        self.writing.write_all(text.as_bytes()).await.unwrap();
    }

    pub async fn send_chunk(&mut self, text: &str) {
        self.send(&format!("\n#{}\n{text}\n##\n", text.len())).await;
    }

    /// Says that nothing more will be sent.
    pub async fn finish(&mut self) {
        self.writing.shutdown().await.unwrap();
    }

    /// Reads up to and including `end`, or to the end of the stream.
    pub async fn until(&mut self, end: &str) -> String {
        let mut bytes = Vec::new();
        let read = async {
            while let Ok(byte) = self.reading.read_u8().await {
                bytes.push(byte);
                if bytes.ends_with(end.as_bytes()) {
                    break;
                }
            }
        };
        timeout(Duration::from_secs(10), read).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Everything that still comes; the session must end.
    pub async fn rest(&mut self) -> String {
        let rest = self.until("\u{0}never").await;
        timeout(Duration::from_secs(10), &mut self.session)
            .await
            .unwrap()
            .unwrap();
        assert!(
            self.fake.sessions().is_empty(),
            "the backend's session is closed"
        );
        rest
    }
}
