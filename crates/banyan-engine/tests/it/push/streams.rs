//! Subscriptions to streams of events.

use banyan_engine::clock::ManualClock;
use banyan_engine::error::ErrorTag;
use banyan_engine::stream::StreamOptions;

use super::*;

fn alarm(text: &str) -> String {
    format!("<alarm xmlns=\"urn:p\"><text>{text}</text></alarm>")
}

async fn notify(engine: &Engine, text: &str) {
    let document = Document::xml(alarm(text).into_bytes());
    engine.notify("alarms", None, document).await.unwrap();
}

fn options() -> StreamOptions {
    StreamOptions {
        streams: vec![("alarms".into(), "What is wrong.".into())],
        ..StreamOptions::default()
    }
}

async fn with(options: StreamOptions) -> (Engine, ManualClock) {
    let clock = ManualClock::at(jiff::Timestamp::from_second(1_800_000_000).unwrap());
    let engine = EngineBuilder::new(schema())
        .clock(Arc::new(clock.clone()))
        .streams(options)
        .open()
        .await
        .unwrap();
    (engine, clock)
}

fn to_stream(rest: &str) -> String {
    format!(
        "<establish-subscription xmlns='{SN}' xmlns:q='urn:p'><stream>alarms</stream>{rest}</establish-subscription>"
    )
}

fn about(name: &str, rest: &str) -> String {
    format!("<{name} xmlns=\"{SN}\"><id>1</id>{rest}</{name}>")
}

#[tokio::test]
async fn the_events_of_a_stream_come_in_their_order_with_their_times() {
    let (engine, clock) = with(options()).await;
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    let output = alice.call(&to_stream("")).await.unwrap();
    assert_eq!(output, format!("<id xmlns=\"{SN}\">1</id>"));
    notify(&engine, "a").await;
    clock.advance(Duration::from_secs(1));
    notify(&engine, "b").await;
    let first = alice.next().await;
    assert_eq!(first.time.to_string(), "2027-01-15T08:00:00Z");
    assert_eq!(first.document.bytes, alarm("a"));
    let second = alice.next().await;
    assert_eq!(second.time.to_string(), "2027-01-15T08:00:01Z");
    assert_eq!(second.document.bytes, alarm("b"));
    alice.hears_nothing().await;
}

#[tokio::test]
async fn filters_let_events_pass_whole_and_can_be_changed() {
    let (engine, _) = with(options()).await;
    let by = |text: &str| {
        [
            format!("<stream-xpath-filter>/q:alarm[q:text='{text}']</stream-xpath-filter>"),
            format!(
                "<stream-subtree-filter><alarm xmlns='urn:p'><text>{text}</text></alarm></stream-subtree-filter>"
            ),
        ]
    };
    for which in 0..2 {
        let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
        let output = alice.call(&to_stream(&by("b")[which])).await.unwrap();
        let id = output
            .split(['<', '>'])
            .find_map(|part| part.parse::<u32>().ok());
        for text in ["a", "b", "c"] {
            notify(&engine, text).await;
        }
        assert_eq!(alice.text().await, alarm("b"));
        alice.hears_nothing().await;
        let modify = format!(
            "<modify-subscription xmlns='{SN}' xmlns:q='urn:p'><id>{}</id>{}</modify-subscription>",
            id.unwrap(),
            by("c")[which]
        );
        alice.call(&modify).await.unwrap();
        assert!(alice.text().await.starts_with("<subscription-modified"));
        for text in ["a", "b", "c"] {
            notify(&engine, text).await;
        }
        assert_eq!(alice.text().await, alarm("c"));
        alice.hears_nothing().await;
    }
}

