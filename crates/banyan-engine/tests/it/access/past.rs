//! The history: what of it is told to whom, and who may go back.

use banyan_engine::backend::CommitParameters;

use super::{denied, engine, invoke, path, rule};
use crate::fixture::{Client, NS, item, name};

const NC: &str = "xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'";

fn said(comment: &str, label: &str) -> CommitParameters {
    CommitParameters {
        comment: Some(comment.to_owned()),
        label: Some(label.to_owned()),
        ..CommitParameters::default()
    }
}

async fn history(client: &Client, wishes: &str) -> String {
    let call = format!("<history xmlns='urn:banyan:system'>{wishes}</history>");
    invoke(client, &call).await.unwrap()
}

/// The places of the commits that are listed.
async fn places(client: &Client, wishes: &str) -> Vec<u64> {
    let told = history(client, wishes).await;
    let places = told.split("<seq>").skip(1);
    places
        .map(|rest| rest.split('<').next().unwrap().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn comment_and_label_are_for_who_may_read_what_was_changed() {
    let rules = path("no", "/t:sys/t:name", "read", "deny") + &path("sys", "/t:sys", "*", "permit");
    let (engine, root) = engine(&rules).await;
    let alice = Client::open(&engine, "alice").await;
    root.edit(&name("x")).await.unwrap();
    root.commit_with(said("the secret merger", "merger"))
        .await
        .unwrap();
    root.edit(&item(1, "x")).await.unwrap();
    root.commit_with(said("an item", "items")).await.unwrap();
    // Both in one: what is not all hers to read is not told.
    root.edit(&name("y")).await.unwrap();
    root.edit(&item(1, "y")).await.unwrap();
    root.commit_with(said("both of the merger", "both"))
        .await
        .unwrap();
    // Her own she knows.
    alice.edit(&name("z")).await.unwrap();
    alice.commit_with(said("mine", "mine")).await.unwrap();
    let told = history(&alice, "").await;
    assert_eq!(told.matches("<seq>").count(), 6, "{told}");
    for (text, is_told) in [
        ("merger", false),
        (">both<", false),
        (">an item<", true),
        (">items<", true),
        (">mine<", true),
        ("is an administrator", false),
    ] {
        assert_eq!(told.contains(text), is_told, "{text}: {told}");
    }
    let told = history(&root, "").await;
    for text in [
        "the secret merger",
        "both of the merger",
        "mine",
        "is an administrator",
    ] {
        assert!(told.contains(text), "{text}: {told}");
    }
    // Nor can she guess a label.
    assert_eq!(
        places(&alice, "<label>merger</label>").await,
        [] as [u64; 0]
    );
    assert_eq!(places(&root, "<label>merger</label>").await, [3]);
    assert_eq!(places(&alice, "<label>items</label>").await, [4]);
    assert_eq!(places(&alice, "<user>alice</user>").await, [6]);
}

#[tokio::test]
async fn which_commits_touched_what_is_hidden_is_not_told() {
    let rules = path("two", "/t:item[t:id='2']", "read", "deny")
        + &path("name", "/t:sys/t:name", "read", "deny");
    let (engine, root) = engine(&rules).await;
    let alice = Client::open(&engine, "alice").await;
    root.set(&item(2, "deux")).await.unwrap(); // 3
    root.set(&item(1, "un")).await.unwrap(); // 4
    root.set(&name("m")).await.unwrap(); // 5
    root.set(&format!("<sys {NS}><mtu>900</mtu></sys>"))
        .await
        .unwrap(); // 6
    for (at, alices, roots) in [
        ("/t:item[id='2']", vec![], vec![3, 2]),
        ("/t:item[id='1']", vec![4, 2], vec![4, 2]),
        ("/t:item", vec![4, 2], vec![4, 3, 2]),
        ("/t:sys", vec![6], vec![6, 5, 2]),
        ("/t:sys/name", vec![], vec![5, 2]),
        ("/ietf-netconf-acm:nacm", vec![], vec![2, 1]),
    ] {
        let wishes = format!("<path>{at}</path>");
        assert_eq!(places(&alice, &wishes).await, alices, "{at}");
        assert_eq!(places(&root, &wishes).await, roots, "{at}");
        // As `history blame` asks.
        let blame = format!("<path>{at}</path><limit>1</limit><changes>true</changes>");
        let told = history(&alice, &blame).await;
        assert!(
            !told.contains("deux") && !told.contains("rule-list"),
            "{told}"
        );
    }
    for format in ["text", "xml", "json", "set"] {
        let all = format!("<changes>true</changes><format>{format}</format>");
        let told = history(&alice, &all).await;
        assert!(told.contains("un") && !told.contains("deux"), "{told}");
    }
}

#[tokio::test]
async fn who_may_not_write_what_a_rollback_changes_is_refused() {
    let (engine, root) = engine(&path("items", "/t:item", "*", "permit")).await;
    let alice = Client::open(&engine, "alice").await;
    root.set(&item(1, "x")).await.unwrap(); // 3
    root.set(&name("m")).await.unwrap(); // 4
    root.set(&item(3, "x")).await.unwrap(); // 5
    let back = |wishes: &str| format!("<rollback xmlns='urn:banyan:system'>{wishes}</rollback>");
    for wishes in [
        "<steps>2</steps>",
        "<to>3</to>",
        "<to>0</to>",
        "<only-seq>4</only-seq>",
    ] {
        let said = denied(invoke(&alice, &back(wishes)).await);
        assert!(said.contains("alice may not"), "{wishes}: {said}");
    }
    let name_back = back("<to>3</to><subtree>/t:sys</subtree>");
    denied(invoke(&alice, &name_back).await);
    // What is hers she may take back, also when another made it.
    invoke(&alice, &back("<only-seq>5</only-seq>"))
        .await
        .unwrap();
    alice.commit().await.unwrap();
    invoke(&alice, &back("<to>2</to><subtree>/t:item</subtree>"))
        .await
        .unwrap();
    alice.commit().await.unwrap();
    // Nor does she commit what another has rolled back.
    invoke(&root, &back("<to>3</to><subtree>/t:sys</subtree>"))
        .await
        .unwrap();
    denied(alice.commit().await);
}

#[tokio::test]
async fn an_export_is_for_who_may_read_also_what_is_gone() {
    let rules = rule("banyan", "<module-name>banyan</module-name>", "permit")
        + &path("two", "/t:item[t:id='2']", "read", "deny")
        + &path("rules", "/nacm:nacm", "read", "permit");
    let (engine, root) = engine(&rules).await;
    let alice = Client::open(&engine, "alice").await;
    let delete = format!("<item {NS} {NC} nc:operation='delete'><id>2</id></item>");
    root.set(&delete).await.unwrap();
    // All that is in running now is hers to read.
    let export = "<history-export xmlns='urn:banyan:system'/>";
    denied(invoke(&alice, export).await);
    assert!(invoke(&root, export).await.unwrap().contains("two"));
    // Without the right to call it nobody gets that far.
    let bob = Client::open(&engine, "bob").await;
    let said = denied(invoke(&bob, export).await);
    assert!(said.contains("banyan:history-export"), "{said}");
}
