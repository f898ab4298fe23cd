//! anydata and anyxml (RFC 7950 7.10, 7.11).

use crate::fixture::{data, edited, invalid, json_data, schema_of, to_json, to_xml, valid};

// Rule 55.
#[test]
fn anydata_are_kept_as_they_came_with_the_namespaces_in_scope() {
    let schema = schema_of("container c { anydata d; anyxml x; }");
    let inside = "<d><p:a xmlns:p=\"urn:p\" q=\"1\"><p:b/></p:a></d><x>mixed <b>text</b></x>";
    let printed = to_xml(&data(&schema, &format!("<c>{inside}</c>")));
    assert!(
        printed.contains("mixed <b xmlns=\"urn:t\">text</b>")
            || printed.contains("mixed <b>text</b>"),
        "{printed}"
    );
    assert!(printed.contains("q=\"1\""), "{printed}");
    // A prefix that was declared around the content stands on its own afterwards.
    let around = "<c><d><u:a>1</u:a></d></c>";
    let printed = to_xml(&data(&schema, around));
    assert!(printed.contains("=\"urn:u\""), "{printed}");
    let json = "{\"t:c\":{\"d\":{\"x:y\":[1,{\"z\":null}]}}}";
    assert_eq!(to_json(&json_data(&schema, json).unwrap()), json);
}

// Rule 55.
#[test]
fn anydata_are_replaced_as_a_whole_by_a_merge() {
    let schema = schema_of("anydata d;");
    let before = data(&schema, "<d><a>1</a><b>2</b></d>");
    let after = edited(&before, "<d><c>3</c></d>").unwrap();
    let printed = to_xml(&after);
    assert!(
        printed.contains(">3<") && !printed.contains(">1<"),
        "{printed}"
    );
    let gone = edited(&after, "<d nc:operation='delete'/>").unwrap();
    assert_eq!(to_xml(&gone), "");
    assert_eq!(
        edited(&gone, "<d nc:operation='delete'/>").unwrap_err(),
        ["DataMissing /t:d -"]
    );
}

// Rule 55.
#[test]
fn when_and_must_of_anydata_hold() {
    let schema = schema_of(
        "leaf mode { type string; } anydata d { when '../mode'; must \"../mode != 'z'\"; }",
    );
    valid(&schema, "<mode>x</mode><d/>");
    invalid(&schema, "<d/>", &["WhenViolation /t:d -"]);
    invalid(
        &schema,
        "<mode>z</mode><d/>",
        &["MustViolation /t:d must-violation"],
    );
}
