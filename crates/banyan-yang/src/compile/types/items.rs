//! The items of enumerations and bits: names, and the numbers that they are given or counted (RFC 7950 9.6.4, 9.7.4).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, OnceLock};

use super::super::context::Compilation;
use super::super::set::StatementRef;
use crate::diagnostic::Diagnostic;
use crate::schema::{Bit, EnumItem};
use crate::statement::Keyword;

/// An enum with its value, or a bit with its position.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub name: Arc<str>,
    pub number: i64,
    /// Its `if-feature`s hold, here and in all types that this one restricts.
    pub on: bool,
}

/// All items of a type.
#[derive(Debug)]
pub(super) struct Items {
    items: Vec<Item>,
    /// Their places by name, known once a type keeps some of them.
    places: OnceLock<HashMap<Arc<str>, usize>>,
}

impl Items {
    pub fn new(items: Vec<Item>) -> Self {
        Items {
            items,
            places: OnceLock::new(),
        }
    }

    /// O(1); the first call is linear.
    fn named(&self, name: &str) -> Option<&Item> {
        let places = self.places.get_or_init(|| {
            let places = self.items.iter().enumerate();
            places.map(|(at, item)| (item.name.clone(), at)).collect()
        });
        self.items.get(*places.get(name)?)
    }
}

/// What enums and bits differ in.
pub(super) struct ItemKind {
    /// `enum` or `bit`.
    keyword: Keyword,
    /// `value` or `position`.
    number: Keyword,
    greatest: i64,
    duplicate: &'static str,
    unknown: &'static str,
    changed: &'static str,
    missing: &'static str,
    taken: &'static str,
    rfc: &'static str,
    number_rfc: &'static str,
}

/// RFC 7950 9.6.4
pub(super) const ENUM: ItemKind = ItemKind {
    keyword: Keyword::Enum,
    number: Keyword::Value,
    greatest: i32::MAX as i64,
    duplicate: "duplicate-enum",
    unknown: "unknown-enum",
    changed: "changed-value",
    missing: "missing-value",
    taken: "duplicate-value",
    rfc: "RFC 7950 9.6.4",
    number_rfc: "RFC 7950 9.6.4.2",
};

/// RFC 7950 9.7.4
pub(super) const BIT: ItemKind = ItemKind {
    keyword: Keyword::Bit,
    number: Keyword::Position,
    greatest: u32::MAX as i64,
    duplicate: "duplicate-bit",
    unknown: "unknown-bit",
    changed: "changed-position",
    missing: "missing-position",
    taken: "duplicate-position",
    rfc: "RFC 7950 9.7.4",
    number_rfc: "RFC 7950 9.7.4.2",
};

impl Compilation<'_> {
    /// The items of a type that defines them, or, with a `base`, of one that keeps some of the base's: names and
    /// numbers are the base's then. Items with an error are left out. Linear in its own items.
    pub(super) fn items(
        &mut self,
        at: StatementRef,
        kind: &ItemKind,
        base: Option<&Items>,
    ) -> Vec<Item> {
        let set = self.set;
        let mut names: HashMap<&str, StatementRef> = HashMap::new();
        let mut numbers: HashMap<i64, StatementRef> = HashMap::new();
        let mut highest: Option<i64> = None;
        let mut items = Vec::new();
        let word = kind.keyword.text();
        for child in set.children_of(at, kind.keyword) {
            let name = set.argument(child);
            match names.entry(name) {
                Entry::Vacant(free) => _ = free.insert(child),
                Entry::Occupied(first) => {
                    let message = format!("the {word} `{name}` is there twice");
                    self.report(
                        Diagnostic::error(kind.duplicate, set.span(child), message)
                            .related(set.span(*first.get()), "first defined here")
                            .help("rename or remove one of them")
                            .rfc(kind.rfc),
                    );
                    continue;
                }
            }
            let given: Option<i64> = set
                .child_argument(child, kind.number)
                .and_then(|number| number.parse().ok()); // The grammar has checked it.
            let (number, on) = match base {
                Some(base) => {
                    let Some(item) = base.named(name) else {
                        let message = format!("the base type has no {word} `{name}`");
                        let error = Diagnostic::error(kind.unknown, set.span(child), message);
                        let help = match self
                            .nearest(name, base.items.iter().map(|item| &*item.name))
                        {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => {
                                format!("a derived type can only keep some of its base's {word}s")
                            }
                        };
                        self.report(error.help(help).rfc(kind.rfc));
                        continue;
                    };
                    if given.is_some_and(|given| given != item.number) {
                        let message = format!(
                            "the {word} `{name}` must keep its {} {}",
                            kind.number.text(),
                            item.number
                        );
                        let place = set.child(child, kind.number).unwrap_or(child);
                        self.report(
                            Diagnostic::error(kind.changed, set.span(place), message)
                                .help(format!("remove this `{}`", kind.number.text()))
                                .rfc(kind.number_rfc),
                        );
                    }
                    (item.number, item.on)
                }
                None => {
                    let next = highest.map_or(0, |highest| highest + 1);
                    let number = given.or((next <= kind.greatest).then_some(next));
                    let Some(number) = number else {
                        let message = format!(
                            "the {word} `{name}` needs a `{}`: one before has the greatest",
                            kind.number.text()
                        );
                        let mut error = Diagnostic::error(kind.missing, set.span(child), message);
                        if let Some(greatest) = numbers.get(&kind.greatest) {
                            error = error.related(set.span(*greatest), "this one");
                        }
                        self.report(
                            error
                                .help(format!("give it a `{}` that is free", kind.number.text()))
                                .rfc(kind.number_rfc),
                        );
                        continue;
                    };
                    (number, true)
                }
            };
            if let Some(first) = numbers.get(&number) {
                let message = format!(
                    "the {} {number} of {word} `{name}` is that of another {word} too",
                    kind.number.text()
                );
                self.report(
                    Diagnostic::error(kind.taken, set.span(child), message)
                        .related(set.span(*first), "has it first")
                        .help(format!("give it another `{}`", kind.number.text()))
                        .rfc(kind.number_rfc),
                );
                continue;
            }
            numbers.insert(number, child);
            highest = Some(highest.map_or(number, |highest| highest.max(number)));
            items.push(Item {
                on: self.features_hold(child) && on,
                name: self.shared_argument(child),
                number,
            });
        }
        items
    }
}

/// The enums that are on, in schema order.
pub(super) fn enums(items: &[Item]) -> Arc<[EnumItem]> {
    let on = items.iter().filter(|item| item.on);
    let enums: Vec<EnumItem> = on
        .filter_map(|item| {
            Some(EnumItem {
                name: item.name.clone(),
                value: i32::try_from(item.number).ok()?,
            })
        })
        .collect();
    enums.into()
}

/// The bits that are on, by ascending position.
pub(super) fn bits(items: &[Item]) -> Arc<[Bit]> {
    let on = items.iter().filter(|item| item.on);
    let mut bits: Vec<Bit> = on
        .filter_map(|item| {
            Some(Bit {
                name: item.name.clone(),
                position: u32::try_from(item.number).ok()?,
            })
        })
        .collect();
    bits.sort_by_key(|bit| bit.position);
    bits.into()
}
