//! Calls participants phase by phase: who is called with what, in which order, and what a refusal costs.
//!
//! Knows nothing of trees, logs and datastores: it is the table of DESIGN section 3, step 4 and 7.

use std::any::Any;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::backend::BoxFuture;
use crate::blocking::panic_text;
use crate::clock::Clock;
use crate::cut::{Cut, CutShort};
use crate::observe::{Lap, Stage, Watch};
use crate::participant::{Answer, AtStart, Participant, Phase, Refusal, Transaction};

/// How long one may take whose deadline cannot be found out.
const DEADLINE: Duration = Duration::from_secs(60);

/// Why the participants did not get a transaction to its point of no return.
#[derive(Debug)]
pub struct Refused {
    /// The phase that was refused.
    pub phase: Phase,
    /// Who refused, and why.
    pub refusal: Refusal,
    /// Who could not undo what he did, and what remains where.
    pub remains: Vec<Refusal>,
    /// Nobody refused: the commit was cut short while that participant was at work.
    pub cut: Option<CutShort>,
}

/// The participants of one transaction.
pub struct Phases<'a> {
    participants: Vec<&'a Arc<dyn Participant>>,
    transaction: &'a Transaction,
    clock: &'a Arc<dyn Clock>,
    begun: usize,
    /// How many have been asked to commit.
    committing: usize,
    watch: Option<&'a Watch>,
    cut: Option<&'a Cut>,
}

impl<'a> Phases<'a> {
    /// Asks who takes part. A participant that panics here takes part, so that it can refuse.
    pub fn of(
        all: &'a [Arc<dyn Participant>],
        transaction: &'a Transaction,
        clock: &'a Arc<dyn Clock>,
    ) -> Self {
        let takes_part = |participant: &&Arc<dyn Participant>| {
            catch_unwind(AssertUnwindSafe(|| match transaction.is_start() {
                true => participant.at_start() == AtStart::Whole,
                false => participant.interested(transaction),
            }))
            .unwrap_or(true)
        };
        let participants = all.iter().filter(takes_part).collect();
        Phases {
            participants,
            transaction,
            clock,
            begun: 0,
            committing: 0,
            watch: None,
            cut: None,
        }
    }

