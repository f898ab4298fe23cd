//! Whether a default value is a value of its type (RFC 7950 7.3.4, 7.6.4, 7.7.4).
//!
//! The data layer makes the values. Must agree with it on what is valid.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::data_tree::{DataTree, Place};
use super::draft::{DraftId, Drafts};
use super::hash::IdMap;
use super::range::{parse_decimal, parse_integer};
use super::set::{Interner, Name, split_name};
use crate::nearest::nearest;
use crate::schema::{
    Bit, EnumItem, Identity, IdentityId, ModuleId, PrefixMap, Range, Restriction, Type, TypeKind,
};
use crate::xpath::{self, Axis, CompareOp, Expr, NodeTest, Step};

/// What the names in values are looked up in.
pub(super) struct Values<'c> {
    pub names: &'c Interner,
    pub identity_ids: &'c IdMap<(ModuleId, Name), IdentityId>,
    pub identities: &'c [Identity],
    /// For instance-identifiers, once it is known.
    pub nodes: Option<(&'c DataTree, &'c Drafts)>,
    /// The names of enums and bits.
    pub items: &'c ItemNames,
}

/// The names of large enumerations and bits, to look values up in; by the place of the items, which are kept.
#[derive(Debug, Default)]
pub(super) struct ItemNames(RefCell<HashMap<usize, Names>>);

#[derive(Debug)]
struct Names {
    names: HashSet<Arc<str>>,
    /// Kept so that nothing else gets the address.
    _kept: Kept,
}

/// What an address stands for.
#[derive(Debug)]
enum Kept {
    Enums { _items: Arc<[EnumItem]> },
    Bits { _bits: Arc<[Bit]> },
}

/// Fewer names are looked through.
const FEW_NAMES: usize = 32;

impl ItemNames {
    fn has_enum(&self, items: &Arc<[EnumItem]>, name: &str) -> bool {
        let _items = items.clone();
        let names = items.iter().map(|item| &item.name);
        self.has(items.as_ptr().addr(), names, name, Kept::Enums { _items })
    }

    fn has_bit(&self, bits: &Arc<[Bit]>, name: &str) -> bool {
        let _bits = bits.clone();
        let names = bits.iter().map(|bit| &bit.name);
        self.has(bits.as_ptr().addr(), names, name, Kept::Bits { _bits })
    }

    /// O(1), beside one visit of each name.
    fn has<'n>(
        &self,
        key: usize,
        mut names: impl ExactSizeIterator<Item = &'n Arc<str>>,
        name: &str,
        kept: Kept,
    ) -> bool {
        if names.len() <= FEW_NAMES {
            return names.any(|known| **known == *name);
        }
        let mut known = self.0.borrow_mut();
        let known = known.entry(key).or_insert_with(|| Names {
            names: names.cloned().collect(),
            _kept: kept,
        });
        known.names.contains(name)
    }
}

impl Values<'_> {
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
                    restriction.pattern.is_match_once(text) == restriction.invert_match
                })?;
                Some(format!(
                    "it violates the pattern `{}`",
                    failed.pattern.as_str()
                ))
            }
            TypeKind::Boolean => (!matches!(text, "true" | "false"))
                .then(|| "it is neither `true` nor `false`".to_owned()),
            TypeKind::Enumeration(items) => {
                (!self.items.has_enum(items, text)).then(|| "there is no such enum".to_owned())
            }
            TypeKind::Bits(bits) => {
                let mut seen = HashSet::new();
                for word in text.split_ascii_whitespace() {
                    if !self.items.has_bit(bits, word) {
                        return Some(format!("there is no bit `{word}`"));
                    }
                    if !seen.insert(word) {
                        return Some(format!("the bit `{word}` is there twice"));
                    }
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
            TypeKind::InstanceIdentifier { .. } => self.path_violation(text, prefixes),
        }
    }

    /// RFC 7950 9.13.2: a path of qualified names that exist, each with keys, a value or a position at most.
    fn path_violation(&self, text: &str, prefixes: &PrefixMap) -> Option<String> {
        let form =
            || Some("it is not an instance-identifier, such as /p:list[p:key='a']".to_owned());
        let path = match xpath::parse(text) {
            Ok(Expr::Path(path)) if path.absolute && !path.steps.is_empty() => path,
            _ => return form(),
        };
        let mut place = Place {
            node: DraftId::ROOT,
            side: None,
        };
        for step in &path.steps {
            let (Axis::Child, NodeTest::Name { prefix, local }) = (&step.axis, &step.test) else {
                return form();
            };
            if !step.predicates.iter().all(is_instance_predicate) {
                return form();
            }
            let Some(prefix) = prefix else {
                return Some(format!("`{local}` has no prefix"));
            };
            let Some((tree, drafts)) = self.nodes else {
                continue;
            };
            match tree.step(drafts, self.names, prefixes, place, Some(prefix), local) {
                Ok(found) => place = found,
                Err(problem) => return Some(problem.clause),
            }
        }
        None
    }

    /// The identity that a value of the type is, if it is one.
    pub fn identity(&self, ty: &Type, text: &str, prefixes: &PrefixMap) -> Option<IdentityId> {
        match &ty.resolved().kind {
            TypeKind::IdentityRef(_) => {
                let (prefix, name) = split_name(text);
                let key = (prefixes.module(prefix)?, self.names.find(name)?);
                self.identity_ids.get(&key).copied()
            }
            TypeKind::Union(members) => {
                let mut fitting = members
                    .iter()
                    .filter(|member| self.violation(member, text, prefixes).is_none());
                self.identity(fitting.next()?, text, prefixes)
            }
            _ => None,
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
            .and_then(|name| self.identity_ids.get(&(module, name)));
        let Some(id) = id else {
            return Some("there is no such identity".to_owned());
        };
        let ancestors = &self.identities[id.index()].ancestors;
        let missing = bases
            .iter()
            .find(|base| ancestors.binary_search(base).is_err())?;
        Some(format!(
            "it is not derived from {}",
            self.identities[missing.index()].name
        ))
    }
}

