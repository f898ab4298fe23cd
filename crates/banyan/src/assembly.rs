//! From a configuration to an engine that has not opened yet: what `serve` starts, and what commands look at that must
//! say what `serve` would.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use banyan_controller::{Controller, SchemaCache};
use banyan_engine::access::Mode;
use banyan_engine::engine::EngineBuilder;
use banyan_engine::exec::Exec;
use banyan_engine::participant::Program;
use banyan_engine::provider;
use banyan_kicker::Kickers;
use banyan_yang::schema::Schema;

use crate::config::{self, Config, Operation, Participant};
use crate::models::{self, ACCESS, CONTROLLER, ModelError, Models, PROTOCOL};
use crate::serve::ServeError;
use crate::upgrade;

/// The models of a configuration, with what the daemon itself needs; what an earlier run kept in `cache` is taken from there.
///
/// # Errors
/// A directory cannot be read, or a module is wrong.
pub fn models(config: &Config, cache: &SchemaCache) -> Result<Models, ModelError> {
    models::compile(&config.yang, &own_modules(config), Some(cache))
}

/// Where compiled schemas are kept.
pub fn schema_cache(config: &Config) -> SchemaCache {
    SchemaCache::new(config.store.directory.join("schemas"))
}

/// The directory of what is known of devices.
pub fn of_devices(config: &Config) -> PathBuf {
    config.store.directory.join("controller")
}

/// The modules that the daemon itself needs.
fn own_modules(config: &Config) -> Vec<&'static str> {
    let rules: &[&str] = match config.access.mode {
        Mode::Disabled => &[],
        _ => ACCESS,
    };
    PROTOCOL
        .iter()
        .chain(CONTROLLER)
        .chain(rules)
        .copied()
        .collect()
}

/// The engine of a configuration.
fn builder(
    config: &Config,
    schema: Arc<Schema>,
    extra: &[PathBuf],
) -> Result<EngineBuilder, ServeError> {
    let mut builder = EngineBuilder::new(schema)
        .directory(&config.store.directory)
        .start(config.store.startup_mode)
        .stores(config.store.files.clone())
        .candidates(config.candidate.sessions)
        .autolock(config.candidate.autolock)
        .autocommit(config.candidate.autocommit)
        .retention(config.history.clone())
        .streams(config.streams.clone())
        .observe(config.log.commits.clone())
        .validate_state(config.validate_state)
        .subscriptions(config.subscriptions)
        .stop_timeout(config.process.stop_timeout)
        .upgrade(upgrade::steps(config)?);
    for operation in &config.operation {
        builder = builder.operation(&operation.path, Arc::new(program(operation, config)));
    }
    for from in &config.provider {
        builder = builder.provider(Arc::new(providing(from, config)));
    }
    for extra in upgrade::extras(extra)? {
        builder = builder.extra(extra);
    }
    Ok(builder)
}

/// The engine of a configuration with all that takes part in it: programs, devices, kickers.
///
/// # Errors
/// A path is not one of the models, or migration rules or a document of `extra` cannot be used.
pub fn assembled(
    config: &Config,
    schema: &Arc<Schema>,
    controller: &Arc<Controller>,
    kickers: &Arc<Kickers>,
    extra: &[PathBuf],
) -> Result<EngineBuilder, ServeError> {
    let mut builder = builder(config, schema.clone(), extra)?;
    for participant in &config.participant {
        // Before the devices: what is cheap to refuse and to undo goes first.
        builder = builder.participant(taking_part(participant, config, schema)?);
    }
    Ok(kickers.join(controller.join(builder)))
}

/// The engine of a configuration, for commands that look at the stores while no daemon runs: without participants, and
/// without making anything that is not there.
///
/// # Errors
/// As [`models`] and [`assembled`].
pub fn offline(config: &Config, extra: &[PathBuf]) -> Result<EngineBuilder, ServeError> {
    let schema = models(config, &schema_cache(config).looking())?.schema;
    let builder = builder(config, schema.clone(), extra)?;
    // What is mounted has schemas of its own.
    let controller = Controller::looking(schema, of_devices(config))?;
    Ok(builder.mounts(controller))
}

/// A configured operation as a program of the engine.
fn program(operation: &Operation, config: &Config) -> Exec {
    Exec {
        arguments: operation.arguments.iter().map(Into::into).collect(),
        timeout: Duration::from_secs(operation.timeout),
        socket: Some(config.netconf.socket.clone()),
        ..Exec::new(&operation.program)
    }
}

/// A configured participant as a program of the engine.
fn taking_part(
    participant: &Participant,
    config: &Config,
    schema: &Arc<Schema>,
) -> Result<Arc<Program>, ServeError> {
    let phases = participant.phases.iter().copied();
    let mut program = Program::new(&*participant.name, &participant.program, phases)
        .arguments(&participant.arguments)
        .deadline(participant.timeout)
        .with_trees(participant.trees)
        .socket(&config.netconf.socket);
    for (phase, deadline) in &participant.timeouts {
        program = program.deadline_of(*phase, *deadline);
    }
    let paths = participant.paths.iter().map(String::as_str);
    program
        .interested_in(schema, paths)
        .map(Arc::new)
        .map_err(|error| {
            ServeError::Usage(format!(
                "a path of the participant {} is wrong: {error}",
                participant.name
            ))
        })
}

/// A configured provider as a program of the engine.
fn providing(from: &config::Provider, config: &Config) -> provider::Program {
    let exec = Exec {
        arguments: from.arguments.iter().map(Into::into).collect(),
        timeout: Duration::from_secs(from.timeout),
        socket: Some(config.netconf.socket.clone()),
        ..Exec::new(&from.program)
    };
    provider::Program::new(&from.path, exec)
        .keeps_for(Duration::from_millis(from.cache))
        .origin(from.origin)
}

/// Programs that are configured and cannot be run, each with the key that names it, its place among the tables of that
/// key, and the reason.
pub fn missing_programs(config: &Config) -> Vec<(&'static str, usize, String)> {
    fn of<'a>(
        key: &'static str,
        programs: impl Iterator<Item = &'a PathBuf> + 'a,
    ) -> impl Iterator<Item = (&'static str, usize, String)> + 'a {
        let missing = programs.enumerate();
        missing.filter_map(move |(at, program)| Some((key, at, cannot_run(program)?)))
    }
    let operations = config.operation.iter().map(|it| &it.program);
    let participants = config.participant.iter().map(|it| &it.program);
    let providers = config.provider.iter().map(|it| &it.program);
    let migrations = config.upgrade.migration.iter().map(|it| &it.program);
    of("operation", operations)
        .chain(of("participant", participants))
        .chain(of("provider", providers))
        .chain(of("migration", migrations))
        .collect()
}

/// Why a program cannot be run; a name without a slash is looked for in `PATH`, as the system does.
fn cannot_run(program: &Path) -> Option<String> {
    let reason = |path: &Path| match std::fs::metadata(path) {
        Err(error) => Some(error.to_string()),
        Ok(found) if !found.is_file() => Some("it is no file".to_owned()),
        Ok(_) => nix::unistd::eaccess(path, nix::unistd::AccessFlags::X_OK)
            .err()
            .map(|error| format!("it cannot be run: {}; do: chmod +x", error.desc())),
    };
    if program.components().count() > 1 {
        let reason = reason(program)?;
        return Some(format!(
            "the program {} cannot be started: {reason}",
            program.display()
        ));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|at| reason(&at.join(program)).is_none());
    (!found).then(|| {
        format!(
            "the program {} is in no directory of PATH; a path is told by a slash, as ./{0}",
            program.display()
        )
    })
}
