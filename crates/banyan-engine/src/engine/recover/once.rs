//! A store's file that holds the same bytes as another's is not read a second time: startup is a copy of running more often
//! than not.

use std::sync::Arc;

use banyan_data::store::Stored;
use banyan_yang::schema::Schema;

use super::Run;
use crate::error::BackendError;
use crate::keeper::OnDisk;

/// The first file of a start: running's. The same bytes say the same under the same schema.
pub(super) struct FirstRead {
    schema: Arc<Schema>,
    /// Of the file.
    digest: String,
    stored: Stored,
}

impl FirstRead {
    fn is_of(&self, schema: &Arc<Schema>, on_disk: &OnDisk) -> bool {
        self.schema.digest() == schema.digest() && self.digest == on_disk.digest()
    }
}

impl Run<'_> {
    /// What files of a store hold. O(size of the files), and no more than to compare hashes where the first file of this
    /// start was the same.
    ///
    /// # Errors
    /// What is wrong in them.
    pub(super) fn read_once(
        &self,
        schema: &Arc<Schema>,
        on_disk: &OnDisk,
    ) -> Result<Stored, BackendError> {
        if on_disk.split {
            return self.parse_mounted(schema, on_disk);
        }
        let first = self.first_read.get();
        if let Some(first) = first.filter(|first| first.is_of(schema, on_disk)) {
            return Ok(first.stored.clone());
        }
        let stored = self.parse_mounted(schema, on_disk)?;
        self.first_read.get_or_init(|| FirstRead {
            schema: schema.clone(),
            digest: on_disk.digest().to_owned(),
            stored: stored.clone(),
        });
        Ok(stored)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use banyan_yang::compile::{Compiler, MemorySource};

    use super::*;
    use crate::bind::FileForm;
    use crate::clock::SystemClock;
    use crate::engine::{EngineBuilder, Seams};
    use crate::files::MemoryFiles;
    use crate::log::MemoryLog;

    const RUNNING: &str = "<config><name xmlns=\"urn:a\">one</name></config>";

    /// Whether a start with this file of startup has one tree for both stores, with nothing made twice.
    fn is_read_once(startup: &str) -> bool {
        let mut source = MemorySource::new();
        source.add("module a { namespace urn:a; prefix a; leaf name { type string; } }");
        let compiler = Compiler::new(&source).implement("a", None);
        let schema = compiler.compile().unwrap().schema;
        let files = MemoryFiles::default();
        files.put(Path::new("/s/running_db"), RUNNING.as_bytes());
        files.put(Path::new("/s/startup_db"), startup.as_bytes());
        let seams = Seams {
            files: Arc::new(files),
            clock: Arc::new(SystemClock),
            log: Arc::new(MemoryLog::default()),
        };
        let directory = Some(Path::new("/s"));
        let builder = EngineBuilder::new(schema.clone()).seams(seams.clone());
        let form = FileForm::new(Default::default(), &schema);
        let epochs = builder.epochs(&seams, directory);
        let start = builder.starting(&seams, directory, &epochs, &form);
        let mut run = Run::new(&start).unwrap();
        let running = run.found().unwrap().running;
        let startup = run.startup(false).unwrap().unwrap();
        running.tree.root().ptr_eq(startup.root())
    }

    #[test]
    fn a_startup_that_is_a_copy_of_running_is_not_parsed_again() {
        assert!(is_read_once(RUNNING));
        // The same data in other bytes may mean something else: they are read.
        assert!(!is_read_once(&RUNNING.replace("><", ">\n<")));
        assert!(!is_read_once(&RUNNING.replace("one", "two")));
    }
}
