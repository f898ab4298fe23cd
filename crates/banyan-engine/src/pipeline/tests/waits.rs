//! What ends a wait: a deadline, who asked goes away, the program stops.

use std::time::Instant;

use tokio::task::JoinHandle;

use super::*;

impl Bench {
    /// A commit of an edit by who may go away, or waits only so long.
    fn begin_as(&self, call: &Call, edit: String) -> Committing {
        let (engine, call) = (self.engine.clone(), call.clone());
        tokio::spawn(async move {
            let (parameters, options) = (CommitParameters::default(), Options::none());
            let edit = move |tree: &Tree| Ok(edited(tree, &edit));
            let source = internal_source();
            engine
                .change(&call, source, parameters, options, edit)
                .await
        })
    }

    /// One whose participants take long.
    async fn held(&self, user: &str, edit: &str) -> Committing {
        *self.witness.held.lock().unwrap() = Some(user.into());
        let held = self.begin(user, edit);
        self.witness.called(&format!("{user}.commit")).await;
        held
    }

    /// Begins to stop, until no commit begins any more.
    async fn stop(&self) -> JoinHandle<crate::backend::Result<()>> {
        let engine = self.engine.clone();
        let stopping = tokio::spawn(async move { engine.stop().await });
        while self.engine.0.in_progress.check().is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stopping
    }

    fn results(&self, result: &str) -> usize {
        let timings = self.engine.timings();
        let is_it = |timing: &&Arc<crate::observe::Timing>| timing.result.name() == result;
        timings.iter().filter(is_it).count()
    }
}

fn call(user: &str) -> Call {
    Call::new(SessionId(0), Principal::user(user))
}

#[tokio::test]
async fn who_goes_away_while_he_waits_for_others_waits_no_longer() {
    let bench = Bench::new().await;
    bench.log.open();
    let slow = bench.held("a", &item(1)).await;
    let gone = call("b");
    let waiting = bench.begin_as(&gone, item(1));
    while bench.engine.0.reservations.waiting() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    gone.cancel.cancel();
    assert!(error(waiting).await.contains("the request was cancelled"));
    assert_eq!(bench.results("cancelled"), 1);
    bench.witness.go.add_permits(1);
    assert_eq!(seq(slow).await, Some(Seq(1)));
    // Nobody is in the way any more.
    assert_eq!(bench.engine.0.reservations.waiting(), 0);
    assert_eq!(
        seq(bench.begin("c", "<item><id>1</id><value>y</value></item>")).await,
        Some(Seq(2))
    );
}

#[tokio::test]
async fn participants_have_no_longer_than_the_one_who_asks() {
    let bench = Bench::new().await;
    bench.log.open();
    *bench.witness.held.lock().unwrap() = Some("a".into());
    let mut hurried = call("a");
    hurried.deadline = Some(Instant::now() + Duration::from_millis(50));
    let error = error(bench.begin_as(&hurried, item(1))).await;
    assert!(error.contains("the deadline of the request"), "{error}");
    // What must be undone is undone, however late it is.
    assert_eq!(bench.witness.of("a").join(" "), "a.commit a.revert a.abort");
    assert_eq!(bench.log.head().unwrap(), Seq(0));
}

#[tokio::test]
async fn a_commit_that_is_not_decided_when_the_program_stops_is_taken_back() {
    let bench = Bench::new().await;
    bench.log.open();
    let slow = bench.held("a", &item(1)).await;
    let stopping = bench.stop().await;
    // The time for commits in progress is over.
    bench.engine.cut_commits();
    stopping.await.unwrap().unwrap();
    let error = error(slow).await;
    assert!(error.contains("the server stops"), "{error}");
    // Another program may have the directory by now: nothing is written any more.
    assert_eq!(bench.log.head().unwrap(), Seq(0));
    assert_eq!(bench.witness.of("a").join(" "), "a.commit a.revert a.abort");
}

#[tokio::test]
async fn a_commit_that_has_its_place_when_the_program_stops_is_written_first() {
    let bench = Bench::new().await;
    let queued = bench.begin("a", &item(1));
    bench.log.reached(1).await;
    let stopping = bench.stop().await;
    bench.log.open();
    stopping.await.unwrap().unwrap();
    assert_eq!(seq(queued).await, Some(Seq(1)));
    bench.is_what_the_log_says().await;
}

#[tokio::test]
async fn who_commits_and_goes_away_is_committed() {
    let bench = Bench::new().await;
    let call = call("a");
    let commit = bench.begin_as(&call, item(1));
    bench.log.reached(1).await;
    call.cancel.cancel();
    commit.abort();
    bench.log.open();
    bench.witness.called("a.end 1").await;
    assert_eq!(bench.running().seq, Seq(1));
}

/// Fails where nobody expects it.
struct Absurd;

impl Participant for Absurd {
    fn name(&self) -> &str {
        "absurd"
    }

    fn deadline(&self, _: crate::participant::Phase) -> Duration {
        panic!("no time")
    }
}

#[tokio::test]
async fn a_participant_without_a_sense_of_time_costs_nobody_his_commit() {
    let engine = EngineBuilder::new(schema())
        .participant(Arc::new(Absurd))
        .open()
        .await
        .unwrap();
    let (parameters, options) = (CommitParameters::default(), Options::none());
    let edit = |tree: &Tree| Ok(edited(tree, &item(1)));
    let committed = engine
        .change(&call("a"), internal_source(), parameters, options, edit)
        .await;
    assert_eq!(committed.unwrap().seq, Some(Seq(1)));
}
