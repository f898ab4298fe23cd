//! Applying an edit to a tree: RFC 6241 7.2 operations, with the rules of RFC 7950 7.5.8 to 7.8.6.
//!
//! Only the paths that the edit names are copied: O(edit · depth · log n). An edit that changes nothing
//! gives back the very same tree. What `when` switches off and whether the result is valid is not decided
//! here.

use std::borrow::Cow;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, OrderedBy, Schema, SchemaId};

use super::{Edit, EditContent, EditNode, Insert, Operation};
use crate::choice::{Branches, branches, exclude_each_other};
use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::list::{LeafList, List, may_repeat};
use crate::meta::Meta;
use crate::node::{Content, MAX_DEPTH, Node, Slot, Tree, same_schema};
use crate::path::{Trail, Which};
use crate::value::Value;

impl Edit {
    /// The tree after the edit. `tree` itself is as before.
    ///
    /// # Errors
    /// The first rule of RFC 6241 7.2 that the edit breaks, with the path of the instance: `create` of what
    /// exists, `delete` of what does not, a place beside an entry that does not exist, data of two cases of one
    /// choice; also an edit that is bound to another schema than the tree's, or deeper than [`MAX_DEPTH`].
    pub fn apply(&self, tree: &Tree) -> Result<Tree, DataError> {
        if !same_schema(&self.schema, tree.schema()) {
            return Err(DataError::new(
                ErrorKind::Conflict,
                ErrorPath::default(),
                "the edit is bound to another schema than the datastore's",
            )
            .with_help("read the edit again: the models of the datastore have changed since"));
        }
        let trail = Trail::root(tree.schema(), tree.root().id());
        let EditContent::Container(edits) = &self.root.content else {
            return Err(wrong_content(&trail, &self.root));
        };
        let empty = Node::empty(tree.root().id());
        let base = match self.root.operation {
            Operation::Merge | Operation::None => tree.root(),
            Operation::Create if tree.root().slots().is_empty() => tree.root(),
            Operation::Create => return Err(data_exists(&trail, &self.root)),
            Operation::Replace | Operation::Delete | Operation::Remove => &empty,
        };
        let root = with_meta(edited(base, edits, &trail)?, &self.root.meta);
        if root.ptr_eq(tree.root()) || (base.ptr_eq(&empty) && root == *tree.root()) {
            return Ok(tree.clone());
        }
        Ok(tree.with_root(root))
    }
}

/// What an operation means once it is known whether the instance exists.
enum Act {
    /// It goes.
    Remove,
    /// It stays as it is, but for what happens below.
    Enter,
    /// It takes what the edit carries on top of what is there.
    Merge,
    /// It becomes what the edit carries.
    Replace,
}

/// RFC 6241 7.2, `operation`.
fn act(edit: &EditNode, exists: bool, trail: &Trail<'_>) -> Result<Act, DataError> {
    match edit.operation {
        Operation::Merge => Ok(Act::Merge),
        Operation::Replace => Ok(Act::Replace),
        Operation::Create if exists => Err(data_exists(trail, edit)),
        Operation::Create => Ok(Act::Replace),
        Operation::Delete if !exists => Err(data_missing(trail, edit)),
        Operation::Delete | Operation::Remove => Ok(Act::Remove),
        Operation::None if !exists => Err(data_missing(trail, edit)),
        Operation::None => Ok(Act::Enter),
    }
}

/// `base` with `edits` applied to its children.
fn edited(base: &Node, edits: &[EditNode], trail: &Trail<'_>) -> Result<Node, DataError> {
    if trail.depth > MAX_DEPTH {
        return Err(DataError::new(
            ErrorKind::TooBig,
            trail.error_path(),
            format!("the edit is deeper than {MAX_DEPTH} levels"),
        ));
    }
    let mut draft = Draft::new(base);
    let mut taken = Branches::default();
    let mut rest = edits;
    while let Some(first) = rest.first() {
        // Neighbouring edits of one data node, which is how the entries of a list come, go together.
        let length = rest.iter().take_while(|edit| edit.id == first.id).count();
        let (run, after) = rest.split_at(length);
        rest = after;
        let implied = draft.dropped.contains(&first.id);
        let before = draft.get(first.id).cloned();
        let content = edited_child(before.clone(), run, implied, trail)?;
        // RFC 7950 7.9: data of one case make those of the others go.
        let gives = |edit: &EditNode| {
            use Operation::{Create, Merge, Replace};
            before.is_none() || matches!(edit.operation, Create | Merge | Replace)
        };
        if content.is_some() && run.iter().any(gives) {
            let mine = branches(trail.inside, first.id);
            if let Some(other) = taken.conflict(&mine) {
                return Err(several_cases(trail, first, other));
            }
            draft.drop_other_cases(trail.inside, &mine);
            taken.take(first.id, mine);
        }
        draft.set(first.id, content);
    }
    Ok(draft.finish())
}

