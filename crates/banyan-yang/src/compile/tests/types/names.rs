//! Rules 33, 34 and 36: enumerations, bits, identityrefs.

use crate::compile::tests::*;
use crate::schema::TypeKind;

#[test]
fn enums_and_bits_count_their_values() {
    let schema = schema_of(
        "feature f; typedef e { type enumeration { enum a; enum b { value 5; } enum c; enum off { if-feature 'not f'; } } }
         leaf x { type e; } leaf y { type e { enum c; } }
         leaf z { type bits { bit q { position 3; } bit p { position 1; } bit r { position 9; } } }",
    );
    let items = |path| match &ty(&schema, path).kind {
        TypeKind::Enumeration(items) => items
            .iter()
            .map(|i| (i.name.to_string(), i.value))
            .collect::<Vec<_>>(),
        TypeKind::Bits(bits) => bits
            .iter()
            .map(|b| (b.name.to_string(), b.position as i32))
            .collect(),
        _ => panic!(),
    };
    assert_eq!(
        items("x"),
        [("a".into(), 0), ("b".into(), 5), ("c".into(), 6)]
    );
    assert_eq!(items("y"), [("c".into(), 6)]);
    assert_eq!(
        items("z"),
        [("p".into(), 1), ("q".into(), 3), ("r".into(), 9)]
    );
    assert_eq!(
        codes("leaf x { type enumeration { enum a; enum a; } }"),
        ["duplicate-enum"]
    );
    assert_eq!(
        codes("leaf x { type enumeration { enum a { value 1; } enum b { value 1; } } }"),
        ["duplicate-value"]
    );
    assert_eq!(
        codes("leaf x { type enumeration { enum a { value 2147483647; } enum b; } }"),
        ["missing-value"]
    );
    assert_eq!(
        codes("typedef e { type enumeration { enum a; } } leaf x { type e { enum b; } }"),
        ["unknown-enum"]
    );
    assert_eq!(
        codes("leaf x { type bits { bit a; bit a; } }"),
        ["duplicate-bit"]
    );
}

