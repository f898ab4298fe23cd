//! Providers, and what reads make of their answers.

mod nmda;
mod pushed;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use banyan_data::Tree;
use banyan_engine::Engine;
use banyan_engine::backend::{
    Backend, BoxFuture, Datastore, Document, Filter, Result, WithDefaults,
};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::exec::Exec;
use banyan_engine::nmda::{
    Data, GetData, IdentityName, Missing, OnMissing, Origin, OriginFilter, ReadFrom,
};
use banyan_engine::provider::{Program, Provider, StateRequest};
use banyan_engine::state::{StateChange, StateListener, StateUpdate};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;

use crate::fixture::{Client, Machine};

const MODEL: &str = r#"
module o {
  yang-version 1.1;
  namespace "urn:o";
  prefix o;
  container ports {
    list port {
      key name;
      leaf name { type string; }
      leaf mtu { type uint16; default 1500; }
      leaf speed { type uint32; }
      leaf-list alias { type string; }
      leaf up { config false; type boolean; }
      container counters { config false; leaf in { type uint64; } leaf out { type uint64; } }
    }
  }
  container log {
    config false;
    list line { leaf text { type string; } container more { leaf deep { type string; } } }
  }
  container clock { config false; leaf drift { type int32; must ". < 100"; } }
}
"#;

pub fn schema() -> Arc<Schema> {
    static SCHEMA: OnceLock<Arc<Schema>> = OnceLock::new();
    let compile = || {
        let mut source = MemorySource::new();
        source.add(MODEL);
        for module in banyan_yang::embedded::MODULES {
            source.add(module.text);
        }
        let modules = [
            "o",
            "ietf-netconf",
            "ietf-origin",
            "ietf-datastores",
            "ietf-netconf-nmda",
        ];
        let compiler = modules
            .iter()
            .fold(Compiler::new(&source), |compiler, name| {
                compiler.implement(name, None)
            });
        compiler.compile().unwrap().schema
    };
    SCHEMA.get_or_init(compile).clone()
}

/// What a provider does when it is asked.
enum Does {
    Answers(&'static str),
    Fails,
    Hangs,
}

/// A provider that keeps what it was asked.
struct Watched {
    name: &'static str,
    covers: &'static str,
    does: Does,
    keeps_for: Duration,
    asked: Mutex<Vec<Vec<String>>>,
    runs: AtomicUsize,
}

impl Watched {
    fn new(name: &'static str, covers: &'static str, does: Does) -> Watched {
        Watched {
            name,
            covers,
            does,
            keeps_for: Duration::ZERO,
            asked: Mutex::default(),
            runs: AtomicUsize::new(0),
        }
    }

    fn asked(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Provider for Watched {
    fn name(&self) -> &str {
        self.name
    }

    fn covers(&self) -> Vec<String> {
        vec![self.covers.to_owned()]
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn keeps_for(&self) -> Duration {
        self.keeps_for
    }

    fn read(&self, request: StateRequest) -> BoxFuture<'_, Result<Tree>> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.asked.lock().unwrap().push(request.wanted_paths());
        Box::pin(async move {
            let text = match self.does {
                Does::Answers(text) => text,
                Does::Fails => {
                    return Err(banyan_engine::BackendError::new(
                        banyan_engine::error::ErrorTag::OperationFailed,
                        "the cable is out",
                    ));
                }
                Does::Hangs => std::future::pending().await,
            };
            // So that others come while it works.
            tokio::task::yield_now().await;
            Ok(state(text))
        })
    }
}

fn state(json: &str) -> Tree {
    banyan_data::json::parse_data(&schema(), json.as_bytes(), &Default::default()).unwrap()
}

const COUNTERS: &str = r#"{"o:ports": {"port": [
  {"name": "a", "up": true, "counters": {"in": "1", "out": "2"}},
  {"name": "b", "counters": {"in": "3"}}]}}"#;

fn counters() -> Watched {
    Watched::new(
        "counters",
        "/o:ports/port/counters",
        Does::Answers(
            r#"{"o:ports": {"port": [
  {"name": "a", "counters": {"in": "1", "out": "2"}},
  {"name": "b", "counters": {"in": "3"}}]}}"#,
        ),
    )
}

