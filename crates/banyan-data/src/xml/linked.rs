//! What a datastore's file holds beside data: links to parts, and the modules that it was written with.
//!
//! A part is read in the place of the link: the reader's scanner changes to the part's text, with the namespaces that
//! are in scope at the link, and back.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

use super::data::DataReader;
use super::scanner::{Attribute, Open, Scanner, Token};
use super::verbatim;
use crate::document::{Limits, ParseOptions};
use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::input::Broken;
use crate::modules::LIBRARY;
use crate::reading::Stop;
use crate::store::{CLIXON_LIB, LINK};

/// See the module.
#[derive(Default)]
pub(super) struct Store<'a> {
    /// The parts that have not been read, by their names.
    parts: BTreeMap<&'a str, &'a str>,
    /// The name of the part that is being read, and how many errors there were before it.
    inside: Option<(String, usize)>,
    /// It has the wrapper that older descriptions of the format show, and that is open.
    wrapped: bool,
    /// The element that names the modules.
    modules: Option<String>,
}

/// The document around a part that is being read.
pub(super) struct Around<'a> {
    scanner: Scanner<'a>,
    input: &'a str,
}

impl<'o, 'a> DataReader<'o, 'a> {
    /// Reads a datastore's file, with these parts.
    pub(super) fn of_store(mut self, parts: BTreeMap<&'a str, &'a str>) -> Self {
        self.store = Some(Store {
            parts,
            ..Store::default()
        });
        self
    }

    /// After the document: the element that named the modules, if it was there. A part that was not read is an error.
    pub(super) fn end_of_store(&mut self) -> Option<String> {
        let store = self.store.take()?;
        for name in store.parts.keys() {
            let message = format!(
                "{name} is linked to where no part can be: at what is no container and no entry"
            );
            // Said at the end because the place was passed as any other.
            let error = DataError::new(ErrorKind::Malformed, ErrorPath::default(), message);
            self.reading.errors.push(error);
        }
        store.modules
    }

    /// Whether an attribute is a link; in other documents than a datastore's file it is as unknown as others.
    pub(super) fn is_link(&self, attribute: &Attribute<'a>) -> bool {
        self.store.is_some()
            && attribute.local == LINK
            && attribute.prefix.is_some()
            && self.scanner.namespaces.uri(attribute.prefix) == Some(CLIXON_LIB)
    }

    /// Keeps the modules, which are no data here, when the element that was opened last names them.
    pub(super) fn keeps_module_state(&mut self, open: &Open<'a>) -> Result<bool, Stop> {
        let names = matches!(open.local, "yang-library" | "modules-state");
        let here = self
            .store
            .as_ref()
            .is_some_and(|store| store.inside.is_none());
        if !here || !names || self.reading.place.depth() > 1 {
            return Ok(false);
        }
        if self.scanner.namespaces.uri(open.prefix) != Some(LIBRARY) {
            return Ok(false);
        }
        let name = open.local;
        let inside = self.verbatim()?;
        if let Some(store) = &mut self.store {
            store.modules = Some(format!("<{name} xmlns=\"{LIBRARY}\">{inside}</{name}>"));
        }
        Ok(true)
    }

