//! Providers, and what reads make of their answers.

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
async fn operational_has_configuration_state_and_defaults_in_use() {
    let counters = Arc::new(counters());
    let (_engine, alice, _) = engine(&[&counters]).await;
    alice
        .set("<ports xmlns='urn:o'><port><name>a</name></port></ports>")
        .await
        .unwrap();
    let of_a = "<ports xmlns='urn:o'><port><name>a</name></port></ports>";
    let a = |inside: &str| {
        format!("<ports xmlns=\"urn:o\"><port><name>a</name>{inside}</port></ports>")
    };
    let all = "<mtu>1500</mtu><counters><in>1</in><out>2</out></counters>";
    assert_eq!(read(&alice, operational(subtree(of_a))).await.0, a(all));
    let explicit = GetData {
        with_defaults: Some(WithDefaults::Explicit),
        ..operational(subtree(of_a))
    };
    let explicit = read(&alice, explicit).await.0;
    assert_eq!(explicit, a("<counters><in>1</in><out>2</out></counters>"));
    // What is in use is filtered like anything else, and nothing comes beside it.
    for filter in [
        xpath("/o:ports/port[name='a']/mtu"),
        xpath("/o:ports/port[mtu=1500][name='a']/mtu"),
        subtree("<ports xmlns='urn:o'><port><name>a</name><mtu/></port></ports>"),
    ] {
        assert_eq!(
            read(&alice, operational(filter)).await.0,
            a("<mtu>1500</mtu>")
        );
    }
    let state = GetData {
        config: Some(false),
        ..operational(subtree(of_a))
    };
    assert_eq!(
        read(&alice, state).await.0,
        a("<counters><in>1</in><out>2</out></counters>")
    );
    let configuration = GetData {
        config: Some(true),
        ..operational(subtree(of_a))
    };
    assert_eq!(read(&alice, configuration).await.0, a("<mtu>1500</mtu>"));
    let intended = GetData::of(ReadFrom::Intended);
    assert_eq!(read(&alice, intended).await.0, a(""));
}

#[tokio::test]
async fn a_filter_takes_or_leaves_defaults_of_any_datastore_and_no_default_hides_what_was_set() {
    let (_engine, alice, _) = engine(&[]).await;
    let ports = "<ports xmlns='urn:o'><port><name>a</name><mtu>9000</mtu><speed>1</speed></port><port><name>b</name></port></ports>";
    alice.set(ports).await.unwrap();
    let port = |name: &str, inside: &str| {
        format!("<ports xmlns=\"urn:o\"><port><name>{name}</name>{inside}</port></ports>")
    };
    for from in [
        ReadFrom::Store(Datastore::Running),
        ReadFrom::Intended,
        ReadFrom::RunningAndState,
        ReadFrom::Operational,
    ] {
        for (filter, shown) in [
            (
                xpath("/o:ports/port[name='a']/speed"),
                port("a", "<speed>1</speed>"),
            ),
            (
                xpath("/o:ports/port[name='b']/mtu"),
                port("b", "<mtu>1500</mtu>"),
            ),
            (
                xpath("/o:ports/port[mtu=1500]"),
                port("b", "<mtu>1500</mtu>"),
            ),
            (
                subtree("<ports xmlns='urn:o'><port><name>a</name><speed/></port></ports>"),
                port("a", "<speed>1</speed>"),
            ),
            (
                subtree("<ports xmlns='urn:o'><port><name>a</name></port></ports>"),
                port("a", "<mtu>9000</mtu><speed>1</speed>"),
            ),
        ] {
            let get = GetData {
                with_defaults: Some(WithDefaults::ReportAll),
                filter: filter.clone(),
                ..GetData::of(from)
            };
            assert_eq!(read(&alice, get).await.0, shown, "{from:?} {filter:?}");
        }
    }
}

#[tokio::test]
async fn depth_counts_from_what_is_selected() {
    let counters = Arc::new(counters());
    let (_engine, alice, _) = engine(&[&counters]).await;
    alice.set(PORT_A).await.unwrap();
    let a = |inside: &str| {
        format!("<ports xmlns=\"urn:o\"><port><name>a</name>{inside}</port></ports>")
    };
    for (filter, depth, data) in [
        (xpath("/o:ports/port[name='a']"), 1, a("")),
        (
            xpath("/o:ports/port[name='a']"),
            2,
            a("<mtu>9000</mtu><counters/>"),
        ),
        (
            subtree("<ports xmlns='urn:o'><port><name>a</name><counters/></port></ports>"),
            2,
            a("<counters><in>1</in><out>2</out></counters>"),
        ),
        (None, 1, "<ports xmlns=\"urn:o\"/>".to_owned()),
    ] {
        let get = GetData {
            max_depth: Some(depth),
            ..operational(filter.clone())
        };
        assert_eq!(read(&alice, get).await.0, data, "{filter:?} {depth}");
    }
}

