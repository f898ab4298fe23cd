//! Data as names and texts, without a schema: what a migration to other modules works on.
//!
//! A document that no longer fits its schema is read here, changed, and printed as XML, which the typed readers take.
//! Values keep the meaning of their prefixes. Costs memory for each node: data that fit are read straight into trees
//! elsewhere.

mod json;
mod print;
mod xml;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use banyan_yang::schema::Schema;

use crate::document::Limits;
use crate::error::{DataError, Position};
use crate::input::{Broken, decode};

pub use print::Printed;

/// RFC 6241.
const NETCONF: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";

/// Modules by name and by namespace, of one module set or of several.
#[derive(Clone, Default, Debug)]
pub struct KnownModules {
    by_namespace: HashMap<Arc<str>, Arc<str>>,
    by_name: HashMap<Arc<str>, Arc<str>>,
}

impl KnownModules {
    /// Adds a module. A namespace keeps the name that it was added with first, a name has the namespace that it was
    /// added with last: with the old set added before the new one, old names are read and new namespaces are printed.
    pub fn add(&mut self, name: &Arc<str>, namespace: &Arc<str>) {
        self.by_namespace
            .entry(namespace.clone())
            .or_insert_with(|| name.clone());
        self.by_name.insert(name.clone(), namespace.clone());
    }

    /// Adds the modules of a schema.
    pub fn add_schema(&mut self, schema: &Schema) {
        for (_, module) in schema.modules() {
            self.add(&module.name, &module.namespace);
        }
    }

    /// Whether there is a module of that name.
    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The module of a namespace; the namespace itself if none is known.
    pub fn module(&self, namespace: &str) -> Arc<str> {
        match self.by_namespace.get(namespace) {
            Some(name) => name.clone(),
            None => namespace.into(),
        }
    }

    /// The namespace of a module; what is no known module is a namespace already.
    pub fn namespace<'a>(&'a self, module: &'a str) -> &'a str {
        self.by_name.get(module).map_or(module, |it| it)
    }
}

/// An attribute: an annotation of RFC 7952, as far as anybody knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// The module, as in [`Element::module`].
    pub module: Arc<str>,
    /// The name without prefix.
    pub name: Arc<str>,
    /// The value.
    pub value: String,
}

/// An XML element, or a member of a JSON object (one for each entry of an array).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Element {
    /// The module's name; the namespace, where no known module has it; empty for none.
    pub module: Arc<str>,
    /// The name without prefix. Empty: a piece of text between elements, as anyxml may have it.
    pub name: Arc<str>,
    /// The text of an element without children.
    pub text: String,
    /// Prefixes in the text, and the modules that they mean, as in [`Element::module`].
    pub prefixes: Vec<(Arc<str>, Arc<str>)>,
    /// In the order of the document.
    pub attributes: Vec<Attribute>,
    /// In the order of the document.
    pub children: Vec<Element>,
    /// Where it begins; `None` when a migration made it.
    pub position: Option<Position>,
    /// The part of a split datastore that it stands in; `None`: the document itself.
    pub source: Option<Arc<str>>,
}

impl Element {
    /// An element without content.
    pub fn new(module: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Element {
        Element {
            module: module.into(),
            name: name.into(),
            ..Element::default()
        }
    }

    /// The same with this text.
    pub fn with_text(mut self, text: impl Into<String>) -> Element {
        self.text = text.into();
        self
    }

    /// Whether it is called that.
    pub fn is(&self, module: &str, name: &str) -> bool {
        *self.name == *name && *self.module == *module
    }

    /// The first child of that name.
    pub fn child(&self, module: &str, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.is(module, name))
    }
}

/// A document of configuration.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The top-level data nodes, under an element without a name. Wrappers (`config`, `data`) are taken off.
    pub root: Element,
    /// What the names of modules mean.
    pub modules: KnownModules,
    /// Whether there was nothing, not even a wrapper: what a program prints that prints no document.
    pub is_blank: bool,
}

