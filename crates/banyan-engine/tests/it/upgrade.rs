//! Starts with other modules than those that the store was written under.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use banyan_engine::backend::Datastore;
use banyan_engine::engine::StartError;
use banyan_engine::files::{Fault, Files};
use banyan_engine::history::Past;
use banyan_engine::log::CommitLog;
use banyan_engine::upgrade::program::Program;
use banyan_engine::upgrade::report::Status;
use banyan_engine::upgrade::{Policy, Upgrade, rules};
use banyan_engine::{Engine, Seq};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;

use crate::fixture::{Client, Machine};

pub const V1: &str = "module m { yang-version 1.1; namespace urn:m; prefix m; revision 2020-01-01;
  container c { leaf mtu { type uint16; } leaf mode { type string; }
    list l { key k; leaf k { type string; } leaf v { type string; } } } }";
pub const V2: &str = "module m { yang-version 1.1; namespace urn:m; prefix m;
  revision 2021-01-01; revision 2020-01-01;
  container c { leaf max-mtu { type uint16; }
    leaf mode { type enumeration { enum fast; enum slow; } }
    list l { key k; leaf k { type string; } leaf v { type string; } } } }";
pub const V3: &str = "module m { yang-version 1.1; namespace urn:m; prefix m;
  revision 2022-01-01; revision 2021-01-01; revision 2020-01-01;
  container c { container limits { leaf mtu { type uint16; } }
    leaf mode { type enumeration { enum fast; enum slow; } }
    list l { key k; leaf k { type string; } leaf value { type string; } } } }";
const OTHER: &str = "module x { yang-version 1.1; namespace urn:x; prefix x;
  container x { leaf a { type string; } } }";

const RULES: &str = "
[[rule]]
module = 'm'
to = '2021-01-01'
at = '/c/mtu'
rename = 'max-mtu'
[[rule]]
module = 'm'
from = '2021-01-01'
to = '2020-01-01'
at = '/c/max-mtu'
rename = 'mtu'
[[rule]]
module = 'm'
from = '2021-01-01'
to = '2022-01-01'
at = '/c/max-mtu'
move = '/c/limits/mtu'
[[rule]]
module = 'm'
from = '2021-01-01'
to = '2022-01-01'
at = '/c/l/v'
rename = 'value'
";

pub fn compiled(modules: &[&str]) -> Arc<Schema> {
    let mut source = MemorySource::new();
    let mut compiler_names = Vec::new();
    for text in modules {
        source.add(*text);
        compiler_names.push(text.split_whitespace().nth(1).unwrap());
    }
    let compiler = compiler_names
        .iter()
        .fold(Compiler::new(&source), |compiler, name| {
            compiler.implement(name, None)
        });
    compiler.compile().unwrap().schema
}

pub fn how(policy: Policy) -> Upgrade {
    Upgrade {
        steps: rules::parse(RULES, "rules.toml").unwrap(),
        policy,
    }
}

pub async fn start(machine: &Machine, modules: &[&str]) -> Result<Engine, StartError> {
    start_with(machine, modules, how(Policy::Refuse)).await
}

pub async fn start_with(
    machine: &Machine,
    modules: &[&str],
    how: Upgrade,
) -> Result<Engine, StartError> {
    machine.builder(compiled(modules)).upgrade(how).open().await
}

pub async fn running(engine: &Engine) -> String {
    Client::open(engine, "reader")
        .await
        .show(Datastore::Running)
        .await
}

pub fn c(inside: &str) -> String {
    format!("<c xmlns=\"urn:m\">{inside}</c>")
}

pub fn file(machine: &Machine, name: &str) -> Option<String> {
    let bytes = machine
        .files
        .read(&PathBuf::from("/store").join(name))
        .unwrap();
    bytes.map(|bytes| String::from_utf8(bytes).unwrap())
}

/// Two commits under the first modules, the file of running after each, and the machine after a crash.
async fn first(machine: &Machine) -> [String; 2] {
    let engine = start(machine, &[V1]).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&c("<mtu>1500</mtu>")).await.unwrap();
    let one = machine.running_file();
    alice
        .set(&c("<mode>fast</mode><l><k>a</k><v>1</v></l>"))
        .await
        .unwrap();
    [one, machine.running_file()]
}

const AFTER: &str = "<max-mtu>1500</max-mtu><mode>fast</mode><l><k>a</k><v>1</v></l>";

