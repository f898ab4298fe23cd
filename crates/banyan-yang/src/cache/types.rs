//! Types, in the order in which they name each other: members before their union, targets before their leafref.

use std::sync::Arc;

use super::Miss;
use super::bytes::{NONE, Reader, Writer};
use super::shared::{Shared, SharedWriter, entry};
use crate::schema::{
    Bit, EnumItem, IntWidth, PatternRestriction, Patterns, Range, Restriction, Type, TypeKind,
};

const INT: u8 = 0;
const UINT: u8 = 1;
const DECIMAL64: u8 = 2;
const STRING: u8 = 3;
const BOOLEAN: u8 = 4;
const ENUMERATION: u8 = 5;
const BITS: u8 = 6;
const BINARY: u8 = 7;
const LEAFREF: u8 = 8;
const IDENTITYREF: u8 = 9;
const EMPTY: u8 = 10;
const UNION: u8 = 11;
const INSTANCE_IDENTIFIER: u8 = 12;

/// How deep types may name each other: whoever looks into a type may then recurse. Far more than anyone writes.
const MAX_DEPTH: u32 = 1000;

const WIDTHS: [IntWidth; 4] = [IntWidth::W8, IntWidth::W16, IntWidth::W32, IntWidth::W64];

/// Reads which type another names, of those before it.
type Named<'n> = dyn FnMut(&mut Reader<'_>, &[Arc<Type>]) -> Result<Arc<Type>, Miss> + 'n;

impl<'s> SharedWriter<'s> {
    pub(super) fn ty(&mut self, ty: &'s Arc<Type>) -> u32 {
        if let Some(id) = self.types.known(ty) {
            return id;
        }
        let mut to = Writer::default();
        match &ty.typedef {
            None => to.u32(NONE),
            Some((module, name)) => {
                to.u32(self.strings.id(name));
                to.u32(module.0);
            }
        }
        self.kind(&ty.kind, &mut to);
        self.types.add(ty, to)
    }

    fn kind(&mut self, kind: &'s TypeKind, to: &mut Writer) {
        match kind {
            TypeKind::Int(width, range) => {
                to.u8(INT);
                to.u8(*width as u8);
                self.restriction(range, |value| value as u64, to);
            }
            TypeKind::Uint(width, range) => {
                to.u8(UINT);
                to.u8(*width as u8);
                self.restriction(range, |value| value, to);
            }
            TypeKind::Decimal64 {
                fraction_digits,
                range,
            } => {
                to.u8(DECIMAL64);
                to.u8(*fraction_digits);
                self.restriction(range, |value| value as u64, to);
            }
            TypeKind::String { length, patterns } => {
                to.u8(STRING);
                self.restriction(length, |value| value, to);
                to.count(patterns.len());
                for restriction in patterns.iter() {
                    to.u32(self.pattern(&restriction.pattern));
                    to.bool(restriction.invert_match);
                    to.u32(self.strings.optional(restriction.error_message.as_ref()));
                    to.u32(self.strings.optional(restriction.error_app_tag.as_ref()));
                }
            }
            TypeKind::Boolean => to.u8(BOOLEAN),
            TypeKind::Enumeration(items) => {
                to.u8(ENUMERATION);
                to.count(items.len());
                for item in items.iter() {
                    to.u32(self.strings.id(&item.name));
                    to.u32(item.value as u32);
                }
            }
            TypeKind::Bits(bits) => {
                to.u8(BITS);
                to.count(bits.len());
                for bit in bits.iter() {
                    to.u32(self.strings.id(&bit.name));
                    to.u32(bit.position);
                }
            }
            TypeKind::Binary(length) => {
                to.u8(BINARY);
                self.restriction(length, |value| value, to);
            }
            TypeKind::Leafref {
                path,
                target,
                resolved,
                require_instance,
            } => {
                to.u8(LEAFREF);
                self.expression(path, to);
                to.u32(target.0);
                to.u32(self.ty(resolved));
                to.bool(*require_instance);
            }
            TypeKind::IdentityRef(bases) => {
                to.u8(IDENTITYREF);
                to.count(bases.len());
                bases.iter().for_each(|base| to.u32(base.0));
            }
            TypeKind::Empty => to.u8(EMPTY),
            TypeKind::Union(members) => {
                to.u8(UNION);
                to.count(members.len());
                members.iter().for_each(|member| to.u32(self.ty(member)));
            }
            TypeKind::InstanceIdentifier { require_instance } => {
                to.u8(INSTANCE_IDENTIFIER);
                to.bool(*require_instance);
            }
        }
    }

