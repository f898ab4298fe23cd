//! `banyan yang check`: what is wrong with modules, and with --lenient what had to be left out.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::modules::{Loaded, ModuleOptions};
use super::report::Report;
use super::{YangError, print};

/// `banyan yang check`
#[derive(Debug, Args)]
pub struct Check {
    /// Files, directories (every module in it), or names of modules; `-` is standard input.
    #[arg(value_name = "FILE", required_unless_present_any = ["hello", "yang_library"])]
    pub files: Vec<String>,
    #[command(flatten)]
    pub modules: ModuleOptions,
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: ReportFormat,
    /// Show every warning, and everything that was left out; else only the first of each kind in a module.
    #[arg(long)]
    pub all: bool,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people: source lines with the place marked.
    Text,
    /// For programs: one JSON object.
    Json,
}

/// Runs it.
pub fn run(check: Check) -> Result<ExitCode, YangError> {
    let loaded = check.modules.load(&check.files)?;
    let report = Report::of(&loaded);
    print(&match check.format {
        ReportFormat::Text => report.text(check.all),
        ReportFormat::Json => report.json(),
    });
    Ok(status(&loaded, &report))
}

/// Lenient mode accepts a set with parts left out, but not one that lacks a module that was named.
fn status(loaded: &Loaded, report: &Report<'_>) -> ExitCode {
    let clean = match &loaded.outcome {
        Err(_) => false,
        Ok(compiled) if loaded.lenient => {
            loaded.modules(&compiled.schema).len() == loaded.targets.len()
        }
        Ok(_) => report.errors() == 0,
    };
    if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
