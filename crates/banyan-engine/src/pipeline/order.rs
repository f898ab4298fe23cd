//! The order of answers: what follows a commit (kicks, notifications) begins in the order of the log.
//!
//! Commits become durable many at a time and each goes on in a task of its own, so that they could overtake each
//! other. Each gets its answer when the one before it has given its turn on; slow ones give it on before they end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::queue::Settled;

/// Who is told next that his commit is durable.
struct Next {
    answer: oneshot::Sender<Settled>,
    ordered: bool,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Next>,
    /// Somebody has the turn, or is giving it on.
    taken: bool,
}

/// The line of those whose commits are durable.
#[derive(Clone, Default)]
pub(crate) struct Order(Arc<Mutex<Line>>);

impl Order {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one at the end of the line; [`Order::start`] must follow.
    pub fn add(&self, answer: oneshot::Sender<Settled>, ordered: bool) {
        self.line().waiting.push_back(Next { answer, ordered });
    }

    /// Answers the first in the line, unless somebody has the turn.
    pub fn start(&self) {
        let mut line = self.line();
        if !std::mem::replace(&mut line.taken, true) {
            drop(line);
            self.go_on();
        }
    }

    /// Answers those at the front: up to and with the first that needs the turn for himself. The caller has it.
    fn go_on(&self) {
        loop {
            let next = {
                let mut line = self.line();
                let next = line.waiting.pop_front();
                line.taken = next.is_some();
                next
            };
            let Some(Next { answer, ordered }) = next else {
                return;
            };
            let turn = Turn(ordered.then(|| self.clone()));
            match answer.send(Settled::Durable(turn)) {
                Ok(()) if ordered => return,
                Ok(()) => {}
                // He is gone; his turn must not be given on twice.
                Err(Settled::Durable(mut turn)) => turn.0 = None,
                Err(_) => {}
            }
        }
    }
}

/// The turn of one in the line; the next comes when it is dropped.
#[derive(Default)]
pub(crate) struct Turn(Option<Order>);

impl std::fmt::Debug for Turn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Turn({})", self.0.is_some())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(order) = self.0.take() {
            order.go_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(order: &Order, ordered: bool) -> oneshot::Receiver<Settled> {
        let (answer, settled) = oneshot::channel();
        order.add(answer, ordered);
        order.start();
        settled
    }

    fn turn(settled: &mut oneshot::Receiver<Settled>) -> Option<Turn> {
        match settled.try_recv() {
            Ok(Settled::Durable(turn)) => Some(turn),
            _ => None,
        }
    }

    #[test]
    fn each_waits_for_the_one_before_unless_nobody_cares() {
        let order = Order::default();
        let (mut first, mut second) = (join(&order, true), join(&order, true));
        let (mut third, mut fourth) = (join(&order, false), join(&order, true));
        let first = turn(&mut first).unwrap();
        assert!(turn(&mut second).is_none());
        drop(first);
        let second = turn(&mut second).unwrap();
        assert!(turn(&mut third).is_none());
        drop(second);
        turn(&mut third).unwrap();
        turn(&mut fourth).unwrap();
        let mut fifth = join(&order, true);
        turn(&mut fifth).unwrap();
    }

    #[test]
    fn who_has_gone_holds_up_nobody() {
        let order = Order::default();
        let mut first = join(&order, true);
        drop(join(&order, true));
        let unheard = join(&order, true);
        let mut last = join(&order, true);
        drop(turn(&mut first));
        // The second could not be told; the third was, and goes without a look at it.
        assert!(turn(&mut last).is_none());
        drop(unheard);
        turn(&mut last).unwrap();
    }
}
