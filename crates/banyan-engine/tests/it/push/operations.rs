//! Each operation, its errors, and what is told of subscriptions.

use banyan_engine::access::{AccessOptions, Mode};
use banyan_engine::backend::BoxFuture;
use banyan_engine::clock::ManualClock;
use banyan_engine::error::ErrorTag;
use banyan_engine::provider::{Provider, StateRequest};

use super::*;

fn with_id(name: &str, namespace: &str, id: u32) -> String {
    format!("<{name} xmlns='{namespace}'><id>{id}</id></{name}>")
}

/// Time passes when nobody has anything else to do.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
}

async fn with_clock() -> (Engine, ManualClock) {
    let clock = ManualClock::at(jiff::Timestamp::from_second(1_800_000_000).unwrap());
    let engine = EngineBuilder::new(schema())
        .clock(Arc::new(clock.clone()))
        .open()
        .await
        .unwrap();
    (engine, clock)
}

#[tokio::test]
async fn a_deleted_subscription_tells_nothing_more() {
    let engine = engine().await;
    let root = Client::open(&engine, "root").await;
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    let id = alice.establish("running", ON_CHANGE).await.unwrap();
    alice.hear().await;
    alice
        .call(&with_id("delete-subscription", SN, id))
        .await
        .unwrap();
    root.set(&port("a", 1)).await.unwrap();
    alice.hears_nothing().await;
    let again = alice.call(&with_id("delete-subscription", SN, id)).await;
    let error = again.unwrap_err();
    assert_eq!(
        reason(&error),
        (
            "no-such-subscription".to_owned(),
            "delete-subscription-error-info"
        )
    );
    assert_eq!(error.reports[0].tag, ErrorTag::InvalidValue);
}

#[tokio::test]
async fn a_subscription_is_the_business_of_its_session_and_of_who_may_kill() {
    let engine = engine().await;
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    let id = alice.establish("running", ON_CHANGE).await.unwrap();
    alice.hear().await;
    let bob = Subscriber::open(&engine, "bob", Encoding::Xml).await;
    let error = bob.call(&with_id("delete-subscription", SN, id)).await;
    assert_eq!(reason(&error.unwrap_err()).0, "no-such-subscription");
    let error = bob.call(&with_id("resync-subscription", YP, id)).await;
    assert_eq!(
        reason(&error.unwrap_err()),
        (
            "no-such-subscription-resync".to_owned(),
            "resync-subscription-error"
        )
    );
    bob.call(&with_id("kill-subscription", SN, id))
        .await
        .unwrap();
    assert_eq!(
        alice.text().await,
        format!(
            "<subscription-terminated xmlns=\"{SN}\"><id>{id}</id>\
             <reason>no-such-subscription</reason></subscription-terminated>"
        )
    );
    let error = bob.call(&with_id("kill-subscription", SN, id)).await;
    assert_eq!(reason(&error.unwrap_err()).0, "no-such-subscription");
}

#[tokio::test]
async fn a_resync_has_all_there_is_once_more() {
    let engine = engine().await;
    let root = Client::open(&engine, "root").await;
    root.set(&port("a", 1)).await.unwrap();
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Json).await;
    let id = alice.establish("running", ON_CHANGE).await.unwrap();
    alice.hear().await;
    alice
        .call(&with_id("resync-subscription", YP, id))
        .await
        .unwrap();
    alice.hear().await;
    assert_eq!(alice.heard, ["push-update", "push-update"]);
    assert_eq!(alice.tree, alice.running(None).await);
    let periodic = "<yp:periodic><yp:period>1000</yp:period></yp:periodic>";
    let id = alice.establish("running", periodic).await.unwrap();
    let error = alice.call(&with_id("resync-subscription", YP, id)).await;
    let error = error.unwrap_err();
    assert_eq!(reason(&error).0, "no-such-subscription-resync");
    insta::assert_snapshot!(error, @"subscription 2 is periodic: each of its updates has all there is; resync is for those to changes of a datastore");
}

