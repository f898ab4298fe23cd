use std::io;

use redb::StorageBackend;

use super::*;
use crate::clock::ManualClock;
use crate::number::Tid;

#[test]
fn it_is_opened_again_while_somebody_still_reads() {
    let scratch = tempfile::tempdir().unwrap();
    let log = RedbLog::open(&scratch.path().join("commits.redb")).unwrap();
    let reading = log.database().unwrap();
    log.close();
    let reader = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        drop(reading);
    });
    assert_eq!(log.head().unwrap(), Seq(0));
    reader.join().unwrap();
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

fn record(seq: u64) -> Record {
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
