//! Client commands: each is one NETCONF session with the daemon, over its Unix socket.
//!
//! They hold no schema: paths, values and documents go to the daemon as text, and text comes back.

mod access;
mod backup;
mod change;
mod history;
mod lines;
mod lock;
mod notify;
mod observe;
mod outcome;
mod read;
mod save;
mod sessions;
mod socket;
mod store;
mod table;
mod watch;

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use banyan_netconf::client::{Client, ClientError, ClientOptions};
use banyan_netconf::names::{BANYAN, SHARED_CANDIDATE};
use banyan_netconf::reply::{Notification, RpcReply};
use banyan_netconf::rpc_error::{ErrorInfo, RpcError};
use banyan_netconf::transport::{Transport, connect_unix};
use banyan_netconf::xml::{Fragment, escape_text};

use tokio::sync::mpsc::Receiver;

use crate::args::{Command, Connect};
pub use lock::lock;
pub use socket::socket_of;
pub use store::StoreCommand;

/// The namespace of the daemon's own RPCs.
const SYSTEM: &str = "urn:banyan:system";

/// A commit may wait for hundreds of devices; everything else is much faster.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Why a command failed; its exit status says which.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The daemon said no. Exit status 1.
    #[error("{0}")]
    Refused(String),
    /// The command cannot be meant, or a file cannot be read. Exit status 2.
    #[error("{0}")]
    Usage(String),
    /// There is no daemon, or the connection broke. Exit status 3.
    #[error("{0}")]
    Unreachable(String),
}

impl CommandError {
    /// The exit status.
    pub fn status(&self) -> ExitCode {
        ExitCode::from(match self {
            CommandError::Refused(_) => 1,
            CommandError::Usage(_) => 2,
            CommandError::Unreachable(_) => 3,
        })
    }
}

impl From<ClientError> for CommandError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Rpc(errors) => {
                let lines: Vec<String> = errors.iter().map(told).collect();
                CommandError::Refused(lines.join("\n"))
            }
            ClientError::Hello { .. }
            | ClientError::Closed { .. }
            | ClientError::Timeout { .. } => CommandError::Unreachable(error.to_string()),
            other => CommandError::Refused(other.to_string()),
        }
    }
}

/// An rpc-error as a person reads it: message first, then where, then how it came about.
fn told(error: &RpcError) -> String {
    let message = error
        .message
        .as_deref()
        .unwrap_or_else(|| error.tag.as_str());
    let mut text = message.to_owned();
    if let Some(path) = &error.path {
        text.push_str(&format!("\n  at {}", path.expression));
    }
    for info in &error.info {
        if let ErrorInfo::Other(element) = info
            && let Ok(element) = Fragment::parse(element.clone().into(), 4, None)
            && element.namespace() == BANYAN
        {
            text.push_str(&format!("\n  {}: {}", element.local(), element.text()));
        }
    }
    text
}

/// Runs a client command.
pub async fn run(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Get(get) => read::get(get).await,
        Command::Diff(diff) => read::diff(diff).await,
        Command::History(history) => history::history(history).await,
        Command::Show(show) => table::show(show).await,
        Command::Store(command) => store::store(command).await,
        Command::Backup(wanted) => backup::backup(wanted).await,
        Command::Set(set) => change::set(set).await,
        Command::Delete(delete) => change::delete(delete).await,
        Command::Edit(edit) => change::edit(edit).await,
        Command::Commit(commit) => change::commit(commit).await,
        Command::Discard(connect) => change::discard(connect).await,
        Command::Rpc(rpc) => change::rpc(rpc).await,
        Command::Watch(wanted) => watch::watch(wanted).await,
        Command::Notify(event) => notify::notify(event).await,
        Command::Nacm(command) => access::nacm(command).await,
        Command::Rollback(rollback) => change::rollback(rollback).await,
        Command::Update(update) => sessions::update(update).await,
        Command::KillSession(kill) => sessions::kill(kill).await,
        Command::Lock(_)
        | Command::Serve(_)
        | Command::Upgrade(_)
        | Command::Restore(_)
        | Command::Netconf(_)
        | Command::Sim(_)
        | Command::Yang(_)
        | Command::Xpath(_)
        | Command::Config(_)
        | Command::Data(_) => Err(CommandError::Usage("this is no client command".to_owned())),
    }
}

