//! Schema nodes from draft nodes, with the facts that nodes of one grouping share.

use std::collections::HashSet;
use std::sync::Arc;

use super::consistency::Settled;
use super::context::Compilation;
use super::defaults;
use super::draft::{DraftDefault, DraftId, Drafts, Facts};
use super::finish::{Ids, default_case, uniques};
use super::hash::IdMap;
use super::set::{Interner, StatementRef};
use crate::schema::{ModuleId, NodeFacts, NodeKind, NodeLinks, OrderedBy, SchemaNode, Type};
use crate::source::Span;

/// What statements say about a node, when all is checked.
pub(super) struct Told {
    facts: Option<Arc<NodeFacts>>,
    span: Span,
    mandatory: bool,
    presence: bool,
    ordered_by: OrderedBy,
}

/// What statements say about the nodes, in their final order.
pub(super) struct AllTold {
    nodes: Vec<Told>,
    /// Of the lists and choices among them.
    links: Vec<(DraftId, Box<NodeLinks>)>,
}

/// Reads the statements for the last time. Facts of drafts are given back as those of nodes are made of them.
pub(super) fn tell(
    compilation: &mut Compilation<'_>,
    settled: &Settled,
    ids: &Ids,
    order: &[DraftId],
    types: &[Option<Arc<Type>>],
) -> AllTold {
    let reported = defaults::check_typedefs(compilation);
    let mut teller = Teller {
        compilation,
        settled,
        ids,
        reported,
        shared: IdMap::default(),
    };
    let mut links = Vec::new();
    let nodes = order.iter().zip(types).map(|(id, ty)| {
        links.extend(teller.links(*id).map(|links| (*id, Box::new(links))));
        teller.node(*id, ty.as_ref())
    });
    AllTold {
        nodes: nodes.collect(),
        links,
    }
}

/// The nodes in their final order.
pub(super) fn nodes(
    drafts: &Drafts,
    names: &Interner,
    settled: &Settled,
    ids: &Ids,
    order: &[DraftId],
    types: Vec<Option<Arc<Type>>>,
    told: AllTold,
) -> Vec<SchemaNode> {
    let mut links = told.links.into_iter().peekable();
    let told = order.iter().zip(types).zip(given_back(told.nodes));
    let mut nodes = Vec::with_capacity(order.len());
    nodes.extend(told.map(|((id, ty), told)| {
        let draft = drafts.get(*id);
        let index = id.index();
        let name = match *id {
            DraftId::ROOT => Arc::from(""),
            _ => names.text(draft.name).clone(),
        };
        let parent = ids.of(draft.parent);
        let links = links.next_if(|(of, _)| of == id).map(|(_, links)| links);
        let node = SchemaNode::new(draft.kind, name, draft.module, parent, told.span);
        let mut node = node.with(told.facts, links);
        node.config = settled.config[index];
        node.mandatory = told.mandatory;
        node.presence = told.presence;
        node.status = settled.status[index];
        node.is_key = settled.is_key.contains(id);
        node.ordered_by = told.ordered_by;
        node.ty = ty;
        node
    }));
    nodes
}

/// The items of a long list, whose memory is given back on the way.
fn given_back<T>(mut items: Vec<T>) -> impl Iterator<Item = T> {
    const STEP: usize = 4096;
    items.reverse();
    std::iter::from_fn(move || {
        let item = items.pop();
        if items.len().is_multiple_of(STEP) {
            items.shrink_to_fit();
        }
        item
    })
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

struct Teller<'b, 'a> {
    compilation: &'b mut Compilation<'a>,
    settled: &'b Settled,
    ids: &'b Ids,
    /// Defaults of typedefs that are wrong.
    reported: HashSet<StatementRef>,
    shared: IdMap<FactsKey, Option<Arc<NodeFacts>>>,
}

impl Teller<'_, '_> {
    fn node(&mut self, id: DraftId, ty: Option<&Arc<Type>>) -> Told {
        // Given back as nodes are made of them, so that both are never there in full.
        let none = self.compilation.no_facts.clone();
        let effective = defaults::effective(
            self.compilation.drafts.get(id),
            self.settled.is_key.contains(&id),
        );
        let said = std::mem::replace(&mut self.compilation.drafts.get_mut(id).facts, none);
        let (config, is_sent) = (
            self.settled.config[id.index()],
            self.settled.is_sent[id.index()],
        );
        Told {
            span: self.compilation.draft_span(id),
            mandatory: said.is_mandatory(),
            presence: said.presence,
            ordered_by: match config && !is_sent {
                true => said.ordered_by,
                false => OrderedBy::System,
            },
            facts: self.facts(said, &effective, id, ty),
        }
    }

    /// Keys, unique leaves, the default case.
    fn links(&mut self, id: DraftId) -> Option<NodeLinks> {
        match self.compilation.drafts.get(id).kind {
            NodeKind::Choice => Some(NodeLinks {
                default_case: Some(default_case(self.compilation, id, self.ids)?),
                ..NodeLinks::default()
            }),
            NodeKind::List => {
                let keys = self.settled.keys.get(&id);
                let keys = keys.into_iter().flatten();
                Some(NodeLinks {
                    uniques: uniques(self.compilation, self.settled, id, self.ids),
                    keys: keys.filter_map(|key| self.ids.of(*key)).collect(),
                    default_case: None,
                })
            }
            _ => None,
        }
    }

    /// The final facts; nodes that shared theirs still do. An address names facts for good, because none are made while
    /// these are.
    fn facts(
        &mut self,
        said: Arc<Facts>,
        effective: &[DraftDefault],
        id: DraftId,
        ty: Option<&Arc<Type>>,
    ) -> Option<Arc<NodeFacts>> {
        if effective.is_empty() && !said.has_node_facts() {
            return None;
        }
        let decides = DefaultsKey {
            module: self.compilation.drafts.get(id).module,
            ty: ty.map_or(0, |ty| Arc::as_ptr(ty).addr()),
            config: self.settled.config[id.index()],
            is_key: self.settled.is_key.contains(&id),
        };
        let decides = (!effective.is_empty()).then_some(decides);
        let key = (Arc::as_ptr(&said).addr(), decides);
        if let Some(facts) = self.shared.get(&key) {
            return facts.clone();
        }
        let is_shared = Arc::strong_count(&said) > 1;
        let facts = Arc::unwrap_or_clone(said).take_node_facts();
        let defaults = defaults::checked(
            self.compilation,
            self.settled,
            (id, ty),
            effective,
            &self.reported,
        );
        let facts = NodeFacts { defaults, ..facts };
        let facts = facts.shared();
        if is_shared {
            self.shared.insert(key, facts.clone());
        }
        facts
    }
}
