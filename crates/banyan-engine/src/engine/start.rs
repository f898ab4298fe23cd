//! How an engine starts, and why it does not: what was found, and what to do.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use banyan_data::error::Position;

use crate::backend::Document;
use crate::error::{BackendError, ErrorTag};
use crate::files::OptionsError;
use crate::keeper::KeepError;
use crate::log::LogError;
use crate::number::Seq;
use crate::upgrade::pins::PinError;
use crate::upgrade::report::{Finding, Place, Report, Status};

/// What running is at the start (`CLICON_STARTUP_MODE`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StartMode {
    /// `none`: as the last commit left it, not validated; the first commit validates all of it. Nothing is merged.
    None,
    /// `init`: empty; a commit in the history.
    Init,
    /// `running`: as the last commit left it, validated.
    #[default]
    Running,
    /// `startup`: what startup holds; a commit in the history.
    Startup,
    /// `running-startup`: as `running`, or as `startup` if nothing has ever been committed.
    RunningStartup,
}

const MODES: [(&str, StartMode); 5] = [
    ("none", StartMode::None),
    ("init", StartMode::Init),
    ("running", StartMode::Running),
    ("startup", StartMode::Startup),
    ("running-startup", StartMode::RunningStartup),
];

/// Not a start mode.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is no start mode; write none, init, running, startup or running-startup")]
pub struct UnknownMode(pub String);

impl FromStr for StartMode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        let known = MODES.iter().find(|(name, _)| *name == text);
        known
            .map(|(_, mode)| *mode)
            .ok_or_else(|| UnknownMode(text.to_owned()))
    }
}

impl fmt::Display for StartMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = MODES.iter().find(|(_, mode)| mode == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

/// A document that is merged into running at the start.
#[derive(Clone, Debug)]
pub struct Extra {
    /// What messages call it: its file.
    pub name: String,
    /// Configuration, in XML or JSON.
    pub content: Document,
}

/// How an engine starts.
#[derive(Clone, Debug, Default)]
pub struct StartOptions {
    /// What running is.
    pub mode: StartMode,
    /// What is merged into it after a good start, each a commit in the history. Nothing in mode `none`.
    pub extra: Vec<Extra>,
}

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The directory cannot be made or written.
    #[error("{} cannot be used as the directory of the datastores: {reason}; give the user of this program write permission there, or name another directory", .directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// Another engine uses the directory.
    #[error("{} is in use by another banyan ({holder}); stop that one first, or name another directory", .directory.display())]
    InUse {
        /// The directory.
        directory: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// The commit log cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A file cannot be read from the disk.
    #[error("{} cannot be read: {reason}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// A file cannot be written.
    #[error("{} cannot be written: {reason}; free space or repair the disk, and start again", .file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// A datastore's file is not what the schema says.
    #[error("{} {}:\n{errors}\n{remedy}", .file.display(), wrong(.errors))]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong in it.
        errors: BackendError,
        /// What to do.
        remedy: String,
    },
    /// What a datastore's file holds breaks a rule of the schema.
    #[error("{} breaks the schema:\n{}\n{remedy}", .file.display(), listed(.findings))]
    Broken {
        /// The file.
        file: PathBuf,
        /// What is wrong in it.
        findings: Vec<Finding>,
        /// What to do.
        remedy: String,
    },
    /// The file was edited while the log holds commits that came after what it was made from.
    #[error("{} was changed by hand, but the commit log holds {newer} commits that are newer than the file it was (up to {head}); move your file to another name and start: the log rebuilds it; then `banyan store load candidate FILE` with your file, `banyan diff` to see what it changes, and `banyan commit` if you want that", .file.display())]
    EditedBehind {
        /// The file.
        file: PathBuf,
        /// The newest commit of the log.
        head: Seq,
        /// How many commits the file lacks.
        newer: u64,
    },
    /// The file is gone, and the log does not reach back to the beginning.
    #[error("{} is missing, and the commit log begins at {tail}: running cannot be rebuilt; restore the file from a copy, or move commits.redb away to begin anew with an empty configuration", .file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// The oldest commit that the log has.
        tail: Seq,
    },
    /// A record of the log cannot be applied.
    #[error(
        "commit {seq} of the log cannot be replayed: {reason}; start with the modules that the commit was made with"
    )]
    Replay {
        /// The commit.
        seq: Seq,
        /// What was wrong.
        reason: BackendError,
    },
    /// A participant does not agree with what running would be.
    #[error(
        "{0}\nnothing was changed: correct what it names, or start without that participant, or in the mode `none`, in which participants are not asked"
    )]
    Refused(BackendError),
    /// What was recovered breaks the schema.
    #[error("the configuration is not valid under the loaded modules:\n{list}\n{INVALID}", list = listed(.0))]
    Invalid(Vec<Finding>),
    /// The configuration was written under other modules, and does not fit those that are loaded.
    #[error("{0}\nnothing was changed: {remedy}", remedy = refused(.0))]
    Upgrade(Box<Report>),
    /// More than one store cannot be used.
    #[error("{error}\n{others}", others = reports_of(.others))]
    Several {
        /// Why the engine does not start.
        error: Box<StartError>,
        /// How stores stand that had no part in that.
        others: Vec<Report>,
    },
    /// A module set that the data were written under cannot be used.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// The store failsafe, which was to be used, is of no use either.
    #[error("{error}\nand the store failsafe cannot be used in its place: {reason}")]
    Failsafe {
        /// Why failsafe was tried.
        error: String,
        /// What is wrong with it.
        reason: Box<StartError>,
    },
    /// The options of the datastores do not go together.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// Something is registered twice, or for what the schema does not have.
    #[error("{0}")]
    Registration(String),
    /// Something else that the program needs cannot be had ([`EngineBuilder::before_it_writes`](super::EngineBuilder::before_it_writes)).
    #[error("{0}")]
    Other(Box<dyn std::error::Error + Send + Sync>),
    /// The commit that makes the first user an administrator was refused.
    #[error(
        "the first user cannot be made an administrator: {0}; correct what refuses it, or start without an administrator (see the chapter on access control)"
    )]
    FirstAdmin(BackendError),
}

