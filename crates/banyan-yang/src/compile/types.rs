//! Types: built-in types with their restrictions, and chains of typedefs (RFC 7950 7.3, 7.4, 9).
//!
//! A type without a leafref is finished here, once, and shared by all that use it. A leafref depends on where
//! its leaf stands, so a type that holds one stays a [`DraftType`] until `leafref` finishes it for each leaf.

use std::collections::HashSet;
use std::sync::Arc;

use super::context::Compilation;
use super::range::{parse_decimal, parse_integer, parse_range};
use super::set::{StatementRef, split_name};
use crate::diagnostic::Diagnostic;
use crate::grammar::Version;
use crate::pattern::Pattern;
use crate::schema::{
    Bit, EnumItem, IntWidth, ModuleId, PatternRestriction, Range, Restriction, Type, TypeKind,
};
use crate::statement::Keyword;

/// The typedef that a leaf names.
pub(super) type TypedefName = Option<(ModuleId, Arc<str>)>;

/// A type that may still lack the targets of its leafrefs.
#[derive(Clone, Debug)]
pub(super) enum DraftType {
    /// Finished.
    Plain(Arc<Type>),
    Leafref(Arc<LeafrefDraft>),
    Union(Arc<UnionDraft>),
}

#[derive(Clone, Debug)]
pub(super) struct LeafrefDraft {
    /// The `path` statement.
    pub path: StatementRef,
    pub require_instance: bool,
    /// The module of unprefixed names; `None`: that of the leaf, because no typedef is between.
    pub default: Option<ModuleId>,
    pub typedef: TypedefName,
}

#[derive(Clone, Debug)]
pub(super) struct UnionDraft {
    pub members: Vec<DraftType>,
    pub typedef: TypedefName,
}

/// What a `type` or `typedef` statement amounts to.
#[derive(Clone, Debug)]
pub(super) struct ResolvedType {
    pub ty: DraftType,
    /// The `default` statement of the nearest typedef that has one (RFC 7950 7.3.4).
    pub default: Option<StatementRef>,
    /// The `units` statement of the nearest typedef that has one.
    pub units: Option<StatementRef>,
    /// Number of member types, nested unions included.
    weight: usize,
}

/// How long a chain of typedefs may be.
const MAX_CHAIN: usize = 100;
/// How many member types a union may have, all nested ones counted.
const MAX_MEMBERS: usize = 10_000;

impl<'a> Compilation<'a> {
    /// The type that a `type` statement stands for. An error is reported once, at the first use.
    pub fn resolve_type(&mut self, at: StatementRef) -> Option<ResolvedType> {
        if let Some(known) = self.types.get(&at) {
            return known.clone();
        }
        let resolved = self.resolve_type_now(at);
        self.types.insert(at, resolved.clone());
        resolved
    }

    fn resolve_type_now(&mut self, at: StatementRef) -> Option<ResolvedType> {
        let name = self.set.argument(at);
        if let Some(builtin) = Builtin::named(name) {
            return self.builtin(at, builtin);
        }
        let typedef = self.definition(Keyword::Typedef, at, name)?;
        let base = self.resolve_typedef(typedef)?;
        self.restrict(at, base)
    }

    /// The type that a `typedef` defines.
    pub fn resolve_typedef(&mut self, at: StatementRef) -> Option<ResolvedType> {
        if let Some(known) = self.types.get(&at) {
            return known.clone();
        }
        if let Some(start) = self.types_in_progress.iter().position(|open| *open == at) {
            // RFC 7950 7.3: a typedef must not be defined in terms of itself.
            let cycle: Vec<_> = self.types_in_progress[start..]
                .iter()
                .chain([&at])
                .map(|typedef| self.set.argument(*typedef))
                .collect();
            let message = format!("typedefs are defined by each other: {}", cycle.join(" -> "));
            self.report(
                Diagnostic::error("circular-typedef", self.set.span(at), message)
                    .rfc("RFC 7950 7.3"),
            );
            return None;
        }
        if self.types_in_progress.len() >= MAX_CHAIN {
            let message = format!("a chain of more than {MAX_CHAIN} typedefs");
            self.report(Diagnostic::error("too-deep", self.set.span(at), message));
            return None;
        }
        self.types_in_progress.push(at);
        let base = self
            .set
            .child(at, Keyword::Type)
            .and_then(|ty| self.resolve_type(ty));
        self.types_in_progress.pop();
        let resolved = base.map(|base| {
            let name = (self.set.owner(at.unit), self.shared_argument(at));
            ResolvedType {
                ty: base.ty.named(&name),
                default: self.set.child(at, Keyword::Default).or(base.default),
                units: self.set.child(at, Keyword::Units).or(base.units),
                weight: base.weight,
            }
        });
        self.types.insert(at, resolved.clone());
        resolved
    }

