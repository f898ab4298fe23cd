//! Providers of operational data: asked during a read for the parts of the tree that they cover.

use std::time::Duration;

use banyan_data::Tree;

use crate::backend::{BoxFuture, Principal, Result};

/// What a provider is asked.
#[derive(Clone, Debug)]
pub struct StateRequest {
    /// Running at the time of the read: which instances there are.
    pub running: Tree,
    /// Which of the paths that the provider covers are wanted, as it spelled them.
    pub paths: Vec<String>,
    /// Who reads.
    pub principal: Principal,
}

/// A source of operational data (RFC 7950 `config false`).
pub trait Provider: Send + Sync {
    /// Its name in error messages.
    fn name(&self) -> &str;

    /// The schema nodes whose subtrees it provides, by schema path without choices and cases:
    /// `/module:container/list/state-leaf`.
    fn covers(&self) -> Vec<String>;

    /// How long a read waits for it.
    fn deadline(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// The state, as a tree from the root in the schema of `request.running`: the containers, list entries
    /// with their keys, and below them what is covered. The engine lays it over the configuration.
    fn read(&self, request: StateRequest) -> BoxFuture<'_, Result<Tree>>;
}
