//! What a filter may look at, told before there are data: so that sources of state are asked for nothing else.
//!
//! The answer is instance paths in which [`Select::None`] at a list or leaf-list means all of its entries, also on the
//! way to something deeper. It is never too little.

use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId, TypeKind};
use banyan_yang::xpath::{Axis, Extent, KeyLookup, Plan, PlanExpr, PlanStep, PlanTest, ResultType};

use super::subtree::{FilterNode, Subtree, Wants};
use crate::lexical::{self, ModuleNames};
use crate::path::{InstancePath, PathStep, Select};
use crate::value::Value;

impl InstancePath {
    /// The path and one more step.
    fn and(&self, node: SchemaId, select: Select) -> InstancePath {
        let mut path = self.clone();
        path.steps.push(PathStep { node, select });
        path
    }
}

impl Subtree {
    /// The instances that the filter may look at, with all below them. Nothing for a filter that selects nothing.
    pub fn reach(&self, schema: &Schema) -> Vec<InstancePath> {
        let mut reached = Vec::new();
        if !self.nodes.is_empty() {
            of_siblings(schema, &InstancePath::default(), &self.nodes, &mut reached);
        }
        reached
    }
}

/// Recurses as deep as the filter, which is bounded when it is read.
fn of_siblings(
    schema: &Schema,
    above: &InstancePath,
    siblings: &[FilterNode],
    reached: &mut Vec<InstancePath>,
) {
    // RFC 6241 6.2.5: nothing but matches is all of the instance.
    if !siblings.is_empty()
        && siblings
            .iter()
            .all(|of| matches!(of.wants, Wants::Match(_)))
    {
        reached.push(above.clone());
        return;
    }
    for of in siblings {
        match &of.wants {
            // Whoever has an entry has its keys.
            Wants::Match(_) if schema.node(of.id).is_key => {}
            Wants::All | Wants::Match(_) | Wants::Mounted(_) => {
                reached.push(above.and(of.id, Select::None));
            }
            Wants::Inside(inside) => {
                let select = keys(schema, of.id, inside).map_or(Select::None, Select::Keys);
                of_siblings(schema, &above.and(of.id, select), inside, reached);
            }
        }
    }
}

/// The keys of the one entry that a sibling set can select, if it matches them all.
fn keys(schema: &Schema, list: SchemaId, set: &[FilterNode]) -> Option<Vec<Value>> {
    let keys = schema.node(list).keys();
    let key = |key: &SchemaId| {
        let ty = schema.node(*key).ty.as_ref()?;
        if matches!(ty.resolved().kind, TypeKind::Union(_)) {
            return None;
        }
        set.iter().find_map(|of| match &of.wants {
            Wants::Match(Some(value)) if of.id == *key => Some(value.clone()),
            _ => None,
        })
    };
    (!keys.is_empty()).then(|| keys.iter().map(key).collect())?
}

/// The instances that an expression may look at when it is evaluated at the root and the nodes that it selects are
/// wanted with all below them; `None` when that can be anything.
pub fn reach_of_expression(schema: &Arc<Schema>, plan: &Plan) -> Option<Vec<InstancePath>> {
    if plan.result != ResultType::Nodes {
        return of_reads(schema, plan);
    }
    let mut reached = Vec::new();
    match of_paths(schema, &plan.expr, &mut reached) {
        Some(()) => Some(reached),
        None => of_reads(schema, plan),
    }
}

/// `None`: the expression is more than paths of names and keys.
fn of_paths(
    schema: &Arc<Schema>,
    expression: &PlanExpr,
    reached: &mut Vec<InstancePath>,
) -> Option<()> {
    match expression {
        PlanExpr::Union(parts) => parts
            .iter()
            .try_for_each(|part| of_paths(schema, part, reached)),
        PlanExpr::Path { steps, .. } => of_steps(schema, &InstancePath::default(), steps, reached),
        _ => None,
    }
}

