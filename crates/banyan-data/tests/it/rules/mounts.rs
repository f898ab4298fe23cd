//! Mounted data (RFC 8528).

use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::document::{Mounts, ParseOptions};
use banyan_data::path::InstancePath;
use banyan_data::validate::{self, Options, full};
use banyan_data::xml::parse_data;
use banyan_yang::schema::Schema;

use crate::fixture::{schema, schema_of, shown, to_json};

struct Device(Arc<Schema>);

impl Mounts for Device {
    fn schema_at(&self, _: &InstancePath) -> Option<Arc<Schema>> {
        Some(self.0.clone())
    }
}

fn outer() -> Arc<Schema> {
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
