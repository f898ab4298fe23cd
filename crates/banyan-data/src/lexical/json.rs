//! Scalars of JSON as values: which JSON type stands for which YANG type (RFC 7951 section 6).

use std::borrow::Cow;
use std::fmt;

use banyan_yang::schema::{IntWidth, Schema, Type, TypeKind};

use super::{Prefixes, Quoted, ValueError, parse, union};
use crate::value::Value;

/// From here on not every whole number is a double of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A scalar as it stands in a JSON document.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum JsonScalar<'a> {
    /// A string.
    String(&'a str),
    /// A number without sign, fraction and exponent.
    Unsigned(u64),
    /// A negative number without fraction and exponent.
    Signed(i64),
    /// Any other number.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// `[null]`, the value of type empty (RFC 7951 6.9).
    EmptyArray,
}

/// Whether the JSON type must be the one that RFC 7951 assigns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum JsonTypes {
    /// It must.
    #[default]
    Strict,
    /// A number or boolean may also be written as a string, and a 64-bit number as a number.
    Lenient,
}

impl fmt::Display for JsonScalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JsonScalar::String(text) => write!(f, "the string {}", Quoted(text)),
            JsonScalar::Unsigned(number) => write!(f, "the number {number}"),
            JsonScalar::Signed(number) => write!(f, "the number {number}"),
            JsonScalar::Float(number) => write!(f, "the number {number}"),
            JsonScalar::Bool(value) => write!(f, "the boolean {value}"),
            JsonScalar::EmptyArray => f.write_str("the array [null]"),
        }
    }
}

impl<'a> JsonScalar<'a> {
    /// The scalar without its quotes.
    pub(crate) fn text(self) -> Cow<'a, str> {
        match self {
            JsonScalar::String(text) => text.into(),
            JsonScalar::Unsigned(number) => number.to_string().into(),
            JsonScalar::Signed(number) => number.to_string().into(),
            JsonScalar::Float(number) => number.to_string().into(),
            JsonScalar::Bool(value) => value.to_string().into(),
            JsonScalar::EmptyArray => "".into(),
        }
    }
}

/// Reads a value of type `ty` as JSON writes it.
///
/// # Errors
/// The JSON type is not that of the YANG type, or the value is not in the type's value space.
pub fn parse_json(
    schema: &Schema,
    ty: &Type,
    scalar: JsonScalar<'_>,
    prefixes: &dyn Prefixes,
    types: JsonTypes,
) -> Result<Value, ValueError> {
    use JsonScalar::*;
    let resolved = ty.resolved();
    if let TypeKind::Union(members) = &resolved.kind {
        return match scalar {
            EmptyArray if !union::has_empty(members) => Err(ValueError::new(
                "[null] stands where no type of the union is empty",
            )),
            // Digits would get lost.
            Float(number) if number.abs() >= EXACT => Err(ValueError::new(format!(
                "{scalar} is too large to be taken as it stands"
            ))
            .with_help("write it in double quotes")),
            // Not as RFC 7951 6.10 has it: see `union`.
            _ => parse(schema, resolved, &scalar.text(), prefixes),
        };
    }
    let lenient = types == JsonTypes::Lenient;
    let (fits, wanted) = match &resolved.kind {
        TypeKind::Int(IntWidth::W64, _) | TypeKind::Uint(IntWidth::W64, _) => (
            matches!(scalar, String(_)) || lenient && matches!(scalar, Unsigned(_) | Signed(_)),
            "a string of digits",
        ),
        TypeKind::Decimal64 { .. } => (
            matches!(scalar, String(_))
                || lenient && matches!(scalar, Unsigned(_) | Signed(_) | Float(_)),
            "a string of digits",
        ),
        TypeKind::Int(..) | TypeKind::Uint(..) => (
            matches!(scalar, Unsigned(_) | Signed(_)) || lenient && matches!(scalar, String(_)),
            "a number without fraction and exponent",
        ),
        TypeKind::Boolean => (
            matches!(scalar, Bool(_)) || lenient && matches!(scalar, String(_)),
            "true or false without quotes",
        ),
        TypeKind::Empty => (matches!(scalar, EmptyArray), "[null]"),
        _ => (matches!(scalar, String(_)), "a string"),
    };
    if !fits {
        return Err(ValueError::new(format!(
            "{scalar} stands where type {} needs {wanted}",
            resolved.builtin_name()
        )));
    }
    match (&resolved.kind, scalar) {
        (TypeKind::Empty, _) => Ok(Value::Empty),
        _ => parse(schema, resolved, &scalar.text(), prefixes),
    }
}