    /// Measures what each takes.
    pub fn measured_by(mut self, watch: &'a Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Ends with this, as long as there is a way back: who is at work then is not waited for.
    pub fn cut_by(mut self, cut: &'a Cut) -> Self {
        self.cut = Some(cut);
        self
    }

    /// What is asked from now on is one part of the commit.
    fn part(&self, stage: Stage) -> Option<Lap> {
        let watch = self.watch.filter(|_| !self.is_empty())?;
        Some(watch.begin(stage))
    }

    /// Whether nobody takes part.
    pub fn is_empty(&self) -> bool {
        self.participants.is_empty()
    }

    /// Runs `begin`, `validate`, `complete`. On a refusal all that began have been aborted.
    pub async fn prepare(&mut self) -> Result<(), Refused> {
        let _part = self.part(Stage::Participants);
        for phase in [Phase::Begin, Phase::Validate, Phase::Complete] {
            for index in 0..self.participants.len() {
                if phase == Phase::Begin {
                    self.begun = index + 1;
                }
                if let Err(refusal) = self.ask(index, phase).await {
                    let cut = self.cut.and_then(Cut::has_come);
                    self.abort().await;
                    return Err(Refused {
                        phase,
                        refusal,
                        remains: Vec::new(),
                        cut,
                    });
                }
            }
        }
        Ok(())
    }

    /// Runs `commit`. On a refusal all that were asked have been reverted, and all aborted.
    pub async fn commit(&mut self) -> Result<(), Refused> {
        let _part = self.part(Stage::Participants);
        for index in 0..self.participants.len() {
            self.committing = index + 1;
            if let Err(refusal) = self.ask(index, Phase::Commit).await {
                let cut = self.cut.and_then(Cut::has_come);
                return Err(Refused {
                    phase: Phase::Commit,
                    refusal,
                    remains: self.take_back().await,
                    cut,
                });
            }
        }
        Ok(())
    }

    /// Reverts those that were asked to commit, in reverse order, and aborts all; returns who could not
    /// undo what he did.
    pub async fn take_back(&mut self) -> Vec<Refusal> {
        let _part = self.part(Stage::TakeBack);
        let mut remains = Vec::new();
        for index in (0..self.committing).rev() {
            if let Err(refusal) = self.ask(index, Phase::Revert).await {
                remains.push(refusal);
            }
        }
        self.committing = 0;
        self.abort().await;
        remains
    }

    /// Aborts those that began, in reverse order.
    pub async fn abort(&mut self) {
        for index in (0..self.begun).rev() {
            self.tell(index, Phase::Abort).await;
        }
        self.begun = 0;
    }

    /// Runs `commit_done` and `end`.
    pub async fn finish(&mut self) {
        let _part = self.part(Stage::Finish);
        for phase in [Phase::CommitDone, Phase::End] {
            for index in 0..self.participants.len() {
                self.tell(index, phase).await;
            }
        }
    }

    /// A phase that cannot refuse: what goes wrong is logged.
    async fn tell(&self, index: usize, phase: Phase) {
        if let Err(refusal) = self.ask(index, phase).await {
            tracing::error!(
                tid = self.transaction.tid.0,
                phase = phase.name(),
                participant = &*refusal.participant,
                "{}",
                refusal.message
            );
        }
    }

    async fn ask(&self, index: usize, phase: Phase) -> Answer {
        let name = self.participants[index].name();
        let lap = self.watch.map(|watch| watch.ask(phase, name));
        let answer = self.answer(index, phase).await;
        match lap {
            Some(lap) => lap.seen(answer),
            None => answer,
        }
    }

    async fn answer(&self, index: usize, phase: Phase) -> Answer {
        let participant = &**self.participants[index];
        let transaction = self.transaction;
        let start = || -> BoxFuture<'_, Answer> {
            match phase {
                Phase::Begin => participant.begin(transaction),
                Phase::Validate => participant.validate(transaction),
                Phase::Complete => participant.complete(transaction),
                Phase::Commit => participant.commit(transaction),
                Phase::Revert => participant.revert(transaction),
                Phase::CommitDone => agreed(participant.commit_done(transaction)),
                Phase::End => agreed(participant.end(transaction)),
                Phase::Abort => agreed(participant.abort(transaction)),
            }
        };
        let refuse = |message: String| Refusal::new(participant.name(), message);
        let panicked = |payload: Box<dyn Any + Send>| {
            refuse(format!(
                "failed in {} with an internal error ({}); see the server's log",
                phase.name(),
                panic_text(&payload)
            ))
        };
        let mut answer = catch_unwind(AssertUnwindSafe(start)).map_err(panicked)?;
        let guarded = poll_fn(|context| {
            match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(result)) => Poll::Ready(result),
                Err(payload) => Poll::Ready(Err(panicked(payload))),
            }
        });
        let deadline = || participant.deadline(phase);
        let deadline = catch_unwind(AssertUnwindSafe(deadline)).unwrap_or(DEADLINE);
        let (limit, whose) = match self.patience(phase) {
            Some(left) if left < deadline => (left, ", when the deadline of the request was over"),
            _ => (deadline, ""),
        };
        // The way back is gone to its end.
        let cut = async {
            match self.cut {
                Some(cut) if phase < Phase::CommitDone => cut.comes().await,
                _ => pending().await,
            }
        };
        tokio::select! {
            biased;
            why = cut => Err(refuse(format!("was cut short in {}: {why}", phase.name()))),
            result = guarded => result,
            () = self.clock.sleep(limit) => Err(refuse(format!(
                "did not answer in {} within {} s{whose}",
                phase.name(),
                limit.as_secs_f32()
            ))),
        }
    }

    /// How long the one who commits still waits; what must be done in any case does not ask.
    fn patience(&self, phase: Phase) -> Option<Duration> {
        let asks = matches!(
            phase,
            Phase::Begin | Phase::Validate | Phase::Complete | Phase::Commit
        );
        let deadline = self.transaction.call.deadline.filter(|_| asks)?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }
}

