use proptest::prelude::*;

use super::*;
use crate::document::{Mounts, PrintOptions, Strictness, WithDefaults};
use crate::path::InstancePath;
use crate::sample::{XML, schema};
use crate::testmodel::{self, Random, Recursive, annotated, random_tree};
use crate::{json, xml};

const TEXT: &str = r#"net:host a<b;
net:net {
    link eth0 {
        mtu 1500;
        kind ext:ethernet;
        tag [ blue red ];
        hop [ 9 1 ];
        up;
        peer /net:net/rule[id='7']/note;
        limit true;
        admin {
        }
        extra xml "<x xmlns=\"urn:x\">1<y a=\"2\"/></x>";
        stats {
            octets 18446744073709551615;
        }
        ext:vendor acme;
    }
    link eth1 {
    }
    rule 7 {
        note "last is first";
    }
    rule 3 {
    }
}
"#;

fn read(text: &str) -> Result<Tree, Vec<DataError>> {
    parse_data(&schema(), text.as_bytes(), &ParseOptions::default())
}

fn refused(text: &str) -> String {
    let errors = read(text).unwrap_err();
    let each = errors
        .iter()
        .map(|error| format!("{:?} {error}", error.kind));
    each.collect::<Vec<_>>().join("\n")
}

fn written(tree: &Tree) -> String {
    with_options(tree, &PrintOptions::default())
}

fn with_options(tree: &Tree, options: &PrintOptions<'_>) -> String {
    let mut out = Vec::new();
    print(tree, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn from_json(json: &str) -> Tree {
    json::parse_data(&schema(), json.as_bytes(), &ParseOptions::default()).unwrap()
}

#[test]
fn data_read_as_braces_and_back() {
    let tree = xml::parse_data(&schema(), XML.as_bytes(), &ParseOptions::default()).unwrap();
    assert_eq!(written(&tree), TEXT);
    assert_eq!(read(TEXT).unwrap(), tree);
}

#[test]
fn people_may_write_it_in_their_own_way() {
    let text = "# links\nnet:net{link \"eth0\"{tag blue;hop [9 1];# the order counts\nup ();net:mtu \"1500\";}\
                 link eth1;rule 7{}}";
    let expected = r#"{"net:net":{"link":[{"name":"eth0","mtu":1500,"tag":["blue"],"hop":[9,1],"up":[null]},
        {"name":"eth1"}],"rule":[{"id":7}]}}"#;
    assert_eq!(read(text).unwrap(), from_json(expected));
    let lenient = ParseOptions {
        strictness: Strictness::Lenient,
        ..ParseOptions::default()
    };
    let text = b"net { link a { vendor v; mtu 70 @x:y 1; } }";
    let tree = parse_data(&schema(), text, &lenient).unwrap();
    let expected = r#"{"net:net":{"link":[{"name":"a","mtu":70,"ext:vendor":"v"}]}}"#;
    assert_eq!(tree, from_json(expected));
    assert_eq!(read("").unwrap(), Tree::empty(schema()));
}

