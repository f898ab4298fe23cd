use std::sync::Arc;
use std::time::Duration;

use banyan_data::operation::Invocation;
use banyan_data::path::InstancePath;
use banyan_data::{Node, Tree};
use banyan_yang::schema::{NodeKind, Schema, SchemaId, SchemaNode, SchemaParts};
use banyan_yang::source::Span;
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::clock::ManualClock;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn schema() -> Arc<Schema> {
    let root = SchemaNode::new(
        NodeKind::Root,
        "".into(),
        banyan_yang::schema::ModuleId(0),
        None,
        Span::default(),
    );
    SchemaParts {
        nodes: vec![root],
        ..SchemaParts::default()
    }
    .assemble()
}

fn event(schema: &Arc<Schema>, time: i64, bytes: u64) -> Arc<Event> {
    let message = Invocation {
        path: InstancePath::default(),
        id: SchemaId::ROOT,
        content: Tree::new(schema.clone(), Node::empty(SchemaId::ROOT)),
    };
    Arc::new(Event::message(at(time), message, bytes))
}

struct Fixture {
    clock: ManualClock,
    schema: Arc<Schema>,
    stream: Arc<Stream>,
}

impl Fixture {
    fn new(options: &StreamOptions) -> Fixture {
        let clock = ManualClock::at(at(1000));
        let seam: Arc<dyn Clock> = Arc::new(clock.clone());
        let stream = Stream::new(
            "s".into(),
            "d".into(),
            Bounds::of(options),
            seam,
            Reaper::start(),
        );
        Fixture {
            clock,
            schema: schema(),
            stream: Arc::new(stream),
        }
    }

    fn publish(&self, time: i64) {
        self.stream.publish(event(&self.schema, time, 0));
    }

    fn cursor(&self, since: Option<i64>) -> Cursor {
        Cursor::new(self.stream.clone(), since.map(at))
    }
}

/// All that a cursor finds now: times of events, `-1` for the end of the replay, `-10 - n` for n missed ones.
fn drained(cursor: &mut Cursor) -> Vec<i64> {
    let found = std::iter::from_fn(|| cursor.try_next());
    found
        .map(|next| match next {
            Next::Event(event) => event.time().as_second(),
            Next::ReplayComplete => -1,
            Next::Missed(count) => -10 - i64::try_from(count).unwrap(),
        })
        .collect()
}

fn options(events: usize, bytes: u64) -> StreamOptions {
    StreamOptions {
        events,
        bytes,
        retention: Duration::from_secs(100),
        ..StreamOptions::default()
    }
}

#[test]
fn a_cursor_begins_at_the_end_or_with_what_is_kept_since_a_time() {
    let fixture = Fixture::new(&options(10, 1 << 20));
    (1..=3).for_each(|time| fixture.publish(time));
    let (mut live, mut all, mut some) = (
        fixture.cursor(None),
        fixture.cursor(Some(0)),
        fixture.cursor(Some(2)),
    );
    fixture.publish(4);
    assert_eq!(drained(&mut live), [4]);
    assert_eq!(drained(&mut all), [1, 2, 3, -1, 4]);
    assert_eq!(drained(&mut some), [2, 3, -1, 4]);
    assert!(drained(&mut some).is_empty());
}

#[test]
fn a_replay_of_nothing_is_complete_at_once() {
    let fixture = Fixture::new(&options(10, 1 << 20));
    assert_eq!(drained(&mut fixture.cursor(Some(0))), [-1]);
}

#[test]
fn who_is_overtaken_is_told_how_many_he_missed() {
    let fixture = Fixture::new(&options(3, 1 << 20));
    let mut slow = fixture.cursor(None);
    (1..=5).for_each(|time| fixture.publish(time));
    assert_eq!(drained(&mut slow), [-12, 3, 4, 5]);
}

#[test]
fn the_newest_event_stays_however_large_it_is() {
    let fixture = Fixture::new(&options(10, 10_000));
    let mut reader = fixture.cursor(None);
    fixture.publish(1);
    fixture.stream.publish(event(&fixture.schema, 2, 100_000));
    assert_eq!(drained(&mut reader), [-11, 2]);
}

