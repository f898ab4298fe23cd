//! Trees beside the data tree: `yang-data` (RFC 8040), structures (RFC 8791), annotations (RFC 7952).

use super::*;
use crate::compile::Features;
use crate::embedded::find as embedded;
use crate::schema::TypeKind;
use crate::xpath::Extent;
use crate::xpath::bind::bind_expression;

const HEADER: &str = "yang-version 1.1; namespace urn:m; prefix m;
  import ietf-restconf { prefix rc; } import ietf-yang-structure-ext { prefix sx; }
  import ietf-yang-metadata { prefix md; } import ietf-yang-schema-mount { prefix mnt; }
  import ietf-netconf-acm { prefix nacm; } import tailf-common { prefix tailf; }";
const RESTCONF: &str =
    "module ietf-restconf { namespace urn:rc; prefix rc; extension yang-data { argument name; } }";
const STRUCTURE_EXT: &str = "module ietf-yang-structure-ext { namespace urn:sx; prefix sx;
  extension structure { argument name; } extension augment-structure { argument path; } }";
const TAILF: &str = "module tailf-common { namespace urn:t; prefix tailf;
  extension action { argument name; } extension exec { argument cmd; } extension info { argument text; } }";

/// All texts of a set whose first is module `m` with this body.
fn texts(body: &str) -> Vec<String> {
    let mut texts = vec![format!("module m {{ {HEADER}\n{body}\n}}")];
    texts.extend([RESTCONF, STRUCTURE_EXT, TAILF].map(str::to_owned));
    texts.extend(
        [
            "ietf-yang-metadata",
            "ietf-yang-schema-mount",
            "ietf-netconf-acm",
            "ietf-inet-types",
            "ietf-yang-types",
        ]
        .map(|name| embedded(name, None).unwrap().text.to_owned()),
    );
    texts
}

fn with_texts<T>(body: &str, act: impl FnOnce(&[&str]) -> T) -> T {
    let texts = texts(body);
    act(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn compiled(body: &str) -> Arc<Schema> {
    with_texts(body, schema)
}

fn found(body: &str) -> Vec<&'static str> {
    with_texts(body, codes_of)
}

fn structure(schema: &Schema, name: &str) -> SchemaId {
    let module = schema.module_by_name("m").unwrap();
    let found = schema.structure(module, name);
    found.unwrap_or_else(|| panic!("there is no structure {name}"))
}

/// The names under a node, with those of choices and cases.
fn names_in(schema: &Schema, id: SchemaId) -> Vec<&str> {
    let children = schema.children(id).iter();
    children.map(|id| &*schema.node(*id).name).collect()
}

#[test]
fn a_structure_is_a_tree_of_its_own_outside_of_the_data_tree() {
    let schema = compiled(
        "container data { leaf d { type string; } }
         sx:structure data { leaf a { type string; } container c { leaf b { type int8; } } }",
    );
    let id = structure(&schema, "data");
    let node = schema.node(id);
    assert_eq!((node.kind, node.parent()), (NodeKind::Structure, None));
    assert_eq!(names_in(&schema, id), ["a", "c"]);
    assert_eq!(schema.path(id), "/m:data");
    let module = schema.module_by_name("m").unwrap();
    assert!(schema.data_child(id, module, "a").is_some());
    // The data tree has the container of that name, and nothing else.
    let in_tree: Vec<_> = schema.nodes().map(|(_, node)| &*node.name).collect();
    assert_eq!(in_tree, ["", "data", "d"]);
    assert_eq!(schema.data_children(SchemaId::ROOT).len(), 1);
    assert_eq!(
        schema.data_child(SchemaId::ROOT, module, "data"),
        Some(SchemaId(1))
    );
}

#[test]
fn structures_ignore_config_and_need_no_keys_but_keep_the_order_of_users() {
    let schema = compiled(
        "sx:structure s { list l { config false; leaf a { type string; }
           container c { config true; leaf b { type string; } } }
           leaf-list u { ordered-by user; type string; } }",
    );
    let id = structure(&schema, "s");
    let children = schema.data_children(id);
    let (list, ordered) = (schema.node(children[0]), schema.node(children[1]));
    assert!(list.config && list.keys().is_empty());
    assert_eq!(ordered.ordered_by, crate::schema::OrderedBy::User);
}

