//! What is seen of a tree, and what of a change is denied.

use super::table::model;
use super::*;

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
