//! The small part of XML that NETCONF envelopes need: a checked document, and cheap views into it.
//!
//! [`Fragment::parse`] reads a whole message once and checks all of it: well-formed, namespaces
//! bound, no DOCTYPE, no entities but the five predefined ones, bounded depth. Everything later is
//! a slice of that checked text. No tree is built and nothing here recurses; payloads stay bytes.

mod check;
mod print;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{PrefixDeclaration, QName};
use quick_xml::reader::Reader;
use thiserror::Error;

use check::Checker;
pub use print::{escape_attribute, escape_text, push_declaration, push_element};

/// Why a text is not a document that NETCONF permits.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum XmlError {
    /// Not UTF-8 (RFC 6241 3).
    #[error("not UTF-8 at byte {offset}")]
    NotUtf8 {
        /// The first wrong byte.
        offset: usize,
    },
    /// Not well-formed, or with an undeclared prefix.
    #[error("not well-formed at line {line}, column {column}: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// A document type declaration (RFC 6241 3).
    #[error("a document type declaration is not permitted in NETCONF (RFC 6241 3)")]
    Doctype,
    /// Nested deeper than the reader accepts.
    #[error("elements are nested more than {limit} deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
}

/// Namespace declarations: prefix (empty: the default namespace) and URI.
pub type Declarations = Vec<(String, String)>;

/// One element of a checked document, with the namespace declarations that it is subject to.
/// Cloning costs reference counts; the text is shared.
#[derive(Clone)]
pub struct Fragment {
    /// The whole message. Invariant: well-formed UTF-8, checked by [`Fragment::parse`].
    source: Bytes,
    /// The element, from `<` of its start tag to `>` of its end tag.
    span: Range<usize>,
    /// Where its content begins; equals `span.end` for an empty-element tag.
    content: usize,
    /// Declarations of the ancestors, as they are in scope before the start tag.
    outer: Arc<Declarations>,
    namespace: Arc<str>,
    /// The local name's place in `source`.
    local: Range<usize>,
}

impl fmt::Debug for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The start of a root element, seen before the rest of its document turned out to be wrong:
/// enough to address an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootTag {
    /// The qualified name, as written.
    pub name: String,
    /// The attributes, as written: with declarations, quotes and white space.
    pub attributes: String,
}

impl Fragment {
    /// Checks a document and gives its root element. `default` is the namespace of names without
    /// a prefix where no `xmlns` is in scope. On an error, the root's start tag comes along if it
    /// was readable.
    ///
    /// # Errors
    /// Everything that [`XmlError`] names.
    pub fn parse(
        source: Bytes,
        depth_limit: usize,
        default: Option<&str>,
    ) -> Result<Fragment, (XmlError, Option<RootTag>)> {
        let text = match std::str::from_utf8(&source) {
            Ok(text) => text,
            Err(e) => {
                let offset = e.valid_up_to();
                return Err((XmlError::NotUtf8 { offset }, None));
            }
        };
        let outer: Declarations = default
            .map(|uri| (String::new(), uri.to_owned()))
            .into_iter()
            .collect();
        // A byte order mark and the line ends between two messages are no part of the document.
        let start = text.len() - text.trim_start_matches('\u{feff}').trim_start().len();
        let mut checker = Checker::new(text, start, depth_limit, &outer);
        match checker.check() {
            Ok(root) => Ok(Fragment {
                source: source.clone(),
                span: root.span,
                content: root.content,
                outer: Arc::new(outer),
                namespace: root.namespace,
                local: root.local,
            }),
            Err(error) => Err((error, checker.root_tag)),
        }
    }

    /// The namespace URI; empty for none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The local name.
    pub fn local(&self) -> &str {
        self.text_at(self.local.clone())
    }

