//! From names to steps: looking up one name after the other below the schema nodes already found, across
//! mount points. What separates names and how keys are written is the business of each spelling.

use std::borrow::Cow;
use std::sync::Arc;

use banyan_yang::nearest;
use banyan_yang::schema::{ModuleId, NodeKind, Schema, SchemaId};
use thiserror::Error;

use super::{InstancePath, PathStep, Select};
use crate::document::Mounts;
use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::lexical::{self, ModuleNames, Prefixes, Style};
use crate::value::Value;

/// Nothing is mounted anywhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMounts;

impl Mounts for NoMounts {
    fn schema_at(&self, _: &InstancePath) -> Option<Arc<Schema>> {
        None
    }
}

/// Why a text is not the path of an instance.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{text:?} is not a path: {why}")]
pub struct PathError {
    /// The whole text.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
    /// What would be right.
    pub help: Option<String>,
}

impl PathError {
    /// The error as one about data.
    pub fn into_data_error(self) -> DataError {
        let mut error = DataError::new(
            ErrorKind::UnknownElement,
            ErrorPath::default(),
            self.to_string(),
        );
        error.help = self.help;
        error
    }
}

/// Which module a name without one may be of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Naming {
    /// What the prefixes say.
    Strict,
    /// Also that of the only sibling of the name; and a prefix may be a module's name or its own prefix.
    Lenient,
}

