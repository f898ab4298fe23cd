//! A small model, engines for it, and what tests do with them.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use banyan_engine::backend::{
    Backend, Call, CommitParameters, Committed, Datastore, DefaultOperation, Document, EditRequest,
    Encoding, Get, Principal, Source, TestOption, WithDefaults,
};
use banyan_engine::clock::{Clock, ManualClock};
use banyan_engine::engine::{EngineBuilder, Seams, StartError};
use banyan_engine::files::MemoryFiles;
use banyan_engine::log::MemoryLog;
use banyan_engine::{BackendError, Engine, SessionId};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;

const MODEL: &str = r#"
module t {
  yang-version 1.1;
  namespace "urn:t";
  prefix t;
  container sys {
    leaf name { type string; }
    leaf mtu { type uint16; default 1500; must ". >= 68"; }
  }
  list item {
    key id;
    leaf id { type uint32; }
    leaf value { type string; }
    action poke {
      input { leaf hard { type boolean; default false; } }
      output { leaf said { type string; } }
    }
  }
  list ref {
    key id;
    leaf id { type string; }
    leaf to { type leafref { path "/t:item/t:id"; } }
  }
  container seen {
    config false;
    leaf count { type uint32; }
  }
  rpc echo {
    input { leaf text { type string; mandatory true; } leaf tid { type uint32; } }
    output { leaf text { type string; } leaf number { type uint8; } }
  }
}
"#;

/// The test model alone.
pub fn schema() -> Arc<Schema> {
    static SCHEMA: OnceLock<Arc<Schema>> = OnceLock::new();
    SCHEMA.get_or_init(|| compiled(MODEL)).clone()
}

/// The test model alone, after an update that put `new` in the place of `old`.
pub fn updated_schema(old: &str, new: &str) -> Arc<Schema> {
    assert!(MODEL.contains(old));
    compiled(&MODEL.replace(old, new))
}

fn compiled(text: &str) -> Arc<Schema> {
    let mut source = MemorySource::new();
    source.add(text);
    let compiler = Compiler::new(&source).implement("t", None);
    compiler.compile().unwrap().schema
}

/// The test model with our own module and what it imports.
pub fn schema_with_system() -> Arc<Schema> {
    static SCHEMA: OnceLock<Arc<Schema>> = OnceLock::new();
    SCHEMA
        .get_or_init(|| {
            let mut source = MemorySource::new();
            source.add(MODEL);
            for module in banyan_yang::embedded::MODULES {
                source.add(module.text);
            }
            Compiler::new(&source)
                .implement("t", None)
                .implement("ietf-netconf", None)
                .implement("ietf-netconf-monitoring", None)
                .implement("banyan", None)
                .implement("ietf-netconf-acm", None)
                .implement("ietf-datastores", None)
                .implement("ietf-nmda-compare", None)
                .compile()
                .unwrap()
                .schema
        })
        .clone()
}

/// A disk and a clock that survive the engine.
#[derive(Clone)]
pub struct Machine {
    pub files: MemoryFiles,
    pub log: MemoryLog,
    pub clock: ManualClock,
}

impl Machine {
    pub fn new() -> Self {
        Machine {
            files: MemoryFiles::default(),
            log: MemoryLog::default(),
            clock: ManualClock::at(jiff::Timestamp::from_second(1_800_000_000).unwrap()),
        }
    }

    pub fn builder(&self, schema: Arc<Schema>) -> EngineBuilder {
        EngineBuilder::new(schema).directory("/store").seams(Seams {
            files: Arc::new(self.files.clone()),
            clock: Arc::new(self.clock.clone()) as Arc<dyn Clock>,
            log: Arc::new(self.log.clone()),
        })
    }

    pub async fn start(&self) -> Result<Engine, StartError> {
        self.builder(schema()).open().await
    }

    pub fn running_file(&self) -> String {
        use banyan_engine::files::Files;
        let bytes = self.files.read(Path::new("/store/running_db")).unwrap();
        String::from_utf8(bytes.unwrap_or_default()).unwrap()
    }
}

pub async fn in_memory() -> Engine {
    EngineBuilder::new(schema()).open().await.unwrap()
}

/// A client with a session of its own.
#[derive(Clone)]
pub struct Client {
    pub engine: Engine,
    pub call: Call,
}

impl Client {
    pub async fn open(engine: &Engine, user: &str) -> Client {
        let source = Source {
            front_end: "netconf".into(),
            transport: "ssh".into(),
            peer: Some("192.0.2.1".into()),
        };
        let principal = Principal::user(user);
        let session = engine
            .open_session(principal.clone(), source)
            .await
            .unwrap();
        Client {
            engine: engine.clone(),
            call: Call::new(session, principal),
        }
    }

    pub fn session(&self) -> SessionId {
        self.call.session
    }

    pub async fn edit(&self, xml: &str) -> Result<(), BackendError> {
        let request = EditRequest {
            target: Datastore::Candidate,
            edit: Document::xml(xml.as_bytes().to_vec()),
            default_operation: DefaultOperation::Merge,
            test_option: TestOption::TestThenSet,
        };
        self.engine.edit(&self.call, request).await
    }

    pub async fn commit(&self) -> Result<Committed, BackendError> {
        self.commit_with(CommitParameters::default()).await
    }

    pub async fn commit_with(
        &self,
        parameters: CommitParameters,
    ) -> Result<Committed, BackendError> {
        self.engine.commit(&self.call, parameters).await
    }

    /// Edits and commits.
    pub async fn set(&self, xml: &str) -> Result<Committed, BackendError> {
        self.edit(xml).await?;
        self.commit().await
    }

    pub async fn show(&self, store: Datastore) -> String {
        self.read(store, WithDefaults::Explicit).await.unwrap()
    }

    pub async fn read(
        &self,
        store: Datastore,
        with_defaults: WithDefaults,
    ) -> Result<String, BackendError> {
        let get = Get {
            store,
            state: false,
            filter: None,
            with_defaults,
            encoding: Encoding::Xml,
        };
        self.get(get).await
    }

    pub async fn get(&self, get: Get) -> Result<String, BackendError> {
        let body = self.engine.get(&self.call, get).await?;
        let bytes = body.collect().await?;
        Ok(String::from_utf8(bytes.to_vec()).unwrap())
    }
}

pub const NS: &str = "xmlns=\"urn:t\"";

/// An item in XML.
pub fn item(id: u32, value: &str) -> String {
    format!("<item {NS}><id>{id}</id><value>{value}</value></item>")
}

/// The system's name in XML.
pub fn name(name: &str) -> String {
    format!("<sys {NS}><name>{name}</name></sys>")
}

/// An export without the hashes of its lines, as older programs made them: lines that can be changed.
pub fn unsealed(export: &str) -> String {
    let line = |line: &str| match line.split_once(",\"sha256\":\"") {
        Some((open, _)) => format!("{open}}}\n"),
        None => format!("{line}\n"),
    };
    export.lines().map(line).collect()
}