impl From<KeepError> for StartError {
    /// What a start needs of files, it reads.
    fn from(error: KeepError) -> Self {
        match error {
            KeepError::Log(error) => error.into(),
            KeepError::File { file, reason } => StartError::Unreadable {
                file: file.into(),
                reason,
            },
        }
    }
}

/// What to do about a configuration that is not valid.
pub(super) const INVALID: &str = "load the modules that it was made with, or correct running_db by hand while the program is stopped";

/// What to do about an upgrade that is refused.
fn refused(report: &Report) -> &'static str {
    match (report.status, report.unfit) {
        (Status::Error, _) => {
            "correct what is said to be wrong and start again, or start with the modules that the data were written under"
        }
        (_, true) => {
            "add migration rules, load the modules that it was written under, or choose the policy leave-out or failsafe"
        }
        (_, false) => {
            "nothing can be left out to make this valid; add migration rules, or load the modules that it was written under and correct the data first"
        }
    }
}

/// Findings, line by line.
fn listed(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    lines.join("\n")
}

fn reports_of(reports: &[Report]) -> String {
    let reports: Vec<String> = reports.iter().map(Report::to_string).collect();
    reports.join("\n")
}

/// Errors that are about no file.
pub(super) fn findings_of(errors: &BackendError) -> Vec<Finding> {
    let findings = errors.reports.iter().map(|report| Finding {
        path: report.path.as_deref().unwrap_or("/").to_owned(),
        place: None,
        message: report.message.clone(),
    });
    findings.collect()
}

/// What a reader says of a file, as findings: the place stands beside the message.
fn findings_in(file: &Path, errors: &BackendError) -> Vec<Finding> {
    let wrong = wrong(errors);
    let findings = errors.reports.iter().map(|report| {
        let mut message = report.message.clone();
        let place = report.position.map(|position| {
            let Position { line, column } = position;
            message = message.replacen(&format!(" (line {line}, column {column})"), "", 1);
            // What is wrong in a part begins with its name.
            let part = match message.split_once(".xml: ") {
                Some((part, rest)) if part.bytes().all(|it| it.is_ascii_alphanumeric()) => {
                    Some((format!("{part}.xml"), rest.to_owned()))
                }
                _ => None,
            };
            let mut file = file.to_owned();
            if let Some((part, rest)) = part {
                file.set_file_name(part);
                message = rest;
            }
            Place {
                file: file.display().to_string(),
                position,
            }
        });
        let message = match place {
            Some(_) => message,
            None => format!("{} {wrong}: {message}", file.display()),
        };
        Finding {
            path: report.path.as_deref().unwrap_or("/").to_owned(),
            place,
            message,
        }
    });
    findings.collect()
}

