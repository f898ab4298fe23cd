//! `banyan data diff`, `merge`, `edit` and `rebase`, as one types them, slips included.

use std::fs;

use super::data_validate::{data, with};

const OLD: &str = "set net:net interface a mtu 70\nset net:net interface b\nset net:net rule 1\nset net:net rule 2 via a\n";
const NEW: &str = "set net:max-frame 9000\nset net:net interface a mtu 71\nset net:net interface c\nset net:net rule 2 via a\n\
                   set net:net rule 1 via c\n";

#[test]
fn each_printed_difference_applied_makes_the_new_data_and_its_reverse_the_old() {
    let directory = with(&[("old", OLD), ("new", NEW)]);
    for form in ["set", "patch", "edit-config"] {
        let (status, edit, err) = data(&directory, "diff", &["old", "new", "--to", form]);
        assert_eq!((status, err.as_str()), (1, ""), "{edit}");
        fs::write(directory.path().join("edit"), &edit).expect("written");
        let arguments = ["old", "edit", "--reverse", "reverse"];
        let (status, out, err) = data(&directory, "edit", &arguments);
        assert_eq!((status, out.as_str(), err.as_str()), (0, NEW, ""), "{edit}");
        let (status, out, err) = data(&directory, "edit", &["new", "reverse"]);
        assert_eq!((status, out.as_str(), err.as_str()), (0, OLD, ""));
    }
    let (status, out, _) = data(&directory, "diff", &["old", "new", "--to", "set"]);
    assert_eq!(status, 1);
    let lines = "set net:max-frame 9000\ndelete net:net interface b\nset net:net interface a mtu 71\n\
                 set net:net interface c\n";
    assert!(out.starts_with(lines), "{out}");
    let (status, out, err) = data(&directory, "diff", &["old", "old"]);
    assert_eq!((status, out.as_str(), err.as_str()), (0, "", ""));
    let (status, out, _) = data(&directory, "diff", &["old", "new"]);
    assert_eq!(status, 1);
    for line in ["-      mtu 70;", "+      mtu 71;", "+max-frame 9000;"] {
        let line = line.replace(' ', "");
        assert!(out.replace(' ', "").contains(&line), "{line} in {out}");
    }
}

#[test]
fn edits_of_all_kinds_are_known_by_their_content() {
    let edits = [
        (
            "config.xml",
            "<config xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'><net xmlns='urn:net'>\
             <interface xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' nc:operation='delete'><name>b</name></interface>\
             </net></config>",
        ),
        (
            "patch.xml",
            "<yang-patch xmlns='urn:ietf:params:xml:ns:yang:ietf-yang-patch'><patch-id>1</patch-id><edit><edit-id>1</edit-id>\
             <operation>delete</operation><target>/net:net/interface=b</target></edit></yang-patch>",
        ),
        (
            "patch.json",
            "{\"ietf-yang-patch:yang-patch\":{\"patch-id\":\"1\",\"edit\":[{\"edit-id\":\"1\",\"operation\":\"delete\",\
             \"target\":\"/net:net/interface=b\"}]}}",
        ),
        ("lines", "# b goes\ndelete net:net interface b\n"),
    ];
    let directory = with(&[&edits[..], &[("old", OLD)]].concat());
    for (file, _) in edits {
        let (status, out, err) = data(&directory, "edit", &["old", file]);
        assert_eq!((status, err.as_str()), (0, ""), "{file}: {out}");
        assert_eq!(out, OLD.replace("set net:net interface b\n", ""), "{file}");
        // What is gone cannot be deleted again.
        fs::write(directory.path().join("gone"), &out).expect("written");
        let (status, out, err) = data(&directory, "edit", &["gone", file]);
        assert_eq!((status, out.as_str()), (1, ""), "{file}");
        assert!(
            err.contains("path: /net:net/interface[name='b']"),
            "{file}: {err}"
        );
    }
    let merged = with(&[("old", OLD), ("e.json", "{\"net:max-frame\": 9}")]);
    let (status, out, _) = data(&merged, "edit", &["old", "e.json"]);
    assert_eq!((status, out), (0, format!("set net:max-frame 9\n{OLD}")));
    let replaced = [
        "old",
        "e.json",
        "--default-operation",
        "replace",
        "--to",
        "xml",
    ];
    let (status, out, _) = data(&merged, "edit", &replaced);
    assert_eq!(status, 0);
    assert!(
        out.contains("<max-frame xmlns=\"urn:net\">9</max-frame>"),
        "{out}"
    );
}

