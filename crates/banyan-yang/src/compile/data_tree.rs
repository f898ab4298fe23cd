//! The data tree that paths walk over, made of draft nodes; what a leafref or an expression names in it, or why it
//! names nothing.
//!
//! Reports nothing: a path that leads nowhere is an error for a leafref and a warning for an expression.

use super::draft::{DraftId, Drafts};
use super::hash::{IdTable, hash};
use super::set::{Interner, Name};
use super::uses::what_is_there;
use crate::nearest::nearest;
use crate::schema::{ModuleId, NodeKind, PrefixMap};

/// The draft tree as XPath sees it (RFC 7950 6.4.1): without choices and cases, and with the parameters of an
/// operation directly under it.
pub(super) struct DataTree {
    /// By draft: the nearest ancestor that is not a choice or case.
    pub parents: Vec<DraftId>,
    /// Every node that is not a choice or case, by its data parent, module and name. Absent nodes too.
    by_name: IdTable,
}

/// A node of the [`DataTree`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub node: DraftId,
    /// In an operation: `input` or `output`, whichever the expression stands in. At the root: the structure whose
    /// document it is, if it is not that of the data tree.
    pub side: Option<DraftId>,
}

impl DataTree {
    /// A tree for so many drafts, without any node yet.
    pub fn new(count: usize) -> Self {
        DataTree {
            parents: vec![DraftId::ROOT; count],
            by_name: IdTable::default(),
        }
    }

    /// A child by its data parent and name. O(1).
    pub fn child(
        &self,
        drafts: &Drafts,
        parent: DraftId,
        module: ModuleId,
        name: Name,
    ) -> Option<DraftId> {
        let found = self.by_name.find(hash(&(parent, module, name)), |id| {
            let draft = drafts.get(DraftId(id));
            self.parents[id as usize] == parent && draft.module == module && draft.name == name
        });
        found.map(DraftId)
    }

    /// Adds a node whose parent is known, in place of one of the same name if there is one.
    pub fn add(&mut self, drafts: &Drafts, id: DraftId, other: Option<DraftId>) {
        let parents = &self.parents;
        let hash_of = |id: u32| {
            let draft = drafts.get(DraftId(id));
            hash(&(parents[id as usize], draft.module, draft.name))
        };
        match other {
            Some(other) => self.by_name.replace(other.0, id.0, hash_of(id.0)),
            None => self.by_name.insert(id.0, hash_of),
        }
    }

    /// The place of a node.
    pub fn place(&self, drafts: &Drafts, node: DraftId) -> Place {
        match drafts.get(node).kind {
            NodeKind::Input | NodeKind::Output => Place {
                node: drafts.get(node).parent,
                side: Some(node),
            },
            NodeKind::Choice | NodeKind::Case => self.place(drafts, self.parents[node.index()]),
            // RFC 8040 8: the statement is the root of its document.
            NodeKind::YangData => Place {
                node: DraftId::ROOT,
                side: Some(node),
            },
            _ => Place { node, side: None },
        }
    }

    /// Where absolute paths begin: at the root of the data tree, or of the document of the structure around a place.
    pub fn root(&self, drafts: &Drafts, place: Option<Place>) -> Place {
        match place {
            Some(place) if place.node == DraftId::ROOT => place,
            _ => Place {
                node: DraftId::ROOT,
                side: place.and_then(|place| drafts.structure(place.node)),
            },
        }
    }

    /// `..`
    pub fn up(&self, drafts: &Drafts, place: Place) -> Option<Place> {
        match drafts.get(place.node).kind {
            NodeKind::Root => None,
            // RFC 8791 4: the structure is the top element of its document.
            NodeKind::Structure => Some(self.root(drafts, Some(place))),
            _ => Some(self.place(drafts, self.parents[place.node.index()])),
        }
    }

