//! `banyan data convert`, as one types it, slips included.

use super::data_validate::{data, with};

const SET: &str = "set net:net interface a mtu 70\nset net:net rule 2 via a\nset net:net rule 1\n";

fn convert(files: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    data(&with(files), "convert", arguments)
}

fn converted(files: &[(&str, &str)], arguments: &[&str]) -> String {
    let (status, out, err) = convert(files, arguments);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    out
}

#[test]
fn every_form_converts_to_every_other() {
    let forms = ["xml", "json", "text", "set"];
    let all = forms.map(|form| converted(&[("a", SET)], &["a", "--to", form]));
    assert_eq!(all[3], SET);
    assert_eq!(
        all[2],
        "net:net {\n    interface a {\n        mtu 70;\n    }\n    rule 2 {\n        via a;\n    }\n    rule 1 {\n    }\n}\n"
    );
    for from in &all {
        for (form, expected) in forms.iter().zip(&all) {
            assert_eq!(converted(&[("a", from)], &["a", "--to", form]), *expected);
        }
    }
    let compact = converted(&[("a", SET)], &["a", "--to", "json", "--compact"]);
    assert_eq!(
        compact,
        "{\"net:net\":{\"interface\":[{\"name\":\"a\",\"mtu\":70}],\"rule\":[{\"id\":2,\"via\":\"a\"},{\"id\":1}]}}\n"
    );
}

#[test]
fn defaults_are_shown_as_asked() {
    let set = "set net:max-frame 1518\n";
    let shown = |defaults| converted(&[("a", set)], &["a", "--to", "set", "--defaults", defaults]);
    assert_eq!(shown("explicit"), set);
    assert_eq!(shown("trim"), "");
    assert_eq!(
        shown("report-all-tagged"),
        "set net:max-frame 1518 @ietf-netconf-with-defaults:default true\n"
    );
    let all = converted(
        &[("a", "{}")],
        &["a", "--to", "json", "--defaults", "report-all", "--compact"],
    );
    assert_eq!(all, "{\"net:max-frame\":1518,\"net:net\":{}}\n");
}

#[test]
fn fields_and_depth_select() {
    let select =
        |arguments: &[&str]| converted(&[("a", SET)], &[&["a", "--to", "set"], arguments].concat());
    assert_eq!(
        select(&["--fields", "net/rule(via);net/interface/mtu"]),
        "set net:net interface a mtu 70\nset net:net rule 2 via a\n"
    );
    assert_eq!(
        select(&["--fields", "net/interface/mtu"]),
        "set net:net interface a mtu 70\n"
    );
    assert_eq!(
        select(&["--depth", "2"]),
        "set net:net interface a\nset net:net rule 2\nset net:net rule 1\n"
    );
    let (status, out, err) = convert(&[("a", SET)], &["a", "--to", "set", "--fields", "net/rul"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(
        err.contains("at character 5") && err.contains("did you mean \"rule\"?"),
        "{err}"
    );
}

#[test]
fn slips_are_told_with_their_remedy() {
    let files = [
        ("a.xml", "<net xmlns='urn:net'><rule><id>x</id></rule>"),
        ("a.set", "set net:net rul 1\nset net:net rule 256\n"),
        ("a.txt", "net:net {\n  rule 1;\n  rule 1;\n"),
        (
            "a.json",
            "{\"net:net\": {\"rule\": [{\"id\": 1, \"id\": 2}]}}",
        ),
    ];
    for (arguments, status, messages) in [
        (
            &["a.xml", "--to", "json"][..],
            1,
            &[
                "a.xml cannot be used",
                "input: a.xml:1:28",
                "input: a.xml:1:45",
            ][..],
        ),
        (
            &["a.set", "--to", "json"],
            1,
            &[
                "did you mean \"rule\"?",
                "input: a.set:1:13",
                "input: a.set:2:18",
            ],
        ),
        (
            &["a.txt", "--to", "json"],
            1,
            &["the text ends inside", "input: a.txt:4:1"],
        ),
        (
            &["a.json", "--to", "xml"],
            1,
            &["is given twice", "input: a.json:1:"],
        ),
        (&["b.xml", "--to", "json"], 2, &["cannot read b.xml: "]),
        (&["a.xml"], 2, &["--to <FORM>"]),
        (
            &["a.xml", "--to", "yaml"],
            2,
            &["possible values: xml, json, text, set"],
        ),
        (&["-m", "x.yang", "a.xml", "--to", "xml"], 2, &["x.yang"]),
    ] {
        let (got, out, err) = convert(&files, arguments);
        assert_eq!((got, out.as_str()), (status, ""), "{err}");
        for message in messages {
            assert!(err.contains(message), "{message} in {err}");
        }
    }
}
