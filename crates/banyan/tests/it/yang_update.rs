//! `banyan yang diff` and `banyan yang find`, as a person types them, slips included.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Exit status, standard output and standard error of `banyan` in a directory.
pub fn banyan(directory: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_banyan"))
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code().expect("an exit status"),
        text(output.stdout),
        text(output.stderr),
    )
}

fn shop(revision: &str, body: &str) -> String {
    format!(
        "module shop {{\n  yang-version 1.1;\n  namespace urn:shop;\n  prefix s;\n  revision {revision};\n{body}\n}}\n"
    )
}

/// Two revisions: `shop@2024-01-01.yang`, and `shop@2025-01-01.yang` with the second body.
fn revisions(old: &str, new: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (revision, body) in [("2024-01-01", old), ("2025-01-01", new)] {
        let file = directory.path().join(format!("shop@{revision}.yang"));
        std::fs::write(file, shop(revision, body)).expect("written");
    }
    directory
}

const PRICE: &str = "  leaf price { type uint32 { range 1..1000; } }";

#[test]
fn an_allowed_update_exits_with_0_and_says_so() {
    let directory = revisions(
        PRICE,
        "  leaf price { type uint32 { range 1..2000; } }\n  leaf tax { type uint8; }",
    );
    let files = ["shop@2024-01-01.yang", "shop@2025-01-01.yang"];
    let (status, out, err) = banyan(directory.path(), &["yang", "diff", files[0], files[1]]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    for line in [
        "range: 1..1000 -> 1..2000",
        "+ leaf /shop:tax",
        "shop@2024-01-01.yang:6 -> shop@2025-01-01.yang:6",
        "the update is allowed",
    ] {
        assert!(out.contains(line), "{line} in {out}");
    }
}

#[test]
fn a_forbidden_change_exits_with_1_and_names_the_rule_and_both_lines() {
    let directory = revisions(PRICE, "\n  leaf price { type uint32 { range 1..900; } }");
    let arguments = [
        "yang",
        "diff",
        "--path",
        ".",
        "shop@2024-01-01",
        "shop@2025-01-01",
    ];
    let (status, out, _) = banyan(directory.path(), &arguments);
    assert_eq!(status, 1, "{out}");
    for line in [
        "x leaf /shop:price",
        "it no longer allows 901..1000: a range, length or pattern may only allow more values (RFC 7950 11)",
        "shop@2024-01-01.yang:6 -> shop@2025-01-01.yang:7",
        "1 forbidden, 1 allowed",
    ] {
        assert!(out.contains(line), "{line} in {out}");
    }
}

#[test]
fn json_has_every_change_with_its_verdict_and_place() {
    let directory = revisions(PRICE, "");
    let files = ["shop@2024-01-01.yang", "shop@2025-01-01.yang"];
    let arguments = ["yang", "diff", files[0], files[1], "--format", "json"];
    let (status, out, _) = banyan(directory.path(), &arguments);
    assert_eq!(status, 1);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["allowed"], false);
    let changes = report["changes"].as_array().expect("changes");
    let removed = changes
        .iter()
        .find(|change| change["path"] == "/shop:price");
    let removed = removed.expect("the leaf is gone");
    assert_eq!(removed["verdict"], "forbidden");
    assert_eq!(removed["aspect"], "definition");
    assert_eq!(removed["old-place"], "shop@2024-01-01.yang:6");
    assert_eq!(removed["new"], serde_json::Value::Null);
}

#[test]
fn a_changed_typedef_is_shown_once_with_its_uses_and_all_of_them_with_all() {
    let body = |range: &str| {
        format!(
            "  typedef t {{ type int8 {{ range {range}; }} }}\n  leaf a {{ type t; }}\n  leaf b {{ type t; }}"
        )
    };
    let directory = revisions(&body("1..5"), &body("1..4"));
    let files = ["shop@2024-01-01.yang", "shop@2025-01-01.yang"];
    let (_, out, _) = banyan(directory.path(), &["yang", "diff", files[0], files[1]]);
    assert!(out.contains("x typedef shop:t"), "{out}");
    assert!(out.contains("used by /shop:a and 1 more"), "{out}");
    assert!(!out.contains("x leaf"), "{out}");
    let (_, out, _) = banyan(
        directory.path(),
        &["yang", "diff", files[0], files[1], "--all"],
    );
    assert_eq!(out.matches("through typedef shop:t").count(), 2, "{out}");
}

