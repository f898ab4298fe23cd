//! Tables that other layers compute from a schema, kept as long as the schema lives.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// One table per type. The schema itself does not change: whoever asks gets the same table.
#[derive(Default)]
pub(super) struct Derived(Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Derived {
    /// The table of type `T`; computed when asked for the first time, outside the lock, so that one table may
    /// be built from another. When two threads race, one result is dropped.
    pub(super) fn get<T: Any + Send + Sync>(&self, compute: impl FnOnce() -> T) -> Arc<T> {
        if let Some(table) = self.find() {
            return table;
        }
        let computed = Arc::new(compute());
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = tables
            .entry(TypeId::of::<T>())
            .or_insert_with(|| computed.clone());
        kept.clone().downcast().unwrap_or(computed)
    }

    fn find<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tables.get(&TypeId::of::<T>())?.clone().downcast().ok()
    }
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Derived")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_computed_once_per_type() {
        let derived = Derived::default();
        assert_eq!(*derived.get(|| 1u32), 1);
        assert_eq!(*derived.get(|| 2u32), 1);
        assert_eq!(*derived.get(|| 3u64), 3);
    }
}
