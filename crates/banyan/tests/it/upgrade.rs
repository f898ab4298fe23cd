//! Starts with other modules, from the command line.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::config::Place;
use super::program::{Daemon, banyan, text};

const V1: &str = "module m { yang-version 1.1; namespace urn:m; prefix m; revision 2020-01-01;
  container c { leaf mtu { type uint16; } leaf mode { type string; } } }";
const V2: &str = "module m { yang-version 1.1; namespace urn:m; prefix m;
  revision 2021-01-01; revision 2020-01-01;
  container c { leaf max-mtu { type uint16; } leaf mode { type enumeration { enum fast; } } } }";

const CONFIG: &str = "store.directory = 'store'\naccess.mode = 'disabled'\nyang = { path = ['yang'], load = ['m'] }\n";

const RULES: &str =
    "[[rule]]\nmodule = 'm'\nto = '2021-01-01'\nat = '/c/mtu'\nrename = 'max-mtu'\n";

/// A store that was written under the first modules; `mode` fits the second ones if it is `fast`.
fn upgraded_place(mode: &str) -> Place {
    let place = Place::with(&[("banyan.toml", CONFIG), ("yang/m.yang", V1)]);
    let running =
        format!("<config><c xmlns=\"urn:m\"><mtu>1500</mtu><mode>{mode}</mode></c></config>\n");
    place.write("store/running_db", running.as_bytes());
    let first = place.run(&["serve", "-1"]);
    assert!(first.status.success(), "{}", text(&first));
    place.write("yang/m.yang", V2.as_bytes());
    place.write("rules.toml", RULES.as_bytes());
    place.write(
        "banyan.toml",
        format!("{CONFIG}upgrade.rules = ['rules.toml']\n").as_bytes(),
    );
    place
}

/// All files of the store but the socket, with their content and the time of their last change; directories too.
fn traces(store: &Path) -> Vec<(PathBuf, SystemTime, Vec<u8>)> {
    let mut open = vec![store.to_owned()];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        let about = std::fs::symlink_metadata(&path).unwrap();
        let changed = about.modified().unwrap();
        if about.is_dir() {
            let entries = std::fs::read_dir(&path).unwrap();
            open.extend(entries.map(|entry| entry.unwrap().path()));
            files.push((path, changed, Vec::new()));
        } else if about.is_file() {
            let content = std::fs::read(&path).unwrap();
            files.push((path, changed, content));
        }
    }
    files.sort();
    files
}

fn store(place: &Place) -> Vec<(PathBuf, SystemTime, Vec<u8>)> {
    traces(&place.path("store"))
}

