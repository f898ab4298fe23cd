//! What augments, deviations, refinements and extensions do to nodes of others.

use super::{STRUCTURES, module, told, told_of};

const BASE: &str = "module base {
  namespace urn:b;
  prefix b;
  leaf x { type string; units m; }
}";

#[test]
fn a_leaf_is_not_augmented() {
    insta::assert_snapshot!(told("augment-target", r#"  leaf b { type string; }
  augment "/m:b" { leaf a { type string; } }"#), @r#"
    error[augment-target]: a leaf cannot be augmented
     --> m.yang:6:11
      |
    6 |   augment "/m:b" { leaf a { type string; } }
      |           ^^^^^^
      |
     ::: m.yang:5:3
      |
    5 |   leaf b { type string; }
      |   ------ the target
      |
      = note: see RFC 7950 7.17
      = help: name a container, list, choice, case, input, output or notification
    "#);
}

#[test]
fn an_augment_adds_nothing_mandatory() {
    insta::assert_snapshot!(told_of("mandatory-augment", &module(concat!(
            "  import base { prefix b; }\n",
            "  augment \"/b:top\" { leaf a { type string; mandatory true; } }",
        )), &["module base { namespace urn:b; prefix b; container top; }"]), @r#"
    error[mandatory-augment]: `a` is mandatory, but an augment of another module can add such nodes only under a `when`
     --> m.yang:6:22
      |
    6 |   augment "/b:top" { leaf a { type string; mandatory true; } }
      |   ----------------   ^^^^^^
      |   |
      |   added by this augment
      |
      = note: see RFC 7950 7.17
      = help: let the node be optional, or the augment depend on a condition that old data do not meet
    "#);
}

#[test]
fn a_deviation_adds_what_is_not_there() {
    insta::assert_snapshot!(told_of("invalid-deviate", &module(concat!(
            "  import base { prefix b; }\n",
            "  deviation \"/b:x\" { deviate add { units km; } }",
        )), &[BASE]), @r#"
    error[invalid-deviate]: the target has `units` already
     --> m.yang:6:36
      |
    6 |   deviation "/b:x" { deviate add { units km; } }
      |                                    ^^^^^^^^
      |
     ::: base.yang:4:3
      |
    4 |   leaf x { type string; units m; }
      |   ------ the target
      |
      = note: see RFC 7950 7.20.3
      = help: use `deviate replace`
    "#);
}

#[test]
fn a_property_is_replaced_once() {
    insta::assert_snapshot!(told_of("conflicting-deviations", &module(concat!(
            "  import base { prefix b; }\n",
            "  deviation \"/b:x\" { deviate replace { units km; } }\n",
            "  deviation \"/b:x\" { deviate replace { units cm; } }",
        )), &[BASE]), @r#"
    warning[conflicting-deviations]: the `units` of /base:x is replaced twice; this one holds
     --> m.yang:7:40
      |
    7 |   deviation "/b:x" { deviate replace { units cm; } }
      |                                        ^^^^^^^^
      |
     ::: m.yang:6:40
      |
    6 |   deviation "/b:x" { deviate replace { units km; } }
      |                                        -------- replaced here too
      |
      = note: see RFC 7950 7.20.3
      = help: remove one of the two
    "#);
}

#[test]
fn a_property_fits_its_node() {
    insta::assert_snapshot!(told("misplaced-property", r#"  grouping g { leaf a { type string; } }
  uses g { refine a { presence "yes"; } }"#), @r#"
    error[misplaced-property]: `presence` does not fit a leaf
     --> m.yang:6:23
      |
    6 |   uses g { refine a { presence "yes"; } }
      |                       ^^^^^^^^^^^^^^
      |
     ::: m.yang:5:16
      |
    5 |   grouping g { leaf a { type string; } }
      |                ------ this node
      |
      = note: see RFC 7950 7.13.2
      = help: remove it, or name another node
    "#);
}

#[test]
fn yang_data_is_one_container() {
    insta::assert_snapshot!(told_of("yang-data-container", &module(concat!(
            "  import ietf-restconf { prefix rc; }\n",
            "  rc:yang-data d { leaf a { type string; } }",
        )), &["module ietf-restconf {
  namespace urn:rc;
  prefix rc;
  extension yang-data { argument name; }
}"]), @r"
    error[yang-data-container]: yang-data d must result in exactly one container
     --> m.yang:6:3
      |
    6 |   rc:yang-data d { leaf a { type string; } }
      |   ^^^^^^^^^^^^^^
      |
      = note: see RFC 8040 8
      = help: put its nodes into one container
    ");
}

#[test]
fn a_structure_stands_at_the_top() {
    insta::assert_snapshot!(told_of("misplaced-extension", &module(concat!(
            "  import ietf-yang-structure-ext { prefix sx; }\n",
            "  container c { sx:structure s { leaf a { type string; } } }",
        )), &[STRUCTURES]), @r"
    error[misplaced-extension]: `sx:structure` can only stand at the top of a module
     --> m.yang:6:17
      |
    6 |   container c { sx:structure s { leaf a { type string; } } }
      |   -----------   ^^^^^^^^^^^^^^
      |   |
      |   inside this statement
      |
      = note: see RFC 8791 4
      = help: move it to the top of the module
    ");
}

#[test]
fn a_mount_point_is_a_container_or_list() {
    insta::assert_snapshot!(told_of("invalid-mount-point", &module(concat!(
            "  import ietf-yang-schema-mount { prefix yangmnt; }\n",
            "  leaf a { type string; yangmnt:mount-point x; }",
        )), &["module ietf-yang-schema-mount {
  yang-version 1.1;
  namespace urn:yangmnt;
  prefix yangmnt;
  extension mount-point { argument label; }
}"]), @r"
    error[invalid-mount-point]: `yangmnt:mount-point` can only stand in a container or list
     --> m.yang:6:25
      |
    6 |   leaf a { type string; yangmnt:mount-point x; }
      |   ------                ^^^^^^^^^^^^^^^^^^^^^
      |   |
      |   inside this statement
      |
      = note: see RFC 8528 3.1
      = help: put it into the container or list that other schemas are mounted in
    ");
}

#[test]
fn an_action_is_of_something() {
    insta::assert_snapshot!(told_of("action-at-top", &module(concat!(
            "  import tailf-common { prefix tailf; }\n",
            "  tailf:action a;",
        )), &["module tailf-common {
  namespace urn:tailf;
  prefix tailf;
  extension action { argument name; }
}"]), @r"
    warning[action-at-top]: the action `a` stands at the top of a module
     --> m.yang:6:3
      |
    6 |   tailf:action a;
      |   ^^^^^^^^^^^^^^
      |
      = note: see RFC 7950 7.15
      = help: it becomes an rpc; write `rpc`, or put it into a container or list
    ");
}
