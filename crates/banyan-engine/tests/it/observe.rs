//! Where the time of commits goes, by a clock that stands still unless a test moves it.

use std::sync::Arc;
use std::time::Duration;

use banyan_engine::Engine;
use banyan_engine::backend::{Backend, BoxFuture, Document, Encoding};
use banyan_engine::clock::ManualClock;
use banyan_engine::observe::{CommitResult, Count, ObserveOptions, Span, Stage, Timing};
use banyan_engine::participant::{Answer, Participant, Phase, Refusal, Transaction};

use crate::fixture::{Client, Machine, NS, item, schema, schema_with_system};

/// Takes its time, and may refuse to commit.
struct Slow {
    clock: ManualClock,
    refuses: bool,
}

impl Slow {
    fn takes(&self, milliseconds: u64) {
        self.clock.advance(Duration::from_millis(milliseconds));
    }
}

impl Participant for Slow {
    fn name(&self) -> &str {
        "devices"
    }

    fn validate<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.takes(2);
        Box::pin(async { Ok(()) })
    }

    fn commit<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.takes(30);
        let refuses = self.refuses;
        Box::pin(async move {
            match refuses {
                true => Err(Refusal::new("devices", "www1 is down")),
                false => Ok(()),
            }
        })
    }

    fn revert<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.takes(5);
        Box::pin(async { Ok(()) })
    }

    fn commit_done<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, ()> {
        self.takes(8);
        Box::pin(async {})
    }
}

async fn with_participant(refuses: bool, options: ObserveOptions) -> Client {
    let machine = Machine::new();
    let clock = machine.clock.clone();
    let engine = machine
        .builder(schema())
        .participant(Arc::new(Slow { clock, refuses }))
        .observe(options)
        .open()
        .await
        .unwrap();
    Client::open(&engine, "alice").await
}

fn newest(engine: &Engine) -> Arc<Timing> {
    engine.timings().first().unwrap().clone()
}

fn find(timing: &Timing, stage: Stage) -> Option<Span> {
    let mut found = None;
    timing.walk(|_, span| {
        if span.stage == stage && found.is_none() {
            found = Some(span.clone());
        }
    });
    found
}

fn counted(timing: &Timing, stage: Stage, count: Count) -> Option<u64> {
    let span = find(timing, stage)?;
    let found = span.counts.iter().find(|(what, _)| *what == count);
    found.map(|(_, number)| *number)
}

