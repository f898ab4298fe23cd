//! Derived types: a typedef's type with what a `type` statement adds (RFC 7950 7.4, 9).

use std::sync::Arc;

use super::super::context::Compilation;
use super::super::range::parse_decimal;
use super::super::set::StatementRef;
use super::builtin::Builtin;
use super::items::{self, Items};
use super::restriction::{FULL_LENGTH, bits, parse_signed, parse_unsigned, signed_bounds};
use super::{DraftType, LeafrefDraft, ResolvedType};
use crate::diagnostic::Diagnostic;
use crate::grammar::Version;
use crate::schema::{Range, Type, TypeKind};
use crate::statement::Keyword;

impl Compilation<'_> {
    /// A derived type: the base with what the `type` statement adds.
    pub(super) fn restrict(
        &mut self,
        at: StatementRef,
        base: ResolvedType,
    ) -> Option<ResolvedType> {
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
                self.require_instance_needs_1_1(at);
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
        let mut items = base.items.clone();
        let kind = match &ty.kind {
            TypeKind::Int(width, range) => {
                let (min, max) = signed_bounds(*width);
                let full = Range { min, max };
                TypeKind::Int(
                    *width,
                    self.restriction(at, Keyword::Range, Some(range), full, parse_signed),
                )
            }
            TypeKind::Uint(width, range) => {
                let full = Range {
                    min: 0,
                    max: u64::MAX >> (64 - bits(*width)),
                };
                TypeKind::Uint(
                    *width,
                    self.restriction(at, Keyword::Range, Some(range), full, parse_unsigned),
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
                    range: self.restriction(at, Keyword::Range, Some(range), full, number),
                }
            }
            TypeKind::String { length, patterns } => {
                let patterns = patterns.and(self.patterns_of(at));
                TypeKind::String {
                    length: self.restriction(
                        at,
                        Keyword::Length,
                        Some(length),
                        FULL_LENGTH,
                        parse_unsigned,
                    ),
                    patterns,
                }
            }
            TypeKind::Binary(length) => TypeKind::Binary(self.restriction(
                at,
                Keyword::Length,
                Some(length),
                FULL_LENGTH,
                parse_unsigned,
            )),
            TypeKind::Enumeration(_) => {
                self.needs_1_1(at, Keyword::Enum);
                let kept = self.items(at, &items::ENUM, items.as_deref());
                let enums = items::enums(&kept);
                items = Some(Arc::new(Items::new(kept)));
                TypeKind::Enumeration(enums)
            }
            TypeKind::Bits(_) => {
                self.needs_1_1(at, Keyword::Bit);
                let kept = self.items(at, &items::BIT, items.as_deref());
                let bits = items::bits(&kept);
                items = Some(Arc::new(Items::new(kept)));
                TypeKind::Bits(bits)
            }
            TypeKind::InstanceIdentifier { require_instance } => TypeKind::InstanceIdentifier {
                require_instance: self.require_instance(at).unwrap_or(*require_instance),
            },
            other => other.clone(),
        };
        let typedef = ty.typedef.clone();
        Some(ResolvedType {
            ty: DraftType::Plain(Arc::new(Type { kind, typedef })),
            items,
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
                .help("add `yang-version 1.1;` to the module")
                .rfc("RFC 7950 1.1"),
            );
        }
    }
}
