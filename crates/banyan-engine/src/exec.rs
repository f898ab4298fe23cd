//! Operations that are programs: RFC 7951 JSON on standard input, RFC 7951 JSON on standard output.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use banyan_data::Tree;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::backend::{BoxFuture, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::error::{BackendError, ErrorTag};
use crate::operation::{Operation, OperationCall};

/// How much a program may print.
const OUTPUT: u64 = 16 << 20;

/// How much of what it says on standard error is kept: the end, where the reason stands.
const COMPLAINT: usize = 4096;

/// A program bound to an RPC or action.
///
/// It gets the input as one JSON object with qualified names, and the environment variables `BANYAN_USER`
/// (who calls), `BANYAN_PATH` (for an action: the instance), `BANYAN_TID` (the input's leaf `tid`, where it has
/// one), `BANYAN_SOCKET` (where to connect back). Its output, when the operation has one, is such an object too;
/// nothing printed is an empty output. An exit status other than 0 is an error, with what it said on standard error.
#[derive(Clone, Debug)]
pub struct Exec {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Where it runs; `None` is the directory of this process.
    pub directory: Option<PathBuf>,
    /// How long it may run; then it is killed.
    pub timeout: Duration,
    /// The Unix socket of this server.
    pub socket: Option<PathBuf>,
}

impl Exec {
    /// A program without arguments, with 60 seconds.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Exec {
            program: program.into(),
            arguments: Vec::new(),
            directory: None,
            timeout: Duration::from_secs(60),
            socket: None,
        }
    }

    fn failed(&self, what: impl std::fmt::Display) -> BackendError {
        BackendError::new(
            ErrorTag::OperationFailed,
            format!("{} {what}", self.program.display()),
        )
    }

    async fn run(&self, call: OperationCall) -> Result<Tree> {
        let input = {
            let input = call.input.clone();
            on_pool(move || bind::to_json(&input)).await??
        };
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .env("BANYAN_USER", &**call.call.principal.effective());
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        if let Some(socket) = &self.socket {
            command.env("BANYAN_SOCKET", socket);
        }
        if let Some(path) = call
            .target
            .as_ref()
            .and_then(|target| bind::path_text(&call.engine, target))
        {
            command.env("BANYAN_PATH", path);
        }
        if let Some(tid) = bind::member(&input, "tid") {
            command.env("BANYAN_TID", tid.to_string());
        }
        let (status, output, complaint) =
            tokio::time::timeout(self.timeout, self.talk(command, &input))
                .await
                .map_err(|_| {
                    self.failed(format_args!(
                        "did not end within {} s and was killed",
                        self.timeout.as_secs_f32()
                    ))
                })??;
        if !status.success() {
            let complaint = complaint.trim();
            return Err(match complaint {
                "" => self.failed(format_args!("failed ({status}) and said nothing")),
                complaint => self.failed(format_args!("failed ({status}): {complaint}")),
            });
        }
        if !complaint.trim().is_empty() {
            tracing::info!(program = %self.program.display(), "{}", complaint.trim());
        }
        let schema = call.schema.clone();
        let node = call.node;
        on_pool(move || bind::output_from_json(&schema, node, &output))
            .await?
            .map_err(|mut error| {
                for report in &mut error.reports {
                    report.message = format!(
                        "{} printed what the model does not allow: {}",
                        self.program.display(),
                        report.message
                    );
                }
                error
            })
    }

    /// Runs the program, writes its input while its output is read.
    async fn talk(
        &self,
        mut command: Command,
        input: &serde_json::Value,
    ) -> Result<(ExitStatus, Vec<u8>, String)> {
        let mut child = command.spawn().map_err(|error| {
            self.failed(format_args!(
                "cannot be started: {error}; check that it exists and is executable"
            ))
        })?;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let text = input.to_string();
        let feed = async move {
            if let Some(mut stdin) = stdin {
                // A program that does not read its input is no error.
                let _ = stdin.write_all(text.as_bytes()).await;
            }
        };
        let listen = async move {
            let mut output = Vec::new();
            if let Some(stdout) = stdout {
                stdout.take(OUTPUT + 1).read_to_end(&mut output).await?;
            }
            Ok::<_, std::io::Error>(output)
        };
        let ((), output, complaint) = tokio::join!(feed, listen, last_words(stderr));
        let output =
            output.map_err(|error| self.failed(format_args!("cannot be read: {error}")))?;
        if output.len() as u64 > OUTPUT {
            return Err(self.failed(format_args!("printed more than {} MiB", OUTPUT >> 20)));
        }
        let status = child
            .wait()
            .await
            .map_err(|error| self.failed(format_args!("cannot be waited for: {error}")))?;
        Ok((status, output, complaint))
    }
}

impl Operation for Exec {
    fn call(&self, call: OperationCall) -> BoxFuture<'_, Result<Tree>> {
        Box::pin(self.run(call))
    }
}

/// The end of what is said; all of it is read, so that the program does not wait.
async fn last_words(stderr: Option<impl AsyncRead + Unpin>) -> String {
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
    let start = kept.len().saturating_sub(COMPLAINT);
    String::from_utf8_lossy(&kept[start..]).into_owned()
}
