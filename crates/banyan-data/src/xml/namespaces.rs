//! Namespace declarations in scope while a document is read, and the modules that they stand for.

use std::borrow::Cow;
use std::cell::Cell;

use banyan_yang::schema::{ModuleId, Schema};

use crate::lexical::Prefixes;

/// The namespace of the prefix `xml`, declared by XML itself.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// The declarations in scope, innermost last.
#[derive(Default)]
pub(crate) struct Namespaces<'a> {
    bindings: Vec<Binding<'a>>,
}

struct Binding<'a> {
    /// Empty for the default namespace.
    prefix: &'a str,
    uri: Cow<'a, str>,
    /// How deep the element is that declares it.
    depth: u32,
    /// The module of the namespace in the schema (by address) that asked last: nearly always the same one.
    module: Cell<Option<(usize, Option<ModuleId>)>>,
}

impl<'a> Namespaces<'a> {
    pub(super) fn declare(&mut self, prefix: &'a str, uri: Cow<'a, str>, depth: u32) {
        self.bindings.push(Binding {
            prefix,
            uri,
            depth,
            module: Cell::new(None),
        });
    }

    /// Forgets what elements deeper than `depth` have declared.
    pub(super) fn leave(&mut self, depth: u32) {
        while self
            .bindings
            .last()
            .is_some_and(|binding| binding.depth > depth)
        {
            self.bindings.pop();
        }
    }

    /// Takes over all that is in scope in the document around this part.
    pub(crate) fn inherit(&mut self, around: &Namespaces<'a>) {
        for binding in &around.bindings {
            self.declare(binding.prefix, binding.uri.clone(), 0);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bindings.len()
    }

    fn binding(&self, prefix: &str) -> Option<&Binding<'a>> {
        self.bindings
            .iter()
            .rev()
            .find(|binding| binding.prefix == prefix)
            // xmlns="" takes the default namespace away.
            .filter(|binding| !binding.uri.is_empty())
    }

    /// The namespace of a prefix; of the default namespace for `None`.
    pub(crate) fn uri(&self, prefix: Option<&str>) -> Option<&str> {
        match (self.binding(prefix.unwrap_or("")), prefix) {
            (Some(binding), _) => Some(&binding.uri),
            (None, Some("xml")) => Some(XML),
            (None, _) => None,
        }
    }

    /// The module of a prefix's namespace in `schema`.
    pub(crate) fn module(&self, schema: &Schema, prefix: Option<&str>) -> Option<ModuleId> {
        let binding = self.binding(prefix.unwrap_or(""))?;
        let address = std::ptr::from_ref(schema).addr();
        match binding.module.get() {
            Some((known, module)) if known == address => module,
            _ => {
                let module = schema.module_by_namespace(&binding.uri);
                binding.module.set(Some((address, module)));
                module
            }
        }
    }

    /// The prefixes that the element at `depth`, the innermost one, declares.
    pub(super) fn declared_at(&self, depth: u32) -> impl Iterator<Item = &'a str> {
        self.bindings
            .iter()
            .rev()
            .take_while(move |binding| binding.depth >= depth)
            .map(|binding| binding.prefix)
    }

    /// All that is in scope: each prefix once, with its innermost namespace.
    pub(crate) fn in_scope(&self) -> impl Iterator<Item = (&str, &str)> {
        self.bindings
            .iter()
            .enumerate()
            .filter(|(index, binding)| {
                self.bindings[index + 1..]
                    .iter()
                    .all(|inner| inner.prefix != binding.prefix)
            })
            .map(|(_, binding)| (binding.prefix, &*binding.uri))
    }
}

/// Prefixes in values: the declarations in scope, and in lenient documents module names too.
pub(crate) struct ValuePrefixes<'s, 'a> {
    pub(crate) namespaces: &'s Namespaces<'a>,
    pub(crate) lenient: bool,
    /// The module of the leaf or annotation: what an unprefixed name means where there is no default namespace.
    pub(crate) own: Option<ModuleId>,
}

impl Prefixes for ValuePrefixes<'_, '_> {
    fn module(&self, schema: &Schema, prefix: Option<&str>) -> Option<ModuleId> {
        let declared = self.namespaces.module(schema, prefix);
        if declared.is_some() || !self.lenient {
            return declared;
        }
        match prefix {
            Some(name) => schema.module_by_name(name),
            None => self.own,
        }
    }

    fn own(&self) -> Option<ModuleId> {
        self.own
    }

    fn unprefixed_steps(&self) -> bool {
        self.lenient
    }
}
