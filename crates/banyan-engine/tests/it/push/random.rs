//! Whatever is committed and pushed, whoever subscribes, and however slowly he reads: in the end he knows what he may
//! read, and at no time what he may not.

use banyan_engine::access::{AccessOptions, Mode};
use banyan_engine::backend::{Backend, Encoding};
use banyan_engine::nmda::{GetData, Origin, ReadFrom};
use banyan_engine::state::StateUpdate;
use proptest::prelude::*;

use super::*;

const NACM: &str = "xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-acm'";

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    /// A port gets a value, or an alias.
    Port(u8, u8, bool),
    NoPort(u8),
    /// The ordered list is this.
    Rules(Vec<u8>),
    Name(Option<u8>),
    /// The state of a port, from one of two sources.
    State(bool, u8, u8),
    NoState(bool),
    Drift(u8),
    /// What is denied to alice from now on: a choice of [`DENIALS`].
    Deny(u8),
    /// The reader takes up to so many notices.
    Read(u8),
    /// Tasks go on for a while.
    Pause,
}

/// Paths that may be denied, bit by bit.
const DENIALS: [&str; 5] = [
    "/p:c/p:port[p:name='1']",
    "/p:c/p:port/p:mtu",
    "/p:c/p:rule",
    "/p:clock",
    "/p:c/p:port[p:name='2']/p:up",
];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u8..5, 1u8..4, any::<bool>()).prop_map(|(id, mtu, alias)| Step::Port(id, mtu, alias)),
        2 => (0u8..5).prop_map(Step::NoPort),
        2 => Just((0u8..5).collect::<Vec<_>>()).prop_shuffle().prop_flat_map(|all| {
            (0..=all.len()).prop_map(move |count| Step::Rules(all[..count].to_vec()))
        }),
        1 => prop::option::of(0u8..3).prop_map(Step::Name),
        3 => (any::<bool>(), 0u8..5, 0u8..3).prop_map(|(source, id, up)| Step::State(source, id, up)),
        1 => any::<bool>().prop_map(Step::NoState),
        1 => (0u8..3).prop_map(Step::Drift),
        2 => (0u8..32).prop_map(Step::Deny),
        3 => (1u8..4).prop_map(Step::Read),
        2 => Just(Step::Pause),
    ]
}

/// What is asked for of which datastore.
const FILTERS: [&str; 5] = [
    "<c xmlns='urn:p'/><clock xmlns='urn:p'/>",
    "<c xmlns='urn:p'><port/></c>",
    "<c xmlns='urn:p'><port><mtu>2</mtu></port><rule/></c>",
    "<c xmlns='urn:p'><port><name>1</name></port><port><up/></port></c><clock xmlns='urn:p'/>",
    "<c xmlns='urn:p'><name>1</name><port/></c>",
];

const PATHS: [&str; 3] = [
    "/q:c | /q:clock",
    "/q:c/q:port[q:name='1'] | /q:c/q:rule",
    "/q:c/q:port[q:mtu &gt; 1]",
];

