//! What is wrong with files is told with its place and remedy, whoever finds it: the parser, the validation, an edit.

use super::data_validate::{data, with};
use super::yang_update::banyan;

const XML: &str = "<data>
 <net xmlns='urn:net'>
  <interface><mtu>70</mtu><name>b</name></interface>
  <interface>
   <mtu>9000</mtu>
   <name>a</name>
  </interface>
  <rule><id>1</id><via>z</via></rule>
 </net>
</data>";

const JSON: &str = r#"{"net:net": {
  "interface": [{"name": "b"},
    {"mtu": 9000, "name": "a"}],
  "rule": [
    {"id": 1, "via": "z"}
  ]
}}"#;

#[test]
fn errors_of_validation_have_line_and_column_in_both_encodings() {
    for (file, text, must, reference) in [
        ("a.xml", XML, "a.xml:5:4", "a.xml:8:19"),
        ("a.json", JSON, "a.json:3:6", "a.json:5:15"),
    ] {
        let directory = with(&[(file, text)]);
        let (status, out, _) = data(&directory, "validate", &["--type", "config", file]);
        assert_eq!(status, 1);
        for place in [must, reference] {
            assert!(
                out.contains(&format!("\n  input: {place}\n")),
                "{place} in {out}"
            );
        }
        let json = ["--format", "json", "--type", "config", file];
        let (_, out, _) = data(&directory, "validate", &json);
        let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        let input = &report["documents"][0]["errors"][0]["input"];
        let found = format!("{file}:{}:{}", input["line"], input["column"]);
        assert_eq!(found, must);
    }
}

#[test]
fn of_merged_files_the_one_is_named_that_holds_what_is_wrong() {
    let first = "<net xmlns='urn:net'><interface><name>a</name></interface></net>";
    let second = "{\"net:net\": {\n \"interface\": [{\"name\": \"a\", \"mtu\": 9000}]}}";
    let directory = with(&[("a.xml", first), ("b.json", second)]);
    let merged = ["--merge", "--type", "config", "a.xml", "b.json"];
    let (status, out, _) = data(&directory, "validate", &merged);
    assert_eq!(status, 1);
    assert!(out.contains("\n  input: b.json:2:30\n"), "{out}");
}

#[test]
fn what_is_no_json_is_told_with_its_remedy() {
    let directory = with(&[("a.json", "{\"net:net\": {\n  \"rule\": [{\"id\": 1},\n")]);
    let (status, out, _) = data(&directory, "validate", &["a.json"]);
    assert_eq!(status, 1);
    let told = "error: the document ends inside of the array \"rule\" of line 2, column 11 in the object \"net:net\" of \
                line 1, column 13";
    assert!(out.contains(told), "{out}");
    assert!(out.contains("\n  input: a.json:3:1\n"), "{out}");
}

#[test]
fn a_refused_edit_of_a_patch_is_named() {
    let patch = r#"{"ietf-yang-patch:yang-patch": {"patch-id": "p", "edit": [
      {"edit-id": "first", "operation": "merge", "target": "/net:max-frame", "value": {"net:max-frame": 9}},
      {"edit-id": "second", "operation": "delete", "target": "/net:net/interface=z"}]}}"#;
    let directory = with(&[("a.xml", XML), ("patch.json", patch)]);
    let (status, _, err) = data(&directory, "edit", &["a.xml", "patch.json"]);
    assert_eq!(status, 1);
    assert!(err.contains("error: edit second: "), "{err}");
}

#[test]
fn an_empty_file_is_an_empty_datastore_and_standard_error_says_so() {
    let directory = with(&[("a", "\n")]);
    let (status, out, err) = data(&directory, "validate", &["a"]);
    assert_eq!((status, out.as_str()), (0, "a: valid\n"));
    assert_eq!(
        err,
        "warning: a is empty, and taken for an empty datastore\n"
    );
}

