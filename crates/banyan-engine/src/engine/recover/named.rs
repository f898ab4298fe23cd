//! Named stores: what is in their files is brought to the loaded modules by the start that brings running there.
//!
//! None of them stops a start. What does not fit stays as it is, and is tried again by the next start.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use banyan_data::Tree;
use banyan_yang::schema::Schema;

use super::Run;
use super::migrate::Brought;
use crate::backend::Result;
use crate::engine::start::StartError;
use crate::engine::{Core, log_failed};
use crate::error::{BackendError, ErrorTag};
use crate::files::Policy;
use crate::keeper::{self, OnDisk};
use crate::stores::ROLLBACK;
use crate::upgrade::report::{Report, Status};
use crate::upgrade::unfit;

pub(super) const REMEDY: &str = "correct the file, or remove the store";

/// A named store under the loaded modules, to be written.
pub(in crate::engine) struct Migrated {
    /// Its name.
    pub store: String,
    /// What it holds.
    pub tree: Tree,
}

impl Run<'_> {
    /// Brings the named stores to the loaded modules. Looks at none of them while the modules stay what they are, but at
    /// the first start, whose files may come from elsewhere and say so.
    pub(super) fn named_stores(&mut self) -> std::result::Result<(), StartError> {
        let Some(directory) = self.start.directory else {
            return Ok(());
        };
        let changed = self.current.digest() != self.loaded().digest();
        let mut names: BTreeSet<String> = unfit::stores(self.log())?.into_iter().collect();
        let foreign = self.is_first() && self.start.form.options().module_state;
        if changed || foreign {
            let seams = self.start.seams;
            let found = keeper::names(&*seams.files, &*seams.log, directory);
            names.extend(found?);
            names.insert(super::failsafe::FAILSAFE.to_owned());
        }
        // What names a commit is brought along from there.
        let pointed: BTreeSet<String> = keeper::pointers(self.log())?.into_keys().collect();
        names.retain(|store| !pointed.contains(store));
        for store in names {
            let options = self.start.form.options();
            let named = !["running", "startup", "candidate", ROLLBACK].contains(&&*store);
            if named && options.policy(&store) != Policy::InMemory {
                self.named_store(directory, &store)?;
            }
        }
        Ok(())
    }

    fn named_store(
        &mut self,
        directory: &Path,
        store: &str,
    ) -> std::result::Result<(), StartError> {
        let on_disk = match self.on_disk(directory, store) {
            Ok(Some(on_disk)) => on_disk,
            Ok(None) => {
                self.plan.facts(vec![(unfit::fact(store), None)]);
                return Ok(());
            }
            Err(error) => {
                self.unfit(store, &error);
                return Ok(());
            }
        };
        let schema = match self.noted(store, &on_disk) {
            Ok(schema) if schema.digest() == self.loaded().digest() => {
                if self.states(&on_disk) {
                    self.stated_store(store, &on_disk, &schema);
                }
                return Ok(());
            }
            Ok(schema) => schema,
            Err(error @ StartError::Pin(_)) => {
                self.unfit(store, &error);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        // Failsafe may have been reported already, as the one that takes the place of running.
        self.reports.retain(|report| report.store != store);
        match self.brought(store, &on_disk, &schema, REMEDY) {
            Ok(Brought { tree, .. }) => self.plan.named.push(Migrated {
                store: store.to_owned(),
                tree,
            }),
            Err(error) => self.unfit(store, &error),
        }
        Ok(())
    }

    /// A store whose file names modules that no start here has loaded.
    fn stated_store(&mut self, store: &str, on_disk: &OnDisk, schema: &Arc<Schema>) {
        let reports = self.reports.clone();
        self.reports.retain(|report| report.store != store);
        match self.brought(store, on_disk, schema, REMEDY) {
            Ok(Brought {
                tree,
                changed: true,
            }) => self.plan.named.push(Migrated {
                store: store.to_owned(),
                tree,
            }),
            Ok(_) => {
                // It fits as it is, and nothing is to be said of it.
                self.reports = reports;
                self.plan.facts(vec![(unfit::fact(store), None)]);
            }
            Err(error) => {
                let noted = unfit::value(unfit::STATED, on_disk);
                self.plan.facts(vec![(unfit::fact(store), Some(noted))]);
                self.unfit(store, &error);
            }
        }
    }

    /// Reports a store that stays as it is.
    fn unfit(&mut self, store: &str, error: &StartError) {
        let mut report = match error {
            StartError::Upgrade(report) => (**report).clone(),
            _ => Report::of(store),
        };
        if report.errors.is_empty() {
            report.fail(Status::Invalid, error.findings());
        }
        report.status = report.status.max(Status::Invalid);
        report.warnings.push(format!(
            "{store} stays as it is, under the modules that it was written under, and cannot be used: {}",
            remedy(store)
        ));
        self.reports.retain(|known| known.store != store);
        self.reports.push(report);
    }
}

/// What to do about a named store that does not fit.
pub(in crate::engine) fn remedy(store: &str) -> String {
    format!(
        "correct its file by hand, add migration rules or load the modules that it was written under and start again; or make it anew (`banyan store copy running {store}`), or remove it (`banyan store delete {store}`)"
    )
}

impl Core {
    /// Why a named store cannot be used, if its files are those of other modules.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn unfit(&self, store: &str, on_disk: &OnDisk) -> Result<Option<BackendError>> {
        let log = &*self.seams.log;
        if unfit::set_of(log, store, on_disk)
            .map_err(log_failed)?
            .is_none()
        {
            return Ok(None);
        }
        let report = self.reports.iter().find(|report| report.store == *store);
        let errors = report.map_or(&[][..], |report| &report.errors);
        let errors: Vec<String> = errors.iter().map(|error| format!("\n  {error}")).collect();
        Ok(Some(BackendError::new(
            ErrorTag::OperationFailed,
            format!(
                "{store} was written under other modules, and does not fit those that are loaded:{}\n{}",
                errors.concat(),
                remedy(store)
            ),
        )))
    }
}