fn of_steps(
    schema: &Arc<Schema>,
    above: &InstancePath,
    steps: &[PlanStep],
    reached: &mut Vec<InstancePath>,
) -> Option<()> {
    let Some((step, rest)) = steps.split_first() else {
        reached.push(above.clone());
        return Some(());
    };
    let parent = above.steps.last().map_or(SchemaId::ROOT, |step| step.node);
    if schema.node(parent).mount_point().is_some() {
        reached.push(above.clone());
        return Some(());
    }
    let PlanTest::Name(name) = &step.test else {
        return None;
    };
    if step.axis != Axis::Child || !step.predicates.is_empty() {
        return None;
    }
    for id in &name.nodes {
        let select = match &step.lookup {
            Some(lookup) if lookup.list == *id => looked_up(schema, lookup),
            _ => Select::None,
        };
        of_steps(schema, &above.and(*id, select), rest, reached)?;
    }
    Some(())
}

/// The entry that a look-up names, when its keys stand in the expression.
fn looked_up(schema: &Arc<Schema>, lookup: &KeyLookup) -> Select {
    let value = |(key, wanted): (&SchemaId, &PlanExpr)| {
        let definition = schema.node(*key);
        let text = match wanted {
            PlanExpr::Literal(text) => text.to_string(),
            PlanExpr::Number(number) if number.fract() == 0.0 => number.to_string(),
            _ => return None,
        };
        let names = ModuleNames {
            default: Some(definition.module),
        };
        lexical::parse(schema, definition.ty.as_ref()?, &text, &names).ok()
    };
    let keys = schema.node(lookup.list).keys().iter().zip(&*lookup.keys);
    let keys: Option<Vec<Value>> = keys.map(value).collect();
    keys.map_or(Select::None, Select::Keys)
}

/// What an expression reads, by schema nodes alone.
fn of_reads(schema: &Schema, plan: &Plan) -> Option<Vec<InstancePath>> {
    if plan.reads.any {
        return None;
    }
    let reads = plan.reads.nodes.iter();
    // That a container or an entry exists is looked at on the way to what is read in it.
    let reads =
        reads.filter(|read| read.extent == Extent::Subtree || !inner(schema.node(read.node).kind));
    Some(reads.map(|read| every(schema, read.node)).collect())
}

fn inner(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::Root | NodeKind::Container | NodeKind::List)
}

/// All instances of a data node.
pub fn every(schema: &Schema, node: SchemaId) -> InstancePath {
    let parents = std::iter::successors(Some(node), |id| schema.node(*id).data_parent());
    let mut steps: Vec<PathStep> = parents
        .filter(|id| *id != SchemaId::ROOT)
        .map(|node| PathStep {
            node,
            select: Select::None,
        })
        .collect();
    steps.reverse();
    InstancePath { steps }
}

#[cfg(test)]
mod tests {
    use super::super::restrict;
    use super::*;
    use crate::document::ParseOptions;
    use crate::path::json;
    use crate::xpath::{Names, compile};
    use banyan_yang::compile::{Compiler, MemorySource};

