//! Nodes and what they state about themselves.

use banyan_yang::compile::{Compiler, Features};

use super::{module, source, told, told_by};

#[test]
fn a_name_is_of_one_node() {
    insta::assert_snapshot!(told("duplicate-node", "  container c { leaf a { type string; } leaf a { type int8; } }"), @r"
    error[duplicate-node]: there is already a node `a` in container c
     --> m.yang:5:41
      |
    5 |   container c { leaf a { type string; } leaf a { type int8; } }
      |                 ------ the first one    ^^^^^^
      |
      = note: see RFC 7950 6.2.1
      = help: rename one of them
    ");
}

#[test]
fn an_action_stands_in_data() {
    insta::assert_snapshot!(told("misplaced-node", "  rpc r { input { container c { action a; } } }"), @r"
    error[misplaced-node]: action a cannot stand inside of an rpc, action or notification
     --> m.yang:5:33
      |
    5 |   rpc r { input { container c { action a; } } }
      |                                 ^^^^^^^^
      |
      = note: see RFC 7950 7.15
      = help: move it to a container or list of the data tree
    ");
}

#[test]
fn state_holds_no_configuration() {
    insta::assert_snapshot!(told("config-in-state", "  container c {
    config false;
    leaf a { config true; type string; }
  }"), @r"
    error[config-in-state]: leaf a is configuration, but it is inside of state
     --> m.yang:7:14
      |
    7 |     leaf a { config true; type string; }
      |              ^^^^^^^^^^^
      |
      = note: see RFC 7950 7.21.1
      = help: remove `config true`, or make the parent configuration
    ");
}

#[test]
fn the_least_is_not_above_the_most() {
    insta::assert_snapshot!(told("min-above-max", "  leaf-list a { type string; min-elements 3; max-elements 2; }"), @r"
    error[min-above-max]: leaf-list a must have at least 3 entries, but may have at most 2
     --> m.yang:5:30
      |
    5 |   leaf-list a { type string; min-elements 3; max-elements 2; }
      |                              ^^^^^^^^^^^^^^  -------------- at most these
      |
      = note: see RFC 7950 7.7.6
      = help: lower `min-elements`, or raise `max-elements`
    ");
}

#[test]
fn the_mandatory_has_no_default() {
    insta::assert_snapshot!(told("default-and-mandatory", r#"  leaf a { type string; default "x"; mandatory true; }"#), @r#"
    error[default-and-mandatory]: leaf a is mandatory, so it can have no default
     --> m.yang:5:25
      |
    5 |   leaf a { type string; default "x"; mandatory true; }
      |                         ^^^^^^^^^^^  -------------- stated here
      |
      = note: see RFC 7950 7.6.4
      = help: remove one of the two
    "#);
}

#[test]
fn a_list_of_configuration_has_a_key() {
    insta::assert_snapshot!(told("missing-key", "  list l { leaf a { type string; } }"), @r"
    error[missing-key]: list l is configuration and has no `key`
     --> m.yang:5:3
      |
    5 |   list l { leaf a { type string; } }
      |   ^^^^^^
      |
      = note: see RFC 7950 7.8.2
      = help: add a `key` statement, or `config false`
    ");
}

#[test]
fn a_key_is_a_leaf_of_the_list() {
    insta::assert_snapshot!(told("invalid-key", "  list l { key nmae; leaf name { type string; } }"), @r"
    error[invalid-key]: the key `nmae` is not a child of list l
     --> m.yang:5:16
      |
    5 |   list l { key nmae; leaf name { type string; } }
      |                ^^^^
      |
      = note: see RFC 7950 7.8.2
      = help: did you mean `name`?
    ");
}

#[test]
fn a_unique_names_leafs() {
    insta::assert_snapshot!(told("invalid-unique", "  list l { key a; unique adress; leaf a { type string; } leaf address { type string; } }"), @r"
    error[invalid-unique]: `adress` is not in list l
     --> m.yang:5:26
      |
    5 |   list l { key a; unique adress; leaf a { type string; } leaf address { type string; } }
      |   ------ of this list    ^^^^^^
      |
      = note: see RFC 7950 7.8.3
      = help: did you mean `address`?
    ");
}

#[test]
fn a_default_case_exists() {
    insta::assert_snapshot!(told("unknown-case", "  choice ch { default ipv5; leaf ipv4 { type string; } leaf ipv6 { type string; } }"), @r"
    error[unknown-case]: choice ch has no case `ipv5`
     --> m.yang:5:23
      |
    5 |   choice ch { default ipv5; leaf ipv4 { type string; } leaf ipv6 { type string; } }
      |   ---------           ^^^^
      |   |
      |   this choice
      |
      = note: see RFC 7950 7.9.3
      = help: did you mean `ipv4`?
    ");
}

#[test]
fn a_default_case_needs_nothing() {
    insta::assert_snapshot!(told("mandatory-in-default-case", "  choice ch { default a; leaf a { type string; mandatory true; } }"), @r"
    error[mandatory-in-default-case]: the default case of choice ch has a mandatory node, leaf a
     --> m.yang:5:23
      |
    5 |   choice ch { default a; leaf a { type string; mandatory true; } }
      |                       ^  ------ the mandatory node
      |
      = note: see RFC 7950 7.9.3
      = help: make the choice mandatory instead, or the node optional
    ");
}

#[test]
fn a_default_is_a_value() {
    insta::assert_snapshot!(told("invalid-default", r#"  leaf a { type int8 { range "1..5"; } default 6; }"#), @r#"
    error[invalid-default]: the default `6` is not a value of its type: it is outside of the range
     --> m.yang:5:48
      |
    5 |   leaf a { type int8 { range "1..5"; } default 6; }
      |   ------ of this leaf                          ^
      |
      = note: see RFC 7950 7.6.4
      = help: the type takes 1..5
    "#);
}

#[test]
fn a_default_is_always_there() {
    insta::assert_snapshot!(told("conditional-default", "  feature f;
  leaf a {
    type enumeration { enum x { if-feature f; } enum y; }
    default x;
  }"), @r"
    error[conditional-default]: the default names `enum x`, which a feature can switch off
     --> m.yang:8:13
      |
    8 |     default x;
      |             ^
      |
     ::: m.yang:7:33
      |
    7 |     type enumeration { enum x { if-feature f; } enum y; }
      |                                 ------------ depends on this
      |
      = note: see RFC 7950 7.6.4
      = help: choose a default that is always there
    ");
}

#[test]
fn a_default_that_is_off_is_left_out() {
    let source = source(
        &module(concat!(
            "  feature f;\n  identity i;\n  identity j { if-feature f; base i; }\n",
            "  typedef t { type identityref { base i; } }\n  leaf a { type t; default j; }",
        )),
        &[],
    );
    insta::assert_snapshot!(told_by(
            "unusable-default",
            Compiler::new(&source).implement("m", None).default_features(Features::none()),
        ), @r"
    error[conditional-default]: the default names `identity j`, which a feature can switch off
     --> m.yang:9:28
      |
    9 |   leaf a { type t; default j; }
      |                            ^
      |
     ::: m.yang:7:16
      |
    7 |   identity j { if-feature f; base i; }
      |                ------------ depends on this
      |
      = note: see RFC 7950 7.6.4
      = help: choose a default that is always there

    warning[unusable-default]: the default `j` is left out: a feature of the identity is off
     --> m.yang:9:28
      |
    9 |   leaf a { type t; default j; }
      |                            ^
      |
      = note: see RFC 7950 9.10
      = help: switch the feature on, or replace the default by a deviation
    ");
}
