//! Extensions that mean something to the compiler: annotations (RFC 7952), mount points (RFC 8528), default denials
//! (RFC 8341), actions of tailf-common.

use super::structures::{compiled, found, texts, with_texts};
use super::*;
use crate::compile::Features;

#[test]
fn annotations_are_kept_with_their_types() {
    let schema = compiled(
        "typedef seconds { type uint32; units s; } feature f;
         md:annotation stamp { type seconds; description 'when'; status deprecated; }
         md:annotation where { if-feature f; type leafref { path '/m:a'; } units places; }
         leaf a { type int8 { range '1..9'; } } leaf stamp { type string; }",
    );
    let module = schema.module_by_name("m").unwrap();
    let stamp = schema.annotation(module, "stamp").unwrap();
    assert_eq!(stamp.ty.builtin_name(), "uint32");
    assert_eq!(stamp.units.as_deref(), Some("s"));
    assert_eq!(stamp.status, crate::schema::Status::Deprecated);
    assert!(stamp.description.is_some());
    let place = schema.annotation(module, "where").unwrap();
    assert_eq!(place.ty.resolved().builtin_name(), "int8");
    assert_eq!(place.units.as_deref(), Some("places"));
    assert_eq!(schema.annotations().len(), 2);
    // They are no nodes.
    assert_eq!(schema.nodes().len(), 3);
    assert_eq!(ty(&schema, "stamp").builtin_name(), "string");
}

