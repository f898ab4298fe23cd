//! How many nodes an evaluation looks at: exactly.

use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};
use banyan_yang::xpath::Extent;

use super::{Evaluation, Names, Session, Variables, Whens, XValue, compile};
use crate::cursor::Cursor;
use crate::document::{Mounts, ParseOptions};
use crate::node::Tree;
use crate::outline::{data, outline};
use crate::path::InstancePath;
use crate::validate::{Options, full};
use crate::view::View;
use crate::xml::parse_data;

const MODEL: &str = "\
container c
  list l key=k
    leaf k type=uint32
    leaf v type=uint32
  list other key=k
    leaf k type=uint32
    leaf v type=uint32
container far
  container a
    leaf x
  container b
    list m key=k
      leaf k type=uint32
";

/// `n` entries in `l` and in `other`, whose `v` is their key.
fn model(n: u32) -> (Arc<Schema>, Tree) {
    let schema = outline(MODEL);
    let entries = |list: &str| -> String {
        let entry = |k| format!("<{list}><k>{k}</k><v>{k}</v></{list}>");
        (0..n).map(entry).collect()
    };
    let many: String = (0..n).map(|k| format!("<m><k>{k}</k></m>")).collect();
    let tree = data(
        &schema,
        &format!(
            "<c>{}{}</c><far><a><x>1</x></a><b>{many}</b></far>",
            entries("l"),
            entries("other")
        ),
    );
    (schema, tree)
}

/// The value of `text` at the node that `context` selects first, and how many nodes were looked at for it.
fn steps(n: u32, context: &str, text: &str) -> (String, u64) {
    let (schema, tree) = model(n);
    let view = View::of(&tree);
    let root = Cursor::root(&view);
    let session = Session::new(u64::MAX / 2);
    let place = compile(
        &schema,
        context,
        Names::Modules,
        SchemaId::ROOT,
        Extent::Value,
    )
    .unwrap();
    let place = Evaluation::new(&place.plan, &schema, root.clone(), &session)
        .value(&place.plan.expr, root)
        .unwrap();
    let node = place.nodes().unwrap()[0].clone();
    let expression = compile(&schema, text, Names::Modules, node.id(), Extent::Value).unwrap();
    let session = Session::new(u64::MAX / 2);
    let value = Evaluation::new(&expression.plan, &schema, node.clone(), &session)
        .value(&expression.plan.expr, node)
        .unwrap();
    let text = match &value {
        XValue::Nodes(nodes) => format!("{} nodes", nodes.len()),
        value => value.to_text(),
    };
    (text, session.visited())
}

#[track_caller]
fn check(context: &str, text: &str, value: &str, visited: impl Fn(u32) -> u32) {
    for n in [20, 200] {
        let value = value.replace('n', &n.to_string());
        let value = value.replace(&format!(" {n}odes"), " nodes");
        assert_eq!(
            steps(n, context, text),
            (value, u64::from(visited(n))),
            "{text} with {n}"
        );
    }
}

#[test]
fn what_does_not_depend_on_the_node_is_computed_once() {
    // /c and its entries, one leaf of each; /c and the other entries, once.
    check("/", "/c/l[v = count(/c/other)]", "0 nodes", |n| {
        1 + n + n + 1 + n
    });
    // Of the three paths inside, each is followed once.
    check(
        "/",
        "/c/l[v < sum(/c/other/v) and v != count(/c/l)]",
        "n nodes",
        |n| 1 + n + 2 * n + (1 + n + n) + (1 + n),
    );
    // The values of the other entries are gathered once, and looked up.
    check("/", "/c/l[v = /c/other/v]", "n nodes", |n| {
        1 + n + n + 1 + n + n
    });
    check("/c", "l[v = current()/other[1]/k]", "1 nodes", |n| {
        n + n + 2
    });
}

