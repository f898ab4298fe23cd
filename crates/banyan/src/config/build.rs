//! From settings to the typed configuration. Values are checked already; what is missing, and what does not go together, is found here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use banyan_engine::access::{AccessOptions, Credentials, Mode};
use banyan_engine::backend::Candidates;
use banyan_engine::files::StoreOptions;
use banyan_engine::history::Retention;
use banyan_engine::nmda::Origin as NodeOrigin;
use banyan_engine::observe::ObserveOptions;
use banyan_engine::stream::StreamOptions;
use banyan_engine::upgrade::Policy;
use tracing::Level;

use super::key::duration;
use super::participant;
use super::problem::{Origin, Problem};
use super::settings::{Dialect, Held, Row, Settings, Word};
use super::table;
use super::{
    Candidate, Compat, Config, Destination, FeatureChoice, Log, Metrics, Migration, Missing,
    Netconf, Operation, Privileges, Process, Provider, Store, Upgrade, User, Yang,
};
use crate::directories::Search;

/// The typed configuration; `None` if there are errors, which are among the settings' problems then.
pub fn config(settings: &mut Settings) -> Option<Config> {
    let directory = path(settings, "store.directory");
    // A wrong value, or a slip in the name, was told already.
    let told = |problem: &Problem| {
        let names =
            |text: &str| text.contains("store.directory") || text.contains("CLICON_XMLDB_DIR");
        names(&problem.message) || problem.remedy.as_deref().is_some_and(names)
    };
    if directory.is_none() && !settings.unread && !settings.problems.iter().any(told) {
        let (key, remedy) = match settings.dialect {
            Dialect::Toml => ("store.directory", "store.directory = \"store\""),
            Dialect::Clixon => (
                "CLICON_XMLDB_DIR",
                "<CLICON_XMLDB_DIR>/var/lib/banyan</CLICON_XMLDB_DIR>",
            ),
        };
        let problem = Problem::error(
            Origin::Default,
            format!("{key} is missing: where are the datastores kept?"),
        )
        .about(key);
        settings.problem(problem.remedy(format!("add {remedy}")));
    }
    let user: Vec<User> = rows(settings, "user")
        .into_iter()
        .filter_map(|row| self::user(settings, row))
        .collect();
    let operation = rows(settings, "operation")
        .into_iter()
        .filter_map(|row| self::operation(settings, row))
        .collect();
    let participant = rows(settings, "participant")
        .into_iter()
        .filter_map(|row| participant::participant(settings, row))
        .collect();
    let provider = rows(settings, "provider")
        .into_iter()
        .filter_map(|row| self::provider(settings, row))
        .collect();
    let files = files(settings);
    let access = access(settings, &user);
    let migration = rows(settings, "migration")
        .into_iter()
        .filter_map(|row| self::migration(settings, row))
        .collect();
    if settings.has_errors() {
        return None;
    }
    let directory = directory?;
    let socket = path(settings, "netconf.socket").unwrap_or_else(|| directory.join("banyan.sock"));
    if let Some(group) = one(&settings.held, "netconf.socket-group").cloned()
        && socket.starts_with(&directory)
    {
        let message = format!(
            "members of {} cannot reach the socket: it is inside of the store's directory, which only its owner can enter",
            group.text
        );
        let problem = Problem::warning(group.origin, message).about("netconf.socket-group");
        settings.problem(problem.remedy("set netconf.socket (CLICON_SOCK) to a path elsewhere"));
    }
    let in_store =
        |key: &str, name: &str| path(settings, key).unwrap_or_else(|| directory.join(name));
    Some(Config {
        candidate: Candidate {
            sessions: match truth(settings, "candidate.private") {
                true => Candidates::Private,
                false => Candidates::Shared,
            },
            autolock: truth(settings, "candidate.autolock"),
            autocommit: truth(settings, "candidate.autocommit"),
        },
        access,
        yang: yang(settings),
        upgrade: Upgrade {
            policy: match text(settings, "upgrade.policy").as_deref() {
                Some("leave-out") => Policy::LeaveOut,
                Some("failsafe") => Policy::Failsafe,
                _ => Policy::Refuse,
            },
            rules: words(settings, "upgrade.rules")
                .iter()
                .map(Word::path)
                .collect(),
            migration,
        },
        netconf: Netconf {
            socket,
            socket_group: text(settings, "netconf.socket-group"),
            ssh: parsed(settings, "netconf.ssh"),
            host_key: in_store("netconf.host-key", "ssh_host_ed25519_key"),
        },
        user,
        compat: Compat {
            lenient: truth(settings, "compat.lenient"),
        },
        operation,
        participant,
        history: Retention {
            commits: parsed(settings, "history.keep-commits"),
            age: parsed(settings, "history.keep-days")
                .map(|days: u64| Duration::from_secs(days * 86_400)),
            bytes: parsed(settings, "history.keep-megabytes")
                .map(|megabytes: u64| megabytes * 1_000_000),
        },
        streams: streams(settings),
        validate_state: truth(settings, "state.validate"),
        subscriptions: parsed(settings, "subscription.max").unwrap_or(100),
        provider,
        process: Process {
            user: text(settings, "process.user"),
            privileges: match text(settings, "process.privileges").as_deref() {
                Some("drop_perm") => Privileges::Dropped,
                Some("drop_temp") => Privileges::DroppedForATime,
                _ => Privileges::Kept,
            },
            pid_file: path(settings, "process.pid-file"),
            stop_timeout: Duration::from_secs(
                parsed(settings, "process.stop-timeout").unwrap_or_default(),
            ),
        },
        log: Log {
            level: parsed(settings, "log.level").unwrap_or(Level::INFO),
            destination: destinations(settings, in_store("log.file", "banyan.log")),
            commits: ObserveOptions {
                timings: parsed(settings, "log.commit-timings").unwrap_or(100),
                slow_commit: text(settings, "log.slow-commit").and_then(|text| duration(&text)),
            },
        },
        metrics: Metrics {
            listen: parsed(settings, "metrics.listen"),
        },
        store: Store {
            startup_mode: parsed(settings, "store.startup-mode").unwrap_or_default(),
            directory,
            files,
        },
    })
}

