//! `banyan upgrade` and `banyan serve -q`: what other modules do to the stores. Needs no daemon, and none may run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use banyan_data::document::PrintOptions;
use banyan_data::form::Form;
use banyan_engine::backend::Document;
use banyan_engine::engine::{EngineBuilder, Extra, Rehearsal};
use banyan_engine::upgrade::migration::{Migration, Range};
use banyan_engine::upgrade::program::Program;
use banyan_engine::upgrade::report::{Report, Status};
use banyan_engine::upgrade::{self, rules};
use clap::{Args, ValueEnum};

use crate::args::{Format, Serve};
use crate::assembly;
use crate::config::{Config, Destination};
use crate::data::output;
use crate::serve::{self, ServeError};

/// `banyan upgrade`
#[derive(Debug, Args)]
pub struct Upgrade {
    /// The configuration: banyan.toml, or a Clixon configuration. `banyan.toml` when not given.
    #[arg(short = 'f', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A directory of more configuration files, read after it.
    #[arg(short = 'E', value_name = "DIR")]
    directory: Option<PathBuf>,
    /// A value that goes before the files', by either spelling; may be repeated.
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Say what would be done, path by path, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Why an upgrade cannot even be tried.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Migration rules are wrong.
    #[error(transparent)]
    Rules(#[from] rules::RuleError),
    /// A `[[migration]]` is wrong.
    #[error("[[migration]] {command}: {reason}")]
    Migration {
        /// Its program.
        command: String,
        /// What is wrong.
        reason: String,
    },
    /// The report cannot be written.
    #[error("the report cannot be written: {0}")]
    Output(std::io::Error),
    /// The report has said it all.
    #[error(
        "the stores cannot be used with these modules as they are, and nothing was changed: {0}"
    )]
    Refused(String),
}

fn read(file: &Path) -> Result<Vec<u8>, UpgradeError> {
    std::fs::read(file).map_err(|source| UpgradeError::Read {
        file: file.to_owned(),
        source,
    })
}

/// The migration steps and the policy of a configuration.
///
/// # Errors
/// A file of rules cannot be read or used, or a revision is none.
pub fn steps(config: &Config) -> Result<upgrade::Upgrade, UpgradeError> {
    let mut steps: Vec<Arc<dyn Migration>> = Vec::new();
    for file in &config.upgrade.rules {
        let text = String::from_utf8_lossy(&read(file)?).into_owned();
        steps.extend(rules::parse(&text, &file.display().to_string())?);
    }
    for migration in &config.upgrade.migration {
        let mut command = vec![migration.program.display().to_string()];
        command.extend(migration.arguments.iter().cloned());
        let range = match &migration.module {
            None => None,
            Some(module) => {
                let (from, to) = (migration.from.as_deref(), migration.to.as_deref());
                let range = Range::new(module, from, to);
                Some(range.map_err(|reason| UpgradeError::Migration {
                    command: command.join(" "),
                    reason,
                })?)
            }
        };
        steps.push(Arc::new(Program {
            command,
            timeout: Duration::from_secs(migration.timeout),
            range,
        }));
    }
    Ok(upgrade::Upgrade {
        steps,
        policy: config.upgrade.policy,
    })
}

/// Documents for the start to merge into running.
///
/// # Errors
/// One cannot be read.
pub fn extras(files: &[PathBuf]) -> Result<Vec<Extra>, UpgradeError> {
    let read = files.iter().map(|file| {
        let bytes = read(file)?;
        let json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        Ok(Extra {
            name: file.display().to_string(),
            content: match json {
                true => Document::json(bytes),
                false => Document::xml(bytes),
            },
        })
    });
    read.collect()
}

/// `banyan serve -q`: prints what running would be; how it came about is logged.
///
/// # Errors
/// The start would fail.
pub async fn print_rehearsal(builder: EngineBuilder, format: Format) -> Result<(), ServeError> {
    let rehearsal = builder.rehearse().await?;
    log(&rehearsal.reports);
    for change in &rehearsal.changes {
        tracing::info!("{change}");
    }
    let form = match format {
        Format::Xml => Form::Xml,
        Format::Json => Form::Json,
        Format::Text => Form::Text,
    };
    let options = PrintOptions {
        layout: output::layout(form),
        ..PrintOptions::default()
    };
    let printed = output::print_data(&rehearsal.running.tree, form, &options);
    printed.map_err(|error| UpgradeError::Output(std::io::Error::other(error.to_string())).into())
}

/// Tells how the stores stand, if there is anything to tell.
pub fn log(reports: &[Report]) {
    for report in reports {
        if report.status > Status::NotValidated || report.upgraded || !report.warnings.is_empty() {
            tracing::warn!("{report}");
        }
    }
}

/// `banyan upgrade`
///
/// # Errors
/// The configuration or the modules are wrong, or the upgrade is refused.
pub async fn run(arguments: Upgrade) -> Result<(), ServeError> {
    let serve = Serve {
        config: arguments.config,
        directory: arguments.directory,
        overrides: arguments.overrides,
        ..Serve::default()
    };
    let config = serve::configuration(&serve)?.config;
    let places = match arguments.dry_run {
        // Makes no file, a log neither.
        true => vec![Destination::Stderr],
        false => config.log.destination.clone(),
    };
    crate::process::logging::start(config.log.level, &places)?;
    let builder = assembly::offline(&config, &[])?;
    let (outcome, changes) = match arguments.dry_run {
        true => match builder.rehearse().await {
            Ok(Rehearsal {
                reports, changes, ..
            }) => (Ok(reports), changes),
            Err(error) => (Err(error), Vec::new()),
        },
        false => match builder.open().await {
            Ok(engine) => {
                let reports = engine.reports().to_vec();
                if let Err(error) = engine.stop().await {
                    tracing::error!(%error, "the last checkpoint was not written");
                }
                (Ok(reports), Vec::new())
            }
            Err(error) => (Err(error), Vec::new()),
        },
    };
    let mut refused = None;
    let reports = match outcome {
        Ok(mut reports) => {
            if let Some(first) = reports.first_mut() {
                first.changes = changes.join("\n");
            }
            reports
        }
        Err(error) => {
            // Without a remedy it is no matter of the data: the disk, the log, the options.
            let Some(remedy) = error.remedy() else {
                return Err(error.into());
            };
            refused = Some(UpgradeError::Refused(remedy));
            error.reports()
        }
    };
    print(&reports, arguments.format).map_err(UpgradeError::Output)?;
    match refused {
        Some(refused) => Err(refused.into()),
        None => Ok(()),
    }
}

fn print(reports: &[Report], format: ReportFormat) -> std::io::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match format {
        ReportFormat::Text => {
            for report in reports {
                writeln!(out, "{report}")?;
            }
        }
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut out, reports)?;
            writeln!(out)?;
        }
    }
    out.flush()
}
