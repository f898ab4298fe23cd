//! A small document as elements, whether it was XML or JSON: enough to read names, texts and lines from it.
//!
//! For documents about modules only, which are short; data are read straight into trees elsewhere.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::document::Limits;
use crate::error::DataError;
use crate::input::{Broken, Lines, decode};
use crate::json::RawText;
use crate::xml::scanner::{Scanner, Token};

/// RFC 7895 and RFC 8525.
const LIBRARY: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-library";
/// RFC 6022.
const MONITORING: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring";

/// How deep elements may nest; a list of modules needs seven levels.
const DEPTH: u32 = 64;

/// An XML element, or a member of a JSON object (one for each entry of an array).
#[derive(Debug, Default)]
pub(super) struct Element {
    /// The namespace of XML, or the module's name of JSON.
    namespace: Arc<str>,
    /// The local name.
    pub(super) name: String,
    /// The text directly in it.
    pub(super) text: String,
    /// In the order of the document (of names, in JSON).
    pub(super) children: Vec<Element>,
    /// The line where it begins.
    pub(super) line: u32,
}

impl Element {
    /// A whole document; JSON if it begins with a brace. The element itself is nameless.
    pub(super) fn read(document: &[u8]) -> Result<Element, Box<DataError>> {
        let limits = Limits {
            depth: DEPTH,
            ..Limits::default()
        };
        let read = decode(document, &limits).and_then(|text| {
            if text.trim_start().starts_with('{') {
                read_json(text)
            } else {
                read_xml(text, limits)
            }
        });
        read.map_err(|broken| Box::new(broken.into_error(document)))
    }

    pub(super) fn is_library(&self) -> bool {
        [LIBRARY, "ietf-yang-library", ""].contains(&&*self.namespace)
    }

    pub(super) fn is_monitoring(&self) -> bool {
        [MONITORING, "ietf-netconf-monitoring", ""].contains(&&*self.namespace)
    }

    /// The children of a name that are of the same module; others have added theirs.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children
            .iter()
            .filter(move |child| child.name == name && child.namespace == self.namespace)
    }

    /// The text of a child; `None` when absent or empty.
    pub(super) fn value(&self, name: &str) -> Option<Arc<str>> {
        let text = self.named(name).next()?.text.trim();
        (!text.is_empty()).then(|| Arc::from(text))
    }
}

fn read_xml(text: &str, limits: Limits) -> Result<Element, Broken> {
    let mut scanner = Scanner::new(text, limits);
    let mut lines = Lines::default();
    let mut open = vec![Element::default()];
    loop {
        match scanner.next()? {
            Token::Open(tag) => {
                let namespace = scanner.namespaces.uri(tag.prefix).unwrap_or("");
                open.push(Element {
                    namespace: namespace.into(),
                    name: tag.local.to_owned(),
                    line: lines.position(text.as_bytes(), tag.offset).line,
                    ..Element::default()
                });
            }
            Token::Text(piece) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&piece);
                }
            }
            Token::Close => {
                if let Some(element) = open.pop()
                    && let Some(parent) = open.last_mut()
                {
                    parent.children.push(element);
                }
            }
            Token::End => return Ok(open.swap_remove(0)),
        }
    }
}

/// JSON of RFC 7951: members inherit the module of their object.
fn read_json(text: &str) -> Result<Element, Broken> {
    let json = RawText::new(text, DEPTH);
    let mut element = Element::default();
    fill(&json, json.whole()?, &mut element, 0)?;
    Ok(element)
}

/// Adds what a value holds to the element of its name. Recursion is bounded by [`DEPTH`].
fn fill<'a>(
    json: &RawText<'a>,
    raw: &'a RawValue,
    element: &mut Element,
    depth: u32,
) -> Result<(), Broken> {
    let text = raw.get();
    json.require_depth(text, depth)?;
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<Cow<'a, str>, &'a RawValue> = json.parse(text)?;
            for (name, value) in members {
                let (module, local) = match name.split_once(':') {
                    Some((module, local)) => (Arc::from(module), local),
                    None => (element.namespace.clone(), &*name),
                };
                for entry in json.entries(value)? {
                    let mut child = Element {
                        namespace: module.clone(),
                        name: local.to_owned(),
                        line: json.position(entry.get()).line,
                        ..Element::default()
                    };
                    fill(json, entry, &mut child, depth + 1)?;
                    element.children.push(child);
                }
            }
        }
        Some(b'"') => element.text = json.parse::<Cow<'a, str>>(text)?.into_owned(),
        _ => element.text = text.to_owned(),
    }
    Ok(())
}
