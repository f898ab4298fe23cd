//! Rules that fit nothing that the loaded modules have. They are told and never refused: modules may come later.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use banyan_yang::nearest::nearest;
use banyan_yang::schema::{ModuleId, NodeKind, Schema, SchemaId};

use super::below::Below;
use super::path::{Operand, RulePath, Step};
use super::policy::{Kind, Policy, Rule};
use super::subject::is_tied;
use super::trie::Binder;

/// A rule that fits nothing, and why.
pub(super) struct Stray {
    rule: Arc<Rule>,
    why: String,
}

impl fmt::Display for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rule { list, name, .. } = &*self.rule;
        write!(
            f,
            "rule {name} of rule-list {list} fits nothing in the loaded modules: {}",
            self.why
        )
    }
}

/// The rules of a policy that fit nothing. O(rules), and a look at the schema's nodes for each that it finds.
pub(super) fn strays(policy: &Policy, schema: &Arc<Schema>) -> Vec<Stray> {
    found(policy.rules(), schema)
}

/// Those that the policy before did not have.
pub(super) fn new_strays(before: &Policy, after: &Policy, schema: &Arc<Schema>) -> Vec<Stray> {
    let told: HashSet<_> = before.rules().map(identity).collect();
    found(
        after.rules().filter(|rule| !told.contains(&identity(rule))),
        schema,
    )
}

/// What makes a rule another one, for this purpose.
fn identity(rule: &Arc<Rule>) -> (&str, &str, Option<&str>, &Kind) {
    (&rule.list, &rule.name, rule.module.as_deref(), &rule.kind)
}

fn found<'p>(rules: impl Iterator<Item = &'p Arc<Rule>>, schema: &Arc<Schema>) -> Vec<Stray> {
    let stray = |rule: &Arc<Rule>| {
        let look = Look { schema, rule };
        let why = look.module().or_else(|| look.kind())?;
        Some(Stray {
            rule: rule.clone(),
            why,
        })
    };
    rules.filter_map(stray).collect()
}

/// Looks for what one rule is about.
struct Look<'l> {
    schema: &'l Arc<Schema>,
    rule: &'l Rule,
}

