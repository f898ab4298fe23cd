use std::sync::Arc;

use banyan_yang::schema::Schema;

use super::*;
use crate::document::{Mounts, ParseOptions, PrintOptions};
use crate::node::{Content, Tree};
use crate::path::{self, NoMounts};
use crate::sample::{XML, schema};
use crate::xml;

fn tree() -> Tree {
    xml::parse_data(&schema(), XML.as_bytes(), &ParseOptions::default()).unwrap()
}

fn printed(tree: &Tree) -> String {
    let mut out = Vec::new();
    xml::print(tree, &PrintOptions::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn selected(filter: &str) -> String {
    let filter = Subtree::parse(&schema(), filter.as_bytes(), &ParseOptions::default()).unwrap();
    // The schema of the tree is another compilation of the same modules, so ids are the same.
    printed(&filter.select(&tree()))
}

#[test]
fn an_empty_filter_selects_nothing_and_a_top_level_node_all_of_it() {
    assert_eq!(selected(""), "");
    assert_eq!(selected("<filter/>"), "");
    assert_eq!(
        selected(r#"<host xmlns="urn:net"/>"#),
        r#"<host xmlns="urn:net">a&lt;b</host>"#
    );
    let filter = Subtree::parse(&schema(), b"<net xmlns='urn:net'/>", &Default::default()).unwrap();
    let tree = tree();
    let (Content::Container(a), Content::Container(b)) = (
        &filter.select(&tree).root().slots()[0].content.clone(),
        &tree.root().slots()[1].content,
    ) else {
        panic!()
    };
    assert!(a.ptr_eq(b), "what is selected whole is shared");
}

#[test]
fn a_name_without_namespace_is_of_any_module() {
    let base = r#"<filter xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" type="subtree"><host/></filter>"#;
    assert_eq!(selected(base), r#"<host xmlns="urn:net">a&lt;b</host>"#);
    assert_eq!(
        selected("<host/>"),
        r#"<host xmlns="urn:net">a&lt;b</host>"#
    );
    assert_eq!(selected(r#"<host xmlns="urn:ext"/>"#), "");
    assert_eq!(selected("<nothing/>"), "");
}

#[test]
fn selection_inside_of_entries_keeps_their_keys() {
    assert_eq!(
        selected(r#"<net xmlns="urn:net"><link><mtu/></link></net>"#),
        r#"<net xmlns="urn:net"><link><name>eth0</name><mtu>1500</mtu></link></net>"#
    );
    assert_eq!(
        selected(r#"<net xmlns="urn:net"><link><name/></link></net>"#),
        r#"<net xmlns="urn:net"><link><name>eth0</name></link><link><name>eth1</name></link></net>"#
    );
}

#[test]
fn matches_alone_select_the_whole_instance() {
    assert_eq!(
        selected(
            r#"<net xmlns="urn:net"><link><name> eth1 </name></link><rule><id>+7</id></rule></net>"#
        ),
        r#"<net xmlns="urn:net"><link><name>eth1</name></link><rule><id>7</id><note>last is first</note></rule></net>"#
    );
    assert_eq!(
        selected(r#"<net xmlns="urn:net"><link><name>eth2</name></link></net>"#),
        ""
    );
    assert_eq!(
        selected(r#"<net xmlns="urn:net"><link><mtu>no number</mtu></link></net>"#),
        ""
    );
}

#[test]
fn matches_with_siblings_select_these_siblings() {
    assert_eq!(
        selected(r#"<net xmlns="urn:net"><link><mtu>1500</mtu><tag>red</tag><hop/></link></net>"#),
        r#"<net xmlns="urn:net"><link><name>eth0</name><mtu>1500</mtu><tag>red</tag><hop>9</hop><hop>1</hop></link></net>"#
    );
    assert_eq!(
        selected(r#"<net xmlns="urn:net"><link><mtu>1501</mtu><hop/></link></net>"#),
        ""
    );
}

#[test]
fn alternatives_are_joined_in_the_order_of_the_data() {
    assert_eq!(
        selected(
            r#"<net xmlns="urn:net"><rule><id>3</id></rule><rule><note/></rule><link><name>eth0</name><mtu/></link><link><name>eth0</name><up/></link></net>"#
        ),
        r#"<net xmlns="urn:net"><link><name>eth0</name><mtu>1500</mtu><up/></link><rule><id>7</id><note>last is first</note></rule><rule><id>3</id></rule></net>"#
    );
}

#[test]
fn a_broken_filter_is_an_error() {
    assert!(Subtree::parse(&schema(), b"<net", &ParseOptions::default()).is_err());
}

#[test]
fn pruning_keeps_instances_with_what_is_around_them() {
    let tree = tree();
    let prune = |paths: &[&str]| {
        let paths: Vec<_> = paths
            .iter()
            .map(|text| path::parse(tree.schema(), text, &NoMounts).unwrap())
            .collect();
        printed(&prune_to_paths(&tree, &paths))
    };
    assert_eq!(prune(&[]), "");
    assert_eq!(
        prune(&[
            "/net:net/link[name='eth0']/mtu",
            "/net:net/rule[id='3']",
            "/net:net/link[name='eth9']"
        ]),
        r#"<net xmlns="urn:net"><link><name>eth0</name><mtu>1500</mtu></link><rule><id>3</id></rule></net>"#
    );
    assert_eq!(
        prune(&[
            "/net:net/link[name='eth0']/hop[.='1']",
            "/net:net/link[name='eth0']/tag"
        ]),
        r#"<net xmlns="urn:net"><link><name>eth0</name><tag>blue</tag><tag>red</tag><hop>1</hop></link></net>"#
    );
}

struct SameSchema;

impl Mounts for SameSchema {
    fn schema_at(&self, _: &path::InstancePath) -> Option<Arc<Schema>> {
        Some(schema())
    }
}

#[test]
fn a_path_into_what_is_mounted_keeps_that_part_of_it() {
    let options = ParseOptions {
        mounts: Some(&SameSchema),
        ..ParseOptions::default()
    };
    let device = |inside: &str| format!("<net xmlns=\"urn:net\"><device>{inside}</device></net>");
    let host = "<host xmlns=\"urn:net\">x</host>";
    let link = "<net xmlns=\"urn:net\"><link><name>eth0</name><mtu>1500</mtu></link></net>";
    let both = device(&format!("{host}{link}"));
    let tree = xml::parse_data(&schema(), both.as_bytes(), &options).unwrap();
    let at = |text: &str| path::parse(tree.schema(), text, &tree).unwrap();
    let (host_path, net_path) = (
        at("/net:net/device/net:host"),
        at("/net:net/device/net:net"),
    );
    assert_eq!(
        printed(&restrict(&tree, std::slice::from_ref(&host_path))),
        device(host)
    );
    assert_eq!(
        printed(&restrict(&tree, &[host_path, net_path.clone()])),
        both
    );
    let cut = "<net xmlns=\"urn:net\"><link><name>eth0</name></link></net>";
    assert_eq!(printed(&prune_to_depth(&tree, [&net_path], 2)), device(cut));
}

fn fields(target: &str, expression: &str) -> String {
    let schema = schema();
    let target = match target {
        "" => Default::default(),
        target => path::parse(&schema, target, &NoMounts).unwrap(),
    };
    match Subtree::fields(&schema, &target, expression) {
        Ok(filter) => printed(&filter.select(&tree())),
        Err(error) => error.to_string(),
    }
}

#[test]
fn fields_select_what_they_name_with_the_keys_around_it() {
    assert_eq!(
        fields("", "net:host;net/rule/note"),
        "<host xmlns=\"urn:net\">a&lt;b</host><net xmlns=\"urn:net\"><rule><id>7</id><note>last is first</note></rule></net>"
    );
    let eth0 = "/net/link[name='eth0']";
    let of_eth0 = |inside: &str| {
        format!("<net xmlns=\"urn:net\"><link><name>eth0</name>{inside}</link></net>")
    };
    assert_eq!(fields(eth0, "mtu"), of_eth0("<mtu>1500</mtu>"));
    assert_eq!(
        fields(eth0, "stats(octets);mtu"),
        of_eth0("<mtu>1500</mtu><stats><octets>18446744073709551615</octets></stats>")
    );
    assert_eq!(
        fields(eth0, "ext:vendor"),
        of_eth0("<vendor xmlns=\"urn:ext\">acme</vendor>")
    );
}

#[test]
fn fields_that_are_wrong_say_where() {
    for (expression, expected) in [
        ("", "at character 1: a name is expected"),
        ("host;", "at character 6: a name is expected"),
        ("net(link", "at character 9: ')' is expected"),
        (
            "net/link)x",
            "at character 9: ';', '/' or the end is expected",
        ),
        (
            "net/lnk",
            "at character 5: the schema has no node lnk here; did you mean \"link\"?",
        ),
        ("host/x", "at character 6: host has no nodes inside"),
        (
            "net/device/x",
            "at character 12: fields cannot be selected inside of what is mounted here",
        ),
    ] {
        let found = fields("", expression);
        assert!(found.contains(expected), "{expression}: {found}");
    }
    let deep = "net(".repeat(100_000);
    assert!(fields("", &deep).contains("the schema has no node net here"));
}

#[test]
fn a_depth_cuts_below_and_keeps_keys_and_containers() {
    let tree = tree();
    let cut = |levels| printed(&to_depth(&tree, levels));
    assert_eq!(cut(0), "");
    assert_eq!(
        cut(1),
        "<host xmlns=\"urn:net\">a&lt;b</host><net xmlns=\"urn:net\"/>"
    );
    assert!(cut(2).contains("<link><name>eth0</name></link><link><name>eth1</name></link>"));
    assert!(cut(3).contains("<stats/>") && cut(3).contains("<mtu>1500</mtu>"));
    assert_eq!(cut(4), printed(&tree));
}

/// The test tree to a depth, by the same nodes as paths and as a filter.
fn both_to_depth(filter: &str, paths: &[&str], levels: usize) -> String {
    let tree = tree();
    let at = |text: &&str| path::parse(tree.schema(), text, &NoMounts).unwrap();
    let paths: Vec<_> = paths.iter().map(at).collect();
    let by_paths = printed(&prune_to_depth(&tree, &paths, levels));
    let filter = Subtree::parse(&schema(), filter.as_bytes(), &ParseOptions::default()).unwrap();
    assert_eq!(printed(&filter.select_to_depth(&tree, levels)), by_paths);
    by_paths
}

#[test]
fn a_node_and_a_deeper_one_are_both_there_to_their_depth() {
    let eth0 = "<name>eth0</name>";
    let octets = "<stats><octets/></stats>";
    let filter =
        format!("<net xmlns='urn:net'><link>{eth0}</link><link>{eth0}{octets}</link></net>");
    let link = "/net/link[name='eth0']";
    let deep = "/net/link[name='eth0']/stats/octets";
    let with = |inside: &str| format!("<net xmlns=\"urn:net\"><link>{eth0}{inside}</link></net>");
    let octets = "<stats><octets>18446744073709551615</octets></stats>";
    assert_eq!(both_to_depth(&filter, &[link, deep], 1), with(octets));
    let two = both_to_depth(&filter, &[link, deep], 2);
    assert!(
        two.contains(octets) && two.contains("<mtu>1500</mtu>"),
        "{two}"
    );

    // The same below a container that is selected: all entries to its depth, and of one of them more.
    let filter =
        format!("<net xmlns='urn:net'/><net xmlns='urn:net'><link>{eth0}<stats/></link></net>");
    let stats = "/net/link[name='eth0']/stats";
    let two = both_to_depth(&filter, &["/net", stats], 2);
    let links = format!("<link>{eth0}{octets}</link><link><name>eth1</name></link>");
    assert!(two.contains(&links), "{two}");
    let one = both_to_depth(&filter, &["/net", stats], 1);
    assert_eq!(one, with("<stats/>"));
    // Deep enough, depth is no matter.
    assert_eq!(
        both_to_depth(&filter, &["/net", stats], 9),
        printed(&prune_to_paths(
            &tree(),
            [&path::parse(&schema(), "/net", &NoMounts).unwrap()]
        ))
    );
}

#[test]
fn entries_of_one_list_keep_the_depth_that_their_own_filter_has() {
    // eth1 is selected by what it holds, eth0 is looked into: neither gets what the other asked for.
    let filter = "<net xmlns='urn:net'><link><name>eth1</name></link><link><name>eth0</name><stats/></link></net>";
    let tree = tree();
    let filter = Subtree::parse(&schema(), filter.as_bytes(), &ParseOptions::default()).unwrap();
    assert_eq!(
        printed(&filter.select_to_depth(&tree, 1)),
        "<net xmlns=\"urn:net\"><link><name>eth0</name><stats/></link><link><name>eth1</name></link></net>"
    );
}