#[tokio::test]
async fn a_commit_is_a_tree_of_its_phases() {
    let client = with_participant(false, ObserveOptions::default()).await;
    client.set(&item(1, "a")).await.unwrap();
    let timing = newest(&client.engine);
    // How many nodes that takes is its own affair.
    let settled = counted(&timing, Stage::Settle, Count::Nodes).unwrap();
    let shown = timing.to_string();
    let shown = shown.replace(&format!("0.0 %  nodes {settled}\n"), "0.0 %\n");
    insta::assert_snapshot!(shown, @"
    transaction 1 committed as 1 at 2027-01-15T08:00:00Z by alice (netconf ssh 192.0.2.1)
    total                          40.000 ms  100.0 %
      turn                          0.000 ms    0.0 %
      promise                       0.000 ms    0.0 %
      prepare                       0.000 ms    0.0 %
        rebase                      0.000 ms    0.0 %  nodes 0
        diff                        0.000 ms    0.0 %  changes 1, nodes 1
        settle                      0.000 ms    0.0 %
        access                      0.000 ms    0.0 %
        validate                    0.000 ms    0.0 %  considered 1, evaluated 1, nodes 4
      participants                  2.000 ms    5.0 %
        devices: begin              0.000 ms    0.0 %
        devices: validate           2.000 ms    5.0 %
        devices: complete           0.000 ms    0.0 %
      participants                 30.000 ms   75.0 %
        devices: commit            30.000 ms   75.0 %
      place                         0.000 ms    0.0 %
      durable                       0.000 ms    0.0 %
        batch-wait                  0.000 ms    0.0 %
        print                       0.000 ms    0.0 %
        append                      0.000 ms    0.0 %  batch 1, bytes 284
        publish                     0.000 ms    0.0 %
      finish                        8.000 ms   20.0 %
        devices: commit_done        8.000 ms   20.0 %
        devices: end                0.000 ms    0.0 %
    ");
}

#[tokio::test]
async fn what_was_counted_is_exact() {
    let client = with_participant(false, ObserveOptions::default()).await;
    client
        .edit(&format!("<sys {NS}><mtu>1400</mtu></sys>"))
        .await
        .unwrap();
    client.set(&item(1, "a")).await.unwrap();
    let timing = newest(&client.engine);
    assert_eq!(counted(&timing, Stage::Diff, Count::Changes), Some(2));
    assert_eq!(
        counted(&timing, Stage::Validate, Count::Considered),
        Some(1)
    );
    assert_eq!(counted(&timing, Stage::Validate, Count::Evaluated), Some(1));
    assert_eq!(counted(&timing, Stage::Append, Count::Batch), Some(1));
    let record = client.engine.log().read(timing.seq.unwrap(), 1).unwrap();
    let bytes = (record[0].change.len() + record[0].reverse.len()) as u64;
    assert_eq!(counted(&timing, Stage::Append, Count::Bytes), Some(bytes));
}

#[tokio::test]
async fn refused_commits_are_kept_with_what_refused_them() {
    let client = with_participant(true, ObserveOptions::default()).await;
    client.set(&item(1, "a")).await.unwrap_err();
    let timing = newest(&client.engine);
    assert_eq!(timing.result, CommitResult::Vetoed);
    assert_eq!(timing.duration, Duration::from_millis(37));
    let commit = find(&timing, Stage::Ask(Phase::Commit)).unwrap();
    assert!(commit.failed);
    assert_eq!(commit.duration, Duration::from_millis(30));
    let revert = find(&timing, Stage::TakeBack).unwrap();
    assert_eq!(revert.duration, Duration::from_millis(5));
    let message = timing.message.as_deref().unwrap();
    assert!(message.contains("www1 is down"), "{message}");

    client
        .edit(&format!("<sys {NS}><mtu>10</mtu></sys>"))
        .await
        .unwrap();
    client.commit().await.unwrap_err();
    assert_eq!(newest(&client.engine).result, CommitResult::Invalid);
}

#[tokio::test]
async fn a_conflict_counts_the_places() {
    let machine = Machine::new();
    let builder = machine.builder(schema());
    let engine = builder
        .candidates(banyan_engine::backend::Candidates::Private)
        .open()
        .await
        .unwrap();
    let (alice, bob) = (
        Client::open(&engine, "alice").await,
        Client::open(&engine, "bob").await,
    );
    alice.edit(&item(1, "a")).await.unwrap();
    bob.set(&item(1, "b")).await.unwrap();
    alice.commit().await.unwrap_err();
    let timing = newest(&engine);
    assert_eq!(timing.result, CommitResult::Conflict);
    assert_eq!(counted(&timing, Stage::Rebase, Count::Conflicts), Some(1));
}

#[tokio::test]
async fn the_last_ones_are_kept() {
    let options = ObserveOptions {
        timings: 2,
        ..ObserveOptions::default()
    };
    let client = with_participant(false, options).await;
    let mut tids = Vec::new();
    for id in 1..=3 {
        tids.push(client.set(&item(id, "a")).await.unwrap().tid);
    }
    let kept: Vec<_> = client.engine.timings().iter().map(|it| it.tid).collect();
    assert_eq!(kept, [tids[2], tids[1]]);
    assert!(client.engine.timing(tids[0]).is_none());
    // Nothing to change is a commit as well.
    client.commit().await.unwrap();
    assert_eq!(newest(&client.engine).result, CommitResult::Unchanged);
}

#[tokio::test]
async fn an_operation_shows_the_own_last_commit_and_any_other() {
    let machine = Machine::new();
    let engine = machine.builder(schema_with_system()).open().await.unwrap();
    let (alice, bob) = (
        Client::open(&engine, "alice").await,
        Client::open(&engine, "bob").await,
    );
    let ask = async |client: &Client, input: &str| {
        let request = format!("<commit-timing xmlns=\"urn:banyan:system\">{input}</commit-timing>");
        let body = engine
            .invoke(
                &client.call,
                Document::xml(request.into_bytes()),
                Encoding::Json,
            )
            .await?;
        let bytes = body.collect().await?;
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        Ok::<_, banyan_engine::BackendError>(value)
    };
    let tid = alice.set(&item(1, "a")).await.unwrap().tid;
    let own = ask(&alice, "").await.unwrap();
    assert_eq!(own["banyan:tid"], tid.0);
    assert_eq!(own["banyan:result"], "committed");
    let spans = own["banyan:span"].as_array().unwrap();
    let validate = spans.iter().find(|it| it["phase"] == "validate").unwrap();
    let prepare = spans.iter().find(|it| it["phase"] == "prepare").unwrap();
    assert_eq!(validate["parent"], prepare["id"]);
    let error = ask(&bob, "").await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no timing of a commit of this session")
    );
    let asked = ask(&bob, &format!("<tid>{tid}</tid>")).await.unwrap();
    assert_eq!(asked, own);
    let seq = alice.engine.running().seq;
    let asked = ask(&bob, &format!("<seq>{seq}</seq>")).await.unwrap();
    assert_eq!(asked, own);
}

/// Hears the warnings about commits.
#[derive(Clone, Default)]
struct Warnings(Arc<std::sync::Mutex<Vec<String>>>);

struct Message<'a>(&'a Warnings);

