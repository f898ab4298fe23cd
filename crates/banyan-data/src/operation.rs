//! What rpcs, actions and notifications carry (RFC 7950 7.14 to 7.16), read and printed in either encoding.
//!
//! Input, output and notification content are trees whose root is the `Input`, `Output` or `Notification`
//! node of the schema. Must not know the messages around them (`<rpc>`, `<rpc-reply>`, `<notification>`).

use std::io;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use crate::document::{Encoding, Holds, ParseOptions, PrintOptions};
use crate::error::DataError;
use crate::node::Tree;
use crate::path::InstancePath;
use crate::{json, message, xml};

/// An rpc or action that is called, or a notification that is sent.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The instance that the action or notification belongs to; empty for an rpc and a top-level
    /// notification. Beyond a mount point its ids are those of the mounted schema.
    pub path: InstancePath,
    /// The `rpc`, `action` or `notification` node, in the schema of `content`.
    pub id: SchemaId,
    /// The input, or the notification's content.
    pub content: Tree,
}

/// The `input` of an rpc or action; the compiler makes one for each.
pub fn input(schema: &Schema, operation: SchemaId) -> Option<SchemaId> {
    part(schema, operation, NodeKind::Input)
}

/// The `output` of an rpc or action; the compiler makes one for each.
pub fn output(schema: &Schema, operation: SchemaId) -> Option<SchemaId> {
    part(schema, operation, NodeKind::Output)
}

fn part(schema: &Schema, operation: SchemaId, kind: NodeKind) -> Option<SchemaId> {
    let children = &schema.children(operation);
    children
        .iter()
        .copied()
        .find(|child| schema.node(*child).kind == kind)
}

/// Whether a document holds configuration has no meaning for an operation.
fn without_config<'a>(options: &ParseOptions<'a>) -> ParseOptions<'a> {
    ParseOptions {
        holds: Holds::All,
        ..*options
    }
}

/// Reads the call of an rpc: `<ping xmlns="..."><to>...</to></ping>`, or `{"net:ping": {"to": ...}}`.
///
/// # Errors
/// The schema has no such rpc, or the input is wrong.
pub fn parse_rpc(
    schema: &Arc<Schema>,
    encoding: Encoding,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Invocation, Vec<DataError>> {
    let options = without_config(options);
    match encoding {
        Encoding::Xml => xml::parse_invocation(schema, NodeKind::Rpc, bytes, &options),
        Encoding::Json => json::parse_invocation(schema, NodeKind::Rpc, bytes, &options),
    }
}

/// Reads the call of an action: the `<action>` element of RFC 7950 7.15.2, or its content. The way down to the
/// action may hold keys and nothing else. (JSON has no such form: a RESTCONF path names the action.)
///
/// # Errors
/// The schema has no such action, a key on the way is missing, or the input is wrong.
pub fn parse_action(
    schema: &Arc<Schema>,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Invocation, Vec<DataError>> {
    xml::parse_invocation(schema, NodeKind::Action, bytes, &without_config(options))
}

/// Reads the content of a notification: its own element beside `eventTime`, which for a notification inside of
/// data is the way down to it (RFC 7950 7.16.2); in JSON top-level notifications only.
///
/// # Errors
/// The schema has no such notification, or the content is wrong.
pub fn parse_notification(
    schema: &Arc<Schema>,
    encoding: Encoding,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Invocation, Vec<DataError>> {
    let options = without_config(options);
    match encoding {
        Encoding::Xml => xml::parse_invocation(schema, NodeKind::Notification, bytes, &options),
        Encoding::Json => json::parse_invocation(schema, NodeKind::Notification, bytes, &options),
    }
}

/// Reads the input or output (`part` is that node) of an rpc or action: the elements one after the other, or
/// a JSON object with the parameters, which may stand in one member `input` or `output` (RFC 8040 3.6).
///
/// # Errors
/// A parameter is wrong.
pub fn parse_parameters(
    schema: &Arc<Schema>,
    part: SchemaId,
    encoding: Encoding,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Tree, Vec<DataError>> {
    let options = without_config(options);
    match encoding {
        Encoding::Xml => xml::parse_parameters(schema, part, bytes, &options),
        Encoding::Json => json::parse_parameters(schema, part, bytes, &options),
    }
}

/// Prints the input or output of an rpc or action: the elements one after the other, or a JSON object with the
/// one member `module:input` or `module:output`.
///
/// # Errors
/// Those of the writer.
pub fn print_parameters(
    parameters: &Tree,
    encoding: Encoding,
    options: &PrintOptions<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match encoding {
        Encoding::Xml => xml::print(parameters, options, out),
        Encoding::Json => json::print_named(parameters, parameters.root().id(), options, out),
    }
}

/// Prints an invocation as [`parse_rpc`], [`parse_action`] and [`parse_notification`] read it; for an action with
/// the element `<action>` around. `around` is the schema in which the path begins.
///
/// # Errors
/// Those of the writer. `InvalidInput` for an action in JSON, which has no form for it. A notification inside of data is
/// printed with the way down to it, as RFC 7950 7.16.2 has it in XML.
pub fn print_invocation(
    around: &Arc<Schema>,
    invocation: &Invocation,
    encoding: Encoding,
    options: &PrintOptions<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match encoding {
        Encoding::Xml => xml::print_invocation(around, invocation, options, out),
        Encoding::Json if invocation.path.steps.is_empty() => {
            json::print_named(&invocation.content, invocation.id, options, out)
        }
        Encoding::Json if is_notification(invocation) => {
            json::print(&message::in_place(around, invocation), options, out)
        }
        Encoding::Json => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "JSON has no form for an action: print its parameters, and name it by a path",
        )),
    }
}

fn is_notification(invocation: &Invocation) -> bool {
    let schema = invocation.content.schema();
    schema.node(invocation.id).kind == NodeKind::Notification
}

#[cfg(test)]
mod tests;
