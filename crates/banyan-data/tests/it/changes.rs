//! What incremental validation finds after changes that are hard to follow.

use banyan_data::Tree;
use banyan_data::change::diff;
use banyan_data::validate::{Indexes, Mounts, Options, Report, changed, full, settle, settle_all};
use banyan_data::view::Scope;
use banyan_data::xpath::DEFAULT_BUDGET;

use crate::fixture::{data, module, schema, shown, to_xml};

/// From each valid one of these data to each other: what is found and switched off is what a look at everything finds,
/// and indexes are those that the result would get. Which of them are valid.
#[track_caller]
fn valid_among<T: AsRef<str>>(modules: &[&str], states: &[T]) -> Vec<bool> {
    let schema = schema(modules);
    let options = Options {
        errors: 1000,
        scope: Scope::Config,
        ..Options::default()
    };
    let sorted = |report: &Report| {
        let mut errors = shown(&report.errors);
        errors.sort();
        errors
    };
    let trees: Vec<Tree> = states
        .iter()
        .map(|xml| data(&schema, xml.as_ref()))
        .collect();
    let full: Vec<Report> = trees.iter().map(|tree| full(tree, &options)).collect();
    for (before, _) in trees.iter().zip(&full).filter(|(_, full)| full.is_valid()) {
        let indexes = Indexes::of(before, Mounts::Validate);
        for (after, full) in trees.iter().zip(&full) {
            let changes = diff(before, after);
            let moved = indexes.after(before, after);
            assert_eq!(moved, Indexes::of(after, Mounts::Validate), "{changes}");
            let found = changed(&changes, after, &moved, &options);
            assert_eq!(
                sorted(&found),
                sorted(full),
                "{}\n{changes}",
                to_xml(before)
            );
            let settled = settle(&changes, after, &moved, DEFAULT_BUDGET);
            let (pruned, _) = settle_all(after, DEFAULT_BUDGET);
            assert_eq!(to_xml(&settled.tree), to_xml(&pruned), "{changes}");
        }
    }
    full.iter().map(Report::is_valid).collect()
}

