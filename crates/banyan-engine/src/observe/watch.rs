//! Measures a commit while it runs: laps that are open, and what is done.
//!
//! A commit does one thing at a time, though in several threads: laps are a stack. The cost of a lap is two looks at
//! the clock and a short lock; `tracing` spans are made only where somebody listens.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::stage::{CommitResult, Count, Stage};
use super::timing::Span;
use crate::clock::Clock;
use crate::number::Tid;
use crate::participant::Phase;

/// The stopwatch of one commit. Clones share it.
#[derive(Clone)]
pub(crate) struct Watch(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    /// On the monotonic clock.
    begun: Duration,
    at: Timestamp,
    state: Mutex<State>,
    trace: tracing::Span,
}

#[derive(Default)]
struct State {
    open: Vec<Open>,
    done: Vec<Span>,
    /// What the last failure says of the commit.
    failure: Option<CommitResult>,
    tid: Option<Tid>,
}

struct Open {
    span: Span,
    trace: tracing::Span,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({:?})", self.0.begun)
    }
}

/// What was measured in the end.
pub(super) struct Measured {
    pub tid: Option<Tid>,
    pub at: Timestamp,
    pub duration: Duration,
    pub spans: Vec<Span>,
    pub failure: Option<CommitResult>,
}

impl Watch {
    /// Begins now.
    pub(crate) fn start(clock: Arc<dyn Clock>) -> Watch {
        let trace = tracing::debug_span!(
            target: super::TARGET,
            "commit",
            tid = tracing::field::Empty,
            seq = tracing::field::Empty,
            user = tracing::field::Empty,
            source = tracing::field::Empty,
            result = tracing::field::Empty,
            microseconds = tracing::field::Empty,
        );
        Watch(Arc::new(Inner {
            begun: clock.monotonic(),
            at: clock.now(),
            clock,
            state: Mutex::default(),
            trace,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is a few moves that cannot panic, so it is whole.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time since the beginning.
    pub(crate) fn elapsed(&self) -> Duration {
        self.since_begin(self.0.clock.monotonic())
    }

    /// A moment of the monotonic clock, from the beginning.
    pub(crate) fn since_begin(&self, moment: Duration) -> Duration {
        moment.saturating_sub(self.0.begun)
    }

    /// The attempt has its number.
    pub(crate) fn is_of(&self, tid: Tid) {
        self.0.trace.record("tid", tid.0);
        self.state().tid = Some(tid);
    }

    /// Its `tracing` span.
    pub(super) fn trace(&self) -> &tracing::Span {
        &self.0.trace
    }

    /// A part begins; it ends when the lap is dropped.
    pub(crate) fn begin(&self, stage: Stage) -> Lap {
        self.open(Span::new(stage, self.elapsed()))
    }

    /// A participant is asked.
    pub(crate) fn ask(&self, phase: Phase, participant: &str) -> Lap {
        self.open(Span {
            participant: Some(participant.into()),
            ..Span::new(Stage::Ask(phase), self.elapsed())
        })
    }

    fn open(&self, span: Span) -> Lap {
        let mut state = self.state();
        let parent = state.open.last().map_or(&self.0.trace, |open| &open.trace);
        let trace = traced(parent, &span);
        let depth = state.open.len();
        state.open.push(Open { span, trace });
        drop(state);
        Lap {
            watch: self.clone(),
            depth,
        }
    }

    /// Measures something that may fail.
    pub(crate) fn time<T, E>(
        &self,
        stage: Stage,
        work: impl FnOnce(&Lap) -> Result<T, E>,
    ) -> Result<T, E> {
        let lap = self.begin(stage);
        lap.seen(work(&lap))
    }

    /// Adds a part of the one that is open, which was measured elsewhere.
    pub(crate) fn add(&self, span: Span) {
        let mut state = self.state();
        let parent = state.open.last().map_or(&self.0.trace, |open| &open.trace);
        trace_all(parent, &span);
        state.settle(span);
    }

    /// Ends what is open at this depth and below it.
    fn close(&self, depth: usize) {
        let now = self.elapsed();
        let mut state = self.state();
        while state.open.len() > depth {
            let Some(Open { mut span, trace }) = state.open.pop() else {
                break;
            };
            span.duration = now.saturating_sub(span.start);
            record(&trace, &span);
            state.settle(span);
        }
    }

    /// The end: takes out what was measured.
    pub(super) fn stop(&self) -> Measured {
        self.close(0);
        let duration = self.elapsed();
        let mut state = self.state();
        Measured {
            tid: state.tid,
            at: self.0.at,
            duration,
            spans: std::mem::take(&mut state.done),
            failure: state.failure,
        }
    }
}

impl State {
    /// A part is over: it goes to the one that it is part of.
    fn settle(&mut self, span: Span) {
        if span.failed
            && let Some(failure) = span.stage.failure()
        {
            self.failure = Some(failure);
        }
        match self.open.last_mut() {
            Some(open) => open.span.children.push(span),
            None => self.done.push(span),
        }
    }
}

/// The `tracing` span of a part; nothing where nobody listens.
fn traced(parent: &tracing::Span, span: &Span) -> tracing::Span {
    use tracing::field::Empty;
    if parent.is_disabled() {
        return tracing::Span::none();
    }
    tracing::debug_span!(
        target: super::TARGET,
        parent: parent,
        "phase",
        phase = span.stage.name(),
        participant = span.participant.as_deref(),
        failed = Empty,
        microseconds = Empty,
        changes = Empty,
        conflicts = Empty,
        considered = Empty,
        evaluated = Empty,
        nodes = Empty,
        bytes = Empty,
        batch = Empty,
    )
}

/// Traces a part that is over, with its parts.
fn trace_all(parent: &tracing::Span, span: &Span) {
    let trace = traced(parent, span);
    for part in &span.children {
        trace_all(&trace, part);
    }
    record(&trace, span);
}

fn record(trace: &tracing::Span, span: &Span) {
    if trace.is_disabled() {
        return;
    }
    trace.record("failed", span.failed);
    trace.record("microseconds", micros(span.duration));
    for (count, number) in &span.counts {
        trace.record(count.name(), number);
    }
}

/// Whole microseconds.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A part that is being measured.
pub(crate) struct Lap {
    watch: Watch,
    depth: usize,
}

impl Lap {
    fn change(&self, change: impl FnOnce(&mut Span)) {
        let mut state = self.watch.state();
        if let Some(open) = state.open.get_mut(self.depth) {
            change(&mut open.span);
        }
    }

    /// Counts something.
    pub fn count(&self, count: Count, number: u64) {
        self.change(|span| span.counts.push((count, number)));
    }

    /// It failed.
    pub fn fail(&self) {
        self.change(|span| span.failed = true);
    }

    /// It failed, if this is an error.
    pub fn seen<T, E>(&self, result: Result<T, E>) -> Result<T, E> {
        if result.is_err() {
            self.fail();
        }
        result
    }
}

impl Drop for Lap {
    fn drop(&mut self) {
        self.watch.close(self.depth);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn watch() -> (ManualClock, Watch) {
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        clock.advance(Duration::from_secs(5));
        let watch = Watch::start(Arc::new(clock.clone()));
        (clock, watch)
    }

    fn listed(measured: &Measured) -> Vec<String> {
        let mut lines = Vec::new();
        for span in &measured.spans {
            span.walk(0, &mut |depth, span| {
                let (start, duration) = (span.start.as_millis(), span.duration.as_millis());
                lines.push(format!("{depth} {} {start}+{duration}", span.title()));
            });
        }
        lines
    }

    #[test]
    fn laps_within_laps_are_a_tree() {
        let (clock, watch) = watch();
        let tick = || clock.advance(Duration::from_millis(1));
        {
            let _prepare = watch.begin(Stage::Prepare);
            tick();
            let _ = watch.time(Stage::Diff, |_| {
                tick();
                Ok::<_, ()>(())
            });
            let _ = watch.time(Stage::Validate, |_| {
                tick();
                Err::<(), _>(())
            });
        }
        {
            let _durable = watch.begin(Stage::Durable);
            tick();
            watch.add(Span::new(Stage::BatchWait, watch.elapsed()));
        }
        let measured = watch.stop();
        assert_eq!(
            listed(&measured),
            [
                "0 prepare 0+3",
                "1 diff 1+1",
                "1 validate 2+1",
                "0 durable 3+1",
                "1 batch-wait 4+0"
            ]
        );
        assert_eq!(measured.failure, Some(CommitResult::Invalid));
        assert_eq!(measured.duration, Duration::from_millis(4));
    }

    #[test]
    fn what_follows_from_a_failure_does_not_name_it() {
        let (_, watch) = watch();
        watch.ask(Phase::Commit, "devices").fail();
        watch.ask(Phase::Revert, "devices").fail();
        assert_eq!(watch.stop().failure, Some(CommitResult::Vetoed));
    }

    /// Writes down what `tracing` is told, as `span field=value`.
    #[derive(Clone, Default)]
    struct Listener {
        names: Arc<Mutex<Vec<&'static str>>>,
        lines: Arc<Mutex<Vec<String>>>,
    }

    struct Fields<'a>(&'a Listener, &'static str);

    impl tracing::field::Visit for Fields<'_> {
        fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
            let line = format!("{} {}={value:?}", self.1, field.name());
            self.0.lines.lock().unwrap().push(line);
        }
    }

    impl tracing::Subscriber for Listener {
        fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
            metadata.target() == super::super::TARGET
        }

        fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            let mut names = self.names.lock().unwrap();
            names.push(span.metadata().name());
            span.record(&mut Fields(self, span.metadata().name()));
            tracing::span::Id::from_u64(names.len() as u64)
        }

        fn record(&self, span: &tracing::span::Id, values: &tracing::span::Record<'_>) {
            let name = self.names.lock().unwrap()[span.into_u64() as usize - 1];
            values.record(&mut Fields(self, name));
        }

        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn event(&self, _: &tracing::Event<'_>) {}
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[test]
    fn who_listens_gets_spans_with_fields() {
        let listener = Listener::default();
        tracing::subscriber::with_default(listener.clone(), || {
            let (clock, watch) = watch();
            watch.is_of(Tid(7));
            let lap = watch.begin(Stage::Validate);
            lap.count(Count::Evaluated, 3);
            clock.advance(Duration::from_micros(12));
            drop(lap);
            drop(watch.ask(Phase::Commit, "devices"));
        });
        assert_eq!(
            *listener.lines.lock().unwrap(),
            [
                "commit tid=7",
                "phase phase=\"validate\"",
                "phase failed=false",
                "phase microseconds=12",
                "phase evaluated=3",
                "phase phase=\"commit\"",
                "phase participant=\"devices\"",
                "phase failed=false",
                "phase microseconds=0"
            ]
        );
    }

    #[test]
    fn where_nobody_listens_no_span_is_made() {
        let deaf = tracing::subscriber::NoSubscriber::default();
        tracing::subscriber::with_default(deaf, || {
            let (_, watch) = watch();
            assert!(watch.trace().is_disabled());
            let _outer = watch.begin(Stage::Prepare);
            let _inner = watch.ask(Phase::Commit, "devices");
            let state = watch.state();
            let traces: Vec<_> = state.open.iter().map(|open| open.trace.id()).collect();
            assert_eq!(traces, [None, None]);
            // A span without metadata was not even begun.
            assert!(state.open.iter().all(|open| open.trace.is_none()));
        });
    }

    #[test]
    fn a_lap_that_outlives_its_parent_ends_with_it() {
        let (clock, watch) = watch();
        let outer = watch.begin(Stage::Finish);
        let inner = watch.ask(Phase::End, "kickers");
        clock.advance(Duration::from_millis(2));
        drop(outer);
        clock.advance(Duration::from_millis(2));
        inner.fail();
        drop(inner);
        assert_eq!(
            listed(&watch.stop()),
            ["0 finish 0+2", "1 kickers: end 0+2"]
        );
    }
}
