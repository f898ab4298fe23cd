//! Filters: what of a tree a read wants (RFC 6241 6 and 8.9).

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_data::cursor::Cursor;
use banyan_data::path::{InstancePath, PathStep, Select};
use banyan_data::view::{Scope, View};
use banyan_data::xpath::{self, Context, Names, Variables, XValue};
use banyan_data::{Content, LeafList, List, Node, Slot, Tree};
use banyan_yang::schema::{NodeKind, OrderedBy, Schema, SchemaId};
use banyan_yang::xpath::Extent;

use super::SharedMounts;
use super::report::data_error;
use crate::backend::{Cancel, Encoding, Filter, Result};
use crate::error::{BackendError, ErrorTag};
use crate::overlay::overlay;

/// The part of `tree` that the filter selects; without a filter all of it.
pub(crate) fn select(
    tree: Tree,
    wanted: Option<&Filter>,
    _mounts: &SharedMounts,
    cancel: &Cancel,
) -> Result<Tree> {
    match wanted {
        None => Ok(tree),
        Some(Filter::Subtree(_)) => Err(BackendError::new(
            ErrorTag::OperationNotSupported,
            "subtree filters are not supported yet; use an XPath filter",
        )),
        Some(Filter::XPath { select, namespaces }) => {
            let paths = selected(&tree, select, namespaces)?;
            let mut part = Tree::empty(tree.schema().clone());
            for path in paths {
                if cancel.is_cancelled() {
                    return Err(BackendError::new(
                        ErrorTag::OperationFailed,
                        "the read was cancelled",
                    ));
                }
                if let Some(spine) = spine(&tree, &path.steps) {
                    part = overlay(&part, &spine);
                }
            }
            Ok(part)
        }
    }
}

/// The paths of the nodes that an expression selects, in document order.
fn selected(
    tree: &Tree,
    select: &str,
    namespaces: &[(String, String)],
) -> Result<Vec<InstancePath>> {
    let schema = tree.schema();
    let declared: BTreeMap<&str, &str> = namespaces
        .iter()
        .map(|(prefix, namespace)| (prefix.as_str(), namespace.as_str()))
        .collect();
    let resolve = |prefix: &str| -> Option<Arc<str>> {
        let name = |module| schema.module(module).name.clone();
        match declared.get(prefix) {
            Some(namespace) => schema.module_by_namespace(namespace).map(name),
            // A module's name does as well; it may be that of a module which only a mounted schema has.
            None => Some(
                schema
                    .module_by_name(prefix)
                    .map_or_else(|| prefix.into(), name),
            ),
        }
    };
    let failed = |error| data_error(schema, error);
    let expression = xpath::compile(
        schema,
        select,
        Names::Resolved(&resolve),
        SchemaId::ROOT,
        Extent::Subtree,
    )
    .map_err(failed)?;
    let view = View::of(tree).with_scope(Scope::All);
    let variables = Variables::default();
    let context = Context::at(Cursor::root(&view), &variables);
    match xpath::evaluate(&expression, &context).map_err(failed)? {
        XValue::Nodes(nodes) => Ok(nodes.iter().map(Cursor::path).collect()),
        // RFC 6241 8.9.1: the result must be a node-set.
        _ => Err(BackendError::new(
            ErrorTag::InvalidValue,
            format!("the filter \"{select}\" selects no nodes: its value is not a node-set"),
        )),
    }
}

/// A tree of one branch: what is at the path, and what leads there, keys of entries included. `None` when
/// nothing is stored there.
fn spine(tree: &Tree, steps: &[PathStep]) -> Option<Tree> {
    let root = branch(tree.schema(), tree.root(), steps)?;
    Some(Tree::new(tree.schema().clone(), root))
}

// As deep as the path, which comes from a cursor and is as deep as the tree.
fn branch(schema: &Schema, node: &Node, steps: &[PathStep]) -> Option<Node> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(node.clone());
    };
    let content = match (node.get(step.node)?, &step.select) {
        (Content::Container(child), _) => Content::Container(branch(schema, child, rest)?),
        (Content::Mount(child), _) => Content::Mount(Arc::new(spine(child, rest)?)),
        (Content::List(list), Select::Keys(keys)) => {
            entry(schema, list, list.get(keys)?, step.node, rest)?
        }
        (Content::List(list), Select::Position(position)) => {
            let index = usize::try_from(*position).ok()?.checked_sub(1)?;
            entry(schema, list, list.nth(index)?, step.node, rest)?
        }
        (Content::LeafList(_), Select::Value(value)) => {
            let ordered_by = schema.node(step.node).ordered_by;
            Content::LeafList(LeafList::from_values(vec![value.clone()], ordered_by, true).ok()?)
        }
        (content, _) => content.clone(),
    };
    let mut slots: Vec<Slot> = keys_of(schema, node);
    match slots.binary_search_by_key(&step.node, |slot| slot.id) {
        Ok(_) => {}
        Err(index) => slots.insert(
            index,
            Slot {
                id: step.node,
                content,
            },
        ),
    }
    Some(node.with_slots(slots))
}

fn entry(
    schema: &Schema,
    list: &List,
    node: &Node,
    id: SchemaId,
    rest: &[PathStep],
) -> Option<Content> {
    let node = branch(schema, node, rest)?;
    let ordered_by: OrderedBy = schema.node(id).ordered_by;
    Some(Content::List(List::of(node, list.key_count(), ordered_by)))
}

/// The keys of a list entry: they tell which it is.
fn keys_of(schema: &Schema, node: &Node) -> Vec<Slot> {
    let definition = schema.node(node.id());
    match definition.kind {
        NodeKind::List => node
            .slots()
            .iter()
            .take(definition.keys.len())
            .cloned()
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether a filter may select something at or below the top-level node of a schema path. `true` when in
/// doubt: a name that a filter selects stands in it literally, or is hidden in a wildcard.
pub(crate) fn may_select(wanted: Option<&Filter>, path: &str) -> bool {
    let top = path
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or(path);
    let name = top.rsplit(':').next().unwrap_or(top);
    match wanted {
        None => true,
        Some(Filter::Subtree(filter)) => {
            filter.encoding != Encoding::Xml || contains(&filter.bytes, name.as_bytes())
        }
        Some(Filter::XPath { select, .. }) => {
            let open = ["*", "//", "::", "node(", ".."];
            matches!(select.trim(), "/" | ".")
                || select.contains(name)
                || open.iter().any(|part| select.contains(part))
        }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len().max(1)).any(|window| window == part)
}
