//! Places in the data that are given before there are data: paths that may leave keys open, and may lead into what is
//! mounted, whose schema is known only when it is there.

use std::sync::{Arc, Mutex, PoisonError};

use banyan_data::Tree;
use banyan_data::path::{InstancePath, PathStep};
use banyan_yang::schema::{Schema, SchemaId};

use super::{NoMounts, SharedMounts, parse_place};
use crate::backend::Result;

/// How many schemas of mounted data a place is kept bound to.
const SCHEMAS: usize = 64;

/// A place: a path, and how it goes on below the mount point where it ends.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    path: InstancePath,
    inside: Option<Arc<Inside>>,
}

/// The part of a place that lies in mounted data.
#[derive(Debug)]
struct Inside {
    /// In any spelling of paths, from the root of what is mounted.
    text: String,
    /// What it is by each schema that was met: there may be no such node. The oldest goes when they are too many.
    bound: Mutex<Vec<(Arc<Schema>, Option<InstancePath>)>>,
}

/// What is left of a place behind some of its steps.
#[derive(Clone, Copy)]
pub(super) struct Rest<'p> {
    steps: &'p [PathStep],
    inside: Option<&'p Inside>,
}

impl Place {
    /// Reads a place in any spelling of paths, or one of names alone that passes through lists and means all their
    /// entries. Behind a mount point whose schema is not known, it is read by each schema that is mounted there.
    ///
    /// # Errors
    /// It is no path, as far as can be told without what is mounted.
    pub fn parse(tree: &Tree, text: &str, mounts: &SharedMounts) -> Result<Place> {
        let error = match parse_place(tree, text, mounts) {
            Ok(path) => return Ok(Place { path, inside: None }),
            Err(error) => error,
        };
        let is_mount = |path: &InstancePath| {
            let last = path.steps.last().map_or(SchemaId::ROOT, |step| step.node);
            tree.schema().node(last).mount_point().is_some()
        };
        for at in slashes(text).into_iter().skip(1) {
            let (outside, inside) = text.split_at(at);
            if let Ok(path) = parse_place(tree, outside, mounts)
                && is_mount(&path)
                && inside.len() > 1
            {
                let inside = Inside {
                    text: inside.to_owned(),
                    bound: Mutex::default(),
                };
                return Ok(Place {
                    path,
                    inside: Some(Arc::new(inside)),
                });
            }
        }
        Err(error)
    }

    pub(super) fn rest(&self) -> Rest<'_> {
        Rest {
            steps: &self.path.steps,
            inside: self.inside.as_deref(),
        }
    }
}

/// Where the steps of a path begin: its slashes outside of quotes and keys.
fn slashes(text: &str) -> Vec<usize> {
    let (mut depth, mut quote) = (0usize, None);
    let mut found = Vec::new();
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, '/') if depth == 0 => found.push(at),
            (None, _) => {}
        }
    }
    found
}

impl Inside {
    /// The same by a schema; `None` when it has no such node.
    fn by(&self, schema: &Arc<Schema>) -> Option<InstancePath> {
        let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, path)) = bound.iter().find(|(known, _)| Arc::ptr_eq(known, schema)) {
            return path.clone();
        }
        let nothing: SharedMounts = Arc::new(NoMounts);
        let path = parse_place(&Tree::empty(schema.clone()), &self.text, &nothing);
        if let Err(error) = &path {
            // Devices differ: what one does not have is nothing that changes there.
            tracing::debug!(
                "{} is no place in one of the mounted schemas: {error}",
                self.text
            );
        }
        let path = path.ok();
        if bound.len() == SCHEMAS {
            bound.remove(0);
        }
        bound.push((schema.clone(), path.clone()));
        path
    }
}

impl<'p> Rest<'p> {
    /// A path whose steps are known.
    pub fn of(path: &'p InstancePath) -> Rest<'p> {
        Rest {
            steps: &path.steps,
            inside: None,
        }
    }

    /// Whether the place is here, with all that is below.
    pub fn ends(&self) -> bool {
        self.steps.is_empty() && self.inside.is_none()
    }

    /// The next step, and what is behind it; `None` at the end of the steps.
    pub fn split_first(&self) -> Option<(&'p PathStep, Rest<'p>)> {
        let (first, steps) = self.steps.split_first()?;
        let inside = self.inside;
        Some((first, Rest { steps, inside }))
    }
}

/// What is left of places in what is mounted, whose schema is known here.
pub(super) fn mounted(schema: &Arc<Schema>, rests: &[Rest<'_>]) -> Vec<InstancePath> {
    let path = |rest: &Rest<'_>| match (rest.steps, rest.inside) {
        ([], Some(inside)) => inside.by(schema),
        (steps, _) => Some(InstancePath {
            steps: steps.to_vec(),
        }),
    };
    rests.iter().filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::slashes;

    #[test]
    fn steps_begin_at_slashes_outside_of_keys() {
        for (text, expected) in [
            ("/a/b", vec![0, 2]),
            ("/a[k='x/y']/b", vec![0, 11]),
            ("/a{x/y}/b{\"}/\"}/c", vec![0, 7, 15]),
            ("/a[k=\"]/\"]/b", vec![0, 10]),
        ] {
            assert_eq!(slashes(text), expected, "{text}");
        }
    }
}
