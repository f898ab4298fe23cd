//! Annotations (RFC 7952).

use banyan_data::change::diff;
use banyan_data::document::{Layout, ParseOptions, PrintOptions, Strictness};
use banyan_data::form::Form;
use banyan_data::patch::{from_yang_patch, to_yang_patch};
use banyan_data::{Tree, json};

use crate::fixture::{data, edited, json_data, schema, to_json, to_xml, try_data};

fn annotated() -> std::sync::Arc<banyan_yang::schema::Schema> {
    schema(&[
        "module t { yang-version 1.1; namespace urn:t; prefix t; import ietf-yang-metadata { prefix md; }
           md:annotation note { type string; } md:annotation count { type uint8; } md:annotation total { type uint64; }
           identity kind; identity one { base kind; } md:annotation kind { type identityref { base kind; } }
           md:annotation mixed { type union { type uint8; type string; } } md:annotation mark { type empty; }
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

// Rule 61.
#[test]
fn the_value_of_an_annotation_is_of_the_type_of_its_definition() {
    let schema = annotated();
    let xml = "<c t:count='007'><a t:total='+5' t:kind='t:one' t:mixed='7' t:mark=''>x</a>\
               <v t:count='1'>a</v><v t:count='2'>b</v></c>";
    let tree = data(&schema, xml);
    let json = "{\"t:c\":{\"@\":{\"t:count\":7},\"a\":\"x\",\
                \"@a\":{\"t:kind\":\"t:one\",\"t:mark\":[null],\"t:mixed\":7,\"t:total\":\"5\"},\
                \"v\":[\"a\",\"b\"],\"@v\":[{\"t:count\":1},{\"t:count\":2}]}}";
    assert_eq!(to_json(&tree), json);
    let canonical = "<c xmlns=\"urn:t\" xmlns:t=\"urn:t\" t:count=\"7\">\
                     <a xmlns:t=\"urn:t\" t:kind=\"t:one\" t:mark=\"\" t:mixed=\"7\" t:total=\"5\">x</a>\
                     <v xmlns:t=\"urn:t\" t:count=\"1\">a</v><v xmlns:t=\"urn:t\" t:count=\"2\">b</v></c>";
    assert_eq!(to_xml(&tree), canonical);
    assert_eq!(json_data(&schema, json), Ok(tree.clone()));
    // The text chooses the member of a union, in every encoding.
    let text = json.replace("\"t:mixed\":7", "\"t:mixed\":\"7\"");
    assert_eq!(json_data(&schema, &text), Ok(tree.clone()));
    let text = json.replace("\"t:mixed\":7", "\"t:mixed\":\"7 \"");
    let string = json_data(&schema, &text).unwrap();
    assert_ne!(string, tree);
    for tree in [&tree, &string] {
        for form in [Form::Json, Form::Text, Form::Set] {
            let mut out = Vec::new();
            form.print(tree, &PrintOptions::default(), &mut out)
                .unwrap();
            let again = form.parse_data(&schema, &out, &ParseOptions::default());
            assert_eq!(
                again.as_ref(),
                Ok(tree),
                "{}",
                String::from_utf8_lossy(&out)
            );
        }
        let empty = Tree::empty(schema.clone());
        let patch = to_yang_patch(&diff(&empty, tree), "1", Layout::Compact).unwrap();
        let edit = from_yang_patch(&schema, &patch, &empty).unwrap();
        assert_eq!(edit.apply(&empty).as_ref(), Ok(tree), "{patch}");
    }
}

// Rule 61.
#[test]
fn a_value_that_is_not_of_the_annotation_s_type_is_refused_with_its_place() {
    let schema = annotated();
    let expected = ["BadAttribute /t:c/v -"];
    let xml = "<c><v t:count='many'>a</v></c>";
    assert_eq!(try_data(&schema, xml).unwrap_err(), expected);
    assert_eq!(edited(&data(&schema, ""), xml).unwrap_err(), expected);
    for value in ["\"7\"", "256", "null", "[1]"] {
        let json = format!("{{\"t:c\":{{\"v\":[\"a\"],\"@v\":[{{\"t:count\":{value}}}]}}}}");
        let refused = json::parse_data(&schema, json.as_bytes(), &ParseOptions::default());
        let error = &refused.unwrap_err()[0];
        assert!(error.position.is_some_and(|at| at.column > 25), "{error}");
    }
    for (text, column) in [
        ("t:c { v a @t:count many; }", 20),
        ("set t:c v a @t:count many", 13),
    ] {
        let text = text.as_bytes();
        let refused = Form::of(text).parse_data(&schema, text, &ParseOptions::default());
        let error = &refused.unwrap_err()[0];
        let shown = error.to_string();
        assert!(
            shown.starts_with("/t:c/v: annotation t:count: \"many\" is not of type uint8"),
            "{shown}"
        );
        assert_eq!(error.position.map(|at| at.column), Some(column), "{shown}");
    }
}
