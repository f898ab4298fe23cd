//! Metrics: what is exposed, in which format, what moves it, and that the documentation has it all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use banyan_data::Tree;
use banyan_engine::backend::{Backend, BoxFuture, Datastore, Encoding, Get, Result, WithDefaults};
use banyan_engine::observe::{CommitResult, Durations, Meter, Readings};
use banyan_engine::participant::Participant;
use banyan_engine::provider::{Provider, StateRequest};
use banyan_engine::{BackendError, Engine};

use crate::fixture::{Client, Machine, NS, item, schema};

struct Watcher;

impl Participant for Watcher {
    fn name(&self) -> &str {
        "watcher"
    }
}

/// Has state, or fails.
struct Source {
    works: bool,
}

impl Provider for Source {
    fn name(&self) -> &str {
        "source"
    }

    fn covers(&self) -> Vec<String> {
        vec!["/t:seen".to_owned()]
    }

    fn read(&self, request: StateRequest) -> BoxFuture<'_, Result<Tree>> {
        Box::pin(async move {
            match self.works {
                true => Ok(Tree::empty(request.running.schema().clone())),
                false => Err(BackendError::new(
                    banyan_engine::error::ErrorTag::OperationFailed,
                    "no state today",
                )),
            }
        })
    }
}

async fn engine(machine: &Machine, works: bool) -> Engine {
    machine
        .builder(schema())
        .participant(Arc::new(Watcher))
        .provider(Arc::new(Source { works }))
        .open()
        .await
        .unwrap()
}

/// An exposition, taken apart: kinds by family, values by sample.
struct Exposition {
    kinds: BTreeMap<String, String>,
    samples: BTreeMap<String, f64>,
}

impl Exposition {
    /// OpenMetrics text, as strict as is needed to notice what Prometheus would not read.
    fn parse(text: &str) -> Exposition {
        let mut kinds: BTreeMap<String, String> = BTreeMap::new();
        let mut helped = BTreeSet::new();
        let mut samples = BTreeMap::new();
        assert!(text.ends_with("# EOF\n"), "{text}");
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("#", rest)) => {
                    let mut words = rest.splitn(3, ' ');
                    match (words.next(), words.next(), words.next()) {
                        (Some("HELP"), Some(name), Some(help)) => {
                            assert!(!help.is_empty() && helped.insert(name.to_owned()), "{line}");
                        }
                        (Some("TYPE"), Some(name), Some(kind)) => {
                            let known = kinds.insert(name.to_owned(), kind.to_owned());
                            assert_eq!(known, None, "{line}");
                        }
                        (Some("EOF"), None, None) => {}
                        _ => panic!("{line}"),
                    }
                }
                _ => {
                    let (sample, value) = line.rsplit_once(' ').unwrap();
                    let name = sample.split('{').next().unwrap();
                    let suffixes = ["", "_total", "_bucket", "_sum", "_count"];
                    let known = suffixes.iter().any(|suffix| {
                        let family = name.strip_suffix(suffix).unwrap_or_default();
                        kinds.contains_key(family)
                    });
                    assert!(known, "no family of {line}");
                    let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
                    assert_eq!(samples.insert(sample.to_owned(), value), None, "{line}");
                }
            }
        }
        assert_eq!(helped, kinds.keys().cloned().collect());
        Exposition { kinds, samples }
    }

    async fn of(engine: &Engine) -> Exposition {
        Exposition::parse(&engine.metrics().await.unwrap())
    }

    /// The value of a sample; 0 when it is not there yet.
    fn get(&self, sample: &str) -> f64 {
        self.samples.get(sample).copied().unwrap_or_default()
    }
}

async fn read_state(client: &Client) -> std::result::Result<String, BackendError> {
    let get = Get {
        store: Datastore::Running,
        state: true,
        filter: None,
        with_defaults: WithDefaults::Explicit,
        encoding: Encoding::Xml,
    };
    client.get(get).await
}

#[tokio::test]
async fn a_commit_moves_the_counters() {
    let machine = Machine::new();
    let engine = engine(&machine, true).await;
    let alice = Client::open(&engine, "alice").await;
    let before = Exposition::of(&engine).await;
    let committed = alice.set(&item(1, "a")).await.unwrap();
    let after = Exposition::of(&engine).await;
    let moved = |sample: &str| after.get(sample) - before.get(sample);
    for sample in [
        "banyan_commits_total{result=\"committed\"}",
        "banyan_commit_duration_seconds_count{result=\"committed\"}",
        "banyan_commit_phase_duration_seconds_count{phase=\"validate\"}",
        "banyan_participant_duration_seconds_count{participant=\"watcher\",phase=\"commit\"}",
        "banyan_validations_total",
        "banyan_commit_log_append_duration_seconds_count",
        "banyan_commit_batch_commits_count",
        "banyan_commit_batch_commits_sum",
        "banyan_running_commit",
    ] {
        assert_eq!(moved(sample), 1.0, "{sample}");
    }
    let record = engine.log().read(committed.seq.unwrap(), 1).unwrap();
    let bytes = record[0].change.len() + record[0].reverse.len();
    assert_eq!(moved("banyan_commit_log_written_bytes_total"), bytes as f64);
    // An entry with two leaves.
    assert_eq!(moved("banyan_store_nodes{store=\"running\"}"), 3.0);
    assert!(moved("banyan_store_memory_bytes{store=\"running\"}") > 0.0);
    assert!(after.get("banyan_store_file_bytes{store=\"running\"}") > 0.0);
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let engine = engine(&Machine::new(), true).await;
    let (alice, bob) = (
        Client::open(&engine, "alice").await,
        Client::open(&engine, "bob").await,
    );
    alice
        .edit(&format!("<sys {NS}><mtu>10</mtu></sys>"))
        .await
        .unwrap();
    alice.commit().await.unwrap_err();
    engine.lock(&bob.call, Datastore::Running).await.unwrap();
    alice.commit().await.unwrap_err();
    let found = Exposition::of(&engine).await;
    for result in CommitResult::ALL {
        let expected = match result {
            CommitResult::Invalid | CommitResult::Busy => 1.0,
            _ => 0.0,
        };
        let sample = format!("banyan_commits_total{{result=\"{}\"}}", result.name());
        assert_eq!(found.samples.get(&sample), Some(&expected), "{sample}");
    }
}

