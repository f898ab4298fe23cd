//! `banyan config check` against `banyan serve`: what the one would refuse is an error of the other, and a check leaves no trace.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::config::Place;
use super::program::{Daemon, banyan, text};

const ACME: &str =
    "module acme { yang-version 1.1; namespace 'urn:acme'; prefix a; revision 2024-05-01;
  feature fast; leaf name { type string; } leaf size { type uint8; }
  rpc restart; container live { config false; leaf load { type string; } } }";

/// Everything below a directory: what it is, whose, when it was changed, and what it holds.
fn everything_in(top: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![top.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let metadata = path.symlink_metadata().expect("metadata");
            let content = match metadata.is_file() {
                true => fs::read(&path).expect("a file"),
                false => Vec::new(),
            };
            let (mode, owner) = (metadata.mode(), metadata.uid());
            let (inode, changed) = (metadata.ino(), (metadata.ctime(), metadata.ctime_nsec()));
            let what = format!("{mode:o} {owner} {inode} {changed:?} {content:?}");
            found.insert(path.display().to_string(), what);
            if metadata.is_dir() {
                open.push(path);
            }
        }
    }
    found
}

/// What a check says, as JSON, and its exit status; it has changed nothing.
fn checked(place: &Place) -> (serde_json::Value, Option<i32>) {
    let before = everything_in(&place.path(""));
    let output = place.run(&["config", "check", "--format", "json"]);
    assert_eq!(
        before,
        everything_in(&place.path("")),
        "something was changed"
    );
    let found = serde_json::from_slice(&output.stdout);
    (
        found.unwrap_or_else(|_| panic!("no JSON: {}", text(&output))),
        output.status.code(),
    )
}

