//! `banyan yang check`: what is wrong with modules.

use std::process::ExitCode;

use clap::Args;

use super::modules::ModuleOptions;
use super::{YangError, print, rendered};

/// `banyan yang check`
#[derive(Debug, Args)]
pub struct Check {
    /// Files, directories (every module in it), or names of modules; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub files: Vec<String>,
    #[command(flatten)]
    pub modules: ModuleOptions,
}

/// Runs it.
pub fn run(check: Check) -> Result<ExitCode, YangError> {
    let loaded = check.modules.load(&check.files)?;
    let (found, sources) = loaded.diagnostics();
    for diagnostic in found {
        print(&rendered(diagnostic, sources, &std::io::stdout()));
        print("\n");
    }
    let errors = found.iter().filter(|it| it.is_error()).count();
    print(&format!(
        "{} errors, {} warnings, {:.2} s",
        errors,
        found.len() - errors,
        loaded.took.as_secs_f64()
    ));
    // A module that was named and is not there at all is an error in lenient mode too.
    let complete = match &loaded.outcome {
        Ok(compiled) => loaded.modules(&compiled.schema).len() == loaded.targets.len(),
        Err(_) => false,
    };
    Ok(if complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
