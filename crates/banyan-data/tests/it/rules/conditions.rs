//! `when` and `must` (RFC 7950 7.5.3, 7.21.5, 8.2, 8.3).

use banyan_data::validate::{Options, full, settle_all};

use crate::fixture::{
    committed, data, errors_with_state, invalid, module, schema, schema_of, to_xml, valid,
};

// Rule 47.
#[test]
fn the_context_of_a_when_is_the_node_itself_even_while_it_is_absent() {
    let schema = schema_of(
        "leaf mode { type string; }
         leaf m { when \"../mode = 'x'\"; type string; mandatory true; }
         container c { when \"../mode = 'x'\"; leaf d { type string; mandatory true; } }
         list l { key k; leaf k { type string; } leaf v { when \"../k = 'a'\"; type string; } }",
    );
    valid(&schema, "");
    invalid(
        &schema,
        "<mode>x</mode>",
        &["MissingElement /t:m -", "MissingElement /t:c/d -"],
    );
    invalid(
        &schema,
        "<l><k>a</k><v>1</v></l><l><k>b</k><v>1</v></l>",
        &["WhenViolation /t:l[k='b']/v -"],
    );
}

// Rule 47.
#[test]
fn the_context_of_a_when_on_choice_and_case_is_the_closest_data_node_above() {
    let schema = schema_of(
        "container c { leaf mode { type string; }
           choice ch { when \"mode\"; 
             case a { when \"mode = 'a'\"; leaf x { type string; } choice in { when \"mode != 'z'\"; leaf w { type string; } } }
             leaf y { type string; } } }",
    );
    valid(&schema, "<c><mode>a</mode><x>1</x><w>1</w></c>");
    valid(&schema, "<c><mode>b</mode><y>1</y></c>");
    invalid(&schema, "<c><y>1</y></c>", &["WhenViolation /t:c/y -"]);
    invalid(
        &schema,
        "<c><mode>b</mode><x>1</x></c>",
        &["WhenViolation /t:c/x -"],
    );
}

// Rule 47.
#[test]
fn whens_of_augment_uses_and_node_must_all_hold_each_in_its_context() {
    let other = "module u { yang-version 1.1; namespace urn:u; prefix u; import t { prefix t; }
        grouping g { leaf a { when \"../t:three\"; type string; } }
        augment /t:c { when \"t:one\"; uses g { when \"t:two\"; } } }";
    let schema = schema(&[
        &module(
            "container c { leaf one { type empty; } leaf two { type empty; } leaf three { type empty; } }",
        ),
        other,
    ]);
    valid(&schema, "<c><one/><two/><three/><u:a>1</u:a></c>");
    for lacking in ["<one/><two/>", "<one/><three/>", "<two/><three/>"] {
        invalid(
            &schema,
            &format!("<c>{lacking}<u:a>1</u:a></c>"),
            &["WhenViolation /t:c/u:a -"],
        );
    }
}

// Rule 47.
#[test]
fn an_augment_of_a_choice_has_the_data_node_above_for_its_when() {
    let other = "module u { yang-version 1.1; namespace urn:u; prefix u; import t { prefix t; }
        augment /t:c/t:ch { when \"t:mode = 'u'\"; case more { leaf a { type string; } } leaf b { type string; } } }";
    let schema = schema(&[
        &module("container c { leaf mode { type string; } choice ch { leaf x { type string; } } }"),
        other,
    ]);
    valid(&schema, "<c><mode>u</mode><u:a>1</u:a></c>");
    invalid(
        &schema,
        "<c><mode>t</mode><u:b>1</u:b></c>",
        &["WhenViolation /t:c/u:b -"],
    );
}

// Rule 47.
#[test]
fn a_when_sees_the_default_of_its_own_node() {
    // RFC 7950 7.21.5: the node stands in its place while the condition is evaluated.
    let schema = schema_of(
        "leaf mode { type string; } leaf d { when \"../mode = 'x'\"; type string; default 1; }
         leaf reader { type string; must \"../d = 1\"; }",
    );
    valid(&schema, "<mode>x</mode><reader>1</reader>");
    invalid(
        &schema,
        "<reader>1</reader>",
        &["MustViolation /t:reader must-violation"],
    );
}

// Rule 47.
#[test]
fn a_when_that_becomes_false_deletes_its_data_with_the_commit() {
    let schema = schema_of(
        "leaf mode { type string; } leaf a { when \"../mode = 'x'\"; type string; }
         container c { when \"../a\"; leaf b { type string; } }
         leaf d { when \"not(../c/b)\"; type string; }",
    );
    let before = data(&schema, "<mode>x</mode><a>1</a><c><b>1</b></c>");
    let after = committed(&before, "<mode>y</mode>").unwrap();
    assert_eq!(to_xml(&after), "<mode xmlns=\"urn:t\">y</mode>");
    // What stays true stays.
    let after = committed(&before, "<d nc:operation='remove'/>").unwrap();
    assert_eq!(after, before);
}

// Rule 47.
#[test]
fn data_whose_when_is_false_are_told_from_those_that_were_there() {
    let schema =
        schema_of("leaf mode { type string; } leaf a { when \"../mode = 'x'\"; type string; }");
    let created = data(&schema, "<mode>y</mode><a>1</a>");
    let (_, removed) = settle_all(&created, 1000);
    assert_eq!(removed.len(), 1, "whoever asked for it can be told");
    let report = full(&created, &Options::default());
    assert_eq!(report.errors[0].path.to_string(), "/t:a");
    assert!(
        report.errors[0].message.contains("when"),
        "{}",
        report.errors[0]
    );
}

// Rule 48.
#[test]
fn a_must_is_evaluated_on_defaults_in_use_and_on_each_entry() {
    let schema = schema_of(
        "leaf a { type uint8; default 5; must '. > ../low'; } leaf low { type uint8; default 1; }
         list l { key k; must 'v'; leaf k { type string; } leaf v { type string; } }
         leaf-list m { type uint8; default 1; default 9; must '. > /low'; }",
    );
    invalid(&schema, "", &["MustViolation /t:m[.='1'] must-violation"]);
    invalid(
        &schema,
        "<low>7</low><l><k>1</k></l><l><k>2</k><v>1</v></l><m>8</m>",
        &[
            "MustViolation /t:a must-violation",
            "MustViolation /t:l[k='1'] must-violation",
        ],
    );
    valid(&schema, "<m>2</m>");
}

// Rule 48.
#[test]
fn a_must_on_state_does_not_matter_to_configuration() {
    let schema = schema_of(
        "container c { config false; must 'a'; leaf a { type uint8; default 3; must '. > 5'; } }",
    );
    valid(&schema, "");
    assert_eq!(
        errors_with_state(&schema, "<c><a>1</a></c>"),
        ["MustViolation /t:c/a must-violation"]
    );
    let none: [&str; 0] = [];
    assert_eq!(errors_with_state(&schema, "<c><a>6</a></c>"), none);
}

// Rule 48.
#[test]
fn errors_have_the_app_tags_of_the_standard_unless_the_model_has_its_own() {
    let schema = schema_of(
        "container p { presence 'it matters';
           leaf own { type string; must 'false()' { error-app-tag mine; error-message 'say this'; } }
           leaf must { type string; must 'false()'; }
           leaf ref { type leafref { path '../target'; } } leaf target { type string; }
           list l { key k; unique v; max-elements 2; leaf k { type string; } leaf v { type string; } }
           leaf-list few { type string; min-elements 1; }
           choice ch { mandatory true; leaf x { type string; } } }",
    );
    let entry = |key: u32| format!("<l><k>{key}</k><v>1</v></l>");
    let xml = format!(
        "<p><own>1</own><must>1</must><ref>1</ref>{}{}{}</p>",
        entry(1),
        entry(2),
        entry(3)
    );
    invalid(
        &schema,
        &xml,
        &[
            "MissingChoice /t:p missing-choice",
            "MustViolation /t:p/own mine",
            "MustViolation /t:p/must must-violation",
            "InstanceRequired /t:p/ref instance-required",
            "TooManyElements /t:p/l too-many-elements",
            "NotUnique /t:p/l[k='2'] data-not-unique",
            "NotUnique /t:p/l[k='3'] data-not-unique",
            "TooFewElements /t:p/few too-few-elements",
        ],
    );
    let report = full(&data(&schema, &xml), &Options::default());
    assert_eq!(report.errors[1].message, "say this");
    valid(
        &schema,
        &format!(
            "<p><ref>1</ref><target>1</target>{}<few>1</few><x>1</x></p>",
            entry(1)
        ),
    );
}
