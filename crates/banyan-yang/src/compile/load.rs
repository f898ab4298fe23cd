//! From the modules that were asked for to a closed set: texts are found, parsed and checked against the grammar;
//! imports and includes are followed (RFC 7950 5.1).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::ahead::{Ahead, Parsed};
use super::set::{ModuleEntry, ModuleSet, Unit, UnitId};
use super::{Compiler, Lookup, ModuleText, SourceError, linkage};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::grammar::Version;
use crate::schema::ModuleId;
use crate::source::{SourceMap, Span};
use crate::statement::{Keyword, StatementId, SyntaxTree};

/// Loads everything that the requests need.
pub(super) fn load(compiler: &Compiler<'_>, found: &mut Diagnostics) -> (ModuleSet, Vec<Lookup>) {
    let requests = compiler.requests.iter();
    let wanted = requests.map(|request| (request.name.clone(), request.revision.clone()));
    let ahead = compiler
        .workers
        .map(|workers| Ahead::read(compiler.source, workers, wanted.collect()));
    let mut loader = Loader {
        compiler,
        ahead: ahead.unwrap_or_default(),
        lookups: Vec::new(),
        found,
        sources: SourceMap::new(),
        texts: Vec::new(),
        modules: Vec::new(),
        by_revision: HashMap::new(),
        preferred: HashMap::new(),
        asked: HashMap::new(),
    };
    for request in &compiler.requests {
        loader.request(
            &request.name,
            request.revision.as_deref(),
            request.implemented,
        );
    }
    let mut next = 0;
    while next < loader.modules.len() {
        loader.follow_includes(next);
        loader.follow_imports(next);
        next += 1;
    }
    let lookups = std::mem::take(&mut loader.lookups);
    let set = loader.into_set();
    linkage::check(&set, found);
    (set, lookups)
}

/// A parsed text.
struct Text {
    tree: SyntaxTree,
    root: StatementId,
    version: Version,
    name: Arc<str>,
    revision: Option<Arc<str>>,
    /// Prefix to index in `modules`; `None` if the module could not be loaded.
    imports: Vec<(Arc<str>, Option<usize>)>,
}

struct Loaded {
    text: usize,
    submodules: Vec<usize>,
    requested: bool,
}

struct Loader<'c, 's> {
    compiler: &'c Compiler<'s>,
    ahead: Ahead,
    lookups: Vec<Lookup>,
    found: &'c mut Diagnostics,
    sources: SourceMap,
    texts: Vec<Text>,
    modules: Vec<Loaded>,
    by_revision: HashMap<(Arc<str>, Option<Arc<str>>), usize>,
    /// What an import without a revision gets.
    preferred: HashMap<Arc<str>, usize>,
    /// Outcome of each (name, revision) that was looked for.
    asked: HashMap<(String, Option<String>), Option<usize>>,
}

impl Loader<'_, '_> {
    fn request(&mut self, name: &str, revision: Option<&str>, implemented: bool) {
        let Some(index) = self.module(name, revision, None) else {
            return;
        };
        let key = self.texts[self.modules[index].text].name.clone();
        if let Some(other) = self.preferred.get(&key).copied()
            && other != index
            && self.modules[other].requested
            && implemented
        {
            // RFC 7950 5.6.5
            let (first, second) = (self.revision_text(other), self.revision_text(index));
            self.found.push(
                Diagnostic::without_place(
                    "two-revisions-implemented",
                    format!(
                        "module {name} cannot be implemented in two revisions, {first} and {second}"
                    ),
                )
                .help("implement one of them and ask for the other as import-only")
                .rfc("RFC 7950 5.6.5"),
            );
            return;
        }
        if implemented {
            self.modules[index].requested = true;
            self.preferred.insert(key, index);
        } else {
            self.preferred.entry(key).or_insert(index);
        }
    }

    fn revision_text(&self, module: usize) -> &str {
        self.texts[self.modules[module].text]
            .revision
            .as_deref()
            .unwrap_or("none")
    }

