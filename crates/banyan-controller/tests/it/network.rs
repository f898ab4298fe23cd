//! A small network in one process: a controller, and devices that are engines behind NETCONF servers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use banyan_controller::Controller;
use banyan_controller::dial::Dial;
use banyan_controller::model::Settings;
use banyan_controller::store::Store;
use banyan_engine::access::{AccessOptions, Mode};
use banyan_engine::backend::{
    Backend, Body, BoxFuture, Call, Cancel, CommitParameters, Committed, Datastore,
    DefaultOperation, Document, EditRequest, Encoding, Filter, Get, ModuleInfo, Origin, Principal,
    Result, Source, TestOption, WithDefaults,
};
use banyan_engine::clock::{Clock, SystemClock};
use banyan_engine::engine::{Engine, EngineBuilder};
use banyan_engine::error::{BackendError, ErrorTag};
use banyan_engine::monitoring::SchemaState;
use banyan_engine::nmda::{Data, GetData};
use banyan_engine::number::SessionId;
use banyan_netconf::server::{Server, ServerOptions};
use banyan_netconf::transport::{Transport, pipe};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::embedded;
use banyan_yang::schema::Schema;

/// The devices' model.
const DEVICE: &str =
    "module dev { yang-version 1.1; namespace urn:dev; prefix d; revision 2020-01-01;
  container box {
    leaf name { type string; }
    leaf mtu { type uint16 { range 68..9000; } }
    list port { key id; leaf id { type uint8; } leaf speed { type uint32; default 10; } }
  } }";

/// What a device does wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It refuses to validate.
    Validate,
    /// It refuses to commit.
    Commit,
    /// It drops the connection instead of committing.
    DropAtCommit,
    /// It commits, and drops the connection before it answers.
    DropAfterCommit,
    /// It commits, drops the connection, and cannot be reached any more.
    DropForGood,
    /// It does not take connections.
    Unreachable,
}

/// A device.
pub struct SimulatedBox {
    pub engine: Engine,
    fault: Arc<Mutex<Option<Fault>>>,
    hangup: Arc<Mutex<Cancel>>,
    dialled: AtomicUsize,
}

impl SimulatedBox {
    async fn new(schema: Arc<Schema>) -> SimulatedBox {
        SimulatedBox {
            engine: EngineBuilder::new(schema.clone())
                .provider(Arc::new(SchemaState::new(&schema).unwrap()))
                .open()
                .await
                .unwrap(),
            fault: Arc::default(),
            hangup: Arc::default(),
            dialled: AtomicUsize::new(0),
        }
    }

    /// How often a connection to it was tried.
    pub fn dialled(&self) -> usize {
        self.dialled.load(Ordering::SeqCst)
    }

    pub fn fails(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap() = fault;
    }

    /// Ends its sessions.
    pub fn hang_up(&self) {
        std::mem::take(&mut *self.hangup.lock().unwrap()).cancel();
    }

    /// Changes running behind the controller's back.
    pub async fn set(&self, content: &str) {
        edit(&self.engine, content).await.unwrap();
        commit(&self.engine).await.unwrap();
    }

    pub async fn running(&self) -> String {
        get(
            &self.engine,
            Datastore::Running,
            "<box xmlns='urn:dev'/>",
            false,
        )
        .await
    }
}

struct Faulty {
    inner: Engine,
    fault: Arc<Mutex<Option<Fault>>>,
    hangup: Arc<Mutex<Cancel>>,
}

impl Faulty {
    fn fault(&self) -> Option<Fault> {
        *self.fault.lock().unwrap()
    }
}

fn refused(what: &str) -> BackendError {
    BackendError::new(
        ErrorTag::OperationFailed,
        format!("simulated {what} failure"),
    )
}

