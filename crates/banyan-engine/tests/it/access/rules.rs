//! Changes of the rules: what is refused, and what the committer is warned of.

use banyan_engine::access::AccessOptions;
use banyan_engine::backend::{
    Call, CommitParameters, Committed, Datastore, DiffFormat, Document, Principal,
};
use banyan_engine::error::ErrorTag;
use banyan_engine::session::INTERNAL;

use super::{NACM, builder, denied, engine, get, invoke, options, path, rule};
use crate::fixture::{Client, item};

#[tokio::test]
async fn a_rule_that_cannot_be_understood_is_refused() {
    let (_engine, root) = engine(&path("items", "/t:item", "*", "permit")).await;
    let bad = format!(
        "<nacm {NACM}><rule-list><name>staff</name>{}</rule-list></nacm>",
        path("bad", "/t:item[", "*", "deny")
    );
    root.edit(&bad).await.unwrap();
    let error = root.commit().await.unwrap_err();
    assert_eq!(error.reports[0].tag, ErrorTag::InvalidValue, "{error}");
    assert!(
        error.to_string().contains("rule[name='bad']/path"),
        "{error}"
    );
}

/// RFC 8341 3.2.5: a path has the prefixes that are declared around it, whichever they are.
#[tokio::test]
async fn a_denial_counts_whatever_its_prefixes_are() {
    let denial = path("hide", "/other:item", "read", "deny").replace("xmlns:t=", "xmlns:other=");
    let (engine, root) = engine(&denial).await;
    let alice = Client::open(&engine, "alice").await;
    assert!(root.show(Datastore::Running).await.contains("<item"));
    assert!(!alice.show(Datastore::Running).await.contains("<item"));
}

#[tokio::test]
async fn rules_change_with_a_commit() {
    let (engine, root) = engine(&path("items", "/t:item", "*", "permit")).await;
    let alice = Client::open(&engine, "alice").await;
    alice.set(&item(1, "a")).await.unwrap();
    let off = format!(
        "<nacm {NACM} xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'><rule-list nc:operation='delete'><name>staff</name></rule-list></nacm>"
    );
    root.set(&off).await.unwrap();
    denied(alice.edit(&item(1, "b")).await);
}

const NC: &str = "xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'";

/// The edit that takes root out of the group of administrators.
fn root_leaves() -> String {
    format!(
        "<nacm {NACM} {NC}><groups><group><name>admin</name><user-name nc:operation='delete'>root</user-name></group></groups></nacm>"
    )
}

fn no_warning(committed: &Committed) {
    assert_eq!(committed.warnings, [] as [String; 0]);
}

#[tokio::test]
async fn who_takes_his_own_rights_away_is_warned_and_shown_the_way_back() {
    let (engine, root) = engine("").await;
    root.edit(&root_leaves()).await.unwrap();
    // A rehearsal says it before it is done.
    let rehearsal = CommitParameters {
        dry_run: Some(DiffFormat::Text),
        ..CommitParameters::default()
    };
    let rehearsed = root.commit_with(rehearsal).await.unwrap();
    let committed = root.commit().await.unwrap();
    assert_eq!(rehearsed.warnings, committed.warnings);
    insta::assert_snapshot!(committed.warnings.join("\n"), @"root may not change the rules of access control (/ietf-netconf-acm:nacm) any more, nor write anything else: the model says nacm:default-deny-all, and no rule permits it; if that is not meant, let who may change the rules roll it back; where nobody may, name a user in access.recovery-user, restart, put the rules right as that user, and take the key out again");
    assert!(committed.seq.is_some(), "it is never refused");
    // Who tries to put it right is told how; of other refusals nobody needs to be told.
    let back = root_leaves().replace("nc:operation='delete'", "");
    let said = denied(root.edit(&back).await);
    assert!(
        said.starts_with("root may not create")
            && said.contains("who is locked out: let who may change the rules"),
        "{said}"
    );
    let said = denied(root.edit(&item(1, "x")).await);
    assert!(!said.contains("locked out"), "{said}");
    drop(engine);
}

#[tokio::test]
async fn who_takes_all_rules_away_is_warned() {
    for (options, way) in [
        (options(), "root becomes an administrator again"),
        (
            AccessOptions {
                recovery_user: Some("rescue".into()),
                ..options()
            },
            "log in as rescue",
        ),
        (
            AccessOptions {
                disabled_on_empty: true,
                ..options()
            },
            "everybody may do everything",
        ),
    ] {
        let open_to_all = options.disabled_on_empty;
        let engine = builder(options).open().await.unwrap();
        let root = Client::open(&engine, "root").await;
        if open_to_all {
            let all = rule("all", "", "permit");
            root.set(&format!(
                "<nacm {NACM}><groups><group><name>admin</name><user-name>root</user-name></group></groups>
                 <rule-list><name>admin</name><group>admin</group>{all}</rule-list></nacm>"
            ))
            .await
            .unwrap();
        }
        let stores = engine.stores();
        let empty = Document::xml("<config/>");
        no_warnings(stores.load(&root.call, "empty", empty).await.unwrap());
        let warnings = stores.copy(&root.call, "empty", "running").await.unwrap();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].starts_with("the rules of access control are gone")
                && warnings[0].contains(way),
            "{warnings:?}"
        );
        match open_to_all {
            true => root.edit(&item(1, "x")).await.unwrap(),
            false => {
                let said = denied(root.edit(&item(1, "x")).await);
                assert!(
                    said.contains("there are no rules") && said.contains(way),
                    "{said}"
                );
            }
        }
    }
}

