//! Instance-identifiers as XML and XPath write them (RFC 7950 9.13): a prefix on every name.

use std::fmt::Write as _;
use std::sync::Arc;

use banyan_yang::schema::{ModuleId, Schema};

use super::resolve::{Naming, PathError, Resolver, value_text, with_schemas};
use super::{InstancePath, Select, identifier, literal};
use crate::document::Mounts;
use crate::lexical::{Prefixes, Style};

/// Reads a path whose prefixes are those of a document.
///
/// # Errors
/// It is malformed, a prefix stands for no module, a name is unknown where it stands, or a key value is outside
/// its type.
pub fn parse(
    schema: &Arc<Schema>,
    text: &str,
    prefixes: &dyn Prefixes,
    mounts: &dyn Mounts,
) -> Result<InstancePath, PathError> {
    identifier::parse(
        text,
        Resolver::new(schema, text, mounts, prefixes, Naming::Strict),
    )
}

/// A path in print, with the namespaces that a document must declare for it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Printed {
    /// The path.
    pub text: String,
    /// Prefix and namespace, each prefix once.
    pub namespaces: Vec<(String, Arc<str>)>,
}

impl Printed {
    /// The prefix of a module, declared if it is not yet.
    fn prefix(&mut self, schema: &Schema, module: ModuleId) -> String {
        let namespace = &schema.module(module).namespace;
        if let Some((prefix, _)) = self.namespaces.iter().find(|(_, known)| known == namespace) {
            return prefix.clone();
        }
        // Beyond a mount point another schema may use a prefix that is taken.
        let wanted = schema.xml_prefix(module);
        let mut prefix = wanted.to_owned();
        let mut number = 2;
        while self.namespaces.iter().any(|(taken, _)| *taken == prefix) {
            prefix = format!("{wanted}{number}");
            number += 1;
        }
        self.namespaces.push((prefix.clone(), namespace.clone()));
        prefix
    }
}

/// Prints a path; `None` when it does not fit the schema (or nothing is mounted where it goes on). Key values of
/// types identityref and instance-identifier take the prefixes of [`Schema::xml_prefix`].
pub fn print(schema: &Arc<Schema>, path: &InstancePath, mounts: &dyn Mounts) -> Option<Printed> {
    let mut out = Printed::default();
    for (schema, step) in with_schemas(schema, path, mounts)? {
        let definition = schema.node(step.node);
        let prefix = out.prefix(&schema, definition.module);
        // Writing to a String cannot fail.
        let _ = write!(out.text, "/{prefix}:{}", definition.name);
        match &step.select {
            Select::None => {}
            Select::Keys(values) => {
                for (key, value) in definition.keys().iter().zip(values) {
                    let leaf = schema.node(*key);
                    let prefix = out.prefix(&schema, leaf.module);
                    let _ = write!(out.text, "[{prefix}:{}=", leaf.name);
                    let text = value_text(&schema, *key, value, Style::Xml);
                    out.text.push_str(&literal::quoted(&text));
                    out.text.push(']');
                }
            }
            Select::Value(value) => {
                out.text.push_str("[.=");
                let text = value_text(&schema, step.node, value, Style::Xml);
                out.text.push_str(&literal::quoted(&text));
                out.text.push(']');
            }
            Select::Position(position) => {
                let _ = write!(out.text, "[{position}]");
            }
        }
    }
    if out.text.is_empty() {
        out.text.push('/');
    }
    Some(out)
}
