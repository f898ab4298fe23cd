use super::*;
use crate::document::{Holds, Layout, Mounts, PrintOptions, Strictness, WithDefaults};
use crate::edit::{EditContent, Insert};
use crate::error::ErrorKind;
use crate::node::Content;
use crate::path::InstancePath;
use crate::sample::{XML, schema};
use crate::testmodel::{self, Random, Recursive, annotated, random_tree};
use proptest::prelude::*;

fn read(xml: &str) -> Result<Tree, Vec<DataError>> {
    parse_data(&schema(), xml.as_bytes(), &ParseOptions::default())
}

fn write(tree: &Tree, options: &PrintOptions<'_>) -> String {
    let mut out = Vec::new();
    print(tree, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn pretty() -> PrintOptions<'static> {
    PrintOptions {
        layout: Layout::Indented(2),
        ..PrintOptions::default()
    }
}

/// The errors of a document, one a line.
fn refused(xml: &str) -> String {
    let errors = read(xml).unwrap_err();
    let lines: Vec<String> = errors
        .iter()
        .map(|error| format!("{:?} {error}", error.kind))
        .collect();
    lines.join("\n")
}

#[test]
fn a_canonical_document_prints_as_it_was() {
    let tree = read(XML).unwrap();
    assert_eq!(write(&tree, &pretty()), XML);
}

#[test]
fn order_blanks_comments_and_wrappers_do_not_matter() {
    let tree = read(
        r#"<?xml version="1.0"?><config xmlns:n="urn:net"><!-- c -->
          <n:net><n:link><n:mtu>70</n:mtu><n:name><![CDATA[e]]>th&#48;</n:name></n:link></n:net>
        </config>"#,
    )
    .unwrap();
    assert_eq!(
        write(&tree, &PrintOptions::default()),
        r#"<net xmlns="urn:net"><link><name>eth0</name><mtu>70</mtu></link></net>"#
    );
}

#[test]
fn empty_containers_are_not_stored() {
    let tree = read(r#"<net xmlns="urn:net"/>"#).unwrap();
    assert!(tree.root().slots().is_empty());
}

#[test]
fn errors_tell_place_and_remedy() {
    assert_eq!(
        refused("<net xmlns=\"urn:net\">\n  <link><name>e</name>\n<mtu>9001</mtu></link></net>"),
        "InvalidValue /net:net/link[name='e']/mtu: \"9001\" is not in the range 68..9000 (line 3, column 1)"
    );
    assert_eq!(
        refused(r#"<net xmlns="urn:net"><lnik/></net>"#),
        "UnknownElement /net:net: module net has no node lnik in the container net (line 1, column 22); did you mean <link>?"
    );
    assert_eq!(
        refused("<host>a</host>"),
        "UnknownNamespace /: the element <host> has no namespace (line 1, column 1); module net has it: write xmlns=\"urn:net\""
    );
    assert_eq!(
        refused(r#"<host xmlns="urn:other">a</host>"#),
        "UnknownNamespace /: <host> is in the namespace \"urn:other\", which no module of the schema has (line 1, column 1); module net has it: write xmlns=\"urn:net\""
    );
    assert_eq!(
        refused(r#"<net xmlns="urn:net"><link><mtu>70</mtu></link></net>"#),
        "MissingElement /net:net/link: the entry of link has no name, its key (line 1, column 22); add <name>"
    );
    assert_eq!(
        refused(
            r#"<net xmlns="urn:net"><link><name>a</name></link><link><name>b</name></link><link><name>a</name></link></net>"#
        ),
        "Duplicate /net:net/link: the entry with name=\"a\" is given twice (line 1, column 76)"
    );
    assert_eq!(
        refused(
            r#"<net xmlns="urn:net"><link><name>a</name><mtu>70</mtu><mtu>70</mtu><tag>t</tag><tag>t</tag></link></net>"#
        ),
        "Duplicate /net:net/link[name='a']/mtu: the leaf mtu is given twice (line 1, column 55)\n\
         Duplicate /net:net/link[name='a']/tag: the value \"t\" is given twice (line 1, column 80)"
    );
    assert_eq!(
        refused(r#"<net xmlns="urn:net">text</net>"#),
        "Malformed /net:net: the text \"text\" stands inside of the container net, where only elements may stand (line 1, column 22)"
    );
    assert_eq!(
        refused(r#"<host xmlns="urn:net">a<b/></host>"#),
        "UnknownElement /net:host: the element <b> stands where a value should (line 1, column 24)"
    );
    assert_eq!(
        refused(r#"<host xmlns="urn:net" a="b">a</host>"#),
        "UnknownAttribute /net:host: the attribute a is not known here (line 1, column 1); annotations must be defined by a module of the schema (RFC 7952)"
    );
}

#[test]
fn what_is_not_well_formed_is_refused_with_its_place() {
    for (document, message) in [
        ("<a></b>", "the element <a> is closed by </b>"),
        (
            "<host xmlns='urn:net'>a",
            "the document ends inside of 1 open elements",
        ),
        (
            "<!DOCTYPE x><host/>",
            "a document type declaration is not allowed",
        ),
        (
            "<host xmlns='urn:net'>&x;</host>",
            "the entity &x; is not defined",
        ),
        ("<p:host/>", "the prefix p of <p:host> is not declared"),
        (
            "<host xmlns='urn:net' a='1' a='2'/>",
            "the attribute a is given twice",
        ),
        ("</host>", "</host> closes no open element"),
    ] {
        let errors = read(document).unwrap_err();
        let last = errors.last().unwrap();
        assert!(last.message.starts_with(message), "{document}: {last}");
        assert_eq!(last.kind, ErrorKind::Malformed);
        assert!(last.position.is_some());
    }
    assert!(parse_data(&schema(), b"<a>\xFF</a>", &ParseOptions::default()).is_err());
}

#[test]
fn every_truncation_is_an_error_and_none_panics() {
    let end = XML.trim_end().len();
    for cut in 0..end {
        let Some(part) = XML.get(..cut) else { continue };
        // After the first top-level element the rest may be missing.
        if let Ok(tree) = read(part) {
            assert!(tree.root().slots().len() <= 1, "{part}");
        }
    }
}

#[test]
fn hostile_documents_are_stopped_by_limits() {
    let deep = "<a xmlns='urn:net'>".repeat(10_000);
    let errors = read(&deep).unwrap_err();
    assert!(
        errors.iter().any(|error| error.kind == ErrorKind::TooBig),
        "{errors:?}"
    );
    let wide = format!(
        "<host xmlns='urn:net' {}/>",
        (0..100_000)
            .map(|n| format!("a{n}='' "))
            .collect::<String>()
    );
    let errors = read(&wide).unwrap_err();
    assert_eq!(errors[0].kind, ErrorKind::TooBig);
    let many = format!("<net xmlns='urn:net'>{}</net>", "<x/>".repeat(1000));
    assert_eq!(read(&many).unwrap_err().len(), 20);
    let options = ParseOptions {
        limits: crate::document::Limits {
            size: 10,
            ..Default::default()
        },
        ..Default::default()
    };
    let errors = parse_data(&schema(), XML.as_bytes(), &options).unwrap_err();
    assert_eq!(errors[0].kind, ErrorKind::TooBig);
}

#[test]
fn lenient_reading_guesses_namespaces_and_trims() {
    let options = ParseOptions {
        strictness: Strictness::Lenient,
        ..ParseOptions::default()
    };
    let xml = "<net><link x='y'><name>a</name><mtu> 70 </mtu><kind>ethernet</kind></link></net>";
    let errors = parse_data(&schema(), xml.as_bytes(), &options).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    let xml = xml.replace("ethernet", "ext:ethernet");
    let tree = parse_data(&schema(), xml.as_bytes(), &options).unwrap();
    assert!(write(&tree, &PrintOptions::default()).contains("<mtu>70</mtu>"));
}

#[test]
fn state_is_refused_and_hidden_where_only_configuration_may_stand() {
    let options = ParseOptions {
        holds: Holds::Config,
        ..ParseOptions::default()
    };
    let errors = parse_data(&schema(), XML.as_bytes(), &options).unwrap_err();
    assert_eq!(errors[0].kind, ErrorKind::NotConfig);
    let shown = write(
        &read(XML).unwrap(),
        &PrintOptions {
            shows: Holds::Config,
            defaults: WithDefaults::Trim,
            ..PrintOptions::default()
        },
    );
    assert!(!shown.contains("octets") && !shown.contains("mtu"));
}

#[test]
fn annotations_are_kept() {
    let xml = r#"<net xmlns="urn:net"><link xmlns:ext="urn:ext" ext:note="n"><name>a</name><mtu xmlns:ext="urn:ext" ext:note="m &lt;">70</mtu><tag>a</tag><tag xmlns:ext="urn:ext" xmlns:net="urn:net" ext:note="t" net:note="u">b</tag><hop>2</hop><hop xmlns:ext="urn:ext" ext:note="h">1</hop></link></net>"#;
    let tree = read(xml).unwrap();
    assert_eq!(write(&tree, &PrintOptions::default()), xml);
    let tagged = PrintOptions {
        defaults: WithDefaults::ReportAllTagged,
        ..PrintOptions::default()
    };
    let shown = write(&read(XML).unwrap(), &tagged);
    assert!(shown.contains(r#"wd:default="true">1500</mtu>"#), "{shown}");
}

#[test]
fn anydata_stands_on_its_own() {
    let xml = r#"<net xmlns="urn:net" xmlns:p="urn:p" xmlns:q="urn:q"><link><name>a</name><extra><z p:a="1">q:v</z>&amp;</extra></link></net>"#;
    let tree = read(xml).unwrap();
    let shown = write(&tree, &PrintOptions::default());
    assert!(
        shown.contains(r#"<extra><z xmlns:p="urn:p" xmlns:q="urn:q" xmlns="urn:net" p:a="1">q:v</z>&amp;</extra>"#)
            || shown.contains(r#"<extra><z xmlns="urn:net" xmlns:p="urn:p" xmlns:q="urn:q" p:a="1">q:v</z>&amp;</extra>"#),
        "{shown}"
    );
    assert_eq!(
        write(&read(&shown).unwrap(), &PrintOptions::default()),
        shown
    );
}

struct SameSchema;

impl Mounts for SameSchema {
    fn schema_at(&self, _: &InstancePath) -> Option<Arc<Schema>> {
        Some(schema())
    }
}

#[test]
fn annotations_of_what_is_mounted_are_those_of_its_schema_in_data_and_edits() {
    let options = ParseOptions {
        mounts: Some(&SameSchema),
        ..ParseOptions::default()
    };
    let xml = r#"<net xmlns="urn:net"><device xmlns:ext="urn:ext" ext:note="d"><host xmlns="urn:net" xmlns:ext="urn:ext" ext:note="h">x</host></device></net>"#;
    let tree = parse_data(&schema(), xml.as_bytes(), &options).unwrap();
    assert_eq!(write(&tree, &PrintOptions::default()), xml);
    let edit = parse_edit(&schema(), xml.as_bytes(), Operation::Merge, &options).unwrap();
    assert_eq!(edit.apply(&Tree::empty(schema())), Ok(tree));
    // Verbatim they have no place.
    assert_eq!(
        refused(xml),
        "UnknownAttribute /net:net/device: the attribute ext:note is not known here (line 1, column 22); annotations must be defined by a module of the schema (RFC 7952)"
    );
}

#[test]
fn a_mount_is_a_tree_of_its_own_or_kept_verbatim() {
    let xml = r#"<net xmlns="urn:net"><device><host xmlns="urn:net">x</host></device></net>"#;
    let unknown = read(xml).unwrap();
    assert_eq!(write(&unknown, &PrintOptions::default()), xml);
    let options = ParseOptions {
        mounts: Some(&SameSchema),
        ..ParseOptions::default()
    };
    let known = parse_data(&schema(), xml.as_bytes(), &options).unwrap();
    let Content::Container(net) = &known.root().slots()[0].content else {
        panic!()
    };
    assert!(matches!(net.slots()[0].content, Content::Mount(_)));
    assert_eq!(write(&known, &PrintOptions::default()), xml);
    let wrong = xml.replace(
        "<host xmlns=\"urn:net\">x</host>",
        "<net xmlns=\"urn:net\"><link/></net>",
    );
    let errors = parse_data(&schema(), wrong.as_bytes(), &options).unwrap_err();
    assert_eq!(errors[0].path.to_string(), "/net:net/device/net:net/link");
}

#[test]
fn mounts_inside_of_mounts_are_bounded() {
    let deep = r#"<net xmlns="urn:net"><device>"#.repeat(5_000);
    let options = ParseOptions {
        mounts: Some(&SameSchema),
        ..ParseOptions::default()
    };
    let errors = parse_data(&schema(), deep.as_bytes(), &options).unwrap_err();
    assert_eq!(errors[0].kind, ErrorKind::TooBig);
    let errors = parse_edit(&schema(), deep.as_bytes(), Operation::Merge, &options).unwrap_err();
    assert_eq!(errors[0].kind, ErrorKind::TooBig);
}

fn edit(xml: &str) -> Result<Edit, Vec<DataError>> {
    parse_edit(
        &schema(),
        xml.as_bytes(),
        Operation::Merge,
        &ParseOptions::default(),
    )
}

fn written(edit: &Edit) -> String {
    let mut out = Vec::new();
    print_edit(edit, Layout::Compact, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn an_edit_prints_as_it_was_read() {
    let xml = concat!(
        r#"<host xmlns="urn:net" xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" nc:operation="delete"/>"#,
        r#"<net xmlns="urn:net"><link xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" nc:operation="create"><name>a</name>"#,
        r#"<mtu xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" nc:operation="merge">70</mtu><kind xmlns:ext="urn:ext">ext:ethernet</kind>"#,
        r#"<hop xmlns:yang="urn:ietf:params:xml:ns:yang:1" yang:insert="before" yang:value="9">8</hop></link>"#,
        r#"<rule xmlns:net="urn:net" xmlns:yang="urn:ietf:params:xml:ns:yang:1" yang:insert="after" yang:key="[net:id='7']"><id>8</id></rule></net>"#,
    );
    let first = edit(xml).unwrap();
    assert_eq!(written(&first), xml);
    assert_eq!(written(&edit(&written(&first)).unwrap()), xml);
    let EditContent::Container(nodes) = &first.root.content else {
        panic!()
    };
    let EditContent::Container(nodes) = &nodes[1].content else {
        panic!()
    };
    assert!(matches!(&nodes[1].insert, Some(Insert::After(keys)) if keys.len() == 1));
    assert_eq!(nodes[0].operation, Operation::Create);
}

#[test]
fn wrong_attributes_of_an_edit_are_refused() {
    let refused = |attribute: &str| {
        let xml = format!(
            r#"<net xmlns="urn:net" xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:y="urn:ietf:params:xml:ns:yang:1"><rule {attribute}><id>1</id></rule></net>"#
        );
        let errors = edit(&xml).unwrap_err();
        assert_eq!(errors.len(), 1);
        (
            errors[0].kind,
            errors[0].culprit.clone().unwrap().to_string(),
        )
    };
    assert_eq!(
        refused("nc:operation='destroy'"),
        (ErrorKind::BadAttribute, "operation".into())
    );
    assert_eq!(
        refused("y:insert='middle'"),
        (ErrorKind::BadAttribute, "insert".into())
    );
    assert_eq!(
        refused("y:insert='before'"),
        (ErrorKind::MissingAttribute, "key".into())
    );
    assert_eq!(
        refused("y:insert='before' y:key='[id=1]'"),
        (ErrorKind::BadAttribute, "key".into())
    );
    assert_eq!(
        refused("operation='delete'"),
        (ErrorKind::UnknownAttribute, "operation".into())
    );
    let errors = edit(r#"<net xmlns="urn:net"><link xmlns:y="urn:ietf:params:xml:ns:yang:1" y:insert="first"><name>a</name></link></net>"#).unwrap_err();
    assert_eq!(errors[0].kind, ErrorKind::BadAttribute);
    let errors =
        edit(r#"<net xmlns="urn:net"><link><name>a</name><stats/></link></net>"#).unwrap_err();
    assert_eq!(errors[0].kind, ErrorKind::NotConfig);
    let errors = edit(r#"<net xmlns="urn:net"><link><mtu>70</mtu></link></net>"#).unwrap_err();
    assert_eq!(errors[0].kind, ErrorKind::MissingElement);
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
        let write = |tree: &Tree| {
            let mut out = Vec::new();
            print_store(tree, &PrintOptions::default(), None, None, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let text = write(&tree);
        let read = parse_data(&schema, text.as_bytes(), &options).unwrap();
        // anydata is kept as XML now, which says its namespace.
        let again = write(&read);
        prop_assert_eq!(again.replace("<a xmlns=\"urn:acme\">", "<a>"), text);
        prop_assert_eq!(tree.root().meta(), read.root().meta());
        prop_assert_eq!(Edit::of_tree(&read, Operation::Merge).apply(&Tree::empty(schema)), Ok(read));
    }
}

#[test]
fn a_reply_is_looked_through_and_says_when_it_holds_no_data() {
    let reply = |content: &str| {
        format!(
            "<rpc-reply xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\" message-id=\"1\">{content}</rpc-reply>"
        )
    };
    let bare = r#"<host xmlns="urn:net">a</host>"#;
    let wrapped = reply(&format!("<data>{bare}</data>"));
    assert_eq!(read(&wrapped), read(bare));
    let options = ParseOptions::default();
    let edit =
        |text: &str| parse_edit(&schema(), text.as_bytes(), Operation::Merge, &options).unwrap();
    let empty = Tree::empty(schema());
    assert_eq!(edit(&wrapped).apply(&empty), edit(bare).apply(&empty));
    let error = refused(&reply(
        "<rpc-error><error-tag>in-use</error-tag></rpc-error>",
    ));
    assert!(error.ends_with("; the reply holds no data"), "{error}");
    let error =
        refused("<rpc xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><edit-config/></rpc>");
    assert!(
        error.ends_with("; leave out the NETCONF message around the data"),
        "{error}"
    );
    let twice = reply("<data><data/></data>");
    assert!(read(&twice).is_err());
}

#[test]
fn a_key_with_a_wrong_value_is_not_called_missing_too() {
    let text = r#"<net xmlns="urn:net"><rule><id>x</id></rule></net>"#;
    let wrong = read(text).unwrap_err();
    let options = ParseOptions::default();
    let edit = parse_edit(&schema(), text.as_bytes(), Operation::Merge, &options).unwrap_err();
    for errors in [wrong, edit] {
        let kinds: Vec<ErrorKind> = errors.iter().map(|error| error.kind).collect();
        assert_eq!(kinds, [ErrorKind::InvalidValue], "{errors:?}");
    }
}

#[test]
fn attributes_of_edits_tell_where_they_belong() {
    let text = r#"<net xmlns="urn:net"><link operation="delete"><name>a</name></link></net>"#;
    let options = ParseOptions::default();
    let errors = parse_edit(&schema(), text.as_bytes(), Operation::Merge, &options).unwrap_err();
    assert_eq!(
        errors[0].help.as_deref(),
        Some(
            "in an edit, write xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\" and nc:operation"
        )
    );
    let data = text.replace(
        "operation=",
        "xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\" nc:operation=",
    );
    let errors = read(&data).unwrap_err();
    assert_eq!(
        errors[0].help.as_deref(),
        Some("operation stands in edits, and these are data: leave it out")
    );
}
