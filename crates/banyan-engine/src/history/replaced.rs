//! A history that begins anew: an import goes in the place of what the start of a store has made on its own, as the commit
//! that makes the first user an administrator. Without this a history could be imported nowhere: no store is empty for
//! long.

use std::sync::atomic::{AtomicBool, Ordering};

use banyan_data::Tree;

use super::transfer::{IMPORT, published, wrong};
use crate::backend::Result;
use crate::engine::{Core, log_failed};
use crate::error::{BackendError, ErrorTag};
use crate::log::{Appended, Facts, LogError, Record};
use crate::number::Seq;
use crate::pipeline::in_doubt;
use crate::session::{internal_source, source_line};
use crate::snapshot::Snapshot;

/// How many commits are looked at: a start makes fewer.
const OWN: usize = 16;

/// Whether nobody knows what the log holds since an import failed: then it is not followed any more.
#[derive(Default)]
pub(crate) struct Replacing(AtomicBool);

impl Replacing {
    /// Whether the log can be followed.
    ///
    /// # Errors
    /// Nobody knows whose commits it holds.
    pub fn known(&self) -> Result<()> {
        match self.0.load(Ordering::Acquire) {
            false => Ok(()),
            true => Err(BackendError::new(
                ErrorTag::OperationFailed,
                "an import that was to replace the history failed, and the log could not be read: nobody knows what it holds; \
                 repair the disk and restart, and look at the history then",
            )),
        }
    }
}

/// Whether a history that ends with `last` may take the place of what is there. Blocking.
///
/// # Errors
/// Somebody has committed, a store names a commit, or the history is too short to be told from what is there.
pub(super) fn permitted(core: &Core, running: &Snapshot, last: Seq) -> Result<()> {
    let heads = core.seams.log.history(running.seq, OWN);
    let heads = heads.map_err(log_failed)?;
    let own = [source_line(&internal_source()), "start internal".to_owned()];
    let others = heads.iter().find(|head| !own.contains(&head.source));
    let next = Seq(running.seq.0 + 1);
    if others.is_some() || heads.len() as u64 != running.seq.0 {
        let whose = others.map(|head| format!("commit {} is by {}", head.seq, head.user));
        return Err(wrong(format!(
            "the records begin with commit 1, but the history here has commits of its own ({}): import into a store that has only \
             what its first start made, or export with --from {next} if both have the same past",
            whose.unwrap_or_else(|| format!("it ends with {}", running.seq)),
        )));
    }
    if super::began(&*core.seams.log)
        .map_err(log_failed)?
        .is_some()
    {
        return Err(wrong(
            "the history here has begun anew, because running could not be rebuilt: the modules of before may still replay what is older; import into another store",
        ));
    }
    if last <= running.seq {
        return Err(wrong(format!(
            "the records end with commit {last}, and the start here has made {} itself: a history that is to take their place must be longer",
            running.seq
        )));
    }
    if core
        .keeper
        .as_ref()
        .is_some_and(|keeper| keeper.is_followed())
    {
        return Err(wrong(
            "a store was copied from running, and its file is not written yet; import again in a moment",
        ));
    }
    Ok(())
}

/// Puts records in the place of all that there are, and makes running what they lead to. Blocking; commits wait.
pub(super) fn replace(
    core: &Core,
    before: &Snapshot,
    after: Tree,
    records: &[Record],
    facts: Facts<'_>,
) -> Result<()> {
    let Some(last) = records.last() else {
        return Ok(());
    };
    // Neither a backup nor a trimming has old records in hand.
    let Some(_turn) = core.backups.may_trim() else {
        return Err(wrong(
            "a backup reads the history; import again when it has ended",
        ));
    };
    permitted(core, before, last.head.seq)?;
    let replace = || {
        // Nothing changes what stores are now; meanwhile one may have been copied.
        permitted(core, before, last.head.seq)?;
        let written = core.seams.log.replace(before.seq, records, facts);
        written.or_else(|error| settled(core, before, last, error))
    };
    let written = match &core.keeper {
        None => replace(),
        Some(keeper) => keeper
            .begin_anew(before.seq, replace)
            .map_err(|error| wrong(format!("the history cannot begin anew: {error}")))?,
    };
    match written? {
        Appended::HeadMoved(head) => Err(wrong(format!(
            "the log has moved to commit {head} meanwhile; look at the history, and import again"
        ))),
        Appended::At(_) => {
            core.history_sizes.forget();
            published(core, before, after, last.head.seq);
            Ok(())
        }
    }
}

/// What became of a replacement that failed.
fn settled(core: &Core, before: &Snapshot, last: &Record, error: LogError) -> Result<Appended> {
    let settled = in_doubt(core, &IMPORT, before.seq, &last.head, error);
    if settled.is_err() && !core.seams.log.head().is_ok_and(|head| head == before.seq) {
        core.replacing.0.store(true, Ordering::Release);
        if let Some(keeper) = &core.keeper {
            keeper.set_volatile("running", true);
        }
    }
    settled
}
