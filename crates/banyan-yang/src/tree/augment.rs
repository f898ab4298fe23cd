//! Augments: nodes that are put below others.
//!
//! An augment may name a node that a later augment of the same text adds. The place is kept until that comes along,
//! so that the order of children is that of the text (and that of `pyang`).

use super::expand::Outline;
use super::node::{Node, NodeId};
use crate::compile::{StatementRef, split_name};
use crate::statement::Keyword;

impl<'s> Outline<'s> {
    /// The nodes of an `augment`, made when first asked for; they are not yet where they belong.
    pub fn augment_children(&mut self, at: StatementRef) -> NodeId {
        if let Some(done) = self.augments.get(&at) {
            return *done;
        }
        let node = self.node_of(at);
        let id = self.nodes.add(node);
        self.augments.insert(at, id);
        self.expand_children(at, id);
        id
    }

    /// Puts the nodes of an augment below its target. `uses` are the statement around it and the node that this
    /// stands in (RFC 7950 7.17).
    pub fn apply_augment(&mut self, at: StatementRef, uses: Option<(StatementRef, NodeId)>) {
        let Some(added) = self.augments.get(&at).copied() else {
            return;
        };
        let Some(target) = self.target(at, uses, true) else {
            return;
        };
        self.targets.insert(at, target);
        let module = self.set.owner(at.unit);
        let absent = self.nodes.get(added).absent;
        for child in self.nodes.get(added).children.clone() {
            if !self.nodes.has_room(target, child) {
                return self.report_left_out(at);
            }
            let node = self.nodes.get_mut(child);
            node.augment = Some(at);
            node.absent |= absent;
            let name = node.name;
            match self.child_named(target, module, name) {
                Some(place) if self.nodes.get(place).kind == Keyword::Unknown => {
                    self.fill_place(place, child, target);
                }
                Some(_) => {
                    let message = format!("there is a node `{name}` already");
                    return self.report(at, "duplicate-node", message);
                }
                None => self.add_to_target(at, child, target),
            }
        }
    }

    fn add_to_target(&mut self, at: StatementRef, child: NodeId, target: NodeId) {
        use Keyword::{Case, Choice, Container, Input, List, Notification, Output, Unknown};
        let (kind, config) = (self.nodes.get(target).kind, self.nodes.get(target).config);
        let node = self.nodes.get(child);
        let below = if kind == Choice && node.kind != Case {
            // RFC 7950 7.9.2
            let mut case = Node::new(Case, node.name, node.unit);
            case.status = node.status;
            let case = self.nodes.add(case);
            self.nodes.append(target, case);
            self.nodes.append(case, child);
            case
        } else if matches!(
            kind,
            Container | List | Choice | Case | Input | Output | Notification | Unknown
        ) {
            self.nodes.append(target, child);
            child
        } else {
            let message = format!("a {} cannot be augmented", kind.text());
            return self.report(at, "augment-target", message);
        };
        self.nodes.inherit_config(below, config, true);
    }

    /// Puts a node where an earlier augment expected it.
    fn fill_place(&mut self, place: NodeId, child: NodeId, parent: NodeId) {
        let siblings = &mut self.nodes.get_mut(parent).children;
        for sibling in siblings.iter_mut().filter(|sibling| **sibling == place) {
            *sibling = child;
        }
        self.nodes.get_mut(child).parent = Some(parent);
        self.move_expected(place, child);
    }

    /// Reports the nodes that augments name and that nothing has added.
    pub fn drop_places(&mut self) {
        let mut reported = None;
        for (at, place) in std::mem::take(&mut self.places) {
            let Some(parent) = self.nodes.get(place).parent else {
                continue;
            };
            let siblings = &mut self.nodes.get_mut(parent).children;
            let before = siblings.len();
            siblings.retain(|sibling| *sibling != place);
            // What is below a node that is not there is not there either.
            if siblings.len() < before && reported != Some(at) {
                reported = Some(at);
                let name = self.nodes.get(place).name;
                let message = format!("there is no node `{name}` on this path");
                self.report(at, "unknown-node", message);
            }
        }
    }

    fn move_expected(&mut self, place: NodeId, node: NodeId) {
        for expected in std::mem::take(&mut self.nodes.get_mut(place).children) {
            let wanted = self.nodes.get(expected);
            let module = self.set.owner(wanted.unit);
            if wanted.kind == Keyword::Unknown
                && let Some(found) = self.child_named(node, module, wanted.name)
            {
                self.move_expected(expected, found);
            } else {
                self.nodes.append(node, expected);
            }
        }
    }

    /// The node that an `augment` or `deviation` names (RFC 7950 6.5).
    pub fn target(
        &mut self,
        at: StatementRef,
        uses: Option<(StatementRef, NodeId)>,
        may_come_later: bool,
    ) -> Option<NodeId> {
        let set = self.set;
        let path = set.argument(at);
        let mut node: Option<NodeId> = None;
        for step in path
            .split('/')
            .map(str::trim)
            .filter(|step| !step.is_empty())
        {
            let (prefix, name) = split_name(step);
            let module = self.module_of_prefix(at, prefix)?;
            let own = module == set.owner(at.unit);
            let found = match (node, uses) {
                (Some(node), _) => self.child_named(node, module, name),
                (None, Some((uses, parent))) => {
                    let nodes = &self.nodes;
                    let used = nodes.get(parent).children.iter().copied();
                    let used = used.filter(|child| nodes.get(*child).uses == Some(uses));
                    self.named(used, module, name)
                }
                (None, None) => {
                    let unit = if own {
                        Some(at.unit)
                    } else {
                        set.module(module).units.first().copied()
                    };
                    let top = unit.and_then(|unit| self.units.get(&unit).copied());
                    top.and_then(|top| self.child_named(top, module, name))
                }
            };
            node = match (found, node) {
                (Some(found), _) => Some(found),
                (None, Some(parent)) if own && may_come_later => {
                    let mut place = Node::new(Keyword::Unknown, name, at.unit);
                    place.config = self.nodes.get(parent).config;
                    let place = self.nodes.add(place);
                    self.nodes.append(parent, place);
                    self.places.push((at, place));
                    Some(place)
                }
                _ => {
                    let message = format!("there is no node `{step}` on the path `{path}`");
                    self.report(at, "unknown-node", message);
                    return None;
                }
            };
        }
        node
    }
}