    fn restriction<T: Copy>(
        &mut self,
        restriction: &'s Restriction<T>,
        bits: impl Fn(T) -> u64,
        to: &mut Writer,
    ) {
        to.count(restriction.parts.len());
        for part in restriction.parts.iter() {
            to.u64(bits(part.min));
            to.u64(bits(part.max));
        }
        to.u32(self.strings.optional(restriction.error_message.as_ref()));
        to.u32(self.strings.optional(restriction.error_app_tag.as_ref()));
    }
}

impl Shared {
    /// Each entry names only entries before it, so nothing goes round in a circle.
    pub(super) fn read_types(&mut self, body: &mut Reader<'_>) -> Result<(), Miss> {
        let mut depths: Vec<u32> = Vec::new();
        for _ in 0..body.count()? {
            let typedef = match body.u32()? {
                NONE => None,
                name => {
                    let name = self.strings.get(name)?.clone();
                    Some((self.module(body)?, name))
                }
            };
            let mut depth = 0;
            let mut named = |body: &mut Reader<'_>, types: &[Arc<Type>]| {
                let id = Reader(body.0).u32()? as usize;
                depth = depth.max(depths.get(id).map_or(0, |depth| depth + 1));
                entry(types, body)
            };
            let kind = self.read_kind(body, &mut named)?;
            if depth > MAX_DEPTH {
                return Err(Miss::Damaged);
            }
            depths.push(depth);
            self.types.push(Arc::new(Type { kind, typedef }));
        }
        Ok(())
    }

    fn read_kind(&self, body: &mut Reader<'_>, named: &mut Named<'_>) -> Result<TypeKind, Miss> {
        Ok(match body.u8()? {
            INT => TypeKind::Int(
                width(body)?,
                self.read_restriction(body, |bits| bits as i64)?,
            ),
            UINT => TypeKind::Uint(width(body)?, self.read_restriction(body, |bits| bits)?),
            DECIMAL64 => TypeKind::Decimal64 {
                // RFC 7950 9.3.4
                fraction_digits: Some(body.u8()?)
                    .filter(|digits| (1..=18).contains(digits))
                    .ok_or(Miss::Damaged)?,
                range: self.read_restriction(body, |bits| bits as i64)?,
            },
            STRING => TypeKind::String {
                length: self.read_restriction(body, |bits| bits)?,
                patterns: Patterns::from(body.items(|body| {
                    Ok(PatternRestriction {
                        pattern: entry(&self.patterns, body)?,
                        invert_match: body.bool()?,
                        error_message: self.strings.next_optional(body)?,
                        error_app_tag: self.strings.next_optional(body)?,
                    })
                })?),
            },
            BOOLEAN => TypeKind::Boolean,
            ENUMERATION => TypeKind::Enumeration(
                body.items(|body| {
                    Ok(EnumItem {
                        name: self.strings.next(body)?,
                        value: body.u32()? as i32,
                    })
                })?
                .into(),
            ),
            BITS => TypeKind::Bits(
                body.items(|body| {
                    Ok(Bit {
                        name: self.strings.next(body)?,
                        position: body.u32()?,
                    })
                })?
                .into(),
            ),
            BINARY => TypeKind::Binary(self.read_restriction(body, |bits| bits)?),
            LEAFREF => TypeKind::Leafref {
                path: self.read_expression(body)?,
                target: self.node(body)?,
                resolved: named(body, &self.types)?,
                require_instance: body.bool()?,
            },
            IDENTITYREF => TypeKind::IdentityRef(body.items(|body| self.identity(body))?.into()),
            EMPTY => TypeKind::Empty,
            UNION => TypeKind::Union(body.items(|body| named(body, &self.types))?.into()),
            INSTANCE_IDENTIFIER => TypeKind::InstanceIdentifier {
                require_instance: body.bool()?,
            },
            _ => return Err(Miss::Damaged),
        })
    }

    fn read_restriction<T>(
        &self,
        body: &mut Reader<'_>,
        value: impl Fn(u64) -> T,
    ) -> Result<Restriction<T>, Miss> {
        Ok(Restriction {
            parts: body
                .items(|body| {
                    Ok(Range {
                        min: value(body.u64()?),
                        max: value(body.u64()?),
                    })
                })?
                .into(),
            error_message: self.strings.next_optional(body)?,
            error_app_tag: self.strings.next_optional(body)?,
        })
    }
}

fn width(body: &mut Reader<'_>) -> Result<IntWidth, Miss> {
    let width = WIDTHS.get(usize::from(body.u8()?));
    width.copied().ok_or(Miss::Damaged)
}
