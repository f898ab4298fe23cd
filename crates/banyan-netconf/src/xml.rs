//! The small part of XML that NETCONF envelopes need: a checked document, and cheap views into it.
//!
//! [`Fragment::parse`] reads a whole message once and checks all of it: well-formed, namespaces
//! bound, no DOCTYPE, no entities but the five predefined ones, bounded depth. Everything later is
//! a slice of that checked text. No tree is built and nothing here recurses; payloads stay bytes.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use quick_xml::XmlVersion;
use quick_xml::escape::{escape as escape_markup, partial_escape};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, NamespaceResolver, PrefixDeclaration, QName, ResolveResult};
use quick_xml::reader::Reader;
use thiserror::Error;

/// More attributes on one element are refused: checking them for duplicates costs their square.
const MAX_ATTRIBUTES: usize = 256;
/// More namespace declarations in scope at once are refused, for the same reason.
const MAX_BINDINGS: usize = 1024;

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

/// What the checker found of the root element.
struct Root {
    span: Range<usize>,
    content: usize,
    namespace: Arc<str>,
    local: Range<usize>,
}

/// One pass over a document.
struct Checker<'a> {
    text: &'a str,
    start: usize,
    reader: Reader<&'a [u8]>,
    resolver: NamespaceResolver,
    depth: usize,
    depth_limit: usize,
    root_tag: Option<RootTag>,
}

impl<'a> Checker<'a> {
    fn new(text: &'a str, start: usize, depth_limit: usize, outer: &Declarations) -> Self {
        let mut resolver = NamespaceResolver::default();
        resolver.set_max_namespace_bindings(MAX_BINDINGS);
        for (_, uri) in outer {
            // A default namespace: the reserved prefixes, which could fail, are not concerned.
            let _ = resolver.add(PrefixDeclaration::Default, Namespace(uri));
        }
        Checker {
            text,
            start,
            reader: Reader::from_str(&text[start..]),
            resolver,
            depth: 0,
            // The resolver counts levels in 16 bits.
            depth_limit: depth_limit.min(usize::from(u16::MAX) - 1),
            root_tag: None,
        }
    }

