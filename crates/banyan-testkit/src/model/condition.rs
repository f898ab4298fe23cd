//! Conditions and paths of random modules, from templates.

use super::{Kind, Model};
use crate::dice::Dice;

impl Model {
    /// A condition on `node` that reads some of `readable`.
    pub(super) fn condition(&self, node: usize, readable: &[usize], dice: &mut Dice) -> String {
        let data: Vec<usize> = readable
            .iter()
            .copied()
            .filter(|other| !matches!(self.nodes[*other].kind, Kind::Choice | Kind::Case))
            .filter(|other| self.knows(node, *other))
            .collect();
        let terms: Vec<usize> = data
            .iter()
            .copied()
            .filter(|node| self.is_term(*node))
            .collect();
        let Some(&any) = dice.pick(&data) else {
            return "true()".to_owned();
        };
        let path = self.path(node, any, dice, readable, false);
        let Some(&term) = dice.pick(&terms) else {
            return path;
        };
        let value = self.literal(term, dice);
        let other = dice.pick(&terms).copied().unwrap_or(term);
        let term = self.path(node, term, dice, readable, false);
        let other = self.path(node, other, dice, readable, false);
        // What stands before a node may stand behind it in the module.
        let kinds = if readable.contains(&node) { 15 } else { 14 };
        match dice.below(kinds) {
            0 => path,
            1 => format!("not({path})"),
            2 => format!("{term} = '{value}'"),
            3 => format!("{term} != '{value}'"),
            4 => format!("count({path}) < {}", 1 + dice.below(3)),
            5 => format!("not({path}) or {term} = '{value}'"),
            6 => format!("{path} and not({term} = '{value}')"),
            7 => format!("not({term} > 1)"),
            8 => format!("count(//{}) < 4", self.qualified(any)),
            9 => format!("string-length({term}) < 2 or {path}"),
            10 => format!("not(derived-from-or-self({term}, 'm:two'))"),
            11 => format!("not({term} = {other})"),
            12 => format!("enum-value({term}) > 0 or not({path})"),
            13 => self.dereferenced(node, &terms, dice),
            _ => format!("count(preceding-sibling::*) < 3 or {path}"),
        }
    }

    /// A condition on what is beside the target of a leafref.
    fn dereferenced(&self, node: usize, terms: &[usize], dice: &mut Dice) -> String {
        let is_beside = |target: usize, other: usize| {
            other != target
                && self.nodes[other].kind == Kind::Leaf
                && self.nodes[other].parent == self.nodes[target].parent
        };
        let mut ways: Vec<(usize, usize)> = Vec::new();
        for from in terms {
            if let Some(target) = self.nodes[*from].target {
                let beside = terms.iter().filter(|other| is_beside(target, **other));
                ways.extend(beside.map(|other| (*from, *other)));
            }
        }
        let Some(&(from, to)) = dice.pick(&ways) else {
            return "true()".to_owned();
        };
        let value = self.literal(to, dice);
        let from = self.path(node, from, dice, terms, false);
        format!("not(deref({from})/../{} = '{value}')", self.qualified(to))
    }

    /// A path from `node` to `target`; predicates read `readable` nodes only. A strict one is what the argument of
    /// `path` takes (RFC 7950 9.9.2).
    pub(super) fn path(
        &self,
        node: usize,
        target: usize,
        dice: &mut Dice,
        readable: &[usize],
        strict: bool,
    ) -> String {
        let (from, to) = (self.chain(node), self.chain(target));
        let in_choice = matches!(self.nodes[node].kind, Kind::Choice | Kind::Case);
        let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        let absolute = from.is_empty() || dice.chance(30);
        let mut path = String::new();
        let first = if absolute {
            0
        } else {
            // The context of a condition on a choice or case is the data node around it.
            let climbs = from.len() - shared;
            path = vec![".."; climbs].join("/");
            if path.is_empty() && shared == to.len() {
                path.push('.');
            }
            shared
        };
        for (index, step) in to.iter().enumerate().skip(first) {
            if absolute || !path.is_empty() {
                path.push('/');
            }
            path.push_str(&self.qualified(*step));
            let entry_unknown = index >= shared && self.nodes[*step].kind == Kind::List;
            if entry_unknown && !in_choice && index + 1 < to.len() && dice.chance(40) {
                path.push_str(&self.picked(node, *step, dice, readable, strict));
            }
        }
        path
    }

    /// Predicates for the first key of a list or for all keys, or one for another leaf in it.
    fn picked(
        &self,
        node: usize,
        list: usize,
        dice: &mut Dice,
        readable: &[usize],
        strict: bool,
    ) -> String {
        let leaves = |is_key: bool| -> Vec<usize> {
            let leaf = |leaf: &usize| {
                let draft = &self.nodes[*leaf];
                draft.parent == Some(list) && draft.kind == Kind::Leaf && draft.is_key == is_key
            };
            (0..self.nodes.len()).filter(leaf).collect()
        };
        let keys = leaves(true);
        let others: Vec<usize> = leaves(false)
            .into_iter()
            .filter(|leaf| readable.contains(leaf) && self.knows(node, *leaf))
            .collect();
        let chosen = match dice.below(10) {
            0..3 => keys.iter().take(1).copied().collect(),
            3..5 if !strict && !others.is_empty() => {
                dice.pick(&others).copied().into_iter().collect()
            }
            _ => keys,
        };
        let predicates = chosen.into_iter();
        predicates
            .map(|leaf| self.predicate(node, leaf, dice, readable, strict))
            .collect()
    }

    /// A predicate for a leaf: a value, or that of a leaf near `node`.
    fn predicate(
        &self,
        node: usize,
        leaf: usize,
        dice: &mut Dice,
        readable: &[usize],
        strict: bool,
    ) -> String {
        let parent = self.nodes[node].parent;
        let is_near = |other: &usize| {
            *other != node
                && self.nodes[*other].kind == Kind::Leaf
                && self.nodes[*other].parent == parent
                && self.knows(node, *other)
        };
        let siblings: Vec<usize> = readable.iter().copied().filter(is_near).collect();
        let name = self.qualified(leaf);
        match dice.pick(&siblings) {
            Some(sibling) if parent.is_some() => {
                format!("[{name}=current()/../{}]", self.qualified(*sibling))
            }
            _ if strict => String::new(),
            _ => format!("[{name}='{}']", self.literal(leaf, dice)),
        }
    }
}
