//! Participants that are programs: the change as JSON on standard input, the exit status as the answer.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use banyan_data::Tree;
use banyan_data::change::ChangeSet;
use banyan_data::document::Mounts;
use banyan_data::path::InstancePath;
use banyan_yang::schema::Schema;
use serde_json::{Value, json};
use tokio::process::Command;

use super::{Answer, Participant, Phase, Refusal, Transaction};
use crate::backend::BoxFuture;
use crate::bind::{self, NoMounts, SharedMounts};
use crate::blocking::on_pool;
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::process::{self, Ended};
use crate::session::source_line;

/// How long a program may take for a phase, when nothing is said.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A program that takes part in commits.
///
/// It is run once for each of its phases, with one JSON object on standard input: `participant`, `phase`, `tid`, `base`
/// (the commit that `before` is), `seq` (in `commit_done` and `end`), `user`, `source`, `comment`, `label`; `start`, true in
/// the transaction of a start, where `before` is nothing and `changes` all that running is; `changes`, a list
/// with `operation`, `path`, `old` and `new` for each instance; `patch` and `reverse`, the same as YANG Patches
/// (RFC 8072); and, if it wishes so, `before` and `after` (RFC 7951). Of all that it gets the part at and below its paths,
/// and it is not run when nothing changed there.
///
/// Exit status 0 agrees. Anything else refuses, a death by signal too: the reason is what it said on standard error, or a
/// JSON list of `{"message": ..., "path": ...}` on standard output. In phases that cannot refuse a failure is logged. It is
/// killed with all that it has started when its deadline is over.
pub struct Program {
    name: String,
    /// The program.
    program: PathBuf,
    arguments: Vec<OsString>,
    directory: Option<PathBuf>,
    phases: Vec<Phase>,
    places: Vec<bind::Place>,
    deadline: Duration,
    deadlines: HashMap<Phase, Duration>,
    trees: bool,
    socket: Option<PathBuf>,
    mounts: SharedMounts,
}

impl Program {
    /// A program without arguments that takes part in these phases, for all changes.
    pub fn new(
        name: impl Into<String>,
        program: impl Into<PathBuf>,
        phases: impl IntoIterator<Item = Phase>,
    ) -> Program {
        Program {
            name: name.into(),
            program: program.into(),
            arguments: Vec::new(),
            directory: None,
            phases: phases.into_iter().collect(),
            places: Vec::new(),
            deadline: DEADLINE,
            deadlines: HashMap::new(),
            trees: false,
            socket: None,
            mounts: Arc::new(NoMounts),
        }
    }

    /// Its arguments.
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Where it runs; without it in the directory of this process.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Only for changes at, below or around these paths, in any spelling; a step without keys means all entries. A path may
    /// go on below a mount point: it means the nodes of that name in whatever is mounted there.
    ///
    /// # Errors
    /// A path is not one of the schema: says where, and what may have been meant.
    pub fn interested_in<'a>(
        mut self,
        schema: &Arc<Schema>,
        paths: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, BackendError> {
        let empty = Tree::empty(schema.clone());
        for path in paths {
            self.places
                .push(bind::Place::parse(&empty, path, &self.mounts)?);
        }
        Ok(self)
    }

    /// How long it may take for a phase; [`DEADLINE`] without it.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long it may take for this phase.
    pub fn deadline_of(mut self, phase: Phase, deadline: Duration) -> Self {
        self.deadlines.insert(phase, deadline);
        self
    }

    /// Whether it gets its part of both trees, too. Cost: the size of that part.
    pub fn with_trees(mut self, trees: bool) -> Self {
        self.trees = trees;
        self
    }

    /// The Unix socket of this server, for `BANYAN_SOCKET`.
    pub fn socket(mut self, socket: impl Into<PathBuf>) -> Self {
        self.socket = Some(socket.into());
        self
    }

    /// The schemas of mounted data, for paths that lead there.
    pub fn mounts(mut self, mounts: SharedMounts) -> Self {
        self.mounts = mounts;
        self
    }

    fn refusal(&self, message: impl Into<String>) -> Refusal {
        Refusal::new(self.name.as_str(), message)
    }

    fn takes_part_in(&self, phase: Phase) -> bool {
        self.phases.contains(&phase)
    }

    async fn ask(&self, phase: Phase, transaction: &Transaction) -> Answer {
        if !self.takes_part_in(phase) {
            return Ok(());
        }
        let input = self
            .input(phase, transaction)
            .await
            .map_err(|error| self.refusal(format!("cannot be told what changes: {error}")))?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env("BANYAN_PHASE", phase.name())
            .env("BANYAN_TID", transaction.tid.to_string())
            .env("BANYAN_USER", &**transaction.principal.effective());
        if transaction.is_start() {
            command.env("BANYAN_START", "1");
        }
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        if let Some(socket) = &self.socket {
            command.env("BANYAN_SOCKET", socket);
        }
        let ended = process::run(command, input).await;
        let ended =
            ended.map_err(|error| self.refusal(format!("{} {error}", self.program.display())))?;
        if ended.status.success() {
            if !ended.complaint.is_empty() {
                tracing::info!(participant = self.name, "{}", ended.complaint);
            }
            return Ok(());
        }
        Err(self.refused(ended, &transaction.after))
    }

    async fn tell(&self, phase: Phase, transaction: &Transaction) {
        if let Err(refusal) = self.ask(phase, transaction).await {
            tracing::error!(
                tid = transaction.tid.0,
                phase = phase.name(),
                participant = self.name,
                "{}",
                refusal.message
            );
        }
    }

