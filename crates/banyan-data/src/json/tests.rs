use proptest::prelude::*;

use super::*;
use crate::document::{Layout, Mounts, PrintOptions, Strictness, WithDefaults};
use crate::error::ErrorKind;
use crate::node::Content;
use crate::path::{InstancePath, Select};
use crate::sample::{XML, schema};
use crate::testmodel::{self, Random, Recursive, annotated, random_tree};
use crate::xml;

const JSON: &str = r#"{
  "net:host": "a<b",
  "net:net": {
    "link": [
      {
        "name": "eth0",
        "mtu": 1500,
        "kind": "ext:ethernet",
        "tag": [
          "blue",
          "red"
        ],
        "hop": [
          9,
          1
        ],
        "up": [null],
        "peer": "/net:net/rule[id='7']/note",
        "limit": true,
        "admin": {},
        "extra": {"x":{"y":{}}},
        "stats": {
          "octets": "18446744073709551615"
        },
        "ext:vendor": "acme"
      },
      {
        "name": "eth1"
      }
    ],
    "rule": [
      {
        "id": 7,
        "note": "last is first"
      },
      {
        "id": 3
      }
    ]
  }
}
"#;

fn read(json: &str) -> Result<Tree, DataError> {
    parse_data(&schema(), json.as_bytes(), &ParseOptions::default())
        .map_err(|errors| errors.into_iter().next().unwrap())
}