    fn check(&mut self) -> Result<Root, XmlError> {
        if let Some(at) = self.text.bytes().position(|b| {
            // XML 1.0 2.2: no other control character is a character of a document.
            b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')
        }) {
            return Err(self.malformed(at, "a control character"));
        }
        let mut root: Option<Root> = None;
        loop {
            let at = self.position();
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(e) => {
                    let at = self.start + self.reader.error_position() as usize;
                    return Err(self.malformed(at, &e.to_string()));
                }
            };
            match event {
                Event::Start(tag) => {
                    let found = self.open(&tag, at, root.is_some())?;
                    root = root.or(found);
                    self.depth += 1;
                }
                Event::Empty(tag) => {
                    let found = self.open(&tag, at, root.is_some())?;
                    self.resolver.pop();
                    root = root.or(found);
                }
                Event::End(_) => {
                    // An end tag without a start tag is an error of the reader.
                    self.depth = self.depth.saturating_sub(1);
                    self.resolver.pop();
                    let end = self.position();
                    if let (0, Some(root)) = (self.depth, root.as_mut()) {
                        root.span.end = end;
                    }
                }
                Event::Text(text) => {
                    if self.depth == 0 && !text.trim_ascii().is_empty() {
                        return Err(self.malformed(at, "text outside of the root element"));
                    }
                }
                Event::CData(_) if self.depth == 0 => {
                    return Err(self.malformed(at, "text outside of the root element"));
                }
                Event::GeneralRef(reference) => {
                    if self.depth == 0 {
                        return Err(self.malformed(at, "text outside of the root element"));
                    }
                    if resolve_reference(&reference).is_none() {
                        let reason = format!(
                            "the entity \"&{};\" is none of the five of XML",
                            &*reference
                        );
                        return Err(self.malformed(at, &reason));
                    }
                }
                Event::DocType(_) => return Err(XmlError::Doctype),
                Event::Decl(_) if at != self.start => {
                    return Err(self.malformed(at, "an XML declaration must come first"));
                }
                Event::CData(_) | Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
                Event::Eof if self.depth > 0 => {
                    return Err(self.malformed(at, "the message ends before its elements do"));
                }
                Event::Eof => {
                    return root.ok_or_else(|| self.malformed(at, "there is no element"));
                }
            }
        }
    }

    /// Checks a start tag and enters its namespace scope.
    fn open(
        &mut self,
        tag: &BytesStart<'_>,
        at: usize,
        has_root: bool,
    ) -> Result<Option<Root>, XmlError> {
        let is_root = self.depth == 0;
        if is_root && has_root {
            return Err(self.malformed(at, "a second root element"));
        }
        if self.depth >= self.depth_limit {
            return Err(XmlError::TooDeep {
                limit: self.depth_limit,
            });
        }
        if !is_name(tag.name()) {
            return Err(self.malformed(at, "the name of an element is missing or wrong"));
        }
        if let Err(e) = self.resolver.push(tag) {
            return Err(self.malformed(at, &e.to_string()));
        }
        for (count, attribute) in tag.attributes().enumerate() {
            if count >= MAX_ATTRIBUTES {
                return Err(self.malformed(at, "an element has more than 256 attributes"));
            }
            let attribute = attribute.map_err(|e| self.malformed(at, &e.to_string()))?;
            if attribute.value.contains('<') || !is_name(attribute.key) {
                return Err(self.malformed(at, "an attribute is not well-formed"));
            }
            if let Err(e) = attribute.normalized_value(XmlVersion::Implicit1_0) {
                return Err(self.malformed(at, &e.to_string()));
            }
            if let (ResolveResult::Unknown(prefix), _) =
                self.resolver.resolve_attribute(attribute.key)
            {
                return Err(self.undeclared(at, &prefix));
            }
        }
        let namespace = match self.resolver.resolve_element(tag.name()).0 {
            ResolveResult::Bound(Namespace(uri)) if is_root => uri.to_owned(),
            ResolveResult::Bound(_) | ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(prefix) => return Err(self.undeclared(at, &prefix)),
        };
        if !is_root {
            return Ok(None);
        }
        self.root_tag = Some(RootTag {
            name: tag.name().0.to_owned(),
            attributes: tag.attributes_raw().trim_end().to_owned(),
        });
        let content = self.position();
        Ok(Some(Root {
            span: at..content,
            content,
            namespace: Arc::from(namespace),
            local: local_range(at + 1, tag),
        }))
    }

    fn position(&self) -> usize {
        self.start + self.reader.buffer_position() as usize
    }

    fn undeclared(&self, at: usize, prefix: &str) -> XmlError {
        self.malformed(at, &format!("the prefix \"{prefix}\" is not declared"))
    }

    fn malformed(&self, at: usize, reason: &str) -> XmlError {
        let mut end = at.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &self.text[..end];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        XmlError::Malformed {
            reason: reason.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// The place of a tag's local name, when its name begins at `name_start`.
fn local_range(name_start: usize, tag: &BytesStart<'_>) -> Range<usize> {
    let end = name_start + tag.name().0.len();
    end - tag.local_name().into_inner().len()..end
}

/// A rough check of `Name` (Namespaces in XML 4): at most one colon, and no first character that a
/// name cannot begin with.
fn is_name(name: QName<'_>) -> bool {
    let (local, prefix) = name.decompose();
    let part = |name: &str| {
        name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && !name
                .contains(|c: char| c == ':' || (c.is_ascii_punctuation() && !"-_.".contains(c)))
    };
    part(local.into_inner()) && prefix.is_none_or(|p| part(p.into_inner()))
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

/// Appends ` xmlns:prefix="uri"`, or ` xmlns="uri"` for the empty prefix.
pub fn push_declaration(prefix: &str, uri: &str, out: &mut String) {
    out.push_str(" xmlns");
    if !prefix.is_empty() {
        out.push(':');
        out.push_str(prefix);
    }
    out.push_str("=\"");
    out.push_str(&escape_attribute(uri));
    out.push('"');
}

/// Text as character data: `<`, `>`, `&` and carriage return are written as references, so that
/// the framing delimiter cannot arise.
pub fn escape_text(text: &str) -> String {
    partial_escape(text).into_owned()
}

/// Text as the value of an attribute in double quotes.
pub fn escape_attribute(text: &str) -> String {
    escape_markup(text)
        .replace('\n', "&#10;")
        .replace('\t', "&#9;")
}

/// Appends `<name>text</name>`.
pub fn push_element(name: &str, text: &str, out: &mut String) {
    out.push('<');
    out.push_str(name);
    out.push('>');
    out.push_str(&escape_text(text));
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

#[cfg(test)]
mod tests {
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
}
