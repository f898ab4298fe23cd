//! Steps of a path: axes, node tests, predicates, and list entries found by their keys.

use banyan_yang::schema::{NodeKind, Schema, SchemaId, Type, TypeKind};
use banyan_yang::xpath::{
    Axis, CompareOp, Function, KeyLookup, NameTest, PlanExpr, PlanStep, PlanTest, Predicate,
    ResultType,
};
use triomphe::Arc;

use super::axis::Nodes;
use super::evaluation::{Evaluation, Focus, in_document_order};
use super::search::Trail;
use super::session::Stop;
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
            let below = steps.next_if(|next| is_any_depth(step) && next.axis == Axis::Child);
            let starts = match below.unwrap_or(step) {
                step if step.predicates.iter().any(|predicate| predicate.positional) => nodes,
                _ => sufficient(step.axis, nodes),
            };
            let mut reached = Vec::new();
            for node in &starts {
                match below {
                    Some(next) => {
                        let before = self.session.visited();
                        self.search(node, next, &mut reached)?;
                        let visited = self.session.visited() - before;
                        self.session
                            .count(step, |visits| visits.looked_at += visited);
                    }
                    None => reached.append(&mut self.step(node, step)?),
                }
            }
            nodes = in_document_order(reached);
        }
        Ok(nodes)
    }

    /// The nodes of one step from one node, in the order of the axis.
    pub(super) fn step(&self, node: &Cursor<'t>, step: &PlanStep) -> Result<Vec<Cursor<'t>>, Stop> {
        if step.axis == Axis::Child {
            if step.lookup.is_none()
                && let Some((before, after)) = around_last(&step.predicates)
            {
                let children = self.children_back(node, &step.test);
                let last = self.select(children, step, &step.test, before, Wanted::First)?;
                return self.filter(last, after);
            }
            let children = self.children(node, step)?;
            return self.select(
                children,
                step,
                &PlanTest::Node,
                &step.predicates,
                Wanted::All,
            );
        }
        let nodes = self.axis(node, step.axis, &step.test);
        self.select(nodes, step, &step.test, &step.predicates, Wanted::All)
    }

    /// Those of `nodes` that pass the test and all predicates. Looks at no more of them than it takes to know.
    fn select(
        &self,
        nodes: Nodes<'_, 't>,
        step: &PlanStep,
        test: &PlanTest,
        predicates: &[Predicate],
        wanted: Wanted,
    ) -> Result<Vec<Cursor<'t>>, Stop> {
        let sized = predicates.iter().position(|predicate| predicate.needs_size);
        let (one_by_one, together) = predicates.split_at(sized.unwrap_or(predicates.len()));
        let mut positions = vec![0; one_by_one.len()];
        let mut kept = Vec::new();
        for node in nodes {
            self.session.tick()?;
            self.session.count(step, |visits| visits.looked_at += 1);
            if !self.passes(&node, test) {
                continue;
            }
            let mut focus = Focus {
                node,
                position: 1,
                // No predicate among these asks for it.
                size: 1,
            };
            let (mut passes, mut is_last) = (true, false);
            for (predicate, position) in one_by_one.iter().zip(&mut positions) {
                *position += 1;
                focus.position = *position;
                passes = match position_wanted(predicate) {
                    Some(wanted) => {
                        let here = focus.position as f64;
                        is_last |= here >= wanted;
                        here == wanted
                    }
                    None => self.keeps(predicate, &focus)?,
                };
                if !passes {
                    break;
                }
            }
            if passes {
                self.session.count(step, |visits| visits.selected += 1);
                kept.push(focus.node);
            }
            if is_last || (passes && wanted == Wanted::First) {
                break;
            }
        }
        self.filter(kept, together)
    }

    /// Those of `nodes` for which all predicates hold (XPath 1.0 section 2.4).
    pub(super) fn filter(
        &self,
        mut nodes: Vec<Cursor<'t>>,
        predicates: &[Predicate],
    ) -> Result<Vec<Cursor<'t>>, Stop> {
        for predicate in predicates {
            if is_last(predicate) {
                nodes = nodes.pop().into_iter().collect();
                continue;
            }
            let size = nodes.len();
            let mut kept = Vec::new();
            for (index, node) in nodes.into_iter().enumerate() {
                let focus = Focus {
                    node,
                    position: index + 1,
                    size,
                };
                if self.keeps(predicate, &focus)? {
                    kept.push(focus.node);
                }
            }
            nodes = kept;
        }
        Ok(nodes)
    }

    pub(super) fn keeps(&self, predicate: &Predicate, focus: &Focus<'t>) -> Result<bool, Stop> {
        if !matches!(predicate.result, ResultType::Number | ResultType::Unknown) {
            return self.test(&predicate.expr, focus);
        }
        Ok(match self.eval(&predicate.expr, focus)? {
            XValue::Number(wanted) => wanted == focus.position as f64,
            value => value.to_boolean(),
        })
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
            self.session.count(step, |visits| visits.lookups += 1);
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
        let mut wanted = Vec::with_capacity(home_keys.len());
        for id in schema.node(id).keys() {
            let key = schema.node(*id);
            // In a mounted schema the list of that name may have other keys, or in another order.
            let index = home_keys
                .iter()
                .position(|home| self.home.node(*home).name == key.name);
            let (Some(expr), Some(ty)) = (index.and_then(|index| lookup.keys.get(index)), &key.ty)
            else {
                return Ok(());
            };
            wanted.push((*id, ty, self.operand(expr, &focus)?));
        }
        if !wanted
            .iter()
            .all(|(_, ty, operand)| is_key_text(ty, &operand.value))
        {
            for entry in node.instances(id) {
                self.session.tick()?;
                let mut fits = true;
                for (key, _, operand) in &wanted {
                    fits = fits
                        && match entry.child(*key) {
                            Some(key) => self.equals(&key, operand)?,
                            None => false,
                        };
                }
                entries.extend(fits.then_some(entry));
            }
            return Ok(());
        }
        let mut tuples: Vec<Vec<Value>> = vec![Vec::new()];
        for (_, ty, operand) in &wanted {
            let values = self.key_values(schema, ty, &operand.value)?;
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
                    values_of_text(schema, ty, &self.string_of(node)?, &mut values);
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
        self.search_below(node, next, &Trail::of(self.home, &next.test), found)
    }

    fn search_below(
        &self,
        node: &Cursor<'t>,
        next: &PlanStep,
        trail: &Trail<'_>,
        found: &mut Vec<Cursor<'t>>,
    ) -> Result<(), Stop> {
        self.session.tick()?;
        found.append(&mut self.step(node, next)?);
        let Some((schema, _, _)) = node.frame().inside() else {
            return Ok(());
        };
        let ways = trail.in_schema(self.home, schema);
        for id in node.child_ids() {
            let inner = matches!(schema.node(id).kind, NodeKind::Container | NodeKind::List);
            if ways.as_ref().is_none_or(|ways| ways.contains(&id))
                && (inner || matches!(next.test, PlanTest::Text | PlanTest::Node))
            {
                for child in node.instances(id) {
                    self.search_below(&child, next, trail, found)?;
                }
            }
        }
        if let Some(operation) = node.own_operation() {
            self.search_below(&operation, next, trail, found)?;
        }
        Ok(())
    }
}

