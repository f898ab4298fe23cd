//! Answers of a provider that are given more than once: one run for all who want the same at the same time, and for
//! those who come soon after.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use banyan_data::Tree;
use banyan_data::path::InstancePath;
use jiff::Timestamp;

use crate::backend::Result;
use crate::clock::Clock;

/// How many different questions are remembered.
const QUESTIONS: usize = 64;

/// When an answer came, and what it is.
type Answer = Option<(Timestamp, Result<Tree>)>;

/// Where an answer will be; held by who asks for it.
type Cell = Arc<tokio::sync::Mutex<Answer>>;

/// Answers by what was wanted; the question asked last stands first.
#[derive(Default)]
pub(crate) struct Kept(Mutex<VecDeque<(Vec<InstancePath>, Cell)>>);

impl Kept {
    /// The answer of not more than `keeps_for` ago, or that of `ask`. Who comes while another asks waits for his answer,
    /// also when that is an error; when he gives up, the next one asks.
    pub async fn answer(
        &self,
        wanted: &[InstancePath],
        keeps_for: Duration,
        clock: &dyn Clock,
        ask: impl Future<Output = Result<Tree>>,
    ) -> Result<Tree> {
        let cell = self.cell(wanted);
        let mut answer = cell.lock().await;
        if let Some((when, answer)) = &*answer
            && is_young(*when, clock.now(), keeps_for)
        {
            return answer.clone();
        }
        let fresh = ask.await;
        *answer = Some((clock.now(), fresh.clone()));
        fresh
    }

    fn cell(&self, wanted: &[InstancePath]) -> Cell {
        // Changed in single steps that leave it whole.
        let mut questions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = questions.iter().position(|(asked, _)| asked == wanted)
            && let Some(question) = questions.remove(at)
        {
            let cell = question.1.clone();
            questions.push_front(question);
            return cell;
        }
        let cell = Cell::default();
        questions.push_front((wanted.to_vec(), cell.clone()));
        questions.truncate(QUESTIONS);
        cell
    }
}

fn is_young(when: Timestamp, now: Timestamp, keeps_for: Duration) -> bool {
    let age = now.duration_since(when);
    // A clock that was set back makes no answer older.
    Duration::try_from(age).is_ok_and(|age| age < keeps_for)
}
