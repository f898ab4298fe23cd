//! One pass over a document that checks all of it: well-formed, namespaces bound, within limits. It
//! keeps nothing but where the root element is.

use std::ops::Range;
use std::sync::Arc;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, NamespaceResolver, PrefixDeclaration, QName, ResolveResult};
use quick_xml::reader::Reader;

use super::{Declarations, RootTag, XmlError, local_range, resolve_reference};

/// More attributes on one element are refused: checking them for duplicates costs their square.
const MAX_ATTRIBUTES: usize = 256;
/// More namespace declarations in scope at once are refused, for the same reason.
const MAX_BINDINGS: usize = 1024;

/// What the checker found of the root element.
pub(super) struct Root {
    pub span: Range<usize>,
    pub content: usize,
    pub namespace: Arc<str>,
    pub local: Range<usize>,
}

/// One pass over a document.
pub(super) struct Checker<'a> {
    text: &'a str,
    start: usize,
    reader: Reader<&'a [u8]>,
    resolver: NamespaceResolver,
    depth: usize,
    depth_limit: usize,
    pub root_tag: Option<RootTag>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        text: &'a str,
        start: usize,
        depth_limit: usize,
        outer: &Declarations,
    ) -> Self {
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

    pub(super) fn check(&mut self) -> Result<Root, XmlError> {
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
