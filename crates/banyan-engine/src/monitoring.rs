//! State about the server itself: which modules it has (RFC 6022 2.1.3, RFC 8525).
//!
//! Made from the schema once; a read costs a reference count.

use std::fmt::Write;
use std::sync::Arc;

use banyan_data::document::ParseOptions;
use banyan_data::{Tree, xml};
use banyan_yang::schema::{Module, Schema};

use crate::backend::{BoxFuture, Result};
use crate::error::{BackendError, ErrorTag};
use crate::provider::{Provider, StateRequest};

const MONITORING: &str = "/ietf-netconf-monitoring:netconf-state/schemas";
const LIBRARY: &str = "/ietf-yang-library:yang-library";

/// Provides `netconf-state/schemas` and `yang-library`, as far as the schema implements their modules.
pub struct SchemaState {
    covers: Vec<String>,
    state: Tree,
}

impl SchemaState {
    /// The state of a schema.
    ///
    /// # Errors
    /// The modules on the user's path give these nodes another form than the standards do.
    pub fn new(schema: &Arc<Schema>) -> Result<SchemaState> {
        let implements = |name: &str| {
            schema
                .module_by_name(name)
                .is_some_and(|id| schema.module(id).implemented)
        };
        let mut covers = Vec::new();
        let mut document = String::new();
        if implements("ietf-netconf-monitoring") {
            covers.push(MONITORING.to_owned());
            push_schemas(schema, &mut document);
        }
        if implements("ietf-yang-library") {
            covers.push(LIBRARY.to_owned());
            push_library(schema, &mut document);
        }
        let state = xml::parse_data(schema, document.as_bytes(), &ParseOptions::default()).map_err(|errors| {
            let reasons: Vec<String> = errors.iter().map(ToString::to_string).collect();
            BackendError::new(
                ErrorTag::OperationFailed,
                format!("the modules that describe the server's schema are not the standard ones: {}", reasons.join("; ")),
            )
        })?;
        Ok(SchemaState { covers, state })
    }
}

impl Provider for SchemaState {
    fn name(&self) -> &str {
        "schema"
    }

    fn covers(&self) -> Vec<String> {
        self.covers.clone()
    }

    fn read(&self, _: StateRequest) -> BoxFuture<'_, Result<Tree>> {
        Box::pin(std::future::ready(Ok(self.state.clone())))
    }
}

/// The content-id of a module set (RFC 8525 3): equal ids, equal sets.
pub fn content_id(schema: &Schema) -> String {
    schema.digest()[..16]
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// An element with text; names and dates of YANG need no escapes, namespaces may.
fn element(name: &str, text: &str, out: &mut String) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = write!(out, "<{name}>{text}</{name}>");
}

fn push_schemas(schema: &Schema, out: &mut String) {
    out.push_str(
        "<netconf-state xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring\"><schemas>",
    );
    let mut entry = |name: &str, revision: Option<&str>, namespace: &str| {
        out.push_str("<schema>");
        element("identifier", name, out);
        element("version", revision.unwrap_or_default(), out);
        // An unprefixed identity is one of the module's own (RFC 7950 9.10.3).
        out.push_str("<format>yang</format>");
        element("namespace", namespace, out);
        out.push_str("<location>NETCONF</location></schema>");
    };
    for (_, module) in schema.modules() {
        entry(&module.name, module.revision.as_deref(), &module.namespace);
        for submodule in &module.submodules {
            entry(
                &submodule.name,
                submodule.revision.as_deref(),
                &module.namespace,
            );
        }
    }
    out.push_str("</schemas></netconf-state>");
}

fn push_library(schema: &Schema, out: &mut String) {
    out.push_str(
        "<yang-library xmlns=\"urn:ietf:params:xml:ns:yang:ietf-yang-library\" \
         xmlns:ds=\"urn:ietf:params:xml:ns:yang:ietf-datastores\"><module-set><name>all</name>",
    );
    for (_, module) in schema.modules().filter(|(_, module)| module.implemented) {
        out.push_str("<module>");
        push_module(module, out);
        for feature in &module.features {
            element("feature", feature, out);
        }
        for deviation in &module.deviated_by {
            element("deviation", &schema.module(*deviation).name, out);
        }
        out.push_str("</module>");
    }
    for (_, module) in schema.modules().filter(|(_, module)| !module.implemented) {
        out.push_str("<import-only-module>");
        push_module(module, out);
        if module.revision.is_none() {
            // The revision is a key here; an empty one stands for none.
            element("revision", "", out);
        }
        out.push_str("</import-only-module>");
    }
    out.push_str("</module-set><schema><name>all</name><module-set>all</module-set></schema>");
    for datastore in ["running", "candidate", "startup", "intended", "operational"] {
        let _ = write!(
            out,
            "<datastore><name>ds:{datastore}</name><schema>all</schema></datastore>"
        );
    }
    element("content-id", &content_id(schema), out);
    out.push_str("</yang-library>");
}

fn push_module(module: &Module, out: &mut String) {
    element("name", &module.name, out);
    if let Some(revision) = &module.revision {
        element("revision", revision, out);
    }
    element("namespace", &module.namespace, out);
    for submodule in &module.submodules {
        out.push_str("<submodule>");
        element("name", &submodule.name, out);
        if let Some(revision) = &submodule.revision {
            element("revision", revision, out);
        }
        out.push_str("</submodule>");
    }
}