/// A loopback port that the system has made, a learned alias and speed.
#[tokio::test]
async fn depth_and_position_go_together() {
    let log = Arc::new(Watched::new(
        "log",
        "/o:log",
        Does::Answers(
            r#"{"o:log": {"line": [{"text": "one"}, {"text": "two", "more": {"deep": "x"}}, {"text": "three"}]}}"#,
        ),
    ));
    let (_engine, alice, _) = engine(&[&log]).await;
    let second = |depth| GetData {
        max_depth: Some(depth),
        ..operational(xpath("/o:log/line[2]"))
    };
    let line =
        |more: &str| format!("<log xmlns=\"urn:o\"><line><text>two</text>{more}</line></log>");
    assert_eq!(read(&alice, second(2)).await.0, line("<more/>"));
    assert_eq!(
        read(&alice, second(3)).await.0,
        line("<more><deep>x</deep></more>")
    );
}

fn system() -> Watched {
    Watched::new(
        "system",
        "/o:ports",
        Does::Answers(
            r#"{"o:ports": {"port": [
  {"name": "lo", "mtu": 65535, "up": true},
  {"name": "a", "mtu": 1400, "speed": 10, "@speed": {"ietf-origin:origin": "ietf-origin:learned"}, "up": true}]}}"#,
        ),
    )
}

#[tokio::test]
async fn nodes_bear_their_origin_where_it_is_not_that_of_the_node_around() {
    let system = Arc::new(system());
    let (_engine, alice, _) = engine(&[&system]).await;
    alice
        .set("<ports xmlns='urn:o'><port><name>a</name><mtu>9000</mtu><alias>x</alias></port><port><name>c</name></port></ports>")
        .await
        .unwrap();
    let get = GetData {
        with_origin: true,
        ..operational(None)
    };
    let (data, _) = read(&alice, get.clone()).await;
    let or = "xmlns:or=\"urn:ietf:params:xml:ns:yang:ietf-origin\" or:origin=\"or:";
    let shown = data.replace(or, "[").replace("\">", "]>");
    assert_eq!(
        shown,
        "<ports xmlns=\"urn:o\" [intended]><port><name>a</name><mtu [system]>1400</mtu>\
         <speed [learned]>10</speed><alias>x</alias><up>true</up></port>\
         <port><name>c</name><mtu [default]>1500</mtu></port>\
         <port [system]><name>lo</name><mtu>65535</mtu><up>true</up></port></ports>"
    );
    let filtered = |origins: OriginFilter| GetData {
        origins,
        ..operational(None)
    };
    let named = |name: &str| {
        vec![IdentityName {
            namespace: "urn:ietf:params:xml:ns:yang:ietf-origin".to_owned(),
            name: name.to_owned(),
        }]
    };
    let a = "<ports xmlns=\"urn:o\"><port><name>a</name>";
    for (origins, data) in [
        (
            OriginFilter::Only(named("learned")),
            format!("{a}<speed>10</speed></port></ports>"),
        ),
        (
            OriginFilter::Only(named("system")),
            format!(
                "{a}<mtu>1400</mtu></port><port><name>lo</name><mtu>65535</mtu></port></ports>"
            ),
        ),
        (
            OriginFilter::Without(named("system")),
            format!(
                "{a}<speed>10</speed><alias>x</alias></port><port><name>c</name><mtu>1500</mtu></port></ports>"
            ),
        ),
    ] {
        assert_eq!(
            read(&alice, filtered(origins.clone())).await.0,
            data,
            "{origins:?}"
        );
    }
    // A base identity has all.
    let all = read(&alice, filtered(OriginFilter::Only(named("origin"))))
        .await
        .0;
    assert!(
        all.contains("<alias>x</alias>") && !all.contains("<up>"),
        "{all}"
    );
    for get in [
        GetData {
            from: ReadFrom::Intended,
            ..get
        },
        filtered(OriginFilter::Only(named("nonsense"))),
    ] {
        assert!(alice.engine.get_data(&alice.call, get).await.is_err());
    }
}