#[test]
fn errors_tell_place_and_remedy() {
    for (text, error) in [
        (
            "net:net {\n  link e {\n    mtu 9001; } }",
            "InvalidValue /net:net/link[name='e']/mtu: \"9001\" is not in the range 68..9000 (line 3, column 9)",
        ),
        (
            "net:net { lnik a { x y; z { } } }",
            "UnknownElement /net:net: the schema has no node lnik here (line 1, column 11); did you mean \"link\"?",
        ),
        (
            "sett net:host a;",
            "UnknownNamespace /: the name \"sett\" has no module name (line 1, column 1); did you mean a line `set ...`?",
        ),
        (
            "host a;",
            "UnknownNamespace /: the name \"host\" has no module name (line 1, column 1); write \"net:host\"",
        ),
        (
            "net:host a;\nnet:host b;",
            "Duplicate /net:host: the leaf host is given twice (line 2, column 1)",
        ),
        (
            "net:net { link a { } link a { } }",
            "Duplicate /net:net/link: the entry with name=\"a\" is given twice (line 1, column 22)",
        ),
        (
            "net:net { link { mtu 70; } }",
            "Malformed /net:net/link: the list link is not written like this (line 1, column 11); write link NAME { ... }",
        ),
        (
            "net:net { link a { mtu; } }",
            "InvalidValue /net:net/link[name='a']/mtu: mtu needs a value (line 1, column 20); \
             write the value behind the name; the empty string is \"\"",
        ),
        (
            "net:host a b;",
            "Malformed /net:host: the leaf host is not written like this (line 1, column 1); \
             write NAME VALUE; with quotes around a value of several words",
        ),
        (
            "net:net { link a { name b; } }",
            "InvalidValue /net:net/link[name='a']/name: the key has another value than behind the name of the list (line 1, column 20)",
        ),
        (
            "net:net { link a { extra yaml \"x\"; } }",
            "Malformed /net:net/link[name='a']/extra: \"yaml\" is no form of verbatim data: write xml or json (line 1, column 31)",
        ),
        (
            "net:net { link a { mtu 70 @net:colour red; } }",
            "UnknownAttribute /net:net/link[name='a']/mtu: the annotation net:colour is not known (line 1, column 27); \
             annotations must be defined by a module of the schema (RFC 7952)",
        ),
        (
            "net:net { link a {",
            "Malformed /net:net/link[name='a']: the text ends inside of a statement (line 1, column 19); \
             end a statement with ; and a block with }",
        ),
        (
            "net:host a; }",
            "Malformed /: a } stands here that closes nothing (line 1, column 13); end each statement with ; and count the braces",
        ),
        (
            "net:host \"a\nb;",
            "Malformed /: the quote that begins here does not end (line 1, column 10); \
             close it with \"; a line break in quotes is \\n",
        ),
        (
            "net:net { device { net:host a; } }",
            "UnknownElement /net:net/device: the schema of what is mounted here is not known (line 1, column 11); \
             write the data verbatim: NAME json \"...\" or NAME xml \"...\"",
        ),
    ] {
        assert_eq!(refused(text), error);
    }
}

#[test]
fn reading_goes_on_after_an_error() {
    let text = "net:net { link a { mtu 1; } lnik b { c { d; } } rule x { note n; }\n rule 1 { note n; } }\nhost a;";
    let errors = refused(text);
    let kinds: Vec<&str> = errors
        .lines()
        .map(|it| it.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "InvalidValue",
            "UnknownElement",
            "InvalidValue",
            "UnknownNamespace"
        ]
    );
}

#[test]
fn quotes_say_nothing_of_the_type_of_a_union_s_value() {
    let limit = |value: &str| {
        let json = format!("{{\"net:net\":{{\"link\":[{{\"name\":\"a\",\"limit\":{value}}}]}}}}");
        let tree = from_json(&json);
        let text = written(&tree);
        assert_eq!(read(&text).unwrap(), tree, "{text}");
        text.lines().nth(2).unwrap().trim().to_owned()
    };
    assert_eq!(limit("true"), "limit true;");
    assert_eq!(limit("\"true\""), "limit true;");
    assert_eq!(limit("\"7\""), "limit 7;");
    assert_eq!(
        read("net:net { link a { limit \"7\"; } }").unwrap(),
        read("net:net { link a { limit 7; } }").unwrap()
    );
    let bare = read("net:net { link a { limit 7; } }").unwrap();
    assert_eq!(
        bare,
        from_json(r#"{"net:net":{"link":[{"name":"a","limit":"7"}]}}"#)
    );
}

#[test]
fn annotations_are_kept() {
    let json = r#"{"@":{"ext:note":"r"},"net:net":{"@":{"ext:note":"c"},"link":[
        {"@":{"ext:note":"n"},"name":"a","@name":{"ext:note":"k"},"mtu":70,"@mtu":{"ext:note":"{m}"},
        "tag":["a","b","c"],"@tag":[{"ext:note":"t","net:note":"[u]"},null,{"ext:note":"v w"}]}]}}"#;
    let tree = from_json(json);
    let text = r#"@ext:note r;
net:net {
    @ext:note c;
    link a {
        @ext:note n;
        name a @ext:note k;
        mtu 70 @ext:note "{m}";
        tag [ a @ext:note t @net:note "[u]" b c @ext:note "v w" ];
    }
}
"#;
    assert_eq!(written(&tree), text);
    assert_eq!(read(text).unwrap(), tree);
    let alone = read("net:net { link a { hop 1 @ext:note x; } }").unwrap();
    assert_eq!(
        alone,
        from_json(r#"{"net:net":{"link":[{"name":"a","@hop":[{"ext:note":"x"}],"hop":[1]}]}}"#)
    );
    let tagged = PrintOptions {
        defaults: WithDefaults::ReportAllTagged,
        ..PrintOptions::default()
    };
    let text = with_options(&read(TEXT).unwrap(), &tagged);
    assert!(
        text.contains("mtu 1500 @ietf-netconf-with-defaults:default true;"),
        "{text}"
    );
    assert!(read(&text).is_ok());
}

