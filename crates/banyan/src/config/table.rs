//! The table of keys. Readers, `-o`, environment, `config show`, `explain`, `convert` and the documentation all go by it.
//!
//! A new key is a row here, a field in [`super::Config`], and a line in `build.rs`.

use super::key::{Applies, Clixon, Key, Kind};
use super::participant::PARTICIPANT;

const FIRST: &str = "0.1.0";

/// All keys, in the order of the documentation.
pub static KEYS: &[Key] = &[
    Key {
        name: "config.directory",
        clixon: Clixon::Leaf(&["CLICON_CONFIGDIR"]),
        kind: Kind::Path,
        default: "",
        clixon_default: None,
        meaning: "A directory with more configuration, read after this file in the order of the names: *.toml beside \
                  banyan.toml, *.xml beside a Clixon configuration. Single values of a later file replace those \
                  of an earlier one, lists are appended. It must exist. `-E` of `banyan serve` takes its place.",
        example: "directory = \"conf.d\"",
        since: FIRST,
        applies: Applies::RestartAndCommands,
    },
    Key {
        name: "store.directory",
        clixon: Clixon::Leaf(&["CLICON_XMLDB_DIR"]),
        kind: Kind::Path,
        default: "",
        clixon_default: None,
        meaning: "Where the datastores and their log are kept. Made at the first start; only its owner can read it. \
                  There is no default: it must be given.",
        example: "directory = \"/var/lib/banyan\"",
        since: FIRST,
        applies: Applies::RestartAndCommands,
    },
    Key {
        name: "store.startup-mode",
        clixon: Clixon::Leaf(&["CLICON_STARTUP_MODE"]),
        kind: Kind::Choice(&[
            (
                "none",
                "running is as the last commit left it, and is validated by the first commit",
            ),
            ("init", "running is empty, as a commit of its own"),
            ("running", "running is as the last commit left it"),
            (
                "startup",
                "running becomes what startup holds, as a commit of its own",
            ),
            (
                "running-startup",
                "as running, or as startup if nothing has ever been committed",
            ),
        ]),
        default: "running",
        clixon_default: None,
        meaning: "What running is after the start. If that cannot be used, the store failsafe takes its place; without one the \
                  start fails, and changes nothing. `-s` of `banyan serve` takes its place.",
        example: "startup-mode = \"startup\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "store.format",
        clixon: Clixon::Leaf(&["CLICON_XMLDB_FORMAT"]),
        kind: Kind::Choice(&[
            ("xml", "XML inside of <config>"),
            ("json", "RFC 7951 JSON inside of { \"config\": ... }"),
        ]),
        default: "xml",
        clixon_default: None,
        meaning: "How datastore files are written. Both forms are read, whatever is chosen here. JSON does not go with store.split.",
        example: "format = \"json\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "store.pretty",
        clixon: Clixon::Leaf(&["CLICON_XMLDB_PRETTY"]),
        kind: Kind::Boolean,
        default: "true",
        clixon_default: None,
        meaning: "Datastore files with line breaks and indentation, or compact.",
        example: "pretty = false",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "store.split",
        clixon: Clixon::Leaf(&["CLICON_XMLDB_MULTI"]),
        kind: Kind::Boolean,
        default: "false",
        clixon_default: None,
        meaning: "Nodes with the extension cl:xmldb-split have files of their own, in running.d and its like.",
        example: "split = true",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "store.module-state",
        clixon: Clixon::Leaf(&["CLICON_XMLDB_MODSTATE"]),
        kind: Kind::Boolean,
        default: "false",
        clixon_default: None,
        meaning: "Datastore files name the modules that they were written with.",
        example: "module-state = true",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "store.content-id",
        clixon: Clixon::Leaf(&["CLICON_MODULE_SET_ID"]),
        kind: Kind::Text,
        default: "0",
        clixon_default: None,
        meaning: "The content-id that stands with the modules in datastore files (store.module-state).",
        example: "content-id = \"42\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "store.small-file",
        clixon: Clixon::Without,
        kind: Kind::Integer {
            min: 0,
            max: 1 << 30,
        },
        default: "1048576",
        clixon_default: None,
        meaning: "The file of running is current before a commit is answered if it has at most so many bytes and is not split; the commit log is what makes a commit durable.",
        example: "small-file = 0",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "store.idle",
        clixon: Clixon::Without,
        kind: Kind::Integer {
            min: 1,
            max: 3_600_000,
        },
        default: "2000",
        clixon_default: None,
        meaning: "Milliseconds that commits must pause before the file of running is written, if it is not current already (store.small-file).",
        example: "idle = 500",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "store.policies",
        clixon: Clixon::Named("CLICON_XMLDB_CACHE_STATUS"),
        kind: Kind::Named(&Kind::Choice(&[
            ("file-inmem", "in memory, and each change in its file"),
            ("inmem", "in memory alone"),
            (
                "file",
                "in its file alone, read each time that somebody asks; not for running, candidate and startup, which stay in memory",
            ),
        ])),
        default: "",
        clixon_default: None,
        meaning: "Where datastores live, by their names: file-inmem for those that are not named, and inmem for the candidate, which is lost at a restart.",
        example: "policies = { candidate = \"inmem\", archive = \"file\" }",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "history.keep-commits",
        clixon: Clixon::Without,
        kind: Kind::Integer {
            min: 1,
            max: 1_000_000_000_000,
        },
        default: "",
        clixon_default: None,
        meaning: "How many commits the history keeps; the oldest leave it within minutes when there are more. Without a limit all \
                  are kept; what a confirmed commit needs that is pending is kept in any case.",
        example: "keep-commits = 10000",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "history.keep-days",
        clixon: Clixon::Without,
        kind: Kind::Integer {
            min: 1,
            max: 100_000,
        },
        default: "",
        clixon_default: None,
        meaning: "Commits that are older leave the history.",
        example: "keep-days = 365",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "history.keep-megabytes",
        clixon: Clixon::Without,
        kind: Kind::Integer {
            min: 1,
            max: 1_000_000_000,
        },
        default: "",
        clixon_default: None,
        meaning: "The oldest commits leave the history when their records take more room than this (in units of 1000000 bytes).",
        example: "keep-megabytes = 500",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "candidate.private",
        clixon: Clixon::Leaf(&["CLICON_XMLDB_PRIVATE_CANDIDATE"]),
        kind: Kind::Boolean,
        default: "false",
        clixon_default: None,
        meaning: "Each session has a candidate of its own (draft-ietf-netconf-privcand), unless it asks for the shared one.",
        example: "private = true",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "candidate.autolock",
        clixon: Clixon::Leaf(&["CLICON_AUTOLOCK"]),
        kind: Kind::Boolean,
        default: "false",
        clixon_default: None,
        meaning: "The first edit of the shared candidate locks it; commit and discard unlock it, and a session that ends takes its changes with it.",
        example: "autolock = true",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "candidate.autocommit",
        clixon: Clixon::Flag("CLICON_AUTOCOMMIT"),
        kind: Kind::Boolean,
        default: "false",
        clixon_default: None,
        meaning: "Each edit of a candidate is committed at once; one whose commit is refused is refused.",
        example: "autocommit = true",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "access.mode",
        clixon: Clixon::Leaf(&["CLICON_NACM_MODE"]),
        kind: Kind::Choice(&[
            ("disabled", "everybody who can connect may do everything"),
            (
                "internal",
                "the rules are /ietf-netconf-acm:nacm of running",
            ),
            ("external", "the rules are in access.file"),
        ]),
        default: "internal",
        clixon_default: Some("disabled"),
        meaning: "Where the rules of access control are (NACM, RFC 8341; docs/access.md). With internal rules and none in the store, access.first-admin becomes an administrator.",
        example: "mode = \"disabled\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "access.file",
        clixon: Clixon::Leaf(&["CLICON_NACM_FILE"]),
        kind: Kind::Path,
        default: "",
        clixon_default: None,
        meaning: "The file with the rules, for the mode external: a config element with nacm in it, or an RFC 7951 object. Read at the start.",
        example: "file = \"nacm.xml\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "access.credentials",
        clixon: Clixon::Leaf(&["CLICON_NACM_CREDENTIALS"]),
        kind: Kind::Choice(&[
            ("none", "for anybody: what a front end says is believed"),
            ("exact", "for himself alone"),
            ("except", "for himself; root and access.proxies for anybody"),
        ]),
        default: "except",
        clixon_default: None,
        meaning: "For whom the user at the other end of the socket may act.",
        example: "credentials = \"exact\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "access.proxies",
        clixon: Clixon::LeafList("CLICON_RESTCONF_USER"),
        kind: Kind::List(&Kind::Text),
        default: "",
        clixon_default: None,
        meaning: "The users of trusted front ends, who may act for others (access.credentials). Clixon's default, www-data, is not taken over.",
        example: "proxies = [\"www-data\"]",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "access.recovery-user",
        clixon: Clixon::Leaf(&["CLICON_NACM_RECOVERY_USER"]),
        kind: Kind::Text,
        default: "",
        clixon_default: None,
        meaning: "The user of the recovery session, for whom no rule counts.",
        example: "recovery-user = \"root\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "access.disabled-on-empty",
        clixon: Clixon::Leaf(&["CLICON_NACM_DISABLED_ON_EMPTY"]),
        kind: Kind::Boolean,
        default: "false",
        clixon_default: None,
        meaning: "While there are no rules at all, everybody may do everything; nobody is made an administrator then.",
        example: "disabled-on-empty = true",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "access.first-admin",
        clixon: Clixon::Without,
        kind: Kind::Text,
        default: "",
        clixon_default: None,
        meaning: "Who becomes an administrator when a daemon with internal rules starts and there are none: the user who starts it, when not given.",
        example: "first-admin = \"alice\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "upgrade.policy",
        clixon: Clixon::Without,
        kind: Kind::Choice(&[
            ("refuse", "the start fails, and changes nothing"),
            (
                "leave-out",
                "they are kept in STORE.left-out beside the store's file, and the rest is used",
            ),
            (
                "failsafe",
                "the store failsafe is used; without one the start fails",
            ),
        ]),
        default: "refuse",
        clixon_default: None,
        meaning: "What becomes of data that were written under other modules, and that the loaded ones do not accept.",
        example: "policy = \"leave-out\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "upgrade.rules",
        clixon: Clixon::Without,
        kind: Kind::List(&Kind::Path),
        default: "",
        clixon_default: None,
        meaning: "Files of migration rules, in TOML (docs/datastore.md, Upgrade).",
        example: "rules = [\"migrations/acme-if.toml\"]",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "yang.path",
        clixon: Clixon::LeafList("CLICON_YANG_DIR"),
        kind: Kind::List(&Kind::Path),
        default: "",
        clixon_default: None,
        meaning: "Directories with YANG modules (name.yang or name@revision.yang), searched in this order, before the \
                  modules that Banyan brings. One that does not exist is an error; in a Clixon configuration a warning, \
                  as Clixon's own modules need not be installed.",
        example: "path = [\"yang\", \"/usr/share/yang\"]",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "yang.search",
        clixon: Clixon::Without,
        kind: Kind::Choice(&[
            ("flat", "the directories themselves"),
            (
                "recursive",
                "all directories below them too; nearer files first, hidden directories passed over",
            ),
        ]),
        default: "flat",
        clixon_default: Some("recursive"),
        meaning: "How much of the directories of yang.path is searched.",
        example: "search = \"recursive\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "yang.load",
        clixon: Clixon::Module("CLICON_YANG_MODULE_MAIN", "CLICON_YANG_MODULE_REVISION"),
        kind: Kind::List(&Kind::Module),
        default: "",
        clixon_default: None,
        meaning: "The modules to implement, found in yang.path. In a Clixon configuration it is one module, which \
                  CLICON_YANG_MAIN_FILE takes the place of.",
        example: "load = [\"acme-net\", \"acme-lb@2024-05-01\"]",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "yang.main-file",
        clixon: Clixon::Leaf(&["CLICON_YANG_MAIN_FILE"]),
        kind: Kind::Path,
        default: "",
        clixon_default: None,
        meaning: "A file with one module to implement; what it imports is looked for in yang.path.",
        example: "main-file = \"/opt/acme/acme-net.yang\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "yang.main-directory",
        clixon: Clixon::Leaf(&["CLICON_YANG_MAIN_DIR"]),
        kind: Kind::Path,
        default: "",
        clixon_default: None,
        meaning: "A directory of which all modules are implemented, beside those of yang.load and yang.main-file.",
        example: "main-directory = \"yang/main\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "yang.features",
        clixon: Clixon::Features("CLICON_FEATURE"),
        kind: Kind::Features,
        default: "",
        clixon_default: None,
        meaning: "Features that are on, by module. * as a feature is all of the module; * as a module adds to every one. \
                  Modules that are not named have all features if the configuration is banyan.toml without an entry \
                  for *, and none if it is Clixon's. What Banyan itself offers of ietf-netconf is always on.",
        example: "features = { acme-net = [\"ipv6\"], acme-lb = [\"*\"] }",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "yang.lenient",
        clixon: Clixon::Leaf(&["CLICON_YANG_AUGMENT_ACCEPT_BROKEN"]),
        kind: Kind::Boolean,
        default: "false",
        clixon_default: None,
        meaning: "Start with modules that are wrong: the smallest part around an error is left out, and a warning says \
                  what. Not for augments alone, as in Clixon, but for all errors.",
        example: "lenient = true",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "netconf.socket",
        clixon: Clixon::Leaf(&["CLICON_SOCK"]),
        kind: Kind::Path,
        default: "",
        clixon_default: None,
        meaning: "The Unix socket where NETCONF is spoken; banyan.sock in the store's directory when not given. The kernel says who \
                  the peer is.",
        example: "socket = \"/run/banyan/banyan.sock\"",
        since: FIRST,
        applies: Applies::RestartAndCommands,
    },
    Key {
        name: "netconf.socket-group",
        clixon: Clixon::Leaf(&["CLICON_SOCK_GROUP"]),
        kind: Kind::Text,
        default: "",
        clixon_default: None,
        meaning: "The group whose members may connect to the socket, which has mode 0660 then. Without it only the \
                  daemon's user may (mode 0600); Clixon's default, the group clicon, is not taken over.",
        example: "socket-group = \"netadmin\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "netconf.ssh",
        clixon: Clixon::Without,
        kind: Kind::Address,
        default: "",
        clixon_default: None,
        meaning: "Where NETCONF over SSH listens (RFC 6242); nowhere when not given. The users who may log in are the tables [[user]].",
        example: "ssh = \"127.0.0.1:2022\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "netconf.host-key",
        clixon: Clixon::Without,
        kind: Kind::Path,
        default: "",
        clixon_default: None,
        meaning: "The private SSH host key; ssh_host_ed25519_key in the store's directory when not given. Made at the \
                  first start that listens for SSH.",
        example: "host-key = \"/etc/banyan/host_key\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "compat.lenient",
        clixon: Clixon::Leaf(&[
            "CLICON_NETCONF_HELLO_OPTIONAL",
            "CLICON_NETCONF_MESSAGE_ID_OPTIONAL",
            "CLICON_NAMESPACE_NETCONF_DEFAULT",
        ]),
        kind: Kind::Boolean,
        default: "false",
        clixon_default: None,
        meaning: "Accept NETCONF messages without hello, message-id or base namespace, which RFC 6241 requires. One \
                  switch for all three.",
        example: "lenient = true",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "process.user",
        clixon: Clixon::Leaf(&["CLICON_BACKEND_USER"]),
        kind: Kind::Text,
        default: "",
        clixon_default: None,
        meaning: "The user as whom the daemon runs, and who owns its files, when it is started as root. A daemon that is \
                  started as another user than this one does not start. `-U` of `banyan serve` takes its place and drops privileges.",
        example: "user = \"banyan\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "process.privileges",
        clixon: Clixon::Leaf(&["CLICON_BACKEND_PRIVILEGES"]),
        kind: Kind::Choice(&[
            ("none", "stay root"),
            (
                "drop_perm",
                "become process.user for good, once sockets are open and the host key is read",
            ),
            (
                "drop_temp",
                "as drop_perm, with a warning: becoming root again would give root to all requests under way at that moment",
            ),
        ]),
        default: "drop_perm",
        clixon_default: Some("none"),
        meaning: "Whether a daemon that is started as root becomes process.user; of no effect without one. In a Clixon \
                  configuration the default is none, as there.",
        example: "privileges = \"drop_perm\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "process.pid-file",
        clixon: Clixon::Leaf(&["CLICON_BACKEND_PIDFILE"]),
        kind: Kind::Path,
        default: "",
        clixon_default: None,
        meaning: "A file that holds the daemon's process id, and a lock while it runs, so that a second daemon does not start and \
                  `banyan serve -z` finds the one to stop. None when not given.",
        example: "pid-file = \"/run/banyan/banyan.pid\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "log.level",
        clixon: Clixon::Debug("CLICON_DEBUG"),
        kind: Kind::Choice(&[
            ("error", "what went wrong"),
            ("warn", "and what may"),
            ("info", "and what is done"),
            ("debug", "and how"),
            ("trace", "and every step"),
        ]),
        default: "info",
        clixon_default: None,
        meaning: "How much is logged. The environment variable BANYAN_LOG chooses more finely, and goes before it \
                  (banyan_controller=debug). Of CLICON_DEBUG, any bit is debug, and a bit of detail trace. `-D` of `banyan serve` takes its place.",
        example: "level = \"debug\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "log.destination",
        clixon: Clixon::Bits("CLICON_LOG_DESTINATION"),
        kind: Kind::List(&Kind::Choice(&[
            ("stderr", "standard error"),
            ("stdout", "standard output"),
            ("file", "the file log.file, appended to"),
            ("syslog", "the system's log, through /dev/log"),
        ])),
        default: "[\"stderr\"]",
        clixon_default: None,
        meaning: "Where log lines go; there may be several places. Clixon's default, syslog, is not taken over. `-l` of `banyan serve` takes its place.",
        example: "destination = [\"stderr\", \"syslog\"]",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "log.file",
        clixon: Clixon::Leaf(&["CLICON_LOG_FILE"]),
        kind: Kind::Path,
        default: "",
        clixon_default: None,
        meaning: "The file of the destination `file`; banyan.log in the store's directory when not given. Opened before privileges are dropped.",
        example: "file = \"/var/log/banyan.log\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "log.slow-commit",
        clixon: Clixon::Without,
        kind: Kind::Duration,
        default: "1s",
        clixon_default: None,
        meaning: "A commit that takes as long as this is logged as a warning, with the two phases that took most of it. \
                  Commits that push to devices may well take longer where all is well.",
        example: "slow-commit = \"500ms\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "log.commit-timings",
        clixon: Clixon::Without,
        kind: Kind::Integer {
            min: 0,
            max: 100_000,
        },
        default: "100",
        clixon_default: None,
        meaning: "Of how many commits, refused ones included, the daemon remembers where their time went, for \
                  `banyan commit --timing` and `banyan history show --timing`. They are in memory, about 5 kB each.",
        example: "commit-timings = 1000",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "metrics.listen",
        clixon: Clixon::Without,
        kind: Kind::Address,
        default: "",
        clixon_default: None,
        meaning: "Where Prometheus finds metrics, at /metrics over plain HTTP, without authentication; nowhere when not \
                  given. Anyone who reaches it can read how much is done, not what. `banyan show metrics` needs no listener.",
        example: "listen = \"127.0.0.1:9470\"",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "state.validate",
        clixon: Clixon::Leaf(&["CLICON_VALIDATE_STATE_XML"]),
        kind: Kind::Boolean,
        default: "false",
        clixon_default: None,
        meaning: "Whether operational data of providers must keep the constraints of the schema (must, when, references), \
                  beside its types. What breaks them is missing from the reply, with path and provider named. For the time \
                  of development: each read costs a validation of all data.",
        example: "validate = true",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "user",
        clixon: Clixon::Without,
        kind: Kind::Tables(USER),
        default: "",
        clixon_default: None,
        meaning: "Who may log in through SSH: one table [[user]] each.",
        example: "[[user]]",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "operation",
        clixon: Clixon::Without,
        kind: Kind::Tables(OPERATION),
        default: "",
        clixon_default: None,
        meaning: "Programs behind RPCs and actions: one table [[operation]] each. Input and output are JSON (RFC 7951); \
                  the program finds its caller in BANYAN_USER, BANYAN_PATH and BANYAN_SOCKET.",
        example: "[[operation]]",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "participant",
        clixon: Clixon::Without,
        kind: Kind::Tables(PARTICIPANT),
        default: "",
        clixon_default: None,
        meaning: "Programs that take part in commits: one table [[participant]] each, called in this order, and in the \
                  reverse order on the way back. They get the change as JSON on standard input and agree with exit status 0; \
                  what they say on standard error is the reason of a refusal.",
        example: "[[participant]]",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "migration",
        clixon: Clixon::Without,
        kind: Kind::Tables(MIGRATION),
        default: "",
        clixon_default: None,
        meaning: "Programs that bring data to other modules: one table [[migration]] each. BANYAN_MODULES tells them what \
                  changed, BANYAN_STORE_FILE which file it is about.",
        example: "[[migration]]",
        since: FIRST,
        applies: Applies::Restart,
    },
    Key {
        name: "provider",
        clixon: Clixon::Without,
        kind: Kind::Tables(PROVIDER),
        default: "",
        clixon_default: None,
        meaning: "Programs that provide operational data: one table [[provider]] each. They get a JSON object with the wanted \
                  instances (paths) on standard input, and print RFC 7951 JSON from the root.",
        example: "[[provider]]",
        since: FIRST,
        applies: Applies::Restart,
    },
];

