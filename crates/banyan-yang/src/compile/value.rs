//! Whether a default value is a value of its type (RFC 7950 7.3.4, 7.6.4, 7.7.4).
//!
//! Lexical check only: the data layer binds values. Must agree with it on what is valid.

use std::collections::HashMap;

use super::range::{parse_decimal, parse_integer};
use super::set::{Interner, Name, split_name};
use crate::schema::{Identity, IdentityId, ModuleId, PrefixMap, Restriction, Type, TypeKind};

/// What identityrefs are looked up in.
pub(super) struct Identities<'c> {
    pub names: &'c Interner,
    pub ids: &'c HashMap<(ModuleId, Name), IdentityId>,
    pub all: &'c [Identity],
}

impl Identities<'_> {
    /// The clause that says why `text` is not a value of the type; `None` if it is one.
    pub fn violation(&self, ty: &Type, text: &str, prefixes: &PrefixMap) -> Option<String> {
        match &ty.kind {
            TypeKind::Int(width, range) => {
                let (min, max) = super::types::signed_bounds(*width);
                let value = parse_integer(text).and_then(|value| i64::try_from(value).ok());
                in_range(
                    value.filter(|value| (min..=max).contains(value)),
                    range,
                    text,
                    "an integer",
                )
            }
            TypeKind::Uint(width, range) => {
                let max = u64::MAX >> (64 - super::types::bits(*width));
                let value = parse_integer(text).and_then(|value| u64::try_from(value).ok());
                in_range(
                    value.filter(|value| *value <= max),
                    range,
                    text,
                    "an unsigned integer",
                )
            }
            TypeKind::Decimal64 {
                fraction_digits,
                range,
            } => in_range(
                parse_decimal(text, *fraction_digits),
                range,
                text,
                "a decimal",
            ),
            TypeKind::String { length, patterns } => {
                let characters = text.chars().count() as u64;
                if !length.allows(characters) {
                    return Some(format!("its length, {characters}, is not allowed"));
                }
                let failed = patterns.iter().find(|restriction| {
                    restriction.pattern.is_match(text) == restriction.invert_match
                })?;
                Some(format!(
                    "it violates the pattern `{}`",
                    failed.pattern.as_str()
                ))
            }
            TypeKind::Boolean => (!matches!(text, "true" | "false"))
                .then(|| "it is neither `true` nor `false`".to_owned()),
            TypeKind::Enumeration(items) => (!items.iter().any(|item| &*item.name == text))
                .then(|| "there is no such enum".to_owned()),
            TypeKind::Bits(bits) => {
                let mut seen = Vec::new();
                for word in text.split_ascii_whitespace() {
                    if !bits.iter().any(|bit| &*bit.name == word) {
                        return Some(format!("there is no bit `{word}`"));
                    }
                    if seen.contains(&word) {
                        return Some(format!("the bit `{word}` is there twice"));
                    }
                    seen.push(word);
                }
                None
            }
            TypeKind::Binary(length) => match base64_length(text) {
                Some(octets) if length.allows(octets) => None,
                Some(octets) => Some(format!("its length, {octets} octets, is not allowed")),
                None => Some("it is not base64".to_owned()),
            },
            TypeKind::Leafref { resolved, .. } => self.violation(resolved, text, prefixes),
            TypeKind::IdentityRef(bases) => self.identity_violation(bases, text, prefixes),
            // RFC 7950 9.11.2
            TypeKind::Empty => Some("the type empty has no default".to_owned()),
            TypeKind::Union(members) => {
                let fits = members
                    .iter()
                    .any(|member| self.violation(member, text, prefixes).is_none());
                (!fits).then(|| "it fits no member type of the union".to_owned())
            }
            // Bound by the data layer, which knows the paths.
            TypeKind::InstanceIdentifier { .. } => (!text.starts_with('/'))
                .then(|| "an instance-identifier begins with `/`".to_owned()),
        }
    }

    fn identity_violation(
        &self,
        bases: &[IdentityId],
        text: &str,
        prefixes: &PrefixMap,
    ) -> Option<String> {
        let (prefix, name) = split_name(text);
        let Some(module) = prefixes.module(prefix) else {
            return Some(format!(
                "the prefix `{}` is not defined",
                prefix.unwrap_or("")
            ));
        };
        let id = self
            .names
            .find(name)
            .and_then(|name| self.ids.get(&(module, name)));
        let Some(id) = id else {
            return Some("there is no such identity".to_owned());
        };
        let ancestors = &self.all[id.index()].ancestors;
        let missing = bases
            .iter()
            .find(|base| ancestors.binary_search(base).is_err())?;
        Some(format!(
            "it is not derived from {}",
            self.all[missing.index()].name
        ))
    }
}

fn in_range<T: Copy + PartialOrd>(
    value: Option<T>,
    range: &Restriction<T>,
    text: &str,
    what: &str,
) -> Option<String> {
    match value {
        Some(value) if range.allows(value) => None,
        Some(_) => Some("it is outside of the range".to_owned()),
        None if text.is_empty() => Some("it is empty".to_owned()),
        None => Some(format!("it is not {what} that fits the type")),
    }
}

/// The number of octets that a base64 text stands for (RFC 4648 4; white space is allowed, RFC 7950 9.8.2).
fn base64_length(text: &str) -> Option<u64> {
    let characters: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let padding = characters
        .iter()
        .rev()
        .take_while(|byte| **byte == b'=')
        .count();
    let digits = characters.len() - padding;
    let valid = characters.len().is_multiple_of(4)
        && padding <= 2
        && characters[..digits]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    valid.then_some((digits * 3 / 4) as u64)
}
