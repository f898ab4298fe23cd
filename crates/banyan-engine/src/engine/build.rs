//! Builds an engine: what it is made of is said once, before it starts.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use banyan_yang::schema::Schema;
use tokio::sync::Notify;

use super::initial::Initial;
use super::place::{Place, UnusedLog};
use super::recover::{self, Migrated, Recovered, Start};
use super::start::{Extra, StartError, StartMode, StartOptions};
use super::state::StartState;
use super::{Core, Engine, Seams, candidate_file, files};
use crate::access::AccessOptions;
use crate::backend::{Cancel, Candidates};
use crate::backup::MoreFiles;
use crate::bind::{FileForm, NoMounts, SharedMounts};
use crate::candidate::Editing;
use crate::clock::{Clock, SystemClock};
use crate::files::{Policy, StoreOptions};
use crate::history::Retention;
use crate::keeper::{self, Keeper};
use crate::number::Seq;
use crate::observe::{Meter, ObserveOptions, Observed};
use crate::operation::Operation;
use crate::participant::Participant;
use crate::pipeline::{Order, Queue};
use crate::provider::{Provider, Source};
use crate::reaper::Reaper;
use crate::reserve::Reservations;
use crate::session::Sessions;
use crate::snapshot::Snapshot;
use crate::stream::{StreamOptions, Streams};
use crate::subscription::Subscriptions;
use crate::tids::Tids;
use crate::upgrade::Upgrade;
use crate::upgrade::epochs::Epochs;
use crate::upgrade::pins::Pins;
use crate::upgrade::unfit;

/// Collects what an engine is made of.
///
/// ```no_run
/// # use std::sync::Arc;
/// # async fn example(
/// #     schema: Arc<banyan_yang::schema::Schema>,
/// #     kicker: Arc<dyn banyan_engine::participant::Participant>,
/// #     reboot: Arc<dyn banyan_engine::operation::Operation>,
/// # ) -> Result<(), banyan_engine::engine::StartError> {
/// let engine = banyan_engine::engine::EngineBuilder::new(schema)
///     .directory("/var/lib/banyan")
///     .participant(kicker)
///     .operation("/acme:system/reboot", reboot)
///     .open()
///     .await?;
/// println!("running is at commit {}", engine.running().seq);
/// # Ok(())
/// # }
/// ```
pub struct EngineBuilder {
    pub(super) schema: Arc<Schema>,
    pub(super) place: Place,
    pub(super) seams: Option<Seams>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) mounts: SharedMounts,
    pub(super) participants: Vec<Arc<dyn Participant>>,
    pub(super) operations: Vec<(String, Arc<dyn Operation>)>,
    pub(super) providers: Vec<Arc<dyn Provider>>,
    validate_state: bool,
    start: StartOptions,
    upgrade: Upgrade,
    pub(super) stores: StoreOptions,
    editing: Editing,
    pub(super) access: AccessOptions,
    observe: ObserveOptions,
    meters: Vec<Arc<dyn Meter>>,
    retention: Retention,
    more_files: Arc<MoreFiles>,
    pub(super) streams: StreamOptions,
    subscriptions: Option<usize>,
    stop_timeout: Duration,
    at_last: Option<AtLast>,
}

/// What somebody else does before the first write.
type AtLast =
    Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Result<(), OtherError>> + Send>> + Send>;

type OtherError = Box<dyn std::error::Error + Send + std::marker::Sync>;

impl EngineBuilder {
    /// An engine for these modules, in memory, alone.
    pub fn new(schema: Arc<Schema>) -> Self {
        EngineBuilder {
            schema,
            place: Place::Memory,
            seams: None,
            clock: Arc::new(SystemClock),
            mounts: Arc::new(NoMounts),
            participants: Vec::new(),
            operations: Vec::new(),
            providers: Vec::new(),
            validate_state: false,
            start: StartOptions::default(),
            upgrade: Upgrade::default(),
            stores: StoreOptions::default(),
            editing: Editing::default(),
            access: AccessOptions::default(),
            observe: ObserveOptions::default(),
            meters: Vec::new(),
            retention: Retention::default(),
            more_files: Arc::new(|| Ok(Vec::new())),
            streams: StreamOptions::default(),
            subscriptions: None,
            stop_timeout: Duration::from_secs(30),
            at_last: None,
        }
    }

