//! Rule 35: unions.

use crate::compile::tests::*;
use crate::schema::TypeKind;

#[test]
fn a_union_of_unions_cannot_explode() {
    let mut body =
        String::from("typedef u0 { type leafref { path /x; } }\n leaf x { type string; }");
    for level in 1..60 {
        body.push_str(&format!(
            "typedef u{level} {{ type union {{ type u{0}; type u{0}; }} }}\n",
            level - 1
        ));
    }
    body.push_str("leaf a { type u59; }");
    assert!(codes(&body).contains(&"union-too-large"));
}

#[test]
fn nesting_of_types_is_bounded_whatever_the_order_of_definitions() {
    let union = |of: &str| format!("type union {{ type {of}; type int8; }}");
    // Known types first, so that nothing recurses while they are resolved.
    let mut body = String::from("typedef u0 { type string; }\n");
    for level in 1..5000 {
        let below = union(&format!("u{}", level - 1));
        body.push_str(&format!("typedef u{level} {{ {below} }}\n"));
    }
    assert!(codes(&body).contains(&"too-deep"));
    // Many unions inside of each typedef of a chain.
    let mut body = String::new();
    for level in 0..90 {
        let (open, close) = ("type union { ".repeat(150), "}".repeat(150));
        body.push_str(&format!(
            "typedef v{level} {{ {open} type v{}; {close} }}\n",
            level + 1
        ));
    }
    body.push_str("typedef v90 { type string; } leaf a { type v0; }");
    assert!(codes(&body).contains(&"too-deep"));
}

// Rule 35.
#[test]
fn members_of_a_union_stay_in_order_and_may_be_anything_in_1_1() {
    let schema = schema_of(
        "typedef n { type union { type int8 { range 1..5; } type empty; } } leaf b { type string; }
         leaf x { type union { type n; type leafref { path ../b; } type instance-identifier; } }",
    );
    let TypeKind::Union(members) = &ty(&schema, "x").kind else {
        panic!()
    };
    let names: Vec<_> = members.iter().map(|member| member.builtin_name()).collect();
    assert_eq!(names, ["union", "leafref", "instance-identifier"]);
}

// Rule 35.
#[test]
fn a_union_of_version_1_has_no_empty_and_no_leafref() {
    let of = |member: &str| {
        codes_of(&[&format!(
            "module m {{ namespace urn:m; prefix m; leaf b {{ type string; }} typedef e {{ type empty; }}
             leaf x {{ type union {{ type string; {member} }} }} }}"
        )])
    };
    assert!(of("type instance-identifier;").is_empty());
    for wrong in ["type empty;", "type e;", "type leafref { path ../b; }"] {
        assert_eq!(of(wrong), ["needs-yang-1.1"], "{wrong}");
    }
}

// Rule 35.
#[test]
fn a_union_takes_no_restriction_and_needs_a_member() {
    for wrong in ["range 1..5;", "length 1;", "pattern a;", "type int8;"] {
        assert_eq!(
            codes(&format!(
                "typedef u {{ type union {{ type int8; }} }} leaf x {{ type u {{ {wrong} }} }}"
            )),
            ["misplaced-restriction"],
            "{wrong}"
        );
    }
    assert_eq!(codes("leaf x { type union; }"), ["missing-statement"]);
}

// Rule 35.
#[test]
fn the_default_of_a_union_is_a_value_of_some_member() {
    let union = "type union { type int8 { range 1..5; } type enumeration { enum any; } type leafref { path ../b; } }";
    let with = |default: &str| {
        codes(&format!(
            "leaf b {{ type boolean; }} leaf x {{ {union} default {default}; }}"
        ))
    };
    assert!(with("3").is_empty() && with("any").is_empty() && with("true").is_empty());
    assert_eq!(with("9"), ["invalid-default"]);
    assert_eq!(
        codes("leaf x { type union { type empty; type int8; } default ''; }"),
        ["invalid-default"]
    );
}
