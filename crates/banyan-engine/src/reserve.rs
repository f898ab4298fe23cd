//! Reservations: a commit that touches what another commit in progress touches waits for it; all others pass.
//!
//! A reservation is a set of instance prefixes, coarse where a change is wide. Being too coarse costs
//! waiting, never correctness.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use banyan_data::change::{Change, ChangeKind, ChangeSet, Instance};
use banyan_yang::schema::SchemaId;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::number::Tid;
use crate::session::age;

/// How deep a prefix goes at most: `/devices/device[name]/config` and one more.
const DEPTH: usize = 4;

/// How many prefixes a reservation holds at most; wider changes get shorter prefixes.
const WIDTH: usize = 64;

/// The way from the root to an instance; the empty one is all there is.
pub(crate) type Prefix = Vec<(SchemaId, Instance)>;

/// What a change touches.
#[derive(Clone, PartialEq, Debug)]
pub struct Touched(Vec<Prefix>);

impl Touched {
    /// These instances, each with all beneath it.
    pub(crate) fn at(prefixes: Vec<Prefix>) -> Touched {
        Touched(prefixes)
    }

    /// The prefixes of a change set. Cost: at most the number of prefixes kept, times the depth.
    pub fn by(changes: &ChangeSet) -> Touched {
        for depth in (2..=DEPTH).rev() {
            let mut prefixes = Vec::new();
            if collect(
                &changes.changes,
                &mut Vec::new(),
                depth,
                WIDTH,
                &mut prefixes,
            ) {
                return Touched(prefixes);
            }
        }
        let tops = changes
            .changes
            .iter()
            .map(|change| vec![(change.id, Instance::Whole)])
            .fold(Vec::new(), |mut tops: Vec<Prefix>, top| {
                if tops.last() != Some(&top) {
                    tops.push(top);
                }
                tops
            });
        Touched(tops)
    }

    /// Whether all that the other touches is within what this one touches.
    pub fn covers(&self, other: &Touched) -> bool {
        other.0.iter().all(|theirs| {
            self.0
                .iter()
                .any(|mine| mine.len() <= theirs.len() && mine.iter().zip(theirs).all(within))
        })
    }

    fn meets(&self, other: &Touched) -> bool {
        self.0.iter().any(|mine| {
            other
                .0
                .iter()
                .any(|theirs| one_holds_the_other(mine, theirs))
        })
    }
}

/// Collects prefixes; `false` when there are more than `width`.
fn collect(
    changes: &[Change],
    at: &mut Prefix,
    depth: usize,
    width: usize,
    into: &mut Vec<Prefix>,
) -> bool {
    for change in changes {
        at.push((change.id, change.instance.clone()));
        let fits = match &change.kind {
            // The order of a user-ordered list is one thing: who moves an entry touches all of it.
            ChangeKind::Moved(_) | ChangeKind::Inside { moved: Some(_), .. } => {
                let mut whole = at.clone();
                if let Some(last) = whole.last_mut() {
                    last.1 = Instance::Whole;
                }
                into.push(whole);
                into.len() <= width
            }
            ChangeKind::Inside { changes, .. } if at.len() < depth => {
                collect(changes, at, depth, width, into)
            }
            _ => {
                into.push(at.clone());
                into.len() <= width
            }
        };
        at.pop();
        if !fits {
            return false;
        }
    }
    true
}

/// Whether the second step is one that the first names.
fn within((mine, theirs): (&(SchemaId, Instance), &(SchemaId, Instance))) -> bool {
    mine.0 == theirs.0 && (mine.1 == theirs.1 || mine.1 == Instance::Whole)
}

fn one_holds_the_other(a: &Prefix, b: &Prefix) -> bool {
    a.iter()
        .zip(b)
        .all(|((a_id, a_instance), (b_id, b_instance))| {
            a_id == b_id
                && (a_instance == b_instance
                    || *a_instance == Instance::Whole
                    || *b_instance == Instance::Whole)
        })
}

