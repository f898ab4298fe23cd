//! Order, identity and keys of entries (RFC 7950 7.7, 7.8).

use crate::fixture::{
    data, edited, json_data, module, schema, schema_of, to_json, to_xml, try_data,
};

fn values(tree: &banyan_data::Tree) -> String {
    let xml = to_xml(tree);
    xml.replace(" xmlns=\"urn:t\"", "")
        .replace("<v>", "")
        .replace("</v>", " ")
        .trim()
        .to_owned()
}

// Rule 52.
#[test]
fn a_user_places_values_first_last_before_and_after() {
    let schema = schema_of("leaf-list v { type uint8; ordered-by user; }");
    let before = data(&schema, "<v>3</v><v>1</v><v>2</v>");
    let placed = |attributes: &str, value: u8| {
        edited(&before, &format!("<v {attributes}>{value}</v>")).map(|tree| values(&tree))
    };
    assert_eq!(placed("", 4).unwrap(), "3 1 2 4");
    assert_eq!(placed("yang:insert='first'", 4).unwrap(), "4 3 1 2");
    assert_eq!(placed("yang:insert='last'", 3).unwrap(), "1 2 3");
    assert_eq!(
        placed("yang:insert='before' yang:value='1'", 4).unwrap(),
        "3 4 1 2"
    );
    assert_eq!(
        placed("yang:insert='after' yang:value='+1'", 3).unwrap(),
        "1 3 2"
    );
    assert_eq!(
        placed("yang:insert='after' yang:value='9'", 3).unwrap_err(),
        ["BadAttribute /t:v[.='3'] missing-instance"]
    );
    assert_eq!(
        placed("yang:insert='before'", 3).unwrap_err(),
        ["MissingAttribute /t:v -"]
    );
    assert_eq!(
        placed("yang:insert='middle'", 3).unwrap_err(),
        ["BadAttribute /t:v -"]
    );
}

// Rule 52.
#[test]
fn a_user_places_entries_beside_others_by_their_keys() {
    let schema = schema_of(
        "list l { key 'a b'; ordered-by user; leaf a { type string; } leaf b { type string; } }",
    );
    let entry = |attributes: &str, a: u32| format!("<l {attributes}><a>{a}</a><b>x</b></l>");
    let before = data(&schema, &(entry("", 2) + &entry("", 1)));
    let order = |xml: &str| {
        edited(&before, xml).map(|tree| {
            let xml = to_xml(&tree);
            let entries = xml.split("<a>").skip(1).map(|rest| rest.chars().next());
            entries.flatten().collect::<String>()
        })
    };
    let at = |place: &str, key: &str| format!("yang:insert='{place}' yang:key=\"{key}\"");
    assert_eq!(
        order(&entry(&at("before", "[t:a='2'][t:b='x']"), 3)).unwrap(),
        "321"
    );
    assert_eq!(
        order(&entry(&at("after", "[t:a='2'][t:b='x']"), 3)).unwrap(),
        "231"
    );
    assert_eq!(
        order(&entry(&at("before", "[t:a='2'][t:b='x']"), 1)).unwrap(),
        "12"
    );
    assert_eq!(
        order(&entry(&at("before", "[t:a='7'][t:b='x']"), 3)).unwrap_err(),
        ["BadAttribute /t:l[a='3'][b='x'] missing-instance"]
    );
    assert_eq!(
        order(&entry(&at("before", "[t:a='2']"), 3)).unwrap_err(),
        ["BadAttribute /t:l -"]
    );
}

// Rule 52.
#[test]
fn what_the_system_orders_cannot_be_placed() {
    let schema = schema_of(
        "leaf-list v { type uint8; } container s { config false; leaf-list w { type uint8; ordered-by user; } }",
    );
    let before = data(&schema, "<v>2</v><v>1</v>");
    assert_eq!(values(&before), "1 2");
    assert_eq!(
        edited(&before, "<v yang:insert='first'>3</v>").unwrap_err(),
        ["BadAttribute /t:v -"]
    );
}

// Rule 52.
#[test]
fn a_configuration_leaf_list_has_each_value_once_in_whatever_form_it_comes() {
    let schema = schema_of("leaf-list v { type uint8; }");
    assert!(try_data(&schema, "<v>1</v><v>2</v>").is_ok());
    assert_eq!(
        try_data(&schema, "<v>1</v><v>+1</v>").unwrap_err(),
        ["Duplicate /t:v -"]
    );
    assert!(json_data(&schema, "{\"t:v\":[1,1]}").is_err());
}

// Rule 52.
#[test]
fn a_state_leaf_list_may_repeat_values_in_version_1_1_only() {
    let body = "container s { config false; leaf-list v { type uint8; } }";
    let xml = "<s><v>2</v><v>1</v><v>2</v></s>";
    let state = data(&schema_of(body), xml);
    assert_eq!(to_json(&state), "{\"t:s\":{\"v\":[2,1,2]}}");
    let old = module(body).replace("yang-version 1.1;", "");
    let old = schema(&[&old]);
    assert_eq!(try_data(&old, xml).unwrap_err(), ["Duplicate /t:s/v -"]);
    assert!(try_data(&old, "<s><v>2</v><v>1</v></s>").is_ok());
}

// Rule 53.
#[test]
fn entries_without_keys_are_told_apart_by_their_place() {
    let schema = schema_of(
        "container s { config false; list l { leaf a { type uint8; must '. > 0'; } leaf b { type string; mandatory true; } } }",
    );
    let state = data(
        &schema,
        "<s><l><a>2</a><b>x</b></l><l><a>1</a><b>x</b></l><l><a>2</a><b>x</b></l></s>",
    );
    assert_eq!(
        to_json(&state),
        "{\"t:s\":{\"l\":[{\"a\":2,\"b\":\"x\"},{\"a\":1,\"b\":\"x\"},{\"a\":2,\"b\":\"x\"}]}}"
    );
    assert_eq!(
        crate::fixture::errors_with_state(&schema, "<s><l><a>1</a><b>x</b></l><l><a>0</a></l></s>"),
        [
            "MustViolation /t:s/l[2]/a must-violation",
            "MissingElement /t:s/l[2]/b -"
        ]
    );
}

// Rule 54.
#[test]
fn keys_are_read_anywhere_and_printed_first() {
    let schema = schema_of(
        "list l { key 'b a'; leaf x { type string; } leaf a { type string; } leaf b { type string; } }",
    );
    let tree = data(&schema, "<l><x>1</x><a>2</a><b>3</b></l>");
    assert_eq!(
        to_xml(&tree),
        "<l xmlns=\"urn:t\"><b>3</b><a>2</a><x>1</x></l>"
    );
    let json = json_data(&schema, "{\"t:l\":[{\"x\":\"1\",\"a\":\"2\",\"b\":\"3\"}]}");
    assert_eq!(json, Ok(tree));
}

// Rule 54.
#[test]
fn an_entry_without_one_of_its_keys_is_refused() {
    let schema = schema_of(
        "list l { key 'a b'; leaf a { type string; } leaf b { type string; default 1; } }",
    );
    assert_eq!(
        try_data(&schema, "<l><a>1</a></l>").unwrap_err(),
        ["MissingElement /t:l[a='1'] -"]
    );
    assert_eq!(
        json_data(&schema, "{\"t:l\":[{\"b\":\"1\"}]}").unwrap_err(),
        ["MissingElement /t:l -"]
    );
    let empty = data(&schema, "");
    assert_eq!(
        edited(&empty, "<l><a>1</a></l>").unwrap_err(),
        ["MissingElement /t:l[a='1'] -"]
    );
}
