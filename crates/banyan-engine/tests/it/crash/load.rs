//! The script: commits, confirmed commits, copies, clean stops; and what a client knows after each.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use banyan_engine::backend::{Backend, CommitParameters, Confirmed, Datastore, Document, Origin};
use banyan_engine::clock::ManualClock;
use banyan_engine::engine::{EngineBuilder, Extra, Seams, StartError};
use banyan_engine::files::{Policy, StoreOptions};
use banyan_engine::history::Retention;
use banyan_engine::log::RedbLog;
use banyan_engine::{Engine, Seq};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;

use super::disk::{Disk, Hold, Image, LogFile};
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
pub const LOG: &str = "/store/commits.redb";

/// How many commits are kept where the history is trimmed.
pub const KEPT: u64 = 2;

/// Where and how the datastores are kept, and what is done with them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Single,
    Split,
    /// The history is imported, and trimmed.
    Trimmed,
    /// As that, and running has no file: the log and the base of the history are all there is.
    InMemory,
    /// The history is imported in the place of what the first start has made itself.
    Replaced,
    /// Running is so large that its file is written when commits pause, beside the next ones; the history is trimmed.
    Large,
}

impl Form {
    pub fn trims(self) -> bool {
        matches!(self, Form::Trimmed | Form::InMemory | Form::Large)
    }

    /// What is done, start by start.
    pub fn chapters(self) -> &'static [&'static [Act]] {
        match self {
            Form::Single | Form::Split => &CHAPTERS,
            Form::Trimmed | Form::InMemory => &TRIMMED,
            Form::Replaced => &REPLACED,
            Form::Large => &LARGE,
        }
    }

    fn stores(self) -> StoreOptions {
        let mut options = StoreOptions::default();
        match self {
            Form::Single | Form::Trimmed | Form::Replaced => {}
            Form::Split => options.split = true,
            Form::InMemory => {
                let running = ("running".to_owned(), Policy::InMemory);
                options.policies.extend([running]);
            }
            Form::Large => options.small = 0,
        }
        options
    }

    /// What is on the disk before the first chapter, and what must be there then.
    pub async fn beginning(self) -> (Image, Expected) {
        if self != Form::Replaced {
            return (Image::default(), Expected::default());
        }
        let disk = Disk::of(Image::default());
        let (builder, _) = built(&disk, self).unwrap();
        let builder = builder.extra(Extra {
            name: "own.xml".to_owned(),
            content: Document::xml(OWN.edit().into_bytes()),
        });
        let engine = builder.open().await.unwrap();
        assert_eq!(engine.running().seq, Seq(1));
        engine.stop().await.unwrap();
        let own = OWN.on(&Data::default());
        let state = Expected {
            past: BTreeMap::from([(1, own.text())]),
            running: vec![own],
            ..Expected::default()
        };
        (disk.image(), state)
    }

    fn retention(self) -> Retention {
        Retention {
            commits: self.trims().then_some(KEPT),
            ..Retention::default()
        }
    }
}

/// What a client knows: running and startup are one of these after a restart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    pub running: Vec<String>,
    pub startup: Vec<String>,
    /// Running as answered commits left it.
    pub past: BTreeMap<u64, String>,
}

pub type CrashDisk = Disk<Known>;

/// Starts an engine on a disk.
pub async fn start(disk: &CrashDisk, form: Form) -> Result<(Engine, ManualClock), StartError> {
    let (builder, clock) = built(disk, form)?;
    Ok((builder.open().await?, clock))
}

fn built(disk: &CrashDisk, form: Form) -> Result<(EngineBuilder, ManualClock), StartError> {
    let log = RedbLog::open_on(Arc::new(LogFile(disk.clone(), LOG.into())))?;
    let clock = ManualClock::at(jiff::Timestamp::from_second(1_800_000_000).unwrap());
    let seams = Seams {
        files: Arc::new(disk.clone()),
        clock: Arc::new(clock.clone()),
        log: Arc::new(log),
    };
    let builder = EngineBuilder::new(schema()).directory(STORE);
    let builder = builder.stores(form.stores()).retention(form.retention());
    Ok((builder.seams(seams), clock))
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
    /// Forgets what need not be kept of the history.
    Trim,
    /// Takes in the history of another store.
    Import,
    /// Another note while the file of running is written, which waits at this step for it.
    Beside(Hold, &'static str),
}

use Act::{Beside, Confirm, Confirmed as ConfirmedNote, Drop, Import, Note, Put, Startup, Trim};

/// What is done between a start and a clean stop.
pub const CHAPTERS: [&[Act]; 4] = [
    &[Note("a"), Put("k1", "1"), Put("k2", "1"), Startup],
    &[Put("k1", "2"), Drop("k2"), Note("b")],
    &[ConfirmedNote("c"), Confirm, Put("k3", "1"), Startup],
    // The stop takes this one back.
    &[Put("k1", "3"), ConfirmedNote("d")],
];

const TRIMMED: [&[Act]; 3] = [
    &[Import, Note("a"), Trim, Put("k1", "1")],
    &[Put("k2", "1"), Trim, Drop("k1"), Note("b"), Trim, Startup],
    &[ConfirmedNote("c"), Trim, Confirm, Put("k3", "1"), Trim],
];

/// What the first start makes itself.
const OWN: Act = Put("own", "0");

const REPLACED: [&[Act]; 2] = [
    &[Import, Note("a"), Startup],
    &[Put("k1", "1"), Drop("k0"), Note("b")],
];

const LARGE: [&[Act]; 2] = [
    &[
        Note("a"),
        Beside(Hold::Sync("running_db.new"), "b"),
        Put("k1", "1"),
        Beside(Hold::Rename("running_db.new"), "c"),
    ],
    &[
        Put("k2", "1"),
        Trim,
        Beside(Hold::Rename("running_db.new"), "d"),
        Trim,
    ],
];

/// The history that is imported: an export of a store where these were done.
const ELSEWHERE: [Act; 3] = [Put("k0", "1"), Note("elsewhere"), Put("k1", "0")];

fn elsewhere() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    let exported = || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let engine = EngineBuilder::new(schema()).open().await.unwrap();
            let client = Client::open(&engine, "carol").await;
            for act in ELSEWHERE {
                client.set(&act.edit()).await.unwrap();
            }
            let exported = engine.export_history(&client.call, None, None, 100);
            exported.await.unwrap().text
        })
    };
    // A runtime in a runtime is refused.
    TEXT.get_or_init(|| std::thread::spawn(exported).join().unwrap())
}

