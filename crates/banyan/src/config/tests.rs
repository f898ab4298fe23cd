//! Readers, overrides and conversion; the messages that a person sees are in `tests/it/config.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use banyan_engine::access::Mode;
use banyan_engine::engine::StartMode;
use banyan_engine::files::Policy;
use tempfile::TempDir;
use tracing::Level;

use super::convert::converted;
use super::{Config, Destination, FeatureChoice, Loaded, Missing, Privileges, Sources};
use crate::directories::Search;

struct Directory(TempDir);

impl Directory {
    fn with(files: &[(&str, &str)]) -> Directory {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Directory(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn sources(&self, name: &str) -> Sources {
        Sources::new(&self.path(name))
    }
}

fn loaded(text: &str) -> Loaded {
    let directory = Directory::with(&[("c", text)]);
    directory
        .sources("c")
        .load()
        .unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> String {
    let directory = Directory::with(&[("c", text)]);
    directory.sources("c").load().unwrap_err().to_string()
}

fn clixon(options: &str) -> String {
    format!(
        "<clixon-config xmlns=\"http://clicon.org/config\">\n<CLICON_XMLDB_DIR>/db</CLICON_XMLDB_DIR>\n{options}\n</clixon-config>"
    )
}

const STORE: &str = "store.directory = '/db'\n";

#[test]
fn relative_paths_are_relative_to_the_file() {
    let directory = Directory::with(&[(
        "c",
        "store.directory = 'db'\n[yang]\npath = ['yang', '/usr/share/yang']\n",
    )]);
    let config = directory.sources("c").load().unwrap().config;
    assert_eq!(config.store.directory, directory.path("db"));
    assert_eq!(
        config.yang.path,
        [directory.path("yang"), PathBuf::from("/usr/share/yang")]
    );
    assert_eq!(config.netconf.socket, directory.path("db/banyan.sock"));
}

#[test]
fn a_program_with_a_slash_is_relative_to_the_file_and_another_is_looked_for() {
    let directory = Directory::with(&[(
        "c",
        "store.directory='db'\n[[operation]]\npath='/m:a'\nexec=['./a', '-v']\n[[operation]]\npath='/m:b'\nexec=['b']\n",
    )]);
    let config = directory.sources("c").load().unwrap().config;
    assert_eq!(config.operation[0].program, directory.path("./a"));
    assert_eq!(config.operation[0].arguments, ["-v"]);
    assert_eq!(config.operation[0].timeout, 30);
    assert_eq!(config.operation[1].program, Path::new("b"));
}

#[test]
fn both_languages_say_the_same() {
    let toml = loaded(
        "store.directory = '/db'\nstore.startup-mode = 'startup'\n[yang]\npath = ['/a', '/b']\nsearch = 'recursive'\n\
         load = ['acme@2024-05-01']\nmain-directory = '/m'\nfeatures = { '*' = [], acme = ['x', 'y'], more = ['*'] }\n\
         [netconf]\nsocket = '/s'\nsocket-group = 'g'\n[compat]\nlenient = true\n\
         [process]\nuser = 'u'\nprivileges = 'drop_temp'\npid-file = '/p'\n\
         [access]\nmode = 'disabled'\n\
         [log]\nlevel = 'debug'\ndestination = ['file', 'syslog']\nfile = '/l'\n",
    );
    let xml = loaded(
        r#"<?xml version="1.0"?>
<!-- as an operator of Clixon has it -->
<c:clixon-config xmlns:c="http://clicon.org/config" xmlns="http://clicon.org/config">
  <CLICON_XMLDB_DIR>/db</CLICON_XMLDB_DIR>
  <CLICON_STARTUP_MODE> startup </CLICON_STARTUP_MODE>
  <c:CLICON_YANG_DIR>/a</c:CLICON_YANG_DIR>
  <CLICON_YANG_DIR><![CDATA[/b]]></CLICON_YANG_DIR>
  <CLICON_YANG_MODULE_REVISION>2024-05-01</CLICON_YANG_MODULE_REVISION>
  <CLICON_YANG_MODULE_MAIN>acme</CLICON_YANG_MODULE_MAIN>
  <CLICON_YANG_MAIN_DIR>/m</CLICON_YANG_MAIN_DIR>
  <CLICON_FEATURE>acme:x</CLICON_FEATURE>
  <CLICON_FEATURE>more:*</CLICON_FEATURE>
  <CLICON_FEATURE>acme:y</CLICON_FEATURE>
  <CLICON_SOCK>/&#115;</CLICON_SOCK>
  <CLICON_SOCK_GROUP>g</CLICON_SOCK_GROUP>
  <CLICON_SOCK_FAMILY>UNIX</CLICON_SOCK_FAMILY>
  <CLICON_NETCONF_HELLO_OPTIONAL>true</CLICON_NETCONF_HELLO_OPTIONAL>
  <CLICON_NETCONF_MESSAGE_ID_OPTIONAL>false</CLICON_NETCONF_MESSAGE_ID_OPTIONAL>
  <CLICON_BACKEND_USER>u</CLICON_BACKEND_USER>
  <CLICON_BACKEND_PRIVILEGES>drop_temp</CLICON_BACKEND_PRIVILEGES>
  <CLICON_BACKEND_PIDFILE>/p</CLICON_BACKEND_PIDFILE>
  <CLICON_DEBUG>msg datastore</CLICON_DEBUG>
  <CLICON_LOG_DESTINATION>file syslog</CLICON_LOG_DESTINATION>
  <CLICON_LOG_FILE>/l</CLICON_LOG_FILE>
</c:clixon-config>
"#,
    );
    assert_eq!(
        toml.config.log.destination,
        [Destination::File("/l".into()), Destination::Syslog]
    );
    assert_eq!(toml.config.log.level, Level::DEBUG);
    assert_eq!(toml.config.store.startup_mode, StartMode::Startup);
    assert_eq!(
        toml.config.yang.features["acme"],
        FeatureChoice::Only(vec!["x".to_owned(), "y".to_owned()])
    );
    assert_eq!(toml.config.yang.features["more"], FeatureChoice::All);
    assert!(
        xml.settings.problems.is_empty(),
        "{:?}",
        xml.settings.problems
    );
    assert_eq!(comparable(toml.config), comparable(xml.config));
}

/// All that the two languages share.
fn comparable(mut config: Config) -> String {
    config.yang.missing = Missing::Refused;
    format!("{config:#?}")
}

#[test]
fn a_converted_configuration_means_the_same() {
    let written = "store.directory = 'db'\n[yang]\npath = ['yang']\nsearch = 'recursive'\nload = ['acme@2024-05-01']\n\
                   features = { '*' = ['*'] }\n[process]\nuser = 'u'\n[log]\nlevel = 'trace'\ndestination = ['stdout', 'file']\n";
    let directory = Directory::with(&[("a.toml", written)]);
    let before = directory.sources("a.toml").load().unwrap();
    let xml = converted(&before.settings);
    fs::write(directory.path("b.xml"), &xml).unwrap();
    let there = directory
        .sources("b.xml")
        .load()
        .unwrap_or_else(|error| panic!("{error}\n{xml}"));
    let toml = converted(&there.settings);
    fs::write(directory.path("c.toml"), &toml).unwrap();
    let back = directory
        .sources("c.toml")
        .load()
        .unwrap_or_else(|error| panic!("{error}\n{toml}"));
    assert_eq!(before.config.process.privileges, Privileges::Dropped);
    let before = comparable(before.config);
    assert_eq!(before, comparable(there.config), "{xml}");
    assert_eq!(before, comparable(back.config), "{toml}");
}

#[test]
fn features_are_all_on_in_toml_and_off_in_clixon_unless_named() {
    let toml = loaded(STORE).config.yang;
    assert_eq!(
        (toml.other_features, toml.search),
        (FeatureChoice::All, Search::Flat)
    );
    let clixon_yang = |options: &str| loaded(&clixon(options)).config.yang;
    let none = clixon_yang("");
    assert_eq!(
        (none.other_features, none.search),
        (FeatureChoice::Only(vec![]), Search::Recursive)
    );
    let all = clixon_yang("<CLICON_FEATURE>*:*</CLICON_FEATURE>");
    assert_eq!(all.other_features, FeatureChoice::All);
    let some =
        clixon_yang("<CLICON_FEATURE>*:f</CLICON_FEATURE><CLICON_FEATURE>m:g</CLICON_FEATURE>");
    assert_eq!(
        some.other_features,
        FeatureChoice::Only(vec!["f".to_owned()])
    );
    assert_eq!(
        some.features["m"],
        FeatureChoice::Only(vec!["g".to_owned(), "f".to_owned()])
    );
}

#[test]
fn options_of_the_engine_are_set_from_both_languages() {
    let toml = loaded(
        "[store]\ndirectory = '/db'\nformat = 'json'\npretty = false\nmodule-state = true\ncontent-id = '42'\n\
         policies = { candidate = 'file-inmem', archive = 'file' }\n\
         [candidate]\nprivate = true\nautolock = true\nautocommit = true\n\
         [access]\nmode = 'external'\nfile = '/n'\ncredentials = 'none'\nproxies = ['www']\nrecovery-user = 'r'\n\
         disabled-on-empty = true\n",
    );
    let xml = loaded(&clixon(
        "<CLICON_XMLDB_FORMAT>json</CLICON_XMLDB_FORMAT><CLICON_XMLDB_PRETTY>false</CLICON_XMLDB_PRETTY>\
         <CLICON_XMLDB_MODSTATE>true</CLICON_XMLDB_MODSTATE><CLICON_MODULE_SET_ID>42</CLICON_MODULE_SET_ID>\
         <CLICON_XMLDB_CACHE_STATUS><name>ds:candidate</name><status>file-inmem</status></CLICON_XMLDB_CACHE_STATUS>\
         <CLICON_XMLDB_CACHE_STATUS><name>archive</name><status> file </status></CLICON_XMLDB_CACHE_STATUS>\
         <CLICON_XMLDB_PRIVATE_CANDIDATE>true</CLICON_XMLDB_PRIVATE_CANDIDATE><CLICON_AUTOLOCK>true</CLICON_AUTOLOCK>\
         <CLICON_AUTOCOMMIT>1</CLICON_AUTOCOMMIT><CLICON_NACM_MODE>external</CLICON_NACM_MODE>\
         <CLICON_NACM_FILE>/n</CLICON_NACM_FILE><CLICON_NACM_CREDENTIALS>none</CLICON_NACM_CREDENTIALS>\
         <CLICON_RESTCONF_USER>www</CLICON_RESTCONF_USER><CLICON_NACM_RECOVERY_USER>r</CLICON_NACM_RECOVERY_USER>\
         <CLICON_NACM_DISABLED_ON_EMPTY>true</CLICON_NACM_DISABLED_ON_EMPTY>",
    ));
    assert_eq!(toml.config.store.files.policies["archive"], Policy::File);
    assert_eq!(toml.config.access.mode, Mode::External("/n".into()));
    let all = |it: &Loaded| {
        let config = &it.config;
        format!(
            "{:?} {:?} {:?}",
            config.store.files, config.candidate, config.access
        )
    };
    assert_eq!(all(&toml), all(&xml));
    // And converted, there and back.
    let directory = Directory::with(&[
        ("a", &converted(&toml.settings)),
        ("b", &converted(&xml.settings)),
    ]);
    for name in ["a", "b"] {
        let again = directory
            .sources(name)
            .load()
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(all(&again), all(&toml));
    }
}

#[test]
fn options_that_do_not_go_together_are_told() {
    let error = refused("[store]\ndirectory = '/db'\nformat = 'json'\nsplit = true\n");
    assert!(
        error.contains("CLICON_XMLDB_FORMAT") && error.contains(":4:9"),
        "{error}"
    );
    let error = refused("store.directory = '/db'\naccess.mode = 'external'\n");
    assert!(
        error.contains("access.file") && error.contains(":2:15"),
        "{error}"
    );
    let error = refused("store.directory = '/db'\nstore.policies = { running = 'cache' }\n");
    assert!(error.contains("file-inmem, inmem, file"), "{error}");
    let error = refused(&clixon(
        "<CLICON_XMLDB_CACHE_STATUS><name>x</name></CLICON_XMLDB_CACHE_STATUS>",
    ));
    assert!(error.contains("needs a name and a status"), "{error}");
}

#[test]
fn a_main_file_takes_the_place_of_the_main_module() {
    let loaded = loaded(&clixon(
        "<CLICON_YANG_MODULE_MAIN>m</CLICON_YANG_MODULE_MAIN><CLICON_YANG_MAIN_FILE>/m.yang</CLICON_YANG_MAIN_FILE>",
    ));
    assert!(loaded.config.yang.load.is_empty());
    assert_eq!(
        loaded.config.yang.main_file.as_deref(),
        Some(Path::new("/m.yang"))
    );
    assert!(loaded.settings.problems[0].message.contains("is not used"));
}

#[test]
fn more_files_replace_single_values_and_append_to_lists_in_the_order_of_their_names() {
    let option = |text: &str| {
        format!("<clixon-config xmlns=\"http://clicon.org/config\">{text}</clixon-config>")
    };
    let directory = Directory::with(&[
        (
            "main.xml",
            &clixon(
                "<CLICON_CONFIGDIR>more</CLICON_CONFIGDIR><CLICON_SOCK>/0</CLICON_SOCK><CLICON_YANG_DIR>/0</CLICON_YANG_DIR>",
            ),
        ),
        (
            "more/20.xml",
            &option("<CLICON_SOCK>/20</CLICON_SOCK><CLICON_YANG_DIR>/20</CLICON_YANG_DIR>"),
        ),
        (
            "more/10.xml",
            &option("<CLICON_SOCK>/10</CLICON_SOCK><CLICON_YANG_DIR>/10</CLICON_YANG_DIR>"),
        ),
        ("more/10.txt", "not read"),
        ("other/1.xml", &option("<CLICON_SOCK>/other</CLICON_SOCK>")),
    ]);
    let config = directory.sources("main.xml").load().unwrap().config;
    assert_eq!(config.netconf.socket, Path::new("/20"));
    assert_eq!(config.yang.path, ["/0", "/10", "/20"].map(PathBuf::from));
    let sources = Sources {
        directory: Some(directory.path("other")),
        ..directory.sources("main.xml")
    };
    assert_eq!(
        sources.load().unwrap().config.netconf.socket,
        Path::new("/other")
    );
    let sources = Sources {
        directory: Some(directory.path("nowhere")),
        ..directory.sources("main.xml")
    };
    assert!(sources.load().unwrap_err().to_string().contains("nowhere"));
}

#[test]
fn later_sources_go_before_earlier_ones_and_each_value_knows_its_own() {
    let directory = Directory::with(&[(
        "c",
        "store.directory = '/db'\n[log]\nlevel = 'warn'\n[yang]\nload = ['a']\n",
    )]);
    let sources = Sources {
        environment: vec![
            ("BANYAN_LOG_LEVEL".to_owned(), "error".to_owned()),
            ("BANYAN_SOCKET".to_owned(), "/of/a/client".to_owned()),
            ("BANYAN_YANG_LOAD".to_owned(), "b".to_owned()),
        ],
        ..directory.sources("c")
    };
    let loaded = sources.load().unwrap();
    assert_eq!(loaded.config.log.level, Level::ERROR);
    assert_eq!(loaded.config.yang.load, ["a", "b"]);
    let sources = Sources {
        overrides: vec![
            "CLICON_DEBUG=1".to_owned(),
            "yang.load=[\"c\", \"d\"]".to_owned(),
            "CLICON_YANG_DIR=/y".to_owned(),
        ],
        ..sources
    };
    let loaded = sources.load().unwrap();
    assert_eq!(loaded.config.log.level, Level::DEBUG);
    assert_eq!(loaded.config.yang.load, ["c", "d"]);
    assert_eq!(loaded.config.yang.path, [Path::new("/y")]);
    let sources = Sources {
        flags: vec![("log.level", "trace".to_owned(), "-D trace".to_owned())],
        ..sources
    };
    let loaded = sources.load().unwrap();
    assert_eq!(loaded.config.log.level, Level::TRACE);
    let shown = super::show::toml_text(
        &loaded.settings,
        super::show::Style::Effective { origins: true },
    );
    let lines: Vec<&str> = shown
        .lines()
        .filter_map(|line| line.split_once("# "))
        .map(|it| it.1)
        .collect();
    assert!(lines.contains(&"-D trace"), "{shown}");
    assert!(lines.contains(&"-o CLICON_YANG_DIR=/y"), "{shown}");
    assert!(lines.iter().any(|line| line.ends_with("c:1:19")), "{shown}");
}

#[test]
fn a_slip_in_a_variable_is_told() {
    let directory = Directory::with(&[("c", STORE)]);
    let sources = Sources {
        environment: vec![
            ("BANYAN_LOG_LEVL".to_owned(), "error".to_owned()),
            ("BANYAN_OF_ANOTHER_PROGRAM".to_owned(), "x".to_owned()),
        ],
        ..directory.sources("c")
    };
    let problems = sources.load().unwrap().settings.problems;
    assert_eq!(problems.len(), 1);
    assert_eq!(
        problems[0].remedy.as_deref(),
        Some("did you mean BANYAN_LOG_LEVEL?")
    );
}

#[test]
fn an_override_that_is_wrong_is_an_error_that_shows_it() {
    let directory = Directory::with(&[("c", STORE)]);
    for (text, expected) in [
        ("log.level", "write -o KEY=VALUE"),
        ("log.level=loud", "allowed: error, warn, info, debug, trace"),
        ("log.levl=info", "did you mean `log.level`?"),
        ("user=x", "[[user]]"),
        ("yang.load=[x", "is no list"),
        (
            "CLICON_STARTUP_MODE=sideways",
            "allowed: none, init, running, startup, running-startup",
        ),
        ("CLICON_SOCK_FAMILY=IPv4", "allowed: UNIX"),
    ] {
        let sources = Sources {
            overrides: vec![text.to_owned()],
            ..directory.sources("c")
        };
        let error = sources.load().unwrap_err().to_string();
        assert!(
            error.contains(expected) && error.contains(&format!("-o {text}")),
            "{error}"
        );
    }
}

#[test]
fn a_plain_password_is_refused_with_the_remedy_and_not_repeated() {
    let error = refused("store.directory = 'db'\n[[user]]\nname = 'a'\npassword-hash = 'secret'\n");
    assert!(
        error.contains("openssl passwd -6") && !error.contains("secret"),
        "{error}"
    );
}

#[test]
fn a_hash_is_not_shown() {
    let loaded =
        loaded("store.directory = 'db'\n[[user]]\nname = 'a'\npassword-hash = '$6$salt$long'\n");
    let style = super::show::Style::Effective { origins: false };
    for text in [
        super::show::toml_text(&loaded.settings, style),
        super::show::json_text(&loaded.settings, style),
    ] {
        assert!(text.contains("$6$...") && !text.contains("salt"), "{text}");
    }
}

#[test]
fn options_that_banyan_does_not_need_are_notes_and_those_that_come_later_warnings() {
    let loaded = loaded(&clixon(
        "<CLICON_BACKEND_DIR>/x</CLICON_BACKEND_DIR><CLICON_YANG_LIBRARY>true</CLICON_YANG_LIBRARY>\
         <CLICON_YANG_LIBRARY>false</CLICON_YANG_LIBRARY><CLICON_CLI_MODE>base</CLICON_CLI_MODE>\
         <CLICON_DATASTORE_CACHE>cache</CLICON_DATASTORE_CACHE><autocli><module-default>true</module-default></autocli>\
         <CONTROLLER_X xmlns=\"http://clicon.org/controller-config\">1</CONTROLLER_X>",
    ));
    let said: Vec<String> = loaded
        .settings
        .problems
        .iter()
        .map(|problem| format!("{:?} {}", problem.severity, problem.message))
        .collect();
    let expected = [
        ("Note", "CLICON_BACKEND_DIR is not needed"),
        ("Warning", "CLICON_YANG_LIBRARY is always true"),
        ("Warning", "CLICON_CLI_MODE has no effect yet"),
        ("Warning", "CLICON_DATASTORE_CACHE is obsolete"),
        ("Warning", "<autocli> has no effect yet"),
        ("Warning", "<CONTROLLER_X> is of another module"),
    ];
    assert_eq!(said.len(), expected.len(), "{said:?}");
    for ((severity, text), said) in expected.iter().zip(&said) {
        assert!(said.starts_with(severity) && said.contains(text), "{said}");
    }
}

#[test]
fn a_group_that_cannot_reach_the_socket_is_a_warning() {
    let problems = loaded("store.directory = '/db'\nnetconf.socket-group = 'g'\n")
        .settings
        .problems;
    assert!(problems[0].message.contains("cannot reach the socket"));
    let elsewhere =
        loaded("store.directory = '/db'\n[netconf]\nsocket = '/run/s'\nsocket-group = 'g'\n");
    assert!(elsewhere.settings.problems.is_empty());
}

#[test]
fn the_documentation_is_what_the_table_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let committed = fs::read_to_string(file).unwrap_or_default();
    assert!(
        committed == super::explain::markdown(),
        "docs/configuration.md is not what the table says; do: \
         banyan config explain --all --format markdown > docs/configuration.md"
    );
}
