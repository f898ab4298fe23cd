//! The items of enumerations and bits: names, and the numbers that they are given or counted.

use std::collections::HashSet;

use super::super::context::Compilation;
use super::super::set::StatementRef;
use crate::schema::{Bit, EnumItem};
use crate::statement::Keyword;

impl Compilation<'_> {
    /// RFC 7950 9.6.4: values are given or counted; those of a restriction are the base's.
    pub(super) fn enums(&mut self, at: StatementRef, base: Option<&[EnumItem]>) -> Vec<EnumItem> {
        let set = self.set;
        let mut names: HashSet<&str> = HashSet::new();
        let mut values: HashSet<i32> = HashSet::new();
        let mut highest: Option<i32> = None;
        let mut items = Vec::new();
        for child in set.children_of(at, Keyword::Enum) {
            let name = set.argument(child);
            if !names.insert(name) {
                self.type_error(
                    child,
                    "duplicate-enum",
                    format!("the enum `{name}` is there twice"),
                    "RFC 7950 9.6.4",
                );
                continue;
            }
            let given: Option<i32> = set
                .child_argument(child, Keyword::Value)
                .and_then(|value| value.parse().ok());
            let value = match base {
                Some(base) => {
                    let Some(item) = base.iter().find(|item| &*item.name == name) else {
                        let message = format!("the base type has no enum `{name}`");
                        self.type_error(child, "unknown-enum", message, "RFC 7950 9.6.4");
                        continue;
                    };
                    if given.is_some_and(|given| given != item.value) {
                        let message =
                            format!("the enum `{name}` must keep its value {}", item.value);
                        self.type_error(child, "changed-value", message, "RFC 7950 9.6.4.2");
                    }
                    item.value
                }
                None => match given.or(highest.map_or(Some(0), |highest| highest.checked_add(1))) {
                    Some(value) => value,
                    None => {
                        let message = format!(
                            "the enum `{name}` needs a `value`: the one before has the greatest"
                        );
                        self.type_error(child, "missing-value", message, "RFC 7950 9.6.4.2");
                        continue;
                    }
                },
            };
            if !values.insert(value) {
                let message = format!("the value {value} of enum `{name}` is another enum's too");
                self.type_error(child, "duplicate-value", message, "RFC 7950 9.6.4.2");
                continue;
            }
            highest = Some(highest.map_or(value, |highest| highest.max(value)));
            if self.features_hold(child) {
                let name = self.shared_argument(child);
                items.push(EnumItem { name, value });
            }
        }
        items
    }

    /// RFC 7950 9.7.4.
    pub(super) fn bits(&mut self, at: StatementRef, base: Option<&[Bit]>) -> Vec<Bit> {
        let set = self.set;
        let mut names: HashSet<&str> = HashSet::new();
        let mut positions: HashSet<u32> = HashSet::new();
        let mut highest: Option<u32> = None;
        let mut bits = Vec::new();
        for child in set.children_of(at, Keyword::Bit) {
            let name = set.argument(child);
            if !names.insert(name) {
                self.type_error(
                    child,
                    "duplicate-bit",
                    format!("the bit `{name}` is there twice"),
                    "RFC 7950 9.7.4",
                );
                continue;
            }
            let given: Option<u32> = set
                .child_argument(child, Keyword::Position)
                .and_then(|position| position.parse().ok());
            let position = match base {
                Some(base) => {
                    let Some(bit) = base.iter().find(|bit| &*bit.name == name) else {
                        let message = format!("the base type has no bit `{name}`");
                        self.type_error(child, "unknown-bit", message, "RFC 7950 9.7.4");
                        continue;
                    };
                    if given.is_some_and(|given| given != bit.position) {
                        let message =
                            format!("the bit `{name}` must keep its position {}", bit.position);
                        self.type_error(child, "changed-position", message, "RFC 7950 9.7.4.2");
                    }
                    bit.position
                }
                None => match given.or(highest.map_or(Some(0), |highest| highest.checked_add(1))) {
                    Some(position) => position,
                    None => {
                        let message = format!(
                            "the bit `{name}` needs a `position`: the one before has the greatest"
                        );
                        self.type_error(child, "missing-position", message, "RFC 7950 9.7.4.2");
                        continue;
                    }
                },
            };
            if !positions.insert(position) {
                let message =
                    format!("the position {position} of bit `{name}` is another bit's too");
                self.type_error(child, "duplicate-position", message, "RFC 7950 9.7.4.2");
                continue;
            }
            highest = Some(highest.map_or(position, |highest| highest.max(position)));
            if self.features_hold(child) {
                let name = self.shared_argument(child);
                bits.push(Bit { name, position });
            }
        }
        bits.sort_by_key(|bit| bit.position);
        bits
    }
}