    fn type_error(
        &mut self,
        at: StatementRef,
        code: &'static str,
        message: String,
        rfc: &'static str,
    ) {
        let span = self.set.span(at);
        self.report(Diagnostic::error(code, span, message).rfc(rfc));
    }

    /// Reports substatements that do not fit the base type.
    fn check_restrictions(&mut self, at: StatementRef, builtin: Builtin, derived: bool) {
        let set = self.set;
        for child in set.children(at) {
            let keyword = set.keyword(child);
            if keyword == Keyword::Extension
                || builtin.restrictions().contains(&keyword)
                    && !(derived && Builtin::ONLY_AT_BASE.contains(&keyword))
            {
                continue;
            }
            let name = set.argument(at);
            let message = if builtin.restrictions().contains(&keyword) {
                format!(
                    "`{}` can only stand where {} itself is named",
                    keyword.text(),
                    builtin.name()
                )
            } else {
                format!(
                    "`{}` cannot restrict `{name}`, which is of type {}",
                    keyword.text(),
                    builtin.name()
                )
            };
            self.type_error(child, "misplaced-restriction", message, "RFC 7950 9");
        }
    }

    fn builtin(&mut self, at: StatementRef, builtin: Builtin) -> Option<ResolvedType> {
        self.check_restrictions(at, builtin, false);
        let set = self.set;
        let plain = |kind| {
            Some(ResolvedType {
                ty: DraftType::Plain(Arc::new(Type {
                    kind,
                    typedef: None,
                })),
                default: None,
                units: None,
                weight: 1,
            })
        };
        match builtin {
            Builtin::Int(width) => {
                let (min, max) = signed_bounds(width);
                plain(TypeKind::Int(
                    width,
                    self.restriction(at, Keyword::Range, None, Range { min, max }, |text| {
                        i64::try_from(parse_integer(text)?).ok()
                    })?,
                ))
            }
            Builtin::Uint(width) => {
                let max = u64::MAX >> (64 - bits(width));
                plain(TypeKind::Uint(
                    width,
                    self.restriction(
                        at,
                        Keyword::Range,
                        None,
                        Range { min: 0, max },
                        parse_unsigned,
                    )?,
                ))
            }
            Builtin::Decimal64 => {
                let Some(digits) = set.child_argument(at, Keyword::FractionDigits) else {
                    self.missing(at, Keyword::FractionDigits, "RFC 7950 9.3.4");
                    return None;
                };
                let fraction_digits: u8 = digits.parse().ok()?; // The grammar has checked it.
                let full = Range {
                    min: i64::MIN,
                    max: i64::MAX,
                };
                let range = self.restriction(at, Keyword::Range, None, full, |text| {
                    parse_decimal(text, fraction_digits)
                })?;
                plain(TypeKind::Decimal64 {
                    fraction_digits,
                    range,
                })
            }
            Builtin::String => plain(TypeKind::String {
                length: self.restriction(at, Keyword::Length, None, FULL_LENGTH, parse_unsigned)?,
                patterns: self.patterns_of(at),
            }),
            Builtin::Binary => plain(TypeKind::Binary(self.restriction(
                at,
                Keyword::Length,
                None,
                FULL_LENGTH,
                parse_unsigned,
            )?)),
            Builtin::Boolean => plain(TypeKind::Boolean),
            Builtin::Empty => plain(TypeKind::Empty),
            Builtin::Enumeration => {
                let items = self.enums(at, None);
                if items.is_empty() && set.child(at, Keyword::Enum).is_none() {
                    self.missing(at, Keyword::Enum, "RFC 7950 9.6.3");
                    return None;
                }
                plain(TypeKind::Enumeration(items))
            }
            Builtin::Bits => {
                let bits = self.bits(at, None);
                if bits.is_empty() && set.child(at, Keyword::Bit).is_none() {
                    self.missing(at, Keyword::Bit, "RFC 7950 9.7.3");
                    return None;
                }
                plain(TypeKind::Bits(bits))
            }
            Builtin::IdentityRef => {
                let written = set.children_of(at, Keyword::Base).count();
                if written == 0 {
                    self.missing(at, Keyword::Base, "RFC 7950 9.10.2");
                }
                let bases = self.bases(at);
                (bases.len() == written && written > 0)
                    .then(|| plain(TypeKind::IdentityRef(bases)))
                    .flatten()
            }
            Builtin::InstanceIdentifier => plain(TypeKind::InstanceIdentifier {
                require_instance: self.require_instance(at).unwrap_or(true),
            }),
            Builtin::Leafref => {
                let Some(path) = set.child(at, Keyword::Path) else {
                    self.missing(at, Keyword::Path, "RFC 7950 9.9.2");
                    return None;
                };
                if set.version(at) == Version::V1
                    && let Some(require) = set.child(at, Keyword::RequireInstance)
                {
                    self.report(
                        Diagnostic::error(
                            "needs-yang-1.1",
                            set.span(require),
                            "`require-instance` of a leafref needs YANG 1.1",
                        )
                        .rfc("RFC 7950 1.1"),
                    );
                }
                // RFC 7950 6.4.1. A typedef's path means the same wherever it is used.
                let in_typedef = !self.types_in_progress.is_empty();
                Some(ResolvedType {
                    ty: DraftType::Leafref(Arc::new(LeafrefDraft {
                        path,
                        require_instance: self.require_instance(at).unwrap_or(true),
                        default: in_typedef.then(|| set.owner(at.unit)),
                        typedef: None,
                    })),
                    default: None,
                    units: None,
                    weight: 1,
                })
            }
            Builtin::Union => self.union(at),
        }
    }

