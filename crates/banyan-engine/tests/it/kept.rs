//! What was there before is kept, or taken for what it is: damaged and emptied files, a rollback of Clixon's, module state.

use std::path::{Path, PathBuf};

use banyan_engine::Engine;
use banyan_engine::backend::{CommitParameters, Confirmed, Datastore};
use banyan_engine::engine::{EngineBuilder, StartError, StartMode};
use banyan_engine::files::{Files, StoreOptions};
use banyan_engine::log::CommitLog;
use banyan_engine::upgrade::report::Status;
use banyan_engine::upgrade::{Policy, Upgrade};

use crate::fixture::{Client, Machine, item, schema};
use crate::upgrade::{V2, c, compiled, how, running};

fn put(machine: &Machine, name: &str, content: &str) {
    machine
        .files
        .put(&PathBuf::from("/store").join(name), content.as_bytes());
}

fn read(machine: &Machine, name: &str) -> Option<String> {
    let content = machine.files.read(&Path::new("/store").join(name)).unwrap();
    content.map(|content| String::from_utf8(content).unwrap())
}

fn config(content: &str) -> String {
    format!("<config>{content}</config>")
}

fn warnings(engine: &Engine, store: &str) -> String {
    let reports = engine.reports().iter().filter(|it| it.store == store);
    let warnings: Vec<String> = reports.flat_map(|it| it.warnings.clone()).collect();
    warnings.join("\n")
}

async fn shown(engine: &Engine) -> String {
    let reader = Client::open(engine, "reader").await;
    reader.show(Datastore::Running).await
}

#[tokio::test]
async fn each_damaged_file_is_kept_under_a_name_of_its_own() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&item(1, "a")).await.unwrap();
    let found = alice.show(Datastore::Running).await;
    engine.stop().await.unwrap();
    for damage in ["<config>FIRST", "<config>SECOND", "<config>THIRD"] {
        put(&machine, "running_db", damage);
        let engine = machine.start().await.unwrap();
        assert_eq!(shown(&engine).await, found);
        engine.stop().await.unwrap();
    }
    let kept = [
        "running_db.damaged",
        "running_db.damaged.2",
        "running_db.damaged.3",
    ];
    let kept = kept.map(|name| read(&machine, name).unwrap());
    assert_eq!(kept, ["<config>FIRST", "<config>SECOND", "<config>THIRD"]);
}

#[tokio::test]
async fn what_failsafe_put_into_tmp_before_is_kept() {
    let machine = Machine::new();
    put(&machine, "failsafe_db", &config(&item(9, "safe")));
    put(&machine, "tmp_db", &config(&item(8, "mine")));
    put(&machine, "running_db", "<config>FIRST");
    let engine = machine.start().await.unwrap();
    assert!(shown(&engine).await.contains("safe"));
    engine.stop().await.unwrap();
    assert_eq!(read(&machine, "tmp_db").as_deref(), Some("<config>FIRST"));
    assert_eq!(
        read(&machine, "tmp_db.before"),
        Some(config(&item(8, "mine")))
    );
}

fn on_disk(directory: &Path) -> EngineBuilder {
    EngineBuilder::new(schema()).directory(directory)
}

