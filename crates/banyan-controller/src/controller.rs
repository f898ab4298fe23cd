//! The controller: its devices, and what it shares with the engine.
//!
//! Made before the engine, because the engine needs its participant, operations and mounts; started
//! after it. Speaks no protocol and decides nothing about a push: see `participant` and `run`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use banyan_data::Tree;
use banyan_data::document::Mounts;
use banyan_data::path::InstancePath;
use banyan_engine::Tid;
use banyan_engine::backend::{Call, CommitParameters, Source};
use banyan_engine::clock::{Clock, SystemClock};
use banyan_engine::engine::{Engine, EngineBuilder, WeakEngine};
use banyan_engine::error::{BackendError, ErrorTag};
use banyan_engine::participant::Options;
use banyan_yang::schema::Schema;

use crate::device::{Claim, Device, Known, Work};
use crate::dial::{Dial, SshDial};
use crate::glob;
use crate::job::{print_config, read_config};
use crate::ledger::Ledger;
use crate::library::{Library, LibraryError};
use crate::machine::Order;
use crate::model::{Model, ModelError, Settings};
use crate::operations::operations;
use crate::participant::DevicePush;
use crate::session::{Session, Surroundings};
use crate::state::ControllerState;
use crate::store::{Store, StoreError};
use crate::transaction::DeviceName;

/// Why there is no controller.
#[derive(Debug, thiserror::Error)]
pub enum ControllerError {
    /// Its module is missing.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Its directory does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A device with its session.
struct Managed {
    device: Arc<Device>,
    _session: Session,
}

/// Why an agreement is not on disk.
#[derive(Debug, thiserror::Error)]
enum StoreFailure {
    #[error("{0}")]
    Print(String),
    #[error(transparent)]
    Store(StoreError),
}

/// Marks a change that comes from the devices: it is not pushed.
#[derive(Clone, Copy, Debug)]
pub struct Pulled;

/// What all parts of the controller share.
pub struct Controller {
    pub(crate) model: Model,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) surroundings: Arc<Surroundings>,
    devices: Mutex<BTreeMap<DeviceName, Managed>>,
    /// Devices whose configuration the start has changed, and that do not have it yet.
    owed: Mutex<BTreeSet<DeviceName>>,
    engine: OnceLock<WeakEngine>,
}

impl Controller {
    /// A controller for an engine with this schema; it keeps its files in `directory` and reaches devices
    /// over SSH.
    ///
    /// # Errors
    /// The schema lacks the module `banyan-controller`, or the directory cannot be made.
    pub fn new(
        schema: Arc<Schema>,
        directory: impl AsRef<Path>,
    ) -> Result<Arc<Controller>, ControllerError> {
        Controller::in_store(schema, Store::open(directory.as_ref())?)
    }

    /// A controller for commands that only look: it reads what is in the directory, which need not be there, and makes
    /// and changes nothing. It is not to be started.
    ///
    /// # Errors
    /// The schema lacks the controller's modules.
    pub fn looking(
        schema: Arc<Schema>,
        directory: impl AsRef<Path>,
    ) -> Result<Arc<Controller>, ControllerError> {
        Controller::in_store(schema, Store::looking(directory.as_ref()))
    }

    fn in_store(schema: Arc<Schema>, store: Store) -> Result<Arc<Controller>, ControllerError> {
        let dial = Arc::new(SshDial::new(store.clone()));
        Controller::with(schema, store, Arc::new(SystemClock), dial)
    }