    /// The module of a name and revision, loaded now if it was not before. `asker` is the import.
    fn module(&mut self, name: &str, revision: Option<&str>, asker: Option<Span>) -> Option<usize> {
        let key = (name.to_owned(), revision.map(str::to_owned));
        if let Some(outcome) = self.asked.get(&key) {
            return *outcome;
        }
        let outcome = self.module_now(name, revision, asker);
        self.asked.insert(key, outcome);
        outcome
    }

    fn module_now(
        &mut self,
        name: &str,
        revision: Option<&str>,
        asker: Option<Span>,
    ) -> Option<usize> {
        let text = self.text(Keyword::Module, name, revision, asker)?;
        let key = (
            self.texts[text].name.clone(),
            self.texts[text].revision.clone(),
        );
        if let Some(index) = self.by_revision.get(&key) {
            return Some(*index);
        }
        let index = self.modules.len();
        self.by_revision.insert(key, index);
        self.modules.push(Loaded {
            text,
            submodules: Vec::new(),
            requested: false,
        });
        Some(index)
    }

    /// What the source has, perhaps parsed already.
    fn find(
        &mut self,
        name: &str,
        revision: Option<&str>,
    ) -> (Result<ModuleText, SourceError>, Option<Parsed>) {
        let found = self.ahead.take(name, revision);
        let (answer, parsed) =
            found.unwrap_or_else(|| (self.compiler.source.find(name, revision), None));
        self.lookups.push(Lookup {
            name: name.to_owned(),
            revision: revision.map(str::to_owned),
            answer: answer.clone(),
        });
        (answer, parsed)
    }

    /// Finds and parses a text and checks that it is what was looked for.
    fn text(
        &mut self,
        keyword: Keyword,
        name: &str,
        revision: Option<&str>,
        asker: Option<Span>,
    ) -> Option<usize> {
        let what = keyword.text();
        let wanted = match revision {
            Some(revision) => format!("{what} {name}@{revision}"),
            None => format!("{what} {name}"),
        };
        let at = |code, message: String| match asker {
            Some(span) => Diagnostic::error(code, span, message),
            None => Diagnostic::without_place(code, message),
        };
        let (mut found, mut parsed) = self.find(name, revision);
        if revision.is_some() && found == Err(SourceError::NotFound) {
            // Not every source knows the revisions of its texts: look into the newest.
            (found, parsed) = self.find(name, None);
        }
        let text = match found {
            Ok(text) => text,
            Err(error) => {
                let (code, help) = match error {
                    SourceError::NotFound => (
                        "module-not-found",
                        format!("add {name}.yang to the places where modules are looked for"),
                    ),
                    SourceError::Unreadable(_) => (
                        "module-unreadable",
                        "check that the file can be read, and that it is UTF-8".to_owned(),
                    ),
                };
                let rfc = match (keyword, asker) {
                    (Keyword::Submodule, _) => "RFC 7950 7.1.6",
                    (_, Some(_)) => "RFC 7950 7.1.5",
                    (_, None) => "RFC 7950 5.2",
                };
                let error = at(code, format!("{wanted} is needed, but {error}"));
                self.found.push(error.help(help).rfc(rfc));
                return None;
            }
        };
        let source = match self.sources.add(text.origin, text.text.clone()) {
            Ok(source) => source,
            Err(error) => {
                let error = at("module-too-large", error.to_string());
                self.found.push(error.help("split it into submodules"));
                return None;
            }
        };
        let parsed = parsed.unwrap_or_else(|| Parsed::of(&text.text));
        let (tree, version, usable) = parsed.adopt(source, self.found);
        let root = tree.root().filter(|_| usable)?;
        if tree.keyword(root) != keyword || tree.name(root) != name {
            let message = format!(
                "this is {}, where {wanted} was looked for",
                tree.describe(root)
            );
            let mut error =
                Diagnostic::error("wrong-module", tree.span(root), message).rfc("RFC 7950 5.2");
            if let Some(asker) = asker {
                error = error.related(asker, "asked for here");
            }
            self.found
                .push(error.help("the file's name must be that of the module in it"));
            return None;
        }
        let stated = newest_revision(&tree, root);
        if let Some(revision) = revision
            && stated.as_deref() != Some(revision)
        {
            // Another revision keeps what depends on it readable; the error is reported all the same.
            let other = stated.as_deref().unwrap_or("none");
            self.found.push(
                at(
                    "revision-not-found",
                    format!("{wanted} was not found; the revision that is there is {other}"),
                )
                .related(tree.span(root), "used instead")
                .help("provide the revision, or ask for the one that is there")
                .rfc("RFC 7950 5.1.1"),
            );
        }
        self.texts.push(Text {
            root,
            version,
            name: tree.name(root).into(),
            revision: stated,
            imports: Vec::new(),
            tree,
        });
        Some(self.texts.len() - 1)
    }

