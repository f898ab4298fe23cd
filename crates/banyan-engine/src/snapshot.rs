//! A tree at a place in the log.

use std::sync::{Arc, OnceLock};

use banyan_data::Tree;
use banyan_data::validate::Indexes;

use crate::bind;
use crate::number::Seq;

/// Running as it was after a commit. Taking one costs a reference count, and it never changes.
#[derive(Clone)]
pub struct Snapshot {
    /// The data.
    pub tree: Tree,
    /// The commit that made it; 0 before the first.
    pub seq: Seq,
    /// Whether the tree is known to meet the constraints of its schema; the base of validating what changed.
    validated: bool,
    /// Made when somebody asks for them first, for all clones at once.
    indexes: Arc<OnceLock<Indexes>>,
}

/// The wish of a commit on a state that was not validated: what it changes is validated, and what was wrong before does
/// not stop it. The state after it is not known to be valid either.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValidateChangedOnly;

impl Snapshot {
    /// A tree whose indexes nobody has yet.
    pub fn new(tree: Tree, seq: Seq) -> Snapshot {
        Snapshot {
            tree,
            seq,
            validated: true,
            indexes: Arc::default(),
        }
    }

    /// The same, known not to have been validated: the first commit on it validates all (DESIGN section 5).
    pub(crate) fn not_validated(mut self) -> Snapshot {
        self.validated = false;
        self
    }

    /// Whether the tree is known to be valid: it was validated as a whole, or by what changed since.
    pub fn is_validated(&self) -> bool {
        self.validated
    }

    /// A tree with its indexes.
    pub(crate) fn indexed(tree: Tree, seq: Seq, indexes: Indexes) -> Snapshot {
        Snapshot {
            indexes: Arc::new(OnceLock::from(indexes)),
            ..Snapshot::new(tree, seq)
        }
    }

    /// The indexes of the tree, which validation needs. Made by the first call, O(what is indexed), unless the tree came
    /// with them, as that of a commit does.
    pub(crate) fn indexes(&self) -> &Indexes {
        self.indexes.get_or_init(|| bind::indexes(&self.tree))
    }
}

impl std::fmt::Debug for Snapshot {
    /// Without the indexes, which follow from the tree.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("seq", &self.seq)
            .field("tree", &self.tree)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use banyan_data::document::ParseOptions;
    use banyan_data::edit::Operation;
    use banyan_data::xml::parse_edit;
    use banyan_yang::compile::{Compiler, MemorySource};

    use super::*;
    use crate::SessionId;
    use crate::backend::{Call, CommitParameters, Principal};
    use crate::engine::EngineBuilder;
    use crate::participant::Options;
    use crate::session::internal_source;

    const MODEL: &str = "module t {
  yang-version 1.1;
  namespace urn:t;
  prefix t;
  list item { key id; leaf id { type uint32; } leaf on { type boolean; default true; } }
  list ref {
    key id;
    leaf id { type string; }
    leaf to { type leafref { path /t:item/t:id; } }
    leaf seen { when \"/t:item[t:id=current()/../t:to]/t:on = 'true'\"; type string; }
  }
}";

    /// Each edit as a commit of its own; whether it went through.
    fn committed(edits: &[&str]) -> (Vec<bool>, Snapshot) {
        let mut source = MemorySource::new();
        source.add(MODEL);
        let compiled = Compiler::new(&source).implement("t", None).compile();
        let schema = compiled.unwrap().schema;
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let engine = EngineBuilder::new(schema).in_memory().open().await.unwrap();
            let mut outcomes = Vec::new();
            let call = Call::new(SessionId(0), Principal::user("alice"));
            for edit in edits {
                let edit = format!(
                    "<data xmlns=\"urn:t\" xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\">{edit}</data>"
                );
                let change = engine.change(
                    &call,
                    internal_source(),
                    CommitParameters::default(),
                    Options::none(),
                    move |tree| {
                        let options = ParseOptions::default();
                        let merge = Operation::Merge;
                        let edit = parse_edit(tree.schema(), edit.as_bytes(), merge, &options);
                        Ok(edit.unwrap().apply(tree).unwrap())
                    },
                );
                outcomes.push(change.await.is_ok());
            }
            (outcomes, engine.running())
        })
    }

    #[test]
    fn indexes_go_along_with_commits_and_with_what_when_takes_out() {
        let (outcomes, running) = committed(&[
            "<item><id>1</id></item><item><id>2</id></item>",
            "<ref><id>a</id><to>1</to><seen>x</seen></ref><ref><id>b</id><to>2</to></ref>",
            "<item nc:operation='delete'><id>1</id></item>",
            "<item><id>1</id><on>false</on></item>",
            "<ref><id>a</id><to>2</to></ref>",
            "<item nc:operation='delete'><id>1</id></item>",
            "<item nc:operation='delete'><id>2</id></item>",
        ]);
        assert_eq!(outcomes, [true, true, false, true, true, true, false]);
        let made = running.indexes.get().expect("the commit brought them");
        assert_eq!(*made, bind::indexes(&running.tree));
        assert_eq!(made.len(), 2);
        let text = bind::diff(&Tree::empty(running.tree.schema().clone()), &running.tree);
        assert!(!text.to_string().contains("seen"), "{text}");
    }
}
