//! What hurts people today, beside the figures that they have published: cross references, conditions with absolute
//! paths, a thousand small commits, and values that must differ.
//!
//! Prints a table and writes `target/bench/stories.json`. Commits are those of an engine whose log is in memory: rebase,
//! difference, what `when` switches off, validation, publication.

mod common;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use banyan_data::document::ParseOptions;
use banyan_data::edit::Operation;
use banyan_data::validate::{self, Counters, Indexes, Mounts};
use banyan_data::{Tree, change, xml};
use banyan_engine::backend::Result;
use banyan_engine::engine::Engine;
use banyan_yang::schema::Schema;
use common::{in_memory, median, ms, write_summary};
use serde_json::json;

/// Commits measured for each kind; the median counts.
const ROUNDS: usize = 41;

/// One line of the table.
struct Line {
    what: String,
    /// What a peer takes, and where that was published.
    peer: Option<(f64, &'static str)>,
    ours: Duration,
    goal_ms: Option<f64>,
}

/// A line about something that no peer has published.
fn line(what: &str, ours: Duration) -> Line {
    Line {
        what: what.to_owned(),
        peer: None,
        ours,
        goal_ms: None,
    }
}

impl Line {
    /// What a peer takes, in milliseconds, and where that was published.
    fn beside(self, ms: f64, source: &'static str) -> Line {
        Line {
            peer: Some((ms, source)),
            ..self
        }
    }

    fn at_most(self, ms: f64) -> Line {
        Line {
            goal_ms: Some(ms),
            ..self
        }
    }
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let stories: [(&str, Vec<Line>); 4] = runtime.block_on(async {
        [
            ("40 000 leafrefs with absolute paths", leafrefs().await),
            (
                "750 interfaces under 4 000 `must` and 3 000 `when` with absolute paths",
                conditions().await,
            ),
            ("10 000 routes, one commit each", routes().await),
            ("`unique` over 100 000 entries", unique().await),
        ]
    });
    println!("\n| | Banyan | goal | published | ratio |\n|---|---:|---:|---|---:|");
    for (story, lines) in &stories {
        println!("| **{story}** | | | | |");
        lines.iter().for_each(print);
    }
    let summary: Vec<_> = stories.iter().map(|(story, lines)| {
        let lines = lines.iter().map(|line| {
            json!({ "what": line.what, "ms": ms(line.ours), "goal_ms": line.goal_ms, "peer_ms": line.peer.map(|peer| peer.0) })
        });
        json!({ "story": story, "lines": lines.collect::<Vec<_>>() })
    }).collect();
    write_summary("stories.json", &json!(summary));
}

fn print(line: &Line) {
    let goal = line.goal_ms.map(|goal| format!("{goal} ms"));
    let (peer, ratio) = match line.peer {
        Some((peer, source)) => (
            format!("{} s, {source}", peer / 1000.0),
            format!("{:.0}", peer / ms(line.ours)),
        ),
        None => Default::default(),
    };
    println!(
        "| {} | {:.3} ms | {} | {peer} | {ratio} |",
        line.what,
        ms(line.ours),
        goal.unwrap_or_default(),
    );
}

fn parsed(schema: &Arc<Schema>, text: &str) -> Tree {
    xml::parse_data(schema, text.as_bytes(), &ParseOptions::default()).expect("a document")
}

/// The document as it is committed: an edit-config in text.
fn document(namespace: &str, content: &str) -> String {
    format!(
        "<data xmlns=\"{namespace}\" xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\">{content}</data>"
    )
}

fn edited(tree: &Tree, text: &str) -> Tree {
    let options = ParseOptions::default();
    xml::parse_edit(tree.schema(), text.as_bytes(), Operation::Merge, &options)
        .expect("an edit")
        .apply(tree)
        .expect("an edit that fits")
}

/// Reading an edit, applying and committing it.
async fn commit(engine: &Engine, edit: String) -> (Duration, Result<()>) {
    let start = Instant::now();
    let outcome = common::commit(engine, move |tree| Ok(edited(tree, &edit))).await;
    (start.elapsed(), outcome)
}

/// The median time of commits that must succeed.
async fn commits(engine: &Engine, edit: impl Fn(usize) -> String) -> Duration {
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        let (time, outcome) = commit(engine, edit(round)).await;
        outcome.expect("the commit is valid");
        times.push(time);
    }
    median(times)
}

