//! What looking back costs, and what it shows: counted in records that are read, each of which is undone or done once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use banyan_engine::backend::{Backend, Document, Encoding};
use banyan_engine::engine::{EngineBuilder, Seams};
use banyan_engine::files::MemoryFiles;
use banyan_engine::history::{Past, Selection};
use banyan_engine::log::{Appended, CommitLog, Facts, LogError, MemoryLog, Record, RecordHead};
use banyan_engine::{Engine, Seq, Tid};
use proptest::prelude::*;

use crate::fixture::{Client, Machine, in_memory, item, name, schema_with_system, updated_schema};

/// A log that counts what is read of it.
#[derive(Clone, Default)]
struct Counted {
    log: MemoryLog,
    records: Arc<AtomicUsize>,
    heads: Arc<AtomicUsize>,
}

impl Counted {
    /// Records and heads since the last time.
    fn taken(&self) -> (usize, usize) {
        let taken = |count: &AtomicUsize| count.swap(0, Ordering::SeqCst);
        (taken(&self.records), taken(&self.heads))
    }
}

impl CommitLog for Counted {
    fn head(&self) -> Result<Seq, LogError> {
        self.log.head()
    }
    fn tail(&self) -> Result<Seq, LogError> {
        self.log.tail()
    }
    fn append(
        &self,
        expected_head: Seq,
        records: &[Record],
        facts: Facts<'_>,
    ) -> Result<Appended, LogError> {
        self.log.append(expected_head, records, facts)
    }
    fn read(&self, from: Seq, limit: usize) -> Result<Vec<Record>, LogError> {
        let read = self.log.read(from, limit)?;
        self.records.fetch_add(read.len(), Ordering::SeqCst);
        Ok(read)
    }
    fn history(&self, newest: Seq, limit: usize) -> Result<Vec<RecordHead>, LogError> {
        let read = self.log.history(newest, limit)?;
        self.heads.fetch_add(read.len(), Ordering::SeqCst);
        Ok(read)
    }
    fn trim(&self, seq: Seq) -> Result<(), LogError> {
        self.log.trim(seq)
    }
    fn set(&self, facts: Facts<'_>) -> Result<(), LogError> {
        self.log.set(facts)
    }
    fn facts(&self, prefix: &str) -> Result<BTreeMap<String, String>, LogError> {
        self.log.facts(prefix)
    }
}

/// An engine with so many commits of alice, and its log.
async fn counted(commits: u64) -> (Engine, Client, Counted) {
    let log = Counted::default();
    let machine = Machine::new();
    let engine = EngineBuilder::new(schema_with_system())
        .seams(Seams {
            files: Arc::new(MemoryFiles::default()),
            clock: Arc::new(machine.clock),
            log: Arc::new(log.clone()),
        })
        .open()
        .await
        .unwrap();
    let alice = Client::open(&engine, "alice").await;
    for value in 0..commits {
        alice.set(&item(1, &value.to_string())).await.unwrap();
    }
    log.taken();
    (engine, alice, log)
}