#[test]
fn a_structure_is_the_top_element_of_its_document() {
    let schema = compiled(
        "leaf a { type int8; }
         sx:structure s { must '/m:s/m:a != \"x\"'; must '../m:s'; leaf a { type string; }
           container c { leaf r { type leafref { path '/m:s/m:a'; } } } }",
    );
    let id = structure(&schema, "s");
    let module = schema.module_by_name("m").unwrap();
    let c = schema.data_child(id, module, "c").unwrap();
    let r = schema.data_child(c, module, "r").unwrap();
    let TypeKind::Leafref { target, .. } = schema.node(r).ty.as_ref().unwrap().kind else {
        panic!("no leafref");
    };
    assert_eq!(Some(target), schema.data_child(id, module, "a"));
    let must = &schema.node(id).musts()[0].expression;
    let bound = bind_expression(&schema, must, id, Extent::Value).unwrap();
    let reads: Vec<_> = bound
        .plan
        .reads
        .nodes
        .iter()
        .map(|read| read.node)
        .collect();
    assert!(reads.contains(&target), "{reads:?}");
}

#[test]
fn yang_data_is_the_root_of_its_document() {
    let schema = compiled(
        "rc:yang-data y { container c { leaf a { type string; } leaf r { must '/m:c/m:a'; type leafref { path '/m:c/m:a'; } } } }",
    );
    let c = schema.children(structure(&schema, "y"))[0];
    let module = schema.module_by_name("m").unwrap();
    let child = |name| schema.data_child(c, module, name).unwrap();
    let TypeKind::Leafref { target, .. } = schema.node(child("r")).ty.as_ref().unwrap().kind else {
        panic!("no leafref");
    };
    assert_eq!(target, child("a"));
    let must = &schema.node(child("r")).musts()[0].expression;
    let bound = bind_expression(&schema, must, child("r"), Extent::Value).unwrap();
    let reads: Vec<_> = bound
        .plan
        .reads
        .nodes
        .iter()
        .map(|read| read.node)
        .collect();
    assert!(reads.contains(&target), "{reads:?}");
}

#[test]
fn a_leafref_must_not_leave_its_structure_and_leniently_takes_the_type_of_its_target() {
    let body = "leaf a { type int8; } sx:structure s { leaf r { type leafref { path '/m:a'; } } }";
    assert_eq!(found(body), ["leafref-leaves-structure"]);
    let schema = with_texts(body, lenient).schema;
    let r = schema.children(structure(&schema, "s"))[0];
    let ty = schema.node(r).ty.clone().unwrap();
    assert_eq!(ty.builtin_name(), "int8");
}

#[test]
fn names_that_are_not_in_a_structure_are_reported() {
    let nowhere = "leaf r { type leafref { path '/m:s/m:b'; } }";
    assert_eq!(
        found(&format!("sx:structure s {{ {nowhere} }}")),
        ["leafref-target"]
    );
    let two = "leaf r { type leafref { path '../../m:a'; } }";
    assert_eq!(
        found(&format!("sx:structure s {{ {two} }}")),
        ["leafref-target"]
    );
    assert_eq!(
        found("leaf a { type string; } sx:structure s { must 'm:a'; leaf b { type string; } }"),
        ["unknown-node"]
    );
}

