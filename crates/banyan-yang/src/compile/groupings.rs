//! Which grouping uses which (RFC 7950 7.12): cycles are found before anything is expanded, whatever uses them.

use std::collections::HashMap;

use super::context::Compilation;
use super::cycles::{chain, cycles, dependencies_first};
use super::set::{PrefixMeaning, StatementRef, UnitId, split_name};
use crate::diagnostic::Diagnostic;
use crate::statement::Keyword;

/// A `uses` in a grouping: the statement, and the number of the grouping that it names.
type Use = (StatementRef, usize);

/// Reports groupings that use themselves, directly or not. Gives all groupings, each before those that it uses.
/// Linear in the number of statements.
pub(super) fn check_all(compilation: &mut Compilation<'_>) -> Vec<StatementRef> {
    let groupings: Vec<StatementRef> = compilation.definitions.all(Keyword::Grouping);
    let uses = uses_of(compilation, &groupings);
    let edges: Vec<Vec<usize>> = uses
        .iter()
        .map(|uses| uses.iter().map(|(_, used)| *used).collect())
        .collect();
    let set = compilation.set;
    for cycle in cycles(&edges) {
        let names = chain(&cycle, |grouping| {
            set.argument(groupings[grouping]).to_owned()
        });
        let place = |at: usize| {
            let next = cycle[(at + 1) % cycle.len()];
            let uses = uses[cycle[at]].iter().find(|(_, used)| *used == next);
            uses.map_or(set.span(groupings[cycle[at]]), |(at, _)| set.span(*at))
        };
        let message = format!("groupings use each other: {names}");
        let mut error = Diagnostic::error("circular-uses", place(0), message);
        for other in 1..cycle.len().min(6) {
            error = error.related(place(other), "used here");
        }
        compilation.report(
            error
                .help("remove one of these `uses`; what refers to itself is a leafref, not a grouping")
                .rfc("RFC 7950 7.12"),
        );
    }
    let mut order = dependencies_first(&edges);
    order.reverse();
    order.into_iter().map(|index| groupings[index]).collect()
}

/// By grouping: the groupings that it uses, in itself and not in one that it defines.
fn uses_of(compilation: &Compilation<'_>, groupings: &[StatementRef]) -> Vec<Vec<Use>> {
    let numbers: HashMap<StatementRef, usize> = groupings
        .iter()
        .enumerate()
        .map(|(number, at)| (*at, number))
        .collect();
    let mut uses: Vec<Vec<Use>> = vec![Vec::new(); groupings.len()];
    for (index, unit) in compilation.set.units.iter().enumerate() {
        let tree = &unit.tree;
        let unit = UnitId(index as u32);
        let mut around: Vec<Option<usize>> = vec![None; tree.len()];
        for id in tree.ids() {
            let at = StatementRef { unit, id };
            let Some(parent) = tree.parent(id) else {
                continue;
            };
            let user = around[parent.index()];
            around[id.index()] = numbers.get(&at).copied().or(user);
            if let Some(user) = user
                && tree.keyword(id) == Keyword::Uses
                && !tree.is_dropped(id)
                && let Some(used) = compilation.silent_definition(Keyword::Grouping, at)
            {
                uses[user].extend(numbers.get(&used).map(|used| (at, *used)));
            }
        }
    }
    uses
}

impl Compilation<'_> {
    /// What the argument of a statement names, if it names anything; nothing is reported.
    pub fn silent_definition(&self, kind: Keyword, at: StatementRef) -> Option<StatementRef> {
        self.silently(kind, at, self.set.argument(at))
    }

    /// What a reference at a statement names.
    pub fn silently(&self, kind: Keyword, at: StatementRef, name: &str) -> Option<StatementRef> {
        let (prefix, name) = split_name(name);
        let PrefixMeaning::Module(module) = self.set.prefix(at.unit, prefix) else {
            return None;
        };
        let own = module == self.set.owner(at.unit);
        let name = self.names.find(name)?;
        let found = self
            .definitions
            .lookup(self.set, kind, at, module, own, name)?;
        (!found.dropped).then_some(found.at)
    }
}
