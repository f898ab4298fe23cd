//! How much is looked at: counts of instances, for those who may see all, and for those who may not.

use banyan_data::edit::Operation as Edit;

use super::*;

const MODEL: &str = "module many { namespace urn:many; prefix m;
  container top {
    list item { key id; leaf id { type uint32; } leaf value { type string; } leaf hidden { type string; } }
    list line { key id; ordered-by user; leaf id { type uint32; } leaf value { type string; } } }
  container rest { list other { key id; leaf id { type uint32; } } } }";

const ENTRIES: u32 = 2000;

fn tree() -> Tree {
    let schema = schema(&[MODEL]);
    let mut text = String::from("<top xmlns='urn:many'>");
    for id in 0..ENTRIES {
        text.push_str(&format!(
            "<item><id>{id}</id><value>v</value><hidden>h</hidden></item>"
        ));
    }
    text.push_str("</top><rest xmlns='urn:many'>");
    for id in 0..ENTRIES {
        text.push_str(&format!("<other><id>{id}</id></other>"));
    }
    text.push_str("</rest>");
    data(&schema, &text)
}

fn edited(tree: &Tree, text: &str) -> Tree {
    let edit = xml::parse_edit(
        tree.schema(),
        text.as_bytes(),
        Edit::Merge,
        &ParseOptions::default(),
    );
    edit.unwrap().apply(tree).unwrap()
}

#[test]
fn who_may_see_all_shares_the_tree() {
    let tree = tree();
    let (seen, visited) = alice(CLOSED, &["all * - * permit"]).readable_counted(&tree);
    assert!(seen.ptr_eq(&tree));
    assert_eq!(visited, 0);
    // Only /nacm is denied by default, and it is not there.
    let (seen, visited) = alice(DEFAULTS, &[]).readable_counted(&tree);
    assert!(seen.ptr_eq(&tree));
    assert!(visited <= 2, "{visited}");
}

#[test]
fn entries_that_rules_name_are_looked_up() {
    let tree = tree();
    let one = alice(DEFAULTS, &["no * /many:top/item[id='7'] read deny"]);
    let (seen, visited) = one.readable_counted(&tree);
    assert!(visited < 10, "{visited}");
    assert!(!shown(&seen).contains("<id>7</id><value>"));
    assert!(shown(&seen).contains("<id>8</id><value>"));
    let two = alice(
        CLOSED,
        &[
            "yes * /many:top/item[id='7'] read permit",
            "more * /many:top/item[id='3'] read permit",
        ],
    );
    let (seen, visited) = two.readable_counted(&tree);
    assert!(visited < 10, "{visited}");
    assert_eq!(
        shown(&seen),
        "<top xmlns=\"urn:many\"><item><id>3</id><value>v</value><hidden>h</hidden></item><item><id>7</id><value>v</value><hidden>h</hidden></item></top>"
    );
}

#[test]
fn after_a_commit_only_what_changed_is_looked_at() {
    let tree = tree();
    let subject = alice(DEFAULTS, &["no * /many:top/item/hidden read deny"]);
    let (seen, visited) = subject.readable_counted(&tree);
    assert!(visited >= u64::from(ENTRIES), "{visited}");
    assert!(!shown(&seen).contains("hidden"));
    let (_, again) = subject.readable_counted(&tree);
    assert_eq!(again, 0, "it is kept");
    let next = edited(
        &tree,
        "<top xmlns='urn:many'><item><id>5</id><value>w</value><hidden>x</hidden></item><item><id>9999</id><hidden>y</hidden></item></top>",
    );
    let (seen, visited) = subject.readable_counted(&next);
    assert!(visited < 20, "{visited}");
    let anew = alice(DEFAULTS, &["no * /many:top/item/hidden read deny"]);
    assert_eq!(seen, anew.readable(&next));
    assert!(shown(&seen).contains("<id>5</id><value>w</value></item>"));
}

