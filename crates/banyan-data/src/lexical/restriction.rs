//! `range` and `length`: what a value outside of them is told (RFC 7950 9.2.4, 9.4.4).

use std::fmt::Display;

use banyan_yang::schema::Restriction;

use super::ValueError;

/// The error for a value that a restriction refuses: the model's `error-message` if it has one,
/// with our own sentence as the help; else our own sentence.
pub(super) fn refusal(
    own: String,
    message: Option<&str>,
    app_tag: Option<&std::sync::Arc<str>>,
) -> ValueError {
    let mut error = match message {
        Some(message) => ValueError::new(message).with_help(own),
        None => ValueError::new(own),
    };
    error.app_tag = app_tag.cloned();
    error
}

/// Checks `value` against the restriction; `what` begins the sentence (`"9000"`, `the length 12 of ...`).
pub(super) fn check<T: Copy + PartialOrd + Display>(
    restriction: &Restriction<T>,
    value: T,
    what: impl FnOnce() -> String,
    shown: impl Fn(T) -> String,
) -> Result<(), ValueError> {
    if restriction.allows(value) {
        return Ok(());
    }
    let allowed: Vec<String> = restriction
        .parts
        .iter()
        .map(|part| {
            if part.min == part.max {
                shown(part.min)
            } else {
                format!("{}..{}", shown(part.min), shown(part.max))
            }
        })
        .collect();
    Err(refusal(
        format!("{} is not in the range {}", what(), allowed.join(" | ")),
        restriction.error_message.as_deref(),
        restriction.error_app_tag.as_ref(),
    ))
}
