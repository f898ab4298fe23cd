//! Groupings and typedefs that nothing uses are not in the schema, but strict mode reports their errors too.

use super::context::Compilation;
use super::draft::{Absent, Draft, DraftId};
use super::expand::Scope;
use super::set::StatementRef;
use crate::schema::NodeKind;
use crate::statement::Keyword;

/// Resolves and expands what has not been used. `groupings` stand before those that they use, so that each is
/// expanded once.
pub(super) fn check_all(compilation: &mut Compilation<'_>, groupings: &[StatementRef]) {
    for typedef in compilation.definitions.all(Keyword::Typedef) {
        compilation.resolve_typedef(typedef);
    }
    for grouping in groupings {
        if compilation.groupings_used.insert(*grouping) {
            compilation.try_grouping(*grouping);
        }
    }
}

impl Compilation<'_> {
    /// Expands a grouping under a container, which can hold whatever a grouping can, and takes that away again.
    fn try_grouping(&mut self, grouping: StatementRef) {
        let module = self.set.owner(grouping.unit);
        // No identifier has a blank or a colon: the name is nobody else's.
        let name = format!("grouping {}:{}", grouping.unit.0, grouping.id.0);
        let name = self.names.intern(&name);
        let draft = Draft::new(
            NodeKind::Container,
            name,
            module,
            DraftId::ROOT,
            grouping,
            self.no_facts.clone(),
        );
        let Ok(trial) = self.drafts.add(draft) else {
            return;
        };
        self.groupings_in_progress.push(grouping);
        self.expand_children(grouping, trial, Scope::top(module));
        self.groupings_in_progress.pop();
        self.drafts.get_mut(trial).leave_out(Absent::Feature);
    }
}
