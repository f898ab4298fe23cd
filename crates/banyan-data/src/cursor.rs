//! A cursor: a place in a view, and the moves from it.
//!
//! Lives here: children, entries by key, parents, across mount points and into an operation's tree, in the
//! effective or the raw view. A move costs O(log n) at most; none copies data.

use std::fmt;
use std::rc::Rc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId, SchemaNode};

use crate::error::ErrorPath;
use crate::frame::{Frame, Place, document_order};
use crate::lexical::default_value;
use crate::node::{Content, Node};
use crate::path::{InstancePath, PathStep, Select};
use crate::value::Value;
use crate::view::{View, case_in_use};

/// One node of a view. Cloning costs a reference count.
#[derive(Clone)]
pub struct Cursor<'t> {
    view: &'t View<'t>,
    frame: Rc<Frame<'t>>,
}

impl fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.frame.error_path().fmt(f)
    }
}

/// The same node of the same view: paths are equal.
impl PartialEq for Cursor<'_> {
    fn eq(&self, other: &Self) -> bool {
        document_order(&self.frame, &other.frame).is_eq()
    }
}

impl Eq for Cursor<'_> {}

impl PartialOrd for Cursor<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Document order.
impl Ord for Cursor<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        document_order(&self.frame, &other.frame)
    }
}

/// The instances of one data node below another, in document order.
pub enum Instances<'t> {
    /// None, or the only one.
    One(Option<Cursor<'t>>),
    /// Entries of a list or leaf-list.
    Many(Box<dyn Iterator<Item = Cursor<'t>> + 't>),
}

impl<'t> Iterator for Instances<'t> {
    type Item = Cursor<'t>;

    fn next(&mut self) -> Option<Cursor<'t>> {
        match self {
            Instances::One(cursor) => cursor.take(),
            Instances::Many(cursors) => cursors.next(),
        }
    }
}

impl<'t> Cursor<'t> {
    /// The root of the view.
    pub fn root(view: &'t View<'t>) -> Self {
        Cursor {
            view,
            frame: Frame::root(None, view.tree()),
        }
    }

    /// A place that is known already.
    pub fn at(view: &'t View<'t>, frame: Rc<Frame<'t>>) -> Self {
        Cursor { view, frame }
    }

    /// The root of the view's operation (input, output or notification), below the instance that it was
    /// invoked on. `None` without an operation, or when that instance is not there.
    pub fn operation(view: &'t View<'t>) -> Option<Self> {
        let (tree, parent) = view.operation()?;
        let parent = Cursor::root(view).find(parent)?;
        Some(Cursor {
            view,
            frame: Frame::root(Some(parent.frame), tree),
        })
    }

    /// The view.
    pub fn view(&self) -> &'t View<'t> {
        self.view
    }

