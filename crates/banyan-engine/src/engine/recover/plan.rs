//! What a start writes, once it is known that it can: records, files, facts.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use banyan_data::Tree;
use banyan_yang::schema::Schema;

use super::{Migrated, Run};
use crate::backend::Source;
use crate::bind;
use crate::engine::Seams;
use crate::engine::start::StartError;
use crate::files::Sync;
use crate::history;
use crate::log::{Appended, CommitLog, LogError, Record, RecordHead};
use crate::number::{Seq, Tid};
use crate::pipeline;
use crate::session::source_line;
use crate::snapshot::Snapshot;
use crate::upgrade::epochs::Epochs;
use crate::upgrade::pins::{PinError, Pins};
use crate::upgrade::unfit;

type OwnedFacts = Vec<(String, Option<String>)>;

struct Planned {
    record: Record,
    /// For people.
    changes: String,
    facts: OwnedFacts,
}

/// See the module.
#[derive(Default)]
pub(in crate::engine) struct Plan {
    records: Vec<Planned>,
    /// Facts that go with the last record, or alone.
    facts: OwnedFacts,
    files: Vec<(PathBuf, Vec<u8>)>,
    /// Files that get other names.
    renames: Vec<(PathBuf, PathBuf)>,
    /// Startup and named stores under the loaded modules, whose files are to hold that.
    pub named: Vec<Migrated>,
}

impl Plan {
    /// A file gets another name, before any record and any file.
    pub fn rename(&mut self, file: PathBuf, name: PathBuf) {
        if !self.renames.iter().any(|(known, _)| *known == file) {
            self.renames.push((file, name));
        }
    }

    /// Whether a file is about to get this name.
    pub fn takes(&self, name: &Path) -> bool {
        self.renames.iter().any(|(_, planned)| planned == name)
    }

    /// A file is written, durably, before any record.
    pub fn file(&mut self, file: PathBuf, content: Vec<u8>) {
        self.files.push((file, content));
    }

    /// What is planned to be in a file.
    pub fn content_of(&self, file: &Path) -> Option<&[u8]> {
        let mut files = self.files.iter();
        files
            .find(|(name, _)| name == file)
            .map(|(_, content)| &**content)
    }

    /// Facts are set with the last record.
    pub fn facts(&mut self, facts: OwnedFacts) {
        self.facts.extend(facts);
    }

    /// The store is under this schema from now on.
    pub fn begin(&mut self, schema: &Schema) {
        let (name, value) = Pins::current_fact(schema);
        self.facts.push((name.to_owned(), Some(value)));
    }

    /// Whether the modules of the store changed with one of the records.
    pub fn upgrades(&self) -> bool {
        let mut heads = self.records.iter().map(|planned| &planned.record.head);
        heads.any(|head| crate::upgrade::upgraded_from(head).is_some())
    }

    /// How many places the last record changes.
    pub fn last_changes(&self) -> Option<u64> {
        Some(self.records.last()?.record.head.changes)
    }

    /// The number of the newest of the records.
    pub fn tid(&self) -> Option<Tid> {
        self.records.last().map(|planned| planned.record.head.tid)
    }

    /// What each record says, and what it changes.
    pub fn described(&self) -> Vec<String> {
        let records = self.records.iter().map(|planned| {
            let head = &planned.record.head;
            let comment = head.comment.as_deref().unwrap_or_default();
            format!("commit {}: {comment}\n{}", head.seq, planned.changes)
        });
        records.collect()
    }

    /// Writes it all: the module set and the files first, then the records. What was written before a failure does no
    /// harm: the next start does the rest.
    pub fn carry_out(
        &mut self,
        seams: &Seams,
        directory: Option<&Path>,
        epochs: &Epochs,
    ) -> Result<(), StartError> {
        epochs.pins.keep(&epochs.loaded)?;
        let unwritable = |file: &Path, reason| StartError::Unwritable {
            file: file.to_owned(),
            reason,
        };
        for (file, name) in &self.renames {
            let renamed = seams.files.rename(file, name);
            renamed.map_err(|reason| unwritable(file, reason))?;
        }
        for (file, content) in &self.files {
            let temporary = PathBuf::from(format!("{}.new", file.display()));
            if let Some(around) = file.parent().filter(|it| Some(*it) != directory) {
                let made = seams.files.create_directory(around);
                made.map_err(|reason| unwritable(around, reason))?;
            }
            let write = &mut |out: &mut dyn Write| out.write_all(content);
            let written = seams.files.write(&temporary, Sync::Now, write);
            written
                .and_then(|()| seams.files.rename(&temporary, file))
                .map_err(|reason| unwritable(file, reason))?;
        }
        let named = self.files.len() + self.renames.len();
        if let (1.., Some(directory)) = (named, directory) {
            let synced = seams.files.sync_directory(directory);
            synced.map_err(|reason| unwritable(directory, reason))?;
        }
        let log = &seams.log;
        let Some(last) = self.records.last_mut() else {
            // Only what the log does not know yet.
            let mut news = Vec::new();
            for (name, value) in &self.facts {
                if log.facts(name)?.get(name) != value.as_ref() {
                    news.push((name.as_str(), value.as_deref()));
                }
            }
            if !news.is_empty() {
                log.set(&news)?;
            }
            return Ok(());
        };
        last.facts.append(&mut self.facts);
        for planned in &self.records {
            let facts: Vec<(&str, Option<&str>)> = planned
                .facts
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_deref()))
                .collect();
            let before = Seq(planned.record.head.seq.0 - 1);
            if let Appended::HeadMoved(_) =
                log.append(before, std::slice::from_ref(&planned.record), &facts)?
            {
                return Err(LogError::InUse {
                    file: "commits.redb".to_owned(),
                }
                .into());
            }
        }
        Ok(())
    }
}

