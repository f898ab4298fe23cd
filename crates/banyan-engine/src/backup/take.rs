//! Taking a backup.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use banyan_data::Tree;
use tokio::sync::mpsc;

use super::members::{Members, failed};
use super::{ABOUT, About, COMMITS, FACTS, FORMAT, MoreFiles, NoTrimming, SUMS};
use crate::backend::{Call, Result};
use crate::bind::FileForm;
use crate::blocking::on_pool;
use crate::confirm;
use crate::engine::{Core, Engine, log_failed};
use crate::error::{BackendError, ErrorTag};
use crate::files::{Files, Policy};
use crate::history::{line_of, state_at};
use crate::keeper::{
    EDITED, base_name, file_of, free_name, ignored, is_kept_aside, is_of_files, names, running_fact,
};
use crate::log::{CommitLog, Moment};
use crate::number::Seq;
use crate::stores::ROLLBACK;

/// How many records are taken from the log at a time.
const RECORDS: usize = 64;

/// How long running may be behind the log.
const PATIENCE: Duration = Duration::from_secs(30);

/// Some bytes of a member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// The member's name: a relative path.
    pub member: Arc<str>,
    /// The bytes, which follow those of the piece before.
    pub data: Vec<u8>,
    /// Whether the member ends with them.
    pub last: bool,
}

impl Piece {
    /// Whether the backup is complete with it.
    pub fn completes(&self) -> bool {
        self.last && &*self.member == SUMS
    }
}

/// A backup that is being taken. It ends when it is dropped.
pub struct Backup {
    /// What it is of.
    pub about: About,
    pieces: mpsc::Receiver<Result<Piece>>,
}

impl Backup {
    /// The next piece; a backup that ends before one [`Piece::completes`] it is of no use.
    ///
    /// # Errors
    /// Something cannot be read; or all was given already.
    pub async fn next(&mut self) -> Result<Piece> {
        self.pieces.recv().await.unwrap_or_else(|| {
            Err(BackendError::new(
                ErrorTag::OperationFailed,
                "the backup is over; begin another one",
            ))
        })
    }
}

/// All that a backup needs, of one moment.
struct Whole {
    about: About,
    files: Arc<dyn Files>,
    log: Arc<dyn CommitLog>,
    form: Arc<FileForm>,
    facts: BTreeMap<String, String>,
    directory: PathBuf,
    running: Option<Tree>,
    /// Datastores by their names.
    stores: Vec<(String, Option<Tree>)>,
    more: Vec<(String, PathBuf)>,
    _no_trimming: NoTrimming,
}

impl Engine {
    /// Begins a backup of all that is kept, as it is after the newest commit. Commits go on meanwhile.
    ///
    /// # Errors
    /// There is no directory to back up, the log or a datastore cannot be read, or the caller may not read all of
    /// running.
    pub async fn backup(&self, call: &Call) -> Result<Backup> {
        let running = self.running();
        let readable = self.readable(call, running.tree.clone()).await?;
        if !readable.ptr_eq(&running.tree) {
            return Err(BackendError::new(
                ErrorTag::AccessDenied,
                "a backup holds all data, and not all of running is yours to read",
            ));
        }
        let core = self.0.clone();
        let (no_trimming, moment) = on_pool(move || {
            let no_trimming = core.backups.hold_trimming();
            let moment = core.seams.log.moment().map_err(log_failed)?;
            Ok::<_, BackendError>((no_trimming, moment))
        })
        .await??;
        if let Some(before) = moment.head.0.checked_sub(1) {
            // What the log has is published a moment later.
            tokio::select! {
                _ = self.committed_after(Seq(before)) => {}
                () = self.0.seams.clock.sleep(PATIENCE) => {
                    return Err(BackendError::new(
                        ErrorTag::OperationFailed,
                        format!("running is behind commit {} of the log; look at the daemon's log", moment.head),
                    ));
                }
            }
        }
        let stores = self.stores_with_files().await?;
        let core = self.0.clone();
        let whole = on_pool(move || gathered(&core, moment, stores, no_trimming)).await??;
        let about = whole.about.clone();
        let (sender, pieces) = mpsc::channel(2);
        let taking = std::thread::Builder::new().name("banyan-backup".to_owned());
        taking
            .spawn(move || whole.send(Members::new(sender)))
            .map_err(|reason| failed("everything", &reason))?;
        Ok(Backup { about, pieces })
    }

