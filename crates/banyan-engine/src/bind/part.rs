//! The part of a change that is at, below or around some paths.

use banyan_data::change::{Change, ChangeKind, ChangeSet, ChangedContent, Instance};
use banyan_data::list::{LeafList, List};
use banyan_data::node::{Content, Node, Slot, Tree};
use banyan_data::path::{InstancePath, Select};
use banyan_yang::schema::{Schema, SchemaId};

use super::place::{Place, Rest, mounted};

/// Whether a change touches what is at or below one of the places, as [`touches`] has it.
pub(crate) fn touches_places(changes: &ChangeSet, places: &[Place]) -> bool {
    !part_at(changes, places).is_empty()
}

/// The part of a change that is at or below the places, as [`part`] has it.
pub(crate) fn part_at(changes: &ChangeSet, places: &[Place]) -> ChangeSet {
    let rests: Vec<Rest<'_>> = places.iter().map(Place::rest).collect();
    part_of_set(changes, &rests)
}

/// Whether a change touches what is at or below one of the paths: it is there itself, or it creates or deletes something
/// around it that holds some of it. A step that selects no entry means all of them. Cost: what changed.
pub(crate) fn touches(changes: &ChangeSet, paths: &[InstancePath]) -> bool {
    !part(changes, paths).is_empty()
}

/// The part of a change that is at or below the paths, inside of what leads there. A list entry that is on the way has
/// its keys. Cost: what changed.
pub(crate) fn part(changes: &ChangeSet, paths: &[InstancePath]) -> ChangeSet {
    let rests: Vec<Rest<'_>> = paths.iter().map(Rest::of).collect();
    part_of_set(changes, &rests)
}

fn part_of_set(changes: &ChangeSet, paths: &[Rest<'_>]) -> ChangeSet {
    ChangeSet {
        schema: changes.schema.clone(),
        changes: part_of(&changes.schema, &changes.changes, paths),
        meta: changes.meta.clone().filter(|_| ends(paths)),
    }
}

/// The part of a tree at and below the places, inside of what leads there; all of it without a place. Cost: the lists on
/// the way from which no entry is selected, and the number of instances found.
pub(crate) fn parts_of(tree: &Tree, places: &[Place]) -> Tree {
    if places.is_empty() {
        return tree.clone();
    }
    let rests: Vec<Rest<'_>> = places.iter().map(Place::rest).collect();
    match part_of_node(tree.schema(), tree.root(), &rests) {
        Some(root) => tree.with_root(root),
        None => Tree::empty(tree.schema().clone()),
    }
}

/// What is left of the paths behind an instance; `None` when none of them leads through it.
fn behind<'p>(
    paths: &[Rest<'p>],
    id: SchemaId,
    is: impl Fn(&Select) -> bool,
) -> Option<Vec<Rest<'p>>> {
    let rest: Vec<Rest<'p>> = paths
        .iter()
        .filter_map(|path| match path.split_first() {
            None => path.ends().then_some(*path),
            Some((first, rest)) => {
                let meant = first.node == id && (first.select == Select::None || is(&first.select));
                meant.then_some(rest)
            }
        })
        .collect();
    (!rest.is_empty()).then_some(rest)
}