    /// The same with another clock and other transports to the devices.
    ///
    /// # Errors
    /// As [`Controller::new`].
    pub fn with(
        schema: Arc<Schema>,
        store: Store,
        clock: Arc<dyn Clock>,
        dial: Arc<dyn Dial>,
    ) -> Result<Arc<Controller>, ControllerError> {
        let library = Arc::new(Library::new(store.clone()));
        Ok(Arc::new(Controller {
            model: Model::of(&schema)?,
            ledger: Arc::new(Ledger::new(clock.clone())),
            surroundings: Arc::new(Surroundings::new(dial, library, store, clock)),
            devices: Mutex::default(),
            owed: Mutex::default(),
            engine: OnceLock::new(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeviceName, Managed>> {
        // Every change is one insertion or removal.
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.surroundings.clock
    }

    /// The engine, once it runs.
    pub(crate) fn engine(&self) -> Result<Engine, BackendError> {
        self.engine
            .get()
            .and_then(WeakEngine::upgrade)
            .ok_or_else(|| {
                BackendError::new(
                    ErrorTag::OperationFailed,
                    "the controller does not run (yet); try again in a moment",
                )
            })
    }

    /// Takes up work for a running engine: devices that were open before are connected again, and pushes
    /// that a crash interrupted are brought to their end. Must be called in a tokio runtime, once.
    pub async fn start(self: &Arc<Self>, engine: &Engine) {
        if self.engine.set(engine.downgrade()).is_err() {
            return;
        }
        let weak = engine.downgrade();
        let controller = Arc::downgrade(self);
        self.surroundings.set_intended(Box::new(move |name| {
            let (engine, controller) = (weak.upgrade()?, controller.upgrade()?);
            controller.model.mount(&engine.running().tree, name)
        }));
        let controller = Arc::downgrade(self);
        self.surroundings.set_behind(Box::new(move |name| {
            if let Some(controller) = controller.upgrade() {
                controller.pay(name);
            }
        }));
        let names = self.reconcile(&engine.running().tree).await;
        let owed = crate::resync::owed(self, engine).await;
        self.owed().extend(owed);
        let (controller, engine) = (self.clone(), engine.clone());
        // Devices that do not answer must not hold the start back; until they are open, they refuse.
        tokio::spawn(async move {
            let unsettled = crate::recover::settle(&controller, &engine).await;
            drop(engine);
            for name in names.into_iter().chain(unsettled) {
                controller.open_again(&name);
            }
        });
    }

    fn owed(&self) -> MutexGuard<'_, BTreeSet<DeviceName>> {
        // Every change is one insertion or removal.
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device that is OPEN has less than the controller holds: if the start owes it that, it gets it now.
    pub(crate) fn pay(self: &Arc<Self>, name: &str) {
        if self.owed().contains(name)
            && let Some(device) = self.device(name)
        {
            crate::resync::push(self, device);
        }
    }

    /// The device has what the start owed it.
    pub(crate) fn is_paid(&self, name: &str) {
        self.owed().remove(name);
    }

    /// Connects a device that was open in an earlier life of the program.
    fn open_again(&self, name: &str) {
        if let Some(device) = self.device(name)
            && device.settings.enabled
            && device.known().schema.is_some()
            && !device.is_open()
        {
            device.order(Work {
                order: Order::Open,
                job: None,
                reports: None,
            });
        }
    }

    /// Gives an engine that is being built what it needs to have devices: call before it opens.
    pub fn join(self: &Arc<Self>, builder: EngineBuilder) -> EngineBuilder {
        let builder = builder
            .mounts(self.clone())
            .participant(Arc::new(DevicePush::new(self.clone())))
            .provider(Arc::new(ControllerState::new(self.clone())))
            .meter(self.clone());
        operations(self)
            .into_iter()
            .fold(builder, |builder, (path, operation)| {
                builder.operation(path, operation)
            })
    }

    /// Disconnects all devices. What is under way is cut off: devices take unconfirmed commits back by
    /// themselves, and the next start looks after the rest.
    pub async fn stop(&self) {
        let managed = std::mem::take(&mut *self.lock());
        for managed in managed.into_values() {
            let _written = managed.device.writing().await;
        }
    }

    /// A device.
    pub(crate) fn device(&self, name: &str) -> Option<Arc<Device>> {
        self.lock().get(name).map(|managed| managed.device.clone())
    }

    /// All devices, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Device>> {
        let devices = self.lock();
        devices
            .values()
            .map(|managed| managed.device.clone())
            .collect()
    }

    /// The devices whose names match a pattern.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn matching(&self, pattern: &str) -> Result<Vec<Arc<Device>>, BackendError> {
        let mut found = self.all();
        found.retain(|device| glob::matches(pattern, &device.name));
        if found.is_empty() {
            let known: Vec<String> = self.all().iter().map(|d| d.name.to_string()).collect();
            let known = if known.is_empty() {
                "there are no devices".to_owned()
            } else {
                format!("there are: {}", known.join(", "))
            };
            return Err(BackendError::new(
                ErrorTag::InvalidValue,
                format!("no device matches {pattern:?}; {known}"),
            ));
        }
        Ok(found)
    }

    /// Brings devices and sessions in line with the configuration; returns the devices that are new here.
    pub(crate) async fn reconcile(self: &Arc<Self>, tree: &Tree) -> Vec<DeviceName> {
        self.surroundings
            .set_timeout(self.model.device_timeout(tree));
        let wanted = self.model.settings(tree);
        let mut gone = Vec::new();
        let mut changed = Vec::new();
        for device in self.all() {
            match wanted.get(&device.name) {
                None => gone.push(device),
                Some(settings) if *settings != device.settings => changed.push(device),
                Some(_) => {}
            }
        }
        for device in gone {
            self.remove(&device);
            let store = self.surroundings.store.clone();
            let name = device.name.clone();
            on_pool(move || store.forget_device(&name)).await;
        }
        for device in changed {
            self.remove(&device);
        }
        let mut added = Vec::new();
        for (name, settings) in wanted {
            if self.device(&name).is_none() {
                let known = self.load(&name, self.model.mount(tree, &name)).await;
                self.add(name.clone(), settings, known);
                added.push(name);
            }
        }
        added
    }

    fn add(&self, name: DeviceName, settings: Settings, known: Known) {
        let (device, orders) = Device::new(name.clone(), settings, known);
        let session = Session::start(device.clone(), orders, self.surroundings.clone());
        self.lock().insert(
            name,
            Managed {
                device,
                _session: session,
            },
        );
    }

    /// Drops a device; its session ends, and with it the connection.
    fn remove(&self, device: &Arc<Device>) {
        let removed = self.lock().remove(&device.name);
        drop(removed);
    }

    /// What is known of a device from earlier: its schema, and what it last had.
    async fn load(&self, name: &DeviceName, mounted: Option<Arc<Tree>>) -> Known {
        let (library, store) = (
            self.surroundings.library.clone(),
            self.surroundings.store.clone(),
        );
        let name = name.clone();
        let loaded = on_pool(move || -> Result<Option<Known>, LibraryError> {
            let Some(set) = library.pinned(&name)? else {
                return Ok(None);
            };
            let schema = library.schema(&set)?.schema;
            let synced = match store.read(&store.device_synced(&name))? {
                None => None,
                Some(document) => match read_config(&schema, &document) {
                    Ok(tree) => Some(Arc::new(crate::job::shared_with(mounted.as_deref(), tree))),
                    Err(error) => {
                        tracing::warn!(device = &*name, "what it last had is forgotten: {error}");
                        None
                    }
                },
            };
            Ok(Some(Known {
                schema: Some(schema),
                synced,
                seen: None,
            }))
        });
        loaded.await.flatten().unwrap_or_default()
    }

    /// Notes that a device and the controller agree on `tree`: in memory at once, on disk soon after. A crash
    /// in between is found out when the device is connected again: then both have the same.
    pub(crate) fn agree(&self, device: &Arc<Device>, tree: Arc<Tree>) {
        let now = self.clock().now();
        device.update_known(|known| {
            known.synced = Some(tree);
            known.seen = None;
        });
        device.update_status(|status| {
            status.synced_at = Some(now);
            status.message = None;
        });
        let (store, device) = (self.surroundings.store.clone(), device.clone());
        tokio::spawn(async move {
            let _turn = device.writing().await;
            // Whoever waited may find that a later agreement is written already.
            let Some(tree) = device.unwritten() else {
                return;
            };
            let name = device.name.clone();
            on_pool(move || {
                let document = print_config(&tree).map_err(StoreFailure::Print)?;
                let path = store.device_synced(&name);
                store.write(&path, &document).map_err(StoreFailure::Store)
            })
            .await;
        });
    }

    /// Takes the next transaction number: a change of nothing takes one.
    pub(crate) async fn next_tid(&self, call: &Call) -> Result<Tid, BackendError> {
        let engine = self.engine()?;
        let committed = engine
            .change(
                call,
                source(),
                CommitParameters::default(),
                Options::none(),
                |tree| Ok(tree.clone()),
            )
            .await?;
        Ok(committed.tid)
    }

    /// Keeps devices for a transaction, one after the other in the order of their names, so that two
    /// transactions never wait for each other.
    pub(crate) async fn claim_all(
        &self,
        devices: &[Arc<Device>],
        who: &str,
        patience: Duration,
    ) -> Result<Vec<Claim>, (DeviceName, String)> {
        let mut claims = Vec::with_capacity(devices.len());
        for device in devices {
            let claim = device.claim(who, patience, &**self.clock()).await;
            claims.push(claim.map_err(|why| (device.name.clone(), why))?);
        }
        Ok(claims)
    }
}

/// How changes that the controller makes on its own account show in the history.
pub(crate) fn source() -> Source {
    Source {
        front_end: "controller".into(),
        transport: "internal".into(),
        peer: None,
    }
}

/// Runs what blocks on a pool. A failure is logged: whoever calls can go on without the result.
pub(crate) async fn on_pool<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Option<T>
where
    T: Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(value)) => Some(value),
        Ok(Err(error)) => {
            tracing::error!("{error}");
            None
        }
        Err(error) => {
            tracing::error!("internal error: {error}");
            None
        }
    }
}

impl Mounts for Controller {
    fn schema_at(&self, path: &InstancePath) -> Option<Arc<Schema>> {
        let name = self.model.device_at(path)?;
        if let Some(schema) = self.device(&name).and_then(|device| device.known().schema) {
            return Some(schema);
        }
        // Before the start: running is being read from disk.
        let library = &self.surroundings.library;
        let set = library.pinned(&name).ok()??;
        library.schema(&set).ok().map(|compiled| compiled.schema)
    }
}
