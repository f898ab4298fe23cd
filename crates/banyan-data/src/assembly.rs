//! Builds a node bottom-up from its children, in whatever order a document gives them.
//!
//! Both document parsers work through this: it sorts, groups list entries, and finds what is given twice or
//! missing. It knows offsets in the document, not the document's format.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::lexical::{Style, canonical};
use crate::list::{LeafList, List, may_repeat};
use crate::meta::{Annotated, Annotations, Meta};
use crate::node::{Content, Node, Slot};
use crate::path::{InstancePath, PathStep, Select, literal};
use crate::value::Value;

/// A node while its children arrive. Reused for many nodes, so that none costs an allocation of its own
/// beyond those of the tree.
#[derive(Default)]
pub(crate) struct Assembly {
    /// The schema node.
    pub(crate) id: Option<SchemaId>,
    /// Children that are complete, in ascending id order.
    slots: Vec<Slot>,
    /// Lists and leaf-lists whose entries still arrive.
    groups: Vec<Group>,
    /// How many of `groups` are in use; the others keep their memory for the next node.
    open: usize,
    /// Children that were given and are not stored: containers and lists that hold nothing, leaves whose value is wrong.
    unstored: Vec<SchemaId>,
    annotations: BTreeMap<Annotated, Annotations>,
}

#[derive(Default)]
struct Group {
    id: Option<SchemaId>,
    entries: Vec<Node>,
    values: Vec<Value>,
    /// Where each entry or value stands in the document.
    offsets: Vec<usize>,
}

/// What a finished node's children got wrong, with the offset of the offender.
pub(crate) struct Fault {
    pub(crate) offset: usize,
    /// The child it is about; `None` is the node itself.
    pub(crate) child: Option<SchemaId>,
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
}

impl Assembly {
    /// Begins a node.
    pub(crate) fn begin(&mut self, id: SchemaId) {
        self.id = Some(id);
        self.slots.clear();
        self.open = 0;
        self.unstored.clear();
        self.annotations.clear();
    }

