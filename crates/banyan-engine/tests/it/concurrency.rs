//! Many writers and readers at once: what they see is one history, and no update is lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use banyan_data::Tree;
use banyan_data::patch;
use banyan_engine::backend::{Backend, Candidates, Datastore};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::{Engine, Seq, Snapshot};

use crate::fixture::{Client, Machine, item, schema};

const WRITERS: u32 = 16;
const READERS: u32 = 16;
/// How often each writer adds one.
const ROUNDS: u32 = 12;
/// Fewer counters than writers, so that they meet.
const COUNTERS: u32 = 5;

/// The counters in a datastore, as a client reads them.
fn counters(text: &str) -> BTreeMap<u32, u64> {
    text.split("<item ")
        .skip(1)
        .map(|entry| {
            let between = |open: &str, close: &str| {
                let rest = entry.split_once(open).unwrap().1;
                rest.split_once(close).unwrap().0.to_owned()
            };
            let id = between("<id>", "</id>").parse().unwrap();
            (id, between("<value>", "</value>").parse().unwrap())
        })
        .collect()
}

/// Adds one to a counter, as often as it takes; returns how often it was told of a conflict.
async fn add_one(client: &Client, counter: u32) -> u64 {
    let mut conflicts = 0;
    loop {
        let seen = counters(&client.show(Datastore::Candidate).await);
        let value = seen.get(&counter).copied().unwrap_or(0);
        client
            .edit(&item(counter, &(value + 1).to_string()))
            .await
            .unwrap();
        match client.commit().await {
            Ok(committed) if committed.seq.is_some() => return conflicts,
            // Another made the very same change: it is his, and one is still to be added.
            Ok(_) => {}
            Err(error) => {
                assert_eq!(
                    error.reports[0].app_tag.as_deref(),
                    Some("conflict"),
                    "{error}"
                );
                conflicts += 1;
                client.engine.discard(&client.call).await.unwrap();
            }
        }
    }
}

/// What one reader saw, in its order.
enum Seen {
    Snapshot(Snapshot),
    /// By a request: the content, and the commits between which it was asked and answered.
    Answer(BTreeMap<u32, u64>, Seq, Seq),
}

async fn read(client: Client, over: Arc<AtomicBool>) -> Vec<Seen> {
    let mut seen = Vec::new();
    while !over.load(Ordering::Relaxed) {
        seen.push(Seen::Snapshot(client.engine.running()));
        let before = client.engine.running().seq;
        let text = client.show(Datastore::Running).await;
        let after = client.engine.running().seq;
        seen.push(Seen::Answer(counters(&text), before, after));
        tokio::task::yield_now().await;
    }
    seen
}

/// Running after each commit, by replay of the log alone.
fn replayed(engine: &Engine) -> Vec<Tree> {
    let mut trees = vec![Tree::empty(schema())];
    loop {
        let records = engine.log().read(Seq(trees.len() as u64), 100).unwrap();
        if records.is_empty() {
            return trees;
        }
        for record in records {
            assert_eq!(record.head.seq.0, trees.len() as u64);
            let last = trees.last().unwrap();
            let edit = patch::from_yang_patch(last.schema(), &record.change, last).unwrap();
            let next = edit.apply(last).unwrap();
            trees.push(next);
        }
    }
}

fn printed(tree: &Tree) -> BTreeMap<u32, u64> {
    let mut text = Vec::new();
    banyan_data::xml::print(tree, &Default::default(), &mut text).unwrap();
    counters(&String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_writers_and_sixteen_readers_see_one_history_and_lose_no_update() {
    let machine = Machine::new();
    let engine = machine
        .builder(schema())
        .candidates(Candidates::Private)
        .open()
        .await
        .unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let conflicts = Arc::new(AtomicU64::new(0));
    let mut readers = Vec::new();
    for reader in 0..READERS {
        let client = Client::open(&engine, &format!("reader-{reader}")).await;
        readers.push(tokio::spawn(read(client, over.clone())));
    }
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let client = Client::open(&engine, &format!("writer-{writer}")).await;
        let conflicts = conflicts.clone();
        writers.push(tokio::spawn(async move {
            for round in 0..ROUNDS {
                let counter = (writer + round) % COUNTERS;
                let met = add_one(&client, counter).await;
                conflicts.fetch_add(met, Ordering::Relaxed);
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    over.store(true, Ordering::Relaxed);

    let trees = replayed(&engine);
    // No lost update: each success is one commit, and adds one.
    assert_eq!(trees.len() as u32 - 1, WRITERS * ROUNDS);
    assert_eq!(engine.running().tree, *trees.last().unwrap());
    let end = printed(trees.last().unwrap());
    assert_eq!(end.values().sum::<u64>(), u64::from(WRITERS * ROUNDS));
    let states: Vec<BTreeMap<u32, u64>> = trees.iter().map(printed).collect();
    for reader in readers {
        let mut last = Seq(0);
        for seen in reader.await.unwrap() {
            match seen {
                Seen::Snapshot(snapshot) => {
                    assert!(snapshot.seq >= last, "a reader went back");
                    last = snapshot.seq;
                    let replayed = &trees[usize::try_from(snapshot.seq.0).unwrap()];
                    assert_eq!(snapshot.tree, *replayed);
                }
                // Sums are all different, so the content says which prefix it is.
                Seen::Answer(content, before, after) => {
                    let sum = content.values().sum::<u64>();
                    assert_eq!(content, states[usize::try_from(sum).unwrap()]);
                    assert!(before.0 <= sum && sum <= after.0, "{before} {sum} {after}");
                    assert!(Seq(sum) >= last, "a reader went back");
                    last = Seq(sum);
                }
            }
        }
    }
    // The writers did meet; else this says nothing of conflicts.
    assert!(conflicts.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn equal_changes_of_two_are_no_conflict() {
    let engine = EngineBuilder::new(schema())
        .candidates(Candidates::Private)
        .open()
        .await
        .unwrap();
    let alice = Client::open(&engine, "alice").await;
    let bob = Client::open(&engine, "bob").await;
    alice.edit(&item(1, "same")).await.unwrap();
    bob.edit(&item(1, "same")).await.unwrap();
    alice.commit().await.unwrap();
    assert_eq!(bob.commit().await.unwrap().seq, None);
}
