//! Batches: what is written together, what a failure takes with it, and in which order all is told.

mod random;
mod threads;
mod waits;

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use banyan_data::Tree;
use banyan_data::document::ParseOptions;
use banyan_data::edit::Operation;
use banyan_data::xml::{parse_data, parse_edit};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::record;
use crate::SessionId;
use crate::backend::{BoxFuture, Call, CommitParameters, Committed, Principal};
use crate::bind;
use crate::clock::SystemClock;
use crate::engine::{Engine, EngineBuilder, Seams};
use crate::files::{Files, MemoryFiles};
use crate::log::{Appended, CommitLog, Facts, LogError, MemoryLog, Record, RecordHead};
use crate::number::{Seq, Tid};
use crate::participant::{Answer, Options, Participant, Transaction};
use crate::session::internal_source;
use crate::snapshot::Snapshot;

const MODEL: &str = "module t {
  yang-version 1.1;
  namespace urn:t;
  prefix t;
  list item { key id; leaf id { type uint32; } leaf value { type string; } }
  list ref { key id; leaf id { type uint32; } leaf to { type leafref { path /t:item/t:id; } } }
}";

fn schema() -> Arc<Schema> {
    let mut source = MemorySource::new();
    source.add(MODEL);
    let compiled = Compiler::new(&source).implement("t", None).compile();
    compiled.unwrap().schema
}

/// What becomes of an append.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fate {
    Write,
    Refuse,
    /// The disk has it, and then fails.
    WriteAndFail,
}

#[derive(Default)]
struct Gate {
    /// How many records each append had.
    appends: Vec<usize>,
    fates: VecDeque<Fate>,
    /// When no fate is left, everything is written.
    open: bool,
}

/// A log whose appends wait for their fate.
#[derive(Clone, Default)]
struct Gated {
    log: MemoryLog,
    gate: Arc<(Mutex<Gate>, Condvar)>,
}

impl Gated {
    fn give(&self, fates: &[Fate]) {
        self.gate.0.lock().unwrap().fates.extend(fates);
        self.gate.1.notify_all();
    }

    fn open(&self) {
        self.gate.0.lock().unwrap().open = true;
        self.gate.1.notify_all();
    }

    fn appends(&self) -> Vec<usize> {
        self.gate.0.lock().unwrap().appends.clone()
    }

    /// Waits until so many appends have come.
    async fn reached(&self, appends: usize) {
        while self.appends().len() < appends {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl CommitLog for Gated {
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
        let mut gate = self.gate.0.lock().unwrap();
        gate.appends.push(records.len());
        let fate = loop {
            match gate.fates.pop_front() {
                Some(fate) => break fate,
                None if gate.open => break Fate::Write,
                None => gate = self.gate.1.wait(gate).unwrap(),
            }
        };
        drop(gate);
        let refused = || LogError::Storage {
            file: "(gate)".to_owned(),
            reason: "the disk is full".to_owned(),
        };
        match fate {
            Fate::Write => self.log.append(expected_head, records, facts),
            Fate::Refuse => Err(refused()),
            Fate::WriteAndFail => {
                self.log.append(expected_head, records, facts)?;
                Err(refused())
            }
        }
    }

    fn read(&self, from: Seq, limit: usize) -> Result<Vec<Record>, LogError> {
        self.log.read(from, limit)
    }

    fn history(&self, newest: Seq, limit: usize) -> Result<Vec<RecordHead>, LogError> {
        self.log.history(newest, limit)
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

/// Writes down what it is called with, by who commits; holds up whom it is told to.
struct Witness {
    calls: Mutex<Vec<String>>,
    /// What the one who commits was shown as running.
    shown: Mutex<BTreeMap<Arc<str>, Snapshot>>,
    held: Mutex<Option<Arc<str>>>,
    go: Semaphore,
}

impl Default for Witness {
    fn default() -> Self {
        Witness {
            calls: Mutex::default(),
            shown: Mutex::default(),
            held: Mutex::default(),
            go: Semaphore::new(0),
        }
    }
}

impl Witness {
    fn note(&self, phase: &str, tx: &Transaction) {
        let seq = tx.seq().map_or_else(String::new, |seq| format!(" {seq}"));
        let user = tx.principal.effective();
        let call = format!("{user}.{phase}{seq}");
        self.calls.lock().unwrap().push(call);
    }

    /// The calls for one user.
    fn of(&self, user: &str) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        let of = |call: &&String| call.starts_with(&format!("{user}."));
        calls.iter().filter(of).cloned().collect()
    }

    async fn called(&self, call: &str) {
        while !self.calls.lock().unwrap().iter().any(|made| made == call) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Participant for Witness {
    fn name(&self) -> &str {
        "witness"
    }

    fn commit<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            self.note("commit", tx);
            let shown = Snapshot::new(tx.before.clone(), tx.base);
            let user = tx.principal.effective().clone();
            self.shown.lock().unwrap().insert(user, shown);
            // Time for what stands below to fail.
            tokio::time::sleep(Duration::from_millis(1)).await;
            let held = self.held.lock().unwrap().clone();
            if held.is_some_and(|user| user == *tx.principal.effective()) {
                self.go.acquire().await.unwrap().forget();
            }
            Ok(())
        })
    }

    fn commit_done<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, ()> {
        Box::pin(async move { self.note("done", tx) })
    }

    fn end<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, ()> {
        Box::pin(async move { self.note("end", tx) })
    }

    fn revert<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            self.note("revert", tx);
            Ok(())
        })
    }

    fn abort<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, ()> {
        Box::pin(async move { self.note("abort", tx) })
    }
}

