//! A log in memory whose writes are noted, and can be held up: `append`, `replace`, `trim`, `set NAME`, `close`.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use banyan_engine::Seq;
use banyan_engine::log::{Appended, CommitLog, Facts, LogError, MemoryLog, Record, RecordHead};

#[derive(Default)]
struct State {
    /// What was done, in order.
    done: Vec<String>,
    /// Who begins with this waits.
    held: Option<String>,
    waiting: usize,
}

/// See the module. Clones share it.
#[derive(Clone, Default)]
pub struct HookedLog {
    pub log: MemoryLog,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl HookedLog {
    /// Holds up writes that begin with this.
    pub fn hold(&self, write: &str) {
        self.state.0.lock().unwrap().held = Some(write.to_owned());
    }

    /// Holds up nobody any more.
    pub fn release(&self) {
        self.state.0.lock().unwrap().held = None;
        self.state.1.notify_all();
    }

    /// Waits until a write is held up.
    pub async fn reached(&self) {
        while self.state.0.lock().unwrap().waiting == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// What was done, in order.
    pub fn done(&self) -> Vec<String> {
        self.state.0.lock().unwrap().done.clone()
    }

    fn does(&self, write: String) {
        let mut state = self.state.0.lock().unwrap();
        let is_held = |state: &State| {
            let held = state.held.as_ref();
            held.is_some_and(|held| write.starts_with(held))
        };
        state.waiting += 1;
        while is_held(&state) {
            state = self.state.1.wait(state).unwrap();
        }
        state.waiting -= 1;
        state.done.push(write);
    }
}

impl CommitLog for HookedLog {
    fn head(&self) -> Result<Seq, LogError> {
        self.log.head()
    }

    fn tail(&self) -> Result<Seq, LogError> {
        self.log.tail()
    }

    fn append(
        &self,
        expected: Seq,
        records: &[Record],
        facts: Facts<'_>,
    ) -> Result<Appended, LogError> {
        self.does("append".to_owned());
        self.log.append(expected, records, facts)
    }

    fn replace(
        &self,
        expected: Seq,
        records: &[Record],
        facts: Facts<'_>,
    ) -> Result<Appended, LogError> {
        self.does("replace".to_owned());
        self.log.replace(expected, records, facts)
    }

    fn read(&self, from: Seq, limit: usize) -> Result<Vec<Record>, LogError> {
        self.log.read(from, limit)
    }

    fn history(&self, newest: Seq, limit: usize) -> Result<Vec<RecordHead>, LogError> {
        self.log.history(newest, limit)
    }

    fn trim(&self, seq: Seq) -> Result<(), LogError> {
        self.does("trim".to_owned());
        self.log.trim(seq)
    }

    fn set(&self, facts: Facts<'_>) -> Result<(), LogError> {
        let names: Vec<&str> = facts.iter().map(|(name, _)| *name).collect();
        self.does(format!("set {}", names.join(" ")));
        self.log.set(facts)
    }

    fn facts(&self, prefix: &str) -> Result<BTreeMap<String, String>, LogError> {
        self.log.facts(prefix)
    }

    fn close(&self) {
        self.does("close".to_owned());
        self.log.close();
    }
}
