//! The paths of a user's rules, bound to one schema: a trie over schema nodes, so that a walk down a tree meets only the
//! rules that are about what it passes.

use std::collections::HashMap;
use std::sync::Arc;

use banyan_data::Value;
use banyan_data::lexical::{self, ModuleNames};
use banyan_yang::schema::{ModuleId, NodeKind, Schema, SchemaId};

use super::path::{Operand, Predicate, RulePath, Step};
use super::policy::{Kind, Operation, Rule};

/// The place of a rule in the order in which a user's rules are tried.
pub(super) type Rank = u32;

/// A rule that goes on below a mount point: its rank, and its next step.
pub(super) type Beyond = (Rank, usize);

/// Some of the keys of a list, each with its place among them.
pub(super) type SomeKeys = Vec<(usize, Value)>;

/// What rules say at one schema node, as far as their steps above it fit.
#[derive(Default)]
pub(super) struct Trie {
    /// The rules whose path ends here, in their order.
    pub ends: Vec<Rank>,
    /// The rules that go on, by schema node.
    pub edges: HashMap<SchemaId, Edge>,
    /// Those that go on in what is mounted here.
    pub beyond: Vec<Beyond>,
    /// For each operation, whether a rule below is about it.
    reaches: [bool; 5],
}

/// The rules that go on to one schema node.
#[derive(Default)]
pub(super) struct Edge {
    /// Those that are about all instances.
    pub all: Option<Arc<Trie>>,
    /// Those about the entry with these keys, or the leaf-list entry with this value.
    pub exact: HashMap<Vec<Value>, Arc<Trie>>,
    /// Those that give some of the keys, by their places.
    pub some: Vec<(SomeKeys, Arc<Trie>)>,
}

impl Trie {
    /// Whether a rule about the operation goes on below.
    pub fn reaches(&self, operation: Operation) -> bool {
        self.reaches[operation as usize]
    }
}

/// Binds rules to a schema.
pub(super) struct Binder<'r> {
    pub schema: &'r Arc<Schema>,
    pub rules: &'r [Arc<Rule>],
    pub user: &'r str,
}

/// A rule on its way down: rank, next step, and the module of the step above.
#[derive(Clone, Copy)]
struct Item {
    rank: Rank,
    at: usize,
    module: Option<ModuleId>,
}

/// Which instances a step is about.
enum Chosen {
    All,
    Exact(Vec<Value>),
    Some(SomeKeys),
}

#[derive(Default)]
struct Going {
    all: Vec<Item>,
    exact: HashMap<Vec<Value>, Vec<Item>>,
    some: Vec<(SomeKeys, Item)>,
}

