//! What client commands tell of what they did, for people and for programs, and what they say when it cannot be done.

use std::process::Output;

use serde_json::Value;

use super::config::Place;
use super::program::{Daemon, banyan, text};

const SHOP: &str = r#"module shop {
  yang-version 1.1;
  namespace "urn:shop";
  prefix s;
  container shop {
    list item {
      key "name";
      leaf name { type string; }
      leaf price { type uint32; }
    }
    leaf motto { type string; default "fresh"; }
    leaf-list day { type string; ordered-by user; }
  }
}"#;

const TEA: &str = "/shop/item{tea}/price";

fn shop(configuration: &str) -> Daemon {
    // No first administrator, so that the first commit is ours.
    let configuration = format!("{configuration}\n[access]\nmode = 'disabled'\n");
    let mut daemon = Daemon::new(&[("shop", SHOP)], &["shop"], &configuration);
    daemon.start();
    daemon
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// `committed as 12 (transaction 17): 3 changes`, without the transaction.
fn committed(said: &str) -> String {
    let line = said.trim_end();
    assert_eq!(line.lines().count(), 1, "{said}");
    let (before, after) = line.split_once(" (transaction ").expect("a transaction");
    let (tid, after) = after.split_once(')').expect("its end");
    assert!(tid.parse::<u32>().is_ok(), "{said}");
    format!("{before}{after}")
}

#[test]
fn a_commit_says_in_a_line_what_it_did() {
    let daemon = shop("");
    assert_eq!(daemon.ok(&["set", TEA, "0"]), "");
    assert_eq!(
        committed(&daemon.ok(&["commit"])),
        "committed as 1: 1 change"
    );
    daemon.ok(&["set", TEA, "1"]);
    daemon.ok(&["set", "/shop/motto", "cheap"]);
    assert_eq!(
        committed(&daemon.ok(&["commit"])),
        "committed as 2: 2 changes"
    );
    assert_eq!(daemon.ok(&["commit"]), "nothing to commit\n");
    daemon.ok(&["set", TEA, "2"]);
    assert_eq!(daemon.ok(&["commit", "--quiet"]), "");
    daemon.ok(&["set", TEA, "3"]);
    let told = json(&daemon.ok(&["commit", "--format", "json"]));
    assert_eq!(told["committed"], true);
    assert_eq!(told["seq"], 4);
    assert_eq!(told["changes"], 1);
    assert!(told["tid"].is_u64(), "{told}");
    let told = json(&daemon.ok(&["commit", "--format", "json"]));
    assert_eq!(told["committed"], false);
    assert_eq!(told["seq"], Value::Null);
    // Differences are for a dry run.
    let output = daemon.run(&["commit", "--format", "set"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));

    daemon.ok(&["rollback", "1"]);
    daemon.ok(&["discard"]);
    let said = daemon.ok(&["rollback", "1", "--commit"]);
    assert_eq!(committed(&said), "committed as 5: 1 change");
}

#[test]
fn a_confirmed_commit_gives_a_script_the_name_alone() {
    let daemon = shop("");
    daemon.ok(&["set", TEA, "1"]);
    let name = daemon.ok(&["commit", "--confirmed", "600", "--quiet"]);
    assert_eq!(
        daemon.ok(&["commit", "--persist-id", name.trim(), "--quiet"]),
        ""
    );
    daemon.ok(&["set", TEA, "2"]);
    let told = json(&daemon.ok(&[
        "commit",
        "--confirmed",
        "600",
        "--persist",
        "trial",
        "--format",
        "json",
    ]));
    assert_eq!(told["persist-id"], "trial");
    assert_eq!(told["confirm-timeout"], 600);
    // What is extended keeps its name.
    let told = daemon.ok(&[
        "commit",
        "--persist-id",
        "trial",
        "--confirmed",
        "900",
        "--format",
        "json",
    ]);
    assert_eq!(json(&told)["persist-id"], "trial");
    let told = daemon.ok(&[
        "commit",
        "--cancel",
        "--persist-id",
        "trial",
        "--format",
        "json",
    ]);
    assert_eq!(json(&told)["cancelled"], true);
}

#[test]
fn where_edits_are_committed_at_once_they_say_so() {
    let daemon = shop("[candidate]\nautocommit = true");
    assert_eq!(
        committed(&daemon.ok(&["set", TEA, "1"])),
        "committed as 1: 1 change"
    );
    assert_eq!(daemon.ok(&["set", TEA, "1"]), "nothing to commit\n");
    let told = json(&daemon.ok(&["set", TEA, "2", "--format", "json"]));
    assert_eq!((&told["seq"], &told["changes"]), (&2.into(), &1.into()));
    assert_eq!(daemon.ok(&["set", TEA, "3", "--quiet"]), "");
    for (name, document) in [
        ("edit.xml", "<shop xmlns='urn:shop'><motto>m</motto></shop>"),
        ("edit.json", r#"{"shop:shop": {"day": ["mon", "tue"]}}"#),
    ] {
        let file = daemon.path().join(name);
        std::fs::write(&file, document).expect("a file");
        let said = daemon.ok(&["edit", file.to_str().expect("a path")]);
        assert!(committed(&said).starts_with("committed as "), "{said}");
    }
    assert_eq!(
        committed(&daemon.ok(&["delete", "/shop/motto"])),
        "committed as 6: 1 change"
    );
    let said = daemon.ok(&["rollback", "--only", "seq:6"]);
    assert_eq!(committed(&said), "committed as 7: 1 change");
    // Elsewhere, programs hear that it is not.
    let plain = shop("");
    let told = json(&plain.ok(&["set", TEA, "1", "--format", "json"]));
    assert_eq!(told["committed"], false);
}

#[test]
fn an_xml_edit_is_refused_with_its_line() {
    let daemon = shop("");
    let file = daemon.path().join("edit.xml");
    std::fs::write(
        &file,
        "<shop xmlns='urn:shop'>\n  <item><name>tea</name>\n    <price>much</price></item>\n</shop>\n",
    )
    .expect("a file");
    let said = daemon.refused(&["edit", file.to_str().expect("a path")]);
    assert!(said.contains("line 3") && said.contains("price"), "{said}");
}

#[test]
fn an_update_says_what_it_took_in() {
    let daemon = shop("");
    daemon.ok(&["set", TEA, "1"]);
    daemon.ok(&["commit"]);
    daemon.ok(&["store", "copy", "running", "before"]);
    daemon.ok(&["delete", TEA]);
    daemon.ok(&["commit"]);
    daemon.ok(&["set", "/shop/motto", "mine"]);
    assert_eq!(
        daemon.ok(&["update"]),
        "nothing to take in: the candidate stands on what is running\n"
    );
    // Running moves below the candidate.
    daemon.ok(&["store", "copy", "before", "running"]);
    let said = daemon.ok(&["update"]);
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some("took in 1 commit, 3 to 3"));
    let commit = lines.next().expect("the commit");
    assert!(commit.trim_start().starts_with("3  tid "), "{said}");
    daemon.ok(&["store", "copy", "candidate", "work"]);
    let shown = daemon.ok(&["get", "--store", "candidate", "--format", "set"]);
    assert!(
        shown.contains("price 1") && shown.contains("mine"),
        "{shown}"
    );
    let told = json(&daemon.ok(&["update", "--format", "json"]));
    assert_eq!(told["updated"], false);
    assert_eq!((&told["from"], &told["to"]), (&3.into(), &3.into()));
    assert_eq!(told["commits"], serde_json::json!([]));
    assert_eq!(daemon.ok(&["update", "--quiet"]), "");
}

#[test]
fn data_are_printed_as_the_lines_that_make_them() {
    let daemon = shop("");
    let lines = "set /shop:shop/item[name='tea']/price 1\nset /shop:shop/item[name='milk']\n\
                 set /shop:shop/day[.='tue']\nset /shop:shop/day[.='mon']\n";
    daemon.ok(&["set", TEA, "1"]);
    daemon.ok(&["set", "/shop/item{milk}"]);
    daemon.ok(&["set", "/shop/day", "tue"]);
    daemon.ok(&["set", "/shop/day", "mon"]);
    daemon.ok(&["commit"]);
    let mut printed: Vec<String> = daemon
        .ok(&["get", "--format", "set"])
        .lines()
        .map(str::to_owned)
        .collect();
    // The order of days is the user's, that of items is nobody's.
    let days: Vec<usize> = ["tue", "mon"]
        .map(|day| {
            printed
                .iter()
                .position(|line| line.contains(day))
                .expect(day)
        })
        .to_vec();
    assert!(days[0] < days[1], "{printed:?}");
    let mut wanted: Vec<String> = lines.lines().map(str::to_owned).collect();
    printed.sort();
    wanted.sort();
    assert_eq!(printed, wanted);
    assert_eq!(
        daemon.ok(&["get", "/shop/item{tea}", "--format", "set"]),
        "set /shop:shop/item[name='tea']/price 1\n"
    );
    let defaults = daemon.ok(&["get", "--defaults", "--format", "set"]);
    assert!(
        defaults.contains("set /shop:shop/motto fresh\n"),
        "{defaults}"
    );
    daemon.ok(&["store", "copy", "running", "saved"]);
    let saved = daemon.ok(&["store", "show", "saved", "--format", "set"]);
    assert_eq!(saved, daemon.ok(&["get", "--format", "set"]));
    // Lines of a daemon make the same data in another.
    let other = shop("");
    let file = other.path().join("lines.set");
    let path = file.to_str().expect("a path");
    std::fs::write(&file, &saved).expect("a file");
    other.ok(&["edit", path]);
    other.ok(&["commit"]);
    assert_eq!(other.ok(&["get", "--format", "set"]), saved);
    // And lines of a difference, all or none of them.
    let change = "# a comment\nset /shop:shop/motto \"two words\"\ndelete /shop/item{milk}\n";
    std::fs::write(&file, change).expect("a file");
    other.ok(&["edit", path]);
    assert_eq!(
        other.ok(&["diff", "--format", "set"]),
        "delete /shop:shop/item[name='milk']\nset /shop:shop/motto \"two words\"\n"
    );
    std::fs::write(&file, "set /shop/motto lost\ndelete /shop/item{beer}\n").expect("a file");
    other.refused(&["edit", path]);
    assert!(!other.ok(&["diff"]).contains("lost"));
    std::fs::write(&file, "set /shop/motto 1\nset\n").expect("a file");
    let output = other.run(&["edit", path]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("line 2"), "{}", text(&output));
}

#[test]
fn a_commit_of_the_history_is_told_to_programs_with_its_head() {
    let daemon = shop("");
    daemon.ok(&["set", TEA, "1"]);
    daemon.ok(&["commit", "--comment", "first", "--label", "l"]);
    let told = json(&daemon.ok(&["history", "show", "1", "--format", "json"]));
    assert_eq!(told["seq"], 1);
    assert!(told["tid"].is_u64() && told["time"].is_string(), "{told}");
    assert_eq!(told["comment"], "first");
    assert_eq!(told["label"], "l");
    assert_eq!(told["changes"], 1);
    assert_eq!(told["reverse"], false);
    let source = told["source"].as_str().expect("a source");
    assert!(source.contains("netconf"), "{source}");
    assert!(told["user"].is_string());
    let patch = &told["patch"]["ietf-yang-patch:yang-patch"];
    assert_eq!(patch["edit"].as_array().map(Vec::len), Some(1), "{told}");
    let undo = json(&daemon.ok(&["history", "show", "1", "--format", "json", "--reverse"]));
    assert_eq!(undo["reverse"], true);
    assert_ne!(undo["patch"], told["patch"]);
}

#[test]
fn deleting_what_is_not_there_says_what_can_be_done() {
    let daemon = shop("");
    for path in [TEA, "/shop/motto"] {
        let said = daemon.refused(&["delete", path]);
        assert!(said.contains("does not exist"), "{said}");
        assert!(said.contains("banyan delete --if-exists"), "{said}");
        assert!(!said.contains("use remove"), "{said}");
        daemon.ok(&["delete", "--if-exists", path]);
    }
    assert_eq!(daemon.ok(&["commit"]), "nothing to commit\n");
}

#[test]
fn a_commit_that_others_built_on_is_taken_out_after_theirs() {
    let daemon = shop("");
    for price in ["1", "2"] {
        daemon.ok(&["set", TEA, price]);
        daemon.ok(&["commit"]);
    }
    let said = daemon.refused(&["rollback", "--only", "seq:1"]);
    assert!(said.contains("banyan rollback --only seq:2"), "{said}");
    assert!(!said.contains("update"), "{said}");
    // What is advised works.
    daemon.ok(&["rollback", "--only", "seq:2", "--commit"]);
    daemon.ok(&["rollback", "--only", "seq:1", "--commit"]);
    assert_eq!(daemon.ok(&["get", "--format", "set"]), "");
}

/// A script that finds the program as `$banyan`, and the daemon's own socket as `$daemon`.
fn locked(daemon: &Daemon, options: &[&str], script: &str) -> Output {
    let script = format!(
        "banyan='{}'; daemon='{}'; {script}",
        env!("CARGO_BIN_EXE_banyan"),
        daemon.socket().display()
    );
    let socket = daemon.socket();
    let arguments = [
        &["lock", "--socket", socket.to_str().expect("a path")],
        options,
        &["--", "sh", "-c", &script],
    ];
    banyan(&arguments.concat())
}

#[test]
fn a_lock_is_held_while_a_command_works_under_it() {
    let daemon = shop("");
    let output = locked(
        &daemon,
        &[],
        "$banyan set /shop/motto locked && $banyan commit || exit 99
         $banyan set /shop/motto other --socket $daemon && exit 98
         $banyan set /shop/motto other --as somebody && exit 97
         $banyan show locks --socket $daemon
         exit 7",
    );
    let said = text(&output);
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains("committed as 1"), "{said}");
    let session = said
        .split_once("banyan kill-session ")
        .map(|(_, after)| after.split_whitespace().next().expect("a number"))
        .expect("the remedy");
    let rows = said.lines().filter(|line| line.contains(" whole "));
    let rows: Vec<&str> = rows.collect();
    assert_eq!(rows.len(), 2, "{said}");
    assert!(rows.iter().all(|row| row.contains(session)), "{said}");
    assert!(daemon.ok(&["get", "/shop/motto"]).contains("locked"));
    // It is gone with the command, and so is what was not committed.
    let output = locked(&daemon, &[], "$banyan set /shop/motto lost");
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("not committed"), "{}", text(&output));
    assert_eq!(daemon.ok(&["diff"]), "");
    daemon.ok(&["set", "/shop/motto", "free"]);
    daemon.ok(&["commit"]);
}

