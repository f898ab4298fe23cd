//! Rules 25 to 28: features.

use super::*;
use crate::compile::Features;

/// Whether a leaf under an `if-feature` is there, with the features `a` and so on that are on.
fn holds(expression: &str, on: &[&str]) -> bool {
    let body = format!(
        "feature a; feature b; feature c; feature or-not; leaf x {{ if-feature \"{expression}\"; type int8; }}"
    );
    find(&with(&body, on).schema, "x").is_some()
}

fn with(body: &str, on: &[&str]) -> Compiled {
    try_with(body, on).unwrap_or_else(|error| panic!("{error}"))
}

fn try_with(body: &str, on: &[&str]) -> Result<Compiled, CompileError> {
    let source = source(&[&module(body)]);
    let on = on.iter().map(|name| (*name).to_owned()).collect();
    Compiler::new(&source)
        .implement("m", None)
        .features("m", Features::Only(on))
        .compile()
}

// Rule 25.
#[test]
fn not_binds_more_than_and_and_that_more_than_or() {
    assert!(holds("a or b and c", &["a"]));
    assert!(!holds("(a or b) and c", &["a"]));
    assert!(
        holds("not a or b", &[])
            && holds("not a or b", &["a", "b"])
            && !holds("not a or b", &["a"])
    );
    assert!(holds("not (a or b)", &["c"]) && !holds("not (a or b)", &["b"]));
    assert!(holds("not not a", &["a"]) && !holds("not a and b", &["a", "b"]));
    assert!(holds("  ( a\n\tand\nm:b ) ", &["a", "b"]));
    assert!(holds("or-not", &["or-not"]));
}

// Rule 25.
#[test]
fn an_if_feature_that_is_no_expression_is_refused() {
    for wrong in [
        "a b",
        "a or",
        "and a",
        "(a",
        "a)",
        "()",
        "not",
        "a or or b",
        "not(a)",
        "(a)or b",
        "a/b",
        "a, b",
    ] {
        let body = format!("feature a; feature b; leaf x {{ if-feature '{wrong}'; type int8; }}");
        assert_eq!(codes(&body), ["invalid-if-feature"], "{wrong}");
    }
    assert_eq!(
        codes("leaf x { if-feature ' '; type int8; }"),
        ["invalid-argument"]
    );
}

// Rule 25.
#[test]
fn version_1_takes_the_name_of_a_feature_alone() {
    assert!(codes_1_0("feature a; leaf x { if-feature a; if-feature m:a; type int8; }").is_empty());
    assert_eq!(
        codes_1_0("feature a; leaf x { if-feature 'not a'; type int8; }"),
        ["invalid-argument"]
    );
    assert_eq!(
        codes_1_0("feature a; leaf x { if-feature '(a)'; type int8; }"),
        ["invalid-argument"]
    );
}

// Rule 25.
#[test]
fn a_feature_depends_on_the_features_that_it_names() {
    let body = "feature c { if-feature 'b and not z'; } feature b { if-feature a; } feature a; feature z; leaf x { if-feature c; type int8; }";
    let on = |features: &[&str]| find(&with(body, features).schema, "x").is_some();
    assert!(on(&["a", "b", "c"]));
    assert!(!on(&["b", "c"]) && !on(&["a", "c"]) && !on(&["a", "b", "c", "z"]));
    assert_eq!(codes("feature a { if-feature none; }"), ["unknown-name"]);
}

// Rule 26.
#[test]
fn an_if_feature_can_stand_wherever_the_rfc_lets_it() {
    let body = "feature f; leaf e { type enumeration { enum on; enum off { if-feature f; } } } leaf b { type bits { bit x; bit y { if-feature f; } } }
         identity i; identity j { base i; if-feature f; }
         grouping g { container used { leaf u { type int8; } leaf refined { type int8; } } } container c { uses g { if-feature f; } } uses g { refine used/refined { if-feature f; } }
         augment /m:used { if-feature f; leaf augmented { type int8; } } choice ch { case k { if-feature f; leaf in-case { type int8; } } leaf other { type int8; } }
         choice off { if-feature f; leaf in-choice { type int8; } } rpc r { if-feature f; } notification n { if-feature f; } anydata ad { if-feature f; }";
    let all = with(body, &["f"]).schema;
    let none = with(body, &[]).schema;
    for path in [
        "c/used",
        "used/refined",
        "used/augmented",
        "ch/k",
        "off",
        "r",
        "n",
        "ad",
    ] {
        assert!(
            find(&all, path).is_some() && find(&none, path).is_none(),
            "{path}"
        );
    }
    assert!(find(&none, "used/u").is_some() && find(&none, "ch/other").is_some());
    let count = |schema: &Schema, path: &str| match &ty(schema, path).kind {
        crate::schema::TypeKind::Enumeration(items) => items.len(),
        crate::schema::TypeKind::Bits(bits) => bits.len(),
        _ => 0,
    };
    assert_eq!((count(&all, "e"), count(&none, "e")), (2, 1));
    assert_eq!((count(&all, "b"), count(&none, "b")), (2, 1));
    let usable = |schema: &Schema| {
        schema
            .identities()
            .filter(|(_, identity)| identity.usable)
            .count()
    };
    assert_eq!((usable(&all), usable(&none)), (2, 1));
}

