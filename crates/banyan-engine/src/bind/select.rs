//! Filters: what of a tree a read wants (RFC 6241 6 and 8.9).

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_data::cursor::Cursor;
use banyan_data::document::Holds;
use banyan_data::filter::{self, Subtree};
use banyan_data::path::InstancePath;
use banyan_data::view::{Scope, View};
use banyan_data::xpath::{self, Context, Names, Variables, XValue};
use banyan_data::{DataError, Tree};
use banyan_yang::schema::{Schema, SchemaId};
use banyan_yang::xpath::Extent;

use super::report::{data_error, data_errors};
use super::{SharedMounts, document};
use crate::backend::{Document, Encoding, Expression, Filter, Result};
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};

/// The part of `tree` that the filter selects; without a filter all of it. `levels` is how deep each selected node is
/// given, itself counted (RFC 8526 3.1.1 `max-depth`); without a filter, these are the nodes at the top.
pub(crate) fn select(
    tree: Tree,
    wanted: Option<&Filter>,
    levels: Option<usize>,
    mounts: &SharedMounts,
) -> Result<Tree> {
    match wanted {
        None => Ok(match levels {
            None => tree,
            Some(levels) => filter::to_depth(&tree, levels),
        }),
        Some(Filter::Subtree(filter)) => {
            let subtree = subtree(tree.schema(), filter, mounts)?;
            Ok(match levels {
                None => subtree.select(&tree),
                Some(levels) => subtree.select_to_depth(&tree, levels),
            })
        }
        Some(Filter::XPath { select, namespaces }) => {
            let Some(paths) = selected(&tree, select, namespaces)? else {
                // RFC 6241 8.9.1: the result must be a node-set.
                return Err(BackendError::new(
                    ErrorTag::InvalidValue,
                    format!("the filter \"{select}\" selects no nodes: {NOT_NODES}"),
                ));
            };
            Ok(match levels {
                None => filter::prune_to_paths(&tree, &paths),
                Some(levels) => filter::prune_to_depth(&tree, &paths, levels),
            })
        }
    }
}

/// The instances that a filter may look at; `None` when that can be anything.
pub(crate) fn reach(
    schema: &Arc<Schema>,
    wanted: Option<&Filter>,
    mounts: &SharedMounts,
) -> Result<Option<Vec<InstancePath>>> {
    match wanted {
        None => Ok(None),
        Some(Filter::Subtree(filter)) => Ok(Some(subtree(schema, filter, mounts)?.reach(schema))),
        Some(Filter::XPath { select, namespaces }) => {
            let expression = compiled(schema, select, namespaces)?;
            Ok(filter::reach_of_expression(schema, &expression.plan))
        }
    }
}

pub(super) fn subtree(
    schema: &Arc<Schema>,
    filter: &Document,
    mounts: &SharedMounts,
) -> Result<Subtree> {
    require_xml(filter)?;
    let options = document::reading(Holds::All, mounts);
    Subtree::parse(schema, &filter.bytes, &options).map_err(|errors| data_errors(schema, errors))
}

/// A subtree filter is XML.
pub(super) fn require_xml(filter: &Document) -> Result<()> {
    match filter.encoding {
        Encoding::Xml => Ok(()),
        _ => Err(BackendError::new(
            ErrorTag::InvalidValue,
            "a subtree filter must be XML",
        )),
    }
}

pub(super) fn compiled(
    schema: &Arc<Schema>,
    select: &str,
    namespaces: &[(String, String)],
) -> Result<xpath::Expression> {
    with_names(schema, select, namespaces, |names| {
        xpath::compile(schema, select, names, SchemaId::ROOT, Extent::Subtree)
    })
}

