//! The transaction of a start: participants hear what running is before anybody else, and may refuse it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use banyan_engine::backend::{BoxFuture, CommitParameters, Confirmed, Datastore, Document};
use banyan_engine::engine::{Extra, StartError, StartMode};
use banyan_engine::files::Files;
use banyan_engine::log::CommitLog;
use banyan_engine::participant::{
    Answer, AtStart, Participant, Phase, Program, Refusal, Transaction,
};
use banyan_engine::{Engine, Seq};

use crate::fixture::{Client, Machine, item, name, schema};

/// Writes down what it hears, and refuses a word.
struct Witness {
    name: &'static str,
    /// What running may not hold, and where that is found.
    refuses: Option<(Phase, &'static str)>,
    heard: AtStart,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Witness {
    fn answer(&self, phase: Phase, tx: &Transaction) -> Answer {
        let start = if tx.is_start() { "start " } else { "" };
        let before = tx.before.root().slots().len();
        let seq = tx.seq().map_or(String::new(), |seq| format!(" {seq}"));
        let line = format!("{}.{} {start}{before}{seq}", self.name, phase.name());
        self.calls.lock().unwrap().push(line);
        match self.refuses {
            Some((at, word)) if at == phase && tx.changes.to_string().contains(word) => {
                Err(Refusal::new(self.name, format!("no {word} here")))
            }
            _ => Ok(()),
        }
    }

    fn told<'a>(&self, phase: Phase, tx: &Transaction) -> BoxFuture<'a, ()> {
        self.answer(phase, tx).ok();
        Box::pin(std::future::ready(()))
    }

    fn asked<'a>(&self, phase: Phase, tx: &Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(std::future::ready(self.answer(phase, tx)))
    }
}

impl Participant for Witness {
    fn name(&self) -> &str {
        self.name
    }
    fn at_start(&self) -> AtStart {
        self.heard
    }
    /// Not asked for a start.
    fn interested(&self, tx: &Transaction) -> bool {
        !tx.is_start()
    }
    fn begin<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.asked(Phase::Begin, tx)
    }
    fn validate<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.asked(Phase::Validate, tx)
    }
    fn complete<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.asked(Phase::Complete, tx)
    }
    fn commit<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.asked(Phase::Commit, tx)
    }
    fn commit_done<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, ()> {
        self.told(Phase::CommitDone, tx)
    }
    fn end<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, ()> {
        self.told(Phase::End, tx)
    }
    fn revert<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.asked(Phase::Revert, tx)
    }
    fn abort<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, ()> {
        self.told(Phase::Abort, tx)
    }
}

/// The start of a machine with two witnesses, of which the second refuses; and what they heard.
async fn started(
    machine: &Machine,
    mode: StartMode,
    refuses: Option<(Phase, &'static str)>,
) -> (Result<Engine, StartError>, String) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let witness = |name, refuses, heard| {
        Arc::new(Witness {
            name,
            refuses,
            heard,
            calls: calls.clone(),
        })
    };
    let engine = machine
        .builder(schema())
        .start(mode)
        .participant(witness("a", None, AtStart::Whole))
        .participant(witness("b", refuses, AtStart::Whole))
        .participant(witness("deaf", None, AtStart::Nothing))
        .open()
        .await;
    let calls = calls.lock().unwrap().join(", ");
    (engine, calls)
}

/// A machine whose running holds a name, made by one commit, and whose program was killed.
async fn with_name() -> Machine {
    let machine = Machine::new();
    let engine = machine.start().await.unwrap();
    let alice = Client::open(&engine, "alice").await;
    alice.set(&name("kept")).await.unwrap();
    machine
}

const WHOLE: &str = "a.begin start 0, b.begin start 0, a.validate start 0, b.validate start 0, \
                     a.complete start 0, b.complete start 0, a.commit start 0, b.commit start 0, \
                     a.commit_done start 0 1, b.commit_done start 0 1, a.end start 0 1, b.end start 0 1";