impl Binder<'_> {
    /// The trie of all rules with a path, from the root of the datastore.
    pub fn root(&self) -> Trie {
        let with_path = self.rules.iter().enumerate();
        let with_path = with_path.filter(|(_, rule)| matches!(rule.kind, Kind::Data(_)));
        self.trie(
            SchemaId::ROOT,
            with_path.map(|(rank, _)| Item {
                rank: rank as Rank,
                at: 0,
                module: None,
            }),
        )
    }

    /// The trie of rules that come down through a mount point.
    pub fn mounted(&self, beyond: &[Beyond]) -> Trie {
        self.trie(
            SchemaId::ROOT,
            beyond.iter().map(|(rank, at)| Item {
                rank: *rank,
                at: *at,
                module: None,
            }),
        )
    }

    fn path(&self, rank: Rank) -> Option<&RulePath> {
        match &self.rules[rank as usize].kind {
            Kind::Data(path) => Some(path),
            _ => None,
        }
    }

    // As deep as the longest path of a rule.
    fn trie(&self, parent: SchemaId, items: impl Iterator<Item = Item>) -> Trie {
        let mut trie = Trie::default();
        let mut going: HashMap<SchemaId, Going> = HashMap::new();
        for item in items {
            let Some(path) = self.path(item.rank) else {
                continue;
            };
            let Some(step) = path.steps.get(item.at) else {
                trie.ends.push(item.rank);
                continue;
            };
            let mut goes_on = false;
            if self.schema.node(parent).mount_point().is_some() {
                trie.beyond.push((item.rank, item.at));
                goes_on = true;
            }
            if let Some(child) = self.child(parent, item.module, step)
                && let Some(chosen) = self.chosen(child, &step.predicates)
            {
                let next = Item {
                    rank: item.rank,
                    at: item.at + 1,
                    module: Some(self.schema.node(child).module),
                };
                let going = going.entry(child).or_default();
                match chosen {
                    Chosen::All => going.all.push(next),
                    Chosen::Exact(keys) => going.exact.entry(keys).or_default().push(next),
                    Chosen::Some(keys) => going.some.push((keys, next)),
                }
                goes_on = true;
            }
            if goes_on {
                let rule = &self.rules[item.rank as usize];
                for operation in Operation::ALL {
                    trie.reaches[operation as usize] |= rule.operations.contain(operation);
                }
            }
        }
        let edges = going.into_iter();
        trie.edges = edges
            .map(|(id, going)| (id, self.edge(id, going)))
            .collect();
        trie
    }

    fn edge(&self, id: SchemaId, going: Going) -> Edge {
        let below = |items: Vec<Item>| Arc::new(self.trie(id, items.into_iter()));
        Edge {
            all: (!going.all.is_empty()).then(|| below(going.all)),
            exact: going
                .exact
                .into_iter()
                .map(|(keys, items)| (keys, below(items)))
                .collect(),
            some: going
                .some
                .into_iter()
                .map(|(keys, item)| (keys, below(vec![item])))
                .collect(),
        }
    }

    /// The node that a step means: data, or an action or notification at the end of a path.
    pub fn child(
        &self,
        parent: SchemaId,
        above: Option<ModuleId>,
        step: &Step,
    ) -> Option<SchemaId> {
        let schema = self.schema;
        let named = |module: ModuleId| {
            schema.data_child(parent, module, &step.name).or_else(|| {
                let found = schema.schema_child(parent, module, &step.name)?;
                let kind = schema.node(found).kind;
                matches!(kind, NodeKind::Action | NodeKind::Notification).then_some(found)
            })
        };
        match &step.prefix {
            Some(prefix) => schema.module_by_name(prefix).and_then(named).or_else(|| {
                let mut owners = schema.modules();
                owners.find_map(|(id, module)| {
                    (module.implemented && module.prefix == *prefix).then(|| named(id))?
                })
            }),
            // As RFC 7951 6.11 has it; else the only node of that name.
            None => above
                .and_then(named)
                .or_else(|| schema.data_child_any_module(parent, &step.name)),
        }
    }

    /// `None`: the predicates fit no instance, because they are of another model.
    fn chosen(&self, node: SchemaId, predicates: &[Predicate]) -> Option<Chosen> {
        if predicates.is_empty() {
            return Some(Chosen::All);
        }
        let definition = self.schema.node(node);
        if definition.kind == NodeKind::LeafList {
            let value = self.value(node, predicates.iter().find(|one| &*one.key == ".")?)?;
            return Some(Chosen::Exact(vec![value]));
        }
        let keys = definition.keys();
        let mut given = Vec::new();
        for predicate in predicates {
            let named = |key: &SchemaId| self.schema.node(*key).name == predicate.key;
            let place = keys.iter().position(named)?;
            given.push((place, self.value(keys[place], predicate)?));
        }
        given.sort();
        given.dedup();
        let complete = given.len() == keys.len()
            && given
                .iter()
                .enumerate()
                .all(|(at, (place, _))| at == *place);
        Some(if complete {
            Chosen::Exact(given.into_iter().map(|(_, value)| value).collect())
        } else {
            Chosen::Some(given)
        })
    }

    /// What a key is compared with, as a value of its type; `None` when it can be none.
    pub fn value(&self, leaf: SchemaId, predicate: &Predicate) -> Option<Value> {
        let definition = self.schema.node(leaf);
        let text = match &predicate.value {
            Operand::Literal(text) => text,
            Operand::User => self.user,
        };
        let names = ModuleNames {
            default: Some(definition.module),
        };
        lexical::parse(self.schema, definition.ty.as_ref()?, text, &names).ok()
    }
}
