//! Types: what they take, decided exactly.

use super::{changes, changes_1_0, type_changes};

#[test]
fn an_enum_may_be_added_but_not_removed_or_renumbered() {
    let two = "enumeration { enum a; enum b; }";
    assert_eq!(
        type_changes(two, "enumeration { enum a; enum b; enum c; }"),
        ["allowed enum: c (2) added"]
    );
    assert_eq!(
        type_changes(two, "enumeration { enum a; }"),
        ["forbidden enum: b (1) removed"]
    );
    // Inserted in front without values, it renumbers the others.
    assert_eq!(
        type_changes(two, "enumeration { enum c; enum a; enum b; }"),
        [
            "forbidden enum: a (0) -> a (1)",
            "forbidden enum: b (1) -> b (2)",
            "allowed enum: c (0) added"
        ]
    );
    assert_eq!(
        type_changes(
            two,
            "enumeration { enum b { value 1; } enum a { value 0; } }"
        ),
        Vec::<String>::new()
    );
}

#[test]
fn a_bit_may_be_added_but_not_removed_or_moved() {
    let two = "bits { bit a; bit b; }";
    assert_eq!(
        type_changes(two, "bits { bit a; bit b; bit c; }"),
        ["allowed bit: c (2) added"]
    );
    assert_eq!(
        type_changes(two, "bits { bit b; }"),
        [
            "forbidden bit: a (0) removed",
            "forbidden bit: b (1) -> b (0)"
        ]
    );
}

#[test]
fn a_range_may_only_grow() {
    assert_eq!(
        type_changes("int8 { range 1..10; }", "int8 { range 0..20; }"),
        ["allowed range: 1..10 -> 0..20"]
    );
    assert_eq!(
        type_changes("int8 { range 1..10; }", "int8;"),
        ["allowed range: 1..10 removed"]
    );
    assert_eq!(
        type_changes("int8;", "int8 { range -128..126; }"),
        ["forbidden range: -128..126 added"]
    );
    assert_eq!(
        type_changes("int8;", "int8 { range min..max; }"),
        Vec::<String>::new()
    );
    assert_eq!(
        type_changes(
            "uint64 { range 1..10; }",
            "uint64 { range \"1..3 | 5..30\"; }"
        ),
        ["forbidden range: 1..10 -> 1..3|5..30"]
    );
    assert_eq!(
        type_changes("uint8 { range \"1..3|4..9\"; }", "uint8 { range 1..9; }"),
        Vec::<String>::new()
    );
    let decimal = |range: &str| format!("decimal64 {{ fraction-digits 2; range {range}; }}");
    assert_eq!(
        type_changes(&decimal("0..1.5"), &decimal("0..1.55")),
        ["allowed range: 0.0..1.5 -> 0.0..1.55"]
    );
}

#[test]
fn a_length_may_only_grow() {
    assert_eq!(
        type_changes("string { length 1..8; }", "string { length 1..9; }"),
        ["allowed length: 1..8 -> 1..9"]
    );
    assert_eq!(
        type_changes("binary { length 1..8; }", "binary { length 2..8; }"),
        ["forbidden length: 1..8 -> 2..8"]
    );
}

#[test]
fn a_pattern_may_be_removed_or_let_more_through() {
    let pattern = |text: &str| format!("string {{ pattern '{text}'; }}");
    assert_eq!(
        type_changes(&pattern("[a-c]+"), "string;"),
        ["allowed pattern: [a-c]+ removed"]
    );
    assert_eq!(
        type_changes("string;", &pattern("[a-c]+")),
        ["forbidden pattern: [a-c]+ added"]
    );
    assert_eq!(
        type_changes(&pattern("[a-c]+"), &pattern("[a-z]*")),
        ["allowed pattern: [a-c]+ -> [a-z]*"]
    );
    assert_eq!(
        type_changes(&pattern("[a-z]*"), &pattern("[a-c]+")),
        ["forbidden pattern: [a-z]* -> [a-c]+"]
    );
}

#[test]
fn a_pattern_whose_effect_cannot_be_decided_is_not_taken_for_allowed() {
    let huge = |count: u32| format!("string {{ pattern '(a|b)*a(a|b){{{count}}}'; }}");
    let found = type_changes(&huge(40), &huge(41));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("unproven pattern"), "{found:?}");
}

#[test]
fn an_inverted_pattern_is_judged_the_other_way_round() {
    let not = |text: &str| format!("string {{ pattern '{text}' {{ modifier invert-match; }} }}");
    assert_eq!(
        type_changes(&not("[a-z]*"), &not("[a-c]+")),
        ["allowed pattern: not [a-z]* -> not [a-c]+"]
    );
    assert_eq!(
        type_changes(&not("[a-c]+"), &not("[a-z]*")),
        ["forbidden pattern: not [a-c]+ -> not [a-z]*"]
    );
}

