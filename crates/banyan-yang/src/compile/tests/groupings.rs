//! `grouping`, `uses`, `refine` and `augment` in `uses`.

use super::*;
use crate::schema::WhenContext;

#[test]
fn nodes_of_a_grouping_are_in_the_namespace_of_the_user() {
    let schema = schema(&[
        "module m { namespace urn:m; prefix m; import g { prefix g; } container c { uses g:top; } }",
        "module g { namespace urn:g; prefix g; grouping top { leaf a { type t; } uses inner; } grouping inner { leaf b { type leafref { path '../a'; } must '../a'; } } typedef t { type int8; } }",
    ]);
    insta::assert_snapshot!(outline(&schema), @r"
    container m:c
      leaf a
      leaf b
    ");
    assert_eq!(ty(&schema, "c/b").resolved().builtin_name(), "int8");
    let must = &node(&schema, "c/b").musts()[0].expression;
    assert_eq!(must.prefixes.default, schema.module_by_name("m"));
    assert_eq!(must.prefixes.module(Some("g")), schema.module_by_name("g"));
}

#[test]
fn refine_changes_properties_of_the_copy() {
    let schema = schema_of(
        "grouping g { container c { leaf a { type string; } list l { key k; leaf k { type string; } } } leaf-list ll { type string; default a; } choice ch { leaf x { type string; } } anyxml ax; }
         container one { uses g { refine c { presence p; must a; } refine c/a { default d; config false; description new; } refine c/l { min-elements 1; max-elements 4; }
           refine ll { default b; default c; } refine ch { mandatory true; } refine ax { mandatory true; } } }
         container two { uses g; }",
    );
    assert!(node(&schema, "one/c").presence && !node(&schema, "two/c").presence);
    assert_eq!(node(&schema, "one/c").musts().len(), 1);
    assert_eq!(&*node(&schema, "one/c/a").defaults()[0].text, "d");
    assert!(!node(&schema, "one/c/a").config && node(&schema, "two/c/a").config);
    assert_eq!(node(&schema, "one/c/l").max_elements(), Some(4));
    let defaults: Vec<_> = node(&schema, "one/ll")
        .defaults()
        .iter()
        .map(|d| &*d.text)
        .collect();
    assert_eq!(defaults, ["b", "c"]);
    assert!(node(&schema, "one/ch").mandatory && node(&schema, "one/ax").mandatory);
}

#[test]
fn a_refine_must_name_a_node_and_fit_it() {
    insta::assert_snapshot!(refused_body("  grouping g { leaf alpha { type string; } }\n  uses g { refine alpah { default x; } }"), @r"
    error[unknown-node]: `alpah`, which `refine` names, is not in the module
     --> m.yang:6:19
      |
    6 |   uses g { refine alpah { default x; } }
      |                   ^^^^^
      |
      = note: see RFC 7950 7.13.2
      = help: did you mean `alpha`?
    ");
    insta::assert_snapshot!(refused_body("  grouping g { leaf a { type string; } }\n  uses g { refine a { presence x; } }"), @r"
    error[misplaced-property]: `presence` does not fit a leaf
     --> m.yang:6:23
      |
    6 |   uses g { refine a { presence x; } }
      |                       ^^^^^^^^^^
      |
     ::: m.yang:5:16
      |
    5 |   grouping g { leaf a { type string; } }
      |                ------ this node
      |
      = note: see RFC 7950 7.13.2
      = help: remove it, or name another node
    ");
}

#[test]
fn a_uses_can_augment_what_it_brings() {
    let schema = schema_of(
        "grouping g { container c; choice ch { case one; } } uses g { augment c { leaf a { type string; } } augment ch { leaf two { type string; } } when 'true()'; }",
    );
    assert!(find(&schema, "c/a").is_some() && find(&schema, "ch/two/two").is_some());
    assert_eq!(node(&schema, "c").whens()[0].context, WhenContext::Parent);
    assert_eq!(
        codes("grouping g { container c; } uses g { augment /m:c { leaf a { type string; } } }"),
        ["invalid-argument"]
    );
}

#[test]
fn an_unused_grouping_is_checked_in_strict_mode_only() {
    let text = module("grouping g { leaf a { type none; } }");
    assert_eq!(codes_of(&[&text]), ["unknown-name"]);
    assert!(lenient(&[&text]).diagnostics.is_empty());
}

#[test]
fn a_grouping_with_an_error_is_reported_once() {
    assert_eq!(
        codes(
            "grouping g { leaf a { type none; } } container x { uses g; } container y { uses g; }"
        ),
        ["unknown-name"]
    );
}

#[test]
fn an_action_cannot_come_into_an_rpc() {
    assert_eq!(
        codes("grouping g { action a; } rpc r { input { uses g; } }"),
        ["misplaced-node"]
    );
}
