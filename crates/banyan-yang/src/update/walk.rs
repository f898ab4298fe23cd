//! Walks two schemas side by side: which nodes are new, gone, moved or reordered.

use std::collections::{HashMap, HashSet};

use super::compare::{Comparer, Place, allowed, forbidden};
use super::{Aspect, Rule, Subject};
use crate::schema::{ModuleId, NodeKind, Schema, SchemaId};

/// What both parents of a pair already changed in the same way, so that it is reported once.
#[derive(Clone, Copy, Default)]
pub(super) struct Inherited {
    pub config: bool,
    pub status: bool,
}

/// Names the nodes of a walk.
pub(super) enum Naming<'n> {
    /// By their paths in the schema.
    Schema,
    /// By the grouping, which is the node that the walk began at.
    Grouping { name: &'n str, depth: usize },
}

impl Comparer<'_> {
    pub fn walk_root(&mut self) {
        let root = SchemaId::ROOT;
        self.children(root, root, Inherited::default(), &Naming::Schema);
    }

    /// Compares all that is beneath two nodes.
    pub fn walk(&mut self, old: SchemaId, new: SchemaId, naming: &Naming<'_>) {
        self.children(old, new, Inherited::default(), naming);
    }

    /// Compares two nodes that pair, and all beneath.
    fn pair(&mut self, old: SchemaId, new: SchemaId, above: Inherited, naming: &Naming<'_>) {
        let node = self.old.schema.node(old);
        let below = match self.old_reported.contains(&node.module) {
            true => {
                let place = self.place(Some(old), Some(new), naming);
                self.node(&place, old, new, above)
            }
            false => Inherited::default(),
        };
        if self.old.schema.node(old).kind == self.new.schema.node(new).kind {
            self.children(old, new, below, naming);
        }
    }

    fn place(&self, old: Option<SchemaId>, new: Option<SchemaId>, naming: &Naming<'_>) -> Place {
        let (side, id) = match (old, new) {
            (Some(old), _) => (&self.old, old),
            (None, new) => (&self.new, new.unwrap_or(SchemaId::ROOT)),
        };
        let node = side.schema.node(id);
        let path = side.schema.path(id);
        let (subject, path) = match naming {
            Naming::Schema => (Subject::Node, path),
            Naming::Grouping { name, depth } => {
                // `/probe:x/y/node` to `module:grouping/node`.
                let mut steps = path.splitn(depth + 2, '/');
                let rest = steps.nth(*depth + 1);
                let rest = rest.map_or_else(String::new, |rest| format!("/{rest}"));
                (Subject::Grouping, format!("{name}{rest}"))
            }
        };
        let module = self.new_module_of(old, new);
        Place {
            subject,
            path,
            kind: Some(node.kind),
            old: old.map(|id| self.old.schema.node(id).span),
            new: new.map(|id| self.new.schema.node(id).span),
            old_node: old,
            new_node: new,
            yang_1_1: module.is_none_or(|module| self.new.schema.module(module).yang_1_1),
        }
    }

    /// The module, in the new schema, whose version decides which rules hold.
    fn new_module_of(&self, old: Option<SchemaId>, new: Option<SchemaId>) -> Option<ModuleId> {
        match (old, new) {
            (_, Some(new)) => Some(self.new.schema.node(new).module),
            (Some(old), None) => self.paired(self.old.schema.node(old).module),
            _ => None,
        }
    }

    fn children(&mut self, old: SchemaId, new: SchemaId, above: Inherited, naming: &Naming<'_>) {
        let mut pairs = Vec::new();
        let mut gone = Vec::new();
        for child in child_ids(self.old.schema, old) {
            match self.counterpart(child, new) {
                Some(found) => pairs.push((child, found)),
                None => gone.push(child),
            }
        }
        let paired: HashSet<SchemaId> = pairs.iter().map(|pair| pair.1).collect();
        let came = child_ids(self.new.schema, new).into_iter();
        let came: Vec<SchemaId> = came.filter(|child| !paired.contains(child)).collect();
        let data = (
            data_self(self.old.schema, old),
            data_self(self.new.schema, new),
        );
        for child in gone {
            self.gone(child, data, naming);
        }
        self.order(old, &pairs, naming);
        for (old_child, new_child) in pairs {
            self.pair(old_child, new_child, above, naming);
        }
        for child in came {
            if !self.has_come_from_elsewhere(child, data.0) {
                self.added(child, naming);
            }
        }
    }

    fn counterpart(&self, child: SchemaId, parent: SchemaId) -> Option<SchemaId> {
        let node = self.old.schema.node(child);
        let module = self.paired(node.module)?;
        self.new.schema.schema_child(parent, module, &node.name)
    }

    /// A child that is not where it was: removed, or, if its data are still there, moved into a choice, out of one,
    /// or from case to case.
    fn gone(&mut self, child: SchemaId, data: (SchemaId, SchemaId), naming: &Naming<'_>) {
        let nodes = data_nodes(self.old.schema, child);
        let moved: Vec<(SchemaId, SchemaId)> = nodes
            .iter()
            .filter_map(|old| {
                let node = self.old.schema.node(*old);
                let module = self.paired(node.module)?;
                let new = self.new.schema.data_child(data.1, module, &node.name)?;
                Some((*old, new))
            })
            .collect();
        // Choices and cases that hold nothing else than what has moved are not reported beside it.
        if moved.is_empty() || moved.len() < nodes.len() {
            self.removed(child, naming);
        }
        for (old, new) in moved {
            let node = self.old.schema.node(old);
            if self.old_reported.contains(&node.module) {
                let place = self.place(Some(old), Some(new), naming);
                let (from, to) = (self.old.schema.path(old), self.new.schema.path(new));
                self.push(
                    &place,
                    Aspect::Place,
                    Some(from),
                    Some(to),
                    forbidden(Rule::NewName)
                        .because("its schema node identifier, and what excludes it, are others"),
                );
            }
            self.pair(old, new, Inherited::default(), naming);
        }
    }

    /// True if all data nodes of a new child were under the same data parent before.
    fn has_come_from_elsewhere(&self, child: SchemaId, old_parent: SchemaId) -> bool {
        let nodes = data_nodes(self.new.schema, child);
        let was_there = |id: &SchemaId| {
            let node = self.new.schema.node(*id);
            let name = &self.new.schema.module(node.module).name;
            let module = self.old.schema.module_by_name(name);
            module
                .and_then(|module| self.old.schema.data_child(old_parent, module, &node.name))
                .is_some()
        };
        !nodes.is_empty() && nodes.iter().all(was_there)
    }

    fn removed(&mut self, id: SchemaId, naming: &Naming<'_>) {
        let node = self.old.schema.node(id);
        if !self.old_reported.contains(&node.module) || is_fixed(node.kind) {
            return;
        }
        let place = self.place(Some(id), None, naming);
        let what = Some(node.kind.keyword().to_owned());
        self.push(
            &place,
            Aspect::Definition,
            what,
            None,
            forbidden(Rule::NoRemoval),
        );
    }

    fn added(&mut self, id: SchemaId, naming: &Naming<'_>) {
        let node = self.new.schema.node(id);
        if !self.new_reported.contains(&node.module) || is_fixed(node.kind) {
            return;
        }
        let place = self.place(None, Some(id), naming);
        let what = Some(node.kind.keyword().to_owned());
        let judgement = match node.kind {
            NodeKind::Case => allowed(Rule::NewCase),
            NodeKind::Rpc | NodeKind::Action | NodeKind::Notification => {
                allowed(Rule::NewDefinition)
            }
            _ => match mandatory_node(self.new.schema, id) {
                None => allowed(Rule::NewData),
                Some(_) if self.needs_new_feature(id) => {
                    allowed(Rule::NewData).because("it is mandatory, and depends on a new feature")
                }
                Some(mandatory) if mandatory == id => {
                    forbidden(Rule::NewData).because("it is mandatory")
                }
                Some(mandatory) => {
                    let name = self.new.schema.node(mandatory).name.clone();
                    forbidden(Rule::NewData).because(format!("`{name}` in it is mandatory"))
                }
            },
        };
        self.push(&place, Aspect::Definition, None, what, judgement);
    }

    /// True if the node cannot be there while the features that are new are off.
    fn needs_new_feature(&self, id: SchemaId) -> bool {
        let conditions = self.new.texts.conditions(id);
        let is_old = |name: &str| {
            let Some((module, feature)) = name.split_once(':') else {
                return true;
            };
            match self.old.schema.module_by_name(module) {
                // A feature of a module that the old schema does not have is as new as one can be.
                None => false,
                Some(module) => self
                    .old
                    .texts
                    .definitions(module, crate::statement::Keyword::Feature)
                    .iter()
                    .any(|definition| definition.name() == feature),
            }
        };
        conditions.iter().any(|condition| !condition.holds(&is_old))
    }

    /// RFC 7950 11: data definitions keep their order. Those that `augment`s bring stand in no common order.
    fn order(&mut self, parent: SchemaId, pairs: &[(SchemaId, SchemaId)], naming: &Naming<'_>) {
        if self.old.schema.node(parent).kind == NodeKind::Choice {
            return;
        }
        let ordered: Vec<(SchemaId, SchemaId)> = pairs
            .iter()
            .copied()
            .filter(|(old, _)| {
                let node = self.old.schema.node(*old);
                let is_definition = node.kind.is_data() || node.kind == NodeKind::Choice;
                is_definition && self.old_reported.contains(&node.module)
            })
            .collect();
        let places: HashMap<SchemaId, usize> = pairs
            .first()
            .map(|(_, new)| siblings(self.new.schema, *new))
            .unwrap_or_default()
            .into_iter()
            .enumerate()
            .map(|(place, id)| (id, place))
            .collect();
        let position = |id: &SchemaId| places.get(id).copied().unwrap_or(0);
        if ordered.is_sorted_by_key(|(_, new)| position(new)) {
            return;
        }
        let is_definition = |(old, new): &(SchemaId, SchemaId)| {
            !self.old.texts.is_augmented(*old) && !self.new.texts.is_augmented(*new)
        };
        let ordered: Vec<_> = ordered.into_iter().filter(is_definition).collect();
        // At the root the nodes of one module stand together.
        let mut by_module: Vec<Vec<(SchemaId, SchemaId)>> = Vec::new();
        for pair in ordered {
            let module = self.old.schema.node(pair.0).module;
            let same = by_module.iter_mut().find(|group| {
                group
                    .first()
                    .is_some_and(|first| self.old.schema.node(first.0).module == module)
            });
            match same {
                Some(group) => group.push(pair),
                None => by_module.push(vec![pair]),
            }
        }
        for group in by_module {
            let positions: Vec<usize> = group.iter().map(|(_, new)| position(new)).collect();
            let kept = longest_ascent(&positions);
            for (index, (old, new)) in group.iter().enumerate() {
                if kept.contains(&index) {
                    continue;
                }
                let place = self.place(Some(*old), Some(*new), naming);
                let after = |schema: &Schema, id: SchemaId| match before(schema, id) {
                    Some(name) => format!("after {name}"),
                    None => "first".to_owned(),
                };
                let (was, is) = (after(self.old.schema, *old), after(self.new.schema, *new));
                self.push(
                    &place,
                    Aspect::Order,
                    Some(was),
                    Some(is),
                    forbidden(Rule::Order),
                );
            }
        }
    }
}