struct Bench {
    engine: Engine,
    log: Gated,
    files: MemoryFiles,
    witness: Arc<Witness>,
}

type Committing = JoinHandle<crate::backend::Result<Committed>>;

impl Bench {
    async fn new() -> Bench {
        Bench::with(Gated::default()).await
    }

    async fn with(log: Gated) -> Bench {
        let (files, witness) = (MemoryFiles::default(), Arc::new(Witness::default()));
        let engine = EngineBuilder::new(schema())
            .directory("/store")
            .seams(Seams {
                files: Arc::new(files.clone()),
                clock: Arc::new(SystemClock),
                log: Arc::new(log.clone()),
            })
            .participant(witness.clone())
            .open()
            .await
            .unwrap();
        Bench {
            engine,
            log,
            files,
            witness,
        }
    }

    /// A commit of an edit, in a task of its own.
    fn begin(&self, user: &str, edit: &str) -> Committing {
        let edit = edit.to_owned();
        let (engine, user) = (self.engine.clone(), Principal::user(user));
        tokio::spawn(async move {
            let call = Call::new(SessionId(0), user);
            let change = engine.change(
                &call,
                internal_source(),
                CommitParameters::default(),
                Options::none(),
                move |tree| Ok(edited(tree, &edit)),
            );
            change.await
        })
    }