    /// The named datastores that outlive a restart, without running. One that does not fit the modules is copied as it is.
    async fn stores_with_files(&self) -> Result<Vec<(String, Option<Tree>)>> {
        let stores = self.stores();
        let mut found = Vec::new();
        for store in stores.list().await? {
            let passing = matches!(&*store.name, "running" | "candidate" | ROLLBACK);
            if passing || store.policy == Policy::InMemory {
                continue;
            }
            let mut tree = stores.get(&store.name).await;
            if store.name == "startup" && self.0.startup.load().is_none() {
                // In memory it is empty, and its file waits for somebody to correct it.
                tree = Err(BackendError::new(
                    ErrorTag::OperationFailed,
                    "its file could not be used at the start",
                ));
            }
            if let Err(error) = &tree {
                tracing::warn!(
                    "the datastore {} is backed up as it is: {error}",
                    store.name
                );
            }
            found.push((store.name, tree.ok()));
        }
        Ok(found)
    }
}

/// Blocking.
fn gathered(
    core: &Core,
    moment: Moment,
    stores: Vec<(String, Option<Tree>)>,
    no_trimming: NoTrimming,
) -> Result<Whole> {
    let Some(keeper) = &core.keeper else {
        return Err(BackendError::new(
            ErrorTag::OperationNotSupported,
            "there is nothing to back up: the datastores are kept in memory alone",
        ));
    };
    let log = &core.seams.log;
    let Moment { head, tail, facts } = moment;
    let now = crate::snapshot::Snapshot::clone(&core.running.load());
    let tree = state_at(&**log, &now, head, &core.epochs)?;
    let heads = log.history(head, 1).map_err(log_failed)?;
    let newest = heads.first().filter(|found| found.seq == head);
    let about = About {
        format: FORMAT,
        program: concat!("banyan ", env!("CARGO_PKG_VERSION")).to_owned(),
        seq: head,
        tid: newest.map(|head| head.tid),
        committed: newest.map(|head| head.time),
        taken: core.seams.clock.now(),
        tail,
        pending: facts.contains_key(confirm::FACT),
    };
    let more: &MoreFiles = &*core.more_files;
    let in_memory = core.form.options().policy("running") == Policy::InMemory;
    Ok(Whole {
        about,
        files: core.seams.files.clone(),
        log: log.clone(),
        form: core.form.clone(),
        facts,
        directory: keeper.directory().to_owned(),
        running: (!in_memory).then_some(tree),
        stores,
        more: more().map_err(|reason| failed("a directory", &reason))?,
        _no_trimming: no_trimming,
    })
}

impl Whole {
    /// Sends everything. Blocking: as fast as it is taken.
    fn send(mut self, mut members: Members) {
        if let Err(error) = self.send_members(&mut members) {
            members.fail(error);
        }
    }

    fn send_members(&mut self, members: &mut Members) -> Result<()> {
        let about = json(ABOUT, &self.about)?;
        text(members, ABOUT, &about)?;
        let sets: Vec<String> = crate::upgrade::pins::kept_sets(&self.facts).collect();
        for set in sets {
            self.copy(members, &set, &self.directory.join(&set))?;
        }
        if self.about.tail > Seq(1) {
            let base = base_name(Seq(self.about.tail.0 - 1));
            self.copy(members, &base, &self.directory.join(&base))?;
        }
        // The log of the backup knows its own files, and not those that are here.
        self.facts.retain(|name, _| !is_of_files(name));
        if let Some(running) = self.running.take() {
            let sum = self.print(members, "running", &running)?;
            let seq = self.about.seq.to_string();
            self.facts.insert(running_fact(&sum), seq);
        }
        for (name, tree) in std::mem::take(&mut self.stores) {
            match tree {
                Some(tree) => drop(self.print(members, &name, &tree)?),
                None => {
                    let file = file_of(&self.directory, &name);
                    self.copy(members, &store_file(&name), &file)?;
                    self.copy_all(members, &format!("{name}.d"), &|name| {
                        name.ends_with(".xml")
                    })?;
                }
            }
        }
        self.copy_ignored(members)?;
        self.copy_all(members, "", &is_kept_aside)?;
        let directories = self.files.directories(&self.directory);
        let directories = directories.map_err(|reason| failed("a directory", &reason))?;
        for name in directories.iter().filter(|name| name.ends_with(".d")) {
            self.copy_all(members, name, &is_kept_aside)?;
        }
        for (name, file) in &self.more {
            self.copy(members, name, file)?;
        }
        let facts = json(FACTS, &self.facts)?;
        text(members, FACTS, &facts)?;
        members.send(COMMITS, |out| self.commits(out))?;
        let sums = members.sums().to_owned();
        text(members, SUMS, &sums)
    }

