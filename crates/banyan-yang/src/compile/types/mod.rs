//! Types: built-in types with their restrictions, and chains of typedefs (RFC 7950 7.3, 7.4, 9).
//!
//! A type without a leafref is finished here, once, and shared by all that use it. A leafref depends on where
//! its leaf stands, so a type that holds one stays a [`DraftType`] until `leafref` finishes it for each leaf.

mod builtin;
mod derived;
mod items;
mod path;
mod restriction;

use std::sync::Arc;

pub(super) use path::key_test;
pub(super) use restriction::{bits, signed_bounds};

use self::builtin::Builtin;
use self::items::Items;
use self::path::{PathForm, path_form};
use self::restriction::{FULL_LENGTH, parse_signed, parse_unsigned};
use super::context::Compilation;
use super::range::parse_decimal;
use super::set::StatementRef;
use crate::diagnostic::Diagnostic;
use crate::grammar::Version;
use crate::schema::{ModuleId, Range, Type, TypeKind};
use crate::statement::Keyword;

/// The names of the built-in types.
pub(super) fn builtin_names() -> impl Iterator<Item = &'static str> {
    Builtin::names()
}

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
    /// Its form is that of RFC 7950 9.9.2; if not, that is reported.
    pub well_formed: bool,
    /// The module of unprefixed names; `None`: that of the leaf.
    pub default: Option<ModuleId>,
    /// The module that the path is written in.
    pub home: ModuleId,
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
    /// All enums or bits, also those that are switched off: what a derived type may name.
    items: Option<Arc<Items>>,
    /// Number of member types, nested unions included.
    weight: u32,
    /// Typedefs and unions on the longest way down to a built-in type.
    depth: u32,
}

impl ResolvedType {
    /// A type that stands for itself alone.
    fn of(ty: DraftType) -> Self {
        ResolvedType {
            ty,
            default: None,
            units: None,
            items: None,
            weight: 1,
            depth: 1,
        }
    }
}

/// How deep typedefs and unions may be nested: what walks over a type may recurse.
const MAX_CHAIN: u32 = 100;
/// How many member types a union may have, all nested ones counted.
const MAX_MEMBERS: u32 = 1_000;

/// Whether a built-in type has this name.
pub(super) fn is_builtin(name: &str) -> bool {
    Builtin::named(name).is_some()
}

impl<'a> Compilation<'a> {
    /// The type that a `type` statement stands for. An error is reported once, at the first use.
    pub fn resolve_type(&mut self, at: StatementRef) -> Option<ResolvedType> {
        if let Some(plain) = self.unrestricted(at) {
            return Some(ResolvedType::of(DraftType::Plain(plain)));
        }
        if let Some(known) = self.types.get(&at) {
            return known.clone();
        }
        // Types met for the first time are resolved by recursion, so their nesting is limited beforehand.
        self.type_nesting += 1;
        let resolved = if self.type_nesting > 2 * MAX_CHAIN {
            self.too_deep(at);
            None
        } else {
            self.resolve_type_now(at)
        };
        self.type_nesting -= 1;
        self.types.insert(at, resolved.clone());
        resolved
    }

    /// A built-in type by itself, shared by all leafs that have it: most leafs do.
    fn unrestricted(&mut self, at: StatementRef) -> Option<Arc<Type>> {
        let builtin = Builtin::named(self.set.argument(at))?;
        if self.set.children(at).next().is_some() {
            return None;
        }
        let mut known = self.unrestricted_types.iter();
        if let Some(known) = known.find(|ty| Builtin::of(&ty.kind) == builtin) {
            return Some(known.clone());
        }
        let kind = builtin.unrestricted()?;
        let ty = Arc::new(Type {
            kind,
            typedef: None,
        });
        self.unrestricted_types.push(ty.clone());
        Some(ty)
    }

