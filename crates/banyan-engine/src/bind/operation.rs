//! RPCs and actions: their calls bound to the schema, their input and output checked and printed.

use std::sync::Arc;

use banyan_data::document::{Encoding as Form, Holds, Layout, PrintOptions};
use banyan_data::operation::{self, Invocation};
use banyan_data::path::InstancePath;
use banyan_data::validate::{self, Options};
use banyan_data::view::Scope;
use banyan_data::{ErrorKind, Node, Tree, json};
use banyan_yang::schema::{NodeKind, Schema, SchemaId};
use bytes::Bytes;

use super::report::{data_errors, print_error, refused};
use super::{SharedMounts, document};
use crate::backend::{Document, Encoding, Result};
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};

/// A call that is bound to the schema.
pub(crate) struct Bound {
    /// The rpc or action.
    pub node: SchemaId,
    /// The instance that an action is called on.
    pub target: Option<InstancePath>,
    /// The input.
    pub input: Tree,
}

/// Reads a call: the element of an rpc, or `action` (RFC 7950 7.15.2); in JSON an object with one member.
pub(crate) fn parse_operation(
    schema: &Arc<Schema>,
    document: &Document,
    running: &Tree,
    mounts: &SharedMounts,
) -> Result<Bound> {
    let options = document::reading(Holds::All, mounts);
    let bytes = &document.bytes;
    let invocation = match document.encoding {
        Encoding::Xml if is_action(bytes) => operation::parse_action(schema, bytes, &options),
        Encoding::Xml => operation::parse_rpc(schema, Form::Xml, bytes, &options),
        Encoding::Json => operation::parse_rpc(schema, Form::Json, bytes, &options),
        Encoding::Text | Encoding::Set => {
            return Err(refused(
                ErrorKind::Malformed,
                "an operation must be XML or JSON",
            ));
        }
    }
    .map_err(|errors| data_errors(schema, errors))?;
    bound(invocation, running)
}

/// Whether the document element is the `action` of RFC 7950 7.15.2.
fn is_action(bytes: &[u8]) -> bool {
    const BASE: &[u8] = b"urn:ietf:params:xml:ns:yang:1";
    let Some(start) = bytes
        .windows(2)
        .position(|pair| pair[0] == b'<' && !matches!(pair[1], b'?' | b'!'))
    else {
        return false;
    };
    let tag = &bytes[start + 1..];
    let tag = &tag[..tag
        .iter()
        .position(|byte| *byte == b'>')
        .unwrap_or(tag.len())];
    let name = tag
        .split(|byte| byte.is_ascii_whitespace() || *byte == b'/')
        .next()
        .unwrap_or_default();
    let local = name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
    local == b"action" && tag.windows(BASE.len()).any(|window| window == BASE)
}

/// An action needs its instance (RFC 7950 7.15).
fn bound(invocation: Invocation, running: &Tree) -> Result<Bound> {
    let Invocation { path, id, content } = invocation;
    let action = content.schema().node(id).kind == NodeKind::Action;
    if !action {
        return Ok(Bound {
            node: id,
            target: None,
            input: content,
        });
    }
    // A container without presence is there whether or not it is stored (RFC 7950 7.5.1).
    let stored = path
        .steps
        .iter()
        .rposition(|step| step.select != banyan_data::path::Select::None)
        .map_or(0, |last| last + 1);
    let entry = InstancePath {
        steps: path.steps[..stored].to_vec(),
    };
    if running.get(&entry).is_none() {
        let mut report = Report::new(
            ErrorLayer::Application,
            ErrorTag::DataMissing,
            format!(
                "{} is called on an instance that running does not have",
                content.schema().path(id)
            ),
        );
        report.path =
            banyan_data::path::json::print(running.schema(), &path, running).map(Arc::from);
        return Err(report.into());
    }
    Ok(Bound {
        node: id,
        target: Some(path),
        input: content,
    })
}

