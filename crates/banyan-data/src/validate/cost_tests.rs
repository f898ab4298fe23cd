//! What incremental validation costs where the indexes are asked: counts, exactly.

use std::sync::Arc;

use banyan_yang::schema::{OrderedBy, Schema, SchemaId};

use super::{Counters, Indexes, Mounts, Options, changed, settle};
use crate::change::diff;
use crate::list::List;
use crate::node::{Content, Node, Slot, Tree};
use crate::outline::outline;
use crate::value::Value;

/// The data node at a path of names.
fn node(schema: &Schema, path: &[&str]) -> SchemaId {
    path.iter().fold(SchemaId::ROOT, |at, name| {
        let children = schema.data_children(at).iter().copied();
        let mut found = children.filter(|id| *schema.node(*id).name == **name);
        found.next().unwrap()
    })
}

/// Entries with a key 0, 1, ... and other leaves, in the order of the schema.
fn entries(
    schema: &Schema,
    list: SchemaId,
    count: u64,
    leaves: impl Fn(u64) -> Vec<Value>,
) -> Content {
    let ids = schema.data_children(list);
    let entries = (0..count).map(|key| {
        let values = std::iter::once(Value::Uint(key)).chain(leaves(key));
        let slots = ids.iter().zip(values).map(|(id, value)| Slot {
            id: *id,
            content: Content::Leaf(value),
        });
        Node::new(list, slots.collect())
    });
    Content::List(List::from_entries(entries.collect(), 1, OrderedBy::System).unwrap())
}

fn tree(schema: &Arc<Schema>, lists: &[(&str, Content)]) -> Tree {
    let slots = lists.iter().map(|(name, content)| Slot {
        id: node(schema, &[name]),
        content: content.clone(),
    });
    Tree::new(schema.clone(), Node::new(SchemaId::ROOT, slots.collect()))
}

/// The tree without an entry of a list, or with a leaf in one changed.
fn edited(tree: &Tree, list: &str, key: u64, leaf: Option<(&str, u64)>) -> Tree {
    let schema = tree.schema();
    let id = node(schema, &[list]);
    let Some(Content::List(entries)) = tree.root().get(id) else {
        panic!("no list {list}");
    };
    let key = [Value::Uint(key)];
    let entries = match leaf {
        None => entries.without(&key),
        Some((leaf, value)) => {
            let leaf = node(schema, &[list, leaf]);
            let value = Content::Leaf(Value::Uint(value));
            let entry = entries.get(&key).unwrap().with_child(leaf, Some(value));
            Some(entries.with_entry(entry))
        }
    };
    tree.with_root(tree.root().with_child(id, entries.map(Content::List)))
}

/// The errors after a change of valid data, and what finding them cost.
fn cost(before: &Tree, after: &Tree) -> (Vec<String>, Counters) {
    let indexes = Indexes::of(before, Mounts::Skip).after(before, after);
    let report = changed(&diff(before, after), after, &indexes, &Options::default());
    let paths = report.errors.iter().map(|error| error.path.to_string());
    (paths.collect(), report.counters)
}

#[test]
fn removing_a_target_among_many_referrers_looks_at_those_that_refer_to_it() {
    let schema = outline(
        "
list if key=name
  leaf name type=uint32
list use key=n
  leaf n type=uint32
  leaf if type=ref path=/if/name
",
    );
    let list = |name: &str| node(&schema, &[name]);
    let referrers = |to: &dyn Fn(u64) -> u64| {
        entries(&schema, list("use"), 100_000, |n| vec![Value::Uint(to(n))])
    };
    let targets = entries(&schema, list("if"), 1000, |_| Vec::new());
    let before = tree(
        &schema,
        &[("if", targets), ("use", referrers(&|n| 1 + n % 999))],
    );
    let (errors, counters) = cost(&before, &edited(&before, "if", 0, None));
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(counters.evaluated, 0);
    assert!(counters.visited <= 2, "{counters:?}");

    let one = edited(&before, "use", 7, Some(("if", 0)));
    let (errors, counters) = cost(&one, &edited(&one, "if", 0, None));
    assert_eq!(errors, ["/t:use[n='7']/if"]);
    assert_eq!(counters.evaluated, 1);
}

#[test]
fn the_last_value_of_many_at_a_target_that_is_no_key_is_looked_up() {
    let schema = outline(
        "
list if key=name
  leaf name type=uint32
  leaf vlan type=uint32
list use key=n
  leaf n type=uint32
  leaf vlan type=ref path=/if/vlan
",
    );
    let list = |name: &str| node(&schema, &[name]);
    let targets = entries(&schema, list("if"), 20_000, |n| vec![Value::Uint(n / 2)]);
    let referrers = entries(&schema, list("use"), 20_000, |n| {
        vec![Value::Uint(n % 10_000)]
    });
    let before = tree(&schema, &[("if", targets), ("use", referrers)]);
    // Another interface has the value, too.
    let one_less = edited(&before, "if", 7, Some(("vlan", 77_777)));
    let (errors, counters) = cost(&before, &one_less);
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(counters.evaluated, 2);
    assert!(counters.visited <= 10, "{counters:?}");
    let (errors, counters) = cost(&one_less, &edited(&one_less, "if", 6, None));
    assert_eq!(errors, ["/t:use[n='3']/vlan", "/t:use[n='10003']/vlan"]);
    assert_eq!(counters.evaluated, 2);
}

