//! A daemon that is started as root and becomes another user. These tests are about root, and need it: CI has it; for
//! anybody else they say so and check nothing.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output};

use super::config::Place;
use super::program::text;

const USER: &str = "nobody";

/// A group that every Debian system has, and which `nobody` is no member of.
const GROUP: &str = "games";

fn id_of(database: &str, name: &str) -> u32 {
    let text = fs::read_to_string(database).expect("the file");
    let mut lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let line = lines.find(|fields| fields[0] == name).expect("the name");
    line[2].parse().expect("a number")
}

fn is_root(place: &Place) -> bool {
    let root = fs::metadata(place.path("")).expect("the directory").uid() == 0;
    if !root {
        eprintln!("not started as root: nothing is checked");
    }
    root
}

/// A directory that `nobody` may enter, with a model and a configuration.
fn place(configuration: &str) -> Place {
    let place = Place::with(&[
        (
            "yang/acme.yang",
            "module acme { namespace urn:acme; prefix a; leaf name { type string; } }",
        ),
        ("banyan.toml", configuration),
    ]);
    fs::set_permissions(place.path(""), fs::Permissions::from_mode(0o755)).expect("permissions");
    place
}

fn configuration() -> String {
    format!(
        "store.directory = 'store'\n[yang]\npath = ['yang']\nload = ['acme']\n\
         [netconf]\nsocket = 'run/banyan.sock'\nsocket-group = '{GROUP}'\nssh = '127.0.0.1:0'\n\
         [process]\nuser = '{USER}'\npid-file = 'run/pid'\n[log]\ndestination = ['file']\nfile = 'run/log'\n"
    )
}

fn owners_below(directory: &Path, owners: &mut Vec<(String, u32)>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let metadata = fs::symlink_metadata(&path).expect("metadata");
        owners.push((path.display().to_string(), metadata.uid()));
        if metadata.is_dir() {
            owners_below(&path, owners);
        }
    }
}

/// Runs a client command as another user, in one group.
fn as_other(place: &Place, arguments: &[&str], user: u32, group: u32) -> Output {
    let ids = [format!("--reuid={user}"), format!("--regid={group}")];
    Command::new("setpriv")
        .args(ids)
        .arg("--clear-groups")
        .arg(env!("CARGO_BIN_EXE_banyan"))
        .args(arguments)
        .arg("--socket")
        .arg(place.path("run/banyan.sock"))
        .current_dir(place.path(""))
        .output()
        .expect("setpriv")
}

#[test]
fn with_access_control_whoever_starts_the_daemon_is_the_administrator_and_nobody_else() {
    let place = place(&format!("{}[access]\nmode = 'internal'\n", configuration()));
    if !is_root(&place) {
        return;
    }
    fs::create_dir(place.path("run")).expect("a directory");
    let daemon = place.serve(&[], "run/banyan.sock");
    let other = id_of("/etc/passwd", USER) - 1;
    let group = id_of("/etc/group", GROUP);
    for arguments in [["set", "/acme:name", "by root"].as_slice(), &["commit"]] {
        let output = as_other(&place, arguments, 0, 0);
        assert!(output.status.success(), "{}", text(&output));
    }
    let output = as_other(&place, &["get", "/acme:name"], other, group);
    assert!(text(&output).contains("by root"), "{}", text(&output));
    let output = as_other(&place, &["set", "/acme:name", "by another"], other, group);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    drop(daemon);
}

