//! RFC 8341 3.4 as tables: each kind of rule against each kind of access, the order of rules, the defaults, and the
//! examples of its appendix A.

use super::super::policy::Operation::{self, Exec, Read};
use super::super::policy::Policy;
use super::*;

const ACME: &str = "module acme { yang-version 1.1; namespace urn:acme; prefix ac;
  import ietf-netconf-acm { prefix nacm; }
  container sys { leaf name { type string; } leaf mtu { type uint16; } container inner { leaf x { type string; } } }
  list item { key id; leaf id { type uint32; } leaf value { type string; }
    action poke { input { leaf hard { type boolean; } } }
    notification moved { leaf by { type string; } } }
  list pair { key 'a b'; leaf a { type string; } leaf b { type string; } leaf v { type string; } }
  leaf-list tag { type string; }
  container clock { nacm:default-deny-write; leaf zone { type string; } }
  container secret { nacm:default-deny-all; leaf key { type string; } }
  rpc reboot; rpc wipe { nacm:default-deny-all; }
  notification alarm { leaf text { type string; } }
  notification leak { nacm:default-deny-all; leaf text { type string; } } }";

const OTHER: &str =
    "module other { yang-version 1.1; namespace urn:other; prefix ot; import acme { prefix ac; }
  augment /ac:sys { leaf extra { type string; } }
  container own { leaf name { type string; } } rpc reboot; notification alarm; }";

fn model() -> Arc<Schema> {
    schema(&[ACME, OTHER])
}

/// Whether the access is permitted; `exec` and `subscribe` take `module:name` or an instance with the name behind it.
fn permits(subject: &Subject, tree: &Tree, operation: &str, object: &str) -> bool {
    let schema = tree.schema();
    let node = |text: &str| {
        let (module, name) = text.split_once(':')?;
        let module = schema.module_by_name(module)?;
        schema.schema_child(banyan_yang::schema::SchemaId::ROOT, module, name)
    };
    let operation = match operation {
        "exec" | "subscribe" => {
            let Some((above, name)) = object.rsplit_once('/') else {
                let id = node(object).unwrap();
                let definition = schema.node(id);
                let module = &schema.module(definition.module).name;
                let deny = definition.default_deny();
                return match operation {
                    "exec" => subject.operation(module, &definition.name, deny).permit,
                    _ => {
                        subject
                            .hears(tree, schema, id, &InstancePath::default())
                            .permit
                    }
                };
            };
            let above = at(tree, above);
            let parent = above.steps.last().unwrap().node;
            let children = schema.children(parent).iter().copied();
            let id = children
                .into_iter()
                .find(|id| &*schema.node(*id).name == name)
                .unwrap();
            if operation == "subscribe" {
                return subject.hears(tree, schema, id, &above).permit;
            }
            let (place, _) = subject.along(tree, &above);
            return subject.sees(tree, &above) && place.unnamed(id).decide(Exec).permit;
        }
        name => Operation::ALL
            .into_iter()
            .find(|one| one.name() == name)
            .unwrap(),
    };
    let path = at(tree, object);
    match operation {
        Read => subject.sees(tree, &path),
        other => subject.along(tree, &path).0.decide(other).permit,
    }
}

/// `operation object -> permitted`
#[track_caller]
fn table(subject: &Subject, rows: &[(&str, &str, bool)]) {
    let tree = Tree::empty(model());
    for (operation, object, expected) in rows {
        let found = permits(subject, &tree, operation, object);
        assert_eq!(found, *expected, "{operation} {object}");
    }
}

#[test]
fn without_a_rule_the_defaults_decide() {
    table(
        &alice(DEFAULTS, &[]),
        &[
            ("read", "/acme:sys/name", true),
            ("create", "/acme:sys/name", false),
            ("update", "/acme:sys/name", false),
            ("delete", "/acme:sys/name", false),
            ("exec", "acme:reboot", true),
            ("exec", "/acme:item[id='1']/poke", true),
            ("subscribe", "acme:alarm", true),
            ("subscribe", "/acme:item[id='1']/moved", true),
        ],
    );
    table(
        &alice(CLOSED, &[]),
        &[
            ("read", "/acme:sys/name", false),
            ("exec", "acme:reboot", false),
            ("exec", "/acme:item[id='1']/poke", false),
            ("subscribe", "acme:alarm", false),
            ("subscribe", "/acme:item[id='1']/moved", false),
        ],
    );
}

