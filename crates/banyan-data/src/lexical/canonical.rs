//! Canonical text of values (RFC 7950 9.1): what `parse` reads back as an equal value.

use std::borrow::Cow;

use banyan_yang::schema::{IntWidth, ModuleId, Schema, Type, TypeKind};

use super::{instance_id, number, text};
use crate::value::Value;

/// How the names of modules are written in a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// As XML prefixes, those of [`Schema::xml_prefix`]; the printer declares them ([`modules_in`]).
    Xml,
    /// As module names (RFC 7951 6.8, 6.11): JSON, paths, messages.
    Json,
}

impl Style {
    /// What stands before the colon for a name of `module`.
    pub(super) fn prefix(self, schema: &Schema, module: ModuleId) -> &str {
        match self {
            Style::Xml => schema.xml_prefix(module),
            Style::Json => &schema.module(module).name,
        }
    }
}

/// The canonical text of a value of type `ty`. A value that is not of the type (it comes from another
/// schema) prints its number where a name should stand.
pub fn canonical<'a>(
    schema: &'a Schema,
    ty: &'a Type,
    value: &'a Value,
    style: Style,
) -> Cow<'a, str> {
    let ty = ty.resolved();
    match value {
        Value::Empty => "".into(),
        Value::Bool(true) => "true".into(),
        Value::Bool(false) => "false".into(),
        Value::Int(number) => number.to_string().into(),
        Value::Uint(number) => number.to_string().into(),
        Value::Decimal { scaled, digits } => number::decimal_text(*scaled, *digits).into(),
        Value::Enum(number) => match &ty.kind {
            TypeKind::Enumeration(items) => items
                .iter()
                .find(|item| item.value == *number)
                .map_or_else(|| number.to_string().into(), |item| Cow::from(&*item.name)),
            _ => number.to_string().into(),
        },
        Value::Bits(positions) => bits_text(ty, &positions.slice).into(),
        Value::Identity(id) => {
            let identity = schema.identity(*id);
            format!(
                "{}:{}",
                style.prefix(schema, identity.module),
                identity.name
            )
            .into()
        }
        Value::ShortString { .. } | Value::LongString(_) => {
            value.as_str().unwrap_or_default().into()
        }
        Value::Binary(octets) => text::binary_text(&octets.slice).into(),
        Value::InstanceId(path) => instance_id::print(schema, path, style).into(),
        Value::Union(union) => match member_type(ty, union.member) {
            Some(member) => canonical(schema, member, &union.value, style),
            None => canonical(schema, ty, &union.value, style),
        },
    }
}

fn member_type(ty: &Type, member: u16) -> Option<&Type> {
    match &ty.kind {
        TypeKind::Union(members) => members.get(usize::from(member)).map(|member| &**member),
        _ => None,
    }
}

/// RFC 7950 9.7.2: by ascending position, one blank between.
fn bits_text(ty: &Type, positions: &[u32]) -> String {
    let mut text = String::new();
    for position in positions {
        if !text.is_empty() {
            text.push(' ');
        }
        let bit = match &ty.kind {
            TypeKind::Bits(bits) => bits.iter().find(|bit| bit.position == *position),
            _ => None,
        };
        match bit {
            Some(bit) => text.push_str(&bit.name),
            None => text.push_str(&position.to_string()),
        }
    }
    text
}

/// Adds the modules whose prefixes the canonical text of the value uses, each once.
pub fn modules_in(schema: &Schema, value: &Value, modules: &mut Vec<ModuleId>) {
    match value {
        Value::Identity(id) => {
            let module = schema.identity(*id).module;
            if !modules.contains(&module) {
                modules.push(module);
            }
        }
        Value::InstanceId(path) => instance_id::modules(schema, path, modules),
        Value::Union(union) => modules_in(schema, &union.value, modules),
        _ => {}
    }
}

/// How a value stands in a JSON document (RFC 7951 section 6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JsonForm {
    /// The canonical text as it is: a number or boolean.
    Bare,
    /// The canonical text as a string.
    String,
    /// `[null]`.
    EmptyArray,
}

/// How a value of type `ty` stands in a JSON document.
pub fn json_form(ty: &Type, value: &Value) -> JsonForm {
    let ty = ty.resolved();
    match value {
        Value::Empty => JsonForm::EmptyArray,
        Value::Bool(_) => JsonForm::Bare,
        // RFC 7951 6.1: 64 bits do not fit a double, so they are strings.
        Value::Int(_) | Value::Uint(_) => match &ty.kind {
            TypeKind::Int(IntWidth::W64, _) | TypeKind::Uint(IntWidth::W64, _) => JsonForm::String,
            _ => JsonForm::Bare,
        },
        Value::Union(union) => match member_type(ty, union.member) {
            Some(member) => json_form(member, &union.value),
            None => json_form(ty, &union.value),
        },
        _ => JsonForm::String,
    }
}
