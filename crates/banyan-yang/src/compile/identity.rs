//! Identities: ids, bases, and all that each is derived from (RFC 7950 7.18).

use super::context::Compilation;
use super::cycles::{chain, cycles, dependencies_first};
use super::set::{StatementRef, split_name};
use crate::diagnostic::Diagnostic;
use crate::schema::{Identity, IdentityId};
use crate::statement::Keyword;

/// From how many others an identity may be derived: each keeps them all. Published ones stay below 20.
const MAX_ANCESTORS: usize = 200;

/// Gives every identity its id and computes its ancestors. Linear in the number of (identity, ancestor) pairs.
pub(super) fn resolve_all(compilation: &mut Compilation<'_>) {
    let mut statements = Vec::new();
    for (module, name, definition) in compilation.definitions.all_top(Keyword::Identity) {
        if definition.dropped {
            continue;
        }
        let id = IdentityId(compilation.identities.len() as u32);
        compilation.identity_ids.insert((module, name), id);
        let usable = compilation.features_hold(definition.at);
        let identity = Identity {
            name: compilation.names.text(name).clone(),
            module,
            ancestors: Vec::new(),
            status: compilation.status(definition.at).unwrap_or_default(),
            // Whether the module is implemented is known only when all augments are; see `finish`.
            usable,
        };
        compilation.identities.push(identity);
        statements.push(definition.at);
    }
    let bases: Vec<Vec<usize>> = statements
        .iter()
        .map(|at| compilation.bases(*at).iter().map(|id| id.index()).collect())
        .collect();
    // RFC 7950 7.18.2: an identity must not be derived from itself.
    let mut in_cycle = vec![false; statements.len()];
    for cycle in cycles(&bases) {
        let names = chain(&cycle, |index| {
            compilation.identities[index].name.to_string()
        });
        let span = |index: usize| compilation.set.span(statements[index]);
        let message = format!("identities are derived from each other: {names}");
        let mut error = Diagnostic::error("circular-identity", span(cycle[0]), message);
        for other in cycle.iter().skip(1).take(5) {
            error = error.related(span(*other), "derived here");
        }
        compilation.report(
            error
                .help("remove one of these `base` statements")
                .rfc("RFC 7950 7.18.2"),
        );
        // Cutting one edge of each cycle leaves a graph without cycles.
        in_cycle[cycle[cycle.len() - 1]] = true;
    }
    let bases: Vec<Vec<usize>> = bases
        .into_iter()
        .zip(in_cycle)
        .map(|(bases, cut)| if cut { Vec::new() } else { bases })
        .collect();
    for index in dependencies_first(&bases) {
        let mut ancestors: Vec<IdentityId> = Vec::new();
        for base in &bases[index] {
            ancestors.push(IdentityId(*base as u32));
            ancestors.extend_from_slice(&compilation.identities[*base].ancestors);
        }
        ancestors.sort_unstable();
        ancestors.dedup();
        if ancestors.len() > MAX_ANCESTORS {
            // Those that are derived from this one go on without its bases.
            ancestors.clear();
            let name = &compilation.identities[index].name;
            let message =
                format!("identity {name} is derived from more than {MAX_ANCESTORS} others");
            let span = compilation.set.span(statements[index]);
            compilation.report(Diagnostic::error("too-deep", span, message));
        }
        compilation.identities[index].ancestors = ancestors;
    }
}

impl Compilation<'_> {
    /// The identities that the `base` statements of an identity or an identityref name.
    pub fn bases(&mut self, at: StatementRef) -> Vec<IdentityId> {
        let set = self.set;
        let mut bases = Vec::new();
        for base in set.children_of(at, Keyword::Base) {
            let reference = set.argument(base);
            let Some(definition) = self.definition(Keyword::Identity, base, reference) else {
                continue;
            };
            let name = self.names.intern(split_name(reference).1);
            let key = (set.owner(definition.unit), name);
            bases.extend(self.identity_ids.get(&key));
        }
        bases
    }
}
