//! Values as text: from the lexical form of RFC 7950 section 9 to a [`Value`] and back to canonical text.
//!
//! Lives here: one parser and one printer per built-in type, the prefixes that they need, and what is
//! wrong with a text that a type refuses. Must not know any document format: XML and JSON hand in
//! scalars, and take canonical text.

mod canonical;
mod instance_id;
mod json;
mod names;
mod number;
mod restriction;
mod text;
mod union;

use std::fmt;
use std::sync::Arc;

use banyan_yang::schema::{ModuleId, PrefixMap, Schema, SchemaId, Type, TypeKind};
use thiserror::Error;
use triomphe::Arc as Shared;

use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::value::Value;

pub use canonical::{JsonForm, Style, canonical, json_form, modules_in};
pub(crate) use instance_id::{parse_keys, print_keys};
pub use json::{JsonScalar, JsonTypes, parse_json};

/// What a prefix in a value means (identityref, instance-identifier).
pub trait Prefixes {
    /// The module that `prefix`, or its absence, stands for.
    fn module(&self, schema: &Schema, prefix: Option<&str>) -> Option<ModuleId>;

    /// Whether an unprefixed step of an instance-identifier is of the module of the step before it,
    /// as in JSON (RFC 7951 6.11); in XML every step has its prefix (RFC 7950 9.13.2).
    fn steps_inherit(&self) -> bool {
        false
    }

    /// Whether names of an instance-identifier may lack their prefix: not in XML, even where a default namespace is
    /// declared (RFC 7950 9.13.2).
    fn unprefixed_steps(&self) -> bool {
        self.steps_inherit()
    }

    /// The module of the node that has the value, where it is known: what an unprefixed name means in JSON.
    fn own(&self) -> Option<ModuleId> {
        None
    }

    /// Whether integers may be hexadecimal or octal: only in defaults of a schema (RFC 7950 9.2.1).
    fn schema_literals(&self) -> bool {
        false
    }
}

impl Prefixes for PrefixMap {
    fn module(&self, _: &Schema, prefix: Option<&str>) -> Option<ModuleId> {
        PrefixMap::module(self, prefix)
    }

    fn schema_literals(&self) -> bool {
        true
    }
}

/// Module names as prefixes: JSON (RFC 7951 6.8, 6.11), paths, and Banyan's own files.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModuleNames {
    /// The module of an unprefixed name: that of the leaf.
    pub default: Option<ModuleId>,
}

impl Prefixes for ModuleNames {
    fn module(&self, schema: &Schema, prefix: Option<&str>) -> Option<ModuleId> {
        match prefix {
            None => self.default,
            Some(name) => schema.module_by_name(name),
        }
    }

    fn own(&self) -> Option<ModuleId> {
        self.default
    }

    fn steps_inherit(&self) -> bool {
        true
    }
}

/// Why a text is not a value of a type. Names the text, the rule, and what is allowed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{message}")]
pub struct ValueError {
    /// One sentence; the model's own `error-message` when the broken restriction has one.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    /// The `error-app-tag` of the broken restriction.
    pub app_tag: Option<Arc<str>>,
}

impl ValueError {
    /// An error with its sentence alone.
    pub fn new(message: impl Into<String>) -> Self {
        ValueError {
            message: message.into(),
            help: None,
            app_tag: None,
        }
    }

    /// Adds what would be right.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The error about the instance at `path`.
    pub fn at(self, path: ErrorPath) -> DataError {
        let mut error = DataError::new(ErrorKind::InvalidValue, path, self.message);
        error.help = self.help;
        error.app_tag = self.app_tag;
        error
    }
}

/// A text in a message: quoted, and cut when it is long.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 60;
        match self.0.char_indices().nth(SHOWN) {
            None => write!(f, "{:?}", self.0),
            Some((cut, _)) => write!(f, "{:?}...", &self.0[..cut]),
        }
    }
}

/// Reads a value of type `ty` as XML writes it (RFC 7950 section 9): no type but string takes blanks
/// around its value, and numbers are decimal.
///
/// # Errors
/// The text is not in the value space of the type; the message says which rule refuses it.
pub fn parse(
    schema: &Schema,
    ty: &Type,
    text: &str,
    prefixes: &dyn Prefixes,
) -> Result<Value, ValueError> {
    match &ty.kind {
        TypeKind::Int(width, range) => number::parse_int(ty, *width, range, text, prefixes),
        TypeKind::Uint(width, range) => number::parse_uint(ty, *width, range, text, prefixes),
        TypeKind::Decimal64 {
            fraction_digits,
            range,
        } => number::parse_decimal(*fraction_digits, range, text),
        TypeKind::String { length, patterns } => text::parse_string(length, patterns, text),
        // RFC 7950 9.5.1
        TypeKind::Boolean => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(
                ValueError::new(format!("{} is not a boolean", Quoted(text)))
                    .with_help("write true or false"),
            ),
        },
        TypeKind::Enumeration(items) => names::parse_enum(items, text),
        TypeKind::Bits(bits) => names::parse_bits(bits, text),
        TypeKind::Binary(length) => text::parse_binary(length, text),
        TypeKind::Leafref { resolved, .. } => parse(schema, resolved, text, prefixes),
        TypeKind::IdentityRef(bases) => names::parse_identity(schema, bases, text, prefixes),
        // RFC 7950 9.11
        TypeKind::Empty if text.is_empty() => Ok(Value::Empty),
        TypeKind::Empty => Err(ValueError::new(format!(
            "{} stands where type empty allows no value",
            Quoted(text)
        ))),
        TypeKind::Union(members) => union::parse(schema, ty, members, text, prefixes),
        TypeKind::InstanceIdentifier { .. } => instance_id::parse(schema, text, prefixes)
            .map(|path| Value::InstanceId(Shared::new(path))),
    }
}

/// The default value number `index` of a leaf (always 0) or leaf-list (RFC 7950 7.6.1, 7.7.2).
///
/// # Errors
/// The node has no such default, or the default is not in the node's type: a fault of the model.
pub fn default_value(schema: &Schema, node: SchemaId, index: usize) -> Result<Value, ValueError> {
    let definition = schema.node(node);
    let (Some(ty), Some(default)) = (&definition.ty, definition.defaults().get(index)) else {
        return Err(ValueError::new(format!(
            "{} has no default number {index}",
            schema.path(node)
        )));
    };
    parse(schema, ty, &default.text, &*default.prefixes)
}

#[cfg(test)]
mod tests;
