//! `banyan config`, and daemons that are started from configurations of both languages.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::program::{Daemon, banyan, text};

const START: Duration = Duration::from_secs(60);

/// A directory to run `banyan` in, so that messages hold no temporary names.
pub struct Place(TempDir);

impl Place {
    pub fn with(files: &[(&str, &str)]) -> Place {
        let place = Place(tempfile::tempdir().expect("a directory"));
        for (name, text) in files {
            place.write(name, text.as_bytes());
        }
        place
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, content).expect("a file");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_banyan"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("BANYAN_SOCKET")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Starts `banyan serve` and waits for its socket.
    pub fn serve(&self, arguments: &[&str], socket: &str) -> Running {
        let log = fs::File::create(self.path("daemon.log")).expect("a log");
        let mut command = self.command(&["serve"]);
        command
            .args(arguments)
            .stdout(log.try_clone().expect("a file"))
            .stderr(log);
        let mut process = command.spawn().expect("the program runs");
        let deadline = Instant::now() + START;
        while std::os::unix::net::UnixStream::connect(self.path(socket)).is_err() {
            let ended = process.try_wait().expect("a status");
            assert!(ended.is_none(), "the daemon ended: {}", self.log());
            assert!(
                Instant::now() < deadline,
                "the daemon does not answer: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Running(process)
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("daemon.log")).unwrap_or_default()
    }
}

/// A daemon; killed when it is dropped.
pub struct Running(Child);

impl Running {
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    pub fn wait(&mut self) -> std::process::ExitStatus {
        self.0.wait().expect("a status")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const ACME: &str = r#"module acme {
  yang-version 1.1;
  namespace "urn:acme";
  prefix a;
  revision 2024-05-01;
  feature fast;
  feature slow;
  leaf name { type string; }
  leaf speed { if-feature fast; type string; }
  leaf delay { if-feature slow; type string; }
}"#;

/// What a first-time user may do wrong, and what is said then. Standard error and output, and the exit status.
#[test]
fn mistakes_are_explained() {
    let place = Place::with(&[
        ("empty.toml", "\n"),
        ("syntax.toml", "[store]\ndirectory = store\n"),
        ("cut.toml", "[store\n"),
        (
            "unknown.toml",
            "store.directry = 'x'\n[netconf]\nshh = '127.0.0.1:1'\n[process]\ndirectory = 'x'\n",
        ),
        (
            "values.toml",
            "[store]\ndirectory = 'x'\nstartup-mode = 'runing'\n[netconf]\nssh = 'localhost:22'\nhost-key = 5\n\
             [yang]\nload = 'acme'\nlenient = 'yes'\n[[operation]]\npath = 'restart'\nexec = ['./x']\ntimeout = 0\n\
             [log]\nlevel = \"loud\"\ndestination = ['paper']\n",
        ),
        (
            "missing.toml",
            "[yang]\nload = ['acme']\n[[user]]\nkeys = []\n",
        ),
        ("clixon-name.toml", "CLICON_XMLDB_DIR = '/db'\n"),
        ("root.xml", "<config><CLICON_SOCK>/s</CLICON_SOCK></config>"),
        (
            "namespace.xml",
            "<clixon-config><CLICON_SOCK>/s</CLICON_SOCK></clixon-config>",
        ),
        (
            "malformed.xml",
            "<clixon-config xmlns=\"http://clicon.org/config\">\n  <CLICON_SOCK>/s</CLICON_SOK>\n</clixon-config>\n",
        ),
        (
            "cut.xml",
            "<clixon-config xmlns=\"http://clicon.org/config\">\n  <CLICON_SOCK>/s</CLICON_SOCK>\n",
        ),
        (
            "values.xml",
            "<clixon-config xmlns=\"http://clicon.org/config\">\n  <CLICON_XMLDB_DIR>/db</CLICON_XMLDB_DIR>\n  \
             <CLICON_STARTUP_MOD>none</CLICON_STARTUP_MOD>\n  <CLICON_FEATURE>fast</CLICON_FEATURE>\n  \
             <CLICON_BACKEND_PRIVILEGES>drop</CLICON_BACKEND_PRIVILEGES>\n  <CLICON_SOCK_FAMILY>IPv4</CLICON_SOCK_FAMILY>\n  \
             <CLICON_SOCK></CLICON_SOCK>\n  <CLICON_CLI_MODE>base</CLICON_CLI_MODE>\n</clixon-config>\n",
        ),
        (
            "doctype.xml",
            "<!DOCTYPE x>\n<clixon-config xmlns=\"http://clicon.org/config\"/>\n",
        ),
    ]);
    place.write("binary.toml", b"\x7fELF\x02\x01\x00\n\xff\xfe");
    place.write("nul.toml", b"[store]\ndirectory = '\0'\n");
    fs::create_dir(place.path("folder")).expect("a directory");
    let mut told = String::new();
    for file in [
        "nowhere.toml",
        "empty.toml",
        "folder",
        "binary.toml",
        "nul.toml",
        "syntax.toml",
        "cut.toml",
        "unknown.toml",
        "values.toml",
        "missing.toml",
        "clixon-name.toml",
        "root.xml",
        "namespace.xml",
        "malformed.xml",
        "cut.xml",
        "values.xml",
        "doctype.xml",
    ] {
        let output = place.run(&["config", "check", file]);
        told.push_str(&format!(
            "$ banyan config check {file}\n{}{}exit status {}\n\n",
            String::from_utf8_lossy(&output.stderr),
            String::from_utf8_lossy(&output.stdout),
            output.status.code().unwrap_or(-1)
        ));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_daemon_says_the_same_and_does_not_start() {
    let place = Place::with(&[(
        "banyan.toml",
        "[store]\ndirectory = 'x'\n[log]\nlevel = 'loud'\nlevl = 1\n",
    )]);
    let output = place.run(&["serve"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output);
    for expected in [
        "banyan.toml:4:9",
        "error, warn, info",
        "banyan.toml:5:1",
        "did you mean `log.level`?",
    ] {
        assert!(said.contains(expected), "{said}");
    }
    assert!(!place.path("x").exists());
    let said = text(&place.run(&["serve", "-l", "paper"]));
    assert!(said.contains("s (syslog)"), "{said}");
    let said = text(&place.run(&["serve", "-f", "nowhere"]));
    assert!(
        said.contains("nowhere") && said.contains("--config"),
        "{said}"
    );
}

/// The sixteen most used options of Clixon's own tests (clixon.md 2.13).
#[test]
fn a_clixon_configuration_starts_and_commits() {
    let place = Place::with(&[
        ("main/acme@2024-05-01.yang", ACME),
        (
            "share/deep/below/acme-types.yang",
            "module acme-types { namespace urn:acme-types; prefix t; typedef word { type string; } }",
        ),
        (
            "app.yang",
            "module app { yang-version 1.1; namespace urn:app; prefix p; import acme-types { prefix t; } leaf word { type t:word; } }",
        ),
    ]);
    let here = place.path("").display().to_string();
    let here = here.trim_end_matches('/');
    let configuration = format!(
        r#"<clixon-config xmlns="http://clicon.org/config">
  <CLICON_CONFIGFILE>{here}/clixon.xml</CLICON_CONFIGFILE>
  <CLICON_FEATURE>ietf-netconf:startup</CLICON_FEATURE>
  <CLICON_FEATURE>ietf-netconf:writable-running</CLICON_FEATURE>
  <CLICON_FEATURE>acme:fast</CLICON_FEATURE>
  <CLICON_YANG_DIR>/usr/local/share/clixon-is-not-here</CLICON_YANG_DIR>
  <CLICON_YANG_DIR>{here}/share</CLICON_YANG_DIR>
  <CLICON_YANG_MAIN_FILE>{here}/app.yang</CLICON_YANG_MAIN_FILE>
  <CLICON_YANG_MAIN_DIR>{here}/main</CLICON_YANG_MAIN_DIR>
  <CLICON_XMLDB_DIR>{here}/store</CLICON_XMLDB_DIR>
  <CLICON_SOCK>{here}/example.sock</CLICON_SOCK>
  <CLICON_BACKEND_PIDFILE>{here}/example.pid</CLICON_BACKEND_PIDFILE>
  <CLICON_CLISPEC_DIR>{here}/clispec</CLICON_CLISPEC_DIR>
  <CLICON_CLI_MODE>example</CLICON_CLI_MODE>
  <CLICON_CLI_DIR>{here}/cli</CLICON_CLI_DIR>
  <CLICON_BACKEND_DIR>{here}/backend</CLICON_BACKEND_DIR>
  <CLICON_YANG_LIBRARY>true</CLICON_YANG_LIBRARY>
  <CLICON_RESTCONF_DIR>{here}/restconf</CLICON_RESTCONF_DIR>
  <CLICON_BACKEND_REGEXP>example_backend.so$</CLICON_BACKEND_REGEXP>
  <CLICON_MODULE_SET_ID>42</CLICON_MODULE_SET_ID>
</clixon-config>
"#
    );
    place.write("clixon.xml", configuration.as_bytes());
    let mut daemon = place.serve(&["-f", "clixon.xml"], "example.sock");
    let socket = place.path("example.sock");
    let socket = socket.to_str().expect("a path");
    let run = |arguments: &[&str]| {
        let output = banyan(&[arguments, &["--socket", socket]].concat());
        assert!(
            output.status.success(),
            "{arguments:?}: {}\n{}",
            text(&output),
            place.log()
        );
        text(&output)
    };
    run(&["set", "/acme:name", "from Clixon"]);
    run(&["set", "/acme:speed", "high"]);
    run(&["set", "/app:word", "w"]);
    run(&["commit"]);
    assert!(run(&["get", "/acme:name"]).contains("from Clixon"));
    // A feature that is not named is off.
    let output = banyan(&["set", "/acme:delay", "long", "--socket", socket]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let log = place.log();
    assert!(log.contains("clixon-is-not-here"), "{log}");
    assert!(
        log.contains("ietf-netconf:writable-running is not a feature"),
        "{log}"
    );
    assert!(log.contains("CLICON_CLI_MODE has no effect yet"), "{log}");
    let pid = fs::read_to_string(place.path("example.pid")).expect("a pid file");
    assert_eq!(pid.trim(), daemon.pid().to_string());
    // A second one does not start; -z stops the first.
    let output = place.run(&["serve", "-f", "clixon.xml"]);
    assert!(
        text(&output).contains(&format!("pid {}", pid.trim())),
        "{}",
        text(&output)
    );
    let output = place.run(&["serve", "-f", "clixon.xml", "-z"]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(daemon.wait().success());
    assert!(!place.path("example.pid").exists());
    let again = place.run(&["serve", "-f", "clixon.xml", "-z"]);
    assert!(text(&again).contains("no daemon runs"), "{}", text(&again));
}

#[test]
fn flags_variables_and_overrides_reach_the_daemon() {
    let place = Place::with(&[("yang/acme.yang", ACME)]);
    // No file: the store is named otherwise. It starts and ends at once.
    let output = place
        .command(&["serve", "-1", "-l", "flog.txt"])
        .args([
            "-o",
            "CLICON_YANG_DIR=yang",
            "-o",
            "yang.load=acme",
            "-s",
            "running",
        ])
        .env("BANYAN_STORE_DIRECTORY", "store")
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(text(&output), "");
    assert!(place.path("store/commits.redb").exists());
    let log = fs::read_to_string(place.path("log.txt")).expect("a log");
    assert!(log.contains("banyan is ready"), "{log}");
    let quiet = [
        "serve",
        "-1",
        "-D",
        "error",
        "-o",
        "store.directory=store",
        "-o",
        "log.destination=[\"file\"]",
    ];
    let output = place.run(&quiet);
    assert!(output.status.success(), "{}", text(&output));
    let log = fs::read_to_string(place.path("store/banyan.log")).expect("a log");
    assert_eq!(log, "");
    let output = place.run(&[
        "serve",
        "-1",
        "-o",
        "store.directory=store",
        "-s",
        "sideways",
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("-s sideways"), "{}", text(&output));
    // Without store and file, the file is what is missing.
    let output = place.run(&["serve", "-1"]);
    assert!(text(&output).contains("banyan.toml"), "{}", text(&output));
}

#[test]
fn options_of_datastore_files_reach_the_engine() {
    let place = Place::with(&[
        ("yang/acme.yang", ACME),
        (
            "banyan.toml",
            "[store]\ndirectory = 'store'\nformat = 'json'\npretty = false\n[access]\nmode = 'disabled'\n[yang]\npath = ['yang']\nload = ['acme']\n",
        ),
    ]);
    let mut daemon = place.serve(&["-o", "process.pid-file=pid"], "store/banyan.sock");
    for arguments in [["set", "/acme:name", "n"].as_slice(), &["commit"]] {
        let output = place.run(arguments);
        assert!(output.status.success(), "{}", text(&output));
    }
    let output = place.run(&["serve", "-z", "-o", "process.pid-file=pid"]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(daemon.wait().success());
    let file = fs::read_to_string(place.path("store/running_db")).expect("the file");
    assert_eq!(file.trim(), r#"{"config":{"acme:name":"n"}}"#);
}

#[test]
fn a_missing_directory_of_modules_is_an_error_in_toml() {
    let place = Place::with(&[(
        "banyan.toml",
        "store.directory = 'store'\nyang.path = ['nowhere']\n",
    )]);
    let output = place.run(&["serve", "-1"]);
    assert!(!output.status.success());
    assert!(text(&output).contains("nowhere"), "{}", text(&output));
}

#[test]
fn what_is_in_force_is_shown_with_its_origin() {
    let place = Place::with(&[(
        "banyan.toml",
        "[store]\ndirectory = '/db'\n[log]\nlevel = 'warn'\n",
    )]);
    let output = place.run(&[
        "config",
        "show",
        "--origin",
        "--format",
        "json",
        "-o",
        "log.level=debug",
    ]);
    assert!(output.status.success(), "{}", text(&output));
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(shown["log.level"]["value"], "debug");
    assert_eq!(shown["log.level"]["origin"], "-o log.level=debug");
    assert_eq!(shown["store.directory"]["origin"], "banyan.toml:2:13");
    assert_eq!(shown["netconf.socket"]["value"], "/db/banyan.sock");
    assert_eq!(shown["netconf.socket"]["origin"], "default");
    assert_eq!(shown["yang.lenient"]["value"], false);
    // What is shown as a file means the same.
    for format in ["toml", "xml"] {
        let output = place.run(&["config", "show", "--format", format]);
        place.write(&format!("again.{format}"), &output.stdout);
        let again = place.run(&[
            "config",
            "show",
            "--format",
            "json",
            &format!("again.{format}"),
        ]);
        let again: serde_json::Value = serde_json::from_slice(&again.stdout).expect("JSON");
        for key in [
            "store.directory",
            "log.destination",
            "netconf.socket",
            "store.startup-mode",
        ] {
            let wanted = match shown[key]["value"].clone() {
                value if value.is_null() => shown[key].clone(),
                value => value,
            };
            assert_eq!(again[key], wanted, "{format} {key}");
        }
    }
}

#[test]
fn keys_are_explained_by_either_name() {
    let explain = |name: &str| banyan(&["config", "explain", name]);
    for name in [
        "store.directory",
        "CLICON_XMLDB_DIR",
        "BANYAN_STORE_DIRECTORY",
    ] {
        let said = text(&explain(name));
        for expected in [
            "store.directory",
            "CLICON_XMLDB_DIR",
            "BANYAN_STORE_DIRECTORY",
            "default",
            "example",
        ] {
            assert!(said.contains(expected), "{name}: {said}");
        }
    }
    assert!(text(&explain("CLICON_BACKEND_DIR")).contains("no C plugins"));
    assert!(text(&explain("-U")).contains("drop privileges"));
    assert!(text(&explain("operation.timeout")).contains("Seconds"));
    let several = text(&explain("log"));
    assert!(
        several.contains("log.level") && several.contains("CLICON_LOG_FILE"),
        "{several}"
    );
    let output = explain("nonsense");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn converted_files_say_what_has_no_counterpart() {
    let place = Place::with(&[
        (
            "a.toml",
            "[store]\ndirectory = 'db'\n[netconf]\nssh = '127.0.0.1:2022'\n[log]\nlevel = 'info'\n",
        ),
        (
            "b.xml",
            "<clixon-config xmlns=\"http://clicon.org/config\"><CLICON_XMLDB_DIR>db</CLICON_XMLDB_DIR>\
             <CLICON_BACKEND_DIR>/p</CLICON_BACKEND_DIR></clixon-config>",
        ),
    ]);
    let xml = text(&place.run(&["config", "convert", "a.toml"]));
    assert!(
        xml.contains("<CLICON_XMLDB_DIR>db</CLICON_XMLDB_DIR>"),
        "{xml}"
    );
    assert!(
        xml.contains("netconf.ssh = \"127.0.0.1:2022\" has no counterpart"),
        "{xml}"
    );
    let toml = place.run(&["config", "convert", "b.xml"]);
    let toml = String::from_utf8_lossy(&toml.stdout);
    assert!(toml.contains("directory = \"db\""), "{toml}");
    assert!(
        toml.contains("# CLICON_BACKEND_DIR = \"/p\": Banyan loads no C plugins"),
        "{toml}"
    );
}

#[test]
fn a_mistyped_option_is_not_lost_by_conversion() {
    let place = Place::with(&[(
        "clicon.xml",
        "<clixon-config xmlns=\"http://clicon.org/config\">\n  <CLICON_XMLDB_DIR>db</CLICON_XMLDB_DIR>\n  \
         <CLICON_STARTUP_MOD>none</CLICON_STARTUP_MOD>\n</clixon-config>\n",
    )]);
    let output = place.run(&["config", "convert", "clicon.xml"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    for part in ["clicon.xml:3:", "did you mean CLICON_STARTUP_MODE?"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let toml = String::from_utf8_lossy(&output.stdout);
    assert!(toml.contains("directory = \"db\""), "{toml}");
    let kept = "# CLICON_STARTUP_MOD = \"none\": Clixon has no such option; did you mean CLICON_STARTUP_MODE?";
    assert!(toml.contains(kept), "{toml}");
    // In the other language it is a comment, too: not an option again.
    let shown = place.run(&["config", "show", "clicon.xml", "--format", "xml"]);
    let xml = String::from_utf8_lossy(&shown.stdout);
    assert!(xml.contains("<!-- CLICON_STARTUP_MOD = \"none\""), "{xml}");
}

#[test]
fn findings_are_a_list_for_programs() {
    let place = Place::with(&[
        (
            "banyan.toml",
            "[store]\ndirectory = 'x'\nformt = 'json'\n[log]\nlevel = 'loud'\n",
        ),
        ("good.toml", "store.directory = 'x'\n"),
        (
            "clicon.xml",
            "<clixon-config xmlns=\"http://clicon.org/config\">\n<CLICON_XMLDB_DIR>db</CLICON_XMLDB_DIR>\n\
             <CLICON_BACKEND_DIR>/p</CLICON_BACKEND_DIR>\n</clixon-config>\n",
        ),
    ]);
    let findings = |file: &str, status: i32| -> serde_json::Value {
        let output = place.run(&["config", "check", file, "--format", "json"]);
        assert_eq!(output.status.code(), Some(status), "{}", text(&output));
        assert!(output.stderr.is_empty(), "{}", text(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let found = findings("banyan.toml", 1);
    assert_eq!(found.as_array().map(Vec::len), Some(2), "{found}");
    let (slip, value) = (&found[0], &found[1]);
    assert_eq!(slip["severity"], "error");
    assert_eq!(slip["file"], "banyan.toml");
    assert_eq!((&slip["line"], &slip["column"]), (&3.into(), &1.into()));
    assert_eq!(slip["key"], "store.formt");
    assert_eq!(slip["suggestion"], "did you mean `store.format`?");
    assert_eq!(value["key"], "log.level");
    assert_eq!(value["line"], 5);
    let allowed = value["allowed"].as_str().expect("what is allowed");
    assert!(allowed.contains("warn"), "{allowed}");
    assert_eq!(findings("good.toml", 0), serde_json::json!([]));
    let note = findings("clicon.xml", 0);
    assert_eq!(note[0]["severity"], "note", "{note}");
    assert_eq!(note[0]["key"], "CLICON_BACKEND_DIR");
}

#[test]
fn a_mistyped_key_is_explained_by_a_suggestion() {
    for (slip, meant) in [
        ("store.directry", "store.directory"),
        ("CLICON_XMLDB_DRI", "CLICON_XMLDB_DIR"),
        ("BANYAN_LOG_LEVL", "BANYAN_LOG_LEVEL"),
    ] {
        let output = banyan(&["config", "explain", slip]);
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output);
        assert!(said.contains(&format!("did you mean {meant}?")), "{said}");
    }
}

#[test]
fn the_examples_of_the_readme_are_true() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md"))
        .expect("the file");
    let (_, after) = readme.split_once("```toml\n").expect("an example");
    let (example, _) = after.split_once("```").expect("its end");
    let model =
        "module acme-net { yang-version 1.1; namespace urn:acme-net; prefix a; rpc restart; }";
    let place = Place::with(&[
        ("banyan.toml", example),
        ("yang/acme-net.yang", model),
        ("restart.sh", "#!/bin/sh\n"),
    ]);
    let program = fs::Permissions::from_mode(0o755);
    fs::set_permissions(place.path("restart.sh"), program).expect("permissions");
    // Another daemon may have the port of the example.
    let output = place.run(&["config", "check", "-o", "netconf.ssh=127.0.0.1:0"]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(text(&output).trim(), "banyan.toml: 0 errors, 0 warnings");
}

#[test]
fn the_log_file_may_be_where_a_first_start_makes_the_store() {
    let mut daemon = Daemon::new(&[], &[], "[log]\ndestination = ['file']\n");
    let rehearsed = banyan(&[
        "serve",
        "-q",
        "--config",
        daemon.path().join("banyan.toml").to_str().unwrap(),
    ]);
    assert!(rehearsed.status.success());
    let store = daemon.path().join("store");
    assert!(!store.exists(), "a rehearsal makes nothing");
    daemon.start();
    let log = std::fs::read_to_string(store.join("banyan.log")).unwrap();
    assert!(log.contains("banyan is ready"), "{log}");
    assert_eq!(
        store.metadata().unwrap().permissions().mode() & 0o777,
        0o700
    );
}
