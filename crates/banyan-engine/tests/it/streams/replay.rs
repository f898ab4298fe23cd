//! Replay, stop times, and who is too slow.

use std::time::Duration;

use banyan_engine::stream::StreamOptions;

use super::{Subscriber, alarms, clock, engine, engine_with, options};

fn plant(inside: &str) -> String {
    format!("<stream>plant</stream>{inside}")
}

#[tokio::test]
async fn the_past_is_replayed_from_its_start_and_live_events_follow() {
    let (engine, clock) = engine().await;
    for text in ["a", "b", "c"] {
        alarms(&engine, [text]).await;
        clock.advance(Duration::from_secs(10));
    }
    let all = "<startTime>2027-01-15T07:00:00Z</startTime>";
    let mut all = Subscriber::subscribed(&engine, "alice", &plant(all)).await;
    let some = "<startTime>2027-01-15T09:00:10+01:00</startTime>";
    let mut some = Subscriber::subscribed(&engine, "bob", &plant(some)).await;
    alarms(&engine, ["d"]).await;
    assert_eq!(all.texts(5).await, ["a", "b", "c", "replayComplete", "d"]);
    let (time, first) = some.next().await;
    assert_eq!(time.to_string(), "2027-01-15T08:00:10Z");
    assert!(first.contains("<text>b</text>"), "{first}");
    assert_eq!(some.texts(3).await, ["c", "replayComplete", "d"]);
}

#[tokio::test]
async fn a_stop_time_of_the_past_ends_the_subscription_after_the_replay() {
    let (engine, clock) = engine().await;
    for text in ["a", "b", "c"] {
        alarms(&engine, [text]).await;
        clock.advance(Duration::from_secs(10));
    }
    let between =
        "<startTime>2027-01-15T08:00:05Z</startTime><stopTime>2027-01-15T08:00:15Z</stopTime>";
    let mut alice = Subscriber::subscribed(&engine, "alice", &plant(between)).await;
    assert_eq!(
        alice.texts(3).await,
        ["b", "replayComplete", "notificationComplete"]
    );
    // RFC 5277 2.1.1: the session may subscribe again.
    let again = super::create(&plant(""));
    let mut tries = 0;
    while super::invoke(&alice.client, &again).await.is_err() {
        tries += 1;
        assert!(tries < 100);
        tokio::task::yield_now().await;
    }
    alarms(&engine, ["d"]).await;
    assert_eq!(alice.texts(1).await, ["d"]);
}

#[tokio::test]
async fn a_stop_time_that_comes_ends_the_subscription_then() {
    let (engine, clock) = engine().await;
    let coming =
        "<startTime>2027-01-15T08:00:00Z</startTime><stopTime>2027-01-15T08:01:00Z</stopTime>";
    let mut alice = Subscriber::subscribed(&engine, "alice", &plant(coming)).await;
    assert_eq!(alice.texts(1).await, ["replayComplete"]);
    clock.advance(Duration::from_secs(59));
    alarms(&engine, ["in time"]).await;
    assert_eq!(alice.texts(1).await, ["in time"]);
    clock.advance(Duration::from_secs(2));
    let (time, last) = alice.next().await;
    assert_eq!(time.to_string(), "2027-01-15T08:01:01Z");
    insta::assert_snapshot!(last, @r#"<notificationComplete xmlns="urn:ietf:params:xml:ns:netmod:notification"/>"#);
    alarms(&engine, ["too late"]).await;
    engine.stop().await.unwrap();
    use banyan_engine::backend::Backend;
    engine.close_session(alice.client.session()).await;
    assert!(alice.notices.recv().await.is_none());
}

#[tokio::test]
async fn who_is_overtaken_is_told_and_goes_on() {
    let options = StreamOptions {
        events: 10,
        ..options()
    };
    let engine = engine_with(&clock(), options).await;
    let mut slow = Subscriber::subscribed(&engine, "alice", &plant("")).await;
    // More than its mailbox and the ring hold together.
    let texts: Vec<String> = (0..200).map(|number| format!("a{number}")).collect();
    alarms(&engine, texts.iter().map(String::as_str)).await;
    let mut expected = 0;
    let mut told = 0;
    while expected < 200 {
        let text = slow.text().await;
        if let Some((_, rest)) = text.split_once("<count>") {
            assert!(text.contains("<stream>plant</stream>"), "{text}");
            let count: usize = rest.split('<').next().unwrap().parse().unwrap();
            told += 1;
            expected += count;
            continue;
        }
        assert_eq!(super::brief(&text), texts[expected]);
        expected += 1;
    }
    assert!(told > 0);
    let metrics = engine.metrics().await.unwrap();
    let figure = |name: &str| -> u64 {
        let line = metrics.lines().find(|line| line.starts_with(name));
        let figure = line.and_then(|line| line.rsplit(' ').next());
        figure.unwrap().parse().unwrap()
    };
    let missed = figure("banyan_stream_events_missed_total");
    assert!(missed > 0);
    assert_eq!(
        figure("banyan_stream_notifications_delivered_total"),
        200 - missed + told
    );
    assert_eq!(figure("banyan_stream_subscriptions"), 1);
    assert_eq!(figure("banyan_stream_events_total{stream=\"plant\"}"), 200);
}
