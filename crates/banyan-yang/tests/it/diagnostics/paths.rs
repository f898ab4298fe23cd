//! Expressions and leafrefs.

use banyan_yang::compile::{Compiler, Features};

use super::{STRUCTURES, module, source, told, told_by, told_of};

#[test]
fn an_expression_is_xpath() {
    insta::assert_snapshot!(told("invalid-xpath", r#"  leaf a { type string; must "(. = 1"; }"#), @r#"
    error[invalid-xpath]: invalid XPath: expected ')', found the end
     --> m.yang:5:30
      |
    5 |   leaf a { type string; must "(. = 1"; }
      |                              ^^^^^^^^
      |
      = note: see RFC 7950 6.4
      = help: write an expression of XPath 1.0, such as `. > 0 and ../p:enabled = 'true'`
    "#);
}

#[test]
fn a_when_does_not_depend_on_itself() {
    insta::assert_snapshot!(told("circular-when", r#"  leaf a { when "../b"; type string; }
  leaf b { when "../a"; type string; }"#), @r#"
    error[circular-when]: `when` conditions depend on each other: /m:a -> /m:b -> /m:a
     --> m.yang:5:17
      |
    5 |   leaf a { when "../b"; type string; }
      |                 ^^^^^^
      |
     ::: m.yang:6:17
      |
    6 |   leaf b { when "../a"; type string; }
      |                 ------ depends on the next
      |
      = note: see RFC 7950 7.21.5
      = help: let the condition refer to nodes that do not depend on it
    "#);
}

#[test]
fn an_expression_names_nodes_that_exist() {
    insta::assert_snapshot!(told("unknown-node", r#"  container c {
    must "address";
    leaf adress { type string; }
  }"#), @r#"
    warning[unknown-node]: in this expression there is no node `address` in container c
     --> m.yang:6:10
      |
    6 |     must "address";
      |          ^^^^^^^^^
      |
      = note: see RFC 7950 6.4.1
      = help: did you mean `adress`?
    "#);
}

#[test]
fn a_leafref_has_a_path() {
    insta::assert_snapshot!(told("invalid-path", r#"  leaf a { type leafref { path "../b or ../c"; } }"#), @r#"
    error[invalid-path]: `../b or ../c` is not the path of a leafref: it must begin with `/` or `../`
     --> m.yang:5:32
      |
    5 |   leaf a { type leafref { path "../b or ../c"; } }
      |                                ^^^^^^^^^^^^^^
      |
      = note: see RFC 7950 9.9.2
      = help: write names and `..` between `/`, such as `../p:name` or `/p:list/p:name`
    "#);
}

#[test]
fn a_path_does_not_dereference() {
    insta::assert_snapshot!(told("deref-in-path", r#"  leaf a { type leafref { path "/m:l/m:k"; } }
  leaf b { type leafref { path "deref(../a)/../m:v"; } }
  list l { key k; leaf k { type string; } leaf v { type string; } }"#), @r#"
    warning[deref-in-path]: `deref()` is no part of the path of a leafref; other tools refuse it
     --> m.yang:6:32
      |
    6 |   leaf b { type leafref { path "deref(../a)/../m:v"; } }
      |                                ^^^^^^^^^^^^^^^^^^^^
      |
      = note: see RFC 7950 9.9.2
      = help: write the path to the target itself, with predicates for its keys
    "#);
}

#[test]
fn a_path_leads_somewhere() {
    insta::assert_snapshot!(told("leafref-target", r#"  leaf name { type string; }
  leaf a { type leafref { path "/m:nmae"; } }"#), @r#"
    error[leafref-target]: the leafref `/m:nmae` leads nowhere: there is no node `m:nmae` at the top
     --> m.yang:6:32
      |
    6 |   leaf a { type leafref { path "/m:nmae"; } }
      |                                ^^^^^^^^^
      |
      = note: see RFC 7950 9.9
      = help: did you mean `m:name`?
    "#);
}

#[test]
fn configuration_does_not_require_state() {
    insta::assert_snapshot!(told("leafref-to-state", r#"  leaf a { type leafref { path "../b"; } }
  leaf b { config false; type string; }"#), @r#"
    error[leafref-to-state]: `a` is configuration, but its leafref refers to state, `b`
     --> m.yang:5:32
      |
    5 |   leaf a { type leafref { path "../b"; } }
      |                                ^^^^^^
      |
     ::: m.yang:6:3
      |
    6 |   leaf b { config false; type string; }
      |   ------ the target
      |
      = note: see RFC 7950 9.9
      = help: add `require-instance false;` to the type
    "#);
}

#[test]
fn leafrefs_are_not_circular() {
    insta::assert_snapshot!(told("circular-leafref", r#"  leaf a { type leafref { path "../b"; } }
  leaf b { type leafref { path "../a"; } }"#), @r#"
    error[circular-leafref]: leafrefs refer to each other: /m:a -> /m:b -> /m:a
     --> m.yang:6:32
      |
    6 |   leaf b { type leafref { path "../a"; } }
      |   ------ refers to the next    ^^^^^^
      |
     ::: m.yang:5:3
      |
    5 |   leaf a { type leafref { path "../b"; } }
      |   ------ refers to the next
      |
      = note: see RFC 7950 9.9
      = help: let one of them have a type that is no leafref
    "#);
}

#[test]
fn a_target_is_there() {
    let source = source(
        &module(concat!(
            "  feature f;\n  leaf a { type leafref { path \"../b\"; } }\n",
            "  leaf b { if-feature f; type string; }",
        )),
        &[],
    );
    insta::assert_snapshot!(told_by(
            "absent-target",
            Compiler::new(&source).implement("m", None).default_features(Features::none()),
        ), @r#"
    error[absent-target]: the leafref refers to /m:b, which a feature switches off
     --> m.yang:6:32
      |
    6 |   leaf a { type leafref { path "../b"; } }
      |                                ^^^^^^
      |
     ::: m.yang:7:3
      |
    7 |   leaf b { if-feature f; type string; }
      |   ------ the target
      |
      = note: see RFC 7950 9.9
      = help: let both depend on the same feature or deviation
    "#);
}

#[test]
fn a_leafref_stays_in_its_structure() {
    insta::assert_snapshot!(told_of("leafref-leaves-structure", &module(concat!(
            "  import ietf-yang-structure-ext { prefix sx; }\n  leaf b { type string; }\n",
            "  sx:structure s { leaf a { type leafref { path \"/m:b\"; } } }",
        )), &[STRUCTURES]), @r#"
    error[leafref-leaves-structure]: the leafref leads out of its structure to /m:b; the leaf takes its type, and refers to nothing
     --> m.yang:7:49
      |
    7 |   sx:structure s { leaf a { type leafref { path "/m:b"; } } }
      |                                                 ^^^^^^
      |
      = note: see RFC 8791 4
      = help: name a node of the structure, or use a type without a reference
    "#);
}