/// Finds an operation by `module:rpc`, or by the path of an instance followed by an action's name, and
/// reads its input from JSON.
pub(crate) fn operation_by_name(
    running: &Tree,
    name: &str,
    input: &str,
    mounts: &SharedMounts,
) -> Result<Bound> {
    let schema = running.schema();
    let name = name.trim();
    let unknown = |why: String| BackendError::new(ErrorTag::OperationNotSupported, why);
    let rpc = name.trim_start_matches('/');
    let found = if rpc.contains(['/', '{', '[', '=']) {
        None
    } else {
        rpc_named(schema, rpc)
    };
    let (node, path) = match found {
        Some(node) => (node, InstancePath::default()),
        None => {
            let (instance, action) = name
                .rsplit_once(['/', ' '])
                .filter(|(instance, _)| !instance.is_empty())
                .ok_or_else(|| unknown(format!("the loaded modules have no rpc {name}")))?;
            let path = super::parse_path(running, instance, mounts)?;
            let node = action_below(running, &path, action)
                .ok_or_else(|| unknown(format!("{instance} has no action {action}")))?;
            (node.1, InstancePath { steps: path.steps })
        }
    };
    let schema = operation_schema(running, &path);
    let part = operation::input(&schema, node)
        .ok_or_else(|| unknown(format!("{name} is no operation")))?;
    let options = document::reading(Holds::All, mounts);
    let content =
        operation::parse_parameters(&schema, part, Form::Json, input.as_bytes(), &options)
            .map_err(|errors| data_errors(&schema, errors))?;
    bound(
        Invocation {
            path,
            id: node,
            content,
        },
        running,
    )
}

fn rpc_named(schema: &Schema, name: &str) -> Option<SchemaId> {
    match name.split_once(':') {
        Some((module, local)) => schema.rpc(schema.module_by_name(module)?, local),
        // Without a module: where only one has it.
        None => {
            let mut found = schema
                .modules()
                .filter_map(|(module, _)| schema.rpc(module, name));
            let first = found.next()?;
            found.next().is_none().then_some(first)
        }
    }
}

/// The schema that the last step of a path leads into.
pub(crate) fn operation_schema(running: &Tree, path: &InstancePath) -> Arc<Schema> {
    use banyan_data::document::Mounts;
    let mut schema = running.schema().clone();
    for depth in 1..=path.steps.len() {
        let above = InstancePath {
            steps: path.steps[..depth].to_vec(),
        };
        if let Some(below) = running.schema_at(&above) {
            schema = below;
        }
    }
    schema
}

fn action_below(
    running: &Tree,
    path: &InstancePath,
    name: &str,
) -> Option<(Arc<Schema>, SchemaId)> {
    let schema = operation_schema(running, path);
    let parent = path.steps.last()?.node;
    let local = name.rsplit(':').next().unwrap_or(name);
    let node = schema.children(parent).iter().copied().find(|child| {
        let child = schema.node(*child);
        child.kind == NodeKind::Action && *child.name == *local
    })?;
    Some((schema, node))
}

/// Checks the input of an operation, before it is called on `target`.
pub(crate) fn check_input(
    input: &Tree,
    running: &Tree,
    target: Option<&InstancePath>,
) -> Result<()> {
    check(input, running, target)
}

/// Checks the output of an operation; what is wrong is the operation's fault, not the caller's.
pub(crate) fn check_output(
    output: &Tree,
    running: &Tree,
    target: Option<&InstancePath>,
) -> Result<()> {
    check(output, running, target).map_err(|error| {
        let mut reports = vec![Report::new(
            ErrorLayer::Application,
            ErrorTag::OperationFailed,
            "the operation has run, but its output breaks the model",
        )];
        reports.extend(error.reports);
        BackendError { reports }
    })
}

fn check(parameters: &Tree, running: &Tree, target: Option<&InstancePath>) -> Result<()> {
    let root = InstancePath::default();
    let options = Options {
        scope: Scope::All,
        datastore: Some((running, target.unwrap_or(&root))),
        ..Options::default()
    };
    let report = validate::full(parameters, &options);
    if report.is_valid() {
        return Ok(());
    }
    Err(data_errors(parameters.schema(), report.errors))
}

/// Prints an output: the parameters one after the other (XML), or one object (JSON); empty when there are none.
pub(crate) fn print_output(output: &Tree, encoding: Encoding, layout: Layout) -> Result<Bytes> {
    if output.root().slots().is_empty() {
        return Ok(Bytes::new());
    }
    let mut bytes = Vec::new();
    super::print(
        output,
        &banyan_data::in_use::InUse,
        encoding,
        crate::backend::WithDefaults::Explicit,
        true,
        layout,
        &mut bytes,
    )?;
    Ok(bytes.into())
}