    fn missing(&mut self, at: StatementRef, keyword: Keyword, rfc: &'static str) {
        let message = format!("type {} has no `{}`", self.set.argument(at), keyword.text());
        let span = self.set.span(at);
        self.report(
            Diagnostic::error("missing-statement", span, message)
                .help(format!("add a `{}` statement", keyword.text()))
                .rfc(rfc),
        );
    }

    fn require_instance(&self, at: StatementRef) -> Option<bool> {
        Some(self.set.child_argument(at, Keyword::RequireInstance)? == "true")
    }

    fn union(&mut self, at: StatementRef) -> Option<ResolvedType> {
        let set = self.set;
        let mut members = Vec::new();
        let mut weight = 0usize;
        let mut complete = true;
        for member in set.children_of(at, Keyword::Type) {
            match self.resolve_type(member) {
                Some(resolved) => {
                    weight = weight.saturating_add(resolved.weight);
                    members.push(resolved.ty);
                }
                None => complete = false,
            }
        }
        if members.is_empty() {
            if complete {
                self.missing(at, Keyword::Type, "RFC 7950 9.12");
            }
            return None;
        }
        if weight > MAX_MEMBERS {
            let message = format!("a union of more than {MAX_MEMBERS} member types");
            self.report(Diagnostic::error("union-too-large", set.span(at), message));
            return None;
        }
        let plain: Option<Vec<Arc<Type>>> = members
            .iter()
            .map(|member| match member {
                DraftType::Plain(ty) => Some(ty.clone()),
                _ => None,
            })
            .collect();
        let ty = match plain {
            Some(members) => DraftType::Plain(Arc::new(Type {
                kind: TypeKind::Union(members),
                typedef: None,
            })),
            None => DraftType::Union(Arc::new(UnionDraft {
                members,
                typedef: None,
            })),
        };
        Some(ResolvedType {
            ty,
            default: None,
            units: None,
            weight,
        })
    }