static MIGRATION: &[Key] = &[
    in_table(
        "exec",
        Kind::List(&Kind::Text),
        "",
        "Program and arguments; a program with a slash is relative to the file. The configuration comes on its standard input \
         as XML, and what it prints takes its place. It must be given.",
        "exec = [\"./migrate.py\"]",
    ),
    in_table(
        "module",
        Kind::Text,
        "",
        "The module whose change it is for; without one it runs at every start.",
        "module = \"acme-if\"",
    ),
    in_table(
        "from",
        Kind::Text,
        "",
        "It is for data of this revision and newer; with one that is newer than `to`, for a downgrade.",
        "from = \"2024-01-01\"",
    ),
    in_table(
        "to",
        Kind::Text,
        "",
        "The revision that it leads to; without one it is for any change, the removal included.",
        "to = \"2025-06-01\"",
    ),
    in_table(
        "timeout",
        Kind::Integer {
            min: 1,
            max: 86_400,
        },
        "60",
        "Seconds that it may take; then it is killed, and the start fails.",
        "timeout = 300",
    ),
];

pub(super) const fn in_table(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    meaning: &'static str,
    example: &'static str,
) -> Key {
    Key {
        name,
        clixon: Clixon::Without,
        kind,
        default,
        clixon_default: None,
        meaning,
        example,
        since: FIRST,
        applies: Applies::Restart,
    }
}