    /// Whether nothing has arrived.
    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty() && self.open == 0
    }

    /// Whether there is a single child (leaf, container, anydata) at `id` already, or one came that is not stored.
    pub(crate) fn has(&self, id: SchemaId) -> bool {
        self.unstored.contains(&id)
            || self.slots.last().is_some_and(|last| last.id >= id)
                && self.slots.binary_search_by_key(&id, |slot| slot.id).is_ok()
    }

    /// Notes that a child came that is not stored: a container or list that holds nothing, a leaf whose value is wrong.
    pub(crate) fn note_unstored(&mut self, id: SchemaId) {
        self.unstored.push(id);
    }

    /// Puts a leaf, container, anydata, mount or finished list at `id`, in the place of what is there.
    pub(crate) fn put(&mut self, id: SchemaId, content: Content) {
        let slot = Slot { id, content };
        // Documents mostly follow schema order, so the end is the usual place.
        if self.slots.last().is_none_or(|last| last.id < id) {
            self.slots.push(slot);
            return;
        }
        match self.slots.binary_search_by_key(&id, |slot| slot.id) {
            Ok(index) => self.slots[index] = slot,
            Err(index) => self.slots.insert(index, slot),
        }
    }

    /// The leaf values at the front that have arrived: a list entry's keys as far as they are known.
    pub(crate) fn value(&self, id: SchemaId) -> Option<&Value> {
        let index = self.slots.binary_search_by_key(&id, |slot| slot.id).ok()?;
        match &self.slots[index].content {
            Content::Leaf(value) => Some(value),
            _ => None,
        }
    }

    /// The single child at `id`, if it has arrived and is stored.
    pub(crate) fn content(&self, id: SchemaId) -> Option<&Content> {
        let index = self.slots.binary_search_by_key(&id, |slot| slot.id).ok()?;
        Some(&self.slots[index].content)
    }

    /// Whether entries of the list or leaf-list `id` have arrived.
    pub(crate) fn has_group(&self, id: SchemaId) -> bool {
        self.groups[..self.open]
            .iter()
            .any(|group| group.id == Some(id))
    }

    /// The values of the leaf-list `id` that have arrived, in the document's order.
    pub(crate) fn values(&self, id: SchemaId) -> &[Value] {
        let mut groups = self.groups[..self.open].iter();
        groups
            .find(|group| group.id == Some(id))
            .map_or(&[], |group| &group.values)
    }

    fn group(&mut self, id: SchemaId) -> &mut Group {
        let known = self.groups[..self.open]
            .iter()
            .rposition(|group| group.id == Some(id));
        let index = known.unwrap_or_else(|| {
            if self.open == self.groups.len() {
                self.groups.push(Group::default());
            }
            self.groups[self.open].id = Some(id);
            self.open += 1;
            self.open - 1
        });
        &mut self.groups[index]
    }

    /// Adds a list entry.
    pub(crate) fn entry(&mut self, id: SchemaId, node: Node, offset: usize) {
        let group = self.group(id);
        group.entries.push(node);
        group.offsets.push(offset);
    }

    /// Adds a leaf-list value.
    pub(crate) fn value_entry(&mut self, id: SchemaId, value: Value, offset: usize) {
        let group = self.group(id);
        group.values.push(value);
        group.offsets.push(offset);
    }

    /// Adds annotations of the node itself, of a child or of an entry. Whether they are the first of their names.
    pub(crate) fn annotate(&mut self, place: Annotated, annotations: Annotations) -> bool {
        if annotations.is_empty() {
            return true;
        }
        let known = self.annotations.entry(place).or_default();
        let expected = known.len() + annotations.len();
        known.extend(annotations);
        known.len() == expected
    }

    /// The finished node, and what was wrong with its children; those at fault are left out.
    pub(crate) fn finish(
        &mut self,
        schema: &Schema,
        id: SchemaId,
        faults: &mut Vec<Fault>,
    ) -> Node {
        for index in 0..self.open {
            let Some(list) = self.groups[index].id.take() else {
                continue;
            };
            let content = self.groups[index].build(schema, list, faults);
            if let Some(content) = content {
                self.put(list, content);
            }
        }
        self.open = 0;
        let node = Node::take(id, &mut self.slots);
        if self.annotations.is_empty() {
            return node;
        }
        node.with_meta(Meta {
            annotations: std::mem::take(&mut self.annotations),
        })
    }

    /// Whether the keys of an entry have values.
    pub(crate) fn has_keys(&self, schema: &Schema, list: SchemaId) -> bool {
        let mut keys = schema.node(list).keys().iter();
        keys.all(|key| self.value(*key).is_some())
    }

    /// The names of keys that have not arrived, not even with a wrong value.
    pub(crate) fn missing_keys(&self, schema: &Schema, list: SchemaId) -> Vec<Arc<str>> {
        let keys = schema.node(list).keys();
        keys.iter()
            .filter(|key| self.value(**key).is_none() && !self.unstored.contains(key))
            .map(|key| schema.node(*key).name.clone())
            .collect()
    }
}

impl Group {
    fn build(&mut self, schema: &Schema, id: SchemaId, faults: &mut Vec<Fault>) -> Option<Content> {
        let definition = schema.node(id);
        if definition.kind == NodeKind::LeafList {
            let repeats = may_repeat(schema, id);
            if !repeats {
                let order = |a: &Value, b: &Value| a.cmp(b);
                let duplicates = duplicates(&self.values, order);
                self.report(&duplicates, id, faults, |group, index| {
                    value_twice(schema, id, &group.values[index])
                });
                remove_all(&mut self.values, &duplicates);
            }
            let values = std::mem::take(&mut self.values);
            self.offsets.clear();
            return LeafList::from_values(values, definition.ordered_by, repeats)
                .ok()
                .map(Content::LeafList);
        }
        let key_count = definition.keys().len();
        if key_count > 0 {
            let order = |a: &Node, b: &Node| a.keys(key_count).cmp(b.keys(key_count));
            let duplicates = duplicates(&self.entries, order);
            self.report(&duplicates, id, faults, |group, index| {
                entry_twice(schema, id, group.entries[index].keys(key_count))
            });
            remove_all(&mut self.entries, &duplicates);
        }
        let entries = std::mem::take(&mut self.entries);
        self.offsets.clear();
        List::from_entries(entries, key_count, definition.ordered_by)
            .ok()
            .map(Content::List)
    }

    fn report(
        &self,
        duplicates: &[usize],
        id: SchemaId,
        faults: &mut Vec<Fault>,
        message: impl Fn(&Group, usize) -> String,
    ) {
        faults.extend(duplicates.iter().map(|index| Fault {
            offset: self.offsets.get(*index).copied().unwrap_or_default(),
            child: Some(id),
            kind: ErrorKind::Duplicate,
            message: message(self, *index),
        }));
    }
}