#[tokio::test]
async fn an_emptied_log_stops_the_start_and_a_missing_one_is_told() {
    let scratch = tempfile::tempdir().unwrap();
    let engine = on_disk(scratch.path()).open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&item(1, "a")).await.unwrap();
    assert_eq!(warnings(&engine, "running"), "", "a first start has none");
    drop(alice);
    engine.stop().await.unwrap();
    drop(engine);
    let log = scratch.path().join("commits.redb");
    let whole = std::fs::read(&log).unwrap();
    std::fs::write(&log, b"").unwrap();
    for failed in [
        on_disk(scratch.path()).open().await.err().unwrap(),
        on_disk(scratch.path()).rehearse().await.err().unwrap(),
    ] {
        let error = failed.to_string();
        assert!(
            error.contains("it is empty") && error.contains("restore a copy"),
            "{error}"
        );
    }
    assert_eq!(std::fs::read(&log).unwrap(), b"", "nothing was done to it");
    std::fs::remove_file(&log).unwrap();
    let engine = on_disk(scratch.path()).open().await.unwrap();
    assert!(shown(&engine).await.contains(">a<"));
    let told = warnings(&engine, "running");
    assert!(told.contains("commits.redb is missing"), "{told}");
    engine.stop().await.unwrap();
    drop(engine);
    std::fs::write(&log, whole).unwrap();
    let engine = on_disk(scratch.path()).open().await.unwrap();
    assert_eq!(warnings(&engine, "running"), "");
}

#[tokio::test]
async fn a_rollback_of_clixon_is_committed_instead_of_what_was_not_confirmed() {
    for mode in [
        StartMode::Running,
        StartMode::Startup,
        StartMode::RunningStartup,
    ] {
        let machine = Machine::new();
        put(&machine, "running_db", &config(&item(1, "trial")));
        put(&machine, "startup_db", &config(&item(1, "startup")));
        put(&machine, "rollback_db", &config(&item(1, "sure")));
        let engine = machine.builder(schema()).start(mode).open().await.unwrap();
        let found = shown(&engine).await;
        assert!(
            found.contains("sure") && !found.contains("trial"),
            "{found}"
        );
        let told = warnings(&engine, "running");
        assert!(told.contains("/store/rollback_db was there"), "{told}");
        // What was not confirmed is not lost.
        let history = engine.history(None, 2).await.unwrap();
        assert_eq!(history.len(), 2, "{history:?}");
        assert!(
            history[0]
                .comment
                .as_deref()
                .unwrap()
                .contains("takes back")
        );
        engine.stop().await.unwrap();
        assert_eq!(read(&machine, "rollback_db"), None);
        let engine = machine.start().await.unwrap();
        assert_eq!(
            (shown(&engine).await, warnings(&engine, "running")),
            (found, String::new())
        );
    }
}

#[tokio::test]
async fn a_rollback_of_clixon_that_is_not_valid_leads_to_failsafe_or_stops_the_start() {
    let machine = Machine::new();
    put(&machine, "running_db", &config(&item(1, "trial")));
    put(&machine, "rollback_db", &config("<bad/>"));
    let error = machine.start().await.err().unwrap().to_string();
    assert!(
        error.contains("/store/rollback_db") && error.contains("move it away"),
        "{error}"
    );
    assert_eq!(machine.log.head().unwrap().0, 0);
    put(&machine, "failsafe_db", &config(&item(9, "safe")));
    let engine = machine.start().await.unwrap();
    assert!(shown(&engine).await.contains("safe"));
    engine.stop().await.unwrap();
    assert_eq!(read(&machine, "rollback_db"), None);
    assert_eq!(read(&machine, "rollback_db.error"), Some(config("<bad/>")));
}

#[tokio::test]
async fn a_rollback_that_a_mode_does_not_need_is_kept() {
    for mode in [StartMode::None, StartMode::Init] {
        let machine = Machine::new();
        put(&machine, "running_db", &config(&item(1, "trial")));
        put(&machine, "rollback_db", &config(&item(1, "sure")));
        let engine = machine.builder(schema()).start(mode).open().await.unwrap();
        assert!(warnings(&engine, "running").contains("rollback_db was there"));
        engine.stop().await.unwrap();
        assert_eq!(
            read(&machine, "rollback_db.error"),
            Some(config(&item(1, "sure")))
        );
    }
}