#[test]
fn if_feature_holds_in_structures_and_means_nothing_in_yang_data() {
    let texts = texts(
        "feature f; sx:structure s { leaf a { if-feature f; type string; } leaf b { type string; } }
         rc:yang-data y { container c { if-feature f; leaf a { if-feature f; type string; } uses g { if-feature f; } } }
         grouping g { leaf d { type string; } }",
    );
    let source = source(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let compiler = Compiler::new(&source).implement("m", None);
    let compiled = compiler.default_features(Features::none()).compile();
    let schema = compiled.unwrap().schema;
    assert_eq!(names_in(&schema, structure(&schema, "s")), ["b"]);
    let container = schema.children(structure(&schema, "y"))[0];
    assert_eq!(names_in(&schema, container), ["a", "d"]);
}

#[test]
fn structures_keep_their_status_and_constraints() {
    let schema = compiled(
        "sx:structure s { status deprecated; description 'what it is'; must 'a' { error-message 'no a'; } leaf a { type string; } }",
    );
    let id = structure(&schema, "s");
    let node = schema.node(id);
    assert_eq!(node.status, crate::schema::Status::Deprecated);
    assert_eq!(node.musts().len(), 1);
    assert_eq!(schema.description(id).as_deref(), Some("what it is"));
    assert_eq!(
        schema.node(schema.children(id)[0]).status,
        crate::schema::Status::Deprecated
    );
}

#[test]
fn structures_have_scoped_groupings_and_typedefs() {
    let schema = compiled(
        "sx:structure s { typedef t { type int8; } grouping g { leaf a { type t; } } uses g; }",
    );
    assert_eq!(names_in(&schema, structure(&schema, "s")), ["a"]);
}

#[test]
fn extension_statements_of_the_language_have_their_own_grammar() {
    assert_eq!(
        found("sx:structure s { config false; }"),
        ["misplaced-statement"]
    );
    assert_eq!(found("sx:structure s { leaf a; }"), ["missing-statement"]);
    assert_eq!(
        found("sx:structure s { status current; status current; }"),
        ["repeated-statement"]
    );
    assert_eq!(found("sx:structure 1s;"), ["invalid-argument"]);
    assert_eq!(found("sx:structure;"), ["extension-argument"]);
    assert_eq!(
        found("rc:yang-data y { description 'd'; container c; }"),
        ["misplaced-statement"]
    );
    assert_eq!(
        found("container c { sx:structure s { leaf a { type string; } } }"),
        ["misplaced-extension"]
    );
    assert_eq!(
        found("sx:structure s { leaf a { type string; } } sx:structure s;"),
        ["duplicate-node"]
    );
}

#[test]
fn yang_data_results_in_exactly_one_container() {
    for body in [
        "container c;",
        "uses g; ",
        "choice ch { container a; container b; }",
        "choice ch { case a { container a; } case b { choice d { container e; } } }",
    ] {
        let schema = compiled(&format!(
            "grouping g {{ container c; }} rc:yang-data y {{ {body} }}"
        ));
        let id = structure(&schema, "y");
        assert_eq!(schema.node(id).kind, NodeKind::YangData);
        assert_eq!(schema.nodes().len(), 1);
    }
    for body in [
        "",
        "leaf a { type string; }",
        "container a; container b;",
        "list l { leaf a { type string; } }",
        "choice ch { container a; leaf b { type string; } }",
        "choice ch { case a { container a; container b; } }",
    ] {
        assert_eq!(
            found(&format!("rc:yang-data y {{ {body} }}")),
            ["yang-data-container"],
            "{body}"
        );
    }
    insta::assert_snapshot!(
        with_texts("rc:yang-data y { container a; container b; }", refused),
        @r"
    error[yang-data-container]: yang-data y must result in exactly one container
     --> m.yang:5:1
      |
    5 | rc:yang-data y { container a; container b; }
      | ^^^^^^^^^^^^^^
      |
      = note: see RFC 8040 8
      = help: put its nodes into one container
    "
    );
}

#[test]
fn yang_data_that_is_not_at_the_top_is_ignored() {
    let warned = found("container c { rc:yang-data y { leaf a { type string; } } }");
    assert_eq!(warned, ["misplaced-extension"]);
    let schema = with_texts(
        "container c { rc:yang-data y { leaf a { type string; } } }",
        compile,
    );
    assert_eq!(schema.unwrap().schema.structures().count(), 0);
}

const AUGMENTED: &str = "module a { yang-version 1.1; namespace urn:a; prefix a; import ietf-yang-structure-ext { prefix sx; }
  sx:structure s { container c { choice ch { leaf x { type string; } } } leaf l { type string; } } }";

fn augmenting(body: &str) -> Vec<String> {
    let module = format!(
        "module m {{ yang-version 1.1; namespace urn:m; prefix m; import a {{ prefix a; }}
           import ietf-yang-structure-ext {{ prefix sx; }}\n{body}\n}}"
    );
    vec![module, AUGMENTED.to_owned(), STRUCTURE_EXT.to_owned()]
}

#[test]
fn augment_structure_adds_to_a_structure_of_another_module() {
    let texts = augmenting(
        "sx:augment-structure /a:s/a:c/m:d/m:e { leaf deep { type string; } }
         sx:augment-structure /a:s/a:c { status obsolete; container d { container e; } leaf when-x { when 'a:ch-x'; type string; } }
         sx:augment-structure /a:s/a:c/a:ch { case y { leaf y { type leafref { path '/a:s/a:l'; } } } }
         sx:augment-structure /a:s { leaf top { type string; } }",
    );
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let compiled = compile(&texts).unwrap();
    let schema = &compiled.schema;
    let module = schema.module_by_name("a").unwrap();
    assert!(
        schema.module(module).implemented,
        "its structure is augmented"
    );
    let id = schema.structure(module, "s").unwrap();
    assert_eq!(names_in(schema, id), ["c", "l", "top"]);
    let c = schema.children(id)[0];
    assert_eq!(names_in(schema, c), ["ch", "d", "when-x"]);
    let d = schema.children(c)[1];
    assert_eq!(schema.node(d).status, crate::schema::Status::Obsolete);
    assert_eq!(schema.path(d), "/a:s/c/m:d");
    assert_eq!(names_in(schema, schema.children(d)[0]), ["deep"]);
    let codes: Vec<_> = compiled
        .diagnostics
        .iter()
        .map(|found| found.code)
        .collect();
    assert_eq!(codes, ["unknown-node"], "`ch-x` is not there");
}