/// Every state of the past can be had, and each commit's trees around it are one.
pub async fn history_is_whole(engine: &Engine) {
    let head = engine.running().seq.0;
    for seq in 1..=head {
        let (before, after) = engine.around(Seq(seq)).await.unwrap();
        assert_eq!(
            before.schema().digest(),
            after.schema().digest(),
            "commit {seq}"
        );
        engine.past(Past::After(Seq(seq - 1))).await.unwrap();
    }
    let now = engine.past(Past::After(Seq(head))).await.unwrap();
    assert!(now.tree.ptr_eq(&engine.running().tree));
}

#[tokio::test]
async fn an_upgrade_is_one_commit_with_a_checkpoint_and_the_history_before_it_stays() {
    let machine = Machine::new();
    let [_, old] = first(&machine).await;
    let engine = start(&machine, &[V2]).await.unwrap();
    assert_eq!(running(&engine).await, c(AFTER));
    assert_eq!(engine.running().seq, Seq(3));
    assert!(machine.running_file().contains("<max-mtu>1500</max-mtu>"));
    let newest = &engine.history(None, 1).await.unwrap()[0];
    assert_eq!(newest.comment.as_deref(), Some("upgrade: 1 module changed"));
    assert_eq!(newest.entries[0].value["modules"][0]["to"], "2021-01-01");
    let report = &engine.reports()[0];
    assert_eq!((report.status, report.steps.len()), (Status::Ok, 1));
    assert!(report.warnings[0].contains("RFC 7950 11"), "{report}");
    history_is_whole(&engine).await;
    let (before, after) = engine.around(Seq(1)).await.unwrap();
    let change = banyan_data::change::diff(&before, &after).to_string();
    assert!(
        change.contains("mtu") && !change.contains("max-mtu"),
        "{change}"
    );

    // The next start finds nothing to do.
    drop(engine);
    let engine = start(&machine, &[V2]).await.unwrap();
    assert_eq!(
        (running(&engine).await, engine.running().seq),
        (c(AFTER), Seq(3))
    );
    // A rollback across it brings the old state to the new modules by the same rules.
    let alice = Client::open(&engine, "alice").await;
    engine
        .rollback(&alice.call, Past::After(Seq(1)))
        .await
        .unwrap();
    assert_eq!(
        alice.show(Datastore::Candidate).await,
        c("<max-mtu>1500</max-mtu>")
    );
    alice.commit().await.unwrap();
    // And a restart with all of it replayed from the oldest file gives the same.
    drop((alice, engine));
    machine
        .files
        .put(Path::new("/store/running_db"), old.as_bytes());
    let facts = machine.log.facts("file/running_db/").unwrap();
    let known: Vec<_> = facts.iter().filter(|(_, seq)| *seq == "2").collect();
    if known.is_empty() {
        return;
    }
    let engine = start(&machine, &[V2]).await.unwrap();
    assert_eq!(running(&engine).await, c("<max-mtu>1500</max-mtu>"));
}

#[tokio::test]
async fn what_was_committed_before_a_kill_is_upgraded_too() {
    let machine = Machine::new();
    let [one, _] = first(&machine).await;
    // The file of the second commit was not written any more.
    machine
        .files
        .put(Path::new("/store/running_db"), one.as_bytes());
    let engine = start(&machine, &[V2]).await.unwrap();
    assert_eq!(running(&engine).await, c(AFTER));
    history_is_whole(&engine).await;
    // Without any file at all, the log alone goes the same way.
    let without = Machine::new();
    first(&without).await;
    without
        .files
        .remove(Path::new("/store/running_db"))
        .unwrap();
    let engine = start(&without, &[V2]).await.unwrap();
    assert_eq!(running(&engine).await, c(AFTER));
}

#[tokio::test]
async fn a_refused_upgrade_changes_nothing_and_the_old_program_still_starts() {
    let machine = Machine::new();
    let engine = start(&machine, &[V1]).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&c("<mode>odd</mode>")).await.unwrap();
    drop((alice, engine));
    let before = (machine.running_file(), machine.log.facts("").unwrap());
    let error = start(&machine, &[V2]).await.err().unwrap();
    let StartError::Upgrade(report) = &error else {
        panic!("{error}");
    };
    assert_eq!(report.status, Status::Invalid);
    assert_eq!(report.errors[0].path, "/m:c/mode");
    let place = report.errors[0].place.as_ref().unwrap().to_string();
    assert_eq!(place, "/store/running_db:3:7");
    assert!(error.to_string().contains("add migration rules"), "{error}");
    assert_eq!(
        (machine.running_file(), machine.log.facts("").unwrap()),
        before
    );
    assert_eq!(file(&machine, "running.left-out"), None);
    let engine = start(&machine, &[V1]).await.unwrap();
    assert_eq!(running(&engine).await, c("<mode>odd</mode>"));
    assert_eq!(engine.running().seq, Seq(1));
}

