//! The schemas that a store has been under: its epochs. Trees of one are brought to another here.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::document::{Encoding, Layout, Limits};
use banyan_data::path::{InstancePath, Mounts, PathStep};
use banyan_data::store::{self, Form};
use banyan_data::untyped::{Document, KnownModules};
use banyan_yang::schema::{Schema, SchemaId};

use super::fit;
use super::pins::{PinError, Pins};
use crate::backend;
use crate::backend::Result;
use crate::bind::{self, SharedMounts};
use crate::error::{BackendError, ErrorTag};
use crate::history;
use crate::log::{Record, RecordHead};

/// The schema that is loaded, and those before it.
pub(crate) struct Epochs {
    /// The schema that is loaded.
    pub loaded: Arc<Schema>,
    /// Who knows the schemas of mounted data, by paths of the loaded schema.
    pub mounts: SharedMounts,
    /// The others.
    pub pins: Pins,
}

/// Mounts of a schema that is not the loaded one: paths are translated by names.
struct Translated {
    from: Arc<Schema>,
    loaded: Arc<Schema>,
    inner: SharedMounts,
}

impl Mounts for Translated {
    fn schema_at(&self, path: &InstancePath) -> Option<Arc<Schema>> {
        let mut parent = SchemaId::ROOT;
        let mut steps = Vec::with_capacity(path.steps.len());
        for step in &path.steps {
            let node = self.from.node(step.node);
            let module = &self.from.module(node.module).name;
            let module = self.loaded.module_by_name(module)?;
            parent = self.loaded.data_child(parent, module, &node.name)?;
            steps.push(PathStep {
                node: parent,
                select: step.select.clone(),
            });
        }
        self.inner.schema_at(&InstancePath { steps })
    }
}

/// A tree as XML inside of `<config>`.
pub(crate) fn plain(tree: &Tree) -> Result<Vec<u8>> {
    let form = Form {
        encoding: Encoding::Xml,
        layout: Layout::Indented(3),
        modules: None,
        links: None,
    };
    let mut text = Vec::new();
    store::print(tree, &form, &mut text)
        .map_err(|error| BackendError::new(ErrorTag::OperationFailed, error.to_string()))?;
    Ok(text)
}

/// As a failure of whoever needs the set.
pub(crate) fn pin_failed(error: PinError) -> BackendError {
    BackendError::new(ErrorTag::OperationFailed, error.to_string())
}

impl Epochs {
    /// Who knows what is mounted in trees of a schema.
    pub fn mounts_of(&self, schema: &Arc<Schema>) -> SharedMounts {
        if schema.digest() == self.loaded.digest() {
            return self.mounts.clone();
        }
        Arc::new(Translated {
            from: schema.clone(),
            loaded: self.loaded.clone(),
            inner: self.mounts.clone(),
        })
    }

    /// The tree under another schema: what both accept. The same trees always give the same result, so a record that
    /// crosses schemas holds only what differs from it.
    ///
    /// # Errors
    /// The data cannot be read under it at all.
    pub fn rebind(&self, tree: &Tree, schema: &Arc<Schema>) -> Result<Tree> {
        if tree.schema().digest() == schema.digest() {
            return Ok(tree.clone());
        }
        let printed = backend::Document::xml(plain(tree)?);
        let mounts = self.mounts_of(schema);
        if let Ok(rebound) = bind::parse_config(schema, &printed, &mounts) {
            return Ok(bind::resolved(&rebound));
        }
        let mut modules = KnownModules::default();
        modules.add_schema(tree.schema());
        modules.add_schema(schema);
        let failed = |errors: Vec<banyan_data::DataError>| bind::data_errors(schema, errors);
        let mut document = Document::read(&printed.bytes, modules, &Limits::default())
            .map_err(|error| failed(vec![*error]))?;
        let mut aside = fit::Aside::default();
        let tree = fit::fit(&mut document, schema, &mounts, "", &mut aside).map_err(failed)?;
        Ok(bind::resolved(&tree))
    }

    /// The schema of a digest; the loaded one if the set is not kept: programs before this one kept none.
    ///
    /// # Errors
    /// The set is kept, and cannot be used.
    pub fn schema(&self, digest: &str) -> std::result::Result<Arc<Schema>, PinError> {
        match self.pins.schema(digest) {
            Err(PinError::Missing { .. }) => Ok(self.loaded.clone()),
            other => other,
        }
    }

    /// The schema that the state before a record is under.
    pub fn before(&self, head: &RecordHead) -> Result<Arc<Schema>> {
        let digest = super::upgraded_from(head).unwrap_or(&head.schema);
        self.schema(digest).map_err(pin_failed)
    }

    /// The schema that the state after a record is under.
    pub fn after(&self, head: &RecordHead) -> Result<Arc<Schema>> {
        self.schema(&head.schema).map_err(pin_failed)
    }

    /// Two trees under one schema, so that they can be compared: theirs, or the loaded one if they differ in it.
    ///
    /// # Errors
    /// One cannot be read under it.
    pub fn comparable(&self, one: Tree, other: Tree) -> Result<(Tree, Tree)> {
        if one.schema().digest() == other.schema().digest() {
            return Ok((one, other));
        }
        Ok((
            self.rebind(&one, &self.loaded)?,
            self.rebind(&other, &self.loaded)?,
        ))
    }

    /// The state after a record, from the one before it.
    ///
    /// # Errors
    /// The record does not fit the state, or its module set is not kept.
    pub fn forward(&self, tree: &Tree, record: &Record) -> Result<Tree> {
        let schema = self.after(&record.head)?;
        let tree = match history::begins_anew(&record.head) {
            true => Tree::empty(schema),
            false => self.rebind(tree, &schema)?,
        };
        let mounts = self.mounts_of(tree.schema());
        bind::apply_patch(&tree, &record.change, &mounts)
    }

    /// The state before a record, from the one after it.
    ///
    /// # Errors
    /// As [`Epochs::forward`]; and nothing leads back behind a record that stands on nothing.
    pub fn back(&self, tree: &Tree, record: &Record) -> Result<Tree> {
        if history::begins_anew(&record.head) {
            return Err(BackendError::new(
                ErrorTag::OperationFailed,
                format!(
                    "running before commit {0} is not known: it could not be rebuilt then, and commit {0} began anew; go back to that commit or a later one",
                    record.head.seq
                ),
            ));
        }
        let tree = self.rebind(tree, &self.before(&record.head)?)?;
        let mounts = self.mounts_of(tree.schema());
        bind::apply_patch(&tree, &record.reverse, &mounts)
    }
}
