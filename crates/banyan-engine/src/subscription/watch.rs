//! A part of a datastore as a user sees it, followed from change to change, and what he was told of it.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::change::ChangeSet;

use super::Store;
use crate::access::Subject;
use crate::backend::{Call, Datastore, Result};
use crate::bind::{self, Selection};
use crate::engine::Engine;

/// A datastore at one moment, and the user as the rules of that moment have him.
pub(super) struct Moment {
    pub tree: Tree,
    /// `None`: no rules count for him.
    pub subject: Option<Arc<Subject>>,
}

impl Store {
    /// The datastore now, and the rules now: those that running has with it. Operational is the configuration in use with
    /// pushed state over it. Costs what changed since it was asked for last; it may block.
    ///
    /// # Errors
    /// The user acts for another, and may not; or the rules cannot be understood.
    pub(super) fn now(self, engine: &Engine, call: &Call) -> Result<Moment> {
        let core = &engine.0;
        let running = engine.running().tree;
        let subject = core.access.subject(call, &running)?;
        let tree = match self {
            Store::Running | Store::Intended => running,
            Store::Candidate => engine.tree_of(call.session, Datastore::Candidate),
            Store::Startup => engine.tree_of(call.session, Datastore::Startup),
            Store::Operational => core.pushed.over(&running, &core.pushed.tree(&core.schema)),
        };
        Ok(Moment { tree, subject })
    }
}

/// What was seen last.
struct Seen {
    moment: Moment,
    /// What the user may read of it.
    readable: Tree,
    /// What is selected of that.
    selected: Tree,
}

/// A selection from a datastore for a user.
pub(super) struct Watch {
    selection: Selection,
    seen: Seen,
    /// What the subscriber has.
    reported: Tree,
}

impl Watch {
    /// Of what there is now; nothing else is new to the subscriber. Costs the selection.
    ///
    /// # Errors
    /// The filter costs more than is allowed.
    pub fn of(selection: Selection, moment: Moment) -> Result<Watch> {
        let readable = readable(&moment, None).0;
        let selected = selection.select(&readable, None)?.0;
        Ok(Watch {
            selection,
            reported: selected.clone(),
            seen: Seen {
                moment,
                readable,
                selected,
            },
        })
    }

    /// Another filter takes the place of the one before. Costs the selection.
    ///
    /// # Errors
    /// As [`Watch::of`].
    pub fn select(&mut self, selection: Selection) -> Result<()> {
        self.seen.selected = selection.select(&self.seen.readable, None)?.0;
        self.selection = selection;
        Ok(())
    }

    /// Looks at the datastore at a later moment; says how many instances were looked at. Costs what differs from the one
    /// before; when other rules count for the user, what these rules are about.
    ///
    /// # Errors
    /// As [`Watch::of`]; nothing is changed then.
    pub fn look(&mut self, moment: Moment) -> Result<u64> {
        let same_rules = match (&self.seen.moment.subject, &moment.subject) {
            (None, None) => true,
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            _ => false,
        };
        if same_rules && moment.tree.ptr_eq(&self.seen.moment.tree) {
            return Ok(0);
        }
        let seen = &self.seen;
        let before = same_rules.then_some((&seen.moment.tree, &seen.readable));
        let (readable, pruned) = readable(&moment, before);
        let before = Some((&seen.readable, &seen.selected));
        let (selected, found) = self.selection.select(&readable, before)?;
        self.seen = Seen {
            moment,
            readable,
            selected,
        };
        Ok(pruned + found)
    }

    /// All that is selected, as it was seen last.
    pub fn selected(&self) -> &Tree {
        &self.seen.selected
    }

    /// What the subscriber does not know of it, with the number of instances that were looked at.
    pub fn news(&self) -> (ChangeSet, u64) {
        bind::diff_counted(&self.reported, &self.seen.selected)
    }