    /// A derived type: the base with what the `type` statement adds.
    fn restrict(&mut self, at: StatementRef, base: ResolvedType) -> Option<ResolvedType> {
        let set = self.set;
        let builtin = match &base.ty {
            DraftType::Plain(ty) => Builtin::of(&ty.kind),
            DraftType::Leafref(_) => Builtin::Leafref,
            DraftType::Union(_) => Builtin::Union,
        };
        self.check_restrictions(at, builtin, true);
        let restricts = |keyword: &Keyword| set.child(at, *keyword).is_some();
        if !builtin.restrictions().iter().any(restricts) {
            return Some(base);
        }
        let ty = match &base.ty {
            DraftType::Plain(ty) => ty,
            DraftType::Union(_) => return Some(base),
            DraftType::Leafref(leafref) => {
                let require_instance = self
                    .require_instance(at)
                    .unwrap_or(leafref.require_instance);
                return Some(ResolvedType {
                    ty: DraftType::Leafref(Arc::new(LeafrefDraft {
                        require_instance,
                        ..(**leafref).clone()
                    })),
                    ..base
                });
            }
        };
        let kind = match &ty.kind {
            TypeKind::Int(width, range) => {
                let (min, max) = signed_bounds(*width);
                let full = Range { min, max };
                let number = |text: &str| i64::try_from(parse_integer(text)?).ok();
                TypeKind::Int(
                    *width,
                    self.restriction(at, Keyword::Range, Some(range), full, number)?,
                )
            }
            TypeKind::Uint(width, range) => {
                let full = Range {
                    min: 0,
                    max: u64::MAX >> (64 - bits(*width)),
                };
                TypeKind::Uint(
                    *width,
                    self.restriction(at, Keyword::Range, Some(range), full, parse_unsigned)?,
                )
            }
            TypeKind::Decimal64 {
                fraction_digits,
                range,
            } => {
                let full = Range {
                    min: i64::MIN,
                    max: i64::MAX,
                };
                let digits = *fraction_digits;
                let number = |text: &str| parse_decimal(text, digits);
                TypeKind::Decimal64 {
                    fraction_digits: digits,
                    range: self.restriction(at, Keyword::Range, Some(range), full, number)?,
                }
            }
            TypeKind::String { length, patterns } => {
                let mut patterns = patterns.clone();
                patterns.extend(self.patterns_of(at));
                TypeKind::String {
                    length: self.restriction(
                        at,
                        Keyword::Length,
                        Some(length),
                        FULL_LENGTH,
                        parse_unsigned,
                    )?,
                    patterns,
                }
            }
            TypeKind::Binary(length) => TypeKind::Binary(self.restriction(
                at,
                Keyword::Length,
                Some(length),
                FULL_LENGTH,
                parse_unsigned,
            )?),
            TypeKind::Enumeration(items) => {
                self.needs_1_1(at, Keyword::Enum);
                TypeKind::Enumeration(self.enums(at, Some(items)))
            }
            TypeKind::Bits(items) => {
                self.needs_1_1(at, Keyword::Bit);
                TypeKind::Bits(self.bits(at, Some(items)))
            }
            TypeKind::InstanceIdentifier { require_instance } => TypeKind::InstanceIdentifier {
                require_instance: self.require_instance(at).unwrap_or(*require_instance),
            },
            other => other.clone(),
        };
        let typedef = ty.typedef.clone();
        Some(ResolvedType {
            ty: DraftType::Plain(Arc::new(Type { kind, typedef })),
            ..base
        })
    }

    /// RFC 7950 1.1: enums and bits of a typedef can be restricted since 1.1.
    fn needs_1_1(&mut self, at: StatementRef, keyword: Keyword) {
        if self.set.version(at) == Version::V1
            && let Some(child) = self.set.child(at, keyword)
        {
            self.report(
                Diagnostic::error(
                    "needs-yang-1.1",
                    self.set.span(child),
                    format!(
                        "to restrict a typedef with `{}` needs YANG 1.1",
                        keyword.text()
                    ),
                )
                .rfc("RFC 7950 1.1"),
            );
        }
    }

