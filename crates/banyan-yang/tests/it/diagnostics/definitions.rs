//! Typedefs, groupings, features, identities and extensions: what they are called, and who may name them.

use super::told;

#[test]
fn a_typedef_has_a_name_of_its_own() {
    insta::assert_snapshot!(told("builtin-name", "  typedef string { type int8; }"), @r"
    error[builtin-name]: `typedef string` has the name of a built-in type
     --> m.yang:5:11
      |
    5 |   typedef string { type int8; }
      |           ^^^^^^
      |
      = note: see RFC 7950 7.3
      = help: rename it
    ");
}

#[test]
fn a_name_is_defined_once() {
    insta::assert_snapshot!(told("duplicate-definition", "  feature f;
  feature f;"), @r"
    error[duplicate-definition]: `feature f` is defined twice
     --> m.yang:6:3
      |
    6 |   feature f;
      |   ^^^^^^^^^
      |
     ::: m.yang:5:3
      |
    5 |   feature f;
      |   --------- first defined here
      |
      = note: see RFC 7950 6.2.1
      = help: rename or remove one of them
    ");
}

#[test]
fn a_definition_hides_none() {
    insta::assert_snapshot!(told("shadowed-definition", "  typedef t { type string; }
  container c { typedef t { type int8; } }"), @r"
    error[shadowed-definition]: `typedef t` hides another of this name
     --> m.yang:6:17
      |
    6 |   container c { typedef t { type int8; } }
      |                 ^^^^^^^^^
      |
     ::: m.yang:5:3
      |
    5 |   typedef t { type string; }
      |   --------- visible here already
      |
      = note: see RFC 7950 5.5
      = help: rename one of them
    ");
}

#[test]
fn a_name_is_known() {
    insta::assert_snapshot!(told("unknown-name", "  typedef percent { type uint8; }
  leaf a { type precent; }"), @r"
    error[unknown-name]: there is no typedef `precent` in module m
     --> m.yang:6:17
      |
    6 |   leaf a { type precent; }
      |                 ^^^^^^^
      |
      = note: see RFC 7950 7.4
      = help: did you mean `percent`?
    ");
}

#[test]
fn a_prefix_is_known() {
    insta::assert_snapshot!(told("unknown-prefix", "  leaf a { type inet:host; }"), @r"
    error[unknown-prefix]: the prefix `inet` is not defined in this text
     --> m.yang:5:17
      |
    5 |   leaf a { type inet:host; }
      |                 ^^^^^^^^^
      |
      = note: see RFC 7950 7.1.4
      = help: import the module and give it this prefix
    ");
}

#[test]
fn typedefs_are_not_circular() {
    insta::assert_snapshot!(told("circular-typedef", "  typedef t { type u; }
  typedef u { type t; }"), @r"
    error[circular-typedef]: typedefs are defined by each other: t -> u -> t
     --> m.yang:5:3
      |
    5 |   typedef t { type u; }
      |   ^^^^^^^^^
      |
     ::: m.yang:6:3
      |
    6 |   typedef u { type t; }
      |   --------- defined by the next
      |
      = note: see RFC 7950 7.3
      = help: let one of them name a built-in type
    ");
}

#[test]
fn groupings_are_not_circular() {
    insta::assert_snapshot!(told("circular-uses", "  grouping g { container c { uses h; } }
  grouping h { container d { uses g; } }"), @r"
    error[circular-uses]: groupings use each other: g -> h -> g
     --> m.yang:5:30
      |
    5 |   grouping g { container c { uses h; } }
      |                              ^^^^^^
      |
     ::: m.yang:6:30
      |
    6 |   grouping h { container d { uses g; } }
      |                              ------ used here
      |
      = note: see RFC 7950 7.12
      = help: remove one of these `uses`; what refers to itself is a leafref, not a grouping
    ");
}

#[test]
fn identities_are_not_circular() {
    insta::assert_snapshot!(told("circular-identity", "  identity i { base j; }
  identity j { base i; }"), @r"
    error[circular-identity]: identities are derived from each other: i -> j -> i
     --> m.yang:5:3
      |
    5 |   identity i { base j; }
      |   ^^^^^^^^^^
      |
     ::: m.yang:6:3
      |
    6 |   identity j { base i; }
      |   ---------- derived here
      |
      = note: see RFC 7950 7.18.2
      = help: remove one of these `base` statements
    ");
}

#[test]
fn features_are_not_circular() {
    insta::assert_snapshot!(told("circular-feature", "  feature f { if-feature g; }
  feature g { if-feature f; }"), @r"
    error[circular-feature]: features depend on each other: f -> g -> f
     --> m.yang:5:3
      |
    5 |   feature f { if-feature g; }
      |   ^^^^^^^^^
      |
     ::: m.yang:6:3
      |
    6 |   feature g { if-feature f; }
      |   --------- depends on the next here
      |
      = note: see RFC 7950 7.20.1
      = help: remove one of these `if-feature` statements
    ");
}

#[test]
fn an_if_feature_is_an_expression() {
    insta::assert_snapshot!(told("invalid-if-feature", r#"  feature f;
  leaf a { if-feature "f f"; type string; }"#), @r#"
    error[invalid-if-feature]: `f f` is not an expression over features
     --> m.yang:6:23
      |
    6 |   leaf a { if-feature "f f"; type string; }
      |                       ^^^^^
      |
      = note: see RFC 7950 7.20.2
      = help: write names joined by `and`, `or`, `not` and parentheses
    "#);
}

#[test]
fn the_current_does_not_refer_to_the_obsolete() {
    insta::assert_snapshot!(told("status-reference", "  typedef t { type string; status obsolete; }
  leaf a { type t; }"), @r"
    error[status-reference]: what is current refers to `typedef t`, which is obsolete
     --> m.yang:6:12
      |
    6 |   leaf a { type t; }
      |            ^^^^^^
      |
     ::: m.yang:5:3
      |
    5 |   typedef t { type string; status obsolete; }
      |   --------- obsolete here
      |
      = note: see RFC 7950 7.21.2
      = help: state `status obsolete;` here too, or refer to something current
    ");
}

#[test]
fn an_extension_is_defined() {
    insta::assert_snapshot!(told("unknown-extension", "  extension note;
  m:not;"), @r"
    error[unknown-extension]: module m defines no extension `not`
     --> m.yang:6:3
      |
    6 |   m:not;
      |   ^^^^^
      |
      = note: see RFC 7950 7.19
      = help: did you mean `note`?
    ");
}

#[test]
fn an_extension_has_its_argument() {
    insta::assert_snapshot!(told("extension-argument", "  extension note { argument text; }
  m:note;"), @r"
    error[extension-argument]: `m:note` needs an argument
     --> m.yang:6:3
      |
    6 |   m:note;
      |   ^^^^^^
      |
     ::: m.yang:5:3
      |
    5 |   extension note { argument text; }
      |   -------------- defined here
      |
      = note: see RFC 7950 7.19
      = help: write the text after `m:note`
    ");
}
