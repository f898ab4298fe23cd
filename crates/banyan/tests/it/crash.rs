//! No commit that was answered is lost, wherever the daemon is killed.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::program::{Daemon, banyan};

const COUNTER: &str = r#"module counter {
  yang-version 1.1;
  namespace "urn:counter";
  prefix c;
  container counter {
    leaf value { type uint32; }
    list past { key "value"; leaf value { type uint32; } }
  }
}"#;

/// Commits in all.
const COMMITS: u32 = 200;

#[test]
fn two_hundred_commits_with_kill_9_at_random_points() {
    let mut daemon = Daemon::new(&[("counter", COUNTER)], &["counter"], "");
    let mut random = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a time")
        .subsec_nanos();
    println!("seed {random}");
    let socket = daemon.socket();
    let socket = socket.to_str().expect("a path");
    let answered = AtomicU32::new(0);
    let mut kills = 0;
    while answered.load(Ordering::SeqCst) < COMMITS {
        daemon.start();
        let value = value(&daemon);
        let last = answered.load(Ordering::SeqCst);
        assert!(
            value == last || value == last + 1,
            "after kill {kills}: {last} commits were answered, running has {value}\n{}",
            daemon.log()
        );
        assert_eq!(
            daemon
                .ok(&["get", "/counter:counter", "--format", "xml"])
                .matches("<past>")
                .count(),
            value as usize
        );
        answered.store(value, Ordering::SeqCst);
        // A small generator is enough to spread the kills.
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let life = Duration::from_micros(u64::from(random >> 12) % 700_000);
        let killed = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut next = value + 1;
                while next <= COMMITS && !killed.load(Ordering::SeqCst) {
                    let text = next.to_string();
                    let entry = format!("/counter:counter/past[value='{text}']");
                    let done =
                        banyan(&["set", "/counter:counter/value", &text, "--socket", socket])
                            .status
                            .success()
                            && banyan(&["set", &entry, "--socket", socket])
                                .status
                                .success()
                            && banyan(&["commit", "--socket", socket]).status.success();
                    if !done {
                        break;
                    }
                    answered.store(next, Ordering::SeqCst);
                    next += 1;
                }
            });
            std::thread::sleep(life);
            daemon.kill();
            killed.store(true, Ordering::SeqCst);
        });
        kills += 1;
    }
    daemon.start();
    assert_eq!(value(&daemon), COMMITS);
    assert!(kills > 10, "only {kills} kills: the test is too gentle");
}

fn value(daemon: &Daemon) -> u32 {
    let text = daemon.ok(&["get", "/counter:counter/value", "--format", "xml"]);
    match text.split_once("<value>") {
        Some((_, rest)) => rest
            .split('<')
            .next()
            .and_then(|value| value.parse().ok())
            .expect("a number"),
        None => 0,
    }
}