fn agreed<'a>(told: BoxFuture<'a, ()>) -> BoxFuture<'a, Answer> {
    Box::pin(async move {
        told.await;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use banyan_data::Tree;
    use banyan_data::change::ChangeSet;
    use banyan_yang::schema::{NodeKind, Schema, SchemaNode, SchemaParts};
    use banyan_yang::source::Span;

    use super::*;
    use crate::backend::{Call, CommitParameters, Principal};
    use crate::clock::ManualClock;
    use crate::number::{Seq, Tid};
    use crate::participant::{Options, TransactionParts};
    use crate::session::{INTERNAL, internal_source};

    #[derive(Clone, Copy, PartialEq, Debug)]
    enum Way {
        Refuse,
        Panic,
        Hang,
    }

    /// Writes down what it is called with, and fails in one phase.
    struct Witness {
        name: &'static str,
        fails: Option<(Phase, Way)>,
        calls: Arc<Mutex<Vec<String>>>,
    }

    impl Witness {
        fn answer(&self, phase: Phase) -> BoxFuture<'_, Answer> {
            let name = self.name;
            self.calls
                .lock()
                .unwrap()
                .push(format!("{name}.{}", phase.name()));
            let way = self
                .fails
                .filter(|(at, _)| *at == phase)
                .map(|(_, way)| way);
            Box::pin(async move {
                match way {
                    None => Ok(()),
                    Some(Way::Refuse) => Err(Refusal::new(name, "no")),
                    Some(Way::Panic) => panic!("boom"),
                    Some(Way::Hang) => std::future::pending().await,
                }
            })
        }

        fn told(&self, phase: Phase) -> BoxFuture<'_, ()> {
            let answer = self.answer(phase);
            Box::pin(async move {
                answer.await.ok();
            })
        }
    }

    impl Participant for Witness {
        fn name(&self) -> &str {
            self.name
        }
        fn begin<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
            self.answer(Phase::Begin)
        }
        fn validate<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
            self.answer(Phase::Validate)
        }
        fn complete<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
            self.answer(Phase::Complete)
        }
        fn commit<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
            self.answer(Phase::Commit)
        }
        fn revert<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, Answer> {
            self.answer(Phase::Revert)
        }
        fn commit_done<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, ()> {
            self.told(Phase::CommitDone)
        }
        fn end<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, ()> {
            self.told(Phase::End)
        }
        fn abort<'a>(&'a self, _: &'a Transaction) -> BoxFuture<'a, ()> {
            self.told(Phase::Abort)
        }
    }

    fn nothing() -> Transaction {
        let root = SchemaNode::new(
            NodeKind::Root,
            "".into(),
            banyan_yang::schema::ModuleId(0),
            None,
            Span::default(),
        );
        let schema: Arc<Schema> = SchemaParts {
            nodes: vec![root],
            ..SchemaParts::default()
        }
        .assemble();
        let tree = Tree::empty(schema.clone());
        Transaction::new(TransactionParts {
            tid: Tid(1),
            before: tree.clone(),
            base: Seq(0),
            after: tree,
            changes: Arc::new(ChangeSet {
                schema,
                changes: Vec::new(),
                meta: None,
            }),
            parameters: CommitParameters::default(),
            options: Options::none(),
            source: internal_source(),
            call: Call::new(INTERNAL, Principal::user("alice")),
        })
    }

    /// Runs a whole transaction with participants a, b, c, of which b fails, and lists the calls after `begin`.
    fn calls_when_b_fails(fails: Option<(Phase, Way)>) -> (String, Result<(), String>) {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let witness = |name, fails| -> Arc<dyn Participant> {
            Arc::new(Witness {
                name,
                fails,
                calls: calls.clone(),
            })
        };
        let all = [witness("a", None), witness("b", fails), witness("c", None)];
        let manual = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let clock: Arc<dyn Clock> = Arc::new(manual.clone());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let outcome = runtime.block_on(async {
            let transaction = nothing();
            let mut phases = Phases::of(&all, &transaction, &clock);
            let run = async {
                phases.prepare().await?;
                phases.commit().await?;
                phases.finish().await;
                Ok::<_, Refused>(())
            };
            let time = async {
                loop {
                    tokio::task::yield_now().await;
                    if fails.is_some_and(|(_, way)| way == Way::Hang) {
                        manual.advance(Duration::from_secs(61));
                    }
                }
            };
            tokio::select! {
                outcome = run => outcome.map_err(|refused| {
                    format!("{} {}", refused.phase.name(), refused.refusal)
                }),
                () = time => unreachable!(),
            }
        });
        let calls = calls.lock().unwrap().join(" ");
        (calls, outcome)
    }

    const PREPARED: &str = "a.begin b.begin c.begin a.validate b.validate c.validate \
                            a.complete b.complete c.complete";

    #[test]
    fn a_commit_passes_all_phases_in_order_of_registration() {
        let (calls, outcome) = calls_when_b_fails(None);
        assert_eq!(
            calls,
            format!(
                "{PREPARED} a.commit b.commit c.commit \
                 a.commit_done b.commit_done c.commit_done a.end b.end c.end"
            )
        );
        assert_eq!(outcome, Ok(()));
    }

    #[test]
    fn a_refusal_takes_back_what_was_done_in_reverse_order() {
        let table = [
            (Phase::Begin, "a.begin b.begin b.abort a.abort".to_owned()),
            (
                Phase::Validate,
                "a.begin b.begin c.begin a.validate b.validate c.abort b.abort a.abort".to_owned(),
            ),
            (
                Phase::Complete,
                "a.begin b.begin c.begin a.validate b.validate c.validate a.complete b.complete \
                 c.abort b.abort a.abort"
                    .to_owned(),
            ),
            (
                Phase::Commit,
                format!("{PREPARED} a.commit b.commit b.revert a.revert c.abort b.abort a.abort"),
            ),
        ];
        for (phase, expected) in table {
            for way in [Way::Refuse, Way::Panic, Way::Hang] {
                let (calls, outcome) = calls_when_b_fails(Some((phase, way)));
                assert_eq!(calls, expected, "{phase:?} {way:?}");
                let reason = outcome.unwrap_err();
                assert!(reason.starts_with(phase.name()), "{reason}");
            }
        }
    }

    #[test]
    fn after_the_point_of_no_return_nothing_is_taken_back() {
        for phase in [Phase::CommitDone, Phase::End] {
            for way in [Way::Panic, Way::Hang] {
                let (calls, outcome) = calls_when_b_fails(Some((phase, way)));
                assert!(calls.ends_with("a.end b.end c.end"), "{calls}");
                assert_eq!(outcome, Ok(()));
            }
        }
    }
}
