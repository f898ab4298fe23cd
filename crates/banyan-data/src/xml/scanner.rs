//! The XML grammar above quick-xml: balanced elements, attributes and namespaces, limits, positions.
//!
//! Hands out elements and text that borrow from the document. Knows no schema. Refuses DOCTYPE and every
//! entity but the five of XML itself, so nothing is ever expanded.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use quick_xml::events::attributes::Attributes;
use quick_xml::{XmlVersion, errors};

use super::namespaces::Namespaces;
use crate::document::Limits;
use crate::error::ErrorKind;
use crate::input::Broken;

/// What comes next in a document.
pub(crate) enum Token<'a> {
    /// A start tag; an empty element is one with a [`Token::Close`] behind it. Its attributes and
    /// namespaces are those of the scanner until the next token.
    Open(Open<'a>),
    /// An end tag, its element still in scope.
    Close,
    /// A piece of text; one text may come in several.
    Text(Cow<'a, str>),
    /// The end of the document.
    End,
}

/// A start tag.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open<'a> {
    /// The prefix of its name.
    pub(crate) prefix: Option<&'a str>,
    /// The name without prefix.
    pub(crate) local: &'a str,
    /// Where it stands: the offset of the `<`.
    pub(crate) offset: usize,
}

/// An attribute that is no namespace declaration.
#[derive(Clone, Debug)]
pub(crate) struct Attribute<'a> {
    pub(crate) prefix: Option<&'a str>,
    pub(crate) local: &'a str,
    pub(crate) value: Cow<'a, str>,
}