#[test]
fn a_changed_entry_among_many_that_must_differ_is_looked_up() {
    let schema = outline(
        "
list l key=k unique=v
  leaf k type=uint32
  leaf v type=uint32
",
    );
    let all = entries(&schema, node(&schema, &["l"]), 10_000, |n| {
        vec![Value::Uint(n)]
    });
    let before = tree(&schema, &[("l", all)]);
    for (value, expected) in [(10_001, vec![]), (12, vec!["/t:l[k='9000']"])] {
        let after = edited(&before, "l", 9000, Some(("v", value)));
        let (errors, counters) = cost(&before, &after);
        assert_eq!(errors, expected);
        assert_eq!(counters.evaluated, 1);
        assert!(counters.visited <= 2, "{counters:?}");
    }
}

const PICKING: &str = "
list if key=name
  leaf name type=uint32
  leaf mtu type=uint32
list use key=n
  leaf n type=uint32
  leaf if type=uint32
  leaf max type=uint32 must=\"not(/if[name=current()/../if]/mtu > .)\"
  leaf more type=uint32 when=\"/if[name=current()/../if]/mtu != 3\"
";

fn picking(schema: &Arc<Schema>) -> Tree {
    let list = |name: &str| node(schema, &[name]);
    let picked = entries(schema, list("if"), 400, |_| vec![Value::Uint(1)]);
    let picks = entries(schema, list("use"), 4000, |n| {
        [n % 400, 5, 6].map(Value::Uint).to_vec()
    });
    tree(schema, &[("if", picked), ("use", picks)])
}

#[test]
fn constraints_that_pick_an_entry_by_key_are_evaluated_where_they_pick_the_changed_one() {
    let schema = outline(PICKING);
    let before = picking(&schema);
    for (mtu, errors) in [(4, 0), (6, 10)] {
        let (found, counters) = cost(&before, &edited(&before, "if", 17, Some(("mtu", mtu))));
        assert_eq!(found.len(), errors);
        // Ten entries pick the interface, each with a must and a when.
        assert_eq!(counters.evaluated, 20);
    }
    let (_, counters) = cost(&before, &edited(&before, "use", 17, Some(("if", 2))));
    assert_eq!(counters.evaluated, 2);
}

#[test]
fn settling_looks_at_conditions_that_pick_the_changed_entry() {
    let schema = outline(PICKING);
    let before = picking(&schema);
    let visited = |mtu: u64, removed: usize| {
        let after = edited(&before, "if", 17, Some(("mtu", mtu)));
        let indexes = Indexes::of(&before, Mounts::Skip).after(&before, &after);
        let settled = settle(&diff(&before, &after), &after, &indexes, 1000);
        assert_eq!(settled.removed.len(), removed);
        settled.visited
    };
    assert!(visited(4, 0) < 100);
    assert!(visited(3, 10) < 200);
}

#[test]
fn indexes_of_a_successor_share_what_did_not_change() {
    let schema = outline(PICKING);
    let before = picking(&schema);
    let indexes = Indexes::of(&before, Mounts::Skip);
    // `use` by the interface that its entries pick; interfaces by their key are in the list itself.
    assert_eq!(indexes.len(), 4000);
    let after = edited(&before, "use", 17, Some(("if", 2)));
    let (moved, steps) = crate::btree::steps::of(|| indexes.after(&before, &after));
    assert_eq!(moved, Indexes::of(&after, Mounts::Skip));
    assert!(steps < 30, "{steps} branches visited");
    let unrelated = edited(&before, "if", 17, Some(("mtu", 2)));
    let (_, steps) = crate::btree::steps::of(|| indexes.after(&before, &unrelated));
    assert_eq!(steps, 0);
}

#[test]
fn nothing_is_kept_where_a_schema_asks_for_nothing() {
    let schema = outline("list if key=name\n  leaf name type=uint32\n  leaf mtu type=uint32");
    let list = node(&schema, &["if"]);
    let all = entries(&schema, list, 1000, |n| vec![Value::Uint(n)]);
    let tree = tree(&schema, &[("if", all)]);
    let (indexes, steps) = crate::btree::steps::of(|| Indexes::of(&tree, Mounts::Validate));
    assert!(indexes.is_empty());
    assert_eq!(steps, 0);
}
