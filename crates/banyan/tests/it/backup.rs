//! `banyan backup` and `banyan restore` with the real daemon.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::program::{Daemon, banyan, text};

const SHOP: &str = r#"module shop {
  yang-version 1.1;
  namespace "urn:shop";
  prefix s;
  container shop {
    list item { key "name"; leaf name { type string; } leaf price { type uint32; } }
  }
}"#;

const TEA: &str = "/shop:shop/item[name='tea']/price";

fn daemon() -> Daemon {
    Daemon::new(&[("shop", SHOP)], &["shop"], "")
}

fn price(daemon: &Daemon, price: &str) {
    daemon.ok(&["set", TEA, price]);
    daemon.ok(&["commit", "--comment", &format!("price {price}")]);
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// Runs `banyan restore`; its status and what it says.
fn restore(arguments: &[&str]) -> (Option<i32>, String) {
    let mut all = vec!["restore"];
    all.extend(arguments);
    let output = banyan(&all);
    (output.status.code(), text(&output))
}

fn names(directory: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    let names = entries.map(|entry| PathBuf::from(entry.expect("an entry").file_name()));
    names.collect()
}

/// `banyan commit` in a loop, until the file `stop` is there.
fn writer(daemon: &Daemon, number: u32) -> std::process::Child {
    let script = format!(
        "i=0; while [ ! -e stop ]; do i=$((i+1)); \
         \"$BANYAN\" set \"/shop:shop/item[name='w{number}']/price\" $i >/dev/null 2>&1; \
         \"$BANYAN\" commit >/dev/null 2>&1; done"
    );
    Command::new("sh")
        .args(["-c", &script])
        .current_dir(daemon.path())
        .env("BANYAN", env!("CARGO_BIN_EXE_banyan"))
        .env("BANYAN_SOCKET", daemon.socket())
        .stdin(Stdio::null())
        .spawn()
        .expect("a shell")
}

fn head(daemon: &Daemon) -> u64 {
    let list = daemon.ok(&["history", "--limit", "1"]);
    let word = list.split_whitespace().next().expect("a commit");
    word.parse().expect("a number")
}

#[test]
fn a_backup_taken_while_others_commit_starts_as_the_commit_that_it_names() {
    let mut daemon = daemon();
    daemon.start();
    price(&daemon, "1");
    daemon.ok(&["store", "copy", "running", "aside"]);
    let writers: Vec<_> = (0..4).map(|number| writer(&daemon, number)).collect();
    let before = head(&daemon);
    daemon.wait_for(&["history", "--limit", "1"], |list| {
        let seq = list
            .split_whitespace()
            .next()
            .and_then(|word| word.parse().ok());
        seq.is_some_and(|seq: u64| seq > before + 3)
    });
    let file = daemon.path().join("site.tar");
    let said = daemon.ok(&["backup", shown(&file)]);
    fs::write(daemon.path().join("stop"), "").expect("a file");
    for mut writer in writers {
        writer.wait().expect("a status");
    }
    let commit: u64 = said
        .split_once(": commit ")
        .and_then(|(_, rest)| rest.split(',').next()?.parse().ok())
        .unwrap_or_else(|| panic!("{said}"));
    let mode = fs::metadata(&file)
        .expect("the backup")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let expected = daemon.ok(&[
        "history",
        "diff",
        "0",
        &commit.to_string(),
        "--format",
        "set",
    ]);

    let mut other = self::daemon();
    let store = other.path().join("store");
    let (status, said) = restore(&[shown(&file), "--into", shown(&store)]);
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains(&format!("commit {commit}, transaction")),
        "{said}"
    );
    other.start();
    assert_eq!(head(&other), commit);
    let found = other.ok(&[
        "history",
        "diff",
        "0",
        &commit.to_string(),
        "--format",
        "set",
    ]);
    assert_eq!(found, expected);
    let stores = other.ok(&["store", "list"]);
    assert!(stores.contains("aside"), "{stores}");
    let key = "ssh_host_ed25519_key";
    let kept = |daemon: &Daemon| fs::read(daemon.path().join("store").join(key)).ok();
    assert_eq!(kept(&other), kept(&daemon));
    price(&other, "7");
    assert!(other.ok(&["get", TEA]).contains('7'));
}

