//! `[metrics] listen`: metrics for Prometheus over HTTP.
//!
//! One path and one method, so HTTP/1.0 by hand: a request of bounded size, in bounded time, is answered, and the connection
//! is closed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use banyan_engine::Engine;
use banyan_engine::backend::Cancel;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// How long a client may take to ask, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of a request with its header.
const LONGEST: usize = 8 * 1024;

/// How many are served at once; who comes then waits.
const CLIENTS: usize = 8;

/// What Prometheus wants to see.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const PLAIN: &str = "text/plain; charset=utf-8";

/// Where metrics are served.
pub struct MetricsListener {
    listener: TcpListener,
}

impl MetricsListener {
    /// Opens the port.
    ///
    /// # Errors
    /// It is taken, or may not be used.
    pub async fn bind(address: SocketAddr) -> std::io::Result<MetricsListener> {
        let listener = TcpListener::bind(address).await?;
        Ok(MetricsListener { listener })
    }

    /// Answers until `stop`.
    pub async fn serve(self, engine: Engine, stop: Cancel) {
        let free = Arc::new(Semaphore::new(CLIENTS));
        loop {
            let Ok(place) = free.clone().acquire_owned().await else {
                return;
            };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            match accepted {
                Ok((mut stream, _)) => {
                    let engine = engine.clone();
                    let stop = stop.clone();
                    tokio::spawn(async move {
                        tokio::select! {
                            answered = tokio::time::timeout(PATIENCE, answer(&engine, &mut stream)) => {
                                // A client that went away, or is too slow, needs nothing more.
                                drop(answered);
                            }
                            () = stop.cancelled() => {}
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!("a request for metrics was not accepted: {error}");
                    // Out of descriptors, most likely: not again at once.
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }
}

/// Reads a request and answers it.
async fn answer(
    engine: &Engine,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> std::io::Result<()> {
    let request = match read(stream).await? {
        Some(request) => asked(&request),
        None => Asked::TooLong,
    };
    let (status, kind, body) = match request {
        Asked::Metrics { .. } => match engine.metrics().await {
            Ok(text) => ("200 OK", OPEN_METRICS, text),
            Err(error) => ("500 Internal Server Error", PLAIN, format!("{error}\n")),
        },
        Asked::Elsewhere => (
            "404 Not Found",
            PLAIN,
            "metrics are at /metrics\n".to_owned(),
        ),
        Asked::Otherwise => (
            "405 Method Not Allowed\r\nAllow: GET, HEAD",
            PLAIN,
            "only GET and HEAD\n".to_owned(),
        ),
        Asked::TooLong => (
            "431 Request Header Fields Too Large",
            PLAIN,
            format!("a request has at most {LONGEST} bytes\n"),
        ),
        Asked::Nonsense => ("400 Bad Request", PLAIN, "this is no HTTP\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.0 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    if request != (Asked::Metrics { head: true }) {
        stream.write_all(body.as_bytes()).await?;
    }
    stream.shutdown().await
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    /// The metrics, or with `head` what comes before them.
    Metrics { head: bool },
    /// Another path.
    Elsewhere,
    /// Another method.
    Otherwise,
    /// More than a request may be.
    TooLong,
    /// No request.
    Nonsense,
}

/// A request up to the end of its header; `None` when it is too long.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Option<Vec<u8>>> {
    let mut request = Vec::new();
    let mut piece = [0; 1024];
    loop {
        let ended = [&b"\r\n\r\n"[..], b"\n\n"]
            .iter()
            .any(|end| request.windows(end.len()).any(|window| window == *end));
        if ended {
            return Ok(Some(request));
        }
        if request.len() > LONGEST {
            return Ok(None);
        }
        match stream.read(&mut piece).await? {
            0 => return Ok(Some(request)),
            count => request.extend_from_slice(&piece[..count]),
        }
    }
}

/// RFC 1945 5.1: the request line.
fn asked(request: &[u8]) -> Asked {
    let line = request
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let Ok(line) = std::str::from_utf8(line) else {
        return Asked::Nonsense;
    };
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let &[method, target, version] = words.as_slice() else {
        return Asked::Nonsense;
    };
    if !version.starts_with("HTTP/1.") {
        return Asked::Nonsense;
    }
    let path = target.split('?').next().unwrap_or(target);
    match (method, path) {
        ("GET", "/metrics") => Asked::Metrics { head: false },
        ("HEAD", "/metrics") => Asked::Metrics { head: true },
        ("GET" | "HEAD", _) => Asked::Elsewhere,
        _ => Asked::Otherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_metrics_can_be_asked_for() {
        let table = [
            (
                "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
                Asked::Metrics { head: false },
            ),
            (
                "GET /metrics?name[]=x HTTP/1.0\r\n\r\n",
                Asked::Metrics { head: false },
            ),
            (
                "HEAD /metrics HTTP/1.1\r\n\r\n",
                Asked::Metrics { head: true },
            ),
            ("GET / HTTP/1.1\r\n\r\n", Asked::Elsewhere),
            ("POST /metrics HTTP/1.1\r\n\r\n", Asked::Otherwise),
            ("GET /metrics\r\n\r\n", Asked::Nonsense),
            ("GET /metrics SSH-2.0\r\n\r\n", Asked::Nonsense),
            ("\u{16}\u{3}\u{1}", Asked::Nonsense),
            ("", Asked::Nonsense),
        ];
        for (request, expected) in table {
            assert_eq!(asked(request.as_bytes()), expected, "{request:?}");
        }
    }

    #[tokio::test]
    async fn a_request_is_bounded() {
        let endless = vec![b'a'; LONGEST + 2000];
        assert_eq!(read(&mut endless.as_slice()).await.unwrap(), None);
        let whole = b"GET / HTTP/1.0\r\n\r\nand more";
        assert!(read(&mut whole.as_slice()).await.unwrap().is_some());
    }
}
