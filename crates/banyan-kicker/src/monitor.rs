//! Monitors: which nodes a kicker watches, and which instances of them a change touched.
//!
//! A monitor is an absolute path of data nodes with optional key predicates (the node-instance-identifier
//! of RFC 8341 with missing keys as wildcards). It is never evaluated as XPath: all monitors together are
//! compiled to one trie over schema ids, and a change set is walked along it. Cost: what changed, not how
//! many kickers or data there are. Must not evaluate expressions or call anything.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use banyan_data::change::{Change, ChangeKind, ChangeSet, ChangedContent, Instance};
use banyan_data::lexical::{self, ModuleNames};
use banyan_data::path::{InstancePath, PathStep, Select};
use banyan_data::{Content, Node, Value};
use banyan_yang::schema::{ModuleId, NodeKind, Schema, SchemaId};
use banyan_yang::xpath::{self, Axis, CompareOp, Expr, NodeTest};

/// Why a monitor cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MonitorError {
    /// The text is no path of the form that a monitor has.
    #[error(
        "the monitor {text:?} is not an absolute path of data nodes with key predicates: {reason}"
    )]
    Form {
        /// The monitor.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A name that the schema does not have.
    #[error("the monitor step {step:?} names no data node under {parent}")]
    Unknown {
        /// The step as written.
        step: String,
        /// Where it was looked for.
        parent: String,
    },
    /// A predicate on something that is no key, or a value outside the key's type.
    #[error("the monitor step {step:?} has a wrong key predicate: {reason}")]
    Key {
        /// The step as written.
        step: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A parsed monitor, not yet bound to a schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Monitor {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
struct Step {
    prefix: Option<String>,
    name: String,
    /// Key name and its text.
    keys: Vec<(String, String)>,
}

impl Step {
    fn spelled(&self) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}:{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Monitor {
    /// Parses a monitor.
    ///
    /// # Errors
    /// [`MonitorError::Form`] when the text is something else than an absolute path of names whose
    /// predicates compare keys with literals.
    pub fn parse(text: &str) -> Result<Monitor, MonitorError> {
        let form = |reason: String| MonitorError::Form {
            text: text.to_owned(),
            reason,
        };
        let expr = xpath::parse(text).map_err(|error| form(error.to_string()))?;
        let Expr::Path(path) = expr else {
            return Err(form("it is an expression of another kind".to_owned()));
        };
        if !path.absolute {
            return Err(form("it must begin with '/'".to_owned()));
        }
        if path.steps.is_empty() {
            return Err(form("name at least one node".to_owned()));
        }
        let mut steps = Vec::with_capacity(path.steps.len());
        for step in path.steps {
            if step.axis != Axis::Child {
                return Err(form(format!(
                    "the axis '{}' has no place in it",
                    step.axis.name()
                )));
            }
            let NodeTest::Name { prefix, local } = step.test else {
                return Err(form("every step must be a name".to_owned()));
            };
            let mut keys = Vec::new();
            for predicate in step.predicates {
                key_predicates(predicate, &mut keys).map_err(|reason| form(reason.to_owned()))?;
            }
            steps.push(Step {
                prefix,
                name: local,
                keys,
            });
        }
        Ok(Monitor { steps })
    }

    /// The schema node that is monitored; `None` when it lies in a mount.
    ///
    /// # Errors
    /// A name or key that the schema does not have.
    pub fn schema_node(&self, schema: &Schema) -> Result<Option<SchemaId>, MonitorError> {
        let mut at = SchemaId::ROOT;
        for (index, step) in self.steps.iter().enumerate() {
            at = child(schema, at, step)?;
            key_values(schema, at, step)?;
            if schema.node(at).mount_point().is_some() && index + 1 < self.steps.len() {
                return Ok(None);
            }
        }
        Ok(Some(at))
    }
}

/// `[a = 'x' and b = 3]` as pairs of key name and text.
fn key_predicates(predicate: Expr, keys: &mut Vec<(String, String)>) -> Result<(), &'static str> {
    match predicate {
        Expr::And(operands) => operands
            .into_iter()
            .try_for_each(|operand| key_predicates(operand, keys)),
        Expr::Compare(CompareOp::Equal, name, value) => {
            let (Expr::Path(path), value) = (*name, *value) else {
                return Err("a predicate must be of the form [key = 'value']");
            };
            let [step] = path.steps.as_slice() else {
                return Err("a predicate must name a key of its list");
            };
            let NodeTest::Name { local, .. } = &step.test else {
                return Err("a predicate must name a key of its list");
            };
            let text = match value {
                Expr::Literal(text) => text,
                Expr::Number(number) => number.to_string(),
                _ => return Err("a key can be compared with a literal only"),
            };
            keys.push((local.clone(), text));
            Ok(())
        }
        _ => Err("a predicate must be of the form [key = 'value']"),
    }
}

/// A monitored instance that changed, or below which something changed.
#[derive(Debug, Clone)]
pub struct Matched<'c> {
    /// The monitor, by its number in [`MonitorTrie::build`].
    pub monitor: usize,
    /// The instance; past a mount point the ids are the mounted schema's.
    pub path: InstancePath,
    /// The change of that instance itself, and whose schema its ids are of; `None` when the instance came
    /// or went with something above it.
    pub change: Option<(&'c Schema, &'c Change)>,
}

/// All monitors of one schema.
#[derive(Debug, Default)]
pub struct MonitorTrie {
    root: TrieNode,
}

#[derive(Debug, Default)]
struct TrieNode {
    children: BTreeMap<SchemaId, Branch>,
    /// Monitors that end here.
    ends: Vec<usize>,
    /// Monitors that go on inside what is mounted here.
    mounted: Vec<(usize, Vec<Step>)>,
    /// Their tries, by digest of the mounted schema, made when first needed.
    mounted_tries: Mutex<HashMap<[u8; 32], Arc<MonitorTrie>>>,
}

/// Where a node's instances lead: all of them, those with certain keys, those with some keys given.
#[derive(Debug, Default)]
struct Branch {
    any: Option<Box<TrieNode>>,
    exact: HashMap<Vec<Value>, TrieNode>,
    partial: Vec<(Vec<Option<Value>>, TrieNode)>,
}

impl Branch {
    fn node_for(&mut self, keys: Vec<Option<Value>>) -> &mut TrieNode {
        if keys.iter().all(Option::is_none) {
            return self.any.get_or_insert_default();
        }
        if keys.iter().all(Option::is_some) {
            return self
                .exact
                .entry(keys.into_iter().flatten().collect())
                .or_default();
        }
        let index = match self.partial.iter().position(|(known, _)| *known == keys) {
            Some(index) => index,
            None => {
                self.partial.push((keys, TrieNode::default()));
                self.partial.len() - 1
            }
        };
        &mut self.partial[index].1
    }

    /// The trie nodes that an instance with these keys leads to.
    fn leads_to<'t>(&'t self, keys: &'t [Value]) -> impl Iterator<Item = &'t TrieNode> {
        let fits = move |pattern: &[Option<Value>]| {
            pattern.len() == keys.len()
                && pattern
                    .iter()
                    .zip(keys)
                    .all(|(wanted, key)| wanted.as_ref().is_none_or(|wanted| wanted == key))
        };
        self.any
            .as_deref()
            .into_iter()
            .chain(self.exact.get(keys))
            .chain(
                self.partial
                    .iter()
                    .filter(move |(pattern, _)| fits(pattern))
                    .map(|(_, node)| node),
            )
    }
}

impl MonitorTrie {
    /// Compiles monitors against a schema; a number in the result is an index into `monitors`. What cannot
    /// be compiled is left out and reported.
    pub fn build<'m>(
        schema: &Schema,
        monitors: impl IntoIterator<Item = &'m Monitor>,
    ) -> (MonitorTrie, Vec<(usize, MonitorError)>) {
        let numbered = monitors
            .into_iter()
            .enumerate()
            .map(|(number, monitor)| (number, monitor.steps.as_slice()));
        MonitorTrie::build_from(schema, numbered)
    }

    fn build_from<'m>(
        schema: &Schema,
        monitors: impl IntoIterator<Item = (usize, &'m [Step])>,
    ) -> (MonitorTrie, Vec<(usize, MonitorError)>) {
        let mut trie = MonitorTrie::default();
        let mut errors = Vec::new();
        for (number, steps) in monitors {
            if let Err(error) = trie.insert(schema, number, steps) {
                errors.push((number, error));
            }
        }
        (trie, errors)
    }

    fn insert(
        &mut self,
        schema: &Schema,
        number: usize,
        steps: &[Step],
    ) -> Result<(), MonitorError> {
        // Bound as a whole before anything is inserted, so that a wrong monitor leaves no trace.
        let mut bound = Vec::with_capacity(steps.len());
        let mut at = SchemaId::ROOT;
        let mut rest: &[Step] = &[];
        for (index, step) in steps.iter().enumerate() {
            at = child(schema, at, step)?;
            bound.push((at, key_values(schema, at, step)?));
            if schema.node(at).mount_point().is_some() {
                rest = &steps[index + 1..];
                break;
            }
        }
        let mut node = &mut self.root;
        for (id, keys) in bound {
            node = node.children.entry(id).or_default().node_for(keys);
        }
        if rest.is_empty() {
            node.ends.push(number);
        } else {
            node.mounted.push((number, rest.to_vec()));
        }
        Ok(())
    }

    /// The monitored instances that the change set touches, in the order of the change set.
    pub fn matches<'c>(&self, changes: &'c ChangeSet) -> Vec<Matched<'c>> {
        let mut walk = Walk {
            path: InstancePath::default(),
            found: Vec::new(),
        };
        walk.changes(&changes.schema, &changes.changes, &self.root);
        walk.found
    }
}

