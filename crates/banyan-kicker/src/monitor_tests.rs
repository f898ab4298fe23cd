//! Monitors against change sets: keys, wildcards, and changes above and below.

use banyan_data::Slot;
use banyan_data::change::Instance;
use banyan_yang::compile::{Compiler, MemorySource};

use super::*;

fn schema() -> Arc<Schema> {
    let mut source = MemorySource::new();
    source.add(
        "module m { yang-version 1.1; namespace urn:m; prefix p;
           container sys { list ifc { key 'name unit'; leaf name { type string; } leaf unit { type uint8; }
             container hw { leaf mtu { type uint16; } } } } }",
    );
    Compiler::new(&source)
        .implement("m", None)
        .compile()
        .expect("the model compiles")
        .schema
}

fn id(schema: &Schema, path: &[&str]) -> SchemaId {
    let module = schema.module_by_name("m").expect("the module");
    path.iter().fold(SchemaId::ROOT, |at, name| {
        schema.data_child(at, module, name).expect("a node")
    })
}

fn entry(schema: &Schema, name: &str, unit: u64) -> Node {
    let leaf = |path: &[&str], value| Slot {
        id: id(schema, path),
        content: Content::Leaf(value),
    };
    let hw = Node::new(
        id(schema, &["sys", "ifc", "hw"]),
        vec![leaf(&["sys", "ifc", "hw", "mtu"], Value::Uint(1500))],
    );
    Node::new(
        id(schema, &["sys", "ifc"]),
        vec![
            leaf(&["sys", "ifc", "name"], Value::string(name)),
            leaf(&["sys", "ifc", "unit"], Value::Uint(unit)),
            Slot {
                id: id(schema, &["sys", "ifc", "hw"]),
                content: Content::Container(hw),
            },
        ],
    )
}

/// `sys` changed inside: the entry called `name` came into being.
fn created(schema: &Arc<Schema>, name: &str, unit: u64) -> ChangeSet {
    let sys = id(schema, &["sys"]);
    let entry_change = Change {
        id: id(schema, &["sys", "ifc"]),
        instance: Instance::Entry(vec![Value::string(name), Value::Uint(unit)]),
        kind: ChangeKind::Created {
            new: ChangedContent::Node(entry(schema, name, unit)),
            after: None,
        },
    };
    let inside = ChangeKind::Inside {
        old: Node::empty(sys),
        new: Node::empty(sys),
        changes: vec![entry_change],
        moved: None,
    };
    ChangeSet {
        schema: schema.clone(),
        meta: None,
        changes: vec![Change {
            id: sys,
            instance: Instance::Single,
            kind: inside,
        }],
    }
}

/// Which of the monitors match, by number.
fn matching(monitors: &[&str], changes: &ChangeSet) -> Vec<usize> {
    let parsed: Vec<Monitor> = monitors
        .iter()
        .map(|text| Monitor::parse(text).expect("a monitor"))
        .collect();
    let (trie, errors) = MonitorTrie::build(&changes.schema, &parsed);
    assert_eq!(errors, []);
    let mut numbers: Vec<usize> = trie
        .matches(changes)
        .into_iter()
        .map(|matched| matched.monitor)
        .collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn a_monitor_has_names_and_key_predicates_only() {
    let monitor = Monitor::parse("/a:b/c[k1 = 3][k2='x']/d").expect("a monitor");
    assert_eq!(monitor.steps.len(), 3);
    assert_eq!(
        monitor.steps[1].keys,
        [
            ("k1".to_owned(), "3".to_owned()),
            ("k2".to_owned(), "x".to_owned())
        ]
    );
    for wrong in [
        "b/c",
        "//c",
        "/a/*",
        "/a[1]",
        "/a[count(b) = 1]",
        "/a[b = c]",
        "/",
        "/a | /b",
        "/a/..",
    ] {
        let error = Monitor::parse(wrong).expect_err(wrong).to_string();
        assert!(
            error.contains("absolute path of data nodes"),
            "{wrong}: {error}"
        );
    }
}

#[test]
fn missing_keys_stand_for_all_entries_and_given_ones_for_theirs() {
    let schema = schema();
    let monitors = [
        "/sys/ifc",
        "/m:sys/ifc[name='a'][unit=1]",
        "/p:sys/ifc[name='a']",
        "/sys/ifc[name='b'][unit='1']",
        "/sys/ifc[unit=2]",
    ];
    assert_eq!(matching(&monitors, &created(&schema, "a", 1)), [0, 1, 2]);
    assert_eq!(matching(&monitors, &created(&schema, "b", 2)), [0, 4]);
}

#[test]
fn a_change_above_and_below_the_monitored_node_counts() {
    let schema = schema();
    let changes = created(&schema, "a", 1);
    assert_eq!(
        matching(
            &[
                "/sys",
                "/sys/ifc/hw",
                "/sys/ifc/hw/mtu",
                "/sys/ifc[name='z']/hw"
            ],
            &changes
        ),
        [0, 1, 2]
    );
}

#[test]
fn a_name_or_key_that_is_not_there_is_an_error_that_names_it() {
    let schema = schema();
    for (text, named) in [
        ("/sys/ifx", "ifx"),
        ("/sys/ifc[mame='a']", "mame"),
        ("/sys/ifc[unit='many']", "many"),
        ("/sys[a='b']", "sys"),
    ] {
        let (_, errors) = MonitorTrie::build(&schema, &[Monitor::parse(text).expect("a monitor")]);
        assert_eq!(errors.len(), 1, "{text}");
        assert!(errors[0].1.to_string().contains(named), "{}", errors[0].1);
    }
}
