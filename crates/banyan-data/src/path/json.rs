//! RFC 7951 6.11: module names as prefixes, at the top and wherever the module changes. This is how messages
//! show paths: `/ietf-interfaces:interfaces/interface[name='eth0']/ietf-ip:ipv4`.

use std::fmt::Write as _;
use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

use super::resolve::{Naming, PathError, Resolver, value_text, with_schemas};
use super::{InstancePath, Select, identifier, literal};
use crate::document::Mounts;
use crate::lexical::{ModuleNames, Style};

/// Reads a path.
///
/// # Errors
/// It is malformed, a name is unknown where it stands, or a key value is outside its type.
pub fn parse(
    schema: &Arc<Schema>,
    text: &str,
    mounts: &dyn Mounts,
) -> Result<InstancePath, PathError> {
    let names = ModuleNames { default: None };
    identifier::parse(
        text,
        Resolver::new(schema, text, mounts, &names, Naming::Strict),
    )
}

/// Prints a path; `None` when it does not fit the schema (or nothing is mounted where it goes on).
pub fn print(schema: &Arc<Schema>, path: &InstancePath, mounts: &dyn Mounts) -> Option<String> {
    let mut out = String::new();
    let steps = with_schemas(schema, path, mounts)?;
    let mut module = None;
    for (schema, step) in &steps {
        write_step(&mut out, schema, &mut module, step.node, &step.select);
    }
    if out.is_empty() {
        out.push('/');
    }
    Some(out)
}

/// Appends one step. `module` is the name of the module of the step before.
pub(crate) fn write_step<'a>(
    out: &mut String,
    schema: &'a Schema,
    module: &mut Option<&'a str>,
    node: SchemaId,
    select: &Select,
) {
    let definition = schema.node(node);
    let own: &str = &schema.module(definition.module).name;
    out.push('/');
    if *module != Some(own) {
        out.push_str(own);
        out.push(':');
        *module = Some(own);
    }
    out.push_str(&definition.name);
    match select {
        Select::None => {}
        Select::Keys(values) => {
            for (key, value) in definition.keys().iter().zip(values) {
                let leaf = schema.node(*key);
                out.push('[');
                if leaf.module != definition.module {
                    out.push_str(&schema.module(leaf.module).name);
                    out.push(':');
                }
                out.push_str(&leaf.name);
                out.push('=');
                out.push_str(&literal::quoted(&value_text(
                    schema,
                    *key,
                    value,
                    Style::Json,
                )));
                out.push(']');
            }
        }
        Select::Value(value) => {
            out.push_str("[.=");
            out.push_str(&literal::quoted(&value_text(
                schema,
                node,
                value,
                Style::Json,
            )));
            out.push(']');
        }
        Select::Position(position) => {
            // Writing to a String cannot fail.
            let _ = write!(out, "[{position}]");
        }
    }
}