/// The children of a node while edits are applied to them.
struct Draft<'a> {
    base: &'a Node,
    slots: Cow<'a, [Slot]>,
    /// What went because another case came.
    dropped: Vec<SchemaId>,
}

impl<'a> Draft<'a> {
    fn new(base: &'a Node) -> Self {
        Draft {
            base,
            slots: Cow::Borrowed(base.slots()),
            dropped: Vec::new(),
        }
    }

    fn place(&self, id: SchemaId) -> Result<usize, usize> {
        self.slots.binary_search_by_key(&id, |slot| slot.id)
    }

    fn get(&self, id: SchemaId) -> Option<&Content> {
        Some(&self.slots[self.place(id).ok()?].content)
    }

    fn set(&mut self, id: SchemaId, content: Option<Content>) {
        match (self.place(id), content) {
            (Ok(at), Some(content)) => {
                if !self.slots[at].content.ptr_eq(&content) {
                    self.slots.to_mut()[at].content = content;
                }
            }
            (Ok(at), None) => {
                self.slots.to_mut().remove(at);
            }
            (Err(at), Some(content)) => self.slots.to_mut().insert(at, Slot { id, content }),
            (Err(_), None) => {}
        }
    }

    fn drop_other_cases(&mut self, schema: &Schema, mine: &[(SchemaId, SchemaId)]) {
        if mine.is_empty() {
            return;
        }
        let excluded = |slot: &Slot| exclude_each_other(mine, &branches(schema, slot.id));
        let dropped: Vec<SchemaId> = self
            .slots
            .iter()
            .filter(|slot| excluded(slot))
            .map(|slot| slot.id)
            .collect();
        for id in dropped {
            self.set(id, None);
            self.dropped.push(id);
        }
    }

    fn finish(self) -> Node {
        match self.slots {
            Cow::Borrowed(_) => self.base.clone(),
            Cow::Owned(slots) => self.base.with_slots(slots),
        }
    }
}

/// What stands at a data node after a run of edits of it. `implied`: it was there, and a case that came
/// before in this edit has removed it.
fn edited_child(
    before: Option<Content>,
    run: &[EditNode],
    implied: bool,
    trail: &Trail<'_>,
) -> Result<Option<Content>, DataError> {
    if before.is_none()
        && let Some(list) = new_list(run, trail)?
    {
        return Ok(Some(Content::List(list)));
    }
    let mut content = before;
    for edit in run {
        let deletes = matches!(edit.operation, Operation::Delete | Operation::Remove);
        if implied && deletes && content.is_none() {
            continue;
        }
        content = match &edit.content {
            EditContent::Leaf(value) => leaf(content, edit, value.as_ref(), trail)?,
            EditContent::Container(children) => container(content, edit, children, trail)?,
            EditContent::Entry(keys, children) => entry(content, edit, keys, children, trail)?,
            EditContent::LeafListEntry(value) => leaf_list_entry(content, edit, value, trail)?,
            EditContent::Any(data) => {
                let data = data.clone().map(Content::Any);
                whole_value(content, edit, data, trail)?
            }
            EditContent::Whole => whole(content, edit, trail)?,
            EditContent::Mount(schema, children) => mount(content, edit, schema, children, trail)?,
        };
    }
    Ok(content)
}

/// A list that does not exist yet, from all its entries at once: linear, where one by one is O(n log n).
/// `None` when the edits need more care than that.
fn new_list(run: &[EditNode], trail: &Trail<'_>) -> Result<Option<List>, DataError> {
    let simple = |edit: &EditNode| {
        use Operation::{Create, Merge, Replace};
        edit.insert.is_none() && matches!(edit.operation, Create | Merge | Replace)
    };
    if run.len() < 2 || !run.iter().all(simple) {
        return Ok(None);
    }
    let mut entries = Vec::with_capacity(run.len());
    for edit in run {
        let EditContent::Entry(keys, children) = &edit.content else {
            return Ok(None);
        };
        let below = trail.below(edit.id, Which::Keys(keys));
        entries.push(new_entry(edit, keys, children, &below)?);
    }
    let (keys, ordered_by) = list_shape(trail.inside, run[0].id);
    // Edits of one entry twice go the slow way, in which the second finds what the first has made.
    Ok(List::from_entries(entries, keys, ordered_by).ok())
}

