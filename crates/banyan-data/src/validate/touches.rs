//! What a change touches, directly or through what it switches on or off, and where those are who read it.
//!
//! Shared by incremental validation and by [`settle`](super::settle()), which differ in what they do there.

use std::collections::HashSet;

use banyan_yang::schema::{Schema, SchemaId};

use super::dependencies::Manner;
use crate::change::{Change, Instance};
use crate::cursor::Cursor;
use crate::path::InstancePath;
use crate::view::case_chain;

/// Instances of a data node below `parent` that came, went or changed.
pub(super) struct Touched<'t> {
    parent: Cursor<'t>,
    pub(super) id: SchemaId,
    pub(super) manner: Manner,
}

impl<'t> Touched<'t> {
    /// The instance of `ancestor`, a schema node above, that they are in.
    pub(super) fn scope(&self, ancestor: SchemaId) -> Cursor<'t> {
        let mut scope = self.parent.clone();
        while scope.id() != ancestor {
            match scope.parent() {
                Some(parent) => scope = parent,
                None => break,
            }
        }
        scope
    }
}

/// What was touched and waits to be looked at; each once.
#[derive(Default)]
pub(super) struct Touches<'t> {
    open: Vec<Touched<'t>>,
    seen: HashSet<(InstancePath, SchemaId, Manner)>,
}

impl<'t> Touches<'t> {
    /// Notes instances of `id` below `parent`.
    pub(super) fn touch(&mut self, parent: &Cursor<'t>, id: SchemaId, manner: Manner) {
        if self.seen.insert((parent.path(), id, manner)) {
            self.open.push(Touched {
                parent: parent.clone(),
                id,
                manner,
            });
        }
    }

    /// Notes an instance that came, went or was replaced, and what that switches on or off beside it.
    pub(super) fn instance(
        &mut self,
        schema: &Schema,
        node: &Cursor<'t>,
        id: SchemaId,
        manner: Manner,
    ) {
        self.touch(node, id, manner);
        // RFC 7950 7.6.1, 7.9.3: data in one case switch the defaults of the others off, and their own on.
        if let Some(choice) = case_chain(schema, id).last()
            && let Some((_, parent, _)) = node.frame().inside()
        {
            for sibling in schema.data_children(parent).iter().copied() {
                if sibling != id && case_chain(schema, sibling).any(|above| above == choice) {
                    self.touch(node, sibling, Manner::Changed);
                }
            }
        }
    }

    /// The next one to be looked at.
    pub(super) fn next(&mut self) -> Option<Touched<'t>> {
        self.open.pop()
    }
}

/// The data nodes from below `scope` down to `bearer`; empty when they are the same, `None` when `bearer` is not
/// there (it belongs to an operation).
pub(super) fn way_down(
    schema: &Schema,
    scope: SchemaId,
    bearer: SchemaId,
) -> Option<Vec<SchemaId>> {
    let mut way = vec![bearer];
    while let Some(id) = way.last().copied().filter(|id| *id != scope) {
        way.push(schema.node(id).data_parent()?);
    }
    way.pop();
    way.reverse();
    Some(way)
}

/// The instances of a change that are there, or in use, after it.
pub(super) fn instances<'t>(node: &Cursor<'t>, change: &Change) -> Vec<Cursor<'t>> {
    match &change.instance {
        Instance::Single | Instance::Whole => node.instances(change.id).collect(),
        Instance::Entry(keys) => node.entry(change.id, keys).into_iter().collect(),
        Instance::Value(value) => node.leaf_list_entry(change.id, value).into_iter().collect(),
    }
}
