//! Whether a user may make a change: each node that it creates, changes or removes is asked for (RFC 8341 3.2.4, 3.2.7).
//!
//! Cost: what changed, times the rules whose paths lead there; created and removed subtrees that are permitted as a whole
//! are not looked into.

use banyan_data::change::{Change, ChangeKind, ChangeSet, ChangedContent, Instance};
use banyan_data::list::{LeafList, List};
use banyan_data::path::{InstancePath, PathStep, Select};
use banyan_data::{Content, Node, Value};
use banyan_yang::schema::SchemaId;

use super::place::{Place, Uniform};
use super::policy::Operation;
use super::read::{Floor, seen};
use super::subject::{Decision, Subject};

/// How many refusals are listed.
const LISTED: usize = 20;

/// A node of a change that the user may not touch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Denied {
    pub path: InstancePath,
    pub operation: Operation,
    pub decision: Decision,
    /// Whether the user may know of it.
    pub seen: bool,
}

impl Subject {
    /// What of a change the user may not make; of a subtree that comes or goes its topmost nodes.
    pub(super) fn denied(&self, changes: &ChangeSet) -> Vec<Denied> {
        let root = self.root(&changes.schema);
        let mut check = Check::default();
        // Nobody is asked about each node who may write everything.
        let writes = [Operation::Create, Operation::Update, Operation::Delete];
        let free = |operation: &Operation| matches!(root.uniform(*operation), Uniform::Permit(_));
        if !writes.iter().all(free) {
            check.changes(&root, &changes.changes, None);
        }
        check.denied
    }
}

impl Subject {
    /// Whether the user may read all that a change has changed.
    pub(super) fn reads(&self, changes: &ChangeSet) -> bool {
        let mut check = Check {
            reading: true,
            ..Check::default()
        };
        check.changes(&self.root(&changes.schema), &changes.changes, None);
        check.denied.is_empty()
    }
}

#[derive(Default)]
struct Check {
    path: InstancePath,
    denied: Vec<Denied>,
    /// Whether reading is asked about, whatever the change does.
    reading: bool,
}

// All of these recurse as deep as the tree, which is bounded (`MAX_DEPTH`).
impl Check {
    fn is_full(&self) -> bool {
        self.denied.len() >= if self.reading { 1 } else { LISTED }
    }

    /// What is asked about where a change does this.
    fn asked(&self, operation: Operation) -> Operation {
        match self.reading {
            true => Operation::Read,
            false => operation,
        }
    }

    /// Whether all of a subtree is permitted, if that is clear without a look.
    fn is_free(&self, place: &Place<'_>, operation: Operation, floor: Floor) -> bool {
        match place.uniform(self.asked(operation)) {
            Uniform::Permit(rank) => !self.reading || floor.is_none_or(|floor| rank < floor),
            _ => false,
        }
    }

    /// Whether the operation is permitted on the node.
    fn ask(&mut self, place: &Place<'_>, operation: Operation, floor: Floor) -> bool {
        let operation = self.asked(operation);
        let decision = place.decide(operation);
        let seen = seen(place, floor).0;
        let permit = decision.permit && (seen || !self.reading);
        if !permit && !self.is_full() {
            self.denied.push(Denied {
                path: self.path.clone(),
                operation,
                decision,
                seen,
            });
        }
        permit
    }

    fn at(&mut self, id: SchemaId, select: Select, go: impl FnOnce(&mut Self)) {
        self.path.steps.push(PathStep { node: id, select });
        go(self);
        self.path.steps.pop();
    }

    fn changes(&mut self, parent: &Place<'_>, changes: &[Change], floor: Floor) {
        for change in changes {
            if self.is_full() {
                return;
            }
            let keys = match &change.instance {
                Instance::Entry(keys) => keys.as_slice(),
                Instance::Value(value) => std::slice::from_ref(value),
                Instance::Single | Instance::Whole => &[],
            };
            let place = parent.child(change.id, keys);
            self.path.steps.push(change.step());
            self.change(&place, &change.kind, floor);
            self.path.steps.pop();
        }
    }

    fn change(&mut self, place: &Place<'_>, kind: &ChangeKind, floor: Floor) {
        let below = seen(place, floor).1;
        match kind {
            ChangeKind::Created { new, .. } => self.whole(place, new, Operation::Create, floor),
            ChangeKind::Deleted { old, .. } => self.whole(place, old, Operation::Delete, floor),
            ChangeKind::Replaced { old, new } => self.replaced(place, old, new, floor),
            ChangeKind::Inside {
                old,
                new,
                changes,
                moved,
            } => {
                if moved.is_some() || old.meta() != new.meta() {
                    self.ask(place, Operation::Update, floor);
                }
                self.changes(place, changes, below);
            }
            ChangeKind::Moved(_) => {
                self.ask(place, Operation::Update, floor);
            }
            ChangeKind::Mount(inside) => {
                self.changes(&place.mounted(&inside.schema), &inside.changes, below);
            }
        }
    }