    /// Which candidate a session works on that does not ask for one (`CLICON_XMLDB_PRIVATE_CANDIDATE`).
    pub fn candidates(mut self, candidates: Candidates) -> Self {
        self.editing.candidates = candidates;
        self
    }

    /// Whether the first edit of the shared candidate takes its lock (`CLICON_AUTOLOCK`): it is given back by commit
    /// and discard, and a session that ends takes its changes with it. Private candidates need no lock.
    pub fn autolock(mut self, autolock: bool) -> Self {
        self.editing.autolock = autolock;
        self
    }

    /// Whether each edit of a candidate is committed at once (`CLICON_AUTOCOMMIT`); an edit whose commit is refused is
    /// refused, and the candidate is as it was before.
    pub fn autocommit(mut self, autocommit: bool) -> Self {
        self.editing.autocommit = autocommit;
        self
    }

    /// Keeps the datastores in this directory.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.place = Place::Directory(directory.into());
        self
    }

    /// Keeps nothing after its end; for simulated devices and tests.
    pub fn in_memory(mut self) -> Self {
        self.place = Place::Memory;
        self
    }

    /// Uses these files, this clock and this log instead of the machine's.
    pub fn seams(mut self, seams: Seams) -> Self {
        self.clock = seams.clock.clone();
        self.seams = Some(seams);
        self
    }

    /// Uses this clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The schemas of mounted data. Without it, mounted data are kept verbatim.
    pub fn mounts(mut self, mounts: SharedMounts) -> Self {
        self.mounts = mounts;
        self
    }

    /// Adds a participant; the order of the calls is the order of the phases.
    pub fn participant(mut self, participant: Arc<dyn Participant>) -> Self {
        self.participants.push(participant);
        self
    }

    /// Binds an RPC or action, by its path as [`Operations`] has it.
    pub fn operation(mut self, path: impl Into<String>, operation: Arc<dyn Operation>) -> Self {
        self.operations.push((path.into(), operation));
        self
    }

    /// Adds a provider of state.
    pub fn provider(mut self, provider: Arc<dyn Provider>) -> Self {
        self.providers.push(provider);
        self
    }

    /// Whether answers of providers must keep the constraints of the schema, too: `must`, `when`, references, counts
    /// (`CLICON_VALIDATE_STATE_XML`). What breaks them is missing from the reply, with path and provider named. Each
    /// read then costs a validation of all data, and asks for all that a provider covers: for the time of development.
    pub fn validate_state(mut self, validate: bool) -> Self {
        self.validate_state = validate;
        self
    }

    /// What running is at the start.
    pub fn start(mut self, mode: StartMode) -> Self {
        self.start.mode = mode;
        self
    }

    /// Merges a document into running after a good start.
    pub fn extra(mut self, extra: Extra) -> Self {
        self.start.extra.push(extra);
        self
    }

    /// How data that were written under other modules are brought to these.
    pub fn upgrade(mut self, upgrade: Upgrade) -> Self {
        self.upgrade = upgrade;
        self
    }

    /// How datastores are kept in files.
    pub fn stores(mut self, options: StoreOptions) -> Self {
        self.stores = options;
        self
    }

    /// Access control; without it everybody may do everything.
    pub fn access(mut self, options: AccessOptions) -> Self {
        self.access = options;
        self
    }

    /// What is remembered and told of commits.
    pub fn observe(mut self, options: ObserveOptions) -> Self {
        self.observe = options;
        self
    }

    /// Adds metrics of somebody else to those of the engine.
    pub fn meter(mut self, meter: Arc<dyn Meter>) -> Self {
        self.meters.push(meter);
        self
    }

    /// How much of the history is kept; all without it.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// How many subscriptions (RFC 8639) a session may have at once; 100 without it.
    pub fn subscriptions(mut self, most: usize) -> Self {
        self.subscriptions = Some(most);
        self
    }

    /// Adds files to backups: what the program keeps in the directory beside the datastores.
    pub fn back_up(mut self, more: Arc<MoreFiles>) -> Self {
        self.more_files = more;
        self
    }

    /// Which notification streams there are beside [`NETCONF`](crate::stream::NETCONF), and how much all of them keep.
    pub fn streams(mut self, options: StreamOptions) -> Self {
        self.streams = options;
        self
    }

    /// How long commits in progress may still take when the engine stops; then those that are not past their point of no
    /// return are taken back. 30 seconds without it.
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.stop_timeout = timeout;
        self
    }

    /// Does something that can fail, as opening sockets does, when all has been read and judged, and before participants hear
    /// of the start and anything is written: an error ends the start, and nothing is changed. A rehearsal does not do it.
    pub fn before_it_writes<F, E>(mut self, open: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<OtherError>,
    {
        self.at_last = Some(Box::new(move || {
            let opening = open();
            Box::pin(async move { opening.await.map_err(Into::into) })
        }));
        self
    }

    /// Starts the engine: locks the directory, recovers running from files and log, checks it.
    ///
    /// # Errors
    /// See [`StartError`]; nothing on disk was changed then: what is new is the lock file alone.
    pub async fn open(self) -> Result<Engine, StartError> {
        let stopped = || StartError::Registration("the runtime stops".to_owned());
        let core = tokio::task::spawn_blocking(move || self.build())
            .await
            .map_err(|error| match error.try_into_panic() {
                Ok(payload) => std::panic::resume_unwind(payload),
                Err(_) => stopped(),
            })??;
        let engine = Engine(Arc::new(core));
        files::keep(&engine);
        candidate_file::keep(&engine);
        engine.keep_history_short();
        engine
            .admit_first_admin()
            .await
            .map_err(StartError::FirstAdmin)?;
        engine.0.access.tell_strays(&engine.running().tree);
        Ok(engine)
    }

    fn build(mut self) -> Result<Core, StartError> {
        let at_last = self.at_last.take();
        self.stores.check()?;
        for store in ["running", "candidate", "startup"] {
            if self.stores.policy(store) == Policy::File {
                tracing::warn!(
                    "{store} is kept in memory although its policy is `file`: transactions work on it"
                );
            }
        }
        let (operations, mut providers) = (self.bound()?, self.sources()?);
        let reaper = Reaper::start();
        let streams = Streams::new(&self.streams, &self.schema, &self.clock, &reaper)
            .map_err(StartError::Registration)?;
        let log_file = self.log_to_be_made();
        let (seams, directory, lock) = self.boundaries()?;
        let unused = log_file.map(|file| UnusedLog {
            seams: seams.clone(),
            file: Some(file),
        });
        let access = self.rules(&*seams.files)?;
        let form = Arc::new(FileForm::new(self.stores.clone(), &self.schema));
        let epochs = self.epochs(&seams, directory.as_deref());
        let start = self.starting(&seams, directory.as_deref(), &epochs, &form);
        let initial = Initial {
            start: &start,
            participants: &self.participants,
        };
        let begun = async {
            let recovered = recover::recover(&start)?;
            if let Some(at_last) = at_last {
                at_last().await.map_err(StartError::Other)?;
            }
            initial.carry_out(recovered).await
        };
        // This runs on the pool, where waiting is allowed.
        let Recovered {
            running,
            startup,
            kept,
            stated,
            reports,
            mut plan,
        } = tokio::runtime::Handle::current().block_on(begun)?;
        // What both have is in memory once, as after a copy.
        let shared = startup.map(|startup| crate::bind::shared_with(&running.tree, startup));
        let upgrades = plan.upgrades();
        let named = std::mem::take(&mut plan.named);
        unused.into_iter().for_each(UnusedLog::keep);
        let observed = Observed::new(seams.clock.clone(), self.observe, self.meters);
        let queue = Queue::new(running.clone());
        let (behind, rebuilt) = (kept.seq < running.seq, kept.seq == Seq(0));
        let in_parts = kept.parts.is_some();
        let place = directory.map(|directory| keeper::Place {
            files: seams.files.clone(),
            log: seams.log.clone(),
            clock: seams.clock.clone(),
            directory,
            form: form.clone(),
            schema: crate::bind::hex(self.schema.digest()),
            pressure: queue.pressure(),
        });
        let keeper = place.map(|place| Keeper::new(place, kept)).transpose()?;
        if let Some(keeper) = &keeper {
            // A start in another form, or one that replayed commits; one that had nothing but the log is to have a file.
            match behind && rebuilt {
                true => keeper.write_soon(),
                false => keeper.behind.notify_one(),
            }
            let swept = keeper
                .sweep_left_over()
                .and_then(|()| keeper.sweep_bases())
                .and_then(|()| match in_parts {
                    true => keeper.sweep("running"),
                    false => Ok(()),
                });
            if let Err(error) = swept {
                tracing::warn!("files that nobody needs any more stay: {error}");
            }
            settle(keeper, &seams, &epochs, &running, upgrades, &named);
        }
        let now = seams.clock.now();
        let state = StartState::of(&self.schema, self.start.mode, now, &reports);
        if let Some(state) = state {
            let state = Source::new(Arc::new(state), &self.schema);
            providers.push(state.map_err(StartError::Registration)?);
        }
        Ok(Core {
            tids: Tids::recover(&*seams.log)?,
            access,
            schema: self.schema,
            mounts: self.mounts,
            editing: self.editing,
            participants: self.participants,
            operations,
            providers,
            validate_state: self.validate_state,
            announced: Default::default(),
            subscriptions: Arc::new(Subscriptions::new(self.subscriptions)),
            pushed: Default::default(),
            seams,
            queue,
            order: Order::default(),
            running: ArcSwap::from_pointee(running),
            candidate: Arc::default(),
            startup: ArcSwapOption::new(shared.map(Arc::new)),
            sessions: Sessions::default(),
            streams,
            reservations: Reservations::default(),
            confirming: tokio::sync::Mutex::default(),
            locking: tokio::sync::Mutex::default(),
            publishing: tokio::sync::Mutex::default(),
            committed: Notify::new(),
            pending: Mutex::default(),
            reaper,
            observed,
            retention: self.retention,
            history_sizes: Default::default(),
            replacing: Default::default(),
            backups: Default::default(),
            more_files: self.more_files,
            keeper,
            form,
            named: Default::default(),
            keeping_rollback: Mutex::default(),
            stated_modules: stated,
            epochs,
            upgrade: self.upgrade,
            reports,
            stopping: Cancel::default(),
            grace: self.stop_timeout,
            in_progress: Default::default(),
            closed: AtomicBool::new(false),
            lock: Mutex::new(lock),
        })
    }

    pub(super) fn epochs(&self, seams: &Seams, directory: Option<&Path>) -> Epochs {
        let (files, log) = (seams.files.clone(), seams.log.clone());
        Epochs {
            loaded: self.schema.clone(),
            mounts: self.mounts.clone(),
            pins: Pins::new(files, log, directory, &self.schema),
        }
    }

    pub(super) fn starting<'a>(
        &'a self,
        seams: &'a Seams,
        directory: Option<&'a Path>,
        epochs: &'a Epochs,
        form: &'a FileForm,
    ) -> Start<'a> {
        Start {
            seams,
            directory,
            epochs,
            form,
            options: &self.start,
            upgrade: &self.upgrade,
        }
    }
}

/// Writes what a start has made: the checkpoint of an upgrade, and other stores under the loaded modules. What fails is
/// tried again at the next start.
fn settle(
    keeper: &Keeper,
    seams: &Seams,
    epochs: &Epochs,
    running: &Snapshot,
    upgrades: bool,
    named: &[Migrated],
) {
    let mut written = Ok(());
    if upgrades {
        written = keeper.checkpoint(running);
    }
    for Migrated { store, tree } in named {
        if written.is_ok() {
            written = keeper
                .save(store, tree, || ())
                .and_then(|()| Ok(seams.log.set(&[(&unfit::fact(store), None)])?));
        }
    }
    match written {
        Ok(()) => recover::prune(&*seams.log, epochs),
        Err(error) => tracing::warn!("{error}; nothing is lost, the next start tries again"),
    }
}