const AUGMENTING: &str = "module u { yang-version 1.1; namespace urn:u; prefix u; import t { prefix x; }
  identity red { base x:colour; }
  augment /x:top { leaf name { type leafref { path /x:top/x:l/x:k; } } leaf at { type instance-identifier; }
    list l { key k; leaf k { type leafref { path \"/x:top/x:l/x:k\"; } } leaf v { type uint8; default 2; }
      leaf w { type string; must \"not(/x:top/x:l[x:k=current()/../u:k]/x:v = ../u:v)\"; }
      leaf c { type identityref { base x:colour; } }
      leaf s { type string; must \"not(/x:top/x:p[x:c=current()/../u:c]/x:v = 2)\"; } } } }";

#[test]
fn modules_whose_nodes_have_the_same_names() {
    let text = module("identity colour; identity blue { base colour; }
      container top {
        leaf name { type string; }
        list l { key k; leaf k { type string; } leaf v { type uint8; default 1; } }
        list p { key c; leaf c { type identityref { base colour; } } leaf v { type uint8; } }
        list q { key c; leaf c { type string; } leaf m { type uint8; must \"not(/t:top/t:p[t:c=current()/../t:c]/t:v = .)\"; } }
        leaf blue { type uint8; must \"not(/t:top/t:p[t:c='blue']/t:v = .)\"; }
        leaf blue2 { type uint8; must \"not(/t:top/t:p[t:c='t:blue']/t:v = .)\"; }
      }");
    let states = [
        "",
        "<top><l><k>a</k></l><u:l><u:k>a</u:k><u:w>1</u:w></u:l></top>",
        "<top><l><k>a</k><v>2</v></l><u:l><u:k>a</u:k><u:w>1</u:w></u:l></top>",
        "<top><l><k>a</k></l><u:l><u:k>a</u:k><u:v>1</u:v><u:w>1</u:w></u:l></top>",
        "<top><u:l><u:k>a</u:k></u:l></top>",
        "<top><l><k>a</k></l><u:name>a</u:name><u:at>/t:top/t:l[t:k='a']/t:v</u:at></top>",
        "<top><u:name>a</u:name></top>",
        "<top><name>a</name><u:at>/t:top/t:l[t:k='a']/t:v</u:at></top>",
        "<top><l><k>a</k></l><u:l><u:k>a</u:k></u:l><u:at>/t:top/u:l[u:k='a']/u:v</u:at></top>",
        "<top><l><k>a</k></l><u:at>/t:top/u:l[u:k='a']/u:v</u:at></top>",
        "<top><l><k>a</k></l><u:l><u:k>a</u:k><u:c>u:red</u:c><u:s>1</u:s></u:l><p><c>u:red</c><v>1</v></p><p><c>t:blue</c><v>1</v></p></top>",
        "<top><l><k>a</k></l><u:l><u:k>a</u:k><u:c>u:red</u:c><u:s>1</u:s></u:l><p><c>u:red</c><v>2</v></p></top>",
        "<top><l><k>a</k></l><u:l><u:k>a</u:k><u:c>t:blue</u:c><u:s>1</u:s></u:l><p><c>t:blue</c><v>2</v></p></top>",
        "<top><blue>2</blue><p><c>t:blue</c><v>2</v></p></top>",
        "<top><blue>2</blue><p><c>t:blue</c><v>1</v></p></top>",
        "<top><blue2>2</blue2><p><c>t:blue</c><v>2</v></p></top>",
        "<top><blue2>2</blue2></top>",
        "<top><q><c>t:blue</c><m>2</m></q><p><c>t:blue</c><v>1</v></p></top>",
        "<top><q><c>t:blue</c><m>2</m></q><p><c>t:blue</c><v>2</v></p></top>",
        "<top><q><c>blue</c><m>2</m></q><p><c>t:blue</c><v>2</v></p></top>",
    ];
    let valid = valid_among(&[&text, AUGMENTING], &states);
    assert_eq!(valid.iter().filter(|valid| **valid).count(), 9);
}

#[test]
fn keys_in_other_spellings() {
    let text = module("
      list n { key k; leaf k { type uint8; } leaf v { type uint8; } }
      list d { key k; leaf k { type decimal64 { fraction-digits 2; } } leaf v { type uint8; } }
      list b { key k; leaf k { type boolean; } leaf v { type uint8; } }
      list y { key k; leaf k { type union { type uint8; type boolean; type string; } } leaf v { type uint8; } }
      list r { key k; leaf k { type string; }
        leaf a { type uint8; must \"not(/t:n[t:k='01']/t:v = .) and not(/t:n[t:k='1']/t:v = 9)\"; }
        leaf b { type uint8; must \"not(/t:n[t:k=1]/t:v = .)\"; }
        leaf c { type uint8; must \"not(/t:n[t:k=1.0]/t:v = .)\"; }
        leaf d { type uint8; must \"not(/t:d[t:k='1.50']/t:v = .) and not(/t:d[t:k='1.5']/t:v = 9)\"; }
        leaf e { type uint8; must \"not(/t:d[t:k=1.50]/t:v = .)\"; }
        leaf f { type uint8; must \"not(/t:b[t:k='true']/t:v = .)\"; }
        leaf g { type uint8; must \"not(/t:b[t:k=true()]/t:v = .)\"; }
        leaf h { type uint8; must \"not(/t:y[t:k='1']/t:v = .)\"; }
        leaf i { type uint8; must \"not(/t:y[t:k=current()/../t:k]/t:v = .)\"; }
        leaf j { type uint8; must \"not(/t:n[t:k=current()/../t:k]/t:v = .)\"; }
        leaf l { type uint8; must \"not(/t:d[t:k=current()/../t:k]/t:v = .)\"; }
        leaf m { type uint8; when \"not(/t:n[concat(t:k, '')=current()/../t:k]/t:v = 5)\"; }
      }");
    let lists = [
        ("n", "1", &["a", "b", "c", "j", "m"][..]),
        ("d", "1.5", &["d", "e", "l"]),
        ("d", "1", &["l"]),
        ("b", "true", &["f", "g"]),
        ("y", "1", &["h", "i"]),
        ("y", "01", &["h", "i"]),
        ("y", "true", &["i"]),
    ];
    let mut broken = 0;
    for (list, key, leaves) in lists {
        let mut states = Vec::new();
        for value in [2, 5, 9] {
            for leaf in leaves {
                states.extend(["1", "1.5", "true"].map(|k| {
                    format!("<{list}><k>{key}</k><v>{value}</v></{list}><r><k>{k}</k><{leaf}>2</{leaf}></r>")
                }));
            }
        }
        let valid = valid_among(&[&text], &states);
        broken += valid.iter().filter(|valid| !**valid).count();
    }
    assert_eq!(broken, 33);
}

#[test]
fn leafrefs_to_leafrefs_in_unions_and_in_keys() {
    let text = module("
      container c {
        list a { key k; leaf k { type uint8; } leaf v { type uint8; default 7; } }
        list b { key k; leaf k { type string; } leaf at { type instance-identifier; } }
        leaf-list many { type union { type leafref { path /t:c/t:a/t:k; } type leafref { path \"../t:b/t:k\"; } type leafref { path ../t:a/t:v; } } }
        leaf one { type leafref { path ../t:many; } }
        leaf deep { type leafref { path ../t:one; } }
        leaf at { type leafref { path ../t:b/t:at; } }
        leaf d { type uint8; must \"not(deref(../t:deep)/../t:many = current())\"; }
        leaf either { type union { type instance-identifier; type leafref { path ../t:b/t:k; } type uint8; } }
        list u { key k; unique 'm n'; leaf k { type leafref { path ../../t:b/t:k; } } leaf m { type leafref { path ../../t:a/t:k; } }
          leaf n { type union { type leafref { path ../../t:a/t:v; } type string; } default 7; } }
      }
      leaf-list w { type leafref { path /t:c/t:a/t:k; } default 1; }
    ");
    let states = [
        "<c><a><k>1</k></a></c>",
        "<c><a><k>1</k></a><b><k>1</k></b><many>1</many></c>",
        "<c><a><k>1</k></a><many>1</many></c>",
        "<c><a><k>1</k></a><b><k>2</k></b><many>2</many><one>2</one><deep>2</deep></c>",
        "<c><a><k>1</k></a><many>2</many></c>",
        "<c><a><k>1</k></a><many>7</many><many>1</many><one>7</one></c>",
        "<c><a><k>1</k><v>8</v></a><many>7</many></c>",
        "<c><a><k>1</k></a><many>1</many><one>1</one><deep>1</deep><d>1</d></c>",
        "<c><a><k>1</k></a><one>1</one></c>",
        "<c><a><k>1</k></a><many>7</many><one>1</one></c>",
        "<w>2</w><c><a><k>2</k></a></c>",
        "<w>2</w><c/>",
        "<c/>",
        "",
        "<c><a><k>1</k></a><b><k>x</k><at>/t:c/t:a[t:k='1']</at></b><at>/t:c/t:a[t:k='1']</at></c>",
        "<c><a><k>1</k></a><b><k>x</k></b><at>/t:c/t:a[t:k='1']</at></c>",
        "<c><a><k>1</k></a><b><k>x</k><at>/t:c/t:a[t:k='2']</at></b></c>",
        "<c><a><k>1</k></a><a><k>2</k></a><b><k>x</k><at>/t:c/t:a[t:k='2']</at></b></c>",
        "<c><a><k>1</k></a><b><k>x</k></b><either>/t:c/t:a[t:k='1']</either></c>",
        "<c><a><k>1</k></a><b><k>x</k></b><either>x</either></c>",
        "<c><a><k>1</k></a><either>x</either></c>",
        "<c><a><k>1</k></a><either>3</either></c>",
        "<c><a><k>1</k></a><b><k>x</k></b><b><k>y</k></b><u><k>x</k><m>1</m></u><u><k>y</k></u></c>",
        "<c><a><k>1</k></a><b><k>x</k></b><b><k>y</k></b><u><k>x</k><m>1</m></u><u><k>y</k><m>1</m></u></c>",
        "<c><a><k>1</k></a><b><k>x</k></b><b><k>y</k></b><u><k>x</k><m>1</m></u><u><k>y</k><m>1</m><n>z</n></u></c>",
        "<c><a><k>1</k><v>3</v></a><b><k>x</k></b><b><k>y</k></b><u><k>x</k><m>1</m></u><u><k>y</k><m>1</m><n>3</n></u></c>",
        "<c><a><k>1</k></a><b><k>x</k></b><u><k>x</k><m>1</m></u><u><k>y</k></u></c>",
    ];
    let valid = valid_among(&[&text], &states);
    assert_eq!(valid.iter().filter(|valid| **valid).count(), 14);
}

#[test]
fn constraints_beside_actions_and_notifications() {
    let text = module("
      list l { key k; leaf k { type string; } leaf v { type uint8; default 1; }
        action act { input { leaf k { type string; must \"/t:l[t:k=current()]/t:v = 1\"; } leaf x { type leafref { path /t:l/t:k; } } } output { leaf k { type string; when \"/t:l[t:k=current()/../../t:k]/t:v = 1\"; } } }
        notification note { leaf k { type leafref { path ../../t:k; } } leaf v { type uint8; must \"not(/t:l[t:k=current()/../t:k]/t:v = .)\"; } }
        leaf m { type string; must \"not(../act) and count(//t:k) < 4 and count(//t:v) < 4\"; }
        leaf n { type leafref { path /t:l/t:k; } must \"not(deref(.)/../t:v = 3)\"; } }
      rpc r { input { leaf v { type leafref { path /t:l/t:v; } } } }");
    let l = |k: &str, v: &str, rest: &str| format!("<l><k>{k}</k><v>{v}</v>{rest}</l>");
    let states = [
        String::new(),
        l("a", "1", "<m>1</m>"),
        l("a", "1", "<m>1</m>") + &l("b", "2", "<n>a</n>"),
        l("a", "3", "<m>1</m>") + &l("b", "2", "<n>a</n>"),
        l("b", "2", "<n>a</n>"),
        l("a", "1", "<m>1</m>") + &l("b", "2", "") + &l("c", "1", "") + &l("d", "1", ""),
    ];
    let valid = valid_among(&[&text], &states);
    assert_eq!(valid.iter().filter(|valid| **valid).count(), 3);
}
