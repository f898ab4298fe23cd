//! What is looked up when somebody asks for metrics: sessions, locks, sizes. Nothing here walks a whole datastore, but
//! the first time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use banyan_data::Tree;
use banyan_data::footprint::{self, Footprint};
use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::metrics::{Labels, label, named};
use crate::backend::Datastore;
use crate::engine::Core;

type Seconds = Gauge<f64, AtomicU64>;

/// Metrics that are set when they are asked for.
pub(super) struct Gauges {
    commit: Gauge,
    sessions: Gauge,
    locks: Family<Labels<1>, Gauge>,
    lock_age: Family<Labels<1>, Seconds>,
    in_progress: Gauge,
    oldest_commit: Seconds,
    waiting: Gauge,
    pending: Gauge,
    pending_remaining: Seconds,
    denials: Family<Labels<1>, Counter>,
    stream_events: Family<Labels<1>, Counter>,
    notices: Counter,
    missed: Counter,
    subscriptions: Gauge,
    store_nodes: Family<Labels<1>, Gauge>,
    store_memory: Family<Labels<1>, Gauge>,
    file_bytes: Family<Labels<1>, Gauge>,
    measured: Mutex<Measured>,
}

/// Trees whose footprints are known.
#[derive(Default)]
struct Measured {
    running: Option<(Tree, Footprint)>,
    /// Beyond running as it was when startup was written.
    startup: Option<(Arc<Tree>, Footprint)>,
    /// The same of the named datastores in memory.
    named: BTreeMap<String, (Tree, Footprint)>,
}

impl Gauges {
    pub fn register(registry: &mut Registry) -> Gauges {
        let gauges = Gauges {
            commit: Gauge::default(),
            sessions: Gauge::default(),
            locks: Family::default(),
            lock_age: Family::default(),
            in_progress: Gauge::default(),
            oldest_commit: Seconds::default(),
            waiting: Gauge::default(),
            pending: Gauge::default(),
            pending_remaining: Seconds::default(),
            denials: Family::default(),
            stream_events: Family::default(),
            notices: Counter::default(),
            missed: Counter::default(),
            subscriptions: Gauge::default(),
            store_nodes: Family::default(),
            store_memory: Family::default(),
            file_bytes: Family::default(),
            measured: Mutex::default(),
        };
        registry.register(
            "running_commit",
            "Place in the history of the commit that made running",
            gauges.commit.clone(),
        );
        registry.register("sessions", "Open sessions", gauges.sessions.clone());
        registry.register(
            "locks",
            "Locks that are held, by what they lock",
            gauges.locks.clone(),
        );
        registry.register(
            "lock_age_seconds",
            "Age of the oldest lock, by what it locks; 0 when there is none",
            gauges.lock_age.clone(),
        );
        registry.register(
            "commits_in_progress",
            "Commits that have reserved what they touch",
            gauges.in_progress.clone(),
        );
        registry.register(
            "oldest_commit_age_seconds",
            "Age of the oldest commit in progress; 0 when there is none",
            gauges.oldest_commit.clone(),
        );
        registry.register(
            "commits_waiting_for_disk",
            "Commits that wait for the disk",
            gauges.waiting.clone(),
        );
        registry.register(
            "confirmed_commit_pending",
            "Whether a confirmed commit waits for its confirmation: 1 or 0",
            gauges.pending.clone(),
        );
        registry.register(
            "confirmed_commit_remaining_seconds",
            "Time until the pending confirmed commit is taken back; 0 when there is none",
            gauges.pending_remaining.clone(),
        );
        registry.register(
            "access_denials",
            "What access control refused, by kind (RFC 8341 denied-operations and its neighbours)",
            gauges.denials.clone(),
        );
        registry.register(
            "stream_events",
            "Events that were published, by stream; NETCONF has those of all",
            gauges.stream_events.clone(),
        );
        registry.register(
            "stream_subscriptions",
            "Sessions that are subscribed to a stream with create-subscription",
            gauges.subscriptions.clone(),
        );
        registry.register(
            "stream_notifications_delivered",
            "Notifications that such subscriptions have given to front ends",
            gauges.notices.clone(),
        );
        registry.register(
            "stream_events_missed",
            "Events that had left their stream before a subscriber took them",
            gauges.missed.clone(),
        );
        registry.register(
            "store_nodes",
            "Instances of data nodes in a datastore; for those beside running, what running does not share",
            gauges.store_nodes.clone(),
        );
        registry.register(
            "store_memory_bytes",
            "Memory of a datastore, estimated from its nodes; what it shares with running counts there only",
            gauges.store_memory.clone(),
        );
        registry.register(
            "store_file_bytes",
            "Size of a datastore's file when it was last written, and of the commit log's",
            gauges.file_bytes.clone(),
        );
        gauges
    }

