//! State that its sources push: a tree beside the configuration, not logged, gone at a restart. Its change sets are
//! announced as those of commits are.
//!
//! Each source has what it has pushed to itself: what one removes, another may still have. Reads see all of it. A change
//! costs what it changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use banyan_data::Tree;
use banyan_data::change::ChangeSet;
use banyan_yang::schema::Schema;

use crate::backend::Result;
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::{Core, Engine};
use crate::error::{BackendError, ErrorTag};
use crate::join::Joint;
use crate::nmda::Origin;
use crate::overlay;
use crate::provider::Layer;

/// A change of the state, as listeners get it.
#[derive(Clone, Debug)]
pub struct StateChange {
    /// Who pushed it.
    pub source: Arc<str>,
    /// Running and the state over it, before the change.
    pub before: Tree,
    /// The same after it.
    pub after: Tree,
    /// The difference.
    pub changes: ChangeSet,
}

/// Is told of each change of the state, in their order.
pub trait StateListener: Send + Sync {
    /// A change was made. The next one waits until this returns, so it must not take long, and must not push state itself.
    fn changed(&self, change: &StateChange);
}

/// What is pushed, and who listens.
#[derive(Default)]
pub(crate) struct Pushed {
    /// Held while state is changed and announced: so listeners hear of changes in their order.
    turn: tokio::sync::Mutex<()>,
    held: Mutex<Held>,
    /// Running and the state over it, as they were joined last.
    joined: Mutex<Option<Joint>>,
    listeners: Mutex<Vec<Arc<dyn StateListener>>>,
}

#[derive(Clone, Default)]
struct Held {
    /// By name, in whose order they lie over each other.
    sources: BTreeMap<Arc<str>, (Origin, Tree)>,
    /// All of them together; `None` while there is none.
    joint: Option<Joint>,
}

// What these guard is replaced as a whole, so a panic elsewhere leaves it usable.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pushed {
    /// All state together. O(1).
    pub fn tree(&self, schema: &Arc<Schema>) -> Tree {
        match &locked(&self.held).joint {
            Some(joint) => joint.tree().clone(),
            None => Tree::empty(schema.clone()),
        }
    }

    /// Running with the state over it. Costs what changed since the last time.
    pub fn over(&self, running: &Tree, state: &Tree) -> Tree {
        let mut last = locked(&self.joined);
        let layers = vec![running.clone(), state.clone()];
        let same = |old: &Tree, new: &Tree| old.ptr_eq(new);
        let joint = match &*last {
            Some(joint)
                if joint
                    .layers()
                    .iter()
                    .zip(&layers)
                    .all(|(old, new)| same(old, new)) =>
            {
                return joint.tree().clone();
            }
            Some(joint) => joint.with(layers),
            None => Joint::of(layers),
        };
        let tree = joint.tree().clone();
        *last = Some(joint);
        tree
    }

    /// The state of each source, from the lowest to the uppermost.
    pub fn layers(&self) -> Vec<Layer> {
        let held = locked(&self.held);
        let layers = held.sources.values().map(|(origin, tree)| Layer {
            origin: *origin,
            tree: tree.clone(),
        });
        layers.collect()
    }
}

/// The state of an engine: a handle to push it and to listen to it.
#[derive(Clone)]
pub struct State(Engine);

/// A source of state.
#[derive(Clone)]
pub struct StateSource {
    engine: Engine,
    name: Arc<str>,
    origin: Origin,
}

/// What a source changes at once; see [`StateSource::change`].
#[derive(Clone, Debug, Default)]
pub struct StateUpdate(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    Put(Tree),
    PutJson(String),
    Replace(String, String),
    Remove(String),
    Clear,
}

impl StateUpdate {
    /// Nothing yet.
    pub fn new() -> StateUpdate {
        StateUpdate::default()
    }

    /// Puts a tree over what the source has: what is in both takes the new value, the rest stays.
    pub fn put(mut self, tree: Tree) -> StateUpdate {
        self.0.push(Step::Put(tree));
        self
    }

    /// As [`StateUpdate::put`], for an RFC 7951 object from the root.
    pub fn put_json(mut self, json: impl Into<String>) -> StateUpdate {
        self.0.push(Step::PutJson(json.into()));
        self
    }

    /// Takes away what the source has at or below an instance, in any spelling of paths, and puts an RFC 7951 object from
    /// the root instead.
    pub fn replace_json(mut self, path: impl Into<String>, json: impl Into<String>) -> StateUpdate {
        self.0.push(Step::Replace(path.into(), json.into()));
        self
    }

    /// Takes away what the source has at or below an instance, in any spelling of paths. What is not there is no error.
    pub fn remove(mut self, path: impl Into<String>) -> StateUpdate {
        self.0.push(Step::Remove(path.into()));
        self
    }

