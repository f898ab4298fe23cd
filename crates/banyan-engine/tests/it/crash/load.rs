//! The script: commits, confirmed commits, copies, clean stops; and what a client knows after each.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use banyan_engine::Engine;
use banyan_engine::backend::{Backend, CommitParameters, Confirmed, Datastore, Origin};
use banyan_engine::clock::ManualClock;
use banyan_engine::engine::{EngineBuilder, Seams, StartError};
use banyan_engine::files::StoreOptions;
use banyan_engine::log::RedbLog;
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;

use super::disk::{Disk, Image, LogFile};
use crate::fixture::Client;

const MODEL: &str = r#"module c {
  namespace "urn:c";
  prefix c;
  import clixon-lib { prefix cl; }
  container c {
    leaf note { type string; }
    list e {
      key n;
      leaf n { type string; }
      container root { cl:xmldb-split; leaf v { type string; } }
    }
  }
}"#;

fn schema() -> Arc<Schema> {
    static SCHEMA: OnceLock<Arc<Schema>> = OnceLock::new();
    let compiled = || {
        let mut source = MemorySource::new();
        source.add(MODEL);
        let lib = banyan_yang::embedded::find("clixon-lib", None).unwrap();
        source.add(lib.text);
        let compiler = Compiler::new(&source).implement("c", None);
        compiler.compile().unwrap().schema
    };
    SCHEMA.get_or_init(compiled).clone()
}

const STORE: &str = "/store";
const LOG: &str = "/store/commits.redb";

/// Where and how the datastores are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Single,
    Split,
}

/// What a client knows: running and startup are one of these after a restart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    pub running: Vec<String>,
    pub startup: Vec<String>,
}

pub type CrashDisk = Disk<Known>;

/// Starts an engine on a disk.
pub async fn start(disk: &CrashDisk, form: Form) -> Result<Engine, StartError> {
    let log = RedbLog::open_on(Arc::new(LogFile(disk.clone(), LOG.into())))?;
    let options = StoreOptions {
        split: form == Form::Split,
        ..StoreOptions::default()
    };
    let now = jiff::Timestamp::from_second(1_800_000_000).unwrap();
    let seams = Seams {
        files: Arc::new(disk.clone()),
        clock: Arc::new(ManualClock::at(now)),
        log: Arc::new(log),
    };
    let builder = EngineBuilder::new(schema()).directory(STORE);
    builder.stores(options).seams(seams).open().await
}

/// The data.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Data {
    note: String,
    entries: BTreeMap<&'static str, &'static str>,
}

impl Data {
    /// In XML, as a read gives it.
    pub fn text(&self) -> String {
        let note = match self.note.as_str() {
            "" => String::new(),
            note => format!("<note>{note}</note>"),
        };
        let entries: String = self
            .entries
            .iter()
            .map(|(name, value)| format!("<e><n>{name}</n><root><v>{value}</v></root></e>"))
            .collect();
        match note + &entries {
            empty if empty.is_empty() => empty,
            content => format!("<c xmlns=\"urn:c\">{content}</c>"),
        }
    }
}

