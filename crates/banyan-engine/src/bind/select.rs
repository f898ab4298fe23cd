//! Filters: what of a tree a read wants (RFC 6241 6 and 8.9).

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::cursor::Cursor;
use banyan_data::document::Holds;
use banyan_data::filter::{self, Subtree};
use banyan_data::path::InstancePath;
use banyan_data::view::{Scope, View};
use banyan_data::xpath::{self, Context, Names, Variables, XValue};
use banyan_yang::schema::SchemaId;
use banyan_yang::xpath::Extent;

use super::report::{data_error, data_errors};
use super::{SharedMounts, document};
use crate::backend::{Encoding, Expression, Filter, Result};
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};

/// The part of `tree` that the filter selects; without a filter all of it.
pub(crate) fn select(tree: Tree, wanted: Option<&Filter>, mounts: &SharedMounts) -> Result<Tree> {
    match wanted {
        None => Ok(tree),
        Some(Filter::Subtree(filter)) => {
            if filter.encoding != Encoding::Xml {
                return Err(BackendError::new(
                    ErrorTag::InvalidValue,
                    "a subtree filter must be XML",
                ));
            }
            let options = document::reading(Holds::All, mounts);
            let schema = tree.schema();
            let subtree = Subtree::parse(schema, &filter.bytes, &options)
                .map_err(|errors| data_errors(schema, errors))?;
            Ok(subtree.select(&tree))
        }
        Some(Filter::XPath { select, namespaces }) => {
            let Some(paths) = selected(&tree, select, namespaces)? else {
                // RFC 6241 8.9.1: the result must be a node-set.
                return Err(BackendError::new(
                    ErrorTag::InvalidValue,
                    format!("the filter \"{select}\" selects no nodes: {NOT_NODES}"),
                ));
            };
            Ok(filter::prune_to_paths(&tree, paths))
        }
    }
}

const NOT_NODES: &str = "its value is not a node-set";

/// The paths of the nodes that an expression selects, in document order; `None` when its value is not a node-set.
fn selected(
    tree: &Tree,
    select: &str,
    namespaces: &[(String, String)],
) -> Result<Option<Vec<InstancePath>>> {
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
        XValue::Nodes(nodes) => Ok(Some(nodes.iter().map(Cursor::path).collect())),
        _ => Ok(None),
    }
}

/// The paths of what an expression selects for a partial lock (RFC 5717 2.4.1): configuration that is stored.
///
/// # Errors
/// It is no expression, or its value is no node-set.
pub(crate) fn lockable(tree: &Tree, expression: &Expression) -> Result<Vec<InstancePath>> {
    let wrong = |app_tag: &str, message: String| {
        let mut report = Report::new(ErrorLayer::Protocol, ErrorTag::InvalidValue, message);
        report.app_tag = Some(app_tag.into());
        BackendError::from(report)
    };
    let select = &expression.select;
    let paths = selected(tree, select, &expression.namespaces)
        .map_err(|error| wrong("invalid-lock-specification", error.to_string()))?
        .ok_or_else(|| {
            let message = format!("\"{select}\" selects nothing to lock: {NOT_NODES}");
            wrong("not-a-node-set", message)
        })?;
    let stored = |path: &InstancePath| tree.get(path).is_some();
    Ok(paths.into_iter().filter(stored).collect())
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
