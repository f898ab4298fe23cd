//! What the schema rules of RFC 7950 say about data nodes, operations and mount points.

use super::{codes, codes_of, node, refused_body, schema_of};
use crate::schema::{NodeKind, OrderedBy};

const NONE: [&str; 0] = [];

// Rule 43.
#[test]
fn the_default_case_holds_no_mandatory_node() {
    let choice = |case: &str| {
        codes(&format!(
            "choice c {{ default a; case a {{ {case} }} leaf b {{ type string; }} }}"
        ))
    };
    assert_eq!(choice("leaf x { type string; }"), NONE);
    // A container with presence, and the entries of a list, are not there by default.
    let below = "container p { presence p; leaf m { type string; mandatory true; } }
        list l { key k; leaf k { type string; } leaf m { type string; mandatory true; } }";
    assert_eq!(choice(below), NONE);
    for mandatory in [
        "leaf m { type string; mandatory true; }",
        "anydata m { mandatory true; }",
        "choice m { mandatory true; leaf n { type string; } }",
        "leaf-list m { type string; min-elements 1; }",
        "list m { key k; min-elements 2; leaf k { type string; } }",
        "container d { container e { leaf m { type string; mandatory true; } } }",
    ] {
        assert_eq!(
            choice(mandatory),
            ["mandatory-in-default-case"],
            "{mandatory}"
        );
    }
    insta::assert_snapshot!(refused_body("  choice c {\n    default a;\n    leaf a { type string; mandatory true; }\n  }"), @r"
    error[mandatory-in-default-case]: the default case of choice c has a mandatory node, leaf a
     --> m.yang:6:13
      |
    6 |     default a;
      |             ^
      |
     ::: m.yang:7:5
      |
    7 |     leaf a { type string; mandatory true; }
      |     ------ the mandatory node
      |
      = note: see RFC 7950 7.9.3
      = help: make the choice mandatory instead, or the node optional
    ");
}

// Rule 43.
#[test]
fn a_mandatory_choice_has_no_default_case() {
    assert_eq!(
        codes("choice c { mandatory true; leaf a { type string; } }"),
        NONE
    );
    assert_eq!(
        codes("choice c { mandatory true; default a; leaf a { type string; } }"),
        ["default-and-mandatory"]
    );
}

// Rule 46.
#[test]
fn unique_goes_through_containers_choices_and_cases_and_into_no_other_list() {
    let list = |unique: &str| {
        format!(
            "list l {{ key k; unique '{unique}'; leaf k {{ type string; }}
               container c {{ choice ch {{ case one {{ leaf a {{ type string; }} }} leaf b {{ type string; }} }} }}
               list inner {{ key k; leaf k {{ type string; }} }} leaf-list many {{ type string; }} }}"
        )
    };
    let schema = schema_of(&list("c/ch/one/a c/ch/b/b"));
    let leaves = &node(&schema, "l").uniques()[0].leaves;
    let paths: Vec<String> = leaves.iter().map(|leaf| schema.path(*leaf)).collect();
    assert_eq!(paths, ["/m:l/c/ch/one/a", "/m:l/c/ch/b/b"]);
    for wrong in ["c/a", "c/ch/a", "inner/k", "many", "c/ch", "c/ch/one"] {
        assert_eq!(codes(&list(wrong)), ["invalid-unique"], "{wrong}");
    }
}

// Rule 46.
#[test]
fn the_leaves_of_a_unique_are_all_configuration_or_all_state() {
    let list = |unique: &str| {
        codes(&format!(
            "list l {{ key k; unique '{unique}'; leaf k {{ type string; }} leaf a {{ type string; }}
               container s {{ config false; leaf x {{ type string; }} leaf y {{ type string; }} }} }}"
        ))
    };
    assert_eq!(list("a k"), NONE);
    assert_eq!(list("s/x s/y"), NONE);
    assert_eq!(list("a s/x"), ["invalid-unique"]);
    assert_eq!(list("s/x s/y a"), ["invalid-unique"]);
}

// Rule 51.
#[test]
fn an_unknown_name_in_a_must_is_a_warning_and_an_unknown_prefix_an_error() {
    let must = |text: &str| codes(&format!("leaf a {{ type string; must \"{text}\"; }}"));
    assert_eq!(must("../m:b = 'x'"), ["unknown-node"]);
    assert_eq!(must("../m:a = 'x'"), NONE);
    assert_eq!(must("../n:b = 'x'"), ["unknown-prefix"]);
    assert!(super::compile(&[&super::module("leaf a { type string; must '../b'; }")]).is_ok());
    assert!(super::compile(&[&super::module("leaf a { type string; must '../n:b'; }")]).is_err());
}

// Rule 53.
#[test]
fn a_list_without_keys_is_state() {
    let list = "list l { leaf a { type string; } }";
    assert_eq!(codes(list), ["missing-key"]);
    assert_eq!(
        codes(&format!("container c {{ config false; {list} }}")),
        NONE
    );
    // RFC 7950 7.8.2: what an operation carries is no configuration.
    assert_eq!(
        codes(&format!(
            "rpc r {{ input {{ {list} }} }} notification n {{ {list} }}"
        )),
        NONE
    );
}

// Rule 53.
#[test]
fn configuration_cannot_stand_below_state() {
    assert_eq!(
        codes("container c { config false; container d { leaf a { type string; } } }"),
        NONE
    );
    assert_eq!(
        codes("container c { config false; container d { leaf a { type string; config true; } } }"),
        ["config-in-state"]
    );
}

