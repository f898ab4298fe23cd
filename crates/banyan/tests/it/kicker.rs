//! Kickers, by the scenarios of the manual: a keyed or open monitor, trigger expressions and their edges.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::program::{Daemon, text};

const EXAMPLE: &str = r#"module kicker-example {
  yang-version 1.1;
  namespace "urn:kicker-example";
  prefix ke;
  import banyan-kicker { prefix kick; }
  container sys {
    list ifc {
      key "name";
      leaf name { type string; }
      leaf description { type string; }
      container hw {
        leaf speed { type uint32; }
        leaf mtu { type uint32; must ". < 10000"; }
      }
      action local-me { input { uses kick:action-input-params; } }
    }
    action kick-me { input { uses kick:action-input-params; } }
    action plain { }
  }
  container services {
    container properties {
      list profile { key "name"; leaf name { type string; } leaf lb { type string; } }
    }
    container actions { action diffcheck { input { uses kick:action-input-params; } } }
  }
  leaf elsewhere { type string; }
  list port { config false; key "name"; leaf name { type string; } leaf status { type string; } }
}"#;

struct Kicked {
    daemon: Daemon,
}

impl Kicked {
    fn start() -> Kicked {
        let operations: String = [
            "/kicker-example:services/actions/diffcheck",
            "/kicker-example:sys/kick-me",
            "/kicker-example:sys/plain",
            "/kicker-example:sys/ifc/local-me",
        ]
        .iter()
        .map(|path| format!("[[operation]]\npath = '{path}'\nexec = ['./log.sh', '{path}']\n"))
        .collect();
        let daemon = Daemon::new(
            &[("kicker-example", EXAMPLE)],
            &["kicker-example"],
            &operations,
        );
        let script = daemon.path().join("log.sh");
        let log = daemon.path().join("kicks.log");
        fs::write(
            &script,
            format!(
                "#!/bin/sh\n{{ echo \"$1 $(cat | tr -d '\\n')\"; }} >> '{}'\n",
                log.display()
            ),
        )
        .expect("a script");
        let mut permissions = fs::metadata(&script).expect("a script").permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        fs::set_permissions(&script, permissions).expect("a script");
        let mut kicked = Kicked { daemon };
        kicked.daemon.start();
        kicked
    }

    fn kicker(&self, id: &str, leaves: &[(&str, &str)]) {
        for (leaf, value) in leaves {
            self.daemon.ok(&[
                "set",
                &format!("/kickers/data-kicker{{{id}}}/{leaf}"),
                value,
            ]);
        }
        self.daemon.ok(&["commit"]);
    }

    fn set(&self, path: &str, value: &str) {
        self.daemon.ok(&["set", path, value]);
    }

    /// Commits and gives the evaluation lines.
    fn commit(&self) -> String {
        let output = self.daemon.run(&["commit", "--debug", "kicker"]);
        assert!(output.status.success(), "{}", text(&output));
        text(&output)
            .lines()
            .filter(|line| line.contains("kicker:"))
            .map(|line| format!("{line}\n"))
            .collect()
    }