    /// Keeps the annotations of the innermost open node, and goes into its part if it links to one.
    pub(super) fn linked(
        &mut self,
        schema: &Arc<Schema>,
        offset: usize,
    ) -> Result<Option<Around<'a>>, Stop> {
        self.own_annotations(schema, offset)?;
        self.enter_part(offset)
    }

    fn enter_part(&mut self, offset: usize) -> Result<Option<Around<'a>>, Stop> {
        let attributes = self.scanner.attributes.iter();
        let mut links = attributes.filter(|attribute| self.is_link(attribute));
        let Some(name) = links.next().map(|link| link.value.clone().into_owned()) else {
            return Ok(None);
        };
        let Some(store) = &mut self.store else {
            return Ok(None);
        };
        let text = store.parts.remove(name.as_str());
        let wrong = match text {
            _ if store.inside.is_some() => Some(format!(
                "a part links to {name}: parts may not link to other parts"
            )),
            None => Some(format!("the part {name} is missing")),
            Some(_) => None,
        };
        if let Some(message) = wrong {
            self.reading
                .fail(ErrorKind::Malformed, None, message, offset)?;
            return Ok(None);
        }
        self.nothing_beside_the_link(&name, offset)?;
        let text = text.unwrap_or_default();
        let mut scanner = Scanner::new(text, self.reading.options.limits);
        scanner.namespaces.inherit(&self.scanner.namespaces);
        if let Some(store) = &mut self.store {
            store.inside = Some((name, self.reading.errors.len()));
        }
        Ok(Some(Around {
            scanner: std::mem::replace(&mut self.scanner, scanner),
            input: std::mem::replace(&mut self.reading.input, text),
        }))
    }

    /// The rest of an element that links to a part.
    fn nothing_beside_the_link(&mut self, name: &str, offset: usize) -> Result<(), Stop> {
        loop {
            match self.token()? {
                Token::Close | Token::End => return Ok(()),
                Token::Text(text) if text.trim().is_empty() => continue,
                Token::Text(_) => {}
                Token::Open(_) => self.skip()?,
            }
            let message =
                format!("an element has content and links to {name} too; one of them must go");
            self.reading
                .fail(ErrorKind::Malformed, None, message, offset)?;
        }
    }

    /// Goes on behind the link.
    pub(super) fn come_back(&mut self, around: Option<Around<'a>>) {
        let Some(around) = around else { return };
        self.scanner = around.scanner;
        self.reading.input = around.input;
        self.name_part_in_errors();
    }

    /// Errors of the part that is being read, which ends here, say its name.
    pub(super) fn name_part_in_errors(&mut self) {
        let inside = self.store.as_mut().and_then(|store| store.inside.take());
        let Some((name, before)) = inside else { return };
        for error in self.reading.errors.iter_mut().skip(before) {
            error.message = format!("{name}: {}", error.message);
        }
    }

    /// The part that a mount point links to, as it is: nobody knows its schema.
    pub(super) fn verbatim_part(&mut self, offset: usize) -> Result<Option<String>, Stop> {
        for index in 0..self.scanner.attributes.len() {
            let attribute = self.scanner.attributes[index].clone();
            if !self.is_link(&attribute) {
                self.unknown_attribute(&attribute, None, offset)?;
            }
        }
        let Some(around) = self.enter_part(offset)? else {
            return Ok(None);
        };
        let text = self.reading.input;
        let (inside, copied) = match without_wrapper(text, self.reading.options.limits) {
            Some(inside) => (inside, Ok(())),
            // Read to its end, so that only what is well-formed is kept.
            None => (text.trim().to_owned(), self.read_to_end()),
        };
        self.come_back(Some(around));
        copied?;
        Ok(Some(inside))
    }

    fn read_to_end(&mut self) -> Result<(), Stop> {
        loop {
            if let Token::End = self.token()? {
                return Ok(());
            }
        }
    }

    /// Whether the element that was opened last is the `<config>` around a part that older descriptions of the format
    /// show.
    pub(super) fn wraps_part(&mut self, schema: &Schema, open: &Open<'a>) -> bool {
        let inside = self
            .store
            .as_ref()
            .is_some_and(|store| store.inside.is_some());
        if !inside || open.local != "config" || self.scanner.depth() != 1 {
            return false;
        }
        let parent: SchemaId = self.reading.place.id();
        let wraps = self.find(schema, parent, open).is_none();
        if let Some(store) = &mut self.store {
            store.wrapped = wraps;
        }
        wraps
    }

    /// Whether the element that was closed last is that wrapper.
    pub(super) fn closes_wrapper(&mut self) -> bool {
        match &mut self.store {
            Some(store) if store.wrapped && self.scanner.depth() == 0 => {
                store.wrapped = false;
                true
            }
            _ => false,
        }
    }
}

/// The element of a datastore's file that names modules, as a document.
pub(crate) fn modules_of_store(
    text: &str,
    options: &ParseOptions<'_>,
) -> Result<Option<String>, Broken> {
    let mut scanner = Scanner::new(text, options.limits);
    loop {
        match scanner.next()? {
            Token::End => return Ok(None),
            Token::Open(open) if scanner.depth() == 2 => {
                let library = scanner.namespaces.uri(open.prefix) == Some(LIBRARY);
                if library && matches!(open.local, "yang-library" | "modules-state") {
                    let inside = verbatim::capture(&mut scanner)?;
                    let name = open.local;
                    return Ok(Some(format!(
                        "<{name} xmlns=\"{LIBRARY}\">{inside}</{name}>"
                    )));
                }
                scanner.skip()?;
            }
            _ => {}
        }
    }
}

/// The inside of the wrapper that a part consists of, if it does.
fn without_wrapper(text: &str, limits: Limits) -> Option<String> {
    let mut scanner = Scanner::new(text, limits);
    loop {
        match scanner.next().ok()? {
            Token::Text(text) if text.trim().is_empty() => {}
            Token::Open(open) if open.local == "config" && open.prefix.is_none() => break,
            _ => return None,
        }
    }
    if scanner.namespaces.uri(None).is_some() {
        return None;
    }
    let inside = verbatim::capture(&mut scanner).ok()?;
    match scanner.next().ok()? {
        Token::End => Some(inside),
        Token::Text(text) if text.trim().is_empty() => Some(inside),
        _ => None,
    }
}
