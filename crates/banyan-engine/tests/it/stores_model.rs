//! Stores and a model of them: whatever is copied, changed, killed and started again, they hold the same.

use std::collections::BTreeMap;
use std::time::Duration;

use banyan_data::edit::Operation;
use banyan_data::xml::parse_edit;
use banyan_engine::Engine;
use banyan_engine::files::{Policy, StoreOptions};
use banyan_engine::log::CommitLog;
use proptest::prelude::*;

use crate::fixture::{Client, Machine, item, name, schema};

/// Where things are copied to; `disk` is in its file alone.
const STORES: [&str; 3] = ["startup", "lab", "disk"];

#[derive(Clone, Debug)]
enum Step {
    Commit(u32, String),
    CopyRunning(usize),
    CopyStore(usize, usize),
    Put(usize, String),
    Delete(usize),
    /// Commits pause, and files follow.
    Pause,
    /// The machine stops.
    Kill,
    /// A clean stop, and a start that writes other files: none small, split, or as usual.
    Restart(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let store = 0..STORES.len();
    let step = prop_oneof![
        4 => (0..4u32, "[a-c]{1,2}").prop_map(|(id, value)| Step::Commit(id, value)),
        4 => store.clone().prop_map(Step::CopyRunning),
        1 => (store.clone(), store.clone()).prop_map(|(from, to)| Step::CopyStore(from, to)),
        1 => (store.clone(), "[a-c]{1,2}").prop_map(|(to, text)| Step::Put(to, text)),
        1 => store.prop_map(Step::Delete),
        1 => Just(Step::Pause),
        2 => Just(Step::Kill),
        1 => (0..3u8).prop_map(Step::Restart),
    ];
    prop::collection::vec(step, 1..30)
}

fn options(kind: u8) -> StoreOptions {
    StoreOptions {
        small: if kind == 2 { 64 << 10 } else { 0 },
        split: kind == 1,
        policies: [("disk".to_owned(), Policy::File)].into(),
        ..StoreOptions::default()
    }
}

async fn start(machine: &Machine, kind: u8) -> Client {
    let builder = machine.builder(schema()).stores(options(kind));
    Client::open(&builder.open().await.unwrap(), "alice").await
}

/// What a store holds; nothing when there is none, or it is empty.
async fn text(engine: &Engine, store: &str) -> String {
    let Ok(tree) = engine.stores().get(store).await else {
        return String::new();
    };
    let mut out = Vec::new();
    banyan_data::xml::print(&tree, &Default::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

async fn paused(machine: &Machine) {
    for _ in 0..1_000 {
        if machine.log.facts("store/").unwrap().is_empty() {
            return;
        }
        machine.clock.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("the files do not follow");
}

async fn play(steps: &[Step]) {
    let machine = Machine::new();
    let mut kind = 0;
    let mut alice = start(&machine, kind).await;
    let mut model: BTreeMap<&str, String> = BTreeMap::new();
    for step in steps {
        let engine = alice.engine.clone();
        let stores = engine.stores();
        match step {
            Step::Commit(id, value) => drop(alice.set(&item(*id, value)).await.unwrap()),
            Step::CopyRunning(to) => {
                let to = STORES[*to];
                stores.copy(&alice.call, "running", to).await.unwrap();
                model.insert(to, text(&engine, "running").await);
            }
            Step::CopyStore(from, to) => {
                let (from, to) = (STORES[*from], STORES[*to]);
                if stores.copy(&alice.call, from, to).await.is_ok() {
                    model.insert(to, model.get(from).cloned().unwrap_or_default());
                }
            }
            Step::Put(to, value) => {
                let to = STORES[*to];
                let xml = name(value);
                let merge = Operation::Merge;
                let edit = parse_edit(engine.schema(), xml.as_bytes(), merge, &Default::default());
                stores.put(&alice.call, to, edit.unwrap()).await.unwrap();
                let before = model.entry(to).or_default();
                // The name comes first, and there is one.
                let rest = before.find("<item").map_or("", |at| &before[at..]);
                *before = xml + rest;
            }
            Step::Delete(store) => {
                let store = STORES[*store];
                if stores.delete(&alice.call, store).await.is_ok() {
                    model.remove(store);
                }
            }
            Step::Pause => paused(&machine).await,
            Step::Kill => {
                machine.files.crash();
                drop((stores, engine, alice));
                machine.files.restart();
                alice = start(&machine, kind).await;
            }
            Step::Restart(next) => {
                engine.stop().await.unwrap();
                drop((stores, engine, alice));
                kind = *next;
                alice = start(&machine, kind).await;
            }
        }
        for store in STORES {
            let expected = model.get(store).cloned().unwrap_or_default();
            assert_eq!(
                text(&alice.engine, store).await,
                expected,
                "{store} after {step:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn stores_hold_what_was_answered(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(play(&steps));
    }
}
