//! Where a commit runs: handing it from thread to thread costs more than a small one does in all.

use std::thread::{self, ThreadId};

use super::*;
use crate::participant::Phase;

/// The threads that did something, in order.
#[derive(Clone, Default)]
struct Threads(Arc<Mutex<Vec<(&'static str, ThreadId)>>>);

impl Threads {
    fn note(&self, what: &'static str) {
        let here = thread::current().id();
        self.0.lock().unwrap().push((what, here));
    }

    fn ask(&self, phase: Phase) -> BoxFuture<'_, Answer> {
        Box::pin(async move {
            self.note(phase.name());
            Ok(())
        })
    }
}

impl Participant for Threads {
    fn name(&self) -> &str {
        "threads"
    }

    fn begin<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.ask(Phase::Begin)
    }

    fn commit<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.ask(Phase::Commit)
    }

    fn end<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, ()> {
        Box::pin(async move { self.note(Phase::End.name()) })
    }
}

/// A log that notes who appends.
struct Noted(MemoryLog, Threads);

impl CommitLog for Noted {
    fn head(&self) -> Result<Seq, LogError> {
        self.0.head()
    }

    fn tail(&self) -> Result<Seq, LogError> {
        self.0.tail()
    }

    fn append(
        &self,
        expected_head: Seq,
        records: &[Record],
        facts: Facts<'_>,
    ) -> Result<Appended, LogError> {
        self.1.note("append");
        self.0.append(expected_head, records, facts)
    }

    fn read(&self, from: Seq, limit: usize) -> Result<Vec<Record>, LogError> {
        self.0.read(from, limit)
    }

    fn history(&self, newest: Seq, limit: usize) -> Result<Vec<RecordHead>, LogError> {
        self.0.history(newest, limit)
    }

    fn trim(&self, seq: Seq) -> Result<(), LogError> {
        self.0.trim(seq)
    }

    fn set(&self, facts: Facts<'_>) -> Result<(), LogError> {
        self.1.note("promise");
        self.0.set(facts)
    }

    fn facts(&self, prefix: &str) -> Result<BTreeMap<String, String>, LogError> {
        self.0.facts(prefix)
    }
}

#[tokio::test]
async fn a_commit_that_waits_for_nobody_is_done_by_one_thread_of_the_pool() {
    let threads = Threads::default();
    let engine = EngineBuilder::new(schema())
        .seams(Seams {
            files: Arc::new(MemoryFiles::default()),
            clock: Arc::new(SystemClock),
            log: Arc::new(Noted(MemoryLog::default(), threads.clone())),
        })
        .participant(Arc::new(threads.clone()))
        .open()
        .await
        .unwrap();
    let change = |id: usize| {
        let threads = threads.clone();
        let call = Call::new(SessionId(0), Principal::user("a"));
        let engine = engine.clone();
        async move {
            let (parameters, options) = (CommitParameters::default(), Options::none());
            let edit = move |tree: &Tree| {
                threads.note("edit");
                Ok(edited(tree, &item(id)))
            };
            let source = internal_source();
            engine
                .change(&call, source, parameters, options, edit)
                .await
        }
    };
    let done = |expected: &[&str]| {
        let done = std::mem::take(&mut *threads.0.lock().unwrap());
        let what: Vec<_> = done.iter().map(|(what, _)| *what).collect();
        assert_eq!(what, expected);
        let here = thread::current().id();
        let first = done[0].1;
        assert!(first != here, "it keeps the runtime from its work");
        assert!(done.iter().all(|(_, thread)| *thread == first), "{done:?}");
    };
    threads.0.lock().unwrap().clear();
    change(1).await.unwrap();
    done(&["edit", "promise", "begin", "commit", "append", "end"]);
    change(2).await.unwrap();
    done(&["edit", "begin", "commit", "append", "end"]);
}

#[tokio::test]
async fn who_wrote_his_own_commit_does_not_write_those_of_others_before_he_answers() {
    let bench = Bench::new().await;
    let commits = bench.behind(&["a", "b", "c"]).await;
    let [first, second, third] = commits.try_into().ok().unwrap();
    // The second batch is not written, and the first one has its answer.
    bench.log.give(&[Fate::Write]);
    assert_eq!(seq(first).await, Some(Seq(1)));
    bench.log.reached(2).await;
    bench.log.open();
    assert_eq!(seq(second).await, Some(Seq(2)));
    assert_eq!(seq(third).await, Some(Seq(3)));
}
