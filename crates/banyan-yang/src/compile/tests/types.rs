//! Types, typedefs, restrictions, leafrefs, default values.

use super::*;
use crate::schema::{IntWidth, TypeKind};

fn parts(kind: &TypeKind) -> Vec<(i128, i128)> {
    match kind {
        TypeKind::Int(_, range) | TypeKind::Decimal64 { range, .. } => range
            .parts
            .iter()
            .map(|part| (part.min.into(), part.max.into()))
            .collect(),
        TypeKind::Uint(_, range)
        | TypeKind::String { length: range, .. }
        | TypeKind::Binary(range) => range
            .parts
            .iter()
            .map(|part| (part.min.into(), part.max.into()))
            .collect(),
        _ => panic!("no range"),
    }
}

#[test]
fn restrictions_of_a_chain_become_narrower() {
    let schema = schema_of(
        "typedef a { type int32 { range '-5..10 | 20..30'; } } typedef b { type a { range '1..5 | max'; } }
         leaf x { type b { range '2 | max'; } } leaf y { type b; }
         leaf d { type decimal64 { fraction-digits 2; range '1.5..max'; } }
         leaf s { type string { length '1..64'; } } leaf u { type uint8 { range 'min..9'; } }",
    );
    assert_eq!(parts(&ty(&schema, "x").kind), [(2, 2), (30, 30)]);
    assert_eq!(parts(&ty(&schema, "y").kind), [(1, 5), (30, 30)]);
    assert_eq!(parts(&ty(&schema, "d").kind), [(150, i64::MAX.into())]);
    assert_eq!(parts(&ty(&schema, "s").kind), [(1, 64)]);
    assert_eq!(parts(&ty(&schema, "u").kind), [(0, 9)]);
    assert_eq!(
        ty(&schema, "y").typedef,
        Some((ModuleId(0), Arc::from("b")))
    );
    assert!(matches!(
        ty(&schema, "u").kind,
        TypeKind::Uint(IntWidth::W8, _)
    ));
}

