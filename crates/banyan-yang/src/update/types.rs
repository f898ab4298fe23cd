//! What two types differ in (RFC 7950 section 9), and whether the new one takes all that the old one took.

use super::compare::{Comparer, Place, allowed, forbidden};
use super::constraint::qualified;
use super::restriction::Limits;
use super::{Aspect, Rule};
use crate::schema::{
    Bit, EnumItem, Expression, IdentityId, NodeKind, Schema, SchemaId, Type, TypeKind,
};
use crate::xpath::Extent;
use crate::xpath::bind::bind_expression;

impl Comparer<'_> {
    pub fn node_type(&mut self, place: &Place, old_id: SchemaId, new_id: SchemaId) {
        let (old, new) = (
            self.old.schema.node(old_id).ty.clone(),
            self.new.schema.node(new_id).ty.clone(),
        );
        if let (Some(old), Some(new)) = (old, new) {
            self.types(place, &old, &new);
            if has_items(&old) && has_items(&new) {
                self.node_items(place, old_id, new_id);
            }
        }
    }

    fn types(&mut self, place: &Place, old: &Type, new: &Type) {
        if old.builtin_name() != new.builtin_name() {
            let text = |schema: &Schema, ty: &Type| Some(type_name(schema, ty));
            let (was, is) = (text(self.old.schema, old), text(self.new.schema, new));
            let judgement = forbidden(Rule::Type).because(format!(
                "{} and {} differ in syntax",
                old.builtin_name(),
                new.builtin_name()
            ));
            return self.push(place, Aspect::Type, was, is, judgement);
        }
        let before = self.changes.len();
        self.same_base(place, old, new);
        let (was, is) = (
            type_name(self.old.schema, old),
            type_name(self.new.schema, new),
        );
        if was != is && self.changes.len() == before {
            let judgement = allowed(Rule::Type).because("the values are the same");
            self.push(place, Aspect::Type, Some(was), Some(is), judgement);
        }
    }

    fn same_base(&mut self, place: &Place, old: &Type, new: &Type) {
        match (&old.kind, &new.kind) {
            (TypeKind::Int(width, old), TypeKind::Int(_, new)) => {
                let limits = Limits::signed(*width);
                self.limits(place, Aspect::Range, old, new, limits);
            }
            (TypeKind::Uint(width, old), TypeKind::Uint(_, new)) => {
                let limits = Limits::unsigned(*width);
                self.limits(place, Aspect::Range, old, new, limits);
            }
            (
                TypeKind::Decimal64 {
                    fraction_digits: old_digits,
                    range: old,
                },
                TypeKind::Decimal64 {
                    fraction_digits: digits,
                    range: new,
                },
            ) => {
                if old_digits != digits {
                    let (was, is) = (Some(old_digits.to_string()), Some(digits.to_string()));
                    let judgement =
                        forbidden(Rule::Type).because("the syntax of its values changes");
                    return self.push(place, Aspect::FractionDigits, was, is, judgement);
                }
                self.limits(place, Aspect::Range, old, new, Limits::decimal(*digits));
            }
            (
                TypeKind::String {
                    length: old_length,
                    patterns: old_patterns,
                },
                TypeKind::String { length, patterns },
            ) => {
                self.limits(place, Aspect::Length, old_length, length, Limits::length());
                self.patterns(place, old_patterns, patterns);
            }
            (TypeKind::Binary(old), TypeKind::Binary(new)) => {
                self.limits(place, Aspect::Length, old, new, Limits::length());
            }
            (TypeKind::Enumeration(old), TypeKind::Enumeration(new)) => {
                let number = |item: &EnumItem| (item.name.to_string(), i64::from(item.value));
                let old: Vec<_> = old.iter().map(number).collect();
                let new: Vec<_> = new.iter().map(number).collect();
                self.named_numbers(place, (Aspect::Enum, Rule::Enum), &old, &new);
            }
            (TypeKind::Bits(old), TypeKind::Bits(new)) => {
                let number = |bit: &Bit| (bit.name.to_string(), i64::from(bit.position));
                let old: Vec<_> = old.iter().map(number).collect();
                let new: Vec<_> = new.iter().map(number).collect();
                self.named_numbers(place, (Aspect::Bit, Rule::Bit), &old, &new);
            }
            (
                TypeKind::Leafref {
                    path: old_path,
                    target: old_target,
                    require_instance: was_required,
                    ..
                },
                TypeKind::Leafref {
                    path,
                    target,
                    require_instance,
                    ..
                },
            ) => {
                self.leafref(place, (old_path, *old_target), (path, *target));
                self.require_instance(place, *was_required, *require_instance);
            }
            (TypeKind::IdentityRef(old), TypeKind::IdentityRef(new)) => {
                self.bases(place, old, new);
            }
            (
                TypeKind::InstanceIdentifier {
                    require_instance: old,
                },
                TypeKind::InstanceIdentifier {
                    require_instance: new,
                },
            ) => self.require_instance(place, *old, *new),
            (TypeKind::Union(old), TypeKind::Union(new)) => {
                if old.len() != new.len() {
                    let names = |schema: &Schema, members: &[std::sync::Arc<Type>]| {
                        let names: Vec<String> = members
                            .iter()
                            .map(|member| type_name(schema, member))
                            .collect();
                        Some(names.join(" | "))
                    };
                    let (was, is) = (names(self.old.schema, old), names(self.new.schema, new));
                    let judgement = forbidden(Rule::Type)
                        .because("the list of allowed changes has no member types of a union");
                    return self.push(place, Aspect::Type, was, is, judgement);
                }
                for (old, new) in old.iter().zip(new.iter()) {
                    self.types(place, old, new);
                }
            }
            _ => {}
        }
    }

    /// Enums or bits: none may go or change its number (RFC 7950 11).
    fn named_numbers(
        &mut self,
        place: &Place,
        (aspect, rule): (Aspect, Rule),
        old: &[(String, i64)],
        new: &[(String, i64)],
    ) {
        let text = |(name, number): &(String, i64)| Some(format!("{name} ({number})"));
        for item in old {
            match new.iter().find(|other| other.0 == item.0) {
                None => self.push(place, aspect, text(item), None, forbidden(rule)),
                Some(other) if other.1 != item.1 => {
                    let what = if rule == Rule::Enum {
                        "value"
                    } else {
                        "position"
                    };
                    let judgement = forbidden(rule).because(format!("its {what} changes"));
                    self.push(place, aspect, text(item), text(other), judgement);
                }
                Some(_) => {}
            }
        }
        for item in new {
            if !old.iter().any(|other| other.0 == item.0) {
                self.push(place, aspect, None, text(item), allowed(rule));
            }
        }
    }

    fn leafref(
        &mut self,
        place: &Place,
        (old_path, old_target): (&Expression, SchemaId),
        (path, target): (&Expression, SchemaId),
    ) {
        let (was, is) = (
            self.old.schema.path(old_target),
            self.new.schema.path(target),
        );
        let home = |schema: &Schema, target: SchemaId| schema.node(target).module;
        let same_text = qualified(self.old.schema, old_path, home(self.old.schema, old_target))
            == qualified(self.new.schema, path, home(self.new.schema, target));
        if was == is && same_text {
            return;
        }
        let open = |schema: &Schema, node: Option<SchemaId>, path, target| {
            open_lists(schema, node?, path, target)
        };
        let was_open = open(self.old.schema, place.old_node, old_path, old_target);
        let is_open = open(self.new.schema, place.new_node, path, target);
        let judgement = match was == is {
            true if was_open.is_some() && was_open == is_open => {
                allowed(Rule::Type).because("it leads to the same instances")
            }
            true => forbidden(Rule::Type).because("the values that it can have may differ"),
            false => forbidden(Rule::Type).because("it refers to other nodes"),
        };
        let (was, is) = (old_path.text.to_string(), path.text.to_string());
        self.push(place, Aspect::Path, Some(was), Some(is), judgement);
    }

    fn require_instance(&mut self, place: &Place, old: bool, new: bool) {
        if old != new {
            let judgement = forbidden(Rule::NewName)
                .because("the list of allowed changes has no `require-instance`");
            let text = |value: bool| Some(value.to_string());
            self.push(
                place,
                Aspect::RequireInstance,
                text(old),
                text(new),
                judgement,
            );
        }
    }

    fn bases(&mut self, place: &Place, old: &[IdentityId], new: &[IdentityId]) {
        let names = |schema: &Schema, bases: &[IdentityId]| -> Vec<String> {
            let name = |id: &IdentityId| {
                let identity = schema.identity(*id);
                format!("{}:{}", schema.module(identity.module).name, identity.name)
            };
            bases.iter().map(name).collect()
        };
        let (old, new) = (names(self.old.schema, old), names(self.new.schema, new));
        let mut came = new.iter().filter(|base| !old.contains(base)).peekable();
        let narrowed = came.peek().is_some();
        for base in came {
            let judgement = forbidden(Rule::IdentityrefBase);
            self.push(place, Aspect::Base, None, Some(base.clone()), judgement);
        }
        for base in old.iter().filter(|base| !new.contains(base)) {
            let judgement = match (narrowed, place.yang_1_1) {
                (false, true) => allowed(Rule::IdentityrefBase),
                // RFC 6020 section 10 has no such sentence.
                (_, false) => forbidden(Rule::NewName),
                (true, true) => forbidden(Rule::IdentityrefBase),
            };
            self.push(place, Aspect::Base, Some(base.clone()), None, judgement);
        }
    }
}

