//! The plans of all expressions of a schema: bound once, kept as long as the schema.

use std::collections::HashMap;
use std::sync::Arc;

use banyan_yang::schema::{Expression, Must, Schema, SchemaId, Type, TypeKind, When};
use banyan_yang::xpath::bind::{bind_expression, when_context};
use banyan_yang::xpath::{Extent, Plan};

/// Plans by schema node. An expression that cannot be bound has none: the compiler reports it, and here it is
/// left out, as the lenient mode asks for.
#[derive(Debug)]
pub(crate) struct Plans {
    musts: HashMap<SchemaId, Vec<Option<Plan>>>,
    whens: HashMap<SchemaId, Vec<Option<Plan>>>,
    /// By leaf and by where the syntax tree is in memory (only compared): a union has several.
    paths: HashMap<(SchemaId, usize), Plan>,
}

impl Plans {
    /// The plans of `schema`. The first call binds them all.
    pub(crate) fn of(schema: &Schema) -> Arc<Plans> {
        schema.derived(Plans::bind)
    }

    fn bind(schema: &Schema) -> Plans {
        let mut plans = Plans {
            musts: HashMap::new(),
            whens: HashMap::new(),
            paths: HashMap::new(),
        };
        let bind = |expression: &Expression, context, used| {
            bind_expression(schema, expression, context, used)
                .ok()
                .map(|bound| bound.plan)
        };
        for (id, node) in schema.nodes() {
            if !node.musts().is_empty() {
                let musts = node.musts().iter();
                let bound = musts.map(|must| bind(&must.expression, id, Extent::Existence));
                plans.musts.insert(id, bound.collect());
            }
            if !node.whens().is_empty() {
                let whens = node.whens().iter();
                let bound = whens.map(|when| {
                    let context = when_context(schema, id, when);
                    bind(&when.expression, context, Extent::Existence)
                });
                plans.whens.insert(id, bound.collect());
            }
            for path in node.ty.iter().flat_map(|ty| leafref_paths(ty)) {
                if let Some(plan) = bind(path, id, Extent::Value) {
                    plans.paths.insert((id, place(path)), plan);
                }
            }
        }
        plans
    }

    /// The `must` statements of a node, each with its plan.
    pub(crate) fn musts<'p>(
        &'p self,
        schema: &'p Schema,
        id: SchemaId,
    ) -> impl Iterator<Item = (&'p Must, &'p Plan)> {
        let plans = self.musts.get(&id).map_or(&[][..], Vec::as_slice);
        let pairs = schema.node(id).musts().iter().zip(plans);
        pairs.filter_map(|(must, plan)| Some((must, plan.as_ref()?)))
    }

    /// The `when` statements of a node, each with its plan.
    pub(crate) fn whens<'p>(
        &'p self,
        schema: &'p Schema,
        id: SchemaId,
    ) -> impl Iterator<Item = (&'p When, &'p Plan)> {
        let plans = self.whens.get(&id).map_or(&[][..], Vec::as_slice);
        let pairs = schema.node(id).whens().iter().zip(plans);
        pairs.filter_map(|(when, plan)| Some((when, plan.as_ref()?)))
    }

    /// The plan of a leafref's `path`, as it stands on leaf `id`.
    pub(crate) fn path(&self, id: SchemaId, path: &Expression) -> Option<&Plan> {
        self.paths.get(&(id, place(path)))
    }
}

fn place(path: &Expression) -> usize {
    Arc::as_ptr(&path.expr) as usize
}

/// The `path` expressions of a type: one for a leafref, one per leafref member of a union.
pub(crate) fn leafref_paths(ty: &Type) -> Vec<&Expression> {
    match &ty.kind {
        TypeKind::Leafref { path, resolved, .. } => {
            let mut paths = leafref_paths(resolved);
            paths.push(path);
            paths
        }
        TypeKind::Union(members) => members
            .iter()
            .flat_map(|member| leafref_paths(member))
            .collect(),
        _ => Vec::new(),
    }
}
