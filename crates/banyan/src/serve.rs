//! `banyan serve`: the daemon. Wires configuration, schema, engine, kickers, controller and servers.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use banyan_controller::Controller;
use banyan_engine::backend::{Backend, BoxFuture, Cancel};
use banyan_engine::engine::{Engine, StartError};
use banyan_engine::files::{DiskFiles, Files};
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
use crate::assembly;
use crate::config::{Config, ConfigError, Destination, Loaded, Severity, Sources};
use crate::kept;
use crate::metrics::MetricsListener;
use crate::models::ModelError;
use crate::process::logging::{self, LogError};
use crate::process::pid_file::{PidFile, PidFileError, Stopped, stop_holder};
use crate::process::privileges::{self, Identity, PrivilegeError};
use crate::upgrade::{self, UpgradeError};

/// Who may connect to the Unix socket: the daemon's own user.
const SOCKET_MODE: u32 = 0o600;

/// With a group: its members, too.
const GROUP_SOCKET_MODE: u32 = 0o660;

/// Why a daemon does not start, or does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A flag has a value that cannot be meant.
    #[error("{0}")]
    Usage(String),
    /// Log lines cannot go where they should.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The pid file cannot be used, or another daemon has it.
    #[error(transparent)]
    PidFile(#[from] PidFileError),
    /// The daemon cannot run as its user.
    #[error(transparent)]
    Privileges(#[from] PrivilegeError),
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
    /// The port of metrics cannot be used.
    #[error("metrics.listen: cannot listen at {address}: {source}")]
    Metrics {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
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
    /// Data cannot be brought to the modules.
    #[error(transparent)]
    Upgrade(#[from] UpgradeError),
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

/// What the command line and everything else says.
pub fn configuration(serve: &Serve) -> Result<Loaded, ServeError> {
    let mut sources = Sources {
        directory: serve.directory.clone(),
        overrides: serve.overrides.clone(),
        ..Sources::default()
    }
    .with_environment();
    sources.file = match &serve.config {
        Some(file) => Some(file.clone()),
        // Without a file, the store's place must be said elsewhere.
        None if !Path::new("banyan.toml").exists() && sources.names_store() => None,
        None => Some(PathBuf::from("banyan.toml")),
    };
    let mut flag = |key, value: &str, flag: &str| {
        sources
            .flags
            .push((key, value.to_owned(), format!("{flag} {value}")));
    };
    if let Some(mode) = &serve.startup_mode {
        flag("store.startup-mode", mode, "-s");
    }
    if let Some(user) = &serve.user {
        flag("process.user", user, "-U");
        flag("process.privileges", "drop_perm", "-U: privileges");
    }
    if let Some(level) = &serve.debug {
        flag("log.level", &crate::config::debug_level(level), "-D");
    }
    match serve
        .log
        .as_deref()
        .map(|log| log.split_at_checked(1).unwrap_or((log, "")))
    {
        None => {}
        Some(("s", "")) => flag("log.destination", "syslog", "-l"),
        Some(("e", "")) => flag("log.destination", "stderr", "-l"),
        Some(("o", "")) => flag("log.destination", "stdout", "-l"),
        Some(("f", file)) => {
            flag("log.destination", "file", "-l");
            if !file.is_empty() {
                flag("log.file", file, "-l");
            }
        }
        Some((place, rest)) => {
            return Err(ServeError::Usage(format!(
                "-l {place}{rest}: log lines go to s (syslog), e (standard error), o (standard output), or fFILE"
            )));
        }
    }
    Ok(sources.load()?)
}

/// Runs the daemon until it is told to stop.
pub async fn run(serve: Serve) -> Result<(), ServeError> {
    let Loaded { config, settings } = configuration(&serve)?;
    let config = Arc::new(config);
    if serve.stop {
        return stop_other(&config);
    }
    let identity = privileges::identity(&config.process)?;
    if serve.rehearse {
        // Makes no file, a log neither.
        logging::start(config.log.level, &[Destination::Stderr])?;
    } else {
        make_place_of_log(&config, identity.as_ref())?;
        logging::start(config.log.level, &config.log.destination)?;
    }
    for problem in &settings.problems {
        match problem.severity {
            Severity::Note => tracing::info!("{}", problem.one_line()),
            _ => tracing::warn!("{}", problem.one_line()),
        }
    }
    if serve.rehearse {
        let builder = assembly::offline(&config, &serve.extra)?;
        return upgrade::print_rehearsal(builder, serve.format).await;
    }
    let mut access = config.access.clone();
    if access.first_admin.is_none() {
        // Whoever starts it, before it becomes another user.
        access.first_admin = Some(privileges::starting_user().into());
    }
    // Taken first and given back last.
    let _pid_file = config
        .process
        .pid_file
        .as_deref()
        .map(PidFile::take)
        .transpose()?;
    let opened = Opened::default();
    if let Some(identity) = &identity {
        // What only root may do, then never again.
        identity.make_store(&config.store.directory)?;
        opened.put(Listeners::open(&config, Some(identity)).await?);
        identity.assume()?;
        identity.check_store(&config.store.directory)?;
    }
    let models = assembly::models(&config, &assembly::schema_cache(&config))?;
    models.warnings().for_each(|line| tracing::warn!("{line}"));
    for (_, _, reason) in assembly::missing_programs(&config) {
        tracing::warn!("{reason}");
    }
    let schema = models.schema;
    let kickers = Kickers::new();
    let controller = Controller::new(schema.clone(), assembly::of_devices(&config))?;
    let engine = assembly::assembled(&config, &schema, &controller, &kickers, &serve.extra)?
        .access(access)
        .back_up(kept::beside_the_datastores(&config))
        .provider(Arc::new(SchemaState::new(&schema)?))
        .before_it_writes(opened.opening(&config))
        .open()
        .await?;
    upgrade::log(engine.reports());
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
    let Listeners {
        ssh,
        mut unix,
        metrics,
    } = opened.take()?;
    // When requests are answered, if it need not be opened by root.
    unix.appear()?;
    if let Some(listener) = ssh {
        tracing::info!(address = %listener.address(), "NETCONF over SSH");
        let (server, stop) = (server.clone(), stop.clone());
        servers.spawn(async move { server.serve(listener, stop).await });
    }
    {
        let (server, stop) = (server.clone(), stop.clone());
        servers.spawn(async move { server.serve(unix, stop).await });
    }
    if let (Some(listener), Some(address)) = (metrics, config.metrics.listen) {
        tracing::info!(%address, "metrics over HTTP");
        let (engine, stop) = (engine.clone(), stop.clone());
        servers.spawn(async move {
            listener.serve(engine, stop).await;
            Ok(())
        });
    }
    tracing::info!(socket = %config.netconf.socket.display(), commit = %engine.running().seq, "banyan is ready");

    if !serve.once {
        stop_signal().await?;
    }
    tracing::info!("stopping");
    let hurry = tokio::spawn(hurried(engine.clone()));
    // Commits end while clients can still hear how, and devices and programs can still be reached.
    engine.wind_down(config.process.stop_timeout).await;
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
    hurry.abort();
    Ok(())
}

/// What further signals do while the daemon stops: the second takes back the commits in progress, the third ends the
/// daemon as it is.
async fn hurried(engine: Engine) -> std::io::Result<()> {
    stop_signal().await?;
    tracing::warn!("told again to stop: commits in progress are taken back now");
    engine.cut_commits();
    stop_signal().await?;
    tracing::error!(
        "told a third time to stop: ended at once; the next start finds what was committed in the log, and participants \
         that were at work were not asked to undo their part"
    );
    std::process::exit(1);
}

/// The log file is by default in the directory of the datastores, which a first start has not made yet.
fn make_place_of_log(config: &Config, owner: Option<&Identity>) -> Result<(), ServeError> {
    let directory = &config.store.directory;
    let inside = |destination: &Destination| match destination {
        Destination::File(file) => file.parent() == Some(directory),
        _ => false,
    };
    if !config.log.destination.iter().any(inside) {
        return Ok(());
    }
    match owner {
        Some(owner) => Ok(owner.make_store(directory)?),
        None => DiskFiles.create_directory(directory).map_err(|source| {
            let path = directory.clone();
            LogError::File { path, source }.into()
        }),
    }
}

/// Where clients come in, from when it is opened until it is served: root opens it first of all, others when the start has
/// nothing left that can fail.
#[derive(Clone, Default)]
struct Opened(Arc<Mutex<Option<Listeners>>>);

impl Opened {
    fn put(&self, listeners: Listeners) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(listeners);
    }

    fn are_there(&self) -> bool {
        let listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.is_some()
    }

    /// Opens what is not open yet.
    fn opening(
        &self,
        config: &Arc<Config>,
    ) -> impl FnOnce() -> BoxFuture<'static, Result<(), ServeError>> + Send + 'static {
        let (opened, config) = (self.clone(), config.clone());
        move || {
            Box::pin(async move {
                if !opened.are_there() {
                    opened.put(Listeners::open(&config, None).await?);
                }
                Ok(())
            })
        }
    }

    fn take(&self) -> Result<Listeners, ServeError> {
        let listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        listeners.ok_or_else(|| ServeError::Usage("nothing was opened for clients".to_owned()))
    }
}

/// Where clients come in.
struct Listeners {
    ssh: Option<SshListener>,
    metrics: Option<MetricsListener>,
    unix: UnixListener,
}

impl Listeners {
    /// Opens the sockets and reads the host key. `owner` is who will use them, if that is not the present user.
    async fn open(config: &Config, owner: Option<&Identity>) -> Result<Listeners, ServeError> {
        let group = config
            .netconf
            .socket_group
            .as_deref()
            .map(privileges::group)
            .transpose()?;
        // SSH first: when its port is taken, the socket is not left behind.
        let mut ssh = None;
        if let Some(address) = config.netconf.ssh {
            let key = &config.netconf.host_key;
            ssh = Some(SshListener::bind(ssh_options(config, address)).await?);
            // Elsewhere it stays with whoever has put it there.
            if owner.is_some() && key.starts_with(&config.store.directory) {
                privileges::give(key, owner, None)?;
            }
        }
        let mut metrics = None;
        if let Some(address) = config.metrics.listen {
            let bound = MetricsListener::bind(address).await;
            metrics = Some(bound.map_err(|source| ServeError::Metrics { address, source })?);
        }
        let mode = match group {
            Some(_) => GROUP_SOCKET_MODE,
            None => SOCKET_MODE,
        };
        let unix = match owner {
            // Who has it later may not rename it there.
            Some(_) => UnixListener::bind(&config.netconf.socket, mode)?,
            None => UnixListener::bind_unseen(&config.netconf.socket, mode)?,
        };
        if owner.is_some() || group.is_some() {
            privileges::give(unix.path(), owner, group)?;
        }
        Ok(Listeners { ssh, unix, metrics })
    }
}

/// How SSH is served.
pub fn ssh_options(config: &Config, address: SocketAddr) -> SshServerConfig {
    let users = config.user.iter().map(|user| SshUser {
        name: user.name.clone(),
        authorized_keys: user.keys.clone(),
        password_hash: user.password_hash.clone(),
        groups: user.groups.clone(),
    });
    SshServerConfig::new(address, config.netconf.host_key.clone(), users.collect())
}

/// `-z`
fn stop_other(config: &Config) -> Result<(), ServeError> {
    let file = config
        .process
        .pid_file
        .as_deref()
        .ok_or(PidFileError::NotNamed)?;
    match stop_holder(file)? {
        Stopped::Process(pid) => println!("the daemon with pid {pid} has stopped"),
        Stopped::Nobody => println!("no daemon runs with the pid file {}", file.display()),
    }
    Ok(())
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