#[tokio::test]
async fn what_cannot_be_subscribed_to_is_refused_with_a_reason() {
    let engine = engine().await;
    let alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    let period =
        |period: u32| format!("<yp:periodic><yp:period>{period}</yp:period></yp:periodic>");
    let about = "establish-subscription-datastore-error-info";
    for (store, rest, why, tag) in [
        (
            "running",
            period(9),
            "period-unsupported",
            ErrorTag::InvalidValue,
        ),
        (
            "candidate",
            ON_CHANGE.to_owned(),
            "on-change-unsupported",
            ErrorTag::OperationNotSupported,
        ),
        (
            "dynamic",
            ON_CHANGE.to_owned(),
            "datastore-not-subscribable",
            ErrorTag::InvalidValue,
        ),
        (
            "running",
            xpath("count(/q:c)") + ON_CHANGE,
            "filter-unsupported",
            ErrorTag::InvalidValue,
        ),
        (
            "running",
            xpath("/q:c[") + ON_CHANGE,
            "filter-unsupported",
            ErrorTag::InvalidValue,
        ),
        (
            "running",
            subtree(&format!("<nothing {P}/>")) + ON_CHANGE,
            "unchanging-selection",
            ErrorTag::OperationFailed,
        ),
        (
            "running",
            subtree(&format!("<clock {P}/>")) + ON_CHANGE,
            "unchanging-selection",
            ErrorTag::OperationFailed,
        ),
        (
            "operational",
            subtree(&format!("<subscriptions xmlns='{SN}'/>")) + ON_CHANGE,
            "on-change-unsupported",
            ErrorTag::OperationNotSupported,
        ),
    ] {
        let error = alice.establish(store, &rest).await.unwrap_err();
        assert_eq!(reason(&error), (why.to_owned(), about), "{error}");
        assert_eq!(error.reports[0].tag, tag, "{error}");
    }
    let error = alice.establish("running", &period(9)).await.unwrap_err();
    let structure = error.reports[0].structure.clone().unwrap();
    assert_eq!(structure.leaves[1], ("period-hint", "10".to_owned()));
    let error = alice.establish("running", "").await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::MissingElement);
    let past = "<stop-time>2001-01-01T00:00:00Z</stop-time>".to_owned() + ON_CHANGE;
    let error = alice.establish("running", &past).await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::InvalidValue);
}

#[tokio::test]
async fn a_session_has_a_bound_and_must_take_notices() {
    let engine = EngineBuilder::new(schema())
        .subscriptions(2)
        .open()
        .await
        .unwrap();
    let alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    let first = alice.establish("running", ON_CHANGE).await.unwrap();
    alice.establish("running", ON_CHANGE).await.unwrap();
    let error = alice.establish("running", ON_CHANGE).await.unwrap_err();
    assert_eq!(reason(&error).0, "insufficient-resources");
    assert_eq!(error.reports[0].tag, ErrorTag::ResourceDenied);
    insta::assert_snapshot!(error, @"a session may have 2 subscriptions (subscription.max), and this one has them; delete one, or open another session");
    alice
        .call(&with_id("delete-subscription", SN, first))
        .await
        .unwrap();
    alice.establish("running", ON_CHANGE).await.unwrap();
    let deaf = Client::open(&engine, "bob").await;
    let document = Document::xml(establish("running", ON_CHANGE).into_bytes());
    let refused = engine.invoke(&deaf.call, document, Encoding::Xml).await;
    insta::assert_snapshot!(refused.unwrap_err(), @"this session takes no notifications, so it cannot subscribe; subscribe over NETCONF");
}

