//! Datastores as documents in files: golden texts, parts, modules, and that what is written is read again.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use banyan_data::Tree;
use banyan_data::document::{Encoding, Layout, ParseOptions};
use banyan_data::edit::Operation;
use banyan_data::path::InstancePath;
use banyan_data::store::{Form, ModuleState, Splits, delta, links, print, print_part, read};
use banyan_data::xml::parse_edit;
use banyan_testkit::{dice, edit};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;
use proptest::prelude::*;

const MODEL: &str = r#"
module m {
  yang-version 1.1;
  namespace "urn:m";
  prefix m;
  import clixon-lib { prefix cl; }
  revision 2026-01-02;
  container top {
    leaf a { type string; default "unset"; }
    container empty { leaf never { type string; } }
    list mylist {
      key name;
      leaf name { type string; }
      leaf note { type string; }
      container root {
        cl:xmldb-split;
        leaf v { type string; }
        list deep {
          key k;
          leaf k { type uint8; }
          container in { cl:xmldb-split; leaf w { type string; } }
        }
      }
    }
    list row { cl:xmldb-split; key "id"; leaf id { type uint8; } leaf text { type string; } }
    list seq {
      ordered-by user;
      key n;
      leaf n { type uint8; }
      container root { presence "p"; cl:xmldb-split; leaf v { type string; } }
    }
  }
  container box { cl:xmldb-split; leaf-list tag { type string; } }
}
"#;

/// Adds to the model of the other, with names that are there already.
const OTHER: &str = r#"
module o {
  namespace "urn:o";
  prefix o;
  import clixon-lib { prefix cl; }
  import m { prefix m; }
  augment /m:top { container more { leaf x { type int8; } } }
  augment /m:top/m:mylist/m:root { leaf v { type string; } }
  container box { cl:xmldb-split; leaf other { type string; } }
}
"#;

fn schema() -> Arc<Schema> {
    static SCHEMA: OnceLock<Arc<Schema>> = OnceLock::new();
    let compiled = || {
        let mut source = MemorySource::new();
        source.add(MODEL);
        source.add(OTHER);
        source.add(
            banyan_yang::embedded::find("clixon-lib", None)
                .unwrap()
                .text,
        );
        let compiler = Compiler::new(&source).implement("m", None);
        compiler.implement("o", None).compile().unwrap().schema
    };
    SCHEMA.get_or_init(compiled).clone()
}

fn edited(tree: &Tree, xml: &str) -> Tree {
    let options = ParseOptions::default();
    let edit = parse_edit(tree.schema(), xml.as_bytes(), Operation::Merge, &options);
    edit.unwrap().apply(tree).unwrap()
}

fn tree(xml: &str) -> Tree {
    edited(&Tree::empty(schema()), xml)
}