    /// A `range` or `length`. Without one the base's is kept. `None` after an error.
    fn restriction<T: Copy + Ord>(
        &mut self,
        at: StatementRef,
        keyword: Keyword,
        base: Option<&Restriction<T>>,
        full: Range<T>,
        number: impl Fn(&str) -> Option<T>,
    ) -> Option<Restriction<T>> {
        let Some(child) = self.set.child(at, keyword) else {
            return Some(base.cloned().unwrap_or_default());
        };
        let parts = base.map_or(&[][..], |base| &base.parts[..]);
        let base = if parts.is_empty() { &[full][..] } else { parts };
        match parse_range(self.set.argument(child), base, number) {
            Ok(parts) => Some(Restriction {
                parts,
                error_message: self.shared_child_argument(child, Keyword::ErrorMessage),
                error_app_tag: self.shared_child_argument(child, Keyword::ErrorAppTag),
            }),
            Err(problem) => {
                let rfc = match keyword {
                    Keyword::Range => "RFC 7950 9.2.4",
                    _ => "RFC 7950 9.4.4",
                };
                let code = match keyword {
                    Keyword::Range => "invalid-range",
                    _ => "invalid-length",
                };
                let span = self.set.argument_span(child);
                let message = format!("the {} is not valid: {problem}", keyword.text());
                self.report(Diagnostic::error(code, span, message).rfc(rfc));
                None
            }
        }
    }

    /// RFC 7950 9.4.5. A pattern with an error is left out.
    fn patterns_of(&mut self, at: StatementRef) -> Vec<PatternRestriction> {
        let set = self.set;
        let mut patterns = Vec::new();
        for child in set.children_of(at, Keyword::Pattern) {
            let text = self.shared_argument(child);
            let pattern = match self.patterns.get(&text) {
                Some(pattern) => pattern.clone(),
                None => match Pattern::new(text.clone()) {
                    Ok(pattern) => {
                        let pattern = Arc::new(pattern);
                        self.patterns.insert(text, pattern.clone());
                        pattern
                    }
                    Err(error) => {
                        let span = set.argument_span(child);
                        let message = format!(
                            "the pattern is not a regular expression of XML Schema: {error}"
                        );
                        self.report(
                            Diagnostic::error("invalid-pattern", span, message)
                                .rfc("RFC 7950 9.4.5"),
                        );
                        continue;
                    }
                },
            };
            patterns.push(PatternRestriction {
                pattern,
                invert_match: set.child(child, Keyword::Modifier).is_some(),
                error_message: self.shared_child_argument(child, Keyword::ErrorMessage),
                error_app_tag: self.shared_child_argument(child, Keyword::ErrorAppTag),
            });
        }
        patterns
    }

    /// RFC 7950 9.6.4: values are given or counted; those of a restriction are the base's.
    fn enums(&mut self, at: StatementRef, base: Option<&[EnumItem]>) -> Vec<EnumItem> {
        let set = self.set;
        let mut names: HashSet<&str> = HashSet::new();
        let mut values: HashSet<i32> = HashSet::new();
        let mut highest: Option<i32> = None;
        let mut items = Vec::new();
        for child in set.children_of(at, Keyword::Enum) {
            let name = set.argument(child);
            if !names.insert(name) {
                self.type_error(
                    child,
                    "duplicate-enum",
                    format!("the enum `{name}` is there twice"),
                    "RFC 7950 9.6.4",
                );
                continue;
            }
            let given: Option<i32> = set
                .child_argument(child, Keyword::Value)
                .and_then(|value| value.parse().ok());
            let value = match base {
                Some(base) => {
                    let Some(item) = base.iter().find(|item| &*item.name == name) else {
                        let message = format!("the base type has no enum `{name}`");
                        self.type_error(child, "unknown-enum", message, "RFC 7950 9.6.4");
                        continue;
                    };
                    if given.is_some_and(|given| given != item.value) {
                        let message =
                            format!("the enum `{name}` must keep its value {}", item.value);
                        self.type_error(child, "changed-value", message, "RFC 7950 9.6.4.2");
                    }
                    item.value
                }
                None => match given.or(highest.map_or(Some(0), |highest| highest.checked_add(1))) {
                    Some(value) => value,
                    None => {
                        let message = format!(
                            "the enum `{name}` needs a `value`: the one before has the greatest"
                        );
                        self.type_error(child, "missing-value", message, "RFC 7950 9.6.4.2");
                        continue;
                    }
                },
            };
            if !values.insert(value) {
                let message = format!("the value {value} of enum `{name}` is another enum's too");
                self.type_error(child, "duplicate-value", message, "RFC 7950 9.6.4.2");
                continue;
            }
            highest = Some(highest.map_or(value, |highest| highest.max(value)));
            if self.features_hold(child) {
                let name = self.shared_argument(child);
                items.push(EnumItem { name, value });
            }
        }
        items
    }