fn files(settings: &mut Settings) -> StoreOptions {
    let usual = StoreOptions::default();
    let policies = match settings.held.get("store.policies") {
        Some(Held::Named(names)) => names
            .iter()
            .filter_map(|(name, word)| Some((name.clone(), word.text.parse().ok()?)))
            .collect(),
        _ => BTreeMap::new(),
    };
    let options = StoreOptions {
        format: parsed(settings, "store.format").unwrap_or(usual.format),
        pretty: truth(settings, "store.pretty"),
        split: truth(settings, "store.split"),
        module_state: truth(settings, "store.module-state"),
        content_id: text(settings, "store.content-id").unwrap_or(usual.content_id),
        policies,
        small: parsed(settings, "store.small-file").unwrap_or(usual.small),
        idle: parsed(settings, "store.idle").map_or(usual.idle, Duration::from_millis),
    };
    if let Err(error) = options.check() {
        let problem = Problem::error(origin(settings, "store.split"), error.to_string());
        settings.problem(problem.about("store.split"));
    }
    options
}

fn streams(settings: &Settings) -> StreamOptions {
    let usual = StreamOptions::default();
    StreamOptions {
        retention: parsed(settings, "stream.retention")
            .map_or(usual.retention, Duration::from_secs),
        events: parsed(settings, "stream.events").unwrap_or(usual.events),
        bytes: parsed(settings, "stream.bytes").unwrap_or(usual.bytes),
        streams: usual.streams,
    }
}

fn access(settings: &mut Settings, users: &[User]) -> AccessOptions {
    let file = path(settings, "access.file");
    let mode = match (text(settings, "access.mode").as_deref(), file) {
        (Some("internal"), _) => Mode::Internal,
        (Some("external"), Some(file)) => Mode::External(file),
        (Some("external"), None) => {
            let message =
                "the rules of access control are external, and no file with them is named";
            let problem =
                Problem::error(origin(settings, "access.mode"), message).about("access.mode");
            settings.problem(problem.remedy("add access.file (CLICON_NACM_FILE)"));
            Mode::Disabled
        }
        _ => Mode::Disabled,
    };
    let shared = |key| text(settings, key).map(|text| text.as_str().into());
    AccessOptions {
        mode,
        recovery_user: shared("access.recovery-user"),
        disabled_on_empty: truth(settings, "access.disabled-on-empty"),
        credentials: match text(settings, "access.credentials").as_deref() {
            Some("none") => Credentials::None,
            Some("exact") => Credentials::Exact,
            _ => Credentials::Except,
        },
        proxies: words(settings, "access.proxies")
            .iter()
            .map(|word| word.text.as_str().into())
            .collect(),
        vouched: users.iter().map(vouched).collect(),
        first_admin: shared("access.first-admin"),
    }
}

