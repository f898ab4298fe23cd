//! The four spellings: each reads what it prints, and says what is wrong with what it cannot read.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::lexical::Prefixes;
use crate::testmodel::{Recursive, schema};
use banyan_yang::schema::ModuleId;

struct ByPrefix;

impl Prefixes for ByPrefix {
    fn module(&self, schema: &Schema, prefix: Option<&str>) -> Option<ModuleId> {
        let prefix = prefix?;
        schema
            .modules()
            .find(|(id, _)| schema.xml_prefix(*id) == prefix)
            .map(|(id, _)| id)
    }
}

fn error(parsed: Result<InstancePath, PathError>) -> String {
    match parsed {
        Ok(path) => panic!("accepted: {path:?}"),
        Err(error) => format!("{error} {}", error.help.as_deref().unwrap_or_default()),
    }
}

#[test]
fn one_path_has_four_spellings() {
    let schema = schema();
    let mounts = Recursive(schema.clone());
    let json_text = "/acme:device[name='a/b c']/config/interfaces/interface[name='eth,0']/ipv4/address[ip='10.0.0.1'][port='']";
    let path = json::parse(&schema, json_text, &mounts).expect("valid");
    assert_eq!(
        json::print(&schema, &path, &mounts).as_deref(),
        Some(json_text)
    );
    let api = api_path::print(&schema, &path, &mounts).expect("keys only");
    assert_eq!(
        api,
        "/acme:device=a%2Fb%20c/config/interfaces/interface=eth%2C0/ipv4/address=10.0.0.1,"
    );
    assert_eq!(api_path::parse(&schema, &api, &mounts), Ok(path.clone()));
    let keys = keypath::print(&schema, &path, &mounts).expect("fits");
    assert_eq!(
        keys,
        "/device{\"a/b c\"}/config/interfaces/interface{eth,0}/ipv4/address{10.0.0.1 \"\"}"
    );
    assert_eq!(keypath::parse(&schema, &keys, &mounts), Ok(path.clone()));
    let xml = xpath::print(&schema, &path, &mounts).expect("fits");
    assert_eq!(
        xml.text,
        "/a:device[a:name='a/b c']/a:config/a:interfaces/a:interface[a:name='eth,0']/a:ipv4/a:address[a:ip='10.0.0.1'][a:port='']"
    );
    assert_eq!(xml.namespaces, [("a".to_owned(), Arc::from("urn:acme"))]);
    assert_eq!(
        xpath::parse(&schema, &xml.text, &ByPrefix, &mounts),
        Ok(path)
    );
}

#[test]
fn the_module_name_stands_at_the_top_and_where_the_module_changes() {
    let schema = schema();
    let path = json::parse(&schema, "/acme:system/more:more-note", &NoMounts).expect("valid");
    assert_eq!(
        json::print(&schema, &path, &NoMounts).as_deref(),
        Some("/acme:system/more:more-note")
    );
    let xml = xpath::print(&schema, &path, &NoMounts).expect("fits");
    assert_eq!(xml.text, "/a:system/m:more-note");
    assert!(json::parse(&schema, "/acme:system/more-note", &NoMounts).is_err());
}

#[test]
fn a_person_may_leave_modules_out_where_names_are_unambiguous() {
    let schema = schema();
    let wanted = json::parse(&schema, "/acme:system/more:more-note", &NoMounts).expect("valid");
    for text in [
        "/system/more-note",
        "system/more-note",
        "/a:system/m:more-note",
        "/acme:system/more-note/",
    ] {
        let parsed = parse(&schema, text.trim_end_matches('/'), &NoMounts);
        assert_eq!(parsed, Ok(wanted.clone()), "{text}");
    }
    let entry = parse(&schema, "/interfaces/interface[name=\"e\"]", &NoMounts);
    assert_eq!(parse(&schema, "/interfaces/interface{e}", &NoMounts), entry);
    assert_eq!(parse(&schema, "/interfaces/interface=e", &NoMounts), entry);
    assert_eq!(parse(&schema, "/", &NoMounts), Ok(InstancePath::default()));
}

#[test]
fn a_wrong_path_is_refused_with_the_reason_and_the_nearest_name() {
    let schema = schema();
    let wrong = |text| error(parse(&schema, text, &NoMounts));
    insta::assert_snapshot!(wrong("/interfaces/interfcae{e}"), @r#""/interfaces/interfcae{e}" is not a path: /acme:interfaces has no interfcae perhaps interface?"#);
    insta::assert_snapshot!(wrong("/interfaces/interface/mtu"), @r#""/interfaces/interface/mtu" is not a path: it passes through the list interface without saying which entry "#);
    insta::assert_snapshot!(wrong("/interfaces/interface{a b}"), @r#""/interfaces/interface{a b}" is not a path: list interface has the keys name, and 2 values are given "#);
    insta::assert_snapshot!(wrong("/system{x}"), @r#""/system{x}" is not a path: system is a container and takes no key "#);
    insta::assert_snapshot!(wrong("/interfaces/interface[name='a'"), @r#""/interfaces/interface[name='a'" is not a path: ] is missing at the end "#);
    insta::assert_snapshot!(wrong("/interfaces/interface{a"), @r#""/interfaces/interface{a" is not a path: a brace is not closed "#);
    insta::assert_snapshot!(wrong("/interfaces/interface=%zz"), @r#""/interfaces/interface=%zz" is not a path: a percent-encoding is not two hexadecimal digits, or not UTF-8 "#);
    insta::assert_snapshot!(error(json::parse(&schema, "/system", &NoMounts)), @r#""/system" is not a path: system needs the name of its module in front, as in module:system "#);
}

#[test]
fn a_very_long_path_is_refused_and_does_no_harm() {
    let schema = schema();
    let text = "/device[name='x']/config".repeat(10_000);
    assert!(parse(&schema, &text, &Recursive(schema.clone())).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_key_survives_every_spelling(key in "\\PC{0,12}|['\"\n\t a{}\\[\\]=%/]{0,6}", other in "\\PC{0,6}|['\"\n\r]{0,4}") {
        let schema = schema();
        let address = parse(&schema, "/interfaces/interface{e}/ipv4/address", &NoMounts).expect("valid");
        let mut path = address;
        let keys = vec![Value::string(&key), Value::string(&other)];
        if let Some(step) = path.steps.last_mut() {
            step.select = Select::Keys(keys);
        }
        let api = api_path::print(&schema, &path, &NoMounts).expect("fits");
        prop_assert_eq!(api_path::parse(&schema, &api, &NoMounts), Ok(path.clone()));
        let text = keypath::print(&schema, &path, &NoMounts).expect("fits");
        prop_assert_eq!(keypath::parse(&schema, &text, &NoMounts), Ok(path.clone()));
        let json = json::print(&schema, &path, &NoMounts).expect("fits");
        prop_assert_eq!(json::parse(&schema, &json, &NoMounts), Ok(path.clone()));
        let xml = xpath::print(&schema, &path, &NoMounts).expect("fits");
        prop_assert_eq!(xpath::parse(&schema, &xml.text, &ByPrefix, &NoMounts), Ok(path.clone()));
        // A person need not say which spelling it is.
        for text in [api, text, json] {
            prop_assert_eq!(parse(&schema, &text, &NoMounts), Ok(path.clone()), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "[/a-z:{}='\"%\\[\\]., ]{0,40}") {
        let schema = schema();
        let _ = parse(&schema, &text, &NoMounts);
        let _ = keypath::parse(&schema, &text, &NoMounts);
        let _ = api_path::parse(&schema, &text, &NoMounts);
        let _ = json::parse(&schema, &text, &NoMounts);
    }
}
