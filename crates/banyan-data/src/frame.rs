//! A place in a tree: the chain of nodes from the root down to one instance.
//!
//! Nodes have no parent pointers, so whoever walks a tree keeps the way down; this is that way, shared
//! between all the places below a common ancestor. Node identity is this path: the same allocation may
//! stand at several places. Lives here: identity, document order, value, path. Must not decide what
//! exists: that is the view's business.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;
use std::rc::Rc;

use banyan_yang::schema::{NodeKind, OrderedBy, Schema, SchemaId, SchemaNode, Type};

use crate::any::AnyData;
use crate::error::ErrorPath;
use crate::lexical::{Style, canonical};
use crate::list::{LeafList, List};
use crate::node::{Node, Tree};
use crate::path::{InstancePath, PathStep, Select};
use crate::value::Value;

/// One instance, with the way from the root to it.
#[derive(Debug)]
pub struct Frame<'t> {
    parent: Option<Rc<Frame<'t>>>,
    schema: &'t Schema,
    id: SchemaId,
    depth: u32,
    place: Place<'t>,
}

/// What stands at a place.
#[derive(Clone, Debug)]
pub enum Place<'t> {
    /// The root of the tree.
    Root(&'t Node),
    /// The root of an operation's tree: input, output or notification (RFC 7950 6.4.1).
    Operation(&'t Node),
    /// A container; `None` for one without presence that is in use and not stored (RFC 7950 7.5.1).
    Container(Option<&'t Node>),
    /// A list entry.
    Entry {
        /// The entry.
        node: &'t Node,
        /// The list that it is in.
        list: &'t List,
        /// Its position from 0, when it was found by position.
        at: Option<usize>,
    },
    /// A leaf that is stored.
    Leaf(&'t Value),
    /// A leaf whose default is in use (RFC 7950 7.6.1).
    DefaultLeaf(Value),
    /// An entry of a leaf-list that is stored.
    LeafListEntry {
        /// Its value.
        value: &'t Value,
        /// The leaf-list that it is in.
        list: &'t LeafList,
        /// Its position from 0, when it was found by position.
        at: Option<usize>,
    },
    /// An entry of a leaf-list whose defaults are in use (RFC 7950 7.7.2), and its position from 0.
    DefaultEntry(Value, usize),
    /// anydata or anyxml.
    Any(&'t AnyData),
    /// A mount point: the ids below belong to the mounted tree's schema.
    Mount(&'t Tree),
    /// The text of the leaf above, for XPath's `text()`.
    Text,
    /// Nothing: stands in for an absent node while its `when` is evaluated (RFC 7950 7.21.5).
    Dummy,
}

impl<'t> Frame<'t> {
    /// The root of a tree, or of an operation below `parent`.
    pub fn root(parent: Option<Rc<Frame<'t>>>, tree: &'t Tree) -> Rc<Self> {
        let node = tree.root();
        let place = match (&parent, node.id()) {
            (None, SchemaId::ROOT) => Place::Root(node),
            _ => Place::Operation(node),
        };
        Rc::new(Frame {
            depth: parent.as_ref().map_or(0, |parent| parent.depth + 1),
            parent,
            schema: tree.schema(),
            id: node.id(),
            place,
        })
    }

    /// A child of `parent`.
    pub fn below(
        parent: &Rc<Frame<'t>>,
        schema: &'t Schema,
        id: SchemaId,
        place: Place<'t>,
    ) -> Rc<Self> {
        Rc::new(Frame {
            depth: parent.depth + 1,
            parent: Some(parent.clone()),
            schema,
            id,
            place,
        })
    }

    /// The place above; `None` for the root.
    pub fn parent(&self) -> Option<&Rc<Frame<'t>>> {
        self.parent.as_ref()
    }

    /// The schema that [`Frame::id`] belongs to.
    pub fn schema(&self) -> &'t Schema {
        self.schema
    }

    /// The schema node.
    pub fn id(&self) -> SchemaId {
        self.id
    }

    /// The definition of the schema node.
    pub fn definition(&self) -> &'t SchemaNode {
        self.schema.node(self.id)
    }

    /// What stands here.
    pub fn place(&self) -> &Place<'t> {
        &self.place
    }

    /// Number of places above.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// Where children live: the schema of their ids, the schema node that they are children of, and the
    /// stored node if there is one. `None` for what cannot have children.
    pub fn inside(&self) -> Option<(&'t Schema, SchemaId, Option<&'t Node>)> {
        match &self.place {
            Place::Root(node) | Place::Operation(node) | Place::Entry { node, .. } => {
                Some((self.schema, self.id, Some(node)))
            }
            Place::Container(node) => Some((self.schema, self.id, *node)),
            Place::Mount(tree) => Some((tree.schema(), tree.root().id(), Some(tree.root()))),
            _ => None,
        }
    }

    /// The value of a leaf or leaf-list entry (or of the text below it).
    pub fn value(&self) -> Option<&Value> {
        match &self.place {
            Place::Leaf(value) | Place::LeafListEntry { value, .. } => Some(value),
            Place::DefaultLeaf(value) | Place::DefaultEntry(value, _) => Some(value),
            Place::Text => self.parent.as_ref()?.value(),
            _ => None,
        }
    }

    /// Value and type of a leaf or leaf-list entry.
    pub fn typed(&self) -> Option<(&Value, &'t Type)> {
        let ty = self.definition().ty.as_deref()?;
        Some((self.value()?, ty))
    }

    /// The canonical text of a leaf or leaf-list entry, module names as prefixes; empty for anything else.
    pub fn text(&self) -> Cow<'_, str> {
        match self.typed() {
            Some((value, ty)) => canonical(self.schema, ty, value, Style::Json),
            None => Cow::Borrowed(""),
        }
    }

    /// Whether the node is stored, not merely in use.
    pub fn is_stored(&self) -> bool {
        !matches!(
            self.place,
            Place::Container(None) | Place::DefaultLeaf(_) | Place::DefaultEntry(..) | Place::Dummy
        )
    }

    /// The instance path. Below an operation's root the steps go on with the children of that root.
    pub fn path(&self) -> InstancePath {
        let mut steps = Vec::with_capacity(self.depth as usize);
        let mut at = Some(self);
        while let Some(frame) = at {
            if !matches!(
                frame.place,
                Place::Root(_) | Place::Operation(_) | Place::Text
            ) {
                steps.push(PathStep {
                    node: frame.id,
                    select: frame.select(),
                });
            }
            at = frame.parent.as_deref();
        }
        steps.reverse();
        InstancePath { steps }
    }

    fn select(&self) -> Select {
        match &self.place {
            Place::Entry { node, list, at } => match list.key_count() {
                0 => Select::Position(at.unwrap_or(0) as u64 + 1),
                count => Select::Keys(node.keys(count).cloned().collect()),
            },
            Place::LeafListEntry { value, .. } => Select::Value((*value).clone()),
            Place::DefaultEntry(value, _) => Select::Value(value.clone()),
            _ => Select::None,
        }
    }

    /// The path for messages, as RFC 7951 6.11 writes instance-identifiers.
    pub fn error_path(&self) -> ErrorPath {
        let mut frames = Vec::with_capacity(self.depth as usize + 1);
        let mut at = Some(self);
        while let Some(frame) = at {
            frames.push(frame);
            at = frame.parent.as_deref();
        }
        let mut text = String::new();
        let mut module: Option<&str> = None;
        for frame in frames.into_iter().rev() {
            if matches!(frame.place, Place::Root(_) | Place::Text) {
                continue;
            }
            let named = frame.named();
            let name: &str = &frame.schema.module(named.module).name;
            text.push('/');
            if module != Some(name) {
                text.push_str(name);
                text.push(':');
                module = Some(name);
            }
            text.push_str(&named.name);
            frame.write_predicates(&mut text);
        }
        ErrorPath(text.into())
    }

    /// The definition whose name the node bears: for the input or output of an operation that is the
    /// operation (RFC 7950 6.4.1).
    pub fn named(&self) -> &'t SchemaNode {
        let definition = self.definition();
        match (definition.kind, definition.parent()) {
            (NodeKind::Input | NodeKind::Output, Some(operation)) => self.schema.node(operation),
            _ => definition,
        }
    }

    /// Appends `[key='value']...` to `text`; nothing for what has one instance only.
    pub fn write_predicates(&self, text: &mut String) {
        match &self.place {
            Place::Entry { node, list, at } => {
                let definition = self.definition();
                if list.key_count() == 0 {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "[{}]", at.unwrap_or(0) + 1);
                }
                for (key, value) in definition.keys().iter().zip(node.keys(list.key_count())) {
                    let key = self.schema.node(*key);
                    let value = match &key.ty {
                        Some(ty) => canonical(self.schema, ty, value, Style::Json),
                        None => Cow::Borrowed(""),
                    };
                    let _ = write!(text, "[{}={}]", key.name, Quoted(&value));
                }
            }
            Place::LeafListEntry { .. } | Place::DefaultEntry(..) => {
                let _ = write!(text, "[.={}]", Quoted(&self.text()));
            }
            _ => {}
        }
    }
}

