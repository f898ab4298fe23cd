//! How errors read, what validation costs, and what the tests by rule (`tests/it/rules`) leave out.

use super::{Indexes, Mounts, Options, Report, changed, full, settle_all};
use crate::change::diff;
use crate::error::ErrorKind;
use crate::node::Tree;
use crate::outline::{data, outline};
use crate::path::InstancePath;
use crate::view::Scope;

fn report(model: &str, xml: &str) -> Report {
    let schema = outline(model);
    full(&data(&schema, xml), &Options::default())
}

/// Kind and path of each error.
fn errors(model: &str, xml: &str) -> Vec<String> {
    let report = report(model, xml);
    let shown = report.errors.iter().map(|error| {
        let tag = error.app_tag.as_deref().unwrap_or("-");
        format!("{:?} {} {tag}", error.kind, error.path)
    });
    shown.collect()
}

#[track_caller]
fn valid(model: &str, xml: &str) {
    assert_eq!(errors(model, xml), Vec::<String>::new(), "{xml}");
}

#[track_caller]
fn invalid(model: &str, xml: &str, expected: &[&str]) {
    assert_eq!(errors(model, xml), expected, "{xml}");
}

#[test]
fn a_must_that_fails_shows_text_place_and_values() {
    let model = r#"
container ifs
  leaf max-frame type=uint32
  list if key=name
    leaf name
    leaf mtu type=uint32 must=". >= 68 and . <= ../../max-frame"
"#;
    valid(
        model,
        "<ifs><max-frame>1518</max-frame><if><name>a</name><mtu>100</mtu></if></ifs>",
    );
    let report = report(
        model,
        "<ifs><max-frame>1518</max-frame><if><name>eth0</name><mtu>9000</mtu></if></ifs>",
    );
    assert_eq!(
        report.errors[0].report(None, |_| "t.yang:41:7".to_owned()),
        "error: must constraint is not met
  path: /t:ifs/if[name='eth0']/mtu
  must: \". >= 68 and . <= ../../max-frame\"  (t.yang:41:7)
  with: . = 9000, ../../max-frame = 1518"
    );
    assert_eq!(report.errors[0].app_tag.as_deref(), Some("must-violation"));
}

#[test]
fn a_leafref_needs_its_target() {
    let model = "
container ifs
  list if key=name
    leaf name
    leaf alias default=none
    leaf-list tag
leaf name type=ref path=/ifs/if/name
leaf alias type=ref path=../ifs/if/alias
leaf tag type=ref path=../ifs/if/tag
leaf own type=ref path=/ifs/if[name=current()/../name]/alias
";
    let ifs =
        "<ifs><if><name>a</name><tag>x</tag></if><if><name>b</name><alias>bb</alias></if></ifs>";
    valid(
        model,
        &format!("{ifs}<name>a</name><alias>bb</alias><tag>x</tag><own>none</own>"),
    );
    valid(
        model,
        &format!("{ifs}<name>b</name><alias>none</alias><own>bb</own>"),
    );
    invalid(
        model,
        &format!("{ifs}<name>c</name><alias>cc</alias><tag>y</tag><own>bb</own>"),
        &[
            "InstanceRequired /t:name instance-required",
            "InstanceRequired /t:alias instance-required",
            "InstanceRequired /t:tag instance-required",
            "InstanceRequired /t:own instance-required",
        ],
    );
}

#[test]
fn a_union_falls_through_a_leafref_without_target() {
    let model = "list l key=k\n  leaf k\nleaf u type=union path=/l/k";
    valid(model, "<l><k>a</k></l><u>a</u>");
    valid(model, "<u>a</u>");
}

#[test]
fn an_instance_identifier_needs_its_instance() {
    let model = "list l key=k\n  leaf k\n  leaf v default=1\nleaf at type=instance";
    let at = |key: &str| format!("<l><k>a</k></l><at>/t:l[t:k='{key}']/t:v</at>");
    valid(model, &at("a"));
    invalid(
        model,
        &at("b"),
        &["InstanceRequired /t:at instance-required"],
    );
}

#[test]
fn data_whose_when_is_false_are_an_error() {
    let model = "
leaf mode
leaf a when=\"../mode = 'x'\"
choice c when-parent=\"mode = 'x'\"
  case one
    leaf b
  case two when-parent=\"mode = 'y'\"
    leaf d
";
    valid(model, "<mode>x</mode><a>1</a><b>1</b>");
    invalid(
        model,
        "<mode>z</mode><a>1</a><b>1</b>",
        &["WhenViolation /t:a -", "WhenViolation /t:b -"],
    );
    invalid(model, "<mode>x</mode><d>1</d>", &["WhenViolation /t:d -"]);
    let report = report(model, "<mode>z</mode><a>1</a>");
    let constraint = report.errors[0].constraint.clone().unwrap();
    assert_eq!(constraint.to_string(), "../mode = z");
}

#[test]
fn a_value_that_repeats_is_told_once() {
    let schema = outline("leaf-list s state type=uint32 must=\". < 2\"");
    let tree = data(&schema, "<s>3</s><s>1</s><s>3</s><s>4</s>");
    let options = Options {
        scope: Scope::All,
        ..Options::default()
    };
    let report = full(&tree, &options);
    let paths = report.errors.iter().map(|error| error.path.to_string());
    assert_eq!(paths.collect::<Vec<_>>(), ["/t:s[.='3']", "/t:s[.='4']"]);
    // As after a change, which looks at each value once.
    let before = data(&schema, "<s>1</s>");
    let indexes = Indexes::of(&before, Mounts::Validate).after(&before, &tree);
    let found = changed(&diff(&before, &tree), &tree, &indexes, &options);
    assert_eq!(found.errors, report.errors);
}