/// The time of reading a document, and of its full validation.
fn loaded(schema: &Arc<Schema>, text: &str) -> (Tree, Duration, Duration) {
    let start = Instant::now();
    let tree = parsed(schema, text);
    let parse = start.elapsed();
    let start = Instant::now();
    let report = validate::full(&tree, &validate::Options::default());
    let validation = start.elapsed();
    assert!(report.is_valid(), "{:?}", report.errors.first());
    (tree, parse, validation)
}

/// An engine that holds the tree, and the time of the commit that brought it.
async fn holding(schema: &Arc<Schema>, tree: &Tree) -> (Engine, Duration) {
    let engine = in_memory(schema).await;
    let tree = tree.clone();
    let start = Instant::now();
    common::commit(&engine, move |_| Ok(tree))
        .await
        .expect("the data are valid");
    (engine, start.elapsed())
}

/// What an incremental validation looks at.
fn counted(before: &Tree, edit: &str) -> Counters {
    let after = edited(before, edit);
    let indexes = Indexes::of(before, Mounts::Skip).after(before, &after);
    let changes = change::diff(before, &after);
    validate::changed(&changes, &after, &indexes, &validate::Options::default()).counters
}

/// The median time of what data cost a commit, without the engine around it: difference, indexes, what `when` takes out,
/// validation. Each edit is one of the same tree.
fn checked(tree: &Tree, edit: impl Fn(usize) -> String) -> Duration {
    let indexes = Indexes::of(tree, Mounts::Skip);
    let options = validate::Options::default();
    let once = |round| {
        let after = edited(tree, &edit(round));
        let start = Instant::now();
        let changes = change::diff(tree, &after);
        let indexes = indexes.after(tree, &after);
        let settled = validate::settle(&changes, &after, &indexes, options.budget);
        let changes = change::diff(tree, &settled.tree);
        let report = validate::changed(&changes, &settled.tree, &settled.indexes, &options);
        let time = start.elapsed();
        assert!(report.is_valid(), "{:?}", report.errors.first());
        time
    };
    median((0..ROUNDS).map(once).collect())
}

/// The time that making the indexes of a tree takes.
fn indexed(tree: &Tree) -> Duration {
    let start = Instant::now();
    let indexes = Indexes::of(tree, Mounts::Skip);
    let time = start.elapsed();
    println!("{} rows in indexes", indexes.len());
    time
}