/// A path while it is read.
pub(super) struct Resolver<'a> {
    text: &'a str,
    mounts: &'a dyn Mounts,
    prefixes: &'a dyn Prefixes,
    naming: Naming,
    schema: Arc<Schema>,
    parent: SchemaId,
    module: Option<ModuleId>,
    path: InstancePath,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        schema: &Arc<Schema>,
        text: &'a str,
        mounts: &'a dyn Mounts,
        prefixes: &'a dyn Prefixes,
        naming: Naming,
    ) -> Self {
        Resolver {
            text,
            mounts,
            prefixes,
            naming,
            schema: schema.clone(),
            parent: SchemaId::ROOT,
            module: None,
            path: InstancePath::default(),
        }
    }

    pub(super) fn wrong(&self, why: impl Into<String>) -> PathError {
        PathError {
            text: self.text.to_owned(),
            why: why.into(),
            help: None,
        }
    }

    /// Goes down to the child of this name; its instance is selected afterwards.
    pub(super) fn enter(&mut self, prefix: Option<&str>, name: &str) -> Result<(), PathError> {
        self.check_last(false)?;
        if self.path.steps.len() >= crate::node::MAX_DEPTH {
            return Err(self.wrong(format!("it has more than {} steps", crate::node::MAX_DEPTH)));
        }
        if self.schema.node(self.parent).mount_point().is_some()
            && let Some(mounted) = self.mounts.schema_at(&self.path)
        {
            // Names without a module go on being of the module of that name.
            let module = self.module.map(|module| &self.schema.module(module).name);
            self.module = module.and_then(|module| mounted.module_by_name(module));
            (self.schema, self.parent) = (mounted, SchemaId::ROOT);
        }
        let node = self.child(self.parent, self.module, prefix, name)?;
        self.parent = node;
        self.module = Some(self.schema.node(node).module);
        self.path.steps.push(PathStep {
            node,
            select: Select::None,
        });
        Ok(())
    }

    /// The child `name` of `parent`, where names without prefix are of `inherited` if the spelling has it so.
    fn child(
        &self,
        parent: SchemaId,
        inherited: Option<ModuleId>,
        prefix: Option<&str>,
        name: &str,
    ) -> Result<SchemaId, PathError> {
        let schema = &*self.schema;
        let lenient = self.naming == Naming::Lenient;
        let module = match (prefix, inherited) {
            (None, Some(module)) if lenient || self.prefixes.steps_inherit() => Some(module),
            _ => self.prefixes.module(schema, prefix),
        };
        let by_own_prefix = || {
            let (id, _) = schema
                .modules()
                .find(|(_, module)| module.implemented && Some(&*module.prefix) == prefix)?;
            Some(id)
        };
        let module = module.or_else(|| if lenient { by_own_prefix() } else { None });
        if let Some(found) = module.and_then(|module| schema.data_child(parent, module, name)) {
            return Ok(found);
        }
        let children = &schema.data_children(parent);
        let named = || {
            let mut all = children
                .iter()
                .copied()
                .filter(|child| &*schema.node(*child).name == name);
            (all.next(), all.next())
        };
        match (prefix, named()) {
            (None, (Some(only), None)) if lenient => return Ok(only),
            (None, (Some(one), Some(other))) if lenient => {
                let module = |id: SchemaId| &schema.module(schema.node(id).module).name;
                let mut error = self.wrong(format!("{name} may be of several modules"));
                error.help = Some(format!(
                    "write {}:{name} or {}:{name}",
                    module(one),
                    module(other)
                ));
                return Err(error);
            }
            _ => {}
        }
        let place = match parent {
            SchemaId::ROOT => "the top level".to_owned(),
            parent => schema.path(parent),
        };
        match (prefix, module) {
            (Some(prefix), None) => Err(self.wrong(format!("no module has the prefix {prefix}"))),
            (None, None) if !lenient => Err(self.wrong(format!(
                "{name} needs the name of its module in front, as in module:{name}"
            ))),
            _ => {
                let mut error = self.wrong(format!("{place} has no {name}"));
                let names = children.iter().map(|child| &*schema.node(*child).name);
                error.help = nearest::nearest(name, names).map(|near| format!("perhaps {near}?"));
                Err(error)
            }
        }
    }

    /// The schema node of the last step.
    pub(super) fn node(&self) -> SchemaId {
        self.parent
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The position in the `key` statement of the key of this name, of the list that the last step names.
    pub(super) fn key(&self, prefix: Option<&str>, name: &str) -> Result<usize, PathError> {
        let list = self.schema.node(self.parent);
        let found = self.child(self.parent, self.module, prefix, name)?;
        list.keys()
            .iter()
            .position(|key| *key == found)
            .ok_or_else(|| self.wrong(format!("{name} is not a key of {}", list.name)))
    }

    /// Number of keys of the list that the last step names.
    pub(super) fn key_count(&self) -> usize {
        self.schema.node(self.parent).keys().len()
    }

    /// The value of a leaf below the last step (a key) or of the last step itself (a leaf-list).
    pub(super) fn value(&self, leaf: SchemaId, text: &str) -> Result<Value, PathError> {
        let definition = self.schema.node(leaf);
        let Some(ty) = &definition.ty else {
            return Err(self.wrong(format!(
                "{} is a {} and has no value",
                definition.name,
                definition.kind.keyword()
            )));
        };
        // RFC 7951 6.8: an identity without a prefix is of the leaf's module.
        let names = ModuleNames {
            default: Some(definition.module),
        };
        let prefixes = if self.prefixes.steps_inherit() {
            &names
        } else {
            self.prefixes
        };
        lexical::parse(&self.schema, ty, text, prefixes).map_err(|error| PathError {
            text: self.text.to_owned(),
            why: format!("{}: {error}", definition.name),
            help: error.help,
        })
    }

    /// Selects an entry by values in the order of the keys, or a leaf-list entry by its value.
    pub(super) fn select_values(&mut self, texts: &[Cow<'_, str>]) -> Result<(), PathError> {
        let node = self.schema.node(self.parent);
        match (node.kind, texts) {
            (NodeKind::List, _) if !node.keys().is_empty() => {
                if texts.len() != node.keys().len() {
                    let keys = node.keys().iter().map(|key| &*self.schema.node(*key).name);
                    return Err(self.wrong(format!(
                        "list {} has the keys {}, and {} values are given",
                        node.name,
                        keys.collect::<Vec<_>>().join(", "),
                        texts.len()
                    )));
                }
                let keys = node.keys().iter().zip(texts);
                let keys: Result<Vec<Value>, PathError> =
                    keys.map(|(key, text)| self.value(*key, text)).collect();
                let keys = keys?;
                self.select(Select::Keys(keys))
            }
            (NodeKind::LeafList, [text]) => {
                let value = self.value(self.parent, text)?;
                self.select(Select::Value(value))
            }
            _ => Err(self.wrong(format!(
                "{} is a {} and takes no key",
                node.name,
                node.kind.keyword()
            ))),
        }
    }

    /// Says which instance the last step means.
    pub(super) fn select(&mut self, select: Select) -> Result<(), PathError> {
        let node = self.schema.node(self.parent);
        let fits = match &select {
            Select::None => true,
            Select::Keys(keys) => node.kind == NodeKind::List && keys.len() == node.keys().len(),
            Select::Value(_) => node.kind == NodeKind::LeafList,
            Select::Position(position) => {
                *position > 0 && matches!(node.kind, NodeKind::List | NodeKind::LeafList)
            }
        };
        if !fits {
            return Err(self.wrong(format!(
                "{} is a {} and takes no such predicate",
                node.name,
                node.kind.keyword()
            )));
        }
        match self.path.steps.last_mut() {
            Some(step) => {
                step.select = select;
                Ok(())
            }
            None => Err(self.wrong("the root takes no predicate")),
        }
    }

    /// All but the last step must name one instance.
    fn check_last(&self, last: bool) -> Result<(), PathError> {
        let Some(step) = self.path.steps.last() else {
            return Ok(());
        };
        let node = self.schema.node(step.node);
        if !last && node.kind == NodeKind::List && step.select == Select::None {
            return Err(self.wrong(format!(
                "it passes through the list {} without saying which entry",
                node.name
            )));
        }
        Ok(())
    }

    /// The path that was read.
    pub(super) fn finish(self) -> InstancePath {
        self.path
    }
}

/// The steps of a path with the schema of each; stops early where the path does not fit.
pub(crate) fn with_schemas<'p>(
    schema: &Arc<Schema>,
    path: &'p InstancePath,
    mounts: &dyn Mounts,
) -> Option<Vec<(Arc<Schema>, &'p PathStep)>> {
    let mut steps = Vec::with_capacity(path.steps.len());
    let mut schema = schema.clone();
    let mut parent = SchemaId::ROOT;
    for (depth, step) in path.steps.iter().enumerate() {
        if schema.node(parent).mount_point().is_some() {
            let at = InstancePath {
                steps: path.steps[..depth].to_vec(),
            };
            if let Some(mounted) = mounts.schema_at(&at) {
                (schema, parent) = (mounted, SchemaId::ROOT);
            }
        }
        let children = &schema.data_children(parent);
        children.binary_search(&step.node).ok()?;
        parent = step.node;
        steps.push((schema.clone(), step));
    }
    Some(steps)
}

/// The canonical text of a leaf's value, with module names as prefixes.
pub(super) fn value_text<'a>(
    schema: &'a Schema,
    leaf: SchemaId,
    value: &'a Value,
    style: Style,
) -> Cow<'a, str> {
    match &schema.node(leaf).ty {
        Some(ty) => lexical::canonical(schema, ty, value, style),
        None => Cow::Borrowed(""),
    }
}