#[test]
fn an_upgrade_is_tried_first_and_then_done() {
    let place = upgraded_place("fast");
    let before = store(&place);
    let dry = place.run(&["upgrade", "--dry-run"]);
    assert!(dry.status.success(), "{}", text(&dry));
    let report = String::from_utf8(dry.stdout).unwrap();
    for part in [
        "running: ok",
        "module m upgraded: 2020-01-01 -> 2021-01-01",
        "warning: /m:c/mtu: definition leaf removed (RFC 7950 11)",
        "renamed to max-mtu",
        "[was at m@2020-01-01.yang:2:17]",
        "commit 2: upgrade: 1 module changed",
        // What goes is told in the words of the old modules.
        "-  mtu 1500;",
        "+  max-mtu 1500;",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
    // Each warning once, in the report alone.
    let told = format!("{report}{}", String::from_utf8_lossy(&dry.stderr));
    assert_eq!(told.matches("definition leaf removed").count(), 1, "{told}");
    assert!(store(&place) == before);

    let json = place.run(&["upgrade", "--dry-run", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json[0]["status"], "ok");
    assert_eq!(json[0]["modules"][0]["change"], "upgraded");

    let quiet = place.run(&["serve", "-q", "--format", "json"]);
    assert!(quiet.status.success(), "{}", text(&quiet));
    let printed: serde_json::Value = serde_json::from_slice(&quiet.stdout).unwrap();
    assert_eq!(printed["m:c"]["max-mtu"], 1500);
    assert!(store(&place) == before);

    let done = place.run(&["upgrade"]);
    assert!(done.status.success(), "{}", text(&done));
    let running = std::fs::read_to_string(place.path("store/running_db")).unwrap();
    assert!(running.contains("<max-mtu>1500</max-mtu>"), "{running}");
    let again = place.run(&["upgrade", "--dry-run"]);
    assert_eq!(String::from_utf8_lossy(&again.stdout), "running: ok\n");
}

#[test]
fn a_refused_upgrade_says_all_that_is_wrong_and_the_policy_may_be_another() {
    let place = upgraded_place("odd");
    let before = store(&place);
    let dry = place.run(&["upgrade", "--dry-run"]);
    assert_eq!(dry.status.code(), Some(1));
    let report = String::from_utf8_lossy(&dry.stdout).into_owned();
    assert!(report.contains("running: invalid"), "{report}");
    assert!(report.contains("store/running_db:1:"), "{report}");
    assert!(report.contains("error: /m:c/mode"), "{report}");
    let said = String::from_utf8_lossy(&dry.stderr).into_owned();
    assert!(said.contains("add migration rules"), "{said}");
    assert!(store(&place) == before);
    let started = place.run(&["serve", "-1"]);
    assert_eq!(started.status.code(), Some(1));
    assert!(
        text(&started).contains("choose the policy leave-out"),
        "{}",
        text(&started)
    );
    // The compiled set is in the cache now, and the log was opened; nothing else is new.
    let known: Vec<_> = before
        .iter()
        .map(|(name, _, bytes)| (name, bytes))
        .collect();
    for (name, _, bytes) in store(&place) {
        let told = ["bin", "redb", "lock"].map(Some);
        let passing = told.contains(&name.extension().and_then(|it| it.to_str()));
        assert!(
            passing || known.contains(&(&name, &bytes)),
            "{}",
            name.display()
        );
    }

    let started = place.run(&["serve", "-1", "-o", "upgrade.policy=leave-out"]);
    assert!(started.status.success(), "{}", text(&started));
    assert!(
        text(&started).contains("left out: /m:c/mode"),
        "{}",
        text(&started)
    );
    let aside = std::fs::read_to_string(place.path("store/running.left-out")).unwrap();
    assert!(aside.contains("<mode>odd</mode>"), "{aside}");
}

#[test]
fn programs_and_extra_documents_take_part_in_a_start() {
    let place = upgraded_place("odd");
    let script = "#!/bin/sh\nsed s/odd/fast/\n";
    place.write("fix.sh", script.as_bytes());
    let config = format!(
        "{CONFIG}upgrade.rules = ['rules.toml']\n[[migration]]\nexec = ['sh', 'fix.sh']\nmodule = 'm'\nto = '2021-01-01'\n"
    );
    place.write("banyan.toml", config.as_bytes());
    place.write("extra.json", br#"{"m:c": {"max-mtu": 1400}}"#);
    let done = place.run(&["serve", "-1", "-c", "extra.json"]);
    assert!(done.status.success(), "{}", text(&done));
    let running = std::fs::read_to_string(place.path("store/running_db")).unwrap();
    assert!(running.contains("<max-mtu>1400</max-mtu>"), "{running}");
    assert!(running.contains("<mode>fast</mode>"), "{running}");
}

#[test]
fn mistakes_in_rules_and_migrations_are_told() {
    let place = upgraded_place("fast");
    place.write("rules.toml", b"[[rule]]\nmodule = 'm'\nat = '/c'\n");
    let told = place.run(&["upgrade", "--dry-run"]);
    assert_eq!(told.status.code(), Some(1));
    assert!(
        text(&told).contains("rules.toml:1: the rule does nothing"),
        "{}",
        text(&told)
    );
    place.write(
        "banyan.toml",
        format!("{CONFIG}[[migration]]\nexec = ['x']\nto = '2021-01-01'\n").as_bytes(),
    );
    let told = place.run(&["upgrade", "--dry-run"]);
    assert_eq!(told.status.code(), Some(2));
    assert!(
        text(&told).contains("revisions and no module"),
        "{}",
        text(&told)
    );
}

#[test]
fn a_rehearsal_of_a_first_start_makes_nothing() {
    let place = Place::with(&[("banyan.toml", CONFIG), ("yang/m.yang", V1)]);
    let done = place.run(&["serve", "-q"]);
    assert!(done.status.success(), "{}", text(&done));
    assert!(!place.path("store").exists());
}

#[test]
fn a_file_that_is_not_well_formed_is_called_that_and_the_store_is_named() {
    let place = upgraded_place("fast");
    place.write("store/startup_db", b"<config>\n<c></config>\n");
    let tried = place.run(&["upgrade", "--dry-run", "-o", "store.startup-mode=startup"]);
    assert_eq!(tried.status.code(), Some(1));
    let report = text(&tried);
    for part in [
        "startup: error",
        "store/startup_db",
        ":2:",
        "nothing was changed: ",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
    assert!(!report.contains("does not fit the schema"), "{report}");
    place.write("yang/m.yang", V1.as_bytes());
    let tried = place.run(&["serve", "-q", "-o", "store.startup-mode=startup"]);
    let report = text(&tried);
    assert!(report.contains("startup_db cannot be read"), "{report}");
    assert!(report.contains("(line 2, column"), "{report}");
}

const MODEL: &str = "module place { namespace urn:place; prefix p;
  container place { leaf name { type string; } leaf size { type uint8; } } }";

#[test]
fn a_rehearsal_after_a_kill_leaves_no_trace() {
    let mut daemon = Daemon::new(&[("place", MODEL)], &["place"], "");
    daemon.start();
    for name in ["Rome", "Paris"] {
        daemon.ok(&["set", "/place:place/name", name]);
        daemon.ok(&["commit"]);
    }
    daemon.kill();
    let store = daemon.path().join("store");
    let before = traces(&store);
    let file = daemon.path().join("banyan.toml");
    let file = file.to_str().unwrap();
    for arguments in [["serve", "-q"], ["upgrade", "--dry-run"]] {
        let done = banyan(&[arguments[0], arguments[1], "--config", file]);
        assert!(done.status.success(), "{}", text(&done));
        assert!(traces(&store) == before, "{arguments:?}");
    }
    daemon.start();
    let got = daemon.ok(&["get", "/place:place/name", "--format", "xml"]);
    assert!(got.contains(">Paris<"), "{got}");
}

#[test]
fn what_the_mode_startup_replaces_comes_back_by_what_the_log_says() {
    let mut daemon = Daemon::new(&[("place", MODEL)], &["place"], "");
    let file = daemon.path().join("banyan.toml");
    daemon.start();
    daemon.ok(&["set", "/place:place/name", "Rome"]);
    daemon.ok(&["commit"]);
    daemon.ok(&["store", "copy", "running", "startup"]);
    daemon.ok(&["set", "/place:place/name", "Paris"]);
    daemon.ok(&["commit"]);
    daemon.stop();
    let kept = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("store.startup-mode = 'startup'\n{kept}")).unwrap();
    daemon.start();
    let name = |daemon: &Daemon| daemon.ok(&["get", "/place:place/name", "--format", "xml"]);
    assert!(name(&daemon).contains(">Rome<"));
    let log = daemon.log();
    let told = log
        .lines()
        .find(|line| line.contains("was replaced by what startup holds"));
    let told = told.unwrap_or_else(|| panic!("{log}"));
    assert!(told.contains("1 changes"), "{told}");
    let (_, command) = told.split_once("`banyan ").unwrap();
    let (command, _) = command.split_once('`').unwrap();
    let arguments: Vec<&str> = command.split(' ').collect();
    daemon.ok(&arguments);
    daemon.ok(&["commit"]);
    assert!(name(&daemon).contains(">Paris<"));
}