async fn leafrefs() -> Vec<Line> {
    const RULES: usize = 20_000;
    let schema = common::schema(
        "leafrefs",
        "module leafrefs {
  yang-version 1.1;
  namespace \"urn:leafrefs\";
  prefix l;
  container interfaces {
    list interface {
      key name;
      leaf name { type string; }
      leaf vlan { type uint32; }
    }
  }
  container rules {
    list rule {
      key id;
      leaf id { type uint32; }
      leaf interface { type leafref { path \"/l:interfaces/l:interface/l:name\"; } }
      leaf vlan { type leafref { path \"/l:interfaces/l:interface/l:vlan\"; } }
    }
  }
}",
    );
    let rule = |id: usize| {
        format!(
            "<rule><id>{id}</id><interface>eth{}</interface><vlan>{}</vlan></rule>",
            id % 1000,
            id % 500
        )
    };
    let mut content = String::from("<interfaces>");
    for index in 0..2000 {
        let vlan = index % 1500;
        let _ = write!(
            content,
            "<interface><name>eth{index}</name><vlan>{vlan}</vlan></interface>"
        );
    }
    content.push_str("</interfaces><rules>");
    content.extend((0..RULES).map(rule));
    content.push_str("</rules>");
    let (tree, parse, validation) = loaded(&schema, &document("urn:leafrefs", &content));
    let indexes = indexed(&tree);
    let (engine, load) = holding(&schema, &tree).await;
    let edit = |content: &str| document("urn:leafrefs", content);
    let add = |round| edit(&format!("<rules>{}</rules>", rule(RULES + round)));
    let more = commits(&engine, add).await;
    let delete = |index: usize| {
        edit(&format!(
            "<interfaces><interface nc:operation=\"delete\"><name>eth{index}</name></interface></interfaces>"
        ))
    };
    let free = commits(&engine, |round| delete(1500 + round)).await;
    let (refused, outcome) = commit(&engine, delete(7)).await;
    assert!(outcome.is_err(), "twenty rules refer to it");
    vec![
        line("read and validate in full", parse + validation)
            .beside(1_260_000.0, "Clixon #600, a commit")
            .at_most(1_000.0),
        line("of that: full validation", validation),
        line("build the indexes", indexes),
        line("the same as one commit", load).beside(1_260_000.0, "Clixon #600"),
        line("one more commit", more).at_most(1.0),
        line(
            "of that: difference, indexes, validation",
            checked(&tree, add),
        ),
        line("delete an interface that nobody refers to", free),
        line("delete one that 20 refer to: refused", refused),
    ]
}

/// Features whose entries belong to an interface; 40 `must` and 30 `when` each.
const FEATURES: usize = 100;
const MUSTS: usize = 40;
const WHENS: usize = 30;
const INTERFACES: usize = 750;
/// Features that each interface has.
const BOUND: usize = 8;

fn conditions_model() -> String {
    const PICKED: &str = "/c:ifm/c:interface[c:name=current()/../c:if-name]";
    let mut text = String::from(
        "module conditions {
  yang-version 1.1;
  namespace \"urn:conditions\";
  prefix c;
  container ifm {
    container global { leaf mode { type string; default open; } }
    list interface {
      key name;
      leaf name { type string; }
      leaf class { type string; default main; }
      leaf mtu { type uint32; default 1500; }
      leaf shutdown { type boolean; default false; }
      leaf-list address { type string; }
    }
  }",
    );
    for feature in 0..FEATURES {
        let _ = write!(
            text,
            "container feature{feature} {{ list binding {{ key if-name;
  leaf if-name {{ type leafref {{ path \"/c:ifm/c:interface/c:name\"; }} }}"
        );
        for number in 0..MUSTS {
            let must = match number % 4 {
                0 => format!("{PICKED}/c:mtu >= ."),
                1 => format!("not({PICKED}/c:shutdown = 'true') or . &lt; 100"),
                2 => format!("count({PICKED}/c:address) &lt;= 4"),
                _ => "/c:ifm/c:global/c:mode != 'locked' or . &lt; 100".to_owned(),
            };
            let must = must.replace("&lt;", "<");
            let _ = write!(text, "leaf m{number} {{ type uint32; must \"{must}\"; }}");
        }
        for number in 0..WHENS {
            let when = match number % 3 {
                0 => format!("{PICKED}/c:class = 'main'"),
                1 => format!("not({PICKED}/c:shutdown = 'true')"),
                _ => "/c:ifm/c:global/c:mode = 'open'".to_owned(),
            };
            let _ = write!(text, "leaf w{number} {{ when \"{when}\"; type uint32; }}");
        }
        text.push_str("} }");
    }
    text.push('}');
    text
}

/// The features of an interface.
fn features(interface: usize) -> impl Iterator<Item = usize> {
    (0..BOUND).map(move |place| (interface * 13 + place * 7) % FEATURES)
}

async fn conditions() -> Vec<Line> {
    let schema = common::schema("conditions", &conditions_model());
    let mut bindings = vec![String::new(); FEATURES];
    let mut content = String::from("<ifm>");
    for interface in 0..INTERFACES {
        let _ = write!(
            content,
            "<interface><name>if{interface}</name><mtu>1400</mtu><address>10.0.0.1</address></interface>"
        );
        for feature in features(interface) {
            let text = &mut bindings[feature];
            let _ = write!(text, "<binding><if-name>if{interface}</if-name>");
            for number in 0..MUSTS {
                let _ = write!(text, "<m{number}>1</m{number}>");
            }
            for number in 0..WHENS {
                let _ = write!(text, "<w{number}>1</w{number}>");
            }
            text.push_str("</binding>");
        }
    }
    content.push_str("</ifm>");
    for (feature, bindings) in bindings.iter().enumerate() {
        let _ = write!(content, "<feature{feature}>{bindings}</feature{feature}>");
    }
    let (tree, parse, validation) = loaded(&schema, &document("urn:conditions", &content));
    indexed(&tree);
    let (engine, load) = holding(&schema, &tree).await;
    let delete = |interface: usize| {
        let mut content = format!(
            "<ifm><interface nc:operation=\"delete\"><name>if{interface}</name></interface></ifm>"
        );
        for feature in features(interface) {
            let _ = write!(
                content,
                "<feature{feature}><binding nc:operation=\"delete\"><if-name>if{interface}</if-name></binding></feature{feature}>"
            );
        }
        document("urn:conditions", &content)
    };
    let change = |interface: usize, mtu: usize| {
        document(
            "urn:conditions",
            &format!(
                "<ifm><interface><name>if{interface}</name><mtu>{mtu}</mtu></interface></ifm>"
            ),
        )
    };
    let counters = counted(&tree, &change(7, 1300));
    println!("one mtu among {INTERFACES}: {counters:?}");
    let deleted = commits(&engine, |round| delete(100 + round)).await;
    let changed = commits(&engine, |round| change(300 + round, 1300)).await;
    let start = Instant::now();
    let after = edited(&tree, &delete(7));
    let edit = start.elapsed();
    drop(after);
    let lock = document(
        "urn:conditions",
        "<ifm><global><mode>shared</mode></global></ifm>",
    );
    let (global, outcome) = commit(&engine, lock).await;
    outcome.expect("what depends on the mode goes");
    vec![
        line("read 420 000 leaves", parse),
        line("validate them in full", validation),
        line("load them as one commit", load),
        line("delete one interface: the edit", edit).beside(238_000.0, "NSO, real device"),
        line("delete one interface: edit and commit", deleted)
            .beside(2_545_000.0, "NSO, real device")
            .at_most(100.0),
        line(
            "of that: difference, indexes, `when`, validation",
            checked(&tree, delete),
        ),
        line("change one leaf of an interface", changed),
        line(
            "change a global leaf that 1 000 `must` and 1 000 `when` read: 60 000 leaves go",
            global,
        ),
    ]
}

async fn routes() -> Vec<Line> {
    const ROUTES: usize = 10_000;
    const PART: usize = 1_000;
    let schema = common::schema(
        "routes",
        "module routes {
  yang-version 1.1;
  namespace \"urn:routes\";
  prefix r;
  list interface { key name; leaf name { type string; } leaf up { type boolean; default true; } }
  container routes {
    list route {
      key prefix;
      leaf prefix { type string; }
      leaf next-hop { type string; }
      leaf interface { type leafref { path \"/r:interface/r:name\"; } }
      leaf metric {
        type uint32;
        default 1;
        must \"not(/r:interface[r:name=current()/../r:interface]/r:up = 'false')\";
      }
    }
  }
}",
    );
    let mut content = String::new();
    for index in 0..100 {
        let _ = write!(content, "<interface><name>eth{index}</name></interface>");
    }
    let tree = parsed(&schema, &document("urn:routes", &content));
    let (engine, _) = holding(&schema, &tree).await;
    let mut times = Vec::with_capacity(ROUTES);
    for index in 0..ROUTES {
        let route = format!(
            "<routes><route><prefix>10.{}.{}.0/24</prefix><next-hop>192.0.2.1</next-hop><interface>eth{}</interface></route></routes>",
            index / 256,
            index % 256,
            index % 100
        );
        let (time, outcome) = commit(&engine, document("urn:routes", &route)).await;
        outcome.expect("the route is valid");
        times.push(time);
    }
    let mean = |times: &[Duration]| times.iter().sum::<Duration>() / times.len() as u32;
    vec![
        line("all of them", times.iter().sum()).beside(14_400_000.0, "FRR vtysh #18206, over"),
        line("one of the first thousand, mean", mean(&times[..PART])),
        line(
            "one of the last thousand, mean",
            mean(&times[ROUTES - PART..]),
        ),
    ]
}

async fn unique() -> Vec<Line> {
    const ENTRIES: usize = 100_000;
    let schema = common::schema(
        "unique",
        "module unique {
  yang-version 1.1;
  namespace \"urn:unique\";
  prefix u;
  list host {
    key name;
    unique \"address service/port\";
    leaf name { type string; }
    leaf address { type string; }
    container service { leaf port { type uint16; default 22; } }
  }
}",
    );
    let host = |index: usize, address: usize| {
        format!("<host><name>h{index}</name><address>a{address}</address></host>")
    };
    let content: String = (0..ENTRIES).map(|index| host(index, index)).collect();
    let (tree, parse, validation) = loaded(&schema, &document("urn:unique", &content));
    let indexes = indexed(&tree);
    let edit = |index, address| document("urn:unique", &host(index, address));
    let counters = counted(&tree, &edit(5, ENTRIES));
    println!("one address among {ENTRIES}: {counters:?}");
    let (engine, _) = holding(&schema, &tree).await;
    let changed = commits(&engine, |round| edit(round * 2_311, ENTRIES + round)).await;
    let (refused, outcome) = commit(&engine, edit(1, 99_999)).await;
    assert!(outcome.is_err(), "the address is taken");
    vec![
        line("read and validate in full", parse + validation),
        line("build the index", indexes),
        line("change one address", changed),
        line(
            "of that: difference, indexes, validation",
            checked(&tree, |round| edit(round, ENTRIES)),
        ),
        line("change one to a taken address: refused", refused),
    ]
}