#[test]
fn sets_compare_in_linear_time() {
    for (op, value) in [("=", "true"), ("!=", "true"), ("<", "true"), (">=", "true")] {
        let text = format!("boolean(c/l/v[. > -1] {op} c/other/v)");
        let (result, visited) = steps(200, "/", &text);
        assert_eq!(result, value, "{text}");
        assert!(visited <= 2 * (1 + 200 + 200), "{text}: {visited}");
    }
    check(
        "/",
        "c/l/v + 1000 > 0 and c/l/v = c/l[v > 1000]/v",
        "false",
        |n| {
            // The number of the first; then all of the right and, for want of any there, all of the left.
            (1 + n + n) + (1 + n + n) + (1 + n + n)
        },
    );
}

#[test]
fn positions_look_at_what_they_ask_for() {
    check("/", "/c/l[1]", "1 nodes", |_| 2);
    check("/", "/c/l[position() = 3]/v", "1 nodes", |_| 1 + 3 + 1);
    check("/", "/c/l[last()]", "1 nodes", |_| 2);
    check("/", "/c/l[v > 5][2]", "1 nodes", |_| 1 + 8 + 8);
    check("/", "/c/l[v < 5][last()]/k", "1 nodes", |n| {
        1 + 2 * (n - 4) + 1
    });
    check("/", "/c/l[position() = last()][1]", "1 nodes", |_| 2);
    check("/c/l[k=10]", "following-sibling::l[1]", "1 nodes", |_| 1);
    check("/c/l[k=10]", "preceding-sibling::l[1]/k", "1 nodes", |_| 2);
    check("/c/l[k=10]", "preceding-sibling::l[2]/k", "1 nodes", |_| 3);
    check(
        "/c/l[k=10]",
        "following-sibling::other[1]",
        "1 nodes",
        |_| 1,
    );
    check("/c/l[k=10]/v", "following::l[1]", "1 nodes", |_| 1);
    check("/c/l[k=10]/v", "preceding::k[1]", "1 nodes", |_| 1);
    // A constant that no position has ends the search at the first node.
    check("/", "/c/l[0]", "0 nodes", |_| 2);
}

#[test]
fn whether_there_is_a_node_is_known_with_the_first() {
    check("/c/l[k=10]", "boolean(following-sibling::l)", "true", |_| 1);
    check(
        "/c/l[k=10]",
        "not(preceding-sibling::l[v = 3])",
        "false",
        |_| 7 + 7,
    );
    check("/c/l[k=10]", "preceding-sibling::*/v = 8", "true", |_| {
        2 + 2
    });
    // The root, what is on the way (far, a), and the node.
    check("/", "boolean(//x)", "true", |_| 3 + 1);
    check("/", "boolean(/c/l[following::x])", "true", |_| 1 + 1 + 3);
}

#[test]
fn steps_from_many_nodes_do_not_repeat_what_one_gives() {
    let found = |text| steps(200, "/", text);
    // What follows the first follows; what precedes the last precedes; all have one parent.
    for (text, value, visited) in [
        ("count(/c/l/following-sibling::l)", "199", 1 + 200 + 199),
        ("count(/c/l/preceding-sibling::l)", "199", 1 + 200 + 199),
        ("count(/c/l/..)", "1", 1 + 200 + 1),
        ("count(/c/l/ancestor::c)", "1", 1 + 200 + 2),
        ("count(/c/l/following::m)", "200", 1 + 200 + 2 + 200),
    ] {
        assert_eq!(found(text), (value.to_owned(), visited), "{text}");
    }
}

#[test]
fn subtrees_without_the_name_are_left_out() {
    // The root and what is on the way (far, a), and the node.
    check("/", "//x", "1 nodes", |_| 3 + 1);
    check("/", "descendant::x", "1 nodes", |_| 3);
    check("/c/l[1]", "following::x", "1 nodes", |_| 3);
    check("/", "//nothing", "0 nodes", |_| 1);
}

/// Instances of a list whose `must` counts another of 500 entries.
fn counting(instances: u32) -> Tree {
    let schema = outline(
        "list l key=k must=\"count(/big/e) < 5000\"\n  leaf k\ncontainer big\n  list e key=k\n    leaf k",
    );
    let entries = (0..instances).map(|k| format!("<l><k>{k}</k></l>"));
    let counted = (0..500).map(|k| format!("<e><k>{k}</k></e>"));
    let (entries, counted): (String, String) = (entries.collect(), counted.collect());
    data(&schema, &format!("{entries}<big>{counted}</big>"))
}