    /// The subscriber has all that is selected.
    pub fn told(&mut self) {
        self.reported = self.seen.selected.clone();
    }
}

fn readable(moment: &Moment, before: Option<(&Tree, &Tree)>) -> (Tree, u64) {
    match &moment.subject {
        None => (moment.tree.clone(), 0),
        Some(subject) => subject.readable_after(before, &moment.tree),
    }
}

#[cfg(test)]
mod tests {
    use banyan_data::{json, xml};
    use banyan_yang::compile::{Compiler, MemorySource};
    use banyan_yang::schema::Schema;

    use super::*;
    use crate::access::tests::reader;
    use crate::backend::{Document, Filter};
    use crate::bind::{NoMounts, SharedMounts};

    fn schema() -> Arc<Schema> {
        let mut source = MemorySource::new();
        source.add(
            "module m { yang-version 1.1; namespace urn:m; prefix m;
               container c { list l { key id; leaf id { type uint32; } leaf a { type uint32; } leaf b { type uint32; } } } }",
        );
        let compiler = Compiler::new(&source).implement("m", None);
        compiler.compile().unwrap().schema
    }

    fn filters() -> Vec<Option<Filter>> {
        let subtree = |text: &str| Some(Filter::Subtree(Document::xml(text.as_bytes().to_vec())));
        let xpath = |select: &str| {
            Some(Filter::XPath {
                select: select.to_owned(),
                namespaces: Vec::new(),
            })
        };
        vec![
            None,
            subtree("<c xmlns='urn:m'><l><a/></l></c>"),
            subtree("<c xmlns='urn:m'><l><id>70000</id></l><l><b>1</b><a/></l></c>"),
            xpath("/m:c/m:l/m:a"),
            xpath("/m:c/m:l[m:id='70000']"),
        ]
    }

    /// One leaf among a hundred thousand entries.
    fn trees(schema: &Arc<Schema>) -> [Tree; 2] {
        let entries: Vec<String> = (0..100_000)
            .map(|id| format!("{{\"id\":{id},\"a\":1,\"b\":1}}"))
            .collect();
        let text = format!("{{\"m:c\":{{\"l\":[{}]}}}}", entries.join(","));
        let before = json::parse_data(schema, text.as_bytes(), &Default::default()).unwrap();
        let change = "<c xmlns='urn:m'><l><id>70000</id><a>2</a></l></c>";
        let merge = banyan_data::edit::Operation::Merge;
        let edit = xml::parse_edit(schema, change.as_bytes(), merge, &Default::default()).unwrap();
        let after = edit.apply(&before).unwrap();
        [before, after]
    }

    #[test]
    fn an_update_costs_the_change_and_not_the_datastore() {
        let schema = schema();
        let [before, after] = trees(&schema);
        let mounts: SharedMounts = Arc::new(NoMounts);
        let users = [
            None,
            Some(reader(&["no * /m:c/l[id='5'] read deny"])),
            Some(reader(&["no * /m:c/l/b read deny"])),
        ];
        for (filter, subject) in filters()
            .into_iter()
            .flat_map(|filter| users.clone().map(|user| (filter.clone(), user)))
        {
            let selection = Selection::of(&schema, filter.as_ref(), &mounts).unwrap();
            let at = |tree: &Tree| Moment {
                tree: tree.clone(),
                subject: subject.clone(),
            };
            let mut watch = Watch::of(selection, at(&before)).unwrap();
            let hidden = filter.is_some() && watch.selected().root().slots().is_empty();
            let looked = watch.look(at(&after)).unwrap();
            let (news, compared) = watch.news();
            assert_eq!(bind::count(&news), u64::from(!hidden), "{filter:?}");
            assert!(
                looked + compared < 40,
                "{looked} and {compared}: {filter:?}"
            );
            watch.told();
            assert!(watch.news().0.is_empty());
            assert_eq!(watch.look(at(&after)).unwrap(), 0);
        }
    }
}
