//! What a subtree filter selects from a tree, followed from an earlier state of it: a change costs what it changes.
//!
//! What a filter selects below an instance depends on the instance and on which matches hold around it, on nothing
//! else. So where an instance is the same and the matches are, what was selected is taken over unseen.

use std::sync::Arc;

use banyan_yang::schema::{OrderedBy, SchemaId};

use super::kept::with_keys;
use super::select::{Selection, Siblings, Wanted};
use super::subtree::{FilterNode, Subtree, bind_mounted};
use crate::list::List;
use crate::node::{Content, Node, Slot, Tree};
use crate::value::Value;

impl Subtree {
    /// As [`Subtree::select`], with the number of containers and entries that were looked at. `before` is an earlier tree
    /// of the same schema, and what this filter selected from it.
    ///
    /// Costs what differs from the earlier tree, times log of the lists; lists that users order are gone through when
    /// something in them differs.
    pub fn select_after(&self, before: (&Tree, &Tree), tree: &Tree) -> (Tree, u64) {
        let (raw, selected) = before;
        if self.nodes.is_empty() || !Arc::ptr_eq(raw.schema(), tree.schema()) {
            return self.select_counted(tree);
        }
        let following = Following {
            anew: Selection::of(tree.schema(), None),
        };
        let old = Old {
            raw: raw.root(),
            selected: Some(selected.root()),
        };
        let root = following.node(old, tree.root(), &[&self.nodes]);
        let root = root.unwrap_or_else(|| Node::empty(tree.root().id()));
        (tree.with_root(root), following.anew.visited())
    }
}

/// Something as it was, and what was selected of it.
struct Old<'t, T> {
    raw: &'t T,
    selected: Option<&'t T>,
}

struct Following<'s> {
    /// Selects where nothing is known.
    anew: Selection<'s>,
}