#[test]
fn events_leave_when_they_are_old_by_when_they_were_published() {
    let fixture = Fixture::new(&options(10, 1 << 20));
    fixture.publish(900);
    fixture.clock.advance(Duration::from_secs(60));
    fixture.publish(1);
    fixture.clock.advance(Duration::from_secs(60));
    assert_eq!(drained(&mut fixture.cursor(Some(0))), [1, -1]);
    assert_eq!(fixture.stream.aged(), Some(at(900)));
}

#[test]
fn without_retention_there_is_no_replay_and_live_events_come() {
    let options = StreamOptions {
        retention: Duration::ZERO,
        ..StreamOptions::default()
    };
    let fixture = Fixture::new(&options);
    assert!(!fixture.stream.replays());
    let mut live = fixture.cursor(None);
    fixture.publish(1);
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(drained(&mut live), [1]);
}

#[tokio::test]
async fn what_is_published_wakes_who_waits_and_nothing_is_lost_when_a_wait_is_given_up() {
    let fixture = Fixture::new(&options(10, 1 << 20));
    let mut cursor = fixture.cursor(None);
    let given_up = tokio::time::timeout(Duration::from_millis(1), cursor.next()).await;
    assert!(given_up.is_err());
    let waiting = tokio::spawn(async move { cursor.next().await });
    tokio::task::yield_now().await;
    fixture.publish(7);
    match waiting.await.unwrap() {
        Next::Event(event) => assert_eq!(event.time(), at(7)),
        other => panic!("{other:?}"),
    }
}

#[derive(Clone, Debug)]
enum Act {
    Publish,
    Subscribe(Option<i64>),
    Read(usize, usize),
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Publish),
        1 => proptest::option::of(0..40i64).prop_map(Act::Subscribe),
        3 => (0..8usize, 1..6usize).prop_map(|(who, count)| Act::Read(who, count)),
        1 => (1..60u64).prop_map(Act::Wait),
    ]
}

struct Reader {
    cursor: Cursor,
    since: Option<i64>,
    /// How many were published when it subscribed.
    joined: i64,
    complete: bool,
}

impl Reader {
    fn position(&self) -> i64 {
        i64::try_from(self.cursor.position()).unwrap()
    }

    /// Reads one, and checks that what it went past is what it gave: an event, so many missed ones, or events of the past
    /// from before its start. The time of each event is its number.
    fn read(&mut self) {
        let before = self.position();
        let next = self.cursor.try_next();
        let after = self.position();
        let mut silent = before..after;
        match next {
            None => {}
            Some(Next::ReplayComplete) => {
                assert!(self.since.is_some() && !self.complete && after >= self.joined);
                self.complete = true;
            }
            Some(Next::Missed(count)) => {
                assert_eq!(i64::try_from(count).unwrap(), after - before);
                silent = after..after;
            }
            Some(Next::Event(event)) => {
                assert_eq!(event.time().as_second(), after - 1);
                assert_eq!(after > self.joined, self.complete || self.since.is_none());
                silent = before..after - 1;
            }
        }
        let of_the_past =
            |number: i64| number < self.joined && self.since.is_some_and(|since| number < since);
        assert!(silent.into_iter().all(of_the_past));
    }
}

proptest! {
    /// Whatever is published, read and forgotten in whatever order: each subscriber gets exactly the events since his
    /// start, each once and in order, or is told how many he missed.
    #[test]
    fn each_subscriber_gets_the_suffix_since_his_start(acts in prop::collection::vec(act(), 0..120)) {
        let fixture = Fixture::new(&options(7, 1 << 20));
        let mut published = 0;
        let mut readers: Vec<Reader> = Vec::new();
        for act in acts {
            match act {
                Act::Publish => {
                    fixture.publish(published);
                    published += 1;
                }
                Act::Subscribe(since) => {
                    let cursor = fixture.cursor(since);
                    readers.push(Reader { cursor, since, joined: published, complete: false });
                }
                Act::Read(who, count) => {
                    if let Some(reader) = readers.get_mut(who) {
                        (0..count).for_each(|_| reader.read());
                    }
                }
                Act::Wait(seconds) => fixture.clock.advance(Duration::from_secs(seconds)),
            }
        }
        for reader in &mut readers {
            for _ in 0..published + 3 {
                reader.read();
            }
            prop_assert_eq!(reader.complete, reader.since.is_some());
            prop_assert_eq!(reader.position(), published);
        }
    }
}
