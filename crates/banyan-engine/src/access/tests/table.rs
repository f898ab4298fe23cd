//! RFC 8341 3.4 as tables: each kind of rule against each kind of access, the order of rules, the defaults.

use super::super::policy::Operation::{self, Exec, Read};
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

pub(super) fn model() -> Arc<Schema> {
    schema(&[ACME, OTHER])
}

/// Whether the access is permitted; `exec` and `subscribe` take `module:name` or an instance with the name behind it.
pub(super) fn permits(subject: &Subject, tree: &Tree, operation: &str, object: &str) -> bool {
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

/// What can be done, and to what.
const ACCESSES: [(&str, &str); 8] = [
    ("read", "/acme:sys/name"),
    ("create", "/acme:sys/name"),
    ("update", "/acme:sys/name"),
    ("delete", "/acme:sys/name"),
    ("exec", "acme:reboot"),
    ("exec", "/acme:item[id='1']/poke"),
    ("subscribe", "acme:alarm"),
    ("subscribe", "/acme:item[id='1']/moved"),
];

/// Each kind of rule, and which of [`ACCESSES`] it is about (RFC 8341 3.4.4, 7; 3.4.5, 6; 3.4.6, 6).
const KINDS: [(&str, [u8; 8]); 10] = [
    ("-", [1, 1, 1, 1, 1, 1, 1, 1]),
    ("rpc:reboot", [0, 0, 0, 0, 1, 0, 0, 0]),
    ("rpc:*", [0, 0, 0, 0, 1, 0, 0, 0]),
    ("rpc:poke", [0, 0, 0, 0, 0, 0, 0, 0]),
    ("notification:alarm", [0, 0, 0, 0, 0, 0, 1, 0]),
    ("notification:*", [0, 0, 0, 0, 0, 0, 1, 0]),
    ("notification:moved", [0, 0, 0, 0, 0, 0, 0, 0]),
    ("/", [1, 1, 1, 1, 0, 1, 0, 1]),
    ("/acme:sys", [1, 1, 1, 1, 0, 0, 0, 0]),
    ("/acme:item", [0, 0, 0, 0, 0, 1, 0, 1]),
];

#[test]
fn each_kind_of_rule_against_each_kind_of_access() {
    let tree = Tree::empty(model());
    for (kind, about) in KINDS {
        for operations in ["*", "read", "create", "update", "delete", "exec"] {
            for permit in [true, false] {
                let (defaults, action) = match permit {
                    true => (CLOSED, "permit"),
                    false => (OPEN, "deny"),
                };
                let rule = format!("r acme {kind} {operations} {action}");
                let subject = alice(defaults, &[&rule]);
                for (at, (operation, object)) in ACCESSES.into_iter().enumerate() {
                    let needs = match operation {
                        "subscribe" => "read",
                        other => other,
                    };
                    let fits = operations == "*" || operations == needs;
                    // RFC 8341 3.1.3: an action takes the right to read what it is tied to.
                    let is_action = object.ends_with("/poke");
                    let expected = match permit {
                        true => about[at] == 1 && fits && (!is_action || operations == "*"),
                        false => {
                            let hides = is_action && operations == "read";
                            !(about[at] == 1 && (fits || hides))
                        }
                    };
                    let found = permits(&subject, &tree, operation, object);
                    assert_eq!(found, expected, "{rule}: {operation} {object}");
                }
            }
        }
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
