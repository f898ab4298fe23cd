//! `banyan yang dump`: the compiled schema as JSON Lines, one per module, identity and node.

use std::io::{BufWriter, ErrorKind, Write};
use std::process::ExitCode;

use banyan_yang::dump::lines;
use clap::Args;

use super::YangError;
use super::modules::ModuleOptions;

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
    let mut out = BufWriter::new(std::io::stdout().lock());
    let written = lines(schema)
        .try_for_each(|line| writeln!(out, "{line}"))
        .and_then(|()| out.flush());
    match written {
        // A reader that went away (`| head`) has seen enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(YangError::Usage(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(ExitCode::SUCCESS),
    }
}
