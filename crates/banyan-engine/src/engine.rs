//! The engine's handle, for in-process users: the kicker, the controller, the program.
//!
//! Cheap to clone; clones share the engine. Front ends do not come through here but through
//! [`crate::backend::Backend`], which the handle implements too.

mod build;
mod candidate_file;
mod files;
mod initial;
mod place;
mod recover;
mod registered;
mod rehearse;
mod start;
mod state;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use banyan_data::Tree;
use banyan_data::path::InstancePath;
use banyan_data::store::ModuleState;
use banyan_yang::schema::{Schema, SchemaId};
use tokio::sync::Notify;

pub use build::EngineBuilder;
pub use rehearse::Rehearsal;
pub use start::{Extra, StartError, StartMode, StartOptions};

use crate::access::Access;
use crate::backend::{Call, Cancel, CommitParameters, Committed, Document, Result, Source};
use crate::backup::{Backups, MoreFiles};
use crate::bind::{self, FileForm, SharedMounts};
use crate::blocking::{on_pool, to_its_end, to_its_end_from_pool, where_it_may_block};
use crate::candidate::{Candidate, Editing};
use crate::clock::Clock;
use crate::confirm::{Pending, Step};
use crate::error::{BackendError, ErrorTag};
use crate::files::{Files, LockGuard};
use crate::history::{Replacing, Retention, Sizes};
use crate::in_progress::InProgress;
use crate::keeper::Keeper;
use crate::log::{CommitLog, LogError};
use crate::number::Tid;
use crate::observe::Observed;
use crate::operation::{OperationCall, Operations};
use crate::participant::{Options, Participant};
use crate::pipeline::{self, Attempt, Order, Placed, Queue, Until};
use crate::reaper::Reaper;
use crate::reserve::Reservations;
use crate::session::Sessions;
use crate::snapshot::Snapshot;
use crate::stores::Named;
use crate::stream::Streams;
use crate::subscription::{Announced, Subscriptions};
use crate::tids::Tids;
use crate::upgrade::Upgrade;
use crate::upgrade::epochs::Epochs;
use crate::upgrade::report::Report;

/// A running engine.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Core>);

/// A handle that does not keep the engine alive: what participants and timers hold.
#[derive(Clone)]
pub struct WeakEngine(std::sync::Weak<Core>);

/// The boundaries to disk and time.
#[derive(Clone)]
pub struct Seams {
    /// Files.
    pub files: Arc<dyn Files>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The commit log.
    pub log: Arc<dyn CommitLog>,
}

/// What the engine is made of.
pub(crate) struct Core {
    pub schema: Arc<Schema>,
    pub access: Access,
    pub mounts: SharedMounts,
    pub editing: Editing,
    pub participants: Vec<Arc<dyn Participant>>,
    pub operations: Operations,
    pub providers: Vec<crate::provider::Source>,
    /// Whether answers of providers are checked against the constraints of the schema.
    pub validate_state: bool,
    /// Told at each change that subscriptions may be about; when the engine goes, they hear of that.
    pub announced: Announced,
    pub subscriptions: Arc<Subscriptions>,
    /// State that its sources push.
    pub pushed: crate::state::Pushed,
    pub seams: Seams,
    pub running: ArcSwap<Snapshot>,
    /// The candidate that sessions share.
    pub candidate: Arc<Candidate>,
    /// `None`: empty, and without a file.
    pub startup: ArcSwapOption<Tree>,
    pub sessions: Sessions,
    pub streams: Streams,
    pub tids: Tids,
    pub reservations: Reservations,
    /// Held by a commit that begins, confirms or takes back a confirmed one, and by an import of a history.
    pub confirming: tokio::sync::Mutex<()>,
    /// Held by a lock of running that waits for commits in progress.
    pub locking: tokio::sync::Mutex<()>,
    /// Held while a commit gets its place on the head.
    pub publishing: tokio::sync::Mutex<()>,
    /// The head, and what waits for the disk.
    pub queue: Queue<Placed>,
    /// Who is told in which order.
    pub order: Order,
    /// Told at each publication.
    pub committed: Notify,
    pub pending: Mutex<Option<Pending>>,
    pub reaper: Reaper,
    /// Where time went, and how much of everything there was.
    pub observed: Observed,
    pub retention: Retention,
    pub history_sizes: Sizes,
    pub replacing: Replacing,
    pub backups: Backups,
    /// What the program adds to backups.
    pub more_files: Arc<MoreFiles>,
    /// `None` without a directory.
    pub keeper: Option<Keeper>,
    /// How files look.
    pub form: Arc<FileForm>,
    /// Datastores with other names than those above.
    pub named: Named,
    /// Held while the file of rollback is brought up to date.
    pub keeping_rollback: Mutex<()>,
    /// The modules that the file of running named at the start.
    pub stated_modules: Option<ModuleState>,
    /// The schemas that the store has been under.
    pub epochs: Epochs,
    /// How states of other schemas are brought to the loaded one.
    pub upgrade: Upgrade,
    /// How the stores stood at the start.
    pub reports: Vec<Report>,
    pub stopping: Cancel,
    /// How long commits in progress may take when the engine stops.
    pub grace: Duration,
    pub in_progress: InProgress,
    /// Log and files are closed.
    pub closed: AtomicBool,
    /// Keeps other processes out of the directory.
    pub lock: Mutex<Option<Box<dyn LockGuard>>>,
}

