//! What a start needs beside the datastores: when it cannot be had, the start fails and has changed nothing.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use super::program::{Daemon, free_port, text};

const MODEL: &str = r#"module place {
  namespace "urn:place";
  prefix p;
  container place { leaf name { type string; } }
}"#;

/// All regular files of the store. The log has no content of its own that can be compared: a start opens it.
fn content(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(content(&path));
        } else if path.is_file()
            && !path.ends_with("commits.redb")
            && !path.ends_with("banyan.lock")
        {
            found.insert(path.clone(), fs::read(&path).expect("a file"));
        }
    }
    found
}

/// A daemon with a pending confirmed commit, and two programs that write down what they hear.
fn pending(configuration: &str) -> Daemon {
    let participant = "[[participant]]\nname = 'p'\nexec = ['./hears.sh']\nphases = ['begin', 'commit', 'commit_done', 'end', 'revert']\n";
    let mut daemon = Daemon::new(
        &[("place", MODEL)],
        &["place"],
        &format!("{participant}{configuration}"),
    );
    let script = daemon.path().join("hears.sh");
    fs::write(
        &script,
        "#!/bin/sh\ncat >/dev/null\necho $BANYAN_PHASE >>\"$(dirname $0)/heard\"\n",
    )
    .expect("a script");
    std::process::Command::new("chmod")
        .args(["+x", script.to_str().expect("a path")])
        .status()
        .expect("chmod");
    daemon.start();
    daemon.ok(&["set", "/place:place/name", "sure"]);
    daemon.ok(&["commit"]);
    daemon.ok(&["set", "/place:place/name", "trial"]);
    daemon.ok(&["commit", "--confirmed", "600", "--persist", "k"]);
    daemon.stop();
    fs::write(daemon.path().join("heard"), "").expect("a file");
    daemon
}

fn configure(daemon: &Daemon, old: &str, new: &str) {
    let file = daemon.path().join("banyan.toml");
    let text = fs::read_to_string(&file).expect("a configuration");
    assert!(text.contains(old), "{text}");
    fs::write(file, text.replace(old, new)).expect("a configuration");
}

#[test]
fn a_start_that_cannot_serve_changes_nothing() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address");
    let free = free_port();
    let sane = format!("[netconf]\nssh = '127.0.0.1:{free}'\n");
    let mut daemon = pending(&sane);
    let before = content(&daemon.path().join("store"));
    let cases = [
        (format!("[netconf]\nssh = '{taken}'\n"), "in use"),
        (
            format!("{sane}[metrics]\nlisten = '{taken}'\n"),
            "metrics.listen",
        ),
        (
            format!("{sane}socket-group = 'no-such-group'\n"),
            "no-such-group",
        ),
        (
            format!("{sane}socket = 'no/such/banyan.sock'\n"),
            "no/such/banyan.sock",
        ),
    ];
    for (configuration, expected) in &cases {
        configure(&daemon, &sane, configuration);
        let said = text(&daemon.start_fails());
        assert!(said.contains(expected), "{expected} in {said}");
        assert_eq!(
            content(&daemon.path().join("store")),
            before,
            "{expected}: {said}"
        );
        configure(&daemon, configuration, &sane);
    }
    let socket = daemon.socket();
    fs::write(&socket, "mine").expect("a file");
    let said = text(&daemon.start_fails());
    assert!(said.contains("is not a socket"), "{said}");
    assert_eq!(fs::read(&socket).expect("the file"), b"mine");
    fs::remove_file(&socket).expect("the file");
    let heard = fs::read_to_string(daemon.path().join("heard")).expect("a file");
    assert_eq!(heard, "", "participants hear of a start that can serve");

    daemon.start();
    // The one that was not confirmed is taken back now, and was not before.
    let history = daemon.ok(&["history"]);
    assert_eq!(
        history.matches("takes back transaction").count(),
        1,
        "{history}"
    );
    let got = daemon.ok(&["get", "/place:place/name", "--format", "xml"]);
    assert!(got.contains(">sure<"), "{got}");
    let heard = fs::read_to_string(daemon.path().join("heard")).expect("a file");
    assert!(
        heard.contains("commit_done") || heard.contains("commit-done"),
        "{heard}"
    );
}