    /// Is this the element of that name?
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.namespace() == namespace && self.local() == local
    }

    /// The name as written, with its prefix.
    pub fn qualified_name(&self) -> &str {
        self.text_at(self.span.start + 1..self.local.end)
    }

    /// The prefix as written; empty for none.
    pub fn prefix(&self) -> &str {
        self.qualified_name()
            .split_once(':')
            .map_or("", |(prefix, _)| prefix)
    }

    /// The element as it stands in the message. Prefixes may be declared outside of it: see
    /// [`Fragment::document`].
    pub fn as_str(&self) -> &str {
        self.text_at(self.span.clone())
    }

    /// The size of the element in bytes.
    pub fn size(&self) -> usize {
        self.span.len()
    }

    /// The attributes as written, declarations included, with the white space before each.
    pub fn attributes_text(&self) -> &str {
        let tag = self.text_at(self.local.end..self.content);
        let tag = tag.strip_suffix('>').unwrap_or(tag);
        tag.strip_suffix('/').unwrap_or(tag).trim_end()
    }

    /// The value of an attribute without a namespace.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let tag = self.start_tag();
        let found = tag.attributes().flatten().find(|a| a.key == QName(name))?;
        let value = found.normalized_value(XmlVersion::Implicit1_0).ok()?;
        Some(value.into_owned())
    }

    /// The name of the first attribute without a namespace that is no declaration.
    pub fn plain_attribute(&self) -> Option<String> {
        let tag = self.start_tag();
        for attribute in tag.attributes().flatten() {
            let (local, prefix) = attribute.key.decompose();
            if prefix.is_none() && local.into_inner() != "xmlns" {
                return Some(local.into_inner().to_owned());
            }
        }
        None
    }

    /// The value of an attribute in a namespace.
    pub fn attribute_in(&self, namespace: &str, local: &str) -> Option<String> {
        let declarations = self.declarations();
        let tag = self.start_tag();
        let found = tag.attributes().flatten().find(|a| {
            let (name, prefix) = a.key.decompose();
            name.into_inner() == local
                && prefix.is_some_and(|p| {
                    declarations
                        .iter()
                        .any(|(q, uri)| q == p.into_inner() && uri == namespace)
                })
        })?;
        let value = found.normalized_value(XmlVersion::Implicit1_0).ok()?;
        Some(value.into_owned())
    }

    /// All namespace declarations in scope at this element, its own included; inner ones win.
    pub fn declarations(&self) -> Declarations {
        let mut scope = (*self.outer).clone();
        for (prefix, uri) in self.own_declarations() {
            scope.retain(|(p, _)| *p != prefix);
            scope.push((prefix, uri));
        }
        scope
    }

    /// The child elements, in document order.
    pub fn children(&self) -> Children<'_> {
        let outer = self.declarations();
        let content = self.content_text();
        let mut reader = Reader::from_str(content);
        reader.config_mut().check_end_names = false; // Checked when the document was parsed.
        Children {
            parent: self,
            reader,
            outer: Arc::new(outer),
        }
    }

    /// The first child of that name.
    pub fn child(&self, namespace: &str, local: &str) -> Option<Fragment> {
        self.children().find(|c| c.is(namespace, local))
    }

    /// The character data directly in the element, references resolved, not trimmed.
    pub fn text(&self) -> String {
        let mut reader = Reader::from_str(self.content_text());
        let (mut text, mut depth) = (String::new(), 0usize);
        loop {
            match reader.read_event() {
                Ok(Event::Start(_)) => depth += 1,
                Ok(Event::End(_)) => depth = depth.saturating_sub(1),
                Ok(Event::Text(t)) if depth == 0 => text.push_str(&t.xml10_content()),
                Ok(Event::CData(t)) if depth == 0 => text.push_str(&t.xml10_content()),
                Ok(Event::GeneralRef(r)) if depth == 0 => text.extend(resolve_reference(&r)),
                Ok(Event::Eof) | Err(_) => return text,
                Ok(_) => {}
            }
        }
    }

    /// What stands between the tags, as written.
    pub fn content_text(&self) -> &str {
        if self.content == self.span.end {
            return "";
        }
        let inner = self.text_at(self.content..self.span.end);
        // The end tag is the last thing that begins with `</`: comments end in `-->`.
        inner.rfind("</").map_or("", |end| &inner[..end])
    }

    /// The element as a document of its own: every namespace declaration that was in scope is
    /// written on its start tag (values such as identities and XPath use prefixes too, so none may
    /// be left out). Costs a copy, unless nothing has to be added.
    pub fn document(&self) -> Bytes {
        let own = self.own_declarations();
        let missing: Vec<_> = self
            .outer
            .iter()
            .filter(|(prefix, _)| !own.iter().any(|(p, _)| p == prefix))
            .filter(|(prefix, uri)| !(prefix.is_empty() && uri.is_empty()))
            .collect();
        if missing.is_empty() {
            return self.source.slice(self.span.clone());
        }
        let mut document = String::with_capacity(self.span.len() + 64 * missing.len());
        document.push_str(self.text_at(self.span.start..self.local.end));
        for (prefix, uri) in missing {
            push_declaration(prefix, uri, &mut document);
        }
        document.push_str(self.text_at(self.local.end..self.span.end));
        Bytes::from(document)
    }

    fn own_declarations(&self) -> Declarations {
        let tag = self.start_tag();
        tag.attributes()
            .with_checks(false)
            .flatten()
            .filter_map(|a| {
                let prefix = match a.key.as_namespace_binding()? {
                    PrefixDeclaration::Default => "",
                    PrefixDeclaration::Named(prefix) => prefix,
                };
                let uri = a.normalized_value(XmlVersion::Implicit1_0).ok()?;
                Some((prefix.to_owned(), uri.into_owned()))
            })
            .collect()
    }

    fn start_tag(&self) -> BytesStart<'_> {
        let tag = self.text_at(self.span.start + 1..self.content);
        let tag = tag.strip_suffix('>').unwrap_or(tag);
        let tag = tag.strip_suffix('/').unwrap_or(tag);
        BytesStart::from_content(tag, self.local.end - self.span.start - 1)
    }

    fn text_at(&self, range: Range<usize>) -> &str {
        // Cannot fail: the source is UTF-8, and the offsets come from its parser.
        self.source
            .get(range)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or("")
    }
}

