//! Rules 37 and 38: what leafrefs and instance-identifiers refer to.

use std::sync::Arc;

use banyan_yang::schema::Schema;

use super::{canonical, read_xml, takes_json};
use crate::fixture::{errors, module, schema};

// Rule 37.
#[test]
fn a_leafref_of_a_typedef_starts_at_the_leaf_that_uses_it() {
    let text = module(
        "typedef name { type leafref { path \"/t:ifs/t:if/t:name\"; } }
         container ifs { list if { key name; leaf name { type string; } leaf mtu { type uint16; } } }
         list use { key if; leaf if { type name; }
           leaf mtu2 { type leafref { path \"/ifs/if[name = current()/../if]/mtu\"; } } }",
    );
    let schema = schema(&[&text]);
    let ifs = "<ifs><if><name>a</name><mtu>1</mtu></if><if><name>b</name><mtu>2</mtu></if></ifs>";
    let check = |xml: &str| errors(&schema, &format!("{ifs}<use>{xml}</use>"));
    assert!(check("<if>a</if><mtu2>1</mtu2>").is_empty());
    assert_eq!(
        check("<if>a</if><mtu2>2</mtu2>"),
        ["InstanceRequired /t:use[if='a']/mtu2 instance-required"]
    );
    assert_eq!(
        check("<if>c</if>"),
        ["InstanceRequired /t:use[if='c']/if instance-required"]
    );
}

// Rule 37.
#[test]
fn what_a_leafref_refers_to_may_be_a_default_a_leaf_list_or_in_a_case_and_need_not_exist_if_the_model_says_so()
 {
    let schema = schema(&[&module(
        "container c { leaf d { type int8; default 3; } } leaf-list ll { type int8; }
         choice ch { case x { leaf inside { type int8; } } }
         leaf to-default { type leafref { path ../c/d; } }
         leaf to-list { type leafref { path ../ll; } }
         leaf-list to-case { type leafref { path ../inside; } }
         leaf chained { type leafref { path ../to-list; } }
         leaf loose { type leafref { path ../ll; require-instance false; } }",
    )]);
    assert!(
        errors(
            &schema,
            "<ll>1</ll><ll>+2</ll><inside>7</inside><to-default>3</to-default><to-list>02</to-list>
             <to-case>7</to-case><chained>2</chained><loose>9</loose>"
        )
        .is_empty()
    );
    assert_eq!(
        errors(
            &schema,
            "<to-default>4</to-default><to-list>2</to-list><to-case>7</to-case><chained>3</chained>"
        ),
        [
            "InstanceRequired /t:to-default instance-required",
            "InstanceRequired /t:to-list instance-required",
            "InstanceRequired /t:to-case[.='7'] instance-required",
            "InstanceRequired /t:chained instance-required",
        ]
    );
    // The type is the target's, whether or not an instance is required.
    assert!(read_xml(&schema, "<loose>128</loose>").is_err());
    assert!(read_xml(&schema, "<chained>x</chained>").is_err());
}

// Rule 37.
#[test]
fn with_several_keys_each_entry_refers_within_the_entry_that_its_own_keys_name() {
    let schema = schema(&[&module(
        "list l { key 'k j'; leaf k { type string; } leaf j { type int8; } leaf v { type string; } }
         list use { key n; leaf n { type int8; } leaf k { type leafref { path /l/k; } } leaf j { type leafref { path '/l[k = current()/../k]/j'; } }
           leaf v { type leafref { path '/l[k = current()/../k][j = current()/../j]/v'; } } }",
    )]);
    let list = "<l><k>a</k><j>1</j><v>x</v></l><l><k>a</k><j>2</j><v>y</v></l><l><k>b</k><j>3</j><v>z</v></l>";
    let check = |xml: &str| errors(&schema, &format!("{list}<use><n>1</n>{xml}</use>"));
    assert!(check("<k>a</k><j>2</j><v>y</v>").is_empty());
    assert_eq!(
        check("<k>a</k><j>2</j><v>x</v>"),
        ["InstanceRequired /t:use[n='1']/v instance-required"]
    );
    assert_eq!(
        check("<k>a</k><j>3</j>"),
        ["InstanceRequired /t:use[n='1']/j instance-required"]
    );
}

/// Things that instance-identifiers can refer to.
fn things() -> Arc<Schema> {
    schema(&[
        &module(
            "leaf a { type instance-identifier; } leaf loose { type instance-identifier { require-instance false; } }
             container c { leaf d { type int8; default 3; } }
             list l { key 'k j'; leaf k { type string; } leaf j { type int8; } leaf v { type string; } }
             leaf-list ll { type int8; } leaf state { config false; type int8; }
             list log { config false; leaf x { type int8; } }",
        ),
        "module u { yang-version 1.1; namespace urn:u; prefix u; import t { prefix t; } augment /t:c { leaf e { type string; } } }",
    ])
}

const THINGS: &str = "<c><u:e>e</u:e></c><l><k>x'y</k><j>5</j></l><ll>1</ll>";

// Rule 38.
#[test]
fn an_instance_identifier_has_prefixes_in_xml_and_names_of_modules_where_they_change_in_json() {
    let schema = things();
    for (xml, json) in [
        ("/t:c/u:e", "\"/t:c/u:e\""),
        ("/t:c/t:d", "\"/t:c/d\""),
        (
            "/t:l[t:j='+05'][ t:k = \"x'y\" ]/t:v",
            "\"/t:l[k=\\\"x'y\\\"][j='5']/v\"",
        ),
        ("/t:ll[.='01']", "\"/t:ll[.='1']\""),
        ("/t:log[2]/t:x", "\"/t:log[2]/x\""),
    ] {
        assert_eq!(canonical(&schema, xml).as_deref(), Some(json), "{xml}");
    }
    for wrong in [
        "",
        "c",
        "t:c",
        "/c",
        "/x:c",
        "/t:c/t:e",
        "/t:c/u:d",
        "/t:l",
        "/t:l[t:k='a']",
        "/t:l[t:k='a'][t:k='b']",
        "/t:l[t:k='a'][t:j='x']",
        "/t:ll",
        "/t:ll[.='300']",
        "/t:log[0]/t:x",
        "/t:c[1]",
        "/t:c/",
        "//t:c",
        "/t:c/t:*",
        "/t:l[t:v='a']",
    ] {
        assert_eq!(canonical(&schema, wrong), None, "{wrong}");
    }
    assert!(takes_json(&schema, "\"/t:c/t:d\""));
    assert!(!takes_json(&schema, "\"/c/d\"") && !takes_json(&schema, "\"/t:c/e\""));
}

// Rule 38.
#[test]
fn what_an_instance_identifier_refers_to_must_exist_and_be_configuration() {
    let schema = things();
    let check = |path: &str| errors(&schema, &format!("{THINGS}<a>{path}</a>"));
    for right in [
        "/t:c",
        "/t:c/u:e",
        "/t:c/t:d",
        "/t:l[t:k=\"x'y\"][t:j='5']",
        "/t:ll[.='1']",
        "/t:a",
    ] {
        assert!(check(right).is_empty(), "{right}");
    }
    for wrong in [
        "/t:l[t:k='z'][t:j='5']",
        "/t:ll[.='2']",
        "/t:loose",
        "/t:state",
        "/t:log[1]/t:x",
    ] {
        assert_eq!(
            check(wrong),
            ["InstanceRequired /t:a instance-required"],
            "{wrong}"
        );
    }
    assert!(errors(&schema, "<loose>/t:ll[.='2']</loose>").is_empty());
}
