//! Bringing changes onto a tree that moved: what both sides changed is a conflict, everything else is joined.

use std::collections::{HashMap, HashSet};
use std::fmt;

use banyan_yang::schema::SchemaId;

use crate::change::{
    Change, ChangeKind, ChangeSet, ChangedContent, Instance, applied, changes_between, diff_counted,
};
use crate::choice::{branches, exclude_each_other};
use crate::error::ErrorPath;
use crate::lexical::{Style, canonical};
use crate::node::{Content, Node, Tree};
use crate::path::{Trail, Which};
use crate::value::Value;

/// An instance that both sides changed, each in its own way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// The instance.
    pub path: ErrorPath,
    /// What my side did to it, as in "set to 9000" or "deleted".
    pub mine: String,
    /// What the other side did to it.
    pub theirs: String,
    /// The instance that the other side changed: the same one, unless it is a case or a place that only one can have.
    pub their_path: ErrorPath,
    /// The value that my side gave to a leaf, in canonical form; `None` when it is no leaf, or is gone.
    pub my_value: Option<String>,
    /// The value that the other side gave to a leaf.
    pub their_value: Option<String>,
}

/// Whose side is kept where both changed the same thing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Prefer {
    /// My change; theirs is left out.
    Mine,
    /// Their change; mine is left out.
    Theirs,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} here, {} meanwhile",
            self.path, self.mine, self.theirs
        )
    }
}

/// `mine`, a tree that was made from `base`, as it would be had it been made from `theirs`, which was made from
/// `base` too. Equal changes of both sides are no conflict. O(changes of both · depth · log n).
///
/// # Errors
/// Every instance that both sides changed in different ways: values, one deletes what the other changes, entries that
/// both place in the same gap of a user's order, data of different cases of one choice.
pub fn rebase(base: &Tree, mine: &Tree, theirs: &Tree) -> Result<Tree, Vec<Conflict>> {
    rebase_counted(base, mine, theirs).0
}

/// As [`rebase`], with the number of instances that were looked at to find what both sides changed.
pub fn rebase_counted(
    base: &Tree,
    mine: &Tree,
    theirs: &Tree,
) -> (Result<Tree, Vec<Conflict>>, u64) {
    if mine.ptr_eq(base) || mine.ptr_eq(theirs) {
        return (Ok(theirs.clone()), 0);
    }
    if theirs.ptr_eq(base) {
        return (Ok(mine.clone()), 0);
    }
    let (rest, conflicts, visited) = rest_of(base, mine, theirs);
    let rebased = match conflicts.is_empty() {
        true => carried_out(&rest, theirs),
        false => Err(conflicts),
    };
    (rebased, visited)
}

/// As [`rebase`], but where both sides changed the same thing, one of them is kept and the other is left out.
///
/// # Errors
/// What is left of a side does not make sense without what was left out, as an entry that was put after one that is
/// left out.
pub fn rebase_preferring(
    base: &Tree,
    mine: &Tree,
    theirs: &Tree,
    prefer: Prefer,
) -> Result<Tree, Vec<Conflict>> {
    if theirs.ptr_eq(base) {
        return Ok(mine.clone());
    }
    // What loses is brought onto what is kept.
    let (loses, kept) = match prefer {
        Prefer::Mine => (theirs, mine),
        Prefer::Theirs => (mine, theirs),
    };
    let (rest, _, _) = rest_of(base, loses, kept);
    carried_out(&rest, kept)
}

/// What is left of `mine` to be done once `theirs` is done, without what is in conflict, which is listed; and how many
/// instances were looked at.
fn rest_of(base: &Tree, mine: &Tree, theirs: &Tree) -> (ChangeSet, Vec<Conflict>, u64) {
    let (my_changes, visited) = diff_counted(base, mine);
    let (their_changes, visited_there) = diff_counted(base, theirs);
    let trail = Trail::root(base.schema(), base.root().id());
    let mut conflicts = Vec::new();
    let rest = joined(&my_changes, &their_changes, &trail, &mut conflicts);
    (rest, conflicts, visited + visited_there)
}

fn carried_out(rest: &ChangeSet, onto: &Tree) -> Result<Tree, Vec<Conflict>> {
    rest.apply(onto).map_err(|error| {
        vec![Conflict {
            path: error.path.clone(),
            mine: "changed".to_owned(),
            theirs: error.message,
            their_path: error.path,
            my_value: None,
            their_value: None,
        }]
    })
}

