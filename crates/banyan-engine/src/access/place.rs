//! A place on a walk down a tree: the rules that cover it, and those that may come to cover what is below.
//!
//! RFC 8341 3.4.5. A rule with a path covers the node and all below it; the first rule that covers a node, is of its
//! module and is about the operation decides.

use std::sync::Arc;

use banyan_data::Value;
use banyan_yang::schema::{DefaultDeny, ModuleId, Schema, SchemaId};

use super::below::own_deny;
use super::policy::Operation;
use super::subject::{Bound, Decision, Reason, Subject};
use super::trie::{Edge, Rank, Trie};

/// How a whole subtree is treated, whatever is in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Uniform {
    /// All of it is permitted; the latest rule that says so.
    Permit(Rank),
    /// Nothing of it is permitted.
    Deny,
    /// It must be looked at node by node.
    Mixed,
}

/// A place.
#[derive(Clone)]
pub(super) struct Place<'s> {
    subject: &'s Subject,
    schema: Arc<Schema>,
    bound: Arc<Bound>,
    id: SchemaId,
    /// The rules whose path covers the place, in their order.
    covering: Arc<[Rank]>,
    /// Where the paths of the rules that may cover more stand.
    tries: Vec<Arc<Trie>>,
    deny: Option<DefaultDeny>,
}

impl<'s> Place<'s> {
    pub(super) fn root(subject: &'s Subject, schema: &Arc<Schema>) -> Place<'s> {
        let bound = subject.bound(schema);
        let root = bound.root.clone();
        Place {
            subject,
            schema: schema.clone(),
            id: SchemaId::ROOT,
            covering: root.ends.clone().into(),
            tries: if root.edges.is_empty() && root.beyond.is_empty() {
                Vec::new()
            } else {
                vec![root]
            },
            bound,
            deny: None,
        }
    }

    pub fn id(&self) -> SchemaId {
        self.id
    }

    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The instance of a child; `keys` are those of a list entry, or the value of a leaf-list entry. O(rules that go on
    /// to it).
    pub fn child(&self, id: SchemaId, keys: &[Value]) -> Place<'s> {
        self.down(id, |edge, found| {
            found.extend(edge.exact.get(keys).cloned());
            for (some, trie) in &edge.some {
                if some.iter().all(|(at, value)| keys.get(*at) == Some(value)) {
                    found.push(trie.clone());
                }
            }
        })
    }

    /// Any instance of a child that no rule names by its keys.
    pub fn unnamed(&self, id: SchemaId) -> Place<'s> {
        self.down(id, |_, _| {})
    }