    /// What the program reads. Cost: its part of the change, and of both trees if it wishes to have them.
    async fn input(
        &self,
        phase: Phase,
        transaction: &Transaction,
    ) -> Result<Vec<u8>, BackendError> {
        let mut about = json!({
            "participant": self.name,
            "phase": phase.name(),
            "tid": transaction.tid.0,
            "base": transaction.base.0,
            "user": &**transaction.principal.effective(),
            "source": source_line(&transaction.source),
        });
        if let Some(seq) = transaction.seq() {
            about["seq"] = seq.0.into();
        }
        if transaction.is_start() {
            about["start"] = true.into();
        }
        for (name, value) in [
            ("comment", &transaction.parameters.comment),
            ("label", &transaction.parameters.label),
        ] {
            if let Some(value) = value {
                about[name] = value.as_str().into();
            }
        }
        let places = self.places.clone();
        let changes = transaction.changes.clone();
        let mounts: SharedMounts = Arc::new(MountedBefore {
            before: transaction.before.clone(),
            known: self.mounts.clone(),
        });
        let (before, after) = (transaction.before.clone(), transaction.after.clone());
        let trees = self.trees;
        on_pool(move || {
            let part: Arc<ChangeSet> = match places.is_empty() {
                true => changes,
                false => Arc::new(bind::part_at(&changes, &places)),
            };
            about["changes"] = bind::listed(&part, &after, &mounts)?;
            about["patch"] = json_of(&bind::patch_text(&part, "change")?)?;
            about["reverse"] = json_of(&bind::patch_text(&bind::reverse(&part), "reverse")?)?;
            if trees {
                about["before"] = bind::tree_to_json(&bind::parts_of(&before, &places))?;
                about["after"] = bind::tree_to_json(&bind::parts_of(&after, &places))?;
            }
            Ok(about.to_string().into_bytes())
        })
        .await?
    }

    fn refused(&self, ended: Ended, tree: &Tree) -> Refusal {
        let reports: Vec<Report> = told(&ended.output)
            .into_iter()
            .map(|(message, path)| self.report(tree, message, path))
            .collect();
        let message = match (ended.complaint.as_str(), reports.as_slice()) {
            ("", []) => said(&ended),
            ("", [one]) => one.message.clone(),
            ("", all) => format!("found {} errors", all.len()),
            (complaint, _) => complaint.to_owned(),
        };
        self.refusal(message).with_reports(reports)
    }

    fn report(&self, tree: &Tree, message: String, path: Option<String>) -> Report {
        let mut report = Report::new(ErrorLayer::Application, ErrorTag::OperationFailed, message);
        if let Some(path) = path {
            let parsed = bind::parse_path(tree, &path, &self.mounts)
                .and_then(|parsed| bind::path_xpath(tree, &parsed, &self.mounts));
            match parsed {
                Ok(text) => report = bind::located(report, tree.schema(), text),
                // What it wanted to say is worth more than how it spelled the place.
                Err(_) => report.message.push_str(&format!(" (at {path})")),
            }
        }
        report
    }
}

/// What was mounted before the change: paths of what goes with its mount have names too.
struct MountedBefore {
    before: Tree,
    known: SharedMounts,
}

impl Mounts for MountedBefore {
    fn schema_at(&self, path: &InstancePath) -> Option<Arc<Schema>> {
        self.before
            .schema_at(path)
            .or_else(|| self.known.schema_at(path))
    }
}

fn json_of(text: &str) -> Result<Value, BackendError> {
    serde_json::from_str(text)
        .map_err(|error| BackendError::new(ErrorTag::OperationFailed, error.to_string()))
}

/// What a program says that fails without a word on standard error and without a list of errors.
fn said(ended: &Ended) -> String {
    let text = process::end_of(&ended.output);
    match text.trim() {
        "" => format!("failed ({}) and said nothing", ended.status),
        text => text.to_owned(),
    }
}

/// The errors that a program lists on standard output; none when it printed something else.
fn told(output: &[u8]) -> Vec<(String, Option<String>)> {
    let list = match serde_json::from_slice(output) {
        Ok(Value::Array(list)) => list,
        Ok(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    };
    let text =
        |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    list.iter()
        .filter_map(|entry| Some((text(entry, "message")?, text(entry, "path"))))
        .collect()
}

impl Participant for Program {
    fn name(&self) -> &str {
        &self.name
    }

    fn interested(&self, transaction: &Transaction) -> bool {
        self.places.is_empty() || bind::touches_places(&transaction.changes, &self.places)
    }

    fn deadline(&self, phase: Phase) -> Duration {
        self.deadlines.get(&phase).copied().unwrap_or(self.deadline)
    }

    fn begin<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(self.ask(Phase::Begin, transaction))
    }

    fn validate<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(self.ask(Phase::Validate, transaction))
    }

    fn complete<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(self.ask(Phase::Complete, transaction))
    }

    fn commit<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(self.ask(Phase::Commit, transaction))
    }

    fn commit_done<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, ()> {
        Box::pin(self.tell(Phase::CommitDone, transaction))
    }

    fn end<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, ()> {
        Box::pin(self.tell(Phase::End, transaction))
    }

    fn revert<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(self.ask(Phase::Revert, transaction))
    }

    fn abort<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, ()> {
        Box::pin(self.tell(Phase::Abort, transaction))
    }
}