#[test]
fn identities_know_their_ancestors() {
    let schema = schema_of(
        "identity a; identity b { base a; } identity c { base m:b; base d; } identity d; leaf x { type identityref { base a; base d; } default c; }",
    );
    let id = |name| schema.identity_by_name(ModuleId(0), name).unwrap();
    assert!(schema.is_derived_from(id("c"), id("a")) && schema.is_derived_from(id("c"), id("d")));
    assert!(!schema.is_derived_from(id("a"), id("a")) && !schema.is_derived_from(id("d"), id("a")));
    let TypeKind::IdentityRef(bases) = &ty(&schema, "x").kind else {
        panic!()
    };
    assert_eq!(bases.len(), 2);
    insta::assert_snapshot!(refused_body("  identity a { base b; }\n  identity b { base c; }\n  identity c { base a; }"), @r"
    error[circular-identity]: identities are derived from each other: a -> b -> c -> a
     --> m.yang:5:3
      |
    5 |   identity a { base b; }
      |   ^^^^^^^^^^
      |
     ::: m.yang:6:3
      |
    6 |   identity b { base c; }
      |   ---------- derived here
      |
     ::: m.yang:7:3
      |
    7 |   identity c { base a; }
      |   ---------- derived here
      |
      = note: see RFC 7950 7.18.2
      = help: remove one of these `base` statements
    ");
    assert_eq!(codes("identity a { base none; }"), ["unknown-name"]);
    assert_eq!(
        codes("identity a; identity b; leaf x { type identityref { base a; } default b; }"),
        ["invalid-default"]
    );
}

fn enums(schema: &Schema, path: &str) -> Vec<(String, i64)> {
    match &ty(schema, path).kind {
        TypeKind::Enumeration(items) => items
            .iter()
            .map(|item| (item.name.to_string(), item.value.into()))
            .collect(),
        TypeKind::Bits(bits) => bits
            .iter()
            .map(|bit| (bit.name.to_string(), bit.position.into()))
            .collect(),
        _ => panic!("{path}"),
    }
}

fn pair(name: &str, number: i64) -> (String, i64) {
    (name.to_owned(), number)
}

// Rule 33.
#[test]
fn an_enum_without_value_gets_the_highest_and_one_more() {
    let schema = schema_of(
        "leaf x { type enumeration { enum a { value 1; } enum b { value -5; } enum c; enum 'd e'; } }
         leaf y { type enumeration { enum a { value -5; } enum b; } }",
    );
    assert_eq!(
        enums(&schema, "x"),
        [pair("a", 1), pair("b", -5), pair("c", 2), pair("d e", 3)]
    );
    assert_eq!(enums(&schema, "y"), [pair("a", -5), pair("b", -4)]);
}

// Rule 33.
#[test]
fn values_and_names_of_enums_are_unique_and_fit_32_bits() {
    for (body, code) in [
        ("enum a { value 2147483647; } enum b;", "missing-value"),
        (
            "enum a { value 2147483647; } enum c { value 1; } enum b;",
            "missing-value",
        ),
        ("enum a { value 1; } enum b { value 1; }", "duplicate-value"),
        (
            "enum a { value 1; } enum b { value 0; } enum c { value 1; }",
            "duplicate-value",
        ),
        ("enum a; enum a;", "duplicate-enum"),
        ("enum a { value 2147483648; }", "invalid-argument"),
        ("enum ' a';", "invalid-argument"),
        ("enum 'a\t';", "invalid-argument"),
        ("enum '';", "invalid-argument"),
    ] {
        assert_eq!(
            codes(&format!("leaf x {{ type enumeration {{ {body} }} }}")),
            [code],
            "{body}"
        );
    }
}

// Rule 33.
#[test]
fn a_restricted_enumeration_keeps_some_enums_with_their_values() {
    let base =
        "typedef e { type enumeration { enum a { value 3; } enum b; enum c { value 9; } } } ";
    let schema = schema_of(&format!(
        "{base} typedef f {{ type e {{ enum b; enum c {{ value 9; }} }} }} leaf x {{ type f {{ enum c; }} }} leaf y {{ type f; }}"
    ));
    assert_eq!(enums(&schema, "x"), [pair("c", 9)]);
    assert_eq!(enums(&schema, "y"), [pair("b", 4), pair("c", 9)]);
    for (body, code) in [
        ("enum d;", "unknown-enum"),
        ("enum a { value 4; }", "changed-value"),
        ("enum a; enum a;", "duplicate-enum"),
        ("bit a;", "misplaced-restriction"),
    ] {
        assert_eq!(
            codes(&format!("{base} leaf x {{ type e {{ {body} }} }}")),
            [code],
            "{body}"
        );
    }
    assert_eq!(
        codes_of(&[
            "module m { namespace urn:m; prefix m; typedef e { type enumeration { enum a; } } leaf x { type e { enum a; } } }"
        ]),
        ["needs-yang-1.1"]
    );
}

/// The module with feature `f` off.
fn without_features(body: &str) -> Vec<String> {
    let source = source(&[&module(body)]);
    let compiled = Compiler::new(&source)
        .implement("m", None)
        .features("m", crate::compile::Features::none())
        .compile();
    match compiled {
        Ok(compiled) => enums(&compiled.schema, "x")
            .into_iter()
            .map(|(name, _)| name)
            .collect(),
        Err(error) => panic!("{error}"),
    }
}

// Rules 33 and 34.
#[test]
fn an_item_that_a_feature_switches_off_is_still_known_to_what_restricts_it() {
    let body = "feature f;
        typedef e { type enumeration { enum a; enum b { if-feature f; } enum c; } }
        leaf x { type e { enum b; enum c; } }";
    assert_eq!(without_features(body), ["c"]);
    assert_eq!(enums(&schema_of(body), "x"), [pair("b", 1), pair("c", 2)]);
    let body = "feature f;
        typedef e { type bits { bit a; bit b { if-feature f; } bit c; } }
        leaf x { type e { bit a { if-feature f; } bit b; bit c; } }";
    assert_eq!(without_features(body), ["c"]);
}

// Rule 34.
#[test]
fn bits_have_positions_like_enums_have_values() {
    let schema = schema_of(
        "typedef t { type bits { bit q { position 3; } bit r; bit p { position 0; } } }
         leaf x { type t; default 'r p'; } leaf y { type t { bit r; } default ''; }",
    );
    assert_eq!(
        enums(&schema, "x"),
        [pair("p", 0), pair("q", 3), pair("r", 4)]
    );
    assert_eq!(enums(&schema, "y"), [pair("r", 4)]);
    for (body, code) in [
        ("bit a { position 4294967295; } bit b;", "missing-position"),
        (
            "bit a { position 1; } bit b { position 1; }",
            "duplicate-position",
        ),
        ("bit a; bit a;", "duplicate-bit"),
        ("bit a { position -1; }", "invalid-argument"),
        ("bit 'a b';", "invalid-argument"),
    ] {
        assert_eq!(
            codes(&format!("leaf x {{ type bits {{ {body} }} }}")),
            [code],
            "{body}"
        );
    }
    for (body, code) in [
        ("bit b;", "unknown-bit"),
        ("bit a { position 1; }", "changed-position"),
    ] {
        assert_eq!(
            codes(&format!(
                "typedef t {{ type bits {{ bit a; }} }} leaf x {{ type t {{ {body} }} }}"
            )),
            [code],
            "{body}"
        );
    }
    for wrong in ["a a", "A", "a,b"] {
        assert_eq!(
            codes(&format!(
                "leaf x {{ type bits {{ bit a; bit b; }} default '{wrong}'; }}"
            )),
            ["invalid-default"],
            "{wrong}"
        );
    }
}

// Rule 36.
#[test]
fn an_identityref_takes_what_is_derived_from_all_of_its_bases() {
    let identities =
        "identity a; identity b; identity ab { base a; base b; } identity only-a { base a; } ";
    let leaf = |default: &str| {
        codes(&format!(
            "{identities} leaf x {{ type identityref {{ base a; base b; }} default {default}; }}"
        ))
    };
    assert!(leaf("ab").is_empty() && leaf("m:ab").is_empty());
    for wrong in ["only-a", "a", "none", "x:ab"] {
        assert_eq!(leaf(wrong), ["invalid-default"], "{wrong}");
    }
    assert_eq!(
        codes_of(&[
            "module m { namespace urn:m; prefix m; identity a; identity b; leaf x { type identityref { base a; base b; } } }"
        ]),
        ["repeated-statement"]
    );
    assert_eq!(
        codes(
            "identity a; typedef t { type identityref { base a; } } leaf x { type t { base a; } }"
        ),
        ["misplaced-restriction"]
    );
    assert_eq!(
        codes("leaf x { type identityref { base none; } }"),
        ["unknown-name"]
    );
}

// Rule 36.
#[test]
fn of_a_module_that_is_only_imported_the_identities_in_defaults_are_usable_and_no_others() {
    let kinds = "module k { namespace urn:k; prefix k; identity kind; identity tin { base kind; } identity lead { base kind; } }";
    let user = "module m { namespace urn:m; prefix m; import k { prefix k; } leaf x { type identityref { base k:kind; } default k:tin; } }";
    let usable = |schema: &Schema, name| {
        let module = schema.module_by_name("k").unwrap();
        schema
            .identity(schema.identity_by_name(module, name).unwrap())
            .usable
    };
    let imported = schema(&[user, kinds]);
    assert!(usable(&imported, "tin") && !usable(&imported, "lead"));
    assert_eq!(node(&imported, "x").defaults().len(), 1);
    let source = source(&[user, kinds]);
    let both = Compiler::new(&source)
        .implement("m", None)
        .implement("k", None)
        .compile()
        .unwrap();
    assert!(usable(&both.schema, "lead"));
}

// Rule 36.
#[test]
fn an_identity_that_a_feature_switches_off_is_no_default() {
    let source = source(&[&module(
        "feature f; identity a; identity b { if-feature f; base a; } leaf x { type identityref { base a; } default b; }",
    )]);
    let compiled = Compiler::new(&source)
        .implement("m", None)
        .features("m", crate::compile::Features::none())
        .mode(Mode::Lenient)
        .compile()
        .unwrap();
    assert!(
        compiled
            .diagnostics
            .iter()
            .any(|d| d.code == "unusable-default")
    );
    assert!(node(&compiled.schema, "x").defaults().is_empty());
}
