//! What is mounted, as a controller's devices are, in the eyes of participants that are programs.

use std::path::Path;
use std::sync::Arc;

use banyan_data::document::Mounts;
use banyan_data::path::InstancePath;
use banyan_engine::Engine;
use banyan_engine::engine::EngineBuilder;
use banyan_engine::participant::{Phase, Program};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;
use serde_json::{Value, json};

use crate::fixture::Client;

const DEVICES: &str = "module devices { yang-version 1.1; namespace urn:devices; prefix d;
  import ietf-yang-schema-mount { prefix yangmnt; }
  container devices { list device { key name; leaf name { type string; }
    container config { yangmnt:mount-point root; } } } }";

/// Two makes of devices: one has no MTU.
const BOX: &str = "module box { namespace urn:box; prefix b;
  container sys { leaf name { type string; } leaf mtu { type uint16; } }
  list port { key id; leaf id { type uint8; } leaf speed { type string; } } }";
const TOY: &str = "module box { namespace urn:box; prefix b;
  container sys { leaf name { type string; } } }";

fn compiled(name: &str, text: &str) -> Arc<Schema> {
    let mut source = MemorySource::new();
    source.add(text);
    for module in banyan_yang::embedded::MODULES {
        source.add(module.text);
    }
    let compiler = Compiler::new(&source).implement(name, None);
    compiler.compile().unwrap().schema
}

/// Devices whose names begin with `toy` are toys.
struct Makes {
    boxes: Arc<Schema>,
    toys: Arc<Schema>,
}

impl Mounts for Makes {
    fn schema_at(&self, path: &InstancePath) -> Option<Arc<Schema>> {
        let is_toy = format!("{path:?}").contains("toy");
        Some(if is_toy { &self.toys } else { &self.boxes }.clone())
    }
}

/// A program that writes down what it is told of commits at these paths.
async fn listening(directory: &Path, paths: &[&str]) -> (Engine, Client) {
    let schema = compiled("devices", DEVICES);
    let text = format!("cat >>{0}; echo >>{0}", directory.join("told").display());
    let program = Program::new("p", "sh", [Phase::Commit])
        .arguments(["-c", &text])
        .with_trees(true)
        .interested_in(&schema, paths.iter().copied())
        .unwrap();
    let makes = Makes {
        boxes: compiled("box", BOX),
        toys: compiled("box", TOY),
    };
    let builder = EngineBuilder::new(schema).mounts(Arc::new(makes));
    let engine = builder.participant(Arc::new(program)).open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    (engine, alice)
}

/// What the program was told, commit by commit.
fn told(directory: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(directory.join("told")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn device(name: &str, inside: &str) -> String {
    format!(
        "<devices xmlns=\"urn:devices\"><device><name>{name}</name><config>{inside}</config></device></devices>"
    )
}

fn sys(inside: &str) -> String {
    format!("<sys xmlns=\"urn:box\">{inside}</sys>")
}

#[tokio::test]
async fn a_path_of_a_participant_goes_on_below_a_mount_point() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let (_engine, alice) = listening(at, &["/devices/device/config/sys/mtu"]).await;
    // Something else of a device, a device without such a node, and its coming without it.
    alice
        .set(&device("a", &sys("<name>x</name>")))
        .await
        .unwrap();
    alice
        .set(&device("toy", &sys("<name>x</name>")))
        .await
        .unwrap();
    assert_eq!(told(at), Vec::<Value>::new());
    alice
        .set(&device("a", &sys("<name>y</name><mtu>9</mtu>")))
        .await
        .unwrap();
    let [first] = &told(at)[..] else {
        panic!("{:?}", told(at));
    };
    let mtu = "/devices:devices/device[name='a']/config/box:sys/mtu";
    assert_eq!(
        first["changes"],
        json!([{"operation": "create", "path": mtu, "new": "9"}])
    );
    assert_eq!(
        first["after"],
        json!({"devices:devices": {"device": [{"name": "a", "config": {"box:sys": {"mtu": 9}}}]}})
    );
    // A device that comes as a whole, and one that goes with all it has.
    alice
        .set(&device("b", &sys("<name>z</name><mtu>7</mtu>")))
        .await
        .unwrap();
    alice
        .set(
            "<devices xmlns=\"urn:devices\" xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\">\
             <device nc:operation=\"delete\"><name>a</name></device></devices>",
        )
        .await
        .unwrap();
    let told = told(at);
    assert_eq!(told.len(), 3);
    let has = |told: &Value, path: &str| {
        let changes = told["changes"].as_array().unwrap();
        changes.iter().any(|change| change["path"] == path)
    };
    assert!(has(&told[1], &mtu.replace("'a'", "'b'")), "{}", told[1]);
    // An entry that goes is told as such; what was in it is what takes it back.
    assert!(
        has(&told[2], "/devices:devices/device[name='a']"),
        "{}",
        told[2]
    );
    let back = &told[2]["reverse"]["ietf-yang-patch:yang-patch"]["edit"][0]["value"];
    let a = json!({"name": "a", "config": {"box:sys": {"mtu": 9}}});
    assert_eq!(*back, json!({ "devices:device": [a] }));
}

#[tokio::test]
async fn keys_are_given_on_both_sides_of_a_mount_point() {
    for path in [
        "/devices:devices/device[name='a/b']/config/box:port[id='1']",
        "/devices/device{a/b}/config/port{1}",
    ] {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        let (_engine, alice) = listening(at, &[path]).await;
        let port =
            |id: u8| format!("<port xmlns=\"urn:box\"><id>{id}</id><speed>1G</speed></port>");
        alice.set(&device("a/b", &port(2))).await.unwrap();
        alice.set(&device("c", &port(1))).await.unwrap();
        assert_eq!(told(at).len(), 0, "{path}");
        alice.set(&device("a/b", &port(1))).await.unwrap();
        assert_eq!(told(at).len(), 1, "{path}");
    }
}

#[test]
fn what_is_wrong_outside_of_the_mount_is_said_at_the_start() {
    let schema = compiled("devices", DEVICES);
    for path in ["/devices/device/confgi/sys", "/devices/device/name/sys"] {
        let program = Program::new("a", "true", [Phase::Commit]);
        let error = program.interested_in(&schema, [path]).err();
        assert!(error.is_some(), "{path}");
    }
}