struct Held {
    touched: Touched,
    holder: String,
    since: Timestamp,
}

#[derive(Default)]
struct All {
    held: Mutex<BTreeMap<Tid, Held>>,
    released: Notify,
}

impl All {
    fn held(&self) -> MutexGuard<'_, BTreeMap<Tid, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All commits in progress. Clones share them.
#[derive(Clone, Default)]
pub struct Reservations(Arc<All>);

/// A reservation; ends when it is dropped.
pub struct Reserved {
    all: Reservations,
    tid: Tid,
    touched: Touched,
}

impl Reserved {
    /// What is reserved.
    pub fn touched(&self) -> &Touched {
        &self.touched
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.all.0.held().remove(&self.tid);
        self.all.0.released.notify_waiters();
    }
}

impl Reservations {
    /// How many commits are in progress, and since when the oldest is.
    pub fn in_progress(&self) -> (usize, Option<Timestamp>) {
        let held = self.0.held();
        (held.len(), held.values().map(|held| held.since).min())
    }

    /// Takes the reservation, or says who is in the way. A transaction has one reservation at a time.
    ///
    /// # Errors
    /// Who is in the way, and since when.
    pub fn try_take(
        &self,
        tid: Tid,
        touched: &Touched,
        holder: &str,
        now: Timestamp,
    ) -> Result<Reserved, String> {
        let mut held = self.0.held();
        if let Some((other, in_the_way)) =
            held.iter().find(|(_, other)| other.touched.meets(touched))
        {
            return Err(format!(
                "transaction {other} of {}, which has been running for {}",
                in_the_way.holder,
                age(in_the_way.since, now)
            ));
        }
        held.insert(
            tid,
            Held {
                touched: touched.clone(),
                holder: holder.to_owned(),
                since: now,
            },
        );
        Ok(Reserved {
            all: self.clone(),
            tid,
            touched: touched.clone(),
        })
    }

    /// Waits for the reservation, at most `patience`.
    ///
    /// # Errors
    /// Who is still in the way.
    pub async fn take(
        &self,
        tid: Tid,
        touched: &Touched,
        holder: &str,
        patience: Duration,
        clock: &dyn Clock,
    ) -> Result<Reserved, String> {
        let timeout = clock.sleep(patience);
        tokio::pin!(timeout);
        loop {
            let released = self.0.released.notified();
            tokio::pin!(released);
            // Registered before the look, so a release in between is not missed.
            released.as_mut().enable();
            let in_the_way = match self.try_take(tid, touched, holder, clock.now()) {
                Ok(reserved) => return Ok(reserved),
                Err(in_the_way) => in_the_way,
            };
            tokio::select! {
                () = &mut released => {}
                () = &mut timeout => return Err(in_the_way),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use banyan_data::Value;

    fn touched(steps: &[(u32, Option<u64>)]) -> Touched {
        let step = |(id, key): &(u32, Option<u64>)| {
            let instance = match key {
                Some(key) => Instance::Entry(vec![Value::Uint(*key)]),
                None => Instance::Whole,
            };
            (SchemaId(*id), instance)
        };
        Touched(vec![steps.iter().map(step).collect()])
    }

    #[test]
    fn who_reserved_an_entry_covers_what_is_in_it_and_not_the_list() {
        let entry = touched(&[(1, None), (2, Some(7))]);
        let inside = touched(&[(1, None), (2, Some(7)), (3, None)]);
        let other = touched(&[(1, None), (2, Some(8))]);
        let list = touched(&[(1, None), (2, None)]);
        assert!(entry.covers(&entry) && entry.covers(&inside));
        assert!(!entry.covers(&other) && !entry.covers(&list) && !inside.covers(&entry));
        assert!(list.covers(&entry) && list.covers(&inside) && list.covers(&other));
    }
}
