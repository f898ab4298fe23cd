//! Which constraints a change can affect: the reverse of what expressions read.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use banyan_yang::schema::{NodeKind, Schema, SchemaId, Unique};
use banyan_yang::xpath::{Axis, Extent, JoinKey, Plan, PlanExpr, PlanTest, Read};

use super::indexes::{Asker, IndexId, Layout};
use super::references::searched;
use super::rules::is_reference_union;
use super::touches::way_down;
use super::unique::ways;
use crate::view::case_chain;
use crate::xpath::plans::Plans;

/// The table of one schema; kept as long as the schema.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    /// By the schema node that is read.
    readers: HashMap<SchemaId, Vec<Reader>>,
    /// Constraints that can read anything.
    anything: Vec<Check>,
    /// Leaves of type instance-identifier whose instances must exist, with the index of what they refer to.
    references: Vec<(SchemaId, IndexId)>,
    layout: Layout,
    /// What [`Dependencies::affected`] has found before.
    affected: Mutex<Found>,
}

type Found = HashMap<(SchemaId, Manner), Arc<[Affected]>>;

/// A constraint that reads some schema node.
#[derive(Debug)]
struct Reader {
    check: Check,
    reach: Reach,
    extent: Extent,
    /// More nodes never break the constraint, only fewer or others do.
    monotone: bool,
}

/// Constraints that a change can affect, all in the same places.
#[derive(Clone, Debug)]
pub(super) struct Affected {
    pub(super) checks: Vec<Check>,
    pub(super) reach: Reach,
}

/// How to get from a changed instance to those who read it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Reach {
    /// Only instances under the same instance of this node read the changed one.
    pub(super) ancestor: SchemaId,
    /// Ways to find those among them that read the changed one; each finds all of them. Empty: they all do.
    pub(super) narrowings: Arc<[Narrowing]>,
}

/// A way to find who reads a changed instance: who names it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Narrowing {
    /// The leaf, in what changed or around it, whose values readers name: a key of a list whose entries they pick, or
    /// what a leafref refers to.
    pub(super) named: SchemaId,
    /// Who names such a value.
    pub(super) by: Named,
}

/// Who names the value of a leaf.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Named {
    /// Nobody but all, and this value only.
    Constant(Arc<str>),
    /// Who is below an instance of `above` that the index finds.
    Leaf {
        index: IndexId,
        /// `None`: who is under the common ancestor, if the index finds anything.
        above: Option<SchemaId>,
    },
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
    /// Which member of a union the values of a leaf take.
    Member(SchemaId),
}

