//! What a difference is, what it costs, and that it leads there and back.

use proptest::prelude::*;

use super::*;
use crate::btree::steps;
use crate::document::{Holds, Layout, ParseOptions, PrintOptions};
use crate::edit::{Edit, Operation};
use crate::node::Tree;
use crate::testmodel::{Random, Recursive, annotated, changed, path, random_tree, schema};
use crate::{json, xml};

fn set(tree: &Tree, at: &str, value: Option<Value>) -> Tree {
    let at = path(tree.schema(), at);
    Edit::at_path(tree, &at, Operation::Merge, value, None, tree)
        .and_then(|edit| edit.apply(tree))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn unset(tree: &Tree, at: &str) -> Tree {
    let at = path(tree.schema(), at);
    Edit::at_path(tree, &at, Operation::Delete, None, None, tree)
        .and_then(|edit| edit.apply(tree))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn string(text: &str) -> Option<Value> {
    Some(Value::string(text))
}

/// Two trees that share some of their nodes, often with annotations.
fn two_trees(schema: &Arc<Schema>, random: &mut Random) -> (Tree, Tree) {
    let mut old = random_tree(schema, random);
    if random.chance(30) {
        old = annotated(&old, random);
    }
    let mut new = changed(&old, random);
    if random.chance(30) {
        new = annotated(&new, random);
    }
    (old, new)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_difference_leads_there_and_its_reverse_leads_back(seed in 1u64..) {
        let schema = schema();
        let mut random = Random(seed);
        let (old, new) = two_trees(&schema, &mut random);
        let (old_copy, new_copy) = (format!("{old:?}"), format!("{new:?}"));
        let changes = diff(&old, &new);
        prop_assert_eq!(changes.is_empty(), old == new);
        let there = changes.apply(&old).unwrap();
        prop_assert_eq!(&there, &new);
        prop_assert!(diff(&there, &new).is_empty());
        let back = changes.reverse().apply(&new).unwrap();
        prop_assert_eq!(&back, &old);
        prop_assert_eq!(diff(&new, &old).count(), changes.count());
        // Snapshots are as they were.
        prop_assert_eq!(old_copy, format!("{old:?}"));
        prop_assert_eq!(new_copy, format!("{new:?}"));
    }

    #[test]
    fn the_edit_of_a_difference_makes_it_too(seed in 1u64..) {
        let schema = schema();
        let mut random = Random(seed);
        let (old, new) = two_trees(&schema, &mut random);
        let changes = diff(&old, &new);
        let exact = changes.to_edit(EditForm::Exact).apply(&old);
        prop_assert_eq!(exact.as_ref().map_err(ToString::to_string), Ok(&new), "{}", changes);
        let tolerant = changes.to_edit(EditForm::Tolerant).apply(&old);
        prop_assert_eq!(tolerant.as_ref().map_err(ToString::to_string), Ok(&new));
    }

    #[test]
    fn an_equal_tree_is_reshared_to_the_same_pointers(seed in 1u64..) {
        let schema = schema();
        let old = random_tree(&schema, &mut Random(seed));
        let loaded = random_tree(&schema, &mut Random(seed));
        prop_assert!(loaded.root().slots().is_empty() || !loaded.ptr_eq(&old));
        prop_assert!(loaded.reshared(&old).root().slots().iter().zip(old.root().slots())
            .all(|(a, b)| a.content.ptr_eq(&b.content)));
    }
}

/// The configuration of a tree, without anydata, which does not come out of XML as it came from JSON.
fn configuration(tree: &Tree) -> Tree {
    fn strip(json: &mut serde_json::Value) {
        if let Some(members) = json.as_object_mut() {
            members.retain(|name, _| name.trim_start_matches("acme:") != "blob");
            members.values_mut().for_each(strip);
        }
        json.as_array_mut().into_iter().flatten().for_each(strip);
    }
    let shown = PrintOptions {
        shows: Holds::Config,
        ..PrintOptions::default()
    };
    let mut json = Vec::new();
    json::print(tree, &shown, &mut json).unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    strip(&mut json);
    let mounts = Recursive(tree.schema().clone());
    let options = ParseOptions {
        mounts: Some(&mounts),
        ..ParseOptions::default()
    };
    json::parse_data(tree.schema(), json.to_string().as_bytes(), &options).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_edit_config_of_a_difference_makes_it(seed in 1u64..) {
        let mut random = Random(seed);
        let old = configuration(&random_tree(&schema(), &mut random));
        let new = configuration(&changed(&old, &mut random));
        let mut edit = diff(&old, &new).to_edit(EditForm::Exact);
        edit.root.operation = Operation::Merge;
        let mut document = Vec::new();
        xml::print_edit_wrapped(&edit, Layout::Compact, &mut document).unwrap();
        let document = String::from_utf8(document).unwrap();
        prop_assert!(!document.contains("\"none\""), "{}", document);
        let mounts = Recursive(old.schema().clone());
        let options = ParseOptions { mounts: Some(&mounts), ..ParseOptions::default() };
        let read = xml::parse_edit(old.schema(), document.as_bytes(), Operation::Merge, &options);
        let made = read.map_err(|errors| errors[0].to_string())
            .and_then(|edit| edit.apply(&old).map_err(|error| error.to_string()));
        prop_assert_eq!(made, Ok(new), "{}", document);
    }
}

/// `/interfaces` with many entries.
fn large(entries: u64) -> Tree {
    let schema = schema();
    let list = crate::testmodel::id(&schema, "/interfaces/interface");
    let (key, mtu) = (schema.node(list).keys()[0], schema.data_children(list)[1]);
    let leaf = |id, value| crate::Slot {
        id,
        content: Content::Leaf(value),
    };
    let entries = (0..entries).map(|number| {
        let name = Value::string(&format!("eth{number:07}"));
        Node::new(list, vec![leaf(key, name), leaf(mtu, Value::Uint(number))])
    });
    let list_content = crate::List::from_entries(entries.collect(), 1, Default::default())
        .map(Content::List)
        .unwrap_or_else(|error| panic!("{error}"));
    let slot = |id, content| crate::Slot { id, content };
    let interfaces = crate::testmodel::id(&schema, "/interfaces");
    let container = Node::new(interfaces, vec![slot(list, list_content)]);
    let root = Node::new(
        SchemaId::ROOT,
        vec![slot(interfaces, Content::Container(container))],
    );
    Tree::new(schema, root)
}

#[test]
fn one_changed_leaf_among_a_hundred_thousand_entries_costs_a_path() {
    let old = large(100_000);
    let at = "/interfaces/interface{eth0077777}/mtu";
    let (new, edit_steps) = steps::of(|| set(&old, at, Some(Value::Uint(1))));
    assert!(
        edit_steps <= 40,
        "{edit_steps} branches visited by the edit"
    );
    let (changes, steps) = steps::of(|| diff(&old, &new));
    assert!(steps <= 10, "{steps} branches visited by the difference");
    assert_eq!(changes.count(), 1);
    let (same, steps) = steps::of(|| changes.apply(&old));
    assert!(steps <= 20, "{steps} branches visited by applying it");
    assert_eq!(same.as_ref(), Ok(&new));
}

#[test]
fn people_read_a_difference_as_marked_lines() {
    let tree = Tree::empty(schema());
    let old = set(
        &tree,
        "/interfaces/interface{eth0}/mtu",
        Some(Value::Uint(1500)),
    );
    let old = set(&old, "/interfaces/interface{gone}/tag", string("x"));
    let old = set(&old, "/acl/rule{a}", None);
    let old = set(&old, "/acl/rule{\"b c\"}", None);
    let new = set(
        &old,
        "/interfaces/interface{eth0}/mtu",
        Some(Value::Uint(9000)),
    );
    let new = set(
        &new,
        "/interfaces/interface{new}/ipv4/address{10.0.0.1 80}",
        None,
    );
    let new = unset(&new, "/interfaces/interface{gone}");
    let first = Edit::at_path(
        &new,
        &path(new.schema(), "/acl/rule{\"b c\"}"),
        Operation::Merge,
        None,
        Some(crate::list::At::First),
        &new,
    );
    let new = first
        .and_then(|edit| edit.apply(&new))
        .expect("b c is there");
    let new = set(&new, "/system/hostname", string("two words"));
    insta::assert_snapshot!(diff(&old, &new), @r#"
+system {
+  hostname "two words";
+}
 interfaces {
   interface eth0 {
-    mtu 1500;
+    mtu 9000;
   }
-  interface gone {
-    tag x;
-  }
+  interface new {
+    ipv4 {
+      address 10.0.0.1 80;
+    }
+  }
 }
 acl {
~  rule "b c": moved to the front
 }
"#);
    assert_eq!(diff(&old, &old).to_string(), "");
}

#[test]
fn a_walk_names_every_change_by_its_path() {
    let tree = Tree::empty(schema());
    let old = set(
        &tree,
        "/interfaces/interface{eth0}/mtu",
        Some(Value::Uint(1)),
    );
    let new = set(
        &old,
        "/interfaces/interface{eth0}/mtu",
        Some(Value::Uint(2)),
    );
    let mut seen = Vec::new();
    diff(&old, &new).walk(|_, at, _| {
        seen.push(crate::path::json::print(new.schema(), at, &new).unwrap_or_default());
        Descend::Into
    });
    assert_eq!(
        seen,
        [
            "/acme:interfaces",
            "/acme:interfaces/interface[name='eth0']",
            "/acme:interfaces/interface[name='eth0']/mtu"
        ]
    );
}

#[test]
fn a_change_set_that_does_not_fit_is_refused_with_the_path() {
    let tree = Tree::empty(schema());
    let old = set(
        &tree,
        "/interfaces/interface{eth0}/mtu",
        Some(Value::Uint(1)),
    );
    let new = set(
        &old,
        "/interfaces/interface{eth0}/mtu",
        Some(Value::Uint(2)),
    );
    let error = diff(&old, &new)
        .apply(&new)
        .expect_err("it is done already");
    assert_eq!(
        error.path.to_string(),
        "/acme:interfaces/interface[name='eth0']/mtu"
    );
    assert!(diff(&old, &new).apply(&tree).is_err());
}