fn whole(tree: &Tree, encoding: Encoding, layout: Layout, modules: bool) -> String {
    let state = ModuleState::of(tree.schema(), "42");
    let form = Form {
        encoding,
        layout,
        modules: modules.then_some(&state),
        links: None,
    };
    let mut out = Vec::new();
    print(tree, &form, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn data() -> Tree {
    tree(
        r#"<top xmlns="urn:m"><a>x &lt; y</a>
           <mylist><name>b</name></mylist><mylist><name>a</name><root><v>1</v><v xmlns="urn:o">2</v></root></mylist>
           <more xmlns="urn:o"><x>-1</x></more></top>"#,
    )
}

#[test]
fn xml_is_in_clixons_layout() {
    insta::assert_snapshot!(whole(&data(), Encoding::Xml, Layout::Indented(3), false), @r#"
    <config>
       <top xmlns="urn:m">
          <a>x &lt; y</a>
          <mylist>
             <name>a</name>
             <root>
                <v>1</v>
                <v xmlns="urn:o">2</v>
             </root>
          </mylist>
          <mylist>
             <name>b</name>
          </mylist>
          <more xmlns="urn:o">
             <x>-1</x>
          </more>
       </top>
    </config>
    "#);
    let text = whole(&data(), Encoding::Xml, Layout::Indented(3), false);
    assert!(text.ends_with("</config>\n"));
    let none = Tree::empty(schema());
    assert_eq!(
        whole(&none, Encoding::Xml, Layout::Indented(3), false),
        "<config/>\n"
    );
    assert_eq!(
        whole(&none, Encoding::Xml, Layout::Compact, false),
        "<config/>"
    );
    assert_eq!(
        whole(&none, Encoding::Json, Layout::Compact, false),
        "{\"config\":{}}"
    );
}

#[test]
fn json_is_in_clixons_layout_and_has_no_defaults() {
    insta::assert_snapshot!(whole(&data(), Encoding::Json, Layout::Indented(3), false), @r#"
    {
       "config": {
          "m:top": {
             "a": "x < y",
             "mylist": [
                {
                   "name": "a",
                   "root": {
                      "v": "1",
                      "o:v": "2"
                   }
                },
                {
                   "name": "b"
                }
             ],
             "o:more": {
                "x": -1
             }
          }
       }
    }
    "#);
}

#[test]
fn the_modules_stand_at_the_end() {
    let tree = tree("<box xmlns=\"urn:m\"><tag>t</tag></box>");
    insta::assert_snapshot!(whole(&tree, Encoding::Xml, Layout::Indented(3), true), @r#"
    <config>
       <box xmlns="urn:m">
          <tag>t</tag>
       </box>
       <yang-library xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library">
          <module-set>
             <name>top</name>
             <module>
                <name>clixon-lib</name>
                <revision>2026-11-27</revision>
                <namespace>http://clicon.org/lib</namespace>
             </module>
             <module>
                <name>m</name>
                <revision>2026-01-02</revision>
                <namespace>urn:m</namespace>
             </module>
             <module>
                <name>o</name>
                <namespace>urn:o</namespace>
             </module>
          </module-set>
          <content-id>42</content-id>
       </yang-library>
    </config>
    "#);
    let json = whole(&tree, Encoding::Json, Layout::Compact, true);
    insta::assert_snapshot!(json, @r#"{"config":{"m:box":{"tag":["t"]},"ietf-yang-library:yang-library":{"module-set":[{"name":"top","module":[{"name":"clixon-lib","revision":"2026-11-27","namespace":"http://clicon.org/lib"},{"name":"m","revision":"2026-01-02","namespace":"urn:m"},{"name":"o","namespace":"urn:o"}]}],"content-id":"42"}}}"#);
}

#[test]
fn every_form_is_read_as_it_was_written() {
    let none = BTreeMap::new();
    for encoding in [Encoding::Xml, Encoding::Json] {
        for layout in [Layout::Compact, Layout::Indented(3)] {
            for modules in [false, true] {
                let text = whole(&data(), encoding, layout, modules);
                let stored = read(&schema(), text.as_bytes(), &none, &Default::default());
                let stored = stored.unwrap();
                assert_eq!(stored.tree, data(), "{text}");
                let wanted = modules.then(|| ModuleState::of(&schema(), "42"));
                assert_eq!(stored.modules, wanted, "{text}");
                let stated = banyan_data::store::stated(text.as_bytes(), &Default::default());
                assert_eq!(stated.unwrap(), wanted, "{text}");
            }
        }
    }
    for empty in ["", " \n", "<config/>", "<config></config>"] {
        let stored = read(&schema(), empty.as_bytes(), &none, &Default::default());
        assert_eq!(stored.unwrap().tree, Tree::empty(schema()));
    }
}

#[test]
fn the_older_list_of_modules_is_read_too() {
    let text = r#"<config><modules-state xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library">
      <module-set-id>7</module-set-id>
      <module><name>z</name><revision/><namespace>urn:z</namespace></module>
      <module><name>a</name><revision>2020-01-01</revision><namespace>urn:a</namespace></module>
      </modules-state></config>"#;
    let stored = read(
        &schema(),
        text.as_bytes(),
        &BTreeMap::new(),
        &Default::default(),
    )
    .unwrap();
    let modules = stored.modules.unwrap();
    assert_eq!(modules.content_id, "7");
    let names: Vec<_> = modules
        .modules
        .iter()
        .map(|module| {
            (
                &*module.name,
                module.revision.as_deref(),
                &*module.namespace,
            )
        })
        .collect();
    assert_eq!(
        names,
        [("a", Some("2020-01-01"), "urn:a"), ("z", None, "urn:z")]
    );
}

#[test]
fn what_is_no_file_of_a_datastore_may_not_link() {
    let text = r#"<box xmlns="urn:m" xmlns:cl="http://clicon.org/lib" cl:link="a1.xml"/>"#;
    let options = ParseOptions::default();
    banyan_data::xml::parse_data(&schema(), text.as_bytes(), &options).unwrap_err();
}

/// The files of a split datastore, as a keeper has them.
#[derive(Default)]
struct Files {
    main: String,
    /// Texts of parts by path.
    parts: BTreeMap<String, String>,
}

const LAYOUT: Layout = Layout::Indented(3);

impl Files {
    fn name(xpath: &str) -> String {
        // As good as a digest here: no two paths have the same.
        let hex: String = xpath.bytes().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex}.xml")
    }

    fn write(&mut self, splits: &Splits, old: &Tree, new: &Tree) -> (bool, Vec<String>) {
        let changes = delta(splits, old, new);
        for part in &changes.changed {
            let mut out = Vec::new();
            print_part(part, LAYOUT, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            self.parts.insert(part.xpath.clone(), text);
        }
        for gone in &changes.gone {
            assert!(self.parts.remove(gone).is_some(), "{gone} was there");
        }
        if changes.main || self.main.is_empty() {
            self.main = Files::print(splits, new);
        }
        let names = changes.changed.iter().map(|part| part.xpath.clone());
        (changes.main, names.collect())
    }

    fn print(splits: &Splits, tree: &Tree) -> String {
        let all = delta(splits, &Tree::empty(tree.schema().clone()), tree);
        let names: Vec<String> = all
            .changed
            .iter()
            .map(|it| Files::name(&it.xpath))
            .collect();
        let form = Form {
            encoding: Encoding::Xml,
            layout: LAYOUT,
            modules: None,
            links: Some((splits, &names)),
        };
        let mut out = Vec::new();
        print(tree, &form, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn read(&self, schema: &Arc<Schema>) -> Tree {
        let options = ParseOptions::default();
        let named = links(self.main.as_bytes(), &options).unwrap();
        let mut parts = BTreeMap::new();
        for (xpath, text) in &self.parts {
            parts.insert(Files::name(xpath), text.clone().into_bytes());
        }
        let mut names: Vec<_> = parts.keys().cloned().collect();
        let mut sorted = named.clone();
        names.sort();
        sorted.sort();
        assert_eq!(names, sorted);
        let stored = read(schema, self.main.as_bytes(), &parts, &options);
        stored
            .unwrap_or_else(|errors| panic!("{errors:?}\n{}", self.main))
            .tree
    }
}

#[test]
fn split_nodes_are_links_and_their_files_hold_the_children_alone() {
    let splits = Splits::default();
    let tree = tree(
        r#"<top xmlns="urn:m"><mylist><name>x</name><root><v>foo</v><v xmlns="urn:o">bar</v></root></mylist>
           <row><id>2</id></row><seq><n>1</n><root/></seq></top>
           <box xmlns="urn:m"><tag>t</tag></box><box xmlns="urn:o"><other>u</other></box>"#,
    );
    let mut files = Files::default();
    files.write(&splits, &Tree::empty(schema()), &tree);
    let shown = |xpath: &str| files.main.replace(&Files::name(xpath), "X");
    assert!(
        shown("/top/mylist[name=\"x\"]/root")
            .contains("         <root xmlns:cl=\"http://clicon.org/lib\" cl:link=\"X\"/>\n")
    );
    let part = |xpath: &str| files.parts[xpath].as_str();
    assert_eq!(
        part("/top/mylist[name=\"x\"]/root"),
        "<v>foo</v>\n<v xmlns=\"urn:o\">bar</v>\n"
    );
    assert_eq!(part("/top/row[id=\"2\"]"), "<id>2</id>\n");
    assert_eq!(part("/box"), "<tag>t</tag>\n");
    // The same path in another module is another file.
    assert_eq!(part("/o:box"), "<other>u</other>\n");
    // Without children there is nothing to split off.
    assert!(files.main.contains("<root/>"), "{}", files.main);
    assert_eq!(files.parts.len(), 4);
    assert_eq!(files.read(&schema()), tree);
}

#[test]
fn only_what_changed_is_written() {
    let splits = Splits::default();
    let entries: String = (0..50)
        .map(|n| format!("<mylist><name>{n}</name><root><v>{n}</v></root></mylist>"))
        .collect();
    let before = tree(&format!("<top xmlns=\"urn:m\">{entries}</top>"));
    let mut files = Files::default();
    let (_, all) = files.write(&splits, &Tree::empty(schema()), &before);
    assert_eq!(all.len(), 50);
    let inside =
        "<top xmlns=\"urn:m\"><mylist><name>7</name><root><v>new</v></root></mylist></top>";
    let after = edited(&before, inside);
    let written = files.write(&splits, &before, &after);
    assert_eq!(
        written,
        (false, vec!["/top/mylist[name=\"7\"]/root".to_owned()])
    );
    let outside = edited(&after, "<top xmlns=\"urn:m\"><a>new</a></top>");
    assert_eq!(files.write(&splits, &after, &outside), (true, Vec::new()));
    assert_eq!(files.read(&schema()), outside);
}

#[test]
fn the_form_of_the_manual_is_read() {
    let main = r#"<config><top xmlns="urn:m"><mylist><name>x</name>
      <root xmlns:cl="http://clicon.org/lib" cl:link="35819a66.xml"/></mylist></top></config>"#;
    let part = "<config>\n  <v>foo</v>\n  <deep><k>1</k></deep>\n</config>\n";
    let parts = BTreeMap::from([("35819a66.xml".to_owned(), part.as_bytes().to_vec())]);
    let stored = read(&schema(), main.as_bytes(), &parts, &Default::default()).unwrap();
    let wanted = r#"<top xmlns="urn:m"><mylist><name>x</name><root><v>foo</v><deep><k>1</k></deep></root></mylist></top>"#;
    assert_eq!(stored.tree, tree(wanted));
}

#[test]
fn wrong_links_and_parts_are_explained() {
    let main = |link: &str| {
        format!(
            "<config><box xmlns=\"urn:m\" xmlns:cl=\"http://clicon.org/lib\" cl:link=\"{link}\"/></config>"
        )
    };
    for link in ["../../etc/passwd", "A.xml", ".xml", "a.json", "a/b.xml"] {
        let error = links(main(link).as_bytes(), &Default::default()).unwrap_err();
        assert!(error.message.contains(link), "{}", error.message);
    }
    let twice = main("a.xml").replace("</config>", "") + &main("a.xml").replace("<config>", "");
    assert!(links(twice.as_bytes(), &Default::default()).is_err());
    let wrong = |part: &str| {
        let parts = BTreeMap::from([("a.xml".to_owned(), part.as_bytes().to_vec())]);
        let errors = read(
            &schema(),
            main("a.xml").as_bytes(),
            &parts,
            &Default::default(),
        );
        let errors = errors.unwrap_err();
        let position = errors[0].position.map(|at| (at.line, at.column));
        (errors[0].message.clone(), position)
    };
    let (message, position) = wrong("<tag>t</tag>\n\n <nothing/>");
    assert!(message.starts_with("a.xml: "), "{message}");
    assert_eq!(position, Some((3, 2)));
    let (message, position) = wrong("<tag>t</tag>\n<tag>t</tag>");
    assert!(message.starts_with("a.xml: "), "{message}");
    assert_eq!(position.map(|at| at.0), Some(2));
    let nested = "<tag xmlns:cl=\"http://clicon.org/lib\" cl:link=\"b.xml\"/>";
    wrong(nested);
    let on_wrapper = main("a.xml").replace(
        "<config>",
        "<config xmlns:cl=\"http://clicon.org/lib\" cl:link=\"b.xml\">",
    );
    let parts = BTreeMap::from(["a.xml", "b.xml"].map(|name| (name.to_owned(), Vec::new())));
    let errors = read(
        &schema(),
        on_wrapper.as_bytes(),
        &parts,
        &Default::default(),
    )
    .unwrap_err();
    assert!(
        errors[0].message.contains("b.xml is linked to"),
        "{errors:?}"
    );
    let absent = read(
        &schema(),
        main("a.xml").as_bytes(),
        &BTreeMap::new(),
        &Default::default(),
    );
    assert!(absent.unwrap_err()[0].message.contains("missing"));
}

const MOUNTING: &str = r#"module dev {
  yang-version 1.1;
  namespace "urn:dev";
  prefix dev;
  import clixon-lib { prefix cl; }
  import ietf-yang-schema-mount { prefix mnt; }
  list device {
    key name;
    leaf name { type string; }
    container config { mnt:mount-point "device"; cl:xmldb-split; }
  }
}"#;

struct Everywhere(Arc<Schema>);

impl banyan_data::document::Mounts for Everywhere {
    fn schema_at(&self, _: &InstancePath) -> Option<Arc<Schema>> {
        Some(self.0.clone())
    }
}

#[test]
fn a_mounted_configuration_has_a_file_of_its_own_with_and_without_its_schema() {
    let mut source = MemorySource::new();
    source.add(MOUNTING);
    for module in banyan_yang::embedded::MODULES {
        source.add(module.text);
    }
    let outer = Compiler::new(&source).implement("dev", None).compile();
    let outer = outer.unwrap().schema;
    let mounts = Everywhere(schema());
    let text = r#"<config><device xmlns="urn:dev"><name>a</name><config><box xmlns="urn:m"><tag>t</tag></box><top xmlns="urn:m"><mylist><name>x</name><root><v>1</v></root></mylist></top></config></device></config>"#;
    for known in [true, false] {
        let options = ParseOptions {
            mounts: known.then_some(&mounts as &dyn banyan_data::document::Mounts),
            ..ParseOptions::default()
        };
        let tree = read(&outer, text.as_bytes(), &BTreeMap::new(), &options);
        let tree = tree.unwrap().tree;
        let splits = Splits::default();
        let mut files = Files::default();
        files.write(&splits, &Tree::empty(outer.clone()), &tree);
        let part = &files.parts["/device[name=\"a\"]/config"];
        assert!(part.starts_with("<"), "{part}");
        assert!(part.contains("<box xmlns=\"urn:m\">"), "{part}");
        assert_eq!(files.parts.len(), 1);
        let parts = BTreeMap::from([(
            Files::name("/device[name=\"a\"]/config"),
            part.clone().into_bytes(),
        )]);
        let again = read(&outer, files.main.as_bytes(), &parts, &options).unwrap();
        assert_eq!(again.tree, tree, "{known} {}", files.main);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_kept_in_parts_is_the_tree_and_what_did_not_change_is_not_written(dice in dice(40..400)) {
        let mut dice = dice;
        let splits = Splits::default();
        let mut files = Files::default();
        let mut at = Tree::empty(schema());
        files.write(&splits, &at, &at);
        for _ in 0..8 {
            let Ok(next) = edit(&at, &mut dice).apply(&at) else { continue };
            let (old_main, old_parts) = (files.main.clone(), files.parts.clone());
            let (main, changed) = files.write(&splits, &at, &next);
            prop_assert_eq!(&files.read(&schema()), &next);
            prop_assert_eq!(&files.main, &Files::print(&splits, &next));
            let full = delta(&splits, &Tree::empty(schema()), &next);
            prop_assert_eq!(full.changed.len(), files.parts.len());
            prop_assert!(main || old_main == files.main);
            // A part outside of the change is the same subtree in memory.
            let touched = banyan_data::change::diff(&at, &next).count();
            if touched == 0 {
                prop_assert_eq!(&old_parts, &files.parts);
            }
            for (xpath, text) in &files.parts {
                prop_assert!(changed.contains(xpath) || old_parts.get(xpath) == Some(text));
            }
            at = next;
        }
    }
}
