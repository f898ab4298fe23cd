//! Paths that people type, and edits by them.

use std::sync::Arc;

use banyan_data::document::Mounts;
use banyan_data::edit::{Edit, Operation};
use banyan_data::lexical::{self, ModuleNames};
use banyan_data::path::{self, InstancePath, PathStep, Select, json, xpath};
use banyan_data::{Tree, Value};
use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use super::report::data_error;
use super::{Mounted, SharedMounts};
use crate::backend::Result;
use crate::engine::Engine;
use crate::error::{BackendError, ErrorTag};
use crate::system::PathEdit;
use banyan_data::ErrorKind;

/// Reads a path in any spelling.
pub(crate) fn parse_path(tree: &Tree, text: &str, mounts: &SharedMounts) -> Result<InstancePath> {
    let mounted = Mounted {
        tree,
        known: mounts,
    };
    path::parse(tree.schema(), text, &mounted)
        .map_err(|error| data_error(tree.schema(), error.into_data_error()))
}

/// Reads a path in any spelling, or one of names alone that passes through lists: it means all their entries.
///
/// # Errors
/// It is neither.
pub(crate) fn parse_place(tree: &Tree, text: &str, mounts: &SharedMounts) -> Result<InstancePath> {
    let error = match parse_path(tree, text, mounts) {
        Ok(path) => return Ok(path),
        Err(error) => error,
    };
    if text.contains(['[', '{', '=', '%', ' ']) {
        return Err(error);
    }
    let schema = tree.schema();
    let mut path = InstancePath::default();
    let mut parent = tree.root().id();
    for name in text.trim_start_matches('/').split('/') {
        let (module, name) = match name.split_once(':') {
            Some((module, name)) => (Some(module), name),
            None => (None, name),
        };
        let found = schema.nodes().find(|(_, node)| {
            node.data_parent().unwrap_or(SchemaId::ROOT) == parent
                && is_data(node.kind)
                && &*node.name == name
                && module.is_none_or(|module| *schema.module(node.module).name == *module)
        });
        let Some((id, _)) = found else {
            return Err(error);
        };
        path.steps.push(PathStep {
            node: id,
            select: Select::None,
        });
        parent = id;
    }
    Ok(path)
}

fn is_data(kind: NodeKind) -> bool {
    use NodeKind::{AnyData, AnyXml, Container, Leaf, LeafList, List};
    matches!(kind, Container | List | Leaf | LeafList | AnyData | AnyXml)
}

/// A path as an XPath expression with module names for prefixes.
pub(crate) fn path_xpath(
    tree: &Tree,
    path: &InstancePath,
    mounts: &SharedMounts,
) -> Result<String> {
    let mounted = Mounted {
        tree,
        known: mounts,
    };
    json::print(tree.schema(), path, &mounted).ok_or_else(|| {
        BackendError::new(
            ErrorTag::OperationFailed,
            "the path goes on below a mount point where nothing is mounted",
        )
    })
}

/// What a path means, for who has no schema.
pub(crate) struct Resolved {
    /// As [`path_xpath`] prints it.
    pub xpath: String,
    /// Whether configuration can be there.
    pub config: bool,
}

/// Resolves a path as [`parse_place`] reads it.
///
/// # Errors
/// It is none.
pub(crate) fn resolve_path(tree: &Tree, text: &str, mounts: &SharedMounts) -> Result<Resolved> {
    let path = parse_place(tree, text, mounts)?;
    let schema = schema_of(tree, &path, mounts);
    let last = path.steps.last().map(|step| schema.node(step.node));
    Ok(Resolved {
        xpath: path_xpath(tree, &path, mounts)?,
        config: last.is_none_or(|node| node.config),
    })
}

/// A path in both spellings of instance-identifiers: that of RFC 7951 and that of XML.
pub(crate) fn path_names(
    tree: &Tree,
    path: &InstancePath,
    mounts: &SharedMounts,
) -> Result<(String, xpath::Printed)> {
    let mounted = Mounted {
        tree,
        known: mounts,
    };
    let text = path_xpath(tree, path, mounts)?;
    let xml = xpath::print(tree.schema(), path, &mounted).unwrap_or_default();
    Ok((text, xml))
}

/// A path as the targets of YANG Patches are written (RFC 8040 3.5.3).
pub(crate) fn path_target(
    tree: &Tree,
    path: &InstancePath,
    mounts: &SharedMounts,
) -> Result<String> {
    let mounted = Mounted {
        tree,
        known: mounts,
    };
    path::api_path::print(tree.schema(), path, &mounted).ok_or_else(|| {
        BackendError::new(
            ErrorTag::InvalidValue,
            "the path goes by position, or on below a mount point where nothing is mounted",
        )
    })
}

/// A path in print, for programs and logs.
pub(crate) fn path_text(engine: &Engine, path: &InstancePath) -> Option<String> {
    let running = engine.running().tree;
    let mounted = Mounted {
        tree: &running,
        known: engine.mounts(),
    };
    json::print(running.schema(), path, &mounted)
}

