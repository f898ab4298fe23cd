//! Which nodes are there, must be there, and may not be there together (RFC 7950 7.5.1, 7.6.5, 7.9).

use crate::fixture::{committed, data, edited, invalid, schema_of, to_xml, valid};

// Rule 41.
#[test]
fn a_container_without_presence_is_there_whenever_its_parent_is() {
    let schema = schema_of(
        "container a { container b { must 'c'; leaf c { type string; } } }
         list l { key k; leaf k { type string; } container d { must '../e'; } leaf e { type string; } }
         leaf sees { type string; must '/a/b and not(/p)'; }
         container p { presence 'it matters'; }",
    );
    invalid(&schema, "", &["MustViolation /t:a/b must-violation"]);
    valid(&schema, "<a><b><c>x</c></b></a>");
    let c = "<a><b><c>x</c></b></a>";
    invalid(
        &schema,
        &format!("{c}<l><k>1</k><e>x</e></l><l><k>2</k></l>"),
        &["MustViolation /t:l[k='2']/d must-violation"],
    );
    // XPath sees the container without presence, and not the one with it.
    valid(&schema, &format!("{c}<sees>x</sees>"));
    invalid(
        &schema,
        &format!("{c}<sees>x</sees><p/>"),
        &["MustViolation /t:sees must-violation"],
    );
}

// Rule 41.
#[test]
fn the_must_of_a_container_with_presence_waits_for_the_container() {
    let schema =
        schema_of("container p { presence 'it matters'; must 'c'; leaf c { type string; } }");
    valid(&schema, "");
    valid(&schema, "<p><c>x</c></p>");
    invalid(&schema, "<p/>", &["MustViolation /t:p must-violation"]);
}

// Rule 41.
#[test]
fn a_container_without_presence_in_a_case_is_there_with_the_case() {
    let schema = schema_of(
        "choice ch { case a { container c { must 'x'; leaf x { type string; } } leaf y { type string; } }
           leaf z { type string; } }",
    );
    valid(&schema, "");
    valid(&schema, "<z>1</z>");
    invalid(&schema, "<y>1</y>", &["MustViolation /t:c must-violation"]);
    valid(&schema, "<y>1</y><c><x>1</x></c>");
}

// Rule 42.
#[test]
fn a_mandatory_leaf_below_containers_without_presence_is_needed_up_to_the_next_that_may_be_absent()
{
    let schema = schema_of(
        "container a { container b { leaf m { type string; mandatory true; } } }
         container p { presence 'it matters'; container b { leaf m { type string; mandatory true; } } }
         list l { key k; leaf k { type string; } container b { leaf m { type string; mandatory true; } } }",
    );
    let m = "<b><m>x</m></b>";
    invalid(&schema, "", &["MissingElement /t:a/b/m -"]);
    valid(&schema, &format!("<a>{m}</a>"));
    invalid(
        &schema,
        &format!("<a>{m}</a><p/><l><k>1</k></l><l><k>2</k>{m}</l>"),
        &[
            "MissingElement /t:p/b/m -",
            "MissingElement /t:l[k='1']/b/m -",
        ],
    );
    valid(&schema, &format!("<a>{m}</a><p>{m}</p><l><k>1</k>{m}</l>"));
}

// Rule 42.
#[test]
fn mandatory_anydata_and_anyxml_are_needed_like_leaves() {
    let schema = schema_of(
        "container p { presence 'it matters'; anydata a { mandatory true; } anyxml b { mandatory true; } }",
    );
    valid(&schema, "");
    valid(&schema, "<p><a/><b>text</b></p>");
    invalid(
        &schema,
        "<p/>",
        &["MissingElement /t:p/a -", "MissingElement /t:p/b -"],
    );
}