/// One thing that a client does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    Note(&'static str),
    Put(&'static str, &'static str),
    Drop(&'static str),
    /// A confirmed commit of another note.
    Confirmed(&'static str),
    Confirm,
    /// Copies running to startup.
    Startup,
}

use Act::{Confirm, Confirmed as ConfirmedNote, Drop, Note, Put, Startup};

/// What is done between a start and a clean stop.
pub const CHAPTERS: [&[Act]; 4] = [
    &[Note("a"), Put("k1", "1"), Put("k2", "1"), Startup],
    &[Put("k1", "2"), Drop("k2"), Note("b")],
    &[ConfirmedNote("c"), Confirm, Put("k3", "1"), Startup],
    // The stop takes this one back.
    &[Put("k1", "3"), ConfirmedNote("d")],
];

impl Act {
    fn edit(self) -> String {
        let inner = match self {
            Note(note) | ConfirmedNote(note) => format!("<note>{note}</note>"),
            Put(name, value) => format!("<e><n>{name}</n><root><v>{value}</v></root></e>"),
            Drop(name) => format!(
                "<e xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\" nc:operation=\"remove\"><n>{name}</n></e>"
            ),
            Confirm | Startup => return String::new(),
        };
        format!("<c xmlns=\"urn:c\">{inner}</c>")
    }

    fn on(self, data: &Data) -> Data {
        let mut data = data.clone();
        match self {
            Note(note) | ConfirmedNote(note) => data.note = note.to_owned(),
            Put(name, value) => drop(data.entries.insert(name, value)),
            Drop(name) => drop(data.entries.remove(name)),
            Confirm | Startup => {}
        }
        data
    }
}

fn texts(data: &[Data]) -> Vec<String> {
    data.iter().map(Data::text).collect()
}

/// Plays a script on a disk, and knows what must be there.
pub struct Player {
    disk: CrashDisk,
    engine: Engine,
    client: Client,
    state: Expected,
}

/// What must be there.
#[derive(Clone, Debug)]
pub struct Expected {
    /// What running is: several, when an answer left it open.
    running: Vec<Data>,
    /// What a restart takes running back to, and whether that is sure.
    reverts: Option<(Data, bool)>,
    startup: Vec<String>,
}

impl Default for Expected {
    fn default() -> Self {
        Expected {
            running: vec![Data::default()],
            reverts: None,
            startup: vec![String::new()],
        }
    }
}

impl Expected {
    /// What running can be after a restart.
    fn restarted(&self) -> Vec<Data> {
        match &self.reverts {
            None => self.running.clone(),
            Some((data, true)) => vec![data.clone()],
            Some((data, false)) => {
                let mut all = self.running.clone();
                all.push(data.clone());
                all
            }
        }
    }

    pub fn known(&self) -> Known {
        Known {
            running: texts(&self.restarted()),
            startup: self.startup.clone(),
        }
    }

    /// What it is if `act` succeeds.
    fn after(&self, act: Act) -> Expected {
        let mut after = self.clone();
        after.running = self.running.iter().map(|data| act.on(data)).collect();
        match act {
            // The first of several that wait for confirmation counts.
            ConfirmedNote(_) => {
                let before = self.running[0].clone();
                after.reverts.get_or_insert((before, true));
            }
            Startup => after.startup = texts(&self.running),
            Note(_) | Put(..) | Drop(_) | Confirm => after.reverts = None,
        }
        after
    }

    /// What it may be while, or after, `act` neither succeeds nor fails.
    fn either(&self, after: &Expected) -> Expected {
        let mut either = self.clone();
        either.running.extend(after.running.iter().cloned());
        either.startup.extend(after.startup.iter().cloned());
        either.reverts = match (&self.reverts, &after.reverts) {
            (Some((data, _)), None) => Some((data.clone(), false)),
            // Running before is among the others already.
            (None, Some(_)) | (None, None) => None,
            (Some(before), Some(_)) => Some(before.clone()),
        };
        either
    }
}

impl Player {
    /// Starts on a disk that holds what is expected.
    pub async fn start(disk: CrashDisk, form: Form, state: Expected) -> Player {
        disk.note(state.known());
        let engine = match start(&disk, form).await {
            Ok(engine) => engine,
            Err(error) => {
                // Only what a person could make of it is not tested here.
                assert!(!error.to_string().is_empty());
                disk.free();
                start(&disk, form).await.unwrap()
            }
        };
        let client = Client::open(&engine, "alice").await;
        let mut player = Player {
            disk,
            engine,
            client,
            state,
        };
        let restarted = player.state.restarted();
        player.state.running = restarted;
        player.state.reverts = None;
        player.look(true).await;
        let startup = player.client.show(Datastore::Startup).await;
        assert!(player.state.startup.contains(&startup), "{startup}");
        player.state.startup = vec![startup];
        player.disk.note(player.state.known());
        player
    }

    /// Running must be one of those that are expected; which one, is known from now on if an answer has `settled` it.
    async fn look(&mut self, settled: bool) {
        let running = self.client.show(Datastore::Running).await;
        let found = self.state.running.iter();
        let found = found.clone().find(|data| data.text() == running).cloned();
        let found = found.unwrap_or_else(|| {
            panic!(
                "running is {running}, and not one of {:?}",
                texts(&self.state.running)
            )
        });
        if settled {
            self.state.running = vec![found];
        }
    }

    /// Does one thing; the error is what the client is told.
    pub async fn act(&mut self, act: Act) -> Result<(), String> {
        let after = self.state.after(act);
        let either = self.state.either(&after);
        self.disk.note({
            // After a restart it is as before, or as after: also when both are sure.
            let mut known = self.state.known();
            known.running.extend(after.known().running);
            known.startup.extend(after.known().startup);
            known
        });
        let done = self.asked(act).await;
        self.state = match &done {
            Ok(()) => after,
            Err(_) => either,
        };
        self.look(done.is_ok()).await;
        self.disk.note(self.state.known());
        done
    }

    async fn asked(&self, act: Act) -> Result<(), String> {
        let (engine, call) = (&self.engine, &self.client.call);
        if act == Startup {
            let running = Origin::Store(Datastore::Running);
            let copied = engine.copy(call, running, Datastore::Startup).await;
            return copied.map_err(|error| error.to_string());
        }
        let edit = act.edit();
        if !edit.is_empty() {
            self.client.edit(&edit).await.unwrap();
        }
        let parameters = match act {
            ConfirmedNote(_) => CommitParameters {
                confirmed: Some(Confirmed {
                    timeout: 600,
                    persist: None,
                }),
                ..CommitParameters::default()
            },
            _ => CommitParameters::default(),
        };
        let committed = self.client.commit_with(parameters).await;
        if committed.is_err() {
            engine.discard(call).await.unwrap();
        }
        committed.map(drop).map_err(|error| error.to_string())
    }

    /// Stops cleanly; the disk and what must be there.
    pub async fn stop(self) -> (CrashDisk, Expected) {
        let _ = self.engine.stop().await;
        (self.disk, self.state)
    }

    /// As it is: the machine stops.
    pub fn abandon(self) -> (CrashDisk, Expected) {
        (self.disk, self.state)
    }
}

/// A start from what a crash has left: what the client knew is there, the next commit works, and after a clean stop the
/// files say the same without the log.
pub async fn check(image: Image, known: &Known, form: Form, when: &str) {
    let disk = Disk::of(image);
    let engine = match start(&disk, form).await {
        Ok(engine) => engine,
        Err(error) => panic!("{when}: {error}\n{}", listed(&disk.image())),
    };
    let client = Client::open(&engine, "bob").await;
    let running = client.show(Datastore::Running).await;
    assert!(
        known.running.contains(&running),
        "{when}: running is {running}, and not one of {:?}\n{}",
        known.running,
        listed(&disk.image())
    );
    let startup = client.show(Datastore::Startup).await;
    assert!(
        known.startup.contains(&startup),
        "{when}: startup is {startup}, and not one of {:?}",
        known.startup
    );
    let next = client.set(&Note("after").edit()).await;
    next.unwrap_or_else(|error| panic!("{when}: the next commit fails: {error}"));
    let running = client.show(Datastore::Running).await;
    let stopped = engine.stop().await;
    stopped.unwrap_or_else(|error| panic!("{when}: the stop fails: {error}"));
    drop((client, engine));
    let mut image = disk.image();
    assert!(
        !image.files().keys().any(|name| unfinished(name)),
        "{when}: files are left over\n{}",
        listed(&image)
    );
    image.forget(Path::new(LOG));
    let engine = start(&Disk::of(image), form).await.unwrap();
    let client = Client::open(&engine, "bob").await;
    assert_eq!(
        client.show(Datastore::Running).await,
        running,
        "{when}: the files"
    );
    assert_eq!(
        client.show(Datastore::Startup).await,
        startup,
        "{when}: the files"
    );
}

fn unfinished(name: &Path) -> bool {
    name.extension().is_some_and(|end| end == "new")
}

fn listed(image: &Image) -> String {
    let files = image.files();
    let lines = files.iter().map(|(name, content)| {
        let start = &content[..content.len().min(300)];
        let shown = match name.extension().is_some_and(|end| end == "redb") {
            true => String::new(),
            false => String::from_utf8_lossy(start).into_owned(),
        };
        format!("{} ({} bytes) {shown}\n", name.display(), content.len())
    });
    lines.collect()
}