async fn make(root: &Client, step: &Step) {
    const NC: &str = "xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'";
    let xml = match step {
        Step::Port(id, mtu, alias) => {
            let alias = if *alias {
                format!("<alias>{mtu}</alias>")
            } else {
                String::new()
            };
            format!("<c {P}><port><name>{id}</name><mtu>{mtu}</mtu>{alias}</port></c>")
        }
        Step::NoPort(id) => {
            format!("<c {P} {NC}><port nc:operation='remove'><name>{id}</name></port></c>")
        }
        Step::Name(Some(name)) => format!("<c {P}><name>{name}</name></c>"),
        Step::Name(None) => format!("<c {P} {NC}><name nc:operation='remove'/></c>"),
        Step::Rules(ids) => {
            let gone: String = (0..5)
                .filter(|id| !ids.contains(id))
                .map(|id| format!("<rule nc:operation='remove'><id>{id}</id></rule>"))
                .collect();
            let mut order = String::new();
            for (index, id) in ids.iter().enumerate() {
                let place = match index {
                    0 => "yang:insert='first'".to_owned(),
                    _ => format!(
                        "yang:insert='after' yang:key=\"[p:id='{}']\"",
                        ids[index - 1]
                    ),
                };
                order.push_str(&format!("<rule {place}><id>{id}</id></rule>"));
            }
            format!(
                "<c {P} xmlns:p='urn:p' {NC} xmlns:yang='urn:ietf:params:xml:ns:yang:1'>{gone}{order}</c>"
            )
        }
        Step::Deny(which) => {
            let denied = DENIALS
                .iter()
                .enumerate()
                .filter(|(bit, _)| which >> bit & 1 == 1);
            let rules: String = denied
                .map(|(bit, path)| {
                    format!(
                        "<rule><name>{bit}</name><path xmlns:p='urn:p'>{path}</path>\
                         <access-operations>read</access-operations><action>deny</action></rule>"
                    )
                })
                .collect();
            format!(
                "<nacm {NACM} {NC}><rule-list nc:operation='replace'><name>alice</name>\
                 <group>alice</group>{rules}</rule-list></nacm>"
            )
        }
        Step::State(..) | Step::NoState(_) | Step::Drift(_) => {
            let (source, update) = match step {
                Step::State(first, id, up) => {
                    let json = format!(
                        r#"{{"p:c": {{"port": [{{"name": "{id}", "up": {}, "counters": {{"in": {up}}}}}]}}}}"#,
                        up % 2 == 0
                    );
                    (*first, StateUpdate::new().put_json(json))
                }
                Step::Drift(drift) => {
                    let json = format!(r#"{{"p:clock": {{"drift": {drift}}}}}"#);
                    (true, StateUpdate::new().put_json(json))
                }
                Step::NoState(first) => (*first, StateUpdate::new().clear()),
                _ => unreachable!(),
            };
            let name = if source { "one" } else { "two" };
            let state = root.engine.state();
            state
                .source(name, Origin::System)
                .change(update)
                .await
                .unwrap();
            return;
        }
        Step::Read(_) | Step::Pause => return,
    };
    match root.edit(&xml).await {
        Ok(()) => drop(root.commit().await.unwrap()),
        Err(error) => panic!("{error}: {xml}"),
    }
}

/// What a user sees of a datastore with a filter, as a tree.
async fn seen(alice: &Subscriber, from: ReadFrom, filter: &Filter) -> Tree {
    let get = GetData {
        filter: Some(filter.clone()),
        ..GetData::of(from)
    };
    let engine = &alice.client.engine;
    let data = engine.get_data(&alice.client.call, get).await.unwrap();
    let bytes = data.body.collect().await.unwrap();
    xml::parse_data(&schema(), &bytes, &ParseOptions::default()).unwrap()
}

async fn run(
    steps: Vec<Step>,
    operational: bool,
    (by_path, which): (bool, usize),
    in_xml: bool,
    sync: bool,
) {
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
    let root = Client::open(&engine, "root").await;
    root.set(&format!(
        "<nacm {NACM}><groups><group><name>alice</name><user-name>alice</user-name></group></groups></nacm>"
    ))
    .await
    .unwrap();
    let encoding = if in_xml {
        Encoding::Xml
    } else {
        Encoding::Json
    };
    let mut alice = Subscriber::open(&engine, "alice", encoding).await;
    let (store, from) = match operational {
        true => ("operational", ReadFrom::Operational),
        false => ("running", ReadFrom::Store(Datastore::Running)),
    };
    let (given, filter) = match by_path {
        true => {
            let select = PATHS[which % PATHS.len()];
            let filter = Filter::XPath {
                select: select.replace("&gt;", ">"),
                namespaces: vec![("q".to_owned(), "urn:p".to_owned())],
            };
            (xpath(select), filter)
        }
        false => {
            let filter = FILTERS[which % FILTERS.len()];
            let bytes = filter.as_bytes().to_vec();
            (subtree(filter), Filter::Subtree(Document::xml(bytes)))
        }
    };
    let trigger =
        format!("<yp:on-change><yp:sync-on-start>{sync}</yp:sync-on-start></yp:on-change>");
    // At the start there is nothing, so that it is the same with a first update or without one.
    alice.establish(store, &(given + &trigger)).await.unwrap();
    for step in &steps {
        make(&root, step).await;
        match step {
            Step::Read(count) => {
                for _ in 0..*count {
                    if let Ok(notice) = alice.notices.try_recv() {
                        alice.take(&notice);
                    }
                }
            }
            Step::Pause => {
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
            }
            _ => {}
        }
    }
    let expected = seen(&alice, from, &filter).await;
    alice.hear_until(&expected).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn updates_applied_in_their_order_give_what_the_user_may_read(
        steps in prop::collection::vec(step(), 1..25),
        operational in any::<bool>(),
        which in (any::<bool>(), 0usize..15),
        in_xml in any::<bool>(),
        sync in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(run(steps, operational, which, in_xml, sync));
    }
}

/// What was taken away from a user is deleted for him, and what changes then is not told; what he is given comes.
#[tokio::test]
async fn a_commit_that_changes_rules_and_data_tells_only_what_may_be_read_after_it() {
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
    let root = Client::open(&engine, "root").await;
    root.set(&format!(
        "<nacm {NACM}><groups><group><name>alice</name><user-name>alice</user-name></group></groups></nacm>{}",
        port("1", 7)
    ))
    .await
    .unwrap();
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Xml).await;
    let filter = subtree(&format!("<c {P}/>"));
    alice
        .establish("running", &(filter + ON_CHANGE))
        .await
        .unwrap();
    alice.hear().await;
    assert!(printed(&alice.tree).contains("<mtu>7</mtu>"));
    let rule = |action: &str| {
        format!(
            "<nacm {NACM}><rule-list><name>alice</name><group>alice</group><rule><name>port</name>\
             <path xmlns:p='urn:p'>/p:c/p:port[p:name='1']</path><access-operations>read</access-operations>\
             <action>{action}</action></rule></rule-list></nacm>"
        )
    };
    // The new value comes with the rule that hides it.
    root.set(&(rule("deny") + &ports(&[("1", 4242), ("2", 5)])))
        .await
        .unwrap();
    let text = alice.next().await;
    alice.take(&text);
    let text = String::from_utf8_lossy(&text.document.bytes).into_owned();
    assert!(!text.contains("4242"), "{text}");
    assert_eq!(
        printed(&alice.tree),
        "<c xmlns=\"urn:p\"><port><name>2</name><mtu>5</mtu></port></c>"
    );
    root.set(&port("1", 4343)).await.unwrap();
    alice.hears_nothing().await;
    root.set(&rule("permit")).await.unwrap();
    alice.hear().await;
    assert_eq!(alice.tree, alice.running(None).await);
}

