//! The comparison in hand: which modules pair, what was found, and how a finding becomes a [`Change`].

use std::collections::{BTreeMap, HashMap, HashSet};

use super::text::Texts;
use super::{Aspect, Change, Comparison, Rule, Subject, Verdict};
use crate::schema::{ModuleId, NodeKind, Schema, SchemaId};
use crate::source::Span;

/// Which module of the new schema each one of the old schema has become.
pub(super) struct Pairs {
    to_new: HashMap<ModuleId, ModuleId>,
    /// The pairs that are compared, by name.
    compared: Vec<(ModuleId, ModuleId)>,
    removed: Vec<ModuleId>,
    added: Vec<ModuleId>,
}

impl Pairs {
    pub fn by_name(old: &Schema, new: &Schema) -> Self {
        let names = |schema: &Schema| -> BTreeMap<String, ModuleId> {
            let names = schema.modules().map(|(_, module)| module.name.to_string());
            let id = |name: String| schema.module_by_name(&name).map(|id| (name, id));
            names.filter_map(id).collect()
        };
        let (old_names, new_names) = (names(old), names(new));
        let compared: Vec<_> = old_names
            .iter()
            .filter_map(|(name, old)| Some((*old, *new_names.get(name)?)))
            .collect();
        let only = |of: &BTreeMap<String, ModuleId>, not: &BTreeMap<String, ModuleId>| {
            let only = of.iter().filter(|(name, _)| !not.contains_key(*name));
            only.map(|(_, id)| *id).collect()
        };
        Pairs {
            to_new: compared.iter().copied().collect(),
            removed: only(&old_names, &new_names),
            added: only(&new_names, &old_names),
            compared,
        }
    }

    pub fn of_one(old: &Schema, old_id: ModuleId, new: &Schema, new_id: ModuleId) -> Self {
        let mut pairs = Pairs::by_name(old, new);
        pairs.to_new.insert(old_id, new_id);
        pairs.compared = vec![(old_id, new_id)];
        pairs.removed.clear();
        pairs.added.clear();
        pairs
    }
}

/// One of the two schemas.
pub(super) struct Side<'s> {
    pub schema: &'s Schema,
    pub texts: Texts<'s>,
}

impl<'s> Side<'s> {
    pub fn new(schema: &'s Schema) -> Self {
        Side {
            schema,
            texts: Texts::new(schema),
        }
    }
}

/// What is compared at the moment, on one or both sides.
#[derive(Clone)]
pub(super) struct Place {
    pub subject: Subject,
    pub path: String,
    pub kind: Option<NodeKind>,
    pub old: Option<Span>,
    pub new: Option<Span>,
    pub old_node: Option<SchemaId>,
    pub new_node: Option<SchemaId>,
    /// The module whose rules hold.
    pub yang_1_1: bool,
}

/// A verdict with its rule, and what there is to say about the case.
pub(super) struct Judgement {
    pub verdict: Verdict,
    pub rule: Rule,
    pub reason: String,
}

pub(super) fn allowed(rule: Rule) -> Judgement {
    Judgement {
        verdict: Verdict::Allowed,
        rule,
        reason: String::new(),
    }
}

pub(super) fn forbidden(rule: Rule) -> Judgement {
    Judgement {
        verdict: Verdict::Forbidden,
        ..allowed(rule)
    }
}

pub(super) fn unproven(rule: Rule) -> Judgement {
    Judgement {
        verdict: Verdict::Unproven,
        ..allowed(rule)
    }
}

pub(super) fn editorial(rule: Rule) -> Judgement {
    Judgement {
        verdict: Verdict::Editorial,
        ..allowed(rule)
    }
}

pub(super) fn unruled() -> Judgement {
    Judgement {
        verdict: Verdict::Unruled,
        ..allowed(Rule::None)
    }
}

impl Judgement {
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }
}

pub(super) struct Comparer<'s> {
    pub old: Side<'s>,
    pub new: Side<'s>,
    pub pairs: Pairs,
    /// Modules of each side whose nodes are reported.
    pub old_reported: HashSet<ModuleId>,
    pub new_reported: HashSet<ModuleId>,
    pub changes: Vec<Change>,
}