#[test]
fn directories_are_compared_as_sets() {
    let (old, new) = (
        revisions(PRICE, PRICE),
        tempfile::tempdir().expect("a directory"),
    );
    std::fs::write(
        new.path().join("other.yang"),
        "module other { namespace urn:o; prefix o; leaf x { type int8; } }",
    )
    .expect("written");
    let path = |directory: &TempDir| directory.path().to_str().expect("UTF-8").to_owned();
    let (status, out, _) = banyan(new.path(), &["yang", "diff", &path(&old), &path(&new)]);
    assert_eq!(status, 1, "{out}");
    assert!(
        out.contains("x module shop") && out.contains("+ module other"),
        "{out}"
    );
    let (status, _, err) = banyan(new.path(), &["yang", "diff", &path(&old), "other.yang"]);
    assert_eq!(status, 2);
    assert!(err.contains("is a directory and the other is not"), "{err}");
}

#[test]
fn slips_exit_with_2_and_say_what_to_do() {
    let directory = revisions(PRICE, PRICE);
    let diff = |old: &str, new: &str| {
        let (status, out, err) =
            banyan(directory.path(), &["yang", "diff", "--path", ".", old, new]);
        assert_eq!((status, out.as_str()), (2, ""), "{err}");
        err
    };
    let said = diff("missing.yang", "shop@2025-01-01");
    assert!(said.contains("missing.yang"), "{said}");
    let said = diff("shpo", "shop@2025-01-01");
    assert!(said.contains("did you mean shop?"), "{said}");
    let said = diff("shop@2023-01-01", "shop@2025-01-01");
    assert!(said.contains("2023-01-01"), "{said}");
    let (status, ..) = banyan(directory.path(), &["yang", "diff", "shop"]);
    assert_eq!(status, 2);
}

#[test]
fn swapped_revisions_are_noticed() {
    let directory = revisions(PRICE, "");
    let files = ["shop@2025-01-01.yang", "shop@2024-01-01.yang"];
    let (status, out, _) = banyan(directory.path(), &["yang", "diff", files[0], files[1]]);
    assert_eq!(status, 1);
    assert!(out.contains("are the two in the right order?"), "{out}");
}

#[test]
fn find_prints_path_kind_type_and_the_line_that_was_hit() {
    let directory = revisions(
        "  identity money { description \"What one pays with.\"; }\n  leaf price { type uint32; description \"In cents,\n    with tax.\"; }",
        PRICE,
    );
    let find = |pattern: &str| {
        let file = "shop@2024-01-01.yang";
        banyan(directory.path(), &["yang", "find", "-m", file, pattern])
    };
    let (status, out, _) = find("TAX");
    assert_eq!(status, 0);
    assert_eq!(out, "/shop:price  leaf uint32\n    In cents, with tax.\n");
    let (_, out, _) = find("mon*");
    assert_eq!(out, "shop:money  identity\n    What one pays with.\n");
}

#[test]
fn find_searches_what_banyan_brings_and_suggests_names_when_nothing_is_found() {
    let directory = tempfile::tempdir().expect("a directory");
    let (status, out, _) = banyan(directory.path(), &["yang", "find", "edit-config"]);
    assert_eq!(status, 0);
    assert!(out.contains("/ietf-netconf:edit-config  rpc"), "{out}");
    let (status, out, err) = banyan(directory.path(), &["yang", "find", "edit-confgi"]);
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(err.contains("did you mean edit-config"), "{err}");
    let (status, _, err) = banyan(directory.path(), &["yang", "find", ""]);
    assert_eq!(status, 2);
    assert!(err.contains("empty"), "{err}");
}

#[test]
fn a_subtree_is_named_with_or_without_prefixes_and_a_wrong_one_is_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let draw = |path: &str| {
        let arguments = [
            "yang",
            "tree",
            "ietf-netconf-monitoring",
            "--depth",
            "3",
            "--subtree",
            path,
        ];
        banyan(directory.path(), &arguments)
    };
    let (status, bare, err) = draw("/netconf-state/schemas");
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(bare.contains("+--ro schemas"), "{bare}");
    let (status, prefixed, _) = draw("/ncm:netconf-state/ncm:schemas");
    assert_eq!((status, prefixed), (0, bare));
    let (status, out, _) = draw("/netconf-state/schemas/schema/version");
    assert_eq!(status, 0, "{out}");
    for path in ["/netconf-state/schemata", "/netconf-stat"] {
        let (status, _, err) = draw(path);
        assert_eq!(status, 1);
        assert!(
            err.contains("leads nowhere in ietf-netconf-monitoring"),
            "{err}"
        );
    }
}
