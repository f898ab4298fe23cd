//! Instance paths: which node of a tree. Their four spellings live in submodules, one parser and printer each.

pub mod api_path;
mod find;
mod identifier;
pub mod json;
pub mod keypath;
pub mod literal;
mod resolve;
mod trail;
pub mod xpath;

use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

pub use crate::document::Mounts;
use crate::lexical::ModuleNames;
use crate::value::Value;
pub use find::Found;
pub(crate) use keypath::is_ambiguous;
pub(crate) use resolve::with_schemas;
use resolve::{Naming, Resolver};
pub use resolve::{NoMounts, PathError};
pub(crate) use trail::{Trail, Which};

/// A path from the root to an instance: data nodes only, no choices, no cases.
///
/// A path that passes a mount point goes on with ids of the mounted schema; who resolves it switches schemas there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct InstancePath {
    /// From the top down.
    pub steps: Vec<PathStep>,
}

/// One step of an [`InstancePath`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PathStep {
    /// The data node.
    pub node: SchemaId,
    /// Which of its instances.
    pub select: Select,
}

/// Which instance of a node a path step means.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Select {
    /// The only one (leaf, container), or all of a list or leaf-list when it is the last step.
    None,
    /// The list entry with these keys, in the order of the `key` statement.
    Keys(Vec<Value>),
    /// The leaf-list entry of this value.
    Value(Value),
    /// The entry at this position, from 1: keyless lists.
    Position(u64),
}

impl std::fmt::Debug for InstancePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in &self.steps {
            write!(f, "/{}", step.node.0)?;
            match &step.select {
                Select::None => {}
                Select::Keys(keys) => write!(f, "{keys:?}")?,
                Select::Value(value) => write!(f, "[.={value:?}]")?,
                Select::Position(position) => write!(f, "[{position}]")?,
            }
        }
        Ok(())
    }
}

/// Reads a path in any of the spellings, as a person types it: names without a module are taken where they are
/// unambiguous, and the module's own prefix does as well as its name.
///
/// Brackets or quotes make it an instance-identifier, braces a keypath, an `=` or percent sign an api-path; a
/// path of names alone reads the same in all of them.
///
/// # Errors
/// It is malformed, a name is unknown (the nearest known one is named) or ambiguous, a key value is outside its type.
pub fn parse(
    schema: &Arc<Schema>,
    text: &str,
    mounts: &dyn Mounts,
) -> Result<InstancePath, PathError> {
    let text = text.trim();
    let first = text.find(['[', '{', '=', '%']);
    match first.map(|at| text.as_bytes()[at]) {
        Some(b'{') => keypath::parse(schema, text, mounts),
        Some(b'=' | b'%') => api_path::parse_as(schema, text, mounts, Naming::Lenient),
        _ => {
            let names = ModuleNames { default: None };
            let resolver = Resolver::new(schema, text, mounts, &names, Naming::Lenient);
            identifier::parse(text, resolver)
        }
    }
}

#[cfg(test)]
mod tests;
