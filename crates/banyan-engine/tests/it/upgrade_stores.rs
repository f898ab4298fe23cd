//! Upgrades of stores beside running, of JSON files, and of split ones.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use banyan_engine::backend::Datastore;
use banyan_engine::engine::StartError;
use banyan_engine::files::{Fault, Files, Format, StoreOptions};
use banyan_engine::log::CommitLog;
use banyan_engine::upgrade::report::Status;
use banyan_engine::upgrade::{Policy, Upgrade, rules};
use banyan_engine::{BackendError, Engine, Seq};

use crate::fixture::{Client, Machine};
use crate::upgrade::{
    V1, V2, V3, c, compiled, file, history_is_whole, how, running, start, start_with,
};

fn put(machine: &Machine, name: &str, content: &str) {
    let path = PathBuf::from("/store").join(name);
    machine.files.put(&path, content.as_bytes());
}

/// What a named store holds, in XML.
async fn held(engine: &Engine, store: &str) -> Result<String, BackendError> {
    let alice = Client::open(engine, "alice").await;
    engine.stores().get(store).await?;
    engine
        .stores()
        .copy(&alice.call, store, "candidate")
        .await?;
    let shown = alice.show(Datastore::Candidate).await;
    Ok(shown)
}

/// A store under the first modules, with these contents of running and of the store `lab`.
async fn with_lab(machine: &Machine, in_running: &str, in_lab: &str) {
    let engine = start(machine, &[V1]).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&c(in_lab)).await.unwrap();
    let stores = engine.stores();
    stores.copy(&alice.call, "running", "lab").await.unwrap();
    let replace = format!(
        "<c xmlns=\"urn:m\" xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\" nc:operation=\"replace\">{in_running}</c>"
    );
    alice.set(&replace).await.unwrap();
    engine.stop().await.unwrap();
}

fn notes(machine: &Machine) -> BTreeMap<String, String> {
    machine.log.facts("schema/store/").unwrap()
}

#[tokio::test]
async fn named_stores_are_upgraded_with_running() {
    let machine = Machine::new();
    with_lab(&machine, "<mtu>1</mtu>", "<mtu>7</mtu><mode>fast</mode>").await;
    put(
        &machine,
        "failsafe_db",
        &format!("<config>{}</config>", c("<mtu>9</mtu>")),
    );
    let engine = start(&machine, &[V2]).await.unwrap();
    let lab = c("<max-mtu>7</max-mtu><mode>fast</mode>");
    assert_eq!(held(&engine, "lab").await.unwrap(), lab);
    assert_eq!(
        held(&engine, "failsafe").await.unwrap(),
        c("<max-mtu>9</max-mtu>")
    );
    let told: Vec<_> = engine.reports().iter().map(|it| &*it.store).collect();
    assert_eq!(told, ["running", "failsafe", "lab"]);
    assert!(
        file(&machine, "lab_db")
            .unwrap()
            .contains("<max-mtu>7</max-mtu>")
    );
    assert_eq!(notes(&machine), BTreeMap::new());
    drop(engine);
    let engine = start(&machine, &[V3]).await.unwrap();
    assert_eq!(
        held(&engine, "lab").await.unwrap(),
        c("<limits><mtu>7</mtu></limits><mode>fast</mode>")
    );
}

