//! A value of a union is of the member that its text decides, at every entrance, and comes back from every form.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::document::{Encoding, Layout, ParseOptions, PrintOptions};
use banyan_data::form::Form;
use banyan_data::store;
use banyan_yang::schema::Schema;
use proptest::prelude::*;

use crate::fixture::{edited, json_data, schema, to_json, to_xml, try_data};

const MEMBERS: [&str; 15] = [
    "int8;",
    "uint8 { range 1..9; }",
    "int64;",
    "decimal64 { fraction-digits 2; }",
    "string { pattern '[0-9]'; }",
    "string { length 1..3; }",
    "string { pattern '.:.*'; }",
    "boolean;",
    "enumeration { enum '5'; enum true; enum one; }",
    "bits { bit b; bit a; }",
    "empty;",
    "binary;",
    "identityref { base base; }",
    "instance-identifier { require-instance false; }",
    "union { type identityref { base base; } type int16; type string; }",
];

fn model(members: &[usize]) -> Arc<Schema> {
    let members: Vec<&str> = members.iter().map(|index| MEMBERS[*index]).collect();
    let union = format!("type union {{ type {} }}", members.join(" type "));
    schema(&[
        &format!(
            "module t {{ yang-version 1.1; namespace urn:t; prefix t; identity base; identity one {{ base base; }} leaf x {{ type string; }}
               list l {{ key k; leaf k {{ {union} }} leaf v {{ {union} }} }} leaf-list many {{ {union} }} }}"
        ),
        "module u { yang-version 1.1; namespace urn:u; prefix u; import t { prefix t; } identity one { base t:base; } }",
    ])
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "7",
            "07",
            "+8",
            "8",
            "-0",
            "0",
            "9",
            "5",
            "5.0",
            "5.00",
            "1.50",
            "true",
            "false",
            "one",
            "t:one",
            "u:one",
            "z:one",
            "",
            " ",
            "a b",
            "b a",
            "AA==",
            "/t:x",
            "/x",
            "/u:x",
            "99999999999",
            "x'\"y",
            "\u{e9}",
        ])
        .prop_map(str::to_owned),
        "[-+]?[0-9]{1,3}(\\.[0-9]{1,2})?"
    ]
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn comes_back(tree: &Tree) -> Result<(), TestCaseError> {
    let options = ParseOptions::default();
    for encoding in [Encoding::Xml, Encoding::Json] {
        let form = store::Form {
            encoding,
            layout: Layout::Indented(3),
            modules: None,
            links: None,
        };
        let mut file = Vec::new();
        store::print(tree, &form, &mut file).unwrap();
        let again = store::read(tree.schema(), &file, &Default::default(), &options);
        let again = again.map(|stored| stored.tree);
        prop_assert_eq!(
            again.as_ref(),
            Ok(tree),
            "{}",
            String::from_utf8_lossy(&file)
        );
    }
    for form in [Form::Text, Form::Set] {
        let mut file = Vec::new();
        form.print(tree, &PrintOptions::default(), &mut file)
            .unwrap();
        let again = form.parse_data(tree.schema(), &file, &options);
        prop_assert_eq!(
            again.as_ref(),
            Ok(tree),
            "{}",
            String::from_utf8_lossy(&file)
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_union_has_one_rule_in_every_encoding(
        members in prop::collection::vec(0..MEMBERS.len(), 1..5),
        texts in prop::collection::vec(text(), 1..4),
    ) {
        let schema = model(&members);
        for text in &texts {
            let quoted = serde_json::Value::from(text.as_str());
            let xml = escaped(text);
            let from_xml = try_data(&schema, &format!("<l><k>{xml}</k><v>{xml}</v></l><many>{xml}</many>"));
            let json = |scalar: &str| json_data(&schema, &format!("{{\"t:l\":[{{\"k\":{scalar},\"v\":{scalar}}}],\"t:many\":[{scalar}]}}"));
            let from_json = json(&quoted.to_string());
            prop_assert_eq!(from_xml.is_ok(), from_json.is_ok(), "{:?}: {:?} {:?}", text, from_xml, from_json);
            let (Ok(from_xml), Ok(from_json)) = (from_xml, from_json) else { continue };
            // A prefix that nothing declares is no name of a module in XML.
            prop_assert_eq!(&from_xml, &from_json, "{}\n{}", to_xml(&from_xml), to_xml(&from_json));
            comes_back(&from_xml)?;
            // Numbers and booleans in JSON are what their text is.
            if serde_json::from_str::<f64>(text).is_ok() || matches!(text.as_str(), "true" | "false") {
                let bare = json(text);
                // 5.0 is the number 5.
                let canonical = text.parse::<f64>().is_ok_and(|number| number.to_string() == *text);
                if canonical || matches!(text.as_str(), "true" | "false") {
                    prop_assert_eq!(bare.as_ref(), Ok(&from_xml), "{}", to_json(&from_xml));
                }
            }
        }
        // Entries are told apart by what is printed.
        let mut tree = Tree::empty(schema.clone());
        for text in &texts {
            let xml = escaped(text);
            if let Ok(after) = edited(&tree, &format!("<l><k>{xml}</k></l><many>{xml}</many>")) {
                tree = after;
            }
        }
        comes_back(&tree)?;
    }
}

#[test]
fn json_names_no_entry_twice_that_xml_could_not_tell_apart() {
    let schema = model(&[0, 14]);
    let twice = json_data(
        &schema,
        "{\"t:l\":[{\"k\":7},{\"k\":\"7\"}],\"t:many\":[\"+8\",8]}",
    );
    assert_eq!(twice.unwrap_err(), ["Duplicate /t:l -"]);
    let tree = json_data(&schema, "{\"t:many\":[\"+8\",\"09\",\"-0\"]}").unwrap();
    assert_eq!(to_json(&tree), "{\"t:many\":[0,8,9]}");
    // A member that accepts the canonical text stands before the one that the text came to.
    let schema = model(&[4, 0]);
    let seven = json_data(&schema, "{\"t:l\":[{\"k\":\"07\"}]}").unwrap();
    assert_eq!(to_json(&seven), "{\"t:l\":[{\"k\":\"7\"}]}");
    comes_back(&seven).unwrap();
}
