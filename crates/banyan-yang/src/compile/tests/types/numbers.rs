//! Rules 29 to 31: integers, decimal64, `range` and `length`.

use super::parts;
use crate::compile::tests::*;
use crate::schema::{IntWidth, TypeKind};

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
      = help: choose values within it: a restriction can only narrow the type
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
      = help: remove it; what this type takes: `length`, `pattern`
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

// Rule 29.
#[test]
fn defaults_may_be_hexadecimal_or_octal_but_ranges_are_decimal() {
    assert!(
        codes("leaf a { type int8; default 0x7f; } leaf b { type int8; default -010; } leaf c { type int8; default +5; }")
            .is_empty()
    );
    for wrong in ["0X1F", "08", "1.0", "\" 5\"", "\"\"", "--1"] {
        assert_eq!(
            codes(&format!("leaf a {{ type int8; default {wrong}; }}")),
            ["invalid-default"],
            "{wrong}"
        );
    }
    assert_eq!(
        codes("leaf a { type int32 { range '0x10..0x20'; } }"),
        ["invalid-range"]
    );
}

// Rule 29.
#[test]
fn a_plus_sign_or_leading_zero_in_a_range_is_read_and_warned_of() {
    let body = "leaf a { type int32 { range '010 | +20'; } }";
    assert_eq!(codes(body), ["unusual-number"]);
    let compiled = compile(&[&module(body)]).unwrap();
    assert_eq!(parts(&ty(&compiled.schema, "a").kind), [(10, 10), (20, 20)]);
}

// Rule 30.
#[test]
fn decimal64_counts_in_units_of_its_last_digit() {
    let schema = schema_of(
        "leaf a { type decimal64 { fraction-digits 18; range '-9.223372036854775808..9.22'; } default 9.2; }
         leaf b { type decimal64 { fraction-digits 1; range '1..2.50'; } default 1.50; }",
    );
    assert_eq!(
        parts(&ty(&schema, "a").kind),
        [(i64::MIN.into(), 9_220_000_000_000_000_000)]
    );
    assert_eq!(parts(&ty(&schema, "b").kind), [(10, 25)]);
    for wrong in ["9.3", "3.", ".5", "1e1", "0x1"] {
        assert_eq!(
            codes(&format!(
                "leaf a {{ type decimal64 {{ fraction-digits 18; }} default '{wrong}'; }}"
            )),
            ["invalid-default"],
            "{wrong}"
        );
    }
    assert_eq!(
        codes("leaf a { type decimal64 { fraction-digits 1; range '1.55..2'; } }"),
        ["invalid-range"]
    );
}

// Rule 30.
#[test]
fn fraction_digits_stand_where_decimal64_itself_is_named_and_nowhere_else() {
    for digits in [2, 3] {
        assert_eq!(
            codes(&format!(
                "typedef d {{ type decimal64 {{ fraction-digits 2; }} }} leaf x {{ type d {{ fraction-digits {digits}; }} }}"
            )),
            ["misplaced-restriction"]
        );
    }
    assert_eq!(
        codes("leaf x { type int8 { fraction-digits 2; } }"),
        ["misplaced-restriction"]
    );
    for wrong in ["0", "19", "01", "-1"] {
        assert_eq!(
            codes(&format!(
                "leaf x {{ type decimal64 {{ fraction-digits {wrong}; }} }}"
            )),
            ["invalid-argument"],
            "{wrong}"
        );
    }
}

// Rule 31.
#[test]
fn parts_of_a_range_or_length_are_disjoint_ascending_and_inside_of_the_parent() {
    let schema = schema_of(
        "typedef t { type int32 { range '1..4 | 5..9 | 20'; } }
         leaf a { type t { range '3..7 | max'; } }
         leaf b { type binary { length 'min..3 | 18446744073709551615'; } }",
    );
    assert_eq!(parts(&ty(&schema, "a").kind), [(3, 7), (20, 20)]);
    assert_eq!(
        parts(&ty(&schema, "b").kind),
        [(0, 3), (u64::MAX.into(), u64::MAX.into())]
    );
    for wrong in [
        "1..4 | 4..5",
        "5 | 1",
        "4..1",
        "7..20",
        "max | 5",
        "1..2..3",
        "|1",
    ] {
        assert_eq!(
            codes(&format!(
                "typedef t {{ type int32 {{ range '1..4 | 5..9 | 20'; }} }} leaf a {{ type t {{ range '{wrong}'; }} }}"
            )),
            ["invalid-range"],
            "{wrong}"
        );
    }
    for wrong in ["-1", "1.5", "18446744073709551616", "2..1"] {
        assert_eq!(
            codes(&format!("leaf a {{ type string {{ length '{wrong}'; }} }}")),
            ["invalid-length"],
            "{wrong}"
        );
    }
}

// Rule 31.
#[test]
fn a_wrong_range_is_pointed_at_and_left_out_alone() {
    insta::assert_snapshot!(refused_body("  leaf a { type int8 { range \"1..5 | \"\n    + \"7..200\"; } }"), @r#"
    error[invalid-range]: the range is not valid: `7..200` is outside of what the base type allows
     --> m.yang:6:8
      |
    6 |     + "7..200"; } }
      |        ^^^^^^
      |
      = note: see RFC 7950 9.2.4
      = help: choose values within it: a restriction can only narrow the type
    "#);
    let kept = lenient(&[&module(
        "typedef t { type int8 { range 1..9; } } leaf a { type t { range 0..3; } }",
    )]);
    assert_eq!(parts(&ty(&kept.schema, "a").kind), [(1, 9)]);
}
