//! Origins of configuration nodes in the operational datastore (RFC 8342 5.3.4): found by a look at where they are,
//! when a read asks for them. No tree stores them, but where a source of state has said them.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_data::meta::{Annotated, Annotations, Meta};
use banyan_data::{Content, LeafList, List, Node, Slot, Tree, Value};
use banyan_yang::schema::{IdentityId, NodeKind, Schema, SchemaId};

use super::choice::Wanted;
use crate::backend::Result;
use crate::error::{BackendError, ErrorTag};
use crate::nmda::Origin;
use crate::provider::Layer;

/// The module of the annotation and of its values.
const MODULE: &str = "ietf-origin";

/// The identities of ietf-origin.
pub(super) struct Origins {
    identities: BTreeMap<Origin, IdentityId>,
    unknown: IdentityId,
}

impl Origins {
    /// # Errors
    /// The schema does not implement ietf-origin.
    pub fn of(schema: &Schema) -> Result<Origins> {
        use Origin::{Default, Dynamic, Intended, Learned, System, Unknown};
        let missing = || {
            BackendError::new(
                ErrorTag::OperationNotSupported,
                "origins need the module ietf-origin, which is not loaded",
            )
        };
        let module = schema.module_by_name(MODULE).ok_or_else(missing)?;
        schema.annotation(module, "origin").ok_or_else(missing)?;
        let identity = |origin: Origin| schema.identity_by_name(module, origin.name());
        let all = [Intended, Dynamic, System, Learned, Default, Unknown];
        let identities = all.into_iter().filter_map(|of| Some((of, identity(of)?)));
        Ok(Origins {
            identities: identities.collect(),
            unknown: identity(Unknown).ok_or_else(missing)?,
        })
    }

    fn id(&self, origin: Origin) -> IdentityId {
        self.identities
            .get(&origin)
            .copied()
            .unwrap_or(self.unknown)
    }
}

/// Marks nodes with their origin, and leaves out those of other origins than are wanted.
pub(super) struct Marking<'m> {
    pub schema: &'m Arc<Schema>,
    pub origins: &'m Origins,
    pub wanted: &'m Wanted,
    /// Whether nodes bear the annotation.
    pub marks: bool,
}

/// Where an instance is.
struct Places<'p> {
    configuration: Option<&'p Node>,
    /// In which layers, the uppermost last; with the origin of what it adds there.
    layers: Vec<(IdentityId, &'p Node)>,
}

fn said(annotations: Option<&Annotations>) -> Option<IdentityId> {
    let name = (MODULE.into(), "origin".into());
    match annotations?.get(&name)? {
        Value::Identity(id) => Some(*id),
        _ => None,
    }
}

fn said_of(node: &Node, place: &Annotated) -> Option<IdentityId> {
    said(node.meta()?.annotations.get(place))
}

impl<'p> Places<'p> {
    /// The origin of a child that is no container or list, by the value that it has.
    fn of_value(
        &self,
        origins: &Origins,
        id: SchemaId,
        place: &Annotated,
        has: impl Fn(&Content) -> bool,
    ) -> IdentityId {
        let in_node = |node: &Node| node.get(id).is_some_and(&has);
        let uppermost = self.layers.iter().rev().find(|(_, node)| in_node(node));
        if let Some(explicit) = uppermost.and_then(|(_, node)| said_of(node, place)) {
            return explicit;
        }
        if self.configuration.is_some_and(in_node) {
            return origins.id(Origin::Intended);
        }
        uppermost.map_or(origins.id(Origin::Default), |(origin, _)| *origin)
    }

    /// The places of a container or list entry, and its origin. `find` looks it up.
    fn of_node(
        &self,
        origins: &Origins,
        find: impl Fn(&'p Node) -> Option<&'p Node>,
    ) -> (Places<'p>, IdentityId) {
        let configuration = self.configuration.and_then(&find);
        let mut explicit = None;
        let mut layers = Vec::new();
        for (origin, node) in &self.layers {
            if let Some(node) = find(node) {
                let own = said_of(node, &Annotated::Node);
                explicit = own.or(explicit);
                // What is below an annotated node has its origin (RFC 8342 5.3.4).
                layers.push((own.unwrap_or(*origin), node));
            }
        }
        let origin = match (explicit, configuration, layers.last()) {
            (Some(explicit), _, _) => explicit,
            (None, Some(_), _) => origins.id(Origin::Intended),
            (None, None, Some((origin, _))) => *origin,
            (None, None, None) => origins.id(Origin::Default),
        };
        let places = Places {
            configuration,
            layers,
        };
        (places, origin)
    }
}

// These recurse as deep as the tree.
impl Marking<'_> {
    pub fn tree(&self, tree: &Tree, configuration: &Tree, layers: &[Layer]) -> Tree {
        let places = Places {
            configuration: Some(configuration.root()),
            layers: layers
                .iter()
                .map(|layer| (self.origins.id(layer.origin), layer.tree.root()))
                .collect(),
        };
        let root = self.inside(tree.root(), &places, None);
        tree.with_root(root.unwrap_or_else(|| Node::empty(tree.root().id())))
    }

