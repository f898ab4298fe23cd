//! Updates of what changed in a datastore (RFC 8641 3.1): the net change since the last update, however many changes it
//! was made of.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use banyan_data::patch::{OneEdit, edits_of};
use banyan_data::path::InstancePath;
use banyan_yang::schema::SchemaId;
use jiff::Timestamp;

use super::delivery::Outcome;
use super::terms::OnChange;
use super::watch::Watch;
use super::{Store, Subscription, message};
use crate::backend::{Document, Result};
use crate::bind::Selection;
use crate::blocking::on_pool;
use crate::engine::Engine;
use crate::error::{BackendError, ErrorTag};

/// What feeds a subscription to changes.
pub(super) struct Changes {
    store: Store,
    terms: OnChange,
    /// `None` while it is at work.
    watch: Option<Watch>,
    /// A filter that is to take the place of the one before, at the next look.
    selection: Option<Selection>,
    /// The next update has all there is.
    whole: bool,
    /// There may be something to tell.
    stale: bool,
    /// No update before.
    quiet_until: Option<Timestamp>,
    /// How many patches were sent.
    patches: u64,
}

impl Changes {
    pub fn new(store: Store, terms: OnChange, watch: Watch) -> Changes {
        Changes {
            store,
            whole: terms.sync_on_start,
            stale: terms.sync_on_start,
            terms,
            watch: Some(watch),
            selection: None,
            quiet_until: None,
            patches: 0,
        }
    }

    /// Something changed in some datastore.
    pub fn woken(&mut self) {
        self.stale = true;
    }

    /// The next update is to have all there is, at once.
    pub fn resync(&mut self) {
        self.whole = true;
        self.stale = true;
        self.quiet_until = None;
    }

    /// Other terms; what is selected by another filter is told as a whole.
    pub fn modify(&mut self, terms: OnChange, selection: Option<Selection>) {
        self.terms = terms;
        if selection.is_some() {
            self.selection = selection;
            self.resync();
        }
    }

    /// Whether an update may be due.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.stale && self.quiet_until.is_none_or(|until| until <= now)
    }

    /// When one may be due that is not yet.
    pub fn next(&self) -> Option<Timestamp> {
        self.quiet_until.filter(|_| self.stale)
    }

    /// The update that is due.
    pub async fn update(&mut self, engine: &Engine, subscription: &Arc<Subscription>) -> Outcome {
        self.stale = false;
        let Some(watch) = self.watch.take() else {
            return Outcome::Failed(BackendError::new(
                ErrorTag::OperationFailed,
                "the work on an update ended with an internal error",
            ));
        };
        let look = Look {
            engine: engine.clone(),
            subscription: subscription.clone(),
            store: self.store,
            selection: self.selection.take(),
            whole: self.whole,
            excluded: self.terms.excluded.clone(),
            patch: self.patches + 1,
        };
        let (watch, looked) = match on_pool(move || look.at(watch)).await {
            Ok(looked) => looked,
            Err(error) => return Outcome::Failed(error),
        };
        self.watch = Some(watch);
        match looked {
            Err(error) => Outcome::Failed(error),
            Ok(None) => Outcome::Nothing,
            Ok(Some(document)) => {
                let now = engine.clock().now();
                if !std::mem::take(&mut self.whole) {
                    self.patches += 1;
                }
                let dampening = jiff::SignedDuration::try_from(self.terms.dampening).ok();
                let until = dampening.and_then(|dampening| now.checked_add(dampening).ok());
                self.quiet_until = until.filter(|until| *until > now);
                Outcome::Send(now, document)
            }
        }
    }
}

/// One look at a datastore, on the pool.
struct Look {
    engine: Engine,
    subscription: Arc<Subscription>,
    store: Store,
    selection: Option<Selection>,
    whole: bool,
    excluded: Vec<String>,
    patch: u64,
}

impl Look {
    fn at(mut self, mut watch: Watch) -> (Watch, Result<Option<Document>>) {
        let found = self.update(&mut watch);
        (watch, found)
    }

    /// The update, if there is something to tell that the user may hear.
    fn update(&mut self, watch: &mut Watch) -> Result<Option<Document>> {
        let (id, encoding) = (self.subscription.id, self.subscription.encoding);
        watch.look(self.store.now(&self.engine, &self.subscription.call)?)?;
        if let Some(selection) = self.selection.take() {
            watch.select(selection)?;
        }
        if self.whole {
            if !self.hears("push-update")? {
                return Ok(None);
            }
            let update = message::push_update(id, watch.selected(), encoding)?;
            watch.told();
            return Ok(Some(update));
        }
        let (changes, _) = watch.news();
        if changes.is_empty() {
            return Ok(None);
        }
        let all = edits_of(&changes);
        let count = all.len();
        let wanted = |edit: &OneEdit| !self.excluded.iter().any(|kind| kind == edit.operation);
        let edits: Vec<OneEdit> = all.into_iter().filter(wanted).collect();
        if edits.is_empty() {
            watch.told();
            if count > 0 {
                self.subscription.excluded.fetch_add(1, Ordering::Relaxed);
            }
            return Ok(None);
        }
        // What he may not hear now he may hear later: it is not told yet.
        if !self.hears("push-change-update")? {
            return Ok(None);
        }
        let update = message::push_change_update(id, self.patch, &edits, encoding)?;
        watch.told();
        Ok(Some(update))
    }

    fn hears(&self, name: &str) -> Result<bool> {
        self.subscription.hears(&self.engine, name)
    }
}

impl Subscription {
    /// Whether the user may get a notification of ietf-yang-push now; one that he may not is counted.
    pub(super) fn hears(&self, engine: &Engine, name: &str) -> Result<bool> {
        let schema = engine.schema();
        let node = schema
            .module_by_name("ietf-yang-push")
            .and_then(|module| schema.schema_child(SchemaId::ROOT, module, name));
        let Some(node) = node else {
            return Ok(true);
        };
        let hears = engine.may_hear(&self.call, schema, node, &InstancePath::default())?;
        if !hears {
            self.excluded.fetch_add(1, Ordering::Relaxed);
        }
        Ok(hears)
    }
}