/// RFC 8341 3.4.6: who may not hear updates gets none, and all of it when he may.
#[tokio::test]
async fn a_rule_about_the_notification_holds_updates_back() {
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
    let root = Client::open(&engine, "root").await;
    let rule = |action: &str| {
        format!(
            "<nacm {NACM}><groups><group><name>alice</name><user-name>alice</user-name></group></groups>\
             <rule-list><name>alice</name><group>alice</group><rule><name>heard</name>\
             <module-name>ietf-yang-push</module-name><notification-name>push-change-update</notification-name>\
             <access-operations>read</access-operations><action>{action}</action></rule></rule-list></nacm>"
        )
    };
    root.set(&rule("deny")).await.unwrap();
    let mut alice = Subscriber::open(&engine, "alice", Encoding::Json).await;
    alice
        .establish("running", &(subtree(&format!("<c {P}/>")) + ON_CHANGE))
        .await
        .unwrap();
    alice.hear().await;
    root.set(&port("a", 1)).await.unwrap();
    alice.hears_nothing().await;
    root.set(&port("a", 2)).await.unwrap();
    alice.hears_nothing().await;
    root.set(&rule("permit")).await.unwrap();
    alice.hear().await;
    assert!(printed(&alice.tree).contains("<mtu>2</mtu>"));
    assert_eq!(alice.heard, ["push-update", "push-change-update"]);
}