    /// Another value is an update; what is replaced as a whole by other nodes goes, and they come.
    fn replaced(&mut self, place: &Place<'_>, old: &Content, new: &Content, floor: Floor) {
        match (old, new) {
            (Content::Leaf(_) | Content::Any(_), Content::Leaf(_) | Content::Any(_)) => {
                self.ask(place, Operation::Update, floor);
            }
            (Content::List(_) | Content::LeafList(_), _) => {
                if self.ask(place, Operation::Update, floor) {
                    self.content(place, old, Operation::Update, floor);
                    self.content(place, new, Operation::Update, floor);
                }
            }
            _ => {
                self.content(place, old, Operation::Delete, floor);
                self.content(place, new, Operation::Create, floor);
            }
        }
    }

    fn whole(
        &mut self,
        place: &Place<'_>,
        content: &ChangedContent,
        operation: Operation,
        floor: Floor,
    ) {
        match content {
            ChangedContent::Node(node) => self.node(place, node, operation, floor),
            ChangedContent::Content(content) => self.content(place, content, operation, floor),
            ChangedContent::Value(_) => {
                self.ask(place, operation, floor);
            }
        }
    }

    /// A container or entry that comes or goes with all below it.
    fn node(&mut self, place: &Place<'_>, node: &Node, operation: Operation, floor: Floor) {
        if self.is_free(place, operation, floor) || self.is_full() {
            return;
        }
        // A container without presence is always there: it neither comes nor goes (RFC 7950 7.5.1).
        let asked = !place.schema().node(place.id()).is_np_container();
        if asked && !self.ask(place, operation, floor) {
            return;
        }
        self.children(place, node, operation, seen(place, floor).1);
    }

    fn children(&mut self, place: &Place<'_>, node: &Node, operation: Operation, floor: Floor) {
        for slot in node.slots() {
            match &slot.content {
                Content::List(list) => self.entries(place, slot.id, list, operation, floor),
                Content::LeafList(list) => self.values(place, slot.id, list, operation, floor),
                content => {
                    let child = place.unnamed(slot.id);
                    self.at(slot.id, Select::None, |check| {
                        check.content(&child, content, operation, floor);
                    });
                }
            }
        }
    }

    /// What stands at a place as a whole.
    fn content(
        &mut self,
        place: &Place<'_>,
        content: &Content,
        operation: Operation,
        floor: Floor,
    ) {
        match content {
            Content::Leaf(_) | Content::Any(_) => {
                self.ask(place, operation, floor);
            }
            Content::LeafList(_) => {
                self.ask(place, operation, floor);
            }
            Content::Container(node) => self.node(place, node, operation, floor),
            // Without keys: the place is that of each entry.
            Content::List(list) => {
                for entry in list {
                    self.node(place, entry, operation, floor);
                }
            }
            Content::Mount(tree) => {
                if self.is_free(place, operation, floor) {
                    return;
                }
                let below = seen(place, floor).1;
                let inside = place.mounted(tree.schema());
                self.children(&inside, tree.root(), operation, below);
            }
        }
    }

    fn entries(
        &mut self,
        parent: &Place<'_>,
        id: SchemaId,
        list: &List,
        operation: Operation,
        floor: Floor,
    ) {
        let one = |check: &mut Self, keys: Vec<Value>, entry: &Node| {
            let place = parent.child(id, &keys);
            let select = match keys.is_empty() {
                true => Select::None,
                false => Select::Keys(keys),
            };
            check.at(id, select, |check| {
                check.node(&place, entry, operation, floor)
            });
        };
        let others = parent.unnamed(id);
        match parent.named(id) {
            Some(named) if self.is_free(&others, operation, floor) => {
                for keys in named {
                    if let Some(entry) = list.get(keys) {
                        one(self, keys.clone(), entry);
                    }
                }
            }
            _ => {
                for entry in list {
                    if self.is_full() {
                        return;
                    }
                    let keys = entry.keys(list.key_count()).cloned().collect();
                    one(self, keys, entry);
                }
            }
        }
    }

    fn values(
        &mut self,
        parent: &Place<'_>,
        id: SchemaId,
        list: &LeafList,
        operation: Operation,
        floor: Floor,
    ) {
        for value in list {
            if self.is_full() {
                return;
            }
            let place = parent.child(id, std::slice::from_ref(value));
            self.at(id, Select::Value(value.clone()), |check| {
                check.ask(&place, operation, floor);
            });
        }
    }
}
