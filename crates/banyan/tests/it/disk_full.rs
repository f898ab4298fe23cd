//! The disk is really full: a small file system of its own, if this machine lets us mount one.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::program::{Daemon, text};

const MODEL: &str = r#"module full {
  namespace "urn:full";
  prefix f;
  container full { leaf text { type string; } leaf number { type uint32; } }
}"#;

/// A file system in memory with little room.
struct Small(PathBuf);

impl Small {
    /// `None` where that is not allowed.
    fn mount(at: &Path) -> Option<Small> {
        fs::create_dir_all(at).expect("a directory");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=6m,mode=700", "tmpfs"])
            .arg(at)
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Small(at.to_owned())),
            _ => None,
        }
    }

    /// Takes all the room that is left.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("ballast");
        let mut file = fs::File::create(&path).expect("a file");
        for size in [65_536, 4_096, 1] {
            let piece = vec![0_u8; size];
            while file.write(&piece).is_ok_and(|written| written > 0) {}
        }
        path
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Also while a file there is still open.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn commits_fail_while_the_disk_is_full_reads_go_on_and_commits_resume_without_a_restart() {
    let mut daemon = Daemon::new(&[("full", MODEL)], &["full"], "");
    let Some(small) = Small::mount(&daemon.path().join("store")) else {
        println!(
            "SKIPPED: no tmpfs can be mounted here; the fault layer of banyan-engine covers a full disk"
        );
        return;
    };
    daemon.start();
    let set = |text: &str| {
        daemon.ok(&["set", "/full:full/text", text]);
        daemon.run(&["commit"])
    };
    assert!(set("before").status.success());
    let ballast = small.fill();
    let mut last = "before".to_owned();
    let mut refused = None;
    // The log may have some room of its own left.
    for number in 0..60 {
        let wanted = format!("{number} {}", "x".repeat(20_000));
        let output = set(&wanted);
        if output.status.success() {
            last = wanted;
            continue;
        }
        daemon.ok(&["discard"]);
        refused = Some(text(&output));
        break;
    }
    let refused = refused.expect("a full disk refuses a commit");
    assert!(refused.contains("running is unchanged"), "{refused}");
    assert!(refused.contains("free space"), "{refused}");
    let read = |what: &str| {
        let got = daemon.ok(&["get", "/full:full/text", "--format", "xml"]);
        assert!(got.contains(&format!(">{what}<")), "{got}");
    };
    read(&last);
    fs::remove_file(ballast).expect("space again");
    let output = set("after");
    assert!(output.status.success(), "{}", text(&output));
    read("after");
    daemon.kill();
    daemon.start();
    let got = daemon.ok(&["get", "/full:full/text", "--format", "xml"]);
    assert!(got.contains(">after<"), "{got}");
    daemon.kill();
    drop(small);
}
