//! Which commits: by who, when and where.

use std::borrow::Cow;
use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::path::InstancePath;
use jiff::Timestamp;
use serde::Deserialize;

use super::walk::still_wanted;
use super::{PIECE, state_at};
use crate::access::Subject;
use crate::backend::{Call, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::{Core, Engine, log_failed};
use crate::log::{CommitLog, Record, RecordHead};
use crate::number::Seq;
use crate::snapshot::Snapshot;
use crate::upgrade::epochs::Epochs;

/// Which commits of the history are meant: those for which all that is given holds.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// None after this one.
    pub newest: Option<Seq>,
    /// At most so many, the newest ones.
    pub limit: usize,
    /// By this user.
    pub user: Option<String>,
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// With this label.
    pub label: Option<String>,
    /// That changed something at or below this instance, or brought or took it; a step without keys means all entries.
    pub path: Option<InstancePath>,
}

impl Engine {
    /// The commits that are meant, the newest first, as far as the caller may know of them: comment and label of a commit
    /// that changed what he may not read are left out, and with a path a commit counts that changed there what he may read.
    /// Cost: the heads of the commits that were looked at; with a path, and for whom may not read everything, also their
    /// changes.
    ///
    /// # Errors
    /// The log cannot be read, or the call was cancelled or reached its deadline on the way.
    pub async fn select_history(
        &self,
        call: &Call,
        selection: Selection,
    ) -> Result<Vec<RecordHead>> {
        let core = self.0.clone();
        let now = self.running();
        let subject = match core.reads_all(call)? {
            true => None,
            false => core.subject(call)?,
        };
        let call = call.clone();
        on_pool(move || selected(&core, &call, &now, &selection, subject)).await?
    }
}

fn selected(
    core: &Core,
    call: &Call,
    now: &Snapshot,
    wanted: &Selection,
    subject: Option<Arc<Subject>>,
) -> Result<Vec<RecordHead>> {
    let log = &*core.seams.log;
    let mut place = match &wanted.path {
        Some(path) => Some(Place::new(core, now, path, subject.clone())?),
        None => None,
    };
    let mut past = Past {
        state: now.clone(),
        epochs: &core.epochs,
    };
    let mut found = Vec::new();
    let mut newest = wanted.newest.unwrap_or(now.seq).min(now.seq);
    loop {
        // Between two pieces nothing is held: neither the log, nor commits.
        still_wanted(call)?;
        let heads = log.history(newest, PIECE).map_err(log_failed)?;
        let Some(last) = heads.last().map(|head| head.seq) else {
            return Ok(found);
        };
        for mut head in heads {
            if found.len() >= wanted.limit {
                return Ok(found);
            }
            // Times need not ascend: a clock may have been put back. So an older commit says nothing of those before it.
            if wanted.since.is_some_and(|since| head.time < since) {
                continue;
            }
            let is = |wanted: &Option<String>, given: Option<&str>| {
                wanted.as_deref().is_none_or(|wanted| given == Some(wanted))
            };
            if !is(&wanted.user, Some(&head.user)) || !is(&wanted.label, head.label.as_deref()) {
                continue;
            }
            if let Some(place) = &mut place {
                let record = log.read(head.seq, 1).map_err(log_failed)?;
                match record.first() {
                    Some(record) if place.changed_by(log, record)? => {}
                    _ => continue,
                }
            }
            if let Some(subject) = &subject {
                let seq = head.seq;
                core.hush_record(subject, &mut head, || past.around(log, seq));
                // A label that he may not know is none that he could ask for.
                if !is(&wanted.label, head.label.as_deref()) {
                    continue;
                }
            }
            found.push(head);
        }
        if last <= Seq(1) {
            return Ok(found);
        }
        newest = Seq(last.0 - 1);
    }
}

/// Running as far back as it had to be looked at.
struct Past<'a> {
    state: Snapshot,
    epochs: &'a Epochs,
}

impl Past<'_> {
    /// Running before and after a commit, under one schema. Commits are asked for from the newest back.
    fn around(&mut self, log: &dyn CommitLog, seq: Seq) -> Result<(Tree, Tree)> {
        let after = state_at(log, &self.state, seq, self.epochs)?;
        self.state = Snapshot::new(after.clone(), seq);
        let before = state_at(log, &self.state, Seq(seq.0.saturating_sub(1)), self.epochs)?;
        self.state = Snapshot::new(before.clone(), Seq(seq.0.saturating_sub(1)));
        self.epochs.comparable(before, after)
    }
}

/// An instance, and running as far back as it had to be looked at.
struct Place<'a> {
    path: InstancePath,
    /// As YANG Patches name it.
    target: String,
    state: Snapshot,
    epochs: &'a Epochs,
    /// Whose look it is, if he may not read everything.
    subject: Option<Arc<Subject>>,
}

impl Place<'_> {
    fn new<'a>(
        core: &'a Core,
        now: &Snapshot,
        path: &InstancePath,
        subject: Option<Arc<Subject>>,
    ) -> Result<Place<'a>> {
        Ok(Place {
            path: path.clone(),
            target: bind::path_target(&now.tree, path, &core.mounts)?,
            state: now.clone(),
            epochs: &core.epochs,
            subject,
        })
    }

    /// Whether a commit changed what is there. Records are asked for from the newest back.
    fn changed_by(&mut self, log: &dyn CommitLog, record: &Record) -> Result<bool> {
        match touching(&record.change, &self.target) {
            Touch::Apart => Ok(false),
            // Something that the caller may read, or something else beside it.
            Touch::Below | Touch::Around if self.subject.is_some() => {
                self.looked_at(log, record).or(Ok(false))
            }
            Touch::Below => Ok(true),
            // It was brought or taken with what it is in, or that did not hold it.
            Touch::Around => self.looked_at(log, record).or(Ok(true)),
        }
    }
}

