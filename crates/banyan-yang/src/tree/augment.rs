//! Augments: nodes that are put below others.
//!
//! An augment may name a node that a later augment of the same text adds. The place is kept until that comes along,
//! so that the order of children is that of the text (and that of `pyang`).

use std::collections::{HashMap, HashSet};

use super::expand::Outline;
use super::node::{Node, NodeId};
use crate::compile::{StatementRef, split_name};
use crate::statement::Keyword;

/// The nodes that came by one `uses`, by their names; they all belong to the module of the `uses`.
pub(super) type Used<'s> = HashMap<&'s str, NodeId>;

/// Nodes that are to be taken out, with the parents that they had. They have none any more, but their parents still have
/// them: each by itself would have to be looked for among all its siblings.
pub(super) type Gone = HashMap<NodeId, NodeId>;

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

    /// Puts the nodes of an augment below its target. `used` are the nodes that came by the `uses` around it, where its
    /// path begins (RFC 7950 7.17).
    pub fn apply_augment(&mut self, at: StatementRef, used: Option<&Used<'s>>) {
        let Some(added) = self.augments.get(&at).copied() else {
            return;
        };
        let Some(target) = self.target(at, used, true) else {
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
            match self.child_place(target, module, name) {
                Some(place) if self.is_expected(target, place) => {
                    self.fill_place(target, place, child);
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

    /// Whether a child is only the place of one that an earlier augment expected.
    fn is_expected(&self, parent: NodeId, place: usize) -> bool {
        let child = self.nodes.get(parent).children[place];
        self.nodes.get(child).kind == Keyword::Unknown
    }

    /// Puts a node where an earlier augment expected it: among the children of `parent` at `place`.
    fn fill_place(&mut self, parent: NodeId, place: usize, child: NodeId) {
        let siblings = &mut self.nodes.get_mut(parent).children;
        let expected = std::mem::replace(&mut siblings[place], child);
        self.nodes.get_mut(child).parent = Some(parent);
        self.move_expected(expected, child);
    }

    /// Reports the nodes that augments name and that nothing has added.
    pub fn drop_places(&mut self) {
        let mut reported = None;
        let mut gone = Gone::new();
        for (at, place) in std::mem::take(&mut self.places) {
            // Else it was filled.
            let Some(parent) = self.nodes.get_mut(place).parent.take() else {
                continue;
            };
            gone.insert(place, parent);
            if reported != Some(at) {
                reported = Some(at);
                let name = self.nodes.get(place).name;
                let message = format!("there is no node `{name}` on this path");
                self.report(at, "unknown-node", message);
            }
        }
        self.take_out(&gone);
    }

    /// Takes nodes away from their parents. Linear in the children of these.
    pub fn take_out(&mut self, gone: &Gone) {
        let parents: HashSet<NodeId> = gone.values().copied().collect();
        for parent in parents {
            let children = &mut self.nodes.get_mut(parent).children;
            children.retain(|child| !gone.contains_key(child));
            self.children.forget(parent);
        }
    }

    /// Puts below `node` what was expected below `place`, which it takes the place of.
    fn move_expected(&mut self, place: NodeId, node: NodeId) {
        self.nodes.get_mut(place).parent = None;
        self.children.forget(place);
        for expected in std::mem::take(&mut self.nodes.get_mut(place).children) {
            let wanted = self.nodes.get(expected);
            let (kind, name) = (wanted.kind, wanted.name);
            let module = self.set.owner(wanted.unit);
            if kind == Keyword::Unknown
                && let Some(found) = self.child_named(node, module, name)
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
        used: Option<&Used<'s>>,
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
            let found = match (node, used) {
                (Some(node), _) => self.child_named(node, module, name),
                (None, Some(used)) => used.get(name).copied().filter(|_| own),
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
                    if !self.nodes.has_room_below(parent) {
                        self.report_left_out(at);
                        return None;
                    }
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
