//! Stores brought to the loaded modules.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::store::ModuleState;
use banyan_yang::schema::Schema;
use serde_json::json;

use super::{Found, Migrated, Run};
use crate::bind;
use crate::engine::start::{INVALID, StartError};
use crate::error::BackendError;
use crate::keeper::{OnDisk, Was};
use crate::log::Entry;
use crate::snapshot::Snapshot;
use crate::upgrade::changes::{ModuleChanges, modules_of};
use crate::upgrade::report::{Report, Status};
use crate::upgrade::{self, Old, Upgraded, unfit};

const STARTUP_REMEDY: &str = "correct the file, or remove it to begin with an empty startup";

/// A store under the loaded schema.
pub(super) struct Brought {
    pub tree: Tree,
    /// Whether it is not what its file says.
    pub changed: bool,
}

impl Run<'_> {
    /// Whether steps run whatever the modules are.
    pub(super) fn has_general_steps(&self) -> bool {
        let mut steps = self.start.upgrade.steps.iter();
        steps.any(|step| step.range().is_none())
    }

    pub(super) fn upgrade(&self, old: &Old<'_>) -> Upgraded {
        let mounts = self.mounts(self.loaded());
        upgrade::upgrade(old, self.loaded(), &mounts, self.start.upgrade)
    }

    /// A file that the log does not know: edited by hand, or of a first start. Gives the tree under the loaded schema,
    /// the modules that it states, and whether a part of it was left out.
    pub(super) fn edited(
        &mut self,
        on_disk: &OnDisk,
    ) -> Result<(Tree, Option<ModuleState>, bool), StartError> {
        let changed = self.current.digest() != self.loaded().digest();
        let remedy = self.remedy(on_disk.split)?;
        let parsed = self.parse(self.loaded(), on_disk, remedy);
        let states_others = |stated: &Option<ModuleState>| {
            stated.is_some()
                && self.start.form.options().module_state
                && self
                    .start
                    .upgrade
                    .steps
                    .iter()
                    .any(|it| it.range().is_some())
        };
        let leaves_out = self.start.upgrade.policy == upgrade::Policy::LeaveOut;
        match parsed {
            Ok(stored)
                if !changed && !self.has_general_steps() && !states_others(&stored.modules) =>
            {
                let valid = match self.may_be_invalid() {
                    true => Ok(()),
                    false => valid(&stored.tree, Some(("running", on_disk)), remedy),
                };
                match valid {
                    Ok(()) => return Ok((stored.tree, stored.modules, false)),
                    Err(error) if !leaves_out => return Err(error),
                    Err(_) => {}
                }
            }
            Err(error) if !changed && !leaves_out && !self.states(on_disk) => return Err(error),
            // What cannot be read is no matter of what fits.
            Err(error) if super::base::is_malformed(&error) => return Err(error),
            _ => {}
        }
        let file = on_disk.file.display().to_string();
        let printed = self.printed(&self.current, on_disk)?;
        let done = self.upgrade(&Old {
            store: "running",
            file: &file,
            main: &on_disk.main,
            parts: Some(&on_disk.parts).filter(|_| on_disk.split),
            printed: printed.as_deref(),
            schema: Some(&self.current).filter(|_| changed || self.ignores_state(on_disk)),
        });
        let left_out = done.left_out.is_some();
        let tree = self.accepted(done, &on_disk.file, self.may_be_invalid())?;
        Ok((tree, None, left_out))
    }

    /// Running under the loaded schema, by the migration steps.
    pub(super) fn upgraded_running(
        &mut self,
        running: Snapshot,
        found: &Found,
        unchecked: bool,
    ) -> Result<Snapshot, StartError> {
        if self.is_loaded(&running.tree) && !self.has_general_steps() {
            if !unchecked {
                let there = found.on_disk.as_ref();
                let there = there.filter(|_| running.seq == found.running.seq);
                valid(&running.tree, there.map(|it| ("running", it)), INVALID)?;
            }
            return Ok(running);
        }
        let changed = !self.is_loaded(&running.tree);
        let on_disk = found.on_disk.as_ref();
        let on_disk = on_disk.filter(|_| running.seq == found.running.seq);
        let schema = running.tree.schema().clone();
        let plain = || upgrade::epochs::plain(&running.tree).map_err(unprintable);
        let directory = self.start.directory.map(PathBuf::from).unwrap_or_default();
        let (done, path) = match on_disk {
            Some(on_disk) => {
                let printed = on_disk.is_json().then(plain).transpose()?;
                let done = self.upgrade(&Old {
                    store: "running",
                    file: &on_disk.file.display().to_string(),
                    main: &on_disk.main,
                    parts: Some(&on_disk.parts).filter(|_| on_disk.split),
                    printed: printed.as_deref(),
                    schema: Some(&schema),
                });
                (done, on_disk.file.clone())
            }
            None => {
                let done = self.upgrade(&Old {
                    store: "running",
                    file: &format!("running after commit {}", running.seq),
                    main: &plain()?,
                    parts: None,
                    printed: None,
                    schema: Some(&schema),
                });
                (done, directory.join("running_db"))
            }
        };
        let comment = match (changed, done.report.modules.len()) {
            (true, 0) => "upgrade: other modules that are only imported".to_owned(),
            (true, 1) => "upgrade: 1 module changed".to_owned(),
            (true, count) => format!("upgrade: {count} modules changed"),
            (false, _) => "migration steps that run at every start".to_owned(),
        };
        let tree = self.accepted(done, &path, unchecked)?;
        self.committed(running, tree, "upgrade", &comment, Vec::new())
    }

    /// What an upgrade came to: the tree, if it may be used; what was left out is planned to be kept.
    pub(super) fn accepted(
        &mut self,
        done: Upgraded,
        file: &Path,
        unchecked: bool,
    ) -> Result<Tree, StartError> {
        let Upgraded {
            mut report,
            tree,
            left_out,
        } = done;
        let usable = match report.status {
            Status::Ok | Status::NotValidated => true,
            Status::Invalid => unchecked,
            Status::Error => false,
        };
        let Some(tree) = tree.filter(|_| usable) else {
            return Err(StartError::Upgrade(Box::new(report)));
        };
        if let Some(left_out) = left_out {
            let first = upgrade::left_out_file(file);
            let (mut aside, mut number) = (first.clone(), 1);
            // What an upgrade before has left out is not lost either.
            while self
                .kept_aside(&aside)?
                .is_some_and(|there| there != left_out.as_bytes())
            {
                number += 1;
                aside = PathBuf::from(format!("{}.{number}", first.display()));
            }
            report.warnings.push(format!(
                "what is left out goes into {}: correct it there, load it into the candidate, and remove the file",
                aside.display()
            ));
            self.plan.file(aside, left_out.into_bytes());
        }
        self.reports.push(report);
        Ok(tree)
    }

    /// What a file holds, or is about to by this start.
    fn kept_aside(&self, file: &Path) -> Result<Option<Vec<u8>>, StartError> {
        match self.plan.content_of(file) {
            Some(content) => Ok(Some(content.to_owned())),
            None => self.read_single(file),
        }
    }

    /// What startup holds, under the loaded schema. What is wrong with it is an error only where it is needed: else the
    /// file stays as it is.
    pub(super) fn startup(&mut self, needed: bool) -> Result<Option<Tree>, StartError> {
        let Some(directory) = self.start.directory else {
            return Ok(None);
        };
        let loaded = self.try_startup(directory);
        match loaded {
            Err(error) if !needed => {
                self.reports.push(spared(error));
                Ok(None)
            }
            Ok(Some(tree)) => {
                let validated = self.reports.iter().any(|it| it.store == "startup");
                if needed {
                    // Commits are validated by what they change, so running has to be valid before the first.
                    let on_disk = self.on_disk(directory, "startup")?;
                    let there = on_disk.as_ref().map(|it| ("startup", it));
                    valid(&tree, there, STARTUP_REMEDY)?;
                }
                if !validated {
                    let mut report = Report::of("startup");
                    if !needed {
                        report.status = Status::NotValidated;
                    }
                    self.reports.push(report);
                }
                Ok(Some(tree))
            }
            other => other,
        }
    }

    /// With what is wrong in startup, where running alone stops the start.
    pub(super) fn with_faults_of_startup(mut self, error: StartError) -> StartError {
        let Some(directory) = self.start.directory else {
            return error;
        };
        if !error.is_about_data() || error.store() == "startup" {
            return error;
        }
        match self.try_startup(directory) {
            Err(startup) if startup.is_about_data() => StartError::Several {
                error: Box::new(error),
                others: vec![spared(startup)],
            },
            _ => error,
        }
    }

    fn try_startup(&mut self, directory: &Path) -> Result<Option<Tree>, StartError> {
        if let Some(named) = self.pointed_startup() {
            return named.map(Some);
        }
        let Some(on_disk) = self.on_disk(directory, "startup")? else {
            return Ok(None);
        };
        if !on_disk.split {
            self.startup_file = Some(Was::Hash(on_disk.digest().to_owned()));
        }
        let schema = self.noted("startup", &on_disk)?;
        let brought = self.brought("startup", &on_disk, &schema, STARTUP_REMEDY)?;
        if brought.changed {
            self.plan.named.push(Migrated {
                store: "startup".to_owned(),
                tree: brought.tree.clone(),
            });
        }
        Ok(Some(brought.tree))
    }

    /// Notes what startup is under, where nobody looks at what it holds.
    pub(super) fn note_startup(&mut self, directory: &Path) -> Result<(), StartError> {
        if let Ok(Some(on_disk)) = self.on_disk(directory, "startup") {
            self.noted("startup", &on_disk)?;
        }
        Ok(())
    }

    /// The schema that the files of a store were written under. If it is not the loaded one, the log is to know it as long
    /// as the files are what they are, whatever becomes of this start.
    pub(super) fn noted(
        &mut self,
        store: &str,
        on_disk: &OnDisk,
    ) -> Result<Arc<Schema>, StartError> {
        let current = bind::hex(self.current.digest());
        let digest = unfit::set_of(self.log(), store, on_disk)?;
        if digest.as_deref() == Some(unfit::STATED) {
            // The file says it itself, as long as it is the same.
            return Ok(self.loaded().clone());
        }
        let digest = digest.unwrap_or(current);
        let other = digest != bind::hex(self.loaded().digest());
        let note = other.then(|| unfit::value(&digest, on_disk));
        self.plan.facts(vec![(unfit::fact(store), note)]);
        Ok(self.start.epochs.schema(&digest)?)
    }

    /// What a store's files hold, under the loaded schema; `schema` is the one that they were written under.
    pub(super) fn brought(
        &mut self,
        store: &str,
        on_disk: &OnDisk,
        schema: &Arc<Schema>,
        remedy: &str,
    ) -> Result<Brought, StartError> {
        let changed = schema.digest() != self.loaded().digest();
        if !changed && !self.has_general_steps() {
            let parsed = self.parse(self.loaded(), on_disk, remedy);
            let foreign = !on_disk.split && self.states(on_disk);
            let leaves_out = self.start.upgrade.policy == upgrade::Policy::LeaveOut;
            match parsed {
                Ok(stored) if !foreign => {
                    return Ok(Brought {
                        tree: stored.tree,
                        changed: false,
                    });
                }
                Err(error) if !foreign && (!leaves_out || super::base::is_malformed(&error)) => {
                    return Err(error);
                }
                _ => {}
            }
        }
        let printed = self.printed(schema, on_disk)?;
        let done = self.upgrade(&Old {
            store,
            file: &on_disk.file.display().to_string(),
            main: &on_disk.main,
            parts: Some(&on_disk.parts).filter(|_| on_disk.split),
            printed: printed.as_deref(),
            schema: Some(schema).filter(|_| changed || !self.states(on_disk)),
        });
        let did = done.report.upgraded;
        let tree = self.accepted(done, &on_disk.file, true)?;
        Ok(Brought {
            tree,
            changed: did || changed,
        })
    }

    /// Whether a file names the modules that it was written with, and that counts.
    pub(super) fn states(&self, on_disk: &OnDisk) -> bool {
        self.start.form.options().module_state && states(on_disk)
    }

    /// Whether it names them, and nobody wants to know.
    fn ignores_state(&self, on_disk: &OnDisk) -> bool {
        !self.start.form.options().module_state && states(on_disk)
    }

    /// The content of a JSON file as XML, as far as its own schema takes it: values of JSON have the meaning that their types
    /// give them. What somebody has edited for the new modules is read without types.
    fn printed(
        &self,
        schema: &Arc<Schema>,
        on_disk: &OnDisk,
    ) -> Result<Option<Vec<u8>>, StartError> {
        if !on_disk.is_json() || schema.digest() == self.loaded().digest() {
            return Ok(None);
        }
        let Ok(stored) = self.parse(schema, on_disk, "") else {
            return Ok(None);
        };
        let printed = upgrade::epochs::plain(&stored.tree);
        printed.map(Some).map_err(unprintable)
    }

    /// The entry of the record that takes the store to the loaded schema.
    pub(super) fn upgrade_entry(&self, from: &Schema) -> Entry {
        let changes = ModuleChanges::between(&modules_of(from), &modules_of(self.loaded()));
        let left_out = self.reports.iter().flat_map(|report| &report.left_out);
        // The history is for all to read: no values.
        let left_out: Vec<&str> = left_out.map(|finding| &*finding.path).collect();
        let mut value = json!({
            "from": bind::hex(from.digest()),
            "modules": changes.changes,
        });
        if !left_out.is_empty() {
            value["left-out"] = left_out.into();
        }
        Entry {
            kind: upgrade::ENTRY.into(),
            value,
        }
    }
}

