//! How much of the past is kept.
//!
//! What is forgotten is replaced by a *base*: a file with running as it was before the oldest commit that is kept, so
//! that the log and the base can rebuild everything, whatever becomes of the other files. Protocol: write and sync the
//! base; trim the log; remove older bases. A crash in between leaves a base that nobody needs.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::select::first_since;
use super::{PIECE, state_at};
use crate::backend::Result;
use crate::engine::{Core, Engine, log_failed};
use crate::error::{BackendError, ErrorTag};
use crate::number::Seq;

/// When the background looks first after a start.
const FIRST: Duration = Duration::from_secs(60);

/// How often it looks then.
const PERIOD: Duration = Duration::from_secs(600);

/// A large store's base is written when at least this part of what is kept can go, not for each commit.
const WORTH_IT: u64 = 8;

/// How much of the history is kept. A commit goes when one of the limits says so; without limits all are kept.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Retention {
    /// So many commits.
    pub commits: Option<u64>,
    /// Commits that are not older.
    pub age: Option<Duration>,
    /// As many commits as have room in so many bytes.
    pub bytes: Option<u64>,
}

impl Retention {
    /// Whether all is kept.
    pub fn is_unlimited(&self) -> bool {
        *self == Retention::default()
    }
}

/// When to forget.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trim {
    /// When it is worth the base that it takes: what the background does.
    WorthIt,
    /// Whatever goes by the limits.
    Now,
    /// Not: only say what would go.
    Rehearse,
}

/// What has gone, or would go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trimmed {
    /// The first commit that there was.
    pub was: Seq,
    /// The first that is left; one above the head when none is.
    pub from: Seq,
}

impl Trimmed {
    /// How many commits have gone.
    pub fn count(&self) -> u64 {
        self.from.0.saturating_sub(self.was.0)
    }
}

/// The sizes of records, which the log is asked for once: 16 bytes for each commit that is kept. There are none without
/// a limit in bytes.
#[derive(Default)]
pub(crate) struct Sizes(Mutex<VecDeque<(Seq, u64)>>);