    /// The place.
    pub fn frame(&self) -> &Rc<Frame<'t>> {
        &self.frame
    }

    /// The schema that [`Cursor::id`] belongs to.
    pub fn schema(&self) -> &'t Schema {
        self.frame.schema()
    }

    /// The schema node.
    pub fn id(&self) -> SchemaId {
        self.frame.id()
    }

    /// The definition of the schema node.
    pub fn definition(&self) -> &'t SchemaNode {
        self.frame.definition()
    }

    /// The stored inner node, if this is one.
    pub fn node(&self) -> Option<&'t Node> {
        self.frame.inside()?.2
    }

    /// The value of a leaf or leaf-list entry.
    pub fn value(&self) -> Option<&Value> {
        self.frame.value()
    }

    /// The instance path.
    pub fn path(&self) -> InstancePath {
        self.frame.path()
    }

    /// The path for messages.
    pub fn error_path(&self) -> ErrorPath {
        self.frame.error_path()
    }

    /// The node above; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        Some(self.move_to(self.frame.parent()?.clone()))
    }

    /// The root above this node.
    pub fn top(&self) -> Self {
        let mut frame = &self.frame;
        while let Some(parent) = frame.parent() {
            frame = parent;
        }
        self.move_to(frame.clone())
    }

    /// The string value (XPath 1.0 section 5): a leaf's canonical text; of anything else the texts of all
    /// leaves inside, one after the other.
    pub fn string_value(&self) -> String {
        let mut text = self.frame.text().into_owned();
        for child in self.children() {
            text.push_str(&child.string_value());
        }
        text
    }

    /// The data nodes that have instances here, in canonical order.
    pub fn child_ids(&self) -> Vec<SchemaId> {
        let Some((schema, parent, node)) = self.frame.inside() else {
            return Vec::new();
        };
        let slots = node.map_or(&[][..], Node::slots);
        if !self.view.shows_defaults() {
            let admitted = slots
                .iter()
                .filter(|slot| self.view.admits(schema, slot.id));
            return admitted.map(|slot| slot.id).collect();
        }
        let mut stored = slots.iter().map(|slot| slot.id).peekable();
        let mut ids = Vec::with_capacity(slots.len());
        for id in schema.data_children(parent).iter().copied() {
            let is_stored = stored.next_if_eq(&id).is_some();
            if self.view.admits(schema, id) && (is_stored || has_default(schema, id)) {
                ids.push(id);
            }
        }
        ids
    }

    /// All children, in document order; an operation's tree that belongs here comes last.
    pub fn children(&self) -> impl Iterator<Item = Cursor<'t>> + use<'t> {
        let cursor = self.clone();
        let operation = self.own_operation();
        self.child_ids()
            .into_iter()
            .flat_map(move |id| cursor.instances(id))
            .chain(operation)
    }

    /// The view's operation, if it belongs to this very node.
    pub fn own_operation(&self) -> Option<Cursor<'t>> {
        let (_, parent) = self.view.operation()?;
        if parent.steps.len() != self.frame.depth() as usize {
            return None;
        }
        let operation = Cursor::operation(self.view)?;
        (operation.parent().as_ref() == Some(self)).then_some(operation)
    }

    /// The instances of data node `id` below this node, in document order.
    pub fn instances(&self, id: SchemaId) -> Instances<'t> {
        let Some((schema, _, node)) = self.frame.inside() else {
            return Instances::One(None);
        };
        if !self.view.admits(schema, id) {
            return Instances::One(None);
        }
        let place = match node.and_then(|node| node.get(id)) {
            None => return self.defaults(schema, node, id),
            Some(Content::Leaf(value)) => Place::Leaf(value),
            Some(Content::Container(node)) => Place::Container(Some(node)),
            Some(Content::Any(data)) => Place::Any(data),
            Some(Content::Mount(tree)) => Place::Mount(tree),
            Some(Content::List(list)) => {
                let cursor = self.clone();
                return Instances::Many(Box::new(list.iter().enumerate().filter_map(
                    move |(at, node)| {
                        let at = Some(at);
                        cursor.stored(schema, id, Place::Entry { node, list, at })
                    },
                )));
            }
            Some(Content::LeafList(list)) => {
                let cursor = self.clone();
                return Instances::Many(Box::new(list.iter().enumerate().filter_map(
                    move |(at, value)| {
                        let at = Some(at);
                        cursor.stored(schema, id, Place::LeafListEntry { value, list, at })
                    },
                )));
            }
        };
        Instances::One(self.stored(schema, id, place))
    }

    fn stored(&self, schema: &'t Schema, id: SchemaId, place: Place<'t>) -> Option<Cursor<'t>> {
        let frame = Frame::below(&self.frame, schema, id, place);
        self.view.passes(&frame, true).then(|| self.move_to(frame))
    }

    /// What is in use at `id` without being stored.
    fn defaults(&self, schema: &'t Schema, node: Option<&'t Node>, id: SchemaId) -> Instances<'t> {
        let definition = schema.node(id);
        if !self.view.shows_defaults() || !has_default(schema, id) || !case_in_use(schema, node, id)
        {
            return Instances::One(None);
        }
        let in_use = |place| {
            let frame = Frame::below(&self.frame, schema, id, place);
            self.view.passes(&frame, false).then(|| self.move_to(frame))
        };
        match definition.kind {
            NodeKind::Container => Instances::One(in_use(Place::Container(None))),
            // A default outside its type is a fault that the compiler reports; here it is no default.
            NodeKind::Leaf => Instances::One(
                default_value(schema, id, 0)
                    .ok()
                    .and_then(|value| in_use(Place::DefaultLeaf(value))),
            ),
            _ => {
                let entries: Vec<Cursor<'t>> = (0..definition.defaults().len())
                    .filter_map(|index| Some((default_value(schema, id, index).ok()?, index)))
                    .filter_map(|(value, index)| in_use(Place::DefaultEntry(value, index)))
                    .collect();
                Instances::Many(Box::new(entries.into_iter()))
            }
        }
    }

    /// The instances of data node `id` below this node, the last first. O(log n) for each entry.
    pub(crate) fn instances_back(&self, id: SchemaId) -> Instances<'t> {
        let stored = self.node().and_then(|node| node.get(id));
        let count = match stored {
            Some(Content::List(list)) => list.len(),
            Some(Content::LeafList(list)) => list.len(),
            _ => {
                let mut instances: Vec<Cursor<'t>> = self.instances(id).collect();
                instances.reverse();
                return Instances::Many(Box::new(instances.into_iter()));
            }
        };
        Instances::Many(self.entries_at(id, (0..count).rev()))
    }

    /// The entries of the list or leaf-list `id` at these positions, from 0. O(log n) each.
    fn entries_at(
        &self,
        id: SchemaId,
        positions: impl Iterator<Item = usize> + 't,
    ) -> Box<dyn Iterator<Item = Cursor<'t>> + 't> {
        let admitted = self
            .frame
            .inside()
            .filter(|(schema, ..)| self.view.admits(schema, id));
        let Some((schema, _, Some(node))) = admitted else {
            return Box::new(std::iter::empty());
        };
        let cursor = self.clone();
        match node.get(id) {
            Some(Content::List(list)) => Box::new(positions.filter_map(move |at| {
                let (node, at) = (list.nth(at)?, Some(at));
                cursor.stored(schema, id, Place::Entry { node, list, at })
            })),
            Some(Content::LeafList(list)) => Box::new(positions.filter_map(move |at| {
                let (value, at) = (list.nth(at)?, Some(at));
                cursor.stored(schema, id, Place::LeafListEntry { value, list, at })
            })),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The other entries of the same list or leaf-list that come after this one, in document order.
    pub(crate) fn later(&self) -> Box<dyn Iterator<Item = Cursor<'t>> + 't> {
        match (self.parent(), self.position()) {
            (Some(parent), Some((at, count))) if self.frame.is_stored() => {
                parent.entries_at(self.id(), at + 1..count)
            }
            (Some(parent), Some((at, _))) => Box::new(parent.instances(self.id()).skip(at + 1)),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The other entries of the same list or leaf-list that come before this one, the nearest first.
    pub(crate) fn earlier(&self) -> Box<dyn Iterator<Item = Cursor<'t>> + 't> {
        match (self.parent(), self.position()) {
            (Some(parent), Some((at, _))) if self.frame.is_stored() => {
                parent.entries_at(self.id(), (0..at).rev())
            }
            (Some(parent), Some((at, _))) => {
                let mut earlier: Vec<Cursor<'t>> = parent.instances(self.id()).take(at).collect();
                earlier.reverse();
                Box::new(earlier.into_iter())
            }
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The position of an entry among those of its list or leaf-list, from 0, and their number. O(log n).
    fn position(&self) -> Option<(usize, usize)> {
        match self.frame.place() {
            Place::Entry { node, list, at } => {
                let keys = || -> Vec<Value> { node.keys(list.key_count()).cloned().collect() };
                Some((at.or_else(|| list.position(&keys()))?, list.len()))
            }
            Place::LeafListEntry { value, list, at } => {
                Some((at.or_else(|| list.position(value))?, list.len()))
            }
            Place::DefaultEntry(_, at) => Some((*at, self.definition().defaults().len())),
            _ => None,
        }
    }

    /// The only instance of `id`, or the first of several.
    pub fn child(&self, id: SchemaId) -> Option<Cursor<'t>> {
        self.instances(id).next()
    }

    /// The entry of list `id` with these keys. O(log n).
    pub fn entry(&self, id: SchemaId, keys: &[Value]) -> Option<Cursor<'t>> {
        let (schema, _, node) = self.frame.inside()?;
        if !self.view.admits(schema, id) {
            return None;
        }
        let Content::List(list) = node?.get(id)? else {
            return None;
        };
        let node = list.get(keys)?;
        self.stored(
            schema,
            id,
            Place::Entry {
                node,
                list,
                at: None,
            },
        )
    }

    /// The entry of leaf-list `id` with this value. O(log n) unless defaults are in use.
    pub fn leaf_list_entry(&self, id: SchemaId, value: &Value) -> Option<Cursor<'t>> {
        let (schema, _, node) = self.frame.inside()?;
        if !self.view.admits(schema, id) {
            return None;
        }
        let Some(Content::LeafList(list)) = node.and_then(|node| node.get(id)) else {
            return self
                .instances(id)
                .find(|entry| entry.value() == Some(value));
        };
        let at = list.position(value)?;
        let value = list.nth(at)?;
        let at = Some(at);
        self.stored(schema, id, Place::LeafListEntry { value, list, at })
    }

    /// The child that a path step names.
    pub fn step(&self, step: &PathStep) -> Option<Cursor<'t>> {
        match &step.select {
            Select::None => self.child(step.node),
            Select::Keys(keys) => self.entry(step.node, keys),
            Select::Value(value) => self.leaf_list_entry(step.node, value),
            Select::Position(position) => {
                let at = usize::try_from(position.checked_sub(1)?).ok()?;
                self.instances(step.node).nth(at)
            }
        }
    }

    /// The instance at `path` from this node, through mount points. O(path, times log of the lists).
    pub fn find(&self, path: &InstancePath) -> Option<Cursor<'t>> {
        path.steps
            .iter()
            .try_fold(self.clone(), |cursor, step| cursor.step(step))
    }

    /// A stand-in for an absent child, on which its `when` can be evaluated (RFC 7950 7.21.5).
    pub fn dummy(&self, id: SchemaId) -> Option<Cursor<'t>> {
        let (schema, _, _) = self.frame.inside()?;
        Some(self.move_to(Frame::below(&self.frame, schema, id, Place::Dummy)))
    }

    /// The same node in the view that its own constraints have (RFC 7950 6.4.1): those on configuration see
    /// configuration alone.
    pub(crate) fn for_constraints(&self) -> Cursor<'t> {
        match self.view.configuration() {
            Some(view) if self.definition().config => Cursor::at(view, self.frame.clone()),
            _ => self.clone(),
        }
    }

    /// The text node of a leaf or leaf-list entry, unless its text is empty (XPath 1.0 section 5.7).
    pub fn text_node(&self) -> Option<Cursor<'t>> {
        if matches!(self.frame.place(), Place::Text) || self.frame.text().is_empty() {
            return None;
        }
        let frame = Frame::below(&self.frame, self.schema(), self.id(), Place::Text);
        Some(self.move_to(frame))
    }

    fn move_to(&self, frame: Rc<Frame<'t>>) -> Cursor<'t> {
        Cursor {
            view: self.view,
            frame,
        }
    }
}

/// Whether an absent instance of `id` may be in use all the same.
pub(crate) fn has_default(schema: &Schema, id: SchemaId) -> bool {
    let node = schema.node(id);
    match node.kind {
        NodeKind::Container => !node.presence && node.mount_point().is_none(),
        // RFC 7950 7.8.2: defaults of keys are ignored.
        NodeKind::Leaf => !node.defaults().is_empty() && !node.is_key,
        NodeKind::LeafList => !node.defaults().is_empty(),
        _ => false,
    }
}