    fn down(&self, id: SchemaId, named: impl Fn(&Edge, &mut Vec<Arc<Trie>>)) -> Place<'s> {
        let mut tries = Vec::new();
        for edge in self.edges(id) {
            tries.extend(edge.all.clone());
            named(edge, &mut tries);
        }
        let deny = self.deny.max(own_deny(&self.schema, id));
        self.at(self.schema.clone(), self.bound.clone(), id, tries, deny)
    }

    fn at(
        &self,
        schema: Arc<Schema>,
        bound: Arc<Bound>,
        id: SchemaId,
        mut tries: Vec<Arc<Trie>>,
        deny: Option<DefaultDeny>,
    ) -> Place<'s> {
        let mut covering = self.covering.clone();
        if tries.iter().any(|trie| !trie.ends.is_empty()) {
            let mut more: Vec<Rank> = covering.to_vec();
            more.extend(tries.iter().flat_map(|trie| trie.ends.iter().copied()));
            more.sort_unstable();
            more.dedup();
            covering = more.into();
        }
        tries.retain(|trie| !trie.edges.is_empty() || !trie.beyond.is_empty());
        Place {
            subject: self.subject,
            schema,
            bound,
            id,
            covering,
            tries,
            deny,
        }
    }

    /// The root of what is mounted at this place.
    pub fn mounted(&self, schema: &Arc<Schema>) -> Place<'s> {
        let bound = self.subject.bound(schema);
        let mut beyond: Vec<_> = self
            .tries
            .iter()
            .flat_map(|trie| &trie.beyond)
            .copied()
            .collect();
        beyond.sort_unstable();
        let tries = if beyond.is_empty() {
            Vec::new()
        } else {
            vec![bound.mounted(self.subject, &beyond)]
        };
        self.at(schema.clone(), bound, SchemaId::ROOT, tries, self.deny)
    }

    /// The edges that rules have to a child.
    fn edges(&self, id: SchemaId) -> impl Iterator<Item = &Edge> {
        self.tries
            .iter()
            .filter_map(move |trie| trie.edges.get(&id))
    }

    /// The entries of a list or leaf-list that rules name in full; `None` when a rule names some keys only, so that
    /// every entry must be looked at.
    pub fn named(&self, id: SchemaId) -> Option<Vec<&Vec<Value>>> {
        let mut named = Vec::new();
        for edge in self.edges(id) {
            if !edge.some.is_empty() {
                return None;
            }
            named.extend(edge.exact.keys());
        }
        named.sort_unstable();
        named.dedup();
        Some(named)
    }

    /// How many rules with a path cover the place.
    #[cfg(test)]
    pub fn covered_by(&self) -> usize {
        self.covering.len()
    }

    /// What decides about the node. O(rules that cover it).
    pub fn decide(&self, operation: Operation) -> Decision {
        self.decide_in(self.schema.node(self.id).module, operation, self.deny)
    }

    fn decide_in(
        &self,
        module: ModuleId,
        operation: Operation,
        deny: Option<DefaultDeny>,
    ) -> Decision {
        let rules = &self.subject.rules;
        let general = self.bound.first(module, operation);
        let name = &self.schema.module(module).name;
        let covering = self.covering.iter().copied().find(|rank| {
            let rule = &rules[*rank as usize];
            rule.operations.contain(operation) && rule.is_of(name)
        });
        let first = match (general, covering) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        if let Some(rank) = first {
            return Decision {
                permit: rules[rank as usize].permit,
                reason: Reason::Rule(rank),
            };
        }
        self.by_default(operation, deny)
    }

    /// RFC 8341 3.4.5, 9 to 11.
    fn by_default(&self, operation: Operation, deny: Option<DefaultDeny>) -> Decision {
        let defaults = &self.subject.defaults;
        let (permit, reason) = match deny {
            Some(DefaultDeny::All) => (false, Reason::Schema(DefaultDeny::All)),
            Some(DefaultDeny::Write) if operation.writes() => {
                (false, Reason::Schema(DefaultDeny::Write))
            }
            _ => {
                let permit = match operation {
                    Operation::Read => defaults.read,
                    Operation::Exec => defaults.exec,
                    _ => defaults.write,
                };
                (permit, Reason::Default)
            }
        };
        Decision { permit, reason }
    }

    /// How the whole subtree is treated. O(modules of the subtree) once for each kind of place.
    pub fn uniform(&self, operation: Operation) -> Uniform {
        if self.tries.iter().any(|trie| trie.reaches(operation)) {
            return Uniform::Mixed;
        }
        let key = (self.id, self.covering.clone(), self.deny, operation);
        self.bound.uniform(key, || self.work_out(operation))
    }

    fn work_out(&self, operation: Operation) -> Uniform {
        let below = &self.bound.below;
        let strictest = self.deny.max(below.denies(self.id));
        let mut found: Option<Uniform> = None;
        for module in below.modules(self.id) {
            let lax = self.decide_in(*module, operation, self.deny);
            let strict = self.decide_in(*module, operation, strictest);
            if lax.permit != strict.permit {
                return Uniform::Mixed;
            }
            found = match joined(found, strict) {
                Some(found) => Some(found),
                None => return Uniform::Mixed,
            };
        }
        if below.mount(self.id) {
            let Some(decision) = self.in_any_module(operation) else {
                return Uniform::Mixed;
            };
            found = match joined(found, decision) {
                Some(found) => Some(found),
                None => return Uniform::Mixed,
            };
        }
        found.unwrap_or(Uniform::Mixed)
    }

    /// What decides in modules that are not known yet, if it is the same for all.
    fn in_any_module(&self, operation: Operation) -> Option<Decision> {
        let rules = &self.subject.rules;
        let about = |rank: &Rank| rules[*rank as usize].operations.contain(operation);
        let covering = self.covering.iter().copied().filter(about);
        let general = covering
            .clone()
            .find(|rank| rules[*rank as usize].module.is_none());
        let first = match (general, self.bound.general(operation)) {
            (Some(one), Some(other)) => one.min(other),
            (one, other) => one.or(other)?,
        };
        let permit = rules[first as usize].permit;
        // A rule for one module that comes earlier may say otherwise.
        let earlier = &rules[..first as usize];
        let otherwise = earlier
            .iter()
            .any(|rule| rule.module.is_some() && rule.permit != permit);
        (!otherwise).then_some(Decision {
            permit,
            reason: Reason::Rule(first),
        })
    }
}

/// `None` when the two do not agree.
fn joined(found: Option<Uniform>, decision: Decision) -> Option<Uniform> {
    match (found, decision.permit) {
        (None | Some(Uniform::Deny), false) => Some(Uniform::Deny),
        (None, true) => Some(Uniform::Permit(decision.rank())),
        (Some(Uniform::Permit(rank)), true) => Some(Uniform::Permit(rank.max(decision.rank()))),
        _ => None,
    }
}
