//! What expressions see, and how they compare (RFC 7950 6.4, 10).

use crate::fixture::{call_errors, data, errors_with_state, invalid, schema_of, valid};

const NONE: [&str; 0] = [];

// Rule 49.
#[test]
fn constraints_on_configuration_see_configuration_alone() {
    let schema = schema_of(
        "leaf s { config false; type string; }
         leaf c { type string; must 'not(../s)'; }
         leaf w { type string; when 'not(../s)'; }
         container n { leaf t { config false; type string; } must 'not(t)'; }",
    );
    assert_eq!(
        errors_with_state(&schema, "<s>1</s><c>1</c><w>1</w><n><t>1</t></n>"),
        NONE
    );
    let schema =
        schema_of("leaf s { config false; type string; } leaf c { type string; must '../s'; }");
    assert_eq!(
        errors_with_state(&schema, "<s>1</s><c>1</c>"),
        ["MustViolation /t:c must-violation"]
    );
}

// Rule 49.
#[test]
fn constraints_on_state_see_state_and_configuration() {
    let schema = schema_of(
        "leaf c { type string; }
         container s { config false; leaf a { type string; must '../b and /c'; } leaf b { type string; }
           leaf r { type leafref { path '/c'; } } }",
    );
    assert_eq!(
        errors_with_state(&schema, "<c>1</c><s><a>1</a><b>1</b><r>1</r></s>"),
        NONE
    );
    assert_eq!(
        errors_with_state(&schema, "<s><a>1</a><b>1</b><r>1</r></s>"),
        [
            "MustViolation /t:s/a must-violation",
            "InstanceRequired /t:s/r instance-required"
        ]
    );
}

// Rule 49.
#[test]
fn constraints_in_an_operation_see_the_datastore_and_its_own_parameters() {
    let schema = schema_of(
        "leaf c { type string; } leaf s { config false; type string; }
         rpc go { input { leaf a { type string; must '../b and /c and /s'; } leaf b { type string; } } }
         rpc other { input { leaf a { type string; must 'not(/go)'; } } }",
    );
    let running = data(&schema, "<c>1</c><s>1</s>");
    let go = |inside: &str| format!("<go xmlns=\"urn:t\">{inside}</go>");
    assert_eq!(call_errors(&running, &go("<a>1</a><b>1</b>")), NONE);
    assert_eq!(
        call_errors(&running, &go("<a>1</a>")),
        ["MustViolation /t:go/a must-violation"]
    );
    let empty = data(&schema, "");
    assert_eq!(
        call_errors(&empty, &go("<a>1</a><b>1</b>")),
        ["MustViolation /t:go/a must-violation"]
    );
    assert_eq!(
        call_errors(&running, "<other xmlns=\"urn:t\"><a>1</a></other>"),
        NONE
    );
}

// Rule 49.
#[test]
fn the_functions_of_yang_know_types() {
    let schema = schema_of(
        "identity base; identity mid { base base; } identity leaf { base mid; }
         list l { key k; leaf k { type string; } leaf speed { type enumeration { enum low { value 1; } enum high { value 10; } } } }
         leaf ref { type leafref { path '/l/k'; } must \"enum-value(deref(.)/../speed) > 5\"; }
         leaf id { type identityref { base base; } must \"derived-from(., 't:mid')\"; }
         leaf bits { type bits { bit a; bit b; } must \"bit-is-set(., 'b')\"; }
         leaf name { type string; must \"re-match(., '[a-z]+')\"; }
         leaf cur { type string; must \"/l[k = current()]/speed = 'low'\"; }",
    );
    let l = "<l><k>fast</k><speed>high</speed></l><l><k>slow</k><speed>low</speed></l>";
    valid(
        &schema,
        &format!(
            "{l}<ref>fast</ref><id>t:leaf</id><bits>a b</bits><name>abc</name><cur>slow</cur>"
        ),
    );
    invalid(
        &schema,
        &format!("{l}<ref>slow</ref><id>t:mid</id><bits>a</bits><name>ab1</name><cur>fast</cur>"),
        &[
            "MustViolation /t:ref must-violation",
            "MustViolation /t:id must-violation",
            "MustViolation /t:bits must-violation",
            "MustViolation /t:name must-violation",
            "MustViolation /t:cur must-violation",
        ],
    );
}

// Rule 50.
#[test]
fn integers_are_compared_as_integers_where_a_double_would_lose_them() {
    let schema = schema_of(
        "leaf a { type uint64; must '. < ../b'; } leaf b { type uint64; }
         leaf c { type int64; must '. = ../b'; }",
    );
    valid(
        &schema,
        "<a>18446744073709551614</a><b>18446744073709551615</b>",
    );
    invalid(
        &schema,
        "<a>18446744073709551615</a><b>18446744073709551615</b>",
        &["MustViolation /t:a must-violation"],
    );
    invalid(
        &schema,
        "<b>9223372036854775807</b><c>9223372036854775806</c>",
        &["MustViolation /t:c must-violation"],
    );
    valid(
        &schema,
        "<b>9223372036854775807</b><c>9223372036854775807</c>",
    );
}

// Rule 50.
#[test]
fn values_are_compared_in_their_canonical_form() {
    let schema = schema_of(
        "leaf d { type decimal64 { fraction-digits 2; } must \". = 10 and . = '10.0'\"; }
         leaf n { type int8; must \". = '7'\"; }
         leaf t { type string; must \". = '7'\"; }",
    );
    valid(&schema, "<d>10.00</d><n>+07</n><t>7</t>");
    invalid(
        &schema,
        "<d>10.01</d><n>-7</n><t>07</t>",
        &[
            "MustViolation /t:d must-violation",
            "MustViolation /t:n must-violation",
            "MustViolation /t:t must-violation",
        ],
    );
}
