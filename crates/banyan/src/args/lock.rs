//! Arguments of `lock`.

use std::ffi::OsString;

use clap::Args;

use super::{Connect, Store};

/// `banyan lock`
#[derive(Debug, Args)]
pub struct Lock {
    /// Lock only this part of running, with all below it (RFC 5717); it must be there. May be repeated.
    #[arg(long, value_name = "PATH")]
    pub path: Vec<String>,
    /// Lock this datastore; may be repeated. Without it and --path: running and the candidate.
    #[arg(long, conflicts_with = "path")]
    pub store: Vec<Store>,
    /// Wait so many seconds for locks of others; without it they are an error at once.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub wait: u32,
    #[command(flatten)]
    pub connect: Connect,
    /// The command and its arguments. Its `banyan` commands are carried out in the session that holds the lock.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}