fn clock() -> Watched {
    Watched::new(
        "clock",
        "/o:clock",
        Does::Answers(r#"{"o:clock": {"drift": -3}}"#),
    )
}

async fn engine(providers: &[&Arc<Watched>]) -> (Engine, Client, Machine) {
    let machine = Machine::new();
    let mut builder = EngineBuilder::new(schema()).clock(Arc::new(machine.clock.clone()));
    for provider in providers {
        builder = builder.provider(Arc::clone(provider) as Arc<dyn Provider>);
    }
    let engine = builder.open().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    (engine, alice, machine)
}

fn subtree(filter: &str) -> Option<Filter> {
    Some(Filter::Subtree(Document::xml(filter.as_bytes().to_vec())))
}

fn xpath(select: &str) -> Option<Filter> {
    Some(Filter::XPath {
        select: select.to_owned(),
        namespaces: Vec::new(),
    })
}

fn operational(filter: Option<Filter>) -> GetData {
    GetData {
        filter,
        ..GetData::of(ReadFrom::Operational)
    }
}

async fn read(client: &Client, get: GetData) -> (String, Vec<Missing>) {
    let Data { body, missing } = client.engine.get_data(&client.call, get).await.unwrap();
    let bytes = body.collect().await.unwrap();
    (String::from_utf8(bytes.to_vec()).unwrap(), missing)
}

const PORT_A: &str = "<ports xmlns='urn:o'><port><name>a</name><mtu>9000</mtu></port></ports>";

#[tokio::test]
async fn a_provider_is_asked_for_what_a_filter_can_reach() {
    let (counters, clock) = (Arc::new(counters()), Arc::new(clock()));
    let (_engine, alice, _) = engine(&[&counters, &clock]).await;
    let every = vec![vec!["/o:ports/port/counters".to_owned()]];
    let one = |path: &str| vec![vec![path.to_owned()]];
    for (filter, asked, clock_runs) in [
        (None, every.clone(), 1),
        (subtree("<clock xmlns='urn:o'/>"), vec![], 1),
        (subtree("<ports xmlns='urn:o'/>"), every.clone(), 0),
        (
            subtree(
                "<ports xmlns='urn:o'><port><name>b</name><counters><in/></counters></port></ports>",
            ),
            one("/o:ports/port[name='b']/counters/in"),
            0,
        ),
        (
            subtree("<ports xmlns='urn:o'><port><mtu/></port></ports>"),
            vec![],
            0,
        ),
        (
            xpath("/o:ports/port[name='a']"),
            one("/o:ports/port[name='a']/counters"),
            0,
        ),
        (xpath("/o:ports/port[name='a']/mtu"), vec![], 0),
        (xpath("//o:in"), one("/o:ports/port/counters/in"), 0),
    ] {
        let runs = clock.runs.load(Ordering::Relaxed);
        let (_, missing) = read(&alice, operational(filter.clone())).await;
        assert_eq!(missing, []);
        assert_eq!(counters.asked(), asked, "{filter:?}");
        assert_eq!(
            clock.runs.load(Ordering::Relaxed) - runs,
            clock_runs,
            "{filter:?}"
        );
    }
    // Configuration alone needs nobody, and so does what is too deep.
    let configuration = GetData {
        config: Some(true),
        ..operational(None)
    };
    let shallow = GetData {
        max_depth: Some(2),
        ..operational(None)
    };
    for get in [configuration, shallow] {
        read(&alice, get).await;
        assert!(counters.asked().is_empty());
    }
}

#[tokio::test]
async fn a_provider_that_gives_more_than_was_asked_is_cut_to_it() {
    let counters = Arc::new(counters());
    let (_engine, alice, _) = engine(&[&counters]).await;
    let filter = subtree("<ports xmlns='urn:o'><port><name>b</name><counters/></port></ports>");
    assert_eq!(
        read(&alice, operational(filter)).await.0,
        "<ports xmlns=\"urn:o\"><port><name>b</name><counters><in>3</in></counters></port></ports>"
    );
}

#[tokio::test]
async fn a_failing_provider_costs_its_own_part_and_is_named() {
    let broken = Arc::new(Watched::new(
        "counters",
        "/o:ports/port/counters",
        Does::Fails,
    ));
    let clock = Arc::new(clock());
    let (_engine, alice, _) = engine(&[&broken, &clock]).await;
    let (data, missing) = read(&alice, operational(None)).await;
    assert_eq!(data, "<clock xmlns=\"urn:o\"><drift>-3</drift></clock>");
    assert_eq!(
        missing.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["/o:ports/port/counters is missing: counters: the cable is out"]
    );
    let strict = GetData {
        on_missing: OnMissing::Fail,
        ..operational(None)
    };
    let error = alice
        .engine
        .get_data(&alice.call, strict)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("the cable is out"), "{error}");
}

#[tokio::test]
async fn what_a_provider_does_not_cover_is_refused() {
    let lying = Arc::new(Watched::new(
        "liar",
        "/o:ports/port/counters",
        Does::Answers(COUNTERS),
    ));
    let (_engine, alice, _) = engine(&[&lying]).await;
    let (data, missing) = read(&alice, operational(None)).await;
    assert_eq!(data, "");
    assert!(
        missing[0].reason.contains("/o:ports/port/up"),
        "{missing:?}"
    );
}

#[tokio::test]
async fn a_provider_for_an_unknown_path_stops_the_start() {
    let lost = Arc::new(Watched::new("lost", "/o:ports/portt", Does::Fails));
    let builder = EngineBuilder::new(schema()).provider(lost);
    let error = builder.open().await.err().unwrap().to_string();
    assert!(
        error.contains("lost") && error.contains("/o:ports/portt"),
        "{error}"
    );
}

