//! A datastore on disk under load: many clients, a rewrite of its file beside commits, and its start.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use banyan_data::{Tree, validate};
use banyan_engine::backend::{Backend, Call, Datastore, Origin, Principal};
use banyan_engine::clock::SystemClock;
use banyan_engine::engine::{Engine, EngineBuilder, Seams};
use banyan_engine::files::DiskFiles;
use banyan_engine::log::{Appended, CommitLog, Facts, LogError, Record, RecordHead, RedbLog};
use banyan_engine::{Seq, SessionId};
use banyan_yang::schema::Schema;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::common::{commit, median, ms};
use crate::{ROUNDS, resident, sync_alone, with_value, written_bytes};

/// Commits of one client after the other, and of all clients together.
const IN_SEQUENCE: usize = 1_000;
const CLIENTS: usize = 16;
const OF_EACH: usize = 500;

/// The log on disk; notes how many records each append had, and how long it took.
#[derive(Clone)]
pub struct Noted {
    log: Arc<RedbLog>,
    appends: Arc<Mutex<Vec<Append>>>,
}

/// One append: its records, how long it took, and how long of that the disk.
#[derive(Clone, Copy, Debug)]
pub struct Append {
    records: usize,
    took: Duration,
    sync: Duration,
}

impl Noted {
    /// What was noted since the last call.
    fn taken(&self) -> Vec<Append> {
        std::mem::take(&mut *self.appends.lock().expect("no panic"))
    }
}

impl CommitLog for Noted {
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
        let start = Instant::now();
        let appended = self.log.append(expected_head, records, facts);
        let noted = Append {
            records: records.len(),
            took: start.elapsed(),
            sync: self.log.last_sync().unwrap_or_default(),
        };
        self.appends.lock().expect("no panic").push(noted);
        appended
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

    fn last_sync(&self) -> Option<Duration> {
        self.log.last_sync()
    }

    fn close(&self) {
        self.log.close();
    }
}

async fn open(schema: &Arc<Schema>, directory: &Path) -> (Engine, Noted) {
    std::fs::create_dir_all(directory).expect("a directory");
    let log = RedbLog::open(&directory.join("commits.redb")).expect("a log");
    let log = Noted {
        log: Arc::new(log.measured_by(Arc::new(SystemClock))),
        appends: Arc::default(),
    };
    let engine = EngineBuilder::new(schema.clone())
        .directory(directory)
        .seams(Seams {
            files: Arc::new(DiskFiles),
            clock: Arc::new(SystemClock),
            log: Arc::new(log.clone()),
        })
        .open()
        .await
        .expect("an engine");
    (engine, log)
}

async fn change(engine: &Engine, schema: &Arc<Schema>, index: usize, value: usize) -> Duration {
    let schema = schema.clone();
    let start = Instant::now();
    commit(engine, move |tree| {
        Ok(with_value(tree, &schema, index, value as u64))
    })
    .await
    .expect("the change commits");
    start.elapsed()
}

