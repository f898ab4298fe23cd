//! Notification streams: who gets what, in which order, from when, and what is told of what is missed.

mod access;
mod own;
mod programs;
mod replay;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use banyan_engine::backend::{Backend, Document, Encoding, Get};
use banyan_engine::clock::{Clock, ManualClock};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::notice::Notices;
use banyan_engine::stream::StreamOptions;
use banyan_engine::{BackendError, Engine};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;
use jiff::Timestamp;

use crate::fixture::Client;

const MODEL: &str = r#"
module e {
  yang-version 1.1;
  namespace "urn:e";
  prefix e;
  container sys { leaf name { type string; } }
  list item {
    key id;
    leaf id { type uint32; }
    leaf value { type string; }
    leaf secret { type string; }
    leaf-list order { type string; ordered-by user; }
    notification poked {
      leaf how { type string; mandatory true; }
      leaf hard { type boolean; default false; }
    }
  }
  notification alarm {
    leaf severity { type enumeration { enum minor; enum critical; } mandatory true; }
    leaf text { type string; }
    leaf item { type leafref { path "/e:item/e:id"; } }
    list place { key id; leaf id { type string; } leaf floor { type uint8; } }
  }
}
"#;

fn schema() -> Arc<Schema> {
    static SCHEMA: OnceLock<Arc<Schema>> = OnceLock::new();
    SCHEMA
        .get_or_init(|| {
            let mut source = MemorySource::new();
            source.add(MODEL);
            for module in banyan_yang::embedded::MODULES {
                source.add(module.text);
            }
            let modules = [
                "e",
                "ietf-netconf",
                "ietf-netconf-monitoring",
                "banyan",
                "ietf-netconf-acm",
                "notifications",
                "nc-notifications",
                "ietf-netconf-notifications",
                "ietf-subscribed-notifications",
            ];
            let compiler = modules
                .iter()
                .fold(Compiler::new(&source), |compiler, name| {
                    compiler.implement(name, None)
                });
            compiler.compile().unwrap().schema
        })
        .clone()
}

fn clock() -> ManualClock {
    ManualClock::at("2027-01-15T08:00:00Z".parse().unwrap())
}

fn options() -> StreamOptions {
    StreamOptions {
        streams: vec![("plant".into(), "Alarms of the plant.".into())],
        ..StreamOptions::default()
    }
}

async fn engine_with(clock: &ManualClock, options: StreamOptions) -> Engine {
    let seam: Arc<dyn Clock> = Arc::new(clock.clone());
    EngineBuilder::new(schema())
        .clock(seam)
        .streams(options)
        .open()
        .await
        .unwrap()
}

async fn engine() -> (Engine, ManualClock) {
    let clock = clock();
    (engine_with(&clock, options()).await, clock)
}

const NS: &str = "xmlns=\"urn:e\"";

fn alarm(severity: &str, text: &str) -> String {
    format!("<alarm {NS}><severity>{severity}</severity><text>{text}</text></alarm>")
}

fn item(id: u32, inside: &str) -> String {
    format!("<item {NS}><id>{id}</id>{inside}</item>")
}

async fn notify(engine: &Engine, stream: &str, xml: &str) -> Result<(), BackendError> {
    let document = Document::xml(xml.as_bytes().to_vec());
    engine.notify(stream, None, document).await
}

async fn alarms(engine: &Engine, texts: impl IntoIterator<Item = &str>) {
    for text in texts {
        notify(engine, "plant", &alarm("minor", text))
            .await
            .unwrap();
    }
}