impl<'s> Comparer<'s> {
    pub fn new(old: &'s Schema, new: &'s Schema, pairs: Pairs) -> Self {
        let old_reported = pairs.compared.iter().map(|pair| pair.0).collect();
        let new_reported = pairs.compared.iter().map(|pair| pair.1).collect();
        Comparer {
            old: Side::new(old),
            new: Side::new(new),
            pairs,
            old_reported,
            new_reported,
            changes: Vec::new(),
        }
    }

    pub fn run(mut self) -> Comparison {
        for id in self.pairs.removed.clone() {
            self.module_removed(id);
        }
        for id in self.pairs.added.clone() {
            self.module_added(id);
        }
        let compared = self.pairs.compared.clone();
        for (old, new) in &compared {
            self.module(*old, *new);
        }
        self.probe(&compared);
        self.walk_root();
        for (old, new) in &compared {
            self.revision(*old, *new);
        }
        self.mark_uses();
        Comparison {
            changes: self.changes,
        }
    }

    /// The module of the new schema that `module` of the old one has become.
    pub fn paired(&self, module: ModuleId) -> Option<ModuleId> {
        self.pairs.to_new.get(&module).copied()
    }

    pub fn push(
        &mut self,
        place: &Place,
        aspect: Aspect,
        old: Option<String>,
        new: Option<String>,
        judgement: Judgement,
    ) {
        self.changes.push(Change {
            subject: place.subject,
            path: place.path.clone(),
            kind: place.kind,
            aspect,
            old,
            new,
            old_place: place.old,
            new_place: place.new,
            old_node: place.old_node,
            new_node: place.new_node,
            verdict: judgement.verdict,
            rule: judgement.rule,
            section: judgement.rule.section(place.yang_1_1),
            reason: judgement.reason,
            through: None,
        });
    }

    /// Changes of nodes that say nothing but what a typedef or grouping of a compared module says too name it.
    pub fn mark_uses(&mut self) {
        type Key = (String, Aspect, Option<String>, Option<String>);
        let key = |name: &str, change: &Change| -> Key {
            (
                name.to_owned(),
                change.aspect,
                change.old.clone(),
                change.new.clone(),
            )
        };
        let definition = |change: &Change| {
            let name = match change.subject {
                Subject::Typedef => change.path.clone(),
                // A node of the grouping: the definition is what stands before the first slash.
                Subject::Grouping => change.path.split('/').next()?.to_owned(),
                _ => return None,
            };
            Some(key(&format!("{} {name}", change.subject.name()), change))
        };
        let defined: HashSet<Key> = self.changes.iter().filter_map(definition).collect();
        let mut changes = std::mem::take(&mut self.changes);
        for change in &mut changes {
            let is_node = matches!(change.subject, Subject::Node | Subject::Grouping);
            if !is_node || change.through.is_some() {
                continue;
            }
            let own = (change.subject == Subject::Grouping)
                .then(|| {
                    change
                        .path
                        .split('/')
                        .next()
                        .map(|name| format!("grouping {name}"))
                })
                .flatten();
            change.through = self
                .definitions_of(change)
                .into_iter()
                .filter(|name| Some(name) != own.as_ref())
                .find(|name| defined.contains(&key(name, change)));
        }
        self.changes = changes;
    }

    /// `typedef m:t`, `grouping m:g`: what a changed node may have its change from.
    fn definitions_of(&self, change: &Change) -> Vec<String> {
        let mut found = Vec::new();
        for (side, node, place) in [
            (&self.old, change.old_node, change.old_place),
            (&self.new, change.new_node, change.new_place),
        ] {
            let ty = node.and_then(|id| side.schema.node(id).ty.as_ref());
            if let Some((module, name)) = ty.and_then(|ty| ty.typedef.as_ref()) {
                let module = &side.schema.module(*module).name;
                found.push(format!("typedef {module}:{name}"));
            }
            let at = place.and_then(|span| side.texts.statement(span));
            let grouping = at.and_then(|at| side.texts.top_grouping(&at));
            found.extend(grouping.map(|name| format!("grouping {name}")));
        }
        found
    }
}