#[tokio::test]
async fn a_modified_subscription_says_so_and_goes_on_under_its_new_terms() {
    let engine = engine().await;
    let root = Client::open(&engine, "root").await;
    root.set(&ports(&[("a", 1), ("b", 2)])).await.unwrap();
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    let of = |name: &str| subtree(&format!("<c {P}><port><name>{name}</name></port></c>"));
    let id = alice
        .establish("running", &(of("a") + ON_CHANGE))
        .await
        .unwrap();
    alice.hear().await;
    let modify = |id: u32, store: &str, rest: &str| {
        format!(
            "<modify-subscription xmlns='{SN}' xmlns:yp='{YP}'><id>{id}</id>\
             <yp:datastore xmlns:ds='{DS}'>ds:{store}</yp:datastore>{rest}</modify-subscription>"
        )
    };
    alice.call(&modify(id, "running", &of("b"))).await.unwrap();
    let text = alice.text().await;
    insta::assert_snapshot!(text, @r#"<subscription-modified xmlns="urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications"><id>1</id><datastore xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-push" xmlns:ds="urn:ietf:params:xml:ns:yang:ietf-datastores">ds:running</datastore><datastore-subtree-filter xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-push"><c xmlns="urn:p"><port><name>b</name></port></c></datastore-subtree-filter><on-change xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-push"><dampening-period>0</dampening-period><sync-on-start>true</sync-on-start></on-change></subscription-modified>"#);
    alice.hear().await;
    assert_eq!(
        printed(&alice.tree),
        "<c xmlns=\"urn:p\"><port><name>b</name><mtu>2</mtu></port></c>"
    );
    root.set(&ports(&[("a", 3), ("b", 4)])).await.unwrap();
    alice.hear().await;
    assert!(printed(&alice.tree).contains("<mtu>4</mtu>"));
    alice.hears_nothing().await;
    let error = alice.call(&modify(id, "startup", "")).await.unwrap_err();
    insta::assert_snapshot!(error, @"subscription 1 is one to running; a modification cannot change that: delete it and establish another");
    let periodic = "<yp:periodic><yp:period>1000</yp:period></yp:periodic>";
    let error = alice.call(&modify(id, "running", periodic)).await;
    insta::assert_snapshot!(error.unwrap_err(), @"subscription 1 is one to changes; a modification cannot change that: delete it and establish another");
    let error = alice.call(&modify(id, "running", &xpath("1"))).await;
    let error = error.unwrap_err();
    assert_eq!(
        reason(&error),
        (
            "filter-unsupported".to_owned(),
            "modify-subscription-datastore-error-info"
        )
    );
    let error = alice.call(&modify(99, "running", "")).await.unwrap_err();
    assert_eq!(reason(&error).0, "no-such-subscription");
}

#[tokio::test]
async fn a_dampening_period_gathers_changes() {
    let (engine, clock) = with_clock().await;
    let root = Client::open(&engine, "root").await;
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Json).await;
    let dampened = "<yp:on-change><yp:dampening-period>500</yp:dampening-period></yp:on-change>";
    alice.establish("running", dampened).await.unwrap();
    alice.hear().await;
    for mtu in 1..4 {
        root.set(&port("a", mtu)).await.unwrap();
    }
    alice.hears_nothing().await;
    clock.advance(Duration::from_secs(4));
    alice.hears_nothing().await;
    clock.advance(Duration::from_secs(1));
    alice.hear().await;
    assert_eq!(alice.tree, alice.running(None).await);
    alice.hears_nothing().await;
    // A change after a quiet time is told at once.
    clock.advance(Duration::from_secs(5));
    settle().await;
    root.set(&port("a", 9)).await.unwrap();
    alice.hear().await;
    assert_eq!(alice.tree, alice.running(None).await);
}

