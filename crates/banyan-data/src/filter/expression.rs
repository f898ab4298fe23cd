//! XPath filters that are paths of names and keys, as subtree filters: these can be followed from change to change.

use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};
use banyan_yang::xpath::{Axis, Plan, PlanExpr, PlanStep, PlanTest, ResultType};

use super::subtree::{FilterNode, Subtree, Wants};
use crate::lexical::{self, ModuleNames, Style, canonical};
use crate::value::Value;

impl Subtree {
    /// The filter that selects what an expression selects when it is evaluated at the root, if the expression is a path
    /// of names in which predicates name keys by their values, or a union of such. `None`: it is more than that.
    pub fn of_expression(schema: &Arc<Schema>, plan: &Plan) -> Option<Subtree> {
        if plan.result != ResultType::Nodes {
            return None;
        }
        let mut nodes = Vec::new();
        of_paths(schema, &plan.expr, &mut nodes)?;
        (!nodes.is_empty()).then_some(Subtree { nodes })
    }
}

fn of_paths(schema: &Schema, expression: &PlanExpr, nodes: &mut Vec<FilterNode>) -> Option<()> {
    match expression {
        PlanExpr::Union(parts) => parts
            .iter()
            .try_for_each(|part| of_paths(schema, part, nodes)),
        PlanExpr::Path { steps, .. } => {
            nodes.extend(of_steps(schema, SchemaId::ROOT, steps)?);
            Some(())
        }
        _ => None,
    }
}

/// What the steps select below `parent`; as deep as the expression has steps.
fn of_steps(schema: &Schema, parent: SchemaId, steps: &[PlanStep]) -> Option<Vec<FilterNode>> {
    let (step, rest) = steps.split_first()?;
    let PlanTest::Name(name) = &step.test else {
        return None;
    };
    let mounted = schema.node(parent).mount_point().is_some();
    if mounted || step.axis != Axis::Child || !step.predicates.is_empty() {
        return None;
    }
    let of_node = |id: &SchemaId| {
        let mut inside = match &step.lookup {
            None => Vec::new(),
            Some(lookup) if lookup.list == *id => keys(schema, *id, &lookup.keys)?,
            Some(_) => return None,
        };
        if !rest.is_empty() {
            inside.extend(of_steps(schema, *id, rest)?);
        }
        let wants = match inside.is_empty() && rest.is_empty() {
            true => Wants::All,
            false => Wants::Inside(inside),
        };
        Some(FilterNode { id: *id, wants })
    };
    name.nodes.iter().map(of_node).collect()
}

/// Matches of keys; `None` when one is not named by its canonical text.
fn keys(schema: &Schema, list: SchemaId, wanted: &[PlanExpr]) -> Option<Vec<FilterNode>> {
    let keys = schema.node(list).keys().iter().zip(wanted);
    let key = |(id, wanted): (&SchemaId, &PlanExpr)| {
        let wants = Wants::Match(Some(value(schema, *id, wanted)?));
        Some(FilterNode { id: *id, wants })
    };
    keys.map(key).collect()
}

fn value(schema: &Schema, key: SchemaId, wanted: &PlanExpr) -> Option<Value> {
    let definition = schema.node(key);
    let text = match wanted {
        PlanExpr::Literal(text) => text.to_string(),
        PlanExpr::Number(number) if number.fract() == 0.0 => number.to_string(),
        _ => return None,
    };
    debug_assert_eq!(definition.kind, NodeKind::Leaf);
    let names = ModuleNames {
        default: Some(definition.module),
    };
    let ty = definition.ty.as_ref()?;
    let value = lexical::parse(schema, ty, &text, &names).ok()?;
    let is_canonical = canonical(schema, ty, &value, Style::Json) == text;
    is_canonical.then_some(value)
}

#[cfg(test)]
mod tests {
    use banyan_yang::xpath::Extent;

    use super::*;
    use crate::cursor::Cursor;
    use crate::filter::prune_to_paths;
    use crate::sample::{XML, schema};
    use crate::view::{Scope, View};
    use crate::xml;
    use crate::xpath::{Context, Names, Variables, XValue, compile, evaluate};

    #[test]
    fn a_path_of_names_and_keys_selects_as_a_subtree_what_it_selects_as_an_expression() {
        let schema = schema();
        let tree = xml::parse_data(&schema, XML.as_bytes(), &Default::default()).unwrap();
        let mut plain = 0;
        for select in [
            "/net:host",
            "/net:net",
            "/net:net/net:link",
            "/net:net/net:link[net:name='eth0']",
            "/net:net/net:link[net:name='eth0']/net:mtu | /net:host",
            "/net:net/net:link/net:name",
            "/net:net/net:link[net:name='eth0']/net:name",
            "/net:net/net:rule[net:id=1]",
            "/net:net/net:link/net:tag",
            "/net:net/net:link[net:name='nothing']",
            "//net:link",
            "/net:net/*",
            "/net:net/net:link[net:mtu > 1]",
        ] {
            let Ok(expression) = compile(
                &schema,
                select,
                Names::Modules,
                SchemaId::ROOT,
                Extent::Subtree,
            ) else {
                panic!("{select}")
            };
            let Some(subtree) = Subtree::of_expression(&schema, &expression.plan) else {
                continue;
            };
            plain += 1;
            let view = View::of(&tree).with_scope(Scope::All);
            let variables = Variables::default();
            let context = Context::at(Cursor::root(&view), &variables);
            let XValue::Nodes(nodes) = evaluate(&expression, &context).unwrap() else {
                panic!("{select}")
            };
            let paths: Vec<_> = nodes.iter().map(Cursor::path).collect();
            let wanted = prune_to_paths(&tree, &paths);
            assert_eq!(subtree.select(&tree).root(), wanted.root(), "{select}");
        }
        assert!(plain >= 5, "{plain}");
    }
}