/// Whether equality with a value is equality with a canonical text, which a look-up can decide.
fn is_key_text(ty: &Type, value: &XValue<'_>) -> bool {
    match value {
        XValue::String(_) | XValue::Nodes(_) => true,
        XValue::Number(_) => matches!(ty.resolved().kind, TypeKind::Int(..) | TypeKind::Uint(..)),
        XValue::Boolean(_) => false,
    }
}

/// How many nodes of a step are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    All,
    First,
}

/// Those of `nodes`, which are in document order, from which a step without positions reaches all that it reaches
/// from any of them.
fn sufficient<'t>(axis: Axis, nodes: Vec<Cursor<'t>>) -> Vec<Cursor<'t>> {
    let siblings = |a: &Cursor<'t>, b: &Cursor<'t>| match (a.frame().parent(), b.frame().parent()) {
        (Some(a), Some(b)) => std::rc::Rc::ptr_eq(a, b),
        _ => false,
    };
    let mut kept: Vec<Cursor<'t>> = Vec::new();
    match axis {
        Axis::Parent | Axis::Ancestor | Axis::FollowingSibling => {
            for node in nodes {
                if !kept.last().is_some_and(|last| siblings(last, &node)) {
                    kept.push(node);
                }
            }
        }
        Axis::PrecedingSibling => {
            for node in nodes {
                if kept.last().is_some_and(|last| siblings(last, &node)) {
                    kept.pop();
                }
                kept.push(node);
            }
        }
        // What stands before a node stands before a later one, too, unless it is around that.
        Axis::Preceding => kept.extend(nodes.into_iter().next_back()),
        // The node that ends first is the innermost one that holds the first.
        Axis::Following => {
            for node in nodes {
                if kept.last().is_none_or(|last| is_within(&node, last)) {
                    kept = vec![node];
                }
            }
        }
        Axis::Descendant | Axis::DescendantOrSelf => {
            for node in nodes {
                if !kept.last().is_some_and(|last| is_within(&node, last)) {
                    kept.push(node);
                }
            }
        }
        _ => return nodes,
    }
    kept
}

