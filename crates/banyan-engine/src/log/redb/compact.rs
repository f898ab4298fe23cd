//! Gives the room of forgotten commits back to the disk: redb keeps the pages that it does not need any more for later.

use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};

use super::{FileMedium, RedbLog, Syncs, without_panic};
use crate::log::LogError;

/// What a compaction has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Compacted {
    /// Bytes of the file before.
    pub before: u64,
    /// And after.
    pub after: u64,
}

impl RedbLog {
    /// Makes the file of a log as small as it can be; `None` when there is none. No engine may use it meanwhile. Cost: the
    /// pages that move, so no more than what is kept. A crash at any moment leaves all records; the next start repairs the
    /// file then, which takes a look at all of it.
    ///
    /// # Errors
    /// The disk refuses, another process has the file, or it is no commit log; nothing is lost then.
    pub fn compact(path: &Path) -> Result<Option<Compacted>, LogError> {
        let log = RedbLog {
            medium: Arc::new(FileMedium::new(path)),
            syncs: Syncs::default(),
            last_sync: Mutex::default(),
            database: RwLock::default(),
            ended: RwLock::default(),
        };
        let size = |log: &RedbLog| log.medium.size().unwrap_or_default();
        let before = size(&log);
        let Some(mut database) = log.opened(false)? else {
            return Ok(None);
        };
        let done = without_panic(move || {
            while database.compact().map_err(redb::Error::from)? {}
            Ok(())
        });
        done.map_err(|error| log.error(error))?;
        let after = size(&log);
        Ok(Some(Compacted { before, after }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::redb::tests::record;
    use crate::log::{CommitLog, Record};
    use crate::number::Seq;

    #[test]
    fn a_log_that_was_trimmed_gets_small_and_keeps_what_it_has() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("commits.redb");
        assert_eq!(RedbLog::compact(&path).unwrap(), None);
        assert!(!path.exists(), "nothing is made");
        let log = RedbLog::open(&path).unwrap();
        for seq in 1..=300 {
            let record = Record {
                change: "x".repeat(10_000).into(),
                ..record(seq)
            };
            log.append(Seq(seq - 1), &[record], &[]).unwrap();
        }
        assert!(matches!(
            RedbLog::compact(&path),
            Err(LogError::InUse { .. })
        ));
        log.trim(Seq(290)).unwrap();
        let kept = log.read(Seq(290), 100).unwrap();
        drop(log);
        let Compacted { before, after } = RedbLog::compact(&path).unwrap().unwrap();
        assert!(after < before / 4, "{before} bytes became {after}");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), after);
        let log = RedbLog::open(&path).unwrap();
        assert_eq!(log.read(Seq(290), 100).unwrap(), kept);
        assert_eq!(
            (log.tail().unwrap(), log.head().unwrap()),
            (Seq(290), Seq(300))
        );
        drop(log);
        // There is nothing more to gain.
        let again = RedbLog::compact(&path).unwrap().unwrap();
        assert!(again.after <= after, "{again:?}, and {after} before");
    }
}