/// What is left of `mine` to be done once `theirs` is done.
fn joined(
    mine: &ChangeSet,
    theirs: &ChangeSet,
    trail: &Trail<'_>,
    conflicts: &mut Vec<Conflict>,
) -> ChangeSet {
    let meta = match (&mine.meta, &theirs.meta) {
        (Some(my), Some(their)) if my.1 == their.1 => None,
        (Some(_), Some(_)) => {
            conflicts.push(Conflict {
                path: trail.error_path(),
                mine: "metadata changed".to_owned(),
                theirs: "metadata changed".to_owned(),
                their_path: trail.error_path(),
                my_value: None,
                their_value: None,
            });
            None
        }
        (my, _) => my.clone(),
    };
    ChangeSet {
        schema: mine.schema.clone(),
        changes: reconcile(&mine.changes, &theirs.changes, trail, conflicts),
        meta,
    }
}

fn reconcile(
    mine: &[Change],
    theirs: &[Change],
    trail: &Trail<'_>,
    conflicts: &mut Vec<Conflict>,
) -> Vec<Change> {
    let others: HashMap<(SchemaId, &Instance), &Change> = theirs
        .iter()
        .map(|change| ((change.id, &change.instance), change))
        .collect();
    let mut out = check_cases(mine, theirs, trail, conflicts);
    out.extend(check_places(mine, theirs, trail, conflicts));
    let mut rest = Vec::new();
    for (index, change) in mine.iter().enumerate() {
        if out.contains(&index) {
            continue;
        }
        match others.get(&(change.id, &change.instance)) {
            None => rest.push(change.clone()),
            Some(other) => {
                let kind = combined(change, other, trail, conflicts);
                rest.extend(kind.map(|kind| Change {
                    id: change.id,
                    instance: change.instance.clone(),
                    kind,
                }));
            }
        }
    }
    rest
}

fn which(instance: &Instance) -> Which<'_> {
    match instance {
        Instance::Single | Instance::Whole => Which::Only,
        Instance::Entry(keys) => Which::Keys(keys),
        Instance::Value(value) => Which::Value(value),
    }
}

/// What is left to do of my change of an instance that they changed too; `None` when nothing is.
fn combined(
    mine: &Change,
    theirs: &Change,
    trail: &Trail<'_>,
    conflicts: &mut Vec<Conflict>,
) -> Option<ChangeKind> {
    use ChangeKind::{Created, Deleted, Inside, Mount, Moved, Replaced};
    let place = trail.below(mine.id, which(&mine.instance));
    let np = trail.inside.node(mine.id).is_np_container();
    match (&mine.kind, &theirs.kind) {
        (Deleted { .. }, Deleted { .. }) => None,
        (Created { new: a, after: x }, Created { new: b, after: y }) if a == b && x == y => None,
        (Replaced { new: a, .. }, Replaced { new: b, .. }) if a == b => None,
        // A container without presence is not a thing of its own: its children are compared.
        (Created { .. } | Deleted { .. } | Inside { .. }, _) if np => {
            let (Some(my_split), Some(their_split)) = (split(mine), split(theirs)) else {
                conflicts.push(conflict(mine, theirs, trail));
                return None;
            };
            let (old, mut new, my_changes) = my_split;
            let (their_old, their_new, their_changes) = their_split;
            let rest = reconcile(&my_changes, &their_changes, &place, conflicts);
            let meta_differs = |a: &Node, b: &Node| a.meta() != b.meta();
            if meta_differs(&old, &new)
                && meta_differs(&their_old, &their_new)
                && meta_differs(&new, &their_new)
            {
                conflicts.push(conflict(mine, theirs, trail));
                new = with_meta_of(&new, &old);
            }
            if rest.is_empty() && !meta_differs(&old, &new) {
                return None;
            }
            if their_new.slots().is_empty() && their_new.meta().is_none() {
                // They have emptied it, so it is not stored there: what I add makes it anew.
                let Ok(made) = applied(&Node::empty(mine.id), &rest, &place) else {
                    conflicts.push(conflict(mine, theirs, trail));
                    return None;
                };
                let made = match meta_differs(&old, &new) {
                    true => made.with_meta(new.meta().cloned().unwrap_or_default()),
                    false => made,
                };
                let stored = !made.slots().is_empty() || made.meta().is_some();
                return stored.then_some(Created {
                    new: ChangedContent::Node(made),
                    after: None,
                });
            }
            Some(Inside {
                old,
                new,
                changes: rest,
                moved: None,
            })
        }
        (
            Inside {
                old,
                new,
                changes,
                moved,
            },
            Inside {
                old: their_old,
                new: their_new,
                changes: their_changes,
                moved: their_move,
            },
        ) => {
            let rest = reconcile(changes, their_changes, &place, conflicts);
            let (mine_meta, their_meta) = (
                old.meta() != new.meta(),
                their_old.meta() != their_new.meta(),
            );
            let mut new = new.clone();
            if mine_meta && their_meta && new.meta() != their_new.meta() {
                conflicts.push(conflict(mine, theirs, trail));
                new = with_meta_of(&new, old);
            }
            let moved = match (moved, their_move) {
                (Some(a), Some(b)) if a.new_after == b.new_after => None,
                (Some(_), Some(_)) => {
                    conflicts.push(conflict(mine, theirs, trail));
                    None
                }
                (moved, _) => moved.clone(),
            };
            Some(Inside {
                old: old.clone(),
                new,
                changes: rest,
                moved,
            })
        }
        (Mount(a), Mount(b)) => {
            let below = place.mounting(&a.schema);
            let rest = joined(a, b, &below, conflicts);
            (!rest.is_empty()).then_some(Mount(rest))
        }
        (Moved(a), Moved(b)) | (Moved(a), Inside { moved: Some(b), .. }) => {
            if a.new_after != b.new_after {
                conflicts.push(conflict(mine, theirs, trail));
            }
            None
        }
        (Moved(a), Inside { moved: None, .. }) => Some(Moved(a.clone())),
        (
            Inside {
                old,
                new,
                changes,
                moved,
            },
            Moved(b),
        ) => {
            if moved.as_ref().is_some_and(|a| a.new_after != b.new_after) {
                conflicts.push(conflict(mine, theirs, trail));
            }
            Some(Inside {
                old: old.clone(),
                new: new.clone(),
                changes: changes.clone(),
                moved: None,
            })
        }
        _ => {
            let known = conflicts.len();
            if let (Some(my_part), Some(their_part)) = (made(mine), made(theirs)) {
                // Both made the entry: values that differ say more than that.
                reconcile(&my_part, &their_part, &place, conflicts);
            }
            if conflicts.len() == known {
                conflicts.push(conflict(mine, theirs, trail));
            }
            None
        }
    }
}

