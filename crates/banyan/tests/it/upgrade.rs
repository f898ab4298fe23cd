//! Starts with other modules, from the command line.

use super::config::Place;
use super::program::text;

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

/// All files of the store but the socket, with their content.
fn store(place: &Place) -> Vec<(String, Vec<u8>)> {
    let mut open = vec![place.path("store")];
    let mut files = Vec::new();
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(content) = std::fs::read(&path) {
                files.push((path.display().to_string(), content));
            }
        }
    }
    files.sort();
    // The log's file has marks of who has it open; its records are compared by what a start finds.
    files.retain(|(name, _)| !name.ends_with("commits.redb") && !name.ends_with("banyan.lock"));
    files
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
        "commit 2: upgrade: 1 modules changed",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
    assert_eq!(store(&place), before);

    let json = place.run(&["upgrade", "--dry-run", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json[0]["status"], "ok");
    assert_eq!(json[0]["modules"][0]["change"], "upgraded");

    let quiet = place.run(&["serve", "-q", "--format", "json"]);
    assert!(quiet.status.success(), "{}", text(&quiet));
    let printed: serde_json::Value = serde_json::from_slice(&quiet.stdout).unwrap();
    assert_eq!(printed["m:c"]["max-mtu"], 1500);
    assert_eq!(store(&place), before);

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
    let started = place.run(&["serve", "-1"]);
    assert_eq!(started.status.code(), Some(1));
    assert!(
        text(&started).contains("choose the policy leave-out"),
        "{}",
        text(&started)
    );
    let kept = store(&place);
    // The compiled set is in the cache now; nothing else is new.
    let new: Vec<_> = kept.iter().filter(|file| !before.contains(file)).collect();
    assert!(
        new.iter().all(|(name, _)| name.ends_with(".bin")),
        "{new:?}"
    );

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
