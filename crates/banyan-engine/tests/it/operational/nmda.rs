//! Reads of the operational datastore: defaults in use, depth, origins (RFC 8526).

use super::*;

#[tokio::test]
async fn operational_has_configuration_state_and_defaults_in_use() {
    let counters = Arc::new(counters());
    let (_engine, alice, _) = engine(&[&counters]).await;
    alice
        .set("<ports xmlns='urn:o'><port><name>a</name></port></ports>")
        .await
        .unwrap();
    let of_a = "<ports xmlns='urn:o'><port><name>a</name></port></ports>";
    let a = |inside: &str| {
        format!("<ports xmlns=\"urn:o\"><port><name>a</name>{inside}</port></ports>")
    };
    let all = "<mtu>1500</mtu><counters><in>1</in><out>2</out></counters>";
    assert_eq!(read(&alice, operational(subtree(of_a))).await.0, a(all));
    let explicit = GetData {
        with_defaults: Some(WithDefaults::Explicit),
        ..operational(subtree(of_a))
    };
    let explicit = read(&alice, explicit).await.0;
    assert_eq!(explicit, a("<counters><in>1</in><out>2</out></counters>"));
    // What is in use is filtered like anything else, and nothing comes beside it.
    for filter in [
        xpath("/o:ports/port[name='a']/mtu"),
        xpath("/o:ports/port[mtu=1500][name='a']/mtu"),
        subtree("<ports xmlns='urn:o'><port><name>a</name><mtu/></port></ports>"),
    ] {
        assert_eq!(
            read(&alice, operational(filter)).await.0,
            a("<mtu>1500</mtu>")
        );
    }
    let state = GetData {
        config: Some(false),
        ..operational(subtree(of_a))
    };
    assert_eq!(
        read(&alice, state).await.0,
        a("<counters><in>1</in><out>2</out></counters>")
    );
    let configuration = GetData {
        config: Some(true),
        ..operational(subtree(of_a))
    };
    assert_eq!(read(&alice, configuration).await.0, a("<mtu>1500</mtu>"));
    let intended = GetData::of(ReadFrom::Intended);
    assert_eq!(read(&alice, intended).await.0, a(""));
}

#[tokio::test]
async fn a_filter_takes_or_leaves_defaults_of_any_datastore_and_no_default_hides_what_was_set() {
    let (_engine, alice, _) = engine(&[]).await;
    let ports = "<ports xmlns='urn:o'><port><name>a</name><mtu>9000</mtu><speed>1</speed></port><port><name>b</name></port></ports>";
    alice.set(ports).await.unwrap();
    let port = |name: &str, inside: &str| {
        format!("<ports xmlns=\"urn:o\"><port><name>{name}</name>{inside}</port></ports>")
    };
    for from in [
        ReadFrom::Store(Datastore::Running),
        ReadFrom::Intended,
        ReadFrom::RunningAndState,
        ReadFrom::Operational,
    ] {
        for (filter, shown) in [
            (
                xpath("/o:ports/port[name='a']/speed"),
                port("a", "<speed>1</speed>"),
            ),
            (
                xpath("/o:ports/port[name='b']/mtu"),
                port("b", "<mtu>1500</mtu>"),
            ),
            (
                xpath("/o:ports/port[mtu=1500]"),
                port("b", "<mtu>1500</mtu>"),
            ),
            (
                subtree("<ports xmlns='urn:o'><port><name>a</name><speed/></port></ports>"),
                port("a", "<speed>1</speed>"),
            ),
            (
                subtree("<ports xmlns='urn:o'><port><name>a</name></port></ports>"),
                port("a", "<mtu>9000</mtu><speed>1</speed>"),
            ),
        ] {
            let get = GetData {
                with_defaults: Some(WithDefaults::ReportAll),
                filter: filter.clone(),
                ..GetData::of(from)
            };
            assert_eq!(read(&alice, get).await.0, shown, "{from:?} {filter:?}");
        }
    }
}

#[tokio::test]
async fn depth_counts_from_what_is_selected() {
    let counters = Arc::new(counters());
    let (_engine, alice, _) = engine(&[&counters]).await;
    alice.set(PORT_A).await.unwrap();
    let a = |inside: &str| {
        format!("<ports xmlns=\"urn:o\"><port><name>a</name>{inside}</port></ports>")
    };
    for (filter, depth, data) in [
        (xpath("/o:ports/port[name='a']"), 1, a("")),
        (
            xpath("/o:ports/port[name='a']"),
            2,
            a("<mtu>9000</mtu><counters/>"),
        ),
        (
            subtree("<ports xmlns='urn:o'><port><name>a</name><counters/></port></ports>"),
            2,
            a("<counters><in>1</in><out>2</out></counters>"),
        ),
        (None, 1, "<ports xmlns=\"urn:o\"/>".to_owned()),
    ] {
        let get = GetData {
            max_depth: Some(depth),
            ..operational(filter.clone())
        };
        assert_eq!(read(&alice, get).await.0, data, "{filter:?} {depth}");
    }
}

