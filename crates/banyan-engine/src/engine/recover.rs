//! The start: running from its file and the log (DESIGN section 6), under the loaded modules, by the start mode.
//!
//! The log is the truth. A file is believed when the log knows its hash; a file that somebody edited is
//! believed when the log has nothing newer, and its difference becomes a commit. Nothing is written here: what is to be
//! written is a [`Plan`], so that a start that fails has changed nothing, and a rehearsal is a start without its last
//! step.

mod aside;
mod base;
mod failsafe;
mod migrate;
mod mounted;
mod named;
mod once;
mod plan;
mod pointers;
mod unconfirmed;

use std::cell::{OnceCell, RefCell};
use std::path::Path;
use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::store::ModuleState;
use banyan_yang::schema::Schema;

use super::Seams;
use super::start::{StartError, StartMode, StartOptions};
use crate::backend::{DefaultOperation, Document};
use crate::bind::{self, FileForm};
use crate::keeper::{Kept as KeptFiles, OnDisk, Was, file_of};
use crate::log::CommitLog;
use crate::number::Seq;
use crate::snapshot::Snapshot;
use crate::tids::Tids;
use crate::upgrade::Upgrade;
use crate::upgrade::epochs::Epochs;
use crate::upgrade::report::{Report, Status};
pub(super) use named::Migrated;
pub(super) use plan::{Plan, prune};

/// What a start found, and what has to be written before it is in force.
pub(super) struct Recovered {
    pub running: Snapshot,
    pub startup: Option<Tree>,
    /// What running's files hold.
    pub kept: KeptFiles,
    /// The modules that the file of running names.
    pub stated: Option<ModuleState>,
    /// How the stores stand.
    pub reports: Vec<Report>,
    /// What has to be written.
    pub plan: Plan,
}

/// What a start works with.
pub(super) struct Start<'a> {
    pub seams: &'a Seams,
    pub directory: Option<&'a Path>,
    pub epochs: &'a Epochs,
    pub form: &'a FileForm,
    pub options: &'a StartOptions,
    pub upgrade: &'a Upgrade,
}

/// A start in hand.
struct Run<'a> {
    start: &'a Start<'a>,
    /// The schema that the store is under.
    current: Arc<Schema>,
    tids: Tids,
    plan: Plan,
    reports: Vec<Report>,
    /// Stores that name commits.
    pointed: pointers::Pointed,
    /// The single file of startup, if it was read.
    startup_file: Option<Was>,
    /// What was before cannot be rebuilt: the next commit stands on nothing.
    begins_anew: bool,
    /// No start has been here before, as far as the log knows.
    first: bool,
    /// Mounted data that are kept as they are.
    verbatim: RefCell<mounted::Verbatim>,
    /// The first file that was read: other stores may be copies of it.
    first_read: OnceCell<once::FirstRead>,
}

/// Running as it was found in files and log.
struct Found {
    /// Under the schema of the store, or under the loaded one if the file was edited.
    running: Snapshot,
    /// As the log has it, where an edited file changes it.
    logged: Snapshot,
    kept: KeptFiles,
    stated: Option<ModuleState>,
    /// The files that hold exactly this state.
    on_disk: Option<OnDisk>,
    /// Whether there was anything at all.
    existed: bool,
}

/// What the modes make of what was found.
struct Made {
    running: Snapshot,
    startup: Option<Tree>,
}

/// Recovers running and startup. Writes nothing.
pub(super) fn recover(start: &Start<'_>) -> Result<Recovered, StartError> {
    let mut run = Run::new(start)?;
    let found = match run.found().or_else(|error| run.replaced(error)) {
        Ok(found) => found,
        Err(error) => return run.failsafe(error, None),
    };
    run.point(Some(&found.logged))?;
    let made = match run.made(&found) {
        Ok(made) => made,
        Err(error) => return run.failsafe(error, Some(found)),
    };
    run.tell_missing_log()?;
    run.tell_running();
    let Found { kept, stated, .. } = found;
    run.finish(made, kept, stated)
}

