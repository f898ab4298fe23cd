//! `banyan yang dump`: the compiled schema, one line per module, identity and node.

use std::process::ExitCode;

use clap::Args;

use super::modules::ModuleOptions;
use super::{YangError, print};

/// `banyan yang dump`
#[derive(Debug, Args)]
pub struct Dump {
    /// Names of modules, files, or directories (every module in it); `-` is standard input.
    #[arg(value_name = "MODULE|FILE")]
    pub modules: Vec<String>,
    #[command(flatten)]
    pub options: ModuleOptions,
}

/// Runs it.
pub fn run(dump: Dump) -> Result<ExitCode, YangError> {
    let loaded = dump.options.load(&dump.modules)?;
    print(&banyan_yang::dump::dump(loaded.schema()?));
    Ok(ExitCode::SUCCESS)
}