/// Whether a file names the modules that it was written with.
fn states(on_disk: &OnDisk) -> bool {
    let options = banyan_data::document::ParseOptions::default();
    matches!(
        banyan_data::store::stated(&on_disk.main, &options),
        Ok(Some(_))
    )
}

/// Checks a whole tree; what is wrong has its place in the files, if it was read from some.
pub(super) fn valid(
    tree: &Tree,
    from: Option<(&str, &OnDisk)>,
    remedy: &str,
) -> Result<(), StartError> {
    if bind::validate_full(tree).is_ok() {
        return Ok(());
    }
    let Some((store, on_disk)) = from else {
        return Err(StartError::Invalid(upgrade::broken(tree, None)));
    };
    let findings = upgrade::broken(
        tree,
        Some(&Old {
            store,
            file: &on_disk.file.display().to_string(),
            main: &on_disk.main,
            parts: Some(&on_disk.parts).filter(|_| on_disk.split),
            printed: None,
            schema: Some(tree.schema()),
        }),
    );
    Err(StartError::Broken {
        file: on_disk.file.clone(),
        findings,
        remedy: remedy.to_owned(),
    })
}

/// The report about a startup that cannot be used, and that nobody needs.
fn spared(error: StartError) -> Report {
    let remedy = error.remedy();
    let mut report = match error {
        StartError::Upgrade(report) => *report,
        error => {
            let mut report = Report::of("startup");
            report.fail(error.status(), error.findings());
            report
        }
    };
    let kept =
        "the file stays as it is, and startup is empty until it is corrected or written anew";
    report.warnings.push(kept.to_owned());
    report.warnings.extend(remedy);
    report
}

/// A tree that cannot be printed.
pub(super) fn unprintable(error: BackendError) -> StartError {
    StartError::Invalid(crate::engine::start::findings_of(&error))
}