async fn ours(client: &Client, input: serde_json::Value) -> serde_json::Value {
    let document = Document::json(input.to_string().into_bytes());
    let body = client
        .engine
        .invoke(&client.call, document, Encoding::Json)
        .await
        .unwrap();
    serde_json::from_slice(&body.collect().await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_list_with_changes_undoes_each_commit_once() {
    let (_engine, alice, log) = counted(90).await;
    let list = serde_json::json!({"banyan:history": {"limit": 90, "changes": true}});
    let listed = ours(&alice, list).await;
    let (records, _) = log.taken();
    assert_eq!(records, 90);
    let commits = listed["banyan:commit"].as_array().unwrap();
    assert_eq!(commits.len(), 90);
    let diff = commits[88]["diff"].as_str().unwrap();
    assert!(
        diff.contains("value 0") && diff.contains("value 1"),
        "{diff}"
    );
}

#[tokio::test]
async fn a_state_is_made_from_the_nearer_end() {
    let (engine, _alice, log) = counted(100).await;
    for (seq, most) in [(98, 2), (3, 4), (0, 1), (50, 50)] {
        engine.past(Past::After(Seq(seq))).await.unwrap();
        let (records, _) = log.taken();
        assert!(records <= most, "commit {seq}: {records} records");
    }
}

#[tokio::test]
async fn a_transaction_is_found_by_its_number_without_a_look_at_all_commits() {
    let (engine, alice, log) = counted(400).await;
    // Numbers without commits: there is nothing to commit.
    for _ in 0..100 {
        alice.commit().await.unwrap();
    }
    let newest = alice.set(&item(1, "last")).await.unwrap();
    let oldest = &engine.history(Some(Seq(1)), 1).await.unwrap()[0];
    log.taken();
    for (tid, seq) in [(oldest.tid, Seq(1)), (newest.tid, newest.seq.unwrap())] {
        assert_eq!(engine.seq_of(tid).await.unwrap(), seq);
        let (_, heads) = log.taken();
        assert!(heads <= 80, "{heads} heads");
    }
    let error = engine.seq_of(Tid(9_999)).await.unwrap_err();
    assert!(error.to_string().contains("9999"), "{error}");
}

#[tokio::test]
async fn a_search_ends_when_nobody_waits_for_it() {
    let (engine, alice, log) = counted(200).await;
    let nobody = || Selection {
        limit: 1,
        user: Some("nobody".to_owned()),
        ..Selection::default()
    };
    alice.call.cancel.cancel();
    let error = engine
        .select_history(&alice.call, nobody())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cancelled"), "{error}");
    let (_, heads) = log.taken();
    assert_eq!(heads, 0);
}

#[tokio::test]
async fn the_commit_of_an_upgrade_shows_what_went() {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    let mtu = "<sys xmlns=\"urn:t\"><name>x</name><mtu>9000</mtu></sys>";
    alice.set(mtu).await.unwrap();
    engine.stop().await.unwrap();
    drop((engine, alice));
    let without = updated_schema(
        "leaf mtu { type uint16; default 1500; must \". >= 68\"; }",
        "",
    );
    let upgrade = banyan_engine::upgrade::Upgrade {
        policy: banyan_engine::upgrade::Policy::LeaveOut,
        ..Default::default()
    };
    let engine = machine
        .builder(without)
        .upgrade(upgrade)
        .open()
        .await
        .unwrap();
    assert_eq!(engine.running().seq, Seq(2));
    let compared = engine.walk_back().around(Seq(2)).await.unwrap();
    let (whole, left) = compared.gone.expect("something went");
    let gone = banyan_data::change::diff(&whole, &left).to_string();
    assert!(
        gone.contains("mtu 9000") && !gone.contains("name"),
        "{gone}"
    );
    // The same between any two commits across it.
    let compared = engine.two_states(Seq(1), Seq(2)).await.unwrap();
    assert!(compared.gone.is_some());
    let compared = engine.two_states(Seq(0), Seq(1)).await.unwrap();
    assert!(compared.gone.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Forward from the first commit, and back from the newest: each state is the one that was.
    #[test]
    fn every_state_is_what_it_was(edits in prop::collection::vec((0..4u32, 0..3u8, any::<bool>()), 1..20)) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let engine = in_memory().await;
            let alice = Client::open(&engine, "alice").await;
            let mut states = vec![engine.running()];
            for (id, value, of_item) in edits {
                let edit = match of_item {
                    true => item(id, &value.to_string()),
                    false => name(&value.to_string()),
                };
                alice.set(&edit).await.unwrap();
                let running = engine.running();
                if running.seq > states[states.len() - 1].seq {
                    states.push(running);
                }
            }
            for state in states {
                let found = engine.past(Past::After(state.seq)).await.unwrap();
                assert!(banyan_data::change::diff(&found.tree, &state.tree).is_empty());
            }
        });
    }
}