#[tokio::test]
async fn participants_hear_all_of_running_before_anybody_else_asks() {
    let machine = with_name().await;
    let (engine, calls) = started(&machine, StartMode::Running, None).await;
    assert_eq!(calls, WHOLE);
    // No commit: the history is as it was, and numbers of transactions are not used twice.
    let engine = engine.unwrap();
    assert_eq!(engine.running().seq, Seq(1));
    let alice = Client::open(&engine, "alice").await;
    let first = alice.set(&item(1, "x")).await.unwrap().tid;
    let heads = engine.history(None, 10).await.unwrap();
    assert!(first.0 > heads[1].tid.0 + 1, "{first} {:?}", heads[1].tid);
}

#[tokio::test]
async fn an_empty_store_and_mode_none_have_nothing_to_say() {
    let (engine, calls) = started(&Machine::new(), StartMode::Running, None).await;
    engine.unwrap();
    assert_eq!(calls, "");
    let (engine, calls) = started(&with_name().await, StartMode::None, None).await;
    engine.unwrap();
    assert_eq!(calls, "");
}

#[tokio::test]
async fn who_made_something_hears_that_nothing_is_left_of_it() {
    let machine = with_name().await;
    let (engine, calls) = started(&machine, StartMode::Init, None).await;
    assert_eq!(engine.unwrap().running().seq, Seq(2));
    assert!(
        calls.ends_with("a.end start 0 2, b.end start 0 2"),
        "{calls}"
    );
}

#[tokio::test]
async fn participants_see_what_the_start_itself_commits() {
    // A confirmed commit that nobody confirmed, a file that was edited, and an extra document.
    let machine = with_name().await;
    {
        let engine = machine.start().await.unwrap();
        let alice = Client::open(&engine, "alice").await;
        alice.edit(&name("unconfirmed")).await.unwrap();
        let confirmed = Confirmed {
            timeout: 600,
            persist: Some("p".into()),
        };
        let parameters = CommitParameters {
            confirmed: Some(confirmed),
            ..CommitParameters::default()
        };
        alice.commit_with(parameters).await.unwrap();
    }
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    struct Seer(Arc<Mutex<Vec<String>>>);
    impl Participant for Seer {
        fn name(&self) -> &str {
            "seer"
        }
        fn commit<'a>(&'a self, tx: &'a Transaction) -> BoxFuture<'a, Answer> {
            self.0.lock().unwrap().push(tx.changes.to_string());
            Box::pin(std::future::ready(Ok(())))
        }
    }
    let extra = Extra {
        name: "extra.xml".to_owned(),
        content: Document::xml(item(7, "extra").into_bytes()),
    };
    machine
        .builder(schema())
        .extra(extra)
        .participant(Arc::new(Seer(seen.clone())))
        .open()
        .await
        .unwrap();
    let seen = seen.lock().unwrap().join("");
    assert!(seen.contains("kept") && seen.contains("extra"), "{seen}");
    assert!(!seen.contains("unconfirmed"), "{seen}");
}

#[tokio::test]
async fn a_refusal_is_a_failed_start_that_changes_nothing() {
    let machine = with_name().await;
    for (phase, way_back) in [
        (
            Phase::Begin,
            "b.begin start 0, b.abort start 0, a.abort start 0",
        ),
        (
            Phase::Validate,
            "b.validate start 0, b.abort start 0, a.abort start 0",
        ),
        (
            Phase::Commit,
            "b.commit start 0, b.revert start 0, a.revert start 0, b.abort start 0, a.abort start 0",
        ),
    ] {
        let (before, facts) = (machine.running_file(), machine.log.facts("").unwrap());
        let (engine, calls) = started(&machine, StartMode::Running, Some((phase, "kept"))).await;
        let error = engine.err().unwrap().to_string();
        let named = format!("b refused in {} what running would be", phase.name());
        assert!(
            error.contains(&named) && error.contains("no kept here"),
            "{error}"
        );
        assert!(error.contains("mode `none`"), "{error}");
        assert!(calls.ends_with(way_back), "{calls}");
        assert_eq!(
            (machine.running_file(), machine.log.facts("").unwrap()),
            (before, facts)
        );
    }
    let (engine, _) = started(&machine, StartMode::Running, None).await;
    engine.unwrap();
}