#[test]
fn a_part_is_locked_by_its_path_in_any_spelling() {
    let daemon = shop("");
    daemon.ok(&["set", TEA, "1"]);
    daemon.ok(&["set", "/shop/item{milk}/price", "1"]);
    daemon.ok(&["commit"]);
    for path in [
        "/shop/item{tea}",
        "/shop:shop/item[name='tea']",
        "/shop/item=tea",
    ] {
        let output = locked(
            &daemon,
            &["--path", path],
            "$banyan set /shop/item{tea}/price 2 --socket $daemon
             $banyan commit --socket $daemon; echo refused $?
             $banyan discard --socket $daemon
             $banyan set /shop/item{tea}/price 3 && $banyan commit
             $banyan set /shop/item{milk}/price 4 --socket $daemon && $banyan commit --socket $daemon
             $banyan rollback 2 --commit",
        );
        let said = text(&output);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("refused 1"), "{said}");
        assert!(said.contains("banyan kill-session "), "{said}");
        assert_eq!(said.matches("committed as").count(), 3, "{path}: {said}");
    }
    let output = locked(&daemon, &["--path", "/shop/item{beer}"], "true");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(
        text(&output).contains("nothing to lock"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_lock_that_is_lost_or_not_to_be_had_is_an_error() {
    let daemon = shop("");
    let output = locked(
        &daemon,
        &["--store", "running"],
        "$banyan lock --store running --socket $daemon -- true; echo inner $?
         id=$($banyan show locks --socket $daemon | awk '$1 == \"running\" { print $3 }')
         $banyan kill-session $id --socket $daemon
         $banyan get; echo get $?",
    );
    let said = text(&output);
    assert!(
        said.contains("inner 1") && said.contains("banyan kill-session"),
        "{said}"
    );
    assert!(said.contains("get 3"), "{said}");
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("the lock was lost"), "{said}");
    let output = banyan(&[
        "lock",
        "--socket",
        daemon.socket().to_str().expect("a path"),
        "--",
        "./no-such-command",
    ]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(
        text(&output).contains("no-such-command"),
        "{}",
        text(&output)
    );
}

#[test]
fn the_daemon_is_looked_for_in_several_places() {
    let daemon = shop("");
    let place = Place::with(&[]);
    let config = daemon.path().join("banyan.toml");
    let config = config.to_str().expect("a path");
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = place.command(arguments);
        command.env_remove("XDG_RUNTIME_DIR");
        command.envs(variables.iter().copied());
        command.output().expect("the program runs")
    };
    let socket = daemon.socket();
    let socket = socket.to_str().expect("a path");
    assert!(run(&["get", "-f", config], &[]).status.success());
    assert!(run(&["get"], &[("BANYAN_SOCKET", socket)]).status.success());
    let both = run(
        &["get", "--config", "/nowhere.toml"],
        &[("BANYAN_SOCKET", socket)],
    );
    assert!(both.status.success(), "{}", text(&both));
    assert!(
        text(&both).contains("BANYAN_SOCKET goes before"),
        "{}",
        text(&both)
    );
    let runtime = place.path("");
    std::os::unix::fs::symlink(socket, place.path("banyan.sock")).expect("a link");
    let runtime = runtime.to_str().expect("a path");
    let output = run(&["get"], &[("XDG_RUNTIME_DIR", runtime)]);
    assert!(output.status.success(), "{}", text(&output));
    let output = run(&["get"], &[]);
    // A machine may have a daemon of its own.
    if !std::path::Path::new("/run/banyan/banyan.sock").exists() {
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        for wanted in [
            "--socket",
            "BANYAN_SOCKET",
            "--config",
            "./banyan.toml",
            "XDG_RUNTIME_DIR",
            "/run/banyan/banyan.sock",
        ] {
            assert!(
                text(&output).contains(wanted),
                "{wanted}: {}",
                text(&output)
            );
        }
    }
}
