//! What both logs promise.

use std::sync::Arc;

use banyan_engine::log::{
    Appended, CommitLog, Entry, LogError, MemoryLog, Record, RecordHead, RedbLog,
};
use banyan_engine::{Seq, Tid};

fn record(seq: u64) -> Record {
    Record {
        head: RecordHead {
            seq: Seq(seq),
            tid: Tid(seq as u32 + 100),
            time: jiff::Timestamp::from_second(1_800_000_000).unwrap(),
            user: "alice".into(),
            source: "netconf ssh 192.0.2.1".to_owned(),
            comment: Some("more bandwidth".to_owned()),
            label: None,
            schema: "00ff".to_owned(),
            changes: 1,
            entries: vec![Entry {
                kind: "kicks".into(),
                value: serde_json::json!([{"id": "a"}]),
            }],
        },
        change: format!("change {seq}").into(),
        reverse: format!("reverse {seq}").into(),
    }
}

fn with_each_log(test: impl Fn(Arc<dyn CommitLog>)) {
    test(Arc::new(MemoryLog::default()));
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("commits.redb");
    test(Arc::new(RedbLog::open(&file).unwrap()));
}

fn append(log: &dyn CommitLog, seq: u64) {
    let appended = log.append(Seq(seq - 1), &[record(seq)], &[]).unwrap();
    assert_eq!(appended, Appended::At(Seq(seq)));
}

#[test]
fn an_empty_log_has_head_0_and_tail_1() {
    with_each_log(|log| {
        assert_eq!((log.head().unwrap(), log.tail().unwrap()), (Seq(0), Seq(1)));
        assert!(log.read(Seq(0), 10).unwrap().is_empty());
        assert!(log.history(Seq(u64::MAX), 10).unwrap().is_empty());
    });
}

#[test]
fn records_come_back_as_they_were_written() {
    with_each_log(|log| {
        (1..=5).for_each(|seq| append(&*log, seq));
        assert_eq!(log.read(Seq(2), 2).unwrap(), [record(2), record(3)]);
        let newest = log.history(Seq(u64::MAX), 2).unwrap();
        assert_eq!(newest, [record(5).head, record(4).head]);
        assert_eq!(log.history(Seq(2), 9).unwrap().len(), 2);
    });
}

#[test]
fn an_append_to_another_head_writes_nothing() {
    with_each_log(|log| {
        append(&*log, 1);
        let stale = log
            .append(Seq(0), &[record(1)], &[("fact", Some("x"))])
            .unwrap();
        assert_eq!(stale, Appended::HeadMoved(Seq(1)));
        assert_eq!(log.head().unwrap(), Seq(1));
        assert!(!log.facts("").unwrap().contains_key("fact"));
    });
}

#[test]
fn several_records_are_written_in_one_step_or_not_at_all() {
    with_each_log(|log| {
        let batch = [record(1), record(2), record(3)];
        let facts = [("a", Some("first")), ("a", Some("last"))];
        let appended = log.append(Seq(0), &batch, &facts).unwrap();
        assert_eq!(appended, Appended::At(Seq(3)));
        assert_eq!(log.read(Seq(1), 9).unwrap(), batch);
        assert_eq!(log.facts("a").unwrap()["a"], "last");
        let stale = log.append(Seq(2), &[record(3), record(4)], &[("a", None)]);
        assert_eq!(stale.unwrap(), Appended::HeadMoved(Seq(3)));
        assert_eq!(log.head().unwrap(), Seq(3));
        assert_eq!(log.facts("a").unwrap()["a"], "last");
        let none = log.append(Seq(3), &[], &[("a", None)]).unwrap();
        assert_eq!(none, Appended::At(Seq(3)));
        assert!(log.facts("a").unwrap().is_empty());
    });
}