/// A literal of a predicate, in whichever quotes it does not contain.
struct Quoted<'a>(&'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let quote = if self.0.contains('\'') { '"' } else { '\'' };
        write!(f, "{quote}{}{quote}", self.0)
    }
}

/// Document order of two places in one view (XPath 1.0 section 5): ancestors first, siblings in canonical
/// or the user's order. `Equal` means the same node. O(depth), and O(log n) where a user orders.
pub fn document_order(a: &Rc<Frame<'_>>, b: &Rc<Frame<'_>>) -> Ordering {
    if a.depth == b.depth {
        return level_order(a, b);
    }
    let (mut x, mut y) = (a, b);
    while x.depth > y.depth {
        let Some(parent) = &x.parent else { break };
        x = parent;
    }
    while y.depth > x.depth {
        let Some(parent) = &y.parent else { break };
        y = parent;
    }
    level_order(x, y).then(a.depth.cmp(&b.depth))
}

/// Order of two places of one depth. Recurses as deep as the tree, which its builders limit.
fn level_order(a: &Rc<Frame<'_>>, b: &Rc<Frame<'_>>) -> Ordering {
    if Rc::ptr_eq(a, b) {
        return Ordering::Equal;
    }
    if let (Some(x), Some(y)) = (&a.parent, &b.parent)
        && !Rc::ptr_eq(x, y)
    {
        let above = level_order(x, y);
        if above != Ordering::Equal {
            return above;
        }
    }
    // An operation's tree stands after the data around it.
    let is_operation = |frame: &Frame<'_>| matches!(frame.place, Place::Operation(_));
    is_operation(a)
        .cmp(&is_operation(b))
        .then_with(|| a.id.cmp(&b.id))
        .then_with(|| entry_order(a, b))
}

