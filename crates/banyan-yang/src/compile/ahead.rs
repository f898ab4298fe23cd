//! Texts that a set will need, found and parsed before the loader asks for them, so that several can be parsed at once.
//!
//! Only a matter of time: the loader decides what is needed and in which order, and parses itself what is not here.
//! No threads: whoever has some gives them as [`Workers`].

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

use super::source::{ModuleSource, ModuleText, SourceError};
use crate::diagnostic::Diagnostics;
use crate::grammar::{self, Version};
use crate::parse::parse_text;
use crate::source::{MAX_TEXT, SourceId};
use crate::statement::{Keyword, Pool, SyntaxTree};

/// Does independent pieces of work, perhaps several at once.
pub trait Workers {
    /// Calls `job` once with each number below `count`, in whatever order, and returns when all calls have.
    fn each(&self, count: usize, job: &(dyn Fn(usize) + Sync));
}

/// A text by itself: parsed and checked against the grammar.
pub(super) struct Parsed {
    tree: SyntaxTree,
    version: Version,
    usable: bool,
    found: Diagnostics,
}

impl Parsed {
    /// Pure. Linear in the text.
    pub fn of(text: &Arc<str>) -> Self {
        let mut found = Diagnostics::new();
        let mut tree = parse_text(SourceId::default(), text, &mut found);
        let (version, usable) = grammar::check(&mut tree, &mut found);
        Parsed {
            tree,
            version,
            usable,
            found,
        }
    }

    /// The tree as that of a source, its version, and whether there is a module in it. What was found goes to `found`.
    pub fn adopt(
        mut self,
        source: SourceId,
        found: &mut Diagnostics,
    ) -> (SyntaxTree, Version, bool) {
        found.append_as_of(self.found, source);
        self.tree.set_source(source);
        (self.tree, self.version, self.usable)
    }

    /// The modules and submodules that it names, with their revisions.
    fn links(&self) -> impl Iterator<Item = Wanted> + '_ {
        let tree = &self.tree;
        let root = tree.root().filter(|_| self.usable);
        let children = root.into_iter().flat_map(|root| tree.children(root));
        let is_link = |keyword| matches!(keyword, Keyword::Import | Keyword::Include);
        let links = children.filter(move |id| is_link(tree.keyword(*id)));
        links.map(|link| {
            let revision = tree.child_argument(link, Keyword::RevisionDate);
            (tree.name(link).to_owned(), revision.map(str::to_owned))
        })
    }
}

/// A module or submodule to look for: name and revision.
type Wanted = (String, Option<String>);
type Answer = Result<ModuleText, SourceError>;

/// How many texts are parsed at once: enough for the cores, and few enough for the memory of the first to be used again
/// for the next.
const AT_ONCE: usize = 16;

/// What was found ahead of the loader; each answer is given away once.
#[derive(Default)]
pub(super) struct Ahead {
    answers: HashMap<Wanted, (Answer, Option<Parsed>)>,
}

impl Ahead {
    /// Finds and parses what is wanted, then what that imports and includes, so many texts at a time.
    pub fn read(source: &dyn ModuleSource, workers: &dyn Workers, wanted: Vec<Wanted>) -> Self {
        let mut ahead = Ahead::default();
        // An import without a revision gets the revision that is there already.
        let mut names = BTreeSet::new();
        let mut pending = VecDeque::from(wanted);
        let mut pool = Pool::default();
        while !pending.is_empty() {
            let mut batch: Vec<(Wanted, ModuleText, OnceLock<Parsed>)> = Vec::new();
            while batch.len() < AT_ONCE
                && let Some(wanted) = pending.pop_front()
            {
                let (name, revision) = &wanted;
                let is_known = revision.is_none() && names.contains(name);
                if is_known || ahead.answers.contains_key(&wanted) {
                    continue;
                }
                let answer = source.find(name, revision.as_deref());
                if let Ok(text) = &answer
                    && text.text.len() <= MAX_TEXT
                {
                    names.insert(name.clone());
                    batch.push((wanted.clone(), text.clone(), OnceLock::new()));
                }
                ahead.answers.insert(wanted, (answer, None));
            }
            workers.each(batch.len(), &|index| {
                if let Some((_, text, parsed)) = batch.get(index) {
                    parsed.get_or_init(|| Parsed::of(&text.text));
                }
            });
            for (wanted, _, parsed) in batch {
                let mut parsed = parsed.into_inner();
                pending.extend(parsed.iter().flat_map(Parsed::links));
                if let Some(parsed) = &mut parsed {
                    pool.take(&mut parsed.tree);
                }
                if let Some(answer) = ahead.answers.get_mut(&wanted) {
                    answer.1 = parsed;
                }
            }
        }
        let pool = Arc::new(pool);
        for parsed in ahead
            .answers
            .values_mut()
            .filter_map(|(_, parsed)| parsed.as_mut())
        {
            parsed.tree.read_from(pool.clone());
        }
        ahead
    }

    /// The answer to a question, if it was asked, and the text parsed.
    pub fn take(&mut self, name: &str, revision: Option<&str>) -> Option<(Answer, Option<Parsed>)> {
        if self.answers.is_empty() {
            return None;
        }
        let wanted = (name.to_owned(), revision.map(str::to_owned));
        self.answers.remove(&wanted)
    }
}