/// The data child that a step names.
fn child(schema: &Schema, parent: SchemaId, step: &Step) -> Result<SchemaId, MonitorError> {
    let unknown = || MonitorError::Unknown {
        step: step.spelled(),
        parent: schema.path(parent),
    };
    match &step.prefix {
        Some(prefix) => {
            let module = module_named(schema, prefix).ok_or_else(unknown)?;
            schema
                .data_child(parent, module, &step.name)
                .ok_or_else(unknown)
        }
        None => schema
            .data_child(parent, schema.node(parent).module, &step.name)
            .or_else(|| schema.data_child_any_module(parent, &step.name))
            .ok_or_else(unknown),
    }
}

/// A module by its name, or by the prefix that it gives itself.
fn module_named(schema: &Schema, name: &str) -> Option<ModuleId> {
    schema.module_by_name(name).or_else(|| {
        schema
            .modules()
            .find(|(_, module)| module.implemented && &*module.prefix == name)
            .map(|(id, _)| id)
    })
}

/// The keys of a list step in the order of the `key` statement; `None` where any will do.
fn key_values(
    schema: &Schema,
    id: SchemaId,
    step: &Step,
) -> Result<Vec<Option<Value>>, MonitorError> {
    let wrong = |reason: String| MonitorError::Key {
        step: step.spelled(),
        reason,
    };
    let node = schema.node(id);
    if node.kind != NodeKind::List {
        return match step.keys.first() {
            None => Ok(Vec::new()),
            Some(_) => Err(wrong(format!("a {} has no keys", node.kind.keyword()))),
        };
    }
    let mut values = vec![None; node.keys().len()];
    for (name, text) in &step.keys {
        let position = node
            .keys()
            .iter()
            .position(|key| *schema.node(*key).name == **name)
            .ok_or_else(|| wrong(format!("{name:?} is no key of the list")))?;
        let Some(ty) = &schema.node(node.keys()[position]).ty else {
            return Err(wrong(format!("{name:?} has no type")));
        };
        let value = lexical::parse(schema, ty, text, &ModuleNames::default())
            .map_err(|error| wrong(error.to_string()))?;
        values[position] = Some(value);
    }
    Ok(values)
}

