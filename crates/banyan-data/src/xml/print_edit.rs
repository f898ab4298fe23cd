//! An edit as the content of an edit-config: operations where they differ from the parent's, and places.

use std::io;

use banyan_yang::schema::{ModuleId, NodeKind, Schema};

use super::edit::{NETCONF, YANG};
use super::tags::Tags;
use crate::document::Layout;
use crate::edit::{Edit, EditContent, EditNode, Insert, Operation};
use crate::lexical::{Style, canonical, print_keys};
use crate::value::Value;

/// Prints the content of `<config>` for an edit. The operation of the edit's root is not in it: it is the
/// request's `default-operation`.
///
/// # Errors
/// Those of the writer.
pub fn print_edit(edit: &Edit, layout: Layout, out: &mut dyn io::Write) -> io::Result<()> {
    let mut tags = Tags::new(out, layout);
    if let EditContent::Container(nodes) = &edit.root.content {
        for node in nodes {
            print_node(&mut tags, &edit.schema, node, None, edit.root.operation)?;
        }
    }
    tags.finish()
}

/// Prints an edit as [`print_edit`] does, inside of the `config` element of an edit-config.
///
/// # Errors
/// Those of the writer.
pub fn print_edit_wrapped(edit: &Edit, layout: Layout, out: &mut dyn io::Write) -> io::Result<()> {
    let mut tags = Tags::new(out, layout);
    tags.begin_named("config", NETCONF)?;
    tags.end_open()?;
    if let EditContent::Container(nodes) = &edit.root.content {
        for node in nodes {
            print_node(&mut tags, &edit.schema, node, None, edit.root.operation)?;
        }
    }
    tags.close("config")?;
    tags.finish()
}

/// The value of the attribute `operation` (RFC 6241 7.2).
fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::Merge => "merge",
        Operation::Replace => "replace",
        Operation::Create => "create",
        Operation::Delete => "delete",
        Operation::Remove => "remove",
        Operation::None => "none",
    }
}

fn print_node(
    tags: &mut Tags<'_>,
    schema: &Schema,
    node: &EditNode,
    outer: Option<ModuleId>,
    inherited: Operation,
) -> io::Result<()> {
    let definition = schema.node(node.id);
    tags.begin(schema, node.id, outer)?;
    declarations(tags, schema, node)?;
    // The attribute has no value for passing through: only a default-operation can be none (RFC 6241 7.2). To merge
    // nothing of one's own comes to the same where the node is there.
    let operation = match (node.operation, inherited) {
        (Operation::None, Operation::Merge) => Operation::Merge,
        (operation, _) => operation,
    };
    if operation != inherited {
        tags.attribute("xmlns:nc", NETCONF)?;
        tags.attribute("nc:operation", name(operation))?;
    }
    if let Some(insert) = &node.insert {
        place(tags, schema, node, insert)?;
    }
    let value = |tags: &mut Tags<'_>, value: Option<&Value>| match (&definition.ty, value) {
        (Some(ty), Some(value)) => tags.value(schema, ty, &definition.name, value),
        _ => tags.end_empty(),
    };
    match &node.content {
        EditContent::Leaf(leaf) => value(tags, leaf.as_ref()),
        EditContent::LeafListEntry(entry) => value(tags, Some(entry)),
        EditContent::Whole | EditContent::Any(None) => tags.end_empty(),
        EditContent::Any(Some(any)) => tags.verbatim(&definition.name, &any.to_xml(schema)),
        EditContent::Container(nodes) => {
            let outer = Some(definition.module);
            children(tags, schema, (node, operation), &[], nodes, outer)
        }
        EditContent::Entry(keys, nodes) => {
            let outer = Some(definition.module);
            children(tags, schema, (node, operation), keys, nodes, outer)
        }
        EditContent::Mount(inner, nodes) => {
            if nodes.is_empty() {
                return tags.end_empty();
            }
            tags.end_open()?;
            for child in nodes {
                print_node(tags, inner, child, None, operation)?;
            }
            tags.close(&definition.name)
        }
    }
}

/// The rest of the element of `node`, whose tag has begun: keys, then the other children.
fn children(
    tags: &mut Tags<'_>,
    schema: &Schema,
    (node, operation): (&EditNode, Operation),
    keys: &[Value],
    nodes: &[EditNode],
    outer: Option<ModuleId>,
) -> io::Result<()> {
    if keys.is_empty() && nodes.is_empty() {
        return tags.end_empty();
    }
    let definition = schema.node(node.id);
    tags.end_open()?;
    for (id, value) in definition.keys().iter().zip(keys) {
        let key = schema.node(*id);
        tags.begin(schema, *id, outer)?;
        tags.declare(schema, [value], None)?;
        match &key.ty {
            Some(ty) => tags.value(schema, ty, &key.name, value)?,
            None => tags.end_empty()?,
        }
    }
    for child in nodes {
        print_node(tags, schema, child, outer, operation)?;
    }
    tags.close(&definition.name)
}

/// The prefixes that the node's value and the names of its neighbour use.
fn declarations(tags: &mut Tags<'_>, schema: &Schema, node: &EditNode) -> io::Result<()> {
    let mut values: Vec<&Value> = Vec::new();
    let mut modules = Vec::new();
    match &node.content {
        EditContent::Leaf(Some(value)) | EditContent::LeafListEntry(value) => values.push(value),
        _ => {}
    }
    if let Some(Insert::Before(neighbour) | Insert::After(neighbour)) = &node.insert {
        values.extend(neighbour);
        let keys = schema.node(node.id).keys().iter();
        modules.extend(keys.map(|key| schema.node(*key).module));
    }
    tags.declare(schema, values, modules)
}

fn place(tags: &mut Tags<'_>, schema: &Schema, node: &EditNode, insert: &Insert) -> io::Result<()> {
    tags.attribute("xmlns:yang", YANG)?;
    let (name, neighbour) = match insert {
        Insert::First => ("first", None),
        Insert::Last => ("last", None),
        Insert::Before(neighbour) => ("before", Some(neighbour)),
        Insert::After(neighbour) => ("after", Some(neighbour)),
    };
    tags.attribute("yang:insert", name)?;
    let Some(neighbour) = neighbour else {
        return Ok(());
    };
    let definition = schema.node(node.id);
    match (definition.kind, &definition.ty, neighbour.first()) {
        (NodeKind::LeafList, Some(ty), Some(value)) => {
            tags.attribute("yang:value", &canonical(schema, ty, value, Style::Xml))
        }
        _ => tags.attribute("yang:key", &print_keys(schema, node.id, neighbour)),
    }
}
