//! `banyan yang check` and `banyan yang dump`, as one types them.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::program::{banyan, text};

/// A directory with these files.
fn files(contents: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, content) in contents {
        let file = directory.path().join(name);
        fs::create_dir_all(file.parent().expect("a parent")).expect("a directory");
        fs::write(file, content).expect("a file");
    }
    directory
}

/// Runs `banyan yang` in a directory.
fn yang(directory: &Path, arguments: &[&str]) -> Output {
    with_input(directory, arguments, "")
}

fn with_input(directory: &Path, arguments: &[&str], input: &str) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_banyan"))
        .arg("yang")
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stdin = process.stdin.take().expect("a pipe");
    // Whoever reads no input may be gone already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    process.wait_with_output().expect("the program ends")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(output)))
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    let line = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(line).collect()
}

/// The summary without its last part, the time.
fn summary(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or("");
    last.rsplit_once(", ")
        .map_or(last, |(before, _)| before)
        .to_owned()
}

const GOOD: &str = "module good { namespace urn:g; prefix g; revision 2020-01-01;
  feature big; feature small;
  container top { leaf a { type string; } leaf b { if-feature big; type string; } } }\n";
const BROKEN: &str = "module broken {
  namespace urn:b;
  prefix b;
  container top {
    leaf a { type strng; }
    leaf b { type uint8; }
    leaf c { type int99; }
  }
}\n";

