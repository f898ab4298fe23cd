//! The last transactions, for people: what `transactions/transaction` shows.
//!
//! In memory; lost at a restart, as the commit log keeps what was committed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use banyan_engine::Tid;
use banyan_engine::clock::Clock;
use jiff::Timestamp;

use crate::machine::{Ending, without_data};
use crate::transaction::{DeviceName, Failure, Outcome, Phase, Transaction};

/// How many are kept.
const KEPT: usize = 100;

/// One transaction.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number.
    pub tid: Tid,
    /// Who started it.
    pub user: Arc<str>,
    /// What it is for.
    pub description: String,
    /// How far it is.
    pub phase: Phase,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The first no.
    pub failure: Option<Failure>,
    /// How it ended for each device; `None` while it has not.
    pub devices: BTreeMap<DeviceName, Option<Ending>>,
    /// When it began.
    pub begun: Timestamp,
    /// When its state last changed.
    pub changed: Timestamp,
}

impl Entry {
    /// One line for messages: `transaction 7 FAILED: www1: the device's words`.
    pub fn summary(&self) -> String {
        let outcome = self.outcome.map_or(self.phase.name(), Outcome::name);
        let mut line = format!("transaction {} {outcome}", self.tid);
        if let Some(failure) = &self.failure {
            line.push_str(&format!(": {}: {}", failure.origin, failure.reason));
        }
        line
    }

    /// The same without data of the device, for who may not read all of them.
    pub fn summary_without_data(&self) -> String {
        let failure = self.failure.clone().map(|failure| Failure {
            reason: without_data(&failure.reason),
            ..failure
        });
        let entry = Entry {
            failure,
            ..self.clone()
        };
        entry.summary()
    }
}

/// The last transactions.
pub struct Ledger {
    clock: Arc<dyn Clock>,
    entries: Mutex<VecDeque<Entry>>,
}

impl Ledger {
    /// Without transactions.
    pub fn new(clock: Arc<dyn Clock>) -> Ledger {
        Ledger {
            clock,
            entries: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        // Entries are changed field by field; a half-changed one only shows an older state.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A transaction begins.
    pub fn begin(
        &self,
        tid: Tid,
        user: Arc<str>,
        description: impl Into<String>,
        devices: impl IntoIterator<Item = DeviceName>,
    ) {
        let now = self.clock.now();
        let mut entries = self.lock();
        entries.push_back(Entry {
            tid,
            user,
            description: description.into(),
            phase: Phase::Init,
            outcome: None,
            failure: None,
            devices: devices.into_iter().map(|name| (name, None)).collect(),
            begun: now,
            changed: now,
        });
        while entries.len() > KEPT {
            entries.pop_front();
        }
    }

    /// Changes a transaction's entry.
    pub fn update(&self, tid: Tid, change: impl FnOnce(&mut Entry)) {
        let now = self.clock.now();
        let mut entries = self.lock();
        if let Some(entry) = entries.iter_mut().rev().find(|entry| entry.tid == tid) {
            let before = (entry.phase, entry.outcome);
            change(entry);
            if before != (entry.phase, entry.outcome) {
                entry.changed = now;
            }
        }
    }

    /// Takes over where a push stands.
    pub fn follow(&self, tid: Tid, transaction: &Transaction) {
        self.update(tid, |entry| {
            entry.phase = transaction.phase();
            entry.outcome = transaction.outcome();
            entry.failure = transaction.failure().cloned();
            for (name, ending) in transaction.endings() {
                entry.devices.insert(name.clone(), ending.cloned());
            }
        });
    }

    /// One transaction.
    pub fn entry(&self, tid: Tid) -> Option<Entry> {
        let entries = self.lock();
        entries.iter().rev().find(|entry| entry.tid == tid).cloned()
    }

    /// All that are kept, the oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().iter().cloned().collect()
    }
}
