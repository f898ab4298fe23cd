//! Access control of a daemon: who starts it first may do everything, who else comes must be let in.

use super::program::Daemon;

const SHOP: &str = r#"module shop {
  yang-version 1.1;
  namespace "urn:shop";
  prefix s;
  container shop {
    list item { key "name"; leaf name { type string; } leaf price { type uint32; } }
  }
}"#;

fn shop() -> Daemon {
    let mut daemon = Daemon::new(&[("shop", SHOP)], &["shop"], "");
    daemon.start();
    daemon
}

#[test]
fn who_starts_the_daemon_first_is_its_administrator() {
    let mut daemon = shop();
    daemon.ok(&["set", "/shop/item{tea}/price", "7"]);
    daemon.ok(&["commit"]);
    let history = daemon.ok(&["history"]);
    assert!(history.contains("is an administrator"), "{history}");
    let rules = daemon.ok(&["nacm", "show"]);
    assert!(
        rules.contains("permit-all") && rules.contains("denied-operations 0"),
        "{rules}"
    );
    daemon.stop();
    daemon.start();
    assert_eq!(
        daemon
            .ok(&["history"])
            .matches("is an administrator")
            .count(),
        1
    );
    daemon.ok(&["set", "/shop/item{tea}/price", "8"]);
    daemon.ok(&["commit"]);
}

#[test]
fn what_decides_is_explained_on_the_command_line() {
    let daemon = shop();
    let said = daemon.ok(&["nacm", "explain", "bob", "update", "/shop/item{tea}/price"]);
    for part in [
        "denied: bob update /shop/item{tea}/price",
        "because  no rule fits, and write-default denies it",
        "groups   none",
        "to permit bob is in no group",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = daemon.ok(&[
        "nacm",
        "explain",
        "bob",
        "update",
        "/shop/item{tea}/price",
        "--group",
        "admin",
    ]);
    assert!(
        said.contains("permitted")
            && said.contains("rule permit-all (number 1 of rule-list admin) permits it"),
        "{said}"
    );
    let said = daemon.refused(&["nacm", "explain", "bob", "read", "/shop/nothing"]);
    assert!(said.contains("nothing"), "{said}");
}

#[test]
fn a_front_end_acts_for_its_users_with_their_rights() {
    let mut daemon = Daemon::new(
        &[("shop", SHOP)],
        &["shop"],
        "[access]\ncredentials = 'none'",
    );
    daemon.start();
    let said = daemon.refused(&["set", "/shop/item{tea}/price", "7", "--as", "bob"]);
    assert!(said.contains("bob may not create this"), "{said}");
    daemon.ok(&["set", "/nacm/write-default", "permit"]);
    daemon.ok(&["commit"]);
    daemon.ok(&["set", "/shop/item{tea}/price", "7", "--as", "bob"]);
    daemon.ok(&["commit", "--as", "bob"]);
    let newest = daemon.ok(&["history", "list", "--limit", "1"]);
    assert!(newest.contains(" bob ("), "{newest}");
}

#[test]
fn who_may_act_for_nobody_is_refused_whatever_he_asks() {
    let mut daemon = Daemon::new(
        &[("shop", SHOP)],
        &["shop"],
        "[access]\ncredentials = 'exact'",
    );
    daemon.start();
    for command in [
        &["get", "--as", "bob"][..],
        &["set", "/shop/item{tea}/price", "7", "--as", "bob"],
        &["commit", "--as", "bob"],
        &["discard", "--as", "bob"],
        &["history", "--as", "bob"],
        &["show", "sessions", "--as", "bob"],
        &["store", "list", "--as", "bob"],
        &["kill-session", "99", "--as", "bob"],
    ] {
        let said = daemon.refused(command);
        assert!(said.contains("may not act for bob"), "{command:?}: {said}");
    }
}