impl Document {
    /// Reads a document; JSON if it begins with a brace, else XML.
    ///
    /// # Errors
    /// It is not well-formed, or passes a limit.
    pub fn read(
        bytes: &[u8],
        modules: KnownModules,
        limits: &Limits,
    ) -> Result<Document, Box<DataError>> {
        let read = |bytes| -> Result<(Element, bool), Broken> {
            let text = decode(bytes, limits)?;
            let is_json = text.trim_start().starts_with('{');
            let root = match is_json {
                true => json::read(text, &modules, limits)?,
                false => xml::read(text, &modules, *limits)?,
            };
            Ok((root, is_json))
        };
        let read = read(bytes).map_err(|broken| Box::new(broken.into_error(bytes)));
        let (root, is_json) = read?;
        Ok(Document::unwrapped(root, modules, is_json))
    }

    /// Reads the main file of a split datastore, in XML, with the parts that it links to in the places of the links.
    ///
    /// # Errors
    /// As [`Document::read`], with the name of the part that is wrong; and when a part is missing.
    pub fn read_split(
        bytes: &[u8],
        parts: &BTreeMap<String, Vec<u8>>,
        modules: KnownModules,
        limits: &Limits,
    ) -> Result<Document, (Option<Arc<str>>, Box<DataError>)> {
        let failed = |part: Option<Arc<str>>, broken: Broken| {
            let text = part.as_deref().and_then(|part| parts.get(part));
            let error = broken.into_error(text.map_or(bytes, |text| text));
            (part, Box::new(error))
        };
        let text = decode(bytes, limits).map_err(|broken| failed(None, broken))?;
        let mut texts = xml::Parts::new();
        for (name, part) in parts {
            let text = decode(part, limits);
            let text = text.map_err(|broken| failed(Some(name.as_str().into()), broken))?;
            texts.insert(name, text);
        }
        let root = xml::read_split(text, texts, &modules, *limits);
        let root = root.map_err(|(part, broken)| failed(part, broken))?;
        Ok(Document::unwrapped(root, modules, false))
    }

    fn unwrapped(mut root: Element, modules: KnownModules, is_json: bool) -> Document {
        // An object is something, an empty one too.
        let is_blank = root.children.is_empty() && !is_json;
        let mut top = Vec::with_capacity(root.children.len());
        for child in std::mem::take(&mut root.children) {
            match is_wrapper(&child, &modules) {
                true => top.extend(child.children),
                false => top.push(child),
            }
        }
        root.children = top;
        Document {
            root,
            modules,
            is_blank,
        }
    }

    /// Takes top-level elements out for which `wanted` holds.
    pub fn take(&mut self, wanted: impl Fn(&Element) -> bool) -> Vec<Element> {
        let (taken, rest) = std::mem::take(&mut self.root.children)
            .into_iter()
            .partition(wanted);
        self.root.children = rest;
        taken
    }

    /// The element that these places of children lead to.
    pub fn at(&self, places: &[usize]) -> Option<&Element> {
        let mut element = &self.root;
        for place in places {
            element = element.children.get(*place)?;
        }
        Some(element)
    }

    /// As [`Document::at`], to change it.
    pub fn at_mut(&mut self, places: &[usize]) -> Option<&mut Element> {
        let mut element = &mut self.root;
        for place in places {
            element = element.children.get_mut(*place)?;
        }
        Some(element)
    }
}

/// `config` and `data`, of no module or of NETCONF's.
fn is_wrapper(element: &Element, modules: &KnownModules) -> bool {
    matches!(&*element.name, "config" | "data")
        && (element.module.is_empty() || modules.namespace(&element.module) == NETCONF)
        && element.text.trim().is_empty()
}

/// Where texts have `prefix:name`: the prefixes, each once.
fn prefixes_in(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let name = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    for (colon, _) in text.match_indices(':') {
        let before = &text[..colon];
        let start = before
            .char_indices()
            .rev()
            .take_while(|(_, c)| name(*c))
            .last()
            .map_or(colon, |(at, _)| at);
        let prefix = &before[start..];
        if !prefix.is_empty() && !found.contains(&prefix) {
            found.push(prefix);
        }
    }
    found
}

#[cfg(test)]
mod tests;