/// What was made with an instance, as changes of its children.
fn made(change: &Change) -> Option<Vec<Change>> {
    match &change.kind {
        ChangeKind::Created {
            new: ChangedContent::Node(new),
            ..
        } => Some(changes_between(&Node::empty(change.id), new)),
        _ => None,
    }
}

fn with_meta_of(node: &Node, other: &Node) -> Node {
    node.with_meta(other.meta().cloned().unwrap_or_default())
}

/// A container before and after, with the changes of its children, however it was changed.
fn split(change: &Change) -> Option<(Node, Node, Vec<Change>)> {
    let empty = || Node::empty(change.id);
    let (old, new) = match &change.kind {
        ChangeKind::Created {
            new: ChangedContent::Node(new),
            ..
        } => (empty(), new.clone()),
        ChangeKind::Deleted {
            old: ChangedContent::Node(old),
            ..
        } => (old.clone(), empty()),
        ChangeKind::Inside {
            old, new, changes, ..
        } => return Some((old.clone(), new.clone(), changes.clone())),
        _ => return None,
    };
    let changes = changes_between(&old, &new);
    Some((old, new, changes))
}

/// RFC 7950 7.9: each side may have chosen another case. Returns which of mine are in conflict.
fn check_cases(
    mine: &[Change],
    theirs: &[Change],
    trail: &Trail<'_>,
    conflicts: &mut Vec<Conflict>,
) -> Vec<usize> {
    let staying = |changes: &[Change]| {
        let mut seen = HashSet::new();
        let mut all = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            let goes = matches!(change.kind, ChangeKind::Deleted { .. });
            if !goes && seen.insert(change.id) {
                let around = branches(trail.inside, change.id);
                if !around.is_empty() {
                    all.push((index, around));
                }
            }
        }
        all
    };
    let mut out = Vec::new();
    let others = staying(theirs);
    for (index, around) in staying(mine) {
        let other = others
            .iter()
            .find(|(_, other)| exclude_each_other(&around, other));
        if let Some((other, _)) = other {
            conflicts.push(conflict(&mine[index], &theirs[*other], trail));
            // All instances of the node belong to the same case.
            let id = mine[index].id;
            out.extend((0..mine.len()).filter(|at| mine[*at].id == id));
        }
    }
    out
}

