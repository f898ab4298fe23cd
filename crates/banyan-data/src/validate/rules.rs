//! Which schema nodes have constraints on them or below, so that a walk can leave out the rest.

use std::collections::HashMap;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId, SchemaNode, Type, TypeKind};

use crate::view::{Scope, has_when};

/// The table of one schema; kept as long as the schema.
#[derive(Debug)]
pub(crate) struct Rules {
    config: Table,
    all: Table,
    /// Choices by the data node that they are in, outer ones first.
    choices: HashMap<SchemaId, Vec<SchemaId>>,
    /// Nodes that have `when` conditions on nodes inside, or mount points, whose schemas may.
    whens_inside: Vec<bool>,
    /// The same for unions that are resolved by what is there, without mount points.
    unions_inside: Vec<bool>,
    mounts_inside: Vec<bool>,
}

#[derive(Debug)]
struct Table {
    /// The node itself, or how often it stands, is constrained.
    on: Vec<bool>,
    /// Something inside of an instance is constrained.
    inside: Vec<bool>,
}

impl Rules {
    /// The table of `schema`; the first call computes it.
    pub(crate) fn of(schema: &Schema) -> Arc<Rules> {
        schema.derived(|schema| {
            let mut choices: HashMap<SchemaId, Vec<SchemaId>> = HashMap::new();
            for (id, node) in schema.nodes() {
                if let (NodeKind::Choice, Some(parent)) = (node.kind, node.data_parent()) {
                    choices.entry(parent).or_default().push(id);
                }
            }
            Rules {
                config: Table::of(schema, |node| node.config),
                all: Table::of(schema, |_| true),
                choices,
                whens_inside: marked_above(schema, |id, node| {
                    has_when(schema, id) || node.mount_point().is_some()
                }),
                unions_inside: marked_above(schema, |_, node| is_reference_union(node)),
                mounts_inside: marked_above(schema, |_, node| node.mount_point().is_some()),
            }
        })
    }

    fn table(&self, scope: Scope) -> &Table {
        match scope {
            Scope::Config => &self.config,
            Scope::All => &self.all,
        }
    }

    /// Whether instances of `id`, or how many there are, are constrained.
    pub(crate) fn on(&self, scope: Scope, id: SchemaId) -> bool {
        self.table(scope).on[id.index()]
    }

    /// Whether something inside of instances of `id` is constrained.
    pub(crate) fn inside(&self, scope: Scope, id: SchemaId) -> bool {
        self.table(scope).inside[id.index()]
    }

    /// The choices directly in `id`, outer ones before those in their cases.
    pub(crate) fn choices(&self, id: SchemaId) -> &[SchemaId] {
        self.choices.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Whether something inside of `id` has a `when`.
    pub(crate) fn whens_inside(&self, id: SchemaId) -> bool {
        self.whens_inside[id.index()]
    }

    /// Whether something inside of `id` is a leaf whose union is resolved by what is there.
    pub(crate) fn unions_inside(&self, id: SchemaId) -> bool {
        self.unions_inside[id.index()]
    }

    /// Whether something inside of `id` is a mount point, whose schema may have anything.
    pub(crate) fn mounts_inside(&self, id: SchemaId) -> bool {
        self.mounts_inside[id.index()]
    }
}

impl Table {
    fn of(schema: &Schema, in_scope: impl Fn(&SchemaNode) -> bool) -> Table {
        let on: Vec<bool> = schema
            .nodes()
            .map(|(id, node)| in_scope(node) && is_constrained(schema, id, node))
            .collect();
        let inside = marked_above(schema, |id, node| {
            on[id.index()] || (node.kind == NodeKind::Choice && in_scope(node))
        });
        Table { on, inside }
    }
}

/// For each node whether something below it in the data tree is marked. O(nodes).
fn marked_above(schema: &Schema, marked: impl Fn(SchemaId, &SchemaNode) -> bool) -> Vec<bool> {
    let mut inside = vec![false; schema.nodes().len()];
    for (id, node) in schema.nodes() {
        if !marked(id, node) {
            continue;
        }
        let mut above = node.data_parent();
        while let Some(parent) = above.filter(|parent| !inside[parent.index()]) {
            inside[parent.index()] = true;
            above = schema.node(parent).data_parent();
        }
    }
    inside
}

fn is_constrained(schema: &Schema, id: SchemaId, node: &SchemaNode) -> bool {
    node.kind.is_data()
        && (node.mandatory
            || node.min_elements() > 0
            || node.max_elements().is_some()
            || node.mount_point().is_some()
            || !node.musts().is_empty()
            || !node.uniques().is_empty()
            || !node.keys().is_empty()
            || has_when(schema, id)
            || node.ty.as_ref().is_some_and(|ty| needs_instance(ty)))
}

/// Whether values of the type refer to nodes that must exist (RFC 7950 9.9.3, 9.13.1).
pub(crate) fn needs_instance(ty: &Type) -> bool {
    match &ty.kind {
        TypeKind::Leafref {
            require_instance, ..
        }
        | TypeKind::InstanceIdentifier { require_instance } => *require_instance,
        TypeKind::Union(members) => members.iter().any(|member| needs_instance(member)),
        _ => false,
    }
}

/// Whether which member of a union has the values of a leaf depends on what else is there (RFC 7950 9.12). Keys and the
/// entries of leaf-lists are named by their values, so that they keep the member that they came with.
pub(crate) fn is_reference_union(node: &SchemaNode) -> bool {
    let is_union = |ty: &Type| {
        let ty = ty.resolved();
        matches!(ty.kind, TypeKind::Union(_)) && needs_instance(ty)
    };
    node.kind == NodeKind::Leaf && !node.is_key && node.ty.as_ref().is_some_and(|ty| is_union(ty))
}