/// Mounts the sample's own schema.
struct Sample;

impl Mounts for Sample {
    fn schema_at(&self, _: &InstancePath) -> Option<Arc<Schema>> {
        Some(schema())
    }
}

#[test]
fn a_mount_is_a_block_or_verbatim() {
    let options = ParseOptions {
        mounts: Some(&Sample),
        ..ParseOptions::default()
    };
    let json = br#"{"net:net":{"device":{"net:host":"x","@":{"ext:note":"n"}},"rule":[{"id":1,"vault":{}}]}}"#;
    let tree = json::parse_data(&schema(), json, &options).unwrap();
    let text = written(&tree);
    assert!(
        text.contains("    device {\n        @ext:note n;\n        net:host x;\n    }\n"),
        "{text}"
    );
    assert_eq!(
        parse_data(&schema(), text.as_bytes(), &options).unwrap(),
        tree
    );
    let verbatim = json::parse_data(&schema(), json, &ParseOptions::default()).unwrap();
    let text = written(&verbatim);
    assert!(text.contains("    device json \"{\\\"net:host"), "{text}");
    assert_eq!(read(&text).unwrap(), verbatim);
}

#[test]
fn a_truncated_text_is_refused_with_a_place_or_is_a_shorter_text() {
    for cut in 0..TEXT.len() {
        match TEXT.get(..cut).map(read) {
            Some(Err(errors)) => assert!(errors.iter().all(|it| it.position.is_some())),
            // All blocks are closed between the statements at the top alone.
            Some(Ok(_)) => assert!(
                TEXT[..cut].trim_end().is_empty()
                    || TEXT[..cut].trim() == "net:host a<b;"
                    || TEXT[..cut].trim_end() == TEXT.trim_end(),
                "{cut}"
            ),
            None => {}
        }
    }
}

#[test]
fn limits_hold() {
    let deep = "net:net { x ".to_owned() + &"{ y ".repeat(10_000);
    let errors = read(&deep).unwrap_err();
    assert_eq!(errors.last().unwrap().kind, ErrorKind::TooBig);
    assert!(errors.last().unwrap().position.is_some());
    let small = ParseOptions {
        limits: Limits {
            size: 20,
            ..Limits::default()
        },
        ..ParseOptions::default()
    };
    let errors = parse_data(&schema(), b"net:host aaaaaaaaaaaaaaaaaaa;", &small).unwrap_err();
    assert_eq!(errors[0].kind, ErrorKind::TooBig);
    let many = "net:host x y;".repeat(100);
    assert_eq!(read(&many).unwrap_err().len(), Limits::default().errors);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_printed_is_read_as_the_same_tree(seed in 1u64..) {
        let schema = testmodel::schema();
        let mut random = Random(seed);
        let tree = annotated(&random_tree(&schema, &mut random), &mut random);
        let mounts = Recursive(schema.clone());
        let options = ParseOptions { mounts: Some(&mounts), ..ParseOptions::default() };
        let text = written(&tree);
        let read = parse_data(&schema, text.as_bytes(), &options);
        prop_assert_eq!(read.as_ref(), Ok(&tree), "{}", text);
    }

    #[test]
    fn any_text_is_kept_as_key_value_entry_and_annotation(
        text in "\\PC{0,12}|[ -~\n\t\u{85}\u{2028}\r]{0,12}|[\\[\\]@()#;{}\"\\\\]{0,5}"
    ) {
        let json = serde_json::json!({"net:net": {"link": [{
            "name": text, "tag": [text], "limit": text, "ext:vendor": text, "@ext:vendor": {"ext:note": text},
            "extra": {"a": text},
        }]}});
        let Ok(tree) = json::parse_data(&schema(), json.to_string().as_bytes(), &ParseOptions::default()) else {
            // Some characters are in no YANG string (RFC 7950 9.4).
            return Ok(());
        };
        let printed = written(&tree);
        prop_assert_eq!(read(&printed), Ok(tree), "{}", printed);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "(net:net|net:host|link|a|@ext:note|mtu|7|[{};\\[\\]\"#\n ]|\\PC){0,40}") {
        let _ = read(&text);
    }

    #[test]
    fn a_changed_byte_makes_no_parser_panic(at in 0usize..2000, byte in any::<u8>()) {
        let mut bytes = TEXT.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = parse_data(&schema(), &bytes, &ParseOptions::default());
    }
}
