use std::io;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use redb::StorageBackend;

use super::*;
use crate::clock::ManualClock;
use crate::number::Tid;

#[test]
fn it_is_opened_again_while_somebody_still_reads() {
    let scratch = tempfile::tempdir().unwrap();
    let log = RedbLog::open(&scratch.path().join("commits.redb")).unwrap();
    let reading = log.database().unwrap();
    log.slot().give_up();
    let reader = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        drop(reading);
    });
    assert_eq!(log.head().unwrap(), Seq(0));
    reader.join().unwrap();
}

/// A file that counts how often it is opened.
struct CountedMedium(FileMedium, AtomicUsize);

impl Medium for CountedMedium {
    fn name(&self) -> String {
        self.0.name()
    }

    fn open(&self) -> io::Result<Option<Box<dyn StorageBackend>>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.open()
    }

    fn make(&self) -> io::Result<Box<dyn StorageBackend>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.make()
    }

    fn establish(&self) -> io::Result<()> {
        self.0.establish()
    }
}

#[test]
fn once_closed_it_refuses_for_good_and_leaves_the_file_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("commits.redb");
    let medium = Arc::new(CountedMedium(FileMedium::new(&path), AtomicUsize::new(0)));
    let log = RedbLog::open_on(medium.clone()).unwrap();
    log.set(&[("a", Some("b"))]).unwrap();
    log.close();
    let opened = medium.1.load(Ordering::SeqCst);
    // Another program has it.
    let other = RedbLog::open(&path).unwrap();
    let refused = [
        log.set(&[("a", Some("c"))]),
        log.append(Seq(0), &[], &[]).map(drop),
        log.replace(Seq(0), &[], &[]).map(drop),
        log.trim(Seq(1)),
        log.head().map(drop),
        log.tail().map(drop),
        log.read(Seq(1), 1).map(drop),
        log.history(Seq(1), 1).map(drop),
        log.facts("").map(drop),
        log.moment().map(drop),
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert!(matches!(error, LogError::Closed { .. }), "{error}");
    }
    log.close();
    assert_eq!(medium.1.load(Ordering::SeqCst), opened);
    assert_eq!(other.facts("a").unwrap()["a"], "b");
}

#[test]
fn who_closes_it_waits_for_calls_in_progress() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("commits.redb");
    let log = Arc::new(RedbLog::open(&path).unwrap());
    let (begun, go) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let writer = {
        let (log, begun, go) = (log.clone(), begun.clone(), go.clone());
        std::thread::spawn(move || {
            log.write(|transaction| {
                begun.wait();
                go.wait();
                put(transaction, &[("a", Some("b"))])
            })
        })
    };
    begun.wait();
    let closing = {
        let log = log.clone();
        std::thread::spawn(move || log.close())
    };
    // Long enough to close it, as a rule.
    std::thread::sleep(Duration::from_millis(50));
    assert!(!closing.is_finished());
    go.wait();
    writer.join().unwrap().unwrap();
    closing.join().unwrap();
    assert_eq!(RedbLog::open(&path).unwrap().facts("a").unwrap()["a"], "b");
}

const SYNC: Duration = Duration::from_millis(7);
const WRITE: Duration = Duration::from_millis(1);

/// A file whose writes and syncs take time on a clock.
struct SlowMedium(FileMedium, ManualClock);

impl SlowMedium {
    fn slow(&self, inner: Box<dyn StorageBackend>) -> Box<dyn StorageBackend> {
        let clock = self.1.clone();
        Box::new(Slow { inner, clock })
    }
}

impl Medium for SlowMedium {
    fn name(&self) -> String {
        self.0.name()
    }

    fn open(&self) -> io::Result<Option<Box<dyn StorageBackend>>> {
        Ok(self.0.open()?.map(|inner| self.slow(inner)))
    }

    fn make(&self) -> io::Result<Box<dyn StorageBackend>> {
        Ok(self.slow(self.0.make()?))
    }

    fn establish(&self) -> io::Result<()> {
        self.0.establish()
    }
}

struct Slow {
    inner: Box<dyn StorageBackend>,
    clock: ManualClock,
}

impl std::fmt::Debug for Slow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}

impl StorageBackend for Slow {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.clock.advance(SYNC);
        self.inner.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.clock.advance(WRITE);
        self.inner.write(offset, data)
    }
}

pub(super) fn record(seq: u64) -> Record {
    Record {
        head: RecordHead {
            seq: Seq(seq),
            tid: Tid(1),
            time: jiff::Timestamp::UNIX_EPOCH,
            user: "alice".into(),
            source: String::new(),
            comment: None,
            label: None,
            schema: String::new(),
            changes: 1,
            entries: Vec::new(),
        },
        change: "change".into(),
        reverse: "reverse".into(),
    }
}

#[test]
fn an_append_costs_one_sync_and_says_how_long_that_took_apart_from_writing() {
    let scratch = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
    let path = scratch.path().join("commits.redb");
    let length = || std::fs::metadata(&path).unwrap().len();
    let file = SlowMedium(FileMedium::new(&path), clock.clone());
    let log = RedbLog::open_on(Arc::new(file)).unwrap();
    log.append(Seq(0), &[record(1)], &[]).unwrap();
    // Nobody measures.
    assert_eq!(log.last_sync(), None);
    let log = log.measured_by(Arc::new(clock.clone()));
    let mut grown = 0;
    for seq in 2..100 {
        let (begun, before) = (clock.monotonic(), length());
        log.append(Seq(seq - 1), &[record(seq)], &[]).unwrap();
        let took = clock.monotonic() - begun;
        // A file that grows is synced once more before it is used; it grows by as much as it has.
        let grows = u32::from(length() > before);
        grown += grows;
        let synced = log.last_sync().unwrap();
        assert_eq!(synced, SYNC * (1 + grows));
        assert!(took > synced, "{took:?}");
        // What others write in between is not its own.
        log.set(&[("name", Some("value"))]).unwrap();
        assert_eq!(log.last_sync(), Some(synced));
    }
    assert!(grown < 5, "{grown}");
}