#[test]
fn a_clean_module_gives_a_summary_and_status_0() {
    let directory = files(&[("good.yang", GOOD)]);
    let output = yang(directory.path(), &["check", "good.yang"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(summary(&output), "1 module, 3 nodes, 0 errors, 0 warnings");
}

#[test]
fn every_error_is_shown_with_its_line_and_the_status_is_1() {
    let directory = files(&[("broken.yang", BROKEN)]);
    let output = yang(directory.path(), &["check", "broken.yang"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    for part in [
        "broken.yang:5:",
        "strng",
        "leaf a { type strng; }",
        "broken.yang:7:",
        "int99",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains('\u{1b}'), "no colours for a pipe: {said}");
    assert!(
        summary(&output).starts_with("1 module, not compiled, 2 errors"),
        "{said}"
    );
}

#[test]
fn lenient_leaves_out_the_smallest_part_and_lists_it() {
    let directory = files(&[("broken.yang", BROKEN)]);
    let output = yang(directory.path(), &["check", "--lenient", "broken.yang"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let said = text(&output);
    let part = "line 5: type strng (in module broken, container top, leaf a):";
    assert!(said.contains("Left out:") && said.contains(part), "{said}");
    assert!(
        summary(&output).starts_with("1 module, 2 nodes, 2 errors"),
        "{said}"
    );
}

#[test]
fn json_has_modules_diagnostics_what_was_left_out_and_a_summary() {
    let directory = files(&[("broken.yang", BROKEN)]);
    let output = yang(
        directory.path(),
        &["check", "--format", "json", "--lenient", "broken.yang"],
    );
    let report = json(&output);
    let module = &report["modules"][0];
    assert_eq!(module["name"], "broken");
    assert_eq!(
        (&module["implemented"], &module["file"]),
        (&true.into(), &"broken.yang".into())
    );
    let found = report["diagnostics"].as_array().expect("diagnostics");
    let first = found
        .iter()
        .find(|it| it["severity"] == "error")
        .expect("an error");
    assert_eq!(
        (&first["file"], &first["line"]),
        (&"broken.yang".into(), &5.into())
    );
    assert!(
        first["column"].as_u64() < first["end-column"].as_u64(),
        "{first}"
    );
    assert!(
        first["rfc"]
            .as_str()
            .is_some_and(|it| it.starts_with("RFC 7950")),
        "{first}"
    );
    assert!(first["related"].is_array());
    let left_out = report["left-out"].as_array().expect("left-out");
    assert!(
        left_out
            .iter()
            .any(|it| it["what"] == "leaf a" && it["in"] == "module broken, container top"),
        "{left_out:#?}"
    );
    assert_eq!(report["summary"]["errors"], 2);
    assert_eq!(report["summary"]["nodes"], 2);
    // Strict: the same errors, nothing compiled.
    let strict = yang(
        directory.path(),
        &["check", "--format", "json", "broken.yang"],
    );
    assert_eq!(strict.status.code(), Some(1));
    let strict = json(&strict);
    assert_eq!(strict["summary"]["errors"], 2);
    assert_eq!(strict["summary"]["nodes"], Value::Null);
    assert_eq!(strict["left-out"], Value::Array(Vec::new()));
}

#[test]
fn modules_are_checked_from_standard_input_too() {
    let directory = files(&[("good.yang", GOOD)]);
    let output = with_input(directory.path(), &["check", "-"], BROKEN);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("<stdin>:5:"), "{}", text(&output));
    // Its imports come from --path.
    let importing = "module i { namespace urn:i; prefix i; import good { prefix g; } augment /g:top { leaf x { type empty; } } }";
    let output = with_input(directory.path(), &["check", "-", "--path", "."], importing);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn a_directory_means_every_module_below_it_whatever_its_file_is_called() {
    let directory = files(&[
        ("models/good@2020-01-01.yang", GOOD),
        (
            "models/deep/er/part.yang",
            "submodule part { belongs-to whole { prefix w; } leaf p { type string; } }",
        ),
        (
            "models/deep/strange-name.yang",
            "module whole { namespace urn:w; prefix w; include part; }",
        ),
        ("models/.hidden/broken.yang", BROKEN),
    ]);
    let output = yang(directory.path(), &["check", "models"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(summary(&output), "2 modules, 4 nodes, 0 errors, 0 warnings");
}

#[test]
fn what_a_module_imports_is_found_beside_it_below_path_and_among_banyans_own() {
    let importing = "module i { namespace urn:i; prefix i;
        import good { prefix g; } import far { prefix f; } import ietf-inet-types { prefix inet; }
        leaf x { type f:word; } leaf y { type inet:port-number; } }";
    let far = "module far { namespace urn:f; prefix f; typedef word { type string; } }";
    let directory = files(&[
        ("here/i.yang", importing),
        ("here/good.yang", GOOD),
        ("there/below/far.yang", far),
    ]);
    let output = yang(
        directory.path(),
        &["check", "--path", "there", "here/i.yang"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let output = yang(directory.path(), &["check", "here/i.yang"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("far"), "{}", text(&output));
}

#[test]
fn the_first_path_wins_and_an_import_by_revision_finds_the_file_that_has_it() {
    let old =
        "module t { namespace urn:t; prefix t; revision 2019-01-01; typedef a { type int8; } }";
    let new = "module t { namespace urn:t; prefix t; revision 2021-01-01; revision 2019-01-01; typedef b { type int8; } }";
    let by_revision = "module m { namespace urn:m; prefix m; import t { prefix t; revision-date 2019-01-01; } leaf x { type t:a; } }";
    let newest =
        "module n { namespace urn:n; prefix n; import t { prefix t; } leaf x { type t:b; } }";
    let directory = files(&[
        ("one/t.yang", new),
        ("two/t.yang", old),
        ("m.yang", by_revision),
        ("n.yang", newest),
    ]);
    let output = yang(
        directory.path(),
        &["check", "-p", "one", "-p", "two", "m.yang", "n.yang"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn mistakes_of_usage_say_what_to_do_with_status_2() {
    let directory = files(&[
        ("good.yang", GOOD),
        ("empty/readme", ""),
        ("latin.yang", ""),
    ]);
    fs::write(
        directory.path().join("latin.yang"),
        b"module latin {\n  contact \"\xe9\";\n}",
    )
    .expect("a file");
    let cases: &[(&[&str], &[&str])] = &[
        (&["check", "god.yang"], &["cannot read god.yang"]),
        (
            &["check", "-p", ".", "god"],
            &["no file and no module called god", "did you mean good?"],
        ),
        (
            &["check", "--path", "nowhere", "good.yang"],
            &["cannot read the YANG directory nowhere", "correct the path"],
        ),
        (&["check", "empty"], &["no module in empty"]),
        (&["check"], &["FILE"]),
        (&["check", "latin.yang"], &["latin.yang", "line 2", "UTF-8"]),
        (
            &["check", "--feature", "big", "good.yang"],
            &["MODULE:FEATURE"],
        ),
        (
            &["check", "--feature", "good:bigg", "good.yang"],
            &["no feature bigg", "did you mean big?"],
        ),
        (
            &["check", "--feature", "goood:big", "good.yang"],
            &["goood", "did you mean good?"],
        ),
        (
            &["check", "--hello", "good.yang"],
            &["good.yang lists no modules"],
        ),
        (&["check", "--format", "xml", "good.yang"], &["json"]),
        (
            &["check", "--hello", "a", "--yang-library", "b"],
            &["cannot be used with"],
        ),
    ];
    for (arguments, parts) in cases {
        let output = yang(directory.path(), arguments);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        for part in *parts {
            assert!(said.contains(part), "{arguments:?}: {part}: {said}");
        }
    }
}

#[test]
fn equal_warnings_are_counted_and_all_of_them_shown_when_asked_for() {
    let leaf = |n: usize| format!("leaf l{n} {{ type string; must \"../nowhere{n}\"; }}\n");
    let leaves: String = (0..9).map(leaf).collect();
    let module = format!("module w {{ namespace urn:w; prefix w;\n container c {{\n{leaves} }} }}");
    let directory = files(&[("w.yang", &module)]);
    let few = text(&yang(directory.path(), &["check", "w.yang"]));
    assert!(
        few.contains("nowhere0") && !few.contains("nowhere5"),
        "{few}"
    );
    assert!(
        few.contains("... and 8 more") && few.contains("--all"),
        "{few}"
    );
    let output = yang(directory.path(), &["check", "--all", "w.yang"]);
    assert!(text(&output).contains("nowhere5"), "{}", text(&output));
    assert_eq!(output.status.code(), Some(0), "warnings are no errors");
    let report = json(&yang(
        directory.path(),
        &["check", "--format", "json", "w.yang"],
    ));
    assert_eq!(report["summary"]["warnings"], 9);
    assert_eq!(report["diagnostics"].as_array().map(Vec::len), Some(9));
}

const HELLO: &str = r#"<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">
  <capabilities>
    <capability>urn:ietf:params:netconf:base:1.1</capability>
    <capability>urn:ietf:params:netconf:capability:yang-library:1.1?revision=2019-01-04&amp;content-id=1</capability>
    <capability>urn:g?module=good&amp;revision=2020-01-01&amp;features=small&amp;deviations=good-dev</capability>
    <capability>urn:gd?module=good-dev</capability>
    <capability>urn:l?module=lost&amp;revision=2018-01-01</capability>
  </capabilities>
</hello>"#;
const DEVIATION: &str = "module good-dev { namespace urn:gd; prefix gd; import good { prefix g; }
  deviation /g:top/g:a { deviate not-supported; } }";

#[test]
fn a_hello_gives_modules_features_and_deviations_from_beside_it() {
    let directory = files(&[
        ("device/hello.xml", HELLO),
        ("device/good.yang", GOOD),
        ("device/good-dev.yang", DEVIATION),
    ]);
    let output = yang(
        directory.path(),
        &["check", "--lenient", "--hello", "device/hello.xml"],
    );
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("device/hello.xml:7:5") && said.contains("lost@2018-01-01"),
        "{said}"
    );
    assert!(said.contains("not found:\n    lost@2018-01-01\n"), "{said}");
    assert!(
        said.contains("note: ") && said.contains("RFC 7950 5.6.4"),
        "{said}"
    );
    // The leaf a is deviated away, b has its feature off.
    assert!(
        summary(&output).starts_with("2 modules, 1 node, 1 error"),
        "{said}"
    );
    let strict = yang(directory.path(), &["check", "--hello", "device/hello.xml"]);
    assert_eq!(strict.status.code(), Some(1), "{}", text(&strict));
    // A feature option goes before the hello.
    let nodes = yang(
        directory.path(),
        &[
            "dump",
            "--lenient",
            "--hello",
            "device/hello.xml",
            "--feature",
            "good:big",
        ],
    );
    let nodes = lines(&nodes);
    assert!(
        nodes.iter().any(|line| line["path"] == "/good:top/b"),
        "{nodes:#?}"
    );
}

#[test]
fn a_yang_library_in_json_gives_the_set_with_import_only_modules() {
    let library = r#"{"ietf-yang-library:yang-library": {"module-set": [{"name": "s",
      "module": [{"name": "user", "feature": []}],
      "import-only-module": [{"name": "good", "revision": "2020-01-01"}]}]}}"#;
    let user = "module user { namespace urn:u; prefix u; import good { prefix g; } leaf x { type string; } }";
    let directory = files(&[
        ("library.json", library),
        ("good.yang", GOOD),
        ("user.yang", user),
    ]);
    let output = yang(
        directory.path(),
        &["dump", "--yang-library", "library.json"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let dumped = lines(&output);
    let kinds: Vec<_> = dumped
        .iter()
        .filter(|it| !it["module"].is_null())
        .map(|it| (&it["module"], &it["implemented"]))
        .collect();
    assert_eq!(
        kinds,
        [
            (&"good".into(), &false.into()),
            (&"user".into(), &true.into())
        ]
    );
    assert!(dumped.iter().any(|it| it["path"] == "/user:x"));
    assert!(!dumped.iter().any(|it| it["path"] == "/good:top"));
    let hello = yang(directory.path(), &["check", "--yang-library", "user.yang"]);
    assert_eq!(hello.status.code(), Some(2), "{}", text(&hello));
}

#[test]
fn a_broken_list_is_refused_with_its_line() {
    let directory = files(&[
        (
            "cut.xml",
            "<hello xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'>\n<capabilities>\n",
        ),
        ("cut.json", "{\n\"ietf-yang-library:yang-library\": {\n]"),
        (
            "nameless.json",
            "{\"ietf-yang-library:yang-library\": {\"module-set\": [\n{\"module\": [\n{\"revision\": \"2020-01-01\"}]}]}}",
        ),
        ("other.xml", "<config/>"),
    ]);
    for (option, file, part) in [
        ("--hello", "cut.xml", "cut.xml:3:"),
        ("--yang-library", "cut.json", "cut.json:3:"),
        (
            "--yang-library",
            "nameless.json",
            "nameless.json:3: this `module` has no `name`; add it",
        ),
        ("--yang-library", "other.xml", "lists no modules"),
    ] {
        let output = yang(directory.path(), &["check", option, file]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(part), "{part}: {}", text(&output));
    }
}

#[test]
fn a_dump_is_the_same_whatever_the_order_and_place_of_modules() {
    let more = "module more { namespace urn:m; prefix m; import good { prefix g; } augment /g:top { leaf x { type empty; } } }";
    let directory = files(&[("a/good.yang", GOOD), ("b/more.yang", more)]);
    let one = yang(directory.path(), &["dump", "a/good.yang", "b/more.yang"]);
    let other = yang(
        directory.path(),
        &["dump", "-p", "b", "-p", "a", "more", "good"],
    );
    assert_eq!(one.status.code(), Some(0), "{}", text(&one));
    assert_eq!(text(&one), text(&other));
    assert_eq!(lines(&one).len(), 2 + 4);
    let broken = files(&[("broken.yang", BROKEN)]);
    let output = yang(broken.path(), &["dump", "broken.yang"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        output.stdout.is_empty() && text(&output).contains("--lenient"),
        "{}",
        text(&output)
    );
    assert_eq!(
        lines(&yang(broken.path(), &["dump", "--lenient", "broken.yang"])).len(),
        3
    );
}

#[test]
fn the_help_of_both_commands_names_every_option() {
    let said = text(&banyan(&["yang", "check", "--help"]));
    for option in [
        "--path",
        "--feature",
        "--hello",
        "--yang-library",
        "--lenient",
        "--cache",
        "--format",
        "--all",
    ] {
        assert!(said.contains(option), "{option}: {said}");
    }
}

#[test]
fn a_cache_changes_nothing_but_the_time_and_follows_the_files() {
    let directory = files(&[("good.yang", GOOD)]);
    let dumped = |arguments: &[&str]| {
        let output = yang(directory.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        text(&output)
    };
    let kept = || {
        let files = fs::read_dir(directory.path().join("kept")).expect("the cache");
        let bytes = files.map(|file| fs::read(file.expect("a file").path()).expect("bytes"));
        bytes.collect::<Vec<_>>()
    };
    let plain = dumped(&["dump", "good.yang"]);
    let cached = ["dump", "--cache", "kept", "good.yang"];
    assert_eq!(dumped(&cached), plain);
    let first = kept();
    assert_eq!(first.len(), 1);
    assert_eq!(dumped(&cached), plain);
    assert_eq!(kept(), first);

    let changed = GOOD.replacen("leaf ", "leaf new-", 1);
    assert_ne!(changed, GOOD);
    fs::write(directory.path().join("good.yang"), &changed).expect("a file");
    let after = dumped(&cached);
    assert_eq!(after, dumped(&["dump", "good.yang"]));
    assert_ne!(after, plain);
    assert_eq!(kept().len(), 1, "the file is replaced");
    assert_ne!(kept(), first);

    // A cache that cannot be written is none.
    assert_eq!(
        dumped(&["dump", "--cache", "good.yang", "good.yang"]),
        after
    );
}

#[test]
fn each_of_several_revisions_is_checked_with_the_others_at_hand() {
    let module = |revision: &str, body: &str| {
        format!(
            "module m {{ yang-version 1.1; namespace urn:m; prefix m; revision {revision}; {body} }}"
        )
    };
    let old = module("2020-01-01", "typedef t { type int8; }");
    let new = module(
        "2021-01-01",
        "typedef t { type int8; } leaf l { type wrong; }",
    );
    let user = "module u { yang-version 1.1; namespace urn:u; prefix u;
        import m { prefix m; revision-date 2020-01-01; } leaf l { type m:t; } }";
    let directory = files(&[
        ("m@2020-01-01.yang", &old),
        ("m@2021-01-01.yang", &new),
        ("u.yang", user),
    ]);
    let all = ["m@2020-01-01.yang", "m@2021-01-01.yang", "u.yang"];
    let output = yang(directory.path(), &[&["check"], &all[..]].concat());
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in [
        "u:\n",
        "m@2020-01-01:\n",
        "m@2021-01-01:\n",
        "there is no typedef `wrong`",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let output = yang(
        directory.path(),
        &[&["check", "--format", "json"], &all[..]].concat(),
    );
    let sets = json(&output);
    let errors: Vec<_> = sets
        .as_array()
        .expect("an array")
        .iter()
        .map(|set| set["summary"]["errors"].as_u64())
        .collect();
    assert_eq!(errors, [Some(0), Some(0), Some(1)]);
    let output = yang(directory.path(), &["check", all[0], all[2]]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
fn a_regular_expression_finds_nodes_and_its_slips_are_shown() {
    let model = "module m { yang-version 1.1; namespace urn:m; prefix m;
        leaf mtu { type int8; } leaf max-mtu { type int8; } }";
    let directory = files(&[("m.yang", model)]);
    let find = |pattern| {
        yang(
            directory.path(),
            &["find", "-m", "m", "-p", ".", "-e", pattern],
        )
    };
    let output = find("^m[t-z]u$");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "/m:mtu  leaf int8\n"
    );
    let output = find("m(tu");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("unclosed group\n  m(tu\n   ^"), "{said}");
}

/// A full disk behind `>` is not silence and success.
#[test]
fn an_output_that_cannot_be_written_is_told() {
    let directory = files(&[(
        "a.yang",
        "module a { namespace urn:a; prefix a; leaf x { type string; } }",
    )]);
    let commands: [&[&str]; 4] = [
        &["yang", "check", "a.yang"],
        &["yang", "tree", "a.yang"],
        &["yang", "dump", "a.yang"],
        &["data", "query", "-m", "a.yang", "a.json", "1"],
    ];
    fs::write(directory.path().join("a.json"), "{}").expect("a file");
    for command in commands {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("the device that is always full");
        let output = Command::new(env!("CARGO_BIN_EXE_banyan"))
            .args(command)
            .current_dir(directory.path())
            .stdout(full)
            .output()
            .expect("the program runs");
        let err = text(&output);
        assert!(
            err.contains("cannot write to standard output"),
            "{command:?}: {err}"
        );
        assert_eq!(output.status.code(), Some(2), "{command:?}");
    }
}
