//! Commits at their edges with the real daemon: SIGTERM while a program is at work, what a start says to participants,
//! and what a user sees of a pending confirmed commit.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::program::{Daemon, text};

const SHOP: &str = r#"module shop {
  yang-version 1.1;
  namespace "urn:shop";
  prefix s;
  container shop { leaf name { type string; } }
}"#;

/// A daemon with a program that notes its phases in `calls`, and does `and` in each.
fn with_participant(notes: &Path, and: &str) -> Daemon {
    let calls = notes.join("calls");
    let script = format!(
        "{and}\necho $BANYAN_START$BANYAN_PHASE >>{}",
        calls.display()
    );
    let configuration = format!(
        "[process]\nstop-timeout = 1\n[[participant]]\nname = 'noting'\nexec = ['/bin/sh', '-c', '''{script}''']\n\
         phases = ['validate', 'commit', 'revert', 'abort', 'end']\npaths = ['/shop:shop']\n"
    );
    Daemon::new(&[("shop", SHOP)], &["shop"], &configuration)
}

fn calls(notes: &Path) -> String {
    let text = fs::read_to_string(notes.join("calls")).unwrap_or_default();
    fs::remove_file(notes.join("calls")).ok();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn sigterm_takes_back_a_commit_that_does_not_end_and_the_next_start_says_what_running_is() {
    let notes = tempfile::tempdir().unwrap();
    let (slow, at) = (notes.path().join("slow"), notes.path().join("at"));
    let sleeps = format!(
        "if [ $BANYAN_PHASE = commit -a -e {} ]; then touch {}; sleep 600; fi",
        slow.display(),
        at.display()
    );
    let mut daemon = with_participant(notes.path(), &sleeps);
    daemon.start();
    daemon.ok(&["set", "/shop/name", "tea"]);
    daemon.ok(&["commit"]);
    assert_eq!(calls(notes.path()), "validate commit end");
    fs::write(&slow, "").unwrap();
    daemon.ok(&["set", "/shop/name", "coffee"]);
    let commit = Command::new(env!("CARGO_BIN_EXE_banyan"))
        .args(["commit", "--socket"])
        .arg(daemon.socket())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !at.exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    daemon.stop();
    let said = text(&commit.wait_with_output().unwrap());
    assert!(said.contains("the server stops"), "{said}");
    assert_eq!(calls(notes.path()), "validate revert abort");
    assert!(
        daemon.log().contains("commits in progress: 1"),
        "{}",
        daemon.log()
    );
    fs::remove_file(&slow).unwrap();
    daemon.start();
    assert_eq!(calls(notes.path()), "1validate 1commit 1end");
    assert!(daemon.ok(&["get", "/shop"]).contains("tea"));
    // Nobody is told who did not ask: a rehearsal runs no participant.
    daemon.stop();
    let configuration = daemon.path().join("banyan.toml");
    let rehearsal = super::program::banyan(&["serve", "-q", "-f", configuration.to_str().unwrap()]);
    assert!(rehearsal.status.success(), "{}", text(&rehearsal));
    assert_eq!(calls(notes.path()), "");
}

#[test]
fn a_start_that_a_program_refuses_says_who_and_why() {
    let notes = tempfile::tempdir().unwrap();
    let no = notes.path().join("no");
    let refuses = format!(
        "if [ $BANYAN_PHASE = validate -a -e {} ]; then echo no tea today >&2; exit 1; fi",
        no.display()
    );
    let mut daemon = with_participant(notes.path(), &refuses);
    daemon.start();
    daemon.ok(&["set", "/shop/name", "tea"]);
    daemon.ok(&["commit"]);
    daemon.kill();
    fs::write(&no, "").unwrap();
    let said = text(&daemon.start_fails());
    assert!(
        said.contains(
            "noting refused in validate what running would be at this start: no tea today"
        ),
        "{said}"
    );
    fs::remove_file(&no).unwrap();
    daemon.start();
    // The same in `validate`, and in a rollback: then the candidate has what it had.
    daemon.ok(&["set", "/shop/name", "coffee"]);
    fs::write(&no, "").unwrap();
    for rollback in [
        &["rollback", "1", "--commit"][..],
        &["rollback", "1", "--subtree", "/shop", "--commit"],
        &["rollback", "--to", "seq:0", "--commit"],
    ] {
        let said = daemon.refused(rollback);
        assert!(
            said.contains("no tea today") && said.contains("the candidate is as it was before"),
            "{said}"
        );
        assert!(daemon.ok(&["diff"]).contains("coffee"));
    }
    fs::remove_file(&no).unwrap();
    // Not refused, it is one commit, with its comment.
    let said = daemon.ok(&["rollback", "1", "--commit", "--label", "back"]);
    assert!(said.contains("committed as 3"), "{said}");
    let history = daemon.ok(&["history", "--limit", "1"]);
    assert!(
        history.contains("rollback 1") && history.contains("back"),
        "{history}"
    );
    daemon.ok(&["rollback", "1", "--commit", "--quiet"]);
    let nothing = notes.path().join("nothing");
    fs::write(&nothing, "").unwrap();
    let said = daemon.refused(&["store", "load", "running", nothing.to_str().unwrap()]);
    assert!(
        said.contains("is empty") && said.contains("<config/>"),
        "{said}"
    );
    assert!(daemon.ok(&["get", "/shop"]).contains("tea"));
}

#[test]
fn a_pending_confirmed_commit_is_shown_until_it_is_cancelled() {
    let mut daemon = Daemon::new(&[("shop", SHOP)], &["shop"], "");
    daemon.start();
    assert_eq!(daemon.ok(&["show", "confirmed"]).lines().count(), 1);
    daemon.ok(&["set", "/shop/name", "tea"]);
    daemon.ok(&["commit", "--confirmed", "300", "--persist", "q"]);
    let shown = daemon.ok(&["show", "confirmed"]);
    let row = shown.lines().nth(1).unwrap_or_default();
    assert!(row.contains(" q ") && row.ends_with(" s"), "{shown}");
    daemon.ok(&["set", "/shop/name", "coffee"]);
    let said = daemon.refused(&["commit"]);
    assert!(
        said.contains("banyan commit --cancel --persist-id ID"),
        "{said}"
    );
    daemon.ok(&["commit", "--cancel", "--persist-id", "q"]);
    assert_eq!(daemon.ok(&["show", "confirmed"]).lines().count(), 1);
}
