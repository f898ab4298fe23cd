//! Rules that fit nothing, and what they are told to be.

use super::super::policy::Policy;
use super::super::stray::{new_strays, strays};
use super::table::model;
use super::*;

const SITE: &str = "module site { yang-version 1.1; namespace urn:site; prefix si;
  import ietf-yang-schema-mount { prefix yangmnt; }
  list device { key name; leaf name { type string; } container config { yangmnt:mount-point d; } } }";

fn policy_of(schema: &Arc<Schema>, rules: &[(&str, &str)]) -> Policy {
    let rules: String = rules
        .iter()
        .map(|(name, what)| format!("<rule><name>{name}</name>{what}<action>deny</action></rule>"))
        .collect();
    let text = format!(
        "<nacm xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-acm'>
         <rule-list><name>l</name><group>g</group>{rules}</rule-list></nacm>"
    );
    Policy::of(&data(schema, &text), false).unwrap()
}

fn told(schema: &Arc<Schema>, rules: &[(&str, &str)]) -> String {
    let found = strays(&policy_of(schema, rules), schema);
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn path(path: &str) -> String {
    format!("<path>{path}</path>")
}

#[test]
fn a_path_that_leads_nowhere_is_told_with_its_step_and_the_nearest_name() {
    let paths = [
        ("top", "/acme:syss/name"),
        ("child", "/acme:sys/nmae"),
        ("other-module", "/acme:sys/extra-x"),
        ("prefix", "/acne:sys"),
        ("elsewhere", "/acme:sys/own"),
        ("action", "/acme:item/pokes"),
        ("key", "/acme:item[ident='1']/value"),
        ("keys", "/acme:pair[c='1']"),
        ("value", "/acme:item[id='one']"),
        ("no-list", "/acme:sys[name='x']"),
    ];
    let rules: Vec<(&str, String)> = paths
        .iter()
        .map(|(name, text)| (*name, path(text)))
        .collect();
    let rules: Vec<(&str, &str)> = rules.iter().map(|(name, text)| (*name, &**text)).collect();
    insta::assert_snapshot!(told(&model(), &rules), @"
    rule top of rule-list l fits nothing in the loaded modules: its path /acme:syss/name ends at step 1, acme:syss: there is no such node at the top; did you mean acme:sys?
    rule child of rule-list l fits nothing in the loaded modules: its path /acme:sys/nmae ends at step 2, nmae: there is no such node in /acme:sys; did you mean name?
    rule other-module of rule-list l fits nothing in the loaded modules: its path /acme:sys/extra-x ends at step 2, extra-x: there is no such node in /acme:sys; did you mean other:extra?
    rule prefix of rule-list l fits nothing in the loaded modules: its path /acne:sys ends at step 1, acne:sys: no loaded module has the name or the prefix acne; did you mean acme:sys?
    rule elsewhere of rule-list l fits nothing in the loaded modules: its path /acme:sys/own ends at step 2, own: there is no such node in /acme:sys
    rule action of rule-list l fits nothing in the loaded modules: its path /acme:item/pokes ends at step 2, pokes: there is no such node in /acme:item; did you mean poke?
    rule key of rule-list l fits nothing in the loaded modules: its path /acme:item[ident='1']/value ends at step 1, acme:item: ident is no key of it: the only one is id
    rule keys of rule-list l fits nothing in the loaded modules: its path /acme:pair[c='1'] ends at step 1, acme:pair: c is no key of it: they are a, b
    rule value of rule-list l fits nothing in the loaded modules: its path /acme:item[id='one'] ends at step 1, acme:item: 'one' can be no value of id
    rule no-list of rule-list l fits nothing in the loaded modules: its path /acme:sys[name='x'] ends at step 1, acme:sys: sys is no list and has no keys
    ");
}

#[test]
fn names_of_modules_rpcs_and_notifications_are_looked_for_too() {
    let rules = [
        ("module", "<module-name>acmi</module-name>"),
        (
            "rpc",
            "<module-name>acme</module-name><rpc-name>rebot</rpc-name>",
        ),
        ("any", "<rpc-name>restart</rpc-name>"),
        (
            "event",
            "<module-name>acme</module-name><notification-name>alarms</notification-name>",
        ),
    ];
    insta::assert_snapshot!(told(&model(), &rules), @"
    rule module of rule-list l fits nothing in the loaded modules: no module acmi is loaded; did you mean acme?
    rule rpc of rule-list l fits nothing in the loaded modules: rpc-name is rebot, but module acme has no such rpc; did you mean reboot?
    rule any of rule-list l fits nothing in the loaded modules: rpc-name is restart, but no loaded module has such a thing
    rule event of rule-list l fits nothing in the loaded modules: notification-name is alarms, but module acme has no such notification; did you mean alarm?
    ");
}

#[test]
fn rules_that_fit_something_are_not_told() {
    let paths = [
        "/",
        "/acme:sys",
        "/ac:sys/ot:extra",
        "/acme:item[id='1']/value",
        "/acme:item/poke",
        "/acme:item/moved",
        "/acme:pair[a=$USER]",
        "/acme:item[id=$USER]",
        "/acme:tag[.='red']",
        "/nacm:nacm/groups",
    ];
    let rules: Vec<(&str, String)> = paths.iter().map(|text| (*text, path(text))).collect();
    let mut rules: Vec<(&str, &str)> = rules.iter().map(|(name, text)| (*name, &**text)).collect();
    rules.extend([
        ("all", "<module-name>*</module-name>"),
        (
            "rpc",
            "<module-name>acme</module-name><rpc-name>reboot</rpc-name>",
        ),
        ("any-rpc", "<rpc-name>reboot</rpc-name>"),
        ("rpcs", "<rpc-name>*</rpc-name>"),
        ("event", "<notification-name>alarm</notification-name>"),
    ]);
    assert_eq!(told(&model(), &rules), "");
}

#[test]
fn what_may_be_mounted_is_not_looked_for() {
    let schema = schema(&[SITE]);
    let below = path("/si:device/config/webserver:wsConfig");
    let rules = [
        ("below", &*below),
        ("module", "<module-name>webserver</module-name>"),
        ("event", "<notification-name>ws-failed</notification-name>"),
    ];
    assert_eq!(told(&schema, &rules), "");
    let above = path("/si:device/confg/webserver:wsConfig");
    assert!(told(&schema, &[("above", &above)]).contains("did you mean config?"));
}

#[test]
fn only_what_a_change_brings_is_told_of_it() {
    let schema = model();
    let (one, other) = (path("/acme:one"), path("/acme:other"));
    let before = policy_of(&schema, &[("a", &one), ("b", &one)]);
    let after = policy_of(&schema, &[("b", &one), ("a", &other), ("c", "")]);
    let found = new_strays(&before, &after, &schema);
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("rule a of rule-list l"), "{lines:?}");
}