    /// Loads the submodules of a module: those that it includes, and those that these include.
    fn follow_includes(&mut self, module: usize) {
        let owner = self.texts[self.modules[module].text].name.clone();
        let mut by_name: HashMap<Arc<str>, Option<usize>> = HashMap::new();
        let mut pending = vec![self.modules[module].text];
        while let Some(text) = pending.pop() {
            let tree = &self.texts[text].tree;
            let includes: Vec<_> = tree
                .children_of(self.texts[text].root, Keyword::Include)
                .map(|include| {
                    let revision = tree.child_argument(include, Keyword::RevisionDate);
                    (
                        tree.name(include).to_owned(),
                        revision.map(str::to_owned),
                        tree.span(include),
                    )
                })
                .collect();
            for (name, revision, span) in includes {
                if by_name.contains_key(name.as_str()) {
                    continue;
                }
                let submodule = self
                    .text(Keyword::Submodule, &name, revision.as_deref(), Some(span))
                    .filter(|submodule| self.belongs(*submodule, &owner, span));
                by_name.insert(name.into(), submodule);
                if let Some(submodule) = submodule {
                    self.modules[module].submodules.push(submodule);
                    pending.push(submodule);
                }
            }
        }
        self.modules[module]
            .submodules
            .sort_by_key(|text| self.texts[*text].name.clone());
    }

    /// RFC 7950 7.2.2 and 5.1: submodules belong to the module that includes them, and share its version.
    fn belongs(&mut self, submodule: usize, owner: &str, include: Span) -> bool {
        let text = &self.texts[submodule];
        let belongs = text.tree.child(text.root, Keyword::BelongsTo);
        let belongs_to = belongs.map_or("", |id| text.tree.name(id));
        if belongs_to == owner {
            return true;
        }
        let place = belongs.map_or(text.tree.span(text.root), |id| text.tree.span(id));
        self.found.push(
            Diagnostic::error(
                "wrong-module",
                include,
                format!(
                    "submodule {} belongs to module {belongs_to}, not to {owner}",
                    text.name
                ),
            )
            .related(place, "as it says here")
            .help(format!(
                "include a submodule of {owner}, or import module {belongs_to}"
            ))
            .rfc("RFC 7950 7.2.2"),
        );
        false
    }