#[test]
fn a_pattern_that_follows_from_another_takes_nothing_away() {
    assert_eq!(
        type_changes(
            "string { pattern '[0-9]{3}'; }",
            "string { pattern '[0-9]{3}'; pattern '.*'; }"
        ),
        ["allowed pattern: .* added"]
    );
}

#[test]
fn a_base_may_be_removed_from_an_identityref_that_keeps_one() {
    let bases = |bases: &str| format!("identityref {{ {bases} }}");
    assert_eq!(
        type_changes(&bases("base b; base c;"), &bases("base c;")),
        ["allowed base: m:b removed"]
    );
    assert_eq!(
        type_changes(&bases("base b;"), &bases("base b; base c;")),
        ["forbidden base: m:c added"]
    );
    assert_eq!(
        type_changes(&bases("base b;"), &bases("base c;")),
        ["forbidden base: m:c added", "forbidden base: m:b removed"]
    );
}

#[test]
fn a_type_may_be_replaced_by_one_of_the_same_values() {
    let inline = "leaf x { type string { length 1..4; } }";
    let named = "typedef name { type string { length 1..4; } } leaf x { type name; }";
    assert_eq!(
        changes(inline, named),
        [
            "allowed m:name definition: typedef added",
            "allowed /m:x type: string -> m:name"
        ]
    );
    assert_eq!(
        type_changes("int8;", "int16;"),
        ["forbidden type: int8 -> int16"]
    );
    assert_eq!(
        type_changes(
            "decimal64 { fraction-digits 2; }",
            "decimal64 { fraction-digits 3; }"
        ),
        ["forbidden fraction-digits: 2 -> 3"]
    );
}

#[test]
fn a_union_keeps_its_members_each_of_which_may_grow() {
    assert_eq!(
        type_changes(
            "union { type int8; type enumeration { enum a; } }",
            "union { type int8; type enumeration { enum a; enum b; } }"
        ),
        ["allowed enum: b (1) added"]
    );
    assert_eq!(
        type_changes("union { type int8; }", "union { type int8; type string; }"),
        ["forbidden type: int8 -> int8 | string"]
    );
}

#[test]
fn a_leafref_keeps_its_instances_however_its_path_is_written() {
    let path = |path: &str| format!("leafref {{ path \"{path}\"; }}");
    assert_eq!(
        type_changes(&path("/l/a"), &path("../m:l/m:a")),
        ["allowed path: /l/a -> ../m:l/m:a"]
    );
    assert_eq!(
        type_changes(&path("/l/a"), &path("/l/b")),
        ["forbidden path: /l/a -> /l/b"]
    );
    let list = |path: &str| {
        format!(
            "list e {{ key k; leaf k {{ type string; }} leaf r {{ type leafref {{ path '{path}'; }} }} }}"
        )
    };
    assert_eq!(
        changes(&list("/e/k"), &list("../k")),
        ["forbidden /m:e/r path: /e/k -> ../k"]
    );
    assert_eq!(
        type_changes(
            "leafref { path /l/a; }",
            "leafref { path /l/a; require-instance false; }"
        ),
        ["forbidden require-instance: true -> false"]
    );
}

#[test]
fn rfc_6020_has_no_sentence_on_bases() {
    let identity = |bases: &str| format!("identity r; identity i {{ {bases} }}");
    assert_eq!(
        changes(&identity(""), &identity("base r;")),
        ["allowed m:i base: m:r added"]
    );
    assert_eq!(
        changes_1_0(&identity(""), &identity("base r;")),
        ["forbidden m:i base: m:r added"]
    );
    assert_eq!(
        changes(&identity("base r;"), &identity("")),
        ["forbidden m:i base: m:r removed"]
    );
}

#[test]
fn single_enums_and_bits_have_a_status_and_conditions() {
    assert_eq!(
        type_changes(
            "enumeration { enum a; enum b { status obsolete; } }",
            "enumeration { enum a { status deprecated; } enum b; }"
        ),
        [
            "allowed status: current (enum a) -> deprecated (enum a)",
            "forbidden status: obsolete (enum b) -> current (enum b)"
        ]
    );
    let module = |ty: &str| {
        format!(
            "feature f; typedef t {{ type bits {{ bit a; bit b {{ if-feature f; }} }} }}
             leaf l {{ type union {{ type int8; type {ty} }} }}"
        )
    };
    assert_eq!(
        changes(
            &module("t { bit a; bit b; }"),
            &module("t { bit a { if-feature f; } bit b { if-feature f; } }")
        ),
        ["forbidden /m:l if-feature: m:f (bit a) added"]
    );
}
