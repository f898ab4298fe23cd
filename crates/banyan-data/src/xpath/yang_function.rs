//! The functions that YANG adds to XPath (RFC 7950 section 10).

use banyan_yang::schema::{IdentityId, Schema, Type, TypeKind};

use super::evaluation::{Evaluation, in_document_order};
use super::plans::Plans;
use super::session::Stop;
use super::value::XValue;
use crate::cursor::Cursor;
use crate::value::Value;

impl<'t> Evaluation<'t, '_> {
    /// `deref()` (RFC 7950 10.3.1): what the first node refers to.
    pub(super) fn deref(&self, nodes: &[Cursor<'t>]) -> Result<Vec<Cursor<'t>>, Stop> {
        let Some(node) = nodes.first() else {
            return Ok(Vec::new());
        };
        let Some((value, ty)) = node.frame().typed() else {
            return Ok(Vec::new());
        };
        // A leafref to a leaf of a union type refers to that leaf, whatever its value refers to in turn.
        let (value, ty) = match &ty.kind {
            TypeKind::Leafref { .. } => (value, ty),
            _ => member(value, ty),
        };
        match (value, &ty.kind) {
            (Value::InstanceId(path), kind) if !matches!(kind, TypeKind::Leafref { .. }) => {
                Ok(mount_or_root(node).find(path).into_iter().collect())
            }
            (value, TypeKind::Leafref { path, .. }) => {
                let plans = Plans::of(node.schema());
                let Some(plan) = plans.path(node.id(), path) else {
                    return Ok(Vec::new());
                };
                let path = Evaluation::new(plan, node.schema(), node.clone(), self.session);
                let XValue::Nodes(mut targets) = path.value(&plan.expr, node.clone())? else {
                    return Ok(Vec::new());
                };
                targets.retain(|target| {
                    target.value().map(Value::innermost) == Some(value.innermost())
                });
                Ok(in_document_order(targets))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// `derived-from()` and `derived-from-or-self()` (RFC 7950 10.4): whether some node's identity is.
    /// `base` is of the schema that the plan was bound to.
    pub(super) fn derived_from(
        &self,
        nodes: &[Cursor<'t>],
        base: IdentityId,
        or_self: bool,
    ) -> bool {
        nodes.iter().any(|node| {
            let Some(Value::Identity(identity)) = node.value().map(Value::innermost) else {
                return false;
            };
            let schema = node.schema();
            let base = if std::ptr::eq(schema, self.home) {
                Some(base)
            } else {
                let identity = self.home.identity(base);
                let module = &self.home.module(identity.module).name;
                schema
                    .module_by_name(module)
                    .and_then(|module| schema.identity_by_name(module, &identity.name))
            };
            base.is_some_and(|base| {
                (or_self && *identity == base) || schema.is_derived_from(*identity, base)
            })
        })
    }

    /// The same with the identity's name, in the prefixes of the expression.
    pub(super) fn derived_from_named(
        &self,
        nodes: &[Cursor<'t>],
        name: &str,
        or_self: bool,
    ) -> XValue<'t> {
        let (prefix, local) = match name.split_once(':') {
            Some((prefix, local)) => (Some(prefix), local),
            None => (None, name),
        };
        let identity = self
            .prefixes
            .module(prefix)
            .and_then(|module| identity_named(self.home, module, local));
        XValue::Boolean(identity.is_some_and(|base| self.derived_from(nodes, base, or_self)))
    }
}

/// Where the paths in a node's value begin: the nearest mount point around it, or the root.
fn mount_or_root<'t>(node: &Cursor<'t>) -> Cursor<'t> {
    let mut above = std::iter::successors(node.parent(), Cursor::parent);
    above
        .find(|above| matches!(above.frame().place(), crate::frame::Place::Mount(_)))
        .unwrap_or_else(|| node.top())
}

/// An identity of a module, whichever revision of it the prefix means.
fn identity_named(
    schema: &Schema,
    module: banyan_yang::schema::ModuleId,
    local: &str,
) -> Option<IdentityId> {
    schema.identity_by_name(module, local).or_else(|| {
        let revisions = schema.module_revisions(&schema.module(module).name);
        revisions
            .iter()
            .find_map(|module| schema.identity_by_name(*module, local))
    })
}

/// `enum-value()` (RFC 7950 10.5.1): of the first node; NaN when it is no enum.
pub(super) fn enum_value(nodes: &[Cursor<'_>]) -> f64 {
    match nodes.first().and_then(Cursor::value).map(Value::innermost) {
        Some(Value::Enum(value)) => f64::from(*value),
        _ => f64::NAN,
    }
}

/// `bit-is-set()` (RFC 7950 10.6.1): of the first node.
pub(super) fn bit_is_set(nodes: &[Cursor<'_>], name: &str) -> bool {
    let typed = nodes.first().and_then(|node| node.frame().typed());
    let Some((value, ty)) = typed else {
        return false;
    };
    let (Value::Bits(set), TypeKind::Bits(bits)) =
        (value.innermost(), &member(value, ty).1.resolved().kind)
    else {
        return false;
    };
    bits.iter()
        .any(|bit| &*bit.name == name && set.slice.contains(&bit.position))
}

/// A value and its type with the unions around both taken away (RFC 7950 9.12).
pub(crate) fn member<'v>(value: &'v Value, ty: &'v Type) -> (&'v Value, &'v Type) {
    let Value::Union(union) = value else {
        return (value, ty);
    };
    // A leafref to a union has a union's value.
    match &ty.resolved().kind {
        TypeKind::Union(members) => match members.get(usize::from(union.member)) {
            Some(ty) => member(&union.value, ty),
            None => (value, ty),
        },
        _ => (value, ty),
    }
}