/// Connects to the daemon's socket.
pub async fn connect_to(socket: &Path) -> Result<Box<dyn Transport>, CommandError> {
    connect_unix(socket).await.map_err(|error| {
        let at = socket.display();
        CommandError::Unreachable(match error.kind() {
            ErrorKind::PermissionDenied => format!(
                "you may not connect to {at}: only the user of the daemon and the group `netconf.socket-group` of its \
                 configuration may; or come in over SSH"
            ),
            kind => format!(
                "no daemon answers at {at} ({kind}); start one with `banyan serve`, or give another --socket"
            ),
        })
    })
}

/// Opens a session.
async fn open(connect: &Connect) -> Result<Client, CommandError> {
    let (client, _notifications) = open_with(connect, None).await?;
    Ok(client)
}

/// Opens a session that offers one capability more, and gives its notifications.
async fn open_with(
    connect: &Connect,
    offer: Option<&str>,
) -> Result<(Client, Receiver<Notification>), CommandError> {
    let transport = connect_to(&socket_of(connect)?).await?;
    let mut options = ClientOptions {
        timeout: PATIENCE,
        acting_for: connect.acting_for.clone(),
        ..ClientOptions::default()
    };
    // The session ends with the command, so its edits must be in a candidate that does not.
    let offers = [Some(SHARED_CANDIDATE), offer].into_iter().flatten();
    let offers = offers.map(str::to_owned);
    options.hello.capabilities.extend(offers);
    Ok(Client::open(transport, options).await?)
}

/// Calls one of the daemon's own RPCs with leaves as input; absent ones are left out.
async fn call(
    client: &Client,
    name: &str,
    leaves: &[(&str, Option<String>)],
) -> Result<RpcReply, CommandError> {
    let mut body = format!("<{name} xmlns=\"{SYSTEM}\">");
    for (leaf, value) in leaves {
        if let Some(value) = value {
            lines::holdable(leaf, value).map_err(CommandError::Usage)?;
            body.push_str(&format!("<{leaf}>{}</{leaf}>", escape_text(value)));
        }
    }
    body.push_str(&format!("</{name}>"));
    Ok(with_progress(client, body).await?)
}

/// Sends a request and shows, while it runs, the lines that the daemon reports.
async fn with_progress(client: &Client, body: String) -> Result<RpcReply, ClientError> {
    let (lines, mut heard) = tokio::sync::mpsc::unbounded_channel::<String>();
    let printing = tokio::spawn(async move {
        while let Some(line) = heard.recv().await {
            eprintln!("{line}");
        }
    });
    let reply = client.rpc_with_progress(body, lines).await;
    // The sender is gone with the request; the task ends after the last line.
    let _ = printing.await;
    reply
}

/// Says what a commit warned of.
fn warned(reply: &RpcReply) {
    for element in reply
        .elements()
        .filter(|element| element.local() == "warning")
    {
        warn(&element.text());
    }
}

/// The text of the output leaf `name`; empty when it is absent.
fn output_leaf(reply: &RpcReply, name: &str) -> String {
    reply
        .elements()
        .find(|element| element.local() == name)
        .map(|element| element.text())
        .unwrap_or_default()
}

/// Prints to standard output; a reader that went away (`| head`) is no error.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let newline = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let _ = write!(out, "{text}{newline}").and_then(|()| out.flush());
}

/// Says what must not be missed, on standard error.
fn warn(text: &str) {
    eprintln!("warning: {text}");
}

/// Says something that a person wants to see and a script does not.
fn remark(text: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("{text}");
    }
}
