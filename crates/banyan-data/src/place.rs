//! The place that a parser has reached: the nodes that are open around it, through mount points.
//!
//! Knows paths, and builds each node when it is closed. Must not know any document format.

use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

use crate::assembly::{Assembly, Fault, Level, error_path, instance_path};
use crate::error::{DataError, ErrorPath};
use crate::node::{Content, Node};
use crate::path::InstancePath;
use crate::value::Value;

/// The open nodes, outermost first.
pub(crate) struct Place {
    /// The first `open` are open; the others keep their memory for later.
    levels: Vec<Assembly>,
    open: usize,
    /// From which level on which schema holds; the first is that of the document.
    schemas: Vec<(usize, Arc<Schema>)>,
    faults: Vec<Fault>,
}

impl Place {
    /// Outside of everything; [`Place::push`] comes before all else.
    pub(crate) fn new(schema: &Arc<Schema>) -> Self {
        Place {
            levels: Vec::new(),
            open: 0,
            schemas: vec![(0, schema.clone())],
            faults: Vec::new(),
        }
    }

    /// How many nodes are open.
    pub(crate) fn depth(&self) -> usize {
        self.open
    }

    /// Opens an instance of `id`.
    pub(crate) fn push(&mut self, id: SchemaId) {
        if self.open == self.levels.len() {
            self.levels.push(Assembly::default());
        }
        self.levels[self.open].begin(id);
        self.open += 1;
    }

    /// The innermost open node. A parser pushes the root before anything else, so there is one.
    pub(crate) fn top(&mut self) -> &mut Assembly {
        &mut self.levels[self.open - 1]
    }

    /// The schema node of the innermost open node.
    pub(crate) fn id(&self) -> SchemaId {
        let innermost = self.levels[..self.open].last();
        innermost
            .and_then(|assembly| assembly.id)
            .unwrap_or(SchemaId::ROOT)
    }

    /// Closes the innermost node and builds it. What is wrong with its children is added to `errors`, with
    /// offsets.
    pub(crate) fn pop(
        &mut self,
        schema: &Schema,
        id: SchemaId,
        errors: &mut Vec<(DataError, usize)>,
    ) -> Node {
        let mut faults = std::mem::take(&mut self.faults);
        let node = self.top().finish(schema, id, &mut faults);
        if !faults.is_empty() {
            // The finished node has taken the children: paths still need the keys.
            for slot in node.slots().iter().take(schema.node(id).keys().len()) {
                self.top().put(slot.id, slot.content.clone());
            }
        }
        for fault in faults.drain(..) {
            let (offset, path) = (fault.offset, self.path_of(fault.child));
            errors.push((fault.into_error(path), offset));
        }
        self.faults = faults;
        self.open -= 1;
        node
    }

    /// Closes the innermost node without building it.
    pub(crate) fn discard(&mut self) {
        self.open -= 1;
    }

    /// Notes a key of the innermost node, so that paths show it.
    pub(crate) fn note_key(&mut self, id: SchemaId, value: &Value) {
        self.top().put(id, Content::Leaf(value.clone()));
    }

    /// The value of a key of the innermost node, once noted.
    pub(crate) fn key(&self, id: SchemaId) -> Option<&Value> {
        self.levels[..self.open].last()?.value(id)
    }

    /// Goes into a mounted tree: its root is opened.
    pub(crate) fn enter_mount(&mut self, inner: Arc<Schema>) {
        self.schemas.push((self.open, inner));
        self.push(SchemaId::ROOT);
    }

    /// Comes back from it, its root closed.
    pub(crate) fn leave_mount(&mut self) {
        self.schemas.pop();
    }

    fn levels(&self) -> Vec<Level<'_>> {
        let mut levels = Vec::with_capacity(self.open);
        let mut schemas = self.schemas.iter().peekable();
        let mut schema = match schemas.next() {
            Some((_, schema)) => schema,
            None => return levels,
        };
        for (index, assembly) in self.levels[..self.open].iter().enumerate() {
            while let Some((_, inner)) = schemas.next_if(|(from, _)| *from <= index) {
                schema = inner;
            }
            let Some(id) = assembly.id else { continue };
            let keys = schema.node(id).keys().iter();
            levels.push(Level {
                schema,
                id,
                keys: keys
                    .map_while(|key| assembly.value(*key).cloned())
                    .collect(),
            });
        }
        levels
    }

    /// The path of the innermost node, or of its child, for messages.
    pub(crate) fn path_of(&self, child: Option<SchemaId>) -> ErrorPath {
        let mut levels = self.levels();
        if let (Some(id), Some((_, schema))) = (child, self.schemas.last()) {
            levels.push(Level {
                schema,
                id,
                keys: Vec::new(),
            });
        }
        error_path(&levels)
    }

    /// The name of a key that has not come at one of the levels.
    pub(crate) fn first_missing_key(&self) -> Option<Arc<str>> {
        self.levels().iter().find_map(|level| {
            let key = level.schema.node(level.id).keys().get(level.keys.len())?;
            Some(level.schema.node(*key).name.clone())
        })
    }

    /// The path of the innermost node.
    pub(crate) fn instance_path(&self) -> InstancePath {
        instance_path(&self.levels())
    }
}
