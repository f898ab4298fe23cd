//! A patch replays exactly what it was made from.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::change::diff;
use crate::document::{Layout, Limits};
use crate::edit::{Edit, Operation};
use crate::error::{DataError, ErrorPath};
use crate::list::At;
use crate::node::Tree;
use crate::path::NoMounts;
use crate::testmodel::{Random, Recursive, annotated, path, random_tree, schema};
use crate::value::Value;

fn replayed(patch: &str, tree: &Tree) -> Result<Tree, DataError> {
    let mounts = Recursive(tree.schema().clone());
    from_yang_patch(tree.schema(), patch, &mounts)?.apply(tree)
}

fn edit(tree: &Tree, at: &str, value: Option<Value>, place: Option<At>) -> Tree {
    let at = path(tree.schema(), at);
    Edit::at_path(tree, &at, Operation::Merge, value, place, tree)
        .and_then(|edit| edit.apply(tree))
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_patch_is_readable_and_names_targets_as_restconf_does() {
    let old = Tree::empty(schema());
    let old = edit(
        &old,
        "/interfaces/interface{eth0}/mtu",
        Some(Value::Uint(1500)),
        None,
    );
    let old = edit(&old, "/acl/rule{a}", None, None);
    let old = edit(&old, "/acl/rule{b}", None, None);
    let old = edit(&old, "/server/port", Some(Value::Uint(1)), None);
    let new = edit(
        &old,
        "/interfaces/interface{eth0}/mtu",
        Some(Value::Uint(9000)),
        None,
    );
    let new = edit(&new, "/interfaces/interface{a/b}", None, None);
    let new = edit(&new, "/acl/rule{b}", None, Some(At::First));
    let new = edit(
        &new,
        "/acl/rule{c}",
        None,
        Some(At::After(vec![Value::string("b")])),
    );
    let new = edit(&new, "/server/udp-port", Some(Value::Uint(1)), None);
    let patch = to_yang_patch(&diff(&old, &new), "17", Layout::Compact).expect("it is JSON");
    insta::assert_snapshot!(patch.replace("{\"edit-id\"", "\n{\"edit-id\""), @r#"
    {"ietf-yang-patch:yang-patch":{"patch-id":"17","edit":[
    {"edit-id":"1","operation":"create","target":"/acme:interfaces/interface=a%2Fb","value":{"acme:interface":[{"name":"a/b"}]}},
    {"edit-id":"2","operation":"replace","target":"/acme:interfaces/interface=eth0/mtu","value":{"acme:mtu":9000}},
    {"edit-id":"3","operation":"move","target":"/acme:acl/rule=b","where":"first"},
    {"edit-id":"4","operation":"insert","target":"/acme:acl/rule=c","point":"/acme:acl/rule=b","where":"after","value":{"acme:rule":[{"name":"c"}]}},
    {"edit-id":"5","operation":"delete","target":"/acme:server/port"},
    {"edit-id":"6","operation":"create","target":"/acme:server/udp-port","value":{"acme:udp-port":1}}]}}
    "#);
    assert_eq!(replayed(&patch, &old), Ok(new));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn replaying_a_patch_gives_the_same_tree_and_its_reverse_gives_the_old_one(seed in 1u64..) {
        let schema = schema();
        let mut random = Random(seed);
        let mut old = random_tree(&schema, &mut random);
        let mut new = random_tree(&schema, &mut random);
        if random.chance(50) {
            let mut changes = diff(&old, &new);
            changes.changes.retain(|_| random.chance(40));
            new = changes.apply(&old).unwrap_or(new);
        }
        if random.chance(30) {
            new = annotated(&new, &mut random);
        }
        if random.chance(30) {
            old = annotated(&old, &mut random);
        }
        let changes = diff(&old, &new);
        let patch = to_yang_patch(&changes, "1", Layout::Compact).unwrap();
        let there = replayed(&patch, &old).unwrap();
        prop_assert!(there == new, "{}\nis left after\n{patch}", diff(&there, &new));
        let back = to_yang_patch(&changes.reverse(), "1", Layout::Compact).unwrap();
        let here = replayed(&back, &new).unwrap();
        prop_assert!(here == old, "{}\nis left after\n{back}", diff(&here, &old));
    }
}

#[test]
fn a_patch_that_does_not_fit_is_refused_with_the_edit_and_the_target() {
    let tree = Tree::empty(schema());
    let refused = |text: &str| match replayed(text, &tree) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => error.to_string(),
    };
    let patch = |edit: &str| {
        format!(
            r#"{{"ietf-yang-patch:yang-patch":{{"patch-id":"1","edit":[{{"edit-id":"e1",{edit}}}]}}}}"#
        )
    };
    insta::assert_snapshot!(refused("{"), @"/: the document ends inside of the object of line 1, column 1 (line 1, column 2); if nothing else is missing, add }; else get the whole document again");
    insta::assert_snapshot!(refused(&patch(r#""operation":"delete","target":"/acme:sytem""#)), @r#"/: edit e1: "/acme:sytem" is not a path: the top level has no sytem; perhaps system?"#);
    insta::assert_snapshot!(refused(&patch(r#""operation":"delete","target":"/acme:system""#)), @r#"/acme:system: the container system does not exist: it cannot be deleted; use remove to accept that it is absent"#);
    insta::assert_snapshot!(refused(&patch(r#""operation":"create","target":"/acme:system/hostname""#)), @r#"/acme:system/hostname: edit e1: the edit needs a value"#);
    insta::assert_snapshot!(refused(&patch(r#""operation":"create","target":"/acme:system/hostname","value":{"acme:blob":{}}"#)), @r#"/acme:system/hostname: edit e1: the value must be one instance of hostname, the target"#);
    insta::assert_snapshot!(refused(&patch(r#""operation":"create","target":"/acme:acl/chain=a","value":{"acme:chain":["a"],"@acme:chain":[{"acme:note":"x"}]}"#)), @r#"/acme:acl/chain=a: edit e1: annotations beside the target itself cannot be kept; make the node around it the target"#);
    insta::assert_snapshot!(refused(&patch(r#""operation":"move","target":"/acme:acl/rule=a","where":"after""#)), @r#"/acme:acl/rule=a: edit e1: where before or after needs a point"#);
    insta::assert_snapshot!(refused(&patch(r#""operation":"create","target":"/acme:acl/rule=a","value":{"acme:rule":[{"name":"b"}]}"#)), @r#"/acme:acl/rule=a: edit e1: the value must be the one entry that the target names"#);
}

#[test]
fn an_error_of_applying_a_patch_is_of_the_edit_with_that_target() {
    let schema = schema();
    let text = r#"{"ietf-yang-patch:yang-patch":{"patch-id":"1","edit":[
        {"edit-id":"all","operation":"remove","target":"/acme:acl"},
        {"edit-id":"one","operation":"delete","target":"/acme:acl/rule=a"},
        {"edit-id":"other","operation":"delete","target":"/acme:acl/rule=ab"}]}}"#;
    let named = |path: &str| {
        let path = ErrorPath(path.into());
        let limits = Limits::default();
        edit_at(&schema, text.as_bytes(), &limits, &NoMounts, &path)
    };
    assert_eq!(named("/acme:acl/rule[name='a']").as_deref(), Some("one"));
    assert_eq!(named("/acme:acl/rule[name='a']/x").as_deref(), Some("one"));
    assert_eq!(named("/acme:acl/rule[name='b']").as_deref(), Some("all"));
    assert_eq!(named("/acme:system"), None);
}

#[test]
fn a_patch_reaches_through_mount_points() {
    let schema = schema();
    let mut random = Random(5);
    let inner = Arc::new(random_tree(&schema, &mut random));
    let old = edit(&Tree::empty(schema.clone()), "/device{d}", None, None);
    let config = crate::testmodel::id(&schema, "/device{d}/config");
    let device = crate::testmodel::id(&schema, "/device{d}");
    let mounted = |tree: Arc<Tree>| {
        let entry = old.node_at(&path(&schema, "/device{d}")).cloned();
        let entry = entry.map(|entry| entry.with_child(config, Some(crate::Content::Mount(tree))));
        let list = entry.map(|entry| crate::List::of(entry, 1, Default::default()));
        old.with_root(
            old.root()
                .with_child(device, list.map(crate::Content::List)),
        )
    };
    let first = mounted(inner.clone());
    let changed = edit(&inner, "/system/hostname", Some(Value::string("x")), None);
    let second = mounted(Arc::new(changed));
    for (from, to) in [(&old, &first), (&first, &second), (&second, &old)] {
        let patch = to_yang_patch(&diff(from, to), "1", Layout::Compact).expect("it is JSON");
        assert_eq!(replayed(&patch, from).as_ref(), Ok(to), "{patch}");
    }
}

#[test]
fn a_patch_in_xml_does_the_same_as_in_json() {
    let schema = schema();
    let old = Tree::empty(schema.clone());
    let old = edit(
        &old,
        "/interfaces/interface{eth0}/mtu",
        Some(Value::Uint(1)),
        None,
    );
    let old = edit(&old, "/acl/rule{a}", None, None);
    let xml = r#"<yang-patch xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-patch">
      <patch-id>1</patch-id><comment>two</comment>
      <edit><edit-id>a</edit-id><operation>replace</operation>
        <target>/acme:interfaces/interface=eth0/mtu</target>
        <value><mtu xmlns="urn:acme">9000</mtu></value></edit>
      <edit><edit-id>b</edit-id><operation>insert</operation><target>/acme:acl/rule=b</target>
        <point>/acme:acl/rule=a</point><where>before</where>
        <value><rule xmlns="urn:acme"><name>b</name></rule></value></edit>
      <edit><edit-id>c</edit-id><operation>remove</operation><target>/acme:interfaces/interface=eth1</target></edit>
    </yang-patch>"#;
    let json = r#"{"ietf-yang-patch:yang-patch":{"patch-id":"1","edit":[
      {"edit-id":"a","operation":"replace","target":"/acme:interfaces/interface=eth0/mtu","value":{"acme:mtu":9000}},
      {"edit-id":"b","operation":"insert","target":"/acme:acl/rule=b","point":"/acme:acl/rule=a","where":"before",
       "value":{"acme:rule":[{"name":"b"}]}},
      {"edit-id":"c","operation":"remove","target":"/acme:interfaces/interface=eth1"}]}}"#;
    let read = |text: &str| {
        assert!(is_yang_patch(text.as_bytes()));
        from_document(
            &schema,
            text.as_bytes(),
            &Limits::default(),
            &Recursive(schema.clone()),
        )
    };
    let made = |text| read(text).unwrap().apply(&old).unwrap();
    assert_eq!(made(xml), made(json));
    assert_ne!(made(xml), old);
    for (wrong, error) in [
        (
            xml.replace(">insert<", ">isnert<"),
            "/: \"isnert\" is no operation of a YANG Patch (line 6, column 33); did you mean insert?",
        ),
        (
            xml.replace("<where>before</where>", "<wehre/>"),
            "/: a YANG Patch has no <wehre> here (line 7, column 40); did you mean <where>?",
        ),
        (
            xml.replace("<target>/acme:acl/rule=b</target>", ""),
            "/: the edit has no <target> (line 6, column 7)",
        ),
        (
            xml.replace(">9000<", ">big<"),
            "/acme:interfaces/interface[name='eth0']/mtu: edit a: \"big\" is not of type uint32; \
             write decimal digits, with a sign before them if need be",
        ),
    ] {
        assert_eq!(read(&wrong).unwrap_err()[0].to_string(), error);
    }
    for cut in 1..xml.len() {
        assert!(
            read_or_none(&schema, xml.get(..cut)).is_none_or(|read| read.is_err()),
            "{cut}"
        );
    }
    assert!(!is_yang_patch(b"<config/>") && !is_yang_patch(b"{\"a:b\":1}") && !is_yang_patch(b""));
}

fn read_or_none(schema: &Arc<Schema>, text: Option<&str>) -> Option<Result<Edit, Vec<DataError>>> {
    let text = text?;
    let mounts = Recursive(schema.clone());
    Some(from_document(
        schema,
        text.as_bytes(),
        &Limits::default(),
        &mounts,
    ))
}
