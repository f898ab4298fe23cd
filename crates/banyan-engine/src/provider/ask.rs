//! Asks the providers that a read needs, all at once, and says who owes what.

use std::sync::Arc;

use banyan_data::filter::restrict;
use banyan_data::path::InstancePath;
use banyan_data::{Content, Tree};
use tokio::task::JoinSet;

use super::{StateRequest, source::wanted_of};
use crate::access;
use crate::backend::{Call, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::{Core, Engine};
use crate::error::{BackendError, ErrorTag};
use crate::monitor;
use crate::nmda::{Missing, Origin};
use crate::overlay::overlay;
use crate::stream;
use crate::subscription;

/// Data that lie over the configuration.
pub(crate) struct Layer {
    /// The origin of configuration nodes that it adds.
    pub origin: Origin,
    pub tree: Tree,
}

/// What the sources of state have answered.
pub(crate) struct Asked {
    /// From the lowest to the uppermost.
    pub layers: Vec<Layer>,
    /// What failed.
    pub missing: Vec<Missing>,
}

/// What of a provider's state is asked for.
struct Question {
    number: usize,
    /// The wanted instances.
    paths: Vec<String>,
}

impl Engine {
    /// The state that a read needs, from all who have it. `reach` is what the read can look at, `None` for everything;
    /// `wants` says of a covered subtree whether it is of interest.
    pub(crate) async fn ask(
        &self,
        call: &Call,
        running: &Tree,
        reach: Option<&[InstancePath]>,
        wants: impl Fn(&InstancePath) -> bool,
    ) -> Result<Asked> {
        let own = self.own_state(call, reach);
        let mut asking = JoinSet::new();
        let mut questions = Vec::new();
        for (number, source) in self.0.providers.iter().enumerate() {
            let (paths, wanted) = source.wanted(reach, &wants);
            if wanted.is_empty() {
                continue;
            }
            let keeps = !source.provider.keeps_for().is_zero();
            let asked_for = match self.0.validate_state {
                // A part may break constraints that the whole keeps.
                true => source.wanted(None, &wants).1,
                false => wanted.clone(),
            };
            let request = StateRequest {
                running: running.clone(),
                paths,
                wanted: asked_for,
                principal: (!keeps).then(|| call.principal.clone()),
            };
            questions.push(Question {
                number,
                paths: bind::paths_text(running.schema(), &wanted),
            });
            let (core, at) = (self.0.clone(), questions.len() - 1);
            asking.spawn(async move { (at, asked(&core, number, request, wanted).await) });
        }
        let schema = self.0.schema.clone();
        let pushed = self.0.pushed.layers();
        let within = reach.map(<[InstancePath]>::to_vec);
        let own: Result<Vec<Layer>> = on_pool(move || {
            let layer = |state| {
                Ok(Layer {
                    origin: Origin::System,
                    tree: bind::state_from_json(&schema, state)?,
                })
            };
            let pushed = pushed.into_iter().map(|layer| match &within {
                None => Ok(layer),
                Some(reach) => Ok(Layer {
                    tree: restrict(&layer.tree, reach),
                    ..layer
                }),
            });
            own.iter().map(layer).chain(pushed).collect()
        })
        .await?;
        let mut layers = own?;
        let mut answers: Vec<Option<Result<Tree>>> = questions.iter().map(|_| None).collect();
        while let Some(ended) = asking.join_next().await {
            match ended {
                Ok((at, answer)) => answers[at] = Some(answer),
                Err(error) => tracing::error!("a provider of state failed: {error}"),
            }
        }
        let mut missing = Vec::new();
        for (question, answer) in questions.into_iter().zip(answers) {
            let provider = &self.0.providers[question.number].provider;
            match answer {
                Some(Ok(tree)) => layers.push(Layer {
                    origin: provider.origin(),
                    tree,
                }),
                failed => {
                    let reason = match failed {
                        Some(Err(error)) => error.to_string(),
                        _ => "it failed with an internal error; see the server's log".to_owned(),
                    };
                    let lost = Missing {
                        provider: provider.name().to_owned(),
                        paths: question.paths,
                        reason,
                    };
                    tracing::warn!("{lost}");
                    missing.push(lost);
                }
            }
        }
        Ok(Asked { layers, missing })
    }

    /// What the engine says of itself, as far as the read needs it.
    fn own_state(&self, call: &Call, reach: Option<&[InstancePath]>) -> Vec<serde_json::Value> {
        let schema = &self.0.schema;
        let wanted = |path: &str| {
            let top = bind::top_level(schema, path);
            top.is_some_and(|top| !wanted_of(&top, reach).is_empty())
        };
        let mut state = Vec::new();
        if wanted(monitor::PATH) {
            let subject = self.0.subject(call).ok().flatten();
            state.push(monitor::netconf_state(self, subject.as_deref()));
        }
        if wanted(monitor::PENDING) {
            state.push(monitor::pending_commit(self));
        }
        if wanted(subscription::PATH) {
            state.push(subscription::subscriptions(self));
        }
        for place in [stream::RFC5277, stream::RFC8639] {
            if wanted(place) {
                state.push(stream::described(&self.0.streams, place));
            }
        }
        if wanted(access::STATE_PATH) {
            state.push(self.0.access.counters.state());
        }
        state
    }
}

/// The answer of one provider, checked, and cut to what is wanted.
async fn asked(
    core: &Arc<Core>,
    number: usize,
    request: StateRequest,
    wanted: Vec<InstancePath>,
) -> Result<Tree> {
    let source = &core.providers[number];
    let provider = source.provider.clone();
    let clock = core.seams.clock.clone();
    let limit = provider.deadline();
    let keeps_for = provider.keeps_for();
    let running = request.running.clone();
    let question = request.wanted.clone();
    let answer = async {
        if keeps_for.is_zero() {
            return provider.read(request).await;
        }
        // Made inside, so that nobody runs it whose answer is there.
        let ask = async { provider.read(request).await };
        source.kept.answer(&question, keeps_for, &*clock, ask).await
    };
    let begun = clock.monotonic();
    let answer = tokio::select! {
        answer = answer => answer,
        () = clock.sleep(limit) => Err(BackendError::new(
            ErrorTag::OperationFailed,
            format!("no answer within {} s", limit.as_secs_f32()),
        )),
    };
    let time = clock.monotonic().saturating_sub(begun);
    let metrics = &core.observed.metrics;
    metrics.provider(provider.name(), time, answer.is_err());
    let tree = answer?;
    if !Arc::ptr_eq(tree.schema(), running.schema()) {
        return Err(BackendError::new(
            ErrorTag::OperationFailed,
            "its answer is of another schema",
        ));
    }
    let beyond = source.covers.iter().map(|cover| cover.path.clone());
    let covers: Vec<InstancePath> = beyond.collect();
    let core = core.clone();
    on_pool(move || {
        within(&tree, &covers)?;
        if core.validate_state {
            let below = core.pushed.over(&running, &core.pushed.tree(&core.schema));
            bind::validate_state(&overlay(&below, &tree), &covers)?;
        }
        Ok(restrict(&tree, &wanted))
    })
    .await?
}

/// Fails when a tree has something beside the covered subtrees and the way to them. O(entries on the way).
fn within(tree: &Tree, covers: &[InstancePath]) -> Result<()> {
    let ways: Vec<_> = covers.iter().map(|cover| cover.steps.as_slice()).collect();
    match beside(tree, tree.root(), &ways) {
        None => Ok(()),
        Some(id) => Err(BackendError::new(
            ErrorTag::OperationFailed,
            format!(
                "it gave {}, which it does not cover",
                tree.schema().path(id)
            ),
        )),
    }
}

type Way<'c> = &'c [banyan_data::path::PathStep];

fn beside(
    tree: &Tree,
    node: &banyan_data::Node,
    ways: &[Way<'_>],
) -> Option<banyan_yang::schema::SchemaId> {
    let schema = tree.schema();
    for slot in node.slots() {
        if schema.node(slot.id).is_key {
            continue;
        }
        let on: Vec<Way<'_>> = ways
            .iter()
            .filter_map(|way| way.split_first())
            .filter(|(step, _)| step.node == slot.id)
            .map(|(_, rest)| rest)
            .collect();
        if on.is_empty() {
            return Some(slot.id);
        }
        if on.iter().any(|rest| rest.is_empty()) {
            continue;
        }
        let found = match &slot.content {
            Content::Container(node) => beside(tree, node, &on),
            Content::List(list) => list.iter().find_map(|entry| beside(tree, entry, &on)),
            _ => Some(slot.id),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}