fn list_shape(schema: &Schema, id: SchemaId) -> (usize, OrderedBy) {
    let definition = schema.node(id);
    (definition.keys().len(), definition.ordered_by)
}

fn leaf(
    before: Option<Content>,
    edit: &EditNode,
    value: Option<&Value>,
    trail: &Trail<'_>,
) -> Result<Option<Content>, DataError> {
    if trail.inside.node(edit.id).is_key {
        return key_leaf(before, edit, value, trail);
    }
    let after = value.cloned().map(Content::Leaf);
    whole_value(before, edit, after, trail)
}

/// A key cannot change: an entry with another key is another entry (RFC 7950 7.8.2).
fn key_leaf(
    before: Option<Content>,
    edit: &EditNode,
    value: Option<&Value>,
    trail: &Trail<'_>,
) -> Result<Option<Content>, DataError> {
    let same = matches!((&before, value), (Some(Content::Leaf(old)), Some(new)) if old == new);
    let stays = !matches!(edit.operation, Operation::Delete | Operation::Remove);
    if same && stays {
        return Ok(before);
    }
    let place = trail.below(edit.id, Which::Only);
    Err(error(
        ErrorKind::BadAttribute,
        &place,
        edit,
        "a key of a list entry can be neither changed nor deleted",
    )
    .with_help("delete the entry and create one with the other key"))
}

/// A leaf, anydata or anyxml: its value as a whole.
fn whole_value(
    before: Option<Content>,
    edit: &EditNode,
    after: Option<Content>,
    trail: &Trail<'_>,
) -> Result<Option<Content>, DataError> {
    let place = trail.below(edit.id, Which::Only);
    match act(edit, before.is_some(), &place)? {
        Act::Remove => Ok(None),
        Act::Enter => Ok(before),
        Act::Merge | Act::Replace => match after {
            Some(after) if before.as_ref() == Some(&after) => Ok(before),
            Some(after) => Ok(Some(after)),
            None => Err(error(
                ErrorKind::InvalidValue,
                &place,
                edit,
                "a value is needed unless the node is deleted",
            )),
        },
    }
}

fn container(
    before: Option<Content>,
    edit: &EditNode,
    children: &[EditNode],
    trail: &Trail<'_>,
) -> Result<Option<Content>, DataError> {
    let place = trail.below(edit.id, Which::Only);
    let definition = trail.inside.node(edit.id);
    // RFC 7950 7.5.1: a container without presence is always there to be walked through.
    let walks = edit.operation == Operation::None && definition.is_np_container();
    let act = match act(edit, before.is_some() || walks, &place)? {
        Act::Remove => return Ok(None),
        act => act,
    };
    let base = match (&before, act) {
        (_, Act::Replace) | (None, _) => Node::empty(edit.id),
        (Some(Content::Container(node)), _) => node.clone(),
        // What is mounted, or kept verbatim, has no children of this schema.
        (Some(_), _) if children.is_empty() => return Ok(before),
        (Some(_), _) => return Err(wrong_content(&place, edit)),
    };
    let node = with_meta(edited(&base, children, &place)?, &edit.meta);
    if definition.is_np_container() && node.slots().is_empty() && node.meta().is_none() {
        return Ok(None);
    }
    Ok(Some(shared(before, Content::Container(node))))
}

/// `after`, or `before` when they are equal, so that an edit which changes nothing keeps the pointers.
fn shared(before: Option<Content>, after: Content) -> Content {
    match before {
        Some(before) if before == after => before,
        _ => after,
    }
}

/// An entry that was not there: its keys, and what the edit puts beside them.
fn new_entry(
    edit: &EditNode,
    keys: &[Value],
    children: &[EditNode],
    place: &Trail<'_>,
) -> Result<Node, DataError> {
    let ids = place.schema.node(edit.id).keys();
    let mut slots: Vec<Slot> = ids
        .iter()
        .zip(keys)
        .map(|(id, key)| Slot {
            id: *id,
            content: Content::Leaf(key.clone()),
        })
        .collect();
    slots.sort_by_key(|slot| slot.id);
    let base = Node::new(edit.id, slots);
    Ok(with_meta(edited(&base, children, place)?, &edit.meta))
}

