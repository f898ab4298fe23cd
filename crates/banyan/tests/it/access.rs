//! Access control of a daemon: who starts it first may do everything, who else comes must be let in.

use std::time::Duration;

use banyan_engine::backend::{
    CommitParameters, Datastore, DefaultOperation, Document, EditRequest, TestOption,
};
use banyan_netconf::client::{Client, ClientOptions, CommitReport};
use banyan_netconf::operations;
use banyan_netconf::transport::{HostKeyPolicy, SshAuth, SshTarget, connect_ssh, hash_password};

use super::program::{Daemon, free_port, text};

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

/// What a user says over SSH: an edit of the price of tea with its commit.
fn set_over_ssh(port: u16, user: &str, price: u32) -> Result<CommitReport, String> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let target = SshTarget {
            host: "127.0.0.1".into(),
            port,
            user: user.into(),
            auth: SshAuth::Password("sesame".into()),
            host_key: HostKeyPolicy::AcceptAny,
            timeout: Duration::from_secs(20),
            keepalive: Duration::from_secs(30),
        };
        let transport = connect_ssh(&target)
            .await
            .map_err(|error| error.to_string())?;
        let (client, _) = Client::open(transport, ClientOptions::default())
            .await
            .map_err(|error| error.to_string())?;
        let edit = EditRequest {
            target: Datastore::Candidate,
            edit: Document::xml(format!(
                "<shop xmlns='urn:shop'><item><name>tea</name><price>{price}</price></item></shop>"
            )),
            default_operation: DefaultOperation::Merge,
            test_option: TestOption::Set,
        };
        let done = async {
            client.edit_config(&edit).await?;
            let commit = operations::commit_with_report(&CommitParameters::default());
            client.rpc(commit).await
        };
        let reply = done.await.map_err(|error| error.to_string())?;
        Ok(CommitReport::read(&reply))
    })
}

#[test]
fn over_ssh_the_groups_of_a_user_count_and_for_the_recovery_user_no_rule() {
    let port = free_port();
    let hash = hash_password("sesame").expect("a hash");
    let mut daemon = Daemon::new(
        &[("shop", SHOP)],
        &["shop"],
        &format!(
            "[netconf]\nssh = '127.0.0.1:{port}'\n[access]\nrecovery-user = 'rescue'\n\
             [[user]]\nname = 'alice'\ngroups = ['admin']\npassword-hash = '{hash}'\n\
             [[user]]\nname = 'bob'\ngroups = ['users']\npassword-hash = '{hash}'\n\
             [[user]]\nname = 'rescue'\npassword-hash = '{hash}'\n"
        ),
    );
    daemon.start();
    set_over_ssh(port, "alice", 1).expect("a member of the administrators");
    let said = set_over_ssh(port, "bob", 2).expect_err("he is none");
    assert!(said.contains("bob may not update this"), "{said}");
    set_over_ssh(port, "rescue", 3).expect("the recovery user");
    let said = daemon.ok(&[
        "nacm",
        "explain",
        "alice",
        "update",
        "/shop/item{tea}/price",
    ]);
    assert!(
        said.contains("permitted: alice") && said.contains("groups   admin"),
        "{said}"
    );
    let said = daemon.ok(&[
        "nacm",
        "explain",
        "bob",
        "update",
        "/shop/item{tea}/price",
        "--format",
        "json",
    ]);
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["permitted"], false, "{said}");
    assert_eq!(said["groups"], serde_json::json!(["users"]), "{said}");
    assert!(said.get("rule").is_none(), "{said}");
    let said = daemon.ok(&[
        "nacm",
        "explain",
        "alice",
        "exec",
        "banyan:history-export",
        "--format",
        "json",
    ]);
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["permitted"], true, "{said}");
    assert_eq!(said["rule-list"], "admin", "{said}");
    assert_eq!(said["rule-number"], 1, "{said}");
    // Groups of transports can be told not to count.
    daemon.ok(&["set", "/nacm/enable-external-groups", "false"]);
    daemon.ok(&["commit"]);
    let said = set_over_ssh(port, "alice", 4).expect_err("no administrator any more");
    assert!(said.contains("alice may not update this"), "{said}");
    // Without any rules, the recovery user is the only one who writes.
    daemon.ok(&["delete", "/nacm"]);
    let commit = daemon.run(&["commit"]);
    assert!(commit.status.success());
    let said = text(&commit);
    assert!(
        said.contains("warning: the rules of access control are gone")
            && said.contains("log in as rescue"),
        "{said}"
    );
    assert!(
        daemon
            .log()
            .contains("the rules of access control are gone")
    );
    let said = daemon.refused(&["set", "/shop/item{tea}/price", "5"]);
    assert!(said.contains("log in as rescue"), "{said}");
    set_over_ssh(port, "rescue", 6).expect("no rule counts for him");
}

#[test]
fn over_the_unix_socket_no_rule_counts_for_the_recovery_user() {
    let user = String::from_utf8(
        std::process::Command::new("id")
            .arg("-un")
            .output()
            .expect("id")
            .stdout,
    )
    .expect("a name");
    let user = user.trim();
    let mut daemon = Daemon::new(
        &[("shop", SHOP)],
        &["shop"],
        &format!("[access]\nfirst-admin = 'somebody'\nrecovery-user = '{user}'\n"),
    );
    daemon.start();
    daemon.ok(&["set", "/shop/item{tea}/price", "7"]);
    daemon.ok(&["commit"]);
    let said = daemon.ok(&["nacm", "explain", user, "update", "/shop/item{tea}/price"]);
    assert!(
        said.contains("the recovery user, for whom no rule counts"),
        "{said}"
    );
}

#[test]
fn a_rule_that_fits_nothing_is_told_at_the_commit_and_at_each_start() {
    let mut daemon = shop();
    daemon.ok(&[
        "set",
        "/nacm/rule-list{staff}/rule{tee}/path",
        "/s:shop/s:itm[s:name='tea']",
    ]);
    daemon.ok(&["set", "/nacm/rule-list{staff}/rule{tee}/action", "deny"]);
    let said = text(&daemon.run(&["commit"]));
    let told = "rule tee of rule-list staff fits nothing in the loaded modules: its path /s:shop/s:itm[s:name='tea'] ends \
                at step 2, s:itm: there is no such node in /shop:shop; did you mean item?";
    assert!(said.contains(&format!("warning: {told}")), "{said}");
    assert_eq!(daemon.log().matches(told).count(), 1, "{}", daemon.log());
    daemon.stop();
    daemon.start();
    assert_eq!(daemon.log().matches(told).count(), 2, "{}", daemon.log());
}