#[tokio::test]
async fn an_edit_of_what_was_not_confirmed_goes_and_the_start_says_so() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&item(1, "sure")).await.unwrap();
    let sure = alice.show(Datastore::Running).await;
    alice.edit(&item(1, "trial")).await.unwrap();
    let confirmed = Confirmed {
        timeout: 600,
        persist: None,
    };
    let parameters = CommitParameters {
        confirmed: Some(confirmed),
        ..CommitParameters::default()
    };
    alice.commit_with(parameters).await.unwrap();
    engine.stop().await.unwrap();
    drop((alice, engine));
    let edited = machine.running_file().replace("trial", "by hand");
    assert!(edited.contains("by hand"));
    put(&machine, "running_db", &edited);
    let engine = machine.start().await.unwrap();
    assert_eq!(shown(&engine).await, sure);
    let told = warnings(&engine, "running");
    assert!(
        told.contains("/store/running_db was changed by hand while that commit was pending (1 changes): the edit goes too"),
        "{told}"
    );
    assert!(told.contains("it is commit 3 of the history"), "{told}");
}

/// A file that says that it was written with the first modules.
fn stated(content: &str) -> String {
    format!(
        "<config>{}<yang-library xmlns=\"urn:ietf:params:xml:ns:yang:ietf-yang-library\"><module-set><name>top</name><module><name>m</name>\
         <revision>2020-01-01</revision><namespace>urn:m</namespace></module></module-set></yang-library></config>",
        c(content)
    )
}

async fn stating(
    machine: &Machine,
    module_state: bool,
    upgrade: Upgrade,
) -> Result<Engine, StartError> {
    let options = StoreOptions {
        module_state,
        ..StoreOptions::default()
    };
    let builder = machine.builder(compiled(&[V2])).stores(options);
    builder.upgrade(upgrade).open().await
}

#[tokio::test]
async fn named_stores_of_a_first_start_go_to_the_modules_by_what_they_state() {
    let machine = Machine::new();
    put(&machine, "running_db", &stated("<mtu>1</mtu>"));
    put(&machine, "failsafe_db", &stated("<mtu>2</mtu>"));
    put(&machine, "lab_db", &stated("<mtu>3</mtu>"));
    put(&machine, "odd_db", &stated("<mode>strange</mode>"));
    let engine = stating(&machine, true, how(Policy::Refuse)).await.unwrap();
    assert!(running(&engine).await.contains("<max-mtu>1</max-mtu>"));
    for (store, mtu) in [("failsafe", 2), ("lab", 3)] {
        let file = read(&machine, &format!("{store}_db")).unwrap();
        assert!(
            file.contains(&format!("<max-mtu>{mtu}</max-mtu>")),
            "{file}"
        );
        engine.stores().get(store).await.unwrap();
    }
    for again in [false, true] {
        let engine = match again {
            false => engine.clone(),
            true => {
                engine.stop().await.unwrap();
                stating(&machine, true, how(Policy::Refuse)).await.unwrap()
            }
        };
        let report = engine
            .reports()
            .iter()
            .find(|it| it.store == "odd")
            .unwrap();
        assert_eq!(report.status, Status::Invalid);
        let error = engine.stores().get("odd").await.unwrap_err().to_string();
        assert!(error.contains("banyan store delete odd"), "{error}");
    }
    assert_eq!(
        read(&machine, "odd_db"),
        Some(stated("<mode>strange</mode>"))
    );
}

#[tokio::test]
async fn module_state_is_ignored_where_nobody_wants_it() {
    let machine = Machine::new();
    put(&machine, "running_db", &stated("<mtu>1</mtu>"));
    let error = stating(&machine, false, how(Policy::Refuse))
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("mtu"), "{error}");
    // As a file that does not say it; and what fits is taken.
    put(&machine, "running_db", &stated("<mode>fast</mode>"));
    put(&machine, "startup_db", &stated("<mode>fast</mode>"));
    let engine = stating(&machine, false, how(Policy::Refuse)).await.unwrap();
    assert!(running(&engine).await.contains("fast"));
    let upgraded = engine.reports().iter().any(|report| report.upgraded);
    assert!(!upgraded, "{:?}", engine.reports());
}