#[test]
fn a_count_in_thousands_of_constraints_is_counted_once() {
    let visited = |instances: u32| {
        let report = full(&counting(instances), &Options::default());
        assert!(report.errors.is_empty());
        assert_eq!(report.counters.evaluated, u64::from(instances));
        report.counters.visited
    };
    // One more for each instance itself, and nothing else.
    assert_eq!(visited(3000) - visited(1000), 2000);
}

#[test]
fn a_count_in_the_conditions_of_defaults_is_counted_once() {
    let schema = outline(
        "list l key=k\n  leaf k\n  leaf d default=1 when=\"count(/big/e) > 5\"\ncontainer big\n  list e key=k\n    leaf k",
    );
    let visited = |instances: u32| {
        let entries: String = (0..instances)
            .map(|k| format!("<l><k>{k}</k></l>"))
            .collect();
        let counted: String = (0..500).map(|k| format!("<e><k>{k}</k></e>")).collect();
        let tree = data(&schema, &format!("{entries}<big>{counted}</big>"));
        let whens = Whens::new(1000);
        let view = View::of(&tree).with_whens(&whens);
        let list = Cursor::root(&view).children();
        let defaults = list.filter(|entry| entry.children().any(|leaf| !leaf.frame().is_stored()));
        assert_eq!(defaults.count(), instances as usize);
        whens.visited()
    };
    // The container, and the entries in it.
    assert_eq!((visited(3), visited(300)), (501, 501));
}

#[test]
fn what_is_computed_once_has_a_budget_of_its_own() {
    let report = |instances, budget| {
        let options = Options {
            budget,
            ..Options::default()
        };
        full(&counting(instances), &options)
    };
    assert!(report(3, 501).errors.is_empty());
    // All of the constraints say that it is too much, and it is tried once.
    let (few, many) = (report(3, 400), report(30, 400));
    assert_eq!((few.errors.len(), many.errors.len()), (3, 30));
    assert_eq!(many.counters.visited - few.counters.visited, 27);
}

struct Same(Arc<Schema>);

impl Mounts for Same {
    fn schema_at(&self, _: &InstancePath) -> Option<Arc<Schema>> {
        Some(self.0.clone())
    }
}

#[test]
fn a_reference_in_a_mounted_tree_begins_at_its_mount_point() {
    let outer = outline(
        "list device key=name\n  leaf name\n  container config mount=1\nlist l key=k\n  leaf k\n  leaf v",
    );
    let inner = outline(
        "list l key=k\n  leaf k\n  leaf v\nleaf use type=ref path=/l/k\nleaf at type=instance",
    );
    let device = |name: &str, v: &str| {
        format!(
            "<device><name>{name}</name><config><l><k>a</k><v>{v}</v></l><use>a</use>\
             <at>/t:l[t:k='a']/t:v</at></config></device>"
        )
    };
    let xml = format!(
        "<data xmlns=\"urn:t\" xmlns:t=\"urn:t\">{}{}<l><k>a</k><v>outside</v></l></data>",
        device("x", "1"),
        device("y", "2")
    );
    let mounts = Same(inner);
    let options = ParseOptions {
        mounts: Some(&mounts),
        ..ParseOptions::default()
    };
    let tree = parse_data(&outer, xml.as_bytes(), &options).unwrap();
    let view = View::of(&tree);
    let none = Variables::new();
    for (text, value) in [
        ("string(deref(/device[name='x']/config/use)/../v)", "1"),
        ("string(deref(/device[name='y']/config/use)/../v)", "2"),
        ("string(deref(/device[name='y']/config/at))", "2"),
        ("string(/l/v)", "outside"),
        ("count(//v[. = 2])", "1"),
        ("count(//v)", "3"),
    ] {
        let expression =
            compile(&outer, text, Names::Modules, SchemaId::ROOT, Extent::Value).unwrap();
        let context = super::Context::at(Cursor::root(&view), &none);
        let result = super::evaluate(&expression, &context).unwrap();
        assert_eq!(result.to_text(), value, "{text}");
    }
}