/// The store failsafe in the place of a running that participants do not agree with. Writes nothing.
pub(super) fn instead(start: &Start<'_>, error: StartError) -> Result<Recovered, StartError> {
    let mut run = Run::new(start)?;
    let found = run.found().or_else(|error| run.replaced(error));
    run.failsafe(error, found.ok())
}

impl<'a> Run<'a> {
    fn new(start: &'a Start<'a>) -> Result<Run<'a>, StartError> {
        Ok(Run {
            start,
            current: base::current(start)?,
            tids: Tids::recover(&*start.seams.log)?,
            plan: Plan::default(),
            reports: Vec::new(),
            pointed: pointers::Pointed::default(),
            startup_file: None,
            begins_anew: false,
            first: start.epochs.pins.current()?.is_none(),
            verbatim: RefCell::default(),
            first_read: OnceCell::new(),
        })
    }
}

impl Run<'_> {
    fn log(&self) -> &dyn CommitLog {
        &*self.start.seams.log
    }

    fn loaded(&self) -> &Arc<Schema> {
        &self.start.epochs.loaded
    }

    fn is_first(&self) -> bool {
        self.first
    }

    fn is_loaded(&self, tree: &Tree) -> bool {
        tree.schema().digest() == self.loaded().digest()
    }

    fn finish(
        mut self,
        made: Made,
        mut kept: KeptFiles,
        stated: Option<ModuleState>,
    ) -> Result<Recovered, StartError> {
        // Those of a log that cannot be replayed.
        self.point(None)?;
        kept.following = self.following();
        kept.startup = self.startup_file.take();
        self.named_stores()?;
        self.tell_ignored()?;
        self.tell_verbatim();
        // Now, and not when the first commit needs them.
        made.running.indexes();
        self.plan.begin(&self.start.epochs.loaded);
        Ok(Recovered {
            running: made.running,
            startup: made.startup,
            kept,
            // Who does not want the modules in files does not look at them either.
            stated: stated.filter(|_| self.start.form.options().module_state),
            reports: self.reports,
            plan: self.plan,
        })
    }

    /// Whether the mode puts something else in the place of what running holds.
    fn replaces(&self) -> bool {
        matches!(
            self.start.options.mode,
            StartMode::Init | StartMode::Startup
        )
    }

    /// Whether what running holds may break the schema.
    fn may_be_invalid(&self) -> bool {
        self.replaces() || self.start.options.mode == StartMode::None
    }

    /// Running as the log has it, where its file cannot be used and is not needed; nothing, where the log has no more.
    fn replaced(&mut self, error: StartError) -> Result<Found, StartError> {
        if !self.replaces() || !error.is_about_data() {
            return Err(error);
        }
        let logged = match self.replayed_whole() {
            Ok(logged) => logged,
            Err(_) => {
                self.begins_anew = true;
                self.nothing_before()?
            }
        };
        if let Some(directory) = self.start.directory {
            let split = failsafe::parts_of(directory, "running").join("0.xml");
            let files = match self.start.form.options().split {
                true => [split, file_of(directory, "running")],
                false => [file_of(directory, "running"), split],
            };
            for file in files {
                if self.read_single(&file)?.is_some() {
                    self.keep_damaged(directory, &file)?;
                    break;
                }
            }
        }
        tracing::warn!("{error}\nit is not needed");
        Ok(Found {
            running: logged.clone(),
            logged,
            kept: base::nothing_kept(),
            stated: None,
            on_disk: None,
            existed: true,
        })
    }

    /// What the mode makes of it.
    fn made(&mut self, found: &Found) -> Result<Made, StartError> {
        let mode = match self.start.options.mode {
            StartMode::RunningStartup if found.existed => StartMode::Running,
            StartMode::RunningStartup => StartMode::Startup,
            mode => mode,
        };
        let mut running = self.without_unconfirmed(found)?;
        if let Some(running) = self.of_rollback(&running)? {
            let startup = self.startup(false)?;
            return Ok(Made { running, startup });
        }
        let before = running.clone();
        if mode == StartMode::Init {
            let empty = Tree::empty(self.loaded().clone());
            running = self.committed(
                running,
                empty,
                "start",
                "init: running is empty",
                Vec::new(),
            )?;
        } else if mode == StartMode::Startup {
            // What running holds is replaced: that it does not fit the modules is no matter.
        } else {
            running = self.upgraded_running(running, found, mode == StartMode::None)?;
        }
        let startup = self.startup(mode == StartMode::Startup)?;
        if mode == StartMode::Startup {
            let empty = || Tree::empty(self.loaded().clone());
            let tree = startup.clone().unwrap_or_else(empty);
            let comment = "running is what startup holds";
            running = self.committed(running, tree, "start", comment, Vec::new())?;
        }
        if matches!(mode, StartMode::Init | StartMode::Startup) && running.seq > before.seq {
            self.tell_replaced(&before, mode)?;
        }
        if mode == StartMode::None {
            running = running.not_validated();
        } else {
            for extra in &self.start.options.extra {
                running = self.with_extra(running, &extra.name, &extra.content)?;
            }
        }
        Ok(Made { running, startup })
    }

    /// Says what the mode has put something else in the place of, and how it comes back.
    fn tell_replaced(&mut self, before: &Snapshot, mode: StartMode) -> Result<(), StartError> {
        let Some(changes) = self.plan.last_changes().filter(|_| before.seq > Seq(0)) else {
            return Ok(());
        };
        let last = self.log().history(before.seq, 1)?;
        let who = match last.first() {
            Some(last) if last.seq == before.seq => {
                format!(
                    " of {} ({}, transaction {})",
                    last.user, last.time, last.tid
                )
            }
            _ => String::new(),
        };
        let by = match mode {
            StartMode::Init => "an empty configuration",
            _ => "what startup holds",
        };
        let seq = before.seq;
        let report = self.report_of("running");
        report.warnings.push(format!(
            "running as of commit {seq}{who} was replaced by {by} ({changes} changes), because the start mode is {mode}; to have it back: `banyan rollback --to seq:{seq}`, then `banyan diff` and `banyan commit`"
        ));
        Ok(())
    }

    /// How running stands comes first, also where there is nothing to say of it.
    fn tell_running(&mut self) {
        let mode = self.start.options.mode;
        let report = self.report_of("running");
        if mode == StartMode::None {
            report.status = report.status.max(Status::NotValidated);
        }
        let place = self.reports.iter().position(|it| it.store == "running");
        if let Some(place) = place {
            self.reports[..=place].rotate_right(1);
        }
    }

    /// The report about a store, made when there is none.
    fn report_of(&mut self, store: &str) -> &mut Report {
        let known = self.reports.iter().position(|it| it.store == store);
        let place = known.unwrap_or_else(|| {
            self.reports.push(Report::of(store));
            self.reports.len() - 1
        });
        &mut self.reports[place]
    }

    /// Merges a document into running.
    fn with_extra(
        &mut self,
        running: Snapshot,
        name: &str,
        content: &Document,
    ) -> Result<Snapshot, StartError> {
        let failed = |errors| StartError::File {
            file: name.into(),
            errors,
            remedy: "correct the file, or start without it".to_owned(),
        };
        let mounts = &self.start.epochs.mounts;
        let edit = bind::parse_edit(self.loaded(), content, DefaultOperation::Merge, mounts);
        let tree = edit
            .and_then(|edit| bind::apply(&edit, &running.tree))
            .map_err(failed)?;
        bind::validate_full(&tree).map_err(failed)?;
        let comment = format!("merges {name}");
        self.committed(running, tree, "start", &comment, Vec::new())
    }
}

/// The state that nothing has been committed to yet.
fn empty(schema: &Arc<Schema>) -> Snapshot {
    Snapshot::new(Tree::empty(schema.clone()), Seq(0))
}
