//! Rules 29 to 40 of the test plan, as far as instance data decide them: lexical forms, canonical forms, references.

mod references;
mod unions;

use std::sync::Arc;

use banyan_data::change::diff;
use banyan_data::document::{ParseOptions, PrintOptions};
use banyan_data::validate::{Indexes, Mounts, Options, changed};
use banyan_data::{DataError, ErrorKind, Tree, json, xml};
use banyan_yang::schema::Schema;

use crate::fixture::{data, errors, module, schema};

fn read_xml(schema: &Arc<Schema>, text: &str) -> Result<Tree, DataError> {
    let document =
        format!("<data xmlns=\"urn:t\" xmlns:t=\"urn:t\" xmlns:u=\"urn:u\">{text}</data>");
    xml::parse_data(schema, document.as_bytes(), &ParseOptions::default())
        .map_err(|mut errors| errors.remove(0))
}

fn read_json(schema: &Arc<Schema>, text: &str) -> Result<Tree, DataError> {
    json::parse_data(schema, text.as_bytes(), &ParseOptions::default())
        .map_err(|mut errors| errors.remove(0))
}

fn to_json(tree: &Tree) -> String {
    let mut out = Vec::new();
    json::print(tree, &PrintOptions::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn to_xml(tree: &Tree) -> String {
    let mut out = Vec::new();
    xml::print(tree, &PrintOptions::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A schema with leaf `a` of a type.
fn leaf(ty: &str) -> Arc<Schema> {
    let end = if ty.ends_with('}') { "" } else { ";" };
    schema(&[&module(&format!("leaf a {{ type {ty}{end} }}"))])
}

/// The value of leaf `a` as JSON writes it, after it was read from XML; `None` if it is no value of the type.
fn canonical(schema: &Arc<Schema>, text: &str) -> Option<String> {
    match read_xml(schema, &format!("<a>{text}</a>")) {
        Ok(tree) => {
            let shown = to_json(&tree);
            let again = read_json(schema, &shown).unwrap();
            assert_eq!(to_xml(&again), to_xml(&tree), "{text} does not come back");
            let value = shown.strip_prefix("{\"t:a\":").unwrap();
            Some(value.strip_suffix('}').unwrap().to_owned())
        }
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::InvalidValue, "{text}: {error:?}");
            None
        }
    }
}

#[track_caller]
fn check(ty: &str, values: &[(&str, &str)], wrong: &[&str]) {
    let schema = leaf(ty);
    for (text, expected) in values {
        assert_eq!(
            canonical(&schema, text).as_deref(),
            Some(*expected),
            "{ty}: {text:?}"
        );
    }
    for text in wrong {
        assert_eq!(canonical(&schema, text), None, "{ty}: {text:?}");
    }
}

/// Whether leaf `a` takes this JSON value.
fn takes_json(schema: &Arc<Schema>, value: &str) -> bool {
    read_json(schema, &format!("{{\"t:a\":{value}}}")).is_ok()
}

// Rule 29.
#[test]
fn integers_are_decimal_with_any_sign_and_leading_zeros_and_without_blanks() {
    check(
        "int8",
        &[
            ("5", "5"),
            ("+5", "5"),
            ("-007", "-7"),
            ("-0", "0"),
            ("010", "10"),
        ],
        &[
            "0x10", "1.0", "", " 5", "5 ", "5\n", "--5", "1e1", "128", "-129", "٣",
        ],
    );
    check(
        "uint64",
        &[
            ("18446744073709551615", "\"18446744073709551615\""),
            ("-0", "\"0\""),
        ],
        &["18446744073709551616", "-1"],
    );
}

// Rule 29.
#[test]
fn hexadecimal_and_octal_are_for_defaults_of_the_schema_alone() {
    let schema = schema(&[&module(
        "leaf a { type int32; default 0x10; } leaf b { type int32; default 010; must '. = 8 and ../a = 16'; }",
    )]);
    assert!(errors(&schema, "").is_empty());
    assert!(read_xml(&schema, "<a>0x10</a>").is_err());
    let ten = read_xml(&schema, "<b>010</b>").unwrap();
    assert_eq!(to_json(&ten), "{\"t:b\":10}");
}

// Rule 30.
#[test]
fn decimal64_is_exact_and_has_a_digit_on_either_side_of_the_point() {
    check(
        "decimal64 { fraction-digits 2; range '-1.5..10'; }",
        &[
            ("3", "\"3.0\""),
            ("+03.10", "\"3.1\""),
            ("10.00", "\"10.0\""),
            ("-0.0", "\"0.0\""),
        ],
        &[
            "3.", ".5", "", "1.234", "10.01", "-1.51", "1e1", "1,5", " 1", "0x1",
        ],
    );
    check(
        "decimal64 { fraction-digits 18; }",
        &[
            ("9.2", "\"9.2\""),
            ("-9.223372036854775808", "\"-9.223372036854775808\""),
        ],
        &["9.3", "9.223372036854775808"],
    );
    let schema = leaf("decimal64 { fraction-digits 2; }");
    assert!(takes_json(&schema, "\"3.10\""));
    assert!(!takes_json(&schema, "3.1") && !takes_json(&schema, "3"));
}

// Rule 31.
#[test]
fn a_length_counts_characters_and_octets_of_binary() {
    check(
        "string { length 2..3; }",
        &[("øø", "\"øø\""), ("😀😀😀", "\"😀😀😀\"")],
        &["ø", "abcd", ""],
    );
    check(
        "binary { length 2; }",
        &[("YWI=", "\"YWI=\"")],
        &["YQ==", "YWJj", ""],
    );
    check(
        "int32 { range '1..4 | 10 | 20..max'; }",
        &[("4", "4"), ("10", "10"), ("2147483647", "2147483647")],
        &["0", "5", "11", "19"],
    );
}

// Rule 32.
#[test]
fn a_value_must_match_all_patterns_of_the_chain_as_a_whole_and_hears_which_it_does_not() {
    let schema = schema(&[&module(
        "typedef t { type string { pattern '[a-z-[q]]+' { error-message 'letters please'; error-app-tag letters; } } }
         leaf a { type t { pattern '.*x' { modifier invert-match; error-app-tag no-x; } } }",
    )]);
    assert_eq!(canonical(&schema, "abc").as_deref(), Some("\"abc\""));
    let refusal = |text: &str| {
        let error = read_xml(&schema, &format!("<a>{text}</a>")).unwrap_err();
        (error.message, error.app_tag.unwrap().to_string())
    };
    for wrong in ["q", "a1", "", "ab "] {
        assert_eq!(
            refusal(wrong),
            ("letters please".to_owned(), "letters".to_owned())
        );
    }
    assert_eq!(refusal("abx").1, "no-x");
    check("string { pattern '^a$'; }", &[("^a$", "\"^a$\"")], &["a"]);
    check(
        "string { pattern '\\i\\c*'; }",
        &[("_a-1", "\"_a-1\"")],
        &["-a", "1"],
    );
}

// Rule 33.
#[test]
fn an_enumeration_takes_its_names_exactly() {
    check(
        "enumeration { enum up; enum 'half way'; enum '1'; }",
        &[
            ("up", "\"up\""),
            ("half way", "\"half way\""),
            ("1", "\"1\""),
        ],
        &["Up", " up", "up ", "", "0", "half  way"],
    );
    let schema = leaf("enumeration { enum '1'; }");
    assert!(takes_json(&schema, "\"1\"") && !takes_json(&schema, "1"));
}

// Rule 34.
#[test]
fn bits_are_written_by_position_and_none_is_a_value() {
    check(
        "bits { bit syn { position 1; } bit ack { position 4; } bit fin { position 0; } }",
        &[
            ("ack syn", "\"syn ack\""),
            ("  ack\n\tfin  syn ", "\"fin syn ack\""),
            ("", "\"\""),
            (" ", "\"\""),
        ],
        &["ack ack", "ACK", "ack,syn", "4"],
    );
}

const UNION: &str = "union { type uint8 { range 1..9; } type enumeration { enum '5'; enum any; } type decimal64 { fraction-digits 1; } type boolean; }";

// Rule 35.
#[test]
fn a_union_takes_the_first_member_that_accepts_and_its_canonical_form() {
    check(
        UNION,
        &[
            ("+05", "5"),
            ("any", "\"any\""),
            ("10", "\"10.0\""),
            ("3.50", "\"3.5\""),
            ("true", "true"),
        ],
        &["x", "", "1.55", "TRUE"],
    );
}

// Rule 35.
#[test]
fn in_json_the_text_chooses_the_member_as_in_xml() {
    let schema = leaf(UNION);
    let member = |value: &str| {
        let tree = read_json(&schema, &format!("{{\"t:a\":{value}}}")).ok()?;
        let shown = to_json(&tree);
        Some(shown[7..shown.len() - 1].to_owned())
    };
    assert_eq!(member("5").as_deref(), Some("5"));
    assert_eq!(member("\"5\"").as_deref(), Some("5"));
    assert_eq!(member("\"6\"").as_deref(), Some("6"));
    assert_eq!(member("10").as_deref(), Some("\"10.0\""));
    assert_eq!(member("1.5").as_deref(), Some("\"1.5\""));
    assert_eq!(member("true").as_deref(), Some("true"));
    assert_eq!(member("\"true\"").as_deref(), Some("true"));
    for wrong in ["\"x\"", "1.55", "null", "[null]", "{}"] {
        assert_eq!(member(wrong), None, "{wrong}");
    }
}

// Rule 35.
#[test]
fn empty_may_be_a_member_of_a_union() {
    let schema = leaf("union { type int8; type empty; }");
    assert_eq!(canonical(&schema, "").as_deref(), Some("[null]"));
    assert_eq!(canonical(&schema, " "), None);
    assert!(takes_json(&schema, "[null]") && !takes_json(&schema, "null"));
}

// Rule 35.
#[test]
fn a_union_of_references_and_numbers_takes_what_exists() {
    let text = module(
        "leaf-list zone { type string; }
         leaf at { type union { type leafref { path \"../zone\"; } type uint8; } }
         leaf by { type union { type leafref { path \"../zone\"; } type enumeration { enum any; } } }",
    );
    let schema = schema(&[&text]);
    assert!(errors(&schema, "<zone>7</zone><at>7</at><by>7</by>").is_empty());
    assert!(errors(&schema, "<at>7</at><by>any</by>").is_empty());
    assert_eq!(
        errors(&schema, "<at>x</at>"),
        ["InstanceRequired /t:at instance-required"]
    );
}

// Rule 35.
#[test]
fn a_union_is_resolved_anew_when_what_it_refers_to_changes() {
    let schema = schema(&[&module(
        "leaf-list zone { type string; } leaf a { type union { type leafref { path ../zone; } type uint8; } }",
    )]);
    let after = |before: &str, now: &str| {
        let (before, now) = (data(&schema, before), data(&schema, now));
        let changes = diff(&before, &now);
        let indexes = Indexes::of(&before, Mounts::Skip).after(&before, &now);
        let report = changed(&changes, &now, &indexes, &Options::default());
        report.errors.len()
    };
    assert_eq!(after("<zone>7</zone><a>7</a>", "<a>7</a>"), 0);
    assert_eq!(after("<zone>x</zone><a>x</a>", "<a>x</a>"), 1);
    assert_eq!(after("<zone>y</zone>", "<zone>y</zone><a>x</a>"), 1);
    assert_eq!(after("<zone>y</zone>", "<zone>y</zone><a>y</a>"), 0);
}

// Rule 35.
#[test]
fn a_union_falls_through_instance_identifiers_whose_instance_is_missing() {
    let schema = schema(&[&module(
        "leaf b { type string; } leaf a { type union { type instance-identifier; type string { pattern '/t:[bc]'; } } }
         leaf d { type union { type union { type instance-identifier; type int8; } type leafref { path ../b; } } }",
    )]);
    assert!(errors(&schema, "<b>x</b><a>/t:b</a><d>x</d>").is_empty());
    assert!(errors(&schema, "<a>/t:b</a><d>1</d>").is_empty());
    assert!(errors(&schema, "<a>/t:c</a>").is_empty());
    assert_eq!(
        errors(&schema, "<d>x</d>"),
        ["InstanceRequired /t:d instance-required"]
    );
}

// Rule 35.
#[test]
fn the_default_of_a_union_is_a_value_of_its_first_fitting_member() {
    let schema = schema(&[&module(
        "leaf b { type string; default x; }
         leaf a { type union { type int8; type leafref { path ../b; } } default x; must \". = 'x'\"; }
         leaf c { type union { type int8; type string; } default 0x10; must '. = 16'; }",
    )]);
    assert!(errors(&schema, "").is_empty());
    assert_eq!(
        errors(&schema, "<b>y</b>"),
        ["InstanceRequired /t:a instance-required"]
    );
}

/// Identities in `t` and, derived from them, in `u`.
fn kinds(body: &str) -> Arc<Schema> {
    schema(&[
        &module(&format!(
            "identity kind; identity fast; identity tin {{ base kind; }} {body}"
        )),
        "module u { yang-version 1.1; namespace urn:u; prefix other; import t { prefix t; }
           identity steel { base t:kind; base t:fast; } identity tin { base t:tin; } }",
    ])
}

// Rule 36.
#[test]
fn an_identityref_is_qualified_by_prefix_in_xml_and_by_module_in_json() {
    let schema = kinds("leaf a { type identityref { base kind; } }");
    assert_eq!(
        canonical(&schema, "u:steel").as_deref(),
        Some("\"u:steel\"")
    );
    assert_eq!(canonical(&schema, "u:tin").as_deref(), Some("\"u:tin\""));
    assert_eq!(canonical(&schema, "t:tin"), canonical(&schema, "tin"));
    for wrong in [
        "kind", "t:kind", "steel", "x:steel", "fast", "", " t:tin", "t:",
    ] {
        assert_eq!(canonical(&schema, wrong), None, "{wrong}");
    }
    for right in ["\"tin\"", "\"t:tin\"", "\"u:steel\""] {
        assert!(takes_json(&schema, right), "{right}");
    }
    for wrong in ["\"steel\"", "\"other:steel\"", "\"t:steel\"", "5"] {
        assert!(!takes_json(&schema, wrong), "{wrong}");
    }
}

// Rule 36.
#[test]
fn an_identityref_with_several_bases_takes_what_is_derived_from_all() {
    let schema = kinds("leaf a { type identityref { base kind; base fast; } }");
    assert!(canonical(&schema, "u:steel").is_some());
    assert_eq!(canonical(&schema, "tin"), None);
}

// Rule 36.
#[test]
fn identities_are_compared_with_derived_from() {
    let schema = kinds(
        "leaf a { type identityref { base kind; } }
         leaf self { type empty; must \"derived-from-or-self(../a, 't:tin')\"; }
         leaf derived { type empty; must \"derived-from(../a, 't:tin')\"; }",
    );
    let failing = |xml: &str| errors(&schema, xml).len();
    assert_eq!(failing("<a>tin</a><self/>"), 0);
    assert_eq!(failing("<a>u:tin</a><self/><derived/>"), 0);
    assert_eq!(failing("<a>tin</a><derived/>"), 1);
    assert_eq!(failing("<a>u:steel</a><self/><derived/>"), 2);
}

// Rule 39.
#[test]
fn empty_is_an_empty_element_and_an_array_of_null() {
    let schema = leaf("empty");
    assert_eq!(canonical(&schema, "").as_deref(), Some("[null]"));
    assert_eq!(canonical(&schema, " "), None);
    for wrong in ["null", "\"\"", "[]", "[null,null]", "true"] {
        assert!(!takes_json(&schema, wrong), "{wrong}");
    }
}

// Rule 39.
#[test]
fn a_key_may_be_empty() {
    let schema = schema(&[&module(
        "list l { key 'k n'; leaf k { type empty; } leaf n { type int8; } }",
    )]);
    let tree = data(&schema, "<l><k/><n>1</n></l><l><k/><n>2</n></l>");
    assert_eq!(
        to_json(&tree),
        "{\"t:l\":[{\"k\":[null],\"n\":1},{\"k\":[null],\"n\":2}]}"
    );
    assert!(read_json(&schema, &to_json(&tree)).is_ok());
    assert!(read_xml(&schema, "<l><k/><n>1</n></l><l><k/><n>1</n></l>").is_err());
}

// Rule 39.
#[test]
fn a_boolean_is_true_or_false_and_bare_in_json() {
    check(
        "boolean",
        &[("true", "true"), ("false", "false")],
        &["TRUE", "1", "0", "", "yes", " true"],
    );
    let schema = leaf("boolean");
    assert!(takes_json(&schema, "true") && !takes_json(&schema, "\"true\""));
}

// Rule 39.
#[test]
fn binary_is_base64_and_its_canonical_form_has_no_blanks_and_no_loose_bits() {
    check(
        "binary",
        &[
            ("aGV5", "\"aGV5\""),
            ("aG\n V5", "\"aGV5\""),
            ("AB==", "\"AA==\""),
            ("", "\"\""),
        ],
        &["aGV", "aG*5", "aG=5", "====", "aGV5=", "YQ"],
    );
}

// Rule 40.
#[test]
fn the_default_of_a_typedef_is_in_use_until_a_leaf_has_its_own_is_mandatory_or_is_a_key() {
    let schema = schema(&[&module(
        "typedef t { type int8; default 3; }
         container x { leaf a { type t; } leaf b { type t; default 4; } must 'a = 3 and b = 4'; }
         leaf m { type t; mandatory true; }
         list l { key k; leaf k { type t; } }
         leaf-list ll { type t; min-elements 1; } leaf-list dd { type t; must '. = 3'; }",
    )]);
    assert!(errors(&schema, "<m>1</m><ll>1</ll>").is_empty());
    assert_eq!(
        errors(&schema, "<x><a>5</a></x>"),
        [
            "MustViolation /t:x must-violation",
            "MissingElement /t:m -",
            "TooFewElements /t:ll too-few-elements",
        ]
    );
    assert!(read_xml(&schema, "<l/>").is_err());
}