#[tokio::test]
async fn a_replay_gives_the_past_first_and_says_when_it_is_over() {
    let (engine, clock) = with(options()).await;
    for text in ["a", "b", "c"] {
        notify(&engine, text).await;
        clock.advance(Duration::from_secs(10));
    }
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    let from = "<replay-start-time>2027-01-15T08:00:05Z</replay-start-time>";
    let output = alice.call(&to_stream(from)).await.unwrap();
    assert_eq!(output, format!("<id xmlns=\"{SN}\">1</id>"));
    notify(&engine, "d").await;
    assert_eq!(alice.text().await, alarm("b"));
    assert_eq!(alice.text().await, alarm("c"));
    assert_eq!(alice.text().await, about("replay-completed", ""));
    assert_eq!(alice.text().await, alarm("d"));
    // Of what was before the log there is none: the answer says where it begins.
    let mut bob = Subscriber::open(&engine, "bob", Encoding::Xml).await;
    let from = "<replay-start-time>2001-01-01T00:00:00Z</replay-start-time>\
                <stop-time>2027-01-15T08:00:15Z</stop-time>";
    let output = bob.call(&to_stream(from)).await.unwrap();
    assert!(
        output.contains("<replay-start-time-revision") && output.contains("2027-01-15T08:00:00"),
        "{output}"
    );
    for text in ["a", "b"] {
        assert_eq!(bob.text().await, alarm(text));
    }
    let last = bob.next().await.document.bytes;
    assert!(last.starts_with(b"<subscription-completed"), "{last:?}");
    bob.hears_nothing().await;
}

#[tokio::test]
async fn a_stop_time_ends_it_behind_all_that_happened_before() {
    let (engine, clock) = with(options()).await;
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    let until = "<stop-time>2027-01-15T08:00:10Z</stop-time>";
    alice.call(&to_stream(until)).await.unwrap();
    notify(&engine, "a").await;
    clock.advance(Duration::from_secs(10));
    notify(&engine, "b").await;
    assert_eq!(alice.text().await, alarm("a"));
    let last = alice.next().await.document.bytes;
    assert_eq!(last, about("subscription-completed", ""));
    alice.hears_nothing().await;
}

#[tokio::test]
async fn who_is_overtaken_is_told_where() {
    let (engine, _) = with(StreamOptions {
        events: 3,
        ..options()
    })
    .await;
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    alice.call(&to_stream("")).await.unwrap();
    for number in 0..100 {
        notify(&engine, &number.to_string()).await;
        tokio::task::yield_now().await;
    }
    let mut heard = Vec::new();
    let last = alarm("99");
    while heard.last() != Some(&last) {
        heard.push(alice.text().await);
    }
    // How often it is overtaken is a matter of luck; that each gap is told where it is is not.
    let told = [
        about(
            "subscription-suspended",
            "<reason>unsupportable-volume</reason>",
        ),
        about("subscription-resumed", ""),
    ];
    let alarms: Vec<String> = (0..100).map(|number| alarm(&number.to_string())).collect();
    let (mut expected, mut gaps) = (0, 0);
    let mut rest = &heard[..];
    while !rest.is_empty() {
        let gap = rest.starts_with(&told);
        rest = &rest[if gap { told.len() } else { 0 }..];
        let number = alarms.iter().position(|alarm| *alarm == rest[0]).unwrap();
        assert_eq!(
            number > expected,
            gap,
            "{number} instead of {expected}: {heard:?}"
        );
        assert!(number >= expected, "{heard:?}");
        (expected, gaps) = (number + 1, gaps + usize::from(gap));
        rest = &rest[1..];
    }
    assert_eq!(expected, alarms.len());
    assert!(gaps > 0, "{heard:?}");
}

#[tokio::test]
async fn what_cannot_be_had_from_a_stream_is_refused() {
    let (engine, _) = with(StreamOptions {
        retention: Duration::ZERO,
        ..options()
    })
    .await;
    let alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    let refused = |rest: &'static str| {
        let alice = &alice;
        async move { alice.call(&to_stream(rest)).await.unwrap_err() }
    };
    let about = "establish-subscription-stream-error-info";
    let error = refused("<replay-start-time>2001-01-01T00:00:00Z</replay-start-time>").await;
    assert_eq!(reason(&error), ("replay-unsupported".to_owned(), about));
    let error = refused("<stream-xpath-filter>/q:alarm[</stream-xpath-filter>").await;
    assert_eq!(reason(&error), ("filter-unsupported".to_owned(), about));
    let error = refused("<replay-start-time>2101-01-01T00:00:00Z</replay-start-time>").await;
    assert_eq!(error.reports[0].tag, ErrorTag::InvalidValue);
    let other = to_stream("").replace("alarms", "other");
    let error = alice.call(&other).await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::InvalidValue);
    assert!(error.to_string().contains("alarms"), "{error}");
    let resync = format!("<resync-subscription xmlns='{YP}'><id>1</id></resync-subscription>");
    alice.call(&to_stream("")).await.unwrap();
    let error = alice.call(&resync).await.unwrap_err();
    assert_eq!(reason(&error).0, "no-such-subscription-resync");
}
