//! JSON (RFC 7951) as elements: members inherit the module of their object, entries of arrays are elements of one name.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::xml::Names;
use super::{Attribute, Element, KnownModules, prefixes_in};
use crate::document::Limits;
use crate::input::Broken;
use crate::json::RawText;

/// The members of an object in the order of the document.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<Key<'de>>()? {
                    members.push((name.0, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The whole document under an element without a name.
pub(super) fn read(text: &str, modules: &KnownModules, limits: &Limits) -> Result<Element, Broken> {
    let mut reader = Reader {
        json: RawText::new(text, limits.depth),
        modules,
        names: Names::default(),
    };
    let raw = reader.json.whole()?;
    let mut root = Element::default();
    reader.value(raw, &mut root, 0)?;
    Ok(root)
}

struct Reader<'a> {
    json: RawText<'a>,
    modules: &'a KnownModules,
    names: Names,
}

impl<'a> Reader<'a> {
    /// Adds what a value holds to the element of its name. Recursion is bounded by the limit on depth.
    fn value(
        &mut self,
        raw: &'a RawValue,
        element: &mut Element,
        depth: u32,
    ) -> Result<(), Broken> {
        let text = raw.get();
        self.json.require_depth(text, depth)?;
        match text.as_bytes().first() {
            Some(b'{') => self.object(text, element, depth),
            Some(b'"') => {
                element.text = self.json.parse::<Cow<'a, str>>(text)?.into_owned();
                // RFC 7951 6.8: prefixes are names of modules.
                for prefix in prefixes_in(&element.text) {
                    if self.modules.has(prefix) {
                        let name = self.names.shared(prefix);
                        element.prefixes.push((name.clone(), name));
                    }
                }
                Ok(())
            }
            Some(b'n') => Ok(()),
            _ => {
                element.text = text.to_owned();
                Ok(())
            }
        }
    }

    fn object(&mut self, text: &'a str, element: &mut Element, depth: u32) -> Result<(), Broken> {
        let Members(members) = self.json.parse(text)?;
        let mut beside = Vec::new();
        for (name, value) in members {
            if let Some(name) = name.strip_prefix('@') {
                beside.push((name.to_owned(), value));
                continue;
            }
            let (module, local) = self.split(&name, &element.module);
            for entry in self.json.entries(value)? {
                let mut child = Element::new(module.clone(), local.clone());
                child.position = Some(self.json.position(entry.get()));
                self.value(entry, &mut child, depth + 1)?;
                element.children.push(child);
            }
        }
        // RFC 7952 5.2: "@" is about this object, "@name" about a child, or the entries of a leaf-list.
        for (name, value) in beside {
            if name.is_empty() {
                element.attributes = self.attributes(value, &element.module)?;
                continue;
            }
            let (module, local) = self.split(&name, &element.module);
            let entries = self.json.entries(value)?;
            let mut entries = entries.into_iter();
            for child in &mut element.children {
                if child.is(&module, &local)
                    && let Some(entry) = entries.next()
                {
                    child.attributes = self.attributes(entry, &module)?;
                }
            }
        }
        Ok(())
    }

    fn split(&mut self, name: &str, inherited: &Arc<str>) -> (Arc<str>, Arc<str>) {
        match name.split_once(':') {
            Some((module, local)) => (self.names.shared(module), self.names.shared(local)),
            None => (inherited.clone(), self.names.shared(name)),
        }
    }

    fn attributes(
        &mut self,
        raw: &'a RawValue,
        inherited: &Arc<str>,
    ) -> Result<Vec<Attribute>, Broken> {
        if raw.get() == "null" {
            return Ok(Vec::new());
        }
        let Members(members) = self.json.parse(raw.get())?;
        let mut attributes = Vec::new();
        for (name, value) in members {
            let (module, name) = self.split(&name, inherited);
            let value = match value.get().starts_with('"') {
                true => self.json.parse::<Cow<'a, str>>(value.get())?.into_owned(),
                false => value.get().to_owned(),
            };
            attributes.push(Attribute {
                module,
                name,
                value,
            });
        }
        Ok(attributes)
    }
}