impl Act {
    pub fn edit(self) -> String {
        let inner = match self {
            Note(note) | ConfirmedNote(note) | Beside(_, note) => format!("<note>{note}</note>"),
            Put(name, value) => format!("<e><n>{name}</n><root><v>{value}</v></root></e>"),
            Drop(name) => format!(
                "<e xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\" nc:operation=\"remove\"><n>{name}</n></e>"
            ),
            Confirm | Startup | Trim | Import => return String::new(),
        };
        format!("<c xmlns=\"urn:c\">{inner}</c>")
    }

    fn on(self, data: &Data) -> Data {
        let mut data = data.clone();
        match self {
            Note(note) | ConfirmedNote(note) | Beside(_, note) => data.note = note.to_owned(),
            Put(name, value) => drop(data.entries.insert(name, value)),
            Drop(name) => drop(data.entries.remove(name)),
            // Of what was before nothing is left.
            Import => return imported().pop().unwrap_or_default(),
            Confirm | Startup | Trim => {}
        }
        data
    }
}

/// Running after each commit of the history that is imported.
fn imported() -> Vec<Data> {
    let states = ELSEWHERE.iter().scan(Data::default(), |data, act| {
        *data = act.on(data);
        Some(data.clone())
    });
    states.collect()
}

fn texts(data: &[Data]) -> Vec<String> {
    data.iter().map(Data::text).collect()
}

/// Plays a script on a disk, and knows what must be there.
pub struct Player {
    disk: CrashDisk,
    engine: Engine,
    clock: ManualClock,
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
    /// Running as answered commits left it.
    past: BTreeMap<u64, String>,
}

impl Default for Expected {
    fn default() -> Self {
        Expected {
            running: vec![Data::default()],
            reverts: None,
            startup: vec![String::new()],
            past: BTreeMap::new(),
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
            past: self.past.clone(),
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
            Trim => {}
            Import => {
                let states = (1..).zip(texts(&imported()));
                (after.past, after.reverts) = (states.collect(), None);
            }
            Note(_) | Put(..) | Drop(_) | Confirm | Beside(..) => after.reverts = None,
        }
        after
    }

    /// The past, as far as it is the same after an act that takes its place.
    fn common_past(&self, after: &Expected) -> BTreeMap<u64, String> {
        let mut past = self.past.clone();
        past.retain(|seq, state| after.past.get(seq) == Some(state));
        past
    }

    /// What it may be while, or after, `act` neither succeeds nor fails.
    fn either(&self, after: &Expected) -> Expected {
        let mut either = self.clone();
        either.running.extend(after.running.iter().cloned());
        either.startup.extend(after.startup.iter().cloned());
        either.past = self.common_past(after);
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
        let (engine, clock) = match start(&disk, form).await {
            Ok(started) => started,
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
            clock,
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
            known.past = self.state.common_past(&after);
            known
        });
        let done = match act {
            Beside(hold, _) => self.beside(act, hold).await,
            _ => self.asked(act).await,
        };
        self.state = match &done {
            Ok(_) => after,
            Err(_) => either,
        };
        self.look(done.is_ok()).await;
        if let Ok(Some(Seq(seq))) = done {
            let running = self.state.running[0].text();
            self.state.past.insert(seq, running);
        }
        self.disk.note(self.state.known());
        done.map(drop)
    }

    /// Lets the background write the file of running, and commits while it does.
    async fn beside(&self, act: Act, hold: Hold) -> Result<Option<Seq>, String> {
        self.disk.hold(hold);
        // A step before it may be refused: then it is not reached.
        for _ in 0..100 {
            if self.disk.waits() {
                break;
            }
            self.clock.advance(std::time::Duration::from_secs(3));
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        let done = self.asked(act).await;
        self.disk.go_on();
        // Until nothing more happens.
        let (mut asked, mut calm) = (self.disk.asked(), 0);
        while calm < 5 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            calm = if self.disk.asked() == asked {
                calm + 1
            } else {
                0
            };
            asked = self.disk.asked();
        }
        done
    }

    /// The place of the commit, if it is one.
    async fn asked(&self, act: Act) -> Result<Option<Seq>, String> {
        let (engine, call) = (&self.engine, &self.client.call);
        let other = match act {
            Startup => {
                let running = Origin::Store(Datastore::Running);
                Some(
                    engine
                        .copy(call, running, Datastore::Startup)
                        .await
                        .map(|()| None),
                )
            }
            Trim => Some(engine.trim_history().await.map(|_| None)),
            Import => {
                let imported = engine.import_history(call, elsewhere()).await;
                Some(imported.map(|(_, head)| Some(head)))
            }
            _ => None,
        };
        if let Some(done) = other {
            return done.map_err(|error| error.to_string());
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
        let place = committed.map(|committed| committed.seq);
        place.map_err(|error| error.to_string())
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
