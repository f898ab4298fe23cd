//! `banyan serve`: the daemon. Wires configuration, schema, engine, kickers, controller and servers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use banyan_controller::SchemaCache;
use banyan_engine::backend::{Backend, Cancel};
use banyan_engine::engine::{EngineBuilder, StartError};
use banyan_engine::exec::Exec;
use banyan_engine::monitoring::SchemaState;
use banyan_kicker::Kickers;
use banyan_netconf::limits::Compat;
use banyan_netconf::server::{Server, ServerOptions};
use banyan_netconf::transport::{
    SshListener, SshServerConfig, SshServerError, SshUser, UnixBindError, UnixListener,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::args::Serve;
use crate::config::{Config, ConfigError, Operation};
use crate::models::{self, CONTROLLER, ModelError, PROTOCOL};

/// Who may connect to the Unix socket: the daemon's own user.
const SOCKET_MODE: u32 = 0o600;

/// Why a daemon does not start, or does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The models are wrong.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The datastores cannot be used.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The Unix socket cannot be used.
    #[error(transparent)]
    Unix(#[from] UnixBindError),
    /// The SSH server cannot start.
    #[error(transparent)]
    Ssh(#[from] SshServerError),
    /// The controller cannot start.
    #[error(transparent)]
    Controller(#[from] banyan_controller::ControllerError),
    /// A directory cannot be made.
    #[error("cannot make {}: {source}", directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The password of simulated devices cannot be hashed.
    #[error("the password cannot be hashed: {0}")]
    Password(std::io::Error),
    /// More devices than ports.
    #[error("there are not so many ports: take fewer devices or a lower --base-port")]
    Ports,
    /// Signals cannot be received.
    #[error("signals cannot be received: {0}")]
    Signal(#[from] std::io::Error),
    /// The modules that describe the server are not the standard ones.
    #[error(transparent)]
    Monitoring(#[from] banyan_engine::BackendError),
}

/// Runs the daemon until it is told to stop.
pub async fn run(serve: Serve) -> Result<(), ServeError> {
    crate::log_to_stderr();
    let config = Config::load(&serve.config)?;
    let own: Vec<&str> = PROTOCOL.iter().chain(CONTROLLER).copied().collect();
    let cache = SchemaCache::new(config.store.directory.join("schemas"));
    let compiled = models::compile(&config.yang, &own, Some(&cache))?;
    for diagnostic in &compiled.diagnostics {
        tracing::warn!("{}", diagnostic.one_line(compiled.schema.sources()));
    }
    let kickers = Kickers::new();
    let mut builder =
        EngineBuilder::new(compiled.schema.clone()).directory(&config.store.directory);
    for operation in &config.operation {
        builder = builder.operation(&operation.path, Arc::new(program(operation, &config)));
    }
    let controller = banyan_controller::Controller::new(
        compiled.schema.clone(),
        config.store.directory.join("controller"),
    )?;
    let engine = controller
        .join(builder)
        .participant(kickers.clone())
        .provider(Arc::new(SchemaState::new(&compiled.schema)?))
        .open()
        .await?;
    kickers.attach(&engine);
    controller.start(&engine).await;

    let backend: Arc<dyn Backend> = Arc::new(engine.clone());
    let compat = if config.compat.lenient {
        Compat::Lenient
    } else {
        Compat::Strict
    };
    let server = Server::new(
        backend,
        ServerOptions {
            compat,
            ..ServerOptions::default()
        },
    );
    let stop = Cancel::default();
    let mut servers = JoinSet::new();
    // SSH first: when its port is taken, the socket is not left behind.
    if let Some(address) = config.netconf.ssh {
        let users = config.user.iter().map(|user| SshUser {
            name: user.name.clone(),
            authorized_keys: user.keys.clone(),
            password_hash: user.password_hash.clone(),
        });
        let ssh = SshServerConfig::new(address, config.host_key(), users.collect());
        let listener = SshListener::bind(ssh).await?;
        let (server, stop) = (server.clone(), stop.clone());
        servers.spawn(async move { server.serve(listener, stop).await });
        tracing::info!(%address, "NETCONF over SSH");
    }
    let socket = config.socket();
    let listener = UnixListener::bind(&socket, SOCKET_MODE)?;
    {
        let (server, stop) = (server.clone(), stop.clone());
        servers.spawn(async move { server.serve(listener, stop).await });
    }
    tracing::info!(socket = %socket.display(), commit = %engine.running().seq, "banyan is ready");

    stop_signal().await?;
    tracing::info!("stopping");
    stop.cancel();
    while let Some(ended) = servers.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "a listener broke"),
            Err(error) => tracing::error!(%error, "a server crashed"),
        }
    }
    controller.stop().await;
    if let Err(error) = engine.stop().await {
        // Nothing is lost: the next start replays the log.
        tracing::error!(%error, "the last checkpoint was not written");
    }
    Ok(())
}

/// A configured operation as a program of the engine.
fn program(operation: &Operation, config: &Config) -> Exec {
    let (program, arguments) = match operation.exec.split_first() {
        Some((program, arguments)) => (program.clone(), arguments),
        // Config::load refuses an empty exec.
        None => (String::new(), [].as_slice()),
    };
    Exec {
        arguments: arguments.iter().map(Into::into).collect(),
        timeout: Duration::from_secs(operation.timeout),
        socket: Some(config.socket()),
        ..Exec::new(program)
    }
}

/// Completes when the process is asked to stop: Ctrl-C or SIGTERM.
pub async fn stop_signal() -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