/// The children of an element: see [`Fragment::children`].
pub struct Children<'a> {
    parent: &'a Fragment,
    reader: Reader<&'a [u8]>,
    outer: Arc<Declarations>,
}

impl Iterator for Children<'_> {
    type Item = Fragment;

    fn next(&mut self) -> Option<Fragment> {
        loop {
            let start = self.reader.buffer_position() as usize;
            // The document was checked: errors cannot happen, and would end the iteration.
            let (tag, empty) = match self.reader.read_event().ok()? {
                Event::Start(tag) => (tag, false),
                Event::Empty(tag) => (tag, true),
                Event::Eof => return None,
                _ => continue,
            };
            let content = self.reader.buffer_position() as usize;
            if !empty {
                self.reader.read_to_end(tag.name()).ok()?;
            }
            let base = self.parent.content;
            let mut child = Fragment {
                source: self.parent.source.clone(),
                span: base + start..base + self.reader.buffer_position() as usize,
                content: base + content,
                outer: self.outer.clone(),
                namespace: Arc::from(""),
                local: local_range(base + start + 1, &tag),
            };
            let prefix = child.prefix();
            let declarations = child.own_declarations();
            let uri = declarations
                .iter()
                .chain(self.outer.iter())
                .find(|(p, _)| p == prefix)
                .map_or("", |(_, uri)| uri);
            child.namespace = Arc::from(uri);
            return Some(child);
        }
    }
}

/// The place of a tag's local name, when its name begins at `name_start`.
fn local_range(name_start: usize, tag: &BytesStart<'_>) -> Range<usize> {
    let end = name_start + tag.name().0.len();
    end - tag.local_name().into_inner().len()..end
}

/// The character that a reference in character data stands for, if it is one of XML's own.
fn resolve_reference(reference: &BytesRef<'_>) -> Option<char> {
    if reference.is_char_ref() {
        return reference.resolve_char_ref().ok()?.filter(|c| {
            // XML 1.0 2.2 and 4.1: "Legal Character".
            !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
        });
    }
    match &**reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
