//! `banyan yang dump`: the compiled schema as JSON Lines, one per module, identity and node.

use std::process::ExitCode;

use banyan_yang::dump::lines;
use clap::Args;

use super::modules::ModuleOptions;
use super::{YangError, to_stdout};

/// `banyan yang dump`
#[derive(Debug, Args)]
pub struct Dump {
    /// Names of modules, files, or directories (every module in it); `-` is standard input.
    #[arg(value_name = "MODULE|FILE", required_unless_present_any = ["hello", "yang_library"])]
    pub modules: Vec<String>,
    #[command(flatten)]
    pub options: ModuleOptions,
}

/// Runs it.
pub fn run(dump: Dump) -> Result<ExitCode, YangError> {
    let loaded = dump.options.load(&dump.modules)?;
    let schema = loaded.schema()?;
    to_stdout(|out| lines(schema).try_for_each(|line| writeln!(out, "{line}")))?;
    Ok(ExitCode::SUCCESS)
}