#[test]
fn the_schema_denies_by_default_whatever_the_defaults_are() {
    table(
        &alice(OPEN, &[]),
        &[
            ("read", "/acme:clock/zone", true),
            ("update", "/acme:clock/zone", false),
            ("create", "/acme:clock", false),
            ("read", "/acme:secret", false),
            ("read", "/acme:secret/key", false),
            ("delete", "/acme:secret/key", false),
            ("exec", "acme:wipe", false),
            ("subscribe", "acme:leak", false),
            ("read", "/ietf-netconf-acm:nacm/enable-nacm", false),
            ("update", "/acme:sys/name", true),
        ],
    );
    table(
        &alice(CLOSED, &["all * - * permit"]),
        &[
            ("update", "/acme:clock/zone", true),
            ("read", "/acme:secret/key", true),
            ("exec", "acme:wipe", true),
            ("subscribe", "acme:leak", true),
            ("read", "/ietf-netconf-acm:nacm/enable-nacm", true),
        ],
    );
}

#[test]
fn a_rule_without_type_is_about_all_objects_of_its_module() {
    table(
        &alice(CLOSED, &["acme acme - * permit"]),
        &[
            ("read", "/acme:sys/name", true),
            ("update", "/acme:sys/mtu", true),
            ("exec", "acme:reboot", true),
            ("exec", "/acme:item[id='1']/poke", true),
            ("subscribe", "acme:alarm", true),
            ("subscribe", "/acme:item[id='1']/moved", true),
            // What another module adds is of that one.
            ("read", "/acme:sys/other:extra", false),
            ("read", "/other:own", false),
            ("exec", "other:reboot", false),
            ("subscribe", "other:alarm", false),
        ],
    );
}

#[test]
fn a_rule_for_operations_is_about_nothing_else() {
    table(
        &alice(CLOSED, &["r acme rpc:reboot * permit"]),
        &[
            ("exec", "acme:reboot", true),
            ("exec", "acme:wipe", false),
            ("exec", "other:reboot", false),
            ("exec", "/acme:item[id='1']/poke", false),
            ("read", "/acme:sys", false),
            ("subscribe", "acme:alarm", false),
        ],
    );
    table(
        &alice(CLOSED, &["r * rpc:* exec permit"]),
        &[
            ("exec", "acme:wipe", true),
            ("exec", "other:reboot", true),
            ("read", "/acme:sys", false),
        ],
    );
    // The operation must be among those of the rule.
    table(
        &alice(CLOSED, &["r * rpc:* read permit"]),
        &[("exec", "acme:reboot", false)],
    );
}

#[test]
fn a_rule_for_notifications_is_about_nothing_else() {
    table(
        &alice(CLOSED, &["n acme notification:alarm read permit"]),
        &[
            ("subscribe", "acme:alarm", true),
            ("subscribe", "acme:leak", false),
            ("subscribe", "other:alarm", false),
            ("exec", "acme:reboot", false),
            ("read", "/acme:sys", false),
        ],
    );
    table(
        &alice(OPEN, &["n * notification:* * deny"]),
        &[
            ("subscribe", "acme:alarm", false),
            ("read", "/acme:sys", true),
            // It is tied to data, and rules with a path are about it.
            ("subscribe", "/acme:item[id='1']/moved", true),
        ],
    );
    table(
        &alice(CLOSED, &["n * notification:* exec permit"]),
        &[("subscribe", "acme:alarm", false)],
    );
}