    const MODEL: &str = "module m { yang-version 1.1; namespace urn:m; prefix m;
  container a {
    list b { key id; leaf id { type uint8; }
      container c { config false; leaf d { type string; } leaf e { type string; } } }
    leaf f { type string; config false; }
  }
  leaf-list g { type string; config false; }
}";

    fn schema() -> Arc<Schema> {
        let mut source = MemorySource::new();
        source.add(MODEL);
        let compiler = Compiler::new(&source).implement("m", None);
        compiler.compile().unwrap().schema
    }

    fn printed(schema: &Arc<Schema>, paths: &[InstancePath]) -> Vec<String> {
        let print = |path| json::print(schema, path, &crate::path::NoMounts).unwrap();
        paths.iter().map(print).collect()
    }

    fn of_subtree(filter: &str) -> Vec<String> {
        let schema = schema();
        let subtree = Subtree::parse(&schema, filter.as_bytes(), &ParseOptions::default());
        printed(&schema, &subtree.unwrap().reach(&schema))
    }

    fn of_xpath(select: &str) -> Option<Vec<String>> {
        let schema = schema();
        let compiled = compile(
            &schema,
            select,
            Names::Modules,
            SchemaId::ROOT,
            Extent::Subtree,
        );
        let reach = reach_of_expression(&schema, &compiled.unwrap().plan)?;
        Some(printed(&schema, &reach))
    }

    #[test]
    fn a_subtree_filter_reaches_what_it_names() {
        for (filter, reach) in [
            ("<a xmlns='urn:m'/>", vec!["/m:a"]),
            (
                "<a xmlns='urn:m'><b><id>1</id><c><d/></c></b></a>",
                vec!["/m:a/b[id='1']/c/d"],
            ),
            (
                "<a xmlns='urn:m'><b><id>1</id></b></a>",
                vec!["/m:a/b[id='1']"],
            ),
            (
                "<a xmlns='urn:m'><b><c/></b><f/></a>",
                vec!["/m:a/b/c", "/m:a/f"],
            ),
            (
                "<a xmlns='urn:m'><b><c><e>x</e><d/></c></b></a>",
                vec!["/m:a/b/c/e", "/m:a/b/c/d"],
            ),
            ("<a xmlns='urn:m'><nothing/></a>", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(of_subtree(filter), reach, "{filter}");
        }
    }

    #[test]
    fn an_expression_reaches_what_it_may_read() {
        for (select, reach) in [
            ("/m:a/m:b[m:id='1']/m:c", vec!["/m:a/b[id='1']/c"]),
            (
                "/m:a/m:b[m:id=1]/m:c | /m:g",
                vec!["/m:a/b[id='1']/c", "/m:g"],
            ),
            ("/m:a/m:b/m:c/m:d", vec!["/m:a/b/c/d"]),
            ("/m:a", vec!["/m:a"]),
        ] {
            assert_eq!(of_xpath(select).unwrap(), reach, "{select}");
        }
        let reach = of_xpath("/m:a/m:b[m:c/m:d='x']/m:id").unwrap();
        assert!(reach.contains(&"/m:a/b/c/d".to_owned()), "{reach:?}");
        assert!(!reach.iter().any(|path| path.contains("/m:g")), "{reach:?}");
    }

    #[test]
    fn a_restricted_tree_has_what_is_reached_and_its_keys() {
        let schema = schema();
        let document = "<a xmlns='urn:m'><b><id>1</id><c><d>x</d><e>y</e></c></b><b><id>2</id><c><d>z</d></c></b>\
                        <f>w</f></a><g xmlns='urn:m'>u</g><g xmlns='urn:m'>v</g>";
        let options = ParseOptions::default();
        let tree = crate::xml::parse_data(&schema, document.as_bytes(), &options).unwrap();
        for (select, kept) in [
            (
                "/m:a/m:b[m:id='1']/m:c/m:d",
                "<a xmlns=\"urn:m\"><b><id>1</id><c><d>x</d></c></b></a>",
            ),
            (
                "/m:a/m:b/m:c/m:d",
                "<a xmlns=\"urn:m\"><b><id>1</id><c><d>x</d></c></b><b><id>2</id><c><d>z</d></c></b></a>",
            ),
            ("/m:g", "<g xmlns=\"urn:m\">u</g><g xmlns=\"urn:m\">v</g>"),
            ("/m:a/m:b[m:id='3']", ""),
        ] {
            let root = SchemaId::ROOT;
            let plan = compile(&schema, select, Names::Modules, root, Extent::Subtree);
            let reach = reach_of_expression(&schema, &plan.unwrap().plan).unwrap();
            let mut out = Vec::new();
            crate::xml::print(&restrict(&tree, &reach), &Default::default(), &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), kept, "{select}");
        }
    }
}