impl Engine {
    /// The schema of the datastores.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.0.schema
    }

    /// Running, now. O(1), never blocks.
    pub fn running(&self) -> Snapshot {
        Snapshot::clone(&self.0.running.load())
    }

    /// The modules with which the file of running was written, as it said at the start: `None` when it did not, or
    /// when module state is off ([`crate::files::StoreOptions::module_state`]).
    pub fn stated_modules(&self) -> Option<&ModuleState> {
        self.0.stated_modules.as_ref()
    }

    /// How the stores stood at the start: what was upgraded, left out, or wrong.
    pub fn reports(&self) -> &[Report] {
        &self.0.reports
    }

    /// The engine's clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.seams.clock
    }

    /// The schemas of mounted data.
    pub fn mounts(&self) -> &SharedMounts {
        &self.0.mounts
    }

    /// The commit log, to read.
    pub fn log(&self) -> &Arc<dyn CommitLog> {
        &self.0.seams.log
    }

    /// The open sessions and their locks.
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// A handle that does not keep the engine alive.
    pub fn downgrade(&self) -> WeakEngine {
        WeakEngine(Arc::downgrade(&self.0))
    }

    /// Changes running in one transaction of its own, without a look at any candidate: `edit` gets
    /// running and returns what it is to be. If running moves meanwhile, the result is rebased.
    ///
    /// # Errors
    /// The session is not open, `edit` fails, running is locked by another session, the result is not valid, a participant
    /// refuses, or the log cannot be written; running is then unchanged.
    pub async fn change(
        &self,
        call: &Call,
        source: Source,
        parameters: CommitParameters,
        options: Options,
        edit: impl FnOnce(&Tree) -> Result<Tree> + Send + 'static,
    ) -> Result<Committed> {
        let core = &self.0;
        let cut = core.cut_of(call)?;
        let now = core.seams.clock.now();
        core.sessions
            .require_free(call.session, crate::backend::Datastore::Running, now)?;
        let base = self.running();
        let tree = base.tree.clone();
        let (core, call) = (core.clone(), call.clone());
        let change = async move {
            let mine = where_it_may_block(move || edit(&tree)).await??;
            let attempt = Attempt {
                cut,
                call,
                source,
                parameters,
                options,
                base,
                mine,
                until: Until::Commit,
                step: Step::Plain,
                watch: core.observed.begin(),
            };
            let entered = core.in_progress.enter(false)?;
            pipeline::commit(&core, &entered, attempt).await
        };
        let outcome = to_its_end_from_pool(change).await??;
        Ok(outcome.committed)
    }

    /// Commits the session's candidate (RFC 6241 8.3.4), or rehearses it.
    ///
    /// # Errors
    /// As [`Engine::change`], and when the candidate is locked by another session; the candidate is kept.
    pub async fn commit_candidate(
        &self,
        call: &Call,
        parameters: CommitParameters,
        options: Options,
        until: Until,
    ) -> Result<Committed> {
        let cut = self.0.cut_of(call)?;
        let engine = self.clone();
        let call = call.clone();
        let until = match parameters.dry_run {
            Some(_) => Until::Complete,
            None => until,
        };
        // A commit that has begun comes to its end, also when the caller goes away.
        let commit = async move {
            engine
                .commit_work(&call, &cut, parameters, options, until)
                .await
        };
        to_its_end_from_pool(commit).await?
    }

    /// Calls an RPC or action from within the process. The input is checked before, the output after.
    ///
    /// # Errors
    /// Nothing is bound to the operation, input or output break the model, or the operation fails.
    pub async fn run(
        &self,
        call: &Call,
        node: SchemaId,
        target: Option<InstancePath>,
        input: Tree,
    ) -> Result<Tree> {
        self.run_request(call, node, target, input, None).await
    }

    /// As [`Engine::run`], for the request of a front end.
    pub(crate) async fn run_request(
        &self,
        call: &Call,
        node: SchemaId,
        target: Option<InstancePath>,
        input: Tree,
        document: Option<Document>,
    ) -> Result<Tree> {
        let schema = input.schema().clone();
        self.permit_operation(call, &schema, node, target.as_ref())?;
        let Some(operation) = self.0.operations.find(&schema, node) else {
            return Err(BackendError::new(
                ErrorTag::OperationNotSupported,
                format!(
                    "nothing is bound to {}; bind a program to it in banyan.toml",
                    schema.path(node)
                ),
            ));
        };
        let running = self.running().tree;
        let input = {
            let target = target.clone();
            on_pool(move || bind::check_input(&input, &running, target.as_ref()).map(|()| input))
                .await?
                .map_err(|error| self.hushed_parameters(call, error))?
        };
        let instance = target.clone();
        let request = OperationCall {
            call: call.clone(),
            schema,
            node,
            target,
            input,
            document,
            engine: self.clone(),
        };
        let output = to_its_end(async move { operation.call(request).await }).await??;
        let running = self.running().tree;
        on_pool(move || bind::check_output(&output, &running, instance.as_ref()).map(|()| output))
            .await?
            .map_err(|error| self.hushed_parameters(call, error))
    }

    /// The first step of a stop: no commit begins any more, and those in progress come to their end. Those that are not
    /// past their point of no return after `grace` are taken back: participants that were asked to commit hear `revert`,
    /// all hear `abort`. Reads go on, and what is pending may still be taken back.
    pub async fn wind_down(&self, grace: Duration) {
        let core = &self.0;
        let count = core.in_progress.close();
        if count > 0 {
            tracing::info!(
                "commits in progress: {count}; they have {} s, then they are taken back",
                grace.as_secs_f32()
            );
        }
        tokio::select! {
            biased;
            () = core.in_progress.none() => return,
            () = core.in_progress.cut.cancelled() => {}
            () = core.seams.clock.sleep(grace) => self.cut_commits(),
        }
        core.in_progress.none().await;
    }

    /// Takes back what is not past its point of no return, at once: [`Engine::wind_down`] waits no longer.
    pub fn cut_commits(&self) {
        self.0.in_progress.close();
        self.0.in_progress.cut.cancel();
    }

    /// Winds down (for as long as [`EngineBuilder::stop_timeout`] says), writes what is behind, ends all sessions and stops.
    /// The engine answers nothing sensible after it.
    ///
    /// When it returns, nobody writes any more: what was in progress has ended, and what comes later is refused, for good,
    /// whoever it is. The directory may be opened again, by this program or another. To stop twice does no harm.
    ///
    /// # Errors
    /// The last checkpoint could not be written; nothing is lost, the next start replays the log.
    pub async fn stop(&self) -> Result<()> {
        let core = self.0.clone();
        self.wind_down(core.grace).await;
        core.stopping.cancel();
        // What is being taken back now would get no place any more: the next start takes it back.
        core.in_progress.cut.cancel();
        core.sessions.end_all();
        core.backups.forget_all();
        core.in_progress.end().await;
        let _turn = core.publishing.lock().await;
        core.queue.idle().await;
        let stopped = core.clone();
        on_pool(move || {
            if stopped.closed.swap(true, Ordering::AcqRel) {
                return Ok(());
            }
            let (name, value) = stopped.tids.exact();
            if let Err(error) = stopped.seams.log.set(&[(name, Some(&value))]) {
                tracing::warn!("transaction numbers will skip: {error}");
            }
            let kept = match &stopped.keeper {
                Some(keeper) => keeper.write_all(&stopped.running.load()),
                None => Ok(()),
            };
            stopped.seams.files.close();
            stopped.seams.log.close();
            *stopped.lock.lock().unwrap_or_else(PoisonError::into_inner) = None;
            kept
        })
        .await?
        .map_err(|error| BackendError::new(ErrorTag::OperationFailed, error.to_string()))
    }

    /// Completes when [`Engine::stop`] was called.
    pub async fn stopping(&self) {
        self.0.stopping.cancelled().await;
    }

    /// Writes a note that must be found again if the program dies before the transaction's end: what a
    /// participant is about to do elsewhere. It stays until [`Engine::forget_intent`].
    ///
    /// # Errors
    /// The log cannot be written, or the engine has stopped.
    pub async fn intend(&self, tid: Tid, note: serde_json::Value) -> Result<()> {
        let fact = intent(tid);
        let note = note.to_string();
        self.0
            .writing(move |core| core.seams.log.set(&[(&fact, Some(&note))]))
            .await?
            .map_err(log_failed)
    }

    /// Forgets the note of a transaction.
    ///
    /// # Errors
    /// The log cannot be written, or the engine has stopped.
    pub async fn forget_intent(&self, tid: Tid) -> Result<()> {
        self.0
            .writing(move |core| core.seams.log.set(&[(&intent(tid), None)]))
            .await?
            .map_err(log_failed)
    }

    /// The notes that were left behind by transactions that did not come to their end.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn intents(&self) -> Result<Vec<(Tid, serde_json::Value)>> {
        let core = self.0.clone();
        let facts = on_pool(move || core.seams.log.facts(INTENTS))
            .await?
            .map_err(log_failed)?;
        Ok(facts
            .into_iter()
            .filter_map(|(name, note)| {
                let tid = name.strip_prefix(INTENTS)?.parse().ok()?;
                Some((Tid(tid), serde_json::from_str(&note).ok()?))
            })
            .collect())
    }
}

