//! Somebody edits the file of running while the daemon is stopped.

use std::fs;
use std::path::PathBuf;

use super::program::{Daemon, text};

const MODEL: &str = r#"module place {
  namespace "urn:place";
  prefix p;
  container place { leaf name { type string; } leaf size { type uint8; } }
}"#;

/// A daemon with these keys of the store.
fn daemon(configuration: &str) -> Daemon {
    // Keys of the store come before the first table.
    let daemon = Daemon::new(&[("place", MODEL)], &["place"], "");
    let file = daemon.path().join("banyan.toml");
    let kept = fs::read_to_string(&file).expect("a configuration");
    fs::write(file, format!("{configuration}\n{kept}")).expect("a configuration");
    daemon
}

fn file(daemon: &Daemon) -> PathBuf {
    daemon.path().join("store/running_db")
}

fn replace(daemon: &Daemon, old: &str, new: &str) {
    let content = fs::read_to_string(file(daemon)).expect("running_db");
    assert!(content.contains(old), "{content}");
    fs::write(file(daemon), content.replace(old, new)).expect("running_db");
}

fn commit(daemon: &Daemon, name: &str) {
    daemon.ok(&["set", "/place:place/name", name]);
    daemon.ok(&["commit"]);
}

#[test]
fn an_edit_at_a_clean_stop_is_a_commit_of_the_next_start() {
    let mut daemon = daemon("");
    daemon.start();
    commit(&daemon, "Rome");
    daemon.stop();
    replace(&daemon, ">Rome<", ">Paris<");
    daemon.start();
    let got = daemon.ok(&["get", "/place:place/name", "--format", "xml"]);
    assert!(got.contains(">Paris<"), "{got}");
    let newest = daemon.ok(&["history", "--limit", "1", "--changes"]);
    assert!(newest.contains("changed by hand"), "{newest}");
    assert!(
        newest.contains("Rome") && newest.contains("Paris"),
        "{newest}"
    );
    // And can be taken back as any other.
    daemon.ok(&["rollback", "1"]);
    daemon.ok(&["commit"]);
    let got = daemon.ok(&["get", "/place:place/name", "--format", "xml"]);
    assert!(got.contains(">Rome<"), "{got}");
}

#[test]
fn an_edit_that_does_not_fit_stops_the_start_and_its_remedy_works() {
    let mut daemon = daemon("");
    daemon.start();
    daemon.ok(&["set", "/place:place/size", "7"]);
    daemon.ok(&["commit"]);
    daemon.stop();
    replace(&daemon, ">7<", ">700<");
    let refused = text(&daemon.start_fails());
    assert!(refused.contains("/place:place/size"), "{refused}");
    assert!(
        refused.contains("correct the file, or move it away: the commit log rebuilds it"),
        "{refused}"
    );
    fs::rename(file(&daemon), daemon.path().join("wrong.xml")).expect("moved away");
    daemon.start();
    let got = daemon.ok(&["get", "/place:place/size", "--format", "xml"]);
    assert!(got.contains(">7<"), "{got}");
}

#[test]
fn an_edit_of_a_file_that_is_behind_is_refused_and_its_remedy_works() {
    let mut daemon = daemon("store.small-file = 0");
    daemon.start();
    commit(&daemon, "Rome");
    daemon.stop();
    daemon.start();
    // Its file cannot be written, where this is in the way.
    let in_the_way = daemon.path().join("store/running_db.new");
    fs::create_dir(&in_the_way).expect("a directory");
    commit(&daemon, "Oslo");
    // No clean stop: the file is that of Rome, and the log has Oslo.
    daemon.kill();
    fs::remove_dir(&in_the_way).expect("an empty directory");
    replace(&daemon, ">Rome<", ">Paris<");
    let refused = text(&daemon.start_fails());
    assert!(refused.contains("was changed by hand"), "{refused}");
    assert!(
        refused.contains("holds 1 commits that are newer"),
        "{refused}"
    );
    let before = fs::read(file(&daemon)).expect("running_db");

    // As the message says, word by word.
    let remedy = "move your file to another name and start: the log rebuilds it; then `banyan store load candidate FILE` \
                  with your file, `banyan diff` to see what it changes, and `banyan commit` if you want that";
    assert!(refused.contains(remedy), "{refused}");
    let mine = daemon.path().join("mine.xml");
    fs::rename(file(&daemon), &mine).expect("moved away");
    assert_eq!(
        fs::read(&mine).expect("my file"),
        before,
        "it was not touched"
    );
    daemon.start();
    let got = daemon.ok(&["get", "/place:place/name", "--format", "xml"]);
    assert!(got.contains(">Oslo<"), "{got}");
    daemon.ok(&["store", "load", "candidate", mine.to_str().expect("a path")]);
    let diff = daemon.ok(&["diff"]);
    assert!(diff.contains("Oslo") && diff.contains("Paris"), "{diff}");
    daemon.ok(&["commit"]);
    let got = daemon.ok(&["get", "/place:place/name", "--format", "xml"]);
    assert!(got.contains(">Paris<"), "{got}");
}
