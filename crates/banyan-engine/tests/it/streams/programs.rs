//! Notifications of programs, in the process and outside of it.

use banyan_engine::backend::{Backend, Document, Encoding};

use super::{NS, Subscriber, alarm, engine, invoke, item, notify};
use crate::fixture::Client;

fn send(inside: &str) -> String {
    format!("<send-notification xmlns=\"urn:banyan:system\">{inside}</send-notification>")
}

#[tokio::test]
async fn a_program_outside_sends_what_its_models_have() {
    let (engine, _) = engine().await;
    let mut alice = Subscriber::subscribed(&engine, "alice", "<stream>plant</stream>").await;
    let bob = Client::open(&engine, "bob").await;
    let alarm = alarm("critical", "fire");
    let time = "<event-time>2027-01-15T07:59:59.25Z</event-time>";
    invoke(
        &bob,
        &send(&format!(
            "<stream>plant</stream>{time}<notification>{alarm}</notification>"
        )),
    )
    .await
    .unwrap();
    let (time, text) = alice.next().await;
    assert_eq!(time.to_string(), "2027-01-15T07:59:59.25Z");
    assert_eq!(text, alarm);
}

#[tokio::test]
async fn a_notification_that_is_tied_to_data_has_the_way_down_to_it() {
    let (engine, _) = engine().await;
    let mut alice = Subscriber::open(&engine, "alice").await;
    let json = Client::open(&engine, "json").await;
    let mut notices = engine.notices(json.session(), Encoding::Json).unwrap();
    let create = super::create("<stream>plant</stream>");
    for client in [&alice.client, &json] {
        invoke(client, &create).await.unwrap();
    }
    let poked = item(7, "<poked><how>softly</how></poked>");
    notify(&engine, "plant", &poked).await.unwrap();
    assert_eq!(alice.text().await, poked);
    let notice = notices.recv().await.unwrap();
    let text = r#"{"e:item":[{"id":7,"poked":{"how":"softly"}}]}"#;
    assert_eq!(&*notice.document.bytes, text.as_bytes());
    let document = Document::json(text.as_bytes().to_vec());
    engine.notify("plant", None, document).await.unwrap();
    assert_eq!(alice.text().await, poked);
}

#[tokio::test]
async fn what_is_wrong_with_a_notification_is_told_to_its_sender() {
    let (engine, _) = engine().await;
    let refused = async |stream: &str, xml: &str| notify(&engine, stream, xml).await.unwrap_err();
    let bare = |inside: &str| format!("<alarm {NS}>{inside}</alarm>");
    insta::assert_snapshot!(refused("plants", &alarm("minor", "x")).await, @r#"there is no stream "plants"; there is NETCONF, plant"#);
    insta::assert_snapshot!(refused("plant", &format!("<alert {NS}/>")).await, @"module e has no notification alert here (line 1, column 1)");
    insta::assert_snapshot!(refused("plant", &bare("<text>x</text>")).await, @"/e:alarm/severity: the mandatory leaf 'severity' is missing; give it a value");
    insta::assert_snapshot!(refused("plant", &bare("<severity>great</severity>")).await, @r#"/e:alarm/severity: "great" is not a name of the enumeration (line 1, column 22); allowed: minor, critical"#);
    insta::assert_snapshot!(refused("plant", &bare("<severity>minor</severity><item>9</item>")).await, @r#"/e:alarm/item: "9" refers to a node that does not exist: nothing at /e:item/e:id has this value; create what it refers to, or change or delete the reference"#);
    insta::assert_snapshot!(refused("plant", &item(1, "<poked/>")).await, @"/e:item[id='1']/poked/how: the mandatory leaf 'how' is missing; give it a value");
    insta::assert_snapshot!(refused("plant", &format!("<item {NS}><poked><how>x</how></poked></item>")).await, @"/e:item: the key id must stand before the notification (line 1, column 21); add <id>");
    insta::assert_snapshot!(refused("plant", "<replayComplete xmlns='urn:ietf:params:xml:ns:netmod:notification'/>").await, @"only the server itself sends nc-notifications:replayComplete");
    insta::assert_snapshot!(refused("plant", "").await, @"the document names no notification (line 1, column 1)");
    let around = format!(
        "<notification xmlns='urn:ietf:params:xml:ns:netconf:notification:1.0'>{}</notification>",
        alarm("minor", "x")
    );
    insta::assert_snapshot!(refused("plant", &around).await, @"/notifications:notification: module e has no notification alarm here (line 1, column 71)");
}

#[tokio::test]
async fn json_is_taken_as_well() {
    let (engine, _) = engine().await;
    let mut alice = Subscriber::subscribed(&engine, "alice", "<stream>plant</stream>").await;
    let bob = Client::open(&engine, "bob").await;
    let request = r#"{"banyan:send-notification":{"input":{"stream":"plant","notification":{"e:alarm":{"severity":"minor","text":"t"}}}}}"#;
    let plain = request.replace(r#""input":{"#, "").replace("}}}}}", "}}}}");
    let document = Document::json(plain.into_bytes());
    engine
        .invoke(&bob.call, document, Encoding::Json)
        .await
        .unwrap();
    assert_eq!(alice.text().await, alarm("minor", "t"));
}