/// What two texts of one value have in common, so that equal values can be told.
pub(super) fn comparable<'t>(ty: &Type, text: &'t str) -> std::borrow::Cow<'t, str> {
    let number = match &ty.resolved().kind {
        TypeKind::Int(..) | TypeKind::Uint(..) => parse_integer(text),
        TypeKind::Decimal64 {
            fraction_digits, ..
        } => parse_decimal(text, *fraction_digits).map(i128::from),
        TypeKind::Bits(_) => {
            let mut names: Vec<_> = text.split_ascii_whitespace().collect();
            names.sort_unstable();
            return names.join(" ").into();
        }
        _ => None,
    };
    number.map_or(text.into(), |number| number.to_string().into())
}

/// `[p:key = 'value']`, `[. = 'value']`, `[3]`.
fn is_instance_predicate(predicate: &Expr) -> bool {
    let is_key_or_self = |steps: &[Step]| match steps {
        [step] => {
            step.predicates.is_empty()
                && matches!(
                    (&step.axis, &step.test),
                    (Axis::Child, NodeTest::Name { .. }) | (Axis::SelfNode, NodeTest::Node)
                )
        }
        _ => false,
    };
    match predicate {
        Expr::Number(position) => *position >= 1.0 && position.fract() == 0.0,
        Expr::Compare(CompareOp::Equal, key, value) => {
            matches!(&**value, Expr::Literal(_))
                && matches!(&**key, Expr::Path(path) if !path.absolute && is_key_or_self(&path.steps))
        }
        _ => false,
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

/// What to write instead of a text that is no value of a type.
pub(super) fn what_fits(ty: &Type, text: &str) -> String {
    match &ty.kind {
        TypeKind::Int(width, range) => {
            let (min, max) = super::types::signed_bounds(*width);
            format!("the type takes {}", intervals(&range.parts, min, max))
        }
        TypeKind::Uint(width, range) => {
            let max = u64::MAX >> (64 - super::types::bits(*width));
            format!("the type takes {}", intervals(&range.parts, 0, max))
        }
        TypeKind::Decimal64 {
            fraction_digits, ..
        } => format!(
            "write a number within the range, with at most {fraction_digits} digits after the point"
        ),
        TypeKind::Boolean => "write `true` or `false`".to_owned(),
        TypeKind::Enumeration(items) => one_of(text, items.iter().map(|item| &*item.name)),
        TypeKind::Bits(bits) => one_of(text, bits.iter().map(|bit| &*bit.name)),
        TypeKind::Empty => "remove the default".to_owned(),
        _ => "write a value of the type, or change the type".to_owned(),
    }
}

/// The intervals of a restriction as YANG writes them; those of the bare type if there is none.
fn intervals<T: Copy + PartialEq + std::fmt::Display>(
    parts: &[Range<T>],
    min: T,
    max: T,
) -> String {
    let bare = [Range { min, max }];
    let parts = if parts.is_empty() { &bare } else { parts };
    let shown: Vec<_> = parts
        .iter()
        .map(|part| match part.min == part.max {
            true => part.min.to_string(),
            false => format!("{}..{}", part.min, part.max),
        })
        .collect();
    shown.join(" | ")
}

/// The nearest of some names, else the first few of them.
fn one_of<'n>(text: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    const FEW: usize = 8;
    // A type may have as many names as there are wrong values.
    const COMPARED: usize = 500;
    if let Some(near) = nearest(text, names.clone().take(COMPARED)) {
        return format!("did you mean `{near}`?");
    }
    let shown: Vec<_> = names
        .clone()
        .take(FEW)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if names.clone().nth(FEW).is_some() {
        ", ..."
    } else {
        ""
    };
    format!("the type has {}{more}", shown.join(", "))
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
