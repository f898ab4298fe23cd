//! Data of other modules: how a store goes from the module set that it was written under to the one that is loaded.
//!
//! The steps: what changed in the modules ([`changes`]), migration steps on the untyped document ([`migration`],
//! [`rules`], [`program`]), what the new schema accepts of it and what it does not ([`fit`]), and validation. All of it is
//! pure but for programs and kept module sets ([`pins`]); who calls it decides what becomes of the result.

mod action;
pub mod changes;
pub(crate) mod epochs;
pub(crate) mod fit;
mod locate;
pub mod migration;
mod path;
pub mod pins;
pub mod program;
pub mod report;
pub mod rules;
mod source;
pub(crate) mod unfit;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::untyped::Document;
use banyan_yang::schema::Schema;
use banyan_yang::update;

use crate::backend;
use crate::bind::{self, SharedMounts};
use crate::error::{BackendError, ErrorTag};
use crate::log::RecordHead;
use changes::{ModuleChanges, is_module_state, modules_in_state, modules_of};
use epochs::Epochs;
use migration::Migration;
use report::{Finding, Report, Status};
pub(crate) use source::Old;

/// What to do with data that the loaded modules do not accept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Policy {
    /// The start fails, and nothing is changed.
    #[default]
    Refuse,
    /// They are kept aside in `<store>.left-out`, and the rest is used.
    LeaveOut,
    /// The store failsafe is used; without one the start fails.
    Failsafe,
}

/// How data are brought to other modules.
#[derive(Clone, Default)]
pub struct Upgrade {
    /// Steps, in the order of their registration.
    pub steps: Vec<Arc<dyn Migration>>,
    /// What to do with the rest.
    pub policy: Policy,
}

/// What an upgrade came to.
pub(crate) struct Upgraded {
    /// What was done, and what is wrong.
    pub report: Report,
    /// The configuration under the loaded schema: there if the status is `ok`, and if it is `invalid` because a
    /// constraint does not hold.
    pub tree: Option<Tree>,
    /// The content of the file of what was left out.
    pub left_out: Option<String>,
}

/// The kind of the entry that the record of an upgrade has.
pub(crate) const ENTRY: &str = "upgrade";

/// The digest of the module set before the upgrade that a record is.
pub(crate) fn upgraded_from(head: &RecordHead) -> Option<&str> {
    let entry = head.entries.iter().find(|entry| &*entry.kind == ENTRY)?;
    entry.value.get("from")?.as_str()
}

/// All that breaks the schema in a tree, each with its place in the files that it was read from.
pub(crate) fn broken(tree: &Tree, from: Option<&Old<'_>>) -> Vec<Finding> {
    let document = from.and_then(|from| source::read(from, tree.schema()).ok());
    let file = from.map_or("", |from| from.file);
    match fit::validate(tree, document.as_ref(), file) {
        Ok(()) => Vec::new(),
        Err((_, findings)) => findings,
    }
}

/// Brings a configuration to the schema `new`. Reads the document twice at most if it fits as it is.
pub(crate) fn upgrade(
    old: &Old<'_>,
    new: &Arc<Schema>,
    mounts: &SharedMounts,
    how: &Upgrade,
) -> Upgraded {
    let mut report = Report::of(old.store);
    let mut changes = ModuleChanges::unknown();
    if let Some(schema) = old.schema {
        changes = ModuleChanges::between(&modules_of(schema), &modules_of(new));
        report.warnings = forbidden_changes(schema, new, &changes);
    }
    let mut document = match source::read(old, new) {
        Ok(document) => document,
        Err(error) => {
            report.fail(Status::Error, [error]);
            return failed(report);
        }
    };
    let state = document.take(is_module_state);
    if old.schema.is_none()
        && let Some(state) = state.first()
    {
        changes = ModuleChanges::since(modules_in_state(state), new);
    }
    report.modules = changes.changes.clone();
    report.upgraded = !changes.changes.is_empty();
    let known: Vec<&Schema> = std::iter::once(new)
        .chain(old.schema)
        .map(|it| &**it)
        .collect();
    let under = migration::Under {
        changes: &changes,
        schemas: &known,
        file: old.file,
    };
    if let Err(error) = migration::run(&how.steps, &mut document, &under, &mut report) {
        let error = Finding {
            path: "/".to_owned(),
            place: None,
            message: error.to_string(),
        };
        report.fail(Status::Error, [error]);
        return failed(report);
    }
    report.upgraded |= !report.steps.is_empty();
    fitted(document, old.file, new, mounts, how.policy, report)
}

