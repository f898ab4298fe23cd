//! anydata, anyxml and mounted data without a schema come back from files and records as they came.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::change::diff;
use banyan_data::document::{Encoding, Layout, ParseOptions, Strictness};
use banyan_data::node::Content;
use banyan_data::patch::{from_yang_patch, to_yang_patch};
use banyan_data::store::{self, Form};
use banyan_data::xml::parse_data;
use banyan_data::{json, xml};
use banyan_yang::schema::Schema;
use proptest::prelude::*;

use super::mounts::{Device, outer};
use crate::fixture::{data, json_data, schema_of, to_json, to_xml, try_data};

fn stored(tree: &Tree, encoding: Encoding, layout: Layout) -> Vec<u8> {
    let form = Form {
        encoding,
        layout,
        modules: None,
        links: None,
    };
    let mut out = Vec::new();
    store::print(tree, &form, &mut out).unwrap();
    out
}

fn read_again(schema: &Arc<Schema>, file: &[u8], options: &ParseOptions<'_>) -> Tree {
    let read = store::read(schema, file, &BTreeMap::new(), options);
    read.unwrap_or_else(|errors| panic!("{errors:?}\n{}", String::from_utf8_lossy(file)))
        .tree
}

/// Through both forms of files, and a record of its creation.
fn comes_back(tree: &Tree) -> Result<(), TestCaseError> {
    for encoding in [Encoding::Xml, Encoding::Json] {
        for layout in [Layout::Compact, Layout::Indented(3)] {
            let file = stored(tree, encoding, layout);
            let again = read_again(tree.schema(), &file, &ParseOptions::default());
            prop_assert_eq!(&again, tree, "{}", String::from_utf8_lossy(&file));
            prop_assert_eq!(stored(&again, encoding, layout), file);
        }
    }
    let empty = Tree::empty(tree.schema().clone());
    let record = to_yang_patch(&diff(&empty, tree), "1", Layout::Compact).unwrap();
    let edit = from_yang_patch(tree.schema(), &record, &empty);
    let edit = edit.map_err(|error| TestCaseError::fail(format!("{error}\n{record}")))?;
    prop_assert_eq!(&edit.apply(&empty).unwrap(), tree, "{}", record);
    Ok(())
}

// Rule 55.
#[test]
fn content_of_the_other_encoding_is_an_annotation_in_files_and_records() {
    let schema = schema_of("container c { anydata d; anyxml x; leaf l { type string; } }");
    let tree = data(
        &schema,
        "<c><d><foo xmlns='urn:q' n='1'><z/><a>&amp;</a></foo></d><x>mixed <b>t</b></x></c>",
    );
    let file = String::from_utf8(stored(&tree, Encoding::Json, Layout::Compact)).unwrap();
    assert_eq!(
        file,
        "{\"config\":{\"t:c\":{\"d\":{},\"@d\":{\"banyan:xml\":\"<foo xmlns='urn:q' n='1'><z/><a>&amp;</a></foo>\"},\
         \"x\":{},\"@x\":{\"banyan:xml\":\"mixed <b xmlns=\\\"urn:t\\\">t</b>\"}}}}"
    );
    comes_back(&tree).unwrap();
    // A reply has no annotation.
    assert!(!to_json(&tree).contains("banyan"), "{}", to_json(&tree));
    let tree = json_data(
        &schema,
        "{\"t:c\":{\"d\":{\"t:b\":1,\"a\":[{\"x\":\"<\\n\"}]},\"x\":[1,[2]]}}",
    )
    .unwrap();
    let file = String::from_utf8(stored(&tree, Encoding::Xml, Layout::Compact)).unwrap();
    assert_eq!(
        file,
        "<config><c xmlns=\"urn:t\"><d xmlns:banyan-any=\"urn:banyan:system\" \
         banyan-any:json=\"{&quot;t:b&quot;:1,&quot;a&quot;:[{&quot;x&quot;:&quot;&lt;\\n&quot;}]}\"/>\
         <x xmlns:banyan-any=\"urn:banyan:system\" banyan-any:json=\"[1,[2]]\"/></c></config>"
    );
    comes_back(&tree).unwrap();
    assert!(!to_xml(&tree).contains("banyan"), "{}", to_xml(&tree));
}