// Rule 26.
#[test]
fn a_key_does_not_depend_on_a_feature() {
    let list =
        "feature f; list l { key k; leaf k { type int8; } leaf v { if-feature f; type int8; } }";
    assert!(codes(list).is_empty());
    assert_eq!(
        codes(&list.replace("leaf k {", "leaf k { if-feature f;")),
        ["invalid-key"]
    );
    assert_eq!(
        codes(
            "feature f; grouping g { leaf k { if-feature f; type int8; } } list l { key k; uses g; }"
        ),
        ["invalid-key"]
    );
}

// Rule 27.
#[test]
fn a_default_names_nothing_that_a_feature_can_switch_off() {
    let types = "feature f; identity i; identity j { base i; if-feature f; } identity h { base i; }
        typedef e { type enumeration { enum on; enum 'off now' { if-feature f; } } } typedef b { type bits { bit x; bit y { if-feature f; } } } typedef e2 { type e; }";
    for (ty, right, wrong) in [
        ("e", "on", "off now"),
        ("e2", "on", "off now"),
        ("b", "x", "x y"),
        ("identityref { base i; }", "h", "m:j"),
        ("enumeration { enum a; enum z { if-feature f; } }", "a", "z"),
    ] {
        let end = if ty.ends_with('}') { "" } else { ";" };
        for holder in ["leaf l", "leaf-list l", "typedef l"] {
            let with = |value: &str| {
                codes(&format!(
                    "{types} {holder} {{ type {ty}{end} default '{value}'; }}"
                ))
            };
            assert!(with(right).is_empty(), "{holder} {ty}: {:?}", with(right));
            assert_eq!(with(wrong), ["conditional-default"], "{holder} {ty}");
        }
    }
    insta::assert_snapshot!(refused_body("  feature f;\n  leaf l {\n    type enumeration { enum a { if-feature f; } enum b; }\n    default a;\n  }"), @r"
    error[conditional-default]: the default names `enum a`, which a feature can switch off
     --> m.yang:8:13
      |
    8 |     default a;
      |             ^
      |
     ::: m.yang:7:33
      |
    7 |     type enumeration { enum a { if-feature f; } enum b; }
      |                                 ------------ depends on this
      |
      = note: see RFC 7950 7.6.4
      = help: choose a default that is always there
    ");
}

// Rule 28.
#[test]
fn a_node_that_a_feature_switches_off_is_missed_by_nobody() {
    let body = "feature f; container c { leaf m { if-feature f; type int8; mandatory true; } leaf-list ll { if-feature f; type int8; min-elements 1; } leaf x { type int8; must '../m = 1 or ../ll'; } }
        list l { key k; unique v; leaf k { type int8; } leaf v { if-feature f; type int8; } }";
    let compiled = with(body, &[]);
    assert_eq!(compiled.diagnostics, vec![]);
    let c = find(&compiled.schema, "c").unwrap();
    assert_eq!(compiled.schema.data_children(c).len(), 1);
    assert_eq!(node(&compiled.schema, "c/x").musts().len(), 1);
    assert!(node(&compiled.schema, "l").uniques().is_empty());
    assert_eq!(
        with(body, &["f"]).schema.nodes().len(),
        compiled.schema.nodes().len() + 3
    );
}

// Rule 28.
#[test]
fn a_leafref_cannot_refer_to_a_node_that_a_feature_switches_off() {
    let body = "  feature f;\n  leaf b { if-feature f; type int8; }\n  leaf a { type leafref { path ../b; } }";
    assert_eq!(with(body, &["f"]).diagnostics, vec![]);
    let Err(error) = try_with(body, &[]) else {
        panic!("the leafref leads nowhere")
    };
    insta::assert_snapshot!(error.to_string(), @r"
    error[absent-target]: the leafref refers to /m:b, which a feature switches off
     --> m.yang:7:32
      |
    7 |   leaf a { type leafref { path ../b; } }
      |                                ^^^^
      |
     ::: m.yang:6:3
      |
    6 |   leaf b { if-feature f; type int8; }
      |   ------ the target
      |
      = note: see RFC 7950 9.9
      = help: let both depend on the same feature or deviation
    ");
    let both = body.replace("leaf a {", "leaf a { if-feature f;");
    assert_eq!(with(&both, &[]).diagnostics, vec![]);
    // Lenient mode keeps the leaf, with the type of what it refers to.
    let texts = source(&[&module(body)]);
    let compiled = Compiler::new(&texts)
        .implement("m", None)
        .features("m", Features::none())
        .mode(Mode::Lenient)
        .compile()
        .unwrap();
    assert_eq!(ty(&compiled.schema, "a").builtin_name(), "int8");
    assert_eq!(compiled.diagnostics[0].code, "absent-target");
}
