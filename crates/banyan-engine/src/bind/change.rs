//! Changes: differences, their validation, and their spellings.

use banyan_data::change::{ChangeSet, EditForm};
use banyan_data::document::Layout;
use banyan_data::path::InstancePath;
use banyan_data::rebase::Conflict;
use banyan_data::validate::{self, Counters, Indexes, Mounts, Options, Report as Validation};
use banyan_data::xpath::DEFAULT_BUDGET;
use banyan_data::{DataError, ErrorKind, Tree, change, patch, xml};
use banyan_yang::schema::Schema;

use super::report::{data_error, data_errors, data_report, print_error};
use super::{Mounted, SharedMounts};
use crate::backend::{DiffFormat, Result};
use crate::error::{BackendError, Report};
use crate::log::RecordHead;
use crate::snapshot::Snapshot;

/// `mine` on top of `theirs`, where both were made from `base`; `None` when both changed the same thing.
pub(crate) fn rebase(base: &Tree, mine: &Tree, theirs: &Tree) -> Option<Tree> {
    banyan_data::rebase::rebase(base, mine, theirs).ok()
}

/// The error-app-tag of a conflict.
pub(crate) const CONFLICT: &str = "conflict";

/// What can be done about a conflict, when the other change is this commit's, or nobody can say whose it is.
pub(crate) type Remedy = fn(Option<&RecordHead>) -> String;

/// For work on a candidate.
pub(crate) const WORK_AGAIN: Remedy = |_| {
    "discard the change and make it anew on what is running now, or let update decide for one side"
        .to_owned()
};

/// For a commit that is to be taken out of what came after it.
pub(crate) const LATER_FIRST: Remedy = |later| {
    let first = match later {
        Some(later) => format!(
            "take the later commit out first (banyan rollback --only seq:{})",
            later.seq
        ),
        None => "take the later commits out first".to_owned(),
    };
    format!("{first}, go back as a whole (--to), or set the value that is wanted by hand")
};

/// The fact of a conflict that names the instance that the other side changed, where it is another one.
pub(crate) const OTHER_PATH: &str = "other-path";

/// Conflicts as errors: where, what both sides did, which commit did the other, and what can be done.
pub(crate) fn conflicts(
    schema: &Schema,
    conflicts: impl IntoIterator<Item = (Conflict, Option<RecordHead>)>,
    remedy: Remedy,
) -> BackendError {
    let reports = conflicts
        .into_iter()
        .map(|(conflict, maker)| conflict_report(schema, conflict, maker, remedy))
        .collect();
    BackendError { reports }
}

fn conflict_report(
    schema: &Schema,
    conflict: Conflict,
    maker: Option<RecordHead>,
    remedy: Remedy,
) -> Report {
    let by = match &maker {
        Some(head) => format!(
            "commit {} of user {} (transaction {}, {}, {})",
            head.seq, head.user, head.tid, head.source, head.time
        ),
        None => "a commit since".to_owned(),
    };
    let message = format!(
        "this was {} here, and {} by {by}",
        conflict.mine, conflict.theirs
    );
    let other = (conflict.their_path != conflict.path).then(|| conflict.their_path.0.to_string());
    let error = DataError::new(ErrorKind::Conflict, conflict.path, message)
        .with_help(remedy(maker.as_ref()));
    let mut report = data_report(schema, &error)
        .with_info("mine", conflict.mine)
        .with_info("theirs", conflict.theirs);
    let values = [
        ("candidate-value", conflict.my_value),
        ("running-value", conflict.their_value),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            report = report.with_info(name, value);
        }
    }
    report.app_tag = Some(CONFLICT.into());
    if let Some(other) = other {
        report = report.with_info(OTHER_PATH, other);
    }
    if let Some(head) = maker {
        report = report
            .with_info("other-user", &*head.user)
            .with_info("other-tid", head.tid.to_string())
            .with_info("other-seq", head.seq.to_string());
    }
    report
}

/// What differs. Cost: what changed.
pub(crate) fn diff(before: &Tree, after: &Tree) -> ChangeSet {
    change::diff(before, after)
}

/// As [`diff`], with the number of instances that were looked at.
pub(crate) fn diff_counted(before: &Tree, after: &Tree) -> (ChangeSet, u64) {
    change::diff_counted(before, after)
}

/// The change that undoes a change.
pub(crate) fn reverse(changes: &ChangeSet) -> ChangeSet {
    changes.reverse()
}

/// How many places changed.
pub(crate) fn count(changes: &ChangeSet) -> u64 {
    changes.count() as u64
}

/// The same tree, sharing with `old` what is equal in both.
pub(crate) fn shared_with(old: &Tree, new: Tree) -> Tree {
    new.reshared(old)
}

/// What trees are validated with: mounted data are the business of whoever mounted them (a device validates
/// its own configuration).
fn rules() -> Options<'static> {
    Options {
        mounts: MOUNTS,
        ..Options::default()
    }
}

const MOUNTS: Mounts = Mounts::Skip;

/// The indexes that the validation of a tree needs. O(what is indexed).
pub(crate) fn indexes(tree: &Tree) -> Indexes {
    Indexes::of(tree, MOUNTS)
}

/// `after` without the data that depend on a `when` which the change has made false (RFC 7950 8.2), and with unions
/// resolved by what is there now, with its indexes. Both belong to the change. `before` has no such data. Cost: what the change can affect.
///
/// # Errors
/// The change itself brings data whose `when` is false (RFC 7950 8.3.2).
pub(crate) fn settled(before: &Snapshot, after: Tree) -> Result<(Tree, Indexes)> {
    let changes = diff(&before.tree, &after);
    settle(before, after, &changes).map(|(after, indexes, _)| (after, indexes))
}

