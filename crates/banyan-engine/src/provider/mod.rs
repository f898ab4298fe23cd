//! Providers of operational data: asked during a read for the parts of the tree that they cover.
//!
//! A read asks only for what its filter can look at, all providers at once, each with a deadline. One that is late or
//! fails costs its own part and nothing else.

mod ask;
mod kept;
mod program;
mod source;

use std::time::Duration;

use banyan_data::Tree;
use banyan_data::path::InstancePath;

use crate::backend::{BoxFuture, Principal, Result};
use crate::bind;
use crate::nmda::Origin;

pub(crate) use ask::Layer;
pub use program::Program;
pub(crate) use source::{Source, covers};

/// What a provider is asked.
#[derive(Clone, Debug)]
pub struct StateRequest {
    /// Running at the time of the read: which instances there are.
    pub running: Tree,
    /// Which of the paths that the provider covers are wanted, as it spelled them.
    pub paths: Vec<String>,
    /// Which instances are wanted, each at or below one of these paths, with all below it. Where the read names keys, they
    /// are here; [`banyan_data::path::Select::None`] at a list means all of its entries. A provider may give more of what
    /// it covers, but need not.
    pub wanted: Vec<InstancePath>,
    /// Who reads; `None` when the answer is kept for other readers ([`Provider::keeps_for`]). Access control is the
    /// engine's work, not the provider's.
    pub principal: Option<Principal>,
}

impl StateRequest {
    /// The wanted instances as RFC 7951 6.11 writes them; without keys, all entries of a list.
    pub fn wanted_paths(&self) -> Vec<String> {
        bind::paths_text(self.running.schema(), &self.wanted)
    }
}

/// A source of operational data (RFC 7950 `config false`, and configuration that the system has made).
pub trait Provider: Send + Sync {
    /// Its name in error messages.
    fn name(&self) -> &str;

    /// The schema nodes whose subtrees it provides, by schema path without choices and cases:
    /// `/module:container/list/state-leaf`. Asked for once, at the start.
    fn covers(&self) -> Vec<String>;

    /// How long a read waits for it.
    fn deadline(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// For how long an answer is given again to readers who want the same; zero is never. Readers who come while it works
    /// wait for the same answer.
    fn keeps_for(&self) -> Duration {
        Duration::ZERO
    }

    /// The origin of configuration nodes that it provides and running does not have (RFC 8342 5.3.4). A node that bears
    /// the annotation `ietf-origin:origin` has that one, and so have those below it.
    fn origin(&self) -> Origin {
        Origin::System
    }

    /// The state, as a tree from the root in the schema of `request.running`: the containers, list entries
    /// with their keys, and below them what is covered. The engine lays it over the configuration.
    fn read(&self, request: StateRequest) -> BoxFuture<'_, Result<Tree>>;
}
