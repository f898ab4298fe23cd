//! The operational datastore (RFC 8342 5.3): configuration, the state that lies over it, and the defaults in use; and
//! what a read wants of it.
//!
//! Access control comes first: filters are evaluated over what the user may see, so that they tell nothing of the rest.

mod choice;
mod fill;
mod origin;

use std::io::Write;
use std::sync::Arc;

use banyan_data::document::{Layout, Unstored};
use banyan_data::path::InstancePath;
use banyan_data::{Node, Slot, Tree};

use crate::access::{ReadableInUse, Subject};
use crate::backend::{Encoding, Result, WithDefaults};
use crate::bind::{self, SharedMounts};
use crate::nmda::{GetData, ReadFrom};
use crate::overlay::overlay;
use crate::provider::Layer;

pub(crate) use choice::Choice;

/// Configuration, and the same with state over it.
pub(crate) struct Joined {
    pub configuration: Tree,
    layers: Vec<Layer>,
    tree: Tree,
    /// What the read can look at; `None` is everything.
    reach: Option<Vec<InstancePath>>,
}

impl Joined {
    /// Configuration alone, of which the read can look at `reach`.
    pub fn without_state(tree: Tree, reach: Option<Vec<InstancePath>>) -> Joined {
        Joined {
            configuration: tree.clone(),
            layers: Vec::new(),
            tree,
            reach,
        }
    }

    /// The configuration with these layers over it. Costs their size.
    pub fn under(self, layers: Vec<Layer>) -> Joined {
        let tree = layers
            .iter()
            .fold(self.tree, |tree, layer| overlay(&tree, &layer.tree));
        Joined {
            configuration: self.configuration,
            layers,
            tree,
            reach: self.reach,
        }
    }
}

/// How defaults are shown. RFC 8342 5.3: in operational, what is in use is there, whether or not it equals its default.
fn shown(get: &GetData) -> WithDefaults {
    get.with_defaults.unwrap_or(match get.from {
        ReadFrom::Operational => WithDefaults::ReportAll,
        _ => WithDefaults::Explicit,
    })
}

/// Whether the defaults in use are put into the tree before it is filtered.
pub(crate) fn fills(get: &GetData) -> bool {
    let reports = matches!(
        shown(get),
        WithDefaults::ReportAll | WithDefaults::ReportAllTagged
    );
    let before_printing = get.filter.is_some() || get.encoding == Encoding::Set;
    reports && (get.from == ReadFrom::Operational || before_printing)
}

/// Selects and prints.
pub(crate) fn print(
    joined: &Joined,
    subject: Option<Arc<Subject>>,
    get: &GetData,
    choice: &Choice,
    mounts: &SharedMounts,
    layout: Layout,
    out: &mut dyn Write,
) -> Result<()> {
    let mut tree = match &subject {
        None => joined.tree.clone(),
        Some(subject) => subject.readable(&joined.tree),
    };
    let in_use = ReadableInUse(subject);
    let shown = shown(get);
    // A filter takes a default like any other node, or leaves it out: so they are put in before. Without one, the
    // printer puts them in.
    let fills = fills(get);
    if fills {
        tree = fill::filled(&tree, &in_use, joined.reach.as_deref());
    }
    let levels = get.max_depth.map(usize::from);
    let selected = bind::select(tree, get.filter.as_ref(), levels, mounts)?;
    let selected = choice.apply(&selected, &joined.configuration, &joined.layers);
    let (unstored, shown): (&dyn Unstored, _) = match (fills, shown) {
        (false, shown) => (&in_use, shown),
        (true, WithDefaults::ReportAllTagged) => (&Nothing, WithDefaults::ReportAllTagged),
        (true, _) => (&Nothing, WithDefaults::Explicit),
    };
    let state = get.from.has_state();
    if get.encoding == Encoding::Set {
        return bind::listing(&selected, mounts, out);
    }
    bind::print(&selected, unstored, get.encoding, shown, state, layout, out)
}

/// All that is in use is in the tree.
struct Nothing;

impl Unstored for Nothing {
    fn children(&self, _: &Tree, _: &InstancePath, _: &Node) -> Vec<Slot> {
        Vec::new()
    }
}
