//! XML as elements.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Attribute, Element, KnownModules, is_wrapper, prefixes_in};
use crate::document::Limits;
use crate::error::ErrorKind;
use crate::input::{Broken, Lines};
use crate::store::{CLIXON_LIB, link_of};
use crate::xml::scanner::{Scanner, Token, is_blank};

/// Equal names share their text.
#[derive(Default)]
pub(super) struct Names(HashMap<Box<str>, Arc<str>>);

impl Names {
    pub(super) fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return known.clone();
        }
        let shared: Arc<str> = name.into();
        self.0.insert(name.into(), shared.clone());
        shared
    }
}

/// The whole document under an element without a name.
pub(super) fn read(text: &str, modules: &KnownModules, limits: Limits) -> Result<Element, Broken> {
    let scanner = Scanner::new(text, limits);
    let mut reader = Reader {
        modules,
        limits,
        names: Names::default(),
        parts: None,
        within: None,
    };
    reader.text(text, scanner).map_err(|(_, broken)| broken)
}

/// The texts of the parts of a datastore, by their names.
pub(super) type Parts<'a> = BTreeMap<&'a str, &'a str>;

/// The main file of a split datastore with its parts in the places of the links; a failure names the part that it is in.
pub(super) fn read_split<'a>(
    text: &'a str,
    parts: Parts<'a>,
    modules: &'a KnownModules,
    limits: Limits,
) -> Result<Element, (Option<Arc<str>>, Broken)> {
    let scanner = Scanner::new(text, limits);
    let mut reader = Reader {
        modules,
        limits,
        names: Names::default(),
        parts: Some(parts),
        within: None,
    };
    reader.text(text, scanner)
}

struct Reader<'a> {
    modules: &'a KnownModules,
    limits: Limits,
    names: Names,
    parts: Option<Parts<'a>>,
    /// The part that is read now.
    within: Option<Arc<str>>,
}

/// An element whose end has not been seen, and the part that is its content.
#[derive(Default)]
struct Open {
    element: Element,
    link: Option<String>,
}

impl<'a> Reader<'a> {
    fn text(
        &mut self,
        text: &'a str,
        mut scanner: Scanner<'a>,
    ) -> Result<Element, (Option<Arc<str>>, Broken)> {
        let within = self.within.clone();
        let here = |broken: Broken| (within.clone(), broken);
        let mut lines = Lines::default();
        let mut open = vec![Open::default()];
        loop {
            match scanner.next().map_err(here)? {
                Token::Open(tag) => {
                    let namespace = scanner.namespaces.uri(tag.prefix).unwrap_or("");
                    let mut element = Element {
                        module: self.modules.module(namespace),
                        name: self.names.shared(tag.local),
                        position: Some(lines.position(text.as_bytes(), tag.offset)),
                        source: self.within.clone(),
                        ..Element::default()
                    };
                    let link = self.parts.as_ref().and_then(|_| link_of(&scanner));
                    for attribute in &scanner.attributes {
                        let namespace = attribute
                            .prefix
                            .and_then(|prefix| scanner.namespaces.uri(Some(prefix)));
                        if link.is_some() && namespace == Some(CLIXON_LIB) {
                            continue;
                        }
                        element.attributes.push(Attribute {
                            module: self.modules.module(namespace.unwrap_or("")),
                            name: self.names.shared(attribute.local),
                            value: attribute.value.clone().into_owned(),
                        });
                    }
                    if let Some(link) = &link {
                        self.linkable(link, tag.offset).map_err(here)?;
                    }
                    if let Some(parent) = open.last_mut() {
                        text_between(&mut parent.element);
                    }
                    open.push(Open { element, link });
                }
                Token::Text(piece) => {
                    if self.within.is_none() && !is_blank(&piece) && is_outside(&open, self.modules)
                    {
                        let offset = scanner.offset();
                        return Err(here(stray(&piece, offset)));
                    }
                    if let Some(open) = open.last_mut() {
                        open.element.text.push_str(&piece);
                    }
                }
                Token::Close => {
                    let Some(Open { mut element, link }) = open.pop() else {
                        continue;
                    };
                    if let Some(link) = link {
                        self.part(&link, &mut element, &scanner)?;
                    }
                    if element.children.is_empty() {
                        // The declarations of an element that ends are still in scope here.
                        for prefix in prefixes_in(&element.text) {
                            if let Some(namespace) = scanner.namespaces.uri(Some(prefix)) {
                                let meant =
                                    (self.names.shared(prefix), self.modules.module(namespace));
                                element.prefixes.push(meant);
                            }
                        }
                    } else {
                        text_between(&mut element);
                    }
                    if let Some(parent) = open.last_mut() {
                        parent.element.children.push(element);
                    }
                }
                Token::End => return Ok(open.swap_remove(0).element),
            }
        }
    }

    /// Whether a link can be followed.
    fn linkable(&self, link: &str, offset: usize) -> Result<(), Broken> {
        let there = self
            .parts
            .as_ref()
            .is_some_and(|parts| parts.contains_key(link));
        let message = match (&self.within, there) {
            (Some(_), _) => format!("a part links to {link}: parts may not link to other parts"),
            (None, false) => format!("the part {link} is missing"),
            (None, true) => return Ok(()),
        };
        Err(Broken {
            kind: ErrorKind::Malformed,
            offset,
            message,
            help: None,
        })
    }

    /// The content of a part takes the place of the link; what is around the link says what prefixes mean.
    fn part(
        &mut self,
        link: &str,
        element: &mut Element,
        around: &Scanner<'a>,
    ) -> Result<(), (Option<Arc<str>>, Broken)> {
        let Some(text) = self.parts.as_mut().and_then(|parts| parts.remove(link)) else {
            return Ok(());
        };
        let mut scanner = Scanner::new(text, self.limits);
        scanner.namespaces.inherit(&around.namespaces);
        self.within = Some(link.into());
        let content = self.text(text, scanner);
        self.within = None;
        for child in content?.children {
            // In whatever namespace the link stands: Clixon's manual shows it without any.
            match *child.name == *"config" {
                true => element.children.extend(child.children),
                false => element.children.push(child),
            }
        }
        Ok(())
    }
}

/// Whether no element of data is open.
fn is_outside(open: &[Open], modules: &KnownModules) -> bool {
    let mut around = open.iter().skip(1);
    around.all(|open| is_wrapper(&open.element, modules))
}

fn stray(text: &str, offset: usize) -> Broken {
    let shown: String = text.trim().chars().take(40).collect();
    Broken {
        kind: ErrorKind::Malformed,
        offset,
        message: format!(
            "the text {shown:?} stands outside of any element, where only elements may stand"
        ),
        help: None,
    }
}

/// Text beside elements becomes an element without a name; blanks are layout.
fn text_between(parent: &mut Element) {
    let text = std::mem::take(&mut parent.text);
    if !is_blank(&text) {
        parent.children.push(Element::default().with_text(text));
    }
}