#[test]
fn a_restriction_that_widens_is_refused() {
    insta::assert_snapshot!(refused_body("  typedef a { type int8 { range 1..5; } }\n  leaf x { type a { range 0..3; } }"), @r"
    error[invalid-range]: the range is not valid: `0..3` is outside of what the base type allows
     --> m.yang:6:27
      |
    6 |   leaf x { type a { range 0..3; } }
      |                           ^^^^
      |
      = note: see RFC 7950 9.2.4
    ");
    assert_eq!(
        codes("leaf x { type uint8 { range 0..256; } }"),
        ["invalid-range"]
    );
    assert_eq!(
        codes("leaf x { type string { length '-1'; } }"),
        ["invalid-length"]
    );
}

#[test]
fn a_restriction_must_fit_its_type() {
    insta::assert_snapshot!(refused_body("  leaf x { type string { range 1..5; } }"), @r"
    error[misplaced-restriction]: `range` cannot restrict the type string
     --> m.yang:5:26
      |
    5 |   leaf x { type string { range 1..5; } }
      |                          ^^^^^^^^^^
      |
      = note: see RFC 7950 9
    ");
    assert_eq!(
        codes("leaf x { type boolean { length 1; } }"),
        ["misplaced-restriction"]
    );
    assert_eq!(
        codes(
            "typedef d { type decimal64 { fraction-digits 1; } } leaf x { type d { fraction-digits 2; } }"
        ),
        ["misplaced-restriction"]
    );
    for needs in [
        "decimal64",
        "enumeration",
        "bits",
        "leafref",
        "identityref",
        "union",
    ] {
        assert_eq!(
            codes(&format!("leaf x {{ type {needs}; }}")),
            ["missing-statement"],
            "{needs}"
        );
    }
}

#[test]
fn patterns_of_a_chain_are_collected() {
    let schema = schema_of(
        "typedef a { type string { pattern 'a.*'; } } leaf x { type a { pattern '.*b' { modifier invert-match; error-message no; error-app-tag t; } } }",
    );
    let TypeKind::String { patterns, .. } = &ty(&schema, "x").kind else {
        panic!()
    };
    assert_eq!(patterns.len(), 2);
    assert!(patterns[1].invert_match && patterns[1].error_message.as_deref() == Some("no"));
    assert!(patterns[0].pattern.is_match("axx"));
    assert_eq!(
        codes("leaf x { type string { pattern '['; } }"),
        ["invalid-pattern"]
    );
}

#[test]
fn an_unknown_typedef_gets_a_suggestion() {
    insta::assert_snapshot!(refused_body("  typedef percent { type uint8; }\n  leaf x { type pecent; }"), @r"
    error[unknown-name]: there is no typedef `pecent` in module m
     --> m.yang:6:17
      |
    6 |   leaf x { type pecent; }
      |                 ^^^^^^
      |
      = note: see RFC 7950 7.4
      = help: did you mean `percent`?
    ");
}

#[test]
fn typedefs_are_found_in_the_scopes_around() {
    let schema = schema_of(
        "container c { typedef t { type int8; } container d { leaf x { type t; } } } leaf y { type u; } typedef u { type int16; }",
    );
    assert_eq!(ty(&schema, "c/d/x").builtin_name(), "int8");
    assert_eq!(ty(&schema, "y").builtin_name(), "int16");
    assert_eq!(
        codes("container c { typedef t { type int8; } } leaf x { type t; }"),
        ["unknown-name"]
    );
    assert_eq!(
        codes("typedef t { type int8; } container c { typedef t { type int16; } }"),
        ["shadowed-definition"]
    );
    assert_eq!(
        codes("typedef t { type int8; } typedef t { type int8; }"),
        ["duplicate-definition"]
    );
}

#[test]
fn circular_typedefs_are_reported_with_the_cycle() {
    insta::assert_snapshot!(refused_body("  typedef a { type b; }\n  typedef b { type c; }\n  typedef c { type a; }"), @r"
    error[circular-typedef]: typedefs are defined by each other: a -> b -> c -> a
     --> m.yang:5:3
      |
    5 |   typedef a { type b; }
      |   ^^^^^^^^^
      |
      = note: see RFC 7950 7.3
    ");
    let chain: String = (0..5000)
        .map(|i| format!("typedef t{i} {{ type t{}; }}", i + 1))
        .collect();
    assert!(codes(&format!("{chain} typedef t5000 {{ type string; }}")).contains(&"too-deep"));
}

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
    ");
    assert_eq!(codes("identity a { base none; }"), ["unknown-name"]);
    assert_eq!(
        codes("identity a; identity b; leaf x { type identityref { base a; } default b; }"),
        ["invalid-default"]
    );
}

#[test]
fn leafrefs_lead_to_their_targets() {
    let schema = schema_of(
        "list l { key n; leaf n { type t; } leaf other { type leafref { path '../n'; } } }
         typedef t { type string { length 1..5; } }
         leaf a { type leafref { path '/m:l/m:n'; } }
         leaf b { type leafref { path '../a'; } }
         leaf c { type union { type int8; type leafref { path '/l/n'; require-instance false; } } }
         leaf d { type leafref { path '/l[n=current()/../a]/other'; } }
         rpc r { input { leaf p { type string; } leaf q { type leafref { path '../p'; } } } output { leaf q { type leafref { path '../s'; } } leaf s { type int8; } } }",
    );
    for (path, target) in [
        ("l/other", "l/n"),
        ("a", "l/n"),
        ("b", "a"),
        ("d", "l/other"),
        ("r/input/q", "r/input/p"),
        ("r/output/q", "r/output/s"),
    ] {
        let TypeKind::Leafref { target: found, .. } = &ty(&schema, path).kind else {
            panic!("{path}")
        };
        assert_eq!(Some(*found), find(&schema, target), "{path}");
    }
    assert_eq!(parts(&ty(&schema, "b").resolved().kind), [(1, 5)]);
    let TypeKind::Union(members) = &ty(&schema, "c").kind else {
        panic!()
    };
    assert!(matches!(
        &members[1].kind,
        TypeKind::Leafref {
            require_instance: false,
            ..
        }
    ));
}

#[test]
fn a_leafref_that_leads_nowhere_is_reported() {
    insta::assert_snapshot!(refused_body("  container c { leaf b { type string; } }\n  leaf a { type leafref { path '../c/d'; } }"), @r"
    error[leafref-target]: the leafref `../c/d` leads nowhere: there is no node `d` in container c
     --> m.yang:6:32
      |
    6 |   leaf a { type leafref { path '../c/d'; } }
      |                                ^^^^^^^^
      |
      = note: see RFC 7950 9.9
    ");
    assert_eq!(
        codes("leaf a { type leafref { path '../../b'; } }"),
        ["leafref-target"]
    );
    assert_eq!(
        codes("container c; leaf a { type leafref { path '../c'; } }"),
        ["leafref-target"]
    );
    assert_eq!(
        codes("leaf a { type leafref { path '../*'; } }"),
        ["leafref-target"]
    );
    assert_eq!(
        codes("leaf a { type leafref { path '../['; } }"),
        ["invalid-xpath"]
    );
    assert_eq!(
        codes("leaf a { type leafref { path '/x:b'; } }"),
        ["unknown-prefix"]
    );
    let kept = lenient(&[&module("leaf a { type leafref { path '../b'; } }")]);
    assert_eq!(ty(&kept.schema, "a").builtin_name(), "string");
}

#[test]
fn circular_leafrefs_are_reported_with_the_cycle() {
    insta::assert_snapshot!(refused_body("  leaf a { type leafref { path ../b; } }\n  leaf b { type leafref { path ../a; } }"), @r"
    error[circular-leafref]: leafrefs refer to each other: /m:a -> /m:b -> /m:a
     --> m.yang:6:32
      |
    6 |   leaf b { type leafref { path ../a; } }
      |                                ^^^^
      |
      = note: see RFC 7950 9.9
    ");
    assert_eq!(
        codes("leaf a { type leafref { path ../a; } }"),
        ["circular-leafref"]
    );
}

#[test]
fn a_configuration_leafref_cannot_refer_to_state() {
    assert_eq!(
        codes("leaf a { type leafref { path ../b; } } leaf b { type string; config false; }"),
        ["leafref-to-state"]
    );
    assert!(codes("leaf a { type leafref { path ../b; require-instance false; } } leaf b { type string; config false; }").is_empty());
}

#[test]
fn a_leafref_to_a_node_that_a_feature_switches_off_takes_its_type() {
    let source = source(&[&module(
        "feature f; leaf b { if-feature f; type int8; } leaf a { type leafref { path ../b; } }",
    )]);
    let compiled = Compiler::new(&source)
        .implement("m", None)
        .features("m", crate::compile::Features::none())
        .compile()
        .unwrap();
    assert_eq!(ty(&compiled.schema, "a").builtin_name(), "int8");
    assert_eq!(compiled.diagnostics[0].code, "absent-target");
}

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

#[test]
fn chains_of_leafrefs_are_followed_and_bounded() {
    let chain = |count: usize| {
        let mut body = String::from("leaf l0 { type int8; }\n");
        for level in 1..count {
            body.push_str(&format!(
                "leaf l{level} {{ type leafref {{ path ../l{}; }} }}\n",
                level - 1
            ));
        }
        body
    };
    let schema = schema_of(&chain(50));
    let TypeKind::Leafref { resolved, .. } = &ty(&schema, "l49").kind else {
        panic!()
    };
    assert_eq!(resolved.builtin_name(), "int8");
    assert!(codes(&chain(3000)).contains(&"too-deep"));
    let mut backwards: Vec<_> = chain(3000).lines().map(str::to_owned).collect();
    backwards.reverse();
    assert!(codes(&backwards.join("\n")).contains(&"too-deep"));
}