/// What is wrong when a leaf-list has a value twice.
pub(crate) fn value_twice(schema: &Schema, leaf_list: SchemaId, value: &Value) -> String {
    match &schema.node(leaf_list).ty {
        Some(ty) => format!(
            "the value {:?} is given twice",
            canonical(schema, ty, value, Style::Json)
        ),
        None => format!("the value {value:?} is given twice"),
    }
}

/// What is wrong when a list has an entry with these keys twice.
pub(crate) fn entry_twice<'v>(
    schema: &Schema,
    list: SchemaId,
    keys: impl Iterator<Item = &'v Value>,
) -> String {
    let shown: Vec<String> = schema
        .node(list)
        .keys()
        .iter()
        .zip(keys)
        .map(|(key, value)| named_value(schema, *key, value))
        .collect();
    format!("the entry with {} is given twice", shown.join(", "))
}

/// `name="value"`, for messages.
fn named_value(schema: &Schema, node: SchemaId, value: &Value) -> String {
    let definition = schema.node(node);
    match &definition.ty {
        Some(ty) => format!(
            "{}={:?}",
            definition.name,
            canonical(schema, ty, value, Style::Json)
        ),
        None => format!("{}={value:?}", definition.name),
    }
}

/// The indices, ascending, of items that equal an earlier one. O(n) when they are in order already.
pub(crate) fn duplicates<T>(items: &[T], order: impl Fn(&T, &T) -> Ordering) -> Vec<usize> {
    let ascending = |pair: &[T]| order(&pair[0], &pair[1]) == Ordering::Less;
    if items.windows(2).all(ascending) {
        return Vec::new();
    }
    let mut sorted: Vec<usize> = (0..items.len()).collect();
    // A stable sort: among equals the first in the document comes first, and stays.
    sorted.sort_by(|a, b| order(&items[*a], &items[*b]));
    let mut twice: Vec<usize> = sorted
        .windows(2)
        .filter(|pair| order(&items[pair[0]], &items[pair[1]]) == Ordering::Equal)
        .map(|pair| pair[1])
        .collect();
    twice.sort_unstable();
    twice
}

fn remove_all<T>(items: &mut Vec<T>, indices: &[usize]) {
    if indices.is_empty() {
        return;
    }
    let mut index = 0;
    items.retain(|_| {
        index += 1;
        indices.binary_search(&(index - 1)).is_err()
    });
}

/// One level of the place in a document: which node, in which schema, with the keys as far as known.
pub(crate) struct Level<'a> {
    pub(crate) schema: &'a Arc<Schema>,
    pub(crate) id: SchemaId,
    pub(crate) keys: Vec<Value>,
}

/// The path of a place, for a message (RFC 7951 6.11).
pub(crate) fn error_path(levels: &[Level<'_>]) -> ErrorPath {
    let mut out = String::new();
    let mut module: Option<Arc<str>> = None;
    for level in levels {
        let schema = level.schema;
        let definition = schema.node(level.id);
        match definition.kind {
            // What is mounted begins with the module's name, whatever is around it.
            NodeKind::Root => {
                module = None;
                continue;
            }
            NodeKind::Input | NodeKind::Output => continue,
            _ => {}
        }
        let name = &schema.module(definition.module).name;
        out.push('/');
        if module.as_ref() != Some(name) {
            out.push_str(name);
            out.push(':');
            module = Some(name.clone());
        }
        out.push_str(&definition.name);
        for (key, value) in definition.keys().iter().zip(&level.keys) {
            let key = schema.node(*key);
            let text = key
                .ty
                .as_ref()
                .map(|ty| canonical(schema, ty, value, Style::Json));
            let text = text.as_deref().unwrap_or_default();
            out.push_str(&format!("[{}={}]", key.name, literal::quoted(text)));
        }
    }
    ErrorPath(out.into())
}

/// The path of a place as a path, the root left out.
pub(crate) fn instance_path(levels: &[Level<'_>]) -> InstancePath {
    let steps = levels
        .iter()
        .filter(|level| level.id != SchemaId::ROOT)
        .map(|level| PathStep {
            node: level.id,
            select: match level.schema.node(level.id).kind {
                NodeKind::List if !level.keys.is_empty() => Select::Keys(level.keys.clone()),
                _ => Select::None,
            },
        });
    InstancePath {
        steps: steps.collect(),
    }
}

impl Fault {
    /// The error about the child at `path`.
    pub(crate) fn into_error(self, path: ErrorPath) -> DataError {
        DataError::new(self.kind, path, self.message)
    }
}