    fn follow_imports(&mut self, module: usize) {
        let texts: Vec<_> = std::iter::once(self.modules[module].text)
            .chain(self.modules[module].submodules.iter().copied())
            .collect();
        let own_name = self.texts[self.modules[module].text].name.clone();
        for text in texts {
            let tree = &self.texts[text].tree;
            let root = self.texts[text].root;
            let mut prefixes: BTreeMap<Arc<str>, Span> = BTreeMap::new();
            let own = match tree.keyword(root) {
                Keyword::Module => tree.child(root, Keyword::Prefix),
                _ => tree
                    .child(root, Keyword::BelongsTo)
                    .and_then(|belongs| tree.child(belongs, Keyword::Prefix)),
            };
            let mut meanings = Vec::new();
            if let Some(own) = own {
                prefixes.insert(tree.name(own).into(), tree.span(own));
                meanings.push((Arc::from(tree.name(own)), Some(module)));
            }
            let imports: Vec<_> = tree
                .children_of(root, Keyword::Import)
                .filter_map(|import| {
                    let prefix = tree.child(import, Keyword::Prefix)?;
                    let revision = tree.child_argument(import, Keyword::RevisionDate);
                    Some((
                        tree.name(import).to_owned(),
                        revision.map(str::to_owned),
                        Arc::<str>::from(tree.name(prefix)),
                        tree.span(import),
                        tree.span(prefix),
                    ))
                })
                .collect();
            for (name, revision, prefix, span, prefix_span) in imports {
                if let Some(first) = prefixes.insert(prefix.clone(), prefix_span) {
                    self.found.push(
                        Diagnostic::error(
                            "duplicate-prefix",
                            prefix_span,
                            format!("the prefix `{prefix}` is used twice"),
                        )
                        .related(first, "first used here")
                        .help("give each import a prefix of its own")
                        .rfc("RFC 7950 7.1.4"),
                    );
                    prefixes.insert(prefix, first);
                    continue;
                }
                if name == *own_name {
                    self.found.push(
                        Diagnostic::error(
                            "circular-import",
                            span,
                            format!("module {name} imports itself"),
                        )
                        .help("remove the import: a module sees all that it defines")
                        .rfc("RFC 7950 7.1.5"),
                    );
                    meanings.push((prefix, Some(module)));
                    continue;
                }
                let target = match (&revision, self.preferred.get(name.as_str()).copied()) {
                    (None, Some(preferred)) => Some(preferred),
                    _ => self.module(&name, revision.as_deref(), Some(span)),
                };
                meanings.push((prefix, target));
            }
            self.texts[text].imports = meanings;
        }
    }

    fn into_set(self) -> ModuleSet {
        let Loader {
            sources,
            texts,
            modules,
            ..
        } = self;
        // Ids must not depend on the order in which modules were found.
        let mut order: Vec<usize> = (0..modules.len()).collect();
        order.sort_by_key(|index| {
            let text = &texts[modules[*index].text];
            (text.name.clone(), text.revision.clone())
        });
        let mut ids = vec![ModuleId(0); modules.len()];
        for (id, index) in order.iter().enumerate() {
            ids[*index] = ModuleId(id as u32);
        }
        let mut texts: Vec<Option<Text>> = texts.into_iter().map(Some).collect();
        let mut set = ModuleSet {
            sources: Arc::new(sources),
            ..ModuleSet::default()
        };
        for index in order {
            let module = &modules[index];
            let mut entry = None;
            for text in std::iter::once(&module.text).chain(&module.submodules) {
                let Some(text) = texts[*text].take() else {
                    continue;
                };
                let unit = UnitId(set.units.len() as u32);
                let argument =
                    |keyword| Arc::from(text.tree.child_argument(text.root, keyword).unwrap_or(""));
                entry
                    .get_or_insert_with(|| ModuleEntry {
                        name: text.name.clone(),
                        revision: text.revision.clone(),
                        namespace: argument(Keyword::Namespace),
                        prefix: argument(Keyword::Prefix),
                        requested: module.requested,
                        units: Vec::new(),
                    })
                    .units
                    .push(unit);
                set.units.push(Unit {
                    prefixes: text
                        .imports
                        .iter()
                        .map(|(prefix, target)| (prefix.clone(), target.map(|target| ids[target])))
                        .collect(),
                    tree: text.tree,
                    root: text.root,
                    version: text.version,
                    module: ids[index],
                });
            }
            set.modules.extend(entry);
        }
        set
    }
}

/// The newest revision that a text states (RFC 7950 7.1.9).
fn newest_revision(tree: &SyntaxTree, root: StatementId) -> Option<Arc<str>> {
    tree.children_of(root, Keyword::Revision)
        .map(|revision| tree.name(revision))
        .max()
        .map(Arc::from)
}