/// Compiles an expression with the names of a request.
pub(super) fn with_names(
    schema: &Arc<Schema>,
    select: &str,
    namespaces: &[(String, String)],
    compile: impl FnOnce(Names<'_>) -> std::result::Result<xpath::Expression, DataError>,
) -> Result<xpath::Expression> {
    let declared: BTreeMap<&str, &str> = namespaces
        .iter()
        .map(|(prefix, namespace)| (prefix.as_str(), namespace.as_str()))
        .collect();
    let resolve = |prefix: &str| -> Option<Arc<str>> {
        let name = |module| schema.module(module).name.clone();
        match declared.get(prefix) {
            Some(namespace) => schema.module_by_namespace(namespace).map(name),
            // A module's name does as well; it may be that of a module which only a mounted schema has.
            None => match schema.module_by_name(prefix) {
                Some(module) => Some(name(module)),
                None => may_cross_mounts(schema, select).then(|| prefix.into()),
            },
        }
    };
    compile(Names::Resolved(&resolve)).map_err(|error| {
        // A parameter of the request is wrong, not the data (RFC 6241 appendix A).
        let mut error = data_error(schema, error);
        for report in &mut error.reports {
            report.tag = ErrorTag::InvalidValue;
        }
        error
    })
}

/// Whether an expression may lead into mounted data: it names a mount point, or goes by more than names. Linear in the
/// schema; asked for prefixes that say nothing.
fn may_cross_mounts(schema: &Schema, select: &str) -> bool {
    let mut points = schema
        .nodes()
        .filter(|(_, node)| node.mount_point().is_some())
        .peekable();
    let by_more_than_names = ["//", "*", "::"].iter().any(|part| select.contains(part));
    points.peek().is_some()
        && (by_more_than_names || points.any(|(_, node)| select.contains(&*node.name)))
}

pub(super) const NOT_NODES: &str = "its value is not a node-set";

/// The paths of the nodes that an expression selects, in document order; `None` when its value is not a node-set.
pub(super) fn selected(
    tree: &Tree,
    select: &str,
    namespaces: &[(String, String)],
) -> Result<Option<Vec<InstancePath>>> {
    let schema = tree.schema();
    let expression = compiled(schema, select, namespaces)?;
    let failed = |error| data_error(schema, error);
    let view = View::of(tree).with_scope(Scope::All);
    let variables = Variables::default();
    let context = Context::at(Cursor::root(&view), &variables);
    match xpath::evaluate(&expression, &context).map_err(failed)? {
        XValue::Nodes(nodes) => Ok(Some(nodes.iter().map(Cursor::path).collect())),
        _ => Ok(None),
    }
}

/// The paths of what an expression selects for a partial lock (RFC 5717 2.4.1): configuration that is stored. People may
/// name an instance in any spelling of paths.
///
/// # Errors
/// It is no expression, or its value is no node-set.
pub(crate) fn lockable(
    tree: &Tree,
    expression: &Expression,
    mounts: &SharedMounts,
) -> Result<Vec<InstancePath>> {
    let wrong = |app_tag: &str, message: String| {
        let mut report = Report::new(ErrorLayer::Protocol, ErrorTag::InvalidValue, message);
        report.app_tag = Some(app_tag.into());
        BackendError::from(report)
    };
    let stored = |path: &InstancePath| tree.get(path).is_some();
    let select = &expression.select;
    let typed = || {
        let path = super::parse_path(tree, select, mounts).ok();
        path.map(|path| Vec::from_iter(Some(path).filter(stored)))
    };
    let paths = match selected(tree, select, &expression.namespaces) {
        Ok(Some(paths)) => paths,
        Ok(None) => {
            let message = format!("\"{select}\" selects nothing to lock: {NOT_NODES}");
            return typed().ok_or(wrong("not-a-node-set", message));
        }
        Err(error) => {
            let error = wrong("invalid-lock-specification", error.to_string());
            return typed().ok_or(error);
        }
    };
    let paths: Vec<InstancePath> = paths.into_iter().filter(stored).collect();
    match paths.is_empty() {
        true => Ok(typed().unwrap_or_default()),
        false => Ok(paths),
    }
}