/// A loopback port that the system has made, a learned alias and speed.
#[tokio::test]
async fn depth_and_position_go_together() {
    let log = Arc::new(Watched::new(
        "log",
        "/o:log",
        Does::Answers(
            r#"{"o:log": {"line": [{"text": "one"}, {"text": "two", "more": {"deep": "x"}}, {"text": "three"}]}}"#,
        ),
    ));
    let (_engine, alice, _) = engine(&[&log]).await;
    let second = |depth| GetData {
        max_depth: Some(depth),
        ..operational(xpath("/o:log/line[2]"))
    };
    let line =
        |more: &str| format!("<log xmlns=\"urn:o\"><line><text>two</text>{more}</line></log>");
    assert_eq!(read(&alice, second(2)).await.0, line("<more/>"));
    assert_eq!(
        read(&alice, second(3)).await.0,
        line("<more><deep>x</deep></more>")
    );
}

fn system() -> Watched {
    Watched::new(
        "system",
        "/o:ports",
        Does::Answers(
            r#"{"o:ports": {"port": [
  {"name": "lo", "mtu": 65535, "up": true},
  {"name": "a", "mtu": 1400, "speed": 10, "@speed": {"ietf-origin:origin": "ietf-origin:learned"}, "up": true}]}}"#,
        ),
    )
}

#[tokio::test]
async fn nodes_bear_their_origin_where_it_is_not_that_of_the_node_around() {
    let system = Arc::new(system());
    let (_engine, alice, _) = engine(&[&system]).await;
    alice
        .set("<ports xmlns='urn:o'><port><name>a</name><mtu>9000</mtu><alias>x</alias></port><port><name>c</name></port></ports>")
        .await
        .unwrap();
    let get = GetData {
        with_origin: true,
        ..operational(None)
    };
    let (data, _) = read(&alice, get.clone()).await;
    let or = "xmlns:or=\"urn:ietf:params:xml:ns:yang:ietf-origin\" or:origin=\"or:";
    let shown = data.replace(or, "[").replace("\">", "]>");
    assert_eq!(
        shown,
        "<ports xmlns=\"urn:o\" [intended]><port><name>a</name><mtu [system]>1400</mtu>\
         <speed [learned]>10</speed><alias>x</alias><up>true</up></port>\
         <port><name>c</name><mtu [default]>1500</mtu></port>\
         <port [system]><name>lo</name><mtu>65535</mtu><up>true</up></port></ports>"
    );
    let filtered = |origins: OriginFilter| GetData {
        origins,
        ..operational(None)
    };
    let named = |name: &str| {
        vec![IdentityName {
            namespace: "urn:ietf:params:xml:ns:yang:ietf-origin".to_owned(),
            name: name.to_owned(),
        }]
    };
    let a = "<ports xmlns=\"urn:o\"><port><name>a</name>";
    for (origins, data) in [
        (
            OriginFilter::Only(named("learned")),
            format!("{a}<speed>10</speed></port></ports>"),
        ),
        (
            OriginFilter::Only(named("system")),
            format!(
                "{a}<mtu>1400</mtu></port><port><name>lo</name><mtu>65535</mtu></port></ports>"
            ),
        ),
        (
            OriginFilter::Without(named("system")),
            format!(
                "{a}<speed>10</speed><alias>x</alias></port><port><name>c</name><mtu>1500</mtu></port></ports>"
            ),
        ),
    ] {
        assert_eq!(
            read(&alice, filtered(origins.clone())).await.0,
            data,
            "{origins:?}"
        );
    }
    // A base identity has all.
    let all = read(&alice, filtered(OriginFilter::Only(named("origin"))))
        .await
        .0;
    assert!(
        all.contains("<alias>x</alias>") && !all.contains("<up>"),
        "{all}"
    );
    for get in [
        GetData {
            from: ReadFrom::Intended,
            ..get
        },
        filtered(OriginFilter::Only(named("nonsense"))),
    ] {
        assert!(alice.engine.get_data(&alice.call, get).await.is_err());
    }
}