    /// Waits until so many stand in the queue, behind a batch that is being written.
    async fn queued(&self, count: usize) {
        while self.engine.0.queue.waiting() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Begins commits of items, one after the other in the queue, behind one that is being written.
    async fn behind(&self, users: &[&str]) -> Vec<Committing> {
        let mut commits = Vec::new();
        for (index, user) in users.iter().enumerate() {
            commits.push(self.begin(user, &item(index)));
            if index == 0 {
                self.log.reached(1).await;
            }
            self.queued(index).await;
        }
        commits
    }

    fn running(&self) -> Snapshot {
        self.engine.running()
    }

    /// What a record of somebody else says, who adds an item.
    fn stranger(&self, id: usize) -> Record {
        let running = self.running();
        let text = format!("<data xmlns=\"urn:t\">{}</data>", item(id));
        let schema = running.tree.schema().clone();
        let tree = parse_data(&schema, text.as_bytes(), &ParseOptions::default()).unwrap();
        let head = RecordHead {
            seq: Seq(1),
            tid: Tid(900),
            time: jiff::Timestamp::UNIX_EPOCH,
            user: "stranger".into(),
            source: "elsewhere".to_owned(),
            comment: None,
            label: None,
            schema: String::new(),
            changes: 1,
            entries: Vec::new(),
        };
        record(head, &bind::diff(&running.tree, &tree)).unwrap()
    }

    /// What a start would make of the log alone.
    async fn replayed(&self) -> Snapshot {
        let log = Gated {
            log: self.log.log.clone(),
            ..Gated::default()
        };
        Bench::with(log).await.running()
    }

    async fn is_what_the_log_says(&self) {
        let (running, replayed) = (self.running(), self.replayed().await);
        assert_eq!(running.seq, replayed.seq);
        let difference = bind::diff(&running.tree, &replayed.tree);
        assert!(difference.is_empty(), "{difference}");
    }
}

fn edited(tree: &Tree, edit: &str) -> Tree {
    const NC: &str = "xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\"";
    let text = format!("<data xmlns=\"urn:t\" {NC}>{edit}</data>");
    let options = ParseOptions::default();
    let edit = parse_edit(tree.schema(), text.as_bytes(), Operation::Merge, &options);
    edit.unwrap().apply(tree).unwrap()
}

fn item(id: usize) -> String {
    format!("<item><id>{id}</id><value>x</value></item>")
}

async fn seq(commit: Committing) -> Option<Seq> {
    commit.await.unwrap().unwrap().seq
}

async fn error(commit: Committing) -> String {
    commit.await.unwrap().unwrap_err().to_string()
}

#[tokio::test]
async fn what_comes_while_the_disk_is_busy_is_written_together_and_told_in_order() {
    let bench = Bench::new().await;
    let users = ["a", "b", "c", "d", "e", "f"];
    let commits = bench.behind(&users).await;
    assert_eq!(bench.running().seq, Seq(0));
    let before = bench.files.steps();
    bench.log.open();
    for (index, commit) in commits.into_iter().enumerate() {
        assert_eq!(seq(commit).await, Some(Seq(index as u64 + 1)));
    }
    assert_eq!(bench.log.appends(), [1, 5]);
    // The small file is written and renamed once a batch, and holds all of it.
    assert_eq!(bench.files.steps() - before, 2 * 2);
    let file = bench.files.read(Path::new("/store/running_db")).unwrap();
    let file = String::from_utf8(file.unwrap()).unwrap();
    assert_eq!(file.matches("<item").count(), 6);
    let calls = bench.witness.calls.lock().unwrap().clone();
    let done: Vec<_> = calls.iter().filter(|call| call.contains("done")).collect();
    let expected = [
        "a.done 1", "b.done 2", "c.done 3", "d.done 4", "e.done 5", "f.done 6",
    ];
    assert_eq!(done, expected);
    bench.is_what_the_log_says().await;
}

#[tokio::test]
async fn a_batch_that_fails_takes_back_all_above_it_and_the_next_commit_goes_on() {
    let bench = Bench::new().await;
    let commits = bench.behind(&["a", "b", "c", "d"]).await;
    bench.log.give(&[Fate::Refuse]);
    for (index, commit) in commits.into_iter().enumerate() {
        let error = error(commit).await;
        assert!(error.contains("the disk is full"), "{error}");
        assert_eq!(error.starts_with("the commit is withdrawn"), index > 0);
    }
    for user in ["a", "b", "c", "d"] {
        let calls = bench.witness.of(user).join(" ");
        let expected = ["commit", "revert", "abort"].map(|phase| format!("{user}.{phase}"));
        assert_eq!(calls, expected.join(" "));
    }
    assert_eq!(bench.running().seq, Seq(0));
    assert_eq!(bench.log.head().unwrap(), Seq(0));
    bench.log.open();
    assert_eq!(seq(bench.begin("e", &item(2))).await, Some(Seq(1)));
    assert_eq!(bench.log.appends(), [1, 1]);
    bench.is_what_the_log_says().await;
}

#[tokio::test]
async fn who_stands_on_a_commit_that_failed_is_not_published() {
    let bench = Bench::new().await;
    *bench.witness.held.lock().unwrap() = Some("c".into());
    let target = bench.begin("a", &item(7));
    bench.log.reached(1).await;
    // One is queued above it, and one is with its participants.
    let queued = bench.begin("b", "<ref><id>1</id><to>7</to></ref>");
    bench.queued(1).await;
    let beside = bench.begin("c", "<ref><id>2</id><to>7</to></ref>");
    bench.witness.called("c.commit").await;
    bench.log.give(&[Fate::Refuse]);
    assert!(error(target).await.contains("the disk is full"));
    assert!(error(queued).await.contains("withdrawn"));
    bench.log.open();
    bench.witness.go.add_permits(1);
    let error = error(beside).await;
    assert!(error.contains("prepared on commit 2"), "{error}");
    let calls = bench.witness.of("c").join(" ");
    assert_eq!(calls, "c.commit c.revert c.abort");
    assert_eq!(bench.log.head().unwrap(), Seq(0));
}

#[tokio::test]
async fn an_error_that_rests_on_a_commit_that_failed_is_not_told() {
    let bench = Bench::new().await;
    bench.log.give(&[Fate::Write]);
    seq(bench.begin("a", &item(7))).await;
    let gone = bench.begin("b", "<item nc:operation='delete'><id>7</id></item>");
    bench.log.reached(2).await;
    let referrer = bench.begin("c", "<ref><id>1</id><to>7</to></ref>");
    // It has seen that the target goes, and waits whether it is gone.
    bench.queued(1).await;
    bench.log.give(&[Fate::Refuse]);
    assert!(error(gone).await.contains("the disk is full"));
    bench.log.open();
    assert_eq!(seq(referrer).await, Some(Seq(2)));
    let gone = bench.begin("b", "<item nc:operation='delete'><id>7</id></item>");
    assert!(error(gone).await.contains("/t:ref[id='1']/to"));
    bench.is_what_the_log_says().await;
}

#[tokio::test]
async fn who_waits_for_the_same_data_goes_on_when_the_other_fails() {
    let bench = Bench::new().await;
    let first = bench.begin("a", &item(7));
    bench.log.reached(1).await;
    let same = bench.begin("b", &item(7));
    bench.log.give(&[Fate::Refuse]);
    error(first).await;
    bench.log.open();
    assert_eq!(seq(same).await, Some(Seq(1)));
    // It is there now, and durable: nothing is left to commit.
    let again = bench.begin("a", &item(7));
    assert_eq!(seq(again).await, None);
}

#[tokio::test]
async fn a_batch_that_the_disk_took_before_it_failed_is_committed() {
    let bench = Bench::new().await;
    let commits = bench.behind(&["a", "b", "c"]).await;
    bench.log.give(&[Fate::Write, Fate::WriteAndFail]);
    for (index, commit) in commits.into_iter().enumerate() {
        assert_eq!(seq(commit).await, Some(Seq(index as u64 + 1)));
    }
    assert_eq!(bench.log.appends(), [1, 2]);
    let calls = bench.witness.of("c").join(" ");
    assert_eq!(calls, "c.commit c.done 3 c.end 3");
    bench.is_what_the_log_says().await;
}

#[tokio::test]
async fn commits_are_rebased_on_what_others_have_written_to_the_log() {
    let bench = Bench::new().await;
    let commits = bench.behind(&["a", "b", "c"]).await;
    let stranger = bench.stranger(50);
    bench.log.log.append(Seq(0), &[stranger], &[]).unwrap();
    bench.log.open();
    let mut seqs = Vec::new();
    for commit in commits {
        seqs.extend(seq(commit).await.map(|seq| seq.0));
    }
    seqs.sort_unstable();
    assert_eq!(seqs, [2, 3, 4]);
    assert!(!bench.witness.of("a").contains(&"a.revert".to_owned()));
    bench.is_what_the_log_says().await;
}

#[tokio::test]
async fn a_change_that_others_have_made_meanwhile_makes_no_record() {
    let bench = Bench::new().await;
    let same = bench.begin("a", &item(50));
    bench.log.reached(1).await;
    let stranger = bench.stranger(50);
    bench.log.log.append(Seq(0), &[stranger], &[]).unwrap();
    bench.log.open();
    assert_eq!(seq(same).await, None);
    assert_eq!(bench.log.head().unwrap(), Seq(1));
    // Running is what was wanted, so nothing is to be undone.
    let calls = bench.witness.of("a").join(" ");
    assert_eq!(calls, "a.commit a.done 1 a.end 1");
}

#[tokio::test]
async fn a_record_of_one_leaf_does_not_grow_with_the_datastore() {
    let mut sizes = Vec::new();
    for entries in [10, 5_000] {
        let bench = Bench::new().await;
        bench.log.open();
        let load: String = (0..entries).map(item).collect();
        seq(bench.begin("a", &load)).await;
        let edit = "<item><id>7</id><value>y</value></item>";
        seq(bench.begin("a", edit)).await;
        let record = bench.log.read(Seq(2), 1).unwrap().remove(0);
        sizes.push(record.change.len() + record.reverse.len());
    }
    assert_eq!(sizes[0], sizes[1]);
    assert!(sizes[0] < 600, "{}", sizes[0]);
}