    /// Waits until so many kicks are in the log of the actions.
    fn kicks(&self, count: usize) -> String {
        let path = self.daemon.path().join("kicks.log");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        loop {
            let log = fs::read_to_string(&path).unwrap_or_default();
            if log.lines().count() >= count || std::time::Instant::now() > deadline {
                assert_eq!(log.lines().count(), count, "{log}\n{}", self.daemon.log());
                return log;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

#[test]
fn scenario_k1_a_new_profile_calls_diffcheck() {
    let kicked = Kicked::start();
    kicked.kicker(
        "a1",
        &[
            ("monitor", "/services/properties/profile"),
            ("kick-node", "/services/actions"),
            ("action-name", "diffcheck"),
        ],
    );
    kicked.set("/services/properties/profile{lean}/lb", "lb0");
    let lines = kicked.commit();
    assert!(
        lines.contains("kicker: a1 at ")
            && lines.contains("[kicker-example:name='lean'] changed; invoking"),
        "{lines}"
    );
    let log = kicked.kicks(1);
    assert!(
        log.contains("diffcheck")
            && log.contains("\"a1\"")
            && log.contains("lean")
            && log.contains("tid"),
        "{log}"
    );

    // A change elsewhere, an aborted commit and a deleted kicker do not kick.
    kicked.set("/elsewhere", "x");
    assert_eq!(kicked.commit(), "");
    kicked.set("/services/properties/profile{fat}/lb", "lb1");
    kicked.set("/sys/ifc{port-0}/hw/mtu", "20000");
    kicked.daemon.refused(&["commit"]);
    kicked.daemon.ok(&["discard"]);
    kicked.daemon.ok(&["delete", "/kickers/data-kicker{a1}"]);
    assert_eq!(kicked.commit(), "");
    kicked.set("/services/properties/profile{thin}/lb", "lb2");
    assert_eq!(kicked.commit(), "");
    kicked.kicks(1);
}

#[test]
fn a_kicker_is_in_force_after_the_commit_that_creates_it() {
    let kicked = Kicked::start();
    kicked.set("/services/properties/profile{lean}/lb", "lb0");
    kicked.kicker(
        "a1",
        &[
            ("monitor", "/services/properties/profile"),
            ("kick-node", "/services/actions"),
            ("action-name", "diffcheck"),
        ],
    );
    kicked.kicks(0);
}

#[test]
fn scenario_k2_a_trigger_expression_kicks_on_its_edges() {
    let kicked = Kicked::start();
    kicked.set("/sys/ifc{port-0}/hw/mtu", "700");
    kicked.kicker(
        "k1",
        &[
            ("monitor", "/sys/ifc"),
            ("trigger-expr", "hw/mtu > 800"),
            ("trigger-type", "enter"),
            ("kick-node", "/sys"),
            ("action-name", "kick-me"),
        ],
    );
    kicked.kicker(
        "k2",
        &[
            ("monitor", "/sys/ifc"),
            ("trigger-expr", "hw/mtu > 800"),
            ("kick-node", "/sys"),
            ("action-name", "plain"),
        ],
    );
    let mtu = "/sys/ifc{port-0}/hw/mtu";
    let line = |lines: &str, id: &str| {
        lines
            .lines()
            .find(|line| line.contains(&format!("kicker: {id} ")))
            .unwrap_or_default()
            .to_owned()
    };

    kicked.set(mtu, "800");
    let lines = kicked.commit();
    assert!(
        line(&lines, "k1").ends_with("changed; not invoking 'kick-me' trigger-expr false -> false"),
        "{lines}"
    );

    kicked.set(mtu, "801");
    let lines = kicked.commit();
    assert!(
        line(&lines, "k1").ends_with("changed; invoking 'kick-me' trigger-expr false -> true"),
        "{lines}"
    );
    kicked.kicks(2);

    kicked.set(mtu, "8000");
    let lines = kicked.commit();
    assert!(
        line(&lines, "k1").ends_with("changed; not invoking 'kick-me' trigger-expr true -> true"),
        "{lines}"
    );

    kicked.set("/sys/ifc{port-0}/hw/speed", "10");
    assert_eq!(
        kicked.commit(),
        "",
        "a change that the expression does not read is not evaluated"
    );

    kicked.set(mtu, "700");
    let lines = kicked.commit();
    assert!(
        line(&lines, "k1").contains("not invoking 'kick-me' trigger-expr true -> false"),
        "{lines}"
    );
    assert!(
        line(&lines, "k2").contains("invoking 'plain' trigger-expr true -> false"),
        "{lines}"
    );
    assert!(!line(&lines, "k2").contains("not invoking"), "{lines}");
    kicked.kicks(3);

    kicked.set("/sys/ifc{port-1}/hw/mtu", "900");
    kicked.commit();
    kicked.kicks(5);
    kicked.daemon.ok(&["delete", "/sys/ifc{port-1}"]);
    let lines = kicked.commit();
    assert!(
        line(&lines, "k2").contains("trigger-expr true -> false"),
        "{lines}"
    );
    let log = kicked.kicks(6);
    let plain: Vec<&str> = log.lines().filter(|line| line.contains("plain")).collect();
    assert!(
        plain.iter().all(|line| !line.contains("kicker-id")),
        "an action without these inputs gets none: {log}"
    );
}

#[test]
fn an_open_monitor_kicks_each_changed_entry_and_a_keyed_one_its_own() {
    let kicked = Kicked::start();
    kicked.set("/sys/ifc{port-0}/description", "a");
    kicked.set("/sys/ifc{port-1}/description", "a");
    kicked.kicker(
        "e1",
        &[
            ("monitor", "/sys/ifc[name='port-0']"),
            ("kick-node", "/sys"),
            ("action-name", "kick-me"),
        ],
    );
    kicked.kicker(
        "e2",
        &[
            ("monitor", "/sys/ifc"),
            ("kick-node", "."),
            ("action-name", "local-me"),
        ],
    );
    kicked.set("/sys/ifc{port-0}/description", "b");
    kicked.set("/sys/ifc{port-1}/description", "b");
    let lines = kicked.commit();
    assert_eq!(lines.matches("kicker: e1 ").count(), 1, "{lines}");
    assert_eq!(lines.matches("kicker: e2 ").count(), 2, "{lines}");
    let log = kicked.kicks(3);
    assert_eq!(log.matches("local-me").count(), 2, "{log}");
}

#[test]
fn variables_stand_in_monitors_and_expressions() {
    let kicked = Kicked::start();
    kicked.kicker(
        "v1",
        &[
            ("variable{PATH}/value", "\"/sys/ifc[name='port-0']\""),
            ("variable{LIMIT}/value", "800"),
            ("monitor", "$PATH/hw"),
            ("trigger-expr", "mtu > $LIMIT"),
            ("kick-node", "/sys"),
            ("action-name", "kick-me"),
        ],
    );
    kicked.set("/sys/ifc{port-0}/hw/mtu", "900");
    kicked.set("/sys/ifc{port-1}/hw/mtu", "900");
    let lines = kicked.commit();
    assert_eq!(lines.matches("false -> true").count(), 1, "{lines}");
    kicked.kicks(1);
}

#[test]
fn a_kicker_that_cannot_work_is_refused_when_it_is_committed() {
    let kicked = Kicked::start();
    for (leaf, wrong, named) in [
        ("monitor", "/sys/nothing", "nothing"),
        ("monitor", "sys/ifc", "absolute"),
        ("trigger-expr", "hw/mtu >", "trigger-expr"),
        ("action-name", "dance", "dance"),
    ] {
        let mut leaves = vec![
            ("monitor", "/sys/ifc"),
            ("kick-node", "/sys"),
            ("action-name", "kick-me"),
        ];
        leaves.retain(|(name, _)| *name != leaf);
        leaves.push((leaf, wrong));
        for (leaf, value) in leaves {
            kicked.set(&format!("/kickers/data-kicker{{w}}/{leaf}"), value);
        }
        let said = kicked.daemon.refused(&["commit"]);
        assert!(
            said.contains(named) && said.contains("data-kicker"),
            "{leaf} {wrong}: {said}"
        );
        kicked.daemon.ok(&["discard"]);
    }
}

#[test]
fn state_that_a_program_pushes_is_read_and_kicks() {
    let kicked = Kicked::start();
    kicked.kicker(
        "up",
        &[
            ("monitor", "/port/status"),
            ("trigger-expr", ". = 'up'"),
            ("kick-node", "/sys"),
            ("action-name", "kick-me"),
        ],
    );
    let push = |input: &str| {
        let input = format!("{{\"source\": \"poller\", {input}}}");
        kicked.daemon.run(&["rpc", "banyan:push-state", &input])
    };
    let port = |name: &str, status: &str| {
        let json = format!("{{'kicker-example:port':[{{'name':'{name}','status':'{status}'}}]}}");
        format!("\"put\": \"{}\"", json.replace('\'', "\\\""))
    };
    assert!(push(&port("a", "down")).status.success());
    assert!(push(&port("a", "up")).status.success());
    let log = kicked.kicks(1);
    assert!(
        log.contains("/kicker-example:port[name='a']/status"),
        "{log}"
    );
    let state = || {
        kicked
            .daemon
            .ok(&["get", "--state", "/port", "--format", "json"])
    };
    assert!(state().contains("\"up\""), "{}", state());
    // Wrong: all of it is refused, the part that is right too.
    let refused = push(&format!(
        "\"clear\": true, {}",
        port("b", "up").replace("status", "stat")
    ));
    assert!(text(&refused).contains("stat"), "{}", text(&refused));
    assert!(state().contains("\"up\""), "{}", state());
    assert!(
        push("\"remove\": [\"/port[name='a']/status\"]")
            .status
            .success()
    );
    assert!(
        state().contains("\"a\"") && !state().contains("\"up\""),
        "{}",
        state()
    );
    assert!(push("\"clear\": true").status.success());
    assert!(!state().contains("port"), "{}", state());
    // Not for everybody.
    let denied = kicked.daemon.refused(&[
        "rpc",
        "banyan:push-state",
        "{\"source\": \"x\"}",
        "--as",
        "bob",
    ]);
    assert!(denied.contains("bob"), "{denied}");
}

/// Families of an exposition as queries have them: name and kind.
fn exposed(text: &str) -> BTreeSet<(String, String)> {
    let kinds = text.lines().filter_map(|line| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        let total = if kind == "counter" { "_total" } else { "" };
        Some((format!("{name}{total}"), kind.to_owned()))
    });
    kinds.collect()
}

/// Rows of the table in the documentation: name and kind.
fn documented() -> BTreeSet<(String, String)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    let text = fs::read_to_string(file).expect("the chapter");
    let rows = text.lines().filter_map(|line| {
        let rest = line.strip_prefix("| `banyan_")?;
        let (name, rest) = rest.split_once('`')?;
        let kind = rest.strip_prefix(" | ")?.split(" |").next()?;
        Some((format!("banyan_{name}"), kind.to_owned()))
    });
    rows.collect()
}

#[test]
fn kicks_and_devices_are_measured_and_the_documentation_has_every_metric_and_no_other() {
    let kicked = Kicked::start();
    let kicker = |id: &str, action: &str| {
        let monitor = ("monitor", "/services/properties/profile");
        let action = ("action-name", action);
        kicked.kicker(id, &[monitor, ("kick-node", "/services/actions"), action]);
    };
    kicker("works", "diffcheck");
    kicked.set("/services/properties/profile{lean}/lb", "lb0");
    kicked.daemon.ok(&["commit"]);
    kicked.kicks(1);
    // The kick is counted when its action has ended.
    let metrics = loop {
        let metrics = kicked.daemon.ok(&["show", "metrics"]);
        if metrics.contains("banyan_kicks_total{") {
            break metrics;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    for sample in [
        "banyan_kicks_total{kicker=\"works\"} 1",
        "banyan_kick_failures_total{kicker=\"works\"} 0",
        "banyan_kick_duration_seconds_count{kicker=\"works\"} 1",
        "banyan_kicks_waiting 0",
        "banyan_devices{state=\"OPEN\"} 0",
        "banyan_commit_log_sync_duration_seconds_count",
    ] {
        assert!(metrics.contains(sample), "{sample}: {metrics}");
    }
    kicked.daemon.ok(&["show", "devices"]);
    let metrics = kicked.daemon.ok(&["show", "metrics"]);
    assert_eq!(exposed(&metrics), documented());
}