#[test]
fn a_daemon_becomes_its_user_owns_its_files_and_lets_the_group_in() {
    let place = place(&format!("{}[access]\nmode = 'disabled'\n", configuration()));
    if !is_root(&place) {
        return;
    }
    fs::create_dir(place.path("run")).expect("a directory");
    let daemon = place.serve(&[], "run/banyan.sock");
    let socket = place.path("run/banyan.sock");
    let nobody = id_of("/etc/passwd", USER);
    let group = id_of("/etc/group", GROUP);

    let as_group = |arguments: &[&str], group: u32| as_other(&place, arguments, nobody - 1, group);
    let output = as_group(&["set", "/acme:name", "by a member"], group);
    assert!(output.status.success(), "{}", text(&output));
    let output = as_group(&["commit"], group);
    assert!(output.status.success(), "{}", text(&output));
    // Who is no member stays outside.
    let output = as_group(&["get"], group + 1);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));

    let metadata = fs::metadata(&socket).expect("the socket");
    assert_eq!(
        (metadata.mode() & 0o777, metadata.uid(), metadata.gid()),
        (0o660, nobody, group)
    );
    let mut owners = Vec::new();
    owners_below(&place.path("store"), &mut owners);
    assert!(
        owners
            .iter()
            .any(|(path, _)| path.ends_with("ssh_host_ed25519_key")),
        "{owners:?}"
    );
    assert!(
        owners
            .iter()
            .any(|(path, _)| path.ends_with("commits.redb")),
        "{owners:?}"
    );
    assert!(
        owners.iter().all(|(_, owner)| *owner == nobody),
        "{owners:?}"
    );
    assert_eq!(
        fs::metadata(place.path("store")).expect("the store").mode() & 0o777,
        0o700
    );

    // Real, effective and saved ids: there is no way back.
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("its status");
    let ids: Vec<&str> = status
        .lines()
        .filter(|line| line.starts_with("Uid:"))
        .collect();
    assert_eq!(
        ids,
        [format!("Uid:\t{nobody}\t{nobody}\t{nobody}\t{nobody}")]
    );
    // All threads.
    for task in fs::read_dir(format!("/proc/{}/task", daemon.pid())).expect("its threads") {
        let status =
            fs::read_to_string(task.expect("a thread").path().join("status")).unwrap_or_default();
        assert!(status.is_empty() || status.contains(ids[0]), "{status}");
    }
    drop(daemon);

    // What it has made, it finds again.
    let again = place.serve(&[], "run/banyan.sock");
    let output = as_group(&["get", "/acme:name"], group);
    assert!(text(&output).contains("by a member"), "{}", text(&output));
    drop(again);
}

#[test]
fn a_store_of_another_user_is_refused_with_the_remedy_and_left_alone() {
    let place = place(&configuration());
    if !is_root(&place) {
        return;
    }
    fs::create_dir(place.path("run")).expect("a directory");
    fs::create_dir(place.path("store")).expect("a directory");
    let output = place.run(&["serve"]);
    assert!(!output.status.success());
    let said = text(&output);
    assert!(
        said.contains("cannot be written") && said.contains("chown -R nobody"),
        "{said}"
    );
    // One file that is not his is enough.
    let nobody = id_of("/etc/passwd", USER);
    std::os::unix::fs::chown(place.path("store"), Some(nobody), None).expect("chown");
    place.write("store/commits.redb", b"of root");
    let said = text(&place.run(&["serve"]));
    assert!(said.contains("commits.redb belongs to root"), "{said}");
    assert_eq!(
        fs::read(place.path("store/commits.redb")).expect("the file"),
        b"of root"
    );
}

#[test]
fn without_privileges_to_drop_the_daemon_says_what_to_do() {
    let place = place(&configuration().replace("user = 'nobody'", "user = 'no-such-user'"));
    if !is_root(&place) {
        return;
    }
    fs::create_dir(place.path("run")).expect("a directory");
    let said = text(&place.run(&["serve"]));
    assert!(
        said.contains("no-such-user") && said.contains("useradd"),
        "{said}"
    );
    let said = text(&place.run(&[
        "serve",
        "-U",
        USER,
        "-o",
        "netconf.socket-group=no-such-group",
    ]));
    assert!(
        said.contains("no-such-group") && said.contains("groupadd"),
        "{said}"
    );
}
