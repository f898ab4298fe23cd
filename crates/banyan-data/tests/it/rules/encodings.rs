//! XML and JSON of data (RFC 7950, RFC 7951).

use crate::fixture::{data, json_data, module, schema, schema_of, to_json, try_data};

fn two_modules() -> std::sync::Arc<banyan_yang::schema::Schema> {
    schema(&[
        &module("container c { leaf a { type string; } container d { leaf b { type string; } } }"),
        "module u { namespace urn:u; prefix u; import t { prefix t; } augment /t:c/t:d { leaf x { type string; } container y { leaf z { type string; } } } }",
    ])
}

// Rule 65.
#[test]
fn json_names_the_module_at_the_top_and_where_it_changes_and_accepts_it_everywhere() {
    let schema = two_modules();
    let tree = data(
        &schema,
        "<c><a>1</a><d><b>2</b><u:x>3</u:x><u:y><u:z>4</u:z></u:y></d></c>",
    );
    let json = "{\"t:c\":{\"a\":\"1\",\"d\":{\"b\":\"2\",\"u:x\":\"3\",\"u:y\":{\"z\":\"4\"}}}}";
    assert_eq!(to_json(&tree), json);
    let redundant =
        "{\"t:c\":{\"t:a\":\"1\",\"t:d\":{\"t:b\":\"2\",\"u:x\":\"3\",\"u:y\":{\"u:z\":\"4\"}}}}";
    assert_eq!(json_data(&schema, redundant), Ok(tree));
    for wrong in [
        "{\"c\":{\"a\":\"1\"}}",
        "{\"t:c\":{\"d\":{\"x\":\"3\"}}}",
        "{\"t:c\":{\"d\":{\"t:x\":\"3\"}}}",
        "{\"u:c\":{}}",
    ] {
        assert!(json_data(&schema, wrong).is_err(), "{wrong}");
    }
}

// Rule 65.
#[test]
fn json_has_64_bits_and_decimals_as_strings_and_other_numbers_as_numbers() {
    let schema = schema_of(
        "leaf a { type int64; } leaf b { type uint64; } leaf c { type decimal64 { fraction-digits 2; } }
         leaf d { type uint32; } leaf e { type boolean; } leaf f { type empty; } leaf g { type string; }",
    );
    let tree = data(
        &schema,
        "<a>-1</a><b>1</b><c>1.50</c><d>1</d><e>true</e><f/><g>1</g>",
    );
    let json = "{\"t:a\":\"-1\",\"t:b\":\"1\",\"t:c\":\"1.5\",\"t:d\":1,\"t:e\":true,\"t:f\":[null],\"t:g\":\"1\"}";
    assert_eq!(to_json(&tree), json);
    assert_eq!(json_data(&schema, json), Ok(tree));
    for wrong in [
        "\"t:a\":-1",
        "\"t:b\":1",
        "\"t:c\":1.5",
        "\"t:d\":\"1\"",
        "\"t:e\":\"true\"",
        "\"t:f\":null",
        "\"t:g\":1",
        "\"t:d\":1.0",
    ] {
        assert!(
            json_data(&schema, &format!("{{{wrong}}}")).is_err(),
            "{wrong}"
        );
    }
}

// Rule 65.
#[test]
fn json_has_no_member_twice_whichever_way_it_is_named() {
    let schema = two_modules();
    assert!(json_data(&schema, "{\"t:c\":{\"a\":\"1\"}}").is_ok());
    assert_eq!(
        json_data(&schema, "{\"t:c\":{\"a\":\"1\",\"t:a\":\"2\"}}").unwrap_err(),
        ["Duplicate /t:c/a -"]
    );
    assert_eq!(
        json_data(&schema, "{\"t:c\":{},\"t:c\":{}}").unwrap_err(),
        ["Duplicate /t:c -"]
    );
    assert_eq!(
        try_data(&schema, "<c/><c><a>1</a></c>").unwrap_err(),
        ["Duplicate /t:c -"]
    );
    let list = schema_of("list l { key k; leaf k { type string; } }");
    assert!(json_data(&list, "{\"t:l\":[]}").is_ok());
    assert_eq!(
        json_data(&list, "{\"t:l\":[],\"t:l\":[{\"k\":\"1\"}]}").unwrap_err(),
        ["Duplicate /t:l -"]
    );
}

// Rule 65.
#[test]
fn xml_accepts_cdata_and_comments_and_refuses_mixed_content_and_unknown_attributes() {
    let schema = two_modules();
    let plain = data(&schema, "<c><a>1 &lt; 2</a></c>");
    assert_eq!(
        try_data(&schema, "<c> <!-- x --> <a>1<![CDATA[ < ]]>2</a>\n</c>"),
        Ok(plain)
    );
    assert_eq!(
        try_data(&schema, "<c>text<a>1</a></c>").unwrap_err(),
        ["Malformed /t:c -"]
    );
    assert_eq!(
        try_data(&schema, "<c><a><b/></a></c>").unwrap_err(),
        ["UnknownElement /t:c/a -"]
    );
    assert_eq!(
        try_data(&schema, "<c><a lang='en'>1</a></c>").unwrap_err(),
        ["UnknownAttribute /t:c/a -"]
    );
    assert_eq!(
        try_data(&schema, "<c><u:a>1</u:a></c>").unwrap_err(),
        ["UnknownElement /t:c -"]
    );
}
