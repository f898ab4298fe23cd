//! XML as elements.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Attribute, Element, KnownModules, prefixes_in};
use crate::document::Limits;
use crate::input::{Broken, Lines};
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
    let mut scanner = Scanner::new(text, limits);
    let mut lines = Lines::default();
    let mut names = Names::default();
    let mut open = vec![Element::default()];
    loop {
        match scanner.next()? {
            Token::Open(tag) => {
                let namespace = scanner.namespaces.uri(tag.prefix).unwrap_or("");
                let mut element = Element {
                    module: modules.module(namespace),
                    name: names.shared(tag.local),
                    position: Some(lines.position(text.as_bytes(), tag.offset)),
                    ..Element::default()
                };
                for attribute in &scanner.attributes {
                    let namespace = attribute
                        .prefix
                        .and_then(|prefix| scanner.namespaces.uri(Some(prefix)));
                    element.attributes.push(Attribute {
                        module: modules.module(namespace.unwrap_or("")),
                        name: names.shared(attribute.local),
                        value: attribute.value.clone().into_owned(),
                    });
                }
                if let Some(parent) = open.last_mut() {
                    text_between(parent);
                }
                open.push(element);
            }
            Token::Text(piece) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&piece);
                }
            }
            Token::Close => {
                let Some(mut element) = open.pop() else {
                    continue;
                };
                if element.children.is_empty() {
                    // The declarations of an element that ends are still in scope here.
                    for prefix in prefixes_in(&element.text) {
                        if let Some(namespace) = scanner.namespaces.uri(Some(prefix)) {
                            let meant = (names.shared(prefix), modules.module(namespace));
                            element.prefixes.push(meant);
                        }
                    }
                } else {
                    text_between(&mut element);
                }
                if let Some(parent) = open.last_mut() {
                    parent.children.push(element);
                }
            }
            Token::End => return Ok(open.swap_remove(0)),
        }
    }
}

/// Text beside elements becomes an element without a name; blanks are layout.
fn text_between(parent: &mut Element) {
    let text = std::mem::take(&mut parent.text);
    if !is_blank(&text) {
        parent.children.push(Element::default().with_text(text));
    }
}
