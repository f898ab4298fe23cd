//! A small memory of which name means which schema node: a document repeats the same few a million times.

use banyan_yang::schema::{ModuleId, Schema, SchemaId};

/// How many are remembered; one that hashes to the same place takes it over.
const PLACES: usize = 256;

#[derive(Clone, Copy)]
struct Known<'a> {
    /// Address of the schema.
    schema: usize,
    parent: SchemaId,
    module: ModuleId,
    name: &'a str,
    child: SchemaId,
}

/// The memory; names borrow from the document.
pub(crate) struct KnownChildren<'a>(Vec<Option<Known<'a>>>);

impl Default for KnownChildren<'_> {
    fn default() -> Self {
        KnownChildren(vec![None; PLACES])
    }
}

impl<'a> KnownChildren<'a> {
    /// What `look_up` answers for `name` under `parent` in the context of `module`, remembered.
    pub(crate) fn child(
        &mut self,
        schema: &Schema,
        parent: SchemaId,
        module: ModuleId,
        name: &'a str,
        look_up: impl FnOnce() -> Option<SchemaId>,
    ) -> Option<SchemaId> {
        let bytes = name.as_bytes();
        let ends = [bytes.first(), bytes.last(), bytes.get(bytes.len() / 2)];
        let seed = parent.index().wrapping_mul(31) ^ bytes.len();
        let hash = ends.into_iter().flatten().fold(seed, |hash, byte| {
            hash.wrapping_mul(37).wrapping_add(usize::from(*byte))
        });
        let place = hash % PLACES;
        let address = std::ptr::from_ref(schema).addr();
        if let Some(known) = self.0[place]
            && known.parent == parent
            && known.module == module
            && known.schema == address
            && known.name == name
        {
            return Some(known.child);
        }
        let child = look_up()?;
        self.0[place] = Some(Known {
            schema: address,
            parent,
            module,
            name,
            child,
        });
        Some(child)
    }
}
