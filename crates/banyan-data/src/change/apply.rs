//! Applying a change set to a tree: subtrees that came into being go in by pointer.
//!
//! It is strict: what it changes or takes away must be as it was when the change set was made.

use banyan_yang::schema::SchemaId;

use super::{Change, ChangeKind, ChangeSet, ChangedContent, Instance, Move};
use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::list::{At, LeafList, List};
use crate::node::{Content, MAX_DEPTH, Node, Slot, Tree, same_schema};
use crate::path::{Trail, Which};
use crate::value::Value;

impl ChangeSet {
    /// The tree after the changes. O(d · depth · log n) for d changes, whatever the size of what was created.
    ///
    /// # Errors
    /// The tree has another schema, or differs from what the change set starts from where it changes something.
    pub fn apply(&self, tree: &Tree) -> Result<Tree, DataError> {
        if !same_schema(&self.schema, tree.schema()) {
            return Err(DataError::new(
                ErrorKind::Conflict,
                ErrorPath::default(),
                "the change set was made under another schema than the tree's",
            )
            .with_help("make the change again under the current models"));
        }
        let trail = Trail::root(tree.schema(), tree.root().id());
        Ok(tree.with_root(self.applied(tree.root(), &trail)?))
    }

    fn applied(&self, root: &Node, trail: &Trail<'_>) -> Result<Node, DataError> {
        let root = applied(root, &self.changes, trail)?;
        Ok(match &self.meta {
            Some((_, new)) => root.with_meta(new.clone()),
            None => root,
        })
    }
}

/// `base` with changes of its children.
pub(crate) fn applied(
    base: &Node,
    changes: &[Change],
    trail: &Trail<'_>,
) -> Result<Node, DataError> {
    if trail.depth > MAX_DEPTH {
        return Err(DataError::new(
            ErrorKind::TooBig,
            trail.error_path(),
            format!("the change set is deeper than {MAX_DEPTH} levels"),
        ));
    }
    if changes.is_empty() {
        return Ok(base.clone());
    }
    let mut slots = Vec::with_capacity(base.slots().len() + 1);
    let (mut kept, mut rest) = (base.slots(), changes);
    while let Some(first) = rest.first() {
        let length = rest.iter().take_while(|next| next.id == first.id).count();
        let (run, after) = rest.split_at(length);
        rest = after;
        let before = kept.partition_point(|slot| slot.id < first.id);
        slots.extend_from_slice(&kept[..before]);
        kept = &kept[before..];
        let old = match kept.split_first() {
            Some((slot, after)) if slot.id == first.id => {
                kept = after;
                Some(slot.content.clone())
            }
            _ => None,
        };
        slots.extend(changed(old, run, trail)?.map(|content| Slot {
            id: first.id,
            content,
        }));
    }
    slots.extend_from_slice(kept);
    Ok(base.with_slots(slots))
}

fn mismatch(trail: &Trail<'_>, id: SchemaId, which: Which<'_>, why: &str) -> DataError {
    DataError::new(
        ErrorKind::Conflict,
        trail.below(id, which).error_path(),
        format!("the change does not fit: {why}"),
    )
    .with_help("the data have changed since; compare again and repeat the change")
}

fn changed(
    mut content: Option<Content>,
    run: &[Change],
    trail: &Trail<'_>,
) -> Result<Option<Content>, DataError> {
    if content.is_none()
        && let Some(new) = new_entries(run, trail)
    {
        return Ok(Some(new));
    }
    for change in run {
        content = match &change.instance {
            Instance::Single | Instance::Whole => changed_single(content, change, trail)?,
            Instance::Entry(keys) => changed_entry(content, change, keys, trail)?,
            Instance::Value(value) => changed_value(content, change, value, trail)?,
        };
    }
    Ok(content)
}

/// All entries of a list that was not there: built at once. Creations come in the order of places.
fn new_entries(run: &[Change], trail: &Trail<'_>) -> Option<Content> {
    let definition = trail.inside.node(run.first()?.id);
    let mut entries = Vec::with_capacity(run.len());
    for change in run {
        match &change.kind {
            ChangeKind::Created {
                new: ChangedContent::Node(entry),
                ..
            } if matches!(change.instance, Instance::Entry(_)) => entries.push(entry.clone()),
            _ => return None,
        }
    }
    List::from_entries(entries, definition.keys().len(), definition.ordered_by)
        .ok()
        .map(Content::List)
}

fn changed_single(
    content: Option<Content>,
    change: &Change,
    trail: &Trail<'_>,
) -> Result<Option<Content>, DataError> {
    let wrong = |why| mismatch(trail, change.id, Which::Only, why);
    let as_content = |changed: &ChangedContent| match changed {
        ChangedContent::Node(node) => Some(Content::Container(node.clone())),
        ChangedContent::Content(content) => Some(content.clone()),
        ChangedContent::Value(_) => None,
    };
    match (&change.kind, content) {
        (ChangeKind::Created { new, .. }, None) => Ok(as_content(new)),
        (ChangeKind::Created { .. }, Some(_)) => Err(wrong("it exists already")),
        (_, None) => Err(wrong("it does not exist")),
        (ChangeKind::Deleted { old, .. }, content) if as_content(old) == content => Ok(None),
        (ChangeKind::Replaced { old, new }, Some(content)) if *old == content => {
            Ok(Some(new.clone()))
        }
        (
            ChangeKind::Inside {
                old, new, changes, ..
            },
            Some(Content::Container(node)),
        ) => {
            let place = trail.below(change.id, Which::Only);
            let node = changed_node(&node, old, new, changes, &place)?;
            let definition = trail.inside.node(change.id);
            let empty = node.slots().is_empty() && node.meta().is_none();
            let gone = empty && definition.is_np_container();
            Ok((!gone).then_some(Content::Container(node)))
        }
        (ChangeKind::Mount(inside), Some(Content::Mount(tree)))
            if same_schema(&inside.schema, tree.schema()) =>
        {
            let place = trail.below(change.id, Which::Only);
            let root = inside.applied(tree.root(), &place.mounting(tree.schema()))?;
            Ok(Some(Content::Mount(tree.with_root(root).into())))
        }
        _ => Err(wrong("it is not what it was when the change was made")),
    }
}

