//! Inner nodes of the persistent tree: one allocation each, leaves in place.
//!
//! A node knows neither its path nor its parent, and never changes; the `with_` methods make a new
//! node that shares all other children.

use std::sync::Arc as StdArc;

use banyan_yang::schema::{Schema, SchemaId};
use triomphe::{Arc, ThinArc};

use crate::any::AnyData;
use crate::list::{LeafList, List};
use crate::meta::{Annotated, Meta};
use crate::value::Value;

/// The deepest level of a tree: what goes deeper is an error, so that walks may recurse.
pub const MAX_DEPTH: usize = 256;

/// A container, a list entry, the root, or the input or output of an operation.
#[derive(Clone)]
pub struct Node(ThinArc<Header, Slot>);

struct Header {
    id: SchemaId,
    /// Metadata of the node, its leaves and its leaf-lists' entries; absent in most. It names only what is there.
    meta: Option<Arc<Meta>>,
}

/// A child: which schema node, and what is there. All entries of a list are one child.
#[derive(Clone, PartialEq, Debug)]
pub struct Slot {
    /// The data node.
    pub id: SchemaId,
    /// Its instance or instances.
    pub content: Content,
}

/// What stands at a data node.
#[derive(Clone, PartialEq, Debug)]
pub enum Content {
    /// A leaf's value.
    Leaf(Value),
    /// A leaf-list with at least one entry.
    LeafList(LeafList),
    /// A container. One without presence and without children is never stored.
    Container(Node),
    /// A list with at least one entry.
    List(List),
    /// anydata or anyxml, verbatim.
    Any(StdArc<AnyData>),
    /// What is mounted at a mount point (RFC 8528): a tree with a schema of its own.
    Mount(StdArc<Tree>),
}

const _: () = assert!(size_of::<Slot>() == 24);

impl Node {
    /// A node with children that are in ascending id order without duplicates (debug-asserted).
    pub fn new(id: SchemaId, slots: Vec<Slot>) -> Node {
        debug_assert!(slots.windows(2).all(|pair| pair[0].id < pair[1].id));
        Node::with_header(Header { id, meta: None }, slots.into_iter())
    }

    fn with_header(header: Header, slots: impl ExactSizeIterator<Item = Slot>) -> Node {
        Node(ThinArc::from_header_and_iter(header, slots))
    }

    /// As [`Node::new`], from a vector that keeps its memory: who builds many nodes allocates nothing beside them.
    pub fn take(id: SchemaId, slots: &mut Vec<Slot>) -> Node {
        debug_assert!(slots.windows(2).all(|pair| pair[0].id < pair[1].id));
        Node::with_header(Header { id, meta: None }, slots.drain(..))
    }

    /// A node without children.
    pub fn empty(id: SchemaId) -> Node {
        Node::new(id, Vec::new())
    }

    /// Its schema node.
    pub fn id(&self) -> SchemaId {
        self.0.header.header.id
    }

    /// Its children, in canonical order (ascending id: list keys first).
    pub fn slots(&self) -> &[Slot] {
        &self.0.slice
    }

    /// The child at `id`. O(log of the number of children).
    pub fn get(&self, id: SchemaId) -> Option<&Content> {
        let index = self
            .slots()
            .binary_search_by_key(&id, |slot| slot.id)
            .ok()?;
        Some(&self.slots()[index].content)
    }

    /// Whether the two are the same allocation, and so equal without a look inside. O(1).
    pub fn ptr_eq(&self, other: &Node) -> bool {
        self.0.as_ptr() == other.0.as_ptr()
    }

    /// The metadata, if any.
    pub fn meta(&self) -> Option<&Meta> {
        self.0.header.header.meta.as_deref()
    }

    /// The same node with `content` at `id`, or without the child when `content` is `None`.
    pub fn with_child(&self, id: SchemaId, content: Option<Content>) -> Node {
        let slots = self.slots();
        let (index, found) = match slots.binary_search_by_key(&id, |slot| slot.id) {
            Ok(index) => (index, true),
            Err(index) => (index, false),
        };
        let mut changed: Vec<Slot> = Vec::with_capacity(slots.len() + 1);
        changed.extend_from_slice(&slots[..index]);
        changed.extend(content.map(|content| Slot { id, content }));
        changed.extend_from_slice(&slots[index + usize::from(found)..]);
        self.with_slots(changed)
    }

    /// The same node with other children, in ascending id order. Its metadata stay, but for annotations of what has
    /// gone.
    pub fn with_slots(&self, slots: Vec<Slot>) -> Node {
        let header = Header {
            id: self.id(),
            meta: self.0.header.header.meta.clone(),
        };
        let node = Node::with_header(header, slots.into_iter());
        match (node.meta(), node.strays(self)) {
            (Some(meta), strays) if !strays.is_empty() => {
                let mut meta = meta.clone();
                for stray in &strays {
                    meta.annotations.remove(stray);
                }
                node.with_meta(meta)
            }
            _ => node,
        }
    }