/// Removes the module sets that nothing needs any more; a failure is tried again at the next start.
pub(in crate::engine) fn prune(log: &dyn CommitLog, epochs: &Epochs) {
    let mut needed = BTreeSet::from([bind::hex(epochs.loaded.digest())]);
    let pruned = unfit::sets(log).map_err(PinError::from).and_then(|sets| {
        needed.extend(sets);
        epochs.pins.prune(&needed)
    });
    match pruned {
        Ok(gone) => {
            for digest in gone {
                tracing::info!("the module set {digest} is needed by nothing, and no longer kept");
            }
        }
        Err(error) => tracing::warn!("{error}"),
    }
}

impl Run<'_> {
    /// Plans a change that the start itself makes; participants hear of the whole afterwards ([`super::super::initial`]). `after` is under the loaded schema, or
    /// under that of `before`: if they differ, the record is an upgrade, and there is one even if no data changed.
    pub(super) fn committed(
        &mut self,
        before: Snapshot,
        after: Tree,
        front_end: &str,
        comment: &str,
        facts: OwnedFacts,
    ) -> Result<Snapshot, StartError> {
        let epochs = self.start.epochs;
        let seq = Seq(before.seq.0 + 1);
        let failed = |reason| StartError::Replay { seq, reason };
        let upgrades = before.tree.schema().digest() != after.schema().digest();
        let rebound = epochs
            .rebind(&before.tree, after.schema())
            .map_err(failed)?;
        let changes = bind::diff(&rebound, &after);
        let nothing = before.seq == Seq(0) && before.tree.root().slots().is_empty();
        let begins_anew = std::mem::take(&mut self.begins_anew);
        if changes.is_empty() && (!upgrades || nothing) && !begins_anew {
            self.plan.facts(facts);
            return Ok(Snapshot::new(after, before.seq));
        }
        let (tid, _): (Tid, bool) = self.tids.next();
        let (name, value) = self.tids.exact();
        let mut entries = Vec::new();
        if upgrades {
            entries.push(self.upgrade_entry(before.tree.schema()));
        }
        if begins_anew {
            entries.push(history::anew_entry());
        }
        let head = RecordHead {
            seq,
            tid,
            time: self.start.seams.clock.now(),
            user: Arc::from("banyan"),
            source: source_line(&Source {
                front_end: Arc::from(front_end),
                transport: Arc::from("internal"),
                peer: None,
            }),
            comment: Some(comment.to_owned()),
            label: None,
            schema: bind::hex(after.schema().digest()),
            changes: bind::count(&changes),
            entries,
        };
        let mut record = pipeline::record(head, &changes).map_err(failed)?;
        let mut shown = changes.to_string();
        if upgrades {
            // The way back ends under the other schema.
            let back = epochs
                .rebind(&after, before.tree.schema())
                .map_err(failed)?;
            let reverse = bind::diff(&back, &before.tree);
            // What the new modules do not have can only be told in the words of the old ones.
            let gone = bind::reverse(&reverse).to_string();
            let goes = |line: &str| line.starts_with('-') && !shown.contains(line);
            if gone.lines().any(goes) {
                shown = format!(
                    "under the modules before:\n{gone}\nunder those that are loaded:\n{shown}"
                );
            }
            let text = bind::patch_text(&reverse, &format!("commit-{seq}"));
            record.reverse = text.map_err(failed)?.into();
        }
        let mut all = facts;
        all.push((name.to_owned(), Some(value)));
        if begins_anew {
            all.push(history::began_at(seq));
        }
        self.plan.records.push(Planned {
            record,
            changes: shown,
            facts: all,
        });
        Ok(Snapshot::new(after, seq))
    }
}
