//! Policies as they are configured: groups, lists of rules, and the examples of appendix A of RFC 8341.

use super::super::policy::Policy;
use super::table::{model, permits};
use super::*;

fn policy(nacm: &str) -> (Arc<Schema>, Policy) {
    let schema = model();
    let text = format!("<nacm xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-acm'>{nacm}</nacm>");
    let policy = Policy::of(&data(&schema, &text), false).unwrap();
    policy.sound().unwrap();
    (schema, policy)
}

fn rule(name: &str, rest: &str, action: &str) -> String {
    format!("<rule><name>{name}</name>{rest}<action>{action}</action></rule>")
}

/// RFC 8341 A.1: groups.
const GROUPS: &str = "<groups>
  <group><name>admin</name><user-name>admin</user-name><user-name>andy</user-name></group>
  <group><name>limited</name><user-name>wilma</user-name><user-name>bam-bam</user-name></group>
  <group><name>guest</name><user-name>guest</user-name><user-name>guest@example.com</user-name></group></groups>";

#[test]
fn groups_of_the_rules_and_of_the_transport() {
    let (_, with_groups) = policy(GROUPS);
    let groups = |user: &str, external: &[&str]| {
        let principal = Principal {
            groups: external.iter().map(|group| Arc::from(*group)).collect(),
            ..Principal::user(user)
        };
        with_groups
            .groups(&principal)
            .iter()
            .map(|group| group.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(groups("wilma", &[]), ["limited"]);
    assert_eq!(groups("wilma", &["admin", "limited"]), ["limited", "admin"]);
    assert!(groups("fred", &[]).is_empty());
    let (_, closed) = policy(&format!(
        "<enable-external-groups>false</enable-external-groups>{GROUPS}"
    ));
    let principal = Principal {
        groups: vec!["admin".into()],
        ..Principal::user("fred")
    };
    assert!(closed.groups(&principal).is_empty());
}

#[test]
fn a_star_is_every_group_but_who_is_in_none_meets_no_rule() {
    let star = format!(
        "{GROUPS}<rule-list><name>any</name><group>*</group>{}</rule-list>",
        rule("all", "", "permit")
    );
    let (schema, policy) = policy(&star);
    let tree = Tree::empty(schema);
    assert!(permits(
        &subject(&policy, "guest"),
        &tree,
        "update",
        "/acme:sys/name"
    ));
    // RFC 8341 3.4.4, 5.
    assert!(!permits(
        &subject(&policy, "fred"),
        &tree,
        "update",
        "/acme:sys/name"
    ));
}

#[test]
fn lists_are_tried_in_their_order_and_only_those_of_the_users_groups() {
    let lists = format!(
        "{GROUPS}<rule-list><name>z</name><group>limited</group>{}</rule-list>
         <rule-list><name>a</name><group>limited</group><group>guest</group>{}</rule-list>",
        rule(
            "deny-sys",
            "<path xmlns:x='urn:acme'>/acme:sys</path>",
            "deny"
        ),
        rule("permit", "<module-name>acme</module-name>", "permit"),
    );
    let (schema, policy) = policy(&lists);
    let tree = Tree::empty(schema);
    for (user, object, expected) in [
        ("wilma", "/acme:sys/name", false),
        ("wilma", "/acme:tag[.='x']", true),
        ("guest", "/acme:sys/name", true),
        ("admin", "/acme:sys/name", false),
    ] {
        assert_eq!(
            permits(&subject(&policy, user), &tree, "update", object),
            expected,
            "{user} {object}"
        );
    }
}

/// RFC 8341 A.2: rules for modules.
#[test]
fn appendix_a_2_modules() {
    let text = format!(
        "{GROUPS}<rule-list><name>guest-acl</name><group>guest</group>{}</rule-list>
         <rule-list><name>limited-acl</name><group>limited</group>{}{}</rule-list>
         <rule-list><name>admin-acl</name><group>admin</group>{}</rule-list>",
        rule(
            "deny-acm",
            "<module-name>ietf-netconf-acm</module-name><access-operations>*</access-operations>",
            "deny"
        ),
        rule(
            "permit-acm",
            "<module-name>ietf-netconf-acm</module-name><access-operations>read</access-operations>",
            "permit"
        ),
        rule(
            "permit-exec",
            "<module-name>*</module-name><access-operations>exec</access-operations>",
            "permit"
        ),
        rule(
            "permit-all",
            "<module-name>*</module-name><access-operations>*</access-operations>",
            "permit"
        ),
    );
    let (schema, policy) = policy(&text);
    let tree = Tree::empty(schema);
    let acm = "/ietf-netconf-acm:nacm/write-default";
    for (user, operation, object, expected) in [
        ("guest", "read", acm, false),
        ("wilma", "read", acm, true),
        ("wilma", "update", acm, false),
        ("wilma", "exec", "acme:wipe", true),
        ("guest", "exec", "acme:wipe", false),
        ("andy", "update", acm, true),
        ("andy", "exec", "acme:wipe", true),
    ] {
        assert_eq!(
            permits(&subject(&policy, user), &tree, operation, object),
            expected,
            "{user} {operation} {object}"
        );
    }
}

/// RFC 8341 A.3: rules for operations.
#[test]
fn appendix_a_3_operations() {
    let rpc = |name: &str| {
        format!(
            "<module-name>ietf-netconf</module-name><rpc-name>{name}</rpc-name><access-operations>exec</access-operations>"
        )
    };
    let text = format!(
        "{GROUPS}<rule-list><name>guest-limited-acl</name><group>limited</group><group>guest</group>{}{}</rule-list>
         <rule-list><name>limited-acl</name><group>limited</group>{}{}</rule-list>",
        rule("deny-kill", &rpc("kill-session"), "deny"),
        rule("deny-delete", &rpc("delete-config"), "deny"),
        rule("permit-edit", &rpc("edit-config"), "permit"),
        rule("permit-kill", &rpc("kill-session"), "permit"),
    );
    let text = format!(
        "<exec-default>deny</exec-default>{text}<rule-list><name>admin</name><group>admin</group>{}</rule-list>",
        rule("kill", &rpc("kill-session"), "permit")
    );
    let (_, policy) = policy(&text);
    for (user, name, expected) in [
        ("wilma", "edit-config", true),
        ("guest", "edit-config", false),
        ("wilma", "kill-session", false),
        ("wilma", "delete-config", false),
        ("admin", "kill-session", true),
        ("admin", "delete-config", false),
    ] {
        let decision = subject(&policy, user).operation("ietf-netconf", name, None);
        assert_eq!(decision.permit, expected, "{user} {name}");
    }
    // RFC 8341 3.4.4, 11: these two even where exec-default permits.
    let free = alice(OPEN, &[]);
    assert!(free.operation("ietf-netconf", "edit-config", None).permit);
    assert!(!free.operation("ietf-netconf", "kill-session", None).permit);
    assert!(!free.operation("ietf-netconf", "delete-config", None).permit);
    assert!(free.operation("acme", "delete-config", None).permit);
    // Ours that write stores as a whole.
    assert!(!free.operation("banyan", "load-store", None).permit);
    // Records of the history name other users.
    assert!(!free.operation("banyan", "history-import", None).permit);
}

/// RFC 8341 A.4: rules for data nodes; A.5: for notifications.
#[test]
fn appendix_a_4_data_nodes_and_a_5_notifications() {
    let path = |path: &str, operations: &str| {
        format!("<path>{path}</path><access-operations>{operations}</access-operations>")
    };
    let text = format!(
        "{GROUPS}<rule-list><name>guest-acl</name><group>guest</group>{}{}</rule-list>
         <rule-list><name>limited-acl</name><group>limited</group>{}{}{}</rule-list>
         <rule-list><name>admin-acl</name><group>admin</group>{}</rule-list>",
        rule("deny-nacm", &path("/nacm:nacm", "*"), "deny"),
        rule(
            "deny-alarm",
            "<module-name>acme</module-name><notification-name>alarm</notification-name><access-operations>read</access-operations>",
            "deny"
        ),
        rule(
            "permit-config",
            &path("/ac:sys", "read create update delete"),
            "permit"
        ),
        rule(
            "permit-item",
            &path("/ac:item[ac:id='1']", "read update"),
            "permit"
        ),
        rule(
            "permit-values",
            &path("/ac:item/ac:value", "update"),
            "permit"
        ),
        rule("permit-item", &path("/ac:item", "*"), "permit"),
    );
    let (schema, policy) = policy(&text);
    let tree = Tree::empty(schema);
    for (user, operation, object, expected) in [
        ("guest", "read", "/ietf-netconf-acm:nacm", false),
        ("guest", "subscribe", "acme:alarm", false),
        ("wilma", "subscribe", "acme:alarm", true),
        ("wilma", "create", "/acme:sys/inner/x", true),
        ("wilma", "update", "/acme:item[id='1']", true),
        ("wilma", "update", "/acme:item[id='2']", false),
        ("wilma", "update", "/acme:item[id='2']/value", true),
        ("wilma", "delete", "/acme:item[id='1']", false),
        ("andy", "delete", "/acme:item[id='1']/value", true),
        ("andy", "update", "/acme:sys/name", false),
    ] {
        assert_eq!(
            permits(&subject(&policy, user), &tree, operation, object),
            expected,
            "{user} {operation} {object}"
        );
    }
}

#[test]
fn a_path_that_is_none_is_refused_with_its_place() {
    let text = format!(
        "<rule-list><name>l</name>{}</rule-list>",
        rule("bad", "<path>/a[b]</path>", "deny")
    );
    let nacm = format!("<nacm xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-acm'>{text}</nacm>");
    let policy = Policy::of(&data(&model(), &nacm), false).unwrap();
    let error = policy.sound().unwrap_err();
    insta::assert_snapshot!(error, @r#"/ietf-netconf-acm:nacm/rule-list[name='l']/rule[name='bad']/path: "/a[b]" is not the path of a data node: = is missing after b"#);
}

#[test]
fn enable_nacm_and_disabled_on_empty_turn_it_off() {
    let (_, off) = policy("<enable-nacm>false</enable-nacm>");
    assert!(!off.enabled);
    let empty = Tree::empty(model());
    assert!(Policy::of(&empty, false).unwrap().enabled);
    assert!(!Policy::of(&empty, true).unwrap().enabled);
    let (_, some) = policy(GROUPS);
    assert!(some.enabled);
}