#[test]
fn defaults_of_state_are_shown_for_state_alone() {
    let model = "module box { namespace urn:box; prefix b;
      container box { leaf name { type string; } leaf size { type uint8; default 4; }
        container live { config false; leaf on { type boolean; default true; } leaf up { type uint8; } } } }";
    let config = "set box:box name x\n";
    let directory = with(&[
        ("box.yang", model),
        ("config", config),
        ("all", "set box:box live up 3\n"),
    ]);
    let shown = |arguments: &[&str]| {
        let all = ["-m", "box.yang", "--to", "set", "--defaults", "report-all"];
        let (status, out, err) = data(&directory, "convert", &[&all, arguments].concat());
        assert_eq!((status, err.as_str()), (0, ""));
        let lines = out.lines().filter(|line| line.contains("box:box"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let configuration = ["set box:box name x", "set box:box size 4"];
    assert_eq!(shown(&["config"]), configuration);
    assert_eq!(shown(&["--type", "config", "config"]), configuration);
    assert!(shown(&["--type", "data", "config"]).contains(&"set box:box live on true".to_owned()));
    assert!(shown(&["all"]).contains(&"set box:box live on true".to_owned()));
    let (status, _, err) = data(
        &directory,
        "convert",
        &["--compact", "--to", "set", "config"],
    );
    assert_eq!(status, 2);
    assert!(
        err.contains("--compact puts XML and JSON in one line"),
        "{err}"
    );
}

#[test]
fn a_comparison_that_is_always_the_same_is_told() {
    let directory = with(&[("a.xml", XML)]);
    let (status, out, err) = data(&directory, "query", &["a.xml", "//rule[id='x']"]);
    assert_eq!((status, out.as_str()), (0, ""));
    assert!(
        err.contains("warning: no value of /net:net/rule/id is 'x'"),
        "{err}"
    );
    let (status, _, err) = data(&directory, "query", &["a.xml", "$who"]);
    assert_eq!(status, 1);
    assert!(
        err.starts_with("error: the variable $who has no value here"),
        "{err}"
    );
    assert!(err.contains("--var NAME=VALUE\n  $who"), "{err}");
}

#[test]
fn a_union_has_the_form_in_json_of_the_member_that_accepts_it() {
    let model = "module u { yang-version 1.1; namespace urn:u; prefix u; list l { key k; leaf k { type uint8; } }
      leaf at { type union { type leafref { path '/l/k'; } type string; } } }";
    let entry = "set u:l 7\n";
    let directory = with(&[
        ("u.yang", model),
        ("no", "set u:at 7\n"),
        ("yes", entry),
        ("edit", "delete u:l 7\n"),
    ]);
    let printed = |command: &str, arguments: &[&str]| {
        let all = ["-m", "u.yang", "--to", "json"];
        let (status, out, err) = data(&directory, command, &[&all, arguments].concat());
        assert_eq!((status, err.as_str()), (0, ""));
        out.split_whitespace().collect::<String>()
    };
    assert_eq!(printed("convert", &["no"]), r#"{"u:at":"7"}"#);
    let both = printed("merge", &["no", "yes"]);
    assert_eq!(both, r#"{"u:l":[{"k":7}],"u:at":7}"#);
    std::fs::write(directory.path().join("both"), both).expect("a file");
    assert_eq!(printed("edit", &["both", "edit"]), r#"{"u:at":"7"}"#);
}

const FEATURES: &str = "module f { yang-version 1.1; namespace urn:f; prefix f; revision 2020-01-01; feature a; feature b;
  container top { leaf with-a { if-feature a; type string; } leaf with-b { if-feature b; type string; } } }";

#[test]
fn trees_and_searches_know_features_and_the_modules_of_a_hello() {
    let hello = "<hello xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'><capabilities>
      <capability>urn:f?module=f&amp;revision=2020-01-01&amp;features=b</capability></capabilities></hello>";
    let directory = with(&[("f.yang", FEATURES), ("hello.xml", hello)]);
    let drawn = |arguments: &[&str]| {
        let all = [&["yang", "tree"], arguments].concat();
        let (status, out, err) = banyan(directory.path(), &all);
        assert_eq!(status, 0, "{err}");
        (out.contains("with-a"), out.contains("with-b"))
    };
    assert_eq!(drawn(&["f.yang"]), (true, true));
    assert_eq!(drawn(&["f.yang", "--feature", "f:a"]), (true, false));
    assert_eq!(drawn(&["f.yang", "--feature", "f:"]), (false, false));
    assert_eq!(drawn(&["--hello", "hello.xml"]), (false, true));
    let find = ["yang", "find", "-m", "f.yang", "--feature", "f:a", "with-"];
    let (status, out, _) = banyan(directory.path(), &find);
    assert_eq!(status, 0);
    assert!(out.contains("with-a") && !out.contains("with-b"), "{out}");
    let explain = [
        "xpath",
        "explain",
        "-m",
        "f.yang",
        "--feature",
        "f:a",
        "/f:top/with-b",
    ];
    let (_, out, err) = banyan(directory.path(), &explain);
    assert!(format!("{out}{err}").contains("with-b"), "{out}{err}");
}

#[test]
fn a_broken_module_is_drawn_leniently_with_status_0() {
    let broken = "module g { namespace urn:g; prefix g; leaf a { type string; } uses nowhere; }";
    let directory = with(&[("g.yang", broken)]);
    let (strict, ..) = banyan(directory.path(), &["yang", "tree", "g.yang"]);
    let (status, out, err) = banyan(directory.path(), &["yang", "tree", "--lenient", "g.yang"]);
    assert_eq!((strict, status), (1, 0));
    assert!(out.contains("+--rw a?"), "{out}");
    assert_eq!(
        err,
        "1 error in the modules; `banyan yang check` shows it\n"
    );
}

#[test]
fn a_newer_revision_that_a_later_directory_holds_is_told() {
    let newer = FEATURES.replace("2020-01-01", "2022-02-02");
    let directory = with(&[]);
    for (vendor, text) in [("one", FEATURES), ("two", newer.as_str())] {
        let vendor = directory.path().join(vendor);
        std::fs::create_dir(&vendor).expect("a directory");
        std::fs::write(vendor.join("f.yang"), text).expect("a file");
    }
    let tree = |paths: [&str; 2]| {
        let [first, second] = paths;
        banyan(
            directory.path(),
            &["yang", "tree", "-p", first, "-p", second, "f"],
        )
    };
    let (status, _, err) = tree(["one", "two"]);
    assert_eq!(status, 0);
    assert!(
        err.starts_with(
            "warning: f is taken from one/f.yang, of 2020-01-01; two/f.yang has one of 2022-02-02"
        ),
        "{err}"
    );
    let (_, _, err) = tree(["two", "one"]);
    assert_eq!(err, "");
}
