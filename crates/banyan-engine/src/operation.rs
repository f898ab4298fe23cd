//! Operations: what stands behind the RPCs and actions of modules, and the registry that finds it.
//!
//! The engine binds and checks input before the call and output after it; an operation sees trees only.

use std::collections::HashMap;
use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::message::{self, StartTag};
use banyan_data::path::InstancePath;
use banyan_yang::schema::{Schema, SchemaId};

use crate::backend::{BoxFuture, Call, Document, Encoding, Result};
use crate::engine::Engine;

/// One call of an RPC or action.
#[derive(Clone)]
pub struct OperationCall {
    /// Who calls, until when, and who listens to progress.
    pub call: Call,
    /// The schema that `node`, `target` and `input` belong to.
    pub schema: Arc<Schema>,
    /// The rpc or action node.
    pub node: SchemaId,
    /// For an action: the instance that it is called on (RFC 7950 7.15).
    pub target: Option<InstancePath>,
    /// The input, valid by its model; its root is the `input` node.
    pub input: Tree,
    /// The request, where it came from a front end: for what is no data in it, as prefixes and attributes are.
    pub document: Option<Document>,
    /// The engine that calls.
    pub engine: Engine,
}

impl OperationCall {
    /// The start tag of an element of the request, by the local names that lead to it, that of the operation first. `None`
    /// when there is none, or the request is not XML.
    pub fn start_tag(&self, way: &[&str]) -> Option<StartTag> {
        let document = self.document.as_ref()?;
        match document.encoding {
            Encoding::Xml => message::start_tag(&document.bytes, way),
            _ => None,
        }
    }
}

/// The implementation of an RPC or action.
pub trait Operation: Send + Sync {
    /// Runs it. The output's root is the operation's `output` node; the engine checks it against the model.
    fn call(&self, call: OperationCall) -> BoxFuture<'_, Result<Tree>>;
}

/// Which implementation stands behind which RPC or action, by schema path without choices and cases:
/// `/module:rpc-name`, `/module:container/list/action-name` (a module name again wherever it changes).
#[derive(Clone, Default)]
pub struct Operations {
    by_path: HashMap<String, Arc<dyn Operation>>,
}

impl Operations {
    /// Binds an RPC or action; returns `false`, and changes nothing, when the path is taken.
    pub fn bind(&mut self, path: impl Into<String>, operation: Arc<dyn Operation>) -> bool {
        match self.by_path.entry(path.into()) {
            std::collections::hash_map::Entry::Occupied(_) => false,
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(operation);
                true
            }
        }
    }

    /// The implementation of a node, if it has one.
    pub fn find(&self, schema: &Schema, node: SchemaId) -> Option<Arc<dyn Operation>> {
        self.by_path.get(&schema.path(node)).cloned()
    }

    /// All paths that are bound.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.by_path.keys().map(String::as_str)
    }
}