#[tokio::test]
async fn periodic_updates_come_at_their_times_with_all_there_is() {
    let (engine, clock) = with_clock().await;
    let root = Client::open(&engine, "root").await;
    root.set(&port("a", 1)).await.unwrap();
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    // 1 800 000 000 s is 2027-01-15T08:00:00Z.
    let periodic = "<yp:periodic><yp:period>1000</yp:period>\
                    <yp:anchor-time>2027-01-15T08:00:03Z</yp:anchor-time></yp:periodic>";
    alice
        .establish("operational", &(subtree(&format!("<c {P}/>")) + periodic))
        .await
        .unwrap();
    alice.hears_nothing().await;
    clock.advance(Duration::from_secs(3));
    let notice = alice.next().await;
    assert_eq!(notice.time.to_string(), "2027-01-15T08:00:03Z");
    alice.take(&notice);
    assert_eq!(alice.tree, alice.running(None).await);
    root.set(&port("a", 2)).await.unwrap();
    alice.hears_nothing().await;
    clock.advance(Duration::from_secs(10));
    alice.hear().await;
    assert_eq!(alice.tree, alice.running(None).await);
    // Those that were missed are not made up for.
    clock.advance(Duration::from_secs(35));
    alice.hear().await;
    alice.hears_nothing().await;
    clock.advance(Duration::from_secs(5));
    alice.hear().await;
    assert_eq!(alice.heard.len(), 4);
}

#[tokio::test]
async fn a_subscription_ends_at_its_stop_time_and_with_its_session() {
    let (engine, clock) = with_clock().await;
    let root = Client::open(&engine, "root").await;
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    let until = "<stop-time>2027-01-15T08:01:00Z</stop-time>".to_owned() + ON_CHANGE;
    let id = alice.establish("running", &until).await.unwrap();
    alice.hear().await;
    clock.advance(Duration::from_secs(59));
    alice.hears_nothing().await;
    clock.advance(Duration::from_secs(1));
    let last = alice.next().await;
    let last = String::from_utf8(last.document.bytes.to_vec()).unwrap();
    assert_eq!(
        last,
        format!("<subscription-completed xmlns=\"{SN}\"><id>{id}</id></subscription-completed>")
    );
    root.set(&port("a", 1)).await.unwrap();
    alice.hears_nothing().await;
    alice.establish("running", ON_CHANGE).await.unwrap();
    alice.hear().await;
    engine.close_session(alice.client.session()).await;
    assert!(alice.notices.recv().await.is_none());
    settle().await;
    assert_eq!(subscriptions(&root).await, "");
}

/// The state of all subscriptions.
async fn subscriptions(client: &Client) -> String {
    let filter = format!("<subscriptions xmlns='{SN}'/>");
    let get = Get {
        store: Datastore::Running,
        state: true,
        filter: Some(Filter::Subtree(Document::xml(filter.into_bytes()))),
        with_defaults: WithDefaults::Explicit,
        encoding: Encoding::Xml,
    };
    client.get(get).await.unwrap()
}