#[tokio::test]
async fn sessions_locks_and_candidates_are_seen_and_their_age_is_the_clocks() {
    let machine = Machine::new();
    let engine = engine(&machine, true).await;
    let alice = Client::open(&engine, "alice").await;
    engine
        .lock(&alice.call, Datastore::Candidate)
        .await
        .unwrap();
    alice.edit(&item(1, "a")).await.unwrap();
    machine.clock.advance(std::time::Duration::from_secs(90));
    let found = Exposition::of(&engine).await;
    assert_eq!(found.get("banyan_sessions"), 1.0);
    assert_eq!(found.get("banyan_locks{lock=\"candidate\"}"), 1.0);
    assert_eq!(
        found.get("banyan_lock_age_seconds{lock=\"candidate\"}"),
        90.0
    );
    assert_eq!(found.get("banyan_lock_age_seconds{lock=\"running\"}"), 0.0);
    assert_eq!(found.get("banyan_store_nodes{store=\"running\"}"), 0.0);
    assert_eq!(found.get("banyan_store_nodes{store=\"candidate\"}"), 3.0);
    engine.close_session(alice.session()).await;
    let found = Exposition::of(&engine).await;
    assert_eq!(found.get("banyan_sessions"), 0.0);
    assert_eq!(
        found.get("banyan_lock_age_seconds{lock=\"candidate\"}"),
        0.0
    );
}

#[tokio::test]
async fn providers_are_measured_and_their_failures_counted() {
    for works in [true, false] {
        let engine = engine(&Machine::new(), works).await;
        let alice = Client::open(&engine, "alice").await;
        assert_eq!(read_state(&alice).await.is_ok(), works);
        let found = Exposition::of(&engine).await;
        let count = "banyan_provider_duration_seconds_count{provider=\"source\"}";
        assert_eq!(found.get(count), 1.0);
        let failures = found.get("banyan_provider_failures_total{provider=\"source\"}");
        assert_eq!(failures, f64::from(u8::from(!works)));
    }
}

/// Counts what the engine knows nothing of.
struct Garden(Durations);

impl Meter for Garden {
    fn read(&self, readings: &mut Readings) {
        for (state, count) in [("open", 2.0), ("closed", 0.0)] {
            let labels = [("state", state)];
            readings.gauge("flowers", "Flowers, by state", &labels, count);
        }
        readings.counter("bees", "Bees that came", &[], 7);
        readings.durations("visit_seconds", "How long they stayed", &[], &self.0);
    }
}

#[tokio::test]
async fn others_have_metrics_beside_those_of_the_engine() {
    let garden = Garden(Durations::default());
    garden.0.observe(std::time::Duration::from_millis(1500));
    let engine = Machine::new()
        .builder(schema())
        .meter(Arc::new(garden))
        .open()
        .await
        .unwrap();
    let found = Exposition::of(&engine).await;
    for (sample, expected) in [
        ("banyan_flowers{state=\"open\"}", 2.0),
        ("banyan_flowers{state=\"closed\"}", 0.0),
        ("banyan_bees_total", 7.0),
        ("banyan_visit_seconds_count", 1.0),
        ("banyan_visit_seconds_sum", 1.5),
        ("banyan_sessions", 0.0),
    ] {
        assert_eq!(found.samples.get(sample), Some(&expected), "{sample}");
    }
    for (family, kind) in [
        ("banyan_flowers", "gauge"),
        ("banyan_bees", "counter"),
        ("banyan_visit_seconds", "histogram"),
    ] {
        assert_eq!(found.kinds.get(family).map(String::as_str), Some(kind));
    }
}

#[tokio::test]
async fn named_stores_count_what_running_does_not_share_until_they_are_gone() {
    let machine = Machine::new();
    let engine = engine(&machine, true).await;
    let alice = Client::open(&engine, "alice").await;
    alice.set(&item(1, "a")).await.unwrap();
    let stores = engine.stores();
    stores.copy(&alice.call, "running", "lab").await.unwrap();
    let nodes = "banyan_store_nodes{store=\"lab\"}";
    assert_eq!(Exposition::of(&engine).await.get(nodes), 0.0);
    alice.edit(&item(2, "b")).await.unwrap();
    stores.copy(&alice.call, "candidate", "lab").await.unwrap();
    assert_eq!(Exposition::of(&engine).await.get(nodes), 3.0);
    stores.delete(&alice.call, "lab").await.unwrap();
    assert!(!Exposition::of(&engine).await.samples.contains_key(nodes));
}
