//! The way from the root down to where a recursive walk stands, kept on the call stack.
//!
//! Nodes know no path; a walk that may fail carries this, and a path is built only when one is asked for.

use banyan_yang::schema::{Schema, SchemaId};

use super::Select;
use super::json::write_step;
use crate::error::ErrorPath;
use crate::value::Value;

/// One step of the way, linked to those above.
#[derive(Clone, Copy)]
pub(crate) struct Trail<'a> {
    above: Option<&'a Trail<'a>>,
    /// The schema of `id`.
    pub(crate) schema: &'a Schema,
    pub(crate) id: SchemaId,
    /// The schema of the children: another one at a mount point only.
    pub(crate) inside: &'a Schema,
    which: Which<'a>,
    /// Steps from the root.
    pub(crate) depth: usize,
}

/// Which instance a step means.
#[derive(Clone, Copy)]
pub(crate) enum Which<'a> {
    /// The only one.
    Only,
    /// The list entry with these keys.
    Keys(&'a [Value]),
    /// The leaf-list entry of this value.
    Value(&'a Value),
}

impl<'a> Trail<'a> {
    /// The root of a tree, or of the input or output of an operation.
    pub(crate) fn root(schema: &'a Schema, id: SchemaId) -> Self {
        Trail {
            above: None,
            schema,
            id,
            inside: schema,
            which: Which::Only,
            depth: 0,
        }
    }

    /// A child of where the walk stands.
    pub(crate) fn below(&'a self, id: SchemaId, which: Which<'a>) -> Self {
        Trail {
            above: Some(self),
            schema: self.inside,
            id,
            inside: self.inside,
            which,
            depth: self.depth + 1,
        }
    }

    /// The same place, a mount point: what is below belongs to `schema`.
    pub(crate) fn mounting(self, schema: &'a Schema) -> Self {
        Trail {
            inside: schema,
            ..self
        }
    }

    fn steps(&self) -> Vec<&Trail<'a>> {
        let mut steps = Vec::with_capacity(self.depth);
        let mut at = Some(self);
        while let Some(step) = at {
            if step.above.is_some() {
                steps.push(step);
            }
            at = step.above;
        }
        steps.reverse();
        steps
    }

    /// The path as messages and protocols show it.
    pub(crate) fn error_path(&self) -> ErrorPath {
        let mut text = String::new();
        let mut module = None;
        for step in self.steps() {
            let select = step.which.select();
            write_step(&mut text, step.schema, &mut module, step.id, &select);
        }
        ErrorPath(text.into())
    }
}

impl Which<'_> {
    fn select(self) -> Select {
        match self {
            Which::Only => Select::None,
            Which::Keys([]) => Select::None,
            Which::Keys(keys) => Select::Keys(keys.to_vec()),
            Which::Value(value) => Select::Value(value.clone()),
        }
    }
}
