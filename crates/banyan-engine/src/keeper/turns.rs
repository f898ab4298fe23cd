//! Whose files are being written: of each datastore by one at a time, of several beside each other. A commit waits for the
//! file of running, and never for that of another store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use banyan_data::Tree;

/// The files of one datastore. Held while they are written or read; what it guards is what the parts of a split one were
/// last written from, `None` when that is not known.
#[derive(Clone, Default)]
pub(super) struct Turn(Arc<Mutex<Option<Tree>>>);

impl Turn {
    /// Waits until it is free.
    pub fn begin(&self) -> MutexGuard<'_, Option<Tree>> {
        // Who panics has taken out what is not known any more.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turns of all datastores, by their names.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<String, Turn>>);

impl Turns {
    /// Those of a start that knows what the parts of running hold.
    pub fn with_running(parts: Option<Tree>) -> Turns {
        let running = Turn(Arc::new(Mutex::new(parts)));
        Turns(Mutex::new(HashMap::from([("running".to_owned(), running)])))
    }

    /// That of a datastore.
    pub fn of(&self, store: &str) -> Turn {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get(store) {
            Some(turn) => turn.clone(),
            None => all.entry(store.to_owned()).or_default().clone(),
        }
    }
}
