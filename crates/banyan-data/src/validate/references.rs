//! Whether what leafrefs and instance-identifiers refer to exists (RFC 7950 9.9, 9.13).
//!
//! A target that is a key is looked up, others by the indexes where there are any. Without these the values of a target
//! are gathered once for all its referrers, so that many references cost what they read once.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use banyan_yang::schema::{NodeKind, Schema, SchemaId, Type, TypeKind};
use banyan_yang::xpath::{Axis, Plan, PlanExpr, PlanStep, PlanTest};

use super::indexes::Indexes;
use super::narrow::keys_around;
use super::rules::needs_instance;
use crate::cursor::Cursor;
use crate::lexical::{Style, canonical};
use crate::path::InstancePath;
use crate::value::Value;
use crate::xpath::plans::Plans;
use crate::xpath::step::values_of_text;
use crate::xpath::{Evaluation, Session, Stop, XValue};

/// What is known of targets while one tree is validated.
pub(super) struct References<'t> {
    /// The indexes of the tree.
    indexes: Option<&'t Indexes>,
    /// The values that a path reaches from a node: by where the rest of the path is in memory, and the node.
    gathered: HashMap<(usize, InstancePath), HashSet<Value>>,
}

/// A reference without its instance.
pub(super) enum Missing {
    /// The path that the leafref follows.
    Leafref(std::sync::Arc<str>),
    /// An instance-identifier.
    Instance,
}

impl<'t> References<'t> {
    pub(super) fn new(indexes: Option<&'t Indexes>) -> Self {
        References {
            indexes,
            gathered: HashMap::new(),
        }
    }

    /// What the value of `leaf` refers to and is not there, if anything.
    pub(super) fn missing(
        &mut self,
        leaf: &Cursor<'t>,
        session: &Session<'t>,
        plans: &Plans,
    ) -> Result<Option<Missing>, Stop> {
        match leaf.frame().typed() {
            Some((value, ty)) => self.missing_of(leaf, value, ty, session, plans),
            None => Ok(None),
        }
    }

    /// Like [`References::missing`], for a value that the leaf would have by this type.
    pub(super) fn missing_of(
        &mut self,
        leaf: &Cursor<'t>,
        value: &Value,
        ty: &Type,
        session: &Session<'t>,
        plans: &Plans,
    ) -> Result<Option<Missing>, Stop> {
        match (&ty.kind, value) {
            (
                TypeKind::Leafref {
                    path,
                    require_instance: true,
                    ..
                },
                value,
            ) => {
                let Some(plan) = plans.path(leaf.id(), path) else {
                    return Ok(None);
                };
                for value in &*same_text(leaf.schema(), ty, value) {
                    if self.reaches(leaf, value, plan, session)? {
                        return Ok(None);
                    }
                }
                Ok(Some(Missing::Leafref(path.text.clone())))
            }
            (
                TypeKind::InstanceIdentifier {
                    require_instance: true,
                },
                Value::InstanceId(path),
            ) => Ok(leaf.top().find(path).is_none().then_some(Missing::Instance)),
            (TypeKind::Union(members), Value::Union(union)) => {
                let chosen = usize::from(union.member);
                let Some(member) = members.get(chosen) else {
                    return Ok(None);
                };
                let missing = self.missing_of(leaf, &union.value, member, session, plans)?;
                if missing.is_none() {
                    return Ok(None);
                }
                // RFC 7950 9.12: a member whose instance is missing does not accept the value; a later one may.
                let text = leaf.frame().text();
                for member in members.iter().skip(chosen + 1) {
                    let mut values = Vec::new();
                    values_of_text(leaf.schema(), member, &text, &mut values);
                    for value in &values {
                        if !needs_instance(member)
                            || self
                                .missing_of(leaf, value, member, session, plans)?
                                .is_none()
                        {
                            return Ok(None);
                        }
                    }
                }
                Ok(missing)
            }
            _ => Ok(None),
        }
    }

    /// Whether the path reaches a node with this very value.
    pub(super) fn reaches(
        &mut self,
        leaf: &Cursor<'t>,
        value: &Value,
        plan: &Plan,
        session: &Session<'t>,
    ) -> Result<bool, Stop> {
        let evaluation = Evaluation::new(plan, leaf.schema(), leaf.clone(), session);
        let PlanExpr::Path { absolute, steps } = &plan.expr else {
            return evaluates_to(&evaluation, leaf, value, plan);
        };
        let climb = steps.iter().take_while(|step| is_climb(step)).count();
        let (up, down) = steps.split_at(climb);
        if !down.iter().all(is_plain_descent) {
            return evaluates_to(&evaluation, leaf, value, plan);
        }
        let start = if *absolute { leaf.top() } else { leaf.clone() };
        let base = up.iter().try_fold(start, |node, _| node.parent());
        match base {
            Some(base) => self.descend(&evaluation, &base, down, value),
            None => Ok(false),
        }
    }

