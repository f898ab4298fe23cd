//! Where log lines go, and which: `log.*` of the configuration, and `BANYAN_LOG`.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::writable;
use crate::config::Destination;

/// Where the system's log listens.
const SYSLOG: &str = "/dev/log";

/// The facility `daemon` (RFC 5424 6.2.1).
const FACILITY: u8 = 3;

/// Why lines cannot go where they are to go.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be opened.
    #[error("cannot log to {}: {source}; correct log.file, or choose another log.destination", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no system log.
    #[error("cannot log to the system's log, {SYSLOG}: {0}; choose another log.destination")]
    Syslog(io::Error),
}

/// Starts logging. `BANYAN_LOG` chooses what is logged, else the level does.
///
/// # Errors
/// A destination cannot be opened.
pub fn start(level: Level, destinations: &[Destination]) -> Result<(), LogError> {
    let filter =
        EnvFilter::try_from_env("BANYAN_LOG").unwrap_or_else(|_| EnvFilter::new(usual(level)));
    let mut layers: Vec<Box<dyn Layer<_> + Send + Sync>> = Vec::new();
    for destination in destinations {
        layers.push(match destination {
            Destination::Stderr => lines(io::stderr, io::stderr().is_terminal()),
            Destination::Stdout => lines(io::stdout, io::stdout().is_terminal()),
            Destination::File(path) => lines(Arc::new(open(path)?), false),
            Destination::Syslog => {
                let syslog = Syslog::new(Path::new(SYSLOG)).map_err(LogError::Syslog)?;
                let layer = tracing_subscriber::fmt::layer();
                // The time, and the level as a number, are the system log's business.
                Box::new(
                    layer
                        .without_time()
                        .with_level(false)
                        .with_ansi(false)
                        .with_writer(syslog),
                )
            }
        });
    }
    // A second call, as tests make it, changes nothing.
    let _ = tracing_subscriber::registry()
        .with(layers)
        .with(filter)
        .try_init();
    Ok(())
}

/// Whether lines could go there; nothing is made or written.
///
/// # Errors
/// As [`start`].
pub fn check(destination: &Destination) -> Result<(), LogError> {
    match destination {
        Destination::Stderr | Destination::Stdout => Ok(()),
        Destination::File(path) => writable::file(path).map_err(|source| LogError::File {
            path: path.clone(),
            source,
        }),
        Destination::Syslog => Syslog::new(Path::new(SYSLOG))
            .map(drop)
            .map_err(LogError::Syslog),
    }
}

fn lines<S, W>(writer: W, colours: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    Box::new(
        tracing_subscriber::fmt::layer()
            .with_ansi(colours)
            // The spans of commits are our only ones; a line for each, with its times, when they are asked for.
            .with_span_events(FmtSpan::CLOSE)
            .with_writer(writer),
    )
}

fn open(path: &PathBuf) -> Result<File, LogError> {
    let file = File::options()
        .create(true)
        .append(true)
        .mode(0o640)
        .open(path);
    file.map_err(|source| LogError::File {
        path: path.clone(),
        source,
    })
}

/// Up to info, libraries that tell of every connection are quieter.
fn usual(level: Level) -> String {
    match level {
        Level::INFO => "info,russh=warn,banyan_netconf::server::session=warn".to_owned(),
        Level::DEBUG | Level::TRACE => format!("{level},russh=info").to_lowercase(),
        other => other.to_string().to_lowercase(),
    }
}

/// The system's log: one datagram per line (RFC 3164 4.1; the time is left to the receiver).
#[derive(Debug)]
struct Syslog {
    /// Not connected: the receiver may be started anew.
    socket: UnixDatagram,
    receiver: PathBuf,
}

impl Syslog {
    fn new(receiver: &Path) -> io::Result<Syslog> {
        let socket = UnixDatagram::unbound()?;
        // A receiver that hangs does not hold up commits.
        socket.set_nonblocking(true)?;
        // An empty message is no line; it shows whether somebody listens.
        socket.send_to(b"", receiver)?;
        Ok(Syslog {
            socket,
            receiver: receiver.to_owned(),
        })
    }
}

/// One line on its way.
struct Line<'a> {
    syslog: &'a Syslog,
    text: Vec<u8>,
}

impl<'a> MakeWriter<'a> for Syslog {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        self.line(Level::INFO)
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Line<'a> {
        self.line(*meta.level())
    }
}

impl Syslog {
    fn line(&self, level: Level) -> Line<'_> {
        Line {
            syslog: self,
            text: header(level, std::process::id()).into_bytes(),
        }
    }
}

/// Priority (RFC 5424 6.2.1), tag and process.
fn header(level: Level, pid: u32) -> String {
    let severity = match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    };
    format!("<{}>banyan[{pid}]: ", FACILITY * 8 + severity)
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let text = self.text.trim_ascii_end();
        // There is nowhere to complain to.
        let _ = self.syslog.socket.send_to(text, &self.syslog.receiver);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_are_those_of_syslog() {
        assert_eq!(header(Level::ERROR, 7), "<27>banyan[7]: ");
        assert_eq!(header(Level::INFO, 7), "<30>banyan[7]: ");
    }

    #[test]
    fn each_line_is_one_message() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        assert!(Syslog::new(&path).is_err(), "nobody listens");
        let receiver = UnixDatagram::bind(&path).unwrap();
        let syslog = Syslog::new(&path).unwrap();
        let mut heard = [0; 100];
        assert_eq!(receiver.recv(&mut heard).unwrap(), 0);
        let layer = tracing_subscriber::fmt::layer();
        let layer = layer.without_time().with_level(false).with_ansi(false);
        let subscriber = tracing_subscriber::registry().with(layer.with_writer(syslog));
        tracing::subscriber::with_default(subscriber, || tracing::warn!(target: "t", "two\nlines"));
        let length = receiver.recv(&mut heard).unwrap();
        let expected = format!("<28>banyan[{}]: t: two", std::process::id());
        assert!(heard[..length].starts_with(expected.as_bytes()));
    }

    #[test]
    fn levels_make_filters_that_parse() {
        for level in [
            Level::ERROR,
            Level::WARN,
            Level::INFO,
            Level::DEBUG,
            Level::TRACE,
        ] {
            assert!(EnvFilter::try_new(usual(level)).is_ok(), "{level}");
        }
    }
}
