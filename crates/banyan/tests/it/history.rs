//! The past and the programs that take part in commits, as a person sees them.

use std::path::Path;

use super::program::{Daemon, banyan, text};

const SHOP: &str = r#"module shop {
  yang-version 1.1;
  namespace "urn:shop";
  prefix s;
  container shop {
    list item {
      key "name";
      leaf name { type string; }
      leaf price { type uint32; }
    }
    leaf motto { type string; }
  }
}"#;

const TEA: &str = "/shop:shop/item[name='tea']/price";
const MILK: &str = "/shop:shop/item[name='milk']/price";

/// No first administrator, so that the first commit is ours.
const OPEN: &str = "[access]\nmode = 'disabled'\n";

fn shop() -> Daemon {
    let mut daemon = Daemon::new(&[("shop", SHOP)], &["shop"], OPEN);
    daemon.start();
    daemon
}

fn commit(daemon: &Daemon, path: &str, value: &str, comment: &str) {
    daemon.ok(&["set", path, value]);
    daemon.ok(&["commit", "--comment", comment, "--label", value]);
}

/// The transaction of the commit with this comment.
fn tid(daemon: &Daemon, comment: &str) -> String {
    let list = daemon.ok(&["history"]);
    let line = list.lines().find(|line| line.contains(comment));
    let words: Vec<&str> = line.expect("a commit").split_whitespace().collect();
    words[2].to_owned()
}

