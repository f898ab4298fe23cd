//! What a commit that is not made is told.

use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::participant::Refusal;
use crate::phases::Refused;

/// It had no place yet when the program stopped.
pub(super) fn stops() -> BackendError {
    BackendError::new(
        ErrorTag::OperationFailed,
        "the program stops, running is unchanged; commit again when it is back",
    )
}

/// It has waited for another as long as it may.
pub(crate) fn busy(in_the_way: &str) -> BackendError {
    Report::new(
        ErrorLayer::Application,
        ErrorTag::InUse,
        format!("another commit touches the same data: {in_the_way}; commit again when it is over"),
    )
    .into()
}

/// The error of a refused transaction: who refused, where, and what lies behind it.
pub(crate) fn refused(refused: Refused) -> BackendError {
    let Refused {
        phase,
        refusal,
        remains,
        cut,
    } = refused;
    let (participant, phase) = (&refusal.participant, phase.name());
    let message = match cut {
        Some(why) => {
            format!(
                "the commit is taken back, running is unchanged: {why} ({participant} was in {phase})"
            )
        }
        None => format!(
            "{participant} refused the commit in {phase}: {}; running is unchanged",
            refusal.message
        ),
    };
    let mut reports = vec![Report::new(
        ErrorLayer::Application,
        ErrorTag::OperationFailed,
        message,
    )];
    reports.extend(refusal.reports);
    with_remains(BackendError { reports }, remains)
}

/// Says what could not be undone; such a commit is never called a plain failure (RFC 6241 appendix A,
/// `rollback-failed`).
pub(crate) fn with_remains(mut error: BackendError, remains: Vec<Refusal>) -> BackendError {
    for refusal in remains {
        error.reports.push(Report::new(
            ErrorLayer::Application,
            ErrorTag::RollbackFailed,
            format!(
                "{} could not undo its part: {}",
                refusal.participant, refusal.message
            ),
        ));
        error.reports.extend(refusal.reports);
    }
    error
}
