//! A small document as elements, whether it was XML or JSON: enough to read names, texts and lines from it.
//!
//! For documents about modules only, which are short; data are read straight into trees elsewhere.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::document::Limits;
use crate::error::{DataError, ErrorKind};
use crate::input::{Broken, Lines, decode};
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
    let json = Json {
        text,
        line_ends: text.match_indices('\n').map(|(at, _)| at).collect(),
    };
    let root: &RawValue = serde_json::from_str(text).map_err(|error| json.broken(text, &error))?;
    let mut element = Element::default();
    json.value(root, &mut element, 0)?;
    Ok(element)
}

struct Json<'a> {
    text: &'a str,
    /// Offsets of line ends.
    line_ends: Vec<usize>,
}

impl<'a> Json<'a> {
    /// Where a part of the text stands in it.
    fn offset(&self, part: &str) -> usize {
        part.as_ptr()
            .addr()
            .saturating_sub(self.text.as_ptr().addr())
    }

    fn broken(&self, part: &str, error: &serde_json::Error) -> Broken {
        // Serde counts lines from 1, in the part that it was given.
        let before = part
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1));
        let line_start: usize = before.map(str::len).sum();
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or(&text);
        Broken {
            kind: ErrorKind::Malformed,
            offset: self.offset(part) + line_start + error.column().saturating_sub(1),
            message: format!("this is not JSON: {message}"),
            help: None,
        }
    }

    /// Adds what a value holds to the element of its name. Recursion is bounded by [`DEPTH`].
    fn value(&self, raw: &'a RawValue, element: &mut Element, depth: u32) -> Result<(), Broken> {
        let text = raw.get();
        if depth > DEPTH {
            return Err(Broken {
                kind: ErrorKind::TooBig,
                offset: self.offset(text),
                message: format!("values are nested more than {DEPTH} deep"),
                help: None,
            });
        }
        match text.as_bytes().first() {
            Some(b'{') => {
                let members: BTreeMap<Cow<'a, str>, &'a RawValue> = self.parse(text)?;
                for (name, value) in members {
                    let (module, local) = match name.split_once(':') {
                        Some((module, local)) => (Arc::from(module), local),
                        None => (element.namespace.clone(), &*name),
                    };
                    for entry in self.entries(value)? {
                        let mut child = Element {
                            namespace: module.clone(),
                            name: local.to_owned(),
                            line: self.line(entry.get()),
                            ..Element::default()
                        };
                        self.value(entry, &mut child, depth + 1)?;
                        element.children.push(child);
                    }
                }
            }
            Some(b'"') => element.text = self.parse::<Cow<'a, str>>(text)?.into_owned(),
            _ => element.text = text.to_owned(),
        }
        Ok(())
    }

    /// The entries of an array; another value is its only entry.
    fn entries(&self, raw: &'a RawValue) -> Result<Vec<&'a RawValue>, Broken> {
        match raw.get().as_bytes().first() {
            Some(b'[') => self.parse(raw.get()),
            _ => Ok(vec![raw]),
        }
    }

    fn parse<T: Deserialize<'a>>(&self, text: &'a str) -> Result<T, Broken> {
        serde_json::from_str(text).map_err(|error| self.broken(text, &error))
    }

    fn line(&self, part: &str) -> u32 {
        let offset = self.offset(part);
        let lines = self.line_ends.partition_point(|end| *end < offset);
        u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1)
    }
}
