//! What a commit costs as the datastore grows, beside the published figures of Clixon 7.9 and sysrepo; what the disk
//! takes from one client and from many, beside a rewrite of the file; and what a start costs.
//!
//! Prints tables and writes `target/bench/summary.json`. `BANYAN_BENCH_MAX` limits the largest list
//! (a million entries when not given).

mod common;
mod load;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use banyan_data::document::ParseOptions;
use banyan_data::{Content, Tree, Value, validate, xml};
use banyan_engine::engine::{Engine, EngineBuilder};
use banyan_yang::schema::{Schema, SchemaId};
use common::{commit, in_memory, median, ms, write_summary};
use serde_json::json;

const MODEL: &str = "module bench {
  yang-version 1.1;
  namespace \"urn:bench\";
  prefix b;
  container table {
    list entry {
      key name;
      leaf name { type string; }
      leaf value { type uint32; }
    }
  }
}";

/// Entries, and what Clixon 7.9 takes for such a commit, in milliseconds and without any sync; then netopeer2 with
/// sysrepo, where that was measured.
const SIZES: [(usize, f64, Option<f64>); 4] = [
    (1_000, 13.0, None),
    (10_000, 97.0, None),
    (100_000, 1_135.0, Some(1_150.0)),
    (1_000_000, 11_459.0, Some(9_600.0)),
];
/// Clixon's memory for an entry, in bytes, and its start from a million entries, in seconds.
const CLIXON_ENTRY: f64 = 2_908.0;
const CLIXON_START: f64 = 43.0;
/// Commits measured for each size; the median counts.
const ROUNDS: usize = 41;

#[derive(Debug)]
struct Row {
    entries: usize,
    load: Duration,
    bytes_per_entry: f64,
    validation: Duration,
    commit: Duration,
    durable: Duration,
    sync: Duration,
    written: u64,
    clixon_ms: f64,
    sysrepo_ms: Option<f64>,
}

fn main() {
    let limit = std::env::var("BANYAN_BENCH_MAX")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usize::MAX);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let schema = common::schema("bench", MODEL);
    let mut rows = Vec::new();
    for (entries, clixon_ms, sysrepo_ms) in SIZES {
        if entries <= limit {
            let mut row = runtime.block_on(measure(&schema, entries, clixon_ms));
            row.sysrepo_ms = sysrepo_ms;
            rows.push(row);
        }
    }
    print_table(&rows);
    let load = under_load(&runtime, &schema, limit);
    write_summary("summary.json", &summary(&rows, &load));
}

fn loaded(schema: &Arc<Schema>, entries: usize) -> (Tree, Duration) {
    let text = document(entries);
    let start = Instant::now();
    let tree = xml::parse_data(schema, text.as_bytes(), &ParseOptions::default());
    (tree.expect("the document is valid"), start.elapsed())
}

/// What one and many clients get, and the largest datastore's rewrite and start.
fn under_load(
    runtime: &tokio::runtime::Runtime,
    schema: &Arc<Schema>,
    limit: usize,
) -> serde_json::Value {
    println!(
        "\n| entries | one client | of that beside the sync | beside the log | written | 16 clients | commits a batch | written | syncs alone |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let sizes = [1_000, 100_000, 1_000_000];
    let sizes: Vec<usize> = sizes.into_iter().filter(|size| *size <= limit).collect();
    let mut throughput = Vec::new();
    for entries in &sizes {
        let (tree, _) = loaded(schema, *entries);
        throughput.push(runtime.block_on(load::throughput(schema, &tree, *entries)));
    }
    let largest = sizes.last().filter(|entries| **entries >= 100_000);
    let largest = largest.map(|entries| {
        let (tree, parse) = loaded(schema, *entries);
        runtime.block_on(load::rewrite_and_start(schema, &tree, *entries, parse))
    });
    json!({ "throughput": throughput, "largest": largest })
}

fn document(entries: usize) -> String {
    let mut text = String::from("<table xmlns=\"urn:bench\">");
    for index in 0..entries {
        let _ = write!(
            text,
            "<entry><name>n{index:07}</name><value>{index}</value></entry>"
        );
    }
    text.push_str("</table>");
    text
}

async fn measure(schema: &Arc<Schema>, entries: usize, clixon_ms: f64) -> Row {
    let before = resident();
    let (tree, load) = loaded(schema, entries);
    let bytes_per_entry = resident().saturating_sub(before) as f64 / entries as f64;

    let start = Instant::now();
    let report = validate::full(&tree, &validate::Options::default());
    let validation = start.elapsed();
    assert!(report.errors.is_empty(), "{:?}", report.errors);

    let memory = in_memory(schema).await;
    let commit = median(commits(&memory, schema, &tree, entries).await.0);
    memory.stop().await.expect("a clean stop");

    let directory = tempfile::tempdir().expect("a directory");
    let disk = EngineBuilder::new(schema.clone())
        .directory(directory.path())
        .open()
        .await
        .expect("an engine");
    let (times, written) = commits(&disk, schema, &tree, entries).await;
    let durable = median(times);
    disk.stop().await.expect("a clean stop");
    let sync = sync_alone(directory.path());
    Row {
        entries,
        load,
        bytes_per_entry,
        validation,
        commit,
        durable,
        sync,
        written,
        clixon_ms,
        sysrepo_ms: None,
    }
}

/// Loads the tree in one commit, then changes one leaf at a time: the time of each, and the bytes that the
/// process wrote for one of them.
async fn commits(
    engine: &Engine,
    schema: &Arc<Schema>,
    tree: &Tree,
    entries: usize,
) -> (Vec<Duration>, u64) {
    let loaded = tree.clone();
    commit(engine, move |_| Ok(loaded))
        .await
        .expect("the load commits");
    // The checkpoint of the load is no part of what a small commit writes.
    tokio::time::sleep(Duration::from_secs(if entries > 100_000 { 8 } else { 2 })).await;
    let written = written_bytes();
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        let index = (round * 7_919) % entries;
        let schema = schema.clone();
        let start = Instant::now();
        commit(engine, move |tree| {
            Ok(with_value(tree, &schema, index, 1_000_000 + round as u64))
        })
        .await
        .expect("the change commits");
        times.push(start.elapsed());
    }
    (
        times,
        written_bytes().saturating_sub(written) / ROUNDS as u64,
    )
}