impl Place<'_> {
    /// As [`Place::changed_by`], by the trees before and after.
    fn looked_at(&mut self, log: &dyn CommitLog, record: &Record) -> Result<bool> {
        let after = state_at(log, &self.state, record.head.seq, self.epochs)?;
        let before = self.epochs.back(&after, record)?;
        self.state = Snapshot::new(before.clone(), Seq(record.head.seq.0 - 1));
        // The path is one of the schema of today.
        let loaded = &self.epochs.loaded;
        let (before, after) = (
            self.epochs.rebind(&before, loaded)?,
            self.epochs.rebind(&after, loaded)?,
        );
        let (before, after) = match &self.subject {
            None => (before, after),
            // Each is made from the one that was looked at before, so that it costs what differs.
            Some(subject) => {
                let after = subject.readable(&after);
                (subject.readable(&before), after)
            }
        };
        let changes = bind::diff(&before, &after);
        Ok(bind::touches(&changes, std::slice::from_ref(&self.path)))
    }
}

/// What the edits of a patch have to do with a place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Touch {
    /// Nothing.
    Apart,
    /// One is of something that it is in.
    Around,
    /// One is of it, or of something in it.
    Below,
}

/// The targets of a YANG Patch (RFC 8072); values are passed over.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, rename = "ietf-yang-patch:yang-patch")]
    patch: Patch<'a>,
}

#[derive(Deserialize)]
struct Patch<'a> {
    #[serde(borrow, default)]
    edit: Vec<Edit<'a>>,
}

#[derive(Deserialize)]
struct Edit<'a> {
    #[serde(borrow)]
    target: Cow<'a, str>,
}

/// What a patch has to do with a place. O(length of the patch).
fn touching(patch: &str, place: &str) -> Touch {
    let Ok(document) = serde_json::from_str::<Document<'_>>(patch) else {
        return Touch::Around;
    };
    let touches = document
        .patch
        .edit
        .iter()
        .map(|edit| touch(&edit.target, place));
    touches.max().unwrap_or(Touch::Apart)
}

/// Both are api-paths (RFC 8040 3.5.3).
fn touch(target: &str, place: &str) -> Touch {
    let steps = |path: &'_ str| -> Vec<String> {
        let steps = path.split('/').filter(|step| !step.is_empty());
        steps.map(str::to_owned).collect()
    };
    let (target, place) = (steps(target), steps(place));
    for (step, wanted) in target.iter().zip(&place) {
        let name = |step: &str| step.split('=').next().unwrap_or_default().to_owned();
        // A step without keys means all entries.
        let same = step == wanted
            || (name(step) == name(wanted) && (!wanted.contains('=') || !step.contains('=')));
        if !same {
            return Touch::Apart;
        }
    }
    // A whole list is more than one of its entries.
    let wider = target.len() == place.len()
        && matches!((target.last(), place.last()), (Some(step), Some(wanted)) if !step.contains('=') && wanted.contains('='));
    if target.len() < place.len() || wider {
        Touch::Around
    } else {
        Touch::Below
    }
}

/// The first commit that was not made before `since`; one above the head when there is none. O(log n) looks.
pub(super) fn first_since(
    log: &dyn CommitLog,
    tail: Seq,
    head: Seq,
    since: Timestamp,
) -> Result<Seq> {
    // The first commit that is young enough lies in low..=high.
    let (mut low, mut high) = (tail.0, head.0 + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let found: Vec<RecordHead> = log.history(Seq(middle), 1).map_err(log_failed)?;
        match found.first() {
            Some(found) if found.time >= since => high = middle,
            _ => low = middle + 1,
        }
    }
    Ok(Seq(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_compared_step_by_step() {
        for (target, place, expected) in [
            ("/m:a/b", "/m:a/b", Touch::Below),
            ("/m:a/b/c", "/m:a/b", Touch::Below),
            ("/m:a", "/m:a/b", Touch::Around),
            ("/", "/m:a", Touch::Around),
            ("/m:a/bc", "/m:a/b", Touch::Apart),
            ("/m:a/b=1", "/m:a/b", Touch::Below),
            ("/m:a/b=1/c", "/m:a/b", Touch::Below),
            ("/m:a/b=1/c", "/m:a/b/c", Touch::Below),
            ("/m:a/b=1/d", "/m:a/b/c", Touch::Apart),
            ("/m:a/b=1", "/m:a/b=2", Touch::Apart),
            ("/m:a/b=1", "/m:a/b=1/c", Touch::Around),
            ("/m:a/b", "/m:a/b=1", Touch::Around),
            ("/n:a", "/m:a", Touch::Apart),
        ] {
            assert_eq!(touch(target, place), expected, "{target} {place}");
        }
    }

    #[test]
    fn the_targets_of_a_patch_are_found_without_its_values() {
        let patch = r#"{"ietf-yang-patch:yang-patch":{"patch-id":"x","edit":[
            {"edit-id":"1","operation":"create","target":"/m:a/b=\"x\"","value":{"m:b":[{"k":"/m:z"}]}},
            {"edit-id":"2","operation":"delete","target":"/m:c"}]}}"#;
        assert_eq!(touching(patch, "/m:a/b"), Touch::Below);
        assert_eq!(touching(patch, "/m:c/d"), Touch::Around);
        assert_eq!(touching(patch, "/m:z"), Touch::Apart);
    }
}
