//! The transaction of a start: participants hear what running is before anybody else asks, and may refuse it.
//!
//! Between finding out what running is, and writing it: a refusal is a start that failed, like one with data that break
//! the schema, and leaves the disk as it was.

use std::sync::Arc;

use banyan_data::Tree;

use super::recover::{self, Recovered, Start};
use super::start::{StartError, StartMode};
use crate::backend::{Call, CommitParameters, Principal, Source};
use crate::bind;
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::number::Seq;
use crate::participant::{AtStart, Options, Participant, Transaction, TransactionParts};
use crate::phases::{Phases, Refused};
use crate::pipeline::with_remains;
use crate::session::INTERNAL;
use crate::tids::Tids;

/// A start whose running is known, and not yet in force.
pub(super) struct Initial<'a> {
    pub start: &'a Start<'a>,
    pub participants: &'a [Arc<dyn Participant>],
}

impl Initial<'_> {
    /// Asks the participants, writes what the start has to write, and tells them that it is done. Where one refuses, the
    /// store failsafe takes the place of what was refused, if there is one. Blocking where it writes.
    ///
    /// # Errors
    /// A participant refuses, or something cannot be written: those that agreed have been told to undo their part.
    pub async fn carry_out(&self, mut recovered: Recovered) -> Result<Recovered, StartError> {
        match self.attempt(&mut recovered).await {
            Ok(()) => Ok(recovered),
            Err(refused @ StartError::Refused(_)) => {
                let error = refused.to_string();
                let mut instead = recover::instead(self.start, refused)?;
                match self.attempt(&mut instead).await {
                    Ok(()) => Ok(instead),
                    Err(again @ StartError::Refused(_)) => Err(StartError::Failsafe {
                        error,
                        reason: Box::new(again),
                    }),
                    Err(other) => Err(other),
                }
            }
            Err(other) => Err(other),
        }
    }

    async fn attempt(&self, recovered: &mut Recovered) -> Result<(), StartError> {
        let Start {
            seams,
            directory,
            epochs,
            ..
        } = self.start;
        let Some(transaction) = self.transaction(recovered)? else {
            return recovered.plan.carry_out(seams, *directory, epochs);
        };
        let mut phases = Phases::of(self.participants, &transaction, &seams.clock);
        phases.prepare().await.map_err(does_not_agree)?;
        phases.commit().await.map_err(does_not_agree)?;
        if let Err(error) = recovered.plan.carry_out(seams, *directory, epochs) {
            for refusal in phases.take_back().await {
                tracing::error!(
                    "{} could not undo its part of the start: {}",
                    refusal.participant,
                    refusal.message
                );
            }
            return Err(error);
        }
        transaction.committed_at(recovered.running.seq);
        phases.finish().await;
        Ok(())
    }

    /// From nothing to all that running is; `None` when nobody is to hear of it, or nothing has ever been.
    fn transaction(&self, recovered: &mut Recovered) -> Result<Option<Transaction>, StartError> {
        let running = &recovered.running;
        let never = running.seq == Seq(0) && running.tree.root().slots().is_empty();
        let heard = |one: &Arc<dyn Participant>| one.at_start() == AtStart::Whole;
        if self.start.options.mode == StartMode::None
            || never
            || !self.participants.iter().any(heard)
        {
            return Ok(None);
        }
        let tid = match recovered.plan.tid() {
            Some(tid) => tid,
            None => {
                let tids = Tids::recover(&*self.start.seams.log)?;
                let (tid, _) = tids.next();
                let (name, value) = tids.exact();
                recovered.plan.facts(vec![(name.to_owned(), Some(value))]);
                tid
            }
        };
        let before = Tree::empty(running.tree.schema().clone());
        Ok(Some(Transaction::of_start(TransactionParts {
            tid,
            base: Seq(0),
            after: running.tree.clone(),
            changes: Arc::new(bind::diff(&before, &running.tree)),
            before,
            parameters: CommitParameters::default(),
            options: Options::none(),
            source: Source {
                front_end: "start".into(),
                transport: "internal".into(),
                peer: None,
            },
            call: Call::new(INTERNAL, Principal::user("banyan")),
        })))
    }
}

/// Why a start fails that a participant refuses.
fn does_not_agree(refused: Refused) -> StartError {
    let Refused {
        phase,
        refusal,
        remains,
        ..
    } = refused;
    let mut reports = vec![Report::new(
        ErrorLayer::Application,
        ErrorTag::OperationFailed,
        format!(
            "{} refused in {} what running would be at this start: {}",
            refusal.participant,
            phase.name(),
            refusal.message
        ),
    )];
    reports.extend(refusal.reports);
    StartError::Refused(with_remains(BackendError { reports }, remains))
}