/// Parameters as one JSON object with qualified names at its top, defaults in use included.
pub(crate) fn to_json(parameters: &Tree) -> Result<serde_json::Value> {
    let in_use = banyan_data::in_use::InUse;
    let options = PrintOptions {
        defaults: banyan_data::document::WithDefaults::ReportAll,
        unstored: Some(&in_use),
        ..PrintOptions::default()
    };
    let mut bytes = Vec::new();
    json::print(parameters, &options, &mut bytes).map_err(print_error)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        BackendError::new(
            ErrorTag::OperationFailed,
            format!("the input cannot be printed as JSON: {error}"),
        )
    })
}

/// Data as one JSON object (RFC 7951), without defaults.
pub(crate) fn tree_to_json(tree: &Tree) -> Result<serde_json::Value> {
    let mut bytes = Vec::new();
    json::print(tree, &PrintOptions::default(), &mut bytes).map_err(print_error)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        BackendError::new(
            ErrorTag::OperationFailed,
            format!("data cannot be printed as JSON: {error}"),
        )
    })
}

/// Reads an operation's output from JSON; nothing but blanks is an empty one.
pub(crate) fn output_from_json(schema: &Arc<Schema>, node: SchemaId, bytes: &[u8]) -> Result<Tree> {
    let Some(part) = operation::output(schema, node) else {
        return Err(BackendError::new(
            ErrorTag::OperationFailed,
            format!("{} has no output", schema.path(node)),
        ));
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Tree::new(schema.clone(), Node::empty(part)));
    }
    let options = banyan_data::document::ParseOptions::default();
    operation::parse_parameters(schema, part, Form::Json, bytes, &options)
        .map_err(|errors| data_errors(schema, errors))
}

/// Replaces what no value of type string can hold (RFC 7950 9.4) in what we say ourselves: texts of programs, of the
/// system and of old records are in it.
pub(crate) fn printable(json: &mut serde_json::Value) {
    let wrong = |it: char| {
        it < ' ' && !matches!(it, '\t' | '\n' | '\r')
            || matches!(it, '\u{FDD0}'..='\u{FDEF}')
            || it as u32 & 0xFFFE == 0xFFFE
    };
    match json {
        serde_json::Value::String(text) if text.contains(wrong) => {
            *text = text.replace(wrong, "\u{FFFD}");
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(printable),
        serde_json::Value::Object(members) => members.values_mut().for_each(printable),
        _ => {}
    }
}

/// Reads our own state from JSON.
pub(crate) fn state_from_json(schema: &Arc<Schema>, state: &serde_json::Value) -> Result<Tree> {
    let mut state = state.clone();
    printable(&mut state);
    state_from_bytes(schema, state.to_string().as_bytes())
}

/// Reads state from JSON; nothing but blanks is no state.
pub(crate) fn state_from_bytes(schema: &Arc<Schema>, bytes: &[u8]) -> Result<Tree> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Tree::empty(schema.clone()));
    }
    let options = banyan_data::document::ParseOptions::default();
    json::parse_data(schema, bytes, &options).map_err(|errors| data_errors(schema, errors))
}

/// A notification of the top level, given as RFC 7951 JSON, as a document.
///
/// # Errors
/// The schema does not have it, or not so.
pub(crate) fn notification_from_json(
    schema: &Arc<Schema>,
    notification: &serde_json::Value,
    encoding: Encoding,
) -> Result<Document> {
    let options = banyan_data::document::ParseOptions::default();
    let bytes = notification.to_string();
    let bound = operation::parse_notification(schema, Form::Json, bytes.as_bytes(), &options)
        .map_err(|errors| data_errors(schema, errors))?;
    if encoding == Encoding::Json {
        return Ok(Document::json(bytes));
    }
    let mut out = Vec::new();
    operation::print_invocation(
        schema,
        &bound,
        Form::Xml,
        &PrintOptions::default(),
        &mut out,
    )
    .map_err(print_error)?;
    Ok(Document::xml(out))
}
