//! Users, and programs that take part in operations, commits, upgrades and reads: tables of tables.

use super::super::key::{Applies, Clixon, Key, Kind};
use super::super::participant::PARTICIPANT;
use super::FIRST;
use super::in_table;

pub(super) const KEYS: &[Key] = &[
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

const MIGRATION: &[Key] = &[
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

const USER: &[Key] = &[
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
    in_table(
        "groups",
        Kind::List(&Kind::Text),
        "",
        "The user's groups for access control, beside those that the rules put him into (docs/access.md). They count in his \
         sessions over SSH, unless /nacm/enable-external-groups is false.",
        "groups = [\"operators\"]",
    ),
];

const OPERATION: &[Key] = &[
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

const PROVIDER: &[Key] = &[
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