/// One thing that a start refuses.
struct Case {
    /// Lines behind those of the store and the models.
    more: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// The key that the error is about, a part of its message, and its place.
    key: &'static str,
    says: &'static str,
    at: (&'static str, u64),
}

const CASES: &[Case] = &[
    Case {
        more: "load = ['acme', 'nowhere']",
        files: &[],
        key: "yang.load",
        says: "nowhere",
        at: ("banyan.toml", 4),
    },
    Case {
        more: "load = ['acme', 'broken']",
        files: &[(
            "yang/broken.yang",
            "module broken { namespace 'urn:b'; prefix b;\n leaf x { type strin; } }",
        )],
        key: "yang.load",
        says: "strin",
        at: ("yang/broken.yang", 2),
    },
    Case {
        more: "main-file = 'none.yang'",
        files: &[],
        key: "yang.main-file",
        says: "none.yang",
        at: ("banyan.toml", 4),
    },
    Case {
        more: "load = ['acme']\n[upgrade]\nrules = ['none.toml']",
        files: &[],
        key: "upgrade.rules",
        says: "none.toml",
        at: ("banyan.toml", 6),
    },
    Case {
        more: "load = ['acme']\n[upgrade]\nrules = ['rules.toml']",
        files: &[(
            "rules.toml",
            "\n[[rule]]\nmodule = 'acme'\nat = '/acme:name'\n",
        )],
        key: "upgrade.rules",
        says: "rename",
        at: ("rules.toml", 2),
    },
    Case {
        more: "load = ['acme']\n[access]\nmode = 'external'\nfile = 'nacm.xml'",
        files: &[],
        key: "access.file",
        says: "nacm.xml",
        at: ("banyan.toml", 7),
    },
    Case {
        more: "load = ['acme']\n[[operation]]\npath = '/acme:reboot'\nexec = ['true']",
        files: &[],
        key: "operation",
        says: "no rpc or action /acme:reboot",
        at: ("banyan.toml", 6),
    },
    Case {
        more: "load = ['acme']\n[[participant]]\nname = 'p'\nexec = ['true']\nphases = ['validate']\npaths = ['/acme:nme']",
        files: &[],
        key: "participant",
        says: "nme",
        at: ("banyan.toml", 9),
    },
    Case {
        more: "load = ['acme']\n[[provider]]\npath = '/acme:lve'\nexec = ['true']",
        files: &[],
        key: "provider",
        says: "/acme:lve",
        at: ("banyan.toml", 6),
    },
    Case {
        more: "load = ['acme']\n[netconf]\nssh = '127.0.0.1:0'\nhost-key = 'key'",
        files: &[("key", "no key")],
        key: "netconf.host-key",
        says: "key",
        at: ("banyan.toml", 7),
    },
    Case {
        more: "load = ['acme']\n[netconf]\nssh = '127.0.0.1:0'\n[[user]]\nname = 'ann'\nkeys = ['ssh-rubbish AAAA']",
        files: &[],
        key: "user",
        says: "ssh-rubbish",
        at: ("banyan.toml", 9),
    },
    Case {
        more: "load = ['acme']\n[netconf]\nsocket = 'file'",
        files: &[("file", "")],
        key: "netconf.socket",
        says: "not a socket",
        at: ("banyan.toml", 6),
    },
    Case {
        more: "load = ['acme']\n[netconf]\nsocket = 'none/banyan.sock'",
        files: &[],
        key: "netconf.socket",
        says: "does its directory exist",
        at: ("banyan.toml", 6),
    },
    Case {
        more: "load = ['acme']\n[process]\npid-file = 'none/pid'",
        files: &[],
        key: "process.pid-file",
        says: "does its directory exist",
        at: ("banyan.toml", 6),
    },
    Case {
        more: "load = ['acme']\n[process]\nuser = 'nobody-of-banyan'\nprivileges = 'drop_perm'",
        files: &[],
        key: "process.user",
        says: "useradd --system nobody-of-banyan",
        at: ("banyan.toml", 6),
    },
    Case {
        more: "load = ['acme']\n[netconf]\nsocket-group = 'no-group-of-banyan'\nsocket = 'b.sock'",
        files: &[],
        key: "netconf.socket-group",
        says: "groupadd --system no-group-of-banyan",
        at: ("banyan.toml", 6),
    },
    Case {
        more: "load = ['acme']\n[log]\ndestination = ['file']\nfile = 'none/log'",
        files: &[],
        key: "log.file",
        says: "cannot log to",
        at: ("banyan.toml", 7),
    },
    Case {
        more: "load = ['acme']",
        files: &[("store", "a file")],
        key: "store.directory",
        says: "store",
        at: ("banyan.toml", 1),
    },
    Case {
        more: "load = ['acme']",
        files: &[(
            "store/running_db",
            "<config>\n <size xmlns=\"urn:acme\">300</size>\n</config>\n",
        )],
        key: "running",
        says: "300",
        at: ("store/running_db", 2),
    },
    Case {
        more: "load = ['acme']",
        files: &[("store/running_db", "<config>\n")],
        key: "running",
        says: "",
        at: ("store/running_db", 2),
    },
];

fn configuration(more: &str) -> String {
    format!("store.directory = 'store'\n[yang]\npath = ['yang']\n{more}\n")
}

#[test]
fn what_a_start_refuses_is_an_error_of_the_check_with_its_place() {
    for case in CASES {
        let place = Place::with(&[("yang/acme.yang", ACME)]);
        place.write("banyan.toml", configuration(case.more).as_bytes());
        for (name, content) in case.files {
            place.write(name, content.as_bytes());
            let private = fs::Permissions::from_mode(0o600);
            fs::set_permissions(place.path(name), private).expect("permissions");
        }
        let (found, status) = checked(&place);
        let what = format!("{}\n{found:#}", case.more);
        assert_eq!(status, Some(1), "{what}");
        let errors = found.as_array().expect("a list").iter();
        let errors: Vec<_> = errors.filter(|it| it["severity"] == "error").collect();
        assert_eq!(errors.len(), 1, "{what}");
        let message = errors[0]["message"].as_str().expect("a message");
        assert_eq!(errors[0]["key"], case.key, "{what}");
        assert!(message.contains(case.says), "{what}");
        let file = errors[0]["file"].as_str().unwrap_or_default();
        assert!(file.ends_with(case.at.0), "{what}");
        assert_eq!(errors[0]["line"], case.at.1, "{what}");

        let started = place.run(&["serve", "-1"]);
        assert!(!started.status.success(), "serve does not refuse: {what}");
    }
}

#[test]
fn everything_is_told_at_once_in_text_too() {
    let place = Place::with(&[("yang/acme.yang", ACME)]);
    let more = "load = ['acme']\n[yang.features]\nacme = ['fst']\nacmee = ['fast']\n[upgrade]\nrules = ['none.toml']\n\
                [netconf]\nsocket = 'none/b.sock'\n[[provider]]\npath = '/acme:live'\nexec = ['./none']";
    place.write("banyan.toml", configuration(more).as_bytes());
    let output = place.run(&["config", "check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    for wanted in [
        "banyan.toml:6:",
        "did you mean `fast`?",
        "banyan.toml:7:",
        "no module of that name is loaded",
        "banyan.toml:9:",
        "none.toml",
        "banyan.toml:11:",
        "banyan.toml:14:",
        "cannot be started: No such file",
        "banyan.toml: 3 errors, 2 warnings",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}

#[test]
fn a_port_that_somebody_else_has_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    for (key, table) in [
        ("netconf.ssh", "netconf]\nssh"),
        ("metrics.listen", "metrics]\nlisten"),
    ] {
        let place = Place::with(&[("yang/acme.yang", ACME)]);
        let more = format!("load = ['acme']\n[{table} = '{address}'");
        place.write("banyan.toml", configuration(&more).as_bytes());
        let (found, status) = checked(&place);
        assert_eq!(status, Some(1), "{found:#}");
        assert_eq!(found[0]["key"], key, "{found:#}");
        assert_eq!(found[0]["line"], 6, "{found:#}");
        assert!(!place.run(&["serve", "-1"]).status.success());
    }
}

#[test]
fn a_good_configuration_is_checked_without_making_anything_and_then_starts() {
    let place = Place::with(&[("yang/acme.yang", ACME)]);
    let more = "load = ['acme']\n[yang.features]\nacme = ['fast']\n[netconf]\nssh = '127.0.0.1:0'\n\
                [[operation]]\npath = '/acme:restart'\nexec = ['true']\n\
                [[participant]]\nname = 'p'\nexec = ['true']\nphases = ['validate']\npaths = ['/acme:name']";
    place.write("banyan.toml", configuration(more).as_bytes());
    assert_eq!(checked(&place), (serde_json::json!([]), Some(0)));
    assert!(!place.path("store").exists());
    let started = place.run(&["serve", "-1"]);
    assert!(started.status.success(), "{}", text(&started));
    // And a store that is there is left as it is.
    assert_eq!(checked(&place), (serde_json::json!([]), Some(0)));
}

#[test]
fn beside_the_daemon_that_runs_with_it_only_what_is_wrong_is_an_error() {
    let mut daemon = Daemon::new(
        &[("acme", ACME)],
        &["acme"],
        "[netconf]\nssh = '127.0.0.1:0'\n",
    );
    daemon.start();
    let file = daemon.path().join("banyan.toml");
    let check = || banyan(&["config", "check", file.to_str().expect("a path")]);
    let before = everything_in(daemon.path());
    let output = check();
    assert_eq!(before, everything_in(daemon.path()));
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("note: a daemon with this configuration runs"),
        "{said}"
    );
    let mut text_of_file = fs::read_to_string(&file).expect("a file");
    text_of_file.push_str("[[operation]]\npath = '/acme:reboot'\nexec = ['true']\n");
    fs::write(&file, text_of_file).expect("a file");
    let said = text(&check());
    assert!(said.contains("no rpc or action /acme:reboot"), "{said}");
}
