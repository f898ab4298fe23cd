//! Schema nodes from draft nodes, with the facts that nodes of one grouping share.

use std::collections::HashSet;
use std::sync::Arc;

use super::consistency::Settled;
use super::context::Compilation;
use super::defaults;
use super::draft::{DraftDefault, DraftId, Facts};
use super::finish::{default_case, uniques};
use super::hash::IdMap;
use super::set::StatementRef;
use crate::schema::{ModuleId, NodeFacts, NodeKind, OrderedBy, SchemaId, SchemaNode, Type};
use crate::source::Span;

/// The nodes in their final order, each with its type.
pub(super) fn nodes<'d>(
    compilation: &mut Compilation<'_>,
    settled: &Settled,
    ids: &[Option<SchemaId>],
    reported: &HashSet<StatementRef>,
    order: impl Iterator<Item = (&'d DraftId, Option<Arc<Type>>)>,
) -> Vec<SchemaNode> {
    let mut builder = Builder {
        compilation,
        settled,
        ids,
        reported,
        shared: IdMap::default(),
    };
    let root = SchemaNode::new(
        NodeKind::Root,
        Arc::from(""),
        ModuleId(0),
        None,
        Span::default(),
    );
    let mut nodes = Vec::with_capacity(order.size_hint().0);
    nodes.push(root);
    nodes.extend(order.skip(1).map(|(id, ty)| builder.node(*id, ty)));
    nodes
}

/// What the facts of a node follow from: what the statements say, by its address, and what decides about its defaults
/// if it has any.
type FactsKey = (usize, Option<DefaultsKey>);

#[derive(PartialEq, Eq, Hash)]
struct DefaultsKey {
    module: ModuleId,
    /// Its address.
    ty: usize,
    config: bool,
    is_key: bool,
}

struct Builder<'b, 'a> {
    compilation: &'b mut Compilation<'a>,
    settled: &'b Settled,
    ids: &'b [Option<SchemaId>],
    /// Defaults of typedefs that are wrong.
    reported: &'b HashSet<StatementRef>,
    shared: IdMap<FactsKey, Option<Arc<NodeFacts>>>,
}

impl Builder<'_, '_> {
    fn node(&mut self, id: DraftId, ty: Option<Arc<Type>>) -> SchemaNode {
        let draft = self.compilation.drafts.get(id);
        let said = draft.facts.clone();
        let span = self.compilation.set.span(draft.at);
        let index = id.index();
        let name = self.compilation.names.text(draft.name).clone();
        let parent = self.ids[draft.parent.index()];
        let mut node = SchemaNode::new(draft.kind, name, draft.module, parent, span);
        node.config = self.settled.config[index];
        node.mandatory = said
            .details()
            .mandatory
            .is_some_and(|mandatory| mandatory.value);
        node.presence = said.presence;
        node.status = self.settled.status[index];
        node.is_key = self.settled.is_key.contains(&id);
        if node.config && !self.settled.is_sent[index] {
            node.ordered_by = said.ordered_by;
        } else {
            node.ordered_by = OrderedBy::System;
        }
        node.ty = ty;
        self.link(id, &mut node);
        let effective = defaults::effective(self.compilation.drafts.get(id), node.is_key);
        // Given back as nodes are made of them, so that both are never there in full.
        let none = self.compilation.no_facts.clone();
        self.compilation.drafts.get_mut(id).facts = none;
        let facts = self.facts(said, &effective, &node);
        node.with_facts(facts)
    }

    /// Keys, unique leaves, the default case.
    fn link(&mut self, id: DraftId, node: &mut SchemaNode) {
        if node.kind == NodeKind::Choice
            && let Some(case) = default_case(self.compilation, id, self.ids)
        {
            node.links_mut().default_case = Some(case);
        }
        if node.kind != NodeKind::List {
            return;
        }
        let uniques = uniques(self.compilation, self.settled, id, self.ids);
        let links = node.links_mut();
        links.uniques = uniques;
        if let Some(keys) = self.settled.keys.get(&id) {
            links.keys = keys
                .iter()
                .filter_map(|key| self.ids[key.index()])
                .collect();
        }
    }

    /// The final facts; nodes that shared theirs still do. An address names facts for good, because none are made while
    /// nodes are.
    fn facts(
        &mut self,
        said: Arc<Facts>,
        effective: &[DraftDefault],
        node: &SchemaNode,
    ) -> Option<Arc<NodeFacts>> {
        said.details.as_ref()?; // Otherwise there are no facts.
        let decides = DefaultsKey {
            module: node.module,
            ty: node.ty.as_ref().map_or(0, |ty| Arc::as_ptr(ty).addr()),
            config: node.config,
            is_key: node.is_key,
        };
        let decides = (!effective.is_empty()).then_some(decides);
        let key = (Arc::as_ptr(&said).addr(), decides);
        let (said, is_shared) = match Arc::try_unwrap(said) {
            Ok(said) => (said, false),
            Err(said) => match self.shared.get(&key) {
                Some(facts) => return facts.clone(),
                None => (said.as_ref().clone(), true),
            },
        };
        let said = said.into_details();
        let defaults = defaults::checked(
            self.compilation,
            self.settled,
            node,
            effective,
            self.reported,
        );
        let facts = NodeFacts {
            refined_description: said.description,
            defaults,
            units: said.units,
            musts: said.musts,
            whens: said.whens,
            min_elements: said.min_elements.map_or(0, |min| min.value),
            max_elements: said.max_elements.and_then(|max| max.value),
            extensions: said.extensions,
            mount_point: said.mount_point,
        };
        let facts = facts.shared();
        if is_shared {
            self.shared.insert(key, facts.clone());
        }
        facts
    }
}
