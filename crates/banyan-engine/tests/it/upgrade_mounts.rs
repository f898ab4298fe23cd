//! Mounted data across upgrades: of the modules around the mount point, and of the modules that are mounted.

use std::sync::{Arc, Mutex};

use banyan_data::path::{InstancePath, Mounts};
use banyan_engine::Engine;
use banyan_engine::backend::Datastore;
use banyan_engine::engine::StartError;
use banyan_engine::upgrade::{Policy, Upgrade, rules};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;

use crate::fixture::{Client, Machine};
use crate::upgrade::{compiled, history_is_whole, running};

const TOP: &str = "module top { yang-version 1.1; namespace urn:top; prefix t;
  import ietf-yang-schema-mount { prefix yangmnt; } revision 2020-01-01;
  container devices { list device { key name; leaf name { type string; } leaf note { type string; }
    container config { yangmnt:mount-point root; } } } }";

const DEVICE: &str =
    "module dev { yang-version 1.1; namespace urn:dev; prefix d; revision 2020-01-01;
  identity kind; identity fast { base kind; }
  container box { leaf mtu { type uint16; } leaf kind { type identityref { base kind; } }
    list port { key id; leaf id { type uint8; } leaf speed { type uint32; } } } }";

fn top(text: &str) -> Arc<Schema> {
    let mut source = MemorySource::new();
    source.add(text);
    for module in banyan_yang::embedded::MODULES {
        source.add(module.text);
    }
    let compiler = Compiler::new(&source).implement("top", None);
    compiler.compile().unwrap().schema
}

/// All devices have the same modules.
struct Devices {
    top: Arc<Schema>,
    device: Mutex<Arc<Schema>>,
}

impl Mounts for Devices {
    fn schema_at(&self, path: &InstancePath) -> Option<Arc<Schema>> {
        let node = path.steps.last()?.node;
        let mounted = self.top.node(node).mount_point().is_some();
        mounted.then(|| self.device.lock().unwrap().clone())
    }
}

async fn start(
    machine: &Machine,
    text: &str,
    device: &str,
    how: Upgrade,
) -> Result<Engine, StartError> {
    let schema = top(text);
    let mounts = Devices {
        top: schema.clone(),
        device: Mutex::new(compiled(&[device])),
    };
    let builder = machine.builder(schema).mounts(Arc::new(mounts));
    builder.upgrade(how).open().await
}

fn device(name: &str, note: &str, inside: &str) -> String {
    format!(
        "<device><name>{name}</name>{note}<config><box xmlns=\"urn:dev\">{inside}</box></config></device>"
    )
}

fn devices(all: &str) -> String {
    format!("<devices xmlns=\"urn:top\">{all}</devices>")
}

const A: &str = "<mtu>1500</mtu><kind xmlns:d=\"urn:dev\">d:fast</kind><port><id>1</id><speed>10</speed></port>";
const B: &str = "<port><id>2</id></port>";

/// Two devices, in two commits, of which the file may have the first alone.
async fn two_devices(machine: &Machine, killed: bool) {
    let engine = start(machine, TOP, DEVICE, Upgrade::default())
        .await
        .unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice
        .set(&devices(&device("a", "<note>n</note>", A)))
        .await
        .unwrap();
    let one = machine.running_file();
    alice.set(&devices(&device("b", "", B))).await.unwrap();
    if killed {
        let path = std::path::Path::new("/store/running_db");
        machine.files.put(path, one.as_bytes());
    }
}

fn plain(text: &str) -> String {
    text.replace("d:fast", "fast")
        .replace(" xmlns:d=\"urn:dev\"", "")
}