impl Sizes {
    /// The history began anew.
    pub fn forget(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl Core {
    /// The first commit that the limits keep.
    fn kept_from(&self, tail: Seq, head: Seq) -> Result<Seq> {
        let limits = &self.retention;
        let mut from = tail;
        if let Some(commits) = limits.commits {
            from = from.max(Seq((head.0 + 1).saturating_sub(commits)));
        }
        if let Some(age) = limits.age {
            let age = jiff::SignedDuration::try_from(age).unwrap_or(jiff::SignedDuration::MAX);
            // Before all time that can be told: nothing is so old.
            if let Ok(since) = self.seams.clock.now().checked_sub(age) {
                from = from.max(first_since(&*self.seams.log, tail, head, since)?);
            }
        }
        if let Some(bytes) = limits.bytes {
            from = from.max(self.within(bytes, tail, head)?);
        }
        Ok(from)
    }

    /// The first of the newest commits that have room together.
    fn within(&self, bytes: u64, tail: Seq, head: Seq) -> Result<Seq> {
        let mut sizes = self
            .history_sizes
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while sizes.front().is_some_and(|(seq, _)| *seq < tail) {
            sizes.pop_front();
        }
        let mut next = sizes.back().map_or(tail, |(seq, _)| Seq(seq.0 + 1));
        while next <= head {
            let records = self.seams.log.read(next, PIECE).map_err(log_failed)?;
            let Some(last) = records.last() else { break };
            next = Seq(last.head.seq.0 + 1);
            sizes.extend(records.iter().map(|record| {
                let head = serde_json::to_string(&record.head).map_or(0, |text| text.len());
                let size = head + record.change.len() + record.reverse.len();
                (record.head.seq, size as u64)
            }));
        }
        let mut sum = 0;
        let kept = sizes.iter().rev().take_while(|(_, size)| {
            sum += size;
            sum <= bytes
        });
        Ok(kept.last().map_or(Seq(head.0 + 1), |(seq, _)| *seq))
    }

    /// Forgets what need not be kept. Blocking.
    fn trim_history(&self, when: Trim) -> Result<Trimmed> {
        let log = &*self.seams.log;
        let tail = log.tail().map_err(log_failed)?;
        let nothing = Trimmed {
            was: tail,
            from: tail,
        };
        // Without a directory there is no place for a base.
        let Some(keeper) = &self.keeper else {
            return Ok(nothing);
        };
        // A backup reads what would go; the next look comes soon enough.
        let Some(_turn) = self.backups.may_trim() else {
            return match when {
                Trim::WorthIt => Ok(nothing),
                Trim::Now | Trim::Rehearse => Err(BackendError::new(
                    ErrorTag::InUse,
                    "a backup reads the history; trim it when that has ended",
                )),
            };
        };
        let running = crate::snapshot::Snapshot::clone(&self.running.load());
        let wanted = self.kept_from(tail, running.seq)?;
        if wanted <= tail {
            return Ok(nothing);
        }
        let kept = running.seq.0 + 1 - wanted.0.min(running.seq.0 + 1);
        if when == Trim::WorthIt && !keeper.is_small() && wanted.0 - tail.0 < kept / WORTH_IT {
            return Ok(nothing);
        }
        let failed = |error: crate::keeper::KeepError| {
            BackendError::new(
                ErrorTag::OperationFailed,
                format!("the history is not trimmed: {error}"),
            )
        };
        let mut from = wanted;
        if when != Trim::Rehearse {
            // What a restart replays on the files stays: so the files come first.
            keeper.checkpoint(&running).map_err(failed)?;
            if let Err(error) = keeper.write_all(&running) {
                tracing::warn!("{error}; the history stays as far back as the store needs it");
            }
            from = from.min(Seq(keeper.oldest().unwrap_or(running.seq).0 + 1));
            // What a store names must be found again.
            if let Some(seq) = keeper.oldest_followed(tail) {
                from = from.min(Seq(seq.0 + 1));
            }
        }
        // A pending commit may have to be taken back, here or by the next start.
        if let Some(pending) = &*self.pending() {
            from = from.min(Seq(pending.revert.seq.0 + 1));
        }
        let trimmed = Trimmed {
            was: tail,
            from: from.max(tail),
        };
        if from <= tail || when == Trim::Rehearse {
            return Ok(trimmed);
        }
        let base = Seq(from.0 - 1);
        // A commit that stands on nothing needs no base, and there is none to be had before it.
        if super::began(log)
            .map_err(log_failed)?
            .is_none_or(|began| base >= began)
        {
            let tree = state_at(log, &running, base, &self.epochs)?;
            keeper.write_base(base, &tree).map_err(failed)?;
        }
        log.trim(from).map_err(log_failed)?;
        keeper.remove_bases(base).map_err(failed)?;
        tracing::info!("the history begins with commit {from} now");
        Ok(trimmed)
    }
}

impl Engine {
    /// Forgets the commits that need not be kept, as the background does from time to time; returns how many those were.
    ///
    /// # Errors
    /// As [`Engine::trim_history_when`].
    pub async fn trim_history(&self) -> Result<u64> {
        Ok(self.trim_history_when(Trim::WorthIt).await?.count())
    }

    /// Forgets the commits that need not be kept; says which.
    ///
    /// # Errors
    /// The log or the disk refuses, or the engine has stopped; nothing is lost.
    pub async fn trim_history_when(&self, when: Trim) -> Result<Trimmed> {
        self.0.writing(move |core| core.trim_history(when)).await?
    }

    /// How much is kept.
    pub fn retention(&self) -> &Retention {
        &self.0.retention
    }

    /// Trims soon after the start and from then on. Does not keep the engine alive.
    pub(crate) fn keep_history_short(&self) {
        if self.0.retention.is_unlimited() || self.0.keeper.is_none() {
            return;
        }
        let weak = self.downgrade();
        let stopping = self.0.stopping.clone();
        let clock = self.0.seams.clock.clone();
        tokio::spawn(async move {
            // What is restarted every few minutes trims, too; not beside the work of the start.
            let mut pause = FIRST;
            loop {
                tokio::select! {
                    () = clock.sleep(pause) => {}
                    () = stopping.cancelled() => return,
                }
                pause = PERIOD;
                let Some(engine) = weak.upgrade() else { return };
                if let Err(error) = engine.trim_history().await {
                    tracing::warn!("{error}; trying again later");
                }
            }
        });
    }
}
