//! Types, with all that restricts them.

use std::fmt::Display;

use super::line::{Line, string};
use super::{expression, identity_name, module_name};
use crate::schema::{PatternRestriction, Restriction, Schema, Type, TypeKind};

/// A type as a JSON object: its built-in name, the typedef that the leaf names, and what its kind has.
pub(super) fn type_json(schema: &Schema, ty: &Type) -> String {
    let mut line = Line::new();
    line.text("name", ty.builtin_name());
    if let Some((module, name)) = &ty.typedef {
        line.text(
            "typedef",
            &format!("{}:{name}", module_name(schema, *module)),
        );
    }
    match &ty.kind {
        TypeKind::Int(_, range) => restriction(&mut line, "range", range, i64::to_string),
        TypeKind::Uint(_, range) => restriction(&mut line, "range", range, u64::to_string),
        TypeKind::Decimal64 {
            fraction_digits,
            range,
        } => {
            line.json("fraction-digits", fraction_digits);
            restriction(&mut line, "range", range, |value| {
                decimal(*value, *fraction_digits)
            });
        }
        TypeKind::String { length, patterns } => {
            restriction(&mut line, "length", length, u64::to_string);
            line.array("pattern", patterns.iter().map(pattern));
        }
        TypeKind::Binary(length) => restriction(&mut line, "length", length, u64::to_string),
        TypeKind::Enumeration(items) => {
            let items = items.iter().map(|item| (&*item.name, item.value));
            line.json("enum", named_numbers(items));
        }
        TypeKind::Bits(bits) => {
            let bits = bits.iter().map(|bit| (&*bit.name, bit.position));
            line.json("bit", named_numbers(bits));
        }
        TypeKind::Leafref {
            path,
            target,
            require_instance,
            ..
        } => {
            line.text("path", &expression(path));
            line.text("target", &schema.path(*target));
            if !require_instance {
                line.json("require-instance", false);
            }
        }
        TypeKind::IdentityRef(bases) => {
            line.texts(
                "base",
                bases.iter().map(|base| identity_name(schema, *base)),
            );
        }
        TypeKind::Union(members) => {
            line.array(
                "union",
                members.iter().map(|member| type_json(schema, member)),
            );
        }
        TypeKind::InstanceIdentifier { require_instance } => {
            if !require_instance {
                line.json("require-instance", false);
            }
        }
        TypeKind::Boolean | TypeKind::Empty => {}
    }
    line.finish()
}

fn pattern(pattern: &PatternRestriction) -> String {
    let mut line = Line::new();
    line.text("regex", pattern.pattern.as_str());
    line.flag("invert-match", pattern.invert_match);
    line.errors(
        pattern.error_message.as_deref(),
        pattern.error_app_tag.as_deref(),
    );
    line.finish()
}

/// Names with their numbers, in the order of the schema.
fn named_numbers<'a>(items: impl Iterator<Item = (&'a str, impl Display)>) -> String {
    let members: Vec<String> = items
        .map(|(name, number)| format!("{}:{number}", string(name)))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// `"range":{"parts":"1..4|10"}`, with its error-message and error-app-tag.
fn restriction<T: PartialEq>(
    line: &mut Line,
    name: &str,
    restriction: &Restriction<T>,
    print: impl Fn(&T) -> String,
) {
    if restriction.parts.is_empty() {
        return;
    }
    let parts: Vec<String> = restriction
        .parts
        .iter()
        .map(|part| match part.min == part.max {
            true => print(&part.min),
            false => format!("{}..{}", print(&part.min), print(&part.max)),
        })
        .collect();
    let mut object = Line::new();
    object.text("parts", &parts.join("|"));
    object.errors(
        restriction.error_message.as_deref(),
        restriction.error_app_tag.as_deref(),
    );
    line.json(name, object.finish());
}

/// The canonical form of RFC 7950 9.3.2.
fn decimal(value: i64, fraction_digits: u8) -> String {
    let digits = usize::from(fraction_digits);
    let sign = if value < 0 { "-" } else { "" };
    let magnitude = format!("{:0>width$}", value.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = magnitude.split_at(magnitude.len() - digits);
    let fraction = fraction.trim_end_matches('0');
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn decimals_are_canonical() {
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(100, 2), "1.0");
        assert_eq!(decimal(i64::MIN, 18), "-9.223372036854775808");
        assert_eq!(decimal(0, 1), "0.0");
    }
}