#[test]
fn the_history_is_listed_shown_compared_and_searched() {
    let daemon = shop();
    commit(&daemon, TEA, "1", "first tea");
    commit(&daemon, MILK, "2", "first milk");
    commit(&daemon, TEA, "3", "dearer tea");

    let of_tea = daemon.ok(&["history", "list", "--path", "/shop:shop/item[name='tea']"]);
    assert!(of_tea.contains("first tea") && of_tea.contains("dearer tea"));
    assert!(!of_tea.contains("milk"), "{of_tea}");
    let labelled = daemon.ok(&["history", "--label", "2", "--since", "1h"]);
    assert!(labelled.contains("first milk") && !labelled.contains("tea"));
    assert_eq!(daemon.ok(&["history", "--user", "nobody-here"]), "");

    let shown = daemon.ok(&["history", "show", "3"]);
    for part in ["dearer tea", "-", "price 1", "+", "price 3"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let by_tid = format!("tid:{}", tid(&daemon, "dearer tea"));
    let set = daemon.ok(&["history", "show", &by_tid, "--format", "set"]);
    assert_eq!(set, format!("set {TEA} 3\n"));
    let undone = daemon.ok(&["history", "show", &by_tid, "--format", "set", "--reverse"]);
    assert_eq!(undone, format!("set {TEA} 1\n"));
    let said = daemon.refused(&["history", "show", "99"]);
    assert!(said.contains("no commit 99"), "{said}");

    let diff = daemon.ok(&["history", "diff", "1", "2", "--format", "set"]);
    assert_eq!(diff, format!("set {MILK} 2\n"));
    let back = daemon.ok(&["history", "diff", "2", "1", "--format", "set"]);
    assert_eq!(back, "delete /shop:shop/item[name='milk']\n");
    let json = daemon.ok(&["history", "diff", "0", "--format", "json"]);
    assert!(json.contains("ietf-yang-patch:yang-patch"), "{json}");

    let blame = daemon.ok(&["history", "blame", TEA]);
    assert!(
        blame.contains("dearer tea") && blame.contains("price 3"),
        "{blame}"
    );
    let all = daemon.ok(&["history", "blame", "/shop:shop/item/price"]);
    assert!(all.contains("dearer tea"), "{all}");
    let said = daemon.refused(&["history", "blame", "/shop:shop/motto"]);
    assert!(
        said.contains("never set") && said.contains("/shop:shop/motto"),
        "{said}"
    );
}

#[test]
fn going_back_in_whole_and_in_part() {
    let daemon = shop();
    commit(&daemon, TEA, "1", "first tea");
    commit(&daemon, MILK, "2", "first milk");
    commit(&daemon, TEA, "3", "dearer tea");
    let milk = tid(&daemon, "first milk");
    daemon.ok(&["rollback", "--only", &milk, "--commit"]);
    let running = daemon.ok(&["get", "/shop:shop"]);
    assert!(!running.contains("milk") && running.contains('3'));
    let list = daemon.ok(&["history", "--limit", "1"]);
    assert!(
        list.contains(&format!("\"rollback --only {milk}\"")),
        "{list}"
    );

    // What a later commit changed too is a conflict: both values, and who it was.
    let said = daemon.refused(&["rollback", "--only", &tid(&daemon, "first tea")]);
    assert!(said.contains("commit 3") && said.contains('3'), "{said}");

    daemon.ok(&["rollback", "--to", "seq:2", "--subtree", MILK]);
    let diff = daemon.ok(&["diff", "--format", "set"]);
    assert_eq!(diff, format!("set {MILK} 2\n"));
    daemon.ok(&["discard"]);

    let comment = "as on the first day";
    let first = tid(&daemon, "first tea");
    daemon.ok(&["rollback", "--to", &first, "--commit", "--comment", comment]);
    assert!(daemon.ok(&["get", TEA]).contains('1'));
    assert!(daemon.ok(&["history"]).contains(comment));
}

#[test]
fn a_dry_run_says_what_would_change() {
    let daemon = shop();
    daemon.ok(&["set", TEA, "1"]);
    let said = daemon.ok(&["commit", "--dry-run"]);
    assert!(said.contains("+") && said.contains("tea"), "{said}");
    let set = daemon.ok(&["commit", "--dry-run", "--format", "set"]);
    assert_eq!(set, format!("set {TEA} 1\n"));
    assert!(!daemon.ok(&["get"]).contains("tea"));
    assert_eq!(daemon.ok(&["history", "--label", "1"]), "");
    daemon.ok(&["commit"]);
    assert_eq!(daemon.ok(&["commit", "--dry-run"]), "");
}

#[test]
fn a_confirmed_commit_is_cancelled_by_its_name() {
    let daemon = shop();
    daemon.ok(&["set", TEA, "1"]);
    daemon.ok(&["commit", "--confirmed", "600", "--persist", "trial"]);
    assert!(daemon.ok(&["get"]).contains("tea"));
    daemon.refused(&["commit", "--cancel", "--persist-id", "other"]);
    daemon.ok(&["commit", "--cancel", "--persist-id", "trial"]);
    assert!(!daemon.ok(&["get"]).contains("tea"));
    daemon.refused(&["commit", "--cancel"]);
}

#[test]
fn a_history_is_exported_and_imported_into_an_empty_store() {
    let model = [("shop", SHOP)];
    let mut daemon = Daemon::new(&model, &["shop"], OPEN);
    daemon.start();
    commit(&daemon, TEA, "1", "first tea");
    commit(&daemon, TEA, "2", "dearer tea");
    let file = daemon.path().join("history.jsonl");
    let file = file.to_str().expect("a path");
    daemon.ok(&["history", "export", file]);
    let text = std::fs::read_to_string(file).expect("the export");
    assert_eq!(text.lines().count(), 2);

    let mut other = Daemon::new(&model, &["shop"], OPEN);
    other.start();
    other.ok(&["history", "import", file]);
    assert!(other.ok(&["get", TEA]).contains('2'));
    assert!(other.ok(&["history"]).contains("dearer tea"));
    let said = other.refused(&["history", "import", file]);
    assert!(said.contains("--from 3"), "{said}");
}

#[test]
fn the_history_keeps_as_much_as_it_is_told_to_and_the_example_of_a_participant_refuses() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/participant");
    let read = |file: &str| std::fs::read_to_string(example.join(file)).expect("the example");
    let participant = read("banyan.toml");
    let participant = &participant[participant.find("[[participant]]").expect("a table")..];
    let configuration = format!("[history]\nkeep-commits = 100\n{participant}");
    let model = read("yang/quota.yang");
    let mut daemon = Daemon::new(&[("quota", &model)], &["quota"], &configuration);
    std::fs::copy(
        example.join("check-quota"),
        daemon.path().join("check-quota"),
    )
    .expect("the script");
    daemon.start();
    let used = "/quota:tenants/tenant[name='acme']/used";
    daemon.ok(&["set", "/quota:tenants/tenant[name='acme']/quota", "5"]);
    daemon.ok(&["set", used, "4"]);
    daemon.ok(&["commit"]);
    daemon.ok(&["set", used, "6"]);
    for command in [&["commit"][..], &["commit", "--dry-run"]] {
        let said = daemon.refused(command);
        assert!(
            said.contains("uses 6 of 5") && said.contains("acme"),
            "{said}"
        );
    }
    daemon.ok(&["discard"]);
    // Not its business.
    daemon.ok(&["set", "/quota:motd", "hello"]);
    daemon.ok(&["commit"]);
}