#[test]
fn a_rule_with_a_path_covers_the_node_and_what_is_below() {
    table(
        &alice(
            DEFAULTS,
            &[
                "d * /acme:sys update deny",
                "s * /acme:sys update,delete permit",
            ],
        ),
        &[
            ("update", "/acme:sys/name", false),
            ("delete", "/acme:sys/name", true),
            ("create", "/acme:sys/name", false),
            ("update", "/acme:sys/inner/x", false),
            ("delete", "/acme:sys/other:extra", true),
            ("update", "/acme:item[id='1']", false),
            ("read", "/acme:sys", true),
        ],
    );
    table(
        &alice(OPEN, &["root * / read deny"]),
        &[
            ("read", "/acme:sys", false),
            ("read", "/other:own/name", false),
            ("update", "/acme:sys/name", true),
        ],
    );
    // The module of the node must fit too.
    table(
        &alice(DEFAULTS, &["s acme /acme:sys * permit"]),
        &[
            ("update", "/acme:sys/name", true),
            ("update", "/acme:sys/other:extra", false),
        ],
    );
}

#[test]
fn keys_choose_entries_and_missing_keys_all() {
    let rules = [
        "one * /acme:item[id='1'] update permit",
        "values * /acme:item/value delete permit",
        "some * /acme:pair[a='x'] update permit",
        "both * /acme:pair[b='2'][ac:a='y'] update permit",
        "tag * /acme:tag[.='red'] create permit",
    ];
    table(
        &alice(DEFAULTS, &rules),
        &[
            ("update", "/acme:item[id='1']/value", true),
            ("update", "/acme:item[id='2']/value", false),
            ("delete", "/acme:item[id='2']/value", true),
            ("delete", "/acme:item[id='2']", false),
            ("update", "/acme:pair[a='x'][b='7']/v", true),
            ("update", "/acme:pair[a='y'][b='2']/v", true),
            ("update", "/acme:pair[a='y'][b='3']/v", false),
            ("create", "/acme:tag[.='red']", true),
            ("create", "/acme:tag[.='blue']", false),
        ],
    );
}

#[test]
fn a_path_may_name_the_user() {
    table(
        &alice(DEFAULTS, &["own * /acme:pair[a=$USER] * permit"]),
        &[
            ("update", "/acme:pair[a='alice'][b='1']/v", true),
            ("update", "/acme:pair[a='bob'][b='1']/v", false),
        ],
    );
}

#[test]
fn actions_and_notifications_of_data_follow_rules_with_a_path() {
    table(
        &alice(
            CLOSED,
            &[
                "p * /acme:item[id='1'] read,exec permit",
                "q * /acme:item/moved read deny",
            ],
        ),
        &[
            ("exec", "/acme:item[id='1']/poke", true),
            ("exec", "/acme:item[id='2']/poke", false),
            ("subscribe", "/acme:item[id='1']/moved", true),
            ("subscribe", "/acme:item[id='2']/moved", false),
        ],
    );
    table(
        &alice(
            OPEN,
            &[
                "p * /acme:item/poke exec deny",
                "q * /acme:item/moved read deny",
            ],
        ),
        &[
            ("exec", "/acme:item[id='1']/poke", false),
            ("subscribe", "/acme:item[id='1']/moved", false),
            ("exec", "acme:reboot", true),
        ],
    );
    // RFC 8341 3.1.3: without the right to read the way to it, none to call.
    table(
        &alice(OPEN, &["hidden * /acme:item read deny"]),
        &[
            ("exec", "/acme:item[id='1']/poke", false),
            ("subscribe", "/acme:item[id='1']/moved", false),
        ],
    );
}

#[test]
fn the_first_rule_that_fits_decides() {
    let tree = Tree::empty(model());
    let permit_first = alice(CLOSED, &["a * /acme:sys * permit", "b * - * deny"]);
    let deny_first = alice(OPEN, &["b * - * deny", "a * /acme:sys * permit"]);
    for operation in ["read", "create", "update", "delete"] {
        assert!(permits(&permit_first, &tree, operation, "/acme:sys/name"));
        assert!(!permits(
            &permit_first,
            &tree,
            operation,
            "/acme:tag[.='x']"
        ));
        assert!(!permits(&deny_first, &tree, operation, "/acme:sys/name"));
    }
}

