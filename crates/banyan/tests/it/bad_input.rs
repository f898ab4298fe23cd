//! Each mistake gets one clear error that says what to do; the daemon goes on, or does not start.

use std::fs;
use std::net::TcpListener;

use super::program::{Daemon, banyan, text};

const PLAIN: &str = r#"module plain {
  yang-version 1.1;
  namespace "urn:plain";
  prefix p;
  leaf name { type string; }
}"#;

#[test]
fn a_module_with_an_error_stops_the_start_and_shows_the_line() {
    let broken = PLAIN.replace("type string;", "type strng;");
    let daemon = Daemon::new(&[("plain", &broken)], &["plain"], "");
    let output = daemon.start_fails();
    assert!(!output.status.success());
    let said = text(&output);
    assert!(
        said.contains("plain.yang:5:") && said.contains("strng"),
        "{said}"
    );
    assert!(
        said.contains("leaf name"),
        "the source line is shown: {said}"
    );
}

#[test]
fn a_missing_import_is_named_with_the_directories_that_were_searched() {
    let importing = PLAIN.replace("leaf name", "import lost-module { prefix l; }\n  leaf name");
    let daemon = Daemon::new(&[("plain", &importing)], &["plain"], "");
    let said = text(&daemon.start_fails());
    assert!(
        said.contains("lost-module") && said.contains("plain.yang:5:"),
        "{said}"
    );
    assert!(said.contains("yang"), "{said}");
}

#[test]
fn a_must_that_names_nothing_starts_with_a_warning_that_shows_where() {
    let doubtful = PLAIN.replace(
        "type string;",
        "type string; must \"../nam = 'x' or true()\";",
    );
    let mut daemon = Daemon::new(&[("plain", &doubtful)], &["plain"], "");
    daemon.start();
    let said = daemon.log();
    assert!(
        said.contains("plain.yang:5:") && said.contains("nam"),
        "{said}"
    );
}

#[test]
fn a_module_that_is_nowhere_is_named() {
    let daemon = Daemon::new(&[], &["ghost"], "");
    let said = text(&daemon.start_fails());
    assert!(said.contains("ghost"), "{said}");
}

#[test]
fn a_wrong_configuration_key_is_named_with_its_line_and_the_nearest_one() {
    let daemon = Daemon::new(&[], &[], "[netconf]\nshh = '127.0.0.1:2022'");
    let output = daemon.start_fails();
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output);
    assert!(
        said.contains("shh") && said.contains("banyan.toml:6:1") && said.contains("`netconf.ssh`"),
        "{said}"
    );
}

#[test]
fn a_missing_configuration_file_is_named() {
    let said = text(&banyan(&["serve", "--config", "/nowhere/banyan.toml"]));
    assert!(
        said.contains("/nowhere/banyan.toml") && said.contains("--config"),
        "{said}"
    );
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let daemon = Daemon::new(&[], &[], &format!("[netconf]\nssh = '{address}'"));
    let output = daemon.start_fails();
    assert!(!output.status.success());
    let said = text(&output);
    assert!(
        said.contains(&address.to_string()) && said.contains("in use"),
        "{said}"
    );
}

#[test]
fn a_second_daemon_on_the_same_directory_does_not_start() {
    let mut daemon = Daemon::new(&[], &[], "");
    daemon.start();
    let output = daemon.start_fails();
    assert!(!output.status.success());
    let said = text(&output);
    assert!(said.contains("store"), "{said}");
    daemon.ok(&["get"]);
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let daemon = Daemon::new(&[], &[], "");
    // A file in the place of the directory: also root cannot write into that.
    fs::write(daemon.path().join("store"), "not a directory").expect("a file");
    let output = daemon.start_fails();
    assert!(!output.status.success());
    assert!(text(&output).contains("store"), "{}", text(&output));
}

#[test]
fn without_a_daemon_client_commands_say_how_to_start_one() {
    let output = banyan(&["get", "--socket", "/nowhere/banyan.sock"]);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output);
    assert!(
        said.contains("/nowhere/banyan.sock") && said.contains("banyan serve"),
        "{said}"
    );
}

#[test]
fn malformed_and_bottomless_documents_are_refused_and_the_daemon_goes_on() {
    let mut daemon = Daemon::new(&[("plain", PLAIN)], &["plain"], "");
    daemon.start();
    let file = daemon.path().join("edit.xml");
    let file = file.to_str().expect("a path");
    let deep = format!("{}{}", "<x>".repeat(10_000), "</x>".repeat(10_000));
    for wrong in [
        "<name xmlns='urn:plain'>x</nam>",
        "<name",
        deep.as_str(),
        "<!DOCTYPE x><name/>",
    ] {
        fs::write(file, wrong).expect("a file");
        let said = daemon.refused(&["edit", file]);
        assert!(!said.trim().is_empty());
    }
    daemon.ok(&["set", "/plain:name", "still here"]);
    daemon.ok(&["commit"]);
}

#[test]
fn a_store_damaged_by_hand_is_kept_aside_and_rebuilt_from_the_log() {
    let mut daemon = Daemon::new(&[("plain", PLAIN)], &["plain"], "");
    daemon.start();
    daemon.ok(&["set", "/plain:name", "good"]);
    daemon.ok(&["commit"]);
    daemon.stop();
    let file = daemon.path().join("store/running_db");
    let damaged = fs::read_to_string(&file)
        .expect("the file")
        .replace("</name>", "</nam>");
    fs::write(&file, &damaged).expect("the file");
    daemon.start();
    assert!(daemon.ok(&["get"]).contains("good"));
    let said = daemon.log();
    assert!(
        said.contains("running_db") && said.contains("line") && said.contains(".damaged"),
        "{said}"
    );
    let kept = fs::read_to_string(daemon.path().join("store/running_db.damaged"))
        .expect("the file kept aside");
    assert_eq!(kept, damaged);
}

#[test]
fn a_store_that_was_emptied_is_rebuilt_and_not_taken_for_a_wish_to_delete_all() {
    let mut daemon = Daemon::new(&[("plain", PLAIN)], &["plain"], "");
    daemon.start();
    daemon.ok(&["set", "/plain:name", "good"]);
    daemon.ok(&["commit"]);
    daemon.kill();
    fs::write(daemon.path().join("store/running_db"), "").expect("the file");
    daemon.start();
    assert!(daemon.ok(&["get"]).contains("good"));
    assert!(!daemon.ok(&["history"]).contains("by hand"));
}

#[test]
fn a_store_edited_by_hand_while_stopped_becomes_a_commit() {
    let mut daemon = Daemon::new(&[("plain", PLAIN)], &["plain"], "");
    daemon.start();
    daemon.ok(&["set", "/plain:name", "good"]);
    daemon.ok(&["commit"]);
    daemon.stop();
    let file = daemon.path().join("store/running_db");
    let edited = fs::read_to_string(&file)
        .expect("the file")
        .replace("good", "better");
    fs::write(&file, edited).expect("the file");
    daemon.start();
    assert!(daemon.ok(&["get"]).contains("better"));
    assert!(daemon.ok(&["history"]).contains("changed by hand"));
}
