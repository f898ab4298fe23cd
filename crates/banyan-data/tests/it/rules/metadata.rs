//! Annotations (RFC 7952).

use banyan_data::document::{ParseOptions, Strictness};
use banyan_data::json;

use crate::fixture::{data, edited, json_data, schema, to_json, to_xml, try_data};

fn annotated() -> std::sync::Arc<banyan_yang::schema::Schema> {
    schema(&[
        "module t { yang-version 1.1; namespace urn:t; prefix t; import ietf-yang-metadata { prefix md; }
           md:annotation note { type string; }
           container c { leaf a { type string; } container d { presence p; } list l { key k; leaf k { type string; } } 
             leaf-list v { type string; } leaf-list u { type string; ordered-by user; } leaf-list s { config false; type string; } } }",
        "module ietf-yang-metadata { namespace urn:ietf:params:xml:ns:yang:ietf-yang-metadata; prefix md; extension annotation { argument name; } }",
    ])
}

// Rule 61.
#[test]
fn annotations_of_containers_entries_and_leaves_are_kept_in_both_encodings() {
    let schema = annotated();
    let tree = data(
        &schema,
        "<c t:note='1'><a t:note='2'>x</a><d t:note='3'/><l t:note='4'><k>1</k></l></c>",
    );
    let json = "{\"t:c\":{\"@\":{\"t:note\":\"1\"},\"a\":\"x\",\"@a\":{\"t:note\":\"2\"},\"d\":{\"@\":{\"t:note\":\"3\"}},\
                \"l\":[{\"@\":{\"t:note\":\"4\"},\"k\":\"1\"}]}}";
    assert_eq!(to_json(&tree), json);
    let again = json_data(&schema, json).unwrap();
    assert_eq!(to_xml(&again), to_xml(&tree));
}

// Rule 61.
#[test]
fn an_annotation_that_no_module_defines_is_refused_or_passed_over() {
    let schema = annotated();
    assert_eq!(
        try_data(&schema, "<c t:other='1'/>").unwrap_err(),
        ["UnknownAttribute /t:c -"]
    );
    let text = "{\"t:c\":{\"@\":{\"t:other\":\"1\"},\"a\":\"x\"}}";
    assert_eq!(
        json_data(&schema, text).unwrap_err(),
        ["UnknownAttribute /t:c -"]
    );
    let lenient = ParseOptions {
        strictness: Strictness::Lenient,
        ..ParseOptions::default()
    };
    let tree = json::parse_data(&schema, text.as_bytes(), &lenient).unwrap();
    assert_eq!(to_json(&tree), "{\"t:c\":{\"a\":\"x\"}}");
}

// Rule 61.
#[test]
fn an_annotation_needs_a_node_to_stand_beside() {
    let schema = annotated();
    assert!(json_data(&schema, "{\"t:c\":{\"@nothing\":{\"t:note\":\"1\"}}}").is_err());
    assert!(
        json_data(
            &schema,
            "{\"t:c\":{\"a\":\"x\",\"@a\":[{\"t:note\":\"1\"}]}}"
        )
        .is_err()
    );
}

// Rule 61.
#[test]
fn annotations_of_leaf_list_entries_are_aligned_with_the_entries() {
    let schema = annotated();
    let tree = data(
        &schema,
        "<c><v>b</v><v t:note='1'>a</v><u t:note='2'>y</u><u>x</u><u t:note='3'>z</u><u>w</u></c>",
    );
    let json = "{\"t:c\":{\"v\":[\"a\",\"b\"],\"@v\":[{\"t:note\":\"1\"}],\
                \"u\":[\"y\",\"x\",\"z\",\"w\"],\"@u\":[{\"t:note\":\"2\"},null,{\"t:note\":\"3\"}]}}";
    assert_eq!(to_json(&tree), json);
    assert_eq!(json_data(&schema, json), Ok(tree.clone()));
    // They are data of the tree: it differs without them.
    let bare = "<c><v>b</v><v>a</v><u>y</u><u>x</u><u>z</u><u>w</u></c>";
    assert_ne!(data(&schema, bare), tree);
    let repeated = "<c><s t:note='1'>a</s><s>a</s></c>";
    assert_eq!(
        try_data(&schema, repeated).unwrap_err(),
        ["UnknownAttribute /t:c/s -"]
    );
}

// Rule 61.
#[test]
fn annotations_go_with_their_entry_and_stay_while_it_moves() {
    let schema = annotated();
    let tree = data(
        &schema,
        "<c><v>b</v><v t:note='1'>a</v><u t:note='2'>y</u><u>x</u></c>",
    );
    let after = |xml: &str| to_json(&edited(&tree, xml).unwrap());
    assert_eq!(
        after("<c><v nc:operation='delete'>a</v><u yang:insert='last'>y</u></c>"),
        "{\"t:c\":{\"v\":[\"b\"],\"u\":[\"x\",\"y\"],\"@u\":[null,{\"t:note\":\"2\"}]}}"
    );
    // An edit that says annotations says all of a node, its leaves and entries.
    assert_eq!(
        after("<c><v t:note='3'>b</v></c>"),
        "{\"t:c\":{\"v\":[\"a\",\"b\"],\"@v\":[null,{\"t:note\":\"3\"}],\"u\":[\"y\",\"x\"]}}"
    );
}