#[tokio::test]
async fn what_does_not_fit_is_left_out_kept_aside_and_told() {
    let machine = Machine::new();
    let engine = start(&machine, &[V1]).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&c("<mtu>9</mtu><mode>odd</mode>")).await.unwrap();
    drop((alice, engine));
    let engine = start_with(&machine, &[V2], how(Policy::LeaveOut))
        .await
        .unwrap();
    assert_eq!(running(&engine).await, c("<max-mtu>9</max-mtu>"));
    let aside = file(&machine, "running.left-out").unwrap();
    assert!(aside.contains("<mode>odd</mode>"), "{aside}");
    let newest = &engine.history(None, 1).await.unwrap()[0];
    let told = newest.entries[0].value["left-out"].to_string();
    assert!(told.contains("/m:c/mode"), "{told}");
    history_is_whole(&engine).await;
    // The reverse of the upgrade has all that it took.
    let before = engine.past(Past::After(Seq(1))).await.unwrap().tree;
    let nothing = banyan_data::Tree::empty(before.schema().clone());
    let all = banyan_data::change::diff(&nothing, &before).to_string();
    assert!(all.contains("odd"), "{all}");
    // It cannot come back as it was, and it is said why.
    let alice = Client::open(&engine, "alice").await;
    let refused = engine.rollback(&alice.call, Past::After(Seq(1))).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("/m:c/mode"), "{refused}");
}

#[tokio::test]
async fn failsafe_may_be_the_policy() {
    let machine = Machine::new();
    let engine = start(&machine, &[V1]).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&c("<mode>odd</mode>")).await.unwrap();
    drop((alice, engine));
    let failsafe = format!("<config>{}</config>", c("<mode>slow</mode>"));
    machine
        .files
        .put(Path::new("/store/failsafe_db"), failsafe.as_bytes());
    let old = machine.running_file();
    let engine = start_with(&machine, &[V2], how(Policy::Failsafe))
        .await
        .unwrap();
    assert_eq!(running(&engine).await, c("<mode>slow</mode>"));
    assert_eq!(file(&machine, "tmp_db"), Some(old));
    history_is_whole(&engine).await;
}

#[tokio::test]
async fn two_upgrades_in_a_row_and_one_over_both_come_to_the_same() {
    let after =
        c("<limits><mtu>1500</mtu></limits><mode>fast</mode><l><k>a</k><value>1</value></l>");
    let machine = Machine::new();
    first(&machine).await;
    drop(start(&machine, &[V2]).await.unwrap());
    let engine = start(&machine, &[V3]).await.unwrap();
    assert_eq!(
        (running(&engine).await, engine.running().seq),
        (after.clone(), Seq(4))
    );
    history_is_whole(&engine).await;
    let alice = Client::open(&engine, "alice").await;
    engine
        .rollback(&alice.call, Past::After(Seq(2)))
        .await
        .unwrap();
    assert_eq!(alice.show(Datastore::Candidate).await, after);
    drop((alice, engine));

    let machine = Machine::new();
    first(&machine).await;
    let engine = start(&machine, &[V3]).await.unwrap();
    assert_eq!(
        (running(&engine).await, engine.running().seq),
        (after, Seq(3))
    );
    history_is_whole(&engine).await;
}

#[tokio::test]
async fn a_downgrade_goes_by_rules_of_its_own() {
    let machine = Machine::new();
    first(&machine).await;
    drop(start(&machine, &[V2]).await.unwrap());
    let engine = start(&machine, &[V1]).await.unwrap();
    assert_eq!(
        running(&engine).await,
        c("<mtu>1500</mtu><mode>fast</mode><l><k>a</k><v>1</v></l>")
    );
    history_is_whole(&engine).await;
    drop(engine);
    drop(start(&machine, &[V3]).await.unwrap());
    // There is no rule from the third to the second.
    let error = start(&machine, &[V2]).await.err().unwrap().to_string();
    assert!(error.contains("/m:c/limits"), "{error}");
}