#[tokio::test]
async fn mounted_data_stay_what_they_are_when_the_modules_around_them_change() {
    let newer = TOP
        .replace("revision 2020-01-01", "revision 2021-01-01")
        .replace("leaf note", "leaf remark");
    let rule = "[[rule]]\nmodule = 'top'\nto = '2021-01-01'\nat = '/devices/device/note'\nrename = 'remark'\n";
    for killed in [false, true] {
        let machine = Machine::new();
        two_devices(&machine, killed).await;
        let how = Upgrade {
            steps: rules::parse(rule, "rules.toml").unwrap(),
            policy: Policy::Refuse,
        };
        let engine = start(&machine, &newer, DEVICE, how).await.unwrap();
        let found = plain(&running(&engine).await);
        let both = device("a", "<remark>n</remark>", A) + &device("b", "", B);
        assert_eq!(found, plain(&devices(&both)));
        history_is_whole(&engine).await;
        // They are typed: what is no value is refused.
        let alice = Client::open(&engine, "alice").await;
        let wrong = devices(&device("a", "", "<mtu>much</mtu>"));
        assert!(alice.edit(&wrong).await.is_err());
        alice
            .set(&devices(&device("a", "", "<mtu>9</mtu>")))
            .await
            .unwrap();
        let change = engine.history(None, 1).await.unwrap();
        assert_eq!(change[0].changes, 1);
        assert!(
            alice
                .show(Datastore::Running)
                .await
                .contains("<mtu>9</mtu>")
        );
    }
}

#[tokio::test]
async fn what_other_modules_of_a_device_accept_is_taken_over() {
    let newer = DEVICE
        .replace("revision 2020-01-01", "revision 2021-01-01")
        .replace("uint16", "uint32")
        .replace("leaf speed", "leaf more { type string; } leaf speed");
    for killed in [false, true] {
        let machine = Machine::new();
        two_devices(&machine, killed).await;
        let engine = start(&machine, TOP, &newer, Upgrade::default())
            .await
            .unwrap();
        let both = device("a", "<note>n</note>", A) + &device("b", "", B);
        assert_eq!(plain(&running(&engine).await), plain(&devices(&both)));
        let alice = Client::open(&engine, "alice").await;
        alice
            .set(&devices(&device("a", "", "<mtu>70000</mtu>")))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn what_other_modules_of_a_device_do_not_accept_is_kept_and_stops_no_start() {
    let newer = DEVICE
        .replace("revision 2020-01-01", "revision 2021-01-01")
        .replace("leaf mtu { type uint16; }", "");
    // Without a device, with the file as the last commit left it, and with a commit after it that did not reach the file.
    for killed in [false, true] {
        let machine = Machine::new();
        two_devices(&machine, killed).await;
        let engine = start(&machine, TOP, &newer, Upgrade::default()).await;
        let engine = engine.unwrap_or_else(|error| panic!("killed {killed}: {error}"));
        let told = engine.reports()[0].warnings.concat();
        assert!(
            told.contains("/top:devices/device[name='a']/config"),
            "{told}"
        );
        assert!(
            told.contains("no node mtu") && !told.contains("name='b'"),
            "{told}"
        );
        let found = running(&engine).await;
        assert!(found.contains("<mtu>1500</mtu>"), "{found}");
        assert!(found.contains("<id>2</id>"), "{found}");
        // Others go on, and what is read from the device takes its place.
        let alice = Client::open(&engine, "alice").await;
        alice
            .set(&devices(&device("b", "", "<port><id>3</id></port>")))
            .await
            .unwrap();
        let anew = devices(
            "<device><name>a</name><config xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\" nc:operation=\"replace\">\
             <box xmlns=\"urn:dev\"><port><id>9</id></port></box></config></device>",
        );
        alice.set(&anew).await.unwrap();
        engine.stop().await.unwrap();
        drop((alice, engine));
        let engine = start(&machine, TOP, &newer, Upgrade::default())
            .await
            .unwrap();
        let found = running(&engine).await;
        assert!(
            found.contains("<id>9</id>") && !found.contains("mtu"),
            "{found}"
        );
        assert!(engine.reports()[0].warnings.is_empty());
    }
}
