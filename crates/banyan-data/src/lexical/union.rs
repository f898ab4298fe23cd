//! Which member type of a union a text is of (RFC 7950 9.12): the first in schema order whose lexical space has it.
//!
//! One rule for every encoding, path and file, by the text alone, so that a value that is printed and read again is the
//! same value. RFC 7951 6.10 lets a JSON value choose its member by its JSON type: then `7` and `"7"` are two values that
//! XML cannot tell apart, and a datastore could hold two list entries that print alike. Such a distinction is not kept.
//!
//! A value is of the member that takes its canonical text: with string of one digit before int8, `07` is the number 7,
//! whose text `7` is a string, so it is that string. Names count as they are written in JSON, with names of modules: no
//! prefix is declared for what is a string, so it must not depend on one.

use std::sync::Arc;

use banyan_yang::schema::{Schema, Type, TypeKind};
use triomphe::Arc as Shared;

use super::{ModuleNames, Prefixes, Quoted, Style, ValueError, canonical};
use crate::value::{UnionValue, Value};

/// Reads a value of the union `ty`, whose members these are.
///
/// # Errors
/// No member takes the text.
pub(super) fn parse(
    schema: &Schema,
    ty: &Type,
    members: &[Arc<Type>],
    text: &str,
    prefixes: &dyn Prefixes,
) -> Result<Value, ValueError> {
    let (mut member, mut value) = first(schema, members, text, prefixes)?;
    let names = ModuleNames {
        default: prefixes.own(),
    };
    loop {
        let earlier = &members[..usize::from(member)];
        let found = union_of(member, value);
        // Without a change of text or of the meaning of prefixes, those that refused it refuse it again.
        if earlier.is_empty() {
            return Ok(found);
        }
        let printed = canonical(schema, ty, &found, Style::Json);
        if printed == text && !earlier.iter().any(|member| names_modules(member)) {
            return Ok(found);
        }
        match first(schema, earlier, &printed, &names) {
            Ok(other) => (member, value) = other,
            Err(_) => return Ok(found),
        }
    }
}

fn union_of(member: u16, value: Value) -> Value {
    Value::Union(Shared::new(UnionValue { member, value }))
}

fn first(
    schema: &Schema,
    members: &[Arc<Type>],
    text: &str,
    prefixes: &dyn Prefixes,
) -> Result<(u16, Value), ValueError> {
    let mut refusals = String::new();
    for (index, member) in members.iter().enumerate() {
        match super::parse(schema, member, text, prefixes) {
            Ok(value) => {
                let member = u16::try_from(index).map_err(|_| {
                    ValueError::new(
                        "the union has more than 65536 members: none after them is tried",
                    )
                })?;
                return Ok((member, value));
            }
            Err(error) => {
                let separator = if refusals.is_empty() { "" } else { "; " };
                refusals.push_str(separator);
                refusals.push_str(&format!("{}: {error}", member.builtin_name()));
            }
        }
    }
    Err(ValueError::new(format!(
        "{} is of none of the types of the union",
        Quoted(text)
    ))
    .with_help(format!("the types and why each refuses it: {refusals}")))
}

/// Whether values of the type name modules, so that what a text means depends on prefixes.
fn names_modules(ty: &Type) -> bool {
    match &ty.resolved().kind {
        TypeKind::IdentityRef(_) | TypeKind::InstanceIdentifier { .. } => true,
        TypeKind::Union(members) => members.iter().any(|member| names_modules(member)),
        _ => false,
    }
}

/// Whether type empty is among the members.
pub(super) fn has_empty(members: &[Arc<Type>]) -> bool {
    members.iter().any(|member| match &member.resolved().kind {
        TypeKind::Empty => true,
        TypeKind::Union(members) => has_empty(members),
        _ => false,
    })
}
