//! The axes (XPath 1.0 section 2.2): nodes in the order of the axis, each found when it is asked for.
//!
//! An axis yields what *can* pass the node test, so that whoever asks for the first of a million siblings looks at
//! one. What is left out is told by the schema alone; whoever consumes an axis counts what it yields.

use std::iter::{empty, once, successors};
use std::rc::Rc;

use banyan_yang::schema::{Schema, SchemaId};
use banyan_yang::xpath::{Axis, PlanTest};

use super::evaluation::Evaluation;
use super::search::Trail;
use crate::cursor::Cursor;
use crate::frame::Place;

/// Nodes, one at a time.
pub(super) type Nodes<'s, 't> = Box<dyn Iterator<Item = Cursor<'t>> + 's>;

/// In which order children are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Forward,
    Back,
}

impl<'t> Evaluation<'t, '_> {
    /// Nodes on an axis, among them all that pass `test`.
    pub(super) fn axis<'s>(
        &'s self,
        node: &Cursor<'t>,
        axis: Axis,
        test: &'s PlanTest,
    ) -> Nodes<'s, 't> {
        let above = |node: &Cursor<'t>| successors(node.parent(), Cursor::parent);
        let own = once(node.clone());
        match axis {
            Axis::Attribute | Axis::Namespace => Box::new(empty()),
            Axis::SelfNode => Box::new(own),
            Axis::Parent => Box::new(node.parent().into_iter()),
            Axis::Ancestor => Box::new(above(node)),
            Axis::AncestorOrSelf => Box::new(own.chain(above(node))),
            Axis::Child => self.family(test).children(node, Order::Forward),
            Axis::Descendant => Box::new(Below::new(self.family(test), node)),
            Axis::DescendantOrSelf => Box::new(own.chain(Below::new(self.family(test), node))),
            Axis::FollowingSibling => self.siblings(test).later(node),
            Axis::PrecedingSibling => self.siblings(test).earlier(node),
            Axis::Following => {
                let family = self.family(test);
                Box::new(own.chain(above(node)).flat_map(move |from| {
                    let family = family.clone();
                    family.later(&from).flat_map(move |sibling| {
                        once(sibling.clone()).chain(Below::new(family.clone(), &sibling))
                    })
                }))
            }
            Axis::Preceding => {
                let family = self.family(test);
                Box::new(own.chain(above(node)).flat_map(move |from| {
                    let family = family.clone();
                    let siblings = family.earlier(&from);
                    siblings.flat_map(move |sibling| Back::new(family.clone(), sibling))
                }))
            }
        }
    }

    /// The children that can pass `test`, the last first.
    pub(super) fn children_back<'s>(
        &'s self,
        node: &Cursor<'t>,
        test: &'s PlanTest,
    ) -> Nodes<'s, 't> {
        self.siblings(test).children(node, Order::Back)
    }

    /// For looking through subtrees.
    fn family<'s>(&'s self, test: &'s PlanTest) -> Family<'s> {
        Family {
            home: self.home,
            trail: Rc::new(Trail::of(self.home, test)),
            test,
            exact: false,
        }
    }

    /// For looking at children alone.
    fn siblings<'s>(&'s self, test: &'s PlanTest) -> Family<'s> {
        Family {
            home: self.home,
            trail: Rc::new(Trail::Everything),
            test,
            exact: true,
        }
    }
}

/// Which children are looked at.
#[derive(Clone)]
struct Family<'s> {
    home: &'s Schema,
    trail: Rc<Trail<'s>>,
    test: &'s PlanTest,
    /// Only what can pass the test itself, not what can lead to it.
    exact: bool,
}

impl<'s> Family<'s> {
    /// The ids of the children of `node` that are looked at, ascending.
    fn ids(&self, node: &Cursor<'_>) -> Vec<SchemaId> {
        let Some((schema, ..)) = node.frame().inside() else {
            return Vec::new();
        };
        let mut ids = node.child_ids();
        match (self.test, self.exact) {
            (PlanTest::Name(name), true) if std::ptr::eq(schema, self.home) => {
                ids.retain(|id| name.nodes.binary_search(id).is_ok());
            }
            (PlanTest::Name(name), true) => {
                ids.retain(|id| schema.node(*id).name == name.local);
            }
            (PlanTest::Text | PlanTest::Nothing, true) => ids.clear(),
            _ => {
                if let Some(ways) = self.trail.in_schema(self.home, schema) {
                    ids.retain(|id| ways.contains(id));
                }
            }
        }
        ids
    }

