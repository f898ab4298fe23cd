//! Mounted data that do not fit the modules that are known of them now, as after a device was upgraded: they are kept as
//! they were written, and stop no start. Whoever has mounted them reads them anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use banyan_data::path::{InstancePath, Mounts};
use banyan_data::store::Stored;
use banyan_yang::schema::Schema;

use super::Run;
use crate::bind::{self, SharedMounts};
use crate::error::BackendError;
use crate::keeper::OnDisk;

/// Mount points by their paths in print, and what is wrong at each.
pub(super) type Verbatim = BTreeMap<String, String>;

/// Mounts without those whose data are kept as they are; remembers which were asked for.
struct Without {
    schema: Arc<Schema>,
    inner: SharedMounts,
    verbatim: BTreeSet<String>,
    given: Mutex<BTreeSet<String>>,
}

impl Without {
    fn given(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mounts for Without {
    fn schema_at(&self, path: &InstancePath) -> Option<Arc<Schema>> {
        let text = bind::paths_text(&self.schema, std::slice::from_ref(path)).pop()?;
        if self.verbatim.contains(&text) {
            return None;
        }
        let found = self.inner.schema_at(path)?;
        self.given().insert(text);
        Some(found)
    }
}

impl Run<'_> {
    /// Who knows what is mounted in trees of a schema, but where data are kept as they are.
    pub(super) fn mounts(&self, schema: &Arc<Schema>) -> SharedMounts {
        let inner = self.start.epochs.mounts_of(schema);
        let verbatim = self.verbatim.borrow();
        match verbatim.is_empty() {
            true => inner,
            false => Arc::new(Without {
                schema: schema.clone(),
                inner,
                verbatim: verbatim.keys().cloned().collect(),
                given: Mutex::default(),
            }),
        }
    }

    /// Reads files of a store. Mounted data that do not fit are taken as they are.
    ///
    /// # Errors
    /// What is wrong elsewhere.
    pub(super) fn parse_mounted(
        &self,
        schema: &Arc<Schema>,
        on_disk: &OnDisk,
    ) -> Result<Stored, BackendError> {
        let mut verbatim = Verbatim::new();
        loop {
            let without = Arc::new(Without {
                schema: schema.clone(),
                inner: self.start.epochs.mounts_of(schema),
                verbatim: verbatim.keys().cloned().collect(),
                given: Mutex::default(),
            });
            let mounts: SharedMounts = without.clone();
            match bind::parse_file(schema, &on_disk.main, &on_disk.parts, &mounts) {
                Ok(stored) => {
                    self.verbatim.borrow_mut().append(&mut verbatim);
                    return Ok(stored);
                }
                Err(errors) => match unfit(&errors, &without.given()) {
                    Some(mut unfit) => verbatim.append(&mut unfit),
                    None => return Err(errors),
                },
            }
        }
    }

    /// Says which data are kept as they are.
    pub(super) fn tell_verbatim(&mut self) {
        let verbatim = std::mem::take(&mut *self.verbatim.borrow_mut());
        for (path, wrong) in verbatim {
            let report = self.report_of("running");
            report.warnings.push(format!(
                "what is mounted at {path} does not fit the modules that are known of it now, and is kept as it was written: {wrong}; read it from the device again (sync-from) before it is changed"
            ));
        }
    }
}

/// The mount points that errors are at, if all of them are at one.
fn unfit(errors: &BackendError, given: &BTreeSet<String>) -> Option<Verbatim> {
    let mut found = Verbatim::new();
    for report in &errors.reports {
        let path = report.path.as_deref()?;
        let below = |mount: &&String| {
            let rest = path.strip_prefix(mount.as_str());
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        let mount = given.iter().find(below)?;
        let message = || format!("{path}: {}", report.message);
        found.entry(mount.clone()).or_insert_with(message);
    }
    (!found.is_empty()).then_some(found)
}
