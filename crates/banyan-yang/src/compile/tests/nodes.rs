//! Data definitions, operations, notifications and their properties.

use super::*;
use crate::schema::{OrderedBy, Status};

#[test]
fn every_kind_of_node_is_compiled() {
    let schema = schema_of(
        "container c { presence p; leaf a { type string; } leaf-list b { type int8; } action act; notification n; }
         list l { key 'k2 k1'; leaf x { type string; } leaf k1 { type string; } leaf k2 { type string; } }
         choice ch { case one { leaf o { type string; } } leaf short { type string; } }
         anydata ad; anyxml ax;
         rpc r { input { leaf i { type string; } } }
         notification note { leaf n { type string; } }",
    );
    insta::assert_snapshot!(outline(&schema), @r"
    container m:c
      leaf a
      leaf-list b
      action act
      notification n
    list m:l
      leaf k2
      leaf k1
      leaf x
    choice m:ch
      case one
        leaf o
      case short
        leaf short
    anydata m:ad
    anyxml m:ax
    rpc m:r
      input input
        leaf i
    notification m:note
      leaf n
    ");
    assert!(node(&schema, "c").presence);
    assert!(schema.rpc(ModuleId(0), "r").is_some());
}

// Rule 54.
#[test]
fn keys_come_first_in_the_order_of_the_key_statement() {
    let schema = schema_of(
        "list l { key 'b a'; leaf x { type string; } leaf a { type string; } leaf b { type string; } }",
    );
    let list = node(&schema, "l");
    let names: Vec<_> = list
        .keys()
        .iter()
        .map(|key| &*schema.node(*key).name)
        .collect();
    assert_eq!(names, ["b", "a"]);
    let children = schema.data_children(find(&schema, "l").unwrap());
    assert_eq!(children[..2], list.keys()[..]);
    assert!(children.is_sorted());
    assert!(node(&schema, "l/a").is_key && !node(&schema, "l/x").is_key);
}

#[test]
fn data_children_look_through_choices_and_cases() {
    let schema = schema_of(
        "container c { leaf a { type string; } choice x { case y { choice z { leaf b { type string; } } } leaf d { type string; } } }",
    );
    let names: Vec<_> = schema
        .data_children(find(&schema, "c").unwrap())
        .iter()
        .map(|child| &*schema.node(*child).name)
        .collect();
    assert_eq!(names, ["a", "b", "d"]);
    let c = find(&schema, "c").unwrap();
    let b = schema.data_child(c, ModuleId(0), "b").unwrap();
    assert_eq!(schema.path(b), "/m:c/x/y/z/b/b");
    assert_eq!(schema.node(b).data_parent(), Some(c));
}

#[test]
fn config_is_inherited() {
    let schema = schema_of(
        "container c { config false; list l { leaf a { type string; } } } leaf b { type string; }",
    );
    assert!(!node(&schema, "c/l/a").config && node(&schema, "b").config);
    insta::assert_snapshot!(refused_body("  container c { config false; leaf a { config true; type string; } }"), @r"
    error[config-in-state]: leaf a is configuration, but it is inside of state
     --> m.yang:5:40
      |
    5 |   container c { config false; leaf a { config true; type string; } }
      |                                        ^^^^^^^^^^^
      |
      = note: see RFC 7950 7.21.1
      = help: remove `config true`, or make the parent configuration
    ");
}

#[test]
fn a_configuration_list_needs_a_key_that_is_a_leaf_of_it() {
    insta::assert_snapshot!(refused_body("  list l { leaf a { type string; } }"), @r"
    error[missing-key]: list l is configuration and has no `key`
     --> m.yang:5:3
      |
    5 |   list l { leaf a { type string; } }
      |   ^^^^^^
      |
      = note: see RFC 7950 7.8.2
      = help: add a `key` statement, or `config false`
    ");
    insta::assert_snapshot!(refused_body("  list l { key nmae; leaf name { type string; } }"), @r"
    error[invalid-key]: the key `nmae` is not a child of list l
     --> m.yang:5:16
      |
    5 |   list l { key nmae; leaf name { type string; } }
      |                ^^^^
      |
      = note: see RFC 7950 7.8.2
      = help: did you mean `name`?
    ");
    assert_eq!(codes("list l { key a; container a; }"), ["invalid-key"]);
    assert_eq!(
        codes("list l { key 'a a'; leaf a { type string; } }"),
        ["invalid-key"]
    );
    assert_eq!(
        codes("list l { key a; leaf a { type string; config false; } }"),
        ["invalid-key"]
    );
    assert_eq!(
        codes("list l { key a; leaf a { when '../b'; type string; } leaf b { type string; } }"),
        ["invalid-key"]
    );
    assert!(codes("list l { config false; leaf a { type string; } }").is_empty());
}

#[test]
fn a_list_with_a_wrong_key_is_left_out_in_lenient_mode() {
    let compiled = lenient(&[&module(
        "list l { key b; leaf a { type string; } } leaf c { type string; }",
    )]);
    assert!(find(&compiled.schema, "l").is_none() && find(&compiled.schema, "c").is_some());
    let codes: Vec<_> = compiled.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["left-out", "invalid-key"]);
}

#[test]
fn two_nodes_of_one_name_are_refused() {
    insta::assert_snapshot!(refused_body("  leaf a { type string; }\n  container a;"), @r"
    error[duplicate-node]: there is already a node `a` in the module
     --> m.yang:6:3
      |
    6 |   container a;
      |   ^^^^^^^^^^^
      |
     ::: m.yang:5:3
      |
    5 |   leaf a { type string; }
      |   ------ the first one
      |
      = note: see RFC 7950 6.2.1
      = help: rename one of them
    ");
    assert_eq!(
        codes("choice x { case y { leaf a { type string; } } case z { leaf a { type string; } } }"),
        ["duplicate-node"]
    );
    assert_eq!(codes("leaf a { type string; } rpc a;"), ["duplicate-node"]);
}

#[test]
fn unique_names_leafs_below_the_list() {
    let schema = schema_of(
        "list l { key a; unique 'b c/d'; leaf a { type string; } leaf b { type string; } container c { leaf d { type string; } } }",
    );
    let leaves = &node(&schema, "l").uniques()[0].leaves;
    assert_eq!(
        leaves
            .iter()
            .map(|leaf| schema.path(*leaf))
            .collect::<Vec<_>>(),
        ["/m:l/b", "/m:l/c/d"]
    );
    assert_eq!(
        codes("list l { key a; unique b; leaf a { type string; } }"),
        ["invalid-unique"]
    );
    assert_eq!(
        codes("list l { key a; unique c; leaf a { type string; } container c; }"),
        ["invalid-unique"]
    );
}

#[test]
fn defaults_come_from_the_leaf_else_from_its_type() {
    let schema = schema_of(
        "typedef t { type u; } typedef u { type string; default deep; units s; }
         leaf a { type t; } leaf b { type t; default own; units own; } leaf c { type t; mandatory true; }
         leaf-list d { type t; } leaf-list e { type t; default x; default y; } list l { key k; leaf k { type t; } }",
    );
    let defaults = |path| {
        node(&schema, path)
            .defaults()
            .iter()
            .map(|d| d.text.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(defaults("a"), ["deep"]);
    assert_eq!(defaults("b"), ["own"]);
    assert_eq!(defaults("d"), ["deep"]);
    assert_eq!(defaults("e"), ["x", "y"]);
    assert!(defaults("c").is_empty() && defaults("l/k").is_empty());
    assert_eq!(node(&schema, "a").units().map(|units| &**units), Some("s"));
    assert_eq!(
        node(&schema, "b").units().map(|units| &**units),
        Some("own")
    );
}

#[test]
fn a_default_excludes_mandatory_and_min_elements() {
    assert_eq!(
        codes("leaf a { type string; default x; mandatory true; }"),
        ["default-and-mandatory"]
    );
    assert_eq!(
        codes("leaf-list a { type string; default x; min-elements 1; }"),
        ["default-and-mandatory"]
    );
    assert_eq!(
        codes("leaf-list a { type string; min-elements 3; max-elements 2; }"),
        ["min-above-max"]
    );
}

#[test]
fn the_default_of_a_choice_is_a_case() {
    let schema =
        schema_of("choice c { default b; leaf a { type string; } leaf b { type string; } }");
    assert_eq!(node(&schema, "c").default_case(), find(&schema, "c/b"));
    assert_eq!(
        codes("choice c { default d; leaf a { type string; } }"),
        ["unknown-case"]
    );
}

#[test]
fn order_and_status_and_description_are_kept() {
    let schema = schema_of(
        "container s { status deprecated; leaf-list a { type string; ordered-by user; description 'one\n   two'; } }
         container t { config false; leaf-list a { type string; ordered-by user; } }",
    );
    assert_eq!(node(&schema, "s/a").ordered_by, OrderedBy::User);
    assert_eq!(node(&schema, "t/a").ordered_by, OrderedBy::System);
    assert_eq!(node(&schema, "s/a").status, Status::Deprecated);
    let a = find(&schema, "s/a").unwrap();
    assert_eq!(schema.description(a).as_deref(), Some("one\n   two"));
}

#[test]
fn a_description_is_that_of_the_node_and_of_none_in_or_around_it() {
    let schema = schema_of(
        "choice ch { leaf short { type string; description 'leaf'; } case long { description \"ca\" + 'se'; leaf l { type string { length 1 { description no; } } } } }
         rpc r { description 'rpc'; output { leaf x { type string; } } }
         container c { container inner { description no; } must \"'description' = '{'\" { description no; } description \"outer
                                                            text\"; }",
    );
    let description = |path| schema.description(find(&schema, path).unwrap());
    let expected = [
        ("ch", None),
        ("ch/short", None),
        ("ch/short/short", Some("leaf")),
        ("ch/long", Some("case")),
        ("ch/long/l", None),
        ("r", Some("rpc")),
        ("r/input", None),
        ("r/output", None),
        ("r/output/x", None),
        ("c/inner", Some("no")),
        ("c", Some("outer\ntext")),
    ];
    for (path, text) in expected {
        assert_eq!(description(path).as_deref(), text, "{path}");
    }
}

#[test]
fn extensions_stay_on_nodes_and_modules() {
    let schema = schema(&[
        "module m { namespace urn:m; prefix m; import x { prefix x; } x:mark top; container c { x:mark here; x:bare; } }",
        "module x { namespace urn:x; prefix x; extension mark { argument a; } extension bare; }",
    ]);
    let marks = &node(&schema, "c").extensions();
    assert_eq!(
        (
            &*marks[0].module,
            &*marks[0].name,
            marks[0].argument.as_deref()
        ),
        ("x", "mark", Some("here"))
    );
    assert_eq!(marks.len(), 2);
    assert_eq!(
        schema.module(ModuleId(0)).extensions[0].argument.as_deref(),
        Some("top")
    );
    assert_eq!(codes("container c { m:none; }"), ["unknown-extension"]);
    assert_eq!(codes("container c { z:none; }"), ["unknown-prefix"]);
    assert_eq!(
        codes("extension e { argument a; } m:e;"),
        ["extension-argument"]
    );
}

#[test]
fn nesting_of_nodes_is_bounded() {
    let body = format!("{}{}", "container c { ".repeat(190), "}".repeat(190));
    assert!(codes(&body).is_empty());
    // Groupings on top of each other are deeper than any text.
    let mut body = String::from("grouping g0 { leaf x { type string; } }\n");
    for level in 1..400 {
        body.push_str(&format!(
            "grouping g{level} {{ container c {{ uses g{}; }} }}\n",
            level - 1
        ));
    }
    body.push_str("uses g399;");
    assert!(codes(&body).contains(&"too-deep"));
}

#[test]
fn spans_lead_back_to_the_text() {
    let schema = schema_of("  leaf a { type string; }");
    assert_eq!(
        schema.sources().location(node(&schema, "a").span),
        "m.yang:5:3"
    );
}
