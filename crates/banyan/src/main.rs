//! The `banyan` program: configuration, wiring, subcommands. No logic of its own.

mod args;
mod assembly;
mod client;
mod compact;
mod config;
mod data;
mod directories;
mod kept;
mod metrics;
mod models;
mod preflight;
mod process;
mod restore;
mod serve;
mod sim;
mod stdio;
mod upgrade;
mod xpath;
mod yang;

use std::process::ExitCode;

use args::{Arguments, Command};
fn main() -> ExitCode {
    let arguments = Arguments::given();
    let offline = match arguments.command {
        Command::Yang(command) => yang::run(command),
        Command::Xpath(command) => xpath::run(command),
        Command::Data(command) => data::run(command),
        Command::Config(command) => config::commands::run(command),
        command => return with_runtime(command),
    };
    offline.unwrap_or_else(|error| {
        eprintln!("banyan: {error}");
        error.status()
    })
}

/// Runs a command that talks to others.
fn with_runtime(arguments: Command) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("banyan: the system gives no threads or timers: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (status, error) = runtime.block_on(async {
        match arguments {
            Command::Serve(serve) => daemon(serve::run(serve).await),
            Command::Upgrade(arguments) => daemon(upgrade::run(arguments).await),
            Command::Sim(sim) => daemon(sim::run(sim).await),
            Command::Lock(lock) => match client::lock(lock).await {
                Ok(status) => (status, None),
                Err(error) => (error.status(), Some(error.to_string())),
            },
            Command::Restore(arguments) => command(restore::run(&arguments)),
            Command::Netconf(connect) => command(stdio::run(connect).await),
            other => command(client::run(other).await),
        }
    });
    // Reads of standard input cannot be interrupted; nobody waits for them.
    runtime.shutdown_background();
    if let Some(error) = error {
        eprintln!("banyan: {error}");
    }
    status
}

fn command(result: Result<(), client::CommandError>) -> (ExitCode, Option<String>) {
    match result {
        Ok(()) => (ExitCode::SUCCESS, None),
        Err(error) => (error.status(), Some(error.to_string())),
    }
}

fn daemon(result: Result<(), serve::ServeError>) -> (ExitCode, Option<String>) {
    match result {
        Ok(()) => (ExitCode::SUCCESS, None),
        Err(error @ (serve::ServeError::Config(_) | serve::ServeError::Usage(_))) => {
            (ExitCode::from(2), Some(error.to_string()))
        }
        Err(error) => (ExitCode::FAILURE, Some(error.to_string())),
    }
}