    /// A node without its own mark; `None` when nothing of it is wanted. `around` is its origin.
    fn inside(&self, node: &Node, places: &Places<'_>, around: Option<IdentityId>) -> Option<Node> {
        let mut slots = Vec::with_capacity(node.slots().len());
        let mut meta = node.meta().cloned().unwrap_or_default();
        meta.annotations.retain(|_, annotations| {
            annotations.retain(|(module, _), _| &**module != MODULE);
            !annotations.is_empty()
        });
        let mut found = false;
        for slot in node.slots() {
            let definition = self.schema.node(slot.id);
            if definition.is_key {
                slots.push(slot.clone());
                continue;
            }
            let content = if definition.config {
                self.content(slot, places, around, &mut meta)
            } else {
                // State has no origin, and matches no filter for one.
                self.wanted.is_any().then(|| slot.content.clone())
            };
            if let Some(content) = content {
                found = true;
                slots.push(Slot {
                    id: slot.id,
                    content,
                });
            }
        }
        let entry = self.schema.node(node.id()).kind == NodeKind::List;
        let own = around.is_some_and(|origin| self.wanted.has(self.schema, origin));
        let presence = !self.schema.node(node.id()).is_np_container();
        if !found && !(own && (entry || presence)) {
            return None;
        }
        Some(Node::new(node.id(), slots).with_meta(meta))
    }

    fn mark(
        &self,
        meta: &mut Meta,
        place: Annotated,
        origin: IdentityId,
        around: Option<IdentityId>,
    ) {
        if self.marks && around != Some(origin) {
            let name = (MODULE.into(), "origin".into());
            let annotations = meta.annotations.entry(place).or_default();
            annotations.insert(name, Value::Identity(origin));
        }
    }

    fn content(
        &self,
        slot: &Slot,
        places: &Places<'_>,
        around: Option<IdentityId>,
        meta: &mut Meta,
    ) -> Option<Content> {
        let id = slot.id;
        match &slot.content {
            Content::Container(node) => {
                let (below, origin) = places.of_node(self.origins, |node| match node.get(id) {
                    Some(Content::Container(node)) => Some(node),
                    _ => None,
                });
                let node = self.inside(node, &below, Some(origin))?;
                Some(Content::Container(self.marked(node, origin, around)))
            }
            Content::List(list) => self.list(id, list, places, around).map(Content::List),
            Content::LeafList(list) => self
                .leaf_list(id, list, places, around, meta)
                .map(Content::LeafList),
            content @ (Content::Leaf(_) | Content::Any(_) | Content::Mount(_)) => {
                let place = Annotated::Child(id);
                let same = |other: &Content| match (content, other) {
                    (Content::Leaf(value), Content::Leaf(other)) => value == other,
                    (Content::Any(_), Content::Any(_)) | (Content::Mount(_), Content::Mount(_)) => {
                        true
                    }
                    _ => false,
                };
                let origin = places.of_value(self.origins, id, &place, same);
                if !self.wanted.has(self.schema, origin) {
                    return None;
                }
                if !matches!(content, Content::Mount(_)) {
                    self.mark(meta, place, origin, around);
                }
                Some(content.clone())
            }
        }
    }

    fn marked(&self, node: Node, origin: IdentityId, around: Option<IdentityId>) -> Node {
        let mut meta = node.meta().cloned().unwrap_or_default();
        self.mark(&mut meta, Annotated::Node, origin, around);
        node.with_meta(meta)
    }

    fn list(
        &self,
        id: SchemaId,
        list: &List,
        places: &Places<'_>,
        around: Option<IdentityId>,
    ) -> Option<List> {
        let count = list.key_count();
        let mut entries = Vec::with_capacity(list.len());
        for entry in list {
            let keys: Vec<Value> = entry.keys(count).cloned().collect();
            let (below, origin) = places.of_node(self.origins, |node| match node.get(id) {
                Some(Content::List(list)) if count > 0 => list.get(&keys),
                _ => None,
            });
            if let Some(entry) = self.inside(entry, &below, Some(origin)) {
                entries.push(self.marked(entry, origin, around));
            }
        }
        if entries.is_empty() {
            return None;
        }
        List::from_entries(entries, count, list.ordered_by()).ok()
    }

    fn leaf_list(
        &self,
        id: SchemaId,
        list: &LeafList,
        places: &Places<'_>,
        around: Option<IdentityId>,
        meta: &mut Meta,
    ) -> Option<LeafList> {
        let mut values = Vec::with_capacity(list.len());
        for value in list.iter() {
            let place = Annotated::Entry(id, value.clone());
            let has = |content: &Content| match content {
                Content::LeafList(list) => list.contains(value),
                _ => false,
            };
            let origin = places.of_value(self.origins, id, &place, has);
            if self.wanted.has(self.schema, origin) {
                if !list.duplicates_allowed() {
                    self.mark(meta, place, origin, around);
                }
                values.push(value.clone());
            }
        }
        if values.is_empty() {
            return None;
        }
        LeafList::from_values(values, list.ordered_by(), list.duplicates_allowed()).ok()
    }
}
