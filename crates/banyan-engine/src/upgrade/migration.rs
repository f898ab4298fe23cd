//! Migration steps: which change of a module they are for, and in which order they run.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_data::untyped::Document;
use banyan_yang::schema::Schema;

use super::changes::{ChangeKind, ModuleChange, ModuleChanges};
use super::report::{Finding, Report};

/// The change of a module that a step is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Range {
    /// The module.
    pub module: Arc<str>,
    /// The step is for data of this revision and newer ones; of any without it. If it is newer than `to`, the step is
    /// for a downgrade: for data of this revision and older ones.
    pub from: Option<Arc<str>>,
    /// The revision that the step leads to. Without it: whatever the change is, the module's removal included.
    pub to: Option<Arc<str>>,
}

impl Range {
    /// A range of revisions of a module.
    ///
    /// # Errors
    /// A revision is not written as YYYY-MM-DD.
    pub fn new(module: &str, from: Option<&str>, to: Option<&str>) -> Result<Range, String> {
        for revision in [from, to].into_iter().flatten() {
            if !is_revision(revision) {
                return Err(format!("`{revision}` is no revision; write YYYY-MM-DD"));
            }
        }
        Ok(Range {
            module: module.into(),
            from: from.map(Arc::from),
            to: to.map(Arc::from),
        })
    }
}

fn is_revision(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// Why a step could not be done; the upgrade fails then.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{step} failed: {reason}")]
pub struct MigrationError {
    /// The step.
    pub step: String,
    /// Why.
    pub reason: String,
}

/// Data on their way to other modules: the document, and what is noted about it.
pub struct Migrating<'a> {
    /// The data, to be changed.
    pub document: &'a mut Document,
    /// What changed in the modules.
    pub changes: &'a ModuleChanges,
    /// The schemas that may know the names of the data, for what lists have as keys: of the loaded modules, then of those
    /// that the data were written under, if they are known.
    pub schemas: &'a [&'a Schema],
    /// The file that the data come from, for reports.
    pub file: &'a str,
    /// What was done, path by path.
    pub done: Vec<Finding>,
}

/// A step of a migration. It must do nothing to data that it has been applied to before.
pub trait Migration: Send + Sync {
    /// What reports call it.
    fn name(&self) -> String;

    /// The change that it is for; `None`: it runs at every start, before the steps for changes.
    fn range(&self) -> Option<&Range>;

    /// Changes the data.
    ///
    /// # Errors
    /// It cannot: nothing of the upgrade is kept then.
    fn migrate(&self, data: &mut Migrating<'_>) -> Result<(), MigrationError>;
}

/// Whether a step is for a change of which others may have done a part.
enum Applies {
    Yes,
    /// Not meant for this change at all.
    No,
    /// Meant, but for other data.
    Skipped(String),
}

/// What steps are told.
pub(super) struct Under<'a> {
    pub changes: &'a ModuleChanges,
    pub schemas: &'a [&'a Schema],
    pub file: &'a str,
}

/// Runs the steps that are for these changes, in the order of the revisions that they lead to.
///
/// # Errors
/// A step failed.
pub(super) fn run(
    steps: &[Arc<dyn Migration>],
    document: &mut Document,
    under: &Under<'_>,
    report: &mut Report,
) -> Result<(), MigrationError> {
    let mut ordered: Vec<(&Arc<dyn Migration>, Option<&Range>)> =
        steps.iter().map(|step| (step, step.range())).collect();
    let changes = under.changes;
    // A stable sort: steps to one revision run in the order in which they were registered.
    ordered.sort_by_key(|(_, range)| order(*range));
    let old = changes.changes.iter();
    let mut reached: BTreeMap<Arc<str>, Option<Arc<str>>> = old
        .map(|change| (change.module.clone(), change.from.clone()))
        .collect();
    for (step, range) in ordered {
        if let Some(range) = range {
            if !changes.known {
                report.skipped.push(format!(
                    "{}: which modules the data were written under is not known",
                    step.name()
                ));
                continue;
            }
            let Some(change) = changes.of(&range.module) else {
                continue;
            };
            let at = reached.get(&range.module).cloned().flatten();
            match applies(range, change, at.as_deref()) {
                Applies::Yes => {}
                Applies::No => continue,
                Applies::Skipped(reason) => {
                    report.skipped.push(format!("{}: {reason}", step.name()));
                    continue;
                }
            }
            if let Some(to) = &range.to {
                reached.insert(range.module.clone(), Some(to.clone()));
            }
        }
        let mut migrating = Migrating {
            document,
            changes,
            schemas: under.schemas,
            file: under.file,
            done: Vec::new(),
        };
        step.migrate(&mut migrating)?;
        report.steps.append(&mut migrating.done);
    }
    Ok(())
}

type Order = (u8, Arc<str>, Reverse<Arc<str>>);

/// General steps, then upgrades from the oldest revision on, then downgrades from the newest on, then the others.
fn order(range: Option<&Range>) -> Order {
    let none = || Arc::<str>::from("");
    match range {
        None => (0, none(), Reverse(none())),
        Some(range) => match &range.to {
            Some(to) if is_downgrade(range) => (2, none(), Reverse(to.clone())),
            Some(to) => (1, to.clone(), Reverse(none())),
            None => (3, none(), Reverse(none())),
        },
    }
}

