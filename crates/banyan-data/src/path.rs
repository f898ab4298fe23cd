//! Instance paths: which node of a tree. Their four spellings live in submodules, one parser and printer each.

use banyan_yang::schema::SchemaId;

use crate::value::Value;

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