/// A user who logs in through SSH, with the groups that go with it.
fn vouched(user: &User) -> (Arc<str>, Vec<Arc<str>>) {
    let groups = user.groups.iter().map(|group| group.as_str().into());
    (user.name.as_str().into(), groups.collect())
}

/// Where the single value of a key is from.
fn origin(settings: &Settings, key: &str) -> Origin {
    one(&settings.held, key).map_or(Origin::Default, |word| word.origin.clone())
}

fn yang(settings: &Settings) -> Yang {
    let choice = |words: &[&Word]| match words.iter().any(|word| word.text == "*") {
        true => FeatureChoice::All,
        false => FeatureChoice::Only(words.iter().map(|word| word.text.clone()).collect()),
    };
    let none = BTreeMap::new();
    let given = match settings.held.get("yang.features") {
        Some(Held::Features(features)) => features,
        _ => &none,
    };
    let everywhere: Vec<&Word> = given.get("*").into_iter().flatten().collect();
    let other_features = match (given.contains_key("*"), settings.dialect) {
        (false, Dialect::Toml) => FeatureChoice::All,
        _ => choice(&everywhere),
    };
    let features = given
        .iter()
        .filter(|(module, _)| *module != "*")
        .map(|(module, words)| {
            let all: Vec<&Word> = words.iter().chain(everywhere.iter().copied()).collect();
            (module.clone(), choice(&all))
        })
        .collect();
    Yang {
        path: words(settings, "yang.path")
            .iter()
            .map(Word::path)
            .collect(),
        search: match text(settings, "yang.search").as_deref() {
            Some("recursive") => Search::Recursive,
            _ => Search::Flat,
        },
        missing: match settings.dialect {
            Dialect::Toml => Missing::Refused,
            Dialect::Clixon => Missing::PassedOver,
        },
        load: words(settings, "yang.load")
            .iter()
            .map(|word| word.text.clone())
            .collect(),
        main_file: path(settings, "yang.main-file"),
        main_directory: path(settings, "yang.main-directory"),
        features,
        other_features,
        lenient: truth(settings, "yang.lenient"),
    }
}

fn destinations(settings: &Settings, file: PathBuf) -> Vec<Destination> {
    let mut destinations: Vec<Destination> = Vec::new();
    for word in words(settings, "log.destination") {
        let destination = match word.text.as_str() {
            "stdout" => Destination::Stdout,
            "file" => Destination::File(file.clone()),
            "syslog" => Destination::Syslog,
            _ => Destination::Stderr,
        };
        if !destinations.contains(&destination) {
            destinations.push(destination);
        }
    }
    if destinations.is_empty() {
        destinations.push(Destination::Stderr);
    }
    destinations
}

fn user(settings: &mut Settings, (origin, row): (Origin, Row)) -> Option<User> {
    let texts = |name: &str| {
        many(&row, name)
            .iter()
            .map(|word| word.text.clone())
            .collect()
    };
    Some(User {
        keys: texts("keys"),
        groups: texts("groups"),
        name: required(settings, "user", &origin, &row, "name")?.text,
        password_hash: one(&row, "password-hash").map(|word| word.text.clone()),
    })
}

fn operation(settings: &mut Settings, (origin, row): (Origin, Row)) -> Option<Operation> {
    let path = required(settings, "operation", &origin, &row, "path").map(|word| word.text);
    let (program, arguments) = program(settings, "operation", origin, &row)?;
    Some(Operation {
        path: path?,
        program,
        arguments,
        timeout: number(&row, "timeout", 30),
    })
}

fn provider(settings: &mut Settings, (origin, row): (Origin, Row)) -> Option<Provider> {
    let path = required(settings, "provider", &origin, &row, "path").map(|word| word.text);
    let (program, arguments) = program(settings, "provider", origin, &row)?;
    let origin = one(&row, "origin").and_then(|word| NodeOrigin::named(&word.text));
    Some(Provider {
        path: path?,
        program,
        arguments,
        timeout: number(&row, "timeout", 10),
        cache: number(&row, "cache", 0),
        origin: origin.unwrap_or_default(),
    })
}