// Rule 43.
#[test]
fn a_mandatory_node_of_a_case_is_needed_when_the_case_has_data() {
    let schema = schema_of(
        "choice ch {
           case a { leaf m { type string; mandatory true; } leaf n { type string; }
             container c { leaf deep { type string; mandatory true; } } }
           case b { leaf o { type string; } } }",
    );
    valid(&schema, "");
    valid(&schema, "<o>1</o>");
    invalid(
        &schema,
        "<n>1</n>",
        &["MissingElement /t:m -", "MissingElement /t:c/deep -"],
    );
    valid(&schema, "<m>1</m><c><deep>1</deep></c>");
}

// Rule 43.
#[test]
fn a_mandatory_choice_needs_data_of_one_case() {
    let schema = schema_of(
        "container p { presence 'it matters'; choice ch { mandatory true; leaf a { type string; }
           case b { choice inner { mandatory true; leaf c { type string; } leaf d { type string; } } leaf e { type string; } } } }",
    );
    valid(&schema, "");
    invalid(&schema, "<p/>", &["MissingChoice /t:p missing-choice"]);
    valid(&schema, "<p><a>1</a></p>");
    valid(&schema, "<p><d>1</d></p>");
    // The outer choice has a case; the choice inside of it has none.
    invalid(
        &schema,
        "<p><e>1</e></p>",
        &["MissingChoice /t:p missing-choice"],
    );
}

// Rule 44.
#[test]
fn defaults_of_the_default_case_are_in_use_until_another_case_has_data() {
    let schema = schema_of(
        "choice ch { default a;
           case a { leaf x { type string; default 1; } container c { leaf y { type string; default 2; } } }
           case b { leaf z { type string; } leaf w { type string; default 3; } } }
         leaf a { type string; must '../x = 1 and ../c/y = 2 and not(../w)'; }
         leaf b { type string; must 'not(../x) and not(../c) and ../w = 3'; }",
    );
    valid(&schema, "<a>now</a>");
    invalid(
        &schema,
        "<b>now</b>",
        &["MustViolation /t:b must-violation"],
    );
    valid(&schema, "<z>1</z><b>now</b>");
    invalid(
        &schema,
        "<z>1</z><a>now</a>",
        &["MustViolation /t:a must-violation"],
    );
    // A stored node of the default case keeps the case's other defaults in use.
    valid(&schema, "<x>1</x><a>now</a>");
}

// Rule 44.
#[test]
fn the_default_of_a_choice_in_a_case_is_in_use_only_with_its_case() {
    let schema = schema_of(
        "choice outer {
           case a { leaf p { type string; } choice inner { default d; leaf d { type string; default 1; } leaf e { type string; } } }
           leaf f { type string; } }
         leaf with { type string; must '../d'; }
         leaf without { type string; must 'not(../d)'; }",
    );
    valid(&schema, "<without>1</without>");
    invalid(
        &schema,
        "<with>1</with>",
        &["MustViolation /t:with must-violation"],
    );
    valid(&schema, "<p>1</p><with>1</with>");
    valid(&schema, "<p>1</p><e>1</e><without>1</without>");
    valid(&schema, "<f>1</f><without>1</without>");
}

// Rule 44.
#[test]
fn data_of_one_case_delete_those_of_the_others() {
    let schema = schema_of(
        "container c { choice ch { case a { leaf x { type string; } leaf-list y { type string; } }
             case b { container z { leaf w { type string; } } } } leaf other { type string; } }",
    );
    let before = data(&schema, "<c><x>1</x><y>1</y><y>2</y><other>1</other></c>");
    let after = committed(&before, "<c><z><w>1</w></z></c>").unwrap();
    assert_eq!(
        to_xml(&after),
        "<c xmlns=\"urn:t\"><z><w>1</w></z><other>1</other></c>"
    );
    // A request for data of two cases is none.
    assert_eq!(
        edited(&before, "<c><x>2</x><z><w>1</w></z></c>").unwrap_err(),
        ["SeveralCases /t:c/z -"]
    );
    invalid(
        &schema,
        "<c><x>1</x><z><w>1</w></z></c>",
        &["SeveralCases /t:c -"],
    );
}