#[tokio::test]
async fn what_else_a_program_needs_is_had_before_participants_hear_and_anything_is_written() {
    let machine = with_name().await;
    let before = (machine.log.head().unwrap(), machine.running_file());
    let calls = Arc::new(Mutex::new(Vec::new()));
    let witness = Witness {
        name: "a",
        refuses: None,
        heard: AtStart::Whole,
        calls: calls.clone(),
    };
    let failed = machine
        .builder(schema())
        .participant(Arc::new(witness))
        .start(StartMode::Init)
        .before_it_writes(|| async { Err::<(), _>(std::io::Error::other("the port is taken")) })
        .open()
        .await;
    assert_eq!(failed.err().unwrap().to_string(), "the port is taken");
    assert!(calls.lock().unwrap().is_empty());
    assert_eq!(
        (machine.log.head().unwrap(), machine.running_file()),
        before
    );
}

#[tokio::test]
async fn failsafe_takes_the_place_of_what_was_refused_and_participants_hear_of_it() {
    let machine = with_name().await;
    let failsafe = format!("<config>\n{}\n</config>\n", name("safe"));
    let path = Path::new("/store/failsafe_db");
    let write = &mut |out: &mut dyn std::io::Write| out.write_all(failsafe.as_bytes());
    machine
        .files
        .write(path, banyan_engine::files::Sync::Now, write)
        .unwrap();
    let refuses = Some((Phase::Commit, "kept"));
    let (engine, calls) = started(&machine, StartMode::Running, refuses).await;
    let engine = engine.unwrap();
    assert!(
        calls.contains("b.abort start 0, a.abort start 0, a.begin start 0"),
        "{calls}"
    );
    assert!(
        calls.ends_with("a.end start 0 2, b.end start 0 2"),
        "{calls}"
    );
    let alice = Client::open(&engine, "alice").await;
    assert_eq!(alice.show(Datastore::Running).await, name("safe"));
    drop((alice, engine));
    // Failsafe is refused as well.
    let (engine, _) = started(&machine, StartMode::Running, Some((Phase::Commit, "safe"))).await;
    let error = engine.err().unwrap().to_string();
    assert!(
        error.contains("failsafe cannot be used in its place"),
        "{error}"
    );
}

#[tokio::test]
async fn a_program_is_told_that_it_is_a_start() {
    let machine = with_name().await;
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let script = format!(
        "echo $BANYAN_START $BANYAN_PHASE >>{0}; cat >>{0}",
        out.display()
    );
    let program = Program::new("p", "sh", [Phase::Commit]).arguments(["-c", &script]);
    let program = program.interested_in(&schema(), ["/t:item"]).unwrap();
    let engine = machine
        .builder(schema())
        .participant(Arc::new(program))
        .open()
        .await
        .unwrap();
    // Nothing is left of what it cares for, and it hears that.
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(text.starts_with("1 commit\n"), "{text}");
    assert!(
        text.contains("\"start\":true") && text.contains("\"changes\":[]"),
        "{text}"
    );
    let alice = Client::open(&engine, "alice").await;
    alice.set(&item(1, "x")).await.unwrap();
    let text = std::fs::read_to_string(&out).unwrap();
    let commit = text
        .split_once("commit\n")
        .unwrap()
        .1
        .split_once("commit\n")
        .unwrap()
        .1;
    assert!(!commit.contains("\"start\""), "{commit}");
}
