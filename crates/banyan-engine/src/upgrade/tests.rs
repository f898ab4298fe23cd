//! Documents through rules, fitting and validation.

use banyan_yang::compile::{Compiler, MemorySource};

use super::*;
use crate::bind::NoMounts;

fn schema(modules: &[&str]) -> Arc<Schema> {
    let mut source = MemorySource::new();
    let mut names = Vec::new();
    for text in modules {
        source.add(*text);
        names.push(text.split_whitespace().nth(1).unwrap());
    }
    let compiler = names.iter().fold(Compiler::new(&source), |compiler, name| {
        compiler.implement(name, None)
    });
    compiler.compile().unwrap().schema
}

const OLD: &str = "module m { yang-version 1.1; namespace urn:m; prefix m; revision 2020-01-01;
  container c {
    leaf mtu { type uint16; }
    leaf mode { type string; }
    leaf gone { type string; }
    list l { key k; leaf k { type string; } leaf v { type string; } leaf w { type string; } }
  }
}";

const NEW: &str = "module m { yang-version 1.1; namespace urn:m; prefix m; revision 2021-01-01;
  container c {
    leaf max-mtu { type uint16 { range 68..9000; } }
    leaf mode { type enumeration { enum fast; enum slow; } }
    leaf level { type uint8; }
    list l {
      key k;
      leaf k { type string { length 1..3; } }
      container inner { leaf v { type string; } }
      leaf w { when \"../k = 'a'\"; type string; }
    }
    container extra { presence p; leaf x { type string; } }
  }
}";

fn run(text: &str, rules: &str, policy: Policy) -> Upgraded {
    let old = schema(&[OLD]);
    run_between(&old, &schema(&[NEW]), text, rules, policy)
}

fn run_between(
    old: &Arc<Schema>,
    new: &Arc<Schema>,
    text: &str,
    rules: &str,
    policy: Policy,
) -> Upgraded {
    let how = Upgrade {
        steps: rules::parse(rules, "rules.toml").unwrap(),
        policy,
    };
    let source = Old {
        store: "running",
        file: "running_db",
        main: text.as_bytes(),
        parts: None,
        printed: None,
        schema: Some(old),
    };
    upgrade(&source, new, &(Arc::new(NoMounts) as SharedMounts), &how)
}

fn shown(tree: &Option<Tree>) -> String {
    let text = epochs::plain(tree.as_ref().expect("a tree")).unwrap();
    String::from_utf8(text).unwrap()
}

const RULES: &str = "
[[rule]]
module = 'm'
to = '2021-01-01'
at = '/c/mtu'
rename = 'max-mtu'
[[rule]]
module = 'm'
to = '2021-01-01'
at = '/m:c/mode'
map = { quick = 'fast', '*' = 'slow' }
[[rule]]
module = 'm'
to = '2021-01-01'
at = '/c/gone'
delete = true
[[rule]]
module = 'm'
to = '2021-01-01'
at = '/c/l/v'
move = '/c/l/inner/v'
[[rule]]
module = 'm'
to = '2021-01-01'
at = '/c/level'
default = '3'
[[rule]]
module = 'm'
to = '2021-01-01'
at = '/c'
insert = '<extra><x>new</x></extra>'
";

