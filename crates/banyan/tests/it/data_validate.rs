//! `banyan data validate`, as one types it, slips included.

use serde_json::Value;
use tempfile::TempDir;

use super::yang_update::banyan;

/// The modules of the tests about data.
pub const MODEL: &str = "module net {
  yang-version 1.1;
  namespace urn:net;
  prefix n;
  leaf max-frame { type uint16; default 1518; }
  container net {
    list interface {
      key name;
      leaf name { type string; }
      leaf mtu {
        type uint16;
        must \". <= /max-frame\" { error-message \"larger than a frame\"; error-app-tag big; }
      }
      leaf up { type boolean; config false; }
      action reset {
        input { leaf after { type uint8; mandatory true; } }
        output { leaf at { type string; } }
      }
      notification flap { leaf times { type uint8; } }
    }
    list rule {
      key id;
      ordered-by user;
      leaf id { type uint8; }
      leaf via { type leafref { path \"/net/interface/name\"; } }
    }
  }
  rpc ping {
    input { leaf to { type leafref { path \"/net/interface/name\"; } } }
    output { leaf ms { type uint32; } }
  }
  notification down { leaf why { type string; mandatory true; } }
}
";

/// A directory with the module and these files.
pub fn with(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, content) in [("net.yang", MODEL)].iter().chain(files) {
        std::fs::write(directory.path().join(name), content).expect("a file");
    }
    directory
}

/// `banyan data COMMAND -m net.yang ARGUMENTS` in that directory.
pub fn data(directory: &TempDir, command: &str, arguments: &[&str]) -> (i32, String, String) {
    let all = ["data", command, "-m", "net.yang"];
    banyan(directory.path(), &[&all, arguments].concat())
}

const GOOD: &str = "<net xmlns='urn:net'><interface><name>a</name><mtu>70</mtu></interface></net>";

fn validate(files: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    data(&with(files), "validate", arguments)
}

#[test]
fn valid_data_in_both_forms_exit_with_0() {
    let json = r#"{"net:net":{"interface":[{"name":"a","up":true}]}}"#;
    let files = [("a.xml", GOOD), ("b.json", json)];
    let (status, out, err) = validate(&files, &["a.xml", "b.json"]);
    assert_eq!(
        (status, out.as_str(), err.as_str()),
        (0, "a.xml: valid\nb.json: valid\n", "")
    );
    let (status, out, _) = validate(&files, &["--type", "config", "a.xml", "b.json"]);
    assert_eq!(status, 1);
    assert!(out.starts_with("error: the leaf up is state"), "{out}");
    assert!(out.ends_with("a.xml: valid\nb.json: 1 error\n"), "{out}");
}

#[test]
fn every_error_has_path_reason_values_place_and_remedy() {
    let wrong = "<net xmlns='urn:net'>
  <interface><name>a</name><mtu>9000</mtu></interface>
  <rule><id>1</id><via>b</via></rule>
</net>";
    let (status, out, err) = validate(&[("a.xml", wrong)], &["a.xml"]);
    assert_eq!((status, err.as_str()), (1, ""));
    let must = "error: larger than a frame
  path: /net:net/interface[name='a']/mtu
  must: \". <= /max-frame\"  (net.yang:12:14)
";
    assert!(out.starts_with(must), "{out}");
    for line in ["/max-frame = 1518", ". = 9000"] {
        assert!(out.contains(line), "{line} in {out}");
    }
    assert!(
        out.contains("path: /net:net/rule[id='1']/via\n  rule: (net.yang:25:7)\n"),
        "{out}"
    );
    assert!(out.ends_with("\na.xml: 2 errors\n"), "{out}");
    let (status, out, _) = validate(&[("a.xml", wrong)], &["--format", "json", "a.xml"]);
    assert_eq!(status, 1);
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["valid"], false);
    let error = &report["documents"][0]["errors"][0];
    assert_eq!(error["kind"], "must-violation");
    assert_eq!(error["error-app-tag"], "big");
    let values = error["constraint"]["values"].as_array().expect("an array");
    assert!(values.iter().any(|it| it["value"] == "1518"), "{out}");
    assert_eq!(error["yang"]["line"], 12);
    assert_eq!(
        report["documents"][0]["errors"][1]["kind"],
        "instance-required"
    );
    assert!(report["documents"][0]["counters"]["evaluated"].as_u64() > Some(0));
}

#[test]
fn errors_of_the_document_have_file_line_and_column() {
    let wrong = "<net xmlns='urn:net'>\n  <interfcae/>\n  <rule><id>999</id></rule></net>";
    let (status, out, _) = validate(&[("a.xml", wrong)], &["a.xml"]);
    assert_eq!(status, 1);
    assert!(out.contains("input: a.xml:2:3\n"), "{out}");
    assert!(out.contains("did you mean <interface>?"), "{out}");
    assert!(out.contains("input: a.xml:3:9\n"), "{out}");
    let (status, out, _) = validate(&[("a.json", "{\"net:net\": {")], &["a.json"]);
    assert_eq!(status, 1);
    assert!(out.contains("input: a.json:1:"), "{out}");
    let (_, out, _) = validate(&[("a.xml", wrong)], &["--max-errors", "1", "a.xml"]);
    let last = "a.xml: 1 error, and no more were looked for (--max-errors)\n";
    assert!(out.ends_with(last), "{out}");
}

#[test]
fn parts_of_a_datastore_are_merged_on_demand() {
    let rule = r#"{"net:net":{"rule":[{"id":1,"via":"a"}]}}"#;
    let files = [("a.xml", GOOD), ("b.json", rule)];
    let (status, out, _) = validate(&files, &["a.xml", "b.json"]);
    assert_eq!(status, 1);
    assert!(out.ends_with("a.xml: valid\nb.json: 1 error\n"), "{out}");
    let (status, out, err) = validate(
        &files,
        &["--merge", "--debug", "validation", "a.xml", "b.json"],
    );
    assert_eq!((status, out.as_str()), (0, "a.xml, b.json: valid\n"));
    let counters = "a.xml, b.json: 2 constraints considered, 2 evaluated, ";
    assert!(err.starts_with(counters), "{err}");
}

#[test]
fn operations_see_the_datastore() {
    let files = [
        ("store.xml", GOOD),
        ("ping.xml", "<ping xmlns='urn:net'><to>a</to></ping>"),
        ("ping.json", r#"{"net:ping":{"to":"b"}}"#),
        (
            "reset.xml",
            "<net xmlns='urn:net'><interface><name>a</name><reset/></interface></net>",
        ),
        ("after.json", r#"{"net:input":{"after":7}}"#),
        ("pong.json", r#"{"net:output":{"ms":"7"}}"#),
        (
            "flap.xml",
            "<net xmlns='urn:net'><interface><name>a</name><flap/></interface></net>",
        ),
        ("down.json", r#"{"net:down":{}}"#),
    ];
    let run = |arguments: &[&str]| {
        let (status, out, err) =
            validate(&files, &[&["--datastore", "store.xml"], arguments].concat());
        assert_eq!(err, "");
        (status, out)
    };
    let (status, out) = run(&["--type", "rpc", "ping.xml", "ping.json", "reset.xml"]);
    assert_eq!(status, 1);
    assert!(out.contains("path: /net:ping/to\n"), "{out}");
    assert!(
        out.contains("path: /net:net/interface[name='a']/reset/after\n"),
        "{out}"
    );
    assert!(
        out.ends_with("ping.xml: valid\nping.json: 1 error\nreset.xml: 1 error\n"),
        "{out}"
    );
    let reset = "/net/interface[name='a']/reset";
    let (status, out) = run(&["--type", "rpc", "--operation", reset, "after.json"]);
    assert_eq!((status, out.as_str()), (0, "after.json: valid\n"));
    let (status, out) = run(&["--type", "reply", "--operation", "net:ping", "pong.json"]);
    assert_eq!(status, 1);
    assert!(out.contains("path: /net:ms\n"), "{out}");
    let (status, out) = run(&["--type", "notification", "flap.xml"]);
    assert_eq!((status, out.as_str()), (0, "flap.xml: valid\n"));
    let (status, out) = run(&["--type", "notification", "down.json"]);
    assert_eq!(status, 1);
    assert!(out.contains("path: /net:down/why\n"), "{out}");
}

#[test]
fn slips_are_told_with_their_remedy() {
    let refused = |arguments: &[&str]| {
        let (status, out, err) = validate(&[("a.xml", GOOD)], arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{err}");
        err
    };
    for (arguments, message) in [
        (&["b.xml"][..], "cannot read b.xml: "),
        (
            &["-m", "nte", "a.xml"],
            "no file and no module called nte; did you mean net?",
        ),
        (
            &["--type", "reply", "a.xml"],
            "name the rpc or action with --operation",
        ),
        (
            &["--type", "rpc", "--operation", "pnig", "a.xml"],
            "did you mean ping?",
        ),
        (
            &["--type", "rpc", "--operation", "/nte/x", "a.xml"],
            "the top level has no nte",
        ),
        (
            &["--type", "rpc", "--merge", "a.xml"],
            "--merge joins parts of a datastore",
        ),
        (&["--datastore", "a.xml", "a.xml"], "give --type"),
        (
            &["--type", "state", "a.xml"],
            "possible values: config, data, rpc, reply, notification",
        ),
        (&["-", "-"], "standard input can be read once"),
        (&[], "FILE"),
    ] {
        let err = refused(arguments);
        assert!(err.contains(message), "{message} in {err}");
    }
    let directory = with(&[("a.xml", GOOD)]);
    let (status, _, err) = banyan(directory.path(), &["data", "validate", "a.xml"]);
    assert_eq!(status, 2);
    assert!(
        err.contains("give the modules of the data with --module"),
        "{err}"
    );
}

#[test]
fn what_an_operation_lacks_is_told_with_the_remedy() {
    let message = "<rpc message-id='1' xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'><ping xmlns='urn:net'/></rpc>";
    let files = [
        ("message.xml", message),
        (
            "reset.xml",
            "<net xmlns='urn:net'><interface><name>a</name><reset><after>1</after></reset></interface></net>",
        ),
        ("ping.set", "set net:ping to a"),
    ];
    let (status, out, _) = validate(&files, &["--type", "rpc", "message.xml", "reset.xml"]);
    assert_eq!(status, 1);
    assert!(
        out.contains("help: leave out the message around the rpc\n"),
        "{out}"
    );
    assert!(
        out.contains("help: give the data that hold the instance with --datastore\n"),
        "{out}"
    );
    let loaded = ["-m", "ietf-netconf", "--type", "rpc", "message.xml"];
    let (status, out, _) = validate(&files, &loaded);
    assert_eq!(status, 1);
    let help = "help: leave out the message around the rpc\n";
    assert!(out.contains(help), "{out}");
    let (status, out, err) = validate(&files, &["--type", "rpc", "ping.set"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("ping.set is neither XML nor JSON"), "{err}");
}

#[test]
fn missing_state_is_told_with_the_way_to_validate_configuration_alone() {
    let model = "module box { namespace urn:box; prefix b; container box {
      leaf name { type string; mandatory true; }
      leaf serial { type string; config false; mandatory true; } } }";
    let config = "<box xmlns='urn:box'/>";
    let directory = with(&[("box.yang", model), ("a.xml", config), ("b.xml", GOOD)]);
    let (status, out, _) = data(
        &directory,
        "validate",
        &["-m", "box.yang", "a.xml", "b.xml"],
    );
    assert_eq!(status, 1);
    let name = "path: /box:box/name\n  rule: (box.yang:2:7)\n  input: a.xml:1:1\n  help: give it a value\n";
    assert!(out.contains(name), "{out}");
    let serial =
        "help: give it a value; a file of configuration alone is validated with --type config\n";
    assert!(out.contains(serial), "{out}");
}
