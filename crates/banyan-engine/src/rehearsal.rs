//! What a dry run answers, and `validate`: a commit up to the point where it would change something.

use std::sync::Arc;

use banyan_data::Tree;

use crate::backend::{Call, CommitParameters, Committed, DiffFormat, Result};
use crate::bind;
use crate::blocking::{on_pool, to_its_end};
use crate::engine::Engine;
use crate::participant::{Options, Transaction, TransactionParts};
use crate::phases::Phases;
use crate::pipeline::{self, Outcome, refused};

impl Engine {
    /// The answer of a rehearsal: with a format, what would change, as far as the caller may read it.
    pub(crate) async fn rehearsed(
        &self,
        call: &Call,
        format: Option<DiffFormat>,
        outcome: Outcome,
    ) -> Result<Committed> {
        let mut committed = outcome.committed;
        let Some(format) = format else {
            return Ok(committed);
        };
        committed.diff = Some(match outcome.rehearsed {
            None => String::new(),
            Some((before, after)) => {
                let before = self.readable(call, before).await?;
                let after = self.readable(call, after).await?;
                let mounts = self.mounts().clone();
                on_pool(move || bind::diff_in(format, &before, &after, None, &mounts)).await??
            }
        });
        Ok(committed)
    }

    /// Checks what running would become (RFC 6241 8.6.4.1): by its models, then by participants, which hear `begin`,
    /// `validate`, `complete`, and `abort`. Devices are not asked: a dry run asks them.
    ///
    /// # Errors
    /// The session is not open; all that is wrong by the models, or the refusal of a participant.
    pub(crate) async fn examined(&self, call: &Call, tree: Tree) -> Result<()> {
        let core = self.0.clone();
        let cut = core.cut_of(call)?;
        let running = self.running();
        let before = running.clone();
        let checking = core.clone();
        let checked = on_pool(move || {
            let (after, indexes) = bind::settled(&before, tree)?;
            let changes = bind::diff(&before.tree, &after);
            checking.sound_rules(&before.tree, &after)?;
            match before.is_validated() {
                true => bind::validate(&after, &indexes, &changes)?,
                // Nothing is known of what does not differ.
                false => bind::validate_full(&after)?,
            }
            Ok((after, changes))
        });
        let hushed = |error| self.0.hushed(call, &running.tree, error);
        let (after, changes) = checked.await?.map_err(hushed)?;
        if changes.is_empty() {
            return Ok(());
        }
        let entered = core.in_progress.enter(false)?;
        let tid = pipeline::number(&core, &entered).await?;
        let transaction = Transaction::new(TransactionParts {
            tid,
            before: running.tree.clone(),
            base: running.seq,
            after,
            changes: Arc::new(changes),
            parameters: CommitParameters {
                no_networking: true,
                ..CommitParameters::default()
            },
            options: Options::none(),
            source: self.source_of(call.session),
            call: call.clone(),
        });
        // Whoever has begun hears the end, also when the caller goes away.
        to_its_end(async move {
            let _entered = entered;
            let mut phases =
                Phases::of(&core.participants, &transaction, &core.seams.clock).cut_by(&cut);
            phases.prepare().await.map_err(refused)?;
            phases.abort().await;
            Ok(())
        })
        .await?
    }
}
