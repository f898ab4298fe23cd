//! `banyan store compact`: the file of the commit log gets as small as what it holds. No daemon may run.

use std::path::PathBuf;

use banyan_engine::log::{Compacted, RedbLog};
use clap::Args;

use crate::args::Serve;
use crate::client::{CommandError, print};
use crate::restore::locked;
use crate::serve;
use crate::upgrade::ReportFormat;

/// `banyan store compact`
#[derive(Debug, Args)]
pub struct Compact {
    /// The configuration that names the directory of the datastores. `banyan.toml` when not given.
    #[arg(short = 'f', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A value that goes before the file's, by either spelling; may be repeated.
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// A line, or a JSON object for programs: file, before, after (bytes).
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

/// Runs it.
///
/// # Errors
/// A daemon runs, there is no log, or the disk refuses.
pub fn run(compact: Compact) -> Result<(), CommandError> {
    let serve = Serve {
        config: compact.config,
        overrides: compact.overrides,
        ..Serve::default()
    };
    let loaded = serve::configuration(&serve);
    let loaded = loaded.map_err(|error| CommandError::Usage(error.to_string()))?;
    let directory = loaded.config.store.directory;
    let file = directory.join("commits.redb");
    let nothing = || CommandError::Refused(format!("there is no commit log {}", file.display()));
    // The lock is a file of its own: none is made where nothing is kept.
    if !file.exists() {
        return Err(nothing());
    }
    let _lock = locked(&directory, "banyan store compact")?;
    let done = RedbLog::compact(&file).map_err(|error| CommandError::Refused(error.to_string()))?;
    let Compacted { before, after } = done.ok_or_else(nothing)?;
    print(&match compact.format {
        ReportFormat::Text => format!("{}: {before} bytes before, {after} now", file.display()),
        ReportFormat::Json => serde_json::json!({
            "file": file.display().to_string(),
            "before": before,
            "after": after,
        })
        .to_string(),
    });
    Ok(())
}
