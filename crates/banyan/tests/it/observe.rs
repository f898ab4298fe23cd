//! Timings and metrics of a daemon, as an operator gets them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::program::{Daemon, free_port};

const SHOP: &str = r#"module shop {
  yang-version 1.1;
  namespace "urn:shop";
  prefix s;
  container shop { leaf name { type string; must "string-length(.) < 9"; } }
}"#;

fn shop(configuration: &str) -> Daemon {
    let mut daemon = Daemon::new(&[("shop", SHOP)], &["shop"], configuration);
    daemon.start();
    daemon
}

#[test]
fn a_commit_says_where_its_time_went_also_when_it_is_refused() {
    let daemon = shop("");
    daemon.ok(&["set", "/shop/name", "tea"]);
    let said = daemon.ok(&["commit", "--timing"]);
    for wanted in ["committed as", "total", "validate", "append", "100.0 %"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let first = said.lines().nth(1).unwrap_or_default();
    let tid = first.split(' ').nth(1).unwrap_or_default();
    let shown = daemon.ok(&["history", "show", &format!("tid:{tid}"), "--timing"]);
    assert!(shown.starts_with(first), "{shown}");
    daemon.ok(&["set", "/shop/name", "much too long"]);
    let said = daemon.refused(&["commit", "--timing"]);
    let refused = said
        .lines()
        .any(|line| line.trim_start().starts_with("validate") && line.ends_with("failed"));
    assert!(refused && said.contains(" invalid at "), "{said}");
}

#[test]
fn spans_of_commits_are_in_the_log_when_it_is_detailed() {
    let daemon = shop("[log]\nlevel = 'debug'");
    daemon.ok(&["set", "/shop/name", "tea"]);
    daemon.ok(&["commit"]);
    let log = daemon.log();
    let line = log.lines().find(|line| line.contains("phase=\"append\""));
    let line = line.unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("commit{") && line.contains("close"), "{line}");
}

/// Asks over HTTP, and gets all that comes.
fn ask(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn metrics_are_served_over_http_and_shown_by_a_command() {
    let port = free_port();
    let daemon = shop(&format!("[metrics]\nlisten = '127.0.0.1:{port}'"));
    daemon.ok(&["set", "/shop/name", "tea"]);
    daemon.ok(&["commit"]);
    let get = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = ask(port, get);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200 OK\r\n"), "{head}");
    assert!(head.contains("application/openmetrics-text"), "{head}");
    assert!(
        head.contains(&format!("Content-Length: {}", body.len())),
        "{head}"
    );
    // The first start made its user an administrator, which is a commit as well.
    assert!(
        body.contains("banyan_commits_total{result=\"committed\"}"),
        "{body}"
    );
    assert!(body.ends_with("# EOF\n"), "{body}");
    let only_head = ask(port, "HEAD /metrics HTTP/1.1\r\n\r\n");
    assert!(only_head.ends_with("\r\n\r\n"), "{only_head}");
    let elsewhere = ask(port, "GET / HTTP/1.1\r\n\r\n");
    assert!(elsewhere.starts_with("HTTP/1.0 404"), "{elsewhere}");
    let shown = daemon.ok(&["show", "metrics"]);
    let sample = |text: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with("banyan_running_commit "));
        line.map(str::to_owned)
    };
    assert!(sample(body).is_some());
    assert_eq!(sample(&shown), sample(body));
}

#[test]
fn a_port_of_metrics_that_is_taken_stops_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let daemon = Daemon::new(
        &[("shop", SHOP)],
        &["shop"],
        &format!("[metrics]\nlisten = '{address}'"),
    );
    let config = daemon.path().join("banyan.toml");
    let output = super::program::banyan(&["serve", "-f", config.to_str().unwrap()]);
    let said = super::program::text(&output);
    assert!(!output.status.success());
    assert!(
        said.contains("metrics.listen") && said.contains(&address.to_string()),
        "{said}"
    );
}

#[test]
fn modules_for_clixon_load_and_its_clients_get_ping_and_stats() {
    const MODULE: &str = r#"module old {
      yang-version 1.1;
      namespace "urn:old";
      prefix o;
      import clixon-lib { prefix cl; }
      grouping uid { leaf uid { type string; cl:ignore-compare; } }
      container old {
        uses uid;
        leaf secret { type string; cl:system-only-config; }
        container again { uses uid; }
      }
    }"#;
    let mut daemon = Daemon::new(&[("old", MODULE)], &["old"], "");
    daemon.start();
    let log = daemon.log();
    // One in a grouping is told once.
    assert_eq!(log.matches("cl:ignore-compare has no effect").count(), 1);
    assert!(
        log.contains("old.yang:9:36: cl:system-only-config has no effect on /old:old/secret"),
        "{log}"
    );
    daemon.ok(&["set", "/old/secret", "x"]);
    daemon.ok(&["commit"]);
    daemon.ok(&["store", "copy", "running", "lab"]);
    assert!(daemon.ok(&["rpc", "clixon-lib:ping"]).len() < 20);
    let stats = daemon.ok(&[
        "rpc",
        "clixon-lib:stats",
        r#"{"modules": true}"#,
        "--format",
        "json",
    ]);
    let stats: serde_json::Value = serde_json::from_str(&stats).expect(&stats);
    let entry = |list: &serde_json::Value, name: &str| {
        let mut entries = list.as_array().unwrap().iter();
        entries.find(|it| it["name"] == name).unwrap().clone()
    };
    let stores = &stats["clixon-lib:datastores"]["datastore"];
    assert_ne!(entry(stores, "running")["nr"], "0");
    assert_eq!(entry(stores, "lab")["nr"], "0", "all of it is shared");
    let sets = &stats["clixon-lib:module-sets"]["module-set"];
    let set = entry(sets, "top");
    assert_eq!(entry(&set["module"], "old")["nr"], "5");
    assert_eq!(set["nr"], stats["clixon-lib:global"]["yangnr"]);
}
