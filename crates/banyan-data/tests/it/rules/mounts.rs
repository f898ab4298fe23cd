//! Mounted data (RFC 8528).

use std::sync::Arc;

use banyan_data::document::{Mounts, ParseOptions};
use banyan_data::path::{InstancePath, Select};
use banyan_data::validate::{self, Options, full};
use banyan_data::xml::parse_data;
use banyan_data::{Tree, Value, json, set};
use banyan_yang::schema::Schema;

use crate::fixture::{schema, schema_of, shown, to_json, to_xml};

pub(super) struct Device(pub(super) Arc<Schema>);

impl Mounts for Device {
    fn schema_at(&self, _: &InstancePath) -> Option<Arc<Schema>> {
        Some(self.0.clone())
    }
}

pub(super) fn outer() -> Arc<Schema> {
    schema(&[
        "module t { yang-version 1.1; namespace urn:t; prefix t; import ietf-yang-schema-mount { prefix m; }
           leaf top { type string; }
           list device { key name; leaf name { type string; } container config { m:mount-point device; } } }",
        "module ietf-yang-schema-mount { yang-version 1.1; namespace urn:m; prefix m; extension mount-point { argument label; } }",
    ])
}

fn read(inside: &str) -> Tree {
    let inner = schema_of(
        "container c { leaf a { type uint8; must '. < 9'; } leaf m { type string; mandatory true; } leaf r { type leafref { path '/c/a'; } } }",
    );
    let xml = format!(
        "<data xmlns='urn:t'><device><name>d</name><config>{inside}</config></device></data>"
    );
    let mounts = Device(inner);
    let options = ParseOptions {
        mounts: Some(&mounts),
        ..ParseOptions::default()
    };
    parse_data(&outer(), xml.as_bytes(), &options).unwrap_or_else(|errors| panic!("{errors:?}"))
}

// Rule 63.
#[test]
fn mounted_data_are_a_tree_of_their_own_schema_with_their_own_root() {
    let tree = read("<c><a>1</a><m>x</m><r>1</r></c>");
    assert_eq!(
        to_json(&tree),
        "{\"t:device\":[{\"name\":\"d\",\"config\":{\"t:c\":{\"a\":1,\"m\":\"x\",\"r\":1}}}]}"
    );
    assert!(full(&tree, &Options::default()).is_valid());
}

// Rule 63.
#[test]
fn constraints_of_mounted_data_are_those_of_the_mounted_schema() {
    let tree = read("<c><a>9</a><r>1</r></c>");
    assert_eq!(
        shown(&full(&tree, &Options::default()).errors),
        [
            "MustViolation /t:device[name='d']/config/t:c/a must-violation",
            "MissingElement /t:device[name='d']/config/t:c/m -",
            "InstanceRequired /t:device[name='d']/config/t:c/r instance-required",
        ]
    );
    let skipped = Options {
        mounts: validate::Mounts::Skip,
        ..Options::default()
    };
    assert!(full(&tree, &skipped).is_valid());
}

// Rule 63.
#[test]
fn data_under_an_unknown_mount_are_kept_verbatim() {
    let xml = "<data xmlns='urn:t'><device><name>d</name><config><x xmlns='urn:x'>1</x></config></device></data>";
    let tree = parse_data(&outer(), xml.as_bytes(), &ParseOptions::default()).unwrap();
    let printed = crate::fixture::to_xml(&tree).replace('\'', "\"");
    assert!(printed.contains("<x xmlns=\"urn:x\">1</x>"), "{printed}");
    assert!(full(&tree, &Options::default()).is_valid());
}

/// Each device has a schema of its own, by its name.
struct ByName(Vec<(&'static str, Arc<Schema>)>);

impl Mounts for ByName {
    fn schema_at(&self, path: &InstancePath) -> Option<Arc<Schema>> {
        let named = |name: &str| {
            let key = vec![Value::string(name)];
            let mut steps = path.steps.iter();
            steps.any(|step| step.select == Select::Keys(key.clone()))
        };
        let device = self.0.iter().find(|(name, _)| named(name));
        device.map(|(_, schema)| schema.clone())
    }
}

// Rule 63.
#[test]
fn each_mount_point_has_the_schema_of_its_entry_wherever_json_has_the_key() {
    let mounts = ByName(vec![
        ("d", schema_of("leaf a { type uint8; }")),
        ("e", schema_of("leaf a { type boolean; }")),
    ]);
    let options = ParseOptions {
        mounts: Some(&mounts),
        ..ParseOptions::default()
    };
    let json = "{\"t:device\":[{\"config\":{\"t:a\":7},\"name\":\"d\"},{\"name\":\"e\",\"config\":{\"t:a\":true}}]}";
    let tree = json::parse_data(&outer(), json.as_bytes(), &options).unwrap();
    let read = |xml: &str| parse_data(&outer(), xml.as_bytes(), &options);
    assert_eq!(read(&to_xml(&tree)), Ok(tree));
    let swapped = json.replace("\"d\"", "\"e\"");
    let refused = json::parse_data(&outer(), swapped.as_bytes(), &options).unwrap_err();
    assert_eq!(
        shown(&refused),
        ["InvalidValue /t:device[name='e']/config/t:a -"]
    );
    let lines = set::parse_data(&outer(), b"set t:device e config t:a 7", &options);
    assert_eq!(
        shown(&lines.unwrap_err()),
        ["InvalidValue /t:device[name='e']/config/t:a -"]
    );
    // XML has keys first (RFC 7950 7.8.5).
    let refused = read("<device xmlns='urn:t'><config><a>7</a></config><name>d</name></device>");
    assert_eq!(
        shown(&refused.unwrap_err()),
        ["MissingElement /t:device/config -"]
    );
}

// Rule 63.
#[test]
fn names_of_mounted_data_begin_at_a_root_of_their_own() {
    let mounts = Device(schema_of("container c { leaf a { type string; } }"));
    let options = ParseOptions {
        mounts: Some(&mounts),
        ..ParseOptions::default()
    };
    let outside = "{\"t:device\":[{\"name\":\"d\",\"config\":{\"t:top\":\"x\"}}]}";
    let refused = json::parse_data(&outer(), outside.as_bytes(), &options).unwrap_err();
    assert_eq!(
        shown(&refused),
        ["UnknownElement /t:device[name='d']/config -"]
    );
    // RFC 7951 4: with the module's name, though the mount point is of the same one.
    let unnamed = "{\"t:device\":[{\"name\":\"d\",\"config\":{\"c\":{}}}]}";
    assert!(json::parse_data(&outer(), unnamed.as_bytes(), &options).is_err());
}
