//! Rules 39 and 40: default values, and the types that have few or none.

use crate::compile::tests::*;

#[test]
fn defaults_must_be_values_of_their_types() {
    insta::assert_snapshot!(refused_body("  leaf a { type uint8 { range 1..9; } default 10; }"), @r"
    error[invalid-default]: the default `10` is not a value of its type: it is outside of the range
     --> m.yang:5:47
      |
    5 |   leaf a { type uint8 { range 1..9; } default 10; }
      |   ------ of this leaf                         ^^
      |
      = note: see RFC 7950 7.6.4
      = help: the type takes 1..9
    ");
    insta::assert_snapshot!(refused_body("  typedef t { type string; default toolong; }\n  leaf a { type t { length 1..3; } }"), @r"
    error[invalid-default]: the default `toolong` is not a value of its type: its length, 7, is not allowed
     --> m.yang:5:36
      |
    5 |   typedef t { type string; default toolong; }
      |                                    ^^^^^^^
      |
     ::: m.yang:6:3
      |
    6 |   leaf a { type t { length 1..3; } }
      |   ------ of this leaf
      |
      = note: see RFC 7950 7.6.4
      = help: write a value of the type, or change the type
    ");
    for (ty, value) in [
        ("int8", "128"),
        ("uint8", "-1"),
        ("boolean", "yes"),
        ("empty", ""),
        ("binary", "x"),
        ("decimal64 { fraction-digits 1; }", "1.25"),
        ("enumeration { enum a; }", "b"),
        ("bits { bit a; }", "a b"),
        ("string { pattern 'a*'; }", "b"),
        ("union { type int8; type boolean; }", "x"),
        ("leafref { path ../b; }", "x"),
    ] {
        assert_eq!(
            codes(&format!(
                "leaf a {{ type {ty}{} default '{value}'; }} leaf b {{ type int8; }}",
                if ty.ends_with('}') { "" } else { ";" }
            )),
            ["invalid-default"],
            "{ty}"
        );
    }
    for (ty, value) in [
        ("int8", "0x7f"),
        ("boolean", "true"),
        ("binary", "AAAA"),
        ("decimal64 { fraction-digits 1; }", "1.2"),
        ("bits { bit a; bit b; }", "a b"),
        ("union { type int8; type boolean; }", "true"),
        ("instance-identifier", "/m:b"),
    ] {
        assert!(
            codes(&format!(
                "leaf a {{ type {ty}{} default '{value}'; }} leaf b {{ type int8; }}",
                if ty.ends_with('}') { "" } else { ";" }
            ))
            .is_empty(),
            "{ty}"
        );
    }
}

// Rule 39.
#[test]
fn types_empty_and_boolean_take_no_restriction_and_empty_no_default() {
    assert!(codes("leaf a { type empty; } leaf b { type boolean; default false; }").is_empty());
    for ty in ["empty { length 0; }", "boolean { pattern true; }"] {
        assert_eq!(
            codes(&format!("leaf a {{ type {ty} }}")),
            ["misplaced-restriction"],
            "{ty}"
        );
    }
    assert_eq!(
        codes("typedef e { type empty; default ''; }"),
        ["invalid-default"]
    );
    for wrong in ["TRUE", "1", "''", "' true'"] {
        assert_eq!(
            codes(&format!("leaf a {{ type boolean; default {wrong}; }}")),
            ["invalid-default"],
            "{wrong}"
        );
    }
}

// Rule 39.
#[test]
fn a_key_may_be_of_type_empty_in_1_1_only() {
    let list = "list l { key k; leaf k { type empty; } }";
    assert!(codes(list).is_empty());
    assert_eq!(
        codes_of(&[&format!("module m {{ namespace urn:m; prefix m; {list} }}")]),
        ["invalid-key"]
    );
}

// Rule 39.
#[test]
fn the_default_of_a_binary_is_base64_of_an_allowed_length() {
    let with = |default: &str| {
        codes(&format!(
            "leaf a {{ type binary {{ length 1..3; }} default '{default}'; }}"
        ))
    };
    assert!(with("aGV5").is_empty() && with("aGU=").is_empty() && with("aG V5").is_empty());
    for wrong in ["aGV5aGV5", "aGV", "aG*5", "", "aG=5", "===="] {
        assert_eq!(with(wrong), ["invalid-default"], "{wrong}");
    }
}

// Rule 40.
#[test]
fn the_default_of_a_typedef_must_be_a_value_of_it_used_or_not() {
    insta::assert_snapshot!(refused_body("  typedef t { type uint8; default 10; }\n  typedef u { type t { range 1..9; } }\n  leaf a { type u { range 1..5; } default 4; }"), @r"
    error[invalid-default]: the default `10` of typedef u, inherited from its base, is not a value of its type: it is outside of the range
     --> m.yang:5:35
      |
    5 |   typedef t { type uint8; default 10; }
      |                                   ^^
      |
     ::: m.yang:6:3
      |
    6 |   typedef u { type t { range 1..9; } }
      |   --------- this typedef
      |
      = note: see RFC 7950 7.3.4
      = help: give the typedef a default of its own
    ");
    assert_eq!(
        codes(
            "typedef t { type uint8 { range 1..9; } default 10; } leaf a { type t; } leaf b { type t; default 3; }"
        ),
        ["invalid-default"]
    );
    assert_eq!(
        codes("container c { typedef t { type boolean; default no; } }"),
        ["invalid-default"]
    );
    assert!(
        codes("typedef t { type uint8; default 10; } typedef u { type t { range 1..9; } default 3; } leaf a { type u; }")
            .is_empty()
    );
}

// Rule 40.
#[test]
fn the_default_of_a_leaf_goes_before_that_of_its_typedef() {
    let schema = schema_of(
        "typedef t { type uint8; default 10; } typedef u { type t; }
         leaf a { type u { range 1..5; } default 4; } leaf b { type u; } leaf c { type u { range 1..5; } mandatory true; }
         leaf-list d { type u; } leaf-list e { type u { range 1..5; } min-elements 1; }",
    );
    let defaults = |path| {
        let defaults = node(&schema, path).defaults().iter();
        defaults.map(|d| d.text.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(defaults("a"), ["4"]);
    assert_eq!(defaults("b"), ["10"]);
    assert_eq!(defaults("d"), ["10"]);
    assert!(defaults("c").is_empty() && defaults("e").is_empty());
    assert_eq!(
        codes("typedef t { type uint8; default 10; } leaf a { type t { range 1..5; } }"),
        ["invalid-default"]
    );
}

// Rule 40.
#[test]
fn a_default_stands_with_neither_mandatory_nor_min_elements() {
    for wrong in [
        "leaf a { type int8; default 1; mandatory true; }",
        "leaf-list a { type int8; default 1; min-elements 1; }",
    ] {
        assert_eq!(codes(wrong), ["default-and-mandatory"], "{wrong}");
    }
    assert!(codes("leaf-list a { type int8; default 1; min-elements 0; }").is_empty());
}

// Rule 40.
#[test]
fn the_default_of_a_key_is_ignored_but_must_be_a_value_of_its_type() {
    let schema = schema_of(
        "typedef t { type string; default toolong; }
         list l { key 'k j'; leaf k { type string; default a; } leaf j { type t { length 1..3; } } }",
    );
    assert!(
        node(&schema, "l/k").defaults().is_empty() && node(&schema, "l/j").defaults().is_empty()
    );
    assert_eq!(
        codes("list l { key k; leaf k { type int8; default a; } }"),
        ["invalid-default"]
    );
}

// Rule 40.
#[test]
fn defaults_of_a_configuration_leaf_list_are_different_values() {
    let twice = |ty: &str, one: &str, other: &str| {
        codes(&format!(
            "leaf-list a {{ type {ty} default '{one}'; default '{other}'; }}"
        ))
    };
    for (ty, one, other) in [
        ("int8;", "1", "+1"),
        ("uint8;", "0x10", "16"),
        ("decimal64 { fraction-digits 2; }", "1.5", "1.50"),
        ("bits { bit a; bit b; }", "a b", "b a"),
        ("string;", "x", "x"),
    ] {
        assert_eq!(twice(ty, one, other), ["invalid-default"], "{ty}");
    }
    assert!(twice("string;", "1", "01").is_empty());
    assert!(codes("leaf-list a { config false; type int8; default 1; default +1; }").is_empty());
}

// Rule 40.
#[test]
fn defaults_that_refine_and_deviations_bring_are_checked_too() {
    let grouping = "grouping g { leaf a { type int8 { range 1..9; } default 3; } }";
    assert!(
        codes(&format!(
            "{grouping} uses g {{ refine a {{ default 9; }} }}"
        ))
        .is_empty()
    );
    assert_eq!(
        codes(&format!(
            "{grouping} uses g {{ refine a {{ default 10; }} }}"
        )),
        ["invalid-default"]
    );
    let base = "module base { namespace urn:b; prefix b; leaf a { type int8; default 3; } }";
    let deviated = |deviate: &str| {
        let user = format!(
            "module m {{ namespace urn:m; prefix m; import base {{ prefix b; }} deviation /b:a {{ {deviate} }} }}"
        );
        codes_of(&[&user, base])
    };
    assert!(deviated("deviate replace { type string; }").is_empty());
    assert_eq!(
        deviated("deviate replace { type boolean; }"),
        ["invalid-default"]
    );
    assert_eq!(
        deviated("deviate replace { default 300; }"),
        ["invalid-default"]
    );
}
