//! How clients reach the daemon, and as whom it runs.

use super::super::key::{Applies, Clixon, Key, Kind};
use super::FIRST;

pub(super) const KEYS: &[Key] = &[
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
        name: "process.stop-timeout",
        clixon: Clixon::Without,
        kind: Kind::Integer { min: 0, max: 3600 },
        default: "30",
        clixon_default: None,
        meaning: "Seconds that commits in progress may still take when the daemon is told to stop; then those that are not past \
                  their point of no return are taken back. A second signal takes them back at once, a third ends the daemon \
                  there and then. TimeoutStopSec of systemd must be longer: this, and what the slowest participant needs to undo its part.",
        example: "stop-timeout = 60",
        since: FIRST,
        applies: Applies::Restart,
    },
];
