//! What the daemon says of itself.

use super::super::key::{Applies, Clixon, Key, Kind};
use super::FIRST;

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "subscription.max",
        clixon: Clixon::Without,
        kind: Kind::Integer {
            min: 1,
            max: 1_000_000,
        },
        default: "100",
        clixon_default: None,
        meaning: "How many subscriptions (establish-subscription) a session may have at once.",
        example: "max = 1000",
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
];
