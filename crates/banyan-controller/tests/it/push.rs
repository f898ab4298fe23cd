//! One commit, three devices: all of them have it, or nobody does.

use std::sync::Arc;
use std::time::Duration;

use banyan_engine::Tid;
use banyan_engine::access::{AccessOptions, Mode};
use banyan_engine::backend::{Backend, Call, CommitParameters, Confirmed, Principal, Source};
use banyan_engine::clock::{ManualClock, SystemClock};

use crate::network::{Fault, NAMES, Network, call, commit, edit, edit_by};

/// Commits a change of all three devices while `b` has a fault; returns the error and checks that nobody kept it.
async fn commit_fails_everywhere(fault: Fault) -> (Network, String) {
    let network = Network::open().await;
    let before = network.running().await;
    network.boxes["b"].fails(Some(fault));
    network.edit_boxes(&NAMES, "<mtu>1400</mtu>").await;
    let error = commit(&network.engine).await.unwrap_err().to_string();
    network.boxes["b"].fails(None);
    for name in NAMES {
        let running = network.boxes[name].running().await;
        assert!(!running.contains("mtu"), "{name}: {running}");
    }
    assert_eq!(network.running().await, before);
    let transactions = network.transactions().await;
    assert!(
        transactions.contains("<result>FAILED</result>"),
        "{transactions}"
    );
    assert!(
        transactions.contains("<origin>b</origin>"),
        "{transactions}"
    );
    (network, error)
}