/// The prefix of the facts that hold intents; then the transaction's number.
const INTENTS: &str = "intent/";

fn intent(tid: Tid) -> String {
    format!("{INTENTS}{tid}")
}

/// A failure of the log, for whoever asked.
pub(crate) fn log_failed(error: LogError) -> BackendError {
    BackendError::new(ErrorTag::OperationFailed, error.to_string())
}

impl WeakEngine {
    /// The engine, unless it is gone.
    pub fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(Engine)
    }
}

impl Core {
    /// The pending confirmed commit.
    pub fn pending(&self) -> std::sync::MutexGuard<'_, Option<Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies what others have added to the log, publishes it, and returns it. Blocking; only the one who writes the
    /// log may do it.
    ///
    /// # Errors
    /// The log cannot be read, or a record does not fit running.
    pub fn follow(&self) -> Result<Snapshot> {
        self.replacing.known()?;
        let mut running = Snapshot::clone(&self.running.load());
        let before = running.tree.clone();
        loop {
            let next = crate::number::Seq(running.seq.0 + 1);
            let records = self.seams.log.read(next, 100).map_err(log_failed)?;
            if records.is_empty() {
                break;
            }
            for record in records {
                let tree = self.epochs.forward(&running.tree, &record)?;
                let indexes = running.indexes().after(&running.tree, &tree);
                let known = running.is_validated();
                running = Snapshot::indexed(tree, record.head.seq, indexes);
                if !known {
                    running = running.not_validated();
                }
            }
        }
        self.running.store(Arc::new(running.clone()));
        self.committed.notify_waiters();
        self.announced.tell();
        self.tell_replaced(&before, &running.tree);
        Ok(running)
    }
}