fn is_within<'t>(node: &Cursor<'t>, above: &Cursor<'t>) -> bool {
    let depth = above.frame().depth();
    let mut at = node.clone();
    while at.frame().depth() > depth
        && let Some(parent) = at.parent()
    {
        at = parent;
    }
    at == *above
}

/// The predicates before and after `[last()]`, if no earlier one asks for positions.
fn around_last(predicates: &[Predicate]) -> Option<(&[Predicate], &[Predicate])> {
    let first = predicates
        .iter()
        .position(|predicate| predicate.positional)?;
    let (before, rest) = predicates.split_at(first);
    let (last, after) = rest.split_first()?;
    is_last(last).then_some((before, after))
}

/// `[last()]` or `[position() = last()]`.
fn is_last(predicate: &Predicate) -> bool {
    let calls = |expr: &PlanExpr, wanted| matches!(expr, PlanExpr::Call { function, .. } if *function == wanted);
    match &predicate.expr {
        PlanExpr::Compare(CompareOp::Equal, left, right) => {
            (calls(left, Function::Position) && calls(right, Function::Last))
                || (calls(left, Function::Last) && calls(right, Function::Position))
        }
        expr => calls(expr, Function::Last),
    }
}

/// The constant of `[2]` or `[position() = 2]`.
fn position_wanted(predicate: &Predicate) -> Option<f64> {
    let is_position = |expr: &PlanExpr| {
        matches!(
            expr,
            PlanExpr::Call {
                function: Function::Position,
                ..
            }
        )
    };
    match &predicate.expr {
        PlanExpr::Number(wanted) => Some(*wanted),
        PlanExpr::Compare(CompareOp::Equal, left, right) => match (&**left, &**right) {
            (PlanExpr::Number(wanted), other) | (other, PlanExpr::Number(wanted))
                if is_position(other) =>
            {
                Some(*wanted)
            }
            _ => None,
        },
        _ => None,
    }
}

/// `descendant-or-self::node()`, what `//` stands for.
pub(super) fn is_any_depth(step: &PlanStep) -> bool {
    step.axis == Axis::DescendantOrSelf && step.test == PlanTest::Node && step.predicates.is_empty()
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