#[tokio::test]
async fn a_late_provider_is_not_waited_for() {
    let late = Arc::new(Watched::new("late", "/o:ports/port/counters", Does::Hangs));
    let clock = Arc::new(clock());
    let (_engine, alice, machine) = engine(&[&late, &clock]).await;
    let reading = {
        let alice = alice.clone();
        tokio::spawn(async move { read(&alice, operational(None)).await })
    };
    while machine.clock.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    // The other one's timer goes when it has answered.
    while machine.clock.sleepers() > 1 {
        tokio::task::yield_now().await;
    }
    machine.clock.advance(Duration::from_secs(1));
    tokio::task::yield_now().await;
    assert!(!reading.is_finished());
    machine.clock.advance(Duration::from_secs(1));
    let (data, missing) = reading.await.unwrap();
    assert_eq!(data, "<clock xmlns=\"urn:o\"><drift>-3</drift></clock>");
    assert_eq!(missing[0].provider, "late");
    assert_eq!(missing[0].reason, "no answer within 2 s");
}

#[tokio::test]
async fn one_run_serves_all_who_want_the_same_within_its_time() {
    let kept = Arc::new(Watched {
        keeps_for: Duration::from_millis(500),
        ..clock()
    });
    let (_engine, alice, machine) = engine(&[&kept]).await;
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let alice = alice.clone();
            tokio::spawn(async move { read(&alice, operational(None)).await.0 })
        })
        .collect();
    for reader in readers {
        assert!(reader.await.unwrap().contains("<drift>-3</drift>"));
    }
    assert_eq!(kept.runs.load(Ordering::Relaxed), 1);
    machine.clock.advance(Duration::from_millis(499));
    read(&alice, operational(None)).await;
    assert_eq!(kept.runs.load(Ordering::Relaxed), 1);
    // Another question is another run; and so is one that comes later.
    read(&alice, operational(xpath("/o:clock/drift"))).await;
    assert_eq!(kept.runs.load(Ordering::Relaxed), 2);
    machine.clock.advance(Duration::from_millis(1));
    read(&alice, operational(None)).await;
    assert_eq!(kept.runs.load(Ordering::Relaxed), 3);
}

fn shell(script: &str) -> Exec {
    Exec {
        arguments: vec!["-c".into(), script.into()],
        ..Exec::new("/bin/sh")
    }
}

async fn with_program(script: &str) -> Client {
    let program = Program::new("/o:ports/port/counters", shell(script));
    let builder = EngineBuilder::new(schema()).provider(Arc::new(program));
    let engine = builder.open().await.unwrap();
    Client::open(&engine, "alice").await
}

#[tokio::test]
async fn a_program_is_a_provider() {
    // Fails unless the question is the one that it should be.
    let script = r#"grep -q '"paths":\["/o:ports/port\[name=.b.\]/counters"\].*"user":"alice"' || exit 3
echo '{"o:ports": {"port": [{"name": "b", "counters": {"in": "7"}}]}}'"#;
    let alice = with_program(script).await;
    let (data, missing) = read(&alice, operational(xpath("/o:ports/port[name='b']"))).await;
    assert_eq!(missing, []);
    assert!(data.contains("<in>7</in>"), "{data}");
    let (_, missing) = read(&alice, operational(None)).await;
    assert!(missing[0].reason.contains("/bin/sh failed"), "{missing:?}");
}

#[tokio::test]
async fn what_a_program_prints_is_bound_to_the_schema() {
    for (output, program, place) in [
        (
            "{\"o:ports\": {\"port\": [{\"name\": \"b\", \"counters\": {\"in\": \"x\"}}]}}",
            "/bin/sh printed",
            "/o:ports/port[name='b']/counters/in",
        ),
        ("nonsense", "/bin/sh printed", ""),
    ] {
        let alice = with_program(&format!("echo '{output}'")).await;
        let (data, missing) = read(&alice, operational(None)).await;
        assert_eq!(data, "");
        let reason = &missing[0].reason;
        assert!(
            reason.contains(program) && reason.contains(place),
            "{reason}"
        );
    }
    let alice = with_program("cat > /dev/null").await;
    assert_eq!(
        read(&alice, operational(None)).await,
        (String::new(), vec![])
    );
}

#[tokio::test]
async fn state_that_breaks_constraints_is_told_only_when_that_is_switched_on() {
    let drifting = || {
        let answer = Does::Answers(r#"{"o:clock": {"drift": 100}}"#);
        Arc::new(Watched::new("clock", "/o:clock", answer))
    };
    for (validates, data, reason) in [
        (
            false,
            "<clock xmlns=\"urn:o\"><drift>100</drift></clock>",
            None,
        ),
        (true, "", Some("/o:clock/drift: ")),
    ] {
        let builder = EngineBuilder::new(schema()).validate_state(validates);
        let engine = builder.provider(drifting()).open().await.unwrap();
        let alice = Client::open(&engine, "alice").await;
        let (read, missing) = read(&alice, operational(xpath("/o:clock/drift"))).await;
        assert_eq!(read, data);
        let provider = missing.first().map(|missing| missing.provider.as_str());
        assert_eq!(provider, reason.map(|_| "clock"));
        if let Some(reason) = reason {
            assert!(missing[0].reason.contains(reason), "{missing:?}");
        }
    }
}
