//! Restrictions, enums and bits.

use super::told;

#[test]
fn a_range_narrows() {
    insta::assert_snapshot!(told("invalid-range", r#"  typedef t { type int8 { range "1..5"; } }
  leaf a { type t { range "3..9"; } }"#), @r#"
    error[invalid-range]: the range is not valid: `3..9` is outside of what the base type allows
     --> m.yang:6:28
      |
    6 |   leaf a { type t { range "3..9"; } }
      |                            ^^^^
      |
      = note: see RFC 7950 9.2.4
      = help: choose values within it: a restriction can only narrow the type
    "#);
}

#[test]
fn a_length_ascends() {
    insta::assert_snapshot!(told("invalid-length", r#"  leaf a { type string { length "1..4 | 2..8"; } }"#), @r#"
    error[invalid-length]: the length is not valid: `2..8` does not come after the part before it
     --> m.yang:5:41
      |
    5 |   leaf a { type string { length "1..4 | 2..8"; } }
      |                                         ^^^^
      |
      = note: see RFC 7950 9.4.4
      = help: write the parts in ascending order, and none inside of another
    "#);
}

#[test]
fn a_pattern_is_a_regular_expression() {
    insta::assert_snapshot!(told("invalid-pattern", r#"  leaf a { type string { pattern "[a-z"; } }"#), @r#"
    error[invalid-pattern]: the pattern is not a regular expression of XML Schema: this '[' has no matching ']'
     --> m.yang:5:35
      |
    5 |   leaf a { type string { pattern "[a-z"; } }
      |                                   ^^^^
      |
      = note: see RFC 7950 9.4.5
      = help: `\` before a special character, such as `(`, `[` or `?`, makes it an ordinary one
    "#);
}

#[test]
fn a_restriction_fits_its_type() {
    insta::assert_snapshot!(told("misplaced-restriction", r#"  leaf a { type string { range "1..5"; } }"#), @r#"
    error[misplaced-restriction]: `range` cannot restrict the type string
     --> m.yang:5:26
      |
    5 |   leaf a { type string { range "1..5"; } }
      |                          ^^^^^^^^^^^^
      |
      = note: see RFC 7950 9
      = help: remove it; what this type takes: `length`, `pattern`
    "#);
}

#[test]
fn a_number_is_plain() {
    insta::assert_snapshot!(told("unusual-number", r#"  leaf a { type int8 { range "01..5"; } }"#), @r#"
    warning[unusual-number]: numbers here have neither a plus sign nor leading zeros
     --> m.yang:5:31
      |
    5 |   leaf a { type int8 { range "01..5"; } }
      |                               ^^^^^
      |
      = note: see RFC 7950 14 (integer-value)
      = help: write it without; it is read as a decimal number, not as an octal one
    "#);
}

#[test]
fn an_enum_is_named_once() {
    insta::assert_snapshot!(told("duplicate-enum", "  leaf a { type enumeration { enum x; enum x; } }"), @r"
    error[duplicate-enum]: the enum `x` is there twice
     --> m.yang:5:39
      |
    5 |   leaf a { type enumeration { enum x; enum x; } }
      |                               ------  ^^^^^^
      |                               |
      |                               first defined here
      |
      = note: see RFC 7950 9.6.4
      = help: rename or remove one of them
    ");
}

#[test]
fn a_bit_is_named_once() {
    insta::assert_snapshot!(told("duplicate-bit", "  leaf a { type bits { bit x; bit x; } }"), @r"
    error[duplicate-bit]: the bit `x` is there twice
     --> m.yang:5:31
      |
    5 |   leaf a { type bits { bit x; bit x; } }
      |                        -----  ^^^^^
      |                        |
      |                        first defined here
      |
      = note: see RFC 7950 9.7.4
      = help: rename or remove one of them
    ");
}

#[test]
fn a_value_is_of_one_enum() {
    insta::assert_snapshot!(told("duplicate-value", "  leaf a { type enumeration { enum x; enum y { value 0; } } }"), @r"
    error[duplicate-value]: the value 0 of enum `y` is that of another enum too
     --> m.yang:5:39
      |
    5 |   leaf a { type enumeration { enum x; enum y { value 0; } } }
      |                               ------  ^^^^^^
      |                               |
      |                               has it first
      |
      = note: see RFC 7950 9.6.4.2
      = help: give it another `value`
    ");
}

#[test]
fn a_position_is_of_one_bit() {
    insta::assert_snapshot!(told("duplicate-position", "  leaf a { type bits { bit x; bit y { position 0; } } }"), @r"
    error[duplicate-position]: the position 0 of bit `y` is that of another bit too
     --> m.yang:5:31
      |
    5 |   leaf a { type bits { bit x; bit y { position 0; } } }
      |                        -----  ^^^^^
      |                        |
      |                        has it first
      |
      = note: see RFC 7950 9.7.4.2
      = help: give it another `position`
    ");
}

#[test]
fn a_derived_type_adds_no_enum() {
    insta::assert_snapshot!(told("unknown-enum", "  typedef t { type enumeration { enum north; enum south; } }
  leaf a { type t { enum nroth; } }"), @r"
    error[unknown-enum]: the base type has no enum `nroth`
     --> m.yang:6:21
      |
    6 |   leaf a { type t { enum nroth; } }
      |                     ^^^^^^^^^^
      |
      = note: see RFC 7950 9.6.4
      = help: did you mean `north`?
    ");
}

#[test]
fn a_derived_type_adds_no_bit() {
    insta::assert_snapshot!(told("unknown-bit", "  typedef t { type bits { bit x; } }
  leaf a { type t { bit other; } }"), @r"
    error[unknown-bit]: the base type has no bit `other`
     --> m.yang:6:21
      |
    6 |   leaf a { type t { bit other; } }
      |                     ^^^^^^^^^
      |
      = note: see RFC 7950 9.7.4
      = help: a derived type can only keep some of its base's bits
    ");
}

#[test]
fn a_derived_type_keeps_values() {
    insta::assert_snapshot!(told("changed-value", "  typedef t { type enumeration { enum x; } }
  leaf a { type t { enum x { value 7; } } }"), @r"
    error[changed-value]: the enum `x` must keep its value 0
     --> m.yang:6:30
      |
    6 |   leaf a { type t { enum x { value 7; } } }
      |                              ^^^^^^^
      |
      = note: see RFC 7950 9.6.4.2
      = help: remove this `value`
    ");
}

#[test]
fn a_derived_type_keeps_positions() {
    insta::assert_snapshot!(told("changed-position", "  typedef t { type bits { bit x; } }
  leaf a { type t { bit x { position 7; } } }"), @r"
    error[changed-position]: the bit `x` must keep its position 0
     --> m.yang:6:29
      |
    6 |   leaf a { type t { bit x { position 7; } } }
      |                             ^^^^^^^^^^
      |
      = note: see RFC 7950 9.7.4.2
      = help: remove this `position`
    ");
}

#[test]
fn no_value_comes_after_the_greatest() {
    insta::assert_snapshot!(told("missing-value", "  leaf a { type enumeration { enum x { value 2147483647; } enum y; } }"), @r"
    error[missing-value]: the enum `y` needs a `value`: one before has the greatest
     --> m.yang:5:60
      |
    5 |   leaf a { type enumeration { enum x { value 2147483647; } enum y; } }
      |                               ------ this one              ^^^^^^
      |
      = note: see RFC 7950 9.6.4.2
      = help: give it a `value` that is free
    ");
}

#[test]
fn no_position_comes_after_the_greatest() {
    insta::assert_snapshot!(told("missing-position", "  leaf a { type bits { bit x { position 4294967295; } bit y; } }"), @r"
    error[missing-position]: the bit `y` needs a `position`: one before has the greatest
     --> m.yang:5:55
      |
    5 |   leaf a { type bits { bit x { position 4294967295; } bit y; } }
      |                        ----- this one                 ^^^^^
      |
      = note: see RFC 7950 9.7.4.2
      = help: give it a `position` that is free
    ");
}

#[test]
fn a_union_is_not_endless() {
    // Each typedef has ten times the members of the one before.
    let mut body = "  typedef t0 { type string; }\n".to_owned();
    for level in 1..=4 {
        let members = format!("type t{}; ", level - 1).repeat(10);
        body += &format!("  typedef t{level} {{ type union {{ {members}}} }}\n");
    }
    insta::assert_snapshot!(told("union-too-large", &body), @r"
    error[union-too-large]: a union of more than 1000 member types
     --> m.yang:9:16
      |
    9 |   typedef t4 { type union { type t3; type t3; type t3; type t3; type t3; type t3; type t3; type t3; type t3; type t3; } }
      |                ^^^^^^^^^^
      |
      = help: leave out members whose values others take already
    ");
}