/// Entries of user-ordered lists that one side puts beside an entry that the other side takes away, or that both
/// sides put beside the same entry: their order would depend on who comes first. Returns which of mine are in conflict.
fn check_places(
    mine: &[Change],
    theirs: &[Change],
    trail: &Trail<'_>,
    conflicts: &mut Vec<Conflict>,
) -> HashSet<usize> {
    let mut out = HashSet::new();
    let my_places = Places::of(mine);
    let their_places = Places::of(theirs);
    if my_places.after.is_empty() && their_places.after.is_empty() {
        return out;
    }
    let mut report = |my: usize, their: usize| {
        let same = mine[my].id == theirs[their].id && mine[my].instance == theirs[their].instance;
        // What both did to one instance is compared on its own.
        if !same {
            conflicts.push(conflict(&mine[my], &theirs[their], trail));
            out.insert(my);
        }
    };
    for (place, my) in &my_places.after {
        if let Some(their) = their_places.after.get(place) {
            report(*my, *their);
        } else if let Some(their) = their_places.left.get(place) {
            report(*my, *their);
        }
    }
    for (place, their) in &their_places.after {
        if let Some(my) = my_places.left.get(place) {
            report(*my, *their);
        }
    }
    out
}

/// Where one side has put and taken entries of user-ordered lists: list and key of the entry at the place (`None`:
/// the front), and the change.
#[derive(Default)]
struct Places {
    after: HashMap<(SchemaId, Option<Vec<Value>>), usize>,
    left: HashMap<(SchemaId, Option<Vec<Value>>), usize>,
}

impl Places {
    fn of(changes: &[Change]) -> Self {
        let mut places = Places::default();
        for (index, change) in changes.iter().enumerate() {
            let key = || match &change.instance {
                Instance::Entry(keys) => Some(keys.clone()),
                Instance::Value(value) => Some(vec![value.clone()]),
                Instance::Single | Instance::Whole => None,
            };
            if let Some(neighbour) = change.neighbour() {
                places.after.insert((change.id, neighbour.clone()), index);
            }
            let leaves = match &change.kind {
                ChangeKind::Deleted { after, .. } => after.is_some(),
                ChangeKind::Moved(_) | ChangeKind::Inside { moved: Some(_), .. } => true,
                _ => false,
            };
            if leaves {
                places.left.insert((change.id, key()), index);
            }
        }
        places
    }
}

fn conflict(mine: &Change, theirs: &Change, trail: &Trail<'_>) -> Conflict {
    let place = trail.below(mine.id, which(&mine.instance));
    let their_path = trail.below(theirs.id, which(&theirs.instance)).error_path();
    Conflict {
        path: place.error_path(),
        mine: described(mine, trail),
        theirs: if mine.id == theirs.id && mine.instance == theirs.instance {
            described(theirs, trail)
        } else {
            format!("{their_path} {}", described(theirs, trail))
        },
        their_path,
        my_value: new_value(mine, trail),
        their_value: new_value(theirs, trail),
    }
}

fn text(trail: &Trail<'_>, id: SchemaId, value: &Value) -> String {
    match &trail.inside.node(id).ty {
        Some(ty) => canonical(trail.inside, ty, value, Style::Json).into_owned(),
        None => String::new(),
    }
}

/// The value that a change gives to a leaf.
fn new_value(change: &Change, trail: &Trail<'_>) -> Option<String> {
    match &change.kind {
        ChangeKind::Created {
            new: ChangedContent::Content(Content::Leaf(value)),
            ..
        }
        | ChangeKind::Replaced {
            new: Content::Leaf(value),
            ..
        } => Some(text(trail, change.id, value)),
        _ => None,
    }
}

fn described(change: &Change, trail: &Trail<'_>) -> String {
    if let Some(value) = new_value(change, trail) {
        return format!("set to {value}");
    }
    match &change.kind {
        ChangeKind::Created { after: None, .. } => "created".to_owned(),
        ChangeKind::Created {
            after: Some(None), ..
        } => "created at the front".to_owned(),
        ChangeKind::Created {
            after: Some(Some(key)),
            ..
        } => {
            let ids = match trail.inside.node(change.id).keys() {
                [] => &[change.id],
                keys => keys,
            };
            let words = ids
                .iter()
                .zip(key)
                .map(|(id, value)| text(trail, *id, value));
            format!("created after {}", words.collect::<Vec<_>>().join(" "))
        }
        ChangeKind::Deleted { .. } => "deleted".to_owned(),
        ChangeKind::Replaced { .. } => "replaced".to_owned(),
        ChangeKind::Moved(_) => "moved".to_owned(),
        ChangeKind::Inside { moved: Some(_), .. } => "moved and changed".to_owned(),
        ChangeKind::Inside { .. } | ChangeKind::Mount(_) => "changed".to_owned(),
    }
}

#[cfg(test)]
mod tests;
