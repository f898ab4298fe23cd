//! Several trees of one schema laid over each other, kept up as they change: a change of one of them costs what it
//! changes, not what they hold.
//!
//! Where two have a leaf, that of the uppermost counts; containers and list entries are joined.

use banyan_data::list::List;
use banyan_data::{Content, Node, Slot, Tree, Value};
use banyan_yang::schema::{OrderedBy, SchemaId};

/// Trees from the lowest to the uppermost, and what they are together.
#[derive(Clone)]
pub(crate) struct Joint {
    layers: Vec<Tree>,
    tree: Tree,
}

impl Joint {
    /// Lays trees over each other; there must be one. Costs the size of all but the largest subtrees that are in one alone.
    pub fn of(layers: Vec<Tree>) -> Joint {
        let roots: Vec<&Node> = layers.iter().map(Tree::root).collect();
        let id = layers
            .first()
            .map_or(SchemaId::ROOT, |tree| tree.root().id());
        let root = joined(&roots).unwrap_or_else(|| Node::empty(id));
        let tree = layers[0].with_root(root);
        Joint { layers, tree }
    }

    /// What the trees are together.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The trees.
    pub fn layers(&self) -> &[Tree] {
        &self.layers
    }

    /// The same places with other trees, as many as before. Costs what differs, times log of the lists and the number of
    /// trees.
    pub fn with(&self, layers: Vec<Tree>) -> Joint {
        let same_schema =
            |(old, new): (&Tree, &Tree)| std::sync::Arc::ptr_eq(old.schema(), new.schema());
        if layers.len() != self.layers.len() || !self.layers.iter().zip(&layers).all(same_schema) {
            return Joint::of(layers);
        }
        let pairs: Vec<Pair<'_, Node>> = self
            .layers
            .iter()
            .zip(&layers)
            .map(|(old, new)| (Some(old.root()), Some(new.root())))
            .collect();
        let root = node(Some(self.tree.root()), &pairs);
        let root = root.unwrap_or_else(|| Node::empty(self.tree.root().id()));
        let tree = self.tree.with_root(root);
        Joint { layers, tree }
    }
}

/// An instance in one of the trees, before and after.
type Pair<'t, T> = (Option<&'t T>, Option<&'t T>);

fn is_same<T>(pairs: &[Pair<'_, T>], same: impl Fn(&T, &T) -> bool) -> bool {
    pairs.iter().all(|pair| match pair {
        (None, None) => true,
        (Some(old), Some(new)) => same(old, new),
        _ => false,
    })
}

/// All instances that are there now.
fn now<'t, T>(pairs: &[Pair<'t, T>]) -> Vec<&'t T> {
    pairs.iter().filter_map(|(_, new)| *new).collect()
}

// All of these recurse as deep as the trees.

