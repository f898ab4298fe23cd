//! All that a start would look at, without a start: what `serve` would refuse, all of it at once, with the places in the
//! configuration. For `banyan config check`.
//!
//! Nothing is made or changed, nothing is run, and whoever uses the datastores now is not disturbed. The answer is for the
//! user who asks, on this machine, now.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use banyan_controller::Controller;
use banyan_engine::engine::{EngineBuilder, Rehearsal, StartError};
use banyan_engine::upgrade::report::{Finding, Report, Status};
use banyan_kicker::Kickers;
use banyan_netconf::transport::{SshServerError, UnixBindError, check_socket};
use banyan_yang::diagnostic::Diagnostic;
use banyan_yang::schema::Schema;
use banyan_yang::source::SourceMap;

use crate::assembly;
use crate::config::{Config, Destination, Origin, Place, Problem, Settings};
use crate::models::{self, ModelError};
use crate::process::pid_file::{self, PidFileError};
use crate::process::privileges::{self, Identity};
use crate::process::{logging, writable};
use crate::serve::{self, ServeError};
use crate::upgrade::UpgradeError;

/// What stands in the way of a start, and what it would warn of.
pub fn problems(config: &Config, settings: &Settings) -> Vec<Problem> {
    let mut look = Look {
        config,
        settings,
        found: Vec::new(),
    };
    let identity = look.identity();
    let use_of_store = look.use_of_store();
    look.log();
    let usable = look.store(identity.as_ref());
    if let Some(builder) = look.builder() {
        match (usable, use_of_store) {
            (true, UseOfStore::Free) => look.datastores(builder),
            _ => look.checked(&builder),
        }
    }
    look.listeners(use_of_store);
    look.found
}

/// Whether a daemon runs that this configuration is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UseOfStore {
    Free,
    /// It has its datastores and its ports, and that is as it should be.
    ByItsDaemon,
}

struct Look<'a> {
    config: &'a Config,
    settings: &'a Settings,
    found: Vec<Problem>,
}