#[test]
fn each_kind_of_rule_does_what_it_says() {
    let text = "<config>\n <c xmlns=\"urn:m\"><mtu>1500</mtu><mode>quick</mode><gone>x</gone>\n\
                \x20<l><k>a</k><v>1</v><w>x</w></l><l><k>b</k><v>2</v></l></c>\n</config>";
    let done = run(text, RULES, Policy::Refuse);
    insta::assert_snapshot!(shown(&done.tree), @r#"
    <config>
       <c xmlns="urn:m">
          <max-mtu>1500</max-mtu>
          <mode>fast</mode>
          <level>3</level>
          <l>
             <k>a</k>
             <inner>
                <v>1</v>
             </inner>
             <w>x</w>
          </l>
          <l>
             <k>b</k>
             <inner>
                <v>2</v>
             </inner>
          </l>
          <extra>
             <x>new</x>
          </extra>
       </c>
    </config>
    "#);
    insta::assert_snapshot!(done.report, @r#"
    running: ok
      module m upgraded: 2020-01-01 -> 2021-01-01
      warning: /m:c/mtu: definition leaf removed (RFC 7950 11) [was at m.yang:3:5]
      warning: /m:c/gone: definition leaf removed (RFC 7950 11) [was at m.yang:5:5]
      warning: /m:c/mode: type string -> enumeration (RFC 7950 11) [m.yang:4:5 -> m.yang:4:5]
      warning: /m:c/l/v: definition leaf removed (RFC 7950 11) [was at m.yang:6:45]
      warning: /m:c/l/k: length 1..3 added (RFC 7950 11) [m.yang:6:21 -> m.yang:8:7]
      warning: /m:c/l/w: when ../k = 'a' added (RFC 7950 11) [m.yang:6:69 -> m.yang:10:7]
      done: /m:c/mtu (running_db:2:19): renamed to max-mtu
      done: /m:c/mode (running_db:2:34): changed from "quick" to "fast"
      done: /m:c/gone (running_db:2:52): deleted
      done: /m:c/l[k='a']/v (running_db:3:13): moved to /m:c/l[k='a']/inner/v
      done: /m:c/l[k='b']/v (running_db:3:44): moved to /m:c/l[k='b']/inner/v
      done: /m:c/level: set to "3"
      done: /m:c (running_db:2:2): inserted extra
    "#);
    // Data that have been through it are left as they are.
    let again = run(&shown(&done.tree), RULES, Policy::Refuse);
    assert_eq!(shown(&again.tree), shown(&done.tree));
}

#[test]
fn what_does_not_fit_is_refused_with_all_places() {
    let text = "<config>\n <c xmlns=\"urn:m\">\n  <mtu>1500</mtu>\n  <mode>odd</mode>\n\
                \x20 <l><k>long</k><w>1</w></l>\n  <l><w>2</w></l>\n </c>\n <x xmlns=\"urn:x\"/>\n</config>";
    let done = run(text, "", Policy::Refuse);
    assert!(done.tree.is_none() && done.left_out.is_none());
    assert_eq!(done.report.status, Status::Invalid);
    insta::assert_snapshot!(done.report, @r#"
    running: invalid
      module m upgraded: 2020-01-01 -> 2021-01-01
      warning: /m:c/mtu: definition leaf removed (RFC 7950 11) [was at m.yang:3:5]
      warning: /m:c/gone: definition leaf removed (RFC 7950 11) [was at m.yang:5:5]
      warning: /m:c/mode: type string -> enumeration (RFC 7950 11) [m.yang:4:5 -> m.yang:4:5]
      warning: /m:c/l/v: definition leaf removed (RFC 7950 11) [was at m.yang:6:45]
      warning: /m:c/l/k: length 1..3 added (RFC 7950 11) [m.yang:6:21 -> m.yang:8:7]
      warning: /m:c/l/w: when ../k = 'a' added (RFC 7950 11) [m.yang:6:69 -> m.yang:10:7]
      error: /m:c/mtu (running_db:3:3): module m has no node mtu in the container c
      error: /m:c/mode (running_db:4:3): "odd" is not a name of the enumeration; allowed: fast, slow
      error: /m:c/l[k='long'] (running_db:5:3): the length 4 of "long" is not in the range 1..3
      error: /m:c/l[k=''] (running_db:6:3): the entry of l has no k, its key; add <k>
      error: /urn:x:x (running_db:8:2): <x> is in the namespace "urn:x", which no module of the schema has; add the module of that namespace to the set, or correct the namespace
    "#);
}

#[test]
fn what_does_not_fit_is_kept_aside() {
    let text = "<config>\n <c xmlns=\"urn:m\">\n  <mtu>1500</mtu>\n\
                \x20 <l><k>a</k><v>1</v></l>\n  <l><k>b</k><w>2</w></l>\n <l><k>long</k><w>--&gt;</w></l></c>\n</config>";
    let done = run(text, "", Policy::LeaveOut);
    assert_eq!(done.report.status, Status::Ok);
    insta::assert_snapshot!(shown(&done.tree), @r#"
    <config>
       <c xmlns="urn:m">
          <l>
             <k>a</k>
          </l>
          <l>
             <k>b</k>
          </l>
       </c>
    </config>
    "#);
    insta::assert_snapshot!(done.left_out.unwrap(), @r#"
    <!-- Data that did not fit the modules that were loaded, and why. Nothing reads this file: correct what it
         holds, load it into the candidate, and remove it.
         /m:c/mtu (running_db:3:3): module m has no node mtu in the container c
         /m:c/l[k='a']/v (running_db:4:14): module m has no node v in the list l
         /m:c/l[k='long'] (running_db:6:2): the length 4 of "long" is not in the range 1..3
         /m:c/l[k='b']/w (running_db:5:14): it may not be there: its when condition is not met; delete it, or change what the condition reads
    -->
    <config>
       <c xmlns="urn:m">
          <mtu>1500</mtu>
          <l>
             <k>a</k>
             <v>1</v>
          </l>
          <l>
             <k>long</k>
             <w>--&gt;</w>
          </l>
          <l>
             <k>b</k>
             <w>2</w>
          </l>
       </c>
    </config>
    "#);
}

#[test]
fn constraints_of_the_new_modules_are_checked_with_places_in_the_file() {
    let strict = NEW.replace(
        "leaf level { type uint8; }",
        "leaf level { type uint8; mandatory true; must '. > 1'; }",
    );
    let (old, new) = (schema(&[OLD]), schema(&[&strict]));
    let text = "<config>\n <c xmlns=\"urn:m\">\n  <l><k>b</k><w>2</w></l>\n <l><k>a</k></l></c>\n</config>";
    let done = run_between(&old, &new, text, "", Policy::Refuse);
    assert_eq!(done.report.status, Status::Invalid);
    insta::assert_snapshot!(done.report, @r#"
    running: invalid
      module m upgraded: 2020-01-01 -> 2021-01-01
      warning: /m:c/mtu: definition leaf removed (RFC 7950 11) [was at m.yang:3:5]
      warning: /m:c/gone: definition leaf removed (RFC 7950 11) [was at m.yang:5:5]
      warning: /m:c/mode: type string -> enumeration (RFC 7950 11) [m.yang:4:5 -> m.yang:4:5]
      warning: /m:c/l/v: definition leaf removed (RFC 7950 11) [was at m.yang:6:45]
      warning: /m:c/l/k: length 1..3 added (RFC 7950 11) [m.yang:6:21 -> m.yang:8:7]
      warning: /m:c/l/w: when ../k = 'a' added (RFC 7950 11) [m.yang:6:69 -> m.yang:10:7]
      warning: /m:c/level: definition leaf added (RFC 7950 11) [m.yang:5:5]
      error: /m:c/level (running_db:2:2): the mandatory leaf 'level' is missing; give it a value [m.yang:5:5]
      error: /m:c/l[k='b']/w (running_db:3:14): it may not be there: its when condition is not met; delete it, or change what the condition reads [when "../k = 'a'" at m.yang:10:21, with ../k = b]
    "#);
}

#[test]
fn a_document_that_cannot_be_read_is_an_error_with_its_line() {
    let done = run(
        "<config>\n<c xmlns=\"urn:m\"></config>",
        RULES,
        Policy::LeaveOut,
    );
    assert_eq!(done.report.status, Status::Error);
    assert_eq!(
        done.report.errors[0].place.as_ref().unwrap().position.line,
        2
    );
}

#[test]
fn a_namespace_may_change_and_a_module_may_get_another_name() {
    let moved = NEW.replace("urn:m", "urn:m:2");
    let text = "<c xmlns=\"urn:m\"><mode>fast</mode></c>";
    let done = run_between(
        &schema(&[OLD]),
        &schema(&[&moved]),
        text,
        "",
        Policy::Refuse,
    );
    assert!(shown(&done.tree).contains("<c xmlns=\"urn:m:2\">"));
    let renamed = NEW.replace("module m ", "module em ");
    let done = run_between(
        &schema(&[OLD]),
        &schema(&[&renamed]),
        text,
        "",
        Policy::Refuse,
    );
    assert!(shown(&done.tree).contains("<mode>fast</mode>"));
}

#[test]
fn data_move_from_a_removed_module_to_another_one() {
    let to = "module n { yang-version 1.1; namespace urn:n; prefix n;
      container top { list entry { key name; leaf name { type string; } leaf v { type string; } } } }";
    let rules = "
[[rule]]
module = 'm'
at = '/c/l'
move = '/n:top/entry'
[[rule]]
module = 'm'
at = '/n:top/entry/k'
rename = 'name'
[[rule]]
module = 'm'
at = '/c/mtu'
move = \"/n:top/entry[name='mtu']/v\"
[[rule]]
module = 'm'
at = '/c'
delete = true
";
    let text = "<c xmlns=\"urn:m\"><mtu>1500</mtu><l><k>a</k><v>1</v></l><l><k>b</k></l></c>";
    let done = run_between(&schema(&[OLD]), &schema(&[to]), text, rules, Policy::Refuse);
    insta::assert_snapshot!(shown(&done.tree), @r#"
    <config>
       <top xmlns="urn:n">
          <entry>
             <name>a</name>
             <v>1</v>
          </entry>
          <entry>
             <name>b</name>
          </entry>
          <entry>
             <name>mtu</name>
             <v>1500</v>
          </entry>
       </top>
    </config>
    "#);
}

#[test]
fn module_state_in_the_file_says_what_it_was_written_under() {
    let state =
        |list: &str| format!("<config><c xmlns=\"urn:old\"><mtu>1500</mtu></c>{list}</config>");
    let library = state(
        "<yang-library xmlns=\"urn:ietf:params:xml:ns:yang:ietf-yang-library\"><module-set>\
        <name>top</name><module><name>m</name><revision>2020-01-01</revision><namespace>urn:old</namespace></module>\
        </module-set><content-id>1</content-id></yang-library>",
    );
    let older = state(
        "<modules-state xmlns=\"urn:ietf:params:xml:ns:yang:ietf-yang-library\">\
        <module-set-id>1</module-set-id><module><name>m</name><revision>2020-01-01</revision>\
        <namespace>urn:old</namespace></module></modules-state>",
    );
    for text in [library, older] {
        let how = Upgrade {
            steps: rules::parse(RULES, "rules.toml").unwrap(),
            policy: Policy::Refuse,
        };
        let source = Old {
            store: "startup",
            file: "startup_db",
            main: text.as_bytes(),
            parts: None,
            printed: None,
            schema: None,
        };
        let mounts: SharedMounts = Arc::new(NoMounts);
        let done = upgrade(&source, &schema(&[NEW]), &mounts, &how);
        assert!(
            shown(&done.tree).contains("<max-mtu>1500</max-mtu>"),
            "{}",
            done.report
        );
        assert_eq!(done.report.modules.len(), 1);
    }
}

#[test]
fn a_report_is_json_too() {
    let done = run("<c xmlns=\"urn:m\"><mtu>1</mtu></c>", "", Policy::Refuse);
    let json = serde_json::to_value(&done.report).unwrap();
    assert_eq!(json["status"], "invalid");
    assert_eq!(json["modules"][0]["change"], "upgraded");
    assert_eq!(json["errors"][0]["place"], "running_db:1:18");
}

#[test]
fn what_is_inserted_goes_beside_what_is_there_and_equal_entries_stay_as_they_are() {
    let model = |revision: &str| {
        format!(
            "module m {{ yang-version 1.1; namespace urn:m; prefix m; revision {revision};
              container c {{ leaf-list dns {{ type string; }} leaf mtu {{ type uint16; }}
                list l {{ key k; leaf k {{ type string; }} leaf v {{ type string; }} leaf w {{ type string; }} }}
                container in {{ leaf a {{ type string; }} leaf b {{ type string; }} }} }} }}"
        )
    };
    let rules = "
[[rule]]
module = 'm'
to = '2021-01-01'
at = '/c'
insert = '''<dns>b</dns><dns>c</dns><mtu>9</mtu><l><k>x</k><v>new</v><w>new</w></l><l><k>y</k></l><in><a>new</a><b>new</b></in>'''
";
    let text = "<c xmlns=\"urn:m\"><dns>a</dns><dns>b</dns><mtu>1</mtu><l><k>x</k><v>old</v></l><in><b>old</b></in></c>";
    let (old, new) = (
        schema(&[&model("2020-01-01")]),
        schema(&[&model("2021-01-01")]),
    );
    let done = run_between(&old, &new, text, rules, Policy::Refuse);
    let shown = shown(&done.tree).split_whitespace().collect::<String>();
    assert!(
        shown.contains(
            "<dns>a</dns><dns>b</dns><dns>c</dns><mtu>1</mtu>\
             <l><k>x</k><v>old</v><w>new</w></l><l><k>y</k></l><in><a>new</a><b>old</b></in>"
        ),
        "{shown}"
    );
    assert_eq!(done.report.steps.len(), 1);
    assert_eq!(
        done.report.steps[0].message, "inserted dns, w, l, a",
        "{}",
        done.report
    );
}
