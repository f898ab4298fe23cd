//! Steps of a path: axes, node tests, predicates, and list entries found by their keys.

use std::collections::HashSet;

use banyan_yang::schema::{NodeKind, Schema, SchemaId, Type, TypeKind};
use banyan_yang::xpath::{Axis, KeyLookup, NameTest, PlanStep, PlanTest, Predicate};
use triomphe::Arc;

use super::evaluation::{Evaluation, Focus, Stop, in_document_order};
use super::value::XValue;
use crate::cursor::Cursor;
use crate::frame::Place;
use crate::lexical::{ModuleNames, Style, canonical, parse};
use crate::value::{UnionValue, Value};

impl<'t> Evaluation<'t, '_> {
    /// The nodes that `steps` reach from `starts`, in document order.
    pub(super) fn walk(
        &self,
        starts: Vec<Cursor<'t>>,
        steps: &[PlanStep],
    ) -> Result<Vec<Cursor<'t>>, Stop> {
        let mut nodes = starts;
        let mut steps = steps.iter().peekable();
        while let Some(step) = steps.next() {
            let mut reached = Vec::new();
            let below = steps.next_if(|next| is_any_depth(step) && descends_freely(next));
            for node in &nodes {
                match below {
                    Some(next) => self.search(node, next, &mut reached)?,
                    None => reached.append(&mut self.step(node, step)?),
                }
            }
            nodes = in_document_order(reached);
        }
        Ok(nodes)
    }

    /// The nodes of one step from one node, in the order of the axis.
    pub(super) fn step(&self, node: &Cursor<'t>, step: &PlanStep) -> Result<Vec<Cursor<'t>>, Stop> {
        let mut nodes = Vec::new();
        if step.axis == Axis::Child {
            for child in self.children(node, step)? {
                self.session.tick()?;
                nodes.push(child);
            }
        } else {
            self.axis(node, step.axis, &mut |reached| {
                self.session.tick()?;
                if self.passes(&reached, &step.test) {
                    nodes.push(reached);
                }
                Ok(())
            })?;
        }
        self.filter(nodes, &step.predicates)
    }

    /// Those of `nodes` for which all predicates hold (XPath 1.0 section 2.4).
    pub(super) fn filter(
        &self,
        mut nodes: Vec<Cursor<'t>>,
        predicates: &[Predicate],
    ) -> Result<Vec<Cursor<'t>>, Stop> {
        for predicate in predicates {
            let size = nodes.len();
            let mut kept = Vec::new();
            for (index, node) in nodes.into_iter().enumerate() {
                let focus = Focus {
                    node,
                    position: index + 1,
                    size,
                };
                use banyan_yang::xpath::ResultType::{Number, Unknown};
                let keep = if matches!(predicate.result, Number | Unknown) {
                    match self.eval(&predicate.expr, &focus)? {
                        XValue::Number(wanted) => wanted == focus.position as f64,
                        value => value.to_boolean(),
                    }
                } else {
                    self.test(&predicate.expr, &focus)?
                };
                if keep {
                    kept.push(focus.node);
                }
            }
            nodes = kept;
        }
        Ok(nodes)
    }

    /// The children of `node` that pass the test of a child step, by key where the step has a lookup.
    pub(crate) fn children(
        &self,
        node: &Cursor<'t>,
        step: &PlanStep,
    ) -> Result<Box<dyn Iterator<Item = Cursor<'t>> + 't>, Stop> {
        let name = match &step.test {
            PlanTest::Name(name) => name,
            PlanTest::Text => return Ok(Box::new(node.text_node().into_iter())),
            PlanTest::Nothing => return Ok(Box::new(std::iter::empty())),
            PlanTest::Node => return Ok(Box::new(node.children().chain(node.text_node()))),
            test => {
                let nodes: Vec<_> = node
                    .children()
                    .filter(|child| self.passes(child, test))
                    .collect();
                return Ok(Box::new(nodes.into_iter()));
            }
        };
        let operation = node
            .own_operation()
            .filter(|operation| self.passes(operation, &step.test));
        let Some((schema, parent, _)) = node.frame().inside() else {
            return Ok(Box::new(operation.into_iter()));
        };
        let ids = self.named_children(schema, parent, name);
        if let Some(lookup) = &step.lookup {
            let mut entries = Vec::new();
            for id in ids {
                self.entries(node, schema, id, lookup, &mut entries)?;
            }
            return Ok(Box::new(in_document_order(entries).into_iter()));
        }
        let mut ids = ids.into_iter();
        Ok(match (ids.next(), ids.len()) {
            (None, _) => Box::new(operation.into_iter()),
            (Some(id), 0) => Box::new(node.instances(id).chain(operation)),
            (Some(first), _) => {
                let node = node.clone();
                Box::new(
                    std::iter::once(first)
                        .chain(ids)
                        .flat_map(move |id| node.instances(id))
                        .chain(operation),
                )
            }
        })
    }

    /// The data children of `parent` that a name can mean.
    pub(crate) fn named_children(
        &self,
        schema: &Schema,
        parent: SchemaId,
        name: &NameTest,
    ) -> Vec<SchemaId> {
        if std::ptr::eq(schema, self.home) {
            let below = |id: &SchemaId| schema.node(*id).data_parent() == Some(parent);
            return name.nodes.iter().copied().filter(below).collect();
        }
        let named = match &name.module_name {
            None => schema.data_child_any_module(parent, &name.local),
            Some(module) => schema
                .module_by_name(module)
                .and_then(|module| schema.data_child(parent, module, &name.local)),
        };
        named.into_iter().collect()
    }

    /// The entries of list `id` with the keys of the lookup, whatever their number.
    fn entries(
        &self,
        node: &Cursor<'t>,
        schema: &'t Schema,
        id: SchemaId,
        lookup: &KeyLookup,
        entries: &mut Vec<Cursor<'t>>,
    ) -> Result<(), Stop> {
        let focus = Focus {
            node: node.clone(),
            position: 1,
            size: 1,
        };
        let home_keys = self.home.node(lookup.list).keys();
        let mut tuples: Vec<Vec<Value>> = vec![Vec::new()];
        for key in schema.node(id).keys() {
            let key = schema.node(*key);
            // In a mounted schema the list of that name may have other keys, or in another order.
            let index = home_keys
                .iter()
                .position(|home| self.home.node(*home).name == key.name);
            let (Some(expr), Some(ty)) = (index.and_then(|index| lookup.keys.get(index)), &key.ty)
            else {
                return Ok(());
            };
            let values = self.key_values(schema, ty, &self.eval(expr, &focus)?)?;
            let mut longer = Vec::with_capacity(tuples.len().saturating_mul(values.len()));
            for tuple in &tuples {
                for value in &values {
                    self.session.tick()?;
                    let mut tuple = tuple.clone();
                    tuple.push(value.clone());
                    longer.push(tuple);
                }
            }
            tuples = longer;
        }
        for tuple in &tuples {
            entries.extend(node.entry(id, tuple));
        }
        Ok(())
    }

    /// The key values that equal a value of the expression.
    fn key_values(
        &self,
        schema: &Schema,
        ty: &Type,
        wanted: &XValue<'t>,
    ) -> Result<Vec<Value>, Stop> {
        let mut values = Vec::new();
        match wanted {
            XValue::Nodes(nodes) => {
                for node in nodes {
                    self.session.tick()?;
                    values_of_text(schema, ty, &node.string_value(), &mut values);
                }
            }
            wanted => values_of_text(schema, ty, &wanted.to_text(), &mut values),
        }
        values.sort();
        values.dedup();
        Ok(values)
    }

    /// Whether a node passes a test on an axis of elements (XPath 1.0 section 2.3).
    pub(super) fn passes(&self, node: &Cursor<'t>, test: &PlanTest) -> bool {
        let frame = node.frame();
        match (frame.place(), test) {
            (_, PlanTest::Node) | (Place::Text, PlanTest::Text) => return true,
            (Place::Root(_) | Place::Text, _) => return false,
            _ => {}
        }
        let schema = node.schema();
        let at_home = std::ptr::eq(schema, self.home);
        let named = frame.named();
        let of_module = |name: &str| *schema.module(named.module).name == *name;
        match test {
            PlanTest::AnyName => true,
            PlanTest::Module { module, .. } if at_home => Some(named.module) == *module,
            PlanTest::Module { module_name, .. } => of_module(module_name),
            PlanTest::Name(name) if at_home => {
                let id = match node.definition().kind {
                    NodeKind::Input | NodeKind::Output => {
                        node.definition().parent().unwrap_or(node.id())
                    }
                    _ => node.id(),
                };
                name.nodes.binary_search(&id).is_ok()
            }
            PlanTest::Name(name) => {
                named.name == name.local && name.module_name.as_deref().is_none_or(of_module)
            }
            PlanTest::Node | PlanTest::Text | PlanTest::Nothing => false,
        }
    }

    /// `//name`: what `next` selects among the children of `node` and of all below it. Skips subtrees in
    /// which the schema has no such name.
    fn search(
        &self,
        node: &Cursor<'t>,
        next: &PlanStep,
        found: &mut Vec<Cursor<'t>>,
    ) -> Result<(), Stop> {
        let ways = match &next.test {
            PlanTest::Name(name) => Some(self.ways_to(name)),
            _ => None,
        };
        self.search_below(node, next, ways.as_ref(), found)
    }

    fn search_below(
        &self,
        node: &Cursor<'t>,
        next: &PlanStep,
        ways: Option<&HashSet<SchemaId>>,
        found: &mut Vec<Cursor<'t>>,
    ) -> Result<(), Stop> {
        self.session.tick()?;
        found.append(&mut self.step(node, next)?);
        let Some((schema, _, _)) = node.frame().inside() else {
            return Ok(());
        };
        let at_home = std::ptr::eq(schema, self.home);
        for id in node.child_ids() {
            let definition = schema.node(id);
            let inner = matches!(definition.kind, NodeKind::Container | NodeKind::List);
            let leads = definition.mount_point().is_some()
                || !at_home
                || ways.is_none_or(|ways| ways.contains(&id));
            if leads && (inner || matches!(next.test, PlanTest::Text | PlanTest::Node)) {
                for child in node.instances(id) {
                    self.search_below(&child, next, ways, found)?;
                }
            }
        }
        if let Some(operation) = node.own_operation() {
            self.search_below(&operation, next, ways, found)?;
        }
        Ok(())
    }

    /// The schema nodes above those that a name can mean, and all mount points with what is above them.
    fn ways_to(&self, name: &NameTest) -> HashSet<SchemaId> {
        let mounts = self
            .home
            .nodes()
            .filter(|(_, node)| node.mount_point().is_some());
        let mut ways = HashSet::new();
        for target in name.nodes.iter().copied().chain(mounts.map(|(id, _)| id)) {
            let mut above = self.home.node(target).data_parent();
            while let Some(id) = above.filter(|id| ways.insert(*id)) {
                above = self.home.node(id).data_parent();
            }
        }
        ways
    }

    /// Visits the nodes of an axis, in its order (XPath 1.0 section 2.2).
    fn axis(
        &self,
        node: &Cursor<'t>,
        axis: Axis,
        visit: &mut dyn FnMut(Cursor<'t>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let ancestors = || std::iter::successors(node.parent(), Cursor::parent);
        match axis {
            Axis::Attribute | Axis::Namespace => Ok(()),
            Axis::SelfNode => visit(node.clone()),
            Axis::Parent => node.parent().map_or(Ok(()), visit),
            Axis::Child => child_nodes(node).try_for_each(visit),
            Axis::Ancestor => ancestors().try_for_each(visit),
            Axis::AncestorOrSelf => std::iter::once(node.clone())
                .chain(ancestors())
                .try_for_each(visit),
            Axis::Descendant => child_nodes(node).try_for_each(|child| subtree(child, visit)),
            Axis::DescendantOrSelf => subtree(node.clone(), visit),
            Axis::FollowingSibling => self.siblings(node, true)?.into_iter().try_for_each(visit),
            Axis::PrecedingSibling => self.siblings(node, false)?.into_iter().try_for_each(visit),
            Axis::Following => {
                for from in std::iter::once(node.clone()).chain(ancestors()) {
                    for sibling in self.siblings(&from, true)? {
                        subtree(sibling, visit)?;
                    }
                }
                Ok(())
            }
            Axis::Preceding => {
                for from in std::iter::once(node.clone()).chain(ancestors()) {
                    for sibling in self.siblings(&from, false)? {
                        let mut nodes = Vec::new();
                        subtree(sibling, &mut |reached| {
                            self.session.tick()?;
                            nodes.push(reached);
                            Ok(())
                        })?;
                        nodes.into_iter().rev().try_for_each(&mut *visit)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// The siblings after a node, in document order; or those before it, the nearest first.
    fn siblings(&self, node: &Cursor<'t>, after: bool) -> Result<Vec<Cursor<'t>>, Stop> {
        let mut siblings = Vec::new();
        if let Some(parent) = node.parent() {
            for sibling in child_nodes(&parent) {
                self.session.tick()?;
                if (after && sibling > *node) || (!after && sibling < *node) {
                    siblings.push(sibling);
                }
            }
        }
        if !after {
            siblings.reverse();
        }
        Ok(siblings)
    }
}

/// Children with texts.
fn child_nodes<'t>(node: &Cursor<'t>) -> Box<dyn Iterator<Item = Cursor<'t>> + 't> {
    Box::new(node.children().chain(node.text_node()))
}

/// A node and all below it, in document order. Recurses as deep as the tree, which its builders limit.
fn subtree<'t>(
    node: Cursor<'t>,
    visit: &mut dyn FnMut(Cursor<'t>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    visit(node.clone())?;
    child_nodes(&node).try_for_each(|child| subtree(child, visit))
}

/// `descendant-or-self::node()`, what `//` stands for.
fn is_any_depth(step: &PlanStep) -> bool {
    step.axis == Axis::DescendantOrSelf && step.test == PlanTest::Node && step.predicates.is_empty()
}

/// A child step that selects the same nodes whichever way their parents were reached.
fn descends_freely(step: &PlanStep) -> bool {
    step.axis == Axis::Child
}

/// The values of a type whose canonical text is `text`: for a union one per member that has it.
pub(crate) fn values_of_text(schema: &Schema, ty: &Type, text: &str, values: &mut Vec<Value>) {
    let ty = ty.resolved();
    if let TypeKind::Union(members) = &ty.kind {
        for (member, ty) in members.iter().enumerate() {
            let mut inner = Vec::new();
            values_of_text(schema, ty, text, &mut inner);
            let Ok(member) = u16::try_from(member) else {
                return;
            };
            values.extend(
                inner
                    .into_iter()
                    .map(|value| Value::Union(Arc::new(UnionValue { member, value }))),
            );
        }
    } else if let Ok(value) = parse(schema, ty, text, &ModuleNames::default())
        && canonical(schema, ty, &value, Style::Json) == text
    {
        values.push(value);
    }
}