impl Backend for Faulty {
    fn modules(&self) -> Vec<ModuleInfo> {
        self.inner.modules()
    }
    fn content_id(&self) -> String {
        self.inner.content_id()
    }
    fn open_session(
        &self,
        principal: Principal,
        source: Source,
    ) -> BoxFuture<'_, Result<SessionId>> {
        self.inner.open_session(principal, source)
    }
    fn close_session(&self, session: SessionId) -> BoxFuture<'_, ()> {
        self.inner.close_session(session)
    }
    fn session_ended(&self, session: SessionId) -> BoxFuture<'_, ()> {
        self.inner.session_ended(session)
    }
    fn kill_session<'a>(&'a self, call: &'a Call, victim: SessionId) -> BoxFuture<'a, Result<()>> {
        self.inner.kill_session(call, victim)
    }
    fn get<'a>(&'a self, call: &'a Call, get: Get) -> BoxFuture<'a, Result<Body>> {
        self.inner.get(call, get)
    }
    fn get_data<'a>(&'a self, call: &'a Call, get: GetData) -> BoxFuture<'a, Result<Data>> {
        self.inner.get_data(call, get)
    }
    fn edit<'a>(&'a self, call: &'a Call, edit: EditRequest) -> BoxFuture<'a, Result<()>> {
        self.inner.edit(call, edit)
    }
    fn copy<'a>(
        &'a self,
        call: &'a Call,
        from: Origin,
        to: Datastore,
    ) -> BoxFuture<'a, Result<()>> {
        self.inner.copy(call, from, to)
    }
    fn delete<'a>(&'a self, call: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>> {
        self.inner.delete(call, store)
    }
    fn lock<'a>(&'a self, call: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>> {
        self.inner.lock(call, store)
    }
    fn unlock<'a>(&'a self, call: &'a Call, store: Datastore) -> BoxFuture<'a, Result<()>> {
        self.inner.unlock(call, store)
    }
    fn validate<'a>(&'a self, call: &'a Call, what: Origin) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match self.fault() {
                Some(Fault::Validate) => Err(refused("validate")),
                _ => self.inner.validate(call, what).await,
            }
        })
    }
    fn commit<'a>(
        &'a self,
        call: &'a Call,
        parameters: CommitParameters,
    ) -> BoxFuture<'a, Result<Committed>> {
        Box::pin(async move {
            match self.fault() {
                Some(Fault::Commit) => Err(refused("commit")),
                Some(
                    fault @ (Fault::DropAtCommit | Fault::DropAfterCommit | Fault::DropForGood),
                ) => {
                    if fault != Fault::DropAtCommit {
                        self.inner.commit(call, parameters).await?;
                    }
                    *self.fault.lock().unwrap() =
                        (fault == Fault::DropForGood).then_some(Fault::Unreachable);
                    self.hangup.lock().unwrap().cancel();
                    std::future::pending().await
                }
                _ => self.inner.commit(call, parameters).await,
            }
        })
    }
    fn cancel_commit<'a>(
        &'a self,
        call: &'a Call,
        id: Option<Arc<str>>,
    ) -> BoxFuture<'a, Result<()>> {
        self.inner.cancel_commit(call, id)
    }
    fn discard<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<()>> {
        self.inner.discard(call)
    }
    fn invoke<'a>(
        &'a self,
        call: &'a Call,
        operation: Document,
        encoding: Encoding,
    ) -> BoxFuture<'a, Result<Body>> {
        self.inner.invoke(call, operation, encoding)
    }
    fn schema_text<'a>(
        &'a self,
        call: &'a Call,
        name: &'a str,
        revision: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Arc<str>>> {
        self.inner.schema_text(call, name, revision)
    }
}

/// Connects to devices in this process.
struct InProcess(Arc<BTreeMap<String, SimulatedBox>>);

impl Dial for InProcess {
    fn dial(
        &self,
        device: &str,
        settings: &Settings,
        _timeout: Duration,
    ) -> BoxFuture<'static, std::result::Result<std::boxed::Box<dyn Transport>, String>> {
        let boxes = self.0.clone();
        let (device, user) = (device.to_owned(), settings.user.clone());
        Box::pin(async move {
            let target = boxes.get(&device).ok_or("no such host")?;
            target.dialled.fetch_add(1, Ordering::SeqCst);
            if *target.fault.lock().unwrap() == Some(Fault::Unreachable) {
                return Err("connection refused".to_owned());
            }
            let (ours, theirs) = pipe(&user);
            let stop = Cancel::default();
            *target.hangup.lock().unwrap() = stop.clone();
            let faulty = Faulty {
                inner: target.engine.clone(),
                fault: target.fault.clone(),
                hangup: target.hangup.clone(),
            };
            let server = Server::new(Arc::new(faulty), ServerOptions::default());
            tokio::spawn(async move {
                let session = server.serve_session(Box::new(theirs), Cancel::default());
                tokio::select! {
                    () = session => {}
                    () = stop.cancelled() => {}
                }
            });
            let ours: Box<dyn Transport> = Box::new(ours);
            Ok(ours)
        })
    }
}

/// The whole network.
pub struct Network {
    pub engine: Engine,
    pub controller: Arc<Controller>,
    pub boxes: Arc<BTreeMap<String, SimulatedBox>>,
    pub directory: tempfile::TempDir,
}

fn compile(names: &[&str], more: &[&str]) -> Arc<Schema> {
    let mut source = MemorySource::new();
    for module in embedded::MODULES {
        source.add(module.text);
    }
    for text in more {
        source.add(*text);
    }
    let mut compiler = Compiler::new(&source);
    for name in names {
        compiler = compiler.implement(name, None);
    }
    match compiler.compile() {
        Ok(compiled) => compiled.schema,
        Err(error) => panic!("{error}"),
    }
}

pub const NAMES: [&str; 3] = ["a", "b", "c"];

impl Network {
    /// Three devices in a controller, not yet connected.
    pub async fn new() -> Network {
        let device = compile(
            &[
                "dev",
                "ietf-netconf-monitoring",
                "ietf-yang-library",
                "ietf-datastores",
            ],
            &[DEVICE],
        );
        let mut boxes = BTreeMap::new();
        for name in NAMES {
            let made = SimulatedBox::new(device.clone()).await;
            made.set(&format!("<box xmlns='urn:dev'><name>{name}</name></box>"))
                .await;
            boxes.insert(name.to_owned(), made);
        }
        let directory = tempfile::tempdir().unwrap();
        let network = Network::start(Arc::new(boxes), directory).await;
        let rows: String = NAMES
            .iter()
            .map(|name| {
                format!("<device><name>{name}</name><addr>127.0.0.1</addr><password>x</password></device>")
            })
            .collect();
        edit(
            &network.engine,
            &format!("<devices xmlns='urn:banyan:controller'>{rows}</devices>"),
        )
        .await
        .unwrap();
        commit(&network.engine).await.unwrap();
        network
    }

