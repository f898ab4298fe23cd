//! `banyan yang check`: what is wrong with modules, and with --lenient what had to be left out.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::modules::{Loaded, ModuleOptions};
use super::report::Report;
use super::{YangError, print};

/// `banyan yang check`
#[derive(Debug, Args)]
pub struct Check {
    /// Files, directories (every module in it), or names of modules; `-` is standard input. Of a module that is given in
    /// several revisions, each is checked by itself.
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

/// Runs it. Several sets are reported one after the other, as JSON in one array.
pub fn run(check: Check) -> Result<ExitCode, YangError> {
    let sets = check.modules.load_each(&check.files)?;
    let reports: Vec<Report<'_>> = sets.iter().map(Report::of).collect();
    print(&match (check.format, &*reports) {
        (ReportFormat::Text, [report]) => report.text(check.all),
        (ReportFormat::Text, _) => texts(&sets, &reports, check.all),
        (ReportFormat::Json, [report]) => report.json(),
        (ReportFormat::Json, _) => {
            let objects: Vec<String> = reports.iter().map(Report::json).collect();
            format!("[{}]", objects.join(",\n"))
        }
    })?;
    let clean = |(set, report)| is_clean(set, report);
    Ok(match sets.iter().zip(&reports).all(clean) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Reports below the modules that they are about.
fn texts(sets: &[Loaded], reports: &[Report<'_>], all: bool) -> String {
    let text = |(set, report): (&Loaded, &Report<'_>)| {
        let names: Vec<String> = set.targets.iter().map(ToString::to_string).collect();
        format!("{}:\n{}\n", names.join(", "), report.text(all))
    };
    let texts: Vec<String> = sets.iter().zip(reports).map(text).collect();
    texts.join("\n")
}

/// Lenient mode accepts a set with parts left out, but not one that lacks a module that was named.
fn is_clean(loaded: &Loaded, report: &Report<'_>) -> bool {
    match &loaded.outcome {
        Err(_) => false,
        Ok(compiled) if loaded.lenient => {
            loaded.modules(&compiled.schema).len() == loaded.targets.len()
        }
        Ok(_) => report.errors() == 0,
    }
}