#[test]
fn facts_are_written_with_the_record_and_found_by_prefix() {
    with_each_log(|log| {
        log.set(&[("a/1", Some("one")), ("b", Some("bee"))])
            .unwrap();
        log.append(Seq(0), &[record(1)], &[("a/2", Some("two")), ("a/1", None)])
            .unwrap();
        let found = log.facts("a/").unwrap();
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            [("a/2".to_owned(), "two".to_owned())]
        );
    });
}

#[test]
fn trimming_everything_keeps_the_head() {
    with_each_log(|log| {
        (1..=3).for_each(|seq| append(&*log, seq));
        log.trim(Seq(3)).unwrap();
        assert_eq!((log.tail().unwrap(), log.head().unwrap()), (Seq(3), Seq(3)));
        log.trim(Seq(9)).unwrap();
        assert_eq!((log.tail().unwrap(), log.head().unwrap()), (Seq(4), Seq(3)));
        append(&*log, 4);
        assert_eq!((log.tail().unwrap(), log.head().unwrap()), (Seq(4), Seq(4)));
    });
}

#[test]
fn the_file_log_survives_its_process() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("commits.redb");
    {
        let log = RedbLog::open(&file).unwrap();
        append(&log, 1);
        log.set(&[("tid", Some("7"))]).unwrap();
    }
    let log = RedbLog::open(&file).unwrap();
    assert_eq!(log.read(Seq(1), 9).unwrap(), [record(1)]);
    assert_eq!(log.facts("tid").unwrap()["tid"], "7");
}

#[test]
fn the_file_log_is_for_one_process_and_for_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("commits.redb");
    let _open = RedbLog::open(&file).unwrap();
    match RedbLog::open(&file) {
        Err(LogError::InUse { .. }) => {}
        other => panic!("{:?}", other.err()),
    }
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_file_that_is_no_log_is_refused_with_a_remedy() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("commits.redb");
    std::fs::write(&file, "not a database at all, but long enough".repeat(100)).unwrap();
    let error = RedbLog::open(&file).err().unwrap().to_string();
    assert!(error.contains("commits.redb"), "{error}");
}

#[test]
fn a_log_that_the_disk_has_spoiled_is_an_error_and_no_crash() {
    const SECTOR: usize = 512;
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("commits.redb");
    {
        let log = RedbLog::open(&file).unwrap();
        (1..=3).for_each(|seq| append(&log, seq));
    }
    let whole = std::fs::read(&file).unwrap();
    let mut refused = 0;
    for at in (0..whole.len()).step_by(SECTOR) {
        let mut spoiled = whole.clone();
        let end = whole.len().min(at + SECTOR);
        spoiled[at..end].fill(0xff);
        std::fs::write(&file, spoiled).unwrap();
        let read = || {
            let log = RedbLog::open(&file)?;
            log.head()?;
            log.read(Seq(1), 9)
        };
        if let Err(error) = read() {
            let text = error.to_string();
            assert!(text.contains("commits.redb"), "{text}");
            refused += 1;
        }
    }
    assert!(refused > 0, "no sector of the log counts");
}

#[test]
fn records_take_the_place_of_all_that_there_are() {
    with_each_log(|log| {
        append(&*log, 1);
        append(&*log, 2);
        append(&*log, 3);
        log.trim(Seq(3)).unwrap();
        let news: Vec<Record> = (1..=4).map(record).collect();
        let moved = log.replace(Seq(2), &news, &[]).unwrap();
        assert_eq!(moved, Appended::HeadMoved(Seq(3)));
        let facts = [("x", Some("y"))];
        let replaced = log.replace(Seq(3), &news, &facts).unwrap();
        assert_eq!(replaced, Appended::At(Seq(4)));
        assert_eq!((log.tail().unwrap(), log.head().unwrap()), (Seq(1), Seq(4)));
        assert_eq!(log.read(Seq(1), 10).unwrap(), news);
        assert_eq!(log.facts("x").unwrap().len(), 1);
        append(&*log, 5);
    });
}