/// Whether there are enums or bits.
fn has_items(ty: &Type) -> bool {
    match &ty.kind {
        TypeKind::Enumeration(_) | TypeKind::Bits(_) => true,
        TypeKind::Union(members) => members.iter().any(|member| has_items(member)),
        _ => false,
    }
}

/// How many lists on the way to the target the path leaves open; `None` if predicates pick entries. Paths from one
/// node to one target that leave the same number open select the same instances.
fn open_lists(
    schema: &Schema,
    node: SchemaId,
    path: &Expression,
    target: SchemaId,
) -> Option<usize> {
    if path.text.contains('[') {
        return None;
    }
    let bound = bind_expression(schema, path, node, Extent::Value).ok()?;
    let read = bound
        .plan
        .reads
        .nodes
        .iter()
        .find(|read| read.node == target)?;
    let mut count = 0;
    let mut at = Some(target);
    while let Some(id) = at.filter(|id| *id != read.ancestor) {
        count += usize::from(schema.node(id).kind == NodeKind::List);
        at = schema.node(id).data_parent();
    }
    Some(count)
}

/// `module:typedef`, or the built-in type.
fn type_name(schema: &Schema, ty: &Type) -> String {
    match &ty.typedef {
        Some((module, name)) => format!("{}:{name}", schema.module(*module).name),
        None => ty.builtin_name().to_owned(),
    }
}