/// The tree with one leaf changed.
fn with_value(tree: &Tree, schema: &Schema, index: usize, value: u64) -> Tree {
    let module = schema.module_by_name("bench").expect("the module");
    let child = |parent, name| schema.data_child(parent, module, name).expect("a node");
    let table = child(SchemaId::ROOT, "table");
    let list = child(table, "entry");
    let leaf = child(list, "value");
    let Some(Content::Container(node)) = tree.root().get(table) else {
        panic!("no table")
    };
    let Some(Content::List(entries)) = node.get(list) else {
        panic!("no entries")
    };
    let entry = entries
        .get(&[Value::string(&format!("n{index:07}"))])
        .expect("the entry");
    let entry = entry.with_child(leaf, Some(Content::Leaf(Value::Uint(value))));
    let node = node.with_child(list, Some(Content::List(entries.with_entry(entry))));
    Tree::new(
        tree.schema().clone(),
        tree.root()
            .with_child(table, Some(Content::Container(node))),
    )
}

/// A kilobyte written and synced, as the disk alone takes it.
fn sync_alone(directory: &Path) -> Duration {
    use std::io::Write;
    let mut file = std::fs::File::create(directory.join("sync")).expect("a file");
    let times = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[b'x'; 1024])
                .and_then(|()| file.sync_data())
                .expect("a sync");
            start.elapsed()
        })
        .collect();
    median(times)
}

/// Bytes of memory in use by this process.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .unwrap_or(0);
    pages * 4096
}

/// Bytes that this process has caused to be written.
fn written_bytes() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    io.lines()
        .find_map(|line| line.strip_prefix("wchar: "))
        .and_then(|bytes| bytes.parse().ok())
        .unwrap_or(0)
}

fn print_table(rows: &[Row]) {
    println!("One changed leaf in a list; medians of {ROUNDS} commits.\n");
    println!(
        "| entries | commit, no sync | with sync | sync alone | written | full validation | XML load | memory an entry | Clixon commit | sysrepo commit |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for row in rows {
        println!(
            "| {} | {:.3} ms | {:.2} ms | {:.2} ms | {} B | {:.2} ms | {:.1} ms | {:.0} B | {} ms | {} |",
            row.entries,
            ms(row.commit),
            ms(row.durable),
            ms(row.sync),
            row.written,
            ms(row.validation),
            ms(row.load),
            row.bytes_per_entry,
            row.clixon_ms,
            row.sysrepo_ms
                .map_or_else(String::new, |time| format!("{time} ms")),
        );
    }
    println!(
        "\nClixon 7.9, measured: {CLIXON_ENTRY} B an entry, {CLIXON_START} s to start from a million entries."
    );
}

fn summary(rows: &[Row], load: &serde_json::Value) -> serde_json::Value {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "entries": row.entries,
                "commit_ms": ms(row.commit),
                "durable_commit_ms": ms(row.durable),
                "sync_alone_ms": ms(row.sync),
                "bytes_written": row.written,
                "full_validation_ms": ms(row.validation),
                "xml_load_ms": ms(row.load),
                "bytes_per_entry": row.bytes_per_entry,
                "clixon_commit_ms": row.clixon_ms,
                "sysrepo_commit_ms": row.sysrepo_ms,
            })
        })
        .collect();
    json!({
        "rows": rows,
        "load": load,
        "clixon": { "bytes_per_entry": CLIXON_ENTRY, "start_s": CLIXON_START },
    })
}