    /// Takes away all that the source has.
    pub fn clear(mut self) -> StateUpdate {
        self.0.push(Step::Clear);
        self
    }

    fn apply(&self, core: &Core, tree: Tree) -> Result<Tree> {
        let mounts = &core.mounts;
        let put = |tree: Tree, json: &str| {
            let more = bind::state_from_bytes(&core.schema, json.as_bytes())?;
            put(tree, more)
        };
        let remove = |tree: Tree, path: &str| {
            let path = bind::parse_path(&tree, path, mounts)?;
            Ok::<_, BackendError>(overlay::without(&tree, &path))
        };
        self.0.iter().try_fold(tree, |tree, step| match step {
            Step::Put(more) => put_tree(core, tree, more),
            Step::PutJson(json) => put(tree, json),
            Step::Replace(path, json) => put(remove(tree, path)?, json),
            Step::Remove(path) => remove(tree, path),
            Step::Clear => Ok(Tree::empty(core.schema.clone())),
        })
    }
}

fn put(tree: Tree, more: Tree) -> Result<Tree> {
    Ok(overlay::overlay(&tree, &more))
}

fn put_tree(core: &Core, tree: Tree, more: &Tree) -> Result<Tree> {
    if !Arc::ptr_eq(more.schema(), &core.schema) {
        return Err(BackendError::new(
            ErrorTag::OperationFailed,
            "the state is of another schema than the datastores",
        ));
    }
    put(tree, more.clone())
}

impl Engine {
    /// The state that is pushed.
    pub fn state(&self) -> State {
        State(self.clone())
    }
}

impl State {
    /// A source. Its name is told with each change; two handles of one name share what they have. `origin` is that of
    /// configuration nodes that it adds (RFC 8342 5.3.4).
    pub fn source(&self, name: impl Into<Arc<str>>, origin: Origin) -> StateSource {
        StateSource {
            engine: self.0.clone(),
            name: name.into(),
            origin,
        }
    }

    /// All state that is pushed, now. O(1).
    pub fn tree(&self) -> Tree {
        self.0.0.pushed.tree(self.0.schema())
    }

    /// Running with the pushed state over it, now. Costs what changed since it was asked for last.
    pub fn over_running(&self) -> Tree {
        let running = self.0.running().tree;
        self.0.0.pushed.over(&running, &self.tree())
    }

    /// Tells a listener of each change from now on.
    pub fn listen(&self, listener: Arc<dyn StateListener>) {
        locked(&self.0.0.pushed.listeners).push(listener);
    }
}

impl StateSource {
    /// Changes what the source has, all of the update or nothing of it, and tells the listeners. Costs what it changes.
    ///
    /// # Errors
    /// A document or a path does not fit the schema; nothing is changed then.
    pub async fn change(&self, update: StateUpdate) -> Result<()> {
        let core = self.engine.0.clone();
        let _turn = core.pushed.turn.lock().await;
        let source = self.clone();
        on_pool(move || source.change_now(&update)).await?
    }

    /// The caller has the turn.
    fn change_now(&self, update: &StateUpdate) -> Result<()> {
        let core = &self.engine.0;
        let mut held = locked(&core.pushed.held).clone();
        let old = match held.sources.get(&self.name) {
            Some((_, tree)) => tree.clone(),
            None => Tree::empty(core.schema.clone()),
        };
        let new = update.apply(core, old)?;
        if new.root().slots().is_empty() {
            held.sources.remove(&self.name);
        } else {
            held.sources.insert(self.name.clone(), (self.origin, new));
        }
        let layers: Vec<Tree> = held
            .sources
            .values()
            .map(|(_, tree)| tree.clone())
            .collect();
        held.joint = match (held.joint.take(), layers.is_empty()) {
            (_, true) => None,
            (Some(joint), false) => Some(joint.with(layers)),
            (None, false) => Some(Joint::of(layers)),
        };
        let running = core.running.load().tree.clone();
        let before = core.pushed.tree(&core.schema);
        *locked(&core.pushed.held) = held;
        let after = core.pushed.tree(&core.schema);
        core.announced.tell();
        let listeners = locked(&core.pushed.listeners).clone();
        if listeners.is_empty() || after.ptr_eq(&before) {
            return Ok(());
        }
        let before = core.pushed.over(&running, &before);
        let after = core.pushed.over(&running, &after);
        let changes = bind::diff(&before, &after);
        if changes.is_empty() {
            return Ok(());
        }
        let change = StateChange {
            source: self.name.clone(),
            before,
            after,
            changes,
        };
        for listener in listeners {
            listener.changed(&change);
        }
        Ok(())
    }
}
