//! A provider as the engine knows it: what it covers, bound to the schema, and what of it a read wants.

use std::sync::Arc;

use banyan_data::filter::every;
use banyan_data::path::{InstancePath, Select};
use banyan_yang::schema::{Schema, SchemaId};

use super::Provider;
use super::kept::Kept;

/// A subtree that a provider covers.
pub(crate) struct Cover {
    /// As the provider spells it.
    pub text: String,
    /// All instances of its root.
    pub path: InstancePath,
}

/// A provider.
pub(crate) struct Source {
    pub provider: Arc<dyn Provider>,
    pub covers: Vec<Cover>,
    pub kept: Kept,
}

impl Source {
    /// Binds what a provider covers.
    ///
    /// # Errors
    /// The schema does not have one of the paths; the message says which.
    pub fn new(provider: Arc<dyn Provider>, schema: &Schema) -> Result<Source, String> {
        let bound = |text: String| {
            let node = data_node(schema, &text).ok_or_else(|| {
                format!(
                    "the provider {} covers {text}, which the loaded modules do not have; correct the path, or load the \
                     module",
                    provider.name()
                )
            })?;
            let path = every(schema, node);
            Ok(Cover { text, path })
        };
        let covers = provider.covers().into_iter().map(bound);
        Ok(Source {
            covers: covers.collect::<Result<_, String>>()?,
            kept: Kept::default(),
            provider,
        })
    }

    /// What a read wants of the provider: paths that it covers, and the instances at or below them. `reach` is what the
    /// read can look at, `None` for everything; `wants` says whether a subtree is of interest at all.
    pub fn wanted(
        &self,
        reach: Option<&[InstancePath]>,
        wants: impl Fn(&InstancePath) -> bool,
    ) -> (Vec<String>, Vec<InstancePath>) {
        let mut paths = Vec::new();
        let mut wanted: Vec<InstancePath> = Vec::new();
        for cover in self.covers.iter().filter(|cover| wants(&cover.path)) {
            let found = wanted_of(&cover.path, reach);
            if !found.is_empty() {
                paths.push(cover.text.clone());
            }
            for path in found {
                if !wanted.contains(&path) {
                    wanted.push(path);
                }
            }
        }
        (paths, outermost(wanted))
    }
}

/// The paths without those that lie in another of them: who is asked for something is asked for all below it.
fn outermost(mut paths: Vec<InstancePath>) -> Vec<InstancePath> {
    let all = paths.clone();
    paths.retain(|path| !all.iter().any(|other| other != path && covers(other, path)));
    paths
}

/// Whether all that the second path means is at or below what the first one means.
pub(crate) fn covers(outer: &InstancePath, inner: &InstancePath) -> bool {
    outer.steps.len() <= inner.steps.len()
        && outer.steps.iter().zip(&inner.steps).all(|(outer, inner)| {
            outer.node == inner.node
                && (outer.select == Select::None || outer.select == inner.select)
        })
}

/// The instances of a covered subtree that lie in reach.
pub(crate) fn wanted_of(cover: &InstancePath, reach: Option<&[InstancePath]>) -> Vec<InstancePath> {
    let Some(reach) = reach else {
        return vec![cover.clone()];
    };
    let one = |reached: &InstancePath| {
        let mut both = reached.steps.iter().zip(&cover.steps);
        if both.any(|(reached, covered)| reached.node != covered.node) {
            return None;
        }
        let mut path = reached.clone();
        let rest = cover.steps.get(reached.steps.len()..);
        path.steps.extend_from_slice(rest.unwrap_or_default());
        Some(path)
    };
    reach.iter().filter_map(one).collect()
}

/// The data node at a schema path: `/module:a/b/other:c`.
fn data_node(schema: &Schema, path: &str) -> Option<SchemaId> {
    let mut at = SchemaId::ROOT;
    let mut module = None;
    for step in path.strip_prefix('/')?.split('/') {
        let name = match step.split_once(':') {
            Some((prefix, name)) => {
                module = Some(schema.module_by_name(prefix)?);
                name
            }
            None => step,
        };
        at = schema.data_child(at, module?, name)?;
    }
    Some(at)
}