#[tokio::test]
async fn a_module_may_go_and_come_back() {
    let machine = Machine::new();
    let engine = start(&machine, &[V1, OTHER]).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let x = "<x xmlns=\"urn:x\"><a>kept</a></x>";
    alice.set(&(c("<mtu>1</mtu>") + x)).await.unwrap();
    drop((alice, engine));
    assert!(start(&machine, &[V1]).await.is_err());
    let engine = start_with(&machine, &[V1], how(Policy::LeaveOut))
        .await
        .unwrap();
    assert_eq!(running(&engine).await, c("<mtu>1</mtu>"));
    assert!(
        file(&machine, "running.left-out")
            .unwrap()
            .contains("<a>kept</a>")
    );
    drop(engine);
    let engine = start(&machine, &[V1, OTHER]).await.unwrap();
    assert_eq!(running(&engine).await, c("<mtu>1</mtu>"));
    let alice = Client::open(&engine, "alice").await;
    engine
        .rollback(&alice.call, Past::After(Seq(1)))
        .await
        .unwrap();
    assert_eq!(
        alice.show(Datastore::Candidate).await,
        c("<mtu>1</mtu>") + x
    );
    history_is_whole(&engine).await;
}

#[tokio::test]
async fn a_step_that_fails_leaves_everything_as_it_was() {
    let machine = Machine::new();
    first(&machine).await;
    let before = (machine.running_file(), machine.log.facts("").unwrap());
    let mut how = how(Policy::LeaveOut);
    how.steps.push(Arc::new(Program {
        command: ["sh", "-c", "echo not today >&2; exit 1"]
            .map(str::to_owned)
            .to_vec(),
        timeout: Duration::from_secs(60),
        range: None,
    }));
    let error = start_with(&machine, &[V2], how)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("not today"), "{error}");
    assert_eq!(
        (machine.running_file(), machine.log.facts("").unwrap()),
        before
    );
    drop(start(&machine, &[V1]).await.unwrap());
}

#[tokio::test]
async fn a_general_step_runs_at_every_start() {
    let machine = Machine::new();
    first(&machine).await;
    let step = |script: &str| Upgrade {
        steps: vec![Arc::new(Program {
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            timeout: Duration::from_secs(60),
            range: None,
        })],
        policy: Policy::Refuse,
    };
    let engine = start_with(&machine, &[V1], step("sed s/1500/1400/"))
        .await
        .unwrap();
    assert!(running(&engine).await.contains("<mtu>1400</mtu>"));
    assert_eq!(engine.running().seq, Seq(3));
    drop(engine);
    let engine = start_with(&machine, &[V1], step("cat")).await.unwrap();
    assert_eq!(engine.running().seq, Seq(3));
}

#[tokio::test]
async fn startup_is_upgraded_with_running() {
    let machine = Machine::new();
    let startup = format!("<config>{}</config>", c("<mtu>7</mtu>"));
    machine
        .files
        .put(Path::new("/store/startup_db"), startup.as_bytes());
    first(&machine).await;
    let engine = start(&machine, &[V2]).await.unwrap();
    let bob = Client::open(&engine, "bob").await;
    assert_eq!(
        bob.show(Datastore::Startup).await,
        c("<max-mtu>7</max-mtu>")
    );
    assert!(
        file(&machine, "startup_db")
            .unwrap()
            .contains("<max-mtu>7</max-mtu>")
    );
    drop((bob, engine));
    let engine = start(&machine, &[V3]).await.unwrap();
    let bob = Client::open(&engine, "bob").await;
    let expected = c("<limits><mtu>7</mtu></limits>");
    assert_eq!(bob.show(Datastore::Startup).await, expected);
}

#[tokio::test]
async fn an_unconfirmed_commit_is_taken_back_under_its_own_modules() {
    use banyan_engine::backend::{CommitParameters, Confirmed};
    let machine = Machine::new();
    let engine = start(&machine, &[V1]).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&c("<mtu>1500</mtu>")).await.unwrap();
    alice
        .edit(&c("<mtu>9000</mtu><mode>odd</mode>"))
        .await
        .unwrap();
    let confirmed = CommitParameters {
        confirmed: Some(Confirmed {
            timeout: 60,
            persist: Some("p".into()),
        }),
        ..CommitParameters::default()
    };
    alice.commit_with(confirmed).await.unwrap();
    drop((alice, engine));
    let engine = start(&machine, &[V2]).await.unwrap();
    assert_eq!(running(&engine).await, c("<max-mtu>1500</max-mtu>"));
    assert_eq!(engine.running().seq, Seq(4));
    history_is_whole(&engine).await;
}

