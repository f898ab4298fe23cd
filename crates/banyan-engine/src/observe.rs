//! What operators see of the engine at work: where the time of each commit went, metrics, and slow commits in the log.
//!
//! Measures and remembers; decides nothing. Time comes from the clock of the engine.

mod batch;
mod gauges;
mod meter;
mod metrics;
mod stage;
mod timing;
mod watch;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use banyan_data::footprint::Footprint;

pub(crate) use self::batch::Batch;
pub use self::meter::{Durations, Meter, MeterLabels, Readings};
use self::metrics::Metrics;
pub use self::stage::{CommitResult, Count, Stage};
pub use self::timing::{Span, Timing};
pub(crate) use self::watch::{Lap, Watch, micros};
use crate::backend::{Call, Result, Source};
use crate::blocking::on_pool;
use crate::clock::Clock;
use crate::engine::Engine;
use crate::number::{Seq, SessionId, Tid};
use crate::session::source_line;

/// The target of `tracing` spans and events about commits.
const TARGET: &str = "banyan::commit";

/// What is remembered and told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObserveOptions {
    /// Of how many commits the timing is kept, refused ones included.
    pub timings: usize,
    /// A commit that takes as long as this is logged; none is without it.
    pub slow_commit: Option<Duration>,
}

impl Default for ObserveOptions {
    fn default() -> Self {
        ObserveOptions {
            timings: 100,
            slow_commit: Some(Duration::from_secs(1)),
        }
    }
}

/// What an engine knows of its work.
pub(crate) struct Observed {
    clock: Arc<dyn Clock>,
    options: ObserveOptions,
    pub metrics: Arc<Metrics>,
    /// The newest last.
    timings: Mutex<VecDeque<Arc<Timing>>>,
}

/// What became of a commit, as far as it is told here.
pub(crate) enum Ended<'a> {
    /// It has a place in the log.
    At(Seq),
    /// Nothing had changed.
    Unchanged,
    /// It was a rehearsal.
    Rehearsed,
    /// It was refused, or failed.
    Refused(&'a crate::BackendError),
}

impl Observed {
    pub fn new(
        clock: Arc<dyn Clock>,
        options: ObserveOptions,
        meters: Vec<Arc<dyn Meter>>,
    ) -> Observed {
        Observed {
            clock,
            options,
            metrics: Arc::new(Metrics::new(meters)),
            timings: Mutex::default(),
        }
    }

    fn timings(&self) -> MutexGuard<'_, VecDeque<Arc<Timing>>> {
        self.timings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is remembered.
    pub fn options(&self) -> &ObserveOptions {
        &self.options
    }

    /// A commit begins.
    pub fn begin(&self) -> Watch {
        Watch::start(self.clock.clone())
    }

    /// A batch begins.
    pub fn batch(&self) -> Batch {
        Batch::begin(self.clock.clone())
    }

    /// The monotonic clock.
    pub fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    /// A commit is over.
    pub fn ended(&self, watch: &Watch, call: &Call, source: &Source, ended: Ended<'_>) {
        let measured = watch.stop();
        let Some(tid) = measured.tid else {
            return;
        };
        let (result, seq, message) = match ended {
            Ended::At(seq) => (CommitResult::Committed, Some(seq), None),
            Ended::Unchanged => (CommitResult::Unchanged, None, None),
            Ended::Rehearsed => (CommitResult::Rehearsed, None, None),
            Ended::Refused(error) => {
                let result = failure(measured.failure, call);
                (result, None, Some(error.to_string()))
            }
        };
        let timing = Timing {
            tid,
            seq,
            time: measured.at,
            session: call.session,
            user: call.principal.effective().clone(),
            source: source_line(source),
            result,
            message,
            duration: measured.duration,
            spans: measured.spans,
        };
        trace(watch, &timing);
        let slow = self.options.slow_commit;
        let slow = slow.is_some_and(|slow| timing.duration >= slow);
        self.metrics.commit(&timing, slow);
        if slow {
            tell(&timing);
        }
        let mut timings = self.timings();
        timings.push_back(Arc::new(timing));
        while timings.len() > self.options.timings {
            timings.pop_front();
        }
    }