/// Paths in print. Those that go on below a mount point end there.
pub(crate) fn paths_text(schema: &Arc<Schema>, paths: &[InstancePath]) -> Vec<String> {
    let print = |path: &InstancePath| {
        let at_mount = |step: &PathStep| schema.node(step.node).mount_point().is_some();
        let end = path.steps.iter().position(at_mount);
        let steps = &path.steps[..end.map_or(path.steps.len(), |end| end + 1)];
        let steps = steps.to_vec();
        json::print(schema, &InstancePath { steps }, &path::NoMounts)
    };
    paths.iter().filter_map(print).collect()
}

/// Applies an edit by path. A leaf's value may be the last word of the path.
pub(crate) fn apply_path_edit(tree: &Tree, edit: &PathEdit, mounts: &SharedMounts) -> Result<Tree> {
    let operation = match edit.operation.as_str() {
        "create" => Operation::Create,
        "replace" => Operation::Replace,
        "delete" => Operation::Delete,
        "remove" => Operation::Remove,
        _ => Operation::Merge,
    };
    let (mut path, word) = match (&edit.value, parse_path(tree, &edit.path, mounts)) {
        (value, Ok(path)) => (path, value.clone()),
        (None, Err(error)) => match edit.path.trim().rsplit_once(char::is_whitespace) {
            // The whole text is no path: perhaps its last word is a value.
            Some((text, word)) => match parse_path(tree, text, mounts) {
                Ok(path) => (path, Some(word.to_owned())),
                Err(_) => return Err(error),
            },
            None => return Err(error),
        },
        (Some(_), Err(error)) => return Err(error),
    };
    let value = match word {
        Some(word) => Some(value_at(tree, &mut path, &word, mounts)?),
        None => implied_value(tree, &path, mounts),
    };
    let goes = matches!(operation, Operation::Delete | Operation::Remove);
    let entry = matches!(
        path.steps.last(),
        Some(PathStep {
            select: Select::Value(_),
            ..
        })
    );
    let value = value.filter(|_| !goes && !entry);
    let mounted = Mounted {
        tree,
        known: mounts,
    };
    let edit = Edit::at_path(tree, &path, operation, value, None, &mounted);
    edit.and_then(|edit| edit.apply(tree)).map_err(|error| {
        let absent = operation == Operation::Delete && error.kind == ErrorKind::DataMissing;
        let error = match absent {
            true => error.with_help(NOTHING_TO_DELETE),
            false => error,
        };
        data_error(tree.schema(), error)
    })
}

/// What can be done about an edit by path that deletes what is not there: who types paths has no operation `remove`.
const NOTHING_TO_DELETE: &str = "`banyan get --store candidate` shows what there is; `banyan delete --if-exists` accepts \
                                 that it is absent";

/// The schema that the last step of a path belongs to.
fn schema_of(tree: &Tree, path: &InstancePath, mounts: &SharedMounts) -> Arc<Schema> {
    let mounted = Mounted {
        tree,
        known: mounts,
    };
    let mut schema = tree.schema().clone();
    for depth in 1..path.steps.len() {
        let above = InstancePath {
            steps: path.steps[..depth].to_vec(),
        };
        if let Some(below) = mounted.schema_at(&above) {
            schema = below;
        }
    }
    schema
}

/// The value that a word is at a path; a leaf-list entry is named by it.
fn value_at(
    tree: &Tree,
    path: &mut InstancePath,
    word: &str,
    mounts: &SharedMounts,
) -> Result<Value> {
    let schema = schema_of(tree, path, mounts);
    let shown =
        || banyan_data::error::ErrorPath(path_xpath(tree, path, mounts).unwrap_or_default().into());
    let definition = path
        .steps
        .last()
        .map(|step| schema.node(step.node))
        .filter(|node| node.ty.is_some());
    let Some((definition, ty)) = definition.and_then(|node| Some((node, node.ty.as_ref()?))) else {
        let mut error = BackendError::new(
            ErrorTag::InvalidValue,
            format!("a value ({word}) is given for what is no leaf"),
        );
        error.reports[0].path = Some(shown().0);
        return Err(error);
    };
    let names = ModuleNames {
        default: Some(definition.module),
    };
    let value = lexical::parse(&schema, ty, word, &names)
        .map_err(|error| data_error(tree.schema(), error.at(shown())))?;
    if definition.kind == NodeKind::LeafList
        && let Some(last) = path.steps.last_mut()
        && last.select == Select::None
    {
        last.select = Select::Value(value.clone());
    }
    Ok(value)
}

/// A leaf of type empty needs no word, nor one of a union with it.
fn implied_value(tree: &Tree, path: &InstancePath, mounts: &SharedMounts) -> Option<Value> {
    let schema = schema_of(tree, path, mounts);
    let node = schema.node(path.steps.last()?.node);
    let ty = node.ty.as_ref().filter(|_| node.kind == NodeKind::Leaf)?;
    let names = ModuleNames {
        default: Some(node.module),
    };
    let value = lexical::parse(&schema, ty, "", &names).ok()?;
    matches!(value.innermost(), Value::Empty).then_some(value)
}
