//! The state of reading a document that goes on after an error: the place reached, what is wrong so far, and the checks
//! of a node that hold in every format.
//!
//! Must not know any one format.

use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use crate::document::{Holds, ParseOptions};
use crate::error::{DataError, ErrorKind, Position};
use crate::input::{Broken, position};
use crate::known::only_configuration;
use crate::node::{Content, Node};
use crate::place::Place;

/// Reading ends here: the document is broken, or has too many errors. The errors are in the [`Reading`].
pub(crate) struct Stop;

/// See the module.
pub(crate) struct Reading<'o, 'a> {
    /// The document, or the part of it, that offsets are of.
    pub(crate) input: &'a str,
    pub(crate) options: &'o ParseOptions<'o>,
    /// What is wrong so far.
    pub(crate) errors: Vec<DataError>,
    /// Where the reader is.
    pub(crate) place: Place,
    /// What was wrong with the last node that was built, with offsets.
    faults: Vec<(DataError, usize)>,
}

impl<'o, 'a> Reading<'o, 'a> {
    pub(crate) fn new(
        schema: &Arc<Schema>,
        input: &'a str,
        options: &'o ParseOptions<'o>,
    ) -> Reading<'o, 'a> {
        Reading {
            input,
            options,
            errors: Vec::new(),
            place: Place::new(schema),
            faults: Vec::new(),
        }
    }

    /// Notes that the document cannot be read on.
    pub(crate) fn stop(&mut self, broken: Broken) -> Stop {
        let mut error = DataError::new(broken.kind, self.place.path_of(None), broken.message)
            .with_position(position(self.input.as_bytes(), broken.offset));
        error.help = broken.help;
        self.errors.push(error);
        Stop
    }

    /// Notes an error at an offset of the document.
    pub(crate) fn report(&mut self, error: DataError, offset: usize) -> Result<(), Stop> {
        let position = position(self.input.as_bytes(), offset);
        self.report_at(error, position)
    }

    /// Notes an error at a place of the document.
    pub(crate) fn report_at(&mut self, error: DataError, position: Position) -> Result<(), Stop> {
        self.errors.push(error.with_position(position));
        if self.errors.len() >= self.options.limits.errors {
            return Err(Stop);
        }
        Ok(())
    }

    /// Notes an error about the innermost node, or about its child.
    pub(crate) fn fail(
        &mut self,
        kind: ErrorKind,
        child: Option<SchemaId>,
        message: impl Into<String>,
        offset: usize,
    ) -> Result<(), Stop> {
        let error = DataError::new(kind, self.place.path_of(child), message);
        self.report(error, offset)
    }

    /// Builds the innermost node.
    pub(crate) fn pop(&mut self, schema: &Schema, id: SchemaId) -> Result<Node, Stop> {
        let mut faults = std::mem::take(&mut self.faults);
        let node = self.place.pop(schema, id, &mut faults);
        let reported = faults
            .drain(..)
            .try_for_each(|(error, offset)| self.report(error, offset));
        self.faults = faults;
        reported?;
        Ok(node)
    }

    /// Builds the innermost node, a container, and puts it into the one around it if it is stored.
    pub(crate) fn pop_container(&mut self, schema: &Schema, id: SchemaId) -> Result<(), Stop> {
        let stored = schema.node(id).presence || !self.place.top().is_empty();
        let node = self.pop(schema, id)?;
        if stored {
            self.place.top().put(id, Content::Container(node));
        } else {
            self.place.top().note_unstored(id);
        }
        Ok(())
    }

    /// Whether a child `id` of the innermost node may come: it is configuration where nothing else may stand, and
    /// does not come twice. The error is noted.
    pub(crate) fn may_come(
        &mut self,
        schema: &Schema,
        id: SchemaId,
        offset: usize,
    ) -> Result<bool, Stop> {
        let definition = schema.node(id);
        if self.options.holds == Holds::Config && !definition.config {
            let message = only_configuration(definition);
            self.fail(ErrorKind::NotConfig, Some(id), message, offset)?;
            return Ok(false);
        }
        let single = !matches!(definition.kind, NodeKind::List | NodeKind::LeafList);
        if single && self.place.top().has(id) {
            let keyword = definition.kind.keyword();
            let message = format!("the {keyword} {} is given twice", definition.name);
            self.fail(ErrorKind::Duplicate, Some(id), message, offset)?;
            return Ok(false);
        }
        Ok(true)
    }

    /// The schema of what is mounted at the innermost node, which is a mount point.
    pub(crate) fn mounted_schema(&self) -> Option<Arc<Schema>> {
        self.options.schema_at(&self.place.instance_path())
    }
}
