//! Stores brought to the loaded modules.

use std::path::PathBuf;
use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::store::ModuleState;
use banyan_yang::schema::Schema;
use serde_json::json;

use super::{Found, Run};
use crate::bind;
use crate::engine::start::StartError;
use crate::keeper::{OnDisk, STARTUP_SCHEMA, Was, digest};
use crate::log::Entry;
use crate::snapshot::Snapshot;
use crate::upgrade::changes::{ModuleChanges, modules_of};
use crate::upgrade::report::{Report, Status};
use crate::upgrade::{self, Old, Upgraded};

const STARTUP_REMEDY: &str = "correct the file, or remove it to begin with an empty startup";

impl Run<'_> {
    /// Whether steps run whatever the modules are.
    pub(super) fn has_general_steps(&self) -> bool {
        let mut steps = self.start.upgrade.steps.iter();
        steps.any(|step| step.range().is_none())
    }

    pub(super) fn upgrade(&self, old: &Old<'_>) -> Upgraded {
        let (epochs, how) = (self.start.epochs, self.start.upgrade);
        upgrade::upgrade(old, &epochs.loaded, &epochs.mounts, how)
    }

    /// A file that the log does not know: edited by hand, or of a first start. Gives the tree under the loaded schema,
    /// the modules that it states, and whether a part of it was left out.
    pub(super) fn edited(
        &mut self,
        on_disk: &OnDisk,
    ) -> Result<(Tree, Option<ModuleState>, bool), StartError> {
        let changed = self.current.digest() != self.loaded().digest();
        let parsed = self.parse(self.loaded(), on_disk, super::base::REMEDY);
        let states_others = |stated: &Option<ModuleState>| {
            stated.is_some()
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
                    false => bind::validate_full(&stored.tree),
                };
                match valid {
                    Ok(()) => return Ok((stored.tree, stored.modules, false)),
                    Err(errors) if !leaves_out => {
                        return Err(StartError::File {
                            file: on_disk.file.clone(),
                            errors,
                            remedy: super::base::REMEDY.to_owned(),
                        });
                    }
                    Err(_) => {}
                }
            }
            // A part cannot be migrated alone.
            Err(error) if on_disk.split || (!changed && !leaves_out && !states(on_disk)) => {
                return Err(error);
            }
            _ => {}
        }
        let file = on_disk.file.display().to_string();
        let done = self.upgrade(&Old {
            store: "running",
            file: &file,
            bytes: &on_disk.main,
            schema: Some(&self.current).filter(|_| changed),
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
            let checked = match unchecked {
                true => Ok(()),
                false => bind::validate_full(&running.tree).map_err(StartError::Invalid),
            };
            return checked.map(|()| running);
        }
        let changed = !self.is_loaded(&running.tree);
        let printed;
        let on_disk = found
            .on_disk
            .as_ref()
            // Values of JSON have the meaning that their types give them, which only their own schema knows.
            .filter(|it| !it.split && !it.is_json() && running.seq == found.running.seq);
        let (file, path, bytes) = match on_disk {
            Some(on_disk) => {
                let name = on_disk.file.display().to_string();
                (name, on_disk.file.clone(), &on_disk.main)
            }
            None => {
                printed = upgrade::epochs::plain(&running.tree).map_err(StartError::Invalid)?;
                let directory = self.start.directory.map(PathBuf::from).unwrap_or_default();
                let name = format!("running after commit {}", running.seq);
                (name, directory.join("running_db"), &printed)
            }
        };
        let schema = running.tree.schema().clone();
        let done = self.upgrade(&Old {
            store: "running",
            file: &file,
            bytes,
            schema: Some(&schema),
        });
        let comment = match (changed, done.report.modules.len()) {
            (true, 0) => "upgrade: other modules that are only imported".to_owned(),
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
        file: &std::path::Path,
        unchecked: bool,
    ) -> Result<Tree, StartError> {
        let Upgraded {
            report,
            tree,
            left_out,
        } = done;
        for warning in &report.warnings {
            tracing::warn!("{warning}");
        }
        let usable = match report.status {
            Status::Ok => true,
            Status::Invalid => unchecked,
            Status::Error => false,
        };
        let Some(tree) = tree.filter(|_| usable) else {
            return Err(StartError::Upgrade(Box::new(report)));
        };
        if let Some(left_out) = left_out {
            let aside = upgrade::left_out_file(file);
            for finding in &report.left_out {
                tracing::warn!("left out, and kept in {}: {finding}", aside.display());
            }
            self.plan.file(aside, left_out.into_bytes());
        }
        self.reports.push(report);
        Ok(tree)
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
                tracing::error!(
                    "{error}\nthe file stays as it is, and startup is empty until then"
                );
                let mut report = Report::of("startup");
                report.fail(error.status(), error.findings());
                self.reports.push(report);
                Ok(None)
            }
            Ok(Some(tree)) if needed => {
                let file = crate::keeper::file_of(directory, "startup");
                // Commits are validated by what they change, so running has to be valid before the first.
                bind::validate_full(&tree).map_err(|errors| StartError::File {
                    file,
                    errors,
                    remedy: STARTUP_REMEDY.to_owned(),
                })?;
                Ok(Some(tree))
            }
            other => other,
        }
    }

    fn try_startup(&mut self, directory: &std::path::Path) -> Result<Option<Tree>, StartError> {
        if let Some(named) = self.pointed_startup() {
            return named.map(Some);
        }
        let Some(on_disk) = self.on_disk(directory, "startup")? else {
            return Ok(None);
        };
        if !on_disk.split {
            self.startup_file = Some(Was::Hash(digest(&on_disk.main)));
        }
        let schema = self.startup_schema()?;
        let changed = schema.digest() != self.loaded().digest();
        if !changed && !self.has_general_steps() {
            let parsed = self.parse(self.loaded(), &on_disk, STARTUP_REMEDY);
            let foreign = !on_disk.split && states(&on_disk);
            match parsed {
                Ok(stored) if !foreign => return Ok(Some(stored.tree)),
                Err(error) if !foreign => return Err(error),
                _ => {}
            }
        }
        let printed;
        let bytes = match on_disk.split || (changed && on_disk.is_json()) {
            false => &on_disk.main,
            true => {
                let stored = self.parse(&schema, &on_disk, STARTUP_REMEDY)?;
                printed = upgrade::epochs::plain(&stored.tree).map_err(StartError::Invalid)?;
                &printed
            }
        };
        let file = on_disk.file.display().to_string();
        let done = self.upgrade(&Old {
            store: "startup",
            file: &file,
            bytes,
            schema: Some(&schema).filter(|_| changed || !states(&on_disk)),
        });
        let did = done.report.upgraded;
        let tree = self.accepted(done, &on_disk.file, true)?;
        if did || changed {
            // The fact follows when the file is written.
            self.plan.startup = Some(tree.clone());
        } else {
            let digest = bind::hex(self.loaded().digest());
            let fact = (STARTUP_SCHEMA.to_owned(), Some(digest));
            self.plan.facts(vec![fact]);
        }
        Ok(Some(tree))
    }

    fn startup_schema(&self) -> Result<Arc<Schema>, StartError> {
        match self.log().facts(STARTUP_SCHEMA)?.get(STARTUP_SCHEMA) {
            Some(digest) => Ok(self.start.epochs.schema(digest)?),
            None => Ok(self.current.clone()),
        }
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