    /// RFC 7950 9.7.4.
    fn bits(&mut self, at: StatementRef, base: Option<&[Bit]>) -> Vec<Bit> {
        let set = self.set;
        let mut names: HashSet<&str> = HashSet::new();
        let mut positions: HashSet<u32> = HashSet::new();
        let mut highest: Option<u32> = None;
        let mut bits = Vec::new();
        for child in set.children_of(at, Keyword::Bit) {
            let name = set.argument(child);
            if !names.insert(name) {
                self.type_error(
                    child,
                    "duplicate-bit",
                    format!("the bit `{name}` is there twice"),
                    "RFC 7950 9.7.4",
                );
                continue;
            }
            let given: Option<u32> = set
                .child_argument(child, Keyword::Position)
                .and_then(|position| position.parse().ok());
            let position = match base {
                Some(base) => {
                    let Some(bit) = base.iter().find(|bit| &*bit.name == name) else {
                        let message = format!("the base type has no bit `{name}`");
                        self.type_error(child, "unknown-bit", message, "RFC 7950 9.7.4");
                        continue;
                    };
                    if given.is_some_and(|given| given != bit.position) {
                        let message =
                            format!("the bit `{name}` must keep its position {}", bit.position);
                        self.type_error(child, "changed-position", message, "RFC 7950 9.7.4.2");
                    }
                    bit.position
                }
                None => match given.or(highest.map_or(Some(0), |highest| highest.checked_add(1))) {
                    Some(position) => position,
                    None => {
                        let message = format!(
                            "the bit `{name}` needs a `position`: the one before has the greatest"
                        );
                        self.type_error(child, "missing-position", message, "RFC 7950 9.7.4.2");
                        continue;
                    }
                },
            };
            if !positions.insert(position) {
                let message =
                    format!("the position {position} of bit `{name}` is another bit's too");
                self.type_error(child, "duplicate-position", message, "RFC 7950 9.7.4.2");
                continue;
            }
            highest = Some(highest.map_or(position, |highest| highest.max(position)));
            if self.features_hold(child) {
                let name = self.shared_argument(child);
                bits.push(Bit { name, position });
            }
        }
        bits.sort_by_key(|bit| bit.position);
        bits
    }
}

impl DraftType {
    /// The same type under the name of a typedef.
    fn named(self, name: &(ModuleId, Arc<str>)) -> Self {
        let typedef = Some(name.clone());
        match self {
            DraftType::Plain(ty) => DraftType::Plain(Arc::new(Type {
                kind: ty.kind.clone(),
                typedef,
            })),
            DraftType::Leafref(leafref) => DraftType::Leafref(Arc::new(LeafrefDraft {
                typedef,
                ..(*leafref).clone()
            })),
            DraftType::Union(union) => DraftType::Union(Arc::new(UnionDraft {
                members: union.members.clone(),
                typedef,
            })),
        }
    }
}

const FULL_LENGTH: Range<u64> = Range {
    min: 0,
    max: u64::MAX,
};

fn parse_unsigned(text: &str) -> Option<u64> {
    u64::try_from(parse_integer(text)?).ok()
}

pub(super) fn bits(width: IntWidth) -> u32 {
    match width {
        IntWidth::W8 => 8,
        IntWidth::W16 => 16,
        IntWidth::W32 => 32,
        IntWidth::W64 => 64,
    }
}

