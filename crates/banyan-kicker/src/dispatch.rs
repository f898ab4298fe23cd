//! Calling actions: kicks of one kicker in the order of the commits, different kickers side by side.
//!
//! Nothing here delays a commit, and a failing action is reported, never repeated.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use banyan_data::cursor::Cursor;
use banyan_data::lexical::{self, ModuleNames};
use banyan_data::path::InstancePath;
use banyan_data::view::View;
use banyan_data::{Content, Node, Slot, Tree};
use banyan_engine::backend::{Call, Principal};
use banyan_engine::engine::{Engine, WeakEngine};
use banyan_engine::observe::{Meter, Readings};
use banyan_engine::{SessionId, Tid};
use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use crate::counted::Counted;
use crate::evaluate::Kick;
use crate::set::action;

/// The session number of calls that no session makes.
const NO_SESSION: SessionId = SessionId(0);

/// Which commit kicks, and whose.
#[derive(Debug, Clone)]
pub struct Occasion {
    /// The transaction.
    pub tid: Tid,
    /// Who committed: the action runs for him.
    pub principal: Principal,
}

/// Why an action was not called, or failed.
#[derive(Debug, thiserror::Error)]
enum KickError {
    #[error("{target} is gone")]
    TargetGone { target: String },
    #[error("{target} has no action {action:?}")]
    NoAction { target: String, action: String },
    #[error("the input leaf {leaf} does not take {value:?}: {reason}")]
    Input {
        leaf: String,
        value: String,
        reason: String,
    },
    #[error(transparent)]
    Failed(#[from] banyan_engine::BackendError),
}

/// Kicks that wait, by kicker. A kicker with a queue has a task that works on it.
#[derive(Default)]
pub struct Dispatcher {
    queues: Mutex<HashMap<String, VecDeque<(Occasion, Kick)>>>,
    counted: Counted,
}

impl Meter for Dispatcher {
    fn read(&self, readings: &mut Readings) {
        self.counted.read(readings);
        let waiting: usize = self.queues().values().map(VecDeque::len).sum();
        readings.gauge(
            "kicks_waiting",
            "Kicks that wait for those of their kicker before them",
            &[],
            waiting as f64,
        );
    }
}

impl Dispatcher {
    fn queues(&self) -> MutexGuard<'_, HashMap<String, VecDeque<(Occasion, Kick)>>> {
        // Queues are changed in single calls, so a panic elsewhere leaves them whole.
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues the kicks of a commit; returns at once. Must be called within a runtime.
    pub fn hand_on(self: &Arc<Self>, engine: &WeakEngine, occasion: &Occasion, kicks: Vec<Kick>) {
        let mut queues = self.queues();
        for kick in kicks {
            let kicker = kick.kicker.clone();
            if let Some(queue) = queues.get_mut(&kicker) {
                queue.push_back((occasion.clone(), kick));
                continue;
            }
            queues.insert(kicker.clone(), VecDeque::from([(occasion.clone(), kick)]));
            tokio::spawn(self.clone().work_on(engine.clone(), kicker));
        }
    }

    /// Works on one kicker's queue until it is empty, then removes it.
    async fn work_on(self: Arc<Self>, engine: WeakEngine, kicker: String) {
        loop {
            let next = {
                let mut queues = self.queues();
                match queues.get_mut(&kicker).and_then(VecDeque::pop_front) {
                    Some(next) => next,
                    None => {
                        queues.remove(&kicker);
                        return;
                    }
                }
            };
            let Some(engine) = engine.upgrade() else {
                self.queues().remove(&kicker);
                return;
            };
            let (occasion, kick) = next;
            let clock = engine.clock().clone();
            let begun = clock.monotonic();
            // A task of its own, so that a panic in an action costs that kick and not the queue.
            let calling = tokio::spawn(async move {
                let result = invoke(&engine, &occasion, &kick).await;
                (occasion, kick, result)
            });
            let called = calling.await;
            let took = clock.monotonic().saturating_sub(begun);
            let failed = !matches!(called, Ok((_, _, Ok(()))));
            self.counted.kicked(&kicker, took, failed);
            match called {
                Ok((occasion, kick, Ok(()))) => {
                    tracing::debug!(kicker, tid = %occasion.tid, action = kick.action, "kicked");
                }
                Ok((occasion, kick, Err(error))) => {
                    tracing::warn!(
                        kicker, tid = %occasion.tid, kick_node = kick.target_text, action = kick.action, %error,
                        "a kicked action failed"
                    );
                }
                Err(error) => tracing::error!(kicker, %error, "a kicked action panicked"),
            }
        }
    }
}

async fn invoke(engine: &Engine, occasion: &Occasion, kick: &Kick) -> Result<(), KickError> {
    let running = engine.running().tree;
    let (schema, node) =
        schema_of(&running, &kick.target).ok_or_else(|| KickError::TargetGone {
            target: kick.target_text.clone(),
        })?;
    let action = action(&schema, node, &kick.action).ok_or_else(|| KickError::NoAction {
        target: kick.target_text.clone(),
        action: kick.action.clone(),
    })?;
    let input = input(&schema, action, occasion, kick)?;
    let call = Call::new(NO_SESSION, occasion.principal.clone());
    engine
        .run(
            &call,
            action,
            Some(kick.target.clone()),
            Tree::new(schema, input),
        )
        .await?;
    Ok(())
}

/// The schema and the schema node of an instance.
fn schema_of(tree: &Tree, path: &InstancePath) -> Option<(Arc<Schema>, SchemaId)> {
    let view = View::of(tree);
    let cursor = Cursor::root(&view).find(path)?;
    let inside = std::ptr::eq(cursor.schema(), &**tree.schema());
    // An action of a device is not called through its mount: that takes the device's own session.
    inside.then(|| (tree.schema().clone(), cursor.id()))
}

/// The input of the action: the three leaves if it has exactly these, else nothing.
fn input(
    schema: &Schema,
    action: SchemaId,
    occasion: &Occasion,
    kick: &Kick,
) -> Result<Node, KickError> {
    let Some(input) = schema
        .children(action)
        .iter()
        .copied()
        .find(|child| schema.node(*child).kind == NodeKind::Input)
    else {
        return Ok(Node::empty(action));
    };
    let leaves = schema.data_children(input);
    let mut names: Vec<&str> = leaves
        .iter()
        .map(|leaf| &*schema.node(*leaf).name)
        .collect();
    names.sort_unstable();
    if names != ["kicker-id", "path", "tid"] {
        return Ok(Node::empty(input));
    }
    let mut slots = Vec::with_capacity(leaves.len());
    for leaf in leaves {
        let definition = schema.node(*leaf);
        let text = match &*definition.name {
            "kicker-id" => kick.kicker.clone(),
            "path" => kick.path.clone(),
            _ => occasion.tid.to_string(),
        };
        let Some(ty) = &definition.ty else {
            return Ok(Node::empty(input));
        };
        let names = ModuleNames {
            default: Some(definition.module),
        };
        let value =
            lexical::parse(schema, ty, &text, &names).map_err(|error| KickError::Input {
                leaf: definition.name.to_string(),
                value: text.clone(),
                reason: error.message,
            })?;
        slots.push(Slot {
            id: *leaf,
            content: Content::Leaf(value),
        });
    }
    Ok(Node::new(input, slots))
}
