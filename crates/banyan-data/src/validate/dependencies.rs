//! Which constraints a change can affect: the reverse of what expressions read.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};
use banyan_yang::xpath::{Axis, Extent, Plan, PlanExpr, PlanTest};

use crate::view::case_chain;
use crate::xpath::plans::Plans;

/// The table of one schema; kept as long as the schema.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    /// By the schema node that is read.
    readers: HashMap<SchemaId, Vec<Reader>>,
    /// Constraints that can read anything.
    anything: Vec<Check>,
}

/// A constraint that reads some schema node.
#[derive(Clone, Copy, Debug)]
struct Reader {
    check: Check,
    /// Only instances under the same instance of this node read the changed one.
    ancestor: SchemaId,
    extent: Extent,
    /// More nodes never break the constraint, only fewer or others do.
    monotone: bool,
}

/// What has to be checked again, for each instance of a data node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Check {
    /// The `must`s of its instances, and what they refer to.
    Own(SchemaId),
    /// Its `when`s: whether its instances may be there, and if it is absent, whether it must be there.
    Presence(SchemaId),
    /// The `unique`s of a list.
    Unique(SchemaId),
}

impl Check {
    /// The data node whose instances are checked.
    pub(super) fn bearer(self) -> SchemaId {
        match self {
            Check::Own(id) | Check::Presence(id) | Check::Unique(id) => id,
        }
    }
}

/// How data changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Manner {
    /// Something came that was not there, not even as a default.
    Came,
    /// Something went, or has another value.
    Changed,
}

impl Dependencies {
    /// The table of `schema`; the first call computes it.
    pub(super) fn of(schema: &Schema) -> Arc<Dependencies> {
        let plans = Plans::of(schema);
        schema.derived(|schema| {
            let mut table = Dependencies::default();
            for (id, node) in schema.nodes() {
                for (_, plan) in plans.musts(schema, id) {
                    table.add(Check::Own(id), plan, false);
                }
                for (_, plan) in plans.whens(schema, id) {
                    for bearer in bearers(schema, id) {
                        table.add(Check::Presence(bearer), plan, false);
                    }
                }
                for path in node
                    .ty
                    .iter()
                    .flat_map(|ty| crate::xpath::plans::leafref_paths(ty))
                {
                    if let Some(plan) = plans.path(id, path) {
                        table.add(Check::Own(id), plan, only_descends(&plan.expr));
                    }
                }
                if node.ty.as_ref().is_some_and(|ty| has_instance_id(ty)) {
                    table.anything.push(Check::Own(id));
                }
                for leaf in node.uniques().iter().flat_map(|unique| &unique.leaves) {
                    let reader = Reader {
                        check: Check::Unique(id),
                        ancestor: node.data_parent().unwrap_or(SchemaId::ROOT),
                        extent: Extent::Value,
                        monotone: false,
                    };
                    table.readers.entry(*leaf).or_default().push(reader);
                }
            }
            table
        })
    }

    fn add(&mut self, check: Check, plan: &Plan, monotone: bool) {
        if plan.reads.any {
            self.anything.push(check);
            return;
        }
        for read in &plan.reads.nodes {
            self.readers.entry(read.node).or_default().push(Reader {
                check,
                ancestor: read.ancestor,
                extent: read.extent,
                monotone,
            });
        }
    }

    /// Constraints that have to be checked after any change.
    pub(super) fn anything(&self) -> &[Check] {
        &self.anything
    }

    /// What can be affected when instances of `root` come, go or change with all that is in them; each with the
    /// ancestor of `root` under whose instance the affected ones are. Constraints inside of `root` itself are not
    /// among them: whoever asks checks new instances as a whole.
    pub(super) fn affected(
        &self,
        schema: &Schema,
        root: SchemaId,
        manner: Manner,
    ) -> Vec<(Check, SchemaId)> {
        let mut above = HashSet::new();
        let mut affected = HashSet::new();
        let mut parent = schema.node(root).data_parent();
        while let Some(id) = parent {
            above.insert(id);
            parent = schema.node(id).data_parent();
        }
        let mut collect = |id: SchemaId, whole: bool| {
            let gone = manner == Manner::Changed || !schema.node(id).defaults().is_empty();
            for reader in self.readers.get(&id).map_or(&[][..], Vec::as_slice) {
                if above.contains(&reader.ancestor)
                    && (whole || reader.extent == Extent::Subtree)
                    && (gone || !reader.monotone)
                {
                    affected.insert((reader.check, reader.ancestor));
                }
            }
        };
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            collect(id, true);
            open.extend(schema.data_children(id).iter().copied());
        }
        for id in &above {
            collect(*id, false);
        }
        affected.into_iter().collect()
    }
}

/// The data nodes on which a `when` of `id` bears: itself, or those directly in a choice or case.
fn bearers(schema: &Schema, id: SchemaId) -> Vec<SchemaId> {
    let node = schema.node(id);
    if !matches!(node.kind, NodeKind::Choice | NodeKind::Case) {
        return vec![id];
    }
    let Some(parent) = node.data_parent() else {
        return Vec::new();
    };
    let children = schema.data_children(parent).iter().copied();
    children
        .filter(|child| case_chain(schema, *child).any(|above| above == id))
        .collect()
}

fn has_instance_id(ty: &banyan_yang::schema::Type) -> bool {
    use banyan_yang::schema::TypeKind::{InstanceIdentifier, Union};
    match &ty.kind {
        InstanceIdentifier { require_instance } => *require_instance,
        Union(members) => members.iter().any(|member| has_instance_id(member)),
        _ => false,
    }
}

/// Whether a path climbs and descends by names alone: whatever comes, what it reached it still reaches. Key
/// look-ups read leaves that may get other values, which is a change of these.
fn only_descends(expr: &PlanExpr) -> bool {
    let PlanExpr::Path { steps, .. } = expr else {
        return false;
    };
    steps.iter().all(|step| {
        step.predicates.is_empty()
            && match step.axis {
                Axis::Parent => true,
                Axis::Child => matches!(step.test, PlanTest::Name(_)),
                _ => false,
            }
    })
}