    /// Looks everything up. Blocking. Cost: what has changed since the last time.
    pub fn refresh(&self, core: &Core) {
        let now = core.seams.clock.now();
        let running = core.running.load();
        self.commit.set(number(running.seq.0));
        self.sessions.set(number(core.sessions.all().len() as u64));
        self.look_at_locks(core, now);
        let (in_progress, since) = core.reservations.in_progress();
        self.in_progress.set(number(in_progress as u64));
        self.oldest_commit
            .set(since.map_or(0.0, |since| age(since, now)));
        self.waiting
            .set(number(core.queue.pressure().count() as u64));
        let pending = core.pending().clone();
        self.pending.set(i64::from(pending.is_some()));
        self.pending_remaining
            .set(pending.as_ref().map_or(0.0, |pending| {
                (pending.timeout.as_secs_f64() - age(pending.since, now)).max(0.0)
            }));
        let denied = &core.access.counters;
        for (kind, count) in [
            ("operation", &denied.operations),
            ("write", &denied.writes),
            ("notification", &denied.notifications),
        ] {
            let counter = self.denials.get_or_create(&[label("kind", kind)]);
            let count = u64::from(count.load(Ordering::Relaxed));
            counter.inner().store(count, Ordering::Relaxed);
        }
        self.look_at_streams(core);
        for (store, size) in self.sizes(core) {
            let store = [named("store", &store)];
            self.store_nodes
                .get_or_create(&store)
                .set(number(size.nodes));
            self.store_memory
                .get_or_create(&store)
                .set(number(size.bytes));
        }
        let files = [
            ("running", core.keeper.as_ref().map(|keeper| keeper.size())),
            ("commit-log", core.seams.log.size()),
        ];
        for (store, size) in files {
            self.file_bytes
                .get_or_create(&[label("store", store)])
                .set(number(size.unwrap_or_default()));
        }
    }

    fn look_at_streams(&self, core: &Core) {
        let streams = &core.streams;
        for stream in streams.all() {
            let events = self
                .stream_events
                .get_or_create(&[named("stream", &stream.name)]);
            events.inner().store(stream.end(), Ordering::Relaxed);
        }
        self.subscriptions
            .set(number(streams.subscribed.count() as u64));
        for (counter, count) in [
            (&self.notices, &streams.counts.delivered),
            (&self.missed, &streams.counts.missed),
        ] {
            let count = count.load(Ordering::Relaxed);
            counter.inner().store(count, Ordering::Relaxed);
        }
    }

    fn look_at_locks(&self, core: &Core, now: Timestamp) {
        let sessions = &core.sessions;
        let held = |store| sessions.locked(store).map(|lock| lock.since);
        let private = sessions.private_locks();
        let partial = sessions.partial_locks();
        let kinds: [(&str, Vec<Timestamp>); 5] = [
            ("running", held(Datastore::Running).into_iter().collect()),
            (
                "candidate",
                held(Datastore::Candidate).into_iter().collect(),
            ),
            ("startup", held(Datastore::Startup).into_iter().collect()),
            (
                "private-candidate",
                private.iter().map(|it| it.since).collect(),
            ),
            ("partial", partial.iter().map(|it| it.since).collect()),
        ];
        for (kind, since) in kinds {
            let what = [label("lock", kind)];
            self.locks
                .get_or_create(&what)
                .set(number(since.len() as u64));
            let oldest = since.into_iter().min();
            self.lock_age
                .get_or_create(&what)
                .set(oldest.map_or(0.0, |since| age(since, now)));
        }
    }

    /// What the trees of datastores cost: of running, what changed since the last time is counted; of others, what they do
    /// not share with it. Blocking.
    pub fn sizes(&self, core: &Core) -> BTreeMap<String, Footprint> {
        let running = &core.running.load().tree;
        let mut sizes = BTreeMap::new();
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        let footprint = match measured.running.take() {
            Some((before, known)) => known.moved(
                footprint::beyond(running, &before),
                footprint::beyond(&before, running),
            ),
            None => footprint::of(running),
        };
        measured.running = Some((running.clone(), footprint));
        sizes.insert("running".to_owned(), footprint);
        let startup = core.startup.load_full();
        let known = measured.startup.take();
        measured.startup = startup.map(|tree| match known {
            Some((before, known)) if Arc::ptr_eq(&before, &tree) => (tree, known),
            _ => {
                let beyond = footprint::beyond(&tree, running);
                (tree, beyond)
            }
        });
        let startup = measured.startup.as_ref().map(|(_, footprint)| *footprint);
        sizes.insert("startup".to_owned(), startup.unwrap_or_default());
        let mut before = std::mem::take(&mut measured.named);
        for (name, tree) in core.named.in_memory() {
            let known = before
                .remove(&name)
                .filter(|(known, _)| known.ptr_eq(&tree));
            let known = known.unwrap_or_else(|| {
                let beyond = footprint::beyond(&tree, running);
                (tree, beyond)
            });
            sizes.insert(name.clone(), known.1);
            measured.named.insert(name, known);
        }
        // Those that are no more.
        for name in before.into_keys() {
            let store = [named("store", &name)];
            self.store_nodes.remove(&store);
            self.store_memory.remove(&store);
        }
        drop(measured);
        let pending = core.pending().clone();
        let rollback = pending.map(|pending| footprint::beyond(&pending.revert.tree, running));
        sizes.insert("rollback".to_owned(), rollback.unwrap_or_default());
        sizes.insert("candidate".to_owned(), candidates(core, running));
        sizes
    }
}

/// What all candidates, the shared one and private ones, have beyond running.
fn candidates(core: &Core, running: &Tree) -> Footprint {
    let mut sum = Footprint::default();
    let sessions = core.sessions.all();
    let private = sessions
        .iter()
        .filter_map(|session| session.candidate.as_ref());
    for candidate in private.chain([&core.candidate]) {
        if let Some(work) = candidate.modified() {
            let beyond = footprint::beyond(&work.tree, running);
            sum.nodes += beyond.nodes;
            sum.bytes += beyond.bytes;
        }
    }
    sum
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn age(since: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(since).as_secs_f64().max(0.0)
}
