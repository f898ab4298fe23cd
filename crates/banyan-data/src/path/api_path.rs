//! RESTCONF api-path (RFC 8040 3.5.3): `/ietf-interfaces:interfaces/interface=eth0`, keys after `=` with commas
//! between, everything percent-encoded.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use super::resolve::{Naming, PathError, Resolver, value_text, with_schemas};
use super::{InstancePath, PathStep, Select};
use crate::document::Mounts;
use crate::lexical::{self, ModuleNames, Style};

/// Reads an api-path, the part of a URI after `{+restconf}/data`, still percent-encoded.
///
/// # Errors
/// It is malformed, a name is unknown where it stands, or a key value is outside its type.
pub fn parse(
    schema: &Arc<Schema>,
    text: &str,
    mounts: &dyn Mounts,
) -> Result<InstancePath, PathError> {
    parse_as(schema, text, mounts, Naming::Strict)
}

pub(super) fn parse_as(
    schema: &Arc<Schema>,
    text: &str,
    mounts: &dyn Mounts,
    naming: Naming,
) -> Result<InstancePath, PathError> {
    let names = ModuleNames { default: None };
    let mut resolver = Resolver::new(schema, text, mounts, &names, naming);
    let steps = text.strip_prefix('/').unwrap_or(text);
    if steps.is_empty() {
        return Ok(resolver.finish());
    }
    for segment in steps.split('/') {
        let (name, keys) = match segment.split_once('=') {
            Some((name, keys)) => (name, Some(keys)),
            None => (segment, None),
        };
        let name = decoded(name).ok_or_else(|| bad_escape(&resolver))?;
        if name.is_empty() {
            return Err(resolver.wrong("a name is missing between two slashes"));
        }
        match name.split_once(':') {
            Some((module, name)) => resolver.enter(Some(module), name)?,
            None => resolver.enter(None, &name)?,
        }
        if let Some(keys) = keys {
            // Commas separate values before decoding, so that a value may hold an encoded one.
            let values: Option<Vec<Cow<'_, str>>> = keys.split(',').map(decoded).collect();
            let values = values.ok_or_else(|| bad_escape(&resolver))?;
            resolver.select_values(&values)?;
        }
    }
    Ok(resolver.finish())
}

fn bad_escape(resolver: &Resolver<'_>) -> PathError {
    resolver.wrong("a percent-encoding is not two hexadecimal digits, or not UTF-8")
}

/// The text without percent-encoding; `None` when the encoding is broken.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Prints an api-path; `None` when the path does not fit the schema, or goes by position, which RESTCONF cannot say.
pub fn print(schema: &Arc<Schema>, path: &InstancePath, mounts: &dyn Mounts) -> Option<String> {
    let mut out = String::new();
    let mut module = None;
    for (schema, step) in with_schemas(schema, path, mounts)? {
        push_step(&mut out, &schema, &mut module, step)?;
    }
    if out.is_empty() {
        out.push('/');
    }
    Some(out)
}

/// Appends one step; `module` is the name of the module of the step before. `None` for a step by position.
pub(crate) fn push_step(
    out: &mut String,
    schema: &Schema,
    module: &mut Option<Arc<str>>,
    step: &PathStep,
) -> Option<()> {
    let definition = schema.node(step.node);
    let own = &schema.module(definition.module).name;
    out.push('/');
    if module.as_ref() != Some(own) {
        out.push_str(own);
        out.push(':');
        *module = Some(own.clone());
    }
    out.push_str(&definition.name);
    match &step.select {
        Select::None => {}
        Select::Keys(values) => {
            for (index, (key, value)) in definition.keys().iter().zip(values).enumerate() {
                out.push(if index == 0 { '=' } else { ',' });
                encode(out, &value_text(schema, *key, value, Style::Json));
            }
        }
        Select::Value(value) => {
            out.push('=');
            encode(out, &value_text(schema, step.node, value, Style::Json));
        }
        Select::Position(_) => return None,
    }
    Some(())
}

/// The child of `parent`, or the entry of its leaf-list, that `module:name` or `module:name=value` names, as
/// [`push_step`] writes it; `None` when there is none.
pub(crate) fn step_below(schema: &Schema, parent: SchemaId, text: &str) -> Option<PathStep> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let (module, name) = name.split_once(':')?;
    let node = schema.data_child(parent, schema.module_by_name(module)?, name)?;
    let select = match value {
        None => Select::None,
        Some(value) => {
            let definition = schema.node(node);
            let ty = definition.ty.as_ref();
            let ty = ty.filter(|_| definition.kind == NodeKind::LeafList)?;
            let names = ModuleNames {
                default: Some(definition.module),
            };
            Select::Value(lexical::parse(schema, ty, &decoded(value)?, &names).ok()?)
        }
    };
    Some(PathStep { node, select })
}

/// Appends all but the unreserved characters of RFC 3986 2.3 percent-encoded.
fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
