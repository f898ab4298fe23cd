//! Operations that are programs: RFC 7951 JSON on standard input, RFC 7951 JSON on standard output.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use banyan_data::Tree;
use tokio::process::Command;

use crate::backend::{BoxFuture, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::error::{BackendError, ErrorTag};
use crate::operation::{Operation, OperationCall};
use crate::process::{self, Ended};

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
        let user = call.call.principal.effective().to_string();
        let mut environment = vec![("BANYAN_USER", user)];
        if let Some(path) = call
            .target
            .as_ref()
            .and_then(|target| bind::path_text(&call.engine, target))
        {
            environment.push(("BANYAN_PATH", path));
        }
        if let Some(tid) = bind::member(&input, "tid") {
            environment.push(("BANYAN_TID", tid.to_string()));
        }
        let output = self.converse(&environment, &input).await?;
        let schema = call.schema.clone();
        let node = call.node;
        on_pool(move || bind::output_from_json(&schema, node, &output))
            .await?
            .map_err(|error| self.misprinted(error))
    }

    /// The error about what the program has printed.
    pub(crate) fn misprinted(&self, mut error: BackendError) -> BackendError {
        for report in &mut error.reports {
            report.message = format!(
                "{} printed what the model does not allow: {}",
                self.program.display(),
                report.message
            );
        }
        error
    }

    /// Runs the program on an input; what it prints.
    ///
    /// # Errors
    /// It cannot be started, takes too long, prints too much, or fails.
    pub(crate) async fn converse(
        &self,
        environment: &[(&str, String)],
        input: &serde_json::Value,
    ) -> Result<Vec<u8>> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        if let Some(socket) = &self.socket {
            command.env("BANYAN_SOCKET", socket);
        }
        let running = process::run(command, input.to_string().into_bytes());
        let ended = tokio::time::timeout(self.timeout, running)
            .await
            .map_err(|_| {
                self.failed(format_args!(
                    "did not end within {} s and was killed",
                    self.timeout.as_secs_f32()
                ))
            })?
            .map_err(|error| self.failed(error))?;
        let Ended {
            status,
            output,
            complaint,
        } = ended;
        if !status.success() {
            let printed = process::end_of(&output);
            return Err(match (complaint.as_str(), printed.trim()) {
                ("", "") => self.failed(format_args!("failed ({status}) and said nothing")),
                ("", said) | (said, _) => self.failed(format_args!("failed ({status}): {said}")),
            });
        }
        if !complaint.is_empty() {
            tracing::info!(program = %self.program.display(), "{complaint}");
        }
        Ok(output)
    }
}

impl Operation for Exec {
    fn call(&self, call: OperationCall) -> BoxFuture<'_, Result<Tree>> {
        Box::pin(self.run(call))
    }
}
