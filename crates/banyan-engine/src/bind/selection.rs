//! A filter that is applied again and again to one datastore as it changes.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::filter::{self, Subtree};
use banyan_data::path::InstancePath;
use banyan_yang::schema::Schema;
use banyan_yang::xpath::ResultType;

use super::select::{NOT_NODES, compiled, selected, subtree};
use super::{SharedMounts, part, shared_with};
use crate::backend::{Filter, Result};
use crate::error::{BackendError, ErrorTag};

/// A filter, bound to the schema.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    how: How,
    reach: Option<Vec<InstancePath>>,
}

#[derive(Clone, Debug)]
enum How {
    All,
    /// A subtree filter, or an expression that means the same as one: followed from change to change.
    Parts(Subtree),
    /// Any other expression: evaluated again when something changes that it may look at.
    Expression {
        select: String,
        namespaces: Vec<(String, String)>,
    },
}

impl Selection {
    /// Binds a filter; without one, all is selected.
    ///
    /// # Errors
    /// It is no filter, or its value is no node-set.
    pub fn of(
        schema: &Arc<Schema>,
        wanted: Option<&Filter>,
        mounts: &SharedMounts,
    ) -> Result<Selection> {
        let (how, reach) = match wanted {
            None => (How::All, None),
            Some(Filter::Subtree(filter)) => {
                let subtree = subtree(schema, filter, mounts)?;
                let reach = subtree.reach(schema);
                (How::Parts(subtree), Some(reach))
            }
            Some(Filter::XPath { select, namespaces }) => {
                let expression = compiled(schema, select, namespaces)?;
                // RFC 6241 8.9.1, and RFC 8641 3.6: the result must be a node-set.
                let result = expression.plan.result;
                if !matches!(result, ResultType::Nodes | ResultType::Unknown) {
                    return Err(no_nodes(select));
                }
                let reach = filter::reach_of_expression(schema, &expression.plan);
                let how = match Subtree::of_expression(schema, &expression.plan) {
                    Some(subtree) => How::Parts(subtree),
                    None => How::Expression {
                        select: select.clone(),
                        namespaces: namespaces.clone(),
                    },
                };
                (how, reach)
            }
        };
        Ok(Selection { how, reach })
    }

    /// The instances that it may look at; `None` when that can be anything.
    pub fn reach(&self) -> Option<&[InstancePath]> {
        self.reach.as_deref()
    }

    /// What it selects from a tree, and how many containers and entries were looked at; `before` is an earlier tree, and
    /// what was selected from that. What is equal in both is shared.
    ///
    /// Costs what differs from the earlier tree. An expression that is more than a path of names and keys costs its
    /// evaluation instead, when something differs that it may look at.
    ///
    /// # Errors
    /// The expression costs more than is allowed.
    pub fn select(&self, tree: &Tree, before: Option<(&Tree, &Tree)>) -> Result<(Tree, u64)> {
        let before = before.filter(|(raw, _)| Arc::ptr_eq(raw.schema(), tree.schema()));
        match (&self.how, before) {
            (How::All, _) => Ok((tree.clone(), 0)),
            (_, Some((raw, selected))) if raw.ptr_eq(tree) => Ok((selected.clone(), 0)),
            (How::Parts(subtree), Some(before)) => Ok(subtree.select_after(before, tree)),
            (How::Parts(subtree), None) => Ok(subtree.select_counted(tree)),
            (How::Expression { select, namespaces }, before) => {
                let mut visited = 0;
                if let (Some((raw, selected)), Some(reach)) = (before, &self.reach) {
                    let (changes, looked_at) = super::diff_counted(raw, tree);
                    if part(&changes, reach).is_empty() {
                        return Ok((selected.clone(), looked_at));
                    }
                    visited = looked_at;
                }
                let paths = selected(tree, select, namespaces)?.ok_or_else(|| no_nodes(select))?;
                let now = filter::prune_to_paths(tree, &paths);
                visited += paths.len() as u64;
                Ok(match before {
                    Some((_, old)) => (shared_with(old, now), visited),
                    None => (now, visited),
                })
            }
        }
    }
}

fn no_nodes(select: &str) -> BackendError {
    BackendError::new(
        ErrorTag::InvalidValue,
        format!("the filter \"{select}\" selects no nodes: {NOT_NODES}"),
    )
}