fn changed_node(
    node: &Node,
    old: &Node,
    new: &Node,
    changes: &[Change],
    place: &Trail<'_>,
) -> Result<Node, DataError> {
    let changed = applied(node, changes, place)?;
    if old.meta() == new.meta() {
        return Ok(changed);
    }
    Ok(changed.with_meta(new.meta().cloned().unwrap_or_default()))
}

/// Where an entry with this neighbour goes.
fn place_after(neighbour: &Option<Vec<Value>>) -> At {
    match neighbour {
        None => At::First,
        Some(key) => At::After(key.clone()),
    }
}

fn changed_entry(
    content: Option<Content>,
    change: &Change,
    keys: &[Value],
    trail: &Trail<'_>,
) -> Result<Option<Content>, DataError> {
    let wrong = |why| mismatch(trail, change.id, Which::Keys(keys), why);
    let list = match &content {
        Some(Content::List(list)) => Some(list),
        None => None,
        Some(_) => return Err(wrong("there is no list")),
    };
    let there = list.and_then(|list| list.get(keys));
    let no_neighbour = || wrong("the entry before it does not exist");
    let changed = match (&change.kind, list, there) {
        (ChangeKind::Created { .. }, _, Some(_)) => return Err(wrong("it exists already")),
        (
            ChangeKind::Created {
                new: ChangedContent::Node(new),
                after,
            },
            list,
            None,
        ) => match (list, after) {
            (None, _) => {
                let definition = trail.inside.node(change.id);
                List::of(new.clone(), keys.len(), definition.ordered_by)
            }
            (Some(list), Some(after)) => list
                .insert(new.clone(), &place_after(after))
                .ok_or_else(no_neighbour)?,
            (Some(list), None) => list.with_entry(new.clone()),
        },
        (ChangeKind::Deleted { old, .. }, Some(list), Some(there)) => {
            if *old != ChangedContent::Node(there.clone()) {
                return Err(wrong("it is not what it was when the change was made"));
            }
            return Ok(list.without(keys).map(Content::List));
        }
        (
            ChangeKind::Inside {
                old,
                new,
                changes,
                moved,
            },
            Some(list),
            Some(there),
        ) => {
            let place = trail.below(change.id, Which::Keys(keys));
            let entry = changed_node(there, old, new, changes, &place)?;
            match moved {
                Some(Move { new_after, .. }) => list
                    .insert(entry, &place_after(new_after))
                    .ok_or_else(no_neighbour)?,
                None => list.with_entry(entry),
            }
        }
        (ChangeKind::Moved(Move { new_after, .. }), Some(list), Some(there)) => list
            .insert(there.clone(), &place_after(new_after))
            .ok_or_else(no_neighbour)?,
        (_, _, None) => return Err(wrong("it does not exist")),
        _ => return Err(wrong("it is of another kind")),
    };
    Ok(Some(Content::List(changed)))
}

fn changed_value(
    content: Option<Content>,
    change: &Change,
    value: &Value,
    trail: &Trail<'_>,
) -> Result<Option<Content>, DataError> {
    let wrong = |why| mismatch(trail, change.id, Which::Value(value), why);
    let list = match &content {
        Some(Content::LeafList(list)) => Some(list),
        None => None,
        Some(_) => return Err(wrong("there is no leaf-list")),
    };
    let exists = list.is_some_and(|list| list.contains(value));
    let no_neighbour = || wrong("the value before it does not exist");
    let changed = match (&change.kind, list) {
        (ChangeKind::Created { .. }, _) if exists => return Err(wrong("it exists already")),
        (ChangeKind::Created { .. }, None) => {
            let definition = trail.inside.node(change.id);
            LeafList::of(value.clone(), definition.ordered_by, false)
        }
        (ChangeKind::Created { after: None, .. }, Some(list)) => list.with(value.clone()),
        (
            ChangeKind::Created {
                after: Some(after), ..
            },
            Some(list),
        ) => list
            .insert(value.clone(), &place_after(after))
            .ok_or_else(no_neighbour)?,
        (_, Some(list)) if exists => match &change.kind {
            ChangeKind::Deleted { .. } => {
                return Ok(list.without(value).map(Content::LeafList));
            }
            ChangeKind::Moved(Move { new_after, .. }) => list
                .insert(value.clone(), &place_after(new_after))
                .ok_or_else(no_neighbour)?,
            _ => return Err(wrong("it is of another kind")),
        },
        _ => return Err(wrong("it does not exist")),
    };
    Ok(Some(Content::LeafList(changed)))
}
