//! Values that are names: enumeration, bits, identityref (RFC 7950 9.6, 9.7, 9.10).

use banyan_yang::nearest::nearest;
use banyan_yang::schema::{Bit, EnumItem, IdentityId, Schema};
use triomphe::ThinArc;

use super::{Prefixes, Quoted, ValueError};
use crate::value::Value;

/// Up to how many allowed names a message lists.
const LISTED: usize = 12;

/// What is allowed, for a message: all names when they are few, else the nearest.
pub(super) fn allowed<'a>(
    wrong: &str,
    names: impl ExactSizeIterator<Item = &'a str> + Clone,
) -> Option<String> {
    let close = nearest(wrong, names.clone());
    if names.len() <= LISTED {
        let list = names.collect::<Vec<_>>().join(", ");
        (!list.is_empty()).then(|| format!("allowed: {list}"))
    } else {
        close.map(|name| format!("did you mean {name}?"))
    }
}

fn with_allowed<'a>(
    error: ValueError,
    wrong: &str,
    names: impl ExactSizeIterator<Item = &'a str> + Clone,
) -> ValueError {
    match allowed(wrong, names) {
        Some(help) => error.with_help(help),
        None => error,
    }
}

/// RFC 7950 9.6.1. O(number of enums).
pub(super) fn parse_enum(items: &[EnumItem], text: &str) -> Result<Value, ValueError> {
    match items.iter().find(|item| *item.name == *text) {
        Some(item) => Ok(Value::Enum(item.value)),
        None => Err(with_allowed(
            ValueError::new(format!("{} is not a name of the enumeration", Quoted(text))),
            text,
            items.iter().map(|item| &*item.name),
        )),
    }
}

/// RFC 7950 9.7.2: names in any order, separated by blanks, each at most once; none at all is legal.
pub(super) fn parse_bits(bits: &[Bit], text: &str) -> Result<Value, ValueError> {
    let mut positions: Vec<u32> = Vec::new();
    for name in text.split_ascii_whitespace() {
        let Some(bit) = bits.iter().find(|bit| *bit.name == *name) else {
            return Err(with_allowed(
                ValueError::new(format!("{} is not the name of a bit", Quoted(name))),
                name,
                bits.iter().map(|bit| &*bit.name),
            ));
        };
        match positions.binary_search(&bit.position) {
            Ok(_) => {
                return Err(ValueError::new(format!(
                    "the bit {name} is given twice in {}",
                    Quoted(text)
                )));
            }
            Err(at) => positions.insert(at, bit.position),
        }
    }
    Ok(Value::Bits(ThinArc::from_header_and_slice((), &positions)))
}

/// RFC 7950 9.10.3: the identity must be derived from every base, and is none of them itself.
pub(super) fn parse_identity(
    schema: &Schema,
    bases: &[IdentityId],
    text: &str,
    prefixes: &dyn Prefixes,
) -> Result<Value, ValueError> {
    let (prefix, name) = match text.split_once(':') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    let Some(module) = prefixes.module(schema, prefix) else {
        let message = match prefix {
            Some(prefix) => {
                format!(
                    "{} has the prefix {prefix}, which names no module here",
                    Quoted(text)
                )
            }
            None => format!(
                "{} needs the prefix of the module that defines the identity",
                Quoted(text)
            ),
        };
        return Err(with_candidates(
            schema,
            bases,
            name,
            ValueError::new(message),
        ));
    };
    let Some(id) = schema.identity_by_name(module, name) else {
        return Err(with_candidates(
            schema,
            bases,
            name,
            ValueError::new(format!(
                "{} is not an identity: module {} defines none of that name",
                Quoted(text),
                schema.module(module).name
            )),
        ));
    };
    // RFC 7950 9.10.2
    if let Some(base) = bases
        .iter()
        .find(|base| !schema.is_derived_from(id, **base))
    {
        return Err(with_candidates(
            schema,
            bases,
            name,
            ValueError::new(format!(
                "{} is not derived from the identity {}",
                Quoted(text),
                qualified(schema, *base)
            )),
        ));
    }
    if !schema.identity(id).usable {
        return Err(ValueError::new(format!(
            "the identity {} cannot be used: its module is only imported, or a feature that it needs is off",
            qualified(schema, id)
        )));
    }
    Ok(Value::Identity(id))
}

/// `module:name` of an identity.
pub(super) fn qualified(schema: &Schema, id: IdentityId) -> String {
    let identity = schema.identity(id);
    format!("{}:{}", schema.module(identity.module).name, identity.name)
}

fn with_candidates(
    schema: &Schema,
    bases: &[IdentityId],
    wrong: &str,
    error: ValueError,
) -> ValueError {
    let candidates: Vec<IdentityId> = schema
        .identities()
        .filter(|(id, identity)| {
            identity.usable && bases.iter().all(|base| schema.is_derived_from(*id, *base))
        })
        .map(|(id, _)| id)
        .collect();
    if candidates.len() <= LISTED {
        let list: Vec<String> = candidates.iter().map(|id| qualified(schema, *id)).collect();
        if list.is_empty() {
            return error
                .with_help("no module of the set defines an identity that is allowed here");
        }
        return error.with_help(format!("allowed: {}", list.join(", ")));
    }
    let names = candidates.iter().map(|id| &*schema.identity(*id).name);
    let Some(close) = nearest(wrong, names) else {
        return error;
    };
    let id = candidates
        .iter()
        .find(|id| &*schema.identity(**id).name == close);
    match id {
        Some(id) => error.with_help(format!("did you mean {}?", qualified(schema, *id))),
        None => error,
    }
}