/// `exec` of a table: a program and its arguments.
fn program(
    settings: &mut Settings,
    table: &str,
    origin: Origin,
    row: &Row,
) -> Option<(PathBuf, Vec<String>)> {
    let Some((program, arguments)) = many(row, "exec").split_first() else {
        let problem = Problem::error(
            origin,
            format!("this [[{table}]] has no program: exec is missing or empty"),
        )
        .about(format!("{table}.exec"));
        settings.problem(problem.remedy("add exec = [\"./program\", \"argument\"]"));
        return None;
    };
    // A name without a slash is looked for in PATH.
    let path = match program.text.contains('/') {
        true => program.path(),
        false => PathBuf::from(&program.text),
    };
    let arguments = arguments.iter().map(|word| word.text.clone());
    Some((path, arguments.collect()))
}

/// A number of a table; `default` is what the table of keys says.
fn number(row: &Row, key: &str, default: u64) -> u64 {
    one(row, key)
        .and_then(|word| word.text.parse().ok())
        .unwrap_or(default)
}

fn migration(settings: &mut Settings, (origin, row): (Origin, Row)) -> Option<Migration> {
    let Some((program, arguments)) = many(&row, "exec").split_first() else {
        let problem = Problem::error(
            origin,
            "this [[migration]] has no program: exec is missing or empty",
        )
        .about("migration.exec");
        settings.problem(problem.remedy("add exec = [\"./program\", \"argument\"]"));
        return None;
    };
    let optional = |key| one(&row, key).map(|word| word.text.clone());
    let module = optional("module");
    let (from, to) = (optional("from"), optional("to"));
    if module.is_none() && (from.is_some() || to.is_some()) {
        let problem = Problem::error(origin, "this [[migration]] has revisions and no module")
            .about("migration.module");
        settings.problem(problem.remedy("add module = \"name\""));
        return None;
    }
    Some(Migration {
        program: match program.text.contains('/') {
            true => program.path(),
            false => PathBuf::from(&program.text),
        },
        arguments: arguments.iter().map(|word| word.text.clone()).collect(),
        module,
        from,
        to,
        timeout: one(&row, "timeout")
            .and_then(|word| word.text.parse().ok())
            .unwrap_or(60),
    })
}

pub(super) fn required(
    settings: &mut Settings,
    table: &str,
    origin: &Origin,
    row: &Row,
    key: &'static str,
) -> Option<Word> {
    let word = one(row, key).cloned();
    // A wrong value was told already.
    let about = format!("{table}[");
    let told = |problem: &Problem| problem.message.contains(&about);
    if word.is_none() && !settings.problems.iter().any(told) {
        let problem = Problem::error(origin.clone(), format!("this [[{table}]] has no {key}"))
            .about(format!("{table}.{key}"));
        settings.problem(problem.remedy(format!("add {key} = \"...\"")));
    }
    word
}

fn rows(settings: &Settings, key: &str) -> Vec<(Origin, Row)> {
    match settings.held.get(key) {
        Some(Held::Tables(rows)) => rows.clone(),
        _ => Vec::new(),
    }
}

pub(super) fn one<'a>(row: &'a Row, key: &str) -> Option<&'a Word> {
    match row.get(key) {
        Some(Held::One(word)) => Some(word),
        _ => None,
    }
}

pub(super) fn many<'a>(row: &'a Row, key: &str) -> &'a [Word] {
    match row.get(key) {
        Some(Held::Many(words)) => words,
        _ => &[],
    }
}

fn words<'a>(settings: &'a Settings, key: &str) -> &'a [Word] {
    many(&settings.held, key)
}

/// A single value, or the default of the table.
fn text(settings: &Settings, key: &str) -> Option<String> {
    if let Some(word) = one(&settings.held, key) {
        return Some(word.text.clone());
    }
    let default = table::by_name(key).map(|key| settings.default_of(key))?;
    (!default.is_empty()).then(|| default.to_owned())
}

fn path(settings: &Settings, key: &str) -> Option<PathBuf> {
    one(&settings.held, key).map(Word::path)
}

fn truth(settings: &Settings, key: &str) -> bool {
    text(settings, key).as_deref() == Some("true")
}

fn parsed<T: FromStr>(settings: &Settings, key: &str) -> Option<T> {
    text(settings, key)?.parse().ok()
}
