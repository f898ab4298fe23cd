//! The past, commit by commit: a state of running that is followed back through the log, so that many commits cost what
//! lies between the first and the last of them, and not each the way from running.

use std::sync::Arc;

use banyan_data::Tree;

use super::{began, state_at};
use crate::backend::{Call, DiffFormat, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::{Core, Engine, log_failed};
use crate::error::{BackendError, ErrorTag};
use crate::number::Seq;
use crate::snapshot::Snapshot;

/// Two states of running under one schema: that of the second.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The older one, as far as the schema knows what it has.
    pub before: Tree,
    /// The newer one.
    pub after: Tree,
    /// What the older one has besides, under its own schema: the whole of it, and it without that. `None` where the
    /// modules are the same, or know all of it.
    pub gone: Option<(Tree, Tree)>,
}

/// Two states as they can be compared. Costs nothing under one schema, and a walk over both where they differ in it.
pub(crate) fn compared(core: &Core, before: Tree, after: Tree) -> Result<Compared> {
    let (schema, own) = (after.schema(), before.schema());
    if own.digest() == schema.digest() {
        return Ok(Compared {
            before,
            after,
            gone: None,
        });
    }
    let known = core.epochs.rebind(&before, schema)?;
    let left = core.epochs.rebind(&known, own)?;
    let gone = !bind::diff(&before, &left).is_empty();
    Ok(Compared {
        before: known,
        gone: gone.then_some((before, left)),
        after,
    })
}

/// How differences are written.
pub(crate) struct Wanted {
    pub format: DiffFormat,
    /// Only what differs at or below this place, as far as a schema knows it.
    pub path: Option<String>,
    /// What would undo it instead.
    pub reverse: bool,
}

impl Compared {
    /// Two states under one schema.
    pub(crate) fn of_one_schema(before: Tree, after: Tree) -> Compared {
        Compared {
            before,
            after,
            gone: None,
        }
    }

    /// What differs, as far as the caller may read it. What the newer modules do not know is told to people only: it
    /// cannot be applied under them.
    pub(crate) async fn text(self, engine: &Engine, call: &Call, wanted: Wanted) -> Result<String> {
        let before = engine.readable(call, self.before).await?;
        let after = engine.readable(call, self.after).await?;
        let gone = match self.gone.filter(|_| wanted.format == DiffFormat::Text) {
            None => None,
            Some((whole, left)) => Some((
                engine.readable(call, whole).await?,
                engine.readable(call, left).await?,
            )),
        };
        let core = engine.0.clone();
        on_pool(move || {
            let mut text = String::new();
            for (before, after) in gone.into_iter().chain([(before, after)]) {
                text.push_str(&wanted.between(&core, before, after)?);
            }
            Ok(text)
        })
        .await?
    }
}

impl Wanted {
    fn between(&self, core: &Core, before: Tree, after: Tree) -> Result<String> {
        let mounts = core.epochs.mounts_of(after.schema());
        let path = match self.path.as_deref() {
            None => None,
            Some(path) => match bind::parse_place(&after, path, &mounts) {
                Ok(path) => Some(path),
                // Other modules know it; here is nothing of it.
                Err(_) => return Ok(String::new()),
            },
        };
        let (before, after) = match self.reverse {
            true => (after, before),
            false => (before, after),
        };
        bind::diff_in(self.format, &before, &after, path.as_ref(), &mounts)
    }
}

/// See the module. Holds one state at a time.
pub struct Walk {
    core: Arc<Core>,
    at: Snapshot,
}

impl Walk {
    /// A commit and the states around it. Costs the commits since the one that was asked for last, if this one is older;
    /// else those since now.
    ///
    /// # Errors
    /// The history does not reach there.
    pub async fn around(&mut self, seq: Seq) -> Result<Compared> {
        if seq == Seq(0) {
            return Err(BackendError::new(
                ErrorTag::InvalidValue,
                "commit 0 is none: it stands for what was before the first",
            ));
        }
        let (core, mut at) = (self.core.clone(), self.at.clone());
        let (at, compared) = on_pool(move || {
            let log = &*core.seams.log;
            if seq > at.seq {
                at = Snapshot::clone(&core.running.load());
            }
            let after = Snapshot::new(state_at(log, &at, seq, &core.epochs)?, seq);
            // What was before a commit that stands on nothing is not known: all that it has is new.
            if began(log).map_err(log_failed)? == Some(seq) {
                let nothing = Tree::empty(after.tree.schema().clone());
                let compared = Compared::of_one_schema(nothing, after.tree.clone());
                return Ok((after, compared));
            }
            let older = Seq(seq.0 - 1);
            let before = Snapshot::new(state_at(log, &after, older, &core.epochs)?, older);
            let compared = compared(&core, before.tree.clone(), after.tree)?;
            Ok::<_, BackendError>((before, compared))
        })
        .await??;
        self.at = at;
        Ok(compared)
    }
}

impl Engine {
    /// Begins at running.
    pub fn walk_back(&self) -> Walk {
        Walk {
            core: self.0.clone(),
            at: self.running(),
        }
    }
}

/// Looks between two pieces of a long search whether anybody still waits for it.
///
/// # Errors
/// Nobody does, or the deadline has passed.
pub(super) fn still_wanted(call: &Call) -> Result<()> {
    let message = if call.cancel.is_cancelled() {
        "the request was cancelled"
    } else if call
        .deadline
        .is_some_and(|deadline| deadline <= std::time::Instant::now())
    {
        "the history is too long to be searched before the deadline of the request; narrow it with --since or --limit"
    } else {
        return Ok(());
    };
    Err(BackendError::new(ErrorTag::OperationFailed, message))
}