#[tokio::test]
async fn a_named_store_that_does_not_fit_stays_as_it_is_and_says_so() {
    let machine = Machine::new();
    with_lab(&machine, "<mtu>1</mtu>", "<mtu>7</mtu><mode>odd</mode>").await;
    let old = file(&machine, "lab_db").unwrap();
    for round in 0..2 {
        let engine = start(&machine, &[V2]).await.unwrap();
        assert_eq!(running(&engine).await, c("<max-mtu>1</max-mtu>"));
        let report = engine.reports().iter().find(|it| it.store == "lab");
        let report = report.unwrap_or_else(|| panic!("no report in round {round}"));
        assert_eq!(report.status, Status::Invalid);
        assert_eq!(report.errors[0].path, "/m:c/mode");
        assert_eq!(
            report.errors[0].place.as_ref().unwrap().to_string(),
            "/store/lab_db:4:7"
        );
        let error = held(&engine, "lab").await.unwrap_err().to_string();
        for part in [
            "written under other modules",
            "/m:c/mode",
            "banyan store delete lab",
        ] {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert_eq!(file(&machine, "lab_db").unwrap(), old);
        engine.stop().await.unwrap();
    }
    // The modules that it needs are kept, whatever becomes of the history.
    machine.log.trim(Seq(4)).unwrap();
    let engine = start(&machine, &[V2]).await.unwrap();
    assert!(held(&engine, "lab").await.is_err());
    drop(engine);
    // A rule for it comes later.
    let mut later = how(Policy::Refuse);
    let rule =
        "[[rule]]\nmodule = 'm'\nto = '2021-01-01'\nat = '/c/mode'\nmap = { odd = 'slow' }\n";
    later.steps.extend(rules::parse(rule, "more.toml").unwrap());
    let engine = start_with(&machine, &[V2], later).await.unwrap();
    assert_eq!(
        held(&engine, "lab").await.unwrap(),
        c("<max-mtu>7</max-mtu><mode>slow</mode>")
    );
    assert_eq!(notes(&machine), BTreeMap::new());
}

#[tokio::test]
async fn a_named_store_that_does_not_fit_can_be_made_anew_or_corrected_by_hand() {
    for by_hand in [false, true] {
        let machine = Machine::new();
        with_lab(&machine, "<mtu>1</mtu>", "<mode>odd</mode>").await;
        let engine = start(&machine, &[V2]).await.unwrap();
        assert!(held(&engine, "lab").await.is_err());
        let expected = match by_hand {
            true => {
                let corrected = format!("<config>{}</config>", c("<max-mtu>2</max-mtu>"));
                put(&machine, "lab_db", &corrected);
                c("<max-mtu>2</max-mtu>")
            }
            false => {
                let alice = Client::open(&engine, "alice").await;
                let stores = engine.stores();
                stores.copy(&alice.call, "running", "lab").await.unwrap();
                c("<max-mtu>1</max-mtu>")
            }
        };
        assert_eq!(held(&engine, "lab").await.unwrap(), expected);
        engine.stop().await.unwrap();
        drop(engine);
        let engine = start(&machine, &[V2]).await.unwrap();
        assert_eq!(held(&engine, "lab").await.unwrap(), expected);
        assert!(engine.reports().iter().all(|it| it.status == Status::Ok));
        assert_eq!(notes(&machine), BTreeMap::new());
    }
}

#[tokio::test]
async fn named_stores_go_by_the_policy_and_nothing_that_was_left_out_before_is_lost() {
    let machine = Machine::new();
    with_lab(&machine, "<mtu>1</mtu>", "<mtu>7</mtu><mode>odd</mode>").await;
    put(&machine, "lab.left-out", "<config>older</config>");
    let engine = start_with(&machine, &[V2], how(Policy::LeaveOut))
        .await
        .unwrap();
    assert_eq!(
        held(&engine, "lab").await.unwrap(),
        c("<max-mtu>7</max-mtu>")
    );
    let aside = file(&machine, "lab.left-out.2").unwrap();
    assert!(aside.contains("<mode>odd</mode>"), "{aside}");
    assert_eq!(
        file(&machine, "lab.left-out").unwrap(),
        "<config>older</config>"
    );
    let report = engine
        .reports()
        .iter()
        .find(|it| it.store == "lab")
        .unwrap();
    assert!(
        report
            .warnings
            .iter()
            .any(|it| it.contains("lab.left-out.2")),
        "{report}"
    );
}

#[tokio::test]
async fn a_startup_that_does_not_fit_waits_for_its_own_modules() {
    let machine = Machine::new();
    put(
        &machine,
        "startup_db",
        &format!("<config>{}</config>", c("<mtu>7</mtu><mode>odd</mode>")),
    );
    let engine = start(&machine, &[V1]).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&c("<mtu>1</mtu>")).await.unwrap();
    drop((alice, engine));
    for _ in 0..2 {
        let engine = start(&machine, &[V2]).await.unwrap();
        let report = engine.reports().iter().find(|it| it.store == "startup");
        assert_eq!(report.unwrap().status, Status::Invalid);
    }
    // The second start still knows what it was written under: the rule for its modules runs.
    let mut later = how(Policy::Refuse);
    let rule =
        "[[rule]]\nmodule = 'm'\nto = '2021-01-01'\nat = '/c/mode'\nmap = { odd = 'slow' }\n";
    later.steps.extend(rules::parse(rule, "more.toml").unwrap());
    let engine = start_with(&machine, &[V2], later).await.unwrap();
    let bob = Client::open(&engine, "bob").await;
    assert_eq!(
        bob.show(Datastore::Startup).await,
        c("<max-mtu>7</max-mtu><mode>slow</mode>")
    );
}

