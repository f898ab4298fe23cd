//! Typedefs: names, scopes, cycles.

use crate::compile::tests::*;

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
     ::: m.yang:6:3
      |
    6 |   typedef b { type c; }
      |   --------- defined by the next
      |
     ::: m.yang:7:3
      |
    7 |   typedef c { type a; }
      |   --------- defined by the next
      |
      = note: see RFC 7950 7.3
      = help: let one of them name a built-in type
    ");
    let chain: String = (0..5000)
        .map(|i| format!("typedef t{i} {{ type t{}; }}", i + 1))
        .collect();
    assert!(codes(&format!("{chain} typedef t5000 {{ type string; }}")).contains(&"too-deep"));
}

#[test]
fn a_typedef_cannot_have_the_name_of_a_built_in_type() {
    assert_eq!(codes("typedef string { type int8; }"), ["builtin-name"]);
    assert_eq!(
        codes("container c { typedef leafref { type int8; } }"),
        ["builtin-name"]
    );
    assert_eq!(codes("leaf a { type m:string; }"), ["unknown-name"]);
}

#[test]
fn a_mistyped_built_in_type_is_suggested() {
    assert!(refused_body("leaf a { type unit32; }").contains("did you mean `uint32`?"));
    assert!(!refused_body("leaf b { type m:unit32; }").contains("uint32"));
}