fn write(tree: &Tree, options: &PrintOptions<'_>) -> String {
    let mut out = Vec::new();
    print(tree, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn compact(tree: &Tree) -> String {
    write(tree, &PrintOptions::default())
}

fn as_xml(tree: &Tree) -> String {
    let mut out = Vec::new();
    xml::print(tree, &PrintOptions::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn from_xml(text: &str) -> Tree {
    xml::parse_data(&schema(), text.as_bytes(), &ParseOptions::default()).unwrap()
}

fn refused(json: &str) -> String {
    let error = read(json).unwrap_err();
    format!("{:?} {error}", error.kind)
}

#[test]
fn a_canonical_document_prints_as_it_was() {
    let pretty = PrintOptions {
        layout: Layout::Indented(2),
        ..PrintOptions::default()
    };
    assert_eq!(write(&read(JSON).unwrap(), &pretty), JSON);
    let compacted = compact(&read(JSON).unwrap());
    assert_eq!(compact(&read(&compacted).unwrap()), compacted);
}

#[test]
fn xml_and_json_are_the_same_tree() {
    // anydata is converted by structure, so it is compared apart.
    let xml = XML.replace(r#"<x xmlns="urn:x">1<y a="2"/></x>"#, "");
    let from_xml = from_xml(&xml);
    let json = compact(&from_xml);
    assert_eq!(as_xml(&read(&json).unwrap()), as_xml(&from_xml));
}

#[test]
fn keys_may_stand_anywhere() {
    let tree = read(r#"{"net:net":{"net:link":[{"mtu":70,"net:name":"a"}]}}"#).unwrap();
    assert_eq!(
        compact(&tree),
        r#"{"net:net":{"link":[{"name":"a","mtu":70}]}}"#
    );
    let wrapped = read(r#"{"ietf-restconf:data":{"net:host":"\u0041\n"}}"#).unwrap();
    assert_eq!(compact(&wrapped), r#"{"net:host":"A\n"}"#);
}

#[test]
fn errors_tell_place_and_remedy() {
    assert_eq!(
        refused("{\"net:net\":{\"link\":[\n {\"name\":\"e\",\n\"mtu\":9001}]}}"),
        "InvalidValue /net:net/link[name='e']/mtu: \"9001\" is not in the range 68..9000 (line 3, column 10)"
    );
    assert_eq!(
        refused(r#"{"net:net":{"lnik":[]}}"#),
        "UnknownElement /net:net: the schema has no node lnik here (line 1, column 18); did you mean \"link\"?"
    );
    assert_eq!(
        refused(r#"{"host":"a"}"#),
        "UnknownNamespace /: the member \"host\" has no module name (line 1, column 7); write \"net:host\""
    );
    assert!(
        refused(r#"{"other:host":"a"}"#)
            .starts_with("UnknownNamespace /: the member \"other:host\" is of a module")
    );
    assert!(
        refused(r#"{"net:net":{"link":[{"mtu":70}]}}"#)
            .starts_with("MissingElement /net:net/link: the entry of link has no name")
    );
    assert!(
        refused(r#"{"net:net":{"link":[{"name":"a"},{"name":"a"}]}}"#)
            .starts_with("Duplicate /net:net/link: the entry with name=\"a\" is given twice")
    );
    assert!(
        refused(r#"{"net:host":"a","net:host":"b"}"#)
            .starts_with("Duplicate /net:host: the member \"net:host\" is given twice")
    );
    assert!(
        refused(r#"{"net:net":{"link":[{"name":"a","tag":["x"],"tag":["y"]}]}}"#)
            .starts_with("Duplicate")
    );
    assert!(
        refused(r#"{"net:net":{"link":[{"name":"a","stats":{"octets":5}}]}}"#)
            .contains("the number 5 stands where type uint64 needs a string of digits")
    );
    assert!(
        refused(r#"{"net:net":[]}"#)
            .starts_with("Malformed /net:net: invalid type: sequence, expected an object")
    );
    assert!(refused(r#"{"net:host":null}"#).starts_with("Malformed"));
    assert!(refused(r#"{"net:host":"a"} x"#).starts_with("Malformed"));
    assert!(
        refused(r#"{"net:net":{"link":[{"name":"a","@":{"net:x":1}}]}}"#)
            .starts_with("UnknownAttribute")
    );
}

#[test]
fn every_truncation_is_an_error_and_none_panics() {
    let end = JSON.trim_end().len();
    for cut in 0..end {
        if let Some(part) = JSON.get(..cut) {
            assert!(read(part).is_err(), "{part}");
        }
    }
}

#[test]
fn deep_documents_are_refused() {
    let deep = |name: &str| {
        let (open, close) = ("{\"a\":".repeat(10_000) + "1", "}".repeat(10_000));
        format!("{{\"net:net\":{{\"link\":[{{\"name\":\"a\",\"{name}\":{open}{close}}}]}}}}")
    };
    assert_eq!(read(&deep("extra")).unwrap_err().kind, ErrorKind::TooBig);
    assert!(read(&deep("mtu")).is_err());
}

#[test]
fn lenient_reading_guesses_modules_and_types() {
    let options = ParseOptions {
        strictness: Strictness::Lenient,
        ..ParseOptions::default()
    };
    let json = br#"{"net":{"link":[{"name":"a","mtu":"70","vendor":"v","@mtu":{"x:y":1}}]}}"#;
    let tree = parse_data(&schema(), json, &options).unwrap();
    assert_eq!(
        compact(&tree),
        r#"{"net:net":{"link":[{"name":"a","mtu":70,"ext:vendor":"v"}]}}"#
    );
}

#[test]
fn annotations_are_kept() {
    let json = r#"{"net:net":{"link":[{"@":{"ext:note":"n"},"name":"a","mtu":70,"@mtu":{"ext:note":"m"},"tag":["a","b","c"],"@tag":[null,{"ext:note":"t","net:note":"u"}],"hop":[2,1],"@hop":[null,{"ext:note":"h"}]}]}}"#;
    let tree = read(json).unwrap();
    assert_eq!(compact(&tree), json);
    assert_eq!(compact(&from_xml(&as_xml(&tree))), json);
    let tagged = PrintOptions {
        defaults: WithDefaults::ReportAllTagged,
        ..PrintOptions::default()
    };
    let shown = write(&read(JSON).unwrap(), &tagged);
    assert!(shown.contains(r#""mtu":1500,"@mtu":{"ietf-netconf-with-defaults:default":true}"#));
}

#[test]
fn annotations_of_entries_go_by_the_order_of_the_document_and_stand_before_or_behind_them() {
    let link = |members: &str| {
        read(&format!(
            r#"{{"net:net":{{"link":[{{"name":"a",{members}}}]}}}}"#
        ))
    };
    let tree = link(r#""tag":["c","a","b"],"@tag":[{"net:note":"on c"},null,{"net:note":"on b"}]"#);
    let tree = tree.unwrap();
    let sorted = r#"{"net:net":{"link":[{"name":"a","tag":["a","b","c"],"@tag":[null,{"net:note":"on b"},{"net:note":"on c"}]}]}}"#;
    assert_eq!(compact(&tree), sorted);
    let before =
        r#""@tag":[{"net:note":"on c"},null,{"net:note":"on b"},null],"tag":["c","a","b","d"]"#;
    let nulls = r#""tag":["c","a","b","d"],"@tag":[{"net:note":"on c"},{},{"net:note":"on b"}]"#;
    assert_eq!(link(before), link(nulls));
    assert_eq!(link(r#""@tag":[],"tag":["a"]"#), link(r#""tag":["a"]"#));
    for (members, error) in [
        (
            r#""tag":["a"],"@tag":[null,null]"#,
            "element 2 annotates nothing: the leaf-list has 1 entries",
        ),
        (
            r#""@tag":[null,{}],"tag":["a"]"#,
            "element 2 annotates nothing: the leaf-list has 1 entries",
        ),
        (
            r#""@tag":[{"net:note":"x"}]"#,
            "element 1 annotates nothing: the leaf-list has 0 entries",
        ),
        (
            r#""tag":["a"],"@tag":[7]"#,
            "an object of annotations, or null",
        ),
        (
            r#""tag":["a"],"@tag":[["x"]]"#,
            "an object of annotations, or null",
        ),
        (
            r#""tag":["a"],"@tag":{"net:note":"x"}"#,
            "expected an array, with an object",
        ),
        (
            r#""tag":["a"],"@tag":null"#,
            "expected an array, with an object",
        ),
        (
            r#""tag":["a"],"@tag":[{"net:other":"x"}]"#,
            "the annotation net:other is not known",
        ),
        (
            r#""tag":["a"],"@tag":[{"net:note":"x","net:note":"y"}]"#,
            "given twice",
        ),
        (
            r#""tag":["a"],"@tag":[],"@tag":[]"#,
            "its annotations are given twice",
        ),
        (
            r#""@mtu":{"net:note":"x"}"#,
            "what they annotate is not there",
        ),
    ] {
        let refused = link(members).unwrap_err();
        assert!(refused.message.contains(error), "{refused}");
        let at = refused.position.unwrap();
        assert!(at.line == 1 && at.column > 31, "{refused}");
    }
}

#[test]
fn where_values_may_repeat_entries_are_not_annotated() {
    let schema = testmodel::schema();
    let state = br#"{"acme:state":{"seen":["a","a"],"@seen":[{"acme:note":"x"}]}}"#;
    let refused = parse_data(&schema, state, &ParseOptions::default()).unwrap_err();
    insta::assert_snapshot!(refused[0], @"/acme:state/seen: entries of this leaf-list cannot be annotated: its values may repeat (RFC 7950 7.7), and an annotation is kept with a value (line 1, column 39)");
    let lenient = ParseOptions {
        strictness: Strictness::Lenient,
        ..ParseOptions::default()
    };
    let tree = parse_data(&schema, state, &lenient).unwrap();
    assert_eq!(compact(&tree), r#"{"acme:state":{"seen":["a","a"]}}"#);
}

/// Schemas for links called `known` only: the mount point is asked with its path.
struct ByPath;

impl Mounts for ByPath {
    fn schema_at(&self, path: &InstancePath) -> Option<Arc<Schema>> {
        assert!(path.steps.iter().all(|step| step.select == Select::None));
        Some(schema())
    }
}

#[test]
fn a_mount_is_a_tree_of_its_own_or_kept_verbatim() {
    let json = r#"{"net:net":{"device":{"net:host":"x"}}}"#;
    assert_eq!(compact(&read(json).unwrap()), json);
    let options = ParseOptions {
        mounts: Some(&ByPath),
        ..ParseOptions::default()
    };
    let tree = parse_data(&schema(), json.as_bytes(), &options).unwrap();
    let Content::Container(net) = &tree.root().slots()[0].content else {
        panic!()
    };
    assert!(matches!(net.slots()[0].content, Content::Mount(_)));
    assert_eq!(compact(&tree), json);
}

/// A schema for the vault of rule 7 alone.
struct OfSeven;

impl Mounts for OfSeven {
    fn schema_at(&self, path: &InstancePath) -> Option<Arc<Schema>> {
        let key = path.steps.iter().find_map(|step| match &step.select {
            Select::Keys(keys) => keys.first(),
            _ => None,
        });
        (key == Some(&crate::Value::Uint(7))).then(schema)
    }
}

#[test]
fn a_mount_may_stand_before_the_keys_that_tell_its_schema() {
    let options = ParseOptions {
        mounts: Some(&OfSeven),
        ..ParseOptions::default()
    };
    let read = |json: &str| parse_data(&schema(), json.as_bytes(), &options);
    let json = r#"{"net:net":{"rule":[{"vault":{"net:host":"x"},"id":7},{"vault":{"net:host":5},"id":8}]}}"#;
    assert_eq!(
        compact(&read(json).unwrap()),
        r#"{"net:net":{"rule":[{"id":7,"vault":{"net:host":"x"}},{"id":8,"vault":{"net:host":5}}]}}"#
    );
    let wrong = json.replace(r#""net:host":"x""#, "\n  \"net:host\":1");
    let error = read(&wrong).unwrap_err().remove(0).to_string();
    assert_eq!(
        error,
        "/net:net/rule[id='7']/vault/net:host: the number 1 stands where type string needs a string (line 2, column 14)"
    );
    let again = json.replace(r#""id":7"#, r#""id":7,"id":7"#);
    assert_eq!(read(&again).unwrap_err()[0].kind, ErrorKind::Duplicate);
    let xml = "<net xmlns='urn:net'><rule><vault><host>x</host></vault><id>7</id></rule></net>";
    let errors = xml::parse_data(&schema(), xml.as_bytes(), &options).unwrap_err();
    assert_eq!(errors[0].kind, ErrorKind::MissingElement);
}

#[test]
fn mounts_inside_of_mounts_are_bounded() {
    let open = r#"{"net:net":{"rule":[{"id":7,"vault":"#.repeat(500);
    let deep = format!("{open}{{}}{}", "}]}}".repeat(500));
    let options = ParseOptions {
        mounts: Some(&OfSeven),
        ..ParseOptions::default()
    };
    let errors = parse_data(&schema(), deep.as_bytes(), &options).unwrap_err();
    assert_eq!(errors[0].kind, ErrorKind::TooBig, "{errors:?}");
}

#[test]
fn an_edit_has_the_default_operation_everywhere() {
    let json = br#"{"net:net":{"link":[{"name":"a","hop":[2,1]}]}}"#;
    let edit = parse_edit(
        &schema(),
        json,
        Operation::Replace,
        &ParseOptions::default(),
    )
    .unwrap();
    let mut out = Vec::new();
    xml::print_edit(&edit, Layout::Compact, &mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        r#"<net xmlns="urn:net"><link><name>a</name><hop>2</hop><hop>1</hop></link></net>"#
    );
    let state = br#"{"net:net":{"link":[{"name":"a","stats":{}}]}}"#;
    let errors =
        parse_edit(&schema(), state, Operation::Merge, &ParseOptions::default()).unwrap_err();
    assert_eq!(errors[0].kind, ErrorKind::NotConfig);
}

#[test]
fn children_are_read_below_a_path() {
    let schema = schema();
    let below = |path: &str, json: &str| {
        let path = crate::path::parse(&schema, path, &crate::path::NoMounts).unwrap();
        let tree = parse_at(&schema, &path, json.as_bytes(), &ParseOptions::default());
        tree.map(|tree| compact(&tree))
            .map_err(|errors| errors[0].to_string())
    };
    let json = r#"{"net:mtu":70,"ext:vendor":"v"}"#;
    assert_eq!(below("/net:net/link[name='a']", json).unwrap(), json);
    let json = r#"{"net:link":[{"name":"b"}]}"#;
    assert_eq!(below("/net:net", json).unwrap(), json);
    let error = below("/net:net/link[name='a']", r#"{"mtu":1}"#).unwrap_err();
    assert!(
        error.starts_with("/net:net/link[name='a']/mtu: "),
        "{error}"
    );
}

/// A random document of the sample schema, as XML.
fn document() -> impl Strategy<Value = String> {
    let text = "[ -~\n\tøü\u{10000}]{0,20}";
    let link = (
        text,
        prop::option::of(68u16..=9000),
        prop::collection::btree_set(text, 0..4),
        prop::collection::hash_set(any::<u8>(), 0..5),
        any::<[bool; 3]>(),
        prop::option::of(any::<u64>()),
        prop::option::of(text),
    );
    prop::collection::vec(link, 0..8).prop_map(|links| {
        let mut xml = String::from("<net xmlns='urn:net'>");
        for (index, (name, mtu, tags, hops, flags, octets, limit)) in links.into_iter().enumerate()
        {
            let escape = xml::escape::text;
            xml.push_str(&format!("<link><name>{index} {}</name>", escape(&name)));
            mtu.iter()
                .for_each(|mtu| xml.push_str(&format!("<mtu>{mtu}</mtu>")));
            tags.iter()
                .for_each(|tag| xml.push_str(&format!("<tag>{}</tag>", escape(tag))));
            hops.iter()
                .for_each(|hop| xml.push_str(&format!("<hop>{hop}</hop>")));
            flags[0].then(|| xml.push_str("<up/>"));
            flags[1].then(|| xml.push_str("<admin/>"));
            flags[2].then(|| xml.push_str("<kind xmlns:e='urn:ext'>e:ethernet</kind>"));
            octets.iter().for_each(|octets| {
                xml.push_str(&format!("<stats><octets>{octets}</octets></stats>"));
            });
            limit
                .iter()
                .for_each(|limit| xml.push_str(&format!("<limit>{}</limit>", escape(limit))));
            xml.push_str("</link>");
        }
        xml + "</net>"
    })
}

proptest! {
    #[test]
    fn xml_to_tree_to_json_and_back_changes_nothing(document in document()) {
        let tree = from_xml(&document);
        let canonical = as_xml(&tree);
        prop_assert_eq!(&as_xml(&from_xml(&canonical)), &canonical);
        let json = compact(&tree);
        let again = read(&json).unwrap();
        prop_assert_eq!(&as_xml(&again), &canonical);
        prop_assert_eq!(&compact(&again), &json);
    }

    #[test]
    fn what_is_printed_is_read_as_the_same_tree(seed in 1u64..) {
        let schema = testmodel::schema();
        let mut random = Random(seed);
        let tree = annotated(&random_tree(&schema, &mut random), &mut random);
        let mounts = Recursive(schema.clone());
        let options = ParseOptions { mounts: Some(&mounts), ..ParseOptions::default() };
        let json = compact(&tree);
        let read = parse_data(&schema, json.as_bytes(), &options);
        prop_assert_eq!(read.as_ref(), Ok(&tree), "{}", json);
    }

    #[test]
    fn no_document_makes_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_data(&schema(), &bytes, &ParseOptions::default());
        let _ = xml::parse_data(&schema(), &bytes, &ParseOptions::default());
    }

    #[test]
    fn a_changed_byte_makes_no_parser_panic(at in 0usize..2000, byte in any::<u8>()) {
        let changed = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes
        };
        let _ = parse_data(&schema(), &changed(JSON), &ParseOptions::default());
        let _ = xml::parse_data(&schema(), &changed(XML), &ParseOptions::default());
    }
}