struct Walk<'c> {
    path: InstancePath,
    found: Vec<Matched<'c>>,
}

impl<'c> Walk<'c> {
    fn changes(&mut self, schema: &'c Schema, changes: &'c [Change], trie: &TrieNode) {
        for change in changes {
            let Some(branch) = trie.children.get(&change.id) else {
                continue;
            };
            let (select, keys) = match &change.instance {
                Instance::Single | Instance::Whole => (Select::None, [].as_slice()),
                Instance::Entry(keys) => (Select::Keys(keys.clone()), keys.as_slice()),
                Instance::Value(value) => (Select::Value(value.clone()), [].as_slice()),
            };
            self.path.steps.push(PathStep {
                node: change.id,
                select,
            });
            for next in branch.leads_to(keys) {
                self.ends(next, Some((schema, change)));
                match &change.kind {
                    ChangeKind::Created { new: content, .. }
                    | ChangeKind::Deleted { old: content, .. } => match content {
                        ChangedContent::Node(node) => self.subtree(schema, node, next),
                        ChangedContent::Content(Content::Mount(tree)) => {
                            self.mounted(tree.schema(), tree.root(), next)
                        }
                        ChangedContent::Content(_) | ChangedContent::Value(_) => {}
                    },
                    ChangeKind::Inside { changes, .. } => self.changes(schema, changes, next),
                    ChangeKind::Mount(inner) => {
                        if let Some(trie) = mounted_trie(next, &inner.schema) {
                            self.changes(&inner.schema, &inner.changes, &trie.root);
                        }
                    }
                    ChangeKind::Replaced { .. } | ChangeKind::Moved(_) => {}
                }
            }
            self.path.steps.pop();
        }
    }