#[test]
fn files_are_merged_and_the_later_one_wins() {
    let more =
        "{\"net:net\": {\"interface\": [{\"name\": \"a\", \"mtu\": 71}, {\"name\": \"d\"}]}}";
    let last = "net:net { interface a { mtu 72; } }";
    let directory = with(&[("old", OLD), ("more.json", more), ("last.txt", last)]);
    let (status, out, err) = data(&directory, "merge", &["old", "more.json", "last.txt"]);
    assert_eq!((status, err.as_str()), (0, ""));
    let expected =
        "set net:net interface a mtu 72\nset net:net interface b\nset net:net interface d\n";
    assert!(out.starts_with(expected), "{out}");
    let (_, out, _) = data(&directory, "merge", &["old", "more.json", "--to", "text"]);
    assert!(
        out.starts_with("net:net {\n    interface a {\n        mtu 71;\n"),
        "{out}"
    );
}

#[test]
fn changes_of_two_sides_are_joined_or_their_conflicts_told() {
    let mine = OLD.replace("mtu 70", "mtu 71");
    let theirs = OLD.replace("set net:net interface b\n", "");
    let against = OLD.replace("mtu 70", "mtu 72");
    let files = [
        ("old", OLD),
        ("mine", mine.as_str()),
        ("theirs", &theirs),
        ("against", &against),
    ];
    let directory = with(&files);
    let (status, out, err) = data(&directory, "rebase", &["old", "mine", "theirs"]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(out, theirs.replace("mtu 70", "mtu 71"));
    let (status, out, err) = data(&directory, "rebase", &["old", "mine", "against"]);
    assert_eq!((status, out.as_str()), (1, ""));
    let path = "conflict: /net:net/interface[name='a']/mtu\n  mine:   ";
    assert!(
        err.contains(path) && err.contains("71") && err.contains("72"),
        "{err}"
    );
}

#[test]
fn slips_are_told_with_their_remedy() {
    let files = [
        ("old", OLD),
        (
            "wrong.xml",
            "<config><net xmlns='urn:net'><interfaec/></net></config>",
        ),
        (
            "wrong.json",
            "{\"ietf-yang-patch:yang-patch\": {\"edit\": [{}]}}",
        ),
        (
            "wrong",
            "set net:net interface a mtu 70\nremove net:net interface b",
        ),
        ("half", "set net:net rule 1 via \"a"),
        ("gone", "delete net:net interface z\n"),
        ("state", "set net:net interface a up true\n"),
    ];
    let directory = with(&files);
    for (command, arguments, status, messages) in [
        (
            "edit",
            &["old", "wrong.xml"][..],
            1,
            &["did you mean <interface>?", "input: wrong.xml:1:30"][..],
        ),
        ("edit", &["old", "gone"], 1, &["help: leave the line out"]),
        ("diff", &["-", "-"], 2, &["standard input can be read once"]),
        (
            "edit",
            &["old", "wrong.json"],
            1,
            &["this is not a YANG Patch in JSON", "input: wrong.json:1:"],
        ),
        (
            "edit",
            &["old", "wrong"],
            1,
            &["\"remove\" is no command", "input: wrong:2:1"],
        ),
        ("edit", &["old", "none"], 2, &["cannot read none: "]),
        (
            "edit",
            &["old", "old", "--reverse", "no/where"],
            2,
            &["cannot write no/where: "],
        ),
        (
            "diff",
            &["old", "half"],
            2,
            &["half cannot be used", "input: half:1:24"],
        ),
        (
            "diff",
            &["old", "state", "--to", "edit-config"],
            2,
            &["up is state"],
        ),
        ("diff", &["old"], 2, &["<NEW>"]),
        (
            "diff",
            &["old", "old", "--to", "yaml"],
            2,
            &["possible values: text, patch, edit-config, set"],
        ),
        ("merge", &["old"], 2, &["<FILE>..."]),
        (
            "merge",
            &["old", "half"],
            1,
            &[
                "the quote that begins here does not end",
                "input: half:1:24",
            ],
        ),
        ("rebase", &["old", "old"], 2, &["<THEIRS>"]),
    ] {
        let (got, out, err) = data(&directory, command, arguments);
        assert_eq!(
            (got, out.as_str()),
            (status, ""),
            "{command} {arguments:?}: {err}"
        );
        for message in messages {
            assert!(err.contains(message), "{message} in {err}");
        }
    }
}
