//! What is a document, what a fragment keeps, and what is refused.

use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Fragment, XmlError> {
    Fragment::parse(Bytes::copy_from_slice(text.as_bytes()), 16, None).map_err(|(e, _)| e)
}

#[test]
fn a_child_keeps_every_declaration_of_its_ancestors() {
    let root = parse(
        r#"<a xmlns="urn:a" xmlns:p="urn:p" xmlns:q="urn:q"><b xmlns:p='urn:"2"' x="1">p:id</b></a>"#,
    )
    .unwrap();
    let b = root.child("urn:a", "b").unwrap();
    assert_eq!(
        b.document(),
        r#"<b xmlns="urn:a" xmlns:q="urn:q" xmlns:p='urn:"2"' x="1">p:id</b>"#
    );
    // What comes out is a document of the same meaning, and needs nothing more.
    let again = Fragment::parse(b.document(), 16, None).unwrap();
    assert_eq!(again.document(), b.document());
    assert_eq!((again.namespace(), again.local()), ("urn:a", "b"));
}

#[test]
fn an_undeclared_default_namespace_stays_undeclared() {
    let root = parse(r#"<a xmlns="urn:a"><b xmlns=""><c/></b></a>"#).unwrap();
    let b = root.child("", "b").unwrap();
    let c = b.child("", "c").unwrap();
    assert_eq!(b.document(), r#"<b xmlns=""><c/></b>"#);
    assert_eq!(c.document(), "<c/>");
}

#[test]
fn children_text_and_attributes_are_read_as_xml_says() {
    let root = parse(
        "<?xml version='1.0' encoding='UTF-8'?>\n<!-- c --><p:r xmlns:p='urn:p' a='1 &lt; 2' p:b='x'> x<e/>&amp;<e>no</e><![CDATA[<y>]]>&#x41;<p:f/></p:r>\n",
    )
    .unwrap();
    assert_eq!(root.text(), " x&<y>A");
    assert_eq!(root.attribute("a").as_deref(), Some("1 < 2"));
    assert_eq!(root.attribute("b"), None);
    assert_eq!(root.attribute_in("urn:p", "b").as_deref(), Some("x"));
    assert_eq!(root.qualified_name(), "p:r");
    assert_eq!(
        root.attributes_text(),
        " xmlns:p='urn:p' a='1 &lt; 2' p:b='x'"
    );
    let names: Vec<_> = root
        .children()
        .map(|c| (c.namespace().to_owned(), c.local().to_owned()))
        .collect();
    let name = |ns: &str, n: &str| (ns.to_owned(), n.to_owned());
    assert_eq!(names, [name("", "e"), name("", "e"), name("urn:p", "f")]);
    assert_eq!(root.children().nth(1).unwrap().content_text(), "no");
}

#[test]
fn what_is_not_a_netconf_document_is_refused_with_its_place() {
    for (text, expected) in [
        ("", "there is no element"),
        ("<a>\n  <b></a>", "line 2"),
        ("<a/><b/>", "line 1, column 5: a second root element"),
        ("<a/>x", "text outside of the root element"),
        ("<a>", "the message ends before its elements do"),
        ("</a>", "not well-formed"),
        ("<a b=1/>", "not well-formed"),
        ("<a b='1' b='2'/>", "not well-formed"),
        ("<a b='<'/>", "an attribute is not well-formed"),
        ("<a b='&x;'/>", "not well-formed"),
        ("<p:a/>", "the prefix \"p\" is not declared"),
        ("<a p:b=''/>", "the prefix \"p\" is not declared"),
        (
            "<a>&copy;</a>",
            "the entity \"&copy;\" is none of the five of XML",
        ),
        ("<a>&#0;</a>", "is none of the five of XML"),
        ("<!DOCTYPE a><a/>", "document type declaration"),
        (
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            "document type declaration",
        ),
        ("<a>\u{1}</a>", "a control character"),
        ("<1a/>", "the name of an element"),
        (
            "<a/><?xml version='1.0'?>",
            "an XML declaration must come first",
        ),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let (error, _) = Fragment::parse(Bytes::from_static(b"<a>\xff</a>"), 16, None).unwrap_err();
    assert_eq!(error, XmlError::NotUtf8 { offset: 3 });
}

#[test]
fn a_document_10_000_levels_deep_is_an_error_and_not_a_crash() {
    let deep = "<a>".repeat(10_000);
    assert_eq!(parse(&deep).unwrap_err(), XmlError::TooDeep { limit: 16 });
    let whole = deep + &"</a>".repeat(10_000);
    assert!(Fragment::parse(Bytes::from(whole.clone()), 10_000, None).is_ok());
    let (error, root) = Fragment::parse(Bytes::from(whole), 9_999, None).unwrap_err();
    assert_eq!(error, XmlError::TooDeep { limit: 9_999 });
    assert_eq!(root.unwrap().name, "a");
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics_and_what_is_accepted_can_be_taken_apart(
        parts in prop::collection::vec(prop_oneof![
            Just("<a>"), Just("</a>"), Just("<p:a xmlns:p='urn:p'>"), Just("</p:a>"), Just("<a/>"),
            Just("<a b='1'"), Just(" xmlns='urn:a'"), Just(">"), Just("/>"), Just("&amp;"), Just("&x;"),
            Just("<!-- </a> -->"), Just("<![CDATA["), Just("]]>"), Just("é"), Just("<?pi?>"), Just("text")
        ], 0..14)
    ) {
        let text = parts.concat();
        if let Ok(root) = parse(&text) {
            let mut queue = vec![root];
            while let Some(element) = queue.pop() {
                let _ = (element.text(), element.declarations(), element.attribute("b"));
                let again = Fragment::parse(element.document(), 16, None);
                prop_assert!(again.is_ok(), "{:?} of {text}", element.document());
                queue.extend(element.children());
            }
        }
    }
}
