//! Trees beside the data tree: `yang-data` (RFC 8040) and structures (RFC 8791). Rule 62.

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
pub(super) fn texts(body: &str) -> Vec<String> {
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

pub(super) fn with_texts<T>(body: &str, act: impl FnOnce(&[&str]) -> T) -> T {
    let texts = texts(body);
    act(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

pub(super) fn compiled(body: &str) -> Arc<Schema> {
    with_texts(body, schema)
}

pub(super) fn found(body: &str) -> Vec<&'static str> {
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
      = help: what is there: `c`, `l`
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
      = help: name a structure, container, list, choice or case
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
