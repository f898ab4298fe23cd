//! What decides, as users ask for it.

use banyan_engine::BackendError;
use banyan_engine::access::AccessOptions;
use banyan_engine::error::ErrorTag;

use super::hidden::with_cases;
use super::{NACM, builder, denied, engine, invoke, options, path, rule, with};
use crate::fixture::{Client, item};

async fn explained(client: &Client, input: &str) -> std::result::Result<String, BackendError> {
    let call = format!("<access-explain xmlns='urn:banyan:system'>{input}</access-explain>");
    let answer = invoke(client, &call).await?;
    Ok(answer
        .replace(" xmlns=\"urn:banyan:system\"", "")
        .replace("><", ">\n<"))
}

#[tokio::test]
async fn what_decides_is_explained() {
    let rules = path("no", "/t:item[t:id='2']", "update", "deny")
        + &path("name", "/t:sys/t:name", "*", "permit");
    let (engine, root) = engine(&rules).await;
    let ask = |user: &str, operation: &str, path: &str| {
        let input =
            format!("<user>{user}</user><operation>{operation}</operation><path>{path}</path>");
        let root = root.clone();
        async move { explained(&root, &input).await.unwrap() }
    };
    insta::assert_snapshot!(ask("alice", "update", "/t:item[id='2']/value").await, @"
    <permitted>false</permitted>
    <reason>rule no (number 1 of rule-list staff) denies it</reason>
    <group>staff</group>
    <rule-list>staff</rule-list>
    <rule>no</rule>
    <rule-number>1</rule-number>
    <change>a rule before rule no (number 1 of rule-list staff) that permits update of /t:item[id='2']/value, or another action of that rule</change>
    ");
    insta::assert_snapshot!(ask("bob", "create", "/t:sys/name").await, @"
    <permitted>false</permitted>
    <reason>no rule fits, and write-default denies it</reason>
    <change>bob is in no group, so that no rule counts: put bob into a group with a rule-list that permits create of /t:sys/name</change>
    ");
    assert!(
        ask("bob", "read", "/ietf-netconf-acm:nacm")
            .await
            .contains("nacm:default-deny-all")
    );
    assert!(
        ask("alice", "exec", "t:echo")
            .await
            .contains("exec-default permits it")
    );
    assert!(
        ask("alice", "exec", "/t:item[id='1']/poke")
            .await
            .contains("<permitted>true")
    );
    assert!(
        ask("root", "exec", "ietf-netconf:kill-session")
            .await
            .contains("permit-all (number 1 of rule-list admin)")
    );
    // About himself anybody may ask.
    let alice = Client::open(&engine, "alice").await;
    let own = explained(
        &alice,
        "<operation>delete</operation><path>/t:sys/name</path>",
    )
    .await
    .unwrap();
    assert!(
        own.contains("rule name (number 2 of rule-list staff) permits it"),
        "{own}"
    );
    denied(
        explained(
            &alice,
            "<user>bob</user><operation>read</operation><path>/t:sys</path>",
        )
        .await,
    );
    denied(
        explained(
            &alice,
            "<group>admin</group><operation>read</operation><path>/t:sys</path>",
        )
        .await,
    );
    let nowhere = explained(&root, "<operation>exec</operation><path>t:nothing</path>")
        .await
        .unwrap_err();
    assert_eq!(nowhere.reports[0].tag, ErrorTag::InvalidValue);
}

/// What is said of an access, as `permitted|denied: reason`.
async fn verdict(client: &Client, user: &str, operation: &str, path: &str) -> String {
    let input = format!("<user>{user}</user><operation>{operation}</operation><path>{path}</path>");
    let said = explained(client, &input).await.unwrap();
    let leaf = |name: &str| {
        let (_, rest) = said.split_once(&format!("<{name}>")).unwrap();
        rest.split('<').next().unwrap().to_owned()
    };
    let verdict = match leaf("permitted").as_str() {
        "true" => "permitted",
        _ => "denied",
    };
    format!("{verdict}: {}", leaf("reason"))
}

#[tokio::test]
async fn actions_notifications_and_entries_to_come_are_explained() {
    let data = |name: &str, path: &str, operations: &str, action: &str| {
        let operations = format!("<access-operations>{operations}</access-operations>");
        rule(name, &format!("<path>{path}</path>{operations}"), action)
    };
    let rules = data("hidden", "/c:host[c:name='x']", "read", "deny")
        + &data("no-poke", "/c:host/c:poke", "exec", "deny")
        + &data("no-moved", "/c:host/c:moved", "read", "deny")
        + &data("new", "/c:host", "create", "permit")
        + &rule(
            "no-alarm",
            "<module-name>c</module-name><notification-name>alarm</notification-name>",
            "deny",
        );
    let (_engine, root, _alice) = with_cases(&rules).await;
    let entry = "/c:host[name='n']";
    let mut told = Vec::new();
    for (operation, path) in [
        ("exec", format!("{entry}/poke")),
        ("subscribe", format!("{entry}/moved")),
        ("subscribe", "c:alarm".to_owned()),
        ("exec", "/c:host[name='x']/poke".to_owned()),
        ("subscribe", "/c:host[name='x']/moved".to_owned()),
        ("create", entry.to_owned()),
        ("update", format!("{entry}/addr")),
        ("read", "/c:host[name='x']/addr".to_owned()),
    ] {
        let said = verdict(&root, "alice", operation, &path).await;
        told.push(format!("{operation} {path} {said}"));
    }
    insta::assert_snapshot!(told.join("\n"), @"
    exec /c:host[name='n']/poke denied: rule no-poke (number 2 of rule-list staff) denies it
    subscribe /c:host[name='n']/moved denied: rule no-moved (number 3 of rule-list staff) denies it
    subscribe c:alarm denied: rule no-alarm (number 5 of rule-list staff) denies it
    exec /c:host[name='x']/poke denied: the node itself: rule no-poke (number 2 of rule-list staff) denies it; but the way to it: rule hidden (number 1 of rule-list staff) denies it
    subscribe /c:host[name='x']/moved denied: the node itself: rule hidden (number 1 of rule-list staff) denies it; but the way to it: rule hidden (number 1 of rule-list staff) denies it
    create /c:host[name='n'] permitted: rule new (number 4 of rule-list staff) permits it
    update /c:host[name='n']/addr denied: no rule fits, and write-default denies it
    read /c:host[name='x']/addr denied: rule hidden (number 1 of rule-list staff) denies it
    ");
}

#[tokio::test]
async fn groups_that_a_transport_vouches_for_are_known_to_explanations() {
    let options = AccessOptions {
        vouched: [("carol".into(), vec!["staff".into()])].into(),
        ..options()
    };
    let rules = path("items", "/t:item", "*", "permit");
    let (engine, root) = with(builder(options), &rules).await;
    let at = "/t:item[id='1']/value";
    let permits = "permitted: rule items (number 1 of rule-list staff) permits it";
    assert_eq!(verdict(&root, "carol", "update", at).await, permits);
    assert!(
        verdict(&root, "dave", "update", at)
            .await
            .starts_with("denied: no rule fits")
    );
    // About himself, what holds for his session.
    let mut dave = Client::open(&engine, "dave").await;
    dave.call.principal.groups = vec!["staff".into()];
    assert_eq!(verdict(&dave, "dave", "update", at).await, permits);
    dave.set(&item(1, "by dave")).await.unwrap();
    let carol = Client::open(&engine, "carol").await;
    assert!(
        verdict(&carol, "carol", "update", at)
            .await
            .starts_with("denied")
    );
    denied(carol.edit(&item(1, "by carol")).await);
    // Unless they are not to count.
    root.set(&format!(
        "<nacm {NACM}><enable-external-groups>false</enable-external-groups></nacm>"
    ))
    .await
    .unwrap();
    denied(dave.edit(&item(1, "again")).await);
    assert!(
        verdict(&root, "carol", "update", at)
            .await
            .starts_with("denied")
    );
}