static USER: &[Key] = &[
    in_table(
        "name",
        Kind::Text,
        "",
        "The user's name. It must be given.",
        "name = \"admin\"",
    ),
    in_table(
        "password-hash",
        Kind::PasswordHash,
        "",
        "A crypt(3) hash, as `openssl passwd -6` prints it; without it no password is accepted.",
        "password-hash = \"$6$...\"",
    ),
    in_table(
        "keys",
        Kind::List(&Kind::Text),
        "",
        "Public keys, as lines of authorized_keys without options.",
        "keys = [\"ssh-ed25519 AAAA... you@host\"]",
    ),
];

static OPERATION: &[Key] = &[
    in_table(
        "path",
        Kind::OperationPath,
        "",
        "The schema path of the rpc or action. It must be given.",
        "path = \"/acme-net:restart\"",
    ),
    in_table(
        "exec",
        Kind::List(&Kind::Text),
        "",
        "Program and arguments; a program with a slash is relative to the file. It must be given.",
        "exec = [\"./restart.sh\"]",
    ),
    in_table(
        "timeout",
        Kind::Integer {
            min: 1,
            max: 86_400,
        },
        "30",
        "Seconds that it may take; then it is killed.",
        "timeout = 60",
    ),
];

static PROVIDER: &[Key] = &[
    in_table(
        "path",
        Kind::SchemaPath,
        "",
        "The schema path of the subtree that it provides. It must be given.",
        "path = \"/ietf-interfaces:interfaces/interface/statistics\"",
    ),
    in_table(
        "exec",
        Kind::List(&Kind::Text),
        "",
        "Program and arguments; a program with a slash is relative to the file. It must be given.",
        "exec = [\"./counters.sh\"]",
    ),
    in_table(
        "timeout",
        Kind::Integer {
            min: 1,
            max: 86_400,
        },
        "10",
        "Seconds that a read waits for it; then it is killed, and the read goes on without what it owes.",
        "timeout = 2",
    ),
    in_table(
        "cache",
        Kind::Integer {
            min: 0,
            max: 86_400_000,
        },
        "0",
        "Milliseconds for which an answer is given again to readers who want the same; one run serves all of them, and it \
         is not told who reads. 0 is never.",
        "cache = 500",
    ),
    in_table(
        "origin",
        Kind::Choice(&[
            ("system", "the system itself has made them"),
            ("learned", "a protocol has learned them from others"),
            (
                "dynamic",
                "they come from a dynamic configuration datastore",
            ),
            ("intended", "they are the intended configuration"),
            ("default", "they are defaults"),
            ("unknown", "it cannot be told"),
        ]),
        "system",
        "The origin (RFC 8342) of configuration nodes that it provides.",
        "origin = \"learned\"",
    ),
];