    fn print(&self, members: &mut Members, store: &str, tree: &Tree) -> Result<String> {
        let name = store_file(store);
        members.send(&name, |out| {
            let printed = self.form.print(tree, out);
            printed.map_err(|reason| failed(&name, &reason))
        })
    }

    /// Sends a file as it is, if it is there.
    fn copy(&self, members: &mut Members, name: &str, file: &Path) -> Result<()> {
        let open = self.files.open(file);
        let Some(mut content) = open.map_err(|reason| failed(name, &reason))? else {
            return Ok(());
        };
        members.send(name, |out| {
            let copied = std::io::copy(&mut content, out);
            copied.map(drop).map_err(|reason| failed(name, &reason))
        })?;
        Ok(())
    }

    /// Sends what somebody has put beside a store in the form that is not read: under the names that the next write of the
    /// store would give them.
    fn copy_ignored(&self, members: &mut Members) -> Result<()> {
        let (files, log) = (&*self.files, &*self.log);
        let splits = self.form.options().split;
        let wrong = |error| failed("a datastore", &error);
        for store in names(files, log, &self.directory).map_err(wrong)? {
            let found = ignored(files, log, &self.directory, &store, splits);
            for file in found.map_err(wrong)? {
                let name = free_name(files, &file, EDITED, &|_| false).map_err(wrong)?;
                let name = name.strip_prefix(&self.directory).unwrap_or(&name);
                self.copy(members, &name.display().to_string(), &file)?;
            }
        }
        Ok(())
    }

    /// Sends files of a directory as they are, in the order of their names.
    fn copy_all(
        &self,
        members: &mut Members,
        below: &str,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<()> {
        let listed = self.files.list(&self.directory.join(below));
        let mut names = listed.map_err(|reason| failed(below, &reason))?;
        names.retain(|name| wanted(name));
        names.sort();
        for name in names {
            let member = Path::new(below).join(name);
            let name = member.display().to_string();
            self.copy(members, &name, &self.directory.join(&member))?;
        }
        Ok(())
    }

    fn commits(&self, out: &mut dyn Write) -> Result<()> {
        let mut next = self.about.tail;
        while next <= self.about.seq {
            let left = usize::try_from(self.about.seq.0 + 1 - next.0).unwrap_or(RECORDS);
            let records = self.log.read(next, left.min(RECORDS)).map_err(log_failed)?;
            if records.first().is_none_or(|record| record.head.seq != next) {
                return Err(failed(COMMITS, &format!("commit {next} is gone")));
            }
            for record in &records {
                let line = line_of(record)?;
                writeln!(out, "{line}").map_err(|reason| failed(COMMITS, &reason))?;
            }
            next = Seq(next.0 + records.len() as u64);
        }
        Ok(())
    }
}

/// The member that holds a datastore.
fn store_file(store: &str) -> String {
    file_of(Path::new(""), store).display().to_string()
}

fn json(member: &str, value: &impl serde::Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value);
    text.map(|text| text + "\n")
        .map_err(|reason| failed(member, &reason))
}

fn text(members: &mut Members, member: &str, text: &str) -> Result<()> {
    let content = |out: &mut dyn Write| {
        let written = out.write_all(text.as_bytes());
        written.map_err(|reason| failed(member, &reason))
    };
    members.send(member, content).map(drop)
}