/// Dates sort as text.
fn is_downgrade(range: &Range) -> bool {
    matches!((&range.from, &range.to), (Some(from), Some(to)) if from > to)
}

/// `at`: the revision that the data have reached by steps before; the empty text for a module that states none.
fn applies(range: &Range, change: &ModuleChange, at: Option<&str>) -> Applies {
    let at = at.unwrap_or("");
    let old = change.from.as_deref().unwrap_or("");
    let new = change.to.as_deref().unwrap_or("");
    let downgrade = is_downgrade(range);
    let is_meant = match (change.change, &range.to) {
        (_, None) => range.from.is_none() || !matches!(change.change, ChangeKind::Added),
        (ChangeKind::Upgraded | ChangeKind::Added, Some(to)) => {
            !downgrade && old < &**to && &**to <= new
        }
        (ChangeKind::Downgraded, Some(to)) => downgrade && new <= &**to && &**to < old,
        (ChangeKind::Removed | ChangeKind::Altered, Some(_)) => false,
    };
    if !is_meant {
        return Applies::No;
    }
    match range.from.as_deref() {
        Some(from) if !downgrade && at < from => Applies::Skipped(format!(
            "it is for data of {from} and newer, and these are of {}",
            shown(at)
        )),
        Some(from) if downgrade && at > from => Applies::Skipped(format!(
            "it is for data of {from} and older, and these are of {}",
            shown(at)
        )),
        _ => Applies::Yes,
    }
}

fn shown(revision: &str) -> &str {
    match revision {
        "" => "no revision",
        revision => revision,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Noted(&'static str, Option<Range>);

    impl Migration for Noted {
        fn name(&self) -> String {
            self.0.to_owned()
        }

        fn range(&self) -> Option<&Range> {
            self.1.as_ref()
        }

        fn migrate(&self, data: &mut Migrating<'_>) -> Result<(), MigrationError> {
            data.done.push(Finding {
                path: "/".to_owned(),
                place: None,
                message: self.0.to_owned(),
            });
            Ok(())
        }
    }

    fn step(name: &'static str, from: &str, to: &str) -> Arc<dyn Migration> {
        let revision = |text: &str| (!text.is_empty()).then(|| Arc::from(text));
        let range = Range {
            module: "m".into(),
            from: revision(from),
            to: revision(to),
        };
        Arc::new(Noted(name, Some(range)))
    }

    fn under(changes: &ModuleChanges) -> Under<'_> {
        Under {
            changes,
            schemas: &[],
            file: "f",
        }
    }

    /// What runs for a change from one revision to another, and what is skipped.
    fn ran(steps: &[Arc<dyn Migration>], change: ChangeKind, from: &str, to: &str) -> String {
        let revision = |text: &str| (!text.is_empty()).then(|| Arc::from(text));
        let changes = ModuleChanges {
            known: true,
            changes: vec![ModuleChange {
                module: "m".into(),
                change,
                from: revision(from),
                to: revision(to),
            }],
        };
        let mut report = Report::default();
        run(
            steps,
            &mut Document::default(),
            &under(&changes),
            &mut report,
        )
        .unwrap();
        let done: Vec<&str> = report.steps.iter().map(|it| &*it.message).collect();
        format!("{} | {}", done.join(" "), report.skipped.join("; "))
    }

    #[test]
    fn steps_run_in_the_order_of_revisions_and_only_where_they_belong() {
        let steps = [
            step("any", "", ""),
            step("22-23", "2022", "2023"),
            step("-22", "", "2022"),
            step("20-21", "2020", "2021"),
            step("23-22", "2023", "2022"),
            step("22-21", "2022", "2021"),
            Arc::new(Noted("always", None)),
        ];
        let up = |from, to| ran(&steps, ChangeKind::Upgraded, from, to);
        assert_eq!(up("2020", "2023"), "always 20-21 -22 22-23 any | ");
        assert_eq!(up("2021", "2022"), "always -22 any | ");
        assert_eq!(up("2022", "2022-05"), "always any | ");
        assert_eq!(
            ran(&steps[1..2], ChangeKind::Upgraded, "2021", "2023"),
            " | 22-23: it is for data of 2022 and newer, and these are of 2021"
        );
        let down = ran(&steps, ChangeKind::Downgraded, "2023", "2021");
        assert_eq!(down, "always 23-22 22-21 any | ");
        assert_eq!(
            ran(&steps, ChangeKind::Removed, "2023", ""),
            "always any | "
        );
    }

    #[test]
    fn without_knowing_the_old_modules_only_general_steps_run() {
        let steps = [step("x", "", ""), Arc::new(Noted("always", None))];
        let mut report = Report::default();
        let changes = ModuleChanges::unknown();
        run(
            &steps,
            &mut Document::default(),
            &under(&changes),
            &mut report,
        )
        .unwrap();
        assert_eq!(report.steps.len(), 1);
        assert!(report.skipped[0].contains("not known"));
    }
}