#[test]
fn a_way_leads_to_what_is_permitted_before_it_is_denied() {
    let schema = model();
    let tree = data(
        &schema,
        "<sys xmlns='urn:acme'><name>n</name><inner><x>1</x></inner><extra xmlns='urn:other'>e</extra></sys>
         <item xmlns='urn:acme'><id>1</id><value>a</value></item>
         <item xmlns='urn:acme'><id>2</id><value>b</value></item><own xmlns='urn:other'><name>o</name></own>",
    );
    let seen = |defaults, rules: &[&str]| shown(&alice(defaults, rules).readable(&tree));
    let inner = "<sys xmlns=\"urn:acme\"><inner><x>1</x></inner></sys>";
    let one = "<item xmlns=\"urn:acme\"><id>2</id><value>b</value></item>";
    // By default denied, and by a rule that comes later.
    assert_eq!(seen(CLOSED, &["x * /acme:sys/inner read permit"]), inner);
    assert_eq!(
        seen(OPEN, &["x * /acme:sys/inner read permit", "no * - * deny"]),
        inner
    );
    assert_eq!(seen(CLOSED, &["x * /acme:item[id='2'] read permit"]), one);
    // An entry on the way has its keys and nothing else.
    assert_eq!(
        seen(CLOSED, &["x * /acme:item[id='2']/value read permit"]),
        one
    );
    assert_eq!(
        seen(
            OPEN,
            &[
                "no * /acme:item/value read deny",
                "x * /acme:item[id='1'] read permit",
                "rest * - read deny"
            ]
        ),
        "<item xmlns=\"urn:acme\"><id>1</id></item>"
    );
    // Denied first: all below is left out, whatever comes later (RFC 8341 3.2.3).
    assert_eq!(
        seen(
            OPEN,
            &[
                "no * /acme:sys read deny",
                "x * /acme:sys/inner read permit",
                "i * /acme:item read deny",
                "o other - read deny"
            ]
        ),
        ""
    );
    // Of another module, and not denied; but what it is in is.
    assert_eq!(
        seen(OPEN, &["no acme - read deny"]),
        "<own xmlns=\"urn:other\"><name>o</name></own>"
    );
}

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

#[test]
fn writes_are_asked_for_node_by_node() {
    let schema = model();
    let before = data(
        &schema,
        "<sys xmlns='urn:acme'><name>a</name></sys><item xmlns='urn:acme'><id>1</id><value>v</value></item>",
    );
    let after = data(
        &schema,
        "<sys xmlns='urn:acme'><name>b</name><inner><x>1</x></inner></sys><item xmlns='urn:acme'><id>2</id></item>",
    );
    let changes = banyan_data::change::diff(&before, &after);
    let denied = |rules: &[&str]| {
        let subject = alice(DEFAULTS, rules);
        let denied = subject.denied(&changes);
        let texts = denied.iter().map(|one| {
            let path = path::json::print(&schema, &one.path, &NoMounts).unwrap();
            format!("{} {path}", one.operation.name())
        });
        texts.collect::<Vec<_>>()
    };
    // A container without presence neither comes nor goes.
    assert_eq!(
        denied(&[]),
        [
            "update /acme:sys/name",
            "create /acme:sys/inner/x",
            "delete /acme:item[id='1']",
            "create /acme:item[id='2']"
        ]
    );
    assert_eq!(
        denied(&[
            "s * /acme:sys * permit",
            "i * /acme:item[id='2'] create permit"
        ]),
        ["delete /acme:item[id='1']"]
    );
    // Who may remove an entry may still not remove all that is in it.
    assert_eq!(
        denied(&["v * /acme:item/value * deny", "all * - * permit"]),
        ["delete /acme:item[id='1']/value"]
    );
    assert!(denied(&["all * - create,update,delete permit"]).is_empty());
}