/// Notes what it hears: who, how many changes, and the difference.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl StateListener for Heard {
    fn changed(&self, change: &StateChange) {
        let text = format!("{}\n{}", change.source, change.changes);
        self.0.lock().unwrap().push(text);
    }
}

#[tokio::test]
async fn pushed_state_is_read_and_announced() {
    let (engine, alice, _) = engine(&[]).await;
    alice.set(PORT_A).await.unwrap();
    let heard = Arc::new(Heard::default());
    engine.state().listen(heard.clone());
    let kernel = engine.state().source("kernel", Origin::System);
    let update = StateUpdate::new().put_json(COUNTERS);
    kernel.change(update).await.unwrap();
    let a = "<ports xmlns=\"urn:o\"><port><name>a</name><mtu>9000</mtu><up>true</up>\
             <counters><in>1</in><out>2</out></counters></port>";
    let b = "<port><name>b</name><counters><in>3</in></counters></port></ports>";
    let whole = GetData::of(ReadFrom::RunningAndState);
    assert_eq!(read(&alice, whole.clone()).await.0, format!("{a}{b}"));
    // Running is what it was, and nothing is written.
    assert!(
        !alice
            .show(banyan_engine::backend::Datastore::Running)
            .await
            .contains("counters")
    );
    let first = std::mem::take(&mut *heard.0.lock().unwrap());
    assert_eq!(first.len(), 1);
    assert!(first[0].starts_with("kernel\n"), "{first:?}");
    assert!(first[0].contains("port b"), "{first:?}");
    // The same again is no change.
    kernel
        .change(StateUpdate::new().put_json(COUNTERS))
        .await
        .unwrap();
    assert!(heard.0.lock().unwrap().is_empty());
    // All or nothing.
    let wrong = StateUpdate::new()
        .clear()
        .put_json(r#"{"o:ports": {"portt": []}}"#);
    assert!(kernel.change(wrong).await.is_err());
    assert_eq!(read(&alice, whole.clone()).await.0, format!("{a}{b}"));
    let update = StateUpdate::new()
        .remove("/o:ports/port[name='b']")
        .replace_json(
            "/o:ports/port[name='a']/counters",
            r#"{"o:ports": {"port": [{"name": "a", "counters": {"out": "4"}}]}}"#,
        );
    kernel.change(update).await.unwrap();
    assert_eq!(
        read(&alice, whole.clone()).await.0,
        "<ports xmlns=\"urn:o\"><port><name>a</name><mtu>9000</mtu><up>true</up><counters><out>4</out></counters></port></ports>"
    );
    assert_eq!(heard.0.lock().unwrap().len(), 1);
    kernel.change(StateUpdate::new().clear()).await.unwrap();
    assert!(!read(&alice, whole).await.0.contains("counters"));
    assert!(engine.state().tree().root().slots().is_empty());
}

#[tokio::test]
async fn what_one_source_takes_away_another_may_still_have() {
    let (engine, alice, _) = engine(&[]).await;
    let state = engine.state();
    let (kernel, bgp) = (
        state.source("kernel", Origin::System),
        state.source("bgp", Origin::Learned),
    );
    let up = r#"{"o:ports": {"port": [{"name": "x", "up": true}]}}"#;
    let speed = r#"{"o:ports": {"port": [{"name": "x", "speed": 5}]}}"#;
    kernel
        .change(StateUpdate::new().put_json(up))
        .await
        .unwrap();
    bgp.change(StateUpdate::new().put_json(speed))
        .await
        .unwrap();
    let both =
        "<ports xmlns=\"urn:o\"><port><name>x</name><speed>5</speed><up>true</up></port></ports>";
    let whole = GetData::of(ReadFrom::RunningAndState);
    assert_eq!(read(&alice, whole.clone()).await.0, both);
    kernel
        .change(StateUpdate::new().remove("/o:ports/port[name='x']"))
        .await
        .unwrap();
    assert_eq!(
        read(&alice, whole).await.0,
        "<ports xmlns=\"urn:o\"><port><name>x</name><speed>5</speed></port></ports>"
    );
    let learned = GetData {
        with_origin: true,
        ..operational(xpath("/o:ports/port/speed"))
    };
    let data = read(&alice, learned).await.0;
    assert!(data.contains("or:origin=\"or:learned\""), "{data}");
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
