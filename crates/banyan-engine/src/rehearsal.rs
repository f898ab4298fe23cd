//! What a dry run answers.

use crate::backend::{Call, Committed, DiffFormat, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::Engine;
use crate::pipeline::Outcome;

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
}