#[tokio::test]
async fn failsafe_of_other_modules_is_brought_to_those_that_are_loaded_and_tmp_keeps_its_own() {
    let machine = Machine::new();
    with_lab(&machine, "<mtu>1</mtu><mode>odd</mode>", "<mtu>7</mtu>").await;
    put(
        &machine,
        "failsafe_db",
        &format!("<config>{}</config>", c("<mtu>9</mtu>")),
    );
    let old = machine.running_file();
    let engine = start(&machine, &[V2]).await.unwrap();
    assert_eq!(running(&engine).await, c("<max-mtu>9</max-mtu>"));
    assert_eq!(file(&machine, "tmp_db").unwrap(), old);
    let told: Vec<_> = engine
        .reports()
        .iter()
        .map(|it| (&*it.store, it.status))
        .collect();
    assert_eq!(
        told,
        [
            ("running", Status::Invalid),
            ("failsafe", Status::Ok),
            ("lab", Status::Ok)
        ]
    );
    assert!(held(&engine, "tmp").await.is_err());
    history_is_whole(&engine).await;
    engine.stop().await.unwrap();
    drop(engine);
    // What was in running is there for the modules that it was written under.
    let engine = start(&machine, &[V1]).await.unwrap();
    assert_eq!(
        held(&engine, "tmp").await.unwrap(),
        c("<mtu>1</mtu><mode>odd</mode>")
    );
}

#[tokio::test]
async fn no_fault_at_any_step_of_an_upgrade_loses_a_named_store() {
    for fault in [
        Fault::Fail,
        Fault::Short,
        Fault::CrashBefore,
        Fault::CrashAfter,
    ] {
        for step in 0..48 {
            let machine = Machine::new();
            with_lab(&machine, "<mtu>1</mtu>", "<mtu>7</mtu>").await;
            put(
                &machine,
                "startup_db",
                &format!("<config>{}</config>", c("<mtu>8</mtu>")),
            );
            machine.files.fail_at(step, fault);
            let from = machine.files.steps();
            drop(start(&machine, &[V2]).await);
            let reached = machine.files.steps() > from + step || machine.files.crashed();
            machine.files.restart();
            let engine = start(&machine, &[V2]).await;
            let engine = engine.unwrap_or_else(|error| panic!("{fault:?} at {step}: {error}"));
            assert_eq!(
                held(&engine, "lab").await.unwrap(),
                c("<max-mtu>7</max-mtu>"),
                "{fault:?} at {step}"
            );
            assert_eq!(
                held(&engine, "startup").await.unwrap(),
                c("<max-mtu>8</max-mtu>"),
                "{fault:?} at {step}"
            );
            assert_eq!(running(&engine).await, c("<max-mtu>1</max-mtu>"));
            assert_eq!(notes(&machine), BTreeMap::new(), "{fault:?} at {step}");
            if !reached {
                assert!(step > 8, "only {step} steps");
                break;
            }
        }
    }
}

#[tokio::test]
async fn errors_about_a_json_file_of_other_modules_have_line_and_column() {
    let machine = Machine::new();
    let engine = json(&machine, V1).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice
        .set(&c(
            "<mtu>1</mtu><mode>odd</mode><l><k>b</k><v>1</v></l><l><k>a</k></l>",
        ))
        .await
        .unwrap();
    engine.stop().await.unwrap();
    drop((alice, engine));
    let text = machine.running_file();
    let strict = V2.replace(
        "leaf k { type string; }",
        "leaf k { type string { pattern a; } }",
    );
    let error = json(&machine, &strict).await.err().unwrap();
    let StartError::Upgrade(report) = error else {
        panic!("{error}");
    };
    let places: Vec<_> = report
        .errors
        .iter()
        .map(|it| (&*it.path, it.place.as_ref().unwrap().position))
        .collect();
    let line_of = |wanted: &str| {
        let found = text.lines().position(|line| line.contains(wanted));
        1 + found.unwrap_or_else(|| panic!("{wanted} in {text}"))
    };
    let [mode, entry] = &places[..] else {
        panic!("{report}");
    };
    assert_eq!(
        (mode.0, mode.1.line as usize),
        ("/m:c/mode", line_of("\"odd\""))
    );
    assert_eq!(entry.0, "/m:c/l[k='b']");
    assert_eq!(entry.1.line as usize, line_of("\"b\"") - 1);
    assert!(mode.1.column > 1 && entry.1.column > 1, "{places:?}");
}