fn child_ids(schema: &Schema, id: SchemaId) -> Vec<SchemaId> {
    schema.children(id).to_vec()
}

/// A node and its siblings, as the text has them.
fn siblings(schema: &Schema, id: SchemaId) -> Vec<SchemaId> {
    let parent = schema.node(id).parent().unwrap_or(SchemaId::ROOT);
    child_ids(schema, parent)
}

/// The node itself, or the data node around a choice or case.
fn data_self(schema: &Schema, id: SchemaId) -> SchemaId {
    let node = schema.node(id);
    match node.kind {
        NodeKind::Choice | NodeKind::Case => node.data_parent().unwrap_or(SchemaId::ROOT),
        _ => id,
    }
}

/// The sibling before a node.
fn before(schema: &Schema, id: SchemaId) -> Option<String> {
    let children = siblings(schema, id);
    let place = children.iter().position(|child| *child == id)?;
    let sibling = children.get(place.checked_sub(1)?)?;
    Some(schema.node(*sibling).name.to_string())
}

/// `input` and `output` are always there.
fn is_fixed(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::Input | NodeKind::Output)
}

/// The data node itself, or the outermost ones in a choice or case.
fn data_nodes(schema: &Schema, top: SchemaId) -> Vec<SchemaId> {
    let mut found = Vec::new();
    let mut open = vec![top];
    while let Some(id) = open.pop() {
        let node = schema.node(id);
        match node.kind {
            NodeKind::Choice | NodeKind::Case => open.extend(child_ids(schema, id)),
            kind if kind.is_data() => found.push(id),
            _ => {}
        }
    }
    found
}