    fn descend(
        &mut self,
        evaluation: &Evaluation<'t, '_>,
        node: &Cursor<'t>,
        steps: &[PlanStep],
        value: &Value,
    ) -> Result<bool, Stop> {
        evaluation.session.tick()?;
        let Some((step, rest)) = steps.split_first() else {
            return Ok(node.value() == Some(value));
        };
        if step.lookup.is_some() {
            for child in evaluation.children(node, step)? {
                if self.descend(evaluation, &child, rest, value)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let Some(id) = sole_child(evaluation, node, step) else {
            return Ok(false);
        };
        let definition = evaluation.home.node(id);
        match definition.kind {
            NodeKind::LeafList => Ok(node.leaf_list_entry(id, value).is_some()),
            NodeKind::List => {
                if let ([key], [last]) = (definition.keys(), rest)
                    && matches!(&last.test, PlanTest::Name(name) if name.nodes[..] == [*key])
                {
                    return Ok(node.entry(id, std::slice::from_ref(value)).is_some());
                }
                if rest.iter().any(|step| step.lookup.is_some()) {
                    for child in node.instances(id) {
                        if self.descend(evaluation, &child, rest, value)? {
                            return Ok(true);
                        }
                    }
                    return Ok(false);
                }
                if let Some(found) = self.indexed(node, steps, value) {
                    return Ok(found);
                }
                let place = (steps.as_ptr() as usize, node.path());
                if let Some(values) = self.gathered.get(&place) {
                    return Ok(values.contains(value));
                }
                let mut values = HashSet::new();
                gather(evaluation, node, steps, &mut values)?;
                let found = values.contains(value);
                self.gathered.insert(place, values);
                Ok(found)
            }
            _ => match node.child(id) {
                Some(child) => self.descend(evaluation, &child, rest, value),
                None => Ok(false),
            },
        }
    }

    /// Whether a node with the value is where `steps` lead from `node`; `None` without an index for that.
    fn indexed(&self, node: &Cursor<'t>, steps: &[PlanStep], value: &Value) -> Option<bool> {
        let indexes = self.indexes?;
        let schema = node.schema();
        let target = sole_name(steps.last()?)?;
        let index = indexes.layout().find(node.id(), target, &[])?;
        let found = indexes.with_values(index, &keys_around(node), std::slice::from_ref(value));
        let top = node.top();
        let mut instances = found
            .paths(schema, target)
            .filter_map(|path| top.find(&path));
        Some(instances.any(|instance| instance.value() == Some(value)))
    }
}

/// The values that a node has which a leafref with this value refers to. A union's value may be that of another of its
/// members there: which one takes a text depends on where it stands (RFC 7950 9.12).
fn same_text<'v>(schema: &Schema, ty: &Type, value: &'v Value) -> Cow<'v, [Value]> {
    if !matches!(value, Value::Union(_)) {
        return Cow::Borrowed(std::slice::from_ref(value));
    }
    let mut values = Vec::new();
    values_of_text(
        schema,
        ty,
        &canonical(schema, ty, value, Style::Json),
        &mut values,
    );
    Cow::Owned(values)
}

/// Where a leafref's path has to look through a list: the node that it is in, and what the path leads to below.
/// `None` when key look-ups lead all the way.
pub(super) fn searched(
    schema: &Schema,
    leaf: SchemaId,
    plan: &Plan,
) -> Option<(SchemaId, SchemaId)> {
    let PlanExpr::Path { absolute, steps } = &plan.expr else {
        return None;
    };
    let climb = steps.iter().take_while(|step| is_climb(step)).count();
    let (up, mut down) = steps.split_at(climb);
    if !down.iter().all(is_plain_descent) {
        return None;
    }
    let start = if *absolute { SchemaId::ROOT } else { leaf };
    let mut at = up
        .iter()
        .try_fold(start, |id, _| schema.node(id).data_parent())?;
    while let Some((step, rest)) = down.split_first() {
        let id = sole_name(step)?;
        if schema.node(id).kind == NodeKind::List && step.lookup.is_none() {
            let by_key = matches!(rest, [last] if schema.node(id).keys() == [sole_name(last)?]);
            if by_key {
                return None;
            }
            if rest.iter().all(|step| step.lookup.is_none()) {
                return Some((at, sole_name(rest.last()?)?));
            }
        }
        (at, down) = (id, rest);
    }
    None
}

/// All values that `steps` reach.
fn gather<'t>(
    evaluation: &Evaluation<'t, '_>,
    node: &Cursor<'t>,
    steps: &[PlanStep],
    values: &mut HashSet<Value>,
) -> Result<(), Stop> {
    evaluation.session.tick()?;
    match steps.split_first() {
        None => values.extend(node.value().cloned()),
        Some((step, rest)) => {
            for child in evaluation.children(node, step)? {
                gather(evaluation, &child, rest, values)?;
            }
        }
    }
    Ok(())
}

/// `..`
fn is_climb(step: &PlanStep) -> bool {
    step.axis == Axis::Parent && step.test == PlanTest::Node && step.predicates.is_empty()
}

/// The only schema node that a step's name can mean, in the schema that it was bound to.
fn sole_name(step: &PlanStep) -> Option<SchemaId> {
    match &step.test {
        PlanTest::Name(name) => match name.nodes[..] {
            [only] => Some(only),
            _ => None,
        },
        _ => None,
    }
}

/// A step down to a name, with or without keys, and nothing else.
fn is_plain_descent(step: &PlanStep) -> bool {
    step.axis == Axis::Child && matches!(step.test, PlanTest::Name(_)) && step.predicates.is_empty()
}

/// The only data node below `node` that the step can mean.
fn sole_child(
    evaluation: &Evaluation<'_, '_>,
    node: &Cursor<'_>,
    step: &PlanStep,
) -> Option<SchemaId> {
    let PlanTest::Name(name) = &step.test else {
        return None;
    };
    let (schema, parent, _) = node.frame().inside()?;
    let mut ids = evaluation.named_children(schema, parent, name).into_iter();
    ids.next().filter(|_| ids.next().is_none())
}

/// The general way: evaluate the path, and compare.
fn evaluates_to<'t>(
    evaluation: &Evaluation<'t, '_>,
    leaf: &Cursor<'t>,
    value: &Value,
    plan: &Plan,
) -> Result<bool, Stop> {
    Ok(match evaluation.value(&plan.expr, leaf.clone())? {
        XValue::Nodes(nodes) => nodes.iter().any(|node| node.value() == Some(value)),
        _ => false,
    })
}