#[test]
fn a_write_costs_the_change_and_not_the_rules() {
    let tree = tree();
    let next = edited(
        &tree,
        "<top xmlns='urn:many'><item><id>5</id><value>w</value></item></top>",
    );
    let changes = banyan_data::change::diff(&tree, &next);
    let mut rules: Vec<String> = (0..500)
        .map(|id| format!("r{id} * /many:top/item[id='{id}'] update permit"))
        .collect();
    rules.push("no * - * deny".to_owned());
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let subject = alice(DEFAULTS, &rules);
    assert!(subject.denied(&changes).is_empty());
    let place = subject.along(&tree, &at(&tree, "/many:top/item[id='5']")).0;
    assert_eq!(place.covered_by(), 1, "of 501 rules one is met");
}

/// One schema wherever something may be mounted.
struct Everywhere(Arc<Schema>);

impl banyan_data::document::Mounts for Everywhere {
    fn schema_at(&self, _: &InstancePath) -> Option<Arc<Schema>> {
        Some(self.0.clone())
    }
}

const DEVICES: &str = "module devices { yang-version 1.1; namespace urn:devices; prefix d;
  import ietf-yang-schema-mount { prefix yangmnt; }
  container devices { list device { key name; leaf name { type string; }
    container config { yangmnt:mount-point root; } } } }";

const DEVICE: &str = "module box { namespace urn:box; prefix b;
  import ietf-netconf-acm { prefix nacm; }
  container sys { leaf name { type string; } leaf mtu { type uint16; } }
  container keys { nacm:default-deny-all; leaf key { type string; } } }";

#[test]
fn paths_of_rules_go_on_below_a_mount_point() {
    let schema = schema(&[DEVICES]);
    let mounts = Everywhere(super::schema(&[DEVICE]));
    let options = ParseOptions {
        mounts: Some(&mounts),
        ..ParseOptions::default()
    };
    let device = |name: &str| {
        format!(
            "<device><name>{name}</name><config><sys xmlns='urn:box'><name>{name}</name><mtu>9</mtu></sys><keys xmlns='urn:box'><key>k</key></keys></config></device>"
        )
    };
    let text = format!(
        "<devices xmlns='urn:devices'>{}{}</devices>",
        device("a"),
        device("b")
    );
    let tree = xml::parse_data(&schema, text.as_bytes(), &options).unwrap();
    let seen = |defaults, rules: &[&str]| shown(&alice(defaults, rules).readable(&tree));
    // The schema that is mounted says nacm:default-deny-all.
    let by_default = seen(DEFAULTS, &[]);
    assert_eq!(by_default.matches("<mtu>").count(), 2);
    assert!(!by_default.contains("keys"), "{by_default}");
    assert_eq!(
        seen(
            CLOSED,
            &["m * /devices:devices/device[name='b']/config/box:sys/mtu read permit"]
        ),
        "<devices xmlns=\"urn:devices\"><device><name>b</name><config><sys xmlns=\"urn:box\"><mtu>9</mtu></sys></config></device></devices>"
    );
    let all = seen(
        CLOSED,
        &[
            "k * /devices:devices/device/config/b:keys read permit",
            "s box - read permit",
        ],
    );
    assert_eq!(all.matches("<key>").count(), 2, "{all}");
    assert_eq!(all.matches("<mtu>").count(), 2, "{all}");
    let one = alice(CLOSED, &["all * - * permit"]).readable_counted(&tree);
    assert!(one.0.ptr_eq(&tree) && one.1 == 0);

    // The same for writes.
    let edit = "<devices xmlns='urn:devices'><device><name>a</name><config><sys xmlns='urn:box'><mtu>8</mtu></sys></config></device></devices>";
    let edit = xml::parse_edit(&schema, edit.as_bytes(), Edit::Merge, &options).unwrap();
    let changes = banyan_data::change::diff(&tree, &edit.apply(&tree).unwrap());
    let denied = |rules: &[&str]| alice(DEFAULTS, rules).denied(&changes).len();
    assert_eq!(denied(&[]), 1);
    assert_eq!(
        denied(&["m * /devices:devices/device[name='a']/config/box:sys update permit"]),
        0
    );
    assert_eq!(
        denied(&["m * /devices:devices/device[name='b']/config/box:sys update permit"]),
        1
    );
    assert_eq!(denied(&["m box - update permit"]), 0);
    assert_eq!(
        denied(&[
            "no box /devices:devices/device/config/sys/mtu update deny",
            "m box - update permit"
        ]),
        1
    );
}