fn no_warnings(warnings: Vec<String>) {
    assert_eq!(warnings, [] as [String; 0]);
}

#[tokio::test]
async fn a_store_that_is_copied_by_the_rpc_and_a_rollback_warn_too() {
    let (engine, root) = engine("").await;
    let load = "<load-store xmlns='urn:banyan:system'><name>x</name><document>&lt;config/&gt;</document></load-store>";
    invoke(&root, load).await.unwrap();
    let rollback = "<rollback xmlns='urn:banyan:system'><to>0</to></rollback>";
    invoke(&root, rollback).await.unwrap();
    let committed = root.commit().await.unwrap();
    assert!(committed.warnings[0].contains("are gone"), "{committed:?}");
    // Nobody may write now, so the engine itself brings the rules back.
    let itself = Client {
        engine: engine.clone(),
        call: Call::new(INTERNAL, Principal::user("root")),
    };
    invoke(
        &itself,
        "<rollback xmlns='urn:banyan:system'><steps>1</steps></rollback>",
    )
    .await
    .unwrap();
    no_warning(&itself.commit().await.unwrap());
    let copy = "<copy-store xmlns='urn:banyan:system'><from>x</from><to>running</to></copy-store>";
    let said = invoke(&root, copy).await.unwrap();
    assert!(
        said.contains("<warning xmlns=\"urn:banyan:system\">the rules of access control are gone"),
        "{said}"
    );
}

#[tokio::test]
async fn nobody_is_warned_of_what_he_never_had_or_still_has() {
    let rules = path("nacm", "/nacm:nacm", "*", "permit");
    let engine = builder(AccessOptions {
        recovery_user: Some("rescue".into()),
        ..options()
    })
    .open()
    .await
    .unwrap();
    let root = Client::open(&engine, "root").await;
    no_warning(&root.set(&item(1, "x")).await.unwrap());
    let group = format!(
        "<nacm {NACM}><groups><group><name>staff</name><user-name>alice</user-name></group></groups>
         <rule-list><name>staff</name><group>staff</group>{rules}</rule-list></nacm>"
    );
    no_warning(&root.set(&group).await.unwrap());
    // Alice may change the rules and nothing else; she may still, after root may not.
    let alice = Client::open(&engine, "alice").await;
    no_warning(&alice.set(&root_leaves()).await.unwrap());
    denied(root.edit(&item(1, "y")).await);
    // She denies herself the creation of rules.
    let less =
        format!(
        "<nacm {NACM} {NC} xmlns:yang='urn:ietf:params:xml:ns:yang:1'><rule-list><name>staff</name>
         <rule nc:operation='create' yang:insert='first'>{}</rule></rule-list></nacm>",
        path("less", "/nacm:nacm/nacm:rule-list/nacm:rule", "create", "deny")
            .replace("<rule>", "")
            .replace("</rule>", "")
    );
    let committed = alice.set(&less).await.unwrap();
    assert!(
        committed.warnings[0].starts_with("alice may not change the rules"),
        "{committed:?}"
    );
    assert!(!committed.warnings[0].contains("anything else"));
    assert!(committed.warnings[0].contains("rule less (number 1 of rule-list staff) denies it"));
    assert!(
        committed.warnings[0].contains("log in as rescue"),
        "{committed:?}"
    );
    // For the recovery user no rule counts.
    let rescue = Client::open(&engine, "rescue").await;
    let off = format!(
        "<nacm {NACM} {NC}><rule-list nc:operation='delete'><name>admin</name></rule-list></nacm>"
    );
    no_warning(&rescue.set(&off).await.unwrap());
}

#[tokio::test]
async fn a_rule_that_fits_nothing_is_told_when_it_comes_and_never_refused() {
    let (_engine, root) = engine("").await;
    let list = |rules: &str| {
        format!("<nacm {NACM}><rule-list><name>staff</name>{rules}</rule-list></nacm>")
    };
    let stray = path("itms", "/t:itme[t:id='2']", "*", "permit");
    let committed = root.set(&list(&stray)).await.unwrap();
    insta::assert_snapshot!(committed.warnings.join("\n"), @"rule itms of rule-list staff fits nothing in the loaded modules: its path /t:itme[t:id='2'] ends at step 1, t:itme: there is no such node at the top; did you mean t:item?");
    // Said once.
    let good = path("items", "/t:item", "*", "permit");
    no_warning(&root.set(&list(&good)).await.unwrap());
    no_warning(&root.set(&item(1, "y")).await.unwrap());
}

#[tokio::test]
async fn access_control_is_off_while_a_leaf_of_it_says_so() {
    let (engine, root) = engine("").await;
    let bob = Client::open(&engine, "bob").await;
    let enable = |on: bool| format!("<nacm {NACM}><enable-nacm>{on}</enable-nacm></nacm>");
    denied(bob.edit(&item(1, "b")).await);
    no_warning(&root.set(&enable(false)).await.unwrap());
    bob.set(&item(1, "b")).await.unwrap();
    assert!(bob.show(Datastore::Running).await.contains("rule-list"));
    bob.set(&enable(true)).await.unwrap();
    denied(bob.edit(&item(1, "c")).await);
    // What was refused before is still counted.
    let state = root.get(get(None, true)).await.unwrap();
    assert!(
        state.contains("<denied-data-writes>2</denied-data-writes>"),
        "{state}"
    );
}