    /// A commit did not come so far as to have a number.
    pub fn turned_away(&self, watch: &Watch, call: &Call) {
        self.metrics.result(failure(watch.stop().failure, call));
    }
}

/// What a refusal is called: who went away while he waited was not kept from anything.
fn failure(said: Option<CommitResult>, call: &Call) -> CommitResult {
    match said {
        None | Some(CommitResult::Busy) if call.cancel.is_cancelled() => CommitResult::Cancelled,
        Some(failure) => failure,
        None => CommitResult::Failed,
    }
}

/// Logs a slow commit.
fn tell(timing: &Timing) {
    let slowest: Vec<String> = timing
        .slowest(2)
        .iter()
        .map(|(title, time)| format!("{title} ({:.3} s)", time.as_secs_f64()))
        .collect();
    tracing::warn!(
        target: TARGET,
        tid = timing.tid.0,
        user = &*timing.user,
        result = timing.result.name(),
        "slow commit: {:.3} s, most of it in {}",
        timing.duration.as_secs_f64(),
        slowest.join(" and ")
    );
}

/// What is known at the end goes to the commit's `tracing` span.
fn trace(watch: &Watch, timing: &Timing) {
    let trace = watch.trace();
    if trace.is_disabled() {
        return;
    }
    if let Some(seq) = timing.seq {
        trace.record("seq", seq.0);
    }
    trace.record("user", &*timing.user);
    trace.record("source", timing.source.as_str());
    trace.record("result", timing.result.name());
    trace.record("microseconds", micros(timing.duration));
}

impl Engine {
    /// All metrics in the OpenMetrics text format, which Prometheus reads.
    ///
    /// # Errors
    /// An internal error.
    pub async fn metrics(&self) -> Result<String> {
        let core = self.0.clone();
        on_pool(move || {
            let metrics = &core.observed.metrics;
            metrics.gauges.refresh(&core);
            metrics.text()
        })
        .await
    }

    /// Instances and memory of the datastores in memory, by their names; for those beside running, what it does not share
    /// with them.
    ///
    /// # Errors
    /// An internal error.
    pub async fn sizes(&self) -> Result<BTreeMap<String, Footprint>> {
        let core = self.0.clone();
        on_pool(move || core.observed.metrics.gauges.sizes(&core)).await
    }

    /// The timings of the last commits that are over, refused ones included, the newest first.
    pub fn timings(&self) -> Vec<Arc<Timing>> {
        self.0.observed.timings().iter().rev().cloned().collect()
    }

    /// The timing of a transaction, while it is remembered.
    pub fn timing(&self, tid: Tid) -> Option<Arc<Timing>> {
        let timings = self.0.observed.timings();
        timings.iter().rev().find(|it| it.tid == tid).cloned()
    }

    /// The timing of the commit at a place in the log, while it is remembered.
    pub fn timing_of(&self, seq: Seq) -> Option<Arc<Timing>> {
        let timings = self.0.observed.timings();
        let is_it = |it: &&Arc<Timing>| it.seq == Some(seq);
        timings.iter().rev().find(is_it).cloned()
    }

    /// The timing of the last commit of a session that is over, while it is remembered.
    pub fn last_timing_of(&self, session: SessionId) -> Option<Arc<Timing>> {
        let timings = self.0.observed.timings();
        timings
            .iter()
            .rev()
            .find(|it| it.session == session)
            .cloned()
    }
}

/// How a commit that went through ended.
pub(crate) fn ended<T>(
    result: &Result<T>,
    seq: impl FnOnce(&T) -> Option<Seq>,
    rehearsal: bool,
) -> Ended<'_> {
    match result {
        Err(error) => Ended::Refused(error),
        Ok(_) if rehearsal => Ended::Rehearsed,
        Ok(outcome) => match seq(outcome) {
            Some(seq) => Ended::At(seq),
            None => Ended::Unchanged,
        },
    }
}