    /// The same node with other metadata; annotations of what is not there are left out.
    pub fn with_meta(&self, mut meta: Meta) -> Node {
        meta.annotations.retain(|place, _| self.holds(place));
        let header = Header {
            id: self.id(),
            meta: (!meta.annotations.is_empty()).then(|| Arc::new(meta)),
        };
        Node::with_header(header, self.slots().to_vec().into_iter())
    }

    /// The values of the first `count` children: a list entry's keys, because keys have the lowest ids.
    /// Shorter than `count` when one is missing.
    pub fn keys(&self, count: usize) -> impl Iterator<Item = &Value> {
        self.slots()
            .iter()
            .take(count)
            .map_while(|slot| match &slot.content {
                Content::Leaf(value) => Some(value),
                _ => None,
            })
    }
}

impl Node {
    /// Whether what an annotation belongs to is there.
    fn holds(&self, place: &Annotated) -> bool {
        match place {
            Annotated::Node => true,
            Annotated::Child(id) => self.get(*id).is_some(),
            Annotated::Entry(id, value) => match self.get(*id) {
                Some(Content::LeafList(list)) => !list.duplicates_allowed() && list.contains(value),
                _ => false,
            },
        }
    }

    /// What is annotated and is not there, though it was in `before`, a node with the same metadata. O(children that
    /// are annotated, and values that have gone from leaf-lists of which entries are).
    fn strays(&self, before: &Node) -> Vec<Annotated> {
        let mut strays = Vec::new();
        let Some(meta) = self.meta() else {
            return strays;
        };
        for id in meta.children() {
            match (before.get(id), self.get(id)) {
                (Some(old), Some(new)) if old.ptr_eq(new) => {}
                (Some(Content::LeafList(old)), Some(Content::LeafList(new))) => {
                    let gone = old.diff(new).filter(|(_, new)| new.is_none());
                    let entries = gone.filter_map(|(old, _)| old.cloned());
                    strays.extend(entries.map(|value| Annotated::Entry(id, value)));
                }
                _ => strays.extend(meta.at(id).filter(|place| !self.holds(place)).cloned()),
            }
        }
        strays.retain(|place| meta.annotations.contains_key(place));
        strays
    }
}

impl Content {
    /// Whether the two are known to be equal without a look inside. O(1).
    pub fn ptr_eq(&self, other: &Content) -> bool {
        match (self, other) {
            (Content::Leaf(a), Content::Leaf(b)) => a == b,
            (Content::LeafList(a), Content::LeafList(b)) => a.ptr_eq(b),
            (Content::Container(a), Content::Container(b)) => a.ptr_eq(b),
            (Content::List(a), Content::List(b)) => a.ptr_eq(b),
            (Content::Any(a), Content::Any(b)) => StdArc::ptr_eq(a, b),
            (Content::Mount(a), Content::Mount(b)) => {
                StdArc::ptr_eq(a, b) || (StdArc::ptr_eq(&a.schema, &b.schema) && a.ptr_eq(b))
            }
            _ => false,
        }
    }
}

impl PartialEq for Node {
    /// Equal all the way down, metadata included; shared subtrees are not looked into.
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other)
            || (self.id() == other.id()
                && self.meta() == other.meta()
                && self.slots() == other.slots())
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map()
            .entries(self.slots().iter().map(|slot| (slot.id.0, &slot.content)))
            .finish()
    }
}

/// A whole tree: a snapshot that costs a reference count to take and never changes.
#[derive(Clone)]
pub struct Tree {
    schema: StdArc<Schema>,
    root: Node,
}

impl Tree {
    /// The empty datastore of a schema.
    pub fn empty(schema: StdArc<Schema>) -> Tree {
        Tree {
            schema,
            root: Node::empty(SchemaId::ROOT),
        }
    }

    /// A tree with this root. For the input or output of an operation and for a notification the
    /// root's id is that schema node.
    pub fn new(schema: StdArc<Schema>, root: Node) -> Tree {
        Tree { schema, root }
    }

    /// The schema that the ids belong to.
    pub fn schema(&self) -> &StdArc<Schema> {
        &self.schema
    }

    /// The root.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The same schema with another root.
    pub fn with_root(&self, root: Node) -> Tree {
        Tree {
            schema: self.schema.clone(),
            root,
        }
    }

    /// Whether the two are the same snapshot. O(1).
    pub fn ptr_eq(&self, other: &Tree) -> bool {
        self.root.ptr_eq(&other.root)
    }
}

impl std::fmt::Debug for Tree {
    /// The data alone: a schema is too much to read.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.root.fmt(f)
    }
}

/// Whether ids of the one schema mean the same in the other.
pub fn same_schema(one: &StdArc<Schema>, other: &StdArc<Schema>) -> bool {
    StdArc::ptr_eq(one, other) || one.digest() == other.digest()
}

impl PartialEq for Tree {
    /// Equal data under the same schema (or one with the same digest).
    fn eq(&self, other: &Self) -> bool {
        same_schema(&self.schema, &other.schema) && self.root == other.root
    }
}
