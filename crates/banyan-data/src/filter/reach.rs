//! What a filter may look at, told before there are data: so that sources of state are asked for nothing else.
//!
//! The answer is instance paths in which [`Select::None`] at a list or leaf-list means all of its entries, also on the
//! way to something deeper. It is never too little.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId, TypeKind};
use banyan_yang::xpath::{Axis, Extent, KeyLookup, Plan, PlanExpr, PlanStep, PlanTest, ResultType};

use super::subtree::{FilterNode, Subtree, Wants};
use crate::lexical::{self, ModuleNames};
use crate::list::{LeafList, List};
use crate::node::{Content, Node, Slot, Tree};
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

/// What is kept at an instance and below.
#[derive(Default)]
struct Kept {
    all: bool,
    children: BTreeMap<SchemaId, BTreeMap<Select, Kept>>,
}

impl Kept {
    fn add(&mut self, steps: &[PathStep]) {
        match steps.split_first() {
            None => self.all = true,
            Some((step, rest)) => {
                let child = self.children.entry(step.node).or_default();
                child.entry(step.select.clone()).or_default().add(rest);
            }
        }
    }
}

/// The instances at `paths` with all below them, the nodes around them and their keys. [`Select::None`] at a list means
/// all of its entries. Costs what stays, and the entries of lists whose entries are all meant.
pub fn restrict(tree: &Tree, paths: &[InstancePath]) -> Tree {
    let mut kept = Kept::default();
    for path in paths {
        kept.add(&path.steps);
    }
    let root = of_node(tree.schema(), tree.root(), &[&kept]);
    tree.with_root(root.unwrap_or_else(|| Node::empty(tree.root().id())))
}

fn of_node(schema: &Arc<Schema>, node: &Node, sets: &[&Kept]) -> Option<Node> {
    if sets.iter().any(|kept| kept.all) {
        return Some(node.clone());
    }
    let mut slots: Vec<Slot> = Vec::new();
    for slot in node.slots() {
        let selected: Vec<(&Select, &Kept)> = sets
            .iter()
            .filter_map(|kept| kept.children.get(&slot.id))
            .flatten()
            .collect();
        if selected.is_empty() {
            continue;
        }
        if let Some(content) = of_content(schema, &slot.content, &selected) {
            slots.push(Slot {
                id: slot.id,
                content,
            });
        }
    }
    if slots.is_empty() {
        return None;
    }
    let keys = schema.node(node.id()).keys().len();
    for key in &node.slots()[..keys.min(node.slots().len())] {
        if let Err(at) = slots.binary_search_by_key(&key.id, |slot| slot.id) {
            slots.insert(at, key.clone());
        }
    }
    Some(node.with_slots(slots))
}

fn of_content(
    schema: &Arc<Schema>,
    content: &Content,
    selected: &[(&Select, &Kept)],
) -> Option<Content> {
    let open: Vec<&Kept> = selected
        .iter()
        .filter(|(select, _)| matches!(select, Select::None | Select::Position(_)))
        .map(|(_, kept)| *kept)
        .collect();
    match content {
        Content::Container(node) => of_node(schema, node, &open).map(Content::Container),
        Content::List(list) => of_list(schema, list, &open, selected).map(Content::List),
        Content::LeafList(list) if open.is_empty() => {
            let named = selected.iter().filter_map(|(select, _)| match select {
                Select::Value(value) if list.contains(value) => Some(value.clone()),
                _ => None,
            });
            let (order, repeats) = (list.ordered_by(), list.duplicates_allowed());
            let list = LeafList::from_values(named.collect(), order, repeats).ok()?;
            (!list.is_empty()).then_some(Content::LeafList(list))
        }
        // What is mounted is not looked into.
        Content::Mount(_) | Content::Leaf(_) | Content::LeafList(_) | Content::Any(_) => {
            Some(content.clone())
        }
    }
}

fn of_list(
    schema: &Arc<Schema>,
    list: &List,
    open: &[&Kept],
    selected: &[(&Select, &Kept)],
) -> Option<List> {
    if open.iter().any(|kept| kept.all) {
        return Some(list.clone());
    }
    let mut named: BTreeMap<usize, &Kept> = BTreeMap::new();
    for (select, kept) in selected {
        if let Select::Keys(keys) = select
            && let Some(at) = list.position(keys)
        {
            named.insert(at, kept);
        }
    }
    let entries: Vec<Node> = if open.is_empty() {
        named
            .iter()
            .filter_map(|(at, kept)| of_node(schema, list.nth(*at)?, &[kept]))
            .collect()
    } else {
        let pruned = list.iter().enumerate().filter_map(|(at, entry)| {
            let mut sets = open.to_vec();
            sets.extend(named.get(&at));
            of_node(schema, entry, &sets)
        });
        pruned.collect()
    };
    if entries.is_empty() {
        return None;
    }
    List::from_entries(entries, list.key_count(), list.ordered_by()).ok()
}

#[cfg(test)]
mod tests {
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
