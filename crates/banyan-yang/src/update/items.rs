//! Status and `if-feature`s of single enums and bits, which a schema does not keep (RFC 7950 9.6.4, 9.7.4, 11).

use std::collections::BTreeMap;

use super::Aspect;
use super::compare::{Comparer, Place};
use super::module::{sorted, status};
use super::node::{conditions_text, judge_conditions, judge_status, status_name};
use super::text::{Statement, Texts};
use crate::if_feature::Condition;
use crate::schema::{SchemaId, Status};
use crate::statement::Keyword;

/// How long a chain of typedefs is followed, and how deep unions may be nested in it.
const MAX_CHAIN: usize = 100;

/// What statements say of one enum or bit.
struct Item {
    keyword: Keyword,
    status: Status,
    conditions: Vec<Condition>,
}

/// The enums or bits of one type, by name.
type Items = BTreeMap<String, Item>;

impl Comparer<'_> {
    /// Compares the enums and bits that both types of a leaf have; those of unions member by member.
    pub fn node_items(&mut self, place: &Place, old: SchemaId, new: SchemaId) {
        let (old, new) = (self.old.texts.items(old), self.new.texts.items(new));
        if old.len() != new.len() {
            return; // Another union: that is said of the type.
        }
        for (old, new) in old.iter().zip(&new) {
            for (name, old) in old {
                if let Some(new) = new.get(name) {
                    self.item(place, name, old, new);
                }
            }
        }
    }

    fn item(&mut self, place: &Place, name: &str, old: &Item, new: &Item) {
        let of = |text: &str| Some(format!("{text} ({} {name})", new.keyword.text()));
        if old.status != new.status {
            let (was, is) = (of(status_name(old.status)), of(status_name(new.status)));
            let judgement = judge_status(old.status, new.status);
            self.push(place, Aspect::Status, was, is, judgement);
        }
        if old.conditions != new.conditions {
            let text = |item: &Item| conditions_text(&item.conditions).and_then(|it| of(&it));
            let judgement = judge_conditions(&old.conditions, &new.conditions, false);
            self.push(place, Aspect::IfFeature, text(old), text(new), judgement);
        }
    }
}

impl Texts<'_> {
    /// The enums and bits of a leaf's type, and of each member if it is a union.
    fn items(&self, leaf: SchemaId) -> Vec<Items> {
        let mut found = Vec::new();
        if let Some(ty) = self.of_node(leaf).and_then(|at| at.child(Keyword::Type)) {
            self.items_of(&ty, 0, &mut found);
        }
        found
    }

    fn items_of(&self, ty: &Statement, depth: usize, found: &mut Vec<Items>) {
        if depth > MAX_CHAIN {
            return;
        }
        match ty.name() {
            "union" => {
                for member in ty.children_of(Keyword::Type) {
                    self.items_of(&member, depth + 1, found);
                }
            }
            "enumeration" | "bits" => found.push(self.own_items(ty)),
            _ => {
                let typedef = self.typedef(ty);
                let Some(base) = typedef.and_then(|at| at.child(Keyword::Type)) else {
                    return;
                };
                let first = found.len();
                self.items_of(&base, depth + 1, found);
                let kept = self.own_items(ty);
                // RFC 7950 9.6.4: a derived type keeps some; what it says comes on top.
                if let [base] = &mut found[first..]
                    && !kept.is_empty()
                {
                    base.retain(|name, _| kept.contains_key(name));
                    for (name, mut item) in kept {
                        if let Some(base) = base.get_mut(&name) {
                            item.conditions.append(&mut base.conditions);
                            item.conditions = sorted(item.conditions);
                            *base = item;
                        }
                    }
                }
            }
        }
    }

    fn own_items(&self, ty: &Statement) -> Items {
        let mut items = Items::new();
        for keyword in [Keyword::Enum, Keyword::Bit] {
            for at in ty.children_of(keyword) {
                let item = Item {
                    keyword,
                    status: status(&at),
                    conditions: sorted(self.own_conditions(&at)),
                };
                items.insert(at.name().to_owned(), item);
            }
        }
        items
    }

    /// The typedef that a `type` names: in the scopes around it, then at the top of the module (RFC 7950 5.5).
    fn typedef(&self, ty: &Statement) -> Option<Statement> {
        let qualified = self.qualify(ty, ty.name());
        let (module, name) = qualified.split_once(':')?;
        let mut scope = ty.parent();
        while let Some(at) = scope {
            let in_scope = self.module_of(ty, None).as_deref() == Some(module);
            let found = at
                .children_of(Keyword::Typedef)
                .find(|it| in_scope && it.name() == name);
            if found.is_some() {
                return found;
            }
            scope = at.parent();
        }
        let module = self.module_named(module)?;
        let mut top = self.definitions(module, Keyword::Typedef).into_iter();
        top.find(|it| it.name() == name)
    }
}