// Rule 55.
#[test]
fn content_beside_the_annotation_is_refused() {
    let schema = schema_of("container c { anydata d; }");
    for text in [
        "{\"t:c\":{\"d\":{\"a\":1},\"@d\":{\"banyan:xml\":\"<b/>\"}}}",
        "{\"t:c\":{\"@d\":{\"banyan:xml\":\"<b/>\"},\"d\":{\"a\":1}}}",
    ] {
        assert_eq!(
            json_data(&schema, text).unwrap_err(),
            ["Duplicate /t:c/d -"]
        );
    }
    let text = "<c><d xmlns:b='urn:banyan:system' b:json='{}'><x/></d></c>";
    assert_eq!(try_data(&schema, text).unwrap_err(), ["Duplicate /t:c/d -"]);
    for (text, kind) in [
        (
            "{\"t:c\":{\"d\":{},\"@d\":{\"banyan:xml\":\"<b>\"}}}",
            "Malformed",
        ),
        (
            "{\"t:c\":{\"@d\":{\"banyan:xml\":\"<b/>\"}}}",
            "UnknownAttribute",
        ),
    ] {
        assert_eq!(
            json_data(&schema, text).unwrap_err(),
            [format!("{kind} /t:c/d -")]
        );
    }
    let text = "<c><d xmlns:b='urn:banyan:system' b:json='{'/></c>";
    assert_eq!(try_data(&schema, text).unwrap_err(), ["Malformed /t:c/d -"]);
}

// RFC 7951 5.5, RFC 7493 2.3.
#[test]
fn anydata_in_json_have_names_of_yang_and_texts_that_xml_can_hold() {
    let schema = schema_of("anydata d; anyxml x;");
    let refusal = |text: &str| {
        let errors = json::parse_data(&schema, text.as_bytes(), &ParseOptions::default());
        let error = errors.unwrap_err().remove(0);
        assert!(error.position.is_some(), "{error}");
        error.to_string()
    };
    assert!(
        refusal("{\"t:d\":{\"t:a\":{\"a b\":1}}}")
            .starts_with("/t:d: the member \"a b\" at t:a is no name of YANG data"),
    );
    assert!(refusal("{\"t:d\":{\"<x>\":2}}").contains("no name of YANG data"));
    assert!(refusal("{\"t:d\":[1]}").contains("holds an object"));
    assert!(refusal("{\"t:d\":{\"a\":1,\"a\":2}}").contains("given twice"));
    assert!(refusal("{\"t:x\":{\"a b\":1,\"a b\":2}}").contains("given twice"));
    for name in ["d", "x"] {
        let text = format!("{{\"t:{name}\":{{\"a\":[\"b\\u0007\"]}}}}");
        assert!(refusal(&text).contains("U+0007"), "{}", refusal(&text));
    }
    for any in ["{\"a b\":1}", "null", "[1,[2,{}]]", "\"x\"", "1e3", "true"] {
        let tree = json_data(&schema, &format!("{{\"t:x\":{any}}}")).unwrap();
        comes_back(&tree).unwrap();
    }
    let tree = json_data(&schema, "{\"t:x\":{\"a b\":\"<\"}}").unwrap();
    assert_eq!(to_xml(&tree), "<x xmlns=\"urn:t\">{\"a b\":\"&lt;\"}</x>");
    let lenient = ParseOptions {
        strictness: Strictness::Lenient,
        ..ParseOptions::default()
    };
    let text = "{\"t:d\":{\"a b\":1}}";
    assert!(json::parse_data(&schema, text.as_bytes(), &lenient).is_ok());
}

// Rule 63.
#[test]
fn mounted_data_keep_their_modules_and_order_until_their_schema_is_known() {
    let outer = outer();
    let inner = schema_of("container c { leaf m { type string; } leaf k { type string; } }");
    let mounts = Device(inner);
    let bound = ParseOptions {
        mounts: Some(&mounts),
        ..ParseOptions::default()
    };
    let xml = "<data xmlns='urn:t'><device><name>d</name><config>\
               <c xmlns='urn:t'><k>1</k><m>2</m></c></config></device></data>";
    let unbound = ParseOptions::default();
    let came = parse_data(&outer, xml.as_bytes(), &unbound).unwrap();
    let known = parse_data(&outer, xml.as_bytes(), &bound).unwrap();
    comes_back(&came).unwrap();
    for encoding in [Encoding::Xml, Encoding::Json] {
        let file = stored(&came, encoding, Layout::Indented(3));
        assert_eq!(read_again(&outer, &file, &bound), known);
    }
    let came = json::parse_data(
        &outer,
        b"{\"t:device\":[{\"name\":\"d\",\"config\":{\"dev:sys\":{\"host\":\"h\",\"a\":1}}}]}",
        &unbound,
    )
    .unwrap();
    comes_back(&came).unwrap();
    // A module that nobody knows has its name for a namespace.
    assert!(
        to_xml(&came).contains("<sys xmlns=\"dev\"><host>h</host><a>1</a></sys>"),
        "{}",
        to_xml(&came)
    );
    // What no longer fits says where it is mounted.
    let file = stored(&came, Encoding::Xml, Layout::Compact);
    let errors = store::read(&outer, &file, &BTreeMap::new(), &bound).unwrap_err();
    assert_eq!(&*errors[0].path.0, "/t:device[name='d']/config");
    assert!(errors[0].position.is_some());
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,3}",
        "[ \\n\\t\\r]{1,2}",
        "[<>&\"'\\\\{}:]{1,3}",
        Just("\u{1F333}\u{85}".to_owned()),
        Just("p:q".to_owned())
    ]
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\r', "&#13;")
}