    fn ends(&mut self, trie: &TrieNode, change: Option<(&'c Schema, &'c Change)>) {
        for monitor in &trie.ends {
            self.found.push(Matched {
                monitor: *monitor,
                path: self.path.clone(),
                change,
            });
        }
    }

    /// All monitored instances of a subtree that came or went as a whole.
    fn subtree(&mut self, schema: &Schema, node: &Node, trie: &TrieNode) {
        for (id, branch) in &trie.children {
            match node.get(*id) {
                None => {}
                Some(Content::Container(inner)) => {
                    self.instance(schema, *id, Select::None, &[], Some(inner), branch)
                }
                Some(Content::List(list)) => {
                    let count = schema.node(*id).keys().len();
                    for entry in list.iter() {
                        let keys: Vec<Value> = entry.keys(count).cloned().collect();
                        self.instance(
                            schema,
                            *id,
                            Select::Keys(keys.clone()),
                            &keys,
                            Some(entry),
                            branch,
                        );
                    }
                }
                Some(Content::LeafList(values)) => {
                    for value in values.iter() {
                        self.instance(schema, *id, Select::Value(value.clone()), &[], None, branch);
                    }
                }
                Some(Content::Leaf(_) | Content::Any(_)) => {
                    self.instance(schema, *id, Select::None, &[], None, branch)
                }
                Some(Content::Mount(tree)) => {
                    self.path.steps.push(PathStep {
                        node: *id,
                        select: Select::None,
                    });
                    for next in branch.leads_to(&[]) {
                        self.ends(next, None);
                        self.mounted(tree.schema(), tree.root(), next);
                    }
                    self.path.steps.pop();
                }
            }
        }
    }

    fn instance(
        &mut self,
        schema: &Schema,
        id: SchemaId,
        select: Select,
        keys: &[Value],
        node: Option<&Node>,
        branch: &Branch,
    ) {
        self.path.steps.push(PathStep { node: id, select });
        for next in branch.leads_to(keys) {
            self.ends(next, None);
            if let Some(node) = node {
                self.subtree(schema, node, next);
            }
        }
        self.path.steps.pop();
    }

    fn mounted(&mut self, schema: &Schema, root: &Node, trie: &TrieNode) {
        if let Some(trie) = mounted_trie(trie, schema) {
            self.subtree(schema, root, &trie.root);
        }
    }
}

/// The trie of the monitors that go on inside a mount, for the schema that is mounted there. Monitors that
/// name nothing in that schema simply do not watch that device.
fn mounted_trie(trie: &TrieNode, schema: &Schema) -> Option<Arc<MonitorTrie>> {
    if trie.mounted.is_empty() {
        return None;
    }
    // The map is only ever added to, so a panic elsewhere leaves it usable.
    let mut tries = trie
        .mounted_tries
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let made = tries.entry(*schema.digest()).or_insert_with(|| {
        let monitors = trie
            .mounted
            .iter()
            .map(|(number, steps)| (*number, steps.as_slice()));
        Arc::new(MonitorTrie::build_from(schema, monitors).0)
    });
    Some(made.clone())
}

#[cfg(test)]
#[path = "monitor_tests.rs"]
mod tests;
