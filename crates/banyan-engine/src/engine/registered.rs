//! What an engine is made of, checked against the modules: operations, participants, providers, rules of access control.
//! None of it needs the datastores.

use std::collections::HashSet;
use std::sync::Arc;

use super::build::EngineBuilder;
use super::start::StartError;
use crate::access::Access;
use crate::files::{DiskFiles, Files};
use crate::operation::Operations;
use crate::provider::Source;
use crate::system;

impl EngineBuilder {
    /// Whether what was given goes together and with the modules: options, operations, participants, providers, and the
    /// file of the rules of access control. It looks at no datastore, so an engine may use the directory meanwhile.
    ///
    /// # Errors
    /// As [`EngineBuilder::open`]; the first that is found.
    pub fn check(&self) -> Result<(), StartError> {
        self.stores.check()?;
        self.bound()?;
        self.sources()?;
        self.streams.check().map_err(StartError::Registration)?;
        let files: Arc<dyn Files> = match &self.seams {
            Some(seams) => seams.files.clone(),
            None => Arc::new(DiskFiles),
        };
        self.rules(&*files).map(drop)
    }

    /// The operations, each known to the schema and bound once; our own come first.
    pub(super) fn bound(&self) -> Result<Operations, StartError> {
        let mut operations = Operations::default();
        let paths = self.schema.nodes().filter_map(|(id, node)| {
            use banyan_yang::schema::NodeKind::{Action, Rpc};
            matches!(node.kind, Rpc | Action).then(|| self.schema.path(id))
        });
        let known: HashSet<String> = paths.collect();
        for (path, operation) in system::operations() {
            if known.contains(path) {
                operations.bind(path, operation);
            }
        }
        for (path, operation) in &self.operations {
            if !known.contains(path) {
                return Err(StartError::Registration(format!(
                    "the loaded modules have no rpc or action {path}; correct the path, or load the module"
                )));
            }
            if !operations.bind(path.clone(), operation.clone()) {
                return Err(StartError::Registration(format!(
                    "{path} is bound twice; remove one of the bindings"
                )));
            }
        }
        let mut names = HashSet::new();
        for participant in &self.participants {
            if !names.insert(participant.name()) {
                return Err(StartError::Registration(format!(
                    "two participants are called {}",
                    participant.name()
                )));
            }
        }
        Ok(operations)
    }

    /// The providers, each bound to what it provides.
    pub(super) fn sources(&self) -> Result<Vec<Source>, StartError> {
        let bound = self
            .providers
            .iter()
            .map(|provider| Source::new(provider.clone(), &self.schema));
        let sources: Result<Vec<Source>, String> = bound.collect();
        sources.map_err(StartError::Registration)
    }

    /// Access control, with the rules of its file where it has one.
    pub(super) fn rules(&self, files: &dyn Files) -> Result<Access, StartError> {
        Access::open(self.access.clone(), files, &self.schema, &self.mounts)
    }
}