async fn invoke(client: &Client, xml: &str) -> Result<String, BackendError> {
    let document = Document::xml(xml.as_bytes().to_vec());
    let call = client.engine.invoke(&client.call, document, Encoding::Xml);
    let bytes = call.await?.collect().await?;
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

fn create(inside: &str) -> String {
    format!(
        "<create-subscription xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\" xmlns:e=\"urn:e\">{inside}</create-subscription>"
    )
}

/// A client with a subscription, and what comes of it.
struct Subscriber {
    client: Client,
    notices: Notices,
}

impl Subscriber {
    /// A session whose notices are taken.
    async fn open(engine: &Engine, user: &str) -> Subscriber {
        let client = Client::open(engine, user).await;
        let notices = engine.notices(client.session(), Encoding::Xml).unwrap();
        Subscriber { client, notices }
    }

    async fn subscribed(engine: &Engine, user: &str, inside: &str) -> Subscriber {
        let subscriber = Subscriber::open(engine, user).await;
        invoke(&subscriber.client, &create(inside)).await.unwrap();
        subscriber
    }

    async fn next(&mut self) -> (Timestamp, String) {
        let notice = tokio::time::timeout(Duration::from_secs(20), self.notices.recv());
        let notice = notice.await.expect("no notice comes").unwrap();
        let bytes = notice.document.bytes.to_vec();
        (notice.time, String::from_utf8(bytes).unwrap())
    }

    async fn text(&mut self) -> String {
        self.next().await.1
    }

    /// The texts of so many alarms, and the names of what is none.
    async fn texts(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        for _ in 0..count {
            texts.push(brief(&self.text().await));
        }
        texts
    }
}

fn brief(notification: &str) -> String {
    match notification.split_once("<text>") {
        Some((_, rest)) => rest.split('<').next().unwrap().to_owned(),
        None => {
            let name = notification.trim_start_matches('<');
            name.split([' ', '/', '>']).next().unwrap().to_owned()
        }
    }
}

fn tag(error: &BackendError) -> (&'static str, Vec<String>) {
    let report = &error.reports[0];
    let info = report
        .info
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    (report.tag.names().0, info.collect())
}

#[tokio::test]
async fn events_come_in_order_to_all_who_are_subscribed() {
    let (engine, _) = engine().await;
    let mut one = Subscriber::subscribed(&engine, "alice", "<stream>plant</stream>").await;
    let mut two = Subscriber::subscribed(&engine, "bob", "<stream>plant</stream>").await;
    let texts: Vec<String> = (0..200).map(|number| format!("a{number}")).collect();
    let reading = tokio::spawn(async move { one.texts(200).await });
    let also = tokio::spawn(async move { two.texts(200).await });
    alarms(&engine, texts.iter().map(String::as_str)).await;
    assert_eq!(reading.await.unwrap(), texts);
    assert_eq!(also.await.unwrap(), texts);
}

#[tokio::test]
async fn the_stream_netconf_has_the_events_of_all_streams() {
    let (engine, _) = engine().await;
    let mut all = Subscriber::subscribed(&engine, "alice", "").await;
    let mut plant = Subscriber::subscribed(&engine, "bob", "<stream>plant</stream>").await;
    // The session of bob.
    assert_eq!(all.texts(1).await, ["netconf-session-start"]);
    notify(&engine, "NETCONF", &alarm("minor", "elsewhere"))
        .await
        .unwrap();
    alarms(&engine, ["here"]).await;
    assert_eq!(all.texts(2).await, ["elsewhere", "here"]);
    assert_eq!(plant.texts(1).await, ["here"]);
}

#[tokio::test]
async fn a_subtree_filter_selects_events_and_what_of_them() {
    let (engine, _) = engine().await;
    let filter = format!(
        "<stream>plant</stream><filter><alarm {NS}><severity>critical</severity><text/></alarm></filter>"
    );
    let mut some = Subscriber::subscribed(&engine, "alice", &filter).await;
    let filter = format!(
        "<filter type=\"subtree\"><alarm {NS}><place><id>hall</id></place></alarm></filter>"
    );
    let mut place = Subscriber::subscribed(&engine, "bob", &filter).await;
    notify(&engine, "plant", &alarm("minor", "no"))
        .await
        .unwrap();
    let there = format!(
        "<alarm {NS}><severity>critical</severity><text>yes</text><place><id>hall</id><floor>2</floor></place><place><id>roof</id></place></alarm>"
    );
    notify(&engine, "plant", &there).await.unwrap();
    insta::assert_snapshot!(some.text().await, @r#"<alarm xmlns="urn:e"><severity>critical</severity><text>yes</text></alarm>"#);
    insta::assert_snapshot!(place.text().await, @r#"<alarm xmlns="urn:e"><place><id>hall</id><floor>2</floor></place></alarm>"#);
}

#[tokio::test]
async fn an_xpath_filter_is_evaluated_on_the_notification_and_lets_all_of_it_through() {
    let (engine, _) = engine().await;
    let filter = |select: &str| {
        format!("<stream>plant</stream><filter type=\"xpath\" select=\"{select}\"/>")
    };
    let selects = [
        "/e:alarm[e:severity='critical']",
        "e:alarm/e:text[. = 'two']",
        "//e:place[e:floor &gt; 1]",
        "count(/e:item/e:poked) = 1",
    ];
    let mut subscribers = Vec::new();
    for select in selects {
        subscribers.push(Subscriber::subscribed(&engine, "alice", &filter(select)).await);
    }
    let send = async |text: &str| notify(&engine, "plant", text).await.unwrap();
    send(&alarm("minor", "one")).await;
    send(&alarm("critical", "two")).await;
    send(&item(7, "<poked><how>softly</how></poked>")).await;
    send(&format!(
        "<alarm {NS}><severity>critical</severity><text>three</text><place><id>a</id><floor>2</floor></place></alarm>"
    ))
    .await;
    send(&alarm("critical", "four")).await;
    assert_eq!(subscribers[0].texts(3).await, ["two", "three", "four"]);
    assert_eq!(subscribers[1].texts(1).await, ["two"]);
    assert_eq!(subscribers[2].texts(1).await, ["three"]);
    insta::assert_snapshot!(subscribers[3].text().await, @r#"<item xmlns="urn:e"><id>7</id><poked><how>softly</how></poked></item>"#);
}

#[tokio::test]
async fn a_filter_of_rfc_5277_with_attributes_in_the_namespace_of_netconf_counts() {
    let (engine, _) = engine().await;
    let filter = "<stream>plant</stream><filter xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\" nc:type=\"xpath\" \
                  xmlns:x=\"urn:e\" nc:select=\"/x:alarm[x:text='yes']\"/>";
    let mut some = Subscriber::subscribed(&engine, "alice", filter).await;
    alarms(&engine, ["no", "yes"]).await;
    assert_eq!(some.texts(1).await, ["yes"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_filter_is_told() {
    let (engine, _) = engine().await;
    let alice = Subscriber::open(&engine, "alice").await;
    let refused = async |filter: &str| {
        let error = invoke(&alice.client, &create(filter)).await.unwrap_err();
        format!("{:?}: {error}", tag(&error))
    };
    insta::assert_snapshot!(refused("<filter type='xpath'/>").await, @r#"("missing-attribute", ["bad-attribute=select", "bad-element=filter"]): a filter of type xpath needs its expression in the attribute select"#);
    insta::assert_snapshot!(refused("<filter type='regex'/>").await, @r#"("bad-attribute", ["bad-attribute=type", "bad-element=filter"]): a filter is of type subtree or xpath, not "regex""#);
    insta::assert_snapshot!(refused("<filter type='xpath' select='/e:alarm['/>").await, @r#"("invalid-value", []): the expression "/e:alarm[" cannot be used: expected a name, '*', '.', '..' or another step of a path, found the end (at byte 9 of the expression)"#);
    insta::assert_snapshot!(refused("<filter type='xpath' select='/f:alarm'/>").await, @r#"("invalid-value", []): the expression "/f:alarm" cannot be used: the prefix of 'f:alarm' is not known here; import or load its module, or use a prefix that is known (at byte 1 of the expression)"#);
}

#[tokio::test]
async fn requests_that_cannot_be_met_are_refused_as_the_rfc_says() {
    let clock = clock();
    let none = StreamOptions {
        retention: Duration::ZERO,
        ..options()
    };
    let forgetful = engine_with(&clock, none).await;
    let engine = engine_with(&clock, options()).await;
    let alice = Subscriber::open(&engine, "alice").await;
    let bob = Subscriber::open(&forgetful, "bob").await;
    let refused = async |client: &Client, inside: &str| {
        let error = invoke(client, &create(inside)).await.unwrap_err();
        format!("{:?}: {error}", tag(&error))
    };
    let start = |time: &str| format!("<startTime>2027-01-15T{time}Z</startTime>");
    let stop = |time: &str| format!("<stopTime>2027-01-15T{time}Z</stopTime>");
    let alice = &alice.client;
    insta::assert_snapshot!(refused(alice, "<stream>plants</stream>").await, @r#"("invalid-value", ["bad-element=stream"]): there is no stream "plants"; there is NETCONF, plant"#);
    insta::assert_snapshot!(refused(alice, &start("08:00:01")).await, @r#"("bad-element", ["bad-element=startTime"]): the startTime 2027-01-15T08:00:01Z has not come yet, it is 2027-01-15T08:00:00Z; leave it out for events from now on"#);
    insta::assert_snapshot!(refused(alice, &stop("09:00:00")).await, @r#"("missing-element", ["bad-element=startTime"]): a stopTime needs a startTime: it ends a replay, and what follows it"#);
    insta::assert_snapshot!(refused(alice, &format!("{}{}", start("07:00:00"), stop("06:00:00"))).await, @r#"("bad-element", ["bad-element=stopTime"]): the stopTime 2027-01-15T06:00:00Z is before the startTime 2027-01-15T07:00:00Z"#);
    insta::assert_snapshot!(refused(&bob.client, &start("07:00:00")).await, @r#"("operation-failed", []): the stream NETCONF keeps no past events, so none can be replayed; subscribe without a start time, or let it keep some (`stream.retention`)"#);
    let deaf = Client::open(&engine, "carol").await;
    insta::assert_snapshot!(refused(&deaf, "").await, @r#"("operation-not-supported", []): the front end of this session takes no notifications; subscribe in a session over NETCONF"#);
    invoke(alice, &create("<stream>plant</stream>"))
        .await
        .unwrap();
    insta::assert_snapshot!(refused(alice, "").await, @r#"("operation-failed", []): this session has been subscribed to plant for 0 s; create-subscription has no second one and no end before its stop time: close the session, or open another one for this"#);
}

#[tokio::test]
async fn a_subscription_ends_with_its_session_and_its_engine_is_held_by_none() {
    let (engine, _) = engine().await;
    let mut alice = Subscriber::subscribed(&engine, "alice", "<stream>plant</stream>").await;
    let mut bob = Subscriber::subscribed(&engine, "bob", "<stream>plant</stream>").await;
    engine.close_session(alice.client.session()).await;
    assert!(alice.notices.recv().await.is_none());
    engine.stop().await.unwrap();
    engine.close_session(bob.client.session()).await;
    assert!(bob.notices.recv().await.is_none());
    let weak = engine.downgrade();
    drop((engine, alice, bob));
    for _ in 0..100 {
        if weak.upgrade().is_none() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("somebody holds the engine");
}

#[tokio::test]
async fn the_streams_are_state() {
    let (engine, clock) = engine().await;
    let alice = Client::open(&engine, "alice").await;
    clock.advance(Duration::from_secs(60));
    let state = async |filter: &str| {
        let get = Get {
            store: banyan_engine::backend::Datastore::Running,
            state: true,
            filter: Some(banyan_engine::backend::Filter::Subtree(Document::xml(
                filter.as_bytes().to_vec(),
            ))),
            with_defaults: Default::default(),
            encoding: Encoding::Xml,
        };
        alice.get(get).await.unwrap()
    };
    insta::assert_snapshot!(state("<netconf xmlns='urn:ietf:params:xml:ns:netmod:notification'/>").await, @r#"<netconf xmlns="urn:ietf:params:xml:ns:netmod:notification"><streams><stream><name>NETCONF</name><description>All events of the server.</description><replaySupport>true</replaySupport><replayLogCreationTime>2027-01-15T08:00:00Z</replayLogCreationTime></stream><stream><name>plant</name><description>Alarms of the plant.</description><replaySupport>true</replaySupport><replayLogCreationTime>2027-01-15T08:00:00Z</replayLogCreationTime></stream></streams></netconf>"#);
    insta::assert_snapshot!(state("<streams xmlns='urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications'/>").await, @r#"<streams xmlns="urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications"><stream><name>NETCONF</name><description>All events of the server.</description><replay-support/><replay-log-creation-time>2027-01-15T08:00:00Z</replay-log-creation-time></stream><stream><name>plant</name><description>Alarms of the plant.</description><replay-support/><replay-log-creation-time>2027-01-15T08:00:00Z</replay-log-creation-time></stream></streams>"#);
}
