//! Measures a batch of commits that are written together, for all of them.

use std::sync::Arc;
use std::time::Duration;

use super::stage::{Count, Stage};
use super::timing::Span;
use super::watch::Watch;
use crate::clock::Clock;

/// The stopwatch of one batch: moments on the monotonic clock.
pub(crate) struct Batch {
    clock: Arc<dyn Clock>,
    begun: Duration,
    /// Records and the small file are text.
    printed: Option<Duration>,
    appended: Option<Duration>,
    /// How long the log waited for the disk.
    synced: Option<Duration>,
    published: Option<Duration>,
    failed: bool,
    /// Bytes of each record.
    bytes: Vec<u64>,
}

impl Batch {
    pub fn begin(clock: Arc<dyn Clock>) -> Batch {
        Batch {
            begun: clock.monotonic(),
            clock,
            printed: None,
            appended: None,
            synced: None,
            published: None,
            failed: false,
            bytes: Vec::new(),
        }
    }

    /// All is text; the records have these sizes.
    pub fn printed(&mut self, bytes: Vec<u64>) {
        self.printed = Some(self.clock.monotonic());
        self.bytes = bytes;
    }

    /// The log has answered, after it waited so long for the disk.
    pub fn appended(&mut self, failed: bool, synced: Option<Duration>) {
        self.appended = Some(self.clock.monotonic());
        self.synced = synced;
        self.failed = failed;
    }

    /// It is running.
    pub fn published(&mut self) {
        self.published = Some(self.clock.monotonic());
    }

    /// Commits in the batch.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Bytes of the record at this place in the batch.
    pub fn bytes_of(&self, index: usize) -> u64 {
        self.bytes.get(index).copied().unwrap_or(0)
    }

    /// Bytes of all records.
    pub fn bytes(&self) -> u64 {
        self.bytes.iter().sum()
    }

    /// How long the log took, and whether it took the batch; `None` when it was not asked.
    pub fn append(&self) -> Option<(Duration, bool)> {
        let time = self.appended?.saturating_sub(self.printed?);
        Some((time, !self.failed))
    }

    /// How long the log waited for the disk; `None` when that is not known.
    pub fn synced(&self) -> Option<Duration> {
        self.synced
    }

    /// Tells the commit at this place in the batch, which has waited since `queued`.
    pub fn tell(&self, watch: &Watch, index: usize, queued: Duration) {
        let span = |stage, from: Duration, to: Duration| {
            let start = watch.since_begin(from);
            Span {
                duration: watch.since_begin(to).saturating_sub(start),
                ..Span::new(stage, start)
            }
        };
        watch.add(span(Stage::BatchWait, queued, self.begun));
        let Some(printed) = self.printed else { return };
        watch.add(span(Stage::Print, self.begun, printed));
        let Some(appended) = self.appended else {
            return;
        };
        let bytes = self.bytes.get(index).copied().unwrap_or_default();
        // The sync comes last.
        let sync = |synced| span(Stage::Sync, appended.saturating_sub(synced), appended);
        watch.add(Span {
            failed: self.failed,
            counts: vec![(Count::Batch, self.size()), (Count::Bytes, bytes)],
            children: self.synced.map(sync).into_iter().collect(),
            ..span(Stage::Append, printed, appended)
        });
        if let Some(published) = self.published {
            watch.add(span(Stage::Publish, appended, published));
        }
    }
}