/// The node that makes `id` a mandatory node (RFC 7950 3), itself or one beneath.
pub(super) fn mandatory_node(schema: &Schema, id: SchemaId) -> Option<SchemaId> {
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        let node = schema.node(id);
        match node.kind {
            NodeKind::Leaf | NodeKind::Choice | NodeKind::AnyData | NodeKind::AnyXml
                if node.mandatory =>
            {
                return Some(id);
            }
            NodeKind::List | NodeKind::LeafList if node.min_elements() > 0 => return Some(id),
            NodeKind::Container if !node.presence => open.extend(child_ids(schema, id)),
            _ => {}
        }
    }
    None
}

/// The indexes of a longest ascending part of `values`.
fn longest_ascent(values: &[usize]) -> Vec<usize> {
    let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let before = (0..index).filter(|other| values[*other] < *value);
        let longest = before.max_by_key(|other| (best[*other].0, std::cmp::Reverse(*other)));
        let length = longest.map_or(0, |other| best[other].0);
        best.push((length + 1, longest));
    }
    let mut at = (0..values.len()).max_by_key(|index| (best[*index].0, std::cmp::Reverse(*index)));
    let mut kept = Vec::new();
    while let Some(index) = at {
        kept.push(index);
        at = best[index].1;
    }
    kept
}