/// What is the matter with a file.
fn wrong(errors: &BackendError) -> &'static str {
    let unreadable = |report: &crate::error::Report| {
        matches!(report.tag, ErrorTag::MalformedMessage | ErrorTag::TooBig)
    };
    match errors.reports.iter().any(unreadable) {
        true => "cannot be read",
        false => "does not fit the schema",
    }
}

impl StartError {
    /// The store that cannot be used.
    pub fn store(&self) -> &'static str {
        let startup = match self {
            StartError::File { file, .. }
            | StartError::Broken { file, .. }
            | StartError::Unreadable { file, .. } => {
                let mut parts = file.iter().filter_map(|part| part.to_str());
                parts.any(|part| matches!(part, "startup_db" | "startup.d"))
            }
            StartError::Upgrade(report) => report.store == "startup",
            StartError::Several { error, .. } => return error.store(),
            _ => false,
        };
        if startup { "startup" } else { "running" }
    }

    /// Whether another configuration would help: the store failsafe.
    pub(super) fn is_about_data(&self) -> bool {
        match self {
            StartError::Several { error, .. } => error.is_about_data(),
            StartError::File { .. }
            | StartError::Broken { .. }
            | StartError::Missing { .. }
            | StartError::Replay { .. }
            | StartError::Upgrade(_)
            | StartError::Refused(_)
            | StartError::Invalid(_) => true,
            StartError::Directory { .. }
            | StartError::InUse { .. }
            | StartError::Log(_)
            | StartError::Unreadable { .. }
            | StartError::Unwritable { .. }
            | StartError::EditedBehind { .. }
            | StartError::Pin(_)
            | StartError::Failsafe { .. }
            | StartError::FirstAdmin(_)
            | StartError::Other(_)
            | StartError::Options(_)
            | StartError::Registration(_) => false,
        }
    }

    /// What to do, where the message about it has more than that.
    pub fn remedy(&self) -> Option<String> {
        match self {
            StartError::Several { error, .. } => error.remedy(),
            StartError::File { remedy, .. } | StartError::Broken { remedy, .. } => {
                Some(remedy.clone())
            }
            StartError::Invalid(_) => Some(INVALID.to_owned()),
            StartError::Upgrade(report) => Some(refused(report).to_owned()),
            _ => None,
        }
    }

    /// How bad it is.
    pub fn status(&self) -> Status {
        match self {
            StartError::Upgrade(report) => report.status,
            StartError::Several { error, .. } => error.status(),
            StartError::Invalid(_) | StartError::Refused(_) | StartError::Broken { .. } => {
                Status::Invalid
            }
            _ => Status::Error,
        }
    }

    /// All that is wrong, one by one.
    pub fn findings(&self) -> Vec<Finding> {
        match self {
            StartError::Upgrade(report) => report.errors.clone(),
            StartError::Several { error, .. } => error.findings(),
            StartError::File { file, errors, .. } => findings_in(file, errors),
            StartError::Broken { findings, .. } | StartError::Invalid(findings) => findings.clone(),
            StartError::Refused(errors) => findings_of(errors),
            other => vec![Finding {
                path: "/".to_owned(),
                place: None,
                message: other.to_string(),
            }],
        }
    }

    /// How the stores stand that are wrong.
    pub fn reports(self) -> Vec<Report> {
        match self {
            StartError::Upgrade(report) => vec![*report],
            StartError::Several { error, mut others } => {
                let mut reports = error.reports();
                reports.append(&mut others);
                reports
            }
            error => {
                let mut report = Report::of(error.store());
                report.fail(error.status(), error.findings());
                vec![report]
            }
        }
    }
}