    /// Starts the controller over what the directory holds.
    pub async fn start(
        boxes: Arc<BTreeMap<String, SimulatedBox>>,
        directory: tempfile::TempDir,
    ) -> Network {
        let access = AccessOptions::default();
        Network::start_by(Arc::new(SystemClock), access, boxes, directory).await
    }

    /// The same, with a clock for the controller, and access control.
    async fn start_by(
        clock: Arc<dyn Clock>,
        access: AccessOptions,
        boxes: Arc<BTreeMap<String, SimulatedBox>>,
        directory: tempfile::TempDir,
    ) -> Network {
        let modules = match access.mode {
            Mode::Disabled => &["banyan-controller"][..],
            _ => &["banyan-controller", "ietf-netconf-acm"],
        };
        let schema = compile(modules, &[]);
        let path: &Path = directory.path();
        let controller = Controller::with(
            schema.clone(),
            Store::open(&path.join("devices")).unwrap(),
            clock,
            Arc::new(InProcess(boxes.clone())),
        )
        .unwrap();
        let builder = EngineBuilder::new(schema)
            .directory(path.join("store"))
            .access(access);
        let engine = controller.join(builder).open().await.unwrap();
        controller.start(&engine).await;
        Network {
            engine,
            controller,
            boxes,
            directory,
        }
    }

    /// Stops controller and engine, and starts them again.
    pub async fn restart(self) -> Network {
        let access = AccessOptions::default();
        self.restart_by(Arc::new(SystemClock), access).await
    }

    /// The same, with a clock for the controller, and access control.
    pub async fn restart_by(self, clock: Arc<dyn Clock>, access: AccessOptions) -> Network {
        let Network {
            engine,
            controller,
            boxes,
            directory,
        } = self;
        controller.stop().await;
        engine.stop().await.unwrap();
        drop((engine, controller));
        Network::start_by(clock, access, boxes, directory).await
    }

    /// Three devices, connected.
    pub async fn open() -> Network {
        let network = Network::new().await;
        network.rpc("connection-change", "").await.unwrap();
        network
    }

    pub async fn rpc(&self, name: &str, input: &str) -> Result<String> {
        let operation = format!("<{name} xmlns='urn:banyan:controller'>{input}</{name}>");
        let body = self
            .engine
            .invoke(&call(), Document::xml(operation), Encoding::Xml)
            .await?;
        let bytes = body.collect().await?;
        Ok(String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// Puts content into the `box` of devices, in the candidate.
    pub async fn edit_boxes(&self, names: &[&str], content: &str) {
        let rows: String = names
            .iter()
            .map(|name| {
                format!("<device><name>{name}</name><config><box xmlns='urn:dev'>{content}</box></config></device>")
            })
            .collect();
        edit(
            &self.engine,
            &format!("<devices xmlns='urn:banyan:controller'>{rows}</devices>"),
        )
        .await
        .unwrap();
    }

    pub async fn running(&self) -> String {
        let filter = "<devices xmlns='urn:banyan:controller'><device><config/></device></devices>";
        get(&self.engine, Datastore::Running, filter, false).await
    }

    pub async fn state(&self, filter: &str) -> String {
        get(&self.engine, Datastore::Running, filter, true).await
    }

    pub async fn transactions(&self) -> String {
        self.state("<transactions xmlns='urn:banyan:controller'/>")
            .await
    }

    pub async fn connections(&self) -> String {
        self.state("<devices xmlns='urn:banyan:controller'><device><name/><conn-state/><logmsg/></device></devices>")
            .await
    }
}

pub fn call() -> Call {
    Call::new(SessionId(0), Principal::user("tester"))
}

pub async fn edit(engine: &Engine, content: &str) -> Result<()> {
    edit_by(&call(), engine, content).await
}

/// The same, by somebody else.
pub async fn edit_by(call: &Call, engine: &Engine, content: &str) -> Result<()> {
    let request = EditRequest {
        target: Datastore::Candidate,
        edit: Document::xml(content.to_owned()),
        default_operation: DefaultOperation::Merge,
        test_option: TestOption::Set,
    };
    engine.edit(call, request).await
}

pub async fn commit(engine: &Engine) -> Result<Committed> {
    engine.commit(&call(), CommitParameters::default()).await
}

async fn get(engine: &Engine, store: Datastore, filter: &str, state: bool) -> String {
    let get = Get {
        store,
        state,
        filter: Some(Filter::Subtree(Document::xml(filter.to_owned()))),
        with_defaults: WithDefaults::Explicit,
        encoding: Encoding::Xml,
    };
    let body = engine.get(&call(), get).await.unwrap();
    let bytes = body.collect().await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}