#[test]
fn augment_structure_must_lead_to_a_structure() {
    let refused = |body: &str| {
        let texts = augmenting(body);
        super::refused(&texts.iter().map(String::as_str).collect::<Vec<_>>())
    };
    insta::assert_snapshot!(refused("sx:augment-structure /a:t { leaf z { type string; } }"), @r"
    error[unknown-node]: there is no structure `a:t` in module a
     --> m.yang:3:22
      |
    3 | sx:augment-structure /a:t { leaf z { type string; } }
      |                      ^^^^
      |
      = note: see RFC 8791 4
    ");
    insta::assert_snapshot!(refused("sx:augment-structure /a:s/a:d { leaf z { type string; } }"), @r"
    error[unknown-node]: there is no node `a:d` in /a:s, which this `sx:augment-structure` names
     --> m.yang:3:22
      |
    3 | sx:augment-structure /a:s/a:d { leaf z { type string; } }
      |                      ^^^^^^^^
      |
      = note: see RFC 8791 4
    ");
    insta::assert_snapshot!(refused("sx:augment-structure /a:s/a:l { leaf z { type string; } }"), @r"
    error[augment-target]: a leaf cannot be augmented
     --> m.yang:3:22
      |
    3 | sx:augment-structure /a:s/a:l { leaf z { type string; } }
      |                      ^^^^^^^^
      |
     ::: a.yang:2:74
      |
    2 |   sx:structure s { container c { choice ch { leaf x { type string; } } } leaf l { type string; } } }
      |                                                                          ------ the target
      |
      = note: see RFC 8791 4
    ");
    assert!(
        refused("sx:augment-structure s { leaf z { type string; } }").contains("invalid-argument")
    );
    assert!(
        refused("augment /a:s/a:c { leaf z { type string; } }").contains("unknown-node"),
        "a plain augment does not find structures"
    );
    assert!(
        refused("deviation /a:s/a:c { deviate not-supported; }").contains("unknown-node"),
        "nor does a deviation"
    );
}

#[test]
fn yang_data_cannot_be_augmented() {
    insta::assert_snapshot!(
        with_texts(
            "rc:yang-data y { container c; } sx:augment-structure /m:y/m:c { leaf a { type string; } }",
            refused
        ),
        @r"
    error[unknown-node]: there is no structure `m:y` in module m
     --> m.yang:5:54
      |
    5 | rc:yang-data y { container c; } sx:augment-structure /m:y/m:c { leaf a { type string; } }
      | -------------- `yang-data` cannot be augmented       ^^^^^^^^
      |
      = note: see RFC 8791 4
    "
    );
}

#[test]
fn structures_of_modules_that_are_only_imported_are_not_in_the_schema() {
    let texts = augmenting("");
    let schema = schema(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(schema.structures().count(), 0);
}

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
    assert!(action.description().is_some());
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

#[test]
fn a_dump_shows_annotations_and_structures() {
    let schema = compiled(
        "md:annotation stamp { type uint32; units s; status deprecated; } container c;
         rc:yang-data y { container c { leaf a { config false; type string; mandatory true; } } }
         sx:structure s { must 'l'; list l { leaf a { type int8; } } }",
    );
    let dump = crate::dump::dump(&schema);
    let of_m: Vec<&str> = dump.lines().filter(|line| line.contains("m:")).collect();
    insta::assert_snapshot!(of_m.join("\n"), @r#"
    {"annotation":"m:stamp","type":{"name":"uint32"},"units":"s","status":"deprecated"}
    {"path":"/m:c","kind":"container","config":true}
    {"path":"/m:y","kind":"yang-data"}
    {"path":"/m:y/c","kind":"container"}
    {"path":"/m:y/c/a","kind":"leaf","type":{"name":"string"},"mandatory":true}
    {"path":"/m:s","kind":"structure","must":[{"xpath":"l"}]}
    {"path":"/m:s/l","kind":"list"}
    {"path":"/m:s/l/a","kind":"leaf","type":{"name":"int8"}}
    "#);
}