fn entry_order(a: &Frame<'_>, b: &Frame<'_>) -> Ordering {
    match (&a.place, &b.place) {
        (
            Place::Entry {
                node: x,
                list,
                at: i,
            },
            Place::Entry { node: y, at: j, .. },
        ) => {
            let count = list.key_count();
            if let (Some(i), Some(j)) = (i, j) {
                i.cmp(j)
            } else if list.ordered_by() == OrderedBy::System {
                x.keys(count).cmp(y.keys(count))
            } else {
                let place = |node: &Node, at: &Option<usize>| {
                    at.or_else(|| {
                        let keys: Vec<Value> = node.keys(count).cloned().collect();
                        list.position(&keys)
                    })
                };
                place(x, i).cmp(&place(y, j))
            }
        }
        (
            Place::LeafListEntry {
                value: x,
                list,
                at: i,
            },
            Place::LeafListEntry {
                value: y, at: j, ..
            },
        ) => {
            if let (Some(i), Some(j)) = (i, j) {
                i.cmp(j)
            } else if list.ordered_by() == OrderedBy::System {
                x.cmp(y)
            } else {
                i.or_else(|| list.position(x))
                    .cmp(&j.or_else(|| list.position(y)))
            }
        }
        (Place::DefaultEntry(_, i), Place::DefaultEntry(_, j)) => i.cmp(j),
        _ => Ordering::Equal,
    }
}