fn entry(
    before: Option<Content>,
    edit: &EditNode,
    keys: &[Value],
    children: &[EditNode],
    trail: &Trail<'_>,
) -> Result<Option<Content>, DataError> {
    let place = trail.below(edit.id, Which::Keys(keys));
    let list = match &before {
        Some(Content::List(list)) => Some(list),
        None => None,
        Some(_) => return Err(wrong_content(&place, edit)),
    };
    let old = list.and_then(|list| list.get(keys));
    let new = match act(edit, old.is_some(), &place)? {
        Act::Remove => {
            return Ok(list.and_then(|list| list.without(keys)).map(Content::List));
        }
        Act::Enter | Act::Merge => match old {
            Some(old) => with_meta(edited(old, children, &place)?, &edit.meta),
            None => new_entry(edit, keys, children, &place)?,
        },
        Act::Replace => new_entry(edit, keys, children, &place)?,
    };
    let (key_count, ordered_by) = list_shape(trail.inside, edit.id);
    let Some(list) = list else {
        return match &edit.insert {
            Some(Insert::Before(_) | Insert::After(_)) => Err(no_neighbour(&place, edit)),
            _ => Ok(Some(Content::List(List::of(new, key_count, ordered_by)))),
        };
    };
    let stays = match (&edit.insert, old) {
        (Some(at), Some(_)) => stands_at(list.position(keys), list.len(), at, |key| {
            list.position(key)
        }),
        _ => true,
    };
    if stays && old.is_some_and(|old| *old == new) {
        return Ok(before);
    }
    let changed = match &edit.insert {
        // RFC 7950 7.8.6: without `insert` an entry that is there keeps its place, a new one goes to the end.
        Some(at) if !stays || old.is_none() => list
            .insert(new, at)
            .ok_or_else(|| no_neighbour(&place, edit))?,
        _ => list.with_entry(new),
    };
    Ok(Some(Content::List(changed)))
}

/// Whether the entry at `position` is where `at` says already.
fn stands_at(
    position: Option<usize>,
    len: usize,
    at: &Insert,
    position_of: impl Fn(&[Value]) -> Option<usize>,
) -> bool {
    let Some(position) = position else {
        return false;
    };
    match at {
        Insert::First => position == 0,
        Insert::Last => position + 1 == len,
        Insert::Before(key) => position_of(key) == Some(position + 1),
        Insert::After(key) => position_of(key).map(|before| before + 1) == Some(position),
    }
}

fn leaf_list_entry(
    before: Option<Content>,
    edit: &EditNode,
    value: &Value,
    trail: &Trail<'_>,
) -> Result<Option<Content>, DataError> {
    let place = trail.below(edit.id, Which::Value(value));
    let list = match &before {
        Some(Content::LeafList(list)) => Some(list),
        None => None,
        Some(_) => return Err(wrong_content(&place, edit)),
    };
    let definition = trail.inside.node(edit.id);
    let duplicates = may_repeat(trail.inside, edit.id);
    let exists = list.is_some_and(|list| list.contains(value));
    let act = match edit.operation {
        Operation::Create if duplicates => Act::Merge,
        _ => act(edit, exists, &place)?,
    };
    match act {
        Act::Remove => {
            return Ok(list
                .and_then(|list| list.without(value))
                .map(Content::LeafList));
        }
        Act::Enter if edit.insert.is_none() => return Ok(before),
        Act::Enter | Act::Merge | Act::Replace => {}
    }
    let Some(list) = list else {
        return match &edit.insert {
            Some(Insert::Before(_) | Insert::After(_)) => Err(no_neighbour(&place, edit)),
            _ => Ok(Some(Content::LeafList(LeafList::of(
                value.clone(),
                definition.ordered_by,
                duplicates,
            )))),
        };
    };
    let changed = match &edit.insert {
        None if exists && !duplicates => return Ok(before),
        None => list.with(value.clone()),
        Some(at) => {
            let position_of = |key: &[Value]| list.position(key.first()?);
            if exists && stands_at(list.position(value), list.len(), at, position_of) {
                return Ok(before);
            }
            list.insert(value.clone(), at)
                .ok_or_else(|| no_neighbour(&place, edit))?
        }
    };
    Ok(Some(Content::LeafList(changed)))
}

/// All of a list or leaf-list at once: only to take it away.
fn whole(
    before: Option<Content>,
    edit: &EditNode,
    trail: &Trail<'_>,
) -> Result<Option<Content>, DataError> {
    let place = trail.below(edit.id, Which::Only);
    match act(edit, before.is_some(), &place)? {
        Act::Remove => Ok(None),
        Act::Enter => Ok(before),
        Act::Merge | Act::Replace => Err(wrong_content(&place, edit)),
    }
}

