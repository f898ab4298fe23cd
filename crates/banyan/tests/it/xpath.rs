//! `banyan xpath explain`, as a person types it, slips included.

use tempfile::TempDir;

use super::yang_update::banyan;

const MODEL: &str = "module net {
  yang-version 1.1;
  namespace urn:net;
  prefix n;
  list interface {
    key name;
    leaf name { type string; }
    leaf mtu { type uint16; must \". >= 68\"; when \"../up\"; }
    leaf up { type boolean; }
  }
  list route {
    key dest;
    leaf dest { type string; }
    leaf via { type leafref { path \"/interface/name\"; } }
  }
}
";

fn model() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("net.yang"), MODEL).expect("written");
    directory
}

fn explain(arguments: &[&str]) -> (i32, String, String) {
    let all = ["xpath", "explain", "-m", "net.yang"];
    banyan(model().path(), &[&all, arguments].concat())
}

#[test]
fn a_look_up_by_key_and_its_join_are_told() {
    let (status, out, err) = explain(&[
        "--context",
        "/route/via",
        "/interface[name = current()]/up = 'true'",
    ]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    for line in [
        "type        boolean",
        "class       keyed",
        "child::interface -> /net:interface",
        "looked up by key name =",
        "keyed: the instances of /net:route/via with /net:route/via = name of the changed interface",
        "local: the changed node itself",
    ] {
        assert!(out.contains(line), "{line} in {out}");
    }
}

#[test]
fn a_scan_is_told_and_reaches_all_instances() {
    let (_, out, _) = explain(&["--context", "/n:route", "/interface[up = 'true']/mtu"]);
    assert!(out.contains("scan: every entry is tried"), "{out}");
    assert!(
        out.contains("broadcast: all instances of /net:route"),
        "{out}"
    );
}

#[test]
fn what_stands_on_a_node_is_explained_with_its_place() {
    let (status, out, _) = explain(&["--at", "/interface/mtu"]);
    assert_eq!(status, 0);
    assert!(out.contains("must \". >= 68\"  (net.yang:8:"), "{out}");
    assert!(out.contains("when \"../up\"  (net.yang:8:"), "{out}");
    assert!(
        out.contains("local: climb 1 level to /net:interface"),
        "{out}"
    );
    let (_, out, _) = explain(&["--at", "/route/via"]);
    assert!(out.contains("leafref path \"/interface/name\""), "{out}");
    let (status, _, err) = explain(&["--at", "/route/dest"]);
    assert_eq!(status, 2);
    assert!(err.contains("has no must, no when"), "{err}");
}

#[test]
fn slips_are_pointed_at() {
    let (status, out, _) = explain(&["--context", "/interface", "mut > 3"]);
    assert_eq!(status, 0);
    assert!(
        out.contains("has no node 'mut' here; did you mean 'mtu'?"),
        "{out}"
    );
    let (status, _, err) = explain(&["cuont(/interface)"]);
    assert_eq!(status, 1);
    assert!(
        err.contains("did you mean 'count'?") && err.contains("\n  ^"),
        "{err}"
    );
    let (status, _, err) = explain(&["/nte:interface"]);
    assert_eq!(status, 1);
    assert!(err.contains("did you mean 'net'?"), "{err}");
    let (status, _, err) = explain(&["--context", "/interfcae", "."]);
    assert_eq!(status, 2);
    assert!(err.contains("did you mean interface?"), "{err}");
    let (status, ..) = explain(&[]);
    assert_eq!(status, 2);
}

#[test]
fn programs_get_the_same_as_json() {
    let (status, out, err) = explain(&["--at", "/net:interface/mtu", "--format", "json"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    let all: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(all[0]["statement"], "must");
    assert_eq!(all[0]["type"], "boolean");
    assert_eq!(all[0]["reads"][0]["path"], "/net:interface/mtu");
    assert_eq!(all[1]["statement"], "when");
    assert_eq!(all[1]["reads"][0]["extent"], "whether it exists");
    assert_eq!(all[1]["plan"][1], "  parent::node()");
}