/// The scanner.
pub(crate) struct Scanner<'a> {
    input: &'a str,
    reader: Reader<&'a [u8]>,
    limits: Limits,
    /// Declarations in scope of the last token's element.
    pub(crate) namespaces: Namespaces<'a>,
    /// Attributes of the last opened element.
    pub(crate) attributes: Vec<Attribute<'a>>,
    /// Elements that are open.
    depth: u32,
    /// The last tag was that of an empty element, whose end is still to be told.
    empty: bool,
    /// Where the last token began.
    offset: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(input: &'a str, limits: Limits) -> Self {
        Scanner {
            input,
            reader: Reader::from_str(input),
            limits,
            namespaces: Namespaces::default(),
            attributes: Vec::new(),
            depth: 0,
            empty: false,
            offset: 0,
        }
    }

    /// The document.
    pub(crate) fn input(&self) -> &'a str {
        self.input
    }

    /// Where the last token began.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// Where the next token begins.
    pub(crate) fn next_offset(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    /// Whether the last opened element has neither text nor children because its tag says so (`<a/>`).
    pub(crate) fn at_empty(&self) -> bool {
        self.empty
    }

    fn broken(&self, offset: usize, message: impl Into<String>) -> Broken {
        Broken {
            kind: ErrorKind::Malformed,
            offset,
            message: message.into(),
            help: None,
        }
    }

    fn too_big(&self, offset: usize, message: String) -> Broken {
        Broken {
            kind: ErrorKind::TooBig,
            offset,
            message,
            help: None,
        }
    }

    /// The next token; comments and processing instructions are skipped.
    pub(crate) fn next(&mut self) -> Result<Token<'a>, Broken> {
        if self.empty {
            self.empty = false;
            self.close();
            return Ok(Token::Close);
        }
        loop {
            self.offset = self.next_offset();
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => return Err(self.not_well_formed(&error)),
            };
            match event {
                Event::Start(tag) => return self.open(tag.name().as_ref().len(), tag.len()),
                Event::Empty(tag) => {
                    let token = self.open(tag.name().as_ref().len(), tag.len());
                    self.empty = true;
                    return token;
                }
                Event::End(_) => {
                    self.close();
                    return Ok(Token::Close);
                }
                Event::Text(text) => return Ok(Token::Text(newlines(text.into_inner()))),
                Event::CData(text) => return Ok(Token::Text(newlines(text.into_inner()))),
                Event::GeneralRef(reference) => {
                    let character = match reference.resolve_char_ref() {
                        Ok(Some(character)) => {
                            return Ok(Token::Text(String::from(character).into()));
                        }
                        Ok(None) => resolve_predefined_entity(&reference),
                        Err(_) => None,
                    };
                    return match character {
                        Some(text) => Ok(Token::Text(text.into())),
                        None => Err(self.broken(
                            self.offset,
                            format!("the entity &{}; is not defined", &*reference),
                        )),
                    };
                }
                Event::DocType(_) => {
                    return Err(Broken {
                        help: Some("remove the <!DOCTYPE ...>".to_owned()),
                        ..self.broken(self.offset, "a document type declaration is not allowed")
                    });
                }
                Event::Eof if self.depth > 0 => {
                    return Err(self.broken(
                        self.offset,
                        format!("the document ends inside of {} open elements", self.depth),
                    ));
                }
                Event::Eof => return Ok(Token::End),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            }
        }
    }

    fn not_well_formed(&self, error: &quick_xml::Error) -> Broken {
        let offset = usize::try_from(self.reader.error_position()).unwrap_or(self.offset);
        let message = match error {
            quick_xml::Error::IllFormed(errors::IllFormedError::MismatchedEndTag {
                expected,
                found,
            }) => format!("the element <{expected}> is closed by </{found}>"),
            quick_xml::Error::IllFormed(errors::IllFormedError::UnmatchedEndTag(name)) => {
                format!("</{name}> closes no open element")
            }
            other => format!("not well-formed XML: {other}"),
        };
        self.broken(offset, message)
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        // Declarations of the closed element stay until the next element opens: who sees the Close may
        // still need them for the text before it.
    }

    fn open(&mut self, name_length: usize, tag_length: usize) -> Result<Token<'a>, Broken> {
        let start = self.offset + 1;
        self.namespaces.leave(self.depth);
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(self.too_big(
                self.offset,
                format!("elements are nested deeper than {}", self.limits.depth),
            ));
        }
        // A tag borrows from the document, right behind its <.
        let tag = self
            .input
            .get(start..start + tag_length)
            .unwrap_or_default();
        self.attributes.clear();
        if tag.len() > name_length {
            self.read_attributes(tag, name_length)?;
        }
        let name = tag.get(..name_length).unwrap_or_default();
        let (prefix, local) = split_name(name);
        if local.is_empty() || prefix == Some("") || local.contains(':') {
            return Err(self.broken(self.offset, format!("<{name}> is not a name")));
        }
        if let Some(prefix) = prefix
            && self.namespaces.uri(Some(prefix)).is_none()
        {
            return Err(Broken {
                help: Some(format!("declare xmlns:{prefix}=\"...\"")),
                ..self.broken(
                    self.offset,
                    format!("the prefix {prefix} of <{name}> is not declared"),
                )
            });
        }
        Ok(Token::Open(Open {
            prefix,
            local,
            offset: self.offset,
        }))
    }

    fn read_attributes(&mut self, tag: &'a str, name_length: usize) -> Result<(), Broken> {
        let mut attributes = Attributes::new(tag, name_length);
        // Duplicates are found below, among names that a limit keeps few.
        attributes.with_checks(false);
        let mut count = 0;
        for attribute in attributes {
            let attribute = attribute.map_err(|error| {
                self.broken(self.offset, format!("not well-formed XML: {error}"))
            })?;
            count += 1;
            if count > self.limits.attributes {
                return Err(self.too_big(
                    self.offset,
                    format!(
                        "an element has more than {} attributes",
                        self.limits.attributes
                    ),
                ));
            }
            let value = attribute
                .normalized_value_with(XmlVersion::Implicit1_0, 1, resolve_predefined_entity)
                .map_err(|error| {
                    self.broken(self.offset, format!("not well-formed XML: {error}"))
                })?;
            // The name borrows from the tag, at the distance of the pointers.
            let name = borrowed(tag, attribute.key.as_ref());
            match split_name(name) {
                (None, "xmlns") => self.declare("", value)?,
                (Some("xmlns"), prefix) => self.declare(prefix, value)?,
                (prefix, local) => {
                    let twice =
                        |other: &Attribute<'_>| other.prefix == prefix && other.local == local;
                    if self.attributes.iter().any(twice) {
                        return Err(self
                            .broken(self.offset, format!("the attribute {name} is given twice")));
                    }
                    self.attributes.push(Attribute {
                        prefix,
                        local,
                        value,
                    });
                }
            }
        }
        for attribute in &self.attributes {
            if let Some(prefix) = attribute.prefix
                && self.namespaces.uri(Some(prefix)).is_none()
            {
                return Err(self.broken(
                    self.offset,
                    format!(
                        "the prefix {prefix} of the attribute {prefix}:{} is not declared",
                        attribute.local
                    ),
                ));
            }
        }
        Ok(())
    }

    fn declare(&mut self, prefix: &'a str, uri: Cow<'a, str>) -> Result<(), Broken> {
        if self.namespaces.len() >= self.limits.namespaces as usize {
            return Err(self.too_big(
                self.offset,
                format!(
                    "more than {} namespaces are declared",
                    self.limits.namespaces
                ),
            ));
        }
        self.namespaces.declare(prefix, uri, self.depth);
        Ok(())
    }

    /// Passes over the rest of the element that was opened last, to its end tag.
    pub(crate) fn skip(&mut self) -> Result<(), Broken> {
        let outside = self.depth.saturating_sub(1);
        loop {
            match self.next()? {
                Token::Close if self.depth == outside => return Ok(()),
                Token::End => return Ok(()),
                _ => {}
            }
        }
    }

    /// Elements that are open.
    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }
}

/// `part` with the lifetime of `whole`, of which it is a part.
fn borrowed<'a>(whole: &'a str, part: &str) -> &'a str {
    let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
    whole
        .get(start..start.wrapping_add(part.len()))
        .unwrap_or_default()
}

fn split_name(name: &str) -> (Option<&str>, &str) {
    match name.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, name),
    }
}

/// XML 1.0 2.11: a carriage return with or without line feed is a line feed.
fn newlines(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n").into()
    } else {
        text
    }
}

/// Whether a text is nothing but blanks (XML 1.0 2.3).
pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| b" \t\r\n".contains(&byte))
}
