//! Which data are valid, and how errors read.

use super::{Options, Report, apply_whens, full};
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
        report.errors[0].report(|_| "t.yang:41:7".to_owned()),
        "error: must constraint is not met
  path: /t:ifs/if[name='eth0']/mtu
  must: \". >= 68 and . <= ../../max-frame\"  (t.yang:41:7)
  with: . = 9000, ../../max-frame = 1518"
    );
    assert_eq!(report.errors[0].app_tag.as_deref(), Some("must-violation"));
}

#[test]
fn a_must_is_evaluated_on_containers_and_defaults_in_use() {
    let container = "container c must=\"leaf\"\n  leaf leaf";
    invalid(container, "", &["MustViolation /t:c must-violation"]);
    valid(container, "<c><leaf>x</leaf></c>");
    let presence = "container c presence must=\"leaf\"\n  leaf leaf";
    valid(presence, "");
    invalid(presence, "<c/>", &["MustViolation /t:c must-violation"]);
    let default = "leaf a type=uint32 default=5 must=\". > 6\" tag=too-low";
    invalid(default, "", &["MustViolation /t:a too-low"]);
    valid(default, "<a>7</a>");
}

#[test]
fn a_must_on_a_list_is_evaluated_per_entry() {
    let model = "list l key=k must=\"v = k\"\n  leaf k\n  leaf v";
    valid(model, "<l><k>a</k><v>a</v></l>");
    invalid(
        model,
        "<l><k>a</k><v>a</v></l><l><k>b</k></l><l><k>c</k><v>a</v></l>",
        &[
            "MustViolation /t:l[k='b'] must-violation",
            "MustViolation /t:l[k='c'] must-violation",
        ],
    );
}

#[test]
fn a_mandatory_leaf_is_needed_where_its_containers_exist() {
    let model = "container a\n  container b\n    leaf m mandatory\n  container p presence\n    leaf m mandatory";
    invalid(model, "", &["MissingElement /t:a/b/m -"]);
    valid(model, "<a><b><m>x</m></b></a>");
    invalid(
        model,
        "<a><b><m>x</m></b><p/></a>",
        &["MissingElement /t:a/p/m -"],
    );
    let list = "list l key=k\n  leaf k\n  leaf m mandatory";
    valid(list, "");
    invalid(list, "<l><k>1</k></l>", &["MissingElement /t:l[k='1']/m -"]);
}

#[test]
fn a_mandatory_node_of_a_case_counts_when_the_case_has_data() {
    let model = "
choice c
  case a
    leaf m mandatory
    leaf n
  case b
    leaf o
    choice inner mandatory
      case x
        leaf x
      case y
        leaf y
";
    valid(model, "");
    valid(model, "<m>1</m>");
    invalid(model, "<n>1</n>", &["MissingElement /t:m -"]);
    invalid(model, "<o>1</o>", &["MissingChoice / missing-choice"]);
    valid(model, "<o>1</o><x>1</x>");
}

#[test]
fn a_mandatory_choice_needs_one_case_and_no_choice_has_two() {
    let model =
        "container top\n  choice c mandatory\n    case a\n      leaf a\n    case b\n      leaf b";
    invalid(model, "", &["MissingChoice /t:top missing-choice"]);
    valid(model, "<top><a>1</a></top>");
    invalid(
        model,
        "<top><a>1</a><b>1</b></top>",
        &["SeveralCases /t:top -"],
    );
}

#[test]
fn the_default_case_is_in_use_until_another_case_has_data() {
    let model = "
choice c default-case=a
  case a
    leaf a default=1 must=\"false()\"
  case b
    leaf b
    leaf d default=2 must=\"false()\"
";
    invalid(model, "", &["MustViolation /t:a must-violation"]);
    invalid(model, "<b>1</b>", &["MustViolation /t:d must-violation"]);
}

#[test]
fn entries_are_counted() {
    let model = "container c presence\n  list l key=k min=2 max=3\n    leaf k\n  leaf-list s max=1";
    valid(model, "");
    let entries = |count: u32| {
        let entries = (0..count).map(|key| format!("<l><k>{key}</k></l>"));
        format!("<c>{}</c>", entries.collect::<String>())
    };
    invalid(
        model,
        &entries(0),
        &["TooFewElements /t:c/l too-few-elements"],
    );
    invalid(
        model,
        &entries(1),
        &["TooFewElements /t:c/l too-few-elements"],
    );
    valid(model, &entries(2));
    invalid(
        model,
        &entries(4),
        &["TooManyElements /t:c/l too-many-elements"],
    );
    let two = entries(2).replace("</c>", "<s>1</s><s>2</s></c>");
    invalid(model, &two, &["TooManyElements /t:c/s too-many-elements"]);
}

#[test]
fn min_elements_and_mandatory_wait_for_their_when() {
    let model = "
leaf mode
list l key=k min=1 when=\"../mode = 'x'\"
  leaf k
leaf m mandatory when=\"../mode = 'x'\"
";
    valid(model, "");
    invalid(
        model,
        "<mode>x</mode>",
        &[
            "TooFewElements /t:l too-few-elements",
            "MissingElement /t:m -",
        ],
    );
}

#[test]
fn unique_takes_defaults_and_leaves_out_entries_that_lack_a_leaf() {
    let model = "
list l key=k unique=\"ip c/port\"
  leaf k
  leaf ip
  container c
    leaf port type=uint32 default=80
";
    let entry = |key: u32, ip: &str, port: &str| format!("<l><k>{key}</k>{ip}<c>{port}</c></l>");
    let ip = "<ip>1.1.1.1</ip>";
    valid(
        model,
        &(entry(1, ip, "") + &entry(2, ip, "<port>81</port>")),
    );
    valid(model, &(entry(1, "", "") + &entry(2, "", "")));
    invalid(
        model,
        &(entry(1, ip, "") + &entry(2, ip, "<port>80</port>")),
        &["NotUnique /t:l[k='2'] data-not-unique"],
    );
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
fn a_default_whose_when_is_false_is_not_in_use() {
    let model = "leaf mode\nleaf a default=1 when=\"../mode = 'x'\"\nleaf b must=\"../a\"";
    valid(model, "<mode>x</mode><b>1</b>");
    invalid(model, "<b>1</b>", &["MustViolation /t:b must-violation"]);
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
        let ids = &schema.node(input).data_children;
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
    let (tree, removed) = apply_whens(&data(&schema, all), 10_000);
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
    let (tree, removed) = apply_whens(&kept, 10_000);
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
    let model = "list l key=k must=\"count(//*) > count(//*[count(//*) = 0])\"\n  leaf k";
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
