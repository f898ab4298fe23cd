use super::*;
use crate::error::ErrorKind;
use crate::path::Select;
use crate::sample::schema;
use crate::value::Value;

fn printed(invocation: &Invocation, encoding: Encoding) -> String {
    let mut out = Vec::new();
    let options = PrintOptions::default();
    print_invocation(&schema(), invocation, encoding, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn an_rpc_reads_and_prints_in_both_encodings() {
    let options = ParseOptions::default();
    let xml = r#"<ping xmlns="urn:net"><to>here</to></ping>"#;
    let json = r#"{"net:ping":{"to":"here"}}"#;
    let call = parse_rpc(&schema(), Encoding::Xml, xml.as_bytes(), &options).unwrap();
    assert!(call.path.steps.is_empty());
    assert_eq!(printed(&call, Encoding::Xml), xml);
    assert_eq!(printed(&call, Encoding::Json), json);
    let call = parse_rpc(&schema(), Encoding::Json, json.as_bytes(), &options).unwrap();
    assert_eq!(printed(&call, Encoding::Xml), xml);
    let empty = parse_rpc(
        &schema(),
        Encoding::Xml,
        b"<ping xmlns='urn:net'/>",
        &options,
    )
    .unwrap();
    assert!(empty.content.root().slots().is_empty());
}

#[test]
fn an_unknown_rpc_or_parameter_is_refused() {
    let refused = |xml: &str| {
        let options = ParseOptions::default();
        let errors = parse_rpc(&schema(), Encoding::Xml, xml.as_bytes(), &options).unwrap_err();
        errors[0].to_string()
    };
    assert_eq!(
        refused("<pnig xmlns='urn:net'/>"),
        "/: module net has no rpc pnig here (line 1, column 1); did you mean <ping>?"
    );
    assert_eq!(
        refused("<ping xmlns='urn:net'><from/></ping>"),
        "/net:ping: module net has no node from in the input input (line 1, column 23)"
    );
    assert!(refused("<net xmlns='urn:net'/>").contains("does not lead to a rpc"));
    assert!(refused(" ").contains("names no rpc"));
    assert!(refused("<ping xmlns='urn:net'/><ping xmlns='urn:net'/>").contains("a second rpc"));
}

#[test]
fn an_action_is_found_through_the_keys_around_it() {
    let xml = concat!(
        r#"<action xmlns="urn:ietf:params:xml:ns:yang:1"><net xmlns="urn:net"><link><name>eth0</name>"#,
        r#"<reset><delay>3</delay></reset></link></net></action>"#
    );
    let call = parse_action(&schema(), xml.as_bytes(), &ParseOptions::default()).unwrap();
    assert_eq!(&*schema().node(call.id).name, "reset");
    assert_eq!(call.path.steps.len(), 2);
    assert_eq!(
        call.path.steps[1].select,
        Select::Keys(vec![Value::string("eth0")])
    );
    assert_eq!(printed(&call, Encoding::Xml), xml);
    let keyless = xml.replace("<name>eth0</name>", "");
    let errors = parse_action(&schema(), keyless.as_bytes(), &ParseOptions::default()).unwrap_err();
    assert_eq!(errors[0].kind, ErrorKind::MissingElement);
    let busy = xml.replace("<name>", "<mtu>70</mtu><name>");
    assert!(parse_action(&schema(), busy.as_bytes(), &ParseOptions::default()).is_err());
}

#[test]
fn parameters_read_and_print_in_both_encodings() {
    let schema = schema();
    let module = schema.module_by_name("net").unwrap();
    let ping = schema.rpc(module, "ping").unwrap();
    let part = output(&schema, ping).unwrap();
    let options = ParseOptions::default();
    let read = |encoding, text: &str| {
        parse_parameters(&schema, part, encoding, text.as_bytes(), &options).unwrap()
    };
    let write = |tree: &Tree, encoding| {
        let mut out = Vec::new();
        print_parameters(tree, encoding, &PrintOptions::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let xml = r#"<ms xmlns="urn:net">5</ms>"#;
    let json = r#"{"net:output":{"ms":5}}"#;
    for tree in [
        read(Encoding::Xml, xml),
        read(Encoding::Json, json),
        read(Encoding::Json, r#"{"net:ms":5}"#),
        read(Encoding::Json, r#"{"ms":5}"#),
    ] {
        assert_eq!(tree.root().id(), part);
        assert_eq!(write(&tree, Encoding::Xml), xml);
        assert_eq!(write(&tree, Encoding::Json), json);
    }
}

#[test]
fn a_notification_reads_and_prints_in_both_encodings() {
    let options = ParseOptions::default();
    let xml = r#"<lost xmlns="urn:net"><link>eth0</link></lost>"#;
    let event = parse_notification(&schema(), Encoding::Xml, xml.as_bytes(), &options).unwrap();
    assert_eq!(event.content.root().id(), event.id);
    assert_eq!(printed(&event, Encoding::Xml), xml);
    let json = printed(&event, Encoding::Json);
    assert_eq!(json, r#"{"net:lost":{"link":"eth0"}}"#);
    let event = parse_notification(&schema(), Encoding::Json, json.as_bytes(), &options).unwrap();
    assert_eq!(printed(&event, Encoding::Xml), xml);
}