fn mount(
    before: Option<Content>,
    edit: &EditNode,
    schema: &Arc<Schema>,
    children: &[EditNode],
    trail: &Trail<'_>,
) -> Result<Option<Content>, DataError> {
    let place = trail.below(edit.id, Which::Only);
    let walks = edit.operation == Operation::None && trail.inside.node(edit.id).is_np_container();
    let act = match act(edit, before.is_some() || walks, &place)? {
        Act::Remove => return Ok(None),
        act => act,
    };
    let empty = Tree::empty(schema.clone());
    let base = match (&before, act) {
        (_, Act::Replace) | (None, _) => &empty,
        (Some(Content::Mount(tree)), _) if same_schema(tree.schema(), schema) => tree,
        (Some(Content::Mount(_)), _) => {
            return Err(error(
                ErrorKind::Conflict,
                &place,
                edit,
                "what is mounted here has another schema than the edit is bound to",
            )
            .with_help(
                "replace the mount as a whole, or read the edit again with the mounted schema",
            ));
        }
        (Some(_), _) => return Err(wrong_content(&place, edit)),
    };
    let below = place.mounting(schema);
    let root = with_meta(edited(base.root(), children, &below)?, &edit.meta);
    let mounted = match &before {
        Some(Content::Mount(tree))
            if *tree.root() == root && same_schema(tree.schema(), schema) =>
        {
            return Ok(before);
        }
        _ => Tree::new(schema.clone(), root),
    };
    Ok(Some(Content::Mount(Arc::new(mounted))))
}

fn with_meta(node: Node, meta: &Option<Meta>) -> Node {
    match meta {
        Some(meta) if node.meta() != Some(meta) => node.with_meta(meta.clone()),
        _ => node,
    }
}

fn error(
    kind: ErrorKind,
    place: &Trail<'_>,
    edit: &EditNode,
    message: impl Into<String>,
) -> DataError {
    let mut error = DataError::new(kind, place.error_path(), message);
    error.position = edit.position;
    error
}

fn described(place: &Trail<'_>) -> String {
    let definition = place.schema.node(place.id);
    match definition.kind {
        NodeKind::Root => "the datastore".to_owned(),
        NodeKind::List => format!("this entry of list {}", definition.name),
        NodeKind::LeafList => format!("this value of leaf-list {}", definition.name),
        kind => format!("the {} {}", kind.keyword(), definition.name),
    }
}

fn data_exists(place: &Trail<'_>, edit: &EditNode) -> DataError {
    let what = described(place);
    error(
        ErrorKind::DataExists,
        place,
        edit,
        format!("{what} exists already, so it cannot be created"),
    )
    .with_help("use merge or replace to change what is there")
}

fn data_missing(place: &Trail<'_>, edit: &EditNode) -> DataError {
    let what = described(place);
    let (why, help) = match edit.operation {
        Operation::None => (
            "the edit only passes through it",
            "create it first, or use merge",
        ),
        _ => (
            "it cannot be deleted",
            "use remove to accept that it is absent",
        ),
    };
    error(
        ErrorKind::DataMissing,
        place,
        edit,
        format!("{what} does not exist: {why}"),
    )
    .with_help(help)
}

/// RFC 7950 15.7: `bad-attribute` with the app-tag `missing-instance`.
fn no_neighbour(place: &Trail<'_>, edit: &EditNode) -> DataError {
    let what = described(place);
    error(
        ErrorKind::BadAttribute,
        place,
        edit,
        format!("{what} is to be placed beside an entry that does not exist, or beside itself"),
    )
    .with_help("name an entry that is there, or use insert first or last")
    .with_app_tag("missing-instance")
}

/// RFC 7950 8.3.1: `bad-element`.
fn several_cases(trail: &Trail<'_>, edit: &EditNode, other: SchemaId) -> DataError {
    let place = trail.below(edit.id, Which::Only);
    let name = trail.inside.node(edit.id).name.clone();
    let other = &trail.inside.node(other).name;
    error(
        ErrorKind::SeveralCases,
        &place,
        edit,
        format!("{name} and {other} belong to different cases of one choice"),
    )
    .with_help("give the data of one case only; those of the others go by themselves")
    .with_culprit(name)
}

fn wrong_content(place: &Trail<'_>, edit: &EditNode) -> DataError {
    let what = described(place);
    error(
        ErrorKind::InvalidValue,
        place,
        edit,
        format!("{what} cannot take this kind of content"),
    )
}
