//! How many entries there are, and what differs between them (RFC 7950 7.7.5, 7.7.6, 7.8.3).

use crate::fixture::{data, errors_with_state, invalid, schema_of, valid};

// Rule 45.
#[test]
fn entries_are_counted_for_each_parent_and_the_error_names_the_list() {
    let schema = schema_of(
        "list outer { key k; leaf k { type string; }
           list inner { key k; min-elements 1; max-elements 2; leaf k { type string; } }
           leaf-list v { type string; max-elements 1; } }",
    );
    let inner = |keys: &str| {
        keys.chars()
            .map(|key| format!("<inner><k>{key}</k></inner>"))
            .collect::<String>()
    };
    let outer = |key: u32, inside: &str| format!("<outer><k>{key}</k>{inside}</outer>");
    valid(&schema, "");
    valid(&schema, &(outer(1, &inner("ab")) + &outer(2, &inner("a"))));
    invalid(
        &schema,
        &(outer(1, &inner("abc")) + &outer(2, "") + &outer(3, &(inner("a") + "<v>1</v><v>2</v>"))),
        &[
            "TooManyElements /t:outer[k='1']/inner too-many-elements",
            "TooFewElements /t:outer[k='2']/inner too-few-elements",
            "TooManyElements /t:outer[k='3']/v too-many-elements",
        ],
    );
}

// Rule 45.
#[test]
fn min_elements_wait_for_the_when_and_the_presence_above() {
    let schema = schema_of(
        "leaf mode { type string; }
         container w { when \"../mode = 'x'\"; list l { key k; min-elements 1; leaf k { type string; } } }
         container p { presence 'it matters'; leaf-list v { type string; min-elements 1; } }
         leaf-list u { when \"../mode = 'y'\"; type string; min-elements 2; }",
    );
    valid(&schema, "");
    invalid(
        &schema,
        "<mode>x</mode><p/>",
        &[
            "TooFewElements /t:w/l too-few-elements",
            "TooFewElements /t:p/v too-few-elements",
        ],
    );
    invalid(
        &schema,
        "<mode>y</mode><u>1</u>",
        &["TooFewElements /t:u too-few-elements"],
    );
    valid(
        &schema,
        "<mode>x</mode><w><l><k>1</k></l></w><p><v>1</v></p>",
    );
}

// Rule 45.
#[test]
fn min_elements_in_a_case_wait_for_the_case() {
    let schema = schema_of(
        "choice ch { case a { leaf-list v { type string; min-elements 2; } leaf w { type string; } } leaf b { type string; } }",
    );
    valid(&schema, "");
    valid(&schema, "<b>1</b>");
    invalid(
        &schema,
        "<w>1</w>",
        &["TooFewElements /t:v too-few-elements"],
    );
    invalid(
        &schema,
        "<v>1</v>",
        &["TooFewElements /t:v too-few-elements"],
    );
    valid(&schema, "<v>1</v><v>2</v>");
}

// Rule 46.
#[test]
fn a_unique_tuple_counts_defaults_and_leaves_out_entries_that_lack_a_leaf() {
    let schema = schema_of(
        "list l { key k; unique 'ip c/port'; leaf k { type string; } leaf ip { type string; }
           container c { leaf port { type uint16; default 80; } } }",
    );
    let entry = |key: u32, rest: &str| format!("<l><k>{key}</k>{rest}</l>");
    let ip = "<ip>a</ip>";
    valid(
        &schema,
        &(entry(1, ip) + &entry(2, "<ip>a</ip><c><port>81</port></c>")),
    );
    valid(&schema, &(entry(1, "") + &entry(2, "")));
    invalid(
        &schema,
        &(entry(1, ip) + &entry(2, "<ip>a</ip><c><port>80</port></c>")),
        &["NotUnique /t:l[k='2'] data-not-unique"],
    );
}

// Rule 46.
#[test]
fn a_unique_reaches_through_choices_and_a_default_counts_only_where_it_is_in_use() {
    let schema = schema_of(
        "list l { key k; unique 'ch/a/x'; unique 'c/ch/d/y'; leaf k { type string; }
           choice ch { default a; case a { leaf x { type string; default 1; } } leaf b { type string; } }
           container c { choice ch { case d { leaf y { type string; } } leaf e { type string; } } } }",
    );
    let entry = |key: u32, rest: &str| format!("<l><k>{key}</k>{rest}</l>");
    invalid(
        &schema,
        &(entry(1, "") + &entry(2, "")),
        &["NotUnique /t:l[k='2'] data-not-unique"],
    );
    valid(&schema, &(entry(1, "") + &entry(2, "<b>1</b>")));
    valid(&schema, &(entry(1, "<x>2</x>") + &entry(2, "")));
    invalid(
        &schema,
        &(entry(1, "<x>2</x><c><y>1</y></c>") + &entry(2, "<b>1</b><c><y>1</y></c>")),
        &["NotUnique /t:l[k='2'] data-not-unique"],
    );
}

// Rule 46.
#[test]
fn a_unique_over_state_is_checked_with_the_state() {
    let schema = schema_of(
        "list l { key k; unique 's/x s/y'; leaf k { type string; }
           container s { config false; leaf x { type string; } leaf y { type string; } } }",
    );
    let entry = |key: u32, y: u32| format!("<l><k>{key}</k><s><x>1</x><y>{y}</y></s></l>");
    let none: [&str; 0] = [];
    assert_eq!(
        errors_with_state(&schema, &(entry(1, 1) + &entry(2, 2))),
        none
    );
    assert_eq!(
        errors_with_state(&schema, &(entry(1, 1) + &entry(2, 1))),
        ["NotUnique /t:l[k='2'] data-not-unique"]
    );
    assert!(data(&schema, &entry(1, 1)).root().slots().len() == 1);
}