#[tokio::test]
async fn subscriptions_are_state_that_can_be_read() {
    let engine = engine().await;
    let root = Client::open(&engine, "root").await;
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    assert_eq!(subscriptions(&root).await, "");
    alice
        .establish(
            "running",
            &(subtree(&format!("<c {P}><port/></c>"))
                + "<yp:on-change><yp:excluded-change>delete</yp:excluded-change></yp:on-change>"),
        )
        .await
        .unwrap();
    alice.hear().await;
    root.set(&port("a", 1)).await.unwrap();
    alice.hear().await;
    let periodic = "<yp:periodic><yp:period>1000</yp:period></yp:periodic>";
    alice
        .establish("operational", &(xpath("/q:c") + periodic))
        .await
        .unwrap();
    alice.hear().await;
    insta::assert_snapshot!(subscriptions(&root).await, @r#"<subscriptions xmlns="urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications"><subscription><id>1</id><datastore xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-push" xmlns:ds="urn:ietf:params:xml:ns:yang:ietf-datastores">ds:running</datastore><datastore-subtree-filter xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-push"><c xmlns="urn:p"><port></port></c></datastore-subtree-filter><encoding xmlns:sn="urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications">sn:encode-xml</encoding><receivers><receiver><name>session 2 of alice</name><sent-event-records>2</sent-event-records><excluded-event-records>0</excluded-event-records><state>active</state></receiver></receivers><on-change xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-push"><dampening-period>0</dampening-period><sync-on-start>true</sync-on-start><excluded-change>delete</excluded-change></on-change></subscription><subscription><id>2</id><datastore xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-push" xmlns:ds="urn:ietf:params:xml:ns:yang:ietf-datastores">ds:operational</datastore><datastore-xpath-filter xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-push">/q:c</datastore-xpath-filter><encoding xmlns:sn="urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications">sn:encode-xml</encoding><receivers><receiver><name>session 2 of alice</name><sent-event-records>1</sent-event-records><excluded-event-records>0</excluded-event-records><state>active</state></receiver></receivers><periodic xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-push"><period>1000</period></periodic></subscription></subscriptions>"#);
}

/// Is asked when somebody reads.
struct Asked;

impl Provider for Asked {
    fn name(&self) -> &str {
        "asked"
    }

    fn covers(&self) -> Vec<String> {
        vec!["/p:pulled".to_owned()]
    }

    fn read(&self, request: StateRequest) -> BoxFuture<'_, banyan_engine::backend::Result<Tree>> {
        let json = br#"{"p:pulled": {"at": "now"}}"#;
        let tree = json::parse_data(request.running.schema(), json, &ParseOptions::default());
        Box::pin(std::future::ready(Ok(tree.unwrap())))
    }
}

#[tokio::test]
async fn what_a_provider_knows_when_it_is_asked_is_told_at_intervals_only() {
    let engine = EngineBuilder::new(schema())
        .provider(Arc::new(Asked))
        .open()
        .await
        .unwrap();
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    let pulled = subtree(&format!("<pulled {P}/>"));
    let refused = alice
        .establish("operational", &(pulled.clone() + ON_CHANGE))
        .await;
    let error = refused.unwrap_err();
    assert_eq!(reason(&error).0, "on-change-unsupported");
    insta::assert_snapshot!(error, @"nobody announces changes of what the filter selects: it is asked for when it is read; subscribe periodically");
    // Something of it is announced.
    let both = subtree(&format!("<pulled {P}/><clock {P}/>"));
    alice
        .establish("operational", &(both + ON_CHANGE))
        .await
        .unwrap();
    alice.hear().await;
    assert_eq!(printed(&alice.tree), "");
    let periodic = "<yp:periodic><yp:period>100000</yp:period></yp:periodic>";
    alice
        .establish("operational", &(pulled + periodic))
        .await
        .unwrap();
    alice.hear().await;
    assert_eq!(
        printed(&alice.tree),
        "<pulled xmlns=\"urn:p\"><at>now</at></pulled>"
    );
}

#[tokio::test]
async fn nobody_kills_subscriptions_without_a_rule_that_says_so() {
    let access = AccessOptions {
        mode: Mode::Internal,
        first_admin: Some("root".into()),
        ..AccessOptions::default()
    };
    let engine = EngineBuilder::new(schema())
        .access(access)
        .open()
        .await
        .unwrap();
    let mut root = Subscriber::open(&engine, "root", Encoding::Xml).await;
    let alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    let filter = subtree(&format!("<c {P}/>"));
    let id = root
        .establish("running", &(filter.clone() + ON_CHANGE))
        .await
        .unwrap();
    root.hear().await;
    let kill = with_id("kill-subscription", SN, id);
    let error = alice.call(&kill).await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::AccessDenied, "{error}");
    // Her own she may have, and end.
    let own = alice
        .establish("running", &(filter + ON_CHANGE))
        .await
        .unwrap();
    alice
        .call(&with_id("delete-subscription", SN, own))
        .await
        .unwrap();
    root.call(&kill).await.unwrap();
    assert!(root.text().await.starts_with("<subscription-terminated"));
}
