//! A change reaches all of the devices that it touches, or none of them and not the controller either.

use std::fs;

use super::program::{Daemon, Devices, text};
use tempfile::TempDir;

const BOX: &str = r#"module box {
  yang-version 1.1;
  namespace "urn:box";
  prefix b;
  container system {
    leaf hostname { type string { length "1..20"; } }
    list vlan {
      key "id";
      leaf id { type uint16 { range "1..4094"; } }
      leaf name { type string; }
    }
  }
}"#;

/// A controller and devices of one model; some of them fail.
struct Network {
    controller: Daemon,
    _models: TempDir,
    _devices: Vec<Devices>,
    names: Vec<String>,
}

impl Network {
    /// One device for each element: the extra arguments of its simulator.
    fn start(devices: &[&[&str]]) -> Network {
        let models = tempfile::tempdir().expect("a directory");
        fs::write(models.path().join("box.yang"), BOX).expect("a module");
        let devices: Vec<Devices> = devices
            .iter()
            .map(|extra| Devices::start(models.path(), 1, extra))
            .collect();
        let mut controller = Daemon::new(&[], &[], "");
        controller.start();
        let names: Vec<String> = (0..devices.len())
            .map(|index| format!("d{index}"))
            .collect();
        for (name, device) in names.iter().zip(&devices) {
            let port = device.base_port.to_string();
            for (leaf, value) in [
                ("addr", "127.0.0.1"),
                ("port", port.as_str()),
                ("user", "admin"),
                ("password", "admin"),
            ] {
                controller.ok(&["set", &format!("/devices/device{{{name}}}/{leaf}"), value]);
            }
        }
        controller.ok(&["commit"]);
        controller.ok(&[
            "rpc",
            "banyan-controller:connection-change",
            r#"{"operation": "OPEN"}"#,
        ]);
        controller.wait_for(&["show", "devices"], |shown| {
            shown.matches("OPEN").count() == names.len()
        });
        Network {
            controller,
            _models: models,
            _devices: devices,
            names,
        }
    }

    fn set_hostnames(&self, value: &str) {
        for name in &self.names {
            self.controller.ok(&[
                "set",
                &format!("/devices/device{{{name}}}/config/box:system/hostname"),
                value,
            ]);
        }
    }

    /// What the devices themselves have, read afresh.
    fn pulled(&self) -> String {
        self.controller.ok(&["discard"]);
        self.controller.ok(&[
            "rpc",
            "banyan-controller:connection-change",
            r#"{"operation": "RECONNECT"}"#,
        ]);
        self.controller.wait_for(&["show", "devices"], |shown| {
            shown.matches("OPEN").count() == self.names.len()
        });
        self.controller
            .ok(&["rpc", "banyan-controller:config-pull", "{}"]);
        self.controller.ok(&["get", "/devices"])
    }
}

#[test]
fn a_commit_reaches_every_device() {
    let network = Network::start(&[&[], &[], &[]]);
    network.set_hostnames("fine");
    network.controller.ok(&["commit"]);
    let pulled = network.pulled();
    assert_eq!(pulled.matches("fine").count(), 3, "{pulled}");
    let shown = network.controller.ok(&["show", "transactions"]);
    assert!(shown.contains("SUCCESS"), "{shown}");
}

fn nobody_keeps_it(faulty: &[&str], because: &str) {
    let network = Network::start(&[&[], faulty, &[]]);
    network.set_hostnames("never");
    let output = network.controller.run(&["commit"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let said = text(&output);
    assert!(said.contains("d1"), "the device is named: {said}");
    assert!(said.contains(because), "its own text is given: {said}");
    let running = network.controller.ok(&["get", "/devices"]);
    assert!(
        !running.contains("never"),
        "the controller keeps nothing: {running}"
    );
    let shown = network.controller.ok(&["show", "transactions"]);
    assert!(shown.contains("FAILED") && shown.contains("d1"), "{shown}");
    let pulled = network.pulled();
    assert!(
        !pulled.contains("never"),
        "no device keeps anything: {pulled}"
    );
}

#[test]
fn a_device_that_refuses_validate_stops_all() {
    nobody_keeps_it(&["--fail", "validate"], "simulated validate failure");
}

#[test]
fn a_device_that_refuses_commit_stops_all() {
    nobody_keeps_it(&["--fail", "commit"], "simulated commit failure");
}

#[test]
fn a_device_that_drops_the_connection_stops_all() {
    nobody_keeps_it(&["--fail", "drop"], "clos");
}

#[test]
fn a_device_that_is_not_open_refuses_the_commit_and_no_networking_passes_it() {
    let network = Network::start(&[&[], &[]]);
    network.controller.ok(&[
        "rpc",
        "banyan-controller:connection-change",
        r#"{"operation": "CLOSE", "device": "d0"}"#,
    ]);
    network
        .controller
        .wait_for(&["show", "devices"], |shown| shown.contains("CLOSED"));
    network.set_hostnames("closed");
    let said = network.controller.refused(&["commit"]);
    assert!(
        said.contains("d0") && said.contains("connection-change"),
        "{said}"
    );
    network.controller.ok(&["commit", "--no-networking"]);
    let running = network.controller.ok(&["get", "/devices"]);
    assert_eq!(running.matches("closed").count(), 2, "{running}");
}

#[test]
fn a_pull_brings_back_what_the_device_itself_has_and_pushes_nothing() {
    let network = Network::start(&[&[], &[]]);
    network.set_hostnames("first");
    network.controller.ok(&["commit"]);
    // The device never hears of this change.
    network.controller.ok(&[
        "set",
        "/devices/device{d0}/config/box:system/vlan{7}/name",
        "ours",
    ]);
    network.controller.ok(&["commit", "--no-networking"]);
    let pulled = network.pulled();
    assert!(
        !pulled.contains("ours"),
        "a pull brings the device's own state back: {pulled}"
    );
}

#[test]
fn a_rollback_brings_a_deleted_device_configuration_back_as_a_tree() {
    let mut network = Network::start(&[&[]]);
    network.set_hostnames("kept");
    network.controller.ok(&["commit"]);
    network
        .controller
        .ok(&["delete", "/devices/device{d0}/config"]);
    network.controller.ok(&["commit"]);
    assert!(!network.pulled().contains("kept"));
    // To the third commit: the administrator, the device, its hostname.
    let before = network.controller.ok(&["history"]);
    network
        .controller
        .ok(&["rollback", &(before.lines().count() - 3).to_string()]);
    let diff = network.controller.ok(&["diff"]);
    assert!(diff.contains("hostname kept;"), "{diff}");
    network.controller.ok(&["commit"]);
    assert!(network.pulled().contains("kept"));
    network.controller.ok(&["history", "--changes"]);
    // The file that was written can be read again.
    network.controller.stop();
    network.controller.start();
    assert!(
        network
            .controller
            .ok(&["get", "/devices/device{d0}/config"])
            .contains("kept")
    );
}

#[test]
fn the_history_of_a_deleted_device_stays_readable() {
    let mut network = Network::start(&[&[]]);
    network.set_hostnames("past");
    network.controller.ok(&["commit"]);
    network.controller.ok(&["delete", "/devices/device{d0}"]);
    network.controller.ok(&["commit", "--no-networking"]);
    for _ in 0..2 {
        assert!(
            network
                .controller
                .ok(&["history", "--changes"])
                .contains("hostname past;")
        );
        network.controller.ok(&["rollback", "1"]);
        assert!(network.controller.ok(&["diff"]).contains("hostname past;"));
        network.controller.ok(&["discard"]);
        network.controller.stop();
        network.controller.start();
    }
}
