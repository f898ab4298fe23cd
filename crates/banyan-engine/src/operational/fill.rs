//! Puts the defaults in use into a tree, where a read can look at them.

use std::sync::Arc;

use banyan_data::document::Unstored;
use banyan_data::path::{InstancePath, PathStep, Select};
use banyan_data::{Content, Node, Slot, Tree, Value};
use banyan_yang::schema::{Schema, SchemaId};

/// The tree with the defaults of configuration that are in use, and the containers around them. Costs what lies in reach.
pub(super) fn filled(tree: &Tree, in_use: &dyn Unstored, reach: Option<&[InstancePath]>) -> Tree {
    let filling = Filling {
        tree,
        in_use,
        reach,
    };
    tree.with_root(filling.node(tree.root(), &mut InstancePath::default()))
}

/// Whether two steps can be of one instance.
fn meets((step, other): (&PathStep, &PathStep)) -> bool {
    let all = |step: &PathStep| step.select == Select::None;
    step.node == other.node && (step.select == other.select || all(step) || all(other))
}

struct Filling<'f> {
    tree: &'f Tree,
    in_use: &'f dyn Unstored,
    reach: Option<&'f [InstancePath]>,
}

// These recurse as deep as the tree and the schema, which are bounded.
impl Filling<'_> {
    fn schema(&self) -> &Arc<Schema> {
        self.tree.schema()
    }

    /// Whether the read can look at an instance, or at something below it.
    fn reached(&self, path: &InstancePath) -> bool {
        let on_the_way = |reached: &InstancePath| reached.steps.iter().zip(&path.steps).all(meets);
        self.reach.is_none_or(|reach| reach.iter().any(on_the_way))
    }

    /// The keys of the entries of a list at `path` that the read can look at, if it names them: then the others need no
    /// look.
    fn named(&self, list: SchemaId, path: &InstancePath) -> Option<Vec<&[Value]>> {
        let at = path.steps.len();
        let mut named = Vec::new();
        for reached in self.reach? {
            let way = reached.steps.get(..at).unwrap_or(&reached.steps);
            if !way.iter().zip(&path.steps).all(meets) {
                continue;
            }
            match reached.steps.get(at) {
                Some(step) if step.node != list => {}
                Some(step) => match &step.select {
                    Select::Keys(keys) => named.push(&**keys),
                    _ => return None,
                },
                None => return None,
            }
        }
        Some(named)
    }

    fn node(&self, node: &Node, path: &mut InstancePath) -> Node {
        let mut slots: Vec<Slot> = Vec::with_capacity(node.slots().len());
        let mut changed = false;
        for slot in node.slots() {
            let content = self.content(slot, path);
            changed |= content.is_some();
            slots.push(Slot {
                id: slot.id,
                content: content.unwrap_or_else(|| slot.content.clone()),
            });
        }
        for extra in self.in_use.children(self.tree, path, node) {
            if !self.schema().node(extra.id).config {
                continue;
            }
            path.steps.push(PathStep {
                node: extra.id,
                select: Select::None,
            });
            let content = match (&extra.content, self.reached(path)) {
                (_, false) => None,
                (Content::Container(inner), true) => {
                    let inner = self.node(inner, path);
                    (!inner.slots().is_empty()).then_some(Content::Container(inner))
                }
                (content, true) => Some(content.clone()),
            };
            path.steps.pop();
            if let Some(content) = content {
                changed = true;
                slots.push(Slot {
                    id: extra.id,
                    content,
                });
            }
        }
        if !changed {
            return node.clone();
        }
        slots.sort_by_key(|slot| slot.id);
        node.with_slots(slots)
    }

    /// What a child becomes, if it changes.
    fn content(&self, slot: &Slot, path: &mut InstancePath) -> Option<Content> {
        if !self.schema().node(slot.id).config {
            return None;
        }
        match &slot.content {
            Content::Container(node) => {
                let filled = self.step(slot, Select::None, node, path)?;
                Some(Content::Container(filled))
            }
            Content::List(list) => {
                let mut filled = None;
                let entries: Box<dyn Iterator<Item = &Node>> = match self.named(slot.id, path) {
                    Some(keys) => Box::new(keys.into_iter().filter_map(|keys| list.get(keys))),
                    None => Box::new(list.iter()),
                };
                for (at, entry) in entries.enumerate() {
                    let count = list.key_count();
                    let select = match count {
                        0 => Select::Position(at as u64 + 1),
                        _ => Select::Keys(entry.keys(count).cloned().collect()),
                    };
                    if count > 0
                        && let Some(entry) = self.step(slot, select, entry, path)
                    {
                        let now = filled.as_ref().unwrap_or(list);
                        filled = Some(now.with_entry(entry));
                    }
                }
                filled.map(Content::List)
            }
            Content::Mount(tree) => {
                path.steps.push(PathStep {
                    node: slot.id,
                    select: Select::None,
                });
                let reached = self.reached(path);
                path.steps.pop();
                let inner = || super::fill::filled(tree, self.in_use, None);
                reached.then(|| Content::Mount(Arc::new(inner())))
            }
            Content::Leaf(_) | Content::LeafList(_) | Content::Any(_) => None,
        }
    }

    fn step(
        &self,
        slot: &Slot,
        select: Select,
        node: &Node,
        path: &mut InstancePath,
    ) -> Option<Node> {
        path.steps.push(PathStep {
            node: slot.id,
            select,
        });
        let filled = self.reached(path).then(|| self.node(node, path));
        path.steps.pop();
        filled.filter(|filled| !filled.ptr_eq(node))
    }
}