// Rule 53.
#[test]
fn keys_and_their_list_are_both_configuration_or_both_state() {
    let list = |config: &str, key: &str| {
        codes(&format!(
            "list l {{ {config} key k; leaf k {{ type string; {key} }} }}"
        ))
    };
    assert_eq!(list("", "config true;"), NONE);
    assert_eq!(list("config false;", "config false;"), NONE);
    assert_eq!(list("", "config false;"), ["invalid-key"]);
}

// Rule 56.
#[test]
fn actions_and_notifications_stand_in_containers_and_lists_with_keys() {
    for inner in ["action x;", "notification x;"] {
        let grouping = format!("grouping g {{ container c {{ {inner} }} }}");
        let with = |body: &str| codes(&format!("{grouping} {body}"));
        assert_eq!(codes(&format!("container c {{ {inner} }}")), NONE);
        assert_eq!(
            codes(&format!(
                "list l {{ key k; leaf k {{ type string; }} {inner} }}"
            )),
            NONE
        );
        // The grouping has it in a container: it may come into a case and to the top.
        assert_eq!(with("uses g;"), NONE);
        assert_eq!(with("choice ch { case a { uses g; } }"), NONE);
        for operation in [
            "rpc r { input { uses g; } }",
            "rpc r { output { container d { uses g; } } }",
            "notification n { uses g; }",
            "container d { action r { input { uses g; } } }",
            "container d { notification n { uses g; } }",
        ] {
            assert_eq!(with(operation), ["misplaced-node"], "{operation}");
        }
        let keyless = "list l { config false; leaf a { type string; } uses g; }";
        assert_eq!(with(keyless), ["misplaced-node"]);
        let deeper = "list l { config false; list n { key k; leaf k { type string; } uses g; } }";
        assert_eq!(with(deeper), ["misplaced-node"]);
    }
    insta::assert_snapshot!(refused_body("  list l {\n    config false;\n    container c {\n      action x;\n    }\n  }"), @r"
    error[misplaced-node]: action x cannot stand below a list without keys
     --> m.yang:8:7
      |
    8 |       action x;
      |       ^^^^^^^^
      |
     ::: m.yang:5:3
      |
    5 |   list l {
      |   ------ this list has no `key`
      |
      = note: see RFC 7950 7.15
      = help: give the list a `key`, so that its entries can be named
    ");
}

// Rule 56.
#[test]
fn an_action_at_the_top_of_a_grouping_comes_neither_to_the_top_nor_into_a_case() {
    let grouping = "grouping g { action x; leaf a { type string; } }";
    assert_eq!(
        codes(&format!("{grouping} container c {{ uses g; }}")),
        NONE
    );
    assert_eq!(codes(&format!("{grouping} uses g;")), ["misplaced-node"]);
    assert_eq!(
        codes(&format!("{grouping} choice c {{ case d {{ uses g; }} }}")),
        ["misplaced-node"]
    );
    // A notification at the top is one of the module.
    let grouping = "grouping g { notification x; }";
    assert_eq!(codes(&format!("{grouping} uses g;")), NONE);
    assert_eq!(
        codes(&format!("{grouping} choice c {{ case d {{ uses g; }} }}")),
        ["misplaced-node"]
    );
}

// Rule 57.
#[test]
fn config_has_no_meaning_inside_of_operations() {
    let schema = schema_of(
        "grouping g { container c { config false; leaf a { type string; config true; } } }
         rpc r { input { uses g; } }
         container d { config false; action x { output { leaf b { type string; config true; } } } }",
    );
    assert_eq!(node(&schema, "r/input/c/a").kind, NodeKind::Leaf);
    assert_eq!(node(&schema, "d/x/output/b").kind, NodeKind::Leaf);
    assert_eq!(
        codes("container c { config false; leaf a { type string; config true; } }"),
        ["config-in-state"]
    );
}

// Rule 63.
#[test]
fn a_mount_point_stands_in_a_container_or_list_once() {
    let mount = "module ietf-yang-schema-mount { yang-version 1.1; namespace urn:s; prefix s; extension mount-point { argument label; } }";
    let check = |version: &str, body: &str| {
        let text = format!(
            "module m {{ {version} namespace urn:m; prefix m; import ietf-yang-schema-mount {{ prefix s; }} {body} }}"
        );
        codes_of(&[&text, mount])
    };
    let v1_1 = "yang-version 1.1;";
    assert_eq!(check(v1_1, "container c { s:mount-point a; }"), NONE);
    assert_eq!(
        check(
            v1_1,
            "list l { key k; leaf k { type string; } s:mount-point a; }"
        ),
        NONE
    );
    for wrong in [
        "leaf c { type string; s:mount-point a; }",
        "rpc c { input { leaf x { type string; } s:mount-point a; } }",
        "container c { s:mount-point a; s:mount-point b; }",
    ] {
        assert_eq!(check(v1_1, wrong), ["invalid-mount-point"], "{wrong}");
    }
    assert_eq!(
        check("", "container c { s:mount-point a; }"),
        ["invalid-mount-point"]
    );
}

// Rule 52.
#[test]
fn the_user_orders_configuration_and_input_and_nothing_else() {
    let schema = schema_of(
        "grouping g { leaf-list v { type string; ordered-by user; } }
         container c { uses g; } container s { config false; uses g; }
         container d { action r { input { uses g; } output { uses g; } } notification n { uses g; } }",
    );
    let order = |path| node(&schema, path).ordered_by;
    assert_eq!(order("c/v"), OrderedBy::User);
    assert_eq!(order("d/r/input/v"), OrderedBy::User);
    // RFC 7950 7.7.7: ignored for state, output and notifications.
    for ignored in ["s/v", "d/r/output/v", "d/n/v"] {
        assert_eq!(order(ignored), OrderedBy::System, "{ignored}");
    }
}