/// What nodes are together; `None` when there is none.
fn joined(nodes: &[&Node]) -> Option<Node> {
    let (first, rest) = nodes.split_first()?;
    if rest.is_empty() {
        return Some((*first).clone());
    }
    let mut ids: Vec<SchemaId> = nodes
        .iter()
        .flat_map(|node| node.slots())
        .map(|slot| slot.id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let slots = ids.into_iter().filter_map(|id| {
        let contents: Vec<&Content> = nodes.iter().filter_map(|node| node.get(id)).collect();
        let content = joined_content(&contents)?;
        Some(Slot { id, content })
    });
    let slots: Vec<Slot> = slots.collect();
    // Annotations of the lowest that has some.
    let with_meta = nodes.iter().find(|node| node.meta().is_some());
    Some(with_meta.unwrap_or(first).with_slots(slots))
}

fn joined_content(contents: &[&Content]) -> Option<Content> {
    let (upper, rest) = contents.split_last()?;
    if rest.is_empty() {
        return Some((*upper).clone());
    }
    match upper {
        Content::Container(_) => {
            let nodes: Vec<&Node> = contents
                .iter()
                .filter_map(|content| container(content))
                .collect();
            joined(&nodes).map(Content::Container)
        }
        Content::List(list) if list.key_count() > 0 => {
            let lists: Vec<&List> = contents
                .iter()
                .filter_map(|content| as_list(content))
                .collect();
            Some(Content::List(joined_lists(&lists)?))
        }
        // A mount and a leaf are of one source; the uppermost counts.
        _ => Some((*upper).clone()),
    }
}

fn joined_lists(lists: &[&List]) -> Option<List> {
    let (first, rest) = lists.split_first()?;
    let mut all: List = (*first).clone();
    for list in rest {
        for entry in *list {
            let keys: Vec<Value> = entry.keys(list.key_count()).cloned().collect();
            let entry = match all.get(&keys) {
                Some(below) => joined(&[below, entry])?,
                None => entry.clone(),
            };
            all = all.with_entry(entry);
        }
    }
    Some(all)
}

fn container(content: &Content) -> Option<&Node> {
    match content {
        Content::Container(node) => Some(node),
        _ => None,
    }
}

fn as_list(content: &Content) -> Option<&List> {
    match content {
        Content::List(list) => Some(list),
        _ => None,
    }
}

/// What instances are together, when `before` is what they were together.
fn node(before: Option<&Node>, pairs: &[Pair<'_, Node>]) -> Option<Node> {
    let (Some(before), false) = (before, now(pairs).is_empty()) else {
        return joined(&now(pairs));
    };
    if is_same(pairs, Node::ptr_eq) {
        return Some(before.clone());
    }
    let mut ids: Vec<SchemaId> = pairs
        .iter()
        .flat_map(|(old, new)| [*old, *new])
        .flatten()
        .flat_map(|node| node.slots())
        .map(|slot| slot.id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let mut slots = Vec::with_capacity(ids.len());
    for id in ids {
        let children: Vec<Pair<'_, Content>> = pairs
            .iter()
            .map(|(old, new)| {
                (
                    old.and_then(|node| node.get(id)),
                    new.and_then(|node| node.get(id)),
                )
            })
            .collect();
        slots.extend(content(before.get(id), &children).map(|content| Slot { id, content }));
    }
    let nodes = now(pairs);
    let with_meta = nodes.iter().find(|node| node.meta().is_some());
    Some(with_meta.or(nodes.first())?.with_slots(slots))
}

fn content(before: Option<&Content>, pairs: &[Pair<'_, Content>]) -> Option<Content> {
    if let Some(before) = before
        && is_same(pairs, Content::ptr_eq)
    {
        return Some(before.clone());
    }
    let all = now(pairs);
    // What is in one alone is shared with it.
    if let [only] = all[..] {
        return Some(only.clone());
    }
    match before {
        Some(Content::Container(before))
            if all.iter().all(|content| container(content).is_some()) =>
        {
            let nodes: Vec<Pair<'_, Node>> = pairs
                .iter()
                .map(|(old, new)| (old.and_then(container), new.and_then(container)))
                .collect();
            node(Some(before), &nodes).map(Content::Container)
        }
        Some(Content::List(before)) if follows(before, pairs) => {
            list(before, pairs).map(Content::List)
        }
        _ => joined_content(&all),
    }
}

/// Whether a joint list can follow changes entry by entry: places that a user has chosen are those of all lists at once.
fn follows(before: &List, pairs: &[Pair<'_, Content>]) -> bool {
    let fits = |content: Option<&Content>| {
        content
            .and_then(as_list)
            .is_none_or(|list| list.key_count() == before.key_count())
    };
    before.key_count() > 0
        && before.ordered_by() == OrderedBy::System
        && pairs.iter().all(|(old, new)| fits(*old) && fits(*new))
        && pairs
            .iter()
            .all(|(old, new)| old.is_some() || new.is_none())
}

fn list(before: &List, pairs: &[Pair<'_, Content>]) -> Option<List> {
    let count = before.key_count();
    let lists: Vec<Pair<'_, List>> = pairs
        .iter()
        .map(|(old, new)| (old.and_then(as_list), new.and_then(as_list)))
        .collect();
    // A list that goes takes all of its entries along: what is left is joined anew.
    if lists
        .iter()
        .any(|(old, new)| old.is_some() && new.is_none())
    {
        return joined_lists(&now(&lists));
    }
    let mut changed: Vec<Vec<Value>> = Vec::new();
    for (old, new) in &lists {
        if let (Some(old), Some(new)) = (old, new) {
            let touched = old.diff(new).filter_map(|(was, is)| is.or(was));
            changed.extend(touched.map(|entry| entry.keys(count).cloned().collect()));
        }
    }
    changed.sort_unstable();
    changed.dedup();
    let mut all = Some(before.clone());
    for keys in changed {
        let entries: Vec<Pair<'_, Node>> = lists
            .iter()
            .map(|(old, new)| {
                (
                    old.and_then(|list| list.get(&keys)),
                    new.and_then(|list| list.get(&keys)),
                )
            })
            .collect();
        let entry = node(before.get(&keys), &entries);
        all = match (all, entry) {
            (Some(list), Some(entry)) => Some(list.with_entry(entry)),
            (None, Some(entry)) => Some(List::of(entry, count, before.ordered_by())),
            (Some(list), None) => list.without(&keys),
            (None, None) => None,
        };
    }
    all
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use banyan_data::json;
    use banyan_yang::compile::{Compiler, MemorySource};
    use banyan_yang::schema::Schema;
    use proptest::prelude::*;

    use super::*;

    fn schema() -> Arc<Schema> {
        static SCHEMA: OnceLock<Arc<Schema>> = OnceLock::new();
        let compile = || {
            let mut source = MemorySource::new();
            source.add(
                "module m { yang-version 1.1; namespace urn:m; prefix m;
                   container c { leaf a { type uint8; } leaf b { type uint8; }
                     list l { key id; leaf id { type uint8; } leaf a { type uint8; }
                       container d { leaf a { type uint8; } leaf b { type uint8; } } }
                     list u { key id; ordered-by user; leaf id { type uint8; } leaf a { type uint8; } } } }",
            );
            let compiler = Compiler::new(&source).implement("m", None);
            compiler.compile().unwrap().schema
        };
        SCHEMA.get_or_init(compile).clone()
    }

    fn leaf(name: &str, value: Option<u8>) -> Vec<String> {
        value
            .iter()
            .map(|value| format!("\"{name}\": {value}"))
            .collect()
    }

    prop_compose! {
        fn entry()(a in prop::option::of(0u8..3), d in prop::option::of((0u8..3, prop::option::of(0u8..3)))) -> String {
            let mut members = leaf("a", a);
            if let Some((a, b)) = d {
                let inner = [leaf("a", Some(a)), leaf("b", b)].concat();
                members.push(format!("\"d\": {{{}}}", inner.join(",")));
            }
            members.join(",")
        }
    }

    prop_compose! {
        fn tree()(
            a in prop::option::of(0u8..3),
            l in prop::collection::btree_map(0u8..6, entry(), 0..5),
            u in prop::collection::btree_map(0u8..4, 0u8..3, 0..3),
        ) -> Tree {
            let of = |id: &u8, rest: &str| match rest {
                "" => format!("{{\"id\": {id}}}"),
                rest => format!("{{\"id\": {id}, {rest}}}"),
            };
            let mut members = leaf("a", a);
            if !l.is_empty() {
                let entries: Vec<String> = l.iter().map(|(id, rest)| of(id, rest)).collect();
                members.push(format!("\"l\": [{}]", entries.join(",")));
            }
            if !u.is_empty() {
                let entries = u.iter().rev().map(|(id, a)| of(id, &format!("\"a\": {a}")));
                let entries: Vec<String> = entries.collect();
                members.push(format!("\"u\": [{}]", entries.join(",")));
            }
            let text = match members.is_empty() {
                true => "{}".to_owned(),
                false => format!("{{\"m:c\": {{{}}}}}", members.join(",")),
            };
            json::parse_data(&schema(), text.as_bytes(), &Default::default()).unwrap()
        }
    }

    proptest! {
        #[test]
        fn what_follows_changes_is_what_is_joined_anew(
            first in prop::collection::vec(tree(), 3),
            steps in prop::collection::vec((0usize..3, tree(), any::<bool>()), 1..6),
        ) {
            let mut joint = Joint::of(first);
            for (at, tree, merges) in steps {
                let mut layers = joint.layers().to_vec();
                layers[at] = match merges {
                    // Shares what it does not touch.
                    true => crate::overlay::overlay(&layers[at], &tree),
                    false => tree,
                };
                joint = joint.with(layers.clone());
                let anew = Joint::of(layers);
                prop_assert_eq!(joint.tree().root(), anew.tree().root());
            }
        }
    }

    #[test]
    fn what_is_in_one_tree_alone_is_shared_and_one_entry_costs_one() {
        let entries: Vec<String> = (0..200)
            .map(|id| format!("{{\"id\": {id}, \"a\": 1}}"))
            .collect();
        let text = format!("{{\"m:c\": {{\"l\": [{}]}}}}", entries.join(","));
        let read =
            |text: &str| json::parse_data(&schema(), text.as_bytes(), &Default::default()).unwrap();
        let lower = read(&text);
        let empty = Tree::empty(schema());
        let joint = Joint::of(vec![lower.clone(), empty]);
        assert!(
            joint.tree().root().slots()[0]
                .content
                .ptr_eq(&lower.root().slots()[0].content)
        );
        let before = joint.with(vec![
            lower.clone(),
            read("{\"m:c\": {\"l\": [{\"id\": 7, \"d\": {\"a\": 1}}]}}"),
        ]);
        let after = before.with(vec![
            lower,
            read("{\"m:c\": {\"l\": [{\"id\": 7, \"d\": {\"a\": 2}}]}}"),
        ]);
        let changes = banyan_data::change::diff(before.tree(), after.tree());
        let changes = changes.to_string();
        let marked = changes.lines().filter(|line| line.starts_with(['+', '-']));
        assert_eq!(marked.count(), 2, "{changes}");
    }
}
