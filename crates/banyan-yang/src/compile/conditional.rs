//! Defaults that a feature could switch off (RFC 7950 7.3.4, 7.6.4, 7.7.4): the enum, bit or identity that a default
//! names must not stand under an `if-feature`, whether or not the feature is on.

use std::collections::HashMap;

use super::context::Compilation;
use super::set::{StatementRef, UnitId};
use crate::diagnostic::Diagnostic;
use crate::statement::Keyword;

/// Looks at every default of a leaf, leaf-list and typedef. Linear in the number of statements, times the length of
/// typedef chains.
pub(super) fn check_all(compilation: &mut Compilation<'_>) {
    let set = compilation.set;
    let mut types = HashMap::new();
    for (index, unit) in set.units.iter().enumerate() {
        let tree = &unit.tree;
        for id in tree.ids() {
            let Some(parent) = tree.parent(id) else {
                continue;
            };
            let typed = matches!(
                tree.keyword(parent),
                Keyword::Leaf | Keyword::LeafList | Keyword::Typedef
            );
            if tree.keyword(id) == Keyword::Default && typed && !tree.is_dropped(id) {
                let at = |id| StatementRef {
                    unit: UnitId(index as u32),
                    id,
                };
                if let Some(ty) = set.child(at(parent), Keyword::Type) {
                    compilation.check_default_item(at(id), ty, &mut types);
                }
            }
        }
    }
}

/// What defaults ask of a type statement, looked at once: it may have many items, and many uses.
#[derive(Default)]
struct TypeFacts {
    /// The enums and bits under an `if-feature`, by name.
    conditional: HashMap<Box<str>, StatementRef>,
    is_identityref: bool,
}

/// How long a chain of typedefs is followed; longer ones are errors of their own.
const MAX_CHAIN: usize = 200;

impl Compilation<'_> {
    /// Follows the chain of types down to the definition of what the default names. Unions are passed over: another
    /// member may take the value.
    fn check_default_item(
        &mut self,
        default: StatementRef,
        ty: StatementRef,
        types: &mut HashMap<StatementRef, TypeFacts>,
    ) {
        let set = self.set;
        let mut ty = ty;
        for _ in 0..MAX_CHAIN {
            let value = set.argument(default);
            let facts = types.entry(ty).or_insert_with(|| {
                let mut facts = TypeFacts::default();
                for item in set.children(ty) {
                    match set.keyword(item) {
                        Keyword::Base => facts.is_identityref = true,
                        Keyword::Enum | Keyword::Bit
                            if set.child(item, Keyword::IfFeature).is_some() =>
                        {
                            facts.conditional.insert(set.argument(item).into(), item);
                        }
                        _ => {}
                    }
                }
                facts
            });
            let is_identityref = facts.is_identityref;
            let items = &facts.conditional;
            let named: Vec<StatementRef> = match items.get(value) {
                Some(item) => vec![*item],
                None => {
                    let bits = value.split_ascii_whitespace();
                    let bits = bits.filter_map(|word| items.get(word).copied());
                    bits.filter(|item| set.keyword(*item) == Keyword::Bit)
                        .collect()
                }
            };
            for item in named {
                self.check_unconditional(default, item);
            }
            if is_identityref {
                let name = set.argument(default);
                if let Some(identity) = self.silently(Keyword::Identity, default, name) {
                    self.check_unconditional(default, identity);
                }
                return;
            }
            let typedef = self.silent_definition(Keyword::Typedef, ty);
            match typedef.and_then(|typedef| set.child(typedef, Keyword::Type)) {
                Some(base) => ty = base,
                None => return,
            }
        }
    }

    fn check_unconditional(&mut self, default: StatementRef, item: StatementRef) {
        let set = self.set;
        let Some(condition) = set.child(item, Keyword::IfFeature) else {
            return;
        };
        let message = format!(
            "the default names `{}`, which a feature can switch off",
            set.describe(item)
        );
        self.report(
            Diagnostic::error("conditional-default", set.argument_span(default), message)
                .related(set.span(condition), "depends on this")
                .help("choose a default that is always there")
                .rfc("RFC 7950 7.6.4"),
        );
    }
}