#[test]
fn a_directory_gets_a_backup_named_after_time_and_commit() {
    let mut daemon = daemon();
    daemon.start();
    price(&daemon, "1");
    let backups = daemon.path().join("backups");
    fs::create_dir(&backups).expect("a directory");
    let seq = head(&daemon);
    daemon.ok(&["backup", shown(&backups)]);
    let names = names(&backups);
    let name = names.first().expect("a backup").to_str().expect("text");
    assert!(
        name.starts_with("banyan-20") && name.ends_with(&format!("Z-commit-{seq}.tar")),
        "{name}"
    );
    let (status, said) = restore(&[shown(&backups.join(name)), "--check"]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("it is whole"), "{said}");
}

#[test]
fn what_is_there_is_kept_and_a_daemon_that_runs_is_not_robbed() {
    let mut daemon = daemon();
    daemon.start();
    price(&daemon, "1");
    let file = daemon.path().join("site.tar");
    daemon.ok(&["backup", shown(&file)]);
    price(&daemon, "2");
    let config = daemon.path().join("banyan.toml");
    let file = shown(&file);
    let with = ["-f", shown(&config), "--replace"];
    let (status, said) = restore(&[&[file], &with[..]].concat());
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("is in use by another banyan (pid"), "{said}");
    assert!(daemon.ok(&["get", TEA]).contains('2'));
    daemon.stop();
    let (status, said) = restore(&[file, "-f", shown(&config)]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("is not empty; give --replace"), "{said}");
    let (status, said) = restore(&[&[file], &with[..]].concat());
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("store.before-restore"), "{said}");
    daemon.start();
    assert!(daemon.ok(&["get", TEA]).contains('1'));
    daemon.stop();
    // What was kept is not thrown away by the next one.
    let (status, said) = restore(&[&[file], &with[..]].concat());
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("from an earlier restore"), "{said}");
    let store = daemon.path().join("store");
    fs::remove_dir_all(&store).expect("the restored one");
    fs::rename(daemon.path().join("store.before-restore"), &store).expect("the old one");
    daemon.start();
    assert!(daemon.ok(&["get", TEA]).contains('2'));
}

#[test]
fn a_damaged_backup_is_refused_and_nothing_is_changed() {
    let mut daemon = daemon();
    daemon.start();
    price(&daemon, "1");
    let file = daemon.path().join("site.tar");
    daemon.ok(&["backup", shown(&file)]);
    daemon.stop();
    let whole = fs::read(&file).expect("the backup");
    let before = (names(daemon.path()), names(&daemon.path().join("store")));
    let config = daemon.path().join("banyan.toml");
    let try_it = |content: &[u8], part: &str| {
        fs::write(&file, content).expect("a backup");
        let (status, said) = restore(&[shown(&file), "-f", shown(&config), "--replace"]);
        assert_eq!(status, Some(1), "{said}");
        assert!(
            said.contains(part) && said.contains("nothing was changed"),
            "{part}: {said}"
        );
        let after = (names(daemon.path()), names(&daemon.path().join("store")));
        assert_eq!(after, before);
    };
    for length in [0, 1000, whole.len() / 2, whole.len() - 4096] {
        try_it(&whole[..length], "cut short");
    }
    // A bit of a price in the log.
    let find = b"price 1";
    let at = whole.windows(find.len()).rposition(|text| text == find);
    let mut damaged = whole.clone();
    damaged[at.expect("the comment") + find.len() - 1] = b'9';
    try_it(
        &damaged,
        "the backup is damaged: commits.jsonl has the SHA-256",
    );
    try_it(&[b'x'; 4096], "the archive cannot be read on");
    fs::write(&file, &whole).expect("a backup");
    let (status, said) = restore(&[shown(&file), "-f", shown(&config), "--replace"]);
    assert_eq!(status, Some(0), "{said}");
}