/// Commits in sequence and from many clients, on a datastore of that size; returns the lines of the summary.
pub async fn throughput(schema: &Arc<Schema>, tree: &Tree, entries: usize) -> serde_json::Value {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, log) = open(schema, directory.path()).await;
    let loaded = tree.clone();
    commit(&engine, move |_| Ok(loaded)).await.expect("a load");
    // The file is written when commits pause; that is another measurement.
    tokio::time::sleep(Duration::from_secs(if entries > 100_000 { 8 } else { 3 })).await;

    log.taken();
    let written = written_bytes();
    let start = Instant::now();
    for round in 0..IN_SEQUENCE {
        change(
            &engine,
            schema,
            (round * 7_919) % entries,
            2_000_000 + round,
        )
        .await;
    }
    let sequence = start.elapsed();
    let bytes = written_bytes().saturating_sub(written) / IN_SEQUENCE as u64;
    let single = log.taken();
    let appending: Duration = single.iter().map(|append| append.took).sum();
    let syncing: Duration = single.iter().map(|append| append.sync).sum();

    let written = written_bytes();
    let start = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (engine, schema) = (engine.clone(), schema.clone());
            tokio::spawn(async move {
                for round in 0..OF_EACH {
                    // Each client has entries of its own.
                    let index = ((round * 61) % (entries / CLIENTS)) * CLIENTS + client;
                    change(&engine, &schema, index, 3_000_000 + round).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("a client");
    }
    let together = start.elapsed();
    let count = CLIENTS * OF_EACH;
    let bytes_together = written_bytes().saturating_sub(written) / count as u64;
    let batches = log.taken();
    let largest = batches.iter().map(|append| append.records).max();
    engine.stop().await.expect("a clean stop");
    let sync = sync_alone(directory.path());

    let each = |time: Duration| time.as_secs_f64() * 1e6 / IN_SEQUENCE as f64;
    let rate = |count: usize, time: Duration| count as f64 / time.as_secs_f64();
    println!(
        "| {entries} | {:.0}/s | {:.0} us | {:.0} us | {bytes} B | **{:.0}/s** | {:.1}, at most {} | {bytes_together} B | {:.0}/s |",
        rate(IN_SEQUENCE, sequence),
        each(sequence.saturating_sub(syncing)),
        each(sequence.saturating_sub(appending)),
        rate(count, together),
        count as f64 / batches.len() as f64,
        largest.unwrap_or(0),
        1.0 / sync.as_secs_f64(),
    );
    json!({
        "entries": entries,
        "in_sequence_per_s": rate(IN_SEQUENCE, sequence),
        "beside_sync_us": each(sequence.saturating_sub(syncing)),
        "beside_log_us": each(sequence.saturating_sub(appending)),
        "from_16_clients_per_s": rate(count, together),
        "batches": batches.len(),
        "commits": count,
        "syncs_alone_per_s": 1.0 / sync.as_secs_f64(),
    })
}

/// Commits while the file of the datastore is rewritten: all their times.
async fn beside_a_rewrite(
    engine: &Engine,
    schema: &Arc<Schema>,
    log: &Noted,
    directory: &Path,
    entries: usize,
) -> Option<(Vec<Duration>, Duration, Duration)> {
    let temporary = directory.join("running_db.new");
    let patience = Instant::now() + Duration::from_secs(60);
    while !temporary.exists() {
        if Instant::now() > patience {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    log.taken();
    let mut times = Vec::new();
    let start = Instant::now();
    while temporary.exists() {
        let round = times.len();
        times.push(change(engine, schema, (round * 7_919) % entries, 4_000_000 + round).await);
        // As fast as possible would be another load than one that people make.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let rewrite = start.elapsed();
    let beside = times
        .iter()
        .zip(log.taken())
        .map(|(time, append)| time.saturating_sub(append.took))
        .max();
    Some((times, rewrite, beside.unwrap_or_default()))
}

/// Copies running to startup, after a commit each time: until the answer, and the bytes that are written until then.
async fn copied_to_startup(
    engine: &Engine,
    schema: &Arc<Schema>,
    entries: usize,
) -> serde_json::Value {
    let call = Call::new(SessionId(0), Principal::user("bench"));
    let (mut times, mut most) = (Vec::new(), 0);
    for round in 0..ROUNDS {
        change(engine, schema, (round * 7_919) % entries, 6_000_000 + round).await;
        let (written, start) = (written_bytes(), Instant::now());
        let from = Origin::Store(Datastore::Running);
        let copied = engine.copy(&call, from, Datastore::Startup).await;
        copied.expect("running is copied");
        times.push(start.elapsed());
        most = most.max(written_bytes().saturating_sub(written));
    }
    let worst = times.iter().max().copied().unwrap_or_default();
    let median = median(times);
    println!(
        "\nA copy of running to startup with {entries} entries, until the answer: median {:.2} ms, worst {:.2} ms; at most {most} B written.",
        ms(median),
        ms(worst),
    );
    json!({ "median_ms": ms(median), "worst_ms": ms(worst), "bytes": most })
}

/// The largest datastore: commits beside a rewrite of its file, and a start from it, part by part.
pub async fn rewrite_and_start(
    schema: &Arc<Schema>,
    tree: &Tree,
    entries: usize,
    parse: Duration,
) -> serde_json::Value {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine, log) = open(schema, directory.path()).await;
    let loaded = tree.clone();
    commit(&engine, move |_| Ok(loaded)).await.expect("a load");
    let beside = beside_a_rewrite(&engine, schema, &log, directory.path(), entries).await;
    let (times, rewrite, own) = beside.expect("the file is rewritten when commits pause");
    let worst = times.iter().max().copied().unwrap_or_default();
    let count = times.len();
    println!(
        "\n{count} commits while the file of {entries} entries was rewritten, which took {:.1} s: median {:.2} ms, worst {:.1} ms; worst without the time of its append (with the sync) {:.1} ms.",
        rewrite.as_secs_f64(),
        ms(median(times)),
        ms(worst),
        ms(own),
    );
    let copied = copied_to_startup(&engine, schema, entries).await;
    engine.stop().await.expect("a clean stop");
    drop((engine, log));
    // A start reads that, too.
    std::fs::remove_file(directory.path().join("startup_db")).expect("the file of startup");

    let timed = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    let mut bytes = Vec::new();
    let file = directory.path().join("running_db");
    let read = timed(&mut || bytes = std::fs::read(&file).expect("the file"));
    let hash = timed(&mut || {
        std::hint::black_box(Sha256::digest(&bytes));
    });
    let validation = timed(&mut || {
        let report = validate::full(tree, &validate::Options::default());
        assert!(report.is_valid());
    });
    drop(bytes);
    let memory = resident();
    let start = Instant::now();
    let (engine, log) = open(schema, directory.path()).await;
    let from_file = start.elapsed();
    let memory = resident().saturating_sub(memory);
    for round in 0..IN_SEQUENCE {
        change(
            &engine,
            schema,
            (round * 7_919) % entries,
            5_000_000 + round,
        )
        .await;
    }
    // Without a stop, so that the next start replays.
    drop((engine, log));
    let start = Instant::now();
    let (engine, log) = open(schema, directory.path()).await;
    let with_replay = start.elapsed();
    engine.stop().await.expect("a clean stop");
    drop(log);
    println!(
        "\nStart from a file of {entries} entries: {:.2} s, of which read {:.0} ms, hash {:.0} ms, parse {:.0} ms, validate {:.0} ms; {:.0} MB more memory. With {IN_SEQUENCE} records to replay: {:.2} s.",
        from_file.as_secs_f64(),
        ms(read),
        ms(hash),
        ms(parse),
        ms(validation),
        memory as f64 / 1e6,
        with_replay.as_secs_f64(),
    );
    json!({
        "entries": entries,
        "rewrite_s": rewrite.as_secs_f64(),
        "commits_beside_rewrite": count,
        "worst_commit_beside_rewrite_ms": ms(worst),
        "worst_without_append_ms": ms(own),
        "copy_to_startup": copied,
        "start_s": from_file.as_secs_f64(),
        "start_with_replay_s": with_replay.as_secs_f64(),
        "read_ms": ms(read),
        "hash_ms": ms(hash),
        "parse_ms": ms(parse),
        "validate_ms": ms(validation),
    })
}