    fn too_deep(&mut self, at: StatementRef) {
        let message = format!("typedefs and unions are nested more than {MAX_CHAIN} deep");
        self.report(
            Diagnostic::error("too-deep", self.set.span(at), message)
                .help("name a type that is nearer to the built-in one"),
        );
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
            let mut error = Diagnostic::error("circular-typedef", self.set.span(at), message);
            for other in self.types_in_progress[start..].iter().skip(1).take(5) {
                error = error.related(self.set.span(*other), "defined by the next");
            }
            self.report(
                error
                    .help("let one of them name a built-in type")
                    .rfc("RFC 7950 7.3"),
            );
            return None;
        }
        self.types_in_progress.push(at);
        let mut base = self
            .set
            .child(at, Keyword::Type)
            .and_then(|ty| self.resolve_type(ty));
        self.types_in_progress.pop();
        if base.as_ref().is_some_and(|base| base.depth >= MAX_CHAIN) {
            self.too_deep(at);
            base = None;
        }
        let resolved = base.map(|base| {
            let name = (self.set.owner(at.unit), self.shared_argument(at));
            ResolvedType {
                ty: base.ty.named(&name),
                default: self.set.child(at, Keyword::Default).or(base.default),
                units: self.set.child(at, Keyword::Units).or(base.units),
                depth: base.depth + 1,
                ..base
            }
        });
        if let Some(resolved) = &resolved
            && resolved.default.is_some()
        {
            self.typedefs_with_default.push((at, resolved.clone()));
        }
        self.types.insert(at, resolved.clone());
        resolved
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
            } else if Builtin::named(name).is_some() {
                format!("`{}` cannot restrict the type {name}", keyword.text())
            } else {
                format!(
                    "`{}` cannot restrict `{name}`, which is of type {}",
                    keyword.text(),
                    builtin.name()
                )
            };
            let at_base = |keyword: &&Keyword| !derived || !Builtin::ONLY_AT_BASE.contains(keyword);
            let fitting: Vec<_> = builtin.restrictions().iter().filter(at_base).collect();
            let fitting: Vec<_> = fitting
                .iter()
                .map(|fit| format!("`{}`", fit.text()))
                .collect();
            let help = match fitting.is_empty() {
                true => "remove it: nothing restricts this type".to_owned(),
                false => format!("remove it; what this type takes: {}", fitting.join(", ")),
            };
            self.report(
                Diagnostic::error("misplaced-restriction", set.span(child), message)
                    .help(help)
                    .rfc("RFC 7950 9"),
            );
        }
    }

    fn builtin(&mut self, at: StatementRef, builtin: Builtin) -> Option<ResolvedType> {
        self.check_restrictions(at, builtin, false);
        let set = self.set;
        let plain = |kind| {
            Some(ResolvedType::of(DraftType::Plain(Arc::new(Type {
                kind,
                typedef: None,
            }))))
        };
        match builtin {
            Builtin::Int(width) => {
                let (min, max) = signed_bounds(width);
                plain(TypeKind::Int(
                    width,
                    self.restriction(at, Keyword::Range, None, Range { min, max }, parse_signed),
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
                    ),
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
                });
                plain(TypeKind::Decimal64 {
                    fraction_digits,
                    range,
                })
            }
            Builtin::String => plain(TypeKind::String {
                length: self.restriction(at, Keyword::Length, None, FULL_LENGTH, parse_unsigned),
                patterns: self.patterns_of(at).into(),
            }),
            Builtin::Binary => plain(TypeKind::Binary(self.restriction(
                at,
                Keyword::Length,
                None,
                FULL_LENGTH,
                parse_unsigned,
            ))),
            Builtin::Boolean => plain(TypeKind::Boolean),
            Builtin::Empty => plain(TypeKind::Empty),
            Builtin::Enumeration => {
                if set.child(at, Keyword::Enum).is_none() {
                    self.missing(at, Keyword::Enum, "RFC 7950 9.6.3");
                    return None;
                }
                let items = self.items(at, &items::ENUM, None);
                let resolved = plain(TypeKind::Enumeration(items::enums(&items)))?;
                Some(ResolvedType {
                    items: Some(Arc::new(Items::new(items))),
                    ..resolved
                })
            }
            Builtin::Bits => {
                if set.child(at, Keyword::Bit).is_none() {
                    self.missing(at, Keyword::Bit, "RFC 7950 9.7.3");
                    return None;
                }
                let items = self.items(at, &items::BIT, None);
                let resolved = plain(TypeKind::Bits(items::bits(&items)))?;
                Some(ResolvedType {
                    items: Some(Arc::new(Items::new(items))),
                    ..resolved
                })
            }
            Builtin::IdentityRef => {
                let written = set.children_of(at, Keyword::Base).count();
                if written == 0 {
                    self.missing(at, Keyword::Base, "RFC 7950 9.10.2");
                }
                let bases = self.bases(at);
                (bases.len() == written && written > 0)
                    .then(|| plain(TypeKind::IdentityRef(bases.into())))
                    .flatten()
            }
            Builtin::InstanceIdentifier => plain(TypeKind::InstanceIdentifier {
                require_instance: self.require_instance(at).unwrap_or(true),
            }),
            Builtin::Leafref => self.leafref_type(at),
            Builtin::Union => self.union(at),
        }
    }

    fn leafref_type(&mut self, at: StatementRef) -> Option<ResolvedType> {
        let set = self.set;
        let Some(path) = set.child(at, Keyword::Path) else {
            self.missing(at, Keyword::Path, "RFC 7950 9.9.2");
            return None;
        };
        self.require_instance_needs_1_1(at);
        // RFC 7950 6.4.1, 9.9.2: unprefixed names are of the module of the leaf, wherever the path is written.
        // RFC 6020 leaves open what they are in a typedef; there they mean the same wherever it is used.
        let home = set.owner(at.unit);
        let fixed = set.version(at) == Version::V1 && !self.types_in_progress.is_empty();
        Some(ResolvedType::of(DraftType::Leafref(Arc::new(
            LeafrefDraft {
                path,
                well_formed: self.check_path_form(path, home),
                require_instance: self.require_instance(at).unwrap_or(true),
                default: fixed.then_some(home),
                home,
                typedef: None,
            },
        ))))
    }

    /// Reports a path that is not of the form of RFC 7950 9.9.2, once, whether or not the type is used.
    fn check_path_form(&mut self, at: StatementRef, home: ModuleId) -> bool {
        let Some(path) = self.expression(at, home) else {
            return false; // Reported.
        };
        match path_form(&path.expr) {
            PathForm::Standard => true,
            PathForm::Deref => {
                let message =
                    "`deref()` is no part of the path of a leafref; other tools refuse it";
                self.report(
                    Diagnostic::warning("deref-in-path", path.span, message)
                        .help("write the path to the target itself, with predicates for its keys")
                        .rfc("RFC 7950 9.9.2"),
                );
                true
            }
            PathForm::Wrong(problem) => {
                let message = format!("`{}` is not the path of a leafref: {problem}", path.text);
                self.report(
                    Diagnostic::error("invalid-path", path.span, message)
                        .help("write names and `..` between `/`, such as `../p:name` or `/p:list/p:name`")
                        .rfc("RFC 7950 9.9.2"),
                );
                false
            }
        }
    }

    /// RFC 7950 1.1: what a leafref refers to need not exist since 1.1.
    fn require_instance_needs_1_1(&mut self, at: StatementRef) {
        let set = self.set;
        if set.version(at) == Version::V1
            && let Some(require) = set.child(at, Keyword::RequireInstance)
        {
            let message = "`require-instance` of a leafref needs YANG 1.1";
            self.report(
                Diagnostic::error("needs-yang-1.1", set.span(require), message)
                    .help("add `yang-version 1.1;` to the module")
                    .rfc("RFC 7950 1.1"),
            );
        }
    }

    fn missing(&mut self, at: StatementRef, keyword: Keyword, rfc: &'static str) {
        let tree = self.set.tree(at);
        if tree
            .all_children(at.id)
            .any(|child| tree.keyword(child) == keyword)
        {
            return; // There is one, with an error that is reported.
        }
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
        let mut weight = 0u32;
        let mut depth = 0;
        let mut complete = true;
        for member in set.children_of(at, Keyword::Type) {
            match self.resolve_type(member) {
                Some(resolved) => {
                    self.check_member(member, &resolved.ty);
                    weight = weight.saturating_add(resolved.weight);
                    depth = depth.max(resolved.depth + 1);
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
        if depth > MAX_CHAIN {
            self.too_deep(at);
            return None;
        }
        if weight > MAX_MEMBERS {
            let message = format!("a union of more than {MAX_MEMBERS} member types");
            self.report(
                Diagnostic::error("union-too-large", set.span(at), message)
                    .help("leave out members whose values others take already"),
            );
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
                kind: TypeKind::Union(members.into()),
                typedef: None,
            })),
            None => DraftType::Union(Arc::new(UnionDraft {
                members,
                typedef: None,
            })),
        };
        Some(ResolvedType {
            weight,
            depth,
            ..ResolvedType::of(ty)
        })
    }

    /// RFC 6020 9.12: a union of version 1.0 has no members of type empty or leafref.
    fn check_member(&mut self, member: StatementRef, ty: &DraftType) {
        let what = match ty {
            DraftType::Leafref(_) => "leafref",
            DraftType::Plain(ty) if matches!(ty.kind, TypeKind::Empty) => "empty",
            _ => return,
        };
        if self.set.version(member) == Version::V1 {
            let message = format!("a union with a member of type {what} needs YANG 1.1");
            let span = self.set.span(member);
            self.report(
                Diagnostic::error("needs-yang-1.1", span, message)
                    .help("add `yang-version 1.1;` to the module")
                    .rfc("RFC 6020 9.12"),
            );
        }
    }
}

impl DraftType {
    /// The address of what all that have the type share.
    pub fn address(&self) -> usize {
        match self {
            DraftType::Plain(ty) => Arc::as_ptr(ty).addr(),
            DraftType::Leafref(leafref) => Arc::as_ptr(leafref).addr(),
            DraftType::Union(union) => Arc::as_ptr(union).addr(),
        }
    }

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