impl tracing::field::Visit for Message<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
}

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "banyan::commit" && *metadata.level() == tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Message(self));
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn slow_commits_are_logged_with_what_took_longest() {
    let warnings = Warnings::default();
    let _listening = tracing::subscriber::set_default(warnings.clone());
    for (limit, told) in [(41, 0), (40, 1)] {
        let options = ObserveOptions {
            slow_commit: Some(Duration::from_millis(limit)),
            ..ObserveOptions::default()
        };
        let client = with_participant(false, options).await;
        client.set(&item(1, "a")).await.unwrap();
        assert_eq!(warnings.0.lock().unwrap().len(), told, "{limit}");
    }
    assert_eq!(
        warnings.0.lock().unwrap()[0],
        "slow commit: 0.040 s, most of it in devices: commit (0.030 s) and devices: commit_done (0.008 s)"
    );
}

/// Hears spans, and makes a tree of them: names and fields, but of how many nodes were visited.
#[derive(Clone, Default)]
struct Spans(Arc<std::sync::Mutex<Vec<Heard>>>);

#[derive(Default)]
struct Heard {
    name: &'static str,
    parent: Option<u64>,
    fields: Vec<String>,
}

impl tracing::field::Visit for Heard {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() != "nodes" {
            self.fields.push(format!("{}={value:?}", field.name()));
        }
    }
}

impl Spans {
    fn tree(&self) -> Vec<String> {
        let heard = self.0.lock().unwrap();
        let mut lines = Vec::new();
        for (index, span) in heard.iter().enumerate() {
            if span.parent.is_none() {
                below(&heard, index, 0, &mut lines);
            }
        }
        lines
    }
}

fn below(heard: &[Heard], index: usize, depth: usize, lines: &mut Vec<String>) {
    let span = &heard[index];
    let fields = span.fields.join(" ");
    lines.push(format!("{}{} {fields}", "  ".repeat(depth), span.name));
    let id = index as u64 + 1;
    for (index, span) in heard.iter().enumerate() {
        if span.parent == Some(id) {
            below(heard, index, depth + 1, lines);
        }
    }
}

impl tracing::Subscriber for Spans {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "banyan::commit"
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        let mut heard = Heard {
            name: span.metadata().name(),
            parent: span.parent().map(tracing::span::Id::into_u64),
            ..Heard::default()
        };
        span.record(&mut heard);
        let mut all = self.0.lock().unwrap();
        all.push(heard);
        tracing::span::Id::from_u64(all.len() as u64)
    }

    fn record(&self, span: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        let mut all = self.0.lock().unwrap();
        values.record(&mut all[span.into_u64() as usize - 1]);
    }

    fn event(&self, _: &tracing::Event<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn who_listens_hears_the_tree_of_a_commit() {
    let client = with_participant(false, ObserveOptions::default()).await;
    let spans = Spans::default();
    // While there is but one listener, a place in the code counts as not listened to when another test comes by it first.
    let _another = tracing::Dispatch::new(Spans::default());
    let listening = tracing::subscriber::set_default(spans.clone());
    client.set(&item(1, "a")).await.unwrap();
    drop(listening);
    let phase = |depth: usize, name: &str, more: &str, microseconds: u32, counts: &str| {
        let indent = "  ".repeat(depth);
        let line = format!("{indent}phase phase=\"{name}\"{more} failed=false");
        format!("{line} microseconds={microseconds}{counts}")
    };
    let devices = " participant=\"devices\"";
    assert_eq!(
        spans.tree(),
        [
            "commit tid=1 seq=1 user=\"alice\" source=\"netconf ssh 192.0.2.1\" result=\"committed\" microseconds=40000"
                .to_owned(),
            phase(1, "turn", "", 0, ""),
            phase(1, "promise", "", 0, ""),
            phase(1, "prepare", "", 0, ""),
            phase(2, "rebase", "", 0, ""),
            phase(2, "diff", "", 0, " changes=1"),
            phase(2, "settle", "", 0, ""),
            phase(2, "access", "", 0, ""),
            phase(2, "validate", "", 0, " considered=1 evaluated=1"),
            phase(1, "participants", "", 2000, ""),
            phase(2, "begin", devices, 0, ""),
            phase(2, "validate", devices, 2000, ""),
            phase(2, "complete", devices, 0, ""),
            phase(1, "participants", "", 30000, ""),
            phase(2, "commit", devices, 30000, ""),
            phase(1, "place", "", 0, ""),
            phase(1, "durable", "", 0, ""),
            phase(2, "batch-wait", "", 0, ""),
            phase(2, "print", "", 0, ""),
            phase(2, "append", "", 0, " batch=1 bytes=284"),
            phase(2, "publish", "", 0, ""),
            phase(1, "finish", "", 8000, ""),
            phase(2, "commit_done", devices, 8000, ""),
            phase(2, "end", devices, 0, ""),
        ]
    );
}