pub(super) fn signed_bounds(width: IntWidth) -> (i64, i64) {
    let shift = 64 - bits(width);
    (i64::MIN >> shift, i64::MAX >> shift)
}

/// The built-in types (RFC 7950 4.2.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Builtin {
    Int(IntWidth),
    Uint(IntWidth),
    Decimal64,
    String,
    Boolean,
    Enumeration,
    Bits,
    Binary,
    Leafref,
    IdentityRef,
    Empty,
    Union,
    InstanceIdentifier,
}

impl Builtin {
    /// What only the built-in type itself can have, not a type derived from it.
    const ONLY_AT_BASE: [Keyword; 4] = [
        Keyword::FractionDigits,
        Keyword::Path,
        Keyword::Base,
        Keyword::Type,
    ];

    fn named(name: &str) -> Option<Self> {
        use IntWidth::*;
        if split_name(name).0.is_some() {
            return None;
        }
        Some(match name {
            "int8" => Builtin::Int(W8),
            "int16" => Builtin::Int(W16),
            "int32" => Builtin::Int(W32),
            "int64" => Builtin::Int(W64),
            "uint8" => Builtin::Uint(W8),
            "uint16" => Builtin::Uint(W16),
            "uint32" => Builtin::Uint(W32),
            "uint64" => Builtin::Uint(W64),
            "decimal64" => Builtin::Decimal64,
            "string" => Builtin::String,
            "boolean" => Builtin::Boolean,
            "enumeration" => Builtin::Enumeration,
            "bits" => Builtin::Bits,
            "binary" => Builtin::Binary,
            "leafref" => Builtin::Leafref,
            "identityref" => Builtin::IdentityRef,
            "empty" => Builtin::Empty,
            "union" => Builtin::Union,
            "instance-identifier" => Builtin::InstanceIdentifier,
            _ => return None,
        })
    }

    fn of(kind: &TypeKind) -> Self {
        match kind {
            TypeKind::Int(width, _) => Builtin::Int(*width),
            TypeKind::Uint(width, _) => Builtin::Uint(*width),
            TypeKind::Decimal64 { .. } => Builtin::Decimal64,
            TypeKind::String { .. } => Builtin::String,
            TypeKind::Boolean => Builtin::Boolean,
            TypeKind::Enumeration(_) => Builtin::Enumeration,
            TypeKind::Bits(_) => Builtin::Bits,
            TypeKind::Binary(_) => Builtin::Binary,
            TypeKind::Leafref { .. } => Builtin::Leafref,
            TypeKind::IdentityRef(_) => Builtin::IdentityRef,
            TypeKind::Empty => Builtin::Empty,
            TypeKind::Union(_) => Builtin::Union,
            TypeKind::InstanceIdentifier { .. } => Builtin::InstanceIdentifier,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Builtin::Int(_) | Builtin::Uint(_) => "integer",
            Builtin::Decimal64 => "decimal64",
            Builtin::String => "string",
            Builtin::Boolean => "boolean",
            Builtin::Enumeration => "enumeration",
            Builtin::Bits => "bits",
            Builtin::Binary => "binary",
            Builtin::Leafref => "leafref",
            Builtin::IdentityRef => "identityref",
            Builtin::Empty => "empty",
            Builtin::Union => "union",
            Builtin::InstanceIdentifier => "instance-identifier",
        }
    }

    /// The substatements that fit (RFC 7950 9).
    fn restrictions(self) -> &'static [Keyword] {
        use Keyword::*;
        match self {
            Builtin::Int(_) | Builtin::Uint(_) => &[Range],
            Builtin::Decimal64 => &[FractionDigits, Range],
            Builtin::String => &[Length, Pattern],
            Builtin::Binary => &[Length],
            Builtin::Enumeration => &[Enum],
            Builtin::Bits => &[Bit],
            Builtin::Leafref => &[Path, RequireInstance],
            Builtin::IdentityRef => &[Base],
            Builtin::Union => &[Type],
            Builtin::InstanceIdentifier => &[RequireInstance],
            Builtin::Boolean | Builtin::Empty => &[],
        }
    }
}