fn ends(paths: &[Rest<'_>]) -> bool {
    paths.iter().any(Rest::ends)
}

/// The part of what is mounted.
fn part_of_mounted(inside: &ChangeSet, paths: &[Rest<'_>]) -> Vec<Change> {
    let paths = mounted(&inside.schema, paths);
    let rests: Vec<Rest<'_>> = paths.iter().map(Rest::of).collect();
    part_of(&inside.schema, &inside.changes, &rests)
}

fn part_of(schema: &Schema, changes: &[Change], paths: &[Rest<'_>]) -> Vec<Change> {
    if ends(paths) {
        return changes.to_vec();
    }
    let parts = changes.iter().filter_map(|change| {
        let step = change.step();
        let whole = change.instance == Instance::Whole;
        let rest = behind(paths, change.id, |select| whole || *select == step.select)?;
        if ends(&rest) {
            return Some(change.clone());
        }
        let kind = match &change.kind {
            ChangeKind::Created { new, after } => ChangeKind::Created {
                new: part_of_changed(schema, new, &rest)?,
                after: after.clone(),
            },
            ChangeKind::Deleted { old, after } => ChangeKind::Deleted {
                old: part_of_changed(schema, old, &rest)?,
                after: after.clone(),
            },
            ChangeKind::Inside {
                old, new, changes, ..
            } => {
                let changes = part_of(schema, changes, &rest);
                if changes.is_empty() {
                    return None;
                }
                // Neither its place nor what is written at it is at or below the path.
                let meta = old.meta().cloned().unwrap_or_default();
                ChangeKind::Inside {
                    old: old.clone(),
                    new: new.with_meta(meta),
                    changes,
                    moved: None,
                }
            }
            ChangeKind::Mount(inside) => {
                let changes = part_of_mounted(inside, &rest);
                if changes.is_empty() {
                    return None;
                }
                ChangeKind::Mount(ChangeSet {
                    schema: inside.schema.clone(),
                    changes,
                    meta: None,
                })
            }
            // Replaced as a whole, and the path goes on inside: what it has is not told apart.
            ChangeKind::Replaced { .. } => change.kind.clone(),
            ChangeKind::Moved(_) => return None,
        };
        Some(Change {
            id: change.id,
            instance: change.instance.clone(),
            kind,
        })
    });
    parts.collect()
}

fn part_of_changed(
    schema: &Schema,
    changed: &ChangedContent,
    paths: &[Rest<'_>],
) -> Option<ChangedContent> {
    Some(match changed {
        ChangedContent::Node(node) => ChangedContent::Node(part_of_node(schema, node, paths)?),
        ChangedContent::Content(content) => {
            ChangedContent::Content(part_of_content(schema, content, paths)?)
        }
        ChangedContent::Value(_) => return None,
    })
}

/// A node with nothing but its keys and what the paths lead to; `None` when they lead to nothing.
fn part_of_node(schema: &Schema, node: &Node, paths: &[Rest<'_>]) -> Option<Node> {
    if ends(paths) {
        return Some(node.clone());
    }
    let keys = schema.node(node.id()).keys();
    let mut found = false;
    let slots = node.slots().iter().filter_map(|slot| {
        if keys.contains(&slot.id) {
            found |= behind(paths, slot.id, |_| false).is_some();
            return Some(slot.clone());
        }
        let content = part_of_slot(schema, slot, paths)?;
        found = true;
        Some(Slot {
            id: slot.id,
            content,
        })
    });
    let slots: Vec<Slot> = slots.collect();
    found.then(|| Node::new(node.id(), slots))
}

/// What the paths lead to of one child.
fn part_of_slot(schema: &Schema, slot: &Slot, paths: &[Rest<'_>]) -> Option<Content> {
    let ordered_by = schema.node(slot.id).ordered_by;
    match &slot.content {
        Content::List(list) => {
            let entries: Vec<Node> = list
                .iter()
                .filter_map(|entry| {
                    let keys: Vec<_> = entry.keys(list.key_count()).cloned().collect();
                    let is =
                        |select: &Select| matches!(select, Select::Keys(wanted) if *wanted == keys);
                    let rest = behind(paths, slot.id, is)?;
                    part_of_node(schema, entry, &rest)
                })
                .collect();
            let (first, others) = entries.split_first()?;
            let part = List::of(first.clone(), list.key_count(), ordered_by);
            let part = others
                .iter()
                .fold(part, |part, entry| part.with_entry(entry.clone()));
            Some(Content::List(part))
        }
        Content::LeafList(list) => {
            if behind(paths, slot.id, |_| false).is_some() {
                return Some(slot.content.clone());
            }
            let mut wanted = list.iter().filter(|value| {
                let is =
                    |select: &Select| matches!(select, Select::Value(wanted) if wanted == *value);
                behind(paths, slot.id, is).is_some()
            });
            let part = LeafList::of(
                wanted.next()?.clone(),
                ordered_by,
                list.duplicates_allowed(),
            );
            let part = wanted.fold(part, |part, value| part.with(value.clone()));
            Some(Content::LeafList(part))
        }
        content => {
            let rest = behind(paths, slot.id, |_| false)?;
            part_of_content(schema, content, &rest)
        }
    }
}

fn part_of_content(schema: &Schema, content: &Content, paths: &[Rest<'_>]) -> Option<Content> {
    if ends(paths) {
        return Some(content.clone());
    }
    match content {
        Content::Container(node) => part_of_node(schema, node, paths).map(Content::Container),
        Content::Mount(tree) => {
            let paths = mounted(tree.schema(), paths);
            let rests: Vec<Rest<'_>> = paths.iter().map(Rest::of).collect();
            let root = part_of_node(tree.schema(), tree.root(), &rests)?;
            Some(Content::Mount(std::sync::Arc::new(tree.with_root(root))))
        }
        _ => None,
    }
}
