//! Defaults in documents and edits (RFC 6243).

use banyan_data::document::{PrintOptions, WithDefaults};
use banyan_data::in_use::InUse;

use crate::fixture::{data, edited, schema_of, to_json_with, to_xml, to_xml_with};

const MODEL: &str = "container c { leaf a { type uint8; default 1; } leaf b { type uint8; default 2; } leaf-list v { type uint8; default 3; } }";

// Rule 60.
#[test]
fn a_leaf_that_was_set_to_its_default_is_explicit_and_can_be_trimmed_or_tagged() {
    let schema = schema_of(MODEL);
    let tree = data(&schema, "<c><a>1</a><b>5</b><v>3</v></c>");
    let with = |defaults| {
        let options = PrintOptions {
            defaults,
            ..PrintOptions::default()
        };
        to_xml_with(&tree, &options).replace(" xmlns=\"urn:t\"", "")
    };
    assert_eq!(
        with(WithDefaults::Explicit),
        "<c><a>1</a><b>5</b><v>3</v></c>"
    );
    assert_eq!(with(WithDefaults::Trim), "<c><b>5</b></c>");
    assert_eq!(
        with(WithDefaults::ReportAll),
        "<c><a>1</a><b>5</b><v>3</v></c>"
    );
    let tagged = with(WithDefaults::ReportAllTagged);
    assert!(
        tagged.contains("default=\"true\">1</a>") && tagged.contains("<b>5</b>"),
        "{tagged}"
    );
}

// Rule 60.
#[test]
fn a_leaf_that_was_set_to_its_default_exists_for_create_and_delete() {
    let schema = schema_of(MODEL);
    let explicit = data(&schema, "<c><a>1</a></c>");
    let unset = data(&schema, "");
    let create = "<c><a nc:operation='create'>1</a></c>";
    let delete = "<c><a nc:operation='delete'/></c>";
    assert_eq!(edited(&unset, create), Ok(explicit.clone()));
    assert_eq!(
        edited(&explicit, create).unwrap_err(),
        ["DataExists /t:c/a -"]
    );
    assert_eq!(edited(&explicit, delete), Ok(unset.clone()));
    assert_eq!(
        edited(&unset, delete).unwrap_err(),
        ["DataMissing /t:c/a -"]
    );
    assert_eq!(to_xml(&unset), "");
}

// Rule 60.
#[test]
fn what_an_edit_marks_as_default_must_be_the_default_and_is_not_set_afterwards() {
    let schema = schema_of(MODEL);
    let before = data(&schema, "");
    let with = |mark: &str, value: u8| {
        let mark =
            format!("xmlns:wd='urn:ietf:params:xml:ns:netconf:default:1.0' wd:default='{mark}'");
        edited(&before, &format!("<c><a {mark}>{value}</a></c>"))
    };
    // It is not set afterwards, and was not before.
    assert_eq!(with("true", 1), Ok(before.clone()));
    assert!(with("1", 1).is_ok());
    assert!(with("false", 7).is_ok());
    // RFC 6243 4.5.1: invalid-value.
    assert_eq!(with("true", 7).unwrap_err(), ["InvalidValue /t:c/a -"]);
    assert_eq!(with("perhaps", 1).unwrap_err(), ["BadAttribute /t:c/a -"]);
}

// Rule 60.
#[test]
fn entries_of_a_leaf_list_that_holds_its_defaults_are_marked_each_and_can_be_sent_back() {
    let schema = schema_of(
        "leaf-list v { type uint8; default 3; default 4; } leaf-list w { type uint8; default 1; }",
    );
    let explicit = data(&schema, "<v>4</v><v>3</v><w>2</w>");
    let tagged = PrintOptions {
        defaults: WithDefaults::ReportAllTagged,
        ..PrintOptions::default()
    };
    let mark = "xmlns:wd=\"urn:ietf:params:xml:ns:netconf:default:1.0\" wd:default=\"true\"";
    let xml = to_xml_with(&explicit, &tagged).replace(" xmlns=\"urn:t\"", "");
    assert_eq!(xml, format!("<v {mark}>3</v><v {mark}>4</v><w>2</w>"));
    let marked = "{\"ietf-netconf-with-defaults:default\":true}";
    assert_eq!(
        to_json_with(&explicit, &tagged),
        format!("{{\"t:v\":[3,4],\"@t:v\":[{marked},{marked}],\"t:w\":[2]}}")
    );
    let without = data(&schema, "<w>2</w>");
    assert_eq!(edited(&explicit, &xml), Ok(without.clone()));
    assert_eq!(edited(&without, &xml), Ok(without.clone()));
    let wrong = format!("<w {mark}>2</w>");
    assert_eq!(
        edited(&without, &wrong).unwrap_err(),
        ["InvalidValue /t:w -"]
    );
}

// Rule 60.
#[test]
fn what_is_not_set_and_in_use_is_reported_and_marked_in_all_modes_but_explicit_and_trim() {
    let schema = schema_of(
        "container c { leaf a { type uint8; default 1; } leaf b { type uint8; } leaf-list v { type string; default x; default y; }
           leaf off { when '../b = 1'; type uint8; default 2; }
           choice k { default one; case one { leaf one { type uint8; default 3; } } case two { leaf two { type uint8; default 4; } leaf set { type uint8; } } }
           list l { key n; leaf n { type uint8; } leaf m { type uint8; default 5; } } }",
    );
    let tree = data(
        &schema,
        "<c><b>7</b><l><n>1</n></l><l><n>2</n><m>5</m></l></c>",
    );
    let with = |defaults, tree: &_| {
        let options = PrintOptions {
            defaults,
            unstored: Some(&InUse),
            ..PrintOptions::default()
        };
        to_json_with(tree, &options)
    };
    let explicit = "{\"t:c\":{\"b\":7,\"l\":[{\"n\":1},{\"n\":2,\"m\":5}]}}";
    assert_eq!(with(WithDefaults::Explicit, &tree), explicit);
    assert_eq!(
        with(WithDefaults::Trim, &tree),
        "{\"t:c\":{\"b\":7,\"l\":[{\"n\":1},{\"n\":2}]}}"
    );
    assert_eq!(
        with(WithDefaults::ReportAll, &tree),
        "{\"t:c\":{\"a\":1,\"b\":7,\"v\":[\"x\",\"y\"],\"one\":3,\"l\":[{\"n\":1,\"m\":5},{\"n\":2,\"m\":5}]}}"
    );
    let mark = "{\"ietf-netconf-with-defaults:default\":true}";
    assert_eq!(
        with(WithDefaults::ReportAllTagged, &tree),
        format!(
            "{{\"t:c\":{{\"a\":1,\"@a\":{mark},\"b\":7,\"v\":[\"x\",\"y\"],\"@v\":[{mark},{mark}],\"one\":3,\"@one\":{mark},\
             \"l\":[{{\"n\":1,\"m\":5,\"@m\":{mark}}},{{\"n\":2,\"m\":5,\"@m\":{mark}}}]}}}}"
        )
    );
    // Another case is taken, and what `when` rules out is in use once it no longer does.
    let other = data(&schema, "<c><b>1</b><set>0</set></c>");
    assert_eq!(
        with(WithDefaults::ReportAll, &other),
        "{\"t:c\":{\"a\":1,\"b\":1,\"v\":[\"x\",\"y\"],\"off\":2,\"two\":4,\"set\":0}}"
    );
}