fn failed(report: Report) -> Upgraded {
    Upgraded {
        report,
        tree: None,
        left_out: None,
    }
}

/// What the schema accepts of a document, by the policy.
fn fitted(
    mut document: Document,
    file: &str,
    new: &Arc<Schema>,
    mounts: &SharedMounts,
    policy: Policy,
    mut report: Report,
) -> Upgraded {
    let mut aside = fit::Aside::of(&document);
    let tree = loop {
        let tree = match fit::fit(&mut document, new, mounts, file, &mut aside) {
            Ok(tree) => bind::resolved(&tree),
            Err(errors) => {
                let findings = errors.iter().map(|error| Finding {
                    path: error.path.to_string(),
                    place: None,
                    message: fit::said(error),
                });
                report.fail(Status::Error, findings);
                return failed(report);
            }
        };
        match fit::validate(&tree, Some(&document), file) {
            Ok(()) => break tree,
            Err((errors, findings)) => {
                let again = policy == Policy::LeaveOut
                    && fit::take_dependent(&mut document, new, &errors, file, &mut aside);
                if !again {
                    report.fail(Status::Invalid, findings);
                    break tree;
                }
            }
        }
    };
    report.upgraded |= !aside.left_out.is_empty();
    let left_out = (!aside.left_out.is_empty()).then(|| fit::quarantine(&aside));
    report.left_out = aside.left_out;
    let refused = left_out.is_some() && policy != Policy::LeaveOut;
    if refused {
        report.unfit = true;
        report.fail(Status::Invalid, report.left_out.clone());
        report.left_out.clear();
        return failed(report);
    }
    Upgraded {
        report,
        tree: Some(tree),
        left_out,
    }
}

/// What RFC 7950 section 11 does not allow of what changed: data may break, so it is said before they do.
fn forbidden_changes(old: &Schema, new: &Schema, changes: &ModuleChanges) -> Vec<String> {
    let mut warnings = Vec::new();
    for change in &changes.changes {
        let (Some(before), Some(after)) = (
            old.module_by_name(&change.module),
            new.module_by_name(&change.module),
        ) else {
            continue;
        };
        let compared = update::compare_modules(old, before, new, after);
        for found in compared.breaking() {
            let section = match found.section {
                "" => String::new(),
                section => format!(" ({section})"),
            };
            let place = |schema: &Schema, span| schema.sources().location(span);
            let places = match (found.old_place, found.new_place) {
                (Some(was), Some(is)) => format!(" [{} -> {}]", place(old, was), place(new, is)),
                (Some(was), None) => format!(" [was at {}]", place(old, was)),
                (None, Some(is)) => format!(" [{}]", place(new, is)),
                (None, None) => String::new(),
            };
            warnings.push(format!(
                "{}: {} {}{section}{places}",
                found.path,
                found.aspect,
                found.what()
            ));
        }
    }
    warnings
}

/// Where data that were left out of a store are kept, by its main file: beside it, with `.left-out` behind the name.
pub(crate) fn left_out_file(file: &Path) -> PathBuf {
    let parts = file
        .parent()
        .filter(|it| it.extension().is_some_and(|it| it == "d"));
    let name = match parts {
        Some(parts) => parts.with_extension("").display().to_string(),
        None => file.display().to_string(),
    };
    let store = name.strip_suffix("_db").unwrap_or(&name);
    PathBuf::from(format!("{store}.left-out"))
}

/// A state of the past under the loaded schema, by the same steps as an upgrade: nothing is left out.
///
/// # Errors
/// The steps fail, or something does not fit: all of it is listed.
pub(crate) fn of_the_past(tree: &Tree, epochs: &Epochs, how: &Upgrade) -> backend::Result<Tree> {
    if tree.schema().digest() == epochs.loaded.digest() {
        return Ok(tree.clone());
    }
    let bytes = epochs::plain(tree)?;
    let how = Upgrade {
        steps: how.steps.clone(),
        policy: Policy::Refuse,
    };
    let old = Old {
        store: "the state of the past",
        file: "history",
        main: &bytes,
        parts: None,
        printed: None,
        schema: Some(tree.schema()),
    };
    let done = upgrade(&old, &epochs.loaded, &epochs.mounts, &how);
    match done.tree.filter(|_| done.report.status == Status::Ok) {
        Some(tree) => Ok(tree),
        None => Err(BackendError::new(
            ErrorTag::OperationFailed,
            format!(
                "that state was written under other modules, and cannot be brought to those that are loaded:\n{}",
                done.report
            ),
        )),
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
