//! Running a program once: what it reads, what it says, and its end. Whoever gives up on it kills it with all that it
//! has started.
//!
//! Knows nothing of operations and participants, which are what programs are run for.

use std::io;
use std::process::{ExitStatus, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// How much a program may print.
const OUTPUT: u64 = 16 << 20;

/// How much of what it says on standard error is kept: the end, where the reason stands.
const COMPLAINT: usize = 4096;

/// What a program came to.
pub(crate) struct Ended {
    /// 0 is success.
    pub status: ExitStatus,
    /// What it printed.
    pub output: Vec<u8>,
    /// The end of what it said on standard error, without blanks around it.
    pub complaint: String,
}

/// Why a program did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    /// The system does not run it.
    #[error("cannot be started: {0}; check that it exists and is executable")]
    Start(io::Error),
    /// Its output broke.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// It does not stop printing.
    #[error("printed more than {} MiB", OUTPUT >> 20)]
    TooMuch,
    /// The system lost it.
    #[error("cannot be waited for: {0}")]
    Wait(io::Error),
}

/// Runs a program: writes its input while its output is read. When the future is dropped, the program and what it has
/// started are killed.
///
/// # Errors
/// It did not come to its end; an exit status that says failure is no error here.
pub(crate) async fn run(mut command: Command, input: Vec<u8>) -> Result<Ended, ProcessError> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .process_group(0)
        .spawn()
        .map_err(ProcessError::Start)?;
    let group = Group::of(&child);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // A program that does not read its input is no error.
            let _ = stdin.write_all(&input).await;
        }
        Ok(())
    };
    let listen = async move {
        let mut output = Vec::new();
        if let Some(stdout) = stdout {
            stdout.take(OUTPUT + 1).read_to_end(&mut output).await?;
        }
        if output.len() as u64 > OUTPUT {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok::<_, io::Error>(output)
    };
    let talk = tokio::try_join!(feed, listen, last_words(stderr));
    let ((), output, complaint) = talk.map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => ProcessError::TooMuch,
        _ => ProcessError::Read(error),
    })?;
    let status = child.wait().await.map_err(ProcessError::Wait)?;
    group.ended();
    Ok(Ended {
        status,
        output,
        complaint: complaint.trim().to_owned(),
    })
}

/// The processes that a program has started, itself among them. Killed on drop.
struct Group(Option<Pid>);

impl Group {
    /// The group that a child leads that was not waited for yet: nobody else can have its number.
    fn of(child: &Child) -> Group {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        Group(pid.map(Pid::from_raw))
    }

    /// The program has come to its end; what it leaves behind on purpose goes on.
    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Who is gone already need not be killed.
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

/// The end of what is said; all of it is read, so that the program does not wait.
async fn last_words(stderr: Option<impl AsyncRead + Unpin>) -> io::Result<String> {
    let mut kept = Vec::new();
    if let Some(mut stderr) = stderr {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = stderr.read(&mut piece).await {
            kept.extend_from_slice(&piece[..read]);
            if kept.len() > 2 * COMPLAINT {
                kept.drain(..kept.len() - COMPLAINT);
            }
        }
    }
    Ok(end_of(&kept))
}

/// The end of what a program has said, as text.
pub(crate) fn end_of(said: &[u8]) -> String {
    let start = said.len().saturating_sub(COMPLAINT);
    String::from_utf8_lossy(&said[start..]).into_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn a_program_reads_prints_and_ends() {
        let ended = run(shell("cat; echo why >&2; exit 3"), b"hello".to_vec())
            .await
            .unwrap();
        assert_eq!(ended.output, b"hello");
        assert_eq!(ended.complaint, "why");
        assert_eq!(ended.status.code(), Some(3));
    }

    #[tokio::test]
    async fn what_a_program_has_started_is_killed_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pid");
        // The shell waits for its child, and both hold the output.
        let script = format!("sleep 600 & echo $! >{}; wait", file.display());
        let mut running = Box::pin(run(shell(&script), Vec::new()));
        let pid = loop {
            let waited = tokio::time::timeout(Duration::from_millis(20), &mut running).await;
            assert!(waited.is_err(), "it waits for its child");
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            if let Ok(pid) = text.trim().parse::<i32>() {
                break Pid::from_raw(pid);
            }
        };
        drop(running);
        // It may be a zombie until its new parent looks; what it was doing is over.
        loop {
            let status = std::fs::read_to_string(format!("/proc/{pid}/stat"));
            match status {
                Ok(status) if !status.contains(") Z ") => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                _ => break,
            }
        }
    }
}