    fn children<'t: 's>(&self, node: &Cursor<'t>, order: Order) -> Nodes<'s, 't> {
        let text = matches!(self.test, PlanTest::Text | PlanTest::Node)
            .then(|| node.text_node())
            .flatten();
        let mut ids = self.ids(node);
        let operation = node.own_operation();
        let node = node.clone();
        match order {
            Order::Forward => Box::new(
                ids.into_iter()
                    .flat_map(move |id| node.instances(id))
                    .chain(operation)
                    .chain(text),
            ),
            Order::Back => {
                ids.reverse();
                let stored = ids.into_iter().flat_map(move |id| node.instances_back(id));
                Box::new(text.into_iter().chain(operation).chain(stored))
            }
        }
    }

    /// The siblings after a node, in document order.
    fn later<'t: 's>(&self, node: &Cursor<'t>) -> Nodes<'s, 't> {
        let Some((parent, ids)) = self.around(node) else {
            return Box::new(empty());
        };
        if matches!(node.frame().place(), Place::Operation(_)) {
            return Box::new(empty());
        }
        let own = ids.contains(&node.id()).then(|| node.later());
        let after = ids.into_iter().filter({
            let own = node.id();
            move |id| *id > own
        });
        let operation = parent.own_operation();
        Box::new(
            own.into_iter()
                .flatten()
                .chain(after.flat_map(move |id| parent.instances(id)))
                .chain(operation),
        )
    }

    /// The siblings before a node, the nearest first.
    fn earlier<'t: 's>(&self, node: &Cursor<'t>) -> Nodes<'s, 't> {
        let Some((parent, mut ids)) = self.around(node) else {
            return Box::new(empty());
        };
        ids.reverse();
        if matches!(node.frame().place(), Place::Operation(_)) {
            return Box::new(
                ids.into_iter()
                    .flat_map(move |id| parent.instances_back(id)),
            );
        }
        let own = ids.contains(&node.id()).then(|| node.earlier());
        let before = ids.into_iter().filter({
            let own = node.id();
            move |id| *id < own
        });
        Box::new(
            own.into_iter()
                .flatten()
                .chain(before.flat_map(move |id| parent.instances_back(id))),
        )
    }

    /// The parent, and which of its children are looked at. `None` for what has no siblings.
    fn around<'t>(&self, node: &Cursor<'t>) -> Option<(Cursor<'t>, Vec<SchemaId>)> {
        if matches!(node.frame().place(), Place::Text) {
            return None;
        }
        let parent = node.parent()?;
        let ids = self.ids(&parent);
        Some((parent, ids))
    }
}

/// The nodes below one, in document order.
struct Below<'s, 't> {
    family: Family<'s>,
    /// Children that are left, from the top down. As deep as the tree.
    open: Vec<Nodes<'s, 't>>,
}

impl<'s, 't: 's> Below<'s, 't> {
    fn new(family: Family<'s>, node: &Cursor<'t>) -> Self {
        let open = vec![family.children(node, Order::Forward)];
        Below { family, open }
    }
}

impl<'s, 't: 's> Iterator for Below<'s, 't> {
    type Item = Cursor<'t>;

    fn next(&mut self) -> Option<Cursor<'t>> {
        while let Some(children) = self.open.last_mut() {
            match children.next() {
                Some(child) => {
                    self.open.push(self.family.children(&child, Order::Forward));
                    return Some(child);
                }
                None => drop(self.open.pop()),
            }
        }
        None
    }
}

/// A node and all below it, against document order: the node itself comes last.
struct Back<'s, 't> {
    family: Family<'s>,
    open: Vec<(Cursor<'t>, Nodes<'s, 't>)>,
}

impl<'s, 't: 's> Back<'s, 't> {
    fn new(family: Family<'s>, node: Cursor<'t>) -> Self {
        let children = family.children(&node, Order::Back);
        Back {
            family,
            open: vec![(node, children)],
        }
    }
}

impl<'s, 't: 's> Iterator for Back<'s, 't> {
    type Item = Cursor<'t>;

    fn next(&mut self) -> Option<Cursor<'t>> {
        while let Some((_, children)) = self.open.last_mut() {
            match children.next() {
                Some(child) => {
                    let children = self.family.children(&child, Order::Back);
                    self.open.push((child, children));
                }
                None => return self.open.pop().map(|(node, _)| node),
            }
        }
        None
    }
}