/// The inside of an element; namespaces, prefixes, attributes, comments, CDATA and mixed content.
fn any_xml() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        text().prop_map(|text| escaped(&text)),
        Just("<!-- note -->".to_owned()),
        Just("<![CDATA[<raw>&]]>".to_owned()),
        Just("<e/>".to_owned())
    ];
    let element = |(name, attribute, inside): (usize, String, Vec<String>)| {
        let (start, end) = [
            ("a", "a"),
            ("b xmlns=\"urn:q\"", "b"),
            ("p:c xmlns:p=\"urn:p\"", "p:c"),
            ("d xmlns=\"\"", "d"),
            ("e xmlns=\"urn:t\" xmlns:p=\"urn:other\"", "e"),
        ][name];
        let attribute = escaped(&attribute).replace(['\n', '\t'], " ");
        format!("<{start} at=\"{attribute}\">{}</{end}>", inside.concat())
    };
    let tree = leaf.prop_recursive(3, 12, 4, move |inner| {
        (0..5usize, text(), prop::collection::vec(inner, 0..4)).prop_map(element)
    });
    prop::collection::vec(tree, 0..4).prop_map(|pieces| pieces.concat())
}

/// A JSON value; an object whose names are YANG's if it is to be anydata.
fn any_json(names: bool) -> impl Strategy<Value = String> {
    let quoted = |text: String| serde_json::Value::from(text).to_string();
    let leaf = prop_oneof![
        text().prop_map(quoted),
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("-1.50e+2".to_owned()),
        Just("123456789012345678901234567890".to_owned())
    ];
    let name = move || match names {
        true => prop_oneof!["[a-c]", "t:[a-c]", "other:[a-c]", "@[a-c]"].boxed(),
        false => text().boxed(),
    };
    let object = move |inner: BoxedStrategy<String>| {
        prop::collection::vec((name(), inner), 0..4).prop_map(move |members| {
            let mut seen = std::collections::HashSet::new();
            let members = members
                .into_iter()
                .filter(|(name, _)| seen.insert(name.clone()));
            let members: Vec<String> = members
                .map(|(name, value)| format!("{}: {value}", quoted(name)))
                .collect();
            format!("{{{}}}", members.join(",\n "))
        })
    };
    let tree = leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            object(inner.boxed())
        ]
    });
    match names {
        true => object(tree.boxed()).boxed(),
        false => tree.boxed(),
    }
}

proptest! {
    #[test]
    fn random_content_comes_back_as_it_came(
        d in prop_oneof![any_xml().prop_map(Err), any_json(true).prop_map(Ok)],
        x in prop_oneof![any_xml().prop_map(Err), any_json(false).prop_map(Ok)],
    ) {
        let schema = schema_of("container c { anydata d; anyxml x; }");
        let mut tree = Tree::empty(schema.clone());
        for (name, content) in [("d", d), ("x", x)] {
            let one = match content {
                Ok(json) => json_data(&schema, &format!("{{\"t:c\":{{\"{name}\":{json}}}}}")),
                Err(xml) => {
                    let text = format!("<t:c xmlns:t='urn:t'><t:{name}>{xml}</t:{name}></t:c>");
                    let read = xml::parse_data(&schema, text.as_bytes(), &ParseOptions::default());
                    read.map_err(|errors| vec![format!("{errors:?}")])
                }
            };
            let one = one.map_err(|errors| TestCaseError::fail(format!("{errors:?}")))?;
            let Some(Content::Container(c)) = one.root().slots().first().map(|slot| &slot.content) else {
                return Err(TestCaseError::fail("no container"));
            };
            let before = tree.root().slots().first().map(|slot| slot.content.clone());
            let mut slots = match before {
                Some(Content::Container(c)) => c.slots().to_vec(),
                _ => Vec::new(),
            };
            slots.extend(c.slots().iter().cloned());
            let c = c.with_slots(slots);
            let slot = banyan_data::node::Slot { id: c.id(), content: Content::Container(c) };
            tree = Tree::new(schema.clone(), tree.root().with_slots(vec![slot]));
        }
        comes_back(&tree)?;
        // Replies are documents of their encodings.
        let reply = to_xml(&tree);
        prop_assert!(xml::parse_data(&schema, reply.as_bytes(), &ParseOptions::default()).is_ok(), "{}", reply);
        let reply = to_json(&tree);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&reply).is_ok(), "{}", reply);
    }
}