#[test]
fn an_annotation_whose_feature_is_off_is_not_there() {
    let texts = texts("feature f; md:annotation a { if-feature f; type string; }");
    let source = source(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let compiler = Compiler::new(&source).implement("m", None);
    let compiled = compiler.default_features(Features::none()).compile();
    assert!(compiled.unwrap().schema.annotations().is_empty());
}

#[test]
fn annotations_obey_their_grammar() {
    assert_eq!(found("md:annotation a;"), ["missing-statement"]);
    assert_eq!(
        found("md:annotation a { type string; default x; }"),
        ["misplaced-statement"]
    );
    assert_eq!(
        found("md:annotation a { type string; type string; }"),
        ["repeated-statement"]
    );
    assert_eq!(
        found("container c { md:annotation a { type string; } }"),
        ["misplaced-extension"]
    );
    assert_eq!(
        found("md:annotation a { type string; } md:annotation a { type int8; }"),
        ["duplicate-node"]
    );
    assert_eq!(found("md:annotation a { type nothing; }"), ["unknown-name"]);
    assert_eq!(
        found("md:annotation a { type leafref { path '/m:b'; } }"),
        ["leafref-target"]
    );
    assert_eq!(
        found("md:annotation 'a b' { type string; }"),
        ["invalid-argument"]
    );
}

#[test]
fn mount_points_stand_in_containers_and_lists_once() {
    let schema = compiled(
        "container c { mnt:mount-point one; } list l { key k; leaf k { type string; } mnt:mount-point two { description 'd'; } }
         grouping g { container in-grouping { mnt:mount-point three; } } uses g;",
    );
    for (path, label) in [("c", "one"), ("l", "two"), ("in-grouping", "three")] {
        assert_eq!(
            node(&schema, path).mount_point().map(|label| &**label),
            Some(label)
        );
    }
    for body in [
        "leaf l { type string; mnt:mount-point x; }",
        "choice ch { case c { mnt:mount-point x; } }",
        "rpc r { input { leaf a { type string; } mnt:mount-point x; } }",
        "grouping g { container c; } uses g { refine c { mnt:mount-point x; } }",
        "mnt:mount-point x;",
    ] {
        assert_eq!(found(body), ["invalid-mount-point"], "{body}");
    }
    assert_eq!(
        found("container c { mnt:mount-point x; mnt:mount-point y; }"),
        ["invalid-mount-point"]
    );
    assert_eq!(
        found("container c { mnt:mount-point 'x y'; }"),
        ["invalid-argument"]
    );
    assert_eq!(
        found(
            "container c { mnt:mount-point x; } deviation /m:c { deviate add { mnt:mount-point y; } }"
        ),
        ["invalid-mount-point"]
    );
}

#[test]
fn a_module_of_version_1_has_no_mount_points_not_even_through_uses() {
    let texts = texts("grouping g { container c { mnt:mount-point x; } }");
    let user = "module u { namespace urn:u; prefix u; import m { prefix m; } uses m:g; }";
    let mut all = vec![user];
    all.extend(texts.iter().map(String::as_str));
    // It imports a module of version 1.1 without naming a revision, which is allowed (RFC 7950 12).
    assert_eq!(codes_of(&all), ["invalid-mount-point"]);
    let own = "module u { namespace urn:u; prefix u; import ietf-yang-schema-mount { prefix mnt; } container c { mnt:mount-point x; } }";
    all[0] = own;
    assert_eq!(codes_of(&all), ["invalid-mount-point"]);
}

#[test]
fn default_deny_is_a_flag_of_the_node() {
    use crate::schema::DefaultDeny::{All, Write};
    let schema = compiled(
        "container w { nacm:default-deny-write; leaf below { type string; } }
         leaf a { nacm:default-deny-all; nacm:default-deny-write; type string; }
         grouping g { leaf in-grouping { nacm:default-deny-all; type string; } leaf refined { type string; } }
         uses g { refine refined { nacm:default-deny-write; } }
         leaf deviated { type string; } deviation /m:deviated { deviate add { nacm:default-deny-all; } }
         rpc r { nacm:default-deny-all; } rpc q { nacm:default-deny-write; }
         notification n { nacm:default-deny-all; leaf x { nacm:default-deny-write; type string; } }",
    );
    for (path, deny) in [
        ("w", Some(Write)),
        ("w/below", None),
        ("a", Some(All)),
        ("in-grouping", Some(All)),
        ("refined", Some(Write)),
        ("deviated", Some(All)),
        ("r", Some(All)),
        ("q", None),
        ("n", Some(All)),
        ("n/x", Some(Write)),
    ] {
        assert_eq!(node(&schema, path).default_deny(), deny, "{path}");
    }
}

#[test]
fn an_extension_of_that_name_of_another_module_denies_nothing() {
    let schema =
        schema_of("extension default-deny-all; leaf a { m:default-deny-all; type string; }");
    assert_eq!(node(&schema, "a").default_deny(), None);
}

#[test]
fn an_action_of_tailf_common_is_an_action() {
    let schema = compiled(
        "feature f;
         container c { list l { key k; leaf k { type string; }
           tailf:action go { tailf:exec x; description 'd'; status deprecated; if-feature f; typedef t { type int8; } grouping h { leaf b { type t; } }
             input { leaf a { type string; } } output { uses h; } } } }
         grouping g { container in-grouping { tailf:action act { tailf:info x; } } } uses g;
         augment /m:c { tailf:action added; }",
    );
    let action = node(&schema, "c/l/go");
    assert_eq!(action.kind, NodeKind::Action);
    assert_eq!(action.status, crate::schema::Status::Deprecated);
    let id = find(&schema, "c/l/go").unwrap();
    assert_eq!(schema.description(id).as_deref(), Some("d"));
    assert_eq!(action.extensions().len(), 2, "itself and `exec`");
    assert_eq!(node(&schema, "c/l/go/input/a").kind, NodeKind::Leaf);
    assert_eq!(ty(&schema, "c/l/go/output/b").builtin_name(), "int8");
    assert_eq!(node(&schema, "in-grouping/act").kind, NodeKind::Action);
    assert_eq!(node(&schema, "c/added/output").kind, NodeKind::Output);
}

#[test]
fn an_action_whose_feature_is_off_is_not_there() {
    let texts = texts("feature f; container c { tailf:action go { if-feature f; } }");
    let source = source(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let compiler = Compiler::new(&source).implement("m", None);
    let compiled = compiler.default_features(Features::none()).compile();
    assert_eq!(outline(&compiled.unwrap().schema), "container m:c\n");
}

#[test]
fn an_action_of_tailf_common_at_the_top_of_a_module_is_an_rpc() {
    let body = "tailf:action go { input { leaf a { type string; } } }";
    assert_eq!(found(body), ["action-at-top"]);
    let schema = with_texts(body, compile).unwrap().schema;
    let module = schema.module_by_name("m").unwrap();
    let rpc = schema.rpc(module, "go").unwrap();
    assert_eq!(schema.node(rpc).kind, NodeKind::Rpc);
    assert_eq!(node(&schema, "go/input/a").kind, NodeKind::Leaf);
}

#[test]
fn an_action_of_tailf_common_stands_where_actions_stand() {
    assert_eq!(
        found("choice ch { case a { tailf:action go; } }"),
        ["misplaced-node"]
    );
    assert_eq!(
        found("rpc r { input { leaf a { type string; } tailf:action go; } }"),
        ["misplaced-node"]
    );
    assert_eq!(
        found("container c { leaf go { type string; } tailf:action go; }"),
        ["duplicate-node"]
    );
    assert_eq!(
        found("container c { tailf:action go { input { leaf a; } } }"),
        ["missing-statement"]
    );
    assert_eq!(
        found("container c { tailf:action 'go on'; }"),
        ["invalid-argument"]
    );
}