#[test]
fn state_is_no_configuration() {
    let model = "leaf s state must=\"not(../c)\"\nleaf c";
    invalid(model, "<s>1</s>", &["NotConfig /t:s -"]);
    let schema = outline(model);
    let options = Options {
        scope: Scope::All,
        ..Options::default()
    };
    let report = full(&data(&schema, "<s>1</s><c>1</c>"), &options);
    assert_eq!(report.errors[0].kind, ErrorKind::MustViolation);
}

#[test]
fn the_input_of_an_rpc_sees_the_datastore_and_itself() {
    let model = "
list l key=k
  leaf k
rpc op
  input input
    leaf to type=ref path=/l/k
    leaf n type=uint32 must=\". < 10 and ../to and /op/to\"
    leaf m mandatory
";
    let schema = outline(model);
    let datastore = data(&schema, "<l><k>a</k></l>");
    let input = schema
        .nodes()
        .find(|(_, node)| &*node.name == "input")
        .unwrap()
        .0;
    let check = |to: &str, n: u64, m: bool| {
        use crate::node::{Content, Node, Slot};
        use crate::value::Value;
        let ids = &schema.data_children(input);
        let mut slots = vec![
            Slot {
                id: ids[0],
                content: Content::Leaf(Value::string(to)),
            },
            Slot {
                id: ids[1],
                content: Content::Leaf(Value::Uint(n)),
            },
        ];
        if m {
            slots.push(Slot {
                id: ids[2],
                content: Content::Leaf(Value::string("")),
            });
        }
        let tree = Tree::new(schema.clone(), Node::new(input, slots));
        let path = InstancePath::default();
        let options = Options {
            scope: Scope::All,
            datastore: Some((&datastore, &path)),
            ..Options::default()
        };
        let report = full(&tree, &options);
        let shown = report
            .errors
            .iter()
            .map(|error| format!("{:?} {}", error.kind, error.path));
        shown.collect::<Vec<_>>()
    };
    assert_eq!(check("a", 1, true), Vec::<String>::new());
    assert_eq!(
        check("b", 11, false),
        [
            "InstanceRequired /t:op/to",
            "MustViolation /t:op/n",
            "MissingElement /t:op/m"
        ]
    );
}

#[test]
fn what_a_when_forbids_is_taken_out_in_order_of_dependency() {
    let model = "
leaf mode
leaf a when=\"../mode = 'x'\"
leaf b when=\"../a\"
leaf c when=\"not(../b)\"
container d when=\"../b\"
  leaf e
list l key=k when=\"k != 'z'\"
  leaf k
  leaf v when=\"../../mode\"
";
    let schema = outline(model);
    let all = "<a>1</a><b>1</b><c>1</c><d><e>1</e></d><l><k>y</k><v>1</v></l><l><k>z</k></l>";
    let (tree, removed) = settle_all(&data(&schema, all), 10_000);
    assert_eq!(tree, data(&schema, "<c>1</c><l><k>y</k></l>"));
    assert_eq!(removed.len(), 5, "{removed:?}");
    assert!(full(&tree, &Options::default()).is_valid());
    let kept = data(
        &schema,
        &format!(
            "<mode>x</mode>{}",
            all.replace("<c>1</c>", "").replace("<l><k>z</k></l>", "")
        ),
    );
    let (tree, removed) = settle_all(&kept, 10_000);
    assert!(tree.ptr_eq(&kept) && removed.is_empty());
}

#[test]
fn many_leafrefs_cost_a_look_up_each() {
    let model = "
container ifs
  list if key=name
    leaf name
    leaf alias
list use key=n
  leaf n type=uint32
  leaf if type=ref path=/ifs/if/name
  leaf alias type=ref path=/ifs/if/alias
";
    let schema = outline(model);
    let mut xml = String::from("<ifs>");
    for number in 0..2000 {
        xml += &format!("<if><name>n{number}</name><alias>a{number}</alias></if>");
    }
    xml += "</ifs>";
    for number in 0..2000 {
        xml += &format!("<use><n>{number}</n><if>n{number}</if><alias>a{number}</alias></use>");
    }
    let report = full(&data(&schema, &xml), &Options::default());
    assert!(report.is_valid());
    assert_eq!(report.counters.evaluated, 4000);
    assert!(report.counters.visited < 50_000, "{:?}", report.counters);
}

#[test]
fn subtrees_without_constraints_are_not_visited() {
    let model = "container a\n  list l key=k\n    leaf k\n    container c\n      leaf v\nleaf m must=\"true()\"";
    let schema = outline(model);
    let entries = (0..500).map(|key| format!("<l><k>{key}</k><c><v>1</v></c></l>"));
    let xml = format!("<a>{}</a><m>1</m>", entries.collect::<String>());
    let report = full(&data(&schema, &xml), &Options::default());
    assert!(report.counters.visited < 600, "{:?}", report.counters);
}

#[test]
fn an_expression_that_asks_for_too_much_is_an_error() {
    let model = "list l key=k must=\"count(..//*[count(../*//*) = 0]) = 0\"\n  leaf k";
    let schema = outline(model);
    let entries = (0..50).map(|key| format!("<l><k>{key}</k></l>"));
    let options = Options {
        budget: 5000,
        errors: 3,
        ..Options::default()
    };
    let report = full(&data(&schema, &entries.collect::<String>()), &options);
    assert_eq!(report.errors.len(), 3);
    for error in &report.errors {
        assert_eq!(error.kind, ErrorKind::Expression);
        assert!(error.message.contains("more than 5000 steps"), "{error}");
    }
}
