//! Figures for Prometheus: names and units by its conventions, each registered once.
//!
//! Counters and histograms move with commits; gauges are set when somebody asks (`gauges`).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::batch::Batch;
use super::gauges::Gauges;
use super::meter::{Meter, Meters};
use super::stage::{CommitResult, Count, Stage};
use super::timing::Timing;

/// Labels: name and value.
pub(super) type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];

type Histograms<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// From 50 microseconds to three minutes and a half.
pub(super) fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_05, 4.0, 12))
}

fn batch_sizes() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 2.0, 10))
}

pub(super) fn label(name: &'static str, value: &'static str) -> (&'static str, Cow<'static, str>) {
    (name, Cow::Borrowed(value))
}

pub(super) fn named(name: &'static str, value: &str) -> (&'static str, Cow<'static, str>) {
    (name, Cow::Owned(value.to_owned()))
}

/// All metrics of an engine.
pub(crate) struct Metrics {
    registry: Registry,
    commits: Family<Labels<1>, Counter>,
    commit_seconds: Histograms<1>,
    phase_seconds: Histograms<1>,
    participant_seconds: Histograms<2>,
    conflicts: Counter,
    slow_commits: Counter,
    validations: Counter,
    considered: Counter,
    evaluated: Counter,
    visited: Counter,
    log_bytes: Counter,
    append_seconds: Histogram,
    sync_seconds: Histogram,
    sync_failures: Counter,
    batch_commits: Histogram,
    provider_seconds: Histograms<1>,
    provider_failures: Family<Labels<1>, Counter>,
    pub(super) gauges: Gauges,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Of an engine, with those of others.
    pub fn new(meters: Vec<Arc<dyn Meter>>) -> Metrics {
        let mut registry = Registry::with_prefix("banyan");
        let gauges = Gauges::register(&mut registry);
        registry.register_collector(Box::new(Meters(meters)));
        let metrics = Metrics {
            registry,
            commits: Family::default(),
            commit_seconds: Family::new_with_constructor(seconds),
            phase_seconds: Family::new_with_constructor(seconds),
            participant_seconds: Family::new_with_constructor(seconds),
            conflicts: Counter::default(),
            slow_commits: Counter::default(),
            validations: Counter::default(),
            considered: Counter::default(),
            evaluated: Counter::default(),
            visited: Counter::default(),
            log_bytes: Counter::default(),
            append_seconds: seconds(),
            sync_seconds: seconds(),
            sync_failures: Counter::default(),
            batch_commits: batch_sizes(),
            provider_seconds: Family::new_with_constructor(seconds),
            provider_failures: Family::default(),
            gauges,
        };
        // A rate needs a beginning: results that have not come yet are 0.
        for result in CommitResult::ALL {
            drop(
                metrics
                    .commits
                    .get_or_create(&[label("result", result.name())]),
            );
        }
        metrics.registered()
    }

    /// With every metric in the registry.
    fn registered(mut self) -> Metrics {
        let registry = &mut self.registry;
        registry.register(
            "commits",
            "Commits that are over, by what became of them",
            self.commits.clone(),
        );
        registry.register(
            "commit_duration_seconds",
            "Time from the wish to commit to the end of the last participant, by result",
            self.commit_seconds.clone(),
        );
        registry.register(
            "commit_phase_duration_seconds",
            "Time of the phases of commits; those that have parts include them",
            self.phase_seconds.clone(),
        );
        registry.register(
            "participant_duration_seconds",
            "Time that participants took, by participant and phase",
            self.participant_seconds.clone(),
        );
        registry.register(
            "conflicts",
            "Places that a commit wanted to change and others had changed since",
            self.conflicts.clone(),
        );
        registry.register(
            "slow_commits",
            "Commits that took as long as log.slow-commit, or longer",
            self.slow_commits.clone(),
        );
        registry.register(
            "validations",
            "Validations of changes by commits",
            self.validations.clone(),
        );
        registry.register(
            "constraints_considered",
            "Constraints that validations of commits looked at",
            self.considered.clone(),
        );
        registry.register(
            "constraints_evaluated",
            "Constraints that validations of commits had to evaluate",
            self.evaluated.clone(),
        );
        registry.register(
            "validation_nodes_visited",
            "Nodes that validations of commits visited",
            self.visited.clone(),
        );
        registry.register(
            "commit_log_written_bytes",
            "Bytes of changes and their reverses in records that were written",
            self.log_bytes.clone(),
        );
        registry.register(
            "commit_log_append_duration_seconds",
            "Time of one durable append to the commit log, with its disk sync",
            self.append_seconds.clone(),
        );
        registry.register(
            "commit_log_sync_duration_seconds",
            "Time that one append to the commit log waited for the disk",
            self.sync_seconds.clone(),
        );
        registry.register(
            "commit_log_write_failures",
            "Appends to the commit log that the disk refused",
            self.sync_failures.clone(),
        );
        registry.register(
            "commit_batch_commits",
            "Commits that were written together, with one disk sync",
            self.batch_commits.clone(),
        );
        registry.register(
            "provider_duration_seconds",
            "Time that providers of operational data took for a read",
            self.provider_seconds.clone(),
        );
        registry.register(
            "provider_failures",
            "Reads in which a provider of operational data failed or was too late",
            self.provider_failures.clone(),
        );
        self
    }

    /// A commit is over.
    pub fn commit(&self, timing: &Timing, slow: bool) {
        self.result(timing.result);
        let result = [label("result", timing.result.name())];
        self.commit_seconds
            .get_or_create(&result)
            .observe(timing.duration.as_secs_f64());
        if slow {
            self.slow_commits.inc();
        }
        timing.walk(|_, span| {
            let seconds = span.duration.as_secs_f64();
            let phase = label("phase", span.stage.name());
            match &span.participant {
                Some(participant) => self
                    .participant_seconds
                    .get_or_create(&[named("participant", participant), phase])
                    .observe(seconds),
                None => self.phase_seconds.get_or_create(&[phase]).observe(seconds),
            }
            if span.stage == Stage::Validate {
                self.validations.inc();
            }
            for (count, number) in &span.counts {
                let counter = match count {
                    Count::Conflicts => &self.conflicts,
                    Count::Considered => &self.considered,
                    Count::Evaluated => &self.evaluated,
                    Count::Nodes if span.stage == Stage::Validate => &self.visited,
                    Count::Nodes | Count::Changes | Count::Bytes | Count::Batch => continue,
                };
                counter.inc_by(*number);
            }
        });
    }

    /// A commit came to nothing before it had a number, or came to this.
    pub fn result(&self, result: CommitResult) {
        self.commits
            .get_or_create(&[label("result", result.name())])
            .inc();
    }

    /// A batch was written, or not.
    pub fn batch(&self, batch: &Batch) {
        match batch.append() {
            Some((time, true)) => {
                self.append_seconds.observe(time.as_secs_f64());
                if let Some(synced) = batch.synced() {
                    self.sync_seconds.observe(synced.as_secs_f64());
                }
                self.batch_commits.observe(batch.size() as f64);
                self.log_bytes.inc_by(batch.bytes());
            }
            Some((_, false)) => {
                self.sync_failures.inc();
            }
            None => {}
        }
    }

    /// A provider of operational data has answered, or not in time.
    pub fn provider(&self, name: &str, time: Duration, failed: bool) {
        let provider = [named("provider", name)];
        self.provider_seconds
            .get_or_create(&provider)
            .observe(time.as_secs_f64());
        let failures = self.provider_failures.get_or_create(&provider);
        if failed {
            failures.inc();
        }
    }

    /// All of them in the OpenMetrics text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }
}