impl Check {
    /// The data node whose instances are checked.
    pub(super) fn bearer(self) -> SchemaId {
        match self {
            Check::Own(id) | Check::Presence(id) | Check::Unique(id) | Check::Member(id) => id,
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
                    table.add(schema, Check::Own(id), plan);
                }
                for (_, plan) in plans.whens(schema, id) {
                    for bearer in bearers(schema, id) {
                        table.add(schema, Check::Presence(bearer), plan);
                    }
                }
                let types = node.ty.iter();
                for path in types.flat_map(|ty| crate::xpath::plans::leafref_paths(ty)) {
                    if let Some(plan) = plans.path(id, path) {
                        table.add_leafref(schema, id, plan);
                    }
                }
                if node.ty.as_ref().is_some_and(|ty| has_instance_id(ty)) {
                    table.add_instance_id(schema, id);
                    if is_reference_union(node) {
                        table.anything.push(Check::Member(id));
                    }
                }
                for unique in node.uniques() {
                    table.add_unique(schema, id, unique);
                }
            }
            table.layout.lead_to_mounts(schema);
            table
        })
    }

    fn add(&mut self, schema: &Schema, check: Check, plan: &Plan) {
        if plan.reads.any {
            self.anything.push(check);
            return;
        }
        for read in &plan.reads.nodes {
            let narrowings = self.joins(schema, check, read);
            self.add_reader(check, read, narrowings, false);
        }
    }

    fn add_leafref(&mut self, schema: &Schema, leaf: SchemaId, plan: &Plan) {
        // What is resolved, and not only validated, is so in mounted trees, too, which others validate.
        let member = is_reference_union(schema.node(leaf)).then_some(Check::Member(leaf));
        let asker = match member {
            Some(_) => Asker::Condition,
            None => Asker::Constraint,
        };
        let check = Check::Own(leaf);
        if plan.reads.any {
            self.anything.extend([check].into_iter().chain(member));
            return;
        }
        let target = descended_to(&plan.expr);
        let is_target = |read: &Read| Some(read.node) == target;
        // Keys may be taken from where the path leads: then it cannot be told which of the two a read is.
        let is_known = plan
            .reads
            .nodes
            .iter()
            .filter(|read| is_target(read))
            .count()
            == 1;
        for read in &plan.reads.nodes {
            let mut narrowings = self.joins(schema, member.unwrap_or(check), read);
            if is_target(read) && is_known && lists_between(schema, leaf, read.ancestor) > 0 {
                let index = self
                    .layout
                    .want(schema, read.ancestor, leaf, Vec::new(), asker);
                narrowings.extend(index.map(|index| Narrowing {
                    named: read.node,
                    by: Named::Leaf {
                        index,
                        above: Some(leaf),
                    },
                }));
            }
            // A target that comes takes the value from another member.
            if let Some(member) = member {
                self.add_reader(member, read, narrowings.clone(), false);
            }
            self.add_reader(check, read, narrowings, target.is_some());
        }
        if let Some((scope, target)) = searched(schema, leaf, plan) {
            self.layout.want(schema, scope, target, Vec::new(), asker);
        }
    }

    fn add_instance_id(&mut self, schema: &Schema, leaf: SchemaId) {
        let is_union = schema.node(leaf).ty.as_ref().is_some_and(|ty| {
            !matches!(
                ty.kind,
                banyan_yang::schema::TypeKind::InstanceIdentifier { .. }
            )
        });
        let mut want = || {
            let asker = Asker::Constraint;
            self.layout
                .want(schema, SchemaId::ROOT, leaf, Vec::new(), asker)
        };
        match (!is_union).then(&mut want).flatten() {
            Some(index) => self.references.push((leaf, index)),
            // Another member of a union may have taken the value, so it is no use as an index.
            None => self.anything.push(Check::Own(leaf)),
        }
    }

    fn add_unique(&mut self, schema: &Schema, list: SchemaId, unique: &Unique) {
        let ancestor = schema.node(list).data_parent().unwrap_or(SchemaId::ROOT);
        let ways = ways(schema, list, unique);
        let through_list = ways
            .iter()
            .flatten()
            .any(|id| schema.node(*id).kind == NodeKind::List);
        if !through_list {
            let asker = Asker::Constraint;
            self.layout.want(schema, ancestor, list, ways, asker);
        }
        for leaf in &unique.leaves {
            let read = Read {
                node: *leaf,
                extent: Extent::Value,
                ancestor,
                joins: Vec::new(),
            };
            self.add_reader(Check::Unique(list), &read, Vec::new(), false);
        }
    }

    fn add_reader(
        &mut self,
        check: Check,
        read: &Read,
        narrowings: Vec<Narrowing>,
        monotone: bool,
    ) {
        self.readers.entry(read.node).or_default().push(Reader {
            check,
            reach: Reach {
                ancestor: read.ancestor,
                narrowings: narrowings.into(),
            },
            extent: read.extent,
            monotone,
        });
    }

    /// How the bearers name the list entries through which a read goes.
    fn joins(&mut self, schema: &Schema, check: Check, read: &Read) -> Vec<Narrowing> {
        let mut narrowings = Vec::new();
        if lists_between(schema, check.bearer(), read.ancestor) == 0 {
            return narrowings;
        }
        let asker = match check {
            Check::Presence(_) | Check::Member(_) => Asker::Condition,
            _ => Asker::Constraint,
        };
        for join in &read.joins {
            for (named, key) in schema.node(join.list).keys().iter().zip(&join.keys) {
                let by = match key {
                    JoinKey::Opaque => None,
                    JoinKey::Literal(text) => Some(Named::Constant(text.clone())),
                    JoinKey::Leaf { leaf, ancestor } => {
                        // Both are above the bearer, so one is above the other.
                        let inside = way_down(schema, read.ancestor, *ancestor).is_some();
                        let (scope, above) = if inside {
                            (read.ancestor, Some(*ancestor))
                        } else {
                            (*ancestor, None)
                        };
                        let index = self.layout.want(schema, scope, *leaf, Vec::new(), asker);
                        index.map(|index| Named::Leaf { index, above })
                    }
                };
                narrowings.extend(by.map(|by| Narrowing { named: *named, by }));
            }
        }
        narrowings
    }

    /// Constraints that have to be checked after any change.
    pub(super) fn anything(&self) -> &[Check] {
        &self.anything
    }

    /// Leaves that refer to instances by their paths, with the index of these.
    pub(super) fn references(&self) -> &[(SchemaId, IndexId)] {
        &self.references
    }

    /// What is indexed.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What can be affected when instances of `root` come, go or change with all that is in them. Constraints inside of
    /// `root` itself are not among them: whoever asks checks new instances as a whole.
    pub(super) fn affected(
        &self,
        schema: &Schema,
        root: SchemaId,
        manner: Manner,
    ) -> Arc<[Affected]> {
        let mut known = self.affected.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.entry((root, manner));
        found
            .or_insert_with(|| self.find_affected(schema, root, manner))
            .clone()
    }

    fn find_affected(&self, schema: &Schema, root: SchemaId, manner: Manner) -> Arc<[Affected]> {
        let mut above = HashSet::new();
        let mut affected: HashSet<(&Reach, Check)> = HashSet::new();
        let mut parent = schema.node(root).data_parent();
        while let Some(id) = parent {
            above.insert(id);
            parent = schema.node(id).data_parent();
        }
        let mut collect = |id: SchemaId, whole: bool| {
            let gone = manner == Manner::Changed || !schema.node(id).defaults().is_empty();
            for reader in self.readers.get(&id).map_or(&[][..], Vec::as_slice) {
                if above.contains(&reader.reach.ancestor)
                    && (whole || reader.extent == Extent::Subtree)
                    && (gone || !reader.monotone)
                {
                    affected.insert((&reader.reach, reader.check));
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
        // Where all under the ancestor read it, it does not matter that some are named, too.
        let all: HashSet<(Check, SchemaId)> = affected
            .iter()
            .filter(|(reach, _)| reach.narrowings.is_empty())
            .map(|(reach, check)| (*check, reach.ancestor))
            .collect();
        let mut reaches: HashMap<&Reach, Vec<Check>> = HashMap::new();
        for (reach, check) in affected {
            if reach.narrowings.is_empty() || !all.contains(&(check, reach.ancestor)) {
                reaches.entry(reach).or_default().push(check);
            }
        }
        let grouped = reaches.into_iter().map(|(reach, checks)| Affected {
            checks,
            reach: reach.clone(),
        });
        grouped.collect()
    }
}

/// How many lists and leaf-lists stand on the way up from `id`, itself included, to `ancestor`, excluded; none when the
/// one is not above the other.
fn lists_between(schema: &Schema, id: SchemaId, ancestor: SchemaId) -> usize {
    let is_list =
        |id: &&SchemaId| matches!(schema.node(**id).kind, NodeKind::List | NodeKind::LeafList);
    way_down(schema, ancestor, id).map_or(0, |way| way.iter().filter(is_list).count())
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

/// Where a path leads that climbs and descends by names alone: whatever comes, what it reached it still reaches. Key
/// look-ups read leaves that may get other values, which is a change of these.
fn descended_to(expr: &PlanExpr) -> Option<SchemaId> {
    let PlanExpr::Path { steps, .. } = expr else {
        return None;
    };
    let plain = steps.iter().all(|step| {
        step.predicates.is_empty()
            && match step.axis {
                Axis::Parent => true,
                Axis::Child => matches!(step.test, PlanTest::Name(_)),
                _ => false,
            }
    });
    match steps.last().map(|step| &step.test) {
        Some(PlanTest::Name(name)) if plain => match name.nodes[..] {
            [only] => Some(only),
            _ => None,
        },
        _ => None,
    }
}
