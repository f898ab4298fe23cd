//! Conflicts between a candidate and what others have committed since it was made: where, what, and by whom.

use banyan_data::Tree;
use banyan_data::path::InstancePath;
use banyan_data::rebase::{self, Conflict};

use crate::backend::{Resolution, Result};
use crate::bind;
use crate::engine::{Core, log_failed};
use crate::error::BackendError;
use crate::log::{Record, RecordHead};
use crate::number::Seq;
use crate::snapshot::Snapshot;

/// How many records are taken from the log at a time.
const PIECE: u64 = 64;

/// `mine`, which was made from `base`, on top of `onto`. Cost: what both sides changed; for an error, what was committed
/// since `base`.
///
/// # Errors
/// Both changed the same thing: a report for each place, with what both did, and with the commit that did it.
pub(crate) fn rebased(core: &Core, base: &Snapshot, mine: &Tree, onto: &Snapshot) -> Result<Tree> {
    rebased_counted(core, base, mine, onto).0
}

/// As [`rebased`], with the number of instances that were looked at.
pub(crate) fn rebased_counted(
    core: &Core,
    base: &Snapshot,
    mine: &Tree,
    onto: &Snapshot,
) -> (Result<Tree>, u64) {
    let (rebased, visited) = rebase::rebase_counted(&base.tree, mine, &onto.tree);
    let rebased =
        rebased.map_err(|conflicts| explained(core, base, onto, conflicts, bind::WORK_AGAIN));
    (rebased, visited)
}

/// `onto` without what the commit that led from `before` to `commit` has changed. Cost as [`rebased`].
///
/// # Errors
/// Later commits have changed the same things: as [`rebased`].
pub(crate) fn taken_out(
    core: &Core,
    commit: &Snapshot,
    before: &Tree,
    onto: &Snapshot,
) -> Result<Tree> {
    rebase::rebase(&commit.tree, before, &onto.tree)
        .map_err(|conflicts| explained(core, commit, onto, conflicts, bind::LATER_FIRST))
}

/// As [`rebased`], with conflicts decided as it is wished.
///
/// # Errors
/// As [`rebased`] for [`Resolution::RevertOnConflict`]; else, what is left makes no sense without what was left out.
pub(crate) fn resolved(
    core: &Core,
    base: &Snapshot,
    mine: &Tree,
    onto: &Snapshot,
    resolution: Resolution,
) -> Result<Tree> {
    let prefer = match resolution {
        Resolution::RevertOnConflict => return rebased(core, base, mine, onto),
        Resolution::PreferCandidate => rebase::Prefer::Mine,
        Resolution::PreferRunning => rebase::Prefer::Theirs,
    };
    rebase::rebase_preferring(&base.tree, mine, &onto.tree, prefer)
        .map_err(|conflicts| explained(core, base, onto, conflicts, bind::WORK_AGAIN))
}

/// Whether somebody is still to be named who made a conflicting change.
pub(crate) fn is_anonymous(error: &BackendError) -> bool {
    error.reports.iter().any(|report| {
        report.app_tag.as_deref() == Some(bind::CONFLICT)
            && report.info.iter().all(|(name, _)| &**name != "other-tid")
    })
}

fn explained(
    core: &Core,
    base: &Snapshot,
    onto: &Snapshot,
    conflicts: Vec<Conflict>,
    remedy: bind::Remedy,
) -> BackendError {
    let makers = makers(core, base.seq, onto, &conflicts).unwrap_or_else(|error| {
        // The conflict itself is the news; who made it is a help.
        tracing::warn!("who made a conflicting change cannot be told: {error}");
        Vec::new()
    });
    let mut makers = makers.into_iter();
    let all = conflicts
        .into_iter()
        .map(|conflict| (conflict, makers.next().flatten()));
    bind::conflicts(onto.tree.schema(), all, remedy)
}

/// For each conflict the newest commit since `base` that changed the instance. Goes back through the commits since, and
/// no further than it must.
fn makers(
    core: &Core,
    base: Seq,
    onto: &Snapshot,
    conflicts: &[Conflict],
) -> Result<Vec<Option<RecordHead>>> {
    let log = &*core.seams.log;
    let paths: Vec<Option<InstancePath>> = conflicts
        .iter()
        .map(|conflict| bind::parse_path(&onto.tree, &conflict.their_path.0, &core.mounts).ok())
        .collect();
    let mut makers: Vec<Option<RecordHead>> = vec![None; conflicts.len()];
    // Whom to name when no content changed, as where entries were moved: who changed something beside it.
    let mut beside = makers.clone();
    let mut after = onto.tree.clone();
    let mut above = onto.seq;
    while above > base && makers.iter().any(Option::is_none) {
        let from = Seq(above.0.saturating_sub(PIECE).max(base.0));
        let wanted = usize::try_from(above.0 - from.0).unwrap_or(usize::MAX);
        let records: Vec<Record> = log.read(Seq(from.0 + 1), wanted).map_err(log_failed)?;
        if records.last().is_none_or(|newest| newest.head.seq != above) {
            // Not in the log yet, or no longer.
            break;
        }
        for record in records.iter().rev() {
            let before = bind::apply_patch(&after, &record.reverse, &core.mounts)?;
            for (index, path) in paths.iter().enumerate() {
                let Some(path) = path else { continue };
                let differs = |path: &InstancePath| before.get(path) != after.get(path);
                if makers[index].is_none() && differs(path) {
                    makers[index] = Some(record.head.clone());
                } else if beside[index].is_none() && differs(&around(path)) {
                    beside[index] = Some(record.head.clone());
                }
            }
            after = before;
        }
        above = from;
    }
    Ok(makers
        .into_iter()
        .zip(beside)
        .map(|(maker, beside)| maker.or(beside))
        .collect())
}

/// What an instance stands in.
fn around(path: &InstancePath) -> InstancePath {
    let mut above = path.clone();
    above.steps.pop();
    above
}