    /// The child of the root of a structure's document.
    fn in_document(
        &self,
        drafts: &Drafts,
        structure: DraftId,
        module: ModuleId,
        name: Name,
    ) -> Option<DraftId> {
        let draft = drafts.get(structure);
        match draft.kind {
            NodeKind::Structure => {
                (draft.module == module && draft.name == name).then_some(structure)
            }
            _ => self.child(drafts, structure, module, name),
        }
    }

    /// A child by name. O(1).
    pub fn down(
        &self,
        drafts: &Drafts,
        place: Place,
        module: ModuleId,
        name: Name,
    ) -> Option<Place> {
        let under = |parent: DraftId| self.child(drafts, parent, module, name);
        let node = match drafts.get(place.node).kind {
            NodeKind::Rpc | NodeKind::Action => match place.side {
                Some(side) => under(side),
                None => drafts.children(place.node).find_map(under),
            },
            // The authors of structures also refer to data, though that is not in the document.
            NodeKind::Root => place
                .side
                .and_then(|structure| self.in_document(drafts, structure, module, name))
                .or_else(|| under(place.node)),
            _ => under(place.node),
        }?;
        Some(Place { node, side: None })
    }

    /// A name test as a child step; `Err` is the clause that says what is wrong.
    pub fn step(
        &self,
        drafts: &Drafts,
        names: &Interner,
        prefixes: &PrefixMap,
        place: Place,
        prefix: Option<&str>,
        local: &str,
    ) -> Result<Place, Nowhere> {
        let Some(module) = prefixes.module(prefix) else {
            let prefix = prefix.unwrap_or("");
            return Err(format!("the prefix `{prefix}` is not defined").into());
        };
        names
            .find(local)
            .and_then(|name| self.down(drafts, place, module, name))
            .ok_or_else(|| {
                let draft = drafts.get(place.node);
                let shown =
                    prefix.map_or_else(|| local.to_owned(), |prefix| format!("{prefix}:{local}"));
                let clause = match draft.kind {
                    NodeKind::Root => format!("there is no node `{shown}` at the top"),
                    kind => format!(
                        "there is no node `{shown}` in {} {}",
                        kind.keyword(),
                        names.text(draft.name)
                    ),
                };
                Nowhere {
                    clause,
                    help: Some(other_way(
                        drafts,
                        names,
                        place.node,
                        (module, prefix),
                        local,
                    )),
                }
            })
    }
}

/// Why a path leads nowhere.
pub(super) struct Nowhere {
    /// A clause.
    pub clause: String,
    /// What to do, if that is known.
    pub help: Option<String>,
}

impl<T: Into<String>> From<T> for Nowhere {
    fn from(clause: T) -> Self {
        Nowhere {
            clause: clause.into(),
            help: None,
        }
    }
}

/// What to write for a step that names no node of a module under `parent`: the nearest name, else those that are
/// there.
fn other_way(
    drafts: &Drafts,
    names: &Interner,
    parent: DraftId,
    (module, prefix): (ModuleId, Option<&str>),
    name: &str,
) -> String {
    // There may be as many names as there are wrong paths.
    const COMPARED: usize = 500;
    let mut pending = vec![parent];
    let mut known: Vec<&str> = Vec::new();
    while let Some(id) = pending.pop() {
        for child in drafts.children(id).take(COMPARED) {
            let draft = drafts.get(child);
            match draft.kind {
                NodeKind::Choice | NodeKind::Case | NodeKind::Input | NodeKind::Output => {
                    pending.push(child);
                }
                _ if draft.module == module => known.push(names.text(draft.name)),
                _ => {}
            }
        }
    }
    let near = nearest(name, known.iter().copied());
    match (near.filter(|near| *near != name), prefix) {
        (Some(near), Some(prefix)) => format!("did you mean `{prefix}:{near}`?"),
        (Some(near), None) => format!("did you mean `{near}`?"),
        (None, _) => what_is_there(known.into_iter()),
    }
}