// These recurse as deep as the filter.
impl Following<'_> {
    fn node(&self, old: Old<'_, Node>, node: &Node, sets: &[Siblings<'_>]) -> Option<Node> {
        if old.raw.ptr_eq(node) {
            return old.selected.cloned();
        }
        let same =
            |set: &Siblings<'_>| self.anew.matches(old.raw, set) == self.anew.matches(node, set);
        if !sets.iter().all(same) {
            return self.anew.node(node, sets, None);
        }
        self.anew.visit(1);
        let wanted = match self.anew.wanted(node, sets) {
            (true, _) => return Some(node.clone()),
            (false, wanted) => wanted,
        };
        let slots = wanted.iter().filter_map(|(id, wanted)| {
            let content = node.get(*id)?;
            let content = match old.raw.get(*id) {
                None => self.anew.child(*id, content, wanted, None),
                Some(raw) => {
                    let selected = old.selected.and_then(|selected| selected.get(*id));
                    self.child(*id, Old { raw, selected }, content, wanted)
                }
            }?;
            Some(Slot { id: *id, content })
        });
        let slots: Vec<Slot> = slots.collect();
        if slots.is_empty() {
            return None;
        }
        Some(with_keys(self.anew.schema(), node, slots))
    }

    fn child(
        &self,
        id: SchemaId,
        old: Old<'_, Content>,
        content: &Content,
        wanted: &Wanted<'_>,
    ) -> Option<Content> {
        if wanted.all {
            return Some(content.clone());
        }
        match (old.raw, content) {
            (Content::Container(raw), Content::Container(node)) => {
                let selected = match old.selected {
                    Some(Content::Container(selected)) => Some(selected),
                    _ => None,
                };
                let old = Old { raw, selected };
                self.node(old, node, &wanted.inside).map(Content::Container)
            }
            (Content::List(raw), Content::List(list))
                if list.key_count() > 0
                    && raw.key_count() == list.key_count()
                    && list.ordered_by() == OrderedBy::System =>
            {
                let selected = match old.selected {
                    Some(Content::List(selected)) => Some(selected),
                    _ => None,
                };
                let old = Old { raw, selected };
                self.list(id, old, list, &wanted.inside).map(Content::List)
            }
            (Content::Mount(raw), Content::Mount(tree))
                if Arc::ptr_eq(raw.schema(), tree.schema()) =>
            {
                self.mounted(raw, old.selected, tree, &wanted.mounted)
            }
            _ => self.anew.child(id, content, wanted, None),
        }
    }

    fn list(
        &self,
        id: SchemaId,
        old: Old<'_, List>,
        list: &List,
        sets: &[Siblings<'_>],
    ) -> Option<List> {
        if old.raw.ptr_eq(list) {
            return old.selected.cloned();
        }
        let named: Vec<(Siblings<'_>, Option<Vec<Value>>)> = sets
            .iter()
            .map(|set| (*set, self.anew.keys(id, set)))
            .collect();
        let mut now: Option<List> = old.selected.cloned();
        for (was, is) in old.raw.diff(list) {
            let Some(entry) = is.or(was) else {
                continue;
            };
            let keys: Vec<Value> = entry.keys(list.key_count()).cloned().collect();
            let of_entry = named.iter().filter_map(|(set, named)| {
                let meant = named.as_ref().is_none_or(|named| *named == keys);
                meant.then_some(*set)
            });
            let sets: Vec<Siblings<'_>> = of_entry.collect();
            let selected = match (was, is) {
                _ if sets.is_empty() => None,
                (_, None) => None,
                (None, Some(entry)) => self.anew.node(entry, &sets, None),
                (Some(raw), Some(entry)) => {
                    let selected = old.selected.and_then(|selected| selected.get(&keys));
                    self.node(Old { raw, selected }, entry, &sets)
                }
            };
            now = match (now, selected) {
                (Some(list), Some(entry)) => Some(list.with_entry(entry)),
                (None, Some(entry)) => Some(List::of(entry, list.key_count(), list.ordered_by())),
                (Some(list), None) => list.without(&keys),
                (None, None) => None,
            };
        }
        now
    }

    fn mounted(
        &self,
        raw: &Tree,
        selected: Option<&Content>,
        tree: &Arc<Tree>,
        contents: &[&Arc<str>],
    ) -> Option<Content> {
        let bound: Vec<Vec<FilterNode>> = contents
            .iter()
            .map(|content| bind_mounted(tree.schema(), content))
            .collect();
        let sets: Vec<Siblings<'_>> = bound.iter().map(Vec::as_slice).collect();
        let inside = Following {
            anew: Selection::of(tree.schema(), None),
        };
        let selected = match selected {
            Some(Content::Mount(selected)) => Some(selected.root()),
            _ => None,
        };
        let old = Old {
            raw: raw.root(),
            selected,
        };
        let root = inside.node(old, tree.root(), &sets);
        self.anew.visit(inside.anew.visited());
        Some(Content::Mount(Arc::new(tree.with_root(root?))))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use banyan_yang::compile::{Compiler, MemorySource};
    use banyan_yang::schema::Schema;
    use proptest::prelude::*;

    use super::*;
    use crate::json;

    fn schema() -> Arc<Schema> {
        static SCHEMA: OnceLock<Arc<Schema>> = OnceLock::new();
        let compile = || {
            let mut source = MemorySource::new();
            source.add(
                "module m { yang-version 1.1; namespace urn:m; prefix m;
                   container c { leaf a { type uint8; }
                     list l { key id; leaf id { type uint8; } leaf a { type uint8; }
                       container d { leaf a { type uint8; } leaf b { type uint8; } } leaf-list e { type uint8; } }
                     list u { key id; ordered-by user; leaf id { type uint8; } leaf a { type uint8; } } } }",
            );
            Compiler::new(&source)
                .implement("m", None)
                .compile()
                .unwrap()
                .schema
        };
        SCHEMA.get_or_init(compile).clone()
    }

    fn read(text: &str) -> Tree {
        json::parse_data(&schema(), text.as_bytes(), &Default::default()).unwrap()
    }

    fn filter(text: &str) -> Subtree {
        let text = format!("<c xmlns='urn:m'>{text}</c>");
        Subtree::parse(&schema(), text.as_bytes(), &Default::default()).unwrap()
    }

    fn leaf(name: &str, value: Option<u8>) -> Vec<String> {
        value
            .iter()
            .map(|value| format!("\"{name}\": {value}"))
            .collect()
    }

    prop_compose! {
        fn entry()(
            a in prop::option::of(0u8..2),
            d in prop::option::of((0u8..2, prop::option::of(0u8..2))),
            e in prop::collection::btree_set(0u8..3, 0..3),
        ) -> String {
            let mut members = leaf("a", a);
            if let Some((a, b)) = d {
                members.push(format!("\"d\": {{{}}}", [leaf("a", Some(a)), leaf("b", b)].concat().join(",")));
            }
            if !e.is_empty() {
                members.push(format!("\"e\": {:?}", e.into_iter().collect::<Vec<_>>()));
            }
            members.iter().map(|member| format!(", {member}")).collect()
        }
    }

    prop_compose! {
        fn tree()(
            a in prop::option::of(0u8..2),
            l in prop::collection::btree_map(0u8..5, entry(), 0..5),
            u in Just((0u8..3).collect::<Vec<_>>()).prop_shuffle(),
        ) -> Tree {
            let mut members = leaf("a", a);
            let l: Vec<String> = l.iter().map(|(id, rest)| format!("{{\"id\": {id}{rest}}}")).collect();
            let u: Vec<String> = u.iter().map(|id| format!("{{\"id\": {id}, \"a\": {}}}", id % 2)).collect();
            members.push(format!("\"u\": [{}]", u.join(",")));
            if !l.is_empty() {
                members.push(format!("\"l\": [{}]", l.join(",")));
            }
            read(&format!("{{\"m:c\": {{{}}}}}", members.join(",")))
        }
    }

    const FILTERS: &[&str] = &[
        "",
        "<l/>",
        "<l><a/></l>",
        "<l><id>1</id></l>",
        "<l><id>1</id><a/></l><l><id>2</id></l><l><d><b/></d></l>",
        "<l><a>1</a></l>",
        "<l><a>1</a><d/></l>",
        "<a>1</a><l><d><a>1</a><b/></d></l>",
        "<a>1</a>",
        "<l><e>1</e></l><u><a>1</a></u>",
        "<l><d><a>0</a></d><e/></l><a/>",
        "<u><a/></u>",
    ];

    proptest! {
        #[test]
        fn what_is_followed_is_what_is_selected_anew(
            first in tree(),
            steps in prop::collection::vec(tree(), 1..5),
            which in 0..FILTERS.len(),
        ) {
            let filter = filter(FILTERS[which]);
            let mut before = (first.clone(), filter.select(&first));
            for step in steps {
                // Shares what is equal, as a change of a datastore does.
                let step = step.reshared(&before.0);
                let (followed, _) = filter.select_after((&before.0, &before.1), &step);
                let anew = filter.select(&step);
                prop_assert_eq!(followed.root(), anew.root(), "{}", FILTERS[which]);
                before = (step, followed);
            }
        }
    }

    #[test]
    fn a_change_of_one_entry_among_many_looks_at_one() {
        let entries = |changed: u8| {
            let entries: Vec<String> = (0..200u8)
                .map(|id| {
                    format!(
                        "{{\"id\": {id}, \"a\": {}}}",
                        if id == 7 { changed } else { 0 }
                    )
                })
                .collect();
            read(&format!("{{\"m:c\": {{\"l\": [{}]}}}}", entries.join(",")))
        };
        let filter = filter("<l><a/></l>");
        let before = entries(1);
        let after = entries(2).reshared(&before);
        let selected = filter.select(&before);
        let (followed, visited) = filter.select_after((&before, &selected), &after);
        assert_eq!(followed.root(), filter.select(&after).root());
        // The root, the container and the entry.
        assert_eq!(visited, 3);
    }
}