/// As [`settled`], where the difference is known; with the number of nodes that were visited.
///
/// # Errors
/// As [`settled`].
pub(crate) fn settle(
    before: &Snapshot,
    after: Tree,
    changes: &ChangeSet,
) -> Result<(Tree, Indexes, u64)> {
    if after.ptr_eq(&before.tree) {
        return Ok((after, before.indexes().clone(), 0));
    }
    let indexes = before.indexes().after(&before.tree, &after);
    let settled = validate::settle(changes, &after, &indexes, DEFAULT_BUDGET);
    let came = |path: &InstancePath| before.tree.get(path).is_none();
    if settled.removed.iter().any(came) {
        validate(&after, &indexes, changes)?;
    }
    Ok((settled.tree, settled.indexes, settled.visited))
}

/// The tree with the values of unions of the members that accept them now (RFC 7950 9.12): texts do not say it. Cost:
/// nothing without unions that refer to other data, else a look at all of them.
pub(crate) fn resolved(tree: &Tree) -> Tree {
    validate::resolve_unions(tree, DEFAULT_BUDGET).0
}

/// Checks a tree, whose indexes these are, that differs by `changes` from one that is valid, as running always is: it was
/// validated in full at the start, and each commit since. Cost: what the change can affect.
///
/// # Errors
/// All that is wrong.
pub(crate) fn validate(after: &Tree, indexes: &Indexes, changes: &ChangeSet) -> Result<()> {
    validate_counted(after, indexes, changes).0
}

/// As [`validate`], with what it cost.
pub(crate) fn validate_counted(
    after: &Tree,
    indexes: &Indexes,
    changes: &ChangeSet,
) -> (Result<()>, Counters) {
    let report = validate::changed(changes, after, indexes, &rules());
    let counters = report.counters;
    (found(after, report), counters)
}

/// Checks a whole tree.
///
/// # Errors
/// All that is wrong.
pub(crate) fn validate_full(tree: &Tree) -> Result<()> {
    found(tree, validate::full(tree, &rules()))
}

/// All that is wrong with a whole tree.
pub(crate) fn invalid(tree: &Tree) -> Vec<DataError> {
    validate::full(tree, &rules()).errors
}

fn found(tree: &Tree, report: Validation) -> Result<()> {
    if report.is_valid() {
        return Ok(());
    }
    Err(data_errors(tree.schema(), report.errors))
}

/// A change as the log keeps it: a YANG Patch (RFC 8072).
pub(crate) fn patch_text(changes: &ChangeSet, name: &str) -> Result<String> {
    patch::to_yang_patch(changes, name, Layout::Compact).map_err(print_error)
}

/// Checks what is at and below some subtrees of operational data against all constraints of the schema. Costs a full
/// validation.
pub(crate) fn validate_state(operational: &Tree, covers: &[InstancePath]) -> Result<()> {
    let options = Options {
        scope: banyan_data::view::Scope::All,
        mounts: Mounts::Skip,
        errors: usize::MAX,
        ..Options::default()
    };
    let schema = operational.schema();
    let covers = super::paths_text(schema, covers);
    let covered = |path: &str| {
        let path = without_predicates(path);
        let below = |cover: &String| {
            path.strip_prefix(cover.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        covers.iter().any(below)
    };
    let errors = validate::full(operational, &options).errors.into_iter();
    let errors: Vec<_> = errors.filter(|error| covered(&error.path.0)).collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(data_errors(schema, errors))
}

/// The schema nodes of an instance path in the form of RFC 7951 6.11.
fn without_predicates(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let (mut inside, mut quote) = (false, None);
    for character in path.chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '[') => inside = true,
            (None, ']') => inside = false,
            (None, other) if !inside => out.push(other),
            (None, _) => {}
        }
    }
    out
}

/// Applies a change as the log keeps it.
pub(crate) fn apply_patch(tree: &Tree, text: &str, mounts: &SharedMounts) -> Result<Tree> {
    let mounted = Mounted {
        tree,
        known: mounts,
    };
    let edit = patch::from_yang_patch(tree.schema(), text, &mounted)
        .map_err(|error| data_error(tree.schema(), error))?;
    super::apply(&edit, tree)
}

/// Applies a change to a tree in which the same instances are as they were.
///
/// # Errors
/// They are not.
pub(crate) fn apply_changes(changes: &ChangeSet, tree: &Tree) -> Result<Tree> {
    changes
        .apply(tree)
        .map_err(|error| data_error(tree.schema(), error))
}

/// What differs at or below a path, in a format; nothing when nothing does. Cost: what changed.
pub(crate) fn diff_in(
    format: DiffFormat,
    before: &Tree,
    after: &Tree,
    path: Option<&InstancePath>,
    mounts: &SharedMounts,
) -> Result<String> {
    let mut changes = diff(before, after);
    if let Some(path) = path {
        changes = super::part(&changes, std::slice::from_ref(path));
    }
    if changes.is_empty() {
        return Ok(String::new());
    }
    match format {
        DiffFormat::Text => Ok(changes.to_string()),
        DiffFormat::Xml => {
            let mut text = Vec::new();
            let edit = changes.to_edit(EditForm::Exact);
            xml::print_edit(&edit, Layout::Indented(3), &mut text).map_err(print_error)?;
            Ok(String::from_utf8_lossy(&text).into_owned())
        }
        DiffFormat::Json => patch_text(&changes, "compare"),
        DiffFormat::Set => super::lines(&changes, after, mounts),
    }
}