fn did_you_mean(name: Option<String>) -> String {
    name.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

impl Look<'_> {
    /// Whether modules that are not ours may be mounted somewhere.
    fn has_mounts(&self) -> bool {
        self.schema.derived(Below::of).mount(SchemaId::ROOT)
    }

    /// Why no module fits.
    fn module(&self) -> Option<String> {
        let name = self.rule.module.as_deref()?;
        if self.schema.module_by_name(name).is_some() || self.has_mounts() {
            return None;
        }
        let names = self.schema.modules().map(|(_, module)| &*module.name);
        let near = nearest(name, names).map(str::to_owned);
        Some(format!("no module {name} is loaded{}", did_you_mean(near)))
    }

    /// Why nothing of the module fits.
    fn kind(&self) -> Option<String> {
        match &self.rule.kind {
            Kind::Rpc(Some(name)) => self.definition(NodeKind::Rpc, "rpc-name", name),
            Kind::Notification(Some(name)) => {
                self.definition(NodeKind::Notification, "notification-name", name)
            }
            Kind::Data(path) => self.path(path),
            Kind::Rpc(None) | Kind::Notification(None) | Kind::Anything | Kind::Broken(_) => None,
        }
    }

    /// Why no rpc or notification of the top level fits.
    fn definition(&self, kind: NodeKind, leaf: &str, name: &str) -> Option<String> {
        let module = self.rule.module.as_deref();
        // Notifications of mounted modules are heard here.
        let foreign = module.is_some_and(|name| self.schema.module_by_name(name).is_none());
        if foreign || (kind == NodeKind::Notification && self.has_mounts()) {
            return None;
        }
        let known = || {
            self.schema
                .children(SchemaId::ROOT)
                .iter()
                .map(|id| self.schema.node(*id))
                .filter(|node| node.kind == kind)
                .filter(|node| {
                    let own = &*self.schema.module(node.module).name;
                    module.is_none_or(|module| module == own)
                })
                .map(|node| &*node.name)
        };
        if known().any(|one| one == name) {
            return None;
        }
        let near = nearest(name, known()).map(str::to_owned);
        let what = leaf.trim_end_matches("-name");
        Some(match module {
            Some(module) => format!(
                "{leaf} is {name}, but module {module} has no such {what}{}",
                did_you_mean(near)
            ),
            None => format!(
                "{leaf} is {name}, but no loaded module has such a thing{}",
                did_you_mean(near)
            ),
        })
    }

    /// The step at which a path ends, and why. What goes on below a mount point is not looked at: what is mounted differs
    /// from entry to entry.
    fn path(&self, path: &RulePath) -> Option<String> {
        let binder = Binder {
            schema: self.schema,
            rules: &[],
            user: "",
        };
        let mut at = SchemaId::ROOT;
        let mut module = None;
        for (number, step) in path.steps.iter().enumerate() {
            if self.schema.node(at).mount_point().is_some() {
                return None;
            }
            let why = match binder.child(at, module, step) {
                None => self.no_child(at, module, step),
                Some(child) => {
                    at = child;
                    module = Some(self.schema.node(child).module);
                    match self.wrong_predicate(child, step, &binder) {
                        None => continue,
                        Some(why) => why,
                    }
                }
            };
            return Some(format!(
                "its path {} ends at step {}, {step}: {why}",
                self.rule.path.as_deref().unwrap_or_default(),
                number + 1
            ));
        }
        None
    }

    fn no_child(&self, parent: SchemaId, above: Option<ModuleId>, step: &Step) -> String {
        let schema = self.schema;
        if let Some(prefix) = step.prefix.as_deref() {
            let all = || schema.modules().map(|(_, module)| module);
            if !all().any(|module| *module.name == *prefix || *module.prefix == *prefix) {
                let names = all().flat_map(|module| [&*module.name, &*module.prefix]);
                let near = nearest(prefix, names).map(|near| format!("{near}:{}", step.name));
                return format!(
                    "no loaded module has the name or the prefix {prefix}{}",
                    did_you_mean(near)
                );
            }
        }
        let place = match parent {
            SchemaId::ROOT => "at the top".to_owned(),
            parent => format!("in {}", schema.path(parent)),
        };
        let children: Vec<_> = schema
            .nodes()
            .filter(|(_, node)| node.data_parent().unwrap_or(SchemaId::ROOT) == parent)
            .map(|(_, node)| node)
            .filter(|node| node.kind.is_data() || is_tied(node.kind))
            .filter(|node| parent != SchemaId::ROOT || node.kind.is_data())
            .collect();
        let same = children.iter().find(|node| node.name == step.name);
        let near = same.copied().or_else(|| {
            let name = nearest(&step.name, children.iter().map(|node| &*node.name))?;
            children.iter().copied().find(|node| &*node.name == name)
        });
        let near = near.map(|node| match above == Some(node.module) {
            true => node.name.to_string(),
            false => format!("{}:{}", schema.module(node.module).name, node.name),
        });
        format!("there is no such node {place}{}", did_you_mean(near))
    }

    /// Why the predicates fit no instance. What stands for the user is not looked at.
    fn wrong_predicate(&self, id: SchemaId, step: &Step, binder: &Binder<'_>) -> Option<String> {
        let node = self.schema.node(id);
        let keys: Vec<&str> = match node.kind {
            NodeKind::LeafList => vec!["."],
            _ => node
                .keys()
                .iter()
                .map(|key| &*self.schema.node(*key).name)
                .collect(),
        };
        for predicate in &step.predicates {
            let Some(place) = keys.iter().position(|key| **key == *predicate.key) else {
                if keys.is_empty() {
                    return Some(format!("{} is no list and has no keys", node.name));
                }
                return Some(format!(
                    "{} is no key of it: {} {}",
                    predicate.key,
                    match keys.len() {
                        1 => "the only one is",
                        _ => "they are",
                    },
                    keys.join(", ")
                ));
            };
            let leaf = match node.kind {
                NodeKind::LeafList => id,
                _ => node.keys()[place],
            };
            if let Operand::Literal(value) = &predicate.value
                && binder.value(leaf, predicate).is_none()
            {
                return Some(format!("'{value}' can be no value of {}", predicate.key));
            }
        }
        None
    }
}
