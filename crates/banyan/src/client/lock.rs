//! `banyan lock`: holds a lock while a command runs, whose `banyan` commands are carried out in the session that has it.

use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use banyan_engine::backend::Datastore;
use banyan_netconf::client::{Client, ClientError, lend};
use banyan_netconf::names::PARTIAL_LOCK;
use banyan_netconf::rpc_error::ErrorTag;
use banyan_netconf::transport::{Listener, UnixListener};
use banyan_netconf::xml::escape_text;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::{CommandError, call, open, output_leaf};
use crate::args::{Lock, Store};

/// How many names are tried for a directory of our own.
const ATTEMPTS: u32 = 100;

/// How often a lock that somebody has is asked for again.
const AGAIN: Duration = Duration::from_millis(200);

/// `banyan lock`. Gives the command's exit status; 128 and the signal's number if a signal ended it.
///
/// # Errors
/// The lock is not to be had, the command cannot be started, or the session with the lock ended before the command.
pub async fn lock(lock: Lock) -> Result<ExitCode, CommandError> {
    let stores = match lock.store.as_slice() {
        // RFC 6241 7.5: whoever edits the candidate and commits locks both.
        [] if lock.path.is_empty() => vec![Store::Running, Store::Candidate],
        stores => stores.to_vec(),
    };
    let client = open(&lock.connect).await?;
    let until = Instant::now() + Duration::from_secs(lock.wait.into());
    if !lock.path.is_empty() {
        let mut body = format!("<partial-lock xmlns=\"{PARTIAL_LOCK}\">");
        for path in &lock.path {
            body.push_str(&format!("<select>{}</select>", escape_text(path)));
        }
        body.push_str("</partial-lock>");
        granted(until, || client.rpc(&body)).await?;
    }
    for store in &stores {
        let store = match store {
            Store::Running => Datastore::Running,
            Store::Candidate => Datastore::Candidate,
            Store::Startup => Datastore::Startup,
        };
        granted(until, || client.lock(store)).await?;
    }
    let status = within(&client, &lock.command).await?;
    if stores.contains(&Store::Candidate) {
        tell_what_goes(&client).await;
    }
    // The lock goes with the session in any case.
    let _ = client.close().await;
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    Ok(ExitCode::from(
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
    ))
}

/// Asks for a lock until it is granted, or the time is over.
async fn granted<T, F>(until: Instant, ask: impl Fn() -> F) -> Result<T, CommandError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    loop {
        match ask().await {
            Err(ClientError::Rpc(errors))
                if Instant::now() < until
                    && errors.iter().any(|it| it.tag == ErrorTag::LockDenied) =>
            {
                tokio::time::sleep(AGAIN).await;
            }
            outcome => return Ok(outcome?),
        }
    }
}

/// RFC 6241 8.3.5.2: with the lock of the candidate go the changes that were not committed.
async fn tell_what_goes(client: &Client) {
    let leaves = [("format", Some("set".to_owned()))];
    if let Ok(reply) = call(client, "compare", &leaves).await
        && !output_leaf(&reply, "text").is_empty()
    {
        eprintln!(
            "warning: the command left changes that are not committed; they go with the lock"
        );
    }
}

/// Runs the command, and lends the session to those who come to the socket that it finds in `BANYAN_SOCKET`.
async fn within(client: &Client, command: &[OsString]) -> Result<ExitStatus, CommandError> {
    let failed = |error: std::io::Error| {
        CommandError::Usage(format!("cannot run {}: {error}", shown(command)))
    };
    let place = Place::make().map_err(failed)?;
    let mut listener = UnixListener::bind(&place.socket, 0o600)
        .map_err(|error| CommandError::Usage(error.to_string()))?;
    let (program, arguments) = command.split_first().ok_or_else(|| {
        CommandError::Usage("lock while which command runs? give it behind --".to_owned())
    })?;
    let mut child = Command::new(program)
        .args(arguments)
        .env("BANYAN_SOCKET", &place.socket)
        .spawn()
        .map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut listening = true;
    loop {
        tokio::select! {
            status = child.wait() => return status.map_err(failed),
            peer = listener.accept(), if listening => match peer {
                Ok(peer) => {
                    let client = client.clone();
                    tokio::spawn(async move { lend(client, peer).await });
                }
                Err(error) => {
                    eprintln!("warning: the command's `banyan` commands cannot come in any more: {error}");
                    listening = false;
                }
            },
            reason = client.closed() => {
                eprintln!("warning: the lock is lost: {reason}");
                child.wait().await.map_err(failed)?;
                return Err(CommandError::Unreachable(format!(
                    "the lock was lost before {} ended: {reason}", shown(command)
                )));
            }
            // The terminal sends it to the command as well, which decides what becomes of it.
            _ = interrupt.recv() => {}
            _ = terminate.recv() => pass_on(&child),
        }
    }
}

/// Passes the wish to end on to the command.
fn pass_on(child: &Child) {
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(id) = id {
        // It may have ended by itself.
        let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
    }
}

fn shown(command: &[OsString]) -> String {
    command
        .first()
        .map(|program| Path::new(program).display().to_string())
        .unwrap_or_default()
}

/// A directory for the socket that only this user can enter; removed when it is dropped.
struct Place {
    directory: PathBuf,
    socket: PathBuf,
}

impl Place {
    fn make() -> std::io::Result<Place> {
        let parent = match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
            Some(directory) if directory.is_dir() => directory,
            _ => std::env::temp_dir(),
        };
        let process = std::process::id();
        let mut number = 0;
        loop {
            let directory = parent.join(format!("banyan-lock.{process}.{number}"));
            // One that is there already is somebody else's, or was left behind.
            match DirBuilder::new().mode(0o700).create(&directory) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists && number < ATTEMPTS => {
                    number += 1;
                }
                Err(error) => return Err(error),
                Ok(()) => {
                    let socket = directory.join("banyan.sock");
                    return Ok(Place { directory, socket });
                }
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What is left of it does no harm.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