/// The key of that name in `banyan.toml`.
pub fn by_name(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The key that a Clixon option maps to.
pub fn by_clixon(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.clixon.names().contains(&name))
}

/// The environment variable of a key; none for tables and maps.
pub fn environment(key: &Key) -> Option<String> {
    match key.kind {
        Kind::Tables(_) | Kind::Features | Kind::Named(_) => None,
        _ => Some(format!(
            "BANYAN_{}",
            key.name.to_uppercase().replace(['.', '-'], "_")
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_options_and_environment_are_unique() {
        let mut seen = HashSet::new();
        for key in KEYS {
            assert!(seen.insert(key.name.to_owned()), "{}", key.name);
            for name in key.clixon.names() {
                assert!(
                    name.starts_with("CLICON_") && seen.insert(name.to_owned()),
                    "{name}"
                );
            }
            if let Some(name) = environment(key) {
                assert!(seen.insert(name.clone()), "{name}");
            }
        }
    }

    #[test]
    fn defaults_and_examples_are_values_of_their_kind() {
        for key in KEYS {
            for default in [Some(key.default), key.clixon_default]
                .into_iter()
                .flatten()
            {
                if !default.is_empty() && !matches!(key.kind, Kind::List(_)) {
                    assert_eq!(key.kind.check(default), Ok(()), "{}", key.name);
                }
            }
            let parsed = toml::from_str::<toml::Table>(key.example);
            assert!(parsed.is_ok(), "{}: {parsed:?}", key.name);
        }
    }
}
