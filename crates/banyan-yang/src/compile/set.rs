//! A closed set of parsed modules: every import and include leads to a member, or was reported.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::hash::IdTable;
use crate::grammar::Version;
use crate::lex::place_in_value;
use crate::schema::ModuleId;
use crate::source::{SourceMap, Span};
use crate::statement::{Keyword, StatementId, SyntaxTree};

/// Names a text of the set: a module's or a submodule's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct UnitId(pub u32);

/// A statement of the set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct StatementRef {
    pub unit: UnitId,
    pub id: StatementId,
}

/// One text: what prefixes mean is a matter of the text, not of the module.
#[derive(Debug)]
pub(crate) struct Unit {
    pub tree: SyntaxTree,
    pub root: StatementId,
    pub version: Version,
    /// The module that the text belongs to.
    pub module: ModuleId,
    /// `None`: the module was left out, which is reported.
    pub prefixes: BTreeMap<Arc<str>, Option<ModuleId>>,
}

/// One module with its submodules.
#[derive(Debug)]
pub(crate) struct ModuleEntry {
    pub name: Arc<str>,
    pub revision: Option<Arc<str>>,
    pub namespace: Arc<str>,
    pub prefix: Arc<str>,
    /// Asked to be implemented; more may become so.
    pub requested: bool,
    /// The module's own text first.
    pub units: Vec<UnitId>,
}

/// The set. Modules are sorted by name and revision, so that equal sets give equal ids.
#[derive(Debug, Default)]
pub(crate) struct ModuleSet {
    pub sources: Arc<SourceMap>,
    pub units: Vec<Unit>,
    pub modules: Vec<ModuleEntry>,
}

/// What a prefix stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PrefixMeaning {
    Module(ModuleId),
    /// A module that was left out: reported already.
    LeftOut,
    Unknown,
}

impl ModuleSet {
    pub fn unit(&self, id: UnitId) -> &Unit {
        &self.units[id.0 as usize]
    }

    pub fn module(&self, id: ModuleId) -> &ModuleEntry {
        &self.modules[id.index()]
    }

    pub fn module_ids(&self) -> impl DoubleEndedIterator<Item = ModuleId> + use<> {
        (0..self.modules.len() as u32).map(ModuleId)
    }

    pub fn tree(&self, at: StatementRef) -> &SyntaxTree {
        &self.unit(at.unit).tree
    }

    pub fn keyword(&self, at: StatementRef) -> Keyword {
        self.tree(at).keyword(at.id)
    }

    pub fn argument(&self, at: StatementRef) -> &str {
        self.tree(at).name(at.id)
    }

    pub fn span(&self, at: StatementRef) -> Span {
        self.tree(at).span(at.id)
    }

    pub fn argument_span(&self, at: StatementRef) -> Span {
        self.tree(at).argument_span(at.id)
    }

    /// The rest of the argument from a byte of its value on, to the end of the string that the byte is in; the whole
    /// argument if nothing is left.
    pub fn place_in_argument(&self, at: StatementRef, offset: usize) -> Span {
        let whole = self.argument_span(at);
        place_in_value(self.tree(at).text(), whole, offset).unwrap_or(whole)
    }

    pub fn describe(&self, at: StatementRef) -> String {
        self.tree(at).describe(at.id)
    }

    pub fn children(&self, at: StatementRef) -> impl Iterator<Item = StatementRef> + '_ {
        self.tree(at)
            .children(at.id)
            .map(move |id| StatementRef { unit: at.unit, id })
    }

    pub fn children_of(
        &self,
        at: StatementRef,
        keyword: Keyword,
    ) -> impl Iterator<Item = StatementRef> + '_ {
        self.children(at)
            .filter(move |child| self.keyword(*child) == keyword)
    }

    pub fn child(&self, at: StatementRef, keyword: Keyword) -> Option<StatementRef> {
        self.children_of(at, keyword).next()
    }

    pub fn child_argument(&self, at: StatementRef, keyword: Keyword) -> Option<&str> {
        self.child(at, keyword).map(|child| self.argument(child))
    }

    /// The top statements of the texts of a module.
    pub fn roots(&self, module: ModuleId) -> impl Iterator<Item = StatementRef> + '_ {
        self.module(module).units.iter().map(|unit| StatementRef {
            unit: *unit,
            id: self.unit(*unit).root,
        })
    }

    pub fn version(&self, at: StatementRef) -> Version {
        self.unit(at.unit).version
    }

    /// The module that a text belongs to.
    pub fn owner(&self, unit: UnitId) -> ModuleId {
        self.unit(unit).module
    }

    /// What a prefix means in a text; no prefix is the module itself.
    pub fn prefix(&self, unit: UnitId, prefix: Option<&str>) -> PrefixMeaning {
        let Some(prefix) = prefix else {
            return PrefixMeaning::Module(self.owner(unit));
        };
        match self.unit(unit).prefixes.get(prefix) {
            Some(Some(module)) => PrefixMeaning::Module(*module),
            Some(None) => PrefixMeaning::LeftOut,
            None => PrefixMeaning::Unknown,
        }
    }
}

/// `prefix:name` to its parts.
pub(crate) fn split_name(text: &str) -> (Option<&str>, &str) {
    match text.split_once(':') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    }
}

/// A map from names to numbers, so that look-ups hash four bytes.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    names: Vec<Arc<str>>,
    by_text: IdTable,
    /// That of the standard library, for whoever writes a module chooses the names.
    hasher: RandomState,
}

/// An interned name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Name(pub u32);

impl Interner {
    pub fn intern(&mut self, name: &str) -> Name {
        if let Some(number) = self.find(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.names.push(Arc::from(name));
        let (names, hasher) = (&self.names, &self.hasher);
        let hash_of = |number: u32| hasher.hash_one(&*names[number as usize]);
        self.by_text.insert(number, hash_of);
        Name(number)
    }

    pub fn find(&self, name: &str) -> Option<Name> {
        let is_meant = |number: u32| *self.names[number as usize] == *name;
        let found = self.by_text.find(self.hasher.hash_one(name), is_meant);
        found.map(Name)
    }

    pub fn text(&self, name: Name) -> &Arc<str> {
        &self.names[name.0 as usize]
    }
}