#[tokio::test]
async fn a_file_made_for_the_new_modules_by_hand_is_taken() {
    let machine = Machine::new();
    let [_, old] = first(&machine).await;
    let edited = old.replace("<mtu>1500</mtu>", "<max-mtu>1600</max-mtu>");
    machine
        .files
        .put(Path::new("/store/running_db"), edited.as_bytes());
    let engine = start(&machine, &[V2]).await.unwrap();
    assert!(running(&engine).await.contains("<max-mtu>1600</max-mtu>"));
    assert_eq!(engine.running().seq, Seq(3));
    history_is_whole(&engine).await;
}

#[tokio::test]
async fn no_fault_at_any_step_of_an_upgrade_loses_or_repeats_anything() {
    for fault in [
        Fault::Fail,
        Fault::Short,
        Fault::CrashBefore,
        Fault::CrashAfter,
    ] {
        for step in 0..24 {
            let machine = Machine::new();
            first(&machine).await;
            machine.files.fail_at(step, fault);
            let from = machine.files.steps();
            drop(start(&machine, &[V2]).await);
            let reached = machine.files.steps() > from + step || machine.files.crashed();
            machine.files.restart();
            let engine = start(&machine, &[V2]).await;
            let engine = engine.unwrap_or_else(|error| panic!("{fault:?} at {step}: {error}"));
            assert_eq!(running(&engine).await, c(AFTER), "{fault:?} at {step}");
            assert_eq!(engine.running().seq, Seq(3), "{fault:?} at {step}");
            history_is_whole(&engine).await;
            if !reached {
                assert!(step > 4, "only {step} steps");
                break;
            }
        }
    }
    for write in 0..8 {
        let machine = Machine::new();
        first(&machine).await;
        machine.log.fail_from(write);
        drop(start(&machine, &[V2]).await);
        machine.log.set_failing(false);
        let engine = start(&machine, &[V2]).await.unwrap();
        assert_eq!(running(&engine).await, c(AFTER), "write {write}");
        assert_eq!(engine.running().seq, Seq(3), "write {write}");
    }
}

#[tokio::test]
async fn module_sets_are_kept_as_long_as_the_history_needs_them() {
    let machine = Machine::new();
    first(&machine).await;
    drop(start(&machine, &[V2]).await.unwrap());
    let sets = |machine: &Machine| machine.log.facts("schema/set/").unwrap().len();
    assert_eq!(sets(&machine), 2);
    machine.log.trim(Seq(3)).unwrap();
    drop(start(&machine, &[V2]).await.unwrap());
    // The upgrade itself can still be taken back.
    assert_eq!(sets(&machine), 2);
    let engine = start(&machine, &[V2]).await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&c("<mode>slow</mode>")).await.unwrap();
    engine.stop().await.unwrap();
    drop((alice, engine));
    machine.log.trim(Seq(4)).unwrap();
    let engine = start(&machine, &[V2]).await.unwrap();
    assert_eq!(sets(&machine), 1);
    assert!(running(&engine).await.contains("slow"));
}

#[tokio::test]
async fn what_an_upgrade_before_has_left_out_is_never_overwritten() {
    let machine = Machine::new();
    let startup = |mode: &str| {
        let content = format!("<config>{}</config>", c(&format!("<mode>{mode}</mode>")));
        machine
            .files
            .put(Path::new("/store/startup_db"), content.as_bytes());
    };
    for mode in ["odd", "odder", "oddest"] {
        let engine = start_with(&machine, &[V1], how(Policy::LeaveOut))
            .await
            .unwrap();
        let alice = Client::open(&engine, "alice").await;
        alice
            .set(&c(&format!("<mode>{mode}</mode>")))
            .await
            .unwrap();
        engine.stop().await.unwrap();
        drop((alice, engine));
        startup(mode);
        let engine = start_with(&machine, &[V2], how(Policy::LeaveOut))
            .await
            .unwrap();
        assert_eq!(running(&engine).await, "");
        engine.stop().await.unwrap();
    }
    for (name, mode) in [("", "odd"), (".2", "odder"), (".3", "oddest")] {
        for store in ["running", "startup"] {
            let kept = file(&machine, &format!("{store}.left-out{name}")).unwrap();
            let data = format!("<mode>{mode}</mode>");
            assert!(kept.contains(&data), "{store}{name}: {kept}");
        }
    }
}