impl Look<'_> {
    fn error_at(&mut self, key: &str, origin: Origin, message: impl ToString) {
        let problem = Problem::error(origin, message.to_string());
        self.found.push(problem.about(key));
    }

    fn error(&mut self, key: &str, message: impl ToString) {
        self.error_at(key, self.settings.origin(key), message);
    }

    /// An error about one of these keys: the one of whose values the message speaks.
    fn error_among(&mut self, keys: &[&str], message: impl ToString) {
        let message = message.to_string();
        let of =
            |key: &&&str| self.settings.origin_of_mentioned(&[**key], &message) != Origin::Default;
        let key = keys.iter().find(of).or(keys.first());
        let origin = self.settings.origin_of_mentioned(keys, &message);
        self.error_at(key.copied().unwrap_or_default(), origin, message);
    }

    fn warning(&mut self, key: &str, origin: Origin, message: impl ToString) {
        let problem = Problem::warning(origin, message.to_string());
        self.found.push(problem.about(key));
    }

    fn identity(&mut self) -> Option<Identity> {
        if let Some(group) = self.config.netconf.socket_group.as_deref()
            && let Err(error) = privileges::group(group)
        {
            self.error("netconf.socket-group", error);
        }
        match privileges::identity(&self.config.process) {
            Ok(identity) => identity,
            Err(error) => {
                self.error("process.user", error);
                None
            }
        }
    }

    /// What a running daemon of this configuration holds is told from what stands in its way by its socket and pid file.
    fn use_of_store(&mut self) -> UseOfStore {
        let mut held = false;
        if let Some(path) = &self.config.process.pid_file {
            match pid_file::check(path) {
                Ok(()) => {}
                Err(PidFileError::Held { .. }) => held = true,
                Err(error) => self.error("process.pid-file", error),
            }
        }
        let socket = &self.config.netconf.socket;
        let answers = matches!(check_socket(socket), Err(UnixBindError::InUse { .. }));
        if !held && !answers {
            return UseOfStore::Free;
        }
        let message = "a daemon with this configuration runs: the datastores and ports that it uses were not looked at";
        let note = Problem::note(Origin::Default, message);
        self.found
            .push(note.remedy("a start is refused until it is stopped: banyan serve -z"));
        UseOfStore::ByItsDaemon
    }

    fn log(&mut self) {
        let directory = &self.config.store.directory;
        for destination in &self.config.log.destination {
            let usable = match destination {
                // The directory of the datastores is looked at by itself, and made by a start.
                Destination::File(path) if path.parent() == Some(directory) && !path.exists() => {
                    Ok(())
                }
                destination => logging::check(destination),
            };
            if let Err(error) = usable {
                let key = match destination {
                    Destination::File(_) => "log.file",
                    _ => "log.destination",
                };
                self.error(key, error);
            }
        }
    }

    /// Whether the directory of the datastores can be used.
    fn store(&mut self, identity: Option<&Identity>) -> bool {
        let directory = &self.config.store.directory;
        let usable = writable::directory(directory);
        if let Err(reason) = usable {
            let directory = directory.clone();
            let error = StartError::Directory { directory, reason };
            self.error("store.directory", error);
            return false;
        }
        match identity {
            Some(identity) if directory.exists() => match identity.check_owner(directory) {
                Ok(()) => true,
                Err(error) => {
                    self.error("store.directory", error);
                    false
                }
            },
            _ => true,
        }
    }

    /// The engine that would be opened, if it can be put together.
    fn builder(&mut self) -> Option<EngineBuilder> {
        for (table, number, reason) in assembly::missing_programs(self.config) {
            let origin = self.settings.origin_in(table, number, "exec");
            self.error_at(&format!("{table}.exec"), origin, reason);
        }
        let schema = self.models()?;
        let devices = assembly::of_devices(self.config);
        let controller = match Controller::looking(schema.clone(), devices) {
            Ok(controller) => controller,
            Err(error) => {
                self.error("yang.load", error);
                return None;
            }
        };
        let kickers = Kickers::new();
        match assembly::assembled(self.config, &schema, &controller, &kickers, &[]) {
            Ok(builder) => Some(builder.access(self.config.access.clone())),
            Err(error) => {
                self.not_assembled(error);
                None
            }
        }
    }

    fn models(&mut self) -> Option<Arc<Schema>> {
        const KEYS: &[&str] = &[
            "yang.load",
            "yang.path",
            "yang.main-file",
            "yang.main-directory",
        ];
        let cache = assembly::schema_cache(self.config).looking();
        match assembly::models(self.config, &cache) {
            Ok(models) => {
                for remark in &models.remarks {
                    let keys = [remark.key];
                    let origin = self.settings.origin_of_mentioned(&keys, &remark.value);
                    self.warning(remark.key, origin, &remark.message);
                }
                self.diagnostics(&models.diagnostics, models.schema.sources());
                for line in models::without_effect(&models.schema) {
                    self.warning("yang.load", Origin::Default, line);
                }
                Some(models.schema)
            }
            Err(ModelError::Compile { error, .. }) => {
                self.diagnostics(&error.diagnostics, &error.sources);
                None
            }
            Err(error @ ModelError::File(_)) => {
                self.error_among(KEYS, error);
                None
            }
        }
    }

    /// What the compiler says: at its place in a module, or where the configuration speaks of what it is about.
    fn diagnostics(&mut self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        for diagnostic in diagnostics {
            let key = match diagnostic.code {
                "unknown-feature" => "yang.features",
                _ => "yang.load",
            };
            let origin = match diagnostic.primary {
                Some(span) => {
                    let position = sources.position(span);
                    let line = sources.text(span.source).lines();
                    let line = line.clone().nth(position.line as usize - 1);
                    Origin::File(Place {
                        file: Arc::new(PathBuf::from(sources.name(span.source))),
                        line: position.line as usize,
                        column: position.column as usize,
                        text: line.unwrap_or_default().into(),
                    })
                }
                None => self
                    .settings
                    .origin_of_mentioned(&[key], &diagnostic.message),
            };
            let mut message = format!("{} [{}]", diagnostic.message, diagnostic.code);
            if let Some(rfc) = diagnostic.rfc {
                message.push_str(&format!(" ({rfc})"));
            }
            let problem = match diagnostic.is_error() && !self.config.yang.lenient {
                true => Problem::error(origin, message),
                false => Problem::warning(origin, message),
            };
            let problem = problem.about(key);
            self.found.push(match &diagnostic.help {
                Some(help) => problem.remedy(help),
                None => problem,
            });
        }
    }

    fn not_assembled(&mut self, error: ServeError) {
        match error {
            ServeError::Upgrade(UpgradeError::Rules(error)) => {
                let origin = Origin::File(Place {
                    file: Arc::new(PathBuf::from(&error.file)),
                    line: error.line,
                    column: 1,
                    text: "".into(),
                });
                self.error_at("upgrade.rules", origin, error.message);
            }
            ServeError::Upgrade(error @ UpgradeError::Migration { .. }) => {
                self.error_among(&["migration"], error);
            }
            ServeError::Upgrade(error) => self.error_among(&["upgrade.rules"], error),
            error => self.error_among(&["participant"], error),
        }
    }

    /// What can be said of the engine while somebody else uses the datastores.
    fn checked(&mut self, builder: &EngineBuilder) {
        if let Err(error) = builder.check() {
            self.not_started(error);
        }
    }

    /// What a start would say to the datastores as they are.
    fn datastores(&mut self, builder: EngineBuilder) {
        if !self.config.upgrade.migration.is_empty() {
            // They may do anything.
            self.checked(&builder);
            let message = "programs migrate data at a start, so the datastores were not looked at";
            let note = Problem::note(self.settings.origin("migration"), message);
            let note = note.about("migration");
            self.found
                .push(note.remedy("see what a start would do: banyan upgrade --dry-run"));
            return;
        }
        let rehearsed = tokio::runtime::Runtime::new()
            .map_err(|error| StartError::Registration(error.to_string()))
            .and_then(|runtime| runtime.block_on(builder.rehearse()));
        match rehearsed {
            Ok(Rehearsal { reports, .. }) => {
                let faulty = |report: &&Report| report.status > Status::NotValidated;
                for report in reports.iter().filter(faulty) {
                    for finding in &report.errors {
                        let (origin, message) = placed(finding);
                        self.warning(&report.store, origin, message);
                    }
                }
            }
            Err(error) => self.not_started(error),
        }
    }

    fn not_started(&mut self, error: StartError) {
        let Some(remedy) = error.remedy() else {
            const KEYS: &[&str] = &[
                "access.file",
                "operation",
                "provider",
                "participant",
                "store.directory",
            ];
            self.error_among(KEYS, error);
            return;
        };
        for report in error.reports() {
            for finding in report.errors.iter().chain(&report.left_out) {
                let (origin, message) = placed(finding);
                let problem = Problem::error(origin, message).about(&*report.store);
                self.found.push(problem.remedy(&remedy));
            }
        }
    }

    fn listeners(&mut self, use_of_store: UseOfStore) {
        let config = self.config;
        let ports_are_free = use_of_store == UseOfStore::Free;
        if let Some(address) = config.netconf.ssh {
            let options = serve::ssh_options(config, address);
            for fault in options.faults() {
                match fault {
                    SshServerError::HostKey(_) => self.error("netconf.host-key", fault),
                    fault => self.error_among(&["user"], fault),
                }
            }
            let key = &config.netconf.host_key;
            if !key.exists()
                && let Err(reason) = writable::directory(key.parent().unwrap_or(key))
            {
                let message = format!(
                    "the SSH host key {} cannot be made: {reason}",
                    key.display()
                );
                self.error("netconf.host-key", message);
            }
            if ports_are_free && let Err(source) = TcpListener::bind(address) {
                self.error("netconf.ssh", SshServerError::Bind { address, source });
            }
        }
        if let Some(address) = config.metrics.listen
            && ports_are_free
            && let Err(source) = TcpListener::bind(address)
        {
            self.error("metrics.listen", ServeError::Metrics { address, source });
        }
        self.socket(&config.netconf.socket);
    }

    fn socket(&mut self, path: &Path) {
        match check_socket(path) {
            Ok(()) => {}
            // Its daemon was told of already.
            Err(UnixBindError::InUse { .. }) => return,
            Err(error) => return self.error("netconf.socket", error),
        }
        let directory = &self.config.store.directory;
        // The store's directory was looked at, and is made by a start.
        if path.parent() != Some(directory)
            && let Err(source) = writable::in_directory(path)
        {
            let path = path.to_owned();
            self.error("netconf.socket", UnixBindError::Io { path, source });
        }
    }
}

/// A finding in a datastore: where it stands in a file, and what it says.
fn placed(finding: &Finding) -> (Origin, String) {
    let origin = match &finding.place {
        None => Origin::Default,
        Some(place) => Origin::File(Place {
            file: Arc::new(PathBuf::from(&place.file)),
            line: place.position.line as usize,
            column: place.position.column as usize,
            text: "".into(),
        }),
    };
    (origin, format!("{}: {}", finding.path, finding.message))
}
