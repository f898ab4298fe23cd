//! Connecting, pulling, losing and finding devices again.

use std::time::Duration;

use crate::network::{Fault, NAMES, Network, commit, edit};

#[tokio::test(flavor = "multi_thread")]
async fn opening_fetches_modules_and_configuration() {
    let network = Network::open().await;
    let running = network.running().await;
    for name in NAMES {
        assert!(
            running.contains(&format!("<name>{name}</name></box>")),
            "{running}"
        );
    }
    assert_eq!(
        network
            .connections()
            .await
            .matches("<conn-state>OPEN</conn-state>")
            .count(),
        3
    );
    assert!(
        network
            .directory
            .path()
            .join("devices/yang/dev@2020-01-01.yang")
            .exists()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_cannot_be_reached_is_named_with_the_reason_and_the_others_are_open() {
    let network = Network::new().await;
    network.boxes["b"].fails(Some(Fault::Unreachable));
    let error = network.rpc("connection-change", "").await.unwrap_err();
    assert!(
        error.to_string().contains("b: connection refused"),
        "{error}"
    );
    let connections = network.connections().await;
    assert_eq!(
        connections.matches("<conn-state>OPEN</conn-state>").count(),
        2,
        "{connections}"
    );
    assert!(
        connections.contains("<logmsg>connection refused</logmsg>"),
        "{connections}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_without_devices_says_which_there_are() {
    let network = Network::new().await;
    let error = network
        .rpc("connection-change", "<device>x*</device>")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("there are: a, b, c"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_takes_over_what_devices_have_and_never_pushes() {
    let network = Network::open().await;
    network.boxes["a"]
        .set("<box xmlns='urn:dev'><mtu>9000</mtu></box>")
        .await;
    network.rpc("config-pull", "").await.unwrap();
    assert!(network.running().await.contains("<mtu>9000</mtu>"));
    let transactions = network.transactions().await;
    assert!(!transactions.contains("push:"), "{transactions}");
    // And the next push starts from there.
    network.edit_boxes(&["a"], "<mtu>1400</mtu>").await;
    commit(&network.engine).await.unwrap();
    assert!(
        network.boxes["a"]
            .running()
            .await
            .contains("<mtu>1400</mtu>")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_comes_back_by_itself() {
    let network = Network::open().await;
    network.boxes["a"].hang_up();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let connections = network.connections().await;
        if connections.matches("<conn-state>OPEN</conn-state>").count() == 3 {
            network.edit_boxes(&["a"], "<mtu>1400</mtu>").await;
            commit(&network.engine).await.unwrap();
            return;
        }
    }
    panic!("{}", network.connections().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_running_is_there_before_any_device_and_devices_come_back() {
    let network = Network::open().await;
    network.edit_boxes(&NAMES, "<mtu>1400</mtu>").await;
    commit(&network.engine).await.unwrap();
    let before = network.running().await;
    let network = network.restart().await;
    assert_eq!(network.running().await, before);
    for _ in 0..100 {
        let connections = network.connections().await;
        if connections.matches("<conn-state>OPEN</conn-state>").count() == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    network.edit_boxes(&NAMES, "<mtu>1500</mtu>").await;
    commit(&network.engine).await.unwrap();
    assert!(
        network.boxes["c"]
            .running()
            .await
            .contains("<mtu>1500</mtu>")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_row_is_deleted_is_disconnected_and_keeps_its_configuration() {
    let network = Network::open().await;
    edit(
        &network.engine,
        "<devices xmlns='urn:banyan:controller' xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'><device nc:operation='delete'><name>b</name></device></devices>",
    )
    .await
    .unwrap();
    commit(&network.engine).await.unwrap();
    let connections = network.connections().await;
    assert!(!connections.contains("<name>b</name>"), "{connections}");
    assert!(
        network.boxes["b"]
            .running()
            .await
            .contains("<name>b</name>")
    );
}
