//! The edit of a single instance, named by its path: what a client without a schema asks for.

use super::{Edit, EditContent, EditNode, Insert, Operation};
use crate::document::Mounts;
use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::node::Tree;
use crate::path::{Found, InstancePath, PathStep, Select, json};
use crate::value::Value;
use banyan_yang::schema::{NodeKind, Schema, SchemaId};

impl Edit {
    /// The edit that does `operation` to the instance at `path`, with `value` for a leaf. What is above is merged
    /// when something is to be put there, and only passed through when something is to go. `mounts` knows the
    /// schema of mount points that hold nothing yet.
    ///
    /// # Errors
    /// The path does not fit the schema of `tree` and of what is mounted in it, or names no single instance.
    pub fn at_path(
        tree: &Tree,
        path: &InstancePath,
        operation: Operation,
        value: Option<Value>,
        insert: Option<Insert>,
        mounts: &dyn Mounts,
    ) -> Result<Edit, DataError> {
        let goes = matches!(operation, Operation::Delete | Operation::Remove);
        let above = if goes {
            Operation::None
        } else {
            Operation::Merge
        };
        let shown = || {
            let text = json::print(tree.schema(), path, tree).unwrap_or_default();
            ErrorPath(text.into())
        };
        let mut root = EditNode::new(SchemaId::ROOT, above, EditContent::Container(Vec::new()));
        let Some((last, parents)) = path.steps.split_last() else {
            root.operation = operation;
            return Ok(Edit {
                schema: tree.schema().clone(),
                root,
            });
        };
        let parent = InstancePath {
            steps: parents.to_vec(),
        };
        if operation == Operation::Remove && tree.get(&parent).is_none() {
            // Nothing to remove, and nothing above it to pass through.
            return Ok(Edit {
                schema: tree.schema().clone(),
                root,
            });
        }
        // The schema of each step: it changes below mount points.
        let mut schemas = vec![tree.schema().clone()];
        let mut is_mount = Vec::with_capacity(parents.len());
        for (depth, step) in parents.iter().enumerate() {
            let at = InstancePath {
                steps: parents[..=depth].to_vec(),
            };
            let own = schemas[depth].clone();
            let mounted = match tree.get(&at) {
                Some(Found::Mount(mounted)) => Some(mounted.schema().clone()),
                _ if own.node(step.node).mount_point().is_some() => mounts.schema_at(&at),
                _ => None,
            };
            is_mount.push(mounted.is_some());
            schemas.push(mounted.unwrap_or(own));
        }
        let schema = &schemas[parents.len()];
        let misfit = |why: &str| DataError::new(ErrorKind::UnknownElement, shown(), why);
        let content = last_content(schema, last, value).map_err(misfit)?;
        let mut node = EditNode::new(last.node, operation, content).at(insert);
        for (depth, step) in parents.iter().enumerate().rev() {
            let (own, inside) = (&schemas[depth], &schemas[depth + 1]);
            let content = match &step.select {
                // Told by the step, not by the schemas: a mounted tree may have the very schema that it is mounted in.
                _ if is_mount[depth] => EditContent::Mount(inside.clone(), vec![node]),
                Select::None if own.node(step.node).kind == NodeKind::Container => {
                    EditContent::Container(vec![node])
                }
                Select::Keys(keys) => EditContent::Entry(keys.clone(), vec![node]),
                _ => return Err(misfit("the path does not say which entry is meant")),
            };
            node = EditNode::new(step.node, above, content);
        }
        root.content = EditContent::Container(vec![node]);
        Ok(Edit {
            schema: tree.schema().clone(),
            root,
        })
    }
}

fn last_content(
    schema: &Schema,
    step: &PathStep,
    value: Option<Value>,
) -> Result<EditContent, &'static str> {
    match (schema.node(step.node).kind, &step.select, value) {
        (NodeKind::Leaf, Select::None, value) => Ok(EditContent::Leaf(value)),
        (NodeKind::LeafList, Select::Value(value), _) => {
            Ok(EditContent::LeafListEntry(value.clone()))
        }
        (NodeKind::LeafList, Select::None, Some(value)) => Ok(EditContent::LeafListEntry(value)),
        (NodeKind::List | NodeKind::LeafList, Select::None, None) => Ok(EditContent::Whole),
        (NodeKind::List, Select::Keys(keys), None) => {
            Ok(EditContent::Entry(keys.clone(), Vec::new()))
        }
        (NodeKind::Container, Select::None, None) => Ok(EditContent::Container(Vec::new())),
        (NodeKind::AnyData | NodeKind::AnyXml, Select::None, None) => Ok(EditContent::Any(None)),
        (_, Select::Position(_), _) => Err("an edit names entries by key, not by position"),
        (_, _, Some(_)) => Err("only a leaf or leaf-list takes a value"),
        _ => Err("the path does not say which instance is meant"),
    }
}