#[test]
fn a_daemon_as_it_starts_takes_a_history_and_trims_it_when_it_is_told() {
    let mut daemon = Daemon::new(&[("shop", SHOP)], &["shop"], "");
    daemon.start();
    commit(&daemon, TEA, "1", "first tea");
    commit(&daemon, TEA, "2", "dearer tea");
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("history.jsonl");
    let file = file.to_str().expect("a name");
    daemon.ok(&["history", "export", file]);

    let keep = "[history]\nkeep-commits = 2\n";
    let mut other = Daemon::new(&[("shop", SHOP)], &["shop"], keep);
    other.start();
    // Access control has made a commit of its own.
    assert!(other.ok(&["history"]).contains("administrator"));
    other.ok(&["history", "import", file]);
    assert_eq!(other.ok(&["history"]), daemon.ok(&["history"]));
    assert_eq!(other.ok(&["get"]), daemon.ok(&["get"]));
    commit(&other, TEA, "3", "dearest tea");
    let said = other.ok(&["history", "trim", "--dry-run"]);
    assert_eq!(
        said,
        "commits 1 to 2 would go; the history would begin with commit 3\n"
    );
    let said = other.ok(&["history", "trim"]);
    assert_eq!(
        said,
        "commits 1 to 2 gone; the history begins with commit 3 now\n"
    );
    let said = other.ok(&["history", "trim"]);
    assert!(said.contains("nothing goes"), "{said}");
    let said = daemon.ok(&["history", "trim"]);
    assert!(said.contains("no limit"), "{said}");
    other.kill();
    other.start();
    assert!(other.ok(&["get", TEA]).contains('3'));
}

#[test]
fn a_trimmed_log_is_made_small_while_no_daemon_runs_and_has_all_that_is_kept() {
    let more = "[history]\nkeep-commits = 3\n";
    let mut daemon = Daemon::new(&[("shop", SHOP)], &["shop"], more);
    let file = daemon.path().join("banyan.toml");
    let compact = |more: &[&str]| {
        let named = ["store", "compact", "-f", file.to_str().unwrap()];
        banyan(&[&named, more].concat())
    };
    let log = daemon.path().join("store/commits.redb");
    let said = text(&compact(&[]));
    assert!(said.contains("there is no commit log"), "{said}");
    assert!(!log.exists());
    daemon.start();
    for number in 0..60 {
        let long = number.to_string().repeat(10_000);
        daemon.ok(&["set", "/shop:shop/motto", &long]);
        daemon.ok(&["commit", "--quiet"]);
    }
    daemon.ok(&["history", "trim"]);
    let history = daemon.ok(&["history", "--format", "json"]);
    let said = text(&compact(&[]));
    assert!(said.contains("in use by another banyan"), "{said}");
    daemon.stop();
    let before = std::fs::metadata(&log).unwrap().len();
    let output = compact(&["--format", "json"]);
    assert!(output.status.success(), "{}", text(&output));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let after = std::fs::metadata(&log).unwrap().len();
    assert_eq!(
        (&said["before"], &said["after"]),
        (&before.into(), &after.into())
    );
    assert!(after < before / 2, "{before} bytes became {after}");
    daemon.start();
    assert_eq!(daemon.ok(&["history", "--format", "json"]), history);
    daemon.ok(&["rollback", "1", "--commit"]);
}