/// After a failure, the same commit must be possible.
async fn and_succeeds_later(network: &Network) {
    network.rpc("connection-change", "").await.unwrap();
    commit(&network.engine).await.unwrap();
    for name in NAMES {
        let running = network.boxes[name].running().await;
        assert!(running.contains("<mtu>1400</mtu>"), "{name}: {running}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_well_every_device_and_the_controller_have_the_change() {
    let network = Network::open().await;
    network
        .edit_boxes(
            &NAMES,
            "<mtu>1400</mtu><port><id>1</id><speed>100</speed></port>",
        )
        .await;
    commit(&network.engine).await.unwrap();
    for name in NAMES {
        let running = network.boxes[name].running().await;
        assert!(running.contains("<mtu>1400</mtu>"), "{name}: {running}");
        assert!(running.contains("<speed>100</speed>"), "{name}: {running}");
    }
    assert_eq!(
        network.running().await.matches("<mtu>1400</mtu>").count(),
        3
    );
    let transactions = network.transactions().await;
    assert!(transactions.contains("push:COMMIT"), "{transactions}");
    assert!(!transactions.contains("FAILED"), "{transactions}");
    assert!(network.connections().await.matches("OPEN").count() == 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_are_pushed_too() {
    let network = Network::open().await;
    network
        .edit_boxes(&["a"], "<port><id>1</id></port><port><id>2</id></port>")
        .await;
    commit(&network.engine).await.unwrap();
    network
        .edit_boxes(
            &["a"],
            "<port xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' nc:operation='delete'><id>1</id></port>",
        )
        .await;
    commit(&network.engine).await.unwrap();
    let running = network.boxes["a"].running().await;
    assert!(
        running.contains("<id>2</id>") && !running.contains("<id>1</id>"),
        "{running}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_fails_to_validate_fails_the_commit_everywhere() {
    let (network, error) = commit_fails_everywhere(Fault::Validate).await;
    assert!(error.contains("b: simulated validate failure"), "{error}");
    and_succeeds_later(&network).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_fails_to_commit_fails_the_commit_everywhere() {
    let (network, error) = commit_fails_everywhere(Fault::Commit).await;
    assert!(error.contains("b: simulated commit failure"), "{error}");
    and_succeeds_later(&network).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_drops_the_connection_fails_the_commit_everywhere() {
    let (network, error) = commit_fails_everywhere(Fault::DropAtCommit).await;
    assert!(error.contains("b: "), "{error}");
    and_succeeds_later(&network).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_commits_and_then_drops_the_connection_is_brought_back() {
    let (network, _) = commit_fails_everywhere(Fault::DropAfterCommit).await;
    and_succeeds_later(&network).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_changed_by_others_refuses_and_names_the_difference() {
    let network = Network::open().await;
    network.boxes["c"]
        .set("<box xmlns='urn:dev'><mtu>9000</mtu></box>")
        .await;
    network.edit_boxes(&NAMES, "<mtu>1400</mtu>").await;
    let error = commit(&network.engine).await.unwrap_err().to_string();
    assert!(error.contains("c: ") && error.contains("9000"), "{error}");
    assert!(!network.boxes["a"].running().await.contains("mtu"));
    // Whoever takes the device's configuration over can go on.
    network
        .rpc("config-pull", "<device>c</device>")
        .await
        .unwrap();
    assert!(network.running().await.contains("<mtu>9000</mtu>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_device_differs_is_told_only_to_those_who_may_read_all() {
    let network = Network::open().await;
    let access = AccessOptions {
        mode: Mode::Internal,
        first_admin: Some("tester".into()),
        ..AccessOptions::default()
    };
    let network = network.restart_by(Arc::new(SystemClock), access).await;
    while network.connections().await.matches("OPEN").count() < 3 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let rule = |name: &str, what: &str, action: &str| {
        format!("<rule><name>{name}</name>{what}<action>{action}</action></rule>")
    };
    let hidden = "<path>/banyan-controller:devices/device/config</path><access-operations>read</access-operations>";
    let rules =
        rule("hidden", hidden, "deny") + &rule("all", "<module-name>*</module-name>", "permit");
    let nacm = format!(
        "<nacm xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-acm'><groups><group><name>staff</name><user-name>alice</user-name></group></groups>
         <rule-list><name>staff</name><group>staff</group>{rules}</rule-list></nacm>"
    );
    edit(&network.engine, &nacm).await.unwrap();
    commit(&network.engine).await.unwrap();
    network.boxes["c"]
        .set("<box xmlns='urn:dev'><mtu>9000</mtu></box>")
        .await;
    let source = Source {
        front_end: "test".into(),
        transport: "internal".into(),
        peer: None,
    };
    let principal = Principal::user("alice");
    let session = network.engine.open_session(principal.clone(), source);
    let alice = Call::new(session.await.unwrap(), principal);
    let change = "<devices xmlns='urn:banyan:controller'><device><name>c</name><config><box xmlns='urn:dev'><mtu>1400</mtu></box></config></device></devices>";
    edit_by(&alice, &network.engine, change).await.unwrap();
    let parameters = CommitParameters::default;
    let refused = network.engine.commit(&alice, parameters()).await;
    let told = format!("{:?}", refused.unwrap_err());
    assert!(
        told.contains("c: the device has other configuration than it last had; take it over"),
        "{told}"
    );
    assert!(!told.contains("9000"), "{told}");
    let refused = network.engine.commit(&call(), parameters()).await;
    let told = format!("{:?}", refused.unwrap_err());
    assert!(told.contains("9000"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_not_open_refuses_and_says_how_to_open_it() {
    let network = Network::open().await;
    network
        .rpc(
            "connection-change",
            "<device>b</device><operation>CLOSE</operation>",
        )
        .await
        .unwrap();
    network.edit_boxes(&["b"], "<mtu>1400</mtu>").await;
    let error = commit(&network.engine).await.unwrap_err().to_string();
    assert!(error.contains("the device b is CLOSED"), "{error}");
    assert!(error.contains("connection-change"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_networking_only_the_controller_changes_and_a_later_push_catches_up() {
    let network = Network::open().await;
    network.edit_boxes(&["a"], "<mtu>1400</mtu>").await;
    let parameters = CommitParameters {
        no_networking: true,
        ..CommitParameters::default()
    };
    network.engine.commit(&call(), parameters).await.unwrap();
    assert!(!network.boxes["a"].running().await.contains("mtu"));
    network.rpc("controller-commit", "").await.unwrap();
    assert!(
        network.boxes["a"]
            .running()
            .await
            .contains("<mtu>1400</mtu>")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validation_changes_nothing_anywhere() {
    let network = Network::open().await;
    let before = network.running().await;
    network.edit_boxes(&NAMES, "<mtu>1400</mtu>").await;
    network
        .rpc("controller-commit", "<push>VALIDATE</push>")
        .await
        .unwrap();
    assert_eq!(network.running().await, before);
    for name in NAMES {
        assert!(!network.boxes[name].running().await.contains("mtu"));
    }
    network.boxes["b"].fails(Some(Fault::Validate));
    let error = network
        .rpc("controller-commit", "<push>VALIDATE</push>")
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("simulated validate failure"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_with_a_choice_of_devices_refuses_changes_of_others() {
    let network = Network::open().await;
    network.edit_boxes(&["a", "b"], "<mtu>1400</mtu>").await;
    let error = network
        .rpc("controller-commit", "<device>a</device>")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("changes b"), "{error}");
    network
        .rpc("controller-commit", "<device>?</device>")
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_cannot_be_asked_where_it_stands_makes_it_an_error_that_says_so() {
    let network = Network::open().await;
    let before = network.running().await;
    network.boxes["b"].fails(Some(Fault::DropForGood));
    network.edit_boxes(&NAMES, "<mtu>1400</mtu>").await;
    let error = commit(&network.engine).await.unwrap_err().to_string();
    assert!(error.contains("ERROR"), "{error}");
    assert!(error.contains("device b: "), "{error}");
    assert!(
        error.contains("by itself when its time runs out"),
        "{error}"
    );
    assert_eq!(network.running().await, before);
    for name in ["a", "c"] {
        assert!(!network.boxes[name].running().await.contains("mtu"));
    }
    let transactions = network.transactions().await;
    assert!(
        transactions.contains("<result>ERROR</result>"),
        "{transactions}"
    );
    assert!(
        transactions.contains("<outcome>UNKNOWN</outcome>"),
        "{transactions}"
    );
}

/// A device with a commit that waits for its confirmation, as a controller leaves it that dies in between.
async fn interrupted(decided: bool) -> Network {
    let network = Network::open().await;
    let device = &network.boxes["b"];
    edit(&device.engine, "<box xmlns='urn:dev'><mtu>1400</mtu></box>")
        .await
        .unwrap();
    let parameters = CommitParameters {
        confirmed: Some(Confirmed {
            timeout: 600,
            persist: Some("banyan-999".into()),
        }),
        ..CommitParameters::default()
    };
    device.engine.commit(&call(), parameters).await.unwrap();
    let note = serde_json::json!({
        "participant": "controller",
        "decided": decided,
        "devices": { "b": { "way": "confirmed-persist", "persist-id": "banyan-999" } },
    });
    network.engine.intend(Tid(999), note).await.unwrap();
    let network = network.restart().await;
    for _ in 0..100 {
        if network.engine.intents().await.unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(network.engine.intents().await.unwrap().is_empty());
    network
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_a_crash_interrupted_before_its_record_is_taken_back_at_the_next_start() {
    let network = interrupted(false).await;
    let running = network.boxes["b"].running().await;
    assert!(!running.contains("mtu"), "{running}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_a_crash_interrupted_after_its_decision_is_seen_through_at_the_next_start() {
    let network = interrupted(true).await;
    let device = &network.boxes["b"];
    assert!(device.running().await.contains("<mtu>1400</mtu>"));
    // Nothing is pending any more.
    let call = call();
    let nothing = device
        .engine
        .cancel_commit(&call, Some("banyan-999".into()));
    assert!(nothing.await.is_err());
}

/// Waits until a device has, or has not, a text in its running.
async fn comes_to_have(network: &Network, name: &str, text: &str, has: bool) {
    for _ in 0..300 {
        if network.boxes[name].running().await.contains(text) == has {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!(
        "{name}: {text} {has}: {} {}",
        network.boxes[name].running().await,
        network.connections().await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_start_takes_back_is_taken_back_on_its_devices() {
    let network = Network::open().await;
    // On purpose not on the device.
    network.edit_boxes(&["a"], "<mtu>1300</mtu>").await;
    let parameters = CommitParameters {
        no_networking: true,
        ..CommitParameters::default()
    };
    network.engine.commit(&call(), parameters).await.unwrap();
    network.edit_boxes(&["b", "c"], "<mtu>1400</mtu>").await;
    let parameters = CommitParameters {
        confirmed: Some(Confirmed {
            timeout: 600,
            persist: Some("q".into()),
        }),
        ..CommitParameters::default()
    };
    network.engine.commit(&call(), parameters).await.unwrap();
    for name in ["b", "c"] {
        assert!(
            network.boxes[name]
                .running()
                .await
                .contains("<mtu>1400</mtu>")
        );
    }
    // c is away when the start comes.
    network.boxes["c"].fails(Some(Fault::Unreachable));
    network.boxes["c"].hang_up();
    let network = network.restart().await;
    assert!(!network.running().await.contains("1400"));
    comes_to_have(&network, "b", "mtu", false).await;
    assert!(network.boxes["c"].running().await.contains("mtu"));
    network.boxes["c"].fails(None);
    let open = network.rpc("connection-change", "<device>c</device>");
    open.await.unwrap();
    comes_to_have(&network, "c", "mtu", false).await;
    // What was left out on purpose stays so, and is said.
    assert!(!network.boxes["a"].running().await.contains("mtu"));
    let connections = network.connections().await;
    assert!(
        connections.contains("changes that were not pushed"),
        "{connections}"
    );
    // Another start has nothing to push.
    let before = network.boxes["b"].engine.running().seq;
    let network = network.restart().await;
    comes_to_have(&network, "b", "mtu", false).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(network.boxes["b"].engine.running().seq, before);
}

/// Waits until a device was dialled so often and is closed, and says when it is tried again.
async fn waits_after(network: &Network, name: &str, dialled: usize, says: &str) {
    for _ in 0..300 {
        let connections = network.connections().await;
        if network.boxes[name].dialled() == dialled && connections.contains(says) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!(
        "{name} was dialled {} times, not {dialled}: {says}: {}",
        network.boxes[name].dialled(),
        network.connections().await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_away_at_a_start_is_tried_again_ever_more_rarely_and_gets_what_it_is_owed()
{
    let network = Network::open().await;
    network.edit_boxes(&["c"], "<mtu>1400</mtu>").await;
    let parameters = CommitParameters {
        confirmed: Some(Confirmed {
            timeout: 600,
            persist: Some("q".into()),
        }),
        ..CommitParameters::default()
    };
    network.engine.commit(&call(), parameters).await.unwrap();
    network.boxes["c"].fails(Some(Fault::Unreachable));
    network.boxes["c"].hang_up();
    let clock = ManualClock::at(jiff::Timestamp::from_second(1_800_000_000).unwrap());
    let network = network
        .restart_by(Arc::new(clock.clone()), AccessOptions::default())
        .await;
    let boxes = network.boxes.clone();
    // The start itself tries once, with the others.
    while !network.connections().await.contains("trying again in 1 s") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(boxes["c"].running().await.contains("mtu"));
    let mut dialled = boxes["c"].dialled();
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        let says = format!("connection refused; trying again in {pause} s");
        waits_after(&network, "c", dialled, &says).await;
        clock.advance(Duration::from_millis(pause * 1000 - 1));
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(boxes["c"].dialled(), dialled, "before {pause} s are over");
        clock.advance(Duration::from_millis(1));
        dialled += 1;
    }
    waits_after(&network, "c", dialled, "trying again in 60 s").await;
    boxes["c"].fails(None);
    clock.advance(Duration::from_secs(60));
    comes_to_have(&network, "c", "mtu", false).await;
    let connections = network.connections().await;
    assert!(!connections.contains("trying again"), "{connections}");
}
