//! Which nodes of a selection a read wants: configuration or state, and by origin (RFC 8526 3.1.1).

use std::sync::Arc;

use banyan_data::path::InstancePath;
use banyan_data::{Content, List, Node, Slot, Tree};
use banyan_yang::schema::{IdentityId, NodeKind, Schema};

use super::origin::{Marking, Origins};
use crate::backend::Result;
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::nmda::{GetData, IdentityName, OriginFilter, ReadFrom};
use crate::provider::Layer;

/// What a read wants, bound to the schema.
pub(crate) struct Choice {
    config: Option<bool>,
    levels: Option<usize>,
    has_filter: bool,
    origins: Option<(Origins, Wanted)>,
    with_origin: bool,
}

/// Which origins are wanted.
pub(super) enum Wanted {
    Any,
    Only(Vec<IdentityId>),
    Without(Vec<IdentityId>),
}

impl Wanted {
    /// Whether a configuration node of that origin is wanted.
    pub fn has(&self, schema: &Schema, origin: IdentityId) -> bool {
        let among = |filter: &[IdentityId]| {
            let matches =
                |wanted: &IdentityId| *wanted == origin || schema.is_derived_from(origin, *wanted);
            filter.iter().any(matches)
        };
        match self {
            Wanted::Any => true,
            Wanted::Only(filter) => among(filter),
            Wanted::Without(filter) => !among(filter),
        }
    }

    pub fn is_any(&self) -> bool {
        matches!(self, Wanted::Any)
    }
}

impl Choice {
    /// Binds what a read wants.
    ///
    /// # Errors
    /// Origins are asked for of another datastore than operational (RFC 8526: the `when` of these parameters), or one is
    /// not known.
    pub fn of(schema: &Arc<Schema>, get: &GetData) -> Result<Choice> {
        let by_origin = get.origins != OriginFilter::Any;
        for (asked, name) in [
            (by_origin, "origin-filter"),
            (get.with_origin, "with-origin"),
        ] {
            if asked && get.from != ReadFrom::Operational {
                let message = format!(
                    "{name} is about the operational datastore alone: others hold no origins"
                );
                let report = Report::new(ErrorLayer::Protocol, ErrorTag::UnknownElement, message);
                return Err(report.with_info("bad-element", name).into());
            }
        }
        let origins = match by_origin || get.with_origin {
            false => None,
            true => Some((Origins::of(schema)?, wanted(schema, &get.origins)?)),
        };
        Ok(Choice {
            config: get.config,
            levels: get.max_depth.map(usize::from),
            has_filter: get.filter.is_some(),
            origins,
            with_origin: get.with_origin,
        })
    }

    /// Whether state at or below a subtree can be of interest: providers of the others need not be asked.
    pub fn wants(&self, schema: &Schema, cover: &InstancePath) -> bool {
        let Some(last) = cover.steps.last() else {
            return true;
        };
        let is_state = !schema.node(last.node).config;
        let configuration_alone = self.config == Some(true)
            || self
                .origins
                .as_ref()
                .is_some_and(|(_, wanted)| !wanted.is_any());
        let too_deep =
            !self.has_filter && self.levels.is_some_and(|levels| cover.steps.len() > levels);
        !(is_state && configuration_alone || too_deep)
    }

    /// What is wanted of a selection, with origins if they are asked for. Costs the size of the selection.
    pub fn apply(&self, selected: &Tree, configuration: &Tree, layers: &[Layer]) -> Tree {
        let mut tree = selected.clone();
        if let Some(config) = self.config {
            let root = only(tree.schema(), tree.root(), config);
            tree = tree.with_root(root.unwrap_or_else(|| Node::empty(tree.root().id())));
        }
        if let Some((origins, wanted)) = &self.origins {
            let marking = Marking {
                schema: tree.schema(),
                origins,
                wanted,
                marks: self.with_origin,
            };
            tree = marking.tree(&tree, configuration, layers);
        }
        tree
    }
}

fn wanted(schema: &Arc<Schema>, origins: &OriginFilter) -> Result<Wanted> {
    let known = |name: &IdentityName| {
        let module = schema.module_by_namespace(&name.namespace);
        let identity = module.and_then(|module| schema.identity_by_name(module, &name.name));
        identity.ok_or_else(|| {
            let message = format!(
                "there is no origin {} in the namespace {:?}",
                name.name, name.namespace
            );
            BackendError::from(Report::new(
                ErrorLayer::Protocol,
                ErrorTag::InvalidValue,
                message,
            ))
        })
    };
    Ok(match origins {
        OriginFilter::Any => Wanted::Any,
        OriginFilter::Only(names) => Wanted::Only(names.iter().map(known).collect::<Result<_>>()?),
        OriginFilter::Without(names) => {
            Wanted::Without(names.iter().map(known).collect::<Result<_>>()?)
        }
    })
}

/// The configuration nodes of a node, or its state nodes, with the way to them and the keys on it; `None` is nothing.
/// Recurses as deep as the tree.
fn only(schema: &Arc<Schema>, node: &Node, config: bool) -> Option<Node> {
    let mut slots: Vec<Slot> = Vec::new();
    let mut keys = Vec::new();
    for slot in node.slots() {
        let definition = schema.node(slot.id);
        if definition.is_key {
            keys.push(slot.clone());
            continue;
        }
        let content = match (&slot.content, definition.config == config) {
            // Below state there is only state.
            (content, true) if !config => Some(content.clone()),
            (Content::Container(inner), _) => {
                let pruned = only(schema, inner, config);
                let presence = config && definition.config && !definition.is_np_container();
                let pruned = pruned.or_else(|| presence.then(|| inner.with_slots(Vec::new())));
                pruned.map(Content::Container)
            }
            (Content::List(list), _) if definition.config || config == definition.config => {
                of_list(schema, list, config)
            }
            (content, true) => Some(content.clone()),
            (_, false) => None,
        };
        slots.extend(content.map(|content| Slot {
            id: slot.id,
            content,
        }));
    }
    let entry = schema.node(node.id()).kind == NodeKind::List;
    if slots.is_empty() && !(entry && config) {
        return None;
    }
    slots.extend(keys);
    slots.sort_by_key(|slot| slot.id);
    Some(node.with_slots(slots))
}

fn of_list(schema: &Arc<Schema>, list: &List, config: bool) -> Option<Content> {
    let entries: Vec<Node> = list
        .iter()
        .filter_map(|entry| only(schema, entry, config))
        .collect();
    if entries.is_empty() {
        return None;
    }
    let list = List::from_entries(entries, list.key_count(), list.ordered_by());
    list.ok().map(Content::List)
}