async fn json(machine: &Machine, model: &str) -> Result<Engine, StartError> {
    let options = StoreOptions {
        format: Format::Json,
        ..StoreOptions::default()
    };
    let builder = machine.builder(compiled(&[model])).stores(options);
    builder.upgrade(how(Policy::Refuse)).open().await
}

const SPLIT: &str = r#"module s {
  namespace "urn:s";
  prefix s;
  import clixon-lib { prefix cl; }
  revision 2020-01-01;
  container s {
    list e {
      key n;
      leaf n { type string; }
      container root { cl:xmldb-split; leaf v { type string; } leaf w { type string; } }
    }
  }
}"#;

/// `/s/e[n="k1"]/root`
const K1: &str = "running.d/73337a05acbeeddad838d82afff5bdcb335fb5ad.xml";

async fn split(machine: &Machine, model: &str, policy: Policy) -> Result<Engine, StartError> {
    let options = StoreOptions {
        split: true,
        ..StoreOptions::default()
    };
    let clixon = banyan_yang::embedded::find("clixon-lib", None).unwrap();
    let schema = compiled(&[model, clixon.text]);
    let how = Upgrade {
        policy,
        ..Upgrade::default()
    };
    machine
        .builder(schema)
        .stores(options)
        .upgrade(how)
        .open()
        .await
}

fn newer() -> String {
    SPLIT
        .replace("2020-01-01", "2021-01-01")
        .replace("leaf v { type string; }", "leaf v { type uint8; }")
}

fn entry(root: &str) -> String {
    format!("<s xmlns=\"urn:s\"><e><n>k1</n><root>{root}</root></e></s>")
}

async fn split_store(machine: &Machine) {
    let engine = split(machine, SPLIT, Policy::Refuse).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&entry("<v>odd</v><w>kept</w>")).await.unwrap();
    engine.stop().await.unwrap();
}

#[tokio::test]
async fn what_does_not_fit_in_a_part_has_the_place_in_the_part() {
    let machine = Machine::new();
    split_store(&machine).await;
    let error = split(&machine, &newer(), Policy::Refuse)
        .await
        .err()
        .unwrap();
    let error = error.to_string();
    assert!(error.contains(&format!("(/store/{K1}:1:1)")), "{error}");
    let engine = split(&machine, &newer(), Policy::LeaveOut).await.unwrap();
    assert_eq!(running(&engine).await, entry("<w>kept</w>"));
    assert!(file(&machine, "running.left-out").unwrap().contains("odd"));
    history_is_whole(&engine).await;
}

#[tokio::test]
async fn parts_that_were_edited_by_hand_go_by_the_policy_too() {
    for model in [SPLIT.to_owned(), newer()] {
        let machine = Machine::new();
        split_store(&machine).await;
        put(&machine, K1, "<v>5</v>\n<x>strange</x>");
        let refused = split(&machine, &model, Policy::Refuse).await.err().unwrap();
        let refused = refused.to_string();
        assert!(
            refused.contains("strange") || refused.contains('x'),
            "{refused}"
        );
        let engine = split(&machine, &model, Policy::LeaveOut).await.unwrap();
        assert_eq!(running(&engine).await, entry("<v>5</v>"));
        let aside = file(&machine, "running.left-out").unwrap();
        assert!(aside.contains(&format!("(/store/{K1}:2:1)")), "{aside}");
        history_is_whole(&engine).await;
        engine.stop().await.unwrap();
        drop(engine);
        let engine = split(&machine, &model, Policy::Refuse).await.unwrap();
        assert_eq!(running(&engine).await, entry("<v>5</v>"));
    }
}

#[tokio::test]
async fn a_missing_part_is_called_that_whatever_the_modules_are() {
    for model in [SPLIT.to_owned(), newer()] {
        let machine = Machine::new();
        split_store(&machine).await;
        machine.log.trim(Seq(2)).unwrap();
        machine.files.remove(&Path::new("/store").join(K1)).unwrap();
        let error = split(&machine, &model, Policy::LeaveOut)
            .await
            .err()
            .unwrap();
        let error = error.to_string();
        assert!(error.contains("is missing"), "{error}");
        assert!(error.contains("restore it from a copy"), "{error}");
        assert!(!error.contains("rebuilds it"), "{error}");
    }
}
