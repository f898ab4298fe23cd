//! A log in memory, for tests and for a device without a disk. It fails when told to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Appended, CommitLog, Facts, LogError, Moment, Record, RecordHead};
use crate::number::Seq;

#[derive(Default)]
struct State {
    records: BTreeMap<Seq, Record>,
    trimmed_to: Seq,
    facts: BTreeMap<String, String>,
    failing: bool,
    writes: usize,
    stop_at: Option<usize>,
}

/// A log in memory. A clone opens the same log again, so it survives a simulated restart: also one after
/// [`CommitLog::close`].
#[derive(Default)]
pub struct MemoryLog {
    state: Arc<Mutex<State>>,
    closed: AtomicBool,
}

impl Clone for MemoryLog {
    fn clone(&self) -> MemoryLog {
        MemoryLog {
            state: self.state.clone(),
            closed: AtomicBool::new(false),
        }
    }
}

const FILE: &str = "(memory)";

impl MemoryLog {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readable(&self) -> Result<MutexGuard<'_, State>, LogError> {
        let state = self.state();
        match self.closed.load(Ordering::Acquire) {
            false => Ok(state),
            true => Err(LogError::Closed {
                file: FILE.to_owned(),
            }),
        }
    }

    /// Lets all writes fail from now on, or work again.
    pub fn set_failing(&self, failing: bool) {
        let mut state = self.state();
        state.failing = failing;
        state.stop_at = None;
    }

    /// Lets all writes fail from the given one on, counted from now.
    pub fn fail_from(&self, write: usize) {
        let mut state = self.state();
        state.stop_at = Some(state.writes + write);
    }

    fn writable(&self) -> Result<MutexGuard<'_, State>, LogError> {
        let mut state = self.readable()?;
        if state.stop_at.is_some_and(|stop| state.writes >= stop) {
            state.failing = true;
        }
        if state.failing {
            return Err(LogError::Storage {
                file: FILE.to_owned(),
                reason: "injected: no space left on device".to_owned(),
            });
        }
        state.writes += 1;
        Ok(state)
    }
}

impl State {
    fn head(&self) -> Seq {
        self.records
            .last_key_value()
            .map_or(self.trimmed_to, |(seq, _)| *seq)
    }

    fn set(&mut self, facts: Facts<'_>) {
        for (name, value) in facts {
            match value {
                Some(value) => self.facts.insert((*name).to_owned(), (*value).to_owned()),
                None => self.facts.remove(*name),
            };
        }
    }
}

impl CommitLog for MemoryLog {
    fn head(&self) -> Result<Seq, LogError> {
        Ok(self.readable()?.head())
    }

    fn tail(&self) -> Result<Seq, LogError> {
        let state = self.readable()?;
        Ok(state
            .records
            .first_key_value()
            .map_or(Seq(state.trimmed_to.0 + 1), |(seq, _)| *seq))
    }

    fn append(
        &self,
        expected_head: Seq,
        records: &[Record],
        facts: Facts<'_>,
    ) -> Result<Appended, LogError> {
        let mut state = self.writable()?;
        let head = state.head();
        if head != expected_head {
            return Ok(Appended::HeadMoved(head));
        }
        let places = (head.0 + 1..).map(Seq);
        state.records.extend(places.zip(records.iter().cloned()));
        state.set(facts);
        Ok(Appended::At(Seq(head.0 + records.len() as u64)))
    }

    fn replace(
        &self,
        expected_head: Seq,
        records: &[Record],
        facts: Facts<'_>,
    ) -> Result<Appended, LogError> {
        let mut state = self.writable()?;
        let head = state.head();
        if head != expected_head {
            return Ok(Appended::HeadMoved(head));
        }
        let places = (1..).map(Seq);
        state.records = places.zip(records.iter().cloned()).collect();
        state.trimmed_to = Seq(0);
        state.set(facts);
        Ok(Appended::At(Seq(records.len() as u64)))
    }

    fn read(&self, from: Seq, limit: usize) -> Result<Vec<Record>, LogError> {
        let state = self.readable()?;
        Ok(state
            .records
            .range(from..)
            .take(limit)
            .map(|(_, record)| record.clone())
            .collect())
    }

    fn history(&self, newest: Seq, limit: usize) -> Result<Vec<RecordHead>, LogError> {
        let state = self.readable()?;
        Ok(state
            .records
            .range(..=newest)
            .rev()
            .take(limit)
            .map(|(_, record)| record.head.clone())
            .collect())
    }

    fn trim(&self, seq: Seq) -> Result<(), LogError> {
        let mut state = self.writable()?;
        let last = state.head();
        state.records.retain(|at, _| *at >= seq);
        if state.records.is_empty() {
            state.trimmed_to = last;
        }
        Ok(())
    }

    fn set(&self, facts: Facts<'_>) -> Result<(), LogError> {
        self.writable()?.set(facts);
        Ok(())
    }

    fn moment(&self) -> Result<Moment, LogError> {
        let state = self.readable()?;
        let first = state.records.first_key_value().map(|(seq, _)| *seq);
        Ok(Moment {
            head: state.head(),
            tail: first.unwrap_or(Seq(state.head().0 + 1)),
            facts: state.facts.clone(),
        })
    }

    fn facts(&self, prefix: &str) -> Result<BTreeMap<String, String>, LogError> {
        Ok(self
            .readable()?
            .facts
            .range(prefix.to_owned()..)
            .take_while(|(name, _)| name.starts_with(prefix))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect())
    }

    fn close(&self) {
        // Under the lock, so that no call is in progress then.
        let _state = self.state();
        self.closed.store(true, Ordering::Release);
    }
}
